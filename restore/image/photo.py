"""The values that travel: a photo as its file held it, its proxy, tiles of it, and small maps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from restore import color
from restore.color.profile import shares
from restore.color.space import Samples, Space
from restore.context import Context
from restore.errors import PhotoError
from restore.image import arrays
from restore.image.averaging import averaged, filled
from restore.image.guides import ColourGuess
from restore.image.hints import Hint
from restore.image.marks import Mark
from restore.image.passed import Passed
from restore.image.source import Source as Source
from restore.image.tile import Tile as Tile
from restore.image.window import Window as Window

if TYPE_CHECKING:
    from PIL import Image

    from restore.effect import Effect, Findings

SIDE = 1024
"""Long side of a proxy in pixels."""
PATCH = 64
"""Side of the unaveraged windows a proxy holds, in pixels."""


@dataclass(frozen=True, eq=False)
class Proxy:
    """All that a plan may use.

    Attributes
    ----------
    view
        The whole photo, area-averaged to at most about a megapixel.
    patches
        64 windows of 64 x 64 unaveraged pixels (fewer or smaller in a small photo): noise,
        clipping, percentiles.
    size
        Height and width of the full photo in pixels.
    camera
        `view.original` is the camera's own channels (sRGB-encoded), not sRGB colours.
    grey
        The photo is stored as one channel.
    guess
        Colours that a network guessed in a step before this one.
    hints, marks
        Colours that a person knows, and places: what was grey, what is damage, what must stay.
    context
        Threads, networks, cancellation.
    whole
        The full photo: only for frames of a film, whose damage shows between neighbours.
    """

    view: Tile
    patches: Sequence[Tile]
    size: tuple[int, int]
    camera: bool = False
    grey: bool = False
    guess: ColourGuess | None = None
    hints: tuple[Hint, ...] = ()
    marks: tuple[Mark, ...] = ()
    context: Context = field(default_factory=Context, repr=False)
    whole: Callable[[], Photo] | None = field(default=None, repr=False)

    def sample(self) -> color.Array:
        """(n, 3) unaveraged working RGB pixels spread over the photo."""
        return np.concatenate([tile.pixels.reshape(-1, 3) for tile in self.patches])

    def originals(self) -> list[color.Array]:
        """The patches' pixels as the file held them."""
        patches = self.patches
        while isinstance(patches, Passed):
            patches = patches.before
        return [patch.original for patch in patches]

    def through(self, effect: Effect) -> Proxy:
        """The proxy as the next step will find it: view and patches passed through an effect."""
        view, patches = effect.passed(self.view), Passed(self.patches, effect)
        return replace(self, view=view, patches=patches, guess=effect.guess or self.guess)

    def digest(self) -> str:
        """A digest of all that a plan may use: the same for the same photo."""
        import hashlib

        known = f"{self.size} {self.camera} {self.grey}" + f" {self.hints}" * bool(self.hints)
        known += f" {self.marks}" * bool(self.marks)
        parts = hashlib.blake2b(known.encode(), digest_size=16)
        for tile in (self.view, *self.patches):
            parts.update(np.ascontiguousarray(tile.original).data)
        return parts.hexdigest()


