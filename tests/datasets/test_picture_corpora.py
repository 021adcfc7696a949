"""Corpora of pictures: miniatures of their publishers' layouts with pictures of a few pixels."""

import pickle
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from visavox import datasets
from visavox.datasets import fer2013
from visavox.errors import DataError

PIL = pytest.importorskip("PIL.Image")


def picture(path: Path, grey: int = 0, size: tuple[int, int] = (4, 6)) -> None:
    """A plane of one grey, width by height."""
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.new("L", size, grey).save(path)


def text(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


@pytest.fixture
def ckplus(tmp_path: Path) -> Path:
    """Two labelled sequences of five and two pictures, and one without a label."""
    for name, count in (("S005/001", 5), ("S010/002", 2), ("S010/003", 3)):
        subject, number = name.split("/")
        for index in range(1, count + 1):
            picture(tmp_path / f"ckplus/cohn-kanade-images/{name}/{subject}_{number}_{index:08d}.png", index * 10)
    text(tmp_path / "ckplus/Emotion/S005/001/S005_001_00000005_emotion.txt", "   3.0000000e+00\n")
    text(tmp_path / "ckplus/Emotion/S010/002/S010_002_00000002_emotion.txt", "   2.0000000e+00\n")
    return tmp_path


def test_ckplus_gives_whole_sequences(ckplus: Path) -> None:
    disgusted, contemptuous = datasets.load("ckplus", ckplus)
    assert (disgusted.emotion, disgusted.speaker, disgusted.clip.name) == ("disgusted", "ckplus-S005", "S005_001")
    assert contemptuous.emotion == "contemptuous"
    pictures = disgusted.clip.pictures
    assert pictures is not None and pictures.shape == (5, 6, 4, 3)
    assert pictures[:, 0, 0, 0].tolist() == [10, 20, 30, 40, 50], "from neutral to the height"
    assert disgusted.clip.faces is None, "they are whole scenes"


def test_ckplus_s_peaks_are_the_last_three_pictures_and_the_first_is_neutral(ckplus: Path) -> None:
    found = datasets.load("ckplus-peaks", ckplus)
    assert [(s.clip.name, s.emotion) for s in found] == [
        ("S005_001-first", "neutral"),
        ("S005_001", "disgusted"),
        ("S010_002-first", "neutral"),
        ("S010_002", "contemptuous"),
    ]
    assert found[1].clip.pictures is not None and found[1].clip.pictures[:, 0, 0, 0].tolist() == [30, 40, 50]
    assert found[0].take == found[1].take, "one performance: never on two sides"


def test_ckplus_as_it_is_passed_on(tmp_path: Path) -> None:
    for index in (15, 16, 17):
        picture(tmp_path / f"ckplus/CK+48/anger/S010_004_{index:08d}.png", index, (48, 48))
    picture(tmp_path / "ckplus/CK+48/surprise/S011_001_00000014.png", 9, (48, 48))
    angry, surprised = datasets.load("ckplus-peaks", tmp_path)
    assert (angry.emotion, angry.modality, surprised.emotion) == ("angry", "face", "surprised")
    assert angry.clip.faces is not None and angry.clip.faces.shape == (3, 48, 48, 3)


def test_ckplus_says_what_is_wrong(ckplus: Path) -> None:
    label = ckplus / "ckplus/Emotion/S010/002/S010_002_00000002_emotion.txt"
    for content in ("9.0", "joy", "nan", ""):
        label.write_text(content)
        with pytest.raises(DataError, match=r"S010_002_00000002_emotion.txt: it says .*, expected a number"):
            datasets.load("ckplus", ckplus)
    label.rename(label.with_name("S099_002_00000002_emotion.txt"))
    with pytest.raises(DataError, match=r"no pictures named S099_002_"):
        datasets.load("ckplus-peaks", ckplus)


@pytest.fixture
def rafdb(tmp_path: Path) -> Path:
    """Three faces and their list."""
    text(
        tmp_path / "raf-db/basic/EmoLabel/list_patition_label.txt",
        "train_00001.jpg 5\ntrain_00002.jpg 7\ntest_0001.jpg 1\n",
    )
    text(tmp_path / "raf-db/basic/Annotation/manual/train_00001_manu_attri.txt", "30\t40\n" * 5 + "1\n0\n2\n")
    for name in ("train_00001", "train_00002", "test_0001"):
        picture(tmp_path / f"raf-db/basic/Image/aligned/{name}_aligned.jpg", 100, (100, 100))
        picture(tmp_path / f"raf-db/basic/Image/original/{name}.jpg", 50, (300, 200))
    return tmp_path


def test_raf_db(rafdb: Path) -> None:
    test, first, second = datasets.load("raf-db", rafdb)
    assert [(s.clip.name, s.emotion, s.part) for s in (test, first, second)] == [
        ("test_0001", "surprised", "test"),
        ("train_00001", "sad", "train"),
        ("train_00002", "neutral", "train"),
    ]
    assert first.clip.faces is not None and first.clip.faces.shape == (1, 100, 100, 3), "the aligned one"
    assert (first.sex, second.sex, first.speaker) == ("female", None, None)


def test_raf_db_as_it_is_passed_on(tmp_path: Path) -> None:
    for path in ("train/4/train_00003_aligned.jpg", "test/6/test_0002_aligned.jpg"):
        picture(tmp_path / "raf-db/DATASET" / path)
    test, train = datasets.load("raf-db", tmp_path)
    assert [(s.emotion, s.part) for s in (test, train)] == [("angry", "test"), ("happy", "train")]


def test_raf_db_says_what_is_wrong(rafdb: Path) -> None:
    labels = rafdb / "raf-db/basic/EmoLabel/list_patition_label.txt"
    labels.write_text("train_00001.jpg 5\ntrain_00009.jpg 1\n")
    with pytest.raises(DataError, match=r"train_00009 is listed, but no picture train_00009_aligned.jpg"):
        datasets.load("raf-db", rafdb)
    labels.write_text("train_00001.jpg 5\ntrain_00002.jpg 8\n")
    with pytest.raises(DataError, match=r"list_patition_label.txt, row 2: 'train_00002.jpg 8'"):
        datasets.load("raf-db", rafdb)


@pytest.fixture
def affwild2(tmp_path: Path) -> Path:
    """A video of seven frames: neutral twice, no word, other, happy twice, and sad in a frame without a face."""
    folder = tmp_path / "aff-wild2"
    labels = "Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other\n0\n0\n-1\n7\n4\n4\n5\n"
    text(folder / "Annotations/EXPR_Classification_Challenge/Train_Set/12-24.txt", labels)
    text(folder / "Annotations/EXPR_Classification_Challenge/Validation_Set/7_left.txt", "Neutral\n6\n")
    text(folder / "Annotations/VA_Estimation_Challenge/Train_Set/12-24.txt", "valence,arousal\n0.1,0.2\n")
    for frame in (1, 2, 3, 4, 5, 6):
        picture(folder / f"cropped_aligned/12-24/{frame:05d}.jpg", frame * 10)
    picture(folder / "cropped_aligned/7_left/00001.jpg")
    return tmp_path


def test_aff_wild2_gives_stretches_of_one_word(affwild2: Path) -> None:
    neutral, happy, surprised = datasets.load("aff-wild2", affwild2)
    assert [(s.clip.name, s.emotion) for s in (neutral, happy, surprised)] == [
        ("12-24-00001", "neutral"),
        ("12-24-00005", "happy"),
        ("7_left-00001", "surprised"),
    ]
    assert [s.part for s in (happy, surprised)] == ["train", "validation"]
    assert happy.clip.faces is not None and len(happy.clip.faces) == 2
    assert (happy.speaker, surprised.speaker) == ("aff-wild2-12-24", "aff-wild2-7_left")


def test_a_long_stretch_of_aff_wild2_becomes_several_clips(affwild2: Path) -> None:
    text(
        affwild2 / "aff-wild2/Annotations/EXPR_Classification_Challenge/Train_Set/12-24.txt",
        "Neutral\n" + "0\n" * 200,
    )
    for frame in range(1, 201):
        (affwild2 / f"aff-wild2/cropped_aligned/12-24/{frame:05d}.jpg").touch()
    found = [s for s in datasets.load("aff-wild2", affwild2) if s.speaker == "aff-wild2-12-24"]
    assert [s.clip.name for s in found] == ["12-24-00001", "12-24-00091", "12-24-00181"]


def test_aff_wild2_says_what_is_wrong(affwild2: Path) -> None:
    labels = affwild2 / "aff-wild2/Annotations/EXPR_Classification_Challenge/Train_Set/12-24.txt"
    labels.write_text("Neutral\n0\nhappy\n")
    with pytest.raises(DataError, match=r"12-24.txt, row 3: 'happy', expected a number from -1 to 7"):
        datasets.load("aff-wild2", affwild2)
    labels.rename(labels.with_name("99.txt"))
    with pytest.raises(DataError, match="no faces in cropped_aligned/99"):
        datasets.load("aff-wild2", affwild2)


PIXELS = " ".join(["7"] * 48 * 48)


@pytest.fixture
def kaggle(tmp_path: Path) -> Path:
    """The table of Kaggle with four faces, and FER+ beside it."""
    parts = ("Training", "Training", "PublicTest", "PrivateTest")
    rows = [f"{word},{PIXELS},{part}" for word, part in zip((0, 3, 6, 5), parts, strict=True)]
    text(tmp_path / "fer2013/fer2013.csv", "\n".join(["emotion,pixels,Usage", *rows]))
    votes = [f"{part},fer{i:07d}.png,{i},0,0,0,{10 - i},0,0,0,0,0" for i, part in enumerate(parts)]
    text(tmp_path / "fer2013/fer2013new.csv", "\n".join(["Usage,Image name," + ",".join(fer2013.VOTES), *votes]))
    return tmp_path


def test_fer2013_as_kaggle_s_table(kaggle: Path) -> None:
    found = datasets.load("fer2013", kaggle)
    assert [(s.emotion, s.part) for s in found] == [
        ("angry", "train"),
        ("happy", "train"),
        ("neutral", "validation"),
        ("surprised", "test"),
    ]
    assert found[1].clip.name == "fer2013-00001"
    assert found[1].clip.faces is not None and found[1].clip.faces.shape == (1, 48, 48, 3)
    assert found[2].votes is not None and (found[2].votes["neutral"], found[2].votes["anger"]) == (2, 8)


def test_fer2013_s_twins_are_one_take(kaggle: Path) -> None:
    text(kaggle / "fer2013/exclude.csv", "index,reason,twin\n1,exact,3\n0,blank,\n")
    blank, twin, other, test = datasets.load("fer2013", kaggle)
    assert [s.defect for s in (blank, twin, other, test)] == ["blank", "exact", "", ""]
    assert twin.take == test.take == "fer2013-00003"
    assert blank.take is None and other.take is None


def test_kaggle_s_other_table_has_spaces_in_its_columns(kaggle: Path) -> None:
    (kaggle / "fer2013/fer2013.csv").unlink()
    (kaggle / "fer2013/fer2013new.csv").unlink()
    text(kaggle / "fer2013/icml_face_data.csv", f"emotion, Usage, pixels\n4,Training,{PIXELS}\n")
    (sad,) = datasets.load("fer2013", kaggle)
    assert (sad.emotion, sad.votes) == ("sad", None)


def test_fer2013_as_folders_of_words(tmp_path: Path) -> None:
    for path in (
        "train/angry/Training_3908.jpg",
        "test/fear/PrivateTest_88305.jpg",
        "test/fear/PublicTest_1.jpg",
        "test/sad/im0.png",
    ):
        picture(tmp_path / "fer2013" / path, 9, (48, 48))
    found = {s.clip.name: (s.emotion, s.part) for s in datasets.load("fer2013", tmp_path)}
    assert found == {
        "fer2013-train-angry-Training_3908": ("angry", "train"),
        "fer2013-test-fear-PrivateTest_88305": ("fearful", "test"),
        "fer2013-validation-fear-PublicTest_1": ("fearful", "validation"),
        "fer2013-test-sad-im0": ("sad", "test"),
    }


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("emotion,pixel\n", "columns emotion, pixels and Usage expected, got emotion, pixel"),
        (f"emotion,pixels,Usage\n7,{PIXELS},Training\n", "row 2: emotion '7' of 'Training', expected 0 to 6 of"),
        (f"emotion,pixels,Usage\n6,{PIXELS},Test\n", "row 2: emotion '6' of 'Test'"),
        (f"emotion,pixels,Usage\n6,{PIXELS[:-2]},Training\n", "row 2: 2303 pixels, expected 2304 from 0 to 255"),
        (f"emotion,pixels,Usage\n6,{PIXELS[:-1]}256,Training\n", "row 2: 2304 pixels, expected 2304 from 0 to 255"),
        (f"emotion,pixels,Usage\n6,{PIXELS[:-1]}x,Training\n", "row 2: a pixel is no number"),
        (f"emotion,pixels,Usage\n6,{PIXELS},Training\n", "fer2013new.csv: 4 rows for 1 faces"),
    ],
)
def test_kaggle_s_table_says_what_is_wrong(kaggle: Path, table: str, message: str) -> None:
    text(kaggle / "fer2013/fer2013.csv", table)
    with pytest.raises(DataError, match=re.escape(message)):
        datasets.load("fer2013", kaggle)


