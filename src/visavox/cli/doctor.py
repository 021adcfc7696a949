"""``visavox doctor``: is everything there, and does it work?"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Annotated

import typer

from visavox.cli import console
from visavox.errors import VisavoxError

EXAMPLES = "Examples:\n\nvisavox doctor\n\nvisavox doctor --json   (for a bug report)"

LIBRARIES = (
    ("numpy", "numpy"),
    ("av", "av"),
    ("soxr", "soxr"),
    ("onnxruntime", "onnxruntime"),
    ("ai-edge-litert", "ai_edge_litert.interpreter"),
    ("pandas", "pandas"),
    ("typer", "typer"),
    ("rich", "rich"),
    ("jinja2", "jinja2"),
    ("platformdirs", "platformdirs"),
    ("filelock", "filelock"),
)
"""What the core needs: names on the package index, and modules."""

EXTRAS = (("torch", "train"), ("onnx", "train"), ("pyarrow", "table"))
"""What extras bring: names, and the extra."""

REINSTALL = "pip install --force-reinstall visavox"

GOLDEN_TOLERANCE = 1e-3
"""Largest difference of a logit from its card: other processors add up in another order."""


@dataclass(frozen=True)
class Check:
    """One thing looked at.

    Args:
        name: What.
        ok: Whether it is as it should be.
        found: What was found.
        cure: What to do, where it is not.
    """

    name: str
    ok: bool
    found: str
    cure: str = ""


def command(
    as_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False,
    debug: console.Debug = False,
) -> int:
    """Looks whether everything is there and works, and says what to do where it does not."""
    checks = []
    for check in examine(debug=debug):
        checks.append(check)
        if not as_json:
            print(f"{'ok     ' if check.ok else 'WRONG  '}{check.name:<16} {check.found}", flush=True)
            if check.cure:
                print(f"{'':7}{'':<16} -> {check.cure}", flush=True)
    wrong = [check for check in checks if not check.ok]
    if as_json:
        print(json.dumps({"ok": not wrong, "checks": [asdict(check) for check in checks]}, indent=1))
    else:
        print("Everything works." if not wrong else f"{len(wrong)} of {len(checks)} are wrong.")
    return 1 if wrong else 0


def examine(*, debug: bool = False) -> Iterator[Check]:
    """Looks at one thing after the other; later ones rest on earlier ones."""
    for look in (_python, _libraries, _ffmpeg, _temporary, _weights, _cache, _models, _face, _voice):
        try:
            yield from look()
        except VisavoxError as error:
            yield Check(look.__name__.strip("_"), False, str(error))
        except Exception as error:  # a broken installation fails in ways of its own
            if debug:
                raise
            yield Check(look.__name__.strip("_"), False, f"{type(error).__name__}: {error}", REINSTALL)


def _python() -> Iterator[Check]:
    import platform

    from visavox import __version__

    found = f"{platform.python_version()}, {platform.system()} {platform.machine()}, visavox {__version__}"
    right = sys.version_info >= (3, 11)
    yield Check("python", right, found, "" if right else "install Python 3.11 or newer")


def _libraries() -> Iterator[Check]:
    import importlib
    from importlib.metadata import PackageNotFoundError, version

    found, missing = [], []
    for name, module in LIBRARIES:
        try:
            importlib.import_module(module)
            found.append(f"{name} {version(name)}")
        except (ImportError, PackageNotFoundError) as error:
            missing.append(f"{name} ({error})")
    yield Check(
        "libraries",
        not missing,
        ", ".join(found) if not missing else f"missing: {'; '.join(missing)}",
        "" if not missing else REINSTALL,
    )
    there = []
    for name, extra in EXTRAS:
        try:
            there.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            there.append(f"no {name} (pip install 'visavox[{extra}]')")
    yield Check("extras", True, ", ".join(there))


def _ffmpeg() -> Iterator[Check]:
    import av
    from av.codec import codecs_available

    versions = ", ".join(f"{name} {'.'.join(map(str, number))}" for name, number in sorted(av.library_versions.items()))
    lacking = {"h264", "hevc", "vp9", "aac", "mp3", "opus", "flac"} - set(codecs_available)
    yield Check(
        "ffmpeg",
        True,
        f"PyAV {av.__version__}: {versions}" + (f"; cannot read {', '.join(sorted(lacking))}" if lacking else ""),
        "this PyAV was built without common decoders; pip install --force-reinstall av" if lacking else "",
    )


def _temporary() -> Iterator[Check]:
    import tempfile

    try:
        with tempfile.TemporaryFile() as file:
            file.write(b"visavox")
        yield Check("temporary", True, tempfile.gettempdir())
    except OSError as error:
        yield Check("temporary", False, f"no place to write ({error})", "set TMPDIR to a folder that can be written")


def _weights() -> Iterator[Check]:
    from visavox import weights

    missing = weights.missing()
    folder = weights.folder()
    found = f"{folder}: {len(weights.FILES) - len(missing)} of {len(weights.FILES)} files"
    if missing:
        found += "; " + ", ".join(f"{name} is {fault}" for name, fault in missing.items())
    yield Check("weights", not missing, found, "visavox models fetch" if missing else "")


def _cache() -> Iterator[Check]:
    """What trainings have computed of clips."""
    from visavox.recipes.caching import Cache

    cache = Cache()
    held = cache.held()
    told = f"{cache.folder}: {held.files} files, {held.bytes / 1e6:.1f} MB that trainings computed of clips"
    yield Check("cache", True, f"{told}; remove the folder to empty it" if held.files else told)


def _models() -> Iterator[Check]:
    from visavox import zoo

    absent = {"face", "voice", "fusion"} - set(zoo.names())
    if absent:
        yield Check(
            "models",
            False,
            f"missing: {', '.join(sorted(absent))}; there are {', '.join(zoo.names()) or 'none'} in {zoo.FOLDER}",
            "install visavox again, or in a checkout `visavox train NAME --install`",
        )
    for name in zoo.names():
        try:
            yield _model(name)
        except VisavoxError as error:
            yield Check(f"model {name}", False, str(error), REINSTALL)


def _model(name: str) -> Check:
    """Loads a model as everybody does, and has its network compute what its card says that it must."""
    import numpy as np

    from visavox import zoo
    from visavox.recipes import golden_input
    from visavox.session import Session

    card = zoo.load(name).card
    assert card is not None
    label = f"model {name}"
    if not card.golden:
        return Check(label, True, f"version {card.version}")
    network = Session(zoo.FOLDER / f"{name}.onnx", sha256=card.sha256)
    golden = card.golden
    made = golden_input(golden["seed"], golden["shape"], golden.get("low", 0.0), golden.get("high", 1.0))
    difference = float(np.abs(network(made)[0][0] - np.asarray(golden["logits"])).max())
    right = difference <= GOLDEN_TOLERANCE
    return Check(
        label,
        right,
        f"version {card.version}, right SHA-256, golden output {'met' if right else 'missed'} by {difference:.1e}",
        "" if right else "ONNX Runtime computes something else here: report it with `visavox doctor --json`",
    )


def _face() -> Iterator[Check]:
    """A portrait in which everybody sees a smile."""
    from visavox import weights

    yield _trial("face", str(weights.path("astronaut.png")), lambda words: words == {"happy"}, "a smile")


def _voice() -> Iterator[Check]:
    """A synthesised voice, in which there is speech to be found; what it is taken for does not matter."""
    import tempfile
    import wave
    from pathlib import Path

    from visavox.clip import VOICE_RATE
    from visavox.demo import speak

    sound = speak().sound[: 3 * VOICE_RATE]
    with tempfile.TemporaryDirectory(prefix="visavox-") as folder:
        path = Path(folder) / "voice.wav"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(VOICE_RATE)
            file.writeframes((sound * 32767).astype("<i2").tobytes())
        yield _trial("voice", str(path), bool, "speech")


def _trial(source: str, file: str, right: Callable[[set[str]], bool], what: str) -> Check:
    from time import perf_counter

    from visavox.analysis import analyze

    begun = perf_counter()
    timeline = analyze(file, voice=None) if source == "face" else analyze(file, face=None)
    words = {word for segment in timeline.only(source=source) if (word := timeline.word(segment)) is not None}
    seconds = perf_counter() - begun
    if right(words):
        return Check(f"{source} analysis", True, f"{what} is found in {seconds:.1f} s")
    return Check(
        f"{source} analysis",
        False,
        f"{what} is not found, but {', '.join(sorted(words)) or 'nothing'}",
        "report it with `visavox doctor --json`",
    )
