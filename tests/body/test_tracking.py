"""Bodies keep their numbers while they are followed, and their faces."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from visavox.body.tracking import BodyTracker, around_face, joined
from visavox.errors import OptionError
from visavox.face.tracking import FaceTracker, TrackedFace
from visavox.media import Picture, open_recording


def test_a_body_is_followed_where_it_goes(portrait, weights):
    """The portrait slides across a wide picture: one track, its joints move with it, looked at five times a second."""
    tracker, seen = BodyTracker(), {}
    for number in range(11):
        picture = np.full((512, 800, 3), 90, dtype=np.uint8)
        picture[:, 5 * number : 5 * number + 512] = portrait
        found = tracker.update(number / 10, picture)
        if found is not None:
            seen[number] = found
    assert list(seen) == [0, 2, 4, 6, 8, 10]
    assert {body.track for bodies in seen.values() for body in bodies} == {1}
    (first,), (last,) = seen[0], seen[10]
    both = (first.joints[:, 2] > 0) & (last.joints[:, 2] > 0)
    assert both.sum() >= 8
    assert np.median(last.joints[both, 0] - first.joints[both, 0]) == pytest.approx(50, abs=4)


def test_what_is_cut_to_is_somebody_else(portrait, weights):
    tracker = BodyTracker()
    (before,) = tracker.update(0.0, portrait)
    assert tracker.update(0.1, np.zeros_like(portrait)) is None  # not the time to look, but a cut
    (after,) = tracker.update(0.2, portrait)
    assert (before.track, after.track) == (1, 2)


def test_who_is_lost_and_found_nearby_keeps_the_number(portrait, weights):
    """Somebody passes in front of the camera for half a second; the scene behind stays much the same."""
    hidden = portrait.copy()
    hidden[:, :] = portrait.mean(axis=(0, 1)).astype(np.uint8)
    tracker = BodyTracker()
    tracker._scene.is_cut = lambda pixels: False
    shown = ((0.0, portrait), (0.2, hidden), (0.4, hidden), (0.6, portrait), (5.0, hidden), (10.0, portrait))
    tracks = [[body.track for body in tracker.update(time, picture)] for time, picture in shown]
    assert tracks == [[1], [], [], [1], [], [2]]


def test_the_face_of_the_portrait_is_on_its_body(portrait, weights):
    faces = FaceTracker().update(0.0, portrait)
    (body,) = BodyTracker().update(0.0, portrait, faces)
    assert body.face == faces[0].track


def at(x: float, y: float) -> np.ndarray:
    joints = np.zeros((25, 3), np.float32)
    joints[[0, 15, 16]] = (x, y, 0.9), (x - 3, y - 2, 0.8), (x + 3, y + 2, 0.8)
    return joints


def face(track: int, x: float, y: float, size: float = 20) -> TrackedFace:
    box = np.array([x - size / 2, y - size / 2, size, size], np.float32)
    return TrackedFace(track, 0.0, np.zeros((468, 3), np.float32), box, 1.0)


def test_each_face_is_on_the_nearest_body():
    """Two heads 12 pixels apart: the face between them, nearer to the second, is the second's; one far off nobody's."""
    heads = [at(50, 50), at(62, 50)]
    assert joined(heads, [face(7, 57, 50)]) == [None, 7]
    assert joined(heads, [face(7, 57, 50), face(9, 61, 50)]) == [7, 9]
    assert joined(heads, [face(7, 100, 50)]) == [None, None]
    assert joined([], [face(7, 0, 0)]) == [] and joined(heads, []) == [None, None]
    assert joined([np.zeros((25, 3))], [face(7, 0, 0)]) == [None]  # its head is not seen
    for order in itertools.permutations([face(7, 57, 50), face(9, 61, 50), face(8, 300, 300)]):
        assert joined(heads, order) == [7, 9]


def test_a_body_is_searched_for_below_its_face():
    square = around_face(np.array([100, 50, 20, 30]))
    assert (square.x, square.y) == (110, 65 + 75) and square.side == 270
    assert square.y - square.side / 2 < 50 and square.y + square.side / 2 > 50 + 6 * 30


@pytest.mark.parametrize(("name", "people"), [("talking_gesturing.mp4", 1), ("two_people_split_screen.mp4", 2)])
def test_people_who_stay_in_the_picture_stay_themselves(data, weights, name, people):
    faces, bodies, owners = FaceTracker(), BodyTracker(), {}
    with open_recording(data / "media" / name, 0, 2) as recording:
        for item in recording.read(0.1, sound=False):
            if isinstance(item, Picture):
                seen = faces.update(item.time, item.pixels)
                for body in bodies.update(item.time, item.pixels, seen) or ():
                    owners.setdefault(body.track, set()).add(body.face)
    assert len(owners) == people and all(len(faces) == 1 for faces in owners.values())


@pytest.mark.parametrize("options", [{"most": 0}, {"every": 0}, {"every": float("nan")}])
def test_options_that_cannot_be(options):
    with pytest.raises(OptionError, match=r"Bad value .* for (most|every): expected"):
        BodyTracker(**options)
