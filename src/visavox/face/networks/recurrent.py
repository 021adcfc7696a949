"""Recurrent layers over what was measured of a face (torch)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from visavox.layers.as_keras import LSTM


class StackedLSTM(nn.Module):
    """LSTM layers over a row of values, then dense layers, then words.

    values [n, t, d] → for each of `units`: LSTM, dropout (the last one gives its last state) → for each of `dense`:
    dense, ReLU → words. The last dense layer's values are the features.

    Args:
        words: how many words.
        shape: of the input, (t, d).
        units: of each LSTM.
        dropout: after each LSTM.
        dense: widths of the dense layers.

    Source: "Emotion Recognition by Audio and Video", AI Lab, 2024: LSTM (sequences), dropout, LSTM, dropout, dense,
        softmax over 50 x 51 facial values; widths and shares it leaves open, so ours are round numbers.
    """

    def __init__(
        self,
        *,
        words: int,
        shape: tuple[int, ...],
        units: Sequence[int] = (128, 64),
        dropout: float = 0.3,
        dense: Sequence[int] = (64,),
    ) -> None:
        super().__init__()
        _, size = shape
        self.recurrent = nn.ModuleList()
        for width in units:
            self.recurrent.append(LSTM(size, width))
            size = width
        self.dropout = nn.Dropout(dropout)
        layers: list[nn.Module] = []
        for width in dense:
            layers += [nn.Linear(size, width), nn.ReLU()]
            size = width
        self.dense = nn.Sequential(*layers)
        self.words = nn.Linear(size, words)

    def forward(self, values: Tensor) -> tuple[Tensor, Tensor]:
        """Words of values [n, t, d]: logits [n, words], features [n, width of the last layer before]."""
        for layer in self.recurrent:
            values = self.dropout(layer(values))
        features = self.dense(values[:, -1])
        return self.words(features), features
