"""`visavox demo`: the first thing that somebody tries."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from visavox import demo
from visavox.cli import main


@pytest.fixture
def made(talker: Path, models: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to run the demo in; the clip is not made again, but copied."""
    monkeypatch.chdir(tmp_path)

    def make(path: Path, progress: object = None) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copy(talker, path))

    monkeypatch.setattr(demo, "make", make)
    return tmp_path


def test_it_makes_a_clip_and_a_report_that_says_so(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "-o", "out/first.html"]) == 0
    out, err = capsys.readouterr()
    assert "person-1" in out and "synthetic-talker.mp4" in out and out.rstrip().endswith("first.html")
    assert err == ""
    assert sorted(path.name for path in (made / "out").iterdir()) == ["first.html", "synthetic-talker.mp4"]
    page = (made / "out" / "first.html").read_text(encoding="utf-8")
    assert "This clip is synthetic" in page and "Nobody said or felt what is shown" in page


def test_a_recording_of_ones_own(made: Path, weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(weights / "astronaut.png", "mine.png")
    assert main(["demo", "mine.png"]) == 0
    assert "mine.png" in capsys.readouterr().out
    assert sorted(path.name for path in made.iterdir()) == ["mine.png", "visavox-demo.html"]
    assert "This clip is synthetic" not in (made / "visavox-demo.html").read_text(encoding="utf-8")


def test_what_cannot_be_done_is_one_sentence(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "gone.mp4"]) == 1
    assert capsys.readouterr().err.startswith("visavox: gone.mp4")
    assert main(["demo", "-o", "report.pdf"]) == 2
    assert "report.pdf" in capsys.readouterr().err


def test_without_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("VISAVOX_WEIGHTS", str(tmp_path / "nothing"))
    monkeypatch.chdir(tmp_path)
    assert main(["demo"]) == 1
    err = capsys.readouterr().err
    assert "visavox models fetch" in err and err.count("\n") == 1
