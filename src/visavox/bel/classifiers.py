"""`BEL` and `MoBEL`: scikit-learn's manners around the units."""

from __future__ import annotations

import copy
from typing import Self

import numpy as np
from numpy.random import RandomState
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from visavox.bel.units import Brain, Floats, Mixture, Rates, Single, Units
from visavox.calibration import fit_temperature, softmax
from visavox.errors import OptionError

TARGET = 0.8
"""What the output of the true class should be, and less this of the others: tanh reaches it with finite weights."""

REACH = 3.0
"""Standard deviations that become an input of 1."""

STRONGEST = 3.0
"""Mean squared length of an input that the default rates stand; with more inputs than 27 the reach grows to keep it."""

LEAST = {"epochs": 1, "batch_size": 1, "experts": 2, "gamma": 0}
"""Smallest value of these hyper-parameters."""

POSITIVE = ("alpha", "beta", "gate_alpha", "gate_beta", "reach", "temperature")
"""Hyper-parameters that must be above 0."""


class _Classifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """What both classifiers share: standardised inputs, one output a class, epochs of batches, best weights kept."""

    epochs: int
    batch_size: int
    reach: float | None
    temperature: float | None
    random_state: int | RandomState | None

    def _brain(self, inputs: int, classes: int, rng: RandomState) -> Brain:
        raise NotImplementedError

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Learns from rows and their classes.

        Args:
            X: Finite numbers [shape=(n, n_features)].
            y: Class of each row [shape=(n,)].

        Raises:
            OptionError: If a hyper-parameter is out of its range.
            ValueError: If `X` holds NaN or infinity, is sparse or empty, or `y` does not fit it or holds no classes.
        """
        self._check()
        values, labels = validate_data(self, X, y, dtype=np.float64, order="C")
        check_classification_targets(labels)
        self.classes_, place = np.unique(labels, return_inverse=True)
        self.mean_ = values.mean(axis=0)
        deviation = values.std(axis=0)
        # What does not vary, but for rounding, says nothing and is only centred.
        self.deviation_ = np.where(deviation > 1e-12 * np.maximum(1.0, np.abs(self.mean_)), deviation, 1.0)
        self.reach_ = self.reach or max(REACH, (self.n_features_in_ / STRONGEST) ** 0.5)
        p = self._inputs(values)
        t = np.where(np.eye(len(self.classes_), dtype=bool)[place], TARGET, -TARGET)
        rng = check_random_state(self.random_state)
        brain = self._brain(p.shape[1], t.shape[1], rng)
        self.loss_curve_, self.best_epoch_, self.brain_ = [self._error(brain, p, t)], 0, copy.deepcopy(brain)
        for epoch in range(1, self.epochs + 1):
            order = rng.permutation(len(p))
            for start in range(0, len(p), self.batch_size):
                rows = order[start : start + self.batch_size]
                brain.step(p[rows], t[rows])
            self.loss_curve_.append(self._error(brain, p, t))
            if self.loss_curve_[-1] < self.loss_curve_[self.best_epoch_]:
                self.best_epoch_, self.brain_ = epoch, copy.deepcopy(brain)
        self.temperature_ = self.temperature or fit_temperature(self.brain_.outputs(p), place)
        return self

    def outputs(self, X: ArrayLike) -> Floats:
        """What the model answers for each class, in -1..1: 0.8 means this class, -0.8 not this class [shape=(n, k)].

        Raises:
            ValueError: If `X` has another number of columns than at `fit`, or holds NaN or infinity.
        """
        check_is_fitted(self)
        return self.brain_.outputs(self._inputs(validate_data(self, X, dtype=np.float64, order="C", reset=False)))

    def decision_function(self, X: ArrayLike) -> Floats:
        """`outputs`; of two classes their difference, positive for the second [shape=(n,)]."""
        answers = self.outputs(X)
        return answers[:, 1] - answers[:, 0] if len(self.classes_) == 2 else answers

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Probabilities [shape=(n, k)]: the softmax of the outputs over a temperature (`temperature_`)."""
        return softmax(self.outputs(X) / self.temperature_)

    def predict(self, X: ArrayLike) -> NDArray[np.generic]:
        """The class with the largest output [shape=(n,)]."""
        best = self.outputs(X).argmax(axis=1)
        chosen: NDArray[np.generic] = self.classes_[best]
        return chosen

    def _inputs(self, values: Floats) -> Floats:
        p: Floats = (values - self.mean_) / (self.deviation_ * self.reach_)
        return p

    def _check(self) -> None:
        """Asks every hyper-parameter for its range."""
        for name, value in self.get_params().items():
            if name in LEAST and value is not None and not value >= LEAST[name]:
                raise OptionError(f"Bad value {value!r} for {name}: expected at least {LEAST[name]}.")
            if name in POSITIVE and value is not None and not value > 0:
                raise OptionError(f"Bad value {value!r} for {name}: expected a number above 0.")

    @staticmethod
    def _error(brain: Brain, p: Floats, t: Floats) -> float:
        return float(((t - brain.outputs(p)) ** 2).sum(axis=1).mean())


