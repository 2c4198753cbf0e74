# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 03 · Queries and keys
#
# In this lesson you give every token two vectors, one that asks and one that answers, and keep their
# scores in a range where learning is possible. At the end you can
#
# - project embeddings into queries and keys, and score one against the other;
# - write two matrices that let a word find what is relevant to it, not what is like it;
# - say why the score matrix is no longer symmetric, and when it is again;
# - measure what happens to softmax and its gradient when vectors grow long, and cure it.
#
# **You need:** lesson 02 (dot products, softmax over rows, weighted averages). **Time:** 75 minutes.

# %%
from spotlight.notebook import check, hint, predict, reveal, solution, start, verify

start("queries_and_keys")

# %%
import math

import torch
from torch import Tensor, nn

from spotlight.model_utils.four_tokens import TOKENS, embeddings, key_weights, query_weights
from spotlight.model_utils.hooks import head_weights
from spotlight.model_utils.learned_questions import answers_found
from spotlight.model_utils.mini_model import load_mini_model
from spotlight.model_utils.word_features import feature_names, split_words, word_vectors
from spotlight.visualizations import show_bars, show_curves, show_heatmap, show_heatmaps, show_map, show_projection

# %%
show_map("blocks.0.attention.query", "blocks.0.attention.key")

# %% [markdown]
# ## Where lesson 02 got stuck
#
# Lesson 02 ended on a limit: with one vector per token, the score of *cat* against *sat* is the score
# of *sat* against *cat*. The next cell computes those scores once more. Look across the diagonal.

# %%
X = embeddings()  # (4, 3)
raw_scores = X @ X.T  # (4, 4)
show_heatmap(
    raw_scores,
    TOKENS,
    TOKENS,
    kind="scores",
    title="Raw scores XXᵀ",
    caption="Each entry equals its mirror image: one vector per token cannot tell asking from answering.",
)

# %% [markdown]
# Think of a job fair. Everybody writes two cards: *what I look for* and *what I bring*. A match is one
# person's first card against another's second, and need not hold the other way round.
#
# A token gets its two cards by two matrices. $W_Q$ turns the embedding into a **query**, $W_K$ turns
# the same embedding into a **key**:
#
# $$Q = XW_Q \qquad K = XW_K$$
#
# with $X$ of shape (n, d_model) and both matrices of shape (d_model, d_k). In a model both are learned;
# here they are given, with entries small enough to check by hand.

# %% [markdown]
# ## 1 · Project
#
# One function serves both. Row i of the result is token i's query, or its key.

# %% exercise="project" points=1 minutes=3 difficulty=1
def project(x: Tensor, weights: Tensor) -> Tensor:
    """Every token seen through one matrix.

    x: (n, d_model), weights: (d_model, d_k) → (n, d_k)
    """
    # TODO: multiply every row of x by weights, from the right.
    ### BEGIN SOLUTION
    return x @ weights
    ### END SOLUTION

# %% [markdown]
# Now one embedding becomes two vectors. The picture shows *sat*: the same starting point, two matrices,
# two places.

# %%
W_Q, W_K = query_weights(), key_weights()  # (3, 3) each
Q, K = project(X, W_Q), project(X, W_K)  # (4, 3) each
show_projection(
    X[2],
    {"query": W_Q, "key": W_K},
    name="sat",
    components=(1, 2),
    title="One embedding, two projections",
    caption="The last two components of *sat*, of its query and of its key.",
)

# %% [markdown]
# **A query does not belong to the word.** A query belongs to the word *and the matrix*. Change one entry of
# $W_Q$, and queries move though no embedding changed:

# %%
other_W_Q = W_Q.clone()
other_W_Q[1, 0] = 2.0
print("query of cat          ", project(X, W_Q)[1].tolist())
print("after one changed entry", project(X, other_W_Q)[1].tolist())

# %% [markdown]
# In PyTorch code you will meet this projection as a layer: `nn.Linear(d_model, d_k, bias=False)` holds one
# matrix, `layer.weight`, and `layer(x)` multiplies. Without a **bias**, a vector that would be added to every
# row, it is your `project`. Only the layout of the matrix differs: the layer computes $xW^\top$. What shape does
# `nn.Linear(3, 2, bias=False).weight` have, then?

# %% prediction="linear_layout"
predict("linear_layout", "(2, 3)", choices=["(3, 2)", "(2, 3)"])

# %%
layer = nn.Linear(3, 2, bias=False)  # from width 3 to width 2
reveal("linear_layout", str(tuple(layer.weight.shape)))
print("layer(X) is project(X, layer.weight.T):", torch.allclose(layer(X), project(X, layer.weight.T)))

# %% [markdown]
# The layout is (out, in), one row for each number that comes out. To use the weights of an `nn.Linear` in
# `project`, transpose them. To put a matrix of yours into an `nn.Linear`, transpose the matrix, too.
#
# ## 2 · Score queries against keys
#
# Queries and keys are compared by the dot product, as in lesson 02.

# %% prediction="still_symmetric"
predict("still_symmetric", "no", choices=["yes", "no"])  # will query-key scores be symmetric?

# %% exercise="query_key_scores" points=1 minutes=4 difficulty=1
def query_key_scores(q: Tensor, k: Tensor) -> Tensor:
    """How well each query matches each key; row i belongs to query i.

    q: (n, d_k), k: (m, d_k) → (n, m)
    """
    # TODO: return the dot product of every query with every key.
    ### BEGIN SOLUTION
    return q @ k.T
    ### END SOLUTION

# %%
scores = query_key_scores(Q, K)  # (4, 4)
print(scores)

# %%
reveal("still_symmetric", "yes" if torch.equal(scores, scores.T) else "no")
show_heatmaps(
    {"raw: XXᵀ": raw_scores, "projected: QKᵀ": scores},
    TOKENS,
    TOKENS,
    kind="scores",
    title="The same tokens, scored twice",
    caption="Left, each entry equals its mirror image. Right, asking and answering have come apart.",
)

# %% [markdown]
# Check one pair by hand. The query of *cat* is (1, 2, 1) and the key of *sat* is (3, 1, 1), so the score
# is 3 + 2 + 1 = 6. The other way round, the query of *sat* is (0, 4, 1) and the key of *cat* is
# (2, 1, 0): 0 + 4 + 0 = 4.
#
# In "The cat chased the mouse", *cat* needs *chased* to know what it did, and *chased* needs *cat* to
# know who did it. Two questions, so two numbers.
#
# Different matrices made queries and keys. Do the two live in different spaces, then? Put the three numbers
# of every key in another order. Then do the same to the queries.

# %%
turned = [1, 2, 0]  # the second number first, then the third, then the first
print("scores of sat, as they are   ", query_key_scores(Q, K)[2].tolist())
print("keys in another order        ", query_key_scores(Q, K[:, turned])[2].tolist())
print("queries in the same order too", query_key_scores(Q[:, turned], K[:, turned])[2].tolist())

