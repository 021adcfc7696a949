"""How long following a face, and a body, takes, against MediaPipe's own loops over the same pictures.

    python bench/following.py [VIDEO ...]

MediaPipe runs in an environment of its own (990 MB), whose Python is named by MEDIAPIPE_PYTHON:

    python3.11 -m venv /tmp/mediapipe && /tmp/mediapipe/bin/pip install mediapipe==0.10.21

Without it only our own times are printed. Pictures are decoded beforehand; both follow one person, look at every
picture, and take turns in processes of their own. What counts is the ratio of the medians within this run; on a busy
machine, that of processor time. The demo's talker is followed by default.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROUNDS = 5
PICTURES = 200
RATE = 25.0
NAMES = {"ours": "visavox", "theirs": "MediaPipe"}


def decode(video: Path, path: Path) -> tuple[int, ...]:
    """Writes the first pictures of a video as one array [n, h, w, 3] and gives its shape."""
    from visavox.media import Picture, open_recording

    pictures = []
    with open_recording(video) as recording:
        for item in recording.read(0, sound=False):
            if isinstance(item, Picture):
                pictures.append(item.pixels)
            if len(pictures) == PICTURES:
                break
    np.save(path, np.stack(pictures))
    return (len(pictures), *pictures[0].shape)


def ours(what: str) -> Callable[[float, Any], object]:
    if what == "face":
        from visavox.face.tracking import FaceTracker

        return FaceTracker(most=1).update
    from visavox.body.tracking import BodyTracker

    return BodyTracker(most=1, every=1e-3).update


def theirs(what: str) -> Callable[[float, Any], object]:
    from mediapipe import solutions

    if what == "face":
        network = solutions.face_mesh.FaceMesh(max_num_faces=1)
    else:
        network = solutions.pose.Pose(model_complexity=1, smooth_landmarks=False)
    return lambda _, pixels: network.process(pixels)


def follow(what: str, whose: str, path: str) -> None:
    """Goes through the pictures once and prints the median and mean milliseconds a picture, and of processor time."""
    look = {"ours": ours, "theirs": theirs}[whose](what)
    pictures = np.load(path)
    for pixels in pictures[:5]:  # first calls prepare buffers
        look(0.0, pixels)
    times = []
    processor = time.process_time()
    for index, pixels in enumerate(pictures):
        begin = time.perf_counter()
        look(index / RATE, pixels)
        times.append(1000 * (time.perf_counter() - begin))
    processor = 1000 * (time.process_time() - processor) / len(times)
    print(statistics.median(times), statistics.mean(times), processor)


def measured(python: str, what: str, whose: str, path: Path) -> list[float]:
    """What `follow` prints, in a process of its own."""
    command = [python, __file__, "--follow", what, whose, str(path)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    return [float(value) for value in answer.stdout.split()[-3:]]


def told(what: str, median: float, mean: float, processor: float) -> str:
    return f"  {what:<16} median {median:5.2f}   mean {mean:5.2f}   processor time {processor:5.2f}"


def main() -> None:
    other = os.environ.get("MEDIAPIPE_PYTHON")
    sides = {"ours": sys.executable} | ({"theirs": other} if other else {})
    with tempfile.TemporaryDirectory() as folder:
        videos = [Path(name) for name in sys.argv[1:]]
        if not videos:
            from visavox import demo

            videos = [demo.make(Path(folder) / "talker.mp4")]
        for video in videos:
            shape = decode(video, Path(folder) / "pictures.npy")
            print(
                f"{video.name}: {shape[0]} pictures of {shape[2]} x {shape[1]}, ms a picture, median of {ROUNDS} runs"
            )
            for what in ("face", "body"):
                rounds: dict[str, list[list[float]]] = {whose: [] for whose in sides}
                for _ in range(ROUNDS):
                    for whose, python in sides.items():
                        rounds[whose].append(measured(python, what, whose, Path(folder) / "pictures.npy"))
                figures = {whose: np.median(values, axis=0) for whose, values in rounds.items()}
                for whose, (median, mean, processor) in figures.items():
                    print(told(f"{what}, {NAMES[whose]}", median, mean, processor))
                if other:
                    print(told("ratio", *(figures["ours"] / figures["theirs"])))
    if not other:
        print("  (for MediaPipe beside it, set MEDIAPIPE_PYTHON: see the head of this file)")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--follow"]:
        follow(*sys.argv[2:5])
    else:
        main()
