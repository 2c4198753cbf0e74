# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 02 · The problem attention solves
#
# A word means different things in different sentences, yet a model starts from one vector per word. In
# this lesson you build the smallest mechanism that changes this. At the end you can
#
# - say what a plain average of a sentence loses, and what a weighted one needs;
# - compute attention weights from dot products and softmax, and check a row with a pencil;
# - compute softmax(XXᵀ)X for any sentence;
# - design vectors with the attention weights you want, and say which weights no vectors can make.
#
# **You need:** lesson 00 (tensors, broadcasting, `@`, transpose). **Time:** 70 minutes.

# %%
from spotlight.notebook import check, hint, predict, reveal, solution, start, verify

start("the_problem_attention_solves")

# %%
import torch
from torch import Tensor

from spotlight.model_utils.four_tokens import TOKENS, embeddings
from spotlight.model_utils.word_features import feature_names, split_words, word_vectors
from spotlight.visualizations import show_attention_matrix, show_bars, show_dot_products, show_map
from spotlight.visualizations import show_heatmap, show_heatmaps

# %%
show_map("blocks.0.attention")

# %% [markdown]
# ## One word, one vector
#
# A model reads numbers, so every word is looked up in a table: one row of numbers per word, its
# **embedding**. In a trained model the rows are learned and their numbers have no names. Here they are
# written by hand, with twelve named features, so that you can read them.
#
# Two sentences with *bank* in them, looked up:

# %%
river_words = split_words("The bank was steep and muddy")
money_words = split_words("The bank raised interest rates")
river, money = word_vectors(river_words), word_vectors(money_words)  # (6, 12) and (5, 12)
print("bank in both sentences the same vector:", torch.equal(river[1], money[1]))
show_heatmaps(
    {"about a river": river, "about money": money},
    {"about a river": river_words, "about money": money_words},
    feature_names(),
    kind="scores",
    row_label="word",
    column_label="feature",
    value_label="value",
    title="Two sentences, looked up word by word",
    caption="The two rows of *bank* are equal: the table cannot know which bank is meant.",
)

# %% [markdown]
# You know which bank is meant, because you read the words around *bank*. A table cannot read the neighbours: the
# table holds one row for *bank*, with money, place and water mixed.
#
# So the neighbours have to change the vector. What we want for each word is a **context vector**: a
# vector for *bank in this sentence*. The simplest way to let every word count is to average them all.

# %% [markdown]
# ## 1 · Average everything
#
# First attempt. A sentence is a matrix `x` with one row per word; its average is one row again.

# %% exercise="average_context" points=1 minutes=3 difficulty=1
def average_context(x: Tensor) -> Tensor:
    """The plain average of all tokens' vectors.

    x: (n, d), one row per token → (d,)
    """
    # TODO: average over the tokens.
    ### BEGIN SOLUTION
    return x.mean(dim=0)
    ### END SOLUTION

# %%
show_bars(
    {"about a river": average_context(river), "about money": average_context(money)},
    feature_names(),
    xlabel="feature",
    ylabel="average",
    title="The two sentences, averaged",
    caption="The averages differ, so the neighbours do count: more money on one side, more place and water on the other.",
)

# %% [markdown]
# A first success: the average tells the two sentences apart. Now try the average on two sentences that say
# opposite things.

# %%
dog_bites = average_context(word_vectors(["dog", "bites", "man"]))
man_bites = average_context(word_vectors(["man", "bites", "dog"]))
print("dog bites man:", [round(value, 2) for value in dog_bites.tolist()])
print("man bites dog:", [round(value, 2) for value in man_bites.tolist()])
print("the same:", torch.equal(dog_bites, man_bites))

# %% [markdown]
# Two things are lost.
#
# *Order.* Lesson 01's positions bring the order back. Positions are left out here so that you see one thing at
# a time.
#
# *Choice.* *the* counts as much as *steep*, and *bank* gets the same context as every other word of the
# sentence. You repair the choice now.

# %% [markdown]
# ## 2 · Weigh the words
#
# Second attempt: a **weighted average**. Each token j gets a weight $w_j$, and the weights add up to 1:
#
# $$c = \sum_j w_j \, x_j$$
#
# If $w_3$ is 0.9, then $c$ is mostly $x_3$. With all weights equal to 1/n, $c$ is the plain average again.
#
# Each row of `weights` is one such set of weights, and makes one row of the result.

# %% exercise="context_vectors" points=1 minutes=5 difficulty=1
def context_vectors(weights: Tensor, x: Tensor) -> Tensor:
    """One weighted average of the tokens' vectors for each row of weights.

    weights: (m, n), every row adding up to 1; x: (n, d) → (m, d)
    """
    # TODO: for each row of weights, add up every token's vector times its weight.
    ### BEGIN SOLUTION
    return weights @ x
    ### END SOLUTION

# %%
by_hand = torch.tensor([[1 / 6] * 6, [0.0, 0.4, 0.0, 0.3, 0.0, 0.3]])  # the bank was steep and muddy
alike, chosen = context_vectors(by_hand, river)  # (12,) each
show_bars(
    {"bank's embedding": river[1], "all weights 1/6": alike, "weights chosen by hand": chosen},
    feature_names(),
    xlabel="feature",
    ylabel="value",
    title="The bank was steep and muddy",
    caption="With weights for bank, steep and muddy only, place overtakes money and the river bank shows.",
)

# %% [markdown]
# These weights work because a person chose them for this sentence. Now change the order of its words:

# %%
for word, weight in zip(split_words("Muddy and steep was the bank"), by_hand[1].tolist()):
    print(f"{word:6} {weight:.1f}")

# %% [markdown]
# Now *and* counts and *steep* does not: weights fixed in advance belong to places, not to words.
#
# Third attempt: compute the weights **from the sentence itself**. A word should weigh much for *bank* if
# the two match. So you need a number that says how well two vectors match.

# %% [markdown]
# ## 3 · Compare two vectors
#
# The **dot product** multiplies two vectors entry by entry and adds up:
#
# $$a \cdot b = \sum_i a_i b_i$$
#
# A feature that both vectors have, with the same sign, raises the dot product; opposite signs lower it; a
# feature that only one vector has adds nothing. By hand: (0, 3, 1) · (0, 1, 2) = 0 + 3 + 2 = 5.

# %% exercise="dot_product" points=1 minutes=3 difficulty=1
def dot_product(a: Tensor, b: Tensor) -> Tensor:
    """How well two vectors match.

    a: (d,), b: (d,) → a tensor with one number
    """
    # TODO: multiply entry by entry, and add up.
    ### BEGIN SOLUTION
    return (a * b).sum()
    ### END SOLUTION

# %%
pairs = {
    "similar direction": (torch.tensor([2.0, 1.0]), torch.tensor([1.5, 1.5])),
    "perpendicular": (torch.tensor([2.0, 1.0]), torch.tensor([-1.0, 2.0])),
    "opposite": (torch.tensor([2.0, 1.0]), torch.tensor([-1.6, -0.8])),
}
for name, (a, b) in pairs.items():
    print(f"{name:17} {dot_product(a, b).item():5.1f}")
show_dot_products(
    pairs,
    title="Three dot products",
    caption="Large where the arrows point the same way, zero at a right angle, negative where they oppose.",
)

# %% [markdown]
# ## 4 · Direction alone
#
# In geometry the dot product is the two lengths times the cosine of the angle between the vectors:
#
# $$a \cdot b = |a|\,|b| \cos\theta$$
#
# The cosine is 1 for the same direction, 0 for a right angle, −1 for opposite directions, whatever the
# lengths. Compute the cosine, to see what the dot product says beyond direction.
#
# For a vector's dot product with itself the angle is 0, so the formula says what a length is:
# $|a| = \sqrt{a \cdot a}$.

# %% exercise="cosine" points=1 minutes=4 difficulty=1
def cosine(a: Tensor, b: Tensor) -> Tensor:
    """The cosine of the angle between two vectors, from -1 to 1.

    a: (d,), b: (d,), neither all zero → a tensor with one number
    """
    # TODO: solve the first formula for the cosine.
    ### BEGIN SOLUTION
    return dot_product(a, b) / (a.norm() * b.norm())
    ### END SOLUTION

