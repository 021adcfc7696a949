"""`BodyRecognizer`: the words that a network reads off how a body moves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from visavox.body.gesture import seen
from visavox.body.inputs import DescriptiveImages, legs_seen
from visavox.body.kinds import KINDS
from visavox.calibration import calibrated
from visavox.clip import Clip
from visavox.errors import InputError, ModelError
from visavox.inputs import as_numbers
from visavox.recognizer import Card, Prior, Recognizer, card_of, check_prior
from visavox.session import Session

WINDOW = 3.0
"""Seconds that are judged together in a recording, where a network's input does not say how many."""

UPPER = "upper_body_only"
"""What is noted of a judgement for which no legs were seen."""


class Examined(NamedTuple):
    """What a network says of a clip.

    Args:
        logits: Of each window [shape=(m, k)], as the recognizer's own card calibrates them; none where `reason` says
            why.
        reason: ``""``, or why nothing could be judged.
        upper: Whether no legs were seen in a window that was judged.
    """

    logits: NDArray[np.float64]
    reason: str
    upper: bool


class BodyRecognizer(Recognizer):
    """Words for bodies, by a network and its card.

    It judges clips that hold joints (`Clip.joints`), or pictures or a source in which a body can be found.

    A clip's windows are judged one by one and their logits averaged. Where legs are not seen, behind a desk or below
    the picture, another network may answer, which learned from upper bodies alone; `notes` tells.

    Args:
        network: The ONNX file; takes what the card's input makes of joints, gives logits [n, k] and features [n, d].
        card: What is known about it; by default read from the JSON file beside the network.
        prior: What is expected before anything was seen: ``uniform``, ``corpus`` (as trained) or ``life``.
        upper: Who judges windows in which legs are not seen; None: this network. `visavox.load` brings the one that
            the card names (`input.upper`).

    Raises:
        ModelError: If the network or its card is missing, broken, not of a body, or they do not belong together, or
            `upper` knows other words.
        OptionError: If the prior is none of the three.
    """

    modality = "body"

    def __init__(
        self,
        network: str | Path,
        card: Card | None = None,
        *,
        prior: Prior = "uniform",
        upper: BodyRecognizer | None = None,
    ) -> None:
        path = Path(network)
        self.network = network
        self.prior: Prior = prior
        self.card: Card = card_of(path, "body", card)
        check_prior(prior)
        self.classes_ = self.card.words
        self.upper = upper
        if upper is not None and upper.classes_ != self.classes_:
            raise ModelError(
                f"{path}: it knows {', '.join(self.classes_)}, but {upper.card.name}, which judges upper bodies for "
                f"it, {', '.join(upper.classes_)}; train them on the same words."
            )
        made = KINDS.of_card(self.card.input, path)
        assert isinstance(made, DescriptiveImages)
        self._input = made
        self._session = Session(path, sha256=self.card.sha256)

    @property
    def window(self) -> float:
        """Seconds of a recording that are judged together, in `visavox.analyze`."""
        return self._input.seconds or WINDOW

    def logits(self, examples: NDArray[np.generic]) -> NDArray[np.float64]:
        """The network's raw judgement of inputs, each by itself.

        Args:
            examples: As the card's input makes them [shape=(n, ...)].

        Returns:
            One value a word for each [shape=(n, k)].
        """
        return self._run(examples)[0]

    def examine(self, clip: Clip) -> Examined:
        """What is said of a clip's windows, why nothing is, and whether legs were missing.

        The reason is ``no_joints`` where the clip holds none and nothing to find them in, ``no_body`` where nobody is
        seen, ``cropped`` where a body is there, but too few of its joints are seen at once.

        Raises:
            InputError: If the clip holds nothing at all, or its source cannot be read.
        """
        found: list[NDArray[np.float64]] = []
        upper = False
        clip = _with_joints(clip)
        for window in self._windows(clip):
            whole = window.joints is not None and legs_seen(window.joints)
            judge = self if whole or self.upper is None else self.upper
            example = judge._input.one(window)
            if example is not None:
                upper = upper or not whole
                found.append(self._as_own(judge.logits(example[None])[0], judge))
        logits = np.stack(found) if found else np.zeros((0, len(self.classes_)))
        return Examined(logits, "" if found else _reason(clip), upper)

    def predict_proba(self, clips: Sequence[Clip]) -> NDArray[np.float64]:
        """Calibrated probabilities of the words [shape=(n, k)]; NaN where `reasons` says why.

        Raises:
            InputError: If a clip holds nothing at all.
        """
        return self.judge(clips)[0]

    def reasons(self, clips: Sequence[Clip]) -> list[str]:
        """Why clips cannot be judged, as `examine` says it; ``""`` where they can.

        Raises:
            InputError: As `predict_proba`.
        """
        return [self.examine(clip).reason for clip in clips]

    def notes(self, clips: Sequence[Clip]) -> list[str]:
        """What one should know of judgements: ``upper_body_only`` where no legs were seen, else ``""``.

        Raises:
            InputError: As `predict_proba`.
        """
        return [UPPER if self.examine(clip).upper else "" for clip in clips]

    def judge(self, clips: Sequence[Clip]) -> tuple[NDArray[np.float64], list[str]]:
        """`predict_proba` and `reasons` at once.

        Raises:
            InputError: As `predict_proba`.
        """
        pooled = np.full((len(clips), len(self.classes_)), np.nan)
        reasons = []
        for row, clip in zip(pooled, clips, strict=True):
            logits, reason, _ = self.examine(clip)
            reasons.append(reason)
            if not reason:
                row[:] = logits.mean(axis=0)
        return calibrated(pooled, self.card, self.prior), reasons

    def features(self, clips: Sequence[Clip]) -> NDArray[np.float32]:
        """This network's inner values, averaged over windows as logits are [shape=(n, d)].

        NaN where it cannot judge; windows in which legs are not seen do not count where another network judges those.

        Raises:
            InputError: As `predict_proba`.
        """
        width = self._run(np.zeros((1, *self._input.shape), dtype=np.uint8))[1].shape[1]
        result = np.full((len(clips), width), np.nan, dtype=np.float32)
        for row, clip in zip(result, clips, strict=True):
            own = [
                self._input.one(window)
                for window in self._windows(_with_joints(clip))
                if self.upper is None or (window.joints is not None and legs_seen(window.joints))
            ]
            examples = [example for example in own if example is not None]
            if examples:
                row[:] = self._run(np.stack(examples))[1].mean(axis=0)
        return result

    def _windows(self, clip: Clip) -> list[Clip]:
        given = (clip.source, clip.joints, clip.faces, clip.pictures, clip.mesh, clip.voice)
        if all(one is None for one in given):
            raise InputError(f"{clip.name or 'clip'}: it has neither joints nor a source to read them from.")
        return self._input.parts(clip)

    def _as_own(self, logits: NDArray[np.float64], judge: BodyRecognizer) -> NDArray[np.float64]:
        """Another network's logits, so that this one's card makes the same probabilities of them as its own card."""
        if judge is self:
            return logits
        seen_of_words = logits / judge.card.temperature - np.log(judge.card.prior("corpus"))
        return np.asarray(self.card.temperature * (seen_of_words + np.log(self.card.prior("corpus"))))

    def _run(self, examples: NDArray[np.generic]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        logits, features = self._session(as_numbers(examples))[:2]
        return logits.astype(np.float64), features.astype(np.float64)


def _with_joints(clip: Clip) -> Clip:
    """The clip, its body found where it has pictures or a source and no joints."""
    looked_for = clip.joints is None and (clip.pictures is not None or clip.source is not None)
    return KINDS.fill(clip, "joints") if looked_for else clip


def _reason(clip: Clip) -> str:
    """Why nothing can be said of a clip's body."""
    if clip.joints is None:
        return "no_joints"
    return "no_body" if np.isnan(seen(clip.joints)).any(axis=2).all() else "cropped"
