"""A film through a recipe: sound, times and tags kept, in any codec and size."""

from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av
import clips
import numpy as np
import pytest
from av.stream import Disposition
from films import DARKER, SAME, TINTED, lumas, quiet

from restore.errors import PhotoError, RecipeError, ResultExists
from restore.film.job import FilmJob, Progress
from restore.film.pipeline import restore_film
from restore.film.reader import Film
from restore.recipe import Recipe


@pytest.mark.parametrize("name", ["out.mkv", "out.mp4", "out.mov"])
def test_all_else_is_copied_in_step(tmp_path: Path, name: str) -> None:
    chapters = [(0, 400, "one"), (400, 1000, "two")]
    path = clips.film(tmp_path / "a.mp4", 25, sound=True, chapters=chapters, rotation=90)
    film = quiet(path, tmp_path / name)
    ours, theirs = clips.packets(film.path, "audio"), clips.packets(path, "audio")
    assert [content for _, content in ours] == [content for _, content in theirs]
    apart = [float(abs(one - two)) for (one, _), (two, _) in zip(ours, theirs, strict=True)]
    assert max(apart) <= 0.001  # Matroska counts milliseconds
    assert [frame.time for frame in film.frames()] == [Fraction(n, 25) for n in range(25)]
    assert film.facts.orientation == Film(path).facts.orientation
    with av.open(str(film.path)) as out:
        assert [chapter["metadata"]["title"] for chapter in out.chapters()] == ["one", "two"]
        assert [float(c["start"] * c["time_base"]) for c in out.chapters()] == [0, 0.4]
        tags = {key.lower(): value for key, value in out.metadata.items()}
    assert tags["title"] == "A small film"
    assert "recipe levels" in tags["comment"]


@pytest.mark.parametrize("name", ["out.mkv", "out.mp4"])
def test_a_poster_stays_with_the_film(tmp_path: Path, name: str) -> None:
    plain = clips.film(tmp_path / "plain.mp4", 5)
    with av.open(str(plain)) as source, av.open(str(tmp_path / "a.mp4"), "w") as made:
        video = made.add_stream_from_template(source.streams.video[0], opaque=True)
        poster = made.add_stream("png", rate=1)
        poster.width, poster.height, poster.pix_fmt = 32, 24, "rgb24"
        poster.disposition = Disposition.attached_pic
        frame = clips.picture(0, "yuv444p", 24, 32).reformat(format="rgb24")
        frame.pts = 0
        content = poster.encode(frame)
        for packet in source.demux(source.streams.video[0]):
            if packet.size:
                packet.stream = video
                made.mux(packet)
        made.mux(content)
    film = quiet(tmp_path / "a.mp4", tmp_path / name, start=Fraction(1, 10))
    with av.open(str(film.path)) as out:
        kinds = [Disposition(stream.disposition) for stream in out.streams]
        assert kinds == [Disposition.default, Disposition.attached_pic]
        shown = next(out.decode(out.streams[1]))
    assert (shown.width, shown.height) == (32, 24)


def test_subtitles_and_uneven_times_are_copied(tmp_path: Path) -> None:
    times = [0, 40, 70, 150, 160, 200, 300, 310, 400, 500, 520, 600]
    lines = [(100, 300, "hello"), (350, 500, "goodbye")]
    path = clips.film(tmp_path / "a.mkv", times=times, base=clips.BASE, subtitles=lines)
    film = quiet(path, tmp_path / "out.mkv")
    assert [1000 * frame.time for frame in film.frames()] == times
    assert clips.packets(film.path, "subtitle") == clips.packets(path, "subtitle")


def test_a_part_keeps_sound_and_subtitles_in_step(tmp_path: Path) -> None:
    lines = [(100, 700, "across the start"), (800, 900, "within"), (1800, 1900, "after")]
    path = clips.film(tmp_path / "a.mkv", 50, sound=True, subtitles=lines)
    film = quiet(path, tmp_path / "out.mkv", start=Fraction(1, 2), end=Fraction(3, 2))
    start = Fraction(13, 25)  # the first frame at or after 0.5 s
    assert [frame.time for frame in film.frames()] == [Fraction(n, 25) for n in range(25)]
    heard = clips.packets(film.path, "audio")
    whole = {content: time for time, content in clips.packets(path, "audio")}
    assert len(heard) > 40
    assert all(abs(float(whole[content] - start - time)) < 0.002 for time, content in heard)
    read = clips.packets(film.path, "subtitle")
    assert [content for _, content in read] == [b"across the start", b"within"]
    assert [float(time) for time, _ in read] == [0, 0.28]