# %% [markdown]
# Queries and keys live in **one** space. The first number of a query meets the first number of a key, so both
# matrices must agree on what that number stands for. Reorder the keys alone, and the scores change. Reorder
# both, and no score changes.
#
# ## 3 · Two questions
#
# Lesson 02's other fault was that only what is alike could match. Take the words with named features again. A
# *place* should find the word for its *size*, and an *animal* the word for its *feeling*. Other words
# should ask nothing.
#
# Design $W_Q$ and $W_K$. Row f of $W_Q$ says what feature f adds to a query, row f of $W_K$ what it adds to a
# key. There are many right answers.

# %%
print({name: number for number, name in enumerate(feature_names())})
story = split_words("the tired dog at the steep bank")
for word, vector in zip(story, word_vectors(story).tolist()):
    print(f"{word:6}", {name: value for name, value in zip(feature_names(), vector) if value})

# %% exercise="two_questions" points=2 minutes=15 difficulty=3
def two_questions() -> tuple[Tensor, Tensor]:
    """W_Q and W_K, written by hand: float32, (12, d_k) each, with any d_k.

    The rows of softmax(QKᵀ), without scaling, are to have these properties.

    - "interest in the steep bank": bank gives steep at least 0.7 of its weight.
    - "the tired dog at the steep bank": dog gives tired at least 0.7, and bank gives steep at least 0.7.
    - The same holds with house, school, park or street for bank, big or tall for steep, cat, mouse or
      fish for dog, and happy, sad or angry for tired.
    - interest, in the first sentence, and rich, in "the rich man at the steep bank", give no word
      more than 0.3.
    """
    w_q, w_k = torch.zeros(12, 2), torch.zeros(12, 2)  # another width than 2 is allowed
    place, size, animal, feeling = map(feature_names().index, ("place", "size", "animal", "feeling"))
    # TODO: fill in the entries that let places ask for sizes, and animals for feelings.
    ### BEGIN SOLUTION
    w_q[place, 0], w_k[size, 0] = 2.0, 1.0  # column 0: places ask, sizes answer
    w_q[animal, 1], w_k[feeling, 1] = 2.0, 1.0  # column 1: animals ask, feelings answer
    ### END SOLUTION
    return w_q, w_k

# %%
asks, answers = two_questions()  # (12, d_k) each
vectors = word_vectors(story)  # (7, 12)
found = torch.softmax(query_key_scores(project(vectors, asks), project(vectors, answers)), dim=-1)  # (7, 7)
alike = torch.softmax(vectors @ vectors.T, dim=-1)
show_heatmaps(
    {"raw embeddings": alike, "your W_Q and W_K": found},
    story,
    title="What each word finds",
    caption="*bank* and *steep* are hardly alike, and *dog* and *tired* little; a question finds its answer all the same.",
)

# %% [markdown]
# Relevance without resemblance: *bank* asks for a size and *steep* answers. Nobody writes such matrices
# for a real model. Training finds matrices that lower the loss; you will see some below.

# %% [markdown]
# ## 4 · Measure the asymmetry
#
# "Not symmetric" is yes or no. A number says how far: take the largest gap between a score and its mirror
# image, $\max_{ij} |S_{ij} - S_{ji}|$, where S are the scores of queries against keys.

# %% exercise="score_asymmetry" points=1 minutes=6 difficulty=2
def score_asymmetry(x: Tensor, w_q: Tensor, w_k: Tensor) -> Tensor:
    """The largest absolute gap between a score and its mirror image.

    x: (n, d_model), w_q: (d_model, d_k), w_k: (d_model, d_k) → a tensor with one number
    """
    # TODO: compute the scores S of queries against keys, and return the largest |S[i, j] - S[j, i]|.
    ### BEGIN SOLUTION
    scores = query_key_scores(project(x, w_q), project(x, w_k))  # (n, n)
    return (scores - scores.T).abs().max()
    ### END SOLUTION

# %% [markdown]
# What if the two cards are copies of each other, $W_Q = W_K$?

# %% prediction="one_matrix"
predict("one_matrix", "it is 0", choices=["it is 0", "it is above 0"])  # the asymmetry with W_Q = W_K

# %%
tied = score_asymmetry(X, W_Q, W_Q).item()
print(f"with W_Q and W_K: {score_asymmetry(X, W_Q, W_K).item():.1f}   with W_Q for both: {tied:.1f}")
reveal("one_matrix", "it is 0" if tied == 0 else "it is above 0")

# %% [markdown]
# With one matrix for both, entry (i, j) is p_i · p_j, and so is entry (j, i): symmetric, for every input.
# Symmetry is the special case, then, and two matrices are what breaks it.
#
# Now lesson 02's circle can be closed. A, B and C get an embedding each, and the matrices let A look for what
# B brings, B for what C brings, and C for what A brings:

# %%
circle = torch.eye(3)  # the embeddings of A, B and C, one row each
look_for = 3 * torch.eye(3)  # W_Q
bring = torch.eye(3)[[2, 0, 1]]  # W_K: B brings what A looks for, and so on
print(torch.softmax(query_key_scores(project(circle, look_for), project(circle, bring)), dim=-1))

# %% [markdown]
# ## 5 · How large do scores get?
#
# So far d_k was small. Real models use 64 or 128. A dot product is a sum of d_k products, and sums of more
# terms spread wider. Measure it: draw many random queries and keys, and take the variance of their
# scores. Compute n dot products, not all n² of them; the check counts.

# %% exercise="score_variance" points=1 minutes=6 difficulty=2
def score_variance(q: Tensor, k: Tensor) -> Tensor:
    """Variance of the score of query i with key i, over all i.

    q: (n, d_k), k: (n, d_k) → a tensor with one number (divide by n - 1, as torch does by default)
    """
    # TODO: compute the n dot products q[i] · k[i], then their variance.
    ### BEGIN SOLUTION
    scores = (q * k).sum(dim=-1)  # (n,)
    return scores.var()
    ### END SOLUTION

# %%
torch.manual_seed(0)
for d_k in (8, 64, 512):
    q, k = torch.randn(4_000, d_k), torch.randn(4_000, d_k)
    variance = score_variance(q, k).item()
    print(f"d_k = {d_k:3}   variance {variance:6.1f}   typical size {math.sqrt(variance):5.1f}")

# %% [markdown]
# The variance is d_k, as near as 4,000 draws can tell: each of the d_k products has variance 1, and
# variances of independent terms add up. So the typical score grows like $\sqrt{d_k}$.
#
# A colleague reports: "I left the scaling out. With d_k = 8 it trains fine, so we do not need it." Your
# model will have d_k = 128.

# %% prediction="colleague"
predict(
    "colleague",
    "it fails at 128",
    choices=["it holds at 128", "it fails at 128"],  # does the finding carry over?
)

# %% [markdown]
# ## 6 · What large scores do to learning
#
# Take one row of four scores, and make the scores larger.

# %%
row = torch.tensor([1.7, -0.3, 0.5, 0.8])
show_bars(
    {f"scores times {factor}": torch.softmax(factor * row, dim=-1) for factor in (1, 4, 16)},
    ["first", "second", "third", "fourth"],
    xlabel="score",
    title="One row of scores, made larger",
    caption="The order stays, but the larger the scores, the more of the weight goes to the largest.",
)

