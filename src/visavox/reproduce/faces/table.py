"""Faces across corpora: the shipped face model on clips of people and a corpus it never met, and their voices beside.

112 clips with faces, 60 of one actor of RAVDESS and 52 of another; seven words, calm counting as neutral. The face
model learned from FER2013's photographs alone. Each voice network is the one of `ravdess-luna5` in whose test part the
actor is. Before it stands what the model's card says of the same clips, and of others: each as people use the model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visavox import datasets, recipes, zoo
from visavox.baseline import Baseline, balanced, log_probabilities
from visavox.calibration import calibrated
from visavox.datasets import Data, Sample
from visavox.emotions import WORDS, project
from visavox.errors import DataError
from visavox.face.recognizer import FaceRecognizer
from visavox.fusion import RULES, WEIGHTED, Fusion
from visavox.fusion.classifiers import CLASSIFIERS
from visavox.protocols import Bootstrap, accuracy, paired
from visavox.recipes import in_use
from visavox.reproduce.faces.sources import FOLDS, KINDS, VOICES, Clips, Source, clips_of, known_baselines, voices
from visavox.reproduce.rows import HELD_OUT, NOTHING, Row, choice

Floats = NDArray[np.float64]

TITLE = "Faces across corpora"

USED = "The face model as it is used"
"""The table of rows that its card has, too."""

PICTURES = 512
"""Faces from which the network's last layer is found: more than it has inputs."""

USUAL = "FER2013's validation part"
"""What a face's usual is taken from: FER2013 does not know who is who, so a person's strength is a constant."""


def rows(data: Data, folder: Path, progress: Callable[[str], None]) -> list[Row]:
    """Makes the table.

    Args:
        data: Where RAVDESS and FER2013 are, as `datasets.place` takes it.
        folder: Runs; the voices of the folds are in it as `VOICES` says, else their rows say that they are absent.
        progress: Told what is being done.

    Raises:
        DataError: A corpus is missing, or the voices' predictions do not belong to these clips.
    """
    samples = datasets.load("ravdess-faces", data)
    clips = clips_of(samples)
    recognizer = zoo.load("face")
    if not isinstance(recognizer, FaceRecognizer):
        raise DataError("the model called face does not judge faces; install visavox again")
    made = list(used(zoo.FOLDER / "face.onnx", data, progress))
    progress("faces: what is usual, from FER2013's validation part")
    usual = [sample for sample in datasets.load("fer2013", data) if sample.part == "validation"]
    usual_features = np.asarray(recognizer.features([sample.clip for sample in usual]), dtype=np.float64)
    head = Head.of(recognizer, usual[:PICTURES], usual_features[:PICTURES])
    usual_words = np.array([WORDS.index(sample.emotion) for sample in usual])
    progress(f"faces: {len(samples)} clips")
    features = np.asarray(recognizer.features([sample.clip for sample in samples]), dtype=np.float64)
    face = Source(
        "face",
        head(features),
        [known_baselines(log_probabilities(head(usual_features)), usual_words)],
        np.zeros(len(samples), dtype=np.int64),
        USUAL,
        "FER2013's training part",
    )
    made += source_rows(face, clips)
    made += _feature_rows(head, features, known_baselines(usual_features, usual_words), clips, face)
    voice = voices(folder, clips)
    if voice is None:
        return [*made, _absent()]
    progress("faces: with their voices")
    return [*made, *source_rows(voice, clips), *fused_rows(face, voice, clips)]


def used(model: Path, data: Data, progress: Callable[[str], None]) -> Iterator[Row]:
    """What the face model's card says of people and cameras that it never met, measured again.

    Args:
        model: Its ONNX file, with its card beside it.
        data: Where the corpora are that its recipe calls unseen; of one that is not there, the row says so.
        progress: Told what is being done.
    """
    recipe = recipes.read(recipes.find("face").read_text(encoding="utf-8"))
    absent = in_use.absent(recipe, data)
    for use in recipe.unseen:
        if use.name in absent:
            yield Row(table=USED, row=use.name, folds=0, mean=float("nan"), note=f"not at hand: {absent[use.name]}")
            continue
        progress(f"faces: {use.name} through {use.through}")
        for score in in_use.scores(model, recipe, use, data):
            yield Row(
                table=USED,
                row=f"{score.corpus}, {score.part}",
                baseline="self" if "baseline self" in score.note else "none",
                fitted_on="FER2013's training part",
                folds=1,
                mean=score.value,
                interval=(score.low, score.high) if score.low is not None and score.high is not None else None,
                metric=score.metric,
                chance=score.chance,
                note=f"{score.clips} clips; {score.note}",
            )


