"""Running an ONNX network: OpenVINO, ONNX Runtime or OpenCV's dnn, whichever is there.

    network = load(path)          # once a process
    logits = network(lightness)   # (1, 1, H, W) float32 -> (1, C, h, w) float32

Nothing here knows what a network is for.
"""

from __future__ import annotations

import functools
import importlib
import os
import re
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import numpy as np

from restore import places
from restore.color import Array
from restore.errors import (
    MissingPackage,
    RestoreError,
    WeightsError,
    is_memory_shortage,
    nearest,
)

Precision = Literal["f32", "bf16"]
"""What an engine may calculate in; bf16 is taken only by OpenVINO, where the processor has it."""

BLOBS = 6
"""Compiled networks kept in the cache folder; the compact one is 18 MB, Zhang's about 130."""

Run = Callable[[Array], Any]


@dataclass(frozen=True, eq=False)
class Network:
    """A network ready to run: float32 (1, 1, H, W) in, float32 (1, C, h, w) out.

    May be called from several threads; they take turns.

    Attributes
    ----------
    engine
        "openvino", "onnxruntime" or "opencv".
    name
        File name of the weights, for messages.
    """

    engine: str
    name: str
    _run: Run
    _turn: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __call__(self, values: Array) -> Array:
        """The network's first output; WeightsError if the engine cannot run it."""
        try:
            with self._turn:
                result = self._run(np.ascontiguousarray(values, np.float32))
        except Exception as error:  # each engine has its own kinds, some a bare RuntimeError
            raise _refused(self.name, self.engine, "run", error) from error
        return np.asarray(result, np.float32)


def chosen(name: str = "auto") -> str:
    """The engine that `name` means here; "auto" is the first of `ENGINES` that is installed.

    The environment variable RESTORE_ENGINE says what "auto" is: "onnxruntime" for a graphics card.

    Raises
    ------
    MissingPackage
        If the engine is not installed.
    RestoreError
        If there is no engine of this name.
    """
    where = "engine"
    if name == "auto":
        name = os.environ.get("RESTORE_ENGINE", "") or "auto"
        where = "RESTORE_ENGINE"
    if name == "auto":
        return next(known for known in ENGINES if installed(known))
    if name not in ENGINES:
        known = nearest(name, ["auto", *ENGINES])
        raise RestoreError(f'{where}: there is no engine "{name:.60}"; {known}')
    if not installed(name):
        package = ENGINES[name][0]
        raise MissingPackage(
            f"{where}: {name} needs the {package} package, which is not here or does not load; "
            f"install it with: pip install {package}"
        )
    return name


@functools.cache
def installed(name: str) -> bool:
    """Whether the engine can be used: its package is there, and this machine can load it."""
    try:
        if name == "openvino":
            _import_openvino()
        else:
            importlib.import_module(ENGINES[name][1])
    except (ImportError, OSError):
        return False
    return True


@functools.cache
def has_bf16() -> bool:
    """Whether OpenVINO is there and the processor calculates in bf16 (AMX, AVX-512 BF16)."""
    if not installed("openvino"):
        return False
    return "BF16" in _core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def load(onnx: Path | bytes, engine: str = "auto", precision: Precision = "f32") -> Network:
    """A network from an ONNX file or its bytes; the same one again within a process.

    Parameters
    ----------
    engine
        "auto" or one of `ENGINES`.
    precision
        What the engine may calculate in.

    Raises
    ------
    WeightsError
        If there is no such file, or the engine cannot read it.
    MissingPackage
        If the engine is not installed.
    """
    name = chosen(engine)
    stamp = ""
    if isinstance(onnx, Path):
        try:
            stat = onnx.stat()
        except OSError as error:
            raise WeightsError(f"{onnx}: cannot be read: {error.strerror}") from error
        stamp = f"{stat.st_ino:x}-{stat.st_size:x}-{stat.st_mtime_ns:x}-{stat.st_ctime_ns:x}"
    with _LOADING:
        return _load(onnx, stamp, name, precision)


def release() -> None:
    """Let all networks go that nobody else holds: they take hundreds of megabytes."""
    with _LOADING:
        _load.cache_clear()


_LOADING = threading.Lock()


@functools.lru_cache(maxsize=4)
def _load(onnx: Path | bytes, stamp: str, engine: str, precision: str) -> Network:
    name = onnx.name if isinstance(onnx, Path) else "network"
    try:
        run = ENGINES[engine][2](onnx, stamp, precision)
    except Exception as error:
        raise _refused(name, engine, "read", error) from error
    return Network(engine, name, run)


def _refused(name: str, engine: str, what: str, error: Exception) -> Exception:
    """The engine's own words without its places in C++ sources, on one line.

    Or a MemoryError, whose cause is not the weights.
    """
    if is_memory_shortage(error):
        return MemoryError(f"{name}: {engine} cannot {what} it")
    reason = " ".join(_PLACES.sub("", str(error)).split())
    return WeightsError(f"{name}: {engine} cannot {what} it: {reason[:160]}")


