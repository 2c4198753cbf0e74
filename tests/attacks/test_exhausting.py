"""Whatever is used up is the submission's own: it is told what, and nobody else goes without."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from exhausting import EXHAUSTIONS
from expectations import assert_no_harm, assert_succeeds_alone
from hostile_cells import Attack, some_or_all
from scenes import Scene


@pytest.mark.parametrize("attack", some_or_all(EXHAUSTIONS))
def test_nobody_goes_without(attack: Attack, scene: Scene) -> None:
    assert_no_harm(attack, scene)


@pytest.mark.deep
@pytest.mark.parametrize("attack", [a for a in EXHAUSTIONS if not a.own_control], ids=str)
def test_without_confinement_they_would(attack: Attack, make_scene: Callable[[], Scene]) -> None:
    assert_succeeds_alone(attack, make_scene())
