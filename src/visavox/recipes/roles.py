"""Which clips a network learns from, which choose its epoch, and which judge it; nobody is there for two of these."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import cast

import numpy as np

from visavox import datasets, emotions
from visavox.datasets import About, Data, Sample
from visavox.errors import OptionError, TrainingError
from visavox.protocols import check_apart
from visavox.recipes.beside import joined
from visavox.recipes.recipe import Recipe, Unseen, Use
from visavox.recognizer import Corpus, Status

ROLES = ("train", "validation", "test")
"""What a clip of a training corpus can be there for."""

Roles = Mapping[str, Sequence[Sample]]
"""Clips by what they are there for."""


def split(recipe: Recipe, data: Data = None) -> dict[str, list[Sample]]:
    """The clips of a recipe by what they are for: "train", "validation", "test".

    Words that the recipe does not know are left out, calm counts as neutral where the recipe has no calm.

    Raises:
        TrainingError: a person, or a performance, would be on two sides; or nothing is left to learn from, or to choose
            the best epoch by.
        DataError: a corpus is missing.
    """
    # A recipe that leaks on purpose has performances on two sides, never people.
    roles: dict[str, list[Sample]] = {role: [] for role in ROLES}
    for use in recipe.corpora:
        left = known(recipe, joined(datasets.load(use.name, data), use.beside, data), use.exclude, use.words)
        for role in ("test", "validation", "train"):
            wanted: Mapping[str, Sequence[object]] = getattr(use, role)
            taken = datasets.select(left, wanted) if wanted or role == "train" else []
            inside = {id(sample) for sample in taken}
            left = [sample for sample in left if id(sample) not in inside]
            roles[role] += _few(taken, recipe.limit)
    for column in ("speaker",) if recipe.leaks else ("speaker", "take"):
        sides: dict[str, str] = {}
        for role in ROLES:
            for key in sorted({str(getattr(s, column)) for s in roles[role] if getattr(s, column) is not None}):
                if sides.setdefault(key, role) != role:
                    raise TrainingError(
                        f"{recipe.name}: {column} {key} would be in {sides[key]} and in {role}; "
                        f"name it on one side, or leave it out with exclude"
                    )
    _check_enough(recipe, roles, "look at the recipe's [[corpora]]")
    return roles


def given(
    recipe: Recipe, roles: Roles, *, random: bool = False, data: Data = None
) -> tuple[Recipe, dict[str, list[Sample]]]:
    """Clips that a caller gives in place of those that the recipe would take, and the recipe that takes just these.

    What the recipe excludes of a corpus is left out of them, and words as in `split`.

    Args:
        recipe: whose words, exclusions and limit are kept.
        roles: the clips by what they are for.
        random: whether speakers may be on two sides, as under a protocol that leaks on purpose.
        data: where corpora are that stand beside those of the clips.

    Raises:
        OptionError: there is no such role.
        LeakError: a person, a performance or a clip is on two sides.
        TrainingError: nothing is left to learn from, or to choose the best epoch by.
    """
    for role in roles:
        if role not in ROLES:
            raise OptionError.one_of("role", role, ROLES)
    excluded = {use.name: use.exclude for use in recipe.unseen} | {use.name: use.exclude for use in recipe.corpora}
    kept = {role: _without(roles.get(role, ()), excluded) for role in ROLES}
    if not random:
        _check_apart(recipe.name, kept)
    taken: dict[str, list[Sample]] = {}
    for role, samples in kept.items():
        here = known(recipe, _beside(recipe, samples, data), {})
        names = dict.fromkeys(sample.corpus for sample in here)
        taken[role] = [s for name in names for s in _few([s for s in here if s.corpus == name], recipe.limit)]
    _check_enough(recipe, taken, "give some more")
    corpora = dict.fromkeys(sample.corpus for role in ("train", "validation") for sample in taken[role])
    beside = {use.name: use.beside for use in recipe.corpora}
    uses = tuple(Use(name=name, exclude=excluded.get(name, {}), beside=beside.get(name, ())) for name in corpora)
    how = "clips at random: speakers are on both sides" if random else "as the caller gave them: nobody is on two sides"
    return dataclasses.replace(recipe, corpora=uses, unseen=(), split=how), taken


def judging_parts(
    recipe: Recipe, roles: Roles, data: Data, *, random: bool = False, knows: Callable[[str], bool] | None = None
) -> Iterator[tuple[str, str, Status, list[Sample]]]:
    """What the finished model is judged on: corpus, part, status, clips.

    Args:
        recipe: of the model.
        roles: its clips; those of "test" are judged.
        data: where the recipe's unseen corpora are.
        random: whether speakers may be on two sides.
        knows: of a corpus, whether the model with which training began has learned from others of it.
    """
    taught = {use.name for use in recipe.corpora}

    def status(name: str) -> Status:
        return "held-out" if name in taught or (knows is not None and knows(name)) else "out-of-sample"

    for name in dict.fromkeys(sample.corpus for sample in roles["test"]):
        here = [sample for sample in roles["test"] if sample.corpus == name]
        yield name, "test", "in-sample" if random or recipe.leaks else status(name), here
    for unseen in recipe.unseen:
        if unseen.through == "network":
            yield unseen.name, "all", status(unseen.name), unseen_clips(recipe, unseen, data)[0]


def unseen_clips(recipe: Recipe, use: Unseen, data: Data) -> tuple[list[Sample], int]:
    """The clips of an unseen corpus that can be judged, and how many cannot since the recipe lacks their word."""
    wanted = datasets.select(datasets.load(use.name, data), use.select)
    able = known(recipe, wanted, use.exclude)
    out = datasets.select(wanted, use.exclude) if use.exclude else []
    return _few(able, recipe.limit), len(wanted) - len(out) - len(able)


def copied(recipe: Recipe, roles: Roles, data: Data) -> Iterator[tuple[str, str, Status, str, list[Sample]]]:
    """Test clips without and with a copy in the training part of their corpus, where there are such.

    Only of corpora from whose training part something was left out, or of which everything was learned from.

    Yields:
        Corpus, part, status, what became of the copies, clips.
    """
    for use in recipe.corpora:
        test = [sample for sample in roles["test"] if sample.corpus == use.name]
        if not test or not use.test or not (use.exclude or recipe.leaks):
            continue
        everything = datasets.load(use.name, data)
        others = [datasets.select(everything, wanted) for wanted in (use.test, use.validation) if wanted]
        apart = {id(sample) for samples in others for sample in samples}
        takes = {sample.take for sample in everything if sample.take is not None and id(sample) not in apart}
        # A list of copies may name one of several equal test pictures alone.
        pictures = {_picture(sample) for sample in everything if sample.take in takes} - {None}
        has = [sample.take in takes or _picture(sample) in pictures for sample in test]
        if not any(has):
            continue
        became = "learned from" if recipe.leaks else "left out of training"
        for part, wanted_so, status, note in (
            ("test, without a copy in training", False, "held-out", ""),
            ("test, with a copy", True, "in-sample" if recipe.leaks else "held-out", f"their copies were {became}"),
        ):
            here = [sample for sample, copy in zip(test, has, strict=True) if copy == wanted_so]
            if here:
                yield use.name, part, cast(Status, status), note, here


def _picture(sample: Sample) -> bytes | None:
    """The pixels of a clip that is one cut face."""
    faces = sample.clip.faces if sample.modality == "face" else None
    return None if faces is None or len(faces) != 1 else faces.tobytes()


def known(
    recipe: Recipe,
    samples: Sequence[Sample],
    exclude: Mapping[str, Sequence[object]],
    words: Sequence[str] = (),
) -> list[Sample]:
    """Samples that are not excluded and whose words the recipe knows, calm folded into neutral where it must be."""
    out = {id(s) for s in datasets.select(samples, exclude)} if exclude else set()
    result = []
    for sample in samples:
        word = sample.emotion
        if word not in recipe.words:
            word = emotions.FOLDED.get(word, word)
        if id(sample) in out or word not in recipe.words or (words and sample.emotion not in words):
            continue
        result.append(sample if word == sample.emotion else dataclasses.replace(sample, emotion=word))
    return result


def held_out(roles: Roles) -> dict[str, dict[str, list[str]]]:
    """Whom a network never meets, by corpus: the speakers of its test clips; their parts, where nobody is known."""
    met = [sample for role in ("train", "validation") for sample in roles[role]]
    found: dict[str, dict[str, list[str]]] = {}
    for name in dict.fromkeys(sample.corpus for sample in roles["test"]):
        judged = [sample for sample in roles["test"] if sample.corpus == name]
        for column in ("speaker", "part"):
            if all(getattr(sample, column) for sample in judged):
                others = {getattr(sample, column) for sample in met}
                if values := sorted({getattr(sample, column) for sample in judged} - others):
                    found[name] = {column: values}
                break
    return found


def about(name: str, data: Data) -> About:
    """What is known of a corpus; of one that is in no registry, since its clips were given, only its name."""
    try:
        return datasets.corpus(name, data).ABOUT
    except OptionError:
        return About(name=name, title=name, modality="audio-video", licence="that of its owner", credit="its owner")


def corpora(recipe: Recipe, roles: Roles, data: Data) -> tuple[Corpus, ...]:
    """What a recipe learned from, for its card."""
    return tuple(_corpus(use, roles, about(use.name, data)) for use in recipe.corpora)


def _corpus(use: Use, roles: Roles, known_as: About) -> Corpus:
    here = {role: [s for s in roles[role] if s.corpus == use.name] for role in ROLES}
    speakers = {s.speaker for s in here["train"] if s.speaker is not None}
    used = [f"{role}: {len(here[role])} clips{_where(getattr(use, role))}" for role in ROLES if here[role]]
    if use.beside:
        used.append(f"beside it {', '.join(use.beside)}")
    if use.exclude:
        used.append(f"left out: {_where(use.exclude).strip(' ()')}")
    return Corpus(
        name=use.name,
        licence=known_as.licence,
        used="; ".join(used),
        clips=len(here["train"]),
        speakers=len(speakers) or None,
        credit=known_as.credit,
    )


def _where(wanted: Mapping[str, Sequence[object]]) -> str:
    """A selection in words; of a long list only how long it is and its ends."""
    parts = []
    for column, values in wanted.items():
        names = " ".join(map(str, values)) if len(values) <= 4 else f"{values[0]} to {values[-1]}, {len(values)} in all"
        parts.append(f"{column} {names}")
    return f" ({', '.join(parts)})" if parts else ""


def _without(samples: Sequence[Sample], excluded: Mapping[str, Mapping[str, Sequence[object]]]) -> list[Sample]:
    gone = {
        id(sample)
        for name, exclude in excluded.items()
        if exclude
        for sample in datasets.select([sample for sample in samples if sample.corpus == name], exclude)
    }
    return [sample for sample in samples if id(sample) not in gone]


def _beside(recipe: Recipe, samples: Sequence[Sample], data: Data) -> list[Sample]:
    """Clips with what the recipe has beside them: faces beside voices, and voices beside faces."""
    result = list(samples)
    others = {use.name: use.beside for use in recipe.corpora if use.beside}
    others |= {name: (use,) for use, names in others.items() for name in names if name not in others}
    for corpus, names in others.items():
        own = [place for place, sample in enumerate(result) if sample.corpus == corpus]
        for place, sample in zip(own, joined([result[place] for place in own], names, data), strict=True):
            result[place] = sample
    return result


def _check_apart(name: str, roles: Roles) -> None:
    """Proof that no speaker, no performance and no clip is there for two things."""
    rows = list({id(sample): sample for role in ROLES for sample in roles[role]}.values())
    place = {id(sample): index for index, sample in enumerate(rows)}
    sides = {role: np.array([place[id(sample)] for sample in roles[role]], dtype=np.int64) for role in ROLES}
    for first, second in (("train", "test"), ("train", "validation"), ("validation", "test")):
        check_apart(rows, sides[first], sides[second], where=f"{name}, {first} and {second}")


def _check_enough(recipe: Recipe, roles: Roles, cure: str) -> None:
    """Asks for clips to learn from and, where an epoch is chosen, clips to choose it by."""
    if not roles["train"]:
        raise TrainingError(f"{recipe.name}: no clip is left for train; {cure}")
    if not roles["validation"] and any(one.keep == "best" for one in (recipe.training, *recipe.further)):
        raise TrainingError(
            f'{recipe.name}: no clip is left for validation, and training.keep = "best" chooses an epoch by it; '
            f'{cure}, or keep = "last"'
        )


def _few(samples: list[Sample], limit: int) -> list[Sample]:
    """At most so many of the samples, from all over; all for 0."""
    return samples[:: max(1, len(samples) // limit)][:limit] if limit else samples
