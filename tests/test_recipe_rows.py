"""Every network of the published systems, as its recipe builds it: it computes, learns, is saved, and is used.

The rows are those whose recipes lie in `recipes/`; a new one is walked without a word here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from visavox import recipes, zoo
from visavox.clip import VOICE_RATE, Clip
from visavox.datasets import Sample
from visavox.inputs import as_numbers
from visavox.recipes import classic, rows
from visavox.recipes.teaching import KINDS, make_wing
from visavox.recognizer import Card
from visavox.session import Session, sha256
from visavox.training import export
from visavox.training.arrays import ArrayTask, Labelled

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

LONG = (
    "lrcn/cnn-transformer", "lrcn/cnn2d-6", "lrcn/convlstm", "lrcn/convlstm-base", "lrcn/lrcn",
    "lrcn/lrcn-base", "lrcn/parallel-cnn-attention-lstm", "lrcn/stacked-cnn-attention-lstm", "lrcn/vgg16-mel",
    "mobel/cnn3d", "mobel/crnn", "mobel/crnn-text", "sistcm/clip", "sistcm/two-stream",
)  # fmt: skip
"""Rows whose step takes a tenth of a second to five seconds on one core: they learn by heart where time is given."""

STEPS = 80
"""Within so many steps eight clips must be known by heart."""


def networks() -> list[rows.Row]:
    """The rows that are networks of their own."""
    own = [row for row in rows.rows() if row.modality in KINDS]
    return [row for row in own if not classic.is_classic(recipes.read(row.text))]


NETWORKS = networks()


def clip(kind: int, number: int) -> Clip:
    """A made clip of two seconds with everything in it; its kind is heard in the pitch and seen in what moves where."""
    rng = np.random.default_rng([kind, number])
    seconds = np.arange(3 * VOICE_RATE) / VOICE_RATE
    loudness = 0.5 - 0.5 * np.cos(2 * np.pi * (2 + kind) * seconds)
    pitch = 140 * 1.4**kind
    tones = sum(np.sin(2 * np.pi * pitch * h * seconds + number) / h for h in range(1, 6))
    voice = 0.1 * loudness**2 * tones + 0.001 * rng.normal(size=len(seconds))
    moments = np.arange(60) / 30
    faces = rng.integers(90, 130, (len(moments), 72, 72, 3))
    for at, moment in enumerate(moments):
        place = int(10 * np.sin(2 * np.pi * moment + number)) + 15
        faces[at, place : place + 20, 12 * kind : 12 * kind + 20] += 90 + 20 * kind
    face = np.random.default_rng(0).normal(60, 20, (468, 3))
    swing = np.sin(2 * np.pi * moments + 0.3 * number)[:, None, None]
    mesh = face + (kind + 1) * swing * np.random.default_rng(1 + kind).normal(0, 2, (468, 3))
    body = np.random.default_rng(2).normal(120, 40, (25, 3))
    joints = body + 10 * swing * np.random.default_rng(9 + kind).normal(0, 1, (25, 3))
    joints[..., 2] = 0.9
    return Clip(
        name=f"made-{kind}-{number}",
        faces=faces.astype(np.uint8),
        times=moments,
        mesh=mesh.astype(np.float32),
        voice=voice.astype(np.float32),
        joints=joints.astype(np.float32),
    )


@dataclass
class Walked:
    """A row, what its recipe builds, and one example of each of eight clips."""

    row: rows.Row
    recipe: recipes.Recipe
    wing: Any
    inputs: np.ndarray
    labels: np.ndarray

    def network(self) -> torch.nn.Module:
        torch.manual_seed(1)
        return self.wing.network()

    def task(self) -> ArrayTask:
        few = Labelled(self.inputs, self.labels)
        return ArrayTask(few, few, words=len(self.recipe.words), batch=8)

    def batch(self, count: int) -> torch.Tensor:
        return torch.from_numpy(as_numbers(self.inputs[:count]))


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("VISAVOX_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="module", params=NETWORKS, ids=lambda row: row.id)
def walked(request: pytest.FixtureRequest, cache: Path) -> Walked:
    recipe = recipes.read(request.param.text)
    wing = make_wing(recipe)
    kinds = min(4, len(recipe.words))
    samples = [Sample(clip=clip(n % kinds, n), emotion=recipe.words[n % kinds], corpus="made") for n in range(8)]
    found = [wing.examples(sample) for sample in samples]
    assert all(len(each) for each in found), "every made clip can be judged"
    inputs = np.concatenate([each[len(each) // 2 :][:1] for each in found])
    return Walked(request.param, recipe, wing, inputs, np.arange(8) % kinds)


def test_it_gives_finite_logits_and_features_of_every_word(walked: Walked) -> None:
    assert walked.inputs.shape[1:] == walked.wing.input.shape
    assert walked.inputs.dtype in (np.uint8, np.float32)
    with torch.no_grad():
        logits, features = walked.network().eval()(walked.batch(2))
    assert logits.shape == (2, len(walked.recipe.words))
    assert features.ndim == 2 and len(features) == 2
    assert torch.isfinite(logits).all() and torch.isfinite(features).all()


def test_the_gradient_reaches_every_parameter(walked: Walked) -> None:
    network, task = walked.network().train(), walked.task()
    task.loss(network, (walked.batch(2), torch.from_numpy(task.targets[:2]))).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        # A bias in front of a norm is taken out again by it: only kernels and matrices must be moved.
        assert parameter.ndim < 2 or parameter.grad.abs().max() > 0, name


def test_two_together_are_judged_as_each_alone(walked: Walked) -> None:
    network, both = walked.network().eval(), walked.batch(2)
    with torch.no_grad():
        together = network(both)
        alone = [network(both[at : at + 1]) for at in range(2)]
    for part in range(2):
        torch.testing.assert_close(together[part], torch.cat([one[part] for one in alone]), atol=1e-4, rtol=1e-4)


MINUTES = [
    pytest.mark.slow,
    pytest.mark.skipif(not os.environ.get("VISAVOX_LONG"), reason="takes minutes; VISAVOX_LONG=1 runs it"),
]
LEARNERS = [pytest.param(row, id=row.id, marks=MINUTES if row.id in LONG else []) for row in NETWORKS]


@pytest.mark.parametrize("walked", LEARNERS, indirect=True, scope="module")
def test_it_can_learn_eight_clips_by_heart(walked: Walked) -> None:
    network, task = walked.network(), walked.task()
    for part in network.modules():
        if isinstance(part, torch.nn.modules.dropout._DropoutNd):
            part.p = 0.0
    network.train()
    batch = (walked.batch(8), torch.from_numpy(task.targets))
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    for _ in range(STEPS):
        with torch.no_grad():
            # As it learns: the norms' running statistics come to nothing in so few steps.
            right = network(batch[0])[0].argmax(1).numpy() == walked.labels
        if right.all():
            break
        optimizer.zero_grad()
        task.loss(network, batch).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimizer.step()
    assert right.all(), f"{int(right.sum())} of 8 after {STEPS} steps"


def test_it_is_saved_reloaded_exported_and_absent_input_is_nan(walked: Walked, weights: Path, tmp_path: Path) -> None:
    network = walked.wing.judge(walked.network()).eval()
    torch.save(network.state_dict(), tmp_path / "weights.pt")
    torch.manual_seed(99)
    again = walked.wing.judge(walked.wing.network()).eval()
    again.load_state_dict(torch.load(tmp_path / "weights.pt", weights_only=True))
    with torch.no_grad():
        expected, reloaded = (one(walked.batch(2))[0].numpy() for one in (network, again))
    np.testing.assert_array_equal(reloaded, expected)

    path = tmp_path / f"{walked.recipe.name}.onnx"
    assert export(network, {walked.wing.input_name: walked.batch(2)}, path) <= 1e-4
    judged, _ = Session(path)(walked.batch(2).numpy())
    np.testing.assert_allclose(judged, expected, atol=1e-4)

    card = Card(
        walked.recipe.name,
        walked.recipe.modality,
        walked.recipe.words,
        sha256=sha256(path),
        input=walked.wing.describe(),
    )
    path.with_suffix(".json").write_text(card.to_json(), encoding="utf-8")
    recognizer = zoo.load(path)
    made = clip(1, 1)
    absent = Clip(joints=made.joints) if walked.recipe.modality != "body" else Clip(voice=made.voice)
    probabilities = recognizer.predict_proba([absent, made])
    assert np.isnan(probabilities[0]).all() and recognizer.reasons([absent])[0]
    assert probabilities[1].sum() == pytest.approx(1), recognizer.reasons([made])
