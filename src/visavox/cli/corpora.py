"""``visavox corpora``: labelled recordings of others: which can be read, what a copy lacks, and getting them."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from visavox.cli import console

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console

    from visavox.datasets.check import Report
    from visavox.datasets.getting import Progress

app = typer.Typer(
    help="Labelled recordings of others: which can be read, what a copy lacks, and getting them.",
    epilog="Examples:\n\nvisavox corpora list\n\nvisavox corpora check ravdess /data/ravdess",
)

SHOWN = 12
"""Names printed of a long list; `--json` has them all."""

HOW = {
    "get": "visavox corpora get",
    "open": "its publisher's page",
    "ask": "ask its publisher",
    "local": "offered nowhere",
}
"""How a corpus is had, in the list."""


@app.command("list", epilog="Examples:\n\nvisavox corpora list --data /data/corpora\n\nvisavox corpora list --json")
def list_(
    data: console.Data = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the rows as JSON.")] = False,
    debug: console.Debug = False,
) -> None:
    """Lists the corpora that can be read: what they hold, their licences, where they were found, how they are had."""
    rows = _rows(data or None)
    if as_json:
        print(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("corpus", no_wrap=True)
    for heading in ("holds", "licence", "how to get it", "found in"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(row["name"], row["modality"], row["licence"], HOW[row["how"]], row["found"] or "–")
    out = console.printer()
    out.print(table)
    out.print("`visavox corpora get NAME` fetches one, or says whom to ask; your own recordings: a table (CSV).")


@app.command(
    "check",
    epilog="Examples:\n\nvisavox corpora check ravdess /data/ravdess\n\n"
    "visavox corpora check nemo --data /data/corpora --json",
)
def check(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name from `visavox corpora list`, or a table.")],
    path: Annotated[str | None, typer.Argument(metavar="PATH", help="Its folder; not needed with --data.")] = None,
    data: console.Data = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Only open recordings: faster, but damage further on is not seen.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False,
    quiet: console.Quiet = False,
    debug: console.Debug = False,
) -> int:
    """Says what of a corpus is there, missing, unreadable, near-silent or the same twice. Exit code 0: usable."""
    from visavox import datasets
    from visavox.datasets import check as checking

    folder = datasets.place(name, [f"{name}={path}"] if path else data or None)
    with console.Bar(f"looking at {name}", quiet=quiet) as bar:
        report = checking.check(name, folder, quick=quick, progress=bar)
    if as_json:
        print(json.dumps(report.to_dict(), indent=1, ensure_ascii=False))
    elif quiet:
        print(summary(report))
    else:
        _print_report(console.printer(), report)
    return 0 if report.is_usable else 1


@app.command(
    "get",
    epilog="Examples:\n\nvisavox corpora get ravdess --to /data/corpora\n\n"
    "visavox corpora get emo-db --to /data/corpora --accept-licence   (in a script)",
)
def get(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name from `visavox corpora list`.")],
    to: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="The folder that holds corpora by name. Default: VISAVOX_DATA."),
    ] = None,
    accept_licence: Annotated[
        bool, typer.Option("--accept-licence", help="You have read the licence and accept it; asked for otherwise.")
    ] = False,
    quiet: console.Quiet = False,
    debug: console.Debug = False,
) -> None:
    """Downloads a corpus that its publisher offers openly, or says whom to ask. A stopped download goes on."""
    from visavox import datasets
    from visavox.datasets import getting
    from visavox.errors import DataError

    offer = getting.offer(name)
    to = to or os.environ.get(datasets.VARIABLE)
    if not to:
        raise DataError(f"say where {name} is to come to: --to DIR, the folder that holds corpora by name.")
    about = datasets.corpus(name).ABOUT
    if not quiet:
        print(about.title)
        print(f"  licence: {about.licence}")
        print(f"  read it: {offer.page}")
        print(f"  cite:    {about.credit}")
        if about.never_train:
            print(f"  mind:    {about.never_train}")
        size = f", about {offer.megabytes:,} MB" if offer.megabytes else ""
        print(f"  to:      {getting.folder_of(name, to)}{size}", flush=True)
    accepted = accept_licence or _asked()
    with _bars(quiet) as progress:
        folder = getting.get(name, to, accept_licence=accepted, progress=progress)
    if not quiet:
        print(f"{name} is there: {folder}")
        print(f"visavox corpora check {name} {folder}")


def summary(report: Report) -> str:
    """What a check comes to, in a line."""
    whole = [piece for piece in report.pieces if piece.is_fault or piece.found == piece.expected]
    count = _many(report.clips, "clip", "clips")
    if whole and len(whole) == len(report.pieces):
        count = f"{sum(p.found for p in whole):,} of {sum(p.expected for p in whole):,} clips"
    remarks = [
        _many(len(report.unreadable), "unreadable", "unreadable"),
        _many(report.missing, "missing", "missing"),
        _many(len(report.quiet), "near-silent", "near-silent"),
        _many(len(report.blank), "blank", "blank"),
        _many(len(report.twins), "recording under several names", "recordings under several names"),
    ]
    said = "; ".join([count, *filter(None, remarks)])
    opened = " (recordings were only opened)" if report.quick else ""
    return f"{report.corpus} is {'usable' if report.is_usable else 'not whole'}: {said}{opened}."


def _many(count: int, one: str, more: str) -> str:
    return "" if not count else f"{count:,} {one if count == 1 else more}"


def _rows(data: Sequence[str] | None) -> list[dict[str, Any]]:
    from visavox import datasets
    from visavox.datasets.offers import OFFERS
    from visavox.errors import DataError

    rows = []
    for name in datasets.names():
        about = datasets.corpus(name).ABOUT
        found = None
        with contextlib.suppress(DataError):
            found = str(datasets.place(name, data))
        rows.append(
            {
                "name": name,
                "title": about.title,
                "modality": about.modality,
                "licence": about.licence,
                "credit": about.credit,
                "url": about.url,
                "how": "get" if name in OFFERS else about.access,
                "asking": about.asking,
                "found": found,
            }
        )
    return rows


def _asked() -> bool:
    """Asks whether the licence is accepted, where there is somebody to be asked."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    return typer.confirm("Have you read the licence, and do you accept it?")


