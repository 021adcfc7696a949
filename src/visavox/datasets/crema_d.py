"""CREMA-D: 91 actors say twelve sentences in six emotions; English; with the votes of a crowd.

Two names give the kinds: "crema-d" is heard, "crema-d-video" seen and heard; the same performance has the same
`Sample.take`. Read are the publisher's layout (`AudioWAV/1001_DFA_ANG_XX.wav`, `VideoFlash/1001_DFA_ANG_XX.flv`,
`VideoDemographics.csv`, `tabulatedVotes.csv` beside it or in `processedResults`) and any other that keeps the names.
Sex and age are known where the demographics are there, votes where the votes are.
"""

from __future__ import annotations

import csv
import dataclasses
import gzip
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

from visavox import emotions
from visavox.clip import Clip
from visavox.datasets import About, Kind, Modality, Sample
from visavox.datasets.recordings import SOUNDS, VIDEOS, find

ABOUT = About(
    name="crema-d",
    title="CREMA-D (Crowd-sourced Emotional Multimodal Actors Dataset)",
    modality="voice",
    licence="ODbL 1.0, contents DbCL 1.0",
    credit="Cao, Cooper, Keutmann, Gur, Nenkova, Verma: CREMA-D, IEEE Transactions on Affective Computing 5(4), 2014",
    people=0.416,
    people_note="clips whose acted word is the one that most of the crowd heard, by voice alone; "
    "of single ratings 40.9 % name it (the paper)",
    url="https://github.com/CheyneyComputerScience/CREMA-D",
    asking="offered to anybody by its publisher",
)

NAME = re.compile(r"(1\d{3})_([A-Z]{3})_(ANG|DIS|FEA|HAP|NEU|SAD)_(LO|MD|HI|XX?)")
"""Actor, sentence, emotion, level."""

STATEMENTS = {
    "IEO": "It's eleven o'clock",
    "TIE": "That is exactly what happened",
    "IOM": "I'm on my way to the meeting",
    "IWW": "I wonder what this is about",
    "TAI": "The airplane is almost full",
    "MTI": "Maybe tomorrow it will be cold",
    "IWL": "I would like a new alarm clock",
    "ITH": "I think I have a doctor's appointment",
    "DFA": "Don't forget a jacket",
    "ITS": "I think I've seen this before",
    "TSI": "The surface is slick",
    "WSI": "We'll stop in a couple of minutes",
}
"""Codes of the sentences."""

DEFECTS = {
    "1076_MTI_SAD_XX": "blank",
    "1006_TIE_HAP_XX": "doubled",
    "1006_TIE_NEU_XX": "doubled",
    "1013_WSI_DIS_XX": "doubled",
    "1013_WSI_SAD_XX": "doubled",
    "1017_IWW_ANG_XX": "doubled",
    "1017_IWW_FEA_XX": "doubled",
}
"""Digital silence, and three recordings that stand under two words each: leave them out of training and tests."""

SAME = {
    "1006_TIE_NEU_XX": "1006_TIE_HAP_XX",
    "1013_WSI_SAD_XX": "1013_WSI_DIS_XX",
    "1017_IWW_FEA_XX": "1017_IWW_ANG_XX",
}
"""Names of one recording that stands under two: the second, and the first."""

INTENSITIES = {"LO": "low", "MD": "medium", "HI": "strong"}
"""Levels that were asked for (one sentence only)."""


def samples(folder: Path) -> list[Sample]:
    """All clips that are sound alone, by name; the seven of `DEFECTS` are marked in `Sample.defect`.

    Args:
        folder: the recordings somewhere in it.

    Returns:
        7 442 samples of a whole copy; `votes` are those of the crowd that only heard the voice.

    Raises:
        DataError: no recording is there.
    """
    return _recordings(folder, ABOUT.name, SOUNDS, "voice", block="1")


def _video(folder: Path) -> list[Sample]:
    """7 442 filmed clips of a whole copy, by name; `votes` are those of the crowd that saw and heard them."""
    return _recordings(folder, "crema-d-video", VIDEOS, "audio-video", block="3")


def _recordings(folder: Path, corpus: str, suffixes: Iterable[str], modality: Modality, *, block: str) -> list[Sample]:
    people = _people(folder)
    votes = _votes(folder, block)
    result = []
    for path, match in find(folder, NAME, corpus="CREMA-D", suffixes=suffixes):
        actor, statement, emotion, level = match.groups()
        speaker = f"crema-d-{actor}"
        sex, age = people.get(actor, (None, None))
        result.append(
            Sample(
                clip=Clip(path, person=speaker),
                emotion=emotions.word(emotion, "crema-d"),
                corpus=corpus,
                speaker=speaker,
                sex=sex,
                age=age,
                intensity=INTENSITIES.get(level),
                statement=STATEMENTS.get(statement, statement),
                take=f"crema-d-{SAME.get(path.stem, path.stem)}",
                modality=modality,
                defect=DEFECTS.get(path.stem, ""),
                votes=votes.get(path.stem),
            )
        )
    return result


def _people(folder: Path) -> dict[str, tuple[Literal["female", "male"], int | None]]:
    """Sex and age of each actor; a table without ages is one that somebody shortened."""
    return {
        row["ActorID"]: (
            "female" if row["Sex"].lower().startswith("f") else "male",
            int(row["Age"]) if (row.get("Age") or "").isdecimal() else None,
        )
        for row in _table(folder, "VideoDemographics.csv")
    }


def _votes(folder: Path, block: str) -> dict[str, dict[str, int]]:
    """Votes by clip and word: of those who heard the voice alone in rows numbered from 100001, of all from 300001."""
    letters = emotions.CODES["crema-d-votes"]
    return {
        row["fileName"]: {word: int(float(row[letter] or 0)) for letter, word in letters.items()}
        for row in _table(folder, "tabulatedVotes.csv")
        if (row.get("") or row.get("Unnamed: 0") or "").startswith(block)
    }


def _table(folder: Path, name: str) -> Iterator[dict[str, str]]:
    """Rows of a table of the publisher's, packed or not, in or beside the folder; none if it is absent."""
    for place in (folder, folder / "processedResults", folder.parent, folder.parent / "processedResults"):
        if (place / name).is_file():
            with (place / name).open(encoding="utf-8", newline="") as file:
                yield from csv.DictReader(file)
            return
        if (place / f"{name}.gz").is_file():
            with gzip.open(place / f"{name}.gz", "rt", encoding="utf-8", newline="") as file:
                yield from csv.DictReader(file)
            return


VIDEO = Kind(
    dataclasses.replace(
        ABOUT,
        name="crema-d-video",
        title=f"{ABOUT.title}, filmed",
        modality="audio-video",
        people=0.636,
        people_note="single ratings that name the acted word, picture and sound (58.2 % picture alone, 40.9 % voice "
        "alone): the paper",
    ),
    _video,
)
"""What was said, seen and heard."""
