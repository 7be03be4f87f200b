"""A slice of the fuzzing of model files; tests/fuzz/fuzz_models.py runs as many as one likes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from restore.errors import WeightsError

sys.path.insert(0, str(Path(__file__).parents[1] / "fuzz"))
import fuzz_models


def test_mutated_files_raise_our_errors_and_stay_within_their_bounds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # a failing input would be left here
    done = fuzz_models.run(600, seed=0)
    assert sum(done.values()) == 600
    assert 0 < done["taken"] < 300  # some mutations change weights only; most are refused
    assert len(done) > 10  # the readers get far enough to refuse for many reasons


@pytest.mark.parametrize("seed", sorted((Path(__file__).parents[1] / "fuzz" / "seeds").iterdir()))
def test_every_handmade_seed_is_refused(seed: Path, tmp_path: Path) -> None:
    for target in (fuzz_models.read_caffe, fuzz_models.read_onnx, fuzz_models.whole_file):
        with pytest.raises(WeightsError):
            target(seed.read_bytes(), tmp_path)
