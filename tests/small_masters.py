"""A small master that keeps every rule, ways to spoil it, and made-up masters of any shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from spotlight.course.lesson import Lesson
from spotlight.course.reading import read_master

if TYPE_CHECKING:
    from pathlib import Path

SMALL = '''\
# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 07 · Small sums
#
# Three exercises and a prediction.

# %%
from spotlight.notebook import check, hint, predict, reveal, solution, start, verify

start("small_sums")

# %% tags=["authoring"]
from spotlight.authoring import alternative, alternatives, entry, forbid
from spotlight.authoring import hint, mistake, mistakes, probe, why
from spotlight.sandbox.kit import formatted, randint, randn

# %%
import torch
from torch import Tensor

table = torch.arange(6).reshape(2, 3)

# %% [markdown]
# ## 1 · Add up the rows
#
# Entry i belongs to row i.

# %% exercise="row_sums" points=2 minutes=3 difficulty=1
def row_sums(x: Tensor) -> Tensor:
    """The sum of every row.

    x: (n, m) → (n,)
    """
    # TODO: add up over the columns.
    ### BEGIN SOLUTION
    total_of_rows = x.sum(dim=-1)
    return total_of_rows
    ### END SOLUTION


# %% tags=["probes"]
import functools


@functools.cache
def _widths():
    return (2, 4)


@probe
def two_rows(row_sums):
    "Two rows of four."
    return row_sums(randn(*_widths()))


@probe
def three_rows(row_sums):
    "Three rows of five."
    return row_sums(randn(3, 5))


@entry
def row_sums__entry(i, x):
    return f"{formatted(x[i])} adds up to {formatted(x[i].sum())}"


mistakes("""
columns-instead: dim=-1 → dim=0
    You add up the columns, and rows are asked for.
