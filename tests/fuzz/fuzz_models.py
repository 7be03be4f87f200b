"""Mutated model files: no exception but ours, no memory beyond the bound, no time beyond a second.

    python tests/fuzz/fuzz_models.py --count 20000 --seed 1

Seeds are files of a narrow network in every form (both generations of Caffe's format, packed and
not, doubles, legacy shapes, ONNX as published and as our own), the first kilobytes of the true
network's, and the small files in `seeds/`. Most mutations are made where tags, lengths and shapes
are: nearly all bytes of a model are weights, and a wrong weight teaches nothing.

An input that fails is written to `failed-N.bin` in the working folder and its number printed.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
import time
import traceback
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
import caffemodel

from restore.errors import WeightsError
from restore.models import _conversion, _sniff, _wire, _zhang, caffe

TABLE = _zhang.layers(width=1, bins=3)
WEIGHTS = _zhang.random_weights(0, TABLE)
BOUND = 2.2
"""Bytes that may be allocated for a byte of the file; beside `FIXED`."""
FIXED = 1 << 20
SLOWEST = 1.0
"""Seconds; a file takes about a millisecond, this machine may be busy."""

Target = Callable[[bytes, Path], None]


def read_caffe(data: bytes, folder: Path) -> None:
    """As `restore models add` reads a .caffemodel."""
    weights, _ = caffe.read(memoryview(data), TABLE)
    _zhang.write(folder / "out.onnx", weights, {}, TABLE)


def read_large(data: bytes, _: Path) -> None:
    """The same with the true table."""
    caffe.read(memoryview(data))


def read_onnx(data: bytes, folder: Path) -> None:
    """As `restore models add` reads a published conversion."""
    weights, _ = _conversion.read(memoryview(data), TABLE)
    _zhang.write(folder / "out.onnx", weights, {}, TABLE)


def read_own(data: bytes, folder: Path) -> None:
    """As an installed model is looked at; what is at the very end matters."""
    path = folder / "in.onnx"
    path.write_bytes(data)
    _zhang.details(path, whole=True)


def whole_file(data: bytes, folder: Path) -> None:
    """From the first look at a file on."""
    path = folder / "in.caffemodel"
    path.write_bytes(data)
    _sniff.form(data[:512])
    caffe.convert(path, folder / "out.onnx", table=TABLE)


@dataclass(frozen=True)
class Seed:
    """A file to mutate, what reads it, the bytes that are tags, lengths and other numbers, and
    where its messages begin and end.
    """

    name: str
    data: bytes
    target: Target
    places: np.ndarray
    spans: list[tuple[int, int]]


def seeds() -> Iterator[Seed]:
    """All seeds."""
    for v1 in (False, True):
        for packed in (True, False):
            for double in (False, True):
                for legacy in (False, True):
                    form = {"v1": v1, "packed": packed, "double": double, "legacy": legacy}
                    name = "caffe " + " ".join(key for key, value in form.items() if value)
                    yield _seed(name, caffemodel.small(TABLE, **form), read_caffe)
    yield _seed("file", caffemodel.small(TABLE), whole_file)
    for v1 in (False, True):
        file = io.BytesIO()
        first = _zhang.random_weights(0, _zhang.LAYERS[:3])
        caffemodel.write(file, first, _zhang.LAYERS[:3], v1=v1)
        yield _seed("true layout", file.getvalue()[:4000] + bytes(6000), read_large)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "own.onnx"
        _zhang.write(path, WEIGHTS, {"network": "zhang2016"}, TABLE)
        yield _seed("own", path.read_bytes(), read_own)
        for _ in range(6):
            yield _seed("own as published", path.read_bytes(), read_onnx)
    for path in sorted((Path(__file__).parent / "seeds").iterdir()):
        for target in (read_caffe, whole_file):
            yield _seed(path.name, path.read_bytes(), target)


def _seed(name: str, data: bytes, target: Target) -> Seed:
    """The places are those that the reader reads as numbers."""
    seen: set[int] = set()
    spans: set[tuple[int, int]] = set()

    class Watched(_wire.Reader):
        def fields(self, start: int, end: int) -> Iterator[_wire.Field]:
            spans.add((start, end))
            return super().fields(start, end)

        def _varint(self, at: int, end: int) -> tuple[int, int]:
            value, after = super()._varint(at, end)
            seen.update(range(at, after))
            return value, after

    kept = caffe.Reader
    caffe.Reader = _conversion.Reader = Watched  # type: ignore[misc]
    try:
        with tempfile.TemporaryDirectory() as folder:
            target(data, Path(folder))
    except WeightsError:
        pass
    finally:
        caffe.Reader = _conversion.Reader = kept  # type: ignore[misc]
    spans.discard((0, len(data)))
    return Seed(name, data, target, np.array(sorted(seen) or [0]), sorted(spans))


NUMBERS = (
    *(bytes([value]) for value in (0, 1, 2, 5, 8, 0x0A, 0x12, 0x28, 0x2A, 0x3A, 0x7F, 0x80, 0xFF)),
    *(_wire.varint(value) for value in (2**16, 2**28, 2**31 - 1, 2**32, 2**63, 2**64 - 1)),
    b"\xff" * 11,
    b"\x00\x00\xc0\x7f",  # NaN
    b"\x00\x00\x80\x7f",  # infinity
)


def mutate(seed: Seed, random: np.random.Generator) -> bytes:
    """A change or a few anywhere; or within one message, with the lengths around it put right."""
    if not seed.spans or random.random() < 0.4:
        return _changed(seed.data, seed.places, random)
    start, end = seed.spans[random.integers(len(seed.spans))]
    inner = seed.places[(seed.places >= start) & (seed.places < end)] - start
    body = _changed(seed.data[start:end], inner, random)
    around = [span for span in seed.spans if span[0] <= start and span[1] >= end]
    for first, last in sorted(around, key=lambda span: span[0] - span[1], reverse=True):
        body = seed.data[first:start] + body + seed.data[end:last]
        length = len(_wire.varint(last - first))
        body = _wire.varint(len(body)) + body
        start, end = first - length, last
    return seed.data[:start] + body + seed.data[end:]


def _changed(data: bytes, places: np.ndarray, random: np.random.Generator) -> bytes:
    """Mostly one change, and mostly at a place."""
    out = bytearray(data)
    for _ in range(random.geometric(0.6)):
        if not out:
            break
        near = places.size and random.random() < 0.8
        at = int(random.choice(places)) if near else int(random.integers(len(out)))
        at = min(at, len(out) - 1)
        span = int(min(2 ** random.uniform(0, 12), len(out) - at))
        number = NUMBERS[random.integers(len(NUMBERS))]
        kind = random.integers(16)
        if kind < 4:
            out[at] ^= 1 << int(random.integers(8))
        elif kind < 6:
            out[at] = int(random.integers(256))
        elif kind < 9:
            out[at : at + len(number)] = number
        elif kind < 10:
            out[at : at + 1] = number
        elif kind < 11:
            out[at:at] = number
        elif kind < 12:
            del out[at : at + span]
        elif kind < 13:
            out[at:at] = out[at : at + span]
        elif kind < 15:
            other = int(random.integers(len(out)))
            out[at : at + span] = out[other : other + span]
        else:
            del out[at:]
    return bytes(out)


def run(count: int, seed: int, progress: Callable[[int], None] = lambda _: None) -> Counter[str]:
    """Try `count` inputs; returns how often each message (without its values) came.

    Raises
    ------
    AssertionError
        With the input's file, if one fails.
    """
    known = list(seeds())
    told: Counter[str] = Counter()
    tracemalloc.start()
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for number in range(count):
                chosen = known[number % len(known)]
                random = np.random.default_rng((seed, number))
                data = mutate(chosen, random)
                told[_one(chosen, data, folder, number)] += 1
                progress(number)
    finally:
        tracemalloc.stop()
    return told


def _one(chosen: Seed, data: bytes, folder: Path, number: int) -> str:
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    since = time.process_time()
    wrong = ""
    try:
        chosen.target(data, folder)
        message = "taken"
    except WeightsError as error:
        message = str(error)
        wrong = "more than one line" if "\n" in message else ""
        message = " ".join(word for word in message.split("(")[0].split() if word.isalpha())[:60]
    except BaseException:
        message, wrong = "", traceback.format_exc()
    peak = tracemalloc.get_traced_memory()[1] - before
    passed = time.process_time() - since
    if peak > BOUND * len(data) + FIXED:
        wrong = f"{peak} bytes allocated for a file of {len(data)}"
    if passed > SLOWEST:
        wrong = f"{passed:.1f} s"
    if wrong:
        failed = Path(f"failed-{number}.bin")
        failed.write_bytes(data)
        raise AssertionError(f"{failed} ({chosen.name}): {wrong}")
    return message


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    since = time.perf_counter()
    done = run(asked.count, asked.seed, lambda n: n % 1000 or print(n, file=sys.stderr))
    for message, count in done.most_common():
        print(f"{count:7}  {message}")
    print(f"{asked.count} inputs, {time.perf_counter() - since:.0f} s, nothing but our own errors")


if __name__ == "__main__":
    main()
