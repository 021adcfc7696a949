"""``visavox reproduce``: published systems and tables, and our own, made again from the corpora."""

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
    from visavox.reproduce.systems.running import Page

EXAMPLES = (
    "Examples:\n\nvisavox reproduce lrcn --data /data/corpora --budget 45m   (a system's rows, as a page)\n\n"
    "visavox reproduce luna2022 --data /data/corpora --write results.md   (the published fusion, 86.70, and ours)"
)


def command(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="A published system, or a table; see --tables.")
    ] = None,
    data: console.Data = None,
    folder: Annotated[
        str, typer.Option(metavar="DIR", help="Keeps trained networks and features for the next time.")
    ] = "runs/tables",
    budget: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Of a system: how long it may take (45m, 2h); epochs, folds and repeats are cut to fit.",
        ),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Of a system: a few clips, one epoch, to see that everything works.")
    ] = False,
    row: Annotated[
        list[str] | None, typer.Option(metavar="ROW", help="Of a system: this row alone; may be repeated.")
    ] = None,
    html: Annotated[
        str | None, typer.Option(metavar="FILE", help="Of a system: where its page goes; DIR/NAME.html by default.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the rows as JSON.")] = False,
    write: Annotated[
        str | None, typer.Option(metavar="FILE", help="Also put the tables into a Markdown file, in their own section.")
    ] = None,
    tables: Annotated[bool, typer.Option("--tables", help="List the systems and tables and stop.")] = False,
    quiet: console.Quiet = False,
    debug: console.Debug = False,
) -> None:
    """Makes a system, or a table, again: the published number, ours under the same protocol, each with its interval.

    A system is trained row by row, under its report's own split and with speakers apart. A page that was stopped goes
    on where it was: call it again with the same folder and budget.
    """
    from visavox import reproduce
    from visavox.errors import require
    from visavox.reproduce import systems, writing

    if tables:
        for known in reproduce.names():
            title = systems.system(known).title if known in systems.SYSTEMS else reproduce.table(known).TITLE
            print(f"{known:14} {title}")
        return
    if name is None:
        raise OptionError("Name a system or a table; --tables lists them (see `visavox reproduce --help`).")
    if name in systems.SYSTEMS:
        require("train", "torch", "sklearn", what="visavox reproduce")
        if budget is not None:
            systems.seconds(budget)
        with console.Steps(quiet=quiet) as say:
            page = systems.run(
                systems.system(name),
                data=data or None,
                folder=Path(folder),
                budget=budget or "",
                quick=quick,
                only=tuple(row or ()),
                say=say,
            )
        _tell(page, html or f"{folder}/{name}.html", write, as_json=as_json, quiet=quiet)
        return
    if budget or quick or row or html:
        raise OptionError(f"--budget, --quick, --row and --html are of systems: {', '.join(systems.SYSTEMS)}.")
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


def _tell(page: Page, html: str, write: str | None, *, as_json: bool, quiet: bool) -> None:
    """Prints a system's page, and writes it where it was asked for."""
    from visavox.reproduce import writing
    from visavox.reproduce.systems import telling

    wrote = [str(telling.write(page, html))]
    if write is not None:
        writing.put(write, page.system.name, telling.markdown(page))
        wrote.append(write)
    if as_json:
        print(json.dumps(telling.records(page), indent=1, ensure_ascii=False))
        return
    for title, rows in telling.summary(page):
        _print(title, telling.HEADINGS, rows, left=("row", "note"))
    if not quiet:
        print(f"{telling.duration(page.seconds)}; wrote {' and '.join(wrote)}")


def _show(title: str, rows: list[Row]) -> None:
    from visavox.reproduce import writing

    for name in dict.fromkeys(row.table for row in rows):
        cells = [writing.cells(row) for row in rows if row.table == name]
        left = tuple(heading for heading in writing.HEADINGS if heading not in ("folds", "%", "reported", "chance"))
        _print(f"{title}: {name}", writing.HEADINGS, cells, left=left)


def _print(
    title: str,
    headings: tuple[str, ...],
    rows: list[tuple[str, ...]] | tuple[tuple[str, ...], ...],
    *,
    left: tuple[str, ...],
) -> None:
    """A table on stdout; into a pipe its lines are long."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, title=title, title_justify="left")
    for heading in headings:
        right = heading not in left
        table.add_column(heading, justify="right" if right else "left", overflow="fold", no_wrap=right)
    for row in rows:
        table.add_row(*row)
    console.printer(width=160).print(table)
