"""What is asked of a worker, and what comes back: plain data on both sides."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

StepRole = Literal["given", "helper", "exercise"]
NOT_STARTED = "not started"
"""What the server says of a job for which it could not prepare a process."""
KILLED = "killed"
"""What the server says of a job that ended by a signal that cannot be caught, whoever sent it."""
GRADIENT = "gradient of "
"""What the names of the parts that the kit's `gradients` returns begin with."""
INSIDE = "inside: "
"""What the names of the parts that the kit's `inside` returns begin with."""
KIT_NAMES = ("randn", "uniform", "whole_numbers", "randint", "gradients", "inside", "formatted")
"""The names of the kit that probe code may use without importing them. (The kit imports torch,
which whoever only reads these does without.)"""
Ended = Literal["finished", "cpu", "wall", "memory", "output", "crashed"]


@dataclass(frozen=True)
class Limits:
    """What one job may use: CPU and wall seconds, bytes of memory beyond the idle worker's, and
    bytes of observations."""

    cpu_seconds: float = 5.0
    wall_seconds: float = 15.0
    memory_bytes: int = 2 * 2**30
    output_bytes: int = 32 * 2**20


@dataclass(frozen=True)
class Step:
    """One cell of the program, as plain Python."""

    name: str
    source: str
    role: StepRole


@dataclass(frozen=True)
class ProbeCall:
    """A probe: its source defines a function `name` that takes `parameters`.

    Its inputs are drawn from the generator of (`seed`, `name`), as `dtype` where the probe does not
    say; `counts` asks what the call costs.
    """

    name: str
    source: str
    parameters: tuple[str, ...]
    seed: int = 0
    dtype: str = "float32"
    counts: bool = False


@dataclass(frozen=True)
class Job:
    """A program whose last step is the exercise, and the probes to call on its targets.

    `others` are further sources of that last step: each is run and probed in its turn, from the
    same start, and in one process with it, so that they are of one author. Where `explain` is not
    None, the outcomes say what the targets were called with; it is the source of a function that
    puts one entry of the result in words, or empty; that is for the course's own code.
    """

    steps: tuple[Step, ...]
    targets: tuple[str, ...]
    helpers: str
    probes: tuple[ProbeCall, ...]
    limits: Limits = field(default_factory=Limits)
    others: tuple[str, ...] = ()
    explain: str | None = None

    @property
    def optimizes(self) -> bool:
        """Whether its code speaks of an optimizer, as a training loop does."""
        steps, probes = (part.source for part in self.steps), (call.source for call in self.probes)
        return any("optim" in source for source in (*steps, *probes, self.helpers, *self.others))

    @property
    def expected_outcomes(self) -> list[str]:
        """The names of all outcomes, in the order in which they come."""
        probes = [call.name for call in self.probes]
        again = [self.steps[-1].name, *probes] * len(self.others)
        return [*(step.name for step in self.steps), *probes, *again]

    def as_data(self) -> dict[str, Any]:
        """The job as JSON-ready data."""
        return asdict(self)

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Job:
        """The job that `as_data` wrote."""
        return cls(
            steps=tuple(Step(**step) for step in data["steps"]),
            targets=tuple(data["targets"]),
            helpers=data["helpers"],
            probes=tuple(
                ProbeCall(**{**call, "parameters": tuple(call["parameters"])})
                for call in data["probes"]
            ),
            limits=Limits(**data["limits"]),
            others=tuple(data["others"]),
            explain=data["explain"],
        )


@dataclass(frozen=True)
class Frame:
    """One line of a traceback that lies in the program's own cells."""

    cell: str
    line: int
    text: str
    function: str


@dataclass(frozen=True)
class Trouble:
    """An exception raised while observing; `frames` are in the program's own cells only."""

    type: str
    message: str
    frames: tuple[Frame, ...]


@dataclass(frozen=True)
class StepOutcome:
    """What became of one cell."""

    name: str
    trouble: Trouble | None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cost:
    """What one probe cost: tensor operations (views are free), floating-point operations, and lines
    of the program's own cells that were run."""

    operations: int
    flops: int
    lines: int


@dataclass(frozen=True)
class TargetCall:
    """One call of a target by a probe: the shapes of its arguments, and the small ones' values."""

    target: str
    shapes: dict[str, tuple[int, ...]]
    arguments: dict[str, Any]


@dataclass(frozen=True)
class ProbeOutcome:
    """What one probe returned, or the exception that it ended in.

    `left_switched` says what of torch's own state it left otherwise than it found it.
    `changed_inputs` are the indices of drawn inputs that were modified; `drawn_shapes` the shapes
    of all that were drawn; `printed` what the code wrote to standard output, cut to some length.
    `calls` and `entries` (each entry of a small result in words, in row-major order) are there
    where the job explains, `cost` where the probe counts.
    """

    name: str
    value: Any
    trouble: Trouble | None
    changed_inputs: tuple[int, ...] = ()
    drawn_shapes: tuple[tuple[int, ...], ...] = ()
    printed: str = ""
    cost: Cost | None = None
    calls: tuple[TargetCall, ...] = ()
    entries: tuple[str, ...] = ()
    left_switched: tuple[str, ...] = ()


@dataclass(frozen=True)
class Observation:
    """All that a worker saw of one job, as far as it came before the job ended."""

    steps: tuple[StepOutcome, ...]
    probes: tuple[ProbeOutcome, ...]
    ended: Ended
    cpu_seconds: float

    @property
    def trouble(self) -> Trouble | None:
        """The first exception that any cell or probe ended in."""
        outcomes: tuple[StepOutcome | ProbeOutcome, ...] = (*self.steps, *self.probes)
        return next((outcome.trouble for outcome in outcomes if outcome.trouble), None)

    def probe(self, name: str) -> ProbeOutcome | None:
        """The outcome of the probe called `name`, if the job got that far."""
        return next((outcome for outcome in self.probes if outcome.name == name), None)
