"""eNTERFACE'05: 42 people answer to stories with five sentences in each of six emotions; English; filmed.

Read is the publisher's layout (`subject 1/anger/sentence 1/s1_an_1.avi`; spaces may have become hyphens or
underscores). Subject, word and sentence are those of the folders, since not all names keep to the rule
("s_3_ha_2"); subject 6 has no folders of sentences. Of some copies users count 44 subjects: a folder is a subject.

"enterface-landmarks" is what is known of five of the subjects without their pictures: 68 points of the face in every
frame, in one file (`landmarks68.npz`): each clip's `mesh` (`visavox.datasets.landmarks`).

Source: Martin, Kotsia, Macq and Pitas 2006; the folders are those that users of the release describe.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from visavox import emotions
from visavox.clip import Clip
from visavox.datasets import About, Kind, Sample
from visavox.datasets.landmarks import with_mesh
from visavox.datasets.recordings import VIDEOS, find, nothing
from visavox.errors import DataError

ABOUT = About(
    name="enterface",
    title="eNTERFACE'05 Audio-Visual Emotion Database",
    modality="audio-video",
    licence="publicly available for scientific research (the paper)",
    credit="Martin, Kotsia, Macq, Pitas: The eNTERFACE'05 audio-visual emotion database, ICDE Workshops, 2006",
    people_note="two experts kept only clips whose emotion they found clear, so there is no score of people",
    url="https://enterface.net/enterface05/main.php?frame=emotion",
    access="ask",
    asking="from the project's page",
)

WORDS = "anger|disgust|fear|happiness|sadness|surprise"
"""Folders of the emotions."""

NAME = re.compile(rf"subject[ _-]?(\d+)/({WORDS})/(?:sentence[ _-]?(\d)/)?([^/]+)", re.IGNORECASE)
"""Subject, emotion, sentence, the file's name."""

LANDMARKS_FILE = "landmarks68.npz"
"""The points of five subjects, by subject, emotion and name ("subject1__anger__s1_an_1")."""


def samples(folder: Path) -> list[Sample]:
    """All clips, by subject, emotion and sentence.

    Args:
        folder: the subjects' folders somewhere in it.

    Returns:
        About 1 290 samples of a whole copy; `statement` is the number of the sentence within its emotion, where the
        folder or the end of the name tells it. Sex is not known.

    Raises:
        DataError: no recording is there.
    """
    result = []
    for path, match in find(folder, NAME, corpus="eNTERFACE'05", suffixes=VIDEOS, key=lambda path: _name(path, folder)):
        subject, emotion, sentence, name = match.groups()
        result.append(_sample(int(subject), emotion.lower(), name, sentence, Clip(path), ABOUT.name))
    return sorted(result, key=lambda sample: str(sample.take))


def _landmarks(folder: Path) -> list[Sample]:
    """146 clips of five subjects, of which points of the face are known.

    Raises:
        DataError: the file is not there, or holds clips of other names.
    """
    path = folder / LANDMARKS_FILE
    if not path.is_file():
        raise nothing(folder, "eNTERFACE'05's landmarks", LANDMARKS_FILE)
    with np.load(path, allow_pickle=False) as table:
        keys = sorted(table.files)
    result = []
    for key in keys:
        match = NAME.fullmatch(key.replace("__", "/"))
        if match is None:
            raise DataError(f"{path}: clip {key!r} is not named like subject1__anger__s1_an_1; copy it again")
        subject, emotion, _, name = match.groups()
        row = _sample(int(subject), emotion, name, None, Clip(name=name), "enterface-landmarks", path)
        result.append(with_mesh(row))
    return result


def _sample(
    subject: int, emotion: str, name: str, sentence: str | None, clip: Clip, corpus: str, table: Path | None = None
) -> Sample:
    speaker = f"enterface-{subject:02d}"
    ending = re.search(r"_?([1-5])(?:avi)?$", name)
    return Sample(
        clip=Clip(clip.source, name=name, person=speaker),
        emotion=emotions.word(emotion),
        corpus=corpus,
        speaker=speaker,
        statement=sentence or (ending[1] if ending else None),
        take=f"{speaker}-{emotion}-{name}",
        modality="tracking" if table else "audio-video",
        table=table,
    )


def _name(path: Path, folder: Path) -> str:
    """The path from the subject's folder on, without suffix."""
    parts = path.relative_to(folder.parent).with_suffix("").parts
    places = [place for place, part in enumerate(parts) if re.fullmatch(r"subject[ _-]?\d+", part, re.IGNORECASE)]
    return "/".join(parts[places[-1] :]) if places else path.stem


LANDMARKS = Kind(
    About(
        name="enterface-landmarks",
        title="eNTERFACE'05, points of the face of five subjects",
        modality="tracking",
        licence=ABOUT.licence,
        credit=ABOUT.credit,
        people_note=ABOUT.people_note,
        access="local",
        asking="found by others with dlib in the release; offered nowhere",
    ),
    _landmarks,
)
"""Points of faces."""
