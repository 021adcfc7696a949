"""The words: what visavox calls emotions, how others spell them, and maps between the two.

Seven words make the shipped vocabulary, in the order of :data:`WORDS`. A corpus may have more (calm, contempt,
boredom): a model trained on it alone keeps its own words, and :func:`project` carries its probabilities over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from visavox.errors import OptionError

WORDS: tuple[str, ...] = ("neutral", "happy", "sad", "angry", "fearful", "disgusted", "surprised")
"""The vocabulary of the shipped models and of every timeline they make."""

EXTRA_WORDS: tuple[str, ...] = ("calm", "contemptuous", "bored")
"""Words that some corpora have beside the seven."""

SPELLINGS: Mapping[str, str] = MappingProxyType(
    {
        **{word: word for word in WORDS + EXTRA_WORDS},
        **dict.fromkeys(("neutrality", "none", "neu", "ne", "n"), "neutral"),
        **dict.fromkeys(("happiness", "joy", "joyful", "hap", "ha", "h"), "happy"),
        **dict.fromkeys(("sadness", "unhappy", "sa"), "sad"),
        **dict.fromkeys(("anger", "ang", "an", "a"), "angry"),
        **dict.fromkeys(("fear", "afraid", "anxiety", "anxious", "fea", "fe", "f"), "fearful"),
        **dict.fromkeys(("disgust", "dis", "di", "d"), "disgusted"),
        **dict.fromkeys(("surprise", "pleasant_surprise", "ps", "sur", "su"), "surprised"),
        **dict.fromkeys(("calmness",), "calm"),
        **dict.fromkeys(("contempt",), "contemptuous"),
        **dict.fromkeys(("boredom",), "bored"),
    }
)
"""Any corpus's or tool's spelling (lower case) and the word we use for it. Letters that two corpora use for different
words (``s``: sad in CREMA-D's votes, in others surprise) are left to the corpus's own map."""

CODES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "ravdess": dict(
            zip(
                ("01", "02", "03", "04", "05", "06", "07", "08"),
                ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgusted", "surprised"),
                strict=True,
            )
        ),
        "crema-d": {
            "NEU": "neutral",
            "HAP": "happy",
            "SAD": "sad",
            "ANG": "angry",
            "FEA": "fearful",
            "DIS": "disgusted",
        },
        "crema-d-votes": {
            "N": "neutral",
            "H": "happy",
            "S": "sad",
            "A": "angry",
            "F": "fearful",
            "D": "disgusted",
        },
        "emo-db": {
            "N": "neutral",
            "F": "happy",
            "T": "sad",
            "W": "angry",
            "A": "fearful",
            "E": "disgusted",
            "L": "bored",
        },
        "fer2013": dict(
            zip(
                ("0", "1", "2", "3", "4", "5", "6"),
                ("angry", "disgusted", "fearful", "happy", "sad", "surprised", "neutral"),
                strict=True,
            )
        ),
    }
)
"""What the codes in a corpus's file names or tables mean."""

FOLDED: Mapping[str, str] = MappingProxyType({"calm": "neutral"})
"""Words that count as another one in a vocabulary that lacks them; all others without a place are lost."""

COLOURS: Mapping[str, str] = MappingProxyType(
    {
        "neutral": "#9aa3ad",
        "happy": "#f2b134",
        "sad": "#4a7fb5",
        "angry": "#d1495b",
        "fearful": "#7d5ba6",
        "disgusted": "#5f9e5a",
        "surprised": "#ef8354",
        "calm": "#8ecae6",
        "contemptuous": "#8d6e63",
        "bored": "#c2b8a3",
    }
)
"""One colour a word, told apart by most colour-blind readers too when the word stands beside it."""

VALENCE_AROUSAL: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "neutral": (0.0, 0.0),
        "happy": (0.81, 0.51),
        "sad": (-0.63, -0.27),
        "angry": (-0.51, 0.59),
        "fearful": (-0.64, 0.60),
        "disgusted": (-0.60, 0.35),
        "surprised": (0.40, 0.67),
        "bored": (-0.65, -0.62),
    }
)
"""Valence and arousal of a word, each in -1..1.

Source: Russell & Mehrabian, "Evidence for a three-factor theory of emotions", Journal of Research in Personality 11,
1977, table of mean ratings (happy, sad, angry, fearful, disgusted, surprised, bored); neutral is the origin by
definition. Words without a published place are absent.
"""


