"""The front door: which names there are, that the docs know them, and what importing the package costs."""

from __future__ import annotations

import importlib.metadata
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import visavox

ROOT = Path(__file__).resolve().parents[1]

HEAVY = (
    "torch",
    "sklearn",
    "scipy",
    "pandas",
    "pyarrow",
    "onnxruntime",
    "ai_edge_litert",
    "av",
    "jinja2",
    "rich",
    "typer",
)
"""What `import visavox` must leave alone: each is loaded by the function that needs it."""

PROBE = """
import json, sys, time
begin = time.perf_counter()
import visavox
seconds = time.perf_counter() - begin
print(json.dumps({"seconds": seconds, "modules": sorted({name.split(".")[0] for name in sys.modules})}))
"""


def probe(code: str) -> dict[str, object]:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    result: dict[str, object] = json.loads(done.stdout)
    return result


def test_every_name_of_the_front_door_is_there() -> None:
    for name in visavox.__all__:
        assert getattr(visavox, name) is not None
        assert name in dir(visavox)


def test_the_front_door_is_small() -> None:
    assert 10 <= len(visavox.__all__) <= 15
    assert len(set(visavox.__all__)) == len(visavox.__all__)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    assert not hasattr(visavox, "analyse")


def test_editors_are_told_the_names_that_are_fetched_late() -> None:
    source = (ROOT / "src/visavox/__init__.py").read_text(encoding="utf-8")
    told = re.findall(r"^    from visavox\.(\w+) import (\w+) as (\w+)$", source, re.MULTILINE)
    assert {alias: room for room, _, alias in told} == visavox._ROOMS
    assert {*visavox._ROOMS, "__version__"} == set(visavox.__all__)


def test_the_reference_describes_the_front_door_and_nothing_else() -> None:
    text = (ROOT / "docs/reference.md").read_text(encoding="utf-8")
    described = re.findall(r"^### `visavox\.(\w+)", text, re.MULTILINE)
    assert described == visavox.__all__


def test_importing_loads_nothing_heavy() -> None:
    loaded = probe(PROBE)["modules"]
    assert isinstance(loaded, list)
    assert not set(HEAVY) & set(loaded)


def test_the_words_are_as_cheap_as_the_package() -> None:
    code = PROBE.replace(
        "import visavox", "import visavox; visavox.WORDS, visavox.Timeline, visavox.Clip, visavox.analyze"
    )
    loaded = probe(code)["modules"]
    assert isinstance(loaded, list)
    assert not set(HEAVY) & set(loaded)


def test_no_name_of_the_front_door_loads_what_trains() -> None:
    """Those come with extras; a core install has every name all the same."""
    loaded = probe(PROBE.replace("import visavox", "import visavox; [getattr(visavox, n) for n in visavox.__all__]"))
    assert isinstance(loaded["modules"], list)
    assert not {"torch", "sklearn", "scipy", "onnx", "PIL", "pyarrow"} & set(loaded["modules"])


def test_judging_is_as_cheap_as_the_words() -> None:
    loaded = probe(PROBE.replace("import visavox", "import visavox; visavox.evaluate, visavox.Baseline"))["modules"]
    assert isinstance(loaded, list)
    assert not set(HEAVY) & set(loaded)


def test_importing_takes_under_0_3_seconds() -> None:
    """The fastest of five processes counts: a busy machine says nothing about the package."""
    fastest = min(float(str(probe(PROBE)["seconds"])) for _ in range(5))
    assert fastest < 0.3


def test_one_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert visavox.__version__ == project["version"] == importlib.metadata.version("visavox")
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## {visavox.__version__}" in changes
    assert f"version: {visavox.__version__}" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


def test_constraints_name_versions_and_no_place() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][0-9a-z.]*", pin) for pin in pins)
    named = {re.split("==", pin)[0].lower().replace("_", "-").replace(".", "-") for pin in pins}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *(line for lines in project["optional-dependencies"].values() for line in lines),
    ]
    asked = {re.split(r"[\[><=~! ]", line)[0].lower() for line in wanted} - {"visavox"}
    assert asked <= named
