"""EMO-DB: ten actors say ten sentences in seven emotions (boredom among them, no surprise); German.

Read are the publisher's layout (`wav/03a01Fa.wav`) and any other that keeps the names.
"""

from __future__ import annotations

import re
from pathlib import Path

from visavox import emotions
from visavox.clip import Clip
from visavox.datasets import About, Sample
from visavox.datasets.recordings import find

ABOUT = About(
    name="emo-db",
    title="EMO-DB (Berlin Database of Emotional Speech)",
    modality="voice",
    licence="CC BY 4.0",
    credit="Burkhardt, Paeschke, Rolfes, Sendlmeier, Weiss: A database of German emotional speech, Interspeech 2005",
    people_note="only clips that listeners named well were published, so their score (93.5 % of the votes) says little",
    url="https://zenodo.org/records/7447302",
    asking="offered to anybody by its publisher",
    never_train="kept as the language and the corpus that no shipped model has met",
)

NAME = re.compile(r"(\d\d)([ab]\d\d)([WLEAFTN])([a-z])")
"""Speaker, sentence, emotion, version."""

MEN = frozenset({"03", "10", "11", "12", "15"})
"""Speakers who are men; the others are women."""

AGES = {"03": 31, "08": 34, "09": 21, "10": 32, "11": 26, "12": 30, "13": 32, "14": 35, "15": 25, "16": 31}
"""How old they were, in years (the publisher's documentation)."""


def samples(folder: Path) -> list[Sample]:
    """All clips by name.

    Args:
        folder: the recordings somewhere in it.

    Returns:
        535 samples of a whole copy; `statement` is the code of the sentence, boredom is "bored".

    Raises:
        DataError: no recording is there.
    """
    result = []
    for path, match in find(folder, NAME, corpus="EMO-DB"):
        name, statement, emotion, version = match.groups()
        speaker = f"emo-db-{name}"
        result.append(
            Sample(
                clip=Clip(path, person=speaker),
                emotion=emotions.word(emotion, "emo-db"),
                corpus="emo-db",
                speaker=speaker,
                sex="male" if name in MEN else "female",
                age=AGES.get(name),
                statement=statement,
                repetition=ord(version) - ord("a") + 1,
                modality="voice",
            )
        )
    return result
