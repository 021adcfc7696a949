"""How much somebody moves, as a plain number: no emotion in it, and no network."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from visavox.body.gesture import seen, torso
from visavox.joints.body25 import HEAD

PARTS: tuple[tuple[int, ...], ...] = (HEAD, (2,), (5,), (3,), (6,), (4,), (7,))
"""What moves, in BODY_25: the head (nose, eyes and ears), shoulders, elbows, wrists. Each counts alike."""

RATE = 5.0
"""Looks a second, at most. Between two looks that follow faster, joints tremble further than they move."""

LONGEST = 0.5
"""Seconds between two looks, beyond which nobody knows how a joint came to where it is."""

STILL = 0.02
"""Lengths of the torso: a joint that is found so near to where it was has not moved. Pose networks tremble by half of
it on a person who stands still."""

FASTEST = 12.0
"""Lengths of the torso a second (some 6 m/s): what is faster was another joint, or another person."""

LEAST = 3
"""Parts that must be seen at two looks; a head alone does not say how somebody moves."""


def movement(joints: NDArray[np.floating], times: NDArray[np.floating]) -> float:
    """Mean speed of head, shoulders, elbows and wrists in the picture, in lengths of the torso a second.

    A joint counts from one look at which it is seen to the next, if that follows within half a second; one that is not
    seen counts for nothing, neither as still nor as moved. A camera that pans moves the body, too.

    Args:
        joints: In the order of BODY_25: x, y in pixels, confidence 0..1 [shape=(t, 25, 3)].
        times: Of the looks, in seconds, rising [shape=(t,)].

    Returns:
        From 0 on; NaN where it cannot be known: no two looks, too few joints, or nothing that tells the torso's length.

    Example:
        >>> body = np.zeros((3, 25, 3))
        >>> body[:, [2, 5, 8, 3]] = [[60, 100, 1], [140, 100, 1], [100, 200, 1], [60, 150, 1]]  # a torso of 100
        >>> body[:, 3, 0] += [0, 10, 20]  # the elbow moves by half a torso a second, both shoulders rest
        >>> round(movement(body, np.array([0.0, 0.2, 0.4])), 3)
        0.167
    """
    places = seen(joints)
    unit = torso(places) if len(places) else float("nan")
    if not unit > 0:
        return float("nan")
    moments = np.asarray(times, dtype=np.float64)
    looks = np.unique(np.floor((moments - moments[0]) * RATE + 1e-6), return_index=True)[1]
    moments, places = moments[looks], places[looks] / unit
    seconds = np.diff(moments)
    way = np.linalg.norm(np.diff(places, axis=0), axis=2)  # NaN unless seen at both looks
    way[seconds > LONGEST] = np.nan
    way[way > FASTEST * seconds[:, None]] = np.nan
    way[way < STILL] = 0.0
    parts = np.stack([_mean(way[:, list(part)]) for part in PARTS], axis=1)
    known = (~np.isnan(parts)).sum(axis=1) >= LEAST
    if not known.any():
        return float("nan")
    return float(_mean(parts[known]).sum() / seconds[known].sum())


def _mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean of each row's numbers; NaN of a row without any."""
    there = ~np.isnan(values)
    count = there.sum(axis=1)
    total = np.where(there, values, 0.0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
