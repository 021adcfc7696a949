"""Two-dimensional convolutions over a picture of a voice (torch)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from visavox.errors import OptionError
from visavox.layers.as_keras import start_as_keras


class CNN2D(nn.Module):
    """Blocks of convolution and pooling, dense layers, words.

    picture [n, h, w, c] → for each of `filters`: convolution, (norm), ReLU, max-pool 2 x 2, dropout → flat → `dense`
    layers with dropout → words.

    Args:
        words: how many words.
        shape: of the input, (h, w, c).
        filters: channels of each convolution.
        kernel: side of each convolution, odd; the ends are padded, so that the size stays.
        norms: whether values are normed over the batch after each convolution.
        dropout: after each block.
        dense: widths of the dense layers before the words; none: the convolutions' values are the features.
        dense_dropout: after each dense layer.

    Source: two networks. "Audio-Visual Emotion Recognition System", Benha University, 2022, a mel spectrum and six
        blocks with norms and dropout, flat, words (the defaults); it does not print filters, kernel and dropout: 16 to
        128 of 3 x 3, a fifth. "Emotion Recognition by Audio and Video", AI Lab, 2024, a picture of cepstra and four
        blocks of convolution, ReLU and pooling, a dense layer with dropout, words.
    """

    def __init__(
        self,
        *,
        words: int,
        shape: tuple[int, ...],
        filters: Sequence[int] = (16, 32, 64, 64, 128, 128),
        kernel: int = 3,
        norms: bool = True,
        dropout: float = 0.2,
        dense: Sequence[int] = (),
        dense_dropout: float = 0.5,
    ) -> None:
        super().__init__()
        if kernel % 2 == 0:
            raise OptionError(f"Bad value {kernel} for network.kernel, expected an odd one.")
        layers, (before, high, wide) = blocks(
            shape, filters=filters, pools=[2] * len(filters), dropout=[dropout] * len(filters), kernel=kernel,
            norms=norms,
        )  # fmt: skip
        self.blocks = nn.Sequential(*layers, nn.Flatten())
        size = before * high * wide
        self.dense = nn.Sequential()
        for width in dense:
            self.dense.extend([nn.Linear(size, width), nn.ReLU(), nn.Dropout(dense_dropout)])
            size = width
        self.words = nn.Linear(size, words)
        start_as_keras(self)

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """Words of pictures [n, h, w, c]: logits [n, words], features [n, width of the last layer before]."""
        features = self.dense(self.blocks(picture.permute(0, 3, 1, 2)))
        return self.words(features), features


def blocks(
    shape: tuple[int, ...],
    *,
    filters: Sequence[int],
    pools: Sequence[int],
    dropout: Sequence[float],
    kernel: int = 3,
    norms: bool = True,
) -> tuple[list[nn.Module], tuple[int, int, int]]:
    """Blocks of convolution that keeps the size, (norm), ReLU, max-pool and dropout.

    Args:
        shape: of the input, (h, w, c).
        filters: channels of each convolution.
        pools: side of each max-pool, as far as the map is as large.
        dropout: after each.
        kernel: side of the convolutions, odd.
        norms: whether there are norms.

    Returns:
        The layers, and the shape (channels, h, w) of what they give.

    Raises:
        OptionError: there is not one pool and one dropout for each convolution.
    """
    for name, values in (("pools", pools), ("dropout", dropout)):
        if len(values) != len(filters):
            raise OptionError(f"{len(values)} values for network.{name}, expected {len(filters)}: one a convolution.")
    high, wide, before = shape
    layers: list[nn.Module] = []
    for width, pool, drop in zip(filters, pools, dropout, strict=True):
        layers.append(nn.Conv2d(before, width, kernel, padding=kernel // 2))
        layers += [nn.BatchNorm2d(width)] if norms else []
        together = (min(pool, high), min(pool, wide))
        layers += [nn.ReLU(), nn.MaxPool2d(together), nn.Dropout(drop)]
        before, high, wide = width, high // together[0], wide // together[1]
    return layers, (before, high, wide)
