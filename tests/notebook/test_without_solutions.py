"""A lesson's words in a released copy: the same cards, but for the solutions it does not have."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from spotlight.classroom.course_release import release_course
from spotlight.course.manifest import load_course
from spotlight.grading.answer_key import cached_key
from spotlight.grading.grader import PUBLIC_SEED
from spotlight.sandbox.worker import Worker

COURSE = load_course(Path(__file__).parents[2])
LESSON = "03_queries_and_keys"


@pytest.fixture(scope="module")
def _released(worker: Worker, key_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    entry = COURSE.find(LESSON)
    assert entry is not None
    folder = tmp_path_factory.mktemp("released") / "course"
    release_course(
        COURSE,
        [entry],
        folder,
        lambda lesson, exercise: cached_key(
            lesson, exercise, PUBLIC_SEED, worker.observe, key_cache
        ),
    )
    return folder


@pytest.fixture
def course_copy(_released: Path, tmp_path: Path) -> Path:
    """A copy as students get it, in place of the whole course."""
    return Path(shutil.copytree(_released, tmp_path / "course"))


@pytest.fixture
def kernel(open_kernel):
    kernel = open_kernel(LESSON)
    kernel.run(
        "from spotlight.notebook import check, hint, predict, reveal, solution, start, verify\n"
        'start("queries_and_keys")'
    )
    kernel.run("import math, torch\nfrom torch import Tensor")
    return kernel


def write(kernel, name, *lines):
    source = "\n".join([f"# Exercise {name} · 1 point", *lines])
    return kernel.run(source, f"exercise-{name}")


def test_checks_hints_and_the_lesson_work_and_the_solution_stays_with_the_instructor(
    kernel, course_copy
):
    write(kernel, "query_key_scores", "def query_key_scores(q, k):", "    return k @ q.T")
    assert "Swap the two" in kernel.run('check("query_key_scores")').text

    write(kernel, "query_key_scores", "def query_key_scores(q, k):", "    return (k @ q.T).T")
    passed = kernel.run('check("query_key_scores")')
    assert 'data-status="passed"' in passed.html
    assert "solution(" not in passed.text

    asked = kernel.run('solution("query_key_scores")')
    assert "your instructor keeps the solutions" in asked.text
    assert not asked.error

    assert "Hint 1 of 3" in kernel.run('hint("scaled_scores")').text
    assert "1 of 14" in kernel.run("verify()").text
    assert (course_copy / "progress" / "lesson_progress.json").is_file()
    own = (course_copy / "progress" / "mine" / "queries_and_keys.py").read_text(encoding="utf-8")
    assert "return (k @ q.T).T" in own


def test_what_uses_a_blank_exercise_says_so(kernel):
    write(
        kernel,
        "score_asymmetry",
        "def score_asymmetry(x, w_q, w_k):",
        "    scores = project(x, w_q) @ project(x, w_k).T",
        "    return (scores - scores.T).abs().max()",
    )
    card = kernel.run('check("score_asymmetry")')
    assert "Your project does not pass yet; this exercise uses it." in card.text
    assert not card.error
