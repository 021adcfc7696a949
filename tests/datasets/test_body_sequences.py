"""Recorded motion: joints mapped to BODY_25, words and people, and what a camera sees of it."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from visavox import datasets
from visavox.datasets.body_sequences import PLACES
from visavox.errors import DataError

SIDES = [f"{side}_{joint}" for side in "lr" for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle", "toe")]
JOINTS = ["pelvis", "chest", "neck", "head", *SIDES]


def write(folder: Path, **changed: object) -> Path:
    """Two sequences of three pictures each, one of them with a word; each joint is where its number says."""
    place = np.zeros((6, len(JOINTS), 3), np.float32)
    place[:, :, 0] = np.arange(len(JOINTS))
    table: dict[str, object] = {
        "id": ["aalto/k_walk_sad", "aalto/k_walk_fast"], "source": ["aalto", "aalto"], "actor": ["aalto_k", "aalto_k"],
        "action": ["walk", "walk"], "style": ["sad", "fast"], "emotion": ["sad", "other"], "fps": [25.0, 25.0],
        "joints": JOINTS, "start": [0, 3, 6], "xyz": place,
    }  # fmt: skip
    table.update(changed)
    folder.mkdir(exist_ok=True)
    arrays = {name: np.array(value) for name, value in table.items() if value is not None}
    np.savez(folder / "body_sequences.npz", **arrays)  # type: ignore[arg-type]
    return folder


def test_joints_are_put_where_body_25_has_them(tmp_path: Path) -> None:
    (sample,) = datasets.load("aalto-motion", f"body={write(tmp_path / 'body')}")
    assert (sample.emotion, sample.speaker, sample.statement) == ("sad", "aalto-motion-k", "walk")
    assert sample.clip.name == sample.take == "aalto-motion-k_walk_sad"
    motion = sample.clip.motion[0, :, 0]
    assert motion[4] == JOINTS.index("r_wrist") and motion[7] == JOINTS.index("l_wrist")
    assert motion[1] == (JOINTS.index("l_shoulder") + JOINTS.index("r_shoulder")) / 2, "the neck, as OpenPose has it"
    assert motion[17] == motion[18] == JOINTS.index("head"), "which lies between the ears"
    assert np.flatnonzero(np.isnan(motion)).tolist() == [0, 15, 16, 20, 21, 23, 24]
    np.testing.assert_allclose(sample.clip.times, [0, 0.04, 0.08])
    assert sample.clip.joints.shape == (3, 25, 3)


def test_a_broken_file_says_what_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"body_sequences\.npz"):
        datasets.load("xia-motion", f"xia-motion={tmp_path}")
    with pytest.raises(DataError, match="it holds no 'fps'"):
        datasets.load("xia-motion", f"xia-motion={write(tmp_path / 'a', fps=None)}")
    renamed = ["left_toe" if joint == "l_toe" else joint for joint in JOINTS]
    with pytest.raises(DataError, match="it has no joint 'l_toe'"):
        datasets.load("xia-motion", f"xia-motion={write(tmp_path / 'b', joints=renamed)}")


def test_the_corpora_at_hand(data: Path) -> None:
    """Counts of the README that came with them: sequences with a word."""
    expected = {
        "bandai-namco": {"angry": 11, "happy": 11, "sad": 11, "neutral": 14},
        "aalto-motion": {"angry": 4, "sad": 4, "neutral": 4},
        "xia-motion": {"angry": 1, "sad": 2, "neutral": 2},
    }
    for name, counts in expected.items():
        samples = datasets.load(name, data)
        assert Counter(sample.emotion for sample in samples) == counts
        assert len({sample.take for sample in samples}) == len(samples)
        for sample in samples:
            seen = sample.clip.joints[:, list(PLACES), 2]
            assert (seen == 1).all(), "a camera that follows sees all of a body"
            ankles, neck = sample.clip.joints[:, [11, 14], 1], sample.clip.joints[:, 1, 1]
            assert (np.median(ankles) > np.median(neck)).all(), "y goes downwards"
    assert {sample.speaker for sample in datasets.load("aalto-motion", data)} == {"aalto-motion-k", "aalto-motion-t"}


def test_windows_are_three_seconds_at_most_each_seen_by_four_cameras(tmp_path: Path) -> None:
    """A sequence of seven seconds: three windows, twelve samples, one performance."""
    place = np.random.default_rng(1).normal(size=(178, len(JOINTS), 3)).astype(np.float32)
    body = write(tmp_path / "body", start=[0, 175, 178], xyz=place)
    samples = datasets.load("aalto-motion-windows", f"body={body}")
    (whole,) = datasets.load("aalto-motion", f"body={body}")
    assert len(samples) == 12
    assert {(sample.take, sample.corpus) for sample in samples} == {(whole.take, "aalto-motion-windows")}
    for sample in samples:
        assert sample.clip.times[0] == 0 and sample.clip.times[-1] < 3
    views = samples[:4]
    assert len({sample.clip.name for sample in samples}) == 12
    for view in views:
        np.testing.assert_array_equal(view.clip.motion, whole.clip.motion[: len(view.clip.times)])
    assert len({float(view.clip.joints[0, 4, 0]) for view in views}) == 4, "each from elsewhere"
    assert sum(len(sample.clip.times) for sample in samples[::4]) == 175, "nothing is lost between windows"
