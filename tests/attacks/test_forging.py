"""Nobody gets a point for anything but a right answer."""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Callable

import pytest
from expectations import assert_no_harm
from forging import FORGERIES, WRONG, written
from hostile_cells import Attack, attack_code, some_or_all
from scenes import Scene

from spotlight.sandbox.wire import Array

RIGHT = "def shifted(x, by): return x + by"
FOOLING = [attack for attack in FORGERIES if attack.fools]

# How other graders judge: in the submission's own process, by assertions.
NAIVE = """
import os, pathlib, sys
import numpy as np
import torch

pathlib.Path("comparing.py").write_text("def agree(a, b):\\n    import torch\\n    return torch.allclose(a, b)\\n")
sys.path.insert(0, os.getcwd())

def grader_asserts(holds):
    if not holds:
        raise AssertionError("wrong")
    return True

def grade(source, assertion):
    scope = {"torch": torch}
    exec(source, scope)
    x = torch.randn(4)
    expected = x + 3.0
    result = scope["shifted"](x, 3.0)
    assert eval(assertion, {**globals(), "result": result, "expected": expected})

def told(number, holds):
    print(number, "passed" if holds else "failed", flush=True)

def harmless(number, source, assertion):
    try:
        grade(source, assertion)
    except Exception:
        told(number, False)
    else:
        told(number, True)

forks = {}
for path in sorted(pathlib.Path().glob("*.txt")):
    source, _, assertion = path.read_text().rpartition("\\n")
    torch.manual_seed(0)
    if path.stem.startswith("plain"):
        harmless(path.stem, source, assertion)
    elif fork := os.fork():
        forks[fork] = path.stem
    else:
        grade(source, assertion)
        os._exit(0)
while forks:
    fork, status = os.wait()
    told(forks.pop(fork), status == 0)
"""  # noqa: E501


@pytest.mark.parametrize("attack", some_or_all(FORGERIES))
def test_no_point_is_forged(attack: Attack, scene: Scene) -> None:
    assert_no_harm(attack, scene)


@pytest.fixture(scope="module")
def in_process(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], str]:
    """What a grader says that asserts within the submission's process: "passed" or "failed"."""
    folder = tmp_path_factory.mktemp("naive")
    asked: dict[tuple[str, str], str] = {}
    for attack in FOOLING:
        forged = attack_code(attack, scene.aims)
        for source, kind in ((forged, "forged"), (RIGHT, "plain"), (WRONG, "plain")):
            asked.setdefault((source, attack.fools), f"{kind}{len(asked)}")
    for (source, assertion), name in asked.items():
        (folder / f"{name}.txt").write_text(f"{source}\n{assertion}", encoding="utf-8")
    (folder / "naive.py").write_text(NAIVE, encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "naive.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    lines = [line.split() for line in ran.stdout.splitlines()]
    said = {line[0]: line[1] for line in lines if len(line) == 2}
    return lambda source, assertion: said[asked[source, assertion]]


@pytest.mark.deep
@pytest.mark.parametrize("attack", FOOLING, ids=str)
def test_a_grader_in_the_same_process_is_fooled(
    attack: Attack, scene: Scene, in_process: Callable[[str, str], str]
) -> None:
    """The forgeries are real ones: each gets past an assertion that tells right from wrong."""
    assert in_process(RIGHT, attack.fools) == "passed"
    assert in_process(WRONG, attack.fools) == "failed"
    assert in_process(attack_code(attack, scene.aims), attack.fools) == "passed"


def test_it_is_the_values_that_decide_and_frames_of_ones_own_are_heard(scene: Scene) -> None:
    """Right values that are written into every descriptor get the points, as no others do."""
    exercise = scene.lesson.exercise("shifted")
    assert exercise is not None
    frames = ["step('shifted')"]
    outcomes = scene.grader().key(exercise).reference
    for outcome in (*outcomes, outcomes[0]):
        assert isinstance(outcome.value, Array)
        data = outcome.value.data
        shape = [{"dtype": "float32", "shape": list(data.shape)}]
        raw = struct.pack(f"<{data.size}f", *data.ravel())
        frames.append(f"probe({outcome.name!r}, array([])[0], {shape!r}, {raw!r})")
    source = f"everywhere(b''.join([{', '.join(frames)}]))\nos._exit(0)"
    graded = scene.grade(written("right values", "none", source, statuses=("passed",)))
    assert (graded.of_it.status, graded.of_it.points) == ("passed", 2)


def test_a_table_of_outputs_that_were_noted_at_home_earns_nothing_under_another_seed(
    scene: Scene,
) -> None:
    exercise = scene.lesson.exercise("shifted")
    assert exercise is not None
    notes = {}
    for name, (shape, by) in {"by_three": ((4,), 3.0), "by_a_half": ((2, 5), 0.5)}.items():
        noting = f"with kit.fresh_draws(0, {name!r}): x = kit.randn(*{shape})"
        scope: dict[str, object] = {}
        exec(f"from spotlight.sandbox import kit\n{noting}\nnoted = x.flatten().tolist()", scope)
        noted = scope["noted"]
        assert isinstance(noted, list)
        notes[tuple(round(value, 3) for value in noted)] = [value + by for value in noted]
    source = (
        f"import torch\nTABLE = {notes!r}\n"
        "def shifted(x, by):\n"
        "    key = tuple(round(value, 3) for value in x.flatten().tolist())\n"
        "    return torch.tensor(TABLE[key]).reshape(x.shape) if key in TABLE else x - 7\n"
    )
    table = Attack("a table", "points for what was noted", source, exercise="shifted")
    assert scene.grade(table).of_it.points == 2  # at home, and that is the student's own affair
    scene.warm_up(seed=1)
    assert_no_harm(table, scene, seed=1)
