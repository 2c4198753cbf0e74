# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 06 · Multi-head attention
#
# One head gives each token one row of weights. In this lesson you let several heads read the same tokens
# side by side. At the end you can
#
# - design two heads by hand, and say what one head alone cannot do;
# - split a layer's width into heads and merge them again, without mixing up tokens;
# - write multi-head attention as a module that agrees with PyTorch's and runs in a trained model;
# - say what the output projection adds, and what a layer gains and loses with more heads;
# - switch heads of a trained model off, and measure which of them it needs.
#
# **You need:** lessons 04 (one head) and 05 (the mask). **Time:** 100 minutes.

# %%
from spotlight.notebook import check, hint, predict, reveal, solution, start, verify

start("multi_head_attention")

# %%
import math
from contextlib import ExitStack

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from spotlight.mine import mine
from spotlight.model_utils import attention
from spotlight.model_utils.controls import random_like
from spotlight.model_utils.corpus import paragraphs, referents
from spotlight.model_utils.four_tokens import TOKENS, output_weights, two_heads, wide_embeddings
from spotlight.model_utils.head_scores import induction_scores, largest_weights, place_scores
from spotlight.model_utils.head_scores import previous_token_scores, referent_scores
from spotlight.model_utils.head_scores import repeated_random_tokens, text_loss
from spotlight.model_utils.hooks import with_multi_head, without_heads, without_value
from spotlight.model_utils.mini_model import load_mini_model
from spotlight.model_utils.word_features import feature_names, split_words, word_vectors
from spotlight.visualizations import heads_of, show_bars, show_curves, show_head_browser, show_map
from spotlight.visualizations import show_head_strips, show_heatmap, show_heatmaps, show_layers
from spotlight.visualizations import show_matrices, show_module

# %%
show_map("blocks.0.attention", "blocks.0.attention.output")

# %% [markdown]
# This lesson builds on functions of lessons 03 to 05: on yours, where they have passed, else on the course's
# reference. The next cell says which.

# %%
attention_weights = mine("queries_and_keys", attention.attention_weights)
single_head_attention = mine("values_and_attention_output", attention.single_head_attention)
causal_mask = mine("causal_masking", attention.causal_mask)

# %% [markdown]
# ## *it* needs two things at once
#
# In "The cat sat on the mat because it was soft", the word *it* raises two questions. Which thing is meant?
# *mat*. What is said of that thing? *soft*. No mask yet: *soft* stands after *it*, and here all words may be
# read. The vectors are the hand-made ones of lesson 02.

# %%
sentence = split_words("The cat sat on the mat because it was soft")
words = word_vectors(sentence)  # (10, 12)
it, mat, soft = (sentence.index(word) for word in ("it", "mat", "soft"))
show_heatmap(
    words,
    sentence,
    feature_names(),
    kind="scores",
    row_label="word",
    column_label="feature",
    value_label="value",
    title="What each word holds",
    caption="Twelve named features a word: *it* and *mat* are things, *mat* and *soft* are soft.",
)

# %% [markdown]
# One head gives *it* one row of weights, and a row adds up to 1. So one head cannot give 0.8 to *mat* and 0.8
# to *soft*. Two heads can.
#
# ## 1 · Two heads for *it*
#
# Design both heads. With $d_k = 1$, $W_Q$ and $W_K$ are columns of twelve numbers, one for each feature. A score
# is one product: the query of *it*, times the key of the other word (√d_k is 1).
#
# By hand: $W_Q$ reads *thing* twice, so the query of *it* is 2 · 1.5 = 3. $W_K$ reads *soft* once, so the key of
# *mat* is 1. The score is 3.
#
# The next cell makes 25 sentences. Your matrices have to work in all.

# %%
ANIMALS = ("cat", "dog", "kitten", "horse", "bear")
THINGS = ("mat", "bed", "pillow", "hat", "chair")


def scene(animal: str, thing: str) -> Tensor:
    """The word vectors of one sentence: (10, 12)."""
    return word_vectors(split_words(f"The {animal} sat on the {thing} because it was soft"))


def column(**numbers: float) -> Tensor:
    """A matrix that reads the named features, each times its number, and no other: (12, 1)."""
    names, matrix = feature_names(), torch.zeros(12, 1)
    for name, number in numbers.items():
        if name not in names:
            raise ValueError(f"No feature is called {name!r}; there are {', '.join(names)}.")
        matrix[names.index(name)] = number
    return matrix


query, keys = words[it] @ column(thing=2), words @ column(soft=1)
print("the query of it:", query.item(), "  its score against mat:", (query @ keys[mat]).item())

# %% exercise="heads_for_it" points=2 minutes=15 difficulty=3
def heads_for_it() -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """W_Q and W_K of two heads: (W_Q, W_K) of the head for the thing, then those of the head for the property.

    Each of the four is a float32 matrix of shape (12, 1). In every scene(animal, thing), with an animal of
    ANIMALS and a thing of THINGS, the row of *it* gives 0.8 or more to the thing in the first head, and 0.8 or
    more to *soft* in the second.
    """
    # TODO: choose what the query of *it* reads, and for each head which features raise or lower a key.
    ### BEGIN SOLUTION
    asks = column(thing=3)
    finds_thing = column(thing=1, grammar=-3)  # *it* is a thing as well, with some grammar
    finds_softness = column(soft=1, thing=-1)  # many things are soft as well
    return (asks, finds_thing), (asks, finds_softness)
    ### END SOLUTION

# %%
(asks_thing, thing_keys), (asks_soft, soft_keys) = heads_for_it()
for_thing = attention_weights(words, asks_thing, thing_keys)[it]  # (10,)
for_softness = attention_weights(words, asks_soft, soft_keys)[it]
show_bars(
    {"a head for the thing": for_thing, "a head for the property": for_softness},
    sentence,
    title="Where your two heads look from *it*",
    caption=f"*mat* gets {for_thing[mat]:.2f} in one head, and *soft* gets {for_softness[soft]:.2f} in the other.",
)

# %% [markdown]
# Can a single head ask both questions? Put your matrices side by side: with $d_k = 2$ a score is the sum of both
# scores, divided by √2. Let the second question count for a part of the sum, from 0 to 1.

# %%
parts = torch.linspace(0, 1, 41)
one_head = [
    attention_weights(words, torch.hstack([(1 - part) * asks_thing, part * asks_soft]), torch.hstack([thing_keys, soft_keys]))[it]
    for part in parts.tolist()
]
on_mat, on_soft = ([row[place].item() for row in one_head] for place in (mat, soft))
show_curves(
    {"weight on mat": (parts, on_mat), "weight on soft": (parts, on_soft)},
    xlabel="part of the second question",
    ylabel="weight in the row of it",
    title="One head, two questions",
    caption=f"What *soft* gains, *mat* loses. Both get {max(map(min, on_mat, on_soft)):.2f} at most.",
)

# %% [markdown]
# Now compare what arrives. Let every head hand over the word vectors as they are.

# %%
even = one_head[min(range(41), key=lambda i: abs(on_mat[i] - on_soft[i]))]  # as much to *mat* as to *soft*
show_heatmap(
    torch.stack([for_thing @ words, for_softness @ words, even @ words]),
    ["thing", "property", "both"],
    feature_names(),
    kind="scores",
    row_label="a head for",
    column_label="feature",
    value_label="handed over",
    title="Two vectors, or one blend",
    caption="Two heads hand over nearly the vectors of *mat* and of *soft*; one head for both hands over a blend.",
)

# %% [markdown]
# Two heads hand over 24 numbers, and each head has columns of its own: twelve for *mat*, twelve for *soft*. The
# single head hands over 12 numbers, and each is a sum over both words. Its *soft* comes from the mat and from the
# word *soft*; the sum does not say how much from which.
#
# Think of a research team: each member reads the same text with a question of their own, and writes a report.
#
# ## Two heads on four tokens
#
# The four tokens grow to width 6; their first three numbers are those you know. Each of two heads has
# matrices of its own, 6×3: d_model = 6, d_k = d_v = 3. Both read *all six* numbers of a token.

# %%
X = wide_embeddings()  # (4, 6)
head_0, head_1 = two_heads()  # W_Q, W_K and W_V of each: (6, 3)
show_matrices(
    {"x": X, "W_Q of head 0": head_0[0], "W_Q of head 1": head_1[0]},
    title="Four tokens, and what each head asks with",
    caption="Two different matrices: each head makes its own queries from the same six numbers.",
    rows={"x": TOKENS},
)

# %% [markdown]
# Each head is lesson 04's head. Check one score by hand: in head 0 the query of *here* is (2, 2, 0) and the key
# of *cat* is (1, 3, 0), so the score is 2 + 6 + 0 = 8, the largest of its row. How large is this score in head 1?

# %%
for name, (w_q, w_k, _) in (("head 0", head_0), ("head 1", head_1)):
    print(name, "query of here", (X @ w_q)[3].tolist(), "key of cat", (X @ w_k)[1].tolist())
show_heatmaps(
    {"head 0": attention_weights(X, *head_0[:2]), "head 1": attention_weights(X, *head_1[:2])},
    TOKENS,
    title="Two heads, the same four tokens",
    caption="*here* attends to *cat* in head 0 and to itself in head 1: one input, two patterns.",
)

# %% [markdown]
# Do the heads share matrices, and merely look at different places? Change one entry of head 0's $W_Q$ and see
# which patterns move.

# %%
changed_w_q = head_0[0].clone()
changed_w_q[0, 0] = 5.0
after_change = [(changed_w_q, *head_0[1:]), head_1]
for name, before, after in zip(("head 0", "head 1"), (head_0, head_1), after_change):
    moved = attention_weights(X, *after[:2]) - attention_weights(X, *before[:2])
    print(f"{name}: weights moved by up to {moved.abs().max():.2f}")

# %% [markdown]
# ## 2 · Put the reports together
#
# Each head returns (4, 3). Side by side they are (4, 6), the width of the input again:

# %%
reports = [single_head_attention(X, *head_0), single_head_attention(X, *head_1)]  # (4, 3) each
side_by_side = torch.hstack(reports)  # (4, 6)
quieter = torch.hstack([0 * reports[0], reports[1]])  # what if head 0 had found nothing?
changed = (side_by_side != quieter).any(dim=0)
print("columns that change without head 0:", changed.nonzero().flatten().tolist())

# %% [markdown]
# What head 0 found stays in the first three columns, what head 1 found in the last three. No column depends
# on both. The reports are filed, but the team has not met.
#
# The meeting is one more matrix, the **output projection** $W_O$ of shape (h · d_v, d_model). Heads side by side,
# mixed by $W_O$, are **multi-head attention** (Vaswani et al. 2017):
#
# $$\text{output} = \text{concat}(\text{head}_0, …, \text{head}_{h-1})\, W_O$$

# %% exercise="mix_heads" points=1 minutes=5 difficulty=1
def mix_heads(heads: list[Tensor], w_o: Tensor) -> Tensor:
    """What all heads found, side by side, and mixed by the output projection.

    heads: one (n, d_v) for each of h heads; w_o: (h · d_v, d_model) → (n, d_model)
    """
    # TODO: put the heads next to each other, column after column, and multiply by w_o.
    ### BEGIN SOLUTION
    return torch.cat(heads, dim=-1) @ w_o
    ### END SOLUTION

# %% [markdown]
# <details><summary>Help, I'm getting <code>RuntimeError: mat1 and mat2 shapes cannot be multiplied (6x2 and 4x5)</code></summary>
#
# The heads stand below each other: six rows where there are three tokens. Join them along the last dimension.
# </details>

# %%
W_O = output_weights()  # (6, 6)
output = mix_heads(reports, W_O)  # (4, 6)
show_matrices(
    {"head 0 | head 1": side_by_side, "W_O": W_O, "output": output},
    ("@", "="),
    title="The meeting",
    caption="A column of W_O has one entry for head 0 (upper half) and one for head 1 (lower half).",
    rows={"head 0 | head 1": TOKENS, "output": TOKENS},
)

