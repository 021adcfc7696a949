"""One row of a page under one protocol: what it would take, and what it gave."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from visavox import datasets, evaluation, protocols
from visavox.datasets import Data, Sample
from visavox.errors import DataError
from visavox.evaluation import Evaluation
from visavox.evaluation.judging import WANTED
from visavox.protocols import Interval, Protocol
from visavox.recipes import classic
from visavox.recipes.members import for_members
from visavox.recipes.recipe import Recipe, read, tables, text_of
from visavox.recipes.writing import slug
from visavox.reproduce.systems.plan import Setting
from visavox.reproduce.systems.sizing import Size, first_folds

MEMBERS_DEPEND_ON = ("level", "members_fit", "parts", "seed", "inputs")
"""Keys of a fusion's [fusion] that decide what its members learn from."""

FEW_PEOPLE = 5
"""Fewer people than this cannot be drawn: clips are."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Job:
    """A recipe, or a variant of it, under a protocol.

    Args:
        key: names it: row, variant, protocol, clips.
        kind: names those that cost the same.
        recipe: its name ("lrcn/cnn1d").
        protocol: that judges it.
        rows: the clips.
        changes: of the variant, by dotted key.
        folds: that the protocol has.
        epochs: that the recipe wants; 0 for what is not learned in epochs.
        weight: of its share in the time.
    """

    key: str
    kind: str
    recipe: str
    protocol: Protocol
    rows: Sequence[Sample]
    changes: Mapping[str, object] = field(default_factory=dict)
    folds: int
    epochs: int
    weight: float = 1.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Cell:
    """What a row gave under a protocol, or why it gave nothing.

    Args:
        protocol: its name, as tables print it.
        size: how much of it was trained; None where nothing was.
        result: what was said of each clip; None where nothing was.
        why: it gave nothing.
    """

    protocol: str = ""
    size: Size | None = None
    result: Evaluation | None = None
    why: str = ""

    @property
    def people(self) -> int | None:
        """How many were judged; None where nobody knows."""
        return self.result.people_count if self.result is not None else None

    @property
    def drawn(self) -> str:
        """What the interval draws."""
        return "people" if self.people is not None and self.people >= FEW_PEOPLE else "clips"

    def mean(self, metric: str = "accuracy") -> Interval | None:
        """The mean over folds, with 95 % of draws of people, or of clips where they are too few or not known."""
        if self.result is None:
            return None
        if self.drawn == "people":
            return self.result.mean(metric)
        result = self.result
        return protocols.over_folds(
            result.truth, result.judged, None, result.folds, words=len(result.words), metric=protocols.metric(metric)
        )

    @property
    def ends(self) -> tuple[float, float] | None:
        """Accuracy of the worst and of the best fold or repeat; None where there is one alone."""
        each = [fold.accuracy for fold in self.result.per_fold()] if self.result is not None else []
        return (min(each), max(each)) if len(each) > 1 else None


def protocol_of(setting: Setting, side: str, words: Sequence[str] = ()) -> Protocol:
    """The protocol of a setting's side, "own" or "apart", over its words and kinds of clips."""
    found = protocols.named(setting.own if side == "own" else setting.apart)
    wanted = tuple(words) or (setting.apart_words if side == "apart" else ()) or setting.words
    if wanted and side == "apart" and setting.apart_words:
        wanted = tuple(word for word in wanted if word in setting.apart_words)
    if wanted and set(wanted) != set(found.words):
        found = found.with_words(*wanted)
    return dataclasses.replace(found, corpora=setting.clips) if setting.clips else found


class Clips:
    """The clips of a page's rows, each corpus read once.

    Args:
        data: where the corpora are.
    """

    def __init__(self, data: Data) -> None:
        self.data = data
        self._known: dict[object, list[Sample]] = {}

    def of(self, setting: Setting, protocol: Protocol, modality: str) -> list[Sample]:
        """The clips that a row of a modality is judged on.

        Raises:
            DataError: the corpus, or a part of it that the setting needs, is not there.
        """
        key = (setting.clips, modality, protocol.name if not setting.clips else "")
        if key not in self._known:
            try:
                self._known[key] = self._load(setting, protocol, modality)
            except DataError as error:
                names = ", ".join(setting.clips or protocol.corpora)
                raise DataError(f"the corpus is missing, or not whole: {names}") from error
        rows = self._known[key]
        people = {row.speaker for row in rows if row.speaker}
        if len(people) < setting.people:
            raise DataError(
                f"the corpus is missing: clips of {len(people)} people are at hand, of about {setting.people}"
            )
        return rows

    def _load(self, setting: Setting, protocol: Protocol, modality: str) -> list[Sample]:
        if not setting.clips:
            return evaluation.load(protocol, modality, self.data)
        found: list[Sample] = []
        for name in setting.clips:
            rows = datasets.load(name, self.data)
            kind = next((one for one in WANTED[modality] if any(row.modality == one for row in rows)), None)
            found += [row for row in rows if kind is None or row.modality == kind]
        return found


