"""The synthetic talker: a clip that visavox makes by itself, so that a first try needs no recording of anybody.

A public-domain portrait (Eileen Collins, NASA) is moved by warping its face mesh, and a formant synthesiser speaks
nonsense syllables in time with the mouth. Nobody ever said or felt what is seen and heard: file name, title, comment
and the report's notes say so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from visavox.clip import VOICE_RATE
from visavox.errors import ModelError, OutputError

if TYPE_CHECKING:
    from visavox.timeline import Timeline

NAME = "synthetic-talker.mp4"
"""File name of the clip."""

NOTE = (
    "This clip is synthetic: a still portrait (NASA, public domain) moved by a program, with a synthesised voice. "
    "Nobody said or felt what is shown."
)
"""What the clip's metadata and its report say."""

PICTURE_RATE = 25
SIDE = 384
"""Pictures a second, and pixels of their side."""

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Real = TypeVar("Real", np.float32, np.float64)


# The voice ------------------------------------------------------------------------------------------------------------

STEP = 0.005
"""Seconds between two values of the tracks that drive voice and mouth."""

VOWELS = {
    "a": ((850, 1220, 2810), 1.00, 0.0),
    "e": ((610, 2330, 2990), 0.60, 0.0),
    "i": ((310, 2790, 3310), 0.25, 0.0),
    "o": ((590, 920, 2710), 0.75, 0.9),
    "u": ((370, 950, 2670), 0.30, 1.0),
}
"""Formants in Hz, how far the jaw opens and how round the lips are (0..1).

Source: Peterson & Barney, "Control methods used in a study of the vowels", JASA 24, 1952, table II (women)."""

CONSONANTS = {
    "t": (0.06, 3500, 7500, 0.5),
    "k": (0.06, 1500, 4000, 0.5),
    "p": (0.06, 500, 2500, 0.4),
    "s": (0.11, 4500, 7800, 0.25),
    "f": (0.09, 2500, 7500, 0.12),
    "m": (0.07, 0, 0, 0.0),
}
"""Seconds, band of the noise in Hz, its level; ``m`` has none and closes the lips while the voice goes on."""

PHRASES = (
    (0.5, 190.0, "ta ma ki so fe ma te mu"),
    (3.4, 235.0, "ka fi ma to mi sa me"),
    (6.1, 300.0, "o"),
)
"""Start in seconds, mean pitch in Hz, and syllables of each phrase."""

SECONDS = 8.0
"""Length of the clip."""


@dataclass(frozen=True)
class Speech:
    """A synthesised voice and what the mouth does with it.

    Args:
        sound: [shape=(n,), float32 in -1..1] at 16 kHz.
        jaw: How far the mouth is open at each picture, 0..1 [shape=(pictures,)].
        rounding: How round the lips are at each picture, 0..1.
    """

    sound: NDArray[np.float32]
    jaw: Floats
    rounding: Floats


def speak(seed: int = 7) -> Speech:
    """Speaks nonsense in three phrases: calm, lively, and one astonished ``oh``.

    A source-filter voice: each beat of the glottis starts damped oscillations at the vowel's formants, added up at the
    pace of the pitch; consonants are bursts of band-limited noise or closed lips.

    Args:
        seed: Of the noise and of the small irregularities of the pitch.

    Source: Rodet, "Time-domain formant-wave-function synthesis", Computer Music Journal 8(3), 1984.
    """
    rng = np.random.default_rng(seed)
    ticks = round(SECONDS / STEP)
    pitch, level, jaw, rounding = (np.zeros(ticks) for _ in range(4))
    formants = np.tile(np.array([500.0, 1500.0, 2700.0]), (ticks, 1))
    noise = np.zeros(round(SECONDS * VOICE_RATE))
    for start, mean_pitch, text in PHRASES:
        syllables = text.split()
        now = start
        for index, syllable in enumerate(syllables):
            position = index / max(len(syllables) - 1, 1)
            consonant, vowel = syllable[:-1], syllable[-1]
            last = index == len(syllables) - 1
            length = 0.75 if len(syllables) == 1 else (0.30 if last else 0.17) * rng.uniform(0.9, 1.1)
            if consonant:
                seconds, low, high, loud = CONSONANTS[consonant]
                _fill(level, now, now + seconds, 0.25 if consonant == "m" else 0.0)
                _fill(pitch, now, now + seconds, mean_pitch)
                if loud:
                    _burst(noise, now + seconds * 0.4, seconds * 0.7, low, high, loud, rng)
                now += seconds
            frequencies, opening, roundness = VOWELS[vowel]
            _fill(level, now, now + length, 0.7 if last else 1.0)
            # Pitch falls through a phrase and rises on every other syllable, as stress does.
            stress = 1.12 if index % 2 == 0 else 0.96
            _fill(pitch, now, now + length, mean_pitch * stress * (1.1 - 0.25 * position))
            _fill(jaw, now, now + length, opening)
            _fill(rounding, now, now + length, roundness)
            formants[round(now / STEP) - 8 : round((now + length) / STEP)] = frequencies
            now += length
    pitch = np.where(pitch > 0, pitch, 200.0)
    if len(syllables) == 1:
        glide = slice(round(start / STEP), round(now / STEP))
        pitch[glide] *= np.linspace(1.15, 0.75, glide.stop - glide.start)
    level, pitch, jaw, rounding = (_smooth(track, 0.05) for track in (level, pitch, jaw, rounding))
    formants = np.stack([_smooth(column, 0.05) for column in formants.T], axis=1)

    sound = noise + _voiced(level, pitch, formants, rng)
    sound *= 0.5 / np.abs(sound).max()
    sound += 1e-4 * rng.standard_normal(len(sound))
    moments = np.arange(round(SECONDS * PICTURE_RATE)) / PICTURE_RATE
    clock = np.arange(ticks) * STEP
    return Speech(
        sound.astype(np.float32),
        np.interp(moments, clock, _smooth(jaw * level, 0.04)),
        np.interp(moments, clock, _smooth(rounding * level, 0.08)),
    )


