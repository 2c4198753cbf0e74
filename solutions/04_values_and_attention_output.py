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
# In this lesson you finish what lesson 03 began: you decide what the weights average, and what becomes of a
# token's own vector. At the end you can
#
# - project embeddings into values, and average the values into one output for every token;
# - write the three matrices as PyTorch does, as layers of type `nn.Linear`;
# - add the output to the embedding, and measure what breaks where the output replaces it;
# - design a matrix of values by hand, so that a context changes what it should change and nothing else.
#
# **You need:** lesson 03 (queries, keys, attention weights). **Time:** 75 minutes.

# %%
from spotlight.notebook import check, hint, predict, reveal, solution, start, verify

start("values_and_attention_output")

# %%
import math

import torch
from torch import Tensor, nn

from spotlight.mine import mine
from spotlight.model_utils import attention
from spotlight.model_utils.corpus import paragraphs, words_of
from spotlight.model_utils.four_tokens import TOKENS, embeddings, key_weights, query_weights, value_weights
from spotlight.model_utils.gpt import Block
from spotlight.model_utils.hooks import head_weights
from spotlight.model_utils.mini_model import load_mini_model
from spotlight.model_utils.stream import exchanged_tokens, hit_rate, lead_direction, moved, stream_parts, with_blocks
from spotlight.model_utils.word_features import feature_names, split_words, word_vectors
from spotlight.visualizations import show_attention_flow, show_bars, show_heatmaps, show_matrices, show_projection
from spotlight.visualizations import show_map

# %%
show_map("blocks.0.attention.value", "blocks.0.attention.softmax")

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
# Lesson 03 ended with a row of weights for every token. The weights say *how much* each token counts. They do
# not say what is averaged. Two candidates are at hand: the keys and the embeddings.
#
# Try both on *bank*. In "interest in the steep bank", two matrices written by hand let *bank* ask for a size,
# and *steep* answers. The second sentence has *big* in the place of *steep*; both words have the same size.

# %%
steep_words, big_words = split_words("interest in the steep bank"), split_words("interest in the big bank")
steep, big = word_vectors(steep_words), word_vectors(big_words)  # (5, 12) each
place, size, money = (feature_names().index(name) for name in ("place", "size", "money"))
asks, answers = torch.zeros(12, 1), torch.zeros(12, 1)  # W_Q and W_K by hand, with d_k = 1
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
# **Keys.** *bank* is handed 1.25 both times, the size that it asked for. It cannot tell which word it found.
#
# **Embeddings.** *bank* is handed the whole of *steep*. It needs "a place, and not money", and no embedding holds
# that alone.
#
# Again one vector has two roles, *being found* and *handing over*. The cure is a third matrix:
#
# $$V = XW_V$$
#
# A row of $V$ is a **value**, the third card at the job fair: the key gets you noticed, the value is what you hand
# over.
#
# In "the tired cat chased the doctor", a later query for what happened should match *chased* as well as *saw*.
# What should the key of *chased* tell, and what its value?

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
# ## Three lenses
#
# Three matrices, one embedding: as through three lenses, each shows another side of it. The three matrices, and the
# attention computed with them, are called a **head**. Lesson 03's `project` serves for all three lenses. $W_V$ may have
# another width, $d_v$ instead of $d_k$, because a value is averaged and never compared with a query.

