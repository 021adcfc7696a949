"""Recorded motion: forward kinematics by hand and against SciPy, skeletons of others against others' reading."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavox.datasets.body_sequences import PLACES
from visavox.errors import InputError
from visavox.joints import Camera, MotionClip, bvh, read_joints
from visavox.joints.skeleton import body, metres


def test_two_joints_by_hand(bvh) -> None:
    """A thigh turned by 90 degrees about x, a knee bent about z, and what the centimetres of the file are."""
    (clip,) = read_joints(bvh())
    assert isinstance(clip, MotionClip) and clip.name == "legs"
    np.testing.assert_allclose(clip.times, [0, 0.04])
    still, kicking = clip.motion
    left_hip, left_knee, right_knee, middle = 12, 13, 10, 8
    np.testing.assert_allclose(still[[left_hip, left_knee, right_knee]], [[0.1, 0.9, 0], [0.1, 0.5, 0], [-0.1, 0.5, 0]])
    np.testing.assert_allclose(kicking[left_knee], [0.1, 0.9, -0.4], atol=1e-6)
    np.testing.assert_allclose(kicking[right_knee], still[right_knee])
    np.testing.assert_allclose(kicking[middle], [0, 0.9, 0], atol=1e-6)
    assert np.isnan(still[[0, 1, 2, 4, 17]]).all(), "what the skeleton does not know is not made up"
    assert (clip.joints[:, [8, 9, 10, 12, 13], 2] == 1).all() and (clip.joints[:, :8, 2] == 0).all()


def test_a_rotation_turns_all_that_hangs_on_it(bvh) -> None:
    """Y first: the thigh's later turn about z is about an axis that y has turned (to x)."""
    thigh = "OFFSET 10 0 0\n    CHANNELS 3 Zrotation Xrotation Yrotation"
    (clip,) = read_joints(
        bvh(
            (thigh, "OFFSET 10 0 0\n    CHANNELS 2 Yrotation Zrotation"),
            ("0 90 0 0 0 0  0 90 0 ", "0 90 0 0 0 0  90 90 "),
            ("0 90 0 0 0 0  0 0 0 ", "0 90 0 0 0 0  0 0 "),
        )
    )  # fmt: skip
    np.testing.assert_allclose(clip.motion[1, 13], [0.1, 0.9, -0.4], atol=1e-6)


def test_positions_take_the_place_of_offsets(bvh) -> None:
    """As where every joint has six channels; here they come after the rotations, and one is missing."""
    channels = "OFFSET 10 0 0\n    CHANNELS 3 Zrotation Xrotation Yrotation"
    (clip,) = read_joints(
        bvh(
            (channels, channels.replace("CHANNELS 3", "CHANNELS 5") + " Yposition Xposition"),
            ("0 90 0 0 0 0  0 0 0 ", "0 90 0 0 0 0  0 0 0 -5 20 "),
            ("0 90 0 0 0 0  0 90 0 ", "0 90 0 0 0 0  0 0 0 5 30 "),
        )
    )
    np.testing.assert_allclose(clip.motion[:, 12], [[0.2, 0.85, 0], [0.3, 0.95, 0]], atol=1e-6)


@given(
    order=st.permutations("XYZ"),
    angles=st.lists(st.floats(-720, 720), min_size=9, max_size=9),
    offsets=st.lists(st.floats(-50, 50), min_size=9, max_size=9),
)
def test_chains_of_any_order_are_those_of_scipy(order: list[str], angles: list[float], offsets: list[float]) -> None:
    rotation = pytest.importorskip("scipy.spatial.transform").Rotation
    channels = tuple(bvh_channel(f"{axis}rotation") for axis in order)
    first, second, third = np.reshape(offsets, (3, 3))
    bones = tuple(
        bvh.Bone(str(index), index - 1, tuple(offset), channels) for index, offset in enumerate((first, second, third))
    )
    found = bvh.Bvh(bones, np.array([angles]), 0.04).places()[0]
    turns = [rotation.from_euler("".join(order), angles[at : at + 3], degrees=True) for at in (0, 3)]
    elbow = first + turns[0].apply(second)
    np.testing.assert_allclose(found, [first, elbow, elbow + (turns[0] * turns[1]).apply(third)], atol=1e-9)


def bvh_channel(name: str) -> int:
    return bvh.CHANNELS.index(name.lower())


