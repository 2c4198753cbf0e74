# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Express · One attention head
#
# In forty minutes you build an attention head, the part by which a language model looks back, and run it
# inside a small trained model. At the end you can
#
# - compute each step of attention: project, score, scale, softmax, average;
# - keep a token from reading the future, and say why it must not;
# - read a heatmap of attention weights, and say what scaling and temperature do to it.
#
# **You need:** Python and matrix products. `x @ w` multiplies two matrices, `w.T` transposes one; that is
# all the PyTorch you need. **Time:** 40 minutes.

# %%
from spotlight.notebook import check, hint, predict, reveal, solution, start, verify

start("express_attention_head")

# %%
import math
from collections.abc import Callable

import torch
from torch import Tensor

from spotlight.model_utils.four_tokens import TOKENS, embeddings, key_weights, query_weights, value_weights
from spotlight.model_utils.hooks import head_weights, with_head, without_heads, without_value
from spotlight.model_utils.mini_model import load_mini_model
from spotlight.model_utils.one_head import fused_head, head_in_a_loop
from spotlight.model_utils.timing import milliseconds
from spotlight.visualizations import show_attention_flow, show_attention_steps, show_bars, show_heatmap, show_map
from spotlight.visualizations import heads_of, show_head_browser, show_heatmaps, show_layers

# %%
show_map(
    "blocks.0.attention.query",
    "blocks.0.attention.key",
    "blocks.0.attention.value",
    "blocks.0.attention.softmax",
)

# %% [markdown]
# ## A question that needs looking back
#
# The course ships a model of 1.4 million parameters, trained on a small world of cats, mats and sums.
# Let it finish this lesson's example, and its twin, in which the adjective is another.

# %%
mini = load_mini_model()
PROMPT_EXAMPLE = "The cat sat on the mat because it was tired. The tired one is the"
TWIN = PROMPT_EXAMPLE.replace("tired", "soft")
for prompt in (PROMPT_EXAMPLE, TWIN):
    print("…", prompt[prompt.index("because") :], [f"{word} {share:.2f}" for word, share in mini.next_words(prompt, 2)])

# %% [markdown]
# The last word is *the* in both. Nothing in it says *cat* or *mat*; the model must have looked back.
# Attention is the only part that can do so. Switch all of it off:

# %%
every_head = [(layer, head) for layer in range(3) for head in range(6)]
with without_heads(mini.model, every_head):
    for prompt in (PROMPT_EXAMPLE, TWIN):
        print("…", prompt[prompt.index("because") :], [f"{word} {share:.2f}" for word, share in mini.next_words(prompt, 2)])

# %% [markdown]
# Now both sentences get the same guess: each token sees only itself. You are going to build what was
# switched off. It is called **self-attention**: the tokens of one text look at each other.
#
# **Tokens** are the pieces that a model reads, here words and marks. Each token has a number, and with this
# number the model looks up a row of a table: 192 numbers, the token's **embedding**. A second table has a row
# for each position, and this row is added.

# %%
words = mini.tokens(PROMPT_EXAMPLE)
ids = mini.ids(PROMPT_EXAMPLE)[0]  # (16,)
table, positions = mini.model.tok_emb.weight, mini.model.pos_emb.weight  # one row per word, one per position
embedded = table[ids] + positions[: len(ids)]  # (16, 192)
print("table of embeddings", tuple(table.shape), "  numbers of the tokens", ids.tolist())
show_heatmaps(
    {"looked up": table[ids][:, :16], "position added": embedded[:, :16]},
    words,
    [str(number) for number in range(16)],
    kind="scores",
    row_label="token",
    column_label="number in the vector",
    value_label="value",
    title="Each token looked up",
    caption="The first 16 of 192 numbers. Four times *the*, one row of the table; positions make them differ.",
)

# %% [markdown]
# Earlier layers add what they found. A head reads a matrix $x$ with one row per token. Here is the matrix that
# arrives at the head that you will replace:

# %%
role = mini.roles["referent"]  # of all heads, this one has most weight on the noun
x = mini.attention_input(PROMPT_EXAMPLE, role.layer)  # (16, 192)
print(f"layer {role.layer}, head {role.head} reads x:", tuple(x.shape))

# %% [markdown]
# ## 1 · Project
#
# A head turns every row of $x$ into three shorter vectors, each by a matrix that was learned:
#
# - a **query**: what this token looks for;
# - a **key**: what it offers to be found by;
# - a **value**: what it hands over once found.
#
# One function does all three. Each row of `x` is multiplied by the matrix from the right: with
# $x_i = (1, 2)$ and $W = \begin{pmatrix} 1 & 0 \\ 3 & 1 \end{pmatrix}$ the result is
# $(1 \cdot 1 + 2 \cdot 3,\; 1 \cdot 0 + 2 \cdot 1) = (7, 2)$.

# %% exercise="project" points=1 minutes=2 difficulty=1
def project(x: Tensor, weights: Tensor) -> Tensor:
    """Every token seen through one matrix.

    x: (n, d_model), weights: (d_model, d_k) → (n, d_k)
    """
    # TODO: multiply every row of x by weights, from the right.
    ### BEGIN SOLUTION
    return x @ weights
    ### END SOLUTION

# %% [markdown]
# The three matrices of the trained head, and your projections:

