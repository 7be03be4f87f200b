"""Training samples of the colorizer: photos as real black-and-white ones look, and evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from restore import color
from restore.analysis import mixes
from restore.analysis.noise import channel_noise
from restore.analysis.stage_light import light as stage_light
from restore.analysis.stage_light import lightings
from restore.simulate.light import Lamp, light
from restore.simulate.stage import Stage
from restore.training._scenes import NARROW, WHITES

CELL = 4
"""Side of a colour cell in lightness pixels."""
DEVIATION = 16.0
"""Standard deviation of a* and of b* (at L* = 50) over photos: evidence is as sure as it leaves
less of this variance, 1 - variance / DEVIATION²."""
AVERAGE = np.array([3, 11], np.float32)
"""Mean a* b* (at L* = 50) over photos: the value of uninformative evidence."""
CLEAN = 0.35
"""Share of the samples whose lightness is undamaged."""


@dataclass(frozen=True, eq=False)
class Sample:
    """One example.

    Attributes
    ----------
    lightness
        (size, size) CIE L*, 0 … 100, as film, lens, print and scan left it.
    ab
        (size/4, size/4, 2) the true a* b*.
    measured
        (size/4, size/4, 3) a* and b* at L* = 50 and their certainty, measured under stage light;
        None for a photo in black and white.
    """

    lightness: color.Array
    ab: color.Array
    measured: color.Array | None = None


def sample(codes: color.Array, size: int, rng: np.random.Generator) -> Sample:
    """A random square of a photo (h, w, 3) uint8 in black and white, as it might come."""
    photo = _square(codes, size, rng)
    light, coloured = lightness(photo, rng)
    return Sample(light, cells(color.to_lab(photo)[..., 1:]) * coloured[..., None])


def staged(codes: color.Array, size: int, rng: np.random.Generator) -> Sample:
    """A random square of a photo (h, w, 3) uint8 under one to three lamps, and what they leave."""
    count = rng.choice((1, 2, 3), p=(0.35, 0.5, 0.15))
    kinds = [NARROW[rng.integers(len(NARROW))]]
    kinds += [(NARROW + WHITES)[k] for k in rng.integers(len(NARROW + WHITES), size=count - 1)]
    shot = light(
        _square(codes, size, rng),
        [Lamp(kind, rng.uniform(0, 360), rng.uniform(0.4, 1)) for kind in kinds],
        seed=int(rng.integers(2**31)),
        exposure=rng.uniform(-0.5, 1.2),
        shading=rng.uniform(0, 0.8),
        quality=int(rng.integers(75, 98)),
        stage=Stage.drawn(rng) if rng.random() < 0.6 else None,
    )
    camera = rng.random() < 0.5
    view = shot.srgb.astype(np.float32) / np.float32(255)
    if camera:
        view = color.encode(shot.camera)
    noise = channel_noise([view])
    seen = stage_light.cells(view, noise, 1, camera)
    hues = lightings.hues(seen, lightings.find(seen, stage=rng.random() < 0.8))
    measured = cv2.resize(hues.evidence(seen.shape), (size // CELL,) * 2)

    channels = view if camera else mixes.uncrossed(view)
    grey = mixes.weighted(channels, mixes.evidence(channels, noise)[1])
    dim = color.lightness(color.spread(grey))
    lab = color.to_lab(shot.photo)
    # as `levels` might brighten it
    mean = lab[..., 0].mean() + rng.normal(0, 6)
    spread = lab[..., 0].std() * np.exp(rng.normal(0, 0.2)) / max(float(dim.std()), 1)
    lit = ((dim - dim.mean()) * spread + mean).clip(0, 100).astype(np.float32)
    scale = (cells(lit) + np.float32(16)) * np.float32(1 / 66)
    ab = at_half(cells(lab[..., 1:]), cells(lab[..., 0])) * scale[..., None]
    return Sample(lit, ab, measured)


def _square(codes: color.Array, size: int, rng: np.random.Generator) -> color.Array:
    short = size * np.exp(abs(rng.normal(0.06, 0.16)))
    scale = short / min(codes.shape[:2])
    height, width = (max(size, round(n * scale)) for n in codes.shape[:2])
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    codes = cv2.resize(codes, (width, height), interpolation=how)
    top, left = rng.integers(height - size + 1), rng.integers(width - size + 1)
    square = codes[top : top + size, left : left + size]
    if rng.random() < 0.5:
        square = square[:, ::-1]
    return square.astype(np.float32) / np.float32(255)


def cells(values: color.Array) -> color.Array:
    """Values (h, w, …) averaged over cells: (h/4, w/4, …)."""
    height, width = (n // CELL for n in values.shape[:2])
    return cv2.resize(values, (width, height), interpolation=cv2.INTER_AREA)


def at_half(ab: color.Array, light: color.Array) -> color.Array:
    """a* b* (h, w, 2) of objects scaled to L* = 50 from their L* `light` (h, w)."""
    scale: color.Array = np.float32(66) / (light.clip(10) + np.float32(16))
    return ab * scale[..., None]


def lightness(photo: color.Array, rng: np.random.Generator) -> tuple[color.Array, color.Array]:
    """CIE L* (h, w) of a photo as film, lens, print and scan might have left it.

    Also the share of its chroma (h/4, w/4) that is left: haze takes some, a mount all.
    """
    shape = photo.shape[:2]
    coloured = np.ones([n // CELL for n in shape], np.float32)
    if rng.random() < CLEAN:
        return color.lightness(photo).clip(0, 100), coloured
    light = _mixed(photo, rng) / np.float32(100)
    if rng.random() < 0.1:  # haze, smoke
        veil = _field(shape, rng).clip(0, 1) * np.float32(rng.uniform(0.2, 0.8))
        light = light * (1 - veil) + veil * np.float32(rng.uniform(0.5, 1))
        coloured *= cells(1 - veil)
    if rng.random() < 0.05:  # lamps in the frame
        y, x = np.mgrid[: shape[0], : shape[1]]
        for _ in range(rng.integers(1, 5)):
            top, left = (rng.uniform(0, n) for n in shape)
            size = rng.uniform(2, 20)
            glow = np.exp(-((y - top) ** 2 + (x - left) ** 2) / (2 * size**2)) * rng.uniform(0.7, 2)
            light = light + glow.astype(np.float32)
    if rng.random() < 0.2:
        light = cv2.GaussianBlur(light, (0, 0), rng.uniform(0.4, 1.8))
    if rng.random() < 0.5:
        light = light.clip(0, 1) ** np.float32(np.exp(rng.normal(0, 0.25)))
    if rng.random() < 0.2:  # clipped ends
        low, high = rng.uniform(0, 0.12, 2)
        light = ((light - low) / (1 - low - high)).astype(np.float32)
    if rng.random() < 0.25:  # flat
        low, high = rng.uniform(0, 0.2), rng.uniform(0.7, 1)
        light = (low + (high - low) * light.clip(0, 1)).astype(np.float32)
    if rng.random() < 0.35:
        light = light + _grain(light, rng)
    if rng.random() < 0.05:
        _crease(light, rng)
    if rng.random() < 0.06:
        light, covered = _mounted(light, rng)
        coloured[covered] = 0
    light = light.clip(0, 1)
    if rng.random() < 0.3:
        codes = (light * 255 + 0.5).astype(np.uint8)
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 93))]
        packed = cv2.imencode(".jpg", codes, quality)[1]
        light = np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE), np.float32) / 255
    return (light * 100).astype(np.float32), coloured


def _mixed(photo: color.Array, rng: np.random.Generator) -> color.Array:
    """CIE L* of a photo, mostly as a film or a single channel saw it."""
    if rng.random() < 0.3:
        return color.lightness(photo)
    extremes = [(1, 0, 0), (0, 0, 1), (0, 1, 0), mixes.CHANNELS["orthochromatic"]]
    kind = rng.random()
    if kind < 0.4:
        weights = np.array(extremes[rng.integers(4)], float)
    elif kind < 0.7:
        stocks = list(mixes.CHANNELS.values())
        weights = np.array(stocks[rng.integers(len(stocks))], float)
    else:
        weights = rng.dirichlet((0.7, 0.7, 0.7))
    weights /= weights.sum()
    if rng.random() < 0.5:
        return color.lightness(color.spread(mixes.channels(photo, list(weights))))
    linear = mixes.channels(color.decode(photo), list(weights))
    return color.lightness(color.spread(color.encode(linear)))


def _field(shape: Sequence[int], rng: np.random.Generator) -> color.Array:
    """A smooth random map (h, w), mean 0, standard deviation about 1."""
    coarse = rng.normal(0, 1, rng.integers(2, 6, 2)).astype(np.float32)
    return cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)


def _grain(light: color.Array, rng: np.random.Generator) -> color.Array:
    grain = rng.standard_normal(light.shape, np.float32)
    if rng.random() < 0.6:
        grain = cv2.GaussianBlur(grain, (0, 0), rng.uniform(0.4, 1.2))
        grain /= grain.std()
    strength = np.exp(rng.uniform(np.log(0.005), np.log(0.08)))
    return grain * np.float32(strength) * (0.3 + 2.8 * light.clip(0, 1) * (1 - light.clip(0, 1)))


def _crease(light: color.Array, rng: np.random.Generator) -> None:
    height, width = light.shape
    for _ in range(rng.integers(1, 5)):
        ends = rng.uniform(0, 1, (rng.integers(2, 4), 2)) * (width, height)
        value = float(rng.choice((rng.uniform(0.8, 1), rng.uniform(0, 0.2))))
        cv2.polylines(light, [ends.astype(np.int32)], False, value, int(rng.integers(1, 3)))


def _mounted(light: color.Array, rng: np.random.Generator) -> tuple[color.Array, color.Array]:
    """The picture with a light or dark mount on some of its sides, and the cells it covers."""
    covered = np.zeros(light.shape, bool)
    for axis in range(4):
        if rng.random() < 0.7:
            width = rng.integers(1, light.shape[0] // CELL // 6) * CELL
            np.rot90(covered, axis)[:width] = True
    shade = rng.uniform(0.8, 1) if rng.random() < 0.6 else rng.uniform(0, 0.15)
    return np.where(covered, np.float32(shade), light), covered[::CELL, ::CELL]


def evidence(ab: color.Array, rng: np.random.Generator) -> color.Array:
    """(h, w, 4) evidence about true a* b* (h, w, 2) at L* = 50: hints, or measured, or both."""
    kind = rng.random()
    count = round(100 ** (rng.random() ** 1.5))  # mostly few: the first ones matter most
    if kind < 0.65:
        return hints(ab, count, rng)
    given = measured(ab, rng)
    return marked(given, hints(ab, int(rng.integers(1, 10)), rng)) if kind > 0.9 else given


def marked(given: color.Array, drawn: color.Array) -> color.Array:
    """Evidence (h, w, 4) with a person's over it."""
    return np.where(drawn[..., 3:] > 0, drawn, given)


