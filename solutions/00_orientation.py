# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 00 · Orientation
#
# Spotlight teaches how transformers work by letting you build one, piece by piece, in notebooks like
# this. Here you learn your way around one, and warm up with tensors. At the end you can
#
# - run cells, check an exercise, open a hint and commit to a prediction;
# - index, broadcast, multiply and turn tensors, and say when `reshape` is the wrong tool;
# - read a gradient from autograd and the parameters from an `nn.Module`.
#
# **You need:** Python, NumPy, some linear algebra. **Time:** 15 minutes; 10 more if tensors are new.
#
# To run a cell, click on it and press **Shift+Enter**. Run the next two. The first starts the grader,
# which takes a few seconds.

# %%
from spotlight.notebook import check, hint, predict, reveal, solution, start, verify

start("orientation")

# %%
import torch
from torch import Tensor, nn

from spotlight.visualizations import show_heatmaps, show_map

# %% [markdown]
# ## 1 · Count the tokens
#
# A model reads text as **tokens**, roughly words, each replaced by a number. Here are three sentences
# of five tokens each.

# %%
ids = torch.tensor([[0, 1, 2, 3, 4], [0, 5, 2, 3, 6], [7, 1, 8, 0, 9]])  # (3, 5)
print(ids)

# %% [markdown]
# The next cell is yours: it begins with `# Exercise`. Its `# TODO` line says what is wanted, and the
# line below it is the one to replace.
#
# Make a mistake on purpose first. Count by eye and write `token_count = 15`. Run the cell, run the check
# under it, and read the card. The card is red although 15 is the right number: a check runs your code again
# with other input. A red card costs nothing, and you may try as often as you like.
#
# Then compute the number. `ids.shape` holds the sizes, as in NumPy: `ids.shape[0]` is the number of
# sentences. Run the exercise and its check once more.

# %% exercise="token_count" points=1 minutes=2 difficulty=1
# TODO: compute how many tokens ids holds, from its shape.
### BEGIN SOLUTION
token_count = ids.shape[0] * ids.shape[1]
### END SOLUTION

# %% [markdown]
# The next cell uses your result. Until an exercise is done, such a cell says what it waits for and does
# nothing else. A card that reads "not done yet" is expected and no error.

# %%
print("every token, numbered:")
print(torch.arange(token_count).reshape(ids.shape))

# %% [markdown]
# ## What helps you
#
# - **Hints** stand closed under every check. Opening one costs nothing; the last nearly writes the line.
# - **Solutions** open after a pass: `solution("token_count")` puts the course's beside yours.
# - **Saving** is up to you: Ctrl+S. Running a cell does not save it.
# - **Nothing can break.** Change given cells as you like: grading uses its own copy of them. In a
#   terminal, `./setup_venv.sh verify reset orientation` brings the blanks back and keeps a backup.
# - **Progress:** the last cell, `verify()`, grades the notebook and keeps your best result in
#   `progress/lesson_progress.json`. Open `index.html` in a browser to see it.
#
# ## Tensors in a nutshell
#
# A tensor is an array as in NumPy that can also give gradients. Guess each line, then run the cell.

# %%
print("first sentence        ", ids[0])
print("second token of each  ", ids[:, 1])
print("end of the last       ", ids[-1, -2:])
print("one more axis, size 1 ", ids[:, None, :].shape)
print("kinds of number       ", ids.dtype, "and", torch.tensor([0.5]).dtype)

# %% [markdown]
# Now add two tensors of different shapes: a column (4, 1) and a row (3,). Which shape does the sum have?
#
# A **prediction** earns its point, right or wrong, because you commit to an answer first. Replace the dots by
# one of the choices, quotes included, and run the cell. The cell that is folded away below reveals the answer;
# run it too.

# %% prediction="broadcast_shape"
predict("broadcast_shape", "(4, 3)", choices=["(4, 1)", "(3,)", "(4, 3)", "an error"])  # (4, 1) + (3,)

# %%
column = torch.tensor([[0], [10], [20], [30]])  # (4, 1)
row = torch.tensor([1, 2, 3])  # (3,)
table = column + row

