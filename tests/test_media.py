"""Reading recordings: a flash and a beep land where they were made, whatever the container does to its clocks."""

from __future__ import annotations

import struct
import threading
import tracemalloc
import wave
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from visavox import media
from visavox.errors import InputError, OptionError
from visavox.media.sound import one_channel

FRAME = 0.04


def write_clip(
    path: Path,
    *,
    times: Sequence[float] = (),
    flash: float = -1.0,
    sounds: Sequence[tuple[float, NDArray[np.float32]]] = (),
    rate: int = 16_000,
    codecs: tuple[str, str] = ("mpeg4", "pcm_s16le"),
    size: tuple[int, int] = (64, 48),
    layout: str = "mono",
    pixel_shape: Fraction | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    """A clip with a dark picture at each of `times` (white from `flash` on), and sounds, each from its time on."""
    even = all(abs(time * 25 - round(time * 25)) < 1e-6 for time in times)
    base = Fraction(1, 25 if even else 1000)
    with av.open(str(path), "w", options=options or {}) as container:
        packets = []
        if times:
            video = container.add_stream(codecs[0], rate=25)
            video.width, video.height = size
            video.pix_fmt = "yuv420p"
            video.codec_context.time_base = video.time_base = base
            if pixel_shape is not None:
                video.codec_context.sample_aspect_ratio = pixel_shape
        if sounds:
            audio = container.add_stream(codecs[1], rate=rate, layout=layout)
            audio.time_base = Fraction(1, rate)
        for time in times:
            grey = 255 if 0 <= flash <= time + 1e-9 else 0
            frame = av.VideoFrame.from_ndarray(np.full((size[1], size[0], 3), grey, np.uint8), format="rgb24")
            frame.pts, frame.time_base = round(time / base), base
            packets += video.encode(frame)
        packets += video.encode(None) if times else []
        for begin, samples in sounds:
            step = audio.codec_context.frame_size or 1024
            for first in range(0, len(samples), step):
                piece = samples[first : first + step]
                packed = np.repeat(piece, audio.codec_context.channels)[None] * 32767
                frame = av.AudioFrame.from_ndarray(packed.astype(np.int16), format="s16", layout=layout)
                frame.sample_rate, frame.time_base = rate, Fraction(1, rate)
                frame.pts = round(begin * rate) + first
                packets += [made for part in _resampler(audio).resample(frame) for made in audio.encode(part)]
        packets += audio.encode(None) if sounds else []
        for packet in sorted(packets, key=lambda packet: packet.dts * packet.time_base):
            container.mux(packet)
    return path


def _resampler(stream: av.AudioStream) -> av.AudioResampler:
    context = stream.codec_context
    return av.AudioResampler(format=context.format, layout=context.layout, rate=context.sample_rate)


def beep(seconds: float, at: float, *, rate: int = 16_000) -> NDArray[np.float32]:
    """Silence, and 0.2 s of 440 Hz from `at` on."""
    clock = np.arange(round(seconds * rate)) / rate
    return (0.5 * np.sin(2 * np.pi * 440 * (clock - at)) * ((clock >= at) & (clock < at + 0.2))).astype(np.float32)


def onset(samples: NDArray[np.float32]) -> float:
    """When a beep begins, in seconds."""
    return float(np.argmax(np.abs(samples) > 0.3 * np.abs(samples).max())) / media.SOUND_RATE


def steps(seconds: float, step: float = FRAME) -> list[float]:
    return [round(index * step, 3) for index in range(round(seconds / step))]


def write_wav(path: Path, samples: NDArray[np.generic], *, rate: int = 16_000) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        file.setsampwidth(samples.dtype.itemsize)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return path


def write_picture(path: Path, pixels: NDArray[np.uint8], codec: str, pixel_format: str = "rgb24") -> Path:
    """One encoded picture, as a camera writes it: no container."""
    context = av.CodecContext.create(codec, "w")
    context.width, context.height, context.pix_fmt = pixels.shape[1], pixels.shape[0], pixel_format
    context.time_base = Fraction(1, 25)
    frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format=pixel_format)
    path.write_bytes(b"".join(bytes(packet) for packet in [*context.encode(frame), *context.encode(None)]))
    return path


