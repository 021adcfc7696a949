"""`Timeline`: who showed what when, and what was analysed to say so."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from visavox.emotions import WORDS
from visavox.errors import InputError

if TYPE_CHECKING:
    import pandas

SCHEMA_VERSION = 1
"""Version of the timeline as data: of its JSON and of the columns of its table."""

SOURCES = ("face", "voice", "body", "fused")
"""What a segment can be judged from, in the order in which lanes are shown."""

REASONS: Mapping[str, str] = {
    "no_face": "no face of this person in the picture",
    "small_face": "the face is too small to be judged",
    "blurred": "the face is too blurred to be judged",
    "turned_away": "the face is turned too far from the camera",
    "no_body": "no body of this person in the picture",
    "cropped": "too little of the body is in the picture",
    "not_asked": "it was measured alone: no model was named to judge it",
    "no_video": "the recording has no picture",
    "no_audio": "the recording has no sound",
    "silence": "nobody speaks",
    "short_speech": "too little speech to be judged",
    "unclear_speaker": "somebody speaks, but it is not clear who",
    "not_speaking": "somebody else speaks",
    "nothing_to_fuse": "no source could be judged",
}
"""Why a segment has no probabilities, and what that means."""


MEASURES: Mapping[str, str] = {
    "movement": "how fast shoulders, elbows, wrists and head move, mean over them, in lengths of the torso a second",
}
"""What is measured beside emotion, and in which unit."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One person, one source, one stretch of time, judged or not.

    Args:
        start: Begin, in seconds of presentation time.
        end: End (exclusive).
        person: ``"person-1"`` and so on.
        source: face, voice, body or fused.
        probabilities: Probability of each word, in the order of `Timeline.words`; they sum to one, or are all NaN.
        reason: Why they are NaN, a key of :data:`REASONS`; ``""`` where they are not.
        weights: In a fused segment, how much each source moved it: shares that sum to one.
        evidence: How much there was to judge from: seconds of speech, number of face pictures, or, in a fused
            segment, number of sources.
        baseline: Seconds of the person's own neutral that it was compared with; 0 where nothing was known of it. In a
            fused segment the least of its sources.
        measures: What was measured of this source, by the names of :data:`MEASURES`; empty where nothing was.
    """

    start: float
    end: float
    person: str
    source: str
    probabilities: tuple[float, ...]
    reason: str = ""
    weights: Mapping[str, float] = field(default_factory=dict)
    evidence: float = 0.0
    baseline: float = 0.0
    measures: Mapping[str, float] = field(default_factory=dict)

    @property
    def judged(self) -> bool:
        """Whether there are probabilities."""
        return not self.reason


@dataclass(frozen=True, slots=True)
class TrackPoint:
    """Where a person is at one moment; all places in pixels of the upright picture.

    Args:
        time: Seconds of presentation time.
        person: Who; ``""`` where a face was seen too shortly to be anybody's.
        box: Left, top, width and height of the face, or None where none is seen.
        outline: x and y of the points of the face's mesh that are drawn, by the order of `visavox.face.outline`; empty
            where no face is seen.
        joints: x, y and confidence (0..1) of each joint in the order of BODY_25; empty where no body was looked for or
            seen. A joint that is not seen has confidence 0.
    """

    time: float
    person: str
    box: tuple[float, float, float, float] | None = None
    outline: tuple[tuple[float, float], ...] = ()
    joints: tuple[tuple[float, float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Speech:
    """A stretch in which somebody speaks.

    Args:
        start: Begin in seconds.
        end: End (exclusive).
        person: Who speaks; ``""`` when it is not clear.
        score: Mean probability of speech, 0..1.
    """

    start: float
    end: float
    person: str
    score: float


@dataclass(frozen=True, slots=True)
class Episode:
    """Neighbouring segments of one person and source with the same first word.

    Args:
        start: Onset in seconds.
        end: Offset (exclusive).
        person: Who.
        source: From what.
        word: The word with the highest probability throughout.
        apex: Middle of the segment in which it is highest.
        peak: Its probability there.
        mean: Its mean probability.
    """

    start: float
    end: float
    person: str
    source: str
    word: str
    apex: float
    peak: float
    mean: float


@dataclass(frozen=True)
class ModelUsed:
    """A model that took part: its role, name, SHA-256 of its file, prior and licence."""

    role: str
    name: str
    sha256: str
    prior: str = ""
    licence: str = ""


@dataclass(frozen=True)
class About:
    """What was analysed, with what, and how it went.

    Args:
        file: Name of the recording.
        duration: Seconds analysed up to, from the first picture or sample.
        start: Begin of the part that was asked for, in seconds.
        end: End of it, or None for the whole recording.
        streams: One mapping a stream: kind, codec, size or rate, and so on.
        models: What judged it.
        options: The options of the analysis by name.
        versions: visavox, Python and the libraries that matter, by name.
        status: ``complete``, or ``truncated`` when the file broke off.
        notes: Sentences a reader should know.
    """

    file: str = ""
    duration: float = 0.0
    start: float = 0.0
    end: float | None = None
    streams: tuple[Mapping[str, Any], ...] = ()
    models: tuple[ModelUsed, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    status: str = "complete"
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, repr=False)
class Timeline:
    """Who showed what when.

    Args:
        segments: Sorted by start, person and source; segments of one person and source do not overlap.
        words: The words of the probabilities.
        about: What was analysed.
        tracks: Where faces were.
        speech: Who spoke when.

    Raises:
        InputError: If a segment has another number of probabilities than there are words, does not sum to one, has
            neither probabilities nor a reason, ends before it starts, or overlaps its neighbour.

    Example:
        >>> one = Segment(0.0, 0.5, "person-1", "face", (0.9, 0.1))
        >>> two = Segment(0.5, 1.0, "person-1", "face", (0.2, 0.8))
        >>> timeline = Timeline((one, two), words=("neutral", "happy"))
        >>> [episode.word for episode in timeline.episodes("face")]
        ['neutral', 'happy']
    """

    segments: tuple[Segment, ...]
    words: tuple[str, ...] = WORDS
    about: About = field(default_factory=About)
    tracks: tuple[TrackPoint, ...] = ()
    speech: tuple[Speech, ...] = ()

    def __post_init__(self) -> None:
        ordered = tuple(sorted(map(_absent_alike, self.segments), key=_order))
        object.__setattr__(self, "segments", ordered)
        last: dict[tuple[str, str], float] = {}
        for segment in ordered:
            _check(segment, self.words)
            key = (segment.person, segment.source)
            if segment.start < last.get(key, -math.inf) - 1e-9:
                raise InputError(
                    f"{self.about.file or 'timeline'}: two {segment.source} segments of {segment.person} overlap "
                    f"at {segment.start:.3f} s."
                )
            last[key] = segment.end

    def __repr__(self) -> str:
        people = ", ".join(self.people) or "nobody"
        return (
            f"<Timeline of {self.about.file or 'nothing'}: {self.about.duration:.1f} s, {people}, {len(self)} segments>"
        )

    def __len__(self) -> int:
        return len(self.segments)

    def __iter__(self) -> Iterator[Segment]:
        return iter(self.segments)

    def __getitem__(self, person: str) -> Timeline:
        """The part of one person.

        Raises:
            InputError: If nobody has that name.
        """
        if person not in self.people:
            raise InputError(f"There is no {person!r}: expected one of {', '.join(self.people) or 'nobody'}.")
        return self.only(person=person)

    @property
    def people(self) -> tuple[str, ...]:
        """Everybody in it, in the order of names."""
        return tuple(sorted({segment.person for segment in self.segments}, key=_natural))

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources that it has segments of, in the order of lanes."""
        found = {segment.source for segment in self.segments}
        return tuple(source for source in SOURCES if source in found)

    def only(self, *, person: str | None = None, source: str | None = None) -> Timeline:
        """The part of one person, one source, or both."""
        return replace(
            self,
            segments=tuple(
                segment
                for segment in self.segments
                if person in (None, segment.person) and source in (None, segment.source)
            ),
            tracks=tuple(point for point in self.tracks if person in (None, point.person)),
            speech=tuple(turn for turn in self.speech if person in (None, turn.person)),
        )

    def between(self, start: float, end: float) -> Timeline:
        """The segments that lie at least partly in [start, end), whole."""
        return replace(
            self,
            segments=tuple(item for item in self.segments if item.end > start and item.start < end),
            tracks=tuple(item for item in self.tracks if start <= item.time < end),
            speech=tuple(item for item in self.speech if item.end > start and item.start < end),
        )

    def at(self, time: float) -> tuple[Segment, ...]:
        """The segments that hold a moment, in seconds."""
        return tuple(segment for segment in self.segments if segment.start <= time < segment.end)

    def word(self, segment: Segment) -> str | None:
        """The word with the highest probability; None where it could not be judged."""
        if not segment.judged:
            return None
        return self.words[max(range(len(self.words)), key=segment.probabilities.__getitem__)]

    def best_source(self, person: str) -> str | None:
        """The source that says most about a person: fused where something was fused, else the one judged most."""
        judged = {
            source: sum(item.judged for item in self.segments if item.person == person and item.source == source)
            for source in self.sources
        }
        if judged.get("fused"):
            return "fused"
        best = max(judged, key=judged.__getitem__, default=None)
        return best if best and judged[best] else None

    def episodes(self, source: str | None = None) -> tuple[Episode, ...]:
        """Neighbouring segments with the same first word, merged.

        Args:
            source: Of which source; by default each person's `best_source`.
        """
        found: list[Episode] = []
        for person in self.people:
            lane = source or self.best_source(person)
            run: list[Segment] = []
            for segment in self.segments:
                if segment.person != person or segment.source != lane:
                    continue
                if run and (self.word(segment) != self.word(run[0]) or segment.start - run[-1].end > 1e-6):
                    found.extend(self._episode(run))
                    run = []
                run.append(segment)
            found.extend(self._episode(run))
        return tuple(sorted(found, key=lambda item: (item.start, _natural(item.person))))

    def _episode(self, run: Sequence[Segment]) -> Iterator[Episode]:
        word = self.word(run[0]) if run else None
        if word is not None:
            column = self.words.index(word)
            values = [segment.probabilities[column] for segment in run]
            peak = max(range(len(run)), key=values.__getitem__)
            yield Episode(
                start=run[0].start,
                end=run[-1].end,
                person=run[0].person,
                source=run[0].source,
                word=word,
                apex=(run[peak].start + run[peak].end) / 2,
                peak=values[peak],
                mean=sum(values) / len(values),
            )

    def summary(self, person: str, source: str) -> dict[str, float]:
        """Mean probability of each word over the judged time of a person; empty where nothing was judged."""
        total = [0.0] * len(self.words)
        seconds = 0.0
        for segment in self.segments:
            if segment.person == person and segment.source == source and segment.judged:
                length = segment.end - segment.start
                seconds += length
                total = [sum_ + length * value for sum_, value in zip(total, segment.probabilities, strict=True)]
        return {word: value / seconds for word, value in zip(self.words, total, strict=True)} if seconds else {}

    def absences(self, person: str, source: str) -> dict[str, float]:
        """Seconds that could not be judged, by reason."""
        seconds: dict[str, float] = {}
        for segment in self.segments:
            if segment.person == person and segment.source == source and not segment.judged:
                seconds[segment.reason] = seconds.get(segment.reason, 0.0) + segment.end - segment.start
        return seconds

    @property
    def measured(self) -> tuple[str, ...]:
        """What was measured anywhere in it, in the order of :data:`MEASURES`."""
        found = {name for segment in self.segments for name in segment.measures}
        return tuple(name for name in MEASURES if name in found)

    def rows(self) -> Iterator[dict[str, Any]]:
        """The tidy table, row by row.

        Columns: file, start, end, person, source, emotion, p_<word> …, reason, weight_<source> …, evidence,
        baseline, and one for each of `measured`; None where a row has none of it.
        """
        moving = [source for source in SOURCES if source != "fused"]
        measured = self.measured
        for segment in self.segments:
            yield {
                "file": self.about.file,
                "start": segment.start,
                "end": segment.end,
                "person": segment.person,
                "source": segment.source,
                "emotion": self.word(segment),
                **{f"p_{word}": value for word, value in zip(self.words, segment.probabilities, strict=True)},
                "reason": segment.reason,
                **{f"weight_{source}": segment.weights.get(source) for source in moving},
                "evidence": segment.evidence,
                "baseline": segment.baseline,
                **{name: segment.measures.get(name) for name in measured},
            }

    def to_frame(self) -> pandas.DataFrame:
        """The tidy table as a pandas data frame: one row a segment, columns as in `rows`."""
        import pandas

        empty = Timeline((Segment(0, 1, "", "face", (math.nan,) * len(self.words), "no_face"),), self.words)
        columns = [*next(empty.rows()), *self.measured]
        return pandas.DataFrame(list(self.rows()), columns=columns).astype(dict.fromkeys(self.measured, float))

    def _repr_html_(self) -> str:
        from visavox.formats import html

        return html.fragment(self)


