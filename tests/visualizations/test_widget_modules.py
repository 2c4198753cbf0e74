"""The widgets' JavaScript, joined for a notebook and for a page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from spotlight.visualizations import widget_modules
from spotlight.visualizations.widget_modules import expression, module, shared_code

FOLDER = Path(widget_modules.__file__).parent / "widgets"
NAMES = sorted(path.stem for path in FOLDER.glob("*.js") if path.stem != "shared")
IMPORTS = re.compile(r"^import \{([^}]*)\} from", re.MULTILINE)


def written(name):
    return (FOLDER / f"{name}.js").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_a_widget_imports_what_is_shared_and_uses_all_that_it_imports(name):
    offered = re.findall(r"^export (?:const|function) (\w+)", written("shared"), re.MULTILINE)
    (imported,) = IMPORTS.findall(written(name))
    names = [each.strip() for each in imported.split(",") if each.strip()]
    rest = IMPORTS.sub("", written(name))
    assert set(names) <= set(offered)
    assert [each for each in names if not re.search(rf"\b{each}\b", rest)] == []


def test_all_that_is_shared_is_used_by_a_widget():
    offered = re.findall(r"^export (?:const|function) (\w+)", written("shared"), re.MULTILINE)
    imported = " ".join(IMPORTS.findall(written(name))[0] for name in NAMES)
    assert [each for each in offered if not re.search(rf"\b{each}\b", imported)] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_joined_module_imports_nothing_and_exports_its_door_alone(name):
    joined = module(name)
    assert not re.search(r"^\s*import\b|\bimport\(", joined, re.MULTILINE)
    assert re.findall(r"^export .*", joined, re.MULTILINE) == ["export default { render };"]
    assert joined.startswith(shared_code())


@pytest.mark.parametrize("name", NAMES)
def test_an_expression_for_a_page_holds_neither_imports_nor_what_is_shared(name):
    code = expression(name)
    assert not re.search(r"^(?:import|export)\b", code, re.MULTILINE)
    assert "</script" not in code + shared_code()
    assert "function tokenGrid(" in shared_code()
    assert "function tokenGrid(" not in code


@pytest.mark.parametrize(
    "text",
    [
        "export default { render };\n",
        'import { a } from "./shared.js";\nfunction render() {}\n',
        'import { a } from "./shared.js";\nexport const b = 1;\nexport default { render };\n',
    ],
    ids=["no import", "no door", "two exports"],
)
def test_a_module_of_another_form_is_refused(text, tmp_path, monkeypatch):
    (tmp_path / "odd.js").write_text(text, encoding="utf-8")
    monkeypatch.setattr(widget_modules, "_FOLDER", tmp_path)
    with pytest.raises(ValueError, match=r"odd\.js has to import once"):
        expression("odd")
