"""The suite's one palette: data first, then the same values for matplotlib, CSS and JavaScript.

Every hue stands for one thing: a query is blue, a key orange, a value green, the residual stream
plum, in every figure, widget and page. Each colour exists twice, for light and for dark
backgrounds, with a contrast of at least 4.5 against its own, so it can also colour text. The four
stay apart for readers who see red and green alike, and in a grey print the two maps keep their
order, because their lightness only ever rises or falls.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from matplotlib.colors import Colormap

Theme = Literal["light", "dark"]
Stops = tuple[str, ...]

BACKGROUND: Final[dict[Theme, str]] = {"light": "#ffffff", "dark": "#14171c"}
INK: Final[dict[Theme, str]] = {"light": "#1f2430", "dark": "#e8eaee"}
FAINT_INK: Final[dict[Theme, str]] = {"light": "#59616e", "dark": "#a3abb8"}
RULE: Final[dict[Theme, str]] = {"light": "#d5d9e0", "dark": "#363c47"}

ROLES: Final[dict[str, dict[Theme, str]]] = {
    "query": {"light": "#1a66c9", "dark": "#4da3ff"},
    "key": {"light": "#c24d00", "dark": "#f5884a"},
    "value": {"light": "#15846a", "dark": "#63d9aa"},
    "stream": {"light": "#4f1650", "dark": "#f0cdf0"},
}

# Weights between 0 and 1: more weight, more ink (or, on a dark background, more light).
WEIGHTS: Final[dict[Theme, Stops]] = {
    "light": (
        "#f6f9f4", "#d6ece2", "#a6d7d2", "#6dbac4", "#3d98b5", "#22739e", "#1b4f82", "#182f62",
        "#121a3f",
    ),
    "dark": (
        "#171c24", "#1a3046", "#1c4767", "#206183", "#2f7e99", "#4f9ca6", "#7dbbb0", "#b1d8bd",
        "#eaf4d2",
    ),
}  # fmt: skip

# Signed numbers: brown below zero, blue above, and zero fades into the background.
SIGNED: Final[dict[Theme, Stops]] = {
    "light": (
        "#7a3b00", "#b3651a", "#dba05e", "#f2d3ae", "#f5f5f2", "#b9dbe0", "#6dadc2", "#2a7299",
        "#173a68",
    ),
    "dark": (
        "#ffb36b", "#d07f35", "#96561f", "#573617", "#20242b", "#1d4257", "#25698a", "#479ac0",
        "#9bd4ee",
    ),
}  # fmt: skip

# Series that stand for nothing in particular. They avoid the four roles' hues; figures give each
# its own line style or hatch besides, so that colour is never the only difference.
SERIES: Final[Stops] = ("#2b3442", "#a3195b", "#8a6d00", "#5b7fa6", "#7a4fb0", "#7d8a97")


def role_colour(name: str, theme: Theme = "light") -> str:
    """The hex colour of "query", "key", "value" or "stream".

    Raises:
        ValueError: there is no such role.
    """
    if name not in ROLES:
        raise ValueError(f"There is no role called {name!r}: the roles are {', '.join(ROLES)}.")
    return ROLES[name][theme]


def as_data() -> dict[str, dict[str, list[str]]]:
    """The two maps as plain lists, for a widget's JavaScript: map → theme → stops."""
    return {
        "weights": {theme: list(stops) for theme, stops in WEIGHTS.items()},
        "signed": {theme: list(stops) for theme, stops in SIGNED.items()},
    }


def css_variables(theme: Theme) -> str:
    """The palette as CSS custom properties, one declaration a line, to stand inside a rule."""
    colours = {
        "background": BACKGROUND[theme],
        "ink": INK[theme],
        "faint-ink": FAINT_INK[theme],
        "rule": RULE[theme],
        **{role: shades[theme] for role, shades in ROLES.items()},
        **{f"weights-{i}": stop for i, stop in enumerate(WEIGHTS[theme])},
        **{f"signed-{i}": stop for i, stop in enumerate(SIGNED[theme])},
    }
    return "\n".join(f"--spotlight-{name}: {colour};" for name, colour in colours.items())


@cache
def weights_map(theme: Theme = "light") -> Colormap:
    """The sequential map, as a matplotlib colormap; NaN is drawn in grey."""
    return _colormap("spotlight-weights", WEIGHTS[theme], theme)


@cache
def signed_map(theme: Theme = "light") -> Colormap:
    """The diverging map, as a matplotlib colormap; NaN is drawn in grey."""
    return _colormap("spotlight-signed", SIGNED[theme], theme)


def _colormap(name: str, stops: Stops, theme: Theme) -> Colormap:
    from matplotlib.colors import LinearSegmentedColormap  # slow to import, often not needed

    colormap = LinearSegmentedColormap.from_list(f"{name}-{theme}", stops)
    return colormap.with_extremes(bad=RULE[theme])
