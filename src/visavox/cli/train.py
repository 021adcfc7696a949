"""``visavox train``: a recipe in, a model with its card out."""

from __future__ import annotations

from typing import Annotated

import typer

from visavox.cli import console

EXAMPLES = (
    "Examples:\n\nvisavox train face --data /data/corpora   (the folder that holds fer2013/)\n\n"
    "visavox train my.toml --data mine=mine.csv --folder runs/mine --from voice-open --set training.epochs=5"
)


def command(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE", help="A recipe's name, or its TOML file.")],
    data: console.Data = None,
    folder: Annotated[str | None, typer.Option(metavar="DIR", help="The run folder; runs/NAME by default.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Override a value of the recipe; may be repeated."),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="MODEL", help="Begin with a model's weights: its name, or its file."),
    ] = None,
    install: Annotated[
        bool, typer.Option("--install", help="Also put the model where `visavox.load(NAME)` finds it.")
    ] = False,
    quiet: console.Quiet = False,
    debug: console.Debug = False,
) -> None:
    """Trains, calibrates and judges what a recipe describes. A run that was stopped goes on where it was."""
    from visavox import recipes
    from visavox.evaluation.card import headline, interval, metric, percent, protocol

    changes = recipes.parse_overrides(settings or ())
    if start is not None:
        changes["start"] = start
    trained = recipes.run(
        recipe, data=data or None, folder=folder, overrides=changes, install=install, progress=not quiet
    )
    print(f"wrote {trained.path}")
    best = headline(trained.card)
    if best is not None:
        between = interval(best.low, best.high)
        print(
            f"{metric(best.metric)} {percent(best.value)} %{f' ({between})' if between else ''} on {protocol(best)}"
            f"{'' if best.chance is None else f'; chance {percent(best.chance)}'}"
        )
    print(f"visavox models show {trained.path}")