# %%
others = ["bird", "puppy", "mat", "big"]
cat_vector, *other_vectors = word_vectors(["cat", *others])
show_bars(
    {
        "dot product": [dot_product(cat_vector, other).item() for other in other_vectors],
        "cosine": [cosine(cat_vector, other).item() for other in other_vectors],
    },
    others,
    xlabel="compared with cat",
    ylabel="value",
    title="*cat* against four words",
    caption="*bird* points closer to *cat*, but *puppy* has the larger dot product, because its vector is longer.",
)

# %% [markdown]
# The dot product is the cosine times both lengths, so a long vector scores high against many others.
# Attention takes the dot product, lengths included. Remember the lengths in your first prediction.
#
# ## Scores are not weights yet
#
# Weights should be positive and add up to 1. Can you divide each score by the sum of all?

# %%
some_scores = torch.tensor([2.0, -1.0, -0.5])
print("divided by the sum:   ", (some_scores / some_scores.sum()).tolist())
print("exponentials:         ", some_scores.exp().tolist())
print("divided by their sum: ", (some_scores.exp() / some_scores.exp().sum()).tolist())
print("the same for 1000:    ", (torch.tensor([1000.0, 999.0]).exp()).tolist())

# %% [markdown]
# Weights of 4 and −2 make no average. Exponentials are positive and keep the order, so dividing
# the *exponentials* by their sum works. That is **softmax**:
#
# $$\text{weight}_j = \frac{e^{s_j}}{\sum_k e^{s_k}}$$
#
# The last printed line shows a trap: $e^{1000}$ is too large for a float. The cure costs nothing. Subtracting
# one number c from all scores divides every exponential by $e^c$, above and below the line, so the
# weights stay the same. Take the largest score for c, and no exponent is above 0.

# %% [markdown]
# ## 5 · Softmax over rows
#
# Every row of scores belongs to one token and becomes weights of its own.

# %% exercise="softmax_rows" points=1 minutes=7 difficulty=2
def softmax_rows(scores: Tensor) -> Tensor:
    """Every row of scores turned into positive weights that add up to 1.

    Scores may be as large as 1000 or as small as -1000, in each row differently: no inf, no nan.

    scores: (n, m) → (n, m)
    """
    # TODO: subtract each row's largest score, take exponentials, and divide by each row's sum.
    ### BEGIN SOLUTION
    largest = scores.max(dim=-1, keepdim=True).values  # (n, 1)
    exponentials = torch.exp(scores - largest)  # (n, m)
    return exponentials / exponentials.sum(dim=-1, keepdim=True)
    ### END SOLUTION

# %%
examples = torch.tensor([[1.0, 2.0, 3.0, 0.0], [1001.0, 1002.0, 1003.0, 1000.0], [3.0, 6.0, 9.0, 0.0]])
plain, raised, tripled = softmax_rows(examples)
show_bars(
    {"1, 2, 3, 0": plain, "each plus 1000": raised, "each times 3": tripled},
    ["first", "second", "third", "fourth"],
    xlabel="score",
    title="Softmax of three rows",
    caption="Adding the same number to all scores changes nothing; multiplying them makes the weights more unequal.",
)

# %% [markdown]
# ## 6 · Attention weights
#
# Now for a whole sentence. "The cat sat here" has four tokens, and here they get vectors of three
# numbers, small enough for a pencil. The vectors are given, not trained; lessons 03 and 04 use them again.

# %%
X = embeddings()  # (4, 3)
for token, vector in zip(TOKENS, X.tolist()):
    print(f"{token:5} {vector}")

# %% [markdown]
# Score every token against every token by the dot product. Softmax over each row of scores gives the
# **attention weights**: row i holds the weights of token i over all tokens. We say that token i *attends
# to* token j with weight (i, j).
#
# Before you compute: take the row of *cat*, (1, 2, 0), against each of the four. Which token will *cat*
# attend to most?

# %% prediction="cat_attends_to"
predict("cat_attends_to", "sat", choices=["The", "cat", "sat", "here"])  # where does cat's largest weight go?

# %% exercise="raw_attention_weights" points=1 minutes=5 difficulty=1
def raw_attention_weights(x: Tensor) -> Tensor:
    """Row i holds the weights of token i over all tokens; each row adds up to 1.

    x: (n, d) → (n, n)
    """
    # TODO: score every token against every token by dot products, and apply softmax to every row.
    ### BEGIN SOLUTION
    scores = x @ x.T  # (n, n)
    return softmax_rows(scores)
    ### END SOLUTION

# %%
weights = raw_attention_weights(X)  # (4, 4)
scores = X @ X.T  # (4, 4)

# %%
reveal("cat_attends_to", TOKENS[int(weights[1].argmax())])
show_heatmap(
    weights,
    TOKENS,
    title="Attention weights softmax(XXᵀ)",
    caption="Every row adds up to 1. The row of *cat* puts most of its weight on *sat*, not on *cat*.",
)

# %% [markdown]
# All scores at once are one matrix product, $XX^\top$: entry (i, j) is row i of $X$ times row j of $X$.
#
# Check the row of *cat* by hand. cat · sat = 1·0 + 2·3 + 0·1 = 6 and cat · cat = 1 + 4 + 0 = 5. No vector
# points more like *cat* than *cat* itself, at cosine 1; *sat* has only 0.85. But *sat* is longer, √10
# against √5, and the dot product counts lengths.
#
# The four exponentials are $e^1$, $e^5$, $e^6$ and $e^2$. Their sum is 562, so *sat* gets 403 / 562 = 0.72.
#
# The score of *cat* against *sat* is the score of *sat* against *cat*. Are the weights equal as well?

# %%
for i, j in ((1, 2), (2, 1)):  # cat against sat, sat against cat
    row = scores[i].exp()
    print(f"{TOKENS[i]} → {TOKENS[j]}   score {scores[i, j]:.0f}   {row[j]:.0f} / {row.sum():.0f} = {weights[i, j]:.3f}")
show_heatmap(
    scores,
    TOKENS,
    kind="scores",
    title="Raw scores XXᵀ",
    caption="Each score equals its mirror image; the weights do not, as each row is divided by its own sum.",
)

# %% [markdown]
# Scores are symmetric, weights are not: the same $e^6$ is 72 % of a sum of 562, and 2 % of a sum of
# 22,579. The difference comes from the row sums alone. The symmetry will matter at the end.
#
# Now use the weights. For *cat*, average all four vectors with its row; then do so for every row.

# %%
for token, weight, vector in zip(TOKENS, weights[1], X):
    print(f"{weight:.3f} × {vector.tolist()} = {[round(v, 3) for v in (weight * vector).tolist()]}   {token}")
context = context_vectors(weights, X)  # (4, 3)
print("context of cat:", [round(value, 3) for value in context[1].tolist()])
show_heatmaps(
    {"embeddings X": X, "context vectors": context},
    TOKENS,
    ("0", "1", "2"),
    kind="scores",
    row_label="token",
    column_label="component",
    value_label="value",
    title="Before and after",
    caption="Four vectors go in, four come out. *cat* was (1, 2, 0) and has moved most of the way to *sat*.",
)

# %% [markdown]
# ## 7 · The whole of it
#
# Three steps, one formula. Tokens attend to the tokens of their own sentence, hence **self-attention**:
#
# $$\text{context} = \text{softmax}(XX^\top)\,X$$
#
# $XX^\top$ are the scores, (n, n). Softmax over rows makes the weights, (n, n). Times $X$ makes the
# context vectors, (n, d). Mind the order: the scores become weights *before* they average anything.

# %% exercise="dot_product_attention" points=1 minutes=3 difficulty=1
def dot_product_attention(x: Tensor) -> Tensor:
    """The context vector of every token: softmax(XXᵀ)X.

    x: (n, d) → (n, d)
    """
    # TODO: compute the attention weights of x, and average x with them.
    ### BEGIN SOLUTION
    return context_vectors(raw_attention_weights(x), x)
    ### END SOLUTION

