"""Colours for a black-and-white photo, from a network."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain, islice
from types import ModuleType
from typing import Annotated

import numpy as np

from restore import color, colorizers
from restore.analysis.chroma import Guided, guide, light_of_cells, settled
from restore.analysis.hinted import carry, marked, trusted
from restore.analysis.motion.carried import carried
from restore.analysis.reference import Cells, averaged, look_up
from restore.color import Array
from restore.colorizers import _distribution
from restore.colorizers._grid import grid
from restore.context import Context
from restore.effect import Effect, Findings, LabEffect, NetworkUsed, Quantity, Unchanged
from restore.errors import PhotoError, RecipeError
from restore.image.field import Field
from restore.image.guides import CELLS, ColourGuess, Distribution
from restore.image.hints import Hint
from restore.image.photo import Proxy, Tile
from restore.image.reference import Reference
from restore.step import Amount, Param

COLOURED = 5.0
"""Lab units by which a twentieth of a photo must differ from its own toning to pass as coloured.
Of 190 colour photos 3% are below; toned, stained, yellowed and damaged prints reach 4.4."""
LOOKED_AT = 96
"""Short side in pixels of the picture `apart` measures: finer, noise and JPEG blocks count."""
PEEK = 25
"""Frames of a shot that are looked at for colours of their own: the first may be black."""
COLOURLESS = 4.0
"""Chroma that a hundredth of a reference must have at least."""
FEWEST = 192
"""Short side that a small photo is enlarged to: the networks know objects at about this size."""


@dataclass(frozen=True, eq=False)
class Colorize(LabEffect):
    """Colours from a network, along the photo's edges.

    Attributes
    ----------
    colours
        a* b* as a function of place and lightness.
    amount
        Share of the change, 0 … 1.
    """

    colours: Guided
    amount: float
    guess: ColourGuess | None
    network: NetworkUsed | None
    findings: Findings = field(default_factory=Findings)

    def lab(self, t: Tile) -> color.Lab:
        light = t.lightness.clip(0, 100)
        return color.Lab(light, *self.colours.planes(light, t.window))


def prepare(context: Context, *, model: str = "auto", **_: object) -> None:
    """Load the network."""
    colorizers.get(model, "colorize").load(context)


def colorize(
    proxy: Proxy,
    *,
    model: Annotated[
        str,
        Param(
            "network; auto takes the best one installed",
            choices=("auto", *colorizers.names()),
        ),
    ] = "auto",
    side: Annotated[
        int, Param("short side of the network's input, at most", 64, 1024, "px", multiple=32)
    ] = 384,
    temperature: Annotated[
        float | None,
        Param("0 the likeliest colour, patchy; 1 the mean of all; unset: suits the network", 0, 2),
    ] = None,
    vividness: Annotated[
        float | None,
        Param("0 only common colours; 1 rare ones as readily; unset: suits the network", 0, 1),
    ] = None,
    caution: Annotated[
        float, Param("how far colours are muted where the network is unsure", 0, 1)
    ] = 0.2,
    saturation: Annotated[float, Param("factor on the chroma of the colours", 0, 200, "%")] = 100,
    keep: Annotated[bool, Param("leave photos alone that have colours of their own")] = True,
    like: Annotated[
        Reference | None, Param("a colour photo of the same place, people or series")
    ] = None,
    amount: Amount = 1,
) -> Effect:
    """Give a photo plausible colours.

    From the lightness of the whole photo, a network predicts for each small cell how likely each
    of 313 colours is; their annealed mean, evened out within objects and muted where the network is
    unsure, is upsampled along the photo's edges. Where the photo `like` looks alike, its colours
    become likelier; hints beside the photo correct the result. Lightness stays. A photo with
    colours of its own, not merely toned, stays as it is unless `keep` is false.
    """
    if keep:
        own = apart(proxy.view.pixels)
        if own > COLOURED:
            return _kept(own)
    predictor = _Predictor.chosen(proxy, model, side, temperature, vividness, caution, like)
    chroma = predictor.chroma(proxy)
    lightness = proxy.view.lightness.clip(0, 100)
    summary = "colours are the network's guess"
    if chroma.logits is None:
        return predictor.effect(chroma.ab, lightness, saturation, amount, summary)
    maps = predictor.maps(chroma.logits, proxy, chroma.told)
    sources = [predictor.source] * bool(predictor.source)
    if count := len(proxy.hints):
        sources.append(f"{count} hint{'s' * (count > 1)}")
    if sources:
        summary = f"colours follow {' and '.join(sources)}; the rest is a guess"
        return predictor.effect(maps, lightness, saturation, amount, summary)
    distribution = predictor.distribution(chroma.logits)
    return predictor.effect(maps, lightness, saturation, amount, summary, distribution)


def film(
    proxies: Iterable[Proxy],
    *,
    model: str = "auto",
    side: int = 384,
    temperature: float | None = None,
    vividness: float | None = None,
    caution: float = 0.2,
    saturation: float = 100,
    keep: bool = True,
    like: Reference | None = None,
    amount: float = 1,
) -> Iterator[Effect]:
    """Colours for the frames of a shot: one guess, carried along motion."""
    proxies = iter(proxies)
    first = list(islice(proxies, PEEK))
    if not first:
        return
    frames = chain(first, proxies)
    if keep:
        own = max(apart(proxy.view.pixels) for proxy in first[:: max(PEEK // 4, 1)])
        if own > COLOURED:
            yield from (_kept(own) for _ in frames)
            return
    predictor = _Predictor.chosen(first[0], model, side, temperature, vividness, caution, like)
    ahead: deque[Proxy] = deque()

    def watched() -> Iterator[Proxy]:
        for proxy in frames:
            ahead.append(proxy)
            yield proxy

    def guess(proxy: Proxy) -> Array:
        chroma = predictor.chroma(proxy)
        return chroma.ab.transpose(2, 0, 1) if chroma.logits is None else chroma.logits

    def finish(proxy: Proxy, logits: Array) -> Array:
        if len(logits) == 2:
            return logits.transpose(1, 2, 0)
        return predictor.maps(logits, proxy)

    summary = "colours are the network's guess, carried through the shot"
    if like:
        summary = f"colours follow {like.name}; the rest is a guess, carried through the shot"
    for maps in carried(watched(), guess, finish):
        lightness = ahead.popleft().view.lightness.clip(0, 100)
        yield predictor.effect(maps, lightness, saturation, amount, summary)


def _kept(own: float) -> Unchanged:
    kept = "the photo has colours of its own: kept (keep = false replaces them)"
    return Unchanged(Findings(kept, values={"apart": Quantity(own, "Lab units")}))


@dataclass(eq=False)
class _Predictor:
    """A network with its settings, and which engine ran it."""

    network: ModuleType
    side: int
    temperature: float
    vividness: float
    caution: float
    like: Reference | None = None
    engine: str = ""
    matched: Array | None = None

    @classmethod
    def chosen(
        cls,
        proxy: Proxy,
        model: str,
        side: int,
        temperature: float | None,
        vividness: float | None,
        caution: float,
        like: Reference | None,
    ) -> _Predictor:
        """The network `model`; settings that are None are those that suit it."""
        network = colorizers.get(model, "colorize")
        suits = network.chroma.__kwdefaults__
        seen = min(side, max(FEWEST, min(proxy.view.window.size) // 32 * 32))
        return cls(
            network,
            seen,
            suits["temperature"] if temperature is None else temperature,
            suits["vividness"] if vividness is None else vividness,
            caution,
            like,
        )

    def chroma(self, proxy: Proxy) -> colorizers.Chroma:
        """What the network predicts for a photo, with the colours of the reference in mind."""
        lightness = proxy.view.lightness.clip(0, 100)
        hints = () if self.like else proxy.hints
        chroma = self._predicted(lightness, proxy.context, hints)
        self.engine = chroma.engine
        if self.like is None:
            return chroma
        photo = self._cells(chroma, lightness)
        evidence = look_up(photo, *self._reference(self.like, proxy.context))
        self.matched = evidence.sure
        return replace(chroma, logits=evidence.told(photo))

    def _predicted(
        self, lightness: Array, context: Context, hints: Sequence[Hint] = ()
    ) -> colorizers.Chroma:
        weighs = hints and "evidence" in self.network.chroma.__kwdefaults__
        known = {"evidence": partial(marked, hints)} if weighs else {}
        chroma: colorizers.Chroma = self.network.chroma(
            lightness,
            side=self.side,
            temperature=self.temperature,
            vividness=self.vividness,
            context=context,
            **known,
        )
        return chroma

    def _cells(self, chroma: colorizers.Chroma, lightness: Array) -> Cells:
        if chroma.logits is None:
            raise RecipeError(
                f"colorize: like does not work with {self.name}, which predicts single colours only"
            )
        return Cells(chroma.logits, lightness)

    def _reference(self, like: Reference, context: Context) -> tuple[Cells, Array]:
        """The reference as the network sees it, and its a* b*; computed once per context."""
        key = ("like", str(like), self.network.__name__, self.side, self.vividness)
        known: dict[str, tuple[Cells, Array]] = context.network(key, dict)
        if "cells" not in known:
            try:
                view = like.view(context)
            except PhotoError as error:
                raise RecipeError(f"colorize: like: {error}") from error
            lab = color.to_lab(view.pixels)
            if np.quantile(np.hypot(*lab[..., 1:].reshape(-1, 2).T), 0.99) < COLOURLESS:
                raise RecipeError(f"colorize: like: {like.name} has no colours to give")
            lightness = lab[..., 0].clip(0, 100)
            cells = self._cells(self._predicted(lightness, context), lightness)
            known["cells"] = cells, averaged(lab[..., 1:], cells.shape)
        return known["cells"]

    @property
    def name(self) -> str:
        """The network's name, as people write it."""
        return self.network.__name__.rpartition(".")[2].replace("_", "-")

    @property
    def source(self) -> str:
        """Where the photo's colours come from besides the network, in words."""
        if self.like is None or self.matched is None:
            return ""
        return f"{self.like.name} in {self.matched.mean():.0%} of the photo"

    def maps(self, logits: Array, proxy: Proxy, told: Array | None = None) -> Array:
        """(h, w, 6) a* b*, their covariance, and entropy in bits, for logits (313, h, w).

        The covariance is that of colours as often as they occur, whatever the temperature and
        vividness: so it says how far off the colours are (docs/models/compact.md).

        With `told`, the logits of a network that weighed the hints, a part of the colours that the
        hints then correct is its own.
        """
        lightness = proxy.view.lightness.clip(0, 100)
        p = _distribution.probabilities(logits)
        how = lightness, self.temperature, self.caution
        ab = settled(logits, p, *how)
        covariance = _distribution.covariance(p, self.vividness)
        if told is not None:
            weighed = settled(told, _distribution.probabilities(told), *how)
            ab = ab + np.float32(trusted(proxy.hints)) * (weighed - ab)
        if proxy.hints:
            ab, left = carry(ab, p, light_of_cells(lightness, ab), proxy.hints)
            covariance = covariance * left[..., None]
        return np.dstack([ab, covariance, _distribution.entropy(p)])

    def distribution(self, logits: Array) -> Distribution:
        """What later steps may weigh against evidence, from logits (313, h, w)."""
        import cv2

        share = min(1.0, CELLS / max(logits.shape[1:]))
        size = [max(1, round(n * share)) for n in logits.shape[:0:-1]]
        p = _distribution.probabilities(logits)
        planes = [cv2.resize(plane, size, interpolation=cv2.INTER_AREA) for plane in p]
        rare = np.float32(1e-9)
        return Distribution(
            Field(np.log(np.stack(planes, -1) + rare)), self.temperature, self.caution
        )

    def effect(
        self,
        maps: Array,
        lightness: Array,
        saturation: float,
        amount: float,
        summary: str,
        distribution: Distribution | None = None,
    ) -> Colorize:
        """What to do with a photo of this lightness (height, width)."""
        values = {
            "temperature": Quantity(self.temperature),
            "vividness": Quantity(self.vividness),
        }
        ab, covariance, confidence = np.ascontiguousarray(maps[..., :2]), None, {}
        if maps.shape[2] > 2:
            covariance, bits = Field(np.ascontiguousarray(maps[..., 2:5])), maps[..., 5]
            values["entropy"] = Quantity(float(bits.mean()), "bits")
            confidence = {"confidence": Field(1 - bits / np.float32(np.log2(len(grid()))))}
        colours = guide(ab * np.float32(saturation / 100), lightness)
        if self.matched is not None:
            values["matched"] = Quantity(float(100 * self.matched.mean()), "%")
            confidence["matched"] = Field(self.matched)
        used = NetworkUsed(self.name, self.network.sha256(), self.engine)
        findings = Findings(summary, values=values, maps=confidence)
        guess = ColourGuess(Field(ab), covariance, distribution)
        return Colorize(colours, amount, guess, used, findings)


