"""Plots of an evaluation, as small inline SVG in the colours of the page around them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from visavox.emotions import COLOURS
from visavox.evaluation.result import Evaluation, Group, Record

Floats = NDArray[np.float64]

OTHER_COLOURS = ("#5c9ead", "#b5838d", "#8f9e5b", "#6d597a")
"""For words that :data:`visavox.emotions.COLOURS` does not know, in turn."""

MOST_POINTS = 2000
"""Points of the scatter plot; of more, every n-th is drawn."""

DARK = 0.55
"""Share from which on a cell of the confusion matrix is so dark that its number is written in the page's colour."""


def confusion(evaluation: Evaluation) -> str:
    """The confusion matrix of an evaluation (`matrix`)."""
    return matrix(evaluation.words, evaluation.confusion)


def matrix(words: Sequence[str], counts: Floats) -> str:
    """A confusion matrix as a heat map: rows meant, columns judged, per cent of the row.

    Args:
        words: their names, k of them.
        counts: by true (row) and judged (column) word [k, k]; [k, k + 1] with those that could not be judged.
    """
    names = [*words]
    if counts.shape[1] > len(words) and counts[:, -1].any():
        names.append("not judged")
    side, left, top = 58, 96, 84
    rows = len(words)
    width, height = left + side * len(names) + 48, top + side * rows + 28
    parts = []
    for column, name in enumerate(names):
        x = left + side * column + side / 2
        parts.append(f'<text class="soft" transform="translate({x:.0f} {top - 8}) rotate(-40)">{escape(name)}</text>')
    for row, word in enumerate(words):
        y = top + side * row
        total = counts[row].sum()
        parts.append(f'<text class="end" x="{left - 10}" y="{y + side / 2 + 5:.0f}">{escape(word)}</text>')
        for column in range(len(names)):
            share = counts[row, column] / total if total else 0.0
            x = left + side * column
            ink = ' class="mid over"' if share > DARK else ' class="mid"'
            told = f"{word}, judged {names[column]}: {int(counts[row, column])} of {int(total)}"
            parts.append(
                f'<g><title>{escape(told)}</title><rect class="cell" x="{x}" y="{y}" width="{side - 2}" '
                f'height="{side - 2}"/><rect class="heat" x="{x}" y="{y}" width="{side - 2}" height="{side - 2}" '
                f'opacity="{share:.2f}"/><text{ink} x="{x + side / 2 - 1:.0f}" y="{y + side / 2 + 5:.0f}">'
                f"{f'{100 * share:.0f}' if total else ''}</text></g>"
            )
    parts.append(f'<text class="soft" x="{left}" y="{height - 6}">judged (%), by what was meant</text>')
    return svg(width, height, parts, "Confusion matrix")


def divided(columns: Mapping[str, Sequence[float]]) -> tuple[dict[str, Sequence[float]], dict[str, Sequence[float]]]:
    """Numbers of each epoch by name, as two plots show them: what is lost, and the scores.

    Example:
        >>> divided({"validation_loss": [1.2], "score": [0.4]})
        ({'validation_loss': [1.2]}, {'score': [0.4]})
    """
    losses = {name: line for name, line in columns.items() if "loss" in name or "entropy" in name}
    return losses, {name: line for name, line in columns.items() if name not in losses}


def curves(values: Mapping[str, Sequence[float]], title: str, *, best: int | None = None) -> str:
    """Training curves: one line a number, by epoch, on one scale.

    Args:
        values: numbers of each epoch, by their name.
        title: what is drawn, for those who cannot see it.
        best: the epoch (from 1) that was kept; it is marked.
    """
    height, left, bottom, top = 260, 52, 34, 16
    right = max(96, 20 + 7 * max(len(f"{name} 0.000") for name in values))
    width = 464 + right
    epochs = max(len(line) for line in values.values())
    every = np.concatenate([np.asarray(line, dtype=np.float64) for line in values.values()])
    low, high = float(every.min()), float(every.max())
    low, high = (low - 0.5, high + 0.5) if high - low < 1e-9 else (low, high)
    parts = list(_grid(width, height, left, right, top, bottom, (low, high), (1, max(epochs, 2)), "epoch"))
    if best is not None:
        x = left + (width - left - right) * (best - 1) / max(epochs - 1, 1)
        parts.append(
            f'<path class="guide" d="M{x:.1f} {top}V{height - bottom}"><title>epoch {best}, kept</title></path>'
        )
    ends: list[tuple[float, str]] = []
    for number, (name, line) in enumerate(values.items()):
        points = [
            (
                left + (width - left - right) * at / max(epochs - 1, 1),
                height - bottom - (height - top - bottom) * (value - low) / (high - low),
            )
            for at, value in enumerate(line)
        ]
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        parts.append(f'<path class="line line-{number % 4}" d="{path}"/>')
        ends.append((points[-1][1], f"{name} {line[-1]:.3g}"))
    for y, text in _spread(sorted(ends)):
        parts.append(f'<text x="{width - right + 6}" y="{y + 4:.0f}">{escape(text)}</text>')
    return svg(width, height, parts, title)


