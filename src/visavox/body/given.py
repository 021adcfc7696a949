"""Bodies whose joints another program found, in the place of those that are found here."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from visavox.body.tracking import EVERY, TrackedBody, joined
from visavox.clip import Clip
from visavox.errors import InputError
from visavox.face.tracking import TrackedFace
from visavox.joints.motion import MotionClip

NEAR = 0.1
"""Seconds between a look and the nearest joints, beyond which they are of another moment."""


class GivenBodies:
    """Gives the joints of clips as if they were found in the pictures: what `BodyTracker` is to a recording.

    Args:
        clips: One a person, with `joints` and `times` in seconds of the recording.
        every: Seconds between two looks.

    Raises:
        InputError: A clip has no joints, or no times; they are of several recordings, or of recorded motion, which
            lies in no picture.
    """

    def __init__(self, clips: Sequence[Clip], *, every: float = EVERY) -> None:
        self.every = every
        recordings = sorted({re.sub(r"-person-\d+$", "", clip.name or "") for clip in clips})
        if len(recordings) > 1:
            raise InputError(f"These joints are of {len(recordings)} recordings ({', '.join(recordings)}): name one.")
        self._bodies: list[tuple[NDArray[np.float64], NDArray[np.float32]]] = []
        for clip in clips:
            if isinstance(clip, MotionClip):
                raise InputError(
                    f"{clip.name}: recorded motion is no part of a recording; judge it as a clip by itself."
                )
            if clip.joints is None or not isinstance(clip.times, np.ndarray):
                raise InputError(f"{clip.name or 'clip'}: it has no joints with times; say how many pictures a second.")
            self._bodies.append((clip.times.astype(np.float64), np.nan_to_num(clip.joints).astype(np.float32)))
        self._look_at = -math.inf

    def update(
        self, time: float, pixels: NDArray[np.uint8], faces: Sequence[TrackedFace] = ()
    ) -> list[TrackedBody] | None:
        """The bodies of a moment; None where it was not looked at. As `BodyTracker.update`."""
        if time < self._look_at - 1e-6:
            return None
        self._look_at = time + self.every
        there = []
        for track, (times, joints) in enumerate(self._bodies, 1):
            nearest = int(np.abs(times - time).argmin()) if len(times) else 0
            if len(times) and abs(times[nearest] - time) <= NEAR and joints[nearest, :, 2].any():
                there.append((track, joints[nearest]))
        owners = joined([joints for _, joints in there], faces)
        return [
            TrackedBody(track, time, joints, float(joints[joints[:, 2] > 0, 2].mean()), owner)
            for (track, joints), owner in zip(there, owners, strict=True)
        ]
