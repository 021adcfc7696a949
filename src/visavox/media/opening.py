"""Opening a file so that nothing but that file is read, and its frames one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeAlias

from visavox.errors import InputError

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container.input import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    Frame: TypeAlias = AudioFrame | VideoFrame
    MediaStream: TypeAlias = AudioStream | VideoStream

LARGEST_PICTURE = 100_000_000
"""Pixels; a larger picture is refused before it takes memory."""
SMALLEST_PICTURE = 16
"""Pixels of the shorter side; nothing can be seen in less."""

_READ_AT_ONCE = 1 << 18  # bytes
_WAV_SLACK = 64  # bytes that a WAV file may be shorter than its header says: some writers count the header twice
_UNKNOWN_LENGTH = 0x7FFF_0000  # bytes; writers that cannot go back to the header promise more than this
_SEEK_FROM = 5.0  # seconds; an earlier part is reached by decoding, which takes no longer

_POINTING = {"hls", "concat", "concatf", "dash", "webm_dash_manifest", "imf", "sdp", "rtsp", "rtp", "sap", "lavfi"}
_DRAWN_TEXT = {"tty", "ansi", "bin", "bintext", "xbin", "adf", "idf", "lrc", "data", "txd"}
_BARE_SAMPLES = {"s8", "u8", "alaw", "mulaw"} | {  # anything would pass for them
    f"{kind}{bits}{order}" for kind in "sufi" for bits in (16, 24, 32, 64) for order in ("le", "be")
}
_NO_RECORDINGS = _POINTING | _DRAWN_TEXT | _BARE_SAMPLES

_PLAYLISTS = (b"#extm3u", b"[playlist]", b"[reference]", b"ffconcat", b"v=0", b"<?wpl", b"<asx", b"<smil", b"<mpd")


@dataclass(frozen=True)
class Part:
    """The part of a file that is read.

    Args:
        source: The file.
        zero: The clock's 0 in the file's own seconds.
        start: Begin in seconds of presentation time.
        end: End (exclusive), or None.
    """

    source: Path
    zero: float
    start: float
    end: float | None


@dataclass(frozen=True)
class Track:
    """A stream that can be decoded.

    Args:
        index: Its number in the file.
        first: The time stamp of its first frame in the file's own seconds.
        length: How long it lasts as the header says, in seconds, or None where headers do not know.
        period: Seconds from one picture to the next, on average; of use where time stamps are missing.
        pixel_shape: Width over height of a pixel.
    """

    index: int
    first: float
    length: float | None = None
    period: float = 0.04
    pixel_shape: Fraction = Fraction(1)


@dataclass
class Reached:
    """How far a stream was read, in seconds of presentation time, and whether the file breaks off there."""

    until: float = 0.0
    broken: bool = False


@contextmanager
def opened(source: Path) -> Iterator[InputContainer]:
    """A file as FFmpeg sees it.

    Raises:
        InputError: If it is no recording, or points to others.
    """
    import av

    check_file(source)
    options = {
        "format_whitelist": ",".join(sorted(set(av.formats_available) - _NO_RECORDINGS)),
        "protocol_whitelist": "none",
        "max_pixels": str(LARGEST_PICTURE),
        "pattern_type": "none",  # a picture named frame%d.jpg is that one file, not the first of many
    }
    with source.open("rb", buffering=0) as file:
        try:
            # We hand over a file that is open, and no protocols: whatever it points to, FFmpeg has no means to follow.
            container = av.open(file, "r", options=options, buffer_size=_READ_AT_ONCE, io_open=_refuse)
        except (av.FFmpegError, OSError, ValueError) as error:
            said = str(getattr(error, "strerror", None) or error).strip().rstrip(".").lower()
            raise InputError(
                f"{source}: FFmpeg finds no recording in it ({said}); the file is damaged, not complete, "
                f"or of another kind than its name says."
            ) from None
        with container:
            yield container


def check_file(source: Path) -> None:
    """Looks whether a file is there and could be a recording.

    Raises:
        InputError: If it is missing, a folder, empty, a playlist or text, or may not be read.
    """
    try:
        if source.is_dir():
            raise InputError(f"{source}: a folder; name the recordings in it.")
        if not source.exists():
            raise InputError(f"{source}: no such file; check the name and the folder.")
        if not source.is_file():
            raise InputError(f"{source}: not a plain file; save the recording to a file first.")
        with source.open("rb") as file:
            head = file.read(4096)
    except OSError as error:
        raise InputError(f"{source}: cannot be read ({error.strerror or error}); check its permissions.") from None
    if not head:
        raise InputError(f"{source}: the file is empty; copy or record it again.")
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().lower().startswith(_PLAYLISTS):
        raise InputError(f"{source}: a playlist, which is not followed; name the recordings themselves.")
    if _is_text(head):
        raise InputError(f"{source}: text, not a recording; give a video, a sound or a picture.")


def cut_wav(source: Path) -> tuple[int, int] | None:
    """Finds a WAV file that ends before its header says: FFmpeg believes the file's end instead, and is content.

    Returns:
        The bytes that there are, and those that the header promises; None for whole files, those of other kinds, and
        those whose writer did not know.

    Raises:
        OSError: If it cannot be read.
    """
    with source.open("rb") as file:
        head = file.read(12)
    if head[:4] != b"RIFF" or head[8:] != b"WAVE":
        return None
    promised, size = 8 + int.from_bytes(head[4:8], "little"), source.stat().st_size
    return None if size + _WAV_SLACK >= promised or promised > _UNKNOWN_LENGTH else (size, promised)


def check_size(source: Path, width: int, height: int) -> None:
    """Looks whether a picture's size makes sense.

    Raises:
        InputError: If it is too large or too small.
    """
    if width * height > LARGEST_PICTURE:
        most = LARGEST_PICTURE // 1_000_000
        raise InputError(f"{source}: the picture has {width} x {height} pixels, over {most} million; make it smaller.")
    if min(width, height) < SMALLEST_PICTURE:
        raise InputError(
            f"{source}: the picture has {width} x {height} pixels; nothing can be seen in less than "
            f"{SMALLEST_PICTURE} x {SMALLEST_PICTURE}."
        )


def media_streams(container: InputContainer) -> list[MediaStream]:
    """The streams of pictures and of sound that there is a decoder for."""
    found: list[MediaStream] = [*container.streams.video, *container.streams.audio]
    return [stream for stream in found if stream.codec_context is not None]


def frames(
    container: InputContainer, stream: MediaStream, reached: Reached, *, threads: bool = True
) -> Iterator[Frame]:
    """Decoded frames of one stream: damaged packets are left out, and the frames end where the file breaks off.

    Args:
        container: The file; its other streams are skipped from here on.
        stream: Which stream.
        reached: Told when the file breaks off.
        threads: Whether pictures are decoded by several threads: faster, but the first one comes later.
    """
    import av
    from av.stream import Discard

    for other in container.streams:
        if other.index != stream.index:
            other.discard = Discard.all
    if stream.type == "video":
        stream.thread_type = "AUTO" if threads else "NONE"
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except (av.FFmpegError, OSError):
            reached.broken = True
            with suppress(av.FFmpegError):
                yield from stream.decode(None)  # what the decoder still holds
            return
        if packet is None:
            return
        with suppress(av.FFmpegError):
            yield from packet.decode()  # type: ignore[misc]


def stamp(frame: Frame) -> float | None:
    """A frame's time in the file's own seconds: its own, or that of the packet it came in."""
    ticks = frame.pts if frame.pts is not None else frame.dts
    return None if ticks is None or frame.time_base is None else float(ticks * frame.time_base)


def timed(part: Part, track: Track, reached: Reached, *, run_up: float = 0.0) -> Iterator[tuple[Frame, float | None]]:
    """Frames and their times (None where the file does not say), from somewhere before the part to the stream's end.

    Args:
        part: What is wanted; a late one is reached by seeking, if that leads to a moment before it.
        track: The stream.
        reached: Told when the file breaks off.
        run_up: Seconds before the part that must be there as well.
    """
    wanted = part.start - run_up
    if part.start > _SEEK_FROM:
        with opened(part.source) as container:
            sought = _sought(container, part, track, wanted, reached)
            head = next(sought, None)
            if head is not None and head[1] is not None and head[1] <= max(wanted, track.first - part.zero):
                yield head
                yield from sought
                return
        reached.broken = False
    with opened(part.source) as container:
        for frame in frames(container, _stream(container, track), reached):
            yield frame, _time(frame, part)


def _sought(
    container: InputContainer, part: Part, track: Track, wanted: float, reached: Reached
) -> Iterator[tuple[Frame, float | None]]:
    import av

    stream = _stream(container, track)
    try:
        container.seek(int((wanted + part.zero) / (stream.time_base or 1)), stream=stream)
    except (av.FFmpegError, OSError):
        return
    for frame in frames(container, stream, reached):
        yield frame, _time(frame, part)


def _time(frame: Frame, part: Part) -> float | None:
    seconds = stamp(frame)
    return None if seconds is None else seconds - part.zero


def _stream(container: InputContainer, track: Track) -> MediaStream:
    return next(stream for stream in media_streams(container) if stream.index == track.index)


def _is_text(head: bytes) -> bool:
    """Whether the beginning of a file is printable text and nothing else."""
    if any(byte < 9 or 13 < byte < 27 for byte in head):
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start > len(head) - 4 and error.reason == "unexpected end of data"
    return True


def _refuse(url: str, flags: int, options: dict[str, str]) -> NoReturn:
    raise PermissionError(f"{url}: not followed")
