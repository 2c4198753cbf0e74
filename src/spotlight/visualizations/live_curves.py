"""Curves that grow while something trains."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

from spotlight.visualizations import palette
from spotlight.visualizations.charts import LINES, series_colour
from spotlight.visualizations.figure import Picture, quiet, style

_SECONDS_BETWEEN: Final = 0.5
_SHARE_OF_TIME: Final = 0.1


class LiveCurves:
    """Losses, drawn in place below the cell while its loop runs.

        live = LiveCurves(title=..., caption=..., references={"trigram": baseline})
        for step in range(steps):
            ...
            live.add(step, train=loss)

    It redraws twice a second at most, and never for more than a tenth of the time, so it does not
    hold up what it shows. The last points are drawn when the cell ends, also when it is
    interrupted. Outside a notebook it shows nothing; `picture()` gives the figure anywhere.
    """

    def __init__(
        self,
        *,
        title: str,
        caption: str,
        xlabel: str = "step",
        ylabel: str = "loss",
        references: Mapping[str, float] | None = None,
        logy: bool = False,
    ) -> None:
        """Start without points; nothing is shown before the first.

        Args:
            title: what the figure shows.
            caption: one sentence on what to see in it.
            xlabel: what `step` counts.
            ylabel: what the curves' numbers are, with their unit.
            references: name → a level to compare with, drawn as a level line.
            logy: a logarithmic scale up the side.
        """
        self._said = {"title": title, "caption": caption}
        self._labels = (xlabel, ylabel)
        self._references = dict(references or {})
        self._logy = logy
        self._curves: dict[str, tuple[list[float], list[float]]] = {}
        self._handle: Any = None
        self._next_drawing = 0.0
        self._behind = False

    def add(self, step: float, **values: float) -> None:
        """Add one point to each curve named; a tensor of one number will do for a number.

        Raises:
            ValueError: a value is no number, or none is given.
        """
        if not values:
            raise ValueError("add needs at least one curve's value, as in add(step, train=loss).")
        points = {name: _number(name, value) for name, value in values.items()}
        for name, value in points.items():
            steps, heights = self._curves.setdefault(name, ([], []))
            steps.append(_number("step", step))
            heights.append(value)
        self._behind = True
        if time.monotonic() >= self._next_drawing:
            self._show()

    def picture(self) -> Picture:
        """All points so far, as a figure that stays.

        Raises:
            ValueError: there is no point yet.
        """
        if not self._curves:
            raise ValueError("There is no point to draw yet: call add first.")
        with style():
            picture = Picture(7.0, 4.0, **self._said)
            axes = picture.subplots()
            quiet(axes)
            for i, (name, (steps, heights)) in enumerate(self._curves.items()):
                axes.plot(
                    steps,
                    heights,
                    color=series_colour(name, i),
                    linestyle=LINES[i % len(LINES)],
                    marker="o" if len(steps) == 1 else None,
                    linewidth=1.6,
                    label=name,
                )
            for name, level in self._references.items():
                axes.axhline(level, color=palette.FAINT_INK["light"], linewidth=1, linestyle=":")
                axes.annotate(
                    f"{name}\n{level:.3g}",
                    (1, level),
                    xycoords=("axes fraction", "data"),
                    xytext=(4, 0),
                    textcoords="offset points",
                    va="center",
                    size=8,
                    color=palette.FAINT_INK["light"],
                    parse_math=False,
                )
            axes.set_xlabel(self._labels[0])
            axes.set_ylabel(self._labels[1])
            axes.set_yscale("log" if self._logy else "linear")
            axes.legend(frameon=False)
        return picture

    def _show(self) -> None:
        """Draw in place, below the cell that adds the points, where there is one."""
        shell = _notebook_shell()
        if shell is None:
            return
        started = time.monotonic()
        if self._handle is None:
            from IPython.display import DisplayHandle

            self._handle = DisplayHandle()
            self._handle.display(self.picture())
        else:
            self._handle.update(self.picture())
        if not self._waits_for_the_cell(shell):
            shell.events.register("post_run_cell", self._finish)
        self._behind = False
        now = time.monotonic()
        self._next_drawing = now + max(_SECONDS_BETWEEN, (now - started) / _SHARE_OF_TIME)

    def _waits_for_the_cell(self, shell: Any) -> bool:
        return self._finish in shell.events.callbacks["post_run_cell"]

    def _finish(self, result: object = None) -> None:
        """Draw what the last drawing lacks, once the cell is done."""
        shell = _notebook_shell()
        if shell is not None and self._waits_for_the_cell(shell):
            shell.events.unregister("post_run_cell", self._finish)
        if self._behind:
            self._handle.update(self.picture())
            self._behind = False
        self._handle = None  # another cell draws below itself and leaves this picture as it is
        self._next_drawing = 0.0


def _notebook_shell() -> Any:
    """IPython's shell where a kernel runs it, for then a page shows what it displays."""
    from IPython import get_ipython

    shell = get_ipython()
    return shell if getattr(shell, "kernel", None) is not None else None


def _number(name: str, value: Any) -> float:
    try:
        return float(value.detach() if hasattr(value, "detach") else value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(
            f"{name} needs one number, but this is of type {type(value).__name__}."
        ) from error