# %%
for words, vectors in ((river_words, river), (money_words, money)):
    own = raw_attention_weights(vectors)[1, 1].item()
    print(f"{' '.join(words):32} weight of bank on itself {own:.2f}")
show_bars(
    {
        "embedding": river[1],
        "steep and muddy": dot_product_attention(river)[1],
        "raised interest rates": dot_product_attention(money)[1],
    },
    feature_names(),
    xlabel="feature",
    ylabel="value",
    title="*bank* in two sentences",
    caption="One embedding, two context vectors: beside *muddy* more of place and water is left than beside *rates*, and less of money.",
)

# %% [markdown]
# One embedding, two context vectors: the sentence has changed the vector. The change is small. Beside *steep*
# and *muddy*, money is still the largest feature, where the weights chosen by hand had put place first.
# *bank* gives most of its weight to itself, since no other word resembles *bank* as much, and resemblance is
# all that these weights measure. You will come back to that limit.
#
# An embedding table is a dictionary with one definition per word. A context vector rewrites the definition
# for one sentence.
#
# Does the context vector therefore *replace* the embedding? Look at what is left of each token in its
# own context vector.

# %%
for token, before, after, own in zip(TOKENS, X, context, weights.diagonal()):
    print(f"{token:5} weight on itself {own:.2f}   cosine of embedding and context {cosine(before, after):.2f}")

# %% [markdown]
# Little is left of *The*: the context vector of *The* points elsewhere. If context vectors replaced embeddings,
# the next layer could hardly know which word stood here. In a transformer the two are **added**;
# lesson 04 builds that.
#
# ## What chooses the weights?
#
# It is tempting to say that a token decides where to attend. Run your function on numbers that are no
# words at all:

# %%
torch.manual_seed(0)
show_heatmap(
    raw_attention_weights(torch.randn(4, 3)),
    ["A", "B", "C", "D"],
    title="Attention weights of random numbers",
    caption="Every row adds up to 1 and some weights are large, though no row means anything.",
)

# %% [markdown]
# Nothing decides. The weights are computed from whatever vectors come in, and nothing in
# softmax(XXᵀ)X was trained: it has no parameters.
#
# Nor is attention a **filter**, as in a convolution: a short list of weights that slides along the
# sentence and stays the same for every input. Compare the two on six words in two orders. This filter
# takes half of a token itself and a quarter of each neighbour.

# %%
orders = ("the mat because it was soft", "because it was the soft mat")  # the same six words
rows_of_it = {}
for sentence in orders:
    words = sentence.split()
    it = words.index("it")
    fixed = torch.tensor([max(0.0, 0.5 - 0.25 * abs(place - it)) for place in range(6)])
    rows_of_it[sentence] = torch.stack([fixed, raw_attention_weights(word_vectors(words))[it]])  # (2, 6)
show_heatmaps(
    rows_of_it,
    ("filter", "attention"),
    {sentence: sentence.split() for sentence in orders},
    row_label="row of it",
    title="The same six words in two orders",
    caption="The filter sees the neighbours of *it*. Attention gives *mat* the same weight at both distances.",
)

# %% [markdown]
# Attention is no window. Every token is scored against every token in one step, and distance appears
# nowhere in the formula. Both sentences hold the same six words, so the row of *it* holds the same six
# scores: *mat* gets 0.32, two places away and four. Among other words the sum of exponentials differs, and so
# does the weight.
#
# What follows for a word that stands in a sentence twice? Take "The cat sat on the mat" and
# compare the rows of weights of its two *the*.

# %% prediction="repeated_the"
predict("repeated_the", "identical", choices=["identical", "different"])  # the two rows of "the"

# %%
mat_words = split_words("The cat sat on the mat")
mat_weights = raw_attention_weights(word_vectors(mat_words))  # (6, 6)

# %%
reveal("repeated_the", "identical" if torch.allclose(mat_weights[0], mat_weights[4]) else "different")
show_heatmap(
    mat_weights,
    mat_words,
    title="Attention weights of a sentence with two *the*",
    caption="The two rows of *the* are the same, and so are its two columns: no position enters.",
)

# %% [markdown]
# Same word, same vector, same scores, same row. Attention has repaired *choice*, but *order* is still
# lost: shuffle a sentence and the rows are shuffled, nothing else. Positions have to come with the
# vectors.
#
# Now try sentences of your own. Hover over a cell to see its exact value and its mirror cell.
#
# - Raw scores or softmax weights: in which of the two views does the mirror cell differ?
# - Type one word twice, and then a word that you made up.
# - In "interest in the steep bank", somebody is interested in a slope. To which word does *bank* give more,
#   *interest* or *steep*? Which of the two tells you which bank is meant?

# %%
show_attention_matrix(
    "interest in the steep bank",
    ["interest in the steep bank", "The bank raised interest rates", "The cat chased the mouse", "The dog saw the dog"],
)

# %% [markdown]
# ## Similar is not relevant
#
# Dot products find what is *similar*. A reader needs what is *relevant*.

# %%
slope_words = split_words("interest in the steep bank")
slope = word_vectors(slope_words)  # (5, 12)
for word, score, weight in zip(slope_words, (slope @ slope.T)[-1], raw_attention_weights(slope)[-1]):
    print(f"bank against {word:8}  score {score:4.2f}  weight {weight:.2f}")

# %% [markdown]
# *interest* resembles *bank*, since both have money, and gets more than five times the weight of *steep*, in a
# sentence about a slope. Similarity and relevance are two questions; raw embeddings answer only the first.
#
# ## 8 · Design a chain
#
# The second limit is symmetry: the score of A against B is the score of B against A. The two weights may
# differ all the same. How far apart can you drive them?
#
# Design vectors for three tokens, so that A attends to B, and B does not attend back but on to C. There are
# many right answers. Begin on paper: which three scores make the row of A, and which the row of B?

# %% exercise="chain" points=2 minutes=15 difficulty=3
def chain() -> Tensor:
    """Vectors of the tokens A, B and C, as a float32 matrix of three rows, in this order.

    The vectors may have as many numbers as you like. With w = raw_attention_weights(chain()),

    - A gives B at least 0.8 of its weight: w[0, 1] >= 0.8;
    - B gives C at least 0.8 of its weight: w[1, 2] >= 0.8.
    """
    # TODO: return the three vectors that you designed.
    ### BEGIN SOLUTION
    a = [2.0, 0.0]
    b = [3.0, 2.0]  # longer than a, and b·a = 6 is above a·a = 4
    c = [0.0, 8.0]  # nothing in a's direction, and c·b = 16 is above b·b = 13
    return torch.tensor([a, b, c])
    ### END SOLUTION

# %%
designed = chain()  # (3, d)
print("scores:", (designed @ designed.T).tolist())
show_heatmap(
    raw_attention_weights(designed),
    ["A", "B", "C"],
    title="Attention weights of your chain",
    caption="A's weight goes to B and B's weight to C, though each score equals its mirror image.",
)

# %% [markdown]
# In a chain, each vector is longer than the one before, since A · B > A · A asks for a B that reaches further
# in A's direction than A does. The longest vector is C, and C attends to itself.
#
# Now close the chain to a circle: A gives its largest weight to B, B to C, and C to A. Are there three such
# vectors, in any number of dimensions?

# %% prediction="circle"
predict("circle", "no", choices=["yes", "no"])  # can three vectors make a circle?

# %%
torch.manual_seed(0)
drawn = torch.randn(100_000, 3, 1).exp() * torch.randn(100_000, 3, 4)  # 100,000 triples, of all lengths
largest = (drawn @ drawn.transpose(1, 2)).argmax(dim=-1)  # (100000, 3): where each row's largest score is
chains = (largest[:, :2] == torch.tensor([1, 2])).all(dim=-1).sum().item()
circles = (largest == torch.tensor([1, 2, 0])).all(dim=-1).sum().item()
print(f"the largest scores make a chain in {chains:,} of 100,000 random triples, and a circle in {circles}")

