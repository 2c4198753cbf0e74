"""What every figure of the suite shares: how it is drawn, titled, captioned and shown.

A `Picture` belongs to the call that made it and to nothing else: it is never registered with
pyplot. So a notebook shows it once, where a cell ends with the call (or passes it to `display`),
whatever matplotlib backend is in force, and a script that only makes it draws nothing.
"""

from __future__ import annotations

import base64
import io
import re
import textwrap
import warnings
from collections.abc import Sequence
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spotlight.visualizations import palette

_DOTS_PER_INCH: Final = 160
_SCREEN_DOTS_PER_INCH: Final = 80
_POINTS_PER_CAPTION_LETTER: Final = 4.75
_EMPHASIS: Final = re.compile(r"\*(?=\S)([^*$\n]+)(?<=\S)\*")
_STYLE: Final = {
    "font.size": 9,
    "axes.edgecolor": palette.RULE["light"],
    "axes.labelcolor": palette.INK["light"],
    "axes.labelsize": 9,
    "axes.titlesize": 10,
    "xtick.color": palette.INK["light"],
    "ytick.color": palette.INK["light"],
    "text.color": palette.INK["light"],
    "mathtext.fontset": "dejavusans",
}


class Picture(Figure):
    """A figure with a title above and a one-sentence caption below, which shows itself once.

    In both, `*word*` stands for emphasis and `$...$` for a formula.

    The background is white in every theme: figures are read beside each other, printed and
    pasted into reports, so they look the same everywhere.
    """

    def __init__(self, width: float, height: float, *, title: str, caption: str) -> None:
        """Start an empty picture of `width` × `height` inches."""
        super().__init__(
            figsize=(width, height), layout="constrained", facecolor=palette.BACKGROUND["light"]
        )
        self.title = title
        self.caption = caption
        letters = max(20, int((width - 0.2) * 72 / _POINTS_PER_CAPTION_LETTER))
        title_letters = max(20, int(letters * 0.82))
        self.suptitle(_typeset(title, title_letters), x=0.01, ha="left", size=11, weight="bold")
        self.supxlabel(
            _typeset(caption, letters),
            x=0.01,
            ha="left",
            size=9,
            color=palette.FAINT_INK["light"],
        )

    @property
    def description(self) -> str:
        """Title and caption in plain words, for those who cannot see the picture."""
        return _EMPHASIS.sub(r"\1", f"{self.title}: {self.caption}")

    @property
    def screen_size(self) -> tuple[int, int]:
        """Width and height on a page, in CSS pixels."""
        width, height = self.get_size_inches()
        return round(width * _SCREEN_DOTS_PER_INCH), round(height * _SCREEN_DOTS_PER_INCH)

    def png(self) -> bytes:
        """The picture as a PNG file, twice as sharp as a screen needs."""
        buffer = io.BytesIO()
        with warnings.catch_warnings(), style():
            # A token in a script that the font lacks is drawn as a box: no reason to warn.
            warnings.filterwarnings("ignore", message="Glyph .* missing from")
            self.savefig(buffer, format="png", dpi=_DOTS_PER_INCH)
        return buffer.getvalue()

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        data = {
            "image/png": base64.b64encode(self.png()).decode("ascii"),
            "text/plain": self.description,
        }
        width, height = self.screen_size
        shown = {"width": width, "height": height, "alt": self.description}
        return data, {"image/png": shown}


def style() -> Any:
    """The suite's matplotlib settings, as a context manager; nothing outside it changes."""
    return mpl.rc_context(_STYLE)  # type: ignore[arg-type]


def visible(token: str) -> str:
    """A token as a label: spaces and line breaks get a sign of their own."""
    return token.replace("\n", "↵").replace("\t", "⇥").replace(" ", "␣") or "∅"


def label_tokens(axes: Axes, axis: str, tokens: Sequence[str], *, upright: bool = True) -> None:
    """Write one token at each tick 0, 1, 2, ... of the "x" or "y" axis.

    A dollar sign in a token is a dollar sign, never the start of a formula.
    """
    target = axes.xaxis if axis == "x" else axes.yaxis
    target.set_ticks(range(len(tokens)))
    target.set_ticklabels(
        [visible(token) for token in tokens],
        parse_math=False,
        rotation=0 if upright else 45,
        ha="right" if axis == "y" else "center" if upright else "left",
        rotation_mode="anchor",
    )


def quiet(axes: Axes) -> None:
    """Leave an axes its two useful spines and a faint grid."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color=palette.RULE["light"], linewidth=0.5, alpha=0.7)
    axes.set_axisbelow(True)


def _typeset(text: str, letters: int) -> str:
    lines = "\n".join(textwrap.wrap(text, letters)) or " "
    return _EMPHASIS.sub(_italic, lines)


def _italic(match: re.Match[str]) -> str:
    escaped = re.sub(r"([\\{}_^%#&])", r"\\\1", match[1]).replace(" ", r"\ ")
    return rf"$\mathit{{{escaped}}}$"
