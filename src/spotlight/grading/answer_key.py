"""Answer keys: what every probe returns for the reference and for every mistake, as data.

A key is built by observing the solution notebook's own code in a worker, and cached by a hash of
all that it depends on. Nothing of it ever reaches a worker that runs a student's code.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

import spotlight
from spotlight.authoring.lesson import Exercise, Lesson
from spotlight.grading.programs import Program, build_program, job_for
from spotlight.sandbox.job import Job, Limits, Observation, ProbeOutcome, Trouble
from spotlight.sandbox.wire import WireError, decode_frames, encode
from spotlight.whole_files import write_whole

Observe = Callable[[Job], Observation]
_FORMAT = 1


class AnswerKeyError(Exception):
    """The reference solution itself cannot be observed: the course is at fault, not the student."""


@dataclass(frozen=True)
class ExerciseKey:
    """The outcomes of every probe, in order, for the reference and for each mistake by name."""

    reference: tuple[ProbeOutcome, ...]
    mistakes: dict[str, tuple[ProbeOutcome, ...]]
    cpu_seconds: float

    @property
    def limits(self) -> Limits:
        """A student's budget: ten times the reference's CPU time, five seconds at least."""
        cpu = max(5.0, 10 * self.cpu_seconds)
        return Limits(cpu_seconds=cpu, wall_seconds=2 * cpu + 5)


def reference_sources(lesson: Lesson) -> dict[str, str]:
    """Every exercise's solution, by id."""
    return {exercise.id: exercise.solution for exercise in lesson.exercises}


def variant_program(lesson: Lesson, exercise: Exercise, source: str) -> Program:
    """The program in which `source` stands for `exercise` and all else is the reference."""
    return build_program(lesson, exercise, {**reference_sources(lesson), exercise.id: source})


def build_key(lesson: Lesson, exercise: Exercise, seed: int, observe: Observe) -> ExerciseKey:
    """Observe the reference and every mistake of one exercise.

    Raises:
        AnswerKeyError: the reference fails its own probes.
    """

    def run(source: str) -> Observation:
        return observe(job_for(exercise, variant_program(lesson, exercise, source), [seed]))

    reference = run(exercise.solution)
    _require_sound(lesson, exercise, reference)
    mistakes = {
        wrong.name: run(exercise.variant_source(wrong)).probes for wrong in exercise.mistakes
    }
    return ExerciseKey(reference.probes, mistakes, reference.cpu_seconds)


def cached_key(
    lesson: Lesson, exercise: Exercise, seed: int, observe: Observe, folder: Path | None = None
) -> ExerciseKey:
    """The key of one exercise, from the cache where it is there, else built and kept.

    A cache that cannot be read or written only costs time.
    """
    folder = folder or default_cache()
    path = folder / f"{exercise.id}-{fingerprint(lesson, exercise, seed)}.key"
    try:
        return _load(path.read_bytes())
    except (OSError, WireError, KeyError, TypeError, ValueError, StopIteration, AttributeError):
        key = build_key(lesson, exercise, seed, observe)
        _store(path, key)
        return key


def default_cache() -> Path:
    """The user's cache folder for answer keys."""
    return Path(user_cache_path("spotlight")) / "keys"


def _require_sound(lesson: Lesson, exercise: Exercise, seen: Observation) -> None:
    trouble = seen.trouble
    if trouble is not None or seen.ended != "finished":
        what = f"{trouble.type}: {trouble.message}" if trouble else f"ended by {seen.ended}"
        raise AnswerKeyError(
            f"{lesson.where}: the reference of {exercise.id} fails its own probes ({what})."
        )


def fingerprint(lesson: Lesson, exercise: Exercise, seed: int) -> str:
    """A hash of all that an exercise's key depends on.

    That is the program, probes, mistakes, seed, this package and its numeric libraries.
    """
    program = variant_program(lesson, exercise, exercise.solution)
    parts: list[Any] = [
        _FORMAT,
        spotlight.__version__,
        version("torch"),
        version("numpy"),
        seed,
        [asdict(step) for step in program.steps],
        exercise.helpers,
        [asdict(probe) for probe in exercise.probes],
        [exercise.variant_source(wrong) for wrong in exercise.mistakes],
        _package_sources(program),
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]


def _package_sources(program: Program) -> list[str]:
    """Hashes of the package's lower rooms, when a program imports from them, and of the kit."""
    package = Path(spotlight.__file__).parent
    files = [package / "authoring" / "kit.py", package / "sandbox" / "program.py"]
    files.append(package / "sandbox" / "portable.py")
    if any("spotlight" in step.source for step in program.steps):
        for room in ("model_utils", "visualizations"):
            files += sorted(
                p for p in (package / room).rglob("*") if p.is_file() and p.suffix != ".pyc"
            )
    return [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]


def _store(path: Path, key: ExerciseKey) -> None:
    body = {
        "reference": [_outcome_data(o) for o in key.reference],
        "mistakes": {name: [_outcome_data(o) for o in seen] for name, seen in key.mistakes.items()},
        "cpu_seconds": key.cpu_seconds,
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole({path: encode(body)})
    except OSError:
        return


def _load(data: bytes) -> ExerciseKey:
    body = next(decode_frames(data))
    return ExerciseKey(
        tuple(_outcome(o) for o in body["reference"]),
        {name: tuple(_outcome(o) for o in seen) for name, seen in body["mistakes"].items()},
        float(body["cpu_seconds"]),
    )


def _outcome_data(outcome: ProbeOutcome) -> dict[str, Any]:
    trouble = outcome.trouble
    return {
        "name": outcome.name,
        "value": outcome.value,
        "trouble": {"type": trouble.type, "message": trouble.message} if trouble else None,
        "changed_inputs": list(outcome.changed_inputs),
        "drawn_shapes": [list(shape) for shape in outcome.drawn_shapes],
    }


def _outcome(data: dict[str, Any]) -> ProbeOutcome:
    trouble = data["trouble"]
    return ProbeOutcome(
        data["name"],
        data["value"],
        Trouble(trouble["type"], trouble["message"], ()) if trouble else None,
        tuple(data["changed_inputs"]),
        tuple(tuple(shape) for shape in data["drawn_shapes"]),
    )
