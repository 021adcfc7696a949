"""Anybody's own recordings: a table whose rows name a file, its emotion, and whatever else is known.

A table is a CSV or TSV file (packed with gzip or not). Its columns are those of `visavox.datasets.Sample`: `path` (of a
sound, a video or a picture; relative to the table's folder) or `name` (where features alone are at hand) and
`emotion` there must be; `speaker`, `sex`, `age` (in years), `part`, `intensity`, `statement`, `repetition`, `take`,
`modality`, `defect` and `table` there may be, `start` and `end` in seconds where a file holds several clips, and a
column `votes_WORD` for every word that raters could choose. Columns whose names begin with an underscore are notes.
Empty cells mean "not known".

Without a column `speaker` no protocol can keep people apart: give it if you can.
"""

from __future__ import annotations

import csv
import functools
import gzip
import io
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, cast, get_args

from visavox import emotions
from visavox.clip import Clip
from visavox.datasets import TABLES, About, Kind, Modality, Sample
from visavox.datasets.recordings import SOUNDS, STILLS, VIDEOS
from visavox.errors import DataError, OptionError

COLUMNS = (
    "path", "name", "emotion", "start", "end", "speaker", "sex", "age", "part", "intensity", "statement", "repetition",
    "take", "modality", "defect", "table",
)  # fmt: skip
"""What a table may say of a clip, beside votes."""

PARTS = ("train", "validation", "test")
"""What `part` may be."""

SEXES: Mapping[str, Literal["female", "male"]] = {
    "female": "female", "f": "female", "woman": "female", "male": "male", "m": "male", "man": "male",
}  # fmt: skip
"""Spellings of `sex`."""


def corpus(name: str) -> Kind:
    """A table as a corpus.

    Args:
        name: by which it is loaded, or its path.
    """
    about = About(
        name=name,
        title=f"{_short(name)}, a table of recordings",
        modality="audio-video",
        licence="that of its recordings, which their owner knows",
        credit="its owner",
        access="local",
        asking="it is a table of somebody's own",
    )
    return Kind(about, functools.partial(samples, name=name))


def samples(path: Path, name: str | None = None) -> list[Sample]:
    """The rows of a table, in its order.

    Args:
        path: of the table.
        name: by which the corpus is loaded; None: the path.

    Returns:
        A sample a row. A speaker is named with the corpus ("mine-anna"; of a path, with the file's name): he is another
        one than anybody else's; one who already bears a corpus's name ("ravdess-05") keeps it. The same goes for takes.

    Raises:
        DataError: the table is not there or not a table, a column is missing or not known, or a cell says what it
            cannot; the message names the row.
    """
    name = name or str(path)
    rows, columns = _read(path)
    result = [_sample(row, path, number, name, columns) for number, row in rows]
    seen: dict[str, int] = {}
    for (number, _), sample in zip(rows, result, strict=True):
        key = str(sample.clip.name)
        if sample.clip.source is None and seen.setdefault(key, number) != number:
            raise DataError(f"{path}, row {number}: {key!r} is the name of row {seen[key]} too; name each clip once")
    return result


def _read(path: Path) -> tuple[list[tuple[int, dict[str, str]]], tuple[str, ...]]:
    """Rows with their numbers in the file, the first below the names being 2; and the columns."""
    if not path.is_file():
        raise DataError(f"{path}: there is no such table; name a file that ends in {', '.join(TABLES)}")
    try:
        data = path.read_bytes()
        text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8-sig")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: it cannot be read as text in UTF-8 ({error}); save it as such") from error
    first = text.partition("\n")[0]
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=max("\t;,", key=first.count) if first else ",")
    columns = tuple(cell.strip() for cell in next(rows, []))
    _check(columns, path)
    result = []
    for cells in rows:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(columns):
            raise DataError(f"{path}, row {rows.line_num}: {len(cells)} cells for {len(columns)} columns; quote commas")
        result.append((rows.line_num, dict(zip(columns, (cell.strip() for cell in cells), strict=True))))
    if not result:
        raise DataError(f"{path}: no row in it; write one row a clip")
    return result, columns


def _check(columns: tuple[str, ...], path: Path) -> None:
    for column in columns:
        if columns.count(column) > 1:
            raise DataError(f"{path}: two columns are called {column!r}; name each once")
        if column not in COLUMNS and not column.startswith(("_", "votes_")):
            raise DataError(
                f"{path}: unknown column {column!r}; known are {', '.join(COLUMNS)} and votes_WORD "
                f"(begin a name with _ to keep it as a note)"
            )
    if "emotion" not in columns or not {"path", "name"} & set(columns):
        missing = "emotion" if "emotion" not in columns else "path (or name)"
        raise DataError(f"{path}: no column {missing}; the columns are {', '.join(columns) or 'none'}")


