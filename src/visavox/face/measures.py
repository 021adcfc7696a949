"""What published systems make of the shape of a face: facial values and geometry, from meshes, in numpy alone.

Moments and key frames are chosen by time, as in `visavox.face.inputs`.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from visavox.clip import Clip
from visavox.datasets.landmarks import MESH_POINTS
from visavox.errors import DataError, OptionError
from visavox.face.expression import NAMES, facial_values
from visavox.face.sampling import RATE, Floats, check, every_so_often, times_of
from visavox.inputs import Wanted


@dataclass(frozen=True, kw_only=True)
class FacialValues:
    """The 51 values of a face (`visavox.face.expression`), at moments spread evenly over a clip.

    Between pictures, values go evenly from one to the next.

    Args:
        frames: how many moments.
        seconds: of a film that are judged as one in use: about as long as the clips that a network learns from.

    Source: "Emotion Recognition by Audio and Video", AI Lab, 2024: 50 frames of 51 values, of blendshapes in its case.
    """

    wants: ClassVar[Wanted] = "mesh"
    frames: int = 50
    seconds: float = 4.0

    def __post_init__(self) -> None:
        check(self, "frames", "seconds")

    @property
    def shape(self) -> tuple[int, ...]:
        """[frames, 51]."""
        return self.frames, len(NAMES)

    def of(self, clip: Clip) -> NDArray[np.generic]:
        """The values of a clip, float32 [1, frames, 51]; none of a clip without a whole mesh."""
        if clip.mesh is None:
            return np.zeros((0, *self.shape), dtype=np.float32)
        values = facial_values(clip.mesh)
        good = np.isfinite(values).all(axis=1)
        times, values = times_of(clip, "mesh", RATE)[good], values[good]
        if not len(values):
            return np.zeros((0, *self.shape), dtype=np.float32)
        return spread_values(times, values, self.frames)[None]


@dataclass(frozen=True, kw_only=True)
class TableValues:
    """Anybody's facial values, from a table of a clip's pictures, at moments spread evenly over it.

    Such a clip's source is the table: a CSV file with a row a picture and the names of columns in its first line, such
    as blendshapes or the action units that OpenFace writes. Between pictures, values go evenly from one to the next.

    Args:
        columns: the values, by the names of their columns; spaces around a name are no part of it.
        frames: how many moments.
        time: the column of seconds; where there is none, pictures follow each other evenly.
        seconds: as for `FacialValues`; a table is judged as a whole.

    Source: as `FacialValues`.
    """

    wants: ClassVar[Wanted] = "mesh"
    columns: tuple[str, ...]
    frames: int = 50
    time: str = "timestamp"
    seconds: float = 4.0

    def __post_init__(self) -> None:
        check(self, "frames", "seconds")
        if not self.columns or isinstance(self.columns, str):
            raise OptionError(f"Bad value {self.columns!r} for input.columns: expected the names of some columns.")

    @property
    def shape(self) -> tuple[int, ...]:
        """[frames, columns]."""
        return self.frames, len(self.columns)

    def of(self, clip: Clip) -> NDArray[np.generic]:
        """The values of a clip, float32 [1, frames, columns]; none of a clip that is no table, or has no whole row.

        Raises:
            DataError: the table has no such column, or holds what is no number.
        """
        if not is_table(clip):
            return np.zeros((0, *self.shape), dtype=np.float32)
        times, values = self._read(Path(str(clip.source)))
        good = np.isfinite(values).all(axis=1)
        if not good.any():
            return np.zeros((0, *self.shape), dtype=np.float32)
        return spread_values(times[good], values[good], self.frames)[None]

    def _read(self, path: Path) -> tuple[Floats, Floats]:
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                rows = list(csv.reader(file))
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"{path}: it cannot be read as a table ({error})") from error
        names = [name.strip() for name in rows[0]] if rows else []
        missing = [name for name in self.columns if name not in names]
        if missing:
            raise DataError(f"{path}: no column {missing[0]!r}; name those of the table in input.columns")
        wanted = [names.index(name) for name in (*self.columns, *([self.time] if self.time in names else []))]
        numbers = np.full((len(rows) - 1, len(wanted)), np.nan)
        for place, row in enumerate(rows[1:]):
            try:
                numbers[place] = [float(row[column]) if row[column].strip() else math.nan for column in wanted]
            except (ValueError, IndexError) as error:
                raise DataError(f"{path}, row {place + 2}: {error}; make the table again") from error
        values = numbers[:, : len(self.columns)]
        return (numbers[:, -1] if self.time in names else np.arange(len(values)) / RATE), values


def is_table(clip: Clip) -> bool:
    """Whether a clip's source is a table of values."""
    return clip.source is not None and Path(str(clip.source)).suffix == ".csv"


