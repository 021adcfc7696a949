"""A gated unit, in numpy: for each of its values it learns how far to listen to each source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

import numpy as np
from numpy.typing import NDArray

from visavox.calibration import softmax
from visavox.fusion.inputs import absent
from visavox.fusion.rules import Floats


class GatedUnit:
    """Features of several sources joined by gates that look at all of them.

    h_m = tanh(W_m x_m + b_m) for each source m, gates z = softmax over the sources of (V_m [x_1 … x_M] + c_m), value by
    value, and the joined features are Σ_m z_m h_m. An absent source's gate is closed and the others share its part. W,
    V and the biases are learned with a softmax head over the words, by Adam on batches; the head is then put away, and
    any classifier takes the joined features.

    Args:
        width: How many joined values.
        epochs: Passes over the rows.
        batch: Rows a step.
        learning_rate: Of Adam.
        weight_decay: Pull of the matrices toward zero at each step, as a part of the learning rate.
        seed: Of starting weights and order.

    Source: Arevalo, Solorio, Montes-y-Gómez & González, "Gated multimodal units for information fusion", 2017, section
    3.1. For two sources the gate is the paper's z and 1 - z; for more the paper has one sigmoid each, where we let the
    gates sum to one, so that leaving a source out has a meaning.
    """

    def __init__(
        self,
        *,
        width: int = 32,
        epochs: int = 60,
        batch: int = 64,
        learning_rate: float = 5e-3,
        weight_decay: float = 0.02,
        seed: int = 1,
    ) -> None:
        self.width = width
        self.epochs = epochs
        self.batch = batch
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.seed = seed

    def fit(self, tables: Mapping[str, Floats], y: NDArray[np.int64]) -> Self:
        """Learns from scaled features by source [shape=(n, d)], rows of NaN where absent, and indices of words."""
        rng = np.random.default_rng(self.seed)
        inputs, here = self._inputs(tables)
        sizes = [part.shape[1] for part in inputs]
        words = int(y.max()) + 1
        whole = sum(sizes)
        self.weights: dict[str, Floats] = {"head": _start(rng, self.width, words), "head bias": np.zeros(words)}
        for place, size in enumerate(sizes):
            self.weights |= {
                f"look {place}": _start(rng, size, self.width),
                f"look bias {place}": np.zeros(self.width),
                f"gate {place}": _start(rng, whole, self.width),
                f"gate bias {place}": np.zeros(self.width),
            }
        first = {name: np.zeros_like(value) for name, value in self.weights.items()}
        second = {name: np.zeros_like(value) for name, value in self.weights.items()}
        step = 0
        for _ in range(self.epochs):
            order = rng.permutation(len(y))
            for start in range(0, len(y), self.batch):
                rows, step = order[start : start + self.batch], step + 1
                slopes = self.gradient([part[rows] for part in inputs], here[:, rows], y[rows])[1]
                for name, slope in slopes.items():
                    first[name] = 0.9 * first[name] + 0.1 * slope
                    second[name] = 0.999 * second[name] + 0.001 * slope**2
                    moved = first[name] / (1 - 0.9**step) / (np.sqrt(second[name] / (1 - 0.999**step)) + 1e-8)
                    if self.weights[name].ndim == 2:
                        moved = moved + self.weight_decay * self.weights[name]
                    self.weights[name] = self.weights[name] - self.learning_rate * moved
        return self

    def joined(self, tables: Mapping[str, Floats]) -> Floats:
        """Joined features [shape=(n, width)]; rows of zeros where every source is absent."""
        inputs, here = self._inputs(tables)
        looks, gates = self._looks_and_gates(inputs, here)
        return np.asarray((gates * looks).sum(axis=0))

    def gates(self, tables: Mapping[str, Floats]) -> dict[str, Floats]:
        """How far each source is listened to in each joined value, by source [shape=(n, width)]; sums to one."""
        gates = self._looks_and_gates(*self._inputs(tables))[1]
        return dict(zip(tables, gates, strict=True))

    def gradient(
        self, inputs: list[Floats], here: NDArray[np.bool_], y: NDArray[np.int64]
    ) -> tuple[float, dict[str, Floats]]:
        """Mean negative log-probability of the true words, and its slope in every weight."""
        looks, gates = self._looks_and_gates(inputs, here)
        joined = (gates * looks).sum(axis=0)
        chance = softmax(joined @ self.weights["head"] + self.weights["head bias"])
        rows = np.arange(len(y))
        loss = -float(np.log(np.maximum(chance[rows, y], 1e-300)).mean())
        error = chance.copy()
        error[rows, y] -= 1
        error /= len(y)
        slopes = {"head": joined.T @ error, "head bias": error.sum(axis=0)}
        back = error @ self.weights["head"].T
        whole = np.hstack(inputs)
        for place, part in enumerate(inputs):
            look = back * gates[place] * (1 - looks[place] ** 2)
            gate = back * gates[place] * (looks[place] - joined)
            slopes |= {
                f"look {place}": part.T @ look,
                f"look bias {place}": look.sum(axis=0),
                f"gate {place}": whole.T @ gate,
                f"gate bias {place}": gate.sum(axis=0),
            }
        return loss, slopes

    @staticmethod
    def _inputs(tables: Mapping[str, Floats]) -> tuple[list[Floats], NDArray[np.bool_]]:
        here = np.stack([~absent(table) for table in tables.values()])
        return [np.nan_to_num(table) for table in tables.values()], here

    def _looks_and_gates(self, inputs: list[Floats], here: NDArray[np.bool_]) -> tuple[Floats, Floats]:
        """Each source's own values and its gates, both [shape=(m, n, width)]."""
        whole = np.hstack(inputs)
        weights = self.weights
        looks = np.stack(
            [
                np.tanh(part @ weights[f"look {place}"] + weights[f"look bias {place}"])
                for place, part in enumerate(inputs)
            ]
        )
        open_ = np.stack(
            [whole @ weights[f"gate {place}"] + weights[f"gate bias {place}"] for place in range(len(inputs))]
        )
        somebody = np.asarray(here.any(axis=0))
        open_ = np.where(here[:, :, None] | ~somebody[:, None], open_, -np.inf)
        return looks, softmax(open_, axis=0) * somebody[:, None]


def _start(rng: np.random.Generator, rows: int, columns: int) -> Floats:
    """Weights before learning, uniform in ±sqrt(6 / (rows + columns)) (Glorot & Bengio, AISTATS 2010, equation 16)."""
    most = (6 / (rows + columns)) ** 0.5
    return rng.uniform(-most, most, (rows, columns))
