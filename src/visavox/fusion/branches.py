"""The networks of joint fusion, in PyTorch: only `visavox.fusion.joint` imports this file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from visavox.fusion.joint import Branch


class Common(nn.Module):
    """Type 1: the sources' values side by side, zeros and a flag for an absent one, then layers that all share.

    Args:
        shapes: Of one row, by source.
        width: Of the hidden layers.
        words: How many classes.
        dropout: Before each layer but the first.
    """

    def __init__(self, shapes: Mapping[str, tuple[int, ...]], width: int, words: int, dropout: float) -> None:
        super().__init__()
        self.sources = tuple(shapes)
        size = sum(math.prod(shape) for shape in shapes.values()) + len(shapes)
        self.layers = nn.Sequential(
            nn.Linear(size, width),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(width, width),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(width, words),
        )

    def forward(self, given: Mapping[str, Tensor]) -> Tensor:
        """Logits [n, words] of features by source."""
        flat = [given[source].flatten(1) for source in self.sources]
        flags = torch.stack([_absent(given[source]) for source in self.sources], dim=1)
        logits: Tensor = self.layers(torch.cat([torch.nan_to_num(part) for part in flat] + [flags.float()], dim=1))
        return logits


class Joined(nn.Module):
    """Type 2: a branch for each source, joined in the middle, then a head that all share.

    Args:
        shapes: Of one row, by source.
        width: That each branch gives, and of the head's hidden layer.
        words: How many classes.
        dropout: Before the head's layers.
        own: Branches by source in the place of one hidden layer.
    """

    def __init__(
        self,
        shapes: Mapping[str, tuple[int, ...]],
        width: int,
        words: int,
        dropout: float,
        own: Mapping[str, Branch],
    ) -> None:
        super().__init__()
        self.sources = tuple(shapes)
        self.branches = nn.ModuleList(
            own[source](shape)
            if source in own
            else nn.Sequential(nn.Flatten(), nn.Linear(math.prod(shape), width), nn.ReLU())
            for source, shape in shapes.items()
        )
        self.absent = nn.Parameter(torch.zeros(len(shapes), width))
        self.head = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(len(shapes) * width, width),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(width, words),
        )

    def forward(self, given: Mapping[str, Tensor]) -> Tensor:
        """Logits [n, words] of features by source."""
        middle = []
        for source, branch, nobody in zip(self.sources, self.branches, self.absent, strict=True):
            values = branch(torch.nan_to_num(given[source]))
            middle.append(torch.where(_absent(given[source])[:, None], nobody, values))
        logits: Tensor = self.head(torch.cat(middle, dim=1))
        return logits


def _absent(values: Tensor) -> Tensor:
    """Which rows hold nothing but NaN [n]."""
    return torch.isnan(values.flatten(1)).all(dim=1)
