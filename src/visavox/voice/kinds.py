"""What recipes can name of voices beside the shipped network: inputs, networks, and how clips are varied."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from visavox.clip import Clip
from visavox.errors import InputError
from visavox.inputs import Copies, Input, Kinds, Vary, Wanted
from visavox.media import read_sound
from visavox.voice.copies import VoiceCopies
from visavox.voice.inputs import MeanMfcc, MelPicture, Mfcc, MfccVector
from visavox.voice.segments import MelSegments
from visavox.voice.varying import PictureVariation

INPUTS: Mapping[str, type[Input]] = {
    "mean-mfcc": MeanMfcc,
    "mel-picture": MelPicture,
    "mel-segments": MelSegments,
    "mfcc": Mfcc,
    "mfcc-vector": MfccVector,
}

NETWORKS: Mapping[str, str] = {
    "cnn-transformer": "visavox.voice.networks.cnn_transformer:CNNTransformer",
    "cnn1d": "visavox.voice.networks.cnn1d:CNN1D",
    "cnn2d": "visavox.voice.networks.cnn2d:CNN2D",
    "cnn3d-lstm": "visavox.voice.networks.crnn:CNN3DLSTM",
    "crnn": "visavox.voice.networks.crnn:CRNN",
    "parallel-cnn-attention-lstm": "visavox.voice.networks.attention_lstm:ParallelCNNAttentionLSTM",
    "stacked-cnn-attention-lstm": "visavox.voice.networks.attention_lstm:StackedCNNAttentionLSTM",
    "vector-cnn": "visavox.layers.vector:VectorCNN",
    "vgg16": "visavox.voice.networks.vgg16:VGG16",
}


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
    """Varied copies of training clips (`VoiceCopies`); takes its keys from the recipe's [augmentation]."""
    return VoiceCopies.taken(augmentation)


def vary(augmentation: dict[str, Any]) -> Vary | None:
    """What is done to batches (`PictureVariation`); takes its keys from the recipe's [augmentation]."""
    return PictureVariation.taken(augmentation)


KINDS = Kinds(inputs=INPUTS, networks=NETWORKS, fill=fill, copies=copies, vary=vary)
