"""No submission changes, ends or leaves behind anything."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from destroying import DESTRUCTIONS
from expectations import assert_no_harm, assert_succeeds_alone
from hostile_cells import Attack, some_or_all
from scenes import Scene


@pytest.mark.parametrize("attack", some_or_all(DESTRUCTIONS))
def test_nothing_is_destroyed(attack: Attack, scene: Scene) -> None:
    assert_no_harm(attack, scene)


@pytest.mark.deep
@pytest.mark.parametrize("attack", [a for a in DESTRUCTIONS if not a.own_control], ids=str)
def test_without_confinement_it_is(attack: Attack, make_scene: Callable[[], Scene]) -> None:
    assert_succeeds_alone(attack, make_scene())
