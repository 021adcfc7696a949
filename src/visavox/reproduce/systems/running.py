"""The rows of a system, each under its protocols, within a budget; what is finished is kept and not done again."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from visavox.datasets import Data
from visavox.errors import InputError, OptionError, VisavoxError
from visavox.recipes import rows
from visavox.recipes.recipe import find, read, text_of
from visavox.reproduce.systems.costs import cost
from visavox.reproduce.systems.judged import Cell, Clips, Job, job, judge, protocol_of, table_of, words_of
from visavox.reproduce.systems.ledger import Ledger
from visavox.reproduce.systems.plan import Setting, System
from visavox.reproduce.systems.sizing import QUICK, Size, fitting, seconds

Say = Callable[[str], None]

SIDES = ("own", "apart")
"""The report's own split, and speakers apart."""

VARIANT = 0.25
"""What a variant weighs beside a row when time is shared out."""

NO_RECIPE = "no recipe"
"""Said of a row whose recipe is not there."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Variant:
    """A variant of a row.

    Args:
        name: as the report's table calls it.
        reported: its accuracy there (0..1); None where it is not printed.
        cells: by side.
    """

    name: str
    reported: float | None
    cells: Mapping[str, Cell]


@dataclass(frozen=True, kw_only=True, eq=False)
class Line:
    """A row in a setting.

    Args:
        row: without its system's name.
        reported: accuracy in the report (0..1); None where it gives none.
        note: of the report's figure.
        cells: by side.
        variants: of the row, where they are judged too.
    """

    row: str
    reported: float | None
    note: str
    cells: Mapping[str, Cell]
    variants: tuple[Variant, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Page:
    """What a page tells.

    Args:
        system: whose rows.
        lines: of each setting, in its order.
        budget: as it was asked for; empty where there was none.
        quick: whether it is a trial, whose numbers mean nothing.
        seconds: spent on it, over all runs.
        unplaced: recipes of the system that no setting names.
    """

    system: System
    lines: tuple[tuple[Line, ...], ...]
    budget: str
    quick: bool
    seconds: float
    unplaced: tuple[str, ...] = ()


def run(
    system: System,
    *,
    data: Data = None,
    folder: Path,
    budget: str = "",
    quick: bool = False,
    only: Sequence[str] = (),
    say: Say,
) -> Page:
    """Trains and judges the rows of a system.

    Args:
        system: whose rows.
        data: where the corpora are; a row whose corpus is absent says so.
        folder: keeps everything; what is finished in it is not done again.
        budget: such as "45m" (`sizing.seconds`); empty for as long as the recipes take.
        quick: one small fold of one epoch each, to see that it works.
        only: rows that are made; all where nothing is said.
        say: told what is being done.

    Raises:
        OptionError: the system has no such row, or the budget is no time.
        InputError: what was written down of this page before cannot be read.
    """
    for row in only:
        if row not in system.rows:
            raise OptionError.one_of(f"row of {system.name}", row, system.rows)
    limit = seconds(budget) if budget and not quick else None
    mark = "quick" if quick else budget or "whole"
    place = folder / system.name / "quick" if quick else folder / system.name
    ledger = Ledger.read(folder / system.name / f"{mark}.json")
    planned = [one for number in range(len(system.settings)) for one in _planned(system, number, only, quick=quick)]
    cells: dict[str, Cell] = {}
    clips = Clips(data)
    missing: set[str] = set()
    jobs: list[Job] = []
    for one in planned:
        if not _has_recipe(system, one.row):
            cells[one.key] = Cell(why=NO_RECIPE)
            continue
        try:
            made = job(one.key, one.recipe, one.setting, one.side, clips, changes=one.changes, weight=one.weight)
        except VisavoxError as error:
            cells[one.key] = Cell(why=_why(error))
            why = _why(error.__cause__ if isinstance(error.__cause__, Exception) else error)
            if why not in missing:
                say(f"{one.key}: {why}\n")
            missing.add(why)
            continue
        jobs.append(made)
    if limit is not None:
        _measure(jobs, cells, ledger, data=data, say=say)
        jobs = [made for made in jobs if made.key not in cells]
    number = len(jobs)
    while jobs:
        found = next_job(jobs, ledger, limit=limit, quick=quick)
        if found is None:
            break
        made, size = found
        jobs.remove(made)
        ledger.sizes[made.key] = size
        say(f"{system.name}, {number - len(jobs)} of {number}: {made.key} ({size.cut or 'whole'})")
        began = time.perf_counter()
        with ledger.spending():
            try:
                cells[made.key] = judge(made, size, data=data, folder=place, clips=QUICK if quick else 0)
            except Exception as error:  # whatever a row fails of, the others are judged, and the page says why
                cells[made.key] = Cell(size=size, why=_why(error))
                say(f"{made.key}: {_why(error)}\n")
            if limit is not None:
                ledger.learn(made, cells[made.key], time.perf_counter() - began)
    for made in jobs:
        least = ledger.costs[made.kind].of(1, min(1, made.epochs))
        cells[made.key] = Cell(why=f"no time left for it: a fold of one epoch takes about {least:.0f} s")
    return Page(
        system=system,
        lines=tuple(
            tuple(_lines(system, number, [one for one in planned if one.number == number], cells))
            for number in range(len(system.settings))
        ),
        budget=budget,
        quick=quick,
        seconds=ledger.spent,
        unplaced=tuple(sorted(_recipes(system) - set(system.rows))),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Planned:
    """A row, or a variant of it, on a side of a setting."""

    system: System
    number: int
    row: str
    side: str
    variant: str = ""
    changes: Mapping[str, object] = field(default_factory=dict)
    reported: float | None = None

    @property
    def setting(self) -> Setting:
        return self.system.settings[self.number]

    @property
    def recipe(self) -> str:
        return f"{self.system.name}/{self.row}"

    @property
    def weight(self) -> float:
        return VARIANT if self.variant else 1.0

    @property
    def key(self) -> str:
        """Names it, whatever its place on the page."""
        protocol = protocol_of(self.setting, self.side, words_of(self.changes)).name
        return ", ".join(part for part in (self.row, self.variant, protocol, "+".join(self.setting.clips)) if part)


def _planned(system: System, number: int, only: Sequence[str], *, quick: bool) -> Iterator[_Planned]:
    """All that a setting wants: its rows on both sides, then their variants."""
    setting = system.settings[number]
    sides = [side for side in SIDES if side == "own" or setting.apart]
    for row in setting.rows:
        if only and row not in only:
            continue
        for side in sides:
            yield _Planned(system=system, number=number, row=row, side=side)
        if row in setting.sweeps and _has_recipe(system, row):
            found = read(text_of(f"{system.name}/{row}")).sweep
            for one in found[:1] if quick else found:
                for side in sides:
                    yield _Planned(
                        system=system, number=number, row=row, side=side, variant=one.name, changes=one.set,
                        reported=one.reported,
                    )  # fmt: skip


def _recipes(system: System) -> set[str]:
    """The rows of a system whose recipe comes with visavox."""
    front = f"{system.name}/"
    return {row.id.removeprefix(front) for row in rows.rows() if row.id.startswith(front)}


def _has_recipe(system: System, row: str) -> bool:
    try:
        find(f"{system.name}/{row}")
    except InputError:
        return False
    return True


def _measure(jobs: Sequence[Job], cells: dict[str, Cell], ledger: Ledger, *, data: Data, say: Say) -> None:
    """Puts down what each job costs that was not measured before; those that fail are told."""
    failed: dict[str, str] = {}
    for made in jobs:
        if made.kind not in ledger.costs and made.kind not in failed:
            say(f"measuring {made.kind}")
            with ledger.spending():
                try:
                    ledger.costs[made.kind] = cost(made, ledger.costs, data=data)
                except Exception as error:  # see `run`
                    failed[made.kind] = _why(error)
                    say(f"{made.kind}: {failed[made.kind]}\n")
        if made.kind in failed:
            cells[made.key] = Cell(why=failed[made.kind])


def next_job(
    jobs: Sequence[Job], ledger: Ledger, *, limit: float | None, quick: bool = False
) -> tuple[Job, Size] | None:
    """The job that is done next, and how much of it; None where there is time for none.

    What was sized before stays so. Then the least of every job is set aside, as far as there is time for it, rows
    before variants and the cheap before the dear; what remains is shared out by weight, the cheapest job first, so that
    what it leaves over goes to those that need it.

    Args:
        jobs: that are not done.
        ledger: with what they cost and what was spent.
        limit: seconds of the page; None for any.
        quick: whether one epoch of one fold is enough.
    """
    for made in jobs:
        if made.key in ledger.sizes:
            return made, ledger.sizes[made.key]
    first = jobs[0]
    if quick:
        return first, Size(folds=1, of_folds=first.folds, epochs=min(1, first.epochs), of_epochs=first.epochs)
    if limit is None:
        return first, Size(folds=first.folds, of_folds=first.folds, epochs=first.epochs, of_epochs=first.epochs)
    left = limit - ledger.spent
    admitted: list[tuple[float, Job]] = []
    for made in sorted(jobs, key=lambda made: (-made.weight, _least(made, ledger))):
        least = _least(made, ledger)
        if least <= left:
            left -= least
            admitted.append((least, made))
    if not admitted:
        return None
    least, made = min(admitted, key=lambda pair: _all(pair[1], ledger) / pair[1].weight)
    share = least + left * made.weight / sum(one.weight for _, one in admitted)
    return made, fitting(ledger.costs[made.kind], folds=made.folds, epochs=made.epochs, share=share + 1e-6)


def _least(made: Job, ledger: Ledger) -> float:
    """Seconds of a job's first fold with an epoch."""
    return ledger.costs[made.kind].of(1, min(1, made.epochs))


