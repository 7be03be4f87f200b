"""Sound photos as varied as people take them, and the three kinds of damage drawn widely.

All take and give (h, w, 3) float32 sRGB-encoded 0 … 1 and draw from the generator they are given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from restore import color
from restore.simulate import fade, light
from restore.simulate.fading import STRONG, Kind
from restore.simulate.folder import jpeg
from restore.simulate.light import Lamp
from restore.simulate.spectra import LEDS

Draw = Callable[[color.Array, np.random.Generator], color.Array]
NARROW = ("royal450", "blue465", "cyan500", "green525", "amber590", "red625", "deep660")
WHITES = ("whiteB3", "whiteB5", "tungsten")
LEAST = 7.0
"""Mean CIEDE2000 from the photo below which a simulated fade is too slight to be called faded."""


def smooth(shape: tuple[int, ...], rng: np.random.Generator, size: float) -> color.Array:
    """(h, w) a smooth random field, mean 0, deviation 1; `size` of its blobs in long sides."""
    noise = rng.standard_normal(shape[:2]).astype(np.float32)
    field = cv2.GaussianBlur(noise, (0, 0), size * max(shape[:2]))
    return (field - field.mean()) / max(float(field.std()), 1e-6)


def ramp(shape: tuple[int, ...], rng: np.random.Generator) -> color.Array:
    """(h, w, 1) from 0 at the bottom to 1 at the top, uneven."""
    down = np.linspace(1, 0, shape[0], dtype=np.float32)[:, None] ** np.float32(rng.uniform(0.5, 2))
    return (down + np.float32(0.15) * smooth(shape, rng, 0.1)).clip(0, 1)[..., None]


def recorded(srgb: color.Array, rng: np.random.Generator) -> color.Array:
    """The photo after JPEG compression."""
    return shown(jpeg(srgb, int(rng.integers(80, 99))))


def shown(codes: NDArray[np.uint8]) -> color.Array:
    """8-bit codes as values 0 … 1."""
    return codes.astype(np.float32) / np.float32(255)


def balanced(srgb: color.Array, rng: np.random.Generator, error: float) -> color.Array:
    """With another white balance, and more or less exposed."""
    gains = np.exp(error * rng.standard_normal(3)) * 2 ** rng.normal(0, 0.3)
    return color.encode(color.decode(srgb) * gains.astype(np.float32)).clip(0, 1)


def plain(photo: color.Array, rng: np.random.Generator) -> color.Array:
    """As it was taken, a little more or less colourful."""
    lab = color.to_lab(balanced(photo, rng, 0.04 if rng.random() < 0.85 else 0.12))
    lab[..., 1:] *= np.float32(rng.uniform(0.4, 1.2))
    return color.from_lab(lab).clip(0, 1)


def high_key(photo: color.Array, rng: np.random.Generator) -> color.Array:
    """Bright all over, on white."""
    veil = np.float32(rng.uniform(0, 0.35))
    return 1 - (1 - photo).clip(0) ** np.float32(rng.uniform(1.3, 3)) * (1 - veil)


def mist(photo: color.Array, rng: np.random.Generator) -> color.Array:
    """Airlight, more of it further away; objects near the bottom keep their blacks."""
    through = np.exp(-np.float32(rng.uniform(0.8, 3.5)) * ramp(photo.shape, rng))
    air = rng.uniform(0.35, 0.9) * np.exp(rng.normal(0, 0.05, 3))
    return color.encode(color.decode(photo) * through + air.astype(np.float32) * (1 - through))


def night(photo: color.Array, rng: np.random.Generator) -> color.Array:
    """Dark, with lights in it, most of them warm."""
    gains = 2.0 ** -rng.uniform(1.5, 5) * np.exp(rng.normal((0.25, 0, -0.3), 0.25))
    linear = color.decode(photo) * gains.astype(np.float32)
    for _ in range(rng.integers(2, 20)):
        spot = np.zeros(photo.shape[:2], np.float32)
        place = rng.uniform(0, 1, 2) * photo.shape[1::-1]
        cv2.circle(spot, place.astype(int).tolist(), int(rng.integers(1, 6)), 1.0, -1)
        spot += cv2.GaussianBlur(spot, (0, 0), rng.uniform(2, 15)) * np.float32(0.8)
        hue = np.exp(rng.normal((0.2, 0, -0.4), 0.3)).astype(np.float32)
        linear += spot[..., None] * hue
    return color.encode(linear)


def sunset(photo: color.Array, rng: np.random.Generator) -> color.Array:
    """Red to yellow light that changes over the sky, dark ground."""
    low = np.array([rng.uniform(1.2, 2.2), rng.uniform(0.6, 0.95), rng.uniform(0.2, 0.6)])
    high = np.array([rng.uniform(0.7, 1.4), rng.uniform(0.6, 1), rng.uniform(0.5, 1.3)])
    share = ramp(photo.shape, rng)
    linear = color.decode(photo) ** np.float32(rng.uniform(1, 1.8))
    return color.encode(linear * (low * (1 - share) + high * share).astype(np.float32))


def underwater(photo: color.Array, rng: np.random.Generator) -> color.Array:
    """Red is lost with distance, and blue or green light comes in."""
    away = rng.uniform(0.2, 1) + rng.uniform(0.3, 1.5) * ramp(photo.shape, rng)
    loss = np.exp(-away * np.array([rng.uniform(0.8, 2.2), rng.uniform(0.1, 0.5), 0.2]))
    water = np.array([rng.uniform(0, 0.1), rng.uniform(0.15, 0.5), rng.uniform(0.25, 0.6)])
    return color.encode((color.decode(photo) * loss + water * (1 - loss)).astype(np.float32))


def white_stage(photo: color.Array, rng: np.random.Generator) -> color.Array:
    """A dark hall under white lamps."""
    lamp = Lamp(WHITES[rng.integers(2)], rng.uniform(0, 360))
    return shown(light(hall(photo, rng), [lamp], seed=int(rng.integers(2**31))).srgb)


SOUND: Mapping[Draw, float] = {
    plain: 0.56,
    high_key: 0.09,
    mist: 0.1,
    night: 0.1,
    sunset: 0.08,
    underwater: 0.02,
    white_stage: 0.05,
}
"""Ways to take a sound photo, with their shares."""


def sound(photo: color.Array, rng: np.random.Generator) -> color.Array:
    """A sound photo of any sort."""
    ways = list(SOUND)
    way = ways[rng.choice(len(ways), p=list(SOUND.values()))]
    taken = photo if way is plain and rng.random() < 0.5 else way(photo, rng)
    return recorded(taken.clip(0, 1), rng)


def hall(photo: color.Array, rng: np.random.Generator) -> color.Array:
    """The photo as lit parts of a dark place, with haze in some."""
    seen = color.decode(photo)
    if rng.random() < 0.7:
        lit = 1 / (1 + np.exp(-2 * (smooth(photo.shape, rng, 0.12) + rng.uniform(-1, 1.5))))
        seen = seen * lit[..., None] ** np.float32(rng.uniform(1, 3))
    if rng.random() < 0.5:
        haze = (smooth(photo.shape, rng, 0.1) * 0.5 + 0.5).clip(0) * rng.uniform(0.02, 0.5)
        seen = seen * np.float32(rng.uniform(0.3, 1)) + haze[..., None].astype(np.float32)
    return color.encode(seen).clip(0, 1)


def lamps(photo: color.Array, rng: np.random.Generator) -> color.Array:
    """Under one to three lamps, at least one of them of one colour."""
    kinds = [NARROW[rng.integers(len(NARROW))]]
    more = rng.integers(10, size=rng.choice(3, p=[0.4, 0.45, 0.15]))
    kinds += [(NARROW + WHITES)[number] for number in more]
    scene = [Lamp(kind, rng.uniform(0, 360), rng.uniform(0.4, 1)) for kind in kinds]
    lit = light(
        hall(photo, rng),
        scene,
        seed=int(rng.integers(2**31)),
        exposure=rng.uniform(-1.5, 1.8),
        shading=rng.uniform(0, 0.8),
        other=rng.random() < 0.1 and LEDS.keys() >= set(kinds),
        quality=int(rng.integers(80, 99)),
    )
    seen = shown(lit.srgb)
    for _ in range(rng.integers(4) if rng.random() < 0.5 else 0):
        spot = np.zeros(photo.shape[:2], np.float32)
        place = rng.uniform(0, 1, 2) * photo.shape[1::-1]
        cv2.circle(spot, place.astype(int).tolist(), int(rng.integers(2, 10)), 1.0, -1)
        spot = cv2.GaussianBlur(spot, (0, 0), rng.uniform(1, 6))[..., None]
        seen = seen + (1 - seen) * spot
    lab = color.to_lab(seen)
    lab[..., 1:] *= np.float32(rng.uniform(0.7, 1.1))  # as photographers tone such photos
    return color.from_lab(lab).clip(0, 1)


def faded(photo: color.Array, rng: np.random.Generator) -> color.Array:
    """Dyes lost by any share, stain, flare, dark slides, bent layers, and a scanner's exposure."""
    if rng.random() < 0.35:
        strong = list(STRONG.values())[rng.integers(len(STRONG))]
        film = fade(photo, strong, seed=int(rng.integers(2**31)), other=rng.random() < 0.3)
        return recorded(film.fine.clip(0, 1), rng)
    while True:
        loss = rng.uniform(0, 0.35, 3)
        worst = rng.integers(3) if rng.random() < 0.75 else slice(None)
        loss[worst] = rng.uniform(0.35, 0.92)
        if rng.random() < 0.4:
            loss[rng.integers(3)] = rng.uniform(0.3, 0.85)
        stain = rng.exponential(0.06, 3) * (0.4, 0.8, 1.4)
        place = rng.choice(["even", "even", "ramp", "mount"])
        kind = Kind(tuple(loss), tuple(stain), rng.uniform(0.002, 0.05), str(place))
        seed = int(rng.integers(2**31))
        scan = fade(photo, kind, seed=seed, other=rng.random() < 0.5).fine.clip(0, 1)
        density = color.to_density(scan)
        if rng.random() < 0.6:
            density = density ** np.exp(rng.normal(0, 0.12, 3)).astype(np.float32)
        if rng.random() < 0.35:  # a dark slide
            density = density * np.float32(rng.uniform(1, 1.5)) + np.float32(rng.uniform(0, 0.9))
        linear = 10**-density
        flare = np.float32(rng.exponential(0.004))
        linear = linear + flare * np.exp(rng.normal(0, 0.5, 3)).astype(np.float32)
        if rng.random() < 0.5:
            top = np.percentile(linear.max(-1), 99.5)
            linear *= np.float32(rng.uniform(0.3, 1)) / max(float(top), 1e-4)
        scan = color.encode(linear).clip(0, 1)
        if float(color.delta_e(photo, scan).mean()) > LEAST:
            return recorded(scan, rng)


