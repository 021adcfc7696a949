"""A recording as time-stamped pictures and sound: any container that FFmpeg reads, one pass, bounded memory.

One clock: seconds of presentation time, 0 being the recording's first picture or sample, whichever is earlier. Pictures
carry their own time stamps; sound is 16 kHz without holes (what the file leaves out is silence), so that the number of a
sample and the clock agree.

Pictures and sound are decoded by a thread each, ahead of whoever reads them, from two openings of the file: so their
order does not depend on how the file interleaves them, and a stream that ends early holds nobody up.
"""

from __future__ import annotations

import math
import queue
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from heapq import merge
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Literal, NoReturn, TypeVar

import numpy as np
from numpy.typing import NDArray

from visavox.errors import InputError, OptionError

if TYPE_CHECKING:
    import soxr
    from av.audio.frame import AudioFrame
    from av.container.input import InputContainer
    from av.stream import Stream
    from av.video.frame import VideoFrame
    from av.video.reformatter import VideoReformatter

SOUND_RATE = 16_000
"""Samples a second of all sound that leaves this file."""
LARGEST_PICTURE = 100_000_000
"""Pixels; a larger picture is refused before it takes memory."""
SMALLEST_PICTURE = 16
"""Pixels of the shorter side; nothing can be seen in less."""
JITTER = 0.04
"""Seconds that a sound's time stamps may be off before we believe them more than the count of samples."""
LONGEST_GAP = 3600.0
"""Seconds; a longer hole in the sound is a broken clock, and reading ends there."""
BLOCK = SOUND_RATE // 10
"""Samples in a block of sound."""
AHEAD = 8
"""Pictures, or blocks of sound, that are decoded ahead of their reader."""

_SEEK_FROM = 5.0  # seconds: earlier parts are reached by decoding, which is as fast
_RUN_UP = 3.0  # seconds of sound decoded before a part, so that codec and resampler have settled
_HEADERS_THAT_KNOW = ("mov", "matroska", "avi", "wav", "flac", "asf", "flv", "aiff", "caf", "w64", "mxf")
# Formats whose header holds the duration; elsewhere it is guessed from the bit rate or the file's end.
_NO_RECORDINGS = frozenset(
    # playlists and descriptions of sessions, which make FFmpeg open other files or sockets
    "hls applehttp concat concatf dash webm_dash_manifest imf sdp rtsp rtp sap redir lavfi image2 image2pipe "
    # texts and bytes drawn as pictures, or taken for samples
    "tty ansi bin bintext xbin adf idf lrc data txd".split()
)
_TEXT_THAT_POINTS = (b"#extm3u", b"[playlist]", b"ffconcat version", b"v=0", b"<?wpl", b"<asx", b"<smil", b"[reference]")
_RAW_SAMPLES = frozenset("s8 u8 s16le s16be u16le u16be s24le s24be s32le s32be f32le f32be f64le f64be alaw mulaw".split())


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture and when it is shown.

    Args:
        time: Seconds of presentation time.
        pixels: Upright, with square pixels [shape=(h, w, 3), dtype=uint8, RGB].
    """

    time: float
    pixels: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Sound:
    """A block of sound and when it begins.

    Args:
        time: Seconds of presentation time of the first sample.
        samples: One channel at 16 kHz [shape=(n,), dtype=float32, -1..1].
    """

    time: float
    samples: NDArray[np.float32]


def open_recording(source: str | Path, *, start: float = 0.0, end: float | None = None) -> Recording:
    """Opens a recording: a video with or without sound, sound alone, or a still picture.

    Args:
        source: The file.
        start: Begin of the part to be read, in seconds of presentation time.
        end: End of the part (exclusive), or None for all of it.

    Raises:
        InputError: If there is no such file, or it is no recording that can be read, in a sentence that says why.
        OptionError: If the part is empty or begins before 0.

    Example:
        >>> open_recording("nowhere.mp4")
        Traceback (most recent call last):
        ...
        visavox.errors.InputError: nowhere.mp4: no such file; check the name and the folder.
    """
    return Recording(source, start=start, end=end)


def read_sound(source: str | Path, *, start: float = 0.0, end: float | None = None) -> NDArray[np.float32]:
    """The sound of a recording, or of a part of it, as one array.

    Args:
        source: The file.
        start: Begin of the part in seconds.
        end: End of the part (exclusive), or None for all of it.

    Returns:
        Samples at 16 kHz [shape=(n,)], the first one at `start`; empty where the recording has no sound.

    Raises:
        InputError: As `open_recording`.
        OptionError: As `open_recording`.
    """
    with open_recording(source, start=start, end=end) as recording:
        blocks = [item.samples for item in recording.read(pictures=False) if isinstance(item, Sound)]
    return np.concatenate(blocks) if blocks else np.zeros(0, dtype=np.float32)


def read_pictures(
    source: str | Path, *, start: float = 0.0, end: float | None = None, every: float = 0.1
) -> tuple[NDArray[np.float64], list[NDArray[np.uint8]]]:
    """The pictures of a recording, or of a part of it; a long part takes much memory.

    Args:
        source: The file.
        start: Begin of the part in seconds.
        end: End of the part (exclusive), or None for all of it.
        every: Seconds; the first picture at or after each multiple is taken; 0 takes every picture.

    Returns:
        Seconds of each picture [shape=(n,)], and the pictures [each shape=(h, w, 3)]; none where there are none.

    Raises:
        InputError: As `open_recording`.
        OptionError: As `open_recording`.
    """
    with open_recording(source, start=start, end=end) as recording:
        found = [item for item in recording.read(every=every, sound=False) if isinstance(item, Picture)]
    return np.array([item.time for item in found], dtype=np.float64), [item.pixels for item in found]


@dataclass(frozen=True)
class _Track:
    """A stream that can be decoded: where it lies, and its first time stamp in the file's own seconds."""

    index: int
    first: float
    rate: Fraction | None = None
    pixel_shape: Fraction = Fraction(1)


