"""How the shipped face network is taught (torch; only recipes come here)."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from visavox.datasets import Sample
from visavox.errors import OptionError
from visavox.face.augmentation import FaceAugmentation, augment
from visavox.face.networks.residual import SIZE, FaceJudge, FaceNetwork


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
    pools = False
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
