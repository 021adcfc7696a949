"""What ears say of clips: networks and cepstra, each clip read once for all of them and kept for the next time."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from visavox.datasets import Sample
from visavox.errors import DataError, InputError, ModelError
from visavox.files import written
from visavox.media import read_sound
from visavox.recognizer import Card
from visavox.session import Session
from visavox.voice.features import LogMel, log_mel, spectrum_input, speech_frames

Floats = NDArray[np.float64]

CEPSTRA = 20
"""How many coefficients `Cepstra` keeps."""

QUANTILES = (0.1, 0.9)
"""Of each cepstral coefficient over a clip, beside mean and deviation."""

EVERY = 500
"""Clips after which it is told how far it is."""


@dataclass(frozen=True)
class Hearing:
    """What of a clip is heard: its log-mel spectrum without silent ends.

    Args:
        mel: how the spectrum is made.
        below: decibels under the loudest frame at which the ends are cut.
    """

    mel: LogMel
    below: float = 35.0

    @classmethod
    def of(cls, card: Card) -> Hearing:
        """What a network's card says that it wants."""
        known = {item.name for item in fields(LogMel)}
        mel = LogMel(**{key: value for key, value in card.input.items() if key in known})
        return cls(mel, float(card.input.get("below", 35.0)))

    def __call__(self, voice: NDArray[np.float32]) -> NDArray[np.float32]:
        """The spectrum [frames, bands] of a whole clip at 16 kHz."""
        spectrum = log_mel(voice, self.mel)
        return spectrum[speech_frames(spectrum, below=self.below)]


class Ear(Protocol):
    """What makes numbers of a clip."""

    @property
    def key(self) -> str:
        """Tells it from all others, in the name of a file."""

    @property
    def hearing(self) -> Hearing:
        """What it wants of a clip."""

    def __call__(self, spectrum: NDArray[np.float32]) -> NDArray[np.floating]:
        """Numbers [d] of a spectrum [frames, bands]."""


class Network:
    """A trained voice network: the logits of whole clips, as its recipe judges them.

    Args:
        path: the ONNX file; its card is beside it.

    Raises:
        ModelError: one of them is missing, or they do not belong together.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.card = Card.read(path.with_suffix(".json"))
        if self.card.modality != "voice":
            raise ModelError(f"{path}: its card says {self.card.modality}, not voice; train it again.")
        self.hearing = Hearing.of(self.card)
        self._session = Session(path, sha256=self.card.sha256)
        self._shortest = int(self.card.input.get("shortest", 32))

    @property
    def key(self) -> str:
        """The file's SHA-256."""
        return self.card.sha256

    def __call__(self, spectrum: NDArray[np.float32]) -> NDArray[np.floating]:
        """Logits [k]."""
        logits: NDArray[np.floating] = self._session(spectrum_input(spectrum, shortest=self._shortest))[0][0]
        return logits


@dataclass(frozen=True)
class Cepstra:
    """How cepstral coefficients are spread over a clip: mean, deviation, 10th and 90th percentile of each.

    The clip's level is taken out, as the networks do; what is left of the first coefficient is how it changes.
    """

    hearing: Hearing

    @property
    def key(self) -> str:
        """Of how they are made."""
        made = repr((self.hearing, CEPSTRA, QUANTILES))
        return f"cepstra-{hashlib.sha256(made.encode()).hexdigest()[:16]}"

    def __call__(self, spectrum: NDArray[np.float32]) -> NDArray[np.floating]:
        """Statistics [4 * 20]."""
        coefficients = (spectrum - spectrum.mean()).astype(np.float64) @ _cosines(spectrum.shape[1])
        low, high = np.quantile(coefficients, QUANTILES, axis=0)
        spread: NDArray[np.floating] = np.concatenate([coefficients.mean(axis=0), coefficients.std(axis=0), low, high])
        return spread


