"""What was decided and spent on a page, kept beside its runs, so that a page that was stopped goes on as it began."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from visavox.errors import InputError
from visavox.files import written
from visavox.reproduce.systems.judged import Cell, Job
from visavox.reproduce.systems.sizing import Cost, Size


@dataclass(eq=False)
class Ledger:
    """What was decided and spent, in a file beside the runs, so that a page that was stopped goes on as it began.

    Args:
        path: of the file.
    """

    path: Path
    spent: float = 0.0
    sizes: dict[str, Size] = field(default_factory=dict)
    costs: dict[str, Cost] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Ledger:
        """The ledger in a file; an empty one where there is none.

        Raises:
            InputError: the file is broken.
        """
        made = cls(path)
        if path.is_file():
            try:
                told = json.loads(path.read_text(encoding="utf-8"))
                made.spent = float(told["spent"])
                made.sizes = {key: Size(**value) for key, value in told["sizes"].items()}
                made.costs = {key: Cost(**value) for key, value in told["costs"].items()}
            except (ValueError, KeyError, TypeError) as error:
                raise InputError(f"{path}: it cannot be read ({error}); remove it to size the page anew.") from None
        return made

    def learn(self, made: Job, cell: Cell, wall: float) -> None:
        """Takes what a job took in place of what it was thought to take; its clips are read once.

        Args:
            made: the job.
            cell: what it gave.
            wall: seconds.
        """
        known = self.costs[made.kind]
        seconds = [row["seconds"] for rows in cell.result.histories.values() for row in rows] if cell.result else []
        over = wall - known.reading - sum(seconds)
        self.costs[made.kind] = dataclasses.replace(known, reading=0.0)
        if seconds and over > 0 and cell.size is not None and known.fold:
            self.costs[made.kind] = Cost(fold=known.fold, epoch=sum(seconds) / len(seconds))
            grown = (1 + over / cell.size.folds / known.fold) / 2
            self.costs = {key: dataclasses.replace(one, fold=one.fold * grown) for key, one in self.costs.items()}

    @contextlib.contextmanager
    def spending(self) -> Iterator[None]:
        """Adds the time that passes, and writes down what was decided, before and after."""
        self._write()
        began = time.perf_counter()
        try:
            yield
        finally:
            self.spent += time.perf_counter() - began
            self._write()

    def _write(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        told = {
            "spent": round(self.spent, 3),
            "sizes": {key: dataclasses.asdict(size) for key, size in self.sizes.items()},
            "costs": {key: dataclasses.asdict(one) for key, one in self.costs.items()},
        }
        with written(self.path) as part:
            part.write_text(json.dumps(told, indent=1), encoding="utf-8")
