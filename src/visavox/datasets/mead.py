"""Seven clips of acted emotion, probably of MEAD: a test, never to learn from.

The layout read here is seven videos named by their word and `faces.npz`, cut as those of `ravdess_faces`. They are not
MEAD as its publisher hands it out (which has folders of people, views, words and levels); they stand for faces that no
model has met.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from visavox import emotions
from visavox.clip import Clip
from visavox.datasets import About, Sample
from visavox.datasets.ravdess_faces import FRAME
from visavox.datasets.recordings import nothing
from visavox.datasets.stored import check_times

ABOUT = About(
    name="mead-samples",
    title="Seven clips of acted emotion, probably of MEAD",
    modality="audio-video",
    licence="examples of the repository jixinya/EAMM (MIT); MEAD's own terms: research",
    credit="Wang et al.: MEAD: A large-scale audio-visual dataset for emotional talking-face generation, ECCV 2020",
    url="https://github.com/jixinya/EAMM",
    access="local",
    asking="examples of another project, with faces cut out here; offered nowhere in this form",
    never_train="seven clips whose terms are not known for certain: to try a program on",
)

PEOPLE = {
    "M030_sad_3_001": "M030", "sad": "M030", "fear": "b", "surprised": "b", "contempt": "c", "disgusted": "d",
    "happy": "e",
}  # fmt: skip
"""Who is who, judged by eye."""


def samples(folder: Path) -> list[Sample]:
    """The clips that are there, by name; they have their cut faces where `faces.npz` holds them.

    Args:
        folder: with the videos.

    Returns:
        7 samples of a whole copy.

    Raises:
        DataError: none of the videos is there, or the times of faces are no numbers.
    """
    result = []
    for name, person in PEOPLE.items():
        path = folder / f"{name}.mp4"
        if path.is_file():
            word = name.split("_")[1] if "_" in name else name
            speaker = f"mead-{person}"
            result.append(
                Sample(
                    clip=_clip(path, speaker, folder / "faces.npz"),
                    emotion=emotions.word(word),
                    corpus="mead-samples",
                    speaker=speaker,
                    take=f"mead-{name}",
                    modality="audio-video" if name.startswith("M030") else "video",
                )
            )
    if not result:
        raise nothing(folder, "MEAD's samples", f"{', '.join(f'{name}.mp4' for name in PEOPLE)}")
    return sorted(result, key=lambda sample: str(sample.clip.name))


def _clip(path: Path, person: str, faces: Path) -> Clip:
    if faces.is_file():
        with np.load(faces, allow_pickle=False) as table:
            names = [Path(str(name)).stem for name in table["clip"]]
            if path.stem in names:
                number = names.index(path.stem)
                start = int(table["start"][number])
                mine = slice(start, start + int(table["count"][number]))
                times = table["times"][mine].astype(np.float64)
                check_times(times, f"{faces}: {path.stem}")
                grey = table["faces"][mine, FRAME[0], FRAME[1], None]
                return Clip(
                    path, faces=np.broadcast_to(grey, (*grey.shape[:3], 3)), times={"faces": times}, person=person
                )
    return Clip(path, person=person)
