"""The words of a lesson, in a live kernel whose notebook is not saved."""

from __future__ import annotations

import json
import os
import time

import pytest

START = """\
from spotlight.notebook import check, hint, predict, reveal, solution, start, verify
start("{}")
"""
LESSON = "03_queries_and_keys"


@pytest.fixture
def kernel(open_kernel):
    kernel = open_kernel(LESSON)
    kernel.run(START.format("queries_and_keys"))
    kernel.run("import math, torch\nfrom torch import Tensor")
    return kernel


def write(kernel, name, *lines):
    """Run an exercise's cell with this code, under the id that it has on disk."""
    source = "\n".join([f"# Exercise {name} · 1 point", *lines])
    return kernel.run(source, f"exercise-{name}")


def test_a_check_judges_what_ran_not_what_is_saved(kernel):
    write(kernel, "query_key_scores", "def query_key_scores(q, k):", "    return k @ q.T")
    card = kernel.run('check("query_key_scores")')
    assert 'data-diagnosis="keys-against-queries"' in card.html
    assert "not saved to disk" in card.text
    write(kernel, "query_key_scores", "def query_key_scores(q, k):", "    return q @ k.T")
    assert 'data-status="passed"' in kernel.run('check("query_key_scores")').html


def test_a_front_end_that_sends_no_cell_ids_is_served_too(kernel):
    kernel.run("# Exercise query_key_scores\ndef query_key_scores(q, k):\n    return q @ k.T")
    assert 'data-status="passed"' in kernel.run('check("query_key_scores")').html


def test_an_endless_loop_is_told_after_its_budget_and_the_kernel_lives_on(kernel):
    write(kernel, "project", "def project(x, weights):", "    while True:", "        pass")
    card = kernel.run('check("project")')
    assert 'data-status="timeout"' in card.html
    assert "5 seconds of computing" in card.text
    write(kernel, "project", "def project(x, weights):", "    return x @ weights")
    assert 'data-status="passed"' in kernel.run('check("project")').html
    assert kernel.run("print(6 * 7)").printed == "42\n"


def test_code_that_lives_on_leftovers_of_the_kernel_is_told_so(kernel):
    kernel.run("scale = 2.0", "a-cell-that-is-deleted")
    # Saved since: the file no longer holds that cell. A file's time lags behind the clock a little.
    saved = time.time() + 0.02
    os.utime(kernel.notebook, (saved, saved))
    time.sleep(0.05)
    write(
        kernel, "query_key_scores", "def query_key_scores(q, k):", "    return q @ k.T * scale / 2"
    )
    card = kernel.run('check("query_key_scores")')
    assert "uses `scale`, which no cell" in card.text


def test_a_helper_in_an_unsaved_cell_of_its_own_counts(kernel):
    kernel.run("def times(a, b):\n    return a @ b", "a-new-cell")
    write(kernel, "project", "def project(x, weights):", "    return times(x, weights)")
    assert 'data-status="passed"' in kernel.run('check("project")').html


def test_a_blank_exercise_gets_a_calm_card(kernel):
    card = kernel.run('check("score_asymmetry")')
    assert 'data-status="blank"' in card.html
    assert not card.error


def test_a_misspelt_name_gets_the_list_of_names(kernel):
    card = kernel.run('check("scaled_score")')
    assert "no exercise called 'scaled_score'" in card.text
    assert "scaled_scores" in card.text


def test_checking_before_the_lesson_is_started_says_what_to_run(open_kernel):
    kernel = open_kernel(LESSON)
    kernel.run("from spotlight.notebook import check")
    assert "Run the notebook's first cell" in kernel.run('check("project")').text


def test_hints_come_one_after_the_other_and_stop_at_the_last(kernel):
    shown = [kernel.run('hint("project")').text for _ in range(4)]
    assert shown.count(shown[-1]) == 2
    assert len(set(shown)) == 3


def test_a_prediction_is_committed_and_then_compared(kernel):
    ask = 'predict("still_symmetric", {}, choices=["yes", "no"])'
    assert "Replace the dots with one of 'yes', 'no'" in kernel.run(ask.format("...")).text
    assert "It takes one of" in kernel.run(ask.format('"perhaps"')).text
    assert "not committed" in kernel.run('reveal("still_symmetric", "no")').text
    assert "You say: yes" in kernel.run(ask.format('"yes"')).text
    assert "you said yes" in kernel.run('reveal("still_symmetric", "no")').text


