"""What the tests of fusion share: made tables of what members say, and how good they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from visavox.emotions import WORDS

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Table:
    """What members said of some people: probabilities and features by source, words, speakers."""

    scores: dict[str, Floats]
    features: dict[str, Floats]
    y: list[str]
    groups: list[str]

    def rows(self, which: NDArray[np.bool_]) -> Table:
        kept = np.flatnonzero(which)
        return Table(
            {source: values[kept] for source, values in self.scores.items()},
            {source: values[kept] for source, values in self.features.items()},
            [self.y[row] for row in kept],
            [self.groups[row] for row in kept],
        )


def make(seed: int, n: int = 420) -> Table:
    """Three members, the face the best, each absent in a tenth of the rows; the voice does not know "surprised"."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, len(WORDS), n)
    scores, features = {}, {}
    centres = np.random.default_rng(99).normal(0, 1, (3, len(WORDS), 6))
    for place, (source, skill) in enumerate({"face": 2.5, "voice": 2.0, "body": 1.0}.items()):
        logits = skill * np.eye(len(WORDS))[truth] + rng.normal(0, 1, (n, len(WORDS)))
        if source == "voice":
            logits[:, -1] = np.nan
        values = np.exp(logits)
        scores[source] = values / np.nansum(values, axis=1, keepdims=True)
        features[source] = skill * centres[place][truth] + rng.normal(0, 1, (n, 6))
        gone = rng.random(n) < 0.1
        scores[source][gone] = np.nan
        features[source][gone] = np.nan
    return Table(scores, features, [WORDS[k] for k in truth], [f"person {k % 12}" for k in range(n)])


@pytest.fixture(scope="session")
def training() -> Table:
    return make(1)


@pytest.fixture(scope="session")
def unseen() -> Table:
    return make(2)
