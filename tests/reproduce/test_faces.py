"""The table of faces across corpora: what it takes from where, that nobody is judged by what has met them, and what the
baselines are worth."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from visavox.baseline import Baseline
from visavox.emotions import WORDS
from visavox.errors import DataError, LeakError
from visavox.fusion import Fusion
from visavox.reproduce.faces import table as faces
from visavox.reproduce.faces.sources import VOICES, Clips, Source, clips_of, known_baselines, voices
from visavox.reproduce.faces.table import fused_rows, source_rows

EIGHT = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgusted", "surprised")
ACTORS = ("02", "03", "10", "08", "01")
"""One of each fold; the fifth and the first are judged here."""


def performances(actor: str) -> list[str]:
    """Names of an actor's clips without the kind of file, each word four times."""
    return [f"01-{word:02d}-01-01-{repetition:02d}-{actor}" for word in range(1, 9) for repetition in range(1, 5)]


def predictions(folder: Path, actors: Sequence[str] = ACTORS, sure: float = 2.0) -> None:
    """Voice networks' tables of five folds, right a little more often than wrong."""
    rng = np.random.default_rng(1)
    for fold, actor in enumerate(actors, start=1):
        lines = ["name,corpus,part,speaker,emotion," + ",".join(f"p_{word}" for word in EIGHT)]
        for name in performances(actor):
            true = int(name[3:5]) - 1
            logits = rng.normal(size=8)
            logits[true] += sure
            judged = np.exp(logits) / np.exp(logits).sum()
            numbers = ",".join(f"{value:.5f}" for value in judged)
            lines.append(f"03-{name},ravdess,test,ravdess-{actor},{EIGHT[true]},{numbers}")
        path = folder / VOICES / f"fold-{fold}" / "predictions.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n")


@pytest.fixture
def clips() -> Clips:
    names = [name for actor in ("01", "02") for name in performances(actor)]
    words = [EIGHT[int(name[3:5]) - 1] for name in names]
    return Clips(
        names=tuple(names),
        people=tuple(f"ravdess-{name[-2:]}" for name in names),
        truth=np.array([WORDS.index("neutral" if word == "calm" else word) for word in words]),
        neutral=np.array([word == "neutral" for word in words]),
    )


def face(clips: Clips, leaning: float = 3.0) -> Source:
    """A face model that finds one word in each face of a person, beside what he shows."""
    rng = np.random.default_rng(2)
    logits = rng.normal(size=(len(clips.truth), 7))
    logits[np.arange(len(logits)), clips.truth] += 2.5
    logits[[person == "ravdess-01" for person in clips.people], 2] += leaning
    logits[[person == "ravdess-02" for person in clips.people], 4] += leaning
    scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    usual = {"self": Baseline.known("self", np.zeros(7)), "enrolment": Baseline.known("enrolment", np.zeros(7))}
    return Source("face", scores, [usual], np.zeros(len(scores), dtype=np.int64), "zeros", "nothing")


def test_calm_counts_as_neutral_but_is_not_enrolled(data: Path) -> None:
    from visavox import datasets

    clips = clips_of(datasets.load("ravdess-faces", data))
    assert {person: clips.people.count(person) for person in set(clips.people)} == {"ravdess-01": 52, "ravdess-05": 60}
    assert np.bincount(clips.truth).tolist() == [16] * 7
    assert clips.neutral.sum() == 8


def test_baselines_take_out_a_person_s_leaning(clips: Clips) -> None:
    none, enrolled, own, shares = source_rows(face(clips), clips)
    assert [row.baseline for row in (none, enrolled, own, shares)] == ["none", "enrolment", "self", "self"]
    assert own.mean > none.mean + 0.1 and shares.mean > none.mean + 0.1
    assert shares.row.endswith("words equally frequent") and shares.row != own.row
    assert all("two people only" in row.note for row in (none, enrolled, own, shares))
    assert "to none (95 %" in own.note and "to none" not in none.note


def test_the_interval_is_that_of_draws_of_clips_within_each_person(clips: Clips) -> None:
    row = source_rows(face(clips), clips)[0]
    right = face(clips).scores.argmax(axis=1) == clips.truth
    rng = np.random.default_rng(3)
    drawn = []
    for _ in range(2000):
        places = [rng.choice(np.flatnonzero(np.array(clips.people) == person), 32) for person in set(clips.people)]
        drawn.append(right[np.concatenate(places)].mean())
    assert row.interval is not None
    assert np.allclose(row.interval, np.percentile(drawn, [2.5, 97.5]), atol=0.02)


def test_what_is_usual_weighs_words_alike() -> None:
    values = np.array([[0.0], [0.0], [0.0], [4.0]])
    usual = known_baselines(values, np.array([0, 0, 0, 1]))
    assert usual["self"].mean_.tolist() == [2.0] and usual["self"].deviation_.tolist() == [2.0]
    assert usual["enrolment"].mean_.tolist() == [0.0]


