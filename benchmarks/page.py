"""How soon the page shows what a slider does: from the input event to the pixels, in the browser.

python -m benchmarks.page

A photo of 24 million pixels. The times depend on what else the machine does: the last column is
how much longer a fixed piece of work takes than the processor time it needs.
Needs Playwright and Chromium.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks._served import served

SAMPLES = Path(__file__).parents[1] / "sample_images"
SIDE = 4900
WAIT = 300_000
"""Milliseconds."""
SHARES = [0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]
SLIDERS = (
    ("colour.jpg", "Faded colour print", "Fade", "amount", SHARES),
    ("colour.jpg", "Faded colour print", "Levels", "amount", SHARES),
    ("colour.jpg", "Faded slide", "Denoise", "luminance", SHARES),
    ("colour.jpg", "The best black and white", "Monochrome", "reds", [10, 20, 30, 40, 50, 60, 70]),
    ("grey.png", "Black and white to colour", "Colorize", "saturation", [50, 60, 70, 80, 90, 110]),
    ("grey.png", "Old black-and-white print", "Scratches", "amount", SHARES),
    ("grey.png", "Old black-and-white print", "Levels", "amount", SHARES),
    ("colour.jpg", "Single-colour stage", "Hue blend", "amount", SHARES),
)
LISTEN = """async () => {
  const { on } = await import("/page/js/store.js");
  on("sketched", () => { const shown = window.shown; window.shown = null; shown?.(); });
}"""
SLIDE = """async ([selector, values]) => {
  const range = document.querySelector(selector);
  const times = [];
  for (const value of values) {
    await new Promise((done) => { setTimeout(done, 20); });
    const began = performance.now();
    const drawn = new Promise((done) => {
      window.shown = () => requestAnimationFrame(() => requestAnimationFrame(done));
    });
    range.value = value;
    range.dispatchEvent(new Event("input", { bubbles: true }));
    await drawn;
    times.push(performance.now() - began);
  }
  return times;
}"""


def enlarged(name: str, flag: int) -> Any:
    """A sample of 24 million pixels, with some noise."""
    picture = cv2.imread(str(SAMPLES / name), flag)
    large = cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    noise = np.random.default_rng(0).normal(0, 3, large.shape).astype(np.float32)
    return (large + noise).clip(0, 255).astype(np.uint8)


def settled(page: Any) -> None:
    """Wait until everything is planned."""
    page.wait_for_timeout(400)
    page.wait_for_selector("#busy:not(.on)", state="attached")
    page.wait_for_timeout(2500)  # it has got ready for sketches


def busy() -> float:
    """How much longer work takes than the processor time it needs: 1 on an idle machine."""
    began, used = time.monotonic(), time.process_time()
    while time.process_time() - used < 0.2:
        pass
    return (time.monotonic() - began) / (time.process_time() - used)


def measure(page: Any) -> None:
    """Move each slider, and print what was seen."""
    print(f"{'recipe':27} {'slider':22} {'first':>6} {'median':>6} {'worst':>6} ms   others")
    for photo, recipe, step, setting, values in SLIDERS:
        page.locator(".cell", has_text=photo).click()
        page.wait_for_function(
            "name => document.querySelector('#name').textContent === name", arg=photo
        )
        page.wait_for_selector(".card")
        settled(page)
        page.locator(".card", has_text=recipe).first.click()
        settled(page)
        panel = page.locator(".step", has=page.locator("button.title", has_text=step)).first
        if panel.locator("button.title").get_attribute("aria-expanded") == "false":
            panel.locator("button.title").click()
        number = panel.get_attribute("data-number")
        selector = f'.step[data-number="{number}"] [data-setting={setting}] input[type=range]'
        others = busy()
        first, *times = page.evaluate(SLIDE, [selector, values])
        middle = statistics.median(times)
        line = f"{recipe:27} {step + ' ' + setting:22} {first:6.0f} {middle:6.0f}"
        print(f"{line} {max(times):6.0f}      {others:.1f}", flush=True)
        settled(page)


def main() -> None:
    """Serve two large photos, and measure."""
    with tempfile.TemporaryDirectory() as folder:
        cv2.imwrite(f"{folder}/colour.jpg", enlarged("faded-print.jpg", cv2.IMREAD_COLOR))
        cv2.imwrite(f"{folder}/grey.png", enlarged("scratched.png", cv2.IMREAD_GRAYSCALE))
        with served(folder, WAIT, viewport={"width": 1440, "height": 900}) as page:
            page.evaluate(LISTEN)
            measure(page)


if __name__ == "__main__":
    main()
