"""The report page in a real browser: the divider, the tools, what it fetches, how it opens."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import browser
import cv2
import numpy as np
import pytest

from restore.image.photo import Photo
from restore.report.entry import Entry, Thumbnail
from restore.report.overview import Run
from restore.report.page import write
from restore.report.thumbnails import thumbnail

HOSTILE = "</title><script>alert(1)<\u2215script>\"'&<img src=x onerror=alert(2)>.jpg"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser.chromium() as running:
        yield running


def noisy(seed: int, size: tuple[int, int]) -> Thumbnail:
    """The thumbnail of a photo with detail of every size, like that of nature, and noise."""
    rng = np.random.default_rng(seed)
    pixels = 110 + rng.normal(0, 5, (*size, 3))
    for step in (2, 4, 8, 16, 32, 64):
        detail = rng.normal(0, 12, (size[0] // step + 1, size[1] // step + 1, 3))
        pixels += cv2.resize(detail, size[::-1], interpolation=cv2.INTER_CUBIC)
    return thumbnail(Photo.from_array(pixels.clip(0, 255).astype(np.uint8)))


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of three photos, a failure and a skipped photo, with hostile names."""
    small = noisy(1, (60, 90)), noisy(2, (60, 90))
    entries = [
        Entry(
            name,
            "restored",
            (f"restored/{name}",),
            "fade",
            summary=("cyan dye lost 40%",),
            findings=(f"fade: {name}", "fade, loss: 4"),
            warnings=(HOSTILE,) * warned,
            timings={"read": 0.5, "plan": seconds},
            before=small[0],
            after=small[1],
            command=f"restore run fade '{name}'",
            group="roll 7",
        )
        for name, warned, seconds in (("b.jpg", 0, 1), ("a10.jpg", 1, 2), ("a9.jpg", 0, 3))
    ]
    entries.append(Entry(HOSTILE, "failed", error=HOSTILE, command=HOSTILE))
    entries.append(Entry("c.jpg", "skipped"))
    path = tmp_path_factory.mktemp("report") / "report.html"
    write(path, Run("restore run fade *", HOSTILE, "2026-11-29T01:02:03", 12), entries)
    return path


@contextmanager
def opened(chromium: Any, path: Path, **how: Any) -> Iterator[Any]:
    """The page; fails if it logs anything, shows an alert, or fetches more than itself."""
    context = chromium.new_context(viewport={"width": 1200, "height": 900}, **how)
    page = context.new_page()
    events: list[str] = []
    page.on("console", lambda message: events.append(message.text))
    page.on("pageerror", lambda error: events.append(str(error)))
    page.on("dialog", lambda dialog: (events.append("dialog"), dialog.dismiss()))
    asked: set[str] = set()
    page.on("request", lambda request: asked.add(request.url.partition("#")[0]))
    page.goto(path.as_uri())
    yield page
    assert events == []
    assert {url for url in asked if not url.startswith("data:")} == {path.as_uri()}
    context.close()


def shown(page: Any) -> Any:
    """Where the first photo's pictures are, once they are in the window."""
    pair = page.locator("#photo-1 .pair")
    pair.scroll_into_view_if_needed()
    return pair.bounding_box()


def at(page: Any, number: int = 1) -> int:
    """Where a photo's divider stands, 0 … 100; what is seen and what is said agree."""
    divider = page.locator(f"#photo-{number} [role=slider]")
    value = int(divider.get_attribute("aria-valuenow"))
    assert divider.get_attribute("aria-valuetext").startswith(f"{value}% before")
    clip = page.locator(f"#photo-{number} .after").evaluate("e => getComputedStyle(e).clipPath")
    assert float(clip.rstrip("%)").split(" ")[-1]) == pytest.approx(value, abs=0.51)
    return value


def test_the_divider_moves_by_mouse(chromium: Any, report: Path) -> None:
    with opened(chromium, report) as page:
        assert at(page) == 50
        box = shown(page)
        x, y, width = box["x"], box["y"] + 9, box["width"]
        page.mouse.move(x + width / 2, y)
        page.mouse.down()
        page.mouse.move(x + 0.8 * width, y + 400, steps=3)
        assert at(page) == 80
        page.mouse.move(x - 50, y)
        assert at(page) == 0
        page.mouse.up()
        page.mouse.move(x + width / 2, y)
        assert at(page) == 0
        page.mouse.click(x + 0.3 * width, y)
        assert at(page) == 30
        assert at(page, 2) == 50


def test_the_divider_moves_by_touch(chromium: Any, report: Path) -> None:
    with opened(chromium, report, has_touch=True) as page:
        box = shown(page)
        x, y, width = box["x"], box["y"] + 60, box["width"]
        touch = page.context.new_cdp_session(page)

        def swipe(*places: tuple[float, float]) -> None:
            for kind, place in zip(("Start", *["Move"] * len(places)), places, strict=False):
                points = [{"x": x + place[0] * width, "y": y + place[1]}]
                touch.send(
                    "Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points}
                )
            touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

        swipe((0.5, 0), (0.4, 0), (0.3, 2), (0.25, 4))
        assert at(page) == 25
        page.touchscreen.tap(x + 0.75 * width, y)
        assert at(page) == 75
        swipe((0.3, 0), (0.3, -20), (0.3, -60))  # to scroll the page
        assert at(page) == 75


