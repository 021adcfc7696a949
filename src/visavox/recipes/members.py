"""What a fusion joins: recipes that are trained for it, finished models, and tables of what others said.

In a fused recipe's [members], by source::

    voice = "lrcn/cnn1d"                                        # a recipe, trained on the fusion's own training part
    face = { recipe = "lrcn/lrcn", set = { training.epochs = 20 } }
    voice = { model = "voice-open" }                            # a shipped model, or one's path: used as it is
    voice = { table = "posteriors.csv", columns = "voice_", corpus = "ravdess" }

A text with a slash or that ends in .toml is a recipe, another one a model.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from visavox import datasets, zoo
from visavox.calibration import calibrated
from visavox.datasets import Data, Sample
from visavox.errors import DataError, LeakError, OptionError, TrainingError
from visavox.fusion import over
from visavox.precomputed import SavedScores
from visavox.recipes.recipe import Recipe, by_key, make, read, text_of
from visavox.recipes.roles import Roles
from visavox.recipes.starting import Start
from visavox.recipes.teaching import Wing, make_wing
from visavox.recognizer import Card, Modality, Recognizer
from visavox.session import Session

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Described:
    """A member as a recipe describes it; one of recipe, model and table.

    Args:
        recipe: name or file of the recipe that is trained.
        set: values put in place of that recipe's, by dotted key.
        model: name or path of a finished model.
        table: file of saved scores, in the folder of `corpus` where that is named.
        columns: how the table's columns begin (`visavox.precomputed.SavedScores`).
        corpus: in whose folder the table lies.
    """

    recipe: str = ""
    set: Mapping[str, Any] = field(default_factory=dict)
    model: str = ""
    table: str = ""
    columns: str = ""
    corpus: str = ""


class Member(Protocol):
    """What a fusion joins, as its training asks it."""

    learns: bool
    """Whether it is trained for the fusion."""

    def able(self, samples: Sequence[Sample]) -> NDArray[np.bool_]:
        """Which samples hold something for it [n]."""

    def train(self, sides: Roles, folder: Path, *, shared: Path | None, random: bool, progress: bool) -> None:
        """Learns in a folder, where what is finished is kept; then it says what this folder's model says.

        Args:
            sides: the clips by what they are for.
            folder: its own; not used where there is a shared one.
            shared: holds members of several fusions, each in a folder called by what it was made of.
            random: whether speakers may be on two sides.
            progress: tell how it goes.
        """

    def says(self, samples: Sequence[Sample], features: bool) -> Floats:
        """Probabilities under a uniform prior over the fusion's words, or features [n, d]; NaN where it cannot."""

    def kept(self, folder: Path) -> str:
        """Where its model is, for a card in `folder`; "" where there is none."""

    def card(self) -> Card | None:
        """Of its model."""


def member(source: str, table: object, recipe: Recipe, data: Data, inputs: str) -> Member:
    """A member of a recipe.

    Args:
        source: its name.
        table: what the recipe says of it.
        recipe: of the fusion.
        data: where corpora are.
        inputs: of the fusion; of "logits" a table gives its numbers as they are.

    Raises:
        OptionError: it is described in no way that is known, or its recipe or model is none.
        DataError: its table is missing or broken.
    """
    table = described(table)
    if not isinstance(table, Mapping):
        raise OptionError(f"Bad value {table!r} for {source} in members: expected a name or a table.")
    told: Described = make(Described, table, f"members.{source}")
    if sum(map(bool, (told.recipe, told.model, told.table))) != 1:
        raise OptionError(f"Bad value {dict(table)!r} for {source} in members: name one of recipe, model and table.")
    if told.recipe:
        return _Learner(source, told, recipe, data)
    if told.model:
        return _Finished(source, zoo.load(told.model), recipe.words, told.model)
    place = datasets.place(told.corpus, data) / told.table if told.corpus else Path(told.table)
    return _Table(source, place, told.columns or None, recipe.words, raw=inputs == "logits")


def for_members(members: Mapping[str, object], change: Callable[[Recipe], Mapping[str, object]]) -> dict[str, object]:
    """The [members] of a fused recipe, of which those that are trained have other values.

    Args:
        members: of the recipe, by source.
        change: values put in place of a member's recipe's, by dotted key.
    """
    result: dict[str, object] = {}
    for source, table in members.items():
        told = described(table)
        if isinstance(told, Mapping) and told.get("recipe"):
            own = by_key(told.get("set", {}))
            table = {**told, "set": {**own, **change(read(text_of(str(told["recipe"])), own))}}
        result[source] = table
    return result


