"""Three-dimensional convolutions over key frames of a face (torch)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from visavox.layers.as_keras import start_as_keras


class CNN3D(nn.Module):
    """Convolutions over time, height and width, then dense layers, then words.

    pictures [n, t, h, w, colours] → for each of `filters`: convolution 3 x 3 x 3, ReLU, pooling 2 x 2 x 2 (what is left
    over at an edge is pooled by itself) → flatten → for each of `dense`: dropout, dense, ReLU → words. The last dense
    layer's values are the features. Of 12 x 100 x 96 x 3: 6 x 50 x 48 x 64, 3 x 25 x 24 x 128, 2 x 13 x 12 x 256,
    1 x 7 x 6 x 512, 21 504, 1024, 512, 256.

    Args:
        words: how many words.
        shape: of the input, (t, h, w, colours).
        filters: channels of each convolution.
        dense: widths of the dense layers.
        dropout: before each dense layer.

    Source: "Fusion of deep learning features with mixture of brain emotional learning for audio-visual emotion
        recognition", 2024, visual network. It leaves the dense layers' activation open (ours: ReLU) and writes pixels
        as 0..255, with a division by 255 that is commented out (ours: 0..1).
    """

    def __init__(
        self,
        *,
        words: int,
        shape: tuple[int, ...],
        filters: Sequence[int] = (64, 128, 256, 512),
        dense: Sequence[int] = (1024, 512, 256),
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        *sizes, before = shape
        blocks: list[nn.Module] = []
        for width in filters:
            blocks.append(
                nn.Sequential(nn.Conv3d(before, width, 3, padding=1), nn.ReLU(), nn.MaxPool3d(2, ceil_mode=True))
            )
            before, sizes = width, [-(-size // 2) for size in sizes]
        self.blocks = nn.Sequential(*blocks)
        size = before * sizes[0] * sizes[1] * sizes[2]
        layers: list[nn.Module] = []
        for width in dense:
            layers += [nn.Dropout(dropout), nn.Linear(size, width), nn.ReLU()]
            size = width
        self.dense = nn.Sequential(*layers)
        self.words = nn.Linear(size, words)
        start_as_keras(self)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Words of pictures [n, t, h, w, colours] in 0..1: logits [n, words], features [n, last of `dense`]."""
        maps = self.blocks(pictures.permute(0, 4, 1, 2, 3))
        features = self.dense(maps.flatten(1))
        return self.words(features), features
