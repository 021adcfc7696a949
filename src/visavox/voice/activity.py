"""Where somebody speaks: Silero's voice activity network, fed with sound as it comes."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from visavox import weights
from visavox.clip import VOICE_RATE
from visavox.session import Session

CHUNK = 512
"""Samples that one probability is about: 32 ms."""
CHUNK_SECONDS = CHUNK / VOICE_RATE
"""The same in seconds."""
THRESHOLD = 0.5
"""Probability from which on a chunk counts as speech, as Silero's authors use it."""

_CONTEXT = 64  # samples before a chunk that the network sees as well
_STATE = 128  # numbers in each half of its memory
_AT_ONCE = 1024  # chunks given to the network in one call, half a minute: bounds memory


class SpeechDetector:
    """Probability of speech for each 32 ms of a stream of sound, whatever the size of the blocks it comes in.

    Keeps the network's memory and the samples that do not fill a chunk yet; one detector hears one stream.

    Raises:
        WeightsError: If the network was not fetched.

    Source: silero-vad 6.2.3, the ONNX that judges a sequence of chunks in one call; equal to its streaming network.
    """

    def __init__(self) -> None:
        self._session = Session(weights.path("silero_vad_16k_sequence.onnx"))
        self.reset()

    def reset(self) -> None:
        """Forgets what was heard: the next sample is the first of another stream."""
        self._h = np.zeros((1, 1, _STATE), dtype=np.float32)
        self._c = np.zeros((1, 1, _STATE), dtype=np.float32)
        # The context of the next chunk, and then what has come of that chunk.
        self._pending = np.zeros(_CONTEXT, dtype=np.float32)

    def push(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Hears the next samples.

        Args:
            samples: At 16 kHz [shape=(n,), float32 in -1..1], any number.

        Returns:
            Probabilities of the chunks that are complete now [shape=(m,)], 0..1.
        """
        sound = np.concatenate([self._pending, np.asarray(samples, dtype=np.float32)])
        complete = (len(sound) - _CONTEXT) // CHUNK
        found = [
            self._judge(sound[first * CHUNK : min(first + _AT_ONCE, complete) * CHUNK + _CONTEXT])
            for first in range(0, complete, _AT_ONCE)
        ]
        self._pending = sound[complete * CHUNK :].copy()
        return np.concatenate(found) if found else np.zeros(0, dtype=np.float32)

    def finish(self) -> NDArray[np.float32]:
        """Ends the stream: the probability of the last, incomplete chunk, filled up with silence, if there is one."""
        rest = len(self._pending) - _CONTEXT
        return self.push(np.zeros(CHUNK - rest, dtype=np.float32)) if rest else np.zeros(0, dtype=np.float32)

    def _judge(self, sound: NDArray[np.float32]) -> NDArray[np.float32]:
        views = np.lib.stride_tricks.sliding_window_view(sound, _CONTEXT + CHUNK)[::CHUNK]
        probabilities, self._h, self._c = self._session(np.ascontiguousarray(views), self._h, self._c)
        return probabilities.reshape(-1)


def speech_probabilities(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probability of speech for each 32 ms of a whole recording [shape=(ceil(n / 512),)].

    Args:
        samples: At 16 kHz [shape=(n,), float32 in -1..1].

    Raises:
        WeightsError: If the network was not fetched.
    """
    detector = SpeechDetector()
    return np.concatenate([detector.push(samples), detector.finish()])


def stretches(
    probabilities: NDArray[np.floating],
    threshold: float = THRESHOLD,
    minimum_speech: float = 0.25,
    minimum_silence: float = 0.1,
) -> list[tuple[float, float, float]]:
    """Where somebody speaks.

    Args:
        probabilities: One for each 32 ms [shape=(n,)].
        threshold: From which on a chunk is speech.
        minimum_speech: Seconds; a shorter stretch is left out.
        minimum_silence: Seconds; a shorter pause does not end a stretch.

    Returns:
        Begin and end of each stretch in seconds from the first sample, and its mean probability.

    Example:
        >>> found = stretches(np.array([0.0] * 10 + [0.75] * 20 + [0.0] * 10))
        >>> [(round(start, 2), round(end, 2), mean) for start, end, mean in found]
        [(0.32, 0.96, 0.75)]
    """
    speaking = np.asarray(probabilities) >= threshold
    edges = np.flatnonzero(np.diff(np.concatenate([[False], speaking, [False]]).astype(np.int8)))
    joined: list[list[int]] = []
    for first, last in edges.reshape(-1, 2).tolist():
        if joined and (first - joined[-1][1]) * CHUNK_SECONDS < minimum_silence:
            joined[-1][1] = last
        else:
            joined.append([first, last])
    least = math.ceil(minimum_speech / CHUNK_SECONDS - 1e-9)
    return [
        (first * CHUNK_SECONDS, last * CHUNK_SECONDS, float(np.mean(probabilities[first:last])))
        for first, last in joined
        if last - first >= least
    ]
