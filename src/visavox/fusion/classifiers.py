"""Learned rules: classifiers by name, or any of scikit-learn's, fitted on columns and asked for probabilities.

They need the extra ``train`` (scikit-learn) and live in memory, or in the folder of the run that fitted them.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from visavox.calibration import fit_temperature, softmax
from visavox.errors import DataError, OptionError, require
from visavox.fusion.folds import inner_folds
from visavox.fusion.rules import Floats

NEIGHBOURS = range(1, 25)
"""How many neighbours k-NN may look at; the grid of the report that has it."""

PENALTIES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
"""What C a tuned logistic regression may have; the smaller, the more it is held back."""

SEARCHED = ("logistic-regression-tuned", "knn")
"""Learned rules that choose a setting by inner speakers."""


class Classifier(Protocol):
    """What scikit-learn calls a classifier."""

    def fit(self, X: Floats, y: NDArray[np.int64]) -> object:
        """Learns."""

    def predict(self, X: Floats) -> NDArray[np.int64]:
        """Names a class for each row."""


def _logistic_regression(seed: int) -> Classifier:
    from sklearn.linear_model import LogisticRegression

    made: Classifier = LogisticRegression(C=1.0, solver="lbfgs", max_iter=10_000)
    return made


def _svm(kernel: str) -> Callable[[int], Classifier]:
    def make(seed: int) -> Classifier:
        from sklearn.svm import SVC

        made: Classifier = SVC(kernel=kernel, C=1.0, gamma="scale", break_ties=True)
        return made

    return make


def _mlp(seed: int) -> Classifier:
    from sklearn.neural_network import MLPClassifier

    made: Classifier = MLPClassifier(hidden_layer_sizes=(40,), max_iter=400, random_state=seed)
    return made


def _bel(seed: int) -> Classifier:
    from visavox.bel import BEL

    return BEL(random_state=seed)


def _mobel(seed: int) -> Classifier:
    from visavox.bel import MoBEL

    return MoBEL(random_state=seed)


NAMED: Mapping[str, Callable[[int], Classifier]] = {
    "logistic-regression": _logistic_regression,
    "svm-linear": _svm("linear"),
    "svm-rbf": _svm("rbf"),
    "svm-sigmoid": _svm("sigmoid"),
    "mlp": _mlp,
    "bel": _bel,
    "mobel": _mobel,
}

CLASSIFIERS: tuple[str, ...] = (
    "logistic-regression",
    "logistic-regression-tuned",
    "svm-linear",
    "svm-rbf",
    "svm-sigmoid",
    "knn",
    "mlp",
    "bel",
    "mobel",
)
"""The learned rules by name.

