"""What a fusion was given: checked, told and changed in scikit-learn's manner."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Literal

from visavox.errors import OptionError
from visavox.fusion.calibrating import CALIBRATIONS
from visavox.fusion.classifiers import CLASSIFIERS, check_classifier
from visavox.fusion.features import JOINS
from visavox.fusion.folds import fresh
from visavox.fusion.inputs import Scores
from visavox.fusion.joint import KINDS, Joint
from visavox.fusion.rules import RULES, WEIGHTED
from visavox.recognizer import check_prior

if TYPE_CHECKING:
    from visavox.fusion.recognizer import Fusion

Level = Literal["decision", "feature", "joint"]
LEVELS: tuple[str, ...] = ("decision", "feature", "joint")


def check(fusion: Fusion) -> None:
    """Asks for settings that there are.

    Raises:
        OptionError: If one has a value that it does not take.
    """
    if fusion.level not in LEVELS:
        raise OptionError.one_of("level of a fusion", fusion.level, LEVELS)
    known = {"decision": (*RULES, *WEIGHTED, *CLASSIFIERS), "feature": CLASSIFIERS, "joint": KINDS}[fusion.level]
    if isinstance(fusion.rule, str):
        if fusion.rule not in known:
            raise OptionError.one_of("fusion", fusion.rule, known)
    elif fusion.level == "joint":
        if not isinstance(fusion.rule, Joint):
            raise OptionError.one_of("fusion", fusion.rule, (*KINDS, "a Joint"))
    else:
        check_classifier(fusion.rule)
    check_prior(fusion.prior)
    if fusion.prior == "corpus" and fusion.card is not None and "corpus" not in fusion.card.priors:
        raise OptionError.one_of("prior of a fusion", fusion.prior, ("uniform", "life"))
    if fusion.powers not in ("source", "source-and-word"):
        raise OptionError.one_of("powers", fusion.powers, ("source", "source-and-word"))
    if fusion.join not in JOINS:
        raise OptionError.one_of("join", fusion.join, JOINS)
    Scores(fusion.inputs, fusion.scaler)
    if fusion.calibration not in CALIBRATIONS:
        raise OptionError.one_of("calibration", fusion.calibration, CALIBRATIONS)
    if fusion.calibration != "none" and fusion.level != "decision":
        raise OptionError("Features are not calibrated: calibration is for the decision level.")
    if not 0 <= fusion.dropped <= 10:
        raise OptionError(f"Bad value {fusion.dropped!r} for dropped: expected a part of the rows from 0 on.")
    if fusion.parts < 2:
        raise OptionError(f"Bad value {fusion.parts!r} for parts: expected two inner folds or more.")
    if not fusion.words or len(set(fusion.words)) < len(fusion.words):
        raise OptionError(f"Bad value {tuple(fusion.words)!r} for words: expected different words.")
    sources = tuple(fusion.sources or fusion.members)
    if not sources:
        raise OptionError("A fusion needs at least one member.")
    for source in {*fusion.members, *(fusion.weights or {})} - set(sources):
        raise OptionError.one_of("source", source, sources)


def of(fusion: Fusion) -> dict[str, object]:
    """What the constructor was given, by name."""
    return {name: getattr(fusion, name) for name in tuple(inspect.signature(type(fusion).__init__).parameters)[1:]}


def with_parts(fusion: Fusion) -> dict[str, object]:
    """What the constructor was given, and the settings of members and rule as ``source__setting``."""
    found = of(fusion)
    for name, part in {**fusion.members, "rule": fusion.rule}.items():
        if hasattr(part, "get_params") and not isinstance(part, type):
            found |= {f"{name}__{key}": value for key, value in part.get_params().items()}
    return found


def changed(fusion: Fusion, settings: dict[str, object]) -> dict[str, object]:
    """What the constructor is to be given once settings are changed; those of members and rule are changed in place.

    Raises:
        OptionError: If there is no such setting.
    """
    own = of(fusion)
    for name, value in settings.items():
        part, _, rest = name.partition("__")
        parts = {**fusion.members, "rule": fusion.rule}
        if rest and hasattr(parts.get(part), "set_params"):
            getattr(parts[part], "set_params")(**{rest: value})  # noqa: B009 - not every rule has it
        elif name in own:
            own[name] = value
        else:
            raise OptionError.one_of("setting of a fusion", name, own)
    return own


def forgotten(fusion: Fusion) -> dict[str, object]:
    """What the constructor was given, with members and rule that have learned nothing; those that never do, shared."""
    own = of(fusion)
    own["members"] = {source: fresh(member) for source, member in fusion.members.items()}
    own["rule"] = fresh(fusion.rule)
    return own
