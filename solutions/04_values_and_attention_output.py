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
# **Embeddings.** *bank* is handed all that *steep* is. It needs "this is a place, and not money", and no
# embedding holds that alone.
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
# and attention that replaces the stream deletes all of that. The model was trained with its stream; lesson 17 *trains* one without.

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

# %% tags=["authoring"]
# From here on: how each exercise is judged. Of this, students see the hints alone.
from spotlight.authoring import alternative, alternatives, case, entry, forbid
from spotlight.authoring import hint, mistakes, why, without_loops
from spotlight.sandbox.kit import formatted, gradients, randn, uniform, whole_numbers

forbid("model_utils", "attention", because="the course keeps its own version there, and yours is asked for.")

# %% judges="three_lenses"
case("by_hand", "Two tokens of width 3 with d_k = 4 and d_v = 5; whole numbers.", whole_numbers, n=2, d_model=3, d_k=4, d_v=5)
case("five_tokens", "Five tokens of width 6 with d_k = 4 and d_v = 3.", n=5, d_model=6, d_k=4, d_v=3)
case("square", "Three tokens of width 3, every width 3.", n=3, d_model=3, d_k=3, d_v=3)
mistakes("""
values-from-key-matrix: project(x, w_v) → project(x, w_k)
    Your values are the keys once more: the third matrix, `w_v`, is not used.
embeddings-as-values: project(x, w_v) → x
    You return the embeddings in the values' place: project them with `w_v`.
values-from-keys: project(x, w_v) → project(project(x, w_k), w_v)
    You project the keys with `w_v`; all three lenses look at the embedding, `x`.
value-matrix-transposed: project(x, w_v) → project(x, w_v.T)
    You multiply by the transpose of `w_v`, which is (d_model, d_v) and stands on the right as it is.
weights-transposed: project(x, w_q), project(x, w_k), project(x, w_v) → tuple(project(x, w.T) for w in (w_q, w_k, w_v))
    You multiply by the transposes of the matrices; each has d_model rows and stands on the right as it is.
keys-and-values-swapped: project(x, w_q), project(x, w_k), project(x, w_v) → project(x, w_q), project(x, w_v), project(x, w_k)
    All three are right, but the order is queries, keys, values.
queries-and-keys-swapped: project(x, w_q), project(x, w_k), project(x, w_v) → project(x, w_k), project(x, w_q), project(x, w_v)
    All three are right, but the order is queries, keys, values.
keys-from-query-matrix: project(x, w_k) → project(x, w_q)
    Queries and keys both come from `w_q`; the keys have a matrix of their own, `w_k`.
only-the-queries: project(x, w_q), project(x, w_k), project(x, w_v) → project(x, w_q)
    You return the queries alone: all three are asked for, with commas between them.
stacked: project(x, w_q), project(x, w_k), project(x, w_v) → torch.stack([project(x, w_q), project(x, w_k), project(x, w_v)])
    `torch.stack` wants matrices of one shape, and values may be wider or narrower: return the three with commas between them.
one-lens-behind-the-other: project(x, w_q), project(x, w_k), project(x, w_v) → project(x, w_q), project(project(x, w_q), w_k), project(project(x, w_q), w_v)
    You look through one lens at what another made of `x`: each of the three looks at `x` itself.
only-the-values: project(x, w_q), project(x, w_k), project(x, w_v) → project(x, w_v)
    You return the values alone: all three are asked for, with commas between them.
side-by-side: project(x, w_q), project(x, w_k), project(x, w_v) → torch.cat([project(x, w_q), project(x, w_k), project(x, w_v)], dim=-1)
    The numbers are right, but they stand side by side in one matrix: return three.
""")
alternatives("""
matrix-products: project(x, w_q), project(x, w_k), project(x, w_v) → x @ w_q, x @ w_k, x @ w_v
comprehension: project(x, w_q), project(x, w_k), project(x, w_v) → tuple(project(x, w) for w in (w_q, w_k, w_v))
a-list: project(x, w_q), project(x, w_k), project(x, w_v) → [project(x, w_q), project(x, w_k), project(x, w_v)]
""")