def described(member: object) -> object:
    """A member that a recipe describes by a text alone as the table that says the same; others as they are.

    Example:
        >>> described("lrcn/cnn1d"), described("voice-open"), described("runs/late-lr.json")
        ({'recipe': 'lrcn/cnn1d'}, {'model': 'voice-open'}, {'model': 'runs/late-lr.json'})
    """
    if not isinstance(member, str):
        return member
    is_recipe = "/" in member and not member.endswith((".json", ".onnx")) and not Path(member).is_dir()
    return {"recipe" if is_recipe or member.endswith(".toml") else "model": member}


class _Learner:
    """A member that is trained on the fusion's own training part."""

    learns = True

    def __init__(self, source: str, told: Described, recipe: Recipe, data: Data) -> None:
        own = {**by_key(told.set), "words": list(recipe.words)}
        if recipe.limit:
            own["limit"] = 0  # the fusion has limited them already
        self.source = source
        self.data = data
        self.words = recipe.words
        self.recipe = read(text_of(told.recipe), own)
        self.overrides = own
        self.wing: Wing = make_wing(self.recipe)
        self.place: Path | None = None

    def able(self, samples: Sequence[Sample]) -> NDArray[np.bool_]:
        wanted = getattr(getattr(self.wing, "input", None), "wants", _ARRAY[self.recipe.modality])
        good = np.array([_holds(sample, wanted) for sample in samples], dtype=bool)
        absent = getattr(self.wing, "absent", None)
        if absent is not None:
            out = {id(sample) for sample in absent([s for s, has in zip(samples, good, strict=True) if has])}
            good &= np.array([id(sample) not in out for sample in samples], dtype=bool)
        return good

    def train(self, sides: Roles, folder: Path, *, shared: Path | None, random: bool, progress: bool) -> None:
        from visavox.recipes.making import run  # it builds on this file

        roles = {role: _some(samples, self.able(samples)) for role, samples in sides.items()}
        if not roles["train"]:
            raise TrainingError(f"{self.source}: no clip of the training part holds anything for {self.recipe.name}.")
        clips = {role: sorted(f"{s.corpus}/{s.clip.name}" for s in samples) for role, samples in roles.items()}
        made_of = [self.recipe.text, self.overrides, clips, random]
        digest = hashlib.sha256(json.dumps(made_of, sort_keys=True, default=str).encode()).hexdigest()
        if shared is not None:
            folder = shared / f"{self.recipe.name}-{digest[:16]}"
        self.place = folder
        mark, card = folder / "clips.sha256", folder / f"{self.recipe.name}.json"
        if mark.is_file() and mark.read_text(encoding="utf-8") != digest:
            raise TrainingError(f"{folder}: its model was begun with other clips; name another run folder.")
        folder.mkdir(parents=True, exist_ok=True)
        mark.write_text(digest, encoding="utf-8")
        if not card.is_file():
            run(self.recipe, data=self.data, roles=roles, random=random, folder=folder, progress=progress)

    def says(self, samples: Sequence[Sample], features: bool) -> Floats:
        assert self.place is not None
        card = self.card()
        assert card is not None
        session = Session(self.place / f"{self.recipe.name}.onnx", sha256=card.sha256)
        good = self.able(samples)
        outputs: tuple[list[Floats], list[Floats]] = ([], [])
        for batch in self.wing.inputs(_some(samples, good), folder=self.place):
            for found, values in zip(outputs, session(batch)[:2], strict=True):
                wide = values.astype(np.float64)
                found.append(wide.mean(axis=0, keepdims=True) if self.wing.pools else wide)
        if not good.any():
            return np.full((len(samples), 0 if features else len(self.words)), np.nan)
        logits, inner = (np.concatenate(found) for found in outputs)
        said = inner if features else calibrated(logits, card, "uniform")
        result = np.full((len(samples), said.shape[1]), np.nan)
        result[good] = said
        return result

    def kept(self, folder: Path) -> str:
        assert self.place is not None
        return Path(os.path.relpath(self.place / f"{self.recipe.name}.json", folder)).as_posix()

    def card(self) -> Card | None:
        return None if self.place is None else Card.read(self.place / f"{self.recipe.name}.json")


