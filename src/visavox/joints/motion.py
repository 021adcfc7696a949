"""Clips of recorded motion: joints in three dimensions, of which a `Clip` holds what a camera sees."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visavox.clip import Clip
from visavox.joints.body25 import JOINTS

FOLLOWING = 1.0
"""Seconds over which the path is averaged that a camera follows: steps and bounces stay, the way walked does not."""

NEAREST = 0.3
"""Metres before the camera, nearer than which nothing is seen."""


@dataclass(frozen=True, kw_only=True)
class Camera:
    """Where somebody in motion is seen from; it follows at a distance, as a person who films does.

    Args:
        turn: Degrees around the person.
        tilt: Degrees by which it looks down.
        roll: Degrees by which it is held aslant.
        distance: Metres from the person.
        focal: Length, in pixels of the picture.
    """

    turn: float = 0.0
    tilt: float = 5.0
    roll: float = 0.0
    distance: float = 4.0
    focal: float = 1000.0

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> Camera:
        """A camera at random: from any side, from hip height to above the head, 2.5 to 6 m away."""
        return cls(
            turn=float(rng.uniform(0, 360)),
            tilt=float(rng.uniform(-5, 25)),
            roll=float(rng.normal(0, 2)),
            distance=float(rng.uniform(2.5, 6)),
        )

    def see(self, motion: NDArray[np.floating], times: NDArray[np.floating]) -> NDArray[np.float32]:
        """Joints as `Clip.joints` has them.

        Args:
            motion: Joints in metres, y upwards, NaN where unknown [shape=(t, 25, 3)].
            times: Seconds of each [shape=(t,)].

        Returns:
            x and y in pixels from the middle of the picture, y downwards, and confidence: 1, or 0 where nothing is seen
            (x and y are NaN there) [shape=(t, 25, 3)].

        Example:
            >>> one = np.full((1, 25, 3), np.nan)
            >>> one[0, :2] = [[0, 1, 0], [0.4, 1.2, 0]]
            >>> Camera(tilt=0).see(one, np.zeros(1))[0, :2].round(2).tolist()
            [[-50.0, 25.0, 1.0], [50.0, -25.0, 1.0]]
        """
        body = np.asarray(motion, dtype=np.float64)
        points = body - _followed(body, np.asarray(times, dtype=np.float64))[:, None]
        turned = points @ (_rotation(0, 1, self.roll) @ _rotation(1, 2, self.tilt) @ _rotation(2, 0, self.turn)).T
        depth = self.distance - turned[:, :, 2]
        seen = np.isfinite(turned).all(axis=2) & (depth > NEAREST)
        result = np.full((len(body), JOINTS, 3), np.nan, dtype=np.float32)
        result[:, :, 2] = seen
        scale = self.focal / depth[seen]
        result[seen, :2] = turned[seen][:, :2] * np.array([1.0, -1.0]) * scale[:, None]
        return result


class MotionClip(Clip):
    """A `Clip` whose body is known in three dimensions: `motion` [t, 25, 3], in metres, y upwards, NaN where unknown.

    Its joints are what one camera sees, drawn by the clip's name, so always the same. In training a body is shown by
    others, too (`seen_by`).
    """

    motion: NDArray[np.float32]

    def seen_by(self, camera: Camera) -> Clip:
        """The clip as another camera sees it."""
        times = np.asarray(self.times)
        return Clip(name=self.name, person=self.person, joints=camera.see(self.motion, times), times=self.times)


def moving(
    motion: NDArray[np.float32], times: NDArray[np.floating], name: str, *, person: str | None = None
) -> MotionClip:
    """A clip of recorded motion.

    Args:
        motion: As in `MotionClip`.
        times: Seconds of each picture, from the clip's own clock [shape=(t,)].
        name: Of the clip; it also draws the camera.
        person: Whose motion it is.

    Example:
        >>> moving(np.zeros((2, 25, 3), np.float32), np.array([0.0, 0.04]), "still").joints.shape
        (2, 25, 3)
    """
    camera = Camera.drawn(np.random.default_rng(zlib.crc32(name.encode())))
    clip = MotionClip(name=name, person=person, joints=camera.see(motion, times), times=times)
    object.__setattr__(clip, "motion", motion)
    return clip


def _followed(body: NDArray[np.float64], times: NDArray[np.float64]) -> NDArray[np.float64]:
    """The place that a camera looks at, over time [t, 3]: the middle of the joints, at its mean height."""
    known: NDArray[np.bool_] = np.any(np.isfinite(body).all(axis=2), axis=1)
    if not known.any():
        return np.zeros((len(body), 3))
    middle: NDArray[np.float64] = np.nanmean(body[known], axis=1)
    when, half = times[known], FOLLOWING / 2 + 1e-6  # as many before as after
    first, end = np.searchsorted(when, times - half), np.searchsorted(when, times + half, side="right")
    result = np.full((len(body), 3), np.nan)  # stays where nothing is known, and so nothing seen
    for index in np.flatnonzero(first < end):
        result[index] = middle[first[index] : end[index]].mean(axis=0)
    result[:, 1] = middle[:, 1].mean()
    return result


def _rotation(first: int, second: int, degrees: float) -> NDArray[np.float64]:
    """A turn from one axis towards another."""
    turn = np.eye(3)
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    turn[first, first] = turn[second, second] = cosine
    turn[first, second], turn[second, first] = -sine, sine
    return turn
