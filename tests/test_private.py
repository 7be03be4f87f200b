"""Nothing is sent anywhere, and nothing is left in the user's home but what is documented."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

WATCHED = """
import sys
def watch(event, args):
    if event in ("socket.getaddrinfo", "socket.connect", "urllib.Request", "os.fork"):
        print(event, args, file=sys.stderr)
        sys.stderr.flush()
sys.addaudithook(watch)
import numpy as np
import restore
from restore.image.photo import Photo
recipe = restore.Recipe.parse('steps = [{use = "colorize", side = 64}]', 'quick')
photo = Photo(np.zeros((64, 80, 3), np.uint8))
print(recipe.plan(photo).steps[0].effect.network.engine)
"""


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_colorizing_reaches_for_no_network(engine: str, tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", WATCHED],
        env=os.environ | home | {"RESTORE_ENGINE": engine},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == engine, done.stderr
    assert done.stderr == ""
    assert {path.name for path in tmp_path.iterdir()} <= {"cache"}


def test_openvino_is_whole_for_programs_beside_us() -> None:
    code = (
        "import sys\n"
        "import restore, numpy\n"
        "recipe = restore.Recipe.parse('steps = [{use = \"colorize\", side = 64}]', 'quick')\n"
        "recipe.plan(restore.Photo(numpy.zeros((64, 80, 3), numpy.uint8)))\n"
        "assert 'openvino' in sys.modules\n"
        "import openvino, openvino.tools.ovc as real\n"
        "assert real.__file__ and real.convert_model is not openvino.convert_model\n"
    )
    environment = os.environ | {"RESTORE_ENGINE": "openvino"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, check=False)
    assert done.returncode == 0
