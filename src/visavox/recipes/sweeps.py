"""The variants of a recipe, each trained in a folder of its own, and the table of what they gave."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from visavox import files, protocols
from visavox.calibration import change_prior
from visavox.datasets import Data
from visavox.errors import DataError, OptionError, TrainingError
from visavox.protocols import Interval
from visavox.recipes.making import run
from visavox.recipes.recipe import parse_overrides, read
from visavox.recipes.writing import keep, slug, whole
from visavox.recognizer import Card

AS_IT_IS = "as it is"
"""What the recipe itself is called among its variants."""

METRICS = ("accuracy", "uar")
"""What variants are compared by, the first one as reports do."""


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A recipe as it is, or with what one variant of it changes.

    Args:
        name: of the variant.
        text: of the whole recipe.
        changes: what it changes, by dotted key.
        reported: what the report gives for it (0..1); None where it gives nothing.
    """

    name: str
    text: str
    changes: Mapping[str, object] = field(default_factory=dict)
    reported: float | None = None

    @property
    def told(self) -> str:
        """What it changes, in one line."""
        return ", ".join(f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in self.changes.items())


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a variant gave.

    Args:
        variant: it.
        scores: by metric, with 95 % of bootstrap draws of speakers; none where it could not be trained.
        clips: judged.
        speakers: judged; None where nobody knows.
        note: how it was judged, or why it could not be trained.
    """

    variant: Variant
    scores: Mapping[str, Interval] = field(default_factory=dict)
    clips: int = 0
    speakers: int | None = None
    note: str = ""


def variants(text: str, overrides: Mapping[str, object] | Sequence[str] = ()) -> list[Variant]:
    """The recipe as it is, and its variants in the order of their table.

    Args:
        text: of the recipe.
        overrides: values put in place of the recipe's, and of those that a variant sets.

    Raises:
        OptionError: the recipe has no variants, two have one name, or one of them is no recipe.
    """
    given = parse_overrides(overrides)
    recipe = read(text, given)
    if not recipe.sweep:
        raise OptionError(f"{recipe.name} has no variants: its recipe holds no [[sweep]].")
    reported = recipe.reported.get(METRICS[0])
    found = [
        Variant(
            name=AS_IT_IS,
            text=whole(text, {**given, "sweep": []}),
            reported=float(reported) if isinstance(reported, int | float) else None,
        )
    ]
    for one in recipe.sweep:
        if slug(one.name) in {slug(other.name) for other in found}:
            raise OptionError(f"{recipe.name}: two variants are called {one.name!r}; name each once.")
        made = whole(text, {**one.set, **given, "sweep": []})
        try:
            read(made)
        except OptionError as error:
            raise OptionError(f"{recipe.name}, variant {one.name!r}: {error}") from error
        found.append(Variant(name=one.name, text=made, changes=one.set, reported=one.reported))
    return found


def train(variant: Variant, *, data: Data = None, folder: str | os.PathLike[str], progress: bool = True) -> Outcome:
    """Trains a variant in its folder and judges it on the recipe's test clips; what is finished is not done again.

    One that comes apart has no scores and a note: the others go on.

    Args:
        variant: of a recipe (`variants`).
        data: where the corpora are (`visavox.datasets.place`).
        folder: of this variant.
        progress: tell how it goes, to stderr.

    Raises:
        TrainingError: the folder was begun with another recipe.
        DataError: a corpus is missing.
    """
    kept = keep(variant.text, folder)
    name = read(variant.text).name
    card = Path(folder) / f"{name}.json"
    try:
        if not (card.is_file() and Card.read(card).recipe == variant.text):
            run(kept, data=data, folder=folder, progress=progress)
    except TrainingError as error:
        return Outcome(variant=variant, note=str(error))
    return _judged(variant, Card.read(card), Path(folder) / "predictions.csv")


def write(outcomes: Sequence[Outcome], path: str | os.PathLike[str]) -> Path:
    """Writes the table of a sweep as CSV: a row a variant, shares from 0 to 1, empty where there is nothing."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    names = [f"{metric}{end}" for metric in METRICS for end in ("", "_low", "_high")]
    with files.written(target) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["variant", "changes", "reported", *names, "clips", "speakers", "note"])
        for one in outcomes:
            ends = [value for metric in METRICS for value in one.scores.get(metric, (np.nan, np.nan, np.nan))]
            writer.writerow(
                [
                    one.variant.name,
                    one.variant.told,
                    "" if one.variant.reported is None else f"{one.variant.reported:g}",
                    *("" if np.isnan(value) else f"{value:.4f}" for value in ends),
                    one.clips or "",
                    one.speakers or "",
                    one.note,
                ]
            )
    return target


def _judged(variant: Variant, card: Card, predictions: Path) -> Outcome:
    """Scores over all test clips of a run, under the prior that the recipe judges by."""
    with predictions.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["part"] == "test"]
    if not rows:
        raise DataError(f"{predictions}: it holds no test clips, so variants cannot be compared; name some in corpora.")
    recipe = read(variant.text)
    said = np.array([[float(row[f"p_{word}"]) for word in card.words] for row in rows])
    chosen = change_prior(said, card.prior("corpus"), card.prior(recipe.judging.prior)).argmax(axis=1)
    truth = np.array([card.words.index(row["emotion"]) for row in rows], dtype=np.int64)
    people = [row["speaker"] for row in rows]
    draw = protocols.Bootstrap(
        truth, chosen, people if all(people) else None, words=len(card.words),
        draws=recipe.judging.draws, seed=recipe.judging.seed,
    )  # fmt: skip
    found = {metric: draw(protocols.metric(metric)) for metric in METRICS}
    speakers = len(set(people)) if all(people) else None
    if speakers == 1:  # draws of one person are all the same: they say nothing of others
        found = {metric: Interval(value.value, np.nan, np.nan) for metric, value in found.items()}
    return Outcome(
        variant=variant,
        scores=found,
        clips=len(rows),
        speakers=speakers,
        note=recipe.split,
    )
