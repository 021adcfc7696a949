"""A system's page: as HTML that needs nothing else, as a section of a Markdown file, as JSON objects."""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from visavox.evaluation import page as evaluation_page
from visavox.evaluation import plots as evaluation_plots
from visavox.evaluation import table
from visavox.protocols import Interval
from visavox.reproduce import writing
from visavox.reproduce.systems import plots
from visavox.reproduce.systems.judged import Cell
from visavox.reproduce.systems.plan import Setting
from visavox.reproduce.systems.running import SIDES, Line, Page

SCORES: Mapping[str, str] = {
    "accuracy": "accuracy, weighted recall",
    "weighted-precision": "weighted precision",
    "weighted-f1": "weighted F1",
    "uar": "macro recall (UAR)",
    "macro-precision": "macro precision",
    "macro-f1": "macro F1",
}
"""Every score that a row owes, by its metric."""

HEADINGS = (
    "row",
    "report",
    "its split",
    "95 %",
    "worst, best",
    "speakers apart",
    "95 %",
    "worst, best",
    "chance",
    "note",
)
"""Of a section's tables."""

NOBODY = Cell(why="")
"""Where a setting has no column."""


def html(page: Page) -> str:
    """The page as text."""
    cells = [cell for lines in page.lines for line in lines for cell in line.cells.values()]
    return evaluation_page.template("reproduce/systems/page.html").render(
        page=page,
        system=page.system,
        made=sum(cell.result is not None for cell in cells),
        asked=len(cells),
        cut=any(cell.size is not None and cell.size.cut for cell in cells),
        spent=duration(page.seconds),
        date=datetime.datetime.now(datetime.UTC).date().isoformat(),
        versions=writing.versions(),
        style=(files("visavox.evaluation") / "report" / "page.css").read_text(encoding="utf-8")
        + (files("visavox.reproduce.systems") / "page.css").read_text(encoding="utf-8"),
        settings=[_setting(one, lines) for one, lines in zip(page.system.settings, page.lines, strict=True) if lines],
    )


def write(page: Page, path: str | os.PathLike[str]) -> Path:
    """Writes the page as HTML."""
    return evaluation_page.save(html(page), path)


def markdown(page: Page) -> str:
    """The page as a section of a file of results: its tables, and what was cut."""
    name = page.system.name
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    budget = f" --budget {page.budget}" if page.budget else " --quick" if page.quick else ""
    lines = [
        f"## {name}: {page.system.title}",
        "",
        f"{page.system.source}. `visavox reproduce {name} --data corpora/{budget} --write docs/results.md`, {today}, "
        f"{duration(page.seconds)} of training and judging; {writing.versions()}. **Report**: its own figure. **Its "
        "split**: ours under a split such as the report's, which mostly leaks. **Speakers apart**: ours on people whom "
        "it never met. Accuracy in %, mean over folds or repeats; 95 %: bootstrap over people, over clips where they "
        "are fewer than five or not known.",
        "",
        *(f"- {line}" for line in page.system.remarks),
    ]
    if page.quick:
        lines += ["- A quick trial: its numbers mean nothing."]
    for setting, rows in zip(page.system.settings, page.lines, strict=True):
        if not rows:
            continue
        lines += ["", f"### {name}: {setting.title}", ""]
        apart = f"; speakers apart: `{setting.apart}`" if setting.apart else ""
        lines += [f"Its split: `{setting.own}`{apart}. {setting.about}".rstrip(), ""]
        lines += [f"| {' | '.join(HEADINGS)} |", "|---|---:|---:|---|---|---:|---|---|---:|---|"]
        lines += [f"| {' | '.join(_cells(row))} |" for row in rows]
        for row in rows:
            if row.variants:
                lines += ["", f"Variants of {row.row}:", "", "| variant | report | its split | 95 % | apart | 95 % |"]
                lines += ["|---|---:|---:|---|---:|---|"]
                lines += [f"| {' | '.join(_variant(row, number))} |" for number in range(len(row.variants))]
    return "\n".join(lines) + "\n"


def records(page: Page) -> list[dict[str, Any]]:
    """The page as JSON objects: one for each row, or variant, and side."""
    found = []
    for setting, rows in zip(page.system.settings, page.lines, strict=True):
        for row in rows:
            each = [("", row.reported, row.cells), *((one.name, one.reported, one.cells) for one in row.variants)]
            for variant, reported, cells in each:
                for side, cell in cells.items():
                    found.append(
                        {
                            "system": page.system.name,
                            "setting": setting.title,
                            "row": row.row,
                            "variant": variant,
                            "side": side,
                            "protocol": cell.protocol or None,
                            "reported": reported,
                            **_record(cell),
                        }
                    )
    return found


def summary(page: Page) -> Iterator[tuple[str, tuple[tuple[str, ...], ...]]]:
    """Each setting's title and its rows as texts, in the order of `HEADINGS`."""
    for setting, rows in zip(page.system.settings, page.lines, strict=True):
        if rows:
            yield setting.title, tuple(_cells(row) for row in rows)


