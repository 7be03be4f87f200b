"""A contact sheet in seconds, whatever the film's header says."""

from fractions import Fraction
from pathlib import Path

import clips
import numpy as np
import pytest
from PIL import Image

from restore.errors import ResultExists
from restore.film.job import FilmJob, clock
from restore.film.preview import preview_film, spread
from restore.film.reader import Film
from restore.recipe import Recipe

DARKER = Recipe.named("levels").with_settings({"levels.black": -20})


def test_a_sheet_shows_frames_before_and_after(tmp_path: Path) -> None:
    path = clips.film(tmp_path / "a.mp4", 40, rotation=90)
    job = FilmJob(path, tmp_path / "out.mp4", preview=6)
    outcome = preview_film(job, DARKER)
    assert outcome.written == (tmp_path / "out.mp4.preview.jpg",)
    assert not job.target.exists()
    with Image.open(outcome.written[0]) as sheet:
        grey = sheet.convert("L")
    assert grey.size == (2 * (96 + 12) + 12, 3 * (64 + 12) + 12)  # upright, in two columns
    before, after = grey.crop((20, 20, 50, 50)), grey.crop((68, 20, 98, 50))
    assert np.mean(after) > 1.1 * np.mean(before)
    with pytest.raises(ResultExists):
        preview_film(job, DARKER)


def test_what_differs_between_frames_has_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = iter(["pale", "dark", "pale"])
    monkeypatch.setattr("restore.report.comparison.headline", lambda findings: [next(lines)])
    job = FilmJob(clips.film(tmp_path / "a.mp4", 75), tmp_path / "out.mp4", preview=3)
    assert preview_film(job, DARKER).headlines == ("0:00.5: pale", "0:01.5: dark")


@pytest.mark.parametrize("part", [None, Fraction(1)])
@pytest.mark.parametrize("duration", [None, Fraction(60), Fraction(1, 2)])
def test_frames_are_spread_whatever_the_header_says(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    duration: Fraction | None,
    part: Fraction | None,
) -> None:
    film = Film(clips.film(tmp_path / "a.mkv", 60), part)
    monkeypatch.setattr(Film, "duration", property(lambda film: duration))
    times = [float(frame.time) for frame in spread(film, 4)]
    assert len(times) == 4
    assert sorted(set(times)) == times
    assert times[0] >= (part or 0)


def test_times_read_like_those_of_a_player() -> None:
    assert [clock(59.6), clock(3723.4)] == ["1:00", "1:02:03"]
    assert clock(83.46, tenths=True) == "1:23.5"
