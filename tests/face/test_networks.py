"""The face network: what it does not mind, how faces are varied, and what its task counts."""

from pathlib import Path

import numpy as np
import pytest

from visavox.clip import Clip
from visavox.datasets import Sample
from visavox.errors import OptionError

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from visavox.face import networks  # noqa: E402
from visavox.face.networks import FaceAugmentation, FaceJudge, FaceNetwork, Faces, FaceTask, FaceWing  # noqa: E402

STILL = FaceAugmentation(
    mirror=0, rotation=0, scale=0, stretch=0, shift=0, gamma=0, shading=0, noise=0, blur=0, erase=0, mixup=0
)


@pytest.fixture
def network() -> FaceNetwork:
    torch.manual_seed(0)
    return FaceNetwork(words=7, votes=10, widths=(16, 16, 32), depths=(1, 1, 1)).eval()


@pytest.fixture
def pictures():
    """Smooth random pictures [4, 1, 48, 48] in 0.2-0.8."""
    torch.manual_seed(1)
    coarse = torch.rand(4, 1, 6, 6)
    return 0.2 + 0.6 * torch.nn.functional.interpolate(coarse, size=(48, 48), mode="bilinear")


def test_shapes_of_what_it_gives(network: FaceNetwork, pictures) -> None:
    words, votes = network(pictures)
    assert words.shape == (4, 7)
    assert votes.shape == (4, 10)
    logits, features = FaceJudge(network)(pictures)
    assert logits.shape == (4, 7)
    assert features.shape == (4, 32)
    assert FaceNetwork(words=3, widths=(16,), depths=(1,))(pictures)[1] is None


def test_lighting_and_mirrors_change_nothing_in_use(network: FaceNetwork, pictures) -> None:
    judge = FaceJudge(network)
    with torch.no_grad():
        logits, _ = judge(pictures)
        darker, _ = judge(pictures * 0.7 + 0.05)
        mirrored, _ = judge(pictures.flip(3))
    torch.testing.assert_close(darker, logits, atol=0.02, rtol=0.02)
    torch.testing.assert_close(mirrored, logits, atol=1e-4, rtol=1e-4)


def test_an_even_grey_is_no_disaster(network: FaceNetwork) -> None:
    logits, _ = FaceJudge(network)(torch.full((1, 1, 48, 48), 0.5))
    assert torch.isfinite(logits).all()


def test_logits_are_the_mean_over_the_face_and_its_mirror_image(network: FaceNetwork, pictures) -> None:
    with torch.no_grad():
        one, _ = network(pictures)
        other, _ = network(pictures.flip(3))
        both, _ = FaceJudge(network)(pictures)
    torch.testing.assert_close(both, (one + other) / 2)


def test_several_networks_are_averaged(network: FaceNetwork, pictures) -> None:
    torch.manual_seed(5)
    other = FaceNetwork(words=7, votes=10, widths=(16, 16, 32), depths=(1, 1, 1)).eval()
    with torch.no_grad():
        both, features = FaceJudge(network, other)(pictures)
        alone = [FaceJudge(one)(pictures)[0] for one in (network, other)]
    torch.testing.assert_close(both, (alone[0] + alone[1]) / 2)
    assert features.shape == (4, 64)


def draw(seed: int = 3):
    return torch.Generator().manual_seed(seed)


def test_with_every_part_turned_off_a_face_stays_as_it_is(pictures) -> None:
    torch.testing.assert_close(networks.augment(pictures, STILL, draw()), pictures, atol=1e-5, rtol=1e-5)


def test_each_part_does_what_it_says(pictures) -> None:
    def only(**parts):
        return networks.augment(pictures, FaceAugmentation(**{**vars(STILL), **parts}), draw())

    torch.testing.assert_close(only(mirror=1), pictures.flip(3), atol=1e-5, rtol=1e-5)
    assert ((only(shift=3.0) - pictures).abs().amax(dim=(1, 2, 3)) > 1e-3).all()
    erased = (only(erase=1.0, erase_size=16) - pictures).abs() > 1e-4
    assert erased.sum(dim=(1, 2, 3)).min() >= 4
    assert erased.sum(dim=(1, 2, 3)).max() <= 16 * 16
    assert (only(noise=0.05) - pictures).std() < 0.05
    shaded = only(shading=0.2) - pictures
    assert shaded.abs().max() < 0.4
    assert shaded.abs().amax(dim=(1, 2, 3)).min() > 1e-3


