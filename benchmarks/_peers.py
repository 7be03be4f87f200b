"""The automatic corrections that other programs offer, to compare with.

Each takes and gives (h, w, 3) float32 sRGB-encoded 0 … 1.
"""

from __future__ import annotations

import functools
import shutil
import subprocess
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from math import comb

import cv2
import numpy as np

from restore import color

Peer = Callable[[color.Array], color.Array]


def shades_of_grey(photo: color.Array, power: float) -> color.Array:
    """Von Kries in linear light; the illuminant is a power mean (Finlayson, Trezzi, CIC 2004).

    `power` 1 is grey world, 6 the usual shades of grey.
    """
    linear = color.decode(photo)
    seen = np.power(np.power(linear, power).mean((0, 1)), 1 / power)
    return _balanced(linear, seen)


def white_patch(photo: color.Array) -> color.Array:
    """Von Kries in linear light; the brightest value of each channel is white."""
    linear = color.decode(photo)
    return color.encode(linear / np.maximum(linear.max((0, 1)), 1e-4)).clip(0, 1)


def _balanced(linear: color.Array, seen: color.Array) -> color.Array:
    return color.encode(linear * (seen.mean() / np.maximum(seen, 1e-4))).clip(0, 1)


def stretch(photo: color.Array, clip: float) -> color.Array:
    """Each channel stretched to black and white, `clip` % cut at each end ("auto tone")."""
    low, high = np.percentile(photo, [clip, 100 - clip], axis=(0, 1))
    return ((photo - low) / np.maximum(high - low, 1e-3)).clip(0, 1).astype(np.float32)


def equalised(photo: color.Array) -> color.Array:
    """Histogram equalisation of each channel."""
    codes = _eight(photo)
    return np.stack([cv2.equalizeHist(codes[..., k]) for k in range(3)], -1) / np.float32(255)


def clahe(photo: color.Array) -> color.Array:
    """Contrast-limited adaptive equalisation of L* (8 x 8 tiles, clip 2), a* and b* kept."""
    lab = color.to_lab(photo)
    tones = cv2.createCLAHE(2.0, (8, 8)).apply((lab[..., 0].clip(0, 100) * 2.55).astype(np.uint8))
    lab[..., 0] = tones / np.float32(2.55)
    return color.from_lab(lab).clip(0, 1)


def msrcr(photo: color.Array) -> color.Array:
    """Multi-scale retinex with colour restoration (Jobson 1997; sigma 15, 80, 250 px at 1000)."""
    values = photo * 255 + 1
    size = max(photo.shape[:2]) / 1000
    retinex = np.mean(
        [
            np.log(values) - np.log(cv2.GaussianBlur(values, (0, 0), s * size))
            for s in (15, 80, 250)
        ],
        axis=0,
    )
    restored = 46 * (np.log(125 * values) - np.log(values.sum(-1, keepdims=True)))
    return stretch((retinex * restored).astype(np.float32), 1)


def ace(photo: color.Array) -> color.Array:
    """Automatic colour enhancement (Rizzi 2003), by polynomials and FFT (Getreuer, IPOL 2012)."""
    slope, degree = 5.0, 9
    t = np.linspace(-1, 1, 2001)
    powers = np.arange(1, degree + 1, 2)
    fit = np.linalg.lstsq(t[:, None] ** powers, (slope * t).clip(-1, 1), rcond=None)[0]
    height, width = photo.shape[:2]
    y, x = (np.minimum(np.arange(2 * n), 2 * n - np.arange(2 * n)) for n in (height, width))
    distance = np.hypot(y[:, None], x[None])
    weight = np.fft.rfft2(np.where(distance > 0, 1 / np.maximum(distance, 1), 0))
    result = np.empty_like(photo)
    for channel in range(3):
        mirrored = np.pad(photo[..., channel].astype(float), ((0, height), (0, width)), "symmetric")
        blurred = [
            np.fft.irfft2(np.fft.rfft2(mirrored**k) * weight, mirrored.shape)[:height, :width]
            for k in range(degree + 1)
        ]
        own = photo[..., channel].astype(float)
        total = sum(
            c * comb(n, k) * own ** (n - k) * (-1) ** k * blurred[k]
            for c, n in zip(fit, powers, strict=True)
            for k in range(n + 1)
        )
        low, high = total.min(), total.max()
        result[..., channel] = (total - low) / max(high - low, 1e-6)
    return result


def magick(photo: color.Array, option: str) -> color.Array:
    """ImageMagick with one option, as a person would call it."""
    packed = cv2.imencode(".png", _eight(photo)[..., ::-1])[1].tobytes()
    command = [str(magick_program()), "png:-", option, "png:-"]
    done = subprocess.run(command, input=packed, capture_output=True, check=True)
    codes = cv2.imdecode(np.frombuffer(done.stdout, np.uint8), cv2.IMREAD_COLOR)
    return np.ascontiguousarray(codes[..., ::-1]) / np.float32(255)


@functools.cache
def magick_program() -> str | None:
    """The path of ImageMagick, or None where it is not installed.

    Other programs are called `convert`, too: only one that says it is ImageMagick counts.
    """
    names = ("magick", "convert", "convert-im6")  # version 7, version 6, the latter in Debian
    for path in filter(None, map(shutil.which, names)):
        with suppress(OSError, subprocess.TimeoutExpired):
            version = subprocess.run([path, "-version"], capture_output=True, timeout=10)
            if version.returncode == 0 and b"Version: ImageMagick" in version.stdout:
                return path
    return None


def _eight(photo: color.Array) -> np.ndarray:
    return (photo.clip(0, 1) * 255 + 0.5).astype(np.uint8)


PEERS: dict[str, Peer] = {
    "grey world": partial(shades_of_grey, power=1),
    "shades of grey": partial(shades_of_grey, power=6),
    "white patch": white_patch,
    "stretch 0.5%": partial(stretch, clip=0.5),
    "stretch 0.1%": partial(stretch, clip=0.1),
    "histogram equalisation": equalised,
    "CLAHE": clahe,
    "MSRCR": msrcr,
    "ACE": ace,
}
if magick_program():
    PEERS["ImageMagick -auto-level"] = partial(magick, option="-auto-level")
    PEERS["ImageMagick -normalize"] = partial(magick, option="-normalize")


def _layer(photo: color.Array) -> color.Array:
    """The Black & White layer with its default sliders."""
    low, middle, high = np.moveaxis(np.sort(photo, -1), -1, 0)
    first = np.array([0.4, 0.4, 0.2], np.float32)[photo.argmax(-1)]
    pair = np.array([0.6, 0.8, 0.6], np.float32)[photo.argmin(-1)]
    return low + (middle - low) * pair + (high - middle) * first


def _principal(photo: color.Array) -> color.Array:
    """The channels along their first principal component, brighter upwards."""
    flat = photo.reshape(-1, 3)
    axis = np.linalg.eigh(np.cov(flat.T))[1][:, -1].astype(np.float32)
    values = photo @ (axis * np.sign(axis.sum()))
    return (values - values.min()) / max(float(np.ptp(values)), 1e-6)


GREYS: dict[str, Peer] = {
    "luma": lambda v: v @ np.array([0.299, 0.587, 0.114], np.float32),
    "L*": lambda v: color.lightness(v) / 100,
    "largest channel": lambda v: v.max(-1),
    "mean of the channels": lambda v: v.mean(-1),
    "Photoshop's default layer": _layer,
    "first principal component": _principal,
    "cv2.decolor": lambda v: cv2.decolor(_eight(v)[..., ::-1])[0] / np.float32(255),
}
"""Black and whites: from the (h, w, 3) photo to (h, w)."""