# %%
def three_lenses(x: Tensor, w_q: Tensor, w_k: Tensor, w_v: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Queries (n, d_k), keys (n, d_k) and values (n, d_v) of all tokens."""
    return project(x, w_q), project(x, w_k), project(x, w_v)


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
# Do keys and values come apart in training, too? Ask the mini model, 1.4 million parameters, trained on small
# English. This model is a stack of three **layers**: each reads one vector per token and hands one per token to the
# next. In each layer six heads work side by side (lesson 06).
#
# Put fourteen verbs in the place of *chased*. How far do key and value move, measured in distances between
# words of the sentence? And how far would random matrices let them move?

# %%
mini = load_mini_model()
PROMPT = "The cat sat on the mat because it was tired. The tired one is the"  # for later
sentences = [f"the tired cat {verb} the doctor" for verb in words_of("transitive")]  # saw, found, ..., chased, ...
torch.manual_seed(0)
moves = {"key": [], "value": [], "random matrix": []}  # one number for each layer
for layer in range(3):
    rows = torch.stack([mini.attention_input(sentence, layer) for sentence in sentences])  # (14, 6, 192)
    heads = [head_weights(mini.model, layer, head) for head in range(6)]  # W_Q, W_K, W_V of each
    moves["key"].append(sum(moved(rows @ w_k, 3) for _, w_k, _ in heads) / 6)
    moves["value"].append(sum(moved(rows @ w_v, 3) for _, _, w_v in heads) / 6)
    moves["random matrix"].append(sum(moved(rows @ torch.randn(192, 32), 3) for _ in heads) / 6)

# %%
moves_less = "key" if sum(moves["key"]) < sum(moves["value"]) else "value"  # over all three layers
tells = {True: "that an action stands here", False: "which action it is"}
reveal("key_of_chased", tells[moves_less == "key"])
reveal("value_of_chased", tells[moves_less == "value"])
show_bars(
    moves,
    ["0", "1", "2"],
    xlabel="layer",
    ylabel="moved, in word distances",
    title="Fourteen verbs in the place of *chased*",
    caption="Averages over six heads: in layer 1 keys move far less than values; in layer 2 the two are alike.",
)

# %% [markdown]
# In layer 1 a key tells far less of which verb stands there than a random matrix would, and a value tells more. A
# query that finds one of these verbs finds the others nearly as well, and the value says which verb it is. This was
# not built in; training found it. In layer 0 the difference is small, and in layer 2 there is hardly any: keys and
# values *may* come apart, and need not.

# %% [markdown]
# ## 1 · The same matrix in PyTorch
#
# PyTorch keeps such a matrix in an `nn.Linear(d_in, d_out, bias=False)`, a **linear layer**. Called with `x`, the
# linear layer does what your `project` does. Its numbers stand in `.weight`. Look at the shape:

# %%
print("from 3 to 2 numbers:", tuple(nn.Linear(3, 2, bias=False).weight.shape))

# %% [markdown]
# **`.weight` has the shape (d_out, d_in)**, our matrix transposed, and the layer computes $xW^\top$ with it. Most
# published models keep their matrices in this layout. (With a **bias**, the default, the layer also adds a vector
# of d_out numbers.)
#
# A new linear layer starts with random numbers. A matrix that can be learned is an `nn.Parameter(matrix)`.

# %% exercise="as_linear" points=1 minutes=6 difficulty=2
def as_linear(weights: Tensor) -> nn.Linear:
    """The layer of PyTorch that does what project(x, weights) does.

    weights: (d_model, d_k), left as it is
    → an nn.Linear from d_model to d_k numbers, without a bias, whose weight can still be learned
    """
    # TODO: make a layer of the right sizes, put the numbers of weights into it, and return it.
    ### BEGIN SOLUTION
    d_model, d_k = weights.shape
    layer = nn.Linear(d_model, d_k, bias=False)
    layer.weight = nn.Parameter(weights.T.clone())
    return layer
    ### END SOLUTION

# %% [markdown]
# <details><summary>Help, I'm getting <code>TypeError: cannot assign 'torch.FloatTensor' as parameter 'weight' …</code></summary>
#
# A layer's weight is a parameter. Wrap your matrix: `layer.weight = nn.Parameter(...)`.
#
# </details>

# %%
value = as_linear(W_V)
print(value, "  weight:", tuple(value.weight.shape), "  value of sat:", value(X)[2].tolist())
in_the_model = mini.model.blocks[0].attention.value
print("the W_V of six heads in the mini model:", in_the_model, "  weight:", tuple(in_the_model.weight.shape))
first = head_weights(mini.model, 0, 0)[2]  # (192, 32), ready for project
print("head 0 has the first 32 rows:", torch.equal(first, in_the_model.weight[:32].T))

# %% [markdown]
# ## 2 · One head of attention
#
# Now the weights of lesson 03 get something to average. Token $i$ is handed all values, weighted by row $i$:
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
    q, k, v = project(x, w_q), project(x, w_k), project(x, w_v)
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
# A summary would be the same for all tokens. Here each token has a row of weights of its own, and so a context
# of its own.
#
# Is your head the real thing? Give it the rows that arrive at a head of the mini model, and the matrices of that
# head. The model's own weights and values make the output to compare with. Look at the last token: from its
# vector the model predicts the next word.

# %%
role = mini.roles["referent"]  # the head that looks most at the noun to be named
x = mini.attention_input(PROMPT, role.layer)  # (16, 192)
w_q, w_k, w_v = head_weights(mini.model, role.layer, role.head)  # (192, 32) each
yours = single_head_attention(x, w_q, w_k, w_v)  # (16, 32)
models = mini.attention(PROMPT)[role.layer, role.head] @ (x @ w_v)  # (16, 32)
gap = (yours - models).abs().amax(dim=-1)  # (16,): the largest difference, token by token
print(f"last token: largest number {models[-1].abs().max():.2f}, largest difference {gap[-1]:.5f}")

# %% [markdown]
# At the last token the trained head and your three lines agree. (At earlier tokens they do not yet; the end of
# this lesson says why.) So the formula has grown step by step:
#
# | lesson | what is scored | what is averaged |
# |---|---|---|
# | 02 | embeddings: $\text{softmax}(XX^\top)$ | embeddings: $X$ |
# | 03 | queries against keys: $\text{softmax}(QK^\top/\sqrt{d_k})$ | |
# | 04 | as in 03 | values: $\text{softmax}(QK^\top/\sqrt{d_k})\,V$ |

# %% [markdown]
# ## 3 · Embeddings as values
#
# Both candidates from the start of this lesson are special cases of the last line. First the embeddings: build
# the head that averages the embeddings, out of `single_head_attention` and one well-chosen $W_V$.

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
# The middle panel is lesson 02's average with better weights. In lesson 02 *cat* moved most of the way to *sat*,
# (0, 3, 1). Now the query of *cat* finds *here*, (0, 1, 2), and the average moves towards *here*. With
# $W_V$ = identity the value *is* the embedding. With another $W_V$ the value is whatever that matrix makes of
# the embedding.

# %% [markdown]
# ## Keys as values
#
# Now the other candidate, $W_V = W_K$. Your head does that, too: hand it $W_K$ twice. Compare what *bank* is
# handed beside *steep* and beside *big*.

# %%
for words, vectors in ((steep_words, steep), (big_words, big)):
    locked = single_head_attention(vectors, asks, answers, answers)[-1]  # (1,)
    embedded = embeddings_as_values(vectors, asks, answers)[-1]  # (12,)
    kept = f"size {embedded[size]:.2f}, place {embedded[place]:.2f}"
    print(f"bank beside {words[3]:6} W_V = W_K: {locked.item():.2f}   W_V = identity: {kept}")
show_heatmaps(
    {"W_V = W_K": single_head_attention(X, W_Q, W_K, W_K), "with W_V": output},
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
# With $W_V = W_K$, *bank* cannot tell *steep* from *big*, since their keys are equal. To hand over more, a key
# would have to hold more, and every number of a key takes part in the scores. Matching and contributing are
# locked together.
#
# In the mini model they are separate, and you can change either. In its sentence, exchange what *cat* and *mat*
# show to later tokens, in all six heads of one layer: their keys, their values, or both. As trained, the model
# goes on with *cat*. What does the model say when **both** are exchanged?

# %% prediction="both_exchanged"
predict("both_exchanged", "cat", choices=["cat", "mat"])  # keys and values of cat and mat exchanged

# %%
places = [mini.tokens(PROMPT).index(word) for word in ("cat", "mat")]
said = {}
for what in ("nothing", "keys", "values", "keys and values"):
    with exchanged_tokens(mini.model, role.layer, places, keys="keys" in what, values="values" in what):
        word, share = mini.next_words(PROMPT, 1)[0]
    said[what] = word
    print(f"{what + ' exchanged:':26} {word}  {share:.2f}")
reveal("both_exchanged", said["keys and values"])

# %% [markdown]
# Keys exchanged: the same query finds the other token. Values exchanged: the query finds the right token and is
# handed the wrong value. Both exchanged: two terms of the sum $\sum_j w_{ij} v_j$ have changed places, and the
# sum is the same. So the keys settle *where* a head reads, and the values settle *what* is read there.

# %% [markdown]
# ## Does the output replace the embedding?
#
# Each token now has two vectors, its embedding and its output, and the next step of the model takes one. Suppose
# the output takes the embedding's place. Look at what the last two tokens would be:

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
# ## 4 · How far apart are the closest two?
#
# If two tokens come out as the same vector, no later layer can tell them apart. So measure the smallest
# distance between two different tokens. `torch.cdist(a, b)` gives the distance of every row of `a` to every
# row of `b`. There is a trap: every token is at distance 0 from itself.

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
# Both tokens find *here* and are handed the value of *here*. The output of *sat* hardly shows that the token was
# *sat*. The cure is to keep what was there and **add** what was found:
#
# $$x_i \;\leftarrow\; x_i + \text{output}_i$$
#
# This is called a **residual connection**. The output edits the token's vector; it does not replace the vector.
# How large the edit is, the formula leaves open.

# %% [markdown]
# ## 5 · Add, don't replace
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
# Two extreme cases show what is kept. In the first, queries of zero make all scores equal, and the context says
# nothing. In the second, values of zero stand for attention that has learned nothing yet. What flows back to the
# embeddings, in the second case, when a gradient of random numbers is sent through?

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
# Where the output replaces the embedding, all tokens become one vector, and attention that has learned nothing passes
# nothing on, in either direction. Where the output is added, tokens stay what they were, and the gradient arrives
# whole.

# %% [markdown]
# ## 6 · A place, and not money
#
# Now *bank* gets what it was missing. $W_Q$ and $W_K$ are those from the start: a place asks, a size answers. So
# these are the weights of *bank*:

# %%
for sentence in ("interest in the steep bank", "the tall bank", "interest in the rich bank"):
    row = attention_weights(word_vectors(split_words(sentence)), asks, answers)[-1]
    print("   ".join(f"{word} {weight:.2f}" for word, weight in zip(split_words(sentence), row)))

# %% [markdown]
# $W_V$ is yours to design. An entry (i, j) says: for each unit of its feature i, a token adds so much to feature j
# of whoever reads it. After attention, with the embedding added, *bank* has to end like this:
#
# | beside | place | money | the other ten |
# |---|---|---|---|
# | (embedding) | 1 | 1.5 | |
# | *steep*, *big*, *tall* | 2 to 3 | −0.5 to 0.5 | as they were |
# | *rich*, *old*, words without a size | as it was | as it was | as they were |
#
# *As it was* allows 0.05 more or less. `size`, `place` and `money` hold the numbers of these features.

# %% exercise="place_not_money" points=2 minutes=15 difficulty=3
def place_not_money() -> Tensor:
    """A W_V of 12 rows and 12 columns, float32, for the head with W_Q = asks and W_K = answers.

    attention_layer with the three gives *bank* beside *steep*, *big* or *tall* a place of 2 to 3 and
    a money of -0.5 to 0.5; its other ten features stay as they were, to within 0.05. Beside *rich*,
    *old* or any words whose size is 0, all twelve stay as they were, to within 0.05.
    """
    # TODO: make a matrix of zeros, and set the entries that hand over what *bank* needs.
    ### BEGIN SOLUTION
    w_v = torch.zeros(12, 12)
    w_v[size, place] = 1.0
    w_v[size, money] = -1.0
    return w_v
    ### END SOLUTION

# %%
hands_over = place_not_money()  # (12, 12)
rich = word_vectors(split_words("interest in the rich bank"))  # (5, 12)
show_bars(
    {
        "embedding": steep[-1],
        "after “the steep bank”": attention_layer(steep, asks, answers, hands_over)[-1],
        "after “the rich bank”": attention_layer(rich, asks, answers, hands_over)[-1],
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
# *bank* is not the only word that was handed something. See what was added to the others:

# %%
handed = attention_layer(steep, asks, answers, hands_over) - steep  # (5, 12)
for word, row, numbers in zip(steep_words, attention_weights(steep, asks, answers), handed):
    print(f"{word:9} weight on steep {row[3]:.2f}   place {numbers[place]:+.2f}   money {numbers[money]:+.2f}")

# %% [markdown]
# *interest* and *the* ask for nothing: their queries are 0, and so are their scores. But the weights of a row add up
# to 1, here a fifth for each word. A head cannot read nothing. (Lesson 06 shows where trained heads leave weight
# that they have no use for.)
#
# ## Only a shortcut?
#
# "The residual is just a skip, which helps gradients past a layer." It does. But look at a whole model. The next
# cell runs the mini model by hand. Each layer has two parts, attention and a feed-forward network (lesson
# 15), and each part reads the sum so far and adds to it.

# %%
ids = mini.ids(PROMPT)  # (1, 16)
parts = {"embed": mini.model.tok_emb(ids) + mini.model.pos_emb(torch.arange(ids.shape[1]))}  # (1, 16, 192)
for i, block in enumerate(mini.model.blocks):
    stream = sum(parts.values())  # all that was written so far
    parts[f"attn{i}"] = block.attention(block.attention_norm(stream))
    stream = sum(parts.values())
    parts[f"ffn{i}"] = block.ffn(block.ffn_norm(stream))
logits = mini.model.lm_head(mini.model.final_norm(sum(parts.values())))[0]  # (16, 402): a score for every word
print(f"largest difference to the model's own scores: {(logits - mini.logits(PROMPT)).abs().max().item():.4f}")
show_bars(
    {"last token": [part[0, -1].norm().item() for part in parts.values()]},
    list(parts),
    xlabel="part",
    ylabel="length of what it adds",
    title="What the last token's final vector is made of",
    caption="The embedding, 2.3 long, and six edits, the longest 171. Their sum decides the next word.",
)

# %% [markdown]
# The sum is called the **residual stream**: one vector per token, which every part reads and to which every part
# adds. An edit need not be small. At the end of this model the last token's vector consists almost wholly of edits.
#
# So is the embedding still needed there? Take the embedding out of the last sum, and only there. Does the model's
# next word, *cat*, change?

# %% prediction="embedding_taken_out"
predict("embedding_taken_out", "it stays", choices=["it stays", "it changes"])

# %%
edits_alone = sum(part for name, part in parts.items() if name != "embed")  # (1, 16, 192)
without_it = mini.model.lm_head(mini.model.final_norm(edits_alone))[0, -1]  # (402,)
(next_word,) = mini.tokenizer.tokens([int(without_it.argmax())])
reveal("embedding_taken_out", "it stays" if next_word == "cat" else "it changes")

# %% [markdown]
# The word stays. How much, then, does each part add to the lead of *cat* over *mat*, the difference of their scores? The
# final norm divides the stream by its spread. With that divisor held fixed, the lead is a sum of one number for each
# part, the part's dot product with one direction. Compare with the twin sentence, in which *mat* is right, and with
# what a random direction of the same length would typically add.

# %%
cat, mat = mini.tokenizer.encode("cat mat")
leads = {}
for mood in ("soft", "tired"):
    written = stream_parts(mini.model, mini.ids(PROMPT.replace("tired", mood)))  # the seven parts, as above
    direction = lead_direction(mini.model, written, cat, mat)  # (192,)
    leads[mood] = [(part[0, -1] @ direction).item() for part in written.values()]
    print(f"{mood:5}  lead of cat over mat {sum(leads[mood]):6.1f}, of which", [round(share, 2) for share in leads[mood]])
lengths = torch.stack([part[0, -1].norm() for part in parts.values()])  # (7,)
leads["random direction"] = lengths * direction.norm() / math.sqrt(192)
show_bars(
    leads,
    list(parts),
    xlabel="part",
    ylabel="share of the lead of cat over mat",
    title="What counts for the next word",
    caption="The embedding adds no more than a random vector would; the last feed-forward network adds most.",
)

# %% [markdown]
# The embedding's share is 0.03 of 22.3: the last token is *the*, which tells little of what comes next. Attention in
# layer 1 and the feed-forward network of layer 2 add more than a random direction would, and their sign follows the
# sentence. (A bar shows what a part adds by itself, not what later parts make of it.)
#
# So an edit can outweigh all that was there. What the sum keeps is *everything* written earlier. Let attention
# replace the stream, in one layer at a time, and count how often the model's first guess of the next word is right.

# %%
class Replacing(Block):
    """A layer of the mini model whose attention replaces the stream."""

    def forward(self, x: Tensor) -> Tensor:
        x = self.attention(self.attention_norm(x))  # no "x +"
        return x + self.ffn(self.ffn_norm(x))


texts = [text for text in paragraphs(0, 40, "held-out") if len(mini.tokens(text)) <= 64]
right = {}
for where, layers in {"nowhere": (), "0": (0,), "1": (1,), "2": (2,), "everywhere": (0, 1, 2)}.items():
    with with_blocks(mini.model, layers, Replacing(192, 6)):
        right[where] = hit_rate(mini, texts)
show_bars(
    {"right": list(right.values())},
    list(right),
    xlabel="layers in which attention replaces the stream",
    ylabel="share of next words",
    title="The mini model without the residual around attention",
    caption="Layer 0 can do without the stream around its attention; layers 1 and 2 cannot.",
)

# %% [markdown]
# Before layer 0 the stream holds the embedding only, and one head of layer 0 looks at the token itself, so that this
# head can hand the embedding on. Before layers 1 and 2 the stream holds what earlier layers wrote. No head there
# looks at its own token like that, and attention that replaces the stream deletes what was written. (The model was
# trained with its stream. A model that is trained without one may do better.)

# %%
for layer, on_itself in enumerate(mini.attention(PROMPT).diagonal(dim1=-2, dim2=-1).mean(dim=-1)):  # (6,) each
    print(f"layer {layer}, weight of a token on itself, by head:", [round(weight, 2) for weight in on_itself.tolist()])

# %% [markdown]
# ## Reading ahead
#
# The head is complete. One thing should make you uneasy: how much weight each token gives to tokens that come
# *after* it. This weight is also the reason why your head and the mini model's differ before the last token.

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
# ## What you have built
#
# Attention is **communication**: each token asks, and gathers what the others hand over.
#
# - It has **no notion of place**. Tokens in another order give the same outputs in that order (attention is
#   permutation-**equivariant**). Order comes from the positions that lesson 01 added.
# - Here queries, keys and values come from the same tokens: *self-attention*. In *cross-attention* the keys and values
#   come from another sequence, such as a text to be translated.

# %%
order = torch.tensor([3, 1, 0, 2])
reordered = single_head_attention(X[order], W_Q, W_K, W_V)  # (4, 3)
print("same outputs, in the new order:", torch.allclose(reordered, output[order]))
another = torch.randn(6, 3)  # six tokens of another sequence
crossed = torch.softmax(scaled_scores(project(X, W_Q), project(another, W_K)), dim=-1) @ project(another, W_V)
print("four tokens read six others:   ", tuple(crossed.shape))

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
# - $W_V$ settles it: embeddings (identity), keys ($W_V = W_K$), or what you design.
# - The output is added to the embedding. Where it replaces it, tokens become alike.
# - The residual stream is the embedding plus every edit; an edit may be the larger.
#
# Not covered: masks (05), several heads (06); norms and learning (15).
#
# *cat* gives more than half of its weight to *here*, two words later. A model that learns to predict the next word
# could simply read that word. What prevents this? Lesson 05 answers.

# %% tags=["authoring"]
# From here on: how each exercise is judged. Of this, students see the hints alone.
from spotlight.authoring import alternative, alternatives, case, entry, forbid
from spotlight.authoring import hint, mistakes, probe, why, without_loops
from spotlight.sandbox.kit import formatted, gradients, randn, uniform, whole_numbers

forbid("model_utils", "attention", because="the course keeps its own version there, and yours is asked for.")

# %% judges="as_linear"
case("by_hand", "A matrix from 2 to 3 numbers, called with two tokens; whole numbers.", lambda as_linear: as_linear(whole_numbers(2, 3))(whole_numbers(2, 2)))
case("five_tokens", "A matrix from 6 to 4 numbers, called with five tokens.", lambda as_linear: as_linear(randn(6, 4))(randn(5, 6)))
case("square", "A matrix from 4 to 4 numbers, called with three tokens.", lambda as_linear: as_linear(randn(4, 4))(randn(3, 4)))


@probe
def what_it_is(as_linear):
    "What the layer for a matrix from 5 to 2 numbers is, has and learns."
    layer = as_linear(randn(5, 2))
    return {
        "type": type(layer).__name__,
        "from": layer.in_features,
        "to": layer.out_features,
        "bias": "none" if layer.bias is None else "one",
        "numbers that are learned": sum(part.numel() for part in layer.parameters() if part.requires_grad),
    }


@probe
def two_layers(as_linear):
    "Two layers made one after the other, from 3 to 2 numbers; both called with four tokens."
    first, second = as_linear(randn(3, 2)), as_linear(randn(3, 2))
    x = randn(4, 3)
    return [first(x), second(x)]


mistakes("""
not-transposed: weights.T.clone() → weights.clone()
    You put the matrix in as it is; `.weight` has the shape (d_out, d_in), the transpose.
reshaped: weights.T.clone() → weights.reshape(d_k, d_model).clone()
    `reshape` keeps the order of the numbers and so mixes rows with columns: the transpose, `weights.T`, is wanted.
sizes-swapped: nn.Linear(d_model, d_k, bias=False) → nn.Linear(d_k, d_model, bias=False)
    Your layer says that it goes from d_k to d_model numbers: d_in comes first, and d_in is d_model.
with-a-bias: d_k, bias=False → d_k
    Your layer has a bias, random numbers that it adds; `project` adds nothing: say `bias=False`.
bias-of-zeros:
    - layer = nn.Linear(d_model, d_k, bias=False)
    + layer = nn.Linear(d_model, d_k)
    + nn.init.zeros_(layer.bias)
    Your layer has a bias; zeros add nothing yet, but they can be learned: say `bias=False`.
function-returned: return layer → return lambda x: x @ weights
    You return a function of your own; an `nn.Linear` is asked for, whose weight can be learned.
numbers-left-out:
    - layer.weight = nn.Parameter(weights.T.clone())
    Your layer keeps the random numbers that it started with: put those of `weights` into `.weight`.
not-learned: nn.Parameter(weights.T.clone()) → nn.Parameter(weights.T.clone(), requires_grad=False)
    The numbers are right, but with requires_grad=False they can never be learned.
matrix-returned: return layer → return layer.weight
    You return the matrix of the layer; the layer itself is asked for.
zeros: weights.T.clone() → torch.zeros(d_k, d_model)
    Your layer is filled with zeros; its numbers should be those of `weights`.
""")
alternatives("""
not-copied: weights.T.clone() → weights.T
by-names: nn.Linear(d_model, d_k, bias=False) → nn.Linear(out_features=d_k, in_features=d_model, bias=False)
data:
    - layer.weight = nn.Parameter(weights.T.clone())
    + layer.weight.data = weights.T.clone()
loaded:
    - layer.weight = nn.Parameter(weights.T.clone())
    + layer.load_state_dict({"weight": weights.T})
""")


@alternative
def as_linear__copied_in(weights):
    layer = nn.Linear(weights.shape[0], weights.shape[1], bias=False)
    with torch.no_grad():
        layer.weight.copy_(weights.T)
    return layer


hint("How many numbers go in for each token, and how many come out? Which entries of `weights.shape` are they?")
hint("`.weight` of a layer from 2 to 3 numbers has 3 rows. How does a matrix of 2 rows and 3 columns get 3 rows, with no number taken to another product?")
hint("```python\nlayer = nn.Linear(<in>, <out>, bias=False)\nlayer.weight = nn.Parameter(<weights, in the layout of the layer>)\nreturn layer\n```")
why("The layer multiplies by the transpose of its weight, so the transpose of our matrix goes in. `nn.Parameter` tells PyTorch that these numbers are learned; `clone` gives the layer numbers of its own.")

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
new-layers: project(x, w_q), project(x, w_k), project(x, w_v) → as_linear(w_q)(x), as_linear(w_k)(x), as_linear(w_v)(x)
    The values are right, but each call makes new layers, whose parameters learn in the place of `w_q`, `w_k` and `w_v`: no gradient comes back to these three. Use `project`.
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
hint("Three projections are needed. Which two of them meet in the scores, and which function makes scores of two?")
hint("Row i of the weights belongs to token i, and j runs over the tokens whose values are averaged. Which matrix product sums over j?")
hint("```python\nq, k, v = <x, projected three times>\nweights = <softmax of each row of the scaled scores>  # (n, n)\nreturn <what is handed over, averaged by the weights>\n```")
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
as-wide-as-a-key: torch.eye(x.shape[-1], dtype=x.dtype) → torch.eye(*w_k.shape, dtype=x.dtype)
    Your matrix has the shape of w_k, so that it cuts every embedding to d_k numbers, or fills up with zeros: it should leave all d_model as they are.
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
hint("`project(x, w_v)` is x @ w_v. For which matrix is x @ w_v equal to x, whatever x is? `torch.eye(d)` makes it.")
hint("`w_v` has as many rows as an embedding has numbers. Which entry of `x.shape` is that?")
hint("```python\nidentity = torch.eye(<how large?>)\nreturn single_head_attention(<...>)\n```")
why("Values in general include embeddings as a special case, so a model with W_V can do all that one without it can. `dtype=x.dtype` makes the matrix of the same kind of floats as the tokens.")

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
    Your answer is always 0: a token's distance to itself counts, or a 0 that you filled in. Leave out the diagonal, and put nothing in its place that could be the smallest.
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
one-for-infinity: torch.inf → 1.0
    You put 1 on the diagonal, and where all tokens are farther apart than that, it is the smallest: `torch.inf` is larger than all distances.
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
hint("```python\nfound = single_head_attention(x, w_q, w_k, w_v)  # (n, d_model)\nreturn <what was there, and what was found>\n```")
why("`x` goes past attention untouched and the output is added to it, so a layer that has nothing to say says zero. `+` makes a new tensor, and the caller's embeddings stay as they were.")

# %% judges="place_not_money"
def _moved(before, after, wanted):
    """In words, so that any design with the same effect gives the same."""
    if abs(after - before) <= 0.05:
        return "as it was"
    low, high = wanted
    if low <= after <= high:
        return f"from {low:g} to {high:g}"
    side = f"above {high:g}" if after > high else f"below {low:g}"
    return f"{'raised' if after > before else 'lowered'}, {side}"


def _bank_in(sentence, w_v):
    return _what_becomes_of_the_last(word_vectors(split_words(sentence)), w_v)


def _what_becomes_of_the_last(x, w_v):
    if w_v.shape != (12, 12):
        return "not 12 rows and 12 columns"
    weights = torch.softmax((x @ asks) @ (x @ answers).T, dim=-1)  # d_k = 1, so that √d_k is 1
    before, after = x[-1], (x + weights @ x @ w_v)[-1]
    features = feature_names()
    others = [i for i in range(len(features)) if features[i] not in ("place", "money")]
    return {
        "place": _moved(before[features.index("place")].item(), after[features.index("place")].item(), (2.0, 3.0)),
        "money": _moved(before[features.index("money")].item(), after[features.index("money")].item(), (-0.5, 0.5)),
        "others that moved": [features[i] for i in others if not abs(after[i] - before[i]) <= 0.05],
    }


case("shape", "How many rows and columns there are.", lambda place_not_money: list(place_not_money().shape))
case("steep", "What becomes of *bank* in “interest in the steep bank”.", lambda place_not_money: _bank_in("interest in the steep bank", place_not_money()))
case("big", "What becomes of *bank* in “interest in the big bank”.", lambda place_not_money: _bank_in("interest in the big bank", place_not_money()))
case("tall", "What becomes of *bank* in “the tall bank”.", lambda place_not_money: _bank_in("the tall bank", place_not_money()))
case("rich", "What becomes of *bank* in “interest in the rich bank”.", lambda place_not_money: _bank_in("interest in the rich bank", place_not_money()))
case("old", "What becomes of *bank* in “the old bank”.", lambda place_not_money: _bank_in("the old bank", place_not_money()))


@probe
def words_without_a_size(place_not_money):
    "What becomes of *bank* after five words whose features are drawn, all but their size, which is 0."
    words = uniform(5, 12, low=0.5, high=1.5)
    words[:, size] = 0.0
    return _what_becomes_of_the_last(torch.cat([words, word_vectors(["bank"])]), place_not_money())


mistakes("""
rows-and-columns-swapped:
    - w_v[size, place] = 1.0
    - w_v[size, money] = -1.0
    + w_v[place, size] = 1.0
    + w_v[money, size] = -1.0
    You read place and money and write into size: rows are the features that are read, columns those that are written.
identity:
    - w_v = torch.zeros(12, 12)
    - w_v[size, place] = 1.0
    - w_v[size, money] = -1.0
    + w_v = torch.eye(12)
    With the identity, all features of a neighbour are handed over: only size is to be read, and only place and money are to be written.
nothing-handed-over:
    - w_v[size, place] = 1.0
    - w_v[size, money] = -1.0
    Your matrix hands nothing over: *bank* stays as it was beside every word.
money-stays:
    - w_v[size, money] = -1.0
    *bank* becomes a place, but its money stays as it was: a size has to take money away as well.
place-stays:
    - w_v[size, place] = 1.0
    *bank* loses its money, but its place stays as it was: a size has to add to place as well.
money-raised: -1.0 → 1.0
    A size adds to the money of *bank*; to take money away, the entry has to be below 0.
place-lowered: place] = 1.0 → place] = -1.0
    A size takes from the place of *bank*; to add to place, the entry has to be above 0.
