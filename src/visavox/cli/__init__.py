"""The command line: one file a command; they parse, call and print, and hold no logic of recognition.

Exit codes: 0 done, 1 something failed (one sentence on stderr says what), 2 the command was not understood,
130 stopped by Ctrl-C.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from visavox.cli import analyze, console, corpora, demo, doctor, evaluate, models, reproduce, train, write
from visavox.errors import OptionError, VisavoxError

FAILED, MISUSED, STOPPED = 1, 2, 130

MISUSE = typer.BadParameter.mro()[1]
"""What typer raises when words make no command; its module's name changes between versions of typer."""

app = typer.Typer(
    name="visavox",
    help="A recording in, an emotion timeline out: who showed what, when, and how sure that is.",
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Examples:\n\nvisavox demo\n\nvisavox analyze interview.mp4 -o results/",
)


def _version(wanted: bool) -> None:
    if wanted:
        from visavox import __version__

        typer.echo(f"visavox {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and stop.")
    ] = False,
) -> None:
    """A recording in, an emotion timeline out: who showed what, when, and how sure that is."""


app.command("analyze", epilog=analyze.EXAMPLES)(analyze.command)
app.command("write", epilog=write.EXAMPLES)(write.command)
app.command("demo", epilog=demo.EXAMPLES)(demo.command)
app.add_typer(models.app, name="models")
app.add_typer(corpora.app, name="corpora")
app.command("doctor", epilog=doctor.EXAMPLES)(doctor.command)
app.command("reproduce", epilog=reproduce.EXAMPLES)(reproduce.command)
app.command("train", epilog=train.EXAMPLES)(train.command)
app.command("evaluate", epilog=evaluate.EXAMPLES)(evaluate.command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command.

    Args:
        arguments: Words after ``visavox``; those of the process by default.

    Returns:
        The exit code.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        # File names need not fit the terminal's encoding; a name that cannot be shown is no reason to stop.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    debug = "--debug" in words
    try:
        code = app(words or ["--help"], prog_name="visavox", standalone_mode=False)
        sys.stdout.flush()
    except (KeyboardInterrupt, typer.Abort):
        code = STOPPED
    except BrokenPipeError:
        # Whoever read our output (`| head`) has gone; Python must not complain when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:
        if isinstance(error, MISUSE):
            console.complain(misuse(error))
            return MISUSED
        if debug:
            raise
        known = isinstance(error, VisavoxError)
        console.complain(error if known else console.unexpected(error))
        return MISUSED if isinstance(error, OptionError) else FAILED
    if code == STOPPED:
        console.complain("stopped; what was finished is kept.")
    return int(code or 0)


def misuse(error: Exception) -> str:
    """The sentence for words that make no command, with where to read on."""
    message = str(getattr(error, "format_message", lambda: error)()).strip().rstrip(".")
    context = getattr(error, "ctx", None)
    return f"{message} (see `{context.command_path if context else 'visavox'} --help`)."
