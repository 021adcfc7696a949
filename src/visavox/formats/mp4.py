"""MP4: the recording again, with what was seen and judged drawn over it, and its sound.

Pictures keep their times, and sound its place beside them. What is drawn comes from the timeline alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from visavox.errors import InputError, OutputError
from visavox.formats.registry import Progress
from visavox.formats.video.painting import Painter
from visavox.formats.video.soundtrack import Soundtrack
from visavox.media import Picture, Recording, open_recording
from visavox.timeline import About, Timeline

if TYPE_CHECKING:
    from av.container.output import OutputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream
    from PIL.Image import Image

TICKS = 90_000
"""Of the video's clock a second: in it, the pictures of every usual rate begin at whole numbers."""

QUALITY, EFFORT = "20", "veryfast"
"""Of H.264 (crf, preset): hardly to be told from the recording; a slower preset makes files smaller, not better."""
KEYFRAME_EVERY = 60
"""Pictures, so that players jump quickly."""

LARGEST = 4096
"""Pixels of the longer side: players decode no larger H.264. Larger pictures are made smaller."""

SHOWN = 3.0
"""Seconds for which a still picture is shown."""
STILL_RATE = 10
"""Pictures a second where the recording has none: of a still one, and where there is sound alone."""
CANVAS, CANVAS_COLOUR = (1280, 720), (52, 58, 66)
"""What panels stand on where there is sound alone: its size and its colour."""

ROUNDING = 1.0
"""Seconds by which a recording may be longer or shorter than what was analysed."""

BT709 = 1
"""The colours of the video, in the numbering of H.264 (ITU-T H.273): those of every screen."""


def write(
    timeline: Timeline,
    path: Path,
    recording: str | Path,
    *,
    blur_faces: bool = False,
    progress: Progress | None = None,
) -> None:
    """Writes a recording with a timeline drawn over it.

    Of a timeline of a part, it is that part. A recording without pictures gives panels on a dark ground, a still
    picture three seconds. One that breaks off gives what there is.

    Args:
        timeline: What is drawn.
        path: The file; of what was there nothing is left.
        recording: The recording that was analysed.
        blur_faces: Whether faces are made unrecognisable: those that were found.
        progress: Told how far it is.

    Raises:
        InputError: If the recording cannot be read, is another one, or the timeline does not know where faces are that
            are to be hidden.
        OutputError: If FFmpeg cannot make the video.
    """
    import av

    start, end = part(timeline.about)
    if blur_faces:
        check_places(timeline)
    with open_recording(recording, start, end) as source:
        check_same(timeline.about, source)
        frames = Frames(timeline, source)
        pictures = iter(frames)
        first = next(pictures, None)
        if first is None:
            raise InputError(f"{recording}: no picture of the part that was analysed can be read; name the whole file.")
        painter = Painter(timeline, first.image.size, scale=first.scale, blur_faces=blur_faces, alone=frames.alone)
        try:
            with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
                film = _Film(container, first.image.size, frames.rate)
                with Soundtrack(source, container) as sound:
                    for frame, ends in _with_ends(first, pictures, 1.0 / frames.rate):
                        painter.paint(frame.image, frame.taken, frame.told)
                        for packet in sound.packets(frame.time - start):
                            container.mux(packet)
                        container.mux(film.encode(frame.image, frame.time - start, ends - start))
                        if progress is not None:
                            progress(frame.time - start, frames.length)
                    container.mux(film.end())
                    for packet in sound.packets():
                        container.mux(packet)
        except av.FFmpegError as error:
            if isinstance(error, OSError):
                raise  # no space left, and the like: the place is at fault
            said = str(error.strerror or error).strip().lower()
            raise OutputError(f"{recording}: FFmpeg cannot make a video of it ({said}); convert it to MP4.") from error


def _with_ends(first: _Frame, others: Iterator[_Frame], last: float) -> Iterator[tuple[_Frame, float]]:
    """Pictures with the time up to which each is shown; the last one is shown for so many seconds."""
    shown = first
    for following in others:
        yield shown, following.time
        shown = following
    yield shown, shown.time + last


def part(about: About) -> tuple[float, float | None]:
    """The part of a recording that was analysed: its start in seconds, and its end or None.

    Example:
        >>> part(About(start=1.0, options={"segments": [[2.0, 3.0], [4.0, 5.5]]}))
        (2.0, 5.5)
    """
    spans = about.options.get("segments") or ()
    ends = [about.end, *(span[1] for span in spans[-1:]), about.duration if about.status == "truncated" else None]
    known = [float(end) for end in ends if end]
    start = max([about.start, *(float(span[0]) for span in spans[:1])])
    end = min(known, default=None)
    return start, end if end is not None and end > start else None


def check_places(timeline: Timeline) -> None:
    """Looks whether a timeline knows where faces are.

    Raises:
        InputError: If nobody looked for them, or the file they were read from does not hold them.
    """
    if not timeline.tracks and not timeline.about.options.get("face"):
        raise InputError(
            f"{timeline.about.file or 'The timeline'}: where faces are is not in this timeline, so none can be hidden; "
            f"analyse with a face model, and keep the JSON."
        )


