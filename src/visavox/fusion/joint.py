"""Joint fusion: one network that takes the features of all sources and is trained through to the words.

PyTorch does the work (extra ``train``); it is imported when a network is fitted.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from visavox.calibration import fit_temperature, log_loss, softmax
from visavox.errors import DataError, ModelError, OptionError, require
from visavox.fusion.folds import inner_folds
from visavox.fusion.inputs import absent
from visavox.fusion.rules import Floats
from visavox.training import Schedule, fit

if TYPE_CHECKING:
    import torch

Branch = Callable[[tuple[int, ...]], "torch.nn.Module"]
"""From the shape of one row of a source to a network whose output is [n, width]."""

KINDS: tuple[str, ...] = ("type-1", "type-2")


class Joint:
    """Branches for the sources and a head that they share, trained together.

    Args:
        kind: ``type-1``: the sources' values are joined before a network that they share; ``type-2``: each source has
            layers of its own, whose outputs are joined in the middle of the network.
        width: Values that each branch gives, and of the head's hidden layer.
        dropout: Part of the values that are left out at each step.
        absences: How often each source is left out of a row while training (modality dropout), at least one stays.
        branches: Networks of your own by source, for ``type-2``: made from the shape of one row, they give
            [n, width] and may take rows of any shape (sequences, pictures). A branch with one hidden layer else.
        epochs: Passes over the rows; the one that judges inner speakers best is kept (early stopping, looked at from
            the end).
        batch: Rows a step.
        learning_rate: The highest, of one cycle of AdamW.
        weight_decay: Pull toward zero.
        parts: One in so many speakers is held out to choose the epoch and the temperature.
        seed: Of everything drawn.

    Attributes:
        classes_: What the columns of `predict_proba` are.
        epoch_: The epoch that was kept, from 1.
        temperature_: By which logits are divided, fitted on the inner speakers.

    An absent source is a row of NaN. In type 1 its place holds zeros and a column says so; in type 2 a learned vector
    stands for its branch. Training restores torch's random state, and gives the same network for the same seed.

    Source: the two types are those of Huang, Pareek, Seyyedi, Banerjee & Lungren, "Fusion of medical imaging and
    electronic health records using deep learning", npj Digital Medicine 3, 2020, figure 2 (type I early fusion joins
    inputs, joint fusion trains the feature extractors through). Modality dropout: Neverova, Wolf, Taylor & Nebout,
    "ModDrop", IEEE TPAMI 38(8), 2016, section 4.2.
    """

    def __init__(
        self,
        *,
        kind: str = "type-2",
        width: int = 64,
        dropout: float = 0.3,
        absences: float = 0.2,
        branches: Mapping[str, Branch] | None = None,
        epochs: int = 60,
        batch: int = 64,
        learning_rate: float = 3e-3,
        weight_decay: float = 0.05,
        parts: int = 5,
        seed: int = 1,
    ) -> None:
        if kind not in KINDS:
            raise OptionError.one_of("kind of joint fusion", kind, KINDS)
        if not 0 <= absences < 1:
            raise OptionError(f"Bad value {absences!r} for absences: expected a part of the rows, from 0 to below 1.")
        self.kind = kind
        self.width = width
        self.dropout = dropout
        self.absences = absences
        self.branches = branches
        self.epochs = epochs
        self.batch = batch
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.parts = parts
        self.seed = seed

    def get_params(self, deep: bool = True) -> dict[str, object]:
        """What the constructor was given."""
        return {name: getattr(self, name) for name in SETTINGS}

    def set_params(self, **settings: object) -> Self:
        """Changes settings; what was learned is forgotten.

        Raises:
            OptionError: If there is no such setting, or it does not take the value.
        """
        for name in settings:
            if name not in SETTINGS:
                raise OptionError.one_of("setting of joint fusion", name, SETTINGS)
        self.__dict__ = dict(type(self)(**{**self.get_params(), **settings}).__dict__)  # type: ignore[arg-type]
        return self

    def fit(self, tables: Mapping[str, Floats], y: ArrayLike, groups: Sequence[str] | None = None) -> Self:
        """Trains on features.

        Args:
            tables: By source, features [shape=(n, ...)]; a row of NaN where the source is absent.
            y: Class of each row [shape=(n,)].
            groups: The speakers: some of them are held out to choose the epoch.

        Raises:
            DataError: If there are fewer than two classes, or too few rows to hold any out.
            MissingExtraError: If PyTorch is not installed.
        """
        require("train", "torch", what="Joint fusion")
        import torch

        self.classes_, truth = np.unique(np.asarray(y), return_inverse=True)
        if len(self.classes_) < 2:
            raise DataError(f"Joint fusion wants rows of two classes at least, got {len(self.classes_)}.")
        folds = inner_folds(truth, groups, self.parts, self.seed)
        if not folds:
            raise DataError(f"Joint fusion wants rows to learn from and rows to stop by, got {len(truth)}.")
        train, held = folds[0]
        self.scales_ = {source: _scale(table[train]) for source, table in tables.items()}
        data = _Data(self._inputs(tables), truth, train, held, self.batch, self.absences)
        schedule = Schedule(
            epochs=self.epochs,
            batch=self.batch,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            averaging=0.98,
            seed=self.seed,
            precision="float32",
        )
        with torch.random.fork_rng(devices=[]), tempfile.TemporaryDirectory() as folder:
            torch.manual_seed(self.seed)
            self.network_ = self._network({source: table.shape[1:] for source, table in tables.items()})
            history = fit(self.network_, data, schedule, folder=folder, progress=False)
        self.epoch_ = history.best
        self.temperature_ = fit_temperature(data.logits(self.network_, held), truth[held])
        return self

    def predict_proba(self, tables: Mapping[str, Floats]) -> Floats:
        """Probabilities [shape=(n, k)]; NaN rows where every source is absent.

        Raises:
            ModelError: If it was not fitted.
        """
        if not hasattr(self, "network_"):
            raise ModelError("This joint fusion judges nothing before it was fitted: call fit.")
        inputs = self._inputs({source: tables[source] for source in self.scales_})
        rows = len(next(iter(inputs.values())))
        data = _Data(inputs, np.zeros(rows, dtype=np.int64), np.arange(0), np.arange(rows), self.batch, 0.0)
        nobody = np.asarray(np.stack([absent(tables[source]) for source in self.scales_]).all(axis=0))
        probabilities = softmax(data.logits(self.network_, np.arange(rows)) / self.temperature_)
        return np.where(nobody[:, None], np.nan, probabilities)

    def predict(self, tables: Mapping[str, Floats]) -> NDArray[np.generic]:
        """The likeliest class of each row [shape=(n,)]."""
        best: NDArray[np.generic] = self.classes_[np.nan_to_num(self.predict_proba(tables)).argmax(axis=1)]
        return best

    def _inputs(self, tables: Mapping[str, Floats]) -> dict[str, NDArray[np.float32]]:
        return {
            source: ((np.asarray(table) - self.scales_[source][0]) / self.scales_[source][1]).astype(np.float32)
            for source, table in tables.items()
        }

    def _network(self, shapes: Mapping[str, tuple[int, ...]]) -> torch.nn.Module:
        from visavox.fusion.branches import Common, Joined

        if self.kind == "type-1":
            return Common(shapes, self.width, len(self.classes_), self.dropout)
        return Joined(shapes, self.width, len(self.classes_), self.dropout, self.branches or {})


SETTINGS: tuple[str, ...] = tuple(Joint().__dict__)
"""The names of the constructor's arguments."""


