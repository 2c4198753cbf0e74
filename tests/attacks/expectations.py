"""What is to hold after every attack."""

from __future__ import annotations

import pytest
from hostile_cells import Attack
from scenes import Graded, Scene, lacks, run_alone


def assert_no_harm(attack: Attack, scene: Scene, *, seed: int = 0) -> Graded:
    """Grade a notebook with the attack in it: no point, an honest verdict, nobody harmed."""
    if why := lacks(attack, scene.aims):
        pytest.skip(why)
    graded = scene.grade(attack, seed=seed)
    of_it = graded.of_it
    assert graded.harm == [], f"{graded.harm}: {attack.harm} ({of_it.status}: {of_it.message})"
    assert of_it.points == 0, f"{attack.harm} ({of_it.message})"
    assert of_it.status in attack.statuses, of_it.message
    assert_is_one_clear_sentence(of_it.message)
    assert [e.exercise for e in graded.others if e.points != e.possible] == []
    assert graded.next_one.points == graded.next_one.possible
    return graded


def assert_is_one_clear_sentence(message: str) -> None:
    """No traceback of the grader's, nothing that a terminal obeys."""
    assert message
    assert len(message) < 700
    assert message[-1] in ".`…)?", message
    assert message.isprintable(), message
    assert "Traceback" not in message


def assert_succeeds_alone(attack: Attack, scene: Scene) -> None:
    """In a process that nothing confines, the attack does its harm, and it is noticed."""
    if why := lacks(attack, scene.aims):
        pytest.skip(why)
    harm, said = run_alone(scene, attack)
    if attack.needs and not harm:
        pytest.skip(f"this machine allows it to nobody: {said}")
    assert harm, said
