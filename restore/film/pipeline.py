"""A whole film through a recipe: read, planned chunk by chunk, rendered, coded, joined.

    stills ─► where shots begin ─┐
    frames ──────────────────────┴─► plans ─► two rendered at once ─► encoder ─► pieces ─► result

Each arrow is a thread that works a little ahead. Frames are held until they are planned, a few
dozen at most, so memory does not grow with the film.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import chain, islice, repeat
from typing import Any, BinaryIO

from restore import colorizers, memory
from restore._version import __version__
from restore.context import Context, cores
from restore.errors import PhotoError
from restore.files import _writing
from restore.film import opening, planning, shots, streams
from restore.film.ahead import ahead
from restore.film.coding import Planes
from restore.film.frame import Frame
from restore.film.job import FilmJob, Outcome, Progress, clock
from restore.film.reader import Film
from restore.film.segments import Segment, Segments
from restore.film.writer import Encoder, Encoding, encoding
from restore.plan import Plan
from restore.recipe import Recipe
from restore.timeouts import Allow, Patience

LEAST, MOST = 60, 240
"""Frames from which a piece ends with its shot, or in any case: what a killed run may lose."""
TRAINED = "compositeWithTrainedAlgorithmicMedia"
"""IPTC digital source type (cv.iptc.org/newscodes/digitalsourcetype)."""
TRIM = 8
"""Frames after which freed memory is given back."""
MISSING = 0.1
"""Share of a film without pictures at its end from which it may be cut off."""
SEEN = 256
"""Frames before the first one that are looked at again, to find the same shots as before."""


@dataclass(frozen=True, eq=False)
class Planned:
    """A frame with its plan, and whether a shot begins with it."""

    frame: Frame
    plan: Plan
    begins: bool


@dataclass(frozen=True, eq=False)
class Rendered:
    """A frame as it was planned, with the planes that come of it."""

    of: Planned
    planes: Planes


def restore_film(
    job: FilmJob,
    recipe: Recipe,
    tell: Callable[[Progress], None] = lambda progress: None,
    allow: Allow = lambda seconds, what: None,
) -> Outcome:
    """Restore one film.

    An interrupted run leaves finished pieces in a hidden folder beside the result; the same job
    goes on after them.

    Raises
    ------
    PhotoError
        If it cannot be read or the result cannot be written; no half result is left behind.
    """
    import cv2

    cv2.setNumThreads(1)  # several frames at once are the parallel work
    patience = Patience(job.path, allow)
    patience.reads()
    _writing.refuse_originals(job.target, [job.path])
    if not job.overwrite:
        _writing.refuse_existing(job.target)
        if job.report:
            _writing.refuse_existing(job.page)
    film = Film(job.path, job.start, job.end)
    how = encoding(film.facts, job.codec, job.quality)
    others = streams.kept(job.path, job.target, how)
    context = Context()
    recipe.prepare(context)
    patience.works()
    with Segments(job.target, _identity(job, recipe, how)).held() as segments:
        film.know(segments.places)
        run = Run(film, recipe, how, segments, context, tell)
        if not segments.complete:
            run.go_on()
        patience.works("joining the result")
        damaged = _join(job, film, how, segments, others, recipe)
        written = [job.target]
        if job.report:
            patience.works("writing the report")
            _report(job, film, recipe, segments, tell)
            written.append(job.page)
        segments.remove()
    return Outcome(
        tuple(written),
        segments.stop,
        len(segments.shots),
        (*film.warnings, *_missing(film), *others.warnings, *damaged),
        tuple(segments.headlines),
    )


def _missing(film: Film) -> list[str]:
    """A warning if a film's pictures end long before the time that the file says."""
    length, places = film.facts.duration, film.places
    if length is None or film.end is not None or not places:
        return []
    ends = places[-1] * film.facts.base - film.facts.origin
    if length - ends <= max(MISSING * length, 2 / (film.rate or 1)):
        return []
    times = [clock(float(time), tenths=True) for time in (ends, length)]
    return [f"{film.path}: its pictures end at {times[0]} of {times[1]}: it may be cut off"]


