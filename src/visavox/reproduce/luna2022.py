"""The published fusion on RAVDESS made again, every rule of ours beside it, and what a person's baseline adds.

Source: Luna-Jiménez et al., "A Proposal for Multimodal Emotion Recognition Using Aural Transformers and Action Units on
    RAVDESS Dataset", Applied Sciences 12(1) 327, 2022: five speaker-independent folds, eight words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from visavox import protocols
from visavox.baseline.by_person import Kind
from visavox.datasets import Data
from visavox.fusion import RULES, WEIGHTED, Fusion
from visavox.fusion.classifiers import CLASSIFIERS
from visavox.recognizer import Prior
from visavox.reproduce.ravdess import (
    WORDS,
    Floats,
    Integers,
    Scores,
    Takes,
    as_probabilities,
    fused,
    nested_recognizer,
    own_fold,
    part,
    published,
    row_for,
    takes,
    taught,
    units,
    units_recognizer,
    without_baseline,
)
from visavox.reproduce.rows import HELD_OUT, NOTHING, PUBLISHED, Row, choice

TITLE = "The published fusion on RAVDESS (folds ravdess-luna5, eight words)"

FIRST, SECOND = "1. published models", "2. with each person's own usual taken out (self)"

LATE_LR = "late-lr, as published"
REPORTED: Mapping[str, float] = {"voice": 0.8182, "bi-LSTM": 0.6213, "MLP": 0.6022, LATE_LR: 0.8670}
"""Published accuracies."""

Maker = Callable[[Sequence[str]], Fusion]


def late_lr(sources: Sequence[str]) -> Fusion:
    """The published rule: logistic regression (C = 1) on the models' raw outputs, each scaled to 0..1 by training."""
    return Fusion(
        {},
        rule="logistic-regression",
        sources=sources,
        words=WORDS,
        inputs="logits",
        scaler="min-max",
        dropped=0.0,
        nested=False,
        prior="corpus",
    )


def every_rule(words: Sequence[str] = WORDS) -> Iterator[tuple[str, Maker, bool]]:
    """Every rule of ours at the decision level: its name, how it is made, and whether it has anything to fit."""

    def maker(rule: str, each: bool = False) -> Maker:
        if each:
            return lambda sources: Fusion(
                {}, rule=rule, sources=sources, words=words, powers="source-and-word", bias=True
            )
        # What comes in is under the prior of training, and so is what goes out: rules that learn do not change it.
        prior: Prior = "corpus" if rule in CLASSIFIERS else "uniform"
        return lambda sources: Fusion({}, rule=rule, sources=sources, words=words, dropped=0.0, prior=prior)

    yield "log-linear", maker("log-linear"), True
    yield "log-linear, by word", maker("log-linear", each=True), True
    for rule in WEIGHTED:
        if rule != "log-linear":
            yield rule, maker(rule), True
    for rule in CLASSIFIERS:
        yield rule, maker(rule), True
    for rule in RULES:
        if rule != "log-linear":
            yield rule, maker(rule), False


