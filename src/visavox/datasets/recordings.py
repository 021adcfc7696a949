"""Finding a corpus's recordings, however its copy is packed: any folder depth, any sound format, each clip once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from visavox.errors import DataError

SOUNDS = frozenset({".wav", ".flac", ".opus", ".ogg", ".mp3", ".m4a"})
"""Suffixes of sound files."""


def find(folder: Path, name: re.Pattern[str], *, corpus: str) -> Iterator[tuple[Path, re.Match[str]]]:
    """The sound files whose names, without suffix, match wholly; by name, and the first of equal names alone.

    Args:
        folder: searched with all folders inside.
        name: of the files, without suffix.
        corpus: named in the error.

    Raises:
        DataError: there is none.
    """
    found: dict[str, tuple[Path, re.Match[str]]] = {}
    for path in sorted(folder.rglob("*")):
        match = name.fullmatch(path.stem) if path.suffix.lower() in SOUNDS else None
        if match and path.stem not in found:
            found[path.stem] = (path, match)
    if not found:
        raise DataError(
            f"{folder}: no recording of {corpus} in it (sound files named like {name.pattern}); "
            f"name the folder that the corpus was unpacked to"
        )
    for stem in sorted(found):
        yield found[stem]
