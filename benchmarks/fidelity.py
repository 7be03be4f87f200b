"""How near to the truth: our steps against the automatic corrections that others offer.

    python benchmarks/fidelity.py --photos FOLDER [--quick] [--out FOLDER] [--check]

Damages good photos by `simulate`, restores them by every method, and writes fidelity.md and
fidelity.html (with the pictures side by side). `--check` ends with status 1 where a target is
missed. docs/benchmarks/fidelity.md says what is measured and why.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from benchmarks import _end, _fading, _hues, _monochrome, _peers, _tables, _targets, chroma
from benchmarks._work import Score
from restore import color
from restore.context import cores
from restore.simulate import photos

SECTIONS = {module.SECTION: module for module in (_monochrome, _hues, _fading, _end)}
SHOWN = 15
"""Every how manieth photo is shown in the HTML page."""


def one(job: tuple[int, str, color.Array], sections: list[str]) -> list[Score]:
    """All scores of one photo."""
    cv2.setNumThreads(1)
    number, name, photo = job
    results = []
    for section in sections:
        for score in SECTIONS[section].measure(name, photo, number):
            shown = number % SHOWN == 0 and score.picture is not None
            codes = (score.picture.clip(0, 1) * 255).astype(np.uint8) if shown else None
            results.append(replace(score, picture=codes))
    return results


def guided_chroma(folder: Path) -> tuple[_tables.Table, float]:
    """The table of `chroma.py`, and the dB near edges of exact cells along the edges."""
    figures = np.mean([chroma.measure(lab, 56) for lab in chroma.photos(folder, 512)], 0)
    ways = ("exact, stretched", "exact, along edges", "blurred, stretched", "blurred, along edges")
    rows = tuple(
        (way, f"{near:.2f}", f"{all_:.2f}")
        for way, (near, all_) in zip(ways, figures.reshape(4, 2), strict=True)
    )
    columns = ("56 × 56 cells of a* b*", "near edges, dB", "everywhere, dB")
    return _tables.Table("Guided chroma, photos at 512 px", columns, rows), float(figures[2])


def report(
    scores: list[Score], guided: tuple[_tables.Table, float] | None
) -> tuple[list[_tables.Table], list[_targets.Target]]:
    """The tables and the targets."""
    tables, missing = [], []
    for section, module in SECTIONS.items():
        mine = [s for s in scores if s.section == section]
        make = _tables.lightness if section == "monochrome" else _tables.colours
        for group in dict.fromkeys(s.group for s in mine):
            title = f"{section.capitalize()}: {group}"
            tables.append(make(title, [s for s in mine if s.group == group], module.REFERENCE))
    binned = _targets.recoverability(scores)
    if binned is not None:
        rows = tuple((f"{n:.0f}", f"{r:.2f}", f"{skill:.3f}") for n, r, skill in binned)
        shares = _targets.recoverability_within(scores)
        note = f"Rank correlation {_targets.rank(binned):.2f}; within each lighting: "
        note += ", ".join(f"{case} {value:.2f}" for case, value in shares.items())
        tables.append(
            _tables.Table(
                "Recoverability against true skill", ("pixels", "said", "skill"), rows, note
            )
        )
    harmed, lightings = _targets.safety(scores)
    if lightings:
        harmless = f"{lightings - len(harmed)} of {lightings}" + "".join(
            f"; not {h}" for h in harmed
        )
        row = ("lightings where hues are no worse than monochrome (ab error)", harmless)
        tables.append(_tables.Table("Safety", ("what", "found"), (row,)))
    if _peers.magick_program() is None:
        missing.append(("ImageMagick", "not installed"))
    if not any(s.method == "zhang2016 alone" for s in scores):
        missing.append(("zhang2016", "its weights are not installed"))
    seen = {s.method for s in scores}
    ours = ("ours: monochrome auto", _hues.OURS, _hues.FUSED, "ours: fade", "ours: white_balance")
    missing += [(method, "not measured") for method in ours if method not in seen]
    if guided:
        tables.append(guided[0])
    if missing:
        tables.append(_tables.Table("Left out", ("what", "why"), tuple(missing)))
    measured = _targets.targets(scores, guided[1] if guided else None)
    return [_targets.table(measured), *tables], measured


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--photos", type=Path, required=True, help="folder of good photos")
    parser.add_argument("--size", type=int, default=200, help="long side in pixels")
    parser.add_argument("--quick", action="store_true", help="eight photos at 128 px")
    parser.add_argument("--sections", nargs="+", choices=SECTIONS, default=list(SECTIONS))
    parser.add_argument("--out", type=Path, default=Path("restored/fidelity"))
    parser.add_argument("--check", action="store_true", help="status 1 if a target is missed")
    chosen = parser.parse_args()
    started = time.perf_counter()
    size = 128 if chosen.quick else chosen.size
    good = photos(chosen.photos, size)
    if chosen.quick:
        good = good[:: max(1, len(good) // 8)][:8]
    if not good:
        parser.error(f"{chosen.photos}: has no photos")
    jobs = [(number, name, photo) for number, (name, photo) in enumerate(good)]
    scores: list[Score] = []
    work = partial(one, sections=chosen.sections)
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # the photos are the parallel work
    with ProcessPoolExecutor(cores(), multiprocessing.get_context("spawn")) as pool:
        for number, of_photo in enumerate(pool.map(work, jobs), 1):
            scores += of_photo
            print(f"\r{number} of {len(jobs)} photos", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    tables, targets = report(
        scores, guided_chroma(chosen.photos) if "hues" in chosen.sections else None
    )
    took = f"{len(good)} photos at {size} px, {time.perf_counter() - started:.0f} s."
    print(write(chosen.out, took, tables, scores))
    missed = [target for target in targets if not target.held]
    if chosen.check:
        for target in missed:
            print(f"missed: {target.what}", file=sys.stderr)
    return 1 if chosen.check and missed else 0


def write(folder: Path, took: str, tables: list[_tables.Table], scores: list[Score]) -> str:
    """Write fidelity.md and fidelity.html into a folder; the Markdown is handed back."""
    folder.mkdir(parents=True, exist_ok=True)
    text = "\n".join(["# Fidelity", "", took, "", *(table.markdown() for table in tables)])
    (folder / "fidelity.md").write_text(text, "utf-8")
    page = [f"<!doctype html><meta charset=utf-8><title>Fidelity</title>{STYLE}<p>{took}</p>"]
    page += [table.html() for table in tables]
    for section in SECTIONS:
        page.append(_tables.sheet(section, [s for s in scores if s.section == section]))
    (folder / "fidelity.html").write_text("".join(page), "utf-8")
    return text


STYLE = (
    "<style>body{font:14px sans-serif}td,th{padding:2px 6px;text-align:right;font-weight:normal}"
    "td:first-child{text-align:left}tr:nth-child(even){background:#eee}</style>"
)

if __name__ == "__main__":
    sys.exit(main())
