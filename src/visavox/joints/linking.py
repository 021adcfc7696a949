"""Who is who from picture to picture, where a program found people in each picture by itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from visavox.joints.body25 import MIDDLES

NEAR = 0.75
"""Lengths of the torso that a body's joints may be away, on average, from where they were one picture before. Someone
who runs past moves by half a length at 25 pictures a second."""

GAP = 12
"""Pictures over which somebody may be lost and still be the same: half a second at 25 a second. They may have moved on
meanwhile: `NEAR` grows with the root of the number of pictures."""

SHARED = 2
"""Joints that must be seen both times."""

SMALLEST = 0.25
"""Least length of the torso, in parts of the body's extent: it looks shorter whenever it bends towards the camera."""

Track = dict[int, NDArray[np.float32]]
"""A person: by row of the recording, the joints [25, 3]."""


def link(numbers: Sequence[int], pictures: Sequence[NDArray[np.float32]]) -> list[Track]:
    """People by their places: each body goes on where the nearest one was, nearest pairs first.

    Args:
        numbers: Of the pictures, rising.
        pictures: The bodies in each [shape=(people, 25, 3)], not seen joints with confidence 0.

    Returns:
        The people, in the order in which they are first seen. Every body is of exactly one of them.

    Example:
        >>> here, there = np.ones((25, 3), np.float32), np.full((25, 3), 500, np.float32)
        >>> here[0, 0] = there[0, 0] = 40  # bodies have an extent
        >>> people = link([0, 1], [np.stack([here, there]), np.stack([there, here])])
        >>> [float(person[1][1, 0]) for person in people]
        [1.0, 500.0]
    """
    steps = np.diff(numbers)
    step = float(np.median(steps)) if len(steps) else 1.0
    tracks: list[Track] = []
    ends: dict[int, int] = {}  # of the tracks that may go on, the last row
    for row, bodies in enumerate(pictures):
        gaps = {track: (numbers[row] - numbers[end]) / step for track, end in ends.items()}
        ends = {track: end for track, end in ends.items() if gaps[track] <= GAP}
        taken: dict[int, int] = {}
        if ends and len(bodies):
            apart = distances(np.stack([tracks[track][end] for track, end in ends.items()]), bodies)
            reach = NEAR * np.sqrt([max(gaps[track], 1.0) for track in ends])
            near = apart <= reach[:, None]
            alive = list(ends)
            for index, body in np.argwhere(near)[np.argsort(apart[near], kind="stable")].tolist():
                if body not in taken and alive[index] not in taken.values():
                    taken[body] = alive[index]
        for body, joints in enumerate(bodies):
            if body not in taken:
                taken[body] = len(tracks)
                tracks.append({})
            tracks[taken[body]][row] = joints
            ends[taken[body]] = row
    return tracks


def distances(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float64]:
    """How far bodies are apart: mean distance of the joints seen in both, in lengths of their torsos.

    Args:
        first: Bodies [shape=(n, 25, 3)].
        second: Others [shape=(m, 25, 3)].

    Returns:
        [shape=(n, m)]; infinite where they share fewer than two seen joints.
    """
    both = (first[:, None, :, 2] > 0) & (second[None, :, :, 2] > 0)
    apart = np.linalg.norm(first[:, None, :, :2].astype(np.float64) - second[None, :, :, :2], axis=3)
    count = both.sum(axis=2)
    mean = np.where(both, apart, 0.0).sum(axis=2) / np.maximum(count, 1)
    size = (_torsos(first)[:, None] + _torsos(second)[None]) / 2
    return np.where((count >= SHARED) & (size > 0), mean / np.maximum(size, 1e-9), np.inf)


def _torsos(bodies: NDArray[np.float32]) -> NDArray[np.float64]:
    """Length of each body's torso in pixels [n], or what is likely from its extent."""
    places = np.where(bodies[:, :, 2:] > 0, bodies[:, :, :2].astype(np.float64), np.nan)
    neck, hips = MIDDLES
    torso = np.linalg.norm(places[:, neck] - places[:, hips], axis=1)
    seen = ~np.isnan(places)
    low, high = np.where(seen, places, np.inf).min(axis=1), np.where(seen, places, -np.inf).max(axis=1)
    extent = np.where(seen.any(axis=(1, 2)), (high - low).max(axis=1), 0.0)
    return np.asarray(np.fmax(torso, SMALLEST * extent))
