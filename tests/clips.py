"""Small films, made with PyAV: sound, subtitles, turned, interlaced, many bits, uneven times."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

BASE = Fraction(1, 1000)
"""Time base of Matroska."""


def luma(number: int, height: int = 48, width: int = 64) -> np.ndarray:
    """Luma of a frame, 8 bits: a moving slope, brighter from frame to frame."""
    y, x = np.mgrid[:height, :width]
    return (40 + 3 * number + (x + y + 2 * number) % 100).astype(np.uint8)


def picture(
    number: int, form: str = "yuv420p", height: int = 48, width: int = 64, chroma: int = 0
) -> av.VideoFrame:
    """A frame in a planar format; `chroma` is how far its colours are from grey, in 8-bit codes."""
    frame = av.VideoFrame(width, height, form)
    deep = form.endswith("le")
    shift = int(form.removesuffix("le").rpartition("p")[2] or 8) - 8 if deep else 0
    values = [luma(number, height, width).astype(np.uint16)]
    values += [
        np.full((place.height, place.width), 128 + chroma, np.uint16) for place in frame.planes[1:]
    ]
    for place, samples in zip(frame.planes, values, strict=True):
        memory = np.frombuffer(place, np.uint16 if deep else np.uint8).reshape(place.height, -1)
        memory[:, : place.width] = samples << shift
    return frame


def film(
    path: Path,
    frames: int = 12,
    *,
    size: tuple[int, int] = (48, 64),
    codec: str = "libx264",
    form: str = "yuv420p",
    rate: int | Fraction = 25,
    times: Sequence[int] | None = None,
    base: Fraction | None = None,
    chroma: int = 0,
    tags: tuple[int, int, int, int] | None = None,
    rotation: int = 0,
    aspect: Fraction | None = None,
    interlaced: bool = False,
    sound: bool = False,
    subtitles: Sequence[tuple[int, int, str]] = (),
    chapters: Sequence[tuple[int, int, str]] = (),
    options: dict[str, str] | None = None,
    paint: Callable[[int], av.VideoFrame] | None = None,
) -> Path:
    """A film at `path`; lossless where the codec can.

    Parameters
    ----------
    times
        The frames' times in `base`; as `rate` says if None.
    tags
        Matrix, range, transfer, primaries.
    subtitles, chapters
        Start and end in ms, and text.
    """
    lossless = {"libx264": {"qp": "0", "g": "5"}, "libx265": {"x265-params": "log-level=none"}}
    base = base or 1 / Fraction(rate)
    with av.open(str(path), "w") as out:
        stream: Any = out.add_stream(codec, rate=rate)
        stream.height, stream.width, stream.pix_fmt = *size, form
        stream.codec_context.time_base = base
        stream.codec_context.options = {**lossless.get(codec, {}), **(options or {})}
        if tags:
            context = stream.codec_context
            context.colorspace, context.color_range = tags[:2]
            context.color_trc, context.color_primaries = tags[2:]
        shape = None
        if aspect:
            stream.codec_context.sample_aspect_ratio = aspect
            shape = av.filter.Graph()
            source = shape.add_buffer(width=size[1], height=size[0], format=form, time_base=base)
            shape.link_nodes(source, shape.add("setsar", str(aspect)), shape.add("buffersink"))
            shape.configure()
        if rotation:
            stream.set_display_rotation(rotation)
        heard = _sound(out, frames / float(rate)) if sound else []
        read = _subtitles(out, subtitles) if subtitles else []
        if chapters:
            out.set_chapters(
                [
                    {"id": n, "start": a, "end": b, "time_base": BASE, "metadata": {"title": title}}
                    for n, (a, b, title) in enumerate(chapters)
                ]
            )
        out.metadata["title"] = "A small film"
        packets = []
        for number in range(frames):
            frame = paint(number) if paint else picture(number, form, *size, chroma)
            frame.pts = times[number] if times else number
            frame.time_base = base
            if shape:
                shape.push(frame)
                frame = shape.pull()
            packets += stream.encode(frame)
        packets += stream.encode()
        for packet in sorted(
            packets + heard + read, key=lambda p: float((p.dts or p.pts or 0) * p.time_base)
        ):
            out.mux(packet)
    return path


def _sound(out: Any, seconds: float) -> list[av.Packet]:
    """A tone in stereo AAC."""
    stream = out.add_stream("aac", rate=48000, layout="stereo")
    packets = []
    for number in range(int(seconds * 48000 / 1024)):
        wave = np.sin((np.arange(1024) + 1024 * number) / 20).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(np.stack([wave, wave]), "fltp", "stereo")
        frame.sample_rate, frame.pts, frame.time_base = 48000, 1024 * number, Fraction(1, 48000)
        packets += stream.encode(frame)
    return packets + stream.encode()


def _subtitles(out: Any, lines: Sequence[tuple[int, int, str]]) -> list[av.Packet]:
    stream = out.add_mux_stream("subrip")
    packets = []
    for start, end, text in lines:
        packet = av.Packet(text.encode())
        packet.stream, packet.time_base = stream, BASE
        packet.pts = packet.dts = start
        packet.duration = end - start
        packets.append(packet)
    return packets


def decoded(path: Path) -> list[tuple[float, np.ndarray]]:
    """Times in seconds, and all planes of the frames as one array, of a film."""
    with av.open(str(path)) as film:
        stream = film.streams.video[0]
        return [(float(frame.time), frame.to_ndarray()) for frame in film.decode(stream)]


def packets(path: Path, kind: str) -> list[tuple[Fraction, bytes]]:
    """Times and contents of the packets of all streams of a kind."""
    with av.open(str(path)) as film:
        streams = [stream for stream in film.streams if stream.type == kind]
        return [
            (packet.pts * packet.time_base, bytes(packet))
            for packet in film.demux(*streams)
            if packet.size and packet.pts is not None
        ]
