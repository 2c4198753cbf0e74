# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 01 · Tokens, embeddings, positions
#
# A model computes with numbers, and text is characters. In this lesson you build all that stands between
# the two. At the end you can
#
# - turn text into ids and back, and merge frequent pairs of tokens into longer ones;
# - look ids up in a table of vectors, choose its first values, and say which of its rows can learn;
# - give every token its position, by sines or by a learned table, and say what is lost without.
#
# **You need:** lesson 00 (indexing, broadcasting, `@`, autograd). **Time:** 75 minutes.

# %%
from spotlight.notebook import check, hint, predict, reveal, solution, start, verify

start("tokens_embeddings_positions")

# %%
import math
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from spotlight.model_utils.corpus import corpus
from spotlight.model_utils.four_tokens import TOKENS, embeddings
from spotlight.model_utils.mini_model import load_mini_model
from spotlight.visualizations import show_bars, show_curves, show_heatmap, show_heatmaps, show_map
from spotlight.visualizations import show_position_explorer, show_position_matrix, show_product
from spotlight.visualizations import show_position_products, show_position_waves

# %%
show_map("tok_emb", "pos_emb")

# %% [markdown]
# ## Text, and what a tensor takes
#
# Here is some of the text that the course's own small model was trained on. Hand a word of it to PyTorch:

# %%
text = corpus(seed=0, count=200)  # 200 paragraphs, one a line
print(text[:250], "…")
try:
    torch.tensor(["the", "ring"])
except ValueError as error:
    print("torch.tensor:", error)

# %% [markdown]
# Numbers, then. Cut the text into pieces, the **tokens**, and give every piece a whole number, its **id**.
# The simplest pieces are characters. List every one that occurs, once, in a fixed order: that list is the
# **vocabulary**, and an id is a place in it, counted from 0.

# %%
characters = sorted(set(text))
print(len(characters), "characters:", "".join(characters[2:]), "and line break, space")

# %% [markdown]
# ## 1 · From tokens to ids
#
# By hand: with the vocabulary `["b", "a", "c"]`, the text "abba" becomes 1, 0, 0, 1. A string counts as a
# sequence of characters; a list of words works just as well, if the vocabulary holds words.

# %% exercise="encode" points=1 minutes=4 difficulty=1
def encode(tokens: Sequence[str], vocabulary: list[str]) -> list[int]:
    """The id of every token: its place in the vocabulary, counted from 0.

    tokens: a text, or a list of tokens, all of them in the vocabulary → a list of whole numbers, as many
    """
    # TODO: return the place in vocabulary of each token, in order.
    ### BEGIN SOLUTION
    places = {token: place for place, token in enumerate(vocabulary)}
    return [places[token] for token in tokens]
    ### END SOLUTION

# %% [markdown]
# <details><summary>Help, I'm getting <code>TypeError: list indices must be integers or slices, not str</code></summary>
#
# `vocabulary[3]` tells which token stands at place 3. You need it the other way round: the place at which
# a token stands.
#
# </details>
#
# <details><summary>Help, I'm getting <code>KeyError: 'T'</code> or <code>ValueError: 'T' is not in list</code></summary>
#
# The vocabulary has no such token. The corpus is in small letters throughout, so "The" is not in it while
# "the" is. A character tokenizer knows the characters that it was made from, and no others.
#
# </details>

# %%
ids = encode(text, characters)
print(len(text), "characters,", len(ids), "ids:", ids[:12], "…")
show_bars(
    {"id": ids[:19]},
    list(text[:19]),
    xlabel="character",
    ylabel="id",
    title="The beginning of the text, as ids",
    caption="A space is 1 and *t* is 37 by their places alone: an id is a name, not an amount.",
)

# %% [markdown]
# ## 2 · And back
#
# A model writes ids, just as it reads ids. Turn them into text.

# %% exercise="decode" points=1 minutes=2 difficulty=1
def decode(ids: list[int], vocabulary: list[str]) -> str:
    """The text that a list of ids stands for.

    ids: places in the vocabulary → their tokens as one string, with nothing in between
    """
    # TODO: look every id up in vocabulary, and join the tokens to one string.
    ### BEGIN SOLUTION
    return "".join(vocabulary[i] for i in ids)
    ### END SOLUTION

# %% [markdown]
# <details><summary>Help, I'm getting <code>ValueError: 0 is not in list</code></summary>
#
# `vocabulary.index(0)` looks for a token that is called 0. You have the place and want the token there:
# `vocabulary[0]`.
#
# </details>

# %%
print("the same text again:", decode(ids, characters) == text)
counts = torch.zeros(len(characters), len(characters))
for left, right in pairwise(ids):
    counts[left, right] += 1
often = [characters.index(letter) for letter in " abcdefghijklmnopqrstuvwxyz"]
shares = counts / counts.sum(dim=1, keepdim=True)  # every row adds up to 1
show_heatmap(
    shares[often][:, often],
    [decode([i], characters).replace(" ", "␣") for i in often],
    row_label="character",
    column_label="character after it",
    value_label="share",
    title="Which character follows which",
    caption="Some characters nearly announce the next one: *u* follows *q*, and *e* follows *h* three times in four.",
)

# %% [markdown]
# ## Too short, too long
#
# Characters can write any text made of them, but make long sequences. Attention, from lesson 02 on, compares every token with
# every other, so twice the tokens are four times the work. Words make short sequences, but every list of words
# lacks some words. The mini model of this course reads words:

# %%
mini = load_mini_model()
print("the ring:", mini.tokenizer.encode("the ring"))
try:
    mini.tokenizer.encode("dog bites man")
except ValueError as error:
    print(error)

# %% [markdown]
# Between the two lies **byte-pair encoding**. Begin with characters. Find the two neighbours that occur
# most often, and merge them into one new token, wherever they stand. Repeat. Frequent words become tokens,
# rare ones stay in pieces, and any text of known characters can be written. (The name comes from data
# compression, where pairs of bytes were merged. GPT-2 begins with the 256 bytes, so it can write any text; it
# cuts text at spaces first.)

# %% [markdown]
# ## 3 · The most frequent pair
#
# By hand: in `n a n a n` the pair (n, a) occurs twice, and so does (a, n). The first to appear wins. Two
# tools of Python help: `pairwise(tokens)` goes through all neighbours, and `Counter` counts what it is given.

# %% exercise="most_frequent_pair" points=1 minutes=4 difficulty=2
def most_frequent_pair(tokens: list[str]) -> tuple[str, str]:
    """The two neighbouring tokens, left and right, that occur most often; the first of several.

    tokens: at least two → a tuple of the two
    """
    # TODO: count every pair of neighbours, and return the pair with the largest count.
    ### BEGIN SOLUTION
    pairs = Counter(pairwise(tokens))
    return max(pairs, key=lambda pair: pairs[pair])
    ### END SOLUTION

# %% [markdown]
# <details><summary>Help, I'm getting <code>IndexError: list index out of range</code></summary>
#
# A loop over `range(len(tokens))` asks the last token for its right neighbour, and it has none. n tokens
# have n − 1 pairs.
#
# </details>

# %%
print("yours:", most_frequent_pair(list(text)))
frequent = counts.flatten().topk(8)  # of the table of pairs above
show_bars(
    {"occurs": frequent.values},
    [decode(list(divmod(int(i), len(characters))), characters).replace(" ", "␣") for i in frequent.indices],
    xlabel="pair",
    ylabel="how often",
    title="The eight most frequent pairs of characters",
    caption="The first bar is the pair that will be merged first.",
)

# %% [markdown]
# ## 4 · Merge it
#
# Go from left to right and join the pair wherever it stands. In `n a n a n`, merging (n, a) gives
# `na na n`. In `a a a`, merging (a, a) gives `aa a`: a token that is used up is not used again.

# %% exercise="merge_pair" points=1 minutes=6 difficulty=2
def merge_pair(tokens: list[str], pair: tuple[str, str]) -> list[str]:
    """The tokens with every occurrence of the pair joined to one, from left to right.

    tokens: any number, left as they are → a new list
    """
    # TODO: go through tokens, and join the two neighbours that are equal to pair.
    ### BEGIN SOLUTION
    done: list[str] = []
    for part in tokens:
        if done and (done[-1], part) == pair:
            done[-1] += part
        else:
            done.append(part)
    return done
    ### END SOLUTION

# %% [markdown]
# <details><summary>Help, I'm getting <code>IndexError: list index out of range</code></summary>
#
# The last token has no right neighbour `tokens[i + 1]`, and an empty list has no last entry `merged[-1]`.
# Ask first whether it is there: `i + 1 < len(tokens) and …`, or `merged and …`.
#
# </details>

# %%
tokens = list(text)
merges, lengths = [], [len(tokens)]
for _ in range(300):
    pair = most_frequent_pair(tokens)
    tokens = merge_pair(tokens, pair)
    merges.append(pair)
    lengths.append(len(tokens))
print("first merges:", ["".join(pair) for pair in merges[:12]])
print("the text now:", tokens[:24])
show_curves(
    {"merged pairs": lengths, "whole words": [len(mini.tokenizer.encode(text))] * len(lengths)},
    xlabel="merges",
    ylabel="tokens in the text",
    title="Three hundred merges",
    caption="It begins with characters. Each merge adds one token to the vocabulary; the first ones shorten the text most.",
)

# %% [markdown]
# Your `encode` and `decode` take these tokens as they are. A word that the text never had still has ids,
# in more pieces:

# %%
known = [*characters, *("".join(pair) for pair in merges)]
print("the text comes back:", decode(encode(tokens, known), known) == text)
for phrase in ("the cat sat on the mat .", "dog bites man ."):
    pieces = list(phrase)
    for pair in merges:
        pieces = merge_pair(pieces, pair)
    print(pieces, encode(pieces, known))

# %% [markdown]
# Splitting is done; from here on, tokens are whole words, because rows with words on them are easier to
# read.
#
# ## An id is not an amount
#
# Eight words have the ids 0 to 7. If a model computed with those, *dog* (2) would be *cat* (1) times two,
# and *the* (7) the largest of words. So each id gets a **vector**: row i of a table belongs to token i.
# The table has the shape (V, C), with V tokens in the vocabulary and C numbers for each. Its rows are
# called **embeddings**.

# %%
words = ["bites", "cat", "dog", "man", "mat", "on", "sat", "the"]
orders = torch.tensor([encode(line.split(), words) for line in ("dog bites man", "man bites dog")])
print("ids, (B, T) = (2, 3):", orders.tolist())

# %% [markdown]
# ## 5 · Look it up
#
# Two sentences of three ids go in, and every id is replaced by its row: (2, 3) becomes (2, 3, C).

# %% exercise="look_up" points=1 minutes=3 difficulty=1
def look_up(table: Tensor, ids: Tensor) -> Tensor:
    """The row of the table that belongs to each id.

    table: (V, C), ids: (B, T), whole numbers below V → (B, T, C)
    """
    # TODO: replace every id by its row of table.
    ### BEGIN SOLUTION
    return table[ids]
    ### END SOLUTION

# %% [markdown]
# <details><summary>Help, I'm getting <code>IndexError: index 8 is out of bounds for dimension 0 with size 8</code></summary>
#
# An id is as large as the table has rows; the largest one allowed is V − 1. Either the ids come from another
# vocabulary than the table, or they were counted from 1.
#
# </details>
#
# <details><summary>Help, I'm getting <code>IndexError: tensors used as indices must be long, int, byte or bool tensors</code></summary>
#
# What stands between the brackets must be whole numbers. Did you write `ids[table]`?
#
# </details>

# %%
torch.manual_seed(0)
tiny = torch.randint(-3, 4, (8, 3)).float()  # (8, 3): a table to look at
show_heatmaps(
    {"table": tiny, "dog bites man": look_up(tiny, orders)[0], "man bites dog": look_up(tiny, orders)[1]},
    {"table": words, "dog bites man": ["dog", "bites", "man"], "man bites dog": ["man", "bites", "dog"]},
    ["0", "1", "2"],
    kind="scores",
    row_label="token",
    column_label="dimension",
    value_label="value",
    title="A table, and two sentences looked up in it",
    caption="Each token's row is copied to where the token stands; nothing is computed.",
)

