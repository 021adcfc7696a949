"""RAVDESS in all its kinds: speech and song, heard and seen, tracked, and as cut faces."""

import csv
import gzip
import io
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from visavox import datasets
from visavox.datasets import Sample, ravdess_faces
from visavox.errors import DataError

PIL = pytest.importorskip("PIL.Image")

FILES = [
    "Audio_Speech_Actors_01-24/Actor_01/03-01-02-01-01-01-01.wav",
    "Audio_Speech_Actors_01-24/Actor_07/03-01-03-01-02-02-07.wav",
    "Audio_Song_Actors_01-24/Actor_01/03-02-02-01-01-01-01.wav",
    "Video_Speech_Actor_01/Actor_01/01-01-02-01-01-01-01.mp4",
    "Video_Speech_Actor_01/Actor_01/02-01-02-01-01-01-01.mp4",
    "Video_Song_Actor_01/Actor_01/01-02-02-01-01-01-01.mp4",
    "FacialTracking_Actors_01-24/01-01-02-01-01-01-01.csv",
    "FacialTracking_Actors_01-24/01-02-02-01-01-01-01.csv",
]


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """The publisher's archives, unpacked beside each other; who reads the labels opens no recording."""
    for name in FILES:
        path = tmp_path / "ravdess" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def names(samples: list[Sample]) -> list[str | None]:
    return [sample.clip.name for sample in samples]


def test_each_name_gives_clips_of_one_kind(release: Path) -> None:
    assert names(datasets.load("ravdess", release)) == ["03-01-02-01-01-01-01", "03-01-03-01-02-02-07"]
    assert names(datasets.load("ravdess-song", release)) == ["03-02-02-01-01-01-01"]
    assert names(datasets.load("ravdess-video", release)) == ["01-01-02-01-01-01-01", "02-01-02-01-01-01-01"]
    assert names(datasets.load("ravdess-song-video", release)) == ["01-02-02-01-01-01-01"]
    assert names(datasets.load("ravdess-tracking", release)) == ["01-01-02-01-01-01-01", "01-02-02-01-01-01-01"]


def test_copies_of_one_performance_are_one_take_and_song_is_another(release: Path) -> None:
    spoken, second = datasets.load("ravdess", release)
    seen, silent = datasets.load("ravdess-video", release)
    (sung,) = datasets.load("ravdess-song", release)
    assert spoken.take == seen.take == silent.take == "ravdess-01-02-01-01-01-01"
    assert [s.modality for s in (spoken, seen, silent)] == ["voice", "audio-video", "video"]
    assert sung.take != spoken.take and sung.speaker == spoken.speaker == "ravdess-01"
    assert (second.take, second.defect) == ("ravdess-01-03-01-02-01-07", "doubled")
    assert datasets.select([seen, silent], {"modality": ["video"]}) == [silent]


def test_tracked_faces_come_with_what_they_were_tracked_in(release: Path) -> None:
    folder = release / "ravdess" / "FacialTracking_Actors_01-24"
    seen, silent = datasets.load("ravdess-video", release)
    tracked, _ = datasets.load("ravdess-tracking", release)
    assert seen.table == silent.table == tracked.table == folder / "01-01-02-01-01-01-01.csv"
    assert tracked.clip.source is None and tracked.modality == "tracking"


@pytest.mark.parametrize(
    "name", ["ravdess-song", "ravdess-video", "ravdess-song-video", "ravdess-tracking", "ravdess-faces"]
)
def test_a_kind_that_is_not_there_is_said(tmp_path: Path, name: str) -> None:
    (tmp_path / "ravdess").mkdir()
    with pytest.raises(DataError, match="no recording of RAVDESS's") as error:
        datasets.load(name, tmp_path)
    assert str(tmp_path / "ravdess") in str(error.value)


