"""Other lamps, surfaces and cameras than the constants: the stricter variant of `light`.

Nothing here comes from the estimators' constants. A surface's spectrum is made from its sRGB colour
(Jakob, Hanika 2019: a sigmoid of a quadratic in the wavelength); a lamp's peak and width vary from
one maker to the next; a camera is three bells with leaks, drawn anew, with a colour matrix fitted
for it and a white-balance error. All spectra run from 380 to 780 nm in steps of 5 nm.

References
----------
Jakob, Hanika, "A low-dimensional function space for efficient spectral upsampling", Computer
Graphics Forum 38/2 (2019). Wyman, Sloan, Shirley, "Simple analytic approximations to the CIE XYZ
color matching functions", JCGT 2/2 (2013). CIE 15:2004, table T.1 (D65).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from restore import color

Spectra = NDArray[np.float64]
Response = Callable[[color.Array], color.Array]

WAVES = np.arange(380.0, 781.0, 5.0)
"""Wavelengths in nm."""

GRID = 17
"""Steps per axis of the table of surfaces, even in sRGB-encoded values."""

LEDS = {
    "royal450": (450, 20),
    "blue465": (465, 25),
    "cyan500": (500, 30),
    "green525": (525, 33),
    "amber590": (590, 16),
    "red625": (625, 20),
}
"""Peak and full width at half maximum of single-colour LEDs in nm."""
WHITES = {"whiteB3": (0.95, 578), "whiteB5": (1.7, 557)}
"""White LEDs: height of the blue peak to the phosphor's, and the phosphor's peak in nm."""

# 380 … 780 nm in steps of 10 nm; by definition, interpolate linearly.
_D65 = (
    "49.98 54.65 82.75 91.49 93.43 86.68 104.87 117.01 117.81 114.86 115.92 108.81 109.35 107.80 "
    "104.79 107.69 104.41 104.05 100.00 96.33 95.79 88.69 90.01 89.60 87.70 83.29 83.70 80.03 "
    "80.21 82.28 78.28 69.72 71.61 74.35 61.60 69.89 75.09 63.59 46.42 66.81 63.38"
)


def setup(
    leds: Sequence[str], rng: np.random.Generator
) -> tuple[list[Response], color.Array, color.Array]:
    """A drawn camera before a scene under drawn lamps.

    Returns
    -------
    For each lamp the function from linear sRGB (…, 3) to the camera's D65-balanced channels, scaled
    so that the brightest channel of a white surface has 1; the camera's (3, 3) colour matrix to
    linear sRGB; the (3,) factors of its white-balance error.
    """
    sensors = camera(rng)
    responses = [response(lamp(name, rng), sensors) for name in leds]
    balance = np.exp(0.06 * rng.standard_normal(3)).astype(np.float32)
    return responses, colour_matrix(sensors), balance


def camera(rng: np.random.Generator) -> Spectra:
    """(81, 3) sensitivities of a drawn camera, scaled so that D65 white gives (1, 1, 1)."""
    peaks = np.array([600, 531, 459]) + np.array([6, 5, 5]) * rng.standard_normal(3)
    widths = np.array([68, 88, 66]) * np.exp(0.07 * rng.standard_normal(3))
    bells = np.stack([bell(*pair) for pair in zip(peaks, widths, strict=True)], 1)
    leak = np.exp(0.3 * rng.standard_normal((3, 3))) * np.array(
        [[1, 0.06, 0.02], [0.03, 1, 0.07], [0.008, 0.08, 1]]
    )
    passed = 1 / (1 + np.exp((WAVES - 672) / 8)) / (1 + np.exp((408 - WAVES) / 5))
    sensors = (bells @ leak.T + 0.008 * rng.random(3)) * passed[:, None]
    return sensors / (daylight() @ sensors)


def lamp(name: str, rng: np.random.Generator) -> Spectra:
    """(81,) spectrum of a LED as one of its makers builds it."""
    if name in WHITES:
        blue, phosphor = WHITES[name]
        peak = bell(451 + 4 * rng.standard_normal(), 22)
        return blue * np.exp(0.15 * rng.standard_normal()) * peak + bell(
            phosphor + 6 * rng.standard_normal(), 125
        )
    centre, width = LEDS[name]
    return bell(centre + 3 * rng.standard_normal(), width * np.exp(0.1 * rng.standard_normal()))


def colour_matrix(sensors: Spectra) -> color.Array:
    """(3, 3) camera to linear sRGB: least squares over paler surfaces, exact for white."""
    linear, spectra = surfaces()
    chroma = np.hypot(*np.moveaxis(color.to_lab(color.encode(linear)), -1, 0)[1:])
    weight = (1 / (1 + (chroma / 30) ** 2))[:, None]
    seen = (spectra * daylight()) @ sensors
    rest, target = seen[:, :2] - seen[:, 2:], linear - seen[:, 2:]  # rows that sum to 1
    fitted = np.linalg.lstsq(rest * weight, target * weight, rcond=None)[0]
    return np.vstack([fitted, 1 - fitted.sum(0)]).T.astype(np.float32)


def bell(centre: float, width: float) -> Spectra:
    """(81,) a bell of height 1 with the full width at half maximum `width`, both in nm."""
    return np.exp(-4 * np.log(2) * ((WAVES - centre) / width) ** 2)


@cache
def daylight() -> Spectra:
    """(81,) CIE D65."""
    return np.interp(WAVES, np.arange(380, 781, 10), np.array(_D65.split(), float))


@cache
def observer() -> Spectra:
    """(81, 3) from a reflectance to linear sRGB under D65; a perfect white gives (1, 1, 1)."""

    def lobe(centre: float, left: float, right: float) -> Spectra:
        return np.exp(-0.5 * ((WAVES - centre) / np.where(centre > WAVES, left, right)) ** 2)

    x = (
        1.056 * lobe(599.8, 37.9, 31)
        + 0.362 * lobe(442, 16, 26.7)
        - 0.065 * lobe(501.1, 20.4, 26.2)
    )
    y = 0.821 * lobe(568.8, 46.9, 40.5) + 0.286 * lobe(530.9, 16.3, 31.1)
    z = 1.217 * lobe(437, 11.8, 36) + 0.681 * lobe(459, 26, 13.8)
    xyz = np.stack([x, y, z], 1) * daylight()[:, None]
    xyz *= color.WHITE / xyz.sum(0)
    return xyz @ np.linalg.inv(color.RGB_TO_XYZ).T


@cache
def surfaces() -> tuple[NDArray[np.float64], Spectra]:
    """The table of surfaces: (4913, 3) linear sRGB, and (4913, 81) reflectances 0 … 1.

    Fitted by damped Gauss-Newton steps on cube roots, from grey outwards, so that each fit begins
    near its solution. The gamut's corners have no such spectrum and get the nearest one.
    """
    axis = np.linspace(0, 1, GRID)
    wanted = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(-1, 3)
    linear = color.decode(wanted).astype(np.float64)
    inner = linear.clip(0.002, 0.998)
    grey = inner.mean(1)
    t = (WAVES - 580) / 200
    powers = np.stack([t * t, t, np.ones_like(t)])
    coefficients = np.zeros((len(inner), 3))
    coefficients[:, 2] = (grey - 0.5) / np.sqrt(grey * (1 - grey))
    for share in np.linspace(0, 1, 13)[1:]:
        target = np.cbrt(grey[:, None] + share * (inner - grey[:, None]))
        for _ in range(4 if share < 1 else 12):
            inside = coefficients @ powers
            root = np.sqrt(1 + inside * inside)
            seen = (0.5 + inside / (2 * root)) @ observer()
            slope = 1 / (3 * np.cbrt(np.maximum(seen, 1e-4)) ** 2)
            jacobian = np.einsum("nw,pw,wk->nkp", 0.5 / root**3, powers, observer(), optimize=True)
            jacobian *= slope[..., None]
            wrong = target - np.cbrt(np.maximum(seen, 1e-4))
            square = jacobian.transpose(0, 2, 1) @ jacobian
            square += 1e-6 * np.eye(3)
            step = np.linalg.solve(square, jacobian.transpose(0, 2, 1) @ wrong[..., None])[..., 0]
            length = np.linalg.norm(step, axis=1, keepdims=True)
            coefficients += step * np.minimum(1, 3 / np.maximum(length, 1e-9))
    inside = coefficients @ powers
    return linear, 0.5 + inside / (2 * np.sqrt(1 + inside * inside))


def response(spectrum: Spectra, sensors: Spectra) -> Response:
    """From linear sRGB (…, 3) to the camera under a lamp, interpolated in the table of surfaces."""
    table = (surfaces()[1] * spectrum) @ sensors
    table = (table / table[-1].max()).astype(np.float32).reshape(GRID, GRID, GRID, 3)

    def response(linear: color.Array) -> color.Array:
        place = color.encode(linear).clip(0, 1) * np.float32(GRID - 1)
        cell = np.minimum(place.astype(np.intp), GRID - 2)
        after = place - cell
        total = np.zeros_like(place)
        for corner in np.ndindex(2, 2, 2):
            share = np.where(np.array(corner, bool), after, 1 - after).prod(-1, keepdims=True)
            total += share * table[tuple(np.moveaxis(cell + corner, -1, 0))]
        return total

    return response
