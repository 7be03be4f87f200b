"""The colour space of a file's samples."""

from __future__ import annotations

import numpy as np

from restore.color import profile as icc
from restore.color.space import Samples, Space


def assigned(
    profile: bytes | None, channels: int, adobe: bool
) -> tuple[Space, bytes | None, tuple[str, ...]]:
    """The space of samples with an ICC profile; the profile to write on; warnings.

    Parameters
    ----------
    channels
        1 or 3.
    adobe
        Exif says the colours are Adobe RGB; used if there is no profile.
    """
    if not profile:
        if adobe and channels == 3:
            profile = icc.made("adobergb")
            return Space(profile=profile), profile, ()
        return Space(), None, ()
    try:
        way = icc.transform(profile)
        if way.channels not in (channels, 3):
            raise icc.ProfileError(f"it has {way.channels} channels, the photo {channels}")
        return Space(profile=None if icc.is_srgb(profile) else profile), profile, ()
    except icc.ProfileError as error:
        return Space(), None, (f"the colour profile was dropped and sRGB assumed: {error}",)


def without_inks(samples: Samples, profile: bytes | None) -> tuple[Samples, bytes, tuple[str, ...]]:
    """CMYK samples (0: no ink) as RGB, its profile, and warnings.

    Restoring works on light, not inks. Adobe RGB holds nearly all that inks can print; inks
    without a profile count as complements of sRGB, as in most programs.
    """
    result = np.empty((*samples.shape[:2], 3), samples.dtype)
    full = np.float32(np.iinfo(samples.dtype).max)
    ways = None
    warnings: tuple[str, ...] = ()
    if profile:
        try:
            ways = icc.transform(profile), icc.transform(icc.made("adobergb"))
            if ways[0].channels != 4:
                raise icc.ProfileError("it is not a CMYK profile")
        except icc.ProfileError as error:
            ways, warnings = None, (f"the colour profile cannot be used: {error}",)
    rows = max(1, 2**20 // samples.shape[1])
    for top in range(0, len(samples), rows):
        inks = samples[top : top + rows] * (1 / full)
        if ways is None:
            light = (1 - inks[..., :3]) * (1 - inks[..., 3:])
        else:
            light = ways[1].from_linear(ways[0].to_linear(inks.astype(np.float32)))
        result[top : top + rows] = (light.clip(0, 1) * full + np.float32(0.5)).astype(samples.dtype)
    if ways is None:
        approximate = (
            "CMYK was converted to sRGB; without a usable profile, colours are approximate"
        )
        return result, icc.made("srgb"), (*warnings, approximate)
    return result, icc.made("adobergb"), ("CMYK was converted to Adobe RGB",)
