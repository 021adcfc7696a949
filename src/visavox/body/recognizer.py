"""`BodyRecognizer`: the words that a network reads off how a body moves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visavox.body.kinds import KINDS
from visavox.calibration import calibrated
from visavox.clip import Clip
from visavox.errors import InputError
from visavox.inputs import as_numbers
from visavox.recognizer import Card, Prior, Recognizer, card_of, check_prior
from visavox.session import Session


class BodyRecognizer(Recognizer):
    """Words for bodies, by a network and its card. It judges clips that hold joints (`Clip.joints`).

    A clip's windows are judged one by one and their logits averaged.

    Args:
        network: The ONNX file; takes what the card's input makes of joints, gives logits [n, k] and features [n, d].
        card: What is known about it; by default read from the JSON file beside the network.
        prior: What is expected before anything was seen: ``uniform``, ``corpus`` (as trained) or ``life``.

    Raises:
        ModelError: If the network or its card is missing, broken, not of a body, or they do not belong together.
        OptionError: If the prior is none of the three.
    """

    modality = "body"

    def __init__(self, network: str | Path, card: Card | None = None, *, prior: Prior = "uniform") -> None:
        path = Path(network)
        self.network = network
        self.prior: Prior = prior
        self.card: Card = card_of(path, "body", card)
        check_prior(prior)
        self.classes_ = self.card.words
        self._input = KINDS.of_card(self.card.input, path)
        self._session = Session(path, sha256=self.card.sha256)

    def logits(self, examples: NDArray[np.generic]) -> NDArray[np.float64]:
        """The network's raw judgement of inputs, each by itself.

        Args:
            examples: As the card's input makes them [shape=(n, ...)].

        Returns:
            One value a word for each [shape=(n, k)].
        """
        return self._run(examples)[0]

    def predict_proba(self, clips: Sequence[Clip]) -> NDArray[np.float64]:
        """Calibrated probabilities of the words [shape=(n, k)]; NaN where `reasons` says why.

        Raises:
            InputError: If a clip holds nothing at all.
        """
        return self.judge(clips)[0]

    def reasons(self, clips: Sequence[Clip]) -> list[str]:
        """Why clips cannot be judged; ``""`` where they can.

        ``no_joints``: the clip holds none (nothing looks for them in recordings yet). ``no_body``: too few of them are
        seen at once.

        Raises:
            InputError: As `predict_proba`.
        """
        return [self._examples(clip)[1] for clip in clips]

    def judge(self, clips: Sequence[Clip]) -> tuple[NDArray[np.float64], list[str]]:
        """`predict_proba` and `reasons` at once.

        Raises:
            InputError: As `predict_proba`.
        """
        pooled = np.full((len(clips), len(self.classes_)), np.nan)
        reasons = []
        for row, clip in zip(pooled, clips, strict=True):
            examples, reason = self._examples(clip)
            reasons.append(reason)
            if not reason:
                row[:] = self._run(examples)[0].mean(axis=0)
        return calibrated(pooled, self.card, self.prior), reasons

    def features(self, clips: Sequence[Clip]) -> NDArray[np.float32]:
        """The network's inner values, averaged over windows as logits are [shape=(n, d)]; NaN where it cannot judge."""
        width = self._run(np.zeros((1, *self._input.shape), dtype=np.uint8))[1].shape[1]
        result = np.full((len(clips), width), np.nan, dtype=np.float32)
        for row, clip in zip(result, clips, strict=True):
            examples, reason = self._examples(clip)
            if not reason:
                row[:] = self._run(examples)[1].mean(axis=0)
        return result

    def _examples(self, clip: Clip) -> tuple[NDArray[np.generic], str]:
        """What the network takes of a clip, and why there is nothing."""
        if clip.joints is None:
            if clip.source is None and all(a is None for a in (clip.faces, clip.pictures, clip.mesh, clip.voice)):
                raise InputError(f"{clip.name or 'clip'}: it has neither joints nor a source to read them from.")
            return np.zeros((0, *self._input.shape), dtype=np.uint8), "no_joints"
        examples = self._input.of(clip)
        return examples, "" if len(examples) else "no_body"

    def _run(self, examples: NDArray[np.generic]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        logits, features = self._session(as_numbers(examples))[:2]
        return logits.astype(np.float64), features.astype(np.float64)
