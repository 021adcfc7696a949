"""The pages of the published systems: what is planned, what is cut to fit the time, what a stopped page keeps."""

from __future__ import annotations

import dataclasses
import json
import sys
import types
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavox import datasets, protocols
from visavox.cli import main
from visavox.clip import Clip
from visavox.datasets import About, Sample
from visavox.errors import InputError, OptionError
from visavox.evaluation import of_scores
from visavox.protocols import Fold, Protocol
from visavox.protocols.named import SIX
from visavox.recipes import rows as recipe_rows
from visavox.reproduce import systems
from visavox.reproduce.systems import Setting, System, plots, telling
from visavox.reproduce.systems.judged import Cell, Job, protocol_of
from visavox.reproduce.systems.ledger import Ledger
from visavox.reproduce.systems.running import Line, Page, Variant, next_job
from visavox.reproduce.systems.sizing import Cost, Size, first_folds, fitting, seconds

# What a plan says.


@pytest.mark.parametrize("name", systems.SYSTEMS)
def test_every_recipe_of_a_system_has_a_place_on_its_page(name: str) -> None:
    system = systems.system(name)
    written = {row.id.partition("/")[2] for row in recipe_rows.rows() if row.id.startswith(f"{name}/")}
    assert written == set(system.rows)
    for setting in system.settings:
        assert set(setting.sweeps) <= set(setting.rows) and set(setting.reported) <= set(setting.rows)


@pytest.mark.parametrize("name", systems.SYSTEMS)
def test_the_second_column_never_leaks_on_purpose(name: str) -> None:
    for setting in systems.system(name).settings:
        protocol_of(setting, "own")
        if setting.apart:
            assert not protocol_of(setting, "apart").random


def test_an_unknown_system_or_row_is_a_misuse(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="mobel"):
        systems.system("mobile")
    with pytest.raises(OptionError, match="cnn1d"):
        systems.run(systems.system("lrcn"), folder=tmp_path, only=["cnn9d"], say=print)


# What fits into the time.


def test_a_budget_is_a_time() -> None:
    assert (seconds("90s"), seconds("45m"), seconds("2h"), seconds("45")) == (90, 2700, 7200, 2700)
    for bad in ("", "soon", "0m", "5d", "-3m"):
        with pytest.raises(OptionError, match="expected a time"):
            seconds(bad)


costs = st.builds(Cost, reading=st.floats(0, 50), fold=st.floats(0.1, 20), epoch=st.floats(0.01, 20))


@given(costs, st.integers(1, 10), st.integers(1, 300), st.floats(0, 20_000))
def test_what_is_left_of_a_row_fits_its_share(cost: Cost, folds: int, epochs: int, share: float) -> None:
    size = fitting(cost, folds=folds, epochs=epochs, share=share)
    if not size.folds:
        assert cost.of(1, 1) > share - 1e-6
        return
    assert 1 <= size.folds <= folds and 1 <= size.epochs <= epochs
    assert cost.of(size.folds, size.epochs) <= share + 1e-6
    if cost.of(folds, epochs) <= share - 1e-6:
        assert not size.cut
    if size.folds < min(2, folds):
        assert cost.of(2, 1) > share - 1e-6, "one fold alone, though there was time for two"


def test_epochs_go_before_folds_and_folds_before_the_last_epochs() -> None:
    cost = Cost(epoch=1.0)
    cut = [fitting(cost, folds=5, epochs=30, share=share).cut for share in (150, 100, 40, 10, 1.5, 0.5)]
    assert cut == [
        "",
        "20 of 30 epochs",
        "4 of 5 folds, 10 of 30 epochs",
        "2 of 5 folds, 5 of 30 epochs",
        "1 of 5 folds, 1 of 30 epochs",
        "0 of 5 folds, 0 of 30 epochs",
    ]
    assert fitting(Cost(fold=2.0), folds=5, epochs=0, share=7.0) == Size(folds=3, of_folds=5)


