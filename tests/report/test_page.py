"""The report page of a run: escaping, links, splitting, and entries as JSON."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from restore.errors import PhotoError, ResultExists
from restore.image.photo import Photo
from restore.report import page, thumbnails
from restore.report.card import address, duration
from restore.report.entry import Entry, Thumbnail
from restore.report.overview import Run
from restore.report.page import Report, free, write

HOSTILE = "</title><script>alert(1)</script>\"'&\u202e\udc80.jpg"
PICTURE = Thumbnail(b"RIFF", 30, 20)


def restored(number: int = 1, **more: Any) -> Entry:
    """A restored photo."""
    paths = {"path": f"photos/{number}.jpg", "results": (f"restored/{number}.jpg",)}
    pictures = {"before": PICTURE, "after": PICTURE}
    return Entry(**{**paths, **pictures, "state": "restored", "recipe": "fade", **more})


class Read(HTMLParser):
    """A page's elements with their attributes, and its visible text."""

    VOID = frozenset(("meta", "link", "img", "input", "br"))

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(path.read_text("utf-8"))
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"script", "style"} & set(self.open):
            self.text += data + " "

    def links(self) -> list[str]:
        return [a["href"] or "" for tag, a in self.elements if tag == "a"]


def test_an_entry_survives_json() -> None:
    entry = restored(
        settings={"fade": "amount 0.5"},
        timings={"read": 0.5, "plan": 1.25},
        record={"name": "fade"},
        warnings=("red channel 31% clipped",),
        size=(6000, 4000),
        group="roll 7",
        departs="bluer",
    )
    assert Entry.from_json(entry.to_json()) == entry
    assert "\n" not in entry.to_json()
    odd = Entry(HOSTILE, "failed", error="\ud800")
    assert Entry.from_json(odd.to_json().encode()) == odd


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"path": "a"}',
        '{"path": "a", "state": "lost"}',
        '{"path": "a", "state": "failed", "more": 1}',
        '{"path": "a", "state": "restored", "after": 1}',
    ],
)
def test_what_is_no_entry_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"state|entry|Expecting"):
        Entry.from_json(text)


def test_whatever_a_file_says_stays_text(tmp_path: Path) -> None:
    entry = restored(
        recipe=HOSTILE,
        title=HOSTILE,
        settings={HOSTILE: HOSTILE},
        summary=(HOSTILE,),
        findings=(HOSTILE,),
        warnings=(HOSTILE,),
        record={"version": HOSTILE, "network": HOSTILE, "networkSha256": HOSTILE},
        command=HOSTILE,
        group=HOSTILE,
        departs=HOSTILE,
    )
    entries = [
        replace(entry, path=HOSTILE, results=(HOSTILE,)),
        Entry("javascript:alert(1).jpg", "failed", error=HOSTILE, command=HOSTILE),
        Entry(HOSTILE, "skipped", (HOSTILE,)),
    ]
    path = tmp_path / "report.html"
    write(path, Run(HOSTILE, HOSTILE, HOSTILE), entries)
    read = Read(path)
    assert [tag for tag, _ in read.elements].count("script") == 1
    assert "alert(1)</script>" in read.text.replace(" ", "")
    assert "\u202e" not in path.read_text("utf-8")
    for tag, attributes in read.elements:
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        assert (attributes.get("src") or "data:image/webp;base64,").startswith("data:image/")
        assert tag not in ("iframe", "object", "embed", "base", "form")
    for link in read.links():
        assert re.fullmatch(r"#[a-z0-9-]+|[A-Za-z0-9%._/~-]+", link)
        assert ":" not in link


