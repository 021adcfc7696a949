"""Writes landmarks.npz: MediaPipe's own meshes of stills from real recordings. Runs in an environment of its own:

python3.11 -m venv /tmp/mediapipe && /tmp/mediapipe/bin/pip install mediapipe==0.10.21 av
/tmp/mediapipe/bin/python tests/face/golden/make.py DATA/media
"""

import sys
from pathlib import Path

import av
import numpy as np

STILLS = (
    ("grid_bbaf2n.mpg", 1.0),
    ("grid_brbk7n.mpg", 1.0),
    ("grid_lbax4n.mpg", 1.0),
    ("grid_lwbsza.mpg", 1.0),
    ("grid_swiz3n.mpg", 2.0),
    ("talking_gesturing.mp4", 1.0),
    ("stage_performer_audience.mp4", 9.0),
    ("two_people_split_screen.mp4", 2.0),
    ("two_people_split_screen.mp4", 4.0),
    ("sign_gesture_silent.mkv", 1.0),
    ("webcam_faces_silent.webm", 10.0),
    ("webcam_faces_silent.webm", 20.0),
    ("makeup_hand_over_face.avi", 2.0),
    ("phone_face_then_noface.mov", 1.0),
    ("expressions_woman.mp4", 3.0),
    ("expressions_woman.mp4", 6.0),
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
    """Runs MediaPipe on each still by itself."""
    import mediapipe

    meshes = {}
    with mediapipe.solutions.face_mesh.FaceMesh(static_image_mode=True, max_num_faces=4) as network:
        for name, second in STILLS:
            pixels = still(folder / name, second)
            size = np.array([pixels.shape[1], pixels.shape[0]])
            for index, face in enumerate(network.process(pixels).multi_face_landmarks or ()):
                points = np.array([(point.x, point.y) for point in face.landmark]) * size
                # Hundredths of a pixel, differences from point to point: they pack to half the size.
                hundredths = np.rint(points * 100).astype(np.int32)
                meshes[f"{name}@{second:g}#{index}"] = np.diff(hundredths, axis=0, prepend=np.int32(0))
            print(name, second, sum(key.startswith(f"{name}@{second:g}#") for key in meshes))
    np.savez_compressed(Path(__file__).with_name("landmarks.npz"), **meshes)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
