"""From cells to a Timeline: whose tracks they are, whose voice it is, and what both say together."""

from __future__ import annotations

import hashlib
import platform
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import reduce
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from visavox import __version__, media
from visavox.cells import FACE_WINDOW, VOICE_WINDOW, Cell, Faces, Looks, Voices
from visavox.emotions import LIFE_STRENGTH, WORDS
from visavox.fusion import Fusion
from visavox.judgement import Expecting, Judged, fuse, judge, open_fusion, scores_of
from visavox.options import Options
from visavox.people import SHORTEST_TRACK, people, speaker
from visavox.recognizer import Card, Prior
from visavox.timeline import About, ModelUsed, Segment, Speech, Timeline, TrackPoint

Floats = NDArray[np.float64]
Span = tuple[float, float]


def timeline(
    file: str,
    recording: media.Recording,
    options: Options,
    cells: Sequence[Cell],
    faces: Faces | None,
    voices: Voices | None,
) -> Timeline:
    """The segments of every person and source, from the cells."""
    found = gather(recording, cells, faces, voices)
    spans, notes = found.spans, list(found.notes)
    expecting = Expecting(prior=options.prior, baseline=options.baseline, neutral=options.neutral)
    cards = {source: _card(wing) for source, wing in (("face", faces), ("voice", voices)) if wing is not None}
    segments: list[Segment] = []
    fusion = open_fusion(options.fusion) if options.fusion is not None and len(cards) > 1 else None
    for name, lanes in found.people.items():
        judged = {source: judge(lane.logits, spans, cards[source], expecting) for source, lane in lanes.items()}
        for source, lane in lanes.items():
            segments += _segments(spans, name, source, judged[source], lane)
        if fusion is not None:
            segments += _fused(spans, name, fusion, judged, options.prior)
        if options.neutral is not None and not any(item.baseline.any() for item in judged.values()):
            notes.append(f"Nothing of {name} could be judged in the neutral stretch: compared with nobody's neutral.")
    if fusion is not None and fusion.members_ and options.baseline != "none":
        notes.append("The fused lane is compared with nobody's own neutral: its rule learned from people as they are.")
    elif fusion is not None and options.prior == "corpus":
        notes.append("The fused lane has the prior of what fitted it, pairs with each word equally often: uniform.")
    names = list(found.people)
    return Timeline(
        segments=tuple(segments),
        words=WORDS,
        about=_about(file, recording, options, spans, faces, voices, fusion, notes),
        tracks=tuple(
            TrackPoint(time, found.person_of[track], box)
            for time, track, box in (faces.points if faces else ())
            if track in found.person_of
        ),
        speech=tuple(
            Speech(start, end, names[0] if len(names) == 1 else "", score)
            for start, end, score in (voices.turns() if voices else ())
        ),
    )


@dataclass(frozen=True)
class Lane:
    """One person and source, segment by segment.

    Args:
        logits: Of each segment, or None where nothing could be judged.
        reasons: Why not; ``""`` where it could.
        evidence: How much there was to judge from.
    """

    logits: Sequence[Floats | None]
    reasons: Sequence[str]
    evidence: Sequence[float]


@dataclass(frozen=True)
class Gathered:
    """What the cells of a recording hold, person by person.

    Args:
        spans: Start and end of each segment in seconds.
        people: The lanes of each person by source, in the order of names.
        person_of: The person of each face track; tracks of nobody are absent.
        notes: Sentences a reader should know.
    """

    spans: Sequence[Span]
    people: Mapping[str, Mapping[str, Lane]]
    person_of: Mapping[int, str]
    notes: Sequence[str]


def gather(recording: media.Recording, cells: Sequence[Cell], faces: Faces | None, voices: Voices | None) -> Gathered:
    """Puts cells together to segments, tracks to people, and voices to whom they belong."""
    groups: dict[int, list[Cell]] = {}
    for cell in cells:
        groups.setdefault(cell.group, []).append(cell)
    spans = [(members[0].start, members[-1].end) for members in groups.values()]
    records = list(faces.records.values()) if faces else []
    length = spans[-1][1] - spans[0][0] if spans else 0.0
    person_of = people(records, shortest=SHORTEST_TRACK if length > 2 * SHORTEST_TRACK else 0.0)
    notes = ["Faces seen only for a moment were left out."] if len(person_of) < len(records) else []
    names = sorted(set(person_of.values()), key=lambda name: int(name.rsplit("-", 1)[1])) or ["person-1"]
    looks: dict[str, list[Looks]] = {}
    for name in names:
        tracks = {track for track, person in person_of.items() if person == name}
        looks[name] = [
            reduce(
                Looks.__add__,
                (seen for cell in members for track, seen in cell.looks.items() if track in tracks),
                Looks(),
            )
            for members in groups.values()
        ]
    lanes: dict[str, dict[str, Lane]] = {name: {} for name in names}
    for name, found in lanes.items():
        if faces is not None:
            found["face"] = _face_of(looks[name], recording.has_pictures)
        if voices is not None:
            found["voice"] = _voice_of(name, groups, looks, recording.has_sound)
    return Gathered(spans, lanes, person_of, notes)


