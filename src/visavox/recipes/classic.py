"""Classifiers of scikit-learn in the place of a network: `[network] kind = "svm"` in a recipe.

They see each example flattened, every value scaled by the training part (`scaler`), and become an ONNX file with the
outputs of a network (`visavox.training.classifying`): its features are the scaled values, its logits are what one
temperature calibrates best. Fitting takes seconds, so that nothing is kept to go on from; no epoch is chosen, and
validation clips serve the temperature alone.
"""

from __future__ import annotations

import functools
import os
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from visavox.errors import OptionError, TrainingError, require
from visavox.fusion.inputs import SCALINGS, Scaler, Scaling
from visavox.inputs import Kinds, as_numbers
from visavox.training.classifying import Reduced, count, export_classifier

if TYPE_CHECKING:
    from visavox.recipes.recipe import Recipe
    from visavox.training.arrays import Labelled

KERNELS = ("linear", "rbf", "poly", "sigmoid")
CHECKED = 64
"""Training examples by which the exported file is checked."""


def svm(
    *, kernel: str = "rbf", degree: int = 3, C: float = 1.0, gamma: str | float = "scale", coef0: float = 0.0
) -> Any:
    """A support vector machine, one against one, whose decision values are joined one against the rest.

    Args:
        kernel: "linear", "rbf", "poly" or "sigmoid".
        degree: Of the polynomial.
        C: How much an error costs.
        gamma: Of the kernel; "scale" is one over the number of columns and their variance.
        coef0: Added in polynomial and sigmoid.
    """
    from sklearn.svm import SVC

    if kernel not in KERNELS:
        raise OptionError.one_of("network.kernel", kernel, KERNELS)
    return SVC(kernel=kernel, degree=degree, C=C, gamma=gamma, coef0=coef0, break_ties=True)


def gnb(*, smoothing: float = 1e-9) -> Any:
    """Gaussian naive Bayes: each column by itself, a mean and a variance for each word.

    Args:
        smoothing: Part of the largest variance that is added to all.
    """
    from sklearn.naive_bayes import GaussianNB

    return GaussianNB(var_smoothing=smoothing)


def lda(*, solver: str = "svd", shrinkage: str | float | None = None) -> Any:
    """Linear discriminant analysis: one covariance for all words.

    Args:
        solver: "svd", or "lsqr" and "eigen", which can shrink the covariance.
        shrinkage: "auto" (Ledoit and Wolf) or a part; none by default.
    """
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    if solver not in ("svd", "lsqr", "eigen"):
        raise OptionError.one_of("network.solver", solver, ("svd", "lsqr", "eigen"))
    return LinearDiscriminantAnalysis(solver=solver, shrinkage=shrinkage)


def mlp(*, hidden: int | tuple[int, ...] = 100, epochs: int = 200, seed: int = 1) -> Any:
    """A multilayer perceptron, ReLU, learned by Adam.

    Args:
        hidden: Units of the hidden layer, or of each.
        epochs: At most.
        seed: Of its weights and order.
    """
    from sklearn.neural_network import MLPClassifier

    return MLPClassifier(hidden_layer_sizes=hidden, max_iter=epochs, random_state=seed)


def logistic_regression(*, C: float = 1.0) -> Any:
    """Multinomial logistic regression.

    Args:
        C: The smaller, the more its coefficients are held back.
    """
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=C, max_iter=10_000)


KINDS: Mapping[str, Callable[..., Any]] = {
    "svm": svm,
    "gnb": gnb,
    "lda": lda,
    "mlp": mlp,
    "logistic-regression": logistic_regression,
}
"""Classifiers by `network.kind`."""

NAMES: Mapping[str, str] = {
    "svm": "a support vector machine",
    "gnb": "Gaussian naive Bayes",
    "lda": "linear discriminant analysis",
    "mlp": "a multilayer perceptron",
    "logistic-regression": "multinomial logistic regression",
}
"""What a card calls them."""


