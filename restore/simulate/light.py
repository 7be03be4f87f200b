"""A stage photo under one or two LED lights, as a camera sees it.

A photo's linear sRGB is taken as reflectance and shading under D65. What a camera's channel k
records under a lamp l is close to a fixed 3x3 matrix of it, M_l (the mean of 50 cameras; it is as
near to a full spectral simulation as cameras are to each other). With fall-offs f_l(x):

    camera(x) = max(0, sum_l power_l f_l(x) M_l photo(x)), exposed, with noise, clipped
    sRGB(x)   = encode(clip(CCM camera(x), 0, 1)), 8 bits, JPEG

`other=True` replaces the matrices by `spectra`: other lamps, surfaces with spectra, a random camera
with its own colour matrix, and a white-balance error. Tests should hold there too.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from restore import color
from restore.simulate.folder import generator, jpeg
from restore.simulate.stage import Stage

LEFT, RIGHT, ABOVE = 180.0, 0.0, 135.0
"""Directions of a lamp in degrees, counter-clockwise from the right; ABOVE is above left."""


@dataclass(frozen=True)
class Lamp:
    """One light: the name of its LED in the constants, where it stands, how strong it is."""

    led: str
    angle: float = ABOVE
    power: float = 1.0


SCENES: Mapping[str, tuple[Lamp, ...]] = MappingProxyType(
    {
        "red": (Lamp("red625"),),
        "blue": (Lamp("blue465"),),
        "green": (Lamp("green525"),),
        "amber": (Lamp("amber590"),),
        "magenta": (Lamp("red625"), Lamp("blue465", power=0.8)),
        "red left + blue right": (Lamp("red625", LEFT), Lamp("blue465", RIGHT)),
        "white+blue": (Lamp("whiteB3", LEFT, 0.8), Lamp("blue465", RIGHT)),
        "white+red": (Lamp("whiteB3", LEFT, 0.8), Lamp("red625", RIGHT)),
    }
)
"""The lightings by name."""

MORE: Mapping[str, tuple[Lamp, ...]] = MappingProxyType(
    {
        "cyan": (Lamp("green525"), Lamp("blue465", power=0.8)),
        "cyan left + blue right": (
            Lamp("green525", LEFT, 0.7),
            Lamp("blue465", LEFT, 0.7),
            Lamp("blue465", RIGHT),
        ),
        "cyan left + magenta right": (
            Lamp("green525", LEFT, 0.7),
            Lamp("blue465", LEFT, 0.7),
            Lamp("red625", RIGHT),
            Lamp("blue465", RIGHT, 0.5),
        ),
    }
)
"""Lightings of fixtures that mix red, green and blue."""

GAINS = np.array([2.0, 1.0, 1.5], np.float32)
"""White-balance gains of the three channels under D65: a channel's noise grows with its gain."""
FULL_WELL, READ_NOISE = 3000, 3
"""Electrons at saturation, and the read noise in electrons: about ISO 1600 … 3200."""


@dataclass(frozen=True, eq=False)
class Lit:
    """A simulated stage photo, with the ground truth.

    Attributes
    ----------
    scene, lamps
        The lighting's name, and its lights.
    photo
        (h, w, 3) float32 sRGB-encoded 0 … 1: the truth, the scene in daylight.
    relit
        (h, w, 3) float32 sRGB-encoded: the truth with the lamps' fall-off, as white lamps in
        the same places would show it; exposed so that its 99th percentile is 1.
    camera
        (h, w, 3) float32 linear 0 … 1: the camera's own channels, D65-balanced, with noise; 1 is
        where the sensor is full. This is what a RAW file gives before the colour matrix.
    srgb
        (h, w, 3) uint8: what the camera's JPEG shows.
    lights
        (n, h, w) float32: the lamps' light on the scene, in the exposure of `camera`.
    clipped
        (h, w, 3) bool: the sensor was full there.
    """

    scene: str
    lamps: tuple[Lamp, ...]
    photo: color.Array
    relit: color.Array
    camera: color.Array
    srgb: NDArray[np.uint8]
    lights: color.Array
    clipped: NDArray[np.bool_]


