"""No file breaks it, and no result is ever half there or in an original's place."""

from __future__ import annotations

import errno
import os
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image
from skimage.data import astronaut

from restore import files
from restore.errors import PhotoError

FACE = astronaut()[40:140, 150:290]


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    Image.fromarray(FACE).save(path, quality=90)
    return path


def one_line(path: Path, **options: object) -> str:
    """The message about a file that cannot be read: one line that begins with its name."""
    with pytest.raises(PhotoError) as caught:
        files.load_pages(path, **options)  # type: ignore[arg-type]
    text = str(caught.value)
    assert "\n" not in text
    assert text.isprintable()
    assert text.startswith(str(path)) or b"\xff" in os.fsencode(path)
    return text


def test_what_is_no_photo_is_reported(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    assert "is empty" in one_line(tmp_path / "empty.jpg")
    (tmp_path / "text.jpg").write_text("hello")
    assert "is not a supported photo" in one_line(tmp_path / "text.jpg")
    assert "Is a directory" in one_line(tmp_path)
    assert "No such file" in one_line(tmp_path / "none.jpg")
    os.mkfifo(tmp_path / "fifo.jpg")
    assert "is not a regular file" in one_line(tmp_path / "fifo.jpg")
    assert "is not a regular file" in one_line(Path("/dev/zero"))
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    assert "cannot be opened" in one_line(tmp_path / "loop.jpg")


def test_names_that_are_no_utf8_are_read_and_written(tmp_path: Path, photo: Path) -> None:
    odd = tmp_path / os.fsdecode(b"f\xff\n.jpg")
    odd.write_bytes(photo.read_bytes())
    assert files.load(odd).samples.shape == FACE.shape
    assert files.save(files.load(odd), tmp_path / os.fsdecode(b"g\xff.png")).exists()
    odd.write_bytes(b"no photo")
    one_line(odd).encode()


def test_a_link_to_a_photo_is_read(tmp_path: Path, photo: Path) -> None:
    (tmp_path / "link.jpg").symlink_to(photo)
    assert files.load(tmp_path / "link.jpg").samples.shape == FACE.shape


def saved(path: Path) -> Path:
    """The face in a format, written by others."""
    data = np.ascontiguousarray(FACE)
    if path.suffix == ".jpg":
        Image.fromarray(data).save(path, quality=90)
    elif path.suffix == ".png":
        path.write_bytes(imagecodecs.png_encode(data))
    elif path.suffix == ".webp":
        path.write_bytes(imagecodecs.webp_encode(data, level=90))
    else:
        compression = {".lzw": "lzw", ".zip": "zlib", ".bits": "packbits"}.get(path.suffix)
        tifffile.imwrite(path, data, compression=compression, rowsperstrip=16, photometric="rgb")
    return path


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif", ".lzw", ".zip", ".bits"])
@pytest.mark.parametrize("share", [0.05, 0.5, 0.9, 0.999])
def test_a_file_that_is_cut_off_is_an_error(tmp_path: Path, suffix: str, share: float) -> None:
    path = saved(tmp_path / f"a{suffix}")
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    one_line(path)


def test_a_jpeg_with_an_end_but_not_its_lower_part_is_reported(tmp_path: Path, photo: Path) -> None:
    data = photo.read_bytes()
    (tmp_path / "half.jpg").write_bytes(data[: len(data) // 2] + b"\xff\xd9")
    half = files.load(tmp_path / "half.jpg")
    assert "ends in plain grey; part of it may be missing" in half.source.warnings[0]
    Image.new("RGB", (40, 60), (128, 128, 128)).save(tmp_path / "grey.jpg")
    for whole in (photo, tmp_path / "grey.jpg"):
        assert files.load(whole).source.warnings == ()


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def bomb_png(path: Path) -> None:
    head = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(10**6))
    parts = [_chunk(b"IHDR", head), _chunk(b"IDAT", rows), _chunk(b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))


def bomb_tiff(path: Path) -> None:
    tifffile.imwrite(path, np.zeros((64, 64, 3), np.uint8), compression="zlib", photometric="rgb")
    with tifffile.TiffFile(path, mode="r+b") as tiff:
        for tag in (256, 257, 278):
            tiff.pages[0].tags[tag].overwrite(60_000)


def bomb_jpeg(path: Path) -> None:
    Image.fromarray(FACE).save(path, "JPEG")
    data = bytearray(path.read_bytes())
    at = data.find(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", 65_000, 65_000)
    path.write_bytes(data)


@pytest.mark.parametrize("make", [bomb_png, bomb_tiff, bomb_jpeg])
def test_sizes_that_are_lies_are_refused_before_decoding(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    import tracemalloc

    make(tmp_path / "bomb")
    assert "at most 1000 million are allowed" in one_line(tmp_path / "bomb")
    tracemalloc.start()
    assert "which cannot fit in its" in one_line(tmp_path / "bomb", limit=10**10)
    assert tracemalloc.get_traced_memory()[1] < 20e6
    tracemalloc.stop()


def test_a_jpeg_of_endless_scans_is_refused(tmp_path: Path) -> None:
    # 12 bytes a scan, and each goes over all 64 million pixels: minutes for a file of 100 KB
    path = tmp_path / "a.jpg"
    Image.fromarray(np.zeros((64, 64), np.uint8)).save(path, progressive=True)
    data = bytearray(path.read_bytes())
    at = data.index(b"\xff\xc2")
    data[at + 5 : at + 9] = struct.pack(">HH", 8000, 8000)
    first, scan = (b"\xff\xda\0\x08\1\1\0\0\0" + bits + bytes(2) for bits in (b"\x01", b"\x10"))
    start = data.index(b"\xff\xda")
    path.write_bytes(bytes(data[:start]) + first + scan * 8000 + b"\xff\xd9")
    assert "has more than 500 scans" in one_line(path)
    comments = b"\xff\xfe\0\x02" * 20_000
    path.write_bytes(b"\xff\xd8" + comments + bytes(data[2:]))
    assert "10000 segments" in one_line(path)


def test_a_scan_full_of_marks_that_are_none_is_gone_over_once(tmp_path: Path) -> None:
    encoded = cv2.imencode(".jpg", FACE)[1].tobytes()
    path = tmp_path / "a.jpg"
    path.write_bytes(encoded[:-2] + b"\xff" * 2_000_000 + b"\0" + encoded[-2:])
    photo = files.load(path)  # hours, if every mark were looked for to the end of the file
    assert photo.size == FACE.shape[:2]


def test_a_side_of_a_million_pixels_is_the_most(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((1, 1_000_001), np.uint8), compression="zlib")
    assert "1000001 x 1 is too large" in one_line(tmp_path / "a.tif")


def test_a_png_of_endless_chunks_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png")
    data = path.read_bytes()
    path.write_bytes(data[:33] + _chunk(b"tEXt", b"a\0b") * 20_000 + data[33:])
    assert "has more than 10000 chunks" in one_line(path)


def test_the_limit_counts_pixels(photo: Path) -> None:
    assert files.load(photo, limit=FACE[..., 0].size).samples.shape == FACE.shape
    message = one_line(photo, limit=FACE[..., 0].size - 1)
    assert "140 x 100 is 0.014 million pixels; at most 0.013999 million" in message


@pytest.mark.parametrize("shape", [(1, 1), (1, 5000), (5000, 1), (3, 2)])
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp"])
def test_the_smallest_and_thinnest_photos(
    tmp_path: Path, suffix: str, shape: tuple[int, int]
) -> None:
    data = np.full((*shape, 3), 77, np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", data, photometric="rgb", planarconfig="contig")
    again = files.load(files.save(files.load(tmp_path / "a.tif"), tmp_path / f"b{suffix}"))
    assert again.samples.shape == data.shape
    assert np.abs(again.samples.astype(int) - 77).max() <= 2


def test_what_is_no_number_becomes_light(tmp_path: Path) -> None:
    data = np.full((4, 5, 3), 0.5, np.float32)
    data[0, 0] = np.nan, np.inf, -np.inf
    tifffile.imwrite(tmp_path / "a.tif", data, photometric="rgb")
    photo = files.load(tmp_path / "a.tif")
    np.testing.assert_array_equal(photo.samples[0, 0], [0, 1, 0])
    assert photo.samples[1:].max() == 0.5
    assert "3 samples were not finite" in photo.source.warnings[0]


def test_a_file_that_changes_while_it_is_read_is_an_error(
    photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from restore.files import jpeg

    read = jpeg.read

    def slow(ask):  # type: ignore[no-untyped-def]
        pages = read(ask)
        with photo.open("ab") as file:
            file.write(b"more")
        return pages

    monkeypatch.setattr(jpeg, "read", slow)
    assert "changed while it was read" in one_line(photo)


def test_a_result_is_never_put_over_anything(tmp_path: Path, photo: Path) -> None:
    loaded = files.load(photo)
    target = tmp_path / "out" / "result.jpg"
    files.save(loaded, target)
    first = target.read_bytes()
    with pytest.raises(PhotoError, match="exists already"):
        files.save(loaded, target)
    (tmp_path / "out" / "dangling.jpg").symlink_to("nowhere.jpg")
    with pytest.raises(PhotoError, match="exists"):
        files.save(loaded, tmp_path / "out" / "dangling.jpg")
    assert target.read_bytes() == first
    files.save(loaded, target, overwrite=True)
    assert sorted(path.name for path in target.parent.iterdir()) == ["dangling.jpg", "result.jpg"]


def test_a_name_that_is_taken_meanwhile_stays(
    tmp_path: Path, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from restore.files import jpeg

    write, target = jpeg.write, tmp_path / "result.jpg"

    def slow(file, pages):  # type: ignore[no-untyped-def]
        write(file, pages)
        target.write_text("somebody else's")

    monkeypatch.setattr(jpeg, "write", slow)
    with pytest.raises(PhotoError, match="exists"):
        files.save(files.load(photo), target)
    assert target.read_text() == "somebody else's"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photo.jpg", "result.jpg"]


def test_the_original_is_never_the_target(tmp_path: Path, photo: Path) -> None:
    before = photo.read_bytes()
    loaded = files.load(photo)
    (tmp_path / "soft.jpg").symlink_to(photo)
    (tmp_path / "hard.jpg").hardlink_to(photo)
    for name in ("photo.jpg", "soft.jpg", "hard.jpg", "../" + tmp_path.name + "/photo.jpg"):
        with pytest.raises(PhotoError, match="is the original itself"):
            files.save(loaded, tmp_path / name, overwrite=True)
    assert photo.read_bytes() == before


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_a_failure_leaves_nothing_behind(
    tmp_path: Path, photo: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    from restore.files import jpeg

    def fail(file, pages):  # type: ignore[no-untyped-def]
        file.write(b"half")
        raise error

    monkeypatch.setattr(jpeg, "write", fail)
    with pytest.raises(error):
        files.save(files.load(photo), tmp_path / "result.jpg")
    assert [path.name for path in tmp_path.iterdir()] == ["photo.jpg"]


def test_a_full_disk_and_a_locked_folder_are_reported(
    tmp_path: Path, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    loaded = files.load(photo)
    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        with pytest.raises(PhotoError, match=r"result\.jpg: cannot be written: No space left"):
            files.save(loaded, tmp_path / "result.jpg")
    assert [path.name for path in tmp_path.iterdir()] == ["photo.jpg"]
    (tmp_path / "file").touch()
    for below in ("result.jpg", "deep/result.jpg"):
        with pytest.raises(PhotoError, match=r"cannot be written: .*/file is not a folder$"):
            files.save(loaded, tmp_path / "file" / below)
    with pytest.raises(PhotoError, match="cannot be written: File name too long"):
        files.save(loaded, tmp_path / ("x" * 300 + ".jpg"))
    with pytest.raises(PhotoError, match="cannot be written: File name too long"):
        files.save(loaded, tmp_path / ("x" * 300) / "result.jpg")


@pytest.mark.parametrize("code", [errno.EPERM, errno.EINVAL, errno.ENOTSUP])
def test_a_file_system_without_links_is_written_safely(
    tmp_path: Path, photo: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def none(path: Path, target: Path) -> None:
        raise OSError(code, "no links here")

    monkeypatch.setattr(Path, "hardlink_to", none)
    written = files.save(files.load(photo), tmp_path / "result.jpg")
    assert files.load(written).samples.shape == FACE.shape
    with pytest.raises(PhotoError, match="exists"):
        files.save(files.load(photo), tmp_path / "result.jpg")


def test_kill_leaves_no_file_that_looks_finished(tmp_path: Path, photo: Path) -> None:
    code = (
        "import os, signal; from restore import files; from restore.files import jpeg\n"
        "write = jpeg.write\n"
        "def kill(file, pages): write(file, pages); os.kill(os.getpid(), signal.SIGKILL)\n"
        "jpeg.write = kill\n"
        f"files.save(files.load({str(photo)!r}), {str(tmp_path / 'result.jpg')!r})\n"
    )
    subprocess.run([sys.executable, "-c", code], check=False)
    left = [path.name for path in tmp_path.iterdir() if path.name != "photo.jpg"]
    assert len(left) == 1
    assert left[0].startswith(".")
    assert left[0].endswith(".part")


def test_a_photo_too_long_for_a_format_is_reported(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((2, 70000, 3), np.uint8), photometric="rgb")
    loaded = files.load(tmp_path / "a.tif")
    for suffix, most in ((".jpg", 65500), (".webp", 16383)):
        with pytest.raises(PhotoError, match=f"has a side of 70000 pixels; at most {most} fit"):
            files.save(loaded, tmp_path / f"b{suffix}")
    assert files.load(files.save(loaded, tmp_path / "b.png")).size == (2, 70000)


def test_formats_are_named_in_messages(tmp_path: Path, photo: Path) -> None:
    loaded = files.load(photo)
    with pytest.raises(
        PhotoError, match=r'no format is written with suffix "\.xyz"; supported are .*\.jpg'
    ):
        files.save(loaded, tmp_path / "a.xyz")
    with pytest.raises(PhotoError, match='did you mean "jpeg"'):
        files.save(loaded, tmp_path / "a.jpg", format="jpg")
    assert files.written_suffix(Path("a.JPG")) == ".JPG"
    assert files.written_suffix(Path("a.CR3")) == ".tif"
    assert files.written_suffix(Path("a.CR3"), "png") == ".png"


def test_suffixes_are_known_without_numpy() -> None:
    code = (
        "import sys; from restore import files; print(len(files.suffixes()))\n"
        "print('numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    count, loaded = done.stdout.split()
    assert int(count) > 25
    assert loaded == "False"
