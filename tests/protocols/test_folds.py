"""Folds that refuse to leak: any rows, any fold; and what they say when the rows do not fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visavox import protocols
from visavox.errors import DataError, LeakError
from visavox.protocols import Fold, Protocol


@dataclass(frozen=True)
class Row:
    """What a protocol looks at."""

    speaker: str | None
    take: str | None = None
    emotion: str = "sad"
    part: str = ""
    name: str = ""


def ravdess(
    actors: range | tuple[int, ...] = range(1, 25), words: tuple[str, ...] = protocols.WORDS_OF["ravdess"]
) -> list[Row]:
    """Two clips of each word of each actor, told apart by their take."""
    return [
        Row(f"ravdess-{actor:02d}", f"{actor}-{word}-{number}", word)
        for actor in actors
        for word in words
        for number in (1, 2)
    ]


rows = st.lists(
    st.builds(
        Row,
        speaker=st.sampled_from([f"ravdess-{actor:02d}" for actor in (1, 2, 3, 5, 10, 17, 18, 24)]),
        take=st.one_of(st.none(), st.sampled_from(["a", "b", "c", "d"])),
        emotion=st.sampled_from(["sad", "happy"]),
        part=st.sampled_from(["train", "validation", "test"]),
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(rows, st.integers(0, 9))
def test_any_rows_any_protocol_give_folds_apart_or_an_error(some: list[Row], seed: int) -> None:
    # Whatever a maker of folds does, a protocol lets nothing through that leaks.
    def anyhow(name: str, rows: list[Row], inside: np.ndarray) -> list[Fold]:
        side = np.random.default_rng(seed).random(len(inside)) < 0.5
        return [Fold("any", inside[side], inside[~side])]

    for protocol in (
        protocols.named("ravdess-loso").with_words("sad", "happy"),
        Protocol(name="any", corpora=("any",), words=("sad", "happy"), make=anyhow),
        Protocol(name="pictures", corpora=("any",), words=("sad", "happy"), make=anyhow, speakers_apart=False),
    ):
        try:
            folds = protocol.folds(some)
        except DataError:
            continue
        for fold in folds:
            for column in ("speaker", "take"):
                learned = {getattr(some[index], column) for index in fold.train} - {None}
                judged = {getattr(some[index], column) for index in fold.test} - {None}
                assert not learned & judged
            assert not set(fold.train.tolist()) & set(fold.test.tolist())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from("abcdefgh"), min_size=4, max_size=60), st.integers(2, 4), st.integers(0, 99))
def test_folds_by_speaker_judge_each_row_once(groups: list[str], parts: int, seed: int) -> None:
    if len(set(groups)) < parts:
        with pytest.raises(DataError, match="held out"):
            protocols.by_speaker(groups, parts, seed)
        return
    folds = protocols.by_speaker(groups, parts, seed)
    judged = np.concatenate([fold.test for fold in folds])
    assert sorted(judged.tolist()) == list(range(len(groups)))
    for fold in folds:
        assert not {groups[index] for index in fold.train} & {groups[index] for index in fold.test}


def test_the_refusal_names_the_speaker_and_both_rows() -> None:
    some = [Row("ann", "1", name="ann-sad"), Row("bob", "2", name="bob-sad"), Row("ann", "3", name="ann-happy")]
    with pytest.raises(LeakError, match=r"speaker ann is in training \(row 0 \(ann-sad\)\).*row 2 \(ann-happy\)"):
        protocols.check_apart(some, [0, 1], [2])
    protocols.check_apart(some, [1], [0, 2])


def test_one_recording_under_two_names_may_not_sit_on_both_sides() -> None:
    some = [Row("ann", "equal", name="ann-sad"), Row("bob", "equal", name="bob-sad")]
    with pytest.raises(LeakError, match="take equal is in training"):
        protocols.check_apart(some, [0], [1])
    doubled = ravdess()
    doubled.append(Row("ravdess-01", doubled[-1].take, "sad"))  # actor 24's take once more, as actor 01's
    with pytest.raises(LeakError, match="ravdess-luna5, fold 4: take 24-surprised-2"):
        protocols.named("ravdess-luna5").folds(doubled)


def test_inner_folds_stay_inside_the_training_part() -> None:
    rows = ravdess()
    protocol = protocols.named("ravdess-luna5")
    fold = protocol.folds(rows)[0]
    inner = protocol.inner(rows, fold.train, parts=4)
    assert len(inner) == 4
    for part in inner:
        protocols.check_apart(rows, part.train, part.test)
        assert not np.isin(np.concatenate([part.train, part.test]), fold.test).any()
    assert sorted(np.concatenate([part.test for part in inner]).tolist()) == fold.train.tolist()


def test_a_word_without_clips_to_learn_from_is_a_sentence() -> None:
    rows = [row for row in ravdess() if row.emotion != "calm" or row.speaker in ("ravdess-18", "ravdess-19")]
    with pytest.raises(DataError, match=r"ravdess-17-7, fold 18-24: no clip of 'calm' to learn from"):
        protocols.named("ravdess-17-7").folds(rows)
    rows = [row for row in ravdess() if row.emotion != "calm"]
    with pytest.raises(DataError, match="calm"):
        protocols.named("ravdess-luna5").folds(rows)


def test_a_speaker_without_clips_is_a_sentence() -> None:
    with pytest.raises(DataError, match=r"ravdess-luna5, fold 3: no clip of speaker 12; bring the whole corpus"):
        protocols.named("ravdess-luna5").folds([row for row in ravdess() if row.speaker != "ravdess-12"])


def test_a_row_that_does_not_say_who_it_is_is_named() -> None:
    with pytest.raises(DataError, match=r"row 384 \(unknown\) does not say who it is"):
        protocols.named("ravdess-luna5").folds([*ravdess(), Row(None, name="unknown")])


def test_rows_of_no_use_are_a_sentence() -> None:
    with pytest.raises(DataError, match="none of the 1 rows belongs to it"):
        protocols.named("ravdess-17-7").folds([Row("ravdess-01", emotion="surprised")])
    with pytest.raises(DataError, match="has no number at its end"):
        protocols.named("ravdess-luna5").folds([Row("ann")])