def _fill(track: Floats, start: float, end: float, value: float) -> None:
    track[round(start / STEP) : round(end / STEP)] = value


def _smooth(track: Floats, seconds: float) -> Floats:
    width = 2 * round(seconds / STEP) + 1
    window = np.hanning(width + 2)[1:-1]
    padded = np.pad(track, width // 2, mode="edge")
    return np.convolve(padded, window / window.sum(), mode="valid")


def _burst(
    noise: Floats, start: float, seconds: float, low: float, high: float, loud: float, rng: np.random.Generator
) -> None:
    """Adds a burst of noise between two frequencies (Hz)."""
    length = round(seconds * VOICE_RATE)
    spectrum = np.fft.rfft(rng.standard_normal(length))
    frequency = np.fft.rfftfreq(length, 1 / VOICE_RATE)
    spectrum[(frequency < low) | (frequency > high)] = 0
    burst = np.fft.irfft(spectrum, length) * np.hanning(length)
    begin = round(start * VOICE_RATE)
    noise[begin : begin + length] += loud * burst / np.abs(burst).max()


def _voiced(level: Floats, pitch: Floats, formants: Floats, rng: np.random.Generator) -> Floats:
    """Damped oscillations at the formants, started at every beat of the pitch."""
    sound = np.zeros(round(SECONDS * VOICE_RATE))
    time = np.arange(round(0.03 * VOICE_RATE)) / VOICE_RATE
    attack = 0.5 - 0.5 * np.cos(np.pi * np.minimum(time / 0.0015, 1.0))
    damping = np.exp(-np.pi * np.array([[70.0], [100.0], [150.0], [220.0]]) * time)
    strength = np.array([[1.0], [0.55], [0.25], [0.10]])
    now = 0.0
    while now < SECONDS - 0.04:
        tick = int(now / STEP)
        if level[tick] > 0.01:
            frequencies = np.append(formants[tick], 3900.0)[:, None]
            beat = (strength * damping * np.sin(2 * np.pi * frequencies * time)).sum(axis=0) * attack
            begin = round(now * VOICE_RATE)
            sound[begin : begin + len(beat)] += level[tick] * rng.normal(1.0, 0.04) * beat
        now += rng.normal(1.0, 0.008) / pitch[tick]
    return sound


# The face -------------------------------------------------------------------------------------------------------------
# Numbers of points in MediaPipe's canonical face mesh.

OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152,
    148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
UPPER_LIDS = ((246, 161, 160, 159, 158, 157, 173), (466, 388, 387, 386, 385, 384, 398))
LOWER_LIDS = ((7, 163, 144, 145, 153, 154, 155), (249, 390, 373, 374, 380, 381, 382))
EYE_CORNERS = (33, 133, 263, 362)
BROWS = (70, 63, 105, 66, 107, 46, 53, 52, 65, 55, 300, 293, 334, 296, 336, 276, 283, 282, 295, 285)
NOSE = (168, 6, 197, 195, 5, 4, 1, 2, 98, 327, 48, 278, 64, 294)
CHEEKS = (50, 280, 205, 425, 101, 330, 187, 411, 117, 346)
UPPER_OUTER = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291)
UPPER_INNER = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
LOWER_INNER = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
LOWER_OUTER = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291)
CHIN = (18, 200, 199, 83, 313, 194, 418)