@alternative
def three_lenses__one_product(x, w_q, w_k, w_v):
    # One wide matrix, one product, cut into three: what large models do.
    everything = x @ torch.cat([w_q, w_k, w_v], dim=1)
    return everything.split([w_q.shape[1], w_k.shape[1], w_v.shape[1]], dim=1)


forbid("Linear", "linear", because="the three products are yours to write.")
hint("How many matrices are there, and how often is `x` projected? Does one projection need the result of another?")
hint("A function returns several things with commas between them. In which order does the docstring name them?")
hint("```python\nreturn <queries>, <keys>, <values>\n```")
why("Each lens looks at the embedding, not at what another lens made of it. So the three may be computed in any order, or in one product with the matrices side by side, as large models do.")

# %% judges="single_head_attention"
case("by_hand", "Three tokens of width 2 with d_k = 4 and d_v = 5; whole numbers.", whole_numbers(low=-1, high=2), n=3, d_model=2, d_k=4, w_v=whole_numbers(2, 5))
case("five_tokens", "Five tokens of width 6 with d_k = 4 and d_v = 3.", n=5, d_model=6, d_v=3, w_q=randn(6, 4) / 2, w_k=randn(6, 4) / 2)
case("square", "Four tokens of width 4, every width 4.", n=4, d_model=4, d_v=4, w_q=randn(4, 4) / 2, w_k=randn(4, 4) / 2)
case("one_token", "A single token, which can only attend to itself.", n=1, d_model=3, d_k=2, d_v=4)
case("thirty_tokens", "Thirty tokens of width 8 with d_k = 5 and d_v = 6.", d_model=8, d_v=6, x=randn(30, 8) / 2, w_q=randn(8, 5) / 2, w_k=randn(8, 5) / 2)
case("large_scores", "Three tokens with scores far apart.", d_model=5, d_k=2, d_v=3, x=4 * randn(3, 5))
case("what_flows_back", "The gradients that flow back to four tokens of width 3 and to all three matrices.", lambda single_head_attention: gradients(single_head_attention, x=randn(4, 3), w_q=randn(3, 2), w_k=randn(3, 2), w_v=randn(3, 5)))


@entry
def single_head_attention__entry(i, j, x, w_q, w_k, w_v):
    shares = torch.softmax((x[i] @ w_q) @ (x @ w_k).T / w_k.shape[-1] ** 0.5, dim=-1)
    column = (x @ w_v)[:, j]
    return (
        f"token {i} weighs the {len(x)} tokens by {formatted(shares)}; number {j} of their values is {formatted(column)}, "
        f"and the weighted sum is {formatted(shares @ column)}"
    )


