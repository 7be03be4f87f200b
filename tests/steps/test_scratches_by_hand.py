"""What a person marked as damage is filled; what is protected stays."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from scratched import Picture, damaged, photo

from restore.color.space import Space
from restore.context import Context
from restore.image.marks import Mark
from restore.image.photo import SIDE, Photo
from restore.image.render import render_photo
from restore.steps.scratches import scratches


def marked(picture: Picture, *marks: Mark, side: int = SIDE) -> Picture:
    """The picture, planned on a proxy of so many pixels on the long side."""
    original = replace(Photo(picture.copy()), marks=marks)
    return render_photo(original, scratches(original.proxy(side)), Space())


def test_fills_what_a_person_marked_and_nothing_else() -> None:
    clean = photo("rocket")
    bad = clean.copy()
    bad[100:110, 60:200] = 0.1  # a dark crease, wider than what is looked for
    assert (marked(bad)[100:110, 60:200] == bad[100:110, 60:200]).mean() > 0.9
    stroke = [[60 / 360 * 100, 35], [200 / 360 * 100, 35]]
    result = marked(bad, Mark.of("damage", stroke=stroke, width=4.5))
    hurt = (bad != clean).any(-1)
    assert ((result - clean)[hurt] ** 2).mean() < 0.2 * ((bad - clean)[hurt] ** 2).mean()
    beside = cv2.dilate(hurt.astype(np.uint8), np.ones((17, 17), np.uint8)) == 0
    assert (result == marked(bad))[beside].all()


def test_fills_a_missing_corner_that_a_person_marked() -> None:
    clean = photo("rocket")
    bad = clean.copy()
    bad[:60, :80] = 1
    result = marked(bad, Mark.of("damage", region=[[0, 0], [22.5, 0], [22.5, 20.2], [0, 20.2]]))
    off = np.abs(result - clean)[:60, :80].mean()
    assert off < 0.25 * np.abs(bad - clean)[:60, :80].mean()


def test_never_touches_what_a_person_protects() -> None:
    clean = photo("cat")
    bad, _ = damaged(clean, 1)
    spared = np.s_[60:200, 60:240]
    region = [[60, 60], [240, 60], [240, 200], [60, 200]]
    corners = [[100 * x / 360, 100 * y / 300] for x, y in region]
    keep = Mark.of("keep", region=corners)
    over = Mark.of("damage", stroke=[[0, 40], [100, 40]], width=5)
    result = marked(bad, over, keep)
    assert (result[spared] == bad[spared]).all()
    assert (result != bad).any(-1)[115:125, :50].mean() > 0.9
    assert (marked(bad) != bad)[spared].any()


def test_marks_fit_a_photo_larger_than_its_proxy() -> None:
    clean = photo("rocket", 2)
    bad = clean.copy()
    bad[250:310, 100:400] = 1
    corners = [[100, 250], [400, 250], [400, 310], [100, 310]]
    region = [[100 * x / 720, 100 * y / 600] for x, y in corners]
    result = marked(bad, Mark.of("damage", region=region), side=412)
    assert np.abs(result - clean)[250:310, 100:400].mean() < 0.05
    kept = marked(bad, Mark.of("damage", region=region), Mark.of("keep", region=region), side=412)
    assert (kept == bad)[255:305, 105:395].all()


def test_the_tiling_does_not_show_in_what_was_marked() -> None:
    clean = photo("camera", 2)
    mark = Mark.of("damage", stroke=[[20, 30], [60, 70], [80, 20]], width=8)
    original = replace(Photo((clean.clip(0, 1) * 65535).astype(np.uint16)), marks=(mark,))
    render = scratches(original.proxy(512))
    assert render.by_hand.broad is not None
    whole = render_photo(original, render, Space(), rows=10_000, context=Context(threads=1))
    tiled = render_photo(original, render, Space(), rows=211)
    assert np.abs(tiled.astype(int) - whole.astype(int)).max() <= 2  # of 65535


def test_says_how_many_marks_it_followed() -> None:
    marks = (Mark.of("damage", points=[[50, 50]]), Mark.of("keep", points=[[10, 10]]))
    proxy = replace(Photo(photo("rocket").copy()), marks=marks).proxy()
    findings = scratches(proxy).findings
    assert findings.number("marks followed") == 2
    assert findings.number("by hand") == pytest.approx(np.pi * 3**2 / (300 * 360) * 100, rel=0.3)
    assert "marks followed" not in scratches(Photo(photo("rocket")).proxy()).findings.values


@pytest.mark.parametrize("side", [SIDE, 200])
def test_a_photo_that_is_all_damage_stays_and_a_warning_says_so(side: int) -> None:
    clean = photo("rocket")
    whole = Mark.of("damage", region=[[0, 0], [100, 0], [100, 100], [0, 100]])
    effect = scratches(replace(Photo(clean.copy()), marks=(whole,)).proxy(side))
    assert any("all of the photo is marked as damage" in said for said in effect.findings.warnings)
    assert (marked(clean, whole, side=side) == marked(clean, side=side)).all()


def test_a_broad_mark_needs_no_larger_tiles() -> None:
    clean = photo("rocket", 3)
    bad = clean.copy()
    bad[:225, :300] = 1
    corner = Mark.of("damage", region=[[0, 0], [27.8, 0], [27.8, 25], [0, 25]])
    original = replace(Photo(bad), marks=(corner,))
    effect = scratches(original.proxy(384))
    speck = replace(Photo(bad), marks=(Mark.of("damage", points=[[60, 60]]),))
    assert effect.halo <= scratches(speck.proxy(384)).halo
    result = render_photo(original, effect, Space())
    assert np.abs(result - clean)[:225, :300].mean() < 0.05
    assert (result == bad)[245:, 340:].mean() > 0.99


def test_a_missing_corner_goes_on_with_what_lies_behind_its_pale_rim() -> None:
    noise = np.random.default_rng(0).standard_normal((300, 360, 1), np.float32)
    clean = np.repeat(0.35 + np.float32(0.04) * noise, 3, 2)
    rows, columns = np.indices((300, 360))
    bad = np.where((rows + columns < 92)[..., None], np.float32(0.95), clean)
    region = [[0, 0], [25, 0], [0, 30]]  # two pixels less than what is pale
    whole = marked(bad, Mark.of("damage", region=region))
    inner = rows + columns < 85
    assert abs(whole[inner].mean() - 0.35) < 0.03
    assert 0.6 < whole[inner].std() / 0.04 < 1.3
    away = rows + columns > 100
    assert (whole == marked(bad))[away].all()
