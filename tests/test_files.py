"""A file is there whole or not at all."""

from pathlib import Path

import pytest

from visavox.files import written


def test_what_fails_leaves_the_file_that_was_there(tmp_path: Path) -> None:
    place = tmp_path / "told.txt"
    place.write_text("before")
    with pytest.raises(UnicodeEncodeError), written(place) as part:
        part.write_text("half of it, then \ud800", encoding="utf-8")
    assert place.read_text() == "before"
    assert list(tmp_path.iterdir()) == [place]


def test_what_could_not_even_begin_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(NotADirectoryError), written(tmp_path / "file" / "told.txt") as part:
        part.write_text("nowhere")
