"""What published systems make of faces: pictures of one shape, or what a frozen network makes of them, in numpy alone.

All choose pictures by their time. A clip without times is taken as filmed at the rate that its corpus has (`rate`),
picture after picture. Recordings are looked at ten times a second (`visavox.face.following`), in training and in use
alike: where a report had more pictures a second than that, the nearest of these stand for them.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from visavox.clip import Clip
from visavox.face.crop import grey, shrink
from visavox.face.sampling import RATE, Colour, check, every_so_often, nearest, resized, times_of, trimmed
from visavox.inputs import Wanted
from visavox.session import Session, sha256

BACKBONE = Path(__file__).resolve().parents[1] / "models" / "face.onnx"
"""The shipped face network."""

BACKBONE_SIZE = 48
"""Height and width of the grey faces that it sees."""


@functools.lru_cache(maxsize=1)
def sum_of_backbone() -> str:
    """SHA-256 of the shipped face network's file."""
    return sha256(BACKBONE)


@dataclass(frozen=True, kw_only=True)
class KeyFrames:
    """A fixed number of key frames of a face: every so many pictures one, the middle of longer clips.

    Args:
        frames: how many.
        every: pictures from one key frame to the next, at `rate`.
        rate: pictures a second by which `every` is counted.
        height: of a face, in pixels.
        width: of a face, in pixels.
        colour: "rgb", or "grey": three equal colours, whatever a film has.

    Source: "Fusion of deep learning features with mixture of brain emotional learning for audio-visual emotion
        recognition", 2024: every 8th picture (in words it says 8 ms; its code counts pictures), 12 of 100 x 96, by the
        rule of `trimmed`. The report cuts faces where a detector is sure of them (0.9); ours are cut by their mesh.
    """

    wants: ClassVar[Wanted] = "faces"
    frames: int = 12
    every: int = 8
    rate: float = RATE
    height: int = 100
    width: int = 96
    colour: Colour = "rgb"

    def __post_init__(self) -> None:
        check(self, "frames", "every", "rate", "height", "width")

    @property
    def shape(self) -> tuple[int, ...]:
        """[frames, height, width, 3]."""
        return self.frames, self.height, self.width, 3

    @property
    def seconds(self) -> float:
        """How long a stretch the key frames span."""
        return self.frames * self.every / self.rate

    def of(self, clip: Clip) -> NDArray[np.generic]:
        """The key frames of a clip, uint8 [1, frames, height, width, 3]; none of a clip without a face."""
        times = times_of(clip, "faces", self.rate)
        if clip.faces is None or not len(times):
            return np.zeros((0, *self.shape), dtype=np.uint8)
        keys = trimmed(every_so_often(times, self.every / self.rate), self.frames)
        return resized(clip.faces, keys, (self.height, self.width), self.colour)[None]


@dataclass(frozen=True, kw_only=True)
class SpreadFrames:
    """Pictures of a face, spread evenly over a clip from its first to its last.

    Args:
        frames: how many.
        size: height and width in pixels.
        colour: "rgb", or "grey": three equal colours, whatever a film has.
        seconds: of a film that are judged as one in use: about as long as the clips that a network learns from.

    Source: "Audio-Visual Emotion Recognition System", Benha University, 2022: 30 of 64 x 64 x 3 in 0..1.
    """

    wants: ClassVar[Wanted] = "faces"
    frames: int = 30
    size: int = 64
    colour: Colour = "rgb"
    seconds: float = 4.0

    def __post_init__(self) -> None:
        check(self, "frames", "size", "seconds")

    @property
    def shape(self) -> tuple[int, ...]:
        """[frames, size, size, 3]."""
        return self.frames, self.size, self.size, 3

    def of(self, clip: Clip) -> NDArray[np.generic]:
        """The pictures of a clip, uint8 [1, frames, size, size, 3]; none of a clip without a face."""
        times = times_of(clip, "faces", RATE)
        if clip.faces is None or not len(times):
            return np.zeros((0, *self.shape), dtype=np.uint8)
        chosen = nearest(times, np.linspace(times[0], times[-1], self.frames))
        return resized(clip.faces, chosen, (self.size, self.size), self.colour)[None]