def test_chance_comes_from_the_generator_alone(pictures) -> None:
    first = networks.augment(pictures, FaceAugmentation(), draw(5))
    torch.manual_seed(99)
    assert torch.equal(networks.augment(pictures, FaceAugmentation(), draw(5)), first)
    assert not torch.equal(networks.augment(pictures, FaceAugmentation(), draw(6)), first)
    assert first.min() >= 0
    assert first.max() <= 1


def faces(count: int) -> Faces:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (count, 48, 48), dtype=np.uint8)
    return Faces(images, np.arange(count) % 7, rng.integers(0, 5, (count, 10)).astype(np.float32))


def test_a_batch_holds_smoothed_words_and_votes_that_sum_to_one() -> None:
    task = FaceTask(faces(70), faces(7), words=7, batch=32, augmentation=FaceAugmentation(mixup_chance=1.0))
    batches = list(task.batches(np.random.default_rng(1)))
    assert len(batches) == task.steps == 2
    for batch in batches:
        assert batch.faces.shape == (32, 1, 48, 48)
        torch.testing.assert_close(batch.targets.sum(dim=1), torch.ones(32))
        torch.testing.assert_close(batch.votes.sum(dim=1), torch.ones(32))
        assert batch.targets.min() >= 0.05 / 7 - 1e-6
    np.testing.assert_allclose(task.frequencies, np.full(7, 1 / 7))


def test_a_face_without_votes_weighs_nothing_in_their_loss(network: FaceNetwork) -> None:
    some = faces(16)
    without = FaceTask(some._replace(votes=None), faces(7), words=7, batch=16, augmentation=STILL)
    zero = FaceTask(some._replace(votes=0 * some.votes), faces(7), words=7, batch=16, augmentation=STILL)
    with torch.no_grad():
        losses = [float(t.loss(network, next(t.batches(np.random.default_rng(2))))) for t in (without, zero)]
    assert losses[0] == pytest.approx(losses[1])


def test_the_score_is_the_accuracy_of_the_form_that_is_used(network: FaceNetwork) -> None:
    held_out = faces(21)
    task = FaceTask(faces(16), held_out, words=7, batch=16, augmentation=STILL)
    with torch.no_grad():
        logits, _ = FaceJudge(network)(torch.from_numpy(held_out.images)[:, None] / 255.0)
        scores = task.validate(network)
    assert scores["score"] == pytest.approx(float((logits.argmax(1).numpy() == held_out.labels).mean()))
    assert 0 <= scores["uar"] <= 1


def test_a_key_that_no_face_recipe_knows_is_an_error() -> None:
    tables = {"network": {}, "input": {}, "augmentation": {}, "loss": {}}
    for table in tables:
        with pytest.raises(OptionError, match=f"Bad value 'depht' for a key of {table}"):
            FaceWing(words=("happy", "sad"), **{**tables, table: {"depht": 3}})
    with pytest.raises(OptionError, match=r"'transformer' for network.kind: expected one of residual"):
        FaceWing(words=("happy", "sad"), **{**tables, "network": {"kind": "transformer"}})


def test_there_is_a_depth_for_each_width() -> None:
    with pytest.raises(OptionError, match=r"Bad value \[1, 2\] for network.depths: expected 3, one for each width"):
        FaceNetwork(words=3, widths=(8, 8, 8), depths=(1, 2))


def test_without_anybody_to_validate_on_the_score_is_no_number(network: FaceNetwork, tmp_path: Path) -> None:
    wing = FaceWing(words=("happy", "sad"), network={"votes": 10}, input={}, augmentation={}, loss={})
    face = np.zeros((1, 48, 48, 3), dtype=np.uint8)
    learnt = [Sample(clip=Clip(faces=face), emotion="sad", corpus="made", votes={str(k): 1 for k in range(10)})]
    task = wing.task(learnt, [], batch=4, folder=tmp_path)
    assert np.isnan(task.validate(network)["score"]) and task.steps == 1
