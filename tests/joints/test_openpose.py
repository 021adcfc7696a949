"""OpenPose's files: orders of joints, who is who, times, and what is said of files that are broken."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visavox.errors import InputError, OptionError
from visavox.joints import read_joints
from visavox.joints.body25 import ORDERS
from visavox.joints.linking import link


def test_one_person_in_three_pictures(openpose, standing) -> None:
    for number in (10, 11, 15):
        openpose(number, standing(x=300 + number))
    path = openpose(12, standing(x=312))
    (clip,) = read_joints(path.parent, rate=25)
    assert (clip.name, clip.person) == ("walk", None)
    np.testing.assert_allclose(clip.times, [0.4, 0.44, 0.48, 0.6], err_msg="the numbers in the names are the clock")
    np.testing.assert_allclose(clip.joints[:, 1, 0], [310, 311, 312, 315])
    assert clip.joints.dtype == np.float32
    (untimed,) = read_joints(str(path.parent))
    assert untimed.times is None, "a rate that nobody told is not made up"
    (single,) = read_joints(path, rate=25)
    assert single.joints.shape == (1, 25, 3) and single.times.tolist() == [0.48]


def test_pictures_go_by_their_numbers(openpose, standing) -> None:
    for number in ("9", "10", "8"):
        path = openpose(number, standing(x=300 + int(number)))
    (clip,) = read_joints(path.parent, rate=1)
    assert clip.times.tolist() == [8, 9, 10] and clip.joints[:, 1, 0].tolist() == [308, 309, 310]


def test_joints_that_were_not_found_are_not_at_the_corner(openpose, standing) -> None:
    body = standing()
    body[4] = 0
    body[7] = (np.nan, 10, 0.5)
    (clip,) = read_joints(openpose(0, body).parent)
    assert clip.joints[0, [4, 7], 2].tolist() == [0, 0]
    assert np.isnan(clip.joints[0, [4, 7], :2]).all()
    assert (np.delete(clip.joints[0, :, 2], [4, 7]) > 0).all()


def test_coco_is_mapped_and_the_middle_of_the_hips_found(openpose, standing) -> None:
    body = standing()
    coco = body[[place for place in ORDERS[18] if place is not None]]
    coco[8, 2] = 0.4  # the right hip
    (clip,) = read_joints(openpose(0, coco).parent)
    np.testing.assert_allclose(clip.joints[0, 8], [300, 180, 0.4], err_msg="as sure as the less sure hip")
    np.testing.assert_allclose(clip.joints[0, :8], body[:8], rtol=1e-6)
    np.testing.assert_allclose(clip.joints[0, 15:19], body[15:19], rtol=1e-6)
    assert (clip.joints[0, 19:, 2] == 0).all(), "COCO knows no feet"


def test_people_keep_their_clips_when_their_order_changes(openpose, standing) -> None:
    """Two people cross; one is lost for two pictures; a third comes when they are gone."""
    for number in range(20):
        first, second = standing(x=300 + 10 * number), standing(x=900 - 10 * number, y=180)
        people = [first, second] if number % 3 else [second, first]
        openpose(number, *(people if number not in (5, 6) else people[number % 3 == 0 :][:1]))
    path = openpose(60, standing(x=1500))
    one, other, third = read_joints(path.parent, rate=10)
    assert [clip.name for clip in (one, other, third)] == ["walk-person-1", "walk-person-2", "walk-person-3"]
    for clip, start, step in ((one, 900, -10), (other, 300, 10)):
        seen = clip.joints[:, 1, 2] > 0
        np.testing.assert_allclose(clip.joints[seen, 1, 0], (start + step * np.arange(20))[seen])
    assert sum(int((clip.joints[:, 1, 2] == 0).sum()) for clip in (one, other)) == 2, "lost, not left out"
    assert third.times.tolist() == [6.0]


@settings(max_examples=30)
@given(st.integers(1, 17), st.integers(0, 2**32 - 1))
def test_a_crowd_that_stands_apart_is_told_apart(count: int, seed: int) -> None:
    """Whatever the order in each picture and whoever is not found in it; no body is lost, none is twice."""
    rng = np.random.default_rng(seed)
    pictures, truth = [], []
    for _ in range(8):
        here = rng.permutation(count)[: max(1, count - int(rng.integers(0, 3)))]
        bodies = np.zeros((len(here), 25, 3), np.float32)
        bodies[:, :, 0] = here[:, None] * 200 + rng.normal(0, 3, (len(here), 25))
        bodies[:, :, 1] = np.arange(25) * 10
        bodies[:, :, 2] = rng.random((len(here), 25)) > 0.3
        pictures.append(bodies)
        truth.append(here)
    tracks = link(list(range(8)), pictures)
    assert sum(map(len, tracks)) == sum(map(len, pictures))
    assert len(tracks) == len(np.unique(np.concatenate(truth)))
    for track in tracks:
        who = {round(float(np.median(body[:, 0])) / 200) for body in track.values()}
        assert len(who) == 1


def test_who_moves_too_far_is_somebody_else(openpose, standing) -> None:
    openpose(0, standing(x=300))
    path = openpose(1, standing(x=300 + 80))  # a length of the torso at once
    assert len(read_joints(path.parent)) == 2
    for number in (20, 40, 60):  # every twentieth picture: a step of twenty counts as one
        openpose(number, standing(x=300 + number), name="sparse")
    assert len(read_joints(path.parent / "sparse")) == 1


def test_who_is_lost_while_walking_is_found_again_for_a_while(openpose, standing) -> None:
    """A length of the torso away after ten pictures, which nobody covers in one."""
    for number in (0, 1, 2, 12, 13):
        path = openpose(number, standing(x=300 + 8 * number))
    (clip,) = read_joints(path.parent)
    assert clip.joints[:, 1, 0].tolist() == [300, 308, 316, 396, 404]
    openpose(13 + 13, standing(x=404))
    assert len(read_joints(path.parent)) == 2, "after half a second nobody can say"


def test_numbers_that_openpose_gave_people_count(openpose, standing) -> None:
    openpose(0, standing(x=300), standing(x=900), ids=(7, 3))
    path = openpose(1, standing(x=300), standing(x=900), ids=(3, 7))
    first, _ = read_joints(path.parent)
    assert first.joints[:, 1, 0].tolist() == [300, 900], "even against places"


def test_recordings_in_one_folder_are_told_apart(openpose, standing) -> None:
    openpose(0, standing(x=300))
    openpose(1, standing(x=300))
    openpose(1, standing(x=300), name="run")
    path = openpose("portrait", standing(x=300), name="my")
    clips = read_joints(path.parent)
    assert {clip.name: len(clip.joints) for clip in clips} == {"my_portrait": 1, "run": 1, "walk": 2}
    (alone,) = read_joints(path.parent / "walk")
    assert alone.name == "walk"
    with pytest.raises(InputError, match=r"no such file or folder; .*json holds joints of my_portrait, run, walk"):
        read_joints(path.parent / "walks")
    path.with_name("000000000004_keypoints.json").write_text(path.read_text())
    assert "json" in {clip.name for clip in read_joints(path.parent)}, "nothing but a number: called as the folder"


def test_nobody_is_no_clip_and_no_error(openpose, standing) -> None:
    path = openpose(0)
    assert read_joints(path.parent) == ()
    openpose(1, np.zeros((25, 3)))
    assert read_joints(path.parent) == (), "nor is somebody without a joint"
    openpose(2, standing())
    (clip,) = read_joints(path.parent, rate=10)
    assert clip.times.tolist() == [0.2]


def test_one_broken_file_among_many_is_said(openpose, standing) -> None:
    for number in range(5):
        path = openpose(number, standing())
    third = path.with_name("walk_000000000002_keypoints.json")
    third.write_text(third.read_text()[:100])
    with pytest.raises(
        InputError, match=r"_000000000002_keypoints.json: not a whole file of OpenPose .*copy it again, or"
    ):
        read_joints(path.parent)
    path.write_text("")
    with pytest.raises(InputError, match=r"_000000000002_keypoints.* 1 more of 5 files cannot be read either\."):
        read_joints(path.parent)
    third.unlink()
    path.unlink()
    assert len(read_joints(path.parent)[0].joints) == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "not a whole file of OpenPose"),
        ('{"people": 3}', "not a whole file of OpenPose"),
        ('{"version": 1.3}', "not a whole file of OpenPose"),
        ('{"people": [{}]}', "pose_keypoints_2d"),
        ('{"people": [{"pose_keypoints_2d": []}]}', r"person 1 has 0 numbers, expected 75 \(BODY_25\) or 54"),
        ('{"people": [{"pose_keypoints_2d": ["a", "b"]}]}', "not a whole file of OpenPose"),
        (json.dumps({"people": [{"pose_keypoints_2d": [1.0] * 57}]}), "person 1 has 57 numbers"),
        (json.dumps({"people": [{"pose_keypoints_2d": [0.5] * 75}]}), "parts of the picture, not pixels; multiply x"),
    ],
)
def test_files_of_another_kind_are_said(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "a_1_keypoints.json"
    path.write_text(text)
    for place in (path, tmp_path):
        with pytest.raises(InputError, match=message):
            read_joints(place)


def test_what_cannot_be_read_is_said(tmp_path: Path, openpose, standing) -> None:
    with pytest.raises(
        InputError, match=r"no file of OpenPose \(.json\) in it; name the folder that OpenPose wrote to"
    ):
        read_joints(tmp_path)
    with pytest.raises(InputError, match="gone: no such file or folder; check the name"):
        read_joints(tmp_path / "gone")
    path = openpose(4, standing())
    path.with_name("walk_4.json").write_text(path.read_text())
    with pytest.raises(InputError, match="is picture 4 of walk, too; take one of them out"):
        read_joints(path.parent)
    with pytest.raises(OptionError, match="Bad value 0 for rate: expected pictures a second, over 0"):
        read_joints(path, rate=0)
    (tmp_path / "walk.mp4").touch()
    with pytest.raises(InputError, match=r"expected a folder or file of OpenPose \(.json\), a table"):
        read_joints(tmp_path / "walk.mp4")


def test_files_that_openpose_itself_wrote(data: Path) -> None:
    """One person in ten pictures; a crowd of up to seventeen; nobody; one picture with three entries."""
    folder = data / "body" / "openpose_raw"
    clips = read_joints(folder, rate=25)
    (single,) = (clip for clip in clips if clip.name == "single_video")
    assert single.joints.shape == (10, 25, 3)
    moved = np.diff(single.joints[:, :, :2], axis=0)
    assert np.nanmax(np.abs(np.nanmedian(moved, axis=1))) < 20, "the same person all the time"
    (soccer,) = (clip for clip in clips if clip.name.startswith("soccer"))
    np.testing.assert_allclose(soccer.times, [41 / 25], err_msg="nobody is in picture 0")
    crowd = [clip for clip in clips if clip.name.startswith("multi")]
    counts = [len(json.loads(path.read_text())["people"]) for path in sorted(folder.glob("multi*"))]
    assert counts == [16, 15, 16, 17, 6]
    seen = [(clip.joints[:, :, 2] > 0).any(axis=1).sum() for clip in crowd]
    assert sum(seen) == sum(counts), "everybody is in one clip, once a picture"
    assert sum(count >= 3 for count in seen) >= 15, "fifteen are there all the time, and followed"
    late = [clip for clip in crowd if clip.times[0] > 30]
    assert len(late) == 6, "half a minute later nobody can say who is who"
    assert len([clip for clip in clips if clip.name.startswith("pifuhd")]) == 3


def test_a_model_of_bodies_takes_them(openpose, standing) -> None:
    from visavox.body.inputs import DescriptiveImages

    for number in range(50):
        path = openpose(number, standing(x=300 + number), standing(x=900))
    for clip in read_joints(path.parent, rate=25):
        assert DescriptiveImages(seconds=1.5).of(clip).shape == (2, 48, 48, 25), "two seconds, cut into two windows"
    assert [len(DescriptiveImages().of(clip)) for clip in read_joints(path.parent)] == [1, 1], "no times: one example"
