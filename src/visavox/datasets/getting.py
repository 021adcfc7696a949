"""Getting a corpus that its publisher offers openly: licence first, then its files, checked and unpacked.

Where files are is data (`visavox.datasets.offers`), how one is fetched is in `visavox.datasets.download`. An archive is
removed when it is unpacked; what it held is written down, so that a later call knows what is there, and fetches again
where something is not. Whatever kills a call, the next one goes on.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import shutil
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from visavox import datasets
from visavox.datasets.download import File, download, place
from visavox.datasets.listings import listed
from visavox.datasets.offers import OFFERS, Listing, Offer
from visavox.datasets.unpacking import ARCHIVES, unpack
from visavox.errors import DataError

HELD = ".visavox-get.json"
"""File in a corpus's folder that tells which archives were unpacked there, and what they held."""

AT_ONCE = 4
"""Files fetched at the same time, where a corpus has many."""

SPARE = 200_000_000
"""Bytes that a disk must have free beyond what comes."""

Progress = Callable[[str, float, float | None], None]
"""Is told what is being done, how much of it is done, and of how much (None: nobody knows)."""


def offer(name: str) -> Offer:
    """What a publisher offers of a corpus.

    Raises:
        OptionError: there is no corpus of that name.
        DataError: it cannot be fetched; the message says how to get it.
    """
    about = datasets.corpus(name).ABOUT
    if name in OFFERS:
        return OFFERS[name]
    if about.access == "local":
        raise DataError(f"{name} is offered nowhere ({about.asking or 'it came with other data'}).")
    how = about.asking.rstrip(".") or "its publisher wants to be asked"
    raise DataError(
        f"{name} cannot be fetched by a command ({how}{': ' if about.url else ''}{about.url}); unpack it to a folder "
        f"and name that with --data {name}=FOLDER."
    )


def folder_of(name: str, to: str | os.PathLike[str]) -> Path:
    """Where a corpus comes to in a folder of corpora: a folder of its name, or of the corpus that it is a part of."""
    return Path(to).expanduser() / datasets.FOLDERS.get(name, (name,))[0]


def get(
    name: str,
    to: str | os.PathLike[str],
    *,
    accept_licence: bool = False,
    progress: Progress = lambda what, done, total: None,
) -> Path:
    """Fetches what is not there yet of a corpus.

    Args:
        name: of the corpus.
        to: the folder that holds corpora by name; what is fetched comes to a folder inside.
        accept_licence: whether whoever calls has read the corpus's licence and accepts it.
        progress: told how far it is, in bytes or files.

    Returns:
        The corpus's folder.

    Raises:
        OptionError: there is no corpus of that name.
        DataError: its licence is not accepted, its publisher has to be asked, it cannot be downloaded, what comes is
            not what was named, or the folder cannot be written.
    """
    import filelock

    found = offer(name)
    about = datasets.corpus(name).ABOUT
    if not accept_licence:
        raise DataError(
            f"{name}: its licence ({about.licence}) is not accepted, so nothing was downloaded; read {found.page} and "
            f"give --accept-licence (in Python accept_licence=True)."
        )
    folder = folder_of(name, to)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(folder / ".visavox-get.lock", timeout=0):
            _fetch(name, found, folder, progress)
    except filelock.Timeout:
        raise DataError(f"{folder}: another `visavox corpora get` is at work there; wait until it is done.") from None
    except OSError as error:
        raise DataError(f"{folder}: cannot be written ({error.strerror or error}); choose another with --to.") from None
    return folder


def _fetch(name: str, found: Offer, folder: Path, progress: Progress) -> None:
    refusals = []
    for source in found.sources:
        try:
            files = listed(source) if isinstance(source, Listing) else list(source)
        except DataError as error:
            refusals.append(str(error))
            continue
        _files(name, files, folder, place(folder, found.folder) if found.folder else folder, progress)
        return
    raise DataError(f"{name}: what its publisher offers is not known: {' '.join(refusals)} See {found.page}.")


def _files(name: str, files: list[File], folder: Path, base: Path, progress: Progress) -> None:
    """Fetches files and unpacks those that are archives."""
    archives = [file for file in files if file.path.lower().endswith(ARCHIVES)]
    loose = [file for file in files if file not in archives]
    held = _read_held(folder)
    wanted = [file for file in archives if not _complete(held.get(_key(file)), base)]
    _check_room(folder, [file for file in loose if not place(base, file.path).is_file()], wanted)
    for file in wanted:
        label = f"{name}: {file.path}"
        archive = download(file, folder, functools.partial(_told, progress, label, file.size))
        try:
            held[_key(file)] = unpack(archive, base, functools.partial(progress, f"{label}, unpacking"))
        except DataError:
            if not file.checksum:  # then what came may well be at fault, and must not stand in the next call's way
                archive.unlink()
            raise
        _write_held(folder, held)
        archive.unlink()
    if loose:
        _many(name, _best_first(loose, base), base, progress)


def _told(progress: Progress, label: str, size: int | None, done: int) -> None:
    progress(label, done, size)


def _best_first(files: list[File], base: Path) -> list[File]:
    """The files with the address first that the first one of them came from: of mirrors, one works for all."""
    head = files[-1]
    for number, url in enumerate(head.urls[:-1]):
        try:
            download(dataclasses.replace(head, urls=(url,)), base)
        except DataError:
            continue
        return [dataclasses.replace(f, urls=(*f.urls[number:], *f.urls[:number])) for f in files]
    return [dataclasses.replace(f, urls=f.urls[::-1]) for f in files]


def _many(name: str, files: list[File], base: Path, progress: Progress) -> None:
    """Fetches many small files, some at a time; the first failure ends it."""
    done, counting, stop = 0, threading.Lock(), threading.Event()

    def one(file: File) -> None:
        nonlocal done
        if stop.is_set():
            return
        download(file, base)
        with counting:
            done += 1
            progress(f"{name}: {len(files)} files", done, len(files))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        try:
            for future in as_completed([pool.submit(one, file) for file in files]):
                future.result()
        finally:
            stop.set()  # after a failure or Ctrl-C, what was not begun is not begun


def _key(file: File) -> str:
    return f"{file.path} {file.checksum or file.urls[0]}"


def _complete(members: Mapping[str, int] | None, base: Path) -> bool:
    """Whether everything that an archive held is still there, in its size."""
    return bool(members) and all(
        (base / path).is_file() and (base / path).stat().st_size == size for path, size in (members or {}).items()
    )


def _read_held(folder: Path) -> dict[str, dict[str, int]]:
    try:
        found = json.loads((folder / HELD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write_held(folder: Path, held: Mapping[str, Mapping[str, int]]) -> None:
    half = folder / f"{HELD}.half"
    half.write_text(json.dumps(held), encoding="utf-8")
    os.replace(half, folder / HELD)


def _check_room(folder: Path, loose: list[File], archives: list[File]) -> None:
    needed = sum(file.size or 0 for file in loose) + 2 * sum(file.size or 0 for file in archives)
    free = shutil.disk_usage(folder).free
    if needed and needed + SPARE > free:
        raise DataError(
            f"{folder}: {needed / 1e9:.1f} GB are needed, {free / 1e9:.1f} GB are free; make room, or choose another "
            f"folder with --to."
        )
