"""One file over HTTP: what is there already is not asked for again, and nothing is kept that is not whole.

The body goes into ``NAME.part``; a note beside it (``NAME.part.json``) says what it is the beginning of. A later
attempt, in the same process or after a kill, asks for the rest with `Range`, and with `If-Range` so that a server whose
file has changed sends the new one from its first byte. Only when size and checksum are right does it get its name.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import http.client
import json
import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from visavox.errors import DataError

PAUSES = (1.0, 2.0, 4.0, 8.0)
"""Seconds to wait before each further attempt; an attempt that brought something begins the row anew."""

LONGEST_PAUSE = 60.0
"""Seconds; a server that wants us to wait longer (`Retry-After`) is waited for so long."""

PATIENCE = 60.0
"""Seconds without a byte after which a connection is given up."""

BLOCK = 1 << 18
"""Bytes read at once."""

DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS, errno.EFBIG, errno.ENAMETOOLONG})
"""What goes wrong in writing, and not on the line."""

POINTER = b"version https://git-lfs"
"""How the stand-in begins that Git LFS gives in place of a file; some servers send it when their quota is used up."""

Told = Callable[[int], None]
"""Is told how many bytes of a file are there."""


@dataclass(frozen=True, kw_only=True)
class File:
    """A file to be fetched.

    Args:
        path: its place in the folder it is fetched to, with "/" between folders.
        urls: its addresses; a later one is tried where an earlier one has nothing.
        size: in bytes, where that is known beforehand.
        checksum: "md5:…", "sha256:…" or "git:…" (of a Git blob, SHA-1), or "" where the publisher gives none.
    """

    path: str
    urls: tuple[str, ...]
    size: int | None = None
    checksum: str = ""


class _Lost(Exception):
    """This attempt failed, a further one may do better."""

    def __init__(self, why: str, wait: float | None = None) -> None:
        super().__init__(why)
        self.wait = wait


class _Absent(Exception):
    """The address has nothing for us."""


class _Wrong(Exception):
    """All of it came, and it is not what was named."""


def download(file: File, folder: Path, told: Told = lambda done: None) -> Path:
    """Fetches a file that is not there yet; goes on with one that was begun.

    Args:
        file: what, and from where.
        folder: it comes to `file.path` in it; folders are made.
        told: called as bytes come.

    Returns:
        The place of the file: whole, of the right size and checksum where these are known.

    Raises:
        DataError: no address has it, the connection fails again and again, or what comes is not what was named; the
            beginning that is there is kept for the next time, unless it is known to be wrong.
    """
    target = place(folder, file.path)
    if target.is_file() and file.size in (None, target.stat().st_size):
        told(target.stat().st_size)
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    refusals = []
    for url in file.urls:
        try:
            return _from(url, file, target, told)
        except _Absent as refusal:
            refusals.append(f"{url}: {refusal}")
    raise DataError(
        f"{file.path} cannot be had: {'; '.join(refusals)}; look at the publisher's page whether it has moved."
    )


def place(folder: Path, path: str) -> Path:
    """The place of a path that somebody else names, inside a folder.

    Raises:
        DataError: it would lie elsewhere.
    """
    parts = path.replace("\\", "/").split("/")
    if not path or path.startswith(("/", "\\")) or ":" in parts[0] or any(part in ("", ".", "..") for part in parts):
        raise DataError(f"{path!r}: a file of that name would not lie inside {folder}; nothing was written.")
    return folder.joinpath(*parts)


def read(url: str, limit: int = 64_000_000) -> tuple[bytes, str]:
    """A short answer as a whole, such as a publisher's list of files.

    Args:
        url: where.
        limit: of bytes.

    Returns:
        The answer, and the address of its next page ("" where there is none).

    Raises:
        DataError: there is none, or it is too long.
    """
    tries = 0
    while True:
        try:
            with _open(url, {}) as answer:
                body = answer.read(limit + 1)
                if len(body) > limit:
                    raise DataError(f"{url}: the answer is over {limit} bytes long; that is no list of files.")
                found = re.search(r'<([^>]+)>\s*;\s*rel="next"', answer.headers.get("Link", ""))
                following = found.group(1) if found else ""
                if following and urlsplit(following)[:2] != urlsplit(url)[:2]:
                    raise DataError(f"{url}: its next page lies elsewhere ({following}); nothing was fetched.")
                return body, following
        except _Absent as refusal:
            raise DataError(f"{url}: {refusal}.") from None
        except (_Lost, OSError, http.client.HTTPException) as error:
            if tries == len(PAUSES):
                raise DataError(f"{url}: {_why(error)}; try again when there is a connection.") from None
            _pause(error, tries)
            tries += 1


def _from(url: str, file: File, target: Path, told: Told) -> Path:
    """Fetches from one address, attempt after attempt."""
    part = target.with_name(f"{target.name}.part")
    note = target.with_name(f"{target.name}.part.json")
    tries, again = 0, False
    while True:
        before = _size(part)
        try:
            _attempt(url, file, part, note, told)
            _verify(file, part, note)
            note.unlink(missing_ok=True)
            os.replace(part, target)
            return target
        except _Wrong as error:
            _forget(part, note)
            if again or not before:
                raise DataError(f"{url}: {error}; nothing of it was kept, try again later.") from None
            again = True  # a beginning from an earlier time may have been at fault: once more, from the first byte
        except (_Lost, OSError, http.client.HTTPException) as error:
            if isinstance(error, OSError) and error.errno in DISK:
                raise DataError(f"{part}: {error.strerror}; make room, or choose another folder.") from None
            tries = 0 if _size(part) > before else tries
            if tries == len(PAUSES):
                raise DataError(
                    f"{url}: {_why(error)}; {_size(part)} bytes are kept, run the same command to go on."
                ) from None
            _pause(error, tries)
            tries += 1


def _attempt(url: str, file: File, part: Path, note: Path, told: Told) -> None:
    """Asks once for what is missing, and writes what comes."""
    have = _size(part)
    begun = _noted(note)
    sure = begun.get("url") == url and bool(begun.get("validator"))
    if have and file.size is not None and have > file.size:
        have = 0
    if have and not sure and not file.checksum:
        have = 0  # nothing would tell us that the rest belongs to another file
    if have and have == file.size:
        told(have)
        return
    headers = {}
    if have:
        headers["Range"] = f"bytes={have}-"
        if sure:
            headers["If-Range"] = begun["validator"]
    try:
        answer = _open(url, headers)
    except _Unsatisfied as error:
        if have and error.total == have:
            told(have)
            return
        _forget(part, note)
        raise _Lost("the part that is there does not fit the file that the server has") from None
    with answer:
        total = _total(answer, have)
        if answer.status == 200:
            have = 0
        if file.size is not None and total is not None and total != file.size:
            raise _Absent(f"the file has {total} bytes there, where {file.size} are expected")
        note.write_text(json.dumps({"url": url, "validator": _validator(answer)}), encoding="utf-8")
        with part.open("ab" if have else "wb") as out:
            for block in _blocks(answer):
                out.write(block)
                have += len(block)
                told(have)
    if total is not None and have != total:
        raise _Lost(f"the connection broke off after {have} of {total} bytes")


class _Unsatisfied(Exception):
    """There is nothing after the bytes that we have."""

    def __init__(self, total: int | None) -> None:
        super().__init__("nothing after that")
        self.total = total


def _open(url: str, headers: dict[str, str]) -> http.client.HTTPResponse:
    from visavox import __version__

    if urlsplit(url).scheme not in ("http", "https"):
        raise _Absent("not an address on the web")
    asked = Request(
        url, headers={"User-Agent": f"visavox/{__version__}", "Accept-Encoding": "identity", "Accept": "*/*", **headers}
    )
    try:
        answer: http.client.HTTPResponse = urlopen(asked, timeout=PATIENCE)
    except HTTPError as error:
        with error:
            if error.code == 416:
                found = re.fullmatch(r"bytes \*/(\d+)", error.headers.get("Content-Range", "").strip())
                raise _Unsatisfied(int(found.group(1)) if found else None) from None
            said = f"the server answers {error.code} {error.reason}"
            if error.code in (408, 425, 429) or error.code >= 500:
                raise _Lost(said, _seconds(error.headers.get("Retry-After"))) from None
            raise _Absent(said) from None
    if url.startswith("https:") and not answer.geturl().startswith("https:"):
        answer.close()
        raise _Absent("it leads to an address that is not encrypted")
    return answer


def _total(answer: http.client.HTTPResponse, have: int) -> int | None:
    """Bytes of the whole file, as the answer says; None where it does not."""
    if answer.status == 206:
        found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("Content-Range", "").strip())
        if not found or int(found.group(1)) != have:
            raise _Absent("the server sends another part than was asked for")
        return None if found.group(2) == "*" else int(found.group(2))
    length = answer.headers.get("Content-Length")
    return int(length) if length and length.isdecimal() else None


def _validator(answer: http.client.HTTPResponse) -> str:
    """What tells a file from its later versions; a weak tag does not vouch for bytes (RFC 9110, 13.1.5)."""
    tag = answer.headers.get("ETag", "")
    return tag if tag.startswith('"') else answer.headers.get("Last-Modified", "")


def _blocks(answer: http.client.HTTPResponse) -> Iterator[bytes]:
    while block := answer.read1(BLOCK):
        yield block


def _verify(file: File, part: Path, note: Path) -> None:
    size = _size(part)
    if file.size is not None and size != file.size:
        raise _Wrong(f"{size} bytes came, {file.size} are expected")
    with part.open("rb") as opened:
        head = opened.read(512)
        if not file.checksum:
            instead = "a Git LFS pointer" if head.startswith(POINTER) else ""
            if head.lstrip()[:5].lower() in (b"<!doc", b"<html"):
                instead = "a page"
            if instead:
                _forget(part, note)
                raise _Absent(f"the server sends {instead} in place of the file")
            return
        opened.seek(0)
        kind, _, wanted = file.checksum.partition(":")
        found = digest(opened, kind, size)
    if found != wanted.lower():
        raise _Wrong(f"its {kind.upper()} is {found}, its publisher names {wanted}")


def digest(opened: BinaryIO, kind: str, size: int) -> str:
    """The checksum of a file: of its kind "md5", "sha256", or "git" (SHA-1 as of a Git blob)."""
    summed = hashlib.new("sha1" if kind == "git" else kind, usedforsecurity=False)
    if kind == "git":
        summed.update(b"blob %d\0" % size)
    while block := opened.read(1 << 20):
        summed.update(block)
    return summed.hexdigest()


def _size(part: Path) -> int:
    return part.stat().st_size if part.is_file() else 0


def _noted(note: Path) -> dict[str, str]:
    try:
        found = json.loads(note.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _forget(part: Path, note: Path) -> None:
    for path in (part, note):
        with contextlib.suppress(FileNotFoundError):
            path.unlink()


def _seconds(after: str | None) -> float | None:
    return min(float(after), LONGEST_PAUSE) if after and after.strip().isdecimal() else None


def _pause(error: Exception, tries: int) -> None:
    wait = getattr(error, "wait", None)
    time.sleep(PAUSES[tries] if wait is None else max(wait, PAUSES[tries]))


def _why(error: Exception) -> str:
    reason = getattr(error, "reason", None) or error
    if isinstance(reason, http.client.IncompleteRead):
        return "the connection broke off"
    if isinstance(reason, TimeoutError):
        return f"nothing came for {PATIENCE:g} s"
    return str(getattr(reason, "strerror", None) or reason or type(error).__name__).rstrip(".").lower()
