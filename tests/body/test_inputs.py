"""What networks of the body want: windows, joints that count, clips that cannot be judged; how clips are varied."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from visavox.body.gesture import LEGS
from visavox.body.inputs import DescriptiveImages, legs_seen, windows
from visavox.body.kinds import KINDS
from visavox.body.variation import BodyVariation, facing, talking
from visavox.clip import Clip
from visavox.errors import InputError, OptionError
from visavox.joints.motion import Camera, moving


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


def test_a_window_is_drawn_by_itself(waving) -> None:
    """What comes before and after changes nothing, as in a recording, where windows come one by one."""
    images = DescriptiveImages(seconds=1.0, rate=5.0)
    clip = clip_of(waving(moments=40))
    both = images.of(clip)
    alone = [images.of(Clip(joints=clip.joints[rows], times=clip.times[rows])) for rows in (slice(20), slice(20, 40))]
    np.testing.assert_array_equal(both, np.concatenate(alone))


def test_looks_that_fill_a_window_to_both_ends_are_one(waving) -> None:
    """Sixteen looks, one each fifth of a second, are three seconds from the first to the last."""
    assert len(DescriptiveImages(seconds=3.0, rate=5.0).of(clip_of(waving(moments=16), rate=5.0))) == 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(
    scale=st.floats(0.3, 3),
    x=st.floats(-500, 500),
    y=st.floats(-500, 500),
    behind=st.booleans(),
    seed=st.integers(0, 9),
)
def test_size_place_and_facing_change_no_picture(
    scale: float, x: float, y: float, behind: bool, seed: int, standing
) -> None:
    body = standing(np.random.default_rng(seed)).astype(np.float64)
    other = body.copy()
    other[:, :, :2] = body[:, :, :2] * ((-scale if behind else scale), scale) + (x, y)
    images = DescriptiveImages(size=24)
    first, second = (images.of(Clip(joints=joints))[0].astype(int) for joints in (body, other))
    assert np.abs(first - second).max() <= 1, "but for rounding"


def test_legs_are_seen_where_half_of_the_looks_show_them(standing) -> None:
    body = standing(moments=10)
    assert legs_seen(body)
    body[:5, [10, 11, 13, 14]] = (np.nan, np.nan, 0)
    assert legs_seen(body)
    body[5, [10, 11, 13, 14]] = 0
    assert not legs_seen(body)
    body[:6] = 0
    assert legs_seen(body), "who is not seen at all has neither legs nor none"
    assert not legs_seen(body[:6])
    body[:, [11, 13, 14]] = 0
    assert legs_seen(body), "one knee is enough"


@pytest.mark.parametrize("hidden", [range(25), range(9), (2, 5), (1, 2, 5), (3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14)])
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
    with pytest.raises(InputError, match=r"walk\.mp4: "):
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


def test_who_talks_to_a_camera_faces_it(standing) -> None:
    """From wherever the body was turned, its right shoulder is at the picture's left, and near it fills the picture."""
    body = np.full((2, 25, 3), np.nan, np.float32)
    body[:, [2, 5], 1], body[:, [1, 8], 1] = 1.4, (1.4, 0.9)
    for degrees in (0, 70, 180, -110):
        across = 0.2 * np.array([np.cos(np.radians(degrees)), -np.sin(np.radians(degrees))])
        body[:, [2, 5]] = np.array([[-across[0], 1.4, -across[1]], [across[0], 1.4, across[1]]])
        body[:, 1], body[:, 8] = (0, 1.4, 0), (0, 0.9, 0)
        assert facing(body) == pytest.approx(degrees, abs=1e-4)
        for seed in range(5):
            seen = talking(body, np.random.default_rng(seed)).see(body, np.arange(2) / 5)
            assert seen[0, 2, 0] < seen[0, 5, 0]


def test_a_narrow_picture_hides_what_is_outside_of_it(waving) -> None:
    still = {"mirror": 0, "tempo": 0, "jitter": 0, "crop": 0, "drop": 0, "blink": 0}
    clip = clip_of(waving())
    whole = BodyVariation(copies=1, **still)(clip, np.random.default_rng(1))[0]
    np.testing.assert_array_equal(whole.joints, clip.joints)
    shares = []
    for one in BodyVariation(copies=40, edges=1, **still)(clip, np.random.default_rng(1)):
        shown = one.joints[:, :, 2] > 0
        np.testing.assert_array_equal(one.joints[shown], clip.joints[shown])
        assert shown[:, [0, 2, 5]].all(), "head and shoulders"
        shares.append(shown[:, 10].mean())
    assert 0.2 < np.mean(shares) < 0.8, "knees are inside now and then"