class Classic:
    """A classifier in the place of a network.

    Args:
        words: How many there are.
        shape: Of one example.
        scaler: "standard", "min-max" or "none".
        kind: A name of `KINDS`.
        reduced: Of examples of frames [t, d], how many values each frame is reduced to first, by a dense layer that
            learns the words from single frames of the training part; 0 leaves them as they are.
        options: Of that kind.

    Raises:
        OptionError: The kind, the scaler or an option's value is none that there is.
        TypeError: The kind has no such option.
    """

    def __init__(
        self,
        *,
        words: int,
        shape: tuple[int, ...],
        kind: str,
        scaler: Scaling = "standard",
        reduced: int = 0,
        **options: object,
    ) -> None:
        require("train", "sklearn", what=f"The classifier {kind}")
        if scaler not in SCALINGS:
            raise OptionError.one_of("network.scaler", scaler, SCALINGS)
        if reduced and len(shape) != 2:
            raise OptionError(
                f"Bad value {reduced!r} for network.reduced: the input has no frames, its shape is {shape}."
            )
        self.words = words
        self.shape = shape
        self.kind = kind
        self.units = reduced
        self.reduced: Reduced | None = None
        self.scaler = Scaler(scaler)
        self.classifier = KINDS[kind](**options)
        self.options = options

    @property
    def told(self) -> str:
        """How it was fitted, for a card."""
        options = ", ".join(f"{key} {value}" for key, value in self.options.items())
        scaled = "" if self.scaler.how == "none" else f" on {self.scaler.how} scaled values"
        fewer = f", frames reduced to {self.units}" if self.units else ""
        return f"{NAMES[self.kind]}{f' ({options})' if options else ''} fitted{scaled}{fewer}"

    @property
    def parameters(self) -> int:
        """Numbers that were fitted: those of the classifier, and two of the scaler for each value."""
        layer = 0
        if self.reduced is not None:
            parts = (self.reduced.middle, self.reduced.width, self.reduced.weight, self.reduced.bias)
            layer = sum(part.size for part in parts)
        return layer + count(self.classifier) + (0 if self.scaler.how == "none" else 2 * len(self.scaler.mean))

    def fit(self, examples: Labelled) -> None:
        """Learns from examples [n, *shape] and their words.

        Raises:
            TrainingError: a word has no example; classifiers, unlike networks, would not have a column for it.
        """
        from sklearn.exceptions import ConvergenceWarning

        counts = np.bincount(examples.labels, minlength=self.words)
        if not counts.all():
            raise TrainingError(
                f"{NAMES[self.kind]} wants examples of all {self.words} words in the training part, and has none of "
                f"{int((counts == 0).sum())}; give it more clips, or take these words out of the recipe"
            )
        self.frequencies: NDArray[np.float64] = counts / counts.sum()
        numbers = as_numbers(examples.inputs)
        if self.units:
            self.reduced = reduce_frames(numbers, examples.labels, self.units)
            flat = self.reduced.of(numbers)
        else:
            flat = numbers.reshape(len(numbers), -1).astype(np.float64)
        self.scaler.fit(flat)
        scaled = self.scaler.scaled(flat)
        with warnings.catch_warnings():
            # So many passes are what a recipe asks for, not a promise that nothing more could be learned.
            warnings.simplefilter("ignore", ConvergenceWarning)
            warnings.filterwarnings("ignore", "Variables are collinear")  # as joined cepstra are; it says what it does
            self.classifier.fit(scaled, examples.labels)
        self._example = as_numbers(examples.inputs[:: max(1, len(flat) // CHECKED)][:CHECKED])

    def export(self, path: str | os.PathLike[str]) -> float:
        """Writes it as ONNX, checked on some training examples; the largest difference from scikit-learn."""
        return export_classifier(
            self.classifier, self.scaler, path, shape=self.shape, example=self._example, reduced=self.reduced
        )


def reduce_frames(frames: NDArray[np.float32], labels: NDArray[np.int64], units: int, *, seed: int = 1) -> Reduced:
    """A dense layer of some units with ReLU that tells words from single frames, without its last layer.

    Args:
        frames: [n, t, d].
        labels: Of each example [n].
        units: How many values are left of a frame.
        seed: Of weights and order.

    Source: lecture 27 of "Affective Computing", IIIT Delhi: a norm, dense 21 with ReLU, words; Adam at 1e-4, batches of
        128, 20 epochs. The norm is the frames' mean and deviation over the training part. Frames that repeat the one
        before, as after a clip's end, are learned from as others are.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    single = frames.reshape(-1, frames.shape[2]).astype(np.float64)
    scaler = Scaler("standard").fit(single)
    layer = MLPClassifier(
        (units,), batch_size=min(128, len(single)), learning_rate_init=1e-4, max_iter=20, random_state=seed
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        layer.fit(scaler.scaled(single), np.repeat(labels, frames.shape[1]))
    return Reduced(scaler.middle, scaler.width, layer.coefs_[0], layer.intercepts_[0])


SVM = functools.partial(Classic, kind="svm")
GNB = functools.partial(Classic, kind="gnb")
LDA = functools.partial(Classic, kind="lda")
MLP = functools.partial(Classic, kind="mlp")
LOGISTIC_REGRESSION = functools.partial(Classic, kind="logistic-regression")


def with_classifiers(kinds: Kinds) -> Kinds:
    """What a wing offers, and the classifiers, which any input can be given to."""
    ours = {kind: f"{__name__}:{kind.upper().replace('-', '_')}" for kind in KINDS}
    return replace(kinds, networks={**kinds.networks, **ours})


def is_classic(recipe: Recipe) -> bool:
    """Whether a recipe fits a classifier."""
    return recipe.network.get("kind") in KINDS