@pytest.mark.parametrize(
    ("file", "key", "every"),
    [
        ("dataset-1_walk_angry_001", "bandai1/dataset-1_walk_angry_001", 1),
        ("dataset-1_walk_happy_001", "bandai1/dataset-1_walk_happy_001", 1),
        ("dataset-1_walk_normal_001", "bandai1/dataset-1_walk_normal_001", 1),
        ("dataset-1_walk_sad_001", "bandai1/dataset-1_walk_sad_001", 1),
        ("t_limp_angry_t_walk_angry_000_100", "aalto/t_limp_angry_t_walk_angry_000_100", 4),
        ("angry_13_000", "xia/angry_13_000", 4),
    ],
)
def test_three_skeletons_as_others_read_them(data: Path, file: str, key: str, every: int) -> None:
    """Every joint within 2 mm, left and right, and what a camera sees within a pixel."""
    with np.load(data / "body" / "body_sequences.npz") as table:
        row = list(table["id"]).index(key)
        theirs = table["xyz"][table["start"][row] : table["start"][row + 1]].astype(np.float64)
        names, step = list(table["joints"]), 1 / float(table["fps"][row])
    (clip,) = read_joints(data / "body" / "bvh_raw" / f"{file}.bvh")
    assert isinstance(clip, MotionClip)
    ours, times = clip.motion[::every].astype(np.float64), np.asarray(clip.times)[::every]
    expected = np.full_like(ours, np.nan)
    for place, parts in PLACES.items():
        expected[:, place] = theirs[:, [names.index(part) for part in parts]].mean(axis=1)
    known = list(PLACES)
    assert np.isnan(np.delete(ours, known, axis=1)).all()
    moved = expected[0, 1] - ours[0, 1]
    assert abs(moved[1]) < 0.002, "heights are the file's own"
    np.testing.assert_allclose(ours[:, known] + moved, expected[:, known], atol=0.002)
    np.testing.assert_allclose(times, np.arange(len(theirs)) * step, atol=0.002)
    camera = Camera(turn=30, tilt=10)
    seen, also = camera.see(ours.astype(np.float32), times), camera.see(expected.astype(np.float32), times)
    np.testing.assert_allclose(seen[:, known], also[:, known], atol=1)


@pytest.mark.data
def test_from_before_the_right_side_is_at_the_left(data: Path) -> None:
    """A walker's way says where the front is; a camera there sees the right shoulder at the left, the head above."""
    for path in sorted((data / "body" / "bvh_raw").glob("*.bvh")):
        (clip,) = read_joints(path)
        assert isinstance(clip, MotionClip)
        way = clip.motion[-1, 8] - clip.motion[0, 8]
        turn = -np.degrees(np.arctan2(way[0], way[2]))
        seen = Camera(turn=turn).see(clip.motion, np.asarray(clip.times))
        assert np.median(seen[:, 2, 0] - seen[:, 5, 0]) < 0, path.name
        assert np.median(seen[:, 17, 1] - seen[:, 11, 1]) < 0, path.name


NAMES = {
    "mixamo": "Hips Neck Head LeftShoulder LeftArm LeftForeArm LeftHand LeftHandIndex1 LeftUpLeg LeftLeg LeftFoot "
    "LeftToeBase RightArm",
    "biped": "Bip01,Bip01 Neck,Bip01 Head,Bip01 L Clavicle,Bip01 L UpperArm,Bip01 L Forearm,Bip01 L Hand,"
    "Bip01 L Finger0,Bip01 L Thigh,Bip01 L Calf,Bip01 L Foot,Bip01 L Toe0,Bip01 R UpperArm",
    "poser": "hip neck head lCollar lShldr lForeArm lHand lThumb1 lThigh lShin lFoot lToe rShldr",
    "plain": "pelvis neck head left_collar left_shoulder left_elbow left_wrist left_hand left_hip left_knee left_ankle "
    "left_foot right_shoulder",
    "leg and shin": "Hips Neck Head Clavicle.L Shoulder.L Elbow.L Wrist.L Finger.L Leg.L Shin.L Foot.L Toe.L "
    "Shoulder.R",
    "vroid": "J_Bip_C_Hips J_Bip_C_Neck J_Bip_C_Head J_Bip_L_Shoulder J_Bip_L_UpperArm J_Bip_L_LowerArm J_Bip_L_Hand "
    "J_Bip_L_Index1 J_Bip_L_UpperLeg J_Bip_L_LowerLeg J_Bip_L_Foot J_Bip_L_ToeBase J_Bip_R_UpperArm",
}
NAMES["with a name before"] = " ".join(f"mixamorig:{name}" for name in NAMES["mixamo"].split())


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
def test_skeletons_by_other_names(names: str) -> None:
    """Each list: hips, neck, head, collar bone, left shoulder to wrist, a finger, hip to toe, right shoulder."""
    listed = names.split(",") if "," in names else names.split()
    places = np.arange(len(listed) * 3.0).reshape(1, -1, 3)
    found = body(places, listed, "skeleton")[0, :, 0] / 3
    assert found[[5, 6, 7, 12, 13, 14, 19, 17, 18, 2]].tolist() == [4, 5, 6, 8, 9, 10, 11, 2, 2, 12]
    assert found[1] == (4 + 12) / 2, "the neck is between the shoulders"
    assert np.isnan(found[[3, 4, 9, 10]]).all()


