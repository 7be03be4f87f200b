"""The simulators do what they say, and the sample photos are what their script makes."""

import io

import cv2
import numpy as np
import pytest
import rawpy
import skimage.data
import tifffile
from PIL import Image, ImageCms

from restore import color
from restore.simulate import (
    KINDS,
    MILD,
    SCENES,
    STRONG,
    crease,
    dyes,
    fade,
    fade_spectra,
    light,
    photos,
    scratch,
    thin_object,
)
from restore.simulate.fading import UNDAMAGED
from restore.simulate.folder import reduced
from restore.simulate.light import ccm, constants, led
from restore.simulate.spectra import camera, lamp, observer, response, surfaces
from restore.simulate.stage import Stage
from restore.simulate.worn import worn
from sample_images import make


@pytest.fixture(scope="module")
def photo() -> color.Array:
    return reduced(skimage.data.astronaut().astype(np.float32) / 255, 160)


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("other", [False, True])
def test_light_is_seeded_and_in_range(photo, scene, other):
    shot = light(photo, scene, seed=4, other=other)
    again = light(photo, scene, seed=4, other=other)
    assert (shot.srgb == again.srgb).all()
    assert (shot.camera == again.camera).all()
    assert (shot.srgb != light(photo, scene, seed=5, other=other).srgb).any()
    assert 0 <= shot.camera.min() < shot.camera.max() <= 1
    assert shot.lights.shape == (len(SCENES[scene]), *photo.shape[:2])


def test_exposure_clips_as_much_as_it_says(photo):
    clipped = [light(photo, "red", exposure=ev).clipped.any(-1).mean() for ev in (0, 1.5)]
    assert 0.005 < clipped[0] < 0.02  # the 99th percentile is put at the sensor's limit
    assert 0.08 < clipped[1] < 0.35


def test_a_single_led_leaves_one_number_a_pixel(photo):
    shot = light(photo, "red", noise=0)
    values = np.linalg.svd(shot.camera[~shot.clipped.any(-1)], compute_uv=False)
    assert values[1] < 0.01 * values[0]
    two = light(photo, "red left + blue right", noise=0)
    values = np.linalg.svd(two.camera[~two.clipped.any(-1)], compute_uv=False)
    assert values[1] > 0.05 * values[0]


def test_white_light_gives_the_photo_back(photo):
    """The 3x3 of a daylight-like LED and the mean colour matrix: a few dE of a balanced photo."""
    linear = color.decode(photo) @ led("whiteB5").T
    seen = color.encode((linear / led("whiteB5").sum(1) @ ccm().T).clip(0, 1))
    assert color.delta_e(seen, photo).mean() < 5


def test_lights_fall_off_from_their_side(photo):
    left, right = light(photo, "red left + blue right", shading=0).lights
    half = photo.shape[1] // 2
    assert left[:, :half].mean() > 1.3 * left[:, half:].mean()
    assert right[:, half:].mean() > 1.3 * right[:, :half].mean()


def test_surfaces_have_the_colour_they_were_made_from():
    linear, spectra = surfaces()
    assert spectra.min() >= 0
    assert spectra.max() <= 1
    wrong = np.abs(spectra @ observer() - linear)
    assert wrong.mean() < 0.001  # the corners of the gamut have no such spectrum
    assert np.percentile(wrong, 99) < 0.01


@pytest.mark.parametrize("name", ["blue465", "green525", "red625", "whiteB3"])
def test_other_cameras_scatter_around_the_mean_of_fifty(name):
    """Independent spectra and sensors must land near the measured light colours (sd .02 … .12)."""
    seen = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        seen.append(response(lamp(name, rng), camera(rng))(np.ones((1, 3), np.float32))[0])
    mean = constants()["led"][name]["light_cam"]
    np.testing.assert_allclose(np.mean(seen, 0), mean, atol=0.1)
    assert np.std(seen, 0).max() > 0.01


@pytest.mark.parametrize("kind", KINDS)
def test_fading_is_seeded_and_loses_what_it_says(photo, kind):
    scan = fade(photo, kind, seed=2)
    assert (scan.srgb == fade(photo, kind, seed=2).srgb).all()
    nominal = np.array(KINDS[kind].loss)
    assert (np.abs(np.log(scan.loss / nominal)) < 0.8).all()  # four standard deviations
    assert 5 < color.delta_e(scan.fine, photo).mean() < 30
    assert color.delta_e(fade(photo, kind, seed=2, other=True).fine, photo).mean() > 5