def test_verify_grades_unsaved_work_keeps_progress_and_leaves_the_file_alone(kernel, course_copy):
    saved = kernel.notebook.read_bytes()
    write(kernel, "project", "def project(x, weights):", "    return x @ weights")
    card = kernel.run("verify()")
    assert 'data-points="1"' in card.html
    kept = json.loads((course_copy / "progress" / "lesson_progress.json").read_text())
    assert kept["lessons"]["queries_and_keys"]["exercises"]["project"]["status"] == "passed"
    write(kernel, "project", "def project(x, weights):", "    return x * weights")
    kernel.run("verify()")
    kept = json.loads((course_copy / "progress" / "lesson_progress.json").read_text())
    assert kept["lessons"]["queries_and_keys"]["exercises"]["project"]["points"] == 1
    assert kernel.notebook.read_bytes() == saved


def test_progress_that_cannot_be_kept_costs_no_verdict(kernel, course_copy):
    (course_copy / "progress").rmdir()
    (course_copy / "progress").write_text("a file where a folder is needed")
    write(kernel, "project", "def project(x, weights):", "    return x @ weights")
    card = kernel.run('check("project")')
    assert 'data-status="passed"' in card.html
    assert "could not be saved" in card.text


def test_markup_in_a_students_error_is_shown_not_run(kernel):
    write(
        kernel, "project", "def project(x, weights):", "    raise ValueError('<script>x</script>')"
    )
    card = kernel.run('check("project")')
    assert "<script>" not in card.html
    assert "&lt;script&gt;" in card.html


def test_a_given_cell_waits_until_its_exercise_is_done(kernel):
    needs = "%%needs query_key_scores\nprint(query_key_scores(torch.ones(1, 2), torch.ones(1, 2)))"
    write(
        kernel,
        "query_key_scores",
        "def query_key_scores(q, k):",
        '    raise NotImplementedError("query_key_scores is not done yet")',
    )
    waiting = kernel.run(needs)
    assert 'data-card="waiting"' in waiting.html
    assert not waiting.error
    write(kernel, "query_key_scores", "def query_key_scores(q, k):", "    return q @ k.T")
    assert "tensor([[2.]])" in kernel.run(needs).printed


def test_a_given_cell_that_fails_in_the_students_code_shows_the_students_traceback(kernel):
    write(kernel, "query_key_scores", "def query_key_scores(q, k):", "    return q @ kk.T")
    reply = kernel.run(
        "%%needs query_key_scores\nquery_key_scores(torch.ones(1, 2), torch.ones(1, 2))"
    )
    assert reply.error.startswith("NameError")


def test_the_second_failed_attempt_offers_the_next_hint(kernel):
    write(kernel, "query_key_scores", "def query_key_scores(q, k):", "    return k @ q.T")
    assert "hint(" not in kernel.run('check("query_key_scores")').text
    offered = 'Stuck? `hint("query_key_scores")` shows hint {} of 3.'
    assert offered.format(1) in kernel.run('check("query_key_scores")').text
    kernel.run('hint("query_key_scores")')
    assert offered.format(2) in kernel.run('check("query_key_scores")').text
    for _ in range(4):
        kernel.run('hint("query_key_scores")')
    assert offered.format(3) in kernel.run('check("query_key_scores")').text


def test_a_blank_exercise_is_no_attempt(kernel):
    for _ in range(3):
        assert "hint(" not in kernel.run('check("score_asymmetry")').text


def test_the_solution_opens_after_a_pass_beside_ones_own_and_with_its_why(kernel):
    closed = kernel.run('solution("query_key_scores")')
    assert "It opens once the exercise has passed" in closed.text
    assert "q @ k.T" not in closed.html
    own = "    return torch.einsum('nd,md->nm', q, k)"
    write(kernel, "query_key_scores", "def query_key_scores(q, k):", own)
    assert 'solution("query_key_scores")' in kernel.run('check("query_key_scores")').text
    opened = kernel.run('solution("query_key_scores")')
    assert own.strip() in opened.text
    assert "return q @ k.T" in opened.text
    assert "One product replaces a loop" in opened.text
    assert "BEGIN SOLUTION" not in opened.html
    assert "TODO" not in opened.html


def test_the_solution_stays_open_once_it_was_earned(kernel):
    write(kernel, "project", "def project(x, weights):", "    return x @ weights")
    kernel.run('check("project")')
    write(kernel, "project", "def project(x, weights):", "    return x * weights")
    assert "return x @ weights" in kernel.run('solution("project")').text