# %%
w_q, w_k, w_v = head_weights(mini.model, role.layer, role.head)  # (192, 32) each
q, k, v = (project(x, weights) for weights in (w_q, w_k, w_v))  # (16, 32) each
print("queries", tuple(q.shape), "keys", tuple(k.shape), "values", tuple(v.shape))
show_heatmap(
    v,
    words,
    kind="scores",
    row_label="token",
    column_label="number in the value vector",
    value_label="value",
    title="What each token would hand over",
    caption="The 32 numbers of every token's value vector; nobody chose them, training did.",
)

# %% [markdown]
# ## 2 · Score
#
# How well does key $j$ fit query $i$? Take their dot product: large when they point the same way. A sum
# of $d_k$ products grows with $d_k$, so it is divided by $\sqrt{d_k}$:
#
# $$\text{score}_{ij} = \frac{q_i \cdot k_j}{\sqrt{d_k}}$$
#
# By hand, with $d_k = 4$: for $q_i = (1, 2, 0, 1)$ and $k_j = (3, 0, 5, 1)$ the dot product is
# $3 + 0 + 0 + 1 = 4$, and the score is $4 / \sqrt 4 = 2$.

# %% exercise="scaled_scores" points=1 minutes=3 difficulty=1
def scaled_scores(q: Tensor, k: Tensor) -> Tensor:
    """How well each key fits each query; row i belongs to query i.

    q: (n, d_k), k: (m, d_k) → (n, m)
    """
    # TODO: take the dot product of every query with every key, divided by the square root of d_k.
    ### BEGIN SOLUTION
    return q @ k.T / math.sqrt(k.shape[-1])
    ### END SOLUTION

# %% [markdown]
# <details><summary>Help, I'm getting <code>RuntimeError: mat1 and mat2 shapes cannot be multiplied (3x8 and 5x8)</code></summary>
#
# `@` needs as many columns on the left as rows on the right. Both have their 8 numbers per vector in the
# columns: one of the two must be turned.
# </details>

# %%
raw = scaled_scores(q, k)  # (16, 16)
show_heatmap(
    raw,
    words,
    kind="scores",
    title="Every query against every key",
    caption="Look along the last row: which key fits the last query best?",
)

# %% [markdown]
# Scores are no shares: they may be negative, and their sum means nothing. Softmax turns each row of scores into a
# row of **weights**, which are positive and add up to 1:
#
# $$\text{weight}_j = \frac{e^{s_j}}{\sum_m e^{s_m}}$$
#
# Computed as it stands, this formula fails on large scores:

# %%
large = torch.tensor([1000.0, 999.0])
print("exponentials", torch.exp(large), "  weights", torch.exp(large) / torch.exp(large).sum())

# %% [markdown]
# ## 3 · Softmax
#
# Subtracting the same number from all scores of a row changes no weight, since $e^{s-c} = e^s / e^c$ and
# the $e^c$ cancels. So subtract the row's largest score first: then no exponential exceeds 1. For scores
# $(1000, 999)$ that leaves $(0, -1)$, and weights $1 / 1.37 = 0.73$ and $0.37 / 1.37 = 0.27$.

# %% exercise="softmax_rows" points=1 minutes=4 difficulty=2
def softmax_rows(scores: Tensor) -> Tensor:
    """Positive weights from scores; each row adds up to 1, however large the scores are.

    scores: (n, m) → (n, m)
    """
    # TODO: subtract each row's largest score, take exponentials, divide by each row's sum.
    ### BEGIN SOLUTION
    exponentials = torch.exp(scores - scores.max(dim=-1, keepdim=True).values)
    return exponentials / exponentials.sum(dim=-1, keepdim=True)
    ### END SOLUTION

# %% [markdown]
# <details><summary>Help, I'm getting <code>TypeError: unsupported operand type(s) for -: 'Tensor' and 'torch.return_types.max'</code></summary>
#
# With a `dim`, `max` returns two things: the largest values, and where they stand. You want `.values`.
# </details>
#
# <details><summary>Help, I'm getting <code>RuntimeError: The size of tensor a (3) must match the size of tensor b (2) at non-singleton dimension 1</code></summary>
#
# A row's sum or maximum has lost its dimension. `keepdim=True` keeps a column that fits beside its row.
# </details>

# %%
open_weights = softmax_rows(raw)  # (16, 16)
show_heatmap(
    open_weights,
    words,
    title="Who looks at whom",
    caption="Row by row, the weights of the trained head, computed by your three functions; no mask yet.",
)

# %% [markdown]
# ## 4 · Average the values
#
# Weights say *how much* of each token, values say *what*. The output of token $i$ is the weighted average
# of all values:
#
# $$\text{output}_i = \sum_j \text{weight}_{ij}\, v_j$$
#
# By hand: with weights $(0.25, 0.75)$ and values $(4, 0)$ and $(0, 8)$ the output is
# $0.25 \cdot (4, 0) + 0.75 \cdot (0, 8) = (1, 6)$.

# %% exercise="aggregate" points=1 minutes=3 difficulty=1
def aggregate(weights: Tensor, values: Tensor) -> Tensor:
    """Each query's weighted average of the values.

    weights: (n, m), values: (m, d_v) → (n, d_v)
    """
    # TODO: for every row of weights, add up the values, each times its weight.
    ### BEGIN SOLUTION
    return weights @ values
    ### END SOLUTION

