"""From cells to a Timeline: whose tracks they are, whose voice it is, and what both say together."""

from __future__ import annotations

import hashlib
import math
import platform
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import asdict, dataclass, replace
from functools import reduce
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from visavox import __version__, media
from visavox.cells import Cell, Looks, Moves, Wings
from visavox.emotions import LIFE_STRENGTH, WORDS
from visavox.fusion import Fusion
from visavox.judgement import Expecting, Judged, fuse, judge, open_fusion, scores_of
from visavox.options import Options
from visavox.people import SHORTEST_TRACK, owners, people, speaker
from visavox.recognizer import Card, Prior
from visavox.timeline import About, ModelUsed, Segment, Speech, Timeline, TrackPoint

Floats = NDArray[np.float64]
Span = tuple[float, float]


def timeline(
    file: str,
    recording: media.Recording,
    options: Options,
    cells: Sequence[Cell],
    wings: Wings,
) -> Timeline:
    """The segments of every person and source, from the cells."""
    found = gather(recording, cells, wings)
    spans, notes = found.spans, list(found.notes)
    expecting = Expecting(prior=options.prior, baseline=options.baseline, neutral=options.neutral)
    cards = _cards(wings)
    segments: list[Segment] = []
    fusion = open_fusion(options.fusion) if options.fusion is not None and len(cards) > 1 else None
    for name, lanes in found.people.items():
        judged = {
            source: judge(lane.logits, spans, cards[source], expecting)
            for source, lane in lanes.items()
            if source in cards
        }
        for source, lane in lanes.items():
            segments += _segments(spans, name, source, judged.get(source), lane)
        if fusion is not None:
            segments += _fused(spans, name, fusion, judged, options.prior)
        if options.neutral is not None and not any(item.baseline.any() for item in judged.values()):
            notes.append(f"Nothing of {name} could be judged in the neutral stretch: compared with nobody's neutral.")
    if fusion is not None and fusion.members_ and options.baseline != "none":
        notes.append("The fused lane is compared with nobody's own neutral: its rule learned from people as they are.")
    elif fusion is not None and options.prior == "corpus":
        notes.append("The fused lane has the prior of what fitted it, pairs with each word equally often: uniform.")
    return Timeline(
        segments=tuple(segments),
        words=WORDS,
        about=_about(file, recording, options, spans, wings, fusion, notes),
        tracks=_tracks(found, wings),
        speech=tuple(
            Speech(start, end, found.only_voice, score)
            for start, end, score in (wings.voices.turns() if wings.voices is not None else ())
        ),
    )


@dataclass(frozen=True)
class Lane:
    """One person and source, segment by segment.

    Args:
        logits: Of each segment, or None where nothing could be judged.
        reasons: Why not; ``""`` where it could.
        evidence: How much there was to judge from.
        measures: What was measured beside, by name.
    """

    logits: Sequence[Floats | None]
    reasons: Sequence[str]
    evidence: Sequence[float]
    measures: Sequence[Mapping[str, float]] = ()


@dataclass(frozen=True)
class Gathered:
    """What the cells of a recording hold, person by person.

    Args:
        spans: Start and end of each segment in seconds.
        people: The lanes of each person by source, in the order of names.
        face_of: The person of each face track; tracks of nobody are absent.
        body_of: The person of each body track; likewise.
        only_voice: Who speaks wherever somebody does, as far as faces tell; ``""`` where there are several.
        notes: Sentences a reader should know.
    """

    spans: Sequence[Span]
    people: Mapping[str, Mapping[str, Lane]]
    face_of: Mapping[int, str]
    body_of: Mapping[int, str]
    only_voice: str
    notes: Sequence[str]


