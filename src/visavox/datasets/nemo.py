"""nEMO: nine actors say ninety sentences in six emotions (no disgust); Polish.

Read are the publisher's layout (`samples/WR0_surprised_64.wav`) and any other that keeps the names.
"""

from __future__ import annotations

import re
from pathlib import Path

from visavox import emotions
from visavox.clip import Clip
from visavox.datasets import About, Sample
from visavox.datasets.recordings import find

ABOUT = About(
    name="nemo",
    title="nEMO (emotional speech in Polish)",
    modality="voice",
    licence="CC BY-NC-SA 4.0",
    credit="Christop: nEMO: Dataset of Emotional Speech in Polish, LREC-COLING 2024",
    url="https://huggingface.co/datasets/amu-cai/nEMO",
    asking="offered to anybody by its publisher",
)

NAME = re.compile(r"([A-Z]{2}\d)_(anger|fear|happiness|neutral|sadness|surprised)_(\d+)")
"""Speaker, emotion, number of the sentence."""

MEN = frozenset({"KS0", "MP0", "SM0", "TP0", "WR0"})
"""Speakers who are men; the others are women (the publisher's table)."""

AGES = {"EB0": 27, "IC0": 28, "KD0": 28, "KS0": 23, "MK0": 23, "MP0": 24, "SM0": 24, "TP0": 26, "WR0": 23}
"""How old they were, in years (the same table)."""


def samples(folder: Path) -> list[Sample]:
    """All clips by name.

    Args:
        folder: the recordings somewhere in it.

    Returns:
        4 481 samples of a whole copy; `statement` is the number of the sentence.

    Raises:
        DataError: no recording is there.
    """
    result = []
    for path, match in find(folder, NAME, corpus="nEMO"):
        name, emotion, statement = match.groups()
        speaker = f"nemo-{name}"
        result.append(
            Sample(
                clip=Clip(path, person=speaker),
                emotion=emotions.word(emotion),
                corpus="nemo",
                speaker=speaker,
                sex="male" if name in MEN else "female",
                age=AGES.get(name),
                statement=statement,
                modality="voice",
            )
        )
    return result
