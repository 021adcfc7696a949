"""A model's card as tables in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from visavox.evaluation.card import Part, interval, metric, parts, percent
from visavox.recognizer import Card, Confidence, Prior

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

SHOWN = 10
"""Points of a risk-coverage curve that are printed."""


def show(card: Card, out: Console, *, terms: str = "", size: int = 0) -> None:
    """Prints all of a card.

    Args:
        card: what is told.
        out: where to.
        terms: the licence in a word or two.
        size: bytes of the model's files.
    """
    from rich.markup import escape

    def section(title: str, text: str = "") -> None:
        out.print(f"\n[bold]{title}[/bold]")
        if text:
            out.print(escape(" ".join(text.split())))

    out.print(f"[bold]{escape(card.name)}[/bold]  {card.modality}, version {escape(card.version)}, {size / 1e6:.1f} MB")
    if card.words:
        out.print(f"words: {', '.join(card.words)}")
    section("For", card.purpose or "not said")
    section("Not for", card.not_for or "not said")
    section("Licence", f"{card.licence or 'not said'}  [{terms}]")
    section("Learned from")
    for corpus in card.corpora:
        who = f", {corpus.speakers} people" if corpus.speakers else ""
        out.print(
            escape(f"- {corpus.name}: {corpus.used or 'all of it'}; {corpus.clips:,} clips{who}; {corpus.licence}")
        )
        if corpus.credit:
            out.print(escape(f"  {corpus.credit}"))
    if card.split:
        section("Kept apart", card.split)
    if card.protocol:
        section("How it was made and judged", card.protocol)
    for part in parts(card):
        _part(out, part)
    _confusion(out, card)
    section("In use")
    for key, value in card.input.items():
        out.print(escape(f"{key}: {value}"))
    if card.words:
        out.print(f"temperature: {card.temperature:.3f}")
    for name in get_args(Prior):
        if len(card.priors.get(name, ())) == len(card.words):
            shares = ", ".join(f"{word} {100 * p:.0f}" for word, p in zip(card.words, card.prior(name), strict=True))
            out.print(f"prior {name}, %: {shares}")
    if card.sha256:
        out.print(f"SHA-256: {card.sha256}")
    for key, value in card.made.items():
        out.print(escape(f"{key}: {value}"))
    if card.recipe:
        section("Recipe")
        out.print(escape(card.recipe.rstrip()))


def _part(out: Console, part: Part) -> None:
    """Scores on one part of a corpus, and what its confidence is worth there."""
    from rich.markup import escape

    out.print(f"\n[bold]Scores[/bold] on {escape(part.corpus)}, {escape(part.part)} ({part.status})")
    table = _table("", "%", "95 % interval", "chance", "people's own", "people", "clips")
    table.add_column("")
    for score in part.scores:
        table.add_row(
            metric(score.metric),
            percent(score.value),
            interval(score.low, score.high),
            percent(score.chance) if score.chance is not None else "",
            percent(score.people) if score.people is not None else "",
            f"{score.speakers:,}" if score.speakers else "",
            f"{score.clips:,}",
            escape("; ".join(filter(None, (score.note, "" if part.command else score.command)))),
        )
    out.print(table)
    if part.command:
        out.print(f"printed by: {escape(part.command)}", soft_wrap=True)
    if part.confidence is not None:
        _confidence(out, part.confidence)


def _confidence(out: Console, one: Confidence) -> None:
    """Reliability, empty bins left out, and every other point of the risk-coverage curve."""
    full = [found for found in one.reliability if found.clips]
    reliability = _table("sure, %", *(percent(found.confidence, 0) for found in full))
    reliability.add_row("right, %", *(percent(found.right, 0) for found in full))
    reliability.add_row("clips", *(str(found.clips) for found in full))
    out.print(reliability)
    step = max(1, len(one.coverage) // SHOWN)
    curve = list(zip(one.coverage, one.error, strict=True))[step - 1 :: step]
    risk = _table("the surest, %", *(percent(share, 0) for share, _ in curve), "area")
    risk.add_row("wrong, %", *(percent(wrong, 0) for _, wrong in curve), percent(one.area))
    out.print(risk)


def _confusion(out: Console, card: Card) -> None:
    if len(card.confusion) != len(card.words) or not card.words:
        return
    out.print("\n[bold]Taken for[/bold] (rows: shown, columns: judged; clips)")
    table = _table("", *card.words)
    for word, counts in zip(card.words, card.confusion, strict=True):
        table.add_row(word, *(str(count) for count in counts))
    out.print(table)


def _table(*columns: str) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0) if len(columns) > SHOWN else (0, 1))
    for number, name in enumerate(columns):
        table.add_column(name, justify="right" if number else "left", no_wrap=True)
    return table
