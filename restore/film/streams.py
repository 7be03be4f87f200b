"""The result's file: the pieces joined, with all else the film holds, packet by packet."""

from __future__ import annotations

import heapq
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from restore.errors import PhotoError
from restore.film import opening
from restore.film.facts import FULL_RANGE, LIMITED_RANGE
from restore.film.job import FORMATS
from restore.film.segments import Segment
from restore.film.writer import Encoding

if TYPE_CHECKING:
    import av

OWN = {"major_brand", "minor_version", "compatible_brands", "encoder"}
"""Metadata of the file rather than of the film."""
COUNTED = ("BPS", "DURATION", "NUMBER_OF_", "_STATISTICS_")
"""How metadata begins that counts a stream's own bytes."""
POSTERS = {"png": "image/png", "mjpeg": "image/jpeg"}
"""Types of posters by FFmpeg's name of their codec."""
MADE_ANEW = {"bin_data", "tmcd"}
"""Data streams that the writer of MP4 makes itself: chapters and time codes."""


@dataclass(frozen=True)
class Part:
    """The part of a film that is restored, in seconds of the file's own clock; None: all of it."""

    start: Fraction | None = None
    end: Fraction | None = None

    def holds(self, packet: Any) -> bool:
        """Whether a packet is heard, or a subtitle is still read, within the part."""
        start = packet.pts * packet.time_base
        end = start
        if packet.stream.type == "subtitle":
            end += (packet.duration or 0) * packet.time_base
        after = self.start is None or start >= self.start or end > self.start
        return after and (self.end is None or start < self.end)


def _form(target: Path) -> str:
    """FFmpeg's writer for a result; PhotoError if its name ends in none that is known."""
    form = FORMATS.get(target.suffix.lower())
    if form is None:
        raise PhotoError(f"{target}: the name of a film ends in one of {', '.join(FORMATS)}")
    return form


@dataclass(frozen=True)
class Kept:
    """Which of a film's other streams a result holds.

    Attributes
    ----------
    numbers
        Of the streams in the film's file.
    warnings
        Lines about those that are left out.
    """

    numbers: frozenset[int]
    warnings: tuple[str, ...]


def kept(path: Path, target: Path, how: Encoding) -> Kept:
    """Which streams of a film can be copied into a result.

    Raises
    ------
    PhotoError
        If it cannot hold the pictures or the sound.
    """
    form = _form(target)
    numbers, warnings = [], []
    if not _holds(form, how, None):
        height, width = how.size
        raise PhotoError(
            f"{target}: {how.encoder} cannot code {width} x {height} pixels for this format; name "
            f"the result {target.stem}.mkv, or choose another codec"
        )
    if how.encoder == "prores_ks" and form == "matroska" and how.aspect != 1:
        warnings.append(
            f"{target}: cannot hold that the film's pixels are not square; name the result "
            f"{target.stem}.mov"
        )
    if how.encoder == "ffv1" and form != "matroska":
        warnings.append(
            f"{target}: few players show FFV1 in this format, and archives expect Matroska: "
            f"{target.stem}.mkv"
        )
    with opening.opened(path) as source:
        main = opening.main_stream(source)
        for stream in source.streams:
            name = getattr(stream, "name", None) or stream.type  # a damaged one has none
            if stream.index == main.index or name in MADE_ANEW:
                continue
            if _holds(form, how, stream):
                numbers.append(stream.index)
                continue
            if stream.type == "audio" and form != "matroska":
                raise PhotoError(
                    f"{target}: cannot hold the film's sound ({name}); name the result "
                    f"{target.stem}.mkv"
                )
            warnings.append(f"{target}: cannot hold the film's {stream.type} ({name}); left out")
    return Kept(frozenset(numbers), tuple(warnings))


def _holds(form: str, how: Encoding, stream: Any) -> bool:
    """Whether a format takes the pictures and one more stream."""
    av = opening.library()
    try:
        with av.open(BytesIO(), "w", form) as out:
            video: Any = out.add_stream(how.encoder, rate=how.rate)
            video.height, video.width = how.size
            video.pix_fmt = how.form
            video.codec_context.options = how.options
            if stream is not None and _added(out, stream) is None:
                return False
            out.start_encoding()
    except (ValueError, av.FFmpegError):
        return False
    return True


