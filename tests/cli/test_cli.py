"""The command line: exit status, stdout, stderr, and the words of the message."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from restore import files
from restore.cli import cli
from restore.errors import PhotoError, RecipeError
from restore.recipe import Recipe

ENVIRONMENT = {**os.environ, "COLUMNS": "120", "NO_COLOR": "1"}
RNG = np.random.default_rng(11)


def restore(
    *arguments: object, cwd: Path | None = None, home: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does, in a process of its own."""
    command = [sys.executable, "-m", "restore", *map(str, arguments)]
    environment = ENVIRONMENT | ({"XDG_CONFIG_HOME": str(home)} if home else {})
    return subprocess.run(
        command, capture_output=True, text=True, cwd=cwd, env=environment, timeout=120, check=False
    )


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A small JPEG."""
    path = tmp_path / "photo.jpg"
    smooth = cv2.resize(RNG.integers(0, 256, (6, 8, 3), np.uint8), (96, 64))
    cv2.imwrite(str(path), smooth)
    return path


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """A quick recipe."""
    path = tmp_path / "quick.toml"
    path.write_text('title = "Quick"\n[[steps]]\nuse = "levels"\nblack = 5\n')
    return path


def test_help_has_an_example() -> None:
    todo = [([], cli)]
    for words, command in todo:
        done = CliRunner().invoke(cli, [*words, "--help"])
        assert done.exit_code == 0
        assert "Example:  restore" in done.output, words
        if isinstance(command, click.Group):
            inner = {name: command.get_command(None, name) for name in command.list_commands(None)}
            todo += [([*words, name], nested) for name, nested in inner.items()]
    assert len(todo) > 10


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys, restore.cli as c\n"
        "c.cli(['--help'], standalone_mode=False)\n"
        "heavy = {'numpy', 'cv2', 'openvino', 'rich', 'skimage', 'PIL'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_paths_go_to_stdout_and_the_original_stays(photo: Path, recipe: Path) -> None:
    before = photo.read_bytes()
    done = restore("run", recipe, photo, "-o", photo.parent / "out")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(photo.parent / "out" / "photo.jpg")]
    assert cv2.imread(done.stdout.strip()).shape == (64, 96, 3)
    assert photo.read_bytes() == before


def test_errors_name_the_option_that_helps(photo: Path, recipe: Path) -> None:
    photo.write_bytes(photo.read_bytes()[:1000])
    cut = restore("run", recipe, photo)
    assert "is cut off" in cut.stderr
    assert "; restore run --salvage restores what is there" in cut.stderr
    large = restore("info", photo, "--limit", "0.001")
    assert "at most 0.001 million are allowed; raise --limit if you trust" in large.stderr


def test_errors_in_python_name_no_options(photo: Path) -> None:
    photo.write_bytes(photo.read_bytes()[:1000])
    for options in ({}, {"limit": 9}):
        with pytest.raises(PhotoError) as caught:
            files.load(photo, **options)
        assert "--" not in str(caught.value)
    with pytest.raises(RecipeError, match=r"^fade.amont=1: there is no setting"):
        Recipe.named("fade").with_settings({"fade.amont": 1})


def test_out_is_beside_where_one_works(photo: Path, recipe: Path) -> None:
    done = restore("run", recipe, photo, cwd=photo.parent)
    assert done.stdout.strip() == str(Path("restored") / "photo.jpg")


def test_nothing_is_overwritten_unless_asked(photo: Path, recipe: Path) -> None:
    first = restore("run", recipe, photo, cwd=photo.parent)
    again = restore("run", recipe, photo, cwd=photo.parent)
    assert first.returncode == 0
    assert again.returncode == 1
    assert "exists already; use --overwrite, or another --out" in again.stderr
    assert restore("run", recipe, photo, "--overwrite", cwd=photo.parent).returncode == 0


def test_one_broken_photo_does_not_stop_the_others(photo: Path, recipe: Path) -> None:
    broken = photo.with_name("broken.jpg")
    broken.write_bytes(photo.read_bytes()[:200])
    done = restore("run", recipe, broken, photo, photo.with_name("gone.jpg"), cwd=photo.parent)
    assert done.returncode == 1
    assert done.stdout.split() == ["restored/photo.jpg"]
    assert "broken.jpg" in done.stderr
    assert "gone.jpg" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_photo_that_may_not_be_read_does_not_stop_the_others(photo: Path, recipe: Path) -> None:
    secret = photo.with_name("secret.jpg")
    secret.write_bytes(photo.read_bytes())
    secret.chmod(0)
    if os.access(secret, os.R_OK):
        pytest.skip("root may read everything")
    locked = photo.with_name("locked")
    locked.mkdir(0o500)
    closed = photo.with_name("closed")
    closed.mkdir(0)
    done = restore("run", recipe, secret, closed / "photo.jpg", closed, photo, cwd=photo.parent)
    closed.chmod(0o700)
    assert done.returncode == 1
    assert "closed/photo.jpg: cannot be opened: Permission denied" in done.stderr
    assert "closed: cannot be read: Permission denied" in done.stderr
    assert done.stdout.split() == ["restored/photo.jpg"]
    assert "secret.jpg: cannot be opened: Permission denied" in done.stderr
    refused = restore("run", recipe, photo, "-o", locked)
    assert refused.returncode == 1
    assert "locked/photo.jpg: cannot be written: Permission denied" in refused.stderr


def test_no_photo_of_the_run_is_replaced_by_a_result(photo: Path, recipe: Path) -> None:
    folder = photo.parent / "both"
    folder.mkdir()
    other = folder / "photo.jpg"
    other.write_bytes(photo.read_bytes() + b" ")
    before = other.read_bytes()
    done = restore("run", recipe, photo, folder, "-o", folder, "--overwrite")
    assert done.returncode == 1
    assert "one of the photos to restore" in done.stderr
    assert other.read_bytes() == before


def test_a_folder_without_photos_is_reported(photo: Path, recipe: Path) -> None:
    empty = photo.parent / "empty"
    (empty / "folder.jpg").mkdir(parents=True)
    for command in (("run", recipe), ("info",)):
        done = restore(*command, empty, photo, cwd=photo.parent)
        assert done.returncode == 1
        assert f"failed: {empty}: contains no photos\n" in done.stderr
        assert "photo.jpg" in done.stdout  # it does not stop the others


def test_only_the_suffix_of_a_format_is_no_part_of_a_name(photo: Path, recipe: Path) -> None:
    names = "box 12.001", "box 12.002", "3.5.1950", "wrong.tif"
    paths = [photo.with_name(name) for name in names]
    for path in paths:
        path.write_bytes(photo.read_bytes())
    done = restore("run", recipe, *paths, "-o", "done", cwd=photo.parent)
    made = ["box 12.001.jpg", "box 12.002.jpg", "3.5.1950.jpg", "wrong.jpg"]
    assert done.stdout.splitlines() == [f"done/{name}" for name in made]


def test_no_letter_stops_the_output(photo: Path, recipe: Path) -> None:
    odd = photo.with_name(os.fsdecode("ü日".encode() + b"\xff.jpg"))
    odd.write_bytes(photo.read_bytes())
    for encoding in ("ascii:strict", "latin-1:strict", "utf-8:strict"):
        environment = {**ENVIRONMENT, "PYTHONIOENCODING": encoding}
        for command in (
            ["run", recipe, odd, "-q", "-o", encoding],
            ["info", odd],
            ["steps", "levels"],
        ):
            done = subprocess.run(
                [sys.executable, "-m", "restore", *command],
                capture_output=True, cwd=photo.parent, env=environment, check=False,
            )  # fmt: skip
            assert (done.returncode, done.stderr) == (0, b"")
            if command[0] == "run":  # a program gets the very bytes of the name
                assert done.stdout.rstrip() == os.fsencode(Path(encoding, odd.name))


def test_a_suffix_names_its_format(photo: Path, recipe: Path) -> None:
    done = restore("run", recipe, photo, "--format", "TIF", cwd=photo.parent)
    assert done.stdout.strip() == "restored/photo.tif", done.stderr


def test_two_photos_of_one_name_do_not_overwrite_each_other(photo: Path, recipe: Path) -> None:
    other = photo.with_name("photo.png")
    other.write_bytes(photo.read_bytes())
    done = restore("run", recipe, photo, other, "--overwrite", cwd=photo.parent)
    assert done.returncode == 1
    assert "has just been made from" in done.stderr


def test_no_result_replaces_a_picture_of_the_same_run(photo: Path, recipe: Path) -> None:
    other = photo.with_name("photo.jpg.compare.jpg")
    other.write_bytes(photo.read_bytes())
    done = restore("run", recipe, photo, other, "--compare", "--overwrite", cwd=photo.parent)
    assert done.returncode == 1
    assert "restored/photo.jpg.compare.jpg has just been made from" in done.stderr
    assert len(done.stdout.split()) == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "faded-prnt", "x.jpg"], 'did you mean "faded-print"'),
        (["run", "monochrome", "x.jpg", "-s", "monochrome.amont=1"], 'did you mean "amount"'),
        (["run", "monochrome", "x.jpg", "-s", "monochrome.amount=7"], "outside 0 … 1"),
        (["run", "monochrome", "x.jpg", "-s", "amount"], "STEP.NAME=VALUE"),
        (["run", "monochrome"], "Missing argument"),
        (["run", "monochrome", ""], "is empty"),
        (["run", "monochrome", "x.jpg", "--limit", "nan"], "nan is outside 0.001"),
        (["run", "monochrome", "x.jpg", "--limit", "inf"], "inf is outside 0.001"),
        (["run", "monochrome", "x.jpg", "--format", "gif"], 'cannot write format "gif"'),
        (["run", "monochrome", "x.jpg", "-s", "monochrome.mix=auto\nx=1"], "is not known"),
        (["run", "x.jpg"], "RECIPE is missing; write: restore run RECIPE x.jpg ("),
        (["run", "x.jpg", "y z.jpg"], "RECIPE is missing; write: restore run RECIPE x.jpg … ("),
        (["x.jpg"], 'no command "x.jpg"; write: restore run RECIPE x.jpg ("restore info x.jpg"'),
        (["rum"], 'there is no command "rum"; did you mean "run"?'),
        (["models", "pul"], 'there is no command "pul"; did you mean "pull"?'),
        (["faded-print", "x.jpg"], 'did you mean "restore run faded-print"?'),
        (["fade", "x.jpg"], 'did you mean "restore run fade"?'),
        (["run", "fad", "x.jpg"], 'did you mean "fade"?'),
        (["recipes", "nothing"], "there is no recipe"),
        (["steps", "nothing"], "there is no step"),
    ],
)
def test_a_wrong_command_is_status_2_and_one_line(
    arguments: list[str], words: str, tmp_path: Path
) -> None:
    done = restore(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert not list(tmp_path.iterdir())


def test_a_setting_changes_the_result(photo: Path, recipe: Path) -> None:
    results = []
    for number, value in enumerate((0, 40)):
        out = photo.parent / str(number)
        restore("run", recipe, photo, "-o", out, "-s", f"levels.black={value}")
        results.append(cv2.imread(str(out / "photo.jpg")).mean())
    assert results[1] < results[0] - 20


def test_a_picture_that_cannot_be_written_leaves_the_result_and_is_reported(
    photo: Path, recipe: Path
) -> None:
    long = photo.rename(photo.with_name("x" * 245 + ".jpg"))  # .compare.jpg makes it too long
    done = restore("run", recipe, long, photo.parent / "none.jpg", "--compare", cwd=photo.parent)
    assert done.returncode == 1
    assert done.stdout.split() == [f"restored/{long.name}"]
    assert done.stderr.count("failed: ") == 2
    assert "File name too long" in done.stderr


def test_findings_are_printed_when_asked(tmp_path: Path) -> None:
    daylight = Path(__file__).parents[2] / "sample_images" / "scan-16bit.tif"
    done = restore("run", "hue_blend", daylight, "-v", cwd=tmp_path)
    assert done.returncode == 0
    lines = done.stderr.splitlines()
    assert any(line.startswith(f"{daylight}: hue_blend: ") for line in lines)
    assert sum("the light may have been white" in line for line in lines) == 1
    quiet = restore("run", "hue_blend", daylight, "-q", "--overwrite", cwd=tmp_path)
    assert quiet.stderr == ""


def test_compare_and_format(photo: Path, recipe: Path) -> None:
    done = restore("run", recipe, photo, "--compare", "--format", "png", cwd=photo.parent)
    assert done.stdout.split() == ["restored/photo.png", "restored/photo.png.compare.jpg"]
    pair = cv2.imread(str(photo.parent / "restored" / "photo.png.compare.jpg"))
    assert pair.shape == (64, 96 * 2 + 8, 3)


def test_a_folder_stands_for_its_photos(photo: Path, recipe: Path) -> None:
    (photo.parent / "notes.txt").write_text("not a photo")
    done = restore("run", recipe, photo.parent, "-o", photo.parent / "out")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.split()) == 1


def test_a_broken_own_recipe_does_not_hide_the_others(recipe: Path) -> None:
    folder = recipe.parent / "home" / "restore" / "recipes"
    folder.mkdir(parents=True)
    (folder / "draft.toml").write_text("oops")
    (folder / "Bad Name.toml").write_text(recipe.read_text())
    done = restore("recipes", home=recipe.parent / "home")
    assert done.returncode == 0
    assert "cannot be used" in done.stdout
    assert "led-concert" in done.stdout
    assert "Bad Name" not in done.stdout


def test_what_a_file_says_commands_no_terminal(photo: Path, recipe: Path) -> None:
    folder = photo.parent / "home" / "restore" / "recipes"
    folder.mkdir(parents=True)
    title = 'title = "[/bold] \\u001b[31m"'
    (folder / "odd.toml").write_text(recipe.read_text().replace('title = "Quick"', title))
    done = restore("recipes", home=photo.parent / "home")
    assert "[/bold] ?[31m" in done.stdout, done.stderr
    names = [photo.with_name("\x1b[31ma\nb.jpg"), photo.with_name("c\u202fd.jpg")]
    for name in names:
        name.write_bytes(photo.read_bytes())
    made = restore("run", recipe, *names, cwd=photo.parent)
    assert made.stdout == "restored/\x1b[31ma\nb.jpg\nrestored/c\u202fd.jpg\n"  # for programs
    again = restore("run", recipe, *names, cwd=photo.parent)
    assert [line[:28] for line in again.stderr.splitlines()] == [
        "failed: restored/?[31ma?b.jp",
        "failed: restored/c\u202fd.jpg exi",
        "2 failed",
    ]
    message = restore("info", names[0])
    assert message.stdout.startswith(f"{photo.parent}/?[31ma?b.jpg\n")


def test_own_recipes_are_found_by_name(photo: Path, recipe: Path) -> None:
    folder = photo.parent / "home" / "restore" / "recipes"
    folder.mkdir(parents=True)
    (folder / "mine.toml").write_text(recipe.read_text())
    done = restore("run", "mine", photo, cwd=photo.parent, home=photo.parent / "home")
    assert done.returncode == 0, done.stderr
    assert "mine" in restore("recipes", home=photo.parent / "home").stdout


def test_recipes_can_be_listed_shown_and_checked(recipe: Path) -> None:
    assert "led-concert" in restore("recipes").stdout
    assert "[[steps]]" in restore("recipes", "led-concert").stdout
    assert "OK, 1 step: levels" in restore("recipes", "--check", recipe).stdout
    recipe.write_text('[[steps]]\nuse = "levels"\nblack = 500\n')
    wrong = restore("recipes", "--check", recipe)
    assert wrong.returncode == 2
    assert "step 1 (levels): black = 500 is outside -50 … 99%" in wrong.stderr


def test_steps_can_be_listed_and_shown() -> None:
    assert "levels" in restore("steps").stdout
    shown = restore("steps", "levels").stdout
    assert "-50 … 99%" in shown
