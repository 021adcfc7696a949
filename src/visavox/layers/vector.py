"""One-dimensional convolutions over a long vector of features (torch)."""

from __future__ import annotations

from torch import Tensor, nn

from visavox.layers.as_keras import start_as_keras


class VectorCNN(nn.Module):
    """Two convolutions along a vector, a norm, a dense layer, words.

    numbers [n, d] → 2 x (convolution 32 of 3, ReLU, pool 2) → norm → dense 128, ReLU: the features → dropout → words.

    Args:
        words: how many words.
        shape: of the input, (d,), d at least 4.
        filters: channels of each convolution.
        dense: width of the dense layer.
        dropout: of the features.

    Source: lecture 27 of "Affective Computing", IIIT Delhi: 2520 features of a voice or a face, 5040 of both; two
        words. It prints 2 664 738 and 5 325 858 parameters, which both convolutions give only where they keep the
        length. How many features are dropped it does not say: a tenth, as in its network of both.

    Example:
        >>> from visavox.training import parameters_of
        >>> parameters_of(VectorCNN(words=2, shape=(2520,)))
        2664738
    """

    def __init__(
        self, *, words: int, shape: tuple[int, ...], filters: int = 32, dense: int = 128, dropout: float = 0.1
    ) -> None:
        super().__init__()
        size = filters * (shape[0] // 2 // 2)
        self.layers = nn.Sequential(
            nn.Conv1d(1, filters, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool1d(2),
            nn.Conv1d(filters, filters, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool1d(2),
            nn.Flatten(),
            nn.BatchNorm1d(size),
            nn.Linear(size, dense),
            nn.ReLU(),
        )
        self.dropout = nn.Dropout(dropout)
        self.words = nn.Linear(dense, words)
        start_as_keras(self)

    def forward(self, numbers: Tensor) -> tuple[Tensor, Tensor]:
        """Words of features [n, d]: logits [n, words], the dense layer's values [n, dense]."""
        features = self.layers(numbers[:, None])
        return self.words(self.dropout(features)), features
