"""A made-up course of two short lessons: every kind of exercise, and nothing slow to compute."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

from spotlight.authoring.built_files import lesson_products, shared_products
from spotlight.course.lesson import Lesson
from spotlight.course.manifest import Course, load_course
from spotlight.course.reading import read_master, read_solution
from spotlight.index_page.page_widgets import PageWidget, page_widgets

PAGE_WIDGETS = "spotlight.index_page.page.page_widgets"

MANIFEST = """\
title = "A small course"

[[parts]]
title = "Only part"

[[parts.lessons]]
id = "small_steps"
file = "01_small_steps"
title = "Small steps"
minutes = 10
summary = "Double, shift, and add up."

[[parts.lessons]]
id = "small_finish"
file = "02_small_finish"
title = "Small finish"
minutes = 5
summary = "Halve what was doubled."
"""

STEPS = '''\
# %% [markdown]
# # 01 · Small steps

# %%
from spotlight.notebook import check, hint, predict, reveal, solution, start, verify

start("small_steps")

# %% tags=["authoring"]
from spotlight.authoring import alternative, alternatives, forbid, hint
from spotlight.authoring import mistake, mistakes, probe, why
from spotlight.sandbox.kit import randn

# %%
import torch
from torch import Tensor

# %% [markdown]
# Six numbers in two rows.

# %%
numbers = torch.arange(6.0).reshape(2, 3)  # (2, 3)

# %% [markdown]
# ## 1 · Double it

# %% exercise="doubled" points=1 minutes=1 difficulty=1
def doubled(x: Tensor) -> Tensor:
    """Every entry twice.

    x: any shape → the same shape
    """
    # TODO: return twice x.
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION


# %% tags=["probes"]
@probe
def a_row(doubled):
    "A row of three."
    return doubled(randn(3))


@probe
def a_table(doubled):
    "Two rows of four."
    return doubled(randn(2, 4))


mistakes("""
unchanged: 2 * x → x
    You return x as it came; double it.
squared: 2 * x → x * x
    That is the square; double it.
in-place: 2 * x → x.mul_(2)
    You double the caller's own tensor; return a new one.
""")


@mistake("halved", "You halve it; double it.")
def doubled__halved(x):
    half = x / 2
    return half


alternatives("""
sum: 2 * x → x + x
""")


@alternative
def doubled__row_by_row(x):
    return torch.stack([row * 2 for row in x])


forbid("mul", because="write the product with a star.")
hint("What is twice three?")
hint("Multiply by two.")
why("A star needs no loop.")

# %%
print(doubled(numbers))

# %% [markdown]
# ## 2 · Shift it

# %% prediction="order_matters"
predict("order_matters", "yes", choices=["yes", "no"])

# %% exercise="shifted" points=2 minutes=1 difficulty=1
def shifted(x: Tensor, by: float) -> Tensor:
    """Every entry plus one number.

    x: any shape → the same shape
    """
    # TODO: return x, shifted.
    ### BEGIN SOLUTION
    return x + by
    ### END SOLUTION


# %% tags=["probes"]
@probe
def by_three(shifted):
    "Four numbers, by three."
    return shifted(randn(4), 3.0)


@probe
def by_a_half(shifted):
    "Two rows of five, by a half."
    return shifted(randn(2, 5), 0.5)


mistakes("""
subtracted: x + by → x - by
    You subtract; add.
multiplied: x + by → x * by
    You multiply; add.
twice: x + by → x + by + by
    You shift twice; once is asked for.
""")
alternatives("""
other-way-round: x + by → by + x
method: x + by → x.add(by)
""")
forbid("cumsum", because="nothing adds up here.")
hint("Which way does a positive number shift?")
hint("Add it.")
why("A number is added to every entry.")

# %% [markdown]
# ## 3 · Double, then shift

# %% exercise="doubled_then_shifted" points=1 minutes=1 difficulty=2
def doubled_then_shifted(x: Tensor, by: float) -> Tensor:
    """Twice every entry, plus one number.

    x: any shape → the same shape
    """
    # TODO: use both of your functions.
    ### BEGIN SOLUTION
    return shifted(doubled(x), by)
    ### END SOLUTION


# %% tags=["probes"]
@probe
def three_numbers(doubled_then_shifted):
    "Three numbers, by two."
    return doubled_then_shifted(randn(3), 2.0)


@probe
def more_numbers(doubled_then_shifted):
    "Three rows of four, by minus one."
    return doubled_then_shifted(randn(3, 4), -1.0)


mistakes("""
shifted-first: shifted(doubled(x), by) → doubled(shifted(x, by))
    You shift before you double, so that the shift is doubled too.
not-doubled: shifted(doubled(x), by) → shifted(x, by)
    You only shift; double first.
not-shifted: shifted(doubled(x), by) → doubled(x)
    You only double; shift after.
""")
alternatives("""
by-hand: shifted(doubled(x), by) → 2 * x + by
keyword: shifted(doubled(x), by) → shifted(doubled(x), by=by)
""")
forbid("mul", because="you have a function for that.")
hint("Which comes first?")
hint("Double inside, shift outside.")
why("Both steps have a name already.")

# %% [markdown]
# ## 4 · Add up

# %% exercise="row_sums" points=1 minutes=1 difficulty=1
# TODO: compute the sum of every row of numbers.
### BEGIN SOLUTION
row_sums = numbers.sum(dim=1)  # (2,)
### END SOLUTION


# %% tags=["probes"]
@probe
def the_numbers_above(row_sums):
    "The numbers above."
    return row_sums


@probe
def other_numbers(rerun):
    "Three rows of five other numbers."
    return rerun(numbers=randn(3, 5))


mistakes("""
column-sums: dim=1 → dim=0
    Those are the sums of the columns.