class BEL(_Classifier):
    """Brain emotional learning: one unit a class; see `visavox.bel` for the equations and how they are read.

    Args:
        alpha: Learning rate of the amygdala, above 0.
        beta: Learning rate of the cortex, above 0.
        gamma: Decay of the amygdala's weights at each step, at least 0.
        epochs: How often all rows are gone through, at least 1.
        batch_size: Rows whose mean step is taken at once; 1 is the equations word by word.
        learn_threshold: Whether v_th learns too.
        reach: Standard deviations that become an input of 1; None: 3, and more from 28 features on, so that the mean
            squared length of an input stays at 3 and the rates go on being small enough.
        temperature: By which outputs are divided before the softmax of `predict_proba`; None: the one under which the
            training rows' classes are most probable, which is too sure of itself on others' rows: whoever needs
            calibrated probabilities fits a temperature to rows that were left out.
        random_state: Of the first weights and of the order of rows.

    Attributes:
        classes_: The classes, sorted.
        n_features_in_: Columns of `X`.
        loss_curve_: Mean squared error ||t - E||² of the training rows, before learning and after each epoch.
        best_epoch_: The epoch whose weights are kept, that of the least error; 0 is before learning.
        temperature_: The temperature in use.
        brain_: What has learned.

    Source: report of 2024, section on BEL; Moren and Balkenius, "A computational model of emotional learning in the
    amygdala", From Animals to Animats 6, 2000, for the model itself. Rates and epochs were chosen by inner folds on
    held-out posteriors published for RAVDESS, once for all five folds, so that figures on these folds are a little
    optimistic; chosen within each fold's training speakers they cost about one point.

    Example:
        >>> rng = np.random.default_rng(1)
        >>> y = np.repeat(["calm", "angry"], 50)
        >>> X = rng.normal(np.where(y == "calm", -1.5, 1.5)[:, None], 1.0, (100, 3))
        >>> model = BEL(random_state=1).fit(X, y)
        >>> bool(model.score(X, y) > 0.95), model.loss_curve_[-1] < model.loss_curve_[0]
        (True, True)
    """

    def __init__(
        self,
        *,
        alpha: float = 0.01,
        beta: float = 0.1,
        gamma: float = 0.001,
        epochs: int = 100,
        batch_size: int = 32,
        learn_threshold: bool = False,
        reach: float | None = None,
        temperature: float | None = None,
        random_state: int | RandomState | None = None,
    ) -> None:
        self.alpha = alpha
        self.beta = beta
        self.gamma = gamma
        self.epochs = epochs
        self.batch_size = batch_size
        self.learn_threshold = learn_threshold
        self.reach = reach
        self.temperature = temperature
        self.random_state = random_state

    def _brain(self, inputs: int, classes: int, rng: RandomState) -> Brain:
        rates = Rates(self.alpha, self.beta, self.gamma, self.learn_threshold)
        return Single(Units.start(inputs, classes, rates, rng))