@dataclass(frozen=True)
class Pose:
    """What the face does in one picture; 0 is the resting face, the photograph itself has ``smile=1``.

    Args:
        jaw: Mouth open, 0..1.
        rounding: Lips round, 0..1.
        smile: Corners of the mouth up and out, 0..1.
        brows: Brows raised, 0..1.
        lids: Eyes closed, 0..1; slightly negative where they are wide open.
        yaw: Head turned to the picture's right, radians, small.
        pitch: Head bowed, radians, small.
        roll: Head leant to the picture's right, radians, small.
    """

    jaw: float = 0.0
    rounding: float = 0.0
    smile: float = 0.0
    brows: float = 0.0
    lids: float = 0.0
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0


def act(speech: Speech) -> list[Pose]:
    """What the face does in each picture while the voice speaks: rests, smiles, is astonished, smiles again."""
    moments = np.arange(len(speech.jaw)) / PICTURE_RATE
    smile = _keys(moments, (0, 0.05), (2.9, 0.05), (3.5, 0.85), (5.4, 0.9), (6.0, 0.15), (6.9, 0.1), (7.4, 0.9), (8, 0.95))
    brows = _keys(moments, (0, 0), (3.3, 0), (3.7, 0.35), (4.4, 0.1), (5.8, 0.1), (6.1, 1), (6.8, 1), (7.3, 0.15), (8, 0))
    lids = -0.25 * _keys(moments, (0, 0), (5.9, 0), (6.15, 1), (6.8, 1), (7.2, 0), (8, 0))
    for blink in (0.3, 2.3, 3.1, 5.0, 7.15):
        lids = lids + np.exp(-(((moments - blink) / 0.055) ** 2))
    yaw = 0.10 * np.sin(2 * np.pi * moments / 5.3) + 0.03 * np.sin(2 * np.pi * moments / 1.9)
    nod = 0.05 * np.sin(2 * np.pi * moments / 3.1 + 1) + 0.05 * _keys(moments, (0, 0), (6, 0), (6.3, -1), (7, -1), (7.5, 0), (8, 0))
    roll = 0.025 * np.sin(2 * np.pi * moments / 4.1) + 0.03 * _keys(moments, (0, 0), (3, 0), (4, 1), (5, -1), (6, 0), (8, 0.5))
    return [
        Pose(*(float(value) for value in row))
        for row in zip(speech.jaw, speech.rounding, smile, brows, np.minimum(lids, 1), yaw, nod, roll, strict=True)
    ]


def _keys(moments: Floats, *keys: tuple[float, float]) -> Floats:
    """Values at given seconds, with smooth ways between them."""
    times, values = (np.array(column, dtype=float) for column in zip(*keys, strict=True))
    place = np.clip(np.searchsorted(times, moments, side="right") - 1, 0, len(times) - 2)
    share = np.clip((moments - times[place]) / (times[place + 1] - times[place]), 0, 1)
    share = share * share * (3 - 2 * share)
    result: Floats = values[place] * (1 - share) + values[place + 1] * share
    return result


