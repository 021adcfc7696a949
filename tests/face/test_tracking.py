"""Faces keep their numbers while they stay in sight."""

from __future__ import annotations

import numpy as np
import pytest

from visavox.errors import OptionError
from visavox.face.tracking import FaceTracker
from visavox.media import read_pictures

pytestmark = pytest.mark.usefixtures("weights")

EVERY = 0.1


def follow(pictures, **options):
    """The tracks of each picture, ten a second."""
    tracker = FaceTracker(**options)
    return [[face.track for face in tracker.update(index * EVERY, pixels)] for index, pixels in enumerate(pictures)]


@pytest.fixture(scope="module")
def scene(portrait):
    """A picture with the portrait's face 70 pixels to the right of each of some places."""

    def at(*places):
        picture = np.tile(portrait[:250, 330:340].mean(axis=1, keepdims=True).astype(np.uint8), (1, 640, 1))
        for across in places:
            left, right = max(across, 0), min(across + 160, 640)
            picture[:, left:right] = portrait[:250, 150 + left - across : 150 + right - across]
        return picture

    return at


def test_a_face_that_moves_is_one_track(scene):
    places = list(range(20, 400, 20))
    tracker = FaceTracker()
    for index, across in enumerate(places):
        (face,) = tracker.update(index * EVERY, scene(across))
        assert face.track == 1
        assert face.time == index * EVERY
        assert face.points.shape == (468, 3)
        assert face.points.dtype == np.float32
        assert face.score > 0.9
        left, top, width, height = face.box
        assert left + width / 2 == pytest.approx(across + 75, abs=15)
        assert top + height / 2 == pytest.approx(124, abs=15)


def test_two_faces_are_two_tracks_all_along(scene):
    assert follow([scene(40 + 4 * step, 440 - 4 * step) for step in range(12)]) == [[1, 2]] * 12


def test_only_as_many_as_wanted(scene):
    assert follow([scene(40, 440)] * 3, most=1) == [[1]] * 3


def test_who_comes_in_later_is_found_at_the_next_search(scene):
    found = follow([scene(40, across) for across in range(640, 400, -20)], every=0.5)
    assert found[:5] == [[1]] * 5
    assert found[-1] == [1, 2]


def test_a_hand_before_the_face_does_not_make_a_new_person(scene):
    hidden = scene(200)
    hidden[60:190, 210:340] = 120
    found = follow([scene(200)] * 3 + [hidden] * 3 + [scene(200)] * 3)
    assert found[:3] == [[1]] * 3
    assert found[4] == []
    assert found[-1] == [1]


def test_who_comes_back_much_later_has_a_new_number(scene):
    away = scene()
    assert follow([scene(200)] * 2 + [away] * 15 + [scene(200)] * 2)[-1] == [2]


def test_a_cut_ends_all_tracks(scene):
    """The same place in the picture, but in another light: nobody knows whether it is the same person."""
    bright = (255 - (255 - scene(200).astype(int)) // 2).astype(np.uint8)
    assert follow([scene(200)] * 3 + [bright] * 3) == [[1]] * 3 + [[2]] * 3


def test_leaving_the_picture_ends_a_track(scene):
    found = follow([scene(across) for across in range(300, 660, 20)])
    assert found[0] == [1]
    assert found[-1] == []


def test_nobody_is_seen_in_noise():
    noise = np.random.default_rng(0).integers(0, 256, (5, 200, 300, 3), dtype=np.uint8)
    assert follow(noise) == [[]] * 5


def test_pictures_may_change_their_size(scene):
    """Some recordings do; it counts as a cut."""
    assert follow([scene(200), scene(200)[:, 100:500]]) == [[1], [2]]


def test_bad_options_say_what_is_expected():
    with pytest.raises(OptionError, match="Bad value 0 for most: expected 1 face or more"):
        FaceTracker(most=0)
    with pytest.raises(OptionError, match=r"Bad value 0\.0 for every: expected seconds above 0"):
        FaceTracker(every=0.0)


@pytest.mark.parametrize(
    ("name", "people", "share"),
    [
        ("no_face_animation.mp4", 0, 0.0),  # an animated title
        ("two_people_split_screen.mp4", 2, 1.0),  # and a small grey head of plaster, which is nobody
        ("grid_bbaf2n.mpg", 1, 1.0),
        ("makeup_hand_over_face.avi", 1, 0.95),  # a hand before the face
        ("phone_face_then_noface.mov", 1, 0.37),  # a cut to pictures without a face after 2.4 of 6.4 s
        ("sign_gesture_silent.mkv", 1, 1.0),  # a small face far away
        ("portrait_official.jpg", 1, 1.0),
    ],
)
def test_real_recordings(data, name, people, share):
    """How many people there are, and in what part of the pictures each of them is seen."""
    times, pictures = read_pictures(data / "media" / name, 0, None, EVERY)
    tracker = FaceTracker()
    seen = {}
    for time, pixels in zip(times, pictures, strict=True):
        for face in tracker.update(float(time), pixels):
            seen[face.track] = seen.get(face.track, 0) + 1
    assert len(seen) == people
    for count in seen.values():
        assert count / len(pictures) == pytest.approx(share, abs=0.05)


def test_cuts_of_a_stage_show(data):
    """Four shots: a man far away, a profile close by, the man nearer, an audience. The tracks end with their shots."""
    times, pictures = read_pictures(data / "media/stage_performer_audience.mp4", 0, None, EVERY)
    tracker = FaceTracker()
    spans = {}
    for time, pixels in zip(times, pictures, strict=True):
        for face in tracker.update(float(time), pixels):
            spans.setdefault(face.track, []).append(float(time))
    for seen in spans.values():
        for cut in (1.5, 3.6, 7.9):
            assert not (min(seen) < cut - EVERY and max(seen) > cut + EVERY)
    assert spans[1][0] < 1 < spans[1][-1]
    assert spans[2][0] < 3.8
    assert spans[2][-1] > 7.6