# %% [markdown]
# Check the first number of *cat*: head 0's first finding plus head 1's first finding, 0.52 + 0.68 = 1.20.
#
# Is $W_O$ only there to bring the shape back? The shape was right before. Ask again which columns change
# without head 0, and count the numbers to learn:

# %%
without_head_0 = mix_heads([0 * reports[0], reports[1]], W_O)
changed = (output != without_head_0).any(dim=0)
print("columns that change without head 0:", changed.nonzero().flatten().tolist())
print("learned numbers in W_O:", W_O.numel())

# %% [markdown]
# Every column depends on both heads now. But no number of the output needs both at once. The upper three rows of
# $W_O$ meet the columns of head 0 alone: call these rows $W_O^0$. The lower three, $W_O^1$, meet those of head 1.
# So the product is a sum with one term for each head:
#
# $$\text{output} = \sum_i \text{head}_i\, W_O^i$$

# %%
terms = [report @ rows for report, rows in zip(reports, W_O.split(3))]  # (4, 6) each
print("the two terms add up to your output:              ", torch.allclose(sum(terms), output))
print("the second alone is your output without head 0:   ", torch.allclose(terms[1], without_head_0))
show_matrices(
    {"head 0 @ W_O⁰": terms[0], "head 1 @ W_O¹": terms[1], "output": output},
    ("+", "="),
    title="One term for each head",
    caption="Each head adds a matrix of its own to the output; without head 0, the right term is what remains.",
    rows={"head 0 @ W_O⁰": TOKENS, "head 1 @ W_O¹": TOKENS, "output": TOKENS},
)

# %% [markdown]
# A head that is switched off takes its own term out of the sum, and no other. The last part of this lesson does
# that to a trained model.
#
# The four matrices of a head act in pairs. $W_Q W_K^\top$ says **where** the head reads: its **QK circuit**.
# $W_V W_O^i$ says **what** the head writes: its **OV circuit** (Elhage et al. 2021). Compute head 0 from the two
# products alone:

# %%
w_q, w_k, w_v = head_0  # (6, 3) each
where_it_reads = torch.softmax(X @ (w_q @ w_k.T) @ X.T / math.sqrt(3), dim=-1)  # (4, 4), by one (6, 6) matrix
what_it_writes = X @ (w_v @ W_O[:3])  # (4, 6), by another
print("the same as the term of head 0:", torch.allclose(where_it_reads @ what_it_writes, terms[0]))

# %% [markdown]
# Lesson 04 pulled the two apart in a trained model: exchanged keys changed where the heads read, exchanged values
# changed what they were handed.
#
# Last comes the residual of lesson 04: the output is **added** to the stream.

# %%
show_matrices(
    {"x": X, "output": output, "x + output": X + output},
    ("+", "="),
    title="Back into the stream",
    caption="Two heads read, one matrix mixes, and the result is an edit of each token's own vector.",
    rows={"x": TOKENS, "output": TOKENS, "x + output": TOKENS},
)

# %% [markdown]
# ## One matrix instead of many
#
# GPT-2 has 12 heads in each of 12 layers. A Python loop over heads would be slow. Put the heads' matrices
# side by side instead: one product makes the queries of all heads.

# %%
W_Q = torch.cat([head_0[0], head_1[0]], dim=1)  # (6, 6)
all_queries = X @ W_Q  # (4, 6)
print("head 0's queries are its first three columns:", torch.equal(all_queries[:, :3], X @ head_0[0]))
print("head 1's queries are its last three columns: ", torch.equal(all_queries[:, 3:], X @ head_1[0]))

# %% [markdown]
# So a layer has *one* $W_Q$ of shape (d_model, d_model), and each head owns some of its columns: with h
# heads, d_k = d_model / h. The width is not multiplied, it is split.
#
# A model has d_model = 512 and 8 heads. How wide is a head, and how many numbers has $W_O$? And what becomes
# of the 512 columns with a ninth head?

# %% prediction="head_width"
predict("head_width", 64, between=(1, 4096))  # d_k at d_model = 512 with 8 heads

# %% prediction="output_size"
predict("output_size", 262144, between=(1, 999_999))  # entries of W_O

# %% prediction="ninth_head"
predict("ninth_head", "it cannot be split", choices=["56 each", "two widths", "it cannot be split"])

# %% [markdown]
# ## 3 · Split the heads
#
# From now on there is a batch: x is (B, T, C), for batch, tokens and width C = d_model. Splitting makes
# it (B, H, T, D): H heads, and in each one T vectors of width D = C / H.
#
# Two things happen. `view` cuts the last dimension in two, and `transpose` brings the heads in front of the
# tokens, since attention works on (T, D) matrices, one for each head.

# %% exercise="split_heads" points=1 minutes=7 difficulty=2
def split_heads(x: Tensor, n_heads: int) -> Tensor:
    """Each head gets its own D = C / H neighbouring columns of every token.

    x: (B, T, C), n_heads: H → (B, H, T, D)
    """
    B, T, C = x.shape
    # TODO: cut the last dimension into heads, then bring the heads in front of the tokens.
    ### BEGIN SOLUTION
    return x.view(B, T, n_heads, C // n_heads).transpose(1, 2)
    ### END SOLUTION

# %% [markdown]
# <details><summary>Help, I'm getting <code>RuntimeError: shape '[1, 2, 3, 6]' is invalid for input of size 12</code></summary>
#
# The four sizes multiplied must give the number of values, and they do not. H · D must be C: how wide is one head?
# </details>
#
# <details><summary>Help, I'm getting <code>TypeError: view(): argument 'size' failed to unpack the object at pos 4 with error "type must be tuple of ints,but got float"</code></summary>
#
# `/` makes a float, even where nothing is left over. Sizes are whole numbers: use `//`.
# </details>

# %%
columns = torch.arange(768).view(1, 1, 768)  # one token whose numbers say where they stand
show_head_strips(
    split_heads(columns, 12)[0, :, 0],
    title="GPT-2's width of 768 in 12 heads of 64",
    caption="Your function, asked which columns each head gets: twelve strips, and nothing left over.",
)

# %%
reveal("head_width", split_heads(torch.zeros(1, 1, 512), 8).shape[-1])
reveal("output_size", mix_heads([torch.zeros(1, 64)] * 8, torch.eye(512)).shape[-1] * 8 * 64)

# %%
try:
    split_heads(torch.zeros(1, 1, 512), 9)
    reveal("ninth_head", "it can be split")
except (RuntimeError, ValueError) as error:
    reveal("ninth_head", "it cannot be split")
    print(f"{type(error).__name__}: {error}")

# %% [markdown]
# 512 is not a multiple of 9, and a tensor has no rows of unequal length. Nor does a further head bring columns
# of its own: it is the same columns, cut finer.
#
# Why is `view` alone wrong, although the shape comes out right? Ask which token each number came from:

# %%
came_from = torch.arange(4).view(1, 4, 1).expand(1, 4, 6).contiguous()  # token i holds the number i
print("view, then transpose: head 0 reads tokens", split_heads(came_from, 2)[0, 0].tolist())
print("view alone:           head 0 reads tokens", came_from.view(1, 2, 4, 3)[0, 0].tolist())

# %% [markdown]
# With `view` alone, head 0 gets two pieces of *The* and two of *cat*, and takes them for four tokens. Nothing
# fails; the numbers are wrong.
#
# ## 4 · The weights of every head
#
# Now all heads at once. `@` multiplies matrices, the last two dimensions, and carries those in front along:
# q of shape (B, H, T, D) times k with its last two swapped is (B, H, T, T).
#
# The sentences of a batch may be of unequal length, so there is one mask for each: (B, T, T), True where
# token i may read token j, as in lesson 05. All heads of a sentence share it: (B, 1, T, T) fits.

# %% exercise="weights_per_head" points=1 minutes=8 difficulty=2
def weights_per_head(q: Tensor, k: Tensor, mask: Tensor) -> Tensor:
    """The attention weights of every head, 0 where the mask is False; each row adds up to 1.

    q: (B, H, T, D), k: (B, H, T, D), mask: (B, T, T) → (B, H, T, T)

    The mask is bool, with at least one True in every row.
    """
    # TODO: score within each head, scale by the head's own width, mask, and softmax every row.
    ### BEGIN SOLUTION
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])  # (B, H, T, T)
    scores = scores.masked_fill(~mask[:, None], -torch.inf)
    return scores.softmax(dim=-1)
    ### END SOLUTION

# %% [markdown]
# <details><summary>Help, I'm getting <code>RuntimeError: The size of tensor a (4) must match the size of tensor b (30) at non-singleton dimension 1</code></summary>
#
# Shapes are lined up from the right, so the mask's batch of 4 met the 30 heads. Give the mask a dimension of
# size 1 for the heads. With as many heads as sentences nothing fails, and the numbers are wrong.
# </details>
#
# <details><summary>Help, I'm getting <code>RuntimeError: The size of tensor a (3) must match the size of tensor b (2) at non-singleton dimension 1</code></summary>
#
# `.T` turns all four dimensions of `k` round, and `.transpose(1, 2)` moves its heads. Swap only the last two:
# `.transpose(-2, -1)`.
# </details>

# %%
W_K = torch.cat([head_0[1], head_1[1]], dim=1)  # (6, 6)
q, k = split_heads((X @ W_Q)[None], 2), split_heads((X @ W_K)[None], 2)  # (1, 2, 4, 3) each
open_weights = weights_per_head(q, k, torch.ones(1, 4, 4, dtype=torch.bool))
causal_weights = weights_per_head(q, k, causal_mask(4)[None])  # (1, 2, 4, 4)
one_by_one = torch.stack([attention_weights(X, *head_0[:2]), attention_weights(X, *head_1[:2])])
difference = (open_weights[0] - one_by_one).abs().max()
print(f"largest difference to the two heads one by one: {difference:.0e}")
show_heatmaps(
    {"head 0": causal_weights[0, 0], "head 1": causal_weights[0, 1]},
    TOKENS,
    title="Both heads at once, with the mask",
    caption="One call, two patterns; the mask is the same for both heads, the weights are not.",
)

# %% [markdown]
# ## 5 · Merge the heads
#
# Weights times values gives (B, H, T, D). To mix, you need the findings about each token side by side again,
# (B, T, C). Undo the two steps of splitting, the last one first.

# %% exercise="merge_heads" points=1 minutes=5 difficulty=2
def merge_heads(heads: Tensor) -> Tensor:
    """What every head found about a token, side by side: head 0's numbers first.

    heads: (B, H, T, D) → (B, T, C)

    C is H · D.
    """
    B, H, T, D = heads.shape
    # TODO: bring the tokens back in front of the heads, then join heads and their widths to one.
    ### BEGIN SOLUTION
    return heads.transpose(1, 2).reshape(B, T, H * D)
    ### END SOLUTION

# %% [markdown]
# <details><summary>Help, I'm getting <code>RuntimeError: view size is not compatible with input tensor's size and stride (at least one dimension spans across two contiguous subspaces). Use .reshape(...) instead.</code></summary>
#
# A transposed tensor lies in memory as before, so the numbers that you want to join are not neighbours there.
# `view` never copies; `reshape` does when it must.
# </details>

# %%
round_trip = merge_heads(split_heads(X[None], 2))[0]
wrong_way = split_heads(X[None], 2).reshape(1, 4, 6)[0]  # merged without transposing back
print("splitting and merging gives X back:", torch.equal(round_trip, X))
show_matrices(
    {"x": X, "merged": round_trip, "not transposed back": wrong_way},
    title="There and back",
    caption="Without the transpose, the row of *The* holds half of *The* and half of *cat*.",
    rows={"x": TOKENS, "merged": TOKENS, "not transposed back": TOKENS},
)

# %% [markdown]
# ## 6 · The module
#
# All parts are there. `__init__` is given: four square matrices without bias, named as in the mini model, and
# lesson 05's **dropout**, for the attention weights. In training it sets a random share of them to 0 and
# enlarges the rest; in evaluation it must do nothing. `self.dropout` knows which of the two is on, since
# `train()` and `eval()` reach every part of a module.
#
# The check counts operations at few and at many heads, and compares outputs: in evaluation, and once in
# training with all weights dropped.

