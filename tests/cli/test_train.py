"""`visavox train`: what it says before it goes to work; the work itself is tested with the recipes."""

from __future__ import annotations

from pathlib import Path

import pytest

from visavox.cli import main

pytestmark = pytest.mark.torch


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, and no corpora anywhere."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VISAVOX_DATA", raising=False)
    return tmp_path


def test_an_unknown_recipe_lists_the_known_ones(alone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "nobody"]) == 1
    err = capsys.readouterr().err
    assert "nobody" in err and "face" in err and err.count("\n") == 1


def test_a_corpus_that_is_not_there(alone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "face", "--data", "fer2013=nowhere", "--quiet"]) == 1
    err = capsys.readouterr().err
    assert "fer2013" in err and "nowhere" in err and "--data" in err and err.count("\n") == 1


@pytest.mark.parametrize(
    "setting", ["training.epochs", "training.nonsense=3", "nonsense.epochs=3", "training.epochs=many"]
)
def test_a_setting_that_is_none(setting: str, alone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "face", "--set", setting, "--quiet"]) in (1, 2)
    err = capsys.readouterr().err
    assert err.startswith("visavox: ") and err.count("\n") == 1 and "unexpected" not in err
