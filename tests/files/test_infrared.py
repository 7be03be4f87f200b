"""Dust that a film scanner saw in infrared."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from skimage import data

from restore.color.space import Space
from restore.image.photo import Photo, Source
from restore.image.render import render_photo
from restore.steps.scratches import scratches

Picture = NDArray[np.uint8]


def dusty(seed: int = 0) -> tuple[Picture, Picture, NDArray[np.uint16], NDArray[np.bool_]]:
    """A colour photo, the same with dust, its infrared channel, and where the dust is."""
    import cv2

    rng = np.random.default_rng(seed)
    clean = np.ascontiguousarray(data.astronaut()[:400, :500])
    mask = np.zeros(clean.shape[:2], np.uint8)
    for _ in range(40):
        row, column = rng.integers(5, 395), rng.integers(5, 495)
        end = (int(column + rng.integers(-6, 7)), int(row + rng.integers(-6, 7)))
        cv2.line(mask, (int(column), int(row)), end, 1, int(rng.integers(1, 4)))
    soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 0.6)[..., None]
    hurt = np.rint(clean * (1 - soft) + 235 * soft).astype(np.uint8)
    light = 0.8 * (1 - 0.7 * soft[..., 0]) + rng.normal(0, 0.004, mask.shape)
    return clean, hurt, np.rint(light.clip(0, 1) * 65535).astype(np.uint16), mask > 0


def restored(samples: Picture, infrared: NDArray[np.uint16] | None) -> Picture:
    photo = Photo(samples.copy(), source=Source(infrared=infrared))
    return render_photo(photo, scratches(photo.proxy()), Space())


def test_dust_in_infrared_goes_and_all_else_stays() -> None:
    clean, hurt, infrared, mask = dusty()
    result = restored(hurt, infrared).astype(int)
    before, after = (np.abs(p.astype(int) - clean)[mask].mean() for p in (hurt, result))
    assert after < 0.25 * before
    far = (result != hurt).any(2) & (np.abs(hurt.astype(int) - clean).max(2) < 3)
    assert far.mean() < 0.02  # only the rims of dust, and lines that eyes find


def test_a_picture_in_infrared_is_not_dust() -> None:
    # silver and Kodachrome stop infrared: the channel shows the picture
    clean, _, _, _ = dusty()
    light = (clean.mean(2) / 255) ** 1.5 * 0.7 + 0.1
    infrared = np.rint(light * 65535).astype(np.uint16)
    with_it, without = (restored(clean, plane) for plane in (infrared, None))
    assert (with_it == without).all()


def test_dust_is_found_in_a_photo_larger_than_its_proxy() -> None:
    clean, hurt, infrared, mask = dusty(1)
    big = [np.repeat(np.repeat(plane, 3, 0), 3, 1) for plane in (clean, hurt, infrared, mask)]
    assert max(big[0].shape) > 1024
    result = restored(big[1], big[2]).astype(int)
    before, after = (np.abs(p.astype(int) - big[0])[big[3]].mean() for p in (big[1], result))
    assert after < 0.3 * before
