"""Blocks of convolutions beside a transformer, over a picture of cepstra (torch)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from visavox.errors import OptionError
from visavox.voice.networks.cnn2d import blocks as convolutions


class CNNTransformer(nn.Module):
    """Equal blocks of convolutions and a transformer side by side; all together say the words.

    cepstra [n, 40, 282, 1] → (each coefficient scaled) → `blocks` times: convolutions 16, 32, 64 with norm, ReLU,
    pools 2, 4, 4 and dropout (16 x 20 x 141, 32 x 5 x 35, 64 x 1 x 8: 512 values); beside them max-pool 1 x 4 → 70
    steps of 40 → encoder → mean over time, 40 values; all side by side: 1064 features → words.

    Args:
        words: how many words.
        shape: of the input, (coefficients, frames, 1).
        blocks: how many equal ones.
        filters: channels of each block's convolutions.
        pools: side of each max-pool.
        dropout: after each convolution, in the same order.
        frames: that become one before the transformer.
        layers: of the encoder.
        heads: of each layer's attention; a divisor of the coefficients.
        inner: width of each layer's dense part.
        encoder_dropout: in the encoder.
        scaled: whether each coefficient is brought to mean 0 and deviation 1 over the training clips.

    Raises:
        OptionError: the coefficients cannot be shared among the heads, or the lists are not as long as `filters`.

    Source: "Audio-Visual Emotion Recognition System", Benha University, 2022, its network of 73.23 % and 13 schemas.
        Left open and decided: the places of steps are not coded, since their mean hardly knows an order; the layers are
        those of Vaswani et al., "Attention Is All You Need", 2017 (norms after sums, ReLU); coefficients are scaled, as
        attention over values of some hundreds looks at one step alone.
    """

    def __init__(
        self,
        *,
        words: int,
        shape: tuple[int, ...],
        blocks: int = 2,
        filters: Sequence[int] = (16, 32, 64),
        pools: Sequence[int] = (2, 4, 4),
        dropout: Sequence[float] = (0.3, 0.3, 0.3),
        frames: int = 4,
        layers: int = 4,
        heads: int = 4,
        inner: int = 512,
        encoder_dropout: float = 0.4,
        scaled: bool = True,
    ) -> None:
        super().__init__()
        model = shape[0]
        if model % heads:
            raise OptionError(f"Bad value {heads} for network.heads, expected a divisor of {model} coefficients.")
        self.scale = nn.BatchNorm1d(model, affine=False) if scaled else nn.Identity()
        made = [convolutions(shape, filters=filters, pools=pools, dropout=dropout) for _ in range(blocks)]
        self.blocks = nn.ModuleList(nn.Sequential(*parts, nn.Flatten()) for parts, _ in made)
        size = sum(width * high * wide for _, (width, high, wide) in made)
        self.pool = nn.MaxPool2d((1, frames))
        self.encoder = nn.Sequential(*[EncoderLayer(model, heads, inner, encoder_dropout) for _ in range(layers)])
        self.words = nn.Linear(size + model, words)

    def forward(self, cepstra: Tensor) -> tuple[Tensor, Tensor]:
        """Words of cepstra [n, coefficients, frames, 1]: logits [n, words], features [n, of the blocks + model]."""
        maps = self.scale(cepstra[..., 0])[:, None]
        steps = self.pool(maps)[:, 0].permute(0, 2, 1)
        features = torch.cat([*(block(maps) for block in self.blocks), self.encoder(steps).mean(dim=1)], dim=1)
        return self.words(features), features


class EncoderLayer(nn.Module):
    """Attention of each step to all, then a dense part; each added to what came in, and normed.

    Args:
        model: values of a step.
        heads: that attend apart from each other.
        inner: width of the dense part.
        dropout: of attention's weights, of the dense part, and of what is added.
    """

    def __init__(self, model: int, heads: int, inner: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.asked = nn.Linear(model, 3 * model)
        self.told = nn.Linear(model, model)
        self.dense = nn.Sequential(nn.Linear(model, inner), nn.ReLU(), nn.Dropout(dropout), nn.Linear(inner, model))
        self.norms = nn.ModuleList([nn.LayerNorm(model), nn.LayerNorm(model)])
        self.dropout = nn.Dropout(dropout)

    def forward(self, steps: Tensor) -> Tensor:
        """Steps [n, t, model] as each sees the others."""
        count, model = steps.shape[1:]
        parts = self.asked(steps).reshape(-1, count, 3, self.heads, model // self.heads).permute(2, 0, 3, 1, 4)
        query, key, value = parts[0], parts[1], parts[2]
        weight = torch.softmax(query @ key.transpose(-1, -2) * (model // self.heads) ** -0.5, dim=-1)
        seen = (self.dropout(weight) @ value).permute(0, 2, 1, 3).reshape(-1, count, model)
        steps = self.norms[0](steps + self.dropout(self.told(seen)))
        normed: Tensor = self.norms[1](steps + self.dropout(self.dense(steps)))
        return normed