def test_a_folder_that_names_no_emotion_is_said(tmp_path: Path) -> None:
    picture(tmp_path / "fer2013/train/wistful/Training_1.jpg")
    with pytest.raises(DataError, match="its folder names no emotion; Bad value 'wistful'"):
        datasets.load("fer2013", tmp_path)


@pytest.mark.parametrize("corpus", ["ckplus", "ckplus-peaks", "raf-db", "aff-wild2"])
def test_a_folder_without_recordings_is_named(tmp_path: Path, corpus: str) -> None:
    picture(tmp_path / corpus / "holiday.png")
    with pytest.raises(DataError, match="no recording of") as error:
        datasets.load(corpus, tmp_path)
    assert str(tmp_path / corpus) in str(error.value)


def test_pictures_are_read_when_looked_at_and_not_before(ckplus: Path) -> None:
    sample = datasets.load("ckplus", ckplus)[0]
    path = ckplus / "ckplus/cohn-kanade-images/S005/001/S005_001_00000003.png"
    assert "pictures=…" in repr(sample), "not even to print it"
    moved = pickle.loads(pickle.dumps(sample.clip))
    path.write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"S005_001_00000003.png: this picture cannot be read"):
        _ = sample.clip.pictures
    picture(path, 30, (5, 6))
    with pytest.raises(DataError, match=r"S005_001_00000003.png: 5 x 6 pixels, but S005_001_00000001.png .* has 4 x 6"):
        _ = moved.pictures
    picture(path, 30)
    assert moved.pictures is not None and moved.pictures.shape == (5, 6, 4, 3)
    assert moved.pictures is moved.pictures, "who looks twice reads once"


@pytest.mark.data
def test_the_real_fer2013_says_which_faces_are_twins(data: Path) -> None:
    found = datasets.load("fer2013", data)
    takes = Counter(s.take for s in found if s.take)
    assert len(found) == 35887
    assert sum(bool(s.take) for s in found if s.part == "train") == 2200
    assert min(takes.values()) == 2, "a twin is never alone"
    assert np.unique([s.clip.name for s in found]).size == 35887