@dataclass
class _Reached:
    """How far a stream was read, and whether reading ended well."""

    until: float = 0.0
    broken: bool = False


class Recording:
    """A recording that was opened and found readable; `read` goes through it once, as often as it is called.

    Attributes:
        source: The file.
        start: Begin of the part that is read, in seconds.
        end: End of it (exclusive), or None.
        streams: What there is in the file, one mapping a stream (kind, codec, size or rate, whether it is used).
        duration: Seconds that the whole recording lasts as its header says, or None where nobody knows before the end.
        has_pictures: Whether there are pictures.
        has_sound: Whether there is sound.
        is_still: Whether it is one picture and nothing else.
        status: After reading: ``complete``, or ``truncated`` when the file broke off.
        until: After reading: seconds up to which there was something.
    """

    def __init__(self, source: str | Path, *, start: float = 0.0, end: float | None = None) -> None:
        if not (math.isfinite(start) and start >= 0):
            raise OptionError(f"Bad value {start!r} for start: expected seconds from 0 on.")
        if end is not None and not (math.isfinite(end) and end > start):
            raise OptionError(f"Bad value {end!r} for end: expected seconds after the start, {start:g}.")
        self.source = Path(source)
        self.start = float(start)
        self.end = None if end is None else float(end)
        self.status: Literal["complete", "truncated"] = "complete"
        self.until = 0.0
        self.streams: tuple[dict[str, Any], ...] = ()
        self.duration: float | None = None
        self.is_still = False
        self._pictures: _Track | None = None
        self._sound: _Track | None = None
        self._header_end: float | None = None
        self._readers: list[Iterator[Picture | Sound]] = []
        self._probe()
        tracks = [track for track in (self._pictures, self._sound) if track is not None]
        self._zero = min(track.first for track in tracks)
        if self.duration is not None and not self.is_still and self.start >= self.duration + 1.0 and self._header_end:
            raise InputError(
                f"{self.source}: the part begins at {self.start:g} s, but the recording lasts {self.duration:.2f} s."
            )

    @property
    def has_pictures(self) -> bool:
        """Whether there are pictures (a cover of a song is none)."""
        return self._pictures is not None

    @property
    def has_sound(self) -> bool:
        """Whether there is sound, be it silent."""
        return self._sound is not None

    def __enter__(self) -> Recording:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends what is being read and lets go of the file."""
        while self._readers:
            reader = self._readers.pop()
            if hasattr(reader, "close"):
                reader.close()

    def read(self, every: float = 0.1, *, pictures: bool = True, sound: bool = True) -> Iterator[Picture | Sound]:
        """Goes through the recording once, in order of time.

        Args:
            every: Seconds; the first picture at or after each multiple is given, the others are decoded but not
                converted; 0 gives every picture.
            pictures: Whether pictures are wanted.
            sound: Whether sound is wanted.

        Yields:
            Pictures, and blocks of sound of at most 0.1 s that follow each other without holes from `start` on.

        Raises:
            OptionError: If `every` is negative.
        """
        if not (math.isfinite(every) and every >= 0):
            raise OptionError(f"Bad value {every!r} for every: expected seconds from 0 on.")
        reader = self._read(every, pictures=pictures, sound=sound)
        self._readers.append(reader)
        return reader

    def _read(self, every: float, *, pictures: bool, sound: bool) -> Iterator[Picture | Sound]:
        reached: list[_Reached] = []
        ahead: list[_Ahead[Picture | Sound]] = []
        try:
            if sound and self._sound is not None:
                reached.append(_Reached())
                ahead.append(_Ahead(self._read_sound(self._sound, reached[-1])))
            if pictures and self._pictures is not None:
                reached.append(_Reached())
                ahead.append(_Ahead(self._read_pictures(self._pictures, every, reached[-1])))
            yield from merge(*ahead, key=lambda item: item.time)
        finally:
            for thread in ahead:
                thread.close()
            self.until = max((item.until for item in reached), default=0.0)
            early = self._header_end is not None and self.end is None and self.until < self._header_end - 0.5
            complete_read = pictures and sound
            broken = any(item.broken for item in reached) or (early and complete_read)
            self.status = "truncated" if broken else "complete"

    # ---------------------------------------------------------------- what there is

    def _probe(self) -> None:
        with self._open() as container:
            described = [self._describe(stream) for stream in container.streams if stream.type in ("audio", "video")]
            covers = [item["index"] for item in described if item["kind"] == "cover"]
            chosen: dict[str, int] = {}
            for kind in ("video", "audio"):
                of_kind = [item["index"] for item in described if item["kind"] == kind]
                best = container.streams.best(kind)  # type: ignore[call-overload]
                if of_kind:
                    chosen[kind] = best.index if best is not None and best.index in of_kind else of_kind[0]
            name = container.format.name
            length = container.duration
        problems = []
        single = False
        for kind, index in chosen.items():
            try:
                track, single_picture = self._first(index)
            except InputError as error:
                problems.append(str(error))
                continue
            if kind == "video":
                self._pictures, single = track, single_picture
            else:
                self._sound = track
        used = {track.index for track in (self._pictures, self._sound) if track is not None}
        if not used:
            if problems:
                raise InputError(problems[0])
            what = "only a cover picture" if covers else "neither pictures nor sound"
            raise InputError(f"{self.source}: there is {what} in it; give a recording or a picture.")
        for item in described:
            item["used"] = item["index"] in used
        self.streams = tuple(described)
        self.is_still = single and self._sound is None
        if length is not None and not self.is_still:
            self.duration = length / 1e6
            # A stream's own length, where the container has it, says more than the longest of all streams.
            lengths = [item["seconds"] for item in described if item["used"] and item["seconds"] is not None]
            if name.split(",")[0] in _HEADERS_THAT_KNOW:
                self._header_end = max(lengths) if len(lengths) == len(used) else self.duration
        if self.is_still:
            self.duration = 0.0

    def _describe(self, stream: Stream) -> dict[str, Any]:
        from av.audio.stream import AudioStream
        from av.stream import Disposition
        from av.video.stream import VideoStream

        context = stream.codec_context
        seconds = None if not stream.duration or not stream.time_base else float(stream.duration * stream.time_base)
        about: dict[str, Any] = {
            "index": stream.index,
            "kind": stream.type,
            "codec": context.codec.canonical_name if context is not None else "unknown",
            "seconds": seconds,
        }
        if isinstance(stream, VideoStream) and context is not None:
            if stream.disposition & (Disposition.attached_pic | Disposition.timed_thumbnails):
                about["kind"] = "cover"
            rate = stream.average_rate
            about |= {
                "width": stream.codec_context.width,
                "height": stream.codec_context.height,
                "pictures_per_second": round(float(rate), 3) if rate else None,
            }
        elif isinstance(stream, AudioStream) and context is not None:
            about |= {"rate": stream.codec_context.sample_rate, "channels": stream.codec_context.channels}
        return about

    def _first(self, index: int) -> tuple[_Track, bool]:
        """A stream's first frame, and whether there is no second: what a header says of it is often wrong."""
        with self._open() as container:
            stream = container.streams[index]
            codec = stream.codec_context.codec.canonical_name if stream.codec_context is not None else "unknown codec"
            if stream.type == "video" and stream.codec_context is not None:
                self._check_size(stream.codec_context.width, stream.codec_context.height)  # type: ignore[attr-defined]
            frames = _frames(container, stream, _Reached())
            frame = next(frames, None) if stream.codec_context is not None else None
            if frame is None:
                raise InputError(
                    f"{self.source}: its {_word(stream.type)} ({codec}) cannot be decoded; "
                    f"the file is damaged or of a kind that FFmpeg lacks: convert it to MP4 or WAV."
                )
            first = _stamp(frame, 0.0)
            if stream.type == "audio":
                return _Track(index, first), False
            self._check_size(frame.width, frame.height)
            single = next(frames, None) is None
            shape = stream.codec_context.sample_aspect_ratio or Fraction(1)  # type: ignore[attr-defined]
            rate = stream.average_rate or stream.guessed_rate  # type: ignore[attr-defined]
            return _Track(index, first, rate, shape if 0 < shape < 10 else Fraction(1)), single

    def _check_size(self, width: int, height: int) -> None:
        if width * height > LARGEST_PICTURE:
            raise InputError(
                f"{self.source}: the picture has {width} x {height} pixels, more than "
                f"{LARGEST_PICTURE // 1_000_000} million; make it smaller."
            )
        if 0 < min(width, height) < SMALLEST_PICTURE:
            raise InputError(
                f"{self.source}: the picture has {width} x {height} pixels; at least "
                f"{SMALLEST_PICTURE} x {SMALLEST_PICTURE} are needed to see anything."
            )

    @contextmanager
    def _open(self) -> Iterator[InputContainer]:
        import av

        self._check_file()
        allowed = sorted(set(av.formats_available) - _NO_RECORDINGS - _RAW_SAMPLES)
        options = {
            "format_whitelist": ",".join(allowed),
            "protocol_whitelist": "none",
            "max_pixels": str(LARGEST_PICTURE),
        }
        with self.source.open("rb", buffering=0) as file:
            try:
                # A file object and no protocols: whatever the file refers to, FFmpeg has no means to open it.
                container = av.open(file, "r", options=options, buffer_size=1 << 18, io_open=_refuse)
            except (av.FFmpegError, OSError, ValueError) as error:
                raise InputError(
                    f"{self.source}: FFmpeg finds no recording in it ({_said(error)}); the file is damaged, "
                    f"not complete, or of another kind than its name says."
                ) from None
            with container:
                yield container

    def _check_file(self) -> None:
        try:
            if self.source.is_dir():
                raise InputError(f"{self.source}: a folder; name the recordings in it.")
            if not self.source.exists():
                raise InputError(f"{self.source}: no such file; check the name and the folder.")
            if not self.source.is_file():
                raise InputError(f"{self.source}: not a plain file; save the recording to a file first.")
            with self.source.open("rb") as file:
                head = file.read(4096)
        except OSError as error:
            raise InputError(f"{self.source}: cannot be read ({error.strerror or error}).") from None
        if not head:
            raise InputError(f"{self.source}: the file is empty; copy or record it again.")
        text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
        if text.startswith(_TEXT_THAT_POINTS):
            raise InputError(f"{self.source}: a playlist, which is not followed; name the recordings themselves.")
        if _is_text(head):
            raise InputError(f"{self.source}: text, not a recording; give a video, a sound or a picture.")

    # ---------------------------------------------------------------- pictures

    def _read_pictures(self, track: _Track, every: float, reached: _Reached) -> Iterator[Picture]:
        from av.video.reformatter import VideoReformatter

        reformatter = VideoReformatter()
        period = 1.0 / float(track.rate) if track.rate else 0.04
        last = -math.inf
        cell = -1
        for frame, time in self._from_start(track, run_up=0.0, reached=reached):
            time = time if time is not None else last + period if math.isfinite(last) else 0.0
            if time <= last:
                continue
            if math.isfinite(last):
                period = time - last
            last = time
            if time < self.start - 1e-6:
                continue
            if self.end is not None and time >= self.end - 1e-6:
                break
            if not self.is_still:
                reached.until = min(time + min(period, 1.0), self.end if self.end is not None else math.inf)
            reached.broken = self.is_still and bool(frame.is_corrupt)
            here = math.floor(time / every + 1e-6) if every > 0 else cell + 1
            if here > cell:
                cell = here
                yield Picture(time, _pixels(frame, reformatter, track.pixel_shape))

    def _from_start(self, track: _Track, *, run_up: float, reached: _Reached) -> Iterator[tuple[Any, float | None]]:
        """Frames with their times, beginning before the part if it can be reached by seeking, else at the beginning."""
        if self.start > _SEEK_FROM:
            try:
                with self._open() as container:
                    stream = container.streams[track.index]
                    wanted = self.start - run_up
                    container.seek(int((wanted + self._zero) / (stream.time_base or 1)), stream=stream)
                    frames = self._timed(container, stream, reached)
                    head = next(frames, None)
                    if head is not None and head[1] is not None and head[1] <= max(wanted, track.first - self._zero):
                        yield head
                        yield from frames
                        return
            except _seek_errors():
                pass
            reached.broken = False
        with self._open() as container:
            yield from self._timed(container, container.streams[track.index], reached)

    def _timed(
        self, container: InputContainer, stream: Stream, reached: _Reached
    ) -> Iterator[tuple[Any, float | None]]:
        for frame in _frames(container, stream, reached):
            stamp = _stamp(frame, None)
            yield frame, None if stamp is None else stamp - self._zero

    # ---------------------------------------------------------------- sound

    def _read_sound(self, track: _Track, reached: _Reached) -> Iterator[Sound]:
        first, last = round(self.start * SOUND_RATE), None if self.end is None else round(self.end * SOUND_RATE)
        waiting: list[NDArray[np.float32]] = []
        held, done = 0, first
        for position, samples in self._resampled(track, reached):
            # What lies outside the part is cut off; what the file leaves out was filled before.
            left = max(0, first - position)
            right = len(samples) if last is None else min(len(samples), last - position)
            if right > left:
                waiting.append(samples[left:right])
                held += right - left
            while held >= BLOCK:
                joined = np.concatenate(waiting)
                block, rest = joined[:BLOCK], joined[BLOCK:]
                waiting, held = [rest], len(rest)
                yield Sound(done / SOUND_RATE, block)
                done += BLOCK
                reached.until = done / SOUND_RATE
            if last is not None and position + len(samples) >= last:
                reached.broken = False
                break
        if held:
            yield Sound(done / SOUND_RATE, np.concatenate(waiting))
            reached.until = (done + held) / SOUND_RATE

    def _resampled(self, track: _Track, reached: _Reached) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Sound at 16 kHz without holes, and the place of each piece on the grid of samples whose 0 is the clock's."""
        line: _Line | None = None
        for frame, time in self._from_start(track, run_up=_RUN_UP, reached=reached):
            rate = frame.sample_rate
            samples = _mono(frame)
            if rate <= 0 or len(samples) == 0:
                continue
            if line is not None and line.rate != rate:
                yield from line.end()
                line = _Line(rate, round(line.seconds * rate))
            if line is None:
                begin = time if time is not None else track.first - self._zero
                line = _Line(rate, 0 if self.start <= _SEEK_FROM or begin <= _RUN_UP else round(begin * rate))
            gap = 0 if time is None else round(time * rate) - line.position
            if gap > LONGEST_GAP * rate:
                reached.broken = True
                break
            if gap > JITTER * rate or (line.empty and gap > 0):
                yield from line.fill(gap)
            elif gap < -JITTER * rate or (line.empty and gap < 0):
                samples = samples[-gap:]
            yield from line.push(samples)
        if line is not None:
            yield from line.end()


