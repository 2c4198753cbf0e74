"""What is remembered of many gradings, and how two machines' histories become one."""

from __future__ import annotations

import functools
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from progress_gradings import LATER, NOON, exercise, lesson, prediction

from spotlight.progress import Progress, merge, remember

WORST_TO_BEST = (
    "missing",
    "blank",
    "forbidden",
    "crashed",
    "memory",
    "timeout",
    "error",
    "failed",
    "passed",
)


@st.composite
def exercise_reports(draw, name):
    status = draw(st.sampled_from(WORST_TO_BEST))
    possible = draw(st.sampled_from((1, 2)))
    partial = draw(st.sampled_from((0, 0.5))) if status == "failed" else 0
    return exercise(
        name,
        status,
        possible=possible,
        points=possible if status == "passed" else partial,
        diagnosis=draw(st.sampled_from((None, "not-scaled"))),
        message=draw(st.sampled_from(("", "Divide by √d_k."))),
        title=draw(st.sampled_from(("Scale", "Scale the scores"))),
    )


@st.composite
def lesson_reports(draw):
    names = draw(st.sets(st.sampled_from("xyz"), min_size=1))
    entries = [draw(exercise_reports(name)) for name in sorted(names)]
    if draw(st.booleans()):
        entries.append(prediction("symmetric", answered=draw(st.booleans())))
    return lesson(
        *entries,
        name=draw(st.sampled_from(("first", "second"))),
        possible=draw(st.sampled_from((None, 9))),
    )


times = st.sampled_from((NOON, "2026-01-31T12:00:01Z", LATER))
scopes = st.sampled_from(("lesson", "exercises"))
gradings = st.lists(st.tuples(st.lists(lesson_reports(), max_size=2), times, scopes), max_size=5)


def after(recorded) -> Progress:
    return functools.reduce(lambda known, grading: remember(known, *grading), recorded, Progress())


histories = gradings.map(after)


def bests(progress: Progress):
    """Every best of a history, as numbers that must never go down."""
    for lesson_id, known in progress.lessons.items():
        for name, each in known.exercises.items():
            yield (lesson_id, name), (WORST_TO_BEST.index(each.status), each.points, each.attempts)
        for name, each in known.predictions.items():
            yield (lesson_id, name), (each.answered, each.points)


def is_nowhere_lower(later: Progress, earlier: Progress) -> bool:
    now = dict(bests(later))
    return all(
        key in now and all(new >= old for new, old in zip(now[key], best, strict=True))
        for key, best in bests(earlier)
    )


