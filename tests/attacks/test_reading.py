"""No submission gets to read what is not its own, and so nothing of it leaves with a report."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from expectations import assert_no_harm, assert_succeeds_alone
from hostile_cells import Attack, some_or_all
from reading import READINGS
from scenes import Scene


@pytest.mark.parametrize("attack", some_or_all(READINGS))
def test_nothing_is_read(attack: Attack, scene: Scene) -> None:
    assert_no_harm(attack, scene)


@pytest.mark.deep
@pytest.mark.parametrize("attack", [a for a in READINGS if not a.own_control], ids=str)
def test_without_confinement_it_is(attack: Attack, make_scene: Callable[[], Scene]) -> None:
    assert_succeeds_alone(attack, make_scene())
