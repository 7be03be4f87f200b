"""`restore inspect` and `restore compare`: files, page, messages, exit statuses."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import cv2
import pytest
from skimage import data

from restore.cli.compare import distinct

ROOT = Path(__file__).parents[2]


def restore(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own: a worker is forked from it."""
    command = [sys.executable, "-m", "restore", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": f"{cwd}{os.pathsep}{ROOT}", "COLUMNS": "200"}
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=250
    )


def write(path: Path, size: tuple[int, int] = (120, 96)) -> Path:
    """A small colour photo."""
    picture = cv2.resize(data.astronaut(), size, interpolation=cv2.INTER_AREA)
    path.write_bytes(cv2.imencode(".png", picture[..., ::-1])[1].tobytes())
    return path


class Reader(HTMLParser):
    """All elements of a page with their attributes, and whether they are closed in order."""

    VOID = frozenset(("meta", "link", "img", "input", "br"))

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def check(page: str) -> Reader:
    """A page that fetches nothing, and says what each picture shows."""
    read = Reader(page)
    assert not read.open
    for tag, attributes in read.elements:
        for name in ("src", "srcset", "data", "poster", "action"):
            assert (attributes.get(name) or "data:").startswith("data:")
        if tag == "link":
            assert attributes["href"] == "data:,"
        if tag == "a":
            assert re.fullmatch(r"#[a-z]+|[a-z]+\.(png|svg)", attributes["href"] or "")
        if tag == "img":
            assert len(attributes["alt"] or "") > 3
        assert tag not in ("iframe", "object", "embed", "base")
    assert "http" not in re.sub(r"http-equiv|data:image/webp;base64,[^\"]*", "", page)
    assert "url(" not in page
    assert 'html lang="en"' in page
    return read


@pytest.fixture(scope="module")
def inspected(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """The folder of an inspected photo with a hostile name, and the paths that were printed."""
    folder = tmp_path_factory.mktemp("inspected")
    photo = write(folder / "a<img src=x onerror=alert(1)>&\"'.png")
    done = restore(
        "inspect", photo, "--recipe", "colorize", "--at", "60,40", "-o", "out", cwd=folder
    )
    assert done.returncode == 0, done.stderr
    return folder, done.stdout.splitlines()


def test_inspect_writes_a_page_and_its_pictures(inspected: tuple[Path, list[str]]) -> None:
    folder, printed = inspected
    written = {str(path.relative_to(folder)) for path in (folder / "out").iterdir()}
    assert written == set(printed)
    assert printed[0] == "out/index.html"
    names = {Path(name).name for name in printed}
    assert {"blocks.png", "points.svg", "uncertainty.png", "alternatives.png"} <= names
    assert {"temperatures.png", "channels.svg", "gamut.png"} <= names
    picture = cv2.imread(str(folder / "out" / "blocks.png"))
    assert picture.shape[1] == pytest.approx(7.2 * 300, abs=2)


def test_the_page_holds_all_and_fetches_nothing(inspected: tuple[Path, list[str]]) -> None:
    folder, printed = inspected
    page = (folder / "out" / "index.html").read_text("utf-8")
    read = check(page)
    assert "alert(1)&gt;&amp;&quot;" in page
    assert "<img src=x" not in page
    assert f"{folder}/a&lt;img" in page  # in the command that restores it
    links = {a["href"] for tag, a in read.elements if tag == "a" and a["href"]}
    assert {Path(name).name for name in printed[1:]} <= links
    headings = [tag for tag, _ in read.elements if tag in ("h1", "h2")]
    assert headings == ["h1"] + ["h2"] * 7


def test_nothing_is_replaced_unasked(inspected: tuple[Path, list[str]]) -> None:
    folder, _ = inspected
    photo = next(folder.glob("*.png"))
    before = {path: path.stat().st_mtime_ns for path in (folder / "out").iterdir()}
    done = restore("inspect", photo, "-o", "out", cwd=folder)
    assert done.returncode == 1
    assert "index.html exists already" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert before == {path: path.stat().st_mtime_ns for path in (folder / "out").iterdir()}


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("missing.png",), 1, "missing.png"),
        (("text.png",), 1, "is not a supported photo"),
        (("photo.png", "--recipe", "colorise"), 2, 'did you mean "colorize"'),
        (("photo.png", "--model", "none"), 2, 'there is no colorizer "none"'),
        (("photo.png", "--at", "1;2"), 2, "is not two pixel numbers"),
        (("photo.png", "--at", "500,2"), 1, "lies outside the photo of 120 x 96 pixels"),
        (("photo.png", "-o", "text.png"), 2, "text.png"),
    ],
)
def test_what_cannot_be_inspected(
    arguments: tuple[str, ...], status: int, words: str, tmp_path: Path
) -> None:
    write(tmp_path / "photo.png")
    (tmp_path / "text.png").write_text("no photo at all")
    done = restore("inspect", *arguments, cwd=tmp_path)
    assert done.returncode == status, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photo.png", "text.png"]


def test_compare_prints_numbers_and_writes_nothing(tmp_path: Path) -> None:
    write(tmp_path / "a.png")
    done = restore("compare", "a.png", "a.png", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    assert record["mean"] == 0
    assert record["ssim"] == 1
    assert record["psnr"] is None
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
    done = restore("compare", "a.png", "a.png", "--truth", cwd=tmp_path)
    assert "error of the result" in done.stdout


def test_compare_writes_a_page_with_a_flicker_view(tmp_path: Path) -> None:
    odd = "<b>& $\\x$ 写真\udcff.png"
    write(tmp_path / odd)
    write(tmp_path / "b.png")
    done = restore("compare", odd, "b.png", "-o", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    assert done.stdout.splitlines()[0] == "out/index.html"
    page = (tmp_path / "out" / "index.html").read_text("utf-8")
    read = check(page)
    assert "&lt;b&gt;&amp; $\\x$ 写真?.png" in page
    assert [a["data-show"] for tag, a in read.elements if "data-show" in a] == [None, None]
    assert "ArrowLeft" in page
    again = restore("compare", "b.png", "b.png", "-o", "out", cwd=tmp_path)
    assert again.returncode == 1
    assert "exists already" in again.stderr


def test_photos_of_other_sizes_are_one_line(tmp_path: Path) -> None:
    write(tmp_path / "a.png")
    write(tmp_path / "b.png", (64, 64))
    done = restore("compare", "a.png", "b.png", cwd=tmp_path)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "b.png: has 64 x 64 pixels, a.png 120 x 96; only photos of one size" in done.stderr


def test_without_matplotlib_one_line_says_what_to_install(tmp_path: Path) -> None:
    write(tmp_path / "a.png")
    (tmp_path / "matplotlib.py").write_text("raise ImportError")
    for command in (("inspect", "a.png"), ("compare", "a.png", "a.png", "-o", "out")):
        done = restore(*command, cwd=tmp_path)
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1
        assert 'pip install "restore-photos[figures]"' in done.stderr
    assert restore("compare", "a.png", "a.png", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("first", "second", "names"),
    [
        ("a/x.png", "b/y.png", ("x.png", "y.png")),
        ("scans/x.png", "out/x.png", ("scans/x.png", "out/x.png")),
        ("x.png", "out/x.png", ("x.png", "out/x.png")),
        ("x.png", "x.png", ("A", "B")),
    ],
)
def test_photos_of_one_name_are_told_apart(first: str, second: str, names: tuple[str, str]) -> None:
    assert distinct(Path(first), Path(second)) == names