def corner() -> NDArray[np.uint8]:
    """A dark picture, 60 wide and 40 high, whose upper left quarter is white."""
    pixels = np.zeros((40, 60, 3), np.uint8)
    pixels[:20, :30] = 255
    return pixels


def bright_corner(pixels: NDArray[np.uint8]) -> str:
    halves = pixels[: len(pixels) // 2].mean() > pixels[len(pixels) // 2 :].mean()
    left = pixels[:, : pixels.shape[1] // 2].mean() > pixels[:, pixels.shape[1] // 2 :].mean()
    return f"{'upper' if halves else 'lower'} {'left' if left else 'right'}"


# --- the clock


@pytest.mark.parametrize(
    ("name", "codecs", "rate"),
    [
        ("clip.mp4", ("libx264", "aac"), 44_100),
        ("clip.mov", ("mpeg4", "pcm_s16le"), 48_000),
        ("clip.mkv", ("libx264", "flac"), 22_050),
        ("clip.avi", ("mpeg4", "libmp3lame"), 44_100),
        ("clip.webm", ("libvpx", "libopus"), 48_000),
        ("clip.mpg", ("mpeg1video", "mp2"), 44_100),
        ("clip.ts", ("libx264", "aac"), 48_000),
    ],
)
def test_a_flash_and_a_beep_land_where_they_were_made(
    tmp_path: Path, name: str, codecs: tuple[str, str], rate: int
) -> None:
    path = write_clip(
        tmp_path / name,
        times=steps(2),
        flash=1.0,
        sounds=[(0, beep(2, 1.5, rate=rate))],
        codecs=codecs,
        rate=rate,
    )
    with media.open_recording(path) as recording:
        items = list(recording.read(every=0))
    assert recording.status == "complete"
    assert recording.until == pytest.approx(2.0, abs=0.1)
    assert [item.time for item in items] == sorted(item.time for item in items)
    pictures = [item for item in items if isinstance(item, media.Picture)]
    bright = next(item.time for item in pictures if item.pixels.mean() > 128)
    sound = np.concatenate([item.samples for item in items if isinstance(item, media.Sound)])
    # The coder's own delay at the beginning (some 25 ms) is in the clock where the container has no word for it.
    delay = 0.03 if name.endswith(("avi", "mpg", "ts")) else 0.0
    assert bright == pytest.approx(1.0, abs=FRAME + 1e-3)
    assert onset(sound) == pytest.approx(1.5, abs=0.01 + delay)
    assert onset(sound) - bright == pytest.approx(0.5, abs=FRAME + 0.01)


def test_sound_that_starts_late_is_silent_until_then(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "late.mkv", times=steps(2), sounds=[(0.5, beep(1.5, 0.25))])
    with media.open_recording(path) as recording:
        blocks = [item for item in recording.read() if isinstance(item, media.Sound)]
    assert blocks[0].time == 0.0
    assert onset(np.concatenate([block.samples for block in blocks])) == pytest.approx(0.75, abs=0.002)


def test_pictures_that_start_late_keep_their_time(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "late.mkv", times=[0.5 + time for time in steps(1)], sounds=[(0, beep(1.5, 0.25))])
    times, _ = media.read_pictures(path, every=0)
    assert times[0] == pytest.approx(0.5, abs=0.002)
    assert onset(media.read_sound(path)) == pytest.approx(0.25, abs=0.002)


def test_the_clock_begins_with_the_first_picture_or_sample(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "shifted.mkv", times=[7 + time for time in steps(1)], sounds=[(7.2, beep(1, 0.5))])
    times, _ = media.read_pictures(path, every=0)
    assert times[0] == 0.0
    assert onset(media.read_sound(path)) == pytest.approx(0.7, abs=0.002)


def test_pictures_come_at_their_own_times_when_the_rate_changes(tmp_path: Path) -> None:
    made = [0.0, 0.04, 0.08, 0.5, 0.52, 1.3, 1.31, 1.32, 1.9]
    path = write_clip(tmp_path / "variable.mkv", times=made)
    times, pictures = media.read_pictures(path, every=0)
    assert times == pytest.approx(made, abs=0.001)
    assert pictures[0].shape == (48, 64, 3)


def test_one_picture_is_taken_at_or_after_each_multiple(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mkv", times=steps(1))
    assert media.read_pictures(path, every=0.1)[0] == pytest.approx(
        [0, 0.12, 0.2, 0.32, 0.4, 0.52, 0.6, 0.72, 0.8, 0.92]
    )
    assert media.read_pictures(path, every=0.5)[0] == pytest.approx([0, 0.52])
    assert len(media.read_pictures(path, every=0)[0]) == 25


def test_a_hole_in_the_sound_is_filled_and_an_overlap_cut(tmp_path: Path) -> None:
    with_hole = write_clip(tmp_path / "hole.mkv", sounds=[(0, beep(1, 0.5)), (3, beep(1, 0.5))])
    sound = media.read_sound(with_hole)
    assert len(sound) == pytest.approx(4 * 16_000, abs=16)
    assert onset(sound) == pytest.approx(0.5, abs=0.002)
    assert onset(sound[32_000:]) == pytest.approx(1.5, abs=0.002)
    assert np.abs(sound[17_000:47_000]).max() < 1e-3
    overlapping = write_clip(tmp_path / "overlap.mkv", sounds=[(0, beep(0.96, 0.5)), (0.9, beep(1, 0.5))])
    assert onset(media.read_sound(overlapping)[16_000:]) == pytest.approx(0.4, abs=0.002)


def test_time_stamps_that_shake_change_nothing(tmp_path: Path) -> None:
    sound = beep(2, 1.5)
    pieces = [
        (first / 16_000 + (0.02 if first else 0), sound[first : first + 4000]) for first in range(0, 32_000, 4000)
    ]
    shaken = media.read_sound(write_clip(tmp_path / "shaken.mkv", sounds=pieces))
    assert np.abs(shaken - sound).max() < 1e-3


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rate=st.sampled_from([8000, 11_025, 16_000, 22_050, 44_100, 48_000]),
    holes=st.lists(st.floats(0.1, 1.5), min_size=1, max_size=3),
)
def test_counting_samples_tells_the_time(tmp_path: Path, rate: int, holes: list[float]) -> None:
    pieces, begin = [], 0.0
    for hole in holes:
        pieces.append((begin, beep(0.5, 0.25, rate=rate)))
        begin += 0.5 + hole
    with media.open_recording(write_clip(tmp_path / "holes.mkv", sounds=pieces, rate=rate)) as recording:
        blocks = [item for item in recording.read() if isinstance(item, media.Sound)]
    lengths = np.cumsum([0, *(len(block.samples) for block in blocks)])
    assert [block.time for block in blocks] == pytest.approx(lengths[:-1] / media.SOUND_RATE)
    sound = np.concatenate([block.samples for block in blocks])
    for begin, _ in pieces:
        here = round(begin * media.SOUND_RATE)
        assert onset(sound[here : here + 8000]) == pytest.approx(0.25, abs=0.002)


# --- parts


@pytest.fixture(scope="module", params=[("long.mp4", ("libx264", "aac")), ("long.mkv", ("mpeg4", "flac"))], ids=str)
def long_clip(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    name, codecs = request.param
    sound = sum(np.roll(beep(12, 0.1, rate=44_100), 44_100 * second) for second in range(12))
    path = tmp_path_factory.mktemp("long") / name
    return write_clip(path, times=steps(12), flash=9.0, sounds=[(0, sound)], rate=44_100, codecs=codecs)


@pytest.mark.parametrize(("start", "end"), [(1.0, 2.0), (8.21, 9.5), (10.0, None)])
def test_a_part_is_what_lies_in_the_whole(long_clip: Path, start: float, end: float | None) -> None:
    whole, part = media.read_sound(long_clip), media.read_sound(long_clip, start, end)
    first = round(start * media.SOUND_RATE)
    wanted = whole[first : None if end is None else round(end * media.SOUND_RATE)]
    if long_clip.suffix == ".mp4":
        assert np.abs(part - wanted).max() < 1e-3
    else:  # Matroska rounds time stamps to milliseconds, so a part may lie half of one beside the whole
        assert len(part) == pytest.approx(len(wanted), abs=16)
        assert onset(part) == pytest.approx(onset(wanted), abs=0.001)
    times, pictures = media.read_pictures(long_clip, start, end, every=0)
    all_times, all_pictures = media.read_pictures(long_clip, every=0)
    inside = [index for index, time in enumerate(all_times) if start <= time < (end or np.inf)]
    assert times.tolist() == all_times[inside].tolist()
    assert all(np.array_equal(one, all_pictures[two]) for one, two in zip(pictures, inside, strict=True))


def test_a_part_after_the_end_is_refused(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "short.mkv", times=steps(1))
    with pytest.raises(InputError, match=r"begins at 60 s, but the recording lasts 1\.0"):
        media.open_recording(path, start=60)


@pytest.mark.parametrize(("start", "end"), [(-1.0, None), (2.0, 1.0), (float("nan"), None), (0.0, 0.0)])
def test_a_part_that_is_none_is_refused(start: float, end: float | None) -> None:
    with pytest.raises(OptionError, match="expected seconds"):
        media.open_recording("any.mp4", start, end)


# --- kinds of pictures


def test_a_turned_video_is_read_upright(tmp_path: Path) -> None:
    path = tmp_path / "turned.mp4"
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=25)
        video.width, video.height, video.pix_fmt = 60, 40, "yuv420p"
        for _ in range(5):
            container.mux(video.encode(av.VideoFrame.from_ndarray(corner(), format="rgb24")))
        container.mux(video.encode(None))
    # The track's matrix, as phones write it: a quarter clockwise.
    data = path.read_bytes()
    place = data.index(b"tkhd") + 4 + 40
    matrix = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 40 << 16, 0, 1 << 30)
    path.write_bytes(data[:place] + matrix + data[place + 36 :])
    picture = media.read_pictures(path)[1][0]
    assert picture.shape == (60, 40, 3)
    assert bright_corner(picture) == "upper right"


@pytest.mark.parametrize(
    ("orientation", "where"), [(1, "upper left"), (3, "lower right"), (6, "upper right"), (8, "lower left")]
)
def test_a_photograph_is_read_upright(tmp_path: Path, orientation: int, where: str) -> None:
    path = write_picture(tmp_path / "photo.jpg", corner(), "mjpeg", "yuvj420p")
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0" + struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0) + bytes(4)
    data = path.read_bytes()
    path.write_bytes(data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:])
    with media.open_recording(path) as recording:
        (picture,) = recording.read()
    assert isinstance(picture, media.Picture)
    assert bright_corner(picture.pixels) == where


