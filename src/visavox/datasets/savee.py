"""SAVEE: four British men say fifteen sentences in each of six emotions and thirty neutrally; English; sound, picture.

Two names give the kinds: "savee" is heard, "savee-video" seen and heard; the same performance has the same
`Sample.take`. Read are the publisher's layout (`AudioData/DC/a01.wav`, `AudioVisualClip/DC/a01.avi`) and the one in
which it is passed on (`DC_a01.wav`). The layout of the sound is the publisher's own description; the folder of the
videos was not seen, so any folder is taken.

Source: Info.txt of the release (initial letters and numbers of the names).
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from pathlib import Path

from visavox import emotions
from visavox.clip import Clip
from visavox.datasets import About, Kind, Modality, Sample
from visavox.datasets.recordings import SOUNDS, VIDEOS, find

ABOUT = About(
    name="savee",
    title="SAVEE (Surrey Audio-Visual Expressed Emotion), sound",
    modality="voice",
    licence="for research, after registration (the publisher's page)",
    credit="Haq, Jackson: Multimodal emotion recognition, in: Machine Audition, IGI Global, 2010",
    people=0.665,
    people_note="ten listeners, sound alone (88.0 % picture alone, 91.8 % both), as the publisher's evaluation "
    "is usually quoted",
    url="http://kahlan.eps.surrey.ac.uk/savee/",
    access="ask",
    asking="register at the publisher's page",
)

NAME = re.compile(r"(DC|JE|JK|KL)_(a|d|f|h|n|sa|su)(\d\d)")
"""Speaker, emotion, number of the sentence."""

SPEAKERS = ("DC", "JE", "JK", "KL")
"""All of them men."""

WORDS = {
    "a": "angry", "d": "disgusted", "f": "fearful", "h": "happy", "n": "neutral", "sa": "sad", "su": "surprised",
}  # fmt: skip
"""Letters of the emotions."""


def samples(folder: Path) -> list[Sample]:
    """All clips that are sound alone, by name ("DC_a01").

    Args:
        folder: the recordings somewhere in it.

    Returns:
        480 samples of a whole copy; `statement` is the code of the sentence within its emotion.

    Raises:
        DataError: no recording is there.
    """
    return _recordings(folder, ABOUT.name, SOUNDS, "voice")


def _video(folder: Path) -> list[Sample]:
    """480 filmed clips of a whole copy, by name."""
    return _recordings(folder, "savee-video", VIDEOS, "audio-video")


def _recordings(folder: Path, corpus: str, suffixes: Iterable[str], modality: Modality) -> list[Sample]:
    result = []
    for path, match in find(folder, NAME, corpus="SAVEE", suffixes=suffixes, key=_name):
        name, letters, _ = match.groups()
        speaker = f"savee-{name}"
        result.append(
            Sample(
                clip=Clip(path, name=match[0], person=speaker),
                emotion=emotions.word(WORDS[letters]),
                corpus=corpus,
                speaker=speaker,
                sex="male",
                statement=match[0][3:],
                take=f"savee-{match[0]}",
                modality=modality,
            )
        )
    return result


def _name(path: Path) -> str:
    """A clip's name with its speaker, whom the publisher's layout names by the folder."""
    return f"{path.parent.name}_{path.stem}" if path.parent.name in SPEAKERS and "_" not in path.stem else path.stem


VIDEO = Kind(
    dataclasses.replace(
        ABOUT,
        name="savee-video",
        title="SAVEE (Surrey Audio-Visual Expressed Emotion), filmed",
        modality="audio-video",
        people=0.918,
        people_note="ten viewers, picture and sound (88.0 % picture alone, 66.5 % sound alone), as the publisher's "
        "evaluation is usually quoted",
    ),
    _video,
)
"""What was said, seen and heard."""
