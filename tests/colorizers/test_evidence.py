"""Hints in the compact network: they act on whole objects, and without them nothing changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from skimage import data

from restore import color
from restore.analysis.hinted import marked, trusted
from restore.colorizers import Chroma, compact
from restore.context import Context
from restore.image.hints import Hint
from restore.models import engines

HERE = [name for name in engines.ENGINES if engines.installed(name)]
LIGHT = color.lightness(data.astronaut()[::2, ::2] / np.float32(255)).clip(0, 100)
SUIT = Hint.at(80, 80, "navy")
"""On the right sleeve of an orange suit."""


def given(*hints: Hint, engine: str = "auto") -> Chroma:
    return compact.chroma(
        LIGHT, evidence=lambda rows, columns: marked(hints, rows, columns), context=Context(engine)
    )


@pytest.mark.parametrize("engine", HERE)
def test_no_hints_change_nothing(engine: str) -> None:
    chroma, plain = given(engine=engine), compact.chroma(LIGHT, context=Context(engine))
    np.testing.assert_array_equal(chroma.logits, plain.logits)
    np.testing.assert_array_equal(chroma.told, plain.logits)
    assert plain.told is None


def test_photos_without_hints_do_not_need_the_part_that_weighs_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compact, "EVIDENCE", tmp_path / "missing.onnx")
    assert compact.chroma(LIGHT, context=Context()).ab.shape == (64, 64, 2)


@pytest.mark.parametrize("engine", HERE)
def test_a_hint_on_a_sleeve_colours_the_other_sleeve_and_not_the_face(engine: str) -> None:
    chroma = given(SUIT, engine=engine)
    moved = Chroma(engine, chroma.told, 0.5).ab - chroma.ab
    other, face = moved[50:60, 12:20], moved[15:20, 26:31]
    assert other[..., 1].mean() < -2  # towards blue
    assert np.hypot(*face.mean((0, 1))) < 0.5 * np.hypot(*other.mean((0, 1)))


def test_engines_agree_on_what_a_hint_changes() -> None:
    first, *others = (given(SUIT, engine=engine).told for engine in HERE)
    assert first is not None
    for other in others:
        assert np.abs(first - other).max() < 0.03


def test_a_point_marks_the_cells_around_it_but_not_another_hints() -> None:
    hints = Hint((50, 30, 0), ((12, 12),)), Hint((50, 0, 30), ((22, 12),))
    known = marked(hints, 10, 10)
    np.testing.assert_allclose(known[1, 1], (30, 0, 1, 1))
    np.testing.assert_allclose(known[1, 2], (0, 30, 1, 1))
    assert known[..., 3].sum() == 3 * 4  # both reach a cell further
    assert not known[..., :2][known[..., 3] == 0].any()


def test_a_region_marks_its_cells_alone_at_the_lightness_of_half() -> None:
    region = Hint((83, 20, -10), ((20, 20), (60, 20), (60, 60), (20, 60)), "region")
    known = marked([region], 10, 10)
    np.testing.assert_array_equal(known[..., 3] > 0, region.cells(10, 10))
    np.testing.assert_allclose(known[4, 4, :2], np.array([20, -10]) * 66 / 99, rtol=1e-5)


def test_the_network_counts_more_for_the_first_places_a_person_marks() -> None:
    three = Hint((50, 30, 0), ((12, 12), (22, 12), (32, 12)))
    region = Hint((50, 30, 0), ((12, 12), (22, 12), (32, 12), (12, 22)), "region")
    assert trusted([three]) == trusted([region]) == 0.5
    assert trusted([three, region]) == 0.25