def test_pixels_that_are_not_square_are_made_so(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "wide.mkv", times=steps(0.2), pixel_shape=Fraction(3, 2))
    assert media.read_pictures(path)[1][0].shape == (48, 96, 3)


@pytest.mark.parametrize(
    ("name", "codec", "pixel_format"),
    [
        ("a.png", "png", "rgb24"),
        ("a.jpg", "mjpeg", "yuvj420p"),
        ("a.bmp", "bmp", "bgr24"),
        ("a.webp", "libwebp", "yuv420p"),
    ],
)
def test_a_still_picture_is_a_recording_of_one_picture(
    tmp_path: Path, name: str, codec: str, pixel_format: str
) -> None:
    with media.open_recording(write_picture(tmp_path / name, corner(), codec, pixel_format)) as recording:
        (picture,) = recording.read()
    assert recording.is_still
    assert recording.has_pictures
    assert not recording.has_sound
    assert (recording.duration, recording.until, recording.status) == (0.0, 0.0, "complete")
    assert isinstance(picture, media.Picture)
    assert (picture.time, picture.pixels.shape, bright_corner(picture.pixels)) == (0.0, (40, 60, 3), "upper left")


def test_a_moving_gif_is_a_video_and_one_that_does_not_move_a_picture(tmp_path: Path) -> None:
    for name, times in (("moving.gif", steps(1, 0.1)), ("still.gif", [0.0])):
        with av.open(str(tmp_path / name), "w") as container:
            stream = container.add_stream("gif", rate=10)
            stream.width, stream.height, stream.pix_fmt = 64, 48, "rgb8"
            for index, _ in enumerate(times):
                pixels = np.full((48, 64, 3), 20 * index, np.uint8)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="rgb8")))
            container.mux(stream.encode(None))
    with media.open_recording(tmp_path / "moving.gif") as moving, media.open_recording(tmp_path / "still.gif") as still:
        assert [item.time for item in moving.read()] == pytest.approx(steps(1, 0.1))
        assert (moving.is_still, still.is_still) == (False, True)