# %%
reveal("circle", "yes" if circles else "no")

# %% [markdown]
# No search finds a circle, since none exists. In the row of A, A · B is above A · C. In the row of B, B · C is
# above A · B. In the row of C, A · C is above B · C. Put together, A · C would be larger than itself.
#
# So with one vector per token, some patterns of attention cannot be made. Is that harmless? In "The cat
# chased the mouse", *cat* needs *chased* for what it did, and *chased* needs *cat* for who did it.

# %%
chase_words = split_words("The cat chased the mouse")
chase = word_vectors(chase_words)  # (5, 12)
print(f"cat against chased: {dot_product(chase[1], chase[2]):.2f}    chased against cat: {dot_product(chase[2], chase[1]):.2f}")

# %% [markdown]
# The two questions get one number. At a cocktail party, what you hope to hear about and what you can talk about
# are different things. One embedding has to serve as both:
#
# | | when its own row is computed | when other rows are computed |
# |---|---|---|
# | role of *cat*'s vector | what it seeks: an action | what it offers: somebody who acts |
# | used as | the left factor of $XX^\top$ | the right factor of $XX^\top$ |
#
# Suppose every token had **two** vectors, one for seeking and one for offering, and the score (i, j) were
# the seeking vector of i times the offering vector of j. Would the matrix of scores still be symmetric?

# %% prediction="two_vectors_symmetric"
predict("two_vectors_symmetric", "no", choices=["yes", "no"])  # would s_i · o_j equal s_j · o_i?

# %%
torch.manual_seed(0)
seeking, offering = torch.randn(4, 3), torch.randn(4, 3)  # two vectors for each of four tokens
two_role_scores = seeking @ offering.T  # (4, 4)

# %%
reveal("two_vectors_symmetric", "yes" if torch.allclose(two_role_scores, two_role_scores.T) else "no")
show_heatmap(
    two_role_scores,
    TOKENS,
    kind="scores",
    title="Two vectors for each token, drawn at random",
    caption="An entry and its mirror image come from four different vectors, so they need not agree.",
)

# %% [markdown]
# The score of *cat* against *sat* uses what *cat* seeks and what *sat* offers; the other way round, two
# other vectors meet. Where we are, with the shapes of the four tokens:

# %%
print(f"X {tuple(X.shape)}  →  scores XXᵀ {tuple(scores.shape)}  →  softmax of each row {tuple(weights.shape)}")
print(f"   →  weights times X: context vectors {tuple(context.shape)}")

# %% [markdown]
# ## What you have now
#
# - A static embedding cannot tell one *bank* from another; a context vector can.
# - A context vector is a weighted average whose weights the sentence itself provides.
# - Dot products score every pair at any distance; softmax makes each row add up to 1.
# - softmax(XXᵀ)X makes all context vectors, without a single trained number.
# - One vector per token makes scores symmetric, and finds what is similar, not what is relevant.
#
# Not covered: positions (01), scaling (03), adding to the embedding (04), masks (05), several relations
# at once (06), **cross-attention** to another sentence (later).
#
# Two vectors per token break the symmetry. Where do they come from, when each token has only one
# embedding? Lesson 03 answers.

# %% tags=["authoring"]
# From here on: how each exercise is judged. Of this, students see the hints alone.
from spotlight.authoring import alternative, alternatives, case, entry, forbid
from spotlight.authoring import hint, mistake, mistakes, probe, why
from spotlight.sandbox.kit import formatted, gradients, randn, uniform, whole_numbers

forbid("model_utils", because="the course keeps its own version there, and yours is asked for.")

# %% judges="average_context"
case("by_hand", "Four tokens of width 2; whole numbers.", whole_numbers, n=4, d=2)
case("five_tokens", "Five tokens of width 3.", n=5, d=3)
case("square", "Four tokens of width 4.", n=4, d=4)
case("zeros", "Four tokens of width 3, some of whose numbers are 0.", lambda average_context: average_context(randn(4, 3) * torch.tensor([[1.0, 0.0, 1.0], [1.0, 1.0, 1.0], [0.0, 0.0, 1.0], [1.0, 1.0, 1.0]])))
entry(lambda j, x: f"column {j} of `x` is {formatted(x[:, j])}; its sum divided by {len(x)} is {formatted(x[:, j].mean())}")
mistakes("""
average-over-features: dim=0 → dim=1
    You average over the features and get one number per token: average over the tokens, dim 0.
sum-of-tokens: x.mean(dim=0) → x.sum(dim=0)
    That is the sum of the vectors, which grows with the length of the sentence: divide by the number of tokens.
average-of-everything: dim=0 →
    You average tokens and features together into one number; every feature should keep an average of its own.
divided-by-width: x.mean(dim=0) → x.sum(dim=0) / x.shape[1]
    You divide by d, the number of features; the sum runs over n tokens, so divide by n.
zeros-not-counted: x.mean(dim=0) → x.sum(dim=0) / (x != 0).sum(dim=0)
    You divide by how many numbers of a feature are not 0; a token with a 0 counts, too, so divide by n.
largest-of-each-feature: x.mean(dim=0) → x.amax(dim=0)
    You keep the largest value of every feature; the average is asked for.
running-average: return x.mean(dim=0) → return sum(row / 2 ** (len(x) - max(t, 1)) if t else row / 2 ** (len(x) - 1) for t, row in enumerate(x))
    You average what you have with the next token, again and again, so that later tokens count more: add all up, and divide once, by n.
first-and-last: x.mean(dim=0) → (x[0] + x[-1]) / 2
    You average the first and the last token alone; all n tokens count alike.
kept-as-a-row: dim=0 → dim=0, keepdim=True
    The numbers are right but you keep the token dimension: the result should be (d,), not (1, d).
""")
alternatives("""
sum-over-count: x.mean(dim=0) → x.sum(dim=0) / len(x)
equal-weights: x.mean(dim=0) → torch.full((len(x),), 1 / len(x), dtype=x.dtype) @ x
""")


@alternative
def average_context__loop(x):
    total = torch.zeros(x.shape[1])
    for row in x:
        total = total + row
    return total / x.shape[0]


forbid("EmbeddingBag", "embedding_bag", because="it hides the average that you are to write.")
hint("Five words of width 12 go in. How many numbers should come out, and what does the first of them average?")
hint("`x.mean(dim=...)` makes the dimension that it averages over disappear. Which one should disappear, tokens or features?")
hint("A mean over one dimension leaves the other: (n, d) becomes (d,). Which of dim 0 and dim 1 counts the tokens?")
why("`dim=0` is the dimension that disappears: averaging over tokens leaves one number per feature, however many tokens there are.")

# %% judges="context_vectors"
def _shares(*shape):
    positive = uniform(*shape, low=0.1)
    return positive / positive.sum(dim=-1, keepdim=True)


@probe
def by_hand(context_vectors):
    "Two rows of weights over three tokens of width 4; whole numbers."
    weights = uniform(2, 3, low=1, high=1) * torch.tensor([[0.5, 0.25, 0.25], [0.0, 0.75, 0.25]])
    return context_vectors(weights, whole_numbers(3, 4, low=-4))


case("three_rows", "Three rows of weights over five tokens of width 2.", n=5, d=2, weights=_shares(3, 5))
case("one_row", "One row of weights over five tokens of width 3.", n=5, d=3, weights=_shares(1, 5))
case("square", "Four rows of weights over four tokens of width 4.", n=4, d=4, weights=_shares(4, 4))


@entry
def context_vectors__entry(i, j, weights, x):
    return (
        f"row {i} of weights · column {j} of `x` = {formatted(weights[i])} · {formatted(x[:, j])} = "
        f"{formatted(weights[i] @ x[:, j])}"
    )


