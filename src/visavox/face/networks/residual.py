"""The network of the shipped face model: small grey faces in, words out (torch)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from visavox.errors import OptionError

SIZE = 48
"""Height and width of a face, in pixels."""


class FaceNetwork(nn.Module):
    """A residual network with squeeze-and-excitation over 48 x 48 grey faces.

    A face is made independent of lighting first (its own mean and deviation), then seen pixel by pixel by a stem, then
    by stages of residual blocks. It takes faces of other sizes too, as it meets them early in training.

    Args:
        words: how many words the head that judges knows.
        votes: how many kinds of votes the second head knows (training only; 0 for none).
        stem: channels of the stem.
        widths: channels of each stage; every stage halves height and width.
        depths: residual blocks of each stage.
        dropout: part of the features left out while training.

    Raises:
        OptionError: there are not as many depths as widths.

    Source: He et al., "Deep Residual Learning", 2016; Hu et al., "Squeeze-and-Excitation Networks", 2018; the
        shortcut that averages before it projects is from He et al., "Bag of Tricks", 2019.
    """

    def __init__(
        self,
        *,
        words: int,
        votes: int = 0,
        stem: int = 24,
        widths: tuple[int, ...] = (48, 96, 192),
        depths: tuple[int, ...] = (2, 2, 2),
        dropout: float = 0.3,
    ) -> None:
        super().__init__()
        if len(depths) != len(widths):
            raise OptionError(
                f"Bad value {list(depths)} for network.depths: expected {len(widths)}, one for each width."
            )
        self.stem = nn.Sequential(nn.Conv2d(1, stem, 3, padding=1, bias=False), nn.BatchNorm2d(stem))
        blocks: list[nn.Module] = []
        channels = stem
        for width, depth in zip(widths, depths, strict=True):
            for block in range(depth):
                blocks.append(_Block(channels, width, stride=1 if block else 2))
                channels = width
        self.blocks = nn.Sequential(*blocks)
        self.dropout = nn.Dropout(dropout)
        self.words = nn.Linear(channels, words)
        self.votes = nn.Linear(channels, votes) if votes else None

    def describe(self, faces: Tensor) -> Tensor:
        """Features [n, d] of faces [n, 1, 48, 48] in 0-1."""
        mean = faces.mean(dim=(1, 2, 3), keepdim=True)
        centred = faces - mean
        deviation = (centred * centred).mean(dim=(1, 2, 3), keepdim=True).add(1e-4).sqrt()
        seen = F.relu(self.stem(centred / deviation))
        features: Tensor = self.blocks(seen).mean(dim=(2, 3))
        return features

    def forward(self, faces: Tensor) -> tuple[Tensor, Tensor | None]:
        """Logits of words [n, k] and of votes [n, v] (None without that head)."""
        features = self.dropout(self.describe(faces))
        return self.words(features), None if self.votes is None else self.votes(features)


class FaceJudge(nn.Module):
    """The form in which face networks are used: the mean over networks, faces and their mirror images.

    Forward: faces float32 [n, 1, 48, 48] in 0-1 to logits [n, k] and features [n, d], those of all networks in a row.

    Args:
        networks: one or several.
    """

    def __init__(self, *networks: FaceNetwork) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)

    def forward(self, faces: Tensor) -> tuple[Tensor, Tensor]:
        """Logits [n, k] and features [n, d] of all networks."""
        views = (faces, torch.flip(faces, dims=(3,)))
        logits, features = [], []
        for network in self.networks:
            assert isinstance(network, FaceNetwork)
            mean = torch.stack([network.describe(view) for view in views]).mean(dim=0)
            logits.append(network.words(mean))  # linear: the mean of logits is the logit of the mean
            features.append(mean)
        return torch.stack(logits).mean(dim=0), torch.cat(features, dim=1)


class _Block(nn.Module):
    """Two 3 x 3 convolutions, an excitation, and a shortcut around them."""

    def __init__(self, channels: int, width: int, *, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, width, 3, stride=stride, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(width)
        self.second = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(width)
        nn.init.zeros_(self.second_norm.weight)  # a block starts as its shortcut
        self.squeeze = nn.Linear(width, width // 8)
        self.excite = nn.Linear(width // 8, width)
        self.shortcut: nn.Module | None = None
        if stride != 1 or channels != width:
            pool: nn.Module = nn.AvgPool2d(stride, ceil_mode=True) if stride != 1 else nn.Identity()
            self.shortcut = nn.Sequential(pool, nn.Conv2d(channels, width, 1, bias=False), nn.BatchNorm2d(width))

    def forward(self, x: Tensor) -> Tensor:
        y = self.second_norm(self.second(F.relu(self.first_norm(self.first(x)))))
        gate = torch.sigmoid(self.excite(F.relu(self.squeeze(y.mean(dim=(2, 3))))))
        y = y * gate[:, :, None, None]
        return F.relu(y + (x if self.shortcut is None else self.shortcut(x)))
