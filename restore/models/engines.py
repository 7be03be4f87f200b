"""Run an ONNX network with OpenVINO, ONNX Runtime or OpenCV's dnn, whichever is installed.

    network = load(path)          # kept by the context for the next photo
    logits = network(lightness)   # (1, 1, H, W) float32 -> (1, C, h, w) float32

Nothing here knows what a network is for.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import io
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
from restore.context import cores
from restore.errors import MissingPackage, RestoreError, WeightsError, is_memory_shortage, nearest
from restore.models import _durable

Precision = Literal["f32", "bf16"]
"""The precision an engine may use; only OpenVINO uses bf16, if the processor supports it."""

BLOBS = 6
"""Compiled networks kept in the cache folder; the compact one is 18 MB, Zhang's 65 to 130."""

Run = Callable[[dict[str, Array]], Any]
Read = Callable[[], bytes]
"""Reads the bytes of an ONNX file."""


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

    def __call__(self, values: Array, **others: Array) -> Array:
        """The network's first output; WeightsError if the engine cannot run it.

        `values` is its first input; `others` are the rest, by name.
        """
        inputs = {"": values, **others}
        inputs = {name: np.ascontiguousarray(given, np.float32) for name, given in inputs.items()}
        try:
            with self._turn:
                result = self._run(inputs)
        except Exception as error:  # each engine raises its own kinds, some a bare RuntimeError
            raise _refused(self.name, self.engine, "run", error) from error
        return np.asarray(result, np.float32)


def chosen(name: str = "auto") -> str:
    """The engine that `name` means here; "auto" is the first of `ENGINES` that is installed.

    The environment variable RESTORE_ENGINE replaces "auto": "onnxruntime" for a graphics card.

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
            f"{where}: {name} needs the {package} package, which is missing or does not load; "
            f"install it with: pip install {package}"
        )
    return name


@functools.cache
def installed(name: str) -> bool:
    """Whether the engine's package is installed and loads on this machine."""
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
    """Whether OpenVINO is installed and the processor supports bf16 (AMX, AVX-512 BF16)."""
    if not installed("openvino"):
        return False
    return "BF16" in _core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def load(
    onnx: Path | bytes, engine: str = "auto", precision: Precision = "f32", digest: str = ""
) -> Network:
    """A network from an ONNX file or its bytes; a `Context` keeps it for the next photo.

    Parameters
    ----------
    engine
        "auto" or one of `ENGINES`.
    precision
        What the engine may calculate in.
    digest
        A known identifier of the weights, so that they need not be read if the compiled network
        is in the cache; by default, their SHA-256.

    Raises
    ------
    WeightsError
        If the file does not exist, or the engine cannot read it.
    MissingPackage
        If the engine is not installed.
    """
    name = chosen(engine)
    if isinstance(onnx, bytes):
        known = digest or hashlib.sha256(onnx).hexdigest()
    else:
        known = digest or sha256(onnx)
    label = onnx.name if isinstance(onnx, Path) else "network"

    def read() -> bytes:
        return onnx.read_bytes() if isinstance(onnx, Path) else onnx

    try:
        run = ENGINES[name][2](read, known, precision)
    except Exception as error:
        raise _refused(label, name, "read", error) from error
    return Network(name, label, run)


def sha256(onnx: Path) -> str:
    """SHA-256 of a file of weights, computed once per process until the file changes.

    Raises
    ------
    WeightsError
        If it cannot be read.
    """
    try:
        return _sha256(onnx, _durable.stamp(onnx))
    except OSError as error:
        raise WeightsError(f"{onnx}: cannot be read: {error.strerror}") from error


@functools.lru_cache(maxsize=8)
def _sha256(onnx: Path, stamp: tuple[int, ...]) -> str:
    with onnx.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _refused(name: str, engine: str, what: str, error: Exception) -> Exception:
    """The engine's own message on one line, without C++ source locations.

    Or a MemoryError, whose cause is not the weights.
    """
    if is_memory_shortage(error):
        return MemoryError(f"{name}: {engine} cannot {what} it")
    reason = " ".join(_PLACES.sub("", str(error)).split())
    return WeightsError(f"{name}: {engine} cannot {what} it: {reason[:160]}")


_PLACES = re.compile(r"Exception from \S+:\d+:|OpenCV\(\S+\) \S+ error:|\[ONNXRuntimeError\] :")


