"""CK+: 327 short sequences of posed faces, from neutral to the height of seven emotions, contempt among them.

Two names: "ckplus" gives every labelled sequence whole, "ckplus-peaks" what single pictures are judged by: the last
three of a sequence as its word and, beside them, its first as neutral. Read is the publisher's layout
(`cohn-kanade-images/S005/001/S005_001_00000001.png`, `Emotion/S005/001/S005_001_00000011_emotion.txt`; the folders
above them may have any name); "ckplus-peaks" also reads the copy that is passed on as cut faces by word
(`anger/S010_004_00000017.png`, 48 x 48), which has no neutral ones.

Source: Lucey et al. 2010; codes and folders as users of the release describe them.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path

from visavox import emotions
from visavox.datasets import About, Kind, Sample
from visavox.datasets.recordings import STILLS, files, nothing
from visavox.datasets.stored import from_pictures
from visavox.errors import DataError

ABOUT = About(
    name="ckplus",
    title="CK+ (Extended Cohn-Kanade), labelled sequences",
    modality="pictures",
    licence="for research, after signing an agreement (the publisher's page)",
    credit="Lucey, Cohn, Kanade, Saragih, Ambadar, Matthews: The Extended Cohn-Kanade Dataset (CK+), CVPR Workshops, "
    "2010",
    people_note="a sequence has a word only where its action units fit that word's definition, so there is no score of "
    "people",
    url="http://www.jeffcohn.net/resources/",
    access="ask",
    asking="sign the agreement of the publisher's page",
)

PICTURE = re.compile(r"(S\d{3})_(\d{3})_(\d{8})")
"""Subject, sequence, number of the picture."""

LABEL = re.compile(r"(S\d{3})_(\d{3})_(\d{8})_emotion")
"""The label of a sequence carries the number of its last picture."""

CODES: Mapping[int, str] = {
    0: "neutral", 1: "angry", 2: "contemptuous", 3: "disgusted", 4: "fearful", 5: "happy", 6: "sad", 7: "surprised",
}  # fmt: skip
"""Numbers in the label files."""

HEIGHT = 3
"""Pictures at the end of a sequence that show its word: what most papers take."""


def samples(folder: Path) -> list[Sample]:
    """The labelled sequences, by subject and number ("S005_001"); their pictures are read when looked at.

    Args:
        folder: pictures and labels somewhere in it.

    Returns:
        327 samples of a whole copy, of 118 subjects; no times, since the pictures carry none.

    Raises:
        DataError: there are no labels, a label has no pictures, or it says what no label can say.
    """
    return [_sample(name, word, paths, "ckplus") for name, word, paths in _sequences(folder)]


def _peaks(folder: Path) -> list[Sample]:
    """327 clips of the last three pictures and 327 of the first of a whole copy; of the cut copy 327 of three faces.

    Raises:
        DataError: as `samples`.
    """
    if not any(LABEL.fullmatch(path.stem) for path in files(folder, {".txt"})):
        return _cut(folder)
    result = []
    for name, word, paths in _sequences(folder):
        result.append(_sample(f"{name}-first", "neutral", paths[:1], "ckplus-peaks"))
        result.append(_sample(name, word, paths[-HEIGHT:], "ckplus-peaks"))
    return result


def _sequences(folder: Path) -> list[tuple[str, str, list[Path]]]:
    """Name, word and pictures of each labelled sequence."""
    labels = [path for path in files(folder, {".txt"}) if LABEL.fullmatch(path.stem)]
    if not labels:
        raise nothing(folder, "CK+", "labels named like S005_001_00000011_emotion.txt")
    pictures: dict[str, list[Path]] = {}
    for path in files(folder, STILLS):
        if PICTURE.fullmatch(path.stem):
            pictures.setdefault(path.stem[:8], []).append(path)
    result = []
    for label in labels:
        name = label.stem[:8]
        if name not in pictures:
            raise DataError(f"{label}: no pictures named {name}_… in {folder}; unpack the images there too")
        text = label.read_text(encoding="ascii", errors="replace").strip()
        try:
            word = CODES[int(float(text))]
        except (ValueError, KeyError, OverflowError) as error:
            raise DataError(f"{label}: it says {text!r}, expected a number from 0 to 7; copy it again") from error
        result.append((name, word, sorted(pictures[name], key=lambda path: path.stem)))
    return sorted(result)


def _cut(folder: Path) -> list[Sample]:
    found: dict[tuple[str, str], list[Path]] = {}
    for path in files(folder, STILLS):
        spelling = path.parent.name.lower()
        if PICTURE.fullmatch(path.stem) and spelling in emotions.SPELLINGS:
            found.setdefault((path.stem[:8], emotions.word(spelling)), []).append(path)
    if not found:
        raise nothing(folder, "CK+", "labels with their pictures, or folders of words with pictures")
    return [_sample(name, word, paths, "ckplus-peaks", cut=True) for (name, word), paths in sorted(found.items())]


def _sample(name: str, word: str, paths: list[Path], corpus: str, *, cut: bool = False) -> Sample:
    speaker = f"ckplus-{name[:4]}"
    return Sample(
        clip=from_pictures(paths, name, field="faces" if cut else "pictures", person=speaker),
        emotion=word,
        corpus=corpus,
        speaker=speaker,
        take=f"ckplus-{name[:8]}",
        modality="face" if cut else "pictures",
    )


PEAKS = Kind(
    dataclasses.replace(ABOUT, name="ckplus-peaks", title="CK+ (Extended Cohn-Kanade), first and last pictures"), _peaks
)
"""What single pictures are judged by."""