# %% [markdown]
# A number by which all scores are divided before softmax is called a **temperature**. Scores times 4 are scores
# at the temperature 1/4: a low temperature makes the choice sharp.
#
# The sharp choice itself is no trouble. The trouble is that the choice can hardly be learned any more. Measure
# how much the weights move when a score moves a little.
#
# The measure is the **Jacobian** of softmax, the (n, n) matrix of $\partial\, \text{weight}_i / \partial\,
# \text{score}_j$. `torch.autograd.functional.jacobian(function, x)` computes it.

# %% exercise="softmax_sensitivity" points=1 minutes=8 difficulty=2
def softmax_sensitivity(scores: Tensor) -> Tensor:
    """The largest absolute entry of softmax's Jacobian at one row of scores.

    scores: (n,) → a tensor with one number
    """
    # TODO: take the Jacobian of softmax at scores, and return its largest absolute entry.
    ### BEGIN SOLUTION
    jacobian = torch.autograd.functional.jacobian(lambda s: torch.softmax(s, dim=-1), scores)
    return jacobian.abs().max()
    ### END SOLUTION

# %%
torch.manual_seed(0)
widths = [2, 4, 8, 16, 32, 64, 128, 256, 512]
unscaled, scaled = [], []
for d_k in widths:
    keys, query = torch.randn(200, 8, d_k), torch.randn(200, d_k, 1)
    rows = (keys @ query).squeeze(-1)  # (200, 8): 200 rows of 8 scores
    unscaled.append(torch.stack([softmax_sensitivity(row) for row in rows]).median().item())
    cured = [softmax_sensitivity(row / math.sqrt(d_k)) for row in rows]
    scaled.append(torch.stack(cured).median().item())
for d_k, without, with_scaling in zip(widths, unscaled, scaled):
    print(f"d_k = {d_k:3}   unscaled {without:.4f}   scaled {with_scaling:.4f}")

# %%
left = unscaled[widths.index(128)] / unscaled[widths.index(8)]  # sensitivity left at 128
reveal("colleague", "it holds at 128" if left > 0.5 else "it fails at 128")
show_curves(
    {"unscaled": (widths, unscaled), "divided by √d_k": (widths, scaled)},
    xlabel="d_k",
    ylabel="largest entry of the Jacobian",
    logx=True,
    logy=True,
    title="How much the weights can still move",
    caption="Median over 200 random rows of 8 scores: unscaled, the sensitivity falls as d_k grows.",
)

# %% [markdown]
# At d_k = 8 the two curves are close, which is what the colleague saw. Further right the unscaled curve
# falls away: a weight near 0 or 1 hardly moves, so hardly any gradient comes back through that weight to the
# queries and keys.
#
# Dividing by $\sqrt{d_k}$ keeps the variance of the scores at 1, and the second curve flat. The scaling
# is not cosmetic.

# %% [markdown]
# ## 7 · Scale the scores

# %% exercise="scaled_scores" points=1 minutes=5 difficulty=1
def scaled_scores(q: Tensor, k: Tensor) -> Tensor:
    """Scores in units that do not grow with d_k.

    q: (n, d_k), k: (m, d_k) → (n, m)
    """
    # TODO: score every query against every key, and bring the variance back to 1.
    ### BEGIN SOLUTION
    return query_key_scores(q, k) / math.sqrt(k.shape[-1])
    ### END SOLUTION

# %%
torch.manual_seed(0)
for d_k in (8, 64, 512):
    q, k = torch.randn(500, d_k), torch.randn(500, d_k)
    print(f"d_k = {d_k:3}   variance of the scaled scores {scaled_scores(q, k).var().item():.2f}")

# %% [markdown]
# ## 8 · The attention weights
#
# All pieces are there. Project twice, score, scale, and turn every row into weights that add up to 1:
#
# $$\text{weights} = \text{softmax}\!\left(\frac{QK^\top}{\sqrt{d_k}}\right)$$
#
# With values (lesson 04) it is called **scaled dot-product attention**. Compare with lesson 02's softmax(XXᵀ):
# the same structure, with two things added. Write the function without a Python loop over tokens; the check
# counts operations.

# %% exercise="attention_weights" points=2 minutes=8 difficulty=2
def attention_weights(x: Tensor, w_q: Tensor, w_k: Tensor) -> Tensor:
    """Row i holds the weights of token i over all tokens; each row adds up to 1.

    x: (n, d_model), w_q: (d_model, d_k), w_k: (d_model, d_k) → (n, n)
    """
    # TODO: project to queries and keys, score and scale, and apply softmax to every row.
    ### BEGIN SOLUTION
    q, k = project(x, w_q), project(x, w_k)  # (n, d_k) each
    return torch.softmax(scaled_scores(q, k), dim=-1)
    ### END SOLUTION

# %%
weights = attention_weights(X, W_Q, W_K)  # (4, 4)
raw_weights = torch.softmax(raw_scores, dim=-1)
show_heatmaps(
    {"lesson 02: softmax(XXᵀ)": raw_weights, "now: softmax(QKᵀ/√d_k)": weights},
    TOKENS,
    TOKENS,
    kind="weights",
    title="Attention weights before and after",
    caption="Every row adds up to 1 on both sides; on the right, W_Q and W_K decide what matches what.",
)

# %%
show_bars(
    {"raw embeddings": raw_weights[1], "queries and keys": weights[1]},
    TOKENS,
    title="Where the weight of *cat* goes",
    caption="The row of *cat* under both scorings: the embeddings are the same, the scoring is not.",
)

# %% [markdown]
# ## One token, many queries
#
# A model has many pairs of $W_Q$ and $W_K$, so one token has many queries and keys. The mini model of this
# course, a small trained transformer, computes attention three times, in three **layers** one after the
# other. Each layer has several pairs, called **heads** (lesson 06). The next cell takes one head of each layer and
# the last token of "... The tired one is the". The fourth row is the control: random matrices of the same
# spread, on the vectors of layer 1.

# %%
mini = load_mini_model()
text = "The cat sat on the mat because it was tired. The tired one is the"
torch.manual_seed(0)
rows = {}
for layer, head in ((0, 0), (1, 1), (2, 2)):
    w_q, w_k, _ = head_weights(mini.model, layer, head)  # (192, 32) each
    x = mini.attention_input(text, layer)  # (16, 192): what this layer reads
    rows[str(layer)] = attention_weights(x, w_q, w_k)[-1]
    if layer == 1:
        control = attention_weights(x, *(w.std() * torch.randn_like(w) for w in (w_q, w_k)))[-1]
show_heatmap(
    torch.stack([*rows.values(), control]),
    [*rows, "random"],
    mini.tokens(text),
    row_label="layer",
    title="The last *the* in three layers",
    caption="One token finds *is*, then *cat*, then *sat*. Random matrices find nothing so clearly: their largest "
    f"weight is {control.max():.2f}.",
)

