"""What the child process of a view does: decode a photo, plan, and render what the page shows."""

from __future__ import annotations

import os
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import takewhile
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from restore import files
from restore.effect import Findings
from restore.errors import Cancelled, PhotoError
from restore.image.notes import KEYS, Notes
from restore.image.photo import Photo, Proxy, Window
from restore.plan import Plan
from restore.recipe import Recipe
from restore.report import comparison
from restore.serve import chains, pictures, points
from restore.serve.limits import Limits
from restore.serve.proxies import KeptProxy
from restore.serve.remembering import Remembering
from restore.timeouts import Allow, Patience

HELD = 2
"""Decoded photos a view keeps."""
ROUGH = ((512, 4), (320, 8))
"""While a slider moves: long side in pixels of the proxy, and every how many-th of its patches; the
second where the first is too slow."""
SLOW = 0.12
"""Seconds from which a sketch is too slow."""
TILE = 512
"""Side of a tile of real pixels."""
MAPS = {"recoverability": "recoverability", "confidence": "uncertainty"}
"""Maps of the steps that the page shows, and what it calls them."""
FOLLOWED = {"colorize": {"hints"}, "fade": {"grey"}, "scratches": {"damage", "keep"}}
"""Which hints and marks a step follows."""
CHANGED = 2 / 255
"""Difference from which a pixel counts as filled by `scratches`."""


class Newest(Protocol):
    """The number of the newest plan asked for, shared by two processes."""

    value: int


@dataclass(frozen=True)
class Ask:
    """Something a view wants to see of a photo; it goes through a pipe.

    Attributes
    ----------
    number
        Of the plan it belongs to: once a newer one is asked for, the work is cancelled. 0 never is.
    kind, values
        The name of a method of `Darkroom`, and its arguments.
    """

    path: Path
    number: int
    kind: str
    values: Mapping[str, Any]
    folder = None


@dataclass(frozen=True)
class Reply:
    """Facts as plain data, and a file for the browser."""

    facts: dict[str, Any] = field(default_factory=dict)
    data: bytes = b""


@dataclass(eq=False)
class Opened:
    """A decoded photo and what is known of it.

    Attributes
    ----------
    photo
        Without its transparent surroundings.
    seen
        Where `photo` is in the file.
    recipe, plan, roughly
        The last recipe, its plan, and the last plan of the smaller proxy that sketches are made of.
    noted, number
        Hints and marks of the last plan, and its number.
    likely
        What the network says of the photo as the plan's steps make it.
    coarseness
        Which of the sizes of `ROUGH` sketches are made of.
    """

    photo: Photo
    seen: Window
    recipe: Recipe | None = None
    plan: Plan | None = None
    roughly: Plan | None = None
    noted: Notes = field(default_factory=Notes)
    number: int = 0
    likely: points.Likely | None = None
    coarseness: int = 0
    _rough: KeptProxy | None = None

    @property
    def frame(self) -> tuple[float, float, float, float]:
        """Left, top, width and height of `photo` in the file, as shares."""
        seen, (height, width) = self.seen, self.seen.size
        return seen.left / width, seen.top / height, seen.width / width, seen.height / height

    def note(self, noted: Notes) -> None:
        """Take other hints and marks; plans keep the steps before the first that follows them."""
        changed = {kind for kind in KEYS if noted.of(kind) != self.noted.of(kind)}
        self.noted = noted
        for name in ("plan", "roughly") if changed else ():
            plan = getattr(self, name)
            if plan:
                steps = takewhile(
                    lambda one: not changed & FOLLOWED.get(one.step, set()), plan.steps
                )
                setattr(self, name, replace(plan, steps=tuple(steps)))

    @cached_property
    def proxy(self) -> KeptProxy:
        """What plans are made on."""
        return KeptProxy.of(self.photo.proxy())

    def rough(self) -> KeptProxy:
        """A smaller proxy, for previews while a slider moves."""
        if self._rough is None:
            side, every = ROUGH[self.coarseness]
            proxy = self.photo.proxy(side)
            self._rough = KeptProxy.of(replace(proxy, patches=proxy.patches[::every]))
        return self._rough

    def coarser(self) -> None:
        """Make sketches of a smaller proxy from now on, if there is one."""
        if self.coarseness + 1 < len(ROUGH):
            self.coarseness += 1
            self._rough = self.roughly = None

    def chain(self, plan: Plan) -> list[Proxy]:
        """The proxy as each step of the plan finds it."""
        return chains.chain(self.proxy.with_notes(self.noted), plan)