@pytest.mark.parametrize("kind", STRONG)
def test_a_strong_cast_is_strong(photo, kind):
    scan = fade(photo, kind, seed=2)
    assert (scan.srgb == fade(photo, kind, seed=2).srgb).all()
    assert 10 < color.delta_e(scan.fine, photo).mean() < 50


@pytest.mark.parametrize("kind", MILD)
def test_mild_fading_is_mild(photo, kind):
    assert 1.5 < color.delta_e(fade(photo, kind, seed=2).fine, photo).mean() < 9


@pytest.mark.parametrize("kind", ["dark cyan loss", "red film", "dark slide"])
def test_spectra_of_dyes_are_seeded_and_fade_likewise(photo, kind):
    scan = fade_spectra(photo, kind, seed=2)
    assert (scan == fade_spectra(photo, kind, seed=2)).all()
    other = fade(photo, kind, seed=2).srgb / np.float32(255)
    before, apart = (color.delta_e(scan / np.float32(255), p).mean() for p in (photo, other))
    assert before > 5
    assert apart < 1.3 * before  # the same kind of damage, by another model


def test_spectra_of_dyes_that_have_not_faded_show_the_photo(photo):
    rng = np.random.default_rng(0)
    spectra, scanner = dyes.film_dyes(rng), dyes.scanner_response(rng)
    amounts = dyes.amounts_of(color.decode(photo), spectra, scanner)
    seen = dyes.scanned(amounts, spectra, scanner, np.zeros(1, np.float32))
    assert color.delta_e(color.encode(seen), photo).mean() < 0.2


def test_undamaged_is_only_a_jpeg(photo):
    scan = fade(photo, UNDAMAGED)
    assert color.delta_e(scan.srgb / np.float32(255), photo).mean() < 3.5  # chroma at half size
    assert (scan.fine == photo).all()


def test_a_mount_keeps_the_border(photo):
    scan = fade(photo, "mount")
    assert scan.exposure[:4].max() < 0.4
    assert scan.exposure[80, 80] > 0.99


def test_scratches_are_thin():
    clean = np.full((512, 512, 3), 0.3, np.float32)
    marked = scratch(clean, seed=1)
    assert 0.002 < marked.damaged.mean() < 0.03
    assert np.abs(marked.scan[~marked.damaged] - 0.3).max() <= 0.0201
    opened = cv2.erode(marked.damaged.astype(np.uint8), np.ones((7, 7), np.uint8))
    assert not opened.any()


def test_even_scratches_are_as_deep_at_their_ends_as_in_their_middle():
    clean = np.full((512, 512, 3), 0.3, np.float32)
    scan = scratch(clean, seed=2, scratches=1, specks=0, even=1).scan
    height = np.abs(scan - clean).mean(-1).sum(1)  # over the rows: width times depth
    drawn = height[height > 0]
    assert drawn.min() > 0.7 * drawn.max()
    uneven = np.abs(scratch(clean, seed=2, scratches=1, specks=0).scan - clean).mean(-1).sum(1)
    assert uneven[uneven > 0].min() < 0.1 * uneven.max()


def test_things_are_thin_and_as_grainy_as_the_photo():
    rng = np.random.default_rng(0)
    clean = (0.5 + 0.05 * rng.standard_normal((256, 384, 3))).clip(0, 1).astype(np.float32)
    changed = []
    for seed in range(12):
        drawn = thin_object(clean, np.random.default_rng(seed))
        assert drawn.shape == clean.shape
        assert drawn.dtype == np.float32
        assert drawn.min() >= 0
        assert drawn.max() <= 1
        changed.append((np.abs(drawn - clean).max(-1) > 0.1).mean())
    assert 0.001 < np.mean(changed) < 0.1


def test_photos_are_reduced_and_sorted(tmp_path):
    for name in ("b.png", "a.jpg"):
        cv2.imwrite(str(tmp_path / name), np.full((40, 80, 3), (0, 0, 255), np.uint8))
    (tmp_path / "note.txt").write_text("no photo")
    result = photos(tmp_path, 20)
    assert [name for name, _ in result] == ["a", "b"]
    assert result[1][1].shape == (10, 20, 3)
    np.testing.assert_allclose(result[1][1][5, 5], (1, 0, 0), atol=1e-6)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return {path.name: path for path in make.make(tmp_path_factory.mktemp("samples"))}