def test_only_its_own_style_and_script_may_run(tmp_path: Path) -> None:
    import base64
    import hashlib

    path = tmp_path / "report.html"
    write(path, Run("restore run"), [restored()])
    html = path.read_text("utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)
    assert policy
    assert "unsafe" not in policy[1]
    for tag in ("style", "script"):
        code = re.search(f"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        assert code
        digest = base64.b64encode(hashlib.sha256(code[1].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy[1]
    assert "http:" not in html
    assert "https:" not in html


def test_links_are_relative_to_the_page() -> None:
    assert address("photos/ä #1.jpg", Path("restored")) == "../photos/%C3%A4%20%231.jpg"
    assert address("a:b.jpg", Path()) == "a%3Ab.jpg"
    assert address("s3://bucket/a.jpg", Path("restored")) == ""
    assert address("https://x.org/a b.jpg", Path("restored")) == "https://x.org/a%20b.jpg"


def test_failures_and_skipped_photos_are_on_the_page(tmp_path: Path) -> None:
    entries = [
        restored(1, summary=("cyan dye lost 40%",), warnings=("red channel 31% clipped",)),
        Entry("photos/2.jpg", "failed", error="photos/2.jpg: is empty"),
        Entry("photos/3.jpg", "skipped", ("restored/3.jpg",)),
        restored(5, error="photos/5.jpg: the disk is full"),
        Entry("photos/6.jpg", "restored", summary=("magenta dye lost 9%",)),
        Entry("photos/4.jpg", "copied", ("restored/4.jpg",), summary=("nothing needs restoring",)),
    ]
    paths = write(
        tmp_path / "report.html",
        Run("restore run x", began="2026-11-29T01:02:03", seconds=124),
        entries,
    )
    assert paths == (tmp_path / "report.html",)
    text = " ".join(Read(paths[0]).text.split())
    for words in ("3 photos restored", "29 November 2026, 01:02", "in 2 min 4 s", "1 failed"):
        assert words in text
    for words in ("Is empty", "It has a result already", "Nothing needs restoring", "Cyan dye"):
        assert words in text
    for words in ("Magenta dye lost 9%", "The disk is full", "2 with warnings"):
        assert words in text


def test_groups_say_who_departs(tmp_path: Path) -> None:
    entries = [restored(n, group="roll 7", departs="bluer by 9 ΔE" * (n == 2)) for n in range(3)]
    write(tmp_path / "report.html", Run("restore batch"), entries)
    text = " ".join(Read(tmp_path / "report.html").text.split())
    assert "roll 7 3 2.jpg bluer by 9 ΔE" in text
    assert "Departs from roll 7: bluer" in text


def test_a_long_run_is_split_into_pages_linked_both_ways(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "PHOTOS", 4)
    entries = [restored(n, warnings=("odd",) * (n == 6)) for n in range(1, 10)]
    paths = write(tmp_path / "report.html", Run("restore batch"), entries)
    assert [path.name for path in paths] == [
        "report.html", *(f"report-part-{n}.html" for n in (1, 2, 3))
    ]  # fmt: skip
    index, first, second, third = map(Read, paths)
    assert {"report-part-1.html", "report-part-2.html", "report-part-3.html"} <= {*index.links()}
    assert "report-part-2.html#photo-6" in index.links()
    assert {"report.html", "report-part-2.html"} <= {*first.links()}
    assert {"report.html", "report-part-1.html", "report-part-3.html"} <= {*second.links()}
    assert "report-part-4.html" not in third.links()
    assert "Photos 9 to 9" in third.text
    anchors = {attributes.get("id") for _, attributes in second.elements}
    assert {"photo-5", "photo-8"} <= anchors
    shorter = write(paths[0], Run("restore batch"), entries[:5], overwrite=True)
    assert sorted(tmp_path.iterdir()) == sorted(shorter)


def test_pages_are_split_by_size_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "BYTES", 20_000)
    large = Thumbnail(bytes(7000), 30, 20)
    entries = [restored(n, before=large) for n in range(4)]
    report = Report(tmp_path / "report.html", Run("restore run"))
    for entry in entries:
        report.add(entry)
    assert len(report.close()) == 5


def test_nothing_is_replaced_unasked(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("mine")
    with pytest.raises(ResultExists):
        Report(path, Run("restore run"))
    assert free(tmp_path) == tmp_path / "report-2.html"
    write(path, Run("restore run"), [restored()], overwrite=True)
    assert "mine" not in path.read_text("utf-8")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no mode bits")
def test_a_page_is_for_no_more_eyes_than_its_photos(tmp_path: Path) -> None:
    photo = tmp_path / "1.jpg"
    photo.write_bytes(b"")
    photo.chmod(0o600)
    (path,) = write(tmp_path / "report.html", Run(""), [restored(path=str(photo))])
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_page_never_replaces_a_photo(tmp_path: Path) -> None:
    photo = tmp_path / "1.jpg"
    photo.write_bytes(b"")
    with pytest.raises(PhotoError):
        write(photo, Run(""), [restored(path=str(photo))], overwrite=True)


def test_thumbnails_stay_small_even_of_noise() -> None:
    rng = np.random.default_rng(1)
    noise = rng.integers(0, 255, (900, 1400, 3), np.uint8)
    made = thumbnails.thumbnail(Photo.from_array(noise))
    assert len(made.data) <= thumbnails.LEAST
    assert made.width / made.height == pytest.approx(14 / 9, rel=0.02)
    smooth = np.repeat(np.linspace(0, 65535, 1400).astype(np.uint16)[None, :, None], 3, 2)
    made = thumbnails.thumbnail(Photo.from_array(np.repeat(smooth, 900, 0)))
    assert (made.width, made.height) == (1024, 658)
    shown = cv2.imdecode(np.frombuffer(made.data, np.uint8), cv2.IMREAD_COLOR)
    assert shown[300, [10, 512, -10], 0].tolist() == pytest.approx([2, 128, 253], abs=4)


def test_thumbnails_show_transparency_as_white() -> None:
    pixels = np.zeros((64, 64, 4), np.uint8)
    pixels[:, 32:, 3] = 255
    codes = thumbnails.small(Photo.from_array(pixels), 32)
    assert codes[5, [2, -2], 1].tolist() == [255, 0]
    grey = thumbnails.small(Photo.from_array(np.full((64, 64), 0.5, np.float32)), 32)
    assert grey.shape == (32, 32, 3)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.04, "0.0 s"), (9.96, "10 s"), (124, "2 min 4 s"), (11520, "3 h 12 min")],
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words