mistakes("""
weights-transposed: weights @ x → weights.T @ x
    You average with column i of the weights; row i makes row i of the result, so leave the weights as they are.
weights-from-the-right: weights @ x → x @ weights
    `x @ weights` weighs the features; rows of `x` are tokens, so the weights stand on the left.
element-by-element: weights @ x → weights * x
    `*` multiplies entry by entry and adds nothing up: each row of the result is a sum over all tokens.
not-added-up: weights @ x → weights[:, :, None] * x
    Each vector is multiplied by its weight, but the n products of a row are not added up to one vector.
added-over-features: weights @ x → (weights[:, :, None] * x).sum(dim=2)
    You add up over the features; add up over the tokens, so that one vector of width d is left for each row.
weights-ignored: weights @ x → x.mean(dim=0).repeat(len(weights), 1)
    Each row is the plain average: the weights play no part in it.
one-summary: weights @ x → (weights @ x).mean(dim=0)
    You average the context vectors into one; every row of weights keeps a context vector of its own.
only-the-heaviest: weights @ x → x[weights.argmax(dim=-1)]
    You pick the token with the largest weight in each row; all tokens count, each by its weight.
divided-again: weights @ x → weights @ x / len(x)
    The rows add up to 1 already: do not divide by the number of tokens as well.
softmax-again: weights @ x → torch.softmax(weights, dim=-1) @ x
    The rows add up to 1 already; a softmax flattens them.
""")
alternatives("""
row-by-row: weights @ x → torch.stack([row @ x for row in weights])
einsum: weights @ x → torch.einsum("mn,nd->md", weights, x)
broadcast: weights @ x → (weights[:, :, None] * x).sum(dim=1)
transposed: weights @ x → (x.T @ weights.T).T
""")


@alternative
def context_vectors__loops(weights, x):
    rows = []
    for row in weights:
        total = torch.zeros(x.shape[1])
        for weight, vector in zip(row, x):
            total = total + weight * vector
        rows.append(total)
    return torch.stack(rows)


forbid("scaled_dot_product_attention", "MultiheadAttention", "EmbeddingBag", "embedding_bag", because="they hide the two steps, multiply and add up.")
hint("Take one row of weights. How many products of a number and a vector are there, and what happens to them?")
hint("One row, (n,), and the vectors, (n, d), make one average, (d,). What do m rows, (m, n), make of them?")
hint("A matrix product does it. (m, n) and (n, d) make (m, d): which of the two stands on the left, and must one be transposed?")
why("A row from the left takes a multiple of each row of `x` and adds the multiples up, which is the weighted average. A matrix from the left does so for each of its rows. No division follows, since each row of weights adds up to 1.")

# %% judges="dot_product"
case("by_hand", "Two vectors of width 4; whole numbers.", whole_numbers, d=4)
case("width_3", "Two vectors of width 3.", d=3)
case("width_8", "Two vectors of width 8.", d=8)


@probe
def opposite(dot_product):
    "A vector and its opposite: the answer is negative."
    a = randn(4)
    return dot_product(a, -2 * a)


entry(lambda a, b: f"{formatted(a)} · {formatted(b)}: the products are {formatted(a * b)}, and they add up to {formatted(a @ b)}")
mistakes("""
not-added-up: (a * b).sum() → a * b
    These are the products entry by entry; add them up to one number.
averaged: .sum() → .mean()
    You average the products; the dot product adds them up.
product-of-sums: (a * b).sum() → a.sum() * b.sum()
    You add up each vector first and multiply the two sums; multiply entry by entry first, then add up.
cosine: (a * b).sum() → (a * b).sum() / (a.norm() * b.norm())
    That is the cosine: the dot product is not divided by the lengths.
sign-dropped: (a * b).sum() → (a * b).sum().abs()
    You drop the sign; opposite vectors should get a negative dot product.
distance: (a * b).sum() → (a - b).norm()
    That is the distance between the two, small when they match; the dot product is large when they match.
squared-distance: (a * b).sum() → ((a - b) ** 2).sum()
    That is the squared distance between the two, small when they match; the dot product multiplies entry by entry and adds up.
product-of-lengths: (a * b).sum() → a.norm() * b.norm()
    That is the product of the two lengths, whatever the angle between the vectors: multiply entry by entry, then add up.
cut-to-whole-numbers: (a * b).sum() → (a.trunc() * b.trunc()).sum()
    You cut the entries to whole numbers before you multiply; use them as they are.
only-where-both-are-positive: (a * b).sum() → (a * b)[(a > 0) & (b > 0)].sum()
    You count only the entries that are positive in both vectors; every product counts, the negative ones and those of two negative entries too.
negative-products-left-out: (a * b).sum() → (a * b).clamp(min=0).sum()
    You leave out the negative products; they count too, and make the dot product of opposite vectors negative.
every-pair-of-entries: (a * b).sum() → torch.outer(a, b)
    You multiply every entry with every entry; only entries at the same place meet.
""")
alternatives("""
matmul: (a * b).sum() → a @ b
einsum: (a * b).sum() → torch.einsum("d,d->", a, b)
""")


@alternative
def dot_product__loop(a, b):
    total = 0.0
    for i in range(len(a)):
        total = total + a[i] * b[i]
    return total


forbid("cosine_similarity", "cdist", because="the sum of products itself is asked for.")
hint("Two vectors of width d go in and one number comes out. What do you have after `a * b`?")
hint("Which method of a tensor turns d numbers into one, without dividing?")
hint("Of `a * b`, `a @ b` and `torch.outer(a, b)`, one gives (d,), one a single number, and one (d, d). Take the one that is asked for, or finish the one that gives (d,).")
why("`a * b` keeps the single products in sight, one for each feature; their sum is the score. `a @ b` does both at once.")

# %% judges="cosine"
case("by_hand", "Two vectors of width 2; whole numbers.", whole_numbers(low=1, high=5), d=2)
case("width_3", "Two vectors of width 3.", d=3)
case("long_and_short", "A long vector of width 6 and a short one.", lambda cosine: cosine(10 * randn(6), randn(6) / 10))
case("both_short", "Two vectors of width 4, both far shorter than 1.", lambda cosine: cosine(randn(4) / 100, randn(4) / 100))


@entry
def cosine__entry(a, b):
    return (
        f"{formatted(a)} · {formatted(b)} = {formatted(a @ b)}; the lengths are {formatted(a.norm())} and {formatted(b.norm())}; "
        f"{formatted(a @ b)} / ({formatted(a.norm())} · {formatted(b.norm())}) = {formatted(a @ b / (a.norm() * b.norm()))}"
    )


mistakes("""
lengths-left-in: / (a.norm() * b.norm()) →
    That is the dot product still: divide it by both lengths.
one-length-only: (a.norm() * b.norm()) → a.norm()
    You divide by the length of the first vector only; divide by both.
lengths-added: a.norm() * b.norm() → a.norm() + b.norm()
    You add the two lengths; the formula multiplies them.
numbers-of-entries: (a.norm() * b.norm()) → (len(a) * len(b))
    `len(a)` is the number of entries; the length of a vector is √(a · a), its `norm`.
sums-for-lengths: (a.norm() * b.norm()) → (a.abs().sum() * b.abs().sum())
    You add up absolute values; the length of a vector is the root of its summed squares, √(a · a).
cosine-of-the-dot-product: dot_product(a, b) / (a.norm() * b.norm()) → torch.cos(dot_product(a, b))
    You take the cosine of the dot product, as if that were an angle: the dot product divided by both lengths is the cosine already.
short-lengths-left-out: (a.norm() * b.norm()) → (a.norm().clamp(min=1) * b.norm().clamp(min=1))
    You do not divide by lengths below 1; the formula divides by every length.
centred: dot_product(a, b) / (a.norm() * b.norm()) → dot_product(a - a.mean(), b - b.mean()) / ((a - a.mean()).norm() * (b - b.mean()).norm())
    You subtract each vector's mean first, which makes it the correlation; the cosine takes the vectors as they are.
lengths-squared: (a.norm() * b.norm()) → (dot_product(a, a) * dot_product(b, b))
    `dot_product(a, a)` is the square of the length: take its root, or use `norm`.
second-length-multiplied: (a.norm() * b.norm()) → a.norm() * b.norm()
    `/ x * y` divides by x and then multiplies by y: put both lengths in one pair of parentheses.
angle: dot_product(a, b) / (a.norm() * b.norm()) → torch.arccos(dot_product(a, b) / (a.norm() * b.norm()))
    That is the angle itself; its cosine is asked for.
distance: dot_product(a, b) / → 1 - dot_product(a, b) /
    That is 1 minus the cosine, a distance: it is small when the directions agree.
""")
alternatives("""
unit-vectors: dot_product(a, b) / (a.norm() * b.norm()) → dot_product(a / a.norm(), b / b.norm())
one-after-the-other: (a.norm() * b.norm()) → torch.linalg.norm(a) / torch.linalg.norm(b)
""")