@dataclass(frozen=True, eq=False)
class Photo:
    """A photo as its file held it.

    Attributes
    ----------
    samples
        (height, width, 3) RGB, or (height, width, 1) grey; uint8, uint16 or float32; upright,
        read-only. Anything else is a PhotoError.
    space
        How the samples become working RGB and back.
    source
        Where it came from.
    findings
        What each step of the recipe found, by label, for a photo that a recipe made.
    hints, marks
        Colours that a person knows, and places: what was grey, what is damage, what must stay. Read
        from the file beside the photo, if there is one.
    """

    samples: Samples
    space: Space = field(default_factory=Space)
    source: Source = field(default_factory=Source)
    findings: Mapping[str, Findings] = field(default_factory=dict)
    hints: tuple[Hint, ...] = ()
    marks: tuple[Mark, ...] = ()

    def __post_init__(self) -> None:
        _check(self.samples)
        samples = self.samples.view()  # not the caller's own array
        samples.flags.writeable = False
        object.__setattr__(self, "samples", samples)

    def __repr__(self) -> str:
        height, width, channels = self.samples.shape
        text = f"{width} x {height}, {channels} channel{'s' * (channels > 1)} of {self.bits} bits"
        text += " (float)" * (self.bits == 32)
        if self.source.path:
            text += f", {str(self.source.path)!r}"  # a name may have line breaks
        if self.source.pages > 1:
            text += f" page {self.source.page + 1} of {self.source.pages}"
        return f"<Photo {text}>"

    @classmethod
    def from_array(cls, values: NDArray[Any], space: str | bytes = "srgb") -> Photo:
        """A photo from an array.

        Parameters
        ----------
        values
            (height, width) or (height, width, 1) grey, 2 grey and alpha, 3 RGB, 4 RGBA; uint8,
            uint16, or floating point with white at 1.
        space
            What the colours mean: "srgb", "linear-srgb", "adobe-rgb", or an ICC profile's bytes.

        Raises
        ------
        PhotoError
            If it has another shape or type, or the space is unknown.
        """
        samples, alpha = arrays.split(values)
        held = arrays.profile_of(space)
        return cls(samples, Space(profile=held), Source(profile=held, alpha=alpha))

    @classmethod
    def from_image(cls, image: Image.Image) -> Photo:
        """A photo from a PIL image, upright, with its ICC profile."""
        values, held = arrays.of_image(image)
        return cls.from_array(values, held or "srgb")

    @classmethod
    def of(cls, value: object) -> Photo:
        """A photo from a photo, an array or a PIL image.

        Raises
        ------
        PhotoError
            If it is none of these; the message says what to do with a path or bytes.
        """
        if isinstance(value, Photo):
            return value
        if isinstance(value, np.ndarray):
            return cls.from_array(value)
        if hasattr(value, "getbands"):
            return cls.from_image(value)  # type: ignore[arg-type]
        kind = type(value).__name__
        if isinstance(value, (bytes, bytearray, memoryview)):
            raise PhotoError(f"{kind} are not a photo; use PIL.Image.open(io.BytesIO(...))")
        if isinstance(value, str) or hasattr(value, "__fspath__"):
            raise PhotoError(f"{value!s:.60} is a path, not a photo; use restore.load(path)")
        raise PhotoError(f"{kind} is not a photo, an array or a PIL image")

    def to_array(self) -> NDArray[Any]:
        """A copy of the samples, followed by the alpha channel if there is one.

        Returns
        -------
        (height, width) grey, or (height, width, 2, 3 or 4), in the photo's own type.
        """
        if self.source.alpha is not None:
            return np.concatenate([self.samples, self.source.alpha[..., None]], 2)
        samples = self.samples.copy()
        return samples[..., 0] if samples.shape[2] == 1 else samples

    def to_image(self) -> Image.Image:
        """The photo as a PIL image: 8 bits, sRGB, with its alpha channel."""
        pixels = self.tile(Window.whole(*self.size)).pixels
        codes = Space().from_working(pixels, np.uint8)[..., : self.samples.shape[2]]
        return arrays.to_image(codes, self.source.alpha)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self.samples, dtype, copy=copy)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.samples.shape[0], self.samples.shape[1]

    @property
    def bits(self) -> int:
        """Bits per sample: 8, 16, or 32 (float)."""
        return self.samples.dtype.itemsize * 8

    def tile(self, window: Window) -> Tile:
        """The window's pixels as working RGB."""
        rows, columns = window.inside(Window.whole(*self.size))
        pixels = self.space.to_working(self.samples[rows, columns])
        pixels.flags.writeable = False
        infrared = self.source.infrared
        return Tile(
            pixels, pixels, window, None if infrared is None else shares(infrared[rows, columns])
        )

    def proxy(self, side: int = SIDE) -> Proxy:
        """The photo area-averaged to at most `side` pixels on the long side, with its patches.

        Transparent pixels are ignored: the view shows the nearest visible ones instead.
        """
        view = self._averaged(side)
        view.flags.writeable = False
        infrared = self.source.infrared
        if infrared is not None:
            plane = infrared[..., None]
            infrared = averaged(self.size, side, lambda top, end: shares(plane[top:end]))[..., 0]
        tile = Tile(view, view, Window.whole(*view.shape[:2]), infrared)
        windows = _patches(*self.size)
        whole, alpha = Window.whole(*self.size), self.source.alpha
        if alpha is not None:
            windows = [w for w in windows if alpha[w.inside(whole)].all()] or windows
        patches = tuple(map(self.tile, windows))
        grey = self.samples.shape[2] == 1
        camera = self.space.camera
        return Proxy(tile, patches, self.size, camera, grey, hints=self.hints, marks=self.marks)

    def visible(self) -> Window:
        """The smallest window with all pixels that are not fully transparent."""
        alpha = self.source.alpha
        if alpha is None:
            return Window.whole(*self.size)
        rows, columns = (np.flatnonzero(alpha.any(axis)) for axis in (1, 0))
        if not rows.size:
            return Window.whole(*self.size)
        top, left = int(rows[0]), int(columns[0])
        return Window(top, left, int(rows[-1]) + 1 - top, int(columns[-1]) + 1 - left, self.size)

    def cropped(self, window: Window) -> Photo:
        """The photo within a window."""
        place = window.inside(Window.whole(*self.size))
        alpha, infrared = (
            None if plane is None else plane[place]
            for plane in (self.source.alpha, self.source.infrared)
        )
        source = replace(self.source, alpha=alpha, infrared=infrared)
        hints = tuple(hint.within(window) for hint in self.hints)
        marks = tuple(mark.within(window) for mark in self.marks)
        return replace(self, samples=self.samples[place], source=source, hints=hints, marks=marks)

    def around(self, part: Photo, window: Window) -> Photo:
        """A restored part of the photo, with the transparent area around its window."""
        channels = part.samples.shape[2]
        if channels == self.samples.shape[2] and part.space == self.space:
            samples = self.samples.copy()
        else:  # invisible pixels need not be converted
            samples = np.zeros((*self.size, channels), part.samples.dtype)
        samples[window.inside(Window.whole(*self.size))] = part.samples
        source = replace(part.source, alpha=self.source.alpha, infrared=self.source.infrared)
        return replace(part, samples=samples, source=source)

    def _averaged(self, side: int) -> color.Array:
        """Area average in working RGB."""
        width, alpha = self.size[1], self.source.alpha

        def pixels(top: int, end: int) -> color.Array:
            return self.tile(Window(top, 0, end - top, width, self.size)).pixels

        if alpha is None or alpha.all():
            return averaged(self.size, side, pixels)

        def weighted(top: int, end: int) -> color.Array:
            weight = shares(alpha[top:end, :, None])
            return np.concatenate([pixels(top, end) * weight, weight], 2)

        sums = averaged(self.size, side, weighted)
        return filled(sums[..., :3], sums[..., 3])

    def _repr_png_(self) -> bytes:
        """The photo in a notebook, at most 1024 pixels wide or high."""
        import cv2

        view = self._averaged(1024)
        codes = Space().from_working(view, np.uint8)
        return cv2.imencode(".png", np.ascontiguousarray(codes[..., ::-1]))[1].tobytes()


def _check(samples: object) -> None:
    """PhotoError if these are not samples of a photo."""
    wrong = "a photo's samples are"
    if not isinstance(samples, np.ndarray):
        raise PhotoError(f"{wrong} of type {type(samples).__name__}; a NumPy array is needed")
    if samples.dtype not in (np.uint8, np.uint16, np.float32):
        raise PhotoError(f"{wrong} {samples.dtype}; uint8, uint16 or float32 is needed")
    if samples.ndim != 3 or samples.shape[2] not in (1, 3) or not samples.size:
        raise PhotoError(
            f"{wrong} of shape {samples.shape}; (height, width, 1 or 3) is needed, not empty; "
            "an alpha channel belongs in Source.alpha"
        )


def _patches(height: int, width: int) -> list[Window]:
    """8 x 8 windows spread evenly over the photo, none twice."""

    def starts(size: int) -> list[int]:
        return sorted({int(start) for start in np.linspace(0, max(size - PATCH, 0), 8).round()})

    tall, wide = min(PATCH, height), min(PATCH, width)
    return [
        Window(top, left, tall, wide, (height, width))
        for top in starts(height)
        for left in starts(width)
    ]