class Darkroom:
    """Photos, plans and networks of one view."""

    def __init__(self, newest: Newest, limits: Limits) -> None:
        self.newest, self.limits = newest, limits
        self.number = 0
        self.context = Remembering(cancelled=self._unwanted)
        self.held: OrderedDict[tuple[Path, int, str], Opened] = OrderedDict()

    def _unwanted(self) -> bool:
        return self.number not in (0, self.newest.value)

    def do(self, ask: Ask, allow: Allow) -> Reply:
        """Do what is asked for.

        Raises
        ------
        Cancelled
            If a newer plan has been asked for meanwhile.
        """
        self.number = ask.number
        self.context.check()
        self.patience = Patience(ask.path, allow)
        reply: Reply = getattr(self, ask.kind)(ask.path, **ask.values)
        return reply

    def opened(self, path: Path, raw: str) -> Opened:
        """A photo, decoded at first use and again when its file has changed."""
        try:
            changed = path.stat().st_mtime_ns
        except OSError as error:
            raise PhotoError(f"{path}: cannot be read: {error.strerror}") from error
        key = (path, changed, raw)
        if key not in self.held:
            while len(self.held) >= HELD:
                self.held.popitem(last=False)
            self.patience.reads()
            photo = files.load(
                path,
                raw=raw,
                limit=self.limits.pixels,
                sized=self.patience.reads,
                memory=self.limits.memory,
            )
            seen = photo.visible()
            self.held[key] = Opened(replace(photo.cropped(seen), hints=(), marks=()), seen)
        self.patience.works()
        self.held.move_to_end(key)
        return self.held[key]

    def before(self, path: Path) -> Reply:
        """The photo as it is, with its histogram."""
        photo = self.opened(path, "developed")
        values = pictures.codes(photo.proxy.view.pixels)
        height, width = photo.photo.size
        facts = {
            "size": [width, height],
            "frame": photo.frame,
            "pages": photo.photo.source.pages,
            "histogram": pictures.histogram(values),
        }
        return Reply(facts, pictures.jpeg(values))

    def preview(self, path: Path, recipe: Recipe, noted: Notes) -> Reply:
        """Plan a recipe, and show what it makes of the photo."""
        photo = self.opened(path, recipe.raw)
        photo.note(_within(noted, photo))
        photo.plan = plan = recipe.plan(
            photo.proxy.with_notes(photo.noted), reuse=photo.plan, context=self.context
        )
        photo.number, photo.recipe = self.number, recipe
        photo.likely = None
        chain = photo.chain(plan)
        self.context.check()
        values = pictures.codes(chains.result(plan, chain))
        facts = {
            "histogram": pictures.histogram(values),
            "findings": [
                _findings(step.label, step.step, step.effect.findings) for step in plan.steps
            ],
            "headline": comparison.headline(plan.findings),
            "number": self.number,
        }
        return Reply(facts, pictures.jpeg(values))

    def warm(self, path: Path, raw: str) -> Reply:
        """Get ready for sketches while nothing else is to do."""
        photo, _ = self._planned(path, raw)
        if photo.recipe:
            rough = photo.rough().with_notes(photo.noted)
            photo.roughly = plan = photo.recipe.plan(
                rough, reuse=photo.roughly, context=self.context
            )
            chains.chain(rough, plan)
        return Reply()

    def sketch(self, path: Path, recipe: Recipe, noted: Notes) -> Reply:
        """A preview while a slider moves: smaller, and the steps after it are not planned anew."""
        photo = self.opened(path, recipe.raw)
        began = time.monotonic()
        rough = photo.rough().with_notes(_within(noted, photo))
        rough = replace(rough, context=self.context)
        plan = photo.roughly
        first = moved = chains.moved(recipe, plan) if plan else None
        if plan is None or moved is None:
            photo.roughly = plan = recipe.plan(rough, reuse=plan, context=self.context)
            moved = len(plan.steps) - 1
        proxy = chains.chain(rough, plan)[moved]
        use = recipe.uses[moved]
        effect = plan.steps[moved].effect
        settings = plan.steps[moved].settings
        if dict(use.settings) != dict(settings):
            weaker = chains.of_amount(effect, settings, use.settings)
            effect = weaker or use.step.plan(proxy, **use.settings)
        self.context.check()
        tile = effect.passed(proxy.view)
        for later in plan.steps[moved + 1 :]:
            tile = later.effect.passed(tile)
        values = pictures.codes(tile.pixels)
        if first is not None and time.monotonic() - began > SLOW:
            photo.coarser()
        return Reply({"histogram": pictures.histogram(values)}, pictures.jpeg(values))

    def _planned(self, path: Path, raw: str) -> tuple[Opened, Plan]:
        photo = self.opened(path, raw)
        if photo.plan is None or photo.number != self.number:
            raise Cancelled("the plan is gone")  # the process was started anew
        return photo, photo.plan

    def tile(self, path: Path, raw: str, level: int, row: int, column: int, after: bool) -> Reply:
        """Real pixels: `TILE` wide, averaged 2 x 2 `level` times."""
        if after:
            photo, plan = self._planned(path, raw)
        else:
            photo, plan = self.opened(path, "developed"), None
        size, side = photo.photo.size, TILE << level
        if row * side >= size[0] or column * side >= size[1]:
            raise PhotoError(f"{path}: has no such tile")
        window = Window(row * side, column * side, side, side, size).within(Window.whole(*size))
        if plan:
            part = plan.render(photo.photo, window=window, context=self.context)
        else:
            part = photo.photo.cropped(window)
        pixels = part.tile(Window.whole(*part.size)).pixels
        if level:
            pixels = pictures.shrunk(pixels, max(1, max(part.size) >> level))
        return Reply({}, pictures.png(pictures.codes(pixels, window.top, window.left)))

    def map(self, path: Path, raw: str, name: str) -> Reply:
        """A map over the photo as grey shades."""
        photo, plan = self._planned(path, raw)
        chain = photo.chain(plan)
        if name == "clipping":
            return Reply({}, pictures.png(pictures.clipped(chains.result(plan, chain))))
        for number, step in reversed(list(enumerate(plan.steps))):
            if name == "scratches" and step.step == "scratches":
                seen = chain[number].view
                off = np.abs(step.effect.passed(seen).pixels - seen.pixels).max(-1)
                return Reply({}, pictures.png(pictures.shades(off > CHANGED)))
            for own, shown in MAPS.items():
                if shown == name and own in step.effect.findings.maps:
                    values = step.effect.findings.maps[own].values
                    values = 1 - values if own == "confidence" else values
                    return Reply({}, pictures.png(pictures.shades(values)))
        raise PhotoError(f"{path}: there is no map of {name}")

    def colours(self, path: Path, raw: str, x: float, y: float) -> Reply:
        """The colours that a place may have, and the one it has."""
        photo, plan = self._planned(path, raw)
        chain = photo.chain(plan)
        if photo.likely is None:
            photo.likely = points.Likely.of(plan, chain, self.context)
        facts = photo.likely.at(x, y)
        return Reply({**facts, "now": points.lab(chains.result(plan, chain), x, y)})


def _within(noted: Notes, photo: Opened) -> Notes:
    """What was given in shares of the file, in shares of its visible part."""
    if photo.seen == Window.whole(*photo.seen.size):
        return noted
    hints = tuple(hint.within(photo.seen) for hint in noted.hints)
    return Notes(hints, tuple(mark.within(photo.seen) for mark in noted.marks))


def _findings(label: str, step: str, findings: Findings) -> dict[str, Any]:
    values = []
    for name, quantity in findings.values.items():
        row: dict[str, Any] = {"name": name, "text": comparison.measured(quantity)}
        if isinstance(quantity.value, Mapping):
            row["parts"] = dict(quantity.value)
        values.append(row)
    shown = [MAPS[name] for name in findings.maps if name in MAPS]
    return {
        "label": label,
        "summary": findings.summary,
        "warnings": list(findings.warnings),
        "values": values,
        "maps": shown + ["scratches"] * (step == "scratches"),
    }


def view(newest: Newest, limits: Limits) -> Any:
    """The work of a view's child process."""
    room = Darkroom(newest, limits)
    return lambda ask, tell, allow: room.do(ask, allow)


def lowered() -> None:
    """Let the views go first."""
    if hasattr(os, "nice"):
        os.nice(5)
