"""The shipped models by name, and any model by its path."""

from __future__ import annotations

import re
from pathlib import Path

from visavox.errors import ModelError, OptionError
from visavox.recognizer import Card, Prior, Recognizer, check_prior

FOLDER = Path(__file__).resolve().parent / "models"
"""Where the shipped models lie: a card NAME.json each, and NAME.onnx where there is a network."""

USUAL = ("face", "voice", "voice-open", "accm", "accm-upper", "fusion")
"""The order in which models are listed; others follow by name."""


def names() -> tuple[str, ...]:
    """The names of the models that ship with this version."""
    found = {path.stem for path in FOLDER.glob("*.json")}
    return tuple(sorted(found, key=lambda name: (USUAL.index(name) if name in USUAL else len(USUAL), name)))


def card(name_or_path: str | Path) -> Card:
    """What is known about a model.

    Args:
        name_or_path: As for `load`.

    Raises:
        OptionError: If it is neither a shipped model's name nor a path.
        ModelError: If the card is missing, broken, or another model's.
    """
    return Card.read(place(name_or_path))


def load(name_or_path: str | Path, *, prior: Prior = "uniform") -> Recognizer:
    """A model, ready to judge clips.

    Args:
        name_or_path: A shipped model's name; or a card or ONNX file; or a run folder that holds one model.
        prior: What is expected before anything was seen: ``"uniform"``, ``"corpus"`` (as the model was trained) or
            ``"life"`` (what people show most of the time; `analyze` uses it).

    Raises:
        OptionError: If it is neither a shipped model's name nor a path, or the prior is unknown.
        ModelError: If a file is missing, broken, or not the one that the card names.

    Example:
        >>> load("happiness")
        Traceback (most recent call last):
        ...
        visavox.errors.OptionError: ...
    """
    check_prior(prior)
    where = place(name_or_path)
    known = Card.read(where)
    if known.modality == "face":
        from visavox.face.recognizer import FaceRecognizer

        return FaceRecognizer(_network(where, known), known, prior=prior)
    if known.modality == "voice":
        from visavox.voice.recognizer import VoiceRecognizer

        return VoiceRecognizer(_network(where, known), known, prior=prior)
    if known.modality == "body":
        from visavox.body.recognizer import BodyRecognizer

        upper = _upper(where, known)
        above = None if upper is None else BodyRecognizer(_network(upper, card(upper)), card(upper))
        return BodyRecognizer(_network(where, known), known, prior=prior, upper=above)
    if known.modality == "fused":
        from visavox.fusion import Fusion, saved

        recognizers = {source: load(member) for source, member in members(where).items()}
        if saved.is_saved(known):
            return saved.read(Fusion, known, _network(where, known), recognizers, prior)
        return Fusion.from_card(known, recognizers, prior=prior)
    raise ModelError(
        f"{where}: this version reads models of face, voice, body and their fusion, not of {known.modality!r}."
    )


def members(name_or_path: str | Path) -> dict[str, str | Path]:
    """The models that a fusion joins, by source, each as `load` takes it.

    A card names files beside it, or models; where it names none, they are the shipped models called as its sources.

    Raises:
        OptionError, ModelError: As for `card`.
    """
    from visavox.fusion import saved, weights_of

    where = place(name_or_path)
    known = Card.read(where)
    named = known.input.get("members")
    if named is None:
        named = {} if saved.is_saved(known) else {source: source for source in weights_of(known)}
    return {
        source: where.parent / member if (where.parent / member).is_file() else member
        for source, member in named.items()
    }


def size(name_or_path: str | Path) -> int:
    """Bytes of a model's files: its network, where it has one, and its card."""
    where = place(name_or_path)
    return sum(path.stat().st_size for path in (where, where.with_suffix(".onnx")) if path.is_file())


def terms(card: Card) -> str:
    """The licence of a model in a word or two, for tables: what decides whether one may use it."""
    if card.modality == "fused":
        return "as its members"
    if re.search(r"non-?commercial|\bNC\b|-NC\b", card.licence, re.IGNORECASE):
        return "non-commercial"
    if re.search(r"research", card.licence, re.IGNORECASE):
        return "research; else clear it yourself"
    if re.search(r"free for any use|\b(MIT|Apache|ODbL|CC BY|CC0|public domain)\b", card.licence, re.IGNORECASE):
        return "free for any use"
    return "see its card"


def place(name_or_path: str | Path) -> Path:
    """Where a model's card lies, its network beside it. A name is never taken for a file that happens to lie around.

    Args:
        name_or_path: As for `load`.

    Raises:
        OptionError: If it is neither a shipped model's name nor a path.
        ModelError: If there is no such file, or not one model in the folder.
    """
    text = str(name_or_path)
    if text in names():
        return FOLDER / f"{text}.json"
    path = Path(name_or_path)
    if path.is_dir():
        cards = sorted(found.with_suffix(".json") for found in path.glob("*.onnx"))
        if len(cards) == 1:
            return cards[0]
        if cards:
            raise ModelError(
                f"{path}: there are {len(cards)} models in this folder; name one, for example {cards[0].stem}.onnx."
            )
        fused = [found for found in sorted(path.glob("*.json")) if _is_fused(found)]
        if len(fused) == 1:
            return fused[0]
        raise ModelError(f"{path}: there is no model in this folder; expected NAME.onnx with its card NAME.json.")
    if path.suffix in (".onnx", ".json"):
        if not path.is_file():
            raise ModelError(f"{path}: no such model file.")
        return path.with_suffix(".json")
    if len(path.parts) > 1 or path.exists():
        raise ModelError(
            f"{path}: not a model; name an .onnx file with its card beside it, or a folder that holds one."
        )
    if text in USUAL:
        raise ModelError(
            f"{text}: this model is not in {FOLDER}; install visavox again, or `visavox train {text} --install`."
        )
    raise OptionError.one_of("model", text, [*names(), "a path to NAME.onnx"])


def _is_fused(path: Path) -> bool:
    """Whether a file is the card of a fusion, of which fixed rules have no other file."""
    try:
        return Card.read(path).modality == "fused"
    except ModelError:
        return False


def _upper(where: Path, known: Card) -> Path | None:
    """The card of the model that judges upper bodies for one of whole bodies: beside it, or one that ships."""
    name = known.input.get("upper")
    if not name:
        return None
    beside = where.parent / f"{name}.json"
    return beside if beside.is_file() else place(str(name))


def _network(where: Path, known: Card) -> Path:
    path = where.with_suffix(".onnx")
    if not path.is_file():
        raise ModelError(f"{path}: the card is there but not its network; install visavox or copy the model again.")
    if not known.words:
        raise ModelError(f"{where}: the card names no words; train or copy the model again.")
    return path
