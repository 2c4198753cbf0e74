"""What of a model's answer may be shown: nothing that contradicts the tests, grants marks, links
somewhere, or gives a solution away.

Whatever a model was talked into, this is what it can at most have kept in a report.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from spotlight.printable_text import one_line
from spotlight.review.answer import Answer
from spotlight.review.errors import AnswerError
from spotlight.review.leaks import gives_away, has_code_of_its_own
from spotlight.review.plain_text import visible

_LINKS = re.compile(r"https?:|www\.|\]\(|\bmailto:|\w\.(?:com|org|net|io|dev)\b", re.IGNORECASE)
_TAGS = re.compile(r"</?[a-z!][^>\n]*>|&(?:#\d+|[a-z]+);", re.IGNORECASE)
_MARKS = re.compile(
    r"\b(?:full|maximum|top|perfect|all|extra|bonus|no|zero|\d+) (?:marks?|points?|credits?)\b|"
    r"\b(\d+) ?(?:/|out of) ?\1\b|\b100 ?%|\bA\+|\bgraded?\b|"
    r"\b(?:deserves?|awards?|earned|earns?) (?:\w+ ){0,3}(?:marks?|points?|credits?|pass)\b",
    re.IGNORECASE,
)
_CODE = (
    r"(?:code|solution|answer|function|implementation|exercise|submission|program|result|it|this)"
)
_PRAISE = re.compile(
    rf"\b{_CODE} (?:is|are|looks|seems|works|has|now) (?:\w+ ){{0,3}}?"
    r"(?:correct(?:ly)?|right|perfect(?:ly)?|flawless|complete|passed|passing|as asked)\b"
    r"(?! (?:in|on|to|for|up|shape|idea|so far|where|when|if|only|except|but|apart|as far))|"
    r"\bpass(?:es|ed)? (?:(?:all|every|each|the) )?(?:\w+ )?tests?\b|\ball tests (?:are )?pass|"
    r"\bno (?:mistakes?|bugs?)\b|\bnothing (?:left )?to (?:improve|fix|correct|change)\b",
    re.IGNORECASE,
)
_BLAME = re.compile(
    rf"\b{_CODE} (?:is|are|looks|seems) (?:\w+ ){{0,2}}?(?:wrong|incorrect|broken|mistaken)\b|"
    r"\bfail(?:s|ed)? (?:all|every|the|some) tests?\b|\b(?:wrong|incorrect) results?\b",
    re.IGNORECASE,
)
_NOT = re.compile(
    r"\b(?:not|never|isn.t|aren.t|doesn.t|almost|nearly|if|until|unless|once)\b", re.I
)
_SENTENCE = re.compile(r"[^.?!\n]+")


@dataclass(frozen=True)
class Screen:
    """What an answer is held against.

    `known` is code that is no secret to its reader, the student's own and what everyone was given;
    `secrets` give away what the student has not solved yet.
    """

    passed: bool
    known: str
    secrets: Collection[str] = ()


def screened(answer: Answer, screen: Screen) -> Answer:
    """The answer, in characters that can be shown.

    Raises:
        AnswerError: it is not to be shown; the message says why, to the model as to a person.
    """
    clean = Answer(**{name: one_line(text) for name, text in answer.model_dump().items()})
    text = "\n".join(map(visible, clean.parts))
    if _LINKS.search(text) or _TAGS.search(text):
        raise AnswerError("holds a link or markup")
    if _MARKS.search(text):
        raise AnswerError("speaks of marks, which are not the model's to give")
    contradiction = _BLAME if screen.passed else _PRAISE
    if any(_claims(contradiction, sentence) for sentence in _SENTENCE.findall(text)):
        raise AnswerError("contradicts the tests")
    if gives_away(text, screen.secrets, screen.known):
        raise AnswerError("gives the solution away")
    if not screen.passed and has_code_of_its_own(text, screen.known):
        raise AnswerError("sets down code, which is the student's to write")
    return clean


def _claims(pattern: re.Pattern[str], sentence: str) -> bool:
    return pattern.search(sentence) is not None and _NOT.search(sentence) is None