# %% [markdown]
# Lessons 02 to 06 follow four tokens, "The cat sat here". Their vectors are short enough for a pencil. They come
# out of a table in the same way:

# %%
four_words = sorted(TOKENS)
four_rows = embeddings()[encode(four_words, TOKENS)]  # (4, 3): the rows in the order of four_words
four_ids = torch.tensor([encode(TOKENS, four_words)])  # (1, 4)
for token, i, row in zip(TOKENS, four_ids[0].tolist(), look_up(four_rows, four_ids)[0].tolist()):
    print(f"{token:5} id {i}   row {row}")

# %% [markdown]
# ## 6 · The same as a matrix product
#
# Networks multiply matrices, and a look-up is such a product: write id i as a row of V numbers, all 0 but a
# single 1 at place i. Such a row is called **one-hot**. A one-hot row times a matrix is row i of the matrix.

# %% exercise="one_hot" points=1 minutes=4 difficulty=2
def one_hot(ids: Tensor, vocab_size: int) -> Tensor:
    """For each id a row of zeros, with a single 1 at the place of the id.

    ids: (n,), whole numbers below vocab_size → (n, vocab_size), float32
    """
    # TODO: make rows of zeros, and set one entry in each to 1.
    ### BEGIN SOLUTION
    rows = torch.zeros(len(ids), vocab_size)
    rows[torch.arange(len(ids)), ids] = 1
    return rows
    ### END SOLUTION

# %% [markdown]
# <details><summary>Help, I'm getting <code>RuntimeError: expected m1 and m2 to have the same dtype, but got: long int != float</code></summary>
#
# A matrix product takes two matrices of one kind of number. `torch.zeros` makes floats, but a list of 0 and 1
# becomes whole numbers, and a comparison True and False. `.float()` turns both into floats.
#
# </details>

# %%
picked = one_hot(orders[0], len(words)) @ tiny  # (3, 8) @ (8, 3)
print("the same as looking up:", torch.equal(picked, look_up(tiny, orders)[0]))
show_product(
    one_hot(orders[0], len(words)),
    tiny,
    names=("one-hot", "table", "rows"),
    rows=["dog", "bites", "man"],
    title="Looking up, as a matrix product",
    caption="Each row on the left has a single 1, so the product is one row of the table.",
)

# %% [markdown]
# So a table is a weight matrix like any other, and an embedding is the first layer of the network. Nobody
# multiplies, though: with GPT-2's sizes, V = 50,257 and C = 768, the product does 77 million
# multiplications and additions for a single token, and all but 768 of the products are 0.

# %%
print(f"{2 * 50_257 * 768:,} operations to pick {768} numbers")

# %% [markdown]
# ## How large should the first numbers be?
#
# Before training, weights are drawn at random. Does their size matter? Every entry of $xW$ adds up
# $n_\text{in}$ products. If entries of $x$ have variance 1 and those of $W$ have variance $v$, all
# independent and around 0, the sum has variance $n_\text{in}\, v$. Send 64 rows through twelve matrices of
# 256 × 256, one after another:

# %%
def spread_by_layer(make: Callable[[Tensor], Tensor]) -> list[float]:
    """The standard deviation of 64 rows after each of 12 matrices that `make` makes of draws."""
    torch.manual_seed(0)
    x = torch.randn(64, 256)
    spreads = [x.std().item()]
    for _ in range(12):
        x = x @ make(torch.rand(256, 256))  # draws from [0, 1)
        spreads.append(x.std().item())
    return spreads


between_ones = spread_by_layer(lambda draws: torch.empty_like(draws).uniform_(-1, 1))
hundredths = spread_by_layer(lambda draws: torch.empty_like(draws).uniform_(-0.01, 0.01))
print(f"after 12 layers   from −1 to 1: {between_ones[-1]:.1e}   from −0.01 to 0.01: {hundredths[-1]:.1e}")

# %% [markdown]
# The first spread explodes, the second fades to nothing. The spread stays at 1 if $n_\text{in}\, v = 1$. Gradients
# come back through the same matrix transposed, and need $n_\text{out}\, v = 1$. Glorot and Bengio (2010; Xavier is
# Glorot's first name) take the mean of both as n. PyTorch calls them `fan_in` and `fan_out`:
#
# $$v = \frac{2}{n_\text{in} + n_\text{out}}$$
#
# Uniform draws from $-a$ to $a$ have variance $a^2/3$. So $a = \sqrt{6 / (n_\text{in} + n_\text{out})}$.

# %% [markdown]
# ## 7 · Xavier's bounds
#
# The draws from [0, 1) are handed to you, so that your result can be compared; stretch and shift them. By
# hand: 2 × 4 draws have a = √(6 / 6) = 1. The draw 0 becomes −1, 0.5 becomes 0, 0.75 becomes 0.5.

# %% exercise="xavier_uniform" points=1 minutes=5 difficulty=2
def xavier_uniform(draws: Tensor) -> Tensor:
    """A weight matrix with entries between -a and a, where a = √(6 / (fan_in + fan_out)).

    draws: (fan_in, fan_out), from 0 to 1; 0 becomes -a and 1 would become a → (fan_in, fan_out)
    """
    # TODO: compute the bound a from the shape, and map draws from 0 … 1 to -a … a.
    ### BEGIN SOLUTION
    fan_in, fan_out = draws.shape
    bound = math.sqrt(6 / (fan_in + fan_out))
    return bound * (2 * draws - 1)
    ### END SOLUTION

# %% [markdown]
# <details><summary>Help, I'm getting <code>TypeError: sqrt(): argument 'input' (position 1) must be Tensor, not float</code></summary>
#
# `torch.sqrt` takes tensors. For one Python number, use `math.sqrt`.
#
# </details>

# %%
for fan_in, fan_out in ((256, 256), (256, 64), (402, 192)):
    drawn = xavier_uniform(torch.rand(fan_in, fan_out))
    print(f"{fan_in} × {fan_out}: variance {drawn.var():.5f}   2 / (fan_in + fan_out) = {2 / (fan_in + fan_out):.5f}")
show_curves(
    {
        "from −1 to 1": between_ones,
        "from −0.01 to 0.01": hundredths,
        "Xavier": spread_by_layer(xavier_uniform),
    },
    xlabel="layer",
    ylabel="standard deviation",
    logy=True,
    title="The size of what goes through twelve matrices",
    caption="With Xavier's bounds it stays near 1; with the two others it grows or fades by a factor per layer.",
)

# %% [markdown]
# A table of embeddings is the gentlest case: a one-hot row picks one entry and adds nothing up, so other
# choices do as well. (GPT-2 draws its table from a normal distribution with standard deviation 0.02.)
# Here you take Xavier's:

# %%
torch.manual_seed(0)
table = xavier_uniform(torch.rand(len(words), 6))  # (8, 6)
print(f"bound {math.sqrt(6 / (8 + 6)):.3f}, smallest {table.min():.3f}, largest {table.max():.3f}")

# %% [markdown]
# ## Which rows learn?
#
# The rows are random still. Training improves them by gradients, so ask which rows get a gradient. Take one
# sentence:

# %%
line = ["the", "cat", "sat", "on", "the", "mat"]
sentence = torch.tensor(encode(line, words))  # (6,)
print("ids:", sentence.tolist())

# %% [markdown]
# Six tokens are looked up in a table of eight rows. How many rows get a gradient other than 0?

# %% prediction="rows_with_gradient"
predict("rows_with_gradient", 5, choices=[1, 5, 6, 8])  # rows with a gradient other than 0

# %% [markdown]
# ## 8 · The gradient of a table
#
# A loss compares the rows with better ones. In a model, the layers above say which rows would be better; here
# `wanted` holds one such row for each place. The loss is the sum of all squared gaps:
#
# $$\text{loss} = \sum_t \sum_c (\text{table}[\text{ids}_t]_c - \text{wanted}_{tc})^2$$
#
# Let autograd find its gradient. Leave the caller's table alone: work on
# `table.clone().requires_grad_()`.

# %% exercise="table_gradient" points=1 minutes=6 difficulty=2
def table_gradient(table: Tensor, ids: Tensor, wanted: Tensor) -> Tensor:
    """The gradient, with respect to the table, of the summed squared gaps between looked-up and wanted rows.

    The caller's table is left as it is, so that a second call gives its own gradient and no more.

    table: (V, C), ids: (n,), wanted: (n, C) → (V, C)
    """
    # TODO: look the ids up in a copy that requires a gradient, compute the loss, and go backward.
    ### BEGIN SOLUTION
    learned = table.clone().requires_grad_()
    gaps = learned[ids] - wanted
    (gaps**2).sum().backward()
    return learned.grad
    ### END SOLUTION

# %% [markdown]
# <details><summary>Help, I'm getting <code>RuntimeError: element 0 of tensors does not require grad and does not have a grad_fn</code></summary>
#
# The loss was computed from a tensor that nobody asked gradients of. Call `.requires_grad_()` on the copy
# first, and look up in the copy, not in `table`.
#
# </details>
#
# <details><summary>Help, I'm getting <code>RuntimeError: grad can be implicitly created only for scalar outputs</code></summary>
#
# `backward()` starts from one number. The squared gaps are a whole matrix still: add them up.
#
# </details>

# %%
torch.manual_seed(1)
wanted = torch.randn(6, 6)  # one row for each place of the sentence
gradient = table_gradient(table, sentence, wanted)  # (8, 6)

# %%
reveal("rows_with_gradient", int((gradient != 0).any(dim=1).sum()))
show_heatmap(
    gradient,
    words,
    kind="scores",
    row_label="token",
    column_label="dimension",
    value_label="gradient",
    title="The gradient of the table, after “the cat sat on the mat”",
    caption="Rows that were not looked up get exactly 0; the row of *the* gets the sum of two places.",
)

# %% [markdown]
# Five rows, for six tokens: *the* stands there twice. So embeddings are learned like any other weights,
# and each row learns from the places where its token occurs. Take 100 small steps against your gradient:

# %%
trained = table.clone()
for _ in range(100):
    trained = trained - 0.05 * table_gradient(trained, sentence, wanted)
show_heatmaps(
    {"before": table, "after 100 steps": trained, "moved by": trained - table},
    words,
    [str(column) for column in range(6)],
    kind="scores",
    row_label="token",
    column_label="dimension",
    value_label="value",
    title="A table that learns",
    caption="*bites*, *dog* and *man* never occurred: their rows are as random as they were.",
)

# %% [markdown]
# PyTorch has a module for such a table, `nn.Embedding`. The module has one parameter, `weight`, and this
# parameter *is* the table. Called with ids, the module returns rows, as `look_up` does. Put your table in:

# %%
embedding = nn.Embedding(len(words), 6)  # V rows of C numbers, drawn at random
embedding.weight = nn.Parameter(table.clone())
print("parameters:", {name: tuple(values.shape) for name, values in embedding.named_parameters()})
print("the same rows as your look-up:", torch.equal(embedding(orders), look_up(table, orders)))
embedding(sentence).sum().backward()
found = (embedding.weight.grad != 0).any(dim=1)
print("rows with a gradient:", [word for word, learns in zip(words, found.tolist()) if learns])

# %% [markdown]
# What do rows hold after real training? Look into the mini model's table. Nobody told the model that *7*
# comes after *6*. Compare the row of *7* with those of all digits, by the cosine of the angle between them:
# 1 where they point the same way, 0 at a right angle.

# %%
def cosines(rows: Tensor, of: int) -> Tensor:
    """The cosine between one row and each: (n, d) → (n,)."""
    unit = rows / rows.norm(dim=-1, keepdim=True)
    return unit @ unit[of]


