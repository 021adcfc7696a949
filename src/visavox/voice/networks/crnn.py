"""Convolutions over segments of a voice, then an LSTM along them (torch)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from visavox.errors import OptionError
from visavox.layers.as_keras import LSTM, start_as_keras


class CRNN(nn.Module):
    """The same convolutions over each segment, an LSTM along the segments, words.

    segments [n, 12, 96, 216, c] → each: 3 x (convolution 64 of 3 x 3, ReLU, norm, max-pool 2: 47 x 107, 22 x 52,
    10 x 25) → 16 000 values → 2 x (dense 256, ReLU, norm) → LSTM 256, its last step → dense 256, ReLU: the features →
    norm → words.

    Args:
        words: how many words.
        shape: of the input, (segments, h, w, c); sides of at least 22.
        filters: channels of the convolutions.
        dense: width of the dense layers and of the LSTM.
        white: value of a white pixel: 1, or 255 as in the report's code.

    Source: "Fusion of deep learning features with mixture of brain emotional learning for audio-visual emotion
        recognition", report of 2024 after Farhoudi and Setayeshi, Speech Communication 127, 2021: the voice network of
        its code. Convolutions leave the edges out ("valid"). Left open and decided: dense layers are followed by ReLU;
        norms of segments are over batch and segments together. The division by 255 stands in its code as a comment:
        pixels are 0..1 here, `white=255.0` is the other way.
    """

    def __init__(
        self,
        *,
        words: int,
        shape: tuple[int, ...],
        filters: Sequence[int] = (64, 64, 64),
        dense: int = 256,
        white: float = 1.0,
    ) -> None:
        super().__init__()
        self.white = white
        self.segments, high, wide, before = shape
        layers: list[nn.Module] = []
        for width in filters:
            layers += [nn.Conv2d(before, width, 3), nn.ReLU(), nn.BatchNorm2d(width), nn.MaxPool2d(2)]
            before, high, wide = width, (high - 2) // 2, (wide - 2) // 2
        self.convolutions = nn.Sequential(*layers, nn.Flatten())
        self.heard = nn.Sequential(
            nn.Linear(before * high * wide, dense),
            nn.ReLU(),
            nn.BatchNorm1d(dense),
            nn.Linear(dense, dense),
            nn.ReLU(),
            nn.BatchNorm1d(dense),
        )
        self.lstm = LSTM(dense, dense)
        self.dense = nn.Sequential(nn.Linear(dense, dense), nn.ReLU())
        self.norm = nn.BatchNorm1d(dense)
        self.words = nn.Linear(dense, words)
        start_as_keras(self)

    def forward(self, segments: Tensor) -> tuple[Tensor, Tensor]:
        """Words of segments [n, t, h, w, c]: logits [n, words], features [n, dense]."""
        pictures = segments.flatten(0, 1).permute(0, 3, 1, 2)
        heard = self.heard(self.convolutions(pictures if self.white == 1.0 else pictures * self.white))
        features = self.dense(self.lstm(heard.reshape(-1, self.segments, heard.shape[1]))[:, -1])
        return self.words(self.norm(features)), features


class CNN3DLSTM(nn.Module):
    """Convolutions over segments and their neighbours in time, an LSTM along what they give, words.

    segments [n, 12, 96, 32, c] → for each of `filters`: convolution 3 x 3 x 3, ReLU, max-pool p x 2 x 2 (12 x 48 x 16,
    12 x 24 x 8, 12 x 12 x 4, 12 x 6 x 2) → 12 steps of 6144 values → LSTM 256, its last step → dense 256, ReLU: the
    features → words.

    Args:
        words: how many words.
        shape: of the input, (segments, h, w, c).
        filters: channels of the convolutions.
        pools: p of each max-pool: how many neighbours in time become one.
        dense: width of the LSTM and of the dense layer.

    Raises:
        OptionError: there is not one of `pools` for each of `filters`.

    Source: the report of `CRNN`, the voice network of its text ("a 3D-CNN and LSTM" over 12 x 96 x 32 x 1): the stack
        of its face network. There pools halve the time as well; four of them would leave one step of twelve, of which
        an LSTM has nothing to learn: ours leave the time whole. `pools=(2, 2, 1, 1)` takes a third of the work.
    """

    def __init__(
        self,
        *,
        words: int,
        shape: tuple[int, ...],
        filters: Sequence[int] = (64, 128, 256, 512),
        pools: Sequence[int] = (1, 1, 1, 1),
        dense: int = 256,
    ) -> None:
        super().__init__()
        if len(pools) != len(filters):
            raise OptionError(f"{len(pools)} values for network.pools, expected {len(filters)}: one a convolution.")
        _, high, wide, before = shape
        layers: list[nn.Module] = []
        for width, pool in zip(filters, pools, strict=True):
            layers += [
                nn.Conv3d(before, width, 3, padding=1),
                nn.ReLU(),
                nn.MaxPool3d((pool, 2, 2), ceil_mode=True),  # "same": what is left over at the end is pooled too
            ]
            before, high, wide = width, -(-high // 2), -(-wide // 2)
        self.convolutions = nn.Sequential(*layers)
        self.lstm = LSTM(before * high * wide, dense)
        self.dense = nn.Sequential(nn.Linear(dense, dense), nn.ReLU())
        self.words = nn.Linear(dense, words)
        start_as_keras(self)

    def forward(self, segments: Tensor) -> tuple[Tensor, Tensor]:
        """Words of segments [n, t, h, w, c]: logits [n, words], features [n, dense]."""
        steps = self.convolutions(segments.permute(0, 4, 1, 2, 3)).permute(0, 2, 1, 3, 4).flatten(2)
        features = self.dense(self.lstm(steps)[:, -1])
        return self.words(features), features
