"""Two branches whose words are joined and which learn together: system `sistcm`'s bimodal network (torch)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from visavox.errors import OptionError
from visavox.layers.as_keras import LSTM, start_as_keras


class JointNetwork(nn.Module):
    """An LSTM over the rows of one picture beside a CNN over another, their logits joined and trained together.

    rows of a picture [n, h, w c] → LSTM 64 → words; picture [n, h, w, 3] → 3x3 convolution 32, ReLU, pool 2 → 64, ReLU,
    pool 2 → dense 128, ReLU → words; of both, the larger logit of each word, or the mean. Pictures are scaled
    by (x - .5) / .5. Under the maximum, a branch learns from the logits alone that are the larger ones.

    Args:
        words: how many words.
        shape: of the picture that the CNN sees (a face), (height, width, channels).
        rows: shape of the one whose rows the LSTM reads (a body); by default both see the same picture.
        join: "maximum" or "average" of the logits.
        hidden: units of the LSTM.
        filters: of the two convolutions.
        dense: width of the layer after them.

    Raises:
        OptionError: there is no such join.

    Source: the report on Wei et al., Expert Systems with Applications 237, 2024: its code has the LSTM with input 224
        (a row of a picture) and 64 units, and gives both branches one picture of three words, at most 100 each. Its
        title is of two modalities: `forward(face, body)` takes both, the body's picture read by rows. Decided by us:
        the last state gives the words, convolutions keep their size, and a row holds all channels of its pixels.
    """

    def __init__(
        self,
        *,
        words: int,
        shape: tuple[int, ...],
        rows: tuple[int, ...] | None = None,
        join: Literal["maximum", "average"] = "maximum",
        hidden: int = 64,
        filters: Sequence[int] = (32, 64),
        dense: int = 128,
    ) -> None:
        super().__init__()
        if join not in ("maximum", "average"):
            raise OptionError.one_of("network.join", join, ("maximum", "average"))
        self.join = join
        _, width, channels = rows or shape
        self.rows = LSTM(width * channels, hidden)
        self.row_words = nn.Linear(hidden, words)
        layers: list[nn.Module] = []
        before = shape[2]
        for filter_count in filters:
            layers += [nn.Conv2d(before, filter_count, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
            before = filter_count
        size = before * (shape[0] >> len(filters)) * (shape[1] >> len(filters))
        self.convolutions = nn.Sequential(*layers, nn.Flatten(), nn.Linear(size, dense), nn.ReLU())
        self.picture_words = nn.Linear(dense, words)
        start_as_keras(self)

    def forward(self, face: Tensor, body: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Words of pictures in 0..1: logits [n, words], features [n, hidden + dense].

        Args:
            face: [n, h, w, c].
            body: [n, h, w, c]; without one, both branches see the face.
        """
        seen = face if body is None else body
        state = self.rows((seen.flatten(2) - 0.5) / 0.5)[:, -1]
        dense = self.convolutions((face.permute(0, 3, 1, 2) - 0.5) / 0.5)
        both = (self.row_words(state), self.picture_words(dense))
        logits = torch.maximum(*both) if self.join == "maximum" else (both[0] + both[1]) / 2
        return logits, torch.cat([state, dense], dim=1)
