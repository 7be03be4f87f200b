"""What all figures share: sizes, type, axes. No global style: every value is handed down."""

from __future__ import annotations

import functools
import io
from typing import TYPE_CHECKING, Any

import numpy as np

from restore import color
from restore.color import Array
from restore.errors import MissingPackage

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

DPI = 300
WIDTH = 7.2
"""Inches: the text width of a page, or two columns of a journal."""
INK, QUIET, LINE = "#1c2127", "#5a6470", "#c8ced5"
TEXT = 8
MAP = "cividis"
"""Colour map of quantities: even in lightness, and read alike with every kind of colour vision."""
DYES = {"cyan": "#0085a8", "magenta": "#c2307a", "yellow": "#b38600"}
CHANNELS = {"red": "#c8321f", "green": "#1d8a3d", "blue": "#2a5bd0"}
DASHES = {"red": "solid", "green": (0, (5, 1.5)), "blue": (0, (1.5, 1))}


def require() -> None:
    """MissingPackage if there is nothing to draw with."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise MissingPackage(
            "figures need the matplotlib package; install it with: "
            'pip install "restore-photos[figures]"'
        ) from error


def sheet(width: float, height: float) -> Figure:
    """An empty figure of so many inches."""
    require()
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained", facecolor="white")


def files(figure: Figure, *, vector: bool) -> dict[str, bytes]:
    """The contents of a figure's files by suffix: PNG at `DPI`, and SVG if it is a chart.

    They say neither when nor by which program they were made: the same figure gives the same
    bytes.
    """
    forms: dict[str, dict[str, Any]] = {
        "png": {"metadata": {"Software": None}, "pil_kwargs": {"compress_level": 4}}
    }
    if vector:
        forms["svg"] = {"metadata": {"Date": None}}
    import matplotlib

    contents = {}
    for suffix, how in forms.items():
        out = io.BytesIO()
        with matplotlib.rc_context({"svg.hashsalt": "restore"}):  # ids that do not change
            figure.savefig(out, format=suffix, dpi=DPI, **how)
        contents[suffix] = out.getvalue()
        figure.set_layout_engine("none")  # it is laid out
    return contents


def tall(pixels: Array, width: float) -> float:
    """Height in inches of a picture that is so wide, within reason."""
    return float(np.clip(width * pixels.shape[0] / pixels.shape[1], 0.4 * width, 1.8 * width))


def picture(axes: Axes, pixels: Array, caption: str = "", **how: Any) -> Any:
    """Show sRGB-encoded (h, w, 3), or a map (h, w), without ticks, with a caption above."""
    shown = pixels.clip(0, 1) if pixels.ndim == 3 else pixels
    drawn = axes.imshow(shown, interpolation=how.pop("interpolation", "antialiased"), **how)
    axes.set_xticks([])
    axes.set_yticks([])
    frame(axes, LINE, 0.5)
    if caption:
        title(axes, caption)
    return drawn


def frame(axes: Axes, ink: Any, width: float) -> None:
    """Draw the frame of axes in a colour, so many points wide."""
    for spine in axes.spines.values():
        spine.set_color(ink)
        spine.set_linewidth(width)


def title(axes: Axes, text: str, size: float = TEXT) -> None:
    """A caption above axes, from their left."""
    axes.set_title(text, loc="left", fontsize=size, color=INK, pad=3)


def chart(axes: Axes, across: str = "", up: str = "") -> None:
    """Axes of a chart: labels with units, ticks outside, no box."""
    axes.set_xlabel(across, fontsize=TEXT, color=INK)
    axes.set_ylabel(up, fontsize=TEXT, color=INK)
    axes.tick_params(labelsize=TEXT - 1, colors=QUIET, length=2.5, width=0.6)
    frame(axes, LINE, 0.6)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def legend(axes: Axes, **how: Any) -> None:
    """A legend without a box."""
    axes.legend(fontsize=TEXT - 1, frameon=False, labelcolor=INK, **how)


def scale(figure: Figure | SubFigure, drawn: Any, axes: Any, label: str) -> None:
    """A bar beside axes that says what a map's colours mean."""
    bar = figure.colorbar(drawn, ax=axes, fraction=0.05, pad=0.02)
    bar.set_label(label, fontsize=TEXT, color=INK)
    bar.ax.tick_params(labelsize=TEXT - 1, colors=QUIET, length=2, width=0.5)
    bar.outline.set_linewidth(0.4)


def plane(axes: Axes, reach: float = 115) -> None:
    """Axes of CIE a* and b*, with the outline of what sRGB can show at any lightness."""
    chart(axes, "a*", "b*")
    axes.axhline(0, color=LINE, linewidth=0.5, zorder=0)
    axes.axvline(0, color=LINE, linewidth=0.5, zorder=0)
    edge = outline()
    axes.plot(*edge.T, color=QUIET, linewidth=0.8, zorder=1)
    axes.set_xlim(-reach, reach)
    axes.set_ylim(-reach, reach)
    axes.set_aspect("equal")


@functools.cache
def outline() -> Array:
    """(n, 2) a* b* of the outline of the sRGB gamut, all lightnesses together, closed."""
    corners = np.array(
        [(1, 0, 0), (1, 1, 0), (0, 1, 0), (0, 1, 1), (0, 0, 1), (1, 0, 1), (1, 0, 0)], np.float32
    )
    turn = np.linspace(0, 6, 361)
    saturated = [np.interp(turn, range(7), channel) for channel in corners.T]
    return color.to_lab(np.stack(saturated, 1))[:, 1:]


def patch(ab: Any, lightness: float = 62) -> tuple[float, float, float]:
    """The sRGB colour of a chip of a* b*, as vivid as can be shown at that lightness."""
    lab = np.array([[[lightness, *np.asarray(ab, np.float32)]]], np.float32)
    red, green, blue = color.into_gamut(lab)[0, 0].tolist()
    return red, green, blue


def signed(value: float) -> str:
    """A whole number with its sign, but for 0."""
    return f"{round(float(value)):+d}" if round(float(value)) else "0"


def writable(name: str) -> bool:
    """Whether a file's name can be a caption: the font has its letters, and it is no formula."""
    return len(name) <= 40 and "$" not in name and all(" " <= letter < "\u0530" for letter in name)


def fitted(pixels: Array, side: int) -> Array:
    """A picture averaged down to at most `side` pixels on the long side."""
    import cv2

    shrink = side / max(pixels.shape[:2])
    if shrink >= 1:
        return np.ascontiguousarray(pixels)
    size = tuple(max(1, round(length * shrink)) for length in pixels.shape[1::-1])
    return cv2.resize(np.ascontiguousarray(pixels), size, interpolation=cv2.INTER_AREA)