logistic-regression: multinomial, C = 1; tuned: the C of `PENALTIES` under which inner speakers' words are most
probable. svm-*: C = 1, gamma "scale". knn: as many of `NEIGHBOURS` as judge inner speakers best. mlp: one hidden layer
of 40, 400 passes. bel, mobel: `visavox.bel`.
"""


class Learned:
    """A classifier over the fusion's words.

    Args:
        rule: A name of `CLASSIFIERS`, or a classifier, which is cloned and left as it is.
        words: How many words there are.
        seed: Of what is drawn.

    A classifier without probabilities (a support vector machine) gets them as the softmax of its decision values over
    a temperature fitted on inner speakers, so that its likeliest word is the one it names.
    """

    def __init__(self, rule: str | Classifier, words: int, seed: int) -> None:
        self.rule = rule
        self.words = words
        self.seed = seed
        self.temperature = 1.0

    def fit(self, columns: Floats, y: NDArray[np.int64], groups: Sequence[str] | None) -> Self:
        """Learns from columns [shape=(n, d)], indices of words [shape=(n,)] and, for inner folds, speakers.

        Raises:
            DataError: If all rows have one word.
            MissingExtraError: If scikit-learn is not installed.
        """
        require("train", "sklearn", what="A learned rule of fusion")
        if len(np.unique(y)) < 2:
            raise DataError(f"A learned rule of fusion wants rows of two words at least, got {len(np.unique(y))}.")
        made = self._search(y, groups) if self.rule in SEARCHED else self._make()
        self.classifier = _fitted(made, columns, y, groups, passes_are_a_budget=self.rule == "mlp")
        self.temperature = 1.0
        if not hasattr(self.classifier, "predict_proba") and hasattr(self.classifier, "decision_function"):
            self.temperature = self._temperature(columns, y, groups)
        return self

    def probabilities(self, columns: Floats) -> Floats:
        """[shape=(n, words)]; 0 at words that no row had."""
        result = np.zeros((len(columns), self.words))
        if len(columns):
            values = _decisions(self.classifier, columns)
            if not hasattr(self.classifier, "predict_proba"):
                # A classifier that only names a class has decisions of 0 and minus infinity: certainty.
                values = softmax(values / self.temperature)
            result[:, _classes(self.classifier)] = values
        return result

    @property
    def places(self) -> NDArray[np.int64]:
        """Index of the word of each class that the classifier knows."""
        return _classes(self.classifier)

    def _make(self) -> Classifier:
        from sklearn.base import clone

        if isinstance(self.rule, str):
            return NAMED[self.rule](self.seed)
        copy: Classifier = clone(self.rule)
        return copy

    def _search(self, y: NDArray[np.int64], groups: Sequence[str] | None) -> Classifier:
        """The classifier of a searched rule, with settings chosen by how it judges inner speakers."""
        from sklearn.linear_model import LogisticRegression
        from sklearn.model_selection import GridSearchCV
        from sklearn.neighbors import KNeighborsClassifier

        folds = inner_folds(y, groups, 5, self.seed)
        if self.rule == "knn":
            most = min((len(train) for train, _ in folds), default=1)
            counts = [count for count in NEIGHBOURS if count <= most]
            made: Classifier = GridSearchCV(
                KNeighborsClassifier(), {"n_neighbors": counts}, cv=folds, error_score="raise"
            )
        else:
            # Words that an inner fold lacks would make its likelihood meaningless.
            folds = [(train, test) for train, test in folds if set(y[test]) <= set(y[train])] or folds
            plain = LogisticRegression(solver="lbfgs", max_iter=10_000)
            made = GridSearchCV(plain, {"C": list(PENALTIES)}, cv=folds, scoring=_likelihood, error_score="raise")
        return made

    def _temperature(self, columns: Floats, y: NDArray[np.int64], groups: Sequence[str] | None) -> float:
        found, truth = [], []
        for train, test in inner_folds(y, groups, 5, self.seed):
            if len(np.unique(y[train])) == len(np.unique(y)):
                people = [groups[row] for row in train] if groups is not None else None
                fold = _fitted(self._make(), columns[train], y[train], people)
                found.append(_decisions(fold, columns[test]))
                truth.append(np.searchsorted(_classes(fold), y[test]))
        return fit_temperature(np.concatenate(found), np.concatenate(truth)) if found else 1.0


def check_classifier(rule: object) -> None:
    """Asks whether something can be fitted and asked as scikit-learn's classifiers can.

    Raises:
        OptionError: If it cannot, or is a class where an instance is wanted.
    """
    if isinstance(rule, type) or not (hasattr(rule, "fit") and hasattr(rule, "predict")):
        raise OptionError(
            f"Bad value {rule!r} for rule: expected a rule's name or a classifier in the manner of scikit-learn, "
            "such as LogisticRegression(C=0.1)."
        )


def _likelihood(classifier: Classifier, columns: Floats, y: NDArray[np.int64]) -> float:
    """Mean log-probability of the true words; a word that the classifier never met counts as one in a million."""
    chance = np.hstack([_decisions(classifier, columns), np.zeros((len(columns), 1))])
    classes = _classes(classifier)
    place = np.where(np.isin(y, classes), np.searchsorted(classes, y), len(classes))
    return float(np.log(np.maximum(chance[np.arange(len(y)), place], 1e-6)).mean())


def _fitted(
    classifier: Classifier,
    columns: Floats,
    y: NDArray[np.int64],
    groups: Sequence[str] | None,
    *,
    passes_are_a_budget: bool = False,
) -> Classifier:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.model_selection import GridSearchCV, RandomizedSearchCV

    with warnings.catch_warnings():
        if passes_are_a_budget:
            # 400 passes are what the report's MLP has, not a promise that nothing more could be learned.
            warnings.simplefilter("ignore", ConvergenceWarning)
        if isinstance(classifier, GridSearchCV | RandomizedSearchCV) and groups is not None:
            classifier.fit(columns, y, groups=groups)  # so that its folds may be made by speaker
        else:
            classifier.fit(columns, y)
    return classifier


def _classes(classifier: Classifier) -> NDArray[np.int64]:
    return np.asarray(getattr(classifier, "classes_"), dtype=np.int64)  # noqa: B009 - not all have it before `fit`


def _decisions(classifier: Classifier, columns: Floats) -> Floats:
    """Probabilities or decision values, one a class [shape=(n, k)]."""
    for name in ("predict_proba", "decision_function"):
        if hasattr(classifier, name):
            values = np.asarray(getattr(classifier, name)(columns), dtype=np.float64)
            return values if values.ndim == 2 else np.stack([-values / 2, values / 2], axis=1)
    chosen = classifier.predict(columns)[:, None] == _classes(classifier)
    return np.where(chosen, 0.0, -np.inf)
