"""The protocols by name. They are frozen: a name gives the same folds for ever, on every machine."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from visavox.errors import DataError, OptionError
from visavox.protocols.folds import Fold, Indices, Maker, Protocol, Row, belongs, number_of, row_name
from visavox.protocols.makers import (
    by_key,
    by_numbers,
    by_part,
    by_rank,
    by_statement,
    dealt,
    of_speakers,
    shuffled,
)

SIX = ("angry", "calm", "fearful", "happy", "neutral", "sad")
"""The words of the reports that judge RAVDESS's speech, and song, on six words."""

WORDS_OF: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "ravdess": ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgusted", "surprised"),
        "savee": ("neutral", "happy", "sad", "angry", "fearful", "disgusted", "surprised"),
        "enterface": ("happy", "sad", "angry", "fearful", "disgusted", "surprised"),
        "rml": ("happy", "sad", "angry", "fearful", "disgusted", "surprised"),
        "crema-d": ("neutral", "happy", "sad", "angry", "fearful", "disgusted"),
        "emo-db": ("neutral", "happy", "sad", "angry", "fearful", "disgusted", "bored"),
        "fer2013": ("neutral", "happy", "sad", "angry", "fearful", "disgusted", "surprised"),
        "raf-db": ("neutral", "happy", "sad", "angry", "fearful", "disgusted", "surprised"),
        "ckplus": ("happy", "sad", "angry", "fearful", "disgusted", "surprised", "contemptuous"),
        "aff-wild2": ("neutral", "happy", "sad", "angry", "fearful", "disgusted", "surprised"),
        "mead-samples": ("happy", "sad", "fearful", "disgusted", "surprised", "contemptuous"),
        "nemo": ("neutral", "happy", "sad", "angry", "fearful", "surprised"),
        "tess": ("neutral", "happy", "sad", "angry", "fearful", "disgusted", "surprised"),
        "urdu": ("neutral", "happy", "sad", "angry"),
        "bred": ("neutral", "happy", "sad", "angry", "fearful", "disgusted", "surprised"),
        "bandai-namco": ("neutral", "happy", "sad", "angry"),
        "aalto-motion": ("neutral", "sad", "angry"),
    }
)
"""The words of each corpus, by its name in `visavox.datasets`."""

LUNA5 = ((2, 5, 14, 15, 16), (3, 6, 7, 13, 18), (10, 11, 12, 19, 20), (8, 17, 21, 23, 24), (1, 4, 9, 22))
"""RAVDESS's actors by the fold that judges them."""

ACTOR6 = tuple(tuple(range(first, first + 4)) for first in range(1, 25, 4))
"""RAVDESS's actors four by four: two women and two men in each fold, since women have even numbers."""

REPORT_SEEDS = (42, 27, 31, 948088, 271617)
"""Seeds with which the report "Audio-Visual Emotion Recognition System" (Benha University, 2022) shuffled its clips."""

FIVE = tuple(word for word in SIX if word != "calm")
"""Those of them that SAVEE has, and that both actors have whose faces are at hand."""

CKPLUS_FOLDS = 10
CREMA_D_FOLDS = 5

TWINS = ("blank", "exact", "near", "near_mirrored")
"""Defects for which an image of FER2013 is not learned from: nothing on it, or a twin among those that judge."""


def across(train: Sequence[str], test: str) -> Protocol:
    """Learn from corpora, judge another one, on the words that they share.

    Args:
        train: names of the corpora that are learned from.
        test: name of the one that is judged.

    Raises:
        OptionError: a name is unknown, the same corpus is on both sides, or they share fewer than two words.
    """
    known = {name: _words(name) for name in (*train, test)}
    if test in train:
        raise OptionError(f"{'+'.join(train)}>{test}: {test} cannot be learned from and judged; name another corpus.")
    learned = {word for name in train for word in known[name]}
    words = tuple(word for word in known[test] if word in learned)
    if len(words) < 2:
        raise OptionError(f"{'+'.join(train)}>{test}: they share fewer than two words ({', '.join(words) or 'none'}).")

    def make(name: str, rows: Sequence[Row], inside: Indices) -> list[Fold]:
        for index in inside:
            if not getattr(rows[index], "corpus", None):
                raise DataError(f"{name}: {row_name(rows, int(index))} does not say of which corpus it is.")
        sides = {corpus: np.array([belongs(rows[i], corpus) for i in inside], dtype=bool) for corpus in (*train, test)}
        for corpus, here in sides.items():
            if not here.any():
                raise DataError(f"{name}: no clip of {corpus} is among the {len(inside)} rows; load that corpus too.")
        learned = np.any([sides[corpus] for corpus in train], axis=0)
        return [Fold(test, inside[learned & ~sides[test]], inside[sides[test]])]

    name = f"{'+'.join(train)}>{test}"
    return Protocol(
        name=name,
        corpora=(*train, test),
        words=words,
        make=make,
        about=f"learn from {' and '.join(train)}, judge all of {test}, on the words they share",
        speakers_apart=False,
        trained_on=tuple(train),
    )


