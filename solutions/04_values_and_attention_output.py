# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 04 · Values and the attention output
#
# In this lesson you finish a head of attention: what its weights average, and what becomes of a token's
# own vector. At the end you can
#
# - project embeddings into values, and average them into one output for every token;
# - say what a head loses when its values are the embeddings, and what when they are its keys;
# - add the output to the embedding, and measure what breaks where it replaces it.
#
# **You need:** lesson 03 (queries, keys, attention weights). **Time:** 60 minutes.

# %%
from spotlight.notebook import check, hint, predict, reveal, solution, start, verify

start("values_and_attention_output")

# %% tags=["authoring"]
from spotlight.authoring import alternative, edit, entry, forbid, hint
from spotlight.authoring import mistake, probe, rewrite, why, without_loops
from spotlight.sandbox.kit import gradients, randn, whole, written

# %%
import math
from contextlib import ExitStack

import torch
from torch import Tensor

from spotlight.mine import mine
from spotlight.model_utils import attention
from spotlight.model_utils.corpus import paragraphs, words_of
from spotlight.model_utils.four_tokens import TOKENS, embeddings, key_weights, query_weights, value_weights
from spotlight.model_utils.gpt import Block, causal_attention
from spotlight.model_utils.hooks import head_weights, with_attention, with_block
from spotlight.model_utils.mini_model import load_mini_model
from spotlight.model_utils.word_features import feature_names, split_words, word_vectors
from spotlight.visualizations import show_attention_flow, show_bars, show_heatmaps, show_matrices, show_projection

# %% [markdown]
# This lesson builds on functions of lessons 02 and 03: on yours, where they have passed, else on the
# course's reference. The next cell says which.

# %%
dot_product_attention = mine("the_problem_attention_solves", attention.dot_product_attention)
project = mine("queries_and_keys", attention.project)
scaled_scores = mine("queries_and_keys", attention.scaled_scores)
attention_weights = mine("queries_and_keys", attention.attention_weights)

# %% [markdown]
# ## Where lesson 03 got stuck
#
# Lesson 03 ended with a row of weights for every token. Weights say *how much*; what should be averaged
# with them? Two candidates lie on the table: the keys and the embeddings.
#
# Try both where lesson 03 left *bank*. In "interest in the steep bank", two matrices written by hand let
# *bank* ask for a size, and *steep* answers. Beside it stands the same sentence with *big*, which has
# the same size.

# %%
steep_words, big_words = split_words("interest in the steep bank"), split_words("interest in the big bank")
steep, big = word_vectors(steep_words), word_vectors(big_words)  # (5, 12) each
place, size, money = (feature_names().index(name) for name in ("place", "size", "money"))
asks, answers = torch.zeros(12, 1), torch.zeros(12, 1)  # lesson 03's W_Q and W_K, with d_k = 1
asks[place], answers[size] = 2.0, 1.0
steep_row = attention_weights(steep, asks, answers)[-1]  # (5,): the weights of *bank*
big_row = attention_weights(big, asks, answers)[-1]
for words, row, vectors in ((steep_words, steep_row, steep), (big_words, big_row, big)):
    handed = (row @ project(vectors, answers)).item()  # keys averaged: one number, since d_k = 1
    print(f"bank beside {words[3]:6} weight on {words[3]} {row[3]:.2f}   average of the keys {handed:.2f}")

# %%
show_bars(
    {"beside steep": steep_row @ steep, "beside big": big_row @ big},
    feature_names(),
    xlabel="feature",
    ylabel="average",
    title="What *bank* is handed when embeddings are averaged",
    caption="Nearly all of *steep*, or of *big*: whatever its embedding holds, wanted or not.",
)

# %% [markdown]
# **Keys.** *bank* is handed a size, 1.25 both times: what it had asked for. Which word it found, it cannot
# tell.
#
# **Embeddings.** *bank* is handed all that *steep* is. What would help, "a place, no money", stands in no
# embedding.
#
# One vector, two roles, once more: *being found* and *handing over*. You know the cure:
#
# $$V = XW_V$$
#
# A row of $V$ is a **value**, the third card at lesson 03's job fair: the key gets you noticed, the value is
# what you hand over.
#
# In "the tired cat chased the doctor", a later query for what happened should match *chased* as well as
# *saw*. What should the key of *chased* tell, and what its value?

# %% prediction="key_of_chased"
predict(
    "key_of_chased",
    "that an action stands here",
    choices=["that an action stands here", "which action it is"],
)

# %% prediction="value_of_chased"
predict(
    "value_of_chased",
    "which action it is",
    choices=["that an action stands here", "which action it is"],
)

# %% [markdown]
# ## 1 · Three lenses
#
# Three matrices, one embedding: as through three lenses, each shows another side of it. `project` from
# lesson 03 does one lens. $W_V$ may have another width than the other two, $d_v$ instead of $d_k$:
# values are averaged, never compared with a query.

