"""`verify.py watch`: a verdict after every save, in any terminal, and keys for what else is needed.

The command runs as a process of its own, on a small course, in a pseudo-terminal; one test starts
it as a program, with a worker of its own.
"""

from __future__ import annotations

import copy
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from command_runs import Run
from work_in_courses import entry, notebook_path, progress, save, solve, solve_all

from edited_notebooks import (
    code,
    exercise_cell,
    insert,
    place,
    put,
    text,
    unmarked,
    without_header,
)
from small_course import notebook_of, solution_of
from spotlight.course.manifest import Course

if sys.platform == "win32":
    pytest.skip("pseudo-terminals are Unix's", allow_module_level=True)

from pexpect.popen_spawn import PopenSpawn
from watched_terminals import COLOURS, PATIENCE, Terminal

from cli.prepared_programs import VERIFY, Starts

KEYS = "h hint  n next  r reset  q quit"
SUBTRACTS = "def shifted(x, by):\n    return x - by"
TAKES_A_WHILE = "def doubled(x):\n    import time\n    time.sleep(1)"
NOTEBOOK = Path("lessons") / "01_small_steps.ipynb"

Watch = Callable[..., Terminal]


@pytest.fixture
def watch(course: Course, starts: Starts) -> Iterator[Watch]:
    """Starts the command in a terminal; what still runs at the end of a test is ended."""
    terminals: list[Terminal] = []

    def start(*arguments: str, **options: Any) -> Terminal:
        terminals.append(Terminal(starts, "watch", *arguments, **options))
        return terminals[-1]

    yield start
    for terminal in terminals:
        terminal.close()


@pytest.fixture
def work(course: Course) -> Callable[..., None]:
    """Save the first lesson with just these exercises filled in: by a source, or right if None."""
    blank, lesson = notebook_of(course, "01"), solution_of(course, "01")

    def fill_in(**sources: str | None) -> None:
        notebook = copy.deepcopy(blank)
        for name, source in sources.items():
            exercise = lesson.exercise(name)
            assert exercise is not None
            right = without_header(unmarked(exercise.solution))
            put(notebook, exercise, right if source is None else source)
        save_as_jupyter_does(course, notebook)

    return fill_in


def save_as_jupyter_does(course: Course, notebook: dict[str, Any]) -> None:
    """Beside the file, then renamed over it."""
    path = notebook_path(course, "01")
    beside = path.with_name(f".~{path.name}")
    beside.write_text(json.dumps(notebook), encoding="utf-8")
    os.replace(beside, path)


# What stands on the screen


def test_the_first_screen_says_where_the_lesson_stands_and_what_is_asked_for(watch: Watch) -> None:
    terminal = watch()
    terminal.until("save.")
    title, *below = terminal.lines
    assert title.startswith("Small steps  ")
    assert title.endswith("  0 of 8")
    assert below == [
        "",
        "Double it: not done yet (0 of 1)  doubled",
        "Every entry twice.",
        "x: any shape → the same shape",
        "",
        f"Fill in `doubled` in {NOTEBOOK}, and save.",
        "",
        KEYS,
    ]


def test_a_save_with_a_mistake_shows_its_sentence_and_a_right_one_what_is_next(
    watch: Watch, work: Callable[..., None], course: Course
) -> None:
    terminal = watch("01")
    terminal.until("not done yet")
    work(doubled="def doubled(x):\n    return x * x")
    shown = terminal.until("That is the square; double it.")
    assert "Double it: not right yet (0 of 1) doubled" in shown
    assert "Seen in the case “A row of three”." in shown
    work(doubled=None)
    shown = terminal.until("1 of 8 Passed: Double it Shift it: not done yet (0 of 2) shifted")
    assert "Every entry plus one number." in shown
    assert "square" not in shown
    assert terminal.lines[-1] == KEYS


def test_an_error_is_shown_with_the_students_own_lines(
    watch: Watch, work: Callable[..., None]
) -> None:
    terminal = watch("01")
    terminal.until("not done yet")
    work(doubled="def inner(x):\n    return x.nope\n\ndef doubled(x):\n    return inner(x)")
    shown = terminal.until("Double it: error")
    assert "line 6: return inner(x)" in shown
    assert "line 3: return x.nope" in shown


