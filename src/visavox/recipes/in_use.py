"""A finished model judged as people use it, on people and cameras that it never met: few rows, each with its people.

Pictures of a clip are pooled, or whole recordings analysed; every word that the model knows may be the answer; what is
expected beforehand is nothing, or what `analyze` expects.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visavox import datasets, protocols, weights, zoo
from visavox.analysis import analyze
from visavox.baseline.by_person import Kind
from visavox.calibration import change_prior
from visavox.datasets import About, Data, Sample
from visavox.errors import DataError
from visavox.recipes.recipe import Recipe, Unseen
from visavox.recipes.roles import about, unseen_clips
from visavox.recognizer import Prior, Score, Status
from visavox.timeline import Timeline

PRIORS: tuple[Prior, ...] = ("uniform", "life")
"""Under which clips are judged: nothing expected, and as `analyze` does."""

SETTINGS: tuple[tuple[Prior, Kind], ...] = (("uniform", "none"), ("life", "self"))
"""Prior and baseline under which recordings are analysed: nothing expected, and what `analyze` does unless told."""

FEW = 5
"""Fewer people than this cannot be drawn: they are told one by one, and clips are drawn within each."""

MANY = 10
"""So many clips a person at least, that clips can be drawn within each."""

TOLD = 20
"""Of so few clips a row names those that were not judged right."""


def absent(recipe: Recipe, data: Data) -> dict[str, str]:
    """Which unseen corpora of a recipe cannot be judged on here, and why: they are not there, or no weights are."""
    found = {}
    for use in recipe.unseen:
        try:
            datasets.place(use.name, data)
        except DataError as error:
            found[use.name] = str(error)
            continue
        if use.through == "analyze" and weights.missing():
            found[use.name] = "what finds faces and speech was not fetched: run `visavox models fetch`"
    return found


def scores(model: Path, recipe: Recipe, use: Unseen, data: Data, *, status: Status = "out-of-sample") -> list[Score]:
    """What a finished model is worth on an unseen corpus, as `use.through` says.

    Args:
        model: its ONNX file, with its card beside it.
        recipe: whose words, limit and draws are used.
        use: the corpus; "recognizer" or "analyze" judges it.
        data: where it is.
        status: whether the model has met its like.

    Raises:
        DataError: the corpus is not there, or is to be analysed and its clips have no files.
    """
    samples, left_out = unseen_clips(recipe, use, data)
    known = about(use.name, data)
    made = []
    for how, judged in (_analysed if use.through == "analyze" else _pooled)(model, recipe, samples):
        told = f"left out since it does not know their word: {left_out}" if left_out else ""
        made += summary(
            samples, judged, recipe.words, corpus=known, part="all", status=status, notes=(how, told),
            draws=recipe.judging.draws, seed=recipe.judging.seed,
        )  # fmt: skip
    return made


def summary(
    samples: Sequence[Sample],
    judged: NDArray[np.int64],
    words: Sequence[str],
    *,
    corpus: About,
    part: str,
    status: Status,
    notes: Sequence[str] = (),
    draws: int = 2000,
    seed: int = 1,
) -> list[Score]:
    """Accuracy and UAR of judgements, and of each person where people are too few to be drawn.

    Args:
        samples: judged clips, all of one corpus.
        judged: index of the word that each was judged to be [n]; -1 where none was, which counts as wrong.
        words: all that might have been.
        corpus: what is known of it.
        part: what part of the corpus they are.
        status: whether the model, or its choice, has met their like.
        notes: what a reader must know.
        draws: of the bootstrap.
        seed: of the bootstrap.
    """
    people = Counter(sample.speaker for sample in samples if sample.speaker is not None)
    few = 0 < len(people) < FEW and people.total() == len(samples) and min(people.values()) >= MANY
    made = list(_both(samples, judged, words, corpus, part, status, notes, draws=draws, seed=seed, within=few))
    for person in sorted(people) if few and len(people) > 1 else ():
        own = np.array([sample.speaker == person for sample in samples])
        theirs = [sample for sample in samples if sample.speaker == person]
        made += _both(
            theirs, judged[own], words, corpus, f"{part}, {person}", status, notes, draws=draws, seed=seed, within=True
        )
    return made


def _both(
    samples: Sequence[Sample],
    judged: NDArray[np.int64],
    words: Sequence[str],
    corpus: About,
    part: str,
    status: Status,
    notes: Sequence[str],
    *,
    draws: int,
    seed: int,
    within: bool,
) -> Iterator[Score]:
    """Accuracy and, where there is more than one word, UAR."""
    truth = np.array([words.index(sample.emotion) for sample in samples], dtype=np.int64)
    speakers = [sample.speaker for sample in samples]
    known = None if None in speakers else [str(speaker) for speaker in speakers]
    people = None if known is None else len(set(known))
    drawn = protocols.Bootstrap(truth, judged, known, words=len(words), draws=draws, seed=seed, within=within)
    several = len(set(truth.tolist())) > 1
    chance = {
        "accuracy": float(np.bincount(truth).max() / len(truth)) if several else 1 / len(words),
        "uar": 1 / len(words),
    }
    wrong = [
        f"{sample.clip.name} {words[word] if word >= 0 else 'nothing'}"
        for sample, word, true in zip(samples, judged, truth, strict=True)
        if word != true
    ]
    for metric in ("accuracy", "uar") if several else ("accuracy",):
        value, more = drawn(protocols.METRICS[metric]), list(notes)
        if within:
            who = "one person" if people == 1 else f"{people} people only"
            more.append(f"{who}: the interval is over clips within each and says little of others")
        elif people == len(samples) and metric == "accuracy":
            value = protocols.proportion(int((judged == truth).sum()), len(truth))
            more.append(f"{people} people, one clip each: Wilson's interval")
        elif people is not None:
            more.append(f"{people} people")
        if len(samples) <= TOLD and wrong and metric == "accuracy":
            more.append(f"not right: {', '.join(wrong)}")
        human = corpus.people if metric == "accuracy" and part == "all" else None
        if human is not None and corpus.people_note:
            more.append(f"people: {corpus.people_note}")
        yield Score(
            corpus=corpus.name,
            part=part,
            metric=metric,
            value=round(value.value, 4),
            low=round(value.low, 4),
            high=round(value.high, 4),
            status=status,
            clips=len(samples),
            speakers=people,
            chance=round(chance[metric], 4),
            people=human,
            note="; ".join(note for note in more if note),
        )


def _pooled(model: Path, recipe: Recipe, samples: Sequence[Sample]) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Clips judged by the model, under each prior: how, and the index of each clip's word."""
    recognizer = zoo.load(model)
    probabilities = recognizer.predict_proba([sample.clip for sample in samples])
    card = zoo.card(model)
    for prior in PRIORS:
        p = change_prior(probabilities, card.prior("uniform"), card.prior(prior))
        yield f"prior {prior}, pictures pooled", np.where(np.isnan(p).any(axis=1), -1, np.nan_to_num(p).argmax(axis=1))


