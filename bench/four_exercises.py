"""Four torch exercises of a small course of their own, and what a class may hand in for them.

They are the ones of an attention layer: attention weights, a causal mask, split heads, layer norm.
None builds on another, so that every grader has the same to do for each.
"""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from spotlight.authoring.built_files import lesson_products, shared_products
from spotlight.course.lesson import BEGIN, END, Exercise, Lesson
from spotlight.course.manifest import Course, load_course
from spotlight.course.reading import read_master

Notebook = dict[str, Any]

NAME = "four_exercises"
FILE = f"01_{NAME}"

PATTERNS = ("rrrr", "rrrr", "rrrr", "rrrw", "rwrr", "wrrb", "rrbb", "rwrb", "wrww", "bbbb")
"""What a student did with each exercise in turn: right, wrong, or left blank."""

MANIFEST = f"""\
title = "Four exercises"

[[parts]]
title = "Only part"

[[parts.lessons]]
id = "{NAME}"
file = "{FILE}"
title = "Four exercises"
minutes = 20
summary = "Attention weights, a causal mask, split heads, layer norm."
"""

MASTER = '''\
# %% [markdown]
# # 01 · Four exercises

# %%
from spotlight.notebook import check, hint, predict, reveal, solution, start, verify

start("four_exercises")

# %% tags=["authoring"]
from spotlight.authoring import alternative, alternatives, entry, forbid, hint, mistakes, probe, why
from spotlight.sandbox.kit import formatted, randn, uniform

# %%
import math

import torch
from torch import Tensor

# %% [markdown]
# ## 1 · Attention weights

# %% exercise="attention_weights" points=1 minutes=5 difficulty=1
def attention_weights(q: Tensor, k: Tensor) -> Tensor:
    """How much each query attends to each key; every row adds up to 1.

    q: (n, d), k: (m, d) → (n, m)
    """
    # TODO: scale the scores by the root of d, and take the softmax of every row.
    ### BEGIN SOLUTION
    scores = q @ k.T / math.sqrt(q.shape[-1])  # (n, m)
    return torch.softmax(scores, dim=-1)  # (n, m)
    ### END SOLUTION


# %% tags=["probes"]
@probe
def three_against_five(attention_weights):
    "Three queries against five keys of width 4."
    return attention_weights(randn(3, 4), randn(5, 4))


@probe
def wide(attention_weights):
    "Four queries against two keys of width 16."
    return attention_weights(randn(4, 16), randn(2, 16))


@entry
def attention_weights__entry(i, j, q, k):
    return f"query {i} has the score {formatted(q[i] @ k[j])} with key {j}"


mistakes("""
unscaled: / math.sqrt(q.shape[-1]) →
    You do not scale the scores.
softmax-over-queries: scores, dim=-1 → scores, dim=0
    You take the softmax of columns.
divided-by-d: math.sqrt(q.shape[-1]) → q.shape[-1]
    You divide by d, not by its root.
""")
alternatives("""
method: torch.softmax(scores, dim=-1) → scores.softmax(-1)
power: / math.sqrt(q.shape[-1]) → * q.shape[-1] ** -0.5
""")
forbid("scaled_dot_product_attention", because="it is what you write here.")
hint("What do long vectors do to scores?")
hint("Divide by the root of d.")
why("The root keeps the scores in a range where softmax can learn.")

# %% [markdown]
# ## 2 · Causal mask

# %% exercise="causal_mask" points=1 minutes=5 difficulty=1
def causal_mask(scores: Tensor) -> Tensor:
    """The scores, with minus infinity wherever a key comes after its query.

    scores: (n, n) → (n, n)
    """
    # TODO: fill what lies above the diagonal with minus infinity.
    ### BEGIN SOLUTION
    later = torch.ones_like(scores).triu(diagonal=1).bool()  # (n, n)
    return scores.masked_fill(later, -math.inf)  # (n, n)
    ### END SOLUTION


# %% tags=["probes"]
@probe
def three_tokens(causal_mask):
    "Three tokens."
    return causal_mask(randn(3, 5) @ randn(5, 3))


@probe
def five_tokens(causal_mask):
    "Five tokens."
    return causal_mask(randn(5, 4) @ randn(4, 5))


@entry
def causal_mask__entry(i, j, scores):
    return f"key {j} comes {'after' if j > i else 'no later than'} query {i}"


mistakes("""
own-token-hidden: diagonal=1 → diagonal=0
    You hide the token itself.
earlier-hidden: triu(diagonal=1) → tril(diagonal=-1)
    You hide what came before.
zeroed: -math.inf → 0.0
    A score of 0 is not hidden.
""")
alternatives("""
tril: triu(diagonal=1).bool() → tril() == 0
where: scores.masked_fill(later, -math.inf) → torch.where(later, -math.inf, scores)
""")
forbid("scaled_dot_product_attention", because="it masks for you.")
hint("Which side of the diagonal is the future?")
hint("Above it.")
why("Softmax makes an exact 0 of minus infinity.")

# %% [markdown]
# ## 3 · Split heads

# %% exercise="split_heads" points=1 minutes=5 difficulty=2
def split_heads(x: Tensor, heads: int) -> Tensor:
    """The width cut into heads, which move to the front.

    x: (n, d) → (heads, n, d / heads)
    """
    # TODO: cut d into heads, then bring the heads to the front.
    ### BEGIN SOLUTION
    n, d = x.shape
    return x.view(n, heads, d // heads).transpose(0, 1)  # (heads, n, d / heads)
    ### END SOLUTION


# %% tags=["probes"]
@probe
def two_heads(split_heads):
    "Three tokens of width 8, two heads."
    return split_heads(randn(3, 8), 2)


@probe
def three_heads(split_heads):
    "Five tokens of width 6, three heads."
    return split_heads(randn(5, 6), 3)


@entry
def split_heads__entry(h, i, j, x, heads):
    return f"head {h} holds entry {h * (x.shape[1] // heads) + j} of token {i}"


mistakes("""
cut-without-moving: x.view(n, heads, d // heads).transpose(0, 1) → x.reshape(heads, n, d // heads)
    You cut the rows into heads as they lie in memory, which mixes tokens.
heads-in-the-middle: .transpose(0, 1) →
    The heads are still in the middle.
interleaved: heads, d // heads).transpose(0, 1) → d // heads, heads).permute(2, 0, 1)
    Neighbouring entries go to different heads; a head takes its entries in one piece.
""")
alternatives("""
permute: transpose(0, 1) → permute(1, 0, 2)
chunks: x.view(n, heads, d // heads).transpose(0, 1) → torch.stack(x.chunk(heads, dim=1))
""")
forbid("rearrange", because="write the steps yourself.")
hint("Which axis do you cut?")
hint("Cut the last, then swap the first two.")
why("A head takes neighbouring entries of every token.")

# %% [markdown]
# ## 4 · Layer norm

# %% exercise="layer_norm" points=1 minutes=5 difficulty=2
def layer_norm(x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """Every token brought to mean 0 and variance 1, then scaled and shifted.

    x: (n, d), scale: (d,), shift: (d,) → (n, d)
    """
    # TODO: normalise every row with eps = 1e-5, then scale and shift.
    ### BEGIN SOLUTION
    mean = x.mean(dim=-1, keepdim=True)  # (n, 1)
    variance = x.var(dim=-1, keepdim=True, correction=0)  # (n, 1)
    return (x - mean) / torch.sqrt(variance + 1e-5) * scale + shift  # (n, d)
    ### END SOLUTION


# %% tags=["probes"]
@probe
def three_tokens_of_four(layer_norm):
    "Three tokens of width 4."
    return layer_norm(2 * randn(3, 4) + 1, uniform(4, low=1, high=2), randn(4))


@probe
def two_tokens_of_nine(layer_norm):
    "Two tokens of width 9."
    return layer_norm(3 * randn(2, 9), uniform(9, low=1, high=2), randn(9))


@probe
def nearly_equal_entries(layer_norm):
    "Two tokens of width 5 whose entries are nearly equal, so that eps counts."
    return layer_norm(3e-3 * randn(2, 5), uniform(5, low=1, high=2), randn(5))


@entry
def layer_norm__entry(i, j, x, scale, shift):
    return f"row {i} has the mean {formatted(x[i].mean())}"


mistakes("""
of-columns: x.mean(dim=-1 → x.mean(dim=0
    You normalise columns.
over-n-minus-1: , correction=0 →
    You divide by d − 1 in the variance.
not-shifted: * scale + shift → * scale
    You do not add the shift.
""")
alternatives("""
by-hand: x.var(dim=-1, keepdim=True, correction=0) → ((x - mean) ** 2).mean(-1, keepdim=True)
rsqrt: / torch.sqrt(variance + 1e-5) → * torch.rsqrt(variance + 1e-5)
""")
forbid("layer_norm", "LayerNorm", because="it is what you write here.")
hint("Which axis is a token's?")
hint("The last.")
why("eps keeps a row without variance finite.")
'''


