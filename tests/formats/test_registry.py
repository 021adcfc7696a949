"""Writing and reading by suffix; files appear whole or not at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from visavox.errors import InputError, OptionError, OutputError
from visavox.formats import FORMATS, read, write
from visavox.timeline import Segment, Timeline

PLAIN = [suffix for suffix, kind in FORMATS.items() if not kind.filmed]


@pytest.mark.parametrize("suffix", [*PLAIN, ".HTML", ".Csv"])
def test_the_suffix_chooses_and_the_folder_is_made(
    tmp_path: Path, conversation: Callable[..., Timeline], suffix: str
) -> None:
    path = write(conversation(5), tmp_path / "new" / "folder" / f"a{suffix}")
    assert path.read_bytes() == FORMATS[suffix.lower()].encode(conversation(5))
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize("suffix", PLAIN)
def test_the_same_timeline_gives_the_same_bytes(conversation: Callable[..., Timeline], suffix: str) -> None:
    assert FORMATS[suffix].encode(conversation(30)) == FORMATS[suffix].encode(conversation(30))


@pytest.mark.parametrize("name", ["a.xlsx", "a", "csv", ".json"])
def test_an_unknown_suffix_names_the_known(tmp_path: Path, name: str) -> None:
    with pytest.raises(OptionError, match=r"expected one of \.csv, \.html, \.htm, \.json, \.mp4"):
        write(Timeline(()), tmp_path / name)


def test_a_report_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"expected one of \.csv, \.json"):
        read(tmp_path / "a.html")


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.json: cannot be read \(No such file"):
        read(tmp_path / "none.json")


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(OutputError, match=r"a\.csv: cannot be written"):
        write(Timeline(()), tmp_path / "file" / "a.csv")
    with pytest.raises(OutputError, match="it is a folder"):
        write(Timeline(()), tmp_path / "folder.csv")


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(Timeline(()), tmp_path / "a.csv")
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OutputError, match="No space left"):
        write(Timeline((Segment(0, 1, "a", "face", (1.0,)),), ("sad",)), path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["a.csv"]


def test_a_file_has_the_usual_permissions(tmp_path: Path) -> None:
    path = write(Timeline(()), tmp_path / "a.json")
    (tmp_path / "other").write_text("")
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE((tmp_path / "other").stat().st_mode)


def test_the_longest_name_a_file_system_takes(tmp_path: Path) -> None:
    assert write(Timeline(()), tmp_path / f"{'a' * 251}.csv").exists()


def test_a_cell_shorter_than_the_clock_is_told(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="shorter than a millisecond"):
        write(Timeline((Segment(0, 1e-4, "a", "face", (1.0,)),), ("sad",)), tmp_path / "a.csv")