def jobs(*wanted: tuple[str, float]) -> list[Job]:
    """Jobs of five folds of 30 epochs, by name and weight."""
    protocol = protocols.named("ravdess-random")
    made = []
    for name, weight in wanted:
        made.append(Job(key=name, kind=name, recipe="", protocol=protocol, rows=(), folds=5, epochs=30, weight=weight))
    return made


def test_time_is_shared_out_the_least_of_each_row_first(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "page.json")
    ledger.costs = {
        "cheap": Cost(fold=1.0, epoch=0.1),
        "dear": Cost(fold=1.0, epoch=10.0),
        "variant": Cost(fold=1.0, epoch=0.1),
        "hopeless": Cost(epoch=1000.0),
    }
    left = jobs(("dear", 1.0), ("variant", 0.25), ("hopeless", 1.0), ("cheap", 1.0))
    order = []
    while (found := next_job(left, ledger, limit=400.0)) is not None:
        job, size = found
        order.append((job.key, size.cut))
        ledger.spent += ledger.costs[job.kind].of(size.folds, size.epochs)
        left.remove(job)
        if job.key == "dear":
            break
    assert [key for key, _ in order] == ["cheap", "variant", "dear"]
    assert order[0][1] == "" and order[1][1] == ""
    assert order[2][1] == "3 of 5 folds, 11 of 30 epochs"
    assert ledger.spent <= 400.0 and [job.key for job in left] == ["hopeless"]
    # What was decided before stays so, whatever is left.
    ledger.sizes["hopeless"] = Size(folds=1, of_folds=5, epochs=2, of_epochs=30)
    assert next_job(left, ledger, limit=1.0) == (left[0], ledger.sizes["hopeless"])


def actors(clips: int = 2) -> list[Sample]:
    """RAVDESS's actors, and clips of noise that nearly tell their word: what a word is, is how loud it is."""
    rng = np.random.default_rng(3)
    return [
        Sample(
            clip=Clip(
                name=f"03-01-{word}-{take}-{actor:02d}",
                voice=((0.05 + 0.1 * SIX.index(word)) * rng.normal(size=6400)).astype(np.float32).clip(-1, 1),
                person=f"ravdess-{actor:02d}",
            ),
            emotion=word,
            corpus="ravdess",
            speaker=f"ravdess-{actor:02d}",
            take=f"ravdess-{word}-{take}-{actor:02d}",
            modality="voice",
        )
        for actor in range(1, 25)
        for word in SIX
        for take in range(clips)
    ]


def test_fewer_folds_are_the_first_ones_and_few_clips_are_of_all_words() -> None:
    rows = actors(1)
    whole = protocols.named("ravdess-luna5").with_words(*SIX)
    two = first_folds(whole, 2).folds(rows)
    assert [fold.name for fold in two] == ["1", "2"]
    np.testing.assert_array_equal(two[0].test, whole.folds(rows)[0].test)
    (one,) = first_folds(whole, 1, clips=12).folds(rows)
    for side, most in ((one.train, 12), (one.test, 12)):
        assert len(side) <= most and {rows[index].emotion for index in side} == set(SIX)


def test_folds_follow_until_every_word_is_judged() -> None:
    rows = [row for row in actors(1) if row.speaker == "ravdess-01"]

    def one_by_one(name: str, rows: object, inside: np.ndarray) -> list[Fold]:
        return [Fold(str(index), np.delete(inside, index), inside[index : index + 1]) for index in range(len(inside))]

    twice = [*rows, *(dataclasses.replace(row, take=f"{row.take}-again") for row in rows)]
    single = Protocol(name="random-one", corpora=("ravdess",), words=SIX, make=one_by_one, speakers_apart=False)
    assert len(first_folds(single, 1).folds(twice)) == len(SIX)


# A page of a made system, from recipes to HTML.

SVM = """
name = "made-{name}"
modality = "voice"
words = ["angry", "calm", "fearful", "happy", "neutral", "sad"]

[[corpora]]
name = "ravdess"

[reported]
accuracy = 0.9
note = "made up"

[input]
kind = "mean-mfcc"

[network]
kind = "svm"
kernel = "{kernel}"

[[sweep]]
name = "another kernel"
reported = 0.8
[sweep.set]
network = {{ kernel = "rbf" }}
"""

