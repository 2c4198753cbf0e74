"""Cards for notebooks: HTML where there is a browser, the same words as plain text elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader
from markupsafe import Markup, escape

from spotlight.course.lesson import Exercise, without_docstrings
from spotlight.feedback.heat_tables import comparison_tables, input_tables
from spotlight.feedback.words import SAID, TONE, points, sentence
from spotlight.grading.report import LessonReport
from spotlight.grading.verdict import Comparison, Verdict

_MAX_LINES = 4


@dataclass(frozen=True)
class Card:
    """What `display` shows: `html` in a browser, `text` in a terminal."""

    html: str
    text: str

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": self.text}


def exercise_card(verdict: Verdict, remarks: Sequence[str] = (), offer: str = "") -> Card:
    """The verdict on one exercise, and what is offered to the student next.

    Beside its sentence: the student's own lines of an error and what it means; the smallest failing
    case with what went in, target, yours and difference; how its first wrong entry comes about.
    """
    report = verdict.report
    message = sentence(report)
    shown = verdict.comparison
    tables = comparison_tables(shown) if shown else ()
    lines = _error_lines(verdict) if report.status in ("error", "failed") else []
    remarks = (*report.remarks, *remarks)
    entry = entry_sentence(shown) if shown else ""
    html = render_card(
        "exercise.html.j2",
        report=report,
        tone=TONE[report.status],
        said=SAID[report.status],
        message=message,
        lines=lines,
        inputs=input_tables(shown) if shown else (),
        tables=tables,
        case=shown.description if shown else "",
        entry=entry,
        offer=offer,
        remarks=remarks,
    )
    head = f"{report.title}: {SAID[report.status]} ({report.points:g} of {report.possible:g})"
    text = [head, message, *lines, report.explanation, entry, offer, *remarks]
    return Card(html, "\n".join(filter(None, text)))


def entry_sentence(comparison: Comparison) -> str:
    """How the first wrong entry comes about, where that is known."""
    if not comparison.entry:
        return ""
    place = f" at {list(comparison.index)}" if comparison.index else ""
    return f"By hand, the number{place}: {comparison.entry}"


def solution_card(exercise: Exercise, yours: str) -> Card:
    """The course's solution beside the student's own, and why it is written as it is."""
    title, yours, reference = exercise.title, without_docstrings(yours), exercise.reference
    html = render_card(
        "solution.html.j2", title=title, yours=yours, reference=reference, why=exercise.why
    )
    columns = ["Yours:", yours, "The course's:", reference, exercise.why]
    return Card(html, "\n\n".join([f"Solution  {title}", *columns]))


def lesson_card(report: LessonReport, remarks: Sequence[str] = ()) -> Card:
    """A whole lesson: a bar, one row per exercise and prediction."""
    rows = [
        {
            "tone": TONE[e.status],
            "said": SAID[e.status],
            "title": e.title,
            "message": "" if e.status in ("passed", "blank") else sentence(e),
            "points": f"{e.points:g} of {e.possible:g}",
        }
        for e in report.exercises
    ] + [
        {
            "tone": "good" if p.answered else "calm",
            "said": "committed" if p.answered else "not done yet",
            "title": f"Prediction {p.prediction}",
            "message": "",
            "points": f"{p.points:g} of {p.possible:g}",
        }
        for p in report.predictions
    ]
    of_exercises = (f"{e.title}: {remark}" for e in report.exercises for remark in e.remarks)
    remarks = (*report.notes, *of_exercises, *remarks)
    share = round(100 * report.points / report.possible) if report.possible else 0
    html = render_card("lesson.html.j2", report=report, rows=rows, share=share, remarks=remarks)
    head = f"{report.title}: {report.points:g} of {points(report.possible)}"
    body = [f"  {row['said']:<16} {row['title']}  {row['message']}".rstrip() for row in rows]
    return Card(html, "\n".join([head, *body, *remarks]))


def note_card(
    kind: str,
    head: str,
    *paragraphs: str,
    title: str = "",
    code: str = "",
    tone: str = "calm",
) -> Card:
    """A card that says something other than a verdict; `kind` names it for tests and styles."""
    html = render_card(
        "note.html.j2",
        kind=kind,
        head=head,
        title=title,
        paragraphs=paragraphs,
        code=code,
        tone=tone,
    )
    return Card(html, "\n".join(filter(None, [f"{head}  {title}".rstrip(), *paragraphs, code])))


def _error_lines(verdict: Verdict) -> list[str]:
    """The student's own lines of a traceback, the last one being where it was raised."""
    trouble = verdict.trouble
    if trouble is None:
        return []
    frames = [frame for frame in trouble.frames if frame.text][-_MAX_LINES:]
    if not frames:
        return []
    if len(frames) == 1 and f"`{frames[0].text}`" in verdict.report.message:
        return []  # the sentence above has it all
    shown = [f"line {frame.line}:  {frame.text}" for frame in frames]
    return [*shown, f"{trouble.type}: {trouble.message.splitlines()[0] if trouble.message else ''}"]


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


def marked(text: str) -> Markup:
    """Text as HTML: what stands between two backticks is set as code, all else is escaped."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    code = Markup("<code>{}</code>")
    return Markup("").join(code.format(part) if i % 2 else part for i, part in enumerate(parts))


@cache
def _style() -> str:
    environment = _environment()
    assert environment.loader is not None
    return environment.loader.get_source(environment, "style.css")[0]


def render_card(template: str, **values: Any) -> str:
    """A card's HTML, with the style that each one carries."""
    return _environment().get_template(template).render(style=Markup(_style()), **values)
