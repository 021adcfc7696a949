"""What a terminal shows of a timeline: sentences, a ribbon per lane, absences in words, and a table of episodes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from visavox.emotions import COLOURS
from visavox.formats import drawing, summary
from visavox.timeline import SOURCES, Episode, Timeline

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
    from rich.text import Text

MOST_EPISODES = 16
"""Rows of the table of episodes; where there are more, the longest ones that are not quiet."""

QUIET = ("neutral", "calm")
"""Words that are listed last."""

WIDEST = 120
"""Columns of a ribbon at most: longer lines are hard to follow."""

NAME_WIDTH = 7
"""Columns that a lane's name takes."""


def describe(timeline: Timeline) -> Description:
    """What to print of a timeline: give it to a rich console, or to ``str`` for plain text.

    On a terminal with colours a ribbon is coloured and carries the words that have room; elsewhere each word is a
    letter of its own.

    Example:
        >>> from visavox.timeline import Segment
        >>> cells = (Segment(0, 1, "person-1", "face", (0.25, 0.75)), Segment(1, 2, "person-1", "face", (0.4, 0.6)))
        >>> print(str(describe(Timeline(cells, ("neutral", "happy")))).splitlines()[2])
        person-1: happy throughout the time judged
    """
    return Description(timeline)


class Description:
    """A timeline as rich prints it; `describe` makes one."""

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline

    def __str__(self) -> str:
        """Plain text, 100 columns wide."""
        import io

        from rich.console import Console

        console = Console(file=io.StringIO(), width=100, force_terminal=False, color_system=None, legacy_windows=False)
        with console.capture() as capture:
            console.print(self, end="")
        return "\n".join(line.rstrip() for line in capture.get().splitlines())

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yields the lines, as wide as the console has room for."""
        from rich.text import Text

        coloured = console.color_system is not None and not console.no_color
        absent = " " if coloured else "." if options.ascii_only else "·"
        width = max(10, min(options.max_width, WIDEST) - NAME_WIDTH - 2)
        yield from self._head()
        for person in self.timeline.people:
            yield Text()
            yield Text.assemble((_safe(person), "bold"), f": {summary.sentence(self.timeline, person)}")
            asked = self._asked(person)
            for source in asked:
                yield from self._lane(person, source, width, absent, coloured)
            if asked and not summary.is_still(self.timeline):
                yield self._axis(width)
            yield from self._measured(person)
            yield from self._absences(person)
        if self.timeline.people and not summary.is_still(self.timeline):
            yield Text()
            if any(map(self._asked, self.timeline.people)):
                yield self._key(absent, coloured)
            yield from self._episodes(brief=options.max_width < 60)

    def _asked(self, person: str) -> list[str]:
        """The sources of a person that have a lane: those that were to be judged."""
        order = ("fused", *(source for source in SOURCES if source != "fused"))
        found = {segment.source for segment in self.timeline if segment.person == person}
        return [source for source in order if source in found and summary.lane(self.timeline, person, source).asked]

    def _head(self) -> RenderResult:
        from rich.text import Text

        about, people = self.timeline.about, self.timeline.people
        start, end = _span(self.timeline)
        facts = ["one moment" if summary.is_still(self.timeline) else summary.length(end - start)]
        facts.append(f"{len(people)} {'person' if len(people) == 1 else 'people'}" if people else "nobody found")
        yield Text.assemble((_safe(about.file) or "timeline", "bold"), "  " + ", ".join(facts))
        if about.status == "truncated":
            yield Text(f"The file breaks off at {summary.clock(about.duration, 1)}; this is what was before.", "red")
        if expected := summary.expected(self.timeline):
            yield Text(expected, "dim")
        for note in about.notes:
            yield Text(_safe(note), "dim")

    def _lane(self, person: str, source: str, width: int, absent: str, coloured: bool) -> RenderResult:
        from rich.text import Text

        name = f"{source:<{NAME_WIDTH}}"
        part = self.timeline.only(person=person, source=source)
        if summary.is_still(self.timeline):
            said = summary.lane(part, person, source)
            words = sorted(said.means.items(), key=lambda item: -item[1])
            text = ", ".join(f"{word} {summary.percent(value)}" for word, value in words if value >= 0.01)
            yield Text(f"  {name}{text or summary.explain(next(iter(said.absences), 'not judged'))}")
            return
        line = Text("  ", no_wrap=True, overflow="crop")
        line.append(name, "bold" if source == "fused" else "")
        columns = drawing.columns(part.segments, width)
        start, end = _span(self.timeline)
        moments = start + (np.arange(width) + 0.5) * (end - start) / width
        places = np.searchsorted(columns.starts, moments, side="right") - 1
        firsts = [
            columns.first(place) if place >= 0 and moment < columns.ends[place] else None
            for place, moment in zip(places.tolist(), moments.tolist(), strict=True)
        ]
        letters = _letters(self.timeline.words)
        low = 0
        for high in range(1, width + 1):
            if high == width or firsts[high] != firsts[low]:
                line.append_text(self._run(firsts[low], high - low, absent, letters, coloured))
                low = high
        yield line

    def _run(self, word: int | None, length: int, absent: str, letters: Sequence[str], coloured: bool) -> Text:
        from rich.text import Text

        if word is None:
            return Text(("─" if coloured else absent) * length, "dim")
        if not coloured:
            return Text(letters[word] * length)
        name = self.timeline.words[word]
        label = name if length >= len(name) + 2 else ""
        return Text(f"{label:^{length}}", f"#10151c on {COLOURS.get(name, '#888888')}")

    def _axis(self, width: int) -> Text:
        from rich.text import Text

        start, end = _span(self.timeline)
        line = [" "] * (width + 8)
        free = 0
        for time in drawing.ticks((start, end), max(2, width // 12)):
            place = round((time - start) / (end - start) * width)
            text = summary.clock(time, 1 if end - start < 10 else 0)
            if place >= free and place + len(text) <= len(line):
                line[place : place + len(text)] = text
                free = place + len(text) + 2
        return Text(" " * (NAME_WIDTH + 2) + "".join(line).rstrip(), "dim", no_wrap=True, overflow="crop")

    def _measured(self, person: str) -> RenderResult:
        from rich.padding import Padding
        from rich.text import Text

        for found in summary.measured(self.timeline, person):
            text = f"{found.source} {found.name.replace('_', ' ')}: {summary.number(found.mean)}"
            if not summary.is_still(self.timeline):
                text += f" on average, {summary.number(found.most)} at most (at {summary.clock(found.at, 1)})"
            yield Padding(Text(f"{text}, in {summary.unit(found.name)}"), (0, 0, 0, 2), expand=False)

    def _absences(self, person: str) -> RenderResult:
        from rich.padding import Padding
        from rich.text import Text

        if summary.is_still(self.timeline):
            return
        for source in self.timeline.sources:
            lane = summary.lane(self.timeline, person, source)
            absences = {} if source == "fused" else dict(lane.absences)
            if not lane.asked:
                del absences["not_asked"]
            if absences:
                parts = [f"{summary.length(seconds)} {summary.explain(reason)}" for reason, seconds in absences.items()]
                verb = "judged" if lane.asked else "measured"
                text = Text(f"{source} not {verb}: {', '.join(parts)}", "dim")
                yield Padding(text, (0, 0, 0, 2), expand=False)

    def _key(self, absent: str, coloured: bool) -> Text:
        from rich.text import Text

        line = Text()
        for name, letter in zip(self.timeline.words, _letters(self.timeline.words), strict=True):
            line.append("  " if coloured else letter, f"on {COLOURS.get(name, '#888888')}" if coloured else "")
            line.append(f" {name}  ")
        line.append("──" if coloured else absent, "dim")
        return line.append(" not judged")

    def _episodes(self, *, brief: bool) -> RenderResult:
        from rich.text import Text

        found = self.timeline.episodes()
        longest = sorted(found, key=lambda item: (item.word in QUIET, item.start - item.end))[:MOST_EPISODES]
        rows = [episode for episode in found if episode in longest]
        if rows:
            yield Text()
            yield self._table(rows, brief)
        if len(rows) < len(found):
            text = f"{len(rows)} of {len(found)} episodes, the longest that are not neutral"
            yield Text(f"{text}; a report (HTML) shows more.", "dim")

    def _table(self, rows: Sequence[Episode], brief: bool) -> RenderableType:
        from rich.table import Table

        table = Table(box=None, padding=(0, 1 if brief else 2, 0, 0), header_style="dim")
        cells: list[tuple[str, list[str]]] = [
            ("person", [_safe(row.person) for row in rows]),
            ("word", [row.word for row in rows]),
            ("onset", [summary.clock(row.start, 1) for row in rows]),
            ("apex", [summary.clock(row.apex, 1) for row in rows]),
            ("offset", [summary.clock(row.end, 1) for row in rows]),
            ("mean", [summary.percent(row.mean) for row in rows]),
            ("peak", [summary.percent(row.peak) for row in rows]),
        ]
        left_out = ("apex", "mean") if brief else ()
        if len(self.timeline.people) == 1:
            left_out = ("person", *left_out)
        cells = [(name, column) for name, column in cells if name not in left_out]
        for name, _ in cells:
            table.add_column(name, justify="left" if name in ("person", "word") else "right", no_wrap=True)
        for texts in zip(*(column for _, column in cells), strict=True):
            table.add_row(*texts)
        return table


def _letters(words: Sequence[str]) -> list[str]:
    """A letter for each word: its first one that no word before it has."""
    letters: list[str] = []
    for word in words:
        letters.append(next((letter for letter in word + "123456789" if letter not in letters), "?"))
    return letters


def _safe(text: str) -> str:
    """Text without control characters, which would steer the terminal, and without what is no Unicode."""
    shown = "".join(letter if letter.isprintable() else "\ufffd" for letter in text)
    return shown.encode("utf-8", errors="replace").decode("utf-8")


def _span(timeline: Timeline) -> tuple[float, float]:
    start = min((segment.start for segment in timeline), default=timeline.about.start)
    return start, max((segment.end for segment in timeline), default=start + timeline.about.duration)
