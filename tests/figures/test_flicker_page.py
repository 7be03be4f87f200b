"""The page of `restore compare` in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import browser
import numpy as np
import pytest

from restore.figures import page


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser.chromium() as running:
        yield running


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of two photos with hostile names."""
    pictures = np.zeros((40, 60, 3), np.float32), np.ones((40, 60, 3), np.float32)
    names = "<script>alert(1)</script>.png", "b.png"
    path = tmp_path_factory.mktemp("compared") / "index.html"
    images = [page.image(pictures[0], "a map", "difference", sheet=True)]
    path.write_bytes(page.compared(names, pictures, {"ΔE00, mean": "2.1"}, images))
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_photos_flicker_by_keys_and_mouse(chromium: Any, compared: Path, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    tab = chromium.new_page(color_scheme=scheme)
    events: list[str] = []
    tab.on("console", lambda message: events.append(message.text))
    tab.on("pageerror", lambda error: events.append(str(error)))
    tab.on("request", lambda request: events.append(request.url))
    tab.goto(compared.as_uri())

    def shown() -> str:
        return str(tab.locator(".stack img:visible").get_attribute("alt"))

    assert shown() == "<script>alert(1)</script>.png"
    tab.keyboard.press("ArrowRight")
    assert shown() == "b.png"
    tab.keyboard.press("Space")
    assert shown() != "b.png"
    tab.click(".stack")
    assert shown() == "b.png"
    assert tab.locator("output").inner_text() == "b.png is shown"
    tab.keyboard.press("f")
    assert tab.locator("[data-play]").get_attribute("aria-pressed") == "true"
    tab.keyboard.press("f")
    assert [one["id"] for one in axe.run(tab).response["violations"]] == []
    assert {url for url in events if not url.startswith("data:image/")} == {compared.as_uri()}
    tab.close()