# %%
output = aggregate(open_weights, v)  # (16, 32)
show_heatmaps(
    {"values": v, "output": output},
    words,
    [str(number) for number in range(32)],
    kind="scores",
    row_label="token",
    column_label="number in the vector",
    value_label="value",
    title="What is handed over, and what arrives",
    caption="As many rows as tokens, as wide as a value: each output row is an average of value rows.",
)

# %% [markdown]
# One thing is wrong with these weights. Count how much of each row lies to the right of the diagonal, on
# words that come later:

# %%
on_later_words = open_weights.triu(diagonal=1).sum(dim=-1)
print({f"{place} {word}": round(share.item(), 2) for place, (word, share) in enumerate(zip(words, on_later_words))})

# %% [markdown]
# A model that is trained to predict the next word would read the answer there instead of learning it.
# So its heads are **causal**: row $i$ may use tokens $0 … i$ only. Scores of later tokens become
# $-\infty$ before softmax, and $e^{-\infty} = 0$.

# %%
future = torch.ones(4, 4, dtype=torch.bool).triu(diagonal=1)
print(future)
print(torch.zeros(4, 4).masked_fill(future, -torch.inf))

# %% prediction="first_row"
predict("first_row", 1.0, between=(0.0, 1.0))  # causal: the first token's weight on itself?

# %% [markdown]
# ## 5 · The whole head
#
# All parts are there. Put them together, with the mask as a choice. What the head computes is called **scaled
# dot-product attention** (Vaswani et al. 2017).

# %% exercise="attention_head" points=2 minutes=6 difficulty=2
def attention_head(x: Tensor, w_q: Tensor, w_k: Tensor, w_v: Tensor, causal: bool = False) -> Tensor:
    """What one head gathers for every token; when causal, from that token and earlier ones only.

    x: (n, d_model), w_q: (d_model, d_k), w_k: (d_model, d_k), w_v: (d_model, d_v) → (n, d_v)
    """
    # TODO: project three times, score, mask the future if causal, softmax each row, average the values.
    ### BEGIN SOLUTION
    q, k, v = project(x, w_q), project(x, w_k), project(x, w_v)
    scores = scaled_scores(q, k)  # (n, n)
    if causal:
        future = torch.ones_like(scores, dtype=torch.bool).triu(diagonal=1)
        scores = scores.masked_fill(future, -torch.inf)
    return aggregate(softmax_rows(scores), v)
    ### END SOLUTION

# %%
first_only = attention_head(x, w_q, w_k, w_v, causal=True)[0]  # (32,)
reveal("first_row", (first_only @ v[0] / (v[0] @ v[0])).item())  # how many times its own value it got

# %% [markdown]
# The first token has nobody before it: whatever its score, softmax over one number gives 1.
#
# Here is the same head on vectors small enough for a pencil: four tokens, three numbers each.

# %%
show_attention_steps(
    embeddings(),
    query_weights(),
    key_weights(),
    value_weights(),
    TOKENS,
    causal=True,
    title="One head, step by step",
    caption="Follow one row from the left to the right: four given tokens of width 3, and given matrices.",
)

# %% [markdown]
# And your head on the sentence:

# %%
def my_head(x: Tensor, w_q: Tensor, w_k: Tensor, w_v: Tensor) -> Tensor:
    """Your head, causal, as the mini model needs it."""
    return attention_head(x, w_q, w_k, w_v, causal=True)


def my_weights(x: Tensor = x, factor: float = 1.0) -> Tensor:
    """Your head's weights, by default on the example, with scores `factor` times as large.

    Where the values form a unit matrix, the weighted averages are the weights themselves.
    """
    return attention_head(x, factor * w_q, w_k, torch.linalg.pinv(x), causal=True)


show_heatmaps(
    {"your head": my_weights(), "the head of the model": mini.attention(PROMPT_EXAMPLE)[role.layer, role.head]},
    words,
    title="Your head beside the head of the model",
    caption="The same pattern twice. Look at the last row, which names the noun, and at the first column.",
)

# %% [markdown]
# The first column is dark: many rows give most of their weight to the first *the*. A row has to add up to 1, also
# where a head finds nothing, and every token may look at the first one. So weight can rest there. Such a place is
# called an **attention sink** (Xiao et al. 2023). Does the answer need what is handed over there? Let the first token
# hand over nothing in this layer, and then the second:

# %%
for place in (0, 1):
    with without_value(mini.model, role.layer, place):
        ((word, share),) = mini.next_words(PROMPT_EXAMPLE, 1)
    weight = mini.attention(PROMPT_EXAMPLE)[role.layer, :, 2:, place].mean()
    print(f"token {place} ({words[place]}) gets {weight:.2f} of the weight; without its value: {word} {share:.2f}")

# %% [markdown]
# Most of the weight rests on a token whose value this answer does not need. *cat* gets little, and the answer needs
# it. Now the last row alone:

# %%
show_attention_flow(
    my_weights(),
    words,
    of=-1,
    title="Where the last token looks",
    caption="The weights of the last *the*, drawn as arcs to the tokens it gathers from.",
)

# %%
twin_words = mini.tokens(TWIN)
twin_weights = my_weights(mini.attention_input(TWIN, role.layer))[-1]  # (16,)
place = int(twin_weights.argmax())
print(f"in the twin, with *soft* for *tired*: {twin_words[place]} gets {twin_weights[place].item():.2f}")

