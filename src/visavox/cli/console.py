"""What every command says to the person in front of it: results on stdout, sentences and bars on stderr."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import rich.console
    import rich.progress

    from visavox.timeline import Timeline

PATIENCE = 1.0
"""Seconds of work after which a bar is shown."""

Data = Annotated[
    list[str] | None,
    typer.Option(
        metavar="[NAME=]PATH",
        help="Where a corpus is, or a folder that holds corpora by name; may be repeated. Default: VISAVOX_DATA.",
    ),
]
Debug = Annotated[bool, typer.Option("--debug", help="Show where in the program an error came from.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no remarks, only results and errors.")]


def complain(error: BaseException | str) -> None:
    """One sentence on stderr, on one line."""
    if isinstance(error, BaseException) and not str(error).strip():
        error = type(error).__name__
    print("visavox:", " ".join(str(error).split()), file=sys.stderr, flush=True)


def unexpected(error: Exception) -> str:
    """The sentence for an error that nobody foresaw."""
    what = " ".join(str(error).split())[:200]
    return f"something unexpected went wrong ({type(error).__name__}: {what}); run it again with --debug and report it."


def tell(timeline: Timeline, *, blank: bool = False) -> None:
    """A timeline on stdout: coloured on a terminal, plain text elsewhere.

    Args:
        timeline: What to tell.
        blank: Whether to leave a line empty before it.
    """
    from visavox.formats.text import describe

    if blank:
        print()
    if sys.stdout.isatty():
        from rich.console import Console

        Console(highlight=False).print(describe(timeline))
    else:
        print(describe(timeline), flush=True)


def printer(width: int = 120) -> rich.console.Console:
    """What tables are printed with on stdout: into a pipe or a file, lines are as long as they need to be.

    They are not broken to the width of a terminal that is not there.

    Args:
        width: Of a line into a pipe or a file, in characters.
    """
    from rich.console import Console

    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=width)


class Bar:
    """A progress bar on stderr, shown after a second of work and only on a terminal; gone when the work is done.

    Args:
        label: What is being done.
        quiet: Never show it.

    Example:
        >>> with Bar("counting", quiet=True) as bar:
        ...     bar(0.5, 1.0)
    """

    def __init__(self, label: str, *, quiet: bool = False) -> None:
        self._label = label
        self._begun = time.monotonic()
        self._silent = quiet or not sys.stderr.isatty()
        self._bar: rich.progress.Progress | None = None

    def __enter__(self) -> Bar:
        return self

    def __call__(self, done: float, total: float | None = None) -> None:
        """Tells it how far the work is; `total` is None while nobody knows."""
        if self._silent or time.monotonic() - self._begun < PATIENCE:
            return
        if self._bar is None:
            self._bar = self._make()
            self._bar.start()
            self._bar.add_task(self._label, total=total)
        self._bar.update(self._bar.task_ids[0], completed=done, total=total)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def _make(self) -> rich.progress.Progress:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        return Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )


class Steps:
    """What is being done, step by step, on stderr: one line that changes on a terminal, a line a step elsewhere.

    Args:
        quiet: Never show it.

    Example:
        >>> with Steps(quiet=True) as say:
        ...     say("reading")
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._terminal = sys.stderr.isatty()

    def __enter__(self) -> Steps:
        return self

    def __call__(self, what: str) -> None:
        """Tells what is done now; what ends with a line break stays, for others to write below it."""
        if not self._quiet:
            line = f"\r\x1b[K{what}" if self._terminal else what.rstrip("\n") + "\n"
            print(line, end="", file=sys.stderr, flush=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._terminal and not self._quiet:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
