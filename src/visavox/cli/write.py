"""``visavox write``: a timeline that was kept, in another format or over its recording."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from visavox.cli import console
from visavox.errors import OptionError

EXAMPLES = (
    "Examples:\n\nvisavox write talk.json -o talk.csv   (the same timeline as a table)\n\n"
    "visavox write talk.json -o talk.annotated.mp4 --recording talk.mp4 --blur-faces   (drawn over the recording)"
)

Blur = Annotated[
    bool,
    typer.Option(
        "--blur-faces", help="In a video, make faces unrecognisable: those that were found. Voices stay as they are."
    ),
]


def command(
    timeline: Annotated[str, typer.Argument(metavar="TIMELINE", help="A timeline that was written as JSON or CSV.")],
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="FILE", help="Where to write; the suffix chooses the format.")
    ],
    recording: Annotated[
        str | None, typer.Option(metavar="FILE", help="The recording that was analysed: a video is drawn over it.")
    ] = None,
    blur_faces: Blur = False,
    quiet: console.Quiet = False,
    debug: console.Debug = False,
) -> None:
    """Writes a timeline that was kept in another format, or as an annotated video.

    JSON holds everything; CSV holds no places, so a video made of it shows no faces and bodies.
    """
    from visavox.formats import FORMATS, read, write

    kind = FORMATS.get(Path(output).suffix.lower())
    if kind is None:
        raise OptionError.one_of("the suffix of -o", Path(output).suffix or output, FORMATS)
    if Path(output).expanduser().absolute() == Path(timeline).expanduser().absolute():
        raise OptionError(
            f"{output} would be written over, and it is the timeline itself; choose another name with -o."
        )
    if kind.filmed and recording is None:
        raise OptionError(
            f"{output}: a video is drawn over the recording that was analysed; name it with --recording FILE."
        )
    with console.Bar(Path(output).name, quiet=quiet) as bar:
        path = write(read(timeline), output, recording=recording, blur_faces=blur_faces, progress=bar)
    if not quiet:
        print(f"wrote {path}")