def test_the_divider_moves_by_keys(chromium: Any, report: Path) -> None:
    with opened(chromium, report) as page:
        divider = page.locator("#photo-1 [role=slider]")
        for _ in range(30):  # it is reached without a mouse
            page.keyboard.press("Tab")
            if divider.evaluate("e => e === document.activeElement"):
                break
        for key, value in (
            ("ArrowLeft", 48), ("ArrowRight", 50), ("Shift+ArrowRight", 60), ("PageUp", 70),
            ("PageDown", 60), ("Home", 0), ("ArrowLeft", 0), ("End", 100), ("ArrowUp", 100),
        ):  # fmt: skip
            page.keyboard.press(key)
            assert at(page) == value
        assert "b.jpg" in divider.get_attribute("aria-label")
        assert page.evaluate("scrollY") < 900


def test_hostile_names_stay_text(chromium: Any, report: Path) -> None:
    with opened(chromium, report) as page:
        page.wait_for_timeout(50)
        assert page.locator("#photo-4 p").first.inner_text() == HOSTILE
        assert page.locator("script").count() == 1
        assert page.title() == "Restoration report · fade · 29 November 2026"


def test_filter_sort_and_find(chromium: Any, report: Path) -> None:
    def names() -> list[str]:
        texts = page.locator("h3:visible").all_text_contents()
        return [text for text in texts if text[0] in "abc"]

    with opened(chromium, report) as page:
        assert names() == ["b.jpg", "a10.jpg", "a9.jpg", "c.jpg"]
        page.select_option("select", "name")
        assert names() == ["a9.jpg", "a10.jpg", "b.jpg", "c.jpg"]
        page.select_option("select", "warnings")
        assert names() == ["a10.jpg", "b.jpg", "a9.jpg", "c.jpg"]
        page.select_option("select", "seconds")
        assert names()[:3] == ["a9.jpg", "a10.jpg", "b.jpg"]
        page.fill("input[type=search]", "A1")
        assert names() == ["a10.jpg"]
        assert page.locator("output").inner_text() == "1 of 5 photos"
        page.fill("input[type=search]", "")
        page.click("[data-filter=others]")
        assert names() == ["c.jpg"]
        page.click("[data-filter=warnings]")
        assert names() == ["a10.jpg"]


def test_a_command_is_copied(chromium: Any, report: Path) -> None:
    grants = ["clipboard-read", "clipboard-write"]
    with opened(chromium, report, permissions=grants) as page:
        page.click("#photo-1 summary")
        page.click("#photo-1 .copy")
        page.wait_for_selector("text=Command copied")
        assert page.evaluate("navigator.clipboard.readText()") == "restore run fade 'b.jpg'"


def test_both_pictures_stand_side_by_side_in_print(chromium: Any, report: Path) -> None:
    with opened(chromium, report, color_scheme="dark") as page:
        page.emulate_media(media="print", color_scheme="light")
        before, after = page.locator("#photo-1 img").all()
        boxes = before.bounding_box(), after.bounding_box()
        assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"]
        assert boxes[0]["y"] == boxes[1]["y"]
        assert boxes[0]["width"] > 300
        assert (
            page.locator("#photo-1 .after").evaluate("e => getComputedStyle(e).clipPath") == "none"
        )
        assert not page.locator(".tools").is_visible()
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.locator("img[loading=lazy]").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible(chromium: Any, report: Path, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    with opened(chromium, report, color_scheme=scheme, reduced_motion="reduce") as page:
        page.click("#photo-1 summary")
        assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
        problems = axe.run(page).response["violations"]
        assert [(one["id"], one["nodes"][0]["html"]) for one in problems] == []


def test_it_fits_a_phone(chromium: Any, report: Path) -> None:
    with opened(chromium, report) as page:
        page.set_viewport_size({"width": 360, "height": 700})
        assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_500_photos_open_at_once(chromium: Any, tmp_path: Path) -> None:
    pictures = [noisy(seed, (683, 1024)) for seed in range(2)]

    def own(number: int) -> Thumbnail:  # no two alike, which a browser would decode only once
        picture = pictures[number % 2]
        return replace(picture, data=picture.data + number.to_bytes(4, "big"))

    entries = [
        Entry(f"{n}.jpg", "restored", (f"out/{n}.jpg",), before=own(n), after=own(1500 - n))
        for n in range(500)
    ]
    (path,) = write(tmp_path / "report.html", Run("restore run fade *"), entries)
    assert 15_000_000 < path.stat().st_size < 40_000_000
    page = chromium.new_page()
    page.set_viewport_size({"width": 1200, "height": 900})
    page.add_init_script(
        "addEventListener('load', () => { window.early = [...document.images]"
        ".filter(image => image.complete && image.naturalWidth).length })"
    )
    began = time.monotonic()
    page.goto(path.as_uri())
    assert time.monotonic() - began < 10  # 1 s on two idle cores
    first = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    assert first < 3000
    assert page.evaluate("early") < 60
    page.locator("#photo-400 img").first.evaluate("image => image.decode()")
    page.close()
