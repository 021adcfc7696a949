"""The annotated video: pictures at their times, sound beside them, and what is drawn where people are."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from visavox import media
from visavox.errors import InputError, OptionError, OutputError
from visavox.formats import FORMATS, write
from visavox.formats.mp4 import LARGEST, SHOWN
from visavox.formats.video.hiding import hide
from visavox.formats.video.painting import Painter
from visavox.formats.video.panels import Panels, Said, middle, overlap, said, spot
from visavox.formats.video.places import BRIDGED, HELD, LONGEST_GAP, Places, between, head_of
from visavox.timeline import About, Segment, Speech, Timeline, TrackPoint

Pixels = NDArray[np.uint8]

STEADY = [index / 25 for index in range(25)]
TICK = 1.0 / 90_000


def scene(size: tuple[int, int], seed: int = 1) -> Pixels:
    """A picture with something to see everywhere: grey squares."""
    width, height = size
    squares = np.random.default_rng(seed).integers(30, 220, (height // 8 + 1, width // 8 + 1), np.uint8)
    return np.repeat(np.kron(squares, np.ones((8, 8), np.uint8))[:height, :width, None], 3, axis=2)


def film(
    path: Path,
    *,
    times: Sequence[float] = STEADY,
    size: tuple[int, int] = (320, 240),
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    sound: str = "",
    beep: float = 0.5,
    begins: float = 0.0,
    rate: int = 48_000,
) -> Path:
    """A recording of one scene; its sound is silence from `begins` on, with 0.2 s of 440 Hz at `beep`."""
    with av.open(str(path), "w") as container:
        packets = []
        if times:
            video = container.add_stream(codec, rate=25, options={"crf": "10"} if codec == "libx264" else {})
            video.width, video.height, video.pix_fmt = *size, pixel_format
            video.codec_context.time_base = video.time_base = Fraction(1, 1000)
        if sound:
            audio = container.add_stream(sound, rate=rate, layout="mono")
        for time in times:
            frame = av.VideoFrame.from_ndarray(scene(size), format="rgb24").reformat(format=pixel_format)
            frame.pts, frame.time_base = round(time * 1000), Fraction(1, 1000)
            packets += video.encode(frame)
        packets += video.encode(None) if times else []
        if sound:
            clock = begins + np.arange(round((max([*times, 1.0]) + 0.04 - begins) * rate)) / rate
            wave = 0.5 * np.sin(2 * np.pi * 440 * clock) * ((clock >= beep) & (clock < beep + 0.2))
            context = audio.codec_context
            resampler = av.AudioResampler(context.format, context.layout, context.sample_rate)
            step = context.frame_size or 1024
            for first in range(0, len(wave), step):
                samples = (wave[None, first : first + step] * 32767).astype(np.int16)
                piece = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
                piece.sample_rate, piece.time_base = rate, Fraction(1, rate)
                piece.pts = round(begins * rate) + first
                packets += [made for part in resampler.resample(piece) for made in audio.encode(part)]
            packets += audio.encode(None)
        for packet in sorted(packets, key=lambda packet: packet.dts * packet.time_base):
            container.mux(packet)
    return path


def onset(path: Path) -> float:
    samples = media.read_sound(path)
    return float(np.argmax(np.abs(samples) > 0.3 * np.abs(samples).max())) / media.SOUND_RATE


def codecs(path: Path) -> list[str]:
    with media.open_recording(path) as recording:
        return [stream["codec"] for stream in recording.streams]


def seen(box: tuple[float, float, float, float] = (120, 80, 60, 70), until: float = 1.0) -> Timeline:
    """Somebody who is happy and stays where they are."""
    moments = [round(0.2 * index, 1) for index in range(round(until / 0.2) + 1)]
    return Timeline(
        (Segment(0, until, "person-1", "face", (0.25, 0.75)),),
        ("neutral", "happy"),
        tracks=tuple(TrackPoint(time, "person-1", box) for time in moments),
    )


def body(**joints: tuple[float, float]) -> tuple[tuple[float, float, float], ...]:
    """Joints of which these are seen, by their numbers: ``j1=(x, y)``."""
    found = {int(name[1:]): place for name, place in joints.items()}
    return tuple((*found[place], 0.9) if place in found else (0.0, 0.0, 0.0) for place in range(25))


class TestTimes:
    @pytest.mark.parametrize("name", ["steady.mp4", "steady.mkv"])
    def test_pictures_keep_their_times(self, tmp_path: Path, name: str) -> None:
        source = film(tmp_path / name)
        made = media.read_pictures(write(seen(), tmp_path / "out.mp4", recording=source), every=0)[0]
        assert made == pytest.approx(media.read_pictures(source, every=0)[0], abs=TICK)

    def test_pictures_that_come_as_they_please_stay_so(self, tmp_path: Path) -> None:
        times = [0.0, 0.04, 0.08, 0.5, 0.52, 1.3, 1.31, 1.32, 1.9]
        source = film(tmp_path / "variable.mkv", times=times)
        made = media.read_pictures(write(seen(), tmp_path / "out.mp4", recording=source), every=0)[0]
        assert made == pytest.approx(times, abs=0.001)

    @pytest.mark.parametrize(
        ("name", "sound", "becomes"),
        [
            ("copied.mp4", "aac", "aac"),
            ("copied.mkv", "libmp3lame", "mp3"),
            ("made.mkv", "flac", "aac"),
            ("made.ts", "aac", "aac"),
            ("made.mov", "pcm_s16le", "aac"),
        ],
    )
    def test_a_beep_stays_beside_its_picture(self, tmp_path: Path, name: str, sound: str, becomes: str) -> None:
        source = film(tmp_path / name, sound=sound)
        made = write(seen(), tmp_path / "out.mp4", recording=source)
        assert codecs(made) == ["h264", becomes]
        assert onset(made) == pytest.approx(onset(source), abs=0.01)

    def test_sound_that_is_copied_is_the_same_to_the_sample(self, tmp_path: Path) -> None:
        source = film(tmp_path / "a.mp4", sound="aac")
        made = write(seen(), tmp_path / "out.mp4", recording=source)
        before, after = media.read_sound(source), media.read_sound(made)
        count = min(len(before), len(after))
        assert abs(len(before) - len(after)) < 0.1 * media.SOUND_RATE
        np.testing.assert_array_equal(before[:count], after[:count])

    @pytest.mark.parametrize("sound", ["aac", "flac"])
    def test_sound_that_begins_late_does_so_again(self, tmp_path: Path, sound: str) -> None:
        source = film(tmp_path / "late.mkv", sound=sound, begins=0.4, beep=0.7)
        made = write(seen(), tmp_path / "out.mp4", recording=source)
        assert onset(made) == pytest.approx(onset(source), abs=0.01)

    @pytest.mark.parametrize("sound", ["aac", "flac"])
    def test_of_a_timeline_of_a_part_the_part_is_shown(self, tmp_path: Path, sound: str) -> None:
        times = [index / 25 for index in range(75)]
        source = film(tmp_path / "long.mkv", times=times, sound=sound, beep=1.5)
        part = replace(seen(until=2.0), about=About(start=1.0, end=2.0))
        made = write(part, tmp_path / "out.mp4", recording=source)
        assert media.read_pictures(made, every=0)[0] == pytest.approx(STEADY, abs=0.001)
        assert onset(made) == pytest.approx(0.5, abs=0.03)
        assert len(media.read_sound(made)) == pytest.approx(media.SOUND_RATE, abs=0.1 * media.SOUND_RATE)

    def test_it_can_be_played_before_it_is_there_whole(self, tmp_path: Path) -> None:
        content = write(seen(), tmp_path / "out.mp4", recording=film(tmp_path / "a.mp4")).read_bytes()
        assert content.index(b"moov") < content.index(b"mdat")

    def test_the_same_gives_the_same(self, tmp_path: Path) -> None:
        source = film(tmp_path / "a.mp4", sound="aac")
        one, two = (write(seen(), tmp_path / name, recording=source) for name in ("1.mp4", "2.mp4"))
        assert one.read_bytes() == two.read_bytes()


class TestAnyRecording:
    @pytest.mark.parametrize(
        ("name", "codec", "pixel_format", "size"),
        [
            ("ten bits.mkv", "libx265", "yuv420p10le", (320, 240)),
            ("grey.mkv", "ffv1", "gray", (320, 240)),
            ("see-through.mov", "qtrle", "argb", (320, 240)),
            ("odd.mkv", "ffv1", "yuv444p", (321, 241)),
            ("tiny.mkv", "ffv1", "yuv420p", (16, 16)),
        ],
    )
    def test_pictures_of_any_kind(
        self, tmp_path: Path, name: str, codec: str, pixel_format: str, size: tuple[int, int]
    ) -> None:
        source = film(tmp_path / name, codec=codec, pixel_format=pixel_format, size=size, times=STEADY[:5])
        nobody = Timeline((), ("neutral",))
        made = media.read_pictures(write(nobody, tmp_path / "out.mp4", recording=source), every=0)[1]
        assert len(made) == 5
        assert made[0].shape == (size[1] + size[1] % 2, size[0] + size[0] % 2, 3)
        # Colours are those of the recording: what is grey stays as bright as it was.
        shown = made[0][: size[1], : size[0]].astype(float)
        assert abs(shown - scene(size)).mean() < 6

    def test_colours_stay(self, tmp_path: Path) -> None:
        pixels = np.zeros((240, 320, 3), np.uint8)
        pixels[:, :160], pixels[:, 160:] = (200, 40, 60), (30, 160, 220)
        Image.fromarray(pixels).save(tmp_path / "a.png")
        made = media.read_pictures(write(Timeline(()), tmp_path / "out.mp4", recording=tmp_path / "a.png"))[1][0]
        assert made[100, 80].tolist() == pytest.approx([200, 40, 60], abs=6)
        assert made[100, 240].tolist() == pytest.approx([30, 160, 220], abs=6)

    def test_a_still_picture_is_shown_for_three_seconds_with_what_was_seen(self, tmp_path: Path) -> None:
        Image.fromarray(scene((320, 240))).save(tmp_path / "a.png")
        still = replace(seen(), tracks=seen().tracks[:1])
        made = write(still, tmp_path / "out.mp4", recording=tmp_path / "a.png")
        times, pictures = media.read_pictures(made, every=0)
        assert times[-1] + times[1] == pytest.approx(SHOWN)
        assert abs(pictures[-1].astype(float) - scene((320, 240)))[78:83, 120:180].mean() > 20

    def test_sound_alone_gives_panels_on_a_ground(self, tmp_path: Path) -> None:
        source = film(tmp_path / "a.mka", times=(), sound="flac")
        heard = Timeline((Segment(0.5, 1, "person-1", "voice", (0.25, 0.75)),), ("neutral", "happy"))
        made = write(heard, tmp_path / "out.mp4", recording=source)
        times, pictures = media.read_pictures(made, every=0)
        assert pictures[0].shape == (720, 1280, 3)
        assert times[-1] == pytest.approx(1.0, abs=0.11)
        assert onset(made) == pytest.approx(0.5, abs=0.01)
        assert abs(pictures[2].astype(float) - pictures[-2]).max() > 100  # first the name alone, then bars

    def test_where_pictures_end_before_the_sound_the_last_one_stays_and_stays_hidden(self, tmp_path: Path) -> None:
        source = film(tmp_path / "a.mkv", times=STEADY[:2], sound="flac", beep=0.8)
        made = write(seen(), tmp_path / "out.mp4", recording=source, blur_faces=True)
        times, pictures = media.read_pictures(made, every=0)
        assert times[-1] > 0.9 and onset(made) == pytest.approx(0.8, abs=0.01)
        inside = pictures[-1][85:145, 125:175].astype(float)
        assert abs(np.diff(inside, axis=1)).mean() < 4

    def test_a_recording_that_breaks_off_gives_what_there_is(self, tmp_path: Path) -> None:
        source = film(tmp_path / "a.mkv", times=[index / 25 for index in range(50)], sound="flac")
        source.write_bytes(source.read_bytes()[: source.stat().st_size // 2])
        there = media.read_pictures(source, every=0)[0]
        made = write(seen(), tmp_path / "out.mp4", recording=source)
        assert 0 < len(there) < 50
        assert media.read_pictures(made, every=0)[0][: len(there)] == pytest.approx(there, abs=TICK)

    def test_a_picture_too_large_for_players_is_made_smaller_with_what_is_drawn(self, tmp_path: Path) -> None:
        size = (2 * LARGEST, 64)
        Image.new("RGB", size, (90, 90, 90)).save(tmp_path / "a.png")
        wide = Timeline((), ("sad",), tracks=(TrackPoint(0, "person-1", (4096, 8, 40, 40)),))
        made = media.read_pictures(write(wide, tmp_path / "out.mp4", recording=tmp_path / "a.png"))[1][0]
        assert made.shape == (32, LARGEST, 3)
        changed = np.flatnonzero((abs(made.astype(int) - 90) > 30).any(axis=(0, 2)))
        assert 2044 < changed.min() < 2052 and changed.max() < 2150  # the box, and beside it the name


class TestWhatIsDrawn:
    def paint(self, timeline: Timeline, time: float = 0.5, size: tuple[int, int] = (640, 360)) -> NDArray[np.float64]:
        """How much each pixel of a grey picture is changed."""
        image = Image.new("RGB", size, (90, 90, 90))
        Painter(timeline, size).paint(image, time)
        return np.abs(np.asarray(image).astype(float) - 90).max(axis=2)

    def test_a_box_and_beside_it_who_it_is_and_what_they_show(self) -> None:
        changed = self.paint(seen((200, 100, 80, 100)))
        assert changed[100, 205:275].min() > 30 and changed[105:195, 200].min() > 30
        assert changed[110:190, 210:270].max() == 0  # the face itself stays free
        assert changed[:, 290:].max() > 100  # the panel

    def test_in_gaps_nobody_is_drawn(self) -> None:
        points = (TrackPoint(0.0, "person-1", (200, 100, 80, 100)), TrackPoint(1.0, "person-1", (200, 100, 80, 100)))
        timeline = Timeline((), ("sad",), tracks=points)
        assert self.paint(timeline, 0.5).max() == 0
        assert self.paint(timeline, 0.0).max() > 30

    def test_limbs_are_drawn_between_joints_that_are_seen(self) -> None:
        joints = list(body(j1=(300, 150), j2=(260, 150), j3=(260, 250), j4=(330, 250)))
        joints[4] = (330, 250, 0.09)
        changed = self.paint(Timeline((), ("sad",), tracks=(TrackPoint(0.5, "person-1", None, (), tuple(joints)),)))
        assert changed[150, 265:295].min() > 30  # neck to shoulder
        assert changed[155:245, 260].min() > 30  # upper arm
        assert changed[248:253, 275:325].max() == 0  # the wrist is too unsure

    def test_without_a_face_the_name_stands_above_the_body(self) -> None:
        joints = body(j0=(300, 150), j1=(300, 190), j2=(270, 190), j5=(330, 190), j8=(300, 290))
        changed = self.paint(Timeline((), ("sad",), tracks=(TrackPoint(0.5, "person-1", None, (), joints),)))
        assert changed[:120].max() > 100

    def test_nobody_has_the_colour_of_another(self) -> None:
        points = tuple(TrackPoint(0.5, f"person-{n}", (60 + 150 * n, 100, 60, 60)) for n in (1, 2))
        image = Image.new("RGB", (640, 360), (90, 90, 90))
        Painter(Timeline((), ("sad",), tracks=points), image.size).paint(image, 0.5)
        assert image.getpixel((240, 100)) != image.getpixel((390, 100))

    def test_what_is_no_place_is_not_drawn(self) -> None:
        joints = (*body(j2=(10, 10))[:3], (math.nan, 5.0, 1.0), (1e12, 4.0, 1.0), *body()[5:])
        point = TrackPoint(0.5, "person-1", (math.nan, 0, 1, 1), ((math.inf, 0.0),) * 64, joints)
        assert self.paint(Timeline((), ("sad",), tracks=(point,))).max() >= 0

    def test_who_is_not_seen_is_told_of_while_there_is_something_to_tell(self) -> None:
        heard = Timeline((Segment(0, 0.6, "person-1", "voice", (1.0,)),), ("sad",))
        assert self.paint(heard, 0.5).max() > 100
        assert self.paint(heard, 0.7).max() == 0


class TestPlaces:
    def test_between_two_points_everything_goes_straight(self) -> None:
        one = TrackPoint(1.0, "a", (0, 0, 10, 20), ((0, 0), (4, 8)), body(j1=(0, 0), j2=(5, 5)))
        two = TrackPoint(1.2, "a", (4, 8, 10, 20), ((4, 4), (8, 8)), body(j1=(8, 4), j3=(7, 7)))
        half = between(one, two, 1.05)
        assert half.box == pytest.approx((1, 2, 10, 20))
        assert half.outline == (pytest.approx((1, 1)), pytest.approx((5, 8)))
        assert half.joints[1] == pytest.approx((2, 1, 0.9))
        assert half.joints[2] == pytest.approx((5, 5, 0.675))  # seen at first only: it stays, and fades
        assert half.joints[3] == pytest.approx((7, 7, 0.225))

    def test_what_one_point_lacks_is_shown_while_the_other_is_nearer(self) -> None:
        one, two = TrackPoint(1.0, "a", (0, 0, 10, 20)), TrackPoint(1.2, "a", None, (), body(j1=(8, 4)))
        assert between(one, two, 1.05).box == (0, 0, 10, 20) and between(one, two, 1.15).box is None

    def test_a_face_does_not_fly_across_a_cut(self) -> None:
        one, two = TrackPoint(1.0, "a", (0, 0, 10, 20)), TrackPoint(1.2, "a", (300, 0, 10, 20))
        assert between(one, two, 1.09).box == one.box and between(one, two, 1.11).box == two.box

    @pytest.mark.parametrize(("gap", "shown"), [(LONGEST_GAP, True), (LONGEST_GAP + 0.01, False)])
    def test_the_longest_gap(self, gap: float, shown: bool) -> None:
        points = (TrackPoint(1.0, "a", (0, 0, 9, 9)), TrackPoint(1.0 + gap, "a", (0, 0, 9, 9)))
        assert bool(Places(Timeline((), tracks=points)).at(1.3)) is shown

    def test_where_no_face_is_found_the_joints_say_where_the_head_is(self) -> None:
        head = head_of(TrackPoint(0, "a", None, (), body(j0=(100, 60), j1=(100, 100), j2=(60, 100), j5=(140, 100))))
        assert head is not None
        assert head[0] < 85 and head[2] > 115 and head[1] < 45 and head[3] > 75
        turned = head_of(TrackPoint(0, "a", None, (), body(j1=(100, 100), j2=(60, 100), j5=(140, 100), j8=(100, 220))))
        assert turned is not None and turned[1] < 60 and turned[3] > 80
        assert head_of(TrackPoint(0, "a", None, (), body(j10=(100, 100)))) is None


class TestHiding:
    def test_a_face_is_not_to_be_seen_and_the_rest_is(self, tmp_path: Path) -> None:
        size = (640, 480)
        source = film(tmp_path / "a.mp4", size=size)
        made = write(seen((100, 100, 80, 100)), tmp_path / "out.mp4", recording=source, blur_faces=True)
        pictures = media.read_pictures(made, every=0)[1]
        for picture in (pictures[0], pictures[12], pictures[-1]):
            difference = abs(picture.astype(float) - scene(size))
            face = np.s_[105:195, 105:175]
            assert difference[face].mean() > 25
            # Squares of eight pixels, whose brightness nothing foretells: of their differences next to nothing is left.
            was, is_ = (np.asarray(of, dtype=float)[face][4::8, 4::8, 0].ravel() for of in (scene(size), picture))
            assert is_.std() < 0.4 * was.std()
            assert difference[300:, :].mean() < 5

    @pytest.mark.parametrize(
        ("time", "hidden"),
        [(1.0 - HELD + 0.01, True), (1.0 - HELD - 0.01, False), (1.2 + HELD - 0.01, True), (2.0, False)],
    )
    def test_it_is_held_before_and_after_a_track(self, time: float, hidden: bool) -> None:
        points = tuple(TrackPoint(at, "a", (100, 100, 50, 50)) for at in (1.0, 1.2))
        assert bool(list(Places(Timeline((), tracks=points)).heads(time))) is hidden

    def test_faces_of_nobody_are_hidden_and_not_drawn(self) -> None:
        """Two at one moment, each by itself, for 0.3 s before and after."""
        points = (TrackPoint(1.0, "", (0, 0, 10, 10)), TrackPoint(1.0, "", (100, 0, 10, 10)))
        places = Places(Timeline((), tracks=points))
        assert places.at(1.0) == []
        assert [len(list(places.heads(time))) for time in (0.6, 0.8, 1.0, 1.3, 1.4)] == [0, 2, 2, 2, 0]
        assert sorted(box[0] < 50 for box in places.heads(1.0)) == [False, True]

    def test_between_points_all_is_hidden_that_the_head_passes(self) -> None:
        points = (TrackPoint(1.0, "a", (100, 100, 50, 50)), TrackPoint(1.0 + BRIDGED, "a", (200, 150, 50, 50)))
        (left, top, right, bottom), *more = Places(Timeline((), tracks=points)).heads(1.5)
        assert not more and left < 100 and top < 100 and right > 250 and bottom > 200

    @given(
        time=st.floats(0, 2),
        boxes=st.lists(st.tuples(st.floats(0, 500), st.floats(0, 300), st.floats(5, 90), st.floats(5, 90)), min_size=2),
    )
    def test_whatever_is_drawn_as_a_face_is_hidden(
        self, time: float, boxes: list[tuple[float, float, float, float]]
    ) -> None:
        points = tuple(TrackPoint(0.2 * place, "a", box) for place, box in enumerate(boxes))
        places = Places(Timeline((), tracks=points))
        for point in places.at(time):
            assert point.box is not None
            left, top, width, height = point.box
            regions = list(places.heads(time))
            assert any(
                region[0] <= left and region[1] <= top and region[2] >= left + width and region[3] >= top + height
                for region in regions
            )

    def test_where_a_face_is_half_outside_no_more_of_it_is_left(self) -> None:
        image = Image.fromarray(scene((320, 240)))
        hide(image, (-300.0, 50.0, 20.0, 370.0))
        left = np.asarray(image)[50:, :20].astype(float)
        assert abs(np.diff(left, axis=0)).max() < 8

    @pytest.mark.parametrize("region", [(-50, -50, -1, -1), (400, 10, 500, 20), (10, 10, 10, 10), (5, 5, 5.2, 5.2)])
    def test_a_region_outside_of_the_picture_changes_nothing_else(
        self, region: tuple[float, float, float, float]
    ) -> None:
        image = Image.fromarray(scene((320, 240)))
        hide(image, region)
        assert abs(np.asarray(image).astype(float) - scene((320, 240)))[8:].max() == 0

    def test_a_timeline_that_does_not_know_where_faces_are_is_refused(self, tmp_path: Path) -> None:
        unplaced = Timeline((Segment(0, 1, "person-1", "voice", (1.0,)),), ("sad",), About(file="a.mp4"))
        with pytest.raises(InputError, match=r"a\.mp4: where faces are is not in this timeline"):
            write(unplaced, tmp_path / "out.mp4", recording=film(tmp_path / "a.mp4"), blur_faces=True)

    def test_where_faces_were_looked_for_and_none_found_there_are_none_to_hide(self, tmp_path: Path) -> None:
        nobody = Timeline((), ("sad",), About(options={"face": "face"}))
        write(nobody, tmp_path / "out.mp4", recording=film(tmp_path / "a.mp4"), blur_faces=True)


sizes = st.integers(1, 400)
corners = st.floats(-200, 900)


class TestPanels:
    @given(
        size=st.tuples(sizes, sizes),
        bounds=st.tuples(sizes, sizes),
        head=st.none() | st.tuples(corners, corners, sizes, sizes),
        others=st.lists(st.tuples(corners, corners, sizes, sizes), max_size=4),
        above=st.booleans(),
    )
    def test_a_panel_is_inside_the_picture_or_not_there(
        self,
        size: tuple[int, int],
        bounds: tuple[int, int],
        head: tuple[float, float, int, int] | None,
        others: list[tuple[float, float, int, int]],
        above: bool,
    ) -> None:
        beside, *taken = (None if box is None else (box[0], box[1], box[0] + box[2], box[1] + box[3])
                          for box in (head, *others))  # fmt: skip
        place = spot(size, bounds, beside, [(box, 1.0) for box in taken if box is not None], above=above)
        if size[0] > bounds[0] or size[1] > bounds[1]:
            assert place is None
        else:
            assert place is not None
            assert 0 <= place.left <= bounds[0] - size[0] and 0 <= place.top <= bounds[1] - size[1]

    @given(size=st.tuples(sizes, sizes), bounds=st.tuples(sizes, sizes), count=st.integers(1, 9))
    def test_so_is_one_in_the_middle_and_none_covers_another(
        self, size: tuple[int, int], bounds: tuple[int, int], count: int
    ) -> None:
        places = [found for place in range(count) if (found := middle(size, bounds, place, count)) is not None]
        boxes = [(one.left, one.top, one.left + size[0], one.top + size[1]) for one in places]
        assert all(box[0] >= 0 and box[1] >= 0 and box[2] <= bounds[0] and box[3] <= bounds[1] for box in boxes)
        assert not any(overlap(one, two) for place, one in enumerate(boxes) for two in boxes[:place])

    def test_two_people_side_by_side_keep_off_each_other(self) -> None:
        left, right = (200.0, 100.0, 260.0, 170.0), (300.0, 100.0, 360.0, 170.0)
        one = spot((110, 60), (640, 360), left, [(right, 3.0)])
        assert one is not None and one.choice == "left"
        box = (one.left, one.top, one.left + 110, one.top + 60)
        two = spot((110, 60), (640, 360), right, [(left, 3.0), (box, 2.0)])
        assert two is not None and two.choice == "right"

    def test_a_panel_stays_where_it_is_unless_it_has_to_go(self) -> None:
        head = (200.0, 100.0, 260.0, 170.0)
        stays = spot((110, 60), (640, 360), head, (), before="left")
        goes = spot((110, 60), (640, 360), head, [((90.0, 100.0, 200.0, 170.0), 3.0)], before="left")
        assert stays is not None and stays.choice == "left"
        assert goes is not None and goes.choice == "right"

    def test_what_it_says(self) -> None:
        words = ("neutral", "happy", "sad", "angry")
        judged = Segment(0, 1, "a", "fused", (0.1, 0.2, 0.3, 0.4))
        nothing = Segment(0, 1, "a", "fused", (math.nan,) * 4, "nothing_to_fuse")
        blurred = Segment(0, 1, "a", "face", (math.nan,) * 4, "blurred")
        timeline = Timeline((), words)
        assert said(timeline, [judged], "fused") == ("fused", (("angry", 0.4), ("sad", 0.3), ("happy", 0.2)), "")
        assert said(timeline, [blurred, nothing], "fused") == ("face", (), "the face is too blurred to be judged")
        assert said(timeline, [], "fused") == ("", (), "")

    @given(
        letters=st.integers(8, 120),
        name=st.text(max_size=60),
        bars=st.lists(st.tuples(st.text(max_size=30), st.floats(0, 1)), max_size=3),
        reason=st.text(max_size=90),
    )
    def test_any_words_fit(self, letters: int, name: str, bars: list[tuple[str, float]], reason: str) -> None:
        what = Said(name, (255, 0, 0), "voice", tuple(bars), "" if bars else reason, speaking=True)
        panel, opacity = Panels(letters).of(what)
        assert panel.size == opacity.size and panel.width <= 10 * letters + 1

    def test_who_speaks_is_marked(self) -> None:
        talk = replace(seen((200, 100, 80, 100)), speech=(Speech(0.2, 0.4, "person-1", 0.9),))
        painter, pictures = Painter(talk, (640, 360)), []
        for time in (0.1, 0.3, 0.5):
            pictures.append(Image.new("RGB", (640, 360)))
            painter.paint(pictures[-1], time)
        silent, speaking, again = (np.asarray(picture) for picture in pictures)
        assert (silent != speaking).any() and (silent == again).all()


class TestWhatIsRefused:
    def test_no_recording(self, tmp_path: Path) -> None:
        with pytest.raises(OptionError, match=r"out\.mp4: a video is drawn over the recording .* name that"):
            write(seen(), tmp_path / "out.mp4")

    def test_the_recording_itself(self, tmp_path: Path) -> None:
        source = film(tmp_path / "a.mp4")
        before = source.read_bytes()
        with pytest.raises(OptionError, match="the recording itself"):
            write(seen(), source, recording=tmp_path / "x" / ".." / "a.mp4" if os.name == "nt" else source)
        assert source.read_bytes() == before

    def test_a_recording_of_another_size_or_length(self, tmp_path: Path) -> None:
        made = film(tmp_path / "a.mp4")
        with media.open_recording(made) as recording:
            about = About(file="a.mp4", duration=1.0, streams=tuple(recording.streams))
        timeline = replace(seen(), about=about)
        with pytest.raises(InputError, match=r"b\.mp4: not the recording .* 320 x 240, this one pictures of 160 x 120"):
            write(timeline, tmp_path / "out.mp4", recording=film(tmp_path / "b.mp4", size=(160, 120)))
        longer = film(tmp_path / "c.mp4", times=[index / 5 for index in range(20)])
        with pytest.raises(InputError, match=r"c\.mp4: not the recording .* lasts 1\.0 s, this one 3\.8 s"):
            write(timeline, tmp_path / "out.mp4", recording=longer)
        made.rename(tmp_path / "renamed.mp4")
        assert write(timeline, tmp_path / "out.mp4", recording=tmp_path / "renamed.mp4").exists()

    def test_what_is_no_recording(self, tmp_path: Path) -> None:
        (tmp_path / "a.mp4").write_text("words")
        with pytest.raises(InputError, match=r"a\.mp4: text, not a recording"):
            write(seen(), tmp_path / "out.mp4", recording=tmp_path / "a.mp4")
        with pytest.raises(InputError, match="no such file"):
            write(seen(), tmp_path / "out.mp4", recording=tmp_path / "none.mp4")
        assert not list(tmp_path.glob(".visavox*"))

    def test_a_place_that_cannot_be_written(self, tmp_path: Path) -> None:
        source = film(tmp_path / "a.mp4")
        (tmp_path / "file").write_text("")
        (tmp_path / "folder.mp4").mkdir()
        for place in (tmp_path / "file" / "out.mp4", tmp_path / "folder.mp4"):
            with pytest.raises(OutputError, match="cannot be written"):
                write(seen(), place, recording=source)

    def test_hiding_faces_where_none_are_shown(self, tmp_path: Path) -> None:
        with pytest.raises(OptionError, match="csv file shows no faces"):
            write(seen(), tmp_path / "out.csv", blur_faces=True)

    def test_its_name_in_a_folder_is_never_that_of_the_recording(self) -> None:
        assert FORMATS[".mp4"].file_ending == ".annotated.mp4"
