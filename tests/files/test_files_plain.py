"""GIF, PGM and PPM: simple formats of old web pages and of scanners' drivers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

from restore import files
from restore.errors import PhotoError

FACE = astronaut()[40:80, 150:202]


def test_a_gif_is_read_with_its_transparency(tmp_path: Path) -> None:
    image = Image.fromarray(FACE).quantize(16)
    image.save(tmp_path / "a.gif", transparency=3)
    photo = files.load(tmp_path / "a.gif")
    alpha = photo.source.alpha
    assert alpha is not None
    np.testing.assert_array_equal(alpha == 0, np.asarray(image) == 3)
    shown = alpha > 0
    np.testing.assert_array_equal(photo.samples[shown], np.asarray(image.convert("RGB"))[shown])
    assert photo.source.warnings == ()
    assert files.written_suffix(tmp_path / "a.gif") == ".tif"


def test_of_an_animated_gif_the_first_picture_is_read(tmp_path: Path) -> None:
    images = [Image.fromarray(np.full((9, 12, 3), value, np.uint8)) for value in (40, 90, 200)]
    images[0].save(tmp_path / "a.gif", save_all=True, append_images=images[1:])
    photo = files.load(tmp_path / "a.gif")
    assert (photo.samples == 40).all()
    assert "is animated; only the first picture is restored" in photo.source.warnings[0]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("most", [255, 1023, 4095, 65535])
def test_pgm_and_ppm_keep_every_bit(tmp_path: Path, channels: int, most: int) -> None:
    values = np.linspace(0, most, 8 * 6 * channels).round().reshape(6, 8, channels)
    stored = values.astype(np.uint8 if most < 256 else ">u2")
    header = f"P{5 if channels == 1 else 6} # scanimage\n8 6\n{most}\n".encode()
    path = tmp_path / "a.pnm"
    path.write_bytes(header + stored.tobytes())
    photo = files.load(path)
    full = 255 if most < 256 else 65535
    assert photo.samples.dtype == (np.uint8 if full == 255 else np.uint16)
    np.testing.assert_array_equal(photo.samples, np.floor(values * full / most + 0.5))
    path.write_bytes(header + stored.tobytes()[:-1])
    with pytest.raises(PhotoError, match="cannot fit in its"):
        files.load(path)


@pytest.mark.parametrize("header", [b"P6\n4 4\n70000\n", b"P6\n4 4\n0\n"])
def test_a_ppm_of_an_impossible_white_is_refused(tmp_path: Path, header: bytes) -> None:
    (tmp_path / "a.ppm").write_bytes(header + bytes(96))
    with pytest.raises(PhotoError, match="its white is"):
        files.load(tmp_path / "a.ppm")
