"""One palette, fit for every reader, screen and printer."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from colour_science import contrast, difference, lightness

from spotlight.visualizations import palette

THEMES = ("light", "dark")


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("eye", ["normal", "deuteranopia", "protanopia"])
def test_query_key_value_and_stream_can_be_told_apart(theme, eye):
    colours = [palette.role_colour(role, theme) for role in ("query", "key", "value", "stream")]
    assert min(difference(a, b, eye) for a, b in combinations(colours, 2)) > 20


@pytest.mark.parametrize("theme", THEMES)
def test_every_role_and_both_inks_can_be_read_as_text(theme):
    inks = [palette.INK[theme], palette.FAINT_INK[theme]]
    inks += [palette.role_colour(role, theme) for role in palette.ROLES]
    assert min(contrast(ink, palette.BACKGROUND[theme]) for ink in inks) >= 4.5


def test_more_weight_is_more_ink_on_white_and_more_light_on_black():
    steps = {t: [b - a for a, b in pairwise(map(lightness, palette.WEIGHTS[t]))] for t in THEMES}
    assert max(steps["light"]) < -5
    assert min(steps["dark"]) > 5


@pytest.mark.parametrize(("theme", "towards"), [("light", -1), ("dark", 1)])
def test_signed_numbers_leave_the_background_as_they_leave_zero(theme, towards):
    stops = palette.SIGNED[theme]
    zero = len(stops) // 2
    for side in (stops[zero:], stops[zero::-1]):
        assert all(towards * (b - a) > 5 for a, b in pairwise(map(lightness, side)))


@pytest.mark.parametrize("eye", ["deuteranopia", "protanopia"])
@pytest.mark.parametrize("theme", THEMES)
def test_negative_and_positive_stay_different_colours(theme, eye):
    stops = palette.SIGNED[theme]
    assert all(difference(stops[i], stops[-1 - i], eye) > 10 for i in range(len(stops) // 2))


@pytest.mark.parametrize("theme", THEMES)
def test_matplotlib_javascript_and_css_get_the_same_colours(theme):
    from matplotlib.colors import to_hex

    data, css = palette.as_data(), palette.css_variables(theme)
    for name, colormap in (
        ("weights", palette.weights_map(theme)),
        ("signed", palette.signed_map(theme)),
    ):
        stops = data[name][theme]
        assert [to_hex(colormap(0.0)), to_hex(colormap(1.0))] == [stops[0], stops[-1]]
        assert all(f"--spotlight-{name}-{i}: {stop};" in css for i, stop in enumerate(stops))
    for role in palette.ROLES:
        assert f"--spotlight-{role}: {palette.role_colour(role, theme)};" in css


def test_an_unknown_role_is_answered_with_the_known_ones():
    with pytest.raises(ValueError, match="no role called 'quarry': the roles are query, key"):
        palette.role_colour("quarry")
