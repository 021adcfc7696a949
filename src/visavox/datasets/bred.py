"""BRED: 30 children act seven emotions before a robot; joints of their bodies, tables of their faces.

Read is the publisher's layout: `annotations.csv` with a path, a word and six answers (did the child use the body, the
face: three annotators) a row, and where the path leads, without suffix, a folder with `openpose_output/json` (a file a
picture, 25 joints) and `openface_output.csv`. The subject is the third part of a path. The pictures themselves are not
handed out.

Source: the authors' own reader describes table and folders (Filntisis et al. 2019); the release itself was not seen.
"""

from __future__ import annotations

import csv
import functools
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visavox import emotions
from visavox.datasets import About, Sample
from visavox.datasets.recordings import nothing
from visavox.datasets.stored import stored
from visavox.errors import DataError, InputError, OptionError
from visavox.joints import openpose
from visavox.joints.body25 import JOINTS

ABOUT = About(
    name="bred",
    title="BRED (BabyRobot Emotion Database)",
    modality="body",
    licence="as its page on Zenodo says; children: for research",
    credit="Filntisis, Efthymiou, Koutras, Potamianos, Maragos: Fusing body posture with facial expressions for joint "
    "recognition of affect in child-robot interaction, IEEE Robotics and Automation Letters 4(4), 2019",
    people_note="the words are what the children were asked for; how often people name them was not published",
    url="https://zenodo.org/records/3233060",
    access="ask",
    asking="from its page on Zenodo",
)

TABLE = "annotations.csv"
"""What was acted where."""


def samples(folder: Path) -> list[Sample]:
    """All clips, in the order of the table; joints are read when looked at, `Sample.table` is OpenFace's.

    Args:
        folder: with `annotations.csv`, or a folder that holds it.

    Returns:
        215 samples of a whole copy. Where a picture shows several people, the clip's joints are of the one whose joints
        are surest; where it shows nobody, they are NaN. No times: the files carry none.

    Raises:
        DataError: the table is not there, or a row of it is not as expected or leads nowhere.
    """
    places = [folder / TABLE, *sorted(folder.glob(f"*/{TABLE}"))]
    table = next((path for path in places if path.is_file()), None)
    if table is None:
        raise nothing(folder, "BRED", TABLE)
    result = []
    with table.open(encoding="utf-8-sig", newline="") as file:
        for number, row in enumerate(csv.reader(file), start=1):
            if number > 1 and any(cell.strip() for cell in row):
                result.append(_sample(row, f"{table}, row {number}", table.parent))
    return result


def _sample(row: list[str], where: str, folder: Path) -> Sample:
    parts = Path(row[0].strip().replace("\\", "/").removeprefix("./")).with_suffix("").parts
    if len(row) < 2 or len(parts) < 4:
        raise DataError(f"{where}: expected a path of at least four parts and a word, got {','.join(row[:2])!r}")
    try:
        word = emotions.word(row[1])
    except OptionError as error:
        raise DataError(f"{where}: {error}") from error
    place = folder.joinpath(*parts[1:])
    poses = place / "openpose_output" / "json"
    if not poses.is_dir():
        raise DataError(f"{where}: {poses} is not there; unpack the whole release")
    face = place / "openface_output.csv"
    speaker = f"bred-{parts[2]}"
    name = "-".join(parts[2:])
    return Sample(
        clip=stored(functools.partial(_joints, poses), "joints", name, person=speaker),
        emotion=word,
        corpus="bred",
        speaker=speaker,
        take=f"bred-{name}",
        modality="body",
        table=face if face.is_file() else None,
    )


def _joints(folder: Path) -> NDArray[np.float32]:
    """Joints [t, 25, 3] of OpenPose's files, one a picture."""
    paths = sorted(folder.glob("*.json"))
    if not paths:
        raise DataError(f"{folder}: no file of joints in it; unpack the whole release")
    result = np.full((len(paths), JOINTS, 3), np.nan, dtype=np.float32)
    for row, path in zip(result, paths, strict=True):
        try:
            people = openpose.picture(path).joints
        except InputError as error:
            raise DataError(str(error)) from error
        if len(people):
            row[:] = people[people[:, :, 2].sum(axis=1).argmax()]
    return result