class _Line:
    """Sound at one rate on its way to 16 kHz: knows which sample comes next, in and out.

    Args:
        rate: Samples a second that come in.
        position: Place of the first one on the clock, in samples from 0.
    """

    def __init__(self, rate: int, position: int) -> None:
        import soxr

        # Only where a sample going in and one going out fall on the same moment can the resampler begin without shifting
        # the sound by a part of a sample; what comes before that moment is left out.
        step = rate // math.gcd(rate, SOUND_RATE)
        self.rate = rate
        self.empty = True
        self.position = position
        self._skip = -position % step
        self._out = (position + self._skip) // step * (SOUND_RATE // math.gcd(rate, SOUND_RATE))
        self._soxr: soxr.ResampleStream | None = None
        if rate != SOUND_RATE:
            self._soxr = soxr.ResampleStream(rate, SOUND_RATE, 1, dtype="float32", quality="HQ")

    @property
    def seconds(self) -> float:
        """The moment of the next sample that comes in."""
        return self.position / self.rate

    def fill(self, samples: int) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Puts in silence, a second at a time."""
        while samples > 0:
            piece = min(samples, self.rate)
            yield from self.push(np.zeros(piece, dtype=np.float32))
            samples -= piece

    def push(self, samples: NDArray[np.float32], last: bool = False) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Puts in samples; gives what is ready, with its place among the samples that go out."""
        if len(samples):
            self.empty = False
        self.position += len(samples)
        skipped = min(self._skip, len(samples))
        self._skip -= skipped
        samples = samples[skipped:]
        ready = samples if self._soxr is None else self._soxr.resample_chunk(samples, last=last)
        if len(ready):
            yield self._out, ready
            self._out += len(ready)

    def end(self) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Gives what is still inside."""
        yield from self.push(np.zeros(0, dtype=np.float32), last=True)


Item = TypeVar("Item")


@dataclass(frozen=True)
class _End:
    """The last thing a thread hands over: the error that ended it, if one did."""

    error: BaseException | None = None


@dataclass
class _Ahead(Generic[Item]):
    """An iterator that is worked off by a thread of its own, a few items ahead of whoever takes them."""

    items: Iterator[Item]
    _ready: queue.Queue[Item | _End] = field(default_factory=lambda: queue.Queue(AHEAD))
    _stopped: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __iter__(self) -> Iterator[Item]:
        self._thread = threading.Thread(target=self._work, name="visavox-media", daemon=True)
        self._thread.start()
        while not isinstance(item := self._ready.get(), _End):
            yield item
        if item.error is not None:
            raise item.error

    def close(self) -> None:
        """Stops the thread and waits until it has let go of the file."""
        self._stopped.set()
        while self._thread is not None and self._thread.is_alive():
            try:
                self._ready.get(timeout=0.01)  # room for one that waits to hand something over
            except queue.Empty:
                continue

    def _work(self) -> None:
        error: BaseException | None = None
        try:
            with closing(self.items):  # type: ignore[type-var]
                for item in self.items:
                    if self._stopped.is_set():
                        return
                    self._ready.put(item)
        except BaseException as caught:  # handed to the reader, who raises it in his own thread
            error = caught
        self._ready.put(_End(error))


def _frames(container: InputContainer, stream: Stream, reached: _Reached) -> Iterator[Any]:
    """Decoded frames of one stream; damaged packets are left out, and reading ends where the file breaks off."""
    import av
    from av.stream import Discard

    for other in container.streams:
        if other.index != stream.index:
            other.discard = Discard.all
    if stream.type == "video":
        stream.thread_type = "AUTO"  # type: ignore[attr-defined]
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except (av.FFmpegError, OSError):
            reached.broken = True
            packet = None
        try:
            frames = packet.decode() if packet is not None else []
        except av.FFmpegError:
            continue
        yield from frames
        if packet is None:
            break
    if reached.broken:
        try:
            yield from stream.codec_context.decode(None)  # type: ignore[attr-defined]
        except av.FFmpegError:
            pass


def _stamp(frame: Any, otherwise: Any) -> Any:
    """A frame's time in the file's own seconds; where it has none, that of the packet it came in."""
    if frame.time_base is None:
        return otherwise
    ticks = frame.pts if frame.pts is not None else frame.dts
    return otherwise if ticks is None else float(ticks * frame.time_base)


def _pixels(frame: VideoFrame, reformatter: VideoReformatter, pixel_shape: Fraction) -> NDArray[np.uint8]:
    """Upright RGB with square pixels."""
    width = None if abs(pixel_shape - 1) < 0.02 else max(1, round(frame.width * pixel_shape))
    picture = reformatter.reformat(frame, format="rgb24", width=width).to_ndarray()
    return np.ascontiguousarray(_upright(picture, _display_matrix(frame)))  # type: ignore[arg-type]


def _display_matrix(frame: VideoFrame) -> NDArray[np.int32] | None:
    from av.sidedata.sidedata import Type

    found = frame.side_data.get(Type.DISPLAYMATRIX)
    return None if found is None else np.frombuffer(bytes(found), dtype=np.int32).reshape(3, 3)


def _upright(picture: NDArray[np.uint8], matrix: NDArray[np.int32] | None) -> NDArray[np.uint8]:
    """Turns and mirrors a picture as its display matrix says: rows are where the axes x and y of the picture go."""
    if matrix is None:
        return picture
    (a, b), (c, d) = matrix[:2, :2].tolist()
    if abs(b) > abs(a):
        picture, a, d = picture.swapaxes(0, 1), c, b
    if a < 0:
        picture = picture[:, ::-1]
    if d < 0:
        picture = picture[::-1]
    return picture


_NEAR = {"LFE": 0.0, "LFE2": 0.0, "FC": 1.0, "FL": math.sqrt(0.5), "FR": math.sqrt(0.5)}
"""How much a loudspeaker counts in one channel of speech; those at the sides and behind count 0.5.

