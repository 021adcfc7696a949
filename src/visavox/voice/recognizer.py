"""`VoiceRecognizer`: the words that a network hears in a voice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visavox.calibration import calibrated
from visavox.clip import VOICE_RATE, Clip
from visavox.errors import InputError, ModelError, OptionError
from visavox.inputs import as_numbers
from visavox.media import Sound, open_recording
from visavox.recognizer import Card, Prior, Recognizer, card_of, check_prior
from visavox.session import Session
from visavox.voice.activity import CHUNK, THRESHOLD, SpeechDetector
from visavox.voice.features import LogMel, network_input
from visavox.voice.kinds import KINDS

SHORTEST_SPEECH = 0.3
"""Seconds of speech that a clip needs to be judged."""
LONGEST_WINDOW = 4.0
"""Seconds; longer speech is judged in windows, since networks learn from clips of about this length."""
MARGIN = 0.4
"""Seconds kept before the first and after the last speech.

Networks learn from clips with the room around the voice and hear how far it rises above it: cut tightly, voices sound
angry to them. On CREMA-D's validation actors 0.4 s scores as whole clips do, 0.15 s five points less.
"""
CHANGING = 20.0
"""Decibels between the quiet and the loud moments of a voice; even noise, engines and most music have less."""
SILENT = 1e-4
"""Root mean square (of 1) below which a clip is silence: -80 dB, under the noise of any microphone."""


class VoiceRecognizer(Recognizer):
    """Words for voices, by a network and its card.

    A clip is judged from its first speech to its last. Longer speech is judged in windows of two to four seconds, whose
    logits are averaged by how much speech each holds. The detector misses some voices, mostly cries and sobs: where it
    finds less than 0.3 s, what stands out by loudness is judged, if anything does.

    Args:
        network: The ONNX file; takes log-mel [n, bands, frames], gives logits [n, k] and features [n, d].
        card: What is known about it; by default read from the JSON file beside the network.
        prior: What is expected before anything was heard: ``uniform``, ``corpus`` (as trained) or ``life``.

    Raises:
        ModelError: If the network or its card is missing, broken, not of a voice, or they do not belong together.
        OptionError: If the prior is none of the three.
    """

    modality = "voice"

    def __init__(self, network: str | Path, card: Card | None = None, *, prior: Prior = "uniform") -> None:
        path = Path(network)
        self.network = network
        self.prior: Prior = prior
        self.card: Card = card_of(path, "voice", card)
        check_prior(prior)
        self.classes_ = self.card.words
        try:
            self._input = _input(self.card.input)
        except (InputError, OptionError, TypeError, ValueError) as error:
            raise ModelError(f"{path}: its card's input cannot be used ({error}); train or copy it again.") from None
        self._detector: SpeechDetector | None = None
        self._session = Session(path, sha256=self.card.sha256)

    def logits(self, voice: NDArray[np.float32]) -> NDArray[np.float64]:
        """The network's raw judgement of one stretch of voice, heard as a whole.

        Args:
            voice: At 16 kHz [shape=(n,), float32 in -1..1]; a stretch of a second to four, cut to its speech, is best.

        Returns:
            One value a word [shape=(k,)].
        """
        return self._run(voice)[0]

    def predict_proba(self, clips: Sequence[Clip]) -> NDArray[np.float64]:
        """Calibrated probabilities of the words [shape=(n, k)]; NaN where `reasons` says why.

        Raises:
            InputError: If a clip's source cannot be read, or it has neither source nor arrays.
            WeightsError: If the network that finds speech was not fetched.
        """
        return self.judge(clips)[0]

    def reasons(self, clips: Sequence[Clip]) -> list[str]:
        """Why clips cannot be judged: ``no_audio``, ``silence``, ``short_speech``; ``""`` where they can.

        Raises:
            InputError: As `predict_proba`.
            WeightsError: As `predict_proba`.
        """
        return [self._listen(clip).reason for clip in clips]

    def judge(self, clips: Sequence[Clip]) -> tuple[NDArray[np.float64], list[str]]:
        """`predict_proba` and `reasons` at once: each clip is read and listened to only once.

        Raises:
            InputError: As `predict_proba`.
            WeightsError: As `predict_proba`.
        """
        heard = [self._listen(clip) for clip in clips]
        logits = np.full((len(heard), len(self.classes_)), np.nan)
        for row, item in enumerate(heard):
            if not item.reason:
                logits[row] = self._pooled(item)[0]
        probabilities = calibrated(logits, self.card, self.prior)
        return probabilities, [item.reason for item in heard]

    def features(self, clips: Sequence[Clip]) -> NDArray[np.float32]:
        """The network's inner values, averaged over windows as logits are [shape=(n, d)]; NaN where it cannot judge."""
        rows = [None if item.reason else self._pooled(item)[1] for item in map(self._listen, clips)]
        width = next((len(row) for row in rows if row is not None), None)
        if width is None:
            width = len(self._run(np.zeros(VOICE_RATE, dtype=np.float32))[1])
        nothing = np.full(width, np.nan)
        return np.array([nothing if row is None else row for row in rows], dtype=np.float32).reshape(len(rows), width)

    def _run(self, voice: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        logits, features = self._session(self._input(voice))[:2]
        return logits.mean(axis=0, dtype=np.float64), features.mean(axis=0, dtype=np.float64)

    def _pooled(self, heard: _Heard) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        parts = [self._run(window) for window, _ in heard.windows]
        weights = np.array([speech for _, speech in heard.windows])
        logits, features = (np.stack(kind) for kind in zip(*parts, strict=True))
        return np.average(logits, axis=0, weights=weights), np.average(features, axis=0, weights=weights)

    def _listen(self, clip: Clip) -> _Heard:
        voice = _voice(clip)
        if voice is None or len(voice) == 0:
            return _Heard("no_audio")
        if not np.isfinite(voice).all():
            raise InputError(f"{clip.source or clip.name or 'clip'}: the voice holds values that are no numbers.")
        if float(np.sqrt(np.mean(np.square(voice, dtype=np.float64)))) < SILENT:
            return _Heard("silence")
        if self._detector is None:
            self._detector = SpeechDetector()
        self._detector.reset()
        speaking = np.concatenate([self._detector.push(voice), self._detector.finish()]) >= THRESHOLD
        if _seconds(speaking) < SHORTEST_SPEECH:
            detected = bool(speaking.any()) or len(voice) < SHORTEST_SPEECH * VOICE_RATE
            speaking = _standing_out(voice)
            if _seconds(speaking) < SHORTEST_SPEECH:
                return _Heard("short_speech" if detected else "silence")
        chunks = np.flatnonzero(speaking)
        margin = round(MARGIN * VOICE_RATE)
        first = max(0, int(chunks[0]) * CHUNK - margin)
        last = min(len(voice), (int(chunks[-1]) + 1) * CHUNK + margin)
        return _Heard("", tuple(_windows(voice, speaking, first, last)))


@dataclass(frozen=True, eq=False)
class _Heard:
    """What of a clip is judged: a reason why nothing is, or stretches of voice with their seconds of speech."""

    reason: str
    windows: tuple[tuple[NDArray[np.float32], float], ...] = ()


def _input(wanted: Mapping[str, Any]) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """What makes of a voice what a network takes [m, ...], as its card says."""
    if wanted.get("kind", "log-mel") != "log-mel":
        made = KINDS.input(wanted)
        return lambda voice: as_numbers(made.of(Clip(voice=voice)))
    known = {item.name for item in fields(LogMel)}
    mel = LogMel(**{key: value for key, value in wanted.items() if key in known})
    if mel.rate != VOICE_RATE:
        raise OptionError(f"it wants {mel.rate} Hz; voices have {VOICE_RATE} Hz here")
    below, shortest = float(wanted.get("below", 35.0)), int(wanted.get("shortest", 32))
    return lambda voice: network_input(voice, mel, below=below, shortest=shortest)


def _seconds(speaking: NDArray[np.bool_]) -> float:
    return float(np.count_nonzero(speaking)) * CHUNK / VOICE_RATE


def _standing_out(voice: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which chunks are loud, if the loudness changes as a voice's does; none where it is even, as a room's noise is."""
    padded = np.pad(voice, (0, -len(voice) % CHUNK)).reshape(-1, CHUNK)
    loudness = 10 * np.log10(np.mean(np.square(padded, dtype=np.float64), axis=1) + 1e-10)
    low, high = np.quantile(loudness, [0.05, 0.95])
    found: NDArray[np.bool_] = loudness > (np.max(loudness) - 20.0 if high - low >= CHANGING else np.inf)
    return found


def _windows(
    voice: NDArray[np.float32], speaking: NDArray[np.bool_], first: int, last: int
) -> list[tuple[NDArray[np.float32], float]]:
    """Equal windows of at most four seconds from `first` to `last` (samples), without those in which nobody speaks."""
    count = -(-(last - first) // round(LONGEST_WINDOW * VOICE_RATE))
    edges = np.linspace(first, last, count + 1).round().astype(int).tolist()
    spoken = [_seconds(speaking[begin // CHUNK : -(-end // CHUNK)]) for begin, end in pairwise(edges)]
    least = min(SHORTEST_SPEECH, max(spoken))
    return [
        (voice[begin:end], seconds)
        for (begin, end), seconds in zip(pairwise(edges), spoken, strict=True)
        if seconds >= least
    ]


def _voice(clip: Clip) -> NDArray[np.float32] | None:
    if clip.voice is not None:
        return np.asarray(clip.voice, dtype=np.float32)
    if clip.source is None:
        arrays = (clip.faces, clip.pictures, clip.mesh, clip.joints)
        if all(array is None for array in arrays):
            raise InputError(f"{clip.name or 'clip'}: it has neither a voice nor a source to read one from.")
        return None
    with open_recording(clip.source, clip.start, clip.end) as recording:
        blocks = [item.samples for item in recording.read(pictures=False) if isinstance(item, Sound)]
    return np.concatenate(blocks) if blocks else None
