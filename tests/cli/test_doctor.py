"""`visavox doctor`: a whole installation, and broken ones."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from visavox import zoo
from visavox.cli import main
from visavox.recognizer import Card


def examined(capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, str]]:
    report = json.loads(capsys.readouterr().out)
    assert report["ok"] == all(check["ok"] for check in report["checks"])
    return {check["name"]: check for check in report["checks"]}


def test_a_whole_installation(weights: Path, models: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["doctor", "--json"])
    checks = examined(capsys)
    assert {"python", "libraries", "ffmpeg", "temporary", "weights", "model face", "voice analysis"} <= set(checks)
    assert "numpy" in checks["libraries"]["found"] and "libavcodec" in checks["ffmpeg"]["found"]
    assert str(weights) in checks["weights"]["found"]
    assert {name: check["found"] for name, check in checks.items() if not check["ok"]} == {}
    assert code == 0


def test_missing_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("VISAVOX_WEIGHTS", str(tmp_path))
    assert main(["doctor"]) == 1
    out = capsys.readouterr().out
    assert "WRONG  weights" in out and "-> visavox models fetch" in out


def test_half_a_file(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(weights, tmp_path / "cache")
    (tmp_path / "cache" / "face_landmark.tflite").write_bytes(b"TFL3")
    monkeypatch.setenv("VISAVOX_WEIGHTS", str(tmp_path / "cache"))
    assert main(["doctor", "--json"]) == 1
    assert "face_landmark.tflite is half there" in examined(capsys)["weights"]["found"]


def test_a_model_that_computes_something_else(
    models: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    card = Card.read(zoo.FOLDER / "face.json")
    if not card.golden:
        pytest.skip("the face model has no golden output")
    shutil.copytree(zoo.FOLDER, tmp_path / "models")
    data = json.loads((tmp_path / "models" / "face.json").read_text(encoding="utf-8"))
    data["golden"]["logits"][0] += 0.5
    (tmp_path / "models" / "face.json").write_text(json.dumps(data), encoding="utf-8")
    monkeypatch.setattr(zoo, "FOLDER", tmp_path / "models")
    assert main(["doctor", "--json"]) == 1
    assert "missed by 5.0e-01" in examined(capsys)["model face"]["found"]


def test_no_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(zoo, "FOLDER", tmp_path)
    assert main(["doctor", "--json"]) == 1
    assert "missing: face, fusion, voice" in examined(capsys)["models"]["found"]
