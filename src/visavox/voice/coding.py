"""What a codec does to a voice: calls, messages and archives are coded, and a network must not hear which."""

from __future__ import annotations

import io
from typing import NamedTuple

import av
import numpy as np
from numpy.typing import NDArray

from visavox.clip import VOICE_RATE
from visavox.errors import TrainingError


class Coding(NamedTuple):
    """A way to code a voice.

    Args:
        codec: FFmpeg's name of it.
        container: FFmpeg's name of the container.
        rate: samples a second that are coded.
        bit_rate: bits a second; 0 where the codec has only one.
    """

    codec: str
    container: str
    rate: int
    bit_rate: int


CODINGS = (
    Coding("libopus", "ogg", 16000, 12_000),
    Coding("libopus", "ogg", 16000, 20_000),
    Coding("libmp3lame", "mp3", 16000, 24_000),
    Coding("aac", "adts", 16000, 24_000),
    Coding("g722", "wav", 16000, 0),
    Coding("pcm_mulaw", "wav", 8000, 0),
)
"""Those of calls and messages, low enough to be heard."""

SHORTEST = 160
"""Samples at 16 kHz (10 ms) that a voice must have to be coded."""


def code(voice: NDArray[np.float32], coding: Coding) -> NDArray[np.float32]:
    """A voice, coded and decoded again.

    Args:
        voice: at 16 kHz [n], float32 in -1..1.
        coding: how.

    Returns:
        float32 at 16 kHz; some milliseconds of silence may be added at its ends. What is shorter than `SHORTEST` comes
        back as it is: some codecs make nothing of it.

    Raises:
        TrainingError: PyAV's FFmpeg lacks the codec.
    """
    if len(voice) < SHORTEST:
        return np.array(voice, dtype=np.float32)
    told = av.AudioFrame.from_ndarray(np.ascontiguousarray(voice, dtype=np.float32)[None], format="flt", layout="mono")
    told.rate = VOICE_RATE
    memory = io.BytesIO()
    with av.open(memory, "w", format=coding.container) as written:
        try:
            stream = written.add_stream(coding.codec, rate=coding.rate, layout="mono")
        except ValueError:  # PyAV's for a codec that is not there
            raise TrainingError(
                f"voices cannot be coded: this FFmpeg has no {coding.codec}; install PyAV from its wheels "
                f"(pip install --force-reinstall --only-binary av av), or train with augmentation.coded = 0"
            ) from None
        assert isinstance(stream, av.AudioStream)
        if coding.bit_rate:
            stream.bit_rate = coding.bit_rate
        kinds = stream.codec_context.codec.audio_formats
        assert kinds is not None
        size = stream.codec_context.frame_size if stream.codec_context.frame_size > 1 else None
        to_codec = av.AudioResampler(format=kinds[0].name, layout="mono", rate=coding.rate, frame_size=size)
        for frame in (*to_codec.resample(told), *to_codec.resample(None)):
            written.mux(stream.encode(frame))
        written.mux(stream.encode(None))
    memory.seek(0)
    from_codec = av.AudioResampler(format="flt", layout="mono", rate=VOICE_RATE)
    with av.open(memory, "r") as read:
        frames = [got for frame in read.decode(audio=0) for got in from_codec.resample(frame)]
    frames += from_codec.resample(None)
    return np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames]).astype(np.float32)
