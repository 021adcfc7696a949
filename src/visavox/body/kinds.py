"""What recipes can name of bodies: inputs, networks, and how clips are varied."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from visavox.body.following import followed
from visavox.body.inputs import DescriptiveImages
from visavox.body.variation import BodyVariation
from visavox.clip import Clip
from visavox.errors import OptionError
from visavox.inputs import Copies, Input, Kinds, Vary, Wanted

INPUTS: Mapping[str, type[Input]] = {"descriptive-images": DescriptiveImages}

NETWORKS: Mapping[str, str] = {"accm": "visavox.body.networks:ACCM"}


def fill(clip: Clip, wants: Wanted) -> Clip:
    """A clip with its joints; where it has none, those of the body that is seen most in its pictures or its source.

    Raises:
        InputError: Its source cannot be read, or it has nothing at all.
        WeightsError: The networks that find bodies were not fetched.
    """
    if clip.joints is not None:
        return clip
    joints, times = followed(clip)
    return Clip(name=clip.name, person=clip.person, joints=joints, times=times)


def copies(augmentation: dict[str, Any]) -> Copies | None:
    """Varied copies of training clips; takes its keys from the recipe's [augmentation].

    Raises:
        OptionError: A part or a chance is no number, or the number of copies none.
    """
    known = {item.name: item for item in dataclasses.fields(BodyVariation)}
    table = {name: augmentation.pop(name) for name in list(augmentation) if name in known}
    for name, value in table.items():
        if isinstance(value, bool) or not isinstance(value, int if name == "copies" else int | float) or value < 0:
            raise OptionError(f"Bad value {value!r} for augmentation.{name}: expected a number from 0 on.")
    variation = BodyVariation(**table)
    return variation if variation.copies else None


def vary(augmentation: dict[str, Any]) -> Vary | None:
    """Nothing is done to batches: bodies are varied before they are drawn."""
    return None


KINDS = Kinds(inputs=INPUTS, networks=NETWORKS, fill=fill, copies=copies, vary=vary)