class Portrait:
    """A portrait that can be posed.

    Two smooth fields move the picture, one that knows the upper lip and one that knows the lower, so that the lips can
    part; between them the inside of the mouth is painted.

    Args:
        pixels: The portrait, whose mouth must show its upper teeth [shape=(h, w, 3), uint8].
        points: Its face mesh [shape=(468, 3)], in pixels.
        side: Pixels of the square pictures it gives.
    """

    def __init__(self, pixels: NDArray[np.uint8], points: NDArray[np.floating], *, side: int = SIDE) -> None:
        points = np.asarray(points, dtype=np.float64)
        centre, self.unit = points[:, :2].mean(axis=0), float(np.linalg.norm(points[263, :2] - points[33, :2]))
        extent = min(3.7 * self.unit, *pixels.shape[:2])
        corner = np.clip(centre - (0.5 * extent, 0.49 * extent), 0, np.array(pixels.shape[1::-1]) - extent)
        self.side = side
        left, top = np.floor(corner).astype(int)
        crop = np.ascontiguousarray(pixels[top : top + int(extent), left : left + int(extent)])
        # Sampling from an enlarged copy keeps the picture sharp under bilinear interpolation.
        self._source = _enlarge(crop, 2 * side).astype(np.float32)
        scale = side / len(crop)
        self.points = (points - (left, top, 0)) * scale
        self.unit *= scale
        # The mesh draws the lower lip's edge a little below where the teeth end.
        self.points[list(LOWER_INNER[1:-1]), :2] += 0.18 * (
            self.points[list(UPPER_INNER[1:-1]), :2] - self.points[list(LOWER_INNER[1:-1]), :2]
        )
        shared = [*OVAL, *sum(UPPER_LIDS + LOWER_LIDS, ()), *EYE_CORNERS, *BROWS, *NOSE, *CHEEKS]
        self._upper = [*shared, *UPPER_OUTER, *UPPER_INNER]
        self._lower = [*shared, *CHIN, *LOWER_OUTER, *LOWER_INNER]
        middle = self.points[[10, 152], :2].mean(axis=0)
        self._hair = middle + 1.62 * (self.points[[103, 54, 21, 10, 338, 297, 332, 284, 251, 67], :2] - middle)
        edge = np.linspace(0, side, 7)
        frame = [(x, y) for x in edge for y in edge if x in (0, side) or y in (0, side)]
        chin = self.points[152, :2]
        collar = [chin + (x * self.unit, 0.62 * self.unit) for x in np.linspace(-1.3, 1.3, 7)]
        self._still = np.array([*frame, *collar])

    def show(self, pose: Pose) -> NDArray[np.uint8]:
        """The portrait in a pose [shape=(side, side, 3)]."""
        target = self._turn(self._express(pose), pose)
        hair = self._turn(np.column_stack([self._hair, np.zeros(len(self._hair))]), replace(pose, pitch=0.4 * pose.pitch))
        first, last = int(target[1, 1]), int(target[152, 1])
        upper = self._field(target, hair, self._upper)
        lower = self._field(target, hair, self._lower, first)

        # Above the line between the lips the upper field moves the picture, below it the lower one.
        rows = np.arange(first, self.side, dtype=np.float32)[:, None]
        across = np.arange(self.side, dtype=np.float32)
        top = np.interp(across, *target[list(UPPER_INNER)].T)
        bottom = np.maximum(np.interp(across, *target[list(LOWER_INNER)].T), top)
        outside = np.maximum(np.maximum(target[78, 0] - across, across - target[308, 0]), 0.0)
        reach = (rows - (top + bottom) / 2) / (0.6 + 0.5 * outside)
        below = (1 / (1 + np.exp(-np.clip(reach, -20, 20)))).astype(np.float32)[..., None]
        # The two fields differ but little away from the lips: there a mean of the two is sampled, once.
        blend = upper.copy()
        blend[first:] += below * (lower - upper[first:])
        picture = self._sample(blend)
        lips = last - first
        sides = self._sample(upper[first:last]), self._sample(lower[:lips])
        picture[first:last] = sides[0] + below[:lips] * (sides[1] - sides[0])
        return np.clip(np.rint(self._mouth(picture, upper, top, bottom)), 0, 255).astype(np.uint8)

    def _express(self, pose: Pose) -> Floats:
        """The mesh with this expression, before the head moves [shape=(468, 3)]."""
        points, unit = self.points.copy(), self.unit
        move = np.zeros((468, 2))
        relax = 1 - pose.smile
        corners = {61: 1, 78: 1, 291: -1, 308: -1}
        for corner, inwards in corners.items():
            move[corner] += inwards * unit * (0.055 * relax + 0.075 * pose.rounding + 0.02 * pose.jaw), 0.062 * unit * relax
        left, right = points[78, :2] + move[78], points[308, :2] + move[308]
        for index in range(1, 10):
            # -1 at the left corner of the mouth, 1 at the right one.
            place = index / 5 - 1
            arch = 1 - abs(place) ** 2.2
            rest = left + (right - left) * index / 10 + (0.0, 0.004 * unit * arch)
            shut_upper, shut_lower = rest - points[UPPER_INNER[index], :2], rest - points[LOWER_INNER[index], :2]
            parted = 0.22 * pose.jaw * unit * arch
            lift = -(0.05 * pose.jaw * (1 - pose.smile) + 0.02 * pose.rounding) * unit * arch
            move[UPPER_INNER[index]] = relax * shut_upper + (0, lift)
            move[LOWER_INNER[index]] = (relax + 0.35 * pose.smile) * shut_lower * (1 - 0.2 * pose.smile) + (0, parted)
            full = 0.018 * unit * arch * (relax + pose.rounding)
            move[UPPER_OUTER[index]] = move[UPPER_INNER[index]] * (1, 0.9) + (0, -full)
            move[LOWER_OUTER[index]] = move[LOWER_INNER[index]] * (1, 0.9) + (0, full)
        chin = 0.18 * pose.jaw * unit
        lips_lower = move[17, 1]
        for point in CHIN:
            move[point, 1] += 0.5 * lips_lower * (points[152, 1] > points[point, 1]) * 0.5 + 0.5 * chin
        for point in OVAL:
            drop = np.clip((points[point, 1] - points[13, 1]) / (points[152, 1] - points[13, 1]), 0, 1)
            move[point] += (points[152, 0] - points[point, 0]) * 0.04 * relax * drop, chin * drop**1.3
        cheek = 0.05 * unit * relax
        for point in CHEEKS:
            move[point, 1] += cheek * 0.6
        for point in BROWS:
            move[point, 1] -= 0.10 * unit * pose.brows
        move[10, 1] -= 0.02 * unit * pose.brows
        for upper_lid, lower_lid in zip(UPPER_LIDS, LOWER_LIDS, strict=True):
            for above, under in zip(upper_lid, lower_lid, strict=True):
                gap = points[under, :2] - points[above, :2]
                move[above] += 0.72 * pose.lids * gap
                move[under] -= 0.12 * max(pose.lids, 0.0) * gap - (0, 0.02 * unit * relax)
        points[:, :2] += move
        return points

    def _turn(self, points: Floats, pose: Pose) -> Floats:
        """Points after the head's small turn about the neck [shape=(n, 2)]."""
        neck = self.points[152, :2] + (0, 0.3 * self.unit)
        flat = points[:, :2] - neck
        flat = flat + np.sin([pose.yaw, pose.pitch]) * (0.35 * self.unit - points[:, 2:])
        cosine, sine = np.cos(pose.roll), np.sin(pose.roll)
        return flat @ np.array([[cosine, sine], [-sine, cosine]]) + neck

    def _field(self, target: Floats, hair: Floats, use: Sequence[int], first: int = 0) -> Singles:
        """Where each pixel from a first row on comes from, in pixels of the output [shape=(side - first, side, 2)].

        Multiquadric interpolation of the displacements, solved at the targets and evaluated on a coarse grid.
        """
        ends = np.concatenate([target[use], hair, self._still])
        moves = np.concatenate([self.points[use, :2], self._hair, self._still]) - ends
        weights = np.linalg.solve(_distance(ends, ends) + 1e-3 * np.eye(len(ends)), moves)
        down, across = (np.arange(begin, self.side + 3, 3, dtype=np.float32) for begin in (first, 0))
        places = np.stack(np.meshgrid(across, down), axis=-1).reshape(-1, 2)
        coarse = _distance(places, ends.astype(np.float32)) @ weights.astype(np.float32)
        coarse = coarse.reshape(len(down), len(across), 2)
        x = np.arange(self.side, dtype=np.float32)
        low, share = (x / 3).astype(np.intp), (x / 3 % 1)[:, None]
        rows = self.side - first
        by_row = coarse[low[:rows]] + share[:rows, None] * (coarse[low[:rows] + 1] - coarse[low[:rows]])
        result: Singles = by_row[:, low] + share * (by_row[:, low + 1] - by_row[:, low])
        result += np.stack(np.meshgrid(x, x[first:]), axis=-1)
        return result

    def _sample(self, field: Singles) -> Singles:
        """The portrait at the places of a field, bilinear."""
        width = len(self._source)
        place = np.clip(field * 2 + 0.5, 0, width - 1.001)
        whole = place.astype(np.int32)
        right, down = np.moveaxis(place - whole, -1, 0)[..., None]
        flat, index = self._source.reshape(-1, 3), whole[..., 1] * width + whole[..., 0]
        above = flat[index] + right * (flat[index + 1] - flat[index])
        index += width
        below = flat[index] + right * (flat[index + 1] - flat[index])
        result: Singles = above + down * (below - above)
        return result

    def _mouth(self, picture: Singles, upper: Singles, top: Floats, bottom: Floats) -> Singles:
        """Paints what parted lips show: the photograph's upper teeth, and the dark behind them with a hint of tongue."""
        first, last = max(int(top.min()) - 1, 0), int(bottom.max()) + 2
        picture, whole, upper = picture[first:last], picture, upper[first:last]
        rows = np.arange(first, first + len(picture), dtype=np.float64)[:, None]
        height = np.maximum(bottom - top, 1e-6)
        inside = np.clip(rows - top + 0.5, 0, 1) * np.clip(bottom - rows + 0.5, 0, 1) * np.clip(height / 3, 0, 1)
        depth = np.clip((rows - top) / height, 0, 1)[..., None]
        tongue = np.clip((depth - 0.55) / 0.45, 0, 1) * np.clip(height / 20, 0, 1)[:, None]
        cavity = (1 - tongue) * np.array([48.0, 18.0, 18.0]) + tongue * np.array([128.0, 58.0, 58.0])
        mesh_top = np.interp(upper[..., 0], *self.points[list(UPPER_INNER), :2].T)
        mesh_end = np.interp(upper[..., 0], *self.points[list(LOWER_INNER), :2].T)
        teeth = np.clip((mesh_end - 1.0 - upper[..., 1]) / 2.0, 0, 1) * (mesh_end > mesh_top + 1)
        shown = self._sample(upper) * (1 - 0.25 * np.clip(height / 25, 0, 1)[:, None])
        mouth = shown * teeth[..., None] + cavity * (1 - teeth[..., None])
        whole[first:last] += inside[..., None] * (mouth - picture)
        return whole


