"""Engines agree, say what is wrong, and never run weights that have been replaced."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from restore import color
from restore.colorizers import compact
from restore.errors import MissingPackage, RestoreError, WeightsError
from restore.image.photo import Photo
from restore.models import engines
from restore.steps.colorize import colorize

HERE = [name for name in engines.ENGINES if engines.installed(name)]
RNG = np.random.default_rng(0)


def one_layer(gain: float) -> bytes:
    """An ONNX network of one 1 x 1 convolution to three channels."""
    weights = numpy_helper.from_array(np.full((3, 1, 1, 1), gain, np.float32), "w")
    graph = helper.make_graph(
        [helper.make_node("Conv", ["x", "w"], ["y"], kernel_shape=[1, 1])],
        "one",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, "h", "w"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3, "h", "w"])],
        [weights],
    )
    opset = [helper.make_opsetid("", 13)]
    return helper.make_model(graph, opset_imports=opset, ir_version=7).SerializeToString()


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    folder.mkdir()
    monkeypatch.setattr(engines, "cache_folder", lambda: folder)
    monkeypatch.delenv("RESTORE_ENGINE", raising=False)
    return folder


@pytest.mark.parametrize("size", [(64, 64), (256, 384), (64, 320)])
def test_engines_agree_on_the_compact_network(size: tuple[int, int]) -> None:
    values = RNG.uniform(0, 100, (1, 1, *size)).astype(np.float32)
    first, *others = (engines.load(compact.WEIGHTS, name)(values) for name in HERE)
    assert first.shape == (1, 313, size[0] // 4, size[1] // 4)
    for other in others:
        # logits reach 34; measured 0.0001 with AVX-512, up to 0.03 where weights stay in halves
        assert np.abs(first - other).max() < 0.03


def test_engines_give_the_same_picture(
    photos: list[Photo], monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = photos[0].proxy()
    pictures = []
    for name in HERE:
        monkeypatch.setenv("RESTORE_ENGINE", name)
        render = colorize(proxy)
        assert render.network.engine == name
        pictures.append(render.tile(proxy.view) * 255)
    for other in pictures[1:]:
        assert np.abs(pictures[0] - other).max() < 0.5  # codes; measured 0.02
        assert np.abs(pictures[0] - other).mean() < 0.01


@pytest.fixture(scope="module")
def photos() -> list[Photo]:
    from skimage import data

    grey = color.grey(color.lightness(data.chelsea()[40:240, 60:360] / np.float32(255)))
    return [Photo((grey[..., None] * 255 + 0.5).astype(np.uint8))]


@pytest.mark.parametrize("name", HERE)
def test_runs_a_file_or_its_bytes_once_loaded(name: str, tmp_path: Path) -> None:
    path = tmp_path / "one.onnx"
    path.write_bytes(one_layer(2))
    values = RNG.random((1, 1, 5, 9), np.float32)
    for network in (engines.load(path, name), engines.load(path.read_bytes(), name)):
        result = network(values)
        assert result.dtype == np.float32
        np.testing.assert_allclose(result, np.repeat(values * 2, 3, 1), rtol=1e-6)


@pytest.mark.parametrize("name", HERE)
def test_runs_the_weights_that_are_there_now(name: str, tmp_path: Path) -> None:
    path = tmp_path / "one.onnx"
    for gain in (1.0, 2.0, 3.0):  # same size, same name, same time: as a reproducible build has it
        path.unlink(missing_ok=True)
        path.write_bytes(one_layer(gain))
        os.utime(path, (1e9, 1e9))
        assert engines.load(path, name)(np.ones((1, 1, 2, 2), np.float32))[0, 0, 0, 0] == gain


@pytest.mark.parametrize("name", HERE)
@pytest.mark.parametrize("content", [b"", b"<html>not found</html>", one_layer(1)[:60]])
def test_a_damaged_file_is_one_line(name: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "broken.onnx"
    path.write_bytes(content)
    with pytest.raises(WeightsError) as error:
        engines.load(path, name)
    message = str(error.value)
    assert message.startswith(f"broken.onnx: {name} cannot read it: ")
    assert "\n" not in message
    assert len(message) < 250


def test_a_failure_while_running_is_one_line() -> None:
    def fails(values: color.Array) -> color.Array:
        raise RuntimeError("Exception from src/core.cpp:17:\nno such kernel\n")

    with pytest.raises(WeightsError) as error:
        engines.Network("openvino", "a.onnx", fails)(np.zeros((1, 1, 4, 4), np.float32))
    assert str(error.value) == "a.onnx: openvino cannot run it: no such kernel"


def test_too_little_memory_is_not_the_weights_fault() -> None:
    def fails(values: color.Array) -> color.Array:
        raise MemoryError

    with pytest.raises(MemoryError):
        engines.Network("openvino", "a.onnx", fails)(np.zeros((1, 1, 4, 4), np.float32))


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"none.onnx: cannot be read: No such file"):
        engines.load(tmp_path / "none.onnx")


def test_auto_is_the_first_that_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert engines.chosen() == HERE[0]
    monkeypatch.setattr(engines, "installed", lambda name: name == "opencv")
    assert engines.chosen() == "opencv"
    with pytest.raises(MissingPackage, match="pip install openvino"):
        engines.chosen("openvino")
    monkeypatch.setenv("RESTORE_ENGINE", "opencl")
    with pytest.raises(RestoreError, match='RESTORE_ENGINE: there is no engine "opencl"; did you'):
        engines.chosen()


def test_an_engine_that_does_not_load_here_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "openvino.py").write_text("raise ImportError('libopenvino.so: wrong ELF class')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "openvino", raising=False)
    engines.installed.cache_clear()
    try:
        assert engines.chosen() in ("onnxruntime", "opencv")
    finally:
        engines.installed.cache_clear()


@pytest.mark.skipif("openvino" not in HERE, reason="only OpenVINO keeps compiled networks")
def test_the_cache_stays_bounded_and_its_loss_does_not_matter(
    tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "one.onnx"
    values = np.ones((1, 1, 2, 2), np.float32)
    for gain in range(engines.BLOBS + 3):
        path.write_bytes(one_layer(gain))
        engines.load(path, "openvino")
    blobs = list(own_cache.glob("*.blob"))
    assert 1 <= len(blobs) <= engines.BLOBS
    for blob in blobs:  # a crash while writing
        blob.chmod(0o600)
        blob.write_bytes(blob.read_bytes()[:100])
    engines._core.cache_clear()
    assert engines.load(path, "openvino")(values)[0, 0, 0, 0] == engines.BLOBS + 2
    monkeypatch.setattr(engines, "cache_folder", lambda: None)  # a home that cannot be written
    assert engines.load(path, "openvino")(values)[0, 0, 0, 0] == engines.BLOBS + 2


def in_half(path: Path) -> engines.Network:
    return engines.load(path, "openvino", "bf16" if engines.has_bf16() else "f32")


@pytest.fixture
def two_layers(tmp_path: Path) -> Path:
    """A network whose weights are neither exact in 16 bits nor small enough to be left alone."""
    random = np.random.default_rng(1)
    first, second = (
        numpy_helper.from_array(random.normal(0, 0.1, shape).astype(np.float32), name)
        for shape, name in (((64, 1, 3, 3), "w"), ((8, 64, 3, 3), "v"))
    )
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["x", "w"], ["h"], kernel_shape=[3, 3]),
            helper.make_node("Relu", ["h"], ["r"]),
            helper.make_node("Conv", ["r", "v"], ["y"], kernel_shape=[3, 3]),
        ],
        "two",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, "h", "w"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 8, "h", "w"])],
        [first, second],
    )
    opset = [helper.make_opsetid("", 13)]
    path = tmp_path / "two.onnx"
    made = helper.make_model(graph, opset_imports=opset, ir_version=7)
    path.write_bytes(made.SerializeToString())
    return path


@pytest.mark.skipif("openvino" not in HERE, reason="only OpenVINO keeps compiled networks")
@pytest.mark.parametrize("damage", ["a bit", "a page", "cut off", "empty"])
def test_a_damaged_cache_changes_no_colour_and_is_made_anew(
    two_layers: Path, own_cache: Path, damage: str
) -> None:
    values = RNG.uniform(0, 100, (1, 1, 24, 24)).astype(np.float32)
    expected = in_half(two_layers)(values)
    (blob,) = own_cache.glob("*.blob")
    good = blob.read_bytes()
    for place in (0, len(good) // 3, len(good) // 2, len(good) * 2 // 3, len(good) - 1):
        data = bytearray(good)
        if damage == "a bit":
            data[place] ^= 16
        elif damage == "a page":
            data[place : place + 4096] = bytes(len(data[place : place + 4096]))
        else:
            data = data[: place if damage == "cut off" else 0]
        if bytes(data) == good:
            continue
        blob.write_bytes(data)
        np.testing.assert_array_equal(in_half(two_layers)(values), expected)
        assert len(blob.read_bytes()) == len(good)
        assert [path.name for path in own_cache.iterdir()] == [blob.name]


@pytest.mark.skipif("openvino" not in HERE, reason="only OpenVINO keeps compiled networks")
def test_colours_are_the_same_without_a_cache(
    two_layers: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = RNG.uniform(0, 100, (1, 1, 24, 24)).astype(np.float32)
    compiled, imported = in_half(two_layers)(values), in_half(two_layers)(values)
    assert list(own_cache.glob("*.blob"))
    monkeypatch.setattr(engines, "cache_folder", lambda: None)
    without = in_half(two_layers)(values)
    np.testing.assert_array_equal(imported, compiled)
    np.testing.assert_array_equal(without, compiled)


@pytest.mark.skipif("openvino" not in HERE, reason="only OpenVINO keeps compiled networks")
def test_a_full_disk_costs_the_cache_only(
    two_layers: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    assert np.isfinite(in_half(two_layers)(np.ones((1, 1, 9, 9), np.float32))).all()
    assert not list(own_cache.iterdir())


@pytest.mark.skipif("openvino" not in HERE, reason="only OpenVINO keeps compiled networks")
def test_what_earlier_versions_and_kills_left_in_the_cache_is_removed(
    two_layers: Path, own_cache: Path
) -> None:
    (own_cache / "1f-2e-3d-4c").mkdir()
    (own_cache / "1f-2e-3d-4c" / "half.bin").write_bytes(b"old")
    for name, age in (("new.begun", 1), ("old.begun", 10_000)):
        (own_cache / name).touch()
        os.utime(own_cache / name, (time.time() - age,) * 2)
    in_half(two_layers)
    assert sorted(path.suffix for path in own_cache.iterdir()) == [".begun", ".blob"]
    assert (own_cache / "new.begun").exists()


@pytest.mark.parametrize("name", HERE)
def test_loading_opens_nothing_in_the_current_folder(
    name: str, two_layers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    for stem in ("two", "network", "model", ""):
        os.mkfifo(f"{stem}.bin")  # to open one would wait for ever
        Path(f"{stem}.xml").symlink_to(f"{stem}.xml")
    for onnx in (two_layers, two_layers.read_bytes()):
        for _ in range(2):
            result = engines.load(onnx, name)(np.ones((1, 1, 9, 9), np.float32))
            assert np.isfinite(result).all()


def test_a_cache_folder_that_cannot_be_made_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name: tmp_path / "file" / name)
    assert engines.cache_folder() is None
