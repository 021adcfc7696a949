"""The 68 points of a face in every picture of a clip, from the tables that a corpus brings.

The points are those of the 300-W scheme, which dlib and OpenFace share: 0-16 jaw, 17-26 brows, 27-35 nose, 36-47 eyes,
48-67 mouth; x to the right, y down, in pixels.
"""

from __future__ import annotations

import csv
import dataclasses
import functools
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visavox.datasets import Sample
from visavox.datasets.stored import stored
from visavox.errors import DataError

POINTS = 68
"""How many there are."""

MESH_POINTS = (
    127, 234, 93, 132, 58, 136, 150, 176, 152, 400, 379, 365, 288, 361, 323, 454, 356,
    70, 63, 105, 66, 107, 336, 296, 334, 293, 300,
    168, 197, 195, 4, 98, 97, 2, 326, 327,
    33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380,
    61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181, 78, 81, 13, 311, 308, 402, 14, 178,
)  # fmt: skip
"""The point of a face mesh (468 points) that lies where each of the 68 does, as nearly as there is one."""


def landmarks(sample: Sample) -> NDArray[np.float32]:
    """The points of a sample whose `table` holds them: one array a clip (NPZ), or a table of OpenFace (CSV).

    Args:
        sample: of "enterface-landmarks", "ravdess-tracking", "ravdess-video", or with such a table of one's own.

    Returns:
        x and y in pixels [shape=(t, 68, 2)]; NaN in pictures where OpenFace says that it lost the face.

    Raises:
        DataError: the sample has no table, or the table has no such points; the message names it.
    """
    path = sample.table
    if path is None:
        raise DataError(f"{sample.clip.name}: {sample.corpus} brings no table of points for it; name one in its row")
    if not path.is_file():
        raise DataError(f"{path}: missing; copy the tables of {sample.corpus} again")
    return _npz(path, sample) if path.suffix == ".npz" else _openface(path)


def with_mesh(sample: Sample) -> Sample:
    """A sample whose clip has these points as its `Clip.mesh`, read when somebody looks."""
    name, person = str(sample.clip.name), sample.clip.person
    return dataclasses.replace(sample, clip=stored(functools.partial(_mesh, sample), "mesh", name, person=person))


def as_mesh(points: NDArray[np.floating]) -> NDArray[np.float32]:
    """The 68 points as a face mesh of which no other point is known, for `Clip.mesh`.

    Args:
        points: x and y in pixels [shape=(t, 68, 2)].

    Returns:
        x and y in pixels, and 0 for the depth [shape=(t, 468, 3)]; NaN where nothing is known.

    Example:
        >>> mesh = as_mesh(np.ones((1, 68, 2)))
        >>> mesh[0, 33], mesh[0, 1]  # the outer corner of the right eye; the tip of the nose is no such point
        (array([1., 1., 0.], dtype=float32), array([nan, nan, nan], dtype=float32))
    """
    mesh = np.full((len(points), 468, 3), np.nan, dtype=np.float32)
    mesh[:, MESH_POINTS, :2] = points
    mesh[:, MESH_POINTS, 2] = np.where(np.isnan(points[..., 0]), np.nan, 0)
    return mesh


def _mesh(sample: Sample) -> NDArray[np.float32]:
    return as_mesh(landmarks(sample))


def _npz(path: Path, sample: Sample) -> NDArray[np.float32]:
    subject = (sample.speaker or "").rpartition("-")[2].lstrip("0")
    with np.load(path, allow_pickle=False) as table:
        for key in (f"subject{subject}__{part}__{sample.clip.name}" for part in _parts(table.files)):
            if key in table.files:
                return _checked(table[key].astype(np.float32), f"{path}: {key}")
    raise DataError(f"{path}: no points of {sample.clip.name} in it; copy it again")


def _parts(keys: list[str]) -> list[str]:
    return sorted({key.split("__")[1] for key in keys if key.count("__") == 2})


def _openface(path: Path) -> NDArray[np.float32]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file)
        names = [name.strip() for name in next(rows, [])]
        wanted = [f"{axis}_{point}" for point in range(POINTS) for axis in "xy"]
        missing = [name for name in wanted if name not in names]
        if missing:
            raise DataError(f"{path}: no column {missing[0]}; expected a table of OpenFace with its 2-D landmarks")
        columns = [names.index(name) for name in wanted]
        success = names.index("success") if "success" in names else None
        values = []
        for number, row in enumerate(rows, start=2):
            try:
                found = success is None or float(row[success]) > 0
                values.append([float(row[column]) if found else np.nan for column in columns])
            except (ValueError, IndexError) as error:
                raise DataError(f"{path}, row {number}: {error}; make the table again") from error
    if not values:
        raise DataError(f"{path}: no picture in it; make the table again")
    return _checked(np.array(values, dtype=np.float32).reshape(-1, POINTS, 2), str(path), lost=True)


def _checked(points: NDArray[np.float32], where: str, *, lost: bool = False) -> NDArray[np.float32]:
    if points.shape[1:] != (POINTS, 2):
        raise DataError(f"{where}: points [t, {POINTS}, 2] expected, got {list(points.shape)}; make it again")
    bad = (
        np.isnan(points).any(axis=(1, 2))
        if not lost
        else np.isnan(points).any(axis=(1, 2)) & ~np.isnan(points).all(axis=(1, 2))
    )
    if bad.any():
        raise DataError(f"{where}: a point of picture {int(np.flatnonzero(bad)[0])} is no number; make it again")
    return points
