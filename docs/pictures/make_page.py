"""Take the pictures of docs/page.md from the page itself, with the sample photos.

python -m docs.pictures.make_page

Needs Playwright and Chromium.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks._served import served

HERE = Path(__file__).parent
SAMPLES = HERE.parents[1] / "sample_images"
NAMES = (
    "family-print.jpg",
    "faded-slide.jpg",
    "led-red-blue.jpg",
    "black-and-white.jpg",
    "old-portrait.jpg",
    "scan-16bit.tif",
)
WAIT = 150_000
"""Milliseconds."""


def settled(page: Any) -> None:
    """Wait until everything is planned and shown."""
    page.wait_for_timeout(400)
    page.wait_for_selector("#busy:not(.on)", state="attached")
    page.wait_for_timeout(1500)


def opened(page: Any, name: str, cards: int) -> None:
    """Open a photo, and wait for so many of its cards."""
    page.locator(".cell", has_text=name).click()
    page.wait_for_function("name => document.querySelector('#name').textContent === name", arg=name)
    page.locator("#advice:not(:text('Looking'))").wait_for()
    script = "cards => document.querySelectorAll('.card img[src]').length >= cards"
    page.wait_for_function(script, arg=cards)
    settled(page)


def keep(page: Any, name: str) -> None:
    """The page as docs/pictures/page-NAME.jpg."""
    page.wait_for_timeout(5000)  # no message is left
    shot = cv2.imdecode(np.frombuffer(page.screenshot(), np.uint8), cv2.IMREAD_COLOR)
    cv2.imwrite(str(HERE / f"page-{name}.jpg"), shot, [cv2.IMWRITE_JPEG_QUALITY, 84])


def place(page: Any, x: float, y: float) -> tuple[float, float]:
    """A point of the stage in pixels of the window."""
    box = page.locator("#stage").bounding_box()
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


def take(page: Any) -> None:
    """All pictures."""
    opened(page, "family-print.jpg", 7)
    keep(page, "look")
    opened(page, "black-and-white.jpg", 2)
    page.keyboard.press("h")
    page.mouse.click(*place(page, 0.4, 0.62))
    page.locator(".swatch").first.wait_for()
    page.locator(".swatch").nth(1).click()
    settled(page)
    page.keyboard.press("Escape")
    keep(page, "point")
    opened(page, "family-print.jpg", 2)
    page.select_option("#add-step", "monochrome")
    settled(page)
    page.keyboard.press("t")
    x, y = place(page, 0.4, 0.7)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 120, y, steps=12)
    page.mouse.up()
    page.keyboard.press("Escape")
    settled(page)
    page.locator(".step", has_text="Monochrome").scroll_into_view_if_needed()
    keep(page, "monochrome")


def mark(page: Any) -> None:
    """The picture of the brushes."""
    opened(page, "old-portrait.jpg", 1)
    for key, grown, line in (
        ("d", -3, ((0.36, 0.12), (0.37, 0.5), (0.35, 0.9))),
        ("p", 12, ((0.5, 0.36), (0.52, 0.46))),
    ):
        page.keyboard.press(key)
        for _ in range(abs(grown)):
            page.keyboard.press("]" if grown > 0 else "[")
        page.mouse.move(*place(page, *line[0]))
        page.mouse.down()
        for point in line[1:]:
            page.mouse.move(*place(page, *point), steps=8)
        page.mouse.up()
        settled(page)
    keep(page, "mark")


def main() -> None:
    """Serve the samples, and take the pictures."""
    with tempfile.TemporaryDirectory() as folder:
        for name in NAMES:
            shutil.copy(SAMPLES / name, folder)
        with served(
            folder, WAIT, viewport={"width": 1360, "height": 840}, color_scheme="dark"
        ) as page:
            take(page)
            mark(page)


if __name__ == "__main__":
    main()
