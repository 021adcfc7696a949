"""The equations of brain emotional learning: units, one a class, and the mixture of several experts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

Floats = NDArray[np.float64]

START = 0.01
"""Deviation of the weights before learning, and the amygdala's v_th, as in the report's code."""


@dataclass(frozen=True)
class Rates:
    """How fast units learn.

    Args:
        alpha: Learning rate of the amygdala.
        beta: Learning rate of the cortex.
        gamma: Decay of the amygdala at each step.
        threshold: Whether v_th learns too.
    """

    alpha: float
    beta: float
    gamma: float
    threshold: bool = False


@dataclass
class Units:
    """Units side by side, one a column, that see the same input.

    Args:
        amygdala: Weights v [shape=(n_inputs, n_units)].
        threshold: Weights v_th of the largest input [shape=(n_units,)].
        cortex: Weights w [shape=(n_inputs, n_units)].
        rates: How fast they learn.
    """

    amygdala: Floats
    threshold: Floats
    cortex: Floats
    rates: Rates

    @classmethod
    def start(cls, inputs: int, count: int, rates: Rates, rng: RandomState) -> Units:
        """Units before learning: small weights, each its own."""
        amygdala, cortex = START * rng.standard_normal((2, inputs, count))
        return cls(amygdala, np.full(count, START), cortex, rates)

    def answer(self, p: Floats) -> tuple[Floats, Floats]:
        """The amygdala's f(e_a) and the answer E, both [shape=(n, n_units)], to inputs [shape=(n, n_inputs)]."""
        felt = np.tanh(p @ self.amygdala + p.max(axis=1)[:, None] * self.threshold)
        return felt, np.tanh(felt - np.tanh(p @ self.cortex))

    def learn(self, p: Floats, lack: Floats, excess: Floats) -> None:
        """One step: the amygdala grows by what it lacks, the cortex holds back what was too much.

        Args:
            p: Inputs [shape=(n, n_inputs)].
            lack: max(0, t - f(e_a)) [shape=(n, n_units)].
            excess: E - t [shape=(n, n_units)].
        """
        kept, grown = 1 - self.rates.gamma, self.rates.alpha / len(p)
        if self.rates.threshold:
            self.threshold = kept * self.threshold + grown * (p.max(axis=1) @ lack)
        self.amygdala = kept * self.amygdala + grown * (p.T @ lack)
        self.cortex = self.cortex + self.rates.beta / len(p) * (p.T @ excess)


class Brain(Protocol):
    """What learns inside a classifier."""

    def outputs(self, p: Floats) -> Floats:
        """One value a class [shape=(n, k)] for inputs [shape=(n, n_inputs)]."""

    def step(self, p: Floats, t: Floats) -> None:
        """Learns from inputs and their targets [shape=(n, k)]."""


@dataclass
class Single:
    """One unit a class."""

    units: Units

    def outputs(self, p: Floats) -> Floats:
        """E [shape=(n, k)]."""
        return self.units.answer(p)[1]

    def step(self, p: Floats, t: Floats) -> None:
        """Δv and Δw of `visavox.bel`'s equations."""
        felt, answer = self.units.answer(p)
        self.units.learn(p, np.maximum(0.0, t - felt), answer - t)


@dataclass
class Mixture:
    """Several experts of one unit a class, and a gate for each.

    Args:
        experts: `count` times k units, expert by expert.
        gates: `count` units.
        count: How many experts.
        competing: Whether an expert learns from a row by its responsibility h_i for it, times `count`.
    """

    experts: Units
    gates: Units
    count: int
    competing: bool = False

    def outputs(self, p: Floats) -> Floats:
        """The experts' answers y, weighted by their gates [shape=(n, k)]."""
        answers = self._split(self.experts.answer(p)[1])
        result: Floats = np.einsum("ni,nik->nk", self._open(self.gates.answer(p)[1]), answers)
        return result

    def step(self, p: Floats, t: Floats) -> None:
        """The experts' Δv and Δw and the gates' Δv_g and Δw_g."""
        felt, answers = (self._split(part) for part in self.experts.answer(p))
        gate_felt, gate_answers = self.gates.answer(p)
        gates = self._open(gate_answers)
        target = t[:, None, :]
        error = ((target - answers) ** 2).sum(axis=2)
        # The least error is taken off first: h_i stays the same, and with many classes exp does not end at 0.
        fit = gates * np.exp(-0.5 * (error - error.min(axis=1, keepdims=True)))
        responsible = fit / fit.sum(axis=1, keepdims=True)
        share = responsible[:, :, None] * self.count if self.competing else 1.0
        lack, excess = share * np.maximum(0.0, target - felt), share * (answers - target)
        self.experts.learn(p, lack.reshape(len(p), -1), excess.reshape(len(p), -1))
        self.gates.learn(p, np.maximum(0.0, responsible - gate_felt), gates - responsible)

    def _split(self, units: Floats) -> Floats:
        """[n, count * k] as [n, count, k]."""
        return units.reshape(len(units), self.count, -1)

    @staticmethod
    def _open(answers: Floats) -> Floats:
        """The gates' answers as shares that are positive and sum to one."""
        positive = 1.0 + answers
        result: Floats = positive / positive.sum(axis=1, keepdims=True)
        return result
