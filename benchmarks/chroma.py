"""How sharp small chroma maps come back: PSNR of a* b* near edges of colour, and everywhere.

    python benchmarks/chroma.py --photos FOLDER [--size 512] [--cells 56]

The chroma of each photo is averaged to a few cells, which is what a network gives at its very
best, and brought back: stretched (bicubic), and along the edges of the lightness as `colorize`
does. "blurred" does the same from cells blurred by one cell, which is nearer to a real network.
Near-grey photos (mean chroma below 5) are left out. Peak 255, mean of the photos' decibels.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from restore import color
from restore.analysis.chroma import guide
from restore.image.photo import Window


def photos(folder: Path, size: int) -> Iterator[color.Array]:
    """(h, w, 3) L*a*b* of the folder's photos that have colour, at most `size` pixels long."""
    for path in sorted(folder.iterdir()):
        picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if picture is None:
            continue
        shrink = min(1.0, size / max(picture.shape[:2]))
        small = cv2.resize(picture, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        lab = color.to_lab(small[..., ::-1] / np.float32(255))
        if np.hypot(lab[..., 1], lab[..., 2]).mean() >= 5:
            yield lab


def near_edges(ab: color.Array) -> NDArray[np.bool_]:
    """The top 8% of the gradient of a* b*, one pixel wider."""
    slopes = [cv2.Sobel(ab, cv2.CV_32F, *way) ** 2 for way in ((1, 0), (0, 1))]
    slope = np.sqrt(sum(slopes).sum(-1))
    strong = (slope >= np.quantile(slope, 0.92)).astype(np.uint8)
    return cv2.dilate(strong, np.ones((3, 3), np.uint8)) > 0


def decibels(difference: color.Array) -> float:
    """PSNR with peak 255."""
    return float(10 * np.log10(255**2 / np.mean(difference**2)))


def measure(lab: color.Array, cells: int) -> list[float]:
    """For exact, then blurred cells, stretched, then along edges: near edges, everywhere."""
    light, ab = np.ascontiguousarray(lab[..., 0]), np.ascontiguousarray(lab[..., 1:])
    height, width = light.shape
    small = cv2.resize(ab, (cells, cells), interpolation=cv2.INTER_AREA)
    near, figures = near_edges(ab), []
    for given in (small, cv2.GaussianBlur(small, (0, 0), 1)):
        stretched = cv2.resize(given, (width, height), interpolation=cv2.INTER_CUBIC)
        guided = guide(given, light).at(light, Window.whole(height, width))
        for predicted in (stretched, guided):
            figures += [decibels((predicted - ab)[near]), decibels(predicted - ab)]
    return figures


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--photos", type=Path, required=True, help="folder of colour photos")
    parser.add_argument("--size", type=int, default=512, help="long side the photos are reduced to")
    parser.add_argument("--cells", type=int, default=56, help="cells a side")
    given = parser.parse_args()
    table = np.array([measure(lab, given.cells) for lab in photos(given.photos, given.size)])
    mean = table.mean(0).reshape(2, 2, 2)
    print(f"{len(table)} photos, {given.size} px, {given.cells} x {given.cells} cells; dB")
    print(f"{'':24}{'near edges':>12}{'everywhere':>12}")
    for kind, rows in zip(("exact", "blurred"), mean, strict=True):
        for how, row in zip(("stretched", "along edges"), rows, strict=True):
            print(f"{kind + ' cells, ' + how:24}{row[0]:12.2f}{row[1]:12.2f}")


if __name__ == "__main__":
    main()