def _order(segment: Segment) -> tuple[float, tuple[str, int, str], int]:
    place = SOURCES.index(segment.source) if segment.source in SOURCES else len(SOURCES)
    return (segment.start, _natural(segment.person), place)


def _natural(name: str) -> tuple[str, int, str]:
    """Sorts person-2 before person-10."""
    head = name.rstrip("0123456789")
    tail = name[len(head) :]
    return (head, int(tail) if tail else -1, name)


def _absent_alike(segment: Segment) -> Segment:
    """The segment, with the one NaN that equals itself in comparisons of tuples, so that equal timelines are equal."""
    if segment.reason and all(map(math.isnan, segment.probabilities)):
        return replace(segment, probabilities=(math.nan,) * len(segment.probabilities))
    return segment


def _check(segment: Segment, words: Sequence[str]) -> None:
    where = f"{segment.source} segment of {segment.person} at {segment.start:.3f} s"
    if segment.source not in SOURCES:
        raise InputError(f"The {where}: source must be one of {', '.join(SOURCES)}.")
    if len(segment.probabilities) != len(words):
        raise InputError(f"The {where} has {len(segment.probabilities)} probabilities for {len(words)} words.")
    if not segment.end > segment.start:
        raise InputError(f"The {where} ends at {segment.end:.3f} s, before it starts.")
    if segment.judged:
        if not math.isclose(sum(segment.probabilities), 1.0, abs_tol=1e-4):
            raise InputError(f"The {where}: probabilities sum to {sum(segment.probabilities)}, and no reason is given.")
    elif not all(math.isnan(value) for value in segment.probabilities):
        raise InputError(f"The {where} has a reason to be absent ({segment.reason}) and probabilities as well.")
