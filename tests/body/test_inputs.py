"""What networks of the body want: windows, joints that count, clips that cannot be judged; how clips are varied."""

import numpy as np
import pytest

from visavox.body.inputs import DescriptiveImages, windows
from visavox.body.kinds import KINDS
from visavox.body.variation import LEGS, BodyVariation
from visavox.clip import Clip
from visavox.datasets.motion import Camera, moving
from visavox.errors import InputError, OptionError


def clip_of(joints: np.ndarray, rate: float = 20.0) -> Clip:
    return Clip(joints=joints, times=np.arange(len(joints)) / rate)


def test_a_clip_is_cut_into_equal_windows(waving) -> None:
    images = DescriptiveImages(seconds=2.0, size=24)
    assert images.of(clip_of(waving(moments=60))).shape == (2, 24, 24, 25), "3 s: twice 1.5 s"
    assert images.of(clip_of(waving(moments=40))).shape == (1, 24, 24, 25), "2 s"
    assert DescriptiveImages(seconds=0, size=24).of(clip_of(waving())).shape == (1, 24, 24, 25)
    without = Clip(joints=waving())
    assert images.of(without).shape == (1, 24, 24, 25), "no times: pictures are not taken for seconds"


def test_windows_look_so_many_times_a_second() -> None:
    rows = windows(np.arange(30) / 30, seconds=0, rate=10)
    assert [row.tolist() for row in rows] == [list(range(0, 30, 3))]
    assert [len(row) for row in windows(np.arange(5) / 5, seconds=0, rate=10)] == [5], "no more than there are"
    assert [row.tolist() for row in windows(np.array([7.0]), seconds=2, rate=10)] == [[0]]


def test_joints_that_count(standing) -> None:
    body = standing()
    body[:, 15:25] = (100, 60, 0.9)  # all that OpenPose knows is seen
    clip = Clip(joints=body)
    drawn = {kind: DescriptiveImages(joints=kind).of(clip)[0].any(axis=(0, 1)) for kind in ("all", "shared", "upper")}
    assert drawn["all"].all()
    assert np.flatnonzero(~drawn["shared"]).tolist() == [15, 16, 17, 18, 20, 21, 23, 24]
    assert len(drawn["upper"]) == 9 and drawn["upper"].all()


def test_legs_that_are_not_seen_leave_their_pictures_empty_and_all_others_as_they_are(waving) -> None:
    whole, cropped = clip_of(waving()), waving()
    cropped[:, list(LEGS)] = (np.nan, np.nan, 0)
    images = DescriptiveImages()
    with_legs, without = images.of(whole), images.of(Clip(joints=cropped, times=whole.times))
    np.testing.assert_array_equal(np.delete(with_legs, LEGS, axis=3), np.delete(without, LEGS, axis=3))
    assert not without[..., list(LEGS)].any()
    upper = DescriptiveImages(joints="upper")
    np.testing.assert_array_equal(upper.of(whole), upper.of(Clip(joints=cropped, times=whole.times)))


@pytest.mark.parametrize("hidden", [range(25), range(9), (2, 5), (1, 2, 5)])
def test_nobody_nothing_or_too_little_is_no_example(hidden: range | tuple[int, ...], standing) -> None:
    body = standing()
    body[:, list(hidden)] = (np.nan, np.nan, 0)
    images = DescriptiveImages()
    assert len(images.of(Clip(joints=body))) == 0
    assert images.of(Clip(joints=body)).shape == (0, *images.shape)
    assert len(images.of(Clip(joints=body[:0]))) == 0
    assert len(images.of(Clip(voice=np.zeros(9, np.float32)))) == 0


def test_one_picture_is_an_example(standing) -> None:
    assert DescriptiveImages().of(Clip(joints=standing(moments=1), times=np.zeros(1)))[0].any()


