"""Finding a corpus's recordings, however its copy is packed: any folder depth, any format, each clip once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from visavox.errors import DataError

SOUNDS = frozenset({".wav", ".flac", ".opus", ".ogg", ".mp3", ".m4a"})
"""Suffixes of sound files."""

VIDEOS = frozenset({".mp4", ".avi", ".mov", ".mkv", ".mpg", ".mpeg", ".webm", ".flv", ".wmv", ".m4v"})
"""Suffixes of files with pictures, with or without sound."""

STILLS = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"})
"""Suffixes of single pictures."""

KINDS = ((SOUNDS, "sound files"), (VIDEOS, "videos"), (STILLS, "pictures"))
"""What the files are called in messages."""


def find(
    folder: Path,
    name: re.Pattern[str],
    *,
    corpus: str,
    suffixes: Iterable[str] = SOUNDS,
    key: Callable[[Path], str] = lambda path: path.stem,
) -> Iterator[tuple[Path, re.Match[str]]]:
    """The files whose names, without suffix, match wholly; by name, and the first of equal names alone.

    Args:
        folder: searched with all folders inside.
        name: of the files, without suffix.
        corpus: named in the error.
        suffixes: of the files that count, lower case.
        key: what is matched and told apart, where the name alone does not say all: made of a path in the folder.

    Raises:
        DataError: there is none.
    """
    wanted = frozenset(suffixes)
    found: dict[str, tuple[Path, re.Match[str]]] = {}
    for path in files(folder, wanted):
        text = key(path)
        match = name.fullmatch(text)
        if match and text not in found:
            found[text] = (path, match)
    if not found:
        raise nothing(folder, corpus, f"{_called(wanted)} named like {name.pattern}")
    for text in sorted(found):
        yield found[text]


def files(folder: Path, suffixes: Iterable[str]) -> list[Path]:
    """The files with these suffixes (lower case) in a folder and all folders inside, by path; hidden ones left out."""
    wanted = frozenset(suffixes)
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in wanted and not path.name.startswith(".") and path.is_file()
    )


def nothing(folder: Path, corpus: str, expected: str) -> DataError:
    """The error for a folder in which nothing of a corpus was found, and what would have been."""
    return DataError(
        f"{folder}: no recording of {corpus} in it ({expected}); name the folder that the corpus was unpacked to"
    )


def _called(suffixes: frozenset[str]) -> str:
    named = [called for kind, called in KINDS if suffixes & kind]
    return " or ".join(named) or f"files that end in {', '.join(sorted(suffixes))}"
