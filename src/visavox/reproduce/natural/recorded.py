"""Clips read once and judged under any prior and baseline, each alone or all of a person as one recording."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visavox import datasets, emotions, media, zoo
from visavox.baseline.by_person import Kind
from visavox.cells import Faces, Voices, Wings, read_cells
from visavox.cells.faces import JUDGE_EVERY, WINDOW
from visavox.datasets import Data
from visavox.emotions import WORDS
from visavox.errors import DataError
from visavox.face.recognizer import FaceRecognizer
from visavox.judgement import Expecting, fuse, judge, open_fusion
from visavox.lanes import gather
from visavox.options import Options
from visavox.recognizer import Card, Prior
from visavox.reproduce.natural.fer_package import FerPackage

Floats = NDArray[np.float64]

EVERY = 0.5
"""Seconds of a cell."""

PAUSE = 1.0
"""Seconds between two clips that are judged as one recording."""

MEAD = {
    "disgusted.mp4": "disgusted", "fear.mp4": "fearful", "happy.mp4": "happy", "sad.mp4": "sad",
    "surprised.mp4": "surprised", "M030_sad_3_001.mp4": "sad",
}  # fmt: skip
"""The emotional clips that have a word."""


@dataclass(frozen=True, eq=False)
class Recorded:
    """What the networks say of one clip, before anything is expected of anybody.

    Args:
        name: Of the clip.
        person: Who it is.
        truth: Index of the acted word in `WORDS`.
        spans: Start and end of its cells in seconds.
        logits: By source, of each cell; None where it could not be judged.
        other: Mean probabilities of the other package's network on the same faces; None where there are none.
    """

    name: str
    person: str
    truth: int
    spans: Sequence[tuple[float, float]]
    logits: Mapping[str, Sequence[Floats | None]]
    other: Sequence[Floats | None] = ()


def read(path: Path, person: str, truth: int, *, voice: bool, other: FerPackage | None) -> Recorded:
    """Reads a clip once, as `analyze` does; where several people are in it, the one whose face is judged most."""
    options = Options(every=EVERY, voice="voice" if voice else None)
    with media.open_recording(path) as recording:
        faces = Faces("face", recording) if recording.has_pictures else None
        if faces is not None and other is not None:
            faces.recognizer = _Beside(faces.recognizer, other)
        voices = Voices("voice", recording) if voice else None
        wings = Wings(faces, voices)
        cells = list(read_cells(recording, options, 0.0, wings))
        found = gather(recording, cells, wings)
    lanes = max(found.people.values(), key=lambda lanes: sum(lanes["face"].evidence) if "face" in lanes else 0.0)
    logits = {source: list(lane.logits) for source, lane in lanes.items()}
    beside: list[Floats | None] = []
    if faces is not None and other is not None:
        beside = [None if values is None else values[len(WORDS) :] for values in logits["face"]]
        logits["face"] = [None if values is None else values[: len(WORDS)] for values in logits["face"]]
    return Recorded(path.name, person, truth, found.spans, logits, beside)


class _Beside(FaceRecognizer):
    """Our network and the other one on the same faces: logits of ours, then probabilities of the other."""

    def __init__(self, ours: FaceRecognizer, other: FerPackage) -> None:
        super().__init__(ours.network, ours.card)
        self._other = other

    def logits(self, crops: NDArray[np.uint8]) -> Floats:
        return np.concatenate([super().logits(crops), self._other.probabilities(crops)], axis=1)


def judged(clip: Recorded, cards: Mapping[str, Card], prior: Prior, baseline: Kind) -> dict[str, Floats]:
    """Probabilities of a clip's cells by source, and of the fused lane where there are two [n, 7]."""
    expecting = Expecting(prior=prior, baseline=baseline)
    found = {source: judge(logits, clip.spans, cards[source], expecting) for source, logits in clip.logits.items()}
    result = {source: item.shown for source, item in found.items()}
    if len(found) > 1:
        result["fused"] = fuse(open_fusion("log-linear"), found, prior)
    return result


def best(lanes: Mapping[str, Floats]) -> Floats:
    """The fused lane where there is one, else the only one."""
    return lanes["fused"] if "fused" in lanes else next(iter(lanes.values()))


def dominant(cells: Floats) -> int:
    """The word with the highest mean probability over the judged cells; -1 where there are none."""
    good = cells[~np.isnan(cells).any(axis=1)]
    return int(good.mean(axis=0).argmax()) if len(good) else -1


def false_rate(cells: Floats) -> float:
    """Share of the judged cells whose most probable word is not neutral; NaN where there are none."""
    good = cells[~np.isnan(cells).any(axis=1)]
    return float((good.argmax(axis=1) != WORDS.index("neutral")).mean()) if len(good) else float("nan")


