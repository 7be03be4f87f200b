"""Measures of colours over time: flicker along motion, and the distributions' own steadiness."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from restore.color import Array

SIDE = 448
"""Long side in pixels of the pictures that are measured."""
DILATIONS = (1, 2, 4)


class Motion:
    """True motion between neighbouring frames, by DIS at its finest on the true film's luma."""

    def __init__(self) -> None:
        self.dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        self.dis.setFinestScale(0)
        self.dis.setGradientDescentIterations(40)

    def seen(self, before: Array, now: Array) -> tuple[Array, Array]:
        """Places (h, w, 2) of this frame's pixels in the one before; where they are seen there.

        Lai et al. 2018 (arXiv 1808.00449): consistent both ways, and no boundary of motion
        (Ruder et al. 2016, arXiv 1604.08610).
        """
        back, forth = self.dis.calc(now, before, None), self.dis.calc(before, now, None)
        places = back.copy()
        places[..., 0] += np.arange(now.shape[1])
        places[..., 1] += np.arange(now.shape[0])[:, None]
        returned = back + cv2.remap(forth, places, None, cv2.INTER_LINEAR)
        power = (back**2).sum(-1)
        seen = (returned**2).sum(-1) < 0.01 * (power + ((returned - back) ** 2).sum(-1)) + 0.5
        slopes = sum(
            cv2.Sobel(np.ascontiguousarray(back[..., k]), cv2.CV_32F, *way, ksize=1, scale=0.5) ** 2
            for k in (0, 1)
            for way in ((1, 0), (0, 1))
        )
        x, y = places[..., 0], places[..., 1]
        seen &= (slopes < 0.01 * power + 0.002) & (x >= 0) & (y >= 0)
        return places, seen & (x < now.shape[1] - 1) & (y < now.shape[0] - 1)


def warp_error(
    motion: Motion, light: Sequence[Array], ab: Sequence[Array], cuts: Sequence[int] = ()
) -> tuple[float, float]:
    """Flicker of a* b* along motion: Lai's mean square, and the mean distance, in Lab units.

    Parameters
    ----------
    light
        (h, w) uint8 luma of the true frames.
    ab
        (h, w, 2) of the result.
    cuts
        Frames with which a new shot begins: they are left out.
    """
    squares, distances = [], []
    for number in range(1, len(ab)):
        if number in cuts:
            continue
        places, seen = motion.seen(light[number - 1], light[number])
        if not seen.any():
            continue
        off = ab[number] - cv2.remap(ab[number - 1], places, None, cv2.INTER_LINEAR)
        square = (off**2).sum(-1)[seen]
        squares.append(float(square.mean()))
        distances.append(float(np.sqrt(square).mean()))
    return float(np.mean(squares)), float(np.mean(distances))


def consistency(frames: Sequence[Array], cuts: Sequence[int] = ()) -> float:
    """Colour-distribution consistency (CDC; Liu et al. 2021, arXiv 2110.04562), times 1000.

    The Jensen-Shannon divergence of the channels' histograms of frames 1, 2 and 4 apart.

    Parameters
    ----------
    frames
        (h, w, 3) encoded RGB 0 … 1. They are dithered by a code: evenly coloured grey of 8 bits has
        a comb of codes, which measures motion, not colour.
    """
    shares, random = [], np.random.default_rng(0)
    for frame in frames:
        dithered = frame * 255 + random.triangular(-1, 0, 1, frame.shape)
        codes = (dithered + 0.5).clip(0, 255).astype(np.uint8)
        counts = [np.bincount(codes[..., k].ravel(), minlength=256) for k in range(3)]
        shares.append(np.array(counts) / codes[..., 0].size)
    values = []
    for apart in DILATIONS:
        pairs = [
            _divergence(shares[n], shares[n + apart])
            for n in range(len(shares) - apart)
            if not any(n < cut <= n + apart for cut in cuts)
        ]
        if pairs:
            values.append(np.mean(pairs))
    return 1000 * float(np.mean(values))


def _divergence(one: Array, other: Array) -> float:
    middle = (one + other) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [np.where(p > 0, p * np.log2(p / middle), 0).sum(-1) for p in (one, other)]
    return float(np.mean(parts))