digits = list("0123456789")
places = torch.tensor(encode(digits, list(mini.tokenizer.vocabulary)))  # (10,)
trained_rows = mini.model.tok_emb.weight  # (V, C)
torch.manual_seed(0)
random_rows = xavier_uniform(torch.rand(trained_rows.shape))
print("the mini model's table:", tuple(trained_rows.shape))
show_bars(
    {"trained": cosines(trained_rows[places], of=7), "before training": cosines(random_rows[places], of=7)},
    digits,
    xlabel="digit",
    ylabel="cosine with the row of 7",
    title="The row of *7* beside those of all digits",
    caption="Ids carry no order and neither do random rows; training on sums put neighbours close.",
)

# %% [markdown]
# ## Who bites whom?
#
# Every word has its vector now. Does anything in three vectors say which word came first?
#
# Ask a transformer layer. PyTorch brings one ready-made; its weights here are random, and lessons 02 to
# 06 build the attention inside. All you need to know today: the layer computes a new row for every token, from
# the rows of all tokens, by the same rule for each.

# %%
torch.manual_seed(0)
layer = nn.TransformerEncoderLayer(6, nhead=2, dim_feedforward=24, dropout=0.0, batch_first=True)
layer = layer.eval().requires_grad_(False)
print(sum(weights.numel() for weights in layer.parameters()), "random weights")

# %% [markdown]
# Nothing but the words' rows goes in. Are "dog bites man" and "man bites dog" different to it? Say whether
# the new row of *dog* will be the same in both.

# %% prediction="without_positions"
predict("without_positions", "the same", choices=["the same", "different"])  # the new row of dog

# %%
dog_bites, man_bites = layer(look_up(table, orders))  # (3, 6) each

# %%
same = torch.allclose(dog_bites, man_bites.flip(0), atol=1e-6)
reveal("without_positions", "the same" if same else "different")
show_heatmaps(
    {"dog bites man": dog_bites, "man bites dog": man_bites},
    {"dog bites man": ["dog", "bites", "man"], "man bites dog": ["man", "bites", "dog"]},
    [str(column) for column in range(6)],
    kind="scores",
    row_label="token",
    column_label="dimension",
    value_label="value",
    title="What the layer makes of the two sentences",
    caption="The rows have changed places with their words. *dog* is the same whether it bites or is bitten.",
)

# %% [markdown]
# The layer treats a sentence as a bag of words. So each vector has to say *where* its token stands, too. A first
# idea: add the position, 0, 1, 2, …, to all numbers of the row. A second idea: add the position divided by the
# length of the sentence. Try both.

# %%
dog, man = table[words.index("dog")], table[words.index("man")]
for p in (0, 5, 50):
    print(f"position {p:2} added: cosine of dog and man {cosines(torch.stack([dog + p, man + p]), of=0)[1]:.4f}")
for n in (5, 50):
    print(f"divided by the length: with {n:2} tokens, neighbours are {1 / n:.2f} apart")

# %% [markdown]
# Adding the position drowns the words: at position 50, *dog* and *man* point the same way. Dividing by the length
# makes the step between neighbours depend on the sentence. A third idea: write the position in binary digits.

# %%
bits = torch.tensor([[float(p >> b & 1) for b in range(4)] for p in range(16)])  # (16, 4)
for p, other in ((7, 8), (0, 8)):
    print(f"{p} and {other} differ in {int((bits[p] != bits[other]).sum())} of 4 digits")
show_heatmap(
    bits,
    [str(p) for p in range(16)],
    row_label="position",
    column_label="binary digit",
    value_label="value",
    title="Sixteen positions in binary digits",
    caption="Column 0 changes at every step, column 3 every eight steps.",
)

# %% [markdown]
# Binary digits are much better. The numbers stay small, every position has a pattern of its own, whatever the
# length, and each column keeps its own pace. But the digits jump: 8 is nearer to 0 than to its neighbour 7.
#
# So replace each column by a smooth wave of the same pace:

# %%
turns = 2 * math.pi * (torch.arange(16) + 0.5) / 8  # one turn in eight steps
show_curves(
    {"binary digit 2": bits[:, 2], "a sine": 0.5 - 0.5 * turns.sin()},
    xlabel="position",
    ylabel="value",
    title="A column that jumps, and one that does not",
    caption="Both repeat after eight positions. The sine never jumps, but positions 1 and 2 have the same height.",
)

# %% [markdown]
# A sine passes each height twice. With its cosine beside it, the two say where a clock's hand points. So each
# *pair* of columns is a hand: the first fast, the next slower.
#
# ## 9 · Sines and cosines
#
# A **positional encoding**: pair i takes columns 2i and 2i + 1 of position p (Vaswani et al. 2017):
#
# $$\text{PE}_{p,\,2i} = \sin\frac{p}{10000^{2i/C}} \qquad \text{PE}_{p,\,2i+1} = \cos\frac{p}{10000^{2i/C}}$$
#
# By hand, for C = 4: position 0 is (0, 1, 0, 1). At p = 1, pair 0 divides by 1: sin 1 = 0.841, cos 1 = 0.540.
# Pair 1 divides by $10000^{2/4} = 100$: 0.010 and 1.000.

# %% exercise="sinusoidal" points=1 minutes=8 difficulty=3
def sinusoidal(length: int, width: int) -> Tensor:
    """One row per position, counted from 0; sines in the even columns, cosines in the odd ones.

    length: how many positions, width: how many columns, an even number → (length, width)
    """
    # TODO: divide positions by 10000^(2i / width) for each pair i; interleave sines and cosines.
    ### BEGIN SOLUTION
    positions = torch.arange(length)[:, None]  # (length, 1)
    even = torch.arange(0, width, 2)  # (width / 2,): 2i for every pair i
    angles = positions / 10000 ** (even / width)  # (length, width / 2)
    waves = torch.empty(length, width)
    waves[:, 0::2] = torch.sin(angles)
    waves[:, 1::2] = torch.cos(angles)
    return waves
    ### END SOLUTION

# %% [markdown]
# <details><summary>Help, I'm getting <code>RuntimeError: The expanded size of the tensor (4) must match the existing size (2)</code></summary>
#
# There are half as many angles as columns: `encoding[:, 0::2]` has width / 2 of them, and `encoding` has
# width.
#
# </details>
#
# <details><summary>Help, I'm getting <code>RuntimeError: The size of tensor a (2) must match the size of tensor b (4) at non-singleton dimension 0</code></summary>
#
# Positions and divisors both lie along a row. Stand the positions up as a column, `[:, None]`, and the two
# broadcast.
#
# </details>

# %%
encoding = sinusoidal(64, 32)  # (64, 32)
show_position_waves(
    encoding,
    title="Single columns, from position to position",
    caption="The first pairs turn in a few steps, the last hardly move over 64 positions.",
)

# %%
show_position_matrix(
    encoding,
    title="Sixty-four positions, thirty-two columns",
    caption="Each row is one position. Compare with the binary digits: fast on the left, slow on the right, and smooth.",
)

# %% [markdown]
# Take two positions that are five apart, such as 3 and 8, and two others, such as 40 and 45. Are the dot
# products of their rows equal?

# %% prediction="five_apart"
predict("five_apart", "equal", choices=["equal", "different"])  # row 3 · row 8 and row 40 · row 45

# %%
near, far = encoding[3] @ encoding[8], encoding[40] @ encoding[45]
reveal("five_apart", "equal" if torch.allclose(near, far) else "different")
print(f"3 · 8: {near:.4f}    40 · 45: {far:.4f}    any row with itself: {encoding[0] @ encoding[0]:.4f}")
show_position_products(
    encoding,
    title="Dot products of positions against their distance",
    caption="The line has no band around it: for sines and cosines the distance alone decides.",
)

# %% [markdown]
# The reason is a formula from school. Two hands at the angles a and b give
#
# $$\sin a \sin b + \cos a \cos b = \cos(a - b)$$
#
# and a − b depends on the distance alone. Each pair adds one such term, so a position with itself gives
# C / 2. A model can use this: near positions have large products, wherever they stand. (Far ones may share one.)
#
# Now explore these waves. In the next cell,
#
# - move **Dimension** from 0 to 30, and read how many positions one turn takes;
# - move **Compare**: where is the dot product largest, and does it fall at every step?
# - make **Width** 4: which other positions come close to the largest dot product now?

# %%
show_position_explorer()

# %% [markdown]
# The hands tell more than a distance. A step of k positions turns each hand by a fixed angle, wherever the hand
# stands. All these turns together are one **rotation** matrix, $R_k$:
#
# $$\text{PE}_{p+k} = \text{PE}_p \, R_k \quad \text{for every } p$$
#
# At position 0 all angles are 0, so row k of your table holds the sines and cosines of these turns. The next cell
# builds $R_5$ from row 5, and turns rows 0 to 58.

# %%
def rotation(row: Tensor) -> Tensor:
    """The matrix that turns each pair by the angle whose sine and cosine stand in `row`: (C,) → (C, C)."""
    return torch.block_diag(*[torch.tensor([[cos, -sin], [sin, cos]]) for sin, cos in row.view(-1, 2).tolist()])


k = 5
turned = encoding[:-k] @ rotation(encoding[k])  # (59, 32): rows 0 to 58, turned
print(f"largest difference from rows {k} to 63: {(turned - encoding[k:]).abs().max():.6f}")

# %% [markdown]
# One matrix serves all 59 rows. Does every table have such a matrix? As a control, take random rows, and your own
# rows in a shuffled order. No formula gives a rotation for them, so let PyTorch find the rotation (or reflection)
# that leaves the smallest sum of squared gaps:

# %%
def largest_gap(rows: Tensor, k: int) -> float:
    """How far the best rotation or reflection stays from turning each row into the row k places later."""
    before, after = rows[:-k].double(), rows[k:].double()
    left, _, right = torch.linalg.svd(before.T @ after)
    return (before @ left @ right - after).abs().max().item()


torch.manual_seed(0)
drawn_rows = math.sqrt(1 / 2) * torch.randn(64, 32)  # as long as rows of sines, on average
print(f"your sines:    {largest_gap(encoding, k):.6f}")
print(f"rows shuffled: {largest_gap(encoding[torch.randperm(64)], k):.6f}")
print(f"random rows:   {largest_gap(drawn_rows, k):.6f}")

# %% [markdown]
# Random rows and shuffled rows have no such rotation. With sines in their order, *five places on* means the
# same turn at every position.
#
# ## Into the vector
#
# How does a position get into a token's vector? Multiply, or add? Compare both for *dog*, the first word.

# %%
rows, places = look_up(table, orders)[0], sinusoidal(3, 6)
print("dog                 ", [round(v, 2) + 0.0 for v in rows[0].tolist()])
print("position 0          ", [round(v, 2) + 0.0 for v in places[0].tolist()])
print("dog times position 0", [round(v, 2) + 0.0 for v in (rows[0] * places[0]).tolist()])
print("dog plus position 0 ", [round(v, 2) + 0.0 for v in (rows[0] + places[0]).tolist()])

# %% [markdown]
# Multiplied by the zeros of position 0, half of the word is gone. Added, all of it is still there, moved.
#
# ## 10 · Add the positions
#
# The rows of positions can be sines. GPT makes another choice: a second table that is **learned**, with one row
# for each position that the model can take. The number of these positions is the model's **context**.
# A batch of sentences of T tokens uses the first T rows, the same for every sentence.

# %% exercise="add_positions" points=1 minutes=4 difficulty=2
def add_positions(x: Tensor, positions: Tensor) -> Tensor:
    """Every token's row with that of its position added; the first token stands at position 0.

    x: (B, T, C), positions: (context, C), with T no larger than context → (B, T, C)
    """
    # TODO: add to each sentence the first T rows of positions.
    ### BEGIN SOLUTION
    return x + positions[: x.shape[1]]
    ### END SOLUTION

# %% [markdown]
# <details><summary>Help, I'm getting <code>RuntimeError: The size of tensor a (3) must match the size of tensor b (5) at non-singleton dimension 1</code></summary>
#
# The table has a row for all positions of the context, here five, and the sentence has three tokens. Cut
# the table to the first three rows.
#
# </details>

