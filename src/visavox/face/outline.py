"""The outline of a face that is drawn: 64 of the 468 points of its mesh, and which of them are joined."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

FEATURES: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {
        "oval": (10, 297, 284, 389, 454, 361, 397, 379, 400, 152, 176, 150, 172, 132, 234, 162, 54, 67),
        "right eye": (33, 163, 145, 154, 133, 157, 159, 161),
        "left eye": (263, 390, 374, 381, 362, 384, 386, 388),
        "lips": (61, 91, 84, 17, 314, 321, 291, 269, 267, 0, 37, 39),
        "mouth": (78, 88, 14, 318, 308, 311, 13, 81),
        "right brow": (70, 63, 105, 66, 107),
        "left brow": (300, 293, 334, 296, 336),
    }
)
"""The points of each feature in the order in which a pen meets them; right and left are the person's own.

Source: the numbering of the canonical face of Kartynnik et al., "Real-time facial surface geometry from monocular video
on mobile GPUs", 2019. Of its rings we take about every second point: on a face 300 pixels wide the points that are left
out lie at most 5 pixels off the line (of the oval), around the eyes 1.
"""

OPEN = ("right brow", "left brow")
"""Features whose last point is not joined to their first."""

POINTS: tuple[int, ...] = tuple(point for points in FEATURES.values() for point in points)
"""The points of the mesh that are in an outline, in its order."""


def _lines() -> tuple[tuple[int, ...], ...]:
    ends = accumulate(len(points) for points in FEATURES.values())
    runs = {name: range(end - len(FEATURES[name]), end) for name, end in zip(FEATURES, ends, strict=True)}
    return tuple((*run, *(() if name in OPEN else run[:1])) for name, run in runs.items())


LINES = _lines()
"""Lines of an outline: each the places in it of the points that are joined one after the other."""


def outline(points: NDArray[np.floating]) -> tuple[tuple[float, float], ...]:
    """The outline of a face, x and y of each point.

    Args:
        points: The mesh: x and y in any unit, and whatever else [shape=(468, 2 or more)].

    Returns:
        One pair for each of :data:`POINTS`, in the unit of the mesh.

    Example:
        >>> mesh = np.zeros((468, 3))
        >>> mesh[152] = 50, 90, 0
        >>> drawn = outline(mesh)
        >>> len(drawn), drawn[POINTS.index(152)]
        (64, (50.0, 90.0))
    """
    return tuple((x, y) for x, y in np.asarray(points, dtype=np.float64)[list(POINTS), :2].tolist())
