"""A .caffemodel of the true size: OpenCV 4's own reading of it against our ONNX on every engine.

The weights are random, of a scale that keeps the signal; the file is written here and not kept.
"""

from __future__ import annotations

import functools
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import caffemodel
import cv2
import numpy as np
import pytest

from restore.colorizers._grid import grid
from restore.models import _zhang, engines

SCALE = np.float32(2.606)
SIZES = [(224, 224), (448, 512), (256, 328)]
CAFFE = hasattr(cv2.dnn, "readNetFromCaffe")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The file, 129 MB; it, its ONNX form and its compiled forms go when these tests are done."""
    folder = tmp_path_factory.mktemp("parity")
    path = folder / "zhang.caffemodel"
    with path.open("wb") as file:
        caffemodel.write(file, _zhang.random_weights(0))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engines, "cache_folder", lambda: None)
        yield path
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def measured(model: Path) -> dict[str, float]:
    """A fresh process converts it; how long that took, and what memory it needed beyond numpy's."""
    code = (
        "import json, os, sys, time; from pathlib import Path\n"
        "from benchmarks._processes import highest\n"
        "from restore.models import caffe\n"
        "peak = lambda: highest(os.getpid())\n"
        "before, since = peak(), time.process_time()\n"
        "caffe.convert(Path(sys.argv[1]), Path(sys.argv[2]))\n"
        "print(json.dumps({'s': time.process_time() - since, 'bytes': peak() - before}))"
    )
    onnx = model.with_suffix(".onnx")
    done = subprocess.run(
        [sys.executable, "-c", code, model, onnx],
        capture_output=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def onnx(model: Path, measured: dict[str, float]) -> Path:
    return model.with_suffix(".onnx")


def lightness(size: tuple[int, int]) -> np.ndarray:
    """A made-up photo in CIE L*: soft shapes and a little grain."""
    random = np.random.default_rng(sum(size))
    shapes = random.uniform(0, 100, (size[0] // 16, size[1] // 16)).astype(np.float32)
    photo = cv2.resize(shapes, size[::-1], interpolation=cv2.INTER_CUBIC)
    photo += random.normal(0, 3, photo.shape).astype(np.float32)
    return photo.clip(0, 100)[None, None]


def caffe_network(model: Path, size: tuple[int, int]) -> cv2.dnn.Net:
    """OpenCV's reading, with the last two layers' blobs set by hand, as everybody does."""
    text = np.frombuffer(caffemodel.prototxt(size=size).encode(), np.uint8)
    network = cv2.dnn.readNetFromCaffe(text, np.fromfile(model, np.uint8))
    centres = np.ascontiguousarray(grid().T).reshape(2, 313, 1, 1)
    network.getLayer(network.getLayerId("class8_ab")).blobs = [centres]
    scale = np.full((1, 313), SCALE, np.float32)
    network.getLayer(network.getLayerId("conv8_313_rh")).blobs = [scale]
    return network


@functools.cache
def expected(model: Path, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities (1, 313, h, w) and ab (1, 2, h, w) of OpenCV's reading of the .caffemodel."""
    network = caffe_network(model, size)
    network.setInput(lightness(size) - 50)
    p, ab = network.forward(["class8_313_rh", "class8_ab"])
    return p.copy(), ab.copy()


def ours(onnx: Path, engine: str, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """The same from our ONNX."""
    logits = engines.load(onnx, engine)(lightness(size))
    p = np.exp((logits - logits.max(1, keepdims=True)) * SCALE)
    p /= p.sum(1, keepdims=True)
    return p, np.einsum("nkhw,kc->nchw", p, grid())


def hold(found: tuple[np.ndarray, ...], wanted: tuple[np.ndarray, ...]) -> None:
    """The bounds, in float32: 1e-4 of probability, 0.02 of Lab; most of what is used is OpenCV's
    Winograd convolution, which differs as much from its own direct one.
    """
    assert found[0].shape == wanted[0].shape
    assert np.abs(found[0] - wanted[0]).max() <= 1e-4
    assert np.abs(found[1] - wanted[1]).max() <= 0.02


def available(engine: str) -> Callable[..., None]:
    return pytest.mark.skipif(not engines.installed(engine), reason=f"{engine} is not installed")


@pytest.mark.skipif(not CAFFE, reason="OpenCV 5 has no Caffe importer to compare with")
@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
@pytest.mark.parametrize("engine", [pytest.param(e, marks=available(e)) for e in engines.ENGINES])
def test_agrees_with_opencvs_own_reading(
    model: Path, onnx: Path, engine: str, size: tuple[int, int]
) -> None:
    hold(ours(onnx, engine, size), expected(model, size))


@pytest.mark.parametrize("engine", [pytest.param(e, marks=available(e)) for e in engines.ENGINES])
def test_engines_agree_with_each_other(onnx: Path, engine: str) -> None:
    """Also where there is no Caffe importer; at the smallest size, its logits are not trivial."""
    result = ours(onnx, engine, (96, 64))
    hold(result, ours(onnx, "opencv", (96, 64)))
    assert 5 < result[1].std() < 60
    assert 0.05 < result[0].max(1).mean() < 0.9


def test_converting_is_bounded_in_memory_and_time(model: Path, measured: dict[str, float]) -> None:
    size = model.stat().st_size
    assert abs(size / 128946764 - 1) < 1e-3  # the published file's size
    assert measured["bytes"] <= 2.2 * size  # it is about 1: the pages of the memory map
    assert measured["bytes"] > 0 or sys.platform != "linux"  # elsewhere nothing tells
    assert measured["s"] <= 2  # processor seconds; it is about 0.3


def test_the_checker_accepts_the_true_layout(onnx: Path) -> None:
    checker = pytest.importorskip("onnx.checker")
    checker.check_model(str(onnx), full_check=True)
