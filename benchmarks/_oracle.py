"""Bounds: what a method of our kind reaches that is told a part of the truth."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from restore import color
from restore.simulate import Lit
from restore.simulate.folder import reduced
from restore.simulate.light import ccm, constants, led


def affine_density(faded: color.Array, truth: color.Array) -> color.Array:
    """The photo through the best gain and shift of each channel's density, with the truth known.

    Six numbers, least squares of CIE Lab over 1500 pixels. Both (h, w, 3) sRGB-encoded.
    """
    from scipy.optimize import least_squares

    pick = np.random.default_rng(0).permutation(faded[..., 0].size)[:1500]
    density = color.to_density(faded)
    seen, wanted = density.reshape(-1, 3)[pick], color.to_density(truth).reshape(-1, 3)[pick]
    lab = color.to_lab(truth.reshape(-1, 3)[pick])

    def applied(numbers: NDArray[np.float64], densities: color.Array) -> color.Array:
        moved = densities * np.exp(numbers[:3]).astype(np.float32)
        return color.from_density(np.maximum(moved + numbers[3:].astype(np.float32), 0))

    gain = wanted.std(0) / np.maximum(seen.std(0), 1e-3)
    start = np.concatenate([np.log(gain), wanted.mean(0) - gain * seen.mean(0)])
    fitted = least_squares(
        lambda numbers: (color.to_lab(applied(numbers, seen)) - lab).ravel(),
        start,
        loss="soft_l1",
        diff_step=1e-3,
        max_nfev=25,
    )
    return applied(fitted.x, density)


def light_known(shot: Lit, lightness: color.Array, camera: bool, side: int = 64) -> color.Array:
    """(h, w, 2) a* b*: the posterior mean over a palette of natural colours, light maps known.

    The camera is not known: the mean matrices stand for it. Pixels are compared with each colour
    of the palette under the true mixture of lamps; saturated channels do not count.

    Parameters
    ----------
    shot
        The simulated photo with its light maps.
    lightness
        (h, w) L* that the result will have.
    camera
        Look at the camera's channels, or at its JPEG.
    """
    linear = shot.camera if camera else color.decode(shot.srgb / np.float32(255))
    full = (shot.camera > 0.97) if camera else (shot.srgb > 251)
    weight = 1 - full.astype(np.float32) + np.float32(1e-3)
    y = reduced(linear * weight, side) / reduced(weight, side)
    open_ = reduced(weight, side)
    lights = np.stack([reduced(light, side) for light in shot.lights], -1)
    matrices = np.stack([led(lamp.led) for lamp in shot.lamps])
    if not camera:
        matrices = ccm() @ matrices

    prior = constants()["hue_prior"]
    palette = np.array(prior["palette_grid10"], np.float32)
    lab = np.concatenate([np.full((len(palette), 1), 50, np.float32), palette[:, :2]], 1)
    natural = color.lab_to_linear(lab)
    natural /= (natural @ color.LUMA)[:, None]  # of luminance 1
    mixed = np.tensordot(lights, matrices, 1)
    expected = natural @ mixed.swapaxes(-1, -2)
    top = expected.max(-1, keepdims=True)
    expected /= np.maximum(top, 1e-6)

    scale = y.max(-1)[..., None, None]
    kappa = 0.04 if camera else 0.06
    variance = (0.08 * scale * expected) ** 2 + (kappa * scale) ** 2 + 1e-5
    variance += ((1 - open_)[..., None, :] > 0.5) * np.float32(1e3)
    t = (y[:, :, None] * expected / variance).sum(-1) / (expected**2 / variance).sum(-1)
    chi2 = ((y[:, :, None] - t[..., None] * expected) ** 2 / variance).sum(-1)
    logp = np.log(palette[:, 2]) - 3.5 * np.log1p(chi2 / 5) - 0.5 * np.log(variance).sum(-1)
    p = np.exp(logp - logp.max(-1, keepdims=True))
    ab = (p @ palette[:, :2]) / p.sum(-1, keepdims=True)
    height, width = lightness.shape
    ab = cv2.resize(ab.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    return ab * (lightness[..., None] + 16) / 66
