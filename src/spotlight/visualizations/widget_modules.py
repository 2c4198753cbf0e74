"""The widgets' JavaScript as the two homes need it: a notebook, and a page opened from disk.

In `widgets/`, each widget is an ES module that imports from `shared.js`. Neither home can follow
that import, so here the texts are joined: for a notebook into one module for each widget, for a
page into what all share, once, and one expression for each widget.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from spotlight.visualizations import palette

_FOLDER: Final = Path(__file__).parent / "widgets"
_IMPORT: Final = re.compile(r'^import \{[^}]*\} from "\./shared\.js";\n', re.MULTILINE)
_EXPORT: Final = re.compile(r"^export (?=const |function )", re.MULTILINE)
_DOOR: Final = "export default { render };\n"


def shared_code() -> str:
    """What all widgets share, as plain declarations."""
    return _EXPORT.sub("", _read("shared"))


def module(name: str) -> str:
    """One ES module that imports nothing, as anywidget wants it: `export default { render }`."""
    return f"{shared_code()}\n{_own_code(name)}\n{_DOOR}"


def expression(name: str) -> str:
    """An expression whose value is `{ render }`, to stand where `shared_code` is in scope."""
    return f"(() => {{\n{_own_code(name)}\nreturn {{ render }};\n}})()"


def palette_data() -> dict[str, Any]:
    """The value of each widget's `palette`: maps and CSS variables, for both themes."""
    return {
        "maps": palette.as_data(),
        "css": {
            "light": palette.css_variables("light"),
            "dark": palette.css_variables("dark"),
        },
    }


def _own_code(name: str) -> str:
    code, imports = _IMPORT.subn("", _read(name))
    if imports != 1 or not code.endswith(_DOOR) or code.count("export ") != 1:
        raise ValueError(
            f"widgets/{name}.js has to import once, from ./shared.js, and to end with {_DOOR!r}."
        )
    return code.removesuffix(_DOOR).strip()


def _read(name: str) -> str:
    return (_FOLDER / f"{name}.js").read_text(encoding="utf-8")
