"""Other corpora in place of a recipe's, such as somebody's own table: who learns, who chooses, who judges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from visavox import datasets, emotions
from visavox.datasets import Data, Sample
from visavox.datasets.table import PARTS
from visavox.errors import DataError, OptionError
from visavox.protocols import by_speaker
from visavox.recipes.recipe import tables
from visavox.recipes.roles import about

LEAST = 3
"""People who are needed where no `part` says who is who: one to learn from, one to choose by, one to judge."""

SIDES = 5
"""Into so many groups of nearly as many clips people are dealt; one judges, one chooses the epoch."""

SEED = 14
"""Of the dealing, so that the same people are always on the same side."""


def replacing(
    text: str, names: Sequence[str], data: Data = None, *, words: Sequence[str] = ()
) -> tuple[dict[str, object], list[str]]:
    """What makes a recipe learn from other corpora: overrides (`visavox.recipes.read`), and remarks for its reader.

    Where every clip has a `part`, that says what it is for. Elsewhere people are dealt into five groups (three or four,
    where there are no more people) of nearly as many clips each: the first judges, the second chooses the epoch, the
    others are learned from. The words are those that are learned from.

    Args:
        text: of the recipe.
        names: of the corpora: tables' paths, names that `data` gives to tables, or corpora of the registry.
        data: where corpora are (`visavox.datasets.place`).
        words: that are judged, in order; those of the training clips where none are named.

    Raises:
        OptionError: the recipe is that of a fusion, or a corpus does not exist.
        DataError: clips name neither a part nor a speaker, there are fewer than three people, or fewer than two words.
    """
    recipe = tables(text)
    if recipe.get("modality") == "fused":
        raise OptionError(f"{recipe.get('name')}: a fusion learns from its members' clips, not from another corpus.")
    rows = {name: datasets.load(name, data) for name in names}
    every = [sample for samples in rows.values() for sample in samples]
    if all(sample.part in PARTS for sample in every):
        sides = {role: {"part": [role]} for role in ("test", "validation")}
        train = [sample for sample in every if sample.part == "train"]
        corpora: list[dict[str, object]] = [{"name": name, **sides} for name in names]
        how = "as the column part says"
        if not train or not any(sample.part == "validation" for sample in every):
            raise DataError(f"{', '.join(names)}: part names no clip for train, or none for validation; name some.")
    else:
        people = _people(every, names)
        train = [sample for sample in every if sample.speaker not in people["test"] + people["validation"]]
        corpora = [_use(name, samples, people) for name, samples in rows.items()]
        how = (
            f"by speaker, dealt into groups of nearly as many clips: {', '.join(people['test'])} judge, "
            f"{', '.join(people['validation'])} choose the epoch"
        )
    shown = {sample.emotion for sample in train}
    known = [*recipe.get("words", ()), *emotions.WORDS, *emotions.EXTRA_WORDS]
    chosen = list(words) or [word for word in dict.fromkeys(known) if word in shown]
    if len(chosen) < 2:
        raise DataError(
            f"{', '.join(names)}: the clips to learn from show {' and '.join(chosen) or 'no word'} alone; "
            f"two words are needed to tell them apart."
        )
    out = [
        sample for sample in every if sample.emotion not in chosen and emotions.FOLDED.get(sample.emotion) not in chosen
    ]
    remarks = [f"split {how}"]
    if out:
        lost = ", ".join(sorted({sample.emotion for sample in out}))
        remarks.append(f"{len(out)} clips are left out: nobody who is learned from shows {lost}")
    called = [_short(name) for name in names]
    terms = dict.fromkeys(f"{about(name, data).title}: {about(name, data).licence}" for name in names)
    return {
        "name": "-".join([str(recipe.get("name", "model")), *called]),
        "words": chosen,
        "corpora": corpora,
        "unseen": [],
        "leaks": False,
        "split": how,
        "licence": "; ".join(terms),
        "purpose": f"The words of {', '.join(called)}, learned as the recipe {recipe.get('name')} learns.",
        "not_for": "Deciding about anybody; people, rooms and recordings unlike those it learned from.",
        "reported": {},
    }, remarks


def _people(samples: Sequence[Sample], names: Sequence[str]) -> Mapping[str, list[str]]:
    """Who judges and who chooses the epoch."""
    nameless = [sample for sample in samples if not sample.speaker]
    if nameless:
        raise DataError(
            f"{', '.join(names)}: {len(nameless)} of {len(samples)} clips name no speaker, {nameless[0].clip.name} "
            f"among them, so nobody can be kept apart; give a column speaker, or a column part (train, validation, "
            f"test)."
        )
    speakers = [str(sample.speaker) for sample in samples]
    number = len(set(speakers))
    if number < LEAST:
        raise DataError(
            f"{', '.join(names)}: {number} {'person' if number == 1 else 'people'} cannot be set apart to learn from, "
            f"to choose by and to judge; bring {LEAST} or more, or give a column part (train, validation, test)."
        )
    groups = by_speaker(speakers, min(SIDES, number), SEED)
    who = np.array(speakers)
    return {
        role: sorted(set(who[fold.test].tolist())) for role, fold in zip(("test", "validation"), groups, strict=False)
    }


def _use(name: str, samples: Sequence[Sample], people: Mapping[str, list[str]]) -> dict[str, object]:
    """A corpus of a recipe with the people of it who judge and choose."""
    here = {sample.speaker for sample in samples}
    found = {role: [one for one in people[role] if one in here] for role in ("test", "validation")}
    return {"name": name, **{role: {"speaker": who} for role, who in found.items() if who}}


def _short(name: str) -> str:
    """A corpus's name; of a table's path, its file's."""
    return Path(name).name.partition(".")[0]
