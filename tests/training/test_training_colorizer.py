"""What the colorizer is trained on: lightness within its range, evidence as sure as it is right."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data

from restore import color
from restore.colorizers import _distribution, compact
from restore.models import engines
from restore.training import _colorizer_samples as samples
from restore.training import _photos

CODES = data.astronaut()[::2, ::2]


def test_samples_are_in_range_whatever_befalls_the_photo() -> None:
    rng = np.random.default_rng(0)
    for draw in (samples.sample, samples.staged):
        for _ in range(20):
            sample = draw(CODES, 128, rng)
            assert sample.lightness.shape == (128, 128)
            assert sample.ab.shape == (32, 32, 2)
            assert 0 <= sample.lightness.min() <= sample.lightness.max() <= 100
            assert np.isfinite(sample.ab).all()
            assert sample.lightness.dtype == sample.ab.dtype == np.float32


def test_stage_light_leaves_evidence_that_is_nearer_the_truth_than_the_average() -> None:
    rng = np.random.default_rng(1)
    won = []
    for _ in range(12):
        sample = samples.staged(CODES, 128, rng)
        assert sample.measured is not None
        ab, sure = sample.measured[..., :2], sample.measured[..., 2:]
        assert 0 < sure.min() <= sure.max() <= 1
        true = samples.at_half(sample.ab, samples.cells(sample.lightness))
        off, far = ((estimate - true) ** 2 for estimate in (ab, samples.AVERAGE))
        won.append(((far - off) * sure).sum())
    assert np.sum(won) > 0


def test_all_evidence_is_certain_somewhere() -> None:
    rng = np.random.default_rng(1)
    ab = np.full((32, 32, 2), 20, np.float32)
    given = np.stack([samples.evidence(ab, rng) for _ in range(200)])
    assert given[..., 2:].min() >= 0
    assert given[..., 2:].max() <= 1
    hinted = given[..., 3].any((1, 2))
    assert 0.6 < hinted.mean() < 0.9  # the rest is measured alone


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


def untrained():
    pytest.importorskip("torch")
    from restore.training import _colorizer_network, colorizer

    return _colorizer_network.load(colorizer.START)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the exporter that OpenCV reads
@pytest.mark.filterwarnings("ignore:Constant folding")
def test_without_evidence_nothing_changes_on_any_engine_and_a_hint_acts(tmp_path: Path) -> None:
    network = untrained()
    import torch

    from restore.training import _colorizer_network

    with torch.no_grad():
        network.weighing.out.weight.normal_(0, 0.02)  # as if it had been trained
    _colorizer_network.export(network, tmp_path / "network.onnx", {"purpose": "colorizer"})
    written = _colorizer_network.load(tmp_path / "network.onnx").eval()
    light = cv2.resize(color.lightness(CODES / np.float32(255)), (160, 128))[None, None]
    none = np.zeros((1, 4, 32, 40), np.float32)
    hinted = none.copy()
    hinted[0, :, 10:14, 20:24] = np.array([40, -30, 1, 1], np.float32)[:, None, None]
    for engine in filter(engines.installed, engines.ENGINES):
        shipped = engines.load(compact.WEIGHTS, engine)(light)
        new = engines.load((tmp_path / "network.onnx").read_bytes(), engine)
        np.testing.assert_allclose(new(light, evidence=none), shipped, atol=1e-4)
        means = [
            _distribution.mean(_distribution.probabilities(new(light, evidence=given)[0]))
            for given in (none, hinted)
        ]
        there, elsewhere = (means[1] - means[0])[10:14, 20:24], means[1][:4, :4] - means[0][:4, :4]
        assert there[..., 0].mean() > 5
        assert there[..., 1].mean() < -5
        assert np.abs(elsewhere).mean() < 0.5 * np.abs(there).mean()
        with torch.inference_mode():
            wanted = written(torch.from_numpy(light), torch.from_numpy(hinted)).numpy()
        assert np.abs(new(light, evidence=hinted) - wanted).max() < 0.05


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore:Constant folding")
def test_the_part_that_weighs_evidence_is_as_good_in_a_file_of_its_own(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from restore.training import _colorizer_network

    network = _colorizer_network.shipped().eval()
    path = tmp_path / "beside.onnx"
    _colorizer_network.export_beside(network, path, {})
    light = cv2.resize(color.lightness(CODES / np.float32(255)), (160, 128))[None, None]
    hinted = np.zeros((1, 4, 32, 40), np.float32)
    hinted[0, :, 10:14, 20:24] = np.array([40, -30, 1, 1], np.float32)[:, None, None]
    with torch.inference_mode():
        wanted = network(torch.from_numpy(light), torch.from_numpy(hinted)).numpy()
    for engine in filter(engines.installed, engines.ENGINES):
        plain = engines.load(compact.WEIGHTS, engine)(light)
        for file in (path, compact.EVIDENCE):
            told = engines.load(file.read_bytes(), engine)(light, logits=plain, evidence=hinted)
            means = [
                _distribution.mean(_distribution.probabilities(logits[0]))
                for logits in (told, wanted)
            ]
            assert np.abs(means[0] - means[1]).max() < 0.2
            assert np.abs(told - plain).max() > 5


def test_prepared_photos_come_back_as_batches(tmp_path: Path) -> None:
    network = untrained()
    import torch

    from restore.training import _colorizer_prepared as prepared

    rng = np.random.default_rng(0)
    photo = cv2.imencode(".png", CODES)[1].tobytes()
    file = prepared.Prepared(tmp_path / "prepared.bin", 32)
    for _ in range(2):
        file.add(prepared.samples([photo] * 4, 128, rng), network)
    assert len(file) == 8
    batch = next(prepared.batches(file, 8, rng))
    assert batch.features.shape == (8, 96, 32, 32)
    assert batch.evidence.shape == (8, 4, 32, 32)
    assert (batch.evidence[:, 2].flatten(1).amax(1) > 0).all()
    stored = file.read()["features"][:1]
    features = torch.from_numpy(stored.copy()).view(torch.bfloat16).float()
    assert 0 <= features.min() <= features.max() <= 6
