"""Corpora side by side: the voice of a performance from one, its face from another, in one clip."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Sequence

from visavox import datasets
from visavox.clip import Clip
from visavox.datasets import Data, Sample
from visavox.datasets.stored import StoredClip
from visavox.errors import DataError

ARRAYS = ("faces", "pictures", "mesh", "joints")
"""What a clip may take from that of the same take; a voice is its own."""


def joined(samples: Sequence[Sample], others: Iterable[str], data: Data = None) -> list[Sample]:
    """Samples whose clips have what other corpora hold of the same performance (`Sample.take`).

    Words, names and people are those of the samples; arrays are read when somebody looks. A take that the others do not
    have keeps its clip as it is.

    Args:
        samples: whose clips may lack something.
        others: corpora, the first one that has an array wins.
        data: where they are.

    Raises:
        DataError: another corpus is missing, or the clips of both are recordings.
    """
    for name in others:
        by_take = {sample.take: sample.clip for sample in datasets.load(name, data) if sample.take is not None}
        samples = [
            sample
            if sample.take not in by_take
            else dataclasses.replace(sample, clip=_both(sample.clip, by_take[sample.take], name))
            for sample in samples
        ]
    return list(samples)


def _both(clip: Clip, other: Clip, corpus: str) -> Clip:
    """A clip with an array or a recording of another one."""
    if clip.source is not None and other.source is not None:
        raise DataError(
            f"{corpus} cannot stand beside another corpus of recordings ({clip.name} and {other.name}): recordings "
            f"with picture and sound are a corpus of their own, such as ravdess-video."
        )
    recording, cut = (clip, other) if other.source is None else (other, clip)
    held = vars(cut).get("field") or next((name for name in ARRAYS if getattr(cut, name) is not None), None)
    if held is None or getattr(recording, held) is not None:
        return clip
    both = StoredClip(
        source=recording.source,
        name=clip.name,
        start=recording.start,
        end=recording.end,
        times=cut.times,
        voice=recording.voice,
        person=clip.person,
    )
    vars(both).update(field=held, read=functools.partial(getattr, cut, held))
    return both
