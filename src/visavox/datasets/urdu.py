"""URDU: talk shows, four emotions, natural and noisy; Urdu.

Read are the publisher's layout (`Angry/SM1_F1_A1.wav`) and any other that keeps the names. A word is mostly one or two
speakers' (angry SM4 and SM2, neutral SM5, sad SM24 and SM25): a test of natural speech, not something to learn from.
"""

from __future__ import annotations

import re
from pathlib import Path

from visavox import emotions
from visavox.clip import Clip
from visavox.datasets import About, Sample
from visavox.datasets.recordings import find

ABOUT = About(
    name="urdu",
    title="URDU (emotional speech from Urdu talk shows)",
    modality="voice",
    licence="for research (the publisher's README)",
    credit="Latif, Qayyum, Usman, Qadir: Cross lingual speech emotion recognition, FIT 2018",
    people_note="the words are those that four annotators agreed on, so there is no score of people",
    url="https://github.com/siddiquelatif/URDU-Dataset",
    access="open",
    asking="offered to anybody by its publisher",
    never_train="kept as the natural speech that no shipped model has met; a word is mostly one or two speakers'",
)

NAME = re.compile(r"(S([MF])\d+)_F(\d+)_([AHNS])(\d+)")
"""Speaker, sex, number of the file, emotion, number."""

WORDS = {"A": "angry", "H": "happy", "N": "neutral", "S": "sad"}
"""Letters of the emotions."""


def samples(folder: Path) -> list[Sample]:
    """All clips by name.

    Args:
        folder: the recordings somewhere in it.

    Returns:
        400 samples of a whole copy.

    Raises:
        DataError: no recording is there.
    """
    result = []
    for path, match in find(folder, NAME, corpus="URDU"):
        name, sex, _, letter, _ = match.groups()
        speaker = f"urdu-{name}"
        result.append(
            Sample(
                clip=Clip(path, person=speaker),
                emotion=emotions.word(WORDS[letter]),
                corpus="urdu",
                speaker=speaker,
                sex="male" if sex == "M" else "female",
                modality="voice",
            )
        )
    return result
