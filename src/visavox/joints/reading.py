"""`read_joints`: joints that another program found, as Clips."""

from __future__ import annotations

import math
from pathlib import Path

from visavox.clip import Clip
from visavox.errors import InputError, OptionError
from visavox.joints import bvh, openpose, table

TABLES = (".csv", ".tsv", ".txt")
"""How tables end."""


def read_joints(path: str | Path, *, rate: float | None = None) -> tuple[Clip, ...]:
    """The bodies in another program's files, one clip a person.

    - **OpenPose**: a folder of JSON files, one a picture (BODY_25 or COCO), or one of them. People are followed by
      their places, or by their numbers where OpenPose did so. Files of several recordings in one folder are told apart
      by how their names begin, and each recording is read by itself; ``folder/NAME`` reads one alone.
    - **A table** (.csv, .tsv): a row a picture, and person, if a column says who it is. Columns are found by name:
      ``RShoulder_x``, ``right_shoulder_y``, ``x0``; BODY_25, COCO, MediaPipe, and DeepLabCut's three lines of headings.
    - **BVH** (.bvh): recorded motion, in any skeleton with usual names, y upwards. The clip is a
      `visavox.joints.MotionClip`: it holds the joints in metres, and, as any other, what a camera sees.

    Args:
        path: Of the folder or file.
        rate: Pictures a second, where files number pictures and hold no times: picture 50 is then at 50 / rate seconds.
            None: such clips have no times, and a recognizer takes each as one example. What has a clock keeps it.

    Returns:
        Clips with `joints` [t, 25, 3] in BODY_25 order; x and y are NaN and confidence is 0 where a joint is not seen.
        Each begins and ends with the pictures in which its person was found (a table's are as long as the table), and
        there is none where nobody was. `name` is the file's or recording's, with ``-person-2`` behind (or the
        table's word) where there are several people; `person` is known from a table with names alone.

    Raises:
        InputError: There is nothing to read, or something is damaged, which is named. Nothing is left out: one broken
            file among many is an error, too.
        OptionError: The rate is not over 0.

    Example:
        >>> import tempfile
        >>> lines = ["frame,Neck_x,Neck_y,RWrist_x,RWrist_y,LWrist_x,LWrist_y,MidHip_x,MidHip_y"]
        >>> lines += ["0,100,80,60,150,140,150,100,180", "1,100,80,60,90,140,150,100,180"]
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder, "waving.csv")
        ...     _ = file.write_text(chr(10).join(lines))
        ...     (clip,) = read_joints(file, rate=25)
        >>> clip.name, clip.times.tolist(), clip.joints[:, 4].tolist()
        ('waving', [0.0, 0.04], [[60.0, 150.0, 1.0], [60.0, 90.0, 1.0]])
    """
    path = Path(path)
    if rate is not None and not 0 < rate < math.inf:
        raise OptionError(f"Bad value {rate!r} for rate: expected pictures a second, over 0.")
    suffix = path.suffix.lower()
    if path.is_dir() or (suffix == ".json" and path.is_file()):
        return openpose.read(path, rate=rate)
    if path.is_file() and suffix == ".bvh":
        return tuple(bvh.read(path))
    if path.is_file() and suffix in TABLES:
        return table.read(path, rate=rate)
    if path.is_file():
        raise InputError(f"{path}: expected a folder or file of OpenPose (.json), a table (.csv, .tsv) or a .bvh file.")
    if path.parent.is_dir() and any(path.parent.glob("*.json")):
        return openpose.read_named(path, rate=rate)
    raise InputError(f"{path}: no such file or folder; check the name.")