mistakes("""
keys-averaged: weights @ v → weights @ k
    You average the keys: they have done their work once the weights are there. What is handed over are the values.
embeddings-averaged: weights @ v → weights @ x
    You average the embeddings in `x`; average the values, which `w_v` made of them.
queries-averaged: weights @ v → weights @ q
    You average the queries; they ask, the values are what is handed over.
weights-transposed: weights @ v → weights.T @ v
    You average with the columns of the weights; row i of the weights belongs to output i.
values-first: weights @ v → v @ weights
    You multiply values by weights; a row of weights averages the rows of values, so the weights stand on the left.
one-summary: weights @ v → (weights @ v).mean(dim=0)
    You return one vector for all tokens; every token has a row of weights, and so an output, of its own.
same-output-for-all: weights @ v → weights.mean(dim=0).expand_as(weights) @ v
    All your outputs are the same: the rows of weights are averaged first. Each row makes one output.
uniform: weights @ v → torch.full_like(weights, 1 / len(x)) @ v
    Every value counts alike, whatever the scores: the weights must come from queries and keys.
only-the-heaviest: weights @ v → v[weights.argmax(dim=-1)]
    You hand each token the one value with the largest weight; every value counts, as much as its weight says.
weights-returned: weights @ v → weights
    These are the weights; average the values with them.
values-returned: weights @ v → v
    These are the values, each still its token's own: average them with the weights.
softmax-forgotten: torch.softmax(scaled_scores(q, k), dim=-1) → scaled_scores(q, k)
    You average with the scores; softmax over each row turns them into weights that add up to 1.
softmax-over-columns: dim=-1 → dim=0
    The columns of your weights add up to 1; row i belongs to token i, so it is each row (dim=-1) that should.
softmax-twice: torch.softmax(scaled_scores(q, k), dim=-1) → torch.softmax(torch.softmax(scaled_scores(q, k), dim=-1), dim=-1)
    Softmax is applied twice, which flattens the weights; once is enough.
softmax-last:
    - weights = torch.softmax(scaled_scores(q, k), dim=-1)  # (n, n)
    - return weights @ v
    + return torch.softmax(scaled_scores(q, k) @ v, dim=-1)
    You average with scores and apply softmax to the result: the weights come first, then the average.
not-scaled: scaled_scores(q, k) → q @ k.T
    The scores go into softmax unscaled: use `scaled_scores`.
scaled-by-d-v: scaled_scores(q, k) → q @ k.T / math.sqrt(v.shape[-1])
    You scale by √d_v; the dot products are of queries and keys, so it is √d_k.
scaled-by-d-k: scaled_scores(q, k) → q @ k.T / k.shape[-1]
    The scores are divided by d_k in all, once or by its root twice; its square root, once, is right.
scaled-by-d-model: scaled_scores(q, k) → q @ k.T / math.sqrt(x.shape[-1])
    You scale by √d_model; the dot products are of queries and keys, so it is √d_k.
keys-against-queries: scaled_scores(q, k) → scaled_scores(k, q)
    Row i of the scores should belong to query i: you scored keys against queries.
embeddings-scored: scaled_scores(q, k) → x @ x.T
    You score the raw embeddings as in lesson 02; score queries against keys.
embedding-added: weights @ v → x + weights @ v
    You add the embedding. That comes next in this lesson, with a reason; here the output alone is asked for.
""")
alternatives("""
weights-of-lesson-03: torch.softmax(scaled_scores(q, k), dim=-1) → attention_weights(x, w_q, w_k)
einsum: weights @ v → torch.einsum("nm,md->nd", weights, v)
values-last: weights @ v → weights @ x @ w_v
""")


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
hint("Which function gives you queries, keys and values, and which one makes scores of two of them?")
hint("Row i of the weights belongs to token i, and j runs over the tokens whose values are averaged. Which matrix product sums over j?")
hint("```python\nq, k, v = <three lenses>\nweights = <softmax of each row of the scaled scores>  # (n, n)\nreturn <weights> @ <what is handed over>\n```")
why("The weights use queries and keys and are then done with them; the values come in only at the end. One matrix product makes all outputs: row i of the weights against every column of the values.")

# %% judges="embeddings_as_values"
case("by_hand", "Three tokens of width 2 with d_k = 4; whole numbers.", whole_numbers(low=-2), n=3, d_model=2, w_q=whole_numbers(2, 4, low=-1, high=2), w_k=whole_numbers(2, 4, low=-1, high=2))
case("five_tokens", "Five tokens of width 6 with d_k = 3.", n=5, d_model=6, w_q=randn(6, 3) / 2, w_k=randn(6, 3) / 2)
case("square", "Four tokens of width 4, with d_k = 4.", n=4, d_model=4, w_q=randn(4, 4) / 2, w_k=randn(4, 4) / 2)


@entry
def embeddings_as_values__entry(i, j, x, w_q, w_k):
    shares = torch.softmax((x[i] @ w_q) @ (x @ w_k).T / w_k.shape[-1] ** 0.5, dim=-1)
    return (
        f"token {i} weighs the {len(x)} tokens by {formatted(shares)}; column {j} of `x` is {formatted(x[:, j])}, "
        f"and the weighted sum is {formatted(shares @ x[:, j])}"
    )


