"""What a model answers: its JSON schema, and how an answer is read."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from spotlight.grading.report import ExerciseReview
from spotlight.review.errors import AnswerError

MOST_CHARACTERS = 500
"""The length of each part of an answer; the prompt asks for less."""

_FENCED = re.compile(r"\A\s*```(?:json)?\s*\n(.*?)\n?\s*```\s*\Z", re.DOTALL)
_Part = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MOST_CHARACTERS)
]


class Answer(BaseModel):
    """A model's answer, in the form that was asked for."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    summary: _Part
    right: _Part
    improvement: _Part
    question: _Part

    @property
    def parts(self) -> tuple[str, ...]:
        """All that it says."""
        return self.summary, self.right, self.improvement, self.question

    def about(self, exercise: str, title: str) -> ExerciseReview:
        """The answer as the report keeps it."""
        return ExerciseReview(exercise=exercise, title=title, **self.model_dump())


def schema() -> dict[str, Any]:
    """The JSON schema of an answer.

    Lengths are left out: servers turn them into grammars that are slow or refused.
    """
    text = {"type": "string"}
    return {
        "type": "object",
        "properties": dict.fromkeys(Answer.model_fields, text),
        "required": list(Answer.model_fields),
        "additionalProperties": False,
    }


def read_answer(text: str) -> Answer:
    """The answer that a model's text holds.

    Raises:
        AnswerError: it is none.
    """
    fenced = _FENCED.match(text)
    try:
        return Answer.model_validate_json(fenced[1] if fenced else text)
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(map(str, problem["loc"]))
        raise AnswerError(
            f"is not in the form asked for ({where}: {problem['msg']})"
            if where
            else "is not in the form asked for (no such JSON)"
        ) from error
