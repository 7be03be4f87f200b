"""Tables of the scores, in Markdown and HTML."""

from __future__ import annotations

import base64
import html
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from benchmarks import _measures
from benchmarks._work import Score


@dataclass(frozen=True)
class Table:
    """A heading, the columns' names, and rows of texts; `note` stands under it."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""

    def markdown(self) -> str:
        """The table as Markdown."""
        lines = [f"### {self.title}", "", "| " + " | ".join(self.columns) + " |"]
        lines.append("|" + "---|" * len(self.columns))
        lines += ["| " + " | ".join(row) + " |" for row in self.rows]
        return "\n".join([*lines, *(["", self.note] if self.note else []), ""])

    def html(self) -> str:
        """The table as HTML."""
        rows = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
            for row in self.rows
        )
        head = "".join(f"<th>{html.escape(name)}</th>" for name in self.columns)
        note = f"<p>{html.escape(self.note)}</p>"
        return f"<h3>{html.escape(self.title)}</h3><table><tr>{head}</tr>{rows}</table>{note}"


def per_photo(scores: Sequence[Score], measure: str) -> dict[str, float]:
    """Each photo's mean of a measure over the cases."""
    values = defaultdict(list)
    for score in scores:
        values[score.photo].append(score.values[measure])
    return {photo: float(np.mean(numbers)) for photo, numbers in sorted(values.items())}


def mean(scores: Sequence[Score], measure: str) -> float:
    """The mean of a measure over all photos and cases."""
    return float(np.mean([score.values[measure] for score in scores]))


def worse(scores: Sequence[Score], reference: Sequence[Score], measure: str = "dE") -> float:
    """Share of the damaged photos that a method made worse than the reference left them."""
    before = {(s.case, s.photo): s.values[measure] for s in reference}
    pairs = [(s.values[measure], before[s.case, s.photo]) for s in scores]
    return float(np.mean([after > was for after, was in pairs]))


def colours(title: str, scores: Sequence[Score], reference: str) -> Table:
    """Methods by cases: mean CIEDE2000, then what all cases come to."""
    cases = list(dict.fromkeys(s.case for s in scores))
    methods = _methods(scores)
    rows = []
    for method, own in methods.items():
        errors = [mean([s for s in own if s.case == case], "dE") for case in cases]
        whole = [s.values["dE"] for s in own]
        low, high = _measures.interval(list(per_photo(own, "dE").values()))
        rows.append(
            (
                method,
                *(f"{value:.1f}" for value in errors),
                f"**{np.mean(whole):.2f}** ({low:.1f} … {high:.1f})",
                f"{np.median(whole):.1f}",
                f"{np.percentile(whole, 90):.1f}",
                f"{mean(own, 'p90'):.1f}",
                f"{mean(own, 'ab'):.1f}",
                f"{mean(own, 'ssim'):.3f}",
                "–" if method == reference else f"{100 * worse(own, methods[reference]):.0f}%",
            )
        )
    summary = ("mean (95%)", "median", "p90 of photos", "p90 of pixels", "ab-RMSE", "SSIM L*")
    photos = len({s.photo for s in scores})
    return Table(
        f"{title}, n = {photos} photos",
        ("mean CIEDE2000", *cases, *summary, "made worse"),
        tuple(rows),
        f"Made worse: farther from the truth than “{reference}” on the same photo.",
    )


def lightness(title: str, scores: Sequence[Score], reference: str) -> Table:
    """Methods by lights (exposures together): PSNR of L*, then what all come to."""
    lights = list(dict.fromkeys(s.case.partition(",")[0] for s in scores))
    exposures = list(dict.fromkeys(s.case.rpartition(", ")[2] for s in scores))
    methods = _methods(scores)
    rows = []
    for method, own in methods.items():
        by_light = [[s for s in own if s.case.startswith(light + ",")] for light in lights]
        by_exposure = [[s for s in own if s.case.endswith(", " + ev)] for ev in exposures]
        low, high = _measures.interval(list(per_photo(own, "psnr").values()))
        same = method == reference
        share = 0 if same else 1 - worse(own, methods[reference], "psnr")
        rows.append(
            (
                method,
                *(f"{mean(part, 'psnr'):.2f}" for part in (*by_light, *by_exposure)),
                f"**{mean(own, 'psnr'):.2f}** ({low:.1f} … {high:.1f})",
                f"{mean(own, 'ssim'):.3f}",
                "–" if same else f"{100 * share:.0f}%",
            )
        )
    photos = len({s.photo for s in scores})
    columns = ("PSNR of L*, dB", *lights, *exposures, "mean (95%)", "SSIM", "made worse")
    return Table(f"{title}, n = {photos} photos", columns, tuple(rows))


def _methods(scores: Sequence[Score]) -> dict[str, list[Score]]:
    """Scores by method, peers first, ours and bounds last, in the order they came."""
    methods: dict[str, list[Score]] = defaultdict(list)
    for score in scores:
        if score.values:
            methods[score.method].append(score)

    def place(method: str) -> int:
        return 2 if method.startswith("bound") else 1 if method.startswith("ours") else 0

    return {method: methods[method] for method in sorted(methods, key=place)}


def sheet(title: str, scores: Sequence[Score]) -> str:
    """Pictures side by side: a row a photo and case, a column a method."""
    shown = [s for s in scores if s.picture is not None]
    methods = list(dict.fromkeys(s.method for s in shown))
    rows: dict[tuple[str, str, str], dict[str, str]] = defaultdict(dict)
    for s in shown:
        bgr = np.ascontiguousarray(s.picture[..., ::-1])
        packed = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()
        data = base64.b64encode(packed).decode()
        error = f"{s.values.get('dE', s.values.get('psnr')):.1f}" if s.values else ""
        rows[s.photo, s.group, s.case][s.method] = (
            f'<td><img src="data:image/jpeg;base64,{data}"><br>{error}</td>'
        )
    head = "".join(f"<th>{html.escape(method)}</th>" for method in methods)
    body = "".join(
        f"<tr><th>{html.escape(photo)}<br>{html.escape(group)}<br>{html.escape(case)}</th>"
        + "".join(cells.get(method, "<td></td>") for method in methods)
        + "</tr>"
        for (photo, group, case), cells in rows.items()
    )
    return f"<h3>{html.escape(title)}</h3><table><tr><th></th>{head}</tr>{body}</table>"
