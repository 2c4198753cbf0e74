"""A page that hosts one widget as anywidget does, and what a test reads from it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from spotlight.visualizations.widget_modules import module, palette_data

# A host that keeps to anywidget's contract: import the module, call its default export's render.
HOST = """<!doctype html><meta charset="utf-8">
<body style="margin: 8px">{body}<div id="here"></div>
<script type="module">
const module = await import(URL.createObjectURL(new Blob([{module}], {{type: "text/javascript"}})));
const state = {state}, listeners = {{}};
window.state = state;
window.listening = () => Object.values(listeners).flat().length;
window.change = (name, value) => {{
  state[name] = value;
  (listeners["change:" + name] ?? []).forEach((listener) => listener());
}};
window.cleanup = module.default.render({{
  model: {{
    get: (name) => state[name],
    set: (name, value) => window.change(name, value),
    save_changes: () => {{}},
    on: (event, listener) => (listeners[event] ??= []).push(listener),
    off: (event, listener) => {{
      listeners[event] = (listeners[event] ?? []).filter((each) => each !== listener);
    }},
  }},
  el: document.getElementById("here"),
}});
</script>"""

# As `HOST` is, for a second widget of the same kind on the same page.
SECOND = """async () => {
    const copy = document.querySelector("script[type=module]").textContent
        .replaceAll('"here"', '"there"');
    document.body.append(Object.assign(document.createElement("div"), {id: "there"}));
    document.body.append(Object.assign(
        document.createElement("script"), {type: "module", textContent: copy}));
}"""

THEMES = [
    ("light", "", False),
    ("dark", "", True),
    ("light", "<script>document.body.dataset.jpThemeLight = 'false'</script>", True),
    ("dark", "<script>document.body.dataset.jpThemeLight = 'true'</script>", False),
]
THEME_NAMES = ["light", "dark", "JupyterLab dark", "JupyterLab light"]


def host_page(name: str, data: dict[str, Any], *, body: str = "", twin: str = "") -> str:
    """The text of a page that shows the widget `name` with `data`."""
    state = {**data, "palette": palette_data(), "twin": twin}
    return HOST.format(body=body, module=_in_script(module(name)), state=_in_script(state))


def cell(page, row: int, column: int, within: str = ""):
    return page.locator(f'{within} .cell[data-row="{row}"][data-column="{column}"]')


def numbers(page, name: str, within: str = "body") -> np.ndarray:
    """The square of what the cells carry under `data-name`."""
    rows = page.evaluate(
        """([name, within]) => {
            const cells = [...document.querySelectorAll(`${within} .cell`)];
            const size = Math.sqrt(cells.length);
            return Array.from({length: size}, (_, i) =>
                cells.slice(i * size, (i + 1) * size).map((cell) => cell.dataset[name]));
        }""",
        [name, within],
    )
    return np.array([[float(text.replace("Infinity", "inf")) for text in row] for row in rows])


def readout(page) -> str:
    return page.locator(".readout").first.inner_text()


def set_slider(page, label: str, value: float) -> None:
    """Type an exact number beside a slider."""
    field = page.get_by_role("spinbutton", name=f"{label}, exactly")
    field.fill(str(value))
    field.press("Enter")


def focused(page, attribute: str = "aria-label") -> str | None:
    return page.evaluate("(name) => document.activeElement.getAttribute(name)", attribute)


def colour_pairs(page, selector: str) -> list[list[list[float]]]:
    """Background and text colour of each element, as RGB."""
    return page.evaluate(
        """(selector) => [...document.querySelectorAll(selector)].map((element) => {
            const style = getComputedStyle(element);
            return [style.backgroundColor, style.color].map(
                (colour) => colour.match(/[0-9.]+/g).slice(0, 3).map(Number));
        })""",
        selector,
    )


def _in_script(value: Any) -> str:
    return json.dumps(value).replace("</", "<\\/")
