"""A recipe's text, whole: what was read is what is written, and a run folder keeps to one recipe."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavox import recipes
from visavox.errors import TrainingError
from visavox.recipes.writing import keep, slug, toml, whole

ROOT = Path(__file__).resolve().parents[1]

texts = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    st.one_of(texts, st.booleans(), st.integers(-(2**60), 2**60), st.floats(allow_nan=False)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=8,
)


@given(st.dictionaries(texts, values, max_size=5))
def test_what_is_written_is_read_again(table: dict[str, object]) -> None:
    assert tomllib.loads(toml(table)) == table


@pytest.mark.parametrize("path", sorted((ROOT / "recipes").rglob("*.toml")), ids=lambda path: path.stem)
def test_every_recipe_is_the_same_when_written_anew(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert tomllib.loads(whole(text)) == tomllib.loads(text)


def test_changes_are_in_the_text() -> None:
    text = (ROOT / "recipes" / "lrcn" / "cnn1d.toml").read_text(encoding="utf-8")
    made = whole(text, {"training.epochs": 3, "network.filters": [8, 8], "limit": 40})
    assert recipes.read(made).training.epochs == 3
    assert recipes.read(made) == recipes.read(made, {"training.epochs": 3})
    assert recipes.read(made).limit == 40 and recipes.read(made).network["filters"] == [8, 8]


def test_a_folder_keeps_to_what_it_learns(tones: Path, tmp_path: Path) -> None:
    text = tones.read_text()
    keep(text, tmp_path / "run")
    for harmless in (
        {"training.device": "cuda"},
        {"training.threads": 2},
        {"purpose": "another"},
        {"judging.draws": 9},
    ):
        keep(whole(text, harmless), tmp_path / "run")
    for key, value in (("training.epochs", 9), ("network.kernel", 6), ("limit", 3), ("words", ["sad", "angry"])):
        with pytest.raises(TrainingError, match=rf"\({key.partition('.')[0]} differ\).*name another run folder"):
            keep(whole(text, {key: value}), tmp_path / "run")


def test_folders_have_names_that_every_system_takes() -> None:
    assert slug("RMSprop, 2e-5 / no norms") == "RMSprop-2e-5-no-norms"
    assert slug("...") == "..." and slug("/") == "-"