LIFE_PRIOR: Mapping[str, float] = MappingProxyType(
    {
        "neutral": 0.55,
        "happy": 0.17,
        "sad": 0.08,
        "angry": 0.07,
        "fearful": 0.04,
        "disgusted": 0.04,
        "surprised": 0.05,
    }
)
"""How often each word is right in a recording of ordinary life, as far as a rule of thumb can say: mostly neutral, then
happy. A working assumption of ours, not a measurement; it is printed with every result that uses it."""

LIFE_STRENGTH = 0.5
"""Power to which these shares are taken where "life" is the prior of a result; 1 would take them at their word.

How often people are neutral is known badly, and who cuts out a clip cuts out one in which something happens. This is
the largest power, in steps of a tenth, that costs emotional faces less than two points: those of FER2013's validation
part of whose word seven of ten raters are sure, seen six times (``visavox reproduce natural`` prints the choice).
"""


def life_prior(words: Sequence[str]) -> NDArray[np.float64]:
    """How often words are right in life, :data:`LIFE_PRIOR`, summing to one [shape=(len(words),)].

    Calm gets half of neutral's share. What a result under the prior "life" expects is `expected_in_life` of this.

    Example:
        >>> life_prior(["neutral", "sad", "angry"]).round(3)
        array([0.786, 0.114, 0.1  ])
    """
    shares = {**LIFE_PRIOR, "calm": LIFE_PRIOR["neutral"] / 2, "bored": 0.04, "contemptuous": 0.02}
    values = np.array([shares[name] for name in words], dtype=np.float64)
    result: NDArray[np.float64] = values / values.sum()
    return result


def expected_in_life(shares: ArrayLike) -> NDArray[np.float64]:
    """The prior "life" wherever one is named: how often words are right, as far as it is believed.

    Args:
        shares: How often each word is right in life [shape=(k,)]: `life_prior`, or what a card says of it.

    Returns:
        The shares to the power :data:`LIFE_STRENGTH`, summing to one [shape=(k,)].

    Example:
        >>> expected_in_life([0.64, 0.32, 0.04]).round(2)
        array([0.51, 0.36, 0.13])
    """
    values = np.asarray(shares, dtype=np.float64) ** LIFE_STRENGTH
    result: NDArray[np.float64] = values / values.sum()
    return result


def word(spelling: str, corpus: str | None = None) -> str:
    """The word we use for somebody's spelling of an emotion.

    Args:
        spelling: A word, abbreviation or code, any case.
        corpus: Name of a corpus in :data:`CODES` whose own codes come first.

    Raises:
        OptionError: If the spelling is known nowhere.

    Example:
        >>> word("Anger"), word("02", "ravdess")
        ('angry', 'calm')
    """
    if corpus is not None and spelling in CODES.get(corpus, {}):
        return CODES[corpus][spelling]
    found = SPELLINGS.get(spelling.strip().lower())
    if found is None:
        raise OptionError.one_of("emotion", spelling, WORDS + EXTRA_WORDS)
    return found


def project(
    probabilities: NDArray[np.floating], known: Sequence[str], wanted: Sequence[str] = WORDS
) -> NDArray[np.float64]:
    """Probabilities over one vocabulary as probabilities over another.

    A word in both keeps its probability, a folded one (calm) is added to the word it counts as, a word that only the
    wanted vocabulary has gets 0, and what has no place is taken out and the rest made to sum to one again. Rows of NaN
    stay NaN, and so does a row whose whole probability has no place.

    Args:
        probabilities: Rows that sum to one [shape=(..., len(known))].
        known: The words of the columns.
        wanted: The words of the result's columns.

    Returns:
        Probabilities [shape=(..., len(wanted))].

    Example:
        >>> project(np.array([[0.25, 0.5, 0.25]]), ["neutral", "calm", "bored"], ["neutral", "happy"])
        array([[1., 0.]])
    """
    wanted = tuple(wanted)
    values = np.asarray(probabilities, dtype=np.float64)
    result = np.zeros((*values.shape[:-1], len(wanted)))
    for column, name in enumerate(known):
        place = name if name in wanted else FOLDED.get(name, name)
        if place in wanted:
            result[..., wanted.index(place)] += values[..., column]
    total = result.sum(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        result = np.where(total > 0, result / total, np.nan)
    result[np.isnan(values).any(axis=-1)] = np.nan
    return result
