"""Cards as HTML. The words of a student's are escaped here, and nowhere before."""

from __future__ import annotations

from functools import cache
from typing import Protocol

from jinja2 import Environment, PackageLoader
from markupsafe import Markup, escape


class Rendered(Protocol):
    """A card; `template` is the one that draws it."""

    @property
    def template(self) -> str:
        """The name of a file among this room's templates."""


def card_html(card: Rendered, *, with_style: bool = True) -> str:
    """A card's HTML, with the style that each one carries, or without it where a page has it."""
    template = _environment().get_template(card.template)
    return template.render(card=card, style=Markup(_style()) if with_style else "")


def marked(text: str) -> Markup:
    """Text as HTML: what stands between two backticks is set as code, all else is escaped."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    code = Markup("<code>{}</code>")
    return Markup("").join(code.format(part) if i % 2 else part for i, part in enumerate(parts))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("spotlight.feedback"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["marked"] = marked
    return environment


@cache
def _style() -> str:
    environment = _environment()
    assert environment.loader is not None
    return environment.loader.get_source(environment, "style.css")[0]
