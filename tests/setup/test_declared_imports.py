"""Every package that is imported is declared in pyproject.toml, where those who need it get it."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest
from bench.peer_environment import PEERS
from tiny_course import PROJECT

DECLARED = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
COURSE = DECLARED["dependencies"]
CLUSTERS = DECLARED["optional-dependencies"]["dask"] + DECLARED["optional-dependencies"]["gateway"]
TESTS = DECLARED["optional-dependencies"]["test"]

# By import name: what is not installed with the tests and is distributed under another name.
ELSEWHERE = {"dask_gateway": "dask-gateway", "otter": "otter-grader"}


def files(*places):
    for place in places:
        path = PROJECT / place
        yield from [path] if path.is_file() else sorted(path.rglob("*.py"))


# Modules and packages of the repository itself.
OWN = {name for file in files("src", "tests", "bench") for name in (file.stem, file.parent.name)}


def imported(source):
    """The top-level names that a module's source imports, wherever in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module.partition(".")[0]


def distributions(name):
    """The distributions that bring the module of this name, as pyproject.toml may spell them."""
    return {normal(found) for found in BY_IMPORT.get(name, [ELSEWHERE.get(name, name)])}


def normal(requirement):
    return re.match(r"[\w.-]+", requirement)[0].lower().replace("_", "-")


BY_IMPORT = packages_distributions()


@pytest.mark.parametrize(
    ("places", "declared"),
    [
        (("src",), [*COURSE, *CLUSTERS]),
        (("solutions", "verify.py"), COURSE),
        (("tests", "bench"), [*COURSE, *TESTS, *PEERS]),
        (("setup_venv.py",), []),
    ],
    ids=["src", "solutions", "tests", "setup_venv.py"],
)
def test_what_is_imported_is_declared(places, declared):
    names = {name for file in files(*places) for name in imported(file.read_text(encoding="utf-8"))}
    names -= sys.stdlib_module_names | OWN
    allowed = {normal(requirement) for requirement in declared}

    assert {name for name in names if not distributions(name) & allowed} == set()


def test_an_import_is_found_wherever_it_stands():
    source = "import os.path as p\ndef f():\n    from yaml.nodes import Node\n    from . import x\n"

    assert list(imported(source)) == ["os", "yaml"]
    assert distributions("yaml") == {"pyyaml"}