mistakes("""
as-large-as-the-sentence: x.shape[-1] → x.shape[0]
    Your identity is as large as the number of tokens; `w_v` multiplies embeddings, so it needs d_model rows.
as-large-as-a-key: x.shape[-1] → w_k.shape[-1]
    Your identity is d_k wide; `w_v` multiplies embeddings, so it needs d_model rows.
as-large-as-the-example: x.shape[-1] → 3
    You write down a size, 3, that only the four tokens of this lesson have: take it from `x.shape`.
ones: torch.eye(x.shape[-1], dtype=x.dtype) → torch.ones(x.shape[-1], x.shape[-1], dtype=x.dtype)
    A matrix of ones adds up each embedding's numbers and writes the sum everywhere; ones belong on the diagonal only.
key-matrix: w_k, identity → w_k, w_k
    With `w_k` for W_V you average the keys; find the matrix that leaves embeddings as they are.
query-matrix: w_k, identity → w_k, w_q
    With `w_q` for W_V you average the queries; find the matrix that leaves embeddings as they are.
embeddings-for-the-matrix: w_k, identity → w_k, x
    You hand over `x` where a matrix W_V is expected: `x @ x` is no embedding. Which matrix leaves `x` as it is?
lesson-02-scores: single_head_attention(x, w_q, w_k, identity) → torch.softmax(x @ x.T, dim=-1) @ x
    That is lesson 02's softmax(XXᵀ)X: average the embeddings, but by the weights of queries and keys.
nothing-averaged: single_head_attention(x, w_q, w_k, identity) → x @ identity
    You return the embeddings themselves; they are to be averaged, each row by its own weights.
identity-for-all: x, w_q, w_k, identity → x, identity, identity, identity
    The identity belongs in W_V only; queries and keys keep their own matrices.
""")
alternatives("""
without-a-matrix: single_head_attention(x, w_q, w_k, identity) → attention_weights(x, w_q, w_k) @ x
diagonal: torch.eye(x.shape[-1], dtype=x.dtype) → torch.diag(torch.ones_like(x[0]))
rows-of-the-matrix: x.shape[-1] → w_q.shape[0]
""")
forbid("scaled_dot_product_attention", "MultiheadAttention", "causal_attention", because="you have built it.")
hint("`project(x, w_v)` is x @ w_v. For which matrix is x @ w_v equal to x, whatever x is?")
hint("`w_v` has as many rows as an embedding has numbers. Which entry of `x.shape` is that?")
hint("```python\nidentity = torch.eye(<d_model>)\nreturn single_head_attention(x, w_q, w_k, <W_V>)\n```")
why("Values in general include embeddings as a special case, so a model with W_V can do all that one without it can. `dtype=x.dtype` makes the matrix of the same kind of floats as the tokens.")

# %% judges="locked_attention"
case("by_hand", "Two queries against three keys of width 4; whole numbers.", whole_numbers(low=-2, high=3), n=2, d_k=4, m=3)
case("three_against_five", "Three queries against five keys of width 4.", n=3, d_k=4, m=5)
case("square", "Four queries against four keys of width 4.", n=4, d_k=4, m=4)


@entry
def locked_attention__entry(i, j, q, k):
    shares = torch.softmax(q[i] @ k.T / k.shape[-1] ** 0.5, dim=-1)
    return (
        f"query {i} weighs the {len(k)} keys by {formatted(shares)}; number {j} of every key is {formatted(k[:, j])}, "
        f"and the weighted sum is {formatted(shares @ k[:, j])}"
    )


