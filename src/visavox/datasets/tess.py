"""TESS: two women say "Say the word ..." for two hundred words in seven emotions; English.

Read are the publisher's layout (`OAF_angry/OAF_back_angry.wav`) and any other that keeps the names. With two voices
it is a test, and nothing to be tested within.
"""

from __future__ import annotations

import re
from pathlib import Path

from visavox import emotions
from visavox.clip import Clip
from visavox.datasets import About, Sample
from visavox.datasets.recordings import find

ABOUT = About(
    name="tess",
    title="TESS (Toronto Emotional Speech Set)",
    modality="voice",
    licence="CC BY-NC-ND 4.0",
    credit="Pichora-Fuller, Dupuis: Toronto emotional speech set, University of Toronto Dataverse, 2020",
    url="https://doi.org/10.5683/SP2/E8H2MF",
    asking="offered to anybody by its publisher",
    never_train="its terms allow no derivatives, and it has two voices",
)

NAME = re.compile(r"(OAF?|YAF)_([a-z]+)_(angry|disgust|fear|happy|neutral|ps|sad)")
"""Speaker (one file of OAF is spelt OA), word, emotion."""

AGES = {"OAF": 64, "YAF": 26}
"""How old the older and the younger actress were, in years (the publisher's page)."""


def samples(folder: Path) -> list[Sample]:
    """All clips by name.

    Args:
        folder: the recordings somewhere in it.

    Returns:
        2 800 samples of a whole copy; `statement` is the word said.

    Raises:
        DataError: no recording is there.
    """
    result = []
    for path, match in find(folder, NAME, corpus="TESS"):
        name, statement, emotion = match.groups()
        actress = {"OA": "OAF", "YA": "YAF"}[name[:2]]
        speaker = f"tess-{actress}"
        result.append(
            Sample(
                clip=Clip(path, person=speaker),
                emotion=emotions.word(emotion),
                corpus="tess",
                speaker=speaker,
                sex="female",
                age=AGES[actress],
                statement=statement,
                modality="voice",
            )
        )
    return result
