"""RML: eight people say ten sentences in each of six emotions, in six languages; filmed.

Read are folders of speakers (`s1` … `s8`) with videos named by the letters of their word and a number (`an1.avi`),
with folders of languages or none in between, as in the publisher's two parts (`rml-1/s1/…`, `rml-2/s6/…`). Speakers and
letters are those that users of the release describe; what follows the letters was not seen, so anything is taken.

Source: the publisher's page (720 clips; a later set has 728), Wang and Guan 2008.
"""

from __future__ import annotations

import re
from pathlib import Path

from visavox import emotions
from visavox.clip import Clip
from visavox.datasets import About, Sample
from visavox.datasets.recordings import VIDEOS, find

ABOUT = About(
    name="rml",
    title="RML emotion database (Ryerson Multimedia Lab)",
    modality="audio-video",
    licence="free of charge for research and not for commerce, after signing an agreement (the publisher's page)",
    credit="Wang, Guan: Recognizing human emotional state from audiovisual signals, IEEE Transactions on Multimedia "
    "10(5), 2008",
    people_note="only clips that at least two listeners named as meant were kept, so there is no score of people",
    url="http://www.rml.ryerson.ca/rml-emotion-database.html",
    access="ask",
    asking="send the signed agreement of the publisher's page to the laboratory",
)

NAME = re.compile(r"s0?([1-8])/(?:.*/)?((an|di|fe|ha|sa|su)[^/]*)", re.IGNORECASE)
"""Speaker, the file's name, its word."""

SPEAKER = re.compile(r"s0?[1-8]", re.IGNORECASE)
"""A folder of a speaker."""


def samples(folder: Path) -> list[Sample]:
    """All clips, by speaker and name ("s1-english-an1").

    Args:
        folder: the speakers' folders somewhere in it.

    Returns:
        720 samples of a whole copy (or 728). Sex is not known: the publisher does not say it.

    Raises:
        DataError: no recording is there.
    """
    result = []
    for path, match in find(folder, NAME, corpus="RML", suffixes=VIDEOS, key=lambda path: _name(path, folder)):
        name = match[0].lower().replace("/", "-").replace(" ", "")
        speaker = f"rml-{match[1]}"
        result.append(
            Sample(
                clip=Clip(path, name=name, person=speaker),
                emotion=emotions.word(match[3]),
                corpus="rml",
                speaker=speaker,
                statement=match[2].lower(),
                take=f"rml-{name}",
                modality="audio-video",
            )
        )
    return result


def _name(path: Path, folder: Path) -> str:
    """The path from the speaker's folder on, without suffix; the name alone where there is no such folder."""
    parts = path.relative_to(folder.parent).with_suffix("").parts
    for place in range(len(parts) - 1):
        if SPEAKER.fullmatch(parts[place]):
            return "/".join(parts[place:])
    return path.stem
