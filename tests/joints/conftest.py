"""Small files of joints, as other programs write them."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

WALKER = [(0, -50), (0, 0), (-20, 0), (-30, 30), (-30, 60), (20, 0), (30, 30), (30, 60), (0, 80), (-12, 80), (-12, 140),
          (-12, 200), (12, 80), (12, 140), (12, 200), (-4, -55), (4, -55), (-9, -52), (9, -52), (14, 205), (18, 203),
          (10, 203), (-14, 205), (-18, 203), (-10, 203)]  # fmt: skip
"""x and y of the joints of BODY_25 around the neck, from the front; the torso is 80 pixels long."""


@pytest.fixture
def standing() -> Callable[[float, float], np.ndarray]:
    """Makes somebody with the neck at x, y [25, 3]."""

    def make(x: float = 300, y: float = 100, confidence: float = 0.9) -> np.ndarray:
        return np.array([(x + right, y + down, confidence) for right, down in WALKER])

    return make


@pytest.fixture
def openpose(tmp_path: Path) -> Callable[..., Path]:
    """Writes a picture as OpenPose does, given the people in it [n, 3], into the folder ``json``."""

    def write(number: int | str, *people: np.ndarray, name: str = "walk", ids: Sequence[int] = ()) -> Path:
        folder = tmp_path / "json"
        folder.mkdir(exist_ok=True)
        listed = [
            {"person_id": [ids[index] if ids else -1], "pose_keypoints_2d": body.ravel().tolist()}
            for index, body in enumerate(people)
        ]
        end = f"{number:012d}" if isinstance(number, int) else number
        path = folder / f"{name}_{end}_keypoints.json"
        path.write_text(json.dumps({"version": 1.3, "people": listed}))
        return path

    return write


BVH = """HIERARCHY
ROOT Hips
{
  OFFSET 0 0 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  JOINT LeftUpLeg
  {
    OFFSET 10 0 0
    CHANNELS 3 Zrotation Xrotation Yrotation
    JOINT LeftLeg
    {
      OFFSET 0 -40 0
      CHANNELS 3 Zrotation Xrotation Yrotation
      JOINT LeftFoot
      {
        OFFSET 0 -40 0
        CHANNELS 3 Zrotation Xrotation Yrotation
        End Site
        {
          OFFSET 0 -5 15
        }
      }
    }
  }
  JOINT RightUpLeg
  {
    OFFSET -10 0 0
    CHANNELS 3 Zrotation Xrotation Yrotation
    JOINT RightLeg
    {
      OFFSET 0 -40 0
      CHANNELS 3 Zrotation Xrotation Yrotation
      JOINT RightFoot
      {
        OFFSET 0 -40 0
        CHANNELS 3 Zrotation Xrotation Yrotation
        End Site
        {
          OFFSET 0 -5 15
        }
      }
    }
  }
}
MOTION
Frames: 2
Frame Time: 0.04
0 90 0 0 0 0  0 0 0  0 0 0  0 0 0  0 0 0  0 0 0  0 0 0
0 90 0 0 0 0  0 90 0  0 0 0  0 0 0  0 0 0  0 0 0  0 0 0
"""
"""Hips and legs in centimetres; in the second picture the left thigh is turned by 90 degrees about x."""


@pytest.fixture
def bvh(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a BVH file: hips and legs, changed by pairs of what is there and what is put in its place."""

    def write(*changes: tuple[str, str]) -> Path:
        text = BVH
        for there, instead in changes:
            assert there in text
            text = text.replace(there, instead)
        path = tmp_path / "legs.bvh"
        path.write_text(text)
        return path

    return write