@dataclass
class Run:
    """One run over what is missing of a film."""

    film: Film
    recipe: Recipe
    how: Encoding
    segments: Segments
    context: Context
    tell: Callable[[Progress], None]

    def __post_init__(self) -> None:
        self._resumed = self.segments.stop
        self._size = self.segments.size
        self._keep_luma = {use.step.name for use in self.recipe.uses} == {"colorize"}

    def go_on(self) -> None:
        """Make all pieces that are missing."""
        with ExitStack() as stack:
            planned = stack.enter_context(ahead(self._planned(), 2))
            pool = stack.enter_context(ThreadPoolExecutor(cores()))
            futures = (pool.submit(self._render, frame) for frame in planned)
            self._write(stack.enter_context(ahead(futures, cores())))

    def _planned(self) -> Iterator[Planned]:
        """The missing frames, with their plans.

        Plans depend on all of the shot before: a shot that was interrupted is planned again.
        """
        missing = self.segments.stop
        start = max((int(shot["start"]) for shot in self.segments.shots), default=0)
        seen = max(0, start - SEEN)
        with ExitStack() as stack:
            stills = self.film.proxies(shots.SIDE, seen)
            marks = stack.enter_context(ahead(shots.begins(stills), 4))
            frames = stack.enter_context(ahead(self.film.frames(start), 2))
            # a damaged film may give fewer frames when read from elsewhere
            endless = chain(islice(marks, start - seen, None), repeat(False))
            marked = zip(frames, endless, strict=False)
            for shot in _split(marked):
                waiting: deque[Frame] = deque()
                begins = True
                taken = _noted(shot, waiting)
                for plan in planning.plans(self.recipe, taken, context=self.context):
                    frame = waiting.popleft()
                    if frame.index >= missing:
                        yield Planned(frame, plan, begins)
                    begins = False

    def _render(self, planned: Planned) -> Rendered:
        frame = planned.frame
        restored = planned.plan.render(frame.photo, context=Context(threads=1))
        planes = frame.coded(restored, self.how.coding, keep_luma=self._keep_luma)
        return Rendered(planned, planes)

    def _write(self, rendered: Iterator[Future[Rendered]]) -> None:
        """Encode frames piece by piece; a piece ends with a shot if it can."""
        piece: Piece | None = None
        try:
            for future in rendered:
                done = future.result()
                count = 0 if piece is None else len(piece.places)
                if piece is not None and count >= (LEAST if done.of.begins else MOST):
                    self._finish(piece, last=False)
                    piece = None
                if piece is None:
                    piece = Piece(Encoder(self.segments.unfinished(), self.how))
                piece.add(done)
                if len(piece.places) % TRIM == 0:
                    memory.give_back()
                self._report(piece)
            if piece is None:
                raise PhotoError(f"{self.film.path}: has no frame in this part")
            self._finish(piece, last=True)
        except BaseException:
            if piece is not None:
                piece.encoder.abandon()
            raise

    def _finish(self, piece: Piece, *, last: bool) -> None:
        """A piece is whole."""
        piece.encoder.close()
        start, places = self.segments.stop, tuple(piece.places)
        self.segments.finish(Segment(start, places, piece.after, last, tuple(piece.shots)))
        self._size = self.segments.size

    def _report(self, piece: Piece) -> None:
        """Tell how far the film is."""
        frames = self.segments.stop + len(piece.places)
        part = self.segments.unfinished()
        size = self._size + (part.stat().st_size if part.exists() else 0)
        total = self.film.estimate
        shot = len(self.segments.shots) + len(piece.shots)
        self.tell(Progress(frames, total and max(total, frames), self._resumed, shot, size))


@dataclass
class Piece:
    """A piece that is being written.

    Attributes
    ----------
    places, after
        The `pts` of its frames, and when the last one has been shown.
    shots
        What is known of the shots that begin in it.
    """

    encoder: Encoder
    places: list[int] = field(default_factory=list)
    after: int = 0
    shots: list[Mapping[str, Any]] = field(default_factory=list)

    def add(self, rendered: Rendered) -> None:
        """Encode a frame."""
        frame = rendered.of.frame
        self.encoder.add(rendered.planes)
        self.places.append(frame.pts)
        self.after = frame.pts + (frame.duration or self.encoder.usual)
        if rendered.of.begins:
            self.shots.append(_about(rendered.of))