# %%
reveal("broadcast_shape", str(tuple(table.shape)))
print(table)

# %% [markdown]
# This is **broadcasting**. Shapes are compared from their right ends, an axis that is missing counts as
# 1, and an axis of size 1 is repeated until it fits. Other unequal sizes are an error.
#
# `*` multiplies entry by entry and broadcasts too. `@` is the matrix product: row i of the left meets
# column j of the right, so (n, k) @ (k, m) → (n, m). Check the corner by hand: 1·2 + 2·1 = 4.

# %%
left = torch.tensor([[1.0, 2.0], [3.0, 4.0]])  # (2, 2)
right = torch.tensor([[1.0, 0.0, 2.0], [0.0, 1.0, 1.0]])  # (2, 3)
print("left @ right:")
print(left @ right)
print("left * left:")
print(left * left)
batch = torch.randn(8, 5, 2) @ torch.randn(8, 2, 3)  # eight products at once
print("(8, 5, 2) @ (8, 2, 3) →", tuple(batch.shape))

# %% [markdown]
# ## 2 · Turn rows into columns
#
# Two ways lead from (2, 3) to (3, 2). Watch where the numbers of the first row go.

# %%
grid = torch.arange(6).reshape(2, 3)
show_heatmaps(
    {"grid": grid, "grid.transpose(0, 1)": grid.transpose(0, 1), "grid.reshape(3, 2)": grid.reshape(3, 2)},
    kind="scores",
    row_label="row",
    column_label="column",
    value_label="value",
    title="Turned, and read anew",
    caption="The first row, 0 1 2, is a column once transposed; reshaped, it is broken over two rows.",
)

# %% [markdown]
# In memory a tensor is one long line of numbers. `reshape` reads the same line in another shape.
# `transpose` exchanges two axes: rows become columns. Both give (3, 2) here and neither complains, so a
# matching shape does not prove that the values are right.
#
# `view` is a `reshape` that never copies. Once a tensor is transposed, its numbers no longer lie in reading
# order: the tensor is not **contiguous**. Then `view` refuses, and `reshape` copies.

# %%
turned = grid.transpose(0, 1)  # (3, 2)
print("contiguous:", grid.is_contiguous(), "before,", turned.is_contiguous(), "after")
try:
    turned.view(6)
except RuntimeError as error:
    print("view:   ", error)
print("reshape:", turned.reshape(6))

# %% [markdown]
# Your turn, now with a batch: B sentences of T tokens, and for each token a row of C numbers. Every
# such row is to become a column; the sentences stay apart. Before you write, open Hint 1.

# %% exercise="tokens_as_columns" points=1 minutes=4 difficulty=1
def tokens_as_columns(x: Tensor) -> Tensor:
    """Every token's numbers, a row of its sentence before, as a column.

    x: (B, T, C) → (B, C, T)
    """
    # TODO: return x with the right two axes exchanged.
    ### BEGIN SOLUTION
    return x.transpose(1, 2)
    ### END SOLUTION

# %%
sentences = torch.arange(12).reshape(2, 2, 3)  # (B, T, C): two sentences, two tokens, three numbers
columns = tokens_as_columns(sentences)  # (2, 3, 2)
show_heatmaps(
    {
        "sentence 0": sentences[0],
        "as columns": columns[0],
        "sentence 1": sentences[1],
        "as columns ": columns[1],
    },
    kind="scores",
    row_label="row",
    column_label="column",
    value_label="value",
    title="Your function at work",
    caption="Each sentence is turned for itself: no number crosses over to the other sentence.",
)

# %% [markdown]
# ## Autograd in a nutshell
#
# Learning needs gradients. Ask a tensor for them with `requires_grad=True`, compute one number, and
# call `.backward()`: `.grad` then holds the derivative of that number with respect to every entry.
#
# Follow it by hand. w · x − 4 = 3 − 2 − 4 = −3, so the loss is 9 and its gradient is
# 2 · (−3) · x = (−18, 6).

# %%
x = torch.tensor([3.0, -1.0])
w = torch.tensor([1.0, 2.0], requires_grad=True)
loss = (w @ x - 4) ** 2
loss.backward()
print("loss", loss.item(), " gradient", w.grad)

