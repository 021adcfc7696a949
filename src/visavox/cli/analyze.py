"""``visavox analyze``: recordings in, timelines out."""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from visavox.cli import console
from visavox.cli.write import Blur
from visavox.errors import InputError, OptionError, OutputError, VisavoxError

if TYPE_CHECKING:
    from visavox.baseline.by_person import Kind
    from visavox.recognizer import Prior
    from visavox.timeline import Timeline

TABLE = "timelines.csv"
"""The table over all recordings of one command."""

EXAMPLES = (
    "Examples:\n\nvisavox analyze interview.mp4   (prints who showed what when; writes nothing)\n\n"
    "visavox analyze *.mp4 -o results/ --format html --format csv   (a report and a table for each)"
)


def command(
    files: Annotated[list[str], typer.Argument(metavar="FILES", help="Video, sound or still pictures.")],
    output: Annotated[
        str | None,
        typer.Option(
            "-o", "--output", metavar="DIR|FILE", help="Where to write: a folder, or a file for one recording."
        ),
    ] = None,
    formats: Annotated[
        list[str] | None, typer.Option("--format", metavar="html|csv|json|mp4", help="What to write; may be repeated.")
    ] = None,
    start: Annotated[float, typer.Option(help="Begin of the part to analyse, in seconds.")] = 0.0,
    end: Annotated[
        float | None, typer.Option(help="End of the part, in seconds; the recording's end by default.")
    ] = None,
    segments: Annotated[
        str | None,
        typer.Option(
            metavar="TRIALS.CSV", help="Judge these intervals: a table with columns start and end, in seconds."
        ),
    ] = None,
    voice: Annotated[str, typer.Option(help="Voice model: a name, a path, or none.")] = "voice",
    face: Annotated[str, typer.Option(help="Face model: a name, a path, or none.")] = "face",
    body: Annotated[
        str,
        typer.Option(
            help="Body model: a name (accm), a path, none, or movement: bodies are followed, and how much they move is "
            "measured, but no emotion is read from them."
        ),
    ] = "none",
    joints: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="Joints that another program found in the recording, in place of looking for bodies: an OpenPose "
            "folder or a table.",
        ),
    ] = None,
    no_voice: Annotated[bool, typer.Option("--no-voice", help="Leave the voice out.")] = False,
    no_face: Annotated[bool, typer.Option("--no-face", help="Leave the face out.")] = False,
    fusion: Annotated[
        str,
        typer.Option(
            help="How they are joined: log-linear, product, mean, max, min, median, majority-vote, none; or the path "
            "of a trained fusion, which brings its own voice and face."
        ),
    ] = "log-linear",
    every: Annotated[float, typer.Option(help="Length of a cell, in seconds.")] = 0.5,
    prior: Annotated[
        str, typer.Option(help="What is expected before anything was seen: life, uniform, or corpus (as trained).")
    ] = "life",
    baseline: Annotated[
        str,
        typer.Option(
            help="What a person is compared with: self (their own neutral, as far as the recording shows it), or none."
        ),
    ] = "self",
    neutral: Annotated[
        str | None,
        typer.Option(
            metavar="START-END", help="Seconds in which everybody is neutral; the baseline is then called enrolment."
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print timelines on stdout as JSON, one line for each recording.")
    ] = False,
    blur_faces: Blur = False,
    quiet: console.Quiet = False,
    debug: console.Debug = False,
) -> int:
    """Says who showed what when, from faces, voices and, where asked, bodies.

    Without -o and --format it prints and writes nothing. With a folder it writes a file for each recording and format,
    and for several recordings one table over all of them as well. One bad file does not stop the others: the exit code
    is 1 if any failed.
    """
    from visavox.options import MOVEMENT, Options, read_segments, read_stretch

    plan = make_plan(files, output, formats or [], segments)
    if joints is not None and len(plan.jobs) > 1:
        raise OptionError(f"--joints {joints} belongs to one recording, and {len(plan.jobs)} are named.")
    options = Options(
        voice=_name(None if no_voice else voice),
        face=_name(None if no_face else face),
        body=_name(body),
        joints=joints,
        fusion=_name(fusion),
        every=every,
        start=start,
        end=end,
        segments=None if segments is None else read_segments(segments),
        prior=cast("Prior", prior),
        baseline=cast("Kind", baseline),
        neutral=None if neutral is None else read_stretch(neutral),
    )
    if blur_faces:
        plan.check_hiding(options.face)
    from visavox import zoo

    for model in (options.voice, options.face, options.body):
        if model is not None and model != MOVEMENT:
            zoo.card(model)
    plan.check_places()

    from visavox.formats import write_table

    done: list[Timeline] = []
    failed = 0
    shown = False
    try:
        for number, job in enumerate(plan.jobs, 1):
            label = f"{number}/{len(plan.jobs)} {job.label}" if len(plan.jobs) > 1 else job.label
            try:
                timeline = _analyze(job.source, options, label, quiet)
                if plan.table is not None:
                    done.append(timeline)
                for path in job.outputs:
                    _write(timeline, path, job.source, blur_faces, quiet or as_json)
                _show(timeline, as_json=as_json, text=not (plan.writes or as_json), first=not shown)
                shown = True
            except (InputError, OutputError) as error:
                failed += 1
                console.complain(_named(error, job.source))
                _trace(debug)
            except (VisavoxError, BrokenPipeError):
                raise
            except Exception as error:
                failed += 1
                console.complain(f"{job.source}: {console.unexpected(error)}")
                _trace(debug)
    finally:
        if plan.table is not None and done:
            write_table(done, plan.table)
            if not (quiet or as_json):
                print(f"wrote {plan.table}")
    return 1 if failed else 0


