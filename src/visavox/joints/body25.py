"""BODY_25, the order of `Clip.joints`, and other programs' orders and spellings of the same joints."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from visavox.errors import InputError

BODY_25: tuple[str, ...] = (
    "Nose", "Neck", "RShoulder", "RElbow", "RWrist", "LShoulder", "LElbow", "LWrist", "MidHip", "RHip", "RKnee",
    "RAnkle", "LHip", "LKnee", "LAnkle", "REye", "LEye", "REar", "LEar", "LBigToe", "LSmallToe", "LHeel", "RBigToe",
    "RSmallToe", "RHeel",
)  # fmt: skip
"""Names of the joints, in OpenPose's spelling and order."""

JOINTS = len(BODY_25)
"""Of every `Clip.joints`."""

MIDDLES: Mapping[int, tuple[int, int]] = {1: (2, 5), 8: (9, 12)}
"""Neck and middle of the hips, as OpenPose has them: between the shoulders, between the hips."""

HEAD = (0, 15, 16, 17, 18)
"""What lies on the head: nose, eyes, ears."""

ORDERS: Mapping[int, tuple[int | None, ...]] = {
    25: tuple(range(25)),
    18: (*range(8), *range(9, 19)),
    17: (0, 16, 15, 18, 17, 5, 2, 6, 3, 7, 4, 12, 9, 13, 10, 14, 11),
    33: (
        0, None, 16, None, None, 15, None, 18, 17, None, None, 5, 2, 6, 3, 7, 4, None, None, None, None, None, None,
        12, 9, 13, 10, 14, 11, 21, 24, 19, 22,
    ),
}  # fmt: skip
"""By the number of joints, where each stands in BODY_25: BODY_25, COCO as OpenPose has it (with a neck), COCO, and
MediaPipe's, whose eye corners, mouth and fingers have no place there; its tips of the feet are big toes."""

SIZE = 2.0
"""Largest coordinate of joints that are given as parts of a picture (0..1, or -1..1), not in pixels."""

_SIDES = {"left": "L", "right": "R", "l": "L", "r": "R"}

_PARTS: Mapping[str, str] = {
    "nose": "Nose", "neck": "Neck", "midhip": "MidHip", "middlehip": "MidHip", "hipmid": "MidHip", "eye": "Eye",
    "ear": "Ear", "shoulder": "Shoulder", "elbow": "Elbow", "wrist": "Wrist", "hip": "Hip", "knee": "Knee",
    "ankle": "Ankle", "bigtoe": "BigToe", "footindex": "BigToe", "smalltoe": "SmallToe", "heel": "Heel",
}  # fmt: skip
"""Of a joint in two dimensions, the spellings (without side, small, in one word)."""


def place(name: str) -> int | None:
    """Where a joint of this name stands in BODY_25; None if it is none of them.

    Example:
        >>> [place(name) for name in ("RShoulder", "right_shoulder", "shoulder.R", "LEFT_FOOT_INDEX", "mouth_left")]
        [2, 2, 2, 19, None]
    """
    side, part = side_and_part(name, _PARTS) or ("", "")
    whole = side + _PARTS.get(part, "")
    return BODY_25.index(whole) if whole in BODY_25 else None


def words(name: str) -> list[str]:
    """The words of a name, small: cut at signs, spaces, and where small letters meet capitals.

    Example:
        >>> words("RShoulder_x"), words("mixamorig:LeftUpLeg")
        (['r', 'shoulder', 'x'], ['mixamorig', 'left', 'up', 'leg'])
    """
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return re.findall(r"[a-z0-9]+", apart.lower())


def side_and_part(name: str, parts: Container[str]) -> tuple[str, str] | None:
    """The side ("L", "R", or "" for the middle) and part of the body that a name means; None if it means none of them.

    Args:
        name: In any spelling; words before the part's own ("mixamorig", "Bip01") do not matter.
        parts: Known ones, without side, small, in one word.
    """
    found = words(name)
    sides = [index for index, word in enumerate(found) if word in _SIDES]
    side = _SIDES[found.pop(sides[0])] if sides else ""
    for first in range(len(found)):
        if "".join(found[first:]) in parts:
            return side, "".join(found[first:])
    whole = "".join(found)
    for word in _SIDES if not side else ():  # in one word with its side
        for rest in (whole.removeprefix(word), whole.removesuffix(word)):
            if rest != whole and rest in parts:
                return _SIDES[word], rest
    return None


def arranged(joints: NDArray[np.floating], places: Sequence[int | None]) -> NDArray[np.float32]:
    """Joints of another order as `Clip.joints` has them.

    Args:
        joints: x, y and confidence [shape=(t, n, 3)]; not seen is what has no confidence, or what is no number.
        places: Of each of the n, its place in BODY_25, or None.

    Returns:
        [shape=(t, 25, 3)]; x and y are NaN and confidence 0 where a joint is not seen or not among the n. Neck and
        middle of the hips, where they are not among the n, are the middle of two joints, as sure as the less sure one.

    Example:
        >>> two = np.array([[[10, 20, 0.9], [30, 22, 0.5]]])  # two shoulders
        >>> arranged(two, [2, 5])[0, 1].tolist()  # the neck
        [20.0, 21.0, 0.5]
    """
    result = np.full((len(joints), JOINTS, 3), (np.nan, np.nan, 0), dtype=np.float32)
    known = [(column, where) for column, where in enumerate(places) if where is not None]
    given = np.asarray(joints)[:, [column for column, _ in known]]
    with np.errstate(invalid="ignore"):
        seen = np.isfinite(given).all(axis=2) & (given[:, :, 2] > 0)
    result[:, [where for _, where in known]] = np.where(seen[:, :, None], given, (np.nan, np.nan, 0))
    for whole, (right, left) in MIDDLES.items():
        if whole not in places:
            result[:, whole, :2] = (result[:, right, :2] + result[:, left, :2]) / 2
            result[:, whole, 2] = np.minimum(result[:, right, 2], result[:, left, 2])
    return result


def check_pixels(joints: NDArray[np.floating], where: str) -> None:
    """Refuses joints [..., 3] given as parts of a picture: its shape is not known, and bodies would be squeezed.

    Raises:
        InputError: No seen coordinate is larger than those can be.
    """
    seen = joints[joints[..., 2] > 0][:, :2]
    if len(seen) and np.abs(seen).max() <= SIZE:
        raise InputError(
            f"{where}: no x or y is over {np.abs(seen).max():.3g}, so they are parts of the picture, not pixels; "
            f"multiply x by its width and y by its height."
        )
