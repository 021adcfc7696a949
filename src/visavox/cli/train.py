"""``visavox train``: a recipe in, a model with its card out; or one for each fold, or for each variant."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from visavox.cli import console
from visavox.errors import OptionError, TrainingError

if TYPE_CHECKING:
    from visavox.evaluation import Evaluation
    from visavox.evaluation.curves import Bar
    from visavox.protocols import Protocol
    from visavox.recipes import Recipe
    from visavox.recipes.sweeps import Outcome, Variant

EXAMPLES = (
    "Examples:\n\nvisavox train face --data /data/corpora   (the folder that holds fer2013/)\n\n"
    "visavox train --from voice --corpus mine.csv   (goes on with the shipped model, on your own table)\n\n"
    "visavox train lrcn/cnn1d --sweep --folds ravdess-luna5 --data /data/corpora --set training.epochs=50"
)

SLOWER = 0.1
"""Part of the recipe's learning rate with which a finished model is taught further, where nothing is said."""


def command(
    recipe: Annotated[
        str | None,
        typer.Argument(metavar="RECIPE", help="A recipe's name, or its TOML file; left out, that of --from."),
    ] = None,
    data: console.Data = None,
    folder: Annotated[str | None, typer.Option(metavar="DIR", help="The run folder; runs/NAME by default.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Override a value of the recipe; may be repeated."),
    ] = None,
    corpus: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CSV|NAME",
            help="Learn from this table (path, emotion, speaker) or corpus in place of the recipe's, its people set "
            "apart to learn from, choose by and judge; may be repeated.",
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="MODEL", help="Begin with a model's weights: its name, or its file."),
    ] = None,
    folds: Annotated[
        str | None,
        typer.Option(metavar="PROTOCOL", help="Train a network for each fold; `visavox evaluate --protocols`."),
    ] = None,
    sweep: Annotated[
        bool, typer.Option("--sweep", help="Train the recipe and each of its [[sweep]] variants.")
    ] = False,
    device: Annotated[
        str | None, typer.Option(metavar="DEVICE", help="Where it computes: cpu (default) or cuda.")
    ] = None,
    install: Annotated[
        bool, typer.Option("--install", help="Also put the model where `visavox.load(NAME)` finds it.")
    ] = False,
    quiet: console.Quiet = False,
    debug: console.Debug = False,
) -> None:
    """Trains, calibrates and judges what a recipe describes. A run that was stopped goes on where it was."""
    if recipe is None and start is None:
        raise OptionError("Missing RECIPE, or --from MODEL to go on with one (see `visavox train --help`).")
    if install and (folds or sweep):
        raise OptionError("--install puts one model into the package: leave out --folds and --sweep.")
    try:
        _train(recipe, data or None, folder, settings or [], corpus or [], start, folds, sweep, device, install, quiet)
    except MemoryError as error:
        raise TrainingError(
            "memory ran out before the training began; lower limit (--set limit=1000) or take a smaller [input]"
        ) from error


def _train(
    recipe: str | None,
    data: list[str] | None,
    folder: str | None,
    settings: list[str],
    corpus: list[str],
    start: str | None,
    folds: str | None,
    sweep: bool,
    device: str | None,
    install: bool,
    quiet: bool,
) -> None:
    from visavox import recipes
    from visavox.recipes import own, writing
    from visavox.recipes.pairing import is_fusion

    changes = recipes.parse_overrides(settings)
    text = recipes.recipe.text_of(recipe) if recipe is not None else _of_model(str(start))
    if recipe is None:
        rate = recipes.read(text).training.learning_rate
        changes.setdefault("training.learning_rate", float(f"{SLOWER * rate:.4g}"))
    if start is not None:
        changes["start"] = start
    if device is not None:
        changes["training.device"] = device
    if corpus:
        words = changes.get("words")
        named = [str(word) for word in words] if isinstance(words, list) else []
        replaced, remarks = own.replacing(text, corpus, data, words=named)
        changes = {**replaced, **changes}
        if not quiet:
            for remark in remarks:
                print(remark, file=sys.stderr)
    if is_fusion(text):
        if folds or sweep:
            raise OptionError("The recipe of a fusion has no folds and no variants: see `visavox evaluate`.")
        _one(str(recipe), data, folder, changes, install=install, quiet=quiet)
    elif sweep:
        _sweep(text, data, folder, changes, folds, quiet=quiet)
    elif folds:
        made = writing.whole(text, changes)
        read = recipes.read(made)
        place = Path(folder or Path("runs") / read.name / _called(folds))
        _folds(made, folds, data, place, quiet=quiet)
    else:
        made = writing.whole(text, changes)
        place = Path(folder or Path("runs") / recipes.read(made).name)
        kept = writing.keep(made, place)
        # The card of what a recipe made as it stands names the recipe and the changes; of others, it holds them whole.
        by_name = recipe is not None and not corpus
        _one(
            str(recipe) if by_name else str(kept),
            data,
            str(place),
            changes if by_name else {},
            install=install,
            quiet=quiet,
        )


