"""Two systems on the same rows of one protocol."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visavox import protocols
from visavox.errors import DataError, OptionError
from visavox.evaluation.result import Evaluation, interval_record, number
from visavox.protocols import Interval


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two systems on the same rows of one protocol.

    Args:
        first: name of the one.
        second: name of the other.
        protocol: protocol and baselines.
        clips: rows that both were judged on.
        speakers: how many people; None where nobody knows.
        differences: first minus second by metric, with 95 % of paired draws of speakers.
        agree: part of the rows of which both say the same word.
    """

    first: str
    second: str
    protocol: str
    clips: int
    speakers: int | None
    differences: Mapping[str, Interval]
    agree: float

    def sentence(self, metric: str = "accuracy") -> str:
        """Which is better, by how much, and whether the interval leaves room for doubt."""
        value, low, high = (100 * one for one in self.differences[metric])
        better, worse = (self.first, self.second) if value >= 0 else (self.second, self.first)
        if value < 0:
            value, low, high = -value, -high, -low
        low, high = low + 0.0, high + 0.0  # no minus before a zero
        sure = "" if low > 0 else ": it may be chance"
        return (
            f"{better} has {value:.1f} points more {metric} than {worse} ({low:.1f} to {high:.1f}, 95 % of paired "
            f"draws of {'clips' if self.speakers is None else f'{self.speakers} people'}){sure}."
        )

    def to_json(self) -> str:
        """As JSON text."""
        return json.dumps(
            {
                "first": self.first,
                "second": self.second,
                "protocol": self.protocol,
                "clips": self.clips,
                "speakers": self.speakers,
                "agree": number(self.agree),
                "differences": {name: interval_record(value) for name, value in self.differences.items()},
            },
            indent=1,
            ensure_ascii=False,
        )


def compare(a: Evaluation, b: Evaluation, *, draws: int = 2000, seed: int = 1) -> Comparison:
    """How much better `a` is than `b` on the same rows, by a bootstrap that draws both on the same speakers.

    Rows are matched by fold and clip; where the two judged other copies of the same performances (sound alone, and with
    picture), by fold and take.

    Args:
        a: one evaluation.
        b: another one, under the same protocol.
        draws: how many draws.
        seed: of the draws.

    Raises:
        OptionError: their words or folds differ.
        DataError: they were not judged on the same rows; the message names one.
    """
    if a.words != b.words:
        raise OptionError(
            f"{a.system} and {b.system} cannot be compared: one was judged on {', '.join(a.words)}, the other on "
            f"{', '.join(b.words)}."
        )
    if a.protocol != b.protocol:
        raise OptionError(
            f"{a.system} and {b.system} cannot be compared: one was judged under {a.protocol}, the other under "
            f"{b.protocol}."
        )
    order = _match(a, b)
    same = a.baseline == b.baseline
    title = a.title if same else f"{a.protocol}, {a.baseline} against {b.baseline}"
    return Comparison(
        first=a.system if same else f"{a.system} ({a.baseline})",
        second=b.system if same else f"{b.system} ({b.baseline})",
        protocol=title,
        clips=len(a.truth),
        speakers=a.people_count,
        differences={
            name: protocols.paired(
                a.truth,
                a.judged,
                b.judged[order],
                a.groups,
                words=len(a.words),
                metric=name,
                draws=draws,
                seed=seed,
            )
            for name in protocols.METRICS
        },
        agree=float((a.judged == b.judged[order]).mean()),
    )


def _match(a: Evaluation, b: Evaluation) -> NDArray[np.int64]:
    """The place in `b` of each row of `a`."""
    missing = ""
    for column in ("names", "takes"):
        keys = [list(zip(one.folds, getattr(one, column), strict=True)) for one in (a, b)]
        if any(len(set(each)) < len(each) or any(key is None for _, key in each) for each in keys):
            continue
        place = {key: index for index, key in enumerate(keys[1])}
        unmatched = [key for key in keys[0] if key not in place] or [key for key in keys[1] if key not in set(keys[0])]
        if not unmatched:
            order = np.array([place[key] for key in keys[0]], dtype=np.int64)
            if (a.truth != b.truth[order]).any():
                row = int(np.flatnonzero(a.truth != b.truth[order])[0])
                raise DataError(
                    f"{a.names[row]} is {a.words[a.truth[row]]} for {a.system}, another word for {b.system}."
                )
            return order
        missing = missing or f"fold {unmatched[0][0]}, {unmatched[0][1]}"
    raise DataError(
        f"{a.system} ({len(a.truth)} rows) and {b.system} ({len(b.truth)} rows) were not judged on the same rows"
        f"{f': {missing} was judged by one alone' if missing else ''}; evaluate both under one protocol and corpus."
    )
