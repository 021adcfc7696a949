"""What systems make of faces: key frames and their rule, pictures by time, values, geometry; how clips are filled."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavox import datasets
from visavox.clip import Clip
from visavox.datasets.landmarks import MESH_POINTS, as_mesh, landmarks
from visavox.errors import DataError, InputError, OptionError
from visavox.face.expression import facial_values
from visavox.face.inputs import BackboneFeatures, Frames, KeyFrames, SpreadFrames
from visavox.face.kinds import KINDS
from visavox.face.measures import CORNERS, LANDMARKS, FacialValues, Geometry, TableValues, geometry
from visavox.face.mesh import Mesh
from visavox.face.sampling import every_so_often, nearest, trimmed
from visavox.inputs import as_numbers


def film(count: int, rate: float | None = 30_000 / 1001, size: int = 20, start: float = 0.0) -> Clip:
    """Plain faces, each of its own number as grey level; with times where there is a rate."""
    faces = np.repeat(np.arange(count, dtype=np.uint8), size * size * 3).reshape(count, size, size, 3)
    return Clip(name="film", faces=faces, times=None if rate is None else start + np.arange(count) / rate)


def numbers(pictures: np.ndarray) -> list[int]:
    """Which pictures of a film these are, by their grey level."""
    assert (pictures == pictures[..., :1, :1, :1]).all()
    return [int(level) for level in pictures[..., 0, 0, 0].ravel()]


# Key frames.


@pytest.mark.parametrize(
    ("count", "wanted", "kept"),
    [
        (12, 12, list(range(12))),
        (13, 12, list(range(12))),  # odd: the last falls out
        (14, 12, list(range(1, 13))),  # even: the first, then odd: the last
        (15, 12, list(range(1, 13))),
        (17, 12, list(range(2, 14))),
        (3, 8, [0, 0, 0, 0, 1, 2, 2, 2]),  # first and last in turn, the first one first
        (1, 3, [0, 0, 0]),
    ],
)
def test_the_rule_by_which_key_frames_are_trimmed(count: int, wanted: int, kept: list[int]) -> None:
    assert trimmed(range(count), wanted).tolist() == kept


@given(st.integers(1, 60), st.integers(1, 30))
def test_trimming_keeps_the_middle(count: int, wanted: int) -> None:
    found = trimmed(range(count), wanted)
    assert len(found) == wanted
    assert all(a <= b for a, b in pairwise(found.tolist()))
    left, right = int(found[0]), count - 1 - int(found[-1])
    assert abs(left - right) <= 1


def test_key_frames_of_a_film_are_every_eighth_picture() -> None:
    found = KeyFrames().of(film(110))
    assert found.shape == (1, 12, 100, 96, 3) and found.dtype == np.uint8
    # Pictures 0, 8, …, 104 are 14: the first falls out, then the last.
    assert numbers(found) == list(range(8, 104, 8))
    assert as_numbers(found).max() == pytest.approx(96 / 255)


def test_key_frames_go_by_time_not_by_number() -> None:
    """At 15 pictures a second every fourth picture is as far as every eighth at 30; where a film begins is the same."""
    assert numbers(KeyFrames(rate=30).of(film(48, rate=15, start=7.0))) == list(range(0, 48, 4))
    assert numbers(KeyFrames(rate=30).of(film(96, rate=None))) == list(range(0, 96, 8)), "no times: as filmed at 30"


def test_pictures_slower_than_key_frames_are_each_taken_once() -> None:
    assert numbers(KeyFrames(frames=4).of(film(4, rate=1))) == [0, 1, 2, 3]
    assert numbers(KeyFrames(frames=5).of(film(1))) == [0] * 5


def test_spread_pictures_go_from_the_first_to_the_last() -> None:
    found = SpreadFrames().of(film(88))
    assert found.shape == (1, 30, 64, 64, 3)
    assert numbers(found) == list(range(0, 88, 3))
    assert numbers(SpreadFrames(frames=4).of(film(2))) == [0, 0, 1, 1], "the earlier of two as near, from either end"


def test_single_pictures_are_examples_of_their_own() -> None:
    found = Frames(size=32).of(film(10))
    assert found.shape == (4, 32, 32, 3)
    assert numbers(found) == [0, 3, 6, 9]
    assert len(Frames(size=32).of(film(1))) == 1


def test_faces_of_any_size_and_colour() -> None:
    """Of a face of 200 x 192 in stripes, each pixel of 100 x 96 is the mean of four."""
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 256, (1, 200, 192, 3), dtype=np.uint8)
    found = KeyFrames(frames=1).of(Clip(faces=picture))[0, 0]
    mean = picture[0].reshape(100, 2, 96, 2, 3).mean(axis=(1, 3))
    assert np.abs(found - mean).max() <= 0.5
    grey = KeyFrames(frames=1, colour="grey").of(Clip(faces=picture))[0, 0]
    assert (grey == grey[..., :1]).all()
    assert np.abs(grey[..., 0] - mean @ [0.299, 0.587, 0.114]).max() <= 0.51


@given(st.lists(st.floats(0, 100), min_size=1, max_size=20, unique=True), st.floats(-10, 110))
def test_the_nearest_picture_is_the_nearest(times: list[float], moment: float) -> None:
    ordered = np.sort(np.array(times))
    found = nearest(ordered, np.array([moment]))[0]
    assert abs(ordered[found] - moment) <= np.abs(ordered - moment).min() + 1e-8


def test_moments_at_even_distances() -> None:
    assert every_so_often(np.array([]), 1.0).tolist() == []
    assert every_so_often(np.array([3.0]), 1.0).tolist() == [0]
    assert every_so_often(np.array([0.0, 0.9, 2.2, 5.0]), 1.0).tolist() == [0, 1, 2, 3]


# Values and geometry.


def test_facial_values_in_between_go_evenly(mesh: Mesh) -> None:
    """Two meshes, the mouth open in the second: of five moments the middle one lies half-way."""
    other = mesh.points.copy()
    other[[14, 17, 152], 1] += 10
    clip = Clip(mesh=np.stack([mesh.points, other]), times=np.array([1.0, 2.0]))
    found = FacialValues(frames=5).of(clip)
    assert found.shape == (1, 5, 51) and found.dtype == np.float32
    ends = facial_values(np.stack([mesh.points, other]))
    np.testing.assert_allclose(found[0, [0, 4]], ends, atol=1e-6)
    np.testing.assert_allclose(found[0, 2], ends.mean(axis=0), atol=1e-6)


def test_a_mesh_of_which_landmarks_alone_are_known_has_geometry_and_no_values() -> None:
    rng = np.random.default_rng(0)
    clip = Clip(mesh=as_mesh(rng.normal(100, 20, (9, 68, 2))))
    assert Geometry().of(clip).shape == (2, 284)  # pictures 0 and 8
    assert FacialValues().of(clip).shape == (0, 50, 51)
    lost = clip.mesh.copy()
    lost[0] = np.nan
    assert len(Geometry().of(Clip(mesh=lost))) == 1


def test_geometry_worked_by_hand() -> None:
    """A face on a grid: 100 between the eyes, nose at 0, 0."""
    points = np.zeros((68, 2))
    points[36], points[45], points[30], points[8] = (-50, -50), (50, -50), (0, 0), (0, 100)
    points[48], points[54], points[51], points[57] = (-30, 60), (30, 60), (0, 30), (0, 90)
    row = geometry(points[None])[0]
    pairs = [(a, b) for place, a in enumerate(LANDMARKS) for b in LANDMARKS[place + 1 :]]
    assert len(pairs) == 253 and len(row) == 284
    distances = dict(zip(pairs, row[:253].tolist(), strict=True))
    assert distances[36, 45] == pytest.approx(1)
    assert distances[48, 54] == pytest.approx(0.6)
    assert distances[30, 8] == pytest.approx(1)
    seen = dict(zip([point for point in LANDMARKS if point not in (30, 8)], row[253:274].tolist(), strict=True))
    assert seen[36] == seen[45] == pytest.approx(math.radians(135)), "from the chin on, to either side"
    assert seen[57] == pytest.approx(0)
    corners = dict(zip(CORNERS, row[274:].tolist(), strict=True))
    assert corners[51, 48, 57] == pytest.approx(math.radians(90))
    assert corners[48, 51, 54] == pytest.approx(math.radians(90))


@given(st.floats(-3, 3), st.floats(0.1, 10), st.integers(0, 20))
def test_geometry_is_free_of_place_size_and_tilt(angle: float, size: float, seed: int) -> None:
    points = np.random.default_rng(seed).normal(0, 50, (1, 68, 2))
    points[0, 36], points[0, 45] = (-50, 0), (50, 0)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    np.testing.assert_allclose(geometry(size * points @ turn.T + 7), geometry(points), atol=1e-4)


def test_each_of_the_68_landmarks_has_a_mesh_point_of_its_own(mesh: Mesh) -> None:
    """On the portrait, marks that every scheme of 68 points has: order along the jaw, eyes, nose and mouth."""
    assert len(set(MESH_POINTS)) == 68
    points = mesh.points[list(MESH_POINTS), :2]
    jaw, brows = points[:17], points[17:27]
    assert (np.diff(jaw[:, 0]) > -0.5).all(), "from the person's right ear to the left one"
    assert jaw[:, 1].argmax() == 8, "the chin lies lowest"
    assert (np.diff(brows[:, 0]) > 0).all()
    assert (np.diff(points[27:31, 1]) > 0).all() and (np.diff(points[31:36, 0]) > 0).all()
    for eye in (points[36:42], points[42:48]):
        assert eye[0, 0] < eye[1, 0] < eye[2, 0] < eye[3, 0] and eye[5, 0] < eye[4, 0]
        assert (eye[1:3, 1] < eye[4:6, 1]).all()
    assert points[48, 0] < points[51, 0] < points[54, 0] and points[51, 1] < points[62, 1] < points[66, 1]


def test_landmarks_of_enterface_become_meshes(data: Path) -> None:
    sample = datasets.load("enterface-landmarks", data)[0]
    assert sample.clip.mesh is not None
    found = sample.clip.mesh[:, list(MESH_POINTS), :2]
    np.testing.assert_array_equal(found, landmarks(sample))
    examples = Geometry().of(sample.clip)
    assert len(examples) == -(-len(found) // 8) and np.isfinite(examples).all()


def test_anybodys_values_come_from_a_table(tmp_path: Path) -> None:
    """Columns by name, whatever their order; a picture without values is passed over."""
    path = tmp_path / "talk.csv"
    path.write_text("timestamp, smile, jaw\n0.0, 1, 5\n0.5, ,\n1.0, 3, 7\n")
    made = TableValues(columns=("jaw", "smile"), frames=3)
    clip = KINDS.fill(Clip(path), made.wants)
    assert made.of(clip).tolist() == [[[5, 1], [6, 2], [7, 3]]]
    assert made.of(Clip("talk.mp4")).shape == (0, 3, 2)
    assert KINDS.input({"kind": "table-values", "columns": ["jaw", "smile"], "frames": 3}) == made
    with pytest.raises(DataError, match=r"talk\.csv: no column 'brow'"):
        TableValues(columns=("brow",)).of(clip)
    path.write_text("jaw\n1\nwide\n")
    with pytest.raises(DataError, match=r"talk\.csv, row 3: could not convert"):
        TableValues(columns=("jaw",)).of(clip)
    with pytest.raises(OptionError, match=r"Bad value \(\) for input\.columns"):
        TableValues(columns=())


# A frozen network's values.


@pytest.mark.usefixtures("models")
def test_backbone_features_are_those_of_the_shipped_network() -> None:
    """Through its own Recognizer; a film shorter than four seconds goes on with its last picture."""
    from visavox import zoo

    rng = np.random.default_rng(0)
    coarse = np.kron(rng.integers(0, 256, (3, 6, 6, 3), dtype=np.uint8), np.ones((1, 8, 8, 1), np.uint8))
    clip = Clip(faces=coarse, times=np.array([0.0, 0.1, 0.2]))
    found = BackboneFeatures(frames=12).of(clip)
    alone = zoo.load("face").features([Clip(faces=face[None]) for face in coarse])
    assert found.shape == (1, 12, alone.shape[1]) == (1, *BackboneFeatures(frames=12).shape)
    expected = alone[[0, 0, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2]]
    np.testing.assert_allclose(found[0], expected, atol=1e-3)


def test_another_backbone_than_the_one_learned_from_is_refused() -> None:
    from visavox.errors import ModelError

    with pytest.raises(ModelError, match="SHA-256 differs"):
        _ = BackboneFeatures(backbone="0" * 64).shape


# Inputs in recipes and cards; clips without what they want.

EVERY = [KeyFrames(), SpreadFrames(), Frames(), FacialValues(), Geometry()]


@pytest.mark.parametrize("made", EVERY, ids=lambda made: type(made).__name__)
def test_an_input_comes_back_from_its_card(made) -> None:  # type: ignore[no-untyped-def]
    assert KINDS.input(KINDS.describe(made)) == made


@pytest.mark.parametrize("made", EVERY, ids=lambda made: type(made).__name__)
def test_without_a_face_there_is_no_example(made) -> None:  # type: ignore[no-untyped-def]
    for clip in (
        Clip(voice=np.zeros(10, np.float32)),
        Clip(faces=np.zeros((0, 8, 8, 3), np.uint8), mesh=np.zeros((0, 468, 3))),
    ):
        assert made.of(clip).shape == (0, *made.shape)


def test_bad_options_and_times_are_told() -> None:
    with pytest.raises(OptionError, match=r"Bad value 0 for input\.frames"):
        KeyFrames(frames=0)
    with pytest.raises(OptionError, match=r"Bad value 'blue' for input\.colour: expected one of rgb, grey"):
        KINDS.input({"kind": "spread-frames", "colour": "blue"})
    with pytest.raises(OptionError, match="'frame' for a key of input"):
        KINDS.input({"kind": "key-frames", "frame": 3})
    with pytest.raises(InputError, match="film: 3 times for 5 pictures"):
        SpreadFrames().of(Clip(name="film", faces=film(5).faces, times=np.arange(3.0)))
    clip = Clip(faces=film(5).faces, times={"faces": np.arange(5.0), "pictures": np.arange(9.0)})
    assert len(SpreadFrames().of(clip)) == 1, "each array has a clock of its own"


def test_a_clip_is_filled_with_the_largest_face(portrait: np.ndarray) -> None:
    pictures = np.stack([portrait] * 2)
    clip = KINDS.fill(Clip(pictures=pictures, times=np.array([3.0, 3.1])), "faces")
    assert clip.faces is not None and clip.faces.shape == (2, 224, 224, 3)
    assert isinstance(clip.times, dict) and clip.times["faces"].tolist() == [3.0, 3.1]
    assert clip.times["pictures"].tolist() == [3.0, 3.1]
    assert KINDS.fill(clip, "faces") is clip
    nobody = KINDS.fill(Clip(pictures=np.zeros_like(pictures)), "mesh")
    assert nobody.mesh is not None and nobody.mesh.shape == (0, 468, 3)
    with pytest.raises(InputError, match="neither faces nor a source"):
        KINDS.fill(Clip(name="nothing"), "faces")


def test_the_mesh_of_a_crop_is_that_of_its_picture(portrait: np.ndarray) -> None:
    """Facial values from the crop alone are near those from the whole picture; a plain crop has no mesh."""
    from visavox.face.crop import framing

    pictured = KINDS.fill(Clip(pictures=portrait[None]), "mesh")
    crop = KINDS.fill(Clip(pictures=portrait[None]), "faces").faces
    plain = np.full_like(crop, 128)
    cut = KINDS.fill(Clip(faces=np.concatenate([crop, plain]), times=np.array([1.0, 2.0])), "mesh")
    assert pictured.mesh is not None and cut.mesh is not None
    assert len(cut.mesh) == 1 and cut.times["mesh"].tolist() == [1.0]  # type: ignore[index, call-overload]
    np.testing.assert_allclose(facial_values(cut.mesh), facial_values(pictured.mesh), atol=0.06)
    square = framing(pictured.mesh[0])
    back = square.place(cut.mesh[0, :, :2] / 224)
    assert np.median(np.linalg.norm(back - pictured.mesh[0, :, :2], axis=1)) < 0.02 * square.side


# Variation.


def ramps(count: int = 2, pictures: int = 3, size: int = 16) -> np.ndarray:
    """Rows of equal pictures that grow brighter to the right and down [n, t, h, w, 3]."""
    ramp = 8 * np.arange(size)[:, None] + 4 * np.arange(size)[None]
    return np.broadcast_to(ramp[None, None, ..., None], (count, pictures, size, size, 3)).astype(np.uint8)


def vary(batch: np.ndarray, seed: int = 0, **how: float) -> np.ndarray:
    made = KINDS.vary(dict(how))
    assert made is not None
    return made(batch, np.random.default_rng(seed)).astype(int)


def test_pictures_of_a_clip_are_varied_alike() -> None:
    batch = ramps(count=6)
    seen = vary(batch, mirror=0.5, rotation=10, shift=0.1, scale=0.1, brightness=0.2)
    assert seen.shape == batch.shape
    assert (seen == seen[:, :1]).all(), "alike over time"
    assert len({clip[0].tobytes() for clip in seen}) == 6, "each clip by a draw of its own"
    again = vary(batch, mirror=0.5, rotation=10, shift=0.1, scale=0.1, brightness=0.2)
    assert (again == seen).all()


def test_each_variation_does_what_it_says() -> None:
    batch = ramps()
    assert (vary(batch, mirror=1.0) == batch[:, :, :, ::-1]).all()
    light = vary(batch, brightness=0.2)[:, 0, ..., 0] / np.maximum(batch[:, 0, ..., 0], 1)
    factor = light[:, -1, -1]
    assert (abs(factor - 1) <= 0.2).all() and factor[0] != factor[1]
    moved = vary(batch, shift=0.125)[:, 0, 4:-4, 4:-4, 0] - batch[:, 0, 4:-4, 4:-4, 0].astype(int)
    assert moved.std(axis=(1, 2)).max() < 1, "a ramp that moves is as much brighter everywhere"
    assert (abs(moved).max(axis=(1, 2)) <= 2 * (8 + 4) + 1).all()
    assert KINDS.vary({"mirror": 0}) is None and KINDS.vary({}) is None
    left = {"mirror": 0.5, "noise": 1}
    KINDS.vary(left)
    assert left == {"noise": 1}, "it takes its own keys alone"


def test_a_quarter_turn_is_a_quarter_turn() -> None:
    """NumPy's own turn is the oracle."""
    from visavox.face.variation import moved_pictures

    picture = np.random.default_rng(0).integers(0, 256, (1, 9, 9, 3), dtype=np.uint8)
    turned = moved_pictures(picture, math.pi / 2, 1.0, (0.0, 0.0))
    np.testing.assert_array_equal(turned, np.rot90(picture, -1, axes=(1, 2)))
    shifted = moved_pictures(picture, 0.0, 1.0, (1 / 9, 0.0))
    np.testing.assert_array_equal(shifted[:, :, 1:], picture[:, :, :-1])


def test_what_is_no_picture_is_not_varied_as_one() -> None:
    with pytest.raises(OptionError, match="Bad value 'mirror' for a key of augmentation"):
        vary(np.zeros((2, 50, 51), np.float32), mirror=0.5)
    with pytest.raises(OptionError, match=r"Bad value -1 for augmentation\.shift"):
        KINDS.vary({"shift": -1})
