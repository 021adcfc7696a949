"""Is a copy of a corpus whole? What is missing, cannot be read, holds next to nothing, or is there twice.

Every recording is decoded to its end, as training will, two at a time; `quick` only opens them.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from visavox import datasets, emotions
from visavox.datasets import Sample, expected
from visavox.datasets.look import BLANK, Look, look_at, look_at_arrays
from visavox.datasets.recordings import SOUNDS, VIDEOS, files
from visavox.errors import DataError

QUIET = -40.0
"""dB below full scale; a recording whose loudest sample lies under it is called near-silent."""

HEARD = ("voice", "audio-video", "")
"""Modalities in which a quiet recording is worth a word."""

THREADS = 2
"""Recordings decoded at the same time."""

Progress = Callable[[float, float], None]
"""Is told how many recordings were looked at, and of how many."""


@dataclass(frozen=True, kw_only=True)
class Piece:
    """What the publisher hands out as one, and what is there of it.

    Args:
        title: what it is called; "" for the whole corpus.
        expected: clips that it has.
        found: clips that are there.
        missing: names of the others, where they are known.
        is_fault: whether something is missing, and the piece is not one that a copy may well lack.
    """

    title: str
    expected: int
    found: int
    missing: tuple[str, ...]
    is_fault: bool


@dataclass(frozen=True, kw_only=True)
class Twins:
    """Clips that are the same recording under several names.

    Args:
        names: of the clips.
        words: of the clips.
        parts: of the corpus's own split in which they stand, each once; none where it has no split.
        same: "bytes" where the files are equal, "samples" where only what they decode to is.
        is_marked: whether all but one of them are known for it and marked in `Sample.defect`.
    """

    names: tuple[str, ...]
    words: tuple[str, ...]
    parts: tuple[str, ...]
    same: str
    is_marked: bool


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a check found.

    Args:
        corpus: its name.
        title: its full name.
        folder: that was looked at.
        quick: whether recordings were only opened.
        clips: labelled clips that are there.
        people: speakers of them.
        seconds: that its recordings last together (0 where there is nothing that lasts).
        pieces: what a whole copy has, and what is there of it; empty where nobody says.
        unreadable: clips that cannot be read, and why.
        quiet: near-silent clips and their peak, in dB below full scale.
        blank: clips whose faces are one grey value all over.
        twins: the same recording under several names.
        unread: files that are no clip of the corpus, and why.
        marked: clips that the reader of the corpus marks, by `Sample.defect`.
        counts: clips by speaker (by part of the split, where speakers are not known) and word.
    """

    corpus: str
    title: str
    folder: str
    quick: bool
    clips: int
    people: int
    seconds: float
    pieces: tuple[Piece, ...]
    unreadable: tuple[tuple[str, str], ...]
    quiet: tuple[tuple[str, float | None], ...]
    blank: tuple[str, ...]
    twins: tuple[Twins, ...]
    unread: tuple[tuple[str, str], ...]
    marked: dict[str, int]
    counts: dict[str, dict[str, int]]

    @property
    def missing(self) -> int:
        """How many clips are not there that should be."""
        return sum(piece.expected - piece.found for piece in self.pieces if piece.is_fault)

    @property
    def is_usable(self) -> bool:
        """Whether nothing is missing and everything can be read."""
        return not self.missing and not self.unreadable

    def to_dict(self) -> dict[str, Any]:
        """The report as plain data."""
        return {"usable": self.is_usable, "missing": self.missing, **asdict(self)}


def check(name: str, folder: Path, *, quick: bool = False, progress: Progress = lambda done, total: None) -> Report:
    """Looks at all of a corpus.

    Args:
        name: of the corpus in the registry, or of a table.
        folder: where it lies; of a table, the table.
        quick: only open recordings: finds what is missing, empty or no recording, but neither damage further on nor
            silence nor twins that are not equal files.
        progress: told as it goes.

    Raises:
        OptionError: there is no corpus of that name.
        DataError: nothing of it is there, or its labels cannot be read.
    """
    source = datasets.corpus(name, [f"{name}={folder}"])
    samples = source.samples(folder)
    sources: dict[Path, list[Sample]] = defaultdict(list)
    for sample in samples:
        path = _path(sample)
        if path is not None:
            sources[path].append(sample)
    stored = [] if quick else [sample for sample in samples if _path(sample) is None]
    looks = _look_at(list(sources), stored, quick, progress)
    looked = dict(zip(sources, looks, strict=False))
    by_clip = [(sample, look) for path, look in looked.items() for sample in sources[path]]
    by_clip += zip(stored, looks[len(sources) :], strict=True)
    return Report(
        corpus=name,
        title=source.ABOUT.title,
        folder=str(folder),
        quick=quick,
        clips=len(samples),
        people=len({sample.speaker for sample in samples} - {None}),
        seconds=round(sum(look.seconds for look in looked.values()), 3),
        pieces=_pieces(name, samples),
        unreadable=tuple((_name(s), look.fault) for s, look in by_clip if look.fault),
        quiet=tuple(
            (_name(s), None if look.peak == -np.inf else round(look.peak, 1))
            for s, look in by_clip
            if look.peak is not None and look.peak < QUIET and not look.fault and s.modality in HEARD
        ),
        blank=tuple(_name(s) for s, look in by_clip if s.clip.source is None and look.mark == BLANK),
        twins=_twins(by_clip, sources),
        unread=_unread(name, source, folder, looked),
        marked=_tally(sample.defect for sample in samples if sample.defect),
        counts=_counts(samples),
    )