_PLACES = re.compile(r"Exception from \S+:\d+:|OpenCV\(\S+\) \S+ error:|\[ONNXRuntimeError\] :")


def _openvino(onnx: Path | bytes, stamp: str, precision: str) -> Run:
    """Compiled for any size at once: a compiled network in the cache then serves every photo.

    OpenVINO knows a cached file by its path and the second it was written in; a folder for each
    stamp keeps it from running weights that have been replaced since.
    """
    core = _core()
    settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": precision}
    folder = cache_folder()
    if folder:
        settings["CACHE_DIR"] = str(folder / (stamp or "bytes"))
        if precision == "bf16" and isinstance(onnx, Path):
            onnx = _halved(onnx, folder / stamp)
    model = str(onnx) if isinstance(onnx, Path) else core.read_model(onnx)
    compiled = core.compile_model(model, "CPU", settings)
    if folder:
        _prune(folder)
    request = compiled.create_infer_request()
    return lambda values: request.infer([values])[0].copy()


def _halved(onnx: Path, folder: Path) -> Path:
    """The network with weights of 16 bits, made once: for bf16 they do, in half the memory."""
    import tempfile

    made = folder / "half.xml"
    if not made.exists():
        folder.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as begun:
            own = Path(begun) / made.name
            _import_openvino().save_model(_core().read_model(onnx), own, compress_to_fp16=True)
            for suffix in (".bin", ".xml"):  # what is looked for comes last
                own.with_suffix(suffix).replace(made.with_suffix(suffix))
    return made


@functools.cache
def _core() -> Any:
    return _import_openvino().Core()


def _import_openvino() -> Any:
    """OpenVINO without its model converter, which nothing here needs.

    Importing the converter sends a report of the import to a server, from a forked process, and
    leaves files in the user's home; without it the import takes half the time, too.
    """
    name = "openvino.tools.ovc"
    if "openvino" not in sys.modules:
        stand_in = ModuleType(name)
        vars(stand_in)["convert_model"] = _convert_model
        sys.modules[name] = stand_in
    try:
        return importlib.import_module("openvino")
    finally:
        if getattr(sys.modules.get(name), "__file__", None) is None:
            sys.modules.pop(name, None)


def _convert_model(*model: Any, **settings: Any) -> Any:
    """What programs that use OpenVINO beside us find as openvino.convert_model: the real one."""
    return importlib.import_module("openvino.tools.ovc").convert_model(*model, **settings)


def cache_folder() -> Path | None:
    """Where compiled networks are kept, or None where nothing can be written."""
    home = places.own("cache")
    if home is None:
        return None
    folder = home / "networks"
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    return folder if os.access(folder, os.W_OK | os.X_OK) else None


def _prune(folder: Path) -> None:
    """Remove the oldest compiled networks: each new version of an engine compiles anew."""
    import shutil

    with suppress(OSError):
        blobs = sorted(folder.glob("*/*.blob"), key=lambda blob: blob.stat().st_mtime_ns)
        for blob in blobs[:-BLOBS]:
            blob.unlink()
            if not any(blob.parent.glob("*.blob")):
                shutil.rmtree(blob.parent, ignore_errors=True)


def _onnxruntime(onnx: Path | bytes, _stamp: str, _precision: str) -> Run:
    import onnxruntime

    with suppress(AttributeError):
        onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # its errors come as exceptions
    wanted = ("CUDAExecutionProvider", "DmlExecutionProvider", "CPUExecutionProvider")
    here = onnxruntime.get_available_providers()
    session = onnxruntime.InferenceSession(
        str(onnx) if isinstance(onnx, Path) else onnx,
        options,
        providers=[name for name in wanted if name in here],
    )
    (given,) = session.get_inputs()
    first = session.get_outputs()[0].name
    return lambda values: session.run([first], {given.name: values})[0]


def _opencv(onnx: Path | bytes, _stamp: str, _precision: str) -> Run:
    import cv2

    data = onnx.read_bytes() if isinstance(onnx, Path) else onnx
    network = cv2.dnn.readNetFromONNX(np.frombuffer(data, np.uint8))

    def run(values: Array) -> Any:
        network.setInput(values)
        return network.forward()

    return run


ENGINES: dict[str, tuple[str, str, Callable[[Path | bytes, str, str], Run]]] = {
    "openvino": ("openvino", "openvino", _openvino),
    "onnxruntime": ("onnxruntime", "onnxruntime", _onnxruntime),
    "opencv": ("opencv-python-headless", "cv2", _opencv),
}
"""Engine: its package, its module, how it is loaded; in the order they are tried."""
