"""A film's frames: exact times, any place, turned, deep, interlaced, damaged."""

import sys
from fractions import Fraction
from pathlib import Path

import av
import clips
import numpy as np
import pytest

from restore import files
from restore.errors import MissingPackage, PhotoError
from restore.film.reader import Film

UNEVEN = [0, 40, 70, 150, 160, 200, 300, 310, 400, 500, 520, 600]


def lumas(film: Film, start: int = 0, stop: int | None = None) -> list[np.ndarray]:
    return [frame.planes[0].copy() for frame in film.frames(start, stop)]


def test_frames_come_in_order_with_their_very_samples(tmp_path: Path) -> None:
    film = Film(clips.film(tmp_path / "a.mkv"))
    frames = list(film.frames())
    assert [frame.index for frame in frames] == list(range(12))
    assert [frame.time for frame in frames] == [Fraction(number, 25) for number in range(12)]
    for number, frame in enumerate(frames):
        np.testing.assert_array_equal(frame.planes[0], clips.luma(number))
    assert film.size == (48, 64)
    assert film.estimate == 12
    assert film.warnings == ()


@pytest.mark.parametrize("chroma", [0, 9])
def test_only_planes_with_something_in_them_are_held(tmp_path: Path, chroma: int) -> None:
    film = Film(clips.film(tmp_path / "a.mkv", 2, chroma=chroma))
    for frame in film.frames():
        assert len(frame.planes) == (3 if chroma else 1)
        assert frame.photo.samples.shape[2] == len(frame.planes)


@pytest.mark.parametrize("name", ["a.mkv", "a.mp4", "a.mov", "a.ts", "a.avi"])
def test_any_frame_is_reached_from_anywhere(tmp_path: Path, name: str) -> None:
    path = clips.film(tmp_path / name, 23)
    whole = [frame.planes[0].copy() for frame in Film(path).frames()]
    assert len(whole) == 23
    film = Film(path)
    for start, stop in ((17, 20), (3, 5), (21, None), (0, 2), (11, 12)):
        for at, luma in enumerate(lumas(film, start, stop), start):
            np.testing.assert_array_equal(luma, whole[at])
    again = Film(path)
    again.know(film.places[:15])
    np.testing.assert_array_equal(lumas(again, 15)[0], whole[15])


def test_uneven_times_are_kept(tmp_path: Path) -> None:
    film = Film(clips.film(tmp_path / "a.mkv", times=UNEVEN, base=clips.BASE))
    assert [1000 * frame.time for frame in film.frames()] == UNEVEN


def test_a_part_begins_at_the_first_frame_in_it(tmp_path: Path) -> None:
    path = clips.film(tmp_path / "a.mp4", 23)
    film = Film(path, Fraction(3, 10), Fraction(6, 10))  # frame 7.5 to 15
    frames = list(film.frames())
    assert [frame.index for frame in frames] == list(range(7))
    assert [25 * frame.time for frame in frames] == list(range(8, 15))
    np.testing.assert_array_equal(frames[0].planes[0], clips.luma(8))


@pytest.mark.parametrize(
    ("codec", "form"),
    [("libx264", "yuv420p10le"), ("ffv1", "yuv422p12le"), ("ffv1", "gray"), ("libx264", "yuv444p")],
)
def test_depth_and_subsampling_are_read(tmp_path: Path, codec: str, form: str) -> None:
    film = Film(clips.film(tmp_path / "a.mkv", 2, codec=codec, form=form))
    frame = next(film.frames())
    shift = film.facts.coding.depth - 8
    assert film.facts.form == form
    np.testing.assert_array_equal(frame.planes[0], clips.luma(0).astype(int) << shift)


@pytest.mark.parametrize("name", ["rgb24", "bgr0", "yuyv422", "nv12", "pal8"])
def test_packed_samples_become_planes(tmp_path: Path, name: str) -> None:
    def paint(number: int) -> av.VideoFrame:
        if name != "pal8":
            return clips.picture(number, "yuv444p").reformat(format=name)
        frame = av.VideoFrame(64, 48, "pal8")
        np.frombuffer(frame.planes[0], np.uint8).reshape(48, -1)[:, :64] = clips.luma(number)
        greys = ((np.arange(256) - 16) * 255 / 219).round().clip(0, 255).astype(np.uint32)
        np.frombuffer(frame.planes[1], np.uint32)[:] = 0xFF000000 + greys * 0x10101
        return frame

    path = clips.film(tmp_path / "a.nut", 2, codec="rawvideo", form=name, paint=paint)
    frame = next(Film(path).frames())
    assert frame.size == (48, 64)
    luma = (clips.luma(0).astype(float) - 16) / 219
    np.testing.assert_allclose(frame.photo.samples.mean(2), luma, atol=0.02)


