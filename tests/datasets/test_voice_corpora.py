"""The corpora of voices: miniatures of their publishers' layouts made here, and counts of the real ones."""

import csv
import gzip
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from visavox import datasets
from visavox.datasets import Sample
from visavox.errors import DataError

VOICES = ("crema-d", "ravdess", "nemo", "emo-db", "urdu", "tess")

MINIATURES = {
    "crema-d": ["AudioWAV/1001_DFA_ANG_XX.wav", "AudioWAV/1002_IEO_SAD_HI.wav", "AudioWAV/1076_MTI_SAD_XX.wav"],
    "ravdess": [
        "Actor_01/03-01-02-01-01-01-01.wav",
        "Actor_07/03-01-03-01-02-01-07.wav",
        "Actor_07/03-01-03-01-02-02-07.wav",
        "Actor_02/03-01-08-02-02-02-02.wav",
        "song/Actor_01/03-02-02-01-01-01-01.wav",
    ],
    "nemo": ["samples/WR0_surprised_64.wav", "samples/EB0_anger_13.wav"],
    "emo-db": ["wav/03a01Fa.wav", "wav/16b10Lb.wav"],
    "urdu": ["Angry/SM1_F10_A010.wav", "Sad/SF10_F1_S01.wav"],
    "tess": ["OAF_angry/OAF_back_angry.wav", "OAF_neutral/OA_bite_neutral.wav", "YAF_ps/YAF_dog_ps.wav"],
}


@pytest.fixture
def miniature(tmp_path: Path) -> Path:
    """Every corpus as its publisher packs it, a few clips of a tenth of a second each."""
    soundfile = pytest.importorskip("soundfile", reason="writes the miniatures")
    for corpus, names in MINIATURES.items():
        for name in names:
            path = tmp_path / corpus / name
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, np.zeros(1600, np.float32), 16_000)
    (tmp_path / "crema-d" / "VideoDemographics.csv").write_text(
        "ActorID,Age,Sex,Race,Ethnicity\n1001,51,Male,Caucasian,Not Hispanic\n1002,21,Female,Caucasian,Not Hispanic\n"
    )
    return tmp_path


def by_name(samples: list[Sample]) -> dict[str | None, Sample]:
    return {sample.clip.name: sample for sample in samples}


def test_crema_d(miniature: Path) -> None:
    with gzip.open(miniature / "crema-d" / "tabulatedVotes.csv.gz", "wt", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["", "A", "D", "F", "H", "N", "S", "fileName"])
        rows.writerow(["100001", "6", "2", "0", "0", "1", "0", "1001_DFA_ANG_XX"])
        rows.writerow(["200001", "0", "9", "0", "0", "0", "0", "1001_DFA_ANG_XX"])
    found = by_name(datasets.load("crema-d", miniature))
    assert list(found) == ["1001_DFA_ANG_XX", "1002_IEO_SAD_HI", "1076_MTI_SAD_XX"]
    angry, sad, blank = found.values()
    assert (angry.emotion, angry.speaker, angry.sex, angry.intensity) == ("angry", "crema-d-1001", "male", None)
    assert angry.statement == "Don't forget a jacket"
    assert angry.votes == {"angry": 6, "disgusted": 2, "fearful": 0, "happy": 0, "neutral": 1, "sad": 0}
    assert (sad.emotion, sad.sex, sad.intensity, sad.votes) == ("sad", "female", "strong", None)
    assert (angry.age, sad.age, blank.age) == (51, 21, None), "1076 is not in this copy's demographics"
    assert blank.defect == "blank"
    assert not angry.defect


def test_ravdess(miniature: Path) -> None:
    found = by_name(datasets.load("ravdess", miniature))
    assert len(found) == 4, "song is another corpus's business"
    calm = found["03-01-02-01-01-01-01"]
    assert (calm.emotion, calm.speaker, calm.sex, calm.intensity) == ("calm", "ravdess-01", "male", "normal")
    assert (calm.repetition, calm.take) == (1, "ravdess-01-02-01-01-01-01")
    assert calm.statement == "Kids are talking by the door"
    surprised = found["03-01-08-02-02-02-02"]
    assert (surprised.emotion, surprised.sex, surprised.intensity) == ("surprised", "female", "strong")
    first, second = found["03-01-03-01-02-01-07"], found["03-01-03-01-02-02-07"]
    assert first.take == second.take
    assert (first.defect, second.defect) == ("", "doubled")


def test_nemo(miniature: Path) -> None:
    angry, surprised = datasets.load("nemo", miniature)
    assert (angry.emotion, angry.speaker, angry.sex, angry.statement) == ("angry", "nemo-EB0", "female", "13")
    assert (surprised.emotion, surprised.speaker, surprised.sex) == ("surprised", "nemo-WR0", "male")
    assert (angry.age, surprised.age) == (27, 23)


