"""What is computed of clips is kept: found again, missed where anything changed, and safe against kills and company."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import wave
from pathlib import Path

import numpy as np
import pytest

from visavox.clip import Clip
from visavox.errors import OutputError
from visavox.recipes import caching
from visavox.recipes.caching import Cache, identity
from visavox.voice.inputs import MeanMfcc

SOURCE = Path(__file__).resolve().parents[1] / "src"

WRITER = """
import sys, time
import numpy as np
from visavox.recipes.caching import Cache

def make():
    print("computing", flush=True)
    time.sleep(float(sys.argv[2]))
    return np.full(200_000, 7.0)

for number in range(int(sys.argv[3])):
    values = Cache(sys.argv[1]).array(f"key {number}", make)
    assert values.shape == (200_000,) and (values == 7.0).all()
"""


def writer(folder: Path, *, seconds: float, count: int) -> subprocess.Popen[str]:
    """Another process that asks the cache for arrays and takes its time to compute each."""
    command = [sys.executable, "-c", WRITER, str(folder), str(seconds), str(count)]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


class Counting:
    """Computes an array and counts how often it was asked to."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> np.ndarray:
        self.times += 1
        return np.arange(6, dtype=np.uint8).reshape(2, 3)


def test_what_was_computed_once_is_found_again_as_it_was(tmp_path: Path) -> None:
    make = Counting()
    first, again = (Cache(tmp_path).array("a key", make) for _ in range(2))
    assert make.times == 1
    np.testing.assert_array_equal(first, again)
    assert again.dtype == np.uint8
    Cache(tmp_path).array("another key", make)
    assert make.times == 2
    assert Cache(tmp_path).held() == (2, sum(path.stat().st_size for path in tmp_path.rglob("*.npy")))


def test_another_version_computes_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make = Counting()
    Cache(tmp_path).array("a key", make)
    monkeypatch.setattr(caching, "__version__", "99.0")
    Cache(tmp_path).array("a key", make)
    assert make.times == 2


def test_two_processes_at_once_get_whole_arrays(tmp_path: Path) -> None:
    both = [writer(tmp_path, seconds=0.02, count=20) for _ in range(2)]
    said = [one.communicate(timeout=120)[0] for one in both]
    assert [one.returncode for one in both] == [0, 0]
    assert 20 <= "".join(said).count("computing") <= 40
    assert Cache(tmp_path).held().files == 20, "and nothing half written is left"


def test_a_killed_run_leaves_nothing_that_is_taken_for_whole(tmp_path: Path) -> None:
    killed = writer(tmp_path, seconds=60, count=1)
    with killed:
        assert killed.stdout is not None and killed.stdout.readline() == "computing\n"
        killed.send_signal(signal.SIGKILL)
    make = Counting()
    Cache(tmp_path).array("key 0", make)
    assert make.times == 1


def test_a_file_that_is_half_there_is_made_anew(tmp_path: Path) -> None:
    make = Counting()
    Cache(tmp_path).array("a key", make)
    (path,) = tmp_path.rglob("*.npy")
    for content in (path.read_bytes()[:-3], b"", b"not an array"):
        path.write_bytes(content)
        np.testing.assert_array_equal(Cache(tmp_path).array("a key", make), make())
    assert np.load(path).shape == (2, 3)


def test_a_place_that_cannot_be_written_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match=r"cannot be kept there.*VISAVOX_CACHE"):
        Cache(tmp_path / "file").array("a key", Counting())


def test_where_it_is_can_be_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(caching.VARIABLE, str(tmp_path / "mine"))
    assert Cache().folder == tmp_path / "mine"
    assert Cache().held() == (0, 0)
    monkeypatch.delenv(caching.VARIABLE)
    assert Cache().folder.name == "inputs"


def sound(path: Path, level: float) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(np.full(1600, level * 32767).astype("<i2").tobytes())
    return path


def test_a_changed_file_and_another_part_of_it_are_other_clips(tmp_path: Path) -> None:
    path = sound(tmp_path / "talk.wav", 0.1)
    before = identity(Clip(path))
    assert identity(Clip(path)) == before
    assert identity(Clip(path, start=0.01)) != before != identity(Clip(path, end=0.05))
    time.sleep(0.02)  # file systems keep times in steps
    assert identity(Clip(sound(path, 0.2))) != before, "as long as before, but written later"
    assert identity(Clip(sound(tmp_path / "other.wav", 0.2))) != identity(Clip(path))


def test_arrays_are_known_by_their_content_and_modality() -> None:
    quiet, loud = np.zeros(8, np.float32), np.ones(8, np.float32)
    assert identity(Clip(voice=quiet)) == identity(Clip(voice=quiet.copy(), name="renamed"))
    assert identity(Clip(voice=quiet)) != identity(Clip(voice=loud))
    faces = np.zeros((1, 4, 4, 3), np.uint8)
    assert identity(Clip(faces=faces)) != identity(Clip(pictures=faces))


def test_changed_options_are_another_key() -> None:
    assert repr(MeanMfcc()) == repr(MeanMfcc())
    assert repr(MeanMfcc(seconds=2.5)) != repr(MeanMfcc())
