"""Networks that judge the joined values of a fusion's members, and their scaling as a layer (torch)."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from visavox.training.classifying import Scaling


class Perceptron(nn.Module):
    """A few dense layers over joined values.

    values [n, d] → (norm) → dense, ReLU for each hidden layer (the last one gives the features) → dropout → words.

    Args:
        words: how many words.
        shape: of the input, (d,).
        hidden: widths of the layers.
        dropout: before the words.
        norm: whether a batch norm comes first.

    Source: with a norm, layers of 16 and 16 and dropout .1 the head of `tutorial/late` (lecture 27 of "Affective
        Computing", IIIT Delhi: 256 joined values); `stacking/mlp` ("Emotion Recognition by Audio and Video", AI Lab
        2024) says only that it has dropout.
    """

    def __init__(
        self,
        *,
        words: int,
        shape: tuple[int, ...],
        hidden: tuple[int, ...] = (16, 16),
        dropout: float = 0.1,
        norm: bool = False,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.BatchNorm1d(shape[0])] if norm else []
        for given, width in pairwise((shape[0], *hidden)):
            layers += [nn.Linear(given, width), nn.ReLU()]
        self.layers = nn.Sequential(*layers)
        self.dropout = nn.Dropout(dropout)
        self.words = nn.Linear((shape[0], *hidden)[-1], words)

    def forward(self, values: Tensor) -> tuple[Tensor, Tensor]:
        """Words of values [n, d]: logits [n, words], the last layer's values."""
        features = self.layers(values)
        return self.words(self.dropout(features)), features


class Scaled(nn.Module):
    """A network behind the scaling of its columns, its logits divided by a temperature.

    Args:
        network: of scaled columns.
        scaling: what was fitted before it; NaN becomes the mean first.
        kept: columns at the end that are taken as they are.
        temperature: by which logits are divided.
    """

    mean: Tensor
    middle: Tensor
    width: Tensor

    def __init__(self, network: nn.Module, scaling: Scaling, kept: int, temperature: float) -> None:
        super().__init__()
        self.network = network
        self.temperature = temperature
        for name, end in (("mean", 0.0), ("middle", 0.0), ("width", 1.0)):
            values = np.r_[getattr(scaling, name), np.full(kept, end)]
            self.register_buffer(name, torch.from_numpy(values.astype(np.float32)))

    def forward(self, columns: Tensor) -> tuple[Tensor, Tensor]:
        """Logits and features of columns [n, d]."""
        filled = torch.where(torch.isnan(columns), self.mean, columns)
        logits, features = self.network((filled - self.middle) / self.width)
        return logits / self.temperature, features
