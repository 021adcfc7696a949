"""FER2013: 35 887 grey faces of 48 x 48 pixels found by image search, seven words, with the votes of FER+.

Three layouts are read: lossless WebP mosaics (`train_00.webp` … of 40 x 40 faces) beside `labels.csv.gz` and
`exclude.csv`; and the two in which Kaggle offers it (`visavox.datasets.fer2013_kaggle`): `fer2013.csv`, and folders of
words. 2 200 of the training faces are the same photographs as validation or test faces: `Sample.defect` says so where
`exclude.csv` is there, and whoever judges on the test split should leave them out.
"""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visavox import emotions
from visavox.clip import Clip
from visavox.datasets import About, Sample
from visavox.errors import DataError

ABOUT = About(
    name="fer2013",
    title="FER2013 (Facial Expression Recognition 2013) with FER+ votes",
    modality="face",
    licence="images: none stated by their origins, customarily used for research (Kaggle, ICML 2013); votes: MIT",
    credit="Goodfellow et al., Challenges in Representation Learning, ICML 2013; Barsoum et al., FER+, ICMI 2016",
    people=0.65,
    people_note="65 ± 5 % is often cited; how it was measured is hardly documented",
    url="https://www.kaggle.com/c/challenges-in-representation-learning-facial-expression-recognition-challenge",
    access="ask",
    asking="from Kaggle, with an account there; FER+ votes: https://github.com/microsoft/FERPlus",
)

SIDE = 48
"""Height and width of a face, in pixels."""

TILES = 40
"""Faces across and down a mosaic."""

PARTS = {"Training": "train", "PublicTest": "validation", "PrivateTest": "test"}
"""The official split, as `labels.csv.gz` spells it and as we do."""

VOTES = (
    "neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF",
)  # fmt: skip
"""What a rater of FER+ could say; the last two mean "cannot tell" and "not a face"."""

WRONG_VOTES = frozenset({5274, 33200})
"""Rows whose votes belong to another picture (the corpus's README)."""

DEFECTS = ("blank", "exact", "near", "near_mirrored")
"""Reasons of `exclude.csv`: one grey value all over; a twin in another part, pixel for pixel, resized, mirrored."""


def samples(folder: Path) -> list[Sample]:
    """All faces, in the order of the original table; `part` is the official split.

    Args:
        folder: with `labels.csv.gz`, `exclude.csv` and the mosaics; or with what Kaggle offers.

    Returns:
        35 887 samples whose clips hold one face [1, 48, 48, 3] each, named by row ("fer2013-00042"). A face and its
        twin in another part have one `take`.

    Raises:
        DataError: a file is missing or holds fewer faces than labels.
    """
    if not (folder / "labels.csv.gz").is_file():
        from visavox.datasets import fer2013_kaggle

        found = fer2013_kaggle.samples(folder)
        if found:
            return found
    with gzip.open(_file(folder, "labels.csv.gz"), "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    defects, takes = excluded(_file(folder, "exclude.csv"))
    pictures = {
        usage: iter(_faces(folder, part, sum(row["usage"] == usage for row in rows))) for usage, part in PARTS.items()
    }
    result = []
    for row in rows:
        index = int(row["index"])
        face = next(pictures[row["usage"]])[None, :, :, None]
        votes = {word: int(row[f"votes_{word}"]) for word in VOTES}
        result.append(
            Sample(
                clip=Clip(name=f"fer2013-{index:05d}", faces=np.broadcast_to(face, (1, SIDE, SIDE, 3))),
                emotion=emotions.word(row["label"], "fer2013"),
                corpus="fer2013",
                part=PARTS[row["usage"]],
                take=takes.get(index),
                modality="face",
                defect=defects.get(index, ""),
                votes=None if index in WRONG_VOTES else votes,
            )
        )
    return result


def excluded(path: Path) -> tuple[dict[int, str], dict[int, str]]:
    """Why a row should be left out, and the take that it has in common with its twin, by row."""
    defects, takes = {}, {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            index, twin = int(row["index"]), row["twin"]
            defects[index] = row["reason"]
            if twin:
                takes[index] = takes[int(twin)] = f"fer2013-{int(twin):05d}"
    return defects, takes


def _faces(folder: Path, part: str, count: int) -> NDArray[np.uint8]:
    """The first `count` faces of a part's mosaics [count, 48, 48]."""
    from PIL import Image

    tiles = []
    for path in sorted(folder.glob(f"{part}_*.webp")):
        with Image.open(path) as image:
            mosaic = np.asarray(image.convert("L"))
        tiles.append(mosaic.reshape(TILES, SIDE, TILES, SIDE).swapaxes(1, 2).reshape(-1, SIDE, SIDE))
    found = sum(map(len, tiles))
    if found < count:
        raise DataError(
            f"{folder}: the mosaics {part}_*.webp hold {found} faces, the labels name {count}; copy it again"
        )
    return np.concatenate(tiles)[:count]


def _file(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.is_file():
        raise DataError(
            f"{path}: missing; this folder is not laid out as FER2013 is expected (see visavox.datasets.fer2013)"
        )
    return path
