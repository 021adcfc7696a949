"""How bodies are varied for a training: other cameras, mirrors, edges of pictures, joints that are not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visavox.body.gesture import HIPS, LEGS, NECK, mirrored, seen, torso
from visavox.clip import Clip
from visavox.joints.motion import Camera, MotionClip

TALKING = (0.9, 2.5)
"""Metres at which people stand who talk to a camera, or sit before their own."""

ASIDE = 30.0
"""Deviation of the degrees by which they are turned away from it."""

TILTED = (-15.0, 15.0)
"""Degrees by which it looks down on them; laptops and telephones look up."""

FLOOR, SIDE = (0.6, 2.8), (0.7, 2.0)
"""Where edges of pictures lie: below the neck, and to each side of it, in lengths of the torso. Wrists hang 1 below
it, hips are 1, knees 2 and ankles 3."""

DRIFTING = 1.5
"""Seconds of the waves in which a body drifts through a picture, at least."""


@dataclass(frozen=True, kw_only=True)
class BodyVariation:
    """Varied copies of a clip with joints, each by its own draws.

    Args:
        copies: of each training clip, beside itself; 0 for none. One of recorded motion is seen by another camera.
        near: chance that this is one to which somebody talks: before the face, near, at the height of the chest, so
            that no leg is seen.
        mirror: chance of a mirror image.
        tempo: largest part by which a copy is faster or slower.
        jitter: deviation of each joint's place, as a part of the picture's extent of the body, changing slowly, as
            those of pose networks do.
        drift: largest part of its torso by which the body drifts to and fro, as in a hand that holds a camera.
        crop: chance that the picture ends above the knees, so that no leg is seen.
        crop_hips: chance that it then ends above the hips as well.
        edges: chance that the picture is narrow: joints are not seen while they are outside of it.
        drop: chance of each joint that it is never seen.
        blink: part of the moments in which a joint is not seen.
    """

    copies: int = 0
    near: float = 0.0
    mirror: float = 0.5
    tempo: float = 0.1
    jitter: float = 0.005
    drift: float = 0.0
    crop: float = 0.25
    crop_hips: float = 0.3
    edges: float = 0.0
    drop: float = 0.05
    blink: float = 0.02

    def __call__(self, clip: Clip, rng: np.random.Generator) -> Sequence[Clip]:
        """The copies of a clip; none of one without joints."""
        return [self.vary(clip, rng) for _ in range(self.copies if clip.joints is not None else 0)]

    def vary(self, clip: Clip, rng: np.random.Generator) -> Clip:
        """One copy of a clip that has joints."""
        joints = self._filmed(clip, rng)
        if rng.random() < self.mirror:
            joints = mirrored(joints)
        joints[:, :, :2] += self._trembling(joints, rng)
        if self.drift:
            joints[:, :, :2] += self._drifting(joints, clip.times, rng)[:, None]
        hidden: NDArray[np.bool_] = np.asarray(rng.random(joints.shape[1]) < self.drop)
        if rng.random() < self.crop:
            hidden[list(LEGS)] = True
            if rng.random() < self.crop_hips:
                hidden[list(HIPS)] = True
        hidden = hidden | (rng.random(joints.shape[:2]) < self.blink)
        if rng.random() < self.edges:
            hidden |= _outside(joints, rng)
        joints[hidden] = (np.nan, np.nan, 0)
        times = clip.times
        if isinstance(times, np.ndarray):
            times = times * (1 + rng.uniform(-self.tempo, self.tempo))
        return Clip(name=clip.name, person=clip.person, joints=joints, times=times)

    def _filmed(self, clip: Clip, rng: np.random.Generator) -> NDArray[np.float32]:
        """Joints of a clip, of recorded motion as another camera sees them."""
        if not isinstance(clip, MotionClip):
            return np.array(clip.joints, dtype=np.float32)
        if rng.random() >= self.near:
            return np.array(clip.seen_by(Camera.drawn(rng)).joints)
        upper = clip.motion.copy()
        upper[:, list(LEGS)] = np.nan  # and so the camera looks at what is left
        return talking(upper, rng).see(upper, np.asarray(clip.times))

    def _trembling(self, joints: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
        """Errors of joints' places [t, 25, 2] that last for some pictures each."""
        there = joints[joints[:, :, 2] > 0][:, :2]
        extent = float(np.ptp(there, axis=0).max()) if len(there) else 0.0
        noise = rng.normal(size=(len(joints) + 4, *joints.shape[1:2], 2))
        slow = sum(noise[shift : shift + len(joints)] for shift in range(5)) / np.sqrt(5)
        return np.asarray(self.jitter * extent * slow, dtype=np.float32)

    def _drifting(self, joints: NDArray[np.float32], times: object, rng: np.random.Generator) -> NDArray[np.float32]:
        """A slow wave in each direction [t, 2], in pixels."""
        seconds = times if isinstance(times, np.ndarray) else np.arange(len(joints)) / 25
        size = np.nan_to_num(torso(seen(joints))) * self.drift * rng.random(2)
        waves = np.sin(2 * np.pi * (seconds[:, None] / (DRIFTING * (1 + rng.random(2))) + rng.random(2)))
        return np.asarray(size * waves, dtype=np.float32)


def talking(motion: NDArray[np.floating], rng: np.random.Generator) -> Camera:
    """A camera at random to which somebody talks.

    Args:
        motion: joints in metres, y upwards, NaN where unknown [shape=(t, 25, 3)].
        rng: draws it.
    """
    return Camera(
        turn=float(rng.normal(0, ASIDE)) - facing(motion),
        tilt=float(rng.uniform(*TILTED)),
        roll=float(rng.normal(0, 3)),
        distance=float(rng.uniform(*TALKING)),
    )


def facing(motion: NDArray[np.floating]) -> float:
    """Degrees by which somebody is turned away from a camera whose own turn is 0, by the shoulders; 0 if unknown.

    Args:
        motion: joints in metres, y upwards, NaN where unknown [shape=(t, 25, 3)].

    Example:
        >>> body = np.full((1, 25, 3), np.nan)
        >>> body[0, [2, 5]] = [[-0.2, 1.4, 0], [0.2, 1.4, 0]]  # the right shoulder at the camera's left
        >>> facing(body)
        0.0
    """
    across = motion[:, 5] - motion[:, 2]
    across = across[np.isfinite(across).all(axis=1)].sum(axis=0)
    return float(np.degrees(np.arctan2(0.0 - across[2], across[0])))


def _outside(joints: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.bool_]:
    """Which joints are outside of a narrow picture [t, 25]."""
    places = seen(joints)
    unit, neck = torso(places), places[:, NECK]
    if not unit > 0 or np.isnan(neck).all():
        return np.zeros(joints.shape[:2], dtype=np.bool_)
    from_neck = (joints[:, :, :2] - np.nanmedian(neck, axis=0)) / unit
    left, right, below = rng.uniform(*SIDE), rng.uniform(*SIDE), rng.uniform(*FLOOR)
    beside = (from_neck[:, :, 0] < -left) | (from_neck[:, :, 0] > right)
    return np.asarray(beside | (from_neck[:, :, 1] > below))
