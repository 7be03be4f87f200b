"""`restore models`: what a person sees; the work behind it is in test_weights.py."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import caffemodel
import pytest
from click.testing import CliRunner, Result

from restore.cli import models as command
from restore.errors import WeightsError
from restore.models import _download, _timing, _zhang, caffe, engines, weights

TABLE = _zhang.layers(width=4)
measure = _timing.measure


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RESTORE_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(caffe, "convert", partial(caffe.convert, table=TABLE))
    return tmp_path / "models"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.caffemodel"
    path.write_bytes(caffemodel.small(TABLE))
    return path


def models(*arguments: object) -> Result:
    return CliRunner().invoke(command.models, [str(each) for each in arguments])


def test_lists_every_network_and_how_it_comes() -> None:
    done = models()
    assert done.exit_code == 0
    lines = [line for line in done.stdout.splitlines() if not line.startswith(" ")]
    names = ["zhang2016", "own", "compact", "zhang2016-norebal"]
    assert [line.split()[0] for line in lines] == names
    assert "not installed (129 MB): restore models pull zhang2016" in lines[0]
    assert "not installed (9 MB): restore train colorizer, then restore models add" in lines[1]
    assert "installed (9 MB): included" in lines[2]
    assert "not installed (129 MB): restore models add FILE" in lines[3]
    assert done.stdout.count("Licence: BSD-2-Clause") == 3


def test_adds_lists_verifies_and_removes(file: Path, folder: Path) -> None:
    added = models("add", file)
    assert added.stdout == f"{folder / 'zhang2016.onnx'}\n"
    assert "does not match a published file" in added.stderr
    assert "installed, not the published file (129 MB)" in models().stdout
    assert models("path", "zhang2016").stdout == added.stdout
    verified = models("verify").stdout
    assert verified.startswith("zhang2016: OK; from mine.caffemodel, not a published file")
    assert models("remove", "zhang2016").stdout == added.stdout
    assert not weights.installed("zhang2016")


def test_a_damaged_model_is_listed_as_such(file: Path, folder: Path) -> None:
    models("add", file, "-q")
    (folder / "zhang2016.onnx").write_bytes(b"\x08\x07" + bytes(5000))
    assert "damaged (129 MB)" in models().stdout


def test_prints_its_folder(folder: Path) -> None:
    assert models("path").stdout == f"{folder}\n"


def test_pull_prints_the_path_alone_on_stdout(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fetched(name: str, report: _download.Report, waiting: Callable[[], None]) -> weights.Added:
        waiting()
        for count in (0, 500, weights.KNOWN[name].size):
            report("example.org", count)
        return weights.Added(name, tmp_path / "zhang2016.onnx", ("already installed",))

    monkeypatch.setattr(weights, "pull", fetched)
    done = models("pull", "zhang2016")
    assert done.stdout == f"{tmp_path / 'zhang2016.onnx'}\n"
    assert "waiting for another process that uses this model" in done.stderr
    assert "zhang2016: already installed" in done.stderr


def test_quiet_is_quiet(file: Path) -> None:
    assert models("add", file, "--quiet").stderr == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["pull", "zhang2061"], 'did you mean "zhang2016"'),
        (["pull", "zhang2016-norebal"], "no download source is known"),
        (["verify", "zhang2016"], "is not installed"),
        (["remove", "zhang2016"], "is not installed"),
        (["path", "compact"], 'there is no model "compact"'),
        (["add", "none.caffemodel"], "no such file"),
        (["add", "/dev/zero"], "is not a regular file"),
    ],
)
def test_what_is_wrong_is_one_line(arguments: list[str], words: str) -> None:
    done = models(*arguments)
    assert isinstance(done.exception, WeightsError)
    assert words in str(done.exception)
    assert "\n" not in str(done.exception)


def test_bench_has_a_row_for_each_engine(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    """The first is measured in true processes, with a narrow network; the others repeat it."""
    models("add", file, "-q")
    measured: list[_timing.Timing] = []

    def once(onnx: Path, *arguments: object) -> _timing.Timing:
        assert onnx == weights.location("zhang2016")
        measured.extend([] if measured else [measure(onnx, *arguments)])
        return measured[0]

    monkeypatch.setattr(_timing, "measure", once)
    done = models("bench")
    assert done.exit_code == 0
    for name in engines.ENGINES:
        assert f"{name}, f32" in done.stdout
    (timing,) = measured
    assert 0 < timing.again < 60
    assert timing.forward.keys() == {224, 448}
    assert min(timing.forward.values()) > 0
    assert timing.logits.shape == (1, 313, 56, 56)


def test_a_model_that_says_not_what_it_is_made_from_is_damaged(folder: Path) -> None:
    folder.mkdir()
    _zhang.write(folder / "zhang2016.onnx", _zhang.random_weights(0, TABLE), {}, TABLE)
    assert "damaged (129 MB)" in models().stdout
    assert "does not name the file it was made from" in str(models("verify", "zhang2016").exception)


@pytest.mark.parametrize("place", ["~nobody-of-this-name/models", "long" * 100])
def test_a_folder_that_cannot_be_is_reported(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESTORE_MODELS", place)
    done = models()
    assert isinstance(done.exception, WeightsError)
    assert "RESTORE_MODELS" in str(done.exception)