signs-swapped:
    - w_v[size, place] = 1.0
    - w_v[size, money] = -1.0
    + w_v[size, place] = -1.0
    + w_v[size, money] = 1.0
    Beside *steep* your *bank* has more money and less place: the two signs have to change.
too-little:
    - w_v[size, place] = 1.0
    - w_v[size, money] = -1.0
    + w_v[size, place] = 0.5
    + w_v[size, money] = -0.5
    The direction is right, but the edit is too small: work out what an entry of 1 adds to *bank* beside *steep*.
too-much:
    - w_v[size, place] = 1.0
    - w_v[size, money] = -1.0
    + w_v[size, place] = 5.0
    + w_v[size, money] = -5.0
    The direction is right, but the edit is too large: work out what an entry of 1 adds to *bank* beside *steep*.
size-as-well: return w_v → return w_v + torch.diag(torch.eye(12)[size])
    Place and money are right, but the size of the neighbour is handed over as well: *bank* should not become large.
every-feature-read:
    - w_v[size, place] = 1.0
    - w_v[size, money] = -1.0
    + w_v[:, place] = 1.0
    + w_v[:, money] = -1.0
    You fill whole columns, so that every feature of a neighbour counts, and *rich* or *old* change *bank* too: read size alone.
every-feature-written:
    - w_v[size, place] = 1.0
    - w_v[size, money] = -1.0
    + w_v[size] = 1.0
    + w_v[size, money] = -1.0
    You fill the whole row of size, so that a size is added to every feature of *bank*: write into place and money alone.