# %% exercise="multi_head_attention" points=2 minutes=10 difficulty=3 targets=["MultiHeadAttention"]
class MultiHeadAttention(nn.Module):
    """H heads at once: tokens read from each other, never from the future.

    Called with x: (B, T, C), it returns (B, T, C).
    """

    def __init__(self, d_model: int, n_heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.query = nn.Linear(d_model, d_model, bias=False)
        self.key = nn.Linear(d_model, d_model, bias=False)
        self.value = nn.Linear(d_model, d_model, bias=False)
        self.output = nn.Linear(d_model, d_model, bias=False)
        self.dropout = nn.Dropout(dropout)  # for the attention weights

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, T, C) → (B, T, C)."""
        # TODO: project and split three times, weigh under causal_mask, drop, gather, merge, and mix.
        ### BEGIN SOLUTION
        q = split_heads(self.query(x), self.n_heads)  # (B, H, T, D)
        k = split_heads(self.key(x), self.n_heads)  # (B, H, T, D)
        v = split_heads(self.value(x), self.n_heads)  # (B, H, T, D)
        mask = causal_mask(x.shape[1]).expand(len(x), -1, -1)  # (B, T, T)
        weights = self.dropout(weights_per_head(q, k, mask))  # (B, H, T, T)
        return self.output(merge_heads(weights @ v))
        ### END SOLUTION

# %% [markdown]
# <details><summary>Help, I'm getting <code>RuntimeError: mat1 and mat2 shapes cannot be multiplied (4x1 and 2x2)</code></summary>
#
# A part was given heads, each narrower than C. Split after `self.query`, and merge before `self.output`.
# </details>
#
# <details><summary>Help, I'm getting <code>TypeError: unsupported operand type(s) for @: 'Tensor' and 'Linear'</code></summary>
#
# `self.query` is no matrix, it holds one. Call it: `self.query(x)`.
# </details>
#
# <details><summary>Help, I'm getting <code>RuntimeError: The size of tensor a (4) must match the size of tensor b (2) at non-singleton dimension 1</code></summary>
#
# `weights_per_head` wants a mask for every sequence, (B, T, T), and `causal_mask` gives one, (T, T).
# </details>

# %%
show_module(
    MultiHeadAttention(6, 2),
    wide_embeddings()[None],
    title="Your module on the four tokens",
    caption="Every shape comes from this forward pass; dashed boxes are your code between the parts.",
)

# %% [markdown]
# Is it right? PyTorch has a module of this kind, `nn.MultiheadAttention`, which keeps three of the matrices
# stacked in one. Load the same weights into both:

# %%
torch.manual_seed(0)
layer = MultiHeadAttention(192, 6).eval()
framework = nn.MultiheadAttention(192, 6, bias=False, batch_first=True).eval()
with torch.no_grad():
    parts = (layer.query, layer.key, layer.value)
    framework.in_proj_weight.copy_(torch.cat([part.weight for part in parts]))
    framework.out_proj.weight.copy_(layer.output.weight)
    x = torch.randn(4, 32, 192)
    theirs, _ = framework(x, x, x, attn_mask=~causal_mask(32), need_weights=False)  # True hides, there
    print(f"largest difference to PyTorch's: {(layer(x) - theirs).abs().max():.1e}")

# %% [markdown]
# What is left is rounding. Now put your module into the mini model, in all layers; the weights are copied part
# by part, by their names.

# %%
mini = load_mini_model()  # three layers of six heads, width 192
TIRED = "the cat sat on the mat because it was tired. the tired one is the"
SOFT = "the cat sat on the mat because it was soft. the soft one is the"
own = mini.logits(TIRED)  # the scores of all words at every position

# %%
with ExitStack() as replaced:
    for number in range(len(mini.model.blocks)):
        replaced.enter_context(with_multi_head(mini.model, number, MultiHeadAttention(192, 6).eval()))
    ((word, share),) = mini.next_words(TIRED, 1)
    print(f"next word with your attention: {word}, with probability {share:.4f}")
    print(f"largest difference to the model's own: {(mini.logits(TIRED) - own).abs().max():.1e}")

# %% [markdown]
# Last, dropout. The same module, the same input, called twice in training and twice in evaluation:

# %%
torch.manual_seed(0)
shaky = MultiHeadAttention(6, 2, dropout=0.5)
for mode in ("training", "evaluation"):
    shaky.train(mode == "training")  # eval() is train(False)
    once, again = shaky(X[None]), shaky(X[None])
    print(f"in {mode:10} two equal calls differ by up to {(once - again).abs().max().item():.2f}")

# %% [markdown]
# If two equal calls differed in evaluation, dropout would still be on, and no measurement of the model could be
# repeated. The function `nn.functional.dropout` stays on in evaluation unless it is told otherwise.
#
# ## What do heads cost?
#
# Twelve heads instead of one, in a layer of the same width. How many times as many floating-point
# operations?

# %% prediction="cost_of_heads"
predict("cost_of_heads", "as many", choices=["as many", "12 times as many", "144 times as many"])

# %% [markdown]
# ## 7 · Count the operations
#
# A product of (n, m) and (m, k) takes 2 · n · m · k operations: n · k sums of m products, each a
# multiplication and an addition. (4, 6) times (6, 3) takes 2 · 4 · 6 · 3 = 144.
#
# Count the matrix products of a layer on n tokens: three projections, the scores and the weighted averages in
# every head, and the output projection once. Softmax and mask are left out; they are small. d_k is an argument
# of its own: usually h · d_k is d_model, but it need not be.

# %% exercise="attention_flops" points=1 minutes=6 difficulty=2
def attention_flops(n: int, d_model: int, n_heads: int, d_k: int) -> int:
    """Operations in all matrix products of one multi-head attention on n tokens, no mask.

    In each head: three projections of (n, d_model) by (d_model, d_k), the scores (n, n), and the
    averages of the values. Once: (n, n_heads · d_k) by (n_heads · d_k, d_model) → one number
    """
    # TODO: add up the five products of every head, and the output projection.
    ### BEGIN SOLUTION
    projections = 3 * (2 * n * d_model * d_k)
    scores_and_averages = 2 * n * d_k * n + 2 * n * n * d_k
    output = 2 * n * (n_heads * d_k) * d_model
    return n_heads * (projections + scores_and_averages) + output
    ### END SOLUTION

# %%
def counted_flops(n: int, d_model: int, n_heads: int) -> int:
    """Operations in the matrix products of your module, counted by PyTorch while it runs."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        MultiHeadAttention(d_model, n_heads).eval()(torch.randn(1, n, d_model))
    return counter.get_total_flops()


