"""Aff-Wild2, expressions: 548 videos from the web, a word for every frame; official split.

Read is what the publisher hands out for its expression challenge: labels
(`EXPR_Classification_Challenge/Train_Set/VIDEO.txt`, `Validation_Set`: a line of words, then a number a frame) and the
cut and aligned faces (`cropped_aligned/VIDEO/00001.jpg`, a file a frame). Where a frame has no file, no face was found
there. "Other" and frames without a word (-1) are left out.

Source: labels and folders of the challenges since 2022 as their participants describe them (before, there were seven
words without "Other", and the numbers of the seven were the same).
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

from visavox.datasets import About, Sample
from visavox.datasets.recordings import nothing
from visavox.datasets.stored import from_pictures
from visavox.errors import DataError

ABOUT = About(
    name="aff-wild2",
    title="Aff-Wild2, expression labels (ABAW)",
    modality="face",
    licence="for research that is not commercial, after signing an agreement (the publisher's page)",
    credit="Kollias, Zafeiriou: Aff-Wild2: Extending the Aff-Wild database for affect recognition, 2018; Kollias: "
    "ABAW, CVPR Workshops, 2022",
    people_note="the words are the annotators' own, so there is no score of people",
    url="https://ibug.doc.ic.ac.uk/resources/aff-wild2/",
    access="ask",
    asking="sign the agreement of the publisher's page",
)

WORDS = ("neutral", "angry", "disgusted", "fearful", "happy", "sad", "surprised")
"""Words of the numbers from 0 on; 7 is "Other"."""

PARTS = {"Train_Set": "train", "Validation_Set": "validation"}
"""Folders of the official split; of the test no labels are handed out."""

FACES = ("cropped_aligned", "crops_aligned", "cropped_aligned_images")
"""Folders of the cut faces, as they were called over the years."""

LONGEST = 90
"""Frames of a clip: a longer stretch of one word becomes several clips."""


def samples(folder: Path) -> list[Sample]:
    """Stretches of frames that have the same word, by video and first frame ("video1-00031"); read when looked at.

    Args:
        folder: labels and faces somewhere in it.

    Returns:
        Samples of at most 90 faces each. Identities are not handed out, and the split keeps people apart: a speaker is
        the person whom one file of labels is about, so one who is in two videos has two names. No times: the files
        carry none.

    Raises:
        DataError: labels or faces are missing, or a label says what none can say.
    """
    labels, places = _found(folder)
    if not labels:
        raise nothing(folder, "Aff-Wild2", "labels in EXPR_Classification_Challenge/Train_Set and Validation_Set")
    if not places:
        raise nothing(folder, "Aff-Wild2", "faces in cropped_aligned/VIDEO")
    result = []
    for path in labels:
        video = path.stem
        if video not in places:
            raise DataError(f"{path}: no faces in cropped_aligned/{video}; unpack them there too")
        numbers = _numbers(path)
        there = {int(name[:-4]): name for name in os.listdir(places[video]) if name[:-4].isdigit()}
        for word, frames in _stretches(numbers):
            paths = [places[video] / there[frame] for frame in frames if frame in there]
            if paths:
                result.append(
                    Sample(
                        clip=from_pictures(paths, f"{video}-{frames[0]:05d}", person=f"aff-wild2-{video}"),
                        emotion=WORDS[word],
                        corpus="aff-wild2",
                        speaker=f"aff-wild2-{video}",
                        part=PARTS[path.parent.name],
                        take=f"aff-wild2-{video}",
                        modality="face",
                    )
                )
    return result


def _found(folder: Path) -> tuple[list[Path], dict[str, Path]]:
    """The files of labels, and the folder of each video: those hold millions of files and are not looked into."""
    labels: list[Path] = []
    places: dict[str, Path] = {}
    for place, folders, names in os.walk(folder):
        folders.sort()
        here = Path(place)
        if here.name in PARTS and "EXPR" in here.parent.name.upper():
            labels += [here / name for name in sorted(names) if name.endswith(".txt")]
        if here.name in FACES:
            places.update({name: here / name for name in folders if name not in FACES})
            folders[:] = [name for name in folders if name in FACES]
    return labels, places


def _numbers(path: Path) -> list[int]:
    """A number a frame."""
    numbers = []
    for row, line in enumerate(path.read_text(encoding="ascii", errors="replace").splitlines()[1:], start=2):
        if not line.strip():
            continue
        if not line.strip().lstrip("-").isdigit() or not -1 <= int(line) <= len(WORDS):
            raise DataError(f"{path}, row {row}: {line.strip()!r}, expected a number from -1 to {len(WORDS)}")
        numbers.append(int(line))
    return numbers


def _stretches(numbers: list[int]) -> Iterator[tuple[int, list[int]]]:
    """Words and the frames (from 1) that have them, one after another."""
    for word, group in itertools.groupby(enumerate(numbers, start=1), key=lambda frame: frame[1]):
        frames = [frame for frame, _ in group]
        if 0 <= word < len(WORDS):
            for start in range(0, len(frames), LONGEST):
                yield word, frames[start : start + LONGEST]