def _analysed(model: Path, recipe: Recipe, samples: Sequence[Sample]) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Recordings analysed under each setting: how, and the index of each one's word."""
    sources: Mapping[str, str | None] = {"face": None, "voice": None, recipe.modality: str(model)}
    for prior, baseline in SETTINGS:
        judged = []
        for sample in samples:
            if sample.clip.source is None:
                raise DataError(f"{sample.clip.name}: it has no file to analyze; judge it through the recognizer")
            timeline = analyze(
                sample.clip.source,
                face=sources["face"],
                voice=sources["voice"],
                start=sample.clip.start,
                end=sample.clip.end,
                prior=prior,
                baseline=baseline,
            )
            word = most(timeline)
            judged.append(recipe.words.index(word) if word in recipe.words else -1)
        how = f"prior {prior}, baseline {baseline}, a recording's word is that of most of its cells"
        yield how, np.array(judged, dtype=np.int64)


def most(timeline: Timeline) -> str | None:
    """The word of more than half of the judged cells of the person who is judged most; None where there is none."""
    people = Counter(segment.person for segment in timeline if segment.judged)
    if not people:
        return None
    person, cells = people.most_common(1)[0]
    words = Counter(timeline.word(segment) for segment in timeline if segment.judged and segment.person == person)
    word, often = words.most_common(1)[0]
    return word if often > cells / 2 else None
