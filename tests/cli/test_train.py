"""`visavox train`: a model, its folds, a table of one's own; and what is said where it cannot go to work."""

from __future__ import annotations

import csv
import json
import tomllib
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from visavox import zoo
from visavox.cli import main
from visavox.training import loop

pytestmark = pytest.mark.torch

QUICK = ["--set", "training.epochs=2"]


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, and no corpora anywhere."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VISAVOX_DATA", raising=False)
    return tmp_path


@pytest.fixture
def table(tones: Path, alone: Path) -> str:
    """The places of the made corpus, as `--data` takes them."""
    return f"tones={tones.parent / 'tones.csv'}"


def said(capsys: pytest.CaptureFixture[str]) -> str:
    """The one line on stderr."""
    err = capsys.readouterr().err
    assert err.startswith("visavox: ") and err.count("\n") == 1 and "unexpected" not in err
    return err


def test_a_run_folder_holds_all_that_is_needed_to_judge_it_again(
    tones: Path, table: str, alone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", str(tones), "--data", table, "--folder", "run", "--device", "cpu", "--quiet"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert "wrote run/tones.onnx" in captured.out and "wrote run/curves.svg" in captured.out
    run = alone / "run"
    names = {path.name for path in run.iterdir()}
    assert {"tones.onnx", "tones.json", "predictions.csv", "history.csv", "curves.svg", "recipe.toml"} <= names

    kept = tomllib.loads((run / "recipe.toml").read_text())
    assert kept["training"]["device"] == "cpu" and kept["network"] == {
        "kind": "cnn1d", "filters": [4], "kernel": 4, "dropout": [0.0],
    }  # fmt: skip
    with (run / "history.csv").open() as file:
        assert {"loss", "validation_loss", "score", "accuracy", "training_accuracy"} <= set(next(csv.DictReader(file)))
    picture = (run / "curves.svg").read_text()
    ElementTree.fromstring(picture)
    assert all(name in picture for name in ("training", "validation", "UAR, validation", "accuracy, training", "kept"))
    assert zoo.load(run).classes_ == ("sad", "happy")

    # The same again trains nothing; another network in its place is refused.
    written = (run / "checkpoint.pt").stat().st_mtime_ns
    assert main(["train", str(tones), "--data", table, "--folder", "run", "--quiet"]) == 0
    assert (run / "checkpoint.pt").stat().st_mtime_ns == written
    capsys.readouterr()
    other = ["--set", "network.kernel=6", "--set", "input.coefficients=20"]
    assert main(["train", str(tones), "--data", table, "--folder", "run", *other]) == 1
    assert "begun with another recipe (network, input differ)" in said(capsys)


def test_a_table_of_ones_own_takes_the_place_of_the_corpora(
    tones: Path, alone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tones.parent / "tones.csv"
    assert main(["train", "lrcn/cnn1d", "--corpus", str(mine), *QUICK]) == 0
    captured = capsys.readouterr()
    assert "split by speaker" in captured.err and "judge" in captured.err and "choose the epoch" in captured.err
    card = zoo.card(alone / "runs" / "lrcn-cnn1d-tones")
    assert (card.name, card.words) == ("lrcn-cnn1d-tones", ("happy", "sad"))
    assert "owner" in card.licence and card.scores[0].status == "held-out"
    with (alone / "runs" / "lrcn-cnn1d-tones" / "predictions.csv").open() as file:
        rows = list(csv.DictReader(file))
    judges, choose = ({row["speaker"] for row in rows if row["part"] == part} for part in ("test", "validation"))
    assert judges and choose and not judges & choose and len(judges | choose) < 6


def test_a_model_is_taught_further_on_a_table(
    tones: Path, table: str, alone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", str(tones), "--data", table, "--folder", "first", "--quiet", *QUICK]) == 0
    mine = tones.parent / "mine.csv"
    lines = (tones.parent / "tones.csv").read_text().splitlines()
    mine.write_text("\n".join(line.replace(",ann", ",gil").replace(",sad,", ",angry,") for line in lines))
    capsys.readouterr()
    model = str(alone / "first" / "tones.onnx")
    assert main(["train", "--from", model, "--corpus", str(mine), "--folder", "further", *QUICK]) == 0
    assert "begins with tones, words.weight, words.bias anew" in capsys.readouterr().err
    card = zoo.card(alone / "further")
    assert card.words == ("happy", "angry")
    assert card.made["start"]["name"] == "tones"
    kept = tomllib.loads((alone / "further" / "recipe.toml").read_text())
    assert kept["training"]["learning_rate"] == pytest.approx(0.001), "a tenth of the recipe's"


def test_a_network_for_each_fold(tones: Path, alone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["train", str(tones), "--corpus", str(tones.parent / "tones.csv"), "--folds", "2", "--folder", "run"]
    assert main([*words, "--quiet", *QUICK]) == 0
    out = capsys.readouterr().out
    assert "24 clips, 6 people" in out and "wrote run/evaluation.html" in out
    told = json.loads((alone / "run" / "evaluation.json").read_text())
    assert told["clips"] == 24 and [fold["speakers"] for fold in told["per_fold"]] == [3, 3]
    assert {path.name for path in (alone / "run").glob("fold-*/*.svg")} == {"curves.svg"}
    ElementTree.fromstring((alone / "run" / "curves.svg").read_text())


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("a.wav,sad,ann\nb.wav,happy,ann\na.wav,sad,bob\nb.wav,happy,bob", "2 people cannot be set apart"),
        ("a.wav,sad,ann\nb.wav,happy,", "1 of 2 clips name no speaker, b among them"),
        ("a.wav,sad,ann\nb.wav,sad,bob\nc.wav,sad,cy", "show sad alone; two words are needed"),
        ("a.wav,grumpy,ann", "row 2: Bad value 'grumpy' for emotion"),
        ("d.wav,sad,ann", "row 2: .*d.wav is not there"),
    ],
)
def test_a_table_that_will_not_do(rows: str, told: str, alone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "b", "c"):
        (alone / f"{name}.wav").touch()
    (alone / "mine.csv").write_text(f"path,emotion,speaker\n{rows}\n")
    assert main(["train", "lrcn/cnn1d", "--corpus", "mine.csv", "--quiet"]) == 1
    err = said(capsys)
    assert pytest.importorskip("re").search(told, err), err


def test_what_a_table_says_of_its_parts_is_kept(tones: Path, alone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = (tones.parent / "tones.csv").read_text().splitlines()
    part = {"ann": "test", "bob": "validation"}
    parts = [f"{line},{part.get(line.rpartition(',')[2], 'train')}" for line in lines[1:]]
    # A word that only those show who judge is left out, and that is said.
    parts[0] = parts[0].replace(",sad,", ",bored,")
    (tones.parent / "parts.csv").write_text("\n".join([f"{lines[0]},part", *parts]))
    mine = str(tones.parent / "parts.csv")
    assert main(["train", str(tones), "--corpus", mine, "--folder", "run", *QUICK]) == 0
    err = capsys.readouterr().err
    assert "16 train, 4 validation, 3 test" in err
    assert "1 clips are left out: nobody who is learned from shows bored" in err


def test_an_unknown_recipe_lists_the_known_ones(alone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "nobody"]) == 1
    err = said(capsys)
    assert "nobody" in err and "face" in err


def test_a_corpus_that_is_not_there(alone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "face", "--data", "fer2013=nowhere", "--quiet"]) == 1
    err = said(capsys)
    assert "fer2013" in err and "nowhere" in err and "--data" in err


@pytest.mark.parametrize(
    "setting", ["training.epochs", "training.nonsense=3", "nonsense.epochs=3", "training.epochs=many", "words=['fun']"]
)
def test_a_setting_that_is_none(setting: str, alone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "face", "--set", setting, "--quiet"]) in (1, 2)
    said(capsys)
    assert not (alone / "runs").exists(), "nothing was begun"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--from", "nobody"], "expected one of"),
        (["--from", "fusion"], "keeps no recipe of a network"),
        (["lrcn/cnn1d", "--folds", "nobody"], "nobody"),
        (["lrcn/cnn1d", "--folds", "1"], "at least 2"),
        (["lrcn/cnn1d", "--install", "--folds", "ravdess-luna5"], "leave out --folds"),
        (["fusion", "--folds", "ravdess-luna5"], "no folds"),
        (["face", "--sweep"], "no variants"),
    ],
)
def test_what_cannot_be_asked_for(
    words: list[str], told: str, alone: Path, models: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", *words, "--quiet"]) == 2
    assert told in said(capsys)


def test_a_device_that_is_not_there(tones: Path, table: str, alone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    assert main(["train", str(tones), "--data", table, "--device", "cuda", "--quiet"]) == 2
    assert "'cuda'" in (err := said(capsys)) and "expected one of cpu" in err


def test_memory_that_runs_out_is_one_line(
    tones: Path, table: str, alone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def too_much(*arguments: object) -> None:
        raise MemoryError

    monkeypatch.setattr(loop, "_optimizer", too_much)
    assert main(["train", str(tones), "--data", table, "--quiet"]) == 1
    assert "memory" in said(capsys)


def test_a_learning_rate_that_is_far_too_high_is_one_line(
    tones: Path, table: str, alone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wild = ["--set", "training.learning_rate=1e30", "--set", "training.clip=1e30"]
    assert main(["train", str(tones), "--data", table, "--quiet", *wild]) == 1
    assert "training came apart: the loss was" in (err := said(capsys)) and "lower training.learning_rate" in err
