"""The voice wing at work on a recording."""

from __future__ import annotations

import math
from array import array

import numpy as np

from visavox import media
from visavox.cells.cell import SPEECH_MARGIN, Cell
from visavox.clip import VOICE_RATE
from visavox.errors import OptionError
from visavox.voice.activity import CHUNK_SECONDS, THRESHOLD, SpeechDetector, stretches
from visavox.voice.recognizer import MARGIN

WINDOW = 2.0
"""Seconds around the middle of a cell from which its voice is judged."""

LEAST_SPEECH = 0.3
"""Seconds of speech in the window that a voice needs to be judged."""


class Voices:
    """The voice wing at work: finds speech, and judges the voice of a cell from the sound around it."""

    def __init__(self, name: str, recording: media.Recording) -> None:
        from visavox import zoo
        from visavox.voice.recognizer import VoiceRecognizer

        recognizer = zoo.load(name)
        if not isinstance(recognizer, VoiceRecognizer):
            raise OptionError(f"Bad value {name!r} for voice: that is a {recognizer.modality} model.")
        self.recognizer = recognizer
        self.detector = SpeechDetector()
        self.begin: float | None = None
        self.probabilities = array("f")
        self.samples = np.zeros(0, dtype=np.float32)
        self.samples_begin = 0.0

    def hear(self, sound: media.Sound) -> None:
        """Takes in the next block of sound."""
        if self.begin is None:
            self.begin = self.samples_begin = sound.time
        self.samples = np.concatenate([self.samples, sound.samples])
        self.probabilities.extend(self.detector.push(sound.samples).tolist())

    def finish(self) -> None:
        """Hears the end: what is left of the last chunk."""
        self.probabilities.extend(self.detector.finish().tolist())

    def forget(self, before: float) -> None:
        """Drops the sound that no cell needs any more."""
        drop = min(int((before - self.samples_begin) * VOICE_RATE), len(self.samples))
        if drop > VOICE_RATE:
            self.samples = self.samples[drop:].copy()
            self.samples_begin += drop / VOICE_RATE

    def judge(self, cell: Cell) -> None:
        """Fills in the voice of a cell whose window has been heard to its end."""
        if self.begin is None:
            return
        cell.heard = self._speech(cell.start - SPEECH_MARGIN, cell.end + SPEECH_MARGIN)[0]
        seconds, first, last = self._speech(*cell.voice_window)
        if seconds < LEAST_SPEECH or cell.heard == 0:
            return
        begin, end = max(first - MARGIN, cell.voice_window[0]), min(last + MARGIN, cell.voice_window[1])
        low, high = (max(0, round((time - self.samples_begin) * VOICE_RATE)) for time in (begin, end))
        cell.voice = seconds * self.recognizer.logits(self.samples[low:high])
        cell.speech = seconds

    def _speech(self, start: float, end: float) -> tuple[float, float, float]:
        """Seconds of speech in a stretch, where the first of it begins and where the last ends."""
        begin = self.begin or 0.0
        low = max(0, math.floor((start - begin) / CHUNK_SECONDS))
        high = min(len(self.probabilities), math.ceil((end - begin) / CHUNK_SECONDS))
        hits = [index for index in range(low, high) if self.probabilities[index] >= THRESHOLD]
        if not hits:
            return 0.0, start, start
        first, last = begin + hits[0] * CHUNK_SECONDS, begin + (hits[-1] + 1) * CHUNK_SECONDS
        return len(hits) * CHUNK_SECONDS, max(start, first), min(end, last)

    def turns(self) -> list[tuple[float, float, float]]:
        """Stretches of speech: start, end, mean probability."""
        begin = self.begin or 0.0
        found = stretches(np.asarray(self.probabilities, dtype=np.float32))
        return [(begin + start, begin + end, score) for start, end, score in found]
