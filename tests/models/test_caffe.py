"""The Caffe reader: every form of the file gives the weights, everything else its own message."""

from __future__ import annotations

import io
from pathlib import Path

import caffemodel
import numpy as np
import pytest

from restore.errors import WeightsError
from restore.models import _wire, _zhang, caffe

TABLE = _zhang.layers(width=2, bins=5)
WEIGHTS = _zhang.random_weights(1, TABLE)
WHOLE = caffemodel.small(TABLE)


def read(data: bytes) -> _zhang.Weights:
    return caffe.read(memoryview(data), TABLE)[0]


@pytest.mark.parametrize("v1", [False, True])
@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("double", [False, True])
@pytest.mark.parametrize("legacy", [False, True])
def test_reads_every_form(v1: bool, packed: bool, double: bool, legacy: bool) -> None:
    result = read(caffemodel.small(TABLE, v1=v1, packed=packed, double=double, legacy=legacy))
    for layer in TABLE:
        for got, wanted in zip(result[layer.name], WEIGHTS[layer.name], strict=True):
            # Means and variances were multiplied and divided by the scale factor in float32.
            tolerance = 1e-6 if layer.kind == "BatchNorm" else 0
            np.testing.assert_allclose(np.ravel(got), wanted.ravel(), rtol=tolerance)


def test_views_packed_floats_in_place() -> None:
    data = memoryview(WHOLE)
    kernel = caffe.read(data, TABLE)[0]["conv4_2"][0]
    assert np.shares_memory(kernel, np.frombuffer(data, np.uint8))


def test_a_scale_factor_of_zero_means_zero_statistics_as_in_caffe() -> None:
    mean, variance = read(caffemodel.small(TABLE, factor=0))["conv1_2norm"]
    assert not mean.any()
    assert not variance.any()


def test_the_table_has_the_published_number_of_parameters() -> None:
    convolutions = [layer for layer in _zhang.LAYERS if layer.kind != "BatchNorm"]
    assert len(convolutions) == 23
    total = sum(int(np.prod(shape)) for layer in _zhang.LAYERS for shape in layer.shapes)
    assert round(total / 1e6, 2) == 32.24


def test_writes_onnx_that_the_checker_accepts(tmp_path: Path) -> None:
    import onnx

    source, target = tmp_path / "small.caffemodel", tmp_path / "small.onnx"
    source.write_bytes(WHOLE)
    assert caffe.convert(source, target, {"network": "small"}, TABLE) == "LtoAB"
    model = onnx.load(target)
    onnx.checker.check_model(model, full_check=True)
    assert [value.name for value in model.graph.input] == ["lightness"]
    assert [value.name for value in model.graph.output] == ["logits"]
    arrays = {each.name: onnx.numpy_helper.to_array(each) for each in model.graph.initializer}
    np.testing.assert_array_equal(arrays["conv8_1.kernel"], WEIGHTS["conv8_1"][0])
    assert model.metadata_props[0].key == "network"


def test_the_same_weights_give_the_same_bytes(tmp_path: Path) -> None:
    files = []
    for form in ({}, {"v1": True}, {"packed": False}, {"legacy": True}):
        source, target = tmp_path / "small.caffemodel", tmp_path / "small.onnx"
        source.write_bytes(caffemodel.small(TABLE, **form))
        caffe.convert(source, target, table=TABLE)
        files.append(target.read_bytes())
    assert len(set(files)) == 1


def edited(name: str, **change: object) -> bytes:
    """The model with one layer written otherwise: blobs, kind, or left out (blobs=None)."""
    file = io.BytesIO()
    file.write(_wire.message(1, "LtoAB"))
    for layer in TABLE:
        arrays = [np.asarray(values) for values in WEIGHTS[layer.name]]
        if layer.kind == "BatchNorm":
            arrays.append(np.ones(1, np.float32))
        kind = layer.kind
        if layer.name == name:
            kind = str(change.get("kind", kind))
            arrays = change.get("arrays", arrays)  # type: ignore[assignment]
            if arrays is None:
                continue
        file.write(caffemodel.layer(layer.name, kind, [caffemodel.blob(each) for each in arrays]))
    return file.getvalue()