def _distance(a: NDArray[Real], b: NDArray[Real]) -> NDArray[Real]:
    """Rounded distances between points [shape=(len(a), len(b))], in pixels: the kernel of the interpolation."""
    square = a @ (-2 * b.T)
    square += (a**2).sum(axis=1)[:, None]
    square += (b**2).sum(axis=1) + 4.0
    return np.sqrt(np.maximum(square, 0.0, out=square), out=square)


def _enlarge(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    import av

    frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
    return np.asarray(frame.reformat(width=side, height=side, interpolation="LANCZOS").to_ndarray(), dtype=np.uint8)


# The clip -------------------------------------------------------------------------------------------------------------


def pictures(speech: Speech) -> Iterator[NDArray[np.uint8]]:
    """The talker's pictures, 25 a second [shape=(384, 384, 3)].

    Raises:
        WeightsError: If the portrait or the face networks were not fetched.
        ModelError: If no face is found in the portrait.
    """
    import av

    from visavox import weights
    from visavox.face.detector import FaceDetector
    from visavox.face.mesh import FaceMesh, around_detection

    path = weights.path("astronaut.png")
    with av.open(str(path)) as container:
        pixels = np.asarray(next(container.decode(video=0)).to_ndarray(format="rgb24"), dtype=np.uint8)
    found = FaceDetector()(pixels)
    if not found:
        raise ModelError(f"{path}: no face was found in the portrait; get the weights again with `visavox models fetch`.")
    mesh = FaceMesh()(pixels, around_detection(found[0]))
    portrait = Portrait(pixels, mesh.points)
    for pose in act(speech):
        yield portrait.show(pose)


def make(path: str | Path) -> Path:
    """Makes the talking clip: 8 seconds of H.264 video and AAC sound in an MP4 file.

    Args:
        path: The file, or a folder in which it is called `NAME`.

    Raises:
        OutputError: If the file cannot be written.
        WeightsError: If the portrait or the face networks were not fetched.
    """
    import av

    path = Path(path)
    path = path / NAME if path.is_dir() else path
    speech = speak()
    try:
        with av.open(str(path), "w", format="mp4") as container:
            container.metadata.update(title="Synthetic talker (visavox demo)", comment=NOTE)
            video = container.add_stream("libx264", rate=PICTURE_RATE, options={"crf": "18", "preset": "fast", "threads": "1"})
            video.width = video.height = SIDE
            video.pix_fmt = "yuv420p"
            audio = container.add_stream("aac", rate=VOICE_RATE, layout="mono")
            for index, pixels in enumerate(pictures(speech)):
                frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
                frame.pts, frame.time_base = index, Fraction(1, PICTURE_RATE)
                container.mux(video.encode(frame))
            container.mux(video.encode(None))
            for begin in range(0, len(speech.sound), 1024):
                block = av.AudioFrame.from_ndarray(speech.sound[None, begin : begin + 1024], "fltp", "mono")
                block.sample_rate, block.pts, block.time_base = VOICE_RATE, begin, Fraction(1, VOICE_RATE)
                container.mux(audio.encode(block))
            container.mux(audio.encode(None))
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror or error}).") from error
    return path
