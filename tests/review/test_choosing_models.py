"""Which of a server's models is asked, and which never is."""

from __future__ import annotations

import pytest

from review.conftest import Graded, Review
from review.stand_in import StandIn, model


def chosen(review: Review, graded: Graded, stand_in: StandIn, *served: str, **wish: object) -> str:
    stand_in.models[:] = [model(name) for name in served]
    return review(graded.alone("shifted"), **wish).model


@pytest.mark.parametrize(
    ("served", "best"),
    [
        (("llama3.1:8b", "qwen2.5-coder:7b"), "qwen2.5-coder:7b"),
        (("mistral-small:24b", "gemma3:4b"), "gemma3:4b"),
        (("some-new-model:1b",), "some-new-model:1b"),
        (("nomic-embed-text:latest", "some-new-model:1b"), "some-new-model:1b"),
    ],
)
def test_without_a_wish_the_best_known_model_is_taken_else_any_that_talks(
    served: tuple[str, ...], best: str, review: Review, partly_wrong: Graded, stand_in: StandIn
) -> None:
    assert chosen(review, partly_wrong, stand_in, *served) == best


@pytest.mark.parametrize(
    ("wish", "best"),
    [
        (("gemma3",), "gemma3:12b"),
        (("gemma3:4b",), "gemma3:4b-it-qat"),
        (("phi4", "llama3.1:8b"), "llama3.1:8b"),
        (("Qwen3",), "qwen3:8b"),
    ],
)
def test_a_wish_is_granted_in_its_own_order(
    wish: tuple[str, ...], best: str, review: Review, partly_wrong: Graded, stand_in: StandIn
) -> None:
    served = ("qwen3:8b", "gemma3:12b", "gemma3:4b-it-qat", "llama3.1:8b")
    assert chosen(review, partly_wrong, stand_in, *served, models=wish) == best


def test_a_wish_is_not_replaced_by_something_else(
    review: Review, partly_wrong: Graded, stand_in: StandIn
) -> None:
    assert chosen(review, partly_wrong, stand_in, "qwen3:8b", models=("gemma3",)) == ""
    assert stand_in.requests == []


@pytest.mark.parametrize("name", ["gpt-oss:120b-cloud", "kimi-k2:cloud"])
def test_a_model_of_the_cloud_is_never_asked_even_by_wish(
    name: str, review: Review, partly_wrong: Graded, stand_in: StandIn
) -> None:
    """Ollama would pass the code on to another machine, whatever address it was given."""
    assert chosen(review, partly_wrong, stand_in, name) == ""
    assert chosen(review, partly_wrong, stand_in, name, models=(name,)) == ""
    stand_in.models[:] = [model("my-copy-of-it:latest", size=384)]
    assert review(partly_wrong).model == ""
    assert stand_in.requests == []
