"""`Recording`: what there is in a file, and one pass through its pictures and sound in order of time."""

from __future__ import annotations

import math
import weakref
from collections.abc import Generator, Iterator
from fractions import Fraction
from heapq import merge
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from visavox.errors import InputError, OptionError
from visavox.media.ahead import Ahead
from visavox.media.opening import Part, Reached, Track, check_size, cut_wav, frames, media_streams, opened, stamp
from visavox.media.pictures import Picture, pictures
from visavox.media.sound import Sound, sound

if TYPE_CHECKING:
    from av.container.input import InputContainer

    from visavox.media.opening import MediaStream

Status = Literal["complete", "truncated"]

_HEADERS_THAT_KNOW = frozenset({"mov", "matroska", "avi", "wav", "w64", "flac", "asf", "flv", "aiff", "caf", "mxf"})
# Formats whose header says how long they last; elsewhere that is guessed from bit rates or from the file's end.
_TOLERANCE = 0.5  # seconds that headers are off without anything missing


def open_recording(source: str | Path, start: float = 0.0, end: float | None = None) -> Recording:
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
    return Recording(source, start, end)


def read_sound(source: str | Path, start: float = 0.0, end: float | None = None) -> NDArray[np.float32]:
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
    with open_recording(source, start, end) as recording:
        blocks = [item.samples for item in recording.read(pictures=False) if isinstance(item, Sound)]
    return np.concatenate(blocks) if blocks else np.zeros(0, dtype=np.float32)


