"""What a check says of a copy: whole, with holes, damaged, silent, doubled; and of the real corpora."""

from __future__ import annotations

import gzip
import shutil
import wave
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from visavox import datasets
from visavox.datasets import expected
from visavox.datasets.check import Report, check
from visavox.datasets.look import look_at
from visavox.errors import DataError, OptionError


def noise(seed: int, seconds: float = 0.2, level: float = 0.3) -> NDArray[np.float64]:
    return level * np.random.default_rng(seed).uniform(-1, 1, round(16_000 * seconds))


def write(path: Path, sound: NDArray[np.float64], rate: int = 16_000) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((32767 * sound).astype("<i2").tobytes())
    return path


def noted(path: Path) -> None:
    """Adds an empty comment to a WAV file: the same sound in another file."""
    body = bytearray(path.read_bytes())
    note = b"LIST" + (12).to_bytes(4, "little") + b"INFOICMT" + (0).to_bytes(4, "little")
    body[4:8] = (len(body) - 8 + len(note)).to_bytes(4, "little")
    path.write_bytes(bytes(body) + note)


def place(folder: Path, name: str) -> Path:
    """Where RAVDESS has a clip."""
    return folder / f"Actor_{name[-2:]}" / f"{name}.wav"


NAMES = sorted(expected.ravdess("03", "01", (1, 2)))


@pytest.fixture(scope="module")
def two_actors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ravdess")
    for seed, name in enumerate(NAMES):
        write(place(folder, name), noise(seed))
    return folder