average-instead: x.sum( → x.mean(
    That is the average; add up.
""")


@mistake("first-entry", "You return the first entry of each row; add up all of them.")
def row_sums__first_entry(x):
    return x[:, 0]


alternatives("""
by-product: x.sum(dim=-1) → x @ torch.ones(x.shape[1])
""")


@alternative
def row_sums__one_by_one(x):
    return torch.stack([row.sum() for row in x])


forbid("einsum", because="it hides the sum that you are to write.")
hint("Which numbers go into entry i?")
hint("""
    ```python
    return <x, added up over its columns>
    ```
""")
why("One call adds up all rows.")

# %%
doubled = 2 * row_sums(table)

# %%
print(doubled)

# %%
print(table)

# %% prediction="grand_total" points=1
predict("grand_total", 15, between=(0, 100))  # of 0 to 5

# %% [markdown]
# ## 2 · Add up everything

# %% exercise="total" points=1 minutes=2 difficulty=2
# TODO: compute the sum of all entries of table.
### BEGIN SOLUTION
total = table.sum().item()
### END SOLUTION


# %% tags=["probes"]
@probe
def the_table(total):
    "The table above."
    return total


@probe
def another_table(rerun):
    "A table of four rows and three columns."
    return rerun(table=randint(0, 9, (4, 3)))


mistakes("""
typed-in: table.sum().item() → 15
    You typed the number in; compute it.
largest: table.sum() → table.max()
    That is the largest entry.
count: table.sum().item() → table.numel()
    You count the entries; add them up.
""")
alternatives("""
python-sum: table.sum().item() → sum(table.flatten().tolist())
twice: table.sum() → table.sum(0).sum()
""")
forbid("einsum", because="a plain sum is asked for.")
hint("How many entries are there?")
hint("`tensor.sum()` adds up all of them.")
why("It is right for any table.")

# %%
reveal("grand_total", total)

# %% [markdown]
# ## 3 · Both ends

# %% exercise="ends" targets=["smallest", "largest"] minutes=2 difficulty=3
def smallest(x: Tensor) -> Tensor:
    """The smallest entry of x, which has any shape."""
    # TODO: return it.
    ### BEGIN SOLUTION
    return x.min()
    ### END SOLUTION


def largest(x: Tensor) -> Tensor:
    """The largest entry of x, which has any shape."""
    # TODO: return it.
    ### BEGIN SOLUTION
    return x.max()
    ### END SOLUTION


# %% tags=["probes"]
@probe
def of_a_matrix(smallest, largest):
    "A matrix of three rows."
    x = randn(3, 4)
    return smallest(x), largest(x)


@probe
def of_a_row(smallest, largest):
    "Seven numbers."
    x = randn(7)
    return smallest(x), largest(x)


mistakes("""
smallest-twice: x.max() → x.min()
    Your largest is the smallest.
largest-twice: x.min() → x.max()
    Your smallest is the largest.
""")


@mistake("last-entry", "That is the last entry of all; compare them.")
def largest__last(x):
    return x.flatten()[-1]


alternatives("""
sorted: x.max() → x.flatten().sort().values[-1]
""")


@alternative
def smallest__by_sign(x):
    return -(-x).max()


forbid("aminmax", because="it returns both at once.")
hint("What does a tensor have for this?")
hint("Its name is three letters long.")
why("The tensor knows its own ends.")

# %%
print(smallest(table), largest(table), total)
'''

START = '# %%\nstart("made_up")\n'
EVIL_HEADINGS = (
    *("Add up", "Add up 2", "Add up--2", "add_up_2", "Step", "Step 2", "Verify", "Hand in"),
    *("Top", "Authoring", "Section", "Check one", "Exercise one", "Predict one", "Hints one"),
    *("Überall", "日本語", "·", "a" * 100, "s_verify", "4 · Numbered", "12 · Numbered"),
)


def read_text(folder: Path, text: str, name: str = "07_small_sums.py") -> Lesson:
    """The lesson that a master of this text says."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return read_master(path)


def spoilt(*changes: tuple[str, str], text: str = SMALL) -> str:
    """The small master with the first occurrence of each `old` replaced by its `new`."""
    for old, new in changes:
        assert old in text, f"{old!r} does not stand in the master"
        text = text.replace(old, new, 1)
    return text


def mistakes(edits: dict[str, str]) -> str:
    """A block of mistakes: each edit as it is written, and its sentence."""
    items = "\n".join(f"{edit}\n    {sentence}" for edit, sentence in edits.items())
    return f'mistakes("""\n{items}\n""")'


def alternatives(*edits: str) -> str:
    """A block of right answers, each an edit as it is written."""
    items = "\n".join(edits)
    return f'alternatives("""\n{items}\n""")'


def exercise_text(name: str) -> str:
    """An exercise that parses, and its probes; it keeps few of the rules."""
    return f'''\
# %% exercise="{name}" points=1 minutes=1 difficulty=1
def {name}(x):
    """One more than x."""
    ### BEGIN SOLUTION
    return x + 1
    ### END SOLUTION

# %% tags=["probes"]
@probe
def at_two({name}):
    "At two."
    return {name}(2)

mistakes("""
minus: + 1 → - 1
    You subtract.
""")
hint("Add.")
'''


def markdown_text(*lines: str) -> str:
    """A Markdown cell of these lines."""
    return "\n".join(["# %% [markdown]", *(f"# {line}" for line in lines), ""])


@st.composite
def sections(draw: st.DrawFn, names: list[str] | None = None) -> list[tuple[str, list[str]]]:
    """Headings, and under each the texts of its cells."""
    chosen = draw(st.lists(st.sampled_from(names or EVIL_HEADINGS), min_size=1, max_size=5))
    made: list[tuple[str, list[str]]] = []
    count = 0
    for heading in chosen:
        cells = []
        for kind in draw(st.lists(st.sampled_from(["prose", "given", "exercise", "prediction"]))):
            count += 1
            match kind:
                case "prose":
                    cells.append(markdown_text(f"Paragraph number {count}."))
                case "given":
                    cells.append(f"# %%\nvalue_{count} = {count}\n")
                case "exercise":
                    cells.append(exercise_text(f"exercise_{count}"))
                case "prediction":
                    name = f"guess_{count}"
                    call = f'predict("{name}", "a", choices=["a", "b"])'
                    cells.append(f'# %% prediction="{name}"\n{call}\n')
        made.append((heading, cells))
    return made


def master_of(parts: list[tuple[str, list[str]]]) -> str:
    """The master that consists of these sections, and an exercise."""
    texts = [START]
    for heading, cells in parts:
        texts += [markdown_text(f"## {heading}"), *cells]
    return "\n".join([*texts, exercise_text("the_last")])
