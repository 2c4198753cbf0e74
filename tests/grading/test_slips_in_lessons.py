"""Answers to shipped exercises, written blind, of which a first version said what was false."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from edited_notebooks import put, solved, submitted
from small_course import notebook_of, solution_of
from spotlight.course.manifest import load_course
from spotlight.grading.grader import LessonGrader
from spotlight.grading.report import ExerciseReport
from spotlight.sandbox.worker import Worker

COURSE = load_course(Path(__file__).parents[2])
ASYMMETRY = "def score_asymmetry(x, w_q, w_k):\n    scores = (x @ w_q) @ (x @ w_k).T\n    "
ATTENTION = "def causal_attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:\n    "
MASKED = "    return scores.masked_fill(future, -math.inf).softmax(dim=-1) @ v"


@pytest.fixture(scope="module")
def report(worker: Worker, key_cache: Path):
    @cache
    def grader(name: str) -> LessonGrader:
        return LessonGrader(solution_of(COURSE, name), worker.observe, key_cache=key_cache)

    def graded(name: str, exercise: str, code: str) -> ExerciseReport:
        lesson = grader(name).lesson
        asked = lesson.exercise(exercise)
        assert asked is not None
        notebook = solved(notebook_of(COURSE, name), lesson)
        put(notebook, asked, code)
        return grader(name).grade(submitted(notebook), [asked]).verdicts[0].report

    return graded


def test_what_is_right_by_chance_at_the_public_seed_is_no_cure(report) -> None:
    """Other rows hold the largest gap in every case of the public seed, and not by other seeds."""
    code = f"{ASYMMETRY}return (scores[0, :] - scores[:, 0]).abs().max()"
    assert "wrong number" not in report("queries_and_keys", "score_asymmetry", code).message


def test_one_step_of_three_is_not_taken_for_the_cause(report) -> None:
    code = f"{ASYMMETRY}return (scores.abs() - scores.T.abs()).abs().max()"
    assert "`abs(…)`" not in report("queries_and_keys", "score_asymmetry", code).message


def test_a_slip_that_is_one_with_the_mistake_is_not_counted_twice(report) -> None:
    code = f"{ASYMMETRY}mirror = scores.flip(1)\n    return (scores - mirror).abs().max()"
    assert "Two things" not in report("queries_and_keys", "score_asymmetry", code).message


def test_numbers_that_are_none_are_no_sign_of_a_mistake(report) -> None:
    code = (
        f"{ATTENTION}scores = q @ k.transpose(-2, -1) / math.sqrt(C // H)\n"
        "    future = torch.ones_like(scores, dtype=torch.bool).triu(diagonal=1)\n" + MASKED
    )
    message = report("tiny_transformer_capstone", "causal_attention", code).message
    assert "`C // H` comes from outside the function; take it from `q.shape[-1]`." in message


def test_a_way_that_subtracts_the_logarithm_of_the_sum_is_right(report) -> None:
    code = (
        "def masked_attention_weights(scores, mask):\n"
        "    masked = torch.where(mask, scores, -torch.inf)\n"
        "    return (masked - masked.logsumexp(dim=-1, keepdim=True)).exp()"
    )
    assert report("causal_masking", "masked_attention_weights", code).status == "passed"


def test_a_finite_mask_leaks_where_what_may_be_read_scores_far_less(report) -> None:
    code = (
        "def masked_attention_weights(scores, mask):\n"
        "    return scores.masked_fill(~mask, -1e4).softmax(dim=-1)"
    )
    found = report("causal_masking", "masked_attention_weights", code)
    assert (found.status, found.diagnosis) == ("failed", "finite-mask")
    assert "`-10000.0` is finite" in found.message


def test_where_two_changes_would_do_neither_is_called_the_only_one(report) -> None:
    code = (
        "class MultiHeadAttention(nn.Module):\n"
        "    def __init__(self, d_model: int, n_heads: int) -> None:\n"
        "        super().__init__()\n"
        "        self.n_heads = n_heads\n"
        "        self.query = nn.Linear(d_model, d_model, bias=False)\n"
        "        self.key = nn.Linear(d_model, d_model, bias=False)\n"
        "        self.value = nn.Linear(d_model, d_model, bias=False)\n"
        "        self.output = nn.Linear(d_model, d_model, bias=False)\n"
        "        self.attend = causal_attention\n\n"
        "    def forward(self, x: Tensor) -> Tensor:\n"
        "        B, T, C = x.shape\n"
        "        parts = (self.query, self.key, self.value)\n"
        "        q, k, v = (m(x).view(B, T, self.n_heads, -1).transpose(1, 2) for m in parts)\n"
        "        gathered = self.attend(k, q, v)\n"
        "        return self.output(gathered.transpose(1, 2).reshape(B, T, C))"
    )
    message = report("tiny_transformer_capstone", "multi_head", code).message
    assert "such as this" in message or "`self.attend(k, q, v)`" in message


def test_where_a_module_goes_wrong_inside_is_told(report, no_changes_tried: None) -> None:
    asked = solution_of(COURSE, "tiny_transformer_capstone").exercise("feed_forward")
    assert asked is not None
    right, wrong = "self.contract(self.gelu(", "self.contract(0.5 + self.gelu("
    assert right in asked.solution
    said = report("tiny_transformer_capstone", asked.id, asked.solution.replace(right, wrong))
    where = "Inside it, the first that is not as it should be is what `contract` is given: "
    assert where in said.message


def test_what_is_left_as_dots_beside_right_answers_is_told(report) -> None:
    asked = solution_of(COURSE, "tiny_transformer_capstone").exercise("shapes")
    assert asked is not None
    code = asked.solution.replace("hidden_shape = (B, T, 4 * C)", "hidden_shape = ...")
    said = report("tiny_transformer_capstone", "shapes", code)
    assert said.diagnosis == "left-open"
    assert "Inside the feed-forward network" in said.message


def test_an_answer_that_is_slow_is_not_changed_hundreds_of_times(
    report, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each change would take as long again, and a class has hundreds of answers."""
    monkeypatch.setattr("spotlight.grading.grader._SLOW_SECONDS", -1000.0)
    monkeypatch.setattr("spotlight.grading.grader.one_slip", None)
    code = f"{ASYMMETRY}return (scores - scores.T).abs().max() * 2"
    assert "too much" not in report("queries_and_keys", "score_asymmetry", code).message