# %%
x = add_positions(look_up(table, orders), sinusoidal(16, 6))  # (2, 3, 6)
dog_bites, man_bites = layer(x)  # (3, 6) each
gap = (dog_bites[0] - man_bites[2]).abs().max()
print(f"largest difference between the two rows of dog: {gap:.3f}")
show_heatmaps(
    {"dog bites man": dog_bites, "man bites dog": man_bites},
    {"dog bites man": ["dog", "bites", "man"], "man bites dog": ["man", "bites", "dog"]},
    [str(column) for column in range(6)],
    kind="scores",
    row_label="token",
    column_label="dimension",
    value_label="value",
    title="The same layer, with positions added",
    caption="*dog* that bites and *dog* that is bitten have become two different rows.",
)

# %% [markdown]
# The layer is the same, with the same random weights. Only what goes in has changed.
#
# Now the learned table. Its rows are looked up by position, so they learn as the words' rows do. Which
# ones learn from our two sentences of three tokens?

# %%
torch.manual_seed(2)
position_table = xavier_uniform(torch.rand(16, 6)).requires_grad_()  # a context of 16
better = torch.randn(2, 3, 6)  # rows that we would have liked, once more drawn at random
loss = ((layer(add_positions(look_up(table, orders), position_table)) - better) ** 2).sum()
loss.backward()
print("positions with a gradient:", position_table.grad.abs().sum(dim=1).nonzero().flatten().tolist())

# %% [markdown]
# A position that no training text ever reached keeps its random row. Beyond the table there is no row at all:

# %%
try:
    mini.logits("the cat " * 40)
except ValueError as error:
    print("the mini model:", error)

# %% [markdown]
# Sines can be computed for any position. What does each choice cost?

# %%
learned_positions = mini.model.pos_emb.weight  # (context, C)
context, width = learned_positions.shape
share = learned_positions.numel() / sum(weights.numel() for weights in mini.model.parameters())
print(f"learned:    {context} × {width} = {learned_positions.numel():,} numbers to train, {share:.1%} of the mini model")
print("sinusoidal: 0 numbers to train")
longer = sinusoidal(1001, width)
turned = longer[:-k] @ rotation(longer[k])
print(f"position 1000 has a row of sines; R_{k} is right up to there: {torch.allclose(turned, longer[k:], atol=1e-3)}")

# %% [markdown]
# | | sines | a learned table |
# |---|---|---|
# | numbers to train | none | context × C |
# | what the rows can be | one fixed pattern | any pattern that lowers the loss |
# | a position that no training text reached | has its row | keeps a random row |
# | a position beyond the context | has its row | has no row |
#
# Here are the mini model's rows beside sines of the same width, all scaled to length 1:

# %%
sines = sinusoidal(context, width)
show_position_products(
    {
        "sinusoidal": sines / sines.norm(dim=-1, keepdim=True),
        "learned by the mini model": learned_positions / learned_positions.norm(dim=-1, keepdim=True),
    },
    title="Given positions and learned ones",
    caption="Learned rows have a band: two pairs at the same distance need not give the same product.",
)

# %% [markdown]
# Nobody gave the mini model a rule for its positions. The learned rows are less regular than sines.
#
# A row alone does not make a model good at a position. Models with sines predict worse on texts longer than
# their training texts (Press et al. 2022). At lengths that were trained, sines and a learned table gave nearly
# the same quality (Vaswani et al. 2017).
#
# Does adding blur the words? Ask the mini model's own tables. Take every word at every position, and see
# which row of each table has the largest dot product with the sum of the two.

# %%
word_rows, position_rows = mini.model.tok_emb.weight, mini.model.pos_emb.weight  # (V, C), (T, C)
V, T = len(word_rows), len(position_rows)
sums = add_positions(word_rows[:, None, :].expand(-1, T, -1), position_rows)  # (V, T, C)
which_word = (sums @ word_rows.T).argmax(dim=-1)  # (V, T)
which_position = (sums @ position_rows.T).argmax(dim=-1)  # (V, T)
print(f"{V} × {T} sums")
print(f"right word:     {(which_word == torch.arange(V)[:, None]).float().mean():.1%}")
print(f"right position: {(which_position == torch.arange(T)).float().mean():.1%}")

# %% [markdown]
# What keeps words and positions apart: the training, or the width of the rows? Random tables of the same spread
# tell:

# %%
torch.manual_seed(0)
for n in (word_rows.shape[1], 64, 16, 8):
    random_words, random_places = word_rows.std() * torch.randn(V, n), position_rows.std() * torch.randn(T, n)
    both = add_positions(random_words[:, None, :].expand(-1, T, -1), random_places)  # (V, T, n)
    right_word = ((both @ random_words.T).argmax(dim=-1) == torch.arange(V)[:, None]).float().mean()
    right_place = ((both @ random_places.T).argmax(dim=-1) == torch.arange(T)).float().mean()
    print(f"random, {n:3} wide: right word {right_word:6.1%}   right position {right_place:6.1%}")

# %% [markdown]
# The width does: in many dimensions, random vectors are nearly perpendicular.
#
# The way of two sentences, from text to what a transformer reads:

# %%
print(f"text  →  ids {tuple(orders.shape)}  →  rows of the table {tuple(look_up(table, orders).shape)}")
print(f"   →  plus positions {tuple(sinusoidal(16, 6)[:3].shape)}: what a transformer reads, {tuple(x.shape)}")

# %% [markdown]
# ## What you have now
#
# - A vocabulary turns text into ids; merged pairs make fewer tokens.
# - An embedding is a row of a table, looked up by id: `nn.Embedding`. With one-hot rows it is a matrix product.
# - Xavier's bounds, from fan_in and fan_out, keep sizes steady through many matrices.
# - Looked-up rows get a gradient, added up over all their places.
# - Sines or learned rows bring order in. Sines need no training, and every position has a row.
#
# Not covered: masks, which let some order through (05); **rotary positions**, rotations such as $R_k$.
#
# *bank* has one row, for rivers and for money. How can its vector depend on its neighbours?
# Lesson 02 answers.

# %% tags=["authoring"]
# From here on: how each exercise is judged. Of this, students see the hints alone.
from spotlight.authoring import alternative, alternatives, case, entry, forbid
from spotlight.authoring import hint, mistake, mistakes, probe, why
from spotlight.sandbox.kit import formatted, gradients, randint, randn, uniform, whole_numbers

forbid("model_utils", because="the course keeps its own version there, and yours is asked for.")

# %% judges="encode"
def _drawn(n, vocabulary):
    return [vocabulary[i] for i in randint(0, len(vocabulary), (n,)).tolist()]


case("short_text", "A text of five characters, the vocabulary in no special order.", lambda encode: encode("".join(_drawn(5, "bac")), ["b", "a", "c"]))
case("long_text", "A text of forty characters out of nine.", lambda encode: encode("".join(_drawn(40, "tdhe cras")), list("tdhe cras")))


@probe
def words(encode):
    "A list of seven words, out of a vocabulary that knows one more."
    known = ["sat", "the", "on", "cat", "mat"]
    return encode(_drawn(7, known), [*known[:2], "apple", *known[2:]])


case("empty", "A text without any character.", lambda encode: encode("", ["x", "y"]))
case("capitals_and_breaks", "A text with capital letters, spaces at its ends and a line break.", lambda encode: encode(" Ba\nbA B ", ["a", "A", " ", "\n", "b", "B"]))
mistakes("""
code-points: places[token] for token → ord(token) for token
    `ord` numbers all characters of the world; an id is the place in this vocabulary, and words have no `ord` at all.
counted-from-one: enumerate(vocabulary) → enumerate(vocabulary, start=1)
    Your ids start at 1; they are places in a list, so the first token of the vocabulary has the id 0.
sorted-anew: enumerate(vocabulary) → enumerate(sorted(set(tokens)))
    You number the tokens of this text yourself; use the vocabulary as it is given, or the same token gets different ids in different texts.
order-of-appearance: enumerate(vocabulary) → enumerate(dict.fromkeys(tokens))
    You number tokens in the order in which they first appear in this text; their places in the vocabulary are asked for.
vocabulary-sorted: enumerate(vocabulary) → enumerate(sorted(vocabulary))
    You sort the vocabulary first, which moves its tokens to other places; take it as it is.
each-token-once: for token in tokens → for token in dict.fromkeys(tokens)
    You give each different token one id; a token that occurs twice appears twice in the result.
""")


@mistake("vocabulary-walked", "You go through the vocabulary, so each token comes once, in the vocabulary's order: go through the tokens of the text.")
def encode__vocabulary_walked(tokens, vocabulary):
    return [place for place, token in enumerate(vocabulary) if token in tokens]


@mistake("dict-returned", "You return a dict, which holds each token once; a list is asked for, with one id for every token in turn.")
def encode__dict_returned(tokens, vocabulary):
    return {token: vocabulary.index(token) for token in tokens}


mistakes("""
backwards: places[token] for → vocabulary[places[token]] for
    These are token and place the wrong way round: ids are asked for, not tokens.
places-in-the-text: places[token] for → list(tokens).index(token) for
    You return where a token first stands in the text; its place in the vocabulary is asked for.
""")
alternatives("""
index: places[token] for → vocabulary.index(token) for
zip: {token: place for place, token in enumerate(vocabulary)} → dict(zip(vocabulary, range(len(vocabulary))))
""")


@alternative
def encode__loop(tokens, vocabulary):
    ids = []
    for token in tokens:
        for place in range(len(vocabulary)):
            if vocabulary[place] == token:
                ids.append(place)
    return ids


forbid("WordTokenizer", "tokenizer", "tokenizers", "tiktoken", because="this is what you are writing.")
hint("What do you have to ask the vocabulary about each token? A list has a method for that; a dict made once answers faster.")
hint("How many numbers should `encode(\"abba\", [\"b\", \"a\", \"c\"])` return, and which is the first of them?")
hint("```python\nplaces = {<token>: <place> for ... in enumerate(vocabulary)}\nreturn [<place of token> for token in tokens]\n```")
why("The dict is made once and then answers in one step, where `vocabulary.index` would search the list anew for each token. It looks at the vocabulary only, so a token has the same id in every text.")

# %% judges="decode"
case("three_characters", "Six ids, the vocabulary holds three characters.", lambda decode: decode(randint(0, 3, (6,)).tolist(), ["b", "a", "c"]))
case("longer_tokens", "Nine ids of tokens that are longer than a character.", lambda decode: decode(randint(0, 5, (9,)).tolist(), ["the ", "c", "at ", "s", "mat."]))
case("empty", "No ids: an empty text.", lambda decode: decode([], ["x", "y"]))
case("spaces_and_breaks", "Spaces at both ends, two in a row, a line break and a capital letter.", lambda decode: decode([2, 0, 2, 2, 1, 3, 0, 2, 2], ["a", "B", " ", "\n"]))
mistakes("""
spaces-between: "" → " "
    You put spaces between the tokens; spaces are tokens of their own here, so join with nothing in between.
not-joined: "".join(vocabulary[i] for i in ids) → [vocabulary[i] for i in ids]
    This is a list of tokens; join them to one string.
list-written-out: "".join(vocabulary[i] for i in ids) → str([vocabulary[i] for i in ids])
    `str` of a list writes brackets, quotes and commas, too; join the tokens.
counted-from-one: vocabulary[i] → vocabulary[i - 1]
    Your ids are counted from 1; the id 0 is the first token of the vocabulary.
code-points: vocabulary[i] → chr(i)
    `chr` takes numbers from another list, that of all characters; look the id up in this vocabulary.
ids-written-out: vocabulary[i] → str(i)
    You join the ids themselves; look each of them up in the vocabulary first.
each-token-once: in ids → in dict.fromkeys(ids)
    You use each id once; an id that occurs twice stands for two tokens.
backwards: in ids → in reversed(ids)
    The text comes out backwards: keep the order of the ids.
""")


@mistake("first-token-only", "You return inside the loop, so it ends with the first token: collect all tokens, and return after the loop.")
def decode__first_token_only(ids, vocabulary):
    for i in ids:
        return vocabulary[i]
    return None


@mistake("vocabulary-walked", "You go through the vocabulary, so each token comes once, in the vocabulary's order: go through the ids.")
def decode__vocabulary_walked(ids, vocabulary):
    return "".join(token for place, token in enumerate(vocabulary) if place in ids)