HIDDEN_TESTS = {
    "attention_weights": """\
_ = torch.manual_seed(1)
q, k = torch.randn(3, 4), torch.randn(5, 4)
expected = torch.softmax(q @ k.T / 2, dim=-1)
assert attention_weights(q, k).shape == (3, 5)
assert torch.allclose(attention_weights(q, k), expected, atol=1e-5)

_ = torch.manual_seed(2)
q, k = torch.randn(4, 16), torch.randn(2, 16)
expected = torch.softmax(q @ k.T / 4, dim=-1)
assert attention_weights(q, k).shape == (4, 2)
assert torch.allclose(attention_weights(q, k), expected, atol=1e-5)""",
    "causal_mask": """\
_ = torch.manual_seed(3)
scores = torch.randn(3, 3)
kept = torch.ones(3, 3).tril().bool()
assert torch.equal(causal_mask(scores), torch.where(kept, scores, -math.inf))

_ = torch.manual_seed(4)
scores = torch.randn(5, 5)
kept = torch.ones(5, 5).tril().bool()
assert torch.equal(causal_mask(scores), torch.where(kept, scores, -math.inf))""",
    "split_heads": """\
_ = torch.manual_seed(5)
x = torch.randn(3, 8)
assert split_heads(x, 2).shape == (2, 3, 4)
assert torch.allclose(split_heads(x, 2), torch.stack([x[:, :4], x[:, 4:]]))

_ = torch.manual_seed(6)
x = torch.randn(5, 6)
assert split_heads(x, 3).shape == (3, 5, 2)
assert torch.allclose(split_heads(x, 3), torch.stack([x[:, :2], x[:, 2:4], x[:, 4:]]))""",
    "layer_norm": """\
_ = torch.manual_seed(7)
x, scale, shift = 2 * torch.randn(3, 4) + 1, torch.rand(4) + 1, torch.randn(4)
expected = torch.nn.functional.layer_norm(x, (4,), scale, shift)
assert layer_norm(x, scale, shift).shape == (3, 4)
assert torch.allclose(layer_norm(x, scale, shift), expected, atol=1e-5)

_ = torch.manual_seed(8)
x, scale, shift = 3 * torch.randn(2, 9), torch.rand(9) + 1, torch.randn(9)
expected = torch.nn.functional.layer_norm(x, (9,), scale, shift)
assert layer_norm(x, scale, shift).shape == (2, 9)
assert torch.allclose(layer_norm(x, scale, shift), expected, atol=1e-5)""",
}
"""For graders that judge by asserts, the same cases that the probes draw: two for each exercise."""

