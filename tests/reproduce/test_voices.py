"""The table of voices across corpora: whom its judges never met, the words they share, what is usual, and the crowd."""

from __future__ import annotations

import csv
import dataclasses
import shutil
import wave
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visavox import datasets, recipes, zoo
from visavox.baseline import Baseline, log_probabilities
from visavox.clip import Clip
from visavox.datasets import Sample
from visavox.emotions import WORDS
from visavox.errors import DataError, LeakError
from visavox.recognizer import Card
from visavox.reproduce.voices import crowd, heard, judges
from visavox.reproduce.voices import table as voices
from visavox.reproduce.voices.crowd import agreement, majority
from visavox.reproduce.voices.heard import Cepstra, Network, listen
from visavox.reproduce.voices.judges import Part, learned_words, made, without_usual
from visavox.voice.recognizer import VoiceRecognizer


def quiet(text: str) -> None:
    """Nobody is told."""


def sound(seconds: float = 0.6, *, seed: int = 0) -> np.ndarray[Any, np.dtype[np.float32]]:
    """A buzz that rises and falls."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(16000 * seconds)) / 16000
    tone = np.sign(np.sin(2 * np.pi * rng.uniform(90, 250) * time)) * np.sin(np.pi * time / seconds)
    return (0.3 * tone + 0.01 * rng.standard_normal(len(time))).astype(np.float32)


def recording(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes((sound(seed=seed) * 32767).astype("<i2").tobytes())


def corpus(folder: Path, names: Sequence[str]) -> None:
    for seed, name in enumerate(names):
        recording(folder / f"{name}.wav", seed)


def nemo(folder: Path) -> None:
    """Two actors to learn from, the two who are judged; six words, since nobody is disgusted in nEMO."""
    words = ("anger", "fear", "happiness", "neutral", "sadness", "surprised")
    corpus(
        folder / "nemo", [f"{who}_{word}_{n}" for who in ("EB0", "KL1", "WR0", "MK0") for word in words for n in (1, 2)]
    )


def emo_db(folder: Path) -> None:
    """Two people, seven words; nothing of ours knows boredom, and nEMO no disgust."""
    corpus(folder / "emo-db", [f"{who}a01{letter}{v}" for who in ("03", "08") for letter in "WLEAFTN" for v in "ab"])


def network(place: Path, learned: Mapping[str, Sequence[str]], *, unlearned: Sequence[str] = ()) -> Path:
    """A folder as a training leaves it, with a shipped network in it.

    Args:
        place: the folder.
        learned: the corpora and their test speakers.
        unlearned: words that it was not shown.
    """
    shipped = Path(zoo.__file__).parent / "models" / "voice"
    place.mkdir(parents=True)
    shutil.copyfile(shipped.with_suffix(".onnx"), place / "voices.onnx")
    card = Card.read(shipped.with_suffix(".json"))
    shares = [1e-4 if word in unlearned else 1.0 for word in card.words]
    new = dataclasses.replace(
        card,
        corpora=tuple(dataclasses.replace(card.corpora[0], name=name) for name in learned),
        priors={**card.priors, "corpus": tuple(share / sum(shares) for share in shares)},
    )
    (place / "voices.json").write_text(new.to_json(), encoding="utf-8")
    with (place / "predictions.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["name", "part", "speaker"])
        writer.writerows(["clip", "test", speaker] for speakers in learned.values() for speaker in speakers)
    return place / "voices.onnx"


@pytest.fixture
def miniature(models: tuple[str, ...], tmp_path: Path) -> Path:
    """nEMO and EMO-DB in `data`, a network that learned from nEMO in `runs`."""
    nemo(tmp_path / "data")
    emo_db(tmp_path / "data")
    network(tmp_path / "runs" / "voices" / "nemo", {"nemo": ("nemo-WR0", "nemo-MK0")}, unlearned=("disgusted",))
    return tmp_path


def test_rows_of_what_is_there_and_of_what_is_not(miniature: Path) -> None:
    made_rows = voices.rows(str(miniature / "data"), miniature / "runs", quiet)
    by_name = {(row.row, row.baseline): row for row in made_rows}

    there = by_name["nEMO > EMO-DB, network", "none"]
    assert 0 <= there.mean <= 1 and there.interval is not None
    # Learned: six words. Acted in EMO-DB: six of ours and boredom. Both: neutral, happy, sad, angry, fearful.
    assert there.chance == 1 / 5
    assert "5 words; 2 speakers; 20 clips (8 of other words left out); a corpus it never met" in there.note
    assert "other speakers" in by_name["nEMO > nEMO, network", "none"].note
    assert "2 other held-out speakers" in by_name["nEMO > EMO-DB, network", "self"].note
    assert judges.NO_WORD in by_name["nEMO > nEMO, network", "self"].note
    assert {row.baseline for row in made_rows if row.row == "nEMO > EMO-DB, linear on cepstra"} == {"none", "self"}

    gone = [row for row in made_rows if np.isnan(row.mean)]
    assert all(row.note.startswith("absent: corpus ") and row.interval is None for row in gone)
    assert "corpus urdu not found" in by_name["nEMO > URDU, network", "none"].note
    assert "corpus ravdess not found" in by_name["RAVDESS > EMO-DB, linear on cepstra", "none"].note
    assert "corpus crema-d not found" in by_name["network", "none"].note
    # Five trainings, six corpora, two judges, and the crowd; only nEMO's two tests have a row with self beside.
    assert len(made_rows) == 5 * 6 * 2 + 1 + 4


def test_a_speaker_who_shows_one_word_is_told(miniature: Path) -> None:
    for path in (miniature / "data" / "emo-db").glob("08*"):
        if path.stem[5] != "T":
            path.unlink()
    made_rows = voices.rows(str(miniature / "data"), miniature / "runs", quiet)
    notes = {row.baseline: row.note for row in made_rows if row.row == "nEMO > EMO-DB, network"}
    assert "1 of 2 speakers show one word alone" in notes["self"] and "alone" not in notes["none"]


def test_the_second_time_no_clip_is_read(miniature: Path) -> None:
    first = voices.rows(str(miniature / "data"), miniature / "runs", quiet)
    for path in (miniature / "data").rglob("*.wav"):
        path.write_bytes(b"")
    assert [repr(row) for row in voices.rows(str(miniature / "data"), miniature / "runs", quiet)] == [
        repr(row) for row in first
    ]


def test_without_any_corpus_there_is_no_table(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="corpus ravdess not found"):
        voices.rows(str(tmp_path), tmp_path, quiet)


def test_what_is_missing_is_trained_by_the_recipe(miniature: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[object, dict[str, Any]]] = []

    def run(recipe: object, *, data: object, folder: Path, overrides: dict[str, Any]) -> None:
        asked.append((recipe, overrides))
        network(folder, {"nemo": ("nemo-WR0", "nemo-MK0")})

    monkeypatch.setattr(recipes, "run", run)
    shutil.rmtree(miniature / "runs" / "voices" / "nemo")
    told: list[str] = []
    voices.rows(str(miniature / "data"), miniature / "runs", told.append)
    ((recipe, overrides),) = asked
    assert recipe == "voices" and overrides["training.epochs"] == voices.SCHEDULES["nemo"][0]
    assert overrides["corpora"] == [judges.uses()["nemo"]]
    assert any(f"about {voices.SCHEDULES['nemo'][1]} minutes" in text for text in told)
    assert recipes.read(recipes.find("voices").read_text(), overrides).corpora[0].name == "nemo"


def test_a_network_that_met_those_who_are_judged_is_refused(miniature: Path) -> None:
    for name, learned in {
        "others": {"nemo": ("nemo-EB0",)},
        "more": {"nemo": ("nemo-WR0", "nemo-MK0"), "tess": ()},
    }.items():
        place = miniature / name
        network(place, learned)
        with pytest.raises(LeakError, match="move it away"):
            made("nEMO", [judges.uses()["nemo"]], place, None, quiet, epochs=1, minutes=1)


def test_the_recipe_s_test_speakers_are_crema_d_s_first_fold() -> None:
    assert set(judges.uses()["crema-d"]["test"]["speaker"]) == set(crowd.actors(0))
    assert sorted(actor for fold in range(5) for actor in crowd.actors(fold)) == [
        f"crema-d-{n}" for n in range(1001, 1092)
    ]


def test_a_word_that_was_never_shown_is_not_judged(models: tuple[str, ...], tmp_path: Path) -> None:
    path = network(tmp_path / "nemo", {"nemo": ()}, unlearned=("disgusted",))
    assert learned_words(Network(path)) == [word for word in WORDS if word != "disgusted"]


def test_networks_hear_what_the_recognizer_hears(models: tuple[str, ...], tmp_path: Path) -> None:
    path = network(tmp_path / "one", {"nemo": ()})
    samples = [
        Sample(clip=Clip(name=f"clip {seed}", voice=sound(0.5 + seed / 4, seed=seed)), emotion="sad", corpus="mine")
        for seed in range(3)
    ]
    ear = Network(path)
    listen([(ear, samples[:1])], tmp_path)
    listen([(ear, samples)], tmp_path)
    recognizer = VoiceRecognizer(path)
    voiced = [sample.clip.voice for sample in samples if sample.clip.voice is not None]
    expected = np.stack([recognizer.logits(voice) for voice in voiced])
    assert np.allclose(heard.heard(ear, samples[::-1], tmp_path), expected[::-1], atol=1e-5)


def test_cepstra_are_those_of_scipy() -> None:
    from scipy.fft import dct

    spectrum = np.random.default_rng(1).normal(-5, 2, (40, 64)).astype(np.float32)
    numbers = Cepstra(judges.hearing())(spectrum)
    expected = dct((spectrum - spectrum.mean()).astype(np.float64), norm="ortho", axis=1)[:, :20]
    assert np.allclose(numbers[:20], expected.mean(axis=0)) and np.allclose(numbers[20:40], expected.std(axis=0))
    assert np.allclose(numbers[60:], np.quantile(expected, 0.9, axis=0))
    # A louder copy of a clip sounds the same.
    assert np.allclose(Cepstra(judges.hearing())(spectrum + 3), numbers, atol=1e-4)


def test_a_kept_file_that_is_damaged_is_named(models: tuple[str, ...], tmp_path: Path) -> None:
    ear = Network(network(tmp_path / "one", {"nemo": ()}))
    sample = Sample(clip=Clip(name="a", voice=sound()), emotion="sad", corpus="mine")
    with pytest.raises(DataError, match="listen to it first"):
        heard.heard(ear, [sample], tmp_path)
    (tmp_path / f"mine-{ear.key}.npz").write_bytes(b"nothing")
    with pytest.raises(DataError, match="delete it"):
        listen([(ear, [sample])], tmp_path)


def test_what_is_usual_comes_from_others_alone() -> None:
    rng = np.random.default_rng(1)
    scores = rng.dirichlet(np.ones(4), 30)
    whose = ["a"] * 10 + ["b"] * 10 + ["c"] * 10
    moved, sources = without_usual(scores, whose, scores, whose)
    assert sources == ["2 other held-out speakers"]
    usual = Baseline("self").fit(log_probabilities(scores[10:]), whose[10:])
    assert np.allclose(moved[:10], usual.transform_probabilities(scores[:10], whose[:10]))
    changed = scores.copy()
    changed[:10] = rng.dirichlet(np.ones(4), 10)
    again, _ = without_usual(scores, whose, changed, whose)
    assert np.allclose(again[:10], moved[:10]) and not np.allclose(again[10:], moved[10:])


def test_one_person_does_not_tell_what_is_usual() -> None:
    scores = np.random.default_rng(1).dirichlet(np.ones(3), 20)
    whose = ["a"] * 10 + ["b"] * 10
    moved, sources = without_usual(scores, whose, scores[:10], whose[:10])
    assert sources == [judges.NO_WORD]
    known = Baseline.known("self", np.zeros(3)).transform_probabilities(scores, whose)
    assert np.allclose(moved, known)


def test_self_takes_out_of_cepstra_what_is_a_person_s(models: tuple[str, ...], tmp_path: Path) -> None:
    """Words of people who differ from each other more than words do, learned by a linear judge."""
    ear = Numbers(judges.hearing())
    samples = [
        Sample(clip=Clip(name=f"{who} {word} {n}", voice=number(1.5 * who + word, n)), emotion=("sad", "happy")[word],
               corpus="mine", speaker=str(who))
        for who in range(8) for word in (0, 1) for n in range(6)
    ]  # fmt: skip
    listen([(ear, samples)], tmp_path)
    learned, test = Part(samples[:48]), Part(samples[48:])
    right = {}
    for kind in voices.KINDS:
        judge = judges.Linear(ear, tmp_path, kind).fit(learned)
        right[kind] = float(np.mean(judge(test, ("sad", "happy")).argmax(axis=1) == test.truth(("sad", "happy"))))
    assert right["self"] == 1.0 and right["none"] < 0.8


@dataclasses.dataclass(frozen=True)
class Numbers(Cepstra):
    """An ear for the level of a clip, of which a test knows everything."""

    def __call__(self, spectrum: np.ndarray[Any, np.dtype[np.float32]]) -> np.ndarray[Any, np.dtype[Any]]:
        return np.array([np.median(spectrum.max(axis=1))])


def number(level: float, seed: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Noise of a level in natural logarithms of power."""
    noise = np.random.default_rng(seed).standard_normal(8000)
    return (1e-3 * np.exp(level / 2) * noise).astype(np.float32)