def test_what_was_edited_is_what_is_looked_at_and_the_others_follow(
    watch: Watch, work: Callable[..., None]
) -> None:
    terminal = watch("01")
    terminal.until("Double it: not done yet")
    work(shifted=SUBTRACTS)
    terminal.until("You subtract; add.")
    work(shifted=SUBTRACTS, doubled_then_shifted=None)
    shown = terminal.until("1 of 8 Passed: Double, then shift Add up: not done yet")
    assert "compute the sum of every row of numbers." in shown  # a variable has no docstring
    work(shifted=SUBTRACTS, doubled_then_shifted=None, row_sums=None)
    shown = terminal.until("2 of 8 Passed: Add up Smallest and largest: not done yet")
    assert "`low`: The smallest entry of every row. x: (n, m) → (n,)" in shown
    assert "Fill in `low` and `high` in" in shown
    work(shifted=SUBTRACTS, doubled_then_shifted=None, row_sums=None, extremes=None)
    terminal.until("3 of 8 Passed: Smallest and largest Double it: not done yet")  # round again


def test_a_cell_of_their_own_is_edited_for_the_current_exercise(
    watch: Watch, course: Course
) -> None:
    notebook = notebook_of(course, "01")
    doubled = solution_of(course, "01").exercise("doubled")
    assert doubled is not None
    put(notebook, doubled, "def doubled(x):\n    return factor() * x")
    insert(notebook, code("def factor():\n    return 0.5"), at="exercise-doubled")
    save_as_jupyter_does(course, notebook)
    terminal = watch("01")
    terminal.until("You halve it; double it.")
    helper = notebook["cells"][place(notebook, "exercise-doubled") - 1]
    helper["source"] = "def factor():\n    return 2"
    save_as_jupyter_does(course, notebook)
    terminal.until("1 of 8 Passed: Double it Shift it: not done yet")


def test_when_every_exercise_passes_predictions_are_left_and_then_the_next_lesson(
    watch: Watch, course: Course
) -> None:
    solve(course, "01")
    done = notebook_of(course, "01")
    half = notebook_of(course, "01")
    for name, answer in (("how_many", "2"), ("order_matters", '"yes"')):
        cell = half["cells"][place(half, f"predict-{name}")]
        cell["source"] = text(cell).replace(f", {answer}, ", ", ..., ")
    save(course, "01", half)
    terminal = watch()
    terminal.until(f"Every exercise passes. Left: commit to order_matters, how_many in {NOTEBOOK}.")
    terminal.until("6 of 8")
    terminal.press("n")
    terminal.until("Every exercise passes; there is none to go on with.")
    save(course, "01", done)
    terminal.until("8 of 8 Every point of this lesson is earned.")
    terminal.until("The next one: Small finish; verify.py watch 02")
    terminal.press("q")
    assert terminal.status() == 0
    assert terminal.lines[-1] == "Small steps stands at 8 of 8 points."


def test_an_older_save_is_overtaken_and_what_it_changed_is_not_forgotten(
    watch: Watch, work: Callable[..., None]
) -> None:
    terminal = watch("01")
    terminal.until("not done yet")
    sums = "row_sums = numbers.sum(dim=0)"
    work(doubled=TAKES_A_WHILE, row_sums=sums)
    terminal.until("Checking doubled …")
    work(doubled=None, row_sums=sums)
    terminal.until("Passed: Double it Add up: not right yet")


def test_notes_on_the_notebook_are_shown(watch: Watch, course: Course) -> None:
    notebook = notebook_of(course, "01")
    given = notebook["cells"][place(notebook, "exercise-doubled") - 2]
    given["source"] = "numbers = torch.arange(7.0)"
    save(course, "01", notebook)
    watch("01").until("You changed the given code in cell")


# Keys


def test_h_gives_one_hint_after_the_other(watch: Watch, run: Run) -> None:
    terminal = watch("01")
    terminal.until("not done yet")
    terminal.press("h")
    terminal.until("Hint 1 of 2 for doubled What is twice three?")
    terminal.press("H")
    shown = terminal.until("Hint 2 of 2 for doubled Multiply by two.")
    assert "Hint 1" not in shown
    terminal.press("n")
    assert "Hint" not in terminal.until("Shift it: not done yet")
    terminal.press("q")
    terminal.status()
    assert "Hint 2 of 2" in run("hint", "01", "doubled").out  # the same hints as the command's


def test_n_goes_on_to_what_is_not_passed_and_round_again(
    watch: Watch, work: Callable[..., None]
) -> None:
    work(doubled=None, shifted=None, doubled_then_shifted=None)
    terminal = watch("01")
    terminal.until("Add up: not done yet")
    terminal.press("n")
    terminal.until("Smallest and largest: not done yet")
    terminal.press("n")
    terminal.until("Add up: not done yet")
    work(doubled=None, shifted=None, doubled_then_shifted=None, row_sums=None)
    terminal.until("Smallest and largest: not done yet")
    terminal.press("n")
    terminal.until("extremes is the only exercise that is left.")


