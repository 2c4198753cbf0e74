"""Two mistakes at once: kept in the key as one program, and told as two things."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from small_masters import mistakes
from spotlight.diagnosis.known_mistakes import named_mistake, named_pair, perhaps, same_outcome
from spotlight.grading.answer_key import build_key, cached_key
from spotlight.sandbox.job import Job, Observation, ProbeOutcome, Trouble
from spotlight.sandbox.worker import Worker
from tiny_lessons import TinyLesson, exercise, function, probe

PROBES = (probe("a_few", "f(randn(2, 3), 2.0)"), probe("more", "f(randn(4, 5), -3.0)"))
SHIFTED = exercise(
    function("doubled = 2 * x\nreturn doubled + by", "x, by", "x: (n, d) → (n, d)"),
    *PROBES,
    mistakes(
        {
            "thrice: 2 * x → 3 * x": "Double it.",
            "subtracted: + by → - by": "Add.",
            "squared: 2 * x → x * x": "Double it; that is the square.",
        }
    ),
)


@pytest.fixture(scope="module")
def shifted(worker: Worker, tmp_path_factory: pytest.TempPathFactory) -> TinyLesson:
    return TinyLesson(SHIFTED, worker, tmp_path_factory.mktemp("shifted"))


def both(body: str) -> str:
    return f"def f(x, by):\n    return {body}"


# Named


def test_two_mistakes_are_told_with_both_messages(shifted: TinyLesson) -> None:
    verdict = shifted.judged(both("x * 3 - by"))
    report = verdict.report
    assert (report.status, report.points) == ("failed", 0)
    assert report.diagnosis == "thrice+subtracted"
    assert report.message == "Two things at once. First: Double it. Second: Add."
    assert verdict.ground == "pair"
    assert verdict.comparison is not None


def test_they_are_told_in_the_order_of_the_master(shifted: TinyLesson) -> None:
    report = shifted.judged(both("x.square() - by")).report
    assert report.diagnosis == "subtracted+squared"
    assert report.message == (
        "Two things at once. First: Add. Second: Double it; that is the square."
    )


@pytest.mark.parametrize(("body", "name"), [("3 * x + by", "thrice"), ("2 * x - by", "subtracted")])
def test_one_mistake_alone_is_told_alone(body: str, name: str, shifted: TinyLesson) -> None:
    verdict = shifted.judged(both(body))
    assert verdict.report.diagnosis == name
    assert verdict.ground == "mistake"
    assert "Two things" not in verdict.report.message


def test_a_pair_is_equal_in_every_case_or_it_is_none(shifted: TinyLesson) -> None:
    report = shifted.judged(both("x * 3 - by if by > 0 else x * 3 - 2 * by")).report
    assert "+" not in (report.diagnosis or "")
    assert "Two things" not in report.message


def test_the_key_holds_every_pair_that_fits_with_all_its_outcomes(shifted: TinyLesson) -> None:
    key = shifted.key
    assert list(key.pairs) == [("thrice", "subtracted"), ("subtracted", "squared")]
    for seen in key.pairs.values():
        assert [outcome.name for outcome in seen] == ["a_few", "more"]
        assert not any(map(same_outcome, key.reference, seen))
        assert not any(map(same_outcome, key.mistakes["thrice"], seen))


# Pairs that look alike


COMMON = exercise(
    function("one = x + 1\ntwo = one * 2\nreturn two - by", "x, by", "x: (n, d) → (n, d)"),
    *PROBES,
    mistakes(
        {
            "less: + 1 → - 1": "Add one.",
            "twice: - by → - 2 * by": "Subtract it once.",
            "again: two - by → two - by - by": "Subtract it one time only.",
        }
    ),
)


def test_of_pairs_that_look_alike_what_they_have_in_common_is_named(
    worker: Worker, tmp_path: Path
) -> None:
    tiny = TinyLesson(COMMON, worker, tmp_path)
    assert {("less", "twice"), ("less", "again")} <= set(tiny.key.pairs)
    report = tiny.judged(both("2 * (x - 1) - 2 * by")).report
    assert report.diagnosis == "less"
    assert report.message == "Add one. That is not all of it, but begin there."


AMBIGUOUS = exercise(
    function("one = x + 1\ntwo = 0 * x + 2\nreturn one + two + by", "x, by", "x: (n, d) → (n, d)"),
    *PROBES,
    mistakes(
        {
            "a: x + 1 → x + 11": "A.",
            "b: x + 2 → x + 22": "B.",
            "c: x + 1 → x + 21": "C.",
            "d: x + 2 → x + 12": "D.",
        }
    ),
)


def test_pairs_that_look_alike_and_have_nothing_in_common_name_nothing(
    worker: Worker, tmp_path: Path
) -> None:
    """Ten and twenty too many come about in two ways: which it is cannot be known."""
    tiny = TinyLesson(AMBIGUOUS, worker, tmp_path)
    pairs = tiny.key.pairs
    assert all(map(same_outcome, pairs["a", "b"], pairs["c", "d"]))
    report = tiny.judged(both("x + 33 + by")).report
    assert report.message == "Every number is 30 too large."
    assert report.diagnosis == "constant-offset"


def test_a_pair_that_looks_like_one_mistake_is_that_mistake(worker: Worker, tmp_path: Path) -> None:
    master = SHIFTED + mistakes({"none: return doubled + by → return x": "Return something."})
    report = TinyLesson(master, worker, tmp_path).judged(both("x")).report
    assert report.diagnosis == "none"


# In the key


NONSENSE = exercise(
    function("one = x + 1\nreturn one * by", "x, by", "x: (n, d) → (n, d)"),
    *PROBES,
    mistakes(
        {
            "renamed: one = x + 1 → two = x + 1": "Call it one.",
            "unused: one * by → x * by": "Use it.",
            "other: * by → + by": "Multiply.",
        }
    ),
)


def test_a_pair_that_ends_in_a_name_that_is_not_there_is_no_pair_of_the_key(
    worker: Worker, tmp_path: Path
) -> None:
    tiny = TinyLesson(NONSENSE, worker, tmp_path)
    assert all(outcome.trouble for outcome in tiny.key.mistakes["renamed"])
    assert ("renamed", "other") not in tiny.key.pairs


def test_a_key_with_its_pairs_comes_back_from_the_cache(
    shifted: TinyLesson, worker: Worker, tmp_path: Path
) -> None:
    def never(job: Job) -> Observation:
        raise AssertionError("the key was built again")

    built = shifted.key
    lesson, asked = shifted.lesson, shifted.exercise
    cached_key(lesson, asked, 0, worker.observe, tmp_path)
    again = cached_key(lesson, asked, 0, never, tmp_path)
    assert again.pairs.keys() == built.pairs.keys()
    for names, seen in again.pairs.items():
        assert all(map(same_outcome, seen, built.pairs[names]))


def test_no_pair_is_lost_to_a_busy_machine(shifted: TinyLesson, worker: Worker) -> None:
    def slowly(job: Job) -> Observation:
        return replace(worker.observe(job), cpu_seconds=100.0)

    key = build_key(shifted.lesson, shifted.exercise, 0, slowly)
    assert key.pairs.keys() == shifted.key.pairs.keys()


def test_where_a_mistake_ends_its_process_the_others_are_known_all_the_same(
    worker: Worker, tmp_path: Path
) -> None:
    ends = mistakes({"ends: return doubled → __import__('os')._exit(0); doubled": "Do not leave."})
    master = SHIFTED.replace("mistakes(", f"{ends}\nmistakes(")
    tiny = TinyLesson(master, worker, tmp_path)
    assert tiny.judged(both("3 * x + by")).report.diagnosis == "thrice"
    assert tiny.judged(both("2 * x - by")).report.diagnosis == "subtracted"


IN_PLACE = """\
# TODO: add up the rows.
### BEGIN SOLUTION
f = numbers.sum(dim=1)
### END SOLUTION"""