# %% [markdown]
# The word is the same in all rows. The matrices differ from layer to layer, and so do the vectors, which the
# layers before have changed. So a word has no query and no key of its own.
#
# ## Is a larger d_k always better?
#
# Let training find the matrices of section 3. It starts from random $W_Q$ and $W_K$, eight times for each d_k, and
# sees 20 sentences. The next cell prints, for each start, the share of answers found with places and animals
# that training has not seen.

# %%
print("untrained, d_k = 2     ", *(f"{share:4.0%}" for share in answers_found(2, steps=0)))
for d_k in (1, 2, 4, 16, 64):
    print(f"d_k = {d_k:2}  {2 * 12 * d_k:5,} entries", *(f"{share:4.0%}" for share in answers_found(d_k)))

# %% [markdown]
# With d_k = 1, some starts learn to answer one question only. From d_k = 2 on, every start answers both, and
# a larger d_k adds nothing here but entries to learn and to multiply by. How large d_k has to be depends on the
# number of questions, and a language has more than two. What do the entries cost at the width of GPT-2,
# d_model = 768?

# %%
for d_k in (8, 64, 512, 768):
    print(f"d_k = {d_k:3}   entries in W_Q and W_K together: {2 * 768 * d_k:9,}")

# %% [markdown]
# GPT-2 takes d_k = 64 and runs twelve such heads side by side; lesson 06 builds that.
#
# ## What you have now
#
# - A query and a key are the same embedding seen through two learned matrices.
# - QKᵀ scores every query against every key; it is symmetric only in special cases, such as W_Q = W_K.
# - Scores of random vectors have variance d_k; dividing by √d_k brings it back to 1.
# - Without the division, softmax saturates and its gradient vanishes as d_k grows.
# - softmax(QKᵀ/√d_k) gives each token a row of weights.
#
# The weights say *how much*. What should be averaged with them: the embedding, the key, or something
# third? Lesson 04 answers.

# %% tags=["authoring"]
# From here on: how each exercise is judged. Of this, students see the hints alone.
from spotlight.authoring import alternative, alternatives, case, entry, flops_within, forbid
from spotlight.authoring import hint, mistake, mistakes, naming_probe, probe, why, without_loops
from spotlight.sandbox.kit import formatted, gradients, randn, whole_numbers

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
as-wide-as-the-example: return x @ weights → return x @ weights[:, :3]
    Your result is 3 wide, as in this lesson's example: the width d_k is that of `weights`.
""")
alternatives("""
matmul: x @ weights → torch.matmul(x, weights)
einsum: x @ weights → torch.einsum("nd,dk->nk", x, weights)
""")


@alternative
def project__row_by_row(x, weights):
    return torch.stack([torch.stack([row @ column for column in weights.T]) for row in x])


forbid("Linear", "linear", because="write the product itself, so that the shapes are yours to see.")
hint("One row of the result belongs to one token. Which row of `x`, and which part of `weights`, does its first entry need?")
hint("A matrix product pairs rows of the left with columns of the right. The result is (n, d_k): what must stand left, what right?")
hint("Of `x @ weights`, `weights @ x` and `x @ weights.T`, which has fitting sizes in the middle whatever n, d_model and d_k are?")
why("`@` pairs the d_model columns of `x` with the d_model rows of `weights`, so all tokens are projected at once, and the same line works for any number of them.")

# %% judges="query_key_scores"
case("by_hand", "Two queries against three keys of width 4; whole numbers.", whole_numbers, n=2, d_k=4, m=3)
case("three_against_five", "Three queries against five keys of width 4.", n=3, d_k=4, m=5)
case("narrow", "Two queries against four keys of width 3.", n=2, d_k=3, m=4)
case("as_many_keys_as_queries", "Four queries against four keys of width 4.", n=4, d_k=4, m=4)
entry(lambda i, j, q, k: f"query {i} · key {j} = {formatted(q[i])} · {formatted(k[j])} = {formatted(q[i] @ k[j])}")
mistakes("""
keys-against-queries: q @ k.T → k @ q.T
    You scored keys against queries: row i should belong to query i. Swap the two.
summed-over-tokens: q @ k.T → q.T @ k
    QᵀK sums over tokens and compares dimensions; you want to sum over d_k and compare tokens.
key-not-transposed: q @ k.T → q @ k
    Without the transpose the product does not pair queries with keys: the d_k columns of `q` must meet the d_k columns of `k`.
queries-against-queries: q @ k.T → q @ q.T
    You compare queries with queries; the right-hand side should be the keys.
pairs-only: q @ k.T → (q * k[: len(q)]).sum(dim=-1)
    You score query i against key i alone; every query meets every key, (n, m).
entry-by-entry: q @ k.T → (q * k).sum(dim=-1)
    You multiply query i with key i alone; every query meets every key, (n, m), and there need not be as many of both.
products-of-sums: q @ k.T → torch.outer(q.sum(dim=-1), k.sum(dim=-1))
    You add up each query and each key first and multiply the sums; multiply entry by entry first, then add up.
