"""The network of the shipped voice models: log-mel spectra in, words out (torch)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from visavox.errors import OptionError
from visavox.voice.features import DECIBEL

SHORTEST = 32
"""Frames that the network needs at least; shorter clips are repeated."""


class LogMelNetwork(nn.Module):
    """A residual network on log-mel spectra with attentive mean and deviation over time.

    The level is taken out inside: the clip's loudness (logarithm of its mean power) is subtracted, what lies far
    below it is cut softly, and the scale is fixed; so a gain changes nothing, in training and in use alike.

    Args:
        words: number of outputs.
        bands: mel bands of the input.
        widths: channels of the stem and of each residual block.
        strides: strides (bands, frames) of each residual block; the stem halves both.
        features: width of the layer before pooling; `features` have twice as many numbers.
        dropout: share of features dropped before the last layer.
        depth: decibels under the clip's loudness at which what is quieter is cut.

    Raises:
        OptionError: there are not as many strides as blocks.

    Source: attentive statistics pooling after Okabe, Koshinaka, Shinoda, "Attentive Statistics Pooling for Deep Speaker
        Embedding", Interspeech 2018, section 3; our residual blocks and sizes.
    """

    def __init__(
        self,
        *,
        words: int,
        bands: int = 64,
        widths: Sequence[int] = (32, 64, 96, 128, 128),
        strides: Sequence[tuple[int, int]] = ((2, 2), (2, 2), (2, 2), (1, 1)),
        features: int = 192,
        dropout: float = 0.3,
        depth: float = 60.0,
    ) -> None:
        super().__init__()
        if len(strides) != len(widths) - 1:
            raise OptionError(
                f"Bad value {list(map(list, strides))} for network.strides: expected one (bands, frames) for each of "
                f"the {len(widths) - 1} blocks after the stem."
            )
        self.depth = depth * DECIBEL
        self.stem = nn.Sequential(
            nn.Conv2d(1, widths[0], 5, stride=2, padding=2, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU()
        )
        self.blocks = nn.Sequential(
            *(
                ResidualBlock(before, after, stride=stride)
                for before, after, stride in zip(widths[:-1], widths[1:], strides, strict=True)
            )
        )
        height = -(-bands // 2)
        for stride in strides:
            height = -(-height // stride[0])
        self.gather = nn.Sequential(
            nn.Conv1d(widths[-1] * height, features, 1, bias=False), nn.BatchNorm1d(features), nn.ReLU()
        )
        self.attention = nn.Sequential(nn.Conv1d(features, 64, 1), nn.Tanh(), nn.Conv1d(64, features, 1))
        self.norm = nn.BatchNorm1d(2 * features)
        self.dropout = nn.Dropout(dropout)
        self.words = nn.Linear(2 * features, words)

    def forward(self, mel: Tensor) -> tuple[Tensor, Tensor]:
        """Words of clips.

        Args:
            mel: float32 [n, bands, frames], log power; at least `SHORTEST` frames.

        Returns:
            logits float32 [n, words]; features float32 [n, 2 * features].
        """
        peak = mel.amax((1, 2), keepdim=True)
        level = mel - peak - torch.log(torch.exp(mel - peak).mean((1, 2), keepdim=True))
        level = (functional.softplus(level + self.depth) - self.depth) / 4.0 + 1.0
        maps = self.blocks(self.stem(level[:, None]))
        over_time = self.gather(maps.flatten(1, 2)).float()
        weights = torch.softmax(self.attention(over_time).float(), dim=2)
        mean = (weights * over_time).sum(2)
        deviation = torch.sqrt(torch.clamp((weights * over_time**2).sum(2) - mean**2, min=1e-4))
        features = self.norm(torch.cat([mean, deviation], dim=1))
        return self.words(self.dropout(features)).float(), features


class VoiceJudge(nn.Module):
    """Several networks used as one: the means of their logits and of their features.

    Args:
        networks: that take the same spectra.
    """

    def __init__(self, *networks: nn.Module) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)

    def forward(self, mel: Tensor) -> tuple[Tensor, Tensor]:
        """As `LogMelNetwork`."""
        logits, features = zip(*(network(mel) for network in self.networks), strict=True)
        return torch.stack(logits).mean(dim=0), torch.stack(features).mean(dim=0)


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with norms and a shortcut."""

    def __init__(self, before: int, after: int, *, stride: tuple[int, int]) -> None:
        super().__init__()
        self.last_norm = nn.BatchNorm2d(after)
        self.body = nn.Sequential(
            nn.Conv2d(before, after, 3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(after),
            nn.ReLU(),
            nn.Conv2d(after, after, 3, padding=1, bias=False),
            self.last_norm,
        )
        plain = before == after and stride == (1, 1)
        self.shortcut: nn.Module = (
            nn.Identity()
            if plain
            else nn.Sequential(
                nn.AvgPool2d(stride, ceil_mode=True, count_include_pad=False) if stride != (1, 1) else nn.Identity(),
                nn.Conv2d(before, after, 1, bias=False),
                nn.BatchNorm2d(after),
            )
        )
        nn.init.zeros_(self.last_norm.weight)  # a block starts as its shortcut

    def forward(self, maps: Tensor) -> Tensor:
        """Maps [n, before, bands, frames] to [n, after, bands / stride, frames / stride]."""
        return functional.relu(self.body(maps) + self.shortcut(maps))
