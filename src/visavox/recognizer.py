"""`Recognizer`: what every model is, and `Card`: what is known about it."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from visavox.clip import Clip
from visavox.emotions import expected_in_life, life_prior
from visavox.errors import ModelError, OptionError

Modality = Literal["face", "voice", "body", "fused"]
Prior = Literal["uniform", "corpus", "life"]
Status = Literal["in-sample", "held-out", "out-of-sample"]

CARD_SCHEMA = 1


@dataclass(frozen=True)
class Corpus:
    """A corpus that a model was trained or judged on.

    Args:
        name: Its name in the registry of corpora.
        licence: Its terms, which what is trained on it inherits.
        used: Which part was used, in words a reader can check ("without actors 05, 12, 16, 21").
        clips: How many clips or pictures.
        speakers: How many people; None where the corpus does not know them.
        credit: Whom to cite.
    """

    name: str
    licence: str
    used: str
    clips: int
    speakers: int | None = None
    credit: str = ""


@dataclass(frozen=True)
class Score:
    """One measured number, with what makes it worth something.

    Args:
        corpus: What it was measured on.
        part: Which part of it ("test", "fold 0").
        metric: ``"accuracy"``, ``"uar"``, ``"macro-f1"``, ``"ece"``, ``"recall angry"``, ``"uar women"``,
            ``"uar under 30"`` …
        value: The number, 0..1.
        low: Lower end of the 95 % bootstrap interval; None where there is none, as for one person alone.
        high: Upper end.
        status: ``in-sample`` (seen in training), ``held-out`` (same corpus, other people or pictures) or
            ``out-of-sample`` (a corpus that the model never met).
        clips: How many clips or pictures.
        speakers: How many people; the bootstrap draws speakers where they are known, else pictures.
        chance: The score of guessing.
        people: People's score on the same task where it was published.
        note: Anything a reader must know.
        command: What printed this number, where that is not the command that made the model.
    """

    corpus: str
    part: str
    metric: str
    value: float
    low: float | None = None
    high: float | None = None
    status: Status = "held-out"
    clips: int = 0
    speakers: int | None = None
    chance: float | None = None
    people: float | None = None
    note: str = ""
    command: str = ""


class Bin(NamedTuple):
    """The clips of which a model was about equally sure: how many, how sure on average, what share it judged right."""

    clips: int
    confidence: float | None
    right: float | None


@dataclass(frozen=True)
class Confidence:
    """What a model's confidence is worth on one part of a corpus: its reliability and its risk-coverage curve.

    Confidence is the probability of the word that was judged.

    Args:
        corpus: What it was measured on.
        part: Which part of it.
        status: As in `Score`.
        clips: How many clips or pictures.
        speakers: How many people, where that is known.
        prior: Under which the clips were judged.
        reliability: Equally wide bins of confidence from 0 to 1 (`visavox.calibration.reliability`); an empty one has
            neither confidence nor share.
        coverage: Shares of the clips, the most confident ones, ascending to 1.
        error: What share of each was judged wrong (`visavox.calibration.risk_coverage`).
        area: Under that curve: its mean over all coverages; smaller is better.
    """

    corpus: str
    part: str
    status: Status
    clips: int
    speakers: int | None = None
    prior: Prior = "uniform"
    reliability: tuple[Bin, ...] = ()
    coverage: tuple[float, ...] = ()
    error: tuple[float, ...] = ()
    area: float | None = None


@dataclass(frozen=True)
class Card:
    """What is known about a model: shown by ``visavox models show NAME``, stored beside its ONNX file as JSON.

    Args:
        name: The model's name.
        modality: face, voice, body or fused.
        words: The words of its outputs, in order.
        purpose: What it is for.
        not_for: What it is not for.
        licence: Terms of the weights.
        version: Of the model.
        sha256: Of the ONNX file.
        corpora: What it was trained on.
        split: How speakers or pictures were kept apart.
        protocol: How epoch, temperature and scores were got.
        scores: Measured numbers.
        confusion: Counts on the held-out test by true (row) and judged (column) word.
        confidence: What its confidence is worth, for each part of a corpus that it was judged on.
        input: What the network wants, for example ``{"size": 48, "colour": "grey"}`` or log-mel options.
        temperature: By which logits are divided before the softmax.
        priors: How often each word is right: in training (``corpus``), in life (``life``), alike (``uniform``).
        golden: ``{"seed": ..., "shape": ..., "logits": [...]}``: a made input and the logits it must give.
        recipe: The recipe's text.
        made: Versions, date, seconds and command.
    """

    name: str
    modality: Modality
    words: tuple[str, ...]
    purpose: str = ""
    not_for: str = ""
    licence: str = ""
    version: str = "1"
    sha256: str = ""
    corpora: tuple[Corpus, ...] = ()
    split: str = ""
    protocol: str = ""
    scores: tuple[Score, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()
    confidence: tuple[Confidence, ...] = ()
    input: Mapping[str, Any] = field(default_factory=dict)
    temperature: float = 1.0
    priors: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    golden: Mapping[str, Any] = field(default_factory=dict)
    recipe: str = ""
    made: Mapping[str, Any] = field(default_factory=dict)

    def prior(self, name: Prior) -> NDArray[np.float64]:
        """The probability of each word under a prior [shape=(len(words),)]; of life as far as it is believed.

        Under ``life`` that is `emotions.expected_in_life` of what `priors` holds: the same as in `analyze`.
        """
        if name == "life":
            return expected_in_life(self.priors.get(name) or life_prior(self.words))
        if name == "uniform" or name not in self.priors:
            return np.full(len(self.words), 1.0 / len(self.words))
        return np.asarray(self.priors[name], dtype=np.float64)

    def to_json(self) -> str:
        """The card as JSON text."""
        return json.dumps({"schema": CARD_SCHEMA, **asdict(self)}, indent=1, ensure_ascii=False)

    @classmethod
    def read(cls, path: str | Path) -> Card:
        """Reads a card.

        Raises:
            ModelError: If the file is missing or is not a card of a schema we know.
        """
        try:
            data = json.loads(Path(path).read_text(encoding="utf-8"))
            schema = data.pop("schema")
            if schema != CARD_SCHEMA:
                raise ModelError(f"{path}: the card has schema {schema}, we read {CARD_SCHEMA}; update visavox.")
            data = _known(data, cls)
            data["words"] = tuple(data["words"])
            data["corpora"] = tuple(Corpus(**_known(item, Corpus)) for item in data.get("corpora", ()))
            data["scores"] = tuple(Score(**_known(item, Score)) for item in data.get("scores", ()))
            data["confusion"] = tuple(tuple(row) for row in data.get("confusion", ()))
            data["confidence"] = tuple(_confidence(item) for item in data.get("confidence", ()))
            data["priors"] = {key: tuple(value) for key, value in data.get("priors", {}).items()}
            return cls(**data)
        except FileNotFoundError:
            raise ModelError(f"{path}: there is no card; a model is NAME.onnx with NAME.json beside it.") from None
        except (json.JSONDecodeError, KeyError, TypeError, UnicodeDecodeError) as error:
            raise ModelError(f"{path}: not a model card ({error}); train or copy the model again.") from None


def _known(values: Mapping[str, Any], kind: type) -> dict[str, Any]:
    """What a class of ours knows of what a card says: a later version may say more."""
    names = {item.name for item in fields(kind)}
    return {key: value for key, value in values.items() if key in names}


def _confidence(values: Mapping[str, Any]) -> Confidence:
    known: dict[str, Any] = _known(values, Confidence)
    for name in ("coverage", "error"):
        known[name] = tuple(known.get(name, ()))
    known["reliability"] = tuple(Bin(*item) for item in known.get("reliability", ()))
    return Confidence(**known)


def card_of(network: str | Path, modality: Modality, card: Card | None = None) -> Card:
    """The card of a network of a modality: that given, or the JSON file beside it.

    Raises:
        ModelError: If there is none, it is broken, or the network is one of another modality.
    """
    path = Path(network)
    found = card if card is not None else Card.read(path.with_suffix(".json"))
    if found.modality != modality:
        raise ModelError(f"{path}: its card says {found.modality}, not {modality}; load it as what it is.")
    return found


def check_prior(prior: str) -> None:
    """Asks for one of the priors.

    Raises:
        OptionError: If it is none of them.
    """
    if prior not in get_args(Prior):
        raise OptionError.one_of("prior", prior, get_args(Prior))


class Recognizer(ABC):
    """What every model is: clips in, probabilities out; scikit-learn's manners.

    Attributes:
        classes_: The words of the columns of `predict_proba`.
        modality: face, voice, body or fused.
        card: What is known about it; None before it was fitted.
    """

    classes_: tuple[str, ...]
    modality: Modality
    card: Card | None

    @abstractmethod
    def predict_proba(self, clips: Sequence[Clip]) -> NDArray[np.float64]:
        """Calibrated probabilities [shape=(n, len(classes_))]; a row of NaN where the clip cannot be judged."""

    def reasons(self, clips: Sequence[Clip]) -> list[str]:
        """Why a clip cannot be judged (``no_face``, ``no_audio``, ``silence`` …), ``""`` where it can."""
        return ["" for _ in clips]

    def features(self, clips: Sequence[Clip]) -> NDArray[np.float32]:
        """The network's inner values [shape=(n, d)]; NaN rows where the clip cannot be judged."""
        raise ModelError(f"{type(self).__name__} has no features.")

    def fit(self, clips: Sequence[Clip], y: Sequence[str], groups: Sequence[str] | None = None) -> Recognizer:
        """Learns from clips, their words and their speakers (`groups`); networks are trained by `visavox train`."""
        raise ModelError(f"{type(self).__name__} is not fitted in memory; use `visavox train`.")
