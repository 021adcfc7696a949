"""What README and docs show is run, and what they list is what there is."""

from __future__ import annotations

import csv
import glob
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import visavox
from visavox import datasets, emotions, errors, fusion, protocols, weights
from visavox.datasets.offers import OFFERS
from visavox.formats import FORMATS
from visavox.fusion.classifiers import CLASSIFIERS
from visavox.timeline import REASONS

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").glob("*.md"))]
PYTHON_PAGES = [page for page in PAGES if "```python" in page.read_text(encoding="utf-8")]

CORPORA = "corpora/"
"""Where the pages' corpora lie."""

LONG = ("reproduce lrcn", "corpora get", "corpora check", "train", "reproduce luna2022", "evaluate ravdess/voice")
"""Commands of the researcher's path that download, train, or want a whole corpus."""


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def commands(page: Path) -> list[list[str]]:
    """Each `visavox ...` line of the page's shell blocks, as words; comments are dropped."""
    lines = [line for block in blocks(page, "sh") for line in block.splitlines()]
    words = [shlex.split(line, comments=True) for line in lines]
    return [line for line in words if line and line[0] == "visavox"]


def command_line(*arguments: str, where: Path) -> str:
    """Runs the command line as a user would and gives what it printed."""
    done = subprocess.run([sys.executable, "-m", "visavox", *arguments], cwd=where, capture_output=True, text=True)
    assert done.returncode == 0, f"visavox {shlex.join(arguments)}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def analysed(talker: Path, models: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a recording and what was written of it."""
    folder = tmp_path_factory.mktemp("analysed")
    shutil.copyfile(talker, folder / "interview.mp4")
    timeline = visavox.analyze(folder / "interview.mp4")
    for kind in FORMATS.values():
        recording = folder / "interview.mp4" if kind.filmed else None
        visavox.write(timeline, folder / f"interview{kind.file_ending}", recording=recording)
    return folder


@pytest.fixture
def desk(analysed: Path, tmp_path: Path) -> Path:
    """A copy of it, in which anything may be written."""
    return Path(shutil.copytree(analysed, tmp_path / "desk"))