def duration(seconds: float) -> str:
    """A time for readers.

    Example:
        >>> duration(42), duration(2700)
        ('42 s', '45 min')
    """
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _record(cell: Cell) -> dict[str, Any]:
    if cell.result is None:
        return {"why": cell.why}
    scores = {}
    for metric in SCORES:
        value = cell.mean(metric)
        assert value is not None
        scores[metric] = {"value": round(value.value, 4), "low": round(value.low, 4), "high": round(value.high, 4)}
    return {
        "scores": scores,
        "folds": [round(fold.accuracy, 4) for fold in cell.result.per_fold()],
        "clips": len(cell.result.truth),
        "people": cell.people,
        "drawn": cell.drawn,
        "chance": round(cell.result.chance()["accuracy"], 4),
        "cut": cell.size.cut if cell.size is not None else "",
    }


def _cells(line: Line) -> tuple[str, ...]:
    told = [line.row, table.percent(line.reported, 2) if line.reported is not None else ""]
    for side in SIDES:
        told += _figures(line.cells.get(side, NOBODY))
    return (*told, _chance(line), note(line))


def _figures(cell: Cell) -> tuple[str, str, str]:
    """Mean, interval, worst and best, as texts."""
    value = cell.mean()
    if value is None:
        return "–", "", ""
    ends = cell.ends
    return (
        table.percent(value.value),
        table.between(value),
        "" if ends is None else f"{table.percent(ends[0])}, {table.percent(ends[1])}",
    )


def _variant(line: Line, number: int) -> tuple[str, ...]:
    one = line.variants[number]
    told = [one.name, table.percent(one.reported, 2) if one.reported is not None else ""]
    for side in SIDES:
        told += _figures(one.cells.get(side, NOBODY))[:2]
    return tuple(told)


def _chance(line: Line) -> str:
    """What guessing gives, on either side."""
    each = [cell.result.chance()["accuracy"] for cell in line.cells.values() if cell.result is not None]
    return ", ".join(dict.fromkeys(table.percent(value) for value in each))


def note(line: Line) -> str:
    """What a reader must know of a row: why it is not there, what was cut, what the report's figure is."""
    names = {"own": "its split", "apart": "apart"}
    parts: dict[str, list[str]] = {}
    for side, cell in line.cells.items():
        told = cell.why or (cell.size.cut if cell.size is not None else "")
        if told:
            parts.setdefault(told, []).append(names[side])
    each = [told if len(sides) == len(line.cells) else f"{sides[0]}: {told}" for told, sides in parts.items()]
    return "; ".join([*each, *([f"report: {line.note}"] if line.note else [])])


def _setting(setting: Setting, lines: tuple[Line, ...]) -> dict[str, Any]:
    return {
        "title": setting.title,
        "about": setting.about,
        "own": setting.own,
        "apart": setting.apart,
        "chart": plots.figures(lines),
        "lines": [
            {
                "row": line.row,
                "reported": table.percent(line.reported, 2) if line.reported is not None else "",
                **{
                    side: dict(zip(("mean", "between", "ends"), _figures(line.cells.get(side, NOBODY)), strict=True))
                    for side in SIDES
                },
                "chance": _chance(line),
                "note": note(line),
                "bars": plots.bars(line.variants),
                "details": [
                    _details(side, line.cells[side])
                    for side in SIDES
                    if line.cells.get(side, NOBODY).result is not None
                ],
            }
            for line in lines
        ],
    }


def _details(side: str, cell: Cell) -> dict[str, Any]:
    result = cell.result
    assert result is not None
    curves = result.curves()
    losses, rising = evaluation_plots.divided(curves)
    return {
        "side": side,
        "name": {"own": "The report's split", "apart": "Speakers apart"}[side],
        "headline": f"{result.protocol}: {len(result.truth)} clips, {cell.people or 'nobody knows how many'} people"
        + (f"; {cell.size.cut}" if cell.size is not None and cell.size.cut else ""),
        "scores": [_score(name, cell.mean(metric)) for metric, name in SCORES.items()],
        "confusion": evaluation_plots.confusion(result),
        "words": [
            {
                "word": row["word"],
                "clips": row["clips"],
                **{key: _percent(row[key]) for key in ("precision", "recall", "f1")},
            }
            for row in result.per_word()
        ],
        "folds": [
            {
                "name": fold.name,
                "clips": fold.clips,
                "accuracy": table.percent(fold.accuracy),
                "uar": table.percent(fold.uar),
            }
            for fold in result.per_fold()
        ],
        "curves": [
            {"name": name, "plot": evaluation_plots.curves(values, f"{name} by epoch")}
            for name, values in (("Loss", losses), ("Accuracy", rising))
            if values
        ],
        "notes": result.notes,
    }


def _score(name: str, value: Interval | None) -> dict[str, str]:
    assert value is not None
    return {"name": name, "value": table.percent(value.value), "between": table.between(value)}


def _percent(value: object) -> str:
    return table.percent(float(value) if isinstance(value, int | float) else None)
