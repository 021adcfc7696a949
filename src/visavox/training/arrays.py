"""`ArrayTask`: labelled arrays that fit into memory, as most published systems learn from them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from visavox.errors import TrainingError
from visavox.inputs import Vary, as_numbers

if TYPE_CHECKING:
    import torch


class Labelled(NamedTuple):
    """Inputs of one shape with their words.

    Args:
        inputs: [n, ...], uint8 (pictures, 0..255) or floating.
        labels: int64 [n], into the recipe's words.
    """

    inputs: NDArray[np.generic]
    labels: NDArray[np.int64]


class ArrayTask:
    """Words of arrays as a task for `visavox.training.fit`.

    Inputs come in a drawn order, each once an epoch. The loss is the cross-entropy of the words; a network that has
    more to lose says so itself, in a method `loss(inputs, targets)`. The score is the mean recall over words on
    `validation`.

    Args:
        train: to learn from.
        validation: people who are not in `train`, to choose the epoch by; none where the last one is kept.
        words: how many words there are.
        batch: inputs a step.
        vary: changes batches of training inputs.
        label_smoothing: part of a label that is spread over all words.
        weigh: whether each word weighs alike in the loss, however many clips it has.

    Raises:
        TrainingError: there is nothing to learn from.
    """

    def __init__(
        self,
        train: Labelled,
        validation: Labelled,
        *,
        words: int,
        batch: int,
        vary: Vary | None = None,
        label_smoothing: float = 0.0,
        weigh: bool = False,
    ) -> None:
        if not len(train.labels):
            raise TrainingError("there is nothing to learn from: no clip of the training part can be judged")
        self.train = train
        self.validation = validation
        self.batch = min(batch, len(train.labels))
        self.vary = vary
        targets = np.eye(words, dtype=np.float32)[train.labels]
        self.targets: NDArray[np.float32] = targets * np.float32(1 - label_smoothing) + np.float32(
            label_smoothing / words
        )
        counts = np.maximum(np.bincount(train.labels, minlength=words), 1)
        weight = len(train.labels) / (np.count_nonzero(np.bincount(train.labels)) * counts)
        self.weight: NDArray[np.float32] = (weight if weigh else np.ones(words)).astype(np.float32)

    @property
    def frequencies(self) -> NDArray[np.float64]:
        """How often each word is asked for [k], summing to one, as much as it weighs."""
        asked = (self.targets * self.weight[self.train.labels, None]).sum(axis=0, dtype=np.float64)
        frequencies: NDArray[np.float64] = asked / asked.sum()
        return frequencies

    @property
    def steps(self) -> int:
        """Batches an epoch. A last batch of one, which batch norms cannot take, is left out."""
        whole, rest = divmod(len(self.train.labels), self.batch)
        return whole + (rest > 1) if whole else 1

    def batches(self, rng: np.random.Generator, done: float) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """One epoch of (inputs float32 [n, ...], weighed targets float32 [n, k])."""
        import torch

        order = rng.permutation(len(self.train.labels))
        for step in range(self.steps):
            rows = order[step * self.batch : (step + 1) * self.batch]
            inputs = self.train.inputs[rows]
            if self.vary is not None:
                inputs = self.vary(inputs, rng)
            targets = self.targets[rows] * self.weight[self.train.labels[rows], None]
            yield torch.from_numpy(as_numbers(inputs)), torch.from_numpy(targets)

    def loss(self, network: torch.nn.Module, batch: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        """Cross-entropy with the words, or what the network itself loses on them."""
        device = next(network.parameters()).device
        inputs, targets = (part.to(device) for part in batch)
        own = getattr(network, "loss", None)
        if callable(own):
            lost: torch.Tensor = own(inputs, targets)
            return lost
        return cross_entropy(network(inputs)[0], targets)

    def validate(self, network: torch.nn.Module) -> dict[str, float]:
        """Mean recall over words ("score"), accuracy and cross-entropy on the validation inputs.

        Beside them stands the accuracy on as many training inputs, unvaried, so that curves show what was learned by
        heart. Without any to validate on, a score that is no number.
        """
        truth = self.validation.labels
        if not len(truth):
            return {"score": math.nan}
        logits = judged(network, self.validation.inputs)
        right = logits.argmax(axis=1) == truth
        lost = np.logaddexp.reduce(logits, axis=1) - logits[np.arange(len(truth)), truth]
        # Spread evenly over the training part, the same every time.
        rows = np.linspace(0, len(self.train.labels) - 1, min(len(truth), len(self.train.labels))).astype(np.int64)
        learned = judged(network, self.train.inputs[rows]).argmax(axis=1) == self.train.labels[rows]
        return {
            "score": float(np.mean([right[truth == word].mean() for word in np.unique(truth)])),
            "accuracy": float(right.mean()),
            "training_accuracy": float(learned.mean()),
            "validation_loss": float(lost.mean()),
        }


def cross_entropy(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Mean over a batch of the cross-entropy [n, k] of targets that may weigh more or less than one."""
    import torch

    lost: torch.Tensor = -(targets * torch.log_softmax(logits.float(), dim=1)).sum(dim=1).mean()
    return lost


def judged(network: torch.nn.Module, inputs: NDArray[np.generic], *, batch: int = 8) -> NDArray[np.float64]:
    """Logits [n, k] of a network in evaluation mode, a batch at a time."""
    import torch

    device = next(network.parameters()).device
    with torch.no_grad():
        parts = [
            network(torch.from_numpy(as_numbers(inputs[start : start + batch])).to(device))[0].float().cpu().numpy()
            for start in range(0, len(inputs), batch)
        ]
    return np.concatenate(parts).astype(np.float64)