def base(corpus: str) -> str:
    """The corpus of which a corpus is a kind, with the same people; itself for others.

    Example:
        >>> base("ravdess-video"), base("mine")
        ('ravdess', 'mine')
    """
    kinds = sorted(WORDS_OF, key=len, reverse=True)
    return next((name for name in kinds if corpus == name or corpus.startswith(f"{name}-")), corpus)


def _words(corpus: str) -> tuple[str, ...]:
    """The words of a corpus, or of the corpus of which it is a kind ("ravdess-video")."""
    if base(corpus) not in WORDS_OF:
        raise OptionError.one_of("corpus of a protocol", corpus, WORDS_OF)
    return WORDS_OF[base(corpus)]


def _loso(name: str, corpus: str, source: str = "") -> Protocol:
    return Protocol(
        name=name,
        corpora=(corpus,),
        words=WORDS_OF[corpus],
        make=by_key(str),
        about=f"each speaker of {corpus} is judged by who learned from all the others",
        source=source,
    )


def _random(
    name: str,
    make: Maker,
    about: str,
    source: str,
    words: tuple[str, ...] = SIX,
    corpora: tuple[str, ...] = ("ravdess",),
) -> Protocol:
    return Protocol(
        name=name,
        corpora=corpora,
        words=words,
        make=make,
        about=f"LEAKS ON PURPOSE: {about}; speakers and sentences are on both sides",
        source=source,
        speakers_apart=False,
    )


def _cut(name: str, corpora: tuple[str, ...], words: tuple[str, ...], source: str) -> Protocol:
    return _random(name, shuffled(REPORT_SEEDS, test=0.2), "clips cut 80/20 with five seeds", source, words, corpora)


BENHA = "Audio-Visual Emotion Recognition System, Benha University, 2022"
GESTURE = "report of 2024 after Wei et al., Expert Systems with Applications 237, 2024 (80/20); seeds as ravdess-random"
LAB = "Emotion Recognition by Audio and Video, AI Lab, 2024, which names neither shares nor seeds: as ravdess-random"

