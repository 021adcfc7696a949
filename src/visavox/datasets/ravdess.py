"""RAVDESS: 24 actors say, 23 of them sing, two sentences in eight and six emotions; English; sound and picture.

A file's name says what it is: kind (01 picture and sound, 02 picture, 03 sound), channel (01 speech, 02 song), emotion,
intensity, statement, repetition, actor. What is said again in another kind is the same performance: it has the same
`Sample.take`. Four names give the kinds: "ravdess" speech heard, "ravdess-song" song heard, "ravdess-video" and
"ravdess-song-video" the same seen (both kinds of file where both are there: select by modality), and
"ravdess-tracking" the publisher's facial tracking alone, one table a performance, speech and song.

Read are the publisher's layout (`Actor_01/03-01-01-01-01-01-01.wav`, `Video_Speech_Actor_01/Actor_01/01-01-….mp4`,
`01-01-….csv` of the tracking) and any other that keeps the names.

Source: Livingstone and Russo 2018, and the descriptions of the two archives (Zenodo records 1188976 and 3255102).
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path

from visavox import emotions
from visavox.clip import Clip
from visavox.datasets import About, Kind, Modality, Sample
from visavox.datasets.landmarks import with_mesh
from visavox.datasets.recordings import SOUNDS, VIDEOS, files, find

ABOUT = About(
    name="ravdess",
    title="RAVDESS (Ryerson Audio-Visual Database of Emotional Speech and Song), speech",
    modality="voice",
    licence="CC BY-NC-SA 4.0",
    credit="Livingstone, Russo: The Ryerson Audio-Visual Database of Emotional Speech and Song, PLoS ONE 13(5), 2018",
    people=0.60,
    people_note="single ratings that name the acted word, speech and song heard without picture (80 % with it, 75 % "
    "seen alone), as the paper's validation is usually quoted, rounded",
    url="https://zenodo.org/records/1188976",
    asking="offered to anybody by its publisher",
)

NAME = re.compile(r"(0[123])-(0[12])-(0[1-8])-(0[12])-(0[12])-(0[12])-(\d\d)")
"""Kind, channel, emotion, intensity, statement, repetition, actor."""

SPEECH, SUNG = "01", "02"
"""Codes of the channels."""

MODALITIES: Mapping[str, Modality] = {"01": "audio-video", "02": "video", "03": "voice"}
"""Codes of the kinds."""

STATEMENTS = {"01": "Kids are talking by the door", "02": "Dogs are sitting by the door"}
"""Codes of the sentences."""

DOUBLED = {"01-03-01-02-02-07": "01-03-01-02-01-07"}
"""A performance that is the same recording as another one, in every copy of the release: without the kind."""


def samples(folder: Path) -> list[Sample]:
    """All speech clips that are sound alone, by name; the second one of an equal pair is marked in `Sample.defect`.

    Args:
        folder: the recordings somewhere in it.

    Returns:
        1 440 samples of a whole copy. `take` is the clip's name without the kind of file, so that the same performance
        with its picture has the same; the equal pair has one.

    Raises:
        DataError: no recording is there.
    """
    return _recordings(folder, "ravdess", SPEECH, ("03",))


def sample(
    name: str, clip: Clip, corpus: str, *, modality: Modality | None = None, table: Path | None = None
) -> Sample:
    """The row of a clip, read off RAVDESS's name for it ("01-01-03-02-01-01-05").

    Args:
        name: matching `NAME`.
        clip: what there is of it; its person is filled in.
        corpus: whose row it is.
        modality: of the clip, where it is not what the name says.
        table: see `Sample`.
    """
    match = NAME.fullmatch(name)
    if match is None:
        raise ValueError(f"{name!r} is no name of RAVDESS")
    kind, _, emotion, intensity, statement, repetition, actor = match.groups()
    speaker = f"ravdess-{actor}"
    performance = name[3:]
    return Sample(
        clip=clip if clip.person == speaker else dataclasses.replace(clip, person=speaker),
        emotion=emotions.word(emotion, "ravdess"),
        corpus=corpus,
        speaker=speaker,
        sex="male" if int(actor) % 2 else "female",
        intensity="strong" if intensity == "02" else "normal",
        statement=STATEMENTS[statement],
        repetition=int(repetition),
        take="ravdess-" + DOUBLED.get(performance, performance),
        modality=modality or MODALITIES[kind],
        defect="doubled" if performance in DOUBLED else "",
        table=table,
    )


def tracking(folder: Path) -> dict[str, Path]:
    """The publisher's tables of tracked faces in a folder, by performance (the name without the kind)."""
    found: dict[str, Path] = {}
    for path in files(folder, {".csv"}):
        if NAME.fullmatch(path.stem):
            found.setdefault(path.stem[3:], path)
    return found