def together(clips: Sequence[Recorded]) -> tuple[Recorded, list[slice]]:
    """Clips of one person as one recording, one after the other, and where each is in it."""
    spans: list[tuple[float, float]] = []
    places, begin = [], 0.0
    for clip in clips:
        first = clip.spans[0][0] if clip.spans else 0.0
        places.append(slice(len(spans), len(spans) + len(clip.spans)))
        spans += [(begin + start - first, begin + end - first) for start, end in clip.spans]
        begin = (spans[-1][1] if spans else begin) + PAUSE
    sources = {source for clip in clips for source in clip.logits}
    logits = {
        source: [value for clip in clips for value in clip.logits.get(source, [None] * len(clip.spans))]
        for source in sorted(sources)
    }
    return replace(clips[0], spans=spans, logits=logits, other=()), places


def talkers(data: Data, other: FerPackage | None) -> Iterator[Recorded]:
    """Ten people who read a neutral sentence, three seconds each.

    Raises:
        DataError: There is none.
    """
    folder = datasets.place("media", data)
    paths = sorted(folder.glob("grid_*"))
    if not paths:
        raise DataError(f"{folder}: there is no neutral talker (grid_*) in it; copy it again")
    for path in paths:
        yield read(path, path.stem, WORDS.index("neutral"), voice=True, other=other)


def pictured(data: Data, voice: Card, other: FerPackage | None) -> Iterator[Recorded]:
    """Clips of RAVDESS that have pictures, by name, and the samples of MEAD; a performance once."""
    corpus, unmet = datasets.place("ravdess", data), _unmet(voice)
    found: dict[str, Path] = {}
    for path in sorted([*corpus.glob("video/*.mp4"), *corpus.glob("actor01/clips/*.mp4")]):
        # Of a performance with and without its sound, the one with sound; of two copies, the original.
        if path.stem[3:] not in found or path.stem[:2] < found[path.stem[3:]].stem[:2]:
            found[path.stem[3:]] = path
    for name, path in sorted(found.items()):
        person = f"ravdess-{name[-2:]}"
        truth = _index(emotions.word(name[3:5], "ravdess"))
        yield read(path, person, truth, voice=person in unmet, other=other)
    folder = datasets.place("mead_samples", data)
    for file, word in MEAD.items():
        # Sad and M030 are the same woman, fear and surprised another one: the corpus's README.
        person = "mead-" + {"M030_sad_3_001.mp4": "sad", "surprised.mp4": "fear"}.get(file, file).removesuffix(".mp4")
        yield read(folder / file, person, WORDS.index(word), voice=True, other=other)


def cut(data: Data, other: FerPackage | None) -> Iterator[Recorded]:
    """Performances of two actors of RAVDESS whose faces were cut out by others; without voices."""
    ours = zoo.load("face")
    assert isinstance(ours, FaceRecognizer)
    for sample in datasets.load("ravdess-faces", data):
        clip = sample.clip
        assert clip.faces is not None
        times: Floats = np.arange(len(clip.faces), dtype=np.float64) * JUDGE_EVERY
        if clip.times is not None:
            times = np.array(clip.times, dtype=np.float64)
        spans = [(start, start + EVERY) for start in np.arange(0.0, times[-1] + 1e-6, EVERY).tolist()]
        logits = ours.logits(clip.faces)
        beside = other.probabilities(clip.faces) if other is not None else None
        yield Recorded(
            clip.name or "", str(sample.speaker), _index(sample.emotion), spans,
            {"face": list(_by_cell(logits, times, spans))},
            () if beside is None else list(_by_cell(beside, times, spans)),
        )  # fmt: skip


def _by_cell(values: Floats, times: Floats, spans: Iterable[tuple[float, float]]) -> Iterator[Floats | None]:
    """Means over the pictures in the window of each cell, as `cells` takes them."""
    for start, end in spans:
        near = np.abs(times - (start + end) / 2) < WINDOW / 2
        yield values[near].mean(axis=0) if near.any() else None


def heard(data: Data, voice: Card) -> Iterator[Recorded]:
    """Performances of the actors of RAVDESS whom the voice network never met; without faces."""
    unmet = _unmet(voice)
    for sample in datasets.load("ravdess", data):
        if sample.speaker in unmet and not sample.defect and sample.clip.source is not None:
            path = Path(sample.clip.source)
            yield replace(
                read(path, str(sample.speaker), _index(sample.emotion), voice=True, other=None), name=path.stem
            )


def _unmet(card: Card) -> set[str]:
    """Speakers of RAVDESS whom the voice network never met, not even in choosing its epoch."""
    return {speaker for speaker in speakers(card, "test") if speaker.startswith("ravdess-")}


def speakers(card: Card, part: str) -> set[str]:
    """Speakers of a part ("test", "validation") of the corpora that a network learned from, by its recipe."""
    corpora = tomllib.loads(card.recipe).get("corpora", ())
    return {str(speaker) for corpus in corpora for speaker in corpus.get(part, {}).get("speaker", ())}


def others(clip: Recorded) -> Floats:
    """What the other package's network says of a clip's cells [n, 7]; NaN where it saw no face."""
    rows = [np.full(len(WORDS), np.nan) if values is None else values for values in clip.other]
    return np.array(rows, dtype=np.float64).reshape(len(rows), len(WORDS))


def folded(word: str) -> str:
    """The word as which one counts that our networks do not have: calm as neutral."""
    return emotions.FOLDED.get(word, word)


def _index(word: str) -> int:
    return WORDS.index(folded(word))
