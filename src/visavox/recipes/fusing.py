"""Fusions that learn from clips: members trained, a rule fitted on what they say of whom they did not learn from.

A recipe of modality "fused" names its [members] (`visavox.recipes.members`), its [[corpora]] as any recipe does, and in
[fusion] how members are joined: the settings of `visavox.fusion.Fusion`, and

- `rule`: a rule's name; or a table: a classifier (`{ kind = "lda" }`, as in `visavox.recipes.classic`) or a network
  (`{ network = ... }`, `visavox.recipes.heads`) over what the members give.
- `members_fit`: what the rule is fitted on.
  "out-of-fold": what members say of training clips after they were trained on the other speakers of the training part;
  then members are trained once more, on all of it. The default at the decision level.
  "held-out": members learn from some of the training speakers and stay so; the rule is fitted on the others. The
  default for features: those of two networks of one kind have nothing to do with each other, so that what was fitted
  on one network's features says nothing of another's.
  "training-rows": what members say of their own training clips, as published systems mostly did. They are surer there
  than they should be; the card says so.
- `parts`: inner folds of speakers, 2 unless said otherwise, as each costs a training of every member.

- `shared`: a folder for members that several fusions have alike, such as the six rules of `lrcn` over the same two
  networks; each is trained there once, for the same recipe and clips.

All is resumable: members are trained in sub-folders of the run (`members/<source>`), and what is finished is kept.
Validation clips choose the members' epochs and calibrate the result; test clips judge it once. A member may be absent
from clips, in training and in use.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visavox.calibration import fit_temperature
from visavox.datasets import Data, Sample
from visavox.errors import OptionError, TrainingError
from visavox.fusion import Fusion, saved
from visavox.fusion.folds import inner_folds
from visavox.fusion.recognizer import PUBLISHED
from visavox.recipes import classic
from visavox.recipes.members import Member, check_unmet, member
from visavox.recipes.recipe import Recipe
from visavox.recipes.roles import Roles
from visavox.recipes.teaching import Taught, golden_input, milliseconds
from visavox.recognizer import Card
from visavox.session import Session

Floats = NDArray[np.float64]

FITS = ("out-of-fold", "held-out", "training-rows")
PARTS = 2
"""Inner folds where a recipe says nothing."""
LEAST = 1e-6
"""Probabilities are kept above this before their logarithm is taken."""


def teach(
    recipe: Recipe, sides: Roles, path: Path, *, data: Data, random: bool, progress: bool
) -> tuple[dict[str, list[Sample]], Taught]:
    """Trains the members, fits the rule, and writes it.

    Args:
        recipe: of modality "fused".
        sides: the clips by what they are for.
        path: of the ONNX file, where the rule is a learned one; members lie beside it.
        data: where corpora are.
        random: whether speakers may be on two sides.
        progress: tell how it goes, to stderr.

    Returns:
        The clips that some member can judge, and what was learned.

    Raises:
        OptionError: [members] or [fusion] says something that is not known.
        LeakError: a finished member has met somebody who judges.
        TrainingError: a member has nothing to learn from, or says nothing of anybody whom it did not learn from.
    """
    return _Making(recipe, path, data=data, random=random, progress=progress).made(sides)


class _Making:
    """The making of one fusion."""

    def __init__(self, recipe: Recipe, path: Path, *, data: Data, random: bool, progress: bool) -> None:
        options = {key: tuple(v) if isinstance(v, list) else v for key, v in recipe.fusion.items()}
        self.recipe = recipe
        self.path = path
        self.data = data
        self.random = random
        self.progress = progress
        level = str(options.get("level", "decision"))
        self.features = level != "decision"
        self.fits = str(options.pop("members_fit", "held-out" if self.features else "out-of-fold"))
        if self.fits not in FITS:
            raise OptionError.one_of("fusion.members_fit", self.fits, FITS)
        if self.features and self.fits == "out-of-fold":
            raise OptionError(
                "Features of networks that were trained on different folds have nothing to do with each other: "
                'fusion.members_fit must be "held-out" or "training-rows" at this level.'
            )
        parts = options.pop("parts", PARTS)
        if not isinstance(parts, int) or parts < 2:
            raise OptionError(f"Bad value {parts!r} for fusion.parts: expected two inner folds or more.")
        self.parts = parts
        self.shared = Path(str(options.pop("shared"))) if "shared" in options else None
        seed = options.get("seed", 1)
        self.seed = seed if isinstance(seed, int) else 1
        rule = options.pop("rule", "log-linear")
        self.called, self.rule = _rule(rule, recipe)
        known = set(inspect.signature(Fusion).parameters) - {"members", "words", "sources", "prior", "card", "nested"}
        for key in options:
            if key not in known:
                raise OptionError.one_of("a key of fusion", key, sorted({*known, "members_fit", "shared"}))
        if not recipe.members:
            raise OptionError("A fusion needs [members]: models by source, such as voice and face.")
        inputs = str(options.get("inputs", "log"))
        self.members: dict[str, Member] = {
            source: member(source, told, recipe, data, inputs) for source, told in recipe.members.items()
        }
        self.fusion = Fusion(
            {},
            rule=self.rule,
            sources=tuple(self.members),
            words=recipe.words,
            prior="corpus",
            nested=self.fits != "training-rows",
            **options,  # type: ignore[arg-type]  # checked by name above, by value there
        )

    def made(self, sides: Roles) -> tuple[dict[str, list[Sample]], Taught]:
        """The clips that can be judged, and what was learned of them."""
        kept = {role: self._able(role, samples) for role, samples in sides.items()}
        for source, one in self.members.items():
            check_unmet(source, one, self.recipe, kept, self.data)
        train = kept["train"]
        words = [sample.emotion for sample in train]
        people = None if self.random else [sample.speaker or str(sample.clip.name) for sample in train]
        rows = np.arange(len(train))
        tables: dict[str, Floats] = {}
        if not self.fusion.has_to_be_fitted:
            self._train_all(kept, "")
        elif self.fits == "held-out":
            rows, tables = self._held_out(kept, words, people)
        elif self.fits == "training-rows":
            self._train_all(kept, "")
            tables = {source: self._of_training(one, kept) for source, one in self.members.items()}
        else:
            tables = self._out_of_fold(kept, words, people)
            self._train_all(kept, "")
        truth = [words[row] for row in rows]
        if tables:
            self._say("fitting the rule")
            for source, table in tables.items():
                if np.isnan(table).all():
                    raise TrainingError(
                        f"{self.recipe.name}: {source} says nothing of anybody whom it did not learn from, so no rule "
                        f'can be fitted on it; give clips of more people, or fusion.members_fit = "training-rows", as '
                        f"published"
                    )
            own = None if people is None else [people[row] for row in rows]
            self.fusion.fit_scores(tables, truth, own)
        counts = np.bincount([self.recipe.words.index(word) for word in words], minlength=len(self.recipe.words))
        frequencies = counts / counts.sum()
        if self.fusion.frequencies_ is None:
            self.fusion.frequencies_ = dict(zip(self.recipe.words, frequencies.tolist(), strict=True))
        return kept, self._written(kept, tables, np.array(list(self.fusion.frequencies_.values())))

    def _say(self, text: str) -> None:
        if self.progress:
            print(f"{self.recipe.name}: {text}", file=sys.stderr, flush=True)

    def _able(self, role: str, samples: Sequence[Sample]) -> list[Sample]:
        """The samples that some member can judge; who is absent where is told."""
        can = {source: one.able(samples) for source, one in self.members.items()}
        if samples:
            told = ", ".join(f"{source} {int(good.sum())}" for source, good in can.items())
            self._say(f"{len(samples)} clips of {role}, of which can judge: {told}")
        some = np.asarray(np.stack(list(can.values())).any(axis=0)) if samples else np.zeros(0, dtype=bool)
        return [sample for sample, good in zip(samples, some, strict=True) if good]

    def _train_all(self, sides: Roles, part: str, *, random: bool | None = None) -> None:
        """Trains each member that learns, in its folder."""
        for source, one in self.members.items():
            if one.learns:
                self._say(f"training {source}{f', {part}' if part else ''}")
                folder = self.path.parent / "members" / source / part if part else self.path.parent / "members" / source
                folder = folder if part else folder / "whole"
                one.train(
                    sides,
                    folder,
                    shared=self.shared,
                    random=self.random if random is None else random,
                    progress=self.progress,
                )

    def _ask(self, samples: Sequence[Sample]) -> dict[str, Floats]:
        return {source: one.says(samples, self.features) for source, one in self.members.items()}

    def _of_training(self, one: Member, kept: Roles) -> Floats:
        own = getattr(one, "says_of_training", None)
        if own is not None:
            said: Floats = own(kept["train"], kept["test"])
            return said
        return one.says(kept["train"], self.features)

    def _folds(
        self, words: Sequence[str], people: Sequence[str] | None
    ) -> tuple[list[tuple[NDArray[np.int64], NDArray[np.int64]]], bool]:
        """Inner folds, and whether a speaker is on two sides of them."""
        indices = np.unique(np.asarray(words), return_inverse=True)[1]
        alone = people is None or len(set(people)) < 2
        if alone and not self.random:
            self._say("one person alone: inner folds are of clips")
        return inner_folds(indices, None if alone else people, self.parts, self.seed), alone

    def _inner(self, kept: Roles, learn: NDArray[np.int64], ask: NDArray[np.int64]) -> dict[str, list[Sample]]:
        train = kept["train"]
        return {
            "train": [train[row] for row in learn],
            "validation": list(kept["validation"]),
            "test": [train[row] for row in ask],
        }

    def _out_of_fold(self, kept: Roles, words: Sequence[str], people: Sequence[str] | None) -> dict[str, Floats]:
        """What each member says of every training clip, from others' clips alone."""
        train = kept["train"]
        tables = {source: one.says(train, self.features) for source, one in self.members.items() if not one.learns}
        if len(tables) == len(self.members):
            return tables
        folds, alone = self._folds(words, people)
        for source, one in self.members.items():
            if not one.learns:
                continue
            table = np.full((len(train), len(self.recipe.words)), np.nan)
            for number, (learn, ask) in enumerate(folds, start=1):
                sides = self._inner(kept, learn, ask)
                if not one.able(sides["train"]).any() or not one.able(sides["test"]).any():
                    continue  # nobody to learn from, or nobody to be asked about: absent in these rows
                self._say(f"training {source}, inner fold {number} of {len(folds)}")
                folder = self.path.parent / "members" / source / f"fold-{number}"
                leaks = self.random or alone
                one.train(sides, folder, shared=self.shared, random=leaks, progress=self.progress)
                table[ask] = one.says(sides["test"], self.features)
            tables[source] = table
        return {source: tables[source] for source in self.members}

    def _held_out(
        self, kept: Roles, words: Sequence[str], people: Sequence[str] | None
    ) -> tuple[NDArray[np.int64], dict[str, Floats]]:
        """Members trained on some of the training speakers, and what they say of the others."""
        folds, alone = self._folds(words, people)
        if not folds:
            raise TrainingError(f"{self.recipe.name}: too few clips to hold some out for the rule.")
        learn, ask = folds[0]
        sides = self._inner(kept, learn, ask)
        self._train_all(sides, "", random=self.random or alone)
        return ask, self._ask(sides["test"])

    def _written(self, kept: Roles, tables: Mapping[str, Floats], frequencies: Floats) -> Taught:
        """The rule in its file or card, and the fusion as it will be used."""
        folder = self.path.parent
        members = {source: one.kept(folder) for source, one in self.members.items() if one.kept(folder)}
        cards = [card for one in self.members.values() if (card := one.card()) is not None]
        golden: dict[str, Any] = {}
        difference, own, took = 0.0, 0, 0.0
        if self.fusion.is_learned:
            temperature = self._temperature(kept["validation"])
            difference = saved.write(self.fusion, self.path, tables, temperature)
            own = saved.parameters(self.fusion)
            described = saved.describe(self.fusion, self.called)
            session = Session(self.path)
            size = sum(int(np.prod(shape)) for shape in described["sources"].values()) + len(described["absences"])
            given = golden_input(self.recipe.judging.seed, (1, size))
            golden = {
                "seed": self.recipe.judging.seed,
                "shape": [1, size],
                "low": 0.0,
                "high": 1.0,
                "logits": [round(float(x), 5) for x in session(given)[0][0]],
            }
            took = milliseconds(session, given)
            fusion = saved.read(Fusion, _card(self.recipe, described, frequencies), self.path, {}, "corpus")
        else:
            temperature = 1.0
            fusion = self.fusion
            described = dict(fusion.to_card(self.recipe.name).input)
            own = sum(len(row) if isinstance(row, dict) else 1 for row in fusion.weights_.values())

        def says(samples: Sequence[Sample]) -> Floats:
            logits: Floats = np.log(np.maximum(fusion.combine(self._ask(samples)), LEAST))
            return logits

        return Taught(
            histories=(),
            frequencies=frequencies,
            parameters=own + sum(int(card.made.get("parameters", 0)) for card in cards),
            difference=difference,
            told=self._told(temperature),
            input={**described, "members": members},
            golden=golden,
            milliseconds=took,
            says=says,
            is_calibrated=True,
            more={"members": {source: card.sha256 for source, card in zip(members, cards, strict=False)}},
        )

    def _temperature(self, samples: Sequence[Sample]) -> float:
        """By which the rule's logits must be divided to be calibrated on the validation clips; 1 without any."""
        if not samples:
            return 1.0
        joined = self.fusion.combine(self._ask(samples))
        judged = ~np.isnan(joined).any(axis=1)
        truth = np.array([self.recipe.words.index(sample.emotion) for sample in samples])
        return fit_temperature(np.log(np.maximum(joined[judged], LEAST)), truth[judged]) if judged.any() else 1.0

    def _told(self, temperature: float) -> str:
        joined = f"{', '.join(self.members)} joined by {self.called}"
        if not self.fusion.fitted_on:
            return f"{joined}, which has nothing to fit"
        alone = self.fusion.fitted_on == PUBLISHED
        on = {
            "out-of-fold": f"what members say of training clips after they were trained on others "
            f"({self.parts} inner folds of {'clips' if self.random else 'speakers'})",
            "held-out": f"what members say of a part of the training clips, one in {self.parts}, that they did not "
            f"learn from ({'clips at random' if self.random else 'speakers apart'})",
            "training-rows": "what members say of their own training clips, as published",
        }[self.fits]
        rows = "" if alone == (self.fits == "training-rows") else f" ({self.fusion.fitted_on})"
        return f"{joined}, fitted on {on}{rows}, divided by a temperature of {temperature:.3f}"


def _rule(rule: object, recipe: Recipe) -> tuple[str, Any]:
    """A rule as a recipe says it: what to call it, and what `Fusion` takes."""
    if not isinstance(rule, Mapping):
        return str(rule), str(rule)
    options = {key: tuple(value) if isinstance(value, list) else value for key, value in rule.items()}
    if "network" in options:
        from visavox.recipes.heads import head

        return f"the network {options['network']}", head(options, recipe)
    kind = str(options.pop("kind", ""))
    if kind not in classic.KINDS:
        raise OptionError.one_of("fusion.rule.kind", kind, classic.KINDS)
    try:
        return classic.NAMES[kind], classic.KINDS[kind](**options)
    except TypeError as error:
        raise OptionError(f"Bad [fusion] rule of kind {kind!r}: {error}.") from None


def _card(recipe: Recipe, described: Mapping[str, Any], frequencies: Floats) -> Card:
    priors = {"corpus": tuple(frequencies.tolist())}
    return Card(recipe.name, "fused", recipe.words, input=described, priors=priors)