def _recordings(folder: Path, corpus: str, channel: str, kinds: tuple[str, ...]) -> list[Sample]:
    name = re.compile(rf"({'|'.join(kinds)})-{channel}-(0[1-8])-(0[12])-(0[12])-(0[12])-(\d\d)")
    seen = kinds != ("03",)
    tables = tracking(folder) if seen else {}
    result = []
    for path, _ in find(folder, name, corpus=TITLES[corpus], suffixes=VIDEOS if seen else SOUNDS):
        speaker = f"ravdess-{path.stem[-2:]}"
        result.append(sample(path.stem, Clip(path, person=speaker), corpus, table=tables.get(path.stem[3:])))
    return result


def _song(folder: Path) -> list[Sample]:
    """1 012 sung clips of a whole copy, heard: actor 18 does not sing, and neither disgust nor surprise is sung."""
    return _recordings(folder, "ravdess-song", SUNG, ("03",))


def _video(folder: Path) -> list[Sample]:
    """2 880 clips of a whole copy, speech: 1 440 with picture and sound, the same performances with picture alone.

    `Sample.table` is the clip's facial tracking where that lies in the folder too.
    """
    return _recordings(folder, "ravdess-video", SPEECH, ("01", "02"))


def _song_video(folder: Path) -> list[Sample]:
    """2 024 clips of a whole copy, song, as `ravdess-video`."""
    return _recordings(folder, "ravdess-song-video", SUNG, ("01", "02"))


def _tracking(folder: Path) -> list[Sample]:
    """2 452 performances of a whole copy, speech and song, of which the tracked face is known: a table each.

    The points are each clip's `mesh`, as far as there are such points (`visavox.datasets.landmarks`).
    """
    found = find(folder, NAME, corpus=TITLES["ravdess-tracking"], suffixes={".csv"})
    return [
        with_mesh(
            sample(
                path.stem,
                Clip(name=path.stem, person=f"ravdess-{path.stem[-2:]}"),
                "ravdess-tracking",
                modality="tracking",
                table=path,
            )
        )
        for path, _ in found
    ]


TITLES = {
    "ravdess": "RAVDESS",
    "ravdess-song": "RAVDESS's song",
    "ravdess-song-video": "RAVDESS's filmed song",
    "ravdess-tracking": "RAVDESS's facial tracking",
    "ravdess-video": "RAVDESS's filmed speech",
}
"""What the kinds are called in messages."""

SONG = Kind(
    dataclasses.replace(ABOUT, name="ravdess-song", title=ABOUT.title.replace(", speech", ", song")),
    _song,
)
"""What was sung, heard."""

VIDEO = Kind(
    dataclasses.replace(
        ABOUT, name="ravdess-video", title=f"{ABOUT.title}, filmed", modality="audio-video", people=0.80,
        people_note="single ratings that name the acted word, speech and song with picture and sound (75 % seen alone, "
        "60 % heard alone), as the paper's validation is usually quoted, rounded",
    ),
    _video,
)  # fmt: skip
"""What was said, seen."""

SONG_VIDEO = Kind(
    dataclasses.replace(VIDEO.ABOUT, name="ravdess-song-video", title=f"{SONG.ABOUT.title}, filmed"),
    _song_video,
)
"""What was sung, seen."""

TRACKING = Kind(
    dataclasses.replace(
        ABOUT,
        name="ravdess-tracking",
        title="RAVDESS Facial Landmark Tracking (OpenFace 2.1.0)",
        modality="tracking",
        credit="Swanson, Livingstone, Russo: RAVDESS Facial Landmark Tracking, 2019",
        people=None,
        people_note="",
        url="https://zenodo.org/records/3255102",
    ),
    _tracking,
)
"""Tables of tracked faces."""
