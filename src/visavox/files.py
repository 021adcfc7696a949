"""Files that are there whole or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def written(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A file beside another, to be written in its stead: moved into its place when it is whole, removed if that fails.

    So a run that is killed leaves the file that was there before, or none, never half a one.

    Args:
        path: of the file; its folder is there.

    Example:
        >>> import tempfile
        >>> place = Path(tempfile.mkdtemp()) / "told.txt"
        >>> with written(place) as part:
        ...     _ = part.write_text("all of it")
        >>> place.read_text(), list(place.parent.iterdir()) == [place]
        ('all of it', True)
    """
    target = Path(path)
    part = target.with_name(f"{target.name}.part")
    try:
        yield part
        os.replace(part, target)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