@dataclass(frozen=True)
class Job:
    """One recording, the files it becomes, and what the bar calls it."""

    source: str
    outputs: tuple[Path, ...]
    label: str


@dataclass(frozen=True)
class Plan:
    """What is read and where things go.

    Args:
        jobs: The recordings, each once, in the order they were named.
        folder: Where files go; None where nothing is written.
        named: The folder or file that was asked for.
        table: The table over all recordings, or None.
    """

    jobs: tuple[Job, ...]
    folder: Path | None
    named: Path | None
    table: Path | None

    @property
    def writes(self) -> bool:
        """Whether anything is written to files."""
        return self.folder is not None

    def check_hiding(self, face: str | None) -> None:
        """Looks whether faces can be hidden: in a video, and where somebody looks for them.

        Raises:
            OptionError: If not.
        """
        from visavox.formats import FORMATS

        if not any(FORMATS[path.suffix.lower()].filmed for job in self.jobs for path in job.outputs):
            raise OptionError("--blur-faces hides faces in a video, and none is written; add --format mp4.")
        if face is None:
            raise OptionError("--blur-faces hides the faces that are found, and no face model looks for any; name one.")

    def check_places(self) -> None:
        """Makes the folder and tries to write there: better now than after an hour of work.

        Raises:
            OutputError: If it cannot be written.
        """
        if self.folder is None:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.folder):
                pass
        except FileExistsError:
            raise OutputError(f"{self.folder}: there is a file of that name; name a folder to write to.") from None
        except OSError as error:
            raise OutputError(
                f"{self.named}: cannot be written ({error.strerror or error}); choose another place with -o."
            ) from None


def make_plan(files: Sequence[str], output: str | None, formats: Sequence[str], segments: str | None = None) -> Plan:
    """Decides what is written where.

    Args:
        files: The recordings as they were named; one named twice is read once.
        output: A folder, a file, or None.
        formats: Names of formats; html where a folder is named and no format.
        segments: A table that is read, and so must not be written over.

    Raises:
        OptionError: If a format is unknown, a file is named for several recordings, or an input would be written over.
    """
    from visavox.formats import FORMATS

    known = {kind.name: kind.suffixes[0] for kind in FORMATS.values()}
    endings = {kind.name: kind.file_ending for kind in FORMATS.values()}
    for name in formats:
        if name not in known:
            raise OptionError.one_of("format", name, known)
    sources = list({_resolved(name): name for name in reversed(files)}.values())[::-1]
    named = Path(output) if output is not None else None
    several = len(sources) > 1
    table: Path | None = None
    outputs: list[tuple[Path, ...]] = [()] * len(sources)
    if named is not None and _is_file(named, output or "", FORMATS):
        suffix = named.suffix.lower()
        if any(known[name] != known[FORMATS[suffix].name] for name in formats):
            raise OptionError(f"-o {output} names a {FORMATS[suffix].name} file; for other formats name a folder.")
        if several and FORMATS[suffix].name != "csv":
            raise OptionError(
                f"-o {output} names one file for {len(sources)} recordings; name a folder, or a .csv table."
            )
        if several:
            table = named
        else:
            outputs = [(named,)]
        folder: Path | None = named.parent
    elif named is not None or formats:
        folder = named or Path()
        suffixes = [endings[name] for name in dict.fromkeys(formats or ["html"])]
        stems = _stems(sources, taken={Path(TABLE).stem} if several else set())
        outputs = [tuple(folder / f"{stem}{suffix}" for suffix in suffixes) for stem in stems]
        table = folder / TABLE if several else None
    else:
        folder = None
    inputs = {_resolved(name) for name in [*sources, *([segments] if segments else [])]}
    for path in [*(path for paths in outputs for path in paths), *([table] if table else [])]:
        if _resolved(path) in inputs:
            raise OptionError(f"{path} would be written over, and it is an input; choose another folder with -o.")
    jobs = tuple(Job(source, paths, Path(source).name) for source, paths in zip(sources, outputs, strict=True))
    return Plan(jobs, folder, named or folder, table)