""")
alternatives("""
einsum: q @ k.T → torch.einsum("nd,md->nm", q, k)
broadcast: q @ k.T → (q[:, None, :] * k[None, :, :]).sum(dim=-1)
""")


@alternative
def query_key_scores__loop(q, k):
    scores = torch.empty(len(q), len(k))
    for i in range(len(q)):
        for j in range(len(k)):
            scores[i, j] = torch.dot(q[i], k[j])
    return scores


forbid("scaled_dot_product_attention", "MultiheadAttention", because="it is the very thing you are building.")
hint("Entry (i, j) is one number made of two vectors. Which two?")
hint("Rows of `q` should meet rows of `k`. A matrix product pairs rows with columns: what turns the rows of `k` into columns?")
hint("Write down the shapes of `q @ k.T`, `k @ q.T` and `q.T @ k`. Which of them has one row for each query?")
why("Rows of `q` meet rows of `k`: the transpose turns the rows of `k` into the columns that `@` pairs with. One product replaces a loop over all n · m pairs.")

# %% judges="two_questions"
def _row(made, sentence, who):
    w_q, w_k = made
    words = split_words(sentence)
    x = word_vectors(words)
    if w_q.shape != w_k.shape or w_q.ndim != 2:
        raise ValueError("W_Q and W_K have to be (12, d_k), with the same d_k.")
    return words, torch.softmax((x @ w_q) @ (x @ w_k).T, dim=-1)[words.index(who)]


def _finds(made, sentence, who, whom):
    """How much of its weight `who` gives to `whom`, in words."""
    words, row = _row(made, sentence, who)
    weight, best = row[words.index(whom)], words[int(row.argmax())]
    if not torch.isfinite(row).all():
        return "no numbers"
    if weight >= 0.7 - 1e-6:
        return f"{whom}: at least 0.7"
    if row.max() - row.min() < 1e-4:
        return "all words alike"
    if weight == row.min() and (row < weight + 1e-4).sum() == 1:
        return f"{whom} least"
    if (row > row.max() - 1e-4).sum() > 1:
        return "most to " + " and ".join(word for word, share in zip(words, row) if share > row.max() - 1e-4)
    return f"{whom} most, but below 0.7" if best == whom else f"most to {best}"


def _even(made, sentence, who):
    """Whether `who` gives any word much, in words."""
    words, row = _row(made, sentence, who)
    return "no word above 0.3" if row.max() <= 0.3 + 1e-6 else f"{words[int(row.argmax())]} above 0.3"


_PLACES, _SIZES = ("bank", "house", "school", "park", "street"), ("steep", "big", "tall")
_ANIMALS, _FEELINGS = ("dog", "cat", "mouse", "fish"), ("tired", "happy", "sad", "angry")


def _each(made, whom):
    """Whether each place (or animal) gives its size (or feeling) at least 0.7 in every such sentence."""
    w_q, w_k = made
    words = ("the", "at", *_FEELINGS, *_ANIMALS, *_SIZES, *_PLACES)
    sentences = [
        [words.index(word) for word in ("the", feeling, animal, "at", "the", size, place)]
        for feeling in _FEELINGS for animal in _ANIMALS for size in _SIZES for place in _PLACES
    ]
    x = word_vectors(words)[torch.tensor(sentences)]  # (240, 7, 12)
    weights = torch.softmax((x @ w_q) @ (x @ w_k).transpose(1, 2), dim=-1)
    found = weights[:, 6, 5] if whom == "size" else weights[:, 2, 1]
    return f"each finds its {whom}" if (found >= 0.7 - 1e-6).all() else f"not each finds its {whom}"


case("bank", "What bank gives to steep in ‘interest in the steep bank’.", lambda two_questions: _finds(two_questions(), "interest in the steep bank", "bank", "steep"))
case("dog_at_the_bank", "What dog gives to tired in ‘the tired dog at the steep bank’.", lambda two_questions: _finds(two_questions(), "the tired dog at the steep bank", "dog", "tired"))
case("bank_and_dog", "What bank gives to steep in ‘the tired dog at the steep bank’.", lambda two_questions: _finds(two_questions(), "the tired dog at the steep bank", "bank", "steep"))
case("other_places", "What places give to sizes, with other places, sizes, animals and feelings.", lambda two_questions: _each(two_questions(), "size"))
case("other_animals", "What animals give to feelings, with other places, sizes, animals and feelings.", lambda two_questions: _each(two_questions(), "feeling"))
case("interest", "The row of interest in ‘interest in the steep bank’.", lambda two_questions: _even(two_questions(), "interest in the steep bank", "interest"))
case("rich", "The row of rich in ‘the rich man at the steep bank’.", lambda two_questions: _even(two_questions(), "the rich man at the steep bank", "rich"))


@probe
def another_order(two_questions):
    "The words of ‘the tired dog at the steep bank’ in another order."
    words = ["the", "tired", "dog", "at", "the", "steep", "bank"]
    sentence = " ".join(words[place] for place in randn(7).argsort().tolist())
    return [_finds(two_questions(), sentence, "dog", "tired"), _finds(two_questions(), sentence, "bank", "steep")]


@naming_probe
def the_other_way(two_questions):
    "What steep and tired give most to in ‘the tired dog at the steep bank’."
    rows = [_row(two_questions(), "the tired dog at the steep bank", who) for who in ("steep", "tired")]
    return [words[int(row.argmax())] for words, row in rows]


mistakes("""
one-column: w_q[animal, 1], w_k[feeling, 1] → w_q[animal, 0], w_k[feeling, 0]
    *dog* and *bank* both divide their weight between *tired* and *steep*: places ask for feelings, too, and animals for sizes. Give each question a column of its own.
crossed:
    - w_q[place, 0], w_k[size, 0] = 2.0, 1.0  # column 0: places ask, sizes answer
    - w_q[animal, 1], w_k[feeling, 1] = 2.0, 1.0  # column 1: animals ask, feelings answer
    + w_q[place, 0], w_k[size, 1] = 2.0, 1.0
    + w_q[animal, 1], w_k[feeling, 0] = 2.0, 1.0
    *bank* finds *tired*, and *dog* finds *steep*: each question stands in the same column as the other's answer.
roles-swapped:
    - w_q[place, 0], w_k[size, 0] = 2.0, 1.0  # column 0: places ask, sizes answer
    - w_q[animal, 1], w_k[feeling, 1] = 2.0, 1.0  # column 1: animals ask, feelings answer
    + w_k[place, 0], w_q[size, 0] = 2.0, 1.0
    + w_k[animal, 1], w_q[feeling, 1] = 2.0, 1.0
    *steep* finds *bank*, and *tired* finds *dog*: the two matrices are in each other's place. What asks belongs into W_Q.
wrong-sign:
    - w_q[place, 0], w_k[size, 0] = 2.0, 1.0  # column 0: places ask, sizes answer
    - w_q[animal, 1], w_k[feeling, 1] = 2.0, 1.0  # column 1: animals ask, feelings answer
    + w_q[place, 0], w_k[size, 0] = -2.0, 1.0
    + w_q[animal, 1], w_k[feeling, 1] = -2.0, 1.0
    *bank* gives *steep* the least, and *dog* gives *tired* the least: these scores are the lowest of their rows. Look at the signs of your entries.
too-weak:
    - w_q[place, 0], w_k[size, 0] = 2.0, 1.0  # column 0: places ask, sizes answer
    - w_q[animal, 1], w_k[feeling, 1] = 2.0, 1.0  # column 1: animals ask, feelings answer
    + w_q[place, 0], w_k[size, 0] = 1.0, 1.0
    + w_q[animal, 1], w_k[feeling, 1] = 1.0, 1.0
    *bank* and *dog* give most to the right words, but less than 0.7: the scores are too small. Larger entries make larger scores.
only-places:
    - w_q[animal, 1], w_k[feeling, 1] = 2.0, 1.0  # column 1: animals ask, feelings answer
    Places find their sizes. *dog* gives all words the same weight: animals do not ask anything yet, or nothing answers them.
only-animals:
    - w_q[place, 0], w_k[size, 0] = 2.0, 1.0  # column 0: places ask, sizes answer
    Animals find their feelings. *bank* gives all words the same weight: places do not ask anything yet, or nothing answers them.
nothing-asked:
    - w_q[place, 0], w_k[size, 0] = 2.0, 1.0  # column 0: places ask, sizes answer
    - w_q[animal, 1], w_k[feeling, 1] = 2.0, 1.0  # column 1: animals ask, feelings answer
    + w_q[place, 0], w_q[animal, 1] = 2.0, 2.0
    *bank* and *dog* give all words the same weight: a score needs an entry in W_Q and one in W_K, in the same column.
money-asks: w_q[place, 0] → w_q[feature_names().index("money"), 0]
    *interest* and *rich* ask for a size, too, and not every place does. The feature that they share with *bank* is money; choose the feature that all places share.
every-feature-asks: w_q[place, 0] → w_q[:, 0]
    *interest* and *rich* ask for a size, too, and *dog* finds *steep*: only the features of places should ask in that column.
