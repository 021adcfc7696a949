"""`Input`: what a model wants of a clip, the same in training and in use; `Kinds`: what a wing offers to recipes."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from visavox.clip import Clip
from visavox.errors import ModelError, OptionError

Wanted = Literal["voice", "faces", "mesh", "joints"]
"""Which array of a `Clip` an input is made of."""

Vary = Callable[[NDArray[np.generic], np.random.Generator], NDArray[np.generic]]
"""Changes a batch of inputs [n, ...] in training, by draws of its own; the shape stays."""

Copies = Callable[[Clip, np.random.Generator], Sequence[Clip]]
"""Makes varied copies of a training clip, to be learned from beside it."""


class Input(Protocol):
    """What is made of a clip: numbers of one shape, by options that a recipe and a card hold.

    Inputs are frozen dataclasses of plain values, in numpy alone; the name of one in a wing's `Kinds.inputs` is its
    `kind`.
    """

    wants: ClassVar[Wanted]
    """The array that the clip must hold."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one example, without the axis of examples."""

    def of(self, clip: Clip) -> NDArray[np.generic]:
        """The examples in a clip [m, *shape], uint8 for pictures (0..255) or float32; none where it cannot be judged.

        Several are judged one by one and their logits averaged, such as the frames of a network that knows no time.
        """


@dataclass(frozen=True)
class Kinds:
    """What a wing offers to recipes, by the names that they use.

    Args:
        inputs: `input.kind`: an `Input`.
        networks: `network.kind`: where its torch module is ("package.module:Class"), made by
            `Class(words=..., shape=..., **options)`, which gives (logits [n, k], features [n, d]).
        fill: A clip with the array that an input wants, read from its source where it has none.
        copies: Copies of training clips, as a recipe's [augmentation] wants them; None where it wants none. It takes
            (removes) its keys from the mapping.
        vary: What is done to batches, as a recipe's [augmentation] wants it; None where it wants nothing. It takes its
            keys as well; what is then left is no key that the wing knows.
    """

    inputs: Mapping[str, type[Input]]
    networks: Mapping[str, str]
    fill: Callable[[Clip, Wanted], Clip]
    copies: Callable[[dict[str, Any]], Copies | None]
    vary: Callable[[dict[str, Any]], Vary | None]

    def input(self, table: Mapping[str, Any]) -> Input:
        """The input that a recipe's [input] or a card describes.

        Raises:
            OptionError: There is no such kind, or it has no such option.
        """
        options = {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
        kind = str(options.pop("kind", ""))
        if kind not in self.inputs:
            raise OptionError.one_of("input.kind", kind, self.inputs)
        made: Any = self.inputs[kind]
        known = [item.name for item in dataclasses.fields(made)]
        for key in options:
            if key not in known:
                raise OptionError.one_of(f"a key of input ({kind})", key, known)
        return cast(Input, made(**options))

    def of_card(self, table: Mapping[str, Any], path: Path) -> Input:
        """The input that the card of a model describes.

        Raises:
            ModelError: It describes none that this version knows.
        """
        try:
            return self.input(table)
        except (OptionError, TypeError, ValueError) as error:
            raise ModelError(f"{path}: its card's input cannot be used ({error}); train or copy it again.") from None

    def network(self, kind: str) -> Any:
        """The torch module of a kind.

        Raises:
            OptionError: There is no such kind.
        """
        if kind not in self.networks:
            raise OptionError.one_of("network.kind", kind, self.networks)
        module, name = self.networks[kind].split(":")
        return getattr(importlib.import_module(module), name)

    def describe(self, input: Input) -> dict[str, Any]:
        """An input as `Kinds.input` takes it, for a card."""
        kind = next(name for name, made in self.inputs.items() if type(input) is made)
        return {"kind": kind, **dataclasses.asdict(cast(Any, input))}


def trimmed(length: int, count: int) -> slice:
    """Which of a row are kept where there are too many: the middle, an even number loses its first, an odd its last.

    Source: "Fusion of deep learning features with mixture of brain emotional learning for audio-visual emotion
        recognition", 2024: its rule for pictures and for segments of a voice.

    Example:
        >>> list(range(6))[trimmed(6, 3)], list(range(5))[trimmed(5, 3)]
        ([2, 3, 4], [1, 2, 3])
    """
    first, end = 0, length
    while end - first > count:
        if (end - first) % 2 == 0:
            first += 1
        else:
            end -= 1
    return slice(first, end)


def as_numbers(inputs: NDArray[np.generic]) -> NDArray[np.float32]:
    """Inputs as networks take them: float32, pictures (uint8) in 0..1.

    Example:
        >>> as_numbers(np.array([[0, 255]], np.uint8)).tolist()
        [[0.0, 1.0]]
    """
    numbers: NDArray[np.float32] = np.ascontiguousarray(inputs, dtype=np.float32)
    return numbers / np.float32(255) if inputs.dtype == np.uint8 else numbers