def _look_at(paths: Sequence[Path], stored: Sequence[Sample], quick: bool, progress: Progress) -> list[Look]:
    total = len(paths) + len(stored)
    found = []
    with ThreadPoolExecutor(THREADS) as pool:
        try:
            for look in pool.map(lambda path: look_at(path, quick=quick), paths):
                found.append(look)
                progress(len(found), total)
            for sample in stored:
                found.append(look_at_arrays(sample.clip))
                progress(len(found), total)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return found


def _path(sample: Sample) -> Path | None:
    source = sample.clip.source
    if source is not None:
        return Path(source)
    return sample.table if sample.modality == "tracking" else None


def _name(sample: Sample) -> str:
    return str(sample.clip.name)


def _pieces(name: str, samples: Sequence[Sample]) -> tuple[Piece, ...]:
    found = []
    for piece in expected.pieces(name):
        there = expected.counted(samples, piece)
        missing = tuple(sorted(piece.names - set(there))) if piece.names is not None else ()
        count = len(there) if piece.names is not None else sum(there.values())
        whole = count >= piece.count or (piece.split and 2 * count < piece.count)
        if count or not piece.split:
            found.append(
                Piece(title=piece.title, expected=piece.count, found=count, missing=missing, is_fault=not whole)
            )
    return tuple(found)


def _twins(clips: Sequence[tuple[Sample, Look]], sources: dict[Path, list[Sample]]) -> tuple[Twins, ...]:
    """Clips that decode alike, or whose files are equal: those under several words first, then those in several parts.

    Clips that are parts of one file are no twins of each other.
    """
    groups: dict[str, list[Sample]] = defaultdict(list)
    for sample, look in clips:
        path = _path(sample)
        if look.mark and look.mark != BLANK and (path is None or sources[path][0] is sample):
            groups[look.mark].append(sample)
    equal = _equal_files(list(sources))
    for path, mark in equal.items():  # what was only opened, or cannot be decoded, has no other mark
        sample = sources[path][0]
        if not any(sample in group and len(group) > 1 for group in groups.values()):
            groups[mark].append(sample)
    found = []
    for group in groups.values():
        if len(group) < 2:
            continue
        marks = {equal.get(path) if (path := _path(sample)) is not None else "" for sample in group}
        found.append(
            Twins(
                names=tuple(_name(sample) for sample in group),
                words=tuple(sample.emotion for sample in group),
                parts=tuple(sorted({sample.part for sample in group} - {""})),
                same="bytes" if len(marks) == 1 and None not in marks and "" not in marks else "samples",
                is_marked=sum(not sample.defect for sample in group) <= 1,
            )
        )
    return tuple(sorted(found, key=lambda twins: (len(set(twins.words)) == 1, len(twins.parts) < 2, twins.names)))


def _equal_files(paths: Sequence[Path]) -> dict[Path, str]:
    """A mark for each file that has an equal one among them; only files of one size are read."""
    sizes: dict[int, list[Path]] = defaultdict(list)
    for path in paths:
        if path.is_file():
            sizes[path.stat().st_size].append(path)
    marks: dict[str, list[Path]] = defaultdict(list)
    for size, alike in sizes.items():
        if size and len(alike) > 1:
            for path in alike:
                with path.open("rb") as opened:
                    marks[hashlib.file_digest(opened, "sha256").hexdigest()].append(path)
    return {path: mark for mark, alike in marks.items() if len(alike) > 1 for path in alike}


def _unread(name: str, source: datasets.Corpus, folder: Path, looked: dict[Path, Look]) -> tuple[tuple[str, str], ...]:
    """Recordings in the folder that are no clip of this corpus, nor of another one that lies in the same folder."""
    if not folder.is_dir() or not looked:
        return ()
    kinds = [kind for kind in (SOUNDS, VIDEOS) if any(path.suffix.lower() in kind for path in looked)]
    known = {path.resolve(): path for path in looked}
    stems = {path.stem: path for path in looked}
    for other, folders in datasets.FOLDERS.items():
        if other != name and {other, *folders} & {name, *datasets.FOLDERS.get(name, ())}:
            known |= {path.resolve(): path for path in _sources(other, folder)}
    for whole in datasets.FOLDERS.get(name, ()):
        if whole in datasets.MODULES:
            known |= {path.resolve(): path for path in _sources(whole, folder)}
    found = []
    for path in files(folder, frozenset().union(*kinds)):
        if path.resolve() in known:
            continue
        why = "no name of this corpus"
        if path.stem in stems:
            same = path.read_bytes() == stems[path.stem].read_bytes()
            why = "a second file of that name, " + ("equal" if same else "with other content")
        found.append((str(path.relative_to(folder)), why))
    return tuple(found)


def _sources(name: str, folder: Path) -> list[Path]:
    try:
        return [Path(s.clip.source) for s in datasets.corpus(name).samples(folder) if s.clip.source is not None]
    except (DataError, ImportError):
        return []


def _tally(words: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = defaultdict(int)
    for word in words:
        counts[word] += 1
    return dict(sorted(counts.items()))


def _counts(samples: Sequence[Sample]) -> dict[str, dict[str, int]]:
    """Clips by speaker, or by part, and word; words in the order of our vocabulary."""
    words = {sample.emotion for sample in samples}
    order = [word for word in emotions.WORDS if word in words] + sorted(words - set(emotions.WORDS))
    rows: dict[str, dict[str, int]] = {}
    for sample in samples:
        row = rows.setdefault(sample.speaker or sample.part or "nobody named", dict.fromkeys(order, 0))
        row[sample.emotion] += 1
    return dict(sorted(rows.items()))
