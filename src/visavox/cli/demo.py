"""``visavox demo``: a first look, without a recording of one's own."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from visavox.cli import console
from visavox.errors import OptionError

EXAMPLES = "Examples:\n\nvisavox demo --open\n\nvisavox demo interview.mp4 -o interview.html"

REPORT = "visavox-demo.html"


def command(
    video: Annotated[str | None, typer.Argument(metavar="[VIDEO]", help="A recording of your own.")] = None,
    output: Annotated[str, typer.Option("-o", "--output", metavar="FILE.html", help="The report.")] = REPORT,
    open_: Annotated[bool, typer.Option("--open", help="Show the report in the browser.")] = False,
    quiet: console.Quiet = False,
    debug: console.Debug = False,
) -> None:
    """Analyses a recording, or a synthetic clip that it makes itself; prints the timeline and writes a report."""
    from visavox import demo
    from visavox.analysis import analyze
    from visavox.formats import write

    report = Path(output)
    if report.suffix.lower() not in (".html", ".htm"):
        raise OptionError(f"Bad value {output!r} for -o: expected a file that ends in .html.")
    if video is None:
        recording = report.parent / demo.NAME
        with console.Bar(f"making {demo.NAME}", quiet=quiet) as bar:
            demo.make(recording, progress=bar)
    else:
        recording = Path(video)
    with console.Bar(recording.name, quiet=quiet) as bar:
        timeline = analyze(recording, progress=bar)
    if video is None:
        notes = (demo.NOTE, *timeline.about.notes)
        timeline = dataclasses.replace(timeline, about=dataclasses.replace(timeline.about, notes=notes))
    write(timeline, report)
    console.tell(timeline)
    print()
    if video is None and not quiet:
        print(f"The clip, made just now: {recording}")
    print(f"The report: {report}")
    if open_:
        import webbrowser

        webbrowser.open(report.resolve().as_uri())
