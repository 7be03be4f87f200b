"""Throw damaged files at the readers: no traceback, no crash, no hang, no memory over the bound.

    python -m benchmarks.fuzz_files --mutants 20000

Small files of every format and layout are made, each then changed at random: bits flipped, bytes
replaced by extreme values, pieces cut off, doubled, moved or taken from another file. Each mutant
is read in a child process; what may happen is a photo or a PhotoError of one line. A mutant that
does anything else is kept in the folder that is named at the end.
"""

from __future__ import annotations

import argparse
import base64
import multiprocessing
import os
import resource
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import tifffile
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from benchmarks._processes import highest

LIMIT = 4_000_000
"""Pixels allowed."""
MEMORY = 1200 * 2**20
"""Bytes the reading process may have in all; the libraries alone take a third of it."""
SECONDS = 10
"""Of processor time that reading may take."""
PATIENCE = 60
"""Seconds after which a process that says nothing hangs: other work may have the processor."""
# 24 x 16 pixels, written by libheif 1.23 with x265: red rises to the right, green downwards, blue
# is 90; its Exif says "Cam" and asks for a quarter turn.
HEIC = (
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAcdtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAA"
    "AAAAAAAAAAAAADRpbG9jAAAAAERAAAIAAQAAAAAB6wABAAAAAAAAAQUAAgAAAAAC8AABAAAAAAAAADAAAAA4aWlu"
    "ZgAAAAAAAgAAABVpbmZlAgAAAAABAABodmMxAAAAABVpbmZlAgAAAQACAABFeGlmAAAAAA5waXRtAAAAAAABAAAB"
    "BmlwcnAAAADlaXBjbwAAAHVodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMA"
    "AAMAHroCQGEAAQApQgEBA3AAAAMAkAAAAwAAAwAeoCCBBZbqrprm4CGgwIAAAAyAAAADAIRiAAEABkQBwXPBiQAA"
    "ABNjb2xybmNseAABAA0ABoAAAAAUaXNwZQAAAAAAAABAAAAAQAAAAChjbGFwAAAAGAAAAAEAAAAQAAAAAf///9gA"
    "AAAC////0AAAAAIAAAAQcGl4aQAAAAADCAgIAAAACWlyb3QDAAAAGWlwbWEAAAAAAAAAAQABBoECAwWEhgAAABpp"
    "cmVmAAAAAAAAAA5jZHNjAAIAAQABAAABPW1kYXQAAAEBKAGvBjIfM8VQiQEg5vdum8/pKj8W5CCU/zGlF1gnsY8N"
    "slGQSwE4sj+cX8E9IcaMuR145M7Vp8vqNl++0Nbmu146P3J80oZ/Dh4B2FHfmy0vMNoGKOg1ct0d7dapN0N7ouKc"
    "rICba5lfGOgeQ6r5faeaSKMtm8l3EXjmt7cQeO0NO9MKzQOkaSn6Ws1odUZjYJxSvcqoxzsc7F82trc2fP/mYhgd"
    "j1yzW2XRLP3zvX23qg5mdm5H9lwJt8dgA1kOjQ8iaxhg29+UxZ6Be+7zqgT7Nvx59W76pif8gsblD2UC96wQTb47"
    "ABrI0Tw4nyfwkb73V9tCoH2zVK58QagOwOAAAAAGRXhpZgAATU0AKgAAAAgAAgEPAAIAAAAEQ2FtAAESAAMAAAAB"
    "AAYAAAAAAAA="
)

