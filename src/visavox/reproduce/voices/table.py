"""Voice across corpora: what is learned from each of four corpora, and from all, judged on each other and on two more.

Judged are the held-out speakers of RAVDESS, nEMO, TESS and CREMA-D, whom nothing here learns from, and all of EMO-DB
and URDU, among the words that were both learned and acted there. Calm counts as neutral, and all words are equally
expected. Clips are heard whole, without their silent ends, as the networks' recipe judges them.

`self` takes out of a network's log-probabilities what it usually says of a person. What is usual at all it has from the
held-out speakers of the corpora that it learned from, without the one who is judged; where there are fewer than two,
all that is known is that no word is favoured. Beside each network is a linear judge, which shows how much the network
adds; its `self` is on the cepstra, and what is usual it has from those whom it learned from.

Then CREMA-D by its five folds, beside the crowd that only heard the voices (`crowd`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visavox.baseline.by_person import Kind
from visavox.datasets import Data
from visavox.errors import DataError, LeakError, require
from visavox.protocols import paired
from visavox.reproduce.rows import Row, choice, row_of
from visavox.reproduce.voices import crowd
from visavox.reproduce.voices.heard import Cepstra, Network, listen
from visavox.reproduce.voices.judges import (
    RECIPE,
    Linear,
    Part,
    Say,
    hearing,
    learned_words,
    made,
    said,
    sides,
    unseen,
    uses,
    with_test,
    without_usual,
)

Floats = NDArray[np.float64]

TITLE = "Voice across corpora"

TABLE = "6. voice across corpora"

UNSEEN = ("emo-db", "urdu")
"""Corpora that nothing learns from: another language, and natural speech."""

ALL = "all"
"""What is learned from every corpus of the recipe together."""

SCHEDULES: Mapping[str, tuple[int, int]] = {
    "ravdess": (100, 15),
    "nemo": (30, 12),
    "tess": (30, 4),
    "crema-d": (24, 15),
    ALL: (24, 25),
}
"""Epochs of each training, and about how many minutes it takes on half a core. A small corpus needs more of them for as
many steps: RAVDESS 1 900 of 64 clips, nEMO 1 600, CREMA-D 2 200, all together 4 600. TESS has 600: one voice that says
one sentence in seven ways is learned long before."""

TITLES: Mapping[str, str] = {
    "ravdess": "RAVDESS",
    "nemo": "nEMO",
    "tess": "TESS",
    "crema-d": "CREMA-D",
    "emo-db": "EMO-DB",
    "urdu": "URDU",
    ALL: "all four",
}
"""What corpora are called in rows."""

KINDS: tuple[Kind, ...] = ("none", "self")
"""Baselines under which all are judged."""

FEW = 5
"""Speakers below which a bootstrap over them says little."""

NETWORK, LINEAR = "network", "linear on cepstra"
"""What the judges are called in rows."""


def rows(data: Data, folder: Path, progress: Say) -> list[Row]:
    """Makes the table.

    Args:
        data: Where the corpora are; rows of those that are not there say so.
        folder: Holds the networks in `voices/`, or will: what is not there is trained, and goes on where it stopped.
            What networks said of clips is kept in `voices/heard/`.
        progress: Told what is being done, and about how long it takes.

    Raises:
        DataError: None of the corpora is there.
        LeakError: Nothing shows that a network in the folder never met those who are judged.
        MissingExtraError: scikit-learn is not installed, or torch where a network must be trained.
    """
    require("train", "sklearn", what="visavox reproduce voices")
    place, recipe = folder / RECIPE, uses()
    folds = [with_test(recipe[crowd.CORPUS], crowd.actors(number)) for number in range(crowd.FOLDS)]
    trainings = {**{name: [use] for name, use in recipe.items()}, ALL: list(recipe.values())}
    trainings[crowd.CORPUS] = [folds[0]]
    absent: dict[str, str] = {}
    parts = _parts(trainings, data, absent)
    networks: dict[str, Network] = {}

    def network(name: str, fold: int) -> Network:
        epochs, minutes = SCHEDULES[name]
        by_fold = name == crowd.CORPUS
        own = place / crowd.PROTOCOL / f"fold-{fold}" if by_fold else place / name
        learned = [folds[fold]] if by_fold else trainings[name]
        return made(TITLES[name], learned, own, data, progress, epochs=epochs, minutes=minutes)

    for name in trainings:
        try:
            networks[name] = network(name, 0)
        except LeakError:
            raise
        except DataError as error:
            absent[name] = str(error)
    by_fold: list[tuple[Network, Part, Part]] = []
    if crowd.CORPUS in parts and crowd.CORPUS in networks:
        for number, fold in enumerate(folds):
            one = network(crowd.CORPUS, number) if number else networks[crowd.CORPUS]
            by_fold.append((one, *sides([fold], data)))
    kept, cepstra = place / "heard", Cepstra(hearing())
    everyone = [sample for _, test in parts.values() for sample in test.samples]
    listen(
        [
            *((one, everyone) for one in networks.values()),
            *((one, test.samples) for one, _, test in by_fold),
            *((cepstra, part.samples) for both in parts.values() for part in both),
        ],
        kept,
        progress,
    )
    made_rows = []
    for name, use in trainings.items():
        progress(f"learned from {TITLES[name]}")
        own = [str(one["name"]) for one in use]
        made_rows += _network_rows(name, own, networks.get(name), parts, absent, kept)
        made_rows += _linear_rows(name, own, cepstra, parts, absent, kept)
    if not by_fold:
        return [*made_rows, crowd.missing(absent[crowd.CORPUS])]
    progress("CREMA-D's folds, and its crowd")
    return [*made_rows, *crowd.rows(by_fold, cepstra, kept, data)]


def _parts(
    trainings: Mapping[str, Sequence[Mapping[str, object]]], data: Data, absent: dict[str, str]
) -> dict[str, tuple[Part, Part]]:
    """What is learned from, and what is judged, of each corpus; why the others are absent goes to `absent`."""
    parts = {}
    for name in (*(name for name in trainings if name != ALL), *UNSEEN):
        try:
            parts[name] = (Part([]), unseen(name, data)) if name in UNSEEN else sides(trainings[name], data)
        except DataError as error:
            absent[name] = str(error)
    if not parts:
        raise DataError(next(iter(absent.values())))
    return parts


def _network_rows(
    name: str,
    own: Sequence[str],
    network: Network | None,
    parts: Mapping[str, tuple[Part, Part]],
    absent: Mapping[str, str],
    kept: Path,
) -> list[Row]:
    """A network on every corpus, without and with `self`."""
    made_rows = []
    for corpus in (*(name for name in SCHEDULES if name != ALL), *UNSEEN):
        row = f"{TITLES[name]} > {TITLES[corpus]}, {NETWORK}"
        if network is None or corpus not in parts:
            made_rows.append(_absent(row, absent[name if network is None else corpus]))
            continue
        words = [word for word in learned_words(network) if word in set(parts[corpus][1].words)]
        part = parts[corpus][1].among(words)
        held_out = Part([sample for one in own if one in parts for sample in parts[one][1].samples]).among(words)
        scores = said(network, part, words, kept)
        moved, usual = without_usual(scores, part.people, said(network, held_out, words, kept), held_out.people)
        made_rows += _both(name, row, corpus in own, part, words, scores, moved, "usual: " + ", ".join(usual))
    return made_rows


def _linear_rows(
    name: str,
    own: Sequence[str],
    cepstra: Cepstra,
    parts: Mapping[str, tuple[Part, Part]],
    absent: Mapping[str, str],
    kept: Path,
) -> list[Row]:
    """The linear judge on every corpus, without and with `self`."""
    made_rows = []
    lacking = next((one for one in own if one not in parts), None)
    learned = Part([] if lacking else [sample for one in own for sample in parts[one][0].samples])
    judges = {} if lacking else {kind: Linear(cepstra, kept, kind).fit(learned) for kind in KINDS}
    for corpus in (*(name for name in SCHEDULES if name != ALL), *UNSEEN):
        row = f"{TITLES[name]} > {TITLES[corpus]}, {LINEAR}"
        if lacking or corpus not in parts:
            made_rows.append(_absent(row, absent[lacking or corpus]))
            continue
        words = [word for word in judges["none"].words if word in set(parts[corpus][1].words)]
        part = parts[corpus][1].among(words)
        scores, moved = (judge(part, words) for judge in judges.values())
        usual = f"usual: of the cepstra of {len(set(learned.people))} training speakers"
        made_rows += _both(name, row, corpus in own, part, words, scores, moved, usual)
    return made_rows


def _both(
    name: str, row: str, held_out: bool, part: Part, words: Sequence[str], none: Floats, own: Floats, usual: str
) -> list[Row]:
    """The rows of one judge on one corpus, without and with `self`."""
    speakers = len(set(part.people))
    truth = part.truth(words)
    told = [
        f"{len(words)} words",
        f"{speakers} speaker{'s' * (speakers > 1)}",
        f"{len(part.samples)} clips" + (f" ({part.unknown} of other words left out)" if part.unknown else ""),
        "a corpus it learned from, other speakers" if held_out else "a corpus it never met",
    ]
    if speakers < FEW:
        told.append("one speaker: no interval" if speakers == 1 else "few speakers: the interval says little")
    gain = paired(truth, choice(own), choice(none), part.people, words=len(words), metric="uar")
    gained = f"{100 * gain.value:+.1f} to none"
    if speakers > 1:
        gained += f" (95 %: {100 * gain.low:+.1f} to {100 * gain.high:+.1f})"
    shown: dict[str, set[str]] = {person: set() for person in part.people}
    for person, word in zip(part.people, part.words, strict=True):
        shown[person].add(word)
    if alone := sum(len(theirs) == 1 for theirs in shown.values()):
        gained += f"; {alone} of {speakers} speakers show one word alone, which self takes for their usual"
    made_rows = []
    for kind, scores in zip(KINDS, (none, own), strict=True):
        one = row_of(
            truth,
            choice(scores),
            np.zeros(len(truth)),
            part.people,
            words=len(words),
            metric="uar",
            table=TABLE,
            row=row,
            baseline=kind,
            fitted_on=f"{TITLES[name]}'s training speakers" if name != ALL else "training speakers of all four",
            chance=1 / len(words),
            note="; ".join([*told, *((usual, gained) if kind == "self" else ())]),
        )
        made_rows.append(one if speakers > 1 else dataclasses.replace(one, interval=None))
    return made_rows


def _absent(row: str, why: str) -> Row:
    return Row(table=TABLE, row=row, folds=0, mean=float("nan"), metric="uar", note=f"absent: {why}")
