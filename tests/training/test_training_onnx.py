"""Networks that no training step has changed go to an ONNX file and come back."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from restore.training import _colorizer_network, _damage_network  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")  # of the exporter, about itself


def test_a_colorizer_with_equal_biases_comes_back(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = _colorizer_network.Colorizer()
    with torch.no_grad():
        for name, values in network.named_parameters():
            if name.endswith("bias"):
                values.zero_()  # the exporter keeps one of equal tensors
    path = tmp_path / "colorizer.onnx"
    _colorizer_network.export(network, path, {"purpose": "colorize"})
    again = _colorizer_network.load(path)
    for name, values in network.state_dict().items():
        assert torch.allclose(again.state_dict()[name], values, rtol=1e-3, atol=1e-4), name


def test_a_damage_network_comes_back_untrained(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = _damage_network.Detector().eval()
    path = tmp_path / "damage.onnx"
    _damage_network.export(network, path, {"purpose": "damage"})
    seen = torch.rand(1, 7, 64, 64)
    again = _damage_network.load(path, [torch.rand(2, 7, 64, 64)])
    wanted, found = (_damage_network.probabilities(one, seen) for one in (network, again))
    assert abs(found - wanted).max() < 0.01
