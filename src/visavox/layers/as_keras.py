"""Layers as Keras has them, in which most published systems were made: how they start, pad and remember (torch)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def start_as_keras(network: nn.Module) -> None:
    """Starts kernels and matrices from Glorot's distribution and biases from 0, as Keras does; torch's are smaller.

    Without norms that matters: behind four layers of torch's, hardly anything of a picture is left.

    Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010.
    """
    for part in network.modules():
        if isinstance(part, nn.Conv1d | nn.Conv2d | nn.Conv3d | nn.Linear):
            nn.init.xavier_uniform_(part.weight)
            if part.bias is not None:
                nn.init.zeros_(part.bias)


def same(before: int, channels: int, kernel: int, *, bias: bool = True) -> nn.Sequential:
    """A convolution that keeps the size of pictures: zeros around them, of an even kernel more at the lower right.

    Example:
        >>> same(3, 8, 4)[0].padding
        (1, 2, 1, 2)
    """
    less, more = (kernel - 1) // 2, kernel // 2
    if less == more:  # the convolution's own zeros, which ONNX tells in one node
        return nn.Sequential(nn.Conv2d(before, channels, kernel, padding=less, bias=bias))
    return nn.Sequential(nn.ZeroPad2d((less, more, less, more)), nn.Conv2d(before, channels, kernel, bias=bias))


class LSTM(nn.Module):
    """Long short-term memory with one bias; torch's own has two, which do the same.

    The bias is the weight of an input that is always 1: four gates of units x (inputs + units + 1) parameters. It
    starts at 1 for the forget gate, else at 0; matrices start as Keras's.

    Args:
        inputs: values of a step.
        units: values of its state.

    Source: Jozefowicz et al., "An Empirical Exploration of Recurrent Network Architectures", 2015, section 2.2 (the
        forget gate's bias).

    Example:
        >>> sum(weight.numel() for weight in LSTM(64, 32).parameters())
        12416
    """

    def __init__(self, inputs: int, units: int) -> None:
        super().__init__()
        self.cells = nn.LSTM(inputs + 1, units, bias=False, batch_first=True)
        weights = dict(self.cells.named_parameters())
        nn.init.xavier_uniform_(weights["weight_ih_l0"])
        nn.init.orthogonal_(weights["weight_hh_l0"])
        with torch.no_grad():
            weights["weight_ih_l0"][:, -1] = 0.0
            weights["weight_ih_l0"][units : 2 * units, -1] = 1.0

    def forward(self, steps: Tensor) -> Tensor:
        """States [n, t, units] after each of the steps [n, t, inputs]."""
        states: Tensor = self.cells(torch.cat([steps, torch.ones_like(steps[:, :, :1])], dim=2))[0]
        return states