def spread_values(times: Floats, values: NDArray[np.floating], count: int) -> NDArray[np.float32]:
    """Values [t, d] at moments spread evenly from the first time to the last [count, d], by linear interpolation."""
    moments = np.linspace(times[0], times[-1], count)
    return np.stack([np.interp(moments, times, column) for column in values.T], axis=1).astype(np.float32)


LANDMARKS = (17, 19, 21, 22, 24, 26, 36, 37, 39, 41, 42, 44, 45, 46, 30, 33, 48, 51, 54, 57, 62, 66, 8)
"""Of the 68 points of a face (300-W): ends and middle of the brows, corners and lids of the eyes, tip and base of the
nose, corners and edges of the lips, chin."""

CORNERS = (
    (17, 19, 21), (22, 24, 26),
    (37, 36, 41), (37, 39, 41), (44, 42, 46), (44, 45, 46),
    (51, 48, 57), (51, 54, 57), (48, 51, 54), (48, 57, 54),
)  # fmt: skip
"""Three of these points each, of which the angle at the second is measured: the bend of the brows, the corners of the
eyes, corners and edges of the mouth."""

_TIP, _CHIN, _EYES = 30, 8, (36, 45)


@dataclass(frozen=True, kw_only=True)
class Geometry:
    """Distances and angles between landmarks of a face in its key frames, each an example of its own.

    Distances are those of any two of 23 points, in units of the distance of the outer corners of the eyes. Angles, in
    radians, are those at which the other points are seen from the tip of the nose, from the chin on, and those of
    `CORNERS`. Place, size and tilt of a face change nothing.

    Args:
        every: pictures from one key frame to the next, at `rate`.
        rate: pictures a second by which `every` is counted.
        seconds: of a film whose key frames are judged together in use.

    Source: "Audio-Visual Emotion Recognition System", Benha University, 2022, abstract; which points, distances and
        angles it leaves open. Key frames are those of `KeyFrames`, all of them.
    """

    wants: ClassVar[Wanted] = "mesh"
    every: int = 8
    rate: float = RATE
    seconds: float = 1.0

    def __post_init__(self) -> None:
        check(self, "every", "rate", "seconds")

    @property
    def shape(self) -> tuple[int, ...]:
        """[253 distances and 31 angles]."""
        count = len(LANDMARKS)
        return (count * (count - 1) // 2 + count - 2 + len(CORNERS),)

    def of(self, clip: Clip) -> NDArray[np.generic]:
        """The geometry of a clip's key frames, float32 [m, 284]; none of a clip without landmarks."""
        if clip.mesh is None:
            return np.zeros((0, *self.shape), dtype=np.float32)
        points = np.asarray(clip.mesh[:, MESH_POINTS, :2], dtype=np.float64)
        known = np.isfinite(points).all(axis=(1, 2))
        times, points = times_of(clip, "mesh", self.rate)[known], points[known]
        keys = every_so_often(times, self.every / self.rate)
        return geometry(points[keys])


def geometry(points: NDArray[np.floating]) -> NDArray[np.float32]:
    """Distances and angles between landmarks, as `Geometry` describes them.

    Args:
        points: the 68 of the 300-W scheme, x and y in pixels [shape=(n, 68, 2)].

    Returns:
        [shape=(n, 284)].
    """
    points = np.asarray(points, dtype=np.float64)
    pairs = np.array(list(combinations(LANDMARKS, 2)))
    between = np.linalg.norm(points[:, pairs[:, 0]] - points[:, pairs[:, 1]], axis=2)
    eyes = np.linalg.norm(points[:, _EYES[0]] - points[:, _EYES[1]], axis=1, keepdims=True)
    others = [point for point in LANDMARKS if point not in (_TIP, _CHIN)]
    triples = np.array([(_CHIN, _TIP, point) for point in others] + list(CORNERS))
    one, other = (points[:, triples[:, place]] - points[:, triples[:, 1]] for place in (0, 2))
    turned = one[..., 0] * other[..., 1] - one[..., 1] * other[..., 0]
    angles = np.arctan2(np.abs(turned), (one * other).sum(axis=2))
    return np.concatenate([between / np.maximum(eyes, 1e-9), angles], axis=1).astype(np.float32)
