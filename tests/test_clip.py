"""`Clip`: arrays of the right shape or a path, and absent modalities are None."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from visavox import Clip
from visavox.errors import InputError


def test_a_clip_is_named_after_its_file_unless_it_has_a_name() -> None:
    assert Clip("folder/talk.wav").name == "talk"
    assert Clip("folder/talk.wav", name="trial 7").name == "trial 7"
    assert Clip(voice=np.zeros(10, np.float32)).name is None


def test_what_is_absent_is_none_and_nothing_is_opened() -> None:
    clip = Clip("no/such/file.mp4", start=1.0, end=2.0)
    assert clip.voice is None
    assert clip.faces is None


def test_a_voice_of_another_precision_is_carried_over() -> None:
    voice = Clip(voice=np.array([0.0, 0.5, -0.5])).voice
    assert voice is not None
    assert voice.dtype == np.float32
    assert voice.tolist() == [0.0, 0.5, -0.5]


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ({"voice": np.zeros((10, 2), np.float32)}, r"voice must be float \[n\].*got float32 \[10, 2\]"),
        ({"voice": np.zeros(10, np.int16)}, "divide integers by 32768 first"),
        ({"faces": np.zeros((4, 48, 48), np.uint8)}, r"faces must be uint8 \[t, h, w, 3\]"),
        ({"faces": np.zeros((4, 48, 48, 3), np.float32)}, "got float32"),
        ({"pictures": np.zeros((48, 48, 3), np.uint8)}, "pictures must be uint8"),
        ({"mesh": np.zeros((2, 478, 3), np.float32)}, r"mesh must be float \[t, 468, 3\]"),
        ({"joints": np.zeros((2, 17, 3), np.float32)}, r"joints must be float \[t, 25, 3\]"),
    ],
)
def test_arrays_of_another_shape_or_type_are_refused(arrays: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        Clip(name="trial", **arrays)


@pytest.mark.parametrize("end", [1.0, 0.5])
def test_a_stretch_must_have_a_length(end: float) -> None:
    with pytest.raises(InputError, match=r"talk\.wav: the clip ends at .* before it starts"):
        Clip("talk.wav", start=1.0, end=end)
