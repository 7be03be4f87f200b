"""The scripts for other programs, run as those programs would."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
from pathlib import Path

import numpy as np
import pytest

from restore import files
from restore.image.photo import Photo

SCRIPTS = Path(__file__).parents[1] / "docs" / "integrations"
pytestmark = pytest.mark.skipif(os.name == "nt", reason="the scripts are for a POSIX shell")


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    values = np.random.default_rng(0).integers(60, 180, (40, 50, 3), np.uint8)
    path = tmp_path / "a photo's copy.png"
    files.save(Photo(values), path)
    return path


def call(*command: str | Path, **variables: str | Path) -> None:
    path = f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}"
    given = {name: str(value) for name, value in variables.items()}
    subprocess.run(["sh", *command], env=os.environ | {"PATH": path} | given, check=True)


def test_in_place_replaces_a_copy(photo: Path) -> None:
    before = photo.read_bytes()
    call(SCRIPTS / "in-place.sh", "faded-print", photo)
    assert photo.read_bytes() != before
    assert files.load(photo).source.record["name"] == "faded-print"
    assert [path.name for path in photo.parent.iterdir()] == [photo.name]


def test_digikam_writes_the_output_it_asks_for(photo: Path) -> None:
    output = photo.parent / "out put.tif"
    call(SCRIPTS / "digikam.sh", INPUT=photo, OUTPUT=output)
    assert files.load(output).source.format == "tiff"


def test_nautilus_restores_beside_the_photos(photo: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / ".local" / "bin").mkdir(parents=True)
    shutil.copy(SCRIPTS / "beside.sh", home / ".local" / "bin" / "restore-beside")
    chosen = f"{photo}\n"
    call(SCRIPTS / "nautilus.sh", NAUTILUS_SCRIPT_SELECTED_FILE_PATHS=chosen, HOME=home)
    assert (photo.parent / "restored" / photo.name).exists()
