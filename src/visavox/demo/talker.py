"""The talker: voice and face played together and written to a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visavox.clip import VOICE_RATE
from visavox.demo.portrait import SIDE, Pose, portrait
from visavox.demo.voice import PICTURE_RATE, SECONDS, Speech, speak
from visavox.errors import OutputError

Floats = NDArray[np.float64]

NAME = "synthetic-talker.mp4"
"""File name of the clip."""

NOTE = (
    "This clip is synthetic: a still portrait (NASA, public domain) moved by a program, with a synthesised voice. "
    "Nobody said or felt what is shown, and what the models make of it says nothing about how good they are."
)
"""What the clip's metadata and its report say."""

BLINKS = (0.3, 2.3, 3.1, 5.0, 7.15)
"""Seconds at which the eyes are shut."""


def make(path: str | Path, *, progress: Callable[[float, float | None], None] | None = None) -> Path:
    """Makes the talking clip: 8 seconds of H.264 video and AAC sound in an MP4 file.

    Args:
        path: The file, or a folder in which it is called `NAME`.
        progress: Called with the seconds of video done and those in all.

    Raises:
        OutputError: If the file cannot be written.
        WeightsError: If the portrait or the face networks were not fetched.
    """
    import av

    path = Path(path)
    path = path / NAME if path.is_dir() else path
    speech, talker = speak(), portrait()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with av.open(str(path), "w", format="mp4") as container:
            container.metadata.update(title="Synthetic talker (visavox demo)", comment=NOTE)
            # One thread, so that the file is the same on every machine.
            quality = {"crf": "18", "preset": "veryfast", "threads": "1"}
            video = container.add_stream("libx264", rate=PICTURE_RATE, options=quality)
            video.width = video.height = SIDE
            video.pix_fmt = "yuv420p"
            audio = container.add_stream("aac", rate=VOICE_RATE, layout="mono")
            for index, pose in enumerate(act(speech)):
                frame = av.VideoFrame.from_ndarray(talker.show(pose), format="rgb24")
                frame.pts, frame.time_base = index, Fraction(1, PICTURE_RATE)
                container.mux(video.encode(frame))
                if progress is not None:
                    progress((index + 1) / PICTURE_RATE, SECONDS)
            container.mux(video.encode(None))
            for begin in range(0, len(speech.sound), 1024):
                block = av.AudioFrame.from_ndarray(speech.sound[None, begin : begin + 1024], "fltp", "mono")
                block.sample_rate, block.pts, block.time_base = VOICE_RATE, begin, Fraction(1, VOICE_RATE)
                container.mux(audio.encode(block))
            container.mux(audio.encode(None))
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror or error}).") from error
    return path


def act(speech: Speech) -> list[Pose]:
    """What the face does in each picture while the voice speaks: rests, smiles, is astonished, smiles again."""
    moments = np.arange(len(speech.jaw)) / PICTURE_RATE
    smile = _keys(moments, {0: 0, 2.9: 0, 3.5: 0.85, 5.4: 0.9, 6: 0.1, 6.9: 0, 7.4: 0.9, 8: 0.95})
    brows = _keys(moments, {0: 0, 3.3: 0, 3.7: 0.35, 4.4: 0.1, 5.8: 0.1, 6.1: 1, 6.8: 1, 7.3: 0.15, 8: 0})
    lids = -0.25 * _keys(moments, {0: 0, 5.9: 0, 6.15: 1, 6.8: 1, 7.2: 0, 8: 0})
    for blink in BLINKS:
        lids = lids + np.exp(-(((moments - blink) / 0.055) ** 2))
    sway = 2 * np.pi * moments
    yaw = 0.10 * np.sin(sway / 5.3) + 0.03 * np.sin(sway / 1.9)
    pitch = 0.05 * np.sin(sway / 3.1 + 1) - 0.05 * _keys(moments, {0: 0, 6: 0, 6.3: 1, 7: 1, 7.5: 0, 8: 0})
    roll = 0.025 * np.sin(sway / 4.1) + 0.03 * _keys(moments, {0: 0, 3: 0, 4: 1, 5: -1, 6: 0, 8: 0.5})
    return [
        Pose(*(float(value) for value in row))
        for row in zip(speech.jaw, speech.rounding, smile, brows, np.minimum(lids, 1), yaw, pitch, roll, strict=True)
    ]


def _keys(moments: Floats, keys: Mapping[float, float]) -> Floats:
    """Values at given seconds, with smooth ways between them."""
    times, values = np.array(list(keys)), np.array(list(keys.values()))
    place = np.clip(np.searchsorted(times, moments, side="right") - 1, 0, len(times) - 2)
    share = np.clip((moments - times[place]) / (times[place + 1] - times[place]), 0, 1)
    share = share * share * (3 - 2 * share)
    result: Floats = values[place] * (1 - share) + values[place + 1] * share
    return result