def check_same(about: About, recording: Recording) -> None:
    """Looks whether a recording can be the one that was analysed: whatever it is called, it has its size and length.

    Raises:
        InputError: If it cannot.
    """
    then, now = _size(about.streams), _size(recording.streams)
    if about.streams and then != now:
        raise InputError(
            f"{recording.source}: not the recording that was analysed ({about.file}): that one has {_told(then)}, "
            f"this one {_told(now)}; name the same file."
        )
    whole = about.end is None and not about.options.get("segments") and about.status == "complete"
    length = recording.duration
    if about.file in ("", recording.source.name) or not whole or not about.duration or not length:
        return
    if abs(length - about.duration) > ROUNDING + 0.01 * length:
        raise InputError(
            f"{recording.source}: not the recording that was analysed ({about.file}): that one lasts "
            f"{about.duration:.1f} s, this one {length:.1f} s; name the same file."
        )


def _size(streams: object) -> tuple[int, int] | None:
    for stream in cast("tuple[dict[str, object], ...]", streams):
        if stream.get("kind") == "video" and stream.get("used", True):
            return int(str(stream.get("width") or 0)), int(str(stream.get("height") or 0))
    return None


def _told(size: tuple[int, int] | None) -> str:
    return "no pictures" if size is None else f"pictures of {size[0]} x {size[1]}"


@dataclass(frozen=True, eq=False)
class _Frame:
    """A picture that can be drawn on.

    Args:
        time: Seconds of presentation time from which on it is shown.
        image: The picture, with an even number of pixels each way.
        scale: Its pixels over those of the recording's.
        taken: Seconds of the recording's picture: where that stands still, time goes on without it.
        told: Seconds of what is said beside it.
    """

    time: float
    image: Image
    scale: float
    taken: float
    told: float


class Frames:
    """The pictures to draw on: those of a recording, or a still one again and again, or none but a dark ground.

    Attributes:
        alone: Whether there is nothing but sound.
        rate: Pictures a second, more or less.
        length: Seconds that they last, as far as is known.
    """

    def __init__(self, timeline: Timeline, recording: Recording) -> None:
        self._recording = recording
        self._end = recording.end if recording.end is not None else recording.duration or timeline.about.duration
        self.alone = not recording.has_pictures
        self.length = SHOWN if recording.is_still else self._end - recording.start if self._end else None
        facts = next((item for item in recording.streams if item["kind"] == "video" and item["used"]), {})
        made = self.alone or recording.is_still
        self.rate = float(STILL_RATE if made else facts.get("pictures_per_second") or 25.0)

    def __iter__(self) -> Iterator[_Frame]:
        begin, last = self._recording.start, None
        if self.alone:
            last = Picture(begin, np.full((*CANVAS[::-1], 3), CANVAS_COLOUR, dtype=np.uint8))
            yield _framed(last, begin, begin)
        else:
            for item in self._recording.read(0, sound=False):
                last = cast(Picture, item)
                yield _framed(last, last.time, last.time)
        if last is None:
            return
        if self._recording.is_still:
            for number in range(1, round(SHOWN * STILL_RATE)):
                yield _framed(last, number / STILL_RATE, last.time)
            return
        # Sound goes on where pictures have ended: what is said goes on with it.
        sounding = (self._end or 0.0) if self._recording.has_sound else 0.0
        time = last.time + 1.0 / STILL_RATE
        while time < sounding - 1.0 / STILL_RATE / 2:
            yield _framed(last, time, time)
            time += 1.0 / STILL_RATE


def _framed(picture: Picture, time: float, told: float) -> _Frame:
    """A picture as H.264 takes it: not too large, even each way (its last row and column are there twice for that)."""
    from PIL import Image

    image = Image.fromarray(picture.pixels)
    scale = min(1.0, LARGEST / max(image.size))
    if scale < 1:
        image = image.resize((max(2, round(image.width * scale)), max(2, round(image.height * scale))))
    if image.width % 2 or image.height % 2:
        array = np.asarray(image)
        image = Image.fromarray(np.pad(array, ((0, array.shape[0] % 2), (0, array.shape[1] % 2), (0, 0)), mode="edge"))
    return _Frame(time, image, scale, picture.time, told)


class _Film:
    """Pictures on their way into a video."""

    def __init__(self, container: OutputContainer, size: tuple[int, int], rate: float) -> None:
        from av.video.reformatter import VideoReformatter

        options = {"crf": QUALITY, "preset": EFFORT}
        self._stream = container.add_stream("libx264", rate=Fraction(rate).limit_denominator(1001), options=options)
        self._stream.width, self._stream.height = size
        self._stream.pix_fmt = "yuv420p"
        self._stream.gop_size = KEYFRAME_EVERY
        self._stream.time_base = Fraction(1, TICKS)
        codec = self._stream.codec_context
        codec.time_base = Fraction(1, TICKS)
        codec.colorspace, codec.color_primaries, codec.color_trc, codec.color_range = BT709, BT709, BT709, 1
        self._reformatter = VideoReformatter()
        self._last = -1

    def encode(self, image: Image, start: float, end: float) -> list[Packet[VideoStream]]:
        """Takes a picture and when it is shown, in seconds; gives the packets that are ready."""
        from av.video.frame import VideoFrame
        from av.video.reformatter import ColorRange, Colorspace

        rgb = VideoFrame.from_ndarray(np.asarray(image), format="rgb24")
        frame = self._reformatter.reformat(
            rgb, format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
        )
        self._last = max(self._last + 1, round(start * TICKS))
        frame.pts, frame.time_base = self._last, Fraction(1, TICKS)
        frame.duration = max(1, round(end * TICKS) - self._last)
        return self._stream.encode(frame)

    def end(self) -> list[Packet[VideoStream]]:
        """What is still inside."""
        return self._stream.encode(None)