def test_r_asks_and_then_brings_the_exercise_back_with_a_backup(
    watch: Watch, work: Callable[..., None], course: Course
) -> None:
    work(doubled=None, shifted=SUBTRACTS)
    before = notebook_path(course, "01").read_bytes()
    terminal = watch("01")
    terminal.until("You subtract; add.")
    question = "Bring exercise shifted of 01_small_steps.ipynb back to the blank?"
    for other in "nq\r":  # all but y is a no
        terminal.press("r")
        terminal.until(f"{question} A backup is kept. y yes n no")
        terminal.press(other)
        terminal.until("Nothing was changed.")
        assert notebook_path(course, "01").read_bytes() == before
    terminal.press("r")
    terminal.until(question)
    terminal.press("y")
    shown = terminal.until("If it is open in Jupyter: File, Reload Notebook from Disk.")
    (backup,) = (course.root / "progress" / "backups").iterdir()
    assert f"Your version is in progress/backups/{backup.name}." in shown
    assert backup.read_bytes() == before
    terminal.until("Shift it: not done yet")
    notebook = json.loads(notebook_path(course, "01").read_text(encoding="utf-8"))
    assert "shifted is not done yet" in text(exercise_cell(notebook, "shifted"))
    assert "return 2 * x" in text(exercise_cell(notebook, "doubled"))


def test_a_reset_that_cannot_be_done_is_told(watch: Watch, course: Course) -> None:
    terminal = watch("01")
    terminal.until("not done yet")
    notebook_path(course, "01").write_text("{", encoding="utf-8")
    terminal.press("r")
    terminal.until("back to the blank?")
    terminal.press("y")
    terminal.until("is not a notebook that can be read. Reset the whole lesson instead")


def test_q_leaves_with_what_was_done_and_the_last_state_on_the_screen(
    watch: Watch, work: Callable[..., None], course: Course
) -> None:
    terminal = watch("01")
    terminal.until("not done yet")
    work(doubled=None)
    terminal.until("Passed: Double it")
    work(doubled=None, shifted=SUBTRACTS)
    terminal.until("You subtract; add.")
    terminal.press("q")
    assert terminal.status() == 1
    shown = terminal.words
    assert "Shift it: not right yet (0 of 2) shifted You subtract; add." in shown
    assert shown.endswith("You passed doubled. Small steps stands at 1 of 8 points.")
    assert "h hint" not in shown
    assert b"\x1b[?1049h" not in terminal.received  # the other screen, which takes its text away
    assert not any(terminal.scrolled_away)  # it was drawn over, not written again and again


# Progress


def test_progress_is_kept_as_grading_keeps_it(
    watch: Watch, work: Callable[..., None], course: Course
) -> None:
    terminal = watch("01")
    terminal.until("not done yet")
    work(doubled="def doubled(x):\n    return x")
    terminal.until("You return x as it came")
    work(doubled=None, shifted="def shifted(x, by):\n    return x * by")
    terminal.until("You multiply")
    work(doubled=None, shifted=SUBTRACTS)
    terminal.until("You subtract")
    terminal.press("q")
    terminal.status()
    file = course.root / "progress" / "lesson_progress.json"
    known = json.loads(file.read_text(encoding="utf-8"))["lessons"]["small_steps"]
    attempts = {name: one["attempts"] for name, one in known["exercises"].items()}
    assert attempts == {
        "doubled": 2, "shifted": 2, "doubled_then_shifted": 0, "row_sums": 0, "extremes": 0
    }  # fmt: skip
    assert known["exercises"]["doubled"]["points"] == 1
    assert known["exercises"]["shifted"]["last_diagnosis"] == "subtracted"
    assert known["points"] == 1
    own = (course.root / "progress" / "mine" / "small_steps.py").read_text(encoding="utf-8")
    assert "def doubled" in own
    assert "def shifted" not in own


def test_a_prediction_counts_as_soon_as_it_is_saved(watch: Watch, course: Course) -> None:
    terminal = watch("01")
    terminal.until("0 of 8")
    notebook = notebook_of(course, "01")
    cell = notebook["cells"][place(notebook, "predict-how_many")]
    cell["source"] = text(cell).replace("...", "3")
    save_as_jupyter_does(course, notebook)
    terminal.until("1 of 8")
    terminal.press("q")
    terminal.status()
    file = course.root / "progress" / "lesson_progress.json"
    known = json.loads(file.read_text(encoding="utf-8"))["lessons"]["small_steps"]
    assert known["predictions"]["how_many"]["answered"]