alternatives("""
map: vocabulary[i] for i in ids → map(vocabulary.__getitem__, ids)
""")


@alternative
def decode__loop(ids, vocabulary):
    text = ""
    for i in ids:
        text += vocabulary[i]
    return text


@alternative
def decode__dict(ids, vocabulary):
    tokens = dict(enumerate(vocabulary))
    return "".join([tokens[i] for i in ids])


forbid("WordTokenizer", "tokenizer", "tokenizers", "tiktoken", because="this is what you are writing.")
hint("An id is a place in the vocabulary. How do you get what stands at a place of a list?")
hint("Which method of a string joins many strings to one? What stands between them here?")
hint("```python\nreturn <nothing>.join(<token> for i in ids)\n```")
why("`join` builds the string in one go. Nothing is put between the tokens, because spaces and line breaks are tokens themselves: so every text comes back exactly as it was.")

# %% judges="most_frequent_pair"
def _drawn(n, vocabulary):
    return [vocabulary[i] for i in randint(0, len(vocabulary), (n,)).tolist()]


def _letters(n):
    start = int(randint(0, 26 - n, ()))
    return list("abcdefghijklmnopqrstuvwxyz"[start : start + n])


case("eight_tokens", "Eight tokens out of three.", lambda most_frequent_pair: most_frequent_pair(_drawn(8, "abc")))
case("sixty_tokens", "Sixty tokens out of four.", lambda most_frequent_pair: most_frequent_pair(_drawn(60, "then")))
case("runs_of_one_token", "Twenty tokens out of two, so that one follows itself.", lambda most_frequent_pair: most_frequent_pair(_drawn(20, "xy")))
case("merged_already", "Thirty tokens, all of them longer than a character.", lambda most_frequent_pair: most_frequent_pair(_drawn(30, ["th", "er", "an", "at"])))


@probe
def a_space_in_the_pair(most_frequent_pair):
    "A letter and a space follow each other twice, all other pairs once."
    a, b, c, d, e = _letters(5)
    return most_frequent_pair([a, b, " ", c, d, b, " ", e])


@probe
def a_token_twice_in_a_row(most_frequent_pair):
    "Three equal tokens in a row hold one pair twice."
    a, b, c, d = _letters(4)
    return most_frequent_pair([a, b, c, c, c, d])


@probe
def spelled_alike(most_frequent_pair):
    "Two pairs that are spelled alike and occur once each, beside one that occurs twice."
    a, b, c, d, e = _letters(5)
    return most_frequent_pair([a + b, c, d, a, b + c, e, d, e, d])


case("two_tokens", "Two tokens: the only pair there is.", lambda most_frequent_pair: most_frequent_pair(_letters(2)))


@probe
def a_draw(most_frequent_pair):
    "Five different tokens: every pair occurs once, and the first one wins."
    a, b, c, d, e = _letters(5)
    return most_frequent_pair([b, e, a, d, c])


@probe
def not_the_most_frequent_tokens(most_frequent_pair):
    "A pair that occurs twice, beside a single token that occurs three times."
    a, b, c, d, e = _letters(5)
    return most_frequent_pair([e, a, c, d, e, b, c, d, e])


@probe
def beginning_anywhere(most_frequent_pair):
    "A pair that begins at the second token and at the sixth."
    a, b, c, d, e, f = _letters(6)
    return most_frequent_pair([a, e, f, b, c, e, f, d])


@probe
def first_and_last(most_frequent_pair):
    "Two pairs that occur twice; the one that is first to appear is also the last."
    a, b, c, d, e, f, g = _letters(7)
    return most_frequent_pair([a, b, e, c, d, f, c, d, g, a, b])


@probe
def there_and_back(most_frequent_pair):
    "Two tokens beside each other in either order, and another pair twice in the same."
    a, b, c, d, e = _letters(5)
    return most_frequent_pair([a, b, a, c, d, e, c, d])


mistakes("""
last-of-several: max(pairs, key=lambda pair: pairs[pair]) → max(reversed(list(pairs)), key=lambda pair: pairs[pair])
    Where several pairs are equally frequent, you return the last of them; the first to appear is asked for.
later-of-equal-pairs: max(pairs, key=lambda pair: pairs[pair]) → max((count, pair) for pair, count in pairs.items())[1]
    Where several pairs are equally frequent, you take the one that is last in the alphabet: `max` over (count, pair) compares the pairs as well.
first-of-the-alphabet: max(pairs, key=lambda pair: pairs[pair]) → min(pair for pair in pairs if pairs[pair] == max(pairs.values()))
    Where several pairs are equally frequent, you take the one that is first in the alphabet; the one that appears first in the text is asked for.
rarest: max( → min(
    That is the rarest pair; the most frequent one is asked for.
every-second-pair: pairwise(tokens) → zip(tokens[::2], tokens[1::2])
    You cut the text into pairs and count those; every token but the last begins a pair.
order-ignored: pairwise(tokens) → (tuple(sorted(pair)) for pair in pairwise(tokens))
    You count (a, b) and (b, a) as one; left and right matter, since “th” is not “ht”.
largest-pair: max(pairs, key=lambda pair: pairs[pair]) → max(pairs)
    `max` without a key compares the pairs by the alphabet; compare them by their counts.
first-pair: max(pairs, key=lambda pair: pairs[pair]) → next(iter(pairs))
    You return the first pair of the text; count all of them.
joined: max(pairs, key=lambda pair: pairs[pair]) → "".join(max(pairs, key=lambda pair: pairs[pair]))
    You return the two tokens joined; the pair itself is asked for, left and right.
with-its-count: max(pairs, key=lambda pair: pairs[pair]) → pairs.most_common(1)[0]
    You return the pair together with its count; the pair alone is asked for.
with-its-count-in-a-list: max(pairs, key=lambda pair: pairs[pair]) → pairs.most_common(1)
    `most_common(1)` is a list that holds one pair with its count: take the pair out of it, [0][0].
the-count: max(pairs, key=lambda pair: pairs[pair]) → max(pairs.values())
    That is how often the pair occurs; return the pair.
""")


@mistake("last-to-occur", "Where several pairs are equally frequent, a later one takes the place of the first: a pair is better only if its count is larger, `>` and not `>=`.")
def most_frequent_pair__last_to_occur(tokens):
    pairs = list(pairwise(tokens))
    best = pairs[0]
    for pair in pairs:
        if pairs.count(pair) >= pairs.count(best):
            best = pair
    return best


@mistake("pairs-of-characters", "You join the tokens and count pairs of characters; a token may be longer than one character, and the pair is two tokens, not one text.")
def most_frequent_pair__pairs_of_characters(tokens):
    text = "".join(tokens)
    return Counter(text[i : i + 2] for i in range(len(text) - 1)).most_common(1)[0][0]


@mistake("single-tokens", "You count single tokens and return the two most frequent; count pairs of neighbours.")
def most_frequent_pair__single_tokens(tokens):
    return tuple(token for token, _ in Counter(tokens).most_common(2))


alternatives("""
most-common: max(pairs, key=lambda pair: pairs[pair]) → pairs.most_common(1)[0][0]
zip: pairwise(tokens) → zip(tokens, tokens[1:])
key-is-get: key=lambda pair: pairs[pair] → key=pairs.get
""")


@alternative
def most_frequent_pair__by_hand(tokens):
    counts = {}
    for i in range(len(tokens) - 1):
        pair = (tokens[i], tokens[i + 1])
        counts[pair] = counts.get(pair, 0) + 1
    best = None
    for pair, count in counts.items():
        if best is None or count > counts[best]:
            best = pair
    return best


forbid("tokenizers", "tiktoken", "sentencepiece", because="the step itself is what you are writing.")
hint("How many pairs of neighbours do n tokens have, and which token is the right half of pair i?")
hint("What does `Counter(pairwise(tokens))` hold? A Counter is a dict: what stands left of the colon, what right?")
hint("```python\npairs = Counter(<neighbours>)\nreturn max(pairs, key=<the count of a pair>)\n```")
why("`pairwise` sets every token beside its successor. A Counter keeps the order of first appearance and `max` keeps the first of equals, so ties are settled as the docstring says.")

# %% judges="merge_pair"
def _drawn(n, vocabulary):
    return [vocabulary[i] for i in randint(0, len(vocabulary), (n,)).tolist()]


case("two_letters", "Ten tokens out of two, among which (a, b) is merged.", lambda merge_pair: merge_pair(["b", "a", "a", "b", *_drawn(6, "ab")], ("a", "b")))
case("twins", "Twenty tokens, among which (a, a) is merged: three in a row give “aa” and “a”.", lambda merge_pair: merge_pair(["a", "a", "a", *_drawn(17, "aab")], ("a", "a")))
case("merged_already", "Thirty tokens, of which (th, e) is merged; “t” and “he” are not.", lambda merge_pair: merge_pair(["t", "he", *_drawn(26, ["th", "e", "t", "he"]), "th", "e"], ("th", "e")))
case("nothing_to_merge", "Ten tokens without the pair.", lambda merge_pair: merge_pair(_drawn(10, "ab"), ("a", "c")))
case("spaces_are_tokens", "Twenty tokens, some of them spaces, of which (e, space) is merged.", lambda merge_pair: merge_pair(["e", " ", "t", *_drawn(17, "e t")], ("e", " ")))


case("three_in_a_row", "Three equal tokens: the first two are joined, the third is left.", lambda merge_pair: merge_pair(["b", "a", "a", "a", "b"], ("a", "a")))
case("no_tokens", "No tokens: an empty list.", lambda merge_pair: merge_pair([], ("a", "b")))
case("longer_neighbours", "Tokens that begin or end as the halves of (t, h) do.", lambda merge_pair: merge_pair(["t", "he", "t", "h", "at", "h", "th", "t", "h"], ("t", "h")))
case("marks_are_tokens", "Bars, commas, spaces and line breaks among the tokens, of which (a, b) is merged.", lambda merge_pair: merge_pair([*"a|b,a b-a\nb_a/b#a", "b", *"ab|| ,,", "\x00", "\t"], ("a", "b")))


@probe
def tokens_left_alone(merge_pair):
    "The result, and the list that was handed in, as it is afterwards."
    tokens = ["n", "a", *_drawn(20, "na")]
    return {"merged": merge_pair(tokens, ("n", "a")), "tokens": tokens}


mistakes("""
second-half-kept:
    - done[-1] += part
    + done[-1] += part
    + done.append(part)
    You join the pair and then keep its right half as well: a token that has been joined is used up.
pair-dropped: done[-1] += part → done.pop()
    The pair disappears; put the joined token in its place.
joined-in-vain: done[-1] += part → done[-1] + part
    You join the two halves to a new string, and nothing keeps it: put it in place of the left half, as `+=` does.
one-text: return done → return "".join(done)
    You return one text; the tokens are asked for, as a list.
joined-with-a-space: done[-1] += part → done[-1] += " " + part
    You put a space between the halves; join them with nothing in between.
either-order: (done[-1], part) == pair → (done[-1], part) in (pair, pair[::-1])
    You merge (b, a) as well as (a, b); left and right matter.
left-half-only: (done[-1], part) == pair → done[-1] == pair[0]
    You compare the left half only; both halves must be equal to the pair.
right-half-only: (done[-1], part) == pair → part == pair[1]
    You compare the right half only; both halves must be equal to the pair.
by-spelling: (done[-1], part) == pair → done[-1] + part == pair[0] + pair[1]
    You merge whatever spells the same: “t” and “he” are another pair than “th” and “e”.
""")


@mistake("first-place-only", "You merge the first place only; go on to the end.")
def merge_pair__first_place_only(tokens, pair):
    for i in range(len(tokens) - 1):
        if (tokens[i], tokens[i + 1]) == pair:
            return [*tokens[:i], tokens[i] + tokens[i + 1], *tokens[i + 2 :]]
    return list(tokens)