def test_a_cover_is_no_video(tmp_path: Path) -> None:
    song = write_clip(
        tmp_path / "song.mp3", sounds=[(0, beep(1, 0.5, rate=44_100))], rate=44_100, codecs=("", "libmp3lame")
    )
    cover = write_picture(tmp_path / "cover.png", corner(), "png").read_bytes()
    frame = b"\0image/png\0\x03\0" + cover
    frame = b"APIC" + struct.pack(">IH", len(frame), 0) + frame
    size = bytes((len(frame) >> shift) & 127 for shift in (21, 14, 7, 0))
    song.write_bytes(b"ID3\x03\0\0" + size + frame + song.read_bytes())
    with media.open_recording(song) as recording:
        assert [stream["kind"] for stream in recording.streams] == ["audio", "cover"]
        assert (recording.has_pictures, recording.has_sound, recording.is_still) == (False, True, False)
        assert all(isinstance(item, media.Sound) for item in recording.read())


# --- kinds of sound


def test_sound_of_any_kind_becomes_one_channel_at_16_khz(tmp_path: Path) -> None:
    clock = np.arange(16_000) / 16_000
    wanted = 0.5 * np.sin(2 * np.pi * 300 * clock)
    telephone = (0.5 * np.sin(2 * np.pi * 300 * np.arange(8000) / 8000) * 127 + 128).astype(np.uint8)
    heard = media.read_sound(write_wav(tmp_path / "telephone.wav", telephone, rate=8000))
    assert np.abs(heard - wanted)[800:-800].max() < 0.02
    stereo = np.stack([wanted, np.zeros(16_000)], axis=1)
    heard = media.read_sound(write_wav(tmp_path / "stereo.wav", (stereo * 32_767).astype(np.int16)))
    assert np.abs(heard - wanted / 2).max() < 1e-3