def test_progress_that_cannot_be_kept_is_told_and_watching_goes_on(
    watch: Watch, work: Callable[..., None], course: Course
) -> None:
    shutil.rmtree(course.root / "progress", ignore_errors=True)
    (course.root / "progress").write_text("in the way", encoding="utf-8")
    terminal = watch("01")
    terminal.until("could not be saved")
    work(doubled=None)
    terminal.until("Passed: Double it")


# Which lesson


def test_without_a_name_it_is_the_first_lesson_that_is_not_complete(
    watch: Watch, run: Run, course: Course
) -> None:
    solve(course, "01")
    run("grade", "01")
    watch().until("Small finish")


def test_when_all_is_complete_there_is_nothing_to_watch(run: Run, course: Course) -> None:
    solve_all(course)
    run()
    ran = run("watch")
    assert (ran.status, ran.err) == (0, "")
    said = "Every lesson is complete. To watch one, name it: verify.py watch 02"
    assert " ".join(ran.out.split()) == said


@pytest.mark.parametrize("name", ["02", "02_small_finish", "small_finish"])
def test_a_lesson_may_be_called_as_elsewhere(name: str, watch: Watch) -> None:
    watch(name).until("Halve it: not done yet")


def test_a_lesson_that_there_is_not(run: Run, course: Course) -> None:
    ran = run("watch", "07")
    assert (ran.status, ran.out) == (2, "")
    assert ran.sentence.startswith("There is no lesson called '07'.")
    notebook_path(course, "01").unlink()
    ran = run("watch", "01")
    assert (ran.status, ran.sentence) == (2, f"{NOTEBOOK} does not exist.")


# Files in disorder


def test_a_file_that_is_gone_or_garbage_is_told_and_watching_goes_on(
    watch: Watch, work: Callable[..., None], course: Course
) -> None:
    work(doubled="def doubled(x):\n    return x")
    terminal = watch("01")
    terminal.until("You return x as it came")
    path = notebook_path(course, "01")
    path.unlink()
    shown = terminal.until(f"{NOTEBOOK} is gone. Watching goes on, in case it comes back;")
    assert "You return x as it came" in shown
    path.write_text('{"cells": [', encoding="utf-8")
    terminal.until("looks like a notebook that was cut short.")
    work(doubled=None)
    shown = terminal.until("Passed: Double it")
    assert "gone" not in shown
    assert "cut short" not in shown


def test_a_file_behind_a_link_is_watched_too(
    watch: Watch, work: Callable[..., None], course: Course, tmp_path: Path
) -> None:
    """As where the file system tells of no change: nothing changes in the lessons' folder."""
    elsewhere = tmp_path / "elsewhere.ipynb"
    path = notebook_path(course, "01")
    work()
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    terminal = watch("01")
    terminal.until("not done yet")
    solve_there = json.loads(elsewhere.read_text(encoding="utf-8"))
    doubled = solution_of(course, "01").exercise("doubled")
    assert doubled is not None
    put(solve_there, doubled, "def doubled(x):\n    return x")
    elsewhere.write_text(json.dumps(solve_there), encoding="utf-8")
    terminal.until("You return x as it came")


# Any terminal


def test_a_window_of_40_columns_shows_everything(watch: Watch, work: Callable[..., None]) -> None:
    terminal = watch("01", columns=40, rows=20)
    terminal.until("not done yet")
    work(shifted="def shifted(x, by):\n    return x.nope")
    terminal.until("AttributeError: 'Tensor' object has no attribute 'nope'")
    assert terminal.lines[0].startswith("Small steps  ")
    assert terminal.lines[0].endswith("0 of 8")
    assert terminal.lines[-1] == KEYS


def test_a_window_that_changes_is_drawn_anew(watch: Watch) -> None:
    terminal = watch("01", columns=100, rows=30)
    terminal.until(KEYS.replace("  ", " "))
    terminal.resize(40, 15)
    terminal.press("h")
    terminal.until("What is twice three?")
    assert terminal.lines[0].startswith("Small steps  ")
    assert terminal.lines[-1] == KEYS
    terminal.resize(40, 30)  # a higher window may show again what had been scrolled away
    terminal.until_more()
    assert terminal.lines[-1] == KEYS


def test_what_is_too_long_for_the_window_can_be_scrolled_to(watch: Watch) -> None:
    terminal = watch("01", columns=40, rows=6)
    terminal.until("h hint")
    terminal.press("h")
    terminal.until("What is twice three?")
    assert "Double it: not done yet" in " ".join(terminal.scrolled_away)
    assert terminal.lines[-1] == KEYS
    terminal.press("n")
    terminal.until("h hint")
    terminal.until("Fill in `shifted`")
    assert "What is twice three?" in " ".join(terminal.scrolled_away)


