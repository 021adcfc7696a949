"""Which pictures of a face are taken, and how large they are made: by time, in numpy alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from visavox import inputs
from visavox.clip import Clip
from visavox.errors import InputError, OptionError
from visavox.face.crop import grey, shrink

Floats = NDArray[np.float64]
Places = NDArray[np.intp]

Colour = Literal["rgb", "grey"]

RATE = 30_000 / 1001
"""Pictures a second of RAVDESS's films."""


def times_of(clip: Clip, name: Literal["faces", "mesh"], rate: float) -> Floats:
    """Seconds of each of a clip's faces or meshes; counted at `rate` pictures a second where it has no times.

    Raises:
        InputError: there are as many times as there are not pictures.
    """
    array = clip.faces if name == "faces" else clip.mesh
    count = 0 if array is None else len(array)
    given = clip.times.get(name) if isinstance(clip.times, Mapping) else clip.times
    if given is None:
        return np.arange(count) / rate
    if len(given) != count:
        raise InputError(f"{clip.source or clip.name or 'clip'}: {len(given)} times for {count} pictures ({name}).")
    return np.asarray(given, dtype=np.float64)


def every_so_often(times: Floats, every: float) -> Places:
    """Which pictures lie nearest to the first one's time and each `every` seconds after it; each only once.

    Example:
        >>> every_so_often(np.arange(10) / 30, 3 / 30).tolist()
        [0, 3, 6, 9]
        >>> every_so_often(np.array([5.0, 7.0]), 0.1).tolist()
        [0, 1]
    """
    if not len(times):
        return np.zeros(0, dtype=np.intp)
    count = int((times[-1] - times[0]) / every + 1e-6) + 1
    found: Places = np.unique(nearest(times, times[0] + every * np.arange(count)))
    return found


def nearest(times: Floats, moments: Floats) -> Places:
    """Which picture lies nearest to each moment; the earlier one of two that are as near.

    Example:
        >>> nearest(np.array([0.0, 1.0, 2.0]), np.array([-5, 0.4, 0.5, 0.6, 9])).tolist()
        [0, 0, 0, 1, 2]
    """
    after = np.clip(np.searchsorted(times, moments), 1, max(len(times) - 1, 1))
    before = after - 1
    after = np.minimum(after, len(times) - 1)
    # What floating point may be off must not choose between two pictures that are as near.
    nearer = moments - times[before] > times[after] - moments + 1e-9
    return np.where(nearer, after, before)


def trimmed(places: Sequence[int] | Places, count: int) -> Places:
    """Exactly so many of a row.

    Of too many the middle is kept (`visavox.inputs.trimmed`). While there are too few, the first and the last are
    repeated in turn.

    Source: "Fusion of deep learning features with mixture of brain emotional learning …", 2024: the text's rule for
        pictures (its code repeats the last).

    Example:
        >>> trimmed(range(6), 3).tolist(), trimmed([4, 7], 5).tolist()
        ([2, 3, 4], [4, 4, 4, 7, 7])
    """
    row = list(places)[inputs.trimmed(len(places), count)]
    while len(row) < count:
        row.insert(0, row[0])
        row += row[-1:] if len(row) < count else []
    return np.array(row, dtype=np.intp)


def resized(faces: NDArray[np.uint8], places: Places, size: tuple[int, int], colour: Colour) -> NDArray[np.uint8]:
    """Some of a clip's faces at another height and width.

    Args:
        faces: [shape=(t, h, w, 3)].
        places: which of them, in order; repeated ones are computed once.
        size: height and width.
        colour: "rgb", or "grey": three equal colours.

    Returns:
        [shape=(len(places), height, width, 3)].
    """
    chosen, back = np.unique(places, return_inverse=True)
    small = shrink(faces[chosen], size)
    if colour == "grey":
        small = np.repeat(grey(small)[..., None], 3, axis=-1)
    pictures: NDArray[np.uint8] = np.rint(small).astype(np.uint8)
    return pictures[back]


def check(input: object, *positive: str) -> None:
    """Asks for options of an input that can be: numbers above 0, and a colour that there is.

    Raises:
        OptionError: one of them is not.
    """
    for name in positive:
        value = getattr(input, name)
        if not value > 0:
            raise OptionError(f"Bad value {value!r} for input.{name}: expected a number above 0.")
    colour = getattr(input, "colour", "rgb")
    if colour not in ("rgb", "grey"):
        raise OptionError.one_of("input.colour", colour, ("rgb", "grey"))