@dataclass(frozen=True, kw_only=True)
class Frames:
    """Single pictures of a face, each an example of its own.

    Args:
        every: pictures from one that is taken to the next, at `rate`.
        rate: pictures a second by which `every` is counted.
        size: height and width in pixels.
        colour: "rgb", or "grey": three equal colours, whatever a film has.
        seconds: of a film whose pictures are judged together in use.

    Source: "Learning facial expression and body gesture visual information for video emotion recognition", 2024: every
        third picture, 224 x 224.
    """

    wants: ClassVar[Wanted] = "faces"
    every: int = 3
    rate: float = RATE
    size: int = 224
    colour: Colour = "rgb"
    seconds: float = 1.0

    def __post_init__(self) -> None:
        check(self, "every", "rate", "size", "seconds")

    @property
    def shape(self) -> tuple[int, ...]:
        """[size, size, 3]."""
        return self.size, self.size, 3

    def of(self, clip: Clip) -> NDArray[np.generic]:
        """The pictures of a clip, uint8 [m, size, size, 3]; none of a clip without a face."""
        times = times_of(clip, "faces", self.rate)
        if clip.faces is None or not len(times):
            return np.zeros((0, *self.shape), dtype=np.uint8)
        chosen = every_so_often(times, self.every / self.rate)
        return resized(clip.faces, chosen, (self.size, self.size), self.colour)


@dataclass(frozen=True, kw_only=True)
class BackboneFeatures:
    """What the shipped face network makes of the pictures of a clip's first seconds: its inner values.

    Args:
        frames: how many pictures.
        rate: of them a second; a shorter clip's last picture is repeated.
        backbone: SHA-256 of the network's file, which belongs to what was learned from its values.

    Source: lecture 27 of "Affective Computing", IIIT Delhi: 120 pictures, 4 s at 30 a second, through VGG16 with face
        weights, which are at no public place in a form that we could use: the shipped face network is the frozen
        backbone instead. It never saw RAVDESS, on which the lecture's rows are judged. The lecture's next layers, a
        norm and 21 units a picture, belong to what is learned (`visavox.face.networks.frame_features`).
    """

    wants: ClassVar[Wanted] = "faces"
    frames: int = 120
    rate: float = 30.0
    backbone: str = field(default_factory=sum_of_backbone)

    def __post_init__(self) -> None:
        check(self, "frames", "rate")

    @property
    def shape(self) -> tuple[int, ...]:
        """[frames, values of the backbone]."""
        return self.frames, _width(self.backbone)

    @property
    def seconds(self) -> float:
        """How long a stretch is looked at."""
        return self.frames / self.rate

    def of(self, clip: Clip) -> NDArray[np.generic]:
        """The inner values of a clip's pictures, float32 [1, frames, d]; none of a clip without a face."""
        times = times_of(clip, "faces", self.rate)
        if clip.faces is None or not len(times):
            return np.zeros((0, *self.shape), dtype=np.float32)
        chosen = nearest(times, times[0] + np.arange(self.frames) / self.rate)
        seen, places = np.unique(chosen, return_inverse=True)
        session = _backbone(self.backbone)
        planes = grey(shrink(clip.faces[seen], BACKBONE_SIZE))[:, None] / np.float32(255)
        values = np.concatenate([session(part)[1] for part in np.array_split(planes, -(-len(planes) // 32))])
        return values[places][None].astype(np.float32)


@functools.lru_cache(maxsize=2)
def _backbone(digest: str) -> Session:
    return Session(BACKBONE, sha256=digest)


@functools.lru_cache(maxsize=2)
def _width(digest: str) -> int:
    blank = np.zeros((1, 1, BACKBONE_SIZE, BACKBONE_SIZE), dtype=np.float32)
    return int(_backbone(digest)(blank)[1].shape[1])
