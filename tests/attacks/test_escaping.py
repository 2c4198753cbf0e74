"""There is no way out of the worker."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from escaping import ESCAPES
from expectations import assert_no_harm, assert_succeeds_alone
from hostile_cells import Attack, some_or_all
from scenes import Scene


@pytest.mark.parametrize("attack", some_or_all(ESCAPES))
def test_nothing_escapes(attack: Attack, scene: Scene) -> None:
    assert_no_harm(attack, scene)


@pytest.mark.deep
@pytest.mark.parametrize("attack", [a for a in ESCAPES if not a.own_control], ids=str)
def test_without_confinement_it_does(attack: Attack, make_scene: Callable[[], Scene]) -> None:
    assert_succeeds_alone(attack, make_scene())
