"""Joints that other programs found, as Clips: `read_joints`."""

from visavox.joints.motion import Camera as Camera
from visavox.joints.motion import MotionClip as MotionClip
from visavox.joints.motion import moving as moving
from visavox.joints.reading import read_joints as read_joints