def _sample(row: Mapping[str, str], path: Path, number: int, corpus: str, columns: tuple[str, ...]) -> Sample:
    where = f"{path}, row {number}"
    source = _file(row, "path", path, where)
    if source is None and not row.get("name"):
        raise DataError(f"{where}: neither path nor name says which clip it is; give one of them")
    start, end = _number(row, "start", where), _number(row, "end", where)
    if (start or 0.0) < 0 or (end is not None and end <= (start or 0.0)):
        raise DataError(f"{where}: from {start or 0} to {end} s is no stretch of time; start must be before end")
    name = row.get("name") or (source.stem if source is not None else None)
    if source is not None and not row.get("name") and start is not None:
        name = f"{source.stem}-{start:g}"
    speaker = _owned(row.get("speaker", ""), corpus)
    repetition = _whole(row, "repetition", where)
    return Sample(
        clip=Clip(source, name=name, start=start or 0.0, end=end, person=speaker),
        emotion=_word(row["emotion"], where),
        corpus=corpus,
        speaker=speaker,
        sex=None if not row.get("sex") else SEXES[_one_of(row["sex"].lower(), tuple(SEXES), "sex", where)],
        age=_whole(row, "age", where),
        part="" if not row.get("part") else _one_of(row["part"], PARTS, "part", where),
        intensity=row.get("intensity") or None,
        statement=row.get("statement") or None,
        repetition=repetition,
        take=_owned(row.get("take", ""), corpus),
        modality=_modality(row.get("modality", ""), source, where),
        defect=row.get("defect", ""),
        votes=_votes(row, columns, where),
        table=_file(row, "table", path, where),
    )


def _word(spelling: str, where: str) -> str:
    if not spelling:
        raise DataError(f"{where}: no emotion; write one, or leave the row out")
    try:
        return emotions.word(spelling)
    except OptionError as error:
        raise DataError(f"{where}: {error}") from error


def _file(row: Mapping[str, str], column: str, table: Path, where: str) -> Path | None:
    if not row.get(column):
        return None
    path = table.parent / Path(row[column]).expanduser()
    if not path.is_file():
        raise DataError(f"{where}: {path} is not there; {column} is relative to the table's folder")
    return path


def _number(row: Mapping[str, str], column: str, where: str) -> float | None:
    if not row.get(column):
        return None
    try:
        value = float(row[column])
    except ValueError as error:
        raise DataError(f"{where}: {column} {row[column]!r} is no number") from error
    if not math.isfinite(value):
        raise DataError(f"{where}: {column} is {value}; leave the cell empty where it is not known")
    return value


def _whole(row: Mapping[str, str], column: str, where: str) -> int | None:
    value = _number(row, column, where)
    if value is not None and (value < 0 or value != int(value)):
        raise DataError(f"{where}: {column} is {row[column]}, expected a whole number from 0 on")
    return None if value is None else int(value)


def _one_of(value: str, allowed: tuple[str, ...], column: str, where: str) -> str:
    if value not in allowed:
        raise DataError(f"{where}: {OptionError.one_of(column, value, allowed)}")
    return value


def _owned(key: str, corpus: str) -> str | None:
    """A speaker's or take's name, unique over all corpora."""
    from visavox.datasets import names

    own = _short(corpus)
    known = tuple(f"{name}-" for name in (own, *names()))
    return None if not key else key if key.startswith(known) else f"{own}-{key}"


def _short(corpus: str) -> str:
    """A corpus's name; of a path, the file's without what follows its first dot."""
    return Path(corpus).name.partition(".")[0]


def _modality(given: str, source: Path | None, where: str) -> str:
    if given:
        return _one_of(given, cast("tuple[str, ...]", get_args(Modality)), "modality", where)
    suffix = "" if source is None else source.suffix.lower()
    return (
        "voice" if suffix in SOUNDS else "audio-video" if suffix in VIDEOS else "pictures" if suffix in STILLS else ""
    )


def _votes(row: Mapping[str, str], columns: tuple[str, ...], where: str) -> dict[str, int] | None:
    votes = {}
    for column in columns:
        if column.startswith("votes_") and row[column]:
            votes[_word(column.removeprefix("votes_"), where)] = _whole(row, column, where) or 0
    return votes or None
