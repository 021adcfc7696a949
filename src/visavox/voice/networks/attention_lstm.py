"""Convolutions and an LSTM with attention over a mel picture, one after the other or side by side (torch)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from visavox.layers.as_keras import LSTM
from visavox.voice.networks.cnn2d import blocks


class Attention(nn.Module):
    """The mean of steps, each weighted by how much it has to say: a softmax over time of one linear score a step.

    Args:
        inputs: values of a step.
    """

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.score = nn.Linear(inputs, 1, bias=False)  # a bias would lift all steps alike

    def forward(self, steps: Tensor) -> Tensor:
        """The weighted mean: [n, t, inputs] → [n, inputs]."""
        return (torch.softmax(self.score(steps), dim=1) * steps).sum(dim=1)


class StackedCNNAttentionLSTM(nn.Module):
    """Convolutions over a mel picture, an LSTM along time over what they give, attention over its steps, words.

    picture [n, h, w, c] → for each of `filters`: convolution 3 x 3, norm, ReLU, max-pool, dropout → steps of time →
    LSTM → attention: the features → words. 128 x 282 x 1 becomes 64 maps of 4 x 8: 8 steps of 256 values.

    Args:
        words: how many words.
        shape: of the input, (h, w, c).
        filters: channels of each convolution.
        pools: side of each max-pool.
        dropout: after each block.
        hidden: values that the LSTM keeps.

    Source: "Audio-Visual Emotion Recognition System", Benha University, 2022: "three conv blocks, LSTM with attention";
        sizes are not printed: those of its transformer's blocks, and an LSTM of 128.
    """

    def __init__(
        self,
        *,
        words: int,
        shape: tuple[int, ...],
        filters: Sequence[int] = (16, 32, 64),
        pools: Sequence[int] = (2, 4, 4),
        dropout: float = 0.3,
        hidden: int = 128,
    ) -> None:
        super().__init__()
        layers, (width, high, _) = blocks(shape, filters=filters, pools=pools, dropout=[dropout] * len(filters))
        self.blocks = nn.Sequential(*layers)
        self.lstm = LSTM(width * high, hidden)
        self.attention = Attention(hidden)
        self.words = nn.Linear(hidden, words)

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """Words of pictures [n, h, w, c]: logits [n, words], what attention gives [n, hidden]."""
        steps = self.blocks(picture.permute(0, 3, 1, 2)).permute(0, 3, 1, 2).flatten(2)
        features = self.attention(self.lstm(steps))
        return self.words(features), features


class ParallelCNNAttentionLSTM(nn.Module):
    """Convolutions over a mel picture beside an LSTM with attention over its frames; both together say the words.

    picture [n, h, w, c] → for each of `filters`: convolution 3 x 3, norm, ReLU, max-pool, dropout → flat; beside it
    max-pool `bands` x `frames` → steps of time → LSTM → attention; both side by side: the features → words.
    128 x 282 x 1 becomes 64 maps of 1 x 2, beside 70 steps of 64 values.

    Args:
        words: how many words.
        shape: of the input, (h, w, c).
        filters: channels of each convolution.
        pools: side of each max-pool.
        dropout: after each block.
        bands: that become one before the LSTM.
        frames: that become one before the LSTM.
        hidden: values that the LSTM keeps.

    Source: "Audio-Visual Emotion Recognition System", Benha University, 2022: "four conv blocks beside an LSTM with
        attention"; sizes are not printed: those of its transformer's blocks with a fourth like the third, and an LSTM
        of 128 over frames pooled as before its transformer.
    """

    def __init__(
        self,
        *,
        words: int,
        shape: tuple[int, ...],
        filters: Sequence[int] = (16, 32, 64, 64),
        pools: Sequence[int] = (2, 4, 4, 4),
        dropout: float = 0.3,
        bands: int = 2,
        frames: int = 4,
        hidden: int = 128,
    ) -> None:
        super().__init__()
        layers, (width, high, wide) = blocks(shape, filters=filters, pools=pools, dropout=[dropout] * len(filters))
        self.blocks = nn.Sequential(*layers, nn.Flatten())
        self.pool = nn.MaxPool2d((bands, frames))
        self.lstm = LSTM(shape[2] * (shape[0] // bands), hidden)
        self.attention = Attention(hidden)
        self.words = nn.Linear(width * high * wide + hidden, words)

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """Words of pictures [n, h, w, c]: logits [n, words], what both give [n, values of the blocks + hidden]."""
        maps = picture.permute(0, 3, 1, 2)
        steps = self.pool(maps).permute(0, 3, 1, 2).flatten(2)
        features = torch.cat([self.blocks(maps), self.attention(self.lstm(steps))], dim=1)
        return self.words(features), features
