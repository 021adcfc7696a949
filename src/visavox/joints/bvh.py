"""BVH files: a skeleton, and its joints' angles in each picture."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visavox.errors import InputError
from visavox.joints.motion import MotionClip, moving
from visavox.joints.skeleton import body, metres

Floats = NDArray[np.float64]

CHANNELS: tuple[str, ...] = ("xposition", "yposition", "zposition", "xrotation", "yrotation", "zrotation")
"""What a number of a picture may move."""


@dataclass(frozen=True)
class Bone:
    """A joint of a skeleton, or the end of one that has none behind it.

    Args:
        name: As in the file; an end is called like its joint with " end" behind.
        parent: Index of the joint that it hangs on; -1 for a root.
        offset: From there, in the parent's own axes and the file's unit.
        channels: What its numbers in each picture are, in their order; indices into `CHANNELS`.
    """

    name: str
    parent: int
    offset: tuple[float, float, float]
    channels: tuple[int, ...]


@dataclass(frozen=True)
class Bvh:
    """A file: its skeleton, or those of several people, and what moves it.

    Args:
        bones: Parents before children.
        values: Of all channels, joint by joint, in each picture; degrees and the file's unit [shape=(t, channels)].
        step: Seconds from one picture to the next.
    """

    bones: tuple[Bone, ...]
    values: Floats
    step: float

    def places(self) -> Floats:
        """Where each joint is in each picture, by forward kinematics, in the file's unit [shape=(t, bones, 3)].

        A joint's rotations apply in the order of its channels, each about an axis that the ones before have turned. Its
        positions, where it has such channels, take the place of its offset, along each axis by itself.

        Source: Meredith & Maddock, "Motion Capture File Formats Explained", University of Sheffield CS-01-11, 2001,
            section 3.2. It knows positions of the root alone; for others we do as those files mean that have them.

        Example:
            >>> hip = Bone("Hip", -1, (0, 0, 0), (0, 1, 2, 5))
            >>> knee = Bone("Knee", 0, (0, -2, 0), ())
            >>> Bvh((hip, knee), np.array([[5, 9, 0, 90.0]]), 0.04).places()[0, 1].round(6).tolist()
            [7.0, 9.0, 0.0]
        """
        places = np.empty((len(self.values), len(self.bones), 3))
        turns: list[Floats] = []
        at = 0
        for index, bone in enumerate(self.bones):
            step = np.tile(np.array(bone.offset, dtype=np.float64), (len(self.values), 1))
            turn = np.tile(np.eye(3), (len(self.values), 1, 1))
            for channel in bone.channels:
                if channel < 3:
                    step[:, channel] = self.values[:, at]
                else:
                    turn = turn @ _about(channel - 3, np.radians(self.values[:, at]))
                at += 1
            if bone.parent >= 0:
                step = places[:, bone.parent] + np.einsum("tij,tj->ti", turns[bone.parent], step)
                turn = turns[bone.parent] @ turn
            places[:, index] = step
            turns.append(turn)
        return places

    def roots(self) -> list[list[int]]:
        """The joints of each skeleton, by their indices; mostly there is one."""
        found: dict[int, list[int]] = {}
        origin: list[int] = []
        for index, bone in enumerate(self.bones):
            origin.append(index if bone.parent < 0 else origin[bone.parent])
            found.setdefault(origin[-1], []).append(index)
        return list(found.values())


def read(path: Path, *, unit: float | None = None) -> tuple[MotionClip, ...]:
    """One clip a skeleton: joints in metres as `MotionClip.motion`, and as a camera sees them.

    Args:
        path: Of the file.
        unit: Metres that its unit is. None: as the skeleton's legs say (`visavox.joints.skeleton.metres`).

    Raises:
        InputError: The file is not a whole BVH, or its joints' names say too little.
    """
    file = parse(path)
    places = file.places()
    times = np.arange(len(places)) * file.step
    clips = []
    skeletons = file.roots()
    for person, joints in enumerate(skeletons, start=1):
        found = body(places[:, joints], [file.bones[index].name for index in joints], str(path))
        found[np.isnan(found).any(axis=2)] = np.nan
        motion = (found * (metres(found) if unit is None else unit)).astype(np.float32)
        name = path.stem if len(skeletons) == 1 else f"{path.stem}-person-{person}"
        clips.append(moving(motion, times, name))
    return tuple(clips)


def parse(path: Path) -> Bvh:
    """A file as it is.

    Raises:
        InputError: It is not a BVH, ends early, or holds a value that is no number.
    """
    try:
        text = path.read_text(encoding="utf-8-sig", errors="replace")  # names of joints may be in any encoding
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error}).") from None
    parts = re.split(r"^\s*MOTION\s*$", text, maxsplit=1, flags=re.MULTILINE | re.IGNORECASE)
    if not parts[0].lstrip().upper().startswith("HIERARCHY"):
        raise InputError(f"{path}: not a BVH file, which begins with HIERARCHY; export the recording as BVH.")
    if len(parts) < 2:
        raise InputError(f"{path}: it ends before any MOTION; copy it again.")
    bones = _hierarchy(parts[0], path)
    head = re.match(r"\s*Frames:\s*(\d+)\s+Frame\s+Time:\s*(\S+)[^\S\n]*", parts[1], re.IGNORECASE)
    step = _number(head[2]) if head else float("nan")
    if head is None or not 0 < step < np.inf:
        raise InputError(f"{path}: 'Frames:' and a 'Frame Time:' over 0 must follow MOTION; mend or copy it again.")
    count, width = int(head[1]), sum(len(bone.channels) for bone in bones)
    cells = parts[1][head.end() :].split()
    if len(cells) != count * width:
        whole = len(cells) // max(width, 1)
        over = len(cells) - whole * width
        cure = f", or write {whole} behind 'Frames:'" if whole else ""
        cure += f" and take out the last {over} numbers" if whole and over else ""
        raise InputError(
            f"{path}: it announces {count} frames of {width} numbers and holds {whole}; copy it again{cure}."
        )
    if not cells:
        raise InputError(f"{path}: no frame in it; copy it again.")
    try:
        values = np.array(cells, dtype=np.float64)
    except ValueError:
        values = np.array([_number(cell, f"{path}, frame {i // width + 1}") for i, cell in enumerate(cells)])
    values[~np.isfinite(values)] = np.nan
    return Bvh(tuple(bones), values.reshape(count, width), step)


def _hierarchy(text: str, path: Path) -> list[Bone]:
    """The joints of a file's first part."""
    bones: list[Bone] = []
    within: list[int] = []
    statements = (statement.strip() for statement in re.split(r"[\n{]|(?=})|(?<=})", text))
    for statement in filter(None, statements):
        word, *rest = statement.split()
        kind = word.upper()
        if kind in ("ROOT", "JOINT", "END"):
            parent = within[-1] if within and kind != "ROOT" else -1
            name = f"{bones[parent].name} end" if kind == "END" and parent >= 0 else " ".join(rest)
            bones.append(Bone(name, parent, (0.0, 0.0, 0.0), ()))
            within.append(len(bones) - 1)
        elif kind == "}" and within:
            within.pop()
        elif kind == "OFFSET" and within and len(rest) == 3 and np.isfinite([_number(cell) for cell in rest]).all():
            x, y, z = map(_number, rest)
            bones[within[-1]] = replace(bones[within[-1]], offset=(x, y, z))
        elif kind == "CHANNELS" and within and _channels(rest) is not None:
            bones[within[-1]] = replace(bones[within[-1]], channels=_channels(rest) or ())
        elif kind != "HIERARCHY":
            whose = f" ({bones[within[-1]].name})" if within else ""
            raise InputError(f"{path}: {statement[:60]!r} in its hierarchy{whose} is not as in a BVH; export it again.")
    if within or not bones:
        raise InputError(f"{path}: its hierarchy ends within a joint or has none; copy it again.")
    return bones


def _channels(words: list[str]) -> tuple[int, ...] | None:
    """A count and so many names, as indices into `CHANNELS`; None if that is not what is there."""
    names = [word.lower() for word in words[1:]]
    if not words or words[0] != str(len(names)) or not set(names) <= set(CHANNELS):
        return None
    return tuple(CHANNELS.index(name) for name in names)


def _number(cell: str, where: str = "") -> float:
    """NaN for what is no number, unless it is said where that would be an error."""
    try:
        return float(cell)
    except ValueError:
        if where and not re.fullmatch(r"[-+]?1\.#\w+", cell):  # as Windows once wrote what is no number
            raise InputError(f"{where}: {cell[:20]!r} is no number; export it again.") from None
        return float("nan")


def _about(axis: int, angles: Floats) -> Floats:
    """Turns about an axis [t, 3, 3]."""
    turn = np.tile(np.eye(3), (len(angles), 1, 1))
    second, third = (axis + 1) % 3, (axis + 2) % 3
    turn[:, second, second] = turn[:, third, third] = np.cos(angles)
    turn[:, third, second] = np.sin(angles)
    turn[:, second, third] = -np.sin(angles)
    return turn