def words_of(changes: Mapping[str, object]) -> tuple[str, ...]:
    """The words that a variant changes; none where it leaves them."""
    words = changes.get("words", ())
    return tuple(map(str, words)) if isinstance(words, list | tuple) else ()


def table_of(recipe: str) -> dict[str, Any]:
    """A recipe's text as TOML tables."""
    return tables(text_of(recipe))


def job(
    key: str,
    recipe: str,
    setting: Setting,
    side: str,
    clips: Clips,
    *,
    changes: Mapping[str, object] | None = None,
    weight: float = 1.0,
) -> Job:
    """A row under one of a setting's protocols.

    Raises:
        DataError: its clips are not there, or do not fill the protocol's folds.
        OptionError: the recipe is none.
    """
    changed = {name: value for name, value in (changes or {}).items() if name not in ("words", "corpora")}
    made = read(text_of(recipe), changed)
    protocol = protocol_of(setting, side, words_of(changes or {}))
    rows = clips.of(setting, protocol, made.modality)
    return Job(
        key=key,
        kind=", ".join(part for part in (recipe, setting.own, "+".join(setting.clips)) if part),
        recipe=recipe,
        protocol=protocol,
        rows=rows,
        changes=changed,
        folds=len(protocol.folds(rows)),
        epochs=_epochs(made),
        weight=weight,
    )


def _epochs(recipe: Recipe) -> int:
    """How many a recipe wants: of a fusion, the most that a member wants; 0 for what is not learned in epochs."""
    if not recipe.members:
        return 0 if classic.is_classic(recipe) else recipe.training.epochs
    found: list[int] = []

    def look(member: Recipe) -> dict[str, object]:
        found.append(_epochs(member))
        return {}

    for_members(recipe.members, look)
    return max(found, default=0)


def _with_epochs(job: Job, epochs: int) -> dict[str, object]:
    """What makes a job learn so many epochs at most."""
    if not job.epochs or epochs >= job.epochs:
        return {}
    made = read(text_of(job.recipe), job.changes)
    if not made.members:
        return {"training.epochs": epochs}

    def cut(member: Recipe) -> dict[str, object]:
        own = _epochs(member)
        return {"training.epochs": min(own, epochs)} if own else {}

    return {"members": for_members(made.members, cut)}


def judge(job: Job, size: Size, *, data: Data, folder: Path, clips: int = 0) -> Cell:
    """Trains and judges so much of a job, in a folder of its own; folds that are finished are kept.

    Args:
        job: what is judged.
        size: how much of it.
        data: where corpora are.
        folder: of the system.
        clips: of each side of a fold; 0 for all.
    """
    changes = {**job.changes, **_with_epochs(job, size.epochs)}
    place = folder / slug(job.key) / (f"{size.epochs}-epochs" if job.epochs else "fitted")
    protocol = first_folds(job.protocol, size.folds, clips=clips)
    _share_members(job, changes, [fold.name for fold in protocol.folds(job.rows)], place, folder)
    result = evaluation.evaluate(
        job.recipe,
        protocol,
        samples=job.rows,
        data=data,
        folder=place,
        overrides=changes,
    )
    made = dataclasses.replace(size, folds=len(set(result.folds)))
    return Cell(protocol=result.protocol, size=made, result=result)


def _share_members(job: Job, changes: Mapping[str, object], folds: Sequence[str], place: Path, folder: Path) -> None:
    """Lets fusions of the same members, which differ in their rule alone, train them once.

    A fold's `members` becomes a link to a folder that such rows share; a member refuses what was begun with other
    clips. Where links cannot be made, each row trains its own.
    """
    made = read(text_of(job.recipe), changes)
    if not made.members:
        return
    joining = {key: made.fusion[key] for key in MEMBERS_DEPEND_ON if key in made.fusion}
    told = json.dumps([made.members, joining, job.protocol.name, job.protocol.corpora], sort_keys=True, default=list)
    shared = folder / "members" / hashlib.sha256(told.encode()).hexdigest()[:16]
    for fold in folds:
        here, there = place / f"fold-{slug(fold)}" / "members", shared / slug(fold)
        if here.exists() or here.is_symlink():
            continue
        there.mkdir(parents=True, exist_ok=True)
        here.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(OSError):
            here.symlink_to(os.path.relpath(there, here.parent), target_is_directory=True)
