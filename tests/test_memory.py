"""What would not fit into memory is refused in one line, before it is decoded."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
from click.testing import CliRunner

import restore
from restore import files, memory
from restore.cli import cli
from restore.errors import PhotoError

SIDE = 6000


def packed(suffix: str) -> bytes:
    """An empty photo of 36 million pixels in as few bytes as the format packs it."""
    plain = np.zeros((SIDE, SIDE, 3), np.uint8)
    if suffix == ".png":
        return imagecodecs.png_encode(np.zeros((SIDE, SIDE, 4), np.uint16), level=9)
    if suffix == ".tif":
        file = io.BytesIO()
        floats = np.broadcast_to(np.float32(0), (SIDE, SIDE, 3))
        tifffile.imwrite(file, floats, photometric="rgb", compression="zlib", rowsperstrip=64)
        return file.getvalue()
    if suffix == ".webp":
        return imagecodecs.webp_encode(plain, lossless=True, level=0)
    return imagecodecs.jpeg8_encode(plain, level=50)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp", ".jpg"])
def test_a_photo_that_does_not_fit_is_refused_before_decoding(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(packed(suffix))
    for module in ("png", "webp", "jpeg8"):
        monkeypatch.setattr(imagecodecs, f"{module}_decode", lambda *_, **__: 1 / 0)
    message = "needs about .* GB of memory, of which 0.4 GB may be used|cannot fit in its"
    with pytest.raises(PhotoError, match=message) as caught:
        files.load(path, memory=0.4e9)
    with pytest.raises(PhotoError, match=message):
        restore.run("monochrome", path, context=restore.Context(memory=0.4e9))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("format", ["jpeg2000", "jpegxl"])
def test_a_huge_photo_of_a_few_bytes_is_none(tmp_path: Path, format: str) -> None:
    """Nothing bounds how well these pack an empty photo; but then it is empty."""
    if format == "jpeg2000":
        data = bytearray(imagecodecs.jpeg2k_encode(np.zeros((64, 64), np.uint8), codecformat="j2k"))
        data[8:16] = (10_000).to_bytes(4, "big") * 2
    else:
        data = bytearray(imagecodecs.jpegxl_encode(np.zeros((8192, 8192), np.uint8), effort=1))
        data = data if len(data) < 1300 else data[:1300]
    path = tmp_path / f"a.{format}"
    path.write_bytes(data)
    with pytest.raises(PhotoError, match="which cannot fit in its"):
        files.load(path)


@pytest.mark.skipif(sys.platform != "linux", reason="reads what Linux reports")
def test_what_may_be_used_is_three_quarters_of_the_least(tmp_path: Path) -> None:
    group = tmp_path / "sys/fs/cgroup/photos"
    for folder in (group, tmp_path / "proc/self"):
        folder.mkdir(parents=True)
    (tmp_path / "proc/meminfo").write_text("MemTotal: 9 kB\nMemAvailable: 8000 kB\n")
    (tmp_path / "proc/self/cgroup").write_text("0::/photos\n")
    (group / "memory.max").write_text("max\n")
    (group / "memory.current").write_text("1000\n")
    assert memory.allowed(tmp_path) == 0.75 * 8000 * 1024
    (group / "memory.max").write_text("4001000\n")
    assert memory.allowed(tmp_path) == 3_000_000
    (group.parent / "memory.max").write_text("3000\n")  # of all groups together
    (group.parent / "memory.current").write_text("1000\n")
    assert memory.allowed(tmp_path) == 1500


@pytest.mark.parametrize("how", ["option", "variable"])
def test_the_command_line_passes_it_on_and_changes_no_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(packed(".tif"))
    before = dict(os.environ)
    given = ["--memory", "0.4"] if how == "option" else []
    variable = {} if given else {"RESTORE_MEMORY": "0.4"}
    for command in (["info"], ["run", "monochrome", "-o", str(tmp_path / "out")]):
        result = CliRunner().invoke(cli, [*command, str(path), *given], env=variable)
        assert result.exit_code == 1
        assert "of which 0.4 GB may be used" in result.stderr
    assert os.environ == before


@pytest.mark.parametrize("given", ["0.01", "nan"])
def test_too_little_memory_to_do_anything_is_a_usage_error(given: str) -> None:
    result = CliRunner().invoke(cli, ["info", "a.jpg", "--memory", given])
    assert result.exit_code == 2
    assert "is less than 0.1" in result.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc keeps what was freed")
def test_freed_memory_is_given_back() -> None:
    def held() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    arrays = [np.ones(60_000, np.uint8) for _ in range(1000)]
    kept = arrays[::50]  # so that what lies between cannot simply be cut off
    del arrays
    before = held()
    memory.give_back()
    assert before - held() > 40e6
    assert len(kept) == 20
