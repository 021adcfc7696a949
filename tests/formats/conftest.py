"""Made timelines that look like those of real recordings."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from visavox.emotions import WORDS
from visavox.timeline import About, ModelUsed, Segment, Speech, Timeline

Conversation = Callable[..., Timeline]


@pytest.fixture(scope="session")
def conversation() -> Conversation:
    """Makes a timeline of some seconds and people who take turns, look away and are at times not to be seen."""

    def make(seconds: float = 60.0, people: int = 2, every: float = 0.5, file: str = "interview.mp4") -> Timeline:
        random = np.random.default_rng(5)
        cells = max(1, round(seconds / every))
        segments, speech = [], []
        turns = np.repeat(random.integers(-1, people, cells // 6 + 1), 6)[:cells]
        for number in range(people):
            person = f"person-{number + 1}"
            walk = np.cumsum(random.normal(0, 0.35, (cells, len(WORDS))), axis=0)
            scores = np.exp(walk - walk.mean(0) + [2.5, 1, 0, 0, -0.5, -0.5, 0])
            face = scores / scores.sum(1, keepdims=True)
            voice = scores**0.7 / (scores**0.7).sum(1, keepdims=True)
            for cell in range(cells):
                start, end = cell * every, (cell + 1) * every
                unseen = ("no_face", "turned_away")[cell // 8 % 2] if cell % 24 < 3 and cells > 24 else ""
                unheard = "" if turns[cell] == number else "silence" if turns[cell] < 0 else "not_speaking"
                nothing = (math.nan,) * len(WORDS)
                segments += [
                    Segment(start, end, person, "face", nothing if unseen else tuple(face[cell].tolist()), unseen),
                    Segment(start, end, person, "voice", nothing if unheard else tuple(voice[cell].tolist()), unheard),
                ]
                if unseen and unheard:
                    segments.append(Segment(start, end, person, "fused", nothing, "nothing_to_fuse"))
                else:
                    weight = 0.0 if unseen else 1.0 if unheard else 0.6
                    both = weight * face[cell] + (1 - weight) * voice[cell]
                    shares = {"face": weight, "voice": 1 - weight}
                    segments.append(Segment(start, end, person, "fused", tuple(both.tolist()), "", shares, 2.0))
                if not unheard:
                    speech.append(Speech(start + 0.1, end, person, 0.9))
        about = About(
            file=file,
            duration=cells * every,
            streams=({"kind": "video", "codec": "h264", "width": 1280, "height": 720, "rate": 25.0, "used": True},),
            models=(ModelUsed("face", "face", "ab" * 32, "life", "research only"),),
            options={"every": every, "body": None, "fusion": "log-linear"},
            versions={"visavox": "0.1.0"},
        )
        return Timeline(tuple(segments), WORDS, about, (), tuple(speech))

    return make
