"""Opening video files of unknown origin: what is refused, and in which words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from restore.errors import MissingPackage, PhotoError

if TYPE_CHECKING:
    import av

LISTS = {"hls", "dash", "concat", "concatf", "imf", "sdp", "rtsp", "rtp", "lavfi", "ffmetadata"}
"""Formats that name other files, which a hostile one could point anywhere; and no video itself."""
TEXT = {"tty", "srt", "ass", "webvtt", "microdvd", "subviewer", "jacosub", "vobsub", "lrc"}
"""Formats of text, which FFmpeg would show as a picture or take for subtitles."""
PHOTOS = ("image2", "_pipe")
"""How the names of FFmpeg's readers of single pictures begin or end."""


def library() -> Any:
    """PyAV.

    Raises
    ------
    MissingPackage
        If it is not installed.
    """
    try:
        import av
    except ImportError as error:
        raise MissingPackage(
            "film needs the av package (FFmpeg); install it with: "
            'pip install "restore-photos[video]"'
        ) from error
    return av


@contextmanager
def opened(path: Path) -> Iterator[av.container.InputContainer]:
    """An open video file.

    Raises
    ------
    PhotoError
        If it cannot be opened or is not a video.
    """
    av = library()
    try:
        if path.is_dir():
            raise PhotoError(f"{path}: is a folder, not a video")
        with path.open("rb") as file:
            if not file.read(1) and path.is_file():
                raise PhotoError(f"{path}: is empty")
        # "file:", lest a name such as "http:x" or "concat:x" be taken for an address
        container = av.open(
            f"file:{path.absolute()}",
            "r",
            options={"protocol_whitelist": "file"},
            **({"metadata_errors": "replace"} if av.__version__.startswith("18.") else {}),
        )
    except av.FFmpegError as error:
        raise PhotoError(f"{path}: is damaged or not a video ({error.strerror})") from error
    except OSError as error:
        raise PhotoError(f"{path}: {error.strerror}") from error
    with container:
        _refuse(path, container)
        yield container


def _refuse(path: Path, container: av.container.InputContainer) -> None:
    """PhotoError if this is something else than a film."""
    names = set(container.format.name.split(","))
    if names & (LISTS | TEXT):
        raise PhotoError(f"{path}: is not a video but {container.format.long_name}")
    if any(name.startswith(PHOTOS[0]) or name.endswith(PHOTOS[1]) for name in names):
        raise PhotoError(f"{path}: is a photo, not a film; use: restore run RECIPE {path}")
    if not any(not is_cover(stream) for stream in container.streams.video):
        kind = "sound but no video" if container.streams.audio else "no video"
        raise PhotoError(f"{path}: holds {kind}")


def main_stream(container: av.container.InputContainer) -> av.VideoStream:
    """The stream that is restored: the first one that is no cover picture."""
    return next(stream for stream in container.streams.video if not is_cover(stream))


def is_cover(stream: av.VideoStream) -> bool:
    """Whether a stream of video is a picture that belongs to the film, such as its poster."""
    from av.stream import Disposition

    still = Disposition.attached_pic | Disposition.timed_thumbnails
    return bool(Disposition(stream.disposition) & still)