def test_in_surround_sound_the_bass_is_left_out_and_the_centre_counts_most() -> None:
    levels = {}
    for channel, name in enumerate(("FL", "FR", "FC", "LFE", "BL", "BR")):
        samples = np.zeros((6, 100), np.float32)
        samples[channel] = 0.5
        levels[name] = float(one_channel(av.AudioFrame.from_ndarray(samples, format="fltp", layout="5.1")).max())
    assert levels["LFE"] == 0
    assert levels["FC"] == max(levels.values())
    assert sum(levels.values()) == pytest.approx(0.5)


def test_a_file_without_sound_or_pictures_gives_none(tmp_path: Path) -> None:
    silent = write_clip(tmp_path / "silent.mkv", times=steps(0.4))
    assert media.read_sound(silent).shape == (0,)
    blind = write_wav(tmp_path / "blind.wav", np.zeros(1600, np.int16))
    times, pictures = media.read_pictures(blind)
    assert (len(times), pictures) == (0, [])


# --- what can go wrong


def test_a_recording_that_breaks_off_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).uniform(-0.3, 0.3, 10 * 16_000).astype(np.float32)
    for name, options in (("a.mkv", {}), ("a.mp4", {"movflags": "faststart"}), ("a.avi", {})):
        codecs = ("mpeg4", "aac" if name.endswith("mp4") else "pcm_s16le")
        path = write_clip(tmp_path / name, times=steps(10), sounds=[(0, noise)], codecs=codecs, options=options)
        data = path.read_bytes()
        with media.open_recording(path) as recording:
            assert sum(1 for _ in recording.read()) > 100
            assert (recording.status, round(recording.until)) == ("complete", 10)
        path.write_bytes(data[: len(data) * 6 // 10])
        with media.open_recording(path) as recording:
            items = list(recording.read())
        assert recording.status == "truncated", name
        assert 3 < recording.until < 9
        assert {type(item) for item in items} == {media.Picture, media.Sound}


def _text(path: Path) -> None:
    path.write_text("Dear diary, today I felt fine.\n" * 50)


def _nothing(path: Path) -> None:
    path.write_bytes(b"")


def _folder(path: Path) -> None:
    path.mkdir()


def _noise(path: Path) -> None:
    path.write_bytes(np.random.default_rng(0).bytes(100_000))


def _half(path: Path) -> None:
    whole = write_clip(path.with_name("whole.mp4"), times=steps(1))
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])


