"""How the shipped voice network is taught (torch; only recipes come here)."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from visavox.clip import Clip
from visavox.datasets import Sample
from visavox.errors import InputError, OptionError
from visavox.files import written
from visavox.media import read_sound
from visavox.voice.coding import CODINGS, code
from visavox.voice.features import STEP, LogMel, log_mel, network_input
from visavox.voice.networks.log_mel import SHORTEST, LogMelNetwork, VoiceJudge
from visavox.voice.spectra import Spectra, VoiceAugmentation, augment


class Voices(NamedTuple):
    """Labelled clips as arrays.

    Args:
        spectra: what is heard of each of n clips.
        labels: int64 [n], into the recipe's words.
        corpora: int64 [n], number of the corpus that each is from.
        votes: float32 [n, k], how listeners voted; a row of zeros where nobody was asked. None: nobody ever.
        coded: the same clips as codecs leave them; None where they are not wanted.
    """

    spectra: Spectra
    labels: NDArray[np.int64]
    corpora: NDArray[np.int64]
    votes: NDArray[np.float32] | None = None
    coded: Spectra | None = None


class VoiceTask:
    """Words of voices as a task for `visavox.training.fit`.

    Clips are drawn by the inverse square root of how many there are of their corpus and word. The score is the
    unweighted average recall over whole clips of `validation`, averaged over corpora.

    Args:
        train: to learn from.
        validation: speakers who are not in `train`, to choose the epoch on.
        words: how many words there are.
        batch: crops a step.
        augmentation: what is done to them.
        label_smoothing: part of a label that is spread over all words.
        vote_weight: part of a label that listeners' votes take, where they were asked.
        seconds: from one frame to the next.
    """

    def __init__(
        self,
        train: Voices,
        validation: Voices,
        *,
        words: int,
        batch: int,
        augmentation: VoiceAugmentation,
        label_smoothing: float = 0.1,
        vote_weight: float = 0.0,
        seconds: float = 0.01,
    ) -> None:
        self.train = train
        self.validation = validation
        self.words = words
        self.batch = min(batch, len(train.labels))
        self.augmentation = augmentation
        self.seconds = seconds
        targets = np.eye(words, dtype=np.float32)[train.labels]
        if train.votes is not None and vote_weight:
            asked = train.votes.sum(axis=1, keepdims=True)
            share = vote_weight * (asked > 0)
            targets = (1 - share) * targets + share * train.votes / np.maximum(asked, 1)
        smoothed = targets * (1 - label_smoothing) + label_smoothing / words
        self.targets: NDArray[np.float32] = smoothed.astype(np.float32)
        group = train.corpora * words + train.labels
        weight = 1.0 / np.sqrt(np.bincount(group)[group])
        self.weight: NDArray[np.float64] = weight / weight.sum()

    @property
    def frequencies(self) -> NDArray[np.float64]:
        """How often each word is asked for [k], summing to one: as clips are drawn, votes and smoothing included."""
        frequencies: NDArray[np.float64] = self.weight @ self.targets.astype(np.float64)
        return frequencies

    @property
    def steps(self) -> int:
        """Batches an epoch: as many crops as there are clips."""
        return len(self.train.labels) // self.batch

    def batches(self, rng: np.random.Generator, done: float) -> Iterator[tuple[Tensor, Tensor]]:
        """One epoch of (mel float32 [n, bands, frames], weights of words float32 [n, k])."""
        options, spectra = self.augmentation, self.train.spectra
        drawn = rng.choice(len(spectra), self.steps * self.batch, p=self.weight)
        for clips in drawn.reshape(self.steps, self.batch):
            frames = int(rng.integers(options.frames[0] // 16, options.frames[1] // 16 + 1)) * 16
            crops = spectra.crops(clips, frames, rng, stretch=options.stretch, shift=options.shift)
            if self.train.coded is not None:
                coded = rng.random(len(clips)) < options.coded
                crops[coded] = self.train.coded.crops(
                    clips[coded], frames, rng, stretch=options.stretch, shift=options.shift
                )
            noise = spectra.quiet[rng.integers(0, len(spectra), len(clips))]
            mel = augment(crops, spectra.loud[clips], noise, options, rng, seconds=self.seconds)
            target = self.targets[clips]
            if options.mixup:
                share = rng.beta(options.mixup, options.mixup, len(clips)).astype(np.float32)
                other = rng.permutation(len(clips))
                mel = share[:, None, None] * mel + (1 - share)[:, None, None] * mel[other]
                target = share[:, None] * target + (1 - share)[:, None] * target[other]
            yield torch.from_numpy(np.ascontiguousarray(mel.swapaxes(1, 2))), torch.from_numpy(target)

    def loss(self, network: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        """Cross entropy with the mixed and smoothed words."""
        device = next(network.parameters()).device
        logits, _ = network(batch[0].to(device))
        return functional.cross_entropy(logits, batch[1].to(device))

    def validate(self, network: nn.Module) -> dict[str, float]:
        """Mean recall over words ("score", averaged over corpora; each corpus's by its number) and cross-entropy.

        Without clips to validate on, a score that is no number.
        """
        if not len(self.validation.labels):
            return {"score": float("nan")}
        truth, corpora = self.validation.labels, self.validation.corpora
        logits = judge(network, self.validation.spectra).astype(np.float64)
        right = logits.argmax(axis=1) == truth
        recalls = {
            f"uar_{corpus}": float(
                np.mean([right[(corpora == corpus) & (truth == word)].mean() for word in set(truth[corpora == corpus])])
            )
            for corpus in sorted(set(corpora))
        }
        loss = np.logaddexp.reduce(logits, axis=1) - logits[np.arange(len(truth)), truth]
        score = float(np.mean(list(recalls.values())))
        return {"score": score, **(recalls if len(recalls) > 1 else {}), "validation_loss": float(loss.mean())}


class VoiceWing:
    """What voices do for a recipe (`visavox.recipes.Wing`).

    Args:
        words: the recipe's words.
        network: keywords of `LogMelNetwork`.
        input: keywords of `LogMel`, and `below`: decibels under the loudest frame at which a clip's ends are cut.
        augmentation: keywords of `VoiceAugmentation`.
        loss: `label_smoothing` and `vote_weight` of `VoiceTask`.

    Raises:
        OptionError: a keyword is none that these know.
    """

    free_axes: Mapping[int, str] = {2: "frames"}
    input_name = "mel"
    pools = False

    def __init__(
        self,
        *,
        words: Sequence[str],
        network: Mapping[str, Any],
        input: Mapping[str, Any],
        augmentation: Mapping[str, Any],
        loss: Mapping[str, Any],
    ) -> None:
        self.words = tuple(words)
        self.below = float(input.get("below", 35.0))
        self.mel = LogMel(**_checked(LogMel, {k: v for k, v in input.items() if k != "below"}, "input"))
        options = {key: value for key, value in network.items() if key != "kind"}
        self.options = dict(_checked(LogMelNetwork, {"bands": self.mel.bands, **options}, "network"))
        self.augmentation = VoiceAugmentation(**_checked(VoiceAugmentation, augmentation, "augmentation"))
        for key in loss:
            if key not in ("label_smoothing", "vote_weight"):
                raise OptionError.one_of("a key of loss", key, ["label_smoothing", "vote_weight"])
        self._loss = {key: float(value) for key, value in loss.items()}
        self.golden = ((1, self.mel.bands, 192), -14.0, 2.0)

    def describe(self) -> dict[str, Any]:
        """Options of the log-mel spectrum, where its ends are cut, and the fewest frames."""
        return {"kind": "log-mel", **asdict(self.mel), "below": self.below, "shortest": SHORTEST}

    def network(self) -> LogMelNetwork:
        """A network, initialised from torch's global seed."""
        return LogMelNetwork(words=len(self.words), **self.options)

    def task(self, train: Sequence[Sample], validation: Sequence[Sample], *, batch: int, folder: Path) -> VoiceTask:
        """The task; the spectra are kept in `folder` for the next time."""
        corpora = sorted({sample.corpus for sample in (*train, *validation)})
        learnt, held_out = (
            Voices(
                self._spectra(samples, folder / f"spectra_{role}.npz"),
                np.array([self.words.index(sample.emotion) for sample in samples], dtype=np.int64),
                np.array([corpora.index(sample.corpus) for sample in samples], dtype=np.int64),
                np.array([[(s.votes or {}).get(word, 0) for word in self.words] for s in samples], dtype=np.float32),
            )
            for role, samples in (("train", train), ("validation", validation))
        )
        if self.augmentation.coded:
            learnt = learnt._replace(coded=self._spectra(train, folder / "spectra_coded.npz", coded=True))
        return VoiceTask(
            learnt,
            held_out,
            words=len(self.words),
            batch=batch,
            augmentation=self.augmentation,
            seconds=self.mel.hop / self.mel.rate,
            **self._loss,
        )

    def judge(self, *networks: nn.Module) -> nn.Module:
        """The network itself, which takes clips of any length; of several, what they say on average."""
        return networks[0] if len(networks) == 1 else VoiceJudge(*networks)

    def inputs(self, samples: Sequence[Sample], *, folder: Path) -> Iterator[NDArray[np.float32]]:
        """Whole clips without their silent ends [1, bands, frames], one at a time."""
        for sample in samples:
            yield network_input(_voice(sample.clip), self.mel, below=self.below, shortest=SHORTEST)

    def _spectra(self, samples: Sequence[Sample], path: Path, *, coded: bool = False) -> Spectra:
        """Spectra of samples (as codecs leave them, in turn), from the file if it holds just these, heard alike."""
        if not samples:
            return Spectra([], below=self.below)
        key = repr((self.mel, [str(sample.clip.name) for sample in samples], *(CODINGS if coded else ())))
        if path.exists():
            with np.load(path) as kept:
                if str(kept["key"]) == key:
                    return Spectra(np.split(kept["values"], np.cumsum(kept["lengths"])[:-1]), below=self.below)
        spectra = []
        for number, sample in enumerate(samples):
            voice = _voice(sample.clip)
            heard = code(voice, CODINGS[number % len(CODINGS)]) if coded else voice
            spectra.append(log_mel(heard, self.mel).astype(np.float16))
        with written(path) as part, part.open("wb") as file:
            np.savez(file, key=key, values=np.concatenate(spectra), lengths=[len(spectrum) for spectrum in spectra])
        return Spectra(spectra, below=self.below)


def judge(network: nn.Module, spectra: Spectra, *, longest: int = 800) -> NDArray[np.float32]:
    """Logits of whole clips, those of the same length together; cut to whole multiples of `STEP` frames as in use.

    Args:
        network: in evaluation mode.
        spectra: of the clips.
        longest: frames of the middle that are heard of a longer clip.

    Returns:
        float32 [n, words].
    """
    lengths = np.clip(spectra.lengths // STEP * STEP, SHORTEST, longest)
    result: NDArray[np.float32] | None = None
    device = next(network.parameters()).device
    with torch.no_grad():
        for length in np.unique(lengths):
            chosen = np.flatnonzero(lengths == length)
            for start in range(0, len(chosen), 64):
                clips = chosen[start : start + 64]
                mel = np.stack([_middle(spectra[index], int(length)) for index in clips])
                inputs = torch.from_numpy(np.ascontiguousarray(mel.swapaxes(1, 2))).to(device)
                logits = network(inputs)[0].float().cpu().numpy()
                if result is None:
                    result = np.empty((len(spectra), logits.shape[1]), dtype=np.float32)
                result[clips] = logits
    return np.empty((0, 0), dtype=np.float32) if result is None else result


def _checked(kind: Callable[..., object], table: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    known = [name for name in inspect.signature(kind).parameters if name != "words"]
    for key in table:
        if key not in known:
            raise OptionError.one_of(f"a key of {where}", key, known)
    return table


def _voice(clip: Clip) -> NDArray[np.float32]:
    if clip.voice is not None:
        return clip.voice.astype(np.float32, copy=False)
    if clip.source is None:
        raise InputError(f"{clip.name or 'clip'}: it has no voice and no source to read one from.")
    return read_sound(clip.source, start=clip.start, end=clip.end)


def _middle(spectrum: NDArray[np.floating], length: int) -> NDArray[np.float32]:
    """So many frames from the middle of a clip; a shorter one is repeated."""
    if len(spectrum) < length:
        spectrum = np.concatenate([spectrum] * -(-length // max(1, len(spectrum))))
    start = (len(spectrum) - length) // 2
    return spectrum[start : start + length].astype(np.float32)