def test_emo_db(miniature: Path) -> None:
    happy, bored = datasets.load("emo-db", miniature)
    assert (happy.emotion, happy.speaker, happy.sex, happy.statement) == ("happy", "emo-db-03", "male", "a01")
    assert (bored.emotion, bored.sex, bored.repetition) == ("bored", "female", 2)
    assert happy.age == 31


def test_urdu(miniature: Path) -> None:
    sad, angry = datasets.load("urdu", miniature)
    assert (angry.emotion, angry.speaker, angry.sex) == ("angry", "urdu-SM1", "male")
    assert (sad.emotion, sad.speaker, sad.sex) == ("sad", "urdu-SF10", "female")


def test_tess(miniature: Path) -> None:
    found = by_name(datasets.load("tess", miniature))
    assert (found["OA_bite_neutral"].speaker, found["OA_bite_neutral"].statement) == ("tess-OAF", "bite")
    assert (found["YAF_dog_ps"].emotion, found["YAF_dog_ps"].speaker) == ("surprised", "tess-YAF")
    assert (found["OA_bite_neutral"].age, found["YAF_dog_ps"].age) == (64, 26)


@pytest.mark.parametrize("corpus", VOICES)
def test_every_clip_once_however_often_it_is_copied(miniature: Path, corpus: str) -> None:
    before = datasets.load(corpus, miniature)
    copy = miniature / corpus / "again"
    copy.mkdir()
    for sample in before:
        (copy / Path(str(sample.clip.source)).name).write_bytes(Path(str(sample.clip.source)).read_bytes())
    assert [sample.clip.name for sample in datasets.load(corpus, miniature)] == [sample.clip.name for sample in before]


@pytest.mark.parametrize("corpus", VOICES)
def test_a_folder_without_recordings_is_named(tmp_path: Path, corpus: str) -> None:
    (tmp_path / corpus).mkdir()
    with pytest.raises(DataError, match="no recording") as error:
        datasets.load(corpus, tmp_path)
    assert str(tmp_path / corpus) in str(error.value)


COUNTS = {
    "crema-d": (7442, 91, {"neutral": 1087, **dict.fromkeys(("angry", "disgusted", "fearful", "happy", "sad"), 1271)}),
    "ravdess": (
        1440,
        24,
        {"neutral": 96, **dict.fromkeys(("calm", "happy", "sad", "angry", "fearful", "disgusted", "surprised"), 192)},
    ),
    "nemo": (4481, 9, {"angry": 749, "fearful": 736, "happy": 749, "neutral": 809, "sad": 769, "surprised": 669}),
    "emo-db": (
        535,
        10,
        {"angry": 127, "bored": 81, "neutral": 79, "happy": 71, "fearful": 69, "sad": 62, "disgusted": 46},
    ),
    "urdu": (400, 29, dict.fromkeys(("angry", "happy", "neutral", "sad"), 100)),
    "tess": (2800, 2, dict.fromkeys(("neutral", "happy", "sad", "angry", "fearful", "disgusted", "surprised"), 400)),
}
"""Clips, speakers and clips of each word, as the corpora's own descriptions count them."""


@pytest.mark.data
@pytest.mark.parametrize("corpus", VOICES)
def test_counts_of_the_real_corpora(data: Path, corpus: str) -> None:
    clips, speakers, words = COUNTS[corpus]
    found = datasets.load(corpus, data)
    assert len(found) == clips
    assert len({sample.speaker for sample in found}) == speakers
    assert Counter(sample.emotion for sample in found) == words
    assert all(sample.sex in ("female", "male") for sample in found)
    assert all(sample.clip.person == sample.speaker for sample in found)
    assert all((sample.age is None) == (corpus in ("ravdess", "urdu")) for sample in found)
    ages = {sample.age for sample in found if sample.age is not None}
    assert not ages or 18 <= min(ages) <= max(ages) <= 80
    told = data / corpus / "index.csv.gz"
    if ages and told.is_file():  # this copy's own table of clips
        with gzip.open(told, "rt", encoding="utf-8") as file:
            listed = {Path(row["file"]).stem.replace("OA_bite", "OAF_bite"): row["age"] for row in csv.DictReader(file)}
        assert {str(s.clip.name): str(s.age) for s in found} == listed


@pytest.mark.data
def test_crema_d_s_crowd_names_two_words_of_five(data: Path) -> None:
    found = [sample for sample in datasets.load("crema-d", data) if sample.votes]
    ratings = sum(sum(sample.votes.values()) for sample in found if sample.votes)
    right = sum(sample.votes[sample.emotion] for sample in found if sample.votes)
    assert len(found) == 7442
    assert right / ratings == pytest.approx(0.40, abs=0.0005), "the paper says 40.9 %"
    assert sum(bool(sample.defect) for sample in found) == 7
