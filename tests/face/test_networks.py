"""The face network: what it does not mind, how faces are varied, and what its task counts."""

from pathlib import Path

import numpy as np
import pytest

from visavox.clip import Clip
from visavox.datasets import Sample
from visavox.errors import OptionError

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from visavox.face.augmentation import FaceAugmentation, augment  # noqa: E402
from visavox.face.networks.residual import FaceJudge, FaceNetwork  # noqa: E402
from visavox.face.wing import Faces, FaceTask, FaceWing  # noqa: E402

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
    torch.testing.assert_close(augment(pictures, STILL, draw()), pictures, atol=1e-5, rtol=1e-5)


def test_each_part_does_what_it_says(pictures) -> None:
    def only(**parts):
        return augment(pictures, FaceAugmentation(**{**vars(STILL), **parts}), draw())

    torch.testing.assert_close(only(mirror=1), pictures.flip(3), atol=1e-5, rtol=1e-5)
    assert ((only(shift=3.0) - pictures).abs().amax(dim=(1, 2, 3)) > 1e-3).all()
    erased = (only(erase=1.0, erase_size=16) - pictures).abs() > 1e-4
    assert erased.sum(dim=(1, 2, 3)).min() >= 4
    assert erased.sum(dim=(1, 2, 3)).max() <= 16 * 16
    assert (only(noise=0.05) - pictures).std() < 0.05
    shaded = only(shading=0.2) - pictures
    assert shaded.abs().max() < 0.4
    assert shaded.abs().amax(dim=(1, 2, 3)).min() > 1e-3


def only(pictures, seed: int = 3, **parts: float):
    """Pictures varied in just these ways."""
    return augment(pictures, FaceAugmentation(**{**vars(STILL), **parts}), draw(seed))


def test_a_turn_moves_the_nose_and_not_the_rim() -> None:
    ramp = torch.linspace(0.2, 0.8, 48).expand(6, 1, 48, 48)
    moved = (only(ramp, turn=3.0) - ramp)[:, 0] * 47 / 0.6  # in pixels
    middle = moved[:, 23:25, 23:25].mean(dim=(1, 2))
    assert (middle.abs() > 0.1).all() and (middle.abs() <= 3.0).all()
    assert middle.min() < 0 < middle.max(), "to either side"
    # The depth falls with the square of the distance: by half at the middle of an edge, to nothing in the corners.
    torch.testing.assert_close(moved[:, 0, 23:25].mean(dim=1), middle / 2, atol=0.1, rtol=0.1)
    assert moved[:, [0, 0, -1, -1], [0, -1, 0, -1]].abs().max() < 0.1


def test_motion_draws_a_point_out_along_a_line() -> None:
    point = torch.full((4, 1, 48, 48), 0.1)
    point[:, :, 20, 30] = 0.9
    directions = set()
    for seed in range(24):
        seen = only(point, seed, motion=1.0) - 0.1
        torch.testing.assert_close(seen.sum(dim=(1, 2, 3)), torch.full((4,), 0.8))
        rows, columns = torch.nonzero(seen.amax(dim=(0, 1)) > 1e-4).T.numpy() - np.array([[20], [30]])
        assert len(rows) == 7 and max(abs(rows).max(), abs(columns).max()) == 3
        assert (rows == 0).all() or (columns == 0).all() or (rows == columns).all() or (rows == -columns).all()
        directions.add((int(rows[-1]), int(columns[-1])))
    assert len(directions) == 4


def test_coarse_faces_lose_their_detail_and_keep_their_shape(pictures) -> None:
    fine = (0.5 + 0.2 * (-1.0) ** (torch.arange(48)[:, None] + torch.arange(48)[None, :])).expand(4, 1, 48, 48)
    assert (only(fine, coarse=1.0).std(dim=(1, 2, 3)) < 0.5 * fine.std(dim=(1, 2, 3))).all()
    assert (only(pictures, coarse=1.0) - pictures).abs().max() < 0.1


def test_compression_rounds_cosine_coefficients_of_blocks(pictures) -> None:
    """SciPy's cosine transform finds them: on some grid, multiples of a step that grows with the frequency."""
    dctn = pytest.importorskip("scipy.fft").dctn
    coarser = 1 + np.add.outer(np.arange(8), np.arange(8)) / 4

    def rounded(block: np.ndarray) -> bool:
        parts = (dctn(block, norm="ortho") / coarser).ravel()
        least = np.abs(parts)[np.abs(parts) > 5e-3].min()
        steps = [least / count for count in range(1, 6) if least / count > 0.029]
        return any(np.abs(parts / step - np.round(parts / step)).max() < 0.05 for step in steps)

    seen = only(pictures, compression=1.0)
    for face, plain in zip(seen.double().numpy()[:, 0], pictures.double().numpy()[:, 0], strict=True):
        grids = [(top, left) for top in range(8) for left in range(8)]
        assert any(rounded(face[16 + t : 24 + t, 16 + x : 24 + x]) for t, x in grids)
        assert not any(rounded(plain[16 + t : 24 + t, 16 + x : 24 + x]) for t, x in grids)
        assert 1e-3 < np.abs(face - plain).max() < 0.25


