"""What the documents say of the code is so: rooms, files, names, links."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import pytest

import spotlight

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "spotlight"
ARCHITECTURE = ROOT / "docs" / "architecture.md"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
NAMING_FILES = (ARCHITECTURE, ROOT / "CONTRIBUTING.md")

_CODE = re.compile(r"`([^`\n]+)`")
_FILE = re.compile(r"(?P<file>\.?[\w-][\w.-]*(?:/[\w.-]+)*/?)(?:::(?P<name>[\w.]+))?")
_SUFFIXES = (".py", ".md", ".toml", ".sh", ".yml", ".yaml", ".j2", ".css", ".js", ".txt")
_LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
_MADE_UP = re.compile(r"NN_|NAME|^progress/")  # names with a part to fill in; what a student has


def rooms() -> set[str]:
    """The rooms as they lie in the package."""
    found = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    return found | {path.stem for path in PACKAGE.glob("*.py") if path.name != "__init__.py"}


def layers() -> list[str]:
    """The rooms in the order in which they may use each other."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    [contract] = pyproject["tool"]["importlinter"]["contracts"]
    return [layer.removeprefix("spotlight.") for layer in contract["layers"]]


def text_of(document: Path) -> str:
    return document.read_text(encoding="utf-8")


def named_files(document: Path) -> list[tuple[str, str | None]]:
    """The files that a document names in code type, each with the name in it that is meant."""
    found = []
    for code in _CODE.findall(text_of(document)):
        match = _FILE.fullmatch(code)
        if match is None or _MADE_UP.search(code):
            continue
        if match["name"] or "/" in match["file"] or match["file"].endswith(_SUFFIXES):
            found.append((match["file"], match["name"]))
    return found


def resolved(file: str) -> Path | None:
    """Where a file that a document names lies: in the project, else in the package."""
    paths = (ROOT / file, PACKAGE / file)
    return next((path for path in paths if path.exists()), None)


def defines(file: Path, name: str) -> bool:
    """Whether a module defines `name`, which may be `Class.method`."""
    body: list[ast.stmt] = ast.parse(file.read_text(encoding="utf-8")).body
    for part in name.split("."):
        named = [node for node in body if part in _bound_by(node)]
        if not named:
            return False
        body = getattr(named[0], "body", [])
    return True


def _bound_by(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def test_every_room_is_a_layer():
    missing, gone = rooms() - set(layers()), set(layers()) - rooms()
    assert not missing, (
        f"{sorted(missing)} in src/spotlight/ is in no layer. Add it to [tool.importlinter] in "
        "pyproject.toml, above every room that it imports from."
    )
    assert not gone, (
        f"{sorted(gone)} is a layer in pyproject.toml but not in src/spotlight/: take it off the "
        "list under [tool.importlinter]."
    )


def test_the_table_of_rooms_is_the_list_of_layers_in_its_order():
    section = text_of(ARCHITECTURE).partition("\n## Rooms\n")[2].partition("\n## ")[0]
    table = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    assert table == layers(), (
        "The table in docs/architecture.md, under “Rooms”, has another list of rooms than "
        "[tool.importlinter] in pyproject.toml. Give the table one row for each layer, in the same "
        "order: what the room is for, and the file to begin with."
    )


def test_the_picture_names_every_room():
    picture = ElementTree.parse(ARCHITECTURE.with_suffix(".svg"))
    texts = [node.text or "" for node in picture.iter() if node.get("class") == "room"]
    named = {room for text in texts for room in text.split(" · ")}
    assert named == set(layers()), (
        "docs/architecture.svg names other rooms than [tool.importlinter] in pyproject.toml: put "
        f"{sorted(set(layers()) - named)} in a text of class “room”, and take out "
        f"{sorted(named - set(layers()))}."
    )


@pytest.mark.parametrize("document", NAMING_FILES, ids=lambda path: path.name)
def test_every_file_that_is_named_is_there_with_the_name_in_it(document: Path):
    named = named_files(document)
    assert named
    wrong = []
    for file, name in named:
        path = resolved(file)
        if path is None:
            wrong.append(f"{file} is not there")
        elif name is not None and not defines(path, name):
            wrong.append(f"{file} defines no {name}")
    assert not wrong, f"{document.name} is to be brought up to date: {'; '.join(wrong)}."


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_to_a_file_leads_to_one(document: Path):
    targets = [target.partition("#")[0] for target in _LINK.findall(text_of(document))]
    files = [target for target in targets if target and "://" not in target]
    wrong = [target for target in files if not (document.parent / target).exists()]
    assert not wrong, f"{document.name} links to {wrong}, which is not there."


def test_the_changelog_speaks_of_this_version():
    assert spotlight.__version__ in text_of(ROOT / "CHANGELOG.md")
