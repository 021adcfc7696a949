"""An evaluation and a comparison as tables in the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from visavox import protocols
from visavox.evaluation.comparing import Comparison
from visavox.evaluation.result import Evaluation, Group
from visavox.protocols import Interval

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

SPELLED = {"accuracy": "accuracy (WAR)", "uar": "UAR", "macro-f1": "macro F1", "weighted-f1": "weighted F1"}
"""How metrics are spelled for readers, where it is not their name."""

ENDS = 3
"""How many of the worst and of the best speakers are shown."""


def show(evaluation: Evaluation, console: Console) -> None:
    """Prints an evaluation: scores with intervals, each word, who was confused with whom, speakers, remarks."""
    console.print(headline(evaluation), style="bold")
    console.print()
    for table in _tables(evaluation):
        console.print(table)
    for line in remarks(evaluation):
        console.print(line)


def show_comparison(comparison: Comparison, console: Console) -> None:
    """Prints which of two systems is better, and by how much."""
    table = _table("first minus second, points", "", "95 %")
    for name, value in comparison.differences.items():
        table.add_row(spelled(name), f"{100 * value.value:+.1f}", between(value, "+.1f"))
    console.print(f"{comparison.first} against {comparison.second}, {comparison.protocol}", style="bold")
    console.print(table)
    console.print(comparison.sentence())
    console.print(f"Both say the same word of {percent(comparison.agree)} % of the {comparison.clips} clips.")


def headline(evaluation: Evaluation) -> str:
    """What was judged, under what, and how many, in a line."""
    people = f", {evaluation.people_count} people" if evaluation.people_count else ", people not known"
    return f"{evaluation.system}: {evaluation.title} ({evaluation.status}; {len(evaluation.truth)} clips{people})"


def remarks(evaluation: Evaluation) -> list[str]:
    """What a reader must know beside the numbers: what could not be judged, calibration, notes."""
    lines = []
    missing = evaluation.unjudged
    if missing:
        why = ", ".join(f"{reason}: {count}" for reason, count in missing.most_common())
        lines.append(f"{missing.total()} of {len(evaluation.truth)} could not be judged ({why}); they count as wrong.")
    lines.append(f"Calibration: ECE {percent(evaluation.ece())} % over what could be judged.")
    drawn = "people" if evaluation.groups is not None else "clips, since nobody says who is who"
    lines.append(f"Intervals: 95 % of bootstrap draws of {drawn}.")
    if evaluation.people is not None and evaluation.people_note:
        lines.append(f"People: {evaluation.people_note}.")
    return [*lines, *evaluation.notes]


def spelled(metric: str) -> str:
    """A metric's name as readers know it."""
    return SPELLED.get(metric, metric.replace("-", " "))


def percent(value: float | None, digits: int = 1) -> str:
    """A share in per cent, or a dash."""
    return "–" if value is None or np.isnan(value) else f"{100 * value:.{digits}f}"


def between(value: Interval, form: str = ".1f") -> str:
    """An interval in per cent; nothing where there is none."""
    return "" if np.isnan(value.low) else f"{100 * value.low:{form}} to {100 * value.high:{form}}"


def _tables(evaluation: Evaluation) -> Iterator[Table]:
    yield _scores(evaluation)
    yield _words(evaluation)
    yield _confusion(evaluation)
    folds = evaluation.per_fold()
    if len(folds) > 1 and {fold.name for fold in folds} != set(evaluation.speakers):
        yield _groups("fold", folds)
    if evaluation.by_sex():
        yield _groups("", evaluation.by_sex())
    speakers = evaluation.per_speaker()
    if len(speakers) > 2 * ENDS:
        yield _groups("worst and best speakers", (*speakers[:ENDS], *speakers[-ENDS:]))
    elif speakers:
        yield _groups("speaker, the worst first", speakers)


def _scores(evaluation: Evaluation) -> Table:
    chance = evaluation.chance()
    several = len(set(evaluation.folds)) > 1
    table = _table("%", "all clips", "95 %", *(("mean of folds", "95 %") if several else ()), "chance", "people")
    for name in protocols.METRICS:
        value = evaluation.score(name)
        cells = [percent(value.value), between(value)]
        if several:
            mean = evaluation.mean(name)
            cells += [percent(mean.value), between(mean)]
        people = evaluation.people if name == "accuracy" else None
        table.add_row(spelled(name), *cells, percent(chance.get(name)), percent(people))
    return table


def _words(evaluation: Evaluation) -> Table:
    table = _table("word", "clips", "judged", "precision", "recall", "95 %", "F1")
    for row in evaluation.per_word():
        shares = {key: float(value) if isinstance(value, float | int) else None for key, value in row.items()}
        ends = (shares["low"], shares["high"])
        table.add_row(
            str(row["word"]),
            str(row["clips"]),
            str(row["judged"]),
            percent(shares["precision"]),
            percent(shares["recall"]),
            "" if None in ends else f"{percent(ends[0])} to {percent(ends[1])}",
            percent(shares["f1"]),
        )
    return table


def _confusion(evaluation: Evaluation) -> Table:
    counts = evaluation.confusion
    columns = list(evaluation.words)
    if counts[:, -1].any():
        columns.append("not judged")
    table = _table("meant, % judged as", *(name[:10] for name in columns))
    for index, word in enumerate(evaluation.words):
        total = counts[index].sum()
        table.add_row(word, *(percent(counts[index, c] / total, 0) if total else "–" for c in range(len(columns))))
    return table


def _groups(title: str, groups: tuple[Group, ...]) -> Table:
    table = _table(title, "clips", "people", "accuracy", "UAR", "not judged")
    for group in groups:
        people = "–" if group.speakers is None else str(group.speakers)
        scores = (percent(group.accuracy), percent(group.uar))
        table.add_row(group.name, str(group.clips), people, *scores, str(group.unjudged))
    return table


def _table(*columns: str) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for number, name in enumerate(columns):
        table.add_column(name, justify="right" if number else "left")
    return table
