"""Unpacking zip and tar archives of others: nothing lands outside the folder, and nothing half there.

An archive is unpacked beside its place and then moved there file by file.
"""

from __future__ import annotations

import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from visavox.datasets.download import place
from visavox.errors import DataError

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
"""How the names of files end that are unpacked."""


def unpack(archive: Path, folder: Path, told: Callable[[int, int], None] = lambda done, total: None) -> dict[str, int]:
    """Unpacks a zip or tar archive; nothing of it can come to lie outside the folder.

    Args:
        archive: the file.
        folder: where to; what is there under the same names is replaced.
        told: called with the bytes that are unpacked, and of how many.

    Returns:
        The files' paths in the folder, and their sizes in bytes.

    Raises:
        DataError: it is damaged, too large for the disk, or a name in it would lie elsewhere; nothing of it is kept.
    """
    staging = folder / f".unpacking-{archive.name}"
    sizes: dict[str, int] = {}
    try:
        with _opened(archive) as members:
            listed = {path: (place(folder, path), size, opening) for path, size, opening in members if _kept(path)}
            total = sum(size for _, size, _ in listed.values())
            if total > shutil.disk_usage(archive.parent).free:
                raise DataError(f"{archive}: unpacked it takes {total / 1e9:.1f} GB, more than is free; make room.")
            written = 0
            for path, (_, size, opening) in listed.items():
                target = place(staging, path)
                target.parent.mkdir(parents=True, exist_ok=True)
                with opening() as source, target.open("wb") as out:
                    shutil.copyfileobj(source, out, 1 << 20)
                sizes[path] = size
                written += size
                told(written, total)
        for path, (target, _, _) in listed.items():
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(place(staging, path), target)
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise DataError(
            f"{archive}: cannot be unpacked ({str(error) or type(error).__name__}); delete it where it is still there, "
            f"and get it again."
        ) from None
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return sizes


Member = tuple[str, int, Callable[[], IO[bytes]]]
"""A file in an archive: its path there, its size in bytes, and what opens it."""


@contextmanager
def _opened(archive: Path) -> Iterator[list[Member]]:
    """The files of an archive; links and devices are refused, folders are not files."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as zipped:
            members = []
            for info in zipped.infolist():
                if stat.S_ISLNK(info.external_attr >> 16):
                    raise DataError(f"{archive}: {info.filename} in it is a link, which no corpus needs; not unpacked.")
                if not info.is_dir():
                    members.append((info.filename.removeprefix("./"), info.file_size, _opener(zipped.open, info)))
            yield members
        return
    with tarfile.open(archive) as taped:
        members = []
        for item in taped.getmembers():
            if not (item.isfile() or item.isdir()):
                raise DataError(
                    f"{archive}: {item.name} in it is a link or a device, which no corpus needs; not unpacked."
                )
            if item.isfile():
                members.append((item.name.removeprefix("./"), item.size, _opener(taped.extractfile, item)))
        yield members


def _opener(opening: Callable[[Any], Any], member: object) -> Callable[[], IO[bytes]]:
    def opened() -> IO[bytes]:
        found: IO[bytes] = opening(member)
        return found

    return opened


def _kept(path: str) -> bool:
    """Leaves out what macOS adds to archives."""
    return not path.startswith("__MACOSX/") and path.rsplit("/", 1)[-1] != ".DS_Store"
