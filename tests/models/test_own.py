"""Networks that `restore train` wrote take the place of those included, until they are removed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from click.testing import CliRunner
from onnx import TensorProto, helper, numpy_helper

from restore import colorizers
from restore.analysis.fading import dyes
from restore.analysis.scratches import damage
from restore.cli import cli
from restore.errors import WeightsError
from restore.models import own, weights


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RESTORE_MODELS", str(tmp_path / "models"))
    return tmp_path


def colorizer(path: Path) -> Path:
    """A network of the colorizer's inputs and output that knows nothing."""
    rng = np.random.default_rng(0)
    arrays = {
        "light": rng.normal(0, 0.01, (313, 1, 4, 4)).astype(np.float32),
        "known": rng.normal(0, 0.01, (313, 4, 1, 1)).astype(np.float32),
    }
    nodes = [
        helper.make_node("Conv", ["lightness", "light"], ["one"], strides=[4, 4]),
        helper.make_node("Conv", ["evidence", "known"], ["other"]),
        helper.make_node("Add", ["one", "other"], ["logits"]),
    ]

    def value(name: str, *shape: object):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape))

    graph = helper.make_graph(
        nodes,
        "colorizer",
        [value("lightness", 1, 1, "h", "w"), value("evidence", 1, 4, "i", "j")],
        [value("logits", 1, 313, "i", "j")],
        [numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    helper.set_model_props(model, {"purpose": "colorizer"})
    onnx.save(model, path)
    return path


def test_a_damage_network_is_used_once_added_and_no_more_once_removed(folder: Path) -> None:
    file = folder / "mine.onnx"
    file.write_bytes(damage.WEIGHTS.read_bytes())
    assert damage.path() == damage.WEIGHTS
    added = weights.add(file)
    assert added.name == "own-damage"
    assert damage.path() == added.path
    assert added.path.read_bytes() == file.read_bytes()
    shown = CliRunner().invoke(cli, ["models"])
    assert "own-damage  installed" in shown.output
    assert CliRunner().invoke(cli, ["models", "remove", "own-damage"]).exit_code == 0
    assert damage.path() == damage.WEIGHTS
    with pytest.raises(WeightsError, match="own-damage: is not installed"):
        weights.remove("own-damage")


def test_a_fade_network_is_used_once_added(folder: Path) -> None:
    arrays = dict(dyes.weights("fade"))
    arrays["out.bias"] = arrays["out.bias"] + 1
    np.savez(folder / "mine.npz", **arrays)
    assert weights.add(folder / "mine.npz").name == "own-fade"
    np.testing.assert_array_equal(dyes.weights("fade")["out.bias"], arrays["out.bias"])


@pytest.mark.parametrize("content", [b"", b"random" * 99, b"\x93NUMPY", b"PK\x03\x04cut off"])
def test_a_damaged_fade_network_is_one_line(folder: Path, content: bytes) -> None:
    own.location("fade").parent.mkdir(parents=True, exist_ok=True)
    own.location("fade").write_bytes(content)
    with pytest.raises(WeightsError, match="models remove own-fade"):
        dyes.weights("fade")


def test_a_colorizer_is_the_best_once_added(folder: Path) -> None:
    assert not colorizers.get("own").installed()
    with pytest.raises(WeightsError, match="restore train colorizer"):
        colorizers.get("own").sha256()
    weights.add(colorizer(folder / "mine.onnx"))
    assert colorizers.get("auto") is colorizers.get("own")
    chroma = colorizers.get("own").chroma(np.full((64, 96), 50, np.float32), side=64)
    assert chroma.ab.shape == (16, 24, 2)
    assert np.isfinite(chroma.ab).all()


def test_other_files_are_none_of_these(folder: Path) -> None:
    np.savez(folder / "other.npz", a=np.zeros(3))
    (folder / "text.onnx").write_text("no network" * 200)
    assert own.kind(folder / "other.npz") == own.kind(folder / "text.onnx") == ""
    with pytest.raises(WeightsError):
        weights.add(folder / "other.npz")
