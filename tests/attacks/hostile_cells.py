"""One hostile submission: what it attempts, and the cell that attempts it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any, Literal

import pytest

from spotlight.grading.report import Status
from spotlight.sandbox.job import Limits

_PRELUDE = (Path(__file__).parent / "hostile_prelude.txt").read_text(encoding="utf-8")
NOT_RIGHT: tuple[Status, ...] = ("failed", "error", "crashed")
ENDED: tuple[Status, ...] = (*NOT_RIGHT, "timeout", "memory")


@dataclass(frozen=True)
class Attack:
    """A hostile submission.

    `source` is one cell. It defines `attack()`, which returns something true once the harm is done,
    and which is run `when` the answer is called by a probe or `at once`, with the cell. A forgery
    is an answer instead: it defines the exercise's targets itself, and gets a right one's points if
    it succeeds. `limits` are laid over the exercise's own where an attack is to run into them.
    """

    name: str
    harm: str
    source: str
    exercise: str = "extremes"
    when: Literal["called", "at once"] = "called"
    statuses: tuple[Status, ...] = NOT_RIGHT
    limits: Limits | None = None
    needs: Literal["", "privilege", "x86-64", "compiler", "32-bit calls"] = ""
    fools: str = ""  # an assertion beside the answer that the forgery gets past
    own_control: bool = False  # the harm is shown to be possible by a test of its own

    def __str__(self) -> str:
        return self.name


def some_or_all(attacks: Sequence[Attack]) -> list[Any]:
    """Attacks as parameters: the fast tier makes one in five, the deep tier all of them.

    What a wall is of no use against shows in several: they come in kinds that stand together.
    """
    return [
        pytest.param(attack, id=str(attack), marks=() if place % 5 == 0 else pytest.mark.deep)
        for place, attack in enumerate(attacks)
    ]


@dataclass(frozen=True)
class Aims:
    """What attacks are aimed at; each is a variable of the cell."""

    WORLD: str = ""  # a folder of files that are nobody's to touch
    NAME: str = ""  # what files that an attack leaves elsewhere are called
    SUPERVISOR: int = 0
    SERVER: int = 0
    SIBLING: int = 0
    PORT: int = 0
    DATAGRAM_PORT: int = 0
    ABSTRACT: str = ""
    SOCKET: str = ""
    KEY: int = 0  # of System V shared memory, semaphores and queues
    LIBRARY: str = ""  # a compiled one, in base64
    MARK: str = ""  # begins every secret


def attack_code(attack: Attack, aims: Aims) -> str:
    """The part of the cell that does the harm, and the names that it uses."""
    values = "\n".join(f"{name} = {value!r}" for name, value in asdict(aims).items())
    return f"{values}\n{_PRELUDE}\n{dedent(attack.source).strip()}\n"


def hostile_cell(attack: Attack, aims: Aims) -> str:
    """The whole cell: the attack, and a wrong answer beside it."""
    code = attack_code(attack, aims)
    if "def attack(" not in attack.source:
        return code
    once, called = (
        ("boast(attack())\n", "") if attack.when == "at once" else ("", "boast(attack())")
    )
    return f"{code}{once}\n" + dedent(
        f"""
        def low(x):
            {called or "pass"}
            return x.max(dim=1).values

        def high(x):
            return x.max(dim=1).values
        """
    )


def named(attacks: Iterable[Attack]) -> tuple[Attack, ...]:
    """The attacks of a family; no two of them are called the same."""
    family = tuple(attacks)
    assert len({attack.name for attack in family}) == len(family)
    return family
