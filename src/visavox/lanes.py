"""From cells to a Timeline: whose tracks they are, whose voice it is, and what both say together."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import reduce
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from visavox import __version__, media
from visavox.calibration import calibrated
from visavox.cells import FACE_WINDOW, VOICE_WINDOW, Cell, Faces, Looks, Voices
from visavox.emotions import FOLDED, WORDS, project
from visavox.fusion import Fusion, align, weights_of
from visavox.options import Options
from visavox.people import SHORTEST_TRACK, people, speaker
from visavox.recognizer import Prior, Recognizer
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
    groups: dict[int, list[Cell]] = {}
    for cell in cells:
        groups.setdefault(cell.group, []).append(cell)
    spans = [(members[0].start, members[-1].end) for members in groups.values()]
    notes = []
    records = list(faces.records.values()) if faces else []
    length = spans[-1][1] - spans[0][0] if spans else 0.0
    person_of = people(records, shortest=SHORTEST_TRACK if length > 2 * SHORTEST_TRACK else 0.0)
    if len(person_of) < len(records):
        notes.append("Faces seen only for a moment were left out.")
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
    segments: list[Segment] = []
    fusion: Fusion | None = None
    for name in names:
        scores: dict[str, Floats] = {}
        if faces is not None:
            lane = _face_of(looks[name], recording.has_pictures)
            found, scores["face"] = _judged(lane, faces.recognizer, options.prior)
            segments += _segments(spans, name, "face", found, lane)
        if voices is not None:
            lane = _voice_of(name, groups, looks, recording.has_sound)
            found, scores["voice"] = _judged(lane, voices.recognizer, options.prior)
            segments += _segments(spans, name, "voice", found, lane)
        if options.fusion is not None and len(scores) > 1:
            fusion = fusion or _fusion(options)
            segments += _fused(spans, name, fusion, scores)
    return Timeline(
        segments=tuple(segments),
        words=WORDS,
        about=_about(file, recording, options, spans, faces, voices, notes),
        tracks=tuple(
            TrackPoint(time, person_of[track], box)
            for time, track, box in (faces.points if faces else ())
            if track in person_of
        ),
        speech=tuple(
            Speech(start, end, names[0] if len(names) == 1 else "", score)
            for start, end, score in (voices.turns() if voices else ())
        ),
    )


@dataclass(frozen=True)
class _Lane:
    """One person and source, segment by segment: logits or a reason why there are none, and the evidence."""

    logits: Sequence[Floats | None]
    reasons: Sequence[str]
    evidence: Sequence[float]


def _face_of(seen: Sequence[Looks], has_pictures: bool) -> _Lane:
    """What is seen of one person: means of logits, and in how many pictures."""
    absent = "" if has_pictures else "no_video"
    logits = [looks.logits / looks.judged if looks.logits is not None and looks.inside else None for looks in seen]
    return _Lane(
        logits,
        ["" if good is not None else absent or _usual(looks.reasons) for looks, good in zip(seen, logits, strict=True)],
        [0.0 if good is None else float(looks.judged) for looks, good in zip(seen, logits, strict=True)],
    )


def _usual(reasons: Counter[str]) -> str:
    return reasons.most_common(1)[0][0] if reasons else "no_face"


def _voice_of(
    name: str, groups: Mapping[int, Sequence[Cell]], looks: Mapping[str, Sequence[Looks]], has_sound: bool
) -> _Lane:
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
    return _Lane(logits, reasons, evidence)


def _deviation(values: Sequence[float]) -> float:
    return float(np.std(values)) if len(values) > 1 else 0.0


def _judged(lane: _Lane, recognizer: Recognizer, prior: Prior) -> tuple[Floats, Floats]:
    """Probabilities of a lane.

    Returns:
        Under the prior, for the timeline [shape=(n, 7)]: NaN rows where nothing was judged, 0 at words that the model
        does not know; and under a uniform prior, for the fusion [shape=(n, 7)]: NaN at those words.
    """
    card = recognizer.card
    assert card is not None
    empty = np.full(len(card.words), np.nan)
    stack = np.stack([empty if values is None else values for values in lane.logits])
    shown = project(calibrated(stack, card, prior), card.words)
    folded = {FOLDED.get(word, word) for word in card.words}
    known = [word for word in WORDS if word in folded]
    plain = project(calibrated(stack, card, "uniform"), card.words, known)
    return shown, align(plain, known)


def _segments(spans: Sequence[Span], person: str, source: str, probabilities: Floats, lane: _Lane) -> Iterator[Segment]:
    for (start, end), row, reason, evidence in zip(spans, probabilities, lane.reasons, lane.evidence, strict=True):
        yield Segment(start, end, person, source, tuple(row.tolist()), reason, {}, evidence)


def _fused(spans: Sequence[Span], person: str, fusion: Fusion, scores: Mapping[str, Floats]) -> Iterator[Segment]:
    joined, shares = fusion.combine(scores), fusion.shares(scores)
    for place, (start, end) in enumerate(spans):
        absent = bool(np.isnan(joined[place]).any())
        weights = {} if absent else {source: float(shares[source][place]) for source in scores}
        reason = "nothing_to_fuse" if absent else ""
        judging = sum(not np.isnan(values[place]).all() for values in scores.values())
        yield Segment(start, end, person, "fused", tuple(joined[place].tolist()), reason, weights, float(judging))


def _fusion(options: Options) -> Fusion:
    from visavox import zoo

    assert options.fusion is not None
    return Fusion(
        {},
        rule=options.fusion,
        weights=weights_of(zoo.card("fusion")),
        prior="uniform" if options.prior == "uniform" else "life",
        sources=("face", "voice"),
    )


def _about(
    file: str,
    recording: media.Recording,
    options: Options,
    spans: Sequence[Span],
    faces: Faces | None,
    voices: Voices | None,
    notes: Sequence[str],
) -> About:
    used = []
    for role, wing in (("face", faces), ("voice", voices)):
        if wing is not None and (card := wing.recognizer.card) is not None:
            used.append(ModelUsed(role, card.name, card.sha256, options.prior, card.licence))
    return About(
        file=file,
        duration=spans[-1][1] if spans else 0.0,
        start=options.start,
        end=options.end,
        streams=tuple(recording.streams),
        models=tuple(used),
        options={
            **{key: value for key, value in asdict(options).items() if key not in ("start", "end")},
            "face_window": FACE_WINDOW,
            "voice_window": VOICE_WINDOW,
        },
        versions=_versions(),
        status=recording.status,
        notes=tuple(notes),
    )


def _versions() -> dict[str, str]:
    libraries = ("numpy", "av", "onnxruntime", "ai-edge-litert")
    return {"visavox": __version__, "python": platform.python_version(), **{name: version(name) for name in libraries}}
