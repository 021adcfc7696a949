"""The sound of a recording on its way into a video: as it is where MP4 takes it, else encoded anew."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from visavox.media import Recording
from visavox.media.opening import Reached, frames, opened, stamp
from visavox.media.sound import JITTER, LONGEST_GAP

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container.input import InputContainer
    from av.container.output import OutputContainer
    from av.packet import Packet

AS_THEY_ARE = ("aac", "mp3")
"""Codecs that are copied."""
KNOWN_CLOCKS = frozenset({"mov", "matroska", "flv"})
"""Containers whose packets carry times that can be copied."""

RATES = (96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000)
"""Samples a second that AAC knows."""
USUAL_RATE = 48_000
BITS_A_CHANNEL = 96_000
"""A second, where sound is encoded anew."""

PRIMING = 0.2
"""Seconds before the first sample that a decoder may need to get going, and players leave out."""


class Soundtrack:
    """The sound of a recording, packet by packet.

    A context manager: the recording is opened a second time, for its sound.

    Args:
        recording: Whose sound; its part alone.
        video: What it goes into.
    """

    def __init__(self, recording: Recording, video: OutputContainer) -> None:
        self._recording, self._video = recording, video
        self._files = ExitStack()
        self._waiting: Packet[AudioStream] | None = None
        self._packets: Iterator[Packet[AudioStream]] = iter(())

    def __enter__(self) -> Soundtrack:
        facts = next((item for item in self._recording.streams if item["kind"] == "audio" and item["used"]), None)
        if facts is None:
            return self
        container = self._files.enter_context(opened(self._recording.source))
        stream = next(item for item in container.streams.audio if item.index == facts["index"])
        known = not KNOWN_CLOCKS.isdisjoint(container.format.name.split(","))
        codec = stream.codec_context
        # AAC without a header of its own stands in each packet, as in broadcasts, in a form that MP4 does not take.
        name = codec.codec.canonical_name
        if name in AS_THEY_ARE and known and (name != "aac" or codec.extradata):
            self._packets = self._copied(container, stream, self._video.add_stream_from_template(stream))
        else:
            self._packets = self._encoded(container, stream)
        # The encoder's stream has to be there before the first packet of any.
        self._waiting = next(self._packets, None)
        return self

    def __exit__(self, *_: object) -> None:
        self._files.close()

    def packets(self, until: float = math.inf) -> Iterator[Packet[AudioStream]]:
        """What there is up to a moment, beyond what was given before.

        Args:
            until: Seconds from the part's start.
        """
        while self._waiting is not None:
            packet = self._waiting
            if packet.dts is not None and packet.time_base is not None and float(packet.dts * packet.time_base) > until:
                return
            self._waiting = next(self._packets, None)
            yield packet

    @property
    def _begin(self) -> float:
        """The part's start in the file's own seconds."""
        return self._recording.zero + self._recording.start

    @property
    def _length(self) -> float:
        return math.inf if self._recording.end is None else self._recording.end - self._recording.start

    def _copied(
        self, container: InputContainer, source: AudioStream, target: AudioStream
    ) -> Iterator[Packet[AudioStream]]:
        import av

        clock = source.time_base
        if clock is None:
            return
        if self._recording.start > 0:
            with suppress(av.FFmpegError):
                container.seek(int((self._begin - PRIMING) / clock), stream=source)
        shift, last = round(self._begin / clock), -math.inf
        packets = container.demux(source)
        while True:
            try:
                packet = next(packets, None)
            except (av.FFmpegError, OSError):
                return  # the file breaks off
            if packet is None:
                return
            if packet.pts is None or packet.dts is None or not packet.size:
                continue
            time = float((packet.pts - shift) * clock)
            if time >= self._length:
                return
            if time < -PRIMING or packet.dts - shift <= last:
                continue
            if self._recording.start > 0 and time + float((packet.duration or 0) * clock) <= 0:
                continue
            packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
            last = packet.dts
            packet.stream = target
            yield packet

    def _encoded(self, container: InputContainer, source: AudioStream) -> Iterator[Packet[AudioStream]]:
        from av.audio.frame import AudioFrame

        codec = source.codec_context
        rate = codec.sample_rate if codec.sample_rate in RATES else USUAL_RATE
        layout = "mono" if codec.channels == 1 else "stereo"
        stream = self._video.add_stream("aac", rate=rate, layout=layout)
        stream.bit_rate = BITS_A_CHANNEL * (1 if layout == "mono" else 2)
        encoder = stream.codec_context
        encoder.open()
        size = encoder.frame_size or 1024
        place = 0
        waiting: NDArray[np.float32] = np.zeros((1 if layout == "mono" else 2, 0), dtype=np.float32)

        def encoded(samples: NDArray[np.float32]) -> list[Packet[AudioStream]]:
            frame = AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout=layout)
            frame.sample_rate, frame.pts, frame.time_base = rate, place, stream.time_base or encoder.time_base
            return stream.encode(frame)

        for samples in self._samples(container, source, rate, layout):
            waiting = np.concatenate([waiting, samples], axis=1)
            while waiting.shape[1] >= size:
                yield from encoded(waiting[:, :size])
                waiting, place = waiting[:, size:], place + size
        if waiting.shape[1]:
            yield from encoded(waiting)
        yield from stream.encode(None)

    def _samples(
        self, container: InputContainer, source: AudioStream, rate: int, layout: str
    ) -> Iterator[NDArray[np.float32]]:
        """The part's sound from its start on without holes, a row a channel: what the file leaves out is silence."""
        from av.audio.resampler import AudioResampler

        most = math.inf if math.isinf(self._length) else round(self._length * rate)
        resampler, at, done = AudioResampler(format="fltp", layout=layout, rate=rate), None, 0
        decoded = cast("Iterator[AudioFrame | None]", frames(container, source, Reached()))
        for frame in decoded:
            assert frame is not None
            seconds = stamp(frame)
            here = None if seconds is None else round((seconds - self._begin) * rate)
            if at is None or (here is not None and abs(here - at) > JITTER * rate):
                at = here or 0
            frame.pts = None
            for piece in resampler.resample(frame):
                samples = np.asarray(piece.to_ndarray(), dtype=np.float32)
                start, at = at, at + samples.shape[1]
                if start - done > LONGEST_GAP * rate:
                    return
                while start > done:
                    gap = min(start - done, rate)
                    yield np.zeros((samples.shape[0], gap), dtype=np.float32)
                    done += gap
                new = samples[:, max(0, done - start) :]
                new = new[:, : max(0, int(min(most - done, new.shape[1])))]
                if new.shape[1]:
                    yield new
                    done += new.shape[1]
            if done >= most:
                return
