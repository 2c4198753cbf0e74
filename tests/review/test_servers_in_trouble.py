"""Whatever a server does: one sentence, no opinion, and the grading stands."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from review.conftest import Graded, Review
from review.stand_in import StandIn, Trouble, model
from spotlight.review.review_cache import ReviewCache
from spotlight.review.reviewer import Reviewer
from spotlight.review.servers import Deadline
from spotlight.review.settings import Settings

PROTOCOLS = pytest.mark.parametrize("path", ["", "/v1"], ids=["Ollama", "OpenAI"])
SLOW = "The model took longer than the 0.3 seconds that an exercise has"
TOO_LONG = "5 exercises: no review, since the model's answer is longer than any review."
BREAKS_OFF = "5 exercises: no review, since the model's answer breaks off."
IS_NONE = "The review ended early: what answers at "


@PROTOCOLS
@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        ("slow", SLOW),
        ("drips", SLOW),
        ("drips without a line's end", SLOW),
        ("error mid-stream", "The review ended early: the server at "),
        ("no room", "model requires more system memory"),
        ("breaks off", BREAKS_OFF),
        ("cut at its limit", TOO_LONG),
        ("never ends", TOO_LONG),
        ("a web page", IS_NONE),
        ("lines that are no JSON", IS_NONE),
        ("no such model", "qwen2.5-coder:7b"),
    ],
)
def test_a_trouble_is_one_sentence(
    trouble: Trouble,
    said: str,
    path: str,
    review: Review,
    partly_wrong: Graded,
    stand_in: StandIn,
) -> None:
    stand_in.trouble = trouble
    patience = {"timeout": 0.3} if said is SLOW else {}
    found = review(partly_wrong, path=path, **patience)
    (sentence,) = found.notes
    assert said in sentence
    assert sentence.endswith(".")
    assert sentence.isprintable()
    assert found.exercises == ()


def test_a_server_that_is_down_is_told_with_how_to_start_it(
    review: Review, partly_wrong: Graded
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}"
        (sentence,) = review(partly_wrong, server=address).notes
    assert sentence.startswith(f"No code was reviewed: no server answers at {address};")
    assert "`ollama serve`" in sentence


def test_a_missing_model_is_told_with_the_command_that_fetches_it_and_not_fetched(
    review: Review, partly_wrong: Graded, stand_in: StandIn
) -> None:
    stand_in.models.clear()
    (sentence,) = review(partly_wrong).notes
    assert "has no model that could review; `ollama pull qwen2.5-coder:7b` would fetch" in sentence
    stand_in.models.append(model("llama3.2:3b"))
    (sentence,) = review(partly_wrong, models=("gemma3:4b", "phi4")).notes
    assert "has none of gemma3:4b, phi4; `ollama pull gemma3:4b` would fetch one." in sentence
    assert stand_in.requests == []


@PROTOCOLS
def test_a_redirection_is_not_followed(
    path: str, review: Review, partly_wrong: Graded, stand_in: StandIn
) -> None:
    stand_in.trouble = "redirects"
    assert review(partly_wrong, path=path).exercises == ()
    assert stand_in.requests == []


def test_after_a_trouble_with_the_server_it_is_not_asked_again(
    partly_wrong: Graded, stand_in: StandIn, tmp_path: Path
) -> None:
    stand_in.trouble = "no room"
    settings = Settings(server=stand_in.address)
    reviewer = Reviewer(settings, cache=ReviewCache(tmp_path / "reviews"))
    first = reviewer.review(*partly_wrong.arguments)
    stand_in.trouble = ""
    second = reviewer.review(*partly_wrong.arguments)
    assert first.notes == second.notes == (reviewer.trouble,)
    assert len(stand_in.requests) == 1


def test_when_the_time_for_all_reviews_is_over_no_more_is_asked(
    partly_wrong: Graded, stand_in: StandIn, tmp_path: Path
) -> None:
    settings = Settings(server=stand_in.address, class_minutes=3)
    reviewer = Reviewer(settings, cache=ReviewCache(tmp_path / "reviews"), end=Deadline(0))
    found = reviewer.review(*partly_wrong.arguments)
    assert found.notes == ("Reviews ended after the 3 minutes that are set aside.",)
    assert stand_in.requests == []


def test_what_a_server_says_is_quoted_in_plain_text(
    review: Review, partly_wrong: Graded, stand_in: StandIn
) -> None:
    stand_in.models[0]["name"] = "gone"  # listed under one name, known by another
    stand_in.models[0]["model"] = "\x1b[31mqwen3\u202e:8b"
    (sentence,) = review(partly_wrong).notes
    assert sentence.isprintable()


def test_a_fault_of_the_review_itself_costs_the_review_alone(
    review: Review, partly_wrong: Graded, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spotlight.review.reviewer.messages_for", lambda work: 1 / 0)
    (sentence,) = review(partly_wrong).notes
    assert sentence.startswith("The review itself failed (ZeroDivisionError")