def test_a_majority_has_more_votes_than_any_other() -> None:
    assert majority({"sad": 3, "happy": 2}) == "sad"
    assert majority({"sad": 3, "happy": 3}) is None
    assert majority({"sad": 0}) is None and majority({}) is None


def test_agreement_worked_by_hand() -> None:
    #        acted 0                acted 1       right   no majority
    acted = [0, 0, 0, 0, 1, 1, 1, 1]
    first = [1, 1, 2, 2, 2, 0, 1, 0]
    crowds = [1, 2, 2, 2, 2, 2, 0, -1]
    found = agreement(acted, first, crowds, list("aabbccdd"), words=3, both_wrong=True)
    assert found.clips == 6
    assert found.share.value == 4 / 6
    # Acted 0: the judges name (1, 2) in (2, 2) and (1, 3) of 4 clips: (2 * 1 + 2 * 3) / 4 = 2 by chance.
    # Acted 1: (0, 2) in (1, 1) and (0, 2) of 2: 1 * 2 / 2 = 1.
    assert found.chance.value == pytest.approx((2 + 1) / 6)
    assert found.gain.value == pytest.approx(1 / 6)
    everywhere = agreement(acted, first, crowds, list("aabbccdd"), words=3, both_wrong=False)
    assert everywhere.clips == 7 and everywhere.share.value == 4 / 7


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 5))
def test_chance_is_what_shuffling_within_each_acted_word_gives(seed: int, words: int) -> None:
    rng = np.random.default_rng(seed)
    acted, first, second = (rng.integers(0, words, 60) for _ in range(3))
    found = agreement(acted, first, second, ["a"] * 60, words=words, both_wrong=False, draws=2)
    shares = []
    for _ in range(400):
        shuffled = second.copy()
        for word in range(words):
            mine = acted == word
            shuffled[mine] = rng.permutation(second[mine])
        shares.append(np.mean(first == shuffled))
    assert found.chance.value == pytest.approx(np.mean(shares), abs=5 * np.std(shares) / 20 + 1e-9)
    assert found.gain.value == pytest.approx(found.share.value - found.chance.value)


