"""`restore info`: what a photo is, what is wrong with it, which recipe suits and why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from restore.commands._paths import FilePath

if TYPE_CHECKING:
    from rich.console import Console

    from restore.photo import Photo


@click.command(epilog="Example:  restore info scans/*.tif")
@click.argument("photos", nargs=-1, required=True, type=FilePath(), metavar="PHOTO...")
@click.pass_context
def info(ctx: click.Context, photos: tuple[Path, ...]) -> None:
    """Tell what PHOTOs are, what is wrong with them, and which recipe suits.

    Clipping is the share of pixels at the ends of the range, noise a standard deviation in codes
    of 8 bits, spread the values between which all but a hundredth at each end lie.
    """
    from restore import files
    from restore.commands._console import fail, stderr, stdout
    from restore.errors import PhotoError
    from restore.names import expanded

    todo, troubles = expanded(photos)
    for trouble in troubles:
        fail(stderr(), trouble)
    console, failed = stdout(), bool(troubles)
    for path in todo:
        try:
            tell(console, path, files.load(path))
        except PhotoError as error:
            fail(stderr(), error)
            failed = True
    ctx.exit(1 if failed else 0)


def tell(console: Console, path: Path, photo: Photo) -> None:
    """Print what is known and found of one photo."""
    from restore import profile
    from restore.commands._console import table
    from restore.errors import printable
    from restore.info import inspect

    source, found = photo.source, inspect(photo)
    height, width = photo.size
    depth = {8: "8 bits", 16: "16 bits", 32: "float"}[photo.bits]
    kind = "grey" if photo.samples.shape[2] == 1 else "R G B"
    pages = f", page 1 of {source.pages}" if source.pages > 1 else ""
    console.print(printable(path), style="bold", markup=False)
    facts = {
        "file": f"{source.format}, {width} x {height} ({width * height / 1e6:.1f} MP), "
        f"{kind}, {depth}{pages}",
        "profile": profile.name(source.profile) if source.profile else "none, taken as sRGB",
        "holds": ", ".join(
            word
            for word, there in (
                ("Exif", source.exif),
                ("XMP", source.xmp),
                ("IPTC", source.iptc),
                ("alpha", source.alpha is not None),
            )
            if there
        ),
        "made by": "; ".join(source.history),
        "warning": "; ".join(source.warnings),
    }
    for name, text in facts.items():
        if text:
            console.print(f"  {name:8} {printable(text)}", markup=False)
    listing = table("  channel", "clipped black", "clipped white", "noise", "spread")
    for name, one in found.channels.items():
        listing.add_row(
            f"  {name}",
            f"{one.black:.1%}",
            f"{one.white:.1%}",
            f"{one.noise:.1f}",
            f"{one.low:.2f} … {one.high:.2f}",
        )
    console.print(listing)
    for sentence in found.findings:
        console.print(f"  - {sentence}", markup=False)
    if found.recipe:
        console.print(f"  recipe   [bold]{found.recipe}[/]: {found.reason}")
    else:
        console.print(f"  recipe   none: {found.reason}")