IMPORTS = "import math\n\nimport torch\nfrom torch import Tensor"
"""What every notebook begins with."""


@dataclass(frozen=True)
class Student:
    """One of the class: what they wrote for each exercise, and the points that it is worth."""

    name: str
    answers: dict[str, str]
    points: dict[str, float]

    def hand_in(self, notebook: Notebook, path: Path) -> None:
        """Write `notebook` with this student's answers to `path`, in a folder that may be new."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.filled_in(notebook)), encoding="utf-8")

    def filled_in(self, notebook: Notebook) -> Notebook:
        """`notebook`, in whichever system's format, with this student's answers."""
        done = copy.deepcopy(notebook)
        for name, answer in self.answers.items():
            cell = cell_of(done, name)
            above, _, _ = cell["source"].partition(f"def {name}(")
            cell["source"] = above + answer
        return done


def a_class(lesson: Lesson, count: int) -> list[Student]:
    """`count` students who differ in what they did, and in how they did it."""
    students = []
    for number, pattern in enumerate(islice(cycle(PATTERNS), count)):
        does = dict(zip((exercise.id for exercise in lesson.exercises), pattern, strict=True))
        answers = {e.id: _answer(e, does[e.id], number) for e in lesson.exercises}
        points = {e.id: e.points if does[e.id] == "r" else 0.0 for e in lesson.exercises}
        students.append(Student(f"student{number:04}", answers, points))
    return students


def cell_of(notebook: Notebook, exercise: str) -> dict[str, Any]:
    """The code cell in which the exercise's function is defined."""
    cells: list[dict[str, Any]] = notebook["cells"]
    for cell in cells:
        if cell["cell_type"] == "code":
            cell["source"] = "".join(cell["source"])  # a list of lines in most files
            if f"def {exercise}(" in cell["source"]:
                return cell
    raise LookupError(exercise)


def _answer(exercise: Exercise, did: str, number: int) -> str:
    match did:
        case "b":
            return exercise.stub
        case "w":
            mistakes = exercise.mistakes
            source = exercise.variant_source(mistakes[number % len(mistakes)])
        case _:
            ways = [exercise.solution, *map(exercise.variant_source, exercise.alternatives)]
            source = ways[number % len(ways)]
    marks = (BEGIN, END)
    return "\n".join(line for line in source.split("\n") if line.strip() not in marks)


def write_course(root: Path) -> Course:
    """The course of one lesson below `root`, with both notebooks built."""
    (root / "solutions").mkdir(parents=True)
    (root / "solutions" / "course.toml").write_text(MANIFEST, encoding="utf-8")
    (root / "solutions" / f"{FILE}.py").write_text(MASTER, encoding="utf-8")
    course = load_course(root)
    for entry in course.lessons:
        for product in lesson_products(course, entry, read_master(course.master(entry))):
            product.write(root / "progress" / "backups")
    for product in shared_products(course):
        product.write(root / "progress" / "backups")
    return course
