"""`restore serve` in a browser without a window: for the benchmark of the page, and its pictures.

Needs Playwright and Chromium.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

FLAGS = "--headless=new --no-sandbox --disable-gpu --no-first-run --disable-background-networking"


@contextmanager
def served(folder: Path | str, wait: int, **view: Any) -> Iterator[Any]:
    """The page of a folder of photos, as Playwright has it.

    Parameters
    ----------
    wait
        Milliseconds that anything may take.
    view
        Options of `browser.new_page`, such as the viewport.
    """
    command = [sys.executable, "-m", "restore", "serve", str(folder), "--port", "0", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        address = server.stdout.readline().strip()
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=shutil.which("chromium"), args=FLAGS.split()
                )
                page = browser.new_page(**view)
                page.set_default_timeout(wait)
                page.goto(address)
                yield page
                browser.close()
        finally:
            server.terminate()
