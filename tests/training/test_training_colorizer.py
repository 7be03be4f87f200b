"""What the colorizer is trained on: lightness within its range, evidence as sure as it is right."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import cv2
import numpy as np
from skimage import data

from restore import color
from restore.training import _colorizer_samples as samples
from restore.training import _photos

CODES = data.astronaut()[::2, ::2]


def test_samples_are_in_range_whatever_befalls_the_photo() -> None:
    rng = np.random.default_rng(0)
    for _ in range(60):
        sample = samples.sample(CODES, 128, rng)
        assert sample.lightness.shape == (128, 128)
        assert sample.evidence.shape == (32, 32, 4)
        assert sample.ab.shape == (32, 32, 2)
        assert 0 <= sample.lightness.min() <= sample.lightness.max() <= 100
        assert np.isfinite(sample.evidence).all()
        assert 0 <= sample.evidence[..., 2:].min() <= sample.evidence[..., 2:].max() <= 1
        assert sample.lightness.dtype == sample.evidence.dtype == sample.ab.dtype == np.float32


def test_half_of_the_samples_have_no_evidence() -> None:
    rng = np.random.default_rng(1)
    ab = np.full((32, 32, 2), 20, np.float32)
    empty = [not samples.evidence(ab, rng).any() for _ in range(400)]
    assert 0.4 < np.mean(empty) < 0.6


def test_hints_tell_the_true_colour_where_they_lie() -> None:
    rng = np.random.default_rng(2)
    ab = samples.cells(color.to_lab(CODES / np.float32(255))[..., 1:])
    ab = cv2.GaussianBlur(ab, (0, 0), 3)
    marked = samples.hints(ab, 30, rng)
    told = marked[..., 3] > 0
    assert 30 <= told.sum() < 700
    assert (marked[told][:, 2] == 1).all()
    assert np.abs(marked[told][:, :2] - ab[told]).mean() < 4
    assert not marked[~told].any()


def test_measured_evidence_is_as_wrong_as_it_says() -> None:
    rng = np.random.default_rng(3)
    sure, squares = [], []
    for _ in range(300):  # colours as photos have them: that is what the certainty refers to
        true = samples.AVERAGE + samples.DEVIATION * rng.standard_normal(2)
        ab = np.full((24, 24, 2), true, np.float32)
        found = samples.measured(ab, rng)
        sure.append(found[..., 2].ravel())
        squares.append(((found[..., :2] - ab) ** 2).mean(-1).ravel())
    certain, square = np.concatenate(sure), np.concatenate(squares)
    for low, high in ((0, 0.05), (0.3, 0.5), (0.7, 0.9)):
        part = (certain >= low) & (certain <= high)
        predicted = (1 - certain[part].mean()) * samples.DEVIATION**2
        assert 0.6 < square[part].mean() / predicted < 1.6


def test_photos_are_read_from_folders_and_tars_and_left_out_by_name(tmp_path: Path) -> None:
    packed = cv2.imencode(".jpg", CODES)[1].tobytes()
    (tmp_path / "a.jpg").write_bytes(packed)
    (tmp_path / "notes.txt").write_text("no photo")
    with tarfile.open(tmp_path / "more.tar", "w") as archive:
        for name in ("b.jpg", "c.jpg"):
            member = tarfile.TarInfo(f"inner/{name}")
            member.size = len(packed)
            archive.addfile(member, io.BytesIO(packed))
    read = dict(_photos.named([tmp_path], without={"c"}))
    assert sorted(read) == ["a", "b"]
    assert _photos.decoded(read["b"]).shape == CODES.shape
