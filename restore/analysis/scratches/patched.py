"""Fill wide gaps of a picture with pieces of its surroundings, in float.

From coarse to fine, each square that touches the gap looks for the square of the sound picture that
is most like it, nearby, and like its neighbours' (C. Barnes et al., "PatchMatch", ACM Transactions
on Graphics 28, 2009, doi:10.1145/1531326.1531330); all squares over a pixel vote for its value
(Y. Wexler et al., "Space-time completion of video", IEEE PAMI 29, 2007,
doi:10.1109/TPAMI.2007.60). At last the steps between neighbours that they vote for are
integrated from the gap's rim (P. Pérez et al., "Poisson image editing", 2003,
doi:10.1145/882262.882269): there is no seam, whatever the light does there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from restore import color
from restore.analysis.scratches.fill import bridged

Mask = NDArray[np.bool_]
Numbers = NDArray[np.intp]

SIDE = 7
"""Side of the squares, in pixels."""
FAR = 48
"""How far a square may come from, in pixels of each size."""
THIN = 2
"""Depth of a gap in pixels from which no coarser picture is needed."""
ROUNDS, SWEEPS = (6, 3), 2
"""How often squares are searched and vote at the coarsest size and at finer ones; sweeps of each
search."""
MUCH = 60_000
"""Squares from which they are searched once and swept once: minutes otherwise."""
LESS = 0.75
"""How much less a pixel of the gap counts than one that is a pixel nearer to its rim."""
HELD = 0.004
"""Weight of the values voted for beside that of the steps between them."""


def patched(pixels: color.Array, gap: Mask, unsound: Mask | None = None) -> color.Array:
    """(n, c) values for the n pixels of a gap, in the order of `np.nonzero(gap)`.

    Parameters
    ----------
    pixels
        (h, w, c) of which nothing in the gap is used, nor what is unsound.
    gap
        (h, w).
    unsound
        (h, w) damage, none without it. Beside the gap it is only bridged, coarsely: squares are
        searched for the gap alone.
    """
    pixels = np.ascontiguousarray(pixels, np.float32)
    unsound = np.zeros_like(gap) if unsound is None else unsound & ~gap
    sizes = [(pixels, gap, unsound)]
    while _depth(sizes[-1][1]) > THIN and min(sizes[-1][1].shape) >= 6 * SIDE:
        sizes.append(_halved(*sizes[-1]))
    rng = np.random.default_rng(0)
    squares: _Squares | None = None
    for number, (picture, hole, other) in enumerate(reversed(sizes)):
        picture, lost = picture.copy(), hole | other
        if not hole.any():
            continue
        if squares is None:
            picture[lost] = 0.5
            picture[lost] = bridged(picture, lost, max(lost.shape))
        else:
            picture[lost] = squares.enlarged(lost.shape)[lost]
        try:
            squares = _Squares.placed(picture, hole, other, squares)
        except ValueError:  # no whole square of this size is sound
            continue
        if number:
            squares.vote()
        much = len(squares.own) > MUCH
        for _ in range(1 if much else ROUNDS[min(number, 1)]):
            squares.search(rng, 1 if much else SWEEPS)
            squares.vote()
    if squares is None or squares.gap is not gap:
        return picture[gap]
    return squares.integrated()


def _depth(gap: Mask) -> float:
    import cv2

    return float(cv2.distanceTransform(gap.astype(np.uint8), cv2.DIST_L2, 3).max())


def _halved(pixels: color.Array, gap: Mask, unsound: Mask) -> tuple[color.Array, Mask, Mask]:
    """The picture at half of its size, averaged over the sound pixels, and where few are.

    That is the gap where it is some of the gap, else unsound.
    """
    import cv2

    size = [max(1, length // 2) for length in gap.shape[::-1]]
    sound = (~(gap | unsound)).astype(np.float32)
    share = cv2.resize(sound, size, interpolation=cv2.INTER_AREA)
    sums = cv2.resize(pixels * sound[..., None], size, interpolation=cv2.INTER_AREA)
    small = sums.reshape(*share.shape, -1) / share.clip(1e-6)[..., None]
    lost = share < 0.5
    own = lost & (cv2.resize(gap.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0)
    return np.ascontiguousarray(small, np.float32), own, lost & ~own


@dataclass(eq=False)
class _Squares:
    """The squares that touch a gap, and where each comes from.

    All places are numbers of pixels of the picture, row by row.

    Attributes
    ----------
    picture
        (h * w, c) the picture as far as it is filled.
    gap
        (h, w).
    own, source, cost
        (n,) middle of each square, of the one it comes from, and how unlike they are.
    number
        (h, w) of the square around each pixel; -1 is none.
    valid
        (h, w) where a square may come from.
    trust
        (h * w,) how much a pixel counts.
    """

    picture: color.Array
    gap: Mask
    own: Numbers
    source: Numbers
    cost: color.Array
    number: Numbers
    valid: Mask
    trust: color.Array

    @classmethod
    def placed(
        cls, picture: color.Array, gap: Mask, unsound: Mask, coarse: _Squares | None
    ) -> _Squares:
        """Squares that come from where the coarser picture's came from, else the nearest place."""
        import cv2

        height, width = gap.shape
        half = SIDE // 2
        inside = np.zeros(gap.shape, bool)
        inside[half + 1 : height - half - 1, half + 1 : width - half - 1] = True
        wide = np.ones((SIDE + 2, SIDE + 2), np.uint8)  # steps to the next pixel are used as well
        lost = (gap | unsound).astype(np.uint8)
        valid = inside & (cv2.dilate(lost, wide) == 0)
        touched = cv2.dilate(gap.astype(np.uint8), np.ones((SIDE, SIDE), np.uint8)) > 0
        own = np.flatnonzero(touched & inside)
        if not len(own) or not valid.any():
            raise ValueError("no square touches the gap, or none is sound")
        number = np.full(gap.size, -1, np.intp)
        number[own] = np.arange(len(own))
        _, label = cv2.distanceTransformWithLabels(
            (~valid).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
        )
        at = np.zeros(int(label.max()) + 1, np.intp)
        at[label[valid]] = np.flatnonzero(valid)
        source = at[label.ravel()[own]]
        if coarse is not None:
            rows, columns = np.divmod(own, width)
            small = coarse.gap.shape
            parent = (rows // 2).clip(0, small[0] - 1) * small[1]
            parent = coarse.number.ravel()[parent + (columns // 2).clip(0, small[1] - 1)]
            come = coarse.source[parent]
            row = (2 * (come // small[1]) + rows % 2).clip(0, height - 1)
            column = (2 * (come % small[1]) + columns % 2).clip(0, width - 1)
            right = (parent >= 0) & valid[row, column]
            source[right] = (row * width + column)[right]
        depth = cv2.distanceTransform(lost, cv2.DIST_L2, 3)
        trust = (np.float32(LESS) ** depth).ravel().clip(0.02)
        flat = picture.reshape(-1, picture.shape[2])
        cost = np.zeros(len(own), np.float32)
        shaped = number.reshape(gap.shape)
        return cls(flat, gap, own, source, cost, shaped, valid, trust)

    def enlarged(self, size: tuple[int, ...]) -> color.Array:
        """(h, w, c) the picture at another size."""
        import cv2

        picture = self.picture.reshape(*self.gap.shape, -1)
        return cv2.resize(picture, size[::-1]).reshape(*size, -1)

    @property
    def offsets(self) -> Numbers:
        """(SIDE²,) of a square's pixels from its middle."""
        line = np.arange(SIDE) - SIDE // 2
        return (line[:, None] * self.gap.shape[1] + line).ravel()

    def search(self, rng: np.random.Generator, sweeps: int) -> None:
        """Find squares that are more alike: those beside the neighbours', and others nearby."""
        height, width = self.gap.shape
        spread = self.own[:, None] + self.offsets
        weight = self.trust[spread]
        weight /= weight.sum(1, keepdims=True)
        wanted = self.picture[spread]
        rows, columns = np.divmod(self.own, width)

        def cost(chosen: Numbers, source: Numbers) -> color.Array:
            unlike = self.picture[source[:, None] + self.offsets]
            unlike -= wanted[chosen]
            np.square(unlike, out=unlike)
            return np.einsum("npc,np->n", unlike, weight[chosen])

        def offered(row: Numbers, column: Numbers, able: Mask) -> None:
            able = able & (row >= 0) & (row < height) & (column >= 0) & (column < width)
            chosen = np.flatnonzero(able)
            place = row[chosen] * width + column[chosen]
            new = self.valid.ravel()[place] & (place != self.source[chosen])
            chosen, place = chosen[new], place[new]
            value = cost(chosen, place)
            better = value < self.cost[chosen]
            self.source[chosen[better]], self.cost[chosen[better]] = place[better], value[better]

        everything = np.arange(len(self.own))
        self.cost = cost(everything, self.source)
        for _ in range(sweeps):
            for far in (4, 2, 1):
                for down, right in ((far, 0), (0, far), (-far, 0), (0, -far)):
                    row, column = rows - down, columns - right
                    able = (row >= 0) & (row < height) & (column >= 0) & (column < width)
                    near = np.full(len(rows), -1)
                    near[able] = self.number[row[able], column[able]]
                    there = self.source[near]
                    offered(there // width + down, there % width + right, near >= 0)
            radius = FAR
            while radius >= 1:
                move = rng.integers(-radius, radius + 1, (2, len(self.own)))
                row, column = self.source // width + move[0], self.source % width + move[1]
                near = np.maximum(np.abs(row - rows), np.abs(column - columns))
                kept = np.maximum(np.abs(self.source // width - rows), FAR)
                offered(row, column, near <= kept)
                radius //= 2

    def _votes(self) -> tuple[Numbers, color.Array]:
        """(m, SIDE²) for each pixel of the gap: where each square over it finds it; the weights.

        They sum to 1, or are all 0 where no square lies over a pixel.
        """
        hole = np.flatnonzero(self.gap)
        height, width = self.gap.shape
        half = SIDE // 2
        rows, columns = np.divmod(hole, width)
        down, right = (part.ravel() - half for part in np.indices((SIDE, SIDE)))
        row, column = rows[:, None] - down, columns[:, None] - right
        inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
        number = self.number[row.clip(0, height - 1), column.clip(0, width - 1)]
        there = inside & (number >= 0)
        spread = max(float(np.quantile(self.cost, 0.5)), 1e-6)
        weight = np.exp(-self.cost / (2 * spread)).clip(1e-6)
        weight = weight * self.trust[self.own]
        weight = np.where(there, weight[number], np.float32(0))
        weight /= weight.sum(1, keepdims=True).clip(1e-12)
        return self.source[number] + self.offsets, weight

    def vote(self) -> None:
        """Fill the gap with the mean of what the squares over each pixel hold there."""
        places, weight = self._votes()
        known = weight.any(1)
        mean = np.einsum("mpc,mp->mc", self.picture[places], weight)
        self.picture[np.flatnonzero(self.gap)[known]] = mean[known]

    def integrated(self) -> color.Array:
        """(m, c) values of the gap whose steps are those of the best square over each pixel.

        A mean of the squares would be less grainy than what is around.
        """
        from scipy import sparse
        from scipy.sparse.linalg import splu

        height, width = self.gap.shape
        hole = np.flatnonzero(self.gap)
        index = np.full(self.gap.size, -1, np.intp)
        index[hole] = np.arange(len(hole))
        places, weight = self._votes()
        known, best = weight.max(1, keepdims=True) > 0, weight.argmax(1)
        places = places[np.arange(len(hole)), best]
        values = np.where(known, self.picture[places], self.picture[hole])
        diagonal = np.full(len(hole), HELD)
        right_side = HELD * values.astype(np.float64)
        pairs: list[tuple[Numbers, Numbers]] = []
        row, column = np.divmod(hole, width)
        for down, right in ((0, 1), (1, 0), (0, -1), (-1, 0)):
            step = down * width + right
            inside = (row + down >= 0) & (row + down < height)
            inside &= (column + right >= 0) & (column + right < width)
            rise = (self.picture[places + step] - self.picture[places]) * known
            other = np.full(len(hole), -1)
            other[inside] = index[hole[inside] + step]
            both = np.flatnonzero(other >= 0)
            if step > 0:
                pairs.append((both, other[both]))
                for ends, sign in ((both, -1), (other[both], 1)):
                    np.add.at(right_side, ends, sign * rise[both])
                    np.add.at(diagonal, ends, 1)
            rim = np.flatnonzero(inside & (other < 0))
            right_side[rim] += self.picture[hole[rim] + step] - rise[rim]
            diagonal[rim] += 1
        first, second = (np.concatenate(part) for part in zip(*pairs, strict=True))
        away = -np.ones(2 * len(first))
        own = np.arange(len(hole))
        matrix = sparse.csc_matrix(
            (
                np.concatenate([diagonal, away]),
                (
                    np.concatenate([own, first, second]),
                    np.concatenate([own, second, first]),
                ),
            ),
            shape=(len(hole), len(hole)),
        )
        return splu(matrix).solve(right_side).astype(np.float32)