def gather(recording: media.Recording, cells: Sequence[Cell], wings: Wings) -> Gathered:
    """Puts cells together to segments, tracks to people, and voices to whom they belong.

    Who is who, and who speaks, is told by faces alone; a body belongs to whose face is on it. Bodies on which no face
    is ever seen are people of their own, behind the others, so that nothing changes for those.
    """
    groups: dict[int, list[Cell]] = {}
    for cell in cells:
        groups.setdefault(cell.group, []).append(cell)
    spans = [(members[0].start, members[-1].end) for members in groups.values()]
    records = list(wings.faces.records.values()) if wings.faces else []
    length = spans[-1][1] - spans[0][0] if spans else 0.0
    shortest = SHORTEST_TRACK if length > 2 * SHORTEST_TRACK else 0.0
    face_of = people(records, shortest=shortest)
    notes = ["Faces seen only for a moment were left out."] if len(face_of) < len(records) else []
    seen = sorted(set(face_of.values()), key=lambda name: int(name.rsplit("-", 1)[1]))
    body_of = owners(wings.bodies.records.values() if wings.bodies else (), face_of, shortest=shortest)
    names = [*seen, *(name for name in dict.fromkeys(body_of.values()) if name not in seen)] or ["person-1"]
    heard = seen or names[:1]
    looks = {name: [_pooled(members, name, face_of) for members in groups.values()] for name in names}
    lanes: dict[str, dict[str, Lane]] = {name: {} for name in names}
    for name, found in lanes.items():
        if wings.faces is not None:
            found["face"] = _face_of(looks[name], recording.has_pictures)
        if wings.voices is not None:
            found["voice"] = _voice_of(name, groups, {one: looks[one] for one in heard}, recording.has_sound)
        if wings.bodies is not None:
            tracks = {track for track, person in body_of.items() if person == name}
            found["body"] = _body_of(tracks, groups, recording.has_pictures)
            notes += _upper_only(name, tracks, cells)
    return Gathered(spans, lanes, face_of, body_of, heard[0] if len(heard) == 1 else "", notes)


def _pooled(cells: Sequence[Cell], name: str, face_of: Mapping[int, str]) -> Looks:
    """What was seen of a person's face in the cells of one segment."""
    seen = (looks for cell in cells for track, looks in cell.looks.items() if face_of.get(track) == name)
    return reduce(Looks.__add__, seen, Looks())


def _face_of(seen: Sequence[Looks], has_pictures: bool) -> Lane:
    """What is seen of one person: means of logits, and in how many pictures."""
    absent = "" if has_pictures else "no_video"
    logits = [looks.logits / looks.judged if looks.logits is not None and looks.inside else None for looks in seen]
    return Lane(
        logits,
        ["" if good is not None else absent or _usual(looks.reasons) for looks, good in zip(seen, logits, strict=True)],
        [0.0 if good is None else float(looks.judged) for looks, good in zip(seen, logits, strict=True)],
    )


def _usual(reasons: Counter[str], nothing: str = "no_face") -> str:
    return reasons.most_common(1)[0][0] if reasons else nothing


def _body_of(tracks: Set[int], groups: Mapping[int, Sequence[Cell]], has_pictures: bool) -> Lane:
    """What is seen of one person's body: means of logits over its looks, their number, and how much it moves."""
    logits: list[Floats | None] = []
    reasons: list[str] = []
    evidence: list[float] = []
    measures: list[Mapping[str, float]] = []
    for members in groups.values():
        moves = [seen for cell in members for track, seen in cell.moves.items() if track in tracks]
        judged = [(seen.logits, seen.looks) for seen in moves if seen.logits is not None]
        looks = sum(count for _, count in judged)
        logits.append(np.asarray(sum(count * values for values, count in judged) / looks) if judged else None)
        absent = "no_video" if not has_pictures else _usual(Counter(seen.reason for seen in moves), "no_body")
        reasons.append("" if judged else absent)
        evidence.append(float(looks))
        measures.append(_movement(moves))
    return Lane(logits, reasons, evidence, measures)


def _movement(moves: Sequence[Moves]) -> dict[str, float]:
    known = [(seen.movement, seen.looks) for seen in moves if not math.isnan(seen.movement)]
    looks = sum(count for _, count in known)
    return {"movement": sum(count * energy for energy, count in known) / looks} if known else {}