OF_SYSTEMS = (
    _random(
        "ravdess-speech-song-random",
        shuffled(REPORT_SEEDS, test=0.1, validation=0.1),
        "speech and song together, cut 80/10/10 with five seeds",
        f"{BENHA} (2068 clips of six words, its split for sound)",
        corpora=("ravdess", "ravdess-song"),
    ),
    Protocol(
        name="ravdess-speech-song-luna5",
        corpora=("ravdess", "ravdess-song"),
        words=SIX,
        make=by_numbers([(str(number), actors) for number, actors in enumerate(LUNA5, start=1)]),
        about="speech and song together, the five folds of ravdess-luna5: a singer is who spoke, on one side",
        source="folds of Luna-Jiménez et al., 2022, over the clips of " + BENHA,
    ),
    _random(
        "ravdess-faces-random",
        shuffled(REPORT_SEEDS, test=0.2),
        "112 performances of actors 01 and 05, cut 80/20 with five seeds",
        f"as the reports that know their test faces from training; seeds of {BENHA}",
        WORDS_OF["ravdess"],
        ("ravdess-faces",),
    ),
    Protocol(
        name="ravdess-faces-actors",
        corpora=("ravdess-faces",),
        words=tuple(word for word in WORDS_OF["ravdess"] if word != "calm"),
        make=by_key(str),
        about="learn from one of actors 01 and 05, judge the other; no calm, which only one of them has",
        source="ours: the smallest test with speakers apart that the faces at hand allow",
    ),
    _random(
        "ravdess-01-random",
        of_speakers((1,), shuffled(REPORT_SEEDS, test=0.2)),
        "speech and song of actor 01, calm against angry, 32 clips cut 80/20 with five seeds",
        'lecture 27 of "Affective Computing", IIIT Delhi: 20 % test, no seed named; of speech alone there are 16',
        ("calm", "angry"),
        ("ravdess", "ravdess-song"),
    ),
    _random(
        "ravdess-faces-05-random",
        of_speakers((5,), shuffled(REPORT_SEEDS, test=0.2)),
        "faces of actor 05, calm against angry, 16 clips cut 80/20 with five seeds",
        "as ravdess-01-random; of actor 01 no calm face is at hand",
        ("calm", "angry"),
        ("ravdess-faces",),
    ),
    _random(
        "savee-random",
        shuffled(REPORT_SEEDS, test=0.1, validation=0.1),
        "360 clips of five words, cut 80/10/10 with five seeds",
        BENHA,
        FIVE,
        ("savee",),
    ),
    _cut("enterface-random", ("enterface",), WORDS_OF["enterface"], GESTURE),
    _cut("ckplus-random", ("ckplus",), WORDS_OF["ckplus"], GESTURE),
    _cut("aff-wild2-random", ("aff-wild2",), WORDS_OF["aff-wild2"], GESTURE),
    _cut("bred-random", ("bred",), WORDS_OF["bred"], GESTURE),
    _loso("bred-loso", "bred"),
    _cut("bandai-namco-random", ("bandai-namco",), WORDS_OF["bandai-namco"], GESTURE),
    Protocol(
        name="bandai-namco-actions",
        corpora=("bandai-namco",),
        words=WORDS_OF["bandai-namco"],
        make=by_statement(4),
        about="four folds by what is done (walk, bow, run …): the three actors are not told apart, so on both sides",
        source="ours",
        speakers_apart=False,
    ),
    _cut("aalto-motion-random", ("aalto-motion",), WORDS_OF["aalto-motion"], GESTURE),
    _loso("aalto-motion-loso", "aalto-motion"),
    Protocol(
        name="raf-db-official",
        corpora=("raf-db",),
        words=WORDS_OF["raf-db"],
        make=by_part(without=()),
        about="the official split",
        source="Li, Deng and Du, CVPR 2017; nobody knows who is who",
        speakers_apart=False,
    ),
    _cut("rml-random", ("rml",), WORDS_OF["rml"], LAB),
    _cut("ravdess-rml-random", ("ravdess", "rml"), WORDS_OF["rml"], LAB),
    Protocol(
        name="ravdess-rml-speakers",
        corpora=("ravdess", "rml"),
        words=WORDS_OF["rml"],
        make=by_rank(5),
        about="speech of RAVDESS and RML together, five folds of every fifth speaker in the order of their names",
        source="ours, over the clips of " + LAB.partition(",")[0],
    ),
)
"""Of the systems that `visavox reproduce` makes again, beside those that others use too."""


