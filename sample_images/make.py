"""Make the sample photos: good public-domain photos, damaged by our own simulators.

    python sample_images/make.py [FOLDER]

The originals come with scikit-image (README.md beside this script has their origins); nothing is
downloaded. The same script gives the same pixels.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import skimage.data
from numpy.typing import NDArray

from restore import color
from restore.simulate import fade, light, scratch
from restore.simulate.folder import reduced
from sample_images import dng, tiff

HERE = Path(__file__).parent
STAGE = {"shading": 0.0, "noise": 0.7, "quality": 100}
"""A smooth wash of light; the JPEG is made when the file is written."""


def original(name: str, size: int = 900) -> color.Array:
    """(h, w, 3) float32 0 … 1: a photo bundled with scikit-image, at most `size` pixels long."""
    codes = np.asarray(getattr(skimage.data, name)())
    codes = np.stack([codes] * 3, -1) if codes.ndim == 2 else codes[..., :3]
    return reduced(codes.astype(np.float32) / np.float32(255), size)


def eight(srgb: color.Array) -> NDArray[np.uint8]:
    """The photo in 8 bits."""
    return (srgb.clip(0, 1) * 255 + 0.5).astype(np.uint8)


def make(folder: Path) -> list[Path]:
    """Write all sample photos into a folder."""

    def keep(name: str, codes: NDArray[np.uint8]) -> Path:
        path = folder / name
        options = [cv2.IMWRITE_JPEG_QUALITY, 92] if path.suffix == ".jpg" else []
        bgr = codes[..., ::-1] if codes.ndim == 3 else codes
        if not cv2.imwrite(str(path), np.ascontiguousarray(bgr), options):
            raise OSError(f"{path}: cannot be written")
        return path

    red = light(original("chelsea"), "red", seed=1, exposure=0.7, **STAGE)
    blue = light(original("coffee"), "blue", seed=2, exposure=1.0, **STAGE)
    both = light(original("astronaut"), "red left + blue right", seed=3, exposure=0.6, **STAGE)
    print_ = fade(original("astronaut"), "dark cyan loss", seed=5)
    slide = fade(original("rocket"), "light magenta loss", seed=6)
    wide = fade(original("chelsea"), "low contrast", seed=7)
    old = scratch(original("camera"), seed=8)

    written = [
        keep("led-red.jpg", red.srgb),
        keep("led-blue.jpg", blue.srgb),
        keep("led-red-blue.jpg", both.srgb),
        keep("faded-print.jpg", print_.srgb),
        keep("faded-slide.jpg", slide.srgb),
        keep("scratched.png", eight(old.scan[..., 0])),
        folder / "scan-16bit.tif",
        folder / "led-red-blue.dng",
    ]
    tiff.write(folder / "scan-16bit.tif", wide.fine)
    dng.write(folder / "led-red-blue.dng", both.camera)
    return written


if __name__ == "__main__":
    for path in make(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE):
        print(path)
