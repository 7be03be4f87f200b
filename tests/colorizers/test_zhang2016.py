"""The colorizers of the Zhang 2016 family, with a narrow network of the same layers."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import caffemodel
import numpy as np
import pytest

from restore import colorizers
from restore.colorizers import _distribution, zhang2016
from restore.colorizers._grid import grid
from restore.errors import WeightsError
from restore.models import _zhang, caffe, engines, weights

TABLE = _zhang.layers(width=4)
LIGHTNESS = np.random.default_rng(0).uniform(0, 100, (64, 96)).astype(np.float32)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESTORE_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(caffe, "convert", partial(caffe.convert, table=TABLE))


def install(tmp_path: Path, name: str) -> None:
    file = tmp_path / "some.caffemodel"
    file.write_bytes(caffemodel.small(TABLE))
    weights.add(file, name)


def softmax(logits: np.ndarray) -> np.ndarray:
    p = np.exp(logits.astype(np.float64) - logits.max(0))
    return p / p.sum(0)


def test_auto_is_the_compact_network_until_the_release_is_there(tmp_path: Path) -> None:
    assert colorizers.get("auto").__name__.endswith(".compact")
    install(tmp_path, "zhang2016-norebal")
    assert colorizers.get("auto").__name__.endswith(".compact")
    install(tmp_path, "zhang2016")
    assert colorizers.get("auto") is zhang2016


def test_without_the_file_it_says_where_to_get_it() -> None:
    with pytest.raises(WeightsError, match="zhang2016: is not installed; `restore models pull"):
        colorizers.get("zhang2016").chroma(LIGHTNESS, side=64)
    with pytest.raises(WeightsError, match=r"download colorization_release_v2_norebal\.caffemodel"):
        colorizers.get("zhang2016-norebal").chroma(LIGHTNESS, side=64)


def test_gives_the_published_expectation_over_the_grid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "has_bf16", lambda: False)
    install(tmp_path, "zhang2016")
    result = zhang2016.chroma(LIGHTNESS, side=64, temperature=1 / 2.606)
    assert result.ab.shape == (16, 24, 2)
    assert result.logits is not None
    assert result.logits.shape == (313, 16, 24)
    raw = engines.load(weights.path("zhang2016"))(LIGHTNESS[None, None])[0]
    expected = np.einsum("khw,kc->hwc", softmax(raw * 2.606), grid())
    np.testing.assert_allclose(result.ab, expected, atol=0.01)  # Lab; float32 sums over 313


def test_the_release_and_norebal_mean_the_same_by_vividness(tmp_path: Path) -> None:
    """The same weights under both names: the one is taken for vivid, the other for natural."""
    install(tmp_path, "zhang2016")
    install(tmp_path, "zhang2016-norebal")
    release = colorizers.get("zhang2016")
    norebal = colorizers.get("zhang2016-norebal")
    vivid, natural = (release.chroma(LIGHTNESS, side=64, vividness=v).logits for v in (1, 0))
    cautious, raised = (norebal.chroma(LIGHTNESS, side=64, vividness=v).logits for v in (0, 1))
    shift = np.log(_distribution.rebalancing())[:, None, None]
    np.testing.assert_allclose(vivid, cautious, atol=1e-5)  # logits of about 1 in float32
    np.testing.assert_allclose(vivid - natural, np.broadcast_to(shift, vivid.shape), atol=1e-4)
    np.testing.assert_allclose(raised - cautious, np.broadcast_to(shift, vivid.shape), atol=1e-4)


def test_bf16_is_taken_where_it_is_and_is_near(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not engines.has_bf16():
        pytest.skip("this processor does not calculate in bf16")
    install(tmp_path, "zhang2016")
    result = zhang2016.chroma(LIGHTNESS, side=64)
    assert result.engine == "openvino, bf16"
    monkeypatch.setattr(engines, "has_bf16", lambda: False)
    exact = zhang2016.chroma(LIGHTNESS, side=64)
    assert exact.engine == "openvino, f32"
    away = np.linalg.norm(result.ab - exact.ab, axis=-1)
    assert away.mean() < 1  # Lab; 8 bits of mantissa through 30 layers, two units are just seen


def test_names_the_file_that_its_weights_came_from(tmp_path: Path) -> None:
    install(tmp_path, "zhang2016")
    from restore.models import _download

    assert zhang2016.sha256() == _download.digest(tmp_path / "some.caffemodel")


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (37, 53), (400, 64)])
def test_takes_a_photo_of_any_shape(tmp_path: Path, shape: tuple[int, int]) -> None:
    install(tmp_path, "zhang2016")
    result = zhang2016.chroma(np.full(shape, 50, np.float32), side=64)
    assert np.isfinite(result.ab).all()
