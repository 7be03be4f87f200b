"""The photos that the SOURCEs of a batch stand for, and where their results go."""

from __future__ import annotations

import glob
import os
import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from restore.errors import PhotoError, RestoreError
from restore.work.remote import Entry, is_url, url_of
from restore.work.remote import find as find_files
from restore.work.targets import identities, stem

NAME = "{folder}/{stem}{suffix}"
FIELDS = ("folder", "stem", "suffix")


@dataclass(frozen=True)
class Found:
    """A photo, and the folder below TARGET that its result goes to.

    Attributes
    ----------
    remote
        What a store says of it, if it lies in one.
    """

    path: Path
    folder: PurePath
    remote: Entry | None = None

    @property
    def tree(self) -> str:
        """Its path within its SOURCE, with "/"."""
        return (self.folder / self.path.name).as_posix()


def find(sources: Sequence[str], target: Path) -> Iterator[Found | PhotoError]:
    """The photos of all sources, one at a time, and what could not be searched.

    Parameters
    ----------
    sources
        Folders (searched whole, without hidden files and without following links), photos,
        patterns such as "scans/**/*.tif", lists ("@list.txt", one path on each line), and URLs of
        files and folders ("s3://archive/scans"). Of several folders each has a folder of its own
        name below TARGET.
    target
        A folder that is not searched.
    """
    folders = [source for source in sources if os.path.isdir(source)]  # noqa: PTH112
    names = [Path(os.path.abspath(folder)).name for folder in folders]  # noqa: PTH100
    for name in names:
        if names.count(name) > 1:
            raise RestoreError(
                f'two SOURCEs are called "{name}"; restore each into its own TARGET, or name '
                "the folder above them"
            )
    results = identities([target])
    for source in sources:
        if source in folders:
            below = PurePath(names[folders.index(source)] if len(folders) > 1 else "")
            yield from _in_folder(Path(source), below, results)
        elif source.startswith("@"):
            yield from _in_list(Path(source[1:]), results, target)
        elif is_url(source):
            yield from _in_store(source, url_of(target))
        elif glob.has_magic(source) and not os.path.lexists(source):
            yield from _by_pattern(source, results)
        else:
            yield Found(Path(source), PurePath())


def _in_folder(
    top: Path, below: PurePath, results: frozenset[tuple[int, int]]
) -> Iterator[Found | PhotoError]:
    from restore import files

    known = files.suffixes()
    todo = [top]
    while todo:
        folder = todo.pop()
        try:
            with os.scandir(folder) as scan:
                inside = sorted(scan, key=lambda entry: entry.name)
        except OSError as error:
            yield PhotoError(f"{folder}: cannot be read: {error.strerror}")
            continue
        deeper = []
        for entry in inside:
            path = folder / entry.name
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                deeper += [] if identities([path]) & results else [path]
            elif path.suffix.lower() in known and entry.is_file():
                yield Found(path, below / folder.relative_to(top))
        todo += reversed(deeper)


def _in_store(url: str, target: str) -> Iterator[Found | PhotoError]:
    """The photos at and below a URL."""
    from restore import files

    known = files.suffixes()
    try:
        for entry in find_files(url):
            name = PurePath(entry.name)
            if target and entry.url.startswith(f"{target.rstrip('/')}/"):
                continue
            if entry.url == url or name.suffix.lower() in known:
                yield Found(Path(entry.url), name.parent, entry)
    except PhotoError as error:
        yield error


def _in_list(
    path: Path, results: frozenset[tuple[int, int]], target: Path
) -> Iterator[Found | PhotoError]:
    """Paths in a list are from its folder; they keep their folders below TARGET."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise RestoreError(f"{path}: cannot be read: {error.strerror}") from error
    for line in lines:
        if not line.strip():
            continue
        if is_url(text := os.fsdecode(line)):
            yield from _in_store(text, url_of(target))
            continue
        photo = path.parent / os.fsdecode(line)
        if os.path.isdir(photo):  # noqa: PTH112
            yield from _in_folder(photo, _below(path.parent, photo), results)
        else:
            yield Found(photo, _below(path.parent, photo.parent))


def _by_pattern(pattern: str, results: frozenset[tuple[int, int]]) -> Iterator[Found | PhotoError]:
    from restore import files

    known, none = files.suffixes(), True
    fixed = Path()
    for part in Path(pattern).parts:
        if glob.has_magic(part):
            break
        fixed /= part
    for name in sorted(glob.iglob(pattern, recursive=True)):  # noqa: PTH207
        photo = Path(name)
        none = False
        if any(identities([above]) & results for above in photo.parents):
            continue
        if os.path.isdir(photo):  # noqa: PTH112
            if "**" not in pattern:  # which has its photos as well
                yield from _in_folder(photo, _below(fixed, photo), results)
        elif photo.suffix.lower() in known:
            yield Found(photo, _below(fixed, photo.parent))
    if none:
        yield PhotoError(f"{pattern}: matches no photos")


def _below(top: Path, folder: Path) -> PurePath:
    """The folder as seen from the top one; one that lies elsewhere keeps its whole path."""
    seen = PurePath(os.path.relpath(folder, top)) if not folder.is_absolute() else folder
    if top.is_absolute() and folder.is_relative_to(top):
        seen = folder.relative_to(top)
    parts = [part for part in seen.parts if part not in (seen.anchor, "..")]
    return PurePath(*parts)


class Naming:
    """The names of results, from a pattern such as "{folder}/{stem}_restored{suffix}".

    Raises
    ------
    RestoreError
        If the pattern has other fields, or could give two photos of a folder one name.
    """

    def __init__(self, pattern: str = NAME) -> None:
        try:
            fields = [
                name for _, name, spec, _ in string.Formatter().parse(pattern) if name or spec
            ]
        except ValueError as error:
            raise RestoreError(f'the name "{pattern}" is wrong: {error}') from error
        if unknown := [name for name in fields if name not in FIELDS]:
            known = ", ".join(f"{{{name}}}" for name in FIELDS)
            raise RestoreError(f'the name "{pattern}" has {{{unknown[0]}}}; choose from: {known}')
        parts = PurePath(pattern).parts
        if "{stem}" not in pattern or not pattern.endswith("{suffix}") or ".." in parts:
            raise RestoreError(
                f'the name "{pattern}" must have {{stem}}, end with {{suffix}}, and lead nowhere up'
            )
        self.pattern = pattern

    def target(self, found: Found, target: Path, form: str | None) -> Path:
        """The path of a photo's result; PhotoError if the format cannot be written."""
        from restore.work.targets import target_of

        suffix = target_of(found.path, Path(), form).suffix
        name = self.pattern.format(
            folder=found.folder.as_posix(), stem=stem(found.path), suffix=suffix
        )
        return target / name.lstrip("/")
