"""`FaceRecognizer`: the words that a network reads off faces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from visavox.calibration import calibrated
from visavox.clip import Clip
from visavox.errors import ModelError
from visavox.face.crop import grey, shrink
from visavox.face.following import followed
from visavox.face.kinds import KINDS
from visavox.face.measures import is_table
from visavox.inputs import Input, Wanted, as_numbers
from visavox.recognizer import Card, Prior, Recognizer, card_of, check_prior
from visavox.session import Session

LONGEST_BATCH = 32
"""Faces that the network sees at once; more would only take memory."""

LONGEST_CLIP = 6.0
"""Seconds; of a longer clip a network of sequences judges one half of this after the other: those that it learned from
have three to five seconds."""

WINDOW = 1.0
"""Seconds of a film that are judged together where a network's input does not say how many."""


class FaceRecognizer(Recognizer):
    """Words for faces, by a network and its card.

    A clip is judged by the mean of its faces' logits. Where a clip has no faces but a source or pictures, its largest
    face is followed and cut out; whoever wants to leave out turned or blurred faces does so before (`quality.gate`).
    A network whose card names a kind of input (`visavox.face.kinds`) judges faces in a row, or their mesh: a clip of
    up to six seconds as a whole.

    Args:
        network: The ONNX file; takes faces [n, 1 or 3, size, size] in 0..1, or what the card's kind of input is
            [n, ...]; gives logits [n, k] and features [n, d].
        card: What is known about it; by default read from the JSON file beside the network. Its input is
            ``{"size": 48, "colour": "grey"}`` (or ``"rgb"``), or ``{"kind": "spread-frames", ...}``.
        prior: What is expected before anything was seen: ``uniform``, ``corpus`` (as trained) or ``life``.

    Raises:
        ModelError: If the network or its card is missing, broken, not of a face, or they do not belong together.
        OptionError: If the prior is none of the three.
    """

    modality = "face"

    def __init__(self, network: str | Path, card: Card | None = None, *, prior: Prior = "uniform") -> None:
        path = Path(network)
        self.network = network
        self.prior: Prior = prior
        self.card: Card = card_of(path, "face", card)
        check_prior(prior)
        self.classes_ = self.card.words
        self.input: Input | None = None
        if "kind" in self.card.input:
            self.input = KINDS.of_card(self.card.input, path)
        size, colour = self.card.input.get("size", 48), self.card.input.get("colour", "grey")
        if self.input is not None:
            size, colour = 1, "grey"  # it knows its own
        if not (isinstance(size, int) and size > 0) or colour not in ("grey", "rgb"):
            raise ModelError(f"{path}: its card's input ({size!r}, {colour!r}) cannot be used; train or copy it again.")
        self._size, self._grey = size, colour == "grey"
        self._session = Session(path, sha256=self.card.sha256)

    @property
    def window(self) -> float:
        """Seconds of a film that are judged together, in `visavox.analyze`."""
        return float(getattr(self.input, "seconds", WINDOW))

    def logits(self, crops: NDArray[np.uint8]) -> NDArray[np.float64]:
        """The network's raw judgement of faces, each by itself.

        A network of sequences sees each as a film that stands still.

        Args:
            crops: Upright faces as `crop.cut` frames them, of any size [shape=(n, h, w, 3)].

        Returns:
            One value a word for each face [shape=(n, k)].
        """
        return self._run(crops)[0]

    def examine(self, clip: Clip) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Logits [m, k] and features [m, d] of all examples in a clip, judged as a whole by a network of sequences.

        Raises:
            InputError: The clip has not what the network's input wants, and nothing to find it in.
        """
        assert self.input is not None
        examples = as_numbers(self.input.of(KINDS.fill(clip, self.input.wants)))
        nothing = not len(examples)
        if nothing:  # the network says how wide its outputs are
            examples = np.zeros((1, *self.input.shape), dtype=np.float32)
        parts = [
            self._session(examples[start : start + LONGEST_BATCH])[:2]
            for start in range(0, len(examples), LONGEST_BATCH)
        ]
        logits, features = (np.concatenate(kind).astype(np.float64) for kind in zip(*parts, strict=True))
        return (logits[:0], features[:0]) if nothing else (logits, features)

    def pool(self, logits: NDArray[np.float64]) -> NDArray[np.float64]:
        """One judgement from those of several faces of the same person: their mean.

        Args:
            logits: [shape=(n, k)].

        Returns:
            [shape=(k,)]; NaN where there is no face.
        """
        return np.full(len(self.classes_), np.nan) if len(logits) == 0 else np.asarray(logits.mean(axis=0))

    def predict_proba(self, clips: Sequence[Clip]) -> NDArray[np.float64]:
        """Calibrated probabilities of the words [shape=(n, k)]; NaN where `reasons` says why.

        Raises:
            InputError: If a clip's source cannot be read, or it has neither source nor arrays.
            WeightsError: If the networks that find faces were not fetched.
        """
        return self.judge(clips)[0]

    def reasons(self, clips: Sequence[Clip]) -> list[str]:
        """Why clips cannot be judged: ``no_face``; ``""`` where they can.

        Raises:
            InputError: As `predict_proba`.
            WeightsError: As `predict_proba`.
        """
        return self.judge(clips)[1]

    def judge(self, clips: Sequence[Clip]) -> tuple[NDArray[np.float64], list[str]]:
        """`predict_proba` and `reasons` at once: each clip is read only once.

        Raises:
            InputError: As `predict_proba`.
            WeightsError: As `predict_proba`.
        """
        pooled = np.full((len(clips), len(self.classes_)), np.nan)
        for row, clip in zip(pooled, clips, strict=True):
            row[:] = self.pool(self._look(clip)[0])
        probabilities = calibrated(pooled, self.card, self.prior)
        return probabilities, ["no_face" if np.isnan(row).any() else "" for row in pooled]

    def features(self, clips: Sequence[Clip]) -> NDArray[np.float32]:
        """The network's inner values, averaged over faces as logits are [shape=(n, d)]; NaN where there is no face."""
        rows = [self._look(clip)[1] for clip in clips]
        result = np.full((len(rows), rows[0].shape[1] if rows else 0), np.nan, dtype=np.float32)
        for row, values in zip(result, rows, strict=True):
            if len(values):
                row[:] = values.mean(axis=0)
        return result

    def _look(self, clip: Clip) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Logits and features of a clip's faces: those that it has, or those of the largest one in its pictures.

        Faces in pictures are judged as they come, a few at a time: a long recording takes no more memory than a short
        one.
        """
        if self.input is not None:
            return self._in_pieces(clip)
        if clip.faces is not None:
            return self._run(clip.faces)
        waiting: dict[int, list[NDArray[np.uint8]]] = {}
        judged: dict[int, list[tuple[NDArray[np.float64], NDArray[np.float64]]]] = {}
        sizes: dict[int, float] = {}
        for face, crop in followed(clip):
            sizes[face.track] = sizes.get(face.track, 0.0) + float(face.box[2] * face.box[3])
            crops = waiting.setdefault(face.track, [])
            crops.append(crop)
            if len(crops) == LONGEST_BATCH:
                judged.setdefault(face.track, []).append(self._run(np.stack(crops)))
                crops.clear()
        if not sizes:
            return self._run(np.zeros((0, 1, 1, 3), dtype=np.uint8))
        largest = max(sizes, key=sizes.__getitem__)
        parts = judged.get(largest, [])
        if waiting[largest]:
            parts.append(self._run(np.stack(waiting[largest])))
        logits, features = (np.concatenate(kind) for kind in zip(*parts, strict=True))
        return logits, features

    def _in_pieces(self, clip: Clip) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Logits and features of a clip by a network of sequences; of a long one, piece by piece as they come.

        All examples of all pieces count alike.
        """
        assert self.input is not None
        wants = self.input.wants
        given: Literal["faces", "mesh"] | None = None if clip.faces is None else "faces"
        if wants == "mesh" and clip.mesh is not None:
            given = "mesh"
        if is_table(clip) or (given is not None and _times(clip, given) is None):
            return self.examine(clip)
        waiting: dict[int, list[Look]] = {}
        judged: dict[int, list[tuple[NDArray[np.float64], NDArray[np.float64]]]] = {}
        sizes: dict[int, float] = {}
        for track, size, look in _looks(clip, wants, given):
            sizes[track] = sizes.get(track, 0.0) + size
            piece = waiting.setdefault(track, [])
            piece.append(look)
            if look.time - piece[0].time > LONGEST_CLIP:
                whole = [item for item in piece if item.time - piece[0].time < LONGEST_CLIP / 2]
                judged.setdefault(track, []).append(self.examine(clip_of(whole, wants)))
                del piece[: len(whole)]
        if not sizes:
            return self.examine(clip_of([], wants))
        largest = max(sizes, key=sizes.__getitem__)
        parts = [*judged.get(largest, []), self.examine(clip_of(waiting[largest], wants))]
        logits, features = (np.concatenate(kind) for kind in zip(*parts, strict=True))
        return logits, features

    def _run(self, crops: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Logits and features of faces, each by itself; without faces, arrays of no rows."""
        if self.input is not None:
            found = [self.examine(Clip(faces=crop[None])) for crop in crops] or [self.examine(Clip(faces=crops))]
            logits, features = (np.concatenate(kind) for kind in zip(*found, strict=True))
            return logits, features
        if not len(crops):
            blank = np.zeros((1, self._size, self._size, 3), dtype=np.uint8)
            logits, features = self._run(blank)
            return logits[:0], features[:0]
        parts = []
        for start in range(0, len(crops), LONGEST_BATCH):
            faces = shrink(crops[start : start + LONGEST_BATCH], self._size)
            planes = grey(faces)[:, None] if self._grey else np.moveaxis(faces, -1, 1)
            parts.append(self._session(np.ascontiguousarray(planes / np.float32(255)))[:2])
        logits, features = (np.concatenate(kind).astype(np.float64) for kind in zip(*parts, strict=True))
        return logits, features


class Look(NamedTuple):
    """A face in one picture, for a network of sequences: when, and its crop or its mesh."""

    time: float
    seen: NDArray[np.uint8] | NDArray[np.float32]


def clip_of(looks: Sequence[Look], wants: Wanted) -> Clip:
    """A clip of looks at one face, in the order of time; of none, a clip in which nobody is seen."""
    times = np.array([look.time for look in looks], dtype=np.float64)
    if wants == "mesh":
        mesh = np.array([look.seen for look in looks], dtype=np.float32).reshape(-1, 468, 3)
        return Clip(mesh=mesh, times=times)
    faces = np.stack([look.seen for look in looks]) if looks else np.zeros((0, 1, 1, 3))
    return Clip(faces=faces.astype(np.uint8, copy=False), times=times)


def _looks(clip: Clip, wants: Wanted, given: Literal["faces", "mesh"] | None) -> Iterator[tuple[int, float, Look]]:
    """What is seen in a clip, in the order of time: track, size, look."""
    if given is None:
        for face, crop in followed(clip):
            yield (
                face.track,
                float(face.box[2] * face.box[3]),
                Look(face.time, face.points if wants == "mesh" else crop),
            )
        return
    filled = KINDS.fill(clip, wants)
    array, times = (filled.mesh if wants == "mesh" else filled.faces), _times(filled, wants)
    assert array is not None and times is not None
    for time, seen in zip(times.tolist(), array, strict=True):
        yield 0, 1.0, Look(time, seen)


def _times(clip: Clip, name: str) -> NDArray[np.floating] | None:
    return clip.times.get(name) if isinstance(clip.times, Mapping) else clip.times
