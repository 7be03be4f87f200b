"""What a shell completes, asked as a shell asks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CODE = "import sys; sys.argv[0] = 'restore'; from restore.__main__ import main; main()"


def completed(*words: str) -> list[str]:
    """The completions that bash gets for the last of the words after `restore`."""
    asked = {
        "_RESTORE_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(["restore", *words]),
        "COMP_CWORD": str(len(words)),
    }
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        capture_output=True,
        text=True,
        env={**os.environ, **asked},
        check=False,
    )
    assert done.stderr == ""
    return [line.partition(",")[2] for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["ru"], ["run"]),
        (["run", "fad"], ["fade", "faded-film", "faded-print", "faded-slide"]),
        (["run", "fade", "scan.tif", "-s", "fade.am"], ["fade.amount="]),
        (["run", "fade", "scan.tif", "--format", "jpe"], ["jpeg", "jpeg2000", "jpegxl"]),
        (["recipes", "led"], ["led-concert"]),
        (["steps", "hue"], ["hue_blend"]),
        (["models", "pull", "zhang2016-"], ["zhang2016-norebal"]),
        (["inspect", "--model", "comp"], ["compact"]),
        (["completion", "f"], ["fish"]),
    ],
)
def test_names_are_completed(words: list[str], expected: list[str]) -> None:
    assert completed(*words) == expected


def test_values_of_a_setting_are_completed() -> None:
    values = completed("run", "monochrome", "scan.tif", "-s", "monochrome.mix=au")
    assert values == ["monochrome.mix=auto"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_each_shell_serves_both_names(shell: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "restore", "completion", shell],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert f"_RESTORE_COMPLETE={shell}_complete" in done.stdout
    assert f"_RESTORE_PHOTOS_COMPLETE={shell}_complete" in done.stdout
    if shell == "bash":
        script = tmp_path / "script"
        script.write_text(done.stdout)
        subprocess.run(["bash", "-n", script], check=True)


def test_no_summary_is_cut_off() -> None:
    for words in ([], ["models"]):
        done = subprocess.run(
            [sys.executable, "-m", "restore", *words, "--help"],
            capture_output=True,
            text=True,
            check=True,
        )
        assert "..." not in done.stdout.partition("Commands:")[2]


def test_a_steps_name_is_a_recipe_of_one_step() -> None:
    from restore import Recipe

    assert Recipe.named("fade").labels == ["fade"]
    assert Recipe.named("fade").with_settings({"fade.amount": "0.5"}).name == "fade"
    assert len(Recipe.named("monochrome").title) > 0
