"""RAVDESS, speech: 24 actors say two sentences in eight emotions; English.

Read are the publisher's layout (`Actor_01/03-01-01-01-01-01-01.wav`) and any other that keeps the names. Only speech
without picture is read here.
"""

from __future__ import annotations

import re
from pathlib import Path

from visavox import emotions
from visavox.clip import Clip
from visavox.datasets import About, Sample
from visavox.datasets.recordings import find

ABOUT = About(
    name="ravdess",
    title="RAVDESS (Ryerson Audio-Visual Database of Emotional Speech and Song), speech",
    modality="voice",
    licence="CC BY-NC-SA 4.0",
    credit="Livingstone, Russo: The Ryerson Audio-Visual Database of Emotional Speech and Song, PLoS ONE 13(5), 2018",
)

NAME = re.compile(r"03-01-(0[1-8])-(0[12])-(0[12])-(0[12])-(\d\d)")
"""Sound alone, speech; emotion, intensity, statement, repetition, actor."""

STATEMENTS = {"01": "Kids are talking by the door", "02": "Dogs are sitting by the door"}
"""Codes of the sentences."""

DOUBLED = {"03-01-03-01-02-02-07": "03-01-03-01-02-01-07"}
"""A clip that is the same recording as another one, in every copy of the release."""


def samples(folder: Path) -> list[Sample]:
    """All speech clips by name; the second one of an equal pair is marked in `Sample.defect`.

    Args:
        folder: the recordings somewhere in it.

    Returns:
        1 440 samples of a whole copy. `take` is the clip's name without the kind of file, so that the same performance
        with its picture has the same; the equal pair has one.

    Raises:
        DataError: no recording is there.
    """
    result = []
    for path, match in find(folder, NAME, corpus="RAVDESS"):
        emotion, intensity, statement, repetition, actor = match.groups()
        speaker = f"ravdess-{actor}"
        result.append(
            Sample(
                clip=Clip(path, person=speaker),
                emotion=emotions.word(emotion, "ravdess"),
                corpus="ravdess",
                speaker=speaker,
                sex="male" if int(actor) % 2 else "female",
                intensity="strong" if intensity == "02" else "normal",
                statement=STATEMENTS[statement],
                repetition=int(repetition),
                take="ravdess-" + DOUBLED.get(path.stem, path.stem)[3:],
                modality="voice",
                defect="doubled" if path.stem in DOUBLED else "",
            )
        )
    return result