def test_voices_are_judged_by_the_fold_that_never_heard_them(tmp_path: Path, clips: Clips) -> None:
    predictions(tmp_path)
    voice = voices(tmp_path, clips)
    assert voice is not None
    assert np.allclose(voice.scores.sum(axis=1), 1)
    assert voice.groups.tolist() == [1] * 32 + [0] * 32  # actor 01 is in the fifth fold, 02 in the first
    right = voice.scores.argmax(axis=1) == clips.truth
    assert right.mean() > 0.5
    assert len(source_rows(voice, clips)) == 4


def test_calm_and_neutral_together_are_no_likelier_than_other_words_beforehand(tmp_path: Path, clips: Clips) -> None:
    """A network that knows nothing says 1/8 of each of eight words, so 1/7 of each of seven."""
    predictions(tmp_path, sure=0.0)
    for path in (tmp_path / VOICES).glob("fold-[15]/predictions.csv"):
        head, *lines = path.read_text().splitlines()
        path.write_text("\n".join([head, *(",".join([*line.split(",")[:5], *["0.125"] * 8]) for line in lines)]))
    voice = voices(tmp_path, clips)
    assert voice is not None
    assert np.allclose(voice.scores, 1 / 7)


def test_without_all_folds_there_are_no_voices(tmp_path: Path, clips: Clips) -> None:
    assert voices(tmp_path, clips) is None
    predictions(tmp_path, ACTORS[:4])
    assert voices(tmp_path, clips) is None


def test_an_actor_in_two_folds_is_a_leak_and_one_in_none_is_missing(tmp_path: Path, clips: Clips) -> None:
    predictions(tmp_path, ("02", "03", "02", "08", "01"))
    with pytest.raises(LeakError, match="judged in two folds"):
        voices(tmp_path, clips)
    predictions(tmp_path, ("04", "03", "10", "08", "01"))
    with pytest.raises(DataError, match="no fold judged the sound of 01-01-01-01-01-02"):
        voices(tmp_path, clips)


def test_a_broken_table_is_named(tmp_path: Path, clips: Clips) -> None:
    predictions(tmp_path)
    path = tmp_path / VOICES / "fold-3" / "predictions.csv"
    text = path.read_text()
    path.write_text(text.replace("p_happy", "happy"))
    with pytest.raises(DataError, match=r"fold-3.*not a table of predictions"):
        voices(tmp_path, clips)
    path.write_text(text.replace(",test,", ",validation,"))
    with pytest.raises(DataError, match="no row of part test"):
        voices(tmp_path, clips)


def test_a_fitted_rule_never_sees_whom_it_judges(tmp_path: Path, clips: Clips, monkeypatch: pytest.MonkeyPatch) -> None:
    predictions(tmp_path)
    voice, seen = voices(tmp_path, clips), face(clips)
    assert voice is not None
    fitted: list[NDArray[np.float64]] = []
    judged: list[NDArray[np.float64]] = []

    class Spy(Fusion):
        def fit_scores(self, scores, y, groups=None):  # type: ignore[no-untyped-def]
            fitted.append(scores["voice"])
            return super().fit_scores(scores, y, groups)

        def combine(self, scores):  # type: ignore[no-untyped-def]
            if self.fitted_on:
                judged.append(scores["voice"])
            return super().combine(scores)

    monkeypatch.setattr(faces, "Fusion", Spy)
    monkeypatch.setattr(faces, "CLASSIFIERS", ("logistic-regression",))
    made = fused_rows(seen, voice, clips)
    assert len(fitted) == len(judged) > 0
    for there, here in zip(fitted, judged, strict=True):
        assert not {tuple(row) for row in there} & {tuple(row) for row in here}
    assert {row.baseline for row in made} == {"none", "self"}
    assert all(0 <= row.mean <= 1 for row in made)
    assert {row.fitted_on for row in made if ", fitted" in row.row} == {faces.HELD_OUT}
    assert {row.fitted_on for row in made if ", fitted" not in row.row} == {faces.NOTHING}
    both = next(row for row in made if row.row == "face + voice, product" and row.baseline == "self")
    assert both.mean > max(row.mean for row in source_rows(seen, clips)[:1])


@pytest.mark.slow
def test_what_is_usual_helps_with_faces_of_people_never_met(
    data: Path, models: tuple[str, ...], tmp_path: Path
) -> None:
    said: list[str] = []
    made = {(row.row, row.baseline): row for row in faces.rows(data, tmp_path, said.append)}
    for name in ("face, scores", "face, features"):
        assert made[name, "self"].mean >= made[name, "none"].mean + 0.05
        assert made[name, "enrolment"].mean > made[name, "none"].mean
    assert made["face, features", "none"].mean == made["face, scores", "none"].mean
    absent = made["face + voice", "none"]
    assert np.isnan(absent.mean) and "absent" in absent.note
    assert said
