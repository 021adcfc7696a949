"""A timeline in words: shares of time, absences, sentences and clock times for everything that people read."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from visavox.timeline import MEASURES, REASONS, Timeline

LEAST_SHARE = 0.05
"""Share of the judged time that a word must have to be named in a sentence."""


@dataclass(frozen=True)
class Lane:
    """How much of one person and source could be judged, and what came first.

    Args:
        person: Who.
        source: From what.
        judged: Seconds that could be judged.
        total: Seconds looked at.
        shares: Share of the judged time in which each word was the most probable one, largest first.
        means: Mean probability of each word over the judged time.
        absences: Seconds that could not be judged by reason, longest first.
    """

    person: str
    source: str
    judged: float
    total: float
    shares: Mapping[str, float]
    means: Mapping[str, float]
    absences: Mapping[str, float]

    @property
    def asked(self) -> bool:
        """Whether a judgement was asked for, and not measures alone."""
        return bool(self.judged) or "not_asked" not in self.absences


@dataclass(frozen=True)
class Measured:
    """A measure of one person and source.

    Args:
        person: Who.
        source: Of what.
        name: Which measure.
        seconds: Seconds over which it was taken.
        mean: Its mean over them.
        most: Its largest value.
        at: Middle of the segment that has it, in seconds.
    """

    person: str
    source: str
    name: str
    seconds: float
    mean: float
    most: float
    at: float


def measured(timeline: Timeline, person: str) -> list[Measured]:
    """Adds up what was measured of a person, by source and in the order of measures.

    Example:
        >>> from visavox.timeline import Segment
        >>> values = [(0, 1, 0.2), (1, 4, 0.6)]
        >>> cells = [Segment(a, b, "ann", "body", (1.0,), measures={"movement": value}) for a, b, value in values]
        >>> (found,) = measured(Timeline(tuple(cells), ("calm",)), "ann")
        >>> round(found.mean, 3), found.most, found.at
        (0.5, 0.6, 2.5)
    """
    found = []
    for source in timeline.sources:
        own = [segment for segment in timeline if (segment.person, segment.source) == (person, source)]
        for name in timeline.measured:
            taken = [(item.measures[name], item) for item in own if math.isfinite(item.measures.get(name, math.nan))]
            seconds = sum(item.end - item.start for _, item in taken)
            if taken:
                mean = sum(value * (item.end - item.start) for value, item in taken) / seconds
                most, at = max(taken, key=lambda pair: pair[0])
                found.append(Measured(person, source, name, seconds, mean, most, (at.start + at.end) / 2))
    return found


def unit(measure: str) -> str:
    """The unit of a measure.

    Example:
        >>> unit("movement")
        'lengths of the torso a second'
    """
    return MEASURES[measure].rpartition(", in ")[2]


def number(value: float) -> str:
    """A measure as people read it, in three digits.

    Example:
        >>> number(0.4234), number(12.345), number(440.2)
        ('0.42', '12.3', '440')
    """
    return f"{value:.{2 if abs(value) < 9.995 else 1 if abs(value) < 99.95 else 0}f}"


def lane(timeline: Timeline, person: str, source: str) -> Lane:
    """Adds up one person and source."""
    seconds = dict.fromkeys(timeline.words, 0.0)
    weighted = [0.0] * len(timeline.words)
    absences: dict[str, float] = {}
    for segment in timeline:
        if segment.person == person and segment.source == source:
            lasts = segment.end - segment.start
            word = timeline.word(segment)
            if word is None:
                absences[segment.reason] = absences.get(segment.reason, 0.0) + lasts
            else:
                seconds[word] += lasts
                weighted = [total + lasts * value for total, value in zip(weighted, segment.probabilities, strict=True)]
    judged = sum(seconds.values())
    means = {word: value / judged for word, value in zip(timeline.words, weighted, strict=True)} if judged else {}
    # Words that were never first stand in the order of their means.
    shares = {word: seconds[word] / judged for word in _largest_first(means)}
    return Lane(
        person,
        source,
        judged,
        judged + sum(absences.values()),
        _largest_first(shares),
        means,
        _largest_first(absences),
    )


def expected(timeline: Timeline) -> str:
    """Prior and baseline of an analysis, and how much there was to the baseline; "" where they are not known.

    Example:
        >>> from visavox.timeline import About, Segment
        >>> cell = Segment(0, 1, "person-1", "face", (0.2, 0.8), baseline=42.25)
        >>> about = About(options={"prior": "life", "baseline": "self"})
        >>> expected(Timeline((cell,), ("neutral", "happy"), about))
        'Prior life; baseline self, up to 42 s of neutral.'
    """
    options = timeline.about.options
    if "prior" not in options or "baseline" not in options:
        return ""
    known = max((segment.baseline for segment in timeline), default=0.0)
    amount = f", up to {length(known) if known < 10 else length(round(known))} of neutral" if known else ""
    return f"Prior {options['prior']}; baseline {options['baseline']}{amount}."


def sentence(timeline: Timeline, person: str) -> str:
    r"""What a person showed, in one sentence.

    Example:
        >>> from visavox.timeline import Segment
        >>> values = [(0.2, 0.8), (0.2, 0.8), (0.2, 0.8), (0.9, 0.1)]
        >>> cells = tuple(Segment(i, i + 1.0, "person-1", "face", pair) for i, pair in enumerate(values))
        >>> sentence(Timeline(cells, ("neutral", "happy")), "person-1").replace("\u00a0", " ")
        'mostly happy (75 % of the time judged), then neutral (25 %)'
    """
    source = timeline.best_source(person)
    if source is None:
        lanes = [lane(timeline, person, source) for source in timeline.sources]
        reasons = {reason for each in lanes if each.asked for reason in each.absences}
        if not reasons:
            return "was measured, not judged"
        return f"could not be judged: {listed(sorted(map(explain, reasons - {'nothing_to_fuse'} or reasons)))}"
    found = lane(timeline, person, source)
    shares = list(found.shares.items())
    named = [(word, share) for word, share in shares if share >= LEAST_SHARE] or shares
    word, share = named[0]
    if is_still(timeline):
        return f"{word} ({percent(found.means[word])} probable)"
    if share > 0.995:
        return f"{word} throughout the time judged"
    first = "mostly" if share > 0.5 else "most often"
    rest = listed([f"{word} ({percent(share)})" for word, share in named[1:3]])
    return f"{first} {word} ({percent(share)} of the time judged)" + (f", then {rest}" if rest else "")


def is_still(timeline: Timeline) -> bool:
    """Whether there is one moment only, as in a picture: no lane has more than one segment."""
    lanes = [(segment.person, segment.source) for segment in timeline]
    return bool(lanes) and len(lanes) == len(set(lanes))


def explain(reason: str) -> str:
    """A reason for an absence in words."""
    return REASONS.get(reason, reason.replace("_", " "))


def listed(items: Sequence[str]) -> str:
    """The items as English lists them.

    Example:
        >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])
        ('a', 'a and b', 'a, b and c')
    """
    return " and ".join([", ".join(items[:-1]), items[-1]]) if len(items) > 1 else "".join(items)


def percent(share: float) -> str:
    r"""A share of one as whole percents, with a space that does not break; a little never reads as nothing.

    Example:
        >>> [percent(share).replace("\u00a0", " ") for share in (0.624, 0.002, 0.0)]
        ['62 %', '<1 %', '0 %']
    """
    return "<1\u00a0%" if 0 < share < 0.005 else f"{share:.0%}".replace("%", "\u00a0%")


def clock(seconds: float, digits: int = 0) -> str:
    """A time as people read it.

    Args:
        seconds: The time.
        digits: Decimals of the seconds.

    Example:
        >>> clock(65), clock(2.5, 1), clock(3725)
        ('1:05', '0:02.5', '1:02:05')
    """
    unit = 10**digits
    ticks = round(max(seconds, 0.0) * unit)
    minutes, rest = divmod(ticks, 60 * unit)
    text = f"{rest // unit:02d}" + (f".{rest % unit:0{digits}d}" if digits else "")
    return f"{minutes // 60}:{minutes % 60:02d}:{text}" if minutes >= 60 else f"{minutes}:{text}"


def length(seconds: float) -> str:
    """A duration as people say it.

    Example:
        >>> length(3.24), length(600), length(7325)
        ('3.2 s', '10 min', '2 h 2 min')
    """
    if seconds < 60:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60} h" + (f" {minutes % 60} min" if minutes % 60 else "")
    return f"{minutes} min" + (f" {rest} s" if rest else "")


def _largest_first(values: Mapping[str, float]) -> dict[str, float]:
    return dict(sorted(values.items(), key=lambda item: -item[1]))
