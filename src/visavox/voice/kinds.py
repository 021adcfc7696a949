"""What recipes can name of voices beside the shipped network: inputs, networks, and how clips are varied."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from visavox.clip import Clip
from visavox.errors import InputError
from visavox.inputs import Copies, Input, Kinds, Vary, Wanted
from visavox.media import read_sound
from visavox.voice.inputs import MeanMfcc

INPUTS: Mapping[str, type[Input]] = {"mean-mfcc": MeanMfcc}

NETWORKS: Mapping[str, str] = {"cnn1d": "visavox.voice.networks.cnn1d:CNN1D"}


def fill(clip: Clip, wants: Wanted) -> Clip:
    """A clip with its voice.

    Raises:
        InputError: It has none and no source to read one from.
    """
    if clip.voice is not None:
        return clip
    if clip.source is None:
        raise InputError(f"{clip.name or 'clip'}: it has no voice and no source to read one from.")
    return dataclasses.replace(clip, voice=read_sound(clip.source, start=clip.start, end=clip.end))


def copies(augmentation: dict[str, Any]) -> Copies | None:
    """Varied copies of training clips; takes its keys from the recipe's [augmentation]."""
    return None


def vary(augmentation: dict[str, Any]) -> Vary | None:
    """What is done to batches; takes its keys from the recipe's [augmentation]."""
    return None


KINDS = Kinds(inputs=INPUTS, networks=NETWORKS, fill=fill, copies=copies, vary=vary)