@pytest.mark.parametrize(
    ("codec", "source", "form", "result"),
    [
        ("h264", "libx264", "yuv420p10le", "yuv420p10le"),
        ("h264", "libx264", "yuv422p", "yuv422p"),
        ("h264", "ffv1", "yuv422p12le", "yuv422p10le"),
        ("ffv1", "ffv1", "yuv422p12le", "yuv422p12le"),
        ("ffv1", "ffv1", "gray", "yuv444p"),
        ("prores", "libx264", "yuv420p", "yuv422p10le"),
        ("hevc", "libx264", "yuv420p10le", "yuv420p10le"),
    ],
)
def test_depth_and_tags_are_kept(
    tmp_path: Path, codec: str, source: str, form: str, result: str
) -> None:
    options = {"codec": source, "form": form, "chroma": 0 if form == "gray" else 10}
    tags = (1, 1, 1, 1)
    path = clips.film(
        tmp_path / ("a.mp4" if source == "ffv1" else "a.mov"),
        5,
        tags=tags,
        aspect=Fraction(64, 45),
        **options,  # type: ignore[arg-type]
    )
    film = quiet(path, tmp_path / ("out.mp4" if codec == "ffv1" else "out.mov"), codec=codec)
    assert film.facts.form == result
    assert film.facts.coding.tags == (1, 1, 1)
    assert film.facts.aspect == Fraction(64, 45)


def test_lossless_and_unchanged_is_the_same_to_the_bit(tmp_path: Path) -> None:
    for form in ("yuv444p", "yuv420p10le", "bgr0"):
        rgb = form == "bgr0"
        path = clips.film(
            tmp_path / f"{form}.mkv",
            4,
            codec="ffv1",
            form=form,
            chroma=0 if rgb else 9,
            paint=(lambda n: clips.picture(n, "yuv444p").reformat(format="bgr0")) if rgb else None,
        )
        film = quiet(path, tmp_path / f"out-{form}.mkv", codec="ffv1")
        for one, two in zip(Film(path).frames(), film.frames(), strict=True):
            for was, now in zip(one.planes, two.planes, strict=True):
                np.testing.assert_array_equal(now, was)


@pytest.mark.parametrize(
    ("codec", "name", "form"), [("h264", "o.mp4", "yuv420p"), ("prores", "o.mov", "yuv444p10le")]
)
def test_rgb_becomes_what_players_take(tmp_path: Path, codec: str, name: str, form: str) -> None:
    def paint(number: int) -> av.VideoFrame:
        return clips.picture(number, "yuv444p").reformat(format="bgr0")

    path = clips.film(tmp_path / "a.mkv", 3, codec="ffv1", form="bgr0", paint=paint)
    film = quiet(path, tmp_path / name, codec=codec)
    assert film.facts.form == form
    for before, after in zip(Film(path).frames(), film.frames(), strict=True):
        grey = before.photo.samples.mean(2)
        assert np.abs(after.photo.samples.mean(2) - grey).mean() < 0.01


def test_film_that_a_network_coloured_is_labelled(tmp_path: Path) -> None:
    path = clips.film(tmp_path / "a.mkv", 2)
    film = quiet(path, tmp_path / "out.mkv", Recipe.named("colorize"))
    for number, frame in enumerate(film.frames()):
        assert np.abs(frame.planes[0].astype(int) - clips.luma(number)).mean() < 1  # only coloured
        assert max(np.ptp(plane) for plane in frame.planes[1:]) > 0
    with av.open(str(film.path)) as out:
        comment = next(v for k, v in out.metadata.items() if k.lower() == "comment")
    assert comment.endswith("digital source type compositeWithTrainedAlgorithmicMedia, by compact")


def test_the_recipe_is_applied(tmp_path: Path) -> None:
    path = clips.film(tmp_path / "a.mkv", 3)
    film = quiet(path, tmp_path / "out.mkv", DARKER, codec="ffv1")
    for number, luma in enumerate(lumas(film)):
        grey = (clips.luma(number).astype(float) - 16) / 219
        expected = 16 + 219 * (grey + 0.2) / 1.2
        np.testing.assert_allclose(luma, expected, atol=0.51)  # a code


@pytest.mark.parametrize("codec", ["h264", "ffv1"])
def test_odd_sizes_are_restored(tmp_path: Path, codec: str) -> None:
    path = clips.film(tmp_path / "a.mkv", 3, size=(49, 65), codec="ffv1")
    film = quiet(path, tmp_path / "out.mkv", TINTED, codec=codec)
    assert film.size == ((49, 65) if codec == "ffv1" else (50, 66))
    frame = next(film.frames())
    red, green, blue = frame.photo.samples.reshape(-1, 3).mean(0)
    assert red > green > blue