# %% [markdown]
# ## 6 · Inside the model
#
# Is your head the real thing? `with_head(model, layer, head, function)` lets `function` do the work of
# one head of the model while the `with` block lasts. `mini.logits(prompt)` scores each of the model's
# words at every position of the prompt; the scores at the last position are for the next word.

# %% exercise="logits_with_head" points=1 minutes=3 difficulty=2
def logits_with_head(function: Callable, layer: int, head: int, prompt: str) -> Tensor:
    """The scores of the next word, while `function` does the work of one head of `mini.model`.

    function is called with x, w_q, w_k and w_v. Returned is one score for each word of the model.
    """
    # TODO: inside a `with with_head(...)` block, return the last row of the prompt's logits.
    ### BEGIN SOLUTION
    with with_head(mini.model, layer, head, function):
        return mini.logits(prompt)[-1]
    ### END SOLUTION

# %%
own = mini.logits(PROMPT_EXAMPLE)[-1]  # the model as it was trained
mine = logits_with_head(my_head, role.layer, role.head, PROMPT_EXAMPLE)
with without_heads(mini.model, [(role.layer, role.head)]):
    switched_off = mini.logits(PROMPT_EXAMPLE)[-1]
likeliest = own.topk(6).indices
show_bars(
    {"the model's own head": own[likeliest], "your head": mine[likeliest], "head switched off": switched_off[likeliest]},
    mini.tokenizer.tokens(likeliest.tolist()),
    xlabel="next word",
    ylabel="logit",
    title="Scores of the likeliest next words",
    caption=f"Of all words, your head changes no score by more than {(mine - own).abs().max():.0e}; "
    f"without the head, one moves by {(switched_off - own).abs().max():.1f}.",
)

# %% [markdown]
# Your ten lines did what a trained model does, to the last digits that floats can hold. With the head switched off
# the scores move, but *cat* stays ahead. The last part of this lesson finds out why.
#
# ## What each piece was for
#
# **Scaling.** Before training, queries and keys are random numbers. Draw 16 of each, as wide as in this head, 32.
# Leave √d_k out and their scores are 5.7 times as large.

# %% prediction="without_scaling"
predict("without_scaling", "sharper", choices=["sharper", "flatter", "unchanged"])  # the weights, unscaled?

# %%
torch.manual_seed(0)
random_scores = scaled_scores(torch.randn(16, 32), torch.randn(16, 32))  # (16, 16)
with_scaling, without_scaling = softmax_rows(random_scores), softmax_rows(math.sqrt(32) * random_scores)
largest = {name: each.max(dim=-1).values.mean().item() for name, each in (("with", with_scaling), ("without", without_scaling))}
reveal("without_scaling", "sharper" if largest["without"] > largest["with"] else "flatter")
show_heatmaps(
    {"divided by √d_k": with_scaling, "not divided": without_scaling},
    row_label="query",
    column_label="key",
    title="Random queries and keys, with and without scaling",
    caption=f"The largest weight of a row is {largest['with']:.2f} on average with scaling, {largest['without']:.2f} without.",
)

# %% [markdown]
# Without scaling most of a row's weight falls on one key before anything has been learned. A weight near 0 or 1
# hardly moves when a score moves a little, so a head that starts out like this hardly learns (lesson 03).
#
# The number by which scores are divided before softmax is called the **temperature**: attention has the temperature
# √d_k. Multiply it by 0.25 and by 4:

# %%
place = 12  # the second *tired*
show_bars(
    {f"{times:g} · √d_k": my_weights(factor=1 / times)[place, : place + 1] for times in (0.25, 1, 4)},
    words[: place + 1],
    title="One row at three temperatures",
    caption="Where the second *tired* looks: cold gives all to the best match, warm spreads the weight out.",
)

# %% [markdown]
# **More heads.** The mini model has 18 heads. Three are framed, each the best in one measurement: weight on the
# token before, weight on what came after this word the last time, weight on the noun. The last of the three is the
# head that you replaced.

# %%
show_layers(
    mini.attention(PROMPT_EXAMPLE),
    words,
    names={(found.layer, found.head): name for name, found in mini.roles.items()},
    title="All heads of the mini model on the example",
    caption="Rows are layers, columns heads; the framed ones have a measured role.",
)

# %%
show_head_browser(heads_of(mini, [PROMPT_EXAMPLE, TWIN]), mini.roles)

# %% [markdown]
# Why did *cat* stay ahead without your head? Four other heads of layer 1 look at *cat* in their last row. Switch
# them off as well, one after the other:

# %%
order = [role.head, 0, 2, 3, 5]  # your head first, then those that look at *cat* in the last row
for count in range(len(order) + 1):
    with without_heads(mini.model, [(role.layer, head) for head in order[:count]]):
        print(f"{count} off: cat {mini.probability(PROMPT_EXAMPLE, 'cat'):.2f}")

# %% [markdown]
# Five heads look at *cat*, and four of them can go before *cat* is lost. So a heatmap shows where a head looks, and
# not whether the head is needed. Lesson 06 measures that for every head.

# %% [markdown]
# **Speed.** A Python loop over tokens would be right, and slow. Yours, the framework's own attention, and
# a loop, on the same numbers:

