"""What is known of a lesson that somebody watches, and what follows from a save or a key."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import datetime

from spotlight.course.lesson import Exercise, Lesson
from spotlight.course.manifest import Course, LessonEntry
from spotlight.feedback.words import points, short_name, shown
from spotlight.grading.graded_lesson import GradedLesson
from spotlight.grading.listing import listed
from spotlight.grading.locate import Located, locate
from spotlight.grading.report import now
from spotlight.grading.submission import Submission, SubmissionError, read_submission
from spotlight.grading.verdict import Verdict
from spotlight.progress import ProgressError, ProgressStore
from spotlight.progress.hints import next_hint
from spotlight.student_notebooks.resetting import ResetError, bring_back
from spotlight.watch.background_judge import BackgroundJudge, Failed, Graded, Judged
from spotlight.watch.screen import Display, Hint, View

_SLOW_SECONDS = 0.5
_STARTING = "Starting; this takes some seconds."


@dataclass(frozen=True)
class Saved:
    """The lesson's file may be another; `content` is what could be read of it."""

    content: Submission | SubmissionError


@dataclass(frozen=True)
class Pressed:
    """A key was pressed."""

    key: str


@dataclass(frozen=True)
class Looked:
    """Time has passed and nothing was saved; the window may have another size."""


@dataclass(frozen=True)
class Leave:
    """Somebody asks the program to end."""


Event = Judged | Graded | Failed | Saved | Pressed | Looked | Leave


