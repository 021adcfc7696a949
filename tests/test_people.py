"""Who is who over a recording, and whose voice it is."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from numpy.typing import NDArray

from visavox.cells import BodyRecord
from visavox.people import TrackRecord, mouth_opening, owners, people, speaker

HERE, THERE = (100.0, 100.0, 80.0, 80.0), (400.0, 100.0, 80.0, 80.0)


def face(seed: int) -> NDArray[np.uint8]:
    """A smooth made-up face picture, always the same for one seed."""
    coarse = np.random.default_rng(seed).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    return np.kron(coarse, np.ones((8, 8, 1), dtype=np.uint8))


def track(
    number: int, start: float, end: float, who: int, place: tuple[float, float, float, float] = HERE
) -> TrackRecord:
    record = TrackRecord(number, start, start, place, place)
    record.see(start, place, face(who))
    record.see(end, place, face(who))
    return record


def test_a_face_that_comes_back_is_the_same_person() -> None:
    assert people([track(0, 0, 3, 1), track(1, 5, 9, 1)]) == {0: "person-1", 1: "person-1"}


def test_another_face_in_the_same_place_is_another_person() -> None:
    assert people([track(0, 0, 3, 1), track(1, 5, 9, 2)]) == {0: "person-1", 1: "person-2"}


def test_two_faces_at_once_are_two_people_however_alike() -> None:
    assert people([track(0, 0, 3, 1), track(1, 1, 2, 1, THERE)]) == {0: "person-1", 1: "person-2"}


def test_after_a_cut_the_same_face_elsewhere_is_the_same_person() -> None:
    assert people([track(0, 0, 3, 1), track(1, 3.1, 6, 2), track(2, 6.1, 9, 1, THERE)]) == {
        0: "person-1",
        1: "person-2",
        2: "person-1",
    }


def test_a_face_for_a_moment_is_nobody() -> None:
    assert people([track(0, 0, 3, 1), track(1, 1, 1.2, 2, THERE)]) == {0: "person-1"}
    assert people([track(1, 1, 1.2, 2)], shortest=0) == {1: "person-1"}


def test_mouth_opening_is_measured_in_eye_distances() -> None:
    points = np.zeros((468, 3))
    points[33], points[263] = (0, 0, 0), (60, 0, 0)
    points[13], points[14] = (30, 50, 0), (30, 65, 0)
    assert mouth_opening(points) == pytest.approx(0.25)


def test_the_mouth_that_moves_speaks() -> None:
    assert speaker({"person-1": 0.10, "person-2": 0.02}) == "person-1"
    assert speaker({"person-1": 0.10, "person-2": 0.09}) == ""
    assert speaker({"person-1": 0.001}) == ""
    assert speaker({}) == ""


def body(track: int, start: float, end: float, **faces: int) -> BodyRecord:
    return BodyRecord(track, start, end, Counter({int(name[1:]): count for name, count in faces.items()}))


def test_a_body_is_whose_face_is_on_it_most_often() -> None:
    """Track 1 has the first person's two tracks on it, and once another's; track 2 is seen from behind all the time."""
    faces = {1: "person-1", 2: "person-2", 3: "person-1"}
    bodies = [body(1, 0, 5, f1=3, f2=4, f3=3), body(2, 1, 4), body(3, 2, 2.2), body(4, 2, 2.2, f2=1)]
    bodies.append(body(5, 3, 4, f9=5))
    assert owners(bodies, faces) == {1: "person-1", 2: "person-3", 4: "person-2", 5: "person-4"}
    assert owners(bodies[2:3], {}, shortest=0) == {3: "person-1"}
    assert owners([], faces) == {}