# %%
heads = {"yours": my_head, "framework": fused_head, "loop": head_in_a_loop}
taken = {name: milliseconds(lambda head=head: head(x, w_q, w_k, w_v), repeats=50) for name, head in heads.items()}
gap = (my_head(x, w_q, w_k, w_v) - fused_head(x, w_q, w_k, w_v)).abs().max().item()
print(f"largest difference between your output and the framework's: {gap:.1e}")
show_bars(
    {"milliseconds": list(taken.values())},
    list(taken),
    xlabel="head",
    ylabel="milliseconds",
    title="One head, three ways to compute it",
    caption="The shortest of 50 runs on 16 tokens, on this machine.",
)

# %% [markdown]
# ## What you have now
#
# - Queries, keys and values are three projections of the same rows.
# - softmax(QKᵀ/√d_k) gives each token a row of weights; the output is the weighted average of values.
# - A mask of −∞ before softmax keeps the future out, and rows still add up to 1.
# - Without √d_k, weights are sharp before training begins.
# - Your head runs in a trained model and changes none of its answers.
#
# Around it stand more heads, the residual stream and the feed-forward network. And who found these three matrices?
# Lessons 02 to 06 take the same road slowly.
#
# **Optional:** `from spotlight.notebook import review`, then `review()`. A model on your own machine (Ollama)
# comments on your code, offline; no mark changes.

# %% tags=["authoring"]
# From here on: how each exercise is judged. Of this, students see the hints alone.
from spotlight.authoring import alternative, alternatives, case, entry, forbid
from spotlight.authoring import hint, mistakes, probe, why
from spotlight.sandbox.kit import formatted, gradients, randint, randn, uniform, whole_numbers

forbid("model_utils", because="the course keeps its own version there, and yours is asked for.")

# %% judges="project"
case("by_hand", "Two tokens of width 3, projected to width 4; whole numbers.", whole_numbers, n=2, d_model=3, d_k=4)
case("five_tokens", "Five tokens of width 4, projected to width 3.", n=5, d_model=4, d_k=3)
case("square", "Three tokens of width 3, projected to width 3.", n=3, d_model=3, d_k=3)
entry(lambda i, j, x, weights: f"row {i} of `x` · column {j} of `weights` = {formatted(x[i])} · {formatted(weights[:, j])} = {formatted(x[i] @ weights[:, j])}")
mistakes("""
transposed-weights: x @ weights → x @ weights.T
    You multiply by the transpose of the matrix: `weights` is (d_model, d_k) and stands on the right as it is.
element-by-element: x @ weights → x * weights
    `*` multiplies entry by entry; a projection is a matrix product, `@`.
weights-from-the-left: x @ weights → weights @ x
    You put the matrix on the left, which mixes tokens; rows of `x` are tokens, so the matrix stands on the right.
""")
alternatives("""
matmul: x @ weights → torch.matmul(x, weights)
einsum: x @ weights → torch.einsum("nd,dk->nk", x, weights)
""")
forbid("Linear", "linear", because="write the product itself, so that the shapes are yours to see.")
hint("One row of the result belongs to one token. Which row of `x` does it need, and which part of `weights`?")
hint("A matrix product pairs rows of the left with columns of the right. The result is (n, d_k): what must stand left, what right?")
hint("```python\nreturn <tokens> @ <matrix>\n```")
why("`@` pairs the d_model columns of `x` with the d_model rows of `weights`, so all tokens are projected at once, and the same line serves queries, keys and values.")

# %% judges="scaled_scores"
case("by_hand", "Two queries against three keys of width 4; whole numbers.", whole_numbers, n=2, d_k=4, m=3)
case("three_against_five", "Three queries against five keys of width 8.", n=3, d_k=8, m=5)
case("six_against_four", "Six queries against four keys of width 16.", n=6, d_k=16, m=4)
case("square", "Five queries against five keys of width 5.", n=5, d_k=5, m=5)


@entry
def scaled_scores__entry(i, j, q, k):
    score, d_k = q[i] @ k[j], k.shape[-1]
    return (
        f"query {i} · key {j} / √d_k = {formatted(q[i])} · {formatted(k[j])} / √{d_k} = "
        f"{formatted(score)} / {formatted(math.sqrt(d_k))} = {formatted(score / math.sqrt(d_k))}"
    )


mistakes("""
not-scaled: / math.sqrt(k.shape[-1]) →
    The scores are right but grow with d_k: divide them by √d_k.
scaled-by-d-k: math.sqrt(k.shape[-1]) → k.shape[-1]
    Your scores are divided by d_k in all, once or by its root twice; its square root, once, keeps them in range.
scaled-by-sequence-length: k.shape[-1] → k.shape[0]
    You divide by the square root of the number of tokens; the scores grow with d_k, the width of each vector.
multiplied: / math → * math
    You multiply by √d_k, which makes large scores larger; divide.
keys-against-queries: q @ k.T → k @ q.T
    The scaling is right, but row i should belong to query i: you scored keys against queries.
summed-over-tokens: q @ k.T → q.T @ k
    QᵀK sums over tokens and compares dimensions; you want QKᵀ.
""")
alternatives("""
power: / math.sqrt(k.shape[-1]) → * k.shape[-1] ** -0.5
einsum: q @ k.T → torch.einsum("nd,md->nm", q, k)
""")


