"""Arrays and PIL images as samples of a photo, for programs without files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from restore.color import profile
from restore.errors import PhotoError

if TYPE_CHECKING:
    from PIL import Image

SPACES = ("srgb", "linear-srgb", "adobe-rgb")
"""Colour spaces that an array may be in, by name."""


def split(values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Samples (height, width, 1 or 3) and the alpha channel (height, width), if there is one.

    Parameters
    ----------
    values
        (height, width) or (height, width, 1) grey, 2 grey and alpha, 3 RGB, 4 RGBA; uint8, uint16,
        or floating point with white at 1.

    Raises
    ------
    PhotoError
        If it has another shape or type.
    """
    if not isinstance(values, np.ndarray):
        raise PhotoError(f"a photo is made from a NumPy array, not from {type(values).__name__}")
    if values.ndim == 2:
        values = values[..., None]
    if values.ndim != 3 or values.shape[2] not in (1, 2, 3, 4) or not values.size:
        raise PhotoError(
            f"an array of shape {values.shape} is not a photo; (height, width) or "
            "(height, width, 1 to 4) is needed"
        )
    if values.dtype.kind == "f":
        values = values.astype(np.float32, copy=False)
    if values.dtype not in (np.uint8, np.uint16, np.float32):
        raise PhotoError(
            f"an array of {values.dtype} is not a photo; uint8, uint16 or floats 0 … 1 are needed"
        )
    alpha = values[..., -1] if values.shape[2] in (2, 4) else None
    return np.ascontiguousarray(values if alpha is None else values[..., :-1]), alpha


def profile_of(space: str | bytes) -> bytes | None:
    """The ICC profile of a colour space from `SPACES`; None for sRGB, bytes as they are."""
    if isinstance(space, bytes) or space == "srgb":
        return space if isinstance(space, bytes) else None
    if space == "linear-srgb":
        return profile.linear_srgb()
    if space == "adobe-rgb":
        return profile.made("adobergb")
    raise PhotoError(f'there is no colour space "{space:.60}"; choose from: {", ".join(SPACES)}')


def of_image(image: Image.Image) -> tuple[NDArray[Any], bytes | None]:
    """A PIL image as an upright array, and its ICC profile; modes without arrays are converted."""
    from PIL import ImageOps

    held = image.info.get("icc_profile")
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I;16"):
        return np.asarray(image, np.uint16), held
    if image.mode not in ("L", "LA", "RGB", "RGBA"):
        opaque = "transparency" not in image.info and image.mode not in ("PA", "RGBa", "La")
        if image.mode not in ("1", "P", "PA", "RGBa", "La"):
            held = None  # the profile describes the colours before conversion
        image = image.convert("RGB" if opaque else "RGBA")
    return np.array(image), held


def to_image(codes: NDArray[np.uint8], alpha: NDArray[Any] | None) -> Image.Image:
    """Codes (height, width, 1 or 3) and an alpha channel as a PIL image."""
    from PIL import Image

    if alpha is not None:
        transparency = (profile.shares(alpha).clip(0, 1) * 255 + 0.5).astype(np.uint8)
        codes = np.dstack([codes, transparency])
    return Image.fromarray(codes[..., 0] if codes.shape[2] == 1 else codes)
