"""A training that begins with a finished model: its weights, its terms, and everybody whom that model has met."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from visavox import zoo
from visavox.datasets import Data, Sample
from visavox.errors import DataError, LeakError, ModelError, OptionError, TrainingError
from visavox.protocols import base, belongs
from visavox.recipes.recipe import Recipe, read
from visavox.recipes.roles import Roles, split, unseen_clips
from visavox.recognizer import Card, Corpus
from visavox.session import sha256
from visavox.training import weights_of

if TYPE_CHECKING:
    import torch

Met = Callable[[Sample], str]
"""What a model used a sample, or the person in it, for: "train", "validation", or "" where it never met them."""


@dataclass(frozen=True)
class Start:
    """A model with which a training begins.

    Args:
        card: of the model.
        weights: by their names in the `state_dict` of the network as it is used; without those of its last layer,
            called `words`, where the words are others.
    """

    card: Card
    weights: Mapping[str, NDArray[np.float32]]

    @property
    def told(self) -> dict[str, Any]:
        """Of the model, and of what it began with itself, for the `made` of a card: all that is needed to check."""
        return _link(self.card)

    def corpora(self) -> tuple[Corpus, ...]:
        """What the model learned from; so has what began with it."""
        front = f"by {self.card.name}, with which this model began: "
        return tuple(
            dataclasses.replace(one, used=one.used if one.used.startswith("by ") else front + one.used)
            for one in self.card.corpora
        )

    def licence(self, own: str) -> str:
        """Terms of what began with the model: its own, and the model's, which it inherits."""
        terms = "; ".join(dict.fromkeys(f"{one.name}: {one.licence}" for one in self.card.corpora))
        kept = f"began with {self.card.name} ({terms}) and keeps its terms: {self.card.licence}"
        return f"{own}; it {kept}" if own else f"It {kept}"

    def knows(self, corpus: str) -> bool:
        """Whether the model, or what it began with, has learned from a corpus, in whatever kind."""
        return base(corpus) in {base(name) for link in _chain(self.told) for name in link["corpora"]}

    def check(self, recipe: Recipe, roles: Roles, data: Data) -> None:
        """Proof that nobody who judges or chooses was learned from by the model, nor chose for it who now judges.

        Whom it has met is read off its recipe, or off its card for a network of a fold; where neither says, everybody
        of its corpora counts as met.

        Raises:
            LeakError: somebody was.
        """
        sides = [("validation", roles["validation"]), ("test", roles["test"])]
        unseen = [use for use in recipe.unseen if self.knows(use.name)]
        sides += [(f"the unseen {use.name}", unseen_clips(recipe, use, data)[0]) for use in unseen]
        corpora = {base(sample.corpus) for _, samples in sides for sample in samples}
        met = [one for link in _chain(self.told) for one in _met(link, corpora, data)]
        for side, samples in sides:
            for sample in samples:
                uses = {one(sample) for one in met}
                if "train" in uses or ("validation" in uses and side != "validation"):
                    who = f"speaker {sample.speaker}" if sample.speaker is not None else f"clip {sample.clip.name}"
                    use = "learned from" if "train" in uses else "was chosen by"
                    raise LeakError(
                        f"{recipe.name}, {side}: {who} of {sample.corpus} is one that {self.card.name}, with which "
                        f"it begins, {use}, as far as its card tells; leave them out or begin with another model"
                    )

    def give(self, network: torch.nn.Module, number: int = 1) -> tuple[str, ...]:
        """Puts the weights into a network, in the form that is used, by name and shape.

        Args:
            network: changed in place.
            number: from 1, which of several networks it is: where the model is the mean of several, each begins with
                another one of them, as far as there are so many.

        Returns:
            The names of weights that the model does not have in this shape: they begin anew.

        Raises:
            ModelError: it has none of them.
        """
        import torch

        own = {name: weight for name, weight in network.state_dict().items() if weight.is_floating_point()}
        given = set()
        several = len({name.split(".")[1] for name in self.weights if name.startswith("networks.")})
        for name, weight in own.items():
            theirs = f"networks.{(number - 1) % several}.{name.removeprefix('networks.0.')}" if several else name
            if theirs in self.weights and self.weights[theirs].shape == tuple(weight.shape):
                weight.copy_(torch.from_numpy(self.weights[theirs]))
                given.add(weight.data_ptr())  # a part that has two names is exported under one
        anew = tuple(name for name, weight in own.items() if weight.data_ptr() not in given)
        if len(anew) == len(own):
            raise ModelError(
                f"{self.card.name}: none of its weights fits this network by name and shape; "
                f"[network] must be as in that model's recipe"
            )
        return anew