def _of_model(name: str) -> str:
    """The recipe of a model, as its run folder or its card keeps it."""
    from visavox import zoo
    from visavox.recipes.writing import KEPT

    card = zoo.card(name)
    if not card.recipe or card.modality == "fused":
        raise OptionError(f"{name}: its card keeps no recipe of a network; name a RECIPE beside --from.")
    kept = zoo.place(name).parent / KEPT
    return kept.read_text(encoding="utf-8") if kept.is_file() else card.recipe


def _one(
    recipe: str, data: list[str] | None, folder: str | None, changes: dict[str, object], *, install: bool, quiet: bool
) -> None:
    """One model, and what it is worth."""
    from visavox import recipes
    from visavox.evaluation import curves
    from visavox.evaluation.card import headline, interval, metric, percent, protocol

    trained = recipes.run(recipe, data=data, folder=folder, overrides=changes, install=install, progress=not quiet)
    print(f"wrote {trained.path}")
    for picture in curves.write(trained.path.parent, trained.card.name, keep=trained.history.keep):
        print(f"wrote {picture}")
    best = headline(trained.card)
    if best is not None:
        between = interval(best.low, best.high)
        print(
            f"{metric(best.metric)} {percent(best.value)} %{f' ({between})' if between else ''} on {protocol(best)}"
            f"{'' if best.chance is None else f'; chance {percent(best.chance)}'}"
        )
    print(f"visavox models show {trained.path}")


def _folds(text: str, name: str, data: list[str] | None, place: Path, *, quiet: bool, told: bool = True) -> Evaluation:
    """A network for each fold, and what they are worth together."""
    from visavox import evaluation, recipes
    from visavox.evaluation import curves, page, table
    from visavox.recipes import writing

    recipe = recipes.read(text)
    asked = _protocol(name, recipe)
    kept = writing.keep(text, place)

    def tell(done: float, total: float | None) -> None:
        print(f"{recipe.name}: fold {done + 1:.0f} of {total:.0f}", file=sys.stderr, flush=True)

    judged = evaluation.evaluate(str(kept), asked, data=data, folder=place, progress=None if quiet else tell)
    judged.write_rows(place / "predictions.csv")
    judged.write_scores(place / "evaluation.json")
    title = f"{recipe.name} under {judged.protocol}"
    curves.write(place, recipe.name, keep=recipe.training.keep)
    written = [page.write(judged, place / "evaluation.html")]
    if means := judged.curves():
        written.append(page.save(curves.picture(means, f"{title}, mean of its folds"), place / "curves.svg"))
    if told:
        table.show(judged, console.printer())
        for path in written:
            print(f"wrote {path}")
    return judged


def _called(folds: str) -> str:
    """The folder of a protocol's folds."""
    from visavox.recipes.writing import slug

    return f"{folds}-folds" if folds.isdigit() else slug(folds)


def _protocol(name: str, recipe: Recipe) -> Protocol:
    """A protocol by its name; of a number, so many folds of the speakers of the recipe's own corpora."""
    from visavox import protocols
    from visavox.protocols.makers import by_rank

    if not name.isdigit():
        return protocols.named(name)
    if int(name) < 2:
        raise OptionError(f"Bad value {name!r} for --folds: expected a protocol, or how many folds, at least 2.")
    corpora = tuple(use.name for use in recipe.corpora)
    return protocols.Protocol(
        name=f"{recipe.name}-{name}-folds",
        corpora=corpora,
        words=recipe.words,
        make=by_rank(int(name)),
        about=f"every {name}th speaker, in the order of their names",
    )