def _face_of(seen: Sequence[Looks], has_pictures: bool) -> Lane:
    """What is seen of one person: means of logits, and in how many pictures."""
    absent = "" if has_pictures else "no_video"
    logits = [looks.logits / looks.judged if looks.logits is not None and looks.inside else None for looks in seen]
    return Lane(
        logits,
        ["" if good is not None else absent or _usual(looks.reasons) for looks, good in zip(seen, logits, strict=True)],
        [0.0 if good is None else float(looks.judged) for looks, good in zip(seen, logits, strict=True)],
    )


def _usual(reasons: Counter[str]) -> str:
    return reasons.most_common(1)[0][0] if reasons else "no_face"


def _voice_of(
    name: str, groups: Mapping[int, Sequence[Cell]], looks: Mapping[str, Sequence[Looks]], has_sound: bool
) -> Lane:
    """What is heard of one person: means of logits weighted by speech, and seconds of speech."""
    logits: list[Floats | None] = []
    reasons: list[str] = []
    evidence: list[float] = []
    for place, members in enumerate(groups.values()):
        judged = [(cell.voice, cell.speech) for cell in members if cell.voice is not None]
        reason = ""
        if not has_sound:
            reason = "no_audio"
        elif not judged:
            reason = "short_speech" if any(cell.heard for cell in members) else "silence"
        elif len(looks) > 1:
            who = speaker({person: _deviation(seen[place].mouth) for person, seen in looks.items()})
            reason = "" if who == name else "not_speaking" if who else "unclear_speaker"
        seconds = sum(speech for _, speech in judged)
        logits.append(None if reason else np.asarray(np.sum([values for values, _ in judged], axis=0) / seconds))
        reasons.append(reason)
        evidence.append(0.0 if reason else seconds)
    return Lane(logits, reasons, evidence)


def _deviation(values: Sequence[float]) -> float:
    return float(np.std(values)) if len(values) > 1 else 0.0


def _segments(spans: Sequence[Span], person: str, source: str, judged: Judged, lane: Lane) -> Iterator[Segment]:
    for place, (start, end) in enumerate(spans):
        row, own = tuple(judged.shown[place].tolist()), float(judged.baseline[place])
        yield Segment(start, end, person, source, row, lane.reasons[place], {}, lane.evidence[place], own)


def _fused(
    spans: Sequence[Span], person: str, fusion: Fusion, judged: Mapping[str, Judged], prior: Prior
) -> Iterator[Segment]:
    joined = fuse(fusion, judged, prior)
    shares = fusion.shares(scores_of(fusion, judged))
    for place, (start, end) in enumerate(spans):
        absent = bool(np.isnan(joined[place]).any())
        weights = {} if absent else {source: float(share[place]) for source, share in shares.items()}
        reason = "nothing_to_fuse" if absent else ""
        judging = [source for source, found in judged.items() if not np.isnan(found.plain[place]).all()]
        # What was trained judges people as they are.
        compared = () if fusion.members_ else judging
        own = min((float(judged[source].baseline[place]) for source in compared), default=0.0)
        row = tuple(joined[place].tolist())
        yield Segment(start, end, person, "fused", row, reason, weights, float(len(judging)), own)


def _card(wing: Faces | Voices) -> Card:
    assert wing.recognizer.card is not None
    return wing.recognizer.card


def _about(
    file: str,
    recording: media.Recording,
    options: Options,
    spans: Sequence[Span],
    faces: Faces | None,
    voices: Voices | None,
    fusion: Fusion | None,
    notes: Sequence[str],
) -> About:
    used = []
    for role, wing in (("face", faces), ("voice", voices)):
        if wing is not None:
            card = _card(wing)
            used.append(ModelUsed(role, card.name, card.sha256, options.prior, card.licence))
    if fusion is not None and (known := fusion.card) is not None:
        prior = "uniform" if options.prior == "corpus" and not fusion.members_ else options.prior
        # All of a fusion is in its card: there is no other file whose sum could be written down.
        digest = hashlib.sha256(known.to_json().encode()).hexdigest()
        used.append(ModelUsed("fused", known.name, digest, prior, known.licence))
    return About(
        file=file,
        duration=spans[-1][1] if spans else 0.0,
        start=options.start,
        end=options.end,
        streams=tuple(recording.streams),
        models=tuple(used),
        options={
            **{key: value for key, value in asdict(options).items() if key not in ("start", "end")},
            "face_window": FACE_WINDOW if faces is None else faces.window,
            "voice_window": VOICE_WINDOW,
            "life_strength": LIFE_STRENGTH,
        },
        versions=_versions(),
        status=recording.status,
        notes=tuple(notes),
    )


def _versions() -> dict[str, str]:
    libraries = ("numpy", "av", "onnxruntime", "ai-edge-litert")
    return {"visavox": __version__, "python": platform.python_version(), **{name: version(name) for name in libraries}}
