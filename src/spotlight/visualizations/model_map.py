"""The course's own model as a map: the whole, one block, one part of it, and where a lesson works.

Everything is drawn from a real forward pass of the mini model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import torch

from spotlight.model_utils.mini_model import load_mini_model
from spotlight.visualizations import palette
from spotlight.visualizations.canvas import Canvas, letters
from spotlight.visualizations.figure import Picture, style
from spotlight.visualizations.forward_record import Step, record_forward
from spotlight.visualizations.module_diagram import Box, corner_inside, draw, measure, notes_on

_TEXT: Final = "the cat sat on the mat ."
_GAP: Final = 0.55  # inches between two panels
_TOP: Final = 0.02
_LINE: Final = 0.17
_FAINT: Final = palette.FAINT_INK["light"]


def show_map(
    *marked: str,
    into: str = "blocks.0.attention",
    title: str = "Where this lesson works",
    caption: str = "The course's mini model as it runs on seven tokens, ever closer from left to "
    "right. What this lesson is about is filled.",
) -> Picture:
    """The mini model, beside it one of its modules opened, and beside that one of *its* modules.

    Args:
        marked: the parts to fill, each by its path in the model, such as
            "blocks.0.attention.query", or code that is no module by an operation of it, such as
            "blocks.0.attention.softmax".
        into: the path of the module that the last panel opens.
        title: what the figure shows.
        caption: one sentence on what to see in it.

    Raises:
        ValueError: the model has no part of such a path, or no panel shows it.
    """
    mini = load_mini_model()
    ids = torch.tensor([mini.tokenizer.encode(_TEXT)])  # (1, T)
    steps = _way(record_forward(mini.model, ids, depth=1 + into.count(".")), into)
    panels = [measure(_opened(step)) for step in steps]
    unknown = set(marked)
    for panel in panels:
        for part in panel.parts:
            names = (part.step.name, *part.step.operations)
            paths = {f"{panel.step.name}.{name}".lstrip(".") for name in names if name}
            found = paths & set(marked)
            part.is_marked = bool(found)
            unknown -= found
    if unknown:
        raise ValueError(f"The map shows no part called {', '.join(sorted(unknown))}.")
    return _drawn(panels, title, caption)


def _way(root: Step, into: str) -> list[Step]:
    """The steps that lead from the model to the module `into`, each by its whole path."""
    way = [replace(root, name="")]
    while way[-1].name != into:
        held = way[-1].name
        for part in way[-1].inside.steps if way[-1].inside else ():
            path = f"{held}.{part.name}".lstrip(".")
            if part.name and part.inside and (into == path or into.startswith(f"{path}.")):
                way.append(replace(part, name=path))
                break
        else:
            raise ValueError(f"The model has no module {into!r} that opens.")
    return way


def _opened(step: Step) -> Step:
    """A step with what is right inside it, which stays closed."""
    assert step.inside is not None
    parts = [replace(part, inside=None) for part in step.inside.steps]
    return replace(step, inside=replace(step.inside, steps=parts))


def _drawn(panels: Sequence[Box], title: str, caption: str) -> Picture:
    notes = list(dict.fromkeys(line for panel in panels for line in notes_on(panel)))
    height = max(panel.height for panel in panels)
    width = sum(panel.width for panel in panels) + _GAP * (len(panels) - 1)
    with style():
        canvas = Canvas(
            max(width, max(letters(line, 7.5) for line in notes)),
            height + 0.14 + _LINE * len(notes),
            title=title,
            caption=caption,
        )
        x = 0.0
        for panel, following in zip(panels, [*panels[1:], None], strict=True):
            draw(canvas, panel, x, _TOP, level=2)
            if following is not None:
                _zoom(canvas, panel, following, x)
            x += panel.width + _GAP
        canvas.text(0, height + 0.14, "\n".join(notes), ha="left", va="top", size=7.5, color=_FAINT)
    return canvas.picture


def _zoom(canvas: Canvas, panel: Box, following: Box, x: float) -> None:
    """Lines from the part that opens to the panel in which it is open."""
    name = following.step.name.removeprefix(f"{panel.step.name}.")
    place = next(i for i, part in enumerate(panel.parts) if part.step.name.split(" ")[0] == name)
    part, layout = panel.parts[place], panel.layout
    assert layout is not None
    middle_x, middle_y = layout.centres[place]
    left, top = corner_inside(panel, x, _TOP)
    right = left + middle_x + part.width / 2
    for corner, there in ((-1, _TOP), (1, _TOP + following.height)):
        canvas.axes.plot(
            [right, x + panel.width + _GAP],
            [top + middle_y + corner * part.height / 2, there],
            color=_FAINT,
            linewidth=0.8,
            linestyle=(0, (4, 3)),
            zorder=2.5,
        )
