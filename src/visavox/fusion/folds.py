"""Fitting members so that no rule meets a score that a member gave to somebody it had learned from."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from visavox.clip import Clip
from visavox.errors import DataError, OptionError
from visavox.fusion.rules import Floats
from visavox.protocols import by_speaker
from visavox.recognizer import Recognizer

Rows = NDArray[np.int64]


def inner_folds(y: Rows, groups: Sequence[str] | None, parts: int, seed: int) -> list[tuple[Rows, Rows]]:
    """Rows to fit on and rows to judge, several times over; nobody is in both.

    Args:
        y: Index of the word of each row [shape=(n,)]; without groups, words are spread evenly over the parts.
        groups: Who it is; None where nobody knows, or where there is one person only, so that rows must do.
        parts: How many folds; fewer where there are fewer people.
        seed: Of the draw.

    Returns:
        Pairs of row numbers; none where there are fewer than two rows.
    """
    people = len(set(groups)) if groups is not None else 0
    if groups is not None and people > 1:
        return [(fold.train, fold.test) for fold in by_speaker(groups, min(parts, people), seed)]
    part = np.empty(len(y), dtype=np.int64)
    part[np.lexsort((np.random.default_rng(seed).permutation(len(y)), y))] = np.arange(len(y)) % parts
    pairs = [(np.flatnonzero(part != number), np.flatnonzero(part == number)) for number in range(parts)]
    return [(train, test) for train, test in pairs if len(train) and len(test)]


def can_fit(member: Recognizer) -> bool:
    """Whether a member learns from clips in memory; networks as they ship, and tables of scores, do not."""
    return type(member).fit is not Recognizer.fit


def fresh(value: object) -> object:
    """An estimator of the same settings that has learned nothing; anything else is itself.

    In scikit-learn's manner nobody changes what a constructor was given, so that settings may be shared.
    """
    own = getattr(value, "__sklearn_clone__", None)
    if own is not None and not isinstance(value, type):
        return own()
    if hasattr(value, "get_params") and not isinstance(value, type):
        settings = {name: fresh(setting) for name, setting in value.get_params(deep=False).items()}
        return type(value)(**settings)
    if isinstance(value, Recognizer) and can_fit(value):
        return copy.deepcopy(value)
    return value


def fit_all(
    members: Mapping[str, Recognizer], clips: Sequence[Clip], y: Sequence[str], groups: Sequence[str] | None
) -> dict[str, Recognizer]:
    """Members fitted on all clips, copies of those given; those that cannot be fitted as they are."""
    fitted = {}
    for source, member in members.items():
        learner = fresh(member) if can_fit(member) else member
        assert isinstance(learner, Recognizer)
        if can_fit(member):
            learner.fit(clips, y, groups)
        fitted[source] = learner
    return fitted


def out_of_fold(
    members: Mapping[str, Recognizer],
    clips: Sequence[Clip],
    y: Sequence[str],
    groups: Sequence[str] | None,
    *,
    parts: int,
    seed: int,
    judge: Callable[[Recognizer, Sequence[Clip]], Floats],
) -> dict[str, Floats]:
    """What members say of each clip after they were fitted on other people's clips alone.

    Args:
        members: By source; those that cannot be fitted judge all clips as they are.
        clips: All clips of training.
        y: Their words.
        groups: Their speakers.
        parts: Inner folds.
        seed: Of the draw of speakers.
        judge: What a member says of clips [shape=(n, ...)].

    Returns:
        By source, one row a clip.

    Raises:
        OptionError: If a member must be fitted and nobody says who speaks.
        DataError: If there are fewer than two speakers.
    """
    learners = {source: member for source, member in members.items() if can_fit(member)}
    tables = {source: judge(member, clips) for source, member in members.items() if source not in learners}
    if learners:
        if groups is None:
            raise OptionError(
                f"Nested fitting of {', '.join(learners)} wants groups, the speaker of each clip; "
                "or nested=False, as published, with scores on people that the members learned from."
            )
        if len(set(groups)) < 2:
            raise DataError(f"Nested fitting wants two speakers at least, got {sorted(set(groups))}.")
        folds = inner_folds(np.unique(np.asarray(y), return_inverse=True)[1], groups, parts, seed)
        for source, member in learners.items():
            pieces, rows = [], []
            for train, test in folds:
                learner = fresh(member)
                assert isinstance(learner, Recognizer)
                learner.fit([clips[row] for row in train], [y[row] for row in train], [groups[row] for row in train])
                pieces.append(judge(learner, [clips[row] for row in test]))
                rows.append(test)
            tables[source] = np.concatenate(pieces)[np.argsort(np.concatenate(rows))]
    return {source: tables[source] for source in members}
