"""Networks in the place of a learned rule: they judge what the members of a fusion give, joined into one row (torch).

In a recipe: `[fusion.rule] network = "perceptron"`, the options of the network, and `epochs`, `batch`, `learning_rate`,
`seed` of its training (Adam, a constant rate, the last epoch kept: nothing is chosen by anybody).
"""

from __future__ import annotations

import importlib
import os
import tempfile
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from visavox.calibration import softmax
from visavox.errors import OptionError, require
from visavox.recipes.recipe import Recipe
from visavox.training import Schedule, export, fit, parameters_of
from visavox.training.arrays import ArrayTask, Labelled, judged

if TYPE_CHECKING:
    import torch

    from visavox.training.classifying import Scaling

Floats = NDArray[np.float64]

NETWORKS: Mapping[str, str] = {
    "perceptron": "visavox.fusion.heads:Perceptron",
    "vector-cnn": "visavox.layers.vector:VectorCNN",
}
"""Torch modules of rows of numbers by name."""

TRAINING: Mapping[str, Any] = {"epochs": 20, "batch": 32, "learning_rate": 1e-3, "seed": 1}
"""How they are trained where a recipe says nothing."""


def head(options: Mapping[str, Any], recipe: Recipe) -> NetworkRule:
    """The rule that a recipe describes.

    Raises:
        OptionError: there is no such network, or it has no such option.
    """
    own = dict(options)
    name = str(own.pop("network"))
    if name not in NETWORKS:
        raise OptionError.one_of("fusion.rule.network", name, NETWORKS)
    training = {key: own.pop(key, usual) for key, usual in TRAINING.items()}
    return NetworkRule(network=name, options=own, **training)


class NetworkRule:
    """A network as a classifier of scikit-learn's manners, trained on columns.

    Args:
        network: a name of `NETWORKS`.
        options: of the network.
        epochs: passes over the rows.
        batch: rows a step.
        learning_rate: of Adam.
        seed: of weights and order.

    Attributes:
        classes_: what its columns of probabilities are.
        network_: the network that has learned.
    """

    def __init__(
        self,
        *,
        network: str,
        options: Mapping[str, Any] | None = None,
        epochs: int = 20,
        batch: int = 32,
        learning_rate: float = 1e-3,
        seed: int = 1,
    ) -> None:
        self.network = network
        self.options = options
        self.epochs = epochs
        self.batch = batch
        self.learning_rate = learning_rate
        self.seed = seed

    def get_params(self, deep: bool = True) -> dict[str, object]:
        """What the constructor was given."""
        names = ("network", "options", "epochs", "batch", "learning_rate", "seed")
        return {name: getattr(self, name) for name in names}

    def set_params(self, **settings: Any) -> Self:
        """Changes settings."""
        for name, value in settings.items():
            setattr(self, name, value)
        return self

    @property
    def parameters(self) -> int:
        """Numbers that were learned."""
        return parameters_of(self.network_)

    def fit(self, X: Floats, y: NDArray[np.int64]) -> Self:
        """Learns from columns [shape=(n, d)] and classes [shape=(n,)]."""
        require("train", "torch", what=f"The rule {self.network}")
        import torch

        self.classes_, labels = np.unique(y, return_inverse=True)
        rows = Labelled(X.astype(np.float32), labels.astype(np.int64))
        nobody = Labelled(rows.inputs[:0], rows.labels[:0])
        task = ArrayTask(rows, nobody, words=len(self.classes_), batch=self.batch)
        schedule = Schedule(
            epochs=self.epochs,
            batch=self.batch,
            optimizer="adam",
            learning_rate=self.learning_rate,
            weight_decay=0.0,
            shape="constant",
            averaging=0.0,
            keep="last",
            seed=self.seed,
            precision="float32",
        )
        module, name = NETWORKS[self.network].split(":")
        kind = getattr(importlib.import_module(module), name)
        with torch.random.fork_rng(devices=[]), tempfile.TemporaryDirectory() as folder:
            torch.manual_seed(self.seed)
            try:
                made = kind(words=len(self.classes_), shape=(X.shape[1],), **(self.options or {}))
            except TypeError as error:
                raise OptionError(f"Bad [fusion.rule] for {self.network!r}: {error}.") from None
            fit(made, task, schedule, folder=folder, progress=False)
        self.network_: torch.nn.Module = made.eval()
        return self

    def predict_proba(self, X: Floats) -> Floats:
        """Probabilities [shape=(n, k)]."""
        return softmax(judged(self.network_, X.astype(np.float32)))

    def predict(self, X: Floats) -> NDArray[np.int64]:
        """The likeliest class of each row [shape=(n,)]."""
        best: NDArray[np.int64] = self.classes_[self.predict_proba(X).argmax(axis=1)]
        return best

    def export_rule(
        self,
        scaling: Scaling,
        path: str | os.PathLike[str],
        *,
        shape: tuple[int, ...],
        example: NDArray[np.float32],
        kept: int,
        temperature: float,
    ) -> float:
        """Writes it as ONNX, as `visavox.training.classifying.export_classifier` does a classifier.

        The file's `features` are the network's own.
        """
        import torch

        from visavox.fusion.heads import Scaled

        made = Scaled(self.network_, scaling, kept, temperature)
        return export(made, {"input": torch.from_numpy(example)}, path)