def reliability(bins: Sequence[Record]) -> str:
    """How often the system is right by how sure it is; on the line it would mean what it says."""
    width, height, left, bottom, top, right = 380, 330, 46, 36, 12, 12
    parts = list(_grid(width, height, left, right, top, bottom, (0, 100), (0, 100), "sure, %"))
    across, up = width - left - right, height - top - bottom
    parts.append(f'<path class="guide" d="M{left} {height - bottom}L{width - right} {top}"/>')
    total = sum(int(row["clips"] or 0) for row in bins)
    for row in bins:
        if row["accuracy"] is None or row["confidence"] is None or not row["clips"]:
            continue
        sure, right_part = float(row["confidence"]), float(row["accuracy"])
        x, y = left + across * sure, height - bottom - up * right_part
        radius = 3 + 12 * np.sqrt(int(row["clips"]) / total)
        told = f"{row['clips']} clips: sure {100 * sure:.0f} %, right {100 * right_part:.0f} %"
        parts.append(f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"><title>{told}</title></circle>')
    parts.append(f'<text class="soft" x="{left + 8}" y="{top + 14}">right, %</text>')
    return svg(width, height, parts, "Reliability")


def risk_coverage(coverage: Sequence[float], error: Sequence[float]) -> str:
    """What share is wrong among the clips that a system is surest of, by how large that part is.

    Args:
        coverage: shares of the clips, the surest ones, ascending to 1.
        error: what share of each is wrong.
    """
    width, height, left, bottom, top, right = 380, 330, 46, 36, 12, 12
    parts = list(_grid(width, height, left, right, top, bottom, (0, 100), (0, 100), "the surest, % of the clips"))
    across, up = width - left - right, height - top - bottom
    points = [(left + across * x, height - bottom - up * y) for x, y in zip(coverage, error, strict=True)]
    parts.append(f'<path class="guide" d="M{left} {points[-1][1]:.1f}H{width - right}"/>')
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    parts.append(f'<path class="line" d="{path}"/>')
    for (x, y), share, wrong in zip(points, coverage, error, strict=True):
        told = f"the surest {100 * share:.0f} %: {100 * wrong:.1f} % wrong"
        parts.append(f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="4"><title>{told}</title></circle>')
    parts.append(f'<text class="soft" x="{left + 8}" y="{top + 14}">wrong, %</text>')
    return svg(width, height, parts, "Risk and coverage")


def whisker(value: float, low: float | None, high: float | None, chance: float | None, title: str) -> str:
    """A number from 0 to 1 on a line: a dot, its interval, and a tick where chance lies."""
    width, height, pad = 200, 22, 8
    across, y = width - 2 * pad, height / 2
    parts = [f'<path class="grid" d="M{pad} {y}H{width - pad}"/>']
    if chance is not None:
        x = pad + across * chance
        parts.append(f'<path class="guide strong" d="M{x:.1f} 3V{height - 3}"><title>chance</title></path>')
    if low is not None and high is not None:
        parts.append(f'<path class="line" d="M{pad + across * low:.1f} {y}H{pad + across * high:.1f}"/>')
    parts.append(f'<circle class="bar" cx="{pad + across * value:.1f}" cy="{y}" r="4.5"/>')
    return svg(width, height, parts, title)


def speakers(groups: Sequence[Group], chance: float, mean: float) -> str:
    """The accuracy of each speaker, the worst first, with chance and the score over all."""
    step = max(5, min(26, 900 // max(len(groups), 1)))
    width, height, left, bottom, top = 52 + step * len(groups) + 76, 240, 46, 46, 12
    up = height - top - bottom
    parts = list(_grid(width, height, left, 70, top, bottom, (0, 100), None, ""))
    for number, group in enumerate(groups):
        x, tall = left + 4 + step * number, up * group.accuracy
        told = f"{group.name}: {100 * group.accuracy:.1f} % of {group.clips} clips"
        parts.append(
            f'<rect class="bar" x="{x}" y="{height - bottom - tall:.1f}" width="{max(step - 3, 2)}" '
            f'height="{tall:.1f}"><title>{escape(told)}</title></rect>'
        )
        if step >= 20:
            label = escape(group.name.rpartition("-")[2][:5])
            parts.append(f'<text class="soft mid" x="{x + step / 2 - 1:.0f}" y="{height - bottom + 16}">{label}</text>')
    for value, name, kind in ((mean, "all", "guide strong"), (chance, "chance", "guide")):
        y = height - bottom - up * value
        parts.append(f'<path class="{kind}" d="M{left} {y:.1f}H{width - 70}"/>')
        parts.append(f'<text class="soft" x="{width - 66}" y="{y + 4:.0f}">{name} {100 * value:.0f}</text>')
    parts.append(f'<text class="soft" x="{left}" y="{height - 8}">accuracy by speaker, %, the worst first</text>')
    return svg(width, height, parts, "Accuracy by speaker")


def scatter(features: Floats, truth: NDArray[np.int64], words: Sequence[str]) -> str:
    """Mean and standard deviation of each row's features, coloured by the word that was meant.

    Args:
        features: [n, d]; rows of NaN are left out.
        truth: index of the true word [n].
        words: their names.
    """
    known = np.isfinite(features).all(axis=1)
    values, meant = features[known], truth[known]
    step = -(-len(values) // MOST_POINTS) or 1
    values, meant = values[::step], meant[::step]
    x, y = values.mean(axis=1), values.std(axis=1)
    width, height, left, bottom, top, right = 620, 380, 56, 40, 12, 110
    if not len(values):
        return ""
    (x_low, x_high), (y_low, y_high) = (_padded(axis) for axis in (x, y))
    parts = list(
        _grid(width, height, left, right, top, bottom, (y_low, y_high), (x_low, x_high), "mean of the features")
    )
    across = left + (width - left - right) * (x - x_low) / (x_high - x_low)
    up = height - bottom - (height - top - bottom) * (y - y_low) / (y_high - y_low)
    for index, word in enumerate(words):
        here = meant == index
        path = "".join(f"M{a:.0f} {b:.0f}h0" for a, b in zip(across[here], up[here], strict=True))
        colour = colour_of(word, index)
        parts.append(f'<path class="points" stroke="{colour}" d="{path}"/>' if path else "")
        mark = top + 18 + 20 * index
        parts.append(f'<circle cx="{width - right + 14}" cy="{mark - 4}" r="5" fill="{colour}"/>')
        parts.append(f'<text x="{width - right + 26}" y="{mark}">{escape(word)}</text>')
    parts.append(f'<text class="soft" x="{left + 8}" y="{top + 14}">standard deviation</text>')
    return svg(width, height, parts, "Mean and standard deviation of features by word")


def colour_of(word: str, place: int) -> str:
    """The colour of a word."""
    return COLOURS.get(word, OTHER_COLOURS[place % len(OTHER_COLOURS)])


def _padded(values: Floats) -> tuple[float, float]:
    low, high = (float(end) for end in np.percentile(values, [0.5, 99.5]))
    pad = 0.05 * (high - low) or 0.5
    return min(low - pad, float(values.min())), max(high + pad, float(values.max()))


def _grid(
    width: float,
    height: float,
    left: float,
    right: float,
    top: float,
    bottom: float,
    vertical: tuple[float, float],
    horizontal: tuple[float, float] | None,
    name: str,
) -> list[str]:
    """Lines across at round values, and round values along the lower axis."""
    parts = []
    for value in ticks(*vertical):
        y = height - bottom - (height - top - bottom) * (value - vertical[0]) / (vertical[1] - vertical[0])
        parts.append(f'<path class="grid" d="M{left} {y:.1f}H{width - right}"/>')
        parts.append(f'<text class="soft end" x="{left - 6}" y="{y + 4:.0f}">{value:g}</text>')
    if horizontal is not None:
        for value in ticks(*horizontal):
            x = left + (width - left - right) * (value - horizontal[0]) / (horizontal[1] - horizontal[0])
            parts.append(f'<text class="soft mid" x="{x:.0f}" y="{height - bottom + 16}">{value:g}</text>')
        parts.append(f'<text class="soft end" x="{width - right}" y="{height - 4}">{escape(name)}</text>')
    return parts


def ticks(low: float, high: float) -> list[float]:
    """Round values from `low` to `high`, three to six of them.

    Example:
        >>> ticks(1, 150), ticks(0.21, 0.74)
        ([25.0, 50.0, 75.0, 100.0, 125.0, 150.0], [0.3, 0.4, 0.5, 0.6, 0.7])
    """
    size = 10.0 ** np.floor(np.log10((high - low) / 3))
    step = next(size * part for part in (1, 2, 2.5, 5, 10, 20) if (high - low) / (size * part) < 6)
    first = int(np.ceil(low / step - 1e-9))
    return [round(float(step) * number, 10) for number in range(first, int(np.floor(high / step + 1e-9)) + 1)]


def _spread(ends: Sequence[tuple[float, str]], least: float = 15.0) -> list[tuple[float, str]]:
    """Labels moved down until none lies on another."""
    placed: list[tuple[float, str]] = []
    for y, text in ends:
        placed.append((max(y, placed[-1][0] + least) if placed else y, text))
    return placed


def svg(width: float, height: float, parts: Sequence[str], title: str) -> str:
    """An inline SVG of parts, with a name for those who cannot see it."""
    return (
        f'<svg viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" role="img" aria-label="{escape(title)}">'
        + "".join(parts)
        + "</svg>"
    )
