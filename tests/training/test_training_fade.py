"""Simulated fades for training: every group, on disk, the same again."""

import tarfile
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

from restore.analysis.fading import dyes
from restore.training import _fades, _photos


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    for name in ("astronaut", "coffee"):
        photo = getattr(skimage.data, name)()[::3, ::3, ::-1]
        cv2.imwrite(str(folder / f"{name}.png"), photo)
    return list(_photos.files([folder]))


def test_chunks_are_written_once_and_read_together(photos, tmp_path, monkeypatch):
    monkeypatch.setattr(_fades, "CHUNK", 12)
    _fades.write(photos, tmp_path, range(2))
    _fades.write([], tmp_path, range(2))  # all there: no photo is needed
    given = _fades.read(tmp_path, range(3))
    assert given.group.shape == (24,)
    assert given.thumbnail.shape == (24, dyes.THUMBNAIL, dyes.THUMBNAIL, 3)
    assert given.faded.shape == given.truth.shape == (24, _fades.PIXELS, 3)


def test_an_example_is_seeded_and_looks_as_the_step_sees_it(photos):
    one, again = (_fades.example(photos, np.random.default_rng(5)) for _ in range(2))
    for name, values in one.items():
        np.testing.assert_array_equal(values, again[name])
    assert np.isfinite(one["own"]).all()


@pytest.mark.parametrize("group", ["mild", "stain", "wide", "strong"])
def test_kinds_are_in_range(group):
    for seed in range(20):
        kind = _fades.kinds(group, np.random.default_rng(seed))
        assert 0 <= min(kind.loss) <= max(kind.loss) < 1
        assert min(kind.stain) >= 0
    if group == "mild":
        assert max(kind.loss) < 0.3


def test_files_that_are_no_photos_are_left_out(tmp_path: Path) -> None:
    photo = cv2.imencode(".png", np.zeros((20, 30, 3), np.uint8))[1].tobytes()
    for name, content in {"a.png": photo, "b.png": b"", "c.jpg": b"no photo"}.items():
        (tmp_path / name).write_bytes(content)
    with tarfile.open(tmp_path / "more.tar", "w") as archive:
        for name in ("link.png", "hard.png"):
            member = tarfile.TarInfo(name)
            member.type = tarfile.SYMTYPE if name == "link.png" else tarfile.LNKTYPE
            member.linkname = "/etc/passwd"
            archive.addfile(member)
    assert list(_photos.files([tmp_path])) == [photo]
