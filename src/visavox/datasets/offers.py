"""Where publishers offer their corpora: the address book of `visavox.datasets.getting`, as data.

Checksums and sizes of RAVDESS and EMO-DB are those that Zenodo gives for these files; lists of files bring their own.
None of the addresses can be vouched for for ever: `docs/corpora.md` says how each was looked up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from visavox.datasets.download import File

Kind = Literal["zenodo", "dataverse", "hugging-face", "crema-d"]
"""Whose list of files it is."""


@dataclass(frozen=True, kw_only=True)
class Listing:
    """Files that a publisher's own list names, with size and checksum where it has them.

    Args:
        kind: how the list is laid out.
        url: of the list.
        files: beginnings of the files' addresses, tried in this order; what follows is the file's name, identifier or
            path, as the kind has it.
        wanted: a pattern of the names that are taken; all of it must match.
    """

    kind: Kind
    url: str
    files: tuple[str, ...]
    wanted: str


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What a publisher offers of a corpus.

    Args:
        page: where to read about it and its licence.
        sources: where its files are; a later source is asked where an earlier one has nothing.
        folder: the folder inside the corpus's own that they come to, or "".
        megabytes: what is downloaded, roughly.
    """

    page: str
    sources: tuple[tuple[File, ...] | Listing, ...]
    folder: str = ""
    megabytes: int = 0


ZENODO = "https://zenodo.org"
BOREALIS = "https://borealisdata.ca/api"
HUGGING_FACE = "https://huggingface.co"
CREMA_D = "https://raw.githubusercontent.com/CheyneyComputerScience/CREMA-D/master"
CREMA_D_SOUND = (
    "https://gitlab.com/cs-cooper-lab/crema-d-mirror/-/raw/main",  # recommended since GitHub's quota ran out
    "https://gitlab.com/cs-cooper-lab/crema-d-mirror/-/raw/master",
    "https://media.githubusercontent.com/media/CheyneyComputerScience/CREMA-D/master",
)


def _zenodo(record: int, name: str, size: int, md5: str) -> tuple[File, ...]:
    url = f"{ZENODO}/records/{record}/files/{name}?download=1"
    return (File(path=name, urls=(url,), size=size, checksum=f"md5:{md5}"),)


def _videos(name: str) -> Listing:
    record = f"{ZENODO}/api/records/1188976"
    return Listing(kind="zenodo", url=record, files=(f"{record}/files/",), wanted=rf"{name}_\d\d\.zip")


OFFERS: Mapping[str, Offer] = MappingProxyType(
    {
        "crema-d": Offer(
            page="https://github.com/CheyneyComputerScience/CREMA-D",
            sources=(
                Listing(
                    kind="crema-d",
                    url=f"{CREMA_D}/processedResults/summaryTable.csv",
                    files=CREMA_D_SOUND,
                    wanted=r"1\d{3}_[A-Z]{3}_[A-Z]{3}_[A-Z]{2}",
                ),
            ),
            megabytes=600,
        ),
        "emo-db": Offer(
            page=f"{ZENODO}/records/7447302",
            sources=(_zenodo(7447302, "emodb.zip", 39_981_818, "9d21362dbc5676ef3ab4745d83ced0db"),),
            megabytes=40,
        ),
        "nemo": Offer(
            page="https://huggingface.co/datasets/amu-cai/nEMO",
            sources=(
                Listing(
                    kind="hugging-face",
                    url=f"{HUGGING_FACE}/api/datasets/amu-cai/nEMO/tree/main?recursive=true",
                    files=(f"{HUGGING_FACE}/datasets/amu-cai/nEMO/resolve/main/",),
                    wanted=r"(.*/)?(data\.tsv|[A-Z]{2}\d_[a-z]+_\d+\.wav)",
                ),
                (
                    File(
                        path="nEMO.zip",
                        urls=("https://github.com/amu-cai/nEMO/archive/06f1f83dde8f1a780443a57d53b2af3971af34ab.zip",),
                    ),
                ),
            ),
            megabytes=530,
        ),
        "ravdess": Offer(
            page=f"{ZENODO}/records/1188976",
            sources=(
                _zenodo(1188976, "Audio_Speech_Actors_01-24.zip", 208_468_073, "bc696df654c87fed845eb13823edef8a"),
            ),
            folder="Audio_Speech_Actors_01-24",
            megabytes=208,
        ),
        "ravdess-song": Offer(
            page=f"{ZENODO}/records/1188976",
            sources=(_zenodo(1188976, "Audio_Song_Actors_01-24.zip", 225_505_317, "5411230427d67a21e18aa4d466e6d1b9"),),
            folder="Audio_Song_Actors_01-24",
            megabytes=226,
        ),
        "ravdess-song-video": Offer(
            page=f"{ZENODO}/records/1188976",
            sources=(_videos("Video_Song_Actor"),),
            folder="Video_Song_Actors",
            megabytes=11_000,
        ),
        "ravdess-tracking": Offer(
            page=f"{ZENODO}/records/3255102",
            sources=(
                _zenodo(3255102, "FacialTracking_Actors_01-24.zip", 417_163_019, "5753bbc64a9a790f8a8d3e03cba526ee"),
            ),
            folder="FacialTracking_Actors_01-24",
            megabytes=417,
        ),
        "ravdess-video": Offer(
            page=f"{ZENODO}/records/1188976",
            sources=(_videos("Video_Speech_Actor"),),
            folder="Video_Speech_Actors",
            megabytes=13_000,
        ),
        "tess": Offer(
            page="https://doi.org/10.5683/SP2/E8H2MF",
            sources=(
                Listing(
                    kind="dataverse",
                    url=f"{BOREALIS}/datasets/:persistentId/?persistentId=doi:10.5683/SP2/E8H2MF",
                    files=(f"{BOREALIS}/access/datafile/",),
                    wanted=r".*\.(wav|zip)",
                ),
            ),
            megabytes=270,
        ),
    }
)
"""What `visavox corpora get` can fetch, by the corpus's name."""
