"""Made timelines that look like those of real recordings."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from visavox.emotions import WORDS
from visavox.timeline import About, ModelUsed, Segment, Speech, Timeline, TrackPoint

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


STANDING = {
    0: (0.0, -1.25), 1: (0.0, -0.95), 2: (-0.3, -0.95), 3: (-0.5, -0.5), 4: (-0.4, -0.1), 5: (0.3, -0.95),
    6: (0.5, -0.5), 7: (0.4, -0.1), 8: (0.0, 0.0), 9: (-0.2, 0.0), 12: (0.2, 0.0), 15: (-0.06, -1.32),
    16: (0.06, -1.32), 17: (-0.15, -1.28), 18: (0.15, -1.28),
}  # fmt: skip
"""Joints of BODY_25 of somebody seen down to the hips, in lengths of the torso from the middle of the hips."""


@pytest.fixture(scope="session")
def gestures(conversation: Conversation) -> Conversation:
    """The same with bodies: waving arms five times a second, legs unseen, a body lane and its movement."""

    def make(seconds: float = 60.0, people: int = 2, every: float = 0.5, judged: bool = True) -> Timeline:
        talk = conversation(seconds, people, every)
        segments, tracks = list(talk.segments), []
        for segment in talk.segments:
            if segment.source == "face":
                hidden = "no_body" if round(segment.start / every) % 40 >= 36 else ""
                reason = hidden or ("" if judged else "not_asked")
                speed = {} if hidden else {"movement": 0.8 + 0.7 * math.sin(segment.start / 3)}
                values = (1 / len(WORDS),) * len(WORDS) if not reason else (math.nan,) * len(WORDS)
                segments.append(replace(segment, source="body", probabilities=values, reason=reason, measures=speed))
        for number in range(people):
            for moment in np.arange(0.0, seconds, 0.2).tolist():
                tracks.append(_waving(moment, f"person-{number + 1}", 400.0 + 500 * number, 700.0))
        return replace(talk, segments=tuple(segments), tracks=tuple(tracks))

    return make


def _waving(time: float, person: str, x: float, y: float, torso: float = 300.0) -> TrackPoint:
    joints = [(0.0, 0.0, 0.0)] * 25
    for place, (right, down) in STANDING.items():
        if place in (4, 7):
            down -= 0.5 + 0.5 * math.sin(3 * time + place)
        joints[place] = (x + torso * right, y + torso * down, 0.9)
    face = (x - 60.0, y - 1.5 * torso, 120.0, 150.0)
    angles = [2 * math.pi * point / 18 for point in range(64)]
    outline = tuple((x + 60 * math.sin(angle), y - 1.25 * torso - 75 * math.cos(angle)) for angle in angles)
    return TrackPoint(time, person, face, outline, tuple(joints))