@pytest.mark.parametrize(("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colour_unless_it_is_not_wanted(
    environment: dict[str, str], coloured: bool, watch: Watch, work: Callable[..., None]
) -> None:
    terminal = watch("01", **environment)
    terminal.until("not done yet")
    work(doubled="def doubled(x):\n    return x")
    terminal.until("You return x as it came")
    assert (COLOURS.search(terminal.received) is not None) == coloured


def test_a_terminal_that_cannot_be_drawn_over_is_written_to_line_by_line(
    watch: Watch, work: Callable[..., None]
) -> None:
    terminal = watch("01", TERM="dumb", rows=60)
    terminal.until("Double it: not done yet")
    work(doubled="def doubled(x):\n    return x")
    terminal.until("You return x as it came")
    terminal.press("h")
    shown = terminal.until("What is twice three?")
    assert shown.index("not done yet") < shown.index("You return x") < shown.index("twice three")
    terminal.press("q")
    assert terminal.status() == 1
    assert b"\x1b" not in terminal.received


# The terminal is left as it was


def by_q(terminal: Terminal) -> None:
    terminal.press("q")


def by_ctrl_c(terminal: Terminal) -> None:
    terminal.press("\x03")


def by_sigterm(terminal: Terminal) -> None:
    terminal.send_signal(signal.SIGTERM)


@pytest.mark.parametrize("leave", [by_q, by_ctrl_c, by_sigterm])
def test_the_terminal_is_left_as_it_was_found(
    leave: Callable[[Terminal], None], watch: Watch
) -> None:
    terminal = watch("01")
    terminal.until("Double it: not done yet")
    assert not terminal.is_as_a_shell_wants_it()
    leave(terminal)
    assert terminal.status() == 1
    assert terminal.is_as_a_shell_wants_it()
    assert terminal.lines[-1] == "Small steps stands at 0 of 8 points."


def test_the_terminal_is_left_as_it_was_found_when_grading_fails(
    watch: Watch, work: Callable[..., None], course: Course
) -> None:
    solution = course.solution(entry(course, "01"))
    whole = solution.read_text(encoding="utf-8")
    assert "return 2 * x" in whole
    solution.write_text(whole.replace("return 2 * x", "return 2 * x + nope"), encoding="utf-8")
    terminal = watch("01")
    terminal.until("Double it: not done yet")
    work(doubled="def doubled(x):\n    return x")
    assert terminal.status() == 3
    assert terminal.is_as_a_shell_wants_it()
    assert "the reference of doubled fails its own probes" in terminal.words
    assert "Traceback" not in terminal.words


def test_it_can_be_left_while_code_still_runs(
    watch: Watch, work: Callable[..., None], course: Course
) -> None:
    terminal = watch("01")
    terminal.until("not done yet")
    work(doubled=TAKES_A_WHILE)
    terminal.until("Checking doubled …")
    terminal.press("q")
    assert terminal.status() == 1
    assert terminal.lines[-1] == "Small steps stands at 0 of 8 points."


# No terminal


def test_in_a_pipe_there_is_a_line_for_each_verdict_until_ctrl_c(
    work: Callable[..., None], course: Course
) -> None:
    command = [sys.executable, str(VERIFY), "watch", "01"]
    program = PopenSpawn(command, timeout=PATIENCE, encoding="utf-8")
    lines = []

    def one_more() -> str:
        program.expect("\n")
        lines.append(program.before)
        return lines[-1]

    assert one_more() == (
        f"Watching {NOTEBOOK}. This is no terminal, so there are no keys; Ctrl+C ends it."
    )
    assert one_more() == "Small steps: 0 of 8 points. Next: doubled."
    work(doubled="def doubled(x):\n    return x")
    assert one_more() == "doubled: not right yet. You return x as it came; double it."
    work(doubled="def doubled(x):\n    return x")  # nothing new in it, so nothing is said of it
    time.sleep(0.5)  # were something said, it would be now
    work(doubled=None)
    assert one_more() == "doubled: passed."
    assert one_more() == "Small steps: 1 of 8 points. Next: shifted."
    notebook_path(course, "01").unlink()
    assert one_more().startswith(f"{NOTEBOOK} is gone.")
    program.kill(signal.SIGINT)
    assert one_more() == "You passed doubled. Small steps stands at 1 of 8 points."
    assert program.wait() == 1
    assert not any("\x1b" in line for line in lines)
    assert progress(course)["doubled"] == 1