def test_a_name_stands_for_one_joint() -> None:
    names = ["Hips", "LeftLeg", "LeftFoot", "RightLeg", "RightFoot"]
    found = body(np.arange(15.0).reshape(1, 5, 3), names, "skeleton")[0, :, 0] / 3
    assert found[[12, 14]].tolist() == [1, 2] and np.isnan(found[13]), "the knee is not where the hip is"


@pytest.mark.parametrize(("unit", "factor"), [(1.0, 1.0), (0.01, 100.0), (0.001, 1000.0), (0.0254, 1 / 0.0254)])
def test_units_are_seen_by_the_legs(unit: float, factor: float) -> None:
    body = np.full((3, 25, 3), np.nan)
    body[:, [12, 13, 14]] = np.array([[0, 0.9, 0], [0, 0.5, 0], [0, 0.1, 0]]) * factor
    assert metres(body) == pytest.approx(unit)
    assert metres(body * 7e6) * 0.8 * factor * 7e6 == pytest.approx(0.8), "no unit fits: sizes are relative"
    assert metres(np.full((1, 25, 3), np.nan)) == 1


def test_several_skeletons_are_several_people(bvh) -> None:
    whole = bvh().read_text()
    skeleton = whole[whole.index("ROOT") : whole.index("MOTION")]
    still, kicking = whole.splitlines()[-2:]
    pairs = (("MOTION", f"{skeleton}MOTION"), (still, f"{still} {still}"), (kicking, f"{still} {kicking}"))
    clips = read_joints(bvh(*pairs))
    assert [clip.name for clip in clips] == ["legs-person-1", "legs-person-2"]
    np.testing.assert_allclose(clips[0].motion[1, 13], [0.1, 0.5, 0], atol=1e-6)
    np.testing.assert_allclose(clips[1].motion[1, 13], [0.1, 0.9, -0.4], atol=1e-6)


def test_values_that_are_no_numbers_are_not_seen(bvh) -> None:
    (clip,) = read_joints(bvh(("0 90 0 0 0 0  0 90", "nan 90 0 0 0 0  0 90")))
    assert np.isnan(clip.motion[1]).all() and not np.isnan(clip.motion[0, 8]).any()
    assert clip.joints[:, 8, 2].tolist() == [1, 0]


def test_one_frame_tabs_and_braces_on_the_same_line(bvh) -> None:
    (clip,) = read_joints(
        bvh(
            ("Frames: 2\nFrame Time: 0.04", "Frames:\t1\r\nFrame Time:\t0.04\r"),
            ("0 90 0 0 0 0  0 90 0  0 0 0  0 0 0  0 0 0  0 0 0  0 0 0\n", ""),
            ("ROOT Hips\n{", "ROOT Hips {"),
        )
    )
    assert clip.joints.shape == (1, 25, 3) and clip.times.tolist() == [0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ([("Frames: 2", "Frames: 5")], r"legs.bvh: it announces 5 frames of 24 numbers and holds 2; copy it again, or"),
        ([("0 90 0 0 0 0  0 90", "0 90")], r"holds 1; .* write 1 behind 'Frames:' and take out the last 18 numbers\."),
        ([("0 90 0 0 0 0  0 90", "0 x 0 0 0 0  0 90")], "legs.bvh, frame 2: 'x' is no number; export it again"),
        ([("Frame Time: 0.04", "Frame Time: 0")], "a 'Frame Time:' over 0 must follow MOTION"),
        ([("Frames: 2\n", "")], "'Frames:' and a 'Frame Time:' over 0 must follow"),
        ([("Frames: 2", "Frames: 0")], r"announces 0 frames of 24 numbers and holds 2; .* write 2 behind 'Frames:'\."),
        ([("MOTION\n", "")], "legs.bvh: it ends before any MOTION; copy it again"),
        ([("HIERARCHY\n", "")], "legs.bvh: not a BVH file, which begins with HIERARCHY"),
        ([("CHANNELS 6", "CHANNELS 5")], r"'CHANNELS 5 Xposition .* \(Hips\) is not as in a BVH"),
        ([("OFFSET 10 0 0", "OFFSET 10 0")], r"'OFFSET 10 0' in its hierarchy \(LeftUpLeg\)"),
        ([("}\nMOTION", "MOTION")], "its hierarchy ends within a joint or has none; copy it again"),
        ([("Left", "Front"), ("Right", "Back")], r"too few of its joints \(Hips, FrontUpLeg.*like LeftShoulder"),
        ([("Right", "Back")], "too few of its joints .* two sides"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(bvh, changes: list[tuple[str, str]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_joints(bvh(*changes))


def test_every_place_at_which_a_file_may_end_is_said(bvh) -> None:
    path = bvh()
    text = path.read_text().rstrip()
    for end in range(0, len(text) - 1, 7):
        path.write_text(text[:end])
        with pytest.raises(InputError, match=r"legs\.bvh: "):
            read_joints(path)
