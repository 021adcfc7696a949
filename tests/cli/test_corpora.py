"""`visavox corpora`: the list, a check as its user reads it, and getting a corpus from a server on this machine."""

from __future__ import annotations

import functools
import hashlib
import http.server
import json
import shutil
import threading
import wave
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from visavox.cli import corpora, main
from visavox.datasets import expected, getting
from visavox.datasets.download import File
from visavox.datasets.offers import Offer

NAMES = sorted(expected.ravdess("03", "01", [1]))


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """One actor is all of RAVDESS here, and nothing is said of where corpora are."""
    monkeypatch.delenv("VISAVOX_DATA", raising=False)
    if "data" not in request.fixturenames:
        monkeypatch.setattr(expected, "ACTORS", (1,))


@pytest.fixture
def ravdess(tmp_path: Path) -> Path:
    """One actor of RAVDESS: noise under the publisher's names."""
    folder = tmp_path / "corpora" / "ravdess"
    for seed, name in enumerate(NAMES):
        sound = np.random.default_rng(seed).uniform(-0.3, 0.3, 3200)
        path = folder / "Actor_01" / f"{name}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(16_000)
            file.writeframes((32767 * sound).astype("<i2").tobytes())
    return folder


# --- list ------------------------------------------------------------------------------------------------------------