def test_bad_options_name_the_good_ones() -> None:
    with pytest.raises(OptionError, match=r"input\.joints: expected one of all, shared, upper"):
        KINDS.input({"kind": "descriptive-images", "joints": "legs"})
    with pytest.raises(OptionError, match="linear, quadratic"):
        KINDS.input({"kind": "descriptive-images", "weighting": "cubic"})
    with pytest.raises(OptionError, match=r"Bad value 'many' for augmentation\.copies"):
        KINDS.copies({"copies": "many"})
    with pytest.raises(InputError, match="walk: it has no joints"):
        KINDS.fill(Clip("walk.mp4"), "joints")


def test_an_input_is_what_its_card_says() -> None:
    made = KINDS.input({"kind": "descriptive-images", "size": 20, "weighting": "quadratic"})
    assert made.shape == (20, 20, 25)
    assert KINDS.input(KINDS.describe(made)) == made


def test_copies_differ_and_keep_the_clip(waving) -> None:
    clip = clip_of(waving())
    table = {"copies": 3, "drop": 0.0, "blink": 0.0, "crop": 1.0, "crop_hips": 0.0, "tempo": 0.2, "other": 1}
    copies = KINDS.copies(table)
    assert table == {"other": 1}, "a wing takes its own keys alone"
    assert copies is not None
    made = copies(clip, np.random.default_rng(1))
    again = copies(clip, np.random.default_rng(1))
    assert len(made) == 3
    for one, same in zip(made, again, strict=True):
        assert one.joints is not None and clip.joints is not None
        np.testing.assert_array_equal(one.joints, same.joints)
        assert not np.array_equal(one.joints, clip.joints, equal_nan=True)
        assert (one.joints[:, list(LEGS), 2] == 0).all()
        assert one.joints[:, 2, 2].all(), "what is not cropped is seen"
        assert 0.8 <= np.diff(one.times)[0] / np.diff(clip.times)[0] <= 1.2
    assert KINDS.copies({}) is None
    assert list(copies(Clip(voice=np.zeros(9, np.float32)), np.random.default_rng(1))) == []


def test_recorded_motion_is_seen_by_other_cameras() -> None:
    motion = np.full((4, 25, 3), np.nan, np.float32)
    motion[:, [2, 5]] = [(-0.2, 1.4, 0), (0.2, 1.4, 0)]
    motion[:, [9, 12]] = [(-0.1, 0.9, 0), (0.1, 0.9, 0)]
    clip = moving(motion, np.arange(4) / 10, "still")
    still = BodyVariation(copies=8, mirror=0, tempo=0, jitter=0, crop=0, drop=0, blink=0)
    wide = [np.ptp(copy.joints[0, [2, 5], 0]) for copy in still(clip, np.random.default_rng(1))]
    assert np.ptp(wide) > 30, "the shoulders are broad from the front, narrow from the side"


def test_a_camera_by_hand() -> None:
    """4 m away, focal length 1000: a metre is 250 pixels; from the right side, depth is what was breadth."""
    motion = np.full((1, 25, 3), np.nan, np.float32)
    motion[0, 1], motion[0, 8] = (0, 1.5, 0), (0, 1.0, 0)
    seen = Camera(tilt=0).see(motion, np.zeros(1))
    np.testing.assert_allclose(seen[0, [1, 8]], [[0, -62.5, 1], [0, 62.5, 1]], atol=1e-3)
    assert (seen[0, 2:8, 2] == 0).all() and np.isnan(seen[0, 2:8, :2]).all(), "unknown joints are not seen"
    motion[0, 1], motion[0, 8] = (0.5, 1, 0), (-0.5, 1, 0)
    side = Camera(tilt=0, turn=90).see(motion, np.zeros(1))
    np.testing.assert_allclose(side[0, [1, 8], :2], 0, atol=1e-3)


def test_a_camera_follows_who_walks() -> None:
    motion = np.full((100, 25, 3), np.nan, np.float32)
    motion[:, 8] = 0
    motion[:, 8, 2] = np.arange(100) / 100 * 30  # 30 m, past any camera that stands still
    seen = Camera().see(motion, np.arange(100) / 10)
    assert (seen[:, 8, 2] == 1).all()
    assert np.abs(seen[20:80, 8, :2]).max() < 1