def _is_file(named: Path, text: str, suffixes: Any) -> bool:
    return named.suffix.lower() in suffixes and not text.endswith(("/", "\\")) and not named.is_dir()


def _resolved(name: str | Path) -> Path:
    return Path(name).expanduser().absolute()


def _stems(sources: Sequence[str], taken: set[str]) -> list[str]:
    """Names of output files, told apart whatever their case: the stem, else the file's name, else folders before it."""
    choices = [_candidates(source) for source in sources]
    level = [0] * len(sources)
    while True:
        stems = [choice[place] for choice, place in zip(choices, level, strict=True)]
        counts = Counter(stem.casefold() for stem in stems)
        # All that share a name move on together, so that what a file is called does not depend on the order.
        clashing = [i for i, stem in enumerate(stems) if counts[stem.casefold()] > 1 or stem.casefold() in taken]
        movable = [i for i in clashing if level[i] < len(choices[i]) - 1]
        if not movable:
            break
        for i in movable:
            level[i] += 1
    # What is left differs by case alone.
    used = {stem.casefold() for stem in stems} | taken
    for i in sorted(clashing, key=lambda i: sources[i]):
        stems[i] = next(name for n in count(1) if (name := f"{stems[i]}-{n}").casefold() not in used)
        used.add(stems[i].casefold())
    return stems


def _candidates(source: str) -> list[str]:
    """What a recording's output may be called, the best first."""
    path = Path(source)
    parts = [part.replace(":", "") for part in path.absolute().parts if part.strip("/\\")]
    return [path.stem, path.name, *("_".join(parts[-length:]) for length in range(2, len(parts) + 1))]


def _name(text: str | None) -> str | None:
    return None if text is None or text.lower() == "none" else text


def _analyze(source: str, options: Any, label: str, quiet: bool) -> Timeline:
    from visavox.analysis import analyze

    path = Path(source)
    if source and path.is_dir():
        raise InputError(f"{source}: this is a folder; name the files in it, for example {_glob(path)}.")
    with console.Bar(label, quiet=quiet) as bar:
        return analyze(
            source,
            voice=options.voice,
            face=options.face,
            body=options.body,
            joints=options.joints,
            fusion=options.fusion,
            every=options.every,
            start=options.start,
            end=options.end,
            segments=options.segments,
            prior=options.prior,
            baseline=options.baseline,
            neutral=options.neutral,
            progress=bar,
        )


def _glob(folder: Path) -> str:
    """The pattern that most files of a folder fit."""
    try:
        suffixes = Counter(path.suffix for path in folder.iterdir() if path.suffix and path.is_file())
    except OSError:
        suffixes = Counter()
    suffix = suffixes.most_common(1)[0][0] if suffixes else ".mp4"
    return f"visavox analyze {folder}/*{suffix}"


def _write(timeline: Timeline, path: Path, source: str, blur_faces: bool, quiet: bool) -> None:
    from visavox.formats import FORMATS, write

    filmed = FORMATS[path.suffix.lower()].filmed
    with console.Bar(path.name, quiet=quiet) as bar:
        hidden = blur_faces and filmed
        write(timeline, path, recording=source if filmed else None, blur_faces=hidden, progress=bar)
    if not quiet:
        print(f"wrote {path}", flush=True)


def _show(timeline: Timeline, *, as_json: bool, text: bool, first: bool) -> None:
    try:
        if as_json:
            from visavox.formats import FORMATS

            # The file's JSON is laid out for readers; one line a recording is what programs read from a pipe.
            print(json.dumps(json.loads(FORMATS[".json"].encode(timeline)), ensure_ascii=False), flush=True)
        elif text:
            console.tell(timeline, blank=not first)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"stdout: cannot be written ({error.strerror or error}).") from None


def _named(error: VisavoxError, source: str) -> str:
    """The error's sentence, with the recording's name where it does not say it."""
    text = str(error)
    return text if Path(source).name in text or isinstance(error, OutputError) else f"{source}: {text}"


def _trace(debug: bool) -> None:
    if debug:
        import traceback

        traceback.print_exc(file=sys.stderr)
