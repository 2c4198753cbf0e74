"""Gradescope's `results.json`: its schema, its sums, and what a student is told there."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import numpy as np
import pytest
from class_books import (
    CONFINEMENT,
    STEPS,
    adjusted,
    book,
    exercise,
    graded,
    large_book,
    line,
    refused,
    row,
    student,
)

from spotlight.classroom.gradebook import ClassBook
from spotlight.classroom.gradescope import gradescope_json
from spotlight.feedback.cards import exercise_card
from spotlight.grading.report import PredictionReport
from spotlight.grading.verdict import Comparison, Verdict

DOUBLED, SHIFTED = STEPS.exercises
VISIBILITY = {"enum": ["hidden", "after_due_date", "after_published", "visible"]}
FORMAT = {"enum": ["text", "html", "simple_format", "md", "ansi"]}
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["score", "tests"],
    "properties": {
        "score": {"type": "number"},
        "execution_time": {"type": "number", "minimum": 0},
        "output": {"type": "string"},
        "output_format": FORMAT,
        "visibility": VISIBILITY,
        "stdout_visibility": VISIBILITY,
        "tests": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["score", "max_score", "name", "number", "status", "output"],
                "properties": {
                    "score": {"type": "number"},
                    "max_score": {"type": "number", "minimum": 0},
                    "status": {"enum": ["passed", "failed"]},
                    "name": {"type": "string", "minLength": 1},
                    "number": {"type": "string", "pattern": r"^\d+(\.\d+)*$"},
                    "output": {"type": "string"},
                    "output_format": FORMAT,
                    "tags": {"type": "array", "items": {"type": "string"}},
                    "visibility": VISIBILITY,
                },
            },
        },
    },
}


def results(some: ClassBook, place: int = 0) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(gradescope_json(some, some.rows[place]))
    return read


def test_every_exercise_and_prediction_is_a_test_with_its_points() -> None:
    failed = exercise(SHIFTED, "failed", message="you subtract; add")
    seen = results(book(row(student(), graded("ada", STEPS, failed))))
    assert [t["name"] for t in seen["tests"]] == [
        "Small steps: Double it",
        "Small steps: Shift it",
        "Small steps: prediction order_matters",
        "Small finish: Halve it",
    ]
    assert [t["number"] for t in seen["tests"]] == ["1.1", "1.2", "1.3", "2.1"]
    assert [t["status"] for t in seen["tests"]] == ["passed", "failed", "passed", "failed"]
    assert [(t["score"], t["max_score"]) for t in seen["tests"]] == [(1, 1), (0, 2), (1, 1), (0, 1)]
    assert seen["tests"][1]["output"] == "You subtract; add."
    assert seen["tests"][3]["output"] == "Nothing of this lesson was handed in."
    assert seen["score"] == 2
    assert seen["execution_time"] == pytest.approx(0.02)


def test_an_adjustment_is_an_entry_of_its_own() -> None:
    lines = (line("shifted", 1.5, "Right idea", "Dr. B"), line("", -0.5))
    changed = adjusted("small_steps", 2.0, 3.0, 4.0, lines)
    work = graded("ada", STEPS, exercise(SHIFTED, "failed"))
    seen = results(book(row(student(), work, adjusted=(changed,)), lessons=(STEPS,)))
    more, less = seen["tests"][-2:]
    assert more["name"] == "Adjusted by the instructor: Small steps, Shift it"
    assert (more["score"], more["output"]) == (1.5, "Right idea (Dr. B)")
    assert less["name"] == "Adjusted by the instructor: Small steps, as a whole"
    assert (less["score"], less["output"]) == (-0.5, "No comment was given.")
    assert seen["score"] == 3


def test_a_comment_alone_is_an_entry_without_points() -> None:
    changed = adjusted("small_steps", 4.0, 4.0, 4.0, (line("shifted", 0, "Nicely put."),))
    seen = results(book(row(student(), graded("ada", STEPS), adjusted=(changed,))))
    (entry,) = [t for t in seen["tests"] if t["name"].startswith("Comment by the instructor")]
    assert entry["name"] == "Comment by the instructor: Small steps, Shift it"
    assert (entry["score"], entry["max_score"], entry["output"]) == (0, 0, "Nicely put.")


@pytest.mark.parametrize("place", range(12))
def test_the_file_has_gradescopes_schema_and_its_tests_add_up(place: int) -> None:
    seen = results(large_book(12), place)
    jsonschema.validate(seen, SCHEMA)
    assert seen["score"] == pytest.approx(sum(t["score"] for t in seen["tests"]))
    numbers = [t["number"] for t in seen["tests"]]
    assert len(set(numbers)) == len(numbers)


def test_the_top_says_what_was_odd_and_what_confined_the_code() -> None:
    work = graded("ada", STEPS, notes=("An older version.",))
    seen = results(book(row(student(), work, refused("ada"), notes=("Handed in twice.",))))
    assert seen["output"].splitlines() == [
        "Handed in twice.",
        "week1.pdf was not graded: It is no notebook.",
        "Small steps: An older version.",
        *CONFINEMENT,
    ]


def test_who_handed_in_nothing_is_told_so() -> None:
    assert results(book(row(student())))["output"].startswith("Nothing was handed in.")


def test_a_prediction_that_was_not_committed_says_so() -> None:
    work = graded("ada", STEPS)
    assert work.report is not None
    missing = PredictionReport(prediction="order_matters", answered=False, points=0, possible=1)
    report = work.report.model_copy(update={"predictions": (missing,)})
    seen = results(book(row(student(), work.model_copy(update={"report": report}))))
    prediction = seen["tests"][2]
    assert (prediction["status"], prediction["output"]) == ("failed", "Not committed yet.")


def test_what_a_student_is_told_is_read_off_the_card_and_not_off_a_secret_report() -> None:
    """The report may come from the instructor's own inputs; the card never does."""
    shown = exercise(
        SHIFTED, "failed", message="At `[0, 1]` is `1.25`, not `2.5`.", remarks=("It prints.",)
    )
    case = Comparison("p", "A row", np.array([1.25]), np.array([2.5]), (0,), entry="1 + 0.25")
    card = exercise_card(Verdict(shown, case))
    secret = exercise(SHIFTED, "failed", message="At `[0, 1]` is `99.5`, not `2.5`.")
    work = graded("ada", STEPS, secret, cards={"shifted": card})
    for public in (True, False):
        output = results(book(row(student(), work), seed_is_public=public))["tests"][1]["output"]
        assert output == (
            "At `[0, 1]` is `1.25`, not `2.5`.\nBy hand, the number at [0]: 1 + 0.25\nIt prints."
        )


