"""The network that reads an expression off a small grey face, and how it is taught (torch; only recipes come here)."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from visavox.datasets import Sample
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


class Faces(NamedTuple):
    """Labelled faces as arrays.

    Args:
        images: uint8 [n, 48, 48].
        labels: int64 [n], into the recipe's words.
        votes: float32 [n, v], how raters voted; a row of zeros has no say. None where nobody voted.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    votes: NDArray[np.float32] | None = None


class FaceBatch(NamedTuple):
    """A batch, varied and mixed: faces [n, 1, 48, 48] in 0-1, targets [n, k], votes [n, v] or None."""

    faces: Tensor
    targets: Tensor
    votes: Tensor | None


class FaceTask:
    """Faces as a task for `visavox.training.fit`.

    The loss is the cross-entropy of the words with smoothed labels, and of the raters' votes with a weight. The score
    is the accuracy on `validation`, each face averaged with its mirror image, as it will be used.

    Args:
        train: to learn from.
        validation: to choose the epoch on; none where the last one is kept.
        words: how many words there are.
        batch: faces a step.
        augmentation: how faces are varied.
        label_smoothing: part of a label that is spread over all words.
        vote_weight: weight of the votes' loss.
        smallest: height and width of faces when training begins; they grow to what they are in use over its first two
            thirds, so that early epochs are cheap (progressive learning: Tan and Le, "EfficientNetV2", 2021,
            section 4).
    """

    def __init__(
        self,
        train: Faces,
        validation: Faces,
        *,
        words: int,
        batch: int,
        augmentation: FaceAugmentation,
        label_smoothing: float = 0.05,
        vote_weight: float = 0.5,
        smallest: int = SIZE,
    ) -> None:
        self.images = torch.from_numpy(np.ascontiguousarray(train.images))[:, None]
        self.labels = torch.from_numpy(np.asarray(train.labels, dtype=np.int64))
        self.votes: Tensor | None = None
        if train.votes is not None and vote_weight:
            total = train.votes.sum(axis=1, keepdims=True)
            self.votes = torch.from_numpy((train.votes / np.maximum(total, 1)).astype(np.float32))
        self.validation = validation
        self.words = words
        self.batch = min(batch, len(self.labels))
        self.augmentation = augmentation
        self.label_smoothing = label_smoothing
        self.vote_weight = vote_weight
        self.smallest = smallest

    @property
    def frequencies(self) -> NDArray[np.float64]:
        """How often each word is asked for [k], summing to one: faces are drawn as they come, labels are smoothed."""
        shown = np.bincount(self.labels.numpy(), minlength=self.words) / len(self.labels)
        asked: NDArray[np.float64] = shown * (1 - self.label_smoothing) + self.label_smoothing / self.words
        return asked

    @property
    def steps(self) -> int:
        """Batches an epoch; what is left over after the last full one waits for another epoch's order."""
        return len(self.labels) // self.batch

    def size(self, done: float) -> int:
        """Height and width of faces when so much of the training is done (0-1): a multiple of 8, up to `SIZE`."""
        grown = self.smallest + (SIZE - self.smallest) * min(1.0, 1.5 * done)
        return min(SIZE, 8 * round(grown / 8))

    def batches(self, rng: np.random.Generator, done: float) -> Iterator[FaceBatch]:
        """One epoch of batches; variations are drawn from `rng` as well."""
        size = self.size(done)
        order = rng.permutation(len(self.labels))
        for start in range(0, self.steps * self.batch, self.batch):
            rows = torch.from_numpy(order[start : start + self.batch])
            draw = torch.Generator().manual_seed(int(rng.integers(2**62)))
            faces = augment(self.images[rows].float() / 255.0, self.augmentation, draw)
            if size != SIZE:
                faces = F.interpolate(faces, size=(size, size), mode="bilinear", antialias=True, align_corners=False)
            targets = F.one_hot(self.labels[rows], self.words).float()
            targets = targets * (1 - self.label_smoothing) + self.label_smoothing / self.words
            votes = None if self.votes is None else self.votes[rows]
            if self.augmentation.mixup and rng.random() < self.augmentation.mixup_chance:
                share = float(rng.beta(self.augmentation.mixup, self.augmentation.mixup))
                faces, targets = _mix(faces, share), _mix(targets, share)
                votes = None if votes is None else _mix(votes, share)
            yield FaceBatch(faces, targets, votes)

    def loss(self, network: nn.Module, batch: FaceBatch) -> Tensor:
        """Mean cross-entropy over the batch, votes included with their weight."""
        device = next(network.parameters()).device
        words, votes = network(batch.faces.to(device))
        loss = F.cross_entropy(words.float(), batch.targets.to(device))
        if votes is not None and batch.votes is not None:
            # Not `cross_entropy`: a face without votes has a row of zeros and must weigh nothing.
            told = -(batch.votes.to(device) * F.log_softmax(votes.float(), dim=1)).sum(dim=1).mean()
            loss = loss + self.vote_weight * told
        return loss

    def validate(self, network: nn.Module) -> dict[str, float]:
        """Accuracy ("score"), mean recall over words and cross-entropy on the validation faces.

        Without faces to validate on, a score that is no number.
        """
        if not len(self.validation.labels):
            return {"score": math.nan}
        assert isinstance(network, FaceNetwork)
        device = next(network.parameters()).device
        judge = FaceJudge(network)
        truth = torch.from_numpy(np.asarray(self.validation.labels, dtype=np.int64))
        logits = torch.cat(
            [
                judge(torch.from_numpy(part)[:, None].to(device).float() / 255.0)[0].float().cpu()
                for part in np.array_split(self.validation.images, math.ceil(len(truth) / 256))
            ]
        )
        right = (logits.argmax(dim=1) == truth).double()
        recalls = [float(right[truth == word].mean()) for word in np.unique(self.validation.labels)]
        return {
            "score": float(right.mean()),
            "uar": float(np.mean(recalls)),
            "validation_loss": float(F.cross_entropy(logits, truth)),
        }


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