def test_the_list_says_what_and_whose_and_where(ravdess: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["corpora", "list", "--data", str(ravdess.parent), "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["ravdess"]["found"] == str(ravdess) and rows["tess"]["found"] is None
    assert rows["ravdess"]["licence"] == "CC BY-NC-SA 4.0" and rows["ravdess"]["modality"] == "voice"
    assert rows["ravdess"]["how"] == "get" and rows["savee"]["how"] == "ask" and rows["mead-samples"]["how"] == "local"
    assert main(["corpora", "list", "--data", f"tess={ravdess}"]) == 0
    out = capsys.readouterr().out
    for part in ("ravdess-song", "CC BY-NC-ND 4.0", "visavox corpora get", "ask its publisher", "offered nowhere"):
        assert part in out


def test_the_list_looks_where_the_environment_says(
    ravdess: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VISAVOX_DATA", str(ravdess.parent))
    assert main(["corpora", "list", "--json"]) == 0
    found = {row["name"]: row["found"] for row in json.loads(capsys.readouterr().out)}
    assert found["ravdess"] == str(ravdess)


# --- check -----------------------------------------------------------------------------------------------------------


def test_a_whole_copy_is_usable(ravdess: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["corpora", "check", "ravdess", str(ravdess)]) == 0
    out, err = capsys.readouterr()
    lines = [line.split() for line in out.splitlines()]
    assert ["ravdess-01", "4", "8", "8", "8", "8", "8", "8", "8", "60"] in lines
    assert f"{ravdess}: 60 clips of 1 person, 12 s" in out and "60 of 60 clips are there" in out
    assert out.rstrip().endswith("ravdess is usable: 60 of 60 clips.")
    assert err == ""


def test_a_copy_with_faults(ravdess: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip = {name: ravdess / "Actor_01" / f"{name}.wav" for name in NAMES}
    clip[NAMES[0]].unlink()
    clip[NAMES[1]].write_bytes(b"")
    shutil.copy(clip[NAMES[2]], clip[NAMES[50]])
    assert main(["corpora", "check", "ravdess", "--data", str(ravdess.parent)]) == 1
    out = capsys.readouterr().out
    assert f"Missing: 1\n  {NAMES[0]}\n" in out
    assert f"Cannot be read: 1\n  {NAMES[1]}: the file is empty" in out
    assert f"  {NAMES[2]} = {NAMES[50]} (neutral, disgusted; equal files)" in out
    assert out.rstrip().endswith(
        "ravdess is not whole: 59 of 60 clips; 1 unreadable; 1 missing; 1 recording under several names."
    )
    assert main(["corpora", "check", "ravdess", str(ravdess), "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["usable"] is False and report["missing"] == 1
    assert report["pieces"][0]["missing"] == [NAMES[0]] and report["unreadable"][0][0] == NAMES[1]
    assert report["twins"][0]["names"] == [NAMES[2], NAMES[50]]


def test_long_lists_are_cut_and_one_line_is_enough(ravdess: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in NAMES[:20]:
        (ravdess / "Actor_01" / f"{name}.wav").unlink()
    assert main(["corpora", "check", "ravdess", str(ravdess)]) == 1
    assert "  … and 8 more (--json has all)" in capsys.readouterr().out
    assert main(["corpora", "check", "ravdess", str(ravdess), "--quick", "--quiet"]) == 1
    out, err = capsys.readouterr()
    assert out == "ravdess is not whole: 40 of 60 clips; 20 missing (recordings were only opened).\n" and err == ""


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["ravdes", "."], 2, "Bad value 'ravdes' for corpus: expected one of"),
        (["ravdess"], 1, "corpus ravdess not found (no folder was named)"),
        (["ravdess", "/nowhere"], 1, "/nowhere"),
        (["ravdess", "."], 1, "no recording of RAVDESS in it"),
    ],
)
def test_what_cannot_be_checked_is_one_sentence(
    words: list[str], code: int, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main(["corpora", "check", *words]) == code
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and err.startswith("visavox: ") and told in err


def test_an_actor_of_the_real_corpus(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(data / "ravdess" / "audio" / "Actor_07", tmp_path / "ravdess")
    assert main(["corpora", "check", "ravdess", "--data", str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert "03-01-03-01-02-01-07 = 03-01-03-01-02-02-07 (happy; equal files; known and marked)" in out
    assert "60 of 1,440 clips are there" in out and "1,380 missing" in out


# --- get -------------------------------------------------------------------------------------------------------------


class Silent(http.server.SimpleHTTPRequestHandler):
    """Serves a folder, and does not talk about it."""

    def log_message(self, *_: object) -> None:
        """Keeps the tests' output clean."""


@pytest.fixture
def book(ravdess: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """RAVDESS as an archive on a server of ours, in the address book; the archive."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    archive = tmp_path / "shop" / "speech.zip"
    archive.parent.mkdir()
    with zipfile.ZipFile(archive, "w") as packed:
        for path in ravdess.rglob("*.wav"):
            packed.write(path, path.relative_to(ravdess))
    checksum = f"md5:{hashlib.md5(archive.read_bytes()).hexdigest()}"
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Silent, directory=str(archive.parent)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    url = f"http://127.0.0.1:{server.server_address[1]}/speech.zip"
    file = File(path="speech.zip", urls=(url,), size=archive.stat().st_size, checksum=checksum)
    offer = Offer(page="https://example.org/licence", sources=((file,),), megabytes=1)
    monkeypatch.setattr(getting, "OFFERS", {"ravdess": offer})
    yield archive
    server.shutdown()
    server.server_close()
    thread.join()


def test_get_shows_the_licence_fetches_and_says_how_to_go_on(
    book: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    to = tmp_path / "to"
    assert main(["corpora", "get", "ravdess", "--to", str(to), "--accept-licence"]) == 0
    out, err = capsys.readouterr()
    assert "licence: CC BY-NC-SA 4.0" in out and "https://example.org/licence" in out and "Livingstone" in out
    last = out.splitlines()[-1]
    assert last == f"visavox corpora check ravdess {to / 'ravdess'}" and err == ""
    assert main(last.split()[1:]) == 0
    assert main(["corpora", "get", "ravdess", "--to", str(to), "--accept-licence", "-q"]) == 0


def test_get_refuses_without_the_licence(book: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["corpora", "get", "ravdess", "--to", str(tmp_path / "to")]) == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "--accept-licence" in err and "CC BY-NC-SA 4.0" in err
    assert not (tmp_path / "to").exists()


@pytest.mark.parametrize(("answer", "code"), [(True, 0), (False, 1)])
def test_whoever_sits_at_a_terminal_is_asked(
    book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: bool, code: int
) -> None:
    monkeypatch.setattr(corpora, "_asked", lambda: answer)
    assert main(["corpora", "get", "ravdess", "--to", str(tmp_path / "to")]) == code
    assert (tmp_path / "to" / "ravdess").exists() is answer


def test_get_comes_to_where_corpora_are(book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISAVOX_DATA", str(tmp_path / "all"))
    assert main(["corpora", "get", "ravdess", "--accept-licence"]) == 0
    assert len(list((tmp_path / "all" / "ravdess").rglob("*.wav"))) == 60


def test_get_wrong_goods(book: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    body = bytearray(book.read_bytes())
    body[100] ^= 255
    book.write_bytes(body)
    assert main(["corpora", "get", "ravdess", "--to", str(tmp_path / "to"), "--accept-licence"]) == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "its publisher names" in err
    assert not list((tmp_path / "to").rglob("*.wav"))


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["savee", "--to", "x"], 1, "kahlan.eps.surrey.ac.uk"),
        (["nothing", "--to", "x"], 2, "expected one of"),
        (["ravdess"], 1, "--to DIR"),
    ],
)
def test_what_cannot_be_got_is_one_sentence(
    words: list[str], code: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["corpora", "get", *words]) == code
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and told in err


@pytest.mark.parametrize("words", [["list"], ["check"], ["get"], []], ids=str)
def test_every_help_has_two_examples(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["corpora", *words, "--help"]) == 0
    text = capsys.readouterr().out
    assert text.split("Examples:")[1].count("visavox corpora") >= 2
