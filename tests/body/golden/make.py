"""Writes poses.npz: MediaPipe's own poses of stills from real recordings. Runs in an environment of its own:

python3.11 -m venv /tmp/mediapipe && /tmp/mediapipe/bin/pip install mediapipe==0.10.21 av
/tmp/mediapipe/bin/python tests/body/golden/make.py DATA/media
"""

import sys
from pathlib import Path

import av
import numpy as np

STILLS = (
    ("talking_gesturing.mp4", 1.0),
    ("talking_gesturing.mp4", 7.5),
    ("talking_gesturing.mp4", 14.0),
    ("walk_treadmill.mp4", 0.5),
    ("walk_treadmill.mp4", 1.5),
    ("walk_treadmill.mp4", 3.0),
    ("sign_gesture_silent.mkv", 0.3),
    ("sign_gesture_silent.mkv", 1.0),
    ("stage_performer_audience.mp4", 1.0),
    ("stage_performer_audience.mp4", 3.0),
    ("two_people_split_screen.mp4", 2.0),
    ("grid_bbaf2n.mpg", 1.0),
    ("grid_lbbc2a.mpg", 1.0),
    ("webcam_faces_silent.webm", 10.0),
    ("phone_face_then_noface.mov", 1.0),
    ("expressions_woman.mp4", 3.0),
    ("portrait_official.jpg", 0.0),
)
"""Recordings and seconds: the first picture at or after each is taken."""


def still(path: Path, second: float) -> np.ndarray:
    """The first picture at or after a second of the file, uint8 [h, w, 3]."""
    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "AUTO"
        for frame in container.decode(video=0):
            if frame.time is None or frame.time >= second - 1e-6:
                return frame.to_ndarray(format="rgb24")
    raise ValueError(f"{path}: no picture at {second} s")


def main(folder: Path) -> None:
    """Runs MediaPipe's full model on each still by itself."""
    import mediapipe

    poses = {}
    with mediapipe.solutions.pose.Pose(static_image_mode=True, model_complexity=1) as network:
        for name, second in STILLS:
            pixels = still(folder / name, second)
            found = network.process(pixels).pose_landmarks
            print(name, second, found is not None)
            if found is not None:
                size = (pixels.shape[1], pixels.shape[0])
                # Hundredths of a pixel, and per cent of visibility.
                rows = [(100 * size[0] * one.x, 100 * size[1] * one.y, 100 * one.visibility) for one in found.landmark]
                poses[f"{name}@{second:g}"] = np.rint(rows).astype(np.int32)
    np.savez_compressed(Path(__file__).with_name("poses.npz"), **poses)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
