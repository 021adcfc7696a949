"""Corpora of films: miniatures of their publishers' layouts. Reading labels opens no recording: files are empty."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from visavox import datasets
from visavox.datasets import Sample
from visavox.errors import DataError

Made = Callable[..., Path]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """Makes empty files in the folder of a corpus, and gives the folder of all corpora."""

    def make(corpus: str, *names: str) -> Path:
        for name in names:
            path = tmp_path / corpus / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        return tmp_path

    return make


def names(samples: list[Sample]) -> list[str | None]:
    return [sample.clip.name for sample in samples]


def test_savee(made: Made) -> None:
    data = made(
        "savee", "AudioData/DC/a01.wav", "AudioData/KL/sa15.wav", "AudioVisualClip/DC/a01.avi", "AudioData/Info.txt"
    )
    angry, sad = datasets.load("savee", data)
    assert (angry.clip.name, angry.emotion, angry.speaker, angry.sex) == ("DC_a01", "angry", "savee-DC", "male")
    assert (sad.clip.name, sad.emotion, sad.statement, sad.modality) == ("KL_sa15", "sad", "sa15", "voice")
    (seen,) = datasets.load("savee-video", data)
    assert (seen.take, seen.modality) == (angry.take, "audio-video")


def test_savee_as_it_is_passed_on(made: Made) -> None:
    (neutral, surprised) = datasets.load("savee", made("savee", "ALL/JE_n30.wav", "ALL/JE_su01.wav"))
    assert (neutral.emotion, surprised.emotion) == ("neutral", "surprised")
    assert names([neutral, surprised]) == ["JE_n30", "JE_su01"]


def test_rml(made: Made) -> None:
    data = made(
        "rml", "rml-1/s1/English/an1.avi", "rml-1/s1/Punjabi/an1.avi", "rml-2/s8/su 10.avi", "rml-2/s8/notes.txt"
    )
    first, second, third = datasets.load("rml", data)
    assert names([first, second, third]) == ["s1-english-an1", "s1-punjabi-an1", "s8-su10"]
    assert [s.emotion for s in (first, second, third)] == ["angry", "angry", "surprised"]
    assert [s.speaker for s in (first, second, third)] == ["rml-1", "rml-1", "rml-8"]
    assert len({s.take for s in (first, second, third)}) == 3, "one name in two languages is two performances"


def test_enterface(made: Made) -> None:
    data = made(
        "enterface",
        "enterface database/subject 1/anger/sentence 1/s1_an_1.avi",
        "enterface database/subject 3/happiness/sentence 2/s_3_ha_2.avi",
        "enterface database/subject 6/fear/s6_fe_4.avi",
        "enterface-database/subject-16/surprise/sentence-3/s16_su_3avi.avi",
    )
    first, third, sixth, last = datasets.load("enterface", data)
    assert [s.speaker for s in (first, third, sixth, last)] == [f"enterface-{n:02d}" for n in (1, 3, 6, 16)]
    assert [s.emotion for s in (first, third, sixth, last)] == ["angry", "happy", "fearful", "surprised"]
    assert [s.statement for s in (first, third, sixth, last)] == ["1", "2", "4", "3"]
    assert first.clip.name == "s1_an_1" and first.modality == "audio-video"


def test_enterface_s_points_are_of_the_same_takes(made: Made) -> None:
    data = made("enterface", "subject 1/anger/sentence 1/s1_an_1.avi")
    points = np.arange(2 * 68 * 2, dtype=np.int16).reshape(2, 68, 2)
    np.savez(data / "enterface" / "landmarks68.npz", subject1__anger__s1_an_1=points)
    (film,) = datasets.load("enterface", data)
    (tracked,) = datasets.load("enterface-landmarks", data)
    assert tracked.take == film.take and tracked.clip.name == film.clip.name and tracked.speaker == film.speaker
    assert (tracked.emotion, tracked.statement, tracked.modality) == ("angry", "1", "tracking")
    assert tracked.table == data / "enterface" / "landmarks68.npz"


def test_enterface_s_points_with_another_name_are_said(made: Made) -> None:
    data = made("enterface_landmarks")
    (data / "enterface_landmarks").mkdir()
    np.savez(data / "enterface_landmarks" / "landmarks68.npz", s1_an_1=np.zeros((2, 68, 2)))
    with pytest.raises(DataError, match="clip 's1_an_1' is not named like subject1__anger__s1_an_1"):
        datasets.load("enterface-landmarks", data)


def test_crema_d_filmed(made: Made) -> None:
    data = made(
        "crema-d", "VideoFlash/1001_DFA_ANG_XX.flv", "AudioWAV/1001_DFA_ANG_XX.wav", "VideoFlash/1006_TIE_NEU_XX.flv"
    )
    (data / "crema-d" / "processedResults").mkdir()
    (data / "crema-d" / "processedResults" / "tabulatedVotes.csv").write_text(
        ",A,D,F,H,N,S,fileName\n100001,6,2,0,0,1,0,1001_DFA_ANG_XX\n300001,9,1,0,0,0,0,1001_DFA_ANG_XX\n"
    )
    seen, doubled = datasets.load("crema-d-video", data)
    (heard,) = datasets.load("crema-d", data)
    assert seen.take == heard.take == "crema-d-1001_DFA_ANG_XX"
    assert seen.votes is not None and seen.votes["angry"] == 9, "of those who saw it"
    assert heard.votes is not None and heard.votes["angry"] == 6
    assert (doubled.take, doubled.defect) == ("crema-d-1006_TIE_HAP_XX", "doubled")


@pytest.mark.parametrize("corpus", ["savee", "savee-video", "rml", "enterface", "enterface-landmarks", "crema-d-video"])
def test_a_folder_without_recordings_is_named(tmp_path: Path, corpus: str) -> None:
    (tmp_path / corpus).mkdir()
    (tmp_path / corpus / "readme.txt").touch()
    with pytest.raises(DataError, match="no recording of") as error:
        datasets.load(corpus, tmp_path)
    assert str(tmp_path / corpus) in str(error.value)


@pytest.mark.data
def test_mead_s_samples(data: Path) -> None:
    found = datasets.load("mead-samples", data)
    assert len(found) == 7
    assert len({s.speaker for s in found}) == 5
    assert {s.emotion for s in found} == {"sad", "contemptuous", "disgusted", "fearful", "happy", "surprised"}
    for sample in found:
        assert isinstance(sample.clip.times, dict)
        assert sample.clip.faces is not None and len(sample.clip.faces) == len(sample.clip.times["faces"])


def test_a_few_of_mead_s_samples_without_faces(made: Made) -> None:
    (happy,) = datasets.load("mead-samples", made("mead_samples", "happy.mp4"))
    assert (happy.emotion, happy.speaker, happy.clip.faces) == ("happy", "mead-e", None)
    with pytest.raises(DataError, match=r"no recording of MEAD's samples in it \(M030_sad_3_001.mp4"):
        datasets.load("mead-samples", f"mead-samples={made('other')}")