def _speck(path: Path) -> None:
    write_picture(path, np.zeros((1, 1, 3), np.uint8), "png")


def _bomb(path: Path) -> None:
    size = struct.pack(">II", 40_000, 40_000)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + size + b"\x08\x02\0\0\0" + bytes(400))


def _subtitles(path: Path) -> None:
    path.write_bytes(b"\x1aE\xdf\xa3" + bytes(300))


@pytest.mark.parametrize(
    ("name", "make", "says"),
    [
        ("missing.mp4", lambda path: None, "no such file"),
        ("folder.mp4", _folder, "a folder; name the recordings in it"),
        ("empty.mp4", _nothing, "the file is empty"),
        ("diary.mp4", _text, "text, not a recording"),
        ("diary.txt", _text, "text, not a recording"),
        ("diary.jpg", _text, "text, not a recording"),
        ("noise.mp4", _noise, "finds no recording in it"),
        ("half.mp4", _half, "not complete"),
        ("speck.png", _speck, "1 x 1 pixels"),
        ("bomb.png", _bomb, "."),
        ("subtitles.mkv", _subtitles, "."),
    ],
)
def test_what_is_no_recording_is_refused_in_one_sentence(
    tmp_path: Path, name: str, make: Callable[[Path], None], says: str
) -> None:
    path = tmp_path / name
    make(path)
    with pytest.raises(InputError) as caught:
        media.open_recording(path)
    assert str(caught.value).startswith(str(path))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["list.m3u8", "list.mp4"])
@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1,\n{0}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile '{0}'\n",
        "[playlist]\nFile1={0}\n",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
    ],
)
def test_a_playlist_is_not_followed(tmp_path: Path, name: str, text: str) -> None:
    secret = write_wav(tmp_path / "secret.wav", np.zeros(16_000, np.int16))
    path = tmp_path / name
    path.write_text(text.format(secret))
    with pytest.raises(InputError, match="a playlist, which is not followed"):
        media.open_recording(path)


def test_a_playlist_in_disguise_is_not_followed_either(tmp_path: Path) -> None:
    write_wav(tmp_path / "secret.wav", np.zeros(16_000, np.int16))
    path = tmp_path / "list.ffconcat"
    path.write_bytes(b"\0ffconcat version 1.0\nfile 'secret.wav'\n")
    with pytest.raises(InputError):
        media.open_recording(path)