""")


@mistake("as-it-is", "*bank* and *dog* give most to themselves: with these matrices every feature asks for itself, as raw embeddings do.")
def two_questions__as_it_is():
    return torch.eye(12), torch.eye(12)


@mistake("transposed", "Your matrices have the shape (d_k, 12): the twelve features belong to the rows, (12, d_k).")
def two_questions__transposed():
    w_q, w_k = torch.zeros(2, 12), torch.zeros(2, 12)
    w_q[0, feature_names().index("place")], w_k[0, feature_names().index("size")] = 2.0, 1.0
    w_q[1, feature_names().index("animal")], w_k[1, feature_names().index("feeling")] = 2.0, 1.0
    return w_q, w_k


alternatives("""
larger:
    - w_q[place, 0], w_k[size, 0] = 2.0, 1.0  # column 0: places ask, sizes answer
    - w_q[animal, 1], w_k[feeling, 1] = 2.0, 1.0  # column 1: animals ask, feelings answer
    + w_q[place, 1], w_k[size, 1] = 5.0, 5.0
    + w_q[animal, 0], w_k[feeling, 0] = 3.0, 3.0
both-negative:
    - w_q[place, 0], w_k[size, 0] = 2.0, 1.0  # column 0: places ask, sizes answer
    - w_q[animal, 1], w_k[feeling, 1] = 2.0, 1.0  # column 1: animals ask, feelings answer
    + w_q[place, 0], w_k[size, 0] = -2.0, -1.0
    + w_q[animal, 1], w_k[feeling, 1] = -2.0, -1.0
# One column will do: places ask with plus and animals with minus.
one-column-with-signs:
    - w_q[animal, 1], w_k[feeling, 1] = 2.0, 1.0  # column 1: animals ask, feelings answer
    + w_q[animal, 0], w_k[feeling, 0] = -2.0, -1.0
""")


@alternative
def two_questions__every_feature_has_a_column():
    asked, w_k = 2 * torch.eye(12), torch.zeros(12, 12)
    w_k[feature_names().index("size"), feature_names().index("place")] = 1.5
    w_k[feature_names().index("feeling"), feature_names().index("animal")] = 1.5
    return asked, w_k


@alternative
def two_questions__keys_as_they_are():
    w_q = torch.tensor([[3.0 * ((a, b) in {("place", "size"), ("animal", "feeling")}) for b in feature_names()] for a in feature_names()])
    return w_q, torch.eye(12)


@alternative
def two_questions__rotated():
    w_q = torch.zeros(12, 2)
    w_k = torch.zeros_like(w_q)
    w_q[feature_names().index("place"), 0], w_k[feature_names().index("size"), 0] = 3.0, 1.0
    w_q[feature_names().index("animal"), 1], w_k[feature_names().index("feeling"), 1] = 3.0, 1.0
    turn = torch.tensor([[0.6, 0.8], [-0.8, 0.6]])
    return w_q @ turn, w_k @ turn


forbid("scaled_dot_product_attention", "MultiheadAttention", because="you design the matrices by hand.")
hint("Which feature have all places in common that *interest* and *rich* lack? Which feature have *steep*, *big* and *tall*?")
hint("A score multiplies query and key column by column and adds up. With one entry of W_Q in the row of *place*, which entry of W_K makes a score with *steep* and with no other word?")
hint("Animals need a question of their own: an entry in W_Q and one in W_K that make no score between a place and a feeling, nor between an animal and a size. For a weight of 0.7 against six words of score 0, e to the power of the score has to be above 14: how large do the entries have to be?")
why("Each column is one question: what asks it stands in W_Q, what answers it in W_K. Features that no question names have rows of zeros, so *interest* and *rich* ask nothing and all their scores are 0. Score 3 suffices, since e³ is 20.")

# %% judges="score_asymmetry"
case("by_hand", "Three tokens of width 2, with d_k = 4; whole numbers.", whole_numbers, n=3, d_model=2, d_k=4)
case("five_tokens", "Five tokens of width 4, with d_k = 3.", n=5, d_model=4, d_k=3)
case("square", "Four tokens of width 4, with d_k = 4.", n=4, d_model=4, d_k=4)


@probe
def one_matrix(score_asymmetry):
    "One matrix for both, W_Q = W_K: the answer is 0."
    w = randn(4, 2)
    return score_asymmetry(randn(5, 4), w, w)


@entry
def score_asymmetry__entry(x, w_q, w_k):
    scores = (x @ w_q) @ (x @ w_k).T
    gaps = (scores - scores.T).abs()
    i, j = divmod(int(gaps.argmax()), len(scores))
    there, back = formatted(scores[i, j]), formatted(scores[j, i])
    return f"the largest gap is between S[{i}, {j}] and S[{j}, {i}]: |{there} − ({back})| = {formatted(gaps.max())}"


mistakes("""
average-gap: .max() → .mean()
    You return the average gap; the question is about the largest one.
sum-of-gaps: .max() → .sum()
    You add all gaps up; return the largest one.
largest-score: (scores - scores.T) → scores
    That is the largest score, not the largest gap: subtract the mirrored matrix first.
gap-against-reversed-rows: scores.T → scores.flip(0)
    `flip` reverses the order of the rows; the mirror image across the diagonal is the transpose.
queries-less-keys: (scores - scores.T) → (project(x, w_q) - project(x, w_k))
    You return the largest gap between queries and keys; asked for is the one between the scores and their mirror image.
always-0: project(x, w_k) → project(x, w_q)
    You return 0 whatever the matrices are, so no asymmetry is seen: the queries come from w_q, the keys from w_k, and the largest gap is asked for.
scaled: (scores - scores.T) → (scores - scores.T) / math.sqrt(w_k.shape[-1])
    You divide the scores by √d_k. That comes later, with its reason; here the scores stay as they are.
""")
alternatives("""
# The difference is antisymmetric, so its largest entry is its largest absolute entry too.
antisymmetric: (scores - scores.T).abs().max() → (scores - scores.T).max()
amax: .abs().max() → .abs().amax()
matrix-products: query_key_scores(project(x, w_q), project(x, w_k)) → x @ w_q @ (x @ w_k).T
one-matrix: query_key_scores(project(x, w_q), project(x, w_k)) → x @ (w_q @ w_k.T) @ x.T
""")


@alternative
def score_asymmetry__loop(x, w_q, w_k):
    q, k = project(x, w_q), project(x, w_k)
    return max(abs(q[i] @ k[j] - q[j] @ k[i]) for i in range(len(x)) for j in range(len(x)))


forbid("allclose", "equal", because="those answer yes or no, and a number is asked for.")
hint("You have a function for queries and keys, and one for scores. Which arguments does each get?")
hint("Which matrix has the entry (j, i) of the scores at (i, j)?")
hint("```python\nscores = <queries against keys>  # (n, n)\ngaps = scores - <its mirror image>\n```\nA gap may be negative. What makes all gaps count the same?")
why("The mirror image of the whole matrix is its transpose, so one subtraction makes all gaps. Each gap stands there twice, once with either sign; `abs` makes the two alike. With one matrix for both roles, p_i · p_j = p_j · p_i, and every gap is 0.")

# %% judges="score_variance"
case("by_hand", "Three pairs of width 2; whole numbers.", whole_numbers, n=3, d_k=2)
case("narrow", "Seven pairs of width 3.", n=7, d_k=3)
case("wide", "Twenty pairs of width 64.", n=20, d_k=64)


@entry
def score_variance__entry(q, k):
    scores = (q * k).sum(dim=-1)
    if len(scores) > 4:
        return f"the {len(scores)} scores have mean {formatted(scores.mean())} and variance {formatted(scores.var())}"
    squares = " + ".join(f"{formatted(gap)}²" for gap in scores - scores.mean())
    return (
        f"the scores are {formatted(scores)}, their mean is {formatted(scores.mean())}, "
        f"and the variance is ({squares}) / {len(scores) - 1} = {formatted(scores.var())}"
    )


mistakes("""
standard-deviation: scores.var() → scores.std()
    That is the standard deviation; the variance is its square.