mistakes("""
queries-averaged: @ k → @ q
    You average the queries; with W_V = W_K it is the keys that are handed over.
weights-returned: @ k →
    These are the weights; average the keys with them.
not-scaled: scaled_scores(q, k) → q @ k.T
    The scores go into softmax unscaled: use `scaled_scores`.
scaled-by-d-k: scaled_scores(q, k) → q @ k.T / k.shape[-1]
    The scores are divided by d_k in all; its square root, once, is right, and `scaled_scores` has divided by it already.
softmax-forgotten: torch.softmax(scaled_scores(q, k), dim=-1) → scaled_scores(q, k)
    You average with the scores; softmax over each row turns them into weights that add up to 1.
softmax-over-columns: dim=-1 → dim=0
    The columns of your weights add up to 1; a row belongs to one query, so it is each row (dim=-1) that should.
keys-against-keys: scaled_scores(q, k) → scaled_scores(k, k)
    You score keys against keys; the queries ask.
keys-against-queries: scaled_scores(q, k) → scaled_scores(k, q)
    You score keys against queries: row i of the weights should belong to query i.
one-summary: @ k → @ k.mean(dim=0)
    You return one vector for all queries; every query has a row of weights, and so an output, of its own.
uniform: scaled_scores(q, k) → 0 * scaled_scores(q, k)
    Every key counts alike, whatever the scores: the weights must depend on the queries.
head-of-heads: torch.softmax(scaled_scores(q, k), dim=-1) @ k → single_head_attention(q, k, k, k)
    `single_head_attention` takes embeddings and matrices to project them with; here queries and keys are made already. Score them, and average the keys.
""")
alternatives("""
method: torch.softmax(scaled_scores(q, k), dim=-1) → scaled_scores(q, k).softmax(-1)
einsum: torch.softmax(scaled_scores(q, k), dim=-1) @ k → torch.einsum("nm,md->nd", torch.softmax(scaled_scores(q, k), dim=1), k)
""")


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
hint("Take your `single_head_attention`. Which of its lines still need `x`, if queries and keys are given?")
hint("What stands in the values' place when W_V = W_K?")
hint("```python\nreturn torch.softmax(<scaled scores>, dim=-1) @ <what is handed over>\n```")
why("`x` does not appear any more, and that is the point: two tokens with the same key are the same to this head, however different they are.")

# %% judges="closest_pair"
case("by_hand", "Three tokens of width 2; whole numbers.", whole_numbers(low=-9, high=10), n=3, d=2)
case("five_tokens", "Five tokens of width 3.", n=5, d=3)
case("square", "Four tokens of width 4.", n=4, d=4)
case("two_tokens", "Two tokens of width 6, far from the origin.", lambda closest_pair: closest_pair(7 + randn(2, 6)))
case("two_places", "Five tokens of width 4 that stand in two distant places by turns.", lambda closest_pair: closest_pair(randn(5, 4) + 20 * torch.tensor([[0.0], [1.0], [0.0], [1.0], [0.0]])))
case("far_apart", "Three tokens of width 2, all of them thousands apart.", lambda closest_pair: closest_pair(torch.tensor([[0.0, 0.0], [3000.0, 0.0], [0.0, 4000.0]]) + randn(3, 2)))
case("very_far_apart", "Three tokens of width 2, hundreds of thousands apart.", lambda closest_pair: closest_pair(100.0 * torch.tensor([[0.0, 0.0], [3000.0, 0.0], [0.0, 4000.0]]) + randn(3, 2)))
case("twins", "Four tokens of width 3, two of which are the same: the answer is 0.", lambda closest_pair: closest_pair(randn(3, 3)[[0, 1, 2, 0]]))


@entry
def closest_pair__entry(vectors):
    gaps = torch.cdist(vectors, vectors) + torch.diag(torch.full((len(vectors),), torch.inf))
    i, j = divmod(int(gaps.argmin()), len(vectors))
    squares = formatted((vectors[i] - vectors[j]) ** 2)
    return f"tokens {i} and {j} are closest: the squares of their differences are {squares}, and the root of the sum is {formatted(gaps.min())}"


