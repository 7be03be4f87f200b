"""Cut the part that weighs evidence out of a network that `restore train colorizer` wrote.

python benchmarks/beside.py TRAINED.onnx restore/data/compact-evidence.onnx
"""

from __future__ import annotations

import argparse
from pathlib import Path

from restore.training import _colorizer_network


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trained", type=Path, help="an ONNX file or a checkpoint of the training")
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    network = _colorizer_network.load(options.trained)
    _colorizer_network.export_beside(network, options.out, {"purpose": "colorizer, evidence"})


if __name__ == "__main__":
    main()