def rows(
    data: Data = None, folder: Path | None = None, progress: Callable[[str], None] = lambda text: None
) -> list[Row]:
    """Tables 1 (without a baseline) and 2 (self), as the module says.

    Args:
        data: Where RAVDESS is, with the published posteriors and averages of action units.
        folder: Not needed; nothing takes long.
        progress: Told what is being done.

    Raises:
        DataError: A table is missing.
    """
    those = takes(data)
    raw, raw_training, training_rows = published(those, data)
    result = []

    def add(table: str, row: str, judged: Floats, baseline: Kind, fitted_on: str, note: str = "") -> None:
        reported = REPORTED.get(row) if baseline == "none" else None
        result.append(
            row_for(
                those,
                judged,
                table=table,
                row=row,
                baseline=baseline,
                fitted_on=fitted_on,
                reported=reported,
                note=note,
            )
        )

    def as_published(fold: int) -> tuple[Scores, Integers]:
        return as_probabilities(raw_training[fold]), training_rows[fold]

    held_out = as_probabilities(raw)
    for source, values in held_out.items():
        add(FIRST, source, values, "none", "training speakers")
    progress("the published fusion")
    late = fused(those, lambda fold: raw, late_lr, lambda fold: (raw_training[fold], training_rows[fold]))
    add(FIRST, LATE_LR, late, "none", PUBLISHED)
    table = units(data)
    progress("our facial units")
    with_units = {kind: nested_recognizer(those, units_recognizer(table, kind)) for kind in ("none", "self")}
    facial = {kind: own_fold(those, scores) for kind, scores in with_units.items()}
    add(FIRST, "units (ours)", facial["none"], "none", "training speakers")
    for name, make, fits in every_rule():
        progress(name)
        if fits:
            add(FIRST, name, fused(those, lambda fold: held_out, make, as_published), "none", PUBLISHED)
        add(FIRST, name, fused(those, lambda fold: held_out, make), "none", HELD_OUT if fits else NOTHING)

    def four(kind: Kind) -> dict[int, Scores]:
        """All four sources' scores for each fold."""
        folds = {}
        for fold, own in with_units[kind].items():
            train = those.fold != fold
            theirs = {source: without_baseline(v, train, those.people, kind) for source, v in held_out.items()}
            folds[fold] = {**theirs, "units (ours)": own}
        return folds

    plain, cached = four("none"), four("self")
    for name, make, fits in every_rule():
        progress(f"{name}, with our facial units")
        judged = fused(those, plain.__getitem__, make)
        add(FIRST, f"{name}, with units (ours)", judged, "none", HELD_OUT if fits else NOTHING)

    for source in (*held_out, "units (ours)"):
        own = own_fold(those, {fold: scores[source] for fold, scores in cached.items()})
        add(SECOND, source, own, "self", "training speakers")
    judged_by: dict[str, Floats] = {}
    for name, make, fits in every_rule():
        progress(f"{name}, self")
        judged_by[name] = fused(those, cached.__getitem__, make)
        add(SECOND, f"{name}, with units (ours)", judged_by[name], "self", HELD_OUT if fits else NOTHING)
    progress("the rule chosen inside training")
    chosen, picked = _chosen(those, cached, judged_by)
    add(SECOND, "chosen rule, with units (ours)", chosen, "self", HELD_OUT, f"chosen by the other folds: {picked}")
    for name, judged in (("log-linear", judged_by["log-linear"]), ("chosen rule", chosen)):
        result.append(_difference(those, f"{name} (self) minus {LATE_LR}", judged, late))
    return result


CANDIDATES = ("log-linear", "log-linear, by word", "logistic-regression", "product", "bel")
"""Rules among which the one for a fold is chosen by the four others."""


def _chosen(those: Takes, scores: Mapping[int, Scores], judged: Mapping[str, Floats]) -> tuple[Floats, str]:
    """Probabilities by the rule that did best on the other folds, each of which was judged by what the rest taught.

    Args:
        those: The clips.
        scores: Of all clips for each fold, by source.
        judged: What each rule says of each clip, fitted on the other folds.
    """
    result = np.full((len(those.fold), len(WORDS)), np.nan)
    picked = []
    for fold, given in scores.items():
        right = {}
        for name, make, _ in every_rule():
            if name not in CANDIDATES:
                continue
            parts = []
            for inner in scores:
                if inner == fold:
                    continue
                learn = np.flatnonzero((those.fold != fold) & (those.fold != inner))
                test = np.flatnonzero(those.fold == inner)
                said = taught(make(tuple(given)), those, part(given, learn), learn).combine(part(given, test))
                parts.append(float(np.mean(choice(said) == those.truth[test])))
            right[name] = float(np.mean(parts))
        best = max(right, key=right.__getitem__)
        picked.append(best)
        result[those.fold == fold] = judged[best][those.fold == fold]
    return result, ", ".join(picked)


def _difference(those: Takes, name: str, ours: Floats, theirs: Floats) -> Row:
    """A paired difference in accuracy, with its interval over speakers."""
    drawn = protocols.paired(
        those.truth, choice(ours), choice(theirs), those.people, words=len(WORDS), metric=protocols.accuracy
    )
    return Row(
        table=SECOND,
        row=name,
        baseline="self",
        fitted_on=HELD_OUT,
        folds=5,
        metric="accuracy difference",
        mean=drawn.value,
        interval=(drawn.low, drawn.high),
        note="paired bootstrap over speakers",
    )
