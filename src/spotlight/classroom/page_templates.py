"""What the pages share: one environment, one look, and no way for a stranger's text to be HTML."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from spotlight.feedback.card_html import marked
from spotlight.printable_text import well_formed
from spotlight.visualizations import palette


def render(template: str, **values: Any) -> bytes:
    """A page of this room's templates, as UTF-8; the same values give the same bytes."""
    page = (
        _environment()
        .get_template(template)
        .render(
            light=Markup(palette.css_variables("light")),
            dark=Markup(palette.css_variables("dark")),
            page_style=Markup(_source("spotlight.classroom", "page.css")),
            card_style=Markup(_source("spotlight.feedback", "style.css")),
            **values,
        )
    )
    return page.encode()


def _finalized(value: Any) -> Any:
    return (
        well_formed(value) if isinstance(value, str) and not hasattr(value, "__html__") else value
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("spotlight.classroom"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalized,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["marked"] = lambda text: marked(well_formed(text))
    environment.filters["points"] = lambda number: f"{round(number, 4) + 0.0:.12g}"
    return environment


@cache
def _source(package: str, name: str) -> str:
    return PackageLoader(package).get_source(_environment(), name)[0]
