"""Dust and scratches that last for one frame of a film."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from restore import color
from restore.analysis.motion import flow
from restore.analysis.motion.specks import Look, specks
from restore.effect import Effect, Findings, Quantity, Unchanged
from restore.image.photo import Proxy, Tile, Window
from restore.step import Amount, Param

MINOR = True
ONE_SIDED = 1.5
"""Factor on the thresholds for the first and the last frame of a shot: both neighbours are on one
side, and what has just come or is about to go is in neither."""
ALONE = "film_dust compares the frames of a film; a single photo is left as it is"


@dataclass(frozen=True, eq=False)
class FilmDust(Effect):
    """What is added to the pixels that are dust.

    Attributes
    ----------
    rows, columns
        (n,) of these pixels, in the frame of `size` (height, width).
    added
        (n, 3) encoded RGB.
    amount
        Share of the change, 0 … 1.
    """

    rows: NDArray[np.int32]
    columns: NDArray[np.int32]
    added: color.Array
    size: tuple[int, int]
    amount: float
    findings: Findings = field(default_factory=Findings)

    def tile(self, t: Tile) -> color.Array:
        rows, columns, share = self.rows, self.columns, self.amount
        if t.window.size != self.size:  # a smaller picture: each pixel is the mean of several
            rows, columns = (
                (places * small // full).astype(np.int32)
                for places, small, full in zip(
                    (rows, columns), t.window.size, self.size, strict=True
                )
            )
            share *= float(np.prod(t.window.size) / np.prod(self.size))
        window = t.window
        inside = (rows >= window.top) & (rows < window.top + window.height)
        inside &= (columns >= window.left) & (columns < window.left + window.width)
        if not inside.any():
            return t.pixels
        place = rows[inside] - window.top, columns[inside] - window.left
        added = np.float32(share) * self.added[inside]
        one = color.plane(t.pixels)
        if one is not None and (added == added[:, :1]).all():
            one = one.copy()
            np.add.at(one, place, added[:, 0])
            return color.spread(one)
        result = t.pixels.copy()
        np.add.at(result, place, added)
        return result


def film_dust(
    proxy: Proxy,
    *,
    sensitivity: Annotated[
        float, Param("higher finds fainter dust, with more false finds", 0, 100, "%")
    ] = 50,
    amount: Amount = 1,
) -> Effect:
    """Fill dust and scratches that last for one frame of a film, from its neighbours.

    What the frame shows, and neither neighbour does at the place that the optical flow leads to, is
    dust, unless it is found nearby: then it is a thing that moves. It is filled from the nearer
    neighbour, with its grain. For films only: a photo stays as it is. Put it first: it looks at the
    film as it was recorded. Known failures: things seen in one frame only (a spark, rain, a ball
    too fast for the flow) are dust; dust where motion is lost stays.
    """
    return Unchanged(Findings(ALONE))


@dataclass(frozen=True, eq=False)
class _Held:
    """A frame that is held until its neighbours are known."""

    proxy: Proxy
    pixels: color.Array
    look: Look

    @classmethod
    def of(cls, proxy: Proxy) -> _Held:
        """The whole frame, or its proxy where there is no more."""
        if proxy.whole is None:
            pixels = proxy.view.original
        else:
            photo = proxy.whole()
            pixels = photo.tile(Window.whole(*photo.size)).pixels
            if photo.samples.shape[2] == 1:
                pixels = color.spread(np.ascontiguousarray(pixels[..., 0]))
        one = color.plane(pixels)
        grey = pixels @ color.LUMA if one is None else one
        return cls(proxy, pixels, Look.at(grey, color.lightness(proxy.view.original)))


def film(
    proxies: Iterable[Proxy], *, sensitivity: float = 50, amount: float = 1
) -> Iterator[Effect]:
    """The dust of each frame of a shot."""
    flows, factor = flow.measure(), 2 ** (1 - sensitivity / 50)
    held: deque[_Held] = deque(maxlen=3)
    count = 0
    for count, proxy in enumerate(proxies, 1):
        if amount == 0:
            yield Unchanged()
            continue
        held.append(_Held.of(proxy))
        if count == 3:
            yield _dust(flows, held[0], held[1], held[2], ONE_SIDED * factor, amount)
        if count >= 3:
            yield _dust(flows, held[1], held[0], held[2], factor, amount)
    if amount == 0:
        return
    if count >= 3:
        yield _dust(flows, held[2], held[1], held[0], ONE_SIDED * factor, amount)
    else:
        yield from (Unchanged() for _ in held)


def _dust(
    flows: flow.Flows, now: _Held, near: _Held, other: _Held, factor: float, amount: float
) -> Effect:
    """The effect for one frame, from two others."""
    dust = specks(flows, now.look, near.look, other.look, factor)
    if dust is None:
        return Unchanged(Findings(values={"dust": Quantity(0.0, "% of the frame")}))
    rows, columns = np.nonzero(dust.weight)
    weight = dust.weight[rows, columns, None].astype(np.float32) / 255
    places = np.ascontiguousarray(dust.places[rows, columns][None])
    # interpolating would take the grain out
    whole = np.rint(places[0]).astype(np.intp)
    height, width = near.pixels.shape[:2]
    filled = near.pixels[whole[:, 1].clip(0, height - 1), whole[:, 0].clip(0, width - 1)]
    filled = filled + dust.brighter[rows, columns, None] * np.float32(1 / 255)
    added = weight * (filled - now.pixels[rows, columns])
    share = 100 * float(weight.sum()) / (height * width)
    findings = Findings(values={"dust": Quantity(share, "% of the frame")})
    return FilmDust(
        rows.astype(np.int32), columns.astype(np.int32), added, (height, width), amount, findings
    )
