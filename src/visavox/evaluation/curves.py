"""Pictures that stand as files of their own (SVG): how a training went, and what the variants of a recipe gave."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from visavox.evaluation import page, plots
from visavox.evaluation.trained import history_in

TOLD: Mapping[str, str] = {
    "loss": "training",
    "validation_loss": "validation",
    "score": "UAR, validation",
    "accuracy": "accuracy, validation",
    "training_accuracy": "accuracy, training",
}
"""How the columns of `history.csv` are called in a picture; others keep their names."""

GAP = 28
"""Pixels between the plots of one picture."""

HEADING = 26
"""Pixels above a plot for its name."""


def of_history(path: str | os.PathLike[str]) -> dict[str, list[float]]:
    """The columns of a `history.csv`, without the numbers of the epochs and the seconds; none where it is not there."""
    rows = history_in(Path(path))
    names = [name for name in (rows[0] if rows else {}) if name not in ("epoch", "seconds")]
    return {name: [row[name] for row in rows] for name in names}


def picture(columns: Mapping[str, Sequence[float]], title: str, *, best: int | None = None) -> str:
    """Loss and scores by epoch, side by side, on training and on validation clips.

    Args:
        columns: numbers of each epoch, by their name in `history.csv`; those that are not all numbers are not drawn.
        title: of the picture.
        best: the epoch (from 1) that was kept; where nothing is said, the first with the best score.

    Returns:
        The text of an SVG file.
    """
    whole = {name: line for name, line in columns.items() if line and all(map(math.isfinite, line))}
    scores = whole.get("score")
    if best is None and scores:
        best = 1 + scores.index(max(scores))
    lost, right = ({TOLD.get(name, name): line for name, line in part.items()} for part in plots.divided(whole))
    drawn = [(name, lines) for name, lines in (("loss", lost), ("right, as a share", right)) if lines]
    return standalone([(name, plots.curves(lines, f"{title}: {name}", best=best)) for name, lines in drawn], title)


def write(folder: str | os.PathLike[str], title: str, *, keep: str = "best") -> list[Path]:
    """Draws each `history.csv` of a run folder as `curves.svg` beside it; a model of several networks has several.

    Args:
        folder: of the run.
        title: of the pictures.
        keep: which epoch was kept, as in `visavox.training.Schedule`.
    """
    written = []
    for history in sorted(Path(folder).rglob("history.csv")):
        columns = of_history(history)
        best = len(next(iter(columns.values()))) if columns and keep == "last" else None
        name = history.parent.relative_to(folder).as_posix()
        told = title if name == "." else f"{title}, {name}"
        written.append(page.save(picture(columns, told, best=best), history.with_suffix(".svg").with_stem("curves")))
    return written


class Bar(NamedTuple):
    """One variant in a bar chart; all numbers are shares (0..1).

    Args:
        name: of the variant.
        value: ours; None where there is none.
        low: where its interval begins.
        high: where it ends.
        reported: what the report gives.
    """

    name: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    reported: float | None = None


def bars(rows: Sequence[Bar], title: str, *, chance: float | None = None) -> str:
    """A bar chart of what the variants of a recipe gave, reported figures beside ours.

    Args:
        rows: the variants.
        title: of the picture.
        chance: what guessing gives.

    Returns:
        The text of an SVG file.
    """
    step, top, bottom, right = 34, 10, 40, 64
    left = 24 + 7 * max((len(row.name) for row in rows), default=0)
    width, height = left + 420 + right, top + step * len(rows) + bottom
    across = width - left - right
    parts = []
    for tick in range(0, 101, 20):
        x = left + across * tick / 100
        parts.append(f'<path class="grid" d="M{x:.1f} {top}V{height - bottom}"/>')
        parts.append(f'<text class="soft mid" x="{x:.0f}" y="{height - bottom + 16}">{tick}</text>')
    for number, row in enumerate(rows):
        y = top + step * number
        parts.append(f'<text class="end" x="{left - 8}" y="{y + 20}">{escape(row.name)}</text>')
        if row.value is not None:
            told = f"{row.name}: {100 * row.value:.1f} %"
            parts.append(
                f'<rect class="bar" x="{left}" y="{y + 5}" width="{across * row.value:.1f}" height="12">'
                f"<title>{escape(told)}</title></rect>"
            )
            parts.append(f'<text x="{left + across + 8}" y="{y + 20}">{100 * row.value:.1f}</text>')
        else:
            parts.append(f'<text class="soft" x="{left + 6}" y="{y + 15}">not trained</text>')
        if row.value is not None and row.low is not None and row.high is not None:
            ends = f"M{left + across * row.low:.1f} {y + 11}H{left + across * row.high:.1f}"
            parts.append(f'<path class="guide strong" d="{ends}"/>')
        if row.reported is not None:
            told = f"{row.name}, reported: {100 * row.reported:.1f} %"
            parts.append(
                f'<rect class="reported" x="{left}" y="{y + 19}" width="{across * row.reported:.1f}" height="7">'
                f"<title>{escape(told)}</title></rect>"
            )
    if chance is not None:
        x = left + across * chance
        parts.append(f'<path class="guide" d="M{x:.1f} {top}V{height - bottom}"><title>chance</title></path>')
    legend = "accuracy, %: ours above, with its 95 %; the report's below" + (", dashed: chance" if chance else "")
    parts.append(f'<text class="soft" x="{left}" y="{height - 6}">{legend}</text>')
    return standalone([("", plots.svg(width, height, parts, title))], title)


def standalone(plots_of_it: Sequence[tuple[str, str]], title: str) -> str:
    """Plots side by side as one SVG file that needs no page around it, in the colours of a light page.

    Args:
        plots_of_it: names, and plots as `visavox.evaluation.plots` draws them.
        title: of the picture.
    """
    parts, left, tallest = [], float(GAP), 0.0
    for name, plot in plots_of_it:
        found = re.match(r'<svg viewBox="0 0 (\d+) (\d+)" width="\d+"', plot)
        assert found is not None
        width, height = (float(side) for side in found.groups())
        placed = plot.replace(
            found[0], f'<svg x="{left:.0f}" y="{2 * HEADING}" {found[0][5:]} height="{height:.0f}"', 1
        )
        parts += [f'<text x="{left:.0f}" y="{2 * HEADING - 8}">{escape(name)}</text>' if name else "", placed]
        left, tallest = left + width + GAP, max(tallest, height)
    total, high = max(left, 320.0), tallest + 2 * HEADING + GAP / 2
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {total:.0f} {high:.0f}" width="{total:.0f}" '
        f'height="{high:.0f}" role="img"><title>{escape(title)}</title><style>{_style()}</style>'
        f'<rect width="100%" height="100%" fill="#fff"/>'
        f'<text x="{GAP}" y="{HEADING - 4}" style="font-weight:700">{escape(title)}</text>{"".join(parts)}</svg>\n'
    )


def _style() -> str:
    """What the pages' style says of plots, with the colours themselves: not every viewer of SVG knows variables."""
    text = (files("visavox.evaluation") / "report" / "page.css").read_text(encoding="utf-8")
    light = dict(re.findall(r"--(\w+):(#\w+)", text.partition("@media")[0]))
    rules = [line.replace("svg ", "") for line in text.splitlines() if line.startswith("svg ")]
    rules.append(".reported{fill:var(--second);opacity:.8}")
    return re.sub(r"var\(--(\w+)\)", lambda found: light[found[1]], "".join(rules))