def apart(pixels: Array) -> float:
    """Distance of a photo's colours from a mere toning of it, in Lab units.

    The 95th percentile of the distance in a* b* from what its tone and its place explain: paper
    and toner colour by lightness, stains and yellowed sides by place. The rim is ignored.

    Parameters
    ----------
    pixels
        (height, width, 3) working RGB of the whole photo.
    """
    import cv2

    if color.plane(pixels) is not None:
        return 0.0
    shrink = LOOKED_AT / min(pixels.shape[:2])
    size = tuple(max(3, round(n * min(shrink, 1))) for n in pixels.shape[1::-1])
    lab = color.to_lab(cv2.resize(np.ascontiguousarray(pixels), size, interpolation=cv2.INTER_AREA))
    rim = tuple(slice(n // 12, n - n // 12) for n in lab.shape[:2])
    y, x = (np.linspace(-1, 1, n) for n in lab.shape[:2])
    place = np.stack(np.meshgrid(x, y), -1)[rim].reshape(-1, 2)
    light, ab = lab[rim][..., 0].ravel() / 50 - 1, lab[rim][..., 1:].reshape(-1, 2)
    x, y = place.T
    terms = np.stack(
        [np.ones_like(x), *(light**n for n in (1, 2, 3)), x, y, x * y, x * x, y * y], 1
    )
    off = np.zeros(len(ab))
    for _ in range(4):  # a few strong colours must not bend the toning
        weight = 1 / np.sqrt(1 + (off / 3) ** 2)[:, None]
        toning = terms @ np.linalg.lstsq(terms * weight, ab * weight, rcond=None)[0]
        off = np.hypot(*(ab - toning).T)
    return float(np.quantile(off, 0.95))
