"""Mutated notebooks, graded: a verdict or one clear sentence, and no wrong mark.

Each case takes a notebook whose verdicts are known, lets a few mutations loose on it, and grades
what comes out. Three things must hold:

1. Reading and grading end in a report or in a refusal of one clear sentence, and the worker lives.
2. What no mutation touches keeps its status, its points and its diagnosis.
3. What was wrong does not pass, unless its code, taken by itself, has become right.

A case is its seed. One that fails is shrunk to the mutations that it takes, and repeated by

    python -m bench fuzz --seed SEED --count 1
"""

from __future__ import annotations

import json
import os
import sys
import time
import unicodedata
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any

from bench.drafts import Draft, Piece
from bench.file_mutations import FILE_MUTATIONS
from bench.known_notebooks import COURSE, Known, Standing, in_cell, known_notebooks, lessons
from bench.notebook_mutations import MUTATIONS
from spotlight.grading.grader import LessonGrader
from spotlight.grading.identify import identify
from spotlight.grading.report import LessonReport
from spotlight.grading.submission import Submission, SubmissionError, parse_submission
from spotlight.sandbox.job import Job, Observation, ProbeCall, Step
from spotlight.sandbox.worker import Worker

PATH = "handed-in/homework.ipynb"
_MAX_MUTATIONS = 6
_SHARE_OF_FILES = 0.15
_MAX_SHOWN = 25
_MAX_SENTENCE = 700
_REVERSING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True)
class Case:
    """One notebook and what is done to it, one after the other: mutations and their dice."""

    seed: int
    known: Known
    mutations: tuple[tuple[str, str], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The mutations' names."""
        return tuple(name for name, _ in self.mutations)

    @classmethod
    def of(cls, seed: int) -> Case:
        """The case of a seed."""
        rng = Random(seed)
        known = rng.choice(known_notebooks(rng.choice(lessons()).id))
        names = rng.choices(list(MUTATIONS), k=rng.randint(1, _MAX_MUTATIONS))
        if rng.random() < _SHARE_OF_FILES:
            names[rng.randint(0, len(names)) :] = [rng.choice(list(FILE_MUTATIONS))]
        return cls.with_mutations(seed, known, names)

    @classmethod
    def with_mutations(cls, seed: int, known: Known, names: Sequence[str]) -> Case:
        """These mutations of `known`; byte mutations come last."""
        dice = [f"{seed}: {at}: {name}" for at, name in enumerate(names)]
        return cls(seed, known, tuple(zip(names, dice, strict=True)))

    def made(self) -> Made:
        """The mutated file, and what the mutations touch."""
        draft = Draft(self.known)
        data: bytes | None = None
        for name, dice in self.mutations:
            rng = Random(dice)
            if name in MUTATIONS:
                assert data is None, "mutations of cells come before those of bytes"
                MUTATIONS[name](draft, rng)
            else:
                data = FILE_MUTATIONS[name](_written(draft.whole()) if data is None else data, rng)
        draft.settle()
        data = _written(draft.whole()) if data is None else data
        notebook = _readable(data)
        if notebook is not None:
            _compare(draft, notebook)
        return Made(data, frozenset(draft.touched), notebook)


@dataclass(frozen=True)
class Made:
    """A mutated file; `notebook` is its JSON where it is a notebook's."""

    data: bytes
    touched: frozenset[str]
    notebook: dict[str, Any] | None

    @property
    def may_be_refused(self) -> bool:
        """Whether a refusal is right: it is no notebook, or says that it is of an old format."""
        number = 4 if self.notebook is None else self.notebook.get("nbformat")
        return self.notebook is None or (isinstance(number, int) and number < 4)


@dataclass(frozen=True)
class Failure:
    """What must not be: its kind ("crash", "wrong mark", ...), about what, and what happened."""

    kind: str
    about: str
    said: str


@dataclass(frozen=True)
class Outcome:
    """What became of a case: a report or a refusal, and what was wrong with it."""

    report: LessonReport | None
    refusal: str | None
    failures: tuple[Failure, ...]


class Fuzz:
    """Grades cases; jobs that were observed once are not run again."""

    def __init__(
        self, observe: Callable[[Job], Observation], key_cache: Path | None = None
    ) -> None:
        self._graders = {
            entry.id: LessonGrader(
                known_notebooks(entry.id)[0].lesson,
                lru_cache(maxsize=100_000)(observe),
                key_cache=key_cache,
            )
            for entry in lessons()
        }

    def run(self, case: Case) -> Outcome:
        """Grade one case, and judge the grading."""
        made = case.made()
        try:
            with warnings.catch_warnings(record=True) as warned:
                warnings.simplefilter("default")
                submission = parse_submission(made.data, PATH)
                refusal = _lesson_refused(case, submission)
                report = self._graders[case.known.lesson.id].grade(submission).report
        except SubmissionError as refused:
            failures = [*_unclear("the refusal", str(refused), end="")]
            if not made.may_be_refused:
                failures.append(Failure("refused", "the file", str(refused)))
            return Outcome(None, str(refused), tuple(failures))
        except Exception as error:
            return Outcome(None, None, (Failure("crash", type(error).__name__, repr(error)),))
        failures = [*refusal, *_unclear_report(report)]
        # Shown by default, a warning would stand in the student's terminal.
        shown = [w for w in warned if not issubclass(w.category, DeprecationWarning)]
        failures += [Failure("warning", w.category.__name__, str(w.message)) for w in shown]
        if made.notebook is None:
            failures.append(Failure("not refused", "the file", repr(made.data[:80])))
        failures += self._wrong_marks(case, made, report)
        return Outcome(report, None, tuple(failures))

    def shrunk(self, case: Case, failure: Failure) -> Case:
        """The case with no more mutations than it takes to fail in the same way."""
        for at in range(len(case.mutations)):
            fewer = case.mutations[:at] + case.mutations[at + 1 :]
            smaller = Case(case.seed, case.known, fewer)
            same = {(f.kind, f.about) for f in self.run(smaller).failures}
            if (failure.kind, failure.about) in same:
                return self.shrunk(smaller, failure)
        return case

    def _wrong_marks(self, case: Case, made: Made, report: LessonReport) -> Iterator[Failure]:
        standings = standings_of(report)
        for name, known in case.known.standings.items():
            now = standings[name]
            if name not in made.touched and now != known:
                yield Failure("wrong mark", name, f"{known} became {now}")
            elif now.points > known.points and not self._is_right_alone(case, made, name):
                yield Failure("gained", name, f"{known} became {now}")

    def _is_right_alone(self, case: Case, made: Made, name: str) -> bool:
        """Whether some cell of it passes as the answer in a notebook that is all right."""
        exercise = case.known.lesson.exercise(name)
        if exercise is None or made.notebook is None:
            return False
        solved = known_notebooks(case.known.lesson.id)[0]
        grader = self._graders[case.known.lesson.id]
        for text in _texts(made.notebook):
            if exercise.targets[0] in text:
                alone = solved.notebook()
                own = next(c for c in alone["cells"] if c["id"] == f"exercise-{name}")
                own["source"] = in_cell(own["source"], text)
                submission = parse_submission(_written(alone), PATH)
                if grader.grade(submission, [exercise]).verdicts[0].report.status == "passed":
                    return True
        return False


def standings_of(report: LessonReport) -> dict[str, Standing]:
    """What the report says of each exercise and prediction."""
    found = {e.exercise: Standing(e.status, e.points, e.diagnosis) for e in report.exercises}
    for p in report.predictions:
        said = "answered" if p.answered else "open"
        found[f"predict-{p.prediction}"] = Standing(said, p.points)
    return found


def measure(count: int = 20_000, seed: int = 0) -> dict[str, float]:
    """Run the cases of `count` seeds from `seed` on; what fails is printed to standard error."""
    tally: Counter[str] = Counter()
    seen: Counter[tuple[str, ...]] = Counter()
    start = time.monotonic()
    with Worker() as worker:
        scratch = scratch_of(worker)
        fuzz = Fuzz(worker.observe)
        for number in range(seed, seed + count):
            case = Case.of(number)
            outcome = fuzz.run(case)
            tally["verdicts" if outcome.report else "sentences"] += not outcome.failures
            for failure in outcome.failures[:1]:
                tally[failure.kind] += 1
                small = fuzz.shrunk(case, failure)
                group = (failure.kind, *small.names)
                seen[group] += 1
                if seen[group] == 1 and len(seen) <= _MAX_SHOWN:
                    _show(small, failure)
        lives = Fuzz(worker.observe).run(Case(0, known_notebooks(lessons()[0].id)[0], ()))
    left_behind = running_below(scratch)
    for group, times in seen.most_common():
        print(f"{times:6}  {group[0]}: {', '.join(group[1:])}", file=sys.stderr)
    seconds = time.monotonic() - start
    return {
        "notebooks": count,
        "graded, as they should be": tally["verdicts"],
        "refused in one sentence": tally["sentences"],
        "crashes": tally["crash"],
        "wrong marks": tally["wrong mark"],
        "marks gained": tally["gained"],
        "refused or taken wrongly": tally["refused"] + tally["not refused"] + tally["lesson"],
        "unclear sentences": tally["unclear"],
        "warnings": tally["warning"],
        "processes left behind": len(left_behind),
        "worker dead at the end": bool(lives.failures),
        "notebooks per second": count / seconds,
    }


def _show(case: Case, failure: Failure) -> None:
    print(
        f"{failure.kind}: {failure.about}: {failure.said}\n"
        f"    {case.known.name}; {', '.join(case.names) or 'not mutated'}\n"
        f"    python -m bench fuzz --seed {case.seed} --count 1",
        file=sys.stderr,
    )


# Reading the mutated file


def _written(notebook: Mapping[str, Any]) -> bytes:
    return json.dumps(notebook).encode()


def _readable(data: bytes) -> dict[str, Any] | None:
    """The notebook that the bytes are, if they are one."""
    try:
        notebook = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    if isinstance(notebook, dict) and isinstance(notebook.get("cells"), list):
        return notebook
    return None


def _compare(draft: Draft, notebook: dict[str, Any]) -> None:
    """Touch what differs in the file from what the draft says, and what follows from it."""
    cells = notebook["cells"]
    if len(cells) != len(draft.pieces):
        draft.touch(draft.everything)
        return
    changed = [(p, cell) for p, cell in zip(draft.pieces, cells, strict=True) if p.cell != cell]
    for piece, cell in changed:
        piece.cell = cell
        draft.touch(piece.concerns)
    if changed:
        draft.settle()


def _texts(notebook: dict[str, Any]) -> Iterator[str]:
    """The text of every cell, and of cells that stand below each other: they may be one, split."""
    known = [Piece(cell).text for cell in notebook["cells"]]
    for length in range(1, 5):
        for at in range(len(known) - length + 1):
            yield "\n".join(known[at : at + length])


# Judging what was said


def _lesson_refused(case: Case, submission: Submission) -> list[Failure]:
    """What is wrong with how the notebook's lesson was found."""
    try:
        entry = identify(COURSE, submission)
    except SubmissionError as refused:
        return [*_unclear("the refusal", str(refused), end="")]
    if entry.id == case.known.lesson.id:
        return []
    return [Failure("lesson", entry.id, f"taken for {case.known.lesson.id}")]


def _unclear_report(report: LessonReport) -> Iterator[Failure]:
    try:
        report.model_dump_json()
    except ValueError as error:
        yield Failure("unclear", "the report", repr(error))
    for note in report.notes:
        yield from _unclear("a note", note)
    for e in report.exercises:
        for remark in e.remarks:
            yield from _unclear("a remark", remark)
        if e.status != "passed":
            yield from _unclear(f"a message on {e.status}", e.message, end="")


def _unclear(about: str, said: str, end: str = ".") -> Iterator[Failure]:
    """Why a sentence is none that a student can read."""
    odd = {c for c in said if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")} - {"\t"}
    if not said.strip() or not said.endswith(end) or len(said) > _MAX_SENTENCE:
        yield Failure("unclear", about, repr(said))
    elif odd or _REVERSING & set(said) or "Traceback" in said:
        yield Failure("unclear", about, ascii(said))


# The worker


def scratch_of(worker: Worker) -> Path:
    """The folder below which the worker's processes work."""
    source = "import os\ndef where():\n    return os.getcwd()"
    call = ProbeCall("asked", "def asked(where):\n    return where()", ("where",))
    seen = worker.observe(Job((Step("where", source, "exercise"),), ("where",), "", (call,)))
    return Path(seen.probes[0].value).parents[1]


def running_below(folder: Path) -> Sequence[str]:
    """The processes that still work below `folder`; none is known where there is no /proc."""
    processes = [name for name in os.listdir("/proc") if name.isdecimal()]
    found = []
    for process in processes if sys.platform == "linux" else ():
        try:
            where = os.readlink(f"/proc/{process}/cwd")
        except OSError:
            continue
        if where.startswith(str(folder)):
            found.append(process)
    return found