@mistake("last-token-lost", "The last token is lost when it is in no pair: it has no right neighbour, and stays as it is.")
def merge_pair__last_token_lost(tokens, pair):
    merged, i = [], 0
    while i < len(tokens) - 1:
        joined = (tokens[i], tokens[i + 1]) == pair
        merged.append(tokens[i] + tokens[i + 1] if joined else tokens[i])
        i += 2 if joined else 1
    return merged


@mistake("right-half-not-skipped", "After a merge the loop goes on with the right half, which is used up by then; and the last token, which begins no pair, is lost.")
def merge_pair__right_half_not_skipped(tokens, pair):
    return [a + b if (a, b) == pair else a for a, b in pairwise(tokens)]


@mistake("letters-apart", "`merged += token` adds the letters of a token one by one, so longer tokens fall apart: use `merged.append(token)`.")
def merge_pair__letters_apart(tokens, pair):
    merged, i = [], 0
    while i < len(tokens):
        if tuple(tokens[i : i + 2]) == pair:
            merged += tokens[i] + tokens[i + 1]
            i += 2
        else:
            merged += tokens[i]
            i += 1
    return merged


@mistake("both-halves-kept", "You append both halves of every two neighbours, so that tokens appear twice: each token begins one pair and ends another. Append the left one only, and step over what is joined.")
def merge_pair__both_halves_kept(tokens, pair):
    merged = []
    for left, right in pairwise(tokens):
        merged += [left + right] if (left, right) == pair else [left, right]
    return merged


@mistake("list-against-tuple", "Nothing is merged: a slice of the tokens is a list, `pair` is a tuple, and those two are never equal. Compare `tuple(tokens[i : i + 2])`.")
def merge_pair__list_against_tuple(tokens, pair):
    merged, i = [], 0
    while i < len(tokens):
        joined = tokens[i : i + 2] == pair
        merged.append("".join(pair) if joined else tokens[i])
        i += 2 if joined else 1
    return merged


@mistake("split-at-spaces", "You join the tokens with spaces and split again, and spaces are tokens themselves: they are lost. Go through the tokens one by one.")
def merge_pair__split_at_spaces(tokens, pair):
    return " ".join(tokens).replace(" ".join(pair), "".join(pair)).split()


@mistake("overlapping", "You use a token twice: in “a a a” the middle one goes into two pairs. Step over both halves once they are joined.")
def merge_pair__overlapping(tokens, pair):
    merged = []
    for i in range(len(tokens)):
        if (tokens[i], *tokens[i + 1 : i + 2]) == pair:
            merged.append(tokens[i] + tokens[i + 1])
        elif i == 0 or (tokens[i - 1], tokens[i]) != pair:
            merged.append(tokens[i])
    return merged


@mistake("back-to-characters", "You join everything to one text and cut that up again, so tokens that were merged before fall apart: compare token by token.")
def merge_pair__back_to_characters(tokens, pair):
    joined, rest = "".join(pair), "".join(tokens)
    merged = []
    while rest:
        piece = joined if rest.startswith(joined) else rest[0]
        merged.append(piece)
        rest = rest[len(piece) :]
    return merged


@mistake("tokens-changed", "The result is right, but the list that you were given is changed: build a new one.")
def merge_pair__tokens_changed(tokens, pair):
    i = 0
    while i < len(tokens) - 1:
        if (tokens[i], tokens[i + 1]) == pair:
            tokens[i : i + 2] = [tokens[i] + tokens[i + 1]]
        i += 1
    return tokens


@alternative
def merge_pair__while(tokens, pair):
    merged = []
    i = 0
    while i < len(tokens):
        if i + 1 < len(tokens) and tokens[i] == pair[0] and tokens[i + 1] == pair[1]:
            merged.append(pair[0] + pair[1])
            i += 2
        else:
            merged.append(tokens[i])
            i += 1
    return merged


@alternative
def merge_pair__skipping(tokens, pair):
    merged, skip = [], False
    for left, right in zip(tokens, [*tokens[1:], None]):
        if skip:
            skip = False
        elif (left, right) == pair:
            merged.append(left + right)
            skip = True
        else:
            merged.append(left)
    return merged


@alternative
def merge_pair__on_a_copy(tokens, pair):
    merged = list(tokens)
    i = 0
    while i < len(merged) - 1:
        if tuple(merged[i : i + 2]) == pair:
            merged[i : i + 2] = ["".join(pair)]
        i += 1
    return merged


forbid("tokenizers", "tiktoken", "sentencepiece", because="the step itself is what you are writing.")
hint("Write out `a a a` with the pair (a, a). Which tokens may still be joined once the first two are?")
hint("Two ways: step through by index, and step by two after a merge; or keep a list of what is done, and look at its last entry whenever a token comes.")
hint("```python\nmerged = []\nfor token in tokens:\n    if merged and <last of merged, and token> == pair:\n        <join token to the last of merged>\n    else:\n        <append token>\nreturn merged\n```")
why("Each token either joins the last one of the new list or is appended to it. A joined token is longer than the left half of the pair, so it can never be taken for that half again: nothing overlaps.")

# %% judges="look_up"
case("by_hand", "A table of four rows of width 2, two sentences of three ids; whole numbers.", whole_numbers, V=4, C=2, ids=randint(0, 4, (2, 3)))
case("seven_tokens", "A table of seven rows of width 5, four sentences of six ids.", V=7, C=5, ids=randint(0, 7, (4, 6)))
case("square", "A table of four rows of width 4, four sentences of four ids.", V=4, C=4, ids=randint(0, 4, (4, 4)))
case("many_tokens", "A table of three hundred rows of width 3, two sentences of five ids.", V=300, C=3, ids=randint(100, 300, (2, 5)))


@probe
def what_flows_back(look_up):
    "The gradient that flows back to a table of six rows of width 3, from two sentences of four ids."
    ids = randint(0, 6, (2, 4))
    return gradients(lambda table: look_up(table, ids), table=randn(6, 3))


@entry
def look_up__entry(b, t, c, table, ids):
    i = int(ids[b, t])
    return f"token {t} of sentence {b} has the id {i}; row {i} of the table is {formatted(table[i])}, and its number {c} is {formatted(table[i, c])}"


mistakes("""
shifted-by-one: table[ids] → table[ids - 1]
    You look up the row before: ids count from 0, as rows do.
columns: table[ids] → table[:, ids]
    You look up columns; the vector of token i is row i of the table.
table-transposed: table[ids] → table.T[ids % table.shape[1]]
    You turn the table first and so look up columns; rows belong to tokens.
sentences-joined: table[ids] → table[ids.flatten()]
    The rows are right, but the sentences are run together: keep (B, T) in front of the C numbers.
added-up: table[ids] → table[ids].sum(dim=1)
    You add up the rows of each sentence; every token keeps a vector of its own.
first-rows: table[ids] → table[torch.arange(ids.shape[1]) % len(table)].expand(len(ids), -1, -1)
    You take the first T rows of the table for every sentence; which row it is, the id says.
scaled-by-the-id: table[ids] → ids[:, :, None] * table[ids]
    You multiply by the id; it says which row to take, and no more.
gathered: table[ids] → table.gather(0, ids)
    `gather` takes a single number for each id, from the column in which the id stands; the whole row of each id is asked for.
row-and-column: table[ids] → table[ids[0], ids[1]]
    Two tensors between the brackets are read as row and column, and give single numbers; all ids are row numbers.
""")
alternatives("""
index-select: table[ids] → table.index_select(0, ids.flatten()).view(*ids.shape, -1)
""")


@alternative
def look_up__loops(table, ids):
    return torch.stack([torch.stack([table[int(i)] for i in sentence]) for sentence in ids])


@alternative
def look_up__product(table, ids):
    picks = (ids[..., None] == torch.arange(len(table))).to(table.dtype)
    return picks @ table


forbid("Embedding", "embedding", "EmbeddingBag", "embedding_bag", because="the look-up is one line, and you write it.")
hint("How do you get row 3 of a table? And rows 3, 0 and 3, all at once?")
hint("A tensor of ids may stand between the brackets, in any shape. What shape comes out for ids of shape (2, 3)?")
hint("```python\nreturn table[<ids>]\n```")
why("Indexing with a tensor of ids replaces each id by its row, so the shape of the ids stays in front and the width comes last. It works for any number of sentences.")

# %% judges="one_hot"
case("three_ids", "Three ids out of five.", lambda one_hot: one_hot(randint(0, 5, (3,)), 5))
case("seven_ids", "Seven ids out of four, so that some repeat.", lambda one_hot: one_hot(randint(0, 4, (7,)), 4))
case("square", "Four ids out of four.", lambda one_hot: one_hot(randint(0, 4, (4,)), 4))
case("large_vocabulary", "Two ids out of thirty, of which the last does not come.", lambda one_hot: one_hot(randint(0, 29, (2,)), 30))


@probe
def times_a_table(one_hot):
    "The rows of three ids, times a table of six rows of width 2."
    rows, table = one_hot(randint(0, 6, (3,)), 6), randn(6, 2)
    return rows @ (table.to(rows.dtype) if rows.is_floating_point() else table)


@entry
def one_hot__entry(i, j, ids):
    same = "so it is 1" if int(ids[i]) == j else "so it is 0"
    return f"row {i} belongs to the id {int(ids[i])}, and this is its place {j}, {same}"


mistakes("""
whole-columns: rows[torch.arange(len(ids)), ids] = 1 → rows[:, ids] = 1
    Whole columns are 1, in every row: `rows[:, ids]` sets them so, and `[[0] * V] * n` is one row n times. Row i should get a 1 at ids[i] only.
whole-rows: rows[torch.arange(len(ids)), ids] = 1 → rows[ids] = 1
    `rows[ids] = 1` sets whole rows, and an id is no row number: row i should get a 1 at ids[i] only.
row-and-column-swapped: rows[torch.arange(len(ids)), ids] = 1 → rows[ids, torch.arange(len(ids))] = 1
    The row number comes first: row i, column ids[i].
counted-from-one: , ids] = 1 → , ids - 1] = 1
    The 1 stands one place too far left: the id 0 belongs to place 0.
transposed: return rows → return rows.T
    The ids run along the columns; each id should have a row, (n, vocab_size).
the-id-itself: ] = 1 → ] = ids.float()
    You write the id into its place; a 1 belongs there, whatever the id is.
true-and-false: return rows → return rows.bool()
    These are True and False; a matrix product needs numbers, so turn them into floats.
whole-numbers: return rows → return rows.long()
    These are whole numbers, and a table holds floats: a matrix product takes two of a kind, so add `.float()`.
up-to-the-id: return rows → return rows.flip(-1).cumsum(dim=-1).flip(-1)
    Every place up to the id is 1; only the place of the id itself should be.
one-row-for-all: return rows → return rows.amax(dim=0)
    You put all ids into one row; each id has a row of its own.
ones-and-zeros-exchanged: return rows → return 1 - rows
    Ones and zeros have changed places: the place of the id gets the 1, all others 0.
as-wide-as-the-text: return rows → return rows[:, : int(ids.max()) + 1]
    The rows are as wide as the largest id needs; they should all have vocab_size places, whichever ids there are.
""")
alternatives("""
identity-matrix:
    - rows = torch.zeros(len(ids), vocab_size)
    - rows[torch.arange(len(ids)), ids] = 1
    - return rows
    + return torch.eye(vocab_size)[ids]
scatter: rows[torch.arange(len(ids)), ids] = 1 → rows.scatter_(1, ids[:, None], 1.0)
""")


@alternative
def one_hot__loop(ids, vocab_size):
    return torch.tensor([[1.0 if j == int(i) else 0.0 for j in range(vocab_size)] for i in ids])


@alternative
def one_hot__comparison(ids, vocab_size):
    return (ids[:, None] == torch.arange(vocab_size)[None, :]).float()


forbid("one_hot", because="PyTorch has it ready-made; three lines of your own show what is in it.")
hint("How many rows, and how wide is each? How many ones are there altogether?")
hint("`rows[0, 3] = 1` sets one entry. Which row number and which column number belong to the i-th id? Two tensors of them set all at once.")
hint("```python\nrows = torch.zeros(<how many>, <how wide>)\nrows[<0, 1, 2, … n − 1>, <the ids>] = 1\nreturn rows\n```")
why("Two index tensors of equal length are read in pairs: row 0 with ids[0], row 1 with ids[1], and so on. A colon in the first place would mean every row instead.")