def read_pictures(
    source: str | Path, start: float = 0.0, end: float | None = None, every: float = 0.1
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
    with open_recording(source, start, end) as recording:
        found = [item for item in recording.read(every, sound=False) if isinstance(item, Picture)]
    return np.array([item.time for item in found], dtype=np.float64), [item.pixels for item in found]


class Recording:
    """A file that was opened and found readable; each call of `read` goes through it once.

    Made by `open_recording`; closed by `close`, or at the end of a ``with`` block.

    Attributes:
        source: The file.
        start: Begin of the part that is read, in seconds.
        end: End of it (exclusive), or None.
        streams: What there is in the file: one mapping a stream (kind, codec, size or rate, whether it is used).
        duration: Seconds that the whole recording lasts, as far as its header says; 0 for a still picture.
        is_still: Whether it is one picture and nothing else.
        status: After reading: ``complete``, or ``truncated`` where the file broke off.
        until: After reading: seconds up to which there was something.
    """

    def __init__(self, source: str | Path, start: float = 0.0, end: float | None = None) -> None:
        if not (math.isfinite(start) and start >= 0):
            raise OptionError(f"Bad value {start!r} for start: expected seconds from 0 on.")
        if end is not None and not (math.isfinite(end) and end > start):
            raise OptionError(f"Bad value {end!r} for end: expected seconds after the start, {start:g}.")
        self.source = Path(source)
        self.start = float(start)
        self.end = None if end is None else float(end)
        self.streams: tuple[dict[str, Any], ...] = ()
        self.duration: float | None = None
        self.is_still = False
        self.status: Status = "complete"
        self.until = 0.0
        self._pictures: Track | None = None
        self._sound: Track | None = None
        self._header_end: float | None = None  # of the last stream to end
        self._readers: weakref.WeakSet[Generator[Picture | Sound, None, None]] = weakref.WeakSet()
        with opened(self.source) as container:
            chosen = self._describe(container)
        self._look_into(chosen)
        zero = min(track.first for track in self._tracks)
        self._part = Part(self.source, zero, self.start, self.end)
        if self._header_end is not None and self.start > self._header_end + _TOLERANCE:
            raise InputError(
                f"{self.source}: the part begins at {self.start:g} s, but the recording lasts {self._header_end:.2f} s."
            )

    @property
    def _tracks(self) -> list[Track]:
        return [track for track in (self._pictures, self._sound) if track is not None]

    @property
    def zero(self) -> float:
        """The clock's 0 in the file's own seconds."""
        return self._part.zero

    @property
    def has_pictures(self) -> bool:
        """Whether there are pictures; a song's cover is none."""
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
        """Ends what is being read, and lets go of the file."""
        for reader in list(self._readers):
            reader.close()

    def read(self, every: float = 0.1, *, pictures: bool = True, sound: bool = True) -> Iterator[Picture | Sound]:
        """Goes through the recording once, in order of time.

        Args:
            every: Seconds; the first picture at or after each multiple is given, the others are decoded but not
                converted; 0 gives every picture.
            pictures: Whether pictures are wanted.
            sound: Whether sound is wanted.

        Yields:
            Pictures, and blocks of sound of 0.1 s (the last one shorter) that follow each other without holes from the
            part's start on.

        Raises:
            OptionError: If `every` is negative.
        """
        if not (math.isfinite(every) and every >= 0):
            raise OptionError(f"Bad value {every!r} for every: expected seconds from 0 on.")
        reader = self._read(every, self._pictures if pictures else None, self._sound if sound else None)
        self._readers.add(reader)
        return reader

    def _read(
        self, every: float, with_pictures: Track | None, with_sound: Track | None
    ) -> Generator[Picture | Sound, None, None]:
        tracks: list[tuple[Track, Reached]] = []
        ahead: list[Ahead[Picture | Sound]] = []
        self.until = self.start
        finished = False
        try:
            if with_sound is not None:
                tracks.append((with_sound, Reached()))
                ahead.append(Ahead(_generator(sound(self._part, *tracks[-1]))))
            if with_pictures is not None:
                tracks.append((with_pictures, Reached()))
                ahead.append(Ahead(_generator(pictures(self._part, with_pictures, every, tracks[-1][1]))))
            yield from merge(*ahead, key=lambda item: item.time)
            finished = True
        finally:
            for thread in ahead:
                thread.close()
            self.until = max((reached.until for _, reached in tracks), default=self.start) if not self.is_still else 0.0
            if finished:
                self.status = self._judge(tracks)

    def _judge(self, tracks: list[tuple[Track, Reached]]) -> Status:
        """Whether everything was there that the headers promise."""
        if any(reached.broken for _, reached in tracks):
            return "truncated"
        if self.end is not None or self.is_still:
            return "complete"
        if cut_wav(self.source) is not None:
            return "truncated"
        ends = [(None if track.length is None else self._offset(track) + track.length, item) for track, item in tracks]
        if any(end is not None and item.until < end - _TOLERANCE for end, item in ends):
            return "truncated"
        all_read = len(tracks) == len(self._tracks)
        if all_read and self._header_end is not None and self.until < self._header_end - _TOLERANCE:
            return "truncated"
        return "complete"

    def _offset(self, track: Track) -> float:
        return track.first - self._part.zero

    def _describe(self, container: InputContainer) -> dict[int, float | None]:
        """Notes what there is; gives the streams to look into, and how long each lasts if the header knows."""
        from av.stream import Disposition

        hidden = Disposition.attached_pic | Disposition.timed_thumbnails
        described = []
        chosen: dict[int, float | None] = {}
        trusted = not _HEADERS_THAT_KNOW.isdisjoint(container.format.name.split(","))
        total = None if container.duration is None else container.duration / 1e6
        for kind in ("video", "audio"):
            shown = []
            for stream in media_streams(container):
                if stream.type != kind:
                    continue
                cover = bool(stream.disposition & hidden)
                described.append({"index": stream.index, "kind": "cover" if cover else kind, **_facts(stream)})
                if not cover:
                    shown.append(stream)
            best = container.streams.best("video" if kind == "video" else "audio")
            if shown:
                stream = next((item for item in shown if item is best), shown[0])
                chosen[stream.index] = _length(stream, container, total) if trusted else None
        if not chosen:
            what = "only a cover picture" if described else "neither pictures nor sound that it can decode"
            raise InputError(
                f"{self.source}: FFmpeg finds {what} in it; the file is not complete, damaged, or no recording."
            )
        self.streams = tuple(sorted(described, key=lambda item: int(item["index"])))
        self.duration = total
        self._header_end = total if trusted else None
        return chosen

    def _look_into(self, chosen: dict[int, float | None]) -> None:
        """Decodes the beginning of each stream, since headers are often wrong about it."""
        problems: list[InputError] = []
        only_one = False
        for index, length in chosen.items():
            with opened(self.source) as container:
                stream = next(item for item in media_streams(container) if item.index == index)
                try:
                    if stream.type == "video":
                        self._pictures, only_one = self._first_picture(container, stream, length)
                    else:
                        self._sound = self._first_sound(container, stream, length)
                except InputError as error:
                    problems.append(error)
        used = {track.index for track in self._tracks}
        if not used:
            raise problems[0]
        self.streams = tuple({**stream, "used": stream["index"] in used} for stream in self.streams)
        self.is_still = only_one and self._sound is None
        if self.is_still:
            self.duration, self._header_end = 0.0, None

    def _first_sound(self, container: InputContainer, stream: MediaStream, length: float | None) -> Track:
        head = next(frames(container, stream, Reached()), None)
        if head is None:
            raise self._no_frame(stream)
        return Track(stream.index, stamp(head) or 0.0, length)

    def _first_picture(
        self, container: InputContainer, stream: MediaStream, length: float | None
    ) -> tuple[Track, bool]:
        if stream.type != "video":
            raise TypeError(stream.type)
        if stream.codec_context.width:
            check_size(self.source, stream.codec_context.width, stream.codec_context.height)
        following = frames(container, stream, Reached(), threads=False)
        head = next(following, None)
        if head is None:
            raise self._no_frame(stream)
        rate = stream.average_rate or stream.guessed_rate
        shape = stream.codec_context.sample_aspect_ratio or Fraction(1)
        track = Track(
            index=stream.index,
            first=stamp(head) or 0.0,
            length=length,
            period=1.0 / float(rate) if rate else 0.04,
            pixel_shape=shape if Fraction(1, 4) < shape < 4 else Fraction(1),
        )
        return track, next(following, None) is None

    def _no_frame(self, stream: MediaStream) -> InputError:
        what = "pictures" if stream.type == "video" else "sound"
        return InputError(
            f"{self.source}: its {what} ({stream.codec_context.codec.canonical_name}) cannot be decoded; "
            f"the file is damaged, or convert it to MP4 or WAV."
        )


def _facts(stream: MediaStream) -> dict[str, Any]:
    facts: dict[str, Any] = {"codec": stream.codec_context.codec.canonical_name}
    if stream.type == "video":
        rate = stream.average_rate
        facts |= {
            "width": stream.codec_context.width,
            "height": stream.codec_context.height,
            "pictures_per_second": round(float(rate), 3) if rate else None,
        }
    elif stream.type == "audio":
        facts |= {"rate": stream.codec_context.sample_rate, "channels": stream.codec_context.channels}
    return facts


def _length(stream: MediaStream, container: InputContainer, total: float | None) -> float | None:
    """How long a stream lasts as the header says, in seconds."""
    if container.format.name == "avi" and stream.type == "video" and stream.frames and stream.average_rate:
        return stream.frames / float(stream.average_rate)  # its length FFmpeg takes from the file's size
    if not stream.duration or not stream.time_base:
        return None
    seconds = float(stream.duration * stream.time_base)
    # What an edit list leaves out is in a stream's own length, but not in that of the whole.
    return seconds if total is None else min(seconds, total)


def _generator(items: Iterator[Picture] | Iterator[Sound]) -> Generator[Picture | Sound, None, None]:
    yield from items