@alternative
def cosine__from_dot_products(a, b):
    return (a @ b) / ((a @ a) * (b @ b)) ** 0.5


forbid("cosine_similarity", "CosineSimilarity", because="the formula has three parts, and you write them.")
hint("Which two numbers make a dot product large although the directions do not agree well?")
hint("Solve a · b = |a| |b| cos θ for cos θ. What stands below the line?")
hint("You have a function for the dot product. A length is the root of a dot product, or `a.norm()`.")
why("The dot product grows with both lengths, so dividing by both leaves what the directions alone say. One pair of brackets around the lengths makes it one division.")

# %% judges="softmax_rows"
case("by_hand", "Two rows of three scores; whole numbers.", whole_numbers, n=2, m=3)
case("three_rows", "Three rows of five scores.", n=3, m=5)
case("square", "Four rows of four scores.", lambda softmax_rows: softmax_rows(2 * randn(4, 4)))
case("a_hundred", "Scores of about 100, which overflow where exponentials are taken of them directly.", lambda softmax_rows: softmax_rows(100 + randn(2, 4)))
case("what_flows_back", "The gradient that flows back to three rows of five scores.", lambda softmax_rows: gradients(softmax_rows, scores=randn(3, 5)))


@probe
def single_precision(softmax_rows):
    "Rows up to 1000 and down to -1000 in single precision, with scores hundreds apart."
    levels = torch.tensor(
        [[1000.0, 600.0, 200.0, -200.0], [-1000.0, -700.0, -900.0, -800.0], [0.0, -1000.0, 500.0, 1000.0]]
    )
    return softmax_rows(levels + randn(3, 4, dtype=torch.float32))


case("nothing_but_zeros", "Two rows of five scores, all of them 0.", lambda softmax_rows: softmax_rows(0 * randn(2, 5)))


@probe
def rows_far_apart(softmax_rows):
    "A row of about 100, one of about -100, and one that holds both."
    levels = torch.full((3, 5), 100.0)
    levels[1] = -100.0
    levels[2, :4] = -100.0
    return softmax_rows(levels + randn(3, 5))


@entry
def softmax_rows__entry(i, j, scores):
    shifted = scores[i] - scores[i].max()
    exponentials = shifted.exp()
    return (
        f"row {i} less its largest score is {formatted(shifted)}, the exponentials are {formatted(exponentials)} with the "
        f"sum {formatted(exponentials.sum())}, and number {j} of them divided by that is {formatted(torch.softmax(scores[i], -1)[j])}"
    )


mistakes("""
overflow: scores - largest → scores
    The weights are right for small scores, but the exponential of 1000 is infinite: subtract each row's largest score first.
largest-of-the-matrix: scores.max(dim=-1, keepdim=True).values → scores.max()
    What you subtract is not the largest of the row itself: a row far below it underflows to 0/0. Subtract each row's own.
mean-subtracted: scores.max(dim=-1, keepdim=True).values → scores.mean(dim=-1, keepdim=True)
    You subtract each row's mean: a score far above it still overflows. Subtract each row's largest.
one-number-subtracted: scores.max(dim=-1, keepdim=True).values → 1000.0
    You subtract the same number from every row: a row far below it underflows to 0/0. Subtract each row's own largest.
cut-off: scores - largest → scores.clamp(-80.0, 80.0)
    You cut the scores off at a limit, so that large scores that differ get equal weights: subtract each row's largest score instead.
sign-turned: scores - largest → largest - scores
    You subtract the scores from the largest one, so that the best match gets the least weight: turn the subtraction round.
not-divided: / exponentials.sum(dim=-1, keepdim=True) →
    These are exponentials; divide each by the sum of its row, so that the row adds up to 1.
keepdim-forgotten: exponentials.sum(dim=-1, keepdim=True) → exponentials.sum(dim=-1)
    Without keepdim=True the row sums lie along a row, so column j is divided by the sum of row j; keep them as a column.
keepdim-forgotten-in-max: scores.max(dim=-1, keepdim=True) → scores.max(dim=-1)
    Without keepdim=True the largest scores lie along a row, so column j loses the largest of row j; keep them as a column.
logarithms: exponentials / exponentials.sum(dim=-1, keepdim=True) → scores - largest - exponentials.sum(dim=-1, keepdim=True).log()
    These are the logarithms of the weights: the last exponential is missing.
input-changed: scores - largest → scores.sub_(largest)
    The weights are right, but the scores that you were given are changed in place: subtract into a new tensor.
""")


@mistake(
    "over-columns",
    "Your columns add up to 1; a row belongs to one token, so it is each row (dim=-1) that should.",
)
def softmax_rows__over_columns(scores):
    exponentials = torch.exp(scores - scores.max(dim=0, keepdim=True).values)
    return exponentials / exponentials.sum(dim=0, keepdim=True)


@mistake(
    "over-columns-and-overflow",
    "Two things: your columns add up to 1 where each row should, and large scores overflow because nothing is subtracted.",
)
def softmax_rows__over_columns_and_overflow(scores):
    return scores.exp() / scores.exp().sum(dim=0)


@mistake(
    "over-the-whole-matrix",
    "All weights together add up to 1; each row is an average of its own, so take the sum row by row.",
)
def softmax_rows__over_the_whole_matrix(scores):
    exponentials = torch.exp(scores - scores.max())
    return exponentials / exponentials.sum()


@mistake(
    "over-the-whole-matrix-and-overflow",
    "Two things: the sum runs over the whole matrix where each row needs its own, and large scores overflow because nothing is subtracted.",
)
def softmax_rows__over_the_whole_matrix_and_overflow(scores):
    return scores.exp() / scores.exp().sum()


@mistake(
    "scores-divided-by-their-sum",
    "You divide the scores themselves by their sum, which leaves negative weights: take exponentials first.",
)
def softmax_rows__scores_divided(scores):
    return scores / scores.sum(dim=-1, keepdim=True)


alternatives("""
amax: scores.max(dim=-1, keepdim=True).values → scores.amax(dim=1, keepdim=True)
indexed-column: exponentials.sum(dim=-1, keepdim=True) → exponentials.sum(dim=1)[:, None]
""")


@alternative
def softmax_rows__row_by_row(scores):
    rows = []
    for row in scores:
        raised = (row - max(row)).exp()
        rows.append(raised / sum(raised))
    return torch.stack(rows)


@alternative
def softmax_rows__through_logarithms(scores):
    return torch.exp(scores - torch.logsumexp(scores, dim=-1, keepdim=True))


@alternative
def softmax_rows__by_differences(scores):
    # weight_j = 1 / sum over k of e^(s_k - s_j); an infinite sum gives the weight 0.
    return 1 / (scores[:, None, :] - scores[:, :, None]).exp().sum(dim=-1)


forbid("softmax", "Softmax", "log_softmax", "softmin", because="build it from exponentials, so that you know what it does to a row.")
hint("Each row gets one largest score and one sum. What shape do n of them need, so that they broadcast against (n, m)?")
hint("`max(dim=-1, keepdim=True)` returns values and indices; you want `.values`. Which other method needs `keepdim=True`?")
hint("```python\nlargest = <one number for each row>  # (n, 1)\nexponentials = <e to the power of what is left without largest>  # (n, m)\nreturn <each row of exponentials, divided by what makes it add up to 1>\n```")
why("Subtracting the largest score changes nothing in the result, since every exponential of the row is divided by the same factor, and no exponential can exceed 1. `keepdim=True` keeps (n, 1), which lines up with the rows again.")

