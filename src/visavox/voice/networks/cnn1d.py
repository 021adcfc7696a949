"""One-dimensional convolutions over the mean coefficients of a voice (torch)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from torch import Tensor, nn

from visavox.errors import OptionError
from visavox.layers.as_keras import start_as_keras


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
        pool: values that become one after each convolution; as many as are left where there are fewer.
        dense: widths of the dense layers before the words; none: the convolutions' values are the features.
        norms: "input-and-convolutions", "convolutions" or "none": where values are normed over the batch.
        activation: "relu" or "tanh".

    Raises:
        OptionError: norms or activation are none of these, or there are not as many dropouts as filters.

    Source: "Audio-Visual Emotion Recognition System", Benha University, 2022: the first voice network (kernel 8,
        dropout .3, pool 5, dense 256 and 256, no norms) and the modifications 0.1 to 11 that made it the final one
        (the defaults). Left open and decided: convolutions keep the length (of 40 values too few are left else), an
        even kernel reaching one further to the right as in Keras; the final network pools by 5 as the first one does,
        so that it has 256 features; norms come before activations.
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
        if norms not in ("input-and-convolutions", "convolutions", "none"):
            raise OptionError.one_of("network.norms", norms, ("input-and-convolutions", "convolutions", "none"))
        if activation not in ("relu", "tanh"):
            raise OptionError.one_of("network.activation", activation, ("relu", "tanh"))
        if len(filters) != len(dropout):
            raise OptionError(f"{len(dropout)} values for network.dropout, expected {len(filters)}: one a convolution.")
        active = nn.ReLU if activation == "relu" else nn.Tanh
        length, before = shape[0], 1
        layers: list[nn.Module] = [nn.BatchNorm1d(1)] if norms == "input-and-convolutions" else []
        for width, drop in zip(filters, dropout, strict=True):
            layers += same1d(before, width, kernel)
            layers += [] if norms == "none" else [nn.BatchNorm1d(width)]
            together = min(pool, length)
            layers += [active(), nn.Dropout(drop), nn.MaxPool1d(together)]
            before, length = width, length // together
        layers.append(nn.Flatten())
        size = before * length
        for width in dense:
            layers += [nn.Linear(size, width), active()]
            size = width
        self.layers = nn.Sequential(*layers)
        self.words = nn.Linear(size, words)
        start_as_keras(self)

    def forward(self, numbers: Tensor) -> tuple[Tensor, Tensor]:
        """Words of coefficients [n, d]: logits [n, words], features [n, width of the last layer before]."""
        features = self.layers(numbers[:, None])
        return self.words(features), features


def same1d(before: int, width: int, kernel: int) -> tuple[nn.Module, nn.Module]:
    """A convolution that keeps the length, padded by zeros as Keras does: an odd one goes to the right."""
    return nn.ConstantPad1d(((kernel - 1) // 2, kernel // 2), 0.0), nn.Conv1d(before, width, kernel)
