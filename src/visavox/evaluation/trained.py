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
from visavox.datasets import Sample, select
from visavox.errors import DataError, LeakError, OptionError
from visavox.evaluation.judges import Judged, features_of, once
from visavox.protocols import WORDS_OF, Fold, Protocol
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
    data: str | os.PathLike[str] | Sequence[str] | None = None
    folder: str | os.PathLike[str] | None = None
    tell: bool = False
    notes: list[str] = field(default_factory=list)
    status: Status = "held-out"

    def __post_init__(self) -> None:
        from visavox import recipes
        from visavox.recipes.pairing import is_fusion

        text = recipes.recipe.text_of(self.recipe)
        if is_fusion(text):
            raise OptionError(
                f"{self.recipe} is a fusion of shipped models: evaluate that model by its name, or a Fusion of "
                f"recognizers in Python."
            )
        self._recipe = recipes.read(text)
        self.modality: str = self._recipe.modality
        self.name = self._recipe.name
        if self.protocol.trained_on:
            self.status = "out-of-sample"
        default = Path("runs") / self.name / _slug(self.protocol.name)
        self.place = Path(self.folder) if self.folder is not None else default

    def judge(self, samples: Sequence[Sample], fold: Fold, protocol: Protocol, *, features: bool) -> Judged:
        """What the network of a fold says of its test rows; it is trained first where it is not there.

        Raises:
            LeakError: the folder holds a network that held out others.
            OptionError: the fold cannot be told to a recipe.
        """
        from visavox import recipes, zoo

        place = self.place / f"fold-{_slug(fold.name)}"
        path = place / f"{self.name}.onnx"
        predictions = place / "predictions.csv"
        if not (path.is_file() and path.with_suffix(".json").is_file() and predictions.is_file()):
            overrides = self.overrides(samples, fold)
            recipes.run(self.recipe, data=self.data, folder=place, overrides=overrides, progress=self.tell)
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

    def overrides(self, samples: Sequence[Sample], fold: Fold) -> dict[str, object]:
        """What is put in place of the recipe's corpora and words, so that it learns from the fold's training rows.

        Raises:
            OptionError: neither speakers nor the corpus's parts tell the fold, as in random protocols.
        """
        train = [samples[index] for index in fold.train]
        test = [samples[index] for index in fold.test]
        validation = [samples[index] for index in fold.validation]
        if not validation and self._recipe.training.keep == "best":
            inner = self.protocol.inner(samples, fold.train, VALIDATION_PARTS)[0]
            validation, train = [samples[i] for i in inner.test], [samples[i] for i in inner.train]
        words = list(self.protocol.words)
        uses = []
        for name in dict.fromkeys(sample.corpus for sample in [*train, *validation]):
            sides = {
                "test": [sample for sample in test if sample.corpus == name],
                "validation": [sample for sample in validation if sample.corpus == name],
                "train": [sample for sample in train if sample.corpus == name],
            }
            own = next((use for use in self._recipe.corpora if use.name == name), None)
            use: dict[str, object] = {
                "name": name,
                "words": [word for word in words if word in WORDS_OF.get(name, words)],
            }
            column = self._column(name, sides)
            for side, chosen in sides.items():
                if chosen and column:
                    use[side] = {column: sorted({str(getattr(sample, column)) for sample in chosen})}
            exclude = self._exclude(name, samples, [*train, *validation, *test], own.exclude if own else {})
            if exclude:
                use["exclude"] = exclude
            uses.append(use)
        told = {sample.corpus for sample in train}
        unseen = [{"name": name} for name in dict.fromkeys(sample.corpus for sample in test) if name not in told]
        result: dict[str, object] = {"corpora": uses, "unseen": unseen}
        if set(words) != set(self._recipe.words):
            result["words"] = words
        return result

    def _exclude(
        self, corpus: str, samples: Sequence[Sample], inside: Sequence[Sample], own: Mapping[str, Sequence[object]]
    ) -> dict[str, list[object]]:
        """What a recipe must leave out of a corpus: what it leaves out by itself, or what the protocol leaves out."""
        here = [sample for sample in samples if sample.corpus == corpus and sample.emotion in self.protocol.words]
        gone = {id(sample) for sample in select(here, own)} if own else set()
        used = {id(sample) for sample in inside}
        left = [sample for sample in here if id(sample) not in used and id(sample) not in gone]
        if not left:
            return {column: list(values) for column, values in own.items()}
        defects, parts_left = sorted({sample.defect for sample in left}), sorted({sample.part for sample in left})
        wanted: dict[str, list[object]] = {"defect": [*defects], "part": [*parts_left]}
        if own or len(select(here, wanted)) > len(left):
            raise OptionError(
                f"{self.recipe} would learn from {len(left)} clips that {self.protocol.name} leaves out, such as "
                f"{left[0].clip.name}; name them in the recipe's exclude."
            )
        return wanted

    def _column(self, corpus: str, sides: Mapping[str, Sequence[Sample]]) -> str:
        """The column that tells the sides apart: who it is, or the corpus's own part."""
        full = [side for side, chosen in sides.items() if chosen]
        if full == ["train"]:
            return ""
        for column in ("speaker", "part"):
            values = [{getattr(sample, column) or "" for sample in sides[side]} for side in full]
            if not any("" in each for each in values) and sum(map(len, values)) == len(set().union(*values)):
                return column
        raise OptionError(
            f"{self.recipe} cannot be trained under {self.protocol.name}: neither the speakers nor the parts of "
            f"{corpus} tell training from test, and recipes refuse to mix them."
        )

    def _check(self, place: Path, test: Sequence[Sample], known: Mapping[tuple[str, str], Floats]) -> None:
        """Proof that the network in a folder held out these rows and no others."""
        inside = {_key(sample) for sample in test}
        for corpus, name in known:
            if (corpus, name) not in inside:
                raise LeakError(
                    f"{place}: its network held out {name} of {corpus}, which this fold does not judge, so it belongs "
                    f"to another fold or protocol; name another --folder."
                )
        held = {sample.speaker or sample.part for sample in test if _key(sample) in known}
        for sample in test:
            if (sample.speaker or sample.part) not in held:
                raise LeakError(
                    f"{place}: its network did not hold out {sample.speaker or sample.part} ({sample.clip.name}), whom "
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