mistakes("""
itself-counted:
    - distances.fill_diagonal_(torch.inf)
    You count every token's distance to itself, so the answer is always 0: leave the diagonal out.
zeros-left-out:
    - distances.fill_diagonal_(torch.inf)
    - return distances.min()
    + return distances[distances > 0].min()
    You leave out every distance of 0, and so a pair of equal tokens too: leave out the diagonal only.
largest:
    - distances.fill_diagonal_(torch.inf)
    - return distances.min()
    + return distances.max()
    That is the distance of the two that are farthest apart; return the smallest.
average:
    - distances.fill_diagonal_(torch.inf)
    - return distances.min()
    + return distances[~torch.eye(len(vectors), dtype=torch.bool)].mean()
    You average all distances; the question is about the closest two.
features-compared: torch.cdist(vectors, vectors) → torch.cdist(vectors.T, vectors.T)
    You compare columns, the components; compare rows, the tokens.
dot-products: torch.cdist(vectors, vectors) → vectors @ vectors.T
    You return the smallest dot product; two vectors are the same where their distance is 0.
neighbours-only:
    - distances.fill_diagonal_(torch.inf)
    - return distances.min()
    + return distances.diagonal(1).min()
    You compare each token with the next one only; every pair counts.
place-returned: distances.min() → distances.argmin()
    That is the place of the smallest distance in the matrix; return the distance itself, with `min`.
squared: return distances.min() → return distances.min() ** 2
    That is the square of the distance: take its root.
largest-component: torch.cdist(vectors, vectors) → torch.cdist(vectors, vectors, p=torch.inf)
    You take the largest difference of one component; the distance counts all of them.
one-for-each-token: distances.min() → distances.min(dim=-1).values
    You return a number for each token; one is asked for, the smallest of all.
hundred-for-infinity: torch.inf → 100
    You put a number on the diagonal that distances may well exceed, and then it is the smallest: `torch.inf` is larger than all of them.
infinity-times-zero: distances.fill_diagonal_(torch.inf) → distances += torch.eye(len(vectors)) * torch.inf
    0 times infinity is nan, and that stands off the diagonal of `torch.eye(n) * inf`: write infinity to the diagonal alone, as `fill_diagonal_` does.
""")
alternatives("""
pairs-once: distances.min() → torch.pdist(vectors).min()
added-infinity: distances.fill_diagonal_(torch.inf) → distances = distances + torch.diag(torch.full_like(vectors[:, 0], torch.inf))
""")


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
why("Infinity on the diagonal takes the tokens themselves out of the comparison without any index. `cdist` has made a new matrix, so writing into it changes nothing that belongs to the caller.")

# %% judges="attention_layer"
case("by_hand", "Three tokens of width 2 with d_k = 4; whole numbers.", whole_numbers(low=-1, high=3), n=3, d_model=2, w_q=whole_numbers(2, 4, low=-1, high=2), w_k=whole_numbers(2, 4, low=-1, high=2), w_v=whole_numbers(2, 2))
case("five_tokens", "Five tokens of width 6 with d_k = 3.", n=5, d_model=6, w_q=randn(6, 3) / 2, w_k=randn(6, 3) / 2, w_v=randn(6, 7)[:, :6])
case("square", "Four tokens of width 4, every width 4.", n=4, d_model=4, w_q=randn(4, 4) / 2, w_k=randn(4, 4) / 2)
case("nothing_learned", "Three tokens of width 5 and a W_V of zeros: the tokens come out as they went in.", n=3, d_model=5, d_k=2, w_v=0 * randn(5, 5))
case("what_flows_back", "The gradients that flow back to four tokens of width 3 and to all three matrices.", lambda attention_layer: gradients(attention_layer, x=randn(4, 3), w_q=randn(3, 2), w_k=randn(3, 2), w_v=randn(3, 3)))


