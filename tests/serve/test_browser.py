"""The page in a real browser: open, slide, divider, hint, export; what a screen reader meets."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from browser import chromium
from click.testing import CliRunner

from restore import files
from restore.cli import cli
from restore.image import notes
from restore.image.photo import Photo
from restore.serve.app import Site, create
from restore.serve.library import Library
from restore.serve.limits import Limits
from restore.serve.running import bound

WAIT = 60_000
"""Milliseconds: a busy machine is no failure."""


def coloured(seed: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    small = np.random.default_rng(seed).uniform(40, 200, (6, 8, 3))
    return cv2.resize(small, (256, 192), interpolation=cv2.INTER_CUBIC).clip(0, 255).astype("u1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    files.save(Photo(coloured(3)), folder / "colour.png")
    files.save(Photo(coloured(4)[..., :1].copy()), folder / "grey.png")
    return folder


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    import uvicorn

    site = Site(Library([folder], False, folder / "restored"), Limits(10**7), "s" * 32)
    listening = bound("127.0.0.1", 0)
    server = uvicorn.Server(
        uvicorn.Config(create(site, "127.0.0.1"), log_level="error", timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}/?secret={site.secret}"
    server.should_exit = True
    thread.join(20)


@pytest.fixture(scope="module")
def page(address: str) -> Iterator[Any]:
    with chromium() as browser:
        size: Any = {"width": 1280, "height": 800}
        page = browser.new_context(viewport=size, color_scheme="dark").new_page()
        page.set_default_timeout(WAIT)
        page.errors = errors = []  # type: ignore[attr-defined]
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("request", lambda request: errors.extend(outside(request.url)))
        page.tiles = tiles = []  # type: ignore[attr-defined]
        page.on("response", lambda reply: tiles.extend(tile(reply)))
        page.goto(address)
        yield page


def outside(url: str) -> list[str]:
    """Requests that leave this machine."""
    return [] if re.match(r"(http://127\.0\.0\.1:|blob:|data:)", url) else [url]


def tile(reply: Any) -> list[str]:
    """The tile of real pixels that came, if it was one."""
    if "/tiles/" not in reply.url or reply.status != 200:
        return []
    which = "after" if "/plans/" in reply.url else "before"
    return [which + "/" + reply.url.partition("/tiles/")[2]]


def opened(page: Any, name: str, step: str) -> None:
    """Open a photo with one step, and wait until it is planned."""
    page.locator(".cell", has_text=name).click()
    page.wait_for_function("name => document.querySelector('#name').textContent === name", arg=name)
    page.locator("#advice:not(:text('Looking'))").wait_for()
    settled(page)
    page.locator(".card", has_text="As it is").click()
    page.wait_for_selector("#no-steps:visible")
    page.select_option("#add-step", step)
    page.wait_for_selector(".step")
    settled(page)


def settled(page: Any) -> None:
    """Wait until nothing is being planned."""
    page.wait_for_timeout(60)
    page.wait_for_selector("#busy:not(.on)", state="attached")


def pixel(page: Any, x: float, y: float) -> list[int]:
    """The colour that the canvas shows at shares of the stage."""
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    script = """([x, y]) => {
      const canvas = document.querySelector("#canvas");
      const context = canvas.getContext("2d");
      const at = [x * canvas.width, y * canvas.height].map(Math.round);
      return [...context.getImageData(...at, 1, 1).data.slice(0, 3)];
    }"""
    colour: list[int] = page.evaluate(script, [x, y])
    return colour


def alike(one: list[int], other: list[int]) -> bool:
    """Whether two colours differ by no more than a preview from real pixels, in 8-bit codes."""
    return all(abs(a - b) <= 8 for a, b in zip(one, other, strict=True))


def test_opens_with_a_suggestion_and_thumbnails(page: Any) -> None:
    page.wait_for_selector(".cell img[src]")
    page.locator("#advice:not(:text('Looking'))").wait_for()
    assert page.locator(".cell").count() == 2
    assert page.locator(".card").count() >= 7


def test_a_slider_changes_the_photo_and_undo_takes_it_back(page: Any) -> None:
    opened(page, "colour.png", "levels")
    page.locator("[data-mode=after]").click()
    before = pixel(page, 0.5, 0.5)
    row = page.locator("[data-setting=black]").first
    if not row.is_visible():
        page.locator("button.title", has_text="Levels").click()
    page.locator("[data-setting=black] input[type=number]").fill("20")
    page.keyboard.press("Tab")
    settled(page)
    darker = pixel(page, 0.5, 0.5)
    assert sum(darker) < sum(before) - 15
    page.locator("[data-setting=black] input[type=range]").focus()
    page.keyboard.press("ArrowLeft")
    settled(page)
    page.locator("#undo").click()
    page.keyboard.press("Control+z")
    settled(page)
    assert alike(pixel(page, 0.5, 0.5), before)
    page.locator("#redo").click()
    settled(page)
    assert alike(pixel(page, 0.5, 0.5), darker)


def test_the_divider_parts_before_and_after(page: Any) -> None:
    page.locator("[data-mode=split]").click()
    divider = page.locator("#divider")
    divider.wait_for()  # drawn, so it can have the focus
    divider.focus()
    page.keyboard.press("End")
    before = pixel(page, 0.5, 0.5)
    page.keyboard.press("Home")
    after = pixel(page, 0.5, 0.5)
    assert not alike(before, after)
    stage = page.locator("#stage").bounding_box()
    box = divider.bounding_box()
    page.mouse.move(box["x"] + 16, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(stage["x"] + 0.7 * stage["width"], box["y"] + 60, steps=4)
    page.mouse.up()
    assert int(divider.get_attribute("aria-valuenow")) > 50
    assert alike(pixel(page, 0.5, 0.5), before)
    page.keyboard.press("Space")  # nothing: it is held, not pressed


def test_steps_are_switched_off_moved_and_removed(page: Any) -> None:
    page.select_option("#add-step", "white_balance")
    settled(page)
    titles = page.locator(".step button.title")
    assert titles.all_inner_texts() == ["Levels", "White balance"]
    page.get_by_label("Move White balance up").click()
    assert titles.all_inner_texts() == ["White balance", "Levels"]
    page.get_by_label("White balance on").uncheck()
    settled(page)
    page.get_by_label("Remove White balance").click()
    settled(page)
    assert titles.all_inner_texts() == ["Levels"]


def test_real_pixels_at_one_hundred_per_cent(page: Any) -> None:
    page.locator("[data-mode=side]").click()
    page.locator("#hundred").click()
    page.locator("#zoom", has_text="100%").wait_for()
    page.wait_for_timeout(300)
    assert {tile.partition("/")[0] for tile in page.tiles} == {"before", "after"}
    page.locator("#fit").click()
    page.locator("[data-mode=split]").click()


def test_a_place_becomes_a_hint_that_the_command_line_uses(page: Any, folder: Path) -> None:
    opened(page, "grey.png", "colorize")
    page.keyboard.press("h")
    stage = page.locator("#stage").bounding_box()
    page.mouse.click(stage["x"] + 0.4 * stage["width"], stage["y"] + 0.5 * stage["height"])
    page.locator(".swatch").first.wait_for()
    page.locator("#hint-colour").evaluate(
        "node => { node.value = '#c03020'; node.dispatchEvent(new Event('change')); }"
    )
    settled(page)
    page.locator("#headline", has_text="1 hint").wait_for()
    page.wait_for_timeout(600)
    (hint,) = notes.beside(folder / "grey.png").hints
    assert hint.colour[1] > 30
    pin = page.locator(".pin")
    pin.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(700)
    (moved,) = notes.beside(folder / "grey.png").hints
    assert moved.points[0][0] > hint.points[0][0]
    page.locator(".pin").focus()
    page.keyboard.press("Delete")
    page.wait_for_timeout(700)
    assert notes.beside(folder / "grey.png").hints == ()
    page.keyboard.press("Escape")


def test_copied_settings_leave_the_hints_of_other_photos(page: Any, folder: Path) -> None:
    beside = folder / "colour.png.hints.toml"
    beside.write_text('[[hints]]\ncolour = "navy"\npoints = [[50, 50]]\n')
    before = beside.read_bytes()
    page.reload()
    opened(page, "grey.png", "colorize")
    page.keyboard.press("Control+a")
    page.keyboard.press("c")
    page.wait_for_timeout(900)
    assert beside.read_bytes() == before
    beside.unlink()
    page.reload()


def test_dragging_on_the_photo_makes_a_black_and_white_layer(page: Any) -> None:
    opened(page, "colour.png", "monochrome")
    stage = page.locator("#stage").bounding_box()
    page.keyboard.press("t")
    x, y = stage["x"] + 0.45 * stage["width"], stage["y"] + 0.5 * stage["height"]
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 80, y, steps=5)
    page.mouse.up()
    settled(page)
    assert page.locator("[data-setting=mix] select").input_value() == "layer"
    page.keyboard.press("Escape")


def brushed(page: Any, *shares: tuple[float, float]) -> None:
    """Draw a line over the stage, through shares of it."""
    stage = page.locator("#stage").bounding_box()
    places = [
        (stage["x"] + x * stage["width"], stage["y"] + y * stage["height"]) for x, y in shares
    ]
    page.mouse.move(*places[0])
    page.mouse.down()
    for x, y in places[1:]:
        page.mouse.move(x, y, steps=5)
    page.mouse.up()
    settled(page)


def marks_beside(page: Any, folder: Path, name: str) -> list[tuple[str, str]]:
    """Kind and shape of the marks in the file beside a photo, once it is written."""
    page.wait_for_timeout(700)
    return [(mark.kind, mark.shape) for mark in notes.beside(folder / name).marks]


def test_brushes_say_what_to_fill_and_what_to_keep(page: Any, folder: Path) -> None:
    opened(page, "colour.png", "scratches")
    page.locator("[data-mode=after]").click()
    page.keyboard.press("d")
    page.locator("#brush").wait_for()
    width = page.locator("#brush-value").inner_text()
    page.keyboard.press("]")
    assert page.locator("#brush-value").inner_text() != width
    brushed(page, (0.4, 0.3), (0.45, 0.4), (0.4, 0.5))
    page.locator("#headline", has_text="marks followed 1").wait_for()
    page.keyboard.press("p")
    brushed(page, (0.6, 0.6), (0.65, 0.6))
    page.locator("#headline", has_text="marks followed 2").wait_for()
    expected = [("damage", "stroke"), ("keep", "stroke")]
    assert marks_beside(page, folder, "colour.png") == expected
    page.locator("#undo").click()
    settled(page)
    assert marks_beside(page, folder, "colour.png") == expected[:1]
    page.locator("#redo").click()
    settled(page)
    page.keyboard.press("x")
    brushed(page, (0.35, 0.3), (0.5, 0.3))
    assert marks_beside(page, folder, "colour.png") == expected[1:]
    page.locator(".pin.keep").focus()
    page.keyboard.press("Delete")
    assert marks_beside(page, folder, "colour.png") == []
    page.keyboard.press("Escape")


def test_a_brush_is_used_from_the_keyboard_and_adds_its_step(page: Any, folder: Path) -> None:
    opened(page, "colour.png", "levels")
    page.keyboard.press("d")
    page.locator("#stage").focus()
    page.keyboard.press("Enter")
    settled(page)
    titles = page.locator(".step button.title").all_inner_texts()
    assert titles == ["Scratches", "Levels"]
    assert marks_beside(page, folder, "colour.png") == [("damage", "points")]
    page.locator("#undo").click()
    settled(page)
    assert marks_beside(page, folder, "colour.png") == []
    assert page.locator(".step").count() == 1
    page.keyboard.press("Escape")


def test_a_grey_place_is_for_fade_where_there_is_one(page: Any, folder: Path) -> None:
    opened(page, "colour.png", "fade")
    stage = page.locator("#stage").bounding_box()
    place = stage["x"] + 0.45 * stage["width"], stage["y"] + 0.45 * stage["height"]
    page.keyboard.press("g")
    page.mouse.click(*place)
    page.locator("#headline", has_text="1 grey place followed").wait_for()
    assert marks_beside(page, folder, "colour.png") == [("grey", "points")]
    page.locator(".pin.grey").focus()
    page.keyboard.press("Delete")
    assert marks_beside(page, folder, "colour.png") == []
    page.get_by_label("Remove Fade").click()
    page.mouse.click(*place)
    settled(page)
    assert page.locator(".step button.title").all_inner_texts() == ["White balance"]
    assert marks_beside(page, folder, "colour.png") == []
    page.keyboard.press("Escape")


def test_exports_what_the_command_line_writes(
    page: Any, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    page.locator(".card", has_text="Faded colour print").click()
    settled(page)
    amount = page.locator("[data-setting=amount] input[type=number]").first
    amount.fill("0.5")
    page.keyboard.press("Tab")
    settled(page)
    page.keyboard.press("e")
    page.locator("#export-start").click()
    page.locator("#progress-text", has_text="1 photo written").wait_for()
    page.locator("#progress-close").click()
    command = ["run", "faded-print", str(folder / "colour.png"), "-s", "fade.amount=0.5"]
    CliRunner().invoke(cli, [*command, "-o", str(tmp_path)], catch_exceptions=False)
    written = (folder / "restored" / "colour.png").read_bytes()
    assert written == (tmp_path / "colour.png").read_bytes()


def test_three_tabs_work_at_once(page: Any, address: str) -> None:
    tabs = [page.context.new_page() for _ in range(2)]
    for tab in tabs:
        tab.goto(address)
    for tab in tabs:
        tab.wait_for_selector(".cell img[src]", timeout=WAIT)
        tab.wait_for_selector("#busy:not(.on)", state="attached", timeout=WAIT)
        assert tab.locator("#problem").is_hidden()
        tab.close()


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_axe_has_nothing_serious_to_say(page: Any, theme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
    page.locator("[data-tool-name=damage]").click()
    page.keyboard.press("?")
    for _ in range(3):  # with the list of keys and a brush in hand, with the brush, and without
        violations = Axe().run(page).response["violations"]
        serious = [
            (one["id"], node["target"], node.get("failureSummary"))
            for one in violations
            if one["impact"] in ("serious", "critical")
            for node in one["nodes"]
        ]
        assert not serious
        page.keyboard.press("Escape")


def test_nothing_went_wrong_and_nothing_was_asked_of_the_outside(page: Any) -> None:
    assert page.errors == []
