"""FER2013 in the two layouts in which Kaggle offers it: one table of pixels, or folders of words with pictures.

The table is `fer2013.csv` (emotion, pixels, Usage) or `icml_face_data.csv` (the same columns in another order, with
spaces in their names); `fer2013new.csv` of FER+ gives its votes and `exclude.csv` its twins, where they lie beside it.
Folders are `train/angry/Training_3908.jpg`, `test/angry/PrivateTest_….jpg`: the file's name tells the official part,
else the folder's does.
"""

from __future__ import annotations

import csv
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visavox import emotions
from visavox.clip import Clip
from visavox.datasets import Sample
from visavox.datasets.fer2013 import PARTS, SIDE, VOTES, WRONG_VOTES, excluded
from visavox.datasets.recordings import STILLS, files
from visavox.datasets.stored import from_pictures
from visavox.errors import DataError, OptionError

TABLES = ("fer2013.csv", "icml_face_data.csv")
"""Names of the table."""

FOLDERS = {"train": "train", "validation": "validation", "val": "validation", "valid": "validation", "test": "test"}
"""Folders of parts."""


def samples(folder: Path) -> list[Sample]:
    """All faces of the table, by row, or of the folders, by name; none where neither is there.

    Raises:
        DataError: a row or a folder is not as expected.
    """
    for name in TABLES:
        for path in (folder / name, folder / "fer2013" / name):
            if path.is_file():
                return _rows(path)
    return _pictures(folder)


def _rows(path: Path) -> list[Sample]:
    votes = _votes(path.parent / "fer2013new.csv")
    exclude = path.parent / "exclude.csv"
    defects, takes = excluded(exclude) if exclude.is_file() else ({}, {})
    result = []
    csv.field_size_limit(1 << 20)
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file)
        columns = [name.strip().lower() for name in next(rows, [])]
        if not {"emotion", "pixels", "usage"} <= set(columns):
            raise DataError(f"{path}: columns emotion, pixels and Usage expected, got {', '.join(columns) or 'none'}")
        for index, cells in enumerate(rows):
            row = dict(zip(columns, (cell.strip() for cell in cells), strict=False))
            where = f"{path}, row {index + 2}"
            if row.get("usage") not in PARTS or row.get("emotion") not in emotions.CODES["fer2013"]:
                raise DataError(
                    f"{where}: emotion {row.get('emotion')!r} of {row.get('usage')!r}, expected 0 to 6 of "
                    f"{', '.join(PARTS)}"
                )
            face = _pixels(row["pixels"], where)[None, :, :, None]
            result.append(
                Sample(
                    clip=Clip(name=f"fer2013-{index:05d}", faces=np.broadcast_to(face, (1, SIDE, SIDE, 3))),
                    emotion=emotions.word(row["emotion"], "fer2013"),
                    corpus="fer2013",
                    part=PARTS[row["usage"]],
                    take=takes.get(index),
                    modality="face",
                    defect=defects.get(index, ""),
                    votes=votes[index] if index < len(votes) and index not in WRONG_VOTES else None,
                )
            )
    if votes and len(votes) != len(result):
        raise DataError(f"{path.parent / 'fer2013new.csv'}: {len(votes)} rows for {len(result)} faces; copy both again")
    return result


def _pixels(text: str, where: str) -> NDArray[np.uint8]:
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)  # this is how numpy says that a number is none
        try:
            values = np.fromstring(text, dtype=np.int64, sep=" ")
        except (DeprecationWarning, ValueError) as error:
            raise DataError(f"{where}: a pixel is no number; copy the table again") from error
    if len(values) != SIDE * SIDE or values.min() < 0 or values.max() > 255:
        raise DataError(f"{where}: {len(values)} pixels, expected {SIDE * SIDE} from 0 to 255; copy the table again")
    return values.astype(np.uint8).reshape(SIDE, SIDE)


def _votes(path: Path) -> list[dict[str, int]]:
    """Votes by row."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    missing = set(VOTES) - set(rows[0] if rows else VOTES)
    if missing:
        raise DataError(f"{path}: no column {sorted(missing)[0]}; this is not the table of FER+")
    return [{word: int(row[word] or 0) for word in VOTES} for row in rows]


def _pictures(folder: Path) -> list[Sample]:
    result = []
    for path in files(folder, STILLS):
        part = PARTS.get(path.stem.partition("_")[0]) or FOLDERS.get(path.parent.parent.name.lower())
        if part is None:
            continue
        try:
            word = emotions.word(path.parent.name)
        except OptionError as error:
            raise DataError(f"{path}: its folder names no emotion; {error}") from error
        result.append(
            Sample(
                clip=from_pictures([path], f"fer2013-{part}-{path.parent.name}-{path.stem}"),
                emotion=word,
                corpus="fer2013",
                part=part,
                modality="face",
            )
        )
    return result
