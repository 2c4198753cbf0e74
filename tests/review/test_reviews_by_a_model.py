"""What is asked of a model, what is kept of its answer, and how often it is asked."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from review.conftest import Grade, Graded, Review
from review.stand_in import MODEL, StandIn, answer, asked, code_in

PROTOCOLS = pytest.mark.parametrize("path", ["", "/v1"], ids=["Ollama", "OpenAI"])


def about(stand_in: StandIn, title: str) -> dict[str, Any]:
    """The first request about an exercise."""
    return next(body for body in stand_in.requests if f"Exercise: {title}\n" in asked(body))


@PROTOCOLS
def test_every_exercise_with_code_gets_an_opinion_in_four_parts(
    path: str, review: Review, partly_wrong: Graded, stand_in: StandIn
) -> None:
    said = review(partly_wrong, path=path)
    assert [e.exercise for e in said.exercises] == [e.id for e in partly_wrong.lesson.exercises]
    assert said.exercises[1].model_dump() == {
        "exercise": "shifted",
        "title": "Shift it",
        **json.loads(answer()),
    }
    assert (said.model, said.notes, said.addressed) == (MODEL, (), ())
    assert (said.server, said.remote) == (stand_in.address + path, False)


def test_what_is_blank_is_not_asked_about(review: Review, grade: Grade, stand_in: StandIn) -> None:
    graded = grade()
    stub = graded.lesson.exercises[0].stub
    said = review(grade(doubled=stub))
    assert "doubled" not in [e.exercise for e in said.exercises]
    assert len(stand_in.requests) == 4


def test_ollama_is_asked_for_the_same_answer_every_time(
    review: Review, partly_wrong: Graded, stand_in: StandIn
) -> None:
    review(partly_wrong)
    body = stand_in.requests[0]
    options = body["options"]
    assert (options["temperature"], options["seed"]) == (0, 0)
    assert options["num_ctx"] >= 8192
    assert options["num_predict"] < options["num_ctx"]
    assert (body["stream"], body["think"], body["model"]) == (True, False, MODEL)
    assert not body.get("tools")


def test_a_server_of_openais_kind_is_asked_for_the_same(
    review: Review, partly_wrong: Graded, stand_in: StandIn
) -> None:
    review(partly_wrong, path="/v1")
    body = stand_in.requests[0]
    assert (body["temperature"], body["seed"], body["stream"]) == (0, 0, True)
    assert body["response_format"]["json_schema"]["schema"]["additionalProperties"] is False


def test_the_schema_is_in_the_request_and_in_the_words(
    review: Review, partly_wrong: Graded, stand_in: StandIn
) -> None:
    review(partly_wrong)
    body = stand_in.requests[0]
    Draft202012Validator.check_schema(body["format"])
    Draft202012Validator(body["format"]).validate(json.loads(answer()))
    assert json.dumps(body["format"]) in body["messages"][0]["content"]


def test_the_model_is_told_the_verdict_the_reference_and_the_code(
    review: Review, partly_wrong: Graded, stand_in: StandIn
) -> None:
    review(partly_wrong)
    told = asked(about(stand_in, "Shift it"))
    assert "did not pass" in told
    assert "You subtract; add." in told
    assert "The reference, a secret:" in told
    assert "return x + by" in told
    assert code_in(about(stand_in, "Shift it")) == "def shifted(x, by):\n    return x - by"


def test_outputs_and_other_exercises_do_not_reach_the_model(
    review: Review, partly_wrong: Graded, stand_in: StandIn
) -> None:
    review(partly_wrong)
    told = asked(about(stand_in, "Shift it"))
    assert "def doubled" not in told
    assert "outputs" not in told


def test_another_right_way_is_told_to_be_praised(
    review: Review, grade: Grade, stand_in: StandIn
) -> None:
    review(grade(shifted="def shifted(x, by):\n    return x.add(by)"))
    assert "differs from the reference and is just as right" in asked(about(stand_in, "Shift it"))
    assert "differs" not in asked(about(stand_in, "Double it"))
    rules = stand_in.requests[0]["messages"][0]["content"]
    assert "as good as the reference" in rules


def test_helpers_that_an_answer_uses_are_shown_with_it(
    review: Review, grade: Grade, stand_in: StandIn
) -> None:
    helped = "def plus(a, b):\n    return a + b\n\n\ndef shifted(x, by):\n    return plus(x, by)"
    review(grade(shifted=helped).alone("shifted"))
    assert code_in(about(stand_in, "Shift it")) == helped


def test_code_cannot_end_the_fence_that_it_stands_in(
    review: Review, grade: Grade, stand_in: StandIn
) -> None:
    review(grade(shifted="def shifted(x, by):\n    # =====\n    return x - by").alone("shifted"))
    told = asked(about(stand_in, "Shift it"))
    fence = told.splitlines()[-1]
    assert told.count(fence) == 2
    assert "  2 |     # =====" in told


def test_very_long_code_is_cut(review: Review, grade: Grade, stand_in: StandIn) -> None:
    padding = "\n".join(f"    y{n} = {n}" for n in range(2000))
    review(grade(shifted=f"def shifted(x, by):\n{padding}\n    return x - by").alone("shifted"))
    told = asked(about(stand_in, "Shift it"))
    assert told.endswith("(The rest is left out.)")
    assert len(told) < 10_000


def test_equal_code_is_not_asked_about_twice(
    review: Review, partly_wrong: Graded, stand_in: StandIn
) -> None:
    first = review(partly_wrong)
    count = len(stand_in.requests)
    assert review(partly_wrong) == first
    assert len(stand_in.requests) == count
    stand_in.models[0]["digest"] = "other weights by the same name"
    review(partly_wrong)
    assert len(stand_in.requests) == 2 * count


# The second attempt


@PROTOCOLS
@pytest.mark.parametrize(
    "bad",
    [
        "I think that your code is fine.",
        "",
        "{",
        "[]",
        '{"summary": "Only this."}',
        answer(right=7),
        answer(mood="sunny"),
        answer(question="?" * 501),
        answer(question=" "),
        answer(improvement="See https://example.org."),
    ],
)
def test_an_answer_that_cannot_be_used_is_asked_for_once_more(
    bad: str, path: str, review: Review, partly_wrong: Graded, stand_in: StandIn
) -> None:
    stand_in.says = lambda body: bad if len(body["messages"]) == 2 else answer()
    said = review(partly_wrong.alone("shifted"), path=path)
    assert (len(said.exercises), said.notes) == (1, ())
    assert len(stand_in.requests) == 2
    assert stand_in.requests[1]["messages"][-1]["content"].startswith("Your answer ")


def test_two_such_answers_are_one_sentence_for_all_exercises_alike(
    review: Review, partly_wrong: Graded, stand_in: StandIn
) -> None:
    stand_in.says = lambda body: "Fine."
    said = review(partly_wrong)
    assert said.exercises == ()
    assert said.notes == (
        "5 exercises: no review, since the model's answer is not in the form asked for "
        "(no such JSON).",
    )
    assert len(stand_in.requests) == 10


def test_the_second_time_thinking_is_left_to_the_server(
    review: Review, partly_wrong: Graded, stand_in: StandIn
) -> None:
    """Some versions of Ollama forget the schema where thinking is switched off."""
    stand_in.says = lambda body: "Well, ..." if body.get("think") is False else answer()
    assert len(review(partly_wrong).exercises) == 5


def test_json_in_a_fence_is_json(review: Review, partly_wrong: Graded, stand_in: StandIn) -> None:
    stand_in.says = lambda body: f"```json\n{answer()}\n```"
    assert len(review(partly_wrong).exercises) == 5
    assert len(stand_in.requests) == 5