def _openvino(read: Read, digest: str, precision: Precision) -> Run:
    """Compiled for dynamic sizes: a compiled network in the cache then serves every photo.

    OpenVINO's own cache would run whatever is in its files. Ours are named after all that the
    compiled network depends on, and end the same whether there is a cache or not.
    """
    core = _core()
    settings = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": precision,
        "INFERENCE_NUM_THREADS": cores(),
    }
    folder = cache_folder()
    about = (digest, precision, _import_openvino().__version__, *map(core.get_property, *_MACHINE))
    name = hashlib.sha256(repr(about).encode()).hexdigest()[:32]
    compiled = None
    # OpenVINO opens a file ".bin" in the current folder when it takes a compiled network: a FIFO
    # would hold it up for ever, a link to itself abort it, other weights change the colours
    strange = os.path.lexists(".bin")
    if folder and not strange and (blob := _durable.read(folder / f"{name}.blob")):
        with suppress(RuntimeError):  # that of another version under the same name
            compiled = core.import_model(blob, "CPU", settings)
    if compiled is None:
        # with weights of nothing: without, it would look for that file, too
        model = core.read_model(read(), b"0")
        if precision == "bf16":  # for which weights of 16 bits do, in half the memory
            importlib.import_module(_HALVING).compress_model_transformation(model)
        compiled = core.compile_model(model, "CPU", settings)
        if folder:
            exported = io.BytesIO()
            compiled.export_model(exported)
            with suppress(OSError):  # a full disk: go on without a cache
                _durable.write(folder / f"{name}.blob", exported.getbuffer())
                _prune(folder)
    request = compiled.create_infer_request()
    return lambda inputs: request.infer([*inputs.values()])[0].copy()


_MACHINE = ("CPU", "CPU"), ("FULL_DEVICE_NAME", "OPTIMIZATION_CAPABILITIES")
_HALVING = "openvino._offline_transformations"


@functools.cache
def _core() -> Any:
    return _import_openvino().Core()


def _import_openvino() -> Any:
    """OpenVINO without its model converter, which is not needed here.

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
    """The real openvino.convert_model, for other code in this process that uses OpenVINO."""
    return importlib.import_module("openvino.tools.ovc").convert_model(*model, **settings)


def cache_folder() -> Path | None:
    """The folder of compiled networks, or None if it is not writable."""
    home = places.own("cache")
    if home is None:
        return None
    folder = home / "networks"
    with suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder if os.access(folder, os.W_OK | os.X_OK) else None


def _prune(folder: Path) -> None:
    """Remove the oldest compiled networks and leftovers of broken writes.

    Each new version of an engine compiles anew.
    """
    import shutil

    blobs = sorted(folder.glob("*.blob"), key=lambda blob: blob.stat().st_mtime_ns)
    kept = {*blobs[-BLOBS:], *_durable.begun(folder)}
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif path not in kept:
            path.unlink(missing_ok=True)


def _onnxruntime(read: Read, _digest: str, _precision: Precision) -> Run:
    import onnxruntime

    with suppress(AttributeError):
        onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # its errors come as exceptions
    options.intra_op_num_threads = cores()
    wanted = ("CUDAExecutionProvider", "DmlExecutionProvider", "CPUExecutionProvider")
    here = onnxruntime.get_available_providers()
    session = onnxruntime.InferenceSession(
        read(),
        options,
        providers=[name for name in wanted if name in here],
    )
    given = session.get_inputs()[0]
    first = session.get_outputs()[0].name
    return lambda inputs: session.run(
        [first], {name or given.name: values for name, values in inputs.items()}
    )[0]


def _opencv(read: Read, _digest: str, _precision: Precision) -> Run:
    import cv2

    network = cv2.dnn.readNetFromONNX(np.frombuffer(read(), np.uint8))

    def run(inputs: dict[str, Array]) -> Any:
        for name, values in inputs.items():
            network.setInput(values, name or ("lightness" if len(inputs) > 1 else ""))
        return network.forward()

    return run


ENGINES: dict[str, tuple[str, str, Callable[[Read, str, Precision], Run]]] = {
    "openvino": ("openvino", "openvino", _openvino),
    "onnxruntime": ("onnxruntime", "onnxruntime", _onnxruntime),
    "opencv": ("opencv-python-headless", "cv2", _opencv),
}
"""Engine: its package, its module, how it is loaded; in the order they are tried."""