# %% judges="xavier_uniform"
case("by_hand", "Two by four draws, each a quarter of a whole number: the bound is 1.", lambda xavier_uniform: xavier_uniform(whole_numbers(2, 4, low=0, high=4) / 4))
case("wide", "Three by seven draws.", uniform, fan_in=3, fan_out=7)
case("tall", "Ten by two draws.", uniform, fan_in=10, fan_out=2)
case("square", "Five by five draws.", uniform, fan_in=5, fan_out=5)


@entry
def xavier_uniform__entry(i, j, draws):
    fan_in, fan_out = draws.shape
    a = math.sqrt(6 / (fan_in + fan_out))
    return (
        f"a = √(6 / ({fan_in} + {fan_out})) = {formatted(a)}; the draw {formatted(draws[i, j])} becomes "
        f"{formatted(a)} · (2 · {formatted(draws[i, j])} − 1) = {formatted(a * (2 * draws[i, j] - 1))}"
    )


mistakes("""
fan-in-alone: 6 / (fan_in + fan_out) → 6 / fan_in
    Your bound is √(6 / fan_in), from fan_in alone; gradients come back over fan_out entries, so both belong below the line.
fan-in-alone-variance-kept: 6 / (fan_in + fan_out) → 3 / fan_in
    Your bound is √(3 / fan_in): that keeps the variance of what goes forward and forgets the gradients that come back. Use fan_in + fan_out.
bound-of-nn-linear: 6 / (fan_in + fan_out) → 1 / fan_in
    √(1 / fan_in) is the bound that PyTorch's nn.Linear draws with; Xavier's has a 6 above the line and both fans below it.
brackets-forgotten: 6 / (fan_in + fan_out) → 6 / fan_in + fan_out
    Without brackets, 6 is divided by fan_in alone and fan_out is added afterwards.
root-of-six-only: math.sqrt(6 / (fan_in + fan_out)) → math.sqrt(6) / (fan_in + fan_out)
    You take the root of 6 only; it covers the whole fraction.
fan-out-alone: 6 / (fan_in + fan_out) → 6 / fan_out
    Your bound comes from fan_out alone; add fan_in.
fans-multiplied: fan_in + fan_out → fan_in * fan_out
    You multiply fan_in by fan_out; they are added.
standard-deviation-as-bound: 6 / (fan_in + fan_out) → 2 / (fan_in + fan_out)
    √(2 / (fan_in + fan_out)) is the standard deviation; uniform draws with that bound have a third of the variance. The bound is √3 times as large.
root-forgotten: math.sqrt(6 / (fan_in + fan_out)) → 6 / (fan_in + fan_out)
    The root is missing: 6 / (fan_in + fan_out) is the square of the bound.
six-below-the-line: 6 / (fan_in + fan_out) → (fan_in + fan_out) / 6
    The fraction stands upside down, so large matrices get large entries: 6 belongs above the line.
one-sided: bound * (2 * draws - 1) → bound * draws
    Your entries run from 0 to a, so their mean is not 0: stretch the draws to twice the bound and shift them.
half-the-range: bound * (2 * draws - 1) → bound * (draws - 0.5)
    Your entries run from −a/2 to a/2: shifting by a half centres them, but the range has to be 2a wide.
shifted-only: bound * (2 * draws - 1) → draws - bound
    Your entries run from −a to 1 − a: stretch the draws to the width 2a before you shift them.
two-wide: bound * (2 * draws - 1) → 2 * draws - bound
    Your entries are 2 wide whatever the shape of the matrix: stretch the draws by 2a, not by 2.
variance-as-bound: math.sqrt(6 / (fan_in + fan_out)) → 2 / (fan_in + fan_out)
    2 / (fan_in + fan_out) is the variance that the entries are to have; the bound a is √(6 / (fan_in + fan_out)).
cut-off-at-the-bound: bound * (2 * draws - 1) → (2 * draws - 1).clamp(-bound, bound)
    You cut off what lies beyond the bound, so that many entries are the bound itself; shrink the range to −a … a instead.
turned-round: (2 * draws - 1) → (1 - 2 * draws)
    The sign is turned: the draw 0 should become −a, and 1 would become a.
own-draws: (2 * draws - 1) → (2 * torch.rand(fan_in, fan_out) - 1)
    You draw numbers of your own; use those that are handed in, so that the result can be compared.
""")
alternatives("""
written-out: bound * (2 * draws - 1) → -bound + draws * 2 * bound
from-the-variance: math.sqrt(6 / (fan_in + fan_out)) → (3 * 2 / sum(draws.shape)) ** 0.5
""")


@alternative
def xavier_uniform__interpolated(draws):
    a = torch.full_like(draws, 6 / (draws.size(0) + draws.size(1))).sqrt()
    return torch.lerp(-a, a, draws)


forbid("xavier_uniform_", "xavier_normal_", "kaiming_uniform_", "calculate_gain", because="the two lines inside are yours to write.")
hint("Which numbers does the bound need, and where do you find them?")
hint("The draws are 0 to 1 wide, the result is to be −a to a. How much wider is that, and where is the middle of each?")
hint("```python\nfan_in, fan_out = <the shape of draws>\nbound = <root of 6 over the sum>\nreturn bound * <draws, mapped from 0 … 1 to −1 … 1>\n```")
why("`2 * draws - 1` maps [0, 1) to [−1, 1), and the bound stretches that. Both fans come from the shape, so the same line serves a matrix of any size.")

# %% judges="table_gradient"
@probe
def by_hand(table_gradient):
    "A table of four rows of width 2, three ids, of which the first comes twice; whole numbers."
    twice = randint(0, 4, (1,))
    once = (twice + randint(1, 4, (1,))) % 4
    return table_gradient(whole_numbers(4, 2), torch.cat([twice, once, twice]), whole_numbers(3, 2))


case("seven_rows", "A table of seven rows of width 3, five ids.", V=7, C=3, n=5, ids=randint(0, 7, (5,)))
case("one_token_only", "A table of three rows of width 4, and the same id five times.", V=3, C=4, n=5, ids=randint(0, 3, ()).expand(5).clone())
case("square", "A table of four rows of width 4, four ids.", V=4, C=4, n=4, ids=randint(0, 4, (4,)))


@probe
def table_left_alone(table_gradient):
    "Whether the caller's table requires a gradient afterwards, and whether it holds one."
    table = randn(3, 2)
    table_gradient(table, randint(0, 3, (4,)), randn(4, 2))
    return {"requires a gradient": table.requires_grad, "holds one": table.grad is not None}


@probe
def called_twice(table_gradient):
    "The same table twice: no gradient is left over from the first call."
    table, ids = randn(5, 2), randint(0, 5, (6,))
    return [table_gradient(table, ids, randn(6, 2)), table_gradient(table, ids, randn(6, 2))]


@entry
def table_gradient__entry(i, j, table, ids, wanted):
    places = [t for t, one in enumerate(ids.tolist()) if one == i]
    if not places:
        return f"the id {i} is not among the ids {formatted(ids)}, so row {i} of the table has no part in the loss"
    goals = [f"({formatted(w)})" if w < 0 else formatted(w) for w in wanted[places, j]]
    terms = " + ".join(f"2 · ({formatted(table[i, j])} − {goal})" for goal in goals)
    total = formatted(2 * (table[i, j] - wanted[places, j]).sum())
    return f"the id {i} stands at {', '.join(map(str, places))} in the ids, and each place adds 2 · (row − wanted): {terms} = {total}"


mistakes("""
of-the-rows:
    - gaps = learned[ids] - wanted
    - (gaps**2).sum().backward()
    - return learned.grad
    + rows = learned.detach()[ids].requires_grad_()
    + ((rows - wanted) ** 2).sum().backward()
    + return rows.grad
    That is the gradient of the rows that were looked up, (n, C); it has to arrive in the table, (V, C).
averaged: .sum() → .mean()
    Your loss is the average of the squared gaps; their sum is asked for.
not-squared: (gaps**2) → gaps
    Your loss adds up the gaps themselves; square them first.
sum-squared: (gaps**2).sum() → (gaps.sum() ** 2)
    You add up the gaps and square their sum; square each gap first, then add up.
root-of-the-sum: (gaps**2).sum() → gaps.norm()
    Your loss is the root of the summed squares, the length of the gaps; the sum itself is asked for.
gaps-written-in:
    - learned = table.clone().requires_grad_()
    - gaps = learned[ids] - wanted
    - (gaps**2).sum().backward()
    - return learned.grad
    + gradient = torch.zeros_like(table)
    + gradient[ids] = table[ids] - wanted
    + return gradient
    You write the gaps into their rows: a square's gradient is twice the gap, and where an id comes twice, both gaps add up.
caller-asked-for-gradients:
    - learned = table.clone().requires_grad_()
    - gaps = learned[ids] - wanted
    - (gaps**2).sum().backward()
    - return learned.grad
    + gaps = table.requires_grad_()[ids] - wanted
    + (gaps**2).sum().backward()
    + gradient, table.grad = table.grad, None
    + return gradient
    The gradient is right, but the caller's table requires a gradient from now on: work on a copy of it.
a-step-taken: return learned.grad → return table - learned.grad
    You return the table after a step against the gradient; the gradient itself is asked for.
left-over: table.clone().requires_grad_() → table.requires_grad_()
    Right the first time, but gradients pile up in the caller's table: `backward()` adds to what is there. Work on a copy, table.clone().
the-loss: return learned.grad → return (gaps**2).sum().detach()
    That is the loss; its gradient is asked for.
cut-off: learned[ids] → learned.detach()[ids]
    No gradient leads back from the rows that you looked up: look them up in the copy, after it requires a gradient, outside of `torch.no_grad()` and without `.detach()`.
no-backward:
    - (gaps**2).sum().backward()
    You return None: `.grad` is filled by `loss.backward()`, and only in the tensor on which you called `requires_grad_()`.
""")


@mistake(
    "overwritten",
    "A token that occurs twice gets the gradient of its last place only: `grad[ids] = …` overwrites, and so does `grad[ids] += …`. Gradients of one row add up.",
)
def table_gradient__overwritten(table, ids, wanted):
    per_row = torch.zeros_like(table)
    for i, row, goal in zip(ids, table[ids], wanted):
        per_row[i] = 2 * (row - goal)
    return per_row


@mistake("sign-turned", "The sign is turned: the derivative of (row − wanted)² by the row is 2 (row − wanted).")
def table_gradient__sign_turned(table, ids, wanted):
    return torch.zeros_like(table).index_add(0, ids, 2 * (wanted - table[ids]))


@mistake("factor-two-missing", "The derivative of a square has a factor of 2.")
def table_gradient__factor_two_missing(table, ids, wanted):
    per_row = torch.zeros_like(table)
    return per_row.index_add(0, ids, table[ids] - wanted)


@mistake("averaged-over-places", "You average over the places of a repeated token; their gradients add up.")
def table_gradient__averaged_over_places(table, ids, wanted):
    total = torch.zeros_like(table).index_add(0, ids, 2 * (table[ids] - wanted))
    return total / torch.bincount(ids, minlength=len(table)).clamp(min=1)[:, None]


alternatives("""
torch-autograd-grad:
    - (gaps**2).sum().backward()
    - return learned.grad
    + return torch.autograd.grad((gaps**2).sum(), learned)[0]
detached-copy: table.clone().requires_grad_() → table.detach().clone().requires_grad_(True)
one-hot-product: learned[ids] → one_hot(ids, len(table)).to(table.dtype) @ learned
""")


@alternative
def table_gradient__index_add(table, ids, wanted):
    return torch.zeros_like(table).index_add(0, ids, 2 * (table[ids] - wanted))


@alternative
def table_gradient__turned_one_hot(table, ids, wanted):
    picks = torch.eye(len(table), dtype=table.dtype)[ids]
    return picks.T @ (2 * (picks @ table - wanted))