@alternative
def scaled_scores__scaled_first(q, k):
    scale = q.size(-1) ** 0.25
    return (q / scale) @ (k / scale).transpose(-2, -1)


forbid("scaled_dot_product_attention", "MultiheadAttention", "causal_attention_weights", because="you are building it.")
hint("Entry (i, j) is one number made of one query and one key. Which product pairs every row of `q` with every row of `k`?")
hint("`@` pairs rows with columns, so the rows of `k` must become columns. And d_k is which entry of `k.shape`?")
hint("```python\nreturn <queries> @ <keys, turned> / math.sqrt(<d_k>)\n```")
why("The transpose turns keys into columns, so one product makes all n · m scores. d_k is read off the keys, so the line holds for any width.")

# %% judges="softmax_rows"
case("by_hand", "Two rows of three scores; whole numbers.", whole_numbers, n=2, m=3)
case("wide", "Three rows of seven scores.", lambda softmax_rows: softmax_rows(2 * randn(3, 7)))
case("square", "Four rows of four scores.", n=4, m=4)
case("large_scores", "Three rows of five scores, around 0, 60 and 120.", lambda softmax_rows: softmax_rows(randn(3, 5) + torch.tensor([[0.0], [60.0], [120.0]])))


@probe
def masked_scores(softmax_rows):
    "Four rows of four scores, some of them minus infinity."
    future = torch.ones(4, 4, dtype=torch.bool).triu(diagonal=1)
    return softmax_rows(randn(4, 4).masked_fill(future, -torch.inf))


@entry
def softmax_rows__entry(i, j, scores):
    shifted = scores[i] - scores[i].max()
    total = shifted.exp().sum()
    return (
        f"less its largest, row {i} is {formatted(shifted)}; exp({formatted(shifted[j])}) divided by the sum of "
        f"all its exponentials, {formatted(total)}, is {formatted(shifted[j].exp() / total)}"
    )


mistakes("""
overflows: scores - scores.max(dim=-1, keepdim=True).values → scores
    Right for small scores, but exp overflows on large ones: subtract each row's largest score first.
columns: exponentials.sum(dim=-1, keepdim=True) → exponentials.sum(dim=0, keepdim=True)
    Your columns add up to 1; it is each row (dim=-1) that should, because a row belongs to one query.
whole-matrix: exponentials.sum(dim=-1, keepdim=True) → exponentials.sum()
    You share out one unit of weight over the whole matrix; each row has one of its own.
without-exponentials: torch.exp(scores - scores.max(dim=-1, keepdim=True).values) → scores
    You divide the scores themselves by their sum, which can be negative or zero: take exponentials first.
powers-of-two: torch.exp(scores → torch.exp2(scores
    You take powers of 2; softmax takes powers of e, `torch.exp`.
one-maximum-for-all: scores.max(dim=-1, keepdim=True).values → scores.max()
    What you subtract is not the largest of the row itself: a row far below it underflows to 0 / 0. Take each row's own.
not-normalised: / exponentials.sum(dim=-1, keepdim=True) →
    The exponentials are right; divide each row by its sum, so that it adds up to 1.
""")
alternatives("""
amax: scores.max(dim=-1, keepdim=True).values → scores.amax(-1, True)
through-the-logarithm:
    - exponentials = torch.exp(scores - scores.max(dim=-1, keepdim=True).values)
    - return exponentials / exponentials.sum(dim=-1, keepdim=True)
    + return torch.exp(scores - scores.logsumexp(dim=-1, keepdim=True))
""")


@alternative
def softmax_rows__row_by_row(scores):
    rows = []
    for row in scores:
        raised = (row - row.max()).exp()
        rows.append(raised / raised.sum())
    return torch.stack(rows)


forbid("softmax", "log_softmax", "Softmax", because="softmax is what you are writing.")
hint("Each row has its own largest score. Which `dim` runs along a row, and what does `keepdim=True` do to the shape?")
hint("`scores.max(dim=...)` returns values and places. Which of the two do you subtract?")
hint("```python\nexponentials = torch.exp(scores - <largest of each row, kept as a column>)\nreturn exponentials / <sum of each row, kept as a column>\n```")
why("`keepdim=True` leaves a column (n, 1) that broadcasts over its row. The shift changes no weight, and makes the largest exponential exactly 1, so nothing overflows and no sum is 0.")

# %% judges="aggregate"
def _shares(n, m):
    return torch.softmax(2 * randn(n, m), dim=-1)


case("by_hand", "Two rows of three weights, and values of width 2; whole numbers of values.", whole_numbers, m=3, d_v=2, weights=torch.tensor([[0.5, 0.25, 0.25], [0.0, 0.75, 0.25]]))
case("four_queries", "Four queries that share out six values of width 3.", m=6, d_v=3, weights=_shares(4, 6))
case("square", "Five queries, five values of width 5.", m=5, d_v=5, weights=_shares(5, 5))


@entry
def aggregate__entry(i, j, weights, values):
    terms = " + ".join(f"{formatted(w)} · {formatted(value)}" for w, value in zip(weights[i], values[:, j]))
    return f"number {j} of every value, times the weights of row {i}: {terms} = {formatted(weights[i] @ values[:, j])}"


