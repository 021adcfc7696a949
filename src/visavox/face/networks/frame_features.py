"""What a frozen network makes of each picture, reduced to a few values and read in a row (torch)."""

from __future__ import annotations

from torch import Tensor, nn

from visavox.layers.as_keras import start_as_keras
from visavox.layers.vector import VectorCNN


class FrameFeaturesCNN1D(nn.Module):
    """Each picture's inner values, reduced to 21, all in a row through one-dimensional convolutions.

    values [n, t, d] → each picture: norm, dense 21, ReLU → flatten (of 120 pictures 2 520 values) → 2 x (convolution
    32 of 3, ReLU, pool 2) → norm → dense 128, ReLU: the features → dropout → words.

    The lecture fits the 21 units first, with words of their own for each picture, on all clips, test clips among them,
    and then the convolutions on what they give. Here both are trained through at once, on the training part alone:
    nothing of a test clip is ever fitted.

    Args:
        words: how many words.
        shape: of the input, (t, d).
        reduced: values that a picture is reduced to.
        filters: channels of each convolution.
        dense: width of the dense layer.
        dropout: of the features.

    Source: lecture 27 of "Affective Computing", IIIT Delhi. It prints 2 664 738 parameters of what follows the 2 520
        values, for two words.
    """

    def __init__(
        self,
        *,
        words: int,
        shape: tuple[int, ...],
        reduced: int = 21,
        filters: int = 32,
        dense: int = 128,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        pictures, values = shape
        self.norm = nn.BatchNorm1d(values)
        self.reduce = nn.Sequential(nn.Linear(values, reduced), nn.ReLU())
        self.rest = VectorCNN(words=words, shape=(pictures * reduced,), filters=filters, dense=dense, dropout=dropout)
        start_as_keras(self)

    def forward(self, values: Tensor) -> tuple[Tensor, Tensor]:
        """Words of values [n, t, d]: logits [n, words], the dense layer's values [n, dense]."""
        normed = self.norm(values.transpose(1, 2)).transpose(1, 2)
        read: tuple[Tensor, Tensor] = self.rest(self.reduce(normed).flatten(1))
        return read
