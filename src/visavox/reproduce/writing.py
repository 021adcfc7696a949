"""Tables as Markdown, each kept in a file of results between its own marks by the command that made it."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
from collections.abc import Sequence
from pathlib import Path

from visavox import __version__
from visavox.errors import InputError
from visavox.files import written
from visavox.reproduce.rows import Row

HEADINGS = ("row", "baseline", "fitted on", "folds", "%", "95 %", "reported", "chance", "note")

LIBRARIES = ("numpy", "onnxruntime", "scikit-learn", "torch")


def cells(row: Row) -> tuple[str, ...]:
    """A row as texts, in the order of `HEADINGS`; the number is a dash where it could not be made."""
    if row.mean != row.mean:
        value, between = "–", ""
    else:
        value = f"{100 * row.mean:.2f}"
        between = "" if row.interval is None else f"{100 * row.interval[0]:.1f} to {100 * row.interval[1]:.1f}"
    metric = "" if row.metric == "accuracy" else f"{row.metric}"
    return (
        row.row,
        row.baseline,
        row.fitted_on,
        str(row.folds),
        value,
        between,
        "" if row.reported is None else f"{100 * row.reported:.2f}",
        "" if row.chance is None else f"{100 * row.chance:.1f}",
        "; ".join(part for part in (metric, row.note) if part),
    )


def markdown(name: str, title: str, rows: Sequence[Row], *, seconds: float) -> str:
    """A table's section: title, the command with date, versions and seconds, and the rows by table."""
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    lines = [
        f"## {title}",
        "",
        f"`visavox reproduce {name} --data corpora/ --write docs/results.md`, {today}, {seconds:.0f} s; {versions()}. "
        "Accuracy is the mean over folds, unless the note names another metric; the interval is the bootstrap's over "
        "speakers.",
    ]
    for table in dict.fromkeys(row.table for row in rows):
        lines += ["", f"### {table}", "", f"| {' | '.join(HEADINGS)} |", "|---|---|---|---:|---:|---|---:|---:|---|"]
        lines += ["| " + " | ".join(cells(row)) + " |" for row in rows if row.table == table]
    return "\n".join(lines) + "\n"


def versions() -> str:
    """Of visavox, Python and the libraries that the numbers depend on."""
    found = [f"visavox {__version__}", f"Python {platform.python_version()}"]
    for name in LIBRARIES:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return ", ".join(found)


def put(path: str | os.PathLike[str], name: str, text: str) -> None:
    """Puts a section between its marks in a Markdown file, in the place of the one before; at the end if there is none.

    Raises:
        InputError: The file cannot be read or written.
    """
    place = Path(path)
    begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->\n"
    try:
        before = place.read_text(encoding="utf-8") if place.is_file() else "# Results\n"
        if begin in before and end in before:
            head, rest = before.split(begin, 1)
            tail = rest.split(end, 1)[1]
        else:
            head, tail = before.rstrip("\n") + "\n\n", ""
        with written(place) as part:
            part.write_text(f"{head}{begin}{text}{end}{tail}", encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{place}: the table cannot be put there ({error}); name another file.") from None
