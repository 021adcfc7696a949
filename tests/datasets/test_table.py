"""Anybody's own recordings as a table: what it may say, and what is said when it says something else."""

import csv
import gzip
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visavox import emotions
from visavox.datasets import Sample, table
from visavox.errors import DataError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with recordings to name."""
    (tmp_path / "clips").mkdir()
    for name in ("a.wav", "b.mp4", "c.png", "a.csv"):
        (tmp_path / "clips" / name).touch()
    return tmp_path


def rows(folder: Path, text: str, name: str = "mine.csv") -> list[Sample]:
    (folder / name).write_text(text, encoding="utf-8")
    return table.samples(folder / name, "mine")


def test_a_row_may_say_all_that_a_sample_knows(folder: Path) -> None:
    (sample,) = rows(
        folder,
        "path,emotion,start,end,speaker,sex,age,part,intensity,statement,repetition,take,modality,defect,table,votes_sad,"
        "votes_joy,_note\n"
        'clips/b.mp4,happiness,1.5,3,anna,F,41,test,strong,"Well, hello",2,t1,video,quiet,clips/a.csv,1,9,by phone\n',
    )
    assert sample.clip.source == folder / "clips" / "b.mp4"
    assert (sample.clip.start, sample.clip.end, sample.clip.name) == (1.5, 3.0, "b-1.5")
    assert (sample.emotion, sample.speaker, sample.sex, sample.part) == ("happy", "mine-anna", "female", "test")
    assert sample.age == 41
    assert (sample.intensity, sample.statement, sample.repetition) == ("strong", "Well, hello", 2)
    assert (sample.take, sample.modality, sample.defect) == ("mine-t1", "video", "quiet")
    assert sample.table == folder / "clips" / "a.csv"
    assert sample.votes == {"sad": 1, "happy": 9}
    assert sample.clip.person == sample.speaker


def test_what_is_not_said_is_not_known(folder: Path) -> None:
    first, second, third = rows(folder, "path,emotion,speaker\nclips/a.wav,a,\nclips/b.mp4,su,x\nclips/c.png,none,y\n")
    assert [s.modality for s in (first, second, third)] == ["voice", "audio-video", "pictures"], "told by the file"
    assert (first.speaker, first.sex, first.age, first.part) == (None, None, None, "")
    assert (first.take, first.votes) == (None, None)
    assert [s.emotion for s in (first, second, third)] == ["angry", "surprised", "neutral"]


def test_somebody_of_a_known_corpus_keeps_his_name(folder: Path) -> None:
    first, second = rows(folder, "name,emotion,speaker,take\nx,sad,ravdess-05,\ny,sad,mine-05,ravdess-01-02\n")
    assert [first.speaker, second.speaker] == ["ravdess-05", "mine-05"]
    assert second.take == "ravdess-01-02"
    assert first.clip.name == "x" and first.clip.source is None, "features alone are at hand"


WRITTEN = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=8)
"""What people write into cells: signs of any script, commas and quotes among them."""


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(WRITTEN, st.sampled_from(emotions.WORDS), WRITTEN, WRITTEN, st.integers(0, 99)),
        min_size=1,
        max_size=5,
        unique_by=lambda row: row[0],
    )
)
def test_what_a_table_says_comes_back(written: list[tuple[str, str, str, str, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mine.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("name", "emotion", "speaker", "statement", "repetition"), *written])
        samples = table.samples(path, "mine")
    assert [(s.clip.name, s.emotion, s.statement, s.repetition) for s in samples] == [
        (name, emotion, statement, repetition) for name, emotion, _, statement, repetition in written
    ]
    speakers = {speaker: sample.speaker for (_, _, speaker, _, _), sample in zip(written, samples, strict=True)}
    assert len(set(speakers.values())) == len(speakers), "two people stay two"


@pytest.mark.parametrize("name", ["mine.csv", "mine.tsv", "mine.csv.gz"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separators_and_packing_are_found_out(folder: Path, name: str, separator: str) -> None:
    text = "﻿path,emotion\nclips/a.wav,sad\n\n".replace(",", separator).encode()
    (folder / name).write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    assert [sample.emotion for sample in table.samples(folder / name)] == ["sad"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path\nclips/a.wav\n", "no column emotion; the columns are path"),
        ("emotion,speaker\nsad,anna\n", r"no column path \(or name\)"),
        ("", "no column emotion; the columns are none"),
        ("path,emotion,speeker\nclips/a.wav,sad,anna\n", "unknown column 'speeker'; known are path, name"),
        ("path,emotion,path\nclips/a.wav,sad,x\n", "two columns are called 'path'"),
        ("path,emotion\n", "no row in it"),
        (
            "path,emotion\nclips/a.wav,sad\nclips/a.wav,wistful\n",
            "row 3: Bad value 'wistful' for emotion: expected one of",
        ),
        ("path,emotion\nclips/a.wav,nan\n", "row 2: Bad value 'nan' for emotion"),
        ("path,emotion\nclips/a.wav,\n", "row 2: no emotion"),
        ("path,emotion\nclips/a.wav,sad\n\nclips/z.wav,sad\n", r"row 4: .*z\.wav is not there; path is relative"),
        ("path,emotion,table\nclips/a.wav,sad,no.csv\n", r"row 2: .*no\.csv is not there"),
        ("path,emotion\n,sad\n", "row 2: neither path nor name"),
        ("path,emotion\nclips/a.wav,sad,loud\n", "row 2: 3 cells for 2 columns"),
        ("path,emotion,start\nclips/a.wav,sad,nan\n", "row 2: start is nan; leave the cell empty"),
        ("path,emotion,start\nclips/a.wav,sad,soon\n", "row 2: start 'soon' is no number"),
        ("path,emotion,start,end\nclips/a.wav,sad,2,2\n", "row 2: from 2.0 to 2.0 s is no stretch"),
        ("path,emotion,repetition\nclips/a.wav,sad,1.5\n", "row 2: repetition is 1.5, expected a whole number"),
        ("path,emotion,age\nclips/a.wav,sad,old\n", "row 2: age 'old' is no number"),
        ("path,emotion,sex\nclips/a.wav,sad,x\n", "row 2: Bad value 'x' for sex"),
        ("path,emotion,part\nclips/a.wav,sad,dev\n", "row 2: Bad value 'dev' for part: expected one of train"),
        ("path,emotion,modality\nclips/a.wav,sad,smell\n", "row 2: Bad value 'smell' for modality"),
        ("path,emotion,votes_wistful\nclips/a.wav,sad,3\n", "row 2: Bad value 'wistful' for emotion"),
        ("path,emotion,votes_sad\nclips/a.wav,sad,-1\n", "row 2: votes_sad is -1"),
        ("name,emotion\nx,sad\nx,happy\n", "row 3: 'x' is the name of row 2 too"),
    ],
)
def test_a_table_that_says_what_it_cannot_is_refused_with_its_row(folder: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message) as error:
        rows(folder, text)
    assert str(folder / "mine.csv") in str(error.value)


def test_no_table_and_no_text_are_said(folder: Path) -> None:
    with pytest.raises(DataError, match="there is no such table"):
        table.samples(folder / "none.csv")
    (folder / "bad.csv").write_bytes(b"path,emotion\n\xff\xfe,sad\n")
    with pytest.raises(DataError, match="cannot be read as text in UTF-8"):
        table.samples(folder / "bad.csv")
    (folder / "bad.csv.gz").write_bytes(b"path,emotion\n")
    with pytest.raises(DataError, match="cannot be read"):
        table.samples(folder / "bad.csv.gz")
