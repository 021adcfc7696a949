"""Where numbers of `analyze` were chosen: the prior's strength, how far a voice is believed, how slow a baseline is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from visavox import datasets, emotions, zoo
from visavox.baseline.running import HALF, adapt
from visavox.calibration import calibrated, fit_temperature, softmax
from visavox.datasets import Data, Sample
from visavox.emotions import LIFE_STRENGTH, WORDS
from visavox.face.recognizer import FaceRecognizer
from visavox.judgement import TRUST
from visavox.reproduce.natural.recorded import Floats, folded, speakers
from visavox.reproduce.rows import Row, row_of
from visavox.voice.recognizer import VoiceRecognizer

SURE = 0.7
"""Share of a face's raters who name the same word, from which on the word is taken for certain."""

VIEWS = 6
"""How often a photograph is seen, in place of the pictures of a second."""

STRENGTHS = (0.0, 0.4, 0.5, 0.6, 0.8, 1.0)
"""Powers of the prior of life that are compared."""


HALVES = (None, 20.0, 60.0, 180.0)
"""Half-lives of a baseline that are compared, in seconds; None is no baseline."""

LIFE = {
    "neutral": 0.7,
    "happy": 0.12,
    "sad": 0.05,
    "angry": 0.05,
    "fearful": 0.02,
    "disgusted": 0.02,
    "surprised": 0.04,
}
"""How often a session made here shows each word."""

SESSIONS, CLIPS = 3, 60
"""Sessions made for each person, and clips in one."""

CLIP, STEP = 2.0, 3.0
"""Seconds that a clip lasts, and from one to the next."""

FACES, AT_REST = 12, 1.0
"""People made of faces, since FER2013 does not know who is who; and the deviation of their looks at rest, in nats."""


def strengths(title: str, fitted: str, samples: Sequence[Sample], ours: FaceRecognizer) -> Iterator[Row]:
    """What the prior of life costs and gains by its strength, and a baseline by its half-life."""
    sure = [(sample, word) for sample in samples if sample.part == "validation" and (word := _agreed(sample))]
    truth = np.array([WORDS.index(word) for _, word in sure])
    rng = np.random.default_rng(1)
    pictures = (_views(np.asarray(sample.clip.faces)[0], rng) for sample, _ in sure)
    evidence = np.log(calibrated(np.array([ours.logits(item).mean(axis=0) for item in pictures]), ours.card, "uniform"))
    for strength in STRENGTHS:
        words = (evidence + strength * np.log(emotions.life_prior(WORDS))).argmax(axis=1)
        for part, mine in (("emotional", truth > 0), ("neutral", truth == 0)):
            group = [str(index) for index in np.flatnonzero(mine)]
            yield row_of(
                truth[mine], words[mine], [0] * len(group), group, words=len(WORDS), table=title,
                row=f"FER2013's validation part: {part} faces, life to the power of {strength:g}",
                fitted_on=fitted,
                note=f"{len(group)} photographs of whose word {SURE:.0%} of the raters are sure, each seen "
                f"{VIEWS} times; `analyze` uses {LIFE_STRENGTH:g}, chosen here",
            )  # fmt: skip
    yield from _half_lives(title, "faces", fitted, _strangers(evidence, truth))


def half_lives(title: str, fitted: str, data: Data) -> Iterator[Row]:
    """What a baseline is worth by its half-life, where it was chosen: in sessions made of clips of the same voice."""
    network = zoo.load("voice")
    validation = speakers(zoo.card("voice"), "validation")
    samples = [
        sample
        for corpus in ("crema-d", "ravdess", "nemo")
        for sample in datasets.load(corpus, data)
        if sample.speaker in validation and not sample.defect
    ]
    values = network.predict_proba([sample.clip for sample in samples])
    good = ~np.isnan(values).any(axis=1)
    truth = np.array([WORDS.index(folded(sample.emotion)) for sample in samples])
    people = {}
    for name in sorted(validation):
        mine = good & np.array([sample.speaker == name for sample in samples])
        people[name] = (np.log(np.maximum(values[mine], 1e-6)), truth[mine])
    yield from _half_lives(title, "voices", fitted, people)