def join(
    path: Path,
    pieces: Sequence[tuple[Path, Segment]],
    how: Encoding,
    target: Path,
    file: BinaryIO,
    *,
    numbers: Container[int],
    part: bool,
    matrix: tuple[int, ...] | None,
    line: str,
) -> int:
    """Write the result: pictures from the pieces, everything else from the film.

    Returns how many packets were left out because they are damaged.

    Parameters
    ----------
    numbers
        Of the streams to copy.
    part
        Only a part was restored: the result begins at time 0 with its first frame.
    matrix
        The display matrix, or None.
    line
        What was done, for the metadata.
    """
    av = opening.library()
    places = [pts for _, segment in pieces for pts in segment.places]
    after = max(pieces[-1][1].after, places[-1] + 1)
    refused = 0
    span = Part(places[0] * how.base, after * how.base) if part else Part()
    shift = span.start or Fraction(0)
    options = {"avoid_negative_ts": "disabled", "movie_timescale": "90000"}
    with (
        opening.opened(path) as source,
        av.open(str(pieces[0][0])) as first,
        av.open(file, "w", _form(target), container_options=options) as out,
    ):
        main = opening.main_stream(source)
        streams: dict[int, Any] = {}
        for stream in source.streams:
            if stream.index == main.index:
                video = _video(out, first.streams.video[0], main, how, matrix)
            elif stream.index in numbers and (added := _added(out, stream)) is not None:
                added.metadata.update(_metadata(stream, part))
                if added.type != "attachment":  # that is in the header
                    streams[stream.index] = added
        _describe(source, out, span, line)
        out.start_encoding()
        pictures = _pictures(pieces, places, after, how, video, shift)
        copied = _copied(source, streams, span, shift)
        for _, packet in heapq.merge(pictures, copied, key=lambda timed: timed[0]):
            try:
                out.mux_one(packet)
            except av.FFmpegError as error:
                if packet.stream is video or isinstance(error, OSError):
                    raise
                refused += 1
    return refused


def _added(out: av.container.OutputContainer, stream: Any) -> Any:
    """A stream of the result that takes another's packets; None if its format cannot."""
    if stream.type == "attachment" and out.format.name != "matroska":
        return None
    if _is_poster(stream) and out.format.name == "matroska":
        return _poster(out, stream)
    if stream.type == "data" and out.format.name != "mov":
        return None
    added = out.add_stream_from_template(stream, opaque=True)
    added.time_base = stream.time_base
    added.disposition = stream.disposition
    return added


def _is_poster(stream: Any) -> bool:
    return stream.type == "video" and opening.is_cover(stream)


def _poster(out: av.container.OutputContainer, stream: Any) -> Any:
    """A film's poster as Matroska has it, a file attached; None if its kind is not known."""
    kind = POSTERS.get(stream.name)
    if kind is None:
        return None
    with opening.opened(Path(stream.container.name.removeprefix("file:"))) as source:
        packets = source.demux(source.streams[stream.index])
        content = next((bytes(packet) for packet in packets if packet.size), b"")
    return out.add_attachment(f"cover.{kind.partition('/')[2]}", kind, content)


def _metadata(stream: Any, changed: bool) -> dict[str, str]:
    return {
        key: value
        for key, value in stream.metadata.items()
        if not (changed and key.startswith(COUNTED))
    }


def _video(
    out: av.container.OutputContainer,
    piece: Any,
    main: Any,
    how: Encoding,
    matrix: tuple[int, ...] | None,
) -> Any:
    """The result's stream of pictures."""
    video: Any = out.add_stream_from_template(piece, opaque=True)
    video.time_base = how.base
    context = video.codec_context  # not all codecs hold these themselves
    context.color_primaries, context.color_trc, context.colorspace = how.coding.tags
    context.color_range = FULL_RANGE if how.coding.full else LIMITED_RANGE
    context.sample_aspect_ratio = how.aspect
    if matrix is not None:
        video.set_display_matrix(matrix)
    if how.encoder == "libx265" and out.format.name != "matroska":
        video.codec_context.codec_tag = "hvc1"  # the only kind that Apple's players take
    video.metadata.update(_metadata(main, changed=True))
    video.disposition = main.disposition
    return video