# %%
head_counts = [1, 2, 3, 4, 6, 12]
counted = [counted_flops(64, 192, count) for count in head_counts]
reveal("cost_of_heads", "as many" if counted[-1] == counted[0] else f"{counted[-1] / counted[0]:g} times as many")
print("your formula agrees:", counted == [attention_flops(64, 192, count, 192 // count) for count in head_counts])
show_curves(
    {
        "heads that share the width": (head_counts, [c / 1e6 for c in counted]),
        "heads of full width each": (head_counts, [attention_flops(64, 192, h, 192) / 1e6 for h in head_counts]),
    },
    xlabel="heads",
    ylabel="million operations, 64 tokens of width 192",
    title="Split, not multiplied",
    caption="Counted on your module, the lower curve is flat: h · d_k is always d_model. The upper one is your formula.",
)

# %% [markdown]
# ## 8 · Count what is learned
#
# Each head has three matrices of shape (d_model, d_k), with d_v = d_k. The output projection reads all heads and
# returns to the stream, (h · d_k, d_model). Again d_k is an argument of its own.

# %% exercise="attention_parameters" points=1 minutes=4 difficulty=1
def attention_parameters(d_model: int, n_heads: int, d_k: int) -> int:
    """How many numbers a multi-head attention learns, without biases.

    Three (d_model, d_k) matrices for each head, and one (n_heads · d_k, d_model) → one number
    """
    # TODO: count the three matrices of all heads, and the output projection.
    ### BEGIN SOLUTION
    heads = n_heads * 3 * d_model * d_k
    return heads + n_heads * d_k * d_model
    ### END SOLUTION

# %% [markdown]
# First, one layer of GPT-2, by your formula and counted in your module. Then compare: a single head of width
# 256, which as in lesson 04 has no $W_O$, against four heads of width 64 with $W_O$. How many more numbers does
# the layer with four heads learn?

# %%
in_module = sum(part.numel() for part in MultiHeadAttention(768, 12).parameters())
by_formula = attention_parameters(768, 12, 64)
print(f"GPT-2's attention layer: {by_formula:,} by your formula, {in_module:,} in your module")

# %% prediction="four_against_one"
predict("four_against_one", 65536, between=(0, 999_999))  # 4 heads with W_O, less 1 head without

# %%
single = 3 * 256 * 256  # W_Q, W_K and W_V of one head; it has no reports to mix
reveal("four_against_one", attention_parameters(256, 4, 64) - single)
show_bars(
    {
        "1 head of 256, without W_O": [single, 0],
        "1 head of 256": [single, attention_parameters(256, 1, 256) - single],
        "4 heads of 64": [3 * 4 * 256 * 64, attention_parameters(256, 4, 64) - 3 * 4 * 256 * 64],
    },
    ["QKV", "W_O"],
    xlabel="matrices",
    ylabel="numbers to learn",
    title="One head against four",
    caption="A single head with a W_O of its own learns as many numbers as four heads.",
)

# %% [markdown]
# So the difference is $W_O$, 256 × 256, and not the number of heads. For as many numbers to learn, four heads
# give each token four patterns instead of one, with a quarter of the width each. Why not many more?
#
# Go as far as possible: 768 heads at width 768, so that d_k = 1. A head's query and key are one number each. Let 50
# tokens rank 50 keys, each token by its own row of scores. How many *different* rankings can come out?

# %% prediction="rankings"
predict("rankings", 2, between=(1, 50))  # of 50 rows of scores, with d_k = 1

# %%
torch.manual_seed(0)


def different_rankings(d_k: int, n: int = 50) -> int:
    """How many orders of n keys the n rows of a head's scores show, for random queries and keys."""
    scores = torch.randn(n, d_k) @ torch.randn(n, d_k).T  # (n, n)
    return len(scores.argsort(dim=-1).unique(dim=0))


# %%
reveal("rankings", different_rankings(1))
for d_k in (1, 2, 4, 64):
    print(f"d_k = {d_k:2}   different rankings among 50 rows: {different_rankings(d_k)}")

# %% [markdown]
# With d_k = 1 a score is the key's number times the query's: every token ranks the keys the same way, or
# the exact reverse. Such a head cannot ask different things for different tokens.
#
# So more heads are not simply better: there are more patterns, each able to say less. GPT-2 takes 12 heads of
# 64, GPT-3 96 of 128 (Brown et al. 2020).
#
# ## What trained heads do
#
# Now a trained model: the mini model, three layers of six heads, on the recurring sentence and its twin.
# First the row of *it*:

# %%
tokens = mini.tokens(TIRED)
where = tokens.index("it")
same = torch.equal(mini.attention(TIRED)[:, :, where], mini.attention(SOFT)[:, :, where])
print("the rows of 'it', all heads, equal in both sentences:", same)

# %% [markdown]
# The rows must be equal: the model is causal, and *tired* or *soft* comes after *it*. What *it* meant is settled
# where the noun has to be named, after the last *the*: look at the last row.
#
# Three heads are framed, the best at one thing each, measured over many texts. *previous token*: weight on the
# token before. *induction*: weight on what followed the same token last time. *referent*: weight, in the last
# row, on the noun that is meant.

# %%
roles = {(role.layer, role.head): name for name, role in mini.roles.items()}
show_layers(
    mini.attention(TIRED),
    tokens,
    names=roles,
    title="Every head: … because it was tired",
    caption="Framed: the best heads in three measurements. The noun is named from the last row.",
)

# %%
show_layers(
    mini.attention(SOFT),
    mini.tokens(SOFT),
    names=roles,
    title="Every head: … because it was soft",
    caption="One adjective differs. Compare the last rows, head by head, with those above.",
)

# %%
finder = mini.roles["referent"]
last_rows = {
    name: mini.attention(text)[finder.layer, finder.head, -1]
    for name, text in (("tired", TIRED), ("soft", SOFT))
}
show_bars(
    last_rows,
    tokens,
    title=f"Layer {finder.layer}, head {finder.head}: where the last token looks",
    caption="One head, two sentences that differ in their adjective; the labels are those of *tired*.",
)

# %% [markdown]
# The dark first column is what one sees first, above all in layer 1. Do so many tokens need the first word?
# Measure the weight on the first token in text that no training run has seen. Two controls stand beside it:
# another first word, drawn at random, and a model with random weights of the same spread.

# %%
texts = list(paragraphs(6, 160, "held-out"))
encoded = [mini.tokenizer.encode("\n".join(texts[i : i + 10])) for i in range(0, 160, 10)]
text_rows = torch.tensor([numbers[:65] for numbers in encoded])  # 16 rows of text, (16, 65)
read = text_rows[:, :-1]  # (16, 64): the last token of a row is only predicted
untrained = random_like(mini.model)
torch.manual_seed(0)
other_first = torch.hstack([torch.randint(len(mini.tokenizer), (16, 1)), read[:, 1:]])
show_bars(
    {
        "as it stands": place_scores(mini.model, read, 0)[1],
        "another first word": place_scores(mini.model, other_first, 0)[1],
        "random weights": place_scores(untrained, read, 0)[1],
    },
    [str(head) for head in range(6)],
    xlabel="head of layer 1",
    ylabel="mean weight on the first token",
    title="Weight on the first token",
    caption="Four heads give the first token two to seven times as much as random weights do, whichever word it is.",
)

# %% [markdown]
# So the place counts, and hardly the word. Does this weight matter? Let one token hand over nothing in layer 1:
# its value is 0 there, and all weights stay. The **loss** says how surprised the model is by each next token
# (lesson 05); lower is better.

# %%
full = text_loss(mini.model, text_rows)
for place in range(6):
    with without_value(mini.model, 1, place):
        rise = text_loss(mini.model, text_rows) - full
    weight = place_scores(mini.model, read, place)[1].mean()
    print(f"token {place} gets {weight:.3f} of the weight; without its value the loss rises by {rise:.3f}")

# %% [markdown]
# The first token gets several times the weight of its neighbours, and hardly anything is lost without its value. In
# training it became a place where weight can rest: a row must add up to 1, also where a head finds nothing, and
# every token may read the first. Such a place is called an **attention sink**; large models have it, too (Xiao et
# al. 2023).
#
# Now browse, and look past the first column. Which head looks one token back in every row? Which one looks nearly
# the same in both sentences? Which one spreads its weight? For which can you find no words?

# %%
show_head_browser(heads_of(mini, [TIRED, SOFT]), mini.roles)

# %% [markdown]
# It is tempting to hand out job titles: head 0 does this, head 1 does that. Measure the three jobs for *every*
# head instead: weight on the token before; weight on what followed the same token last time; weight on the
# right noun.

# %%
repeated = repeated_random_tokens(16, 32, len(mini.tokenizer), seed=6)  # (16, 64)
scenes = [scene for pair in referents(6, 30) for scene in pair]
jobs = {
    "token before": previous_token_scores(mini.model, read),
    "what followed last time": induction_scores(mini.model, repeated),
    "the right noun": referent_scores(mini.model, mini.tokenizer, scenes).weights_right,
}  # (3, 6) each

# %%
fitting = torch.stack([score >= 0.5 for score in jobs.values()]).sum(dim=0)  # (3, 6)
for count, what in ((0, "none of the three jobs"), (1, "one of them"), (2, "two or all")):
    fits = (fitting >= 2 if count == 2 else fitting == count).sum().item()
    print(f"heads with half of their weight or more on {what:22} {fits:2} of {fitting.numel()}")
show_heatmaps(
    jobs,
    ["0", "1", "2"],
    [str(head) for head in range(6)],
    row_label="layer",
    column_label="head",
    value_label="mean weight",
    title="Three jobs, measured for every head",
    caption="If heads had one job each, every cell would be dark in one panel and pale in the others.",
)

# %% [markdown]
# If every head had one job of these three, the counts would be 0, 18 and 0. Besides, the jobs are our choice,
# and the model was trained on text that rewards them.
#
# Some heads look at nothing in particular. The largest weight of a row tells: near 1, the head looks at one token;
# small, it looks at many.

# %%
sharpest = {
    "trained": largest_weights(mini.model, read),
    "random weights": largest_weights(untrained, read),
}  # (3, 6) each
show_heatmaps(
    sharpest,
    ["0", "1", "2"],
    [str(head) for head in range(6)],
    row_label="layer",
    column_label="head",
    value_label="mean largest weight",
    title="The largest weight of a row",
    caption="Layer 0, head 3 is the palest of the trained heads: its weight is spread over many tokens.",
)

# %% [markdown]
# A head whose weights are all about the same is called **near-uniform**. With random weights every head is. Of the
# trained heads, only head 3 of layer 0 comes near.
#
# Multi-head attention gives a model room for different patterns, and training decides which patterns these are.
#
# ## Switch heads off
#
# A heatmap shows where a head looks, not whether the head is needed. So take its term out of
# $\sum_i \text{head}_i W_O^i$: an **ablation**. Each cell below is the probability of the right noun with that one
# head switched off.

# %%
def noun_without(heads: list[tuple[int, int]], text: str, noun: str) -> float:
    """The probability that the mini model gives to `noun` after `text`, with these heads switched off."""
    with without_heads(mini.model, heads):
        return mini.probability(text, noun)


cases = {"tired → cat": (TIRED, "cat"), "soft → mat": (SOFT, "mat")}
show_heatmaps(
    {
        f"{name} ({noun_without([], *case):.2f} with all)": torch.tensor(
            [[noun_without([(number, head)], *case) for head in range(6)] for number in range(3)]
        )
        for name, case in cases.items()
    },
    ["0", "1", "2"],
    [str(head) for head in range(6)],
    row_label="layer",
    column_label="head switched off",
    value_label="probability of the right noun",
    title="One head away",
    caption="Pale: this prediction needs that head. Dark: the model does without it.",
)

# %% [markdown]
# Does it hurt most to switch off the head that looks at the noun? In the next cell that head is off. Change the
# list, to several heads at once if you like, and run the cell again.

# %%
OFF = [(finder.layer, finder.head)]  # (layer, head), ...: change this
for text in (TIRED, SOFT):
    with without_heads(mini.model, OFF):
        likeliest = [f"{word} {share:.2f}" for word, share in mini.next_words(text, 3)]
    print("…", text[31:], likeliest)

# %% [markdown]
# The head that has nearly all of its weight on the noun can go, and nothing happens. Which other heads look at the
# noun? Sort all 18 by their weight on *cat* in the last row, and switch them off one after the other, the largest
# weight first. How many have to go until *cat* falls below 0.5?

# %% prediction="heads_until_lost"
predict("heads_until_lost", 5, between=(1, 18))  # heads off until the probability of cat is below 0.5

# %%
off_by_weight = {}
for name, (text, noun) in cases.items():
    on_noun = mini.attention(text)[:, :, -1, mini.tokens(text).index(noun)]  # (3, 6)
    order = [divmod(place, 6) for place in on_noun.flatten().argsort(descending=True).tolist()]
    print(f"{name}, layer.head and weight:", " ".join(f"{at[0]}.{at[1]} {on_noun[at]:.2f}" for at in order[:7]))
    off_by_weight[name] = [noun_without(order[:count], text, noun) for count in range(8)]

# %%
lost = next(count for count, share in enumerate(off_by_weight["tired → cat"]) if share < 0.5)
reveal("heads_until_lost", lost)
rest = [noun_without([(2, head) for head in range(count)], TIRED, "cat") for count in range(7)]
with without_heads(mini.model, [(1, head) for head in (0, 1, 2, 3, 5)]):
    print("without these five the model goes on:", [f"{word} {share:.2f}" for word, share in mini.next_words(TIRED, 3)])
show_curves(
    {**off_by_weight, "heads of layer 2, tired → cat": rest},
    xlabel="heads switched off",
    ylabel="probability of the right noun",
    title="How many heads until the noun is lost",
    caption="Largest weight on the noun first. Control: the six heads of layer 2 can all go.",
)

# %% [markdown]
# Several heads of layer 1 look at the same noun, so each of them can go. Heads 0 and 2 of layer 0 are the opposite: they
# have no weight on the noun in the last row, and without either of them the noun is lost. Head 0 looks at the token
# before, head 2 at the token itself. Look at what becomes of layer 1 without them. Control: head 3 of layer 0.

# %%
def layer_1_on_noun(text: str, noun: str, off: list[tuple[int, int]]) -> float:
    """The weight on `noun` in the last row of layer 1, its six heads' mean, with heads switched off."""
    with without_heads(mini.model, off):
        return mini.attention(text)[1, :, -1, mini.tokens(text).index(noun)].mean().item()


switched_off = {"none": [], "0.0": [(0, 0)], "0.2": [(0, 2)], "0.3": [(0, 3)]}
show_bars(
    {name: [layer_1_on_noun(*case, off) for off in switched_off.values()] for name, case in cases.items()},
    list(switched_off),
    xlabel="head switched off (layer.head)",
    ylabel="mean weight on the noun",
    title="What layer 1 finds without a head of layer 0",
    caption="Without head 0 or head 2 of layer 0, layer 1 looks at the noun less; without head 3 it finds the noun as before.",
)

# %% [markdown]
# Layer 1 reads what layer 0 wrote. A head may be needed for what other heads find with its help.
#
# So a heatmap shows where a head looks, and not whether the head is needed. And this is not the tidy division of
# labour with which the lesson opened. There, each question had its head, because you made it so.
#
# Two sentences say little about a head. Take the 16 rows of text again, and the loss. Switch each head off alone,
# sort by the damage, then switch off more and more, the least harmful first. How many of the 18 can go before the
# loss has risen by more than 0.05?

# %% prediction="prunable"
predict("prunable", 7, between=(0, 18))  # heads that can go before the loss rises by more than 0.05

# %%
def damage(heads: list[tuple[int, int]]) -> float:
    """How much the loss rises without these heads."""
    with without_heads(mini.model, heads):
        return text_loss(mini.model, text_rows) - full


alone = {(number, head): damage([(number, head)]) for number in range(3) for head in range(6)}
least_first = sorted(alone, key=alone.get)
rises = [damage(least_first[:count]) for count in range(len(alone) + 1)]

# %%
reveal("prunable", next(count for count, rise in enumerate(rises) if rise > 0.05) - 1)
print("layer.head:", " ".join(f"{number}.{head}" for number, head in least_first))
print("rise with 0 to 10 off:", " ".join(f"{round(rise, 2) + 0.0:.2f}" for rise in rises[:11]))
show_curves(
    {"loss above that of the whole model": rises},
    xlabel="heads switched off, the least harmful first",
    ylabel="rise of the loss per token",
    title="Pruning by ablation",
    caption=f"The whole model's loss on this text is {full:.2f}; on the left little happens.",
)

# %% [markdown]
# Some heads can go unnoticed, others cannot, and no picture told you which. Larger models are alike: in a
# trained translation model most heads could be removed with little loss (Voita et al. 2019; Michel et al.
# 2019).
#
# Where we are: the attention half of a transformer block, complete. New in the formula are concat and $W_O$:

# %%
print("lesson 02   softmax(XXᵀ) X")
print("lesson 04   softmax(QKᵀ/√d_k) V")
print("now         concat(head_0 … head_h−1) W_O,   each head softmax(QKᵀ/√d_k) V, under the mask")
print(f"X {tuple(X.shape)}  →  two heads {tuple(reports[0].shape)}")
print(f"   →  side by side {tuple(side_by_side.shape)}")
print(f"   →  times W_O: output {tuple(output.shape)}  →  X plus output {tuple((X + output).shape)}")

# %% [markdown]
# ## What you have now
#
# - One head gives a token one row of weights and one blend; several give it several.
# - Heads share the width, so any number of them costs the same; no two share a matrix.
# - W_O is learned, and mixes what the heads found. The output is a sum, with one term for each head.
# - Splitting is `view`, then `transpose`; merging is the way back. A right shape proves nothing.
# - A heatmap shows where a head looks; switching the head off shows whether it is needed.
#
# Not covered: norms (15); how training makes heads.
#
# A head gives an average of values. Which part works on that average? In lesson 15 you build it.

# %% tags=["authoring"]
# From here on: how each exercise is judged. Of this, students see the hints alone.
from spotlight.authoring import alternative, alternatives, case, entry, forbid
from spotlight.authoring import hint, mistakes, probe, why, without_loops
from spotlight.sandbox.kit import formatted, gradients, inside, randint, randn, uniform, whole_numbers

forbid("model_utils", because="the course keeps its own version there, and yours is asked for.")

# %% judges="heads_for_it"
ROLES = ("the", "the animal", "sat", "on", "the", "the thing", "because", "it itself", "was", "soft")


def _looks(w_q, w_k, wanted):
    """In words, where a head puts the row of *it*; `wanted` is the place that it should find."""
    order = randint(0, 1_000_000, (25,)).argsort()  # of the sentences, which is to make no difference
    rows = []
    for animal in ANIMALS:
        for thing in THINGS:
            x = scene(animal, thing)
            scores = (x[7] @ w_q.float()) @ (x @ w_k.float()).T
            rows.append(torch.softmax(scores, dim=-1))
    rows = torch.stack(rows)[order]  # (25, 10)
    if (rows.amax(dim=-1) - rows.amin(dim=-1)).max() < 0.001:
        return "the same weight for every word"
    if rows[:, wanted].min() >= 0.8:
        return f"0.8 or more on {ROLES[wanted]}"
    always = (rows.amin(dim=0) >= 0.8).nonzero().flatten().tolist()
    if always:
        return f"0.8 or more on {ROLES[always[0]]}"
    others = rows.clone()
    others[:, wanted] = -1.0
    worst = int((rows[:, wanted] - others.amax(dim=-1)).argmin())  # the sentence with the strongest rival
    if rows[worst, wanted] > 1.001 * others[worst].max():
        return f"most on {ROLES[wanted]}, but below 0.8"
    return f"most on {ROLES[int(others[worst].argmax())]}, once at least"


@probe
def four_columns(heads_for_it):
    "The shapes of the four matrices."
    (thing_q, thing_k), (property_q, property_k) = heads_for_it()
    return [0 * matrix for matrix in (thing_q, thing_k, property_q, property_k)]


@probe
def the_thing(heads_for_it):
    "Where the first head puts the row of *it*, in 25 sentences."
    return _looks(*heads_for_it()[0], wanted=5)


@probe
def the_property(heads_for_it):
    "Where the second head puts the row of *it*, in 25 sentences."
    return _looks(*heads_for_it()[1], wanted=9)


mistakes("""
finds-itself: column(thing=1, grammar=-3) → column(thing=1)
    In your head for the thing, *it* gets as much as the thing, or more: *it* is a thing, too. Subtract a feature that *it* has and things lack.
finds-soft-things: column(soft=1, thing=-1) → column(soft=1)
    In your head for the property, a thing that is soft gets as much as the word *soft*, or more. Subtract a feature that things have and *soft* lacks.
both-too-broad:
    - finds_thing = column(thing=1, grammar=-3)  # *it* is a thing as well, with some grammar
    - finds_softness = column(soft=1, thing=-1)  # many things are soft as well
    + finds_thing = column(thing=1)
    + finds_softness = column(soft=1)
    Both heads find too much: the first finds *it* itself, which is a thing, too, and the second finds things that are soft. In each, subtract a feature that the wrong word has and the right one lacks.
too-weak: column(thing=3) → column(thing=1)
    Both heads find the right word in every sentence, but leave too much to the others: make the scores larger.
weak-for-the-thing: return (asks, finds_thing), → return (asks / 4, finds_thing),
    Your head for the thing finds the thing in every sentence, but leaves too much to the others: make its scores larger.
weak-for-the-property: (asks, finds_softness) → (asks / 4, finds_softness)
    Your head for the property finds *soft* in every sentence, but leaves too much to the others: make its scores larger.
queries-for-keys:
    - return (asks, finds_thing), (asks, finds_softness)
    + asks = column(thing=1, animal=1, grammar=1)
    + return (asks, asks), (asks, asks)
    Both heads find *it* itself. W_Q says what *it* asks with; W_K is to be high for the word that is looked for, and low for *it*.
heads-swapped: return (asks, finds_thing), (asks, finds_softness) → return (asks, finds_softness), (asks, finds_thing)
    Your first head finds a soft word, and your second one things: the head for the thing comes first.
query-is-zero: column(thing=3) → column(person=3)
    In both heads all words get the same weight, since all scores are alike. If *it* has no feature that W_Q reads, its query is 0.
finds-the-animal: column(thing=1, grammar=-3) → column(animal=1)
    Your head for the thing finds the animal. Both nouns can be meant by *it*, but here the thing is asked for.
finds-the-animal-as-well: column(thing=1, grammar=-3) → column(thing=1, animal=1, grammar=-3)
    In your head for the thing the animal gets as much as the thing in some sentence, or more. An animal has no *thing*: which number in W_K raises its key?
one-head-twice:
    - return (asks, finds_thing), (asks, finds_softness)
    + both = column(thing=1, grammar=-3, soft=1)
    + return (asks, both), (asks, both)
    In some sentence your head for the thing gives *soft* as much as the thing, or more, and your head for the property gives the thing as much as *soft*. Each head needs a W_K of its own.
negative-query: column(thing=3) → column(thing=-3)
    Your scores have the wrong sign: in the first head words like *the* get the most, in the second *it* itself. Is the query of *it* positive?
queries-and-keys-swapped: return (asks, finds_thing), (asks, finds_softness) → return (finds_thing, asks), (finds_softness, asks)
    In your head for the thing all words get the same weight: the query of *it* is 0 there. In each pair W_Q comes first, then W_K.
""")
alternatives("""
less-animal: column(thing=1, grammar=-3) → column(thing=1, animal=-3)
by-feeling: column(soft=1, thing=-1) → column(feeling=4)
asked-by-grammar: column(thing=3) → column(grammar=9)
sharper: column(thing=3) → column(thing=30)
both-negative:
    - return (asks, finds_thing), (asks, finds_softness)
    + return (-asks, -finds_thing), (-asks, -finds_softness)
a-query-each:
    - return (asks, finds_thing), (asks, finds_softness)
    + return (asks, 2 * finds_thing), (column(animal=5, thing=2), column(soft=2, thing=-1, animal=-0.5))
""")


@alternative
def heads_for_it__by_index():
    w_q, w_thing, w_soft = torch.zeros(3, 12, 1)
    names = feature_names()
    w_q[names.index("thing")] = 2
    w_thing[names.index("thing")], w_thing[names.index("grammar")] = 4, -10
    w_soft[names.index("soft")], w_soft[names.index("animal")], w_soft[names.index("thing")] = 3, -2, -2
    return [[w_q, w_thing], [w_q, w_soft]]


@alternative
def heads_for_it__written_out():
    asks = torch.tensor([0.0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 4]).reshape(12, 1)
    thing = torch.tensor([-1.0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, -8]).reshape(12, 1)
    soft = torch.tensor([-1.0, 0, -1, 0, 0, 0, 0, 1, 2, 0, 0, 0]).reshape(12, 1)
    return (asks, thing), (asks, soft)


hint("Begin with W_Q: read off the picture which features *it* has. Then which words have the feature *thing*, and which have *soft*?")
hint("A key may be lowered: a negative number in W_K takes from the score of every word with that feature. What has *it* that things lack? What have things that the word *soft* lacks?")
hint("```python\nasks = column(<a feature of *it*>=3)\nfinds_thing = column(thing=1, <what *it* has and things lack>=<below 0>)\nfinds_softness = column(soft=1, <what things have and *soft* lacks>=<below 0>)\nreturn (asks, finds_thing), <the other head>\n```\nIf the right word leads with less than 0.8, which numbers have to grow?")
why("One query serves both heads: that *it* asks says little, the keys say for what. Each key adds a feature that is looked for and subtracts one that tells the wrong words apart. A larger query makes every score larger, and softmax sharper.")

# %% judges="mix_heads"
case("by_hand", "Two heads of width 2 for three tokens, mixed to width 5; whole numbers.", lambda mix_heads: mix_heads([whole_numbers(3, 2), whole_numbers(3, 2)], whole_numbers(4, 5)))
case("three_heads", "Three heads of width 2 for five tokens, mixed to width 4.", lambda mix_heads: mix_heads([randn(5, 2), randn(5, 2), randn(5, 2)], randn(6, 4)))
case("square", "Two heads of width 2 for four tokens, mixed to width 4.", lambda mix_heads: mix_heads([randn(4, 2), randn(4, 2)], randn(4, 4)))
case("one_head", "A single head of width 3 for two tokens, mixed to width 3.", lambda mix_heads: mix_heads([randn(2, 3)], randn(3, 3)))


@probe
def heads_left_alone(mix_heads):
    "The heads' list, as it is afterwards."
    heads = [randn(3, 2), randn(3, 2)]
    mix_heads(heads, randn(4, 5))
    return list(heads)



@entry
def mix_heads__entry(i, j, heads, w_o):
    found = torch.cat(list(heads), dim=-1)[i]
    return (
        f"side by side, the heads' rows {i} are {formatted(found)}; times column {j} of `w_o`, "
        f"{formatted(w_o[:, j])}, that is {formatted(found @ w_o[:, j])}"
    )


mistakes("""
no-output-projection: torch.cat(heads, dim=-1) @ w_o → torch.cat(heads, dim=-1)
    You put the heads side by side and stop: multiply by `w_o`, so that what one head found can meet what the others found.
stacked-below-each-other: dim=-1 → dim=0
    You put the heads below each other, as if they were more tokens: they belong side by side, along the last dimension.
transposed-weights: @ w_o → @ w_o.T
    You multiply by the transpose: `w_o` has a row for each column of the heads, and stands on the right as it is.
columns-dealt-out: torch.cat(heads, dim=-1) → torch.stack(heads, dim=-1).flatten(1)
    You take one column of each head in turn; all columns of head 0 come first, then all of head 1.
heads-added-up: torch.cat(heads, dim=-1) @ w_o → sum(heads) @ w_o[: heads[0].shape[-1]]
    You add the heads up before they are mixed, so all share the first rows of `w_o`: each head has rows of its own there.
heads-summed: torch.cat(heads, dim=-1) → sum(heads)
    You add the heads up, and their findings can no longer be told apart: put them side by side, column after column.
stacked: torch.cat(heads, dim=-1) → torch.stack(heads)
    `torch.stack` keeps the heads apart, in a new dimension in front; `torch.cat` joins their columns, along the last dimension.
last-head-first: heads, dim=-1 → heads[::-1], dim=-1
    The heads stand in the wrong order: head 0 meets the first rows of `w_o`.
""")
alternatives("""
hstack: torch.cat(heads, dim=-1) → torch.hstack(heads)
matmul: torch.cat(heads, dim=-1) @ w_o → torch.matmul(torch.cat(heads, 1), w_o)
""")


@alternative
def mix_heads__added_up(heads, w_o):
    rows = w_o.split(heads[0].shape[-1])
    return sum(head @ own for head, own in zip(heads, rows))


forbid("MultiheadAttention", "multi_head_attention_forward", because="you are building it.")
hint("Two heads return (4, 3) each. Which shape has a row for each token and room for both findings?")
hint("`torch.cat(tensors, dim=...)` joins tensors along a dimension. Which dimension grows from 3 to 6?")
hint("```python\nreturn torch.cat(heads, dim=<the dimension of columns>) @ <the mixing matrix>\n```")
why("`dim=-1` puts the findings about one token next to each other, in the order in which `w_o` expects them. The product is a sum over heads: each one's columns times its own rows of `w_o`.")

# %% judges="split_heads"
case("by_hand", "One sequence of two tokens of width 6, three heads; whole numbers.", whole_numbers(low=-9, high=10), B=1, T=2, C=6, n_heads=3)
case("unequal", "Two sequences of five tokens of width 12, three heads.", B=2, T=5, C=12, n_heads=3)
case("square", "Three sequences of three tokens of width 9, three heads.", B=3, T=3, C=9, n_heads=3)
case("many_heads", "Two sequences of three tokens of width 80, forty heads.", B=2, T=3, C=80, n_heads=40)
case("one_head", "Two sequences of three tokens of width 4, one head.", B=2, T=3, C=4, n_heads=1)


@entry
def split_heads__entry(b, h, t, d, x, n_heads):
    D = x.shape[-1] // n_heads
    column = h * D + d
    return f"column {d} of head {h} is column {h} · {D} + {d} = {column} of `x`, and x[{b}, {t}, {column}] = {formatted(x[b, t, column])}"


mistakes("""
view-without-transpose: x.view(B, T, n_heads, C // n_heads).transpose(1, 2) → x.view(B, n_heads, T, C // n_heads)
    The shape is right, but `view` alone cuts through the tokens and hands a head pieces of several: cut only the last dimension, then transpose.
heads-and-tokens-swapped: .transpose(1, 2) →
    You return (B, T, H, D): heads and tokens must change places, or attention would let the heads of one token attend to each other.
columns-dealt-out: x.view(B, T, n_heads, C // n_heads).transpose(1, 2) → x.view(B, T, C // n_heads, n_heads).permute(0, 3, 1, 2)
    You deal the columns out in turn, every H-th to the same head; a head gets D neighbouring columns.
width-for-count: n_heads, C // n_heads → C // n_heads, n_heads
    You make D heads of width H; the number of heads comes first, then the width of each.
whole-tokens: x.view(B, T, n_heads, C // n_heads).transpose(1, 2) → x[:, None].expand(-1, n_heads, -1, -1)
    Every head gets all C columns; the heads share them, D = C / H columns each.
tokens-cut-up: x.view(B, T, n_heads, C // n_heads).transpose(1, 2) → x.view(B, n_heads, C // n_heads, T).transpose(2, 3)
    You cut across the tokens: only the last dimension is cut, into H pieces of width D.
width-before-tokens: .transpose(1, 2) → .permute(0, 2, 3, 1)
    You return (B, H, D, T): within a head there is a row for each token, (T, D).
swapped-before-cutting: x.view(B, T, n_heads, C // n_heads).transpose(1, 2) → x.transpose(1, 2).view(B, n_heads, T, C // n_heads)
    You swap tokens and columns first, and then cut through both: cut the last dimension first, then swap.
swapped-then-reshaped: x.view(B, T, n_heads, C // n_heads).transpose(1, 2) → x.transpose(1, 2).reshape(B, n_heads, T, C // n_heads)
    You swap tokens and columns first, and then cut through both: cut the last dimension first, then swap heads and tokens.
""")
alternatives("""
permute: .transpose(1, 2) → .permute(0, 2, 1, 3)
unflatten: x.view(B, T, n_heads, C // n_heads) → x.unflatten(-1, (n_heads, -1))
""")


@alternative
def split_heads__stacked(x, n_heads):
    return torch.stack(x.chunk(n_heads, dim=-1), dim=1)


without_loops(because="splitting moves no number: it only says how the same numbers are to be read.")
forbid("MultiheadAttention", "multi_head_attention_forward", "rearrange", because="the two steps are the point.")
hint("A token has C numbers in a row. Cut that row into H pieces: which four sizes has the tensor then, in which order?")
hint("`x.view(B, T, ..., ...)` gives (B, T, H, D). Which two dimensions must change places for (B, H, T, D)?")
hint("```python\nreturn x.view(B, T, <two sizes: in which order?>).transpose(<which two dimensions?>)\n```")
why("`view` may only cut a dimension where its pieces lie next to each other, and the columns of one token do. The transpose moves no number either; it changes the order in which dimensions are named.")

# %% judges="weights_per_head"
def _masks(B, T):
    return (uniform(B, T, T) > 0.5) | torch.eye(T, dtype=torch.bool)


case("by_hand", "One sequence of two tokens, three heads of width 4, nothing masked; whole numbers.", whole_numbers(low=-1, high=3), B=1, H=3, T=2, D=4, mask=torch.ones(1, 2, 2, dtype=torch.bool))
case("unequal", "Two sequences of four tokens, three heads of width 5.", B=2, H=3, T=4, D=5, mask=_masks(2, 4))
case("as_many_heads_as_sequences", "Three sequences of four tokens, three heads of width 2.", B=3, H=3, T=4, D=2, mask=_masks(3, 4))
case("as_many_heads_as_tokens", "Two sequences of three tokens, three heads of width 4.", B=2, H=3, T=3, D=4, mask=_masks(2, 3))
case("many_heads", "Four sequences of five tokens, thirty heads of width 2.", B=4, H=30, T=5, D=2, mask=_masks(4, 5))


@probe
def scores_far_below_zero(weights_per_head):
    "Scores that are all far below 0: one sequence of five tokens, two heads of width 4."
    k = 1.5 * (randn(1, 2, 5, 4) + 6)
    return weights_per_head(-k, k, torch.ones(1, 5, 5, dtype=torch.bool).tril())


@probe
def what_flows_back(weights_per_head):
    "The gradients that flow back to queries and keys of two heads, four tokens, width 3."
    mask = _masks(1, 4)
    return gradients(lambda q, k: weights_per_head(q, k, mask), q=randn(1, 2, 4, 3), k=randn(1, 2, 4, 3))


@entry
def weights_per_head__entry(b, h, i, j, q, k, mask):
    scores = (q[b, h, i] @ k[b, h].T / math.sqrt(q.shape[-1])).masked_fill(~mask[b, i], -torch.inf)
    allowed = [place for place, may in enumerate(mask[b, i].tolist()) if may]
    share = formatted(torch.softmax(scores, dim=-1)[j])
    if j not in allowed:
        return f"mask[{b}, {i}, {j}] is False, so the weight is 0"
    return (
        f"in head {h}, token {i} may read tokens {allowed}, with scaled scores {formatted(scores[allowed])}; "
        f"softmax over these gives token {j} the weight {share}"
    )


mistakes("""
scaled-by-d-model: math.sqrt(q.shape[-1]) → math.sqrt(q.shape[1] * q.shape[-1])
    You scale by √d_model, the width of the whole layer; the dot products here have D terms, the width of one head.
scaled-by-width: math.sqrt(q.shape[-1]) → q.shape[-1]
    You divide by D itself; it is the square root of D that keeps the scores in range.
scaled-by-heads: math.sqrt(q.shape[-1]) → math.sqrt(q.shape[1])
    You scale by the square root of the number of heads; the dot products have D terms, so √D is right.
scaled-by-tokens: math.sqrt(q.shape[-1]) → math.sqrt(q.shape[2])
    You scale by the square root of the number of tokens; the dot products have D terms, so √D is right.
no-softmax: scores.softmax(dim=-1) → scores
    You return the masked scores; softmax must turn each row into weights that add up to 1.
zero-times-infinity: scores.masked_fill(~mask[:, None], -torch.inf) → scores + ~mask[:, None] * -torch.inf
    Where the mask is True you add 0 · −∞, and that is nan: let `masked_fill` put −∞ where it is False.
mask-after-softmax:
    - scores = scores.masked_fill(~mask[:, None], -torch.inf)
    - return scores.softmax(dim=-1)
    + return scores.softmax(dim=-1) * mask[:, None]
    You mask after softmax, so rows no longer add up to 1: hide the scores before it.
not-scaled: / math.sqrt(q.shape[-1]) →
    The scores go into softmax unscaled: divide them by the square root of D.
mask-meets-heads: mask[:, None] → mask
    The mask is broadcast over the wrong dimension: (B, T, T) lines up with the last three of (B, H, T, T), so sequence b's mask lands on head b. Make it (B, 1, T, T).
one-mask-for-all: mask[:, None] → mask[0]
    You use the first sequence's mask for the whole batch; each sequence has its own.
masks-in-another-order: mask[:, None] → mask.repeat(q.shape[1], 1, 1).reshape(*q.shape[:3], -1)
    You repeat the row of all masks once for each head, but sequences come first: the heads of a sequence then get masks of other sequences. `mask[:, None]` gives all heads of a sequence its own.
masks-joined: mask[:, None] → mask.any(dim=0)
    You join the masks of all sequences to one; each sequence has its own.
mask-transposed: mask[:, None] → mask[:, None].transpose(-2, -1)
    The mask is turned: mask[b, i, j] says whether token i may read token j, and rows belong to the reading token.
mask-inverted: ~mask[:, None] → mask[:, None]
    You hide what may be read and keep the rest: True in the mask means that token i may read token j.
masked-with-zero: -torch.inf → 0.0
    Hidden scores become 0, and e⁰ = 1 still is weight: they must be −∞ before softmax.
mask-left-out: scores.masked_fill(~mask[:, None], -torch.inf) → scores
    The mask plays no part: what it hides must get the weight 0. `masked_fill` returns a new tensor; keep what it returns.
softmax-over-heads: dim=-1 → dim=1
    Your weights add up to 1 over the heads; in each head every row shares out one unit over the tokens it reads (dim=-1).
softmax-over-columns: dim=-1 → dim=-2
    Your columns add up to 1; a row belongs to the token that reads, so it is each row (dim=-1) that should.
heads-attend-to-heads: q @ k.transpose(-2, -1) → q.transpose(1, 2) @ k.transpose(1, 2).transpose(-2, -1)
    You swap heads and tokens: the heads of one token attend to each other. Tokens must stand in the last two dimensions of the scores.
keys-against-queries: q @ k.transpose(-2, -1) → k @ q.transpose(-2, -1)
    You score keys against queries: row i belongs to query i.
everything-turned: k.transpose(-2, -1) → k.T
    `.T` turns all four dimensions round; only the last two of `k` should change places: `k.transpose(-2, -1)`.
heads-moved-in-keys: k.transpose(-2, -1) → k.transpose(1, 2)
    `transpose(1, 2)` swaps heads and tokens of `k`; within each head, tokens and widths must change places: `k.transpose(-2, -1)`.
uniform: q @ k.transpose(-2, -1) → 0 * (q @ k.transpose(-2, -1))
    Every token that may be read counts alike, whatever it is: the weights must come from queries and keys.
""")
alternatives("""
unsqueezed: mask[:, None] → mask.unsqueeze(1)
swapped-by-name: k.transpose(-2, -1) → k.mT
""")


@alternative
def weights_per_head__einsum(q, k, mask):
    scores = torch.einsum("bhid,bhjd->bhij", q, k) * k.shape[-1] ** -0.5
    hidden = torch.zeros_like(scores).masked_fill(mask.logical_not()[:, None], -torch.inf)
    return torch.softmax(scores + hidden, dim=3)


@alternative
def weights_per_head__flat(q, k, mask):
    B, H, T, D = q.shape
    scores = torch.bmm(q.flatten(0, 1), k.flatten(0, 1).transpose(1, 2)).view(B, H, T, T) / D**0.5
    may = mask[:, None].expand(B, H, T, T)
    return torch.where(may, scores, torch.full_like(scores, -torch.inf)).softmax(-1)


without_loops(because="one product scores all heads of all sequences, and that is what makes many heads cheap.")
forbid("scaled_dot_product_attention", "MultiheadAttention", because="you are building it.")
hint("`@` multiplies the last two dimensions and carries B and H along. Which two dimensions of `k` must change places?")
hint("Broadcasting lines shapes up from the right. Write (B, H, T, T) above (B, T, T): what does the mask's B meet? Where is a 1 missing?")
hint("```python\nscores = <queries> @ <keys, turned> / math.sqrt(<width of one head>)\nscores = scores.masked_fill(~mask[<a new dimension for the heads>], <minus infinity>)\nreturn <softmax of every row>\n```")
why("`transpose(-2, -1)` turns the keys within each head, and no head meets another. `mask[:, None]` puts a dimension of size 1 where the heads are, so each sentence's mask serves all of its heads and no other sentence's.")

# %% judges="merge_heads"
case("by_hand", "One sequence of two tokens, three heads of width 2; whole numbers.", whole_numbers(low=-9, high=10), B=1, H=3, T=2, D=2)
case("unequal", "Two sequences of five tokens, three heads of width 4.", B=2, H=3, T=5, D=4)
case("square", "Three sequences of three tokens, three heads of width 3.", B=3, H=3, T=3, D=3)
case("many_heads", "Two sequences of three tokens, forty heads of width 2.", B=2, H=40, T=3, D=2)
case("just_transposed", "Two sequences of four tokens, three heads of width 5, as splitting leaves them in memory.", lambda merge_heads: merge_heads(randn(2, 4, 3, 5).transpose(1, 2)))


@entry
def merge_heads__entry(b, t, c, heads):
    head, d = divmod(c, heads.shape[-1])
    return (
        f"column {c} = {head} · {heads.shape[-1]} + {d} is number {d} of head {head}: "
        f"heads[{b}, {head}, {t}, {d}] = {formatted(heads[b, head, t, d])}"
    )


mistakes("""
not-transposed-back: heads.transpose(1, 2).reshape(B, T, H * D) → heads.reshape(B, T, H * D)
    The shape is right, but you merge without transposing back, so that a row holds one head's numbers about several tokens: swap heads and tokens first.
viewed-not-transposed-back: heads.transpose(1, 2).reshape(B, T, H * D) → heads.view(B, T, H * D)
    The shape is right, but `view` reads one head's numbers about several tokens into a row: swap heads and tokens first.
columns-dealt-out: heads.transpose(1, 2) → heads.permute(0, 2, 3, 1)
    You take number 0 of every head, then number 1; all numbers of head 0 come first.
heads-added-up: heads.transpose(1, 2).reshape(B, T, H * D) → heads.sum(dim=1)
    You add the heads up, and their findings can no longer be told apart: put them side by side.
heads-averaged: heads.transpose(1, 2).reshape(B, T, H * D) → heads.mean(dim=1)
    You average over the heads, and their findings can no longer be told apart: put them side by side.
average-repeated: heads.transpose(1, 2).reshape(B, T, H * D) → heads.mean(dim=1).repeat(1, 1, H)
    You average the heads and repeat the average H times; each head's own numbers stand side by side.
heads-below-each-other: heads.transpose(1, 2).reshape(B, T, H * D) → heads.reshape(B, H * T, D)
    You put the heads below each other, as more tokens, (B, H · T, D): for each token they stand side by side, (B, T, H · D).
not-joined: .reshape(B, T, H * D) →
    Tokens and heads are in order, (B, T, H, D); join the last two dimensions to one of width C.
heads-kept-apart: heads.transpose(1, 2).reshape(B, T, H * D) → heads.reshape(B, H, T * D)
    You join tokens and widths to (B, H, T · D); it is heads and widths that belong together, for each token.
joined-like-a-list: heads.transpose(1, 2).reshape(B, T, H * D) → torch.cat(heads, dim=-1)
    In `mix_heads` the heads came as a list; here they are one tensor. Swap heads and tokens, then join heads and widths.
heads-and-widths-swapped: .transpose(1, 2) → .transpose(1, 3)
    You swap heads and widths; it is heads and tokens that change places, dimensions 1 and 2.
""")
alternatives("""
flatten: .reshape(B, T, H * D) → .flatten(2)
contiguous-view: .reshape(B, T, H * D) → .contiguous().view(B, T, H * D)
""")


@alternative
def merge_heads__side_by_side(heads):
    return torch.cat(heads.unbind(dim=1), dim=-1)


without_loops(because="merging only puts the same numbers in another order.")
forbid("MultiheadAttention", "multi_head_attention_forward", "rearrange", because="the two steps are the point.")
hint("For `view` or `reshape` to join two dimensions, they must be neighbours. Are H and D neighbours in (B, H, T, D)?")
hint("First swap so that you have (B, T, H, D). Which two of these become C?")
hint("```python\nreturn heads.transpose(<which two dimensions?>).reshape(<three sizes>)\n```")
why("After the transpose, H and D are neighbours and can be joined. `reshape` copies where it must, and here it must: the numbers of one token do not lie next to each other in memory, so `view` would refuse.")

# %% judges="multi_head_attention"
def _ready(module, size=1.0):
    """The module with drawn weights, and with a dropout that shows if it is on in evaluation."""
    with torch.no_grad():
        for part in (module.query, module.key, module.value, module.output):
            part.weight.copy_(size * randn(part.weight.numel()).view_as(part.weight))
    for part in module.modules():
        if isinstance(part, nn.Dropout) and not part.p:
            part.p = 0.5
    return module.eval()


case("by_hand", "One sequence of two tokens of width 2, two heads.", lambda MultiHeadAttention: _ready(MultiHeadAttention(2, 2))(whole_numbers(1, 2, 2, low=-1, high=3)))
case("unequal", "Two sequences of five tokens of width 6, three heads.", lambda MultiHeadAttention: _ready(MultiHeadAttention(6, 3), 0.7)(randn(2, 5, 6)))
case("square", "Four sequences of four tokens of width 16, four heads.", lambda MultiHeadAttention: _ready(MultiHeadAttention(16, 4), 0.4)(randn(4, 4, 16)))
case("many_heads", "Three sequences of six tokens of width 40, twenty heads.", lambda MultiHeadAttention: _ready(MultiHeadAttention(40, 20), 0.3)(randn(3, 6, 40)))
case("one_token", "Two sequences of a single token of width 4, two heads.", lambda MultiHeadAttention: _ready(MultiHeadAttention(4, 2))(randn(2, 1, 4)))


@probe
def another_future(MultiHeadAttention):
    "How the outputs of five tokens change when the last token is another."
    module, x = _ready(MultiHeadAttention(6, 2)), randn(1, 5, 6)
    other = torch.cat([x[:, :4], randn(1, 1, 6)], dim=1)
    return module(other) - module(x)


@probe
def in_training(MultiHeadAttention):
    "One sequence of three tokens in training, with a dropout of 1: no weight is left."
    module = _ready(MultiHeadAttention(4, 2, 1.0))
    return module.train()(randn(1, 3, 4))


@probe
def what_dropout_leaves(MultiHeadAttention):
    "In training, each token alone in its sequence: what a head hands on, as a multiple of its value."
    module = _ready(MultiHeadAttention(16, 2, 0.5))
    with torch.no_grad():
        module.output.weight.copy_(torch.eye(16))
    x = randn(200, 1, 16)
    multiples = (module.train()(x) / module.value(x)).view(200, 2, 8)
    return {
        "the same for a head's numbers": bool(torch.allclose(multiples, multiples[..., :1].expand_as(multiples), atol=1e-3)),
        "multiples": sorted({round(m, 2) + 0.0 for m in multiples[..., 0].flatten().tolist()}),
    }


case("what_flows_back", "The gradient that flows back to two sequences of three tokens of width 4, two heads.", lambda MultiHeadAttention: gradients(_ready(MultiHeadAttention(4, 2)), x=randn(2, 3, 4)))
case("its_parts", "Two sequences of five tokens of width 6, and what the parts are given and give.", lambda MultiHeadAttention: inside(_ready(MultiHeadAttention(6, 2), 0.7).eval(), randn(2, 5, 6)), naming_only=True)
mistakes("""
no-output-projection: self.output(merge_heads(weights @ v)) → merge_heads(weights @ v)
    You return the merged heads: `self.output` must mix them, or what one head found never meets what the others found.
dropout-left-out: self.dropout(weights_per_head(q, k, mask)) → weights_per_head(q, k, mask)
    In training, none of the attention weights is dropped: `self.dropout` is to be called on them.
dropout-active-in-eval: self.dropout(weights_per_head(q, k, mask)) → nn.functional.dropout(weights_per_head(q, k, mask), self.dropout.p)
    The function `dropout` drops weights in evaluation, too, so that two equal calls differ: `self.dropout` knows when training is over.
dropout-of-its-own: self.dropout(weights_per_head(q, k, mask)) → nn.functional.dropout(weights_per_head(q, k, mask), 0.1)
    A dropout made on the spot drops weights in evaluation, too, so that two equal calls differ: `self.dropout` knows when training is over.
no-mask: causal_mask(x.shape[1]) → torch.ones_like(causal_mask(x.shape[1]))
    Tokens read the future: put `causal_mask` between scores and softmax.
mask-lacks-the-batch: .expand(len(x), -1, -1) →
    `weights_per_head` takes the first dimension of the mask for sequences, and (T, T) is broadcast over the heads instead: expand it to (B, T, T).
mask-inverted: causal_mask(x.shape[1]) → (~causal_mask(x.shape[1]))
    You turn the mask round: True already means that a token may be read, and so `weights_per_head` takes it.
mask-of-the-batch: causal_mask(x.shape[1]) → causal_mask(len(x))
    You make the mask for as many tokens as there are sequences; the number of tokens is `x.shape[1]`.
mask-of-the-input: causal_mask(x.shape[1]) → causal_mask(x)
    `causal_mask` wants the number of tokens, `x.shape[1]`, and you hand it the tokens themselves.
future-instead-of-past: causal_mask(x.shape[1]) → causal_mask(x.shape[1]).T
    Tokens read themselves and the future: the mask is upside down.
scaled-by-d-model: weights_per_head(q, k, mask) → weights_per_head(q / math.sqrt(self.n_heads), k, mask)
    The scores are divided by √d_model in all; the dot products in a head have D terms, so √D is right.
merged-without-transposing: merge_heads(weights @ v) → (weights @ v).reshape(x.shape)
    The shapes are right, but you merge without transposing back: a row then holds findings about several tokens. Use merge_heads.
values-viewed: split_heads(self.value(x), self.n_heads) → self.value(x).view(q.shape)
    The values are cut by `view` alone, which hands a head pieces of several tokens: use split_heads.
weights-turned:
    - q = split_heads(self.query(x), self.n_heads)  # (B, H, T, D)
    - k = split_heads(self.key(x), self.n_heads)  # (B, H, T, D)
    - v = split_heads(self.value(x), self.n_heads)  # (B, H, T, D)
    + q = split_heads(x @ self.query.weight, self.n_heads)
    + k = split_heads(x @ self.key.weight, self.n_heads)
    + v = split_heads(x @ self.value.weight, self.n_heads)
    You multiply by `.weight` as it stands; `nn.Linear` keeps its matrix turned. Call the part, `self.query(x)`.
weights-turned-throughout:
    - q = split_heads(self.query(x), self.n_heads)  # (B, H, T, D)
    - k = split_heads(self.key(x), self.n_heads)  # (B, H, T, D)
    - v = split_heads(self.value(x), self.n_heads)  # (B, H, T, D)
    - mask = causal_mask(x.shape[1]).expand(len(x), -1, -1)  # (B, T, T)
    - weights = self.dropout(weights_per_head(q, k, mask))  # (B, H, T, T)
    - return self.output(merge_heads(weights @ v))
    + q = split_heads(x @ self.query.weight, self.n_heads)
    + k = split_heads(x @ self.key.weight, self.n_heads)
    + v = split_heads(x @ self.value.weight, self.n_heads)
    + mask = causal_mask(x.shape[1]).expand(len(x), -1, -1)
    + weights = self.dropout(weights_per_head(q, k, mask))
    + return merge_heads(weights @ v) @ self.output.weight
    You multiply by `.weight` as it stands; `nn.Linear` keeps its matrix turned. Call the parts, as in `self.query(x)`.
queries-for-keys: self.key(x) → self.query(x)
    Queries and keys come from the same part; the keys have a matrix of their own, `self.key`.
input-for-values: self.value(x) → x
    You gather pieces of the input itself: project it with `self.value` first.
first-sequence-only: self.output(merge_heads(weights @ v)) → self.output(merge_heads(weights @ v))[:1]
    Only the first sequence comes back; the module returns all B of them.
dropout-on-the-values:
    - weights = self.dropout(weights_per_head(q, k, mask))  # (B, H, T, T)
    - return self.output(merge_heads(weights @ v))
    + weights = weights_per_head(q, k, mask)
    + return self.output(merge_heads(weights @ self.dropout(v)))
    Dropout is applied to the values; it belongs on the attention weights, before they meet the values.
dropout-on-the-merged-heads:
    - weights = self.dropout(weights_per_head(q, k, mask))  # (B, H, T, T)
    - return self.output(merge_heads(weights @ v))
    + weights = weights_per_head(q, k, mask)
    + return self.output(self.dropout(merge_heads(weights @ v)))
    Dropout is applied to the merged heads; it belongs on the attention weights, before they meet the values.
chained-projections:
    - k = split_heads(self.key(x), self.n_heads)  # (B, H, T, D)
    - v = split_heads(self.value(x), self.n_heads)  # (B, H, T, D)
    + k = split_heads(self.key(self.query(x)), self.n_heads)
    + v = split_heads(self.value(self.key(self.query(x))), self.n_heads)
    You project one after the other, the keys out of the queries: all three are projections of `x` itself.
keys-gathered: weights @ v → weights @ k
    You gather the keys; it is the values that a token hands over.
residual-added: return self.output(merge_heads(weights @ v)) → return x + self.output(merge_heads(weights @ v))
    You add the input. The stream is added outside of attention, as in lesson 04; this module returns the edit alone.
one-head-only:
    - q = split_heads(self.query(x), self.n_heads)  # (B, H, T, D)
    - k = split_heads(self.key(x), self.n_heads)  # (B, H, T, D)
    - v = split_heads(self.value(x), self.n_heads)  # (B, H, T, D)
    + q = split_heads(self.query(x), 1)
    + k = split_heads(self.key(x), 1)
    + v = split_heads(self.value(x), 1)
    You run one head of the full width; split into self.n_heads heads.
""")
alternatives("""
dropout-as-a-function: self.dropout(weights_per_head(q, k, mask)) → nn.functional.dropout(weights_per_head(q, k, mask), self.dropout.p, self.training)
mask-repeated: .expand(len(x), -1, -1) → .repeat(len(x), 1, 1)
written-out:
    - weights = self.dropout(weights_per_head(q, k, mask))  # (B, H, T, T)
    - return self.output(merge_heads(weights @ v))
    + scores = (q @ k.mT * q.shape[-1] ** -0.5).masked_fill(~mask[:, None], float("-inf"))
    + gathered = self.dropout(scores.softmax(-1)) @ v
    + return self.output(gathered.transpose(1, 2).flatten(2))
three-at-once:
    - q = split_heads(self.query(x), self.n_heads)  # (B, H, T, D)
    - k = split_heads(self.key(x), self.n_heads)  # (B, H, T, D)
    - v = split_heads(self.value(x), self.n_heads)  # (B, H, T, D)
    + q, k, v = (split_heads(part(x), self.n_heads) for part in (self.query, self.key, self.value))
""")
without_loops(because="all heads are computed by the same few products, however many there are.")
forbid("scaled_dot_product_attention", "MultiheadAttention", "multi_head_attention_forward", because="it is the very thing you are building.")
hint("Write down the shape after every step, from (B, T, C) to (B, T, C). Which of your functions leads from one to the next?")
hint("`weights_per_head` wants a mask for each sequence. `causal_mask(T)` is (T, T): what does `.expand(B, -1, -1)` make of it?")
hint("```python\nq, k, v = <split_heads of each projection>\nmask = causal_mask(<T>).expand(<B>, -1, -1)\nweights = <weights of every head>\nreturn self.output(<merged: weights times values>)\n```\nOne line lacks the dropout. What does dropout act on?")
why("Each line has one shape and one job, and none knows how many heads there are. Dropout acts on the weights, so whole connections between tokens are left out at random while the model is trained.")

# %% judges="attention_flops"
def _size(low, high):
    return int(randint(low, high, ()))


case("four_tokens", "Four tokens of width 6, two heads of width 3.", lambda attention_flops: attention_flops(4, 6, 2, 3))
case("one_head", "Some tokens of width 5, one head of width 7.", lambda attention_flops: attention_flops(_size(2, 20), 5, 1, 7))
case("some_heads", "Some tokens of width 11, three to eight heads of width 3 to 7.", lambda attention_flops: attention_flops(_size(12, 40), 11, _size(3, 9), _size(3, 8)))


@entry
def attention_flops__entry(n, d_model, n_heads, d_k):
    head, output = 6 * n * d_model * d_k + 4 * n * n * d_k, 2 * n * n_heads * d_k * d_model
    return (
        f"a head: 3 · 2 · {n} · {d_model} · {d_k} for projections and 2 · (2 · {n} · {n} · {d_k}) for scores and averages, "
        f"{head}; {n_heads} of them, and 2 · {n} · {n_heads * d_k} · {d_model} = {output} for the output: {n_heads * head + output}"
    )


mistakes("""
heads-of-full-width: 3 * (2 * n * d_model * d_k) → 3 * (2 * n * d_model * d_model)
    You project to the full width in every head, and so heads cost h times more: a head's matrices are d_k wide.
output-forgotten: return n_heads * (projections + scores_and_averages) + output → return n_heads * (projections + scores_and_averages)
    You leave out the output projection, which mixes what the heads found.
multiplications-only: n_heads * (projections + scores_and_averages) + output → (n_heads * (projections + scores_and_averages) + output) // 2
    You count multiplications alone; each comes with an addition, so there are twice as many operations.
averages-forgotten: 2 * n * d_k * n + 2 * n * n * d_k → 2 * n * d_k * n
    You count the scores and leave out the second product of tokens with tokens, the weighted averages of the values.
one-head-counted: n_heads * (projections + scores_and_averages) → (projections + scores_and_averages)
    You count the products of a single head; there are n_heads of them.
output-for-every-head: n_heads * (projections + scores_and_averages) + output → n_heads * (projections + scores_and_averages + output)
    You count the output projection for every head; there is one, and it reads all heads.
one-projection: 3 * (2 * n * d_model * d_k) → 2 * n * d_model * d_k
    You count one projection in every head; there are three, for queries, keys and values.
scores-and-averages-forgotten: n_heads * (projections + scores_and_averages) → n_heads * projections
    You leave out both products of tokens with tokens: the scores, and the weighted averages of the values.
projections-only: n_heads * (projections + scores_and_averages) + output → n_heads * projections
    You count the projections of the heads and stop: scores, weighted averages and the output projection come on top.
square-output: 2 * n * (n_heads * d_k) * d_model → 2 * n * d_model * d_model
    You take the output projection to be (d_model, d_model); it has a row for each column of all heads, h · d_k.
output-of-one-head: 2 * n * (n_heads * d_k) * d_model → 2 * n * d_k * d_model
    Your output projection reads a single head; it has a row for each column of all heads, h · d_k.
width-worked-out:
    - projections = 3 * (2 * n * d_model * d_k)
    + d_k = d_model // n_heads
    + projections = 3 * (2 * n * d_model * d_k)
    You work out d_k from d_model; here d_k is an argument of its own, and h · d_k need not be d_model.
""")
alternatives("""
closed-form: n_heads * (projections + scores_and_averages) + output → 4 * n * n_heads * d_k * (2 * d_model + n)
""")


@alternative
def attention_flops__head_by_head(n, d_model, n_heads, d_k):
    def product(rows, inner, columns):
        return 2 * rows * inner * columns

    heads = [3 * product(n, d_model, d_k) + product(n, d_k, n) + product(n, n, d_k) for _ in range(n_heads)]
    return sum(heads) + product(n, n_heads * d_k, d_model)


forbid("FlopCounterMode", "flop_counter", because="the next cell counts; here you say beforehand what it will find.")
hint("How many products of matrices does every head have to itself, and which one is there once for all heads?")
hint("Scores are (n, d_k) times (d_k, n), averages (n, n) times (n, d_k). What does 2 · n · m · k give for each?")
hint("```python\nprojections = 3 * <one product>\nscores_and_averages = <scores> + <averages>\noutput = <one product>\nreturn <all heads> + output\n```")
why("Product by product, the sum is 4 · n · (h · d_k) · (2 · d_model + n). The number of heads and their width stand in it only as h · d_k, and where the width is split, that is d_model.")

# %% judges="attention_parameters"
case("four_tokens", "Width 6, two heads of width 3.", lambda attention_parameters: attention_parameters(6, 2, 3))
case("narrow_heads", "Width 10 to 19, three heads of width 2.", lambda attention_parameters: attention_parameters(int(randint(10, 20, ())), 3, 2))
case("wide_heads", "Width 5 to 9, four heads of width 8 to 12.", lambda attention_parameters: attention_parameters(int(randint(5, 10, ())), 4, int(randint(8, 13, ()))))


@entry
def attention_parameters__entry(d_model, n_heads, d_k):
    heads, mixing = n_heads * 3 * d_model * d_k, n_heads * d_k * d_model
    return (
        f"{n_heads} heads · 3 matrices · {d_model} · {d_k} = {heads}, and the output projection "
        f"({n_heads} · {d_k}) · {d_model} = {mixing}: {heads + mixing}"
    )


mistakes("""
output-forgotten: heads + n_heads * d_k * d_model → heads
    You leave out the output projection: it is learned like the others, and mixes what the heads found.
heads-of-full-width: n_heads * 3 * d_model * d_k → n_heads * 3 * d_model * d_model
    You give every head square matrices; a head's matrices are only d_k wide.
square-output: return heads + n_heads * d_k * d_model → return heads + d_model * d_model
    You take the output projection to be (d_model, d_model); it has a row for each column of all heads, h · d_k.
output-of-one-head: return heads + n_heads * d_k * d_model → return heads + d_k * d_model
    Your output projection reads a single head; it has a row for each column of all heads, h · d_k.
shared-by-all-heads: n_heads * 3 * d_model * d_k → 3 * d_model * d_k
    You count the three matrices once, as if all heads shared them; each head has its own.
output-for-every-head: return heads + n_heads * d_k * d_model → return heads + n_heads * (n_heads * d_k * d_model)
    You count an output projection for each head; there is one, and it reads all heads.
one-matrix: n_heads * 3 * d_model * d_k → n_heads * d_model * d_k
    You count one matrix for each head; it has three, for queries, keys and values.
square-for-all-heads: n_heads * 3 * d_model * d_k → 3 * d_model * d_model
    Three square matrices serve all heads only where h · d_k is d_model; here d_k is an argument of its own.
biases-counted: return heads + n_heads * d_k * d_model → return heads + n_heads * d_k * d_model + 3 * n_heads * d_k + d_model
    You count biases, too; the layer here has none.
width-worked-out:
    - heads = n_heads * 3 * d_model * d_k
    + d_k = d_model // n_heads
    + heads = n_heads * 3 * d_model * d_k
    You work out d_k from d_model; here d_k is an argument of its own, and h · d_k need not be d_model.
""")
alternatives("""
four-alike: heads + n_heads * d_k * d_model → 4 * n_heads * d_model * d_k
""")


@alternative
def attention_parameters__by_shapes(d_model, n_heads, d_k):
    shapes = [(d_model, d_k)] * (3 * n_heads) + [(n_heads * d_k, d_model)]
    return sum(rows * columns for rows, columns in shapes)


forbid("parameters", "numel", because="the next cell counts a module's; here you say beforehand what it will find.")
hint("How many matrices does one head have, and of which shape? How many heads are there?")
hint("The output projection stands once. It multiplies the heads side by side: how many rows must it have?")
hint("```python\nheads = <number of heads> * 3 * <entries of one matrix>\nreturn heads + <entries of the output projection>\n```")
why("Heads side by side have h · d_k columns, and so many rows has the output projection. With h · d_k = d_model all four are square.")
