"""Dense layers over a vector (torch)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from visavox.layers.as_keras import start_as_keras


class Dense(nn.Module):
    """numbers [n, d] → norm → for each of `dense`: dense, ReLU, dropout → words; the last layer's values are features.

    Args:
        words: how many words.
        shape: of the input, (d,).
        dense: widths of the layers.
        dropout: after each of them.

    Source: "Audio-Visual Emotion Recognition System", Benha University, 2022, abstract: distances and angles between
        landmarks of each key frame, then a classifier, which it does not describe; ours is the plainest network.
    """

    def __init__(
        self, *, words: int, shape: tuple[int, ...], dense: Sequence[int] = (128, 64), dropout: float = 0.3
    ) -> None:
        super().__init__()
        (size,) = shape
        layers: list[nn.Module] = [nn.BatchNorm1d(size)]
        for width in dense:
            layers += [nn.Linear(size, width), nn.ReLU(), nn.Dropout(dropout)]
            size = width
        self.layers = nn.Sequential(*layers)
        self.words = nn.Linear(size, words)
        start_as_keras(self)

    def forward(self, numbers: Tensor) -> tuple[Tensor, Tensor]:
        """Words of numbers [n, d]: logits [n, words], features [n, width of the last layer before]."""
        features = self.layers(numbers)
        return self.words(features), features