def _strangers(evidence: Floats, truth: NDArray[np.int64]) -> dict[str, tuple[Floats, NDArray[np.int64]]]:
    """People made of photographs: those of everybody, moved by how one of them looks at rest."""
    rng = np.random.default_rng(1)
    return {f"face-{index}": (evidence + rng.normal(0, AT_REST, len(WORDS)), truth) for index in range(FACES)}


def _half_lives(
    title: str, what: str, fitted: str, people: Mapping[str, tuple[Floats, NDArray[np.int64]]]
) -> Iterator[Row]:
    for half in HALVES:
        rng = np.random.default_rng(1)
        right, judged, names = [], [], []
        for name, (evidence, truth) in people.items():
            shares = np.array([LIFE[word] if (truth == index).any() else 0.0 for index, word in enumerate(WORDS)])
            for _ in range(SESSIONS):
                words = rng.choice(len(WORDS), CLIPS, p=shares / shares.sum())
                cells = softmax(evidence[[rng.choice(np.flatnonzero(truth == word)) for word in words]])
                if half is not None:
                    cells = adapt(cells, np.arange(CLIPS) * STEP, np.full(CLIPS, CLIP), WORDS, half=half).probabilities
                scores = np.log(cells) + LIFE_STRENGTH * np.log(emotions.life_prior(WORDS))
                right += words.tolist()
                judged += scores.argmax(axis=1).tolist()
                names += [name] * CLIPS
        yield row_of(
            right, judged, [0] * len(right), names, words=len(WORDS), table=title,
            row=f"sessions made of validation {what}, half-life {'none' if half is None else f'{half:g} s'}",
            baseline="none" if half is None else "self", fitted_on=fitted,
            note=f"{len(people)} people, {SESSIONS} sessions of {CLIPS} clips each, neutral in {LIFE['neutral']:.0%}; "
            f"`analyze` uses {HALF['self']:g} s, chosen here",
        )  # fmt: skip


def _views(face: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """A photograph as a camera sees a face in a second: turned, nearer, beside, by a little each time [n, h, w, 3]."""
    from PIL import Image

    image, middle, views = Image.fromarray(face), (len(face) - 1) / 2, []
    for _ in range(VIEWS):
        angle, zoom = np.radians(rng.uniform(-5, 5)), rng.uniform(0.95, 1.05)
        across, down = rng.uniform(-1.5, 1.5, 2)
        cos, sin = np.cos(angle) / zoom, np.sin(angle) / zoom
        turned = (
            cos, -sin, middle * (1 - cos + sin) + across,
            sin, cos, middle * (1 - cos - sin) + down,
        )  # fmt: skip
        views.append(np.asarray(image.transform(image.size, Image.Transform.AFFINE, turned, Image.Resampling.BILINEAR)))
    return np.stack(views)


def trust(title: str, data: Data) -> Iterator[Row]:
    """How far a voice network is to be believed beyond its corpora: one of a single corpus, on people of others."""
    network = zoo.load("voice-open")
    assert isinstance(network, VoiceRecognizer)
    validation = speakers(zoo.card("voice"), "validation")
    for corpus in ("ravdess", "nemo"):
        samples = [
            sample
            for sample in datasets.load(corpus, data)
            if sample.speaker in validation and not sample.defect and folded(sample.emotion) in network.classes_
        ]
        values = network.predict_proba([sample.clip for sample in samples])
        good = ~np.isnan(values).any(axis=1)
        truth = np.array([network.classes_.index(folded(sample.emotion)) for sample in samples])
        power = 1 / fit_temperature(np.log(np.maximum(values[good], 1e-6)), truth[good])
        yield Row(
            table=title, row=f"voice-open on {corpus}: power of greatest likelihood", fitted_on="CREMA-D", folds=1,
            mean=power, metric="power",
            note=f"{int(good.sum())} clips of the validation speakers; in a fusion `analyze` takes a voice to the "
            f"power of {TRUST['voice']:g}",
        )  # fmt: skip


def _agreed(sample: Sample) -> str:
    """The word on which a face's raters agree; "" where they do not, or have no word of ours."""
    if not sample.votes:
        return ""
    most = max(sample.votes, key=lambda vote: (sample.votes or {})[vote])
    agreed = sample.votes[most] >= SURE * sum(sample.votes.values())
    word = emotions.SPELLINGS.get(most, "")
    return word if agreed and word in WORDS else ""
