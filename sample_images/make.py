"""Make the sample photos: good public-domain photos, damaged by our own simulators.

    python sample_images/make.py [FOLDER]

The originals come with scikit-image and matplotlib; README.md beside this script has their origins.
Nothing is downloaded. The same script gives the same pixels.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import skimage.data
from matplotlib.cbook import get_sample_data
from numpy.typing import NDArray
from PIL import Image

from restore import color
from restore.simulate import fade, light, scratch
from restore.simulate.folder import reduced
from sample_images import dng, tiff

HERE = Path(__file__).parent
STAGE = {"shading": 0.0, "noise": 0.7, "quality": 100}
"""A smooth wash of light; the JPEG is made when the file is written."""
PANCHROMATIC = (0.25, 0.65, 0.10)
"""How much black-and-white film sees of red, green and blue."""
PAPER, INK = (0.93, 0.86, 0.70), (0.20, 0.16, 0.13)
"""Encoded colours of a yellowed print's paper and of its faded black."""


def original(name: str, size: int = 900) -> color.Array:
    """(h, w, 3) float32 0 … 1: a photo that comes with a package, at most `size` pixels long."""
    if name == "hopper":
        with get_sample_data("grace_hopper.jpg") as file:
            codes = np.asarray(Image.open(file))
    else:
        codes = np.asarray(getattr(skimage.data, name)())
    codes = np.stack([codes] * 3, -1) if codes.ndim == 2 else codes[..., :3]
    return reduced(codes.astype(np.float32) / np.float32(255), size)


def eight(srgb: color.Array) -> NDArray[np.uint8]:
    """The photo in 8 bits."""
    return (srgb.clip(0, 1) * 255 + 0.5).astype(np.uint8)


def print_of(photo: color.Array, border: int = 28) -> color.Array:
    """The photo as a print with a white border."""
    return cv2.copyMakeBorder(
        photo, *[border] * 4, borderType=cv2.BORDER_CONSTANT, value=(0.97, 0.97, 0.97)
    )


def grey(photo: color.Array) -> color.Array:
    """(h, w, 1) the photo on black-and-white film."""
    light_seen = color.decode(photo) @ np.array(PANCHROMATIC, np.float32)
    return color.encode(light_seen)[..., None]


def aged(photo: color.Array, seed: int) -> color.Array:
    """An old black-and-white print of the photo: scratched, a little grainy, yellowed and pale."""
    worn = scratch(np.repeat(grey(photo), 3, -1), seed=seed).scan[..., :1]
    noise = np.random.default_rng(seed).standard_normal(worn.shape[:2]).astype(np.float32)
    worn = (worn + 0.012 * cv2.GaussianBlur(noise, (0, 0), 0.8)[..., None]).clip(0, 1)
    paper, ink = (np.array(tone, np.float32) for tone in (PAPER, INK))
    return ink + (paper - ink) * worn


def make(folder: Path) -> list[Path]:
    """Write all sample photos into a folder."""

    def keep(name: str, codes: NDArray[np.uint8]) -> Path:
        path = folder / name
        options = [cv2.IMWRITE_JPEG_QUALITY, 92] if path.suffix == ".jpg" else []
        bgr = codes[..., ::-1] if codes.ndim == 3 else codes
        if not cv2.imwrite(str(path), np.ascontiguousarray(bgr), options):
            raise OSError(f"{path}: cannot be written")
        return path

    red = light(original("astronaut")[:400, 60:460], "red", seed=1, exposure=0.3, **STAGE)
    blue = light(original("hopper"), "blue", seed=2, exposure=0.8, **STAGE)
    both = light(original("astronaut"), "red left + blue right", seed=3, exposure=0.6, **STAGE)
    print_ = fade(original("astronaut"), "dark cyan loss", seed=5)
    slide = fade(original("rocket"), "light magenta loss", seed=6)
    family = fade(print_of(original("hopper")), "dark cyan loss", seed=5)
    wide = fade(original("chelsea"), "low contrast", seed=7)
    old = scratch(original("camera"), seed=8)

    written = [
        keep("led-red.jpg", red.srgb),
        keep("led-blue.jpg", blue.srgb),
        keep("led-red-blue.jpg", both.srgb),
        keep("faded-print.jpg", print_.srgb),
        keep("faded-slide.jpg", slide.srgb),
        keep("scratched.png", eight(old.scan[..., 0])),
        keep("family-print.jpg", family.srgb),
        keep("old-portrait.jpg", eight(aged(original("hopper"), seed=8))),
        keep("black-and-white.jpg", eight(grey(original("astronaut"))[..., 0])),
        folder / "scan-16bit.tif",
        folder / "led-red-blue.dng",
    ]
    tiff.write(folder / "scan-16bit.tif", wide.fine)
    dng.write(folder / "led-red-blue.dng", both.camera)
    return written


if __name__ == "__main__":
    for path in make(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE):
        print(path)
