"""What is computed of clips, kept on disk: looked up by what the clip is and how it was computed."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, cast

import numpy as np
import platformdirs
from numpy.typing import NDArray

from visavox import __version__
from visavox.clip import Clip
from visavox.errors import OutputError

VARIABLE = "VISAVOX_CACHE"
"""Environment variable that names the folder in which computed inputs are kept; the user's cache by default."""

PART = ".part"
"""How the name of a file ends that is being written."""

_ARRAYS = ("faces", "pictures", "mesh", "voice", "joints")


class Held(NamedTuple):
    """What a cache holds: how many files, and their bytes."""

    files: int
    bytes: int


class Cache:
    """Arrays on disk, a file each, by a key that says all that they were made of.

    A file is written beside and moved into place, so that a killed run leaves none half written, and two runs at once
    at worst compute the same twice. A file that cannot be read is made anew. What another version computed is not
    found. Nothing is ever taken out: whoever wants the space back removes the folder (`visavox doctor` names it).

    Args:
        folder: where; `VISAVOX_CACHE` or the user's cache by default.
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        named = folder or os.environ.get(VARIABLE) or Path(platformdirs.user_cache_dir("visavox")) / "inputs"
        self.folder = Path(named)

    def array(self, key: str, make: Callable[[], NDArray[np.generic]]) -> NDArray[np.generic]:
        """The array of a key, made and kept where it is not there.

        Args:
            key: all that the array depends on.
            make: computes it.

        Raises:
            OutputError: it cannot be written.
        """
        name = hashlib.sha256(f"{__version__} {key}".encode()).hexdigest()
        path = self.folder / name[:2] / f"{name}.npy"
        try:
            return cast(NDArray[np.generic], np.load(path, allow_pickle=False))
        except (OSError, ValueError, EOFError):
            pass  # not there, or half written by a machine that went down
        made = make()
        temporary = ""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=PART)
            with os.fdopen(handle, "wb") as file:
                np.save(file, made, allow_pickle=False)
            os.replace(temporary, path)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise OutputError(
                f"{self.folder}: what is computed of clips cannot be kept there ({error.strerror or error}); remove "
                f"the folder to make room, or name another one in {VARIABLE}"
            ) from error
        return made

    def held(self) -> Held:
        """What is in it, with what killed runs left half written."""
        sizes = []
        for path in self.folder.glob("??/*"):
            with contextlib.suppress(OSError):  # others may be writing
                sizes.append(path.stat().st_size)
        return Held(len(sizes), sum(sizes))


def identity(clip: Clip) -> str:
    """What a clip is, for keys of a `Cache`: its arrays' content, or its file as it is now, and which part of it.

    Example:
        >>> quiet, loud = (Clip(voice=np.full(4, level, np.float32)) for level in (0, 1))
        >>> identity(quiet) == identity(loud)
        False
    """
    parts = [f"{clip.start}-{clip.end}"]
    for name in _ARRAYS:
        array = getattr(clip, name)
        if array is not None:
            content = hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
            parts.append(f"{name} {array.dtype} {array.shape} {content}")
    if clip.source is not None:
        path = Path(clip.source).absolute()
        about = path.stat() if path.exists() else None
        parts.append(f"{path} {about.st_size} {about.st_mtime_ns}" if about else str(path))
    return "; ".join(parts)
