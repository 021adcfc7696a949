"""How bodies are varied for a training: other cameras, mirrors, cropped pictures, joints that are not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visavox.body.gesture import mirrored
from visavox.clip import Clip
from visavox.datasets.motion import Camera, MotionClip

LEGS = (10, 11, 13, 14, 19, 20, 21, 22, 23, 24)
"""Knees and what is below, in BODY_25."""

HIPS = (8, 9, 12)
"""Hips and their middle."""


@dataclass(frozen=True, kw_only=True)
class BodyVariation:
    """Varied copies of a clip with joints, each by its own draws.

    Args:
        copies: of each training clip, beside itself; 0 for none. One of recorded motion is seen by another camera.
        mirror: chance of a mirror image.
        tempo: largest part by which a copy is faster or slower.
        jitter: deviation of each joint's place, as a part of the picture's extent of the body, changing slowly, as
            those of pose networks do.
        crop: chance that the picture ends above the knees, so that no leg is seen.
        crop_hips: chance that it then ends above the hips as well.
        drop: chance of each joint that it is never seen.
        blink: part of the moments in which a joint is not seen.
    """

    copies: int = 0
    mirror: float = 0.5
    tempo: float = 0.1
    jitter: float = 0.005
    crop: float = 0.25
    crop_hips: float = 0.3
    drop: float = 0.05
    blink: float = 0.02

    def __call__(self, clip: Clip, rng: np.random.Generator) -> Sequence[Clip]:
        """The copies of a clip; none of one without joints."""
        return [self.vary(clip, rng) for _ in range(self.copies if clip.joints is not None else 0)]

    def vary(self, clip: Clip, rng: np.random.Generator) -> Clip:
        """One copy of a clip that has joints."""
        other = clip.seen_by(Camera.drawn(rng)) if isinstance(clip, MotionClip) else clip
        joints = np.array(other.joints, dtype=np.float32)
        if rng.random() < self.mirror:
            joints = mirrored(joints)
        joints[:, :, :2] += self._trembling(joints, rng)
        hidden: NDArray[np.bool_] = np.asarray(rng.random(joints.shape[1]) < self.drop)
        if rng.random() < self.crop:
            hidden[list(LEGS)] = True
            if rng.random() < self.crop_hips:
                hidden[list(HIPS)] = True
        joints[(rng.random(joints.shape[:2]) < self.blink) | hidden] = (np.nan, np.nan, 0)
        times = clip.times
        if isinstance(times, np.ndarray):
            times = times * (1 + rng.uniform(-self.tempo, self.tempo))
        return Clip(name=clip.name, person=clip.person, joints=joints, times=times)

    def _trembling(self, joints: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
        """Errors of joints' places [t, 25, 2] that last for some pictures each."""
        there = joints[joints[:, :, 2] > 0][:, :2]
        extent = float(np.ptp(there, axis=0).max()) if len(there) else 0.0
        noise = rng.normal(size=(len(joints) + 4, *joints.shape[1:2], 2))
        slow = sum(noise[shift : shift + len(joints)] for shift in range(5)) / np.sqrt(5)
        return np.asarray(self.jitter * extent * slow, dtype=np.float32)