def grey(photo: color.Array, rng: np.random.Generator) -> color.Array:
    """Black and white, clean or toned, yellowed, stained; with the chroma noise of a JPEG."""
    weights = rng.dirichlet([2, 3, 1.5])
    values = (photo @ weights.astype(np.float32))[..., None]
    low, high = rng.uniform(0, 0.25) ** 1.5, 1 - rng.uniform(0, 0.4) ** 1.5
    values = np.float32(low) + np.float32(high - low) * values ** np.float32(rng.uniform(0.6, 1.6))
    lab = color.to_lab(np.repeat(values, 3, -1).clip(0, 1))
    if rng.random() < 0.6:
        strength = rng.choice([3, 14]) * rng.uniform(0.3, 1.7)
        hue = rng.normal(70, 18) if rng.random() < 0.85 else rng.uniform(0, 360)
        tint = strength * np.array([np.cos(np.radians(hue)), np.sin(np.radians(hue))])
        bend = 1 - rng.uniform(0, 0.8) * np.abs(lab[..., :1] / 50 - rng.uniform(0.4, 1.4))
        lab[..., 1:] += (tint * bend).astype(np.float32)
    if rng.random() < 0.3:
        stain = smooth(photo.shape, rng, rng.uniform(0.03, 0.2)).clip(-0.3)[..., None]
        lab[..., 1:] += stain * (rng.normal(0.3, 0.3), rng.uniform(0.3, 2.5))
    if rng.random() < 0.2:
        lab[..., 1:] += rng.uniform(0.5, 3) * np.dstack(
            [cv2.GaussianBlur(rng.standard_normal(photo.shape[:2]), (0, 0), 1.5) for _ in "ab"]
        )
    return recorded(color.from_lab(lab.astype(np.float32)).clip(0, 1), rng)


DRAWN: Mapping[str, Draw] = {"sound": sound, "lamps": lamps, "faded": faded, "grey": grey}
"""How a photo of each kind is made of a sound one."""
