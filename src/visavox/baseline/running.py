"""A person's own neutral, learned from one recording without labels.

Faces at rest differ: one looks sad, another stern, and a network that never met them says so all day. What a person
shows most of the time is their neutral, so what a source says of them is moved until their neutral looks like most
people's. The move has hardly any weight in a few seconds, where a held expression and a face at rest are the same
thing, and gains it with the seconds that look neutral.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from visavox.baseline.by_person import KINDS, Kind
from visavox.calibration import softmax
from visavox.emotions import life_prior
from visavox.errors import OptionError

Floats = NDArray[np.float64]

REST = 1.5
"""Nats by which a word lies below neutral when most people are neutral.

Source: rounded from the median over words for the neutral faces of FER2013's validation part (1.8) and for the neutral
voices of CREMA-D's validation speakers (1.6), under a uniform prior.
"""

HALF = {"self": 60.0, "enrolment": 3.0}
"""Seconds of neutral at which a baseline has half its weight: many where nobody said what is neutral, few where
somebody did.

In sessions made of validation voices and faces, neutral in seven clips of ten, 20 s name 80 % of the words right, 60 s
78-79 %, 180 s 76 % (``visavox reproduce natural``). 60 s keep an expression that is held: at 20 s, one of middling
strength would be somebody's neutral before half a minute is over.
"""

MEMORY = 600.0
"""Seconds after which, and before which, what a person shows counts for a baseline by 1/e: light, camera and mood
change."""

ROUNDS = 12
"""How often neutral moments and the baseline are found from each other; they stand still long before."""

SMALLEST = 1e-6
"""Probabilities are kept above this before their logarithm is taken."""


@dataclass(frozen=True)
class Adapted:
    """What a source says of one person, compared with that person's own neutral.

    Args:
        probabilities: Under a uniform prior [shape=(n, k)]; NaN where nothing was judged.
        evidence: Seconds of the person's neutral behind each row's baseline [shape=(n,)].
        weight: How much of the way it was moved, 0..1 [shape=(n,)].
    """

    probabilities: Floats
    evidence: Floats
    weight: Floats


def adapt(
    probabilities: ArrayLike,
    times: ArrayLike,
    seconds: ArrayLike,
    words: Sequence[str],
    *,
    kind: Kind = "self",
    neutral: tuple[float, float] | None = None,
    half: float | None = None,
) -> Adapted:
    """Judges what one source says of one person against that person's own neutral.

    The baseline is an offset of the log-probabilities against neutral: what they are on average in the person's neutral
    moments, less what they are for most people (`REST`). It is taken out by the weight n / (n + `HALF`), n being the
    seconds of neutral, near ones counting more (`MEMORY`). With ``self`` how neutral a moment is, is its probability
    of neutral under the prior of life, found anew after each move; so a resting face that looks a little sad becomes
    neutral within a minute, and a broad smile stays one, since it is hardly ever taken for neutral. With ``enrolment``
    the neutral moments are those that were named, and they count alike however far away.

    Args:
        probabilities: Under a uniform prior [shape=(n, k)]; NaN where nothing was judged.
        times: Middle of each row in seconds, rising [shape=(n,)].
        seconds: How long each row is [shape=(n,)].
        words: Of the columns; without ``neutral`` among them nothing is done.
        kind: ``none``, ``self`` or ``enrolment``.
        neutral: For ``enrolment``: when the person is neutral, from (in seconds) to.
        half: Seconds of neutral at which the baseline has half its weight; by default as `HALF` says for the kind.

    Raises:
        OptionError: If the kind is unknown, or ``enrolment`` names no stretch.

    Source: the shrinkage is that of a normal mean with a normal prior; soft labels and offset in turn are expectation
    and maximisation. What a neutral face looks like, and the half-lives, are ours.

    Example:
        >>> looks = np.tile([0.3, 0.6, 0.1], (240, 1))  # two minutes of a resting face that looks a little sad
        >>> found = adapt(looks, np.arange(240) / 2, np.full(240, 0.5), ["neutral", "sad", "happy"])
        >>> bool(found.probabilities[120].argmax() == 0 and found.weight[120] > 0.5)
        True
        >>> found = adapt(looks[:6], np.arange(6) / 2, np.full(6, 0.5), ["neutral", "sad", "happy"])
        >>> bool(found.probabilities[3].argmax() == 1 and found.weight[3] < 0.05)
        True
    """
    if kind not in KINDS:
        raise OptionError.one_of("baseline", kind, KINDS)
    if kind == "enrolment" and neutral is None:
        raise OptionError("Baseline enrolment needs the stretch in which the person is neutral: neutral=(start, end).")
    values = np.asarray(probabilities, dtype=np.float64)
    nothing = np.zeros(len(values))
    judged = ~np.isnan(values).any(axis=1)
    if kind == "none" or "neutral" not in words or not judged.any():
        return Adapted(values, nothing, nothing)
    place = list(words).index("neutral")
    logs = np.log(np.clip(values[judged], SMALLEST, None))
    against = logs - logs[:, [place]]
    rest = np.full(len(words), -REST)
    rest[place] = 0.0
    half = HALF[kind] if half is None else half
    clock = np.asarray(times, dtype=np.float64)
    lasts = np.asarray(seconds, dtype=np.float64)[judged]
    if kind == "enrolment":
        assert neutral is not None
        shares = ((clock[judged] >= neutral[0]) & (clock[judged] < neutral[1])).astype(np.float64)
        gathered = np.full(len(shares), float(shares @ lasts))
        total = (shares * lasts) @ (against - rest)
        weight, offset = _shrunk(gathered, np.tile(total, (len(shares), 1)), half)
    else:
        expected = np.log(life_prior(words))
        offset = np.zeros_like(against)
        for _ in range(ROUNDS):
            shares = softmax(against - offset + expected)[:, place]
            amounts = np.column_stack([shares * lasts, (shares * lasts)[:, None] * (against - rest)])
            summed = _around(amounts, clock[judged])
            gathered = summed[:, 0]
            weight, offset = _shrunk(gathered, summed[:, 1:], half)
    result = np.full_like(values, np.nan)
    result[judged] = softmax(against - offset)
    evidence, moved = nothing.copy(), nothing.copy()
    evidence[judged], moved[judged] = gathered, weight
    return Adapted(result, evidence, moved)


def _shrunk(gathered: Floats, total: Floats, half: float) -> tuple[Floats, Floats]:
    """Weight of a mean with so much evidence, and that mean times its weight."""
    weight = gathered / (gathered + half)
    return weight, total / (gathered + half)[:, None]


def _around(amounts: Floats, times: Floats) -> Floats:
    """Sums over all rows, those at another time counting exp(-distance / MEMORY): one pass forth and one back."""
    kept = np.exp(-np.diff(times) / MEMORY)
    summed = np.array(amounts)
    back = np.array(amounts)
    for row in range(1, len(amounts)):
        summed[row] += kept[row - 1] * summed[row - 1]
    for row in range(len(amounts) - 2, -1, -1):
        back[row] += kept[row] * back[row + 1]
    result: Floats = summed + back - amounts
    return result