@pytest.fixture
def copy(two_actors: Path, tmp_path: Path) -> Path:
    """A copy of two actors of RAVDESS, to be spoiled."""
    return Path(shutil.copytree(two_actors, tmp_path / "ravdess"))


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Two actors are all of RAVDESS here, but for the real data."""
    if "data" not in request.fixturenames:
        monkeypatch.setattr(expected, "ACTORS", (1, 2))


def without(report: Report, *expected_faults: str) -> None:
    """Nothing but what a test asks about is found."""
    for part in {"unreadable", "quiet", "blank", "twins", "unread", "marked"} - set(expected_faults):
        assert not getattr(report, part), part


def test_a_whole_copy(two_actors: Path) -> None:
    told: list[tuple[float, float]] = []
    report = check("ravdess", two_actors, progress=lambda done, total: told.append((done, total)))
    assert report.is_usable and report.missing == 0
    assert (report.clips, report.people, report.corpus) == (120, 2, "ravdess")
    assert report.seconds == pytest.approx(120 * 0.2)
    (piece,) = report.pieces
    assert (piece.found, piece.expected, piece.missing) == (120, 120, ())
    assert report.counts["ravdess-01"] == {
        "neutral": 4, "happy": 8, "sad": 8, "angry": 8, "fearful": 8, "disgusted": 8, "surprised": 8, "calm": 8,
    }  # fmt: skip
    assert told[-1] == (120, 120) and len(told) == 120
    without(report)


def test_what_is_missing_is_named(copy: Path) -> None:
    gone = [NAMES[7], NAMES[100]]
    for name in gone:
        place(copy, name).unlink()
    report = check("ravdess", copy)
    assert not report.is_usable and report.missing == 2
    assert report.pieces[0].missing == tuple(gone)
    without(report)


def test_what_cannot_be_read_is_named_with_the_reason(copy: Path) -> None:
    empty, text, short = NAMES[0], NAMES[1], NAMES[2]
    place(copy, empty).write_bytes(b"")
    place(copy, text).write_text("version https://git-lfs.github.com/spec/v1\n")
    write(place(copy, short), noise(2, seconds=2))
    whole = place(copy, short).read_bytes()
    place(copy, short).write_bytes(whole[: len(whole) // 2])
    report = check("ravdess", copy)
    faults = dict(report.unreadable)
    assert set(faults) == {empty, text, short} and not report.is_usable and report.missing == 0
    assert (
        "empty" in faults[empty]
        and "text" in faults[text]
        and "breaks off after 32,022 of 64,044 bytes" in faults[short]
    )
    without(report, "unreadable")


def test_damage_within_a_recording_is_found(tmp_path: Path) -> None:
    import av

    path = tmp_path / "x.flac"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("flac", rate=16_000, layout="mono")
        sound = (32767 * noise(1, seconds=2)).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(sound[None], format="s16", layout="mono")
        frame.sample_rate = 16_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert look_at(path).fault == ""
    body = bytearray(path.read_bytes())
    for at in range(len(body) // 2, len(body) // 2 + 200):
        body[at] ^= 255
    path.write_bytes(body)
    assert look_at(path).fault
    assert look_at(path, quick=True).fault == "", "only opened, the damage is not seen"


def test_damage_within_a_film_is_found_and_its_pictures_tell_it_from_others(tmp_path: Path) -> None:
    import av

    paths = [tmp_path / f"{number}.mp4" for number in range(3)]
    for path in paths:
        random = np.random.default_rng(int(path.stem) // 2)
        with av.open(str(path), "w") as container:
            stream = container.add_stream("mpeg4", rate=25, width=64, height=64, pix_fmt="yuv420p")
            for _ in range(10):
                pixels = random.integers(0, 256, (64, 64, 3), dtype=np.uint8)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
            container.mux(stream.encode(None))
    looks = [look_at(path) for path in paths]
    assert [look.fault for look in looks] == ["", "", ""] and all(look.peak is None for look in looks)
    assert looks[0].mark == looks[1].mark != looks[2].mark
    body = bytearray(paths[0].read_bytes())
    middle = len(body) // 2
    body[middle : middle + 100] = bytes(byte ^ 255 for byte in body[middle : middle + 100])
    paths[0].write_bytes(body)
    assert "damaged" in look_at(paths[0]).fault


def test_silence_and_next_to_it(copy: Path) -> None:
    silent, faint, low = NAMES[3], NAMES[4], NAMES[5]
    write(place(copy, silent), np.zeros(3000))
    write(place(copy, faint), noise(4, level=0.005))
    write(place(copy, low), noise(5, level=0.02))
    report = check("ravdess", copy)
    quiet = dict(report.quiet)
    assert quiet == {silent: None, faint: pytest.approx(-46.0, abs=0.2)}, "a hundredth of full scale is 40 dB under it"
    assert report.is_usable, "it can be read, and nothing is missing"
    without(report, "quiet")


def test_two_silences_are_no_twins_unless_the_files_are_equal(copy: Path) -> None:
    first, second = (write(place(copy, name), np.zeros(3000)) for name in NAMES[:2])
    assert check("ravdess", copy).twins[0].same == "bytes"
    noted(second)
    without(check("ravdess", copy), "quiet")
    assert first.stat().st_size < second.stat().st_size


def test_the_same_recording_under_two_names(copy: Path) -> None:
    sound = noise(999)
    first, second, third = NAMES[10], NAMES[11], NAMES[30]
    write(place(copy, first), sound)
    write(place(copy, second), sound)
    write(place(copy, third), sound[:-1])
    (twins,) = check("ravdess", copy).twins
    assert twins.names == (first, second) and twins.same == "bytes" and not twins.is_marked
    assert twins.words == ("calm", "calm")


def test_equal_samples_in_unequal_files(copy: Path) -> None:
    write(place(copy, NAMES[10]), noise(999))
    noted(write(place(copy, NAMES[110]), noise(999)))
    (twins,) = check("ravdess", copy).twins
    assert twins.same == "samples" and set(twins.words) == {"calm", "surprised"}
    assert check("ravdess", copy, quick=True).twins == (), "only opened, equal files alone are seen"


def test_known_twins_say_so(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from visavox.datasets import ravdess

    first, second = NAMES[10], NAMES[11]
    monkeypatch.setattr(ravdess, "DOUBLED", {second[3:]: first[3:]})
    shutil.copy(place(copy, first), place(copy, second))
    report = check("ravdess", copy, quick=True)
    assert report.twins[0].is_marked and report.marked == {"doubled": 1}


def test_files_that_no_name_fits_and_second_copies(copy: Path) -> None:
    write(copy / "mine.wav", noise(1))
    (copy / "again").mkdir()
    shutil.copy(place(copy, NAMES[0]), copy / "again" / f"{NAMES[0]}.wav")
    write(copy / "zzz" / f"{NAMES[1]}.wav", noise(7))
    write(copy / "song" / "03-02-01-01-01-01-01.wav", noise(8))
    unread = dict(check("ravdess", copy).unread)
    assert unread.pop("mine.wav") == "no name of this corpus"
    assert sorted(unread.values()) == [
        "a second file of that name, equal",
        "a second file of that name, with other content",
    ], "a song is not ravdess, but ravdess-song, which lies in the same folder"


def test_few_of_one_actors_films_are_a_selection_many_are_not_whole(tmp_path: Path) -> None:
    names = sorted(expected.ravdess("02", "01", [1]))
    for seed, name in enumerate(names[:20]):
        write(tmp_path / f"{name}.mp4", noise(seed))  # sound will do here
    report = check("ravdess-video", tmp_path, quick=True)
    assert report.is_usable and [(p.title, p.found, p.is_fault) for p in report.pieces] == [
        ("actor 01, picture alone", 20, False)
    ]
    for seed, name in enumerate(names[20:50]):
        write(tmp_path / f"{name}.mp4", noise(seed))
    report = check("ravdess-video", tmp_path, quick=True)
    assert report.missing == 10 and report.pieces[0].missing == tuple(names[50:])


def test_tables_of_tracked_faces(tmp_path: Path) -> None:
    names = sorted(expected.ravdess("01", "01", (1, 2)))
    for number, name in enumerate(names):
        (tmp_path / f"{name}.csv").write_text(f"frame, AU01_r\n1, 0.{number}\n2, 0.1\n")
    (tmp_path / f"{names[0]}.csv").write_text("frame, AU01_r\n1, 0.5\n2")
    (tmp_path / f"{names[1]}.csv").write_text("frame, AU01_r\n")
    report = check("ravdess-tracking", tmp_path)
    assert dict(report.unreadable) == {names[0]: "breaks off in its last row", names[1]: "no row in this table"}
    assert report.pieces[0].found == 120


def test_nothing_there_and_no_such_corpus(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no recording of RAVDESS"):
        check("ravdess", tmp_path)
    with pytest.raises(OptionError, match="expected one of"):
        check("ravdes", tmp_path)


def test_a_table_of_ones_own(tmp_path: Path) -> None:
    write(tmp_path / "a.wav", noise(1))
    (tmp_path / "mine.csv").write_text("path,emotion,speaker\na.wav,happy,me\n")
    for name in ("mine", str(tmp_path / "mine.csv")):
        report = check(name, tmp_path / "mine.csv")
        assert report.is_usable and report.pieces == () and report.clips == 1


# --- what whole copies hold, against the real ones --------------------------------------------------------------------


@pytest.mark.parametrize("name", ["crema-d", "emo-db", "nemo", "ravdess", "ravdess-song", "tess", "urdu"])
def test_the_expected_names_are_those_of_the_real_corpora(data: Path, name: str) -> None:
    samples = datasets.load(name, str(data))
    (piece,) = expected.pieces(name)
    assert expected.counted(samples, piece) == Counter(dict.fromkeys(piece.names or (), 1))
    assert len(samples) == piece.count


def test_the_known_twins_of_ravdess_are_found(data: Path, tmp_path: Path) -> None:
    shutil.copytree(data / "ravdess" / "audio" / "Actor_07", tmp_path / "Actor_07")
    report = check("ravdess", tmp_path)
    (twins,) = report.twins
    assert twins.names == ("03-01-03-01-02-01-07", "03-01-03-01-02-02-07") and twins.is_marked
    assert report.missing == 1380 and report.unreadable == ()


def test_the_known_faults_of_crema_d_are_found(data: Path, tmp_path: Path) -> None:
    names = [
        "1076_MTI_SAD_XX", "1006_TIE_HAP_XX", "1006_TIE_NEU_XX", "1013_WSI_DIS_XX", "1013_WSI_SAD_XX",
        "1017_IWW_ANG_XX", "1017_IWW_FEA_XX", "1001_DFA_ANG_XX",
    ]  # fmt: skip
    for name in names:
        shutil.copy(data / "crema-d" / "audio" / f"{name}.opus", tmp_path)
    report = check("crema-d", tmp_path)
    assert [name for name, _ in report.quiet] == ["1076_MTI_SAD_XX"]
    assert {twins.names for twins in report.twins} == {tuple(names[1:3]), tuple(names[3:5]), tuple(names[5:7])}
    assert all(len(set(twins.words)) == 2 and twins.same == "samples" for twins in report.twins)


def test_the_official_split_of_fer2013(data: Path) -> None:
    report = check("fer2013", data / "fer2013", quick=True)
    assert report.is_usable and sum(sum(row.values()) for row in report.counts.values()) == 35_887
    with gzip.open(data / "fer2013" / "labels.csv.gz", "rt") as file:
        parts: Iterable[str] = [line.split(",")[1] for line in file][1:]
    assert {piece.title: piece.found for piece in report.pieces} == {
        "train": Counter(parts)["Training"],
        "validation": Counter(parts)["PublicTest"],
        "test": Counter(parts)["PrivateTest"],
    }