def test_a_mistake_that_changes_what_is_given_is_not_seen_in_the_others(
    worker: Worker, tmp_path: Path
) -> None:
    """Or those that are observed after it would be known by other numbers than a student's."""
    master = exercise(
        IN_PLACE,
        probe("the_numbers_above", "f"),
        probe("others", "rerun(numbers=randn(3, 5))", targets="rerun"),
        mistakes(
            {
                "doubled-in-place: numbers.sum → numbers.mul_(2).sum": "Leave numbers alone.",
                "column-sums: dim=1 → dim=0": "Those are the sums of the columns.",
            }
        ),
        given="numbers = torch.arange(6.0).reshape(2, 3)  # (2, 3)",
    )
    report = TinyLesson(master, worker, tmp_path).judged("f = numbers.sum(dim=0)").report
    assert report.diagnosis == "column-sums"


# From outcomes alone


def outcomes(*values: object) -> tuple[ProbeOutcome, ...]:
    return tuple(
        ProbeOutcome(
            f"case_{i}",
            None if isinstance(value, Trouble) else value,
            value if isinstance(value, Trouble) else None,
        )
        for i, value in enumerate(values)
    )


def test_of_three_pairs_what_all_of_them_share_counts(shifted: TinyLesson) -> None:
    key = replace(
        shifted.key,
        pairs={
            ("thrice", "subtracted"): outcomes(1, 2),
            ("thrice", "squared"): outcomes(1, 2),
            ("subtracted", "squared"): outcomes(1, 3),
        },
    )
    found = named_pair(shifted.exercise, key, outcomes(1, 2))
    assert found is not None
    assert found.name == "thrice"
    assert named_pair(shifted.exercise, key, outcomes(1, 3)).name == "subtracted+squared"
    assert named_pair(shifted.exercise, key, outcomes(1, 4)) is None
    assert named_pair(shifted.exercise, key, outcomes(1)) is None
    everywhere = replace(key, pairs=dict.fromkeys(key.pairs, outcomes(1, 2)))
    assert named_pair(shifted.exercise, everywhere, outcomes(1, 2)) is None