mistakes("""
transposed-weights: weights @ values → weights.T @ values
    You use the columns of the weights; row i of the weights belongs to output i.
plain-average: weights @ values → values.mean(dim=0).expand(len(weights), -1)
    You average all values alike and leave the weights out.
only-the-strongest: weights @ values → values[weights.argmax(dim=-1)]
    You take the value with the largest weight alone; every value counts, as much as its weight says.
element-by-element: weights @ values → weights * values
    `*` multiplies entry by entry; the sum over tokens is a matrix product, `@`.
""")
alternatives("""
einsum: weights @ values → torch.einsum("nm,md->nd", weights, values)
broadcast: weights @ values → (weights[:, :, None] * values[None, :, :]).sum(dim=1)
""")


@alternative
def aggregate__loop(weights, values):
    return torch.stack([sum(w * value for w, value in zip(row, values)) for row in weights])


forbid("scaled_dot_product_attention", "MultiheadAttention", because="you are building it.")
hint("Which token's value does weight (i, j) belong to, and to which token's output does it go?")
hint("The sum runs over j: the columns of `weights` and the rows of `values`. Which product pairs those?")
hint("```python\nreturn <weights> @ <values>\n```")
why("A matrix product is a sum over the inner dimension, and here that is the tokens: row i mixes all values by the weights of query i.")

# %% judges="attention_head"
case("by_hand", "Three tokens of width 2, no mask; whole numbers.", lambda attention_head: attention_head(whole_numbers(3, 2, low=-1, high=2), whole_numbers(2, 4, low=-1, high=2), whole_numbers(2, 4, low=-1, high=2), whole_numbers(2, 3)))
case("by_hand_causal", "Three tokens of width 2, causal; whole numbers.", lambda attention_head: attention_head(whole_numbers(3, 2, low=-1, high=2), whole_numbers(2, 4, low=-1, high=2), whole_numbers(2, 4, low=-1, high=2), whole_numbers(2, 3), causal=True))
case("open_head", "Five tokens of width 6 with d_k = 4 and d_v = 3, no mask.", lambda attention_head: attention_head(randn(5, 6), randn(6, 4), randn(6, 4), randn(6, 3)))
case("causal_head", "Seven tokens of width 5 with d_k = 4 and d_v = 3, causal.", lambda attention_head: attention_head(randn(7, 5), randn(5, 4), randn(5, 4), randn(5, 3), causal=True))
case("square", "Four tokens of width 4, every width 4, causal.", lambda attention_head: attention_head(randn(4, 4), randn(4, 4), randn(4, 4), randn(4, 4), causal=True))
case("sixty_tokens", "Sixty tokens, causal, every width 4.", lambda attention_head: attention_head(randn(60, 4), randn(4, 4) / 2, randn(4, 4) / 2, randn(4, 4), causal=True))


@probe
def scores_far_below_zero(attention_head):
    "Five tokens whose scores are all far below 0, causal, every width 4."
    w_k = 1.5 * torch.eye(4) + randn(4, 4) / 20
    return attention_head(randn(5, 4) + 6, -w_k, w_k, randn(4, 3), causal=True)


case("one_token", "A single token: all weight is on itself.", lambda attention_head: attention_head(randn(1, 3), randn(3, 2), randn(3, 2), randn(3, 4), causal=True))
case("what_flows_back", "The gradients that flow back to four tokens and to the three matrices, causal.", lambda attention_head: gradients(lambda x, w_q, w_k, w_v: attention_head(x, w_q, w_k, w_v, causal=True), x=randn(4, 3) / 2, w_q=randn(3, 2), w_k=randn(3, 2), w_v=randn(3, 5)))


@entry
def attention_head__entry(i, j, x, w_q, w_k, w_v, causal=False):
    scores = (x[i] @ w_q) @ (x @ w_k).T / math.sqrt(w_k.shape[-1])
    if causal:
        scores = scores[: i + 1]
    shares = torch.softmax(scores, dim=-1)
    values = (x @ w_v)[: len(shares), j]
    seen = "tokens up to itself" if causal else "all tokens"
    return (
        f"token {i} weighs {seen} by {formatted(shares)}; number {j} of their values is {formatted(values)}, "
        f"and the weighted sum {formatted(shares @ values)}"
    )


