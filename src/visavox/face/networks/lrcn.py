"""A picture network at each moment, a recurrent one over them (torch): long-term recurrent convolutions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from visavox.errors import OptionError
from visavox.layers.as_keras import LSTM, same, start_as_keras

EPSILON = 1e-7
"""What Keras adds to a probability before it takes its logarithm."""


class LRCN(nn.Module):
    """Convolutions on each picture, an LSTM over the pictures, then words.

    pictures [n, t, h, w, colours] → on each picture, for each of `filters`: convolution, (norm), ReLU, (norm), pooling,
    dropout → flatten → LSTM, its last state → for each of `dense`: dense, ReLU → words. The values before the words are
    the features. Of 30 x 64 x 64 x 3: 16 x 16 x 16, 4 x 4 x 32, 2 x 2 x 64, 1 x 1 x 64 a picture, then 64, 32, words.

    Args:
        words: how many words.
        shape: of the input, (t, h, w, colours).
        filters: channels of each convolution.
        kernel: of each convolution, in pixels; sizes stay.
        pools: pixels that become one after each convolution, along height and width.
        dropout: after each pooling; where there are fewer shares than convolutions, the last ones have none.
        norms: batch norms: "none", "before" or "after" the activation.
        units: of the LSTM.
        dense: widths of the layers after it.
        objective: what is lost: "cross-entropy", or "poisson", the negative logarithm of Poisson's distribution with
            the probability of each word as its mean.

    Source: Donahue et al., "Long-term recurrent convolutional networks for visual recognition and description", 2015;
        sizes and variants (tables 4.3 to 4.7): "Audio-Visual Emotion Recognition System", Benha University, 2022, whose
        base has 73 126 parameters (448, 4 640, 18 496, 36 928, 12 416, 198). Where its norms stand it does not say
        (ours: after the activation).
    """

    def __init__(
        self,
        *,
        words: int,
        shape: tuple[int, ...],
        filters: Sequence[int] = (16, 32, 64, 64),
        kernel: int = 3,
        pools: Sequence[int] = (4, 4, 2, 2),
        dropout: Sequence[float] = (0.25, 0.25, 0.25),
        norms: Literal["none", "before", "after"] = "none",
        units: int = 32,
        dense: Sequence[int] = (),
        objective: Literal["cross-entropy", "poisson"] = "cross-entropy",
    ) -> None:
        super().__init__()
        if norms not in ("none", "before", "after"):
            raise OptionError.one_of("network.norms", norms, ("none", "before", "after"))
        if objective not in ("cross-entropy", "poisson"):
            raise OptionError.one_of("network.objective", objective, ("cross-entropy", "poisson"))
        if len(pools) != len(filters):
            raise OptionError(f"Bad value {list(pools)} for network.pools: expected {len(filters)}, one a convolution.")
        if len(dropout) > len(filters):
            raise OptionError(f"Bad value {list(dropout)} for network.dropout: expected at most {len(filters)}.")
        self.objective = objective
        self.steps, height, width, before = shape
        layers: list[nn.Module] = []
        for place, (channels, pool) in enumerate(zip(filters, pools, strict=True)):
            layers += [same(before, channels, kernel)]
            layers += [nn.BatchNorm2d(channels)] if norms == "before" else []
            layers += [nn.ReLU()]
            layers += [nn.BatchNorm2d(channels)] if norms == "after" else []
            layers += [nn.MaxPool2d(pool), nn.Dropout(dropout[place] if place < len(dropout) else 0.0)]
            before, height, width = channels, height // pool, width // pool
        self.pictures = nn.Sequential(*layers, nn.Flatten())
        self.recurrent = LSTM(before * height * width, units)
        size = units
        ends: list[nn.Module] = []
        for wide in dense:
            ends += [nn.Linear(size, wide), nn.ReLU()]
            size = wide
        self.dense = nn.Sequential(*ends)
        self.words = nn.Linear(size, words)
        start_as_keras(self)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Words of pictures [n, t, h, w, colours] in 0..1: logits [n, words], features [n, d]."""
        values = self.pictures(pictures.flatten(0, 1).permute(0, 3, 1, 2))
        states = self.recurrent(values.reshape(-1, self.steps, values.shape[1]))
        features = self.dense(states[:, -1])
        return self.words(features), features

    def loss(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """What is lost on pictures and their words [n, words], by the network's objective."""
        logits = self(inputs)[0].float()
        if self.objective == "poisson":
            probabilities = torch.softmax(logits, dim=1)
            return (probabilities - targets * torch.log(probabilities + EPSILON)).mean()
        lost: Tensor = -(targets * torch.log_softmax(logits, dim=1)).sum(dim=1).mean()
        return lost