def test_where_both_are_never_wrong_there_is_nothing_to_agree_on() -> None:
    with pytest.raises(DataError, match="no clip"):
        agreement([0, 1], [0, 1], [1, -1], ["a", "b"], words=2, both_wrong=True)


def test_a_judge_that_repeats_the_crowd_agrees_with_it() -> None:
    rng = np.random.default_rng(1)
    truth, people = rng.integers(0, 4, 400), [str(n // 40) for n in range(400)]
    crowds = np.where(rng.uniform(size=400) < 0.4, truth, rng.integers(0, 4, 400))
    copy = {row.row: row for row in crowd.beside("copy", "none", crowds, crowds, truth, people, 4)}
    alone = {row.row: row for row in crowd.beside("alone", "none", rng.integers(0, 4, 400), crowds, truth, people, 4)}
    assert copy["copy minus the crowd"].mean == 0
    shared = copy[f"copy and the crowd {crowd.BOTH_WRONG}"]
    assert shared.mean == 1 and shared.chance is not None and shared.chance < 0.6
    assert copy[f"copy and the crowd {crowd.BOTH_WRONG}, above chance"].interval[0] > 0.4  # type: ignore[index]
    low, high = alone[f"alone and the crowd {crowd.BOTH_WRONG}, above chance"].interval  # type: ignore[misc]
    assert low < 0 < high


@pytest.fixture
def acted(models: tuple[str, ...], tmp_path: Path) -> Callable[[bool], Path]:
    """CREMA-D with two actors in each fold, and a crowd that takes everything for sad; networks of all folds."""

    def make(voted: bool) -> Path:
        codes = ("ANG", "DIS", "FEA", "HAP", "NEU", "SAD")
        names = [f"{1000 + actor}_IEO_{code}_HI" for actor in range(1, 11) for code in codes]
        corpus(tmp_path / "data" / "crema-d" / "AudioWAV", names)
        if voted:
            with (tmp_path / "data" / "crema-d" / "tabulatedVotes.csv").open("w", newline="") as file:
                writer = csv.writer(file)
                writer.writerow(["", "A", "D", "F", "H", "N", "S", "fileName"])
                writer.writerows([100001 + n, 0, 0, 0, 0, 1, 8, name] for n, name in enumerate(names))
        for fold in range(5):
            place = tmp_path / "runs" / "voices" / "crema-d-actor5" / f"fold-{fold}"
            network(place, {"crema-d": crowd.actors(fold)}, unlearned=("surprised",))
        return tmp_path

    return make


def test_a_crowd_beside_the_folds(acted: Callable[[bool], Path]) -> None:
    place = acted(True)
    made_rows = voices.rows(str(place / "data"), place / "runs", quiet)
    by_name = {(row.row, row.baseline, row.metric): row for row in made_rows if row.table == crowd.TABLE}
    most = by_name["the crowd's majority, by voice alone", "none", "accuracy"]
    assert most.mean == pytest.approx(1 / 6) and most.reported == 0.416 and "its 0 ties" in most.note
    assert by_name["network", "none", "uar"].folds == 5
    assert "60 clips" in by_name["network", "none", "uar"].note
    assert "10 speakers" in by_name["linear on cepstra", "self", "accuracy"].note
    better = by_name["network minus the crowd", "none", "accuracy difference"]
    # The same clips in every fold, so that the mean over folds and all at once are the same.
    assert better.mean == pytest.approx(by_name["network", "none", "accuracy"].mean - 1 / 6)
    for row in made_rows:
        if row.metric == "agreement":
            assert row.chance is not None and 0 <= row.mean <= 1
            # A crowd that says one word agrees as often as it must.
            assert row.mean == pytest.approx(row.chance)


def test_a_crowd_that_is_not_there_is_missed(acted: Callable[[bool], Path]) -> None:
    place = acted(False)
    made_rows = voices.rows(str(place / "data"), place / "runs", quiet)
    assert "tabulatedVotes.csv" in made_rows[-1].note and np.isnan(made_rows[-1].mean)


def test_the_crowd_names_the_acted_word_in_416_of_1000_clips(data: Path) -> None:
    samples = datasets.load("crema-d", data)
    assert len(samples) == 7442
    right = [majority(sample.votes or {}) == sample.emotion for sample in samples]
    assert round(float(np.mean(right)), 3) == crowd.REPORTED
