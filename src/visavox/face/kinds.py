"""What recipes can name of faces beside the shipped network: inputs, networks, and how pictures are varied."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visavox.clip import Clip
from visavox.errors import InputError, OptionError
from visavox.face.following import followed
from visavox.face.inputs import BackboneFeatures, Frames, KeyFrames, SpreadFrames
from visavox.face.measures import FacialValues, Geometry, TableValues, is_table
from visavox.face.sistcm_inputs import FaceClips
from visavox.face.variation import KEYS, Variation
from visavox.inputs import Copies, Input, Kinds, Vary, Wanted

INPUTS: Mapping[str, type[Input]] = {
    "key-frames": KeyFrames,
    "spread-frames": SpreadFrames,
    "frames": Frames,
    "clips": FaceClips,
    "backbone-features": BackboneFeatures,
    "facial-values": FacialValues,
    "table-values": TableValues,
    "geometry": Geometry,
}

NETWORKS: Mapping[str, str] = {
    "cnn3d": "visavox.face.networks.cnn3d:CNN3D",
    "lrcn": "visavox.face.networks.lrcn:LRCN",
    "conv-lstm": "visavox.face.networks.conv_lstm:ConvLSTM",
    "lstm": "visavox.face.networks.recurrent:StackedLSTM",
    "dense": "visavox.face.networks.dense:Dense",
    "frame-features-cnn1d": "visavox.face.networks.frame_features:FrameFeaturesCNN1D",
    "sistcm-frame": "visavox.face.sistcm:FrameNetwork",
    "sistcm-clip": "visavox.face.sistcm:ClipNetwork",
    "sistcm-two-stream": "visavox.face.sistcm:VideoNetwork",
    "sistcm-joint": "visavox.face.sistcm_joint:JointNetwork",
    "accm": "visavox.body.networks:ACCM",
}


def fill(clip: Clip, wants: Wanted) -> Clip:
    """A clip with its faces or their mesh: those of the largest face in its pictures, followed and cut out.

    The mesh of a clip that has faces alone is found in these; pictures in which there is none are left out. A clip
    whose source is a table has none of either, and stays as it is.

    Returns:
        The clip; without any face in its pictures, with an array of none.

    Raises:
        InputError: it has neither the array, nor pictures, nor a source; or the source cannot be read.
        WeightsError: the networks that find faces were not fetched.
    """
    if getattr(clip, wants) is not None or is_table(clip):
        return clip
    if wants == "mesh" and clip.faces is not None:
        return _meshed(clip)
    crops: dict[int, list[NDArray[np.uint8]]] = {}
    meshes: dict[int, list[NDArray[np.float32]]] = {}
    times: dict[int, list[float]] = {}
    sizes: dict[int, float] = {}
    for face, crop in followed(clip):
        sizes[face.track] = sizes.get(face.track, 0.0) + float(face.box[2] * face.box[3])
        times.setdefault(face.track, []).append(face.time)
        if wants == "faces":
            crops.setdefault(face.track, []).append(crop)
        else:
            meshes.setdefault(face.track, []).append(face.points)
    largest = max(sizes, key=sizes.__getitem__, default=0)
    seen = np.array(times.get(largest, []), dtype=np.float64)
    if wants == "faces":
        faces = np.stack(crops[largest]) if sizes else np.zeros((0, 1, 1, 3), dtype=np.uint8)
        return dataclasses.replace(clip, faces=faces, times=_with(clip, "faces", seen))
    mesh = np.stack(meshes[largest]) if sizes else np.zeros((0, 468, 3), dtype=np.float32)
    return dataclasses.replace(clip, mesh=mesh, times=_with(clip, "mesh", seen))


def _meshed(clip: Clip) -> Clip:
    from visavox.face.mesh import FaceMesh, in_crop

    assert clip.faces is not None
    network = FaceMesh()
    found = [in_crop(network, face) for face in clip.faces]
    good = np.array([points is not None for points in found], dtype=bool)
    mesh = np.array([points for points in found if points is not None], dtype=np.float32).reshape(-1, 468, 3)
    given = clip.times.get("faces") if isinstance(clip.times, Mapping) else clip.times
    if given is not None and len(given) != len(found):
        raise InputError(f"{clip.source or clip.name or 'clip'}: {len(given)} times for {len(found)} pictures (faces).")
    times = None if given is None else np.asarray(given)[good]
    return dataclasses.replace(clip, mesh=mesh, times=_with(clip, "mesh", times))


def _with(clip: Clip, name: str, times: NDArray[np.floating] | None) -> Mapping[str, NDArray[np.floating]]:
    """The clip's times by array, those of a new array among them."""
    known: dict[str, NDArray[np.floating]] = {}
    if isinstance(clip.times, Mapping):
        known.update(clip.times)
    elif clip.times is not None:
        arrays = ("faces", "pictures", "mesh", "joints")
        known.update({other: clip.times for other in arrays if getattr(clip, other) is not None})
    if times is not None:
        known[name] = times
    return known


def copies(augmentation: dict[str, Any]) -> Copies | None:
    """Varied copies of training clips: none, since faces are varied as they are learned from."""
    return None


def vary(augmentation: dict[str, Any]) -> Vary | None:
    """How pictures are varied in training; takes the keys of `Variation` from the recipe's [augmentation].

    Raises:
        OptionError: a value is out of its range.
    """
    given = {key: augmentation.pop(key) for key in KEYS if key in augmentation}
    for key, value in given.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise OptionError(f"Bad value {value!r} for augmentation.{key}: expected a number from 0 on.")
    return Variation(**given) if any(given.values()) else None


KINDS = Kinds(inputs=INPUTS, networks=NETWORKS, fill=fill, copies=copies, vary=vary)
