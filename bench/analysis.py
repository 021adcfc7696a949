"""How long `analyze` takes over decoding alone, what the body adds, and whether its memory grows with the recording.

    python bench/analysis.py [VIDEO]

Ten minutes are made by repeating the video (the demo's talker by default). Each measurement is a process of its own;
what counts is the ratio of the medians within this run.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import av

ROUNDS = 3
MINUTES = 10


def repeat(video: Path, path: Path, seconds: float) -> Path:
    """The video again and again, its packets copied, for so many seconds."""
    with av.open(str(path), "w") as output:
        streams, shift = {}, 0.0
        while shift < seconds:
            with av.open(str(video)) as source:
                length, early = 0.0, 0.0  # packets may begin before the first picture: sound does, to get going
                for stream in source.streams:
                    if stream.type in ("video", "audio") and stream.type not in streams:
                        streams[stream.type] = output.add_stream_from_template(stream)
                for packet in source.demux():
                    if packet.dts is None or packet.pts is None or packet.stream.type not in streams:
                        continue
                    base = packet.time_base
                    length = max(length, float((packet.pts + (packet.duration or 0)) * base))
                    early = min(early, float(packet.dts * base))
                    packet.pts += round(shift / base)
                    packet.dts += round(shift / base)
                    packet.stream = streams[packet.stream.type]
                    output.mux(packet)
            shift += length - early
    return path


def decode(video: str) -> None:
    """Decodes every picture and sample, and looks at none."""
    with av.open(video) as container:
        for stream in container.streams:
            stream.thread_type = "AUTO"
        for _ in container.decode():
            pass


def measured(task: str, video: Path) -> tuple[float, float]:
    """Seconds, and peak resident megabytes, of one task in a process of its own."""
    answer = subprocess.run(
        [sys.executable, __file__, "--task", task, str(video)], capture_output=True, text=True, check=True
    )
    seconds, megabytes = answer.stdout.split()[-2:]
    return float(seconds), float(megabytes)


def run(task: str, video: str) -> None:
    begin = time.perf_counter()
    if task == "decode":
        decode(video)
    else:
        import visavox

        visavox.analyze(video, body="accm" if task == "with body" else None)
    print(time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        if len(sys.argv) > 1:
            video = Path(sys.argv[1])
        else:
            from visavox import demo

            video = demo.make(Path(folder) / "talker.mp4")
        long = repeat(video, Path(folder) / f"long{video.suffix}", MINUTES * 60)
        minute = repeat(video, Path(folder) / f"minute{video.suffix}", 60)
        times: dict[str, list[float]] = {"decode": [], "analyze": []}
        memory: dict[str, float] = {}
        for _ in range(ROUNDS):
            for task, values in times.items():
                seconds, memory[task] = measured(task, long)
                values.append(seconds)
        _, small = measured("analyze", minute)
        short = {
            task: statistics.median(measured(task, minute)[0] for _ in range(ROUNDS))
            for task in ("analyze", "with body")
        }
        medians = {task: statistics.median(values) for task, values in times.items()}
        print(f"{MINUTES} minutes of {video.name}, median of {ROUNDS} runs")
        print(f"  decoding alone   {medians['decode']:7.1f} s")
        ratio, speed = medians["analyze"] / medians["decode"], MINUTES * 60 / medians["analyze"]
        print(f"  visavox analyze  {medians['analyze']:7.1f} s = {ratio:.2f} x decoding, {speed:.0f} x real time")
        ratio, speed = short["with body"] / short["analyze"], 60 / short["with body"]
        print(
            f"  with --body accm, a minute {short['with body']:5.1f} s = {ratio:.2f} x without, {speed:.1f} x real time"
        )
        print(f"  peak memory      {memory['analyze']:7.0f} MB, of one minute {small:.0f} MB")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--task"]:
        run(*sys.argv[2:4])
    else:
        main()