with torch.no_grad():  # compute without recording
    w -= 0.01 * w.grad  # a small step against the gradient
loss = (w @ x - 4) ** 2
print(f"loss after one step {loss.item():.2f}")

loss.backward()
print("gradient now", w.grad)

# %% [markdown]
# The step lowers the loss. The last line shows a trap: at the new `w` the gradient is (−14.4, 4.8), but
# `backward()` **adds** to what `.grad` already holds. Training loops set it to zero before each step.
#
# ## nn.Module in a nutshell
#
# A model is a class. Its `__init__` makes the **parameters**, the tensors that are learned; its
# `forward` says what is computed with them. Calling the object runs `forward`.

# %%
class Readout(nn.Module):
    """Multiplies every row by one matrix that can be learned: (n, width) → (n, outputs)."""

    def __init__(self, width: int, outputs: int) -> None:
        super().__init__()
        self.matrix = nn.Parameter(torch.randn(width, outputs))

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.matrix


readout = Readout(3, 2)
scores = readout(torch.randn(5, 3))
print("output", tuple(scores.shape))
scores.sum().backward()
for name, parameter in readout.named_parameters():
    print(name, tuple(parameter.shape), "gradient", tuple(parameter.grad.shape))

two = nn.Sequential(Readout(3, 4), Readout(4, 2))  # modules hold modules
print([name for name, _ in two.named_parameters()], sum(p.numel() for p in two.parameters()), "numbers")

# %% [markdown]
# ## The model that you will build
#
# Each lesson builds a part of a **transformer**. Here is a whole one: the course's small trained model, drawn
# as it reads seven tokens. A box is a module, and under its name stands the shape of what comes out.
#
# You need not know any of the parts yet. Each lesson opens with this map, and its own part is filled.

# %%
show_map(
    title="A transformer, ever closer from left to right",
    caption="The whole model; its first block; the attention of that block. Three blocks follow each other.",
)

# %% [markdown]
# ## What you have now
#
# - You run a cell, fill in an exercise, check it, and read what the card says.
# - Shapes broadcast from the right; `@` multiplies matrices, and batches of them.
# - `transpose` turns, `reshape` reads anew; a right shape does not prove right values.
# - `.backward()` computes gradients and adds them to `.grad`.
# - A module holds parameters and other modules.
#
# **Optional:** `from spotlight.notebook import review`, then `review()`. A model on your own machine (see the
# README) comments on your code, offline; no mark changes.
#
# In "the bank of the river" and "the bank lent money", *bank* is the same token with the same number.
# How can a model tell the two apart? Lesson 02, "The problem attention solves", starts there.

# %% tags=["authoring"]
# From here on: how each exercise is judged. Of this, students see the hints alone.
from spotlight.authoring import alternative, alternatives, case, entry, forbid, hint, mistakes, why
from spotlight.sandbox.kit import formatted, gradients, randint, whole_numbers

forbid("model_utils", because="the course keeps its own version there, and yours is asked for.")