# %% judges="raw_attention_weights"
case("by_hand", "Three tokens of width 2; whole numbers.", whole_numbers(low=-1, high=3), n=3, d=2)
case("five_tokens", "Five tokens of width 3.", n=5, d=3)
case("square", "Four tokens of width 4.", lambda raw_attention_weights: raw_attention_weights(randn(4, 4) / 2))
case("long_vectors", "Three tokens of width 6 with long vectors, so that scores go into the thousands.", lambda raw_attention_weights: raw_attention_weights(whole_numbers(3, 6, low=-40, high=41)))


@entry
def raw_attention_weights__entry(i, j, x):
    scores = x[i] @ x.T
    return (
        f"token {i} scored against every token is {formatted(scores)}; softmax turns that row into "
        f"{formatted(torch.softmax(scores, -1))}, and the weight of token {j} is {formatted(torch.softmax(scores, -1)[j])}"
    )


mistakes("""
dimensions-compared: x @ x.T → x.T @ x
    XᵀX compares the d features with each other; you want tokens compared with tokens, XXᵀ.
softmax-of-the-vectors: softmax_rows(scores) → softmax_rows(x)
    You apply softmax to the vectors themselves; first every token is scored against every token, then softmax runs over the scores.
not-transposed: x @ x.T → x @ x
    `x @ x` does not pair tokens with tokens: the second factor has to be transposed.
element-by-element: x @ x.T → x * x
    `*` multiplies each entry with itself; the dot products of all pairs are a matrix product, `@`.
softmax-forgotten: softmax_rows(scores) → scores
    These are the scores; softmax over each row turns them into weights.
# The scores are symmetric, so softmax over columns is the transpose of softmax over rows.
softmax-over-columns: softmax_rows(scores) → softmax_rows(scores).T
    Your columns add up to 1: either softmax runs over columns, or the weights are transposed. Row i belongs to token i.
softmax-over-the-whole-matrix: softmax_rows(scores) → torch.softmax(scores.flatten(), dim=0).view_as(scores)
    All weights together add up to 1; each row should, so that each token has an average of its own.
scores-divided-by-their-sum: softmax_rows(scores) → scores / scores.sum(dim=-1, keepdim=True)
    You divide the scores by their sum; softmax divides their exponentials.
softmax-twice: softmax_rows(scores) → softmax_rows(softmax_rows(scores))
    Softmax is applied twice, which flattens the weights; once is enough.
overflow: softmax_rows(scores) → scores.exp() / scores.exp().sum(dim=-1, keepdim=True)
    Right for small scores, but exponentials of large ones are infinite: use your softmax_rows, which subtracts each row's largest score.
cosines: x @ x.T → x @ x.T / (x.norm(dim=-1, keepdim=True) * x.norm(dim=-1))
    You score by the cosine; the dot product keeps the lengths.
scaled: x @ x.T → x @ x.T / x.shape[-1] ** 0.5
    You divide the scores by √d. That has a reason, and lesson 03 gives it; here the scores stay as they are.
itself-left-out: x @ x.T → (x @ x.T).fill_diagonal_(float('-inf'))
    You leave out each token's score with itself; every token is scored against all tokens, itself included.
""")
alternatives("""
einsum: x @ x.T → torch.einsum("id,jd->ij", x, x)
built-in-softmax: softmax_rows(scores) → scores.softmax(dim=-1)
""")


@alternative
def raw_attention_weights__loops(x):
    scores = torch.stack([torch.stack([dot_product(a, b) for b in x]) for a in x])
    return softmax_rows(scores)


@alternative
def raw_attention_weights__columns_of_a_symmetric_matrix(x):
    return softmax_rows((x @ x.T).T)


forbid("scaled_dot_product_attention", "MultiheadAttention", because="you are building the first version of it.")
hint("How many scores are there for four tokens, and which two rows of `x` make the score (i, j)?")
hint("A matrix product pairs rows of the left with columns of the right. What turns the rows of `x` into columns?")
hint("```python\nscores = <n · n dot products, from one matrix product>  # (n, n)\nreturn <what turns every row of scores into weights>\n```")
why("`x @ x.T` pairs every row with every row: all n · n dot products in one product. What turns scores into weights is already a function of yours, so it is called, not written again.")

# %% judges="dot_product_attention"
case("by_hand", "Three tokens of width 2; whole numbers.", whole_numbers(low=-1, high=3), n=3, d=2)
case("five_tokens", "Five tokens of width 3.", n=5, d=3)
case("square", "Four tokens of width 4.", lambda dot_product_attention: dot_product_attention(randn(4, 4) / 2))
case("long_vectors", "Three tokens of width 6 with long vectors, so that scores go into the thousands.", lambda dot_product_attention: dot_product_attention(whole_numbers(3, 6, low=-40, high=41)))


@entry
def dot_product_attention__entry(i, j, x):
    weights = torch.softmax(x[i] @ x.T, -1)
    return (
        f"the weights of token {i} are {formatted(weights)}; with column {j} of `x`, {formatted(x[:, j])}, "
        f"they make {formatted(weights @ x[:, j])}"
    )


mistakes("""
scores-not-normalised: raw_attention_weights(x) → x @ x.T
    You average with the raw scores, which do not add up to 1: turn them into weights first.
softmax-last: context_vectors(raw_attention_weights(x), x) → softmax_rows(x @ x.T @ x)
    You average with raw scores and apply softmax to the result: the weights come first, then the average.
dimensions-compared: context_vectors(raw_attention_weights(x), x) → x @ raw_attention_weights(x.T)
    The shape is right, but you compare features with features, XᵀX, and mix features; compare tokens, XXᵀ.
weights-transposed: raw_attention_weights(x) → raw_attention_weights(x).T
    You average with columns of the weights, or softmax runs over columns; row i belongs to token i, and rows add up to 1.
weights-returned: context_vectors(raw_attention_weights(x), x) → raw_attention_weights(x)
    These are the weights, (n, n); average the vectors with them to get (n, d).
scores-averaged: context_vectors(raw_attention_weights(x), x) → context_vectors(raw_attention_weights(x), x @ x.T)
    You average the scores with the weights; it is the vectors in `x` that should be averaged.
softmax-twice: raw_attention_weights(x) → softmax_rows(raw_attention_weights(x))
    Softmax is applied twice: raw_attention_weights has done it already.
overflow: raw_attention_weights(x) → (x @ x.T).exp() / (x @ x.T).exp().sum(dim=-1, keepdim=True)
    Right for small scores, but exponentials of large ones are infinite: subtract each row's largest score, as softmax_rows does.
one-summary: context_vectors(raw_attention_weights(x), x) → context_vectors(raw_attention_weights(x), x).mean(dim=0)
    You average the context vectors into one; every token keeps a context vector of its own.
embedding-added: context_vectors(raw_attention_weights(x), x) → x + context_vectors(raw_attention_weights(x), x)
    You add the embeddings to the context vectors. Lesson 04 does that, with a reason; here the context vectors alone are asked for.
scaled: raw_attention_weights(x) → softmax_rows(x @ x.T / x.shape[-1] ** 0.5)
    You divide the scores by √d. Lesson 03 gives the reason for that; here they stay as they are.
""")
alternatives("""
one-line: context_vectors(raw_attention_weights(x), x) → torch.softmax(x @ x.T, dim=-1) @ x
""")


@alternative
def dot_product_attention__token_by_token(x):
    contexts = []
    for row in x:
        scores = x @ row
        raised = (scores - scores.max()).exp()
        contexts.append(raised / raised.sum() @ x)
    return torch.stack(contexts)


@alternative
def dot_product_attention__divided_last(x):
    # Dividing each row by its sum of exponentials may wait until after the product.
    scores = x @ x.T
    raised = (scores - scores.amax(dim=-1, keepdim=True)).exp()
    return (raised @ x) / raised.sum(dim=-1, keepdim=True)