@contextlib.contextmanager
def _bars(quiet: bool) -> Iterator[Progress]:
    """A bar for each thing that is done, one after the other."""
    shown: dict[str, console.Bar] = {}

    def progress(what: str, done: float, total: float | None) -> None:
        if what not in shown:
            close()
            shown[what] = console.Bar(what, quiet=quiet)
        shown[what](done, total)

    def close() -> None:
        for bar in shown.values():
            bar.__exit__(None, None, None)
        shown.clear()

    try:
        yield progress
    finally:
        close()


def _print_report(out: Console, report: Report) -> None:
    from rich.markup import escape

    clips, people = _many(report.clips, "clip", "clips"), _many(report.people, "person", "people")
    lasting = f", {_duration(report.seconds)}" if report.seconds else ""
    out.print(f"[bold]{escape(report.title)}[/bold]")
    out.print(f"{escape(report.folder)}: {clips}{' of ' if people else ''}{people}{lasting}", soft_wrap=True)
    _print_counts(out, report)
    _print_pieces(out, report)
    twins = [
        f"{' = '.join(twin.names)} ({', '.join(dict.fromkeys(twin.words))}"
        f"{'; in ' + ', '.join(twin.parts) if len(twin.parts) > 1 else ''}"
        f"{'; equal files' if twin.same == 'bytes' else ''}{'; known and marked' if twin.is_marked else ''})"
        for twin in report.twins
    ]
    torn = sum(len(set(twin.words)) > 1 for twin in report.twins)
    split = sum(len(twin.parts) > 1 for twin in report.twins)
    said = ", ".join([f"{torn:,} with several words"] * bool(torn) + [f"{split:,} in several parts"] * bool(split))
    marked = [f"{count:,} {word}" for word, count in report.marked.items()]
    quiet = [f"{name} ({'silence' if peak is None else f'{peak:.0f} dB'})" for name, peak in report.quiet]
    for heading, items in (
        ("Cannot be read", [f"{name}: {why}" for name, why in report.unreadable]),
        ("Near-silent (loudest sample under −40 dB of full scale)", quiet),
        ("One grey value all over", list(report.blank)),
        (f"The same recording under several names{f' ({said})' if said else ''}", twins),
        ("Files that are no clip of it", [f"{path}: {why}" for path, why in report.unread]),
        ("Marked by the reader of this corpus (`Sample.defect`)", marked),
    ):
        _print_some(out, heading, items)
    out.print(f"\n{escape(summary(report))}", soft_wrap=True)


def _print_some(out: Console, heading: str, items: Sequence[str]) -> None:
    from rich.markup import escape

    if not items:
        return
    out.print(f"\n[bold]{escape(heading)}[/bold]: {len(items):,}")
    for item in items[:SHOWN]:
        out.print(escape(f"  {item}"), soft_wrap=True)
    if len(items) > SHOWN:
        out.print(f"  … and {len(items) - SHOWN:,} more (--json has all)")


def _print_pieces(out: Console, report: Report) -> None:
    if not report.pieces:
        out.print("How many clips a whole copy has is not known.")
        return
    for piece in report.pieces:
        name = f"{piece.title}: " if piece.title else ""
        line = f"{name}{piece.found:,} of {piece.expected:,} clips are there"
        if piece.found > piece.expected:
            line = f"{name}{piece.found:,} clips are there, {piece.expected:,} are expected"
        if not piece.is_fault and piece.found < piece.expected:
            line += "; a selection, as it seems"
        out.print(line)
    for piece in report.pieces:
        if piece.is_fault and piece.missing:
            _print_some(out, f"Missing{f' of {piece.title}' if piece.title else ''}", piece.missing)


def _print_counts(out: Console, report: Report) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    words = list(next(iter(report.counts.values()), {}))
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_footer=True)
    table.add_column("", "all")
    for word in words:
        total = sum(row[word] for row in report.counts.values())
        table.add_column(word, f"{total:,}", justify="right", no_wrap=True)
    table.add_column("all", f"{report.clips:,}", justify="right", no_wrap=True)
    for speaker, row in report.counts.items():
        table.add_row(speaker, *(f"{row[word]:,}" for word in words), f"{sum(row.values()):,}")
    out.print(table)


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds / 60:.1f} min"
