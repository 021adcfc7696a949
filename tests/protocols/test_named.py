"""The named protocols are frozen: these folds, for ever."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from visavox import protocols
from visavox.errors import DataError, OptionError


@dataclass(frozen=True)
class Row:
    """What a protocol looks at."""

    speaker: str | None
    emotion: str
    take: str | None = None
    part: str = ""
    corpus: str = ""
    defect: str = ""


@dataclass(frozen=True)
class Moving(Row):
    """A row that says what is done in it."""

    statement: str | None = None


NOBODY_KNOWS = ("fer2013-official", "raf-db-official", "bandai-namco-actions")
"""Protocols of corpora that do not say who is who."""


def corpus(name: str, speakers: list[str], clips: int = 1) -> list[Row]:
    """Some clips of each of a corpus's words by each speaker."""
    return [
        Row(f"{name}-{speaker}", word, corpus=name)
        for speaker in speakers
        for word in protocols.WORDS_OF[name]
        for _ in range(clips)
    ]


ACTORS = corpus("ravdess", [f"{actor:02d}" for actor in range(1, 25)])


def judged(name: str, rows: list[Row]) -> list[tuple[str, list[str]]]:
    """Each fold's name and the speakers whom it judges."""
    return [
        (fold.name, sorted({str(rows[index].speaker).rpartition("-")[2] for index in fold.test}))
        for fold in protocols.named(name).folds(rows)
    ]


def test_ravdess_luna5() -> None:
    assert judged("ravdess-luna5", ACTORS) == [
        ("1", ["02", "05", "14", "15", "16"]),
        ("2", ["03", "06", "07", "13", "18"]),
        ("3", ["10", "11", "12", "19", "20"]),
        ("4", ["08", "17", "21", "23", "24"]),
        ("5", ["01", "04", "09", "22"]),
    ]


def test_ravdess_actor6_has_two_women_and_two_men_a_fold() -> None:
    folds = judged("ravdess-actor6", ACTORS)
    assert folds[0] == ("1", ["01", "02", "03", "04"]) and folds[-1] == ("6", ["21", "22", "23", "24"])
    assert all(sum(int(actor) % 2 for actor in actors) == 2 for _, actors in folds)


def test_ravdess_17_7_learns_from_17_and_judges_7_on_six_words() -> None:
    protocol = protocols.named("ravdess-17-7")
    (fold,) = protocol.folds(ACTORS)
    assert len(fold.train) == 17 * 6 and len(fold.test) == 7 * 6
    assert {ACTORS[index].emotion for index in fold.test} == set(protocol.words)
    assert {ACTORS[index].speaker for index in fold.test} == {f"ravdess-{actor}" for actor in range(18, 25)}


@pytest.mark.parametrize(
    ("name", "of", "speakers"),
    [
        ("ravdess-loso", "ravdess", [f"{actor:02d}" for actor in range(1, 25)]),
        ("savee-loso", "savee", ["DC", "JE", "JK", "KL"]),
        ("enterface-loso", "enterface", [f"{subject}" for subject in range(1, 44)]),
        ("rml-loso", "rml", [f"s{subject}" for subject in range(1, 9)]),
        ("emodb-loso", "emo-db", ["03", "08", "09", "10", "11", "12", "13", "14", "15", "16"]),
    ],
)
def test_leaving_one_speaker_out(name: str, of: str, speakers: list[str]) -> None:
    rows = corpus(of, speakers)
    folds = protocols.named(name).folds(rows)
    assert [fold.name for fold in folds] == sorted(f"{of}-{speaker}" for speaker in speakers)
    assert all({rows[index].speaker for index in fold.test} == {fold.name} for fold in folds)


def test_crema_d_folds_are_numbers_modulo_five() -> None:
    rows = corpus("crema-d", [str(actor) for actor in range(1001, 1092)])
    folds = protocols.named("crema-d-actor5").folds(rows)
    assert [fold.name for fold in folds] == ["0", "1", "2", "3", "4"]
    for fold in folds:
        assert {int(str(rows[index].speaker)[-4:]) % 5 for index in fold.test} == {int(fold.name)}


def test_ckplus_has_every_tenth_subject_in_a_fold() -> None:
    rows = corpus("ckplus", [f"S{subject:03d}" for subject in range(5, 123)])
    folds = protocols.named("ckplus-subject10").folds(rows)
    assert len(folds) == 10
    assert sorted({str(rows[index].speaker)[-3:] for index in folds[0].test})[:3] == ["005", "015", "025"]
    with pytest.raises(DataError, match="9 speakers cannot fill 10 folds"):
        protocols.named("ckplus-subject10").folds(corpus("ckplus", list("abcdefghi")))


def test_fer2013_keeps_its_parts_and_learns_from_no_twin() -> None:
    rows = [
        Row(None, word, part=part, corpus="fer2013", defect=defect)
        for word in protocols.WORDS_OF["fer2013"]
        for part, defect in (
            ("train", ""),
            ("train", "exact"),
            ("train", "near_mirrored"),
            ("validation", ""),
            ("test", "blank"),
        )
    ]
    (fold,) = protocols.named("fer2013-official").folds(rows)
    assert (len(fold.train), len(fold.validation), len(fold.test)) == (7, 7, 7)
    assert not any(rows[index].defect for index in fold.train)
    assert all(rows[index].part == "test" for index in fold.test)
    with pytest.raises(DataError, match="row 35 is in part 'PublicTest'"):
        protocols.named("fer2013-official").folds([*rows, Row(None, "sad", part="PublicTest")])


