"""`review()` in a live kernel: below the verdict's card, one that is marked as an opinion."""

from __future__ import annotations

import pytest

from review.stand_in import StandIn, serving

LESSON = "03_queries_and_keys"
WRONG = "# Exercise project · 1 point\ndef project(x, weights):\n    return x * weights"


@pytest.fixture
def kernel(open_kernel, tmp_path, key_cache, monkeypatch):
    reviews = tmp_path / "cache" / "spotlight"  # of this test's own, but for the answer keys
    reviews.mkdir(parents=True)
    key_cache.mkdir(parents=True, exist_ok=True)
    (reviews / "keys").symlink_to(key_cache)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    with serving(StandIn()) as server:
        monkeypatch.setenv("SPOTLIGHT_REVIEW_SERVER", server.address)
        kernel = open_kernel(LESSON)
        kernel.run(
            'from spotlight.notebook import review, start, verify\nstart("queries_and_keys")'
        )
        kernel.run(WRONG, "exercise-project")
        kernel.server = server
        yield kernel


def test_an_exercise_is_reviewed_below_its_verdict(kernel):
    shown = kernel.run('review("project")')
    assert not shown.error
    assert shown.html.index('data-status="failed"') < shown.html.index('data-card="review"')
    assert shown.text.index("Looking for a model") < shown.text.index("reads Project")
    assert "It may be wrong, and changes no points." in shown.html
    assert "To think about: What happens if the second argument is zero?" in shown.text
    assert len(kernel.server.requests) == 1


def test_a_lesson_is_reviewed_below_its_table(kernel):
    shown = kernel.run("review()")
    assert shown.html.index("data-points") < shown.html.index('data-card="review"')
    assert len(kernel.server.requests) == 1


def test_without_a_server_a_card_says_so(kernel):
    kernel.run("import os\nos.environ['SPOTLIGHT_REVIEW_SERVER'] = '127.0.0.1:9'")
    shown = kernel.run('review("project")')
    assert not shown.error
    assert 'data-status="failed"' in shown.html
    assert "No code was reviewed: no server answers at http://127.0.0.1:9;" in shown.text


def test_a_misspelt_name_gets_the_list_of_names(kernel):
    assert "no exercise called 'projekt'" in kernel.run('review("projekt")').text