def light(
    photo: color.Array,
    scene: str | Sequence[Lamp],
    *,
    seed: int = 0,
    exposure: float = 0.0,
    shading: float = 0.5,
    other: bool = False,
    noise: float = 1.0,
    quality: int = 90,
    stage: Stage | None = None,
) -> Lit:
    """Light a photo by the lamps of a scene and take it with a camera.

    Parameters
    ----------
    photo
        (h, w, 3) float32 sRGB-encoded 0 … 1: the scene in daylight.
    scene
        One of `SCENES` or `MORE`, or lamps.
    exposure
        EV: 0 clips about 1% of the pixels, 1.5 clips 10 … 25%.
    shading
        How much brighter surfaces are that face a lamp; 0 is a smooth wash of light.
    other
        Other lamps, surfaces and another camera (drawn by `seed`) than the estimators' constants.
    noise
        Times the noise of ISO 1600 … 3200 (its standard deviation).
    quality
        Of the JPEG, 0 … 100.
    stage
        Haze, beams, lamps in the frame and the camera's look; None has none of them. Haze is part
        of the truth: `Lit.photo` has it.
    """
    lamps = {**SCENES, **MORE}[scene] if isinstance(scene, str) else tuple(scene)
    scene = scene if isinstance(scene, str) else "+".join(lamp.led for lamp in lamps)
    rng = generator(scene, seed)
    stage = stage or Stage()
    photo = stage.hazed(photo, rng)
    linear = color.decode(photo)
    if other:
        from restore.simulate.spectra import setup

        responses, matrix, balance = setup([lamp.led for lamp in lamps], rng)
    else:
        responses, matrix, balance = [_mean_camera(lamp.led) for lamp in lamps], ccm(), None

    beams = {lamp.angle: stage.beam(photo.shape[:2], rng) for lamp in lamps}
    lights = np.stack(
        [lamp.power * falloff(photo, lamp.angle, shading) * beams[lamp.angle] for lamp in lamps]
    )
    seen = [response(linear) for response in responses]
    camera = np.maximum(sum(f[..., None] * y for f, y in zip(lights, seen, strict=True)), 0)
    if stage.sources:
        shining = stage.shining(photo.shape[:2], [lamp.angle for lamp in lamps], rng)
        white = [response(np.ones((1, 1, 3), np.float32)) for response in responses]
        camera += sum(np.maximum(f[..., None] * y, 0) for f, y in zip(shining, white, strict=True))
        linear = (linear + shining.sum(0)[..., None]).clip(0, 1)
        photo = color.encode(linear)
    top = np.percentile(camera.max(-1), 99 if not stage.sources else 96)
    scale = np.float32(2**exposure / max(top, 1e-6))
    lights, camera = lights * scale, camera * scale

    variance = GAINS * camera / FULL_WELL + (GAINS * READ_NOISE / FULL_WELL) ** 2
    grain = rng.standard_normal(camera.shape, np.float32)
    if stage.smoothed:
        grain = cv2.GaussianBlur(grain, (0, 0), stage.smoothed)
    camera = camera + noise * np.sqrt(variance) * grain
    clipped = camera >= 1
    camera = camera.clip(0, 1)
    if balance is not None:  # decoders scale by the least gain, so that a full channel stays full
        camera = (camera * balance / balance.min()).clip(0, 1)
        clipped |= camera >= 1

    shown = jpeg(stage.looked(color.encode((camera @ matrix.T).clip(0, 1))), quality)
    white = linear * lights.sum(0)[..., None]
    relit = color.encode(white / max(np.percentile(white.max(-1), 99), 1e-6)).clip(0, 1)
    return Lit(scene, lamps, photo, relit, camera, shown, lights, clipped)


def falloff(photo: color.Array, angle: float, shading: float) -> color.Array:
    """(h, w) light of a lamp in direction `angle` (degrees): distance and the surfaces' slope.

    The lamp stands 0.7 of the long side from the centre. Slopes are made up from the lightness:
    where it rises towards the lamp, the surface is assumed to face it. The brightest place has 1.
    """
    height, width = photo.shape[:2]
    size = max(height, width)
    right, up = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    x = (columns - (width - 1) / 2) / size - 0.7 * right
    y = (rows - (height - 1) / 2) / size + 0.7 * up
    near = 1 / (x * x + y * y + np.float32(0.25))
    smooth = cv2.GaussianBlur(color.lightness(photo), (0, 0), max(0.02 * size, 0.5))
    across, down = (cv2.Sobel(smooth, cv2.CV_32F, *axis) * size / 8 for axis in ((1, 0), (0, 1)))
    facing = 1 + shading * np.tanh(np.float32(0.1) * (across * right - down * up))
    light = near * np.maximum(facing, np.float32(0.05))
    return (light / light.max()).astype(np.float32)


@cache
def constants() -> Mapping[str, Any]:
    """The package's colour constants."""
    text = files("restore").joinpath("data/colour-constants.json").read_text("utf-8")
    return MappingProxyType(json.loads(text))


def ccm() -> color.Array:
    """(3, 3) from D65-balanced camera channels to linear sRGB, the mean of 50 cameras."""
    return np.array(constants()["ccm_cam_to_linear_srgb"], np.float32)


def led(name: str) -> color.Array:
    """(3, 3) from a surface's linear sRGB to the camera's channels under one LED."""
    return np.array(constants()["led"][name]["M_cam"], np.float32)


def _mean_camera(name: str) -> Callable[[color.Array], color.Array]:
    matrix = led(name)
    return lambda linear: linear @ matrix.T