EXTREMES = (b"\0", b"\xff", b"\x7f", b"\x80", b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff")


def seeds(folder: Path) -> list[Path]:
    """Small files of every format and layout."""
    from restore import files
    from restore.image.photo import Photo, Source

    rng = np.random.default_rng(0)
    smooth = np.cumsum(rng.normal(0, 2, (40, 56, 3)), 1) + 128
    rgb = smooth.clip(0, 255).astype(np.uint8)
    wide = (smooth.clip(0, 255) * 257).astype(np.uint16)
    image = Image.fromarray(rgb)
    exif = Image.Exif()
    exif[271], exif[274] = "Camera", 6
    profile = bytes(imagecodecs.cms_profile("adobergb"))
    rich: dict[str, Any] = {
        "exif": exif,
        "icc_profile": profile,
        "xmp": b"<x><rdf:RDF></rdf:RDF></x>",
    }

    def pillow(name: str, kind: str, of: Image.Image = image, **options: Any) -> None:
        of.save(folder / name, kind, **options)

    pillow("rich.jpg", "JPEG", **rich, comment=b"hello", dpi=(300, 300))
    pillow("progressive.jpg", "JPEG", progressive=True)
    pillow("grey.jpg", "JPEG", image.convert("L"))
    pillow("inks.jpg", "JPEG", image.convert("CMYK"))
    pillow("rich.png", "PNG", exif=exif, icc_profile=profile, dpi=(300, 300))
    pillow("palette.png", "PNG", image.quantize(8), transparency=1)
    pillow("bits.png", "PNG", image.convert("1"))
    pillow("rich.webp", "WEBP", exif=exif, icc_profile=profile)
    pillow("lossless.webp", "WEBP", lossless=True)
    pillow("palette.tif", "TIFF", image.quantize(8))
    pillow("jpeg.tif", "TIFF", compression="jpeg")
    pillow("fax.tif", "TIFF", image.convert("1"), compression="group4")
    pillow("plain.bmp", "BMP", dpi=(300, 300))
    pillow("palette.bmp", "BMP", image.quantize(8))
    pillow("bits.bmp", "BMP", image.convert("1"))
    pillow("palette.gif", "GIF", image.quantize(8), transparency=1, comment=b"hello")
    pillow("plain.ppm", "PPM")
    (folder / "wide.png").write_bytes(imagecodecs.png_encode(wide))
    layouts: list[tuple[str, Any, dict[str, Any]]] = [
        ("plain", wide, {}),
        ("lzw", rgb, {"compression": "lzw", "predictor": True}),
        ("zlib", wide, {"compression": "zlib", "predictor": True, "tile": (16, 16)}),
        ("packbits", rgb, {"compression": "packbits", "byteorder": ">"}),
        ("planes", rgb.transpose(2, 0, 1), {"planarconfig": "separate"}),
        ("big", rgb, {"bigtiff": True, "iccprofile": profile}),
        ("float", (wide / 65535).astype(np.float32), {"compression": "zlib", "predictor": True}),
        ("pages", np.stack([rgb, rgb]), {}),
        ("infrared", np.dstack([wide, wide[..., :1] // 2 + 9]), {"extrasamples": [0]}),
    ]
    for name, data, options in layouts:
        tifffile.imwrite(folder / f"{name}.tif", data, photometric="rgb", **options)
    tifffile.imwrite(folder / "lab.tif", rgb, photometric="cielab")
    tifffile.imwrite(folder / "inks.tif", np.dstack([rgb, rgb[..., :2]]), photometric="separated")
    described = [(50706, "B", 4, bytes([1, 4, 0, 0]), False)]
    tifffile.imwrite(
        folder / "rgbi.dng",
        np.dstack([wide, wide[..., :1]]),
        photometric=34892,
        planarconfig=1,
        extrasamples=[0],
        extratags=described,
    )
    with tifffile.TiffWriter(folder / "preview.tif") as tiff:
        tiff.write(rgb[::4, ::4], photometric="rgb", subfiletype=1, subifds=1)
        tiff.write(rgb, photometric="rgb")
    texts = PngInfo()
    texts.add_text("Raw profile type exif", f"\nexif\n{4:8}\n4d4d002a\n", zip=True)
    pillow("texts.png", "PNG", pnginfo=texts)
    source = Source(history=("one",), record={"recipe": "two"}, profile=profile)
    for name, format in files.formats().items():
        if hasattr(format, "write"):
            files.save(
                Photo(rgb.copy(), source=source), folder / f"ours-{name}{format.SUFFIXES[0]}"
            )
    pillow("rich.avif", "AVIF", exif=exif, icc_profile=profile)
    (folder / "phone.heic").write_bytes(base64.b64decode(HEIC))
    samples = Path(__file__).parent.parent / "sample_images"
    for path in samples.glob("*.dng"):
        shutil.copy(path, folder)
    (folder / "small.dng").write_bytes(_small_dng(wide[..., 1]))
    return sorted(path for path in folder.iterdir() if path.is_file())


def _small_dng(mosaic: np.ndarray[Any, Any]) -> bytes:
    tags = [
        (33421, "H", 2, (2, 2), False),
        (33422, "B", 4, bytes([0, 1, 1, 2]), False),
        (50706, "B", 4, bytes([1, 4, 0, 0]), False),
        (50717, "H", 1, 65535, False),
        (50721, "2i", 9, (1, 1, 0, 1, 0, 1, 0, 1, 1, 1, 0, 1, 0, 1, 0, 1, 1, 1), False),
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.dng"
        tifffile.imwrite(path, mosaic, photometric=32803, extratags=tags, metadata=None)
        return path.read_bytes()


def mutant(data: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """A file changed in one to four ways; headers are changed more often than pixels."""
    out = bytearray(data)
    for _ in range(int(rng.integers(1, 5))):
        if len(out) < 8:
            break
        early = rng.random() < 0.6
        at = int(rng.integers(min(len(out), 600) if early else len(out)))
        size = int(rng.integers(1, min(len(out), 200)))
        match int(rng.integers(8)):
            case 0 | 1:
                out[at] ^= 1 << int(rng.integers(8))
            case 2 | 3:
                value = EXTREMES[int(rng.integers(len(EXTREMES)))]
                out[at : at + len(value)] = value
            case 4:
                del out[at:]
            case 5:
                del out[at : at + size]
            case 6:
                out[at:at] = out[at : at + size]
            case 7:
                start = int(rng.integers(len(other)))
                out[at : at + size] = other[start : start + size]
    return bytes(out)


def _serve(pipe: Connection) -> None:
    """Read what is named, tell what came of it."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    from restore import files
    from restore.errors import PhotoError

    while (path := pipe.recv()) is not None:
        since = time.process_time()
        try:
            raw = "camera" if hash(path.name) % 2 else "developed"
            salvage = hash(path.name) % 4 < 2
            for page in files.load_pages(path, limit=LIMIT, raw=raw, salvage=salvage):
                page.proxy(64)
            outcome = "photo"
        except PhotoError as error:
            text = str(error)
            outcome = (
                "error" if "\n" not in text and text.startswith(str(path)) else f"message: {text}"
            )
        except BaseException:
            outcome = "traceback: " + traceback.format_exc()
        if (seconds := time.process_time() - since) > SECONDS:
            outcome = f"slow: {seconds:.0f} s, {outcome}"
        pipe.send((outcome, highest(os.getpid())))


class Reader:
    """A child process that reads; it is started anew when it dies, hangs or has grown."""

    def __init__(self) -> None:
        self._process: Any = None

    def __call__(self, path: Path) -> str:
        """What came of reading a file: "photo", "error", or what should not have been."""
        if self._process is None:
            context = multiprocessing.get_context("spawn")
            self._pipe, theirs = context.Pipe()
            self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
            self._process.start()
            theirs.close()
        self._pipe.send(path)
        try:
            if not self._pipe.poll(PATIENCE):
                self.close()
                return "hang"
            outcome, memory = self._pipe.recv()
        except EOFError:
            self._process.join()
            code = self._process.exitcode
            self.close()
            return f"crash: {code}"
        if memory > MEMORY:
            self.close()
            return f"memory: {memory / 2**20:.0f} MiB"
        return str(outcome)

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process = None


def run(
    count: int, seed: int, read: Callable[[Path], str], folder: Path
) -> Iterator[tuple[str, Path]]:
    """What came of each of `count` mutants, and its file."""
    (folder / "seeds").mkdir()
    paths = seeds(folder / "seeds")
    data = [path.read_bytes() for path in paths]
    rng = np.random.default_rng(seed)
    for number in range(count):
        which = number % len(paths)
        path = folder / f"{number:06d}-{paths[which].name}"
        path.write_bytes(mutant(data[which], data[int(rng.integers(len(data)))], rng))
        before = path.stat()
        outcome = read(path)
        if path.stat() != before and path.stat().st_mtime_ns != before.st_mtime_ns:
            outcome = "the file was changed"
        yield outcome, path
        if outcome in ("photo", "error"):
            path.unlink()


def main() -> int:
    """Run it; 1 if any mutant did what it should not."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--mutants", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="folder for the mutants that failed")
    given = parser.parse_args()
    folder = given.out or Path(tempfile.mkdtemp(prefix="fuzz-"))
    folder.mkdir(parents=True, exist_ok=True)
    reader = Reader()
    outcomes: Counter[str] = Counter()
    slowest, start = 0.0, time.perf_counter()
    for number, (outcome, path) in enumerate(run(given.mutants, given.seed, reader, folder), 1):
        now = time.perf_counter()
        slowest, start = max(slowest, now - start), now
        outcomes[outcome.partition(":")[0]] += 1
        if outcome not in ("photo", "error"):
            print(f"{path.name}: {outcome}", flush=True)
        if number % 1000 == 0:
            print(f"{number}: {dict(outcomes)}", file=sys.stderr, flush=True)
    reader.close()
    print(f"{given.mutants} mutants: {dict(outcomes)}; slowest {slowest:.1f} s; kept in {folder}")
    return int(bool(set(outcomes) - {"photo", "error"}))


if __name__ == "__main__":
    sys.exit(main())
