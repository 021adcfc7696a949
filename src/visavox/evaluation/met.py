"""Whom a model may have met: what its card, and the cards of all inside it, say that they learned from."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from visavox.datasets import Sample
from visavox.protocols import base, belongs
from visavox.recognizer import Card, Recognizer


def parts(recognizer: Recognizer) -> Iterator[Recognizer]:
    """A recognizer and all recognizers inside it."""
    yield recognizer
    for value in vars(recognizer).values():
        inside = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else [value]
        for one in inside:
            if isinstance(one, Recognizer):
                yield from parts(one)


def cards(recognizer: Recognizer) -> Iterator[Card]:
    """The cards of a recognizer and of all recognizers inside it."""
    for part in parts(recognizer):
        card = getattr(part, "card", None)
        if isinstance(card, Card):
            yield card


def unmet(card: Card, samples: Sequence[Sample]) -> NDArray[np.bool_]:
    """Which rows a model cannot have met [n]: of other corpora, or held out as test by its recipe.

    A kind of a corpus ("ravdess-video") has the same people as the whole, so it counts as the same.
    """
    free = np.ones(len(samples), dtype=bool)
    for corpus in card.corpora:
        held = _held_out(card, corpus.name)
        for row, sample in enumerate(samples):
            if belongs(sample, base(corpus.name)):
                free[row] &= bool(held) and all(
                    str(getattr(sample, column, None)) in {str(value) for value in values}
                    for column, values in held.items()
                )
    return free


def learned_from(card: Card, sample: Sample) -> bool:
    """Whether a card names a row's corpus, in whatever kind, among those that it learned from."""
    return any(belongs(sample, base(corpus.name)) for corpus in card.corpora)


def _held_out(card: Card, corpus: str) -> Mapping[str, Sequence[object]]:
    """What a card says of a corpus's test clips: columns and values; nothing where it does not say.

    What a fold was given is in the card's `made`; otherwise its recipe says it, or a change of the recipe's corpora.
    """
    told = card.made.get("held_out")
    if isinstance(told, Mapping):
        return told.get(corpus) or {}
    uses: object = ()
    command = str(card.made.get("command", ""))
    changed = re.search(r"--set '?corpora=(.*?)'?(?= --set |$)", command)
    try:
        uses = ast.literal_eval(changed.group(1)) if changed else tomllib.loads(card.recipe).get("corpora", ())
    except (SyntaxError, ValueError, tomllib.TOMLDecodeError):
        return {}
    for use in uses if isinstance(uses, list | tuple) else ():
        if isinstance(use, Mapping) and use.get("name") == corpus:
            test = use.get("test", {})
            return test if isinstance(test, Mapping) else {}
    return {}
