"""Fixed rules and pools in a card: weights, biases, calibrations, and the frequencies they were fitted under."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from visavox.errors import ModelError
from visavox.fusion.weights import weights_of
from visavox.recognizer import Card, Prior, Recognizer

if TYPE_CHECKING:
    from visavox.fusion.recognizer import Fusion


def write(fusion: Fusion, card: Card) -> Card:
    """A card with the fusion's rule in it.

    Raises:
        ModelError: If the rule is a learned one, which no card can hold.
    """
    if fusion.is_learned:
        raise ModelError(
            f"The rule {fusion.rule!r} is a learned one, which a card cannot hold; it stays in memory or in the "
            "folder of its run. Fixed rules and log-linear pools can be saved."
        )
    held: dict[str, Any] = {"rule": fusion.rule, "weights": fusion.weights_}
    if fusion.bias_ is not None:
        held["bias"] = fusion.bias_
    if fusion.calibrator_.found:
        held["calibration"] = fusion.calibrator_.to_table()
    if fusion.fitted_on:
        held["fitted_on"] = fusion.fitted_on
    frequencies = fusion.frequencies_
    return replace(card, input=held, priors={} if frequencies is None else {"corpus": tuple(frequencies.values())})


def read(kind: type[Fusion], card: Card, members: Mapping[str, Recognizer], prior: Prior) -> Fusion:
    """The fusion that a card holds.

    Raises:
        ModelError: If the card holds no weights.
        OptionError: If the rule is unknown, or the card knows no such prior.
    """
    held = card.input.get("weights")
    by_word = isinstance(held, Mapping) and any(isinstance(value, Mapping) for value in held.values())
    weights: Mapping[str, Any] = held if by_word and held is not None else weights_of(card)
    calibration = card.input.get("calibration", {})
    made = kind(
        members,
        rule=str(card.input.get("rule", "log-linear")),
        words=card.words,
        sources=tuple(weights),
        weights=None if by_word else weights,
        prior=prior,
        card=card,
        powers="source-and-word" if by_word else "source",
        bias="bias" in card.input,
        inputs=calibration.get("inputs", "log"),
        calibration=calibration.get("how", "none"),
    )
    if by_word:
        made.weights_ = {source: {word: float(row[word]) for word in card.words} for source, row in weights.items()}
    if "bias" in card.input:
        made.bias_ = {word: float(card.input["bias"][word]) for word in card.words}
    if "corpus" in card.priors:
        made.frequencies_ = dict(zip(card.words, card.priors["corpus"], strict=True))
    made.calibrator_.read_table(calibration)
    made.fitted_on = str(card.input.get("fitted_on", ""))
    return made
