"""A model's card as one HTML page that needs nothing else: what it is, how good it is, what it is not for."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args

import numpy as np

from visavox.evaluation import plots
from visavox.evaluation.card import Part, headline, interval, metric, parts, percent, protocol, told
from visavox.evaluation.page import save, template
from visavox.recognizer import Card, Confidence, Prior, Score


def write(card: Card, path: str | os.PathLike[str], *, terms: str = "", size: int = 0) -> Path:
    """Writes the page.

    Args:
        card: what is told.
        path: of the file; its folder is made if absent.
        terms: the licence in a word or two.
        size: bytes of the model's files; 0 where that is not known.

    Raises:
        OSError: it cannot be written there.
    """
    return save(text(card, terms=terms, size=size), path)


def text(card: Card, *, terms: str = "", size: int = 0) -> str:
    """The page as text."""
    known = parts(card)
    standing = headline(card)
    counts = np.array(card.confusion, dtype=np.float64)
    return template("evaluation/report/card.html").render(
        card=card,
        terms=terms,
        megabytes=f"{size / 1e6:.1f}" if size else "",
        headline=standing,
        where=protocol(standing) if standing is not None else "",
        parts=known,
        confusion=plots.matrix(card.words, counts) if card.words and len(counts) == len(card.words) else "",
        reliability=_reliability,
        risk=lambda one: plots.risk_coverage(one.coverage, one.error),
        whisker=_whisker,
        name=_name,
        metric=metric,
        percent=percent,
        interval=interval,
        told=told,
        priors=[name for name in get_args(Prior) if len(card.priors.get(name, ())) == len(card.words)],
        flat=_flat,
        style=(files("visavox.evaluation") / "report" / "page.css").read_text(encoding="utf-8"),
    )


def _reliability(one: Confidence) -> str:
    return plots.reliability(
        [{"clips": found.clips, "confidence": found.confidence, "accuracy": found.right} for found in one.reliability]
    )


def _whisker(score: Score) -> str:
    """A score on its line; the calibration error is no share of right answers and has none."""
    if score.metric in ("ece", "aurc"):
        return ""
    return plots.whisker(score.value, score.low, score.high, score.chance, f"{metric(score.metric)}, {score.corpus}")


def _name(part: Part, score: Score) -> str:
    """Of a score of some of a part's people: who they are."""
    return score.metric.removeprefix(part.main.metric.partition(" ")[0]).strip() or metric(score.metric)


def _flat(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Keys and values of a table in the card, tables in it laid flat."""
    found: list[tuple[str, str]] = []
    for key, value in values.items():
        if isinstance(value, Mapping):
            found.append((key, ", ".join(f"{name} {inner}" for name, inner in value.items())))
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            found += [(key, ", ".join(f"{name} {inner}" for name, inner in item.items())) for item in value]
        else:
            found.append((key, str(value)))
    return found
