"""What is written is whole, its owner's alone until it is, and never a link."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest
from skimage.data import astronaut

from restore import files
from restore.errors import PhotoError
from restore.files import _part, _writing
from restore.image.photo import Photo, Source

FACE = np.ascontiguousarray(astronaut()[40:240, 150:350])
SUFFIXES = (".jpg", ".png", ".tif", ".webp", ".jp2", ".jxl")


@pytest.fixture(autouse=True)
def forgotten_folders() -> None:
    _writing._sweep_once.cache_clear()


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("share", [0.3, 0.9, 0.999])
def test_a_result_that_is_cut_off_gets_no_name(
    tmp_path: Path, suffix: str, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = next(each for each in files.formats().values() if suffix in each.SUFFIXES)
    write = module.write

    def short(file: BinaryIO, pages: list[Photo]) -> None:
        write(file, pages)
        end = file.seek(0, 2)
        file.truncate(int(end * share))

    monkeypatch.setattr(module, "write", short)
    with pytest.raises(PhotoError, match="cannot be written: the written file is incomplete"):
        files.save(Photo(FACE.copy()), tmp_path / f"a{suffix}")
    assert not list(tmp_path.iterdir())


def test_a_jpeg_whose_band_came_short_gets_no_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from restore.files import jpeg

    picture = jpeg._picture

    def short(photo: Photo, top: int, rows: int, **options: object) -> bytes:
        data = picture(photo, top, rows, **options)
        return data[: len(data) * 2 // 3] + b"\xff\xd9"  # and the end mark comes after it

    monkeypatch.setattr(jpeg, "_picture", short)
    with pytest.raises(PhotoError, match="the written file is incomplete"):
        files.save(Photo(FACE.copy()), tmp_path / "a.jpg")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_limit_on_the_size_of_files_is_an_error(tmp_path: Path, suffix: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    np.save(tmp_path / "noise.npy", noise)
    code = (
        "import sys, resource, numpy; from restore import files\n"
        "from restore.image.photo import Photo\n"
        "from restore.errors import PhotoError\n"
        "photo = Photo(numpy.load(sys.argv[1]))\n"
        "for size in range(20_000, 100_000, 17_001):\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))\n"
        "    try: files.save(photo, sys.argv[2])\n"
        "    except PhotoError as error: print(error)\n"
    )
    target = tmp_path / f"a{suffix}"
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "noise.npy", target],
        capture_output=True,
        text=True,
    )
    lines = done.stdout.splitlines()
    assert len(lines) == 5, done.stderr
    assert all(line.startswith(f"{target}: cannot be written: ") for line in lines)
    assert [path.name for path in tmp_path.iterdir()] == ["noise.npy"]


@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("step", [1, 255])
def test_the_coarsest_and_finest_jpeg_of_noise_is_whole(
    tmp_path: Path, step: int, subsampling: int
) -> None:
    random = np.random.default_rng(step)
    for shape in ((77, 93, 3), (77, 93, 1), (1, 300, 3), (9, 8, 3)):
        noise = random.choice(np.array([0, 255], np.uint8), shape)
        tables = ((step,) * 64,) * 2
        source = Source(details={"tables": tables, "subsampling": subsampling})
        for progressive in (False, True):
            details = {**source.details, "progressive": progressive}
            photo = Photo(noise, source=Source(details=details))
            written = files.save(photo, tmp_path / "a.jpg", overwrite=True)
            assert files.load(written).samples.shape == shape


@pytest.mark.parametrize("suffix", [".webp", ".jp2", ".jxl"])
def test_noise_of_full_contrast_is_whole(tmp_path: Path, suffix: str) -> None:
    random = np.random.default_rng(0)
    for shape in ((70, 90, 3), (70, 90, 1), (1, 200, 3)):
        noise = random.choice(np.array([0, 255], np.uint8), shape)
        written = files.save(Photo(noise), tmp_path / f"a{suffix}", overwrite=True)
        assert files.load(written).size == shape[:2]


def test_without_files_in_memory_a_jpeg_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = files.save(Photo(FACE.copy()), tmp_path / "a.jpg").read_bytes()
    monkeypatch.delattr(os, "memfd_create", raising=False)
    monkeypatch.setenv("TMPDIR", "/proc")  # nothing can be written there
    assert files.save(Photo(FACE.copy()), tmp_path / "b.jpg").read_bytes() == first


def swapped(part: Path, secret: Path) -> None:
    part.unlink()
    part.symlink_to(secret)


def test_a_part_file_swapped_for_a_link_harms_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from restore.files import png

    secret = tmp_path / "secret"
    secret.write_text("root's own")
    secret.chmod(0o600)
    shared = tmp_path / "shared"
    shared.mkdir()
    write = png.write
    modes = []

    def attacked(file: BinaryIO, pages: list[Photo]) -> None:
        (part,) = shared.glob(".restore-*.part")
        modes.append(part.stat().st_mode & 0o777)
        swapped(part, secret)
        write(file, pages)

    monkeypatch.setattr(png, "write", attacked)
    for overwrite in (False, True):
        with pytest.raises(PhotoError, match="another user of the folder put something else"):
            files.save(Photo(FACE.copy()), shared / "a.png", overwrite=overwrite)
        assert secret.read_text() == "root's own"
        assert not list(shared.iterdir())
    assert modes == [0o600, 0o600]


@pytest.mark.parametrize(
    ("original", "replaced", "umask", "mode"),
    [
        (0o644, None, 0o022, 0o644),
        (0o600, None, 0o022, 0o600),
        (0o666, None, 0o077, 0o600),
        (0o640, 0o604, 0o000, 0o600),
        (0o444, None, 0o022, 0o644),
    ],
)
def test_the_mode_is_never_wider_than_the_originals(
    tmp_path: Path, original: int, replaced: int | None, umask: int, mode: int
) -> None:
    photo = files.load(files.save(Photo(FACE.copy()), tmp_path / "a.png"))
    (tmp_path / "a.png").chmod(original)
    target = tmp_path / "b.png"
    if replaced is not None:
        target.touch()
        target.chmod(replaced)
    before = os.umask(umask)
    try:
        files.save(photo, target, overwrite=True)
    finally:
        assert os.umask(before) == umask
    assert target.stat().st_mode & 0o777 == mode


def test_the_next_run_sweeps_what_nobody_holds(tmp_path: Path) -> None:
    left = tmp_path / ".restore-0123456789abcdef-01234567.part"
    others = [tmp_path / name for name in (".restore-mine.part", "x.part")]
    for path in (left, *others):
        path.write_bytes(b"half")
    fifo = tmp_path / ".restore-0123456789abcdef-76543210.part"
    os.mkfifo(fifo)
    held, file = _part.begin(tmp_path / "held.png")
    with file:
        files.save(Photo(FACE.copy()), tmp_path / "a.png")
        assert not left.exists()
        assert all(path.exists() for path in (*others, fifo, held))
    _part.sweep(tmp_path)
    assert not held.exists()


def test_a_kill_while_writing_is_swept_by_the_next_run(tmp_path: Path) -> None:
    np.save(tmp_path / "face.npy", FACE)
    code = (
        "import os, signal, sys, numpy; from restore import files; from restore.files import png\n"
        "from restore.image.photo import Photo\n"
        "photo = Photo(numpy.load(sys.argv[1]))\n"
        "if sys.argv[3:]: png.check = lambda file, pages: os.kill(os.getpid(), signal.SIGKILL)\n"
        "files.save(photo, sys.argv[2])\n"
    )
    out = tmp_path / "out"
    call = [sys.executable, "-c", code, str(tmp_path / "face.npy"), str(out / "a.png")]
    assert subprocess.run([*call, "kill"], check=False).returncode == -9
    assert [path.suffix for path in out.iterdir()] == [".part"]
    subprocess.run(call, check=True)
    assert [path.name for path in out.iterdir()] == ["a.png"]


def test_a_part_file_swept_before_its_lock_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold: Callable[[int], None] = _part._hold
    swept = iter((True, False))

    def late(handle: int) -> None:
        if next(swept, False):
            for left in tmp_path.iterdir():
                left.unlink()
        hold(handle)

    monkeypatch.setattr(_part, "_hold", late)
    files.save(Photo(FACE.copy()), tmp_path / "a.png")
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_the_checks_read_what_the_file_says_not_what_was_meant() -> None:
    """Each `check` alone: nothing of what the writer knows is taken for granted."""
    for suffix in SUFFIXES:
        module = next(each for each in files.formats().values() if suffix in each.SUFFIXES)
        with pytest.raises(OSError, match="incomplete"):
            module.check(io.BytesIO(b"no photo"), [Photo(FACE.copy())])