class FaceWing:
    """What faces do for a recipe; a `visavox.recipes.Wing`.

    Args:
        words: that the network judges, in order.
        network: `kind` ("residual") and the arguments of `FaceNetwork`.
        input: nothing: this network takes faces of 48 x 48 grey pixels.
        augmentation: the arguments of `FaceAugmentation`.
        loss: `label_smoothing`, `vote_weight` and `smallest` of `FaceTask`.

    Raises:
        OptionError: a table has a key that is none of these.
    """

    input_name = "faces"
    golden = ((1, 1, SIZE, SIZE), 0.0, 1.0)
    free_axes: Mapping[int, str] = {}

    def __init__(
        self,
        *,
        words: tuple[str, ...],
        network: Mapping[str, Any],
        input: Mapping[str, Any],
        augmentation: Mapping[str, Any],
        loss: Mapping[str, Any],
    ) -> None:
        if network.get("kind", "residual") != "residual":
            raise OptionError.one_of("network.kind", network["kind"], ["residual"])
        _only("network", network, ["kind", "votes", "stem", "widths", "depths", "dropout"])
        _only("input", input, [])
        _only("augmentation", augmentation, [item.name for item in dataclasses.fields(FaceAugmentation)])
        _only("loss", loss, ["label_smoothing", "vote_weight", "smallest"])
        self.words = words
        self._network: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in network.items() if key != "kind"
        }
        self._augmentation = FaceAugmentation(**augmentation)
        self._loss = dict(loss)

    def describe(self) -> dict[str, Any]:
        """What the network wants of faces: one upright grey crop of 48 x 48, framed as FER2013 frames them."""
        return {
            "size": SIZE,
            "frames": 1,
            "colour": "grey",
            "sampling": "area",
            "range": [0, 1],
            "framing": "fer2013",
            "normalisation": "in the network: each face's own mean and deviation; mean of face and mirror image",
        }

    def network(self) -> FaceNetwork:
        """A network, initialised from torch's global seed."""
        return FaceNetwork(words=len(self.words), **self._network)

    def task(self, train: Sequence[Sample], validation: Sequence[Sample], *, batch: int, folder: Path) -> FaceTask:
        """Faces to learn from and to choose on; nothing is kept in `folder`."""
        return FaceTask(
            self.faces(train),
            self.faces(validation),
            words=len(self.words),
            batch=batch,
            augmentation=self._augmentation,
            **self._loss,
        )

    def judge(self, *networks: nn.Module) -> FaceJudge:
        """The networks as they are used: their mean over face and mirror image."""
        return FaceJudge(*(network for network in networks if isinstance(network, FaceNetwork)))

    def inputs(self, samples: Sequence[Sample], *, folder: Path) -> Iterator[NDArray[np.float32]]:
        """Faces [b, 1, 48, 48] in 0-1, a few hundred at a time, in the order of the samples."""
        for start in range(0, len(samples), 256):
            images = self.faces(samples[start : start + 256]).images
            yield images[:, None].astype(np.float32) / np.float32(255)

    def faces(self, samples: Sequence[Sample]) -> Faces:
        """The first face of each sample as arrays; votes where the network has a head for them.

        Raises:
            OptionError: the network's `votes` is not how many kinds of votes the corpus has.
        """
        nothing = np.zeros((0, SIZE, SIZE), dtype=np.uint8)
        images = np.stack([_grey(sample) for sample in samples]) if samples else nothing
        labels = np.array([self.words.index(sample.emotion) for sample in samples], dtype=np.int64)
        wanted = self._network.get("votes", 0)
        if not wanted:
            return Faces(images, labels)
        kinds = list(dict.fromkeys(kind for sample in samples for kind in sample.votes or ()))
        if len(kinds) not in (0, wanted):
            raise OptionError(f"Bad value {wanted} for network.votes: the corpora's raters had {len(kinds)} choices.")
        votes = np.array(
            [[0 if s.votes is None else s.votes.get(kind, 0) for kind in kinds] for s in samples], dtype=np.float32
        )
        return Faces(images, labels, votes if kinds else None)


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


def _mix(values: Tensor, share: float) -> Tensor:
    """A batch mixed with itself in reverse order."""
    return share * values + (1 - share) * values.flip(0)


def _grey(sample: Sample) -> NDArray[np.uint8]:
    """The first face of a sample as grey [48, 48]; a corpus of another size is not taken silently."""
    faces = sample.clip.faces
    if faces is None or faces.shape[1:3] != (SIZE, SIZE):
        shape = None if faces is None else list(faces.shape)
        raise OptionError(f"{sample.clip.name}: this network learns from faces [1, {SIZE}, {SIZE}, 3], got {shape}.")
    grey: NDArray[np.uint8] = np.asarray(faces[0] @ np.array([0.299, 0.587, 0.114]) + 0.5).astype(np.uint8)
    return grey


def _only(table: str, given: Mapping[str, Any], known: Sequence[str]) -> None:
    for key in given:
        if key not in known:
            raise OptionError.one_of(f"a key of {table}", key, known or ["nothing"])
