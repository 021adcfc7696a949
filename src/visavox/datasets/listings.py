"""Publishers' own lists of files, read: Zenodo's, a Dataverse's, Hugging Face's, and CREMA-D's table of votes.

Addresses are made here from names and identifiers, never taken from a list.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import quote

from visavox.datasets.download import File, read
from visavox.datasets.offers import Listing
from visavox.errors import DataError


def listed(listing: Listing) -> list[File]:
    """The files that a publisher's list names.

    Raises:
        DataError: it cannot be had, is laid out otherwise than expected, or names no file that is wanted.
    """
    try:
        found = list(LISTS[listing.kind](listing))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(
            f"{listing.url}: this list of files is laid out otherwise than expected ({type(error).__name__}: {error})."
        ) from None
    if not found:
        raise DataError(f"{listing.url}: no file of the corpus in this list (names like {listing.wanted}).")
    return found


def _zenodo(listing: Listing) -> Iterator[File]:
    body, _ = read(listing.url)
    for entry in json.loads(body)["files"]:
        name = entry["key"]
        if re.fullmatch(listing.wanted, name):
            urls = tuple(f"{base}{quote(name)}/content" for base in listing.files)
            yield File(path=name, urls=urls, size=int(entry["size"]), checksum=entry.get("checksum", ""))


def _dataverse(listing: Listing) -> Iterator[File]:
    body, _ = read(listing.url)
    for entry in json.loads(body)["data"]["latestVersion"]["files"]:
        file = entry["dataFile"]
        name = file["filename"]
        if not re.fullmatch(listing.wanted, name):
            continue
        inside = entry.get("directoryLabel", "")
        given = file.get("checksum", {})
        kind = str(given.get("type", "")).lower().replace("-", "")
        checksum = (
            f"{kind}:{given['value']}" if kind in ("md5", "sha256") else f"md5:{file['md5']}" if "md5" in file else ""
        )
        yield File(
            path=f"{inside}/{name}" if inside else name,
            urls=tuple(f"{base}{int(file['id'])}" for base in listing.files),
            size=int(file["filesize"]),
            checksum=checksum,
        )


def _hugging_face(listing: Listing) -> Iterator[File]:
    url = listing.url
    while url:
        body, url = read(url)
        for entry in json.loads(body):
            path = entry["path"]
            if entry["type"] != "file" or not re.fullmatch(listing.wanted, path):
                continue
            large = entry.get("lfs")
            yield File(
                path=path,
                urls=tuple(f"{base}{quote(path)}" for base in listing.files),
                size=int(large["size"] if large else entry["size"]),
                checksum=f"sha256:{large['oid']}" if large else f"git:{entry['oid']}",
            )


def _crema_d(listing: Listing) -> Iterator[File]:
    """The clips that the table of votes names, and the tables themselves; no sizes or checksums are given."""
    body, _ = read(listing.url)
    names = [row["FileName"] for row in csv.DictReader(io.StringIO(body.decode("utf-8-sig")))]
    top = listing.url.removesuffix("processedResults/summaryTable.csv")
    for table in ("VideoDemographics.csv", "processedResults/summaryTable.csv", "processedResults/tabulatedVotes.csv"):
        yield File(path=table, urls=(f"{top}{table}",))
    for name in dict.fromkeys(names):
        if re.fullmatch(listing.wanted, name):
            path = f"AudioWAV/{name}.wav"
            yield File(path=path, urls=tuple(f"{base}/{path}" for base in listing.files))


LISTS: Mapping[str, Callable[[Listing], Iterator[File]]] = {
    "zenodo": _zenodo,
    "dataverse": _dataverse,
    "hugging-face": _hugging_face,
    "crema-d": _crema_d,
}
"""What reads a list of files, by its kind."""
