"""`evaluate`: a system judged under a protocol, fold by fold."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from visavox import datasets, emotions, protocols
from visavox.baseline import KINDS
from visavox.datasets import Data, Sample
from visavox.errors import DataError, OptionError
from visavox.evaluation.judges import AsItIs, Given, Judged, project
from visavox.evaluation.result import Evaluation, checked
from visavox.evaluation.systems import System, make, own_baseline
from visavox.evaluation.usual import without_usual
from visavox.protocols import Fold, Protocol
from visavox.recognizer import Recognizer, Status

Floats = NDArray[np.float64]
Progress = Callable[[float, float | None], None]
"""Told how many folds are done, and how many there are."""

WANTED: Mapping[str, tuple[str, ...]] = {
    "voice": ("voice", "audio-video"),
    "face": ("face", "audio-video", "video", "tracking"),
    "body": ("body", "video", "audio-video"),
    "fused": ("audio-video", "voice", "face"),
}
"""Kinds of clips that a system of a modality can judge, the best first."""


def evaluate(
    system: Recognizer | str | os.PathLike[str],
    protocol: Protocol | str,
    *,
    samples: Sequence[Sample] | None = None,
    data: Data = None,
    baseline: str = "none",
    folder: str | os.PathLike[str] | None = None,
    features: bool = False,
    overrides: Mapping[str, object] | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Judges a system under a protocol: nobody whom a fold judges is met by anything that was learned in it.

    Args:
        system: a shipped model's name, or a recognizer with a card: not fitted again, and judged only on those whom
            its card says that it never met; a recognizer that can be fitted: fitted anew on each fold's training part;
            or a recipe's name or file: trained anew in each fold.
        protocol: a protocol or its name.
        samples: the rows; loaded from `data` where they are not given.
        data: where the corpora are (`visavox.datasets.place`).
        baseline: what is taken out of the scores of each person: "none", "enrolment" (the mean of the neutral clips)
            or "self" (mean and deviation of all clips, unlabelled). What is usual is learned from the other folds'
            held-out people.
        folder: where a recipe's folds are trained, each in `fold-<name>`; a finished fold is not trained again.
        features: also keep the system's inner values, for the scatter plot.
        overrides: values put in place of a recipe's, by dotted key (`visavox.recipes.read`).
        progress: told how many folds are done.

    Returns:
        What was said of each row, and every score that follows from it.

    Raises:
        OptionError: system, protocol or baseline is none that exists.
        LeakError: somebody would be judged by who met him in training.
        DataError: rows are missing or none could be judged; the message names a row.
    """
    began = time.perf_counter()
    asked = protocols.named(protocol) if isinstance(protocol, str) else protocol
    if baseline not in KINDS:
        raise OptionError.one_of("baseline", baseline, KINDS)
    judged_system = make(system, asked, data=data, folder=folder, tell=progress is not None, overrides=overrides)
    inner = own_baseline(judged_system)
    if inner != "none" and baseline != "none":
        raise OptionError(
            f"{judged_system.name} takes out a baseline ({inner}) by itself; leave baseline at none, or build it "
            f"without."
        )
    rows = list(samples) if samples is not None else load(asked, judged_system.modality, data)
    folds = asked.folds(rows)
    said: list[Judged] = []
    for number, fold in enumerate(folds):
        if progress is not None:
            progress(number, len(folds))
        said.append(judged_system.judge(rows, fold, asked, features=features))
    if asked.random:
        judged_system.status = "in-sample"
        judged_system.notes.append(f"{asked.name} leaks on purpose: it judges speakers who were learned from.")
    if isinstance(judged_system, AsItIs) and not any(len(part.rows) for part in said):
        judged_system.refuse(rows, asked)
    return _result(judged_system, asked, baseline, rows, folds, said, seconds=time.perf_counter() - began)