variance-of-products: (q * k).sum(dim=-1) → (q * k)
    You take the variance of the single products; add them up over d_k first, so that each pair gives one score.
summed-over-pairs: dim=-1 → dim=0
    You add up over the pairs (dim 0); a dot product adds up over d_k, the last dimension.
averaged-over-width: .sum(dim=-1) → .mean(dim=-1)
    You average over d_k instead of adding up, which hides just the growth that is to be measured.
mean-left-in: return scores.var() → return (scores**2).sum() / (len(scores) - 1)
    You average the squared scores themselves; the variance averages the squares of what is left once the mean is subtracted.
mean-left-in-and-divided-by-n: return scores.var() → return (scores**2).mean()
    You average the squared scores themselves; the variance subtracts the mean of the scores first, and divides by n − 1.
divided-by-n: scores.var() → scores.var(correction=0)
    You divide by n; the docstring asks for n − 1, as `var` does by itself.
mean-of-the-products: return scores.var() → return ((scores - (q * k).mean()) ** 2).sum() / (len(scores) - 1)
    You subtract the mean of the single products; subtract the mean of the scores.
variances-added-up: return scores.var() → return (q * k).var(dim=0).sum()
    You add up the variances of the single products; add up the products first, and take the variance of the scores.
every-pair: (q * k).sum(dim=-1) → (q @ k.T)
    You score every query against every key; only query i with key i is asked for.
""")
alternatives("""
einsum: (q * k).sum(dim=-1) → torch.einsum("nd,nd->n", q, k)
matrix-per-pair: (q * k).sum(dim=-1) → (q[:, None, :] @ k[:, :, None]).flatten()
""")


@alternative
def score_variance__by_definition(q, k):
    scores = torch.stack([a @ b for a, b in zip(q, k)])
    return ((scores - scores.mean()) ** 2).sum() / (len(scores) - 1)


flops_within(8, because="only query i with key i is asked for, and of all n² pairs n would be kept.")
forbid("cov", "corrcoef", because="the two steps, scores and variance, are the point.")
hint("How many scores come out of n pairs? The variance is taken over those.")
hint("`q * k` holds all single products, (n, d_k). Over which dimension do they add up to dot products?")
hint("```python\nscores = <products, added up over d_k>  # (n,)\nreturn <their variance>\n```")
why("`(q * k).sum(dim=-1)` makes only the n dot products that are asked for, where `q @ k.T` would make n² and throw most of them away.")

# %% judges="softmax_sensitivity"
case("gentle", "Five scores of typical size 1.", n=5)
case("one_score", "A single score: its weight is 1 whatever it is, so the answer is 0.", n=1)
case("strong", "Seven scores of typical size 3.", lambda softmax_sensitivity: softmax_sensitivity(3 * randn(7)))


@entry
def softmax_sensitivity__entry(scores):
    weights = torch.softmax(scores, dim=-1)
    i = int((weights * (1 - weights)).argmax())
    w = formatted(weights[i])
    return (
        f"the weights are {formatted(weights)}, and ∂weight_{i}/∂score_{i} = w(1 − w) = {w} · (1 − {w}) = "
        f"{formatted(weights[i] * (1 - weights[i]))} is the largest entry"
    )


mistakes("""
gradient-of-the-sum: torch.softmax(s, dim=-1) → torch.softmax(s, dim=-1).sum()
    The weights always add up to 1, so the gradient of their sum is 0 whatever the scores: take the Jacobian of the weights themselves.
average-entry: .abs().max() → .abs().mean()
    You average the entries; return the largest absolute one.
squared-weights: jacobian.abs().max() → torch.softmax(scores, dim=-1).max() ** 2
    That is the largest weight, squared; the Jacobian holds pᵢ(1 − pᵢ) on its diagonal and −pᵢpⱼ elsewhere.
steps-too-large: return jacobian.abs().max() → return torch.stack([(torch.softmax(scores + 0.1 * e, dim=-1) - torch.softmax(scores, dim=-1)) / 0.1 for e in torch.eye(len(scores), dtype=scores.dtype)]).abs().max()
    You take a difference over a step of 0.1, which only comes near the derivative: `jacobian` computes it exactly.
largest-singular-value: jacobian.abs().max() → torch.linalg.matrix_norm(jacobian, 2)
    That is the largest singular value of the Jacobian; return its largest entry.
softmax-left-out: torch.softmax(s, dim=-1) → 1 * s
    That is the Jacobian of the scores themselves, which is 1 on the diagonal: softmax belongs inside.
log-softmax: torch.softmax → torch.log_softmax
    That is the Jacobian of the logarithm of softmax; take softmax itself.
smallest-entry: .abs().max() → .abs().min()
    You return the smallest absolute entry; return the largest.
""")
alternatives("""
amax: .abs().max() → .abs().amax()
""")


@alternative
def softmax_sensitivity__formula(scores):
    weights = torch.softmax(scores, dim=-1)
    return (torch.diag(weights) - torch.outer(weights, weights)).abs().max()


@alternative
def softmax_sensitivity__row_by_row(scores):
    scores = scores.clone().requires_grad_()
    weights = torch.softmax(scores, dim=-1)
    rows = [torch.autograd.grad(w, scores, retain_graph=True)[0] for w in weights]
    return torch.stack(rows).abs().max()


forbid("scaled_dot_product_attention", because="only softmax is measured here.")
hint("`jacobian` wants a function. Which function of the scores gives the weights?")
hint("An entry of the Jacobian may be negative: when one weight rises, another falls. Which size counts?")
hint("```python\njacobian = torch.autograd.functional.jacobian(<softmax, as a function of s>, scores)\nreturn <its largest absolute entry>\n```")
why("`jacobian` differentiates every weight by every score. The entries are w_i(1 − w_i) on the diagonal and −w_i·w_j beside it, so all vanish once one weight is near 1: that is saturation, in numbers.")

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
    Your scores are divided by d_k in all, once or by its root twice; its square root, once, brings the variance back to 1.
scaled-by-sequence-length: k.shape[-1] → k.shape[0]
    You divide by the square root of the number of tokens; the scores grow with d_k, the width of each vector.
multiplied: / math → * math
    You multiply by √d_k, which makes large scores larger; divide.
divided-by-the-largest: math.sqrt(k.shape[-1]) → query_key_scores(q, k).max()
    You divide by the largest score; it is √d_k, the same for all scores, that keeps their spread at 1.
divided-by-their-spread: math.sqrt(k.shape[-1]) → query_key_scores(q, k).std()
    You divide by the standard deviation of these very scores; it is √d_k, the same for all inputs of this width, that they are divided by.
root-of-the-scores: query_key_scores(q, k) / math.sqrt(k.shape[-1]) → query_key_scores(q, k).sqrt() / k.shape[-1]
    You take the root of the scores, which is nan below 0; the root belongs to d_k alone.
keys-against-queries: query_key_scores(q, k) → query_key_scores(k, q)
    Row i should belong to query i: you scored keys against queries.
summed-over-tokens: query_key_scores(q, k) → q.T @ k
    QᵀK sums over tokens and compares dimensions; you want QKᵀ.
""")
alternatives("""
matrix-product: query_key_scores(q, k) → q @ k.T
power: / math.sqrt(k.shape[-1]) → * k.shape[-1] ** -0.5
einsum: query_key_scores(q, k) → torch.einsum("nd,md->nm", q, k)
""")