def _all(made: Job, ledger: Ledger) -> float:
    """Seconds of a job in full."""
    return ledger.costs[made.kind].of(made.folds, made.epochs)


def _lines(system: System, number: int, planned: Sequence[_Planned], cells: Mapping[str, Cell]) -> Iterator[Line]:
    """The lines of a setting."""
    setting = system.settings[number]
    for row in dict.fromkeys(one.row for one in planned):
        mine = [one for one in planned if one.row == row]
        told = table_of(f"{system.name}/{row}").get("reported", {}) if _has_recipe(system, row) else {}
        reported = setting.reported[row] if row in setting.reported else told.get("accuracy")
        variants = []
        for name in dict.fromkeys(one.variant for one in mine if one.variant):
            each = [one for one in mine if one.variant == name]
            variants.append(
                Variant(
                    name=name,
                    reported=each[0].reported,
                    cells={one.side: cells[one.key] for one in each},
                )
            )
        yield Line(
            row=row,
            reported=float(reported) if isinstance(reported, int | float) else None,
            note="" if row in setting.reported else str(told.get("note", "")),
            cells={one.side: cells[one.key] for one in mine if not one.variant},
            variants=tuple(variants),
        )


def _why(error: Exception) -> str:
    """Why a row gave nothing, in one line; of paths only what they end in, as pages are read on other machines."""
    text = re.sub(r"(?<![\w.])(/[\w.+-]+)+/(?=[\w.+-])", "", " ".join(str(error).split()))
    return text if isinstance(error, VisavoxError) else f"it failed ({type(error).__name__}: {text[:200]})"