def test_an_unknown_option_is_refused(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mkv", times=steps(0.2))
    with media.open_recording(path) as recording, pytest.raises(OptionError, match="every"):
        recording.read(every=-1)


# --- manners


def test_who_stops_early_leaves_no_thread_behind(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mkv", times=steps(8), sounds=[(0, beep(8, 1))])
    before = threading.active_count()
    with media.open_recording(path) as recording:
        for item in recording.read(every=0):
            if item.time > 1:
                break
    assert threading.active_count() == before
    reader = media.open_recording(path).read(every=0)
    next(reader)
    del reader
    assert threading.active_count() == before


def test_a_recording_can_be_read_twice_with_the_same_result(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mkv", times=steps(1), sounds=[(0, beep(1, 0.5))])
    with media.open_recording(path) as recording:
        once, again = ([item.time for item in recording.read()] for _ in range(2))
    assert once == again


def test_what_there_is_can_be_told(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mkv", times=steps(2), sounds=[(0, beep(2, 0.5))])
    with media.open_recording(path) as recording:
        picture, sound = recording.streams
    assert (picture["kind"], picture["codec"], picture["width"], picture["height"]) == ("video", "mpeg4", 64, 48)
    assert (sound["kind"], sound["codec"], sound["rate"], sound["channels"]) == ("audio", "pcm_s16le", 16_000, 1)
    assert picture["used"]
    assert sound["used"]
    assert recording.duration == pytest.approx(2, abs=0.1)


def test_a_wav_file_that_ends_before_its_header_says_breaks_off(tmp_path: Path) -> None:
    """FFmpeg takes the file's end for the sound's; the header knows better, unless its writer could not go back."""
    whole = write_wav(tmp_path / "whole.wav", np.zeros(16_000, np.int16)).read_bytes()
    streamed = whole[:4] + b"\xff\xff\xff\xff" + whole[8:40] + b"\xff\xff\xff\xff" + whole[44:]
    for name, data, status in (
        ("whole", whole, "complete"),
        ("half", whole[:16_000], "truncated"),
        ("streamed", streamed, "complete"),
    ):
        path = tmp_path / f"{name}.wav"
        path.write_bytes(data)
        with media.open_recording(path) as recording:
            sound = sum(len(item.samples) for item in recording.read() if isinstance(item, media.Sound))
        assert (recording.status, sound) == (status, 16_000 if name != "half" else (16_000 - 44) // 2), name
    with media.open_recording(tmp_path / "half.wav", end=0.2) as recording:
        assert list(recording.read()) and recording.status == "complete", "all of the part is there"


def test_memory_does_not_grow_with_the_recording(tmp_path: Path) -> None:
    peaks = []
    for seconds in (30, 300):
        path = write_clip(
            tmp_path / f"{seconds}.mkv", times=steps(seconds, 0.2), sounds=[(0, beep(seconds, 1, rate=8000))], rate=8000
        )
        with media.open_recording(path) as recording:
            tracemalloc.start()
            for _ in recording.read():
                pass
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0] + 500_000


# --- real files


@pytest.mark.slow
def test_real_recordings_are_read_to_their_end(data: Path) -> None:
    broken = {"sad.mp4"}  # its second half is missing in the corpus itself
    for path in [*(data / "media").iterdir(), *(data / "mead_samples").glob("*.mp4")]:
        if path.suffix in (".txt", ".csv") or path.name in ("talking_gesturing.mp4", "M030_sad_3_001.mp4"):
            continue  # the latter two are large and like others
        with media.open_recording(path) as recording:
            last = -1.0
            for item in recording.read():
                assert item.time >= last
                last = item.time
        assert recording.status == ("truncated" if path.name in broken else "complete"), path.name
        if not recording.is_still and path.name not in broken:
            assert recording.until == pytest.approx(recording.duration, abs=0.1), path.name