def test_colour_tags_are_read(tmp_path: Path) -> None:
    tags = (9, 2, 1, 9)  # BT.2020, full range
    film = Film(clips.film(tmp_path / "a.mp4", 2, form="yuv420p10le", tags=tags, chroma=20))
    coding = film.facts.coding
    assert (coding.matrix, coding.full, coding.tags) == (9, True, (9, 1, 9))
    assert coding.space.profile is not None


@pytest.mark.parametrize(("transfer", "name"), [(16, "PQ"), (18, "HLG")])
def test_hdr_is_refused(tmp_path: Path, transfer: int, name: str) -> None:
    path = clips.film(tmp_path / "a.mp4", 2, form="yuv420p10le", tags=(9, 1, transfer, 9))
    with pytest.raises(PhotoError, match=rf"a\.mp4: is HDR \({name}\)"):
        Film(path)


@pytest.mark.parametrize("turn", [90, -90, 180])
def test_turned_film_stands_upright(tmp_path: Path, turn: int) -> None:
    film = Film(clips.film(tmp_path / "a.mp4", 2, rotation=turn))
    frame = next(film.frames())
    shown = np.rot90(clips.luma(0), turn // 90)  # counter-clockwise, as PyAV has it
    assert film.size == shown.shape
    expected = (shown.astype(float) - 16) / 219
    np.testing.assert_allclose(frame.photo.samples[..., 0], expected, atol=1e-6)


def test_interlaced_film_is_deinterlaced(tmp_path: Path) -> None:
    """A bar that jumps between the two fields shows no comb."""

    def paint(number: int) -> av.VideoFrame:
        frame = clips.picture(0)
        samples = np.full((48, 64), 40, np.uint8)
        samples[0::2, 2 * number : 2 * number + 8] = 200
        samples[1::2, 2 * number + 1 : 2 * number + 9] = 200
        np.frombuffer(frame.planes[0], np.uint8).reshape(48, -1)[:, :64] = samples
        return frame

    options = {"x264-params": "tff=1"}
    film = Film(clips.film(tmp_path / "a.mkv", 23, paint=paint, options=options))
    assert film.facts.interlaced
    whole = lumas(film)
    assert len(whole) == 23
    combs = np.abs(np.diff(whole[10].astype(int), axis=0))[4:-4]
    assert combs.max() < 20
    for start in (6, 11, 17):  # as deep in the film as from its start
        np.testing.assert_array_equal(lumas(film, start, start + 1)[0], whole[start])


def test_sizes_that_change_are_refused_at_that_place(tmp_path: Path) -> None:
    one = clips.film(tmp_path / "a.ts", 5, size=(48, 64))
    two = clips.film(tmp_path / "b.ts", 5, size=(32, 32))
    both = tmp_path / "both.ts"
    both.write_bytes(one.read_bytes() + two.read_bytes())
    frames = Film(both).frames()
    with pytest.raises(PhotoError, match=r"both\.ts: the picture changes from 64 x 48 to 32 x 32"):
        list(frames)


def test_a_cut_off_file_gives_what_is_there(tmp_path: Path) -> None:
    path = clips.film(tmp_path / "a.mkv", 40)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    film = Film(path)
    frames = lumas(film)
    assert 5 < len(frames) < 40
    np.testing.assert_array_equal(frames[3], clips.luma(3))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.mp4", b"", "is empty"),
        ("a.mp4", b"\0\0\0\x18ftypisom" + bytes(200), "is damaged or not a video"),
        ("a.mkv", b"no film at all, only words" * 20, "is damaged or not a video"),
        ("a.txt", b"words\n" * 200, "is not a video|is damaged or not a video"),
        ("a.m3u8", b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n", "is not a video|is damaged or"),
    ],
)
def test_what_is_no_film_is_refused(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(PhotoError, match=message):
        Film(path)


def test_other_things_are_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match="is a folder"):
        Film(tmp_path)
    with pytest.raises(PhotoError, match="No such file"):
        Film(tmp_path / "a.mkv")
    photo = clips.film(tmp_path / "a.png", 1, codec="png", form="rgb24", paint=_white)
    with pytest.raises(PhotoError, match=r"is a photo, not a film; use: restore run RECIPE"):
        Film(photo)
    with av.open(str(tmp_path / "a.wav"), "w") as out:
        stream = out.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), "s16", "mono")
        frame.sample_rate = 8000
        out.mux(stream.encode(frame))
        out.mux(stream.encode())
    with pytest.raises(PhotoError, match="holds sound but no video"):
        Film(tmp_path / "a.wav")


@pytest.mark.parametrize("name", ["a.mkv", "a.mp4", "a.avi"])
def test_a_film_given_as_a_photo_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(PhotoError, match="is a film, not a photo; use: restore video RECIPE"):
        files.load(clips.film(tmp_path / name, 2))


def test_the_package_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = clips.film(tmp_path / "a.mkv", 1)
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingPackage, match=r'pip install "restore-photos\[video\]"'):
        Film(path)


def _white(number: int) -> av.VideoFrame:
    return clips.picture(number, "yuv444p").reformat(format="rgb24")