# %% exercise="three_lenses" points=1 minutes=4 difficulty=1
def three_lenses(x: Tensor, w_q: Tensor, w_k: Tensor, w_v: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The queries, the keys and the values of all tokens, in this order.

    x: (n, d_model), w_q: (d_model, d_k), w_k: (d_model, d_k), w_v: (d_model, d_v)
    → three tensors: (n, d_k), (n, d_k) and (n, d_v)
    """
    # TODO: project x with each of the three matrices, and return the three results.
    ### BEGIN SOLUTION
    return project(x, w_q), project(x, w_k), project(x, w_v)
    ### END SOLUTION


# %% tags=["probes"]
@probe
def by_hand(three_lenses):
    "Two tokens of width 3 with d_k = 4 and d_v = 5; whole numbers."
    return three_lenses(whole(2, 3), whole(3, 4), whole(3, 4), whole(3, 5))


@probe
def five_tokens(three_lenses):
    "Five tokens of width 6 with d_k = 4 and d_v = 3."
    return three_lenses(randn(5, 6), randn(6, 4), randn(6, 4), randn(6, 3))


@probe
def square(three_lenses):
    "Three tokens of width 3, every width 3."
    return three_lenses(randn(3, 3), randn(3, 3), randn(3, 3), randn(3, 3))


edit(
    "values-from-key-matrix",
    "Your values are the keys once more: the third matrix, `w_v`, is not used.",
    "project(x, w_v)",
    "project(x, w_k)",
)
edit(
    "embeddings-as-values",
    "You return the embeddings in the values' place: project them with `w_v`.",
    "project(x, w_v)",
    "x",
)
edit(
    "values-from-keys",
    "You project the keys with `w_v`; all three lenses look at the embedding, `x`.",
    "project(x, w_v)",
    "project(project(x, w_k), w_v)",
)
edit(
    "value-matrix-transposed",
    "You multiply by the transpose of `w_v`, which is (d_model, d_v) and stands on the right as it is.",
    "project(x, w_v)",
    "project(x, w_v.T)",
)
edit(
    "weights-transposed",
    "You multiply by the transposes of the matrices; each has d_model rows and stands on the right as it is.",
    "project(x, w_q), project(x, w_k), project(x, w_v)",
    "tuple(project(x, w.T) for w in (w_q, w_k, w_v))",
)
edit(
    "keys-and-values-swapped",
    "All three are right, but the order is queries, keys, values.",
    "project(x, w_q), project(x, w_k), project(x, w_v)",
    "project(x, w_q), project(x, w_v), project(x, w_k)",
)
edit(
    "queries-and-keys-swapped",
    "All three are right, but the order is queries, keys, values.",
    "project(x, w_q), project(x, w_k), project(x, w_v)",
    "project(x, w_k), project(x, w_q), project(x, w_v)",
)
edit(
    "keys-from-query-matrix",
    "Queries and keys both come from `w_q`; the keys have a matrix of their own, `w_k`.",
    "project(x, w_k)",
    "project(x, w_q)",
)
edit(
    "only-the-queries",
    "You return the queries alone: all three are asked for, with commas between them.",
    "project(x, w_q), project(x, w_k), project(x, w_v)",
    "project(x, w_q)",
)
edit(
    "stacked",
    "`torch.stack` wants matrices of one shape, and values may be wider or narrower: return the three with commas between them.",
    "project(x, w_q), project(x, w_k), project(x, w_v)",
    "torch.stack([project(x, w_q), project(x, w_k), project(x, w_v)])",
)
edit(
    "one-lens-behind-the-other",
    "You look through one lens at what another made of `x`: each of the three looks at `x` itself.",
    "project(x, w_q), project(x, w_k), project(x, w_v)",
    "project(x, w_q), project(project(x, w_q), w_k), project(project(x, w_q), w_v)",
)
edit(
    "only-the-values",
    "You return the values alone: all three are asked for, with commas between them.",
    "project(x, w_q), project(x, w_k), project(x, w_v)",
    "project(x, w_v)",
)
edit(
    "side-by-side",
    "The numbers are right, but they stand side by side in one matrix: return three.",
    "project(x, w_q), project(x, w_k), project(x, w_v)",
    "torch.cat([project(x, w_q), project(x, w_k), project(x, w_v)], dim=-1)",
)
rewrite("matrix-products", "project(x, w_q), project(x, w_k), project(x, w_v)", "x @ w_q, x @ w_k, x @ w_v")
rewrite("comprehension", "project(x, w_q), project(x, w_k), project(x, w_v)", "tuple(project(x, w) for w in (w_q, w_k, w_v))")
rewrite("a-list", "project(x, w_q), project(x, w_k), project(x, w_v)", "[project(x, w_q), project(x, w_k), project(x, w_v)]")


@alternative
def three_lenses__one_product(x, w_q, w_k, w_v):
    # One wide matrix, one product, cut into three: what large models do.
    everything = x @ torch.cat([w_q, w_k, w_v], dim=1)
    return everything.split([w_q.shape[1], w_k.shape[1], w_v.shape[1]], dim=1)


forbid("Linear", "linear", because="the three products are yours to write.")
forbid("model_utils", "attention", because="the course keeps its own version there, and yours is asked for.")
hint("How many matrices are there, and how often is `x` projected? Does one projection need the result of another?")
hint("A function returns several things with commas between them. In which order does the docstring name them?")
hint("```python\nreturn <queries>, <keys>, <values>\n```")
why(
    "Each lens looks at the embedding, not at what another lens made of it. So the three may be computed in any order, or "
    "in one product with the matrices side by side, as large models do."
)

# %% [markdown]
# <details><summary>Help, I'm getting <code>ValueError: too many values to unpack (expected 3)</code></summary>
#
# The cell below unpacks three results: `Q, K, V = three_lenses(...)`. Your function returns one matrix,
# and Python tries to unpack its rows. Return all three, with commas between them.
#
# </details>

# %%
X = embeddings()  # (4, 3)
W_Q, W_K, W_V = query_weights(), key_weights(), value_weights()  # (3, 3) each
Q, K, V = three_lenses(X, W_Q, W_K, W_V)  # (4, 3) each
show_projection(
    X[2],
    {"query": W_Q, "key": W_K, "value": W_V},
    name="sat",
    components=(1, 2),
    title="One embedding, three lenses",
    caption="The last two components of *sat*, and of its query, its key and its value: four different places.",
)

# %%
show_heatmaps(
    {"embeddings X": X, "keys K": K, "values V": V},
    TOKENS,
    ("0", "1", "2"),
    kind="scores",
    row_label="token",
    column_label="component",
    value_label="value",
    title="Three things that are easily taken for one",
    caption="Row by row: a value is not the embedding, not the key, and may be negative where both are positive.",
)

# %% [markdown]
# By hand: *sat* is (0, 3, 1). Its value is (3, −1, −1): the second number, the third with a minus sign,
# and the first less the third. Its key is (3, 1, 1).
#
# These matrices are given. Do keys and values come apart in training, too? Ask the mini model, 1.4 million
# parameters, trained on small English. Put fourteen verbs in *chased*'s place: how far do its key and its
# value move, measured in distances between two words of the sentence?

# %%
mini = load_mini_model()
PROMPT = "The cat sat on the mat because it was tired. The tired one is the"  # for later
verbs = words_of("transitive")  # saw, found, liked, ..., chased, ...: fourteen


def moved(vectors: Tensor) -> float:
    """How far a vector moves from verb to verb, in distances from word to word: (14, 6, d)."""
    from_verb_to_verb = torch.pdist(vectors[:, 3]).mean()
    from_word_to_word = torch.stack([torch.pdist(sentence) for sentence in vectors]).mean()
    return (from_verb_to_verb / from_word_to_word).item()


key_moves, value_moves = [], []
for layer in range(3):
    sentences = [f"the tired cat {verb} the doctor" for verb in verbs]
    rows = torch.stack([mini.attention_input(sentence, layer) for sentence in sentences])  # (14, 6, 192)
    heads = [head_weights(mini.model, layer, head) for head in range(6)]  # W_Q, W_K, W_V of each
    key_moves.append(sum(moved(rows @ w_k) for _, w_k, _ in heads) / 6)
    value_moves.append(sum(moved(rows @ w_v) for _, _, w_v in heads) / 6)

# %%
key_tells = "which action it is" if key_moves[1] > value_moves[1] else "that an action stands here"
value_tells = "which action it is" if value_moves[1] > key_moves[1] else "that an action stands here"
reveal("key_of_chased", key_tells)
reveal("value_of_chased", value_tells)
show_bars(
    {"key": key_moves, "value": value_moves},
    ["0", "1", "2"],
    xlabel="layer",
    ylabel="moved, in word distances",
    title="Fourteen verbs in the place of *chased*",
    caption="Averages over six heads: in layer 1, keys move little from verb to verb, and values move far.",
)

# %% [markdown]
# In layer 1, a query that finds one of these verbs finds any of them, and what it is handed tells which. Nobody
# ordered that; it lowered the loss. In the other layers the two are less far apart.

# %% [markdown]
# ## 2 · One head of attention
#
# Now the weights of lesson 03 get something to average. Token $i$ is handed all values, weighted by its row:
#
# $$\text{output}_i = \sum_j \text{weight}_{ij}\, v_j \qquad
# \text{all tokens at once:}\quad \text{output} = \text{softmax}\!\left(\frac{QK^\top}{\sqrt{d_k}}\right) V$$
#
# $V$ and the output are (n, d_v): as many rows as tokens. The check counts operations, so write no Python
# loop over tokens.

# %% exercise="single_head_attention" points=2 minutes=9 difficulty=2
def single_head_attention(x: Tensor, w_q: Tensor, w_k: Tensor, w_v: Tensor) -> Tensor:
    """What one head gathers for every token: the average of all values, by that token's weights.

    x: (n, d_model), w_q: (d_model, d_k), w_k: (d_model, d_k), w_v: (d_model, d_v) → (n, d_v)
    """
    # TODO: make queries, keys and values; turn scaled scores into weights; average values with them.
    ### BEGIN SOLUTION
    q, k, v = three_lenses(x, w_q, w_k, w_v)
    weights = torch.softmax(scaled_scores(q, k), dim=-1)  # (n, n)
    return weights @ v
    ### END SOLUTION


# %% tags=["probes"]
@probe
def by_hand(single_head_attention):
    "Three tokens of width 2 with d_k = 4 and d_v = 5; whole numbers."
    return single_head_attention(
        whole(3, 2, low=-1, high=2), whole(2, 4, low=-1, high=2), whole(2, 4, low=-1, high=2), whole(2, 5)
    )


@probe
def five_tokens(single_head_attention):
    "Five tokens of width 6 with d_k = 4 and d_v = 3."
    return single_head_attention(randn(5, 6), randn(6, 4) / 2, randn(6, 4) / 2, randn(6, 3))


@probe
def square(single_head_attention):
    "Four tokens of width 4, every width 4."
    return single_head_attention(randn(4, 4), randn(4, 4) / 2, randn(4, 4) / 2, randn(4, 4))


@probe
def one_token(single_head_attention):
    "A single token, which can only attend to itself."
    return single_head_attention(randn(1, 3), randn(3, 2), randn(3, 2), randn(3, 4))


@probe
def thirty_tokens(single_head_attention):
    "Thirty tokens of width 8 with d_k = 5 and d_v = 6."
    return single_head_attention(randn(30, 8) / 2, randn(8, 5) / 2, randn(8, 5) / 2, randn(8, 6))


@probe
def large_scores(single_head_attention):
    "Three tokens with scores far apart."
    return single_head_attention(4 * randn(3, 5), randn(5, 2), randn(5, 2), randn(5, 3))


@probe
def what_flows_back(single_head_attention):
    "The gradients that flow back to four tokens of width 3 and to all three matrices."
    return gradients(single_head_attention, x=randn(4, 3), w_q=randn(3, 2), w_k=randn(3, 2), w_v=randn(3, 5))


@entry
def single_head_attention__entry(i, j, x, w_q, w_k, w_v):
    shares = torch.softmax((x[i] @ w_q) @ (x @ w_k).T / w_k.shape[-1] ** 0.5, dim=-1)
    column = (x @ w_v)[:, j]
    return (
        f"token {i} weighs the {len(x)} tokens by {written(shares)}; number {j} of their values is {written(column)}, "
        f"and the weighted sum is {written(shares @ column)}"
    )


edit(
    "keys-averaged",
    "You average the keys: they have done their work once the weights are there. What is handed over are the values.",
    "weights @ v",
    "weights @ k",
)
edit(
    "embeddings-averaged",
    "You average the embeddings in `x`; average the values, which `w_v` made of them.",
    "weights @ v",
    "weights @ x",
)
edit(
    "queries-averaged",
    "You average the queries; they ask, the values are what is handed over.",
    "weights @ v",
    "weights @ q",
)
edit(
    "weights-transposed",
    "You average with the columns of the weights; row i of the weights belongs to output i.",
    "weights @ v",
    "weights.T @ v",
)
edit(
    "values-first",
    "You multiply values by weights; a row of weights averages the rows of values, so the weights stand on the left.",
    "weights @ v",
    "v @ weights",
)
edit(
    "one-summary",
    "You return one vector for all tokens; every token has a row of weights, and so an output, of its own.",
    "weights @ v",
    "(weights @ v).mean(dim=0)",
)
edit(
    "same-output-for-all",
    "All your outputs are the same: the rows of weights are averaged first. Each row makes one output.",
    "weights @ v",
    "weights.mean(dim=0).expand_as(weights) @ v",
)
edit(
    "uniform",
    "Every value counts alike, whatever the scores: the weights must come from queries and keys.",
    "weights @ v",
    "torch.full_like(weights, 1 / len(x)) @ v",
)
edit(
    "only-the-heaviest",
    "You hand each token the one value with the largest weight; every value counts, as much as its weight says.",
    "weights @ v",
    "v[weights.argmax(dim=-1)]",
)
edit(
    "weights-returned",
    "These are the weights; average the values with them.",
    "weights @ v",
    "weights",
)
edit(
    "values-returned",
    "These are the values, each still its token's own: average them with the weights.",
    "weights @ v",
    "v",
)
edit(
    "softmax-forgotten",
    "You average with the scores; softmax over each row turns them into weights that add up to 1.",
    "torch.softmax(scaled_scores(q, k), dim=-1)",
    "scaled_scores(q, k)",
)
edit(
    "softmax-over-columns",
    "The columns of your weights add up to 1; row i belongs to token i, so it is each row (dim=-1) that should.",
    "dim=-1",
    "dim=0",
)
edit(
    "softmax-twice",
    "Softmax is applied twice, which flattens the weights; once is enough.",
    "torch.softmax(scaled_scores(q, k), dim=-1)",
    "torch.softmax(torch.softmax(scaled_scores(q, k), dim=-1), dim=-1)",
)
edit(
    "softmax-last",
    "You average with scores and apply softmax to the result: the weights come first, then the average.",
    """    weights = torch.softmax(scaled_scores(q, k), dim=-1)  # (n, n)
    return weights @ v""",
    """    return torch.softmax(scaled_scores(q, k) @ v, dim=-1)""",
)
edit(
    "not-scaled",
    "The scores go into softmax unscaled: use `scaled_scores`.",
    "scaled_scores(q, k)",
    "q @ k.T",
)
edit(
    "scaled-by-d-v",
    "You scale by √d_v; the dot products are of queries and keys, so it is √d_k.",
    "scaled_scores(q, k)",
    "q @ k.T / math.sqrt(v.shape[-1])",
)
edit(
    "scaled-by-d-k",
    "You divide the scores by d_k; it is the square root of d_k.",
    "scaled_scores(q, k)",
    "q @ k.T / k.shape[-1]",
)
edit(
    "scaled-by-d-model",
    "You scale by √d_model; the dot products are of queries and keys, so it is √d_k.",
    "scaled_scores(q, k)",
    "q @ k.T / math.sqrt(x.shape[-1])",
)
edit(
    "keys-against-queries",
    "Row i of the scores should belong to query i: you scored keys against queries.",
    "scaled_scores(q, k)",
    "scaled_scores(k, q)",
)
edit(
    "embeddings-scored",
    "You score the raw embeddings as in lesson 02; score queries against keys.",
    "scaled_scores(q, k)",
    "x @ x.T",
)
edit(
    "embedding-added",
    "You add the embedding. That comes next in this lesson, with a reason; here the output alone is asked for.",
    "weights @ v",
    "x + weights @ v",
)
rewrite("weights-of-lesson-03", "torch.softmax(scaled_scores(q, k), dim=-1)", "attention_weights(x, w_q, w_k)")
rewrite("einsum", "weights @ v", 'torch.einsum("nm,md->nd", weights, v)')
rewrite("values-last", "weights @ v", "weights @ x @ w_v")


@alternative
def single_head_attention__from_scratch(x, w_q, w_k, w_v):
    scores = (x @ w_q) @ (x @ w_k).T * w_k.shape[1] ** -0.5
    raised = (scores - scores.max(dim=1, keepdim=True).values).exp()
    return raised @ (x @ w_v) / raised.sum(dim=1, keepdim=True)


@alternative
def single_head_attention__in_two_lines(x, w_q, w_k, w_v):
    weights = attention_weights(x, w_q, w_k)
    return weights @ project(x, w_v)


without_loops(because="one product averages for all tokens, and that is what makes attention fast.")
forbid("scaled_dot_product_attention", "MultiheadAttention", "causal_attention", because="you are building it.")
forbid("model_utils", "attention", because="the course keeps its own version there, and yours is asked for.")
hint("Which function gives you queries, keys and values, and which one makes scores of two of them?")
hint("Row i of the weights belongs to token i, and j runs over the tokens whose values are averaged. Which matrix product sums over j?")
hint("```python\nq, k, v = <three lenses>\nweights = <softmax of each row of the scaled scores>  # (n, n)\nreturn <weights> @ <what is handed over>\n```")
why(
    "The weights use queries and keys and are then done with them; the values come in only at the end. One matrix product "
    "makes all outputs: row i of the weights against every column of the values."
)

# %% [markdown]
# <details><summary>Help, I'm getting <code>RuntimeError: mat1 and mat2 shapes cannot be multiplied (3x5 and 3x3)</code></summary>
#
# You multiply in the order values, weights. In a product the inner sizes must agree: the weights are
# (n, n), the values (n, d_v), so the weights stand on the left.
#
# </details>

# %%
output = single_head_attention(X, W_Q, W_K, W_V)  # (4, 3)
weights = attention_weights(X, W_Q, W_K)  # (4, 4), lesson 03's
show_matrices(
    {"weights": weights, "V": V, "output": output},
    ("@", "="),
    rows={"weights": TOKENS, "V": TOKENS, "output": TOKENS},
    columns={"weights": TOKENS},
    title="Weights times values",
    caption="Each row of weights makes one row of the output, from all four values.",
)

# %% [markdown]
# Follow the row of *cat* with a pencil. Its weights are those that lesson 03 ended with.

# %%
for token, weight, value in zip(TOKENS, weights[1], V):
    part = [round(number, 3) for number in (weight * value).tolist()]
    print(f"{weight:.3f} × {value.tolist()!s:18} = {part}   {token}")
print("output of cat:            ", [round(part, 3) for part in output[1].tolist()])

# %% [markdown]
# **Four tokens in, four vectors out.** It is tempting to picture attention as one vector that sums up the
# sentence. The shapes say otherwise, for any number of tokens:

# %%
for n in (1, 4, 9):
    tokens = torch.randn(n, 3)
    outputs = single_head_attention(tokens, W_Q, W_K, W_V)
    print(f"tokens in: {tuple(tokens.shape)}   outputs: {tuple(outputs.shape)}")

# %% [markdown]
# A summary would be the same for all. Here each token has a row of weights, hence a context, of its own.
#
# Is your head the real thing? Give it the rows that arrive at a head of the mini model, and that head's
# matrices. The model's own weights and values make the output to compare with. Look at the last token, which
# the model uses for the next word.

# %%
role = mini.roles["referent"]  # the head that looks most at the noun to be named
x = mini.attention_input(PROMPT, role.layer)  # (16, 192)
w_q, w_k, w_v = head_weights(mini.model, role.layer, role.head)  # (192, 32) each
yours = single_head_attention(x, w_q, w_k, w_v)  # (16, 32)
models = mini.attention(PROMPT)[role.layer, role.head] @ (x @ w_v)  # (16, 32)
gap = (yours - models).abs().amax(dim=-1)  # (16,): the largest difference, token by token
print(f"last token: largest number {models[-1].abs().max():.2f}, largest difference {gap[-1]:.5f}")

# %% [markdown]
# The trained head and your three lines agree. (For earlier tokens they do not yet; the end of this lesson
# says why.) So the formula has grown, one thing at a time:
#
# | lesson | what is scored | what is averaged |
# |---|---|---|
# | 02 | embeddings: $\text{softmax}(XX^\top)$ | embeddings: $X$ |
# | 03 | queries against keys: $\text{softmax}(QK^\top/\sqrt{d_k})$ | |
# | 04 | as in 03 | values: $\text{softmax}(QK^\top/\sqrt{d_k})\,V$ |

# %% [markdown]
# ## 3 · Embeddings as values
#
# Both candidates from the start of this lesson are special cases of the last line. First the embeddings:
# build the head that averages them, out of `single_head_attention` and one well-chosen $W_V$. `torch.eye(d)`
# is the (d, d) matrix with 1 on the diagonal and 0 elsewhere.

# %% exercise="embeddings_as_values" points=1 minutes=4 difficulty=1
def embeddings_as_values(x: Tensor, w_q: Tensor, w_k: Tensor) -> Tensor:
    """A head that scores queries against keys and averages the embeddings as they are.

    x: (n, d_model), w_q: (d_model, d_k), w_k: (d_model, d_k) → (n, d_model)
    """
    # TODO: call single_head_attention with the W_V that leaves every embedding as it is.
    ### BEGIN SOLUTION
    identity = torch.eye(x.shape[-1], dtype=x.dtype)  # (d_model, d_model)
    return single_head_attention(x, w_q, w_k, identity)
    ### END SOLUTION


# %% tags=["probes"]
@probe
def by_hand(embeddings_as_values):
    "Three tokens of width 2 with d_k = 4; whole numbers."
    return embeddings_as_values(whole(3, 2, low=-2), whole(2, 4, low=-1, high=2), whole(2, 4, low=-1, high=2))


@probe
def five_tokens(embeddings_as_values):
    "Five tokens of width 6 with d_k = 3."
    return embeddings_as_values(randn(5, 6), randn(6, 3) / 2, randn(6, 3) / 2)


@probe
def square(embeddings_as_values):
    "Four tokens of width 4, with d_k = 4."
    return embeddings_as_values(randn(4, 4), randn(4, 4) / 2, randn(4, 4) / 2)


@entry
def embeddings_as_values__entry(i, j, x, w_q, w_k):
    shares = torch.softmax((x[i] @ w_q) @ (x @ w_k).T / w_k.shape[-1] ** 0.5, dim=-1)
    return (
        f"token {i} weighs the {len(x)} tokens by {written(shares)}; column {j} of `x` is {written(x[:, j])}, "
        f"and the weighted sum is {written(shares @ x[:, j])}"
    )


edit(
    "as-large-as-the-sentence",
    "Your identity is as large as the number of tokens; `w_v` multiplies embeddings, so it needs d_model rows.",
    "x.shape[-1]",
    "x.shape[0]",
)
edit(
    "as-large-as-a-key",
    "Your identity is d_k wide; `w_v` multiplies embeddings, so it needs d_model rows.",
    "x.shape[-1]",
    "w_k.shape[-1]",
)
edit(
    "as-large-as-the-example",
    "You write down a size, 3, that only the four tokens of this lesson have: take it from `x.shape`.",
    "x.shape[-1]",
    "3",
)
edit(
    "ones",
    "A matrix of ones adds up each embedding's numbers and writes the sum everywhere; ones belong on the diagonal only.",
    "torch.eye(x.shape[-1], dtype=x.dtype)",
    "torch.ones(x.shape[-1], x.shape[-1], dtype=x.dtype)",
)
edit(
    "key-matrix",
    "With `w_k` for W_V you average the keys; find the matrix that leaves embeddings as they are.",
    "w_k, identity",
    "w_k, w_k",
)
edit(
    "query-matrix",
    "With `w_q` for W_V you average the queries; find the matrix that leaves embeddings as they are.",
    "w_k, identity",
    "w_k, w_q",
)
edit(
    "embeddings-for-the-matrix",
    "You hand over `x` where a matrix W_V is expected: `x @ x` is no embedding. Which matrix leaves `x` as it is?",
    "w_k, identity",
    "w_k, x",
)
edit(
    "lesson-02-scores",
    "That is lesson 02's softmax(XXᵀ)X: average the embeddings, but by the weights of queries and keys.",
    "single_head_attention(x, w_q, w_k, identity)",
    "torch.softmax(x @ x.T, dim=-1) @ x",
)
edit(
    "nothing-averaged",
    "You return the embeddings themselves; they are to be averaged, each row by its own weights.",
    "single_head_attention(x, w_q, w_k, identity)",
    "x @ identity",
)
edit(
    "identity-for-all",
    "The identity belongs in W_V only; queries and keys keep their own matrices.",
    "x, w_q, w_k, identity",
    "x, identity, identity, identity",
)
rewrite("without-a-matrix", "single_head_attention(x, w_q, w_k, identity)", "attention_weights(x, w_q, w_k) @ x")
rewrite("diagonal", "torch.eye(x.shape[-1], dtype=x.dtype)", "torch.diag(torch.ones_like(x[0]))")
rewrite("rows-of-the-matrix", "x.shape[-1]", "w_q.shape[0]")
forbid("scaled_dot_product_attention", "MultiheadAttention", "causal_attention", because="you have built it.")
forbid("model_utils", "attention", because="the course keeps its own version there, and yours is asked for.")
hint("`project(x, w_v)` is x @ w_v. For which matrix is x @ w_v equal to x, whatever x is?")
hint("`w_v` has as many rows as an embedding has numbers. Which entry of `x.shape` is that?")
hint("```python\nidentity = torch.eye(<d_model>)\nreturn single_head_attention(x, w_q, w_k, <W_V>)\n```")
why(
    "Values in general include embeddings as a special case, so a model with W_V can do all that one without it can. "
    "`dtype=x.dtype` makes the matrix of the same kind of floats as the tokens."
)

# %%
as_values = embeddings_as_values(X, W_Q, W_K)  # (4, 3)
show_heatmaps(
    {"02: softmax(XXᵀ)X": dot_product_attention(X), "W_V = identity": as_values, "04: with W_V": output},
    TOKENS,
    ("0", "1", "2"),
    kind="scores",
    row_label="token",
    column_label="component",
    value_label="value",
    title="Three stages of one formula",
    caption="Left to middle, the scores have changed; middle to right, what is averaged.",
)

# %% [markdown]
# The middle panel is lesson 02's average with better weights. In lesson 02 *cat* moved most of the way to
# *sat*, (0, 3, 1); now its query finds *here*, (0, 1, 2), and the average follows. So the value is not
# something other than the embedding: it *may* be the embedding, if $W_V$ says so, or anything else that
# a matrix can make of it.

# %% [markdown]
# ## 4 · Keys as values
#
# Now the other candidate, $W_V = W_K$. Then $V = K$, and the embeddings are no longer needed once queries and
# keys are there. Write the head as a function of those two alone. As in lesson 03, n queries may meet m keys.

# %% exercise="locked_attention" points=1 minutes=4 difficulty=1
def locked_attention(q: Tensor, k: Tensor) -> Tensor:
    """A head with W_V = W_K: what makes a token be found is all that it hands over.

    q: (n, d_k), k: (m, d_k) → (n, d_k)
    """
    # TODO: turn the scaled scores into weights, and average the keys with them.
    ### BEGIN SOLUTION
    return torch.softmax(scaled_scores(q, k), dim=-1) @ k
    ### END SOLUTION


# %% tags=["probes"]
@probe
def by_hand(locked_attention):
    "Two queries against three keys of width 4; whole numbers."
    return locked_attention(whole(2, 4, low=-2, high=3), whole(3, 4, low=-2, high=3))


@probe
def three_against_five(locked_attention):
    "Three queries against five keys of width 4."
    return locked_attention(randn(3, 4), randn(5, 4))


@probe
def square(locked_attention):
    "Four queries against four keys of width 4."
    return locked_attention(randn(4, 4), randn(4, 4))


@entry
def locked_attention__entry(i, j, q, k):
    shares = torch.softmax(q[i] @ k.T / k.shape[-1] ** 0.5, dim=-1)
    return (
        f"query {i} weighs the {len(k)} keys by {written(shares)}; number {j} of every key is {written(k[:, j])}, "
        f"and the weighted sum is {written(shares @ k[:, j])}"
    )


edit(
    "queries-averaged",
    "You average the queries; with W_V = W_K it is the keys that are handed over.",
    "@ k",
    "@ q",
)
edit(
    "weights-returned",
    "These are the weights; average the keys with them.",
    " @ k",
    "",
)
edit(
    "not-scaled",
    "The scores go into softmax unscaled: use `scaled_scores`.",
    "scaled_scores(q, k)",
    "q @ k.T",
)
edit(
    "scaled-by-d-k",
    "You divide the scores by d_k; it is the square root of d_k. `scaled_scores` has it right.",
    "scaled_scores(q, k)",
    "q @ k.T / k.shape[-1]",
)
edit(
    "softmax-forgotten",
    "You average with the scores; softmax over each row turns them into weights that add up to 1.",
    "torch.softmax(scaled_scores(q, k), dim=-1)",
    "scaled_scores(q, k)",
)
edit(
    "softmax-over-columns",
    "The columns of your weights add up to 1; a row belongs to one query, so it is each row (dim=-1) that should.",
    "dim=-1",
    "dim=0",
)
edit(
    "keys-against-keys",
    "You score keys against keys; the queries ask.",
    "scaled_scores(q, k)",
    "scaled_scores(k, k)",
)
edit(
    "keys-against-queries",
    "You score keys against queries: row i of the weights should belong to query i.",
    "scaled_scores(q, k)",
    "scaled_scores(k, q)",
)
edit(
    "one-summary",
    "You return one vector for all queries; every query has a row of weights, and so an output, of its own.",
    "@ k",
    "@ k.mean(dim=0)",
)
edit(
    "uniform",
    "Every key counts alike, whatever the scores: the weights must depend on the queries.",
    "scaled_scores(q, k)",
    "0 * scaled_scores(q, k)",
)
edit(
    "head-of-heads",
    "`single_head_attention` takes embeddings and matrices to project them with; here queries and keys are made already. Score them, and average the keys.",
    "torch.softmax(scaled_scores(q, k), dim=-1) @ k",
    "single_head_attention(q, k, k, k)",
)
rewrite("method", "torch.softmax(scaled_scores(q, k), dim=-1)", "scaled_scores(q, k).softmax(-1)")
rewrite("einsum", "torch.softmax(scaled_scores(q, k), dim=-1) @ k", 'torch.einsum("nm,md->nd", torch.softmax(scaled_scores(q, k), dim=1), k)')


@alternative
def locked_attention__through_the_head(q, k):
    # Queries and keys stacked as tokens; two matrices pick one or the other half.
    width = q.shape[1]
    tokens = torch.cat([torch.cat([q, 0 * q], dim=1), torch.cat([0 * k, k], dim=1)])
    identity = torch.eye(width, dtype=q.dtype)
    w_q, w_k = torch.cat([identity, 0 * identity]), torch.cat([0 * identity, identity])
    scores = scaled_scores(tokens @ w_q, tokens @ w_k)[: len(q), len(q) :]
    return torch.softmax(scores, dim=-1) @ k


@alternative
def locked_attention__query_by_query(q, k):
    rows = []
    for query in q:
        rows.append(torch.softmax(k @ query / k.shape[1] ** 0.5, dim=0) @ k)
    return torch.stack(rows)


forbid("scaled_dot_product_attention", "MultiheadAttention", "causal_attention", because="you are building a variant of it.")
forbid("model_utils", "attention", because="the course keeps its own version there, and yours is asked for.")
hint("Take your `single_head_attention`. Which of its lines still need `x`, if queries and keys are given?")
hint("What stands in the values' place when W_V = W_K?")
hint("```python\nreturn torch.softmax(<scaled scores>, dim=-1) @ <what is handed over>\n```")
why(
    "`x` does not appear any more, and that is the point: two tokens with the same key are the same to this head, "
    "however different they are."
)

# %%
same = torch.allclose(locked_attention(Q, K), single_head_attention(X, W_Q, W_K, W_K))
print("the same as a head with W_V = W_K:", same)
for words, vectors in ((steep_words, steep), (big_words, big)):
    locked = locked_attention(project(vectors, asks), project(vectors, answers))[-1]
    embedded = embeddings_as_values(vectors, asks, answers)[-1]
    kept = f"size {embedded[size]:.2f}, place {embedded[place]:.2f}"
    print(f"bank beside {words[3]:6} W_V = W_K: {locked.item():.2f}   W_V = identity: {kept}")
show_heatmaps(
    {"W_V = W_K": locked_attention(Q, K), "with W_V": output},
    TOKENS,
    ("0", "1", "2"),
    kind="scores",
    row_label="token",
    column_label="component",
    value_label="value",
    title="What the four tokens are handed",
    caption="Left, averages of keys: they tell what the tokens were found by. Right, averages of values.",
)

# %% [markdown]
# Locked, *bank* cannot tell *steep* from *big*, since their keys are equal. To hand over more, a key would
# have to hold more, and all that a key holds takes part in the scores. Matching and contributing are locked.
#
# The mini model has the two apart, so you can pull at either. In its sentence, exchange what *cat* and *mat*
# show to later tokens, in all six heads of one layer: their keys, their values, or both. As trained, the
# model goes on with *cat*. What does it say when **both** are exchanged?

# %% prediction="both_exchanged"
predict("both_exchanged", "cat", choices=["cat", "mat"])  # keys and values of cat and mat exchanged

# %%
places = [mini.tokens(PROMPT).index(word) for word in ("cat", "mat")]


def next_word(exchange_keys: bool, exchange_values: bool) -> tuple[str, float]:
    """The mini model's next word, and its probability, with keys or values of the two exchanged."""

    def exchanged(vectors: Tensor) -> Tensor:
        vectors = vectors.clone()  # (B, H, T, D)
        vectors[:, :, places] = vectors[:, :, places[::-1]]
        return vectors

    def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        # Your single-head attention for six heads at once, with the mask that lesson 05 builds.
        k = exchanged(k) if exchange_keys else k
        v = exchanged(v) if exchange_values else v
        return causal_attention(q, k, v)

    with with_attention(mini.model, attend, layers=[role.layer]):
        return mini.next_words(PROMPT, 1)[0]


# %%
reveal("both_exchanged", next_word(True, True)[0])
for what, choice in (
    ("nothing", (False, False)),
    ("keys", (True, False)),
    ("values", (False, True)),
    ("keys and values", (True, True)),
):
    word, share = next_word(*choice)
    print(f"{what + ' exchanged:':26} {word}  {share:.2f}")

# %% [markdown]
# Keys exchanged: the same question finds the other place. Values exchanged: it finds the right place and
# is handed the wrong thing. Both exchanged: two terms of the sum $\sum_j w_{ij} v_j$ have changed places,
# and the sum is the same.
#
# So far the output stands beside the embedding. What should become of it?

# %% [markdown]
# ## Does the output replace the embedding?
#
# The next layer needs one vector per token. Suppose the output simply takes the embedding's place. Look at
# what the last two tokens would be:

# %%
for i in (2, 3):
    row, found = ([round(number, 2) for number in numbers[i].tolist()] for numbers in (weights, output))
    print(f"{TOKENS[i]:5} weights {row}   output {found}")

# %% [markdown]
# What breaks, then, if the output replaces the embedding?

# %% prediction="without_residual"
predict(
    "without_residual",
    "different tokens become alike",
    choices=[
        "different tokens become alike",
        "weights no longer add up to 1",
        "outputs no longer fit in shape",
    ],
)

# %% [markdown]
# ## 5 · How far apart are the closest two?
#
# If two tokens come out as the same vector, no later layer can tell them apart. So measure the smallest
# distance between two different tokens. `torch.cdist(a, b)` gives the distance of every row of `a` to every
# row of `b`, and there is a trap in it: every token is at distance 0 from itself.

# %% exercise="closest_pair" points=1 minutes=5 difficulty=2
def closest_pair(vectors: Tensor) -> Tensor:
    """The smallest distance between two different tokens' vectors; 0 if two of them are the same.

    vectors: (n, d), n at least 2 → a tensor with one number
    """
    # TODO: take all distances, leave out those of tokens to themselves, and return the smallest.
    ### BEGIN SOLUTION
    distances = torch.cdist(vectors, vectors)  # (n, n)
    distances.fill_diagonal_(torch.inf)
    return distances.min()
    ### END SOLUTION


# %% tags=["probes"]
@probe
def by_hand(closest_pair):
    "Three tokens of width 2; whole numbers."
    return closest_pair(whole(3, 2, low=-9, high=10))


@probe
def five_tokens(closest_pair):
    "Five tokens of width 3."
    return closest_pair(randn(5, 3))


@probe
def square(closest_pair):
    "Four tokens of width 4."
    return closest_pair(randn(4, 4))


@probe
def two_tokens(closest_pair):
    "Two tokens of width 6, far from the origin."
    return closest_pair(7 + randn(2, 6))


@probe
def two_places(closest_pair):
    "Five tokens of width 4 that stand in two distant places by turns."
    return closest_pair(randn(5, 4) + 20 * torch.tensor([[0.0], [1.0], [0.0], [1.0], [0.0]]))


@probe
def far_apart(closest_pair):
    "Three tokens of width 2, all of them thousands apart."
    return closest_pair(torch.tensor([[0.0, 0.0], [3000.0, 0.0], [0.0, 4000.0]]) + randn(3, 2))


@probe
def twins(closest_pair):
    "Four tokens of width 3, two of which are the same: the answer is 0."
    return closest_pair(randn(3, 3)[[0, 1, 2, 0]])


@entry
def closest_pair__entry(vectors):
    gaps = torch.cdist(vectors, vectors) + torch.diag(torch.full((len(vectors),), torch.inf))
    i, j = divmod(int(gaps.argmin()), len(vectors))
    squares = written((vectors[i] - vectors[j]) ** 2)
    return f"tokens {i} and {j} are closest: the squares of their differences are {squares}, and the root of the sum is {written(gaps.min())}"


edit(
    "itself-counted",
    "You count every token's distance to itself, so the answer is always 0: leave the diagonal out.",
    "    distances.fill_diagonal_(torch.inf)\n",
    "",
)
edit(
    "zeros-left-out",
    "You leave out every distance of 0, and so a pair of equal tokens too: leave out the diagonal only.",
    """    distances.fill_diagonal_(torch.inf)
    return distances.min()""",
    """    return distances[distances > 0].min()""",
)
edit(
    "largest",
    "That is the distance of the two that are farthest apart; return the smallest.",
    """    distances.fill_diagonal_(torch.inf)
    return distances.min()""",
    """    return distances.max()""",
)
edit(
    "average",
    "You average all distances; the question is about the closest two.",
    """    distances.fill_diagonal_(torch.inf)
    return distances.min()""",
    """    return distances[~torch.eye(len(vectors), dtype=torch.bool)].mean()""",
)
edit(
    "features-compared",
    "You compare columns, the components; compare rows, the tokens.",
    "torch.cdist(vectors, vectors)",
    "torch.cdist(vectors.T, vectors.T)",
)
edit(
    "dot-products",
    "You return the smallest dot product; two vectors are the same where their distance is 0.",
    "torch.cdist(vectors, vectors)",
    "vectors @ vectors.T",
)
edit(
    "neighbours-only",
    "You compare each token with the next one only; every pair counts.",
    """    distances.fill_diagonal_(torch.inf)
    return distances.min()""",
    """    return distances.diagonal(1).min()""",
)
edit(
    "place-returned",
    "That is the place of the smallest distance in the matrix; return the distance itself, with `min`.",
    "distances.min()",
    "distances.argmin()",
)
edit(
    "squared",
    "That is the square of the distance: take its root.",
    "return distances.min()",
    "return distances.min() ** 2",
)
edit(
    "largest-component",
    "You take the largest difference of one component; the distance counts all of them.",
    "torch.cdist(vectors, vectors)",
    "torch.cdist(vectors, vectors, p=torch.inf)",
)
edit(
    "one-for-each-token",
    "You return a number for each token; one is asked for, the smallest of all.",
    "distances.min()",
    "distances.min(dim=-1).values",
)
edit(
    "hundred-for-infinity",
    "You put a number on the diagonal that distances may well exceed, and then it is the smallest: `torch.inf` is larger than all of them.",
    "torch.inf",
    "100",
)
edit(
    "infinity-times-zero",
    "0 times infinity is nan, and that stands off the diagonal of `torch.eye(n) * inf`: write infinity to the diagonal alone, as `fill_diagonal_` does.",
    "distances.fill_diagonal_(torch.inf)",
    "distances += torch.eye(len(vectors)) * torch.inf",
)
rewrite("pairs-once", "distances.min()", "torch.pdist(vectors).min()")
rewrite("added-infinity", "distances.fill_diagonal_(torch.inf)", "distances = distances + torch.diag(torch.full_like(vectors[:, 0], torch.inf))")


@alternative
def closest_pair__loop(vectors):
    n = len(vectors)
    return min((vectors[i] - vectors[j]).norm() for i in range(n) for j in range(i + 1, n))


@alternative
def closest_pair__by_broadcasting(vectors):
    gaps = (vectors[:, None] - vectors[None]).square().sum(dim=-1)
    return gaps[~torch.eye(len(vectors), dtype=torch.bool)].min().sqrt()


forbid("cosine_similarity", because="two vectors of one direction may still be far apart.")
hint("Which entries of the (n, n) matrix of distances are 0 whatever the tokens are?")
hint("`fill_diagonal_(value)` writes one value on the diagonal. Which value can never be the smallest?")
hint("```python\ndistances = torch.cdist(<every token>, <every token>)  # (n, n)\n<take the diagonal out of the running>\nreturn <the smallest>\n```")
why(
    "Infinity on the diagonal takes the tokens themselves out of the comparison without any index. `cdist` has made a new "
    "matrix, so writing into it changes nothing that belongs to the caller."
)

# %%
print(f"embeddings:       closest two at {closest_pair(X):.2f}")
print(f"attention output: closest two at {closest_pair(output):.2f}")

# %%
gaps = {"different tokens become alike": closest_pair(output) < closest_pair(X) / 10}
gaps["weights no longer add up to 1"] = not torch.allclose(weights.sum(dim=-1), torch.ones(4))
gaps["outputs no longer fit in shape"] = output.shape != X.shape
reveal("without_residual", next(what for what, happened in gaps.items() if happened))
show_bars(
    {"embedding": torch.cdist(X, X)[2], "attention output": torch.cdist(output, output)[2]},
    TOKENS,
    xlabel="token",
    ylabel="distance from sat",
    title="How far *sat* is from the others",
    caption="As an embedding *sat* is far from every other token; its output is nearly that of *here*.",
)

# %% [markdown]
# Both tokens find *here* and are handed its value. That one of them was *sat* hardly shows in the output.
# The cure is to keep what was there and **add** what was found:
#
# $$x_i \;\leftarrow\; x_i + \text{output}_i$$
#
# This is called a **residual connection**. The output is an edit of the token's vector, not a new vector.

# %% [markdown]
# ## 6 · Add, don't replace
#
# For the sum, values must be as wide as embeddings, so here $W_V$ has d_model columns. (Narrow heads get there
# by one more matrix, in lesson 06.) By hand, for *cat*: (1, 2, 0) + (1.69, −1.43, −1.30) = (2.69, 0.57, −1.30).

# %% exercise="attention_layer" points=1 minutes=4 difficulty=1
def attention_layer(x: Tensor, w_q: Tensor, w_k: Tensor, w_v: Tensor) -> Tensor:
    """Every token's vector, with what attention found for it added.

    x: (n, d_model), w_q: (d_model, d_k), w_k: (d_model, d_k), w_v: (d_model, d_model) → (n, d_model)
    """
    # TODO: add the output of single_head_attention to x.
    ### BEGIN SOLUTION
    return x + single_head_attention(x, w_q, w_k, w_v)
    ### END SOLUTION


# %% tags=["probes"]
@probe
def by_hand(attention_layer):
    "Three tokens of width 2 with d_k = 4; whole numbers."
    return attention_layer(
        whole(3, 2, low=-1, high=3), whole(2, 4, low=-1, high=2), whole(2, 4, low=-1, high=2), whole(2, 2)
    )


@probe
def five_tokens(attention_layer):
    "Five tokens of width 6 with d_k = 3."
    return attention_layer(randn(5, 6), randn(6, 3) / 2, randn(6, 3) / 2, randn(6, 7)[:, :6])


@probe
def square(attention_layer):
    "Four tokens of width 4, every width 4."
    return attention_layer(randn(4, 4), randn(4, 4) / 2, randn(4, 4) / 2, randn(4, 4))


@probe
def nothing_learned(attention_layer):
    "Three tokens of width 5 and a W_V of zeros: the tokens come out as they went in."
    return attention_layer(randn(3, 5), randn(5, 2), randn(5, 2), 0 * randn(5, 5))


@probe
def what_flows_back(attention_layer):
    "The gradients that flow back to four tokens of width 3 and to all three matrices."
    return gradients(attention_layer, x=randn(4, 3), w_q=randn(3, 2), w_k=randn(3, 2), w_v=randn(3, 3))


@entry
def attention_layer__entry(i, j, x, w_q, w_k, w_v):
    shares = torch.softmax((x[i] @ w_q) @ (x @ w_k).T / w_k.shape[-1] ** 0.5, dim=-1)
    found = shares @ (x @ w_v)[:, j]
    return f"`x[{i}, {j}]` is {written(x[i, j])}, attention found {written(found)}, and the sum is {written(x[i, j] + found)}"


edit(
    "replaced",
    "The output replaces the embedding: add `x`, or the token's own vector is lost.",
    "x + single_head_attention(x, w_q, w_k, w_v)",
    "single_head_attention(x, w_q, w_k, w_v)",
)
edit(
    "weights-added",
    "You add the weights themselves, one number for each token; add what they gather, the output of the head.",
    "single_head_attention(x, w_q, w_k, w_v)",
    "attention_weights(x, w_q, w_k)",
)
edit(
    "added-to-the-values",
    "You add the embeddings to the values, so that they are averaged too; add each token's own embedding after the average.",
    "x + single_head_attention(x, w_q, w_k, w_v)",
    "attention_weights(x, w_q, w_k) @ (x + project(x, w_v))",
)
edit(
    "values-added",
    "You add each token's own value to the output; what is kept is its embedding, `x`.",
    "x + single_head_attention(x, w_q, w_k, w_v)",
    "project(x, w_v) + single_head_attention(x, w_q, w_k, w_v)",
)
edit(
    "output-left-out",
    "You return `x` as it was: the output of attention is missing.",
    "x + single_head_attention(x, w_q, w_k, w_v)",
    "x",
)
edit(
    "averaged",
    "You average embedding and output; add the two, and let training find the right size of the edit.",
    "x + single_head_attention(x, w_q, w_k, w_v)",
    "(x + single_head_attention(x, w_q, w_k, w_v)) / 2",
)
edit(
    "subtracted",
    "You subtract the output; add it.",
    "x + single",
    "x - single",
)
edit(
    "multiplied",
    "You multiply entry by entry; the edit is added.",
    "x + single",
    "x * single",
)
edit(
    "side-by-side",
    "You put embedding and output side by side, which doubles the width; add them, so that the width stays d_model.",
    "x + single_head_attention(x, w_q, w_k, w_v)",
    "torch.cat([x, single_head_attention(x, w_q, w_k, w_v)], dim=-1)",
)
edit(
    "one-summary-added",
    "You add the same vector to every token; each has an output of its own.",
    "single_head_attention(x, w_q, w_k, w_v)",
    "single_head_attention(x, w_q, w_k, w_v).mean(dim=0)",
)
edit(
    "added-to-the-input-first",
    "You double the tokens before attention; the embedding is added once, to the output.",
    "x + single_head_attention(x, w_q, w_k, w_v)",
    "single_head_attention(x + x, w_q, w_k, w_v)",
)
edit(
    "embeddings-averaged",
    "You add an average of the embeddings; add the output of the head, an average of the values.",
    "single_head_attention(x, w_q, w_k, w_v)",
    "embeddings_as_values(x, w_q, w_k)",
)
edit(
    "input-changed",
    "The sum is right, but `x` itself is changed in place: make a new tensor with `+`.",
    "x + single_head_attention(x, w_q, w_k, w_v)",
    "x.add_(single_head_attention(x, w_q, w_k, w_v))",
)
rewrite("output-first", "x + single_head_attention(x, w_q, w_k, w_v)", "single_head_attention(x, w_q, w_k, w_v) + x")
rewrite("add", "x + single_head_attention(x, w_q, w_k, w_v)", "torch.add(x, single_head_attention(x, w_q, w_k, w_v))")


@alternative
def attention_layer__from_weights(x, w_q, w_k, w_v):
    weights = attention_weights(x, w_q, w_k)
    return x + weights @ x @ w_v


@alternative
def attention_layer__token_by_token(x, w_q, w_k, w_v):
    q, k, v = x @ w_q, x @ w_k, x @ w_v
    return torch.stack([own + torch.softmax(k @ query / k.shape[1] ** 0.5, dim=0) @ v for own, query in zip(x, q)])


forbid("scaled_dot_product_attention", "MultiheadAttention", "causal_attention", because="you have built it.")
forbid("model_utils", "attention", because="the course keeps its own version there, and yours is asked for.")
hint("Two matrices of the same shape meet here. Which two, and what is done with them?")
hint("The embedding must stay each token's own. Is it added before the average, or after it?")
hint("```python\nreturn <what was there> + <what was found>\n```")
why(
    "`x` goes past attention untouched and the output is added to it, so a layer that has nothing to say says zero. "
    "`+` makes a new tensor, and the caller's embeddings stay as they were."
)

# %% [markdown]
# <details><summary>Help, I'm getting <code>RuntimeError: The size of tensor a (2) must match the size of tensor b (3) at non-singleton dimension 1</code></summary>
#
# You add something that has n columns, as the weights have. Only a matrix of the shape of `x`, (n, d_model),
# can be added to it: the output of `single_head_attention`.
#
# </details>

# %%
edited = attention_layer(X, W_Q, W_K, W_V)  # (4, 3)
for what, vectors in {"embeddings": X, "output alone": output, "sum": edited}.items():
    print(f"closest two, {what + ':':14} {closest_pair(vectors):.2f}")
show_heatmaps(
    {"embeddings": X, "attention output": output, "after the residual": edited},
    TOKENS,
    ("0", "1", "2"),
    kind="scores",
    row_label="token",
    column_label="component",
    value_label="value",
    title="Before and after the residual",
    caption="The outputs of *sat* and *here* are alike; with their embeddings added they are two tokens again.",
)

# %% [markdown]
# Two extreme cases show what is kept. In the first, a context that says nothing: queries of zero, so that all
# scores are equal. In the second, a layer that has learned nothing yet: values of zero. And what flows back to
# the embeddings when learning sends a gradient of random numbers through that second layer?

# %%
zeros = torch.zeros(3, 3)
torch.manual_seed(0)
upstream = torch.randn(4, 3)
for name, layer in (("replaced", single_head_attention), ("added", attention_layer)):
    print(f"{name + ':':9} equal scores, closest two at {closest_pair(layer(X, zeros, W_K, W_V)):.2f}")
    print("          zero values, tokens as they were:", torch.equal(layer(X, W_Q, W_K, zeros), X))
    tokens = embeddings().requires_grad_()
    layer(tokens, W_Q, W_K, zeros).backward(upstream)
    print(f"          zero values, gradient that comes back: {tokens.grad.norm() / upstream.norm():.0%}")

# %% [markdown]
# Replaced, all tokens become one vector, and a layer that has learned nothing passes nothing, in either direction.
# Added, tokens stay what they were, and the gradient arrives whole.
#
# Now *bank* gets what it was missing. One more matrix by hand: a size is handed over as "more place, less
# money". No embedding says that; a $W_V$ can.

# %%
hands_over = torch.zeros(12, 12)  # W_V: (12, 12)
hands_over[size, place], hands_over[size, money] = 1.0, -1.0
rich_words = split_words("interest in the rich bank")
show_bars(
    {
        "embedding": steep[-1],
        "after “the steep bank”": attention_layer(steep, asks, answers, hands_over)[-1],
        "after “the rich bank”": attention_layer(word_vectors(rich_words), asks, answers, hands_over)[-1],
    },
    feature_names(),
    xlabel="feature",
    ylabel="value",
    title="*bank*, edited by its context",
    caption="*steep* turns the bank into a place. *rich* has no size to hand over, and *bank* stays as it was.",
)

# %% [markdown]
# That is what lesson 02 set out for: one *bank* in the table, two in two sentences. And it is still *bank*.
#
# ## Only a shortcut?
#
# "The residual is just a skip, which helps gradients past a layer." It does. But look at what it makes of a
# whole model. The next cell runs the mini model's three layers by hand. Each has two parts, attention and a
# feed-forward network (lesson 07); each reads the sum so far and adds to it.

# %%
ids = mini.ids(PROMPT)  # (1, 16)
parts = {"embed": mini.model.tok_emb(ids) + mini.model.pos_emb(torch.arange(ids.shape[1]))}  # (1, 16, 192)
for i, block in enumerate(mini.model.blocks):
    stream = sum(parts.values())  # all that was written so far
    parts[f"attn{i}"] = block.attention(block.attention_norm(stream))
    stream = sum(parts.values())
    parts[f"ffn{i}"] = block.ffn(block.ffn_norm(stream))
logits = mini.model.lm_head(mini.model.final_norm(sum(parts.values())))[0]
print(f"largest difference to the model's own scores: {(logits - mini.logits(PROMPT)).abs().max().item():.4f}")
show_bars(
    {"last token": [part[0, -1].norm().item() for part in parts.values()]},
    list(parts),
    xlabel="part",
    ylabel="length of what it adds",
    title="What the last token's final vector is made of",
    caption="The embedding and six edits, by attention and feed-forward networks in turn. Their sum decides the next word.",
)

# %% [markdown]
# So it is no detour around a layer. It is the **residual stream**: the one vector per token that every part
# reads from and adds to. Attention edits, it does not write anew. Take the stream out of one layer at a
# time, so that attention replaces what came before, and count how often the model's first guess of the next
# word is right.

# %%
class Replacing(Block):
    """A layer of the mini model whose attention replaces the stream."""

    def forward(self, x: Tensor) -> Tensor:
        x = self.attention(self.attention_norm(x))  # no "x +"
        return x + self.ffn(self.ffn_norm(x))


texts = [text for text in paragraphs(0, 40, "held-out") if len(mini.tokens(text)) <= 64]


def hit_rate(layers: tuple[int, ...]) -> float:
    """How often the likeliest next word is the right one, with attention replacing in `layers`."""
    hits: list[bool] = []
    with ExitStack() as replaced:
        for layer in layers:
            replaced.enter_context(with_block(mini.model, layer, Replacing(192, 6)))
        for text in texts:
            hits += (mini.logits(text)[:-1].argmax(dim=-1) == mini.ids(text)[0, 1:]).tolist()
    return sum(hits) / len(hits)


# %%
cases = {"nowhere": (), "0": (0,), "1": (1,), "2": (2,), "everywhere": (0, 1, 2)}
show_bars(
    {"right": [hit_rate(layers) for layers in cases.values()]},
    list(cases),
    xlabel="layers in which attention replaces the stream",
    ylabel="share of next words",
    title="The mini model without the residual around attention",
    caption="Layer 0 can do without the stream around its attention; layers 1 and 2 cannot.",
)

# %% [markdown]
# The stream before layer 0 holds the embedding only, and one head of that layer looks at the token itself, so it
# hands the embedding on (the next cell shows it). Before layers 1 and 2, the stream holds what earlier layers wrote,
# and replaced, it is gone. The model was trained with its stream; lesson 17 *trains* one without.

# %%
on_itself = mini.attention(PROMPT)[0].diagonal(dim1=-2, dim2=-1).mean(dim=-1)  # (6,)
print("layer 0, weight of a token on itself, by head:", [round(weight, 2) for weight in on_itself.tolist()])

# %% [markdown]
# ## Reading ahead
#
# The head is complete. One thing should make you uneasy: how much of its weight each token gives to tokens
# that come *after* it. It is also why your head and the mini model's part ways before the last token.

# %%
for token, later in zip(TOKENS, weights.triu(diagonal=1).sum(dim=-1).tolist()):
    print(f"{token:5} weight on later tokens {later:.2f}")
print(f"your head against the mini model's: first token {gap[0]:.2f} apart, last token {gap[-1]:.2f}")
show_attention_flow(
    weights,
    TOKENS,
    title="Who reads whom",
    caption="Arcs below the words lead to later words: *The*, *cat* and *sat* are all informed by what follows.",
)

# %% [markdown]
# Where we are, with the shapes of the four tokens:

# %%
print(f"X {tuple(X.shape)}  →  Q {tuple(Q.shape)}, K {tuple(K.shape)}, V {tuple(V.shape)}")
print(f"   →  weights {tuple(weights.shape)}  →  weights times V: output {tuple(output.shape)}")
print(f"   →  X plus output {tuple(edited.shape)}")

# %% [markdown]
# ## What you have now
#
# - Keys get a token found; values, through a third matrix, are what it hands over.
# - softmax(QKᵀ/√d_k)V gives every token an output of its own: n in, n out.
# - W_V = identity averages embeddings; W_V = W_K locks matching to contributing.
# - The output is added to the embedding. Where it replaces it, tokens become alike.
# - The residual stream is the embedding plus every edit since.
#
# Not covered: masks (05), several heads (06), norms and depth (07), learning the matrices (11, 12).
#
# *cat* gives more than half of its weight to *here*, two words later. A model that learns to predict the
# next word could simply read it. What keeps it from cheating? Lesson 05 answers.
