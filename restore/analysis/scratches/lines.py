"""Find thin, nearly straight, even interrupted lines in a picture of about a megapixel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from restore import color

ROWS = 16
"""Rows of a strip: a line is a chain of straight pieces, one per strip."""
SLOPES = np.arange(-ROWS, ROWS + 1)
"""Columns a piece moves across a strip; flatter lines are found in the turned picture."""
CLIP = 2.0
"""Largest evidence of one row, in spreads of its surroundings: a bright spot is not a line."""
MOST, LEAST = 3.0, 1.2
"""Largest evidence of a strip, and the evidence above which it counts for a line."""
BEND, JUMP = 0.6, 0.3
"""Cost of a bend by one column per strip, and of a jump by one column."""
FLOOR = 0.006
"""Encoded contrast that always counts as ordinary: noise of a good scan."""
AROUND = 25
"""Side of the square whose ordinary contrast a row is measured in."""


@dataclass(frozen=True, eq=False)
class Pieces:
    """Straight pieces of lines that are certain when chained with others.

    Attributes
    ----------
    strip, column, slope, dark
        (n,) int: which strip, the column at its first row, columns moved on over it, 0 or 1.
    """

    strip: NDArray[np.intp]
    column: NDArray[np.intp]
    slope: NDArray[np.intp]
    dark: NDArray[np.intp]


def pieces(grey: color.Array, threshold: float) -> Pieces:
    """The pieces of bright and dark lines within 45 degrees of upright.

    The evidence of a piece is how much brighter (darker) it is than both its sides, row by row in
    spreads of its surroundings and summed over a strip, minus that of the ridges of its direction
    around it: grass and hair have little. Pieces are then chained from strip to strip as
    sequences are aligned (Smith-Waterman 1981): evidence for and against a line is summed along the
    best chain above and below, and the sum stays within 0 … `threshold`. A piece is kept if chains
    and piece together exceed `threshold`: so a line continues across an interruption if it is
    certain again beyond, and ends where it ends.

    Parameters
    ----------
    grey
        (h, w) encoded brightness.
    """
    import cv2

    margin = ROWS + 4
    height = len(grey)
    count = -(-height // ROWS)
    wide = cv2.copyMakeBorder(grey, 0, count * ROWS - height, margin, margin, cv2.BORDER_REPLICATE)
    contrast = np.maximum(_contrast(wide, 2), _contrast(wide, 3))
    ridges = np.clip(contrast.max(0), 0, 2.5)
    for slope in range(len(SLOPES)):
        contrast[:, :, slope] -= 2 * cv2.blur(np.ascontiguousarray(ridges[:, slope]), (41, 3))
    fine = contrast.transpose(1, 0, 2, 3)  # strip, bright or dark, slope, column
    contrast = np.minimum(fine, MOST) - np.float32(LEAST)
    before, after = _chained(contrast, threshold)
    total = before + after + contrast
    sure = np.where(total > threshold, total + np.float32(0.01) * fine, 0)  # no two are equal
    best = sure.max(2)
    beside = np.ones((1, 9), np.uint8)
    top = cv2.dilate(best.reshape(-1, wide.shape[1]), beside).reshape(best.shape)
    strip, dark, column = np.nonzero((best > 0) & (best >= top))
    slopes = SLOPES[sure.argmax(2)[strip, dark, column]]
    return Pieces(strip, column - margin, slopes, dark)


def _contrast(wide: color.Array, apart: int) -> color.Array:
    """(2, strips, slopes, columns) how much brighter and darker pieces are than both sides.

    The sides are `apart` columns away. A step up before a column and one down after it is a ridge.
    """
    import cv2

    step = np.zeros_like(wide)
    step[:, :-apart] = wide[:, apart:] - wide[:, :-apart]
    size = np.abs(step)
    usual = size
    for _ in range(2):  # without the lines themselves
        usual = np.minimum(size, 2 * cv2.blur(usual, (AROUND, AROUND)))
    usual = cv2.blur(usual, (AROUND, AROUND))
    rows = np.clip(step / (1.25 * usual + FLOOR), -CLIP, CLIP).astype(np.float32)
    half = _summed(rows.reshape(-1, ROWS // 2, wide.shape[1])) / np.float32(np.sqrt(ROWS))
    half = half.reshape(-1, 2, *half.shape[1:])
    total = np.zeros((len(half), len(SLOPES), wide.shape[1]), np.float32)
    for number, slope in enumerate(SLOPES):  # a piece is two halves (Brady 1998)
        first, second = (half[:, part, slope // 2 + ROWS // 2] for part in (0, 1))
        total[:, number] = first + _moved(second, int(-(-slope // 2)))
    up = np.zeros_like(total)
    up[..., apart:] = total[..., :-apart]
    return np.stack([np.minimum(up, -total), np.minimum(-up, total)])


def _summed(rows: color.Array) -> color.Array:
    """(n, 2 count + 1 slopes, columns) sums of (n, count, columns) rows; slopes -count … count."""
    count = rows.shape[1]
    total = np.zeros((len(rows), 2 * count + 1, rows.shape[2]), np.float32)
    for number in range(2 * count + 1):
        for row in range(count):
            total[:, number] += _moved(rows[:, row], round((number - count) * (row + 0.5) / count))
    return total


def _moved(rows: color.Array, columns: int) -> color.Array:
    """(n, w) rows shifted to show what is `columns` further right; the last column repeats."""
    if columns == 0:
        return rows
    result = np.empty_like(rows)
    if columns > 0:
        result[:, :-columns] = rows[:, columns:]
        result[:, -columns:] = rows[:, -1:]
    else:
        result[:, -columns:] = rows[:, :columns]
        result[:, :-columns] = rows[:, :1]
    return result


def _chained(contrast: color.Array, most: float) -> tuple[color.Array, color.Array]:
    """Evidence of the best chains above and below each piece, 0 … `most`; shaped as `contrast`."""
    import cv2

    strips, _, slopes, columns = contrast.shape
    place = np.arange(columns) - SLOPES[:, None]
    down = (np.arange(slopes)[:, None] * columns + place.clip(0, columns - 1)).ravel()
    place = np.arange(columns) + SLOPES[:, None]
    up = (np.arange(slopes)[:, None] * columns + place.clip(0, columns - 1)).ravel()

    def bent(sums: color.Array) -> color.Array:
        best = sums.copy()
        np.maximum(best[:, 1:], sums[:, :-1] - np.float32(BEND), out=best[:, 1:])
        np.maximum(best[:, :-1], sums[:, 1:] - np.float32(BEND), out=best[:, :-1])
        flat = best.reshape(-1, columns)
        jumped = cv2.dilate(flat, np.ones((1, 3), np.uint8)) - np.float32(JUMP)
        return np.maximum(flat, jumped).reshape(sums.shape)

    def moved(sums: color.Array, index: NDArray[np.intp]) -> color.Array:
        return sums.reshape(2, -1)[:, index].reshape(sums.shape)

    before, after = np.zeros_like(contrast), np.zeros_like(contrast)
    for strip in range(1, strips):
        sums = np.clip(before[strip - 1] + contrast[strip - 1], 0, most)
        before[strip] = np.maximum(bent(moved(sums, down)), 0)
    for strip in range(strips - 2, -1, -1):
        sums = np.clip(after[strip + 1] + contrast[strip + 1], 0, most)
        after[strip] = np.maximum(moved(bent(sums), up), 0)
    return before, after


@dataclass(frozen=True, eq=False)
class Line:
    """A line from top to bottom.

    Attributes
    ----------
    row, column
        (n,) int: its middle in successive rows.
    dark
        0 bright, 1 dark.
    """

    row: NDArray[np.intp]
    column: NDArray[np.intp]
    dark: int


def linked(pieces: Pieces, height: int) -> list[Line]:
    """The lines formed by pieces of successive strips; each of the (n,) pieces is used once."""
    chains: list[list[int]] = []
    ends: dict[tuple[int, int], list[int]] = {}  # the chains that end in a strip, bright or dark
    for piece in range(len(pieces.strip)):
        strip, dark = int(pieces.strip[piece]), int(pieces.dark[piece])
        near = []
        for number in ends.get((strip - 1, dark), []):
            last = chains[number][-1]
            off = abs(pieces.column[last] + pieces.slope[last] - pieces.column[piece])
            turn = abs(pieces.slope[last] - pieces.slope[piece])
            if off <= 3 and turn <= 3:
                near.append((off + turn, number))
        if near:
            number = min(near)[1]
            ends[strip - 1, dark].remove(number)
            chains[number].append(piece)
        else:
            number = len(chains)
            chains.append([piece])
        ends.setdefault((strip, dark), []).append(number)
    return [_line(pieces, chain, height) for chain in chains]


def _line(pieces: Pieces, chain: list[int], height: int) -> Line:
    """The line of a chain of pieces, with rounded corners."""
    import cv2

    inner = np.arange(ROWS)
    row = (pieces.strip[chain][:, None] * ROWS + inner).ravel()
    moved = pieces.slope[chain][:, None] * (inner + 0.5) / ROWS
    column = (pieces.column[chain][:, None] + moved).ravel()
    column = cv2.blur(column[:, None], (1, 9), borderType=cv2.BORDER_REPLICATE)[:, 0]
    inside = row < height
    return Line(row[inside], column[inside].round().astype(np.intp), int(pieces.dark[chain[0]]))
