import json
from pathlib import Path

import pytest

from visavox import reproduce
from visavox.cli import main

pytest.importorskip("sklearn")


def test_the_tables_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reproduce", "--tables"]) == 0
    printed = capsys.readouterr().out
    for name in reproduce.names():
        assert name in printed


def test_an_unknown_table_is_a_misuse(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reproduce", "lunar"]) == 2
    assert "luna2022" in capsys.readouterr().err
    assert main(["reproduce"]) == 2


def test_without_the_corpus_it_says_how_to_name_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reproduce", "luna2022", "--data", str(tmp_path)]) == 1
    assert "--data ravdess=FOLDER" in capsys.readouterr().err


@pytest.mark.data
@pytest.mark.slow
def test_a_table_is_printed_written_and_given_as_json(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    few = ("log-linear", "product")
    from visavox.reproduce import luna2022

    whole = list(luna2022.every_rule())
    monkeypatch.setattr(luna2022, "every_rule", lambda: iter([one for one in whole if one[0] in few]))
    results = tmp_path / "results.md"
    words = ["reproduce", "luna2022", "--data", str(data), "--write", str(results), "--quiet"]
    assert main([*words, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    late = next(row for row in rows if row["row"] == luna2022.LATE_LR)
    assert round(100 * late["mean"], 2) == 86.70 and late["reported"] == 0.867
    assert "86.70" in results.read_text()