def test_an_error_is_equal_by_its_type_and_message(shifted: TinyLesson) -> None:
    wrong = Trouble("ValueError", "no", ())
    key = replace(
        shifted.key, reference=outcomes(1, 2), mistakes=dict.fromkeys(shifted.key.mistakes, ())
    )
    key = replace(key, mistakes={**key.mistakes, "thrice": outcomes(wrong, 2)})
    assert named_mistake(shifted.exercise, key, outcomes(wrong, 2)).name == "thrice"
    for other in (Trouble("ValueError", "yes", ()), Trouble("TypeError", "no", ()), 1):
        assert named_mistake(shifted.exercise, key, outcomes(other, 2)) is None


def test_perhaps_is_a_guess_that_has_no_name_and_rests_on_the_most_cases(
    shifted: TinyLesson,
) -> None:
    key = replace(
        shifted.key,
        reference=outcomes(1, 2, 3),
        mistakes={
            "thrice": outcomes(9, 2, 3),
            "subtracted": outcomes(9, 8, 3),
            "squared": outcomes(1, 2, 3),
        },
    )
    found = perhaps(shifted.exercise, key, outcomes(9, 8, 7))
    assert found is not None
    assert (found.name, found.message) == ("", "Perhaps: Add.")
    assert perhaps(shifted.exercise, key, outcomes(9, 5, 7)).message == "Perhaps: Double it."
    assert perhaps(shifted.exercise, key, outcomes(5, 8, 7)) is None


def test_where_words_are_compared_nothing_is_guessed(shifted: TinyLesson) -> None:
    """Too much comes to the same words."""
    right, raised, lowered = ({"place": word, "others": []} for word in ("kept", "up", "down"))
    key = replace(
        shifted.key,
        reference=outcomes(right, right),
        mistakes=dict.fromkeys(shifted.key.mistakes, outcomes(raised, right)),
        pairs={("thrice", "subtracted"): outcomes(raised, lowered)},
    )
    assert perhaps(shifted.exercise, key, outcomes(raised, lowered)) is None
    assert named_pair(shifted.exercise, key, outcomes(raised, lowered)) is None
    assert named_mistake(shifted.exercise, key, outcomes(raised, right)) is not None


SOMETIMES = SHIFTED.replace(
    "@probe\ndef a_few", '@probe\ndef by_nothing(f):\n    "By nothing."\n    '
    "return f(randn(3, 2), 0.0)\n\n\n@probe\ndef a_few",
)  # fmt: skip


def test_perhaps_leaves_the_diagnosis_open(worker: Worker, tmp_path: Path) -> None:
    """By nothing, subtracting is right: who errs there as well errs in another way."""
    tiny = TinyLesson(SOMETIMES, worker, tmp_path)
    verdict = tiny.judged(both("2 * x - by if by else x.sin()"))
    assert verdict.report.diagnosis is None
    assert verdict.report.message == "Perhaps: Add."
    assert verdict.ground == "perhaps"
