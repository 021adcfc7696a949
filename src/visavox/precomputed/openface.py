"""`OpenFace`: features of clips out of OpenFace's tables, one file a clip and one row a picture."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from visavox.clip import Clip
from visavox.errors import DataError, InputError, ModelError, OptionError
from visavox.precomputed.tables import Floats, chosen, take
from visavox.recognizer import Modality, Recognizer

BY_NAME: dict[str, Callable[..., object]] = {
    "mean": np.mean,
    "std": np.std,
    "min": np.min,
    "max": np.max,
    "median": np.median,
}
"""What is made of a column's values over a clip, beside percentiles (``p10``)."""

SURE = 0.8
"""Confidence, 0..1, from which OpenFace's own samples take a picture's values to be usable."""

SUFFIXES = (".csv", ".txt")
"""How OpenFace's tables end."""


class OpenFace(Recognizer):
    """OpenFace's tables as the features of a Recognizer; a clip's table is found by `Clip.name`.

    Columns are read by name, never by place (releases differ), with spaces around headings taken off. Pictures in
    which the face was lost (``success`` 0) or OpenFace was not sure (``confidence``) are left out. Where a table
    follows several faces (``face_id``), the one that is usable in most pictures counts.

    Args:
        tables: A folder, in which each clip's table lies somewhere under the clip's name, or tables by clip's name,
            such as ``{sample.clip.name: sample.table for sample in samples}``.
        columns: A group (``action-units``, ``gaze``, ``pose``), names, or patterns with ``*``; several of them in a
            sequence.
        statistics: What is made of each column over a clip, of ``mean``, ``std``, ``min``, ``max``, ``median`` and
            percentiles such as ``p90``.
        confidence: Least confidence of a picture, 0..1.
        modality: Of what was measured.

    Attributes:
        classes_: No word.
        columns_: Names of the numbers: the column's own for its mean, as in published averages, and otherwise with the
            statistic behind (``AU12_r_p90``). Known once a table was read.

    A clip without a table is a row of NaN with the reason ``no_features``, one without a usable picture with
    ``no_face``. Each table is read once and its statistics are kept.

    Raises:
        InputError: If the folder is not there.
        DataError: If a name is there twice, or a table holds no number where one must be, or other columns than the
            first that was read; it names file and row.
        OptionError: If a statistic is unknown.

    Source: Baltrusaitis et al., "OpenFace 2.0: Facial Behavior Analysis Toolkit", FG 2018, and the toolkit's page on
        its output.
    """

    classes_ = ()
    card = None

    def __init__(
        self,
        tables: str | os.PathLike[str] | Mapping[str, str | os.PathLike[str]],
        *,
        columns: str | Sequence[str] = "action-units",
        statistics: Sequence[str] = ("mean", "std", "p10", "p90"),
        confidence: float = SURE,
        modality: Modality = "face",
    ) -> None:
        for statistic in statistics:
            if statistic not in BY_NAME and _percent(statistic) is None:
                raise OptionError.one_of("statistics", statistic, (*BY_NAME, "p0 to p100"))
        if not statistics or isinstance(statistics, str):
            raise OptionError.one_of("statistics", statistics, ("a sequence of", *BY_NAME, "p0 to p100"))
        if not 0 <= confidence <= 1:
            raise OptionError(f"Bad value {confidence!r} for confidence: expected 0 to 1.")
        if modality not in get_args(Modality):
            raise OptionError.one_of("modality", modality, get_args(Modality))
        self.tables = tables
        self.columns = columns
        self.statistics = statistics
        self.confidence = confidence
        self.modality: Modality = modality
        self.columns_: tuple[str, ...] = ()
        self._paths = (
            {name: Path(path) for name, path in tables.items()} if isinstance(tables, Mapping) else _inside(tables)
        )
        self._takes: dict[str, list[str]] = {}
        for name in self._paths:
            if performance := take(name):
                self._takes.setdefault(performance, []).append(name)
        self._kept: dict[Path, Floats | None] = {}
        self._headings: tuple[str, ...] = ()

    def predict_proba(self, clips: Sequence[Clip]) -> NDArray[np.float64]:
        """Nothing: numbers are not judged by themselves.

        Raises:
            ModelError: Always.
        """
        raise ModelError("OpenFace's tables hold features and no words: fit a Classic on them to judge clips.")

    def features(self, clips: Sequence[Clip]) -> NDArray[np.float32]:
        """Statistics of clips [shape=(n, d)], statistic by statistic; rows of NaN where `reasons` says why.

        Raises:
            DataError: As the class says; or none of the clips has a table that can be used.
        """
        rows = [self._look(clip) for clip in clips]
        if not self.columns_ and self._paths:
            # Nobody was seen in these clips; any other table tells how many columns there are.
            next((values for path in self._paths.values() if (values := self._read(path)) is not None), None)
        if not self.columns_:
            raise DataError(f"{_called(self.tables)}: no table in it in which a face was seen; run OpenFace first.")
        result = np.full((len(clips), len(self.columns_)), np.nan, dtype=np.float32)
        for row, values in zip(result, rows, strict=True):
            if values is not None:
                row[:] = values
        return result

    def reasons(self, clips: Sequence[Clip]) -> list[str]:
        """``no_features`` where there is no table, ``no_face`` where no picture is usable, ``""`` elsewhere."""
        told = []
        for clip in clips:
            path = self._path(clip)
            told.append("no_features" if path is None else "no_face" if self._read(path) is None else "")
        return told

    def __sklearn_clone__(self) -> OpenFace:
        """Itself: there is nothing to learn."""
        return self

    def _look(self, clip: Clip) -> Floats | None:
        path = self._path(clip)
        return None if path is None else self._read(path)

    def _path(self, clip: Clip) -> Path | None:
        """The clip's table, or for RAVDESS that of the same take under another kind."""
        if clip.name is None:
            raise InputError(f"a clip without a name has no table in {_called(self.tables)}; give it its file's name.")
        if clip.name in self._paths:
            return self._paths[clip.name]
        names = self._takes.get(take(clip.name) or "", [])
        if len({self._paths[name] for name in names}) > 1:
            raise DataError(
                f"{clip.name} has no table, but {names[0]} and {names[1]} have, of the same take; keep one."
            )
        return self._paths[names[0]] if names else None

    def _read(self, path: Path) -> Floats | None:
        """Statistics of a table's usable pictures; None where there is none."""
        if path not in self._kept:
            headings, values = usable(path, self.columns, self.confidence)
            if self._headings and headings != self._headings:
                other = sorted(set(headings) ^ set(self._headings)) or ["another order"]
                raise DataError(
                    f"{path}: its columns are not those of the tables before it ({', '.join(other[:5])}); "
                    f"make all tables with one release of OpenFace."
                )
            self._headings = headings
            if not self.columns_:
                self.columns_ = tuple(
                    name if statistic == "mean" else f"{name}_{statistic}"
                    for statistic in self.statistics
                    for name in headings
                )
            self._kept[path] = np.concatenate([_of(values, s) for s in self.statistics]) if len(values) else None
        return self._kept[path]