class MoBEL(_Classifier):
    """A mixture of brain emotional learning: experts and their gates; see `visavox.bel` for the equations.

    Args:
        experts: How many, at least 2.
        alpha: Learning rate of the experts' amygdalas, above 0.
        beta: Learning rate of the experts' cortices, above 0.
        gate_alpha: Learning rate of the gates' amygdalas, above 0.
        gate_beta: Learning rate of the gates' cortices, above 0.
        gamma: Decay of the amygdalas' weights at each step, at least 0.
        epochs: How often all rows are gone through, at least 1.
        batch_size: Rows whose mean step is taken at once; 1 is the equations word by word.
        competing: Whether experts learn from a row by their responsibility for it (times their number, so that the
            rates mean the same); then they part, and fit the training rows much faster and more closely.
        learn_threshold: Whether v_th learns too.
        reach: Standard deviations that become an input of 1; None: 3, and more from 28 features on, so that the mean
            squared length of an input stays at 3 and the rates go on being small enough.
        temperature: By which outputs are divided before the softmax of `predict_proba`; None: the one under which the
            training rows' classes are most probable, which is too sure of itself on others' rows: whoever needs
            calibrated probabilities fits a temperature to rows that were left out.
        random_state: Of the first weights and of the order of rows.

    Attributes:
        classes_: The classes, sorted.
        n_features_in_: Columns of `X`.
        loss_curve_: Mean squared error ||t - y||² of the training rows, before learning and after each epoch.
        best_epoch_: The epoch whose weights are kept, that of the least error; 0 is before learning.
        temperature_: The temperature in use.
        brain_: What has learned.

    Experts that do not compete learn the same rule from the same rows and end close to each other, whatever their
    start: the mixture then judges nearly as one `BEL` does.

    Source: report of 2024, section on MoBEL, after Farhoudi and Setayeshi 2021. Rates as in `BEL`.

    Example:
        >>> rng = np.random.default_rng(1)
        >>> y = rng.integers(0, 3, 90)
        >>> X = rng.normal(np.eye(3)[y] * 3, 1.0)
        >>> model = MoBEL(random_state=1).fit(X, y)
        >>> model.predict_proba(X).shape, bool(model.score(X, y) > 0.8)
        ((90, 3), True)
    """

    def __init__(
        self,
        *,
        experts: int = 2,
        alpha: float = 0.01,
        beta: float = 0.1,
        gate_alpha: float = 0.01,
        gate_beta: float = 0.1,
        gamma: float = 0.001,
        epochs: int = 100,
        batch_size: int = 32,
        competing: bool = False,
        learn_threshold: bool = False,
        reach: float | None = None,
        temperature: float | None = None,
        random_state: int | RandomState | None = None,
    ) -> None:
        self.experts = experts
        self.alpha = alpha
        self.beta = beta
        self.gate_alpha = gate_alpha
        self.gate_beta = gate_beta
        self.gamma = gamma
        self.epochs = epochs
        self.batch_size = batch_size
        self.competing = competing
        self.learn_threshold = learn_threshold
        self.reach = reach
        self.temperature = temperature
        self.random_state = random_state

    def _brain(self, inputs: int, classes: int, rng: RandomState) -> Brain:
        experts = Rates(self.alpha, self.beta, self.gamma, self.learn_threshold)
        gates = Rates(self.gate_alpha, self.gate_beta, self.gamma, self.learn_threshold)
        return Mixture(
            Units.start(inputs, self.experts * classes, experts, rng),
            Units.start(inputs, self.experts, gates, rng),
            self.experts,
            self.competing,
        )