def listen(
    wanted: Iterable[tuple[Ear, Sequence[Sample]]], folder: Path, progress: Callable[[str], None] = lambda text: None
) -> None:
    """Has each ear hear its clips, as far as they are not kept: each clip is read once, and its spectrum made once.

    Args:
        wanted: ears and what each shall hear.
        folder: where the numbers are kept, a file for each ear and corpus.
        progress: told how far it is.

    Raises:
        InputError: a clip cannot be read.
    """
    by_corpus: dict[str, dict[str, Sample]] = {}
    missing: dict[str, dict[str, dict[str, Ear]]] = {}
    for ear, samples in wanted:
        for corpus in sorted({sample.corpus for sample in samples}):
            kept = _read(_file(ear, corpus, folder))
            for sample in samples:
                if sample.corpus == corpus and (name := str(sample.clip.name)) not in kept:
                    by_corpus.setdefault(corpus, {})[name] = sample
                    missing.setdefault(corpus, {}).setdefault(name, {})[ear.key] = ear
    for corpus, clips in by_corpus.items():
        said: dict[str, dict[str, NDArray[np.floating]]] = {}
        ears: dict[str, Ear] = {}
        for number, (name, sample) in enumerate(clips.items()):
            if number % EVERY == 0:
                progress(f"listening to {corpus}: {number} of {len(clips)} clips")
            voice = _voice(sample)
            spectra: dict[Hearing, NDArray[np.float32]] = {}
            for key, ear in missing[corpus][name].items():
                if ear.hearing not in spectra:
                    spectra[ear.hearing] = ear.hearing(voice)
                said.setdefault(key, {})[name] = ear(spectra[ear.hearing])
                ears[key] = ear
        for key, ear in ears.items():
            path = _file(ear, corpus, folder)
            _write(path, {**_read(path), **said[key]})


def heard(ear: Ear, samples: Sequence[Sample], folder: Path) -> Floats:
    """What an ear said of clips, as `listen` kept it [n, d].

    Raises:
        DataError: it has not heard one of them.
    """
    tables = {corpus: _read(_file(ear, corpus, folder)) for corpus in {sample.corpus for sample in samples}}
    for sample in samples:
        if str(sample.clip.name) not in tables[sample.corpus]:
            raise DataError(
                f"{_file(ear, sample.corpus, folder)}: nothing about {sample.clip.name}; listen to it first."
            )
    return np.stack([tables[sample.corpus][str(sample.clip.name)] for sample in samples]).astype(np.float64)


def _cosines(bands: int) -> Floats:
    """The first columns of an orthonormal DCT-II [bands, coefficients]."""
    angles = np.pi / bands * np.outer(np.arange(bands) + 0.5, np.arange(CEPSTRA))
    scale = np.where(np.arange(CEPSTRA) == 0, np.sqrt(1 / bands), np.sqrt(2 / bands))
    columns: Floats = np.cos(angles) * scale
    return columns


def _voice(sample: Sample) -> NDArray[np.float32]:
    clip = sample.clip
    if clip.voice is not None:
        return np.asarray(clip.voice, dtype=np.float32)
    if clip.source is None:
        raise InputError(f"{clip.name or 'clip'} of {sample.corpus}: it has no voice and no source to read one from.")
    return read_sound(clip.source, start=clip.start, end=clip.end)


def _file(ear: Ear, corpus: str, folder: Path) -> Path:
    return folder / f"{corpus}-{ear.key}.npz"


def _read(path: Path) -> dict[str, NDArray[np.floating]]:
    """Numbers by clip; nothing where there is no such file.

    Raises:
        DataError: the file is damaged.
    """
    if not path.is_file():
        return {}
    try:
        with np.load(path) as kept:
            return dict(zip(kept["names"].tolist(), kept["values"], strict=True))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise DataError(f"{path}: not what was kept there ({error}); delete it.") from None


def _write(path: Path, table: dict[str, NDArray[np.floating]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with written(path) as part, part.open("wb") as file:
        np.savez(file, names=np.array(list(table)), values=np.stack(list(table.values())))