def of_scores(
    name: str,
    protocol: Protocol | str,
    samples: Sequence[Sample],
    probabilities: Floats,
    *,
    words: Sequence[str] | None = None,
    baseline: str = "none",
    status: Status = "held-out",
    reasons: Sequence[str] = (),
    notes: Sequence[str] = (),
) -> Evaluation:
    """The evaluation of something whose scores were made elsewhere, such as a fusion of saved probabilities.

    That each row was judged by who never met its speaker is for the caller to know.

    Args:
        name: of the system, as tables call it.
        protocol: whose folds tell which rows are judged.
        samples: the rows.
        probabilities: what was said of each row [len(samples), k]; NaN where it could not be judged.
        words: of the columns; the protocol's where they are not given.
        baseline: what was taken out of the scores before.
        status: whether it had met those whom it judged.
        reasons: why rows could not be judged [len(samples)].
        notes: what a reader must know, such as what a rule was fitted on.

    Raises:
        OptionError: the baseline is none that exists.
        DataError: lengths differ, a row has no probabilities, or rows do not fit the protocol.
    """
    asked = protocols.named(protocol) if isinstance(protocol, str) else protocol
    if baseline not in KINDS:
        raise OptionError.one_of("baseline", baseline, KINDS)
    known = tuple(words or asked.words)
    if np.shape(probabilities) != (len(samples), len(known)) or (reasons and len(reasons) != len(samples)):
        raise DataError(
            f"{name}: probabilities must be [{len(samples)}, {len(known)}], a row for each sample, got "
            f"{list(np.shape(probabilities))}, and reasons as many, or none."
        )
    folds = asked.folds(samples)
    told = list(reasons) or [""] * len(samples)
    said = [
        Judged(fold.test, known, np.asarray(probabilities)[fold.test], tuple(told[index] for index in fold.test))
        for fold in folds
    ]
    system = Given(name, baseline, "in-sample" if asked.random else status, notes=list(notes))
    return _result(system, asked, "none", samples, folds, said, seconds=0.0)


def load(protocol: Protocol, modality: str, data: Data = None) -> list[Sample]:
    """The clips of a protocol's corpora that a system of a modality can judge.

    Of a corpus that comes in several kinds ("ravdess", "ravdess-video"), the first kind is taken that is there whole.

    Raises:
        DataError: a corpus is missing, or no kind of it has the modality.
    """
    wanted = WANTED.get(modality, tuple(WANTED["voice"]))
    result: list[Sample] = []
    for corpus in protocol.corpora:
        result += _kind(protocol, corpus, modality, wanted, data)
    return result


def _kind(
    protocol: Protocol,
    corpus: str,
    modality: str,
    wanted: Sequence[str],
    data: Data,
) -> list[Sample]:
    kinds = [corpus, *(name for name in datasets.names() if name.startswith(f"{corpus}-"))]
    has = {name: datasets.corpus(name, data).ABOUT.modality for name in kinds}
    fitting = sorted((name for name in kinds if has[name] in wanted), key=lambda name: wanted.index(has[name]))
    if not fitting:
        raise DataError(
            f"{protocol.name}: {corpus} has {' and '.join(sorted(set(has.values())))}, and a system of {modality} "
            f"judges {' or '.join(wanted)}; evaluate another system or protocol."
        )
    found: list[Sample] = []
    problem: DataError | None = None
    for name in fitting:
        try:
            rows = datasets.load(name, data)
            kind = next((one for one in wanted if any(row.modality == one for row in rows)), None)
            rows = [row for row in rows if kind is None or row.modality == kind]
            if len(fitting) > 1 and len(protocol.corpora) == 1:
                protocol.folds(rows)
        except DataError as error:
            problem = problem or error
            continue
        found = rows
        break
    if not found:
        assert problem is not None
        raise problem
    return found


