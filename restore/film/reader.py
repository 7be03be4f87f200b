"""A film: its description, and its frames in order from any place, exactly."""

from __future__ import annotations

import threading
from array import array
from collections.abc import Iterator
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from restore.errors import PhotoError
from restore.film import opening
from restore.film.coding import Planes
from restore.film.facts import facts_of
from restore.film.frame import Frame, Still

if TYPE_CHECKING:
    import av

BACK = (0, 2, 10)
"""Seconds before a frame that are sought, until a key frame before it is met."""


class Film:
    """A film, or the part of it between two times.

    Frames are counted from the first one at or after `start`. Several may read at once: each call
    of `frames` has a decoder of its own, and all share what is known of the places of frames.

    Parameters
    ----------
    path
        The file.
    start, end
        Seconds from the beginning; `end` is excluded. None: the whole film.

    Raises
    ------
    PhotoError
        If it cannot be read, is not a film, or has colours that would be ruined (HDR).
    """

    def __init__(
        self, path: Path, start: Fraction | None = None, end: Fraction | None = None
    ) -> None:
        self.path, self.start, self.end = path, start, end
        with opening.opened(path) as container:
            self.facts = facts_of(path, container)
        self._places = array("q")
        self._lock = threading.Lock()
        self._sought = True
        self._skipped: set[int | None] = set()
        self._cut_off = False

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels, upright."""
        return self.facts.size

    @property
    def rate(self) -> Fraction | None:
        """Frames per second, on average, as the file says."""
        return self.facts.rate

    @property
    def duration(self) -> Fraction | None:
        """Seconds of the part, as the file says."""
        whole = self.facts.duration
        if whole is None and self.end is None:
            return None
        ends = [end for end in (whole, self.end) if end is not None]
        return max(Fraction(0), min(ends) - (self.start or 0))

    @property
    def estimate(self) -> int | None:
        """About how many frames there are, for a progress bar: headers lie."""
        if self.duration is None or not self.rate:
            return None
        return max(1, round(self.duration * self.rate))

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was unusual so far."""
        lines = []
        if count := len(self._skipped):
            some = "a damaged piece was" if count == 1 else f"{count} damaged pieces were"
            lines.append(f"{some} left out")
        if self._cut_off:
            lines.append("ends in damaged data: it may be cut off")
        if self.facts.alpha:
            lines.append("its alpha channel is left out")
        return tuple(f"{self.path}: {line}" for line in lines)

    @property
    def places(self) -> tuple[int, ...]:
        """The `pts` of the frames met so far, from the first."""
        with self._lock:
            return tuple(self._places)

    def know(self, places: tuple[int, ...]) -> None:
        """Take over the places that an earlier run met."""
        with self._lock:
            if len(places) > len(self._places):
                self._places = array("q", places)

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
        """The frames from number `start` up to but not including `stop`, or to the end.

        Raises
        ------
        PhotoError
            If the size changes on the way, or the file cannot be read any more.
        """
        facts = self.facts
        for index, pts, picture in self._counted(start):
            if stop is not None and index >= stop:
                return
            time = pts * facts.base - facts.origin
            if self.end is not None and time >= self.end:
                return
            if index >= start:
                yield self._frame(index, pts, picture)

    def at(self, time: Fraction) -> Frame | None:
        """The first frame at or after a time, in seconds; its index counts as 0."""
        for pts, picture in self._from(self._pts(time)):
            return self._frame(0, pts, picture)
        return None

    def proxies(self, side: int, start: int = 0, stop: int | None = None) -> Iterator[Still]:
        """The frames made small, at most `side` pixels on the long side."""
        for frame in self.frames(start, stop):
            yield frame.still(side)

    def _frame(self, index: int, pts: int, picture: Any) -> Frame:
        facts = self.facts
        time = pts * facts.base - facts.origin
        planes = _planes(picture, facts.form)
        if facts.coding.neutral(planes):
            luma = planes[0].copy()  # so that the picture is freed: frames wait by the dozen
            luma.flags.writeable = False
            planes = (luma,)
        shown = round((picture.duration or 0) * Fraction(picture.time_base or 0) / facts.base)
        return Frame(index, pts, time, planes, facts.coding, facts.orientation, shown)

    def _counted(self, start: int) -> Iterator[tuple[int, int, Any]]:
        """Index, pts and picture of the frames, from number `start` or before it."""
        with self._lock:
            known = min(start, len(self._places) - 1) if self._sought else -1
            first = self._places[known] if known > 0 else None
        if first is None and self.start and self._sought:
            first = self._pts(self.start)
        index = max(known, 0)
        for pts, picture in self._from(first):
            if known > 0 and index == known and pts != first:
                break  # not where it was: seeking does not work here
            if known <= 0 and self.start and pts < self._pts(self.start):
                continue
            with self._lock:
                if index == len(self._places):
                    self._places.append(pts)
            yield index, pts, picture
            index += 1
        else:
            return
        self._sought = False
        yield from self._counted(start)

    def _pts(self, time: Fraction) -> int:
        """The first `pts` at or after a time."""
        return -int(-(time + self.facts.origin) // self.facts.base)

    def _from(self, first: int | None) -> Iterator[tuple[int, Any]]:
        """The pictures from `pts` first on, or all; each pts greater than the one before."""
        wanted = -(2**63) if first is None else first
        for back in BACK if first is not None else ():
            pictures = self._sequence(first, back)
            begun = next(pictures, None)
            # the first one of a deinterlaced sequence lacks the fields before it
            if begun and begun[0] + self.facts.interlaced <= wanted:
                yield from (at for at in chain([begun], pictures) if at[0] >= wanted)
                return
        yield from (at for at in self._sequence(None, 0) if at[0] >= wanted)

    def _sequence(self, first: int | None, back: int) -> Iterator[tuple[int, Any]]:
        """The pictures from a key frame `back` seconds before `first` on; from the start if None.

        As shown: deinterlaced, of one size, in order.
        """
        facts = self.facts
        last: int | None = None
        with opening.opened(self.path) as container:
            stream = opening.main_stream(container)
            stream.thread_count = 1
            if first is not None:
                try:
                    container.seek(first - int(back / facts.base), stream=stream)
                except opening.library().FFmpegError:  # no place that early, or no index
                    return
            pictures = self._decoded(container, stream, key=first is not None)
            sized = (self._checked(picture) for picture in pictures)
            for picture in _deinterlaced(sized, stream) if facts.interlaced else sized:
                pts = picture.pts
                if pts is None:
                    self._sought = False
                    step = 1 / (facts.rate or Fraction(25)) / facts.base
                    pts = 0 if last is None else last + max(1, round(step))
                elif picture.time_base is not None and picture.time_base != facts.base:
                    pts = round(pts * Fraction(picture.time_base) / facts.base)
                if last is not None and pts <= last:
                    self._sought = False
                    pts = last + 1
                last = pts
                yield pts, picture

    def _decoded(
        self, container: av.container.InputContainer, stream: av.VideoStream, key: bool
    ) -> Iterator[Any]:
        """Decoded pictures, in order; with `key`, from a key frame on. Damage is skipped."""
        av = opening.library()
        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except av.FFmpegError:
                self._cut_off = True
                packet = None
            try:
                pictures = stream.codec_context.decode(packet)
            except av.FFmpegError:
                pictures = []
                if packet is not None:
                    self._skipped.add(packet.dts if packet.pts is None else packet.pts)
            for picture in pictures:
                key = key and not picture.key_frame
                if not key:
                    yield picture
            if packet is None:
                return

    def _checked(self, picture: Any) -> Any:
        """The picture, if it has the film's size."""
        if (picture.height, picture.width) != self.facts.stored:
            time = float((picture.pts or 0) * self.facts.base - self.facts.origin)
            height, width = self.facts.stored
            raise PhotoError(
                f"{self.path}: the picture changes from {width} x {height} to {picture.width} x "
                f"{picture.height} at {time:.3f} s; restore the parts one by one"
            )
        return picture


def _planes(picture: Any, form: str) -> Planes:
    """The samples of a decoded picture, without a copy where they are planar already."""
    if picture.format.name == "pal8":
        return _of_palette(picture)
    name = picture.format.name.replace("yuvj", "yuv").replace("yuva", "yuv")
    if name != form and name.replace("gbrap", "gbrp") != form:
        picture = picture.reformat(format=form)
    dtype = np.uint16 if form.endswith("le") else np.uint8
    planes = []
    for plane in picture.planes[: 1 if form.startswith("gray") else 3]:
        rows = np.frombuffer(plane, dtype).reshape(plane.height, -1)
        samples = rows[:, : plane.width]
        samples.flags.writeable = False
        planes.append(samples)
    return tuple(planes)


def _of_palette(picture: Any) -> Planes:
    """G, B, R of a picture with a palette, which FFmpeg's scaler does not take."""
    numbers = np.frombuffer(picture.planes[0], np.uint8).reshape(picture.height, -1)
    palette = np.frombuffer(picture.planes[1], np.uint32, 256)  # A, R, G, B from the top
    colours = palette[numbers[:, : picture.width]]
    return tuple((colours >> shift).astype(np.uint8) for shift in (8, 0, 16))


def _deinterlaced(pictures: Iterator[Any], stream: av.VideoStream) -> Iterator[Any]:
    """Pictures of two fields as one each; those that are whole pass unchanged."""
    av = opening.library()
    graph = None
    for picture in pictures:
        if graph is None:
            graph = av.filter.Graph()
            source = graph.add_buffer(
                width=picture.width,
                height=picture.height,
                format=picture.format.name,
                time_base=stream.time_base,
            )
            filtered = graph.add("bwdif", "mode=send_frame:parity=auto:deint=interlaced")
            graph.link_nodes(source, filtered, graph.add("buffersink")).configure()
        graph.push(picture)
        yield from _pulled(graph)
    if graph is not None:
        graph.push(None)
        yield from _pulled(graph)


def _pulled(graph: av.filter.Graph) -> Iterator[Any]:
    av = opening.library()
    while True:
        try:
            yield graph.pull()
        except (av.BlockingIOError, av.EOFError):
            return