KERNEL, BIAS = WEIGHTS["conv4_2"]
NAN = KERNEL.copy()
NAN[3, 2, 1, 0] = np.nan


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (edited("conv4_2", arrays=None), "1 of 30 layers have no weights, first conv4_2"),
        (
            edited("conv4_2", arrays=[KERNEL[:8], BIAS]),
            "blob 0 is 8 x 16 x 3 x 3, expected 16 x 16",
        ),
        (edited("conv4_2", arrays=[KERNEL]), "conv4_2 has 1 blobs, expected 2"),
        (edited("conv4_2", kind="InnerProduct"), "is of type InnerProduct, expected Convolution"),
        (edited("conv4_2", arrays=[NAN, BIAS]), "conv4_2, blob 0 holds NaN"),
        (edited("conv4_2", arrays=[KERNEL.astype(np.float64) * np.inf, BIAS]), "holds NaN or inf"),
        (
            edited("conv4_3norm", arrays=[np.ones(16), -np.ones(16), np.ones(1)]),
            "conv4_3norm has a mean or variance that no photo can give",
        ),
        (WHOLE + WHOLE, "layer bw_conv1_1 occurs twice"),
        (WHOLE[:-2000], "cut off or damaged .in or after layer relu8_2, at byte"),
        (WHOLE[:40], "cut off or damaged .in or after layer input"),
        (b"", "is not a Caffe model .it has no layers"),
        (caffemodel.layer("data", "Input", ()), "another network: its layers begin with data"),
        (
            _wire.message(1, "Goog\nLeNet") + caffemodel.layer("conv1/7x7_s2", "Convolution", ()),
            'another network .it calls itself "Goog.LeNet"',
        ),
        (b"\xff" * 400, "is not a Caffe model"),
        (b"\x00" * 400, "is not a Caffe model"),
        (_wire.number(1, 5) * 200_001, "has more than 200000 fields"),
    ],
)
def test_says_what_is_wrong(data: bytes, words: str) -> None:
    with pytest.raises(WeightsError, match=words) as caught:
        read(data)
    assert "\n" not in str(caught.value)


def test_a_length_that_lies_is_found_before_anything_is_read() -> None:
    kernel = _wire.message(7, _wire.integers(1, KERNEL.shape))
    for length in (2**20, 2**40, 2**63, 2**64 - 1):
        lying = _wire.varint(5 << 3 | 2) + _wire.varint(length) + b"\x00" * 8
        data = caffemodel.layer("conv4_2", "Convolution", [kernel + lying] * 2)
        with pytest.raises(WeightsError, match=r"layer conv4_2, at .* begins where 8 are left"):
            read(data)


def test_an_array_in_too_many_pieces_is_refused() -> None:
    pieces = _wire.message(5, b"\x00" * 4) * 1200
    shape = _wire.message(7, _wire.integers(1, (1200,)))
    with pytest.raises(WeightsError, match="in more than 1000 pieces"):
        read(caffemodel.layer("conv4_2", "Convolution", [shape + pieces, shape]))


def test_an_array_in_a_few_pieces_is_joined() -> None:
    flat = KERNEL.ravel()
    parts = b"".join(
        _wire.message(5, flat[i : i + 100].tobytes()) for i in range(0, flat.size, 100)
    )
    shape = _wire.message(7, _wire.integers(1, KERNEL.shape))
    file = caffemodel.layer("conv4_2", "Convolution", [shape + parts, caffemodel.blob(BIAS)])
    rest = edited("conv4_2", arrays=None)
    np.testing.assert_array_equal(read(rest + file)["conv4_2"][0], flat)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:f5af\n", "Git LFS pointer"),
        (b"\n <!DOCTYPE html><html>Sorry, the file is too large to scan" * 40, "web page"),
        (b"<html><body>404 Not Found</body></html>", "web page"),
        (b'name: "LtoAB"\nlayer {\n  name: "data_l"\n' * 40, "prototxt"),
        (b"PK\x03\x04" + bytes(4000), "ZIP or PyTorch archive"),
        (b"\x80\x02}q\x00" + bytes(4000), "pickle, which is never opened"),
        (b"\x93NUMPY" + bytes(4000), "NumPy array"),
        (b'{"error": "not found"}', "JSON"),
        (b"\x0a\x05LtoAB", "has 7 bytes, too few"),
        (b"\xff\xd8\xff\xe0" + bytes(range(256)) * 10, "is not a Caffe model"),
    ],
)
def test_names_what_the_file_is(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "colorization_release_v2.caffemodel"
    path.write_bytes(data)
    with pytest.raises(WeightsError, match=words) as caught:
        caffe.convert(path, tmp_path / "out.onnx")
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out.onnx").exists()


def test_a_folder_and_a_missing_file_are_said(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="is a folder"):
        caffe.convert(tmp_path, tmp_path / "out.onnx")
    with pytest.raises(WeightsError, match="no such file"):
        caffe.convert(tmp_path / "none.caffemodel", tmp_path / "out.onnx")
