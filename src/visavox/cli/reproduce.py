"""``visavox reproduce``: published tables, and our own, made again from the corpora."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from visavox.cli import console
from visavox.errors import OptionError

if TYPE_CHECKING:
    from visavox.reproduce import Row

EXAMPLES = (
    "Examples:\n\nvisavox reproduce luna2022 --data /data/corpora   (the published fusion, 86.70, and ours)\n\n"
    "visavox reproduce voices --data /data/corpora --folder runs/tables --write results.md   (trains networks: hours)"
)


def command(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="The table; see --tables.")] = None,
    data: console.Data = None,
    folder: Annotated[
        str, typer.Option(metavar="DIR", help="Keeps trained networks and features for the next time.")
    ] = "runs/tables",
    as_json: Annotated[bool, typer.Option("--json", help="Print the rows as JSON.")] = False,
    write: Annotated[
        str | None, typer.Option(metavar="FILE", help="Also put the table into a Markdown file, in its own section.")
    ] = None,
    tables: Annotated[bool, typer.Option("--tables", help="List the tables and stop.")] = False,
    quiet: console.Quiet = False,
    debug: console.Debug = False,
) -> None:
    """Makes a table again: the published number, ours under the same protocol, each with its interval."""
    from visavox import reproduce
    from visavox.errors import require
    from visavox.reproduce import writing

    if tables:
        for known in reproduce.names():
            print(f"{known:14} {reproduce.table(known).TITLE}")
        return
    if name is None:
        raise OptionError("Name a table; --tables lists them (see `visavox reproduce --help`).")
    require("train", "sklearn", what="visavox reproduce")
    made = reproduce.table(name)
    began = time.monotonic()
    with console.Steps(quiet=quiet) as say:
        rows = made.rows(data or None, Path(folder), say)
    seconds = time.monotonic() - began
    if write is not None:
        writing.put(write, name, writing.markdown(name, made.TITLE, rows, seconds=seconds))
    if as_json:
        print(json.dumps([row.to_dict() for row in rows], indent=1, ensure_ascii=False))
        return
    _show(made.TITLE, rows)
    if not quiet:
        print(f"{seconds:.0f} s" + (f"; wrote {write}" if write else ""))


def _show(title: str, rows: list[Row]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    from visavox.reproduce import writing

    out = Console(highlight=False)
    out = out if out.is_terminal else Console(highlight=False, width=160)
    for name in dict.fromkeys(row.table for row in rows):
        table = Table(box=SIMPLE_HEAD, pad_edge=False, title=f"{title}: {name}", title_justify="left")
        for heading in writing.HEADINGS:
            right = heading in ("folds", "%", "reported", "chance")
            table.add_column(heading, justify="right" if right else "left", overflow="fold", no_wrap=right)
        for row in rows:
            if row.table == name:
                table.add_row(*writing.cells(row))
        out.print(table)