mistakes("""
mask-after-softmax:
    - if causal:
    -     future = torch.ones_like(scores, dtype=torch.bool).triu(diagonal=1)
    -     scores = scores.masked_fill(future, -torch.inf)
    - return aggregate(softmax_rows(scores), v)
    + weights = softmax_rows(scores)
    + if causal:
    +     weights = weights.tril()
    + return aggregate(weights, v)
    You mask after softmax, so the rows no longer add up to 1: mask the scores before it.
masked-with-zero: -torch.inf → 0.0
    Masked scores become 0, and e⁰ = 1 still is weight: they must be −∞ before softmax.
past-masked: triu(diagonal=1) → tril(diagonal=-1)
    You mask the past and keep the future: the other triangle is the one to mask.
diagonal-masked: triu(diagonal=1) → triu(diagonal=0)
    You mask the diagonal as well, so the first token has nothing left to look at and its row is NaN: start at diagonal=1.
mask-off-by-one: triu(diagonal=1) → triu(diagonal=2)
    Each token still sees one token of the future: start the mask at diagonal=1.
never-causal: if causal: → if False:
    `causal` makes no difference: when it is true, scores of later tokens must become −∞.
always-causal: if causal: → if True:
    You mask even where no mask is asked for: `causal` is False unless it is given as True.
not-scaled: scaled_scores(q, k) → q @ k.T
    The scores go into softmax unscaled: use your `scaled_scores`.
averages-the-keys: aggregate(softmax_rows(scores), v) → aggregate(softmax_rows(scores), k)
    You average the keys; it is the values that a token hands over.
averages-the-input: project(x, w_v) → x
    You average the rows of `x`; project them with `w_v` first.
softmax-forgotten: aggregate(softmax_rows(scores), v) → aggregate(scores, v)
    The scores are used as weights; softmax over each row makes weights of them.
uniform: scaled_scores(q, k) → 0 * (q @ k.T)
    Every token counts alike, whatever it is: the weights must come from queries and keys.
keys-from-queries: project(x, w_k) → project(x, w_q)
    Queries and keys both come from `w_q`; the keys have a matrix of their own, `w_k`.
""")
alternatives("""
additive-mask: scores = scores.masked_fill(future, -torch.inf) → scores = scores + torch.zeros_like(scores).masked_fill(future, -torch.inf)
where: scores = scores.masked_fill(future, -torch.inf) → scores = torch.where(future, torch.tensor(float('-inf')), scores)
""")


@alternative
def attention_head__from_scratch(x, w_q, w_k, w_v, causal=False):
    scores = (x @ w_q) @ (x @ w_k).T * w_k.shape[1] ** -0.5
    n = len(x)
    if causal:
        places = torch.arange(n)
        scores[places[None, :] > places[:, None]] = -torch.inf
    return torch.softmax(scores, dim=1) @ (x @ w_v)


@alternative
def attention_head__token_by_token(x, w_q, w_k, w_v, causal=False):
    q, k, v = x @ w_q, x @ w_k, x @ w_v
    rows = []
    for i in range(len(x)):
        end = i + 1 if causal else len(x)
        rows.append(torch.softmax(k[:end] @ q[i] / math.sqrt(k.shape[1]), dim=0) @ v[:end])
    return torch.stack(rows)


forbid("scaled_dot_product_attention", "MultiheadAttention", "causal_attention", "fused_head", "head_in_a_loop", because="you are building it.")
hint("Which of your four functions do you need, and in which order? Which one is called three times?")
hint("The mask changes scores, not weights. Between which two of your functions does it belong?")
hint("```python\nq, k, v = ...\nscores = <scaled scores>\nif causal:\n    future = <True above the diagonal>\n    scores = <scores, minus infinity where future is True>\nreturn aggregate(<weights>, <values>)\n```")
why("Masking the scores before softmax leaves rows that add up to 1. `ones_like(scores)` takes the mask's size from the scores, so it fits any number of tokens.")

# %% judges="logits_with_head"
def _any_head():
    matrix = randn(192, 32) / 4
    return lambda x, w_q, w_k, w_v: x @ matrix


def _place():
    layer, head = divmod(int(randint(0, 9, ())), 3)
    return layer, head + 3  # 3, 4 and 5 are heads and no layers


case("short_prompt", "A prompt of two words, the head handing on a random projection of each token.", lambda logits_with_head: logits_with_head(_any_head(), *_place(), "the cat"))
case("example", "The lesson's example, the head handing on a random projection of each token.", lambda logits_with_head: logits_with_head(_any_head(), *_place(), PROMPT_EXAMPLE))
@probe
def the_model_afterwards(logits_with_head):
    "How the model's own logits change by a call: not at all."
    before = mini.logits("the cat")[-1]
    logits_with_head(_any_head(), *_place(), "the cat")
    return mini.logits("the cat")[-1] - before


case("own_weights", "Another sentence, the head handing on its own projection three times as large.", lambda logits_with_head: logits_with_head(lambda x, w_q, w_k, w_v: 3 * x @ w_v, *_place(), "anna has the ball. tom has"))
mistakes("""
outside-the-block:
    -     return mini.logits(prompt)[-1]
    +     pass
    + return mini.logits(prompt)[-1]
    The logits are computed after the `with` block has ended, when the model's own head is back: do it inside.
every-position: [-1] →
    You return the logits of every position; the next word belongs to the last one, [-1].
first-position: [-1] → [0]
    You return the first position's logits; the next word belongs to the last one, [-1].
layer-and-head-swapped: layer, head, function → head, layer, function
    `with_head` wants the layer first, then the head.
always-the-same-head: layer, head, function → role.layer, role.head, function
    You replace the referent head whatever is asked for: use `layer` and `head`.
""")
alternatives("""
kept-in-a-name:
    -     return mini.logits(prompt)[-1]
    +     logits = mini.logits(prompt)
    + return logits[-1]
by-length: mini.logits(prompt)[-1] → mini.logits(prompt)[len(mini.tokens(prompt)) - 1]
""")
forbid("without_heads", "with_attention", because="one head is to be replaced, not switched off.")
hint("`with_head` changes the model only inside its block. Where must the logits be computed?")
hint("`mini.logits(prompt)` has one row per token of the prompt. Which row speaks of the next word?")
hint("```python\nwith with_head(mini.model, <layer>, <head>, <function>):\n    return <last row of the logits>\n```")
why("Everything inside the block runs with your head; `return` inside it is fine, since the block is closed on the way out.")
