"""From cells to a Timeline: whose tracks they are, whose voice it is, and what both say together."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import reduce
from importlib.metadata import PackageNotFoundError, version

import numpy as np
from numpy.typing import NDArray

from visavox import media
from visavox.calibration import change_prior, softmax
from visavox.cells import Cell, Faces, Looks, Voices
from visavox.emotions import FOLDED, WORDS, life_prior, project
from visavox.fusion import Fusion, align, weights_of
from visavox.options import Options
from visavox.people import SHORTEST_TRACK, people, speaker
from visavox.recognizer import Recognizer
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
    person_of = people(records, shortest=min(SHORTEST_TRACK, length / 2))
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
    for name in names:
        scores: dict[str, Floats] = {}
        if faces is not None:
            absent = "" if recording.has_pictures else "no_video"
            scores["face"] = _lane(
                segments, spans, name, "face", options.prior, faces.recognizer,
                [seen.logits / seen.judged if seen.inside and seen.logits is not None else None for seen in looks[name]],
                [absent or next(iter(seen.reasons), "no_face") for seen in looks[name]],
                [float(seen.judged) for seen in looks[name]],
            )  # fmt: skip
        if voices is not None:
            logits, reasons, speech = _voice_of(name, groups, looks, recording.has_sound)
            scores["voice"] = _lane(
                segments, spans, name, "voice", options.prior, voices.recognizer, logits, reasons, speech
            )
        if options.fusion is not None and len(scores) > 1:
            _fused_lane(segments, spans, name, options, scores)
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


def _voice_of(
    name: str, groups: Mapping[int, Sequence[Cell]], looks: Mapping[str, Sequence[Looks]], has_sound: bool
) -> tuple[list[Floats | None], list[str], list[float]]:
    """What is heard of one person, segment by segment: logits, reasons where there are none, seconds of speech."""
    logits: list[Floats | None] = []
    reasons: list[str] = []
    speech: list[float] = []
    for place, members in enumerate(groups.values()):
        judged = [cell for cell in members if cell.voice is not None]
        seconds = sum(cell.speech for cell in judged)
        reason = ""
        if not has_sound:
            reason = "no_audio"
        elif not judged:
            reason = "short_speech" if any(cell.heard for cell in members) else "silence"
        elif len(looks) > 1:
            who = speaker({person: _deviation(seen[place].mouth) for person, seen in looks.items()})
            reason = "" if who == name else "not_speaking" if who else "unclear_speaker"
        logits.append(None if reason else sum((cell.voice for cell in judged), np.zeros(1)) / seconds)
        reasons.append(reason)
        speech.append(0.0 if reason else seconds)
    return logits, reasons, speech


def _deviation(values: Sequence[float]) -> float:
    return float(np.std(values)) if len(values) > 1 else 0.0


def _lane(
    segments: list[Segment],
    spans: Sequence[Span],
    person: str,
    source: str,
    prior: str,
    recognizer: Recognizer,
    logits: Sequence[Floats | None],
    reasons: Sequence[str],
    evidence: Sequence[float],
) -> Floats:
    """Adds the segments of one person and source.

    Returns:
        What they say under a uniform prior, for the fusion [shape=(n, 7)]: NaN rows where nothing was judged, NaN at
        words that the model does not know.
    """
    card = recognizer.card
    assert card is not None
    empty = np.full(len(recognizer.classes_), np.nan)
    stack = np.stack([empty if values is None else values for values in logits])
    trained = card.prior("corpus")
    as_trained = softmax(stack / card.temperature)
    wanted = {"corpus": trained, "life": life_prior(card.words), "uniform": card.prior("uniform")}
    shown = project(change_prior(as_trained, trained, wanted[prior]), card.words)
    for (start, end), values, judged, reason, amount in zip(spans, shown, logits, reasons, evidence, strict=True):
        segments.append(
            Segment(start, end, person, source, tuple(values.tolist()), reason if judged is None else "", {}, amount)
        )
    known = [word for word in WORDS if word in card.words or word in {FOLDED.get(name) for name in card.words}]
    return align(project(change_prior(as_trained, trained, wanted["uniform"]), card.words, known), known)


def _fused_lane(
    segments: list[Segment], spans: Sequence[Span], person: str, options: Options, scores: Mapping[str, Floats]
) -> None:
    """Adds the fused segments of one person."""
    fusion = _fusion(options)
    joined, shares = fusion.combine(scores), fusion.shares(scores)
    for place, (start, end) in enumerate(spans):
        absent = bool(np.isnan(joined[place]).any())
        weights = {} if absent else {source: float(shares[source][place]) for source in scores}
        reason = "nothing_to_fuse" if absent else ""
        segments.append(Segment(start, end, person, "fused", tuple(joined[place].tolist()), reason, weights))


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
    used = [
        ModelUsed(role, wing.recognizer.card.name, wing.recognizer.card.sha256, options.prior, wing.recognizer.card.licence)
        for role, wing in (("face", faces), ("voice", voices))
        if wing is not None and wing.recognizer.card is not None
    ]
    return About(
        file=file,
        duration=spans[-1][1] if spans else 0.0,
        start=options.start,
        end=options.end,
        streams=tuple(recording.streams),
        models=tuple(used),
        options={key: value for key, value in asdict(options).items() if key not in ("start", "end")},
        versions=_versions(),
        status=recording.status,
        notes=tuple(notes),
    )


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in ("visavox", "numpy", "av", "onnxruntime", "ai-edge-litert"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
