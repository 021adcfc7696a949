"""The tables that others published, and those that tell how good we are, made again by one command each.

A table's file offers `TITLE`, and `rows(data, folder, progress)`, which makes them from the corpora that are there. A
published system is a plan of rows and protocols, made into a page by `visavox.reproduce.systems`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol, cast

from visavox.datasets import Data
from visavox.errors import OptionError
from visavox.reproduce.rows import HELD_OUT, NESTED, NOTHING, PUBLISHED, Row, choice, row_of

__all__ = [
    "HELD_OUT",
    "NESTED",
    "NOTHING",
    "PUBLISHED",
    "TABLES",
    "Row",
    "choice",
    "names",
    "row_of",
    "table",
]

Say = Callable[[str], None]
"""Told what is being done, for whoever waits."""

TABLES: Mapping[str, str] = {
    "luna2022": "visavox.reproduce.luna2022",
    "ravdess-own": "visavox.reproduce.ravdess_own",
    "ravdess-17-7": "visavox.reproduce.ravdess_17_7",
    "faces": "visavox.reproduce.faces",
    "fer2013": "visavox.reproduce.fer2013",
    "voices": "visavox.reproduce.voices",
    "natural": "visavox.reproduce.natural",
}
"""The registry: a table's name and the module that makes it."""


class Table(Protocol):
    """What a table's module offers."""

    TITLE: str

    def rows(self, data: Data, folder: Path, progress: Say) -> list[Row]:
        """Makes the table.

        Args:
            data: Where the corpora are.
            folder: Where what takes long (trained networks, features) is kept for the next time.
            progress: Told what is being done.

        Raises:
            DataError: A corpus that it cannot do without is missing.
        """


def names() -> tuple[str, ...]:
    """The published systems and the tables that can be made."""
    from visavox.reproduce.systems import SYSTEMS

    return (*SYSTEMS, *TABLES)


def table(name: str) -> Table:
    """The module that makes a table.

    Raises:
        OptionError: There is none of that name.
    """
    if name not in TABLES:
        raise OptionError.one_of("table", name, names())
    return cast(Table, importlib.import_module(TABLES[name]))