def usable(path: Path, columns: str | Sequence[str], confidence: float) -> tuple[tuple[str, ...], Floats]:
    """The columns asked for of a table of OpenFace, and their values in the pictures that can be used [shape=(t, d)].

    Raises:
        DataError: If it cannot be read, has no such columns, or holds no number where one must be.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            headings = [heading.strip() for heading in next(reader, [])]
            names = chosen(headings, columns, str(path))
            flags = [name for name in ("success", "confidence", "face_id") if name in headings]
            places = [headings.index(name) for name in (*flags, *names)]
            rows = [_numbers(row, places, headings, f"{path}, row {reader.line_num}") for row in reader if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: this table cannot be read ({error}).") from error
    table = np.array(rows, dtype=np.float64).reshape(len(rows), len(places))
    flag = {name: table[:, place] for place, name in enumerate(flags)}
    good = np.ones(len(table), dtype=bool)
    if "success" in flag:
        good &= flag["success"] > 0
    if "confidence" in flag:
        good &= flag["confidence"] >= confidence
    if "face_id" in flag and good.any():
        faces, counts = np.unique(flag["face_id"][good], return_counts=True)
        good &= flag["face_id"] == faces[counts.argmax()]
    values = table[good, len(flags) :]
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        line = int(np.flatnonzero(good)[bad[0, 0]])
        raise DataError(
            f"{path}, picture {line + 1}: column {names[bad[0, 1]]} holds no finite number though the face was found; "
            f"make the table again."
        )
    return tuple(names), values


def _numbers(row: list[str], places: Iterable[int], headings: list[str], where: str) -> list[float]:
    try:
        return [float(row[place]) for place in places]
    except IndexError:
        raise DataError(f"{where}: {len(row)} cells under {len(headings)} headings; make the table again.") from None
    except ValueError as error:
        raise DataError(f"{where}: {error}; make the table again.") from None


def _of(values: Floats, statistic: str) -> Floats:
    """A statistic of each column [shape=(d,)]."""
    if (percent := _percent(statistic)) is not None:
        return np.asarray(np.percentile(values, percent, axis=0), dtype=np.float64)
    return np.asarray(BY_NAME[statistic](values, axis=0), dtype=np.float64)


def _percent(statistic: str) -> int | None:
    """Of ``p90`` 90; None for what is no percentile."""
    match = re.fullmatch(r"p(\d{1,2}|100)", statistic)
    return int(match.group(1)) if match else None


def _inside(folder: str | os.PathLike[str]) -> dict[str, Path]:
    """Tables in a folder, by clip's name."""
    place = Path(folder)
    if not place.is_dir():
        raise InputError(f"{place}: no such folder of OpenFace's tables.")
    found: dict[str, Path] = {}
    for path in sorted(path for path in place.rglob("*") if path.suffix.lower() in SUFFIXES):
        if path.stem in found:
            raise DataError(f"{path}: there is a table of this name already, {found[path.stem]}; keep one.")
        found[path.stem] = path
    return found


def _called(tables: str | os.PathLike[str] | Mapping[str, str | os.PathLike[str]]) -> str:
    return "the tables" if isinstance(tables, Mapping) else str(tables)
