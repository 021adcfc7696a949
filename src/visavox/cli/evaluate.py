"""``visavox evaluate``: a system judged under a protocol, with intervals, on people whom it never met."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from visavox.cli import console
from visavox.errors import OptionError

if TYPE_CHECKING:
    from rich.console import Console

    from visavox.evaluation import Evaluation

EXAMPLES = (
    "Examples:\n\nvisavox evaluate voice --protocol emodb-loso --data /data/corpora --html voice.html\n\n"
    "visavox evaluate ravdess/voice --protocol ravdess-luna5 --data /data/corpora --baseline self"
    "   (trains five networks)"
)


def command(
    system: Annotated[
        str | None,
        typer.Argument(
            metavar="SYSTEM",
            help="A shipped model, a model's path (judged as they are), or a recipe (trained anew in each fold).",
        ),
    ] = None,
    protocol: Annotated[
        str | None, typer.Option("--protocol", "-p", metavar="NAME", help="Who is judged by whom; see --protocols.")
    ] = None,
    data: console.Data = None,
    baseline: Annotated[
        str,
        typer.Option(
            metavar="KIND",
            help="What is taken out of each person's scores: none, enrolment (neutral clips) or self (all clips).",
        ),
    ] = "none",
    compare: Annotated[
        str | None, typer.Option(metavar="OTHER", help="Another system, judged on the same rows and compared.")
    ] = None,
    folder: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Run folder: a recipe's folds, predictions.csv and evaluation.json."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the scores as JSON.")] = False,
    html: Annotated[str | None, typer.Option(metavar="FILE", help="Also write a page with plots.")] = None,
    features: Annotated[bool, typer.Option("--features", help="Also plot the system's features on the page.")] = False,
    protocols: Annotated[bool, typer.Option("--protocols", help="List the protocols and stop.")] = False,
    quiet: console.Quiet = False,
    debug: console.Debug = False,
) -> None:
    """Judges a system under a protocol: speakers apart, every number with its interval."""
    if protocols:
        _list()
        return
    if system is None or protocol is None:
        raise OptionError("Name a SYSTEM and its --protocol; --protocols lists them (see `visavox evaluate --help`).")
    from visavox import evaluation

    judged = _judge(system, protocol, data, baseline, folder, features=features, quiet=quiet)
    compared = None
    if compare is not None:
        other = _judge(compare, protocol, data, baseline, f"{folder}-compared" if folder else None, quiet=quiet)
        compared = evaluation.compare(judged, other)
    if as_json:
        print(judged.to_json() if compared is None else f"[{judged.to_json()},\n{compared.to_json()}]")
    else:
        from visavox.evaluation import table

        terminal = _terminal()
        table.show(judged, terminal)
        if compared is not None:
            terminal.print()
            table.show_comparison(compared, terminal)
    if html is not None:
        from visavox.evaluation import page

        wrote = page.write(judged, html, comparison=compared)
        if not (quiet or as_json):
            print(f"wrote {wrote}")
    if folder is not None:
        judged.write_rows(f"{folder}/predictions.csv")
        judged.write_scores(f"{folder}/evaluation.json")


def _judge(
    system: str,
    protocol: str,
    data: list[str] | None,
    baseline: str,
    folder: str | None,
    *,
    features: bool = False,
    quiet: bool = False,
) -> Evaluation:
    from visavox import evaluation

    with console.Bar(f"{system} under {protocol}", quiet=quiet) as bar:
        return evaluation.evaluate(
            system,
            protocol,
            data=data or None,
            baseline=baseline,
            folder=folder,
            features=features,
            progress=None if quiet else bar,
        )


def _list() -> None:
    from rich.table import Table

    from visavox import protocols

    table = Table("protocol", "corpus", "words", "what it is", box=None, pad_edge=False)
    for name in protocols.names():
        found = protocols.named(name)
        table.add_row(name, ", ".join(found.corpora), str(len(found.words)), found.about)
    table.add_row(
        "A>B, A+B>C", "any", "shared", "learn from one or several corpora, judge another: ravdess+nemo>emo-db"
    )
    _terminal().print(table)


def _terminal() -> Console:
    from rich.console import Console

    # Into a pipe or a file, lines are not broken to the width of a terminal that is not there.
    found = Console(highlight=False, markup=False)
    return found if found.is_terminal else Console(highlight=False, markup=False, width=140)