@pytest.fixture
def with_corpora(desk: Path, data: Path) -> Path:
    """The same desk with the corpora of the pages: RAVDESS whole, of EMO-DB a clip a speaker and word, a table."""
    folder = desk / CORPORA
    folder.mkdir()
    (folder / "ravdess").symlink_to(data / "ravdess")
    (desk / "openpose").symlink_to(data / "body" / "openpose_raw")
    (desk / "walk.bvh").symlink_to(data / "body" / "bvh_raw" / "dataset-1_walk_sad_001.bvh")
    chosen = {(row.speaker, row.emotion): row for row in reversed(datasets.load("emo-db", data))}
    assert len(chosen) > 60
    for row in chosen.values():
        path = Path(str(row.clip.source))
        (folder / "emo-db" / path.name).parent.mkdir(exist_ok=True)
        (folder / "emo-db" / path.name).symlink_to(path.resolve())
    with (desk / "mine.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["path", "emotion", "speaker"])
        told = [row for row in chosen.values() if row.emotion in ("neutral", "happy", "angry")]
        table.writerows([Path(str(row.clip.source)).resolve(), row.emotion, row.speaker] for row in told)
    return desk


def run_python(page: Path) -> None:
    """Runs what a page shows in one session, as somebody would who pastes it from top to bottom."""
    session = {"__name__": "__main__"}
    for block in blocks(page, "python"):
        exec(compile(block, str(page), "exec"), session)


def wants_corpora(page: Path) -> bool:
    return CORPORA in "".join(blocks(page, "python"))


@pytest.mark.parametrize("page", [page for page in PYTHON_PAGES if not wants_corpora(page)], ids=lambda page: page.name)
def test_python_that_is_shown_runs(page: Path, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(desk)
    run_python(page)


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PYTHON_PAGES if wants_corpora(page)], ids=lambda page: page.name)
def test_what_researchers_are_shown_runs(page: Path, with_corpora: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shell and Python of a page, but for what would take an hour."""
    monkeypatch.chdir(with_corpora)
    for words in commands(page):
        if page.name == "researchers.md" and not " ".join(words[1:]).startswith(LONG):
            command_line(*words[1:], where=with_corpora)
    run_python(page)


def test_shell_that_readme_shows_runs(desk: Path) -> None:
    for words in commands(README):
        arguments = [path for word in words[1:] for path in (sorted(glob.glob(word, root_dir=desk)) or [word])]
        command_line(*arguments, where=desk)
    assert {path.name for path in (desk / "results").iterdir()} >= {"interview.html", "interview.csv", "interview.json"}


def test_every_option_that_is_shown_exists(tmp_path: Path) -> None:
    shown: dict[tuple[str, ...], set[str]] = {}
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for line in re.findall(
            r"visavox ((?:analyze|demo|doctor|evaluate|reproduce|train|(?:models|corpora) \w+)\b[^`\n#]*)", text
        ):
            name = tuple(re.match(r"(?:models|corpora) \w+|\w+", line)[0].split())  # type: ignore[index]
            shown.setdefault(name, set()).update(re.findall(r"(?<!\S)--[a-z-]+", line))
    for name, options in shown.items():
        help_text = command_line(*name, "--help", where=tmp_path)
        assert {option for option in options if option not in help_text} == set(), name


def test_make_targets_that_are_shown_exist() -> None:
    shown = {
        word for page in PAGES for word in re.findall(r"(?:`|^)make ([a-z]+)", page.read_text("utf-8"), re.MULTILINE)
    }
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert phony is not None and shown and shown <= set(phony[1].split())


def test_scores_are_the_cards_scores(models: tuple[str, ...]) -> None:
    """`make scores` brings README up to date."""
    block = re.search(r"<!-- scores -->\n(.*?)<!-- /scores -->", README.read_text("utf-8"), re.DOTALL)
    assert block is not None
    assert block[1].strip() == command_line("models", "list", "--markdown", where=ROOT).strip()


@pytest.mark.torch
def test_rows_are_those_of_the_recipes() -> None:
    """`make scores` brings docs/models.md up to date."""
    pytest.importorskip("torch")
    block = re.search(r"<!-- rows -->\n(.*?)<!-- /rows -->", (ROOT / "docs/models.md").read_text("utf-8"), re.DOTALL)
    assert block is not None
    assert block[1].strip() == command_line("models", "list", "--all", "--markdown", where=ROOT).strip()


def test_every_reason_is_explained() -> None:
    assert table(ROOT / "docs/users.md", "reason") == dict(REASONS)


def test_every_format_is_listed() -> None:
    listed = table(ROOT / "docs/users.md", "suffix")
    assert set(listed) == {kind.suffixes[0] for kind in FORMATS.values()}


def test_every_corpus_is_listed_with_how_it_is_had() -> None:
    told = table(ROOT / "docs/corpora.md", "corpus")
    had = {name: "get" if name in OFFERS else datasets.corpus(name).ABOUT.access for name in datasets.names()}
    assert told == had
    assert f"readers of {len(had)} corpora" in README.read_text("utf-8")


def test_every_protocol_is_listed() -> None:
    text = (ROOT / "docs/evaluation.md").read_text("utf-8")
    for name in protocols.names():
        stem = "ravdess-random"
        assert f"`{name}`" in text or (name.startswith(stem) and f"`{name.removeprefix(stem)}`" in text), name


def test_every_rule_is_listed() -> None:
    text = (ROOT / "docs/fusion.md").read_text("utf-8")
    for name in (*fusion.RULES, *fusion.WEIGHTED, *CLASSIFIERS):
        assert f"`{name}`" in text, name


def test_every_rule_that_an_analysis_takes_is_listed() -> None:
    text = (ROOT / "docs/users.md").read_text("utf-8")
    for name in fusion.RULES:
        assert f"`{name}`" in text or f'"{name}"' in text, name


def test_every_error_is_in_the_reference() -> None:
    told = re.search(r"^ +members: \[(.*)\]$", (ROOT / "docs/reference.md").read_text("utf-8"), re.MULTILINE)
    there = [
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.VisavoxError) and value is not errors.VisavoxError
    ]
    assert told is not None and told[1].split(", ") == there


def test_every_room_is_on_the_map() -> None:
    """The map has the layers of pyproject.toml, ground floor first."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    layers = project["tool"]["importlinter"]["contracts"][0]["layers"]
    text = (ROOT / "docs/developers.md").read_text("utf-8")
    rows = re.search(r"^\| room \|.*\n\|[-| ]+\n((?:\|.*\n)+)", text, re.MULTILINE)
    assert rows is not None
    told = [set(re.findall(r"`(\w+)`", row.split("|")[1])) for row in rows[1].splitlines()]
    assert told == [set(layer.split(" | ")) for layer in reversed(layers) if layer != "__main__"]


def test_every_file_of_others_is_listed() -> None:
    assert set(table(ROOT / "docs/models.md", "file")) == set(weights.FILES)


def test_the_prior_that_is_told_is_the_one_in_use() -> None:
    told = re.search(r"mostly neutral \(([\d.]+)\)", (ROOT / "docs/users.md").read_text("utf-8"))
    assert told is not None and float(told[1]) == emotions.LIFE_PRIOR["neutral"]


def test_pages_link_to_pages_that_are_there() -> None:
    for page in PAGES:
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
            assert (page.parent / link).exists(), f"{page.name} links to {link}"


def table(page: Path, head: str) -> dict[str, str]:
    """The last column by the first of the table whose head begins so."""
    text = page.read_text(encoding="utf-8")
    rows = re.search(rf"^\| {head} \|.*\n\|[-| ]+\n((?:\|.*\n)+)", text, re.MULTILINE)
    assert rows is not None, f"{page.name} has no table that begins with {head}"
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[1].splitlines()]
    return {row[0].strip("`"): row[-1] for row in cells}
