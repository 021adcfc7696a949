"""`analyze`: a recording in, a Timeline out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from visavox import lanes, media
from visavox.baseline.by_person import Kind
from visavox.cells import Bodies, Faces, Progress, Voices, Wings, read_cells
from visavox.judgement import members_of
from visavox.options import Options
from visavox.recognizer import Prior
from visavox.timeline import Timeline


def analyze(
    source: str | Path,
    *,
    voice: str | None = "voice",
    face: str | None = "face",
    body: str | None = None,
    joints: str | Path | None = None,
    fusion: str | None = "log-linear",
    every: float = 0.5,
    start: float = 0.0,
    end: float | None = None,
    segments: Sequence[tuple[float, float]] | None = None,
    prior: Prior = "life",
    baseline: Kind = "self",
    neutral: tuple[float, float] | None = None,
    progress: Progress | None = None,
) -> Timeline:
    """Reads a recording and says who showed what when.

    Args:
        source: Anything FFmpeg reads: video with or without sound, sound alone, a still picture.
        voice: Name or path of the voice model, or None to leave the voice out.
        face: Name or path of the face model, or None to leave the face out.
        body: Name or path of a body model ("accm"); ``movement`` to follow bodies and measure how much they move; None
            to leave the body out.
        joints: Joints that another program found in the recording, as `visavox.joints.read_joints` reads them, in place
            of looking for bodies; pictures that files number are those of the recording.
        fusion: Rule that joins them: log-linear, product, mean, max, min, median or majority-vote (those that need no
            fitting); or the path of a fusion that was trained, which brings its own voice and face; None for no fused
            lane.
        every: Length of a cell in seconds, at least 0.1.
        start: Begin of the part to analyse, in seconds.
        end: End of it (exclusive), or None for the recording's end.
        segments: Intervals (start, end) in seconds to judge in place of cells; they may touch, not overlap.
        prior: ``life`` (mostly neutral), ``uniform`` or ``corpus`` (as in training).
        baseline: ``self``: what a person shows most of the time is their neutral, with a weight that grows with the
            evidence; ``none``: everybody is judged alike; ``enrolment``: as `neutral` says.
        neutral: Interval (start, end) in seconds in which everybody in the recording is neutral; makes the baseline
            ``enrolment``.
        progress: Called with the seconds done and the seconds in all (None where the file does not say).

    Returns:
        A timeline with a lane per person and source. What cannot be judged is NaN with a reason, not an error.

    Raises:
        InputError: If the file cannot be read at all.
        OptionError: If an option has a bad value.
        WeightsError: If the weights were not fetched.
    """
    options = Options(
        voice=voice,
        face=face,
        body=body,
        joints=None if joints is None else str(joints),
        fusion=fusion,
        every=every,
        start=start,
        end=end,
        segments=None if segments is None else tuple(segments),
        prior=prior,
        baseline=baseline,
        neutral=neutral,
    )
    first, last = options.start, options.end
    if options.segments is not None:
        first = max(first, options.segments[0][0])
        last = options.segments[-1][1] if last is None else min(last, options.segments[-1][1])
    with media.open_recording(source, start=first, end=last) as recording:
        own = members_of(options)
        wings = Wings(
            faces=Faces(own.get("face", options.face), recording) if options.face else None,
            voices=Voices(own.get("voice", options.voice), recording) if options.voice else None,
            bodies=Bodies(options.body, recording, options.joints) if options.body else None,
        )
        cells = list(read_cells(recording, options, first, wings, progress))
        return lanes.timeline(Path(source).name, recording, options, cells, wings)
