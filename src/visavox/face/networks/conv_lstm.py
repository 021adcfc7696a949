"""Recurrent convolutions over pictures (torch): their states are pictures too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from visavox.errors import OptionError
from visavox.layers.as_keras import same, start_as_keras


class ConvLSTM(nn.Module):
    """Layers of convolutional LSTMs, each followed by a pooling of its pictures, then words.

    pictures [n, t, h, w, colours] → for each of `filters`: ConvLSTM 3 x 3 that loses its edges and gives the state of
    every moment, (norm), pooling 2 x 2 of each picture (what is left over at an edge is pooled by itself), dropout →
    flatten (the features) → words. Of 30 x 64 x 64 x 3: 31 x 31 x 4, 15 x 15 x 8, 7 x 7 x 14, 3 x 3 x 16 a picture,
    4 320.

    Args:
        words: how many words.
        shape: of the input, (t, h, w, colours).
        filters: channels of each layer.
        kernel: of each layer, in pixels.
        dropout: after each pooling; where there are fewer shares than layers, the last ones have none.
        norms: batch norms: "none", "before" the activations (on what enters the gates) or "after" them (on the states
            that a layer gives).

    Source: Shi et al., "Convolutional LSTM network", 2015, equation 3 without its peepholes, as Keras has it; sizes:
        "Audio-Visual Emotion Recognition System", Benha University, 2022, whose base has 58 926 parameters (1 024,
        3 488, 11 144, 17 344, 25 926). Gates go through the logistic function (Keras once had a piecewise line in its
        place).
    """

    def __init__(
        self,
        *,
        words: int,
        shape: tuple[int, ...],
        filters: Sequence[int] = (4, 8, 14, 16),
        kernel: int = 3,
        dropout: Sequence[float] = (0.2, 0.2, 0.2),
        norms: Literal["none", "before", "after"] = "none",
    ) -> None:
        super().__init__()
        if norms not in ("none", "before", "after"):
            raise OptionError.one_of("network.norms", norms, ("none", "before", "after"))
        if len(dropout) > len(filters):
            raise OptionError(f"Bad value {list(dropout)} for network.dropout: expected at most {len(filters)}.")
        self.steps, height, width, before = shape
        self.layers = nn.ModuleList()
        self.ends = nn.ModuleList()
        for place, channels in enumerate(filters):
            self.layers.append(ConvLSTMLayer(before, channels, kernel, steps=self.steps, norm=norms == "before"))
            after: list[nn.Module] = [nn.BatchNorm2d(channels)] if norms == "after" else []
            share = dropout[place] if place < len(dropout) else 0.0
            self.ends.append(nn.Sequential(*after, nn.MaxPool2d(2, ceil_mode=True), nn.Dropout(share)))
            before = channels
            height, width = (-(-(size - kernel + 1) // 2) for size in (height, width))
        self.size = self.steps * before * height * width
        self.words = nn.Linear(self.size, words)
        start_as_keras(self)
        for layer in self.layers:
            assert isinstance(layer, ConvLSTMLayer)
            layer.start()

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Words of pictures [n, t, h, w, colours] in 0..1: logits [n, words], features [n, d]."""
        maps = pictures.flatten(0, 1).permute(0, 3, 1, 2)
        for layer, end in zip(self.layers, self.ends, strict=True):
            maps = end(layer(maps))
        features = maps.reshape(-1, self.size)
        return self.words(features), features


class ConvLSTMLayer(nn.Module):
    """One layer: long short-term memory whose values are maps, and whose products with weights are convolutions.

    Args:
        before: channels of the maps that enter.
        channels: of the state.
        kernel: of both convolutions; the one over what enters loses the edges, the one over the state keeps them.
        steps: moments in a row.
        norm: whether what enters the gates is normed over the batch.
    """

    def __init__(self, before: int, channels: int, kernel: int, *, steps: int, norm: bool) -> None:
        super().__init__()
        self.steps, self.channels = steps, channels
        self.entering = nn.Conv2d(before, 4 * channels, kernel)
        self.norm = nn.BatchNorm2d(4 * channels) if norm else nn.Identity()
        self.kept = same(channels, 4 * channels, kernel, bias=False)

    def start(self) -> None:
        """Starts the forget gate's bias from 1, as Keras does."""
        assert self.entering.bias is not None
        with torch.no_grad():
            self.entering.bias[self.channels : 2 * self.channels] = 1

    def forward(self, maps: Tensor) -> Tensor:
        """States [n * t, channels, h', w'] of maps [n * t, before, h, w]."""
        entering = self.norm(self.entering(maps))
        inner = entering.shape[1:]
        moments = entering.reshape(-1, self.steps, *inner).unbind(1)
        states: list[Tensor] = []
        cells: Tensor | None = None
        for gates in moments:
            if states:
                gates = gates + self.kept(states[-1])
            # Few steps in all: each of them becomes a part of the ONNX file, for every moment anew.
            opened, new = torch.split(gates, [3 * self.channels, self.channels], dim=1)
            enter, keep, show = torch.split(torch.sigmoid(opened), self.channels, dim=1)
            added = enter * torch.tanh(new)
            cells = added if cells is None else keep * cells + added
            states.append(show * torch.tanh(cells))
        return torch.stack(states, dim=1).flatten(0, 1)
