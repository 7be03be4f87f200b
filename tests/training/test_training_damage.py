"""The damage network's way to an ONNX file and back, and what it learns from."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data

from restore.errors import RestoreError

torch = pytest.importorskip("torch")

from restore.training import _card, _damage_network, _session, damage  # noqa: E402

PHOTO = cv2.imencode(".jpg", data.astronaut()[..., ::-1])[1].tobytes()


def scans(count: int):
    pieces = damage.examples([[PHOTO]], 0)
    return [damage.batched(list(islice(pieces, damage.BATCH)))[0] for _ in range(count)]


def test_a_network_read_from_onnx_is_the_one_that_was_written(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network, seen = _damage_network.Detector(), scans(2)
    network.train()
    with torch.no_grad():
        for scan in seen * 4:  # means and variances other than 0 and 1
            network(scan)
    path = tmp_path / "damage.onnx"
    _damage_network.export(network, path, {"purpose": "damage"})
    one = seen[0][:1]
    wanted = _damage_network.probabilities(network, one)
    assert max(_card.agreement(path, {"reliefs": one.numpy()}, wanted).values()) < 0.01
    again = _damage_network.load(path, seen)
    found = _damage_network.probabilities(again, one)
    assert np.abs(found - wanted).max() < 0.01
    again.train()
    with torch.no_grad():  # with the statistics of a batch, as in training
        trained = again(seen[0]).softmax(1).numpy()
    assert np.abs(trained[:1] - wanted).mean() < 0.05


@pytest.mark.parametrize(("processor", "fast"), [("AVX2", False), ("AVX512", True)])
def test_half_precision_is_for_processors_that_are_fast_at_it(
    monkeypatch: pytest.MonkeyPatch, processor: str, fast: bool
) -> None:
    monkeypatch.setattr(_session, "device", lambda: "cpu")
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: processor)
    assert _session.is_half_fast() == fast


def test_the_network_is_small() -> None:
    network = _damage_network.Detector()
    assert sum(part.numel() for part in network.parameters()) < 1_000_000


def test_pieces_often_mistaken_are_kept_longest() -> None:
    pool = damage.Pool(damage.examples([[PHOTO]], 1), 0)
    for _ in range(20):
        for piece in pool.drawn():
            piece.mistaken = 1.0 if piece.worn.kind.any() else 0.0
    assert len(pool.kept) >= 20 * damage.FRESH


def test_photos_that_are_too_small_end_the_training() -> None:
    small = cv2.imencode(".png", np.zeros((8, 8, 3), np.uint8))[1].tobytes()
    with pytest.raises(RestoreError, match="no photo is at least"):
        next(damage.examples([[small]], 0))