forbid("Embedding", "embedding", because="your own look-up is enough.")
hint("Which tensor must know that its gradient is wanted, and before or after something is looked up in it?")
hint("The loss is one number. What do you call on it, and where does the gradient stand afterwards?")
hint("```python\nlearned = <a copy of table that requires a gradient>\nloss = <squared gaps, added up>\nloss.backward()\nreturn <the gradient of learned>\n```")
why("Autograd takes the look-up backward: what arrives at a looked-up row goes to the row it came from, and where two tokens share a row, both are added. The copy keeps the caller's table free of gradients.")

# %% judges="sinusoidal"
case("by_hand", "Two positions of width 4, as computed above.", lambda sinusoidal: sinusoidal(2, 4))
case("five_positions", "Five positions of width 8.", lambda sinusoidal: sinusoidal(5, 8))
case("more_positions_than_columns", "Twelve positions of width 6.", lambda sinusoidal: sinusoidal(12, 6))
case("square", "Six positions of width 6.", lambda sinusoidal: sinusoidal(6, 6))
case("another_size", "Other sizes, drawn anew for every seed.", lambda sinusoidal: sinusoidal(int(randint(3, 16, ())), 2 * int(randint(2, 10, ()))))
case("one_position", "A single position of width 2: (0, 1).", lambda sinusoidal: sinusoidal(1, 2))


@entry
def sinusoidal__entry(p, j, length, width):
    name, i = ("sin", "cos")[j % 2], j // 2
    angle = p / 10000 ** (2 * i / width)
    value = (torch.sin, torch.cos)[j % 2](torch.tensor(angle))
    return f"column {j} belongs to pair {i}: {name}({p} / 10000^({2 * i}/{width})) = {name}({formatted(angle)}) = {formatted(value)}"


mistakes("""
sines-and-cosines-swapped:
    - waves[:, 0::2] = torch.sin(angles)
    - waves[:, 1::2] = torch.cos(angles)
    + waves[:, 0::2] = torch.cos(angles)
    + waves[:, 1::2] = torch.sin(angles)
    Sines and cosines have changed places: sines belong in the even columns, 0 and 2 and so on.
halves:
    - waves[:, 0::2] = torch.sin(angles)
    - waves[:, 1::2] = torch.cos(angles)
    + waves[:, : width // 2] = torch.sin(angles)
    + waves[:, width // 2 :] = torch.cos(angles)
    The numbers are right, but all sines come first and then all cosines; here they take turns, column by column.
exponent-without-the-two: even / width → even / 2 / width
    The exponent is i / C, where 2i / C is asked for: pair 1 has the exponent 2 / C.
exponent-doubled: even / width → 2 * even / width
    The exponent is 4i / C: `arange(0, width, 2)` holds 2i already, so do not double it.
exponent-not-divided: even / width → even.float()
    From pair 1 on, the hands stand still: the exponent is to be 2i / C. Python takes a power before it multiplies and divides, so it needs brackets.
exponent-is-i: even / width → even / 2
    The exponent is i where 2i / C is asked for.
own-pace-for-each-column:
    - waves[:, 0::2] = torch.sin(angles)
    - waves[:, 1::2] = torch.cos(angles)
    + every = positions / 10000 ** (torch.arange(width) / width)
    + waves[:, 0::2] = torch.sin(every[:, 0::2])
    + waves[:, 1::2] = torch.cos(every[:, 1::2])
    Every column has a pace of its own; a sine and the cosine beside it share one, that of their pair.
column-number-for-i:
    - waves[:, 0::2] = torch.sin(angles)
    - waves[:, 1::2] = torch.cos(angles)
    + every = positions / 10000 ** (2 * torch.arange(width) / width)
    + waves[:, 0::2] = torch.sin(every[:, 0::2])
    + waves[:, 1::2] = torch.cos(every[:, 1::2])
    You take the number of the column for i. The two columns of a pair share one divisor: i is 0 in columns 0 and 1, 1 in columns 2 and 3.
exponent-without-brackets: 10000 ** (even / width) → 10000 ** 2 * (even / 2) / width
    Without brackets, `10000 ** 2` is computed first and the rest is multiplied: put the whole exponent in brackets.
divided-by-the-length: even / width → even / length
    You divide the exponent by the number of positions; divide by the width, or the same position has another row in a longer text.
cosines-missing: torch.cos(angles) → 0
    The odd columns are empty still: they are the cosines of the same angles.
positions-in-a-row: torch.arange(length)[:, None] → torch.arange(length)
    Positions and divisors both lie along a row, so number meets number: stand the positions up as a column, `[:, None]`.
positions-from-one: torch.arange(length)[:, None] → torch.arange(1, length + 1)[:, None]
    Your positions start at 1; the first token stands at position 0, with the row (0, 1, 0, 1, …).
multiplied: positions / 10000 ** → positions * 10000.0 **
    You multiply by 10000^(2i / C), so later pairs turn faster and faster; divide.
sines-only: torch.cos(angles) → torch.sin(angles)
    Every column is a sine; odd columns are the cosines of the same angles.
one-pace: even / width → 0 * even / width
    All pairs turn at the same pace: the divisor has to grow with i, and `//` rounds every exponent down to 0.
thousand: 10000 ** → 1000 **
    Your base is 1000; it is 10000 here, with four zeros.
degrees: torch.arange(length)[:, None] → torch.deg2rad(torch.arange(length)[:, None])
    Your angles are in degrees; sin and cos take them as they are, in radians.
turned: return waves → return waves.T
    The positions run along the columns; each position should have a row, (length, width).
""")
alternatives("""
stacked:
    - waves = torch.empty(length, width)
    - waves[:, 0::2] = torch.sin(angles)
    - waves[:, 1::2] = torch.cos(angles)
    - return waves
    + return torch.stack([angles.sin(), angles.cos()], dim=-1).reshape(length, width)
multiplied-by-a-rate: positions / 10000 ** (even / width) → positions * torch.exp(-math.log(10000) * even / width)
halves-of-the-width: even / width → torch.arange(width // 2) / (width / 2)
""")


@alternative
def sinusoidal__loop(length, width):
    rows = []
    for p in range(length):
        row = []
        for i in range(width // 2):
            angle = p / 10000 ** (2 * i / width)
            row += [math.sin(angle), math.cos(angle)]
        rows.append(row)
    return torch.tensor(rows)


@alternative
def sinusoidal__shifted_sine(length, width):
    columns = torch.arange(width)
    angles = torch.arange(length)[:, None] / 10000 ** ((columns - columns % 2) / width)
    return torch.where(columns % 2 == 0, angles.sin(), angles.cos())


forbid("PositionExplorer", "show_position_explorer", "encodings", because="the explorer comes afterwards, to look at what you built.")
hint("How many pairs are there for width 6, and by what does each of them divide the position?")
hint("A column of positions (length, 1) against a row of divisors (width / 2,) broadcasts to all angles. What shape has that?")
hint("`encoding[:, 0::2]` means every second column, beginning with column 0. How do you write the others?")
hint("```python\npositions = <0, 1, 2, … as a column>\nangles = positions / 10000 ** (<0, 2, 4, …> / width)\nencoding = torch.empty(length, width)\nencoding[:, <even columns>] = <sines>\nencoding[:, <odd columns>] = <cosines>\nreturn encoding\n```")
why("All angles come from one division of a column by a row. Slices with step 2 then lay sines and cosines side by side, so that each pair of columns is one hand.")

# %% judges="add_positions"
case("by_hand", "Two sentences of three tokens of width 2, a context of five; whole numbers.", whole_numbers, B=2, T=3, C=2, context=5)
case("four_sentences", "Four sentences of two tokens of width 3, a context of seven.", B=4, T=2, C=3, context=7)
case("full_context", "Three sentences that fill a context of five.", B=3, T=5, C=2, context=5)
case("square", "Four sentences of four tokens of width 4, a context of four.", B=4, T=4, C=4, context=4)
case("what_flows_back", "The gradients that flow back to two sentences of three tokens, and to a context of six.", lambda add_positions: gradients(add_positions, x=randn(2, 3, 4), positions=randn(6, 4)))


@entry
def add_positions__entry(b, t, c, x, positions):
    word, place = x[b, t, c], positions[t, c]
    added = f"({formatted(place)})" if place < 0 else formatted(place)
    return f"number {c} of token {t} in sentence {b}, plus number {c} of position {t}: {formatted(word)} + {added} = {formatted(word + place)}"


mistakes("""
multiplied: x + positions → x * positions
    You multiply by the positions; add them, or a position with zeros wipes out half of the word.
positions-from-one: positions[: x.shape[1]] → positions[1 : x.shape[1] + 1]
    Your positions start at 1; the first token stands at position 0.
last-positions: positions[: x.shape[1]] → positions[-x.shape[1] :]
    You add the last T rows of the table; a sentence begins at position 0.
all-positions: positions[: x.shape[1]] → positions
    You add the whole table; sentences that are shorter than the context use its first T rows only.
as-many-as-sentences: positions[: x.shape[1]] → positions[: len(x)]
    `len(x)` is the number of sentences; take as many rows as a sentence has tokens, x.shape[1].
colon-forgotten: positions[: x.shape[1]] → positions[x.shape[1]]
    `positions[T]` is one row, that of position T; `positions[:T]` are the first T rows.
columns-cut: positions[: x.shape[1]] → positions[:, : x.shape[1]]
    You cut the columns; a position is a row of the table, so the slice comes first.
number-added: positions[: x.shape[1]] → torch.arange(x.shape[1])[:, None]
    You add the number of the position itself; its row of the table is asked for.
own-sines: positions[: x.shape[1]] → sinusoidal(x.shape[1], x.shape[2])
    You add sines, whatever the table holds; learned rows come in by the same argument, so use `positions`.
positions-added-up: positions[: x.shape[1]] → positions[: x.shape[1]].sum(dim=0)
    You add up the rows of all positions and give every token the same sum; token t gets row t.
one-position-for-all: positions[: x.shape[1]] → positions[0]
    Every token gets position 0, so order still shows nowhere: token t gets row t.
last-position-for-all: positions[: x.shape[1]] → positions[x.shape[1] - 1]
    Every token gets the last position, so order still shows nowhere: token t gets row t.
first-sentence-only:
    - return x + positions[: x.shape[1]]
    + added = x.clone()
    + added[0] = x[0] + positions[: x.shape[1]]
    + return added
    Only the first sentence gets its positions; add them to every sentence.
side-by-side: x + positions[: x.shape[1]] → torch.cat([x, positions[: x.shape[1]].expand(len(x), -1, -1)], dim=-1)
    You set the positions beside the vectors, which makes them wider; add them.
x-changed: x + positions[: x.shape[1]] → x.add_(positions[: x.shape[1]])
    The result is right, but `x` is changed in place, and the caller may still need it: add into a new tensor.
averaged: x + positions[: x.shape[1]] → (x + positions[: x.shape[1]]) / 2
    You take the mean of word and position; their sum is asked for.
positions-forgotten: x + positions[: x.shape[1]] → 1 * x
    You return the rows of the words; the positions are missing.
""")
alternatives("""
indexed-by-position: positions[: x.shape[1]] → positions[torch.arange(x.shape[1])]
with-a-batch-axis: positions[: x.shape[1]] → positions[None, : x.size(1), :]
""")


@alternative
def add_positions__sentence_by_sentence(x, positions):
    return torch.stack([sentence + positions[: len(sentence)] for sentence in x])


@alternative
def add_positions__token_by_token(x, positions):
    return torch.stack([x[:, t] + positions[t] for t in range(x.shape[1])], dim=1)


forbid("Embedding", "embedding", "pos_emb", because="one sum of yours does all of it.")
hint("Which rows of `positions` does a sentence of three tokens need? Which number in `x.shape` says three?")
hint("(B, T, C) + (T, C): compare the shapes from the right. What does broadcasting do with B?")
hint("```python\nreturn x + positions[<the first T>]\n```")
why("Broadcasting lines (T, C) up with the last two axes of (B, T, C) and repeats it for each sentence: one table of positions serves the batch. The slice takes T from `x`, so sentences may have any length up to the context.")