PROTOCOLS: Mapping[str, Protocol] = MappingProxyType(
    {
        protocol.name: protocol
        for protocol in (
            Protocol(
                name="ravdess-luna5",
                corpora=("ravdess",),
                words=WORDS_OF["ravdess"],
                make=by_numbers([(str(number), actors) for number, actors in enumerate(LUNA5, start=1)]),
                about="five folds of four or five actors, eight words",
                source="Luna-Jiménez et al., A Proposal for Multimodal Emotion Recognition Using Aural Transformers "
                "and Action Units on RAVDESS Dataset, Applied Sciences 12(1) 327, 2022",
            ),
            Protocol(
                name="ravdess-actor6",
                corpora=("ravdess",),
                words=WORDS_OF["ravdess"],
                make=by_numbers([(str(number), actors) for number, actors in enumerate(ACTOR6, start=1)]),
                about="six folds of four actors (1-4, 5-8 … 21-24), two women and two men each, eight words",
                source="six folds of four actors as in EmoBox (Ma et al., Interspeech 2024), which draws other fours; "
                "ours go by number, so compare means and not folds",
            ),
            _loso("ravdess-loso", "ravdess"),
            Protocol(
                name="ravdess-17-7",
                corpora=("ravdess",),
                words=SIX,
                make=by_numbers([("18-24", tuple(range(18, 25)))]),
                about="learn from actors 1-17, judge actors 18-24, six words",
                source="report of 2024 after Farhoudi and Setayeshi, Speech Communication 127, 2021; its code once "
                "names its test file 19-24: 18-24 is its text",
            ),
            _random(
                "ravdess-random",
                shuffled(REPORT_SEEDS, test=0.2),
                "clips cut 80/20 with each of the seeds " + ", ".join(map(str, REPORT_SEEDS)),
                "seeds of Audio-Visual Emotion Recognition System, Benha University, 2022; 80/20 as in most reports",
            ),
            _random(
                "ravdess-random-8words",
                shuffled(REPORT_SEEDS, test=0.2),
                "as ravdess-random, on all eight words",
                "as ravdess-random",
                WORDS_OF["ravdess"],
            ),
            _random(
                "ravdess-random-80-10-10",
                shuffled(REPORT_SEEDS, test=0.1, validation=0.1),
                "clips cut 80/10/10 with each of the same seeds",
                "Audio-Visual Emotion Recognition System, Benha University, 2022 (its split for sound)",
            ),
            _random(
                "ravdess-random-5fold",
                dealt(5, seed=42),
                "clips dealt into five folds, seed 42",
                "the code of the report of 2024 after Farhoudi and Setayeshi, 2021",
            ),
            _random(
                "ravdess-random-10fold",
                dealt(10, seed=42),
                "clips dealt into ten folds, seed 42",
                "the text of the same report, which names no seed: 42 as in its code",
            ),
            _loso("savee-loso", "savee"),
            _loso("enterface-loso", "enterface"),
            _loso("rml-loso", "rml"),
            Protocol(
                name="crema-d-actor5",
                corpora=("crema-d",),
                words=WORDS_OF["crema-d"],
                make=by_key(lambda speaker: str(number_of(speaker) % CREMA_D_FOLDS), least=CREMA_D_FOLDS),
                about="five folds: an actor's number modulo 5; six words",
                source="ours",
            ),
            _loso("emodb-loso", "emo-db"),
            Protocol(
                name="fer2013-official",
                corpora=("fer2013",),
                words=WORDS_OF["fer2013"],
                make=by_part(without=TWINS),
                about="the official split, without the training images that are blank or have a twin in the test",
                source="Goodfellow et al., Challenges in Representation Learning, ICML 2013; nobody knows who is who, "
                "so pictures are kept apart, not people; 46 validation images equal a test image and stay where "
                "they are",
                speakers_apart=False,
            ),
            *OF_SYSTEMS,
            Protocol(
                name="ckplus-subject10",
                corpora=("ckplus",),
                words=WORDS_OF["ckplus"],
                make=by_rank(CKPLUS_FOLDS),
                about="ten folds: every tenth subject in the order of their numbers, seven words",
                source="subjects in ascending order sampled with step ten, as in Liu et al., Facial Expression "
                "Recognition via a Boosted Deep Belief Network, CVPR 2014",
            ),
        )
    }
)
"""All but those across corpora, which `named` makes of "A>B" and "A+B>C"."""


def named(name: str) -> Protocol:
    """A protocol by its name, or across corpora: "ravdess>emo-db", "ravdess+nemo>urdu".

    Raises:
        OptionError: there is none of that name.

    Example:
        >>> named("crema-d>urdu").words
        ('neutral', 'happy', 'sad', 'angry')
    """
    if name in PROTOCOLS:
        return PROTOCOLS[name]
    match = re.fullmatch(r"([^>]+)>([^>]+)", name)
    if match:
        return across([part.strip() for part in match.group(1).split("+")], match.group(2).strip())
    raise OptionError.one_of("protocol", name, [*PROTOCOLS, "CORPUS>CORPUS"])


def names() -> tuple[str, ...]:
    """The names, without those across corpora."""
    return tuple(PROTOCOLS)