def test_without_a_card_a_secret_report_gives_its_status_alone() -> None:
    secret = exercise(SHIFTED, "failed", message="`99.5` is expected.")
    some = book(row(student(), graded("ada", STEPS, secret, cards={})), seed_is_public=False)
    assert results(some)["tests"][1]["output"] == "Not right yet."
    assert b"99.5" not in gradescope_json(some, some.rows[0])


def test_a_pass_on_the_public_inputs_alone_is_explained() -> None:
    card = exercise_card(Verdict(exercise(SHIFTED, "passed")))
    work = graded("ada", STEPS, exercise(SHIFTED, "failed"), cards={"shifted": card})
    seen = results(book(row(student(), work), seed_is_public=False))["tests"][1]
    assert seen["status"] == "failed"
    assert seen["output"] == (
        "Right.\nThe mark comes from other inputs than those shown: on them the answer is "
        "“not right yet”."
    )


def test_a_card_of_an_error_gives_its_lines_and_no_tables() -> None:
    text = '<b>&amp;</b> "x" is `a < b`'
    card = exercise_card(Verdict(exercise(SHIFTED, "error", message=text)))
    work = graded("ada", STEPS, exercise(SHIFTED, "error"), cards={"shifted": card})
    output = results(book(row(student(), work)))["tests"][1]["output"]
    assert output == text