class WatchedLesson:
    """A lesson that is being watched. It hears of one event after the other."""

    def __init__(
        self,
        course: Course,
        entry: LessonEntry,
        lesson: Lesson,
        judge: BackgroundJudge,
        display: Display,
    ) -> None:
        """Nothing is judged before `begin`."""
        self._course = course
        self._entry = entry
        self._lesson = lesson
        self._judge = judge
        self._display = display
        self._store = ProgressStore(course.root / "progress")
        self._path = shown(course.notebook(entry))
        self.goes_on = True
        # The last save: what it holds, and what has become of it.
        self._submission: Submission | None = None
        self._located: Located | None = None
        self._saves = 0
        self._saved_at = 0.0
        self._awaited: list[Exercise] = []
        self._news: list[Verdict] = []
        self._stays = False
        self._is_graded = False
        # What is known of the exercises.
        self._verdicts: dict[str, Verdict] = {}
        self._clock: dict[str, str] = {}
        self._last_graded: GradedLesson | None = None
        self._to_record: set[str] = set()
        self._passed: list[str] = []
        # What is on the screen beside that.
        self._current: Exercise | None = None
        self._hint: Hint | None = None
        self._said: tuple[str, ...] = ()
        self._asks_to_reset = False
        self._unreadable: tuple[str, ...] = ()
        self._unkept: tuple[str, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether every point of the lesson is earned, as far as it is known."""
        return self._last_graded is not None and self._points() >= self._lesson.possible

    @property
    def farewell(self) -> str:
        """A sentence or two on what was done while the lesson was watched."""
        if self._last_graded is None:
            return "Nothing was graded yet."
        passed = f"You passed {listed(self._passed)}. " if self._passed else ""
        earned, possible = self._points(), points(self._lesson.possible)
        return f"{passed}{self._lesson.title} stands at {earned:g} of {possible}."

    def begin(self, submission: Submission) -> None:
        """Have the notebook judged as it is found."""
        self._take(submission)
        self._show()

    def hear(self, event: Event) -> None:
        """Do what follows from `event`, and show it.

        Raises:
            BaseException: what made grading itself fail, where it did.
        """
        match event:
            case Failed():
                raise event.error
            case Leave():
                self._leave()
            case Pressed():
                self._press(event.key)
            case Saved():
                self._save(event.content)
            case Judged() if event.submission is self._submission:
                self._hear_of_one(event.verdict)
            case Graded() if event.submission is self._submission:
                self._hear_of_all(event.lesson)
        if self.goes_on:
            self._show()

    # Saves

    def _save(self, content: Submission | SubmissionError) -> None:
        if isinstance(content, SubmissionError):
            self._unreadable = (self._without_the_file(content),)
            return
        self._unreadable = ()
        if content != self._submission:
            self._take(content)

    def _edited(self, before: Located | None, after: Located) -> list[Exercise]:
        """The exercises that were edited since the last save, the current one first.

        Where it is a cell of the student's own that was edited, that is the current one.
        """
        if before is None:
            return []
        edited = [
            exercise
            for exercise in self._lesson.exercises
            if _code(before, exercise) != _code(after, exercise)
        ]
        own = [[cell.source for cell in located.added] for located in (before, after)]
        current = self._current
        if current is not None and (current in edited or (not edited and own[0] != own[1])):
            return [current, *(exercise for exercise in edited if exercise != current)]
        return edited

    def _take(self, submission: Submission) -> None:
        before, self._located = self._located, locate(self._lesson, submission)
        edited = self._edited(before, self._located)
        # What was edited before and has no verdict yet is still to have one.
        edited = [*edited, *(one for one in self._awaited if one not in edited)]
        if edited:
            self._saves += 1
            self._news = []
            self._stays = False
            self._said = ()
        self._submission = submission
        self._saved_at = time.monotonic()
        self._awaited = edited
        self._to_record |= {exercise.id for exercise in edited}
        self._is_graded = False
        self._judge.judge(submission, self._located, edited)

    # Verdicts

    def _hear_of_one(self, verdict: Verdict) -> None:
        report = verdict.report
        exercise = self._lesson.exercise(report.exercise)
        assert exercise is not None
        self._note_pass(verdict)
        self._verdicts[exercise.id] = verdict
        self._clock[exercise.id] = datetime.now().strftime("%H:%M:%S")
        self._awaited = [one for one in self._awaited if one != exercise]
        self._news.append(verdict)
        if self._stays:
            return
        if report.status == "passed":
            self._go_to(self._open_after(exercise))
        else:  # the first of what was edited and is not right is what to look at
            self._go_to(exercise)
            self._stays = True

    def _hear_of_all(self, graded: GradedLesson) -> None:
        if self._last_graded is not None:
            for verdict in graded.verdicts:
                self._note_pass(verdict)
        self._verdicts = {verdict.report.exercise: verdict for verdict in graded.verdicts}
        self._record(graded)
        self._last_graded = graded
        self._is_graded = True
        if self._current is None or not self._is_open(self._current):
            self._go_to(self._open_after(self._current))
        self._judge.prepare(self._from(self._current))

    def _note_pass(self, verdict: Verdict) -> None:
        name, before = verdict.report.exercise, self._verdicts.get(verdict.report.exercise)
        is_new = before is not None and before.report.status != "passed"
        if is_new and verdict.report.status == "passed" and name not in self._passed:
            self._passed.append(name)

    def _record(self, graded: GradedLesson) -> None:
        """Add to the progress what this save changed; at first, the whole lesson."""
        before = self._last_graded
        known = {one.report.exercise: one.report for one in before.verdicts} if before else {}
        new = {
            name
            for report in (verdict.report for verdict in graded.verdicts)
            if (name := report.exercise) in self._to_record or report != known.get(name)
        }
        if before is not None and not new and graded.predictions == before.predictions:
            return
        changed = graded.only(new)
        try:
            self._store.record([changed.report], now(), changed.scope)
            self._to_record.clear()
            self._unkept = self._store.notes
        except ProgressError as problem:
            self._unkept = (str(problem),)

    def _leave(self) -> None:
        self.goes_on = False
        if self._last_graded is not None and not self._is_graded:
            # The rest is still being graded; what was shown counts all the same.
            verdicts = tuple(self._news)
            self._record(replace(self._last_graded, scope="exercises", verdicts=verdicts))

    # The current exercise

    def _go_to(self, exercise: Exercise | None) -> None:
        if exercise != self._current:
            self._hint = None
            self._asks_to_reset = False
        self._current = exercise

    def _open_after(self, exercise: Exercise | None) -> Exercise | None:
        """The next exercise that is not passed, from the first again after the last."""
        circle = self._from(exercise)
        if exercise is not None:
            circle = [*circle[1:], exercise]
        return next(filter(self._is_open, circle), None)

    def _from(self, exercise: Exercise | None) -> list[Exercise]:
        """All exercises, those before this one after the last."""
        exercises = list(self._lesson.exercises)
        start = exercises.index(exercise) if exercise is not None else 0
        return exercises[start:] + exercises[:start]

    def _is_open(self, exercise: Exercise) -> bool:
        verdict = self._verdicts.get(exercise.id)
        return verdict is None or verdict.report.status != "passed"

    # Keys

    def _press(self, key: str) -> None:
        if key in ("c-c", "c-d") or (key == "q" and not self._asks_to_reset):
            self._leave()
        elif self._asks_to_reset:
            self._answer(key == "y")
        elif self._last_graded is not None and key in ("h", "n", "r"):
            self._said = ()
            if self._current is None:
                self._said = ("Every exercise passes; there is none to go on with.",)
            elif key == "h":
                self._give_hint(self._current)
            elif key == "n":
                self._go_on(self._current)
            else:
                self._asks_to_reset = True

    def _give_hint(self, exercise: Exercise) -> None:
        try:
            self._hint = Hint(*next_hint(self._course, self._entry, exercise))
        except ProgressError as problem:
            self._said = (str(problem),)

    def _go_on(self, exercise: Exercise) -> None:
        following = self._open_after(exercise)
        self._go_to(following)
        self._news = []
        if following == exercise:
            self._said = (f"{exercise.id} is the only exercise that is left.",)

    def _answer(self, agreed: bool) -> None:
        self._asks_to_reset = False
        assert self._current is not None
        if not agreed:
            self._said = ("Nothing was changed.",)
            return
        try:
            said = bring_back(self._course, self._entry, self._lesson, self._current)
            self._save(read_submission(self._path))
        except (ResetError, SubmissionError) as problem:
            self._said = (str(problem),)
        else:
            self._said = said

    # What is shown

    def _show(self) -> None:
        current = self._current
        graded = self._last_graded
        self._display.show(
            View(
                title=self._lesson.title,
                path=str(self._path),
                points=self._points(),
                possible=self._lesson.possible,
                is_known=graded is not None,
                is_graded=self._is_graded,
                save=self._saves,
                news=tuple(verdict.report for verdict in self._news),
                trouble=(*self._unreadable, *self._unkept),
                all_passed=self._after_the_last(graded) if graded and current is None else (),
                exercise=current,
                verdict=self._verdicts.get(current.id) if current else None,
                checked_at=self._clock.get(current.id, "") if current else "",
                hint=self._hint,
                said=self._said,
                notes=tuple(note.text for note in graded.notes) if graded else (),
                waiting=self._waiting(),
                question=self._question(),
            )
        )

    def _points(self) -> float:
        predictions = self._last_graded.predictions if self._last_graded else ()
        earned = sum(verdict.report.points for verdict in self._verdicts.values())
        return earned + sum(prediction.points for prediction in predictions)

    def _waiting(self) -> str:
        if self._last_graded is None:
            return _STARTING
        if self._awaited and time.monotonic() - self._saved_at > _SLOW_SECONDS:
            return f"Checking {self._awaited[0].id} …"
        return ""

    def _question(self) -> str:
        if not self._asks_to_reset or self._current is None:
            return ""
        what = f"exercise {self._current.id} of {self._path.name}"
        return f"Bring {what} back to the blank? A backup is kept."

    def _after_the_last(self, graded: GradedLesson) -> tuple[str, ...]:
        """What to say when every exercise passes."""
        left = [p.prediction for p in graded.predictions if not p.answered]
        if left:
            return (f"Every exercise passes. Left: commit to {', '.join(left)} in {self._path}.",)
        lessons = self._course.lessons
        following = lessons[lessons.index(self._entry) + 1 :]
        if not following:
            return ("Every point of this lesson is earned. It was the last one.",)
        name = short_name(following[0])
        return (
            "Every point of this lesson is earned.",
            f"The next one: {following[0].title}; verify.py watch {name}",
        )

    def _without_the_file(self, problem: SubmissionError) -> str:
        if self._path.exists():
            return f"{problem} Watching goes on."
        return (
            f"{self._path} is gone. Watching goes on, in case it comes back; "
            f"verify.py reset {short_name(self._entry)} makes a blank one."
        )


def _code(located: Located, exercise: Exercise) -> str | None:
    found = located.exercises.get(exercise.id)
    return found.source if found else None
