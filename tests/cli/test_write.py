"""`visavox write`: a timeline that was kept becomes another file; what it says of bad input."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from visavox import formats, media
from visavox.cli import analyze, main
from visavox.errors import OptionError
from visavox.timeline import About, Segment, Timeline, TrackPoint


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a picture, ``talk.png``, and what was seen in it, ``talk.json``."""
    monkeypatch.chdir(tmp_path)
    squares = np.random.default_rng(0).integers(0, 255, (30, 40, 3), np.uint8)
    Image.fromarray(np.kron(squares, np.ones((8, 8, 1), np.uint8))).save("talk.png")
    cell = Segment(0, 0.5, "person-1", "face", (0.25, 0.75))
    point = TrackPoint(0.0, "person-1", (100.0, 80.0, 60.0, 70.0))
    about = About(file="talk.png", options={"face": "face"})
    formats.write(Timeline((cell,), ("neutral", "happy"), about, (point,)), "talk.json")
    return tmp_path


def test_another_format(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["write", "talk.json", "-o", "new/talk.csv"]) == 0
    assert capsys.readouterr().out.split() == ["wrote", str(Path("new/talk.csv"))]
    assert formats.read("new/talk.csv").segments == formats.read("talk.json").segments


def test_a_video(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["write", "talk.json", "-o", "talk.mp4", "--recording", "talk.png", "--quiet"]) == 0
    assert capsys.readouterr().out == ""
    shown = media.read_pictures("talk.mp4")[1][0].astype(float)
    assert main(["write", "talk.json", "-o", "hidden.mp4", "--recording", "talk.png", "--blur-faces"]) == 0
    hidden = media.read_pictures("hidden.mp4")[1][0].astype(float)
    face, rest = np.s_[90:140, 110:150], np.s_[200:, :]
    assert hidden[face].std() < 0.5 * shown[face].std()
    assert abs(hidden[rest] - shown[rest]).mean() < 3


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["talk.json", "-o", "talk.mp4"], 2, "name it with --recording FILE"),
        (["talk.json", "-o", "talk.txt"], 2, "Bad value '.txt' for the suffix of -o: expected one of .csv"),
        (["talk.json", "-o", "talk.json"], 2, "it is the timeline itself"),
        (["talk.json", "-o", "talk.csv", "--blur-faces"], 2, "shows no faces"),
        (["talk.png", "-o", "talk.csv"], 2, "Bad value '.png' for the suffix of the timeline to read"),
        (["none.json", "-o", "talk.csv"], 1, "none.json: cannot be read"),
        (["talk.json", "-o", "talk.mp4", "--recording", "none.mov"], 1, "none.mov: no such file"),
        (["talk.csv", "-o", "talk.mp4", "--recording", "talk.png", "--blur-faces"], 1, "keep the JSON"),
        (["talk.json"], 2, "--output"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    place: Path, capsys: pytest.CaptureFixture[str], words: list[str], code: int, sentence: str
) -> None:
    formats.write(formats.read("talk.json"), "talk.csv")
    before = sorted(path.name for path in place.iterdir())
    assert main(["write", *words]) == code
    told = capsys.readouterr().err
    assert sentence in told and told.count("\n") == 1
    assert sorted(path.name for path in place.iterdir()) == before


def test_the_recording_is_never_written_over(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["write", "talk.json", "-o", "talk.mp4", "--recording", "talk.png", "-q"])
    shutil.copy("talk.mp4", "before.mp4")
    assert main(["write", "talk.json", "-o", "talk.mp4", "--recording", "talk.mp4"]) == 2
    assert "the recording itself" in capsys.readouterr().err
    assert Path("before.mp4").read_bytes() == Path("talk.mp4").read_bytes()


class TestAnalyze:
    """What `visavox analyze` makes of the same two wishes."""

    def test_in_a_folder_a_video_has_a_name_of_its_own(self) -> None:
        (job,) = analyze.make_plan(["talk.mp4"], ".", ["mp4", "json"]).jobs
        assert [path.name for path in job.outputs] == ["talk.annotated.mp4", "talk.json"]

    def test_over_the_recording_nothing_is_written(self) -> None:
        with pytest.raises(OptionError, match="it is an input"):
            analyze.make_plan(["talk.mp4"], "talk.mp4", [])

    @pytest.mark.parametrize(
        ("words", "sentence"),
        [(["--format", "csv"], "add --format mp4"), (["--format", "mp4", "--no-face"], "no face model looks for any")],
    )
    def test_faces_are_hidden_where_they_are_found_and_shown(
        self, place: Path, capsys: pytest.CaptureFixture[str], words: list[str], sentence: str
    ) -> None:
        assert main(["analyze", "talk.png", "--blur-faces", *words]) == 2
        assert sentence in capsys.readouterr().err
