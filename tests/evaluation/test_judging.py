"""`evaluate`: nobody whom a fold judges is met by anything that learned in it, and nothing is silently dropped."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

import visavox.baseline
from visavox import datasets, evaluation, protocols
from visavox.errors import DataError, LeakError, OptionError
from visavox.fusion import Fusion
from visavox.recognizer import Card, Corpus


def card(name: str, corpus: str, test: dict[str, list[str]] | None = None, command: str = "") -> Card:
    """A card of a model that learned from a corpus and held out some of it."""
    selected = f"test = {json.dumps(test).replace(': ', ' = ')}" if test else ""
    return Card(
        name=name,
        modality="voice",
        words=("happy", "sad"),
        corpora=(Corpus(corpus, "MIT", "train: 10 clips", 10, 2),),
        recipe=f'[[corpora]]\nname = "{corpus}"\n{selected}\n',
        made={"command": command},
    )


def test_no_recognizer_judges_whom_it_learned_from(nearest, corpus) -> None:
    rows = corpus()
    spy = nearest()
    result = evaluation.evaluate(spy, "ravdess-luna5", samples=rows)
    assert not hasattr(spy, "met_"), "what the caller gave is not changed: each fold has a copy"
    assert sorted(result.names) == sorted(row.clip.name for row in rows), "each row is judged once"
    assert result.score().value > 0.9 and result.status == "held-out"
    assert result.title == "ravdess-luna5, none"


@pytest.mark.parametrize("rule", ["mean", "log-linear", "logistic-regression"])
def test_no_member_of_a_fusion_scores_a_speaker_it_met(nearest, corpus, rule: str) -> None:
    if rule == "logistic-regression":
        pytest.importorskip("sklearn")
    joined = Fusion({"face": nearest(), "voice": nearest()}, rule=rule, words=protocols.WORDS_OF["ravdess"])
    result = evaluation.evaluate(joined, "ravdess-luna5", samples=corpus())
    assert result.score().value > 0.9


def test_the_spy_would_tell(nearest, corpus) -> None:
    with pytest.raises(AssertionError, match="whom it learned from"):
        evaluation.evaluate(nearest(), "ravdess-random", samples=corpus())


def test_a_random_protocol_says_that_it_leaks(corpus, always) -> None:
    said = always(protocols.named("ravdess-random").words, [0.5, 0.1, 0.1, 0.1, 0.1, 0.1])
    result = evaluation.evaluate(said, "ravdess-random", samples=corpus())
    assert result.status == "in-sample" and any("leaks on purpose" in note for note in result.notes)
    assert len(result.per_fold()) == 5


def test_clips_that_could_not_be_judged_count_as_wrong_and_are_told(nearest, corpus) -> None:
    rows = corpus(noise=0.05)
    silent = [row.clip.name for row in rows if row.speaker == "ravdess-03"][:3]
    heard = evaluation.evaluate(nearest(), "ravdess-luna5", samples=rows)
    result = evaluation.evaluate(nearest(silent), "ravdess-luna5", samples=rows)
    assert result.unjudged == {"silence": 3}
    assert len(result.truth) == len(rows)
    assert result.score().value == pytest.approx(heard.score().value - 3 / len(rows))
    with pytest.raises(DataError, match=r"could judge none of the 384 clips of ravdess-luna5 \(silence\)"):
        evaluation.evaluate(nearest([row.clip.name for row in rows]), "ravdess-luna5", samples=rows)


@pytest.mark.parametrize("said", [[0.7, 0.7], [1.5, -0.5], [np.inf, 0.0]])
def test_scores_that_are_no_probabilities_are_named_by_their_row(corpus, always, said: list[float]) -> None:
    rows = corpus("emo-db", ["emo-db-03", "emo-db-08"], ("happy", "sad"))
    some = protocols.named("emodb-loso").with_words("happy", "sad")
    with pytest.raises(DataError, match=r"row 0 \(emo-db-03-happy-0\)"):
        evaluation.evaluate(always(("happy", "sad"), said), some, samples=rows)


def test_a_model_judges_only_those_whom_its_card_holds_out(corpus, always) -> None:
    held = {"speaker": ["ravdess-05", "ravdess-12"]}
    model = always(protocols.WORDS_OF["ravdess"], [0.3, *[0.1] * 7], card("voice", "ravdess", held))
    result = evaluation.evaluate(model, "ravdess-luna5", samples=corpus())
    assert set(result.speakers) == {"ravdess-05", "ravdess-12"} and result.status == "held-out"
    assert any("352 of 384 clips are left out: voice may have met their speakers" in note for note in result.notes)
    # The same people in another kind of the corpus are the same people.
    seen = [dataclasses.replace(row, corpus="ravdess-video") for row in corpus()]
    assert set(evaluation.evaluate(model, "ravdess-luna5", samples=seen).speakers) == set(result.speakers)


def test_a_model_that_holds_nobody_out_is_refused(corpus, always) -> None:
    model = always(protocols.WORDS_OF["ravdess"], [0.3, *[0.1] * 7], card("voice", "ravdess"))
    with pytest.raises(LeakError, match="voice learned from ravdess, and its card holds out none"):
        evaluation.evaluate(model, "ravdess-luna5", samples=corpus())


def test_who_was_held_out_by_an_override_is_read_from_the_command(corpus, always) -> None:
    uses = [{"name": "ravdess", "test": {"speaker": ["ravdess-02"]}}]
    known = card("fold", "ravdess", {"speaker": ["ravdess-05"]}, f"visavox train x --set corpora={uses} --set epochs=1")
    model = always(protocols.WORDS_OF["ravdess"], [0.3, *[0.1] * 7], known)
    assert set(evaluation.evaluate(model, "ravdess-luna5", samples=corpus()).speakers) == {"ravdess-02"}


def test_a_model_of_another_corpus_judges_everybody(corpus, always) -> None:
    model = always(("happy", "sad"), [0.6, 0.4], card("voice", "crema-d"))
    rows = corpus("emo-db", ["emo-db-03", "emo-db-08"], protocols.WORDS_OF["emo-db"])
    result = evaluation.evaluate(model, "emodb-loso", samples=rows)
    assert result.status == "out-of-sample" and len(result.truth) == 8
    assert result.protocol.startswith("emodb-loso (2 words: without neutral")
    assert any("20 clips are left out: voice does not know their words" in note for note in result.notes)


def test_calm_counts_as_neutral_where_a_model_has_no_calm(corpus, always) -> None:
    words = [word for word in protocols.WORDS_OF["ravdess"] if word != "calm"]
    model = always(words, [0.4, *[0.1] * 6], card("voice", "crema-d"))
    result = evaluation.evaluate(model, "ravdess-luna5", samples=corpus())
    assert result.protocol == "ravdess-luna5 (7 words: calm as neutral)"
    assert len(result.truth) == 384 and result.score().value == pytest.approx(2 / 8)


def test_a_fitted_system_may_hold_no_model_that_met_the_test(nearest, corpus, always) -> None:
    inside = always(protocols.WORDS_OF["ravdess"], [0.3, *[0.1] * 7], card("shipped", "ravdess"))
    joined = Fusion({"face": nearest(), "voice": inside}, rule="mean", words=protocols.WORDS_OF["ravdess"])
    with pytest.raises(LeakError, match="shipped inside it learned from ravdess and has met ravdess-02"):
        evaluation.evaluate(joined, "ravdess-luna5", samples=corpus())


def test_what_was_fitted_in_memory_forgets_it(corpus) -> None:
    pytest.importorskip("sklearn")
    from visavox.precomputed import Classic, FeatureTable

    rows = corpus()
    points = {f"x{axis}": [float(row.clip.voice[axis]) for row in rows] for axis in range(6)}
    frame = pytest.importorskip("pandas").DataFrame({"name": [row.clip.name for row in rows], **points})
    classic = Classic(FeatureTable(frame, columns=list(points), modality="voice"))
    classic.fit([row.clip for row in rows], [row.emotion for row in rows], [str(row.speaker) for row in rows])
    protocol = protocols.named("ravdess-17-7")
    result = evaluation.evaluate(classic, protocol, samples=rows)
    assert result.status == "held-out" and len(result.truth) == 7 * 6 * 2
    assert evaluation.evaluate(
        Classic(FeatureTable(frame, columns=list(points), modality="voice"), baseline="self"), protocol, samples=rows
    ).title == ("ravdess-17-7, self")
    with pytest.raises(OptionError, match=r"takes out a baseline \(self\) by itself"):
        evaluation.evaluate(
            Classic(FeatureTable(frame, columns=list(points), modality="voice"), baseline="self"),
            protocol,
            samples=rows,
            baseline="self",
        )


def test_the_baseline_is_in_the_name_and_helps_where_people_differ(nearest, corpus) -> None:
    rows = corpus(accent=1.0, clips=4)
    plain, enrolled, own = (
        evaluation.evaluate(nearest(), "ravdess-luna5", samples=rows, baseline=kind)
        for kind in ("none", "enrolment", "self")
    )
    assert own.title == "ravdess-luna5, self"
    assert own.score().value > plain.score().value + 0.05
    assert enrolled.score().value > plain.score().value
    with pytest.raises(OptionError, match="Bad value 'own' for baseline: expected one of none, enrolment, self"):
        evaluation.evaluate(nearest(), "ravdess-luna5", samples=rows, baseline="own")


@pytest.mark.parametrize("protocol", ["ravdess-luna5", "ravdess-17-7"])
def test_what_is_usual_is_not_learned_from_those_who_are_judged(
    nearest, corpus, protocol: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual: dict[int, set[str]] = {}
    fit, transform = visavox.baseline.Baseline.fit, visavox.baseline.Baseline.transform_probabilities
    judged: list[set[str]] = []

    def spied_fit(self, values, people, enrolled=None):
        usual[id(self)] = set(people)
        return fit(self, values, people, enrolled)

    def spied_transform(self, values, people, enrolled=None):
        judged.append(set(people))
        assert usual[id(self)] and not usual[id(self)] & set(people)
        return transform(self, values, people, enrolled)

    monkeypatch.setattr(visavox.baseline.Baseline, "fit", spied_fit)
    monkeypatch.setattr(visavox.baseline.Baseline, "transform_probabilities", spied_transform)
    evaluation.evaluate(nearest(), protocol, samples=corpus(), baseline="self")
    assert len(judged) == len(protocols.named(protocol).folds(corpus()))


def test_enrolment_needs_other_people(always, corpus) -> None:
    model = always(protocols.named("ravdess-17-7").words, [0.5, *[0.1] * 5], card("voice", "crema-d"))
    with pytest.raises(DataError, match="one fold"):
        evaluation.evaluate(model, "ravdess-17-7", samples=corpus(), baseline="enrolment")
    told = evaluation.evaluate(model, "ravdess-17-7", samples=corpus(), baseline="self")
    assert any("no other people" in note for note in told.notes)


def test_a_corpus_without_the_modality_is_a_sentence() -> None:
    with pytest.raises(DataError, match=r"emo-db has voice, and a system of face judges face or"):
        evaluation.load(protocols.named("emodb-loso"), "face")


def test_a_corpus_that_is_not_there_is_named(tmp_path: Path, always, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VISAVOX_DATA", raising=False)
    with pytest.raises(DataError, match=r"corpus emo-db not found .*--data emo-db=FOLDER"):
        evaluation.evaluate(always(("happy", "sad"), [0.5, 0.5]), "emodb-loso", data=tmp_path)


def test_a_system_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="nobody: neither a shipped model"):
        evaluation.evaluate("nobody", "ravdess-luna5", data=tmp_path)


def test_scores_made_elsewhere_are_told_alike(nearest, corpus) -> None:
    rows = corpus()
    by_us = evaluation.evaluate(nearest(), "ravdess-luna5", samples=rows)
    place = {name: row for row, name in enumerate(by_us.names)}
    scores = np.stack([by_us.probabilities[place[row.clip.name]] for row in rows])
    given = evaluation.of_scores("pool", "ravdess-luna5", rows, scores, baseline="self", notes=["fitted elsewhere"])
    assert (given.system, given.title, given.notes) == ("pool", "ravdess-luna5, self", ("fitted elsewhere",))
    assert given.mean() == by_us.mean() and given.score("uar") == by_us.score("uar")
    assert evaluation.compare(by_us, given).agree == 1.0
    with pytest.raises(DataError, match=r"must be \[384, 8\], a row for each sample, got \[3, 8\]"):
        evaluation.of_scores("pool", "ravdess-luna5", rows, scores[:3])


def test_across_corpora_a_recognizer_learns_from_one_and_judges_the_other(nearest, corpus) -> None:
    people = ["emo-db-03", "emo-db-08"]
    rows = [*corpus(), *corpus("emo-db", people, protocols.WORDS_OF["emo-db"])]
    result = evaluation.evaluate(nearest(), "ravdess>emo-db", samples=rows)
    assert set(result.speakers) == set(people) and "bored" not in result.words
    assert result.score().value > 0.9


def test_every_protocol_s_corpora_can_be_read() -> None:
    known = set(datasets.names())
    assert set(protocols.WORDS_OF) <= known
    assert {corpus for name in protocols.names() for corpus in protocols.named(name).corpora} <= known


@pytest.mark.parametrize(
    ("name", "folds", "rows"),
    [("ravdess-luna5", 5, 1440), ("ravdess-17-7", 1, 308), ("crema-d-actor5", 5, 7442), ("emodb-loso", 10, 535)],
)
def test_folds_of_the_real_corpora(data: Path, name: str, folds: int, rows: int) -> None:
    protocol = protocols.named(name)
    found = protocol.folds(evaluation.load(protocol, "voice", data))
    assert (len(found), sum(len(fold.test) for fold in found)) == (folds, rows)


def test_progress_and_features(nearest, corpus) -> None:
    told: list[tuple[float, float | None]] = []
    result = evaluation.evaluate(
        nearest(), "ravdess-luna5", samples=corpus(), features=True, progress=lambda done, of: told.append((done, of))
    )
    assert told == [(number, 5) for number in range(5)]
    assert result.features is not None and result.features.shape == (384, 6)


@pytest.mark.data
def test_the_shipped_voice_on_a_corpus_that_it_never_met(data: Path, weights: Path, models: tuple[str, ...]) -> None:
    people = ("emo-db-03", "emo-db-08", "emo-db-09")
    first = {
        (row.speaker, row.emotion): row
        for row in evaluation.load(protocols.named("emodb-loso"), "voice", data)
        if row.speaker in people
    }
    result = evaluation.evaluate("voice", "emodb-loso", samples=list(first.values()))
    assert result.status == "out-of-sample" and 0.3 < result.score("uar").value < 0.95
