"""Answer keys: what every probe returns for the reference and for every mistake, as data.

So it does for mistakes that are made two at a time, as far as they can be composed.

A key is built by observing the solution notebook's own code in a worker, and cached by a hash of
all that it depends on; in a released copy it came with the lesson. Nothing of it ever reaches a
worker that runs a student's code.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

import spotlight
from spotlight.atomic_files import write_atomically
from spotlight.course.lesson import Exercise, Lesson
from spotlight.diagnosis.exercise_key import ExerciseKey, Outcomes
from spotlight.grading.mistake_pairs import pairs_of_mistakes
from spotlight.grading.observing import Observe, observe_all
from spotlight.grading.programs import Program, build_program, job_for
from spotlight.sandbox.job import Job, Observation, ProbeOutcome
from spotlight.sandbox.outcome_codec import NOT_AS_AGREED, probe_data, probe_from
from spotlight.sandbox.wire import WireError, decode_frames, encode

_FORMAT = 4
_RUNNING = (
    "kit",
    "program",
    "portable",
    "counting",
    "target_calls",
    "outcome_codec",
)  # the sandbox's part in an outcome
_NONSENSE = ("NameError", "UnboundLocalError")  # what two changes that do not fit end in
_UNREADABLE = (OSError, WireError, StopIteration, *NOT_AS_AGREED)


class AnswerKeyError(Exception):
    """There is no key to judge by: the course is at fault, not the student."""


def reference_sources(lesson: Lesson) -> dict[str, str]:
    """Every exercise's solution, by id."""
    return {exercise.id: exercise.solution for exercise in lesson.exercises}


def variant_program(lesson: Lesson, exercise: Exercise, source: str) -> Program:
    """The program in which `source` stands for `exercise` and all else is the reference."""
    return build_program(lesson, exercise, {**reference_sources(lesson), exercise.id: source})


def build_key(
    lesson: Lesson, exercise: Exercise, seed: int, observe: Observe, dtype: str = "float32"
) -> ExerciseKey:
    """Observe the reference, every mistake and every pair of mistakes of one exercise.

    Raises:
        AnswerKeyError: the reference fails its own probes.
    """

    def job(source: str) -> Job:
        program = variant_program(lesson, exercise, source)
        return job_for(exercise, program, [seed], dtype=dtype)

    reference = observe(replace(job(exercise.solution), explain=exercise.entry))
    _require_sound(lesson, exercise, reference)
    seconds = reference.cpu_seconds
    wrong = {mistake.name: exercise.variant_source(mistake) for mistake in exercise.mistakes}
    pairs = {pair.names: pair.source for pair in pairs_of_mistakes(exercise)}
    mistakes = observe_all(job(_joined(wrong)), wrong, observe, seconds)
    for name in wrong.keys() - mistakes.keys():
        mistakes[name] = observe(job(wrong[name])).probes
    composed = observe_all(job(_joined(pairs)), pairs, observe, seconds)
    sound = {names: seen for names, seen in composed.items() if not _is_nonsense(seen)}
    return ExerciseKey(reference.probes, mistakes, seconds, sound)


def _joined(sources: Mapping[Any, str]) -> str:
    """One cell with all that any of `sources` depends on."""
    return "\n\n".join(sources.values())


def _is_nonsense(seen: Outcomes) -> bool:
    return all(outcome.trouble and outcome.trouble.type in _NONSENSE for outcome in seen)


def cached_key(
    lesson: Lesson, exercise: Exercise, seed: int, observe: Observe, folder: Path | None = None
) -> ExerciseKey:
    """The key of one exercise, from the cache where it is there, else built and kept.

    A cache that cannot be read or written only costs time. A released lesson brings its keys, of
    one seed.

    Raises:
        AnswerKeyError: the reference fails its own probes, or a released key cannot be read.
    """
    if lesson.keys is not None:
        return _released_key(lesson.keys, exercise)
    folder = folder or default_cache()
    path = folder / f"{exercise.id}-{fingerprint(lesson, exercise, seed)}.key"
    try:
        return _load(path.read_bytes())
    except _UNREADABLE:
        key = build_key(lesson, exercise, seed, observe)
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically({path: key_bytes(key)})
        return key


def key_file(folder: Path, exercise: Exercise) -> Path:
    """Where the answer key of a released exercise lies in the lesson's folder."""
    return folder / f"{exercise.id}.key"


def _released_key(folder: Path, exercise: Exercise) -> ExerciseKey:
    path = key_file(folder, exercise)
    try:
        return _load(path.read_bytes())
    except _UNREADABLE as error:
        raise AnswerKeyError(
            f"{path}: the answer key of {exercise.id} cannot be read; copy the file from the "
            "course anew."
        ) from error


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
        [pair.source for pair in pairs_of_mistakes(exercise)],
        exercise.entry,
        _package_sources(program),
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]


def _package_sources(program: Program) -> list[str]:
    """Hashes of what runs probes, and of the lower rooms where a program imports from them."""
    package = Path(spotlight.__file__).parent
    files = [package / "sandbox" / f"{name}.py" for name in _RUNNING]
    if any("spotlight" in step.source for step in program.steps):
        for room in ("mine", "model_utils", "visualizations"):
            files += sorted(
                p for p in (package / room).rglob("*") if p.is_file() and p.suffix != ".pyc"
            )
    return [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]


def key_bytes(key: ExerciseKey) -> bytes:
    """What a key's file holds: one frame of the wire format."""
    body = {
        "reference": _outcomes_data(key.reference),
        "mistakes": {name: _outcomes_data(seen) for name, seen in key.mistakes.items()},
        "pairs": [
            {"names": list(names), "outcomes": _outcomes_data(seen)}
            for names, seen in key.pairs.items()
        ],
        "cpu_seconds": key.cpu_seconds,
    }
    return encode(body)


def _load(data: bytes) -> ExerciseKey:
    body = next(decode_frames(data))
    return ExerciseKey(
        _outcomes(body["reference"]),
        {name: _outcomes(seen) for name, seen in body["mistakes"].items()},
        float(body["cpu_seconds"]),
        {
            (pair["names"][0], pair["names"][1]): _outcomes(pair["outcomes"])
            for pair in body["pairs"]
        },
    )


def _outcomes_data(outcomes: Outcomes) -> list[dict[str, Any]]:
    return [probe_data(_without_code(outcome)) for outcome in outcomes]


def _without_code(outcome: ProbeOutcome) -> ProbeOutcome:
    """What a key needs: students get it in released copies, so it quotes no line of the course."""
    trouble = replace(outcome.trouble, frames=()) if outcome.trouble else None
    return replace(outcome, trouble=trouble, printed="")


def _outcomes(data: list[dict[str, Any]]) -> Outcomes:
    return tuple(map(probe_from, data))
