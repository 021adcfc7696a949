"""Clips whose pictures, points or joints lie in many small files: they are read when somebody looks."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from visavox.clip import Clip
from visavox.errors import DataError

Array = NDArray[np.uint8] | NDArray[np.float32]
"""Faces or pictures [t, h, w, 3], RGB; or points of a face mesh [t, 468, 3]; or joints [t, 25, 3]."""

Field = Literal["faces", "pictures", "mesh", "joints"]
"""What of a clip may be stored."""

KEPT = 32
"""Clips whose arrays stay in memory after somebody looked: recognizers look twice; corpora have millions of faces."""


class _Looked:
    """An attribute of a `StoredClip`: what was given, or what is read now."""

    def __set_name__(self, owner: type[Clip], name: str) -> None:
        self.name = name

    def __get__(self, clip: Clip | None, owner: type[Clip]) -> Array | None:
        if clip is None:
            return None
        kept = vars(clip)
        given: Array | None = kept.get(f"given_{self.name}")
        if given is None and kept.get("field") == self.name:
            return _kept(kept["read"])
        return given

    def __set__(self, clip: Clip, value: Array | None) -> None:
        vars(clip)[f"given_{self.name}"] = value


class StoredClip(Clip):
    """A `Clip` of which one array is read when somebody looks at it, and forgotten some clips later: see `stored`."""

    faces = cast("NDArray[np.uint8] | None", _Looked())
    pictures = cast("NDArray[np.uint8] | None", _Looked())
    mesh = cast("NDArray[np.floating] | None", _Looked())
    joints = cast("NDArray[np.floating] | None", _Looked())

    def __repr__(self) -> str:
        kept = vars(self)
        return f"StoredClip(name={self.name!r}, person={self.person!r}, {kept.get('field', 'faces')}=…)"


def stored(
    read: Callable[[], Array],
    field: Field,
    name: str,
    *,
    person: str | None = None,
    times: NDArray[np.floating] | None = None,
) -> Clip:
    """A clip of which one array is read when somebody looks at it.

    Args:
        read: Gives the array. To send clips to another process it must be picklable: `functools.partial` of a module's
            function.
        field: Which array it is.
        name: Of the clip.
        person: Whose clip it is.
        times: Seconds of each picture, where known.

    Example:
        >>> clip = stored(lambda: np.zeros((1, 48, 48, 3), np.uint8), "faces", "a")
        >>> clip.faces.shape
        (1, 48, 48, 3)
    """
    clip = StoredClip(name=name, person=person, times=times)
    vars(clip).update(read=read, field=field)
    return clip


@functools.lru_cache(maxsize=KEPT)
def _kept(read: Callable[[], Array]) -> Array:
    array = read()
    array.setflags(write=False)  # it is handed out again
    return array


def from_pictures(
    paths: Sequence[Path],
    name: str,
    *,
    field: Literal["faces", "pictures"] = "faces",
    person: str | None = None,
    times: NDArray[np.floating] | None = None,
) -> Clip:
    """A clip of picture files of one size.

    Args:
        paths: of the files, in the order of time.
        name: of the clip.
        field: whether they show upright faces, cut out, or whole scenes.
        person: who is on them.
        times: seconds of each, where known.
    """
    return stored(functools.partial(_pictures, tuple(paths)), field, name, person=person, times=times)


def picture(path: Path) -> NDArray[np.uint8]:
    """A picture file [h, w, 3]; grey ones have three equal colours.

    Raises:
        DataError: it cannot be read.
        MissingExtraError: Pillow is not installed.
    """
    from PIL import Image

    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("RGB"))
    except (OSError, ValueError, SyntaxError) as error:
        raise DataError(f"{path}: this picture cannot be read ({error}); copy it again") from error


def _pictures(paths: tuple[Path, ...]) -> NDArray[np.uint8]:
    read = [picture(path) for path in paths]
    for path, pixels in zip(paths, read, strict=True):
        if pixels.shape != read[0].shape:
            raise DataError(
                f"{path}: {pixels.shape[1]} x {pixels.shape[0]} pixels, but {paths[0].name} of the same clip has "
                f"{read[0].shape[1]} x {read[0].shape[0]}; cut both alike"
            )
    return np.stack(read)


def check_times(times: NDArray[np.floating], where: str) -> None:
    """Refuses times that are not numbers or do not rise.

    Raises:
        DataError: it names the first such picture.
    """
    bad = np.flatnonzero(~np.isfinite(times))
    if len(bad):
        raise DataError(f"{where}: the time of picture {bad[0]} is {times[bad[0]]}; make the file again")
    late = np.flatnonzero(np.diff(times) <= 0)
    if len(late):
        raise DataError(f"{where}: picture {late[0] + 1} does not come after the one before it; make the file again")
