"""What a whole copy of a corpus holds, so that a check can say what is missing: clips by name, or how many.

Source: each publisher's description, and complete copies of RAVDESS, CREMA-D, EMO-DB, nEMO, TESS and URDU, for what
their designs leave out (no description lists that).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product

from visavox.datasets import Sample


@dataclass(frozen=True, kw_only=True)
class Piece:
    """What a publisher hands out as one.

    Args:
        title: what it is called in a report; "" for all of a corpus.
        count: its clips.
        names: of them, where they are known, as `key` gives them.
        key: the name of a sample, or None where it belongs to another piece.
        split: whether a copy may well lack it altogether, as one of many archives: then it is expected to be whole only
            where at least half of it is there.
    """

    title: str = ""
    count: int
    names: frozenset[str] | None = None
    key: Callable[[Sample], str | None] = field(default=lambda sample: sample.clip.name)
    split: bool = False


def pieces(corpus: str) -> tuple[Piece, ...]:
    """What a whole copy of a corpus holds; nothing where nobody says.

    Example:
        >>> [piece.count for piece in pieces("ravdess")]
        [1440]
    """
    return PIECES[corpus]() if corpus in PIECES else ()


def _named(names: Iterable[str], **more: object) -> Piece:
    found = frozenset(names)
    return Piece(count=len(found), names=found, **more)  # type: ignore[arg-type]


def ravdess(kind: str, channel: str, actors: Iterable[int]) -> Iterator[str]:
    """Names of RAVDESS: a neutral clip has no strong form, a song no disgust and no surprise, and actor 18 no song.

    Args:
        kind: "01" picture and sound, "02" picture, "03" sound.
        channel: "01" speech, "02" song.
        actors: their numbers.
    """
    emotions = range(1, 9 if channel == "01" else 7)
    for actor, emotion, intensity, statement, repetition in product(actors, emotions, (1, 2), (1, 2), (1, 2)):
        if not (emotion == 1 and intensity == 2) and not (channel == "02" and actor == 18):
            yield f"{kind}-{channel}-{emotion:02}-{intensity:02}-{statement:02}-{repetition:02}-{actor:02}"


ACTORS = range(1, 25)
"""Of RAVDESS."""


def _filmed(channel: str) -> tuple[Piece, ...]:
    kinds = {"01": "picture and sound", "02": "picture alone"}
    return tuple(
        _named(ravdess(kind, channel, [actor]), title=f"actor {actor:02}, {title}", split=True)
        for actor in ACTORS
        if not (channel == "02" and actor == 18)
        for kind, title in kinds.items()
    )


def _tracked() -> tuple[Piece, ...]:
    return tuple(_named(ravdess("01", code, ACTORS), title=title) for code, title in (("01", "speech"), ("02", "song")))


NOT_IN_CREMA_D = frozenset(
    {"1002_TIE_NEU_XX", "1076_ITS_NEU_XX"}
    | {
        f"{take}_{emotion}_XX"
        for take in ("1008_WSI", "1009_MTI", "1019_ITH")
        for emotion in ("ANG", "DIS", "FEA", "HAP", "NEU", "SAD")
    }
)
"""Takes that the design of CREMA-D has and no release."""


def _crema_d() -> tuple[Piece, ...]:
    sentences = ("IEO", "TIE", "IOM", "IWW", "TAI", "MTI", "IWL", "ITH", "DFA", "ITS", "TSI", "WSI")
    names = {
        f"{actor}_{sentence}_{emotion}_{level}"
        for actor, sentence, emotion in product(
            range(1001, 1092), sentences, ("ANG", "DIS", "FEA", "HAP", "NEU", "SAD")
        )
        for level in (("LO", "MD", "HI") if sentence == "IEO" and emotion != "NEU" else ("XX",))
    }
    return (_named(names - NOT_IN_CREMA_D),)


# Speaker, and of each sentence the emotions and versions that listeners named well enough to be published.
EMO_DB = """
03 a01FaNcWa a02FcNcTaWbWc a04AdFdLcNcTaWc a05AaFcNdTcWaWb a07FaFbLaNcWc b01FaLbNbTdWaWc b02AaLaNaTbWb b03NbTcWc
b09LaNcTcWa b10AbEcNaNcWbWc
08 a01AbFdLcNaWaWc a02AbAcFeLaNaTbWc a04FfLaNcTbWc a05FeLcNbTaWa a07FdLaNaTaTbWc b01AaFdFeLbNaWa b02FfLaNbTcWd
b03FeLcNbTcWd b09AbFdLcNbTbWaWc b10AaFdLaNcTcWa
09 a01EaFaNbWb a02EaEbLaWb a04FdLaNbWa a05EdLcNbTbWbWc a07EbNaTaWbWd b01EaNaWb b02NaTbWcWd b03EdFaFdLbNbTaWb b09EaNdWa
b10AaNdWa
10 a01AcNbWa a02AbFaLbNaWa a04FdNbWaWb a05AaLdTbWb a07AaAdLaTaWb b01AaEaFaLb b02AaLaNaWb b03LaTbWb b09AdLbWb b10FcLcWa
11 a01AaAbLdNdWc a02EcFbLdNcTcWc a04AcFdNdWc a05AdFbFcLcNaTdWd a07AcLdTaWc b01AbEbFcLbNcWd b02AbFdNaTdWb
b03FcLcNbTdWaWb b09AdFdLdNaTdWa b10AdAeLdNcTdWa
12 a01FbLbNbWc a02AcEcNbWaWc a04Wc a05AbLbNdTaWb a07AcLaWa b01TaWa b02AdEaFbNaWaWbWd b03LaTa b09AcTdWc b10AcLdWa
13 a01AcEaEcFdLbNbWb a02AdEcFaLcNcTaWa a04AcFcLbTaWc a05AaEaLcNbTcWaWc a07FdLbNaTcWb b01AbEcFcLdNcWa b02FbLcNbWa
b03AcEdFdLbNaTdWc b09AbEcFbFcLaNaWa b10EcFaLaNcWaWc
14 a01AaAcEaNaWaWc a02AbEaFdLaNcTbWaWc a04AaEdLbTbTcWbWc a05AaAcFaFbLbNaTaTcWaWb a07AaEbFdLcLdNaTcWc b01AcEbFaFcNaWc
b02AaFbNaTcWbWd b03AdEdLbTaWb b09AcEaFcLbTdWaWc b10AdEbLbNbTcWc
15 a01EaFbLaNbWa a02AcEaLaNaTaWbWd a04AbAcFdNcWaWb a05EbFbLbNaWa a07AcEbFaFbLdNc b01EcLbNaWc b02AaLbNdTcWaWc
b03AaLcNbTcWaWb b09AcFaLaNbTaWb b10AcLcNbNcWa
16 a01EcFcLbNcTbWb a02EaEcLbNbTcWb a04AbEaFaLaLcNcTcWbWc a05AbEaFcLaTbWbWc a07EaFaFbLaLbNbTdWa b01AaEbFaLaLcTbWaWb
b02AaEbFdLbWb b03AdEaFaFdLaNbTaWb b09AbEbFbLaLbWb b10AaEbFbLbTbTdWaWb
"""


def _emo_db() -> tuple[Piece, ...]:
    names, speaker = [], ""
    for word in EMO_DB.split():
        if word.isdecimal():
            speaker = word
        else:
            names += [f"{speaker}{word[:3]}{word[at : at + 2]}" for at in range(3, len(word), 2)]
    return (_named(names),)


# Of each speaker and emotion, the sentences of 1-90 that were not recorded or not kept; of MP0 those that were.
NOT_IN_NEMO: Mapping[str, Iterable[int]] = {
    "EB0_surprised": (40,),
    "MK0_surprised": range(1, 91),
    "SM0_fear": (18,),
    "SM0_happiness": (31,),
    "TP0_surprised": (75,),
    "WR0_neutral": (11,),
}
IN_NEMO: Mapping[str, Iterable[int]] = {
    "MP0_anger": (
        2, 4, 5, 6, 8, 9, 10, 14, 17, 18, 24, 27, 32, 36, 40, 41, 42, 44, 46, 54, 55, 56, 65, 68, 69, 70, 71, 73, 85,
    ),
    "MP0_fear": (1, 2, 3, 4, 5, 8, 12, 14, 21, 23, 28, 30, 33, 35, 41, 47, 61),
    "MP0_happiness": (*range(1, 22), 37, 40, 47, 52, 55, 58, 61, 67, 77),
    "MP0_sadness": (
        1, 2, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15, 16, 19, 20, 22, 23, 42, 43, 45, 46, 48, 49, 50, 51, 52, 53, 56, 57, 60,
        62, 63, 64, 66, 68, 69, 70, 71, 72, 75, 77, 78, 79, 83, 84, 86, 87, 88, 89,
    ),
    "MP0_surprised": (
        8, 12, 14, 16, 17, 18, 21, 23, 24, 25, 27, 28, 29, 30, 32, 33, 34, 35, 37, 39, 40, 41, 44, 48, 52, 53, 54, 64,
        66, 67, 68, 69, 70, 72, 73, 74, 80, 84, 85, 87, 90,
    ),
}  # fmt: skip


def _nemo() -> tuple[Piece, ...]:
    names = []
    for speaker, emotion in product(
        ("EB0", "IC0", "KD0", "KS0", "MK0", "MP0", "SM0", "TP0", "WR0"),
        ("anger", "fear", "happiness", "neutral", "sadness", "surprised"),
    ):
        kind = f"{speaker}_{emotion}"
        sentences = IN_NEMO.get(kind) or sorted(set(range(1, 91)) - set(NOT_IN_NEMO.get(kind, ())))
        names += [f"{kind}_{sentence}" for sentence in sentences]
    return (_named(names),)


# The words that are said in TESS.
TESS = """
back bar base bath bean beg bite boat bone book bought burn cab calm came cause chain chair chalk chat check cheek chief
choice cool dab date dead death deep dime dip ditch dodge dog doll door fail fall far fat fit five food gap gas gaze
germ get gin goal good goose gun half hall hash hate have haze hire hit hole home hurl hush jail jar join judge jug
juice keen keep keg kick kill king kite knock late laud lean learn lease lid life limb live loaf long lore lose lot love
luck make match merge mess met mill mob mode mood moon mop mouse nag name near neat nice note numb pad page pain pass
pearl peg perch phone pick pike pole pool puff rag raid rain raise rat reach read red ring ripe road room rose rot rough
rush said sail search seize sell shack shall shawl sheep shirt should shout size soap soup sour south sub such sure take
talk tape team tell thin third thought thumb time tip tire ton tool tough turn vine voice void vote wag walk wash week
wheat when which whip white wife wire witch yearn yes young youth
"""


def _tess() -> tuple[Piece, ...]:
    emotions = ("angry", "disgust", "fear", "happy", "neutral", "ps", "sad")
    names = ("_".join(parts) for parts in product(("OAF", "YAF"), TESS.split(), emotions))
    # One file of the release is spelt OA_bite_neutral.
    return (_named(names, key=lambda sample: re.sub(r"^OA_", "OAF_", sample.clip.name or "")),)


def _urdu() -> tuple[Piece, ...]:
    def number(sample: Sample) -> str:
        letter, digits = re.sub(r".*_", "", sample.clip.name or "")[:1], re.sub(r".*\D", "", sample.clip.name or "")
        return f"{letter}{int(digits or 0)}"

    return (_named((f"{letter}{n}" for letter, n in product("AHNS", range(1, 101))), key=number),)


def _parts(**counts: int) -> Callable[[], tuple[Piece, ...]]:
    """Pieces that are the parts of a corpus's own split."""

    def keyed(part: str) -> Callable[[Sample], str | None]:
        return lambda sample: sample.clip.name if sample.part == part else None

    return lambda: tuple(Piece(title=part, count=count, key=keyed(part)) for part, count in counts.items())