one-sum: dim=1 →
    That is one sum of everything.
typed-in: numbers.sum(dim=1) → torch.tensor([3.0, 12.0])
    You typed the sums in.
""")
alternatives("""
product: numbers.sum(dim=1) → numbers @ torch.ones(numbers.shape[1])
loop: numbers.sum(dim=1) → torch.stack([row.sum() for row in numbers])
""")
forbid("cumsum", because="sum is enough.")
hint("Along which axis?")
hint("Axis one.")
why("One call for all rows.")

# %% prediction="how_many"
predict("how_many", 2, between=(0, 10))

# %% [markdown]
# ## 5 · Smallest and largest

# %% exercise="extremes" points=1 minutes=1 difficulty=1 targets=["low", "high"]
def low(x: Tensor) -> Tensor:
    """The smallest entry of every row.

    x: (n, m) → (n,)
    """
    # TODO: return the smallest entries.
    ### BEGIN SOLUTION
    return x.min(dim=1).values
    ### END SOLUTION


def high(x: Tensor) -> Tensor:
    """The largest entry of every row.

    x: (n, m) → (n,)
    """
    # TODO: return the largest entries.
    ### BEGIN SOLUTION
    return x.max(dim=1).values
    ### END SOLUTION


# %% tags=["probes"]
@probe
def both(low, high):
    "Two rows of three."
    x = randn(2, 3)
    return {"low": low(x), "high": high(x)}


@probe
def the_gap(low, high):
    "Four rows of five: the gap between the two."
    x = randn(4, 5)
    return high(x) - low(x)


mistakes("""
low-of-columns: x.min(dim=1) → x.min(dim=0)
    low runs over columns.
high-of-columns: x.max(dim=1) → x.max(dim=0)
    high runs over columns.
lowest-as-high: x.max(dim=1) → x.min(dim=1)
    high returns the smallest.
""")
alternatives("""
amin: x.min(dim=1).values → x.amin(dim=1)
amax: x.max(dim=1).values → x.amax(dim=1)
""")
forbid("sort", because="one pass is enough.")
hint("What does min return besides the values?")
hint("Take the values.")
why("Both ends are asked of each row.")
'''

FINISH = '''\
# %% [markdown]
# # 02 · Small finish

# %%
from spotlight.notebook import check, hint, predict, reveal, solution, start, verify

start("small_finish")

# %% tags=["authoring"]
from spotlight.authoring import alternative, alternatives, forbid, hint, mistakes, probe, why
from spotlight.sandbox.kit import randn

# %%
import torch
from torch import Tensor

# %% [markdown]
# ## 1 · Halve it

# %% exercise="halved" points=1 minutes=1 difficulty=1
def halved(x: Tensor) -> Tensor:
    """Half of every entry.

    x: any shape → the same shape
    """
    # TODO: return half of x.
    ### BEGIN SOLUTION
    return x / 2
    ### END SOLUTION


# %% tags=["probes"]
@probe
def a_row(halved):
    "A row of three."
    return halved(randn(3))


@probe
def a_table(halved):
    "Two rows of four."
    return halved(randn(2, 4))


mistakes("""
unchanged: x / 2 → x
    You return x as it came.
doubled: x / 2 → x * 2
    You double it.
floored: x / 2 → x // 2
    You round down: use one stroke.
""")
alternatives("""
times-a-half: x / 2 → x * 0.5
less-a-half: x / 2 → x - x * 0.5
""")
forbid("div", because="write the division with a stroke.")
hint("What undoes doubling?")
hint("Divide by two.")
why("It undoes the doubling.")
'''

MASTERS = {"01_small_steps": STEPS, "02_small_finish": FINISH}


def write_course(root: Path) -> Course:
    """The small course below `root`, with both notebooks of every lesson built."""
    (root / "solutions").mkdir(parents=True)
    (root / "solutions" / "course.toml").write_text(MANIFEST, encoding="utf-8")
    for file, text in MASTERS.items():
        (root / "solutions" / f"{file}.py").write_text(text, encoding="utf-8")
    course = load_course(root)
    for entry in course.lessons:
        for product in lesson_products(course, entry, read_master(course.master(entry))):
            product.write(root / "progress" / "backups")
    with mock.patch(PAGE_WIDGETS, page_widgets_once):
        for product in shared_products(course):
            product.write(root / "progress" / "backups")
    return course


@cache
def page_widgets_once() -> tuple[PageWidget, ...]:
    """What stands on the index page of every course alike, and takes the longest of a build."""
    return tuple(page_widgets())


def lesson_of(text: str, folder: Path) -> Lesson:
    """The lesson that a master with this text makes."""
    path = folder / "01_small_steps.py"
    path.write_text(text, encoding="utf-8")
    return read_master(path)


def solution_of(course: Course, name: str) -> Lesson:
    entry = course.find(name)
    assert entry is not None
    path = course.solution(entry)
    return _solution(path, path.stat().st_mtime_ns)


@cache
def _solution(path: Path, changed: int) -> Lesson:
    return read_solution(path)


def notebook_of(course: Course, name: str) -> dict[str, Any]:
    """The student's notebook of a lesson, as built."""
    entry = course.find(name)
    assert entry is not None
    notebook: dict[str, Any] = json.loads(course.notebook(entry).read_text(encoding="utf-8"))
    return notebook