def start_of(recipe: Recipe) -> Start | None:
    """The model with which a recipe's training begins; None where it begins anew.

    Raises:
        OptionError: there is no such model, or it is one of another modality.
        ModelError: its file or card is missing or broken, or keeps weights without names.
    """
    if not recipe.start:
        return None
    place = zoo.place(recipe.start)
    card = Card.read(place)
    if card.modality != recipe.modality:
        raise OptionError(
            f"Bad value {recipe.start!r} for start: it is a model of {card.modality}, and {recipe.name} one of "
            f"{recipe.modality}; begin with a model of {recipe.modality}."
        )
    network = place.with_suffix(".onnx")
    if not network.is_file():
        raise ModelError(f"{network}: the card is there but not its network; copy the model again.")
    if card.sha256 != sha256(network):
        raise ModelError(f"{network}: the file is not the one its card names (SHA-256 differs); copy the model again.")
    weights = weights_of(network)
    if card.words != recipe.words:  # rows of other words, which may be as many
        weights = {name: weight for name, weight in weights.items() if "words" not in name.split(".")}
    return Start(card, weights)


def _link(card: Card) -> dict[str, Any]:
    """What a card says of whom its model met: itself (not what it began with), and, inside, what it began with."""
    before = card.made.get("start")
    inherited = sum(len(link["corpora"]) for link in _chain(before))
    own = card.corpora[: len(card.corpora) - inherited]
    told = {key: card.made[key] for key in ("command", "held_out", "start") if key in card.made}
    about = {"name": card.name, "version": card.version, "sha256": card.sha256, "licence": card.licence}
    return {**about, "corpora": [corpus.name for corpus in own], "recipe": card.recipe, **told}


def _chain(link: Mapping[str, Any] | None) -> Iterator[Mapping[str, Any]]:
    """A model, what it began with, and so on."""
    while link:
        yield link
        link = link.get("start")


def _met(link: Mapping[str, Any], corpora: Collection[str], data: Data) -> Iterator[Met]:
    """What one model used samples for, of each of its corpora that is, in whatever kind, among some."""
    for name in link["corpora"]:
        if base(name) in corpora:
            held_out = link.get("held_out")
            sides = None if isinstance(held_out, Mapping) else _sides(link, name, data)
            if sides is not None:
                yield _by_sides(sides)
            else:
                yield _unless(name, (held_out or {}).get(name) or {})


def _sides(link: Mapping[str, Any], corpus: str, data: Data) -> dict[str, set[object]] | None:
    """Whom a model's recipe has in training and in validation, of one corpus; None where that cannot be known."""
    if re.search(r"--set '?(corpora|leaks)=", str(link.get("command", ""))):
        return None  # its text does not say
    try:
        recipe = read(str(link["recipe"]))
        # What is there to choose by may be of another corpus.
        schedule = dataclasses.replace(recipe.training, keep="last")
        uses = tuple(use for use in recipe.corpora if use.name == corpus)
        roles = split(dataclasses.replace(recipe, corpora=uses, training=schedule, further=(), limit=0), data)
    except (OptionError, DataError, TrainingError):
        return None
    return {role: {key for sample in roles[role] for key in _keys(sample)} for role in ("train", "validation")}


def _by_sides(sides: Mapping[str, Collection[object]]) -> Met:
    def met(sample: Sample) -> str:
        keys = list(_keys(sample))
        return next((role for role, known in sides.items() if any(key in known for key in keys)), "")

    return met


def _unless(corpus: str, held_out: Mapping[str, Iterable[object]]) -> Met:
    """Everybody of a corpus was learned from, but for those held out: columns and values."""

    def met(sample: Sample) -> str:
        free = held_out and all(getattr(sample, column, None) in values for column, values in held_out.items())
        return "" if free or not belongs(sample, base(corpus)) else "train"

    return met


def _keys(sample: Sample) -> Iterator[object]:
    """By what a sample is known again: who it is, the performance, the clip."""
    for column in ("speaker", "take"):
        if getattr(sample, column) is not None:
            yield column, getattr(sample, column)
    yield sample.corpus, str(sample.clip.name)
