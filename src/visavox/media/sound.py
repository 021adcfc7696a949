"""The sound of a recording: one channel at 16 kHz, without holes, so that counting samples tells the time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from visavox.media.opening import Part, Reached, Track, timed

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame

SOUND_RATE = 16_000
"""Samples a second of all sound that leaves this room."""
BLOCK = SOUND_RATE // 10
"""Samples in a block of sound."""
JITTER = 0.04
"""Seconds that time stamps may be off before they are believed more than the count of samples."""
LONGEST_GAP = 3600.0
"""Seconds; a longer hole is a broken clock, and reading ends there."""

_RUN_UP = 3.0  # seconds decoded before a part, so that codec and resampler have settled when it begins

_SHARES = {"LFE": 0.0, "LFE2": 0.0, "FC": 1.0, "FL": math.sqrt(0.5), "FR": math.sqrt(0.5)}
"""How much a loudspeaker counts in one channel; those at the sides and behind count 0.5.

Source: ITU-R BS.775, table of downmixing to one channel; we make the shares sum to one, so that nothing clips.
"""

Samples = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Sound:
    """A block of sound and when it begins.

    Args:
        time: Seconds of presentation time of the first sample.
        samples: One channel at 16 kHz [shape=(n,), dtype=float32, -1..1].
    """

    time: float
    samples: Samples


def sound(part: Part, track: Track, reached: Reached) -> Iterator[Sound]:
    """The sound of a part in blocks that follow each other without holes from the part's start on.

    What the file leaves out (a late start, a gap in its time stamps) is silence; what it has twice is cut.
    """
    first = round(part.start * SOUND_RATE)
    last = None if part.end is None else round(part.end * SOUND_RATE)
    done, waiting = first, np.zeros(0, dtype=np.float32)
    for place, samples in _resampled(part, track, reached):
        wanted = done + len(waiting)
        if place > wanted:
            waiting = np.concatenate([waiting, np.zeros(place - wanted, dtype=np.float32)])
        waiting = np.concatenate([waiting, samples[max(0, wanted - place) :]])
        if last is not None:
            waiting = waiting[: last - done]
        while len(waiting) >= BLOCK:
            yield Sound(done / SOUND_RATE, waiting[:BLOCK])
            waiting, done = waiting[BLOCK:], done + BLOCK
            reached.until = done / SOUND_RATE
        if last is not None and done + len(waiting) >= last:
            reached.broken = False  # what comes after the part is not our business
            break
    if len(waiting):
        yield Sound(done / SOUND_RATE, waiting)
        reached.until = (done + len(waiting)) / SOUND_RATE


def _resampled(part: Part, track: Track, reached: Reached) -> Iterator[tuple[int, Samples]]:
    """Pieces of sound at 16 kHz, each with its place on the clock in samples from 0."""
    line: _Line | None = None
    for frame, time in timed(part, track, reached, run_up=_RUN_UP):
        piece = cast("AudioFrame", frame)
        samples, rate = one_channel(piece), piece.sample_rate
        if line is None or line.rate != rate:
            begin = line.seconds if line is not None else track.first - part.zero if time is None else time
            if line is not None:
                yield from line.end()
            elif begin > part.start - _RUN_UP:
                begin = max(0.0, part.start - _RUN_UP)  # it starts late: the gap is filled below
            line = _Line(rate, round(begin * rate))
            trusted = 0.0
        gap = 0 if time is None else round(time * rate) - line.position
        if gap > LONGEST_GAP * rate:
            reached.broken = True
            break
        if gap > trusted * rate:
            yield from line.push_silence(gap)
        elif gap < -trusted * rate:
            samples = samples[-gap:]
        yield from line.push(samples)
        # After a piece that was cut altogether, the rest of the overlap is cut to the sample.
        trusted = JITTER if len(samples) else 0.0
    if line is not None:
        yield from line.end()


class _Line:
    """Sound at one rate on its way to 16 kHz, which knows the place of the next sample on the clock.

    Args:
        rate: Samples a second that come in.
        position: Place of the first one, in samples of that rate.
    """

    def __init__(self, rate: int, position: int) -> None:
        import soxr

        self.rate = rate
        self.position = position
        self._soxr = None
        if rate != SOUND_RATE:
            self._soxr = soxr.ResampleStream(rate, SOUND_RATE, 1, dtype="float32", quality="HQ")
        # Only where a sample that comes in and one that goes out are the same moment can resampling begin without a
        # shift by a part of a sample: we begin at the last such moment before, with silence.
        common = math.gcd(rate, SOUND_RATE)
        before = position % (rate // common)
        self._place = (position - before) // (rate // common) * (SOUND_RATE // common)
        self._before = np.zeros(before, dtype=np.float32)

    @property
    def seconds(self) -> float:
        """The moment of the next sample that comes in."""
        return self.position / self.rate

    def push(self, samples: Samples, *, last: bool = False) -> Iterator[tuple[int, Samples]]:
        """Takes samples in; gives those that are ready, with the place of the first on the clock at 16 kHz."""
        self.position += len(samples)
        if len(self._before):
            samples, self._before = np.concatenate([self._before, samples]), samples[:0]
        ready = samples if self._soxr is None else self._soxr.resample_chunk(samples, last=last)
        if len(ready):
            yield self._place, ready
            self._place += len(ready)

    def push_silence(self, samples: int) -> Iterator[tuple[int, Samples]]:
        """Takes so many samples of silence in, a second at a time."""
        while samples > 0:
            piece = min(samples, self.rate)
            yield from self.push(np.zeros(piece, dtype=np.float32))
            samples -= piece

    def end(self) -> Iterator[tuple[int, Samples]]:
        """Gives what is still inside."""
        yield from self.push(np.zeros(0, dtype=np.float32), last=True)


def one_channel(frame: AudioFrame) -> Samples:
    """A frame's sound as one channel [shape=(n,), float32 in -1..1]: mean of two, weighted sum of more."""
    values = frame.to_ndarray()
    channels = frame.layout.nb_channels
    values = values if frame.format.is_planar else values.reshape(-1, channels).T
    if values.dtype == np.uint8:
        scaled = (values.astype(np.float32) - 128.0) / 128.0
    elif np.issubdtype(values.dtype, np.integer):
        scaled = values.astype(np.float32) / float(2 ** (8 * values.dtype.itemsize - 1))
    else:
        scaled = np.nan_to_num(values.astype(np.float32), posinf=0.0, neginf=0.0)
    if channels == 1:
        return np.ascontiguousarray(scaled[0])
    shares = np.ones(channels, dtype=np.float32)
    if channels > 2:
        shares[:] = [_SHARES.get(channel.name, 0.5) for channel in frame.layout.channels]
    return np.asarray((shares / shares.sum()) @ scaled, dtype=np.float32)
