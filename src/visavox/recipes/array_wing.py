"""`ArrayWing`: the wing of every network and classifier whose input is an array of one shape (`visavox.inputs`)."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from visavox.datasets import Sample
from visavox.errors import OptionError
from visavox.inputs import Copies, Kinds, as_numbers
from visavox.recipes.caching import Cache, identity
from visavox.training.arrays import ArrayTask, Labelled

if TYPE_CHECKING:
    import torch


class ArrayWing:
    """What arrays of one shape do for a recipe; a `visavox.recipes.Wing`.

    Args:
        kinds: what the modality offers.
        words: that are judged, in order.
        network: `kind`, and the options of that network.
        input: `kind`, and the options of that input.
        augmentation: as `Kinds.copies` and `Kinds.vary` understand it.
        loss: `label_smoothing` and `weigh` of `ArrayTask`.

    Raises:
        OptionError: a kind or a key is none that these know.
    """

    input_name = "input"
    free_axes: Mapping[int, str] = {}
    pools = True

    def __init__(
        self,
        kinds: Kinds,
        *,
        words: Sequence[str],
        network: Mapping[str, Any],
        input: Mapping[str, Any],
        augmentation: Mapping[str, Any],
        loss: Mapping[str, Any],
    ) -> None:
        self.kinds = kinds
        self.words = tuple(words)
        self.input = kinds.input(input)
        options = {key: tuple(value) if isinstance(value, list) else value for key, value in network.items()}
        kind = kinds.network(str(options.pop("kind", None)))
        try:
            self._network = functools.partial(kind, words=len(self.words), shape=self.input.shape, **options)
            self.network()
        except TypeError as error:
            raise OptionError(f"Bad [network] for {network.get('kind')!r}: {error}.") from None
        left = dict(augmentation)
        self._copies = kinds.copies(left)
        self._copying = {key: value for key, value in augmentation.items() if key not in left}
        self._vary = kinds.vary(left)
        if left:
            raise OptionError(f"Bad value {next(iter(left))!r} for a key of augmentation: this modality has no such.")
        for key in loss:
            if key not in ("label_smoothing", "weigh"):
                raise OptionError.one_of("a key of loss", key, ["label_smoothing", "weigh"])
        self._loss = dict(loss)
        self._cache = Cache()
        self.golden = ((1, *self.input.shape), 0.0, 1.0)

    def describe(self) -> dict[str, Any]:
        """The input's kind and options."""
        return self.kinds.describe(self.input)

    def network(self) -> torch.nn.Module:
        """A network, initialised from torch's global seed."""
        made: torch.nn.Module = self._network()
        return made

    def task(self, train: Sequence[Sample], validation: Sequence[Sample], *, batch: int, folder: Path) -> ArrayTask:
        """All examples of the clips, those of the training part with their varied copies."""
        return ArrayTask(
            self.labelled(train, copies=True),
            self.labelled(validation),
            words=len(self.words),
            batch=batch,
            vary=self._vary,
            **self._loss,
        )

    def labelled(self, samples: Sequence[Sample], *, copies: bool = False) -> Labelled:
        """The examples of clips, each with its clip's word.

        Args:
            samples: the clips.
            copies: whether varied copies are among them, as the recipe wants.
        """
        parts, labels = [], []
        for sample in samples:
            found = [self.examples(sample)]
            if copies and self._copies is not None:
                found.append(self._varied(sample, self._copies))
            parts += found
            labels += [self.words.index(sample.emotion)] * sum(map(len, found))
        nothing = np.zeros((0, *self.input.shape), dtype=np.float32)
        return Labelled(np.concatenate(parts) if parts else nothing, np.array(labels, dtype=np.int64))

    def examples(self, sample: Sample) -> NDArray[np.generic]:
        """The examples of a clip [m, *shape], from the cache where they are there; none where it cannot be judged."""
        key = f"{self.input!r} of {identity(sample.clip)}"
        return self._cache.array(key, lambda: self.input.of(self.kinds.fill(sample.clip, self.input.wants)))

    def _varied(self, sample: Sample, copies: Copies) -> NDArray[np.generic]:
        """The examples of a clip's varied copies, kept as `examples` are; what is drawn depends on the clip alone."""
        who = identity(sample.clip)

        def make() -> NDArray[np.generic]:
            rng = np.random.default_rng(list(hashlib.sha256(who.encode()).digest()))
            full = self.kinds.fill(sample.clip, self.input.wants)
            made = [self.input.of(copy) for copy in copies(full, rng)]
            return np.concatenate(made) if made else self.examples(sample)[:0]

        return self._cache.array(f"{self.input!r} of copies {self._copying!r} of {who}", make)

    def absent(self, samples: Sequence[Sample]) -> list[Sample]:
        """The samples that hold nothing to judge."""
        return [sample for sample in samples if not len(self.examples(sample))]

    def judge(self, *networks: torch.nn.Module) -> torch.nn.Module:
        """The network itself.

        Raises:
            OptionError: there are several.
        """
        if len(networks) > 1:
            raise OptionError("This kind of network is used alone: leave [[further]] out of the recipe.")
        return networks[0]

    def inputs(self, samples: Sequence[Sample], *, folder: Path) -> Iterator[NDArray[np.float32]]:
        """The examples of each clip [m, *shape], in the order of the samples."""
        for sample in samples:
            yield as_numbers(self.examples(sample))
