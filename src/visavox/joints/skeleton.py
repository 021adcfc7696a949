"""Skeletons of recorded motion: which of their joints are those of BODY_25, whatever they are called, and how large."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from visavox.errors import InputError
from visavox.joints.body25 import BODY_25, JOINTS, MIDDLES, side_and_part

Floats = NDArray[np.float64]

SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "Shoulder": ("upperarm", "uparm", "shldr", "arm", "shoulder"),
    "Elbow": ("elbow", "forearm", "lowerarm", "lowarm"),
    "Wrist": ("wrist", "hand"),
    "Hip": ("upperleg", "upleg", "thigh", "femur", "hip", "leg", "hipjoint"),
    "Knee": ("knee", "lowerleg", "lowleg", "shin", "calf", "tibia", "leg"),
    "Ankle": ("ankle", "foot"),
    "BigToe": ("bigtoe", "toebase", "toes", "toe", "toe0", "ball", "foot", "footend", "ankleend"),
    "SmallToe": ("smalltoe",),
    "Heel": ("heel",),
    "Eye": ("eye",),
    "Ear": ("ear",),
    "Nose": ("nose",),
    "Head": ("head",),
    "Neck": ("neck", "neck1"),
    "MidHip": ("hips", "pelvis", "hip"),
}
"""Of each joint, what it is called where (without side, small, in one word), the best first: "LeftShoulder" is the
shoulder in some skeletons, and the collar bone in those that have a "LeftArm", too. A name is taken for one joint, so
that "LeftLeg" is the knee below a "LeftUpLeg", and the hip above a "LeftShin"."""

EARS = (17, 18)
"""Places of the ears in BODY_25: a head joint lies between them, and stands for both where there are none."""

LEAST = 4
"""Joints that must be found: fewer are another kind of skeleton."""

UNITS: tuple[float, ...] = (1.0, 0.01, 0.001, 0.0254 / 0.45, 0.0254)
"""Metres of what BVH files are measured in: metres, centimetres, millimetres, the unit of Carnegie Mellon's database
(an inch divided by 0.45, as its page says) and inches."""

LIMBS: tuple[tuple[tuple[int, int, int], float, float, float], ...] = (
    ((9, 10, 11), 0.4, 0.8, 1.15),
    ((12, 13, 14), 0.4, 0.8, 1.15),
    ((2, 3, 4), 0.3, 0.55, 0.8),
    ((5, 6, 7), 0.3, 0.55, 0.8),
)
"""Legs and arms in BODY_25; how long they are in a child of five, an adult, and the tallest, in metres."""


def body(places: Floats, names: Sequence[str], where: str) -> Floats:
    """Joints of a skeleton in the order of BODY_25.

    Args:
        places: Of the skeleton's joints [shape=(t, n, 3)].
        names: Of the joints.
        where: The file, for messages.

    Returns:
        [shape=(t, 25, 3)], NaN where the skeleton has no such joint. Neck and middle of the hips are the middle of the
        shoulders and of the hips, as OpenPose has them; without those, the skeleton's own.

    Raises:
        InputError: Fewer than four joints have a known name, or the left ones alone, or the right ones.

    Example:
        >>> names = ["Hips", "LeftUpLeg", "LeftLeg", "LeftFoot", "RightUpLeg", "RightLeg", "RightFoot"]
        >>> found = body(np.arange(21.0).reshape(1, 7, 3), names, "walk.bvh")
        >>> np.flatnonzero(np.isfinite(found[0, :, 0])).tolist(), found[0, 8].tolist()
        ([8, 9, 10, 11, 12, 13, 14], [7.5, 8.5, 9.5])
    """
    known = _named(names)
    result = np.full((len(places), JOINTS, 3), np.nan)
    for place, name in enumerate(BODY_25):
        if name in known:
            result[:, place] = places[:, known[name]]
    for place in EARS:
        if BODY_25[place] not in known and "Head" in known:
            result[:, place] = places[:, known["Head"]]
    for place, (right, left) in MIDDLES.items():
        if BODY_25[right] in known and BODY_25[left] in known:
            result[:, place] = (result[:, right] + result[:, left]) / 2
    sides = [sum(name.startswith(side) and name[1:] in SPELLINGS for name in known) for side in "LR"]
    if len(known) < LEAST or not all(sides):
        listed = ", ".join(names[:12]) + (" …" if len(names) > 12 else "")
        raise InputError(
            f"{where}: too few of its joints ({listed}) are known as those of a body with two sides; "
            f"name them like LeftShoulder, LeftElbow, LeftHand, LeftUpLeg, LeftLeg, LeftFoot."
        )
    return result


def metres(motion: Floats) -> float:
    """Metres that the unit of joints [t, 25, 3] is.

    A BVH does not say it. The first of `UNITS` counts in which legs (or arms) are as long as a person's; where they are
    in none, the unit in which they are those of an adult (0.8 and 0.55 m): sizes are then relative alone.

    Example:
        >>> legs = np.full((1, 25, 3), np.nan)
        >>> legs[0, [9, 10, 11]] = [[0, 82, 0], [0, 43, 0], [0, 4, 0]]
        >>> metres(legs)
        0.01
    """
    for (first, middle, last), shortest, usual, longest in LIMBS:
        long = np.linalg.norm(motion[:, first] - motion[:, middle], axis=1)
        long += np.linalg.norm(motion[:, middle] - motion[:, last], axis=1)
        if (long > 0).any():
            length = float(np.nanmedian(long))
            return next((unit for unit in UNITS if shortest <= unit * length <= longest), usual / length)
    return 1.0


def _named(names: Sequence[str]) -> dict[str, int]:
    """The skeleton's joint for each joint of BODY_25 that it has, and for "Head"."""
    every = {spelling for spellings in SPELLINGS.values() for spelling in spellings}
    parts: dict[tuple[str, str], int] = {}
    for index, name in enumerate(names):
        found = side_and_part(name, every)
        if found:
            parts.setdefault(found, index)
    known: dict[str, int] = {}
    for side in ("", "L", "R"):
        for joint, index in _best(parts, side):
            known[joint] = index
    return known


def _best(parts: Mapping[tuple[str, str], int], side: str) -> Iterator[tuple[str, int]]:
    taken: set[str] = set()
    for joint, spellings in SPELLINGS.items():
        paired = joint not in ("Nose", "Head", "Neck", "MidHip")
        if paired != bool(side):
            continue
        for spelling in spellings:
            if (side, spelling) in parts and spelling not in taken:
                taken.add(spelling)
                yield side + joint, parts[side, spelling]
                break