# %% judges="token_count"
case("the_ids_above", "The three sentences of five tokens above.", lambda token_count: token_count)
case("four_sentences", "Other ids: four sentences of six tokens.", lambda rerun: rerun(ids=randint(0, 9, (4, 6))))
case("seven_sentences", "Other ids: seven sentences of two tokens.", lambda rerun: rerun(ids=randint(0, 9, (7, 2))))
mistakes("""
typed-in: ids.shape[0] * ids.shape[1] → 15
    You typed the number in: 15 is right for these ids, but the check runs your cell again with other ids, and it is still 15. Compute it from `ids.shape`.
row-length-typed-in: ids.shape[0] * ids.shape[1] → ids.shape[0] * 5
    You take the number of sentences from `ids` but type in the 5; other ids have longer or shorter sentences.
row-count-typed-in: ids.shape[0] * ids.shape[1] → 3 * ids.shape[1]
    You take the length of a sentence from `ids` but type in the 3; other ids hold more or fewer sentences.
sentences: ids.shape[0] * ids.shape[1] → ids.shape[0]
    That is the number of sentences (rows); multiply by the tokens in each of them.
tokens-of-one-sentence: ids.shape[0] * ids.shape[1] → ids.shape[1]
    That is the number of tokens in one sentence (columns); multiply by the number of sentences.
sizes-added: ids.shape[0] * ids.shape[1] → ids.shape[0] + ids.shape[1]
    You add the two sizes; every sentence has as many tokens as the next, so multiply them.
shape-itself: ids.shape[0] * ids.shape[1] → ids.shape
    That is the shape, two numbers; the count is their product.
ids-added-up: ids.shape[0] * ids.shape[1] → ids.sum()
    You add up the ids themselves; an id only names its token. Count how many there are.
different-tokens: ids.shape[0] * ids.shape[1] → len(ids.unique())
    You count the different tokens; one that occurs twice counts twice here.
""")
alternatives("""
numel: ids.shape[0] * ids.shape[1] → ids.numel()
unpacked-size: ids.shape[0] * ids.shape[1] → len(ids) * ids.size(-1)
loop: ids.shape[0] * ids.shape[1] → sum(len(sentence) for sentence in ids)
""")
forbid("numpy", because="the tensor's own shape is enough.")
hint("How many rows does `ids` have, and how many tokens stand in each row?")
hint("`ids.shape[0]` is the number of rows. Which entry of `ids.shape` is the number of columns?")
hint("```python\ntoken_count = <number of rows> * <number of columns>\n```")
why("The sizes are read from the tensor, so the line stays right for any ids. That is what every check in this course asks: right for other input, too.")

# %% judges="tokens_as_columns"
case("two_sentences", "Two sentences of three tokens with four numbers each.", B=2, T=3, C=4)
case("square_sentences", "Two sentences of three tokens with three numbers each: the shape stays, the values move.", B=2, T=3, C=3)
case("many_sentences", "Five sentences of four tokens with two numbers each.", B=5, T=4, C=2)
entry(lambda b, c, t, x: f"it is entry [{b}, {t}, {c}] of `x`, the number {c} of token {t} in sentence {b}: {formatted(x[b, t, c])}")
mistakes("""
reshaped: x.transpose(1, 2) → x.reshape(x.shape[0], x.shape[2], x.shape[1])
    The shape is right, the values are not: `reshape` and `view` read the same numbers in the old order, so rows are broken instead of turned. Use `transpose`.
unchanged: x.transpose(1, 2) → x
    You return `x` as it is: its tokens are still rows.
sentences-and-tokens: x.transpose(1, 2) → x.transpose(0, 1)
    You exchanged sentences and tokens, axes 0 and 1; count the axes again, starting from 0.
all-axes-reversed: x.transpose(1, 2) → x.transpose(0, 2)
    The sentences have become the last axis: `x.T` and `transpose(0, 2)` turn the whole batch around. Leave axis 0 where it is.
token-order-reversed: x.transpose(1, 2) → x.flip(1)
    `flip` reverses the order along an axis; the axes themselves are to change places.
in-place: x.transpose(1, 2) → x.transpose_(1, 2)
    `transpose_`, with the underscore, turns the caller's own tensor; without it you get a turned one and `x` stays as it was.
""")
alternatives("""
from-the-end: x.transpose(1, 2) → x.transpose(-2, -1)
matrix-transpose: x.transpose(1, 2) → x.mT
permute: x.transpose(1, 2) → x.permute(0, 2, 1)
""")


@alternative
def tokens_as_columns__sentence_by_sentence(x):
    return torch.stack([sentence.T for sentence in x])


@alternative
def tokens_as_columns__token_by_token(x):
    return torch.stack([x[:, t, :] for t in range(x.shape[1])], dim=-1)


forbid("numpy", "from_numpy", because="a detour through NumPy gives no gradients.")
hint("Axes are counted from 0: B, T, C are axes 0, 1, 2. Which two change places?")
hint("Which of the two tools of the picture turned rows into columns? It takes the two axes.")
hint("```python\nreturn x.transpose(<axis of the tokens>, <axis of their numbers>)\n```")
why("`transpose` names the two axes that change places and leaves the batch alone. It moves no numbers in memory, only the way in which they are read, and so it costs nothing.")