@pytest.mark.parametrize("size", [(3, 5), (8, 300)])
def test_tiny_and_narrow_films_are_restored(tmp_path: Path, size: tuple[int, int]) -> None:
    path = clips.film(tmp_path / "a.nut", 3, size=size, codec="rawvideo")
    film = quiet(path, tmp_path / "out.mkv", Recipe.named("colorize"))
    assert film.size == tuple(length + length % 2 for length in size)


@pytest.mark.parametrize("suffix", ["mkv", "mp4", "ts"])
def test_damaged_films_give_a_result_or_one_line(tmp_path: Path, suffix: str) -> None:
    content = clips.film(tmp_path / f"a.{suffix}", 8, sound=True).read_bytes()
    random = np.random.default_rng(3)
    for number in range(8):
        damaged = np.frombuffer(content, np.uint8).copy()
        places = random.integers(0, len(damaged) if number % 2 else 1500, 20)
        damaged[places] = random.integers(0, 256, 20)
        path = tmp_path / f"b.{suffix}"
        path.write_bytes(damaged[: random.integers(len(content) // 2, len(content))].tobytes())
        target = tmp_path / f"out{number}.mkv"
        with suppress(PhotoError):  # and nothing else
            restore_film(FilmJob(path, target), SAME)
            assert lumas(Film(target))


def test_one_frame_is_a_film(tmp_path: Path) -> None:
    film = quiet(clips.film(tmp_path / "a.mkv", 1), tmp_path / "out.mp4")
    assert len(lumas(film)) == 1


def test_two_runs_do_not_write_one_result(tmp_path: Path) -> None:
    path = clips.film(tmp_path / "a.mkv", 4)
    job = FilmJob(path, tmp_path / "out.mkv")

    def tell(progress: Progress) -> None:
        with pytest.raises(PhotoError, match=r"out\.mkv: is being written by another run"):
            restore_film(job, SAME)

    restore_film(job, SAME, tell)


def test_nothing_is_replaced_unasked(tmp_path: Path) -> None:
    path = clips.film(tmp_path / "a.mkv", 4)
    target = tmp_path / "out.mkv"
    target.write_bytes(b"mine")
    with pytest.raises(ResultExists):
        restore_film(FilmJob(path, target), SAME)
    assert target.read_bytes() == b"mine"
    with pytest.raises(PhotoError, match="is the original itself"):
        restore_film(FilmJob(path, path, overwrite=True), SAME)
    restore_film(FilmJob(path, target, overwrite=True), SAME)
    assert len(lumas(Film(target))) == 4


def test_what_a_format_cannot_hold_is_said_before_the_work(tmp_path: Path) -> None:
    path = clips.film(tmp_path / "a.mkv", 4, subtitles=[(0, 100, "hello")])
    outcome = restore_film(FilmJob(path, tmp_path / "out.mp4"), SAME)
    assert "cannot hold the film's subtitle (srt); left out" in outcome.warnings[0]
    lossless = FilmJob(path, tmp_path / "c.mp4", codec="ffv1")
    assert "few players show FFV1 in this format" in restore_film(lossless, SAME).warnings[0]
    with pytest.raises(RecipeError, match="is outside 0 … 51"):
        restore_film(FilmJob(path, tmp_path / "b.mkv", quality=70), SAME)
    with pytest.raises(RecipeError, match="ffv1 is lossless"):
        restore_film(FilmJob(path, tmp_path / "b.mkv", codec="ffv1", quality=7), SAME)
    with pytest.raises(PhotoError, match="has no frame in this part"):
        restore_film(FilmJob(path, tmp_path / "b.mkv", start=Fraction(9)), SAME)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.mkv", "c.mp4", "out.mp4"]


def test_a_cut_off_film_is_restored_as_far_as_it_goes(tmp_path: Path) -> None:
    path = clips.film(tmp_path / "a.mkv", 40, sound=True)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    outcome = restore_film(FilmJob(path, tmp_path / "out.mkv"), SAME)
    assert 5 < len(lumas(Film(tmp_path / "out.mkv"))) < 40
    assert any("of 0:01.6: it may be cut off" in warning for warning in outcome.warnings)
    assert not restore_film(FilmJob(tmp_path / "out.mkv", tmp_path / "again.mkv"), SAME).warnings