def test_the_script_still_makes_the_samples(made):
    kept = {path.name for path in make.HERE.iterdir() if path.suffix not in {".py", ".md"}}
    assert kept - {"__pycache__"} == set(made)
    assert sum((make.HERE / name).stat().st_size for name in made) < 4_000_000
    for name, path in made.items():
        if path.suffix == ".tif" or path.suffix == ".dng":
            new, old = tifffile.imread(path), tifffile.imread(make.HERE / name)
        else:
            new, old = (cv2.imread(str(p), cv2.IMREAD_UNCHANGED) for p in (path, make.HERE / name))
        assert new.shape == old.shape
        assert new.dtype == old.dtype
        assert max(new.shape) <= 900
        limit = 2e-4 if new.dtype == np.uint16 else 0.01  # another JPEG encoder may differ a little
        apart = np.abs(new.astype(float) - old).mean() / np.iinfo(new.dtype).max
        assert apart < limit, name


def test_the_raw_sample_has_the_colours_of_the_scene():
    shot = light(
        make.original("astronaut"), "red left + blue right", seed=3, exposure=0.6, **make.STAGE
    )
    with rawpy.imread(str(make.HERE / "led-red-blue.dng")) as raw:
        assert raw.camera_whitebalance[:3] == pytest.approx([2, 1, 1.5])
        options = {"use_camera_wb": True, "no_auto_bright": True, "output_bps": 16, "user_flip": 0}
        camera = raw.postprocess(gamma=(1, 1), output_color=rawpy.ColorSpace.raw, **options)
        developed = raw.postprocess(gamma=(2.4, 12.92), **options)

    def smooth(values):
        return cv2.GaussianBlur(values.astype(np.float32), (0, 0), 3)

    apart = np.abs(smooth(camera / 65535) - smooth(shot.camera)).mean((0, 1))
    assert (apart < 0.005).all()  # what demosaicking leaves at edges
    truth = color.encode((shot.camera @ ccm().T).clip(0, 1))
    assert color.delta_e(smooth(developed / 65535), smooth(truth)).mean() < 1


def test_the_tiff_sample_has_profile_and_exif():
    path = make.HERE / "scan-16bit.tif"
    with Image.open(path) as picture:
        exif = picture.getexif()
        assert exif[271] == "restore"
        assert exif.get_ifd(34665)[36867] == "2026:05:17 10:30:00"
        profile = ImageCms.ImageCmsProfile(io.BytesIO(picture.info["icc_profile"]))
    codes = tifffile.imread(path)
    assert codes.dtype == np.uint16
    eight = Image.fromarray((codes / 257 + 0.5).astype(np.uint8))
    shown = ImageCms.profileToProfile(eight, profile, ImageCms.createProfile("sRGB"))
    truth = fade(make.original("chelsea"), "low contrast", seed=7).fine
    assert np.abs(np.asarray(shown) - 255 * truth).mean() < 1  # in 8-bit codes, rounded twice


def test_a_stage_adds_haze_lamps_in_the_frame_and_a_look():
    photo = np.full((60, 80, 3), 0.3, np.float32)
    stage = Stage(haze=0.5, beams=0.5, sources=2, smoothed=0.5, contrast=1.2, saturation=1.1)
    shot = light(photo, "cyan left + magenta right", seed=1, stage=stage)
    again = light(photo, "cyan left + magenta right", seed=1, stage=stage)
    assert (shot.srgb == again.srgb).all()
    assert np.median(shot.photo) > 0.32  # haze is part of the scene
    assert shot.photo.max() > 0.95  # and so are the lamps
    assert (shot.srgb.max(-1) >= 250).mean() > 0.001


def test_a_plain_stage_changes_nothing():
    photo = np.random.default_rng(0).random((40, 60, 3)).astype(np.float32)
    shot, plain = (light(photo, "magenta", seed=1, stage=stage) for stage in (Stage(), None))
    assert (shot.srgb == plain.srgb).all()


def test_creases_are_wide_and_bright_and_the_rest_of_the_photo_stays() -> None:
    clean = np.full((400, 500, 3), 0.3, np.float32)
    case = crease(clean, seed=1, fibres=0)
    assert 0.005 < case.damaged.mean() < 0.3
    assert case.scan[case.damaged].max() > 0.7
    assert (case.scan[~case.damaged] < 0.33).all()


def test_worn_scans_say_what_is_damage() -> None:
    grey = np.full((200, 240), 0.4, np.float32)
    pieces = [worn(grey, 128, np.random.default_rng(seed), sound=0) for seed in range(12)]
    assert all(np.isfinite(piece.scan).all() and piece.scan.shape == (128, 128) for piece in pieces)
    assert {1, 2} <= set(np.concatenate([piece.kind.ravel() for piece in pieces]).tolist())
    sound = worn(grey, 128, np.random.default_rng(1), sound=1)
    assert not sound.kind.any()
