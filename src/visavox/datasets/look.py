"""What is in one recording of a corpus: can it be decoded to its end, how loud is it, what is it told by.

In use a damaged recording goes on after the damage; here, every fault is one.
"""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visavox.clip import Clip
from visavox.errors import DataError, InputError

TOLERANCE = 0.1
"""Seconds that a recording may be shorter than its header says."""

EXACT = 0.001
"""The same for FLAC, whose header counts samples."""

BLANK = "blank"
"""The mark of faces of one grey value."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """What was found in one recording.

    Args:
        fault: why it cannot be used, "" where nothing is wrong.
        seconds: that it lasts.
        peak: its loudest sample, in dB below full scale; minus infinity for silence, None where it has no sound.
        mark: equal for recordings that decode to the same samples (pictures, where there is no sound or it is silent);
            "" where there is nothing to tell them by.
    """

    fault: str = ""
    seconds: float = 0.0
    peak: float | None = None
    mark: str = ""


def look_at(path: Path, *, quick: bool = False) -> Look:
    """What there is in one file: a recording, a table, or packed arrays.

    Args:
        path: of the file.
        quick: only open it.
    """
    try:
        if path.suffix.lower() == ".npz":
            return _packed(path, quick)
        if path.suffix.lower() in (".csv", ".txt"):
            return _table(path)
        return _cut(path) or _recording(path, quick)
    except InputError as error:
        return Look(fault=str(error).removeprefix(f"{path}: "))
    except OSError as error:
        return Look(fault=f"cannot be read ({error.strerror or error})")


def _recording(path: Path, quick: bool) -> Look:
    """Decodes a recording to its end; damaged packets are a fault here, where a recording in use goes on after them."""
    import av

    from visavox.media.opening import media_streams, opened
    from visavox.media.sound import one_channel

    with opened(path) as container:
        length = None if container.duration is None else container.duration / av.time_base
        slack = EXACT if container.format.name == "flac" else TOLERANCE
        streams = media_streams(container)
        if not streams:
            return Look(fault="neither pictures nor sound that can be decoded")
        if quick:
            return Look(seconds=length or 0.0)
        for stream in streams:
            stream.codec_context.options = {"err_detect": "crccheck+explode"}  # FLAC and others carry checksums
        best = container.streams.best("audio")
        pieces: list[NDArray[np.float32]] = []
        seen = hashlib.blake2b(digest_size=16)
        rate = pictures = damaged = 0
        broken = False
        packets = container.demux(streams)
        while True:
            try:
                packet = next(packets, None)
            except (av.FFmpegError, OSError):
                broken = True
                break
            if packet is None:
                break
            try:
                frames = packet.decode()
            except av.FFmpegError:
                damaged += 1
                continue
            for frame in frames:
                if isinstance(frame, av.AudioFrame):
                    if packet.stream == best:
                        pieces.append(one_channel(frame))
                        rate = frame.sample_rate
                elif isinstance(frame, av.VideoFrame):
                    pictures += 1
                    seen.update(np.ascontiguousarray(frame.to_ndarray()).tobytes())
    sound = _at_16_khz(pieces, rate)
    seconds = len(sound) / 16_000
    fault = ""
    if not len(sound) and not pictures:
        fault = "nothing in it can be decoded"
    elif damaged:
        fault = f"{damaged} damaged pieces in it"
    elif broken or (best is not None and length is not None and not pictures and seconds < length - slack):
        fault = f"breaks off after {seconds:.1f} s" + (f" of {length:.1f} s" if length else "")
    peak, mark = None, ""
    if len(sound):
        loudest = float(np.abs(sound).max())
        peak = 20 * float(np.log10(loudest)) if loudest else -np.inf
        mark = _mark(sound) if loudest else ""
    if pictures and not mark:
        mark = seen.hexdigest()
    return Look(fault=fault, seconds=seconds or length or 0.0, peak=peak, mark=mark)


def _cut(path: Path) -> Look | None:
    """What there is to say of a WAV file that ends before its header says."""
    from visavox.media.opening import cut_wav

    found = cut_wav(path)
    return None if found is None else Look(fault=f"breaks off after {found[0]:,} of {found[1]:,} bytes")


def _at_16_khz(pieces: list[NDArray[np.float32]], rate: int) -> NDArray[np.float32]:
    import soxr

    if not pieces:
        return np.zeros(0, dtype=np.float32)
    sound = np.concatenate(pieces)
    return sound if rate == 16_000 else np.asarray(soxr.resample(sound, rate, 16_000), dtype=np.float32)


def _table(path: Path) -> Look:
    """A table of values by picture: it must have a header, rows, and a last row that is whole."""
    rows = path.read_bytes().split(b"\n")
    rows = [row for row in rows if row.strip()]
    if len(rows) < 2:
        return Look(fault="no row in this table")
    if rows[-1].count(b",") != rows[0].count(b","):
        return Look(fault="breaks off in its last row")
    return Look(mark=hashlib.blake2b(b"\n".join(rows), digest_size=16).hexdigest())


def _packed(path: Path, quick: bool) -> Look:
    """Arrays of many clips in one file: its own checksums tell whether they are whole."""
    try:
        with zipfile.ZipFile(path) as packed:
            broken = None if quick else packed.testzip()
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        return Look(fault=f"no arrays can be read from it ({error})")
    return Look(fault=f"{broken} in it is damaged" if broken else "")


def look_at_arrays(clip: Clip) -> Look:
    """What there is in a clip that came as arrays, or whose pictures lie in files that are no recordings."""
    try:
        values = next(
            filter(lambda v: v is not None, (clip.faces, clip.pictures, clip.mesh, clip.joints, clip.voice)), None
        )
    except (DataError, InputError) as error:
        return Look(fault=str(error))
    if values is None or not values.size:
        return Look(fault="nothing in it")
    if values.min() == values.max():
        return Look(mark=BLANK)
    return Look(mark=_mark(values))


def _mark(values: NDArray[np.generic]) -> str:
    return hashlib.blake2b(np.ascontiguousarray(values).tobytes(), digest_size=16).hexdigest()
