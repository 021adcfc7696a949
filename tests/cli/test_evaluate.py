"""`visavox evaluate`: what it lists, prints and writes, and what it says to what it cannot do."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

from visavox import protocols
from visavox.cli import main
from visavox.protocols.named import LUNA5
from visavox.recognizer import Card

ROOT = Path(__file__).resolve().parents[2]
WORDS = protocols.WORDS_OF["ravdess"]


@pytest.fixture
def ravdess(tmp_path: Path) -> Path:
    """A folder of RAVDESS in which each of the 24 actors says each word once; nobody listens, so nothing is heard."""
    for actor in range(1, 25):
        for word in range(1, 9):
            name = f"03-01-{word:02d}-01-01-01-{actor:02d}.wav"
            path = tmp_path / "data" / "ravdess" / f"Actor_{actor:02d}" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    return tmp_path / "data"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """What a recipe of ours leaves behind after all five folds: right but for two words of each actor."""
    folder = tmp_path / "run"
    for number, actors in enumerate(LUNA5, start=1):
        fold = folder / f"fold-{number}"
        fold.mkdir(parents=True)
        (fold / "ravdess-voice.json").write_text(Card("ravdess-voice", "voice", WORDS).to_json(), encoding="utf-8")
        (fold / "ravdess-voice.onnx").touch()
        with (fold / "predictions.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["name", "corpus", "part", "speaker", "emotion", *(f"p_{word}" for word in WORDS)])
            for actor in actors:
                for code, word in enumerate(WORDS, start=1):
                    said = "happy" if word in ("sad", "calm") else word
                    values = [0.3 if other == said else 0.1 for other in WORDS]
                    name = f"03-01-{code:02d}-01-01-01-{actor:02d}"
                    writer.writerow([name, "ravdess", "test", f"ravdess-{actor:02d}", word, *values])
    return folder


@pytest.fixture
def words(ravdess: Path, run: Path) -> list[str]:
    """A command that judges those folds."""
    recipe = str(ROOT / "recipes" / "ravdess" / "voice.toml")
    return ["evaluate", recipe, "--protocol", "ravdess-luna5", "--data", str(ravdess), "--folder", str(run), "-q"]


def test_the_protocols_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--protocols"]) == 0
    out = capsys.readouterr().out
    for name in protocols.names():
        assert name in out
    assert "LEAKS ON PURPOSE" in out and "A+B>C" in out


def test_the_table(words: list[str], run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 0
    out, err = capsys.readouterr()
    assert err == "" and "ravdess-voice: ravdess-luna5, none (held-out; 192 clips, 24 people)" in out
    assert re.search(r"accuracy \(WAR\) +75\.0 +75\.0 to 75\.0 +75\.0", out)
    with (run / "predictions.csv").open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == 192
    assert json.loads((run / "evaluation.json").read_text(encoding="utf-8"))["clips"] == 192


def test_json_html_and_baseline(words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.html"
    assert main([*words, "--json", "--html", str(page), "--baseline", "self"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert (content["protocol"], content["baseline"], content["speakers"]) == ("ravdess-luna5", "self", 24)
    assert "ravdess-luna5, self" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("given", "told", "code"),
    [
        (["evaluate"], "--protocols lists them", 2),
        (["evaluate", "voice"], "--protocols lists them", 2),
        (["evaluate", "voice", "--protocol", "nobody"], "expected one of ravdess-luna5", 2),
        (["evaluate", "nobody", "--protocol", "ravdess-luna5"], "neither a shipped model", 2),
        (["evaluate", "recipes/ravdess/voice.toml", "-p", "emodb-loso", "--data", "nowhere"], "emo-db not found", 1),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    given: list[str], told: str, code: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    assert main(given) == code
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("visavox: ") and told in err and err.count("\n") == 1


def test_another_protocol_s_networks_are_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    words[3] = "ravdess-actor6"
    assert main(words) == 1
    assert "belongs to another fold or protocol" in capsys.readouterr().err


def test_two_systems(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run-compared").symlink_to(tmp_path / "run")
    assert main([*words, "--compare", words[1]]) == 0
    assert "Both say the same word of 100.0 % of the 192 clips." in capsys.readouterr().out
    assert main([*words, "--compare", words[1], "--json"]) == 0
    first, second = json.loads(capsys.readouterr().out)
    assert first["system"] == second["first"] == "ravdess-voice"
    assert second["differences"]["accuracy"] == {"value": 0.0, "low": 0.0, "high": 0.0}
