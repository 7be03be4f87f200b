"""The page about a film: its shots, both films, and a flicker that is measured."""

import re
from pathlib import Path

import av
import clips
import numpy as np

from restore.film.job import FilmJob
from restore.film.observed import observe
from restore.film.pipeline import restore_film
from restore.film.reader import Film
from restore.recipe import Recipe

DARKER = Recipe.named("levels").with_settings({"levels.black": -20})
SHOTS = [{"start": 0, "findings": [], "lines": []}, {"start": 6, "findings": [], "lines": []}]


def test_the_page_shows_the_film_and_its_shots(tmp_path: Path) -> None:
    path = clips.film(tmp_path / "<a> & b.mp4", 8)
    job = FilmJob(path, tmp_path / "out.mp4", report=True, command="restore video levels a out")
    assert restore_film(job, DARKER).written == (job.target, job.page)
    page = job.page.read_text("utf-8")
    assert "<h1>&lt;a&gt; &amp; b.mp4</h1>" in page
    assert "8 frames in 1 shot" in page
    assert re.findall(r'<video src="([^"]+)"', page) == ["%3Ca%3E%20%26%20b.mp4", "out.mp4"]
    assert "0:00.0 to 0:00.3" in page
    assert page.count('src="data:image/webp') == 2
    assert "default-src 'none'; img-src data:; media-src 'self' file:;" in page
    assert "restore video levels a out" in page


def test_flicker_is_measured_within_shots(tmp_path: Path) -> None:
    def grey(number: int, swing: int) -> av.VideoFrame:
        frame = clips.picture(0)
        level = (60 if number < 6 else 150) + swing * (number % 2)
        np.frombuffer(frame.planes[0], np.uint8)[:] = level
        return frame

    calm = clips.film(tmp_path / "calm.mkv", paint=lambda n: grey(n, 0))
    restless = clips.film(tmp_path / "restless.mkv", paint=lambda n: grey(n, 12))
    view = observe(Film(restless), Film(calm), SHOTS, 12)
    assert [(shot.start, shot.stop) for shot in view.shots] == [(0, 6), (6, 12)]
    before, after = np.nanmean(view.flicker[:, 0], axis=0)
    assert before > 4
    assert after == 0  # the cut does not count
    assert np.isnan(view.flicker[[0, 5, 6, 11]]).all()
