"""One-dimensional convolutions over the coefficients of a voice (torch)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from torch import Tensor, nn


class CNN1D(nn.Module):
    """Convolutions along a vector of coefficients, then dense layers, then words.

    numbers [n, d] → (norm) → for each of `filters`: convolution, (norm), activation, dropout, pooling → `dense` layers
    → words.

    Args:
        words: how many words.
        shape: of the input, (d,).
        filters: channels of each convolution.
        kernel: length of each convolution; the ends are padded, so that the length stays.
        dropout: after each convolution, in the same order.
        pool: values that become one after each convolution.
        dense: widths of the dense layers before the words; none: the convolutions' values are the features.
        norms: "input-and-convolutions", "convolutions" or "none": where values are normed over the batch.
        activation: "relu" or "tanh".

    Source: "Audio-Visual Emotion Recognition System", Benha University, 2022, modifications 0.1 to 11 of its voice
        network. It leaves open how convolutions end (ours keep the length: 40 values are too few else).
    """

    def __init__(
        self,
        *,
        words: int,
        shape: tuple[int, ...],
        filters: Sequence[int] = (128, 256),
        kernel: int = 12,
        dropout: Sequence[float] = (0.1, 0.3),
        pool: int = 5,
        dense: Sequence[int] = (),
        norms: Literal["input-and-convolutions", "convolutions", "none"] = "input-and-convolutions",
        activation: Literal["relu", "tanh"] = "relu",
    ) -> None:
        super().__init__()
        length, before = shape[0], 1
        layers: list[nn.Module] = [nn.BatchNorm1d(1)] if norms == "input-and-convolutions" else []
        for width, drop in zip(filters, dropout, strict=True):
            layers.append(nn.Conv1d(before, width, kernel, padding="same"))
            layers += [] if norms == "none" else [nn.BatchNorm1d(width)]
            layers += [nn.ReLU() if activation == "relu" else nn.Tanh(), nn.Dropout(drop), nn.MaxPool1d(pool)]
            before, length = width, length // pool
        layers.append(nn.Flatten())
        size = before * length
        for width in dense:
            layers += [nn.Linear(size, width), nn.ReLU() if activation == "relu" else nn.Tanh()]
            size = width
        self.layers = nn.Sequential(*layers)
        self.words = nn.Linear(size, words)

    def forward(self, numbers: Tensor) -> tuple[Tensor, Tensor]:
        """Words of coefficients [n, d]: logits [n, words], features [n, width of the last layer before]."""
        features = self.layers(numbers[:, None])
        return self.words(features), features
