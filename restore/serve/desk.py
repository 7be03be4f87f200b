"""What the child process beside the views does: thumbnails, advice and the recipes' cards."""

from __future__ import annotations

from collections import OrderedDict
from functools import cached_property
from pathlib import Path
from typing import Any

from restore import files
from restore.context import Context
from restore.image.photo import Photo, Proxy
from restore.recipe import Recipe
from restore.report.info import inspect
from restore.serve import pictures
from restore.serve.darkroom import Ask, Reply, lowered
from restore.serve.limits import Limits
from restore.timeouts import Allow, Patience

HELD = 3
"""Photos whose small copies are kept."""
CARD = 448
"""Long side in pixels of the copy that the recipes' cards are planned on."""


class Small:
    """Small copies of a photo; the photo itself is let go once they are made."""

    def __init__(self, photo: Photo) -> None:
        photo = photo.cropped(photo.visible())
        self._photo = photo
        self.size = photo.size

    @cached_property
    def proxy(self) -> Proxy:
        """What the cards are planned on."""
        return self._photo.proxy(CARD)

    @cached_property
    def advice(self) -> dict[str, Any]:
        """The recipe that suits, with the reason."""
        info = inspect(self._photo)
        return {
            "recipe": info.advice.recipe,
            "alternatives": info.advice.alternatives,
            "reason": info.advice.reason,
            "certainty": round(info.advice.certainty, 2),
            "findings": info.findings,
            "about": _about(self._photo),
        }


def _about(photo: Photo) -> str:
    """What the file is, in one line."""
    height, width = photo.size
    depth = {8: "8 bits", 16: "16 bits", 32: "float"}[photo.bits]
    kind = "grey" if photo.samples.shape[2] == 1 else "RGB"
    size = f"{width} × {height} ({width * height / 1e6:.1f} MP)"
    pages = f", page 1 of {photo.source.pages}" if photo.source.pages > 1 else ""
    return f"{photo.source.format}, {size}, {kind}, {depth}{pages}"


class Desk:
    """Small copies of the last photos."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.context = Context(threads=1)
        self.held: OrderedDict[tuple[Path, str], Small] = OrderedDict()

    def do(self, ask: Ask, allow: Allow) -> Reply:
        """Do what is asked for."""
        self.patience = Patience(ask.path, allow)
        reply: Reply = getattr(self, ask.kind)(ask.path, **ask.values)
        return reply

    def small(self, path: Path, raw: str) -> Small:
        """The small copies of a photo."""
        key = (path, raw)
        if key not in self.held:
            while len(self.held) >= HELD:
                self.held.popitem(last=False)
            self.held[key] = Small(self.loaded(path, raw))
        self.patience.works()
        self.held.move_to_end(key)
        return self.held[key]

    def loaded(self, path: Path, raw: str) -> Photo:
        """A photo, decoded."""
        self.patience.reads()
        return files.load(
            path,
            raw=raw,
            limit=self.limits.pixels,
            sized=self.patience.reads,
            memory=self.limits.memory,
        )

    def thumbnail(self, path: Path, side: int) -> Reply:
        """The photo in the strip of all photos."""
        view = self.loaded(path, "developed").proxy(side).view
        return Reply({}, pictures.jpeg(pictures.codes(view.pixels), 85))

    def info(self, path: Path) -> Reply:
        """What is wrong with the photo, and which recipe suits."""
        return Reply(self.small(path, "developed").advice)

    def card(self, path: Path, recipe: Recipe, side: int) -> Reply:
        """What a recipe makes of the photo, small."""
        proxy = self.small(path, recipe.raw).proxy
        plan = recipe.plan(proxy, context=self.context)
        pixels = pictures.shrunk(plan.tile(proxy.view), side)
        return Reply({}, pictures.jpeg(pictures.codes(pixels), 85))


def desk(limits: Limits) -> Any:
    """The work of the child process beside the views."""
    import cv2

    cv2.setNumThreads(1)
    lowered()
    place = Desk(limits)
    return lambda ask, tell, allow: place.do(ask, allow)