@alternative
def scaled_scores__scaled_first(q, k):
    scale = q.size(-1) ** 0.25
    return (q / scale) @ (k / scale).transpose(-2, -1)


forbid("scaled_dot_product_attention", "MultiheadAttention", because="you are building it.")
hint("You have the scores already. What must they be divided by so that their variance is 1 again?")
hint("d_k is the width of one query, or of one key. Which entry of `k.shape` is that?")
hint("`math.sqrt` takes one number. Of `k.shape[0]` and `k.shape[-1]`, which is d_k, and which counts tokens?")
why("d_k is read off the keys instead of typed in, so the line holds for any width. Dividing by √d_k brings the variance of the scores back to 1, whatever d_k is.")

# %% judges="attention_weights"
case("by_hand", "Three tokens of width 2, with d_k = 4; whole numbers.", whole_numbers(low=-2), n=3, d_model=2, w_q=whole_numbers(2, 4, low=-1, high=2), w_k=whole_numbers(2, 4, low=-1, high=2))
case("five_tokens", "Five tokens of width 6, with d_k = 3.", n=5, d_model=6, d_k=3)
case("square", "Four tokens of width 4, with d_k = 4.", n=4, d_model=4, w_q=randn(4, 4) / 2, w_k=randn(4, 4) / 2)
case("what_flows_back", "The gradients that flow back to four tokens of width 3 and to both matrices.", lambda attention_weights: gradients(attention_weights, x=randn(4, 3), w_q=randn(3, 2), w_k=randn(3, 2)))
case("thirty_tokens", "Thirty tokens of width 8, with d_k = 5.", lambda attention_weights: attention_weights(randn(30, 8) / 2, randn(8, 5) / 2, randn(8, 5) / 2))
case("large_scores", "Three tokens with scores far apart.", d_model=5, d_k=2, x=4 * randn(3, 5))


@entry
def attention_weights__entry(i, j, x, w_q, w_k):
    scores = (x[i] @ w_q) @ (x @ w_k).T / math.sqrt(w_k.shape[-1])
    scores = scores - scores.max()  # a shift that softmax does not see, and exp can bear
    total = formatted(scores.exp().sum())
    weight = formatted(torch.softmax(scores, dim=-1)[j])
    return (
        f"less their largest, the scaled scores of token {i} are {formatted(scores)}; exp({formatted(scores[j])}) "
        f"divided by the sum of all {len(scores)} exponentials, {total}, is {weight}"
    )


mistakes("""
softmax-forgotten: torch.softmax(scaled_scores(q, k), dim=-1) → scaled_scores(q, k)
    These are the scores; softmax over each row turns them into weights.
softmax-over-columns: dim=-1 → dim=0
    Your columns add up to 1; row i belongs to query i, so it is each row (dim=-1) that should.
softmax-twice: torch.softmax(scaled_scores(q, k), dim=-1) → torch.softmax(torch.softmax(scaled_scores(q, k), dim=-1), dim=-1)
    Softmax is applied twice, which flattens the weights; once is enough.
not-scaled: scaled_scores(q, k) → q @ k.T
    The scores go into softmax unscaled: divide them by √d_k first.
scaled-by-d-k: scaled_scores(q, k) → q @ k.T / k.shape[-1]
    The scores are divided by d_k; it is the square root of d_k that keeps their variance at 1.
scaled-by-d-model: scaled_scores(q, k) → q @ k.T / math.sqrt(x.shape[-1])
    You scale by √d_model; the vectors in the dot product have d_k entries, so it is √d_k.
scaled-after-softmax: torch.softmax(scaled_scores(q, k), dim=-1) → torch.softmax(q @ k.T, dim=-1) / math.sqrt(k.shape[-1])
    You divide the weights after softmax, so the rows no longer add up to 1: scale the scores before it.
keys-against-queries: scaled_scores(q, k) → scaled_scores(k, q)
    Row i should belong to query i: you scored keys against queries.
one-matrix-for-both: project(x, w_k) → project(x, w_q)
    Queries and keys both come from w_q; the keys have a matrix of their own, w_k.
nothing-projected: scaled_scores(q, k) → scaled_scores(x, x)
    You score the raw embeddings as in lesson 02; use the queries and the keys.
divided-by-their-sum: torch.softmax(scaled_scores(q, k), dim=-1) → scaled_scores(q, k) / scaled_scores(q, k).sum(dim=-1, keepdim=True)
    You divide the scores by their sum, which can be 0 or negative; softmax divides their exponentials.
matrices-added: q, k = project(x, w_q), project(x, w_k) → q = k = project(x, w_q + w_k)
    You add the two matrices and project once; queries come from w_q, keys from w_k.
""")
alternatives("""
method: torch.softmax(scaled_scores(q, k), dim=-1) → scaled_scores(q, k).softmax(-1)
""")


@alternative
def attention_weights__from_scratch(x, w_q, w_k):
    scores = (x @ w_q) @ (x @ w_k).T / math.sqrt(w_q.shape[1])
    exponentials = (scores - scores.max(dim=1, keepdim=True).values).exp()
    return exponentials / exponentials.sum(dim=1, keepdim=True)


@alternative
def attention_weights__one_matrix(x, w_q, w_k):
    scores = x @ (w_q @ w_k.T) @ x.T
    return torch.nn.functional.softmax(scores / w_k.size(1) ** 0.5, dim=1)


without_loops(because="a matrix product scores all pairs at once, and that is what makes attention fast.")
forbid("scaled_dot_product_attention", "MultiheadAttention", because="you are building it.")
hint("Which of your own functions give you queries, keys and scaled scores?")
hint("Each row belongs to one query and should add up to 1. Which `dim` does softmax need for that?")
hint("```python\nq, k = project(...), project(...)\nreturn torch.softmax(<scaled scores>, dim=<along each row>)\n```")
why("Each step has its own function, so the line reads as the formula does. `dim=-1` is the last dimension, the one over keys: each query shares out one unit of weight, and that holds with a batch in front, too.")
