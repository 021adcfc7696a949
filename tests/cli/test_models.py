"""`visavox models`: the list, the cards, and others' networks."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from visavox import weights as others
from visavox import zoo
from visavox.cli import main
from visavox.evaluation.card import headline
from visavox.recognizer import Bin, Card, Confidence, Corpus, Score

CARD = Card(
    name="trial",
    modality="voice",
    words=("neutral", "angry"),
    purpose="Trying things.",
    not_for="Decisions about people.",
    licence="CC BY-NC-SA 4.0: non-commercial use only",
    sha256="0123abcd" * 8,
    corpora=(Corpus("ravdess", "CC BY-NC-SA 4.0", "without actors 05, 12", 1200, 22, "Livingstone & Russo, 2018"),),
    split="by speaker",
    protocol="The epoch was chosen on validation.",
    scores=(
        Score("ravdess", "test", "uar", 0.691, 0.64, 0.74, "held-out", 240, 4, 0.5, 0.6, "prior corpus"),
        Score("ravdess", "test", "ece", 0.05, 0.03, 0.08, "held-out", 240, 4),
        Score("ravdess", "test", "recall neutral", 0.75, 0.7, 0.8, "held-out", 120, 4),
        Score("ravdess", "test", "recall angry", 0.8, 0.7, 0.9, "held-out", 120, 4),
        Score("ravdess", "test", "uar women", 0.7, 0.6, 0.8, "held-out", 120, 2),
        Score("emo-db", "all", "uar", 0.44, 0.4, 0.48, "out-of-sample", 535, 10, 0.5, command="visavox evaluate trial"),
        Score("emo-db", "all, emo-db-03", "uar", 0.4, None, None, "out-of-sample", 49, 1, 0.5),
        Score("urdu", "all", "uar", 0.31, 0.2, 0.4, "out-of-sample", 400, 29, 0.5),
        Score("ravdess", "train", "uar", 0.99, status="in-sample", clips=1200, speakers=22),
    ),
    confusion=((90, 30), (24, 96)),
    confidence=(
        Confidence(
            "ravdess",
            "test",
            "held-out",
            240,
            4,
            reliability=(Bin(0, None, None), Bin(100, 0.61, 0.58), Bin(140, 0.88, 0.77)),
            coverage=(0.25, 0.5, 0.75, 1.0),
            error=(0.05, 0.11, 0.2, 0.31),
            area=0.167,
        ),
    ),
    input={"bands": 64},
    temperature=1.5,
    priors={"uniform": (0.5, 0.5), "life": (0.9, 0.1)},
    recipe='name = "trial"  # [table]\n',
    made={"seconds": 1800},
)


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place of models that holds one card."""
    (tmp_path / "trial.json").write_text(CARD.to_json(), encoding="utf-8")
    (tmp_path / "trial.onnx").write_bytes(b"0" * 2_000_000)
    monkeypatch.setattr(zoo, "FOLDER", tmp_path)
    return tmp_path