MADE = System(
    name="made",
    title="a made system",
    source="nobody, 2026",
    remarks=("It was made for a test.",),
    settings=(
        Setting(
            title="Heard",
            rows=("linear", "rbf", "unwritten"),
            own="ravdess-random",
            apart="ravdess-luna5",
            words=SIX,
            sweeps=("linear",),
        ),
        Setting(title="Elsewhere", rows=("linear",), own="savee-random", apart="savee-loso", reported={"linear": None}),
    ),
)


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two recipes of a made system and a made RAVDESS; it is the working folder."""
    pytest.importorskip("sklearn")
    pytest.importorskip("torch")
    module = types.ModuleType("made-ravdess")
    module.ABOUT = About(name="ravdess", title="made", modality="voice", licence="MIT", credit="nobody")  # type: ignore[attr-defined]
    rows = actors()
    module.samples = lambda folder: rows  # type: ignore[attr-defined]
    monkeypatch.setitem(datasets.MODULES, "ravdess", "made_ravdess")  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "made_ravdess", module)
    monkeypatch.setenv("VISAVOX_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data" / "ravdess").mkdir(parents=True)
    (tmp_path / "recipes" / "made").mkdir(parents=True)
    for name in ("linear", "rbf"):
        text = SVM.format(name=name, kernel=name)
        (tmp_path / "recipes" / "made" / f"{name}.toml").write_text(text, encoding="utf-8")
    return tmp_path


def page(folder: Path, say: Callable[[str], None] = lambda _: None, **options: object) -> Page:
    return systems.run(MADE, data=str(folder / "data"), folder=folder / "runs", say=say, **options)  # type: ignore[arg-type]


@pytest.mark.torch
@pytest.mark.slow
def test_a_page_that_was_stopped_goes_on_and_tells_what_is_missing(made: Path) -> None:
    def stop(what: str) -> None:
        if "2 of" in what:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        page(made, stop, quick=True, only=["linear", "unwritten"])
    (card,) = made.glob("runs/made/quick/*/fitted/fold-*/made-linear.json")
    before = card.stat().st_mtime_ns
    done = page(made, quick=True, only=["linear", "unwritten"])
    assert card.stat().st_mtime_ns == before, "a finished fold was made again"
    heard, elsewhere = done.lines
    assert [line.row for line in heard] == ["linear", "unwritten"]
    linear, unwritten = heard
    assert linear.reported == 0.9 and linear.note == "made up"
    for side in ("own", "apart"):
        cell = linear.cells[side]
        assert cell.result is not None and cell.size == Size(folds=1, of_folds=5)
        assert cell.ends is None and cell.mean() is not None
        assert unwritten.cells[side].why == "no recipe"
        assert elsewhere[0].cells[side].why == "the corpus is missing, or not whole: savee"
    assert elsewhere[0].reported is None
    (variant,) = linear.variants
    assert variant.reported == 0.8 and variant.cells["apart"].result is not None
    assert done.quick and done.seconds > 0

    text = telling.html(done)
    assert "a quick trial" in text and "no recipe" in text and "<svg" in text
    assert "http" not in text.replace("http-equiv", ""), "the page needs something else"
    section = telling.markdown(done)
    assert "| unwritten |  | – |" in section and str(made) not in section
    told = telling.records(done)
    assert {record["side"] for record in told} == {"own", "apart"}
    assert next(r for r in told if r["row"] == "linear")["scores"]["macro-f1"]["low"] is not None


@pytest.mark.torch
@pytest.mark.slow
def test_what_there_is_no_time_for_is_left_out_and_said(made: Path) -> None:
    done = page(made, budget="1s", only=["rbf"])
    own = done.lines[0][0].cells["own"]
    assert own.result is None and own.why.startswith("no time left for it: a fold of one epoch takes about")
    ledger = Ledger.read(made / "runs" / "made" / "1s.json")
    assert ledger.spent > 0 and ledger.costs and not ledger.sizes
    (made / "runs" / "made" / "1s.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="remove it"):
        page(made, budget="1s", only=["rbf"])


# How it is told.


def cell(accuracy: float, *, people: int = 24, folds: int = 5) -> Cell:
    """A figure of a made judge who is right so often."""
    rows = [row for row in actors(1) if int(str(row.speaker)[-2:]) <= people]
    protocol = protocols.named("ravdess-random")
    said = np.full((len(rows), 6), 0.02)
    rng = np.random.default_rng(1)
    for number, row in enumerate(rows):
        word = SIX.index(row.emotion)
        said[number, word if rng.random() < accuracy else (word + 1) % 6] = 0.9
    result = of_scores("made", protocol, rows, said)
    return Cell(protocol=result.protocol, size=Size(folds=folds, of_folds=5, epochs=10, of_epochs=30), result=result)


def test_intervals_draw_people_unless_they_are_few() -> None:
    many, few = cell(0.7), cell(0.7, people=3)
    assert many.drawn == "people" and few.drawn == "clips"
    for one in (many, few):
        value = one.mean()
        assert value is not None and value.low < value.value < value.high
        assert one.ends is not None and one.ends[0] <= value.value <= one.ends[1]


def test_a_row_shows_the_report_both_columns_and_what_was_cut() -> None:
    line = Line(row="net", reported=0.8526, note="leaks", cells={"own": cell(0.8), "apart": Cell(why="no corpus")})
    told = telling.markdown(
        Page(system=MADE, lines=((line,), ()), budget="45m", quick=False, seconds=61.0)
    ).splitlines()
    (row,) = [text for text in told if text.startswith("| net |")]
    cells = [text.strip() for text in row.strip("|").split("|")]
    assert cells[1] == "85.26" and cells[5] == "–" and cells[6] == ""
    assert cells[-1] == "its split: 10 of 30 epochs; apart: no corpus; report: leaks"
    assert len(cells) == len(telling.HEADINGS)


def test_plots_show_every_figure_by_name() -> None:
    line = Line(row="a<b", reported=0.5, note="", cells={"own": cell(0.8), "apart": cell(0.4)})
    drawn = plots.figures([line])
    assert drawn.count("<circle") == 4 and "a&lt;b" in drawn and "reported 50.00" in drawn
    assert plots.figures([Line(row="x", reported=None, note="", cells={"own": Cell(why="no")})]) == ""
    bars = plots.bars([Variant(name="third layer", reported=None, cells={"own": cell(0.8)})])
    assert bars.count("<rect") == 1 and "third layer" in bars
    assert plots.bars([]) == ""


# The command.


def test_options_of_systems_are_none_of_tables(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reproduce", "luna2022", "--quick"]) == 2
    assert "--quick" in capsys.readouterr().err
    assert main(["reproduce", "lrcn", "--budget", "soon"]) == 2
    assert "45m" in capsys.readouterr().err


@pytest.mark.torch
def test_without_any_corpus_every_row_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = tmp_path / "results.md"
    words = ["reproduce", "stacking", "--data", str(tmp_path), "--folder", str(tmp_path / "runs"), "--quick"]
    assert main([*words, "--json", "--write", str(results), "--quiet"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told and all("missing" in record["why"] for record in told)
    assert "the corpus is missing" in results.read_text(encoding="utf-8")
    assert "the corpus is missing" in (tmp_path / "runs" / "stacking.html").read_text(encoding="utf-8")


@pytest.mark.torch
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("mobel", "crnn-text"),
        ("lrcn", "svm-rbf"),
        ("tutorial", "gnb-voice"),
        ("stacking", "voice"),
        ("sistcm", "accm"),
    ],
)
def test_a_quick_page_of_each_system(
    name: str, row: str, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["reproduce", name, "--data", str(data), "--folder", str(tmp_path), "--quick", "--row", row, "--json"]
    assert main([*words, "--quiet"]) == 0
    made = [record for record in json.loads(capsys.readouterr().out) if "scores" in record]
    assert {record["side"] for record in made} == {"own", "apart"}
    assert "a quick trial" in (tmp_path / f"{name}.html").read_text(encoding="utf-8")
