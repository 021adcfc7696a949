"""OpenPose's files: one JSON a picture, everybody in it, nobody followed from one picture to the next."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visavox.clip import Clip
from visavox.errors import InputError
from visavox.joints.body25 import JOINTS, ORDERS, arranged, check_pixels
from visavox.joints.linking import Track, link

KEYS = ("pose_keypoints_2d", "pose_keypoints")
"""Where a body's numbers stand; the second in files of versions before 1.2."""

COUNTS = (25, 18)
"""Joints that OpenPose's networks find: BODY_25, COCO."""

_NAME = re.compile(r"(?P<recording>.*?)[ _.-]?(?P<number>\d+)?(?:_keypoints)?", re.DOTALL)


@dataclass(frozen=True)
class Picture:
    """Who was found in one picture.

    Args:
        joints: Of each person, as `Clip.joints` [shape=(people, 25, 3)].
        ids: Of each person, as OpenPose followed them; -1 where it did not.
    """

    joints: NDArray[np.float32]
    ids: tuple[int, ...]


def read(path: Path, *, rate: float | None = None) -> tuple[Clip, ...]:
    """One clip a person, of a folder or a single file: see `visavox.joints.read_joints`.

    Raises:
        InputError: There is no file, or one of them is not as OpenPose writes them.
    """
    found = recordings([path] if path.is_file() else files(path))
    return tuple(clip for name, pictures in found.items() for clip in _people(name, pictures, rate))


def read_named(path: Path, *, rate: float | None = None) -> tuple[Clip, ...]:
    """The same of one recording in a folder of several, named as its files begin: ``folder/NAME``.

    Raises:
        InputError: As `read`, or no file begins so.
    """
    found = recordings(files(path.parent))
    if path.name not in found:
        listed = ", ".join(list(found)[:8]) + (" …" if len(found) > 8 else "")
        raise InputError(f"{path}: no such file or folder; {path.parent} holds joints of {listed}.")
    return tuple(_people(path.name, found[path.name], rate))


def files(folder: Path) -> list[Path]:
    """The JSON files that lie in a folder, by name; hidden ones are left out.

    Raises:
        InputError: There is none.
    """
    found = sorted(
        path for path in folder.iterdir() if path.suffix.lower() == ".json" and not path.name.startswith(".")
    )
    if not found:
        raise InputError(
            f"{folder}: no file of OpenPose (.json) in it; name the folder that OpenPose wrote to, "
            f"or a table (.csv) or recorded motion (.bvh) itself."
        )
    return found


def recordings(paths: list[Path]) -> dict[str, dict[int, Path]]:
    """Files by recording, as their names begin, and by the number of the picture, with which they end.

    Raises:
        InputError: Two files are of one picture.

    Example:
        >>> recordings([Path("walk_000000000012_keypoints.json"), Path("portrait_keypoints.json")])
        {'walk': {12: PosixPath('walk_000000000012_keypoints.json')},
         'portrait': {0: PosixPath('portrait_keypoints.json')}}
    """
    found: dict[str, dict[int, Path]] = {}
    for path in paths:
        match = _NAME.fullmatch(path.stem)
        name = (match and match["recording"]) or path.absolute().parent.name  # nothing but numbers
        number = int((match and match["number"]) or 0)
        pictures = found.setdefault(name, {})
        if number in pictures:
            raise InputError(
                f"{path}: {pictures[number].name} is picture {number} of {name}, too; take one of them out."
            )
        pictures[number] = path
    return {name: dict(sorted(pictures.items())) for name, pictures in found.items()}


def picture(path: Path) -> Picture:
    """Everybody in one file; who has no joint that was seen is nobody.

    Raises:
        InputError: It is not a whole file of OpenPose, or has bodies of a number of joints that is not known.
    """
    try:
        people = json.loads(path.read_text(encoding="utf-8-sig"))["people"]
        bodies = [np.array(_numbers(person), dtype=np.float64) for person in people]
        ids = tuple(_id(person) for person in people)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error}).") from None
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path}: not a whole file of OpenPose ({type(error).__name__}: {error}); copy it again, or take it out of "
            f"the folder."
        ) from None
    for number, body in enumerate(bodies, start=1):
        if body.shape not in [(3 * count,) for count in COUNTS]:
            raise InputError(
                f"{path}: person {number} has {body.size} numbers, expected 75 (BODY_25) or 54 (COCO), three a joint; "
                f"run OpenPose with --model_pose BODY_25."
            )
    joints = np.empty((len(bodies), JOINTS, 3), dtype=np.float32)
    for count in COUNTS:
        rows = [row for row, body in enumerate(bodies) if len(body) == 3 * count]
        if rows:
            joints[rows] = arranged(np.stack([bodies[row].reshape(count, 3) for row in rows]), ORDERS[count])
    there = (joints[:, :, 2] > 0).any(axis=1)
    return Picture(joints[there], tuple(np.array(ids, dtype=int)[there].tolist()))


def _numbers(person: Mapping[str, Any]) -> Any:
    for key in KEYS:
        if key in person:
            return person[key]
    raise KeyError(KEYS[0])


def _id(person: Mapping[str, Any]) -> int:
    """A number alone in a list, or by itself."""
    given = np.ravel(person.get("person_id", -1))
    return int(given[0]) if given.size else -1


def _people(name: str, paths: Mapping[int, Path], rate: float | None) -> list[Clip]:
    numbers, pictures = list(paths), _pictures(list(paths.values()))
    if any(len(one.joints) for one in pictures):
        check_pixels(np.concatenate([one.joints for one in pictures]), str(next(iter(paths.values())).parent / name))
    tracks = _followed(pictures) or link(numbers, [one.joints for one in pictures])
    clips = []
    for person, track in enumerate(tracks, start=1):
        first, last = min(track), max(track)
        joints = np.full((last - first + 1, JOINTS, 3), (np.nan, np.nan, 0), dtype=np.float32)
        for row, body in track.items():
            joints[row - first] = body
        times = None if rate is None else np.array(numbers[first : last + 1]) / rate
        clips.append(Clip(name=name if len(tracks) == 1 else f"{name}-person-{person}", joints=joints, times=times))
    return clips


def _pictures(paths: list[Path]) -> list[Picture]:
    """Of all files; if some are broken, the error names the first and counts the others."""
    found, broken = [], []
    for path in paths:
        try:
            found.append(picture(path))
        except InputError as error:
            broken.append(error)
    if broken:
        others = f" {len(broken) - 1} more of {len(paths)} files cannot be read either." if len(broken) > 1 else ""
        raise InputError(f"{broken[0]}{others}")
    return found


def _followed(pictures: list[Picture]) -> list[Track]:
    """People as OpenPose followed them; empty where it did not, or gave two in one picture the same number."""
    if any(min(one.ids, default=0) < 0 or len(set(one.ids)) < len(one.ids) for one in pictures):
        return []
    tracks: dict[int, Track] = {}
    for row, one in enumerate(pictures):
        for number, body in zip(one.ids, one.joints, strict=True):
            tracks.setdefault(number, {})[row] = body
    return list(tracks.values())