def _about(first: Planned) -> Mapping[str, Any]:
    """What the report says about a shot, of its first frame."""
    from restore.report import comparison

    findings = first.plan.findings
    return {
        "start": first.frame.index,
        "findings": comparison.headline(findings),
        "lines": comparison.lines(findings),
        "network": first.plan.record.get("network", ""),
    }


def _split(marked: Iterator[tuple[Frame, bool]]) -> Iterator[Iterator[Frame]]:
    """Frames by shots; each must be taken whole before the next."""
    following = next(marked, None)
    while following is not None:
        first, _ = following
        following = None

        def shot(first: Frame = first) -> Iterator[Frame]:
            nonlocal following
            yield first
            for frame, begins in marked:
                if begins:
                    following = frame, True
                    return
                yield frame

        yield shot()


def _noted(frames: Iterable[Frame], waiting: deque[Frame]) -> Iterator[Frame]:
    """The frames, each also put where it waits for its plan."""
    for frame in frames:
        waiting.append(frame)
        yield frame


def _identity(job: FilmJob, recipe: Recipe, how: Encoding) -> dict[str, Any]:
    """All that the result's pictures depend on."""
    status = job.path.stat()
    return {
        "version": __version__,
        "film": [str(job.path.absolute()), status.st_size, status.st_mtime_ns],
        "part": [str(job.start), str(job.end)],
        "recipe": recipe.toml(),
        "coding": str(how),
        "networks": [
            colorizers.get(str(use.settings.get("model", "auto"))).sha256()
            for use in recipe.uses
            if "model" in use.step.settings
        ],
    }


def _line(recipe: Recipe, segments: Segments) -> str:
    """What was done, for the metadata; with IPTC's word for pictures that a network coloured."""
    used = {shot["network"] for shot in segments.shots} - {""}
    kind = f"; digital source type {TRAINED}, by {', '.join(sorted(used))}" if used else ""
    return recipe.line() + kind


def _join(
    job: FilmJob,
    film: Film,
    how: Encoding,
    segments: Segments,
    others: streams.Kept,
    recipe: Recipe,
) -> list[str]:
    """Put the pieces together with all else that the film holds; warnings."""
    av = opening.library()
    pieces = list(zip(segments.files, segments.done, strict=True))
    warnings: list[str] = []

    def written(file: BinaryIO, numbers: frozenset[int]) -> int:
        return streams.join(
            job.path,
            pieces,
            how,
            job.target,
            file,
            numbers=numbers,
            part=job.start is not None or job.end is not None,
            matrix=film.facts.matrix,
            line=_line(recipe, segments),
        )

    def write(file: BinaryIO) -> None:
        try:
            refused = written(file, others.numbers)
        except av.FFmpegError as error:
            if not others.numbers or isinstance(error, OSError):  # a full disk, for instance
                raise
            file.seek(0)
            file.truncate()
            written(file, frozenset())
            warnings.append(f"{job.path}: sound and subtitles are damaged; left out")
        else:
            if refused:
                some = f"{refused} damaged piece{'s' * (refused != 1)} of sound or subtitles"
                warnings.append(f"{job.path}: {some} left out")

    _writing.whole(job.target, write, overwrite=job.overwrite, originals=[job.path])
    return warnings


def _report(
    job: FilmJob,
    film: Film,
    recipe: Recipe,
    segments: Segments,
    tell: Callable[[Progress], None],
) -> None:
    """Write the page about a result."""
    from restore.film import observed, report

    count, size = segments.stop, job.target.stat().st_size

    def seen(frames: int) -> None:
        tell(Progress(frames, count, 0, 0, size))

    result = Film(job.target)
    view = observed.observe(film, result, segments.shots, count, seen)
    height, width = film.size
    title = f" ({recipe.title})" if recipe.title else ""
    facts = {
        "Recipe": f"{recipe.name}{title}",
        "Picture": f"{width} × {height} pixels, {film.facts.coding.depth} bits",
        "Result": f"{job.target.name}, {job.codec}, {size / 1e6:.1f} MB",
        "Made with": f"restore {__version__}",
    }
    first = segments.places[0] * film.facts.base
    begin = 0.0 if job.start is None and job.end is None else float(first)
    report.write(
        job.page,
        view,
        film=job.path,
        result=job.target,
        begin=begin,
        facts=facts,
        line=job.command,
        overwrite=job.overwrite,
    )