def _upper_only(name: str, tracks: Set[int], cells: Sequence[Cell]) -> list[str]:
    """Says so where legs were not seen and the upper body was judged alone."""
    judged = [
        seen for cell in cells for track, seen in cell.moves.items() if track in tracks and seen.logits is not None
    ]
    upper = sum(seen.upper for seen in judged)
    if not upper:
        return []
    return [f"upper_body_only: {name}'s legs are not seen in {upper} of {len(judged)} cells; the rest was judged."]


def _voice_of(
    name: str, groups: Mapping[int, Sequence[Cell]], looks: Mapping[str, Sequence[Looks]], has_sound: bool
) -> Lane:
    """What is heard of one person: means of logits weighted by speech, and seconds of speech.

    Args:
        name: Of the person.
        groups: The cells of each segment.
        looks: What was seen of the face of each person who may be speaking.
        has_sound: Whether there is any.
    """
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
        elif len(looks) > 1 or name not in looks:
            mouths = {person: _deviation(seen[place].mouth) for person, seen in looks.items()}
            who = speaker(mouths) if len(looks) > 1 else next(iter(looks))
            reason = "" if who == name else "not_speaking" if who else "unclear_speaker"
        seconds = sum(speech for _, speech in judged)
        logits.append(None if reason else np.asarray(np.sum([values for values, _ in judged], axis=0) / seconds))
        reasons.append(reason)
        evidence.append(0.0 if reason else seconds)
    return Lane(logits, reasons, evidence)


def _deviation(values: Sequence[float]) -> float:
    return float(np.std(values)) if len(values) > 1 else 0.0


def _segments(spans: Sequence[Span], person: str, source: str, judged: Judged | None, lane: Lane) -> Iterator[Segment]:
    """The segments of a lane; `judged` is None where nothing was named to judge it."""
    for place, (start, end) in enumerate(spans):
        row, own = (math.nan,) * len(WORDS), 0.0
        if judged is not None:
            row, own = tuple(judged.shown[place].tolist()), float(judged.baseline[place])
        measures = lane.measures[place] if lane.measures else {}
        yield Segment(start, end, person, source, row, lane.reasons[place], {}, lane.evidence[place], own, measures)


def _tracks(found: Gathered, wings: Wings) -> tuple[TrackPoint, ...]:
    """Where everybody was: what was seen of a person's face and body at one moment is one point.

    Faces of nobody are points of person ``""``, each its own, so that they can be hidden.
    """
    points: dict[tuple[float, str], TrackPoint] = {}
    nobody: list[TrackPoint] = []
    for time, track, box, drawn in wings.faces.points if wings.faces else ():
        person = found.face_of.get(track, "")
        if person:
            points.setdefault((time, person), TrackPoint(time, person, box, drawn))
        else:
            nobody.append(TrackPoint(time, person, box))
    for time, track, joints in wings.bodies.points if wings.bodies else ():
        if person := found.body_of.get(track, ""):
            point = points.get((time, person), TrackPoint(time, person))
            points[time, person] = point if point.joints else replace(point, joints=joints)
    return tuple(sorted([*points.values(), *nobody], key=lambda point: point.time))


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


def _cards(wings: Wings) -> dict[str, Card]:
    """The card of what judges each source."""
    used = (("face", wings.faces), ("voice", wings.voices), ("body", wings.bodies))
    found = {source: wing.recognizer.card for source, wing in used if wing is not None and wing.recognizer is not None}
    return {source: card for source, card in found.items() if card is not None}


def _about(
    file: str,
    recording: media.Recording,
    options: Options,
    spans: Sequence[Span],
    wings: Wings,
    fusion: Fusion | None,
    notes: Sequence[str],
) -> About:
    used = []
    for role, card in _cards(wings).items():
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
            **dict(zip(("face_window", "voice_window", "body_window"), wings.windows, strict=True)),
            "life_strength": LIFE_STRENGTH,
        },
        versions=_versions(),
        status=recording.status,
        notes=tuple(notes),
    )


def _versions() -> dict[str, str]:
    libraries = ("numpy", "av", "onnxruntime", "ai-edge-litert")
    return {"visavox": __version__, "python": platform.python_version(), **{name: version(name) for name in libraries}}