CROPS = {
    "faces": np.arange(3 * 64 * 64, dtype=np.uint32).reshape(3, 64, 64).astype(np.uint8),
    "times": np.array([0.1, 0.3, 0.1], np.float32),
    "clip": np.array(["01-01-02-01-01-01-05", "01-01-05-02-01-01-05"]),
    "start": np.array([0, 2], np.int32),
    "count": np.array([2, 1], np.int32),
}
"""Two clips of two faces and one."""


def packed(folder: Path, *, clips: dict[str, int], sound: bool = False) -> Path:
    """Faces of actor 01: so many of each clip, the first one black and each later one lighter."""
    (folder / "actor01").mkdir(parents=True)
    data, rows = [], []
    for clip, count in clips.items():
        for number in range(count):
            buffer = io.BytesIO()
            PIL.new("L", (8, 8), number * 50).save(buffer, "WEBP", lossless=True)
            data.append(np.frombuffer(buffer.getvalue(), np.uint8))
            rows.append((clip, number))
    offset = np.cumsum([0, *map(len, data)])
    np.savez(folder / "actor01" / "faces.npz", data=np.concatenate(data), offset=offset)
    with gzip.open(folder / "actor01" / "index.csv.gz", "wt", newline="") as file:
        csv.writer(file).writerows([("clip", "sample"), *rows])
    if sound:
        soundfile = pytest.importorskip("soundfile")
        soundfile.write(folder / f"03{next(iter(clips))[2:]}.wav", np.zeros(16_000), 16_000)
    return folder


def test_cut_faces_are_framed_as_our_own(tmp_path: Path) -> None:
    np.savez(tmp_path / "crops_05.npz", **CROPS)
    calm, angry = ravdess_faces.samples(tmp_path)
    assert (calm.emotion, calm.speaker, calm.modality, calm.corpus) == ("calm", "ravdess-05", "face", "ravdess-faces")
    assert (calm.take, angry.intensity) == ("ravdess-01-02-01-01-01-05", "strong")
    assert calm.clip.faces is not None and calm.clip.faces.shape == (2, 51, 51, 3)
    assert np.array_equal(calm.clip.faces[1, :, :, 2], CROPS["faces"][1, 3:54, 6:57])
    assert np.allclose(calm.clip.times, [0.1, 0.3])
    assert np.allclose(angry.clip.times, [0.1])


def test_packed_faces_are_read_when_looked_at(tmp_path: Path) -> None:
    packed(tmp_path, clips={"01-01-08-01-01-01-01": 3, "01-01-01-01-01-02-01": 2}, sound=True)
    neutral, surprised = ravdess_faces.samples(tmp_path)
    assert (neutral.emotion, surprised.emotion) == ("neutral", "surprised")
    assert surprised.clip.faces is not None
    assert surprised.clip.faces.shape == (3, 8, 8, 3)
    assert surprised.clip.faces[:, 0, 0, 0].tolist() == [0, 50, 100]
    assert np.allclose(surprised.clip.times, [0, (1 - 1001 / 30000) / 2, 1 - 1001 / 30000]), "even over the sound"
    assert neutral.clip.times is None, "there is no sound to tell them by"


def test_broken_faces_are_said(tmp_path: Path) -> None:
    np.savez(tmp_path / "crops_05.npz", **CROPS | {"times": np.array([0.1, np.nan, 0.1])})
    with pytest.raises(DataError, match=r"crops_05.npz: 01-01-02-01-01-01-05: the time of picture 1 is nan"):
        ravdess_faces.samples(tmp_path)
    np.savez(tmp_path / "crops_05.npz", **CROPS | {"times": np.array([0.3, 0.1, 0.1])})
    with pytest.raises(DataError, match="picture 1 does not come after the one before it"):
        ravdess_faces.samples(tmp_path)
    np.savez(tmp_path / "crops_05.npz", **CROPS | {"count": np.array([2, 2], np.int32)})
    with pytest.raises(DataError, match="clip 01-01-05-02-01-01-05 with faces 2 to 4 is not in it"):
        ravdess_faces.samples(tmp_path)
    np.savez(tmp_path / "crops_05.npz", faces=CROPS["faces"])
    with pytest.raises(DataError, match="no clip, count, start, times in it"):
        ravdess_faces.samples(tmp_path)


