"""RAF-DB, single words: 15 339 faces from the web, seven words by some forty raters each; official split.

Read are the publisher's layout (`basic/EmoLabel/list_patition_label.txt` and `basic/Image/aligned`, of pictures named
`train_00001_aligned.jpg`; `basic/Annotation/manual/train_00001_manu_attri.txt` gives the sex where it is there) and the
one in which it is passed on (`DATASET/train/1/train_00001_aligned.jpg`, a folder a word). The faces are the aligned
ones, 100 x 100.

Source: the release's readme as its users quote it; the order of the attributes (five points, then sex 0 male, 1 female,
2 unsure, race, age) is theirs too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from visavox.datasets import About, Sample
from visavox.datasets.recordings import STILLS, files, nothing
from visavox.datasets.stored import from_pictures
from visavox.errors import DataError

ABOUT = About(
    name="raf-db",
    title="RAF-DB (Real-world Affective Faces Database), single words",
    modality="face",
    licence="for research that is not commercial, after asking (the publisher's page)",
    credit="Li, Deng, Du: Reliable crowdsourcing and deep locality-preserving learning for expression recognition in "
    "the wild, CVPR 2017",
    people_note="the words are the raters' own majority, so there is no score of people",
    url="http://www.whdeng.cn/raf/model1.html",
    access="ask",
    asking="write to the publisher from an address of a university, as its page says",
)

NAME = re.compile(r"((train|test)_\d+)(?:_aligned)?")
"""The picture, its part."""

CODES: Mapping[str, str] = {
    "1": "surprised", "2": "fearful", "3": "disgusted", "4": "happy", "5": "sad", "6": "angry", "7": "neutral",
}  # fmt: skip
"""Numbers in the list."""

LIST = "list_patition_label.txt"
"""Every picture's name and number, as the publisher spells it."""

SEXES: Mapping[str, Literal["female", "male"]] = {"0": "male", "1": "female"}
"""Numbers in the sixth line of an attribute file."""


def samples(folder: Path) -> list[Sample]:
    """All faces, by name ("train_00001"); they are read when looked at. Who is who is not known.

    Args:
        folder: with the list and the aligned faces, or the folders of words, somewhere in it.

    Returns:
        12 271 samples of part "train" and 3 068 of "test" of a whole copy.

    Raises:
        DataError: neither is there, the list names a picture that is not there, or a number that is no word.
    """
    pictures: dict[str, Path] = {}
    for path in files(folder, STILLS):
        match = NAME.fullmatch(path.stem)
        if match and (match[1] not in pictures or path.stem.endswith("_aligned")):
            pictures[match[1]] = path
    lists = [path for path in files(folder, {".txt"}) if path.name == LIST]
    words = _listed(lists[0]) if lists else {name: path.parent.name for name, path in pictures.items()}
    if not lists:
        words = {name: code for name, code in words.items() if code in CODES}
    if not words or not pictures:
        raise nothing(folder, "RAF-DB", f"{LIST} with aligned faces, or folders 1 to 7 with them")
    sexes = _sexes(folder)
    result = []
    for name, code in sorted(words.items()):
        if name not in pictures:
            raise DataError(f"{lists[0]}: {name} is listed, but no picture {name}_aligned.jpg is in {folder}")
        result.append(
            Sample(
                clip=from_pictures([pictures[name]], name),
                emotion=CODES[code],
                corpus="raf-db",
                sex=sexes.get(name),
                part=name.partition("_")[0],
                take=f"raf-db-{name}",
                modality="face",
            )
        )
    return result


def _listed(path: Path) -> dict[str, str]:
    """Numbers by picture."""
    words = {}
    for number, line in enumerate(path.read_text(encoding="ascii", errors="replace").splitlines(), start=1):
        if not line.strip():
            continue
        name, _, code = line.strip().partition(" ")
        match = NAME.fullmatch(Path(name).stem)
        if match is None or code.strip() not in CODES:
            raise DataError(
                f"{path}, row {number}: {line.strip()!r}, expected a picture's name and a number from 1 to 7"
            )
        words[match[1]] = code.strip()
    return words


def _sexes(folder: Path) -> dict[str, Literal["female", "male"]]:
    sexes = {}
    for path in files(folder, {".txt"}):
        if path.stem.endswith("_manu_attri"):
            values = path.read_text(encoding="ascii", errors="replace").split()
            sex = SEXES.get(values[-3]) if len(values) >= 3 else None
            if sex is not None:
                sexes[path.stem.removesuffix("_manu_attri")] = sex
    return sexes