class Head:
    """The face network's last layer: features in, probabilities out. It is linear, so it is found from its outputs.

    Args:
        weights: [features + 1, words], the last row is the bias.
        recognizer: whose temperature and priors are used.
    """

    def __init__(self, weights: Floats, recognizer: FaceRecognizer) -> None:
        self.weights = weights
        self.recognizer = recognizer

    @classmethod
    def of(cls, recognizer: FaceRecognizer, samples: Sequence[Sample], features: Floats) -> Head:
        """Finds it from what the network says of some faces.

        Args:
            recognizer: The network and its card.
            samples: One face each; more than the features are.
            features: Of these faces [n, d].

        Raises:
            DataError: The network's last layer is not linear in its features, or the faces are too few to tell.
        """
        inputs = np.column_stack([features, np.ones(len(features))])
        logits = recognizer.logits(np.concatenate([s.clip.faces for s in samples if s.clip.faces is not None]))
        weights = np.linalg.lstsq(inputs, logits, rcond=None)[0]
        if len(inputs) <= inputs.shape[1] or not np.allclose(inputs @ weights, logits, atol=1e-3):
            raise DataError("the face network's last layer cannot be found from its outputs; use its scores alone")
        return cls(np.asarray(weights), recognizer)

    def __call__(self, features: Floats) -> Floats:
        """Probabilities of `WORDS` under a uniform prior [n, 7]."""
        logits = features @ self.weights[:-1] + self.weights[-1]
        return project(calibrated(logits, self.recognizer.card, "uniform"), self.recognizer.classes_)


def source_rows(source: Source, clips: Clips) -> list[Row]:
    """One source by its scores, under every baseline."""
    return [_row(f"{source.name}, scores", kind, source.under(kind, clips), source, clips) for kind in KINDS]


def _feature_rows(
    head: Head, features: Floats, baselines: Mapping[str, Baseline], clips: Clips, face: Source
) -> list[Row]:
    """The face by its features: the baseline comes before the network's last layer.

    That layer is linear, so a mean taken out of features is one taken out of logits: `enrolment` is the same both ways,
    and `self` differs by the deviations.
    """
    made = []
    for kind in KINDS:
        baseline = baselines.get("self" if kind == "shares" else kind)
        moved = features if baseline is None else baseline.transform(features, clips.people, clips.neutral)
        judged = balanced(head(moved), clips.people) if kind == "shares" else head(moved)
        made.append(_row("face, features", kind, judged, face, clips))
    return made


def fused_rows(face: Source, voice: Source, clips: Clips) -> list[Row]:
    """Face and voice together by every rule, with and without baselines."""
    made = []
    kinds = ("none", "self", "shares")
    scores = {kind: {source.name: source.under(kind, clips) for source in (face, voice)} for kind in kinds}
    sources = tuple(scores["none"])
    for rule in RULES:
        for kind in kinds:
            judged = Fusion({}, rule=rule, sources=sources).combine(scores[kind])
            made.append(_row(f"face + voice, {rule}", kind, judged, None, clips))
    for rule in ("log-linear", *WEIGHTED, *CLASSIFIERS):
        for kind in kinds:
            judged = _by_the_other(rule, scores[kind], clips)
            made.append(_row(f"face + voice, {rule}, fitted", kind, judged, None, clips, rule_fitted_on=HELD_OUT))
    return made


def _by_the_other(rule: str, scores: Mapping[str, Floats], clips: Clips) -> Floats:
    """Each actor judged by a rule that was fitted on the other one."""
    people = np.array(clips.people)
    judged = np.full((len(people), len(WORDS)), np.nan)
    for person in np.unique(people):
        test = people == person
        words = [word for word, tested in zip(clips.words, test, strict=True) if not tested]
        fusion = Fusion({}, rule=rule, sources=tuple(scores), dropped=0)
        fusion.fit_scores({source: values[~test] for source, values in scores.items()}, words)
        judged[test] = fusion.combine({source: values[test] for source, values in scores.items()})
    return judged


def _row(
    name: str, kind: str, judged: Floats, source: Source | None, clips: Clips, *, rule_fitted_on: str = NOTHING
) -> Row:
    baseline, suffix = KINDS[kind]
    chosen = choice(judged)
    right = chosen == clips.truth
    people = np.array(clips.people)
    drawn = Bootstrap(clips.truth, chosen, clips.people, words=len(WORDS), within=True)(accuracy)
    each = {person: float(right[people == person].mean()) for person in np.unique(people)}
    note = ", ".join(f"{person} {100 * value:.1f}" for person, value in each.items())
    if source is not None:
        if kind in ("enrolment", "self"):
            note += f"; usual: {source.usual}"
        if kind != "none":
            gain = paired(clips.truth, chosen, choice(source.scores), None, words=len(WORDS))
            note += f"; {100 * gain.value:+.1f} to none (95 %: {100 * gain.low:+.1f} to {100 * gain.high:+.1f})"
    elif rule_fitted_on == HELD_OUT:
        note += "; fitted on the other actor's clips"
    if kind == "enrolment":
        note += "; four neutral clips each, a neutral one judged by the other three"
    return Row(
        table=TITLE,
        row=name + suffix,
        baseline=baseline,
        fitted_on=rule_fitted_on if source is None else source.fitted_on,
        folds=1,
        mean=float(right.mean()),
        interval=(drawn.low, drawn.high),
        chance=1 / len(WORDS),
        note=f"{note}; two people only: interval over clips within each",
    )


def _absent() -> Row:
    return Row(
        table=TITLE,
        row="face + voice",
        folds=1,
        mean=float("nan"),
        note=f"absent: no voice networks of all {FOLDS} folds in {VOICES} of the folder of runs",
    )