class TestOneGradingAfterAnother:
    @given(histories, st.lists(lesson_reports(), max_size=2), times, scopes)
    def test_never_lowers_a_best(self, known, reports, at, scope):
        assert is_nowhere_lower(remember(known, reports, at, scope), known)

    @given(histories)
    def test_gives_no_lesson_more_points_than_it_is_worth(self, known):
        assert all(0 <= each.points <= each.possible for each in known.lessons.values())

    def test_keeps_the_pass_and_tells_of_the_failure_after_it(self):
        known = after(
            [
                ([lesson(exercise("scores", "passed"))], NOON),
                (
                    [lesson(exercise("scores", "failed", diagnosis="not-scaled", message="√d_k"))],
                    LATER,
                ),
            ]
        )
        scores = known.lessons["queries_and_keys"].exercises["scores"]
        assert (scores.status, scores.points) == ("passed", 1)
        assert (scores.last_status, scores.last_diagnosis) == ("failed", "not-scaled")
        assert (scores.last_message, scores.attempts) == ("√d_k", 2)
        assert (scores.first_at, scores.last_at, known.updated_at) == (NOON, LATER, LATER)

    @pytest.mark.parametrize("status", ["blank", "missing"])
    def test_counts_no_attempt_where_there_is_nothing_to_judge(self, status):
        known = after([([lesson(exercise("scores", status))], NOON)])
        scores = known.lessons["queries_and_keys"].exercises["scores"]
        assert (scores.status, scores.last_status) == (status, status)
        assert (scores.attempts, scores.first_at, scores.last_at) == (0, None, None)

    def test_remembers_the_last_attempt_when_the_exercise_is_blank_again(self):
        known = after(
            [
                ([lesson(exercise("scores", "failed", diagnosis="not-scaled"))], NOON),
                ([lesson(exercise("scores", "blank"))], LATER),
            ]
        )
        scores = known.lessons["queries_and_keys"].exercises["scores"]
        assert (scores.last_status, scores.last_diagnosis) == ("failed", "not-scaled")
        assert (scores.last_at, scores.attempts) == (NOON, 1)

    @pytest.mark.parametrize(("worse", "better"), list(itertools.pairwise(WORST_TO_BEST)))
    def test_ranks_a_status_by_how_far_the_grading_got(self, worse, better):
        for order in ((worse, better), (better, worse)):
            known = after([([lesson(exercise("scores", each, points=0))], NOON) for each in order])
            assert known.lessons["queries_and_keys"].exercises["scores"].status == better

    def test_takes_the_last_word_from_the_grading_at_hand_even_when_the_clock_went_back(self):
        known = after(
            [
                ([lesson(exercise("scores", "failed"))], LATER),
                ([lesson(exercise("scores", "passed"))], NOON),
            ]
        )
        scores = known.lessons["queries_and_keys"].exercises["scores"]
        assert scores.last_status == "passed"
        assert (scores.first_at, scores.last_at) == (NOON, LATER)

    def test_keeps_an_answered_prediction_answered(self):
        known = after(
            [
                ([lesson(prediction("symmetric", answered=answered))], at)
                for answered, at in ((False, "2026-01-31T11:00:00Z"), (True, NOON), (False, LATER))
            ]
        )
        symmetric = known.lessons["queries_and_keys"].predictions["symmetric"]
        assert (symmetric.answered, symmetric.points, symmetric.first_at) == (True, 1, NOON)

    def test_adds_exercises_and_predictions_up(self):
        known = after(
            [
                (
                    [
                        lesson(
                            exercise("scores", "failed", points=0.5, possible=2),
                            exercise("weights"),
                            prediction("symmetric", answered=True),
                        )
                    ],
                    NOON,
                )
            ]
        )
        total = known.lessons["queries_and_keys"]
        assert (total.points, total.possible) == (2.5, 4)

    def test_counts_an_exercise_with_what_it_is_worth_now(self):
        known = after(
            [
                ([lesson(exercise("scores", possible=3))], NOON),
                ([lesson(exercise("scores", "failed", possible=2))], LATER),
            ]
        )
        total = known.lessons["queries_and_keys"]
        assert (total.points, total.possible) == (2, 2)
        assert total.exercises["scores"].points == 3

    def test_lets_an_exercise_that_left_the_course_count_no_more_but_forgets_nothing(self):
        known = after(
            [
                ([lesson(exercise("scores"), exercise("weights"))], NOON),
                ([lesson(exercise("scores"), exercise("mixing", "blank"))], LATER),
            ]
        )
        total = known.lessons["queries_and_keys"]
        assert (total.points, total.possible) == (1, 2)
        assert (total.exercises["weights"].status, total.exercises["weights"].possible) == (
            "passed",
            0,
        )

    def test_leaves_the_rest_of_a_lesson_as_it_is_when_a_part_of_it_is_graded(self):
        known = after(
            [
                ([lesson(exercise("scores"), exercise("weights", "blank"))], NOON),
                ([lesson(exercise("weights"), possible=2)], LATER, "exercises"),
            ]
        )
        total = known.lessons["queries_and_keys"]
        assert (total.points, total.possible) == (2, 2)


class TestMerging:
    @given(histories)
    def test_with_itself_changes_nothing(self, known):
        assert merge(known, known) == known

    @given(histories)
    def test_with_an_empty_history_changes_nothing(self, known):
        assert merge(known, Progress()) == known

    @given(histories, histories)
    def test_does_not_depend_on_who_merges(self, ours, theirs):
        assert merge(ours, theirs) == merge(theirs, ours)

    @given(histories, histories, histories)
    def test_does_not_depend_on_the_order(self, first, second, third):
        assert merge(merge(first, second), third) == merge(first, merge(second, third))

    @given(histories, histories)
    def test_keeps_the_best_of_both(self, ours, theirs):
        merged = merge(ours, theirs)
        assert is_nowhere_lower(merged, ours)
        assert is_nowhere_lower(merged, theirs)
        # ... and nothing better than the better of the two.
        mine, others = dict(bests(ours)), dict(bests(theirs))
        for key, best in bests(merged):
            sources = [known[key] for known in (mine, others) if key in known]
            assert best == tuple(map(max, zip(*sources, strict=True)))

    def test_takes_the_first_time_the_last_time_and_what_was_said_then(self):
        ours = after([([lesson(exercise("scores", "error", message="an early word"))], NOON)])
        theirs = after([([lesson(exercise("scores", "failed", message="a late word"))], LATER)])
        scores = merge(ours, theirs).lessons["queries_and_keys"].exercises["scores"]
        assert (scores.first_at, scores.last_at) == (NOON, LATER)
        assert (scores.last_status, scores.last_message) == ("failed", "a late word")

    @pytest.mark.parametrize(
        ("field", "values"),
        [
            ("status", ("failed", "error")),
            ("diagnosis", (None, "not-scaled")),
            ("message", ("one word", "another word")),
            ("possible", (1, 2)),
            ("title", ("Scale", "Scale the scores")),
        ],
    )
    def test_does_not_depend_on_who_merges_two_attempts_of_one_second(self, field, values):
        ours, theirs = (
            after([([lesson(exercise("scores", **{"status": "failed", field: value}))], NOON)])
            for value in values
        )
        assert merge(ours, theirs) == merge(theirs, ours)
