"""What the whole suite shares: where real recordings and weights are, and a last word on what was skipped."""

from __future__ import annotations

import importlib.util
import os
import wave
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import settings
from numpy.typing import NDArray

# How long an example takes says how busy the machine is, not whether the code is right.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

ROOT = Path(__file__).resolve().parents[1]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skips what the machine cannot run: a marked test says what it needs, the reason says how to get it."""
    torch_missing = importlib.util.find_spec("torch") is None
    for item in items:
        if torch_missing and item.get_closest_marker("torch"):
            item.add_marker(pytest.mark.skip(reason="no torch: pip install 'visavox[train]'"))
        if "data" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.data)


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real recordings and corpora; tests that ask for it are skipped where there is none."""
    named = os.environ.get("VISAVOX_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no real recordings: set VISAVOX_DATA to their folder")
    return folder


@pytest.fixture(scope="session")
def weights() -> Path:
    """The folder of others' weights, all there and checked; tests that ask for it are skipped where they are not."""
    import visavox.weights

    missing = visavox.weights.missing()
    if missing:
        pytest.skip(f"no weights ({next(iter(missing))}): run `visavox models fetch`")
    return visavox.weights.folder()


@pytest.fixture(scope="session")
def models() -> tuple[str, ...]:
    """The names of the models that ship; tests that ask for it are skipped while the default ones are not there."""
    from visavox import zoo

    names = zoo.names()
    missing = {"face", "voice", "fusion"} - set(names)
    if missing:
        pytest.skip(f"no model yet: {', '.join(sorted(missing))}")
    return tuple(names)


@pytest.fixture(scope="session")
def talker(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A made clip of a few seconds: a portrait that moves and a synthesised voice."""
    from visavox import demo

    return demo.make(tmp_path_factory.mktemp("talker") / demo.NAME)


TONES = """
name = "tones"
modality = "voice"
words = ["sad", "happy"]
licence = "none"
split = "by speaker"
reported = { accuracy = 0.9, note = "made up" }

[[corpora]]
name = "tones"
test = { speaker = ["tones-ann", "tones-bob"] }
validation = { speaker = ["tones-cy"] }

[input]
kind = "mean-mfcc"
rate = 16000
start = 0.0
seconds = 0.5
coefficients = 16

[network]
kind = "cnn1d"
filters = [4]
kernel = 4
dropout = [0.0]

[training]
epochs = 3
batch = 4
optimizer = "adam"
learning_rate = 0.01
shape = "constant"
averaging = 0.0
threads = 1
precision = "float32"

[judging]
draws = 50
"""


@pytest.fixture
def tones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A recipe that learns to tell low tones from high ones in a second; its table, `tones.csv`, lies beside it."""
    monkeypatch.setenv("VISAVOX_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "tones"
    folder.mkdir()
    rng = np.random.default_rng(0)
    lines = ["path,emotion,speaker"]
    for person in ("ann", "bob", "cy", "dee", "eve", "fay"):
        for word, pitch in (("sad", 200), ("happy", 900)):
            for take in range(2):
                seconds = np.arange(8000) / 16_000
                sound = 0.3 * np.sin(2 * np.pi * pitch * rng.uniform(0.9, 1.1) * seconds)
                name = f"{person}-{word}-{take}.wav"
                with wave.open(str(folder / name), "wb") as file:
                    file.setnchannels(1)
                    file.setsampwidth(2)
                    file.setframerate(16_000)
                    file.writeframes((32767 * (sound + 0.01 * rng.normal(size=8000))).astype("<i2").tobytes())
                lines.append(f"{name},{word},{person}")
    (folder / "tones.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "tones.toml").write_text(TONES, encoding="utf-8")
    return folder / "tones.toml"


@pytest.hookimpl(hookwrapper=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Iterator[None]:
    """Says what was skipped and why, once per reason."""
    yield
    reasons: Counter[str] = Counter()
    for report in terminalreporter.stats.get("skipped", ()):
        text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reasons[text.removeprefix("Skipped: ")] += 1
    if reasons:
        terminalreporter.section("not run here")
        for reason, count in reasons.most_common():
            terminalreporter.line(f"{count:4d}  {reason}")


@pytest.fixture(scope="session")
def portrait(weights: Path) -> NDArray[np.uint8]:
    """A public-domain portrait with one face of about 100 pixels, uint8 [512, 512, 3]."""
    with av.open(str(weights / "astronaut.png")) as container:
        return next(container.decode(video=0)).to_ndarray(format="rgb24")
