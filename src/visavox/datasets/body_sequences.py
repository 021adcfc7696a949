"""Three small collections of acted motion, one file of joints in three dimensions: `body_sequences.npz`.

Its 18 joints are mapped to those of BODY_25 that they share: neck and middle of the hips as OpenPose has them (the
middle of the shoulders, of the hips), and the head joint in the place of both ears, between which it lies. Eyes, nose,
heels and small toes are unknown. What a clip shows is one camera's view (`visavox.joints.motion`).

Each collection comes in two kinds: its sequences whole, and (`-windows`) as an analysis sees them, in windows of three
seconds at most, each seen by four cameras: rows that are many, but no more people or performances than before.

The origins name styles, not emotions alone: 64 of the 146 sequences have a word (normal and regular are neutral,
depressed is sad); the others (old, proud, tired, fast …) have none and are no samples.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visavox import emotions
from visavox.datasets import About, Kind, Sample
from visavox.datasets.recordings import nothing
from visavox.errors import DataError
from visavox.joints.body25 import JOINTS
from visavox.joints.motion import MotionClip, moving

FILE = "body_sequences.npz"
"""All three collections."""

OTHER = "other"
"""What the file says of styles that are none of our words."""

WINDOW = 3.0
"""Seconds of a window, at most."""

VIEWS = 4
"""Cameras that see each window."""

PLACES: Mapping[int, tuple[str, ...]] = {
    1: ("l_shoulder", "r_shoulder"),
    2: ("r_shoulder",),
    3: ("r_elbow",),
    4: ("r_wrist",),
    5: ("l_shoulder",),
    6: ("l_elbow",),
    7: ("l_wrist",),
    8: ("l_hip", "r_hip"),
    9: ("r_hip",),
    10: ("r_knee",),
    11: ("r_ankle",),
    12: ("l_hip",),
    13: ("l_knee",),
    14: ("l_ankle",),
    17: ("head",),
    18: ("head",),
    19: ("l_toe",),
    22: ("r_toe",),
}
"""Of each joint of BODY_25 that the file knows, the joints whose middle it is."""


def samples(folder: Path, origin: str) -> list[Sample]:
    """The sequences of one origin that show a word, in the file's order.

    Args:
        folder: with `body_sequences.npz`.
        origin: as the file names it.

    Returns:
        Samples whose `statement` is what is done ("walk", "bow"), each a take of its own. The speaker is None where the
        origin does not say who it is.

    Raises:
        DataError: the file is missing, or not as expected.
    """
    path = folder / FILE
    if not path.is_file():
        raise nothing(folder, "sequences of joints", FILE)
    found = []
    name, words = _CORPORA[origin], ("id", "source", "actor", "action", "emotion", "fps", "joints", "start", "xyz")
    with np.load(path, allow_pickle=False) as file:
        missing = [word for word in words if word not in file]
        if missing:
            raise DataError(f"{path}: it holds no {missing[0]!r}; copy it again")
        table = {word: file[word] for word in words}
    places = _places([str(joint) for joint in table["joints"]], path)
    for row in np.flatnonzero((table["source"] == origin) & (table["emotion"] != OTHER)):
        first, last = (int(table["start"][row + end]) for end in (0, 1))
        who = str(table["actor"][row])
        speaker = None if who == "unknown" else f"{name}-{who.rpartition('_')[2]}"
        key = str(table["id"][row]).partition("/")[2]
        times = np.arange(last - first) / float(table["fps"][row])
        found.append(
            Sample(
                clip=moving(_body(table["xyz"][first:last], places), times, f"{name}-{key}", person=speaker),
                emotion=emotions.word(str(table["emotion"][row])),
                corpus=name,
                speaker=speaker,
                statement=str(table["action"][row]),
                take=f"{name}-{key}",
                modality="body",
            )
        )
    return found


def windows(folder: Path, origin: str) -> list[Sample]:
    """What `samples` gives, cut into windows of equal length, each seen by several cameras: a sample each.

    Raises:
        DataError: as `samples`.
    """
    found = []
    for sample in samples(folder, origin):
        whole = sample.clip
        assert isinstance(whole, MotionClip)
        times = np.asarray(whole.times)
        step = float(times[1] - times[0]) if len(times) > 1 else 0.0
        count = max(1, int(np.ceil(round((times[-1] + step) / WINDOW, 6))))
        for part, rows in enumerate(np.array_split(np.arange(len(times)), count), start=1):
            for view in range(1, VIEWS + 1):
                name = f"{whole.name}-{part}-{view}"
                clip = moving(whole.motion[rows], times[rows] - times[rows[0]], name, person=whole.person)
                found.append(dataclasses.replace(sample, clip=clip, corpus=f"{sample.corpus}-windows"))
    return found


def _windowed(whole: About) -> About:
    """What is known of a collection in windows."""
    note = "; windows of a sequence, and four views of each, are one performance"
    return dataclasses.replace(
        whole, name=f"{whole.name}-windows", title=f"{whole.title}, in windows", people_note=whole.people_note + note
    )


def _places(joints: list[str], path: Path) -> dict[int, list[int]]:
    """Of each joint of BODY_25, the columns of the file."""
    for name in {name for names in PLACES.values() for name in names}:
        if name not in joints:
            raise DataError(f"{path}: it has no joint {name!r}; copy it again")
    return {place: [joints.index(name) for name in names] for place, names in PLACES.items()}


def _body(xyz: NDArray[np.float32], places: Mapping[int, list[int]]) -> NDArray[np.float32]:
    """Joints in the order of BODY_25 [t, 25, 3]."""
    result = np.full((len(xyz), JOINTS, 3), np.nan, dtype=np.float32)
    for place, columns in places.items():
        result[:, place] = xyz[:, columns].mean(axis=1)
    return result


_CORPORA = {"bandai1": "bandai-namco", "aalto": "aalto-motion", "xia": "xia-motion"}

BANDAI_NAMCO = Kind(
    ABOUT=About(
        name="bandai-namco",
        title="Bandai-Namco-Research-Motiondataset 1 (part)",
        modality="body",
        licence="CC BY-NC 4.0: non-commercial use only",
        credit="(c) 2022 Bandai Namco Research Inc.; Kobayashi, Liao, Inoue, Yojima, Takahashi: Motion Capture Dataset "
        "for Practical Use of AI-based Motion Editing and Stylization, arXiv 2306.08861, 2023; joints mapped, metres, "
        "re-centred",
        people_note="three actors, but files do not say which: they cannot be kept apart, actions can",
        url="https://github.com/BandaiNamcoResearchInc/Bandai-Namco-Research-Motiondataset",
        access="local",
        asking="mapped from files of its page into body_sequences.npz, which is offered nowhere",
    ),
    samples=functools.partial(samples, origin="bandai1"),
)
"""47 sequences of 12 actions with a word: everyday motions of three actors who are not told apart."""

AALTO = Kind(
    ABOUT=About(
        name="aalto-motion",
        title="Aalto University's walks of a virtual actor (part)",
        modality="body",
        licence="none stated for the motion: for research, else clear it yourself",
        credit="Forger, Honkela, Takala: Impact of Varying Vocabularies on Controlling Motion of a Virtual Actor, "
        "Intelligent Virtual Agents, 2013",
        people_note="two actors who walk, limp and run",
        url="https://github.com/sergioisidoro/MultimodalTranslation",
        access="local",
        asking="mapped from files of its page into body_sequences.npz, which is offered nowhere",
    ),
    samples=functools.partial(samples, origin="aalto"),
)
"""12 sequences of two actors with a word: walks, angry, sad and neutral."""

XIA = Kind(
    ABOUT=About(
        name="xia-motion",
        title="Xia et al.'s styles of motion (part)",
        modality="body",
        licence="none stated for the motion: for research, else clear it yourself",
        credit="Xia, Wang, Chai, Hodgins: Realtime style transfer for unlabeled heterogeneous human motion, "
        "ACM Transactions on Graphics 34(4), 2015",
        people_note="five sequences with a word, too few to say how good anything is",
        url="https://github.com/DeepMotionEditing/deep-motion-editing",
        access="local",
        asking="mapped from files of its page into body_sequences.npz, which is offered nowhere",
    ),
    samples=functools.partial(samples, origin="xia"),
)
"""Five sequences with a word."""

BANDAI_NAMCO_WINDOWS, AALTO_WINDOWS, XIA_WINDOWS = (
    Kind(ABOUT=_windowed(kind.ABOUT), samples=functools.partial(windows, origin=origin))
    for kind, origin in ((BANDAI_NAMCO, "bandai1"), (AALTO, "aalto"), (XIA, "xia"))
)
"""The three as an analysis sees them."""
