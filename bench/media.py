"""How long reading a recording takes over decoding alone.

    python bench/media.py [VIDEO ...]

Reading is what `analyze` does: a picture each 0.1 s in full RGB, sound at 16 kHz, both in order of time. Decoding alone
is a loop over the same file's frames that looks at none. Both are run in turn in this process; what counts is the ratio
of the medians. Without arguments a made 720p clip is read (H.264 and AAC, 20 s), and where there are real recordings
(VISAVOX_DATA, or ../shared/data) one of RAVDESS.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from visavox import media

ROUNDS = 7
SECONDS = 20


def make(path: Path) -> Path:
    """Coloured noise that moves, and a hum: 1280 x 720 at 30 pictures a second."""
    rng = np.random.default_rng(0)
    texture = np.kron(rng.integers(0, 255, (60, 100, 3), dtype=np.uint8), np.ones((16, 16, 1), np.uint8))
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=30, options={"preset": "veryfast"})
        video.width, video.height, video.pix_fmt = 1280, 720, "yuv420p"
        audio = container.add_stream("aac", rate=48_000, layout="stereo")
        for index in range(30 * SECONDS):
            shift = index % 200
            frame = av.VideoFrame.from_ndarray(
                np.ascontiguousarray(texture[shift : shift + 720, :1280]), format="rgb24"
            )
            container.mux(video.encode(frame))
            hum = 0.2 * np.sin((np.arange(1600) + 1600 * index) * 0.03).astype(np.float32)
            block = av.AudioFrame.from_ndarray(np.stack([hum, hum]), format="fltp", layout="stereo")
            block.sample_rate, block.pts, block.time_base = 48_000, 1600 * index, Fraction(1, 48_000)
            container.mux(audio.encode(block))
        container.mux(video.encode(None))
        container.mux(audio.encode(None))
    return path


def read(path: Path) -> int:
    """Reads as `analyze` does; gives the number of pictures."""
    with media.open_recording(path) as recording:
        return sum(isinstance(item, media.Picture) for item in recording.read(every=0.1))


def decode(path: Path) -> int:
    """Decodes every frame; gives the number of pictures."""
    with av.open(str(path)) as container:
        for stream in container.streams.video:
            stream.thread_type = "AUTO"
        return sum(isinstance(frame, av.VideoFrame) for frame in container.decode())


def compare(path: Path) -> None:
    """Prints the medians and their ratio for one file."""
    seconds: dict[str, list[float]] = {"read": [], "decode": []}
    counts = {}
    for _ in range(ROUNDS):
        for name, task in (("read", read), ("decode", decode)):
            begin = time.perf_counter()
            counts[name] = task(path)
            seconds[name].append(time.perf_counter() - begin)
    ours, floor = (statistics.median(seconds[name]) for name in ("read", "decode"))
    print(
        f"{path.name}: reading {ours:.3f} s ({counts['read']} pictures), decoding alone {floor:.3f} s "
        f"({counts['decode']} pictures), ratio {ours / floor:.2f}, {floor / counts['decode'] * 1000:.2f} ms a picture"
    )


if __name__ == "__main__":
    if sys.argv[1:]:
        for argument in sys.argv[1:]:
            compare(Path(argument))
    else:
        with tempfile.TemporaryDirectory() as folder:
            compare(make(Path(folder) / "made.mp4"))
        real = Path(os.environ.get("VISAVOX_DATA", "../shared/data")) / "ravdess" / "video"
        for path in sorted(real.glob("*.mp4"))[:1]:
            compare(path)
