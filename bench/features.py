"""How long our log-mel spectrum takes, over librosa's for the same sound: the median of alternating runs.

python bench/features.py
"""

from __future__ import annotations

import statistics
import time

import librosa
import numpy as np

from visavox.voice.features import LogMel, log_mel

SECONDS = 60
ROUNDS = 15


def main() -> None:
    """Prints both times and their ratio."""
    options = LogMel()
    sound = np.random.default_rng(1).standard_normal(SECONDS * options.rate).astype(np.float32)

    def theirs() -> None:
        power = librosa.feature.melspectrogram(
            y=sound,
            sr=options.rate,
            n_fft=options.n_fft,
            win_length=options.window,
            hop_length=options.hop,
            n_mels=options.bands,
            fmin=options.low,
            fmax=options.high,
        )
        np.log(power + 1e-10)

    tasks = {"visavox": lambda: log_mel(sound), "librosa": theirs}
    times: dict[str, list[float]] = {name: [] for name in tasks}
    for task in tasks.values():
        task()
    for _ in range(ROUNDS):
        for name, task in tasks.items():
            begin = time.perf_counter()
            task()
            times[name].append(time.perf_counter() - begin)
    medians = {name: statistics.median(values) * 1000 / SECONDS for name, values in times.items()}
    print(f"log-mel of {SECONDS} s, milliseconds a second of sound, median of {ROUNDS} runs")
    print(
        f"  visavox {medians['visavox']:.2f}, librosa {medians['librosa']:.2f}: "
        f"{medians['visavox'] / medians['librosa']:.2f} of it"
    )


if __name__ == "__main__":
    main()
