"""A restored photo's entry for a report page, made where its pixels are."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from restore.color import Array
from restore.color.profile import shares
from restore.effect import Findings
from restore.image.photo import Photo
from restore.recipe import Recipe
from restore.report import comparison
from restore.report.entry import Entry
from restore.report.thumbnails import thumbnail

CLIPPED = 0.05
"""Share of a channel at its white end from which a report says so; sky and lamps are below."""
GRID = 512
"""Samples along a side that clipping is counted on."""
IDEA = 5.0
"""Bits of entropy, as of 32 equally likely colours, above which a network has little idea."""
WIDELY = 0.6
"""Share of a photo with little idea from which a report says so: of 80 photos that the compact
network was not trained on, it holds for one in seven."""


def entry(
    pages: Sequence[Photo],
    results: Sequence[Photo],
    recipe: Recipe,
    warnings: Iterable[str],
    summary: Iterable[str],
    largest: int,
) -> Entry:
    """The entry of a photo, all but its results, timings and what the run knows.

    Parameters
    ----------
    pages, results
        The pages of the original, and what became of them. Pictures are of the first.
    warnings, summary
        Sentences; those that name the photo's path first are shortened.
    largest
        Most bytes of a picture.
    """
    photo, path = pages[0], os.fspath(pages[0].source.path or "")
    height, width = photo.size
    findings = results[0].findings
    own = [*clipping(photo, findings), *doubts(findings)]
    lines = [line for page in results for line in comparison.lines(page.findings)]
    record = results[0].source.record
    return Entry(
        path=path,
        state="restored",
        recipe=recipe.name,
        title=recipe.title,
        settings=settings(recipe),
        summary=tuple(summary),
        findings=tuple(dict.fromkeys(lines)),
        warnings=tuple(dict.fromkeys([w.removeprefix(f"{path}: ") for w in warnings] + own)),
        record=dict(record),
        before=thumbnail(photo, largest),
        after=thumbnail(results[0], largest),
        size=(width, height),
    )


def settings(recipe: Recipe) -> dict[str, str]:
    """The settings given to each step, in words, by its label: "amount 0.5, model compact"."""
    return {
        label: ", ".join(f"{name} {comparison.said(value)}" for name, value in use.settings.items())
        for label, use in zip(recipe.labels, recipe.uses, strict=True)
    }


def clipping(photo: Photo, findings: Mapping[str, Findings]) -> list[str]:
    """What a photo has lost at white: "red channel 31% clipped"; as a step counted it, if any."""
    counted = (
        step.values["clipped"].value for step in findings.values() if "clipped" in step.values
    )
    lost = next((value for value in counted if isinstance(value, Mapping)), None) or _lost(photo)
    shares_lost = list(lost.values())
    if len(lost) == 3 and min(shares_lost) >= CLIPPED and np.ptp(shares_lost) < 0.02:
        return [f"{min(shares_lost):.0%} of the photo is clipped to white"]
    return [
        f"{name} channel {share:.0%} clipped" for name, share in lost.items() if share >= CLIPPED
    ]


def _lost(photo: Photo) -> Mapping[str, float]:
    """Share of each channel that is at its white end."""
    steps = (max(1, side // GRID) for side in photo.size)
    samples = photo.samples[tuple(slice(None, None, step) for step in steps)]
    values: Array = shares(samples).reshape(-1, samples.shape[2])
    names = ("red", "green", "blue") if values.shape[1] == 3 else ("grey",)
    clipped = (values >= 1 - 0.5 / 255).mean(0).tolist()
    return dict(zip(names, clipped, strict=True))


def doubts(findings: Mapping[str, Findings]) -> list[str]:
    """Where a network did not know: "the network had little idea in 62% of the photo"."""
    sentences = []
    for step in findings.values():
        sure = step.maps.get("confidence")
        if sure is None:
            continue
        share = float((sure.values < 1 - IDEA / np.log2(313)).mean())
        if share >= WIDELY:
            sentences.append(
                f"the network had little idea of the colours in {share:.0%} of the photo"
            )
    return sentences