def _whole(count: int) -> Callable[[], tuple[Piece, ...]]:
    return lambda: (Piece(count=count),)


PIECES: Mapping[str, Callable[[], tuple[Piece, ...]]] = {
    "bred": _whole(215),
    "ckplus": _whole(327),
    "crema-d": _crema_d,
    "crema-d-video": _crema_d,
    "emo-db": _emo_db,
    "fer2013": _parts(train=28_709, validation=3_589, test=3_589),
    "grid-samples": _whole(10),
    "mead-samples": _whole(7),
    "nemo": _nemo,
    "raf-db": _parts(train=12_271, test=3_068),
    "ravdess": lambda: (_named(ravdess("03", "01", ACTORS)),),
    "ravdess-song": lambda: (_named(ravdess("03", "02", ACTORS)),),
    "ravdess-song-video": lambda: _filmed("02"),
    "ravdess-tracking": _tracked,
    "ravdess-video": lambda: _filmed("01"),
    "rml": _whole(720),  # some copies have 728
    "savee": _whole(480),
    "savee-video": _whole(480),
    "tess": _tess,
    "urdu": _urdu,
}
"""What a whole copy of a corpus holds, by its name."""


def counted(samples: Iterable[Sample], piece: Piece) -> Counter[str]:
    """How often each name of a piece is there among samples; what is in no piece is not counted."""
    found: Counter[str] = Counter()
    for sample in samples:
        name = piece.key(sample)
        if name is not None and (piece.names is None or name in piece.names):
            found[name] += 1
    return found
