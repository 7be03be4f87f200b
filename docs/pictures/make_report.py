"""Make the picture of docs/report.md: the page of a run over sample photos, and on a phone.

python docs/pictures/make_report.py (needs Chromium and the playwright package)
"""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter
from playwright.sync_api import Browser, sync_playwright

from restore.report.overview import Run
from restore.report.page import write
from restore.work.job import Job, by_recipe

HERE = Path(__file__).parent
SAMPLES = HERE.parents[1] / "sample_images"
RECIPE = "led-concert"
PHOTOS = ("led-red-blue.jpg", "led-blue.jpg", "led-red.jpg")
RUN = Run(f"restore run {RECIPE} *.jpg --report", "/home/anna/concert", "2026-06-14T22:40:00", 3.4)


def report(folder: Path) -> Path:
    """The page of a run over the sample photos."""
    for name in PHOTOS:
        shutil.copy(SAMPLES / name, folder)
    os.chdir(folder)
    restored = by_recipe(RECIPE, {})
    entries = []
    for name in PHOTOS:
        job = Job(Path(name), Path("restored") / name, report=True, thumbnail=90_000)
        entry = restored(job, lambda share: None, lambda seconds, what: None).entry
        command = f"restore run --overwrite {RECIPE} {name}"
        entries.append(replace(entry, command=command))
    return write(folder / "restored" / "report.html", RUN, entries)[0]


def shot(
    browser: Browser, page: Path, size: tuple[int, int], top: int, **how: object
) -> Image.Image:
    """What a screen of so many pixels shows of a page, from `top` on."""
    width, height = size
    tab = browser.new_page(viewport={"width": width, "height": height}, **how)
    tab.goto(page.as_uri())
    tab.evaluate(f"scrollTo(0, {top})")
    tab.wait_for_timeout(500)
    return Image.open(io.BytesIO(tab.screenshot())).convert("RGB")


def main() -> None:
    """Make it."""
    with tempfile.TemporaryDirectory() as name, sync_playwright() as run:
        page = report(Path(name))
        path = shutil.which("chromium") or shutil.which("google-chrome")
        browser = run.chromium.launch(executable_path=path, args=["--no-sandbox"])
        desk = shot(browser, page, (1240, 1880), 0)
        phone = shot(browser, page, (390, 880), 590, color_scheme="dark", is_mobile=True)
        browser.close()
        os.chdir(HERE)
    phone = phone.resize((293, 661), Image.Resampling.LANCZOS)
    mask = Image.new("L", phone.size)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, 292, 660), 24, 255)
    place = (desk.width - phone.width - 170, desk.height - phone.height - 22)
    shadow = Image.new("L", desk.size)
    shadow.paste(130, (place[0], place[1] + 8), mask)
    desk.paste((20, 24, 30), (0, 0), shadow.filter(ImageFilter.GaussianBlur(18)))
    desk.paste(phone, place, mask)
    desk.save(HERE / "report.jpg", quality=80, optimize=True)


if __name__ == "__main__":
    main()