class _Finished:
    """A member that is used as it is."""

    learns = False

    def __init__(self, source: str, recognizer: Recognizer, words: Sequence[str], name: str) -> None:
        self.source = source
        self.recognizer = recognizer
        self.words = tuple(words)
        self.name = name

    def able(self, samples: Sequence[Sample]) -> NDArray[np.bool_]:
        wanted = _ARRAY.get(self.recognizer.modality, "voice")
        return np.array([_holds(sample, wanted) for sample in samples], dtype=bool)

    def train(self, sides: Roles, folder: Path, *, shared: Path | None, random: bool, progress: bool) -> None:
        """Asks that it has met nobody who judges."""

    def says(self, samples: Sequence[Sample], features: bool) -> Floats:
        good = self.able(samples)
        clips = [sample.clip for sample in _some(samples, good)]
        if features:
            values = np.asarray(self.recognizer.features(clips), dtype=np.float64)
        else:
            values = over(self.recognizer.predict_proba(clips), tuple(self.recognizer.classes_), self.words)
        result = np.full((len(samples), values.shape[1]), np.nan)
        result[good] = values
        return result

    def kept(self, folder: Path) -> str:
        return self.name

    def card(self) -> Card | None:
        return self.recognizer.card


class _Table:
    """A member that has said what it had to say.

    A table of several folds (columns `fold`, `part`) holds what each fold's model said of its own training clips and of
    its test clips. Of a run's test clips, and of clips that its members must not have met, the part "test" is taken;
    of its training clips as published the part "train" of the fold that tests the run's test clips.
    """

    learns = False

    def __init__(self, source: str, path: Path, columns: str | None, words: Sequence[str], *, raw: bool) -> None:
        import pandas as pd

        if not path.is_file():
            raise DataError(f"{path}: there is no such table, and {source} is what it says; bring it there.")
        self.source = source
        self.path = path
        self.words = tuple(words)
        self.raw = raw
        self.columns = columns
        headings = pd.read_csv(path, nrows=0).columns
        self.parts = {"fold", "part"} <= set(headings)
        self.tested = self._scores(part="test") if self.parts else self._scores()
        self._folds = pd.read_csv(path, usecols=["name", "fold", "part"]) if self.parts else None

    def _scores(self, **which: Any) -> SavedScores:
        modality: Modality = "fused"
        return SavedScores(self.path, columns=self.columns, modality=modality, words=self.words, **which)

    def able(self, samples: Sequence[Sample]) -> NDArray[np.bool_]:
        return np.array([reason == "" for reason in self.tested.reasons([s.clip for s in samples])], dtype=bool)

    def train(self, sides: Roles, folder: Path, *, shared: Path | None, random: bool, progress: bool) -> None:
        """Has nothing to learn."""

    def says(self, samples: Sequence[Sample], features: bool) -> Floats:
        return self._look(self.tested, samples)

    def says_of_training(self, samples: Sequence[Sample], test: Sequence[Sample]) -> Floats:
        """What the model of the fold that judges `test` said of its own training clips."""
        if self._folds is None:
            return self.says(samples, False)
        tested = self._folds[self._folds["part"] == "test"]
        ends = {str(sample.clip.name)[2:] for sample in test}  # the same take under another kind of file
        found = sorted(
            {int(fold) for name, fold in zip(tested["name"], tested["fold"], strict=True) if name[2:] in ends}
        )
        if len(found) != 1:
            told = ", ".join(map(str, found)) or "none"
            raise DataError(
                f"{self.path}: the clips to be judged must be those of one of its folds, and belong to {told}; give "
                f"such a split, or fit on held-out scores."
            )
        return self._look(self._scores(part="train", fold=found[0]), samples)

    def _look(self, scores: SavedScores, samples: Sequence[Sample]) -> Floats:
        clips = [sample.clip for sample in samples]
        if self.raw:
            return scores.features(clips).astype(np.float64)
        return scores.predict_proba(clips)

    def kept(self, folder: Path) -> str:
        return ""

    def card(self) -> Card | None:
        return None


_ARRAY: Mapping[str, str] = {"face": "faces", "voice": "voice", "body": "joints"}


def check_unmet(source: str, one: Member, recipe: Recipe, sides: Roles, data: Data) -> None:
    """Proof that a finished member has not learned from anybody who judges the fusion or chooses for it.

    Raises:
        LeakError: it has.
    """
    card = one.card()
    if one.learns or card is None or not card.corpora:
        return
    try:
        Start(card, {}).check(dataclasses.replace(recipe, unseen=()), sides, data)
    except LeakError as error:
        raise LeakError(f"member {source}: {error}") from None


def _holds(sample: Sample, wanted: str) -> bool:
    """Whether a clip can hold an array: it has it, or what it is read from."""
    clip = sample.clip
    if getattr(clip, wanted) is not None:
        return True
    if wanted == "mesh" and clip.faces is not None:
        return True
    return clip.source is not None or (wanted != "voice" and clip.pictures is not None)


def _some(samples: Sequence[Sample], which: NDArray[np.bool_]) -> list[Sample]:
    return [sample for sample, has in zip(samples, which, strict=True) if has]
