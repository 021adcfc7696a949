"""`visavox analyze` as a user runs it: what it prints, what it writes, and what it says of bad input."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import wave
from pathlib import Path

import pytest

from visavox import analysis, demo, formats, zoo
from visavox.cli import analyze, main

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds of a synthesised voice."""
    path = tmp_path_factory.mktemp("spoken") / "spoken.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes((demo.speak().sound[:48_000] * 32767).astype("<i2").tobytes())
    return path


@pytest.fixture
def place(tmp_path: Path, spoken: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one recording, ``talk.wav``, in which the commands are run."""
    shutil.copy(spoken, tmp_path / "talk.wav")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def listing(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.mark.usefixtures("models", "weights")
class TestOutput:
    def test_it_prints_who_showed_what_and_writes_nothing(
        self, place: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["analyze", "talk.wav"]) == 0
        out, err = capsys.readouterr()
        assert "talk.wav" in out and "person-1" in out and err == ""
        assert listing(place) == ["talk.wav"]

    def test_a_folder_gets_a_report(self, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["analyze", "talk.wav", "-o", "results"]) == 0
        assert listing(place) == ["results/talk.html", "talk.wav"]
        assert capsys.readouterr().out.split() == ["wrote", str(Path("results/talk.html"))]

    def test_formats(self, place: Path) -> None:
        assert main(["analyze", "talk.wav", "-o", "r/", "--format", "csv", "--format", "json", "--format", "csv"]) == 0
        assert listing(place) == ["r/talk.csv", "r/talk.json", "talk.wav"]
        assert formats.read("r/talk.json").segments

    def test_a_format_without_a_folder_writes_beside_you(self, place: Path) -> None:
        assert main(["analyze", "talk.wav", "--format", "csv"]) == 0
        assert listing(place) == ["talk.csv", "talk.wav"]

    def test_a_file_is_named(self, place: Path) -> None:
        assert main(["analyze", "talk.wav", "-o", "deep/er/my.JSON", "--quiet"]) == 0
        assert listing(place) == ["deep/er/my.JSON", "talk.wav"]

    def test_several_recordings_make_one_table_too(self, place: Path, weights: Path) -> None:
        shutil.copy(weights / "astronaut.png", place)
        assert main(["analyze", "talk.wav", "astronaut.png", "-o", "r", "--format", "csv"]) == 0
        assert listing(place / "r") == ["astronaut.csv", "talk.csv", "timelines.csv"]
        with open("r/timelines.csv", newline="", encoding="utf-8") as file:
            assert {row["file"] for row in csv.DictReader(file)} == {"talk.wav", "astronaut.png"}

    def test_a_table_alone(self, place: Path) -> None:
        shutil.copy("talk.wav", "again.wav")
        assert main(["analyze", "talk.wav", "again.wav", "-o", "all.csv"]) == 0
        assert listing(place) == ["again.wav", "all.csv", "talk.wav"]
        assert len(formats.read_table("all.csv")) == 2

    def test_json_is_one_line_a_recording(self, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
        shutil.copy("talk.wav", "again.wav")
        assert main(["analyze", "talk.wav", "again.wav", "--json"]) == 0
        documents = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [document["about"]["file"] for document in documents] == ["talk.wav", "again.wav"]
        assert listing(place) == ["again.wav", "talk.wav"]

    def test_options_reach_the_analysis(self, place: Path) -> None:
        words = ["--start", "1", "--end", "2", "--every", "0.25", "--no-face", "--prior", "uniform", "--voice", "voice"]
        assert main(["analyze", "talk.wav", "-o", "part.json", *words]) == 0
        timeline = formats.read("part.json")
        assert timeline.sources == ("voice",)
        assert [(cell.start, cell.end) for cell in timeline] == [(1, 1.25), (1.25, 1.5), (1.5, 1.75), (1.75, 2)]
        assert timeline.about.options["prior"] == "uniform"

    def test_prior_and_baseline_are_printed_and_written(self, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["analyze", "talk.wav"]) == 0
        assert "Prior life; baseline self, up to " in capsys.readouterr().out
        assert main(["analyze", "talk.wav", "--baseline", "none", "--prior", "uniform"]) == 0
        assert "Prior uniform; baseline none." in capsys.readouterr().out
        assert main(["analyze", "talk.wav", "--neutral", "0-2", "-o", "x.json", "--no-face"]) == 0
        timeline = formats.read("x.json")
        assert timeline.about.options["baseline"] == "enrolment"
        assert timeline.about.options["neutral"] == (0.0, 2.0)
        assert 0 < max(cell.baseline for cell in timeline) <= 2

    @pytest.mark.parametrize("words", [["--neutral", "soon"], ["--baseline", "mine"], ["--baseline", "enrolment"]])
    def test_a_bad_baseline_is_refused_before_anything_is_read(
        self, words: list[str], place: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["analyze", "talk.wav", *words]) == 2
        assert "neutral" in (said := capsys.readouterr().err) or "baseline" in said

    @pytest.mark.parametrize("words", [["--face", "none"], ["--no-face"]])
    def test_a_source_can_be_left_out(self, words: list[str], place: Path) -> None:
        assert main(["analyze", "talk.wav", "-o", "x.json", *words]) == 0
        assert formats.read("x.json").sources == ("voice",)

    def test_segments(self, place: Path) -> None:
        Path("trials.csv").write_text("label,start,end\nfirst,0.5,1.25\nsecond,1.5,2.75\n")
        assert main(["analyze", "talk.wav", "--segments", "trials.csv", "-o", "x.csv", "--no-face"]) == 0
        assert [(cell.start, cell.end) for cell in formats.read("x.csv")] == [(0.5, 1.25), (1.5, 2.75)]

    def test_the_same_file_twice_is_read_once(self, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["analyze", "talk.wav", "./talk.wav", "--json"]) == 0
        assert len(capsys.readouterr().out.splitlines()) == 1

    def test_python_dash_m_in_a_process_of_its_own(self, place: Path) -> None:
        command = [sys.executable, "-m", "visavox", "analyze", "talk.wav", "gone.wav", "-o", "r", "-q"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
        result = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        assert (result.returncode, result.stdout) == (1, "")
        assert result.stderr.startswith("visavox: gone.wav: ") and result.stderr.count("\n") == 1
        assert listing(place / "r") == ["talk.html", "timelines.csv"]


class TestPlan:
    """Where things go, without analysing anything."""

    def outputs(self, *files: str, formats: tuple[str, ...] = ("csv",)) -> list[str]:
        plan = analyze.make_plan(files, "r", formats)
        return [path.name for job in plan.jobs for path in job.outputs]

    def test_two_extensions(self) -> None:
        assert self.outputs("x.mp4", "x.wav", "y.mp4") == ["x.mp4.csv", "x.wav.csv", "y.csv"]

    def test_two_folders(self) -> None:
        assert self.outputs("a/x.mp4", "b/x.mp4") == ["a_x.mp4.csv", "b_x.mp4.csv"]

    def test_a_name_does_not_depend_on_the_order(self) -> None:
        files = ["a/x.mp4", "b/x.mp4", "x.wav", "c/y.mp4", "c/Y.mp4", "a_x.mp4"]
        forward = dict(zip(files, self.outputs(*files), strict=True))
        backward = dict(zip(files[::-1], self.outputs(*files[::-1]), strict=True))
        assert forward == backward
        assert len({name.lower() for name in forward.values()}) == len(files)

    def test_dots_stay(self) -> None:
        assert self.outputs("talk.v1.mp4") == ["talk.v1.csv"]

    def test_nothing_is_called_like_the_table(self) -> None:
        assert "timelines.csv" not in self.outputs("timelines.mp4", "x.mp4")
        assert self.outputs("timelines.mp4") == ["timelines.csv"]

    def test_a_file_and_several_recordings(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["analyze", "a.mp4", "b.mp4", "-o", "x.html"]) == 2
        assert "name a folder" in capsys.readouterr().err

    def test_a_file_and_another_format(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["analyze", "a.mp4", "-o", "x.html", "--format", "csv"]) == 2
        assert "x.html" in capsys.readouterr().err

    def test_an_unknown_format(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["analyze", "a.mp4", "--format", "pdf"]) == 2
        assert "'pdf' for format: expected one of csv, html, json" in capsys.readouterr().err

    def test_an_input_is_never_written_over(self, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
        Path("talk.csv").write_text("start,end\n0,1\n")
        assert main(["analyze", "talk.wav", "--segments", "talk.csv", "--format", "csv"]) == 2
        assert "talk.csv would be written over" in capsys.readouterr().err
        assert Path("talk.csv").read_text().startswith("start")


@pytest.mark.usefixtures("models", "weights")
class TestBadInput:
    """One sentence on stderr that names the file; the others are analysed; the exit code tells."""

    @pytest.fixture
    def bad(self, place: Path) -> dict[str, str]:
        """Bad inputs by kind."""
        Path("folder").mkdir()
        Path("folder", "one.mov").touch()
        Path("text.mp4").write_text("Dear diary, this is not a video.\n" * 50)
        Path("list.m3u8").write_text("#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:9,\ntalk.wav\n#EXT-X-ENDLIST\n")
        Path("empty.mp4").touch()
        Path("subtitles.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nHello\n")
        return {
            "missing": "gone.mp4",
            "folder": "folder",
            "text": "text.mp4",
            "playlist": "list.m3u8",
            "empty": "empty.mp4",
            "no streams": "subtitles.srt",
        }

    @pytest.mark.parametrize("kind", ["missing", "folder", "text", "playlist", "empty", "no streams"])
    def test_each(self, kind: str, bad: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["analyze", bad[kind]]) == 1
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith(f"visavox: {bad[kind]}") and err.count("\n") == 1
        assert "unexpected" not in err and "Traceback" not in err

    def test_a_folder_gets_the_glob(self, bad: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["analyze", "folder"]) == 1
        assert "visavox analyze folder/*.mov" in capsys.readouterr().err.replace("\\", "/")

    def test_one_among_many_does_not_stop_the_others(
        self, bad: dict[str, str], place: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["analyze", *bad.values(), "talk.wav", "-o", "r"]) == 1
        assert len(capsys.readouterr().err.splitlines()) == len(bad)
        assert listing(place / "r") == ["talk.html", "timelines.csv"]

    def test_tracebacks_only_for_those_who_ask(self, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["analyze", "gone.mp4", "--debug"]) == 1
        assert "Traceback" in capsys.readouterr().err

    def test_a_bug_is_one_sentence_too(
        self, place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*_: object, **__: object) -> None:
            raise ZeroDivisionError("division by zero")

        monkeypatch.setattr(analysis, "analyze", broken)
        assert main(["analyze", "talk.wav"]) == 1
        err = capsys.readouterr().err
        assert "talk.wav" in err and "ZeroDivisionError" in err and "--debug" in err and err.count("\n") == 1

    def test_an_output_that_cannot_be_written_is_told_before_the_work(
        self, place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(analysis, "analyze", lambda *_, **__: pytest.fail("it went to work"))
        assert main(["analyze", "talk.wav", "-o", "talk.wav/results"]) == 1
        err = capsys.readouterr().err
        assert "talk.wav/results" in err.replace("\\", "/") and err.count("\n") == 1

    def test_a_folder_that_is_a_file(self, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
        Path("results").touch()
        assert main(["analyze", "talk.wav", "-o", "results"]) == 1
        assert "results: there is a file of that name" in capsys.readouterr().err

    def test_a_broken_model_file(self, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
        for suffix in (".onnx", ".json"):
            shutil.copy(zoo.FOLDER / f"voice{suffix}", place / f"mine{suffix}")
        Path("mine.onnx").write_bytes(Path("mine.onnx").read_bytes()[:999])
        assert main(["analyze", "talk.wav", "--voice", "mine.onnx"]) == 1
        err = capsys.readouterr().err
        assert "mine.onnx" in err and err.count("\n") == 1

    def test_an_unknown_model(self, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["analyze", "talk.wav", "--voice", "vioce"]) == 2
        assert "'vioce' for model: expected one of face, voice" in capsys.readouterr().err

    def test_missing_weights_are_told_once(
        self, place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("VISAVOX_WEIGHTS", str(place / "nothing"))
        shutil.copy("talk.wav", "again.wav")
        assert main(["analyze", "talk.wav", "again.wav"]) == 1
        err = capsys.readouterr().err
        assert "visavox models fetch" in err and err.count("\n") == 1

    @pytest.mark.parametrize(
        ("words", "told"),
        [
            (["--every", "0"], "every"),
            (["--start", "3", "--end", "1"], "end"),
            (["--fusion", "sum"], "log-linear"),
            (["--prior", "death"], "life"),
            (["--no-face", "--no-voice"], "at least one"),
        ],
    )
    def test_bad_options(self, words: list[str], told: str, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["analyze", "talk.wav", *words]) == 2
        err = capsys.readouterr().err
        assert told in err and err.count("\n") == 1

    def test_a_bad_table_of_segments(self, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
        Path("trials.csv").write_text("start,end\n0,soon\n")
        assert main(["analyze", "talk.wav", "--segments", "trials.csv"]) == 1
        assert "trials.csv, line 2" in capsys.readouterr().err

    @pytest.mark.skipif(os.name == "nt", reason="signals")
    def test_ctrl_c_keeps_what_is_finished(self, place: Path) -> None:
        files = [shutil.copy("talk.wav", f"talk-{number}.wav") for number in range(60)]
        command = [sys.executable, "-m", "visavox", "analyze", *files, "-o", "r", "--format", "csv"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            # Where the tests run in the background, Ctrl-C is ignored by everything they start.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        waited = time.monotonic()
        while not (place / "r" / "talk-1.csv").exists() and time.monotonic() - waited < 60:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        assert process.returncode == 130
        assert "Traceback" not in err and err.count("\n") == 1
        done = {path.stem for path in (place / "r").glob("talk-*.csv")}
        assert 2 <= len(done) < 60
        assert {Path(timeline.about.file).stem for timeline in formats.read_table("r/timelines.csv")} == done

    @pytest.mark.skipif(os.name == "nt", reason="pipes")
    def test_a_reader_that_goes_away(self, place: Path) -> None:
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
        command = [sys.executable, "-m", "visavox", "analyze", "talk.wav", "--json"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
        process.stderr.close()
        process.wait(timeout=60)


def test_real_recordings(
    data: Path, models: tuple[str, ...], weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A video that has sound, one that has none, and a sound alone."""
    files = [str(data / "media" / name) for name in ("grid_swiz3n.mpg", "speech_jfk.flac", "portrait_official.jpg")]
    monkeypatch.chdir(tmp_path)
    assert main(["analyze", *files, "-o", "r", "--format", "json", "--end", "3"]) == 0
    assert listing(tmp_path / "r") == [
        "grid_swiz3n.json",
        "portrait_official.json",
        "speech_jfk.json",
        "timelines.csv",
    ]
