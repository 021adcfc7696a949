"""Ten people who read a neutral sentence each, from GRID: a test of faces and voices at rest, never to learn from.

The layout read here is one video a person, `grid_bbaf2n.mpg`, after the sentence's code ("bin blue at f 2 now"). They
are not GRID as its publisher hands it out (which has a thousand sentences of each of 34 people).
"""

from __future__ import annotations

from pathlib import Path

from visavox.clip import Clip
from visavox.datasets import About, Sample
from visavox.datasets.recordings import nothing

ABOUT = About(
    name="grid-samples",
    title="Ten neutral talkers of GRID",
    modality="audio-video",
    licence="freely available for research use",
    credit="Cooke, Barker, Cunningham, Shao: An audio-visual corpus for speech perception and automatic speech "
    "recognition, JASA 120, 2006",
    url="https://zenodo.org/records/3625687",
    access="local",
    asking="examples of the repository rizkiarm/LipNet; offered nowhere in this form, but GRID itself is open",
    never_train="one sentence of each of ten people, all neutral: to see what a resting face is called",
)


def samples(folder: Path) -> list[Sample]:
    """The clips that are there, by name, each of another person.

    Args:
        folder: with the videos; other files may lie beside them.

    Returns:
        10 samples of a whole copy, all neutral.

    Raises:
        DataError: none of them is there.
    """
    paths = sorted(folder.glob("grid_*.mpg"))
    if not paths:
        raise nothing(folder, "GRID's talkers", "grid_bbaf2n.mpg")
    return [
        Sample(
            clip=Clip(path, name=path.stem, person=f"grid-{path.stem[5:]}"),
            emotion="neutral",
            corpus="grid-samples",
            speaker=f"grid-{path.stem[5:]}",
            statement=path.stem[5:],
            take=f"grid-{path.stem[5:]}",
            modality="audio-video",
        )
        for path in paths
    ]
