"""`FaceRecognizer`: the words that a network reads off faces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from visavox.calibration import calibrated
from visavox.clip import Clip
from visavox.errors import InputError, ModelError
from visavox.face.crop import cut, grey, shrink
from visavox.media import Picture, open_recording
from visavox.recognizer import Card, Prior, Recognizer, check_prior
from visavox.session import Session

if TYPE_CHECKING:
    from visavox.face.tracking import TrackedFace

LOOK_EVERY = 0.1
"""Seconds between two looks at a recording, when a clip comes as one."""

LONGEST_BATCH = 32
"""Faces that the network sees at once; more would only take memory."""


class FaceRecognizer(Recognizer):
    """Words for faces, by a network and its card.

    A clip is judged by the mean of its faces' logits. Where a clip has no faces but a source or pictures, its largest
    face is followed and cut out; whoever wants to leave out turned or blurred faces does so before (`quality.gate`).

    Args:
        network: The ONNX file; takes faces [n, 1 or 3, size, size] in 0..1, gives logits [n, k] and features [n, d].
        card: What is known about it; by default read from the JSON file beside the network. Its input is
            ``{"size": 48, "colour": "grey"}`` (or ``"rgb"``).
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
        self.card: Card = card if card is not None else Card.read(path.with_suffix(".json"))
        if self.card.modality != "face":
            raise ModelError(f"{path}: its card says {self.card.modality}, not face; load it as what it is.")
        check_prior(prior)
        self.classes_ = self.card.words
        size, colour = self.card.input.get("size", 48), self.card.input.get("colour", "grey")
        if not (isinstance(size, int) and size > 0) or colour not in ("grey", "rgb"):
            raise ModelError(f"{path}: its card's input ({size!r}, {colour!r}) cannot be used; train or copy it again.")
        self._size, self._grey = size, colour == "grey"
        self._session = Session(path, sha256=self.card.sha256)

    def logits(self, crops: NDArray[np.uint8]) -> NDArray[np.float64]:
        """The network's raw judgement of faces, each by itself.

        Args:
            crops: Upright faces as `crop.cut` frames them, of any size [shape=(n, h, w, 3)].

        Returns:
            One value a word for each face [shape=(n, k)].
        """
        return self._run(crops)[0]

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
        if clip.faces is not None:
            return self._run(clip.faces)
        waiting: dict[int, list[NDArray[np.uint8]]] = {}
        judged: dict[int, list[tuple[NDArray[np.float64], NDArray[np.float64]]]] = {}
        sizes: dict[int, float] = {}
        for face, crop in _followed(clip):
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

    def _run(self, crops: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Logits and features of faces; without faces, arrays of no rows."""
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


def _followed(clip: Clip) -> Iterator[tuple[TrackedFace, NDArray[np.uint8]]]:
    """The faces that are followed in a clip's pictures, each with its crop."""
    from visavox.face.tracking import FaceTracker

    tracker: FaceTracker | None = None
    for picture in _pictures(clip):
        tracker = tracker or FaceTracker()
        for face in tracker.update(picture.time, picture.pixels):
            yield face, cut(picture.pixels, face.points)


def _pictures(clip: Clip) -> Iterator[Picture]:
    """The pictures of a clip, from its array or its source; none where it has other modalities alone."""
    if clip.pictures is not None:
        times = clip.times.get("pictures") if isinstance(clip.times, Mapping) else clip.times
        for index, pixels in enumerate(clip.pictures):
            yield Picture(index * LOOK_EVERY if times is None else float(times[index]), pixels)
    elif clip.source is not None:
        with open_recording(clip.source, clip.start, clip.end) as recording:
            if recording.has_pictures:
                for item in recording.read(LOOK_EVERY, sound=False):
                    if isinstance(item, Picture):
                        yield item
    elif all(array is None for array in (clip.voice, clip.mesh, clip.joints)):
        raise InputError(f"{clip.name or 'clip'}: it has neither faces nor a source to read them from.")
