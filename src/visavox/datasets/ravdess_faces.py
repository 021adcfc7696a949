"""Cut faces of two actors of RAVDESS: 60 performances of actor 05, 52 of actor 01. A test, never to learn from.

The layout read here is `crops_05.npz` (grey faces of 64 x 64 with the time of each picture) and `actor01/faces.npz`
beside `index.csv.gz` (19 packed pictures a performance, framed about 8 % closer than our own crops and 4 % lower, as
three of the films show). `faces_*.npz` are not read: there the width of the border tells the word.
"""

from __future__ import annotations

import csv
import dataclasses
import functools
import gzip
import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visavox.clip import Clip
from visavox.datasets import About, Sample, ravdess
from visavox.datasets.recordings import SOUNDS, files, nothing
from visavox.datasets.stored import check_times, stored
from visavox.errors import DataError

ABOUT: About = dataclasses.replace(
    ravdess.ABOUT,
    name="ravdess-faces",
    title="RAVDESS, cut faces of actors 01 and 05",
    modality="face",
    people=0.75,
    people_note="single ratings that name the acted word, speech and song seen without sound, all actors, as the "
    "paper's validation is usually quoted, rounded",
    access="local",
    asking="cut from clips of RAVDESS; offered nowhere",
    never_train="two actors, one of them with blurred edges: enough to test on, not to learn from",
)

CROPS = "crops_05.npz"
"""Faces of actor 05, from the pictures that RAVDESS offers."""

FRAME = (slice(3, 54), slice(6, 57))
"""Rows and columns of a face of 64 x 64 that show it as `visavox.face.crop.cut` frames faces.

The file frames a face by 1.35 times the height of its oval, middle on middle. Our own crop is a square of 1 / 0.93 of
that height whose upper edge lies 0.574 of its side above the mean of all points of the mesh, which is .015 of the
height below the oval's middle (measured on clips of RAVDESS): 51 pixels from row 3 and column 6 on. Of it the outer
columns (about 8 left, 6 right) repeat the edge of what was stored, as a crop at a picture's edge does.
"""

PICTURE = 1001 / 30000
"""Seconds of a picture of RAVDESS: 29.97 a second."""


def samples(folder: Path) -> list[Sample]:
    """All performances whose faces are there, by name ("01-01-05-01-01-01-05"); calm stays calm.

    Args:
        folder: with one of the two files at least; where the sound of actor 01 lies in it too, its length tells when
            that actor's 19 pictures were, which are evenly spaced from the first to the last: otherwise their clips
            have no times.

    Returns:
        112 samples, of which `take` is that of the voice in `ravdess`.

    Raises:
        DataError: neither file is there, or one of them holds other things than expected.
    """
    result = []
    if (folder / CROPS).is_file():
        result += _crops(folder / CROPS)
    if (folder / "actor01" / "faces.npz").is_file():
        result += _packed(folder / "actor01", folder)
    if not result:
        raise nothing(folder, "RAVDESS's faces", f"{CROPS} or actor01/faces.npz")
    return sorted(result, key=lambda sample: str(sample.clip.name))


def _crops(path: Path) -> list[Sample]:
    table = _arrays(path, ("faces", "times", "clip", "start", "count"))
    faces = table["faces"][:, FRAME[0], FRAME[1]]
    result = []
    for name, start, count in zip(table["clip"].tolist(), table["start"], table["count"], strict=True):
        mine = slice(int(start), int(start) + int(count))
        times = table["times"][mine].astype(np.float64)
        if len(times) != count or ravdess.NAME.fullmatch(name) is None:
            raise DataError(f"{path}: clip {name} with faces {start} to {start + count} is not in it; copy it again")
        check_times(times, f"{path}: {name}")
        clip = Clip(name=name, faces=_coloured(faces[mine]), times=times, person=f"ravdess-{name[-2:]}")
        result.append(ravdess.sample(name, clip, "ravdess-faces", modality="face"))
    return result


def _packed(folder: Path, corpus: Path) -> list[Sample]:
    table = _arrays(folder / "faces.npz", ("data", "offset"))
    index = folder / "index.csv.gz"
    if not index.is_file():
        raise DataError(f"{index}: missing, so nobody knows which face is whose; copy it again")
    with gzip.open(index, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if len(rows) != len(table["offset"]) - 1:
        raise DataError(f"{index}: {len(rows)} rows for {len(table['offset']) - 1} faces; copy both again")
    clips: dict[str, list[int]] = {}
    for number, row in enumerate(rows):
        name = row["clip"]
        if ravdess.NAME.fullmatch(name) is None:
            raise DataError(f"{index}, row {number + 2}: {name!r} is no name of RAVDESS; copy it again")
        clips.setdefault(name, []).append(number)
    sounds = {path.stem[3:]: path for path in files(corpus, SOUNDS) if ravdess.NAME.fullmatch(path.stem)}
    result = []
    for name, numbers in clips.items():
        numbers.sort(key=lambda number: int(rows[number]["sample"]))
        packed = tuple(table["data"][table["offset"][i] : table["offset"][i + 1]].tobytes() for i in numbers)
        clip = stored(
            functools.partial(_unpacked, packed, f"{folder / 'faces.npz'}: {name}"),
            "faces",
            name,
            times=_times(sounds.get(name[3:]), len(numbers)),
            person=f"ravdess-{name[-2:]}",
        )
        result.append(ravdess.sample(name, clip, "ravdess-faces", modality="face"))
    return result


def _arrays(path: Path, wanted: tuple[str, ...]) -> Mapping[str, NDArray[np.generic]]:
    with np.load(path, allow_pickle=False) as table:
        missing = set(wanted) - set(table.files)
        if missing:
            raise DataError(f"{path}: no {', '.join(sorted(missing))} in it; this is not the file of RAVDESS's faces")
        return {name: table[name] for name in wanted}


def _unpacked(packed: tuple[bytes, ...], where: str) -> NDArray[np.uint8]:
    from PIL import Image

    try:
        return _coloured(np.stack([np.asarray(Image.open(io.BytesIO(data)).convert("L")) for data in packed]))
    except (OSError, ValueError) as error:
        raise DataError(f"{where}: a face cannot be read ({error}); copy the file again") from error


def _coloured(faces: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Grey faces [t, h, w] with three equal colours, without a copy."""
    return np.broadcast_to(faces[..., None], (*faces.shape, 3)).view(np.uint8)


def _times(sound: Path | None, count: int) -> NDArray[np.float64] | None:
    """When `count` pictures were that lie evenly from a recording's first to its last."""
    if sound is None:
        return None
    import av

    with av.open(str(sound)) as container:
        length = container.duration
    return None if length is None else np.linspace(0.0, length / av.time_base - PICTURE, count)
