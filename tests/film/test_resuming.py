"""A run that was stopped or killed goes on where it was, and gives the same film."""

import subprocess
import sys
from pathlib import Path
from typing import Any
from weakref import WeakSet

import av
import clips
import numpy as np
import pytest
from films import DARKER, SAME, TINTED, lumas, quiet

from restore.film import pipeline
from restore.film.job import FilmJob, Progress
from restore.film.pipeline import restore_film
from restore.film.reader import Film
from restore.film.writer import Encoder
from restore.recipe import Recipe


@pytest.fixture
def short_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "MOST", 12)


UNEVEN = [n * 40 + (n % 5) * 7 for n in range(40)]


@pytest.mark.usefixtures("short_pieces")
@pytest.mark.parametrize("stop", [1, 13, 30])
def test_a_stopped_run_goes_on_and_gives_the_same(tmp_path: Path, stop: int) -> None:
    path = clips.film(tmp_path / "a.mkv", 40, times=UNEVEN, base=clips.BASE, sound=True)
    whole = quiet(path, tmp_path / "whole.mkv", TINTED)

    def tell(progress: Progress) -> None:
        if progress.frames == stop:
            raise KeyboardInterrupt

    job = FilmJob(path, tmp_path / "out.mkv")
    with pytest.raises(KeyboardInterrupt):
        restore_film(job, TINTED, tell)
    assert not job.target.exists()
    told: list[Progress] = []
    restore_film(job, TINTED, told.append)
    assert told[0].resumed == stop // 12 * 12
    assert len(told) == 40 - told[0].resumed
    expected, found = clips.decoded(whole.path), clips.decoded(job.target)
    for (time, frame), (ours, same) in zip(expected, found, strict=True):
        assert time == ours
        np.testing.assert_array_equal(frame, same)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.mkv", "out.mkv", "whole.mkv"]


@pytest.mark.usefixtures("short_pieces")
def test_a_shot_goes_on_with_what_it_has_learnt(tmp_path: Path) -> None:
    """Plans of a shot depend on all of it: a run that stopped within one plans it again."""
    scenes = np.random.default_rng(1).integers(60, 180, (2, 6, 8), np.uint8)

    def paint(number: int) -> av.VideoFrame:
        frame = clips.picture(0)
        scene = np.kron(scenes[number // 30], np.ones((8, 8), np.uint8))
        lit = np.roll(scene, number, 1) * (0.6 + number % 30 / 100)
        np.frombuffer(frame.planes[0], np.uint8).reshape(48, -1)[:, :64] = lit
        return frame

    path = clips.film(tmp_path / "a.mkv", 60, paint=paint)
    recipe = Recipe.named("levels").with_settings({"levels.auto": 1, "levels.tone": 0.5})

    def stopped(progress: Progress) -> None:
        if progress.frames == 50:
            raise KeyboardInterrupt

    job = FilmJob(path, tmp_path / "out.mkv", codec="ffv1")
    with pytest.raises(KeyboardInterrupt):
        restore_film(job, recipe, stopped)
    told: list[Progress] = []
    outcome = restore_film(job, recipe, told.append)
    assert (told[0].resumed, told[0].shot, outcome.shots) == (48, 2, 2)
    whole = quiet(path, tmp_path / "whole.mkv", recipe, codec="ffv1")
    for one, two in zip(lumas(whole), lumas(Film(job.target)), strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.usefixtures("short_pieces")
def test_finished_pieces_hold_no_encoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each takes a hundred megabytes of a large film."""
    alive: WeakSet[Encoder] = WeakSet()

    class Noted(Encoder):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            alive.add(self)

    monkeypatch.setattr(pipeline, "Encoder", Noted)
    most = 0

    def tell(progress: Progress) -> None:
        nonlocal most
        most = max(most, len(alive))

    path = clips.film(tmp_path / "a.mkv", 50)
    restore_film(FilmJob(path, tmp_path / "out.mkv"), SAME, tell)
    assert most == 1


@pytest.mark.usefixtures("short_pieces")
def test_other_settings_start_anew(tmp_path: Path) -> None:
    path = clips.film(tmp_path / "a.mkv", 30)
    job = FilmJob(path, tmp_path / "out.mkv")

    def stopped(progress: Progress) -> None:
        if progress.frames == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        restore_film(job, DARKER, stopped)
    told: list[Progress] = []
    restore_film(job, SAME, told.append)
    assert (told[0].resumed, len(told)) == (0, 30)


KILLED = """
import os, signal, sys
from pathlib import Path
from restore.film import pipeline
from restore.film.job import FilmJob
from restore.recipe import Recipe
pipeline.MOST = 12
recipe = Recipe.named("levels").with_settings({"levels.black": -20})
def tell(progress):
    if progress.frames == 27:
        os.kill(os.getpid(), signal.SIGKILL)
pipeline.restore_film(FilmJob(Path(sys.argv[1]), Path(sys.argv[2])), recipe, tell)
"""


@pytest.mark.usefixtures("short_pieces")
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_kill_leaves_nothing_half_and_the_next_run_goes_on(tmp_path: Path) -> None:
    path = clips.film(tmp_path / "a.mkv", 40)
    target = tmp_path / "out.mkv"
    ended = subprocess.run([sys.executable, "-c", KILLED, path, target], check=False)
    assert ended.returncode == -9
    assert not target.exists()
    told: list[Progress] = []
    restore_film(FilmJob(path, target), DARKER, told.append)
    assert told[0].resumed == 24
    expected = clips.decoded(quiet(path, tmp_path / "whole.mkv", DARKER).path)
    for (_, frame), (_, same) in zip(expected, clips.decoded(target), strict=True):
        np.testing.assert_array_equal(frame, same)
