"""An evaluation as one HTML page that needs nothing else: tables, and plots as inline SVG."""

from __future__ import annotations

import os
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from visavox import protocols
from visavox.evaluation import plots, table
from visavox.evaluation.comparing import Comparison
from visavox.evaluation.result import Evaluation
from visavox.files import written
from visavox.protocols import Interval

if TYPE_CHECKING:
    import jinja2


def write(evaluation: Evaluation, path: str | os.PathLike[str], *, comparison: Comparison | None = None) -> Path:
    """Writes the page.

    Args:
        evaluation: what is told.
        path: of the file; its folder is made if absent.
        comparison: with another system, told above the tables.
    """
    return save(text(evaluation, comparison=comparison), path)


def save(page: str, path: str | os.PathLike[str]) -> Path:
    """Puts a page into a file, whole or not at all; its folder is made if absent."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    with written(target) as part:
        part.write_text(page, encoding="utf-8", errors="backslashreplace")
    return target


def text(evaluation: Evaluation, *, comparison: Comparison | None = None) -> str:
    """The page as text."""
    chance = evaluation.chance()
    curves = evaluation.curves()
    losses, scores = plots.divided(curves)
    several = len(set(evaluation.folds)) > 1
    speakers = evaluation.per_speaker()
    folds = evaluation.per_fold()
    return template("evaluation/report/page.html").render(
        evaluation=evaluation,
        headline=table.headline(evaluation),
        comparison=comparison,
        several=several,
        scores=[
            {
                "name": table.spelled(name),
                "all": _told(evaluation.score(name)),
                "folds": _told(evaluation.mean(name)) if several else None,
                "chance": table.percent(chance.get(name)),
                "people": table.percent(evaluation.people if name == "accuracy" else None),
            }
            for name in protocols.METRICS
        ],
        words=[
            {**row, "colour": plots.colour_of(str(row["word"]), place)}
            for place, row in enumerate(evaluation.per_word())
        ],
        folds=folds,
        sexes=evaluation.by_sex(),
        remarks=table.remarks(evaluation),
        confusion=plots.confusion(evaluation),
        reliability=plots.reliability(evaluation.reliability()),
        speakers=plots.speakers(speakers, chance["accuracy"], evaluation.score().value) if speakers else "",
        losses=plots.curves(losses, "Loss by epoch") if losses else "",
        rising=plots.curves(scores, "Scores by epoch") if scores else "",
        scatter=""
        if evaluation.features is None
        else plots.scatter(evaluation.features, evaluation.truth, evaluation.words),
        percent=lambda value: table.percent(None if value is None else float(value)),
        style=(files("visavox.evaluation") / "report" / "page.css").read_text(encoding="utf-8"),
    )


def _told(value: Interval) -> tuple[str, str]:
    return table.percent(value.value), "" if np.isnan(value.low) else table.between(value)


@cache
def template(name: str) -> jinja2.Template:
    """A page by its file's path inside the package."""
    import jinja2

    loader = jinja2.FunctionLoader(lambda name: (files("visavox") / name).read_text(encoding="utf-8"))
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template(name)
