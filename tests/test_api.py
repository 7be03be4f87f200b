"""The Python API: arrays and images in and out, one call, clear errors."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms
from skimage import data

import restore
from restore.errors import PhotoError, RecipeError

RGB = np.ascontiguousarray(data.astronaut()[::8, ::8])


def test_dir_shows_the_public_names() -> None:
    assert dir(restore) == sorted(restore.__all__)
    for name in restore.__all__:
        getattr(restore, name)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
@pytest.mark.parametrize("channels", [0, 1, 2, 3, 4])
def test_arrays_come_back_as_they_went(dtype: type, channels: int) -> None:
    shape = (5, 7, channels) if channels else (5, 7)
    top = 1 if np.dtype(dtype).kind == "f" else np.iinfo(dtype).max
    values = (np.random.default_rng(0).random(shape) * top).astype(dtype)
    back = restore.Photo.from_array(values).to_array()
    expected = values[..., 0] if channels == 1 else values
    assert back == pytest.approx(expected, abs=1e-6)
    assert back.flags.writeable


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"])
def test_images_of_all_modes_become_photos(mode: str) -> None:
    image = Image.fromarray(RGB)
    if mode == "I;16":
        image = Image.fromarray(RGB[..., 0].astype(np.uint16) * 257)
    else:
        image = image.convert(mode)
    photo = restore.Photo.from_image(image)
    assert photo.size == RGB.shape[:2]
    assert photo.bits == (16 if mode == "I;16" else 8)
    assert photo.to_image().size == image.size
    if mode in ("L", "LA", "RGB", "RGBA"):
        assert (np.asarray(photo.to_image()) == np.asarray(image)).all()


def test_an_images_profile_is_honoured() -> None:
    image = Image.fromarray(RGB)
    image.info["icc_profile"] = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert (
        np.abs(np.asarray(restore.Photo.from_image(image).to_image()).astype(int) - RGB).max() < 2
    )
    wide = restore.Photo.from_array(RGB, "adobe-rgb").to_image()
    assert np.asarray(wide).std() > RGB.std()


def test_numpy_sees_the_samples() -> None:
    photo = restore.Photo.from_array(RGB)
    assert (np.asarray(photo) == RGB).all()
    assert np.asarray(photo, np.float32).dtype == np.float32


def test_photos_survive_pickling(tmp_path: Path) -> None:
    path = tmp_path / "scan.tif"
    restore.save(restore.Photo.from_array(RGB), path)
    photo = restore.load(path)
    again = pickle.loads(pickle.dumps(photo))
    assert (again.samples == photo.samples).all()
    assert again.source.format == "tiff"


@pytest.mark.parametrize("kind", ["array", "grey array", "image", "photo", "path", "Path"])
def test_run_takes_whatever_stands_for_a_photo(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "scan.png"
    restore.save(restore.Photo.from_array(RGB), path)
    given = {
        "array": RGB,
        "grey array": RGB[..., 0],
        "image": Image.fromarray(RGB),
        "photo": restore.Photo.from_array(RGB),
        "path": str(path),
        "Path": path,
    }[kind]
    result = restore.run("levels", given, {"levels.black": 5})
    assert result.size == RGB.shape[:2]
    assert result.findings["levels"].number("black") == pytest.approx(5)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (b"\xff\xd8", "bytes are not a photo; use PIL.Image.open"),
        (np.zeros((4, 4, 5), np.uint8), r"shape \(4, 4, 5\) is not a photo"),
        (np.zeros((4, 4), np.int64), "array of int64 is not a photo"),
        (np.zeros((0, 4), np.uint8), "is not a photo"),
        (7, "int is not a photo, an array or a PIL image"),
    ],
)
def test_what_is_no_photo_gets_a_clear_error(given: object, words: str) -> None:
    with pytest.raises(PhotoError, match=words):
        restore.run("levels", given)  # type: ignore[arg-type]


def test_a_path_given_to_a_recipe_says_what_to_do() -> None:
    with pytest.raises(PhotoError, match=r"use restore\.load\(path\)"):
        restore.Recipe.named("monochrome")("scan.tif")  # type: ignore[arg-type]


def test_errors_of_python_do_not_speak_of_options(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    restore.save(restore.Photo.from_array(RGB), path)
    with pytest.raises(PhotoError, match="exists already") as error:
        restore.save(restore.Photo.from_array(RGB), path)
    assert "--" not in str(error.value)
    with pytest.raises(RecipeError) as wrong:
        restore.run("fade", RGB, {"fade.amount": 2})
    assert "--" not in str(wrong.value)


def test_colours_at_a_pixel_are_a_distribution() -> None:
    colours = restore.colours_at(restore.Photo.from_array(RGB), 20, 30)
    assert colours.probability.sum() == pytest.approx(1, abs=1e-4)
    first, second = colours.likeliest(2)
    assert first[2] >= second[2] > 0
    with pytest.raises(PhotoError, match="outside the photo of 64 x 64"):
        restore.colours_at(restore.Photo.from_array(RGB), 64, 0)


def test_a_recipes_repr_is_one_line() -> None:
    assert repr(restore.Recipe.named("led-concert")).startswith("<Recipe led-concert: ")
    assert "\n" not in repr(restore.Recipe.named("led-concert"))


def test_a_recipe_survives_pickling() -> None:
    recipe = restore.Recipe.named("led-concert").with_settings({"hue_blend.amount": 0.5})
    again = pickle.loads(pickle.dumps(recipe))
    assert again.toml() == recipe.toml()
    assert again.name == recipe.name