def hints(ab: color.Array, count: int, rng: np.random.Generator) -> color.Array:
    """(h, w, 4) evidence of a person who marks `count` places with their colour at L* = 50."""
    height, width = ab.shape[:2]
    marked = np.zeros((height, width, 4), np.float32)
    for _ in range(count):
        y, x = int(rng.integers(height)), int(rng.integers(width))
        reach = int(rng.integers(0, 2))
        around = slice(max(y - reach, 0), y + reach + 1), slice(max(x - reach, 0), x + reach + 1)
        shade = ab[around].mean((0, 1)) + rng.normal(0, 1.5, 2)
        if rng.random() < 0.25:  # a stroke, within the object
            stroke = np.zeros((height, width), np.uint8)
            end = int(x + rng.normal(0, 6)), int(y + rng.normal(0, 6))
            cv2.line(stroke, (x, y), end, 1, 1)
            alike = np.hypot(*np.moveaxis(ab - shade, -1, 0)) < 10
            place: tuple[slice, slice] | color.Array = (stroke > 0) & alike
        else:
            place = around
        marked[place] = (*shade, 1, 1)
    return marked


def measured(ab: color.Array, rng: np.random.Generator) -> color.Array:
    """(h, w, 4) evidence as light or dyes leave it: blurred, wrong by as much as it says.

    An honest estimate: the mean and the share of the variance known that a Gaussian posterior
    would have, its error smooth and partly the same all over the photo.
    """
    shape = ab.shape[:2]
    soft = cv2.GaussianBlur(ab, (0, 0), float(np.exp(rng.uniform(np.log(0.4), np.log(4)))))
    sure: color.Array = rng.uniform(0.05, 0.95) + rng.uniform(0, 0.4) * _field(shape, rng)
    if rng.random() < 0.4:  # an uninformative part: full channels, another lamp
        sure *= _field(shape, rng) <= rng.uniform(-0.5, 1.2)
    sure = sure.clip(0, 0.97)[..., None].astype(np.float32)
    smooth = np.stack([_field(shape, rng) for _ in range(2)], -1)
    error = 0.75 * smooth + 0.6 * rng.normal(0, 1, 2) + 0.3 * rng.normal(0, 1, ab.shape)
    off = np.sqrt(sure * (1 - sure)) * DEVIATION * error
    estimate = AVERAGE + sure * (soft - AVERAGE) + off
    return np.concatenate([estimate, sure, np.zeros_like(sure)], -1).astype(np.float32)
