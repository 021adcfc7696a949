"""FER2013: every face where its label is, the official split, and what should be left out."""

import csv
import gzip
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from visavox import datasets
from visavox.datasets import fer2013
from visavox.errors import DataError

PIL = pytest.importorskip("PIL.Image")


@pytest.fixture(scope="module")
def samples(data: Path) -> list[datasets.Sample]:
    return datasets.load("fer2013", data)


def test_the_official_split_with_its_counts(samples: list[datasets.Sample]) -> None:
    assert Counter(sample.part for sample in samples) == {"train": 28709, "validation": 3589, "test": 3589}
    words = Counter(sample.emotion for sample in samples if sample.part == "test")
    assert words == {
        "angry": 491,
        "disgusted": 55,
        "fearful": 528,
        "happy": 879,
        "sad": 594,
        "surprised": 416,
        "neutral": 626,
    }


def test_images_to_leave_out_are_all_in_train(samples: list[datasets.Sample]) -> None:
    marked = [sample for sample in samples if sample.defect]
    assert Counter(sample.defect for sample in marked) == {
        "blank": 11,
        "exact": 692,
        "near": 1456,
        "near_mirrored": 52,
    }
    assert {sample.part for sample in marked} == {"train"}
    assert set(fer2013.DEFECTS) == {sample.defect for sample in marked}


def test_pixel_for_pixel_twins_are_pixel_for_pixel_twins(samples: list[datasets.Sample], data: Path) -> None:
    # Shows that faces and rows belong together over all three parts.
    by_name = {sample.clip.name: sample.clip.faces for sample in samples}
    with (data / "fer2013" / "exclude.csv").open() as file:
        twins = [(int(row["index"]), int(row["twin"])) for row in csv.DictReader(file) if row["reason"] == "exact"]
    assert len(twins) == 692
    for index, twin in twins:
        assert np.array_equal(by_name[f"fer2013-{index:05d}"], by_name[f"fer2013-{twin:05d}"])


def test_faces_are_one_picture_clips_and_votes_come_along(samples: list[datasets.Sample]) -> None:
    first = samples[0]
    assert first.clip.name == "fer2013-00000"
    assert first.clip.faces is not None
    assert first.clip.faces.shape == (1, 48, 48, 3)
    assert first.clip.faces.dtype == np.uint8
    assert (first.emotion, first.speaker) == ("angry", None)
    assert first.votes is not None
    assert sum(first.votes.values()) == 10
    assert [sample.clip.name for sample in samples if sample.votes is None] == ["fer2013-05274", "fer2013-33200"]


LABELS = "index,usage,label," + ",".join(f"votes_{word}" for word in fer2013.VOTES)


def made(folder: Path, *, labels: int, tiles: int) -> Path:
    """A folder in FER2013's layout with a few labels, and mosaics with room for `tiles` faces a part."""
    folder.mkdir()
    rows = [f"{i},{usage},3,10,0,0,0,0,0,0,0,0,0" for i, usage in enumerate(list(fer2013.PARTS) * labels)]
    with gzip.open(folder / "labels.csv.gz", "wt") as file:
        file.write("\n".join([LABELS, *rows]))
    (folder / "exclude.csv").write_text("index,reason,twin\n0,exact,2\n")
    for part in fer2013.PARTS.values():
        for number in range(tiles // 1600):
            PIL.new("L", (1920, 1920)).save(folder / f"{part}_{number:02d}.webp", lossless=True, method=0)
    return folder


def test_a_small_copy_in_the_same_layout_is_read_as_well(tmp_path: Path) -> None:
    found = datasets.load("fer2013", f"fer2013={made(tmp_path / 'mine', labels=2, tiles=1600)}")
    assert [sample.part for sample in found] == ["train", "validation", "test"] * 2
    assert [sample.defect for sample in found] == ["exact", "", "", "", "", ""]


def test_too_few_faces_or_no_labels_is_said_with_the_folder(tmp_path: Path) -> None:
    folder = made(tmp_path / "mine", labels=1601, tiles=1600)
    with pytest.raises(DataError, match=r"mine: the mosaics train_\*.webp hold 1600 faces, the labels name 1601"):
        fer2013.samples(folder)
    (folder / "labels.csv.gz").unlink()
    with pytest.raises(DataError, match=r"labels.csv.gz: missing; this folder is not laid out"):
        fer2013.samples(folder)