def test_compression_leaves_an_even_face_as_it_is() -> None:
    flat = torch.tensor([0.2, 0.5, 0.77]).view(3, 1, 1, 1).expand(3, 1, 48, 48)
    seen = only(flat, compression=1.0)
    # The mean of a block is an eighth of its first coefficient, which is rounded to at most 0.15.
    assert (seen - flat).abs().max() <= 0.15 / 16 + 1e-5
    assert seen.std(dim=(1, 2, 3)).max() < 1e-5


@pytest.mark.parametrize("part", ["motion", "coarse", "compression"])
def test_a_chance_leaves_the_other_faces_alone(part: str) -> None:
    torch.manual_seed(1)
    many = 0.2 + 0.6 * torch.rand(200, 1, 48, 48)
    still = only(many)
    seen = only(many, **{part: 0.25})
    changed = ((seen - still).abs().amax(dim=(1, 2, 3)) > 1e-3).float().mean()
    assert 0.15 < changed < 0.35
    assert torch.equal(seen, only(many, **{part: 0.25}))
    assert not torch.equal(seen, only(many, 4, **{part: 0.25}))
    assert torch.equal(only(many, **{part: 0.0}), still)


def test_a_turn_is_drawn_by_the_generator_alone(pictures) -> None:
    assert torch.equal(only(pictures, turn=2.0), only(pictures, turn=2.0))
    assert not torch.equal(only(pictures, turn=2.0), only(pictures, 4, turn=2.0))


def test_chance_comes_from_the_generator_alone(pictures) -> None:
    first = augment(pictures, FaceAugmentation(), draw(5))
    torch.manual_seed(99)
    assert torch.equal(augment(pictures, FaceAugmentation(), draw(5)), first)
    assert not torch.equal(augment(pictures, FaceAugmentation(), draw(6)), first)
    assert first.min() >= 0
    assert first.max() <= 1


def faces(count: int) -> Faces:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (count, 48, 48), dtype=np.uint8)
    return Faces(images, np.arange(count) % 7, rng.integers(0, 5, (count, 10)).astype(np.float32))


def test_a_batch_holds_smoothed_words_and_votes_that_sum_to_one() -> None:
    task = FaceTask(faces(70), faces(7), words=7, batch=32, augmentation=FaceAugmentation(mixup_chance=1.0))
    batches = list(task.batches(np.random.default_rng(1), 0.0))
    assert len(batches) == task.steps == 2
    for batch in batches:
        assert batch.faces.shape == (32, 1, 48, 48)
        torch.testing.assert_close(batch.targets.sum(dim=1), torch.ones(32))
        torch.testing.assert_close(batch.votes.sum(dim=1), torch.ones(32))
        assert batch.targets.min() >= 0.05 / 7 - 1e-6
    np.testing.assert_allclose(task.frequencies, np.full(7, 1 / 7))


def test_faces_are_small_at_first_and_grow() -> None:
    task = FaceTask(faces(8), faces(7), words=7, batch=4, augmentation=STILL, smallest=24)
    sizes = [task.size(epoch / 60) for epoch in range(61)]
    assert (sizes[0], sizes[21], sizes[40], sizes[60]) == (24, 40, 48, 48)  # after 21 of 40: 36.6, nearest of 8
    assert sizes == sorted(sizes) and set(sizes) == {24, 32, 40, 48}
    for done, size in ((0.0, 24), (0.2, 32), (1.0, 48)):
        assert next(task.batches(np.random.default_rng(1), done)).faces.shape == (4, 1, size, size)
    always = FaceTask(faces(8), faces(7), words=7, batch=4, augmentation=STILL)
    assert {always.size(done) for done in (0.0, 0.5, 1.0)} == {48}


@pytest.mark.parametrize("size", [24, 32, 40, 48])
def test_the_network_takes_faces_as_they_grow(size: int) -> None:
    torch.manual_seed(0)
    network = FaceNetwork(words=7, votes=10).eval()
    flat = torch.nn.functional.interpolate(torch.rand(2, 1, 6, 6), size=(size, size), mode="bilinear")
    words, votes = network(flat)
    assert words.shape == (2, 7) and votes.shape == (2, 10)
    assert torch.isfinite(words).all() and (words[0] != words[1]).any()


def test_a_face_without_votes_weighs_nothing_in_their_loss(network: FaceNetwork) -> None:
    some = faces(16)
    without = FaceTask(some._replace(votes=None), faces(7), words=7, batch=16, augmentation=STILL)
    zero = FaceTask(some._replace(votes=0 * some.votes), faces(7), words=7, batch=16, augmentation=STILL)
    with torch.no_grad():
        losses = [float(t.loss(network, next(t.batches(np.random.default_rng(2), 0.0)))) for t in (without, zero)]
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
