"""The command line's surface: help, version, and words that make no command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from visavox import __version__
from visavox.cli import main
from visavox.fusion import RULES

ROOT = Path(__file__).resolve().parents[2]

COMMANDS = (
    ["analyze"],
    ["demo"],
    ["doctor"],
    ["train"],
    ["evaluate"],
    ["reproduce"],
    ["corpora", "list"],
    ["corpora", "check"],
    ["corpora", "get"],
    ["corpora"],
    ["models", "list"],
    ["models", "show"],
    ["models", "fetch"],
    ["models"],
    [],
)


def visavox(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, as a shell starts it."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "COLUMNS": "100"}
    command = [sys.executable, "-m", "visavox", *words]
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=cwd, check=False)


def test_version() -> None:
    result = visavox("--version")
    assert (result.returncode, result.stdout.strip(), result.stderr) == (0, f"visavox {__version__}", "")


def test_without_words_it_shows_its_commands() -> None:
    result = visavox()
    assert result.returncode == 0
    assert all(
        name in result.stdout
        for name in ("analyze", "demo", "models", "corpora", "doctor", "train", "evaluate", "reproduce")
    )


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_help_has_two_examples(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, "--help"]) == 0
    text = capsys.readouterr().out
    assert "Examples:" in text
    assert text.split("Examples:")[1].count("visavox ") >= 2


def test_help_names_every_rule_that_joins_face_and_voice(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", "--help"]) == 0
    text = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert f"How they are joined: {', '.join(RULES)}, none; or the path" in text


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["analyse"], "analyse"),
        (["analyze"], "FILES"),
        (["analyze", "a.mp4", "--nonsense"], "--nonsense"),
        (["analyze", "a.mp4", "--every", "half"], "--every"),
        (["models"], "command"),
        (["train"], "RECIPE"),
    ],
)
def test_what_is_not_understood_is_one_sentence_and_exit_code_2(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1
    assert err.startswith("visavox: ") and told in err and "--help" in err


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys, json; from visavox.cli import main; main(['analyze', '--help']);"
        "print(json.dumps([n for n in ('numpy', 'av', 'onnxruntime', 'pandas', 'torch') if n in sys.modules]))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert json.loads(result.stdout.splitlines()[-1]) == []