one-column:
    - w_v = torch.zeros(12, 12)
    - w_v[size, place] = 1.0
    - w_v[size, money] = -1.0
    + w_v = torch.zeros(12, 1)
    + w_v[size] = 1.0
    Your matrix has one column; W_V needs twelve, one for each feature that can be written.
place-read:
    - w_v[size, place] = 1.0
    - w_v[size, money] = -1.0
    + w_v[place, place] = 1.0
    + w_v[place, money] = -1.0
    You read the place of the neighbours. What *steep*, *big* and *tall* share is a size; read that row.
money-read:
    - w_v[size, money] = -1.0
    + w_v[money, money] = -1.0
    You take money away by how much money the neighbours have, so that *rich* changes *bank*: size is what decides.
""")
alternatives("""
stronger: -1.0 → -1.3
uneven: place] = 1.0 → place] = 0.9
whole-rows:
    - w_v[size, place] = 1.0
    - w_v[size, money] = -1.0
    + w_v[size] = 1.2 * (torch.eye(12)[place] - torch.eye(12)[money])
a-little-place-read: return w_v → return w_v + 0.02 * torch.outer(torch.eye(12)[place], torch.eye(12)[place])
""")


@alternative
def place_not_money__key_times_direction():
    direction = torch.zeros(1, 12)
    direction[0, place], direction[0, money] = 1.1, -1.1
    return answers @ direction


@alternative
def place_not_money__written_out():
    edits = {("size", "place"): 0.85, ("size", "money"): -1.0}
    names = feature_names()
    return torch.tensor([[edits.get((read, written), 0.0) for written in names] for read in names])


hint("Which feature have *steep*, *big* and *tall* in common that *rich* and *old* lack? Which row of W_V reads that feature?")
hint("*bank* gives *steep* a weight of 0.83, and the size of *steep* is 1.5. What does an entry of 1 in that row add to *bank*? What does an entry of −1?")
hint("```python\nw_v = <twelve rows of twelve zeros>\nw_v[<feature that is read>, <feature that is written>] = <how much, and with which sign>\n<one more such line>\nreturn w_v\n```")
why("The row of size is read, since a size is what the three words share. Two of its entries write: more place, less money. All other entries are 0, and so nothing else is handed over.")