Source: ITU-R BS.775-4, table 2 (downmix to one channel), made to sum to one.
"""


def _mono(frame: AudioFrame) -> NDArray[np.float32]:
    values = frame.to_ndarray()
    channels = frame.layout.nb_channels
    values = values if frame.format.is_planar else values.reshape(-1, channels).T
    if values.dtype == np.uint8:
        sound = (values.astype(np.float32) - 128.0) / 128.0
    elif np.issubdtype(values.dtype, np.integer):
        sound = values.astype(np.float32) / float(2 ** (8 * values.dtype.itemsize - 1))
    else:
        sound = np.nan_to_num(values.astype(np.float32), posinf=0.0, neginf=0.0)
    if channels == 1:
        return np.ascontiguousarray(sound[0])
    names = [channel.name for channel in frame.layout.channels]
    weights = np.array([_NEAR.get(name, 0.5) for name in names] if channels > 2 else [1.0] * channels)
    if not weights.any():
        weights[:] = 1.0
    return np.asarray((weights / weights.sum()) @ sound, dtype=np.float32)


def _is_text(head: bytes) -> bool:
    """Whether the beginning of a file is printable text and nothing else."""
    if any(byte < 9 or 13 < byte < 27 for byte in head):
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start > len(head) - 4 and len(head) == 4096  # a letter cut by the end of what we looked at
    return True


def _said(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error)
    return str(text).strip().rstrip(".").lower()


def _word(kind: str) -> str:
    return "sound" if kind == "audio" else "picture"


def _seek_errors() -> tuple[type[Exception], ...]:
    import av

    return (av.FFmpegError, OSError)


def _refuse(url: str, flags: int, options: dict[str, str]) -> NoReturn:
    raise PermissionError(f"{url}: not followed")
