"""From a recording to cells: the one pass in which faces are followed, voices heard, and both judged.

Everything here is a stream. Faces are looked at ten times a second and judged five times; a voice is judged from the
two seconds around a cell; what is kept does not grow with the recording but for the cells themselves.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from visavox import media
from visavox.clip import VOICE_RATE
from visavox.errors import OptionError
from visavox.options import Options
from visavox.people import TrackRecord, mouth_opening
from visavox.voice.activity import CHUNK_SECONDS, THRESHOLD, SpeechDetector, stretches
from visavox.voice.recognizer import MARGIN

if TYPE_CHECKING:
    from visavox.face.recognizer import Look
    from visavox.face.tracking import FaceTracker, TrackedFace

Floats = NDArray[np.float64]
Box = tuple[float, float, float, float]
Progress = Callable[[float, float | None], None]

LOOK_EVERY = 0.1
"""Seconds between two looks at the picture to follow faces."""

JUDGE_EVERY = 0.2
"""Seconds between two judgements of a face."""

FACE_WINDOW, VOICE_WINDOW = 1.0, 2.0
"""Seconds around the middle of a cell from which its face and its voice are judged.

A network that learned from sequences of faces says itself how long they are (`FaceRecognizer.window`).
"""

LEAST_SPEECH = 0.3
"""Seconds of speech in the window that a voice needs to be judged."""

SPEECH_MARGIN = 0.15
"""A cell in whose reach (its own time, and this many seconds around it) nobody speaks is silence."""

LONGEST_CELL = 2.0
"""Seconds; longer stretches are judged in pieces and pooled, so that nothing long is ever held in memory."""

SHORTEST_REST = 0.05
"""Seconds; what remains of a recording after its last whole cell is a cell of its own when it is longer."""


@dataclass
class Looks:
    """What was seen of one face in the window of one cell: sums, not pictures."""

    logits: Floats | None = None
    judged: int = 0
    inside: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    mouth: list[float] = field(default_factory=list)

    def __add__(self, other: Looks) -> Looks:
        logits = [looks.logits for looks in (self, other) if looks.logits is not None]
        return Looks(
            sum(logits[1:], logits[0]) if logits else None,
            self.judged + other.judged,
            self.inside + other.inside,
            self.reasons + other.reasons,
            self.mouth + other.mouth,
        )


@dataclass
class Cell:
    """One stretch of the recording while it is filled; cells of one group make one segment.

    Args:
        group: Number of the segment it belongs to.
        start: Begin in seconds.
        end: End (exclusive).
        face_window: Stretch from which its faces are judged.
        voice_window: Stretch from which its voice is judged.
        looks: What was seen, by track.
        voice: Sum of logits, each times the seconds of speech it was judged from; None where nobody spoke.
        speech: Seconds of speech.
        heard: Seconds of speech within reach of the cell itself.
    """

    group: int
    start: float
    end: float
    face_window: tuple[float, float]
    voice_window: tuple[float, float]
    looks: dict[int, Looks] = field(default_factory=dict)
    voice: Floats | None = None
    speech: float = 0.0
    heard: float = 0.0

    @property
    def opens(self) -> float:
        """Before this moment nothing can come in, in seconds."""
        return min(self.start - SPEECH_MARGIN, self.face_window[0], self.voice_window[0])

    @property
    def closes(self) -> float:
        """From this moment on nothing more can come in, in seconds."""
        return max(self.end + SPEECH_MARGIN, self.face_window[1], self.voice_window[1]) + CHUNK_SECONDS


def _grid(options: Options, begin: float, face_window: float) -> Iterator[Cell]:
    """The cells in order; without end, unless the options have one."""
    group = 0
    while True:
        if options.segments is not None:
            if group >= len(options.segments):
                return
            start, end = options.segments[group]
        else:
            start, end = begin + group * options.every, begin + (group + 1) * options.every
            if options.end is not None and start >= options.end - 1e-6:
                return
        edges = np.linspace(start, end, math.ceil((end - start) / LONGEST_CELL - 1e-6) + 1).tolist()
        for low, high in pairwise(edges):
            windows = [(low, high), (low, high)]
            if options.segments is None:
                middle = (low + high) / 2
                half = [max(window, high - low) / 2 for window in (face_window, VOICE_WINDOW)]
                windows = [(middle - size, middle + size) for size in half]
            yield Cell(group, low, high, windows[0], windows[1])
        group += 1


def read_cells(
    recording: media.Recording,
    options: Options,
    begin: float,
    faces: Faces | None,
    voices: Voices | None,
    progress: Progress | None,
) -> Iterator[Cell]:
    """Reads the recording once and gives each cell as soon as nothing more can come into it."""
    grid = _grid(options, begin, FACE_WINDOW if faces is None else faces.window)
    upcoming = next(grid, None)
    waiting: list[Cell] = []
    until = begin
    lasts = recording.duration if options.end is None else min(options.end, recording.duration or options.end)
    for item in recording.read(every=LOOK_EVERY, pictures=faces is not None, sound=voices is not None):
        # Items come in the order of their times: all that lies before this one has been seen and heard.
        while waiting and waiting[0].closes <= item.time:
            yield _closed(waiting.pop(0), faces, voices)
        finish = item.time if isinstance(item, media.Picture) else item.time + len(item.samples) / VOICE_RATE
        while upcoming is not None and upcoming.opens <= finish:
            waiting.append(upcoming)
            upcoming = next(grid, None)
        if isinstance(item, media.Picture):
            if faces is not None:
                faces.look(item, waiting, options.every)
                faces.forget(waiting[0].opens if waiting else finish)
        elif voices is not None:
            voices.hear(item)
            voices.forget(waiting[0].opens if waiting else finish)
        until = max(until, finish)
        if progress is not None:
            progress(until - begin, None if lasts is None else lasts - begin)
    if voices is not None:
        voices.finish()
    # A picture lasts until the next one; a still one lasts one cell.
    end = max(until, recording.until)
    if recording.is_still or end <= begin:
        end = begin + options.every
    while upcoming is not None and upcoming.start < end - 1e-6:
        waiting.append(upcoming)
        upcoming = next(grid, None)
    for cell in waiting:
        if options.segments is not None or cell.start < end - SHORTEST_REST:
            if options.segments is None:
                cell.end = min(cell.end, end)
            yield _closed(cell, faces, voices)


def _closed(cell: Cell, faces: Faces | None, voices: Voices | None) -> Cell:
    if faces is not None:
        faces.judge(cell)
    if voices is not None:
        voices.judge(cell)
    return cell


class Faces:
    """The face wing at work: follows faces, judges them, and puts what it saw into the cells.

    A network of single faces judges each as it is seen. Of a network of sequences, what is seen within the window of a
    cell is kept until that closes, and judged then.
    """

    def __init__(self, name: str, recording: media.Recording) -> None:
        from visavox import zoo
        from visavox.face.recognizer import FaceRecognizer

        recognizer = zoo.load(name)
        if not isinstance(recognizer, FaceRecognizer):
            raise OptionError(f"Bad value {name!r} for face: that is a {recognizer.modality} model.")
        self.recognizer = recognizer
        self.window = FACE_WINDOW if recognizer.input is None else recognizer.window
        self.still = recording.is_still
        self.records: dict[int, TrackRecord] = {}
        self.points: list[tuple[float, int, Box]] = []
        self.judge_at = -math.inf
        self.kept: dict[int, list[Look]] = {}
        self.tracker: FaceTracker | None = None
        if recording.has_pictures:
            from visavox.face.tracking import FaceTracker

            self.tracker = FaceTracker()

    def look(self, picture: media.Picture, cells: Sequence[Cell], every: float) -> None:
        """Follows the faces in a picture, and judges or keeps them when it is time to."""
        from visavox.face import crop, quality

        assert self.tracker is not None
        sequences = self.recognizer.input is not None
        judging = picture.time >= self.judge_at - 1e-6
        if judging:
            self.judge_at = picture.time + min(JUDGE_EVERY, every)
        for seen in self.tracker.update(picture.time, picture.pixels):
            left, top, width, height = (float(value) for value in seen.box)
            box = (left, top, width, height)
            record = self.records.get(seen.track)
            if record is None:
                record = self.records[seen.track] = TrackRecord(seen.track, picture.time, picture.time, box, box)
            opening = mouth_opening(seen.points)
            logits, reason = None, ""
            if judging or sequences:
                face = crop.cut(picture.pixels, seen.points)
                reason = quality.gate(quality.assess(face, seen.points))
                if sequences and not reason:
                    self._keep(seen, face)
                elif not reason:
                    logits = self.recognizer.logits(face[None])[0]
            record.see(picture.time, box, face if judging else None)
            if judging:
                self.points.append((picture.time, seen.track, box))
            for cell in cells:
                inside = self.still or cell.start <= picture.time < cell.end
                if inside or cell.face_window[0] <= picture.time < cell.face_window[1]:
                    looks = Looks(logits, int(logits is not None), int(inside and logits is not None))
                    looks.mouth.append(opening)
                    if reason and inside:
                        looks.reasons[reason] += 1
                    cell.looks[seen.track] = cell.looks.get(seen.track, Looks()) + looks

    def _keep(self, seen: TrackedFace, face: NDArray[np.uint8]) -> None:
        from visavox.face.recognizer import Look

        assert self.recognizer.input is not None
        mesh = self.recognizer.input.wants == "mesh"
        self.kept.setdefault(seen.track, []).append(Look(seen.time, seen.points if mesh else face))

    def judge(self, cell: Cell) -> None:
        """Fills in the faces of a cell whose window has been seen to its end, by a network of sequences.

        Each track in the cell is judged by what was kept of it within the window, and weighs as much as that was.
        """
        from visavox.face.recognizer import clip_of

        if self.recognizer.input is None:
            return
        for track, looks in cell.looks.items():
            kept = self.kept.get(track, [])
            if not self.still:
                begin, end = min(cell.start, cell.face_window[0]), max(cell.end, cell.face_window[1])
                kept = [look for look in kept if begin <= look.time < end]
            inside = sum(self.still or cell.start <= look.time < cell.end for look in kept)
            if not inside:
                continue
            logits = self.recognizer.examine(clip_of(kept, self.recognizer.input.wants))[0]
            if len(logits):
                looks.logits, looks.judged, looks.inside = logits.mean(axis=0) * len(kept), len(kept), inside

    def forget(self, before: float) -> None:
        """Drops what no cell needs any more, where the picture is no still one."""
        if self.still:
            return
        for track, looks in list(self.kept.items()):
            while looks and looks[0].time < before:
                looks.pop(0)
            if not looks:
                del self.kept[track]


class Voices:
    """The voice wing at work: finds speech, and judges the voice of a cell from the sound around it."""

    def __init__(self, name: str, recording: media.Recording) -> None:
        from visavox import zoo
        from visavox.voice.recognizer import VoiceRecognizer

        recognizer = zoo.load(name)
        if not isinstance(recognizer, VoiceRecognizer):
            raise OptionError(f"Bad value {name!r} for voice: that is a {recognizer.modality} model.")
        self.recognizer = recognizer
        self.detector = SpeechDetector()
        self.begin: float | None = None
        self.probabilities = array("f")
        self.samples = np.zeros(0, dtype=np.float32)
        self.samples_begin = 0.0

    def hear(self, sound: media.Sound) -> None:
        """Takes in the next block of sound."""
        if self.begin is None:
            self.begin = self.samples_begin = sound.time
        self.samples = np.concatenate([self.samples, sound.samples])
        self.probabilities.extend(self.detector.push(sound.samples).tolist())

    def finish(self) -> None:
        """Hears the end: what is left of the last chunk."""
        self.probabilities.extend(self.detector.finish().tolist())

    def forget(self, before: float) -> None:
        """Drops the sound that no cell needs any more."""
        drop = int((before - self.samples_begin) * VOICE_RATE)
        if drop > VOICE_RATE:
            self.samples = self.samples[drop:].copy()
            self.samples_begin += drop / VOICE_RATE

    def judge(self, cell: Cell) -> None:
        """Fills in the voice of a cell whose window has been heard to its end."""
        if self.begin is None:
            return
        cell.heard = self._speech(cell.start - SPEECH_MARGIN, cell.end + SPEECH_MARGIN)[0]
        seconds, first, last = self._speech(*cell.voice_window)
        if seconds < LEAST_SPEECH or cell.heard == 0:
            return
        begin, end = max(first - MARGIN, cell.voice_window[0]), min(last + MARGIN, cell.voice_window[1])
        low, high = (max(0, round((time - self.samples_begin) * VOICE_RATE)) for time in (begin, end))
        cell.voice = seconds * self.recognizer.logits(self.samples[low:high])
        cell.speech = seconds

    def _speech(self, start: float, end: float) -> tuple[float, float, float]:
        """Seconds of speech in a stretch, where the first of it begins and where the last ends."""
        begin = self.begin or 0.0
        low = max(0, math.floor((start - begin) / CHUNK_SECONDS))
        high = min(len(self.probabilities), math.ceil((end - begin) / CHUNK_SECONDS))
        hits = [index for index in range(low, high) if self.probabilities[index] >= THRESHOLD]
        if not hits:
            return 0.0, start, start
        first, last = begin + hits[0] * CHUNK_SECONDS, begin + (hits[-1] + 1) * CHUNK_SECONDS
        return len(hits) * CHUNK_SECONDS, max(start, first), min(end, last)

    def turns(self) -> list[tuple[float, float, float]]:
        """Stretches of speech: start, end, mean probability."""
        begin = self.begin or 0.0
        found = stretches(np.asarray(self.probabilities, dtype=np.float32))
        return [(begin + start, begin + end, score) for start, end, score in found]