def test_random_splits_say_so_and_are_those_of_scikit_learn() -> None:
    selection = pytest.importorskip("sklearn.model_selection")
    protocol = protocols.named("ravdess-random")
    assert protocol.random and not protocol.speakers_apart and "LEAKS" in protocol.about
    six = [row for row in ACTORS if row.emotion in protocol.words]
    folds = protocol.folds(six)
    assert [fold.name for fold in folds] == [f"seed {seed}" for seed in (42, 27, 31, 948088, 271617)]
    for fold, seed in zip(folds, (42, 27, 31, 948088, 271617), strict=True):
        ((train, test),) = selection.ShuffleSplit(1, test_size=0.2, random_state=seed).split(six)
        np.testing.assert_array_equal(fold.test, np.sort(test))
        np.testing.assert_array_equal(fold.train, np.sort(train))
    theirs = selection.KFold(10, shuffle=True, random_state=42).split(six)
    for fold, (_, test) in zip(protocols.named("ravdess-random-10fold").folds(six), theirs, strict=True):
        np.testing.assert_array_equal(fold.test, test)
    (first, *_) = protocols.named("ravdess-random-80-10-10").folds(six)
    assert (len(first.train), len(first.validation), len(first.test)) == (114, 15, 15)


def test_only_random_protocols_leak() -> None:
    for name in protocols.names():
        assert ("random" in name) == protocols.named(name).random
        assert protocols.named(name).speakers_apart or "random" in name or name in NOBODY_KNOWS


def test_song_goes_where_the_actor_s_speech_goes() -> None:
    sung = [
        Row(row.speaker, row.emotion, corpus="ravdess-song")
        for row in ACTORS
        if row.emotion not in ("disgusted", "surprised") and row.speaker != "ravdess-18"
    ]
    assert judged("ravdess-speech-song-luna5", [*ACTORS, *sung]) == judged("ravdess-luna5", ACTORS)
    (first, *_) = protocols.named("ravdess-speech-song-random").folds([*ACTORS, *sung])
    whole = 6 * (24 + 23)
    assert (len(first.test), len(first.validation)) == (-(-whole // 10), -(-whole // 10))


def test_one_actor_s_clips_are_cut_for_the_quick_example() -> None:
    folds = protocols.named("ravdess-01-random").folds(corpus("ravdess", ["01", "02"], clips=16))
    assert [(len(fold.train), len(fold.test)) for fold in folds] == [(25, 7)] * 5
    with pytest.raises(DataError, match="no clip of speaker 05"):
        protocols.named("ravdess-faces-05-random").folds(
            [Row(row.speaker, row.emotion, corpus="ravdess-faces") for row in corpus("ravdess", ["01"])]
        )


def test_actions_are_kept_apart_where_people_are_not_told_apart() -> None:
    done = ("walk", "run", "bow", "bye", "call")
    rows = [
        Moving(None, word, corpus="bandai-namco", statement=what)
        for what in done
        for word in protocols.WORDS_OF["bandai-namco"]
        for _ in range(2 if what == "walk" else 1)
    ]
    folds = protocols.named("bandai-namco-actions").folds(rows)
    sides = [{rows[index].statement for index in fold.test} for fold in folds]
    assert sorted(map(len, sides)) == [1, 1, 1, 2] and {"walk"} in sides and set.union(*sides) == set(done)
    for fold, side in zip(folds, sides, strict=True):
        assert not side & {rows[index].statement for index in fold.train}
    with pytest.raises(DataError, match="does not say what is done"):
        protocols.named("bandai-namco-actions").folds([*rows, Moving(None, "sad", corpus="bandai-namco")])


def test_across_corpora_on_the_words_they_share() -> None:
    protocol = protocols.named("ravdess+nemo>emo-db")
    assert protocol.words == ("neutral", "happy", "sad", "angry", "fearful", "disgusted")
    rows = [*ACTORS, *corpus("nemo", ["WR0", "MK0"]), *corpus("emo-db", ["03", "08"]), *corpus("tess", ["OAF"])]
    (fold,) = protocol.folds(rows)
    assert {rows[index].corpus for index in fold.train} == {"ravdess", "nemo"}
    assert {rows[index].corpus for index in fold.test} == {"emo-db"}
    assert not {"calm", "surprised", "bored"} & {rows[index].emotion for index in [*fold.train, *fold.test]}
    with pytest.raises(DataError, match="no clip of emo-db"):
        protocol.folds([*ACTORS, *corpus("nemo", ["WR0"])])


def test_names_that_are_none() -> None:
    with pytest.raises(OptionError, match=r"Bad value 'ravdess' for protocol: expected one of ravdess-luna5"):
        protocols.named("ravdess")
    with pytest.raises(OptionError, match="iemocap"):
        protocols.named("iemocap>ravdess")
    with pytest.raises(OptionError, match="cannot be learned from and judged"):
        protocols.named("ravdess+nemo>nemo")


def test_fewer_words_under_another_name() -> None:
    protocol = protocols.named("ravdess-luna5").with_words("happy", "sad")
    assert protocol.name == "ravdess-luna5 (2 words)"
    assert sum(len(fold.test) for fold in protocol.folds(ACTORS)) == 48