forbid("scaled_dot_product_attention", "MultiheadAttention", because="you are building the first version of it.")
hint("Which of your functions makes weights from `x`, and which makes context vectors from weights?")
hint("`x` is used twice, for two different things. Which are they?")
hint("`context_vectors` takes the weights first. You have both of its arguments, or a function that makes them. Which of the two is `x` itself?")
why("Two functions, in the order of the formula. The embeddings go in twice, once to be compared and once to be averaged, and keeping those two uses apart is what the next lessons build on.")

# %% judges="chain"
def _weights(x):
    if x.ndim != 2 or len(x) != 3:
        raise ValueError("The matrix has to have three rows.")
    return torch.softmax(x.float() @ x.float().T, dim=-1)


def _row(all_weights, token):
    """Where the largest weight of a token's row goes, in words."""
    weights, who = all_weights[token], "ABC"[token]
    if not torch.isfinite(weights).all():
        return f"{who} gives weights that are no numbers"
    best = int(weights.argmax())
    if (weights > weights.max() - 1e-4).sum() > 1:
        return f"{who} gives several most"
    if best == token:
        return f"{who} gives itself most"
    whom = "ABC"[best]
    enough = "at least 0.8" if weights[best] >= 0.8 - 1e-6 else "most, but less than 0.8"
    return f"{who} gives {whom} {enough}" if best == token + 1 else f"{who} gives {whom} most"


case("row_of_a", "The row of A.", lambda chain: _row(_weights(chain()), 0))
case("row_of_b", "The row of B.", lambda chain: _row(_weights(chain()), 1))


case("dtype", "The kind of numbers.", lambda chain: str(chain().dtype))


@probe
def in_another_order(chain):
    "The same vectors in another order of rows: the weights go along."
    order = randn(3).argsort()
    back = order.argsort()
    weights = _weights(chain()[order])[back][:, back]
    return [_row(weights, 0), _row(weights, 1)]


mistakes("""
longest-first:
    - a = [2.0, 0.0]
    - b = [3.0, 2.0]  # longer than a, and b·a = 6 is above a·a = 4
    - c = [0.0, 8.0]  # nothing in a's direction, and c·b = 16 is above b·b = 13
    + a = [0.0, 8.0]
    + b = [3.0, 2.0]
    + c = [2.0, 0.0]
    A gives most to itself, and B gives most to A: A is longer than B. Each vector has to be longer than the one before it.
all-alike:
    - a = [2.0, 0.0]
    - b = [3.0, 2.0]  # longer than a, and b·a = 6 is above a·a = 4
    - c = [0.0, 8.0]  # nothing in a's direction, and c·b = 16 is above b·b = 13
    + a = [1.0, 0.0, 0.0]
    + b = [0.0, 1.0, 0.0]
    + c = [0.0, 0.0, 1.0]
    A and B both give most to themselves: A · A is above A · B, and B · B is above B · C. Each vector has to reach further in the direction of the one before it.
b-too-short: b = [3.0, 2.0] → b = [1.0, 3.0]
    The row of B is right. A gives most to itself, since A · A is above A · B: make B longer in the direction of A.
c-too-short: c = [0.0, 8.0] → c = [0.0, 4.0]
    The row of A is right. B gives most to itself, since B · B is above B · C: make C longer in the direction of B.
c-like-a: c = [0.0, 8.0] → c = [4.0, 8.0]
    The row of B is right. A gives most to C, since A · C is above A · B: C may be long, but not in the direction of A.
c-like-a-and-too-short:
    - b = [3.0, 2.0]  # longer than a, and b·a = 6 is above a·a = 4
    - c = [0.0, 8.0]  # nothing in a's direction, and c·b = 16 is above b·b = 13
    + b = [3.0, 4.0]
    + c = [5.0, 0.0]
    A gives most to C, since A · C is above A · B. B gives most to itself, since B · B is above B · C. C has to be long in the direction of B, and not in the direction of A.
b-too-short-and-b-too-weak:
    - b = [3.0, 2.0]  # longer than a, and b·a = 6 is above a·a = 4
    - c = [0.0, 8.0]  # nothing in a's direction, and c·b = 16 is above b·b = 13
    + b = [1.0, 3.0]
    + c = [0.0, 3.6]
    A gives most to itself, since A · A is above A · B: make B longer in the direction of A. B gives C most, but less than 0.8.
a-too-weak-and-c-too-short:
    - a = [2.0, 0.0]
    - b = [3.0, 2.0]  # longer than a, and b·a = 6 is above a·a = 4
    - c = [0.0, 8.0]  # nothing in a's direction, and c·b = 16 is above b·b = 13
    + a = [0.7, 0.0]
    + b = [3.0, 2.0]
    + c = [0.0, 4.0]
    A gives B most, but less than 0.8. B gives most to itself, since B · B is above B · C: make C longer in the direction of B.
c-outshines-b:
    - b = [3.0, 2.0]  # longer than a, and b·a = 6 is above a·a = 4
    - c = [0.0, 8.0]  # nothing in a's direction, and c·b = 16 is above b·b = 13
    + b = [3.0, 0.0]
    + c = [3.1, 0.0]
    A gives most to C, since A · C is above A · B, and B gives C most, but less than 0.8. Let C point where B points and A does not.
a-too-weak: a = [2.0, 0.0] → a = [0.7, 0.0]
    The row of B is right, and A gives B most, but less than 0.8: the gap between A · B and the other two scores of its row is too small.
b-too-weak: c = [0.0, 8.0] → c = [0.0, 7.0]
    The row of A is right, and B gives C most, but less than 0.8: the gap between B · C and the other two scores of its row is too small.
whole-numbers-kept: return torch.tensor([a, b, c]) → return torch.tensor([a, b, c]).long()
    The design is right, but these are whole numbers, and the next cells compute with float32: write the numbers with a point, as in 2.0.
both-too-weak:
    - a = [2.0, 0.0]
    - b = [3.0, 2.0]  # longer than a, and b·a = 6 is above a·a = 4
    - c = [0.0, 8.0]  # nothing in a's direction, and c·b = 16 is above b·b = 13
    + a = [1.0, 0.0]
    + b = [1.5, 1.0]
    + c = [0.0, 4.0]
    The largest weights stand where they should, but both are below 0.8. Multiply all three vectors by one number above 1: that spreads the scores apart.
""")
alternatives("""
# Longer by the same factor: the gaps grow.
twice-as-long: torch.tensor([a, b, c]) → 2 * torch.tensor([a, b, c])
turned: torch.tensor([a, b, c]) → torch.tensor([a, b, c]) @ torch.tensor([[0.6, 0.8], [-0.8, 0.6]])
three-dimensions:
    - a = [2.0, 0.0]
    - b = [3.0, 2.0]  # longer than a, and b·a = 6 is above a·a = 4
    - c = [0.0, 8.0]  # nothing in a's direction, and c·b = 16 is above b·b = 13
    + a = [1.5, 0.0, 0.0]
    + b = [3.0, 2.0, 2.0]
    + c = [1.5, 4.0, 4.0]
c-against-a: c = [0.0, 8.0] → c = [-1.0, 20.0]
whole-numbers:
    - return torch.tensor([a, b, c])
    + return torch.tensor([a, b, c]).long().float()
""")
forbid("MultiheadAttention", "scaled_dot_product_attention", because="the weights are those of your own function.")
hint("The row of A compares A · A, A · B and A · C. Which of the three has to be the largest, and by how much for a weight of 0.8?")
hint("A · B above A · A means that B reaches further in the direction of A than A does. In the same way, what does B · C above B · B say of C?")
hint("Begin with A = (2, 0) and let B keep 3 in A's direction. C has to be long in B's direction and short in A's. Which part of B has nothing to do with A? Give B such a part, and let C follow it.")
why("B is longer than A in A's own direction, and has a second direction, which A knows nothing of. C is long in that second direction alone: B · C outgrows B · B while A · C stays 0. A weight of 0.8 against two others needs a gap of about ln 8 ≈ 2.1 where those two are equal.")