def _describe(
    source: av.container.InputContainer, out: av.container.OutputContainer, span: Part, line: str
) -> None:
    """Copy the metadata and the chapters, and note what was done."""
    out.metadata.update({k: v for k, v in source.metadata.items() if k.lower() not in OWN})
    comment = next((key for key in out.metadata if key.lower() == "comment"), "comment")
    out.metadata[comment] = "; ".join(filter(None, (out.metadata.get(comment), line)))
    chapters = []
    for chapter in source.chapters():
        base = Fraction(chapter["time_base"] or Fraction(1, 1000))
        start, end = chapter["start"] * base, chapter["end"] * base
        if span.start is not None and span.end is not None:
            start, end = max(start, span.start) - span.start, min(end, span.end) - span.start
        if start < end:
            times = {"start": round(start / base), "end": round(end / base)}
            chapters.append({**chapter, **times})
    if chapters:
        out.set_chapters(chapters)


def _pictures(
    pieces: Sequence[tuple[Path, Segment]],
    places: Sequence[int],
    after: int,
    how: Encoding,
    video: Any,
    shift: Fraction,
) -> Iterator[tuple[Fraction, Any]]:
    """The packets of the pieces with the times of their frames.

    Each piece was coded by itself, so where frames come unevenly, its own decoding times may fall
    back behind those of the piece before. They are made anew: the times of the frames, moved by as
    many frames as the order of decoding differs from that of showing.
    """
    ranks = [_ranks(path, segment) for path, segment in pieces]
    following = [*places[1:], after]
    delay = max(at - rank for piece in ranks for at, rank in enumerate(piece))
    lead = following[0] - places[0]
    decoding = [places[0] - (delay - at) * lead for at in range(delay)] + list(places)
    offset = round(shift / how.base)
    number = 0
    for (path, segment), piece in zip(pieces, ranks, strict=True):
        for packet, rank in zip(_packets(path), piece, strict=True):
            place = segment.start + rank
            packet.time_base = how.base
            packet.pts, packet.dts = places[place] - offset, decoding[number] - offset
            packet.duration = following[place] - places[place]
            packet.stream = video
            yield packet.dts * how.base, packet
            number += 1


def _ranks(path: Path, segment: Segment) -> list[int]:
    """Which frame of a piece each of its packets is, in the order of decoding."""
    shown = [packet.pts for packet in _packets(path)]
    if len(shown) != len(segment.places):
        raise PhotoError(f"{path}: is damaged; remove the folder it is in and start again")
    order = sorted(range(len(shown)), key=shown.__getitem__)
    ranks = [0] * len(shown)
    for rank, at in enumerate(order):
        ranks[at] = rank
    return ranks


def _packets(path: Path) -> Iterator[Any]:
    with opening.library().open(str(path)) as piece:
        for packet in piece.demux(piece.streams.video[0]):
            if packet.size:
                yield packet


def _copied(
    source: av.container.InputContainer, streams: dict[int, Any], span: Part, shift: Fraction
) -> Iterator[tuple[Fraction, Any]]:
    """The packets of all other streams, moved to where the part begins."""
    av = opening.library()
    chosen = [stream for stream in source.streams if stream.index in streams]
    if not chosen:
        return
    packets = source.demux(*chosen)
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.FFmpegError):
            return
        base = packet.time_base
        if packet.size and _is_poster(packet.stream):
            packet.pts = packet.dts = 0
            packet.stream = streams[packet.stream.index]
            yield Fraction(0), packet
            continue
        if not packet.size or packet.pts is None or not span.holds(packet):
            continue
        offset = round(shift / base)
        if packet.stream.type == "subtitle" and span.start is not None and span.end is not None:
            _shorten(packet, round(span.start / base), round(span.end / base))
        packet.pts -= offset
        packet.dts = packet.pts if packet.dts is None else packet.dts - offset
        packet.stream = streams[packet.stream.index]
        yield packet.dts * base, packet


def _shorten(packet: Any, start: int, end: int) -> None:
    """Limit the time that a subtitle is shown to the part."""
    last = min(packet.pts + (packet.duration or 0), end)
    packet.pts = max(packet.pts, start)
    packet.dts = packet.pts
    packet.duration = max(0, last - packet.pts)
