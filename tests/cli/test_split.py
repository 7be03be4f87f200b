"""`restore split`: prints come out one by one, whole scans as they are."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

import restore
from restore.cli import cli
from restore.image.rectangle import Rectangle
from restore.simulate.scanner import Scanner, scan

SAMPLES = Path(__file__).parents[2] / "sample_images"
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-'
    b'syntax-ns#"><rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    b'xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/">'
    b"<dc:source>Album 7</dc:source>"
    b'<mwg-rs:Regions rdf:parseType="Resource"/></rdf:Description></rdf:RDF></x:xmpmeta>'
)


@pytest.fixture(scope="module")
def scans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a scan of two prints (16 bits, with metadata), and one of a single print."""
    folder = tmp_path_factory.mktemp("scans")
    places = [Rectangle(200, 170, 280, 220, 2), Rectangle(210, 460, 300, 240, -1)]
    names = ["faded-print.jpg", "scratched.png"]
    photos = [cv2.imread(str(SAMPLES / name))[..., ::-1].astype(np.float32) / 255 for name in names]
    rng = np.random.default_rng(3)
    drawn = scan(photos, places, (620, 420), Scanner("white"), rng)
    photo = restore.Photo((drawn * 65535).round().astype(np.uint16))
    source = replace(photo.source, xmp=XMP, resolution=(300.0, 300.0))
    restore.save(replace(photo, source=source), folder / "page.tif")
    single = scan(photos[:1], places[:1], (400, 420), Scanner("white"), rng)
    restore.save(restore.Photo((single * 255).round().astype(np.uint8)), folder / "single.jpg")
    return folder


def split(*args: object) -> Result:
    return CliRunner().invoke(cli, ["split", *map(str, args)])


def test_each_print_is_a_photo_with_the_scans_depth_and_metadata(
    scans: Path, tmp_path: Path
) -> None:
    result = split(scans / "page.tif", "-o", tmp_path)
    assert result.exit_code == 0
    paths = [tmp_path / "page-1.tif", tmp_path / "page-2.tif"]
    assert result.stdout.splitlines() == [*map(str, paths)]
    assert "page.tif: 2 prints" in result.stderr
    for number, path in enumerate(paths, 1):
        photo = restore.load(path)
        assert photo.bits == 16
        assert photo.source.resolution == (300, 300)
        assert b"Album 7" in photo.source.xmp
        assert b"Regions" not in photo.source.xmp  # of faces: those places are the scan's
        assert photo.source.record["print"] == f"{number} of 2"
    assert np.allclose(restore.load(paths[0]).size, (220, 280), atol=3)


def test_a_single_print_is_copied_byte_for_byte(scans: Path, tmp_path: Path) -> None:
    result = split(scans / "single.jpg", "-o", tmp_path)
    assert result.exit_code == 0
    assert "copied as it is" in result.stderr
    assert (tmp_path / "single.jpg").read_bytes() == (scans / "single.jpg").read_bytes()


def test_json_says_where_the_prints_lie(scans: Path, tmp_path: Path) -> None:
    result = split(scans, "-o", tmp_path, "--json", "--dry-run")
    page, single = map(json.loads, result.stdout.splitlines())
    assert [round(one["angle"]) for one in page["prints"]] == [2, -1]
    assert single["prints"] == []
    assert not [*tmp_path.iterdir()]


def test_nothing_is_replaced(scans: Path, tmp_path: Path) -> None:
    (tmp_path / "page-2.tif").write_text("mine")
    result = split(scans / "page.tif", "-o", tmp_path)
    assert result.exit_code == 1
    assert "page-2.tif exists already" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["page-2.tif"]
    result = split(scans / "single.jpg", "-o", scans)
    assert result.exit_code == 1
    assert "never replaced" in result.stderr


def test_run_restores_each_print_by_itself(scans: Path, tmp_path: Path) -> None:
    run = ["run", "levels", str(scans), "-o", str(tmp_path), "--split", "--json"]
    result = CliRunner().invoke(cli, run)
    assert result.exit_code == 0, result.stderr
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"page-1.tif", "page-2.tif", "single.jpg"}
    photo = restore.load(tmp_path / "page-2.tif")
    assert photo.bits == 16
    assert photo.source.record["print"] == "2 of 2"
    assert photo.source.history
    again = CliRunner().invoke(cli, [*run, "--skip-existing"])
    assert [json.loads(line)["status"] for line in again.stdout.splitlines()] == ["skipped"] * 2
    command = ["rerun", str(tmp_path / "page-1.tif"), "--from", str(scans / "page.tif")]
    assert "restore run --split" in str(CliRunner().invoke(cli, command).exception)


def test_a_print_does_not_replace_another_photo(scans: Path, tmp_path: Path) -> None:
    (tmp_path / "page-2.tif").write_bytes((scans / "single.jpg").read_bytes())
    for command in (["run", "levels"], ["split"]):
        words = [*command, str(scans / "page.tif"), "-o", str(tmp_path), "--overwrite"]
        result = CliRunner().invoke(cli, [*words, *["--split"] * (command[0] == "run")])
        assert "page-2.tif exists already" in result.stderr
        assert [path.name for path in tmp_path.iterdir()] == ["page-2.tif"]


def test_batch_knows_the_prints_of_a_scan(
    scans: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    batch = ["batch", "levels", str(scans), str(tmp_path / "out"), "--split", "--premis"]
    assert CliRunner().invoke(cli, batch).exit_code == 0
    made = {path.name: path.read_bytes() for path in (tmp_path / "out").glob("*.???")}
    names = {"page-1.tif", "page-2.tif", "single.jpg"}
    assert {*made} == names | {"page-1.tif.premis.xml", "single.jpg.premis.xml"}
    assert "2 done before" in CliRunner().invoke(cli, batch).stderr
    changed = CliRunner().invoke(cli, [*batch, "-s", "levels.black=3"])
    assert changed.exit_code == 0, changed.stderr
    assert (tmp_path / "out/page-2.tif").read_bytes() != made["page-2.tif"]
    assert CliRunner().invoke(cli, ["verify", str(tmp_path / "out")]).exit_code == 0
