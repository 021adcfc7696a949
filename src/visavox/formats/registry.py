"""Which suffix means which format, and the two verbs: `write` and `read`."""

from __future__ import annotations

import contextlib
import importlib
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, ModuleType

from visavox.errors import InputError, OptionError, OutputError
from visavox.timeline import Timeline

Progress = Callable[[float, float | None], None]
"""Told the seconds done, and the seconds in all, or None where nobody knows."""


@dataclass(frozen=True)
class Format:
    """A kind of file that a timeline can be written to.

    Args:
        name: What ``--format`` calls it.
        suffixes: The suffixes that mean it, the usual one first.
        what: What is in it, in a few words.
        readable: Whether `read` gets a timeline back from it.
        ending: What a file in a folder is called after the recording's name; the usual suffix where it is not given.
        filmed: Whether it is drawn over the recording, which must be named then.
    """

    name: str
    suffixes: tuple[str, ...]
    what: str
    readable: bool
    ending: str = ""
    filmed: bool = False

    @property
    def file_ending(self) -> str:
        """What follows a recording's name in the name of a file of this kind."""
        return self.ending or self.suffixes[0]

    def encode(self, timeline: Timeline) -> bytes:
        """The file's content; there is none of what is drawn over a recording: `write` makes that."""
        content: bytes = self._module.encode(timeline)
        return content

    def decode(self, content: bytes, where: str) -> Timeline:
        """The timeline in a file's content; `where` names the file in errors."""
        timeline: Timeline = self._module.decode(content, where)
        return timeline

    @property
    def _module(self) -> ModuleType:
        return importlib.import_module(f"visavox.formats.{self.name}")


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        suffix: kind
        for kind in (
            Format("csv", (".csv",), "a tidy table: one row a cell, person and source", readable=True),
            Format("html", (".html", ".htm"), "a report to look at, one page that needs nothing else", readable=False),
            Format("json", (".json",), "everything, in a documented schema", readable=True),
            Format(
                "mp4",
                (".mp4",),
                "the recording with faces, bodies and words drawn over it, and its sound",
                readable=False,
                ending=".annotated.mp4",
                filmed=True,
            ),
        )
        for suffix in kind.suffixes
    }
)
"""Every format by the suffixes that choose it."""


def write(
    timeline: Timeline,
    path: str | Path,
    *,
    recording: str | Path | None = None,
    blur_faces: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Writes a timeline to a file; the suffix chooses the format.

    The folder is made where it is missing. The file appears whole or not at all: it is written beside its place under
    another name and moved there at the end.

    Args:
        timeline: What to write.
        path: Where, for example ``"interview.csv"``.
        recording: The recording that was analysed: a video (``"interview.annotated.mp4"``) is drawn over it. Other
            formats do without.
        blur_faces: In a video, make the faces unrecognisable that were found. One that was not found is not hidden,
            nor is the voice: look at the result before you pass it on.
        progress: Called with the seconds done and the seconds in all (None where nobody knows), while a video is made.

    Returns:
        The path.

    Raises:
        OptionError: If no format has that suffix, a video is asked for without a recording or over it, or faces are to
            be hidden in what shows none.
        InputError: If the recording cannot be read, is not the one that was analysed, or faces are to be hidden and the
            timeline does not hold their places.
        OutputError: If the place cannot be written.
    """
    path = Path(path)
    kind = FORMATS.get(path.suffix.lower())
    if kind is None:
        raise OptionError.one_of("the suffix of the file to write", path.suffix or str(path), FORMATS)
    if not kind.filmed:
        if blur_faces:
            raise OptionError(f"{path}: a {kind.name} file shows no faces that could be hidden; name an .mp4 file.")
        return write_bytes(kind.encode(timeline), path)
    if recording is None:
        raise OptionError(f"{path}: a video is drawn over the recording that was analysed; name that as the recording.")
    if path.exists() and os.path.exists(recording) and os.path.samefile(path, recording):
        raise OptionError(f"{path}: this is the recording itself, which would be written over; choose another name.")
    from visavox.formats import mp4

    with _placed(path) as part:
        mp4.write(timeline, part, recording, blur_faces=blur_faces, progress=progress)
    return path


def write_bytes(content: bytes, path: str | Path) -> Path:
    """Puts a file in its place, whole or not at all; makes the folder.

    Raises:
        OutputError: If the place cannot be written.
    """
    path = Path(path)
    with _placed(path) as part:
        part.write_bytes(content)
    return path


@contextlib.contextmanager
def _placed(path: Path) -> Iterator[Path]:
    """A file to be written beside its place, and moved there when it is whole."""
    # Not made from the file's name: with something added, a long name would be longer than a file system takes.
    part = path.parent / f".visavox-{secrets.token_hex(6)}.part"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise OutputError(f"{path}: cannot be written, it is a folder; name a file in it.")
        try:
            yield part
            os.replace(part, path)
        finally:
            with contextlib.suppress(OSError):
                part.unlink()
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written ({error.strerror or error}); choose another place or check its permissions."
        ) from None


def read(path: str | Path) -> Timeline:
    """Reads a timeline that visavox wrote.

    JSON holds everything. CSV holds the cells and the file's name; it may come back from a spreadsheet with columns
    added, removed or in another order.

    Args:
        path: A JSON or CSV file.

    Returns:
        What was written, exact to the precision of the file: milliseconds, and six digits of a probability.

    Raises:
        OptionError: If the suffix is not one that can be read.
        InputError: If the file is missing or is no timeline of ours.
    """
    readable = {suffix: kind for suffix, kind in FORMATS.items() if kind.readable}
    kind = readable.get(Path(path).suffix.lower())
    if kind is None:
        raise OptionError.one_of("the suffix of the timeline to read", Path(path).suffix or str(path), readable)
    return kind.decode(read_bytes(path), str(path))


def read_bytes(path: str | Path) -> bytes:
    """The content of a file.

    Raises:
        InputError: If it cannot be read.
    """
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error}).") from None
