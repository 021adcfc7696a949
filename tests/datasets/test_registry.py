"""Corpora by name: where they are looked for, kinds of clips in one folder, tables in the place of corpora."""

from pathlib import Path

import pytest

from visavox import datasets
from visavox.errors import DataError, OptionError


def test_every_corpus_can_be_asked_about() -> None:
    for name in datasets.names():
        about = datasets.corpus(name).ABOUT
        assert about.name == name
        assert about.title and about.licence and about.credit
        assert about.asking, f"{name} says how to get it"
        assert about.access == "local" or about.url.startswith("http"), f"{name} says where"
        assert about.people is None or 0 < about.people < 1


def test_no_shipped_model_learns_from_a_corpus_that_is_kept_for_tests() -> None:
    kept = {name for name in datasets.names() if datasets.corpus(name).ABOUT.never_train}
    assert {"emo-db", "urdu", "tess", "ravdess-faces", "mead-samples"} <= kept
    assert not kept & {"ravdess", "nemo", "crema-d", "fer2013"}, "what the shipped models learned from"


def test_a_part_of_a_corpus_lies_in_the_folder_of_the_whole(tmp_path: Path) -> None:
    (tmp_path / "ravdess").mkdir()
    assert datasets.place("ravdess-song", tmp_path) == tmp_path / "ravdess"
    assert datasets.place("ravdess-song", ["ravdess=" + str(tmp_path)]) == tmp_path
    (tmp_path / "ravdess-song").mkdir()
    assert datasets.place("ravdess-song", tmp_path) == tmp_path / "ravdess-song", "its own folder goes first"
    assert datasets.place("ravdess", tmp_path) == tmp_path / "ravdess", "and is nobody else's"


def test_the_place_of_one_corpus_goes_before_the_folder_of_all(tmp_path: Path) -> None:
    for folder in ("all/nemo", "mine"):
        (tmp_path / folder).mkdir(parents=True)
    data = [str(tmp_path / "all"), f"nemo={tmp_path / 'mine'}"]
    assert datasets.place("nemo", data) == tmp_path / "mine"


def test_without_a_word_the_environment_says_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tess").mkdir()
    monkeypatch.setenv(datasets.VARIABLE, str(tmp_path))
    assert datasets.place("tess") == tmp_path / "tess"


def test_a_corpus_that_is_nowhere_says_where_was_looked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(datasets.VARIABLE, raising=False)
    with pytest.raises(DataError, match="corpus savee-video not found") as error:
        datasets.load("savee-video", tmp_path)
    assert str(tmp_path / "savee-video") in str(error.value)
    assert str(tmp_path / "savee") in str(error.value)
    assert "--data savee-video=FOLDER" in str(error.value)
    with pytest.raises(DataError, match="no folder was named"):
        datasets.load("nemo")


def test_an_unknown_corpus_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"Bad value 'ravdes' for corpus: expected one of aalto-motion, .*ravdess"):
        datasets.load("ravdes", tmp_path)


def test_a_table_stands_where_a_corpus_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.wav").touch()
    table = tmp_path / "mine.csv"
    table.write_text("path,emotion,speaker\na.wav,joy,anna\n")
    by_place = datasets.load("mine", f"mine={table}")
    by_folder = datasets.load("mine", tmp_path)
    by_path = datasets.load(str(table))
    assert [samples[0].corpus for samples in (by_place, by_folder, by_path)] == ["mine", "mine", str(table)]
    assert {samples[0].speaker for samples in (by_place, by_folder, by_path)} == {"mine-anna"}
    assert datasets.corpus("mine", tmp_path).ABOUT.name == "mine"
    assert datasets.corpus(by_path[0].corpus).ABOUT.title == "mine, a table of recordings"


def test_rows_are_chosen_by_any_column_but_what_they_hold(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.wav").touch()
    table = tmp_path / "mine.csv"
    table.write_text("path,emotion,part\na.wav,joy,test\nb.wav,sad,train\n")
    samples = datasets.load(str(table))
    assert [s.clip.name for s in datasets.select(samples, {"part": ["test"], "modality": ["voice"]})] == ["a"]
    for column in ("clip", "votes", "table", "actor"):
        with pytest.raises(OptionError, match="for column: expected one of emotion, corpus, speaker"):
            datasets.select(samples, {column: ["x"]})