def _result(
    system: System,
    protocol: Protocol,
    baseline: str,
    samples: Sequence[Sample],
    folds: Sequence[Fold],
    said: Sequence[Judged],
    *,
    seconds: float,
) -> Evaluation:
    """Everything that was said, over the protocol's words and with the baseline taken out."""
    known = {word for part in said for word in part.words}
    words, folded = _vocabulary(protocol, known)
    name = protocol.name
    if words != protocol.words:
        lost = [word for word in protocol.words if word not in words]
        told = ", ".join(f"{word} as {folded[word]}" if word in folded else f"without {word}" for word in lost)
        name = f"{name} ({len(words)} words: {told})"
    kept, tables, inner, reasons, names, unknown = [], [], [], [], [], 0
    for fold, part in zip(folds, said, strict=True):
        inside = np.array([folded.get(samples[i].emotion, samples[i].emotion) in words for i in part.rows], dtype=bool)
        unknown += int((~inside).sum())
        table = project(part.probabilities[inside], part.words, words)
        table = checked(table, [str(samples[i].clip.name) for i in part.rows[inside]], system.name)
        kept.append(part.rows[inside])
        tables.append(table)
        reasons += [reason for reason, here in zip(part.reasons, inside, strict=True) if here]
        names += [fold.name] * int(inside.sum())
        if part.features is not None:
            inner.append(part.features[inside])
    rows = np.concatenate(kept)
    judged = [samples[index] for index in rows]
    if not len(rows):
        raise DataError(f"{system.name} under {protocol.name}: no clip is left to judge.")
    met = sum(len(fold.test) for fold in folds) - len(rows) - unknown
    if met:
        system.notes.append(
            f"{met} of {met + unknown + len(rows)} clips are left out: {system.name} may have met their speakers."
        )
    if unknown:
        system.notes.append(f"{unknown} clips are left out: {system.name} does not know their words.")
    if np.isnan(np.concatenate(tables)).all():
        why = ", ".join(sorted({reason for reason in reasons if reason})) or "it did not say why"
        raise DataError(
            f"{system.name} could judge none of the {len(rows)} clips of {protocol.name} ({why}); bring clips that "
            f"have a {system.modality}."
        )
    if baseline != "none":
        tables = without_usual(baseline, system, protocol, samples, folds, kept, tables, words)
    about = datasets.corpus(judged[0].corpus).ABOUT if judged[0].corpus in datasets.names() else None
    return Evaluation(
        system=system.name,
        protocol=name,
        baseline=baseline if baseline != "none" else own_baseline(system),
        status=system.status,
        words=words,
        names=tuple(str(sample.clip.name) for sample in judged),
        folds=tuple(names),
        speakers=tuple(sample.speaker for sample in judged),
        sexes=tuple(sample.sex for sample in judged),
        takes=tuple(sample.take for sample in judged),
        truth=np.array([words.index(folded.get(s.emotion, s.emotion)) for s in judged], dtype=np.int64),
        probabilities=np.concatenate(tables),
        reasons=tuple(reasons),
        histories={fold.name: part.history for fold, part in zip(folds, said, strict=True) if part.history},
        features=np.concatenate(inner) if sum(map(len, inner)) == len(rows) else None,
        people=about.people if about is not None else None,
        people_note=about.people_note if about is not None else "",
        notes=tuple(system.notes),
        made={
            "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
            "seconds": round(seconds, 1),
            "versions": _versions(),
        },
    )


def _vocabulary(protocol: Protocol, known: set[str]) -> tuple[tuple[str, ...], dict[str, str]]:
    """The words that can be judged, and which word counts as which: a system that has no calm hears neutral."""
    folded = {
        word: emotions.FOLDED[word]
        for word in protocol.words
        if word not in known and emotions.FOLDED.get(word) in protocol.words
    }
    words = tuple(word for word in protocol.words if word in known)
    if len(words) < 2:
        raise OptionError(
            f"{protocol.name} judges {', '.join(protocol.words)}, of which the system knows "
            f"{', '.join(words) or 'none'}; take another protocol."
        )
    return words, {word: place for word, place in folded.items() if place in words}


def _versions() -> dict[str, str]:
    result = {"python": platform.python_version()}
    for name in ("visavox", "numpy", "onnxruntime", "scikit-learn", "torch"):
        try:
            result[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return result