def test_packed_faces_without_their_list_are_said(tmp_path: Path) -> None:
    packed(tmp_path, clips={"01-01-08-01-01-01-01": 2})
    index = tmp_path / "actor01" / "index.csv.gz"
    index.write_bytes(gzip.compress(b"clip,sample\n01-01-08-01-01-01-01,0\n"))
    with pytest.raises(DataError, match="1 rows for 2 faces"):
        ravdess_faces.samples(tmp_path)
    index.write_bytes(gzip.compress(b"clip,sample\n01-01-08-01-01-01-01,0\nface,1\n"))
    with pytest.raises(DataError, match=r"index.csv.gz, row 3: 'face' is no name of RAVDESS"):
        ravdess_faces.samples(tmp_path)
    index.unlink()
    with pytest.raises(DataError, match="nobody knows which face is whose"):
        ravdess_faces.samples(tmp_path)


@pytest.mark.data
def test_the_real_kinds_with_their_counts(data: Path) -> None:
    spoken, sung = datasets.load("ravdess", data), datasets.load("ravdess-song", data)
    assert (len(spoken), len(sung)) == (1440, 1012)
    assert {s.speaker for s in spoken} - {s.speaker for s in sung} == {"ravdess-18"}
    assert Counter(s.emotion for s in sung) == {
        "neutral": 92, **dict.fromkeys(("calm", "happy", "sad", "angry", "fearful"), 184)
    }  # fmt: skip
    assert not {s.take for s in spoken} & {s.take for s in sung}


@pytest.mark.data
def test_the_real_faces_belong_to_takes_that_are_heard(data: Path) -> None:
    faces = datasets.load("ravdess-faces", data)
    assert Counter(s.speaker for s in faces) == {"ravdess-05": 60, "ravdess-01": 52}
    heard = {s.take: s for s in datasets.load("ravdess", data)}
    assert all(heard[s.take].emotion == s.emotion for s in faces)
    for sample in faces:
        assert sample.clip.faces is not None
        assert sample.clip.faces.dtype == np.uint8
        assert len(sample.clip.faces) == len(np.asarray(sample.clip.times))
        assert sample.clip.faces.std() > 20, "a picture, not a plane"


@pytest.mark.data
def test_a_real_face_is_framed_as_our_own_cut_frames_it(data: Path, weights: Path) -> None:
    # The same pictures, once from the file and once found and cut by us in the film of the same performance.
    from visavox.face.crop import cut, grey
    from visavox.face.tracking import FaceTracker
    from visavox.media import Picture, open_recording

    (film,) = (s for s in datasets.load("ravdess-video", data) if s.clip.name == "01-01-04-01-02-01-05")
    (faces,) = (s for s in datasets.load("ravdess-faces", data) if s.clip.name == "01-01-04-01-02-01-05")
    assert film.clip.source is not None and faces.clip.faces is not None
    times = np.asarray(faces.clip.times)
    tracker, alike = FaceTracker(), []
    with open_recording(film.clip.source) as recording:
        for picture in recording.read(0.0, sound=False):
            assert isinstance(picture, Picture)
            for face in tracker.update(picture.time, picture.pixels):
                nearest = int(np.abs(times - picture.time).argmin())
                if abs(times[nearest] - picture.time) < 0.01:
                    ours = grey(cut(picture.pixels, face.points, 51))[5:45, 12:40]
                    theirs = grey(faces.clip.faces[nearest])[5:45, 12:40]
                    alike.append(np.corrcoef(ours.ravel(), theirs.ravel())[0, 1])
    assert len(alike) >= 10
    assert np.median(alike) > 0.9
