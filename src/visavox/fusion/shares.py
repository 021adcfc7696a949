"""How much each source moved a result, whatever the rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from visavox.fusion.inputs import absent
from visavox.fusion.rules import Floats


def shares(combine: Callable[[Mapping[str, Floats]], Floats], scores: Mapping[str, Floats]) -> dict[str, Floats]:
    """Each source's part in what all of them changed.

    A source's share is the total variation distance between the result and the result without that source, over the
    sum of these distances; equal shares where nothing would change, 0 for a source that could not judge.

    Args:
        combine: What joins scores, also of some of the sources alone.
        scores: By source.

    Returns:
        By source, shares that sum to one in every row that could be judged [shape=(n,)], NaN elsewhere.
    """
    whole = combine(scores)
    present = {source: ~absent(np.asarray(values)) for source, values in scores.items()}
    moved = {}
    for source in scores:
        rest = {key: value for key, value in scores.items() if key != source}
        without = combine(rest) if rest else np.full_like(whole, np.nan)
        nothing_left = np.isnan(without).all(axis=1)
        distance = 0.5 * np.abs(whole - without).sum(axis=1)
        moved[source] = np.where(present[source], np.where(nothing_left, 1.0, distance), 0.0)
    total = np.sum(list(moved.values()), axis=0)
    count = np.sum(list(present.values()), axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        parts = {
            source: np.where(total > 1e-9, moved[source] / total, np.where(present[source], 1.0 / count, 0.0))
            for source in scores
        }
    return {source: np.where(count > 0, part, np.nan) for source, part in parts.items()}
