"""Denoise by shrinking the small coefficients of overlapping cosine blocks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from restore import color
from restore.analysis.noise import OPPONENT, Noise, cosines
from restore.image.photo import Window

THRESHOLD = 2.7
"""Coefficients below this many standard deviations of the noise count as noise."""
AT_ONCE = 512
"""Blocks processed at once: they stay in the processor's cache."""
TOGETHER = 64
"""Blocks in one matrix product; with more, BLAS would start threads of its own."""


def shrink(
    pixels: color.Array, window: Window, noise: Noise, strength: NDArray[np.float32]
) -> color.Array:
    """Denoise a tile's pixels, (h, w, 3) sRGB-encoded.

    The tile is cut into blocks in `noise.side` shifted ways. In each block the coefficients that
    are below the threshold become 0; the results are averaged, with more weight on calm blocks
    (Yu and Sapiro, "DCT image denoising", IPOL 2011, doi:10.5201/ipol.2011.ys-dct. All side²
    shifts, as there, gain another 0.3 dB in 8 times the time). The blocks are on a grid of the
    whole picture, so only the outer `noise.side` pixels of a tile depend on the tiling.

    Parameters
    ----------
    strength
        (3,) factors on the thresholds of luminance, red-blue, green-magenta; 0 changes nothing.
    """
    import cv2

    side = noise.side
    above, below = side * (window.top == 0), side * (window.top + window.height == window.size[0])
    before, after = side * (window.left == 0), side * (window.left + window.width == window.size[1])
    opponent = cv2.copyMakeBorder(
        cv2.transform(pixels, OPPONENT), above, below, before, after, cv2.BORDER_REFLECT
    )
    planes = cv2.split(opponent)
    height, width = planes[0].shape
    top, left = (above - window.top) % side, (before - window.left) % side

    size = side * side
    lines = max(1, AT_ONCE // max(width // side, 1))  # rows of blocks
    groups = -(-lines * (width // side) // TOGETHER)
    forward, backward = np.ascontiguousarray(cosines(side).T), cosines(side)
    blocks, coefficients, kept = (np.zeros((groups * TOGETHER, size), np.float32) for _ in range(3))
    table = noise.spectrum * (np.float32(THRESHOLD) * strength[:, None])
    table[:, 0] = -1  # the mean of a block always stays, even if the noise is 0
    brightness = noise.brightness * np.float32(side * np.sqrt(3))
    count = np.ones(size, np.float32)
    active = [c for c in range(3) if strength[c] > 0 and noise.level[:, c].max() > 1e-6]

    weights = [np.full_like(plane, 1e-6) for plane in planes]
    sums = [plane * np.float32(1e-6) for plane in planes]
    for shift in range(side):
        start = (left + 3 * shift) % side
        wide = max(width - start, 0) // side
        for row in range((top + shift) % side, height - side + 1, lines * side):
            tall = min(lines, (height - row) // side)
            part = slice(row, row + tall * side), slice(start, start + wide * side)
            shape = tall, side, wide, side
            place = blocks[: tall * wide].reshape(tall, wide, side, side)
            place[...] = planes[0][part].reshape(shape).transpose(0, 2, 1, 3)
            mean = blocks @ forward[:, 0]
            for channel in active:
                place[...] = planes[channel][part].reshape(shape).transpose(0, 2, 1, 3)
                _multiply(blocks, forward, coefficients)
                level = np.interp(mean, brightness, noise.level[:, channel]).astype(np.float32)
                np.multiply(level[:, None], table[channel], out=kept)
                np.abs(coefficients, out=blocks)
                np.greater_equal(blocks, kept, out=kept, casting="unsafe")
                np.multiply(coefficients, kept, out=coefficients)
                weight = 1 / (kept @ count)
                _multiply(coefficients, backward, blocks)
                blocks *= weight[:, None]
                total = sums[channel][part].reshape(shape)
                total += place.transpose(0, 2, 1, 3)
                total = weights[channel][part].reshape(shape)
                total += weight[: tall * wide].reshape(tall, 1, wide, 1)
    for total, weight in zip(sums, weights, strict=True):
        total /= weight
    inner = slice(above, height - below), slice(before, width - after)
    return cv2.transform(cv2.merge(sums)[inner], OPPONENT.T)


def _multiply(
    blocks: NDArray[np.float32], matrix: NDArray[np.float32], out: NDArray[np.float32]
) -> None:
    """Each block (a row) times a matrix, `TOGETHER` at a time."""
    shape = (-1, TOGETHER, blocks.shape[1])
    np.matmul(blocks.reshape(shape), matrix, out=out.reshape(shape))
