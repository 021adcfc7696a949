"""A recipe trained anew in each fold, each in a folder of its own."""

from __future__ import annotations

import csv
import math
import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visavox.calibration import change_prior
from visavox.datasets import Data, Sample, select
from visavox.errors import DataError, LeakError, OptionError
from visavox.evaluation.judges import Judged, features_of, once
from visavox.protocols import Fold, Protocol
from visavox.recognizer import Card, Status

Floats = NDArray[np.float64]

VALIDATION_PARTS = 8
"""One speaker in so many of a training part chooses the epoch, for recipes that keep the best one."""


@dataclass(eq=False)
class Trained:
    """A recipe trained anew in each fold, each in a folder of its own (`fold-<name>`); what is finished is kept.

    Args:
        recipe: its name or file.
        protocol: that it will be judged under.
        data: where the corpora are.
        folder: holds the folds' run folders; `runs/<recipe>/<protocol>` where nothing is said.
        tell: whether the training tells how it goes.
    """

    recipe: str
    protocol: Protocol
    data: Data = None
    folder: str | os.PathLike[str] | None = None
    tell: bool = False
    notes: list[str] = field(default_factory=list)
    status: Status = "held-out"

    def __post_init__(self) -> None:
        from visavox import recipes
        from visavox.recipes.pairing import is_fusion
        from visavox.recipes.starting import start_of

        text = recipes.recipe.text_of(self.recipe)
        if is_fusion(text):
            raise OptionError(
                f"{self.recipe} is a fusion of shipped models: evaluate that model by its name, or a Fusion of "
                f"recognizers in Python."
            )
        self._recipe = recipes.read(text)
        self.modality: str = self._recipe.modality
        self.name = self._recipe.name
        start = start_of(self._recipe)
        if self.protocol.trained_on and not (start and any(start.knows(name) for name in self.protocol.judged)):
            self.status = "out-of-sample"
        default = Path("runs") / self.name / _slug(self.protocol.name)
        self.place = Path(self.folder) if self.folder is not None else default

    def judge(self, samples: Sequence[Sample], fold: Fold, protocol: Protocol, *, features: bool) -> Judged:
        """What the network of a fold says of its test rows; it is trained first where it is not there.

        Raises:
            LeakError: the folder holds a network that held out others.
        """
        from visavox import recipes, zoo

        place = self.place / f"fold-{_slug(fold.name)}"
        path = place / f"{self.name}.onnx"
        predictions = place / "predictions.csv"
        if not (path.is_file() and path.with_suffix(".json").is_file() and predictions.is_file()):
            words = protocol.words
            recipes.run(
                self.recipe,
                data=self.data,
                folder=place,
                roles=self.roles(samples, fold),
                random=protocol.random,
                overrides={"words": list(words)} if set(words) != set(self._recipe.words) else {},
                progress=self.tell,
            )
        card = Card.read(path.with_suffix(".json"))
        known = _predictions(predictions, card)
        test = [samples[index] for index in fold.test]
        self._check(place, test, known)
        uniform = np.full(len(card.words), np.nan)
        found = np.array([known.get(_key(sample), uniform) for sample in test])
        reasons = [""] * len(test)
        rest = np.array([row for row, sample in enumerate(test) if _key(sample) not in known], dtype=np.int64)
        found = change_prior(found, card.prior("corpus"), card.prior(self._recipe.judging.prior))
        if len(rest):
            more = zoo.load(path, prior=self._recipe.judging.prior).predict_proba([test[row].clip for row in rest])
            found[rest] = more
            named = ", ".join(str(test[row].clip.name) for row in rest[:3])
            defects = Counter(test[row].defect or "other" for row in rest)
            told = ", ".join(f"{count} {defect}" for defect, count in defects.items())
            once(
                self.notes,
                f"fold {fold.name}: {len(rest)} clips that the recipe leaves out ({told}; {named}) are judged too.",
            )
        inner = features_of(zoo.load(path), test) if features else None
        return Judged(fold.test, card.words, found, tuple(reasons), _history(place / "history.csv"), inner)

    def roles(self, samples: Sequence[Sample], fold: Fold) -> dict[str, list[Sample]]:
        """The fold's clips by what they are for; where an epoch is chosen, by speakers of the training part."""
        train, validation = fold.train, fold.validation
        if not len(validation) and "best" in {one.keep for one in (self._recipe.training, *self._recipe.further)}:
            inner = self.protocol.inner(samples, train, VALIDATION_PARTS)[0]
            train, validation = inner.train, inner.test
        sides = {"train": train, "validation": validation, "test": fold.test}
        return {role: [samples[index] for index in rows] for role, rows in sides.items()}

    def _check(self, place: Path, test: Sequence[Sample], known: Mapping[tuple[str, str], Floats]) -> None:
        """Proof that the network in a folder held out these rows and no others."""
        inside = {_key(sample) for sample in test}
        for corpus, name in known:
            if (corpus, name) not in inside:
                raise LeakError(
                    f"{place}: its network held out {name} of {corpus}, which this fold does not judge, so it belongs "
                    f"to another fold or protocol; name another --folder."
                )
        rest = [sample for sample in test if _key(sample) not in known]
        if self.protocol.random:
            # Nobody is held out whole: a clip that was not judged was learned from, unless the recipe leaves it out.
            for use in self._recipe.corpora:
                here = [sample for sample in rest if sample.corpus == use.name]
                out = {id(sample) for sample in (select(here, use.exclude) if use.exclude else ())}
                rest = [sample for sample in rest if id(sample) not in out]
        else:
            held = {sample.speaker or sample.part for sample in test if _key(sample) in known}
            rest = [sample for sample in rest if (sample.speaker or sample.part) not in held]
        if rest:
            raise LeakError(
                f"{place}: its network did not hold out {rest[0].speaker or rest[0].part} ({rest[0].clip.name}), whom "
                f"this fold judges; name another --folder."
            )


def _key(sample: Sample) -> tuple[str, str]:
    return sample.corpus, str(sample.clip.name)


def _predictions(path: Path, card: Card) -> dict[tuple[str, str], Floats]:
    """What a run said of its test clips, by corpus and name: under the prior that it learned."""
    found: dict[tuple[str, str], Floats] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for line, row in enumerate(csv.DictReader(file), start=2):
            if row.get("part") not in ("test", "all"):
                continue
            try:
                values = np.array([float(row[f"p_{word}"]) for word in card.words])
            except (KeyError, ValueError, TypeError):
                raise DataError(f"{path}, line {line}: no probability for each of {', '.join(card.words)}.") from None
            found[row["corpus"], row["name"]] = values / values.sum()
    if not found:
        raise DataError(f"{path}: it holds no test clips; remove the folder to train this fold again.")
    return found


def _history(path: Path) -> list[dict[str, float]]:
    """The training history that a run left; none where it left none."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [{key: float(value or math.nan) for key, value in row.items()} for row in csv.DictReader(file)]


def _slug(name: str) -> str:
    """A name as part of a path: `seed 42` is `seed-42`."""
    return re.sub(r"[^\w.+-]+", "-", name).strip("-")
