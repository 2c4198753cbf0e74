"""`index.html`: the course at a glance, in one file that opens from disk.

The page fetches nothing but `progress/progress.js` beside it, which may be missing. The widgets
on it are the notebooks' own modules, inlined, since a page opened from disk cannot import modules.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from spotlight.course.manifest import Course, LessonEntry, load_course
from spotlight.index_page.page_widgets import page_widgets
from spotlight.visualizations import palette, widget_modules

_TEMPLATES: Final = Path(__file__).parent / "templates"


def build_index(root: Path) -> str:
    """The page of the course below `root`.

    Raises:
        AuthoringError: the manifest cannot be used.
    """
    return render_index(load_course(root))


def render_index(course: Course) -> str:
    """The page as HTML; the same course always gives the same text."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["duration"] = _duration
    environment.filters["number"] = _number
    return environment.get_template("index.html.j2").render(
        course=course,
        style=_raw(_TEMPLATES / "index.css"),
        light=Markup(palette.css_variables("light")),
        dark=Markup(palette.css_variables("dark")),
        progress_script=_raw(_TEMPLATES / "index_progress.js"),
        palette=widget_modules.palette_data(),
        shared_code=Markup(widget_modules.shared_code()),
        widget_code=lambda name: Markup(widget_modules.expression(name)),
        widgets_script=_raw(_TEMPLATES / "index_widgets.js"),
        widgets=list(page_widgets()),
    )


def _raw(path: Path) -> Markup:
    return Markup(path.read_text(encoding="utf-8"))


def _duration(minutes: int) -> str:
    """Minutes up to an hour and a half, then hours to the nearest half."""
    if minutes <= 90:
        return f"{minutes} min"
    return f"{round(minutes / 30) / 2:g} h"


def _number(entry: LessonEntry) -> str:
    """What stands before a lesson's title: its number, or nothing."""
    first = entry.file.partition("_")[0]
    return first if first.isdigit() else ""
