"""The network of body gestures: convolutions with attention to single joints (torch)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from visavox.errors import OptionError

Scaling = Literal["half", "imagenet", "none"]

SCALINGS: dict[Scaling, tuple[Sequence[float], Sequence[float]]] = {
    "half": ((0.5,), (0.5,)),
    "none": ((0.0,), (1.0,)),
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
}
"""Mean and deviation by which values in 0..1 are scaled; the second are those of ImageNet's colours."""


class ACCM(nn.Module):
    """Attention channel-wise convolutional model: which joints count, and what they do.

    pictures [n, h, w, c] in 0..1 → scaled → branch 1: two blocks [3x3 convolution, batch norm, ReLU] of 64; beside it
    branch 2: a 3x3 convolution of each channel by itself, attention to each channel, two such blocks → 128 maps
    → their means (the features) → words.

    Args:
        words: how many words.
        shape: of the input, (height, width, channels): 25 channels are one picture of each joint's path, 3 a colour
            picture.
        width: channels of each block.
        strides: of the convolutions of the first and the second block.
        scaling: "half" ((x - .5) / .5), or "imagenet" for colours; by default what fits the channels.
        dropout: part of the features left out while training.

    Raises:
        OptionError: there is no such scaling, or it does not fit the channels.

    Source: Wei et al., "Learning facial expression and body gesture visual information for video emotion recognition",
        Expert Systems with Applications 237, 2024, and the report on it. The report's code has an ordinary convolution
        where the text says channel-wise (ours: the text), and a softmax before the cross-entropy (ours: none). Decided
        by us: the blocks halve height and width, as those of the pose pictures that it builds on do (PoTion, Choutas et
        al., CVPR 2018), since no size is said; both layers of the attention are as wide as there are channels and end
        in a sigmoid (of three channels a ReLU between them is often dead from the start).
    """

    def __init__(
        self,
        *,
        words: int,
        shape: tuple[int, ...],
        width: int = 64,
        strides: Sequence[int] = (2, 2),
        scaling: Scaling | None = None,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        channels = shape[-1]
        scaling = scaling or ("imagenet" if channels == 3 else "half")
        if scaling not in SCALINGS:
            raise OptionError.one_of("network.scaling", scaling, SCALINGS)
        mean, deviation = SCALINGS[scaling]
        if len(mean) not in (1, channels):
            raise OptionError(f"Bad value {scaling!r} for network.scaling: it is for 3 channels, not {channels}.")
        self.mean: Tensor
        self.deviation: Tensor
        self.register_buffer("mean", torch.tensor(mean).view(1, -1, 1, 1), persistent=False)
        self.register_buffer("deviation", torch.tensor(deviation).view(1, -1, 1, 1), persistent=False)
        self.whole = _blocks(channels, width, strides)
        self.single = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        self.attention = Attention(channels)
        self.joints = _blocks(channels, width, strides)
        self.dropout = nn.Dropout(dropout)
        self.words = nn.Linear(2 * width, words)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Words of pictures [n, h, w, c] in 0..1: logits [n, words], features [n, 128]."""
        scaled = (pictures.permute(0, 3, 1, 2) - self.mean) / self.deviation
        both = torch.cat([self.whole(scaled), self.joints(self.attention(self.single(scaled)))], dim=1)
        features = both.mean(dim=(2, 3))
        return self.words(self.dropout(features)), features


class Attention(nn.Module):
    """How much each channel counts: means of the maps → dense, sigmoid, dense, sigmoid → each map times its value.

    Args:
        channels: of the maps; weights start uniform in ±√(6 / (n_in + n_out)), biases at 0.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Linear(channels, channels)
        self.second = nn.Linear(channels, channels)
        for layer in (self.first, self.second):
            bound = math.sqrt(6 / (layer.in_features + layer.out_features))
            nn.init.uniform_(layer.weight, -bound, bound)
            nn.init.zeros_(layer.bias)

    def forward(self, maps: Tensor) -> Tensor:
        """Maps [n, c, h, w], weighed."""
        gate = torch.sigmoid(self.second(torch.sigmoid(self.first(maps.mean(dim=(2, 3))))))
        return maps * gate[:, :, None, None]


def _blocks(channels: int, width: int, strides: Sequence[int]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for stride in strides:
        convolution = nn.Conv2d(channels, width, 3, stride=stride, padding=1, bias=False)  # the norm would undo a bias
        layers += [convolution, nn.BatchNorm2d(width), nn.ReLU()]
        channels = width
    return nn.Sequential(*layers)
