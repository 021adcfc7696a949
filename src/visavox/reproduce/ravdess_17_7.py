"""BEL, MoBEL and all other rules with speakers apart and with clips split at random: what leaking speakers is worth.

Source: the report of 2024 after Farhoudi and Setayeshi, Speech Communication 127, 2021: learn from actors 1-17, judge
    actors 18-24, six words. Its figures come from networks that met the judged clips, or cannot be traced; ours join
    a voice (what the shipped `voice-open`, which never met RAVDESS, computes of it) and a face (averages of action
    units), both with classifiers that take seconds, so that every rule can be judged under both protocols.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from visavox.baseline.by_person import Kind
from visavox.datasets import Data
from visavox.fusion import Fusion
from visavox.precomputed import FeatureTable
from visavox.protocols import Fold, Protocol, named
from visavox.reproduce.luna2022 import every_rule
from visavox.reproduce.ravdess import (
    WORDS,
    Floats,
    Integers,
    Takes,
    fitted,
    heard,
    part,
    takes,
    taught,
    units,
    units_recognizer,
    voice_recognizer,
)
from visavox.reproduce.rows import NESTED, NOTHING, Row, choice, row_of

TITLE = "BEL, MoBEL and every other rule, speakers apart and at random (RAVDESS, six words)"

TABLE = "5. protocol {}"

REPORTED: Mapping[str, float] = {"bel": 0.743, "feature: concatenation, mobel": 0.817}
"""What the report gives for its own networks: BEL on their decisions, MoBEL on their features."""

JOINED: tuple[tuple[str, str], ...] = (
    *(
        ("concatenation", rule)
        for rule in ("logistic-regression", "svm-linear", "svm-rbf", "knn", "mlp", "bel", "mobel")
    ),
    ("gated", "logistic-regression"),
)
"""Ways to join features (`visavox.fusion`) and what judges them."""

RANDOM = "inner folds, clips at random"
"""What a rule learned from under a protocol that leaks: members judged clips, not people, that they had not met."""


def rows(data: Data, folder: Path, progress: Callable[[str], None]) -> list[Row]:
    """Table 5: members and every rule under `ravdess-17-7`, none and self, and under `ravdess-random`.

    Args:
        data: Where RAVDESS is, with its averages of action units.
        folder: Keeps what `voice-open` computes of each clip.
        progress: Told what is being done.
    """
    those = takes(data)
    progress("what voice-open computes of each clip")
    tables = {"voice": heard(those, data, folder), "face": units(data)}
    result = []
    asked: tuple[tuple[str, Kind], ...] = (
        ("ravdess-17-7", "none"),
        ("ravdess-17-7", "self"),
        ("ravdess-random", "none"),
    )
    for name, kind in asked:
        result += _under(named(name), kind, those, tables, progress)
    return result


def _under(
    protocol: Protocol, kind: Kind, those: Takes, tables: Mapping[str, FeatureTable], progress: Callable[[str], None]
) -> list[Row]:
    words = tuple(word for word in WORDS if word in protocol.words)
    people, emotions, clips = those.people, those.emotions, those.clips
    seen = those.rows
    makers = {"voice": voice_recognizer, "face": units_recognizer}
    members = {source: makers[source](table, kind).set_params(words=words) for source, table in tables.items()}
    truth = np.array([words.index(word) if word in words else -1 for word in emotions], dtype=np.int64)
    judged: dict[str, list[Floats]] = {}
    fitted_on: dict[str, str] = {}
    folds = protocol.folds(seen)
    learned_from = RANDOM if protocol.random else NESTED
    for number, fold in enumerate(folds, start=1):
        progress(f"{protocol.name}, {kind}, fold {number} of {len(folds)}: members")
        train, test = fold.train, fold.test
        inner = _at_random(train) if protocol.random else protocol.inner(seen, train)
        held_out = {source: np.full((len(those.truth), len(words)), np.nan) for source in members}
        final = {}
        for source, member in members.items():
            for inside in inner:
                held_out[source][inside.test] = fitted(member, those, inside.train).predict_proba(
                    [clips[row] for row in inside.test]
                )
            model = fitted(member, those, train)
            final[source] = model.predict_proba([clips[row] for row in test])
            judged.setdefault(source, []).append(final[source])
            fitted_on[source] = "training clips" if protocol.random else "training speakers"
        for rule, make, fits in every_rule(words):
            progress(f"{protocol.name}, {kind}, fold {number} of {len(folds)}: {rule}")
            fusion = taught(make(tuple(members)), those, part(held_out, train), train)
            judged.setdefault(rule, []).append(fusion.combine(final))
            fitted_on[rule] = learned_from if fits else NOTHING
        if kind == "none":
            features = {source: table.features(clips).astype(np.float64) for source, table in tables.items()}
            for join, rule in JOINED:
                progress(f"{protocol.name}, fold {number} of {len(folds)}: features, {join}, {rule}")
                name = f"feature: {join}, {rule}"
                fusion = Fusion(
                    {},
                    level="feature",
                    rule=rule,
                    join=join,
                    sources=tuple(tables),
                    words=words,
                    dropped=0.0,
                    prior="corpus",
                )
                joined = taught(fusion, those, part(features, train), train).combine(part(features, test))
                judged.setdefault(name, []).append(joined)
                fitted_on[name] = "training clips" if protocol.random else "training speakers"
    tested = np.concatenate([fold.test for fold in folds])
    number_of = np.concatenate([np.full(len(fold.test), number) for number, fold in enumerate(folds)])
    return [
        row_of(
            truth[tested],
            choice(np.concatenate(parts)),
            number_of,
            [people[row] for row in tested],
            words=len(words),
            table=TABLE.format(protocol.name),
            row=name,
            baseline=kind,
            fitted_on=fitted_on[name],
            reported=REPORTED.get(name) if kind == "none" and not protocol.random else None,
            chance=1 / len(words),
            note="speakers are on both sides" if protocol.random else "",
        )
        for name, parts in judged.items()
    ]


def _at_random(train: Integers) -> list[Fold]:
    """Inner folds of clips, as somebody makes them who does not keep speakers apart."""
    order = np.random.RandomState(42).permutation(train)
    parts = np.array_split(order, 5)
    return [Fold(str(number), np.setdiff1d(train, part), np.sort(part)) for number, part in enumerate(parts)]
