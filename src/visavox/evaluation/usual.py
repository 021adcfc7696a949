"""A baseline taken out of scores: what is usual is learned from people who are not judged with it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from visavox.baseline import Baseline, log_probabilities
from visavox.datasets import Sample
from visavox.errors import DataError
from visavox.evaluation.judges import Refitted, groups, project
from visavox.evaluation.systems import System
from visavox.protocols import Fold, Protocol

Floats = NDArray[np.float64]

ENROLLED = "neutral"
"""The word whose clips enrol a person."""


def without_usual(
    kind: str,
    system: System,
    protocol: Protocol,
    samples: Sequence[Sample],
    folds: Sequence[Fold],
    kept: Sequence[NDArray[np.int64]],
    tables: Sequence[Floats],
    words: Sequence[str],
) -> list[Floats]:
    """Scores with each person's own leaning taken out; what is usual comes from people of other folds.

    With a single fold it comes from inner folds of the training part where the system is fitted in memory. Otherwise
    nothing but "no word is favoured" is known to be usual, which serves "self" but not "enrolment".
    """
    result = []
    for number, fold in enumerate(folds):
        here = [samples[index] for index in kept[number]]
        people = _people(here, kind)
        enrolled = np.array([sample.emotion == ENROLLED for sample in here])
        judged = set(people)
        strangers = [
            (k, row)
            for k in range(len(folds))
            for row, index in enumerate(kept[k])
            if k != number and (protocol.random or samples[index].speaker not in judged)
        ]
        if strangers:
            values = np.stack([tables[k][row] for k, row in strangers])
            learned = [samples[kept[k][row]] for k, row in strangers]
        elif isinstance(system, Refitted):
            values, learned = _inner(system, protocol, samples, fold, words)
        else:
            values, learned = np.zeros((0, len(words))), []
        if learned:
            usual = Baseline(kind).fit(  # type: ignore[arg-type]  # checked by evaluate
                log_probabilities(values), _people(learned, kind), np.array([s.emotion == ENROLLED for s in learned])
            )
        elif kind == "self":
            usual = Baseline.known("self", np.zeros(len(words)))
            system.notes.append("baseline: no other people to learn from what is usual: no word is taken to be.")
        else:
            raise DataError(
                f"{protocol.name}, {kind}: this protocol has one fold, so nobody else tells what neutral clips usually "
                f"score; take --baseline self, or a protocol with more folds."
            )
        result.append(usual.transform_probabilities(tables[number], people, enrolled))
    return result


def _inner(
    system: Refitted, protocol: Protocol, samples: Sequence[Sample], fold: Fold, words: Sequence[str]
) -> tuple[Floats, list[Sample]]:
    """What a system says of the training rows, each by a copy that did not learn from its speaker."""
    values, rows = [], []
    for part in protocol.inner(samples, fold.train):
        learner = system.fitted(samples, part.train)
        said = np.asarray(learner.predict_proba([samples[index].clip for index in part.test]), dtype=np.float64)
        values.append(project(said, learner.classes_, words))
        rows += [samples[index] for index in part.test]
    return np.concatenate(values), rows


def _people(samples: Sequence[Sample], kind: str) -> list[str]:
    for row, sample in enumerate(samples):
        if not sample.speaker:
            raise DataError(
                f"baseline {kind}: row {row} ({sample.clip.name}) of {sample.corpus} does not say who it is, so "
                f"nothing is usual for anybody; take --baseline none."
            )
    return groups(samples)
