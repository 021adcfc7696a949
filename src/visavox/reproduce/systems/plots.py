"""Plots of a system's page, as small inline SVG: rows against what was reported, variants as bars."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from visavox.evaluation.plots import svg, ticks
from visavox.protocols import Interval
from visavox.reproduce.systems.running import SIDES, Line, Variant

NAMES = {"own": "ours, the report's split", "apart": "ours, speakers apart"}
"""What the sides are called."""

LEFT, RIGHT, STEP = 230, 24, 34
"""Pixels beside the scale, and of a row."""

BAR = 11
"""Pixels of a bar."""


def figures(lines: Sequence[Line]) -> str:
    """The rows of a setting on one scale: the report's figure, ours under its split, ours with speakers apart.

    A line around a dot is its 95 % interval; a tick on a row's line is chance. Nothing where there is no figure.
    """
    told = [line for line in lines if any(cell.result is not None for cell in line.cells.values())]
    if not told:
        return ""
    width, top = 760, 40
    height = top + STEP * len(told) + 30
    parts = [*_scale(width, top, height), *_key(width, ("report", "own", "apart"))]
    for number, line in enumerate(told):
        y = top + STEP * number + STEP / 2
        parts.append(f'<text class="end" x="{LEFT - 12}" y="{y + 4:.0f}">{escape(line.row)}</text>')
        parts.append(f'<path class="grid" d="M{LEFT} {y}H{width - RIGHT}"/>')
        chances = {cell.result.chance()["accuracy"] for cell in line.cells.values() if cell.result is not None}
        for chance in chances:
            x = _across(chance, width)
            parts.append(
                f'<path class="guide strong" d="M{x:.1f} {y - 5}v10"><title>chance {100 * chance:.1f}</title></path>'
            )
        for side, shift in zip(SIDES, (-5, 5), strict=True):
            value = line.cells[side].mean() if side in line.cells else None
            if value is not None:
                parts.append(_dot(side, value, y + shift, width))
        if line.reported is not None:
            parts.append(_diamond(_across(line.reported, width), y, f"reported {100 * line.reported:.2f}"))
    return svg(width, height, parts, "Accuracy of each row")


def bars(variants: Sequence[Variant]) -> str:
    """The variants of a row as bars, beside what was reported of them; nothing where none was judged."""
    told = [one for one in variants if any(cell.result is not None for cell in one.cells.values())]
    if not told:
        return ""
    sides = [side for side in SIDES if any(side in one.cells for one in told)]
    width, top = 860, 40
    step = BAR * len(sides) + 16
    height = top + step * len(told) + 30
    left = 360
    parts = [*_scale(width, top, height, left=left), *_key(width, ("report", *sides))]
    for number, one in enumerate(told):
        y = top + step * number + 8
        name = one.name if len(one.name) <= 52 else one.name[:51] + "…"
        parts.append(
            f'<text class="end" x="{left - 10}" y="{y + step / 2 - 4:.0f}">{escape(name)}'
            f"<title>{escape(one.name)}</title></text>"
        )
        for place, side in enumerate(sides):
            value = one.cells[side].mean() if side in one.cells else None
            if value is None:
                continue
            here = y + BAR * place
            long = _across(value.value, width, left=left) - left
            tip = f"{one.name}, {NAMES[side]}: {_told(value)}"
            parts.append(
                f'<rect class="{side}" x="{left}" y="{here}" width="{max(long, 1):.1f}" height="{BAR - 2}">'
                f"<title>{escape(tip)}</title></rect>"
                f'<text class="soft" x="{left + long + 5:.1f}" y="{here + BAR - 2}">{100 * value.value:.1f}</text>'
            )
        if one.reported is not None:
            x = _across(one.reported, width, left=left)
            parts.append(_diamond(x, y + BAR * len(sides) / 2 - 1, f"reported {100 * one.reported:.2f}"))
    return svg(width, height, parts, "Accuracy of each variant")


def _across(value: float, width: float, *, left: float = LEFT) -> float:
    return left + (width - left - RIGHT) * value


def _scale(width: float, top: float, height: float, *, left: float = LEFT) -> list[str]:
    parts = []
    for value in ticks(0, 100):
        x = _across(value / 100, width, left=left)
        parts.append(f'<path class="grid" d="M{x:.1f} {top}V{height - 24}"/>')
        parts.append(f'<text class="soft mid" x="{x:.1f}" y="{height - 8}">{value:g}</text>')
    return parts


def _key(width: float, shown: Sequence[str]) -> list[str]:
    parts, x = [], 16.0
    for one in shown:
        name = NAMES.get(one, "the report")
        parts.append(_diamond(x, 16, "") if one == "report" else f'<circle class="{one}" cx="{x}" cy="16" r="5"/>')
        parts.append(f'<text x="{x + 12}" y="20">{name}</text>')
        x += 40 + 6.8 * len(name)
    return parts


def _dot(side: str, value: Interval, y: float, width: float) -> str:
    low, high = (_across(end, width) for end in (value.low, value.high))
    return (
        f"<g><title>{escape(f'{NAMES[side]}: {_told(value)}')}</title>"
        f'<path class="reach {side}" d="M{low:.1f} {y}H{high:.1f}"/>'
        f'<circle class="{side}" cx="{_across(value.value, width):.1f}" cy="{y}" r="5"/></g>'
    )


def _diamond(x: float, y: float, told: str) -> str:
    title = f"<title>{escape(told)}</title>" if told else ""
    return f'<path class="report" d="M{x:.1f} {y - 6:.1f}l6 6l-6 6l-6 -6z">{title}</path>'


def _told(value: Interval) -> str:
    return f"{100 * value.value:.1f} % ({100 * value.low:.1f} to {100 * value.high:.1f})"
