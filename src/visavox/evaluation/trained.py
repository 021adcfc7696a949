"""A recipe trained anew in each fold, each in a folder of its own."""

from __future__ import annotations

import csv
import math
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from visavox.calibration import change_prior
from visavox.datasets import Data, Sample, select
from visavox.errors import DataError, LeakError, OptionError
from visavox.evaluation.judges import Judged, features_of, groups, once
from visavox.protocols import Fold, Protocol
from visavox.protocols.folds import INNER_SEED
from visavox.recognizer import Card, Status

if TYPE_CHECKING:
    from visavox.recipes import Recipe

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
        overrides: values put in place of the recipe's, by dotted key; a folder keeps the recipe that its folds were
            begun with, so that another one, or other values, are not taken for it.
    """

    recipe: str
    protocol: Protocol
    data: Data = None
    folder: str | os.PathLike[str] | None = None
    tell: bool = False
    overrides: Mapping[str, object] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    status: Status = "held-out"

    def __post_init__(self) -> None:
        from visavox import recipes
        from visavox.recipes.pairing import is_fusion
        from visavox.recipes.starting import start_of
        from visavox.recipes.writing import slug, whole

        text = recipes.recipe.text_of(self.recipe)
        if is_fusion(text):
            raise OptionError(
                f"{self.recipe} is a fusion of shipped models: evaluate that model by its name, or a Fusion of "
                f"recognizers in Python."
            )
        self._recipe = recipes.read(text, self.overrides)
        self._changes = dict(self.overrides)
        if set(self.protocol.words) != set(self._recipe.words):
            self._changes["words"] = list(self.protocol.words)
        self._text = whole(text, {**self._changes, "sweep": []})
        self.modality: str = self._recipe.modality
        self.name = self._recipe.name
        start = start_of(self._recipe)
        if self.protocol.trained_on and not (start and any(start.knows(name) for name in self.protocol.judged)):
            self.status = "out-of-sample"
        default = Path("runs") / self.name / slug(self.protocol.name)
        self.place = Path(self.folder) if self.folder is not None else default

    def judge(self, samples: Sequence[Sample], fold: Fold, protocol: Protocol, *, features: bool) -> Judged:
        """What the network of a fold says of its test rows; it is trained first where it is not there.

        Raises:
            LeakError: the folder holds a network that held out others.
            TrainingError: the folder holds a network of another recipe.
        """
        from visavox import recipes, zoo
        from visavox.recipes.writing import keep, slug, whole

        place = self.place / f"fold-{slug(fold.name)}"
        keep(whole(self._text, self._nobody_chooses(samples, fold)), place)
        path = place / f"{self.name}.json"
        predictions = place / "predictions.csv"
        if not (_whole(path) and predictions.is_file()):
            recipes.run(
                self.recipe,
                data=self.data,
                folder=place,
                roles=self.roles(samples, fold),
                random=protocol.random,
                overrides=self.changes(samples, fold),
                progress=self.tell,
            )
        card = Card.read(path)
        known = _predictions(predictions, card)
        test = [samples[index] for index in fold.test]
        self._check(place, test, known)
        uniform = np.full(len(card.words), np.nan)
        found = np.array([known.get(_key(sample), uniform) for sample in test])
        reasons = [""] * len(test)
        rest = np.array([row for row, sample in enumerate(test) if _key(sample) not in known], dtype=np.int64)
        found = change_prior(found, card.prior("corpus"), card.prior(self._recipe.judging.prior))
        if len(rest):
            judge = zoo.load(path, prior=self._recipe.judging.prior)
            clips = [test[row].clip for row in rest]
            found[rest] = more = judge.predict_proba(clips)
            able = ~np.isnan(more).all(axis=1)
            if not able.all():
                for row, reason in zip(
                    rest[~able], judge.reasons([test[row].clip for row in rest[~able]]), strict=True
                ):
                    reasons[int(row)] = reason
            if able.any():
                named = ", ".join(str(test[row].clip.name) for row in rest[able][:3])
                defects = Counter(test[row].defect or "other" for row in rest[able])
                told = ", ".join(f"{count} {defect}" for defect, count in defects.items())
                once(
                    self.notes,
                    f"fold {fold.name}: {able.sum()} clips that the recipe leaves out ({told}; {named}) are judged "
                    f"too.",
                )
        inner = features_of(zoo.load(path), test) if features else None
        return Judged(fold.test, card.words, found, tuple(reasons), history_in(place / "history.csv"), inner)

    def roles(self, samples: Sequence[Sample], fold: Fold) -> dict[str, list[Sample]]:
        """The fold's clips by what they are for; where an epoch is chosen, by speakers of the training part.

        Under a random protocol of few speakers by clips of it: a speaker more or less would be another protocol.
        """
        train, validation = fold.train, fold.validation
        if self._chooses and not len(validation) and not self._nobody_chooses(samples, fold):
            people = self._people(samples, fold)
            if self.protocol.random and people < VALIDATION_PARTS:
                order = np.random.default_rng(INNER_SEED).permutation(train)
                out = max(1, len(order) // VALIDATION_PARTS)
                train, validation = np.sort(order[out:]), np.sort(order[:out])
            else:
                inner = self.protocol.inner(samples, train, VALIDATION_PARTS)[0]
                train, validation = inner.train, inner.test
        sides = {"train": train, "validation": validation, "test": fold.test}
        return {role: [samples[index] for index in rows] for role, rows in sides.items()}

    def changes(self, samples: Sequence[Sample], fold: Fold) -> dict[str, object]:
        """All values that a fold puts in place of the recipe's, by dotted key."""
        return self._changes | self._nobody_chooses(samples, fold)

    @property
    def _chooses(self) -> bool:
        """Whether the recipe keeps the epoch that validated best."""
        return "best" in {one.keep for one in (self._recipe.training, *self._recipe.further)}

    def _people(self, samples: Sequence[Sample], fold: Fold) -> int:
        """How many are learned from; a row that does not say who it is counts as somebody."""
        return len(set(groups([samples[index] for index in fold.train])))

    def _nobody_chooses(self, samples: Sequence[Sample], fold: Fold) -> dict[str, object]:
        """What is changed where one speaker alone is learned from: nobody is left to choose the epoch, so none is."""
        from visavox.recipes.members import for_members

        alone = self._chooses and not self.protocol.random and self._people(samples, fold) < 2
        if not alone or len(fold.validation):
            return {}
        once(self.notes, "One speaker alone is learned from: nobody is left to choose the epoch, the last one is kept.")
        members = {"members": for_members(self._recipe.members, _unchosen)} if self._recipe.members else {}
        return {**_unchosen(self._recipe), **members}

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
        rest = self._able(rest)
        if rest:
            raise LeakError(
                f"{place}: its network did not hold out {rest[0].speaker or rest[0].part} ({rest[0].clip.name}), whom "
                f"this fold judges; name another --folder."
            )

    def _able(self, samples: Sequence[Sample]) -> list[Sample]:
        """The samples that hold something to judge: of the others nothing can have been learned."""
        from visavox.recipes import make_wing

        wing = make_wing(self._recipe) if samples and not self._recipe.members else None
        absent = getattr(wing, "absent", None)
        out = {id(sample) for sample in absent(samples)} if absent is not None else set()
        return [sample for sample in samples if id(sample) not in out]


def _unchosen(recipe: Recipe) -> dict[str, object]:
    """What makes a recipe keep its last epoch."""
    shape = recipe.training.shape
    return {
        "training.keep": "last",
        "training.patience": 0,
        "training.shape": "constant" if shape == "plateau" else shape,
    }


def _whole(path: Path) -> bool:
    """Whether a model is there: its card, and its network unless it has none."""
    return path.is_file() and (path.with_suffix(".onnx").is_file() or not Card.read(path).sha256)


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


def history_in(path: Path) -> list[dict[str, float]]:
    """The training history that a run left; none where it left none."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [{key: float(value or math.nan) for key, value in row.items()} for row in csv.DictReader(file)]
