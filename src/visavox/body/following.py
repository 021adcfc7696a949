"""The body in a clip's pictures: followed from picture to picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from visavox.clip import Clip
from visavox.face.following import pictures_of


def followed(clip: Clip) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """The joints of the body that is seen most in a clip: the longest and largest.

    Args:
        clip: with pictures, or a source that has some.

    Returns:
        Joints [t, 25, 3] as `Clip.joints` has them, and the seconds of each [t]; none where nobody is seen.

    Raises:
        InputError: the clip's source cannot be read, or it has neither source nor arrays.
        WeightsError: the networks that find bodies were not fetched.
    """
    from visavox.body.tracking import BodyTracker, TrackedBody

    tracker: BodyTracker | None = None
    seen: dict[int, list[TrackedBody]] = {}
    for picture in pictures_of(clip):
        tracker = tracker or BodyTracker()
        for body in tracker.update(picture.time, picture.pixels) or ():
            seen.setdefault(body.track, []).append(body)
    most = max(seen.values(), key=lambda bodies: sum(_extent(body.joints) for body in bodies), default=[])
    if not most:
        return np.zeros((0, 25, 3), dtype=np.float32), np.zeros(0)
    return np.stack([body.joints for body in most]), np.array([body.time for body in most])


def _extent(joints: NDArray[np.float32]) -> float:
    """How far the joints that are seen are apart, in pixels."""
    there = joints[joints[:, 2] > 0, :2]
    return float(np.linalg.norm(np.ptp(there, axis=0))) if len(there) else 0.0
