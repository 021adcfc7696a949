"""How faces are varied while a network learns from them (torch)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class FaceAugmentation:
    """How a face is varied each time it is shown; ranges are uniform, 0 turns a part off.

    Args:
        mirror: chance of a mirror image.
        rotation: largest turn, in degrees.
        scale: largest change of size, as a part (0.12: 0.88 to 1.12).
        stretch: largest change of width against height, as a part.
        shift: largest move, in pixels.
        turn: largest turn of the head to a side or up, as the pixels by which the middle of the face moves over its
            rim.
        gamma: largest change of the logarithm of gamma.
        shading: largest slope of light across the face, in grey levels (0-1) from the middle to an edge.
        noise: largest deviation of added noise, in grey levels (0-1).
        blur: chance of a light blur, of random strength.
        motion: chance of a blur along a random direction, of random strength.
        coarse: chance of a face seen smaller, from half its pixels up.
        compression: chance of the blocks and lost detail of compressed pictures, of random strength.
        erase: chance of a rectangle in middle grey.
        erase_size: longest side of that rectangle, in pixels.
        mixup: parameter of the Beta distribution by which two faces are mixed.
        mixup_chance: part of the batches that are mixed.
    """

    mirror: float = 0.5
    rotation: float = 12.0
    scale: float = 0.12
    stretch: float = 0.06
    shift: float = 3.0
    turn: float = 0.0
    gamma: float = 0.4
    shading: float = 0.15
    noise: float = 0.03
    blur: float = 0.25
    motion: float = 0.0
    coarse: float = 0.0
    compression: float = 0.0
    erase: float = 0.25
    erase_size: int = 16
    mixup: float = 0.2
    mixup_chance: float = 0.5


def augment(faces: Tensor, how: FaceAugmentation, draw: torch.Generator) -> Tensor:
    """Faces varied, each by its own draw.

    Args:
        faces: float32 [n, 1, h, w] in 0-1.
        how: what is varied, and how far.
        draw: source of chance.

    Returns:
        float32 [n, 1, h, w] in 0-1.
    """
    n, _, height, width = faces.shape

    def uniform(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=draw) * 2 - 1

    turn = uniform(n) * math.radians(how.rotation)
    size = 1 + uniform(n) * how.scale
    wide = 1 + uniform(n) * how.stretch
    side = torch.where(torch.rand(n, generator=draw) < how.mirror, -1.0, 1.0)
    cos, sin = torch.cos(turn) * size, torch.sin(turn) * size
    move = uniform(n, 2) * (2 * how.shift / width)
    rows = torch.stack([side * cos * wide, -sin, move[:, 0], side * sin * wide, cos, move[:, 1]], dim=1)
    grid = F.affine_grid(rows.view(n, 2, 3), list(faces.shape), align_corners=False)
    if how.turn:
        depth = (1 - grid.square().sum(dim=3, keepdim=True) / 2).clamp_min(0)  # the nose is nearer than the ears
        grid = grid + depth * (uniform(n, 1, 1, 2) * (2 * how.turn / width))
    faces = F.grid_sample(faces, grid, padding_mode="border", align_corners=False)

    faces = faces.clamp(1e-3, 1).pow(torch.exp(uniform(n, 1, 1, 1) * how.gamma))
    across = torch.linspace(-1, 1, width).view(1, 1, 1, width)
    down = torch.linspace(-1, 1, height).view(1, 1, height, 1)
    faces = faces + how.shading * (uniform(n, 1, 1, 1) * across + uniform(n, 1, 1, 1) * down)
    strength = torch.rand(n, 1, 1, 1, generator=draw) * (torch.rand(n, 1, 1, 1, generator=draw) < how.blur)
    faces = torch.lerp(faces, F.avg_pool2d(faces, 3, 1, 1, count_include_pad=False), strength)
    faces = _some(faces, how.motion, draw, _move)
    faces = _some(faces, how.coarse, draw, _coarsen)
    faces = _some(faces, how.compression, draw, _compress)
    faces = faces + torch.randn(faces.shape, generator=draw) * (how.noise * torch.rand(n, 1, 1, 1, generator=draw))

    half = (4 + torch.rand(n, 2, 1, 1, generator=draw) * (how.erase_size - 4)) / 2
    centre = torch.rand(n, 2, 1, 1, generator=draw) * torch.tensor([height, width]).view(1, 2, 1, 1)
    inside_rows = (torch.arange(height).view(1, height, 1) + 0.5 - centre[:, 0]).abs() < half[:, 0]
    inside_columns = (torch.arange(width).view(1, 1, width) + 0.5 - centre[:, 1]).abs() < half[:, 1]
    chosen = (torch.rand(n, 1, 1, generator=draw) < how.erase) & inside_rows & inside_columns
    faces = torch.where(chosen[:, None], faces.mean(dim=(1, 2, 3), keepdim=True), faces)
    return faces.clamp(0, 1)


def _some(
    faces: Tensor, chance: float, draw: torch.Generator, change: Callable[[Tensor, torch.Generator], Tensor]
) -> Tensor:
    """Faces of which each is changed with a chance."""
    chosen = torch.rand(len(faces), generator=draw) < chance if chance else torch.zeros(len(faces), dtype=torch.bool)
    if chosen.any():
        faces = faces.clone()
        faces[chosen] = change(faces[chosen], draw)
    return faces


def _move(faces: Tensor, draw: torch.Generator) -> Tensor:
    """Blurred along one of four directions, by up to seven pixels, more or less."""
    line = torch.zeros(7, 7)
    direction = int(torch.randint(4, (1,), generator=draw))
    line[3 if direction == 0 else torch.arange(7), 3 if direction == 1 else torch.arange(7)] = 1
    line = line.flip(0) if direction == 3 else line
    moved = F.conv2d(F.pad(faces, (3, 3, 3, 3), mode="replicate"), line.view(1, 1, 7, 7) / line.sum())
    return torch.lerp(faces, moved, torch.rand(len(faces), 1, 1, 1, generator=draw))


def _coarsen(faces: Tensor, draw: torch.Generator) -> Tensor:
    """As seen in fewer pixels, from half as many to a side, and enlarged again."""
    height, width = faces.shape[2:]
    part = 0.5 + 0.4 * float(torch.rand(1, generator=draw))
    small = F.interpolate(faces, size=(round(height * part), round(width * part)), mode="area")
    return F.interpolate(small, size=(height, width), mode="bilinear", align_corners=False)


def _compress(faces: Tensor, draw: torch.Generator) -> Tensor:
    """Blocks of 8 x 8 whose cosine coefficients are rounded, the finer the more coarsely; the grid lies anywhere."""
    height, width = faces.shape[2:]
    k = torch.arange(8)
    scale = torch.where(k[:, None] == 0, 0.125, 0.25).sqrt()
    cosines = torch.cos(math.pi / 8 * k[:, None] * (k[None, :] + 0.5)) * scale
    step = torch.exp(math.log(0.03) + torch.rand(len(faces), 1, 1, 1, 1, 1, generator=draw) * math.log(5.0))
    steps = step * (1 + (k[:, None] + k[None, :]) / 4)
    top, left = (int(x) for x in torch.randint(8, (2,), generator=draw))
    padded = F.pad(faces, (left, (-width - left) % 8, top, (-height - top) % 8), mode="replicate")
    n, _, high, wide = padded.shape
    blocks = padded.view(n, 1, high // 8, 8, wide // 8, 8).transpose(3, 4)
    coefficients = torch.round(cosines @ blocks @ cosines.T / steps) * steps
    restored = (cosines.T @ coefficients @ cosines).transpose(3, 4).reshape(n, 1, high, wide)
    return restored[:, :, top : top + height, left : left + width]