def _scale(table: Floats) -> tuple[Floats, Floats]:
    """Mean and deviation of each value over rows that are there; 0 and 1 where nothing is."""
    there = table[~absent(table)]
    if not len(there):
        return np.zeros(table.shape[1:]), np.ones(table.shape[1:])
    deviation = there.std(axis=0)
    return there.mean(axis=0), np.where(deviation > 1e-9, deviation, 1.0)


@dataclass
class _Data:
    """The task of `training.fit`: rows to learn from, rows to judge by."""

    inputs: Mapping[str, NDArray[np.float32]]
    truth: NDArray[np.int64]
    train: NDArray[np.int64]
    held: NDArray[np.int64]
    size: int
    absences: float

    @property
    def steps(self) -> int:
        return -(-len(self.train) // self.size)

    def batches(self, rng: np.random.Generator, done: float) -> Iterator[tuple[dict[str, torch.Tensor], torch.Tensor]]:
        import torch

        order = rng.permutation(self.train)
        for start in range(0, len(order), self.size):
            rows = order[start : start + self.size]
            given = {source: table[rows].copy() for source, table in self.inputs.items()}
            here = np.stack([~absent(table) for table in given.values()])
            stay = here & (rng.random(here.shape) >= self.absences)
            # Where everybody would go, everybody stays.
            stay = np.where(stay.any(axis=0), stay, here)
            for table, there in zip(given.values(), stay, strict=True):
                table[~there] = np.nan
            tensors = {source: torch.from_numpy(table) for source, table in given.items()}
            yield tensors, torch.from_numpy(self.truth[rows])

    def loss(self, network: torch.nn.Module, batch: tuple[dict[str, torch.Tensor], torch.Tensor]) -> torch.Tensor:
        import torch

        return torch.nn.functional.cross_entropy(network(batch[0]), batch[1])

    def validate(self, network: torch.nn.Module) -> dict[str, float]:
        logits = self.logits(network, self.held)
        right = float((logits.argmax(axis=1) == self.truth[self.held]).mean())
        return {"score": -log_loss(logits, self.truth[self.held]), "accuracy": right}

    def logits(self, network: torch.nn.Module, rows: NDArray[np.int64]) -> Floats:
        import torch

        network.eval()
        found = []
        with torch.no_grad():
            for start in range(0, len(rows), 1024):
                part = rows[start : start + 1024]
                tensors = {source: torch.from_numpy(table[part]) for source, table in self.inputs.items()}
                found.append(network(tensors).numpy().astype(np.float64))
        return np.concatenate(found)