@entry
def attention_layer__entry(i, j, x, w_q, w_k, w_v):
    shares = torch.softmax((x[i] @ w_q) @ (x @ w_k).T / w_k.shape[-1] ** 0.5, dim=-1)
    found = shares @ (x @ w_v)[:, j]
    return f"`x[{i}, {j}]` is {formatted(x[i, j])}, attention found {formatted(found)}, and the sum is {formatted(x[i, j] + found)}"


mistakes("""
replaced: x + single_head_attention(x, w_q, w_k, w_v) → single_head_attention(x, w_q, w_k, w_v)
    The output replaces the embedding: add `x`, or the token's own vector is lost.
weights-added: single_head_attention(x, w_q, w_k, w_v) → attention_weights(x, w_q, w_k)
    You add the weights themselves, one number for each token; add what they gather, the output of the head.
added-to-the-values: x + single_head_attention(x, w_q, w_k, w_v) → attention_weights(x, w_q, w_k) @ (x + project(x, w_v))
    You add the embeddings to the values, so that they are averaged too; add each token's own embedding after the average.
values-added: x + single_head_attention(x, w_q, w_k, w_v) → project(x, w_v) + single_head_attention(x, w_q, w_k, w_v)
    You add each token's own value to the output; what is kept is its embedding, `x`.
output-left-out: x + single_head_attention(x, w_q, w_k, w_v) → x
    You return `x` as it was: the output of attention is missing.
averaged: x + single_head_attention(x, w_q, w_k, w_v) → (x + single_head_attention(x, w_q, w_k, w_v)) / 2
    You average embedding and output; add the two, and let training find the right size of the edit.
subtracted: x + single → x - single
    You subtract the output; add it.
multiplied: x + single → x * single
    You multiply entry by entry; the edit is added.
side-by-side: x + single_head_attention(x, w_q, w_k, w_v) → torch.cat([x, single_head_attention(x, w_q, w_k, w_v)], dim=-1)
    You put embedding and output side by side, which doubles the width; add them, so that the width stays d_model.
one-summary-added: single_head_attention(x, w_q, w_k, w_v) → single_head_attention(x, w_q, w_k, w_v).mean(dim=0)
    You add the same vector to every token; each has an output of its own.
added-to-the-input-first: x + single_head_attention(x, w_q, w_k, w_v) → single_head_attention(x + x, w_q, w_k, w_v)
    You double the tokens before attention; the embedding is added once, to the output.
embeddings-averaged: single_head_attention(x, w_q, w_k, w_v) → embeddings_as_values(x, w_q, w_k)
    You add an average of the embeddings; add the output of the head, an average of the values.
input-changed: x + single_head_attention(x, w_q, w_k, w_v) → x.add_(single_head_attention(x, w_q, w_k, w_v))
    The sum is right, but `x` itself is changed in place: make a new tensor with `+`.
""")
alternatives("""
output-first: x + single_head_attention(x, w_q, w_k, w_v) → single_head_attention(x, w_q, w_k, w_v) + x
add: x + single_head_attention(x, w_q, w_k, w_v) → torch.add(x, single_head_attention(x, w_q, w_k, w_v))
""")


@alternative
def attention_layer__from_weights(x, w_q, w_k, w_v):
    weights = attention_weights(x, w_q, w_k)
    return x + weights @ x @ w_v


@alternative
def attention_layer__token_by_token(x, w_q, w_k, w_v):
    q, k, v = x @ w_q, x @ w_k, x @ w_v
    return torch.stack([own + torch.softmax(k @ query / k.shape[1] ** 0.5, dim=0) @ v for own, query in zip(x, q)])


forbid("scaled_dot_product_attention", "MultiheadAttention", "causal_attention", because="you have built it.")
hint("Two matrices of the same shape meet here. Which two, and what is done with them?")
hint("The embedding must stay each token's own. Is it added before the average, or after it?")
hint("```python\nreturn <what was there> + <what was found>\n```")
why("`x` goes past attention untouched and the output is added to it, so a layer that has nothing to say says zero. `+` makes a new tensor, and the caller's embeddings stay as they were.")