def _sweep(
    text: str, data: list[str] | None, folder: str | None, changes: dict[str, object], folds: str | None, *, quiet: bool
) -> None:
    """Each variant in a folder of its own, the table of all, and a bar chart."""
    from visavox import recipes
    from visavox.evaluation import curves, page
    from visavox.recipes import sweeps, writing

    found = sweeps.variants(text, changes)
    name = recipes.read(found[0].text).name
    place = Path(folder or Path("runs") / f"{name}-sweep" / (_called(folds) if folds else ""))
    outcomes: list[Outcome] = []
    for number, variant in enumerate(found, start=1):
        if not quiet:
            print(f"{name}: variant {number} of {len(found)}, {variant.name}", file=sys.stderr, flush=True)
        here = place / writing.slug(variant.name)
        if folds:
            outcomes.append(_in_folds(variant, folds, data, here, quiet=quiet))
        else:
            outcomes.append(sweeps.train(variant, data=data, folder=here, progress=not quiet))
            curves.write(here, f"{name}, {variant.name}", keep=recipes.read(variant.text).training.keep)
        # After each, so that a sweep that is stopped leaves what it has.
        sweeps.write(outcomes, place / "sweep.csv")
        page.save(curves.bars(_bars(outcomes), _titled(name, outcomes, folds)), place / "sweep.svg")
    _show(outcomes, _titled(name, outcomes, folds))
    for file in ("sweep.csv", "sweep.svg"):
        print(f"wrote {place / file}")


def _in_folds(variant: Variant, folds: str, data: list[str] | None, place: Path, *, quiet: bool) -> Outcome:
    """What the folds of one variant are worth."""
    from visavox.recipes import sweeps

    try:
        judged = _folds(variant.text, folds, data, place, quiet=quiet, told=False)
    except TrainingError as error:
        return sweeps.Outcome(variant=variant, note=str(error))
    return sweeps.Outcome(
        variant=variant,
        scores={metric: judged.score(metric) for metric in sweeps.METRICS},
        clips=len(judged.truth),
        speakers=judged.people_count,
        note=f"{judged.protocol}, {judged.status}",
    )


def _bars(outcomes: list[Outcome]) -> list[Bar]:
    from visavox.evaluation.curves import Bar

    rows = []
    for one in outcomes:
        value, low, high = map(_known, one.scores.get("accuracy", (None, None, None)))
        rows.append(Bar(one.variant.name, value, low, high, one.variant.reported))
    return rows


def _known(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else value


def _titled(name: str, outcomes: list[Outcome], folds: str | None) -> str:
    """What a sweep shows: whose variants, and on how many clips and people."""
    clips = max(one.clips for one in outcomes)
    people = next((one.speakers for one in outcomes if one.speakers), None)
    who = f"{clips} clips" + (f" of {people} {'people' if people > 1 else 'person'}" if people else "")
    return f"{name}, its variants on {who}, {f'under {folds}' if folds else 'the test part of the recipe'}"


def _show(outcomes: list[Outcome], title: str) -> None:
    """The table of a sweep, for people."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from visavox.evaluation.card import interval, percent

    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), title=title, title_justify="left")
    for heading in ("variant", "changes", "reported, %", "accuracy, % (95 %)", "UAR, % (95 %)"):
        table.add_column(heading, overflow="fold")
    for one in outcomes:
        cells = []
        for metric in ("accuracy", "uar"):
            value, low, high = one.scores.get(metric, (None, None, None))
            between = "" if low is None or math.isnan(low) else interval(low, high)
            cells.append("–" if value is None else percent(value) + (f" ({between})" if between else ""))
        table.add_row(one.variant.name, one.variant.told, percent(one.variant.reported), *cells)
    console.printer().print(table)
    for one in outcomes:
        if not one.scores:
            print(f"{one.variant.name}: {one.note}")