def test_the_list_says_how_good_and_for_whom(shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "list"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    for part in ("trial", "voice", "non-commercial", "UAR 69.1", "64.0–74.0", "240", "4", "held-out", "2.0"):
        assert part in out
    assert "UAR 31.0 to 44.0" in out, "and how bad on corpora that it never met"
    assert "in-sample" not in out and "99.0" not in out


def test_the_list_as_json(shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "list", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["name"] == "trial" and row["terms"] == "non-commercial" and row["value"] == 0.691
    assert (row["low"], row["high"], row["chance"], row["people"]) == (0.64, 0.74, 0.5, 0.6)
    first, second, third = row["tests"]
    assert (first["corpus"], first["status"], first["clips"], first["speakers"]) == ("ravdess", "held-out", 240, 4)
    assert first["ece"] == {"value": 0.05, "low": 0.03, "high": 0.08}
    assert first["weakest"] == {"word": "neutral", "value": 0.75, "low": 0.7, "high": 0.8}
    assert (second["title"], second["value"], second["ece"], second["weakest"]) == ("emo-db", 0.44, None, None)
    assert (third["corpus"], third["low"], third["who"]) == ("urdu", 0.2, "29 people, 400 clips")


def test_the_list_as_markdown(shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "list", "--markdown"]) == 0
    lines = capsys.readouterr().out.splitlines()
    ships, worth = lines[: lines.index("")], lines[lines.index("") + 1 :]
    for table in (ships, worth):
        assert len({line.count("|") for line in table}) == 1
    assert ships[2] == "| `trial` | voice | 2 | non-commercial | 2.0 | UAR 69.1 | UAR 31.0 to 44.0 |"
    assert worth[2:] == [
        "| `trial` | ravdess test, held-out | 4 people, 240 clips | UAR 69.1 (64.0–74.0) | 50 | 60 "
        "| 5.0 (3.0–8.0) | neutral 75 |",
        "|  | **emo-db**, out-of-sample | 10 people, 535 clips | UAR 44.0 (40.0–48.0) | 50 | – | – | – |",
        "|  | **urdu**, out-of-sample | 29 people, 400 clips | UAR 31.0 (20.0–40.0) | 50 | – | – | – |",
    ]


SYSTEMS = {
    "mobel": "cnn3d crnn crnn-text decision feature",
    "lrcn": """cnn1d-base cnn1d cnn-transformer stacked-cnn-attention-lstm parallel-cnn-attention-lstm cnn2d-6 vgg16-mel
        svm-linear svm-rbf svm-poly3 svm-poly4 mlp-voice lrcn-base lrcn convlstm-base convlstm geometry late-lr
        late-svm-linear late-svm-rbf late-svm-sigmoid late-knn late-mlp""",
    "tutorial": """gnb-voice gnb-face gnb-early lda-voice lda-face lda-early svm-linear-voice svm-linear-face
        svm-linear-early svm-rbf-voice svm-rbf-face svm-rbf-early cnn1d-voice cnn1d-face cnn1d-early late""",
    "stacking": "voice face mlp",
    "sistcm": "frame clip two-stream accm accm-image accm-upper max average joint-max joint-average",
    "luna2022": "late-lr",
}
"""The rows of the published systems, read off their description."""

COUNTED = {
    "lrcn/lrcn-base": 73_126,
    "lrcn/convlstm-base": 58_926,
    "tutorial/cnn1d-voice": 2_664_738,
    "tutorial/cnn1d-early": 5_325_858,
}
"""Parameters that the reports print."""


@pytest.fixture(scope="module")
def listed() -> dict[str, dict[str, Any]]:
    """What `visavox models list --all --json` prints, by row."""
    pytest.importorskip("torch")
    from contextlib import redirect_stdout
    from io import StringIO

    out = StringIO()
    with redirect_stdout(out):
        assert main(["models", "list", "--all", "--json"]) == 0
    rows = json.loads(out.getvalue())
    assert len({row["id"] for row in rows}) == len(rows)
    return {row["id"]: row for row in rows}


@pytest.mark.torch
def test_just_the_rows_of_the_systems_are_listed(listed: dict[str, dict[str, Any]]) -> None:
    known = {f"{system}/{row}" for system, rows in SYSTEMS.items() for row in rows.split()}
    assert len(known) == 58
    assert set(listed) == known


@pytest.mark.torch
def test_every_row_is_listed_whole(listed: dict[str, dict[str, Any]]) -> None:
    for name, row in listed.items():
        assert {"id", "parameters", "inputs", "outputs", "recipe", "licence", "reported"} <= set(row)
        assert Path(row["recipe"]).is_file() and Path(row["recipe"]).with_suffix("").as_posix().endswith(name)
        assert row["licence"] and row["inputs"] and len(row["outputs"]) >= 2, name
        assert row["parameters"] is None or row["parameters"] > 100, name
        values = [value for key, value in row["reported"].items() if key != "note"]
        assert all(0 < value < 1 for value in values), f"{name}: shares, not per cent"
    assert listed["lrcn/cnn1d"]["inputs"] == {"kind": "mean-mfcc", "wants": "voice", "shape": [40]}
    assert listed["lrcn/svm-rbf"]["parameters"] is None, "known after fitting"


@pytest.mark.torch
@pytest.mark.parametrize(("name", "parameters"), COUNTED.items())
def test_parameters_are_counted_as_the_reports_count_them(
    name: str, parameters: int, listed: dict[str, dict[str, Any]]
) -> None:
    if name not in listed:
        pytest.skip(f"no recipe of {name}")
    assert listed[name]["parameters"] == parameters


def test_rows_are_counted_by_hand() -> None:
    """Conv 3 x 2 x 5 and a bias each, a norm with weight, bias, mean and variance, a dense layer: 35 + 20 + 18."""
    torch = pytest.importorskip("torch")
    from visavox.training import parameters_of

    network = torch.nn.Sequential(torch.nn.Conv1d(2, 5, 3), torch.nn.BatchNorm1d(5), torch.nn.Linear(5, 3))
    assert parameters_of(network) == (2 * 3 * 5 + 5) + 4 * 5 + (5 * 3 + 3)


@pytest.mark.torch
def test_the_rows_are_a_table_for_people_too(
    listed: dict[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "list", "--all"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in listed) and f"{listed['lrcn/cnn1d']['parameters']:,}" in out
    assert main(["models", "list", "--all", "--markdown"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(listed) + 2 and len({line.count("|") for line in lines}) == 1


def test_rows_are_found_in_an_installed_package_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from visavox.recipes import rows

    (tmp_path / "recipes_data" / "trial").mkdir(parents=True)
    text = 'name = "trial-late"\nmodality = "fused"\nwords = ["sad", "happy"]\nlicence = "MIT"\n'
    text += 'members = { voice = "voice" }\ncorpora = [{ name = "mine" }]\n'
    (tmp_path / "recipes_data" / "trial" / "late.toml").write_text(text)
    (tmp_path / "recipes_data" / "ravdess").mkdir()
    (tmp_path / "recipes_data" / "ravdess" / "voice.toml").write_text("name = 'a corpus\\'s own'")
    monkeypatch.setattr(rows, "folders", lambda: (tmp_path / "recipes_data", tmp_path / "nowhere"))
    assert main(["models", "list", "--all", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["id"], row["parameters"], row["inputs"]) == ("trial/late", None, {"voice": "voice"})


def test_an_empty_shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(zoo, "FOLDER", tmp_path)
    assert main(["models", "list"]) == 0
    assert "visavox train" in capsys.readouterr().out


def test_a_card_is_shown_whole(shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "show", "trial"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    for part in (
        "Trying things.",
        "Decisions about people.",
        "CC BY-NC-SA 4.0: non-commercial use only",
        "without actors 05, 12; 1,200 clips, 22 people",
        "Livingstone & Russo, 2018",
        "by speaker",
        "chosen on validation",
        "UAR 69.1 64.0–74.0 50.0 60.0 4 240",
        "recall angry 80.0",
        "UAR women 70.0",
        "on emo-db, all (out-of-sample)",
        "printed by: visavox evaluate trial",
        "sure, % 61 88",
        "right, % 58 77",
        "clips 100 140",
        "the surest, % 25 50 75 100 area",
        "wrong, % 5 11 20 31 16.7",
        "neutral 90 30",
        "bands: 64",
        "prior life, %: neutral 75, angry 25",  # the shares 9 : 1, as far as they are believed: their square roots
        "0123abcd",
        "seconds: 1800",
        'name = "trial" # [table]',
    ):
        assert part in out, part


def test_a_card_as_json_and_by_path(shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "show", str(shelf / "trial.onnx"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["scores"][0]["metric"] == "uar"


def test_a_card_as_a_page(shelf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "pages" / "trial.html"
    assert main(["models", "show", "trial", "--html", str(page)]) == 0
    assert capsys.readouterr().out == f"wrote {page}\n"
    assert "Decisions about people." in page.read_text(encoding="utf-8")
    assert main(["models", "show", "trial", "--html", str(page), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == "trial"


def test_a_page_that_cannot_be_written(shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "show", "trial", "--html", str(shelf / "trial.onnx" / "page.html")]) != 0
    assert "cannot be written" in capsys.readouterr().err


def test_an_unknown_name(shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "show", "trail"]) == 2
    assert "expected one of trial" in capsys.readouterr().err


def test_in_sample_scores_are_nobodys_headline() -> None:
    flattering = Score("ravdess", "train", "uar", 0.99, status="in-sample")
    card = Card("x", "voice", ("neutral",), scores=(flattering, *CARD.scores))
    best = headline(card)
    assert best is not None and best.value == 0.691


def test_shipped_models_can_be_listed_and_shown(models: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "list"]) == 0
    assert all(name in capsys.readouterr().out for name in models[:1])
    for name in models:
        assert main(["models", "show", name]) == 0
        assert name in capsys.readouterr().out


def test_fetch_leaves_what_is_right_alone(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    shutil.copytree(weights, tmp_path / "stick", ignore=shutil.ignore_patterns("*.lock"))
    assert main(["models", "fetch", "--to", str(tmp_path / "stick")]) == 0
    assert capsys.readouterr().out.strip() == f"{len(others.FILES)} files are there and right: {tmp_path / 'stick'}"
