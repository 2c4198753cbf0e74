# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 05 · Causal masking
#
# In this lesson you train a model that cheats, find out how the model cheats, and build the part that prevents
# cheating. At the end you can
#
# - build a causal mask and a padding mask, and say what each hides from whom;
# - apply a mask to scores so that every row of weights still adds up to 1;
# - test whether a function reads the future, and find out which token reads which.
#
# **You need:** lessons 03 and 04 (scaled scores, attention weights, values). **Time:** 75 minutes.

# %%
from spotlight.notebook import check, hint, predict, reveal, solution, start, verify

start("causal_masking")

# %%
import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, scaled_dot_product_attention

from spotlight.mine import mine
from spotlight.model_utils import attention, corpus
from spotlight.model_utils.four_tokens import TOKENS, embeddings, key_weights, query_weights, value_weights
from spotlight.model_utils.gpt import GPT
from spotlight.model_utils.hooks import with_attention
from spotlight.model_utils.mask_experiment import CONTEXT, continued, from_embeddings, loss_by_place
from spotlight.model_utils.mask_experiment import open_weights, piecewise_logits, train_small_gpt, windows
from spotlight.model_utils.timing import milliseconds
from spotlight.visualizations import LiveCurves, show_attention_steps, show_bars, show_curves, show_map
from spotlight.visualizations import show_heatmap, show_heatmaps, show_mask_painter

# %%
show_map("blocks.0.attention.masked fill")

# %% [markdown]
# This lesson builds on functions of lessons 03 and 04: on yours, where they have passed, else on the
# course's reference. The next cell says which.

# %%
project = mine("queries_and_keys", attention.project)
scaled_scores = mine("queries_and_keys", attention.scaled_scores)
single_head_attention = mine("values_and_attention_output", attention.single_head_attention)

# %% [markdown]
# ## A task that can be copied
#
# Lesson 04 ended on an uneasy number: *cat* gives more than half of its weight to *here*, a word that
# comes two places later. Whether that does harm depends on the task.
#
# A language model learns to predict the next token. The course ships a text for that. One sentence gives as
# many tasks as it has tokens:

# %%
words = corpus.tokenizer()


def lines(split: corpus.Split) -> list[str]:
    """The paragraphs of the course's text that give a reason for something."""
    return [line for line in corpus.paragraphs(0, 6000, split) if "because it was" in line]


text = torch.tensor(words.encode("\n".join(lines("train")) + "\n"))
held_out = torch.tensor(words.encode("\n".join(lines("held-out")) + "\n"))  # never trained on
for end in range(1, 9):
    print(f"read: {words.decode(text[:end]):42} predict: {words.decode(text[end : end + 1])}")

# %% [markdown]
# How good is a prediction? Let $p$ be the probability that the model gave to the token that really
# came. The **loss** is $-\ln p$: 0 for certainty, 0.69 for $p = 0.5$, and 6.0 for a blind guess among the
# 402 tokens that the model knows. A model's loss is the average over all places, and training changes
# the model's parameters so that the loss falls. You build the training in lesson 15; here it is given.

# %%
torch.set_num_threads(1)  # for a model this small, sharing the work out costs more than it saves


def train(attend: Callable, name: str) -> tuple[GPT, list[float]]:
    """A small GPT, two layers of four heads that all use `attend`, and its loss at each of 600 steps."""
    live = LiveCurves(
        title=f"Training {name}",
        caption="The loss of each step; the dotted line is a blind guess.",
        references={"guess": math.log(len(words))},
    )
    model, losses = train_small_gpt(text, attend, len(words), 600, lambda step, loss: live.add(step, **{name: loss}))
    print(f"{name}: mean loss of the last 50 steps {sum(losses[-50:]) / 50:.2f}")
    return model, losses


# %% [markdown]
# The model is small; you build one like it in lesson 15. It reads 16 tokens at once, and holds the attention
# that you know, softmax(QKᵀ/√d_k)V, eight times: two layers of four heads, each with matrices of its own. Here
# PyTorch's own function computes the attention. Train the model; that takes a few seconds.

# %%
def open_attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Lesson 04's attention, every token reading every token: (..., n, d_k) each → (..., n, d_k)."""
    return scaled_dot_product_attention(q, k, v)


open_model, open_losses = train(open_attention, "without a mask")

# %% [markdown]
# A loss near 0: nearly every next token is predicted with certainty, though the animals and moods of the text
# were drawn at random. Now let this model write. It reads "the cat sat on the" and gives every token a
# probability. One token is drawn and appended, and the model reads again.

# %% prediction="what_it_writes"
predict(
    "what_it_writes",
    "a jumble of words",
    choices=["sentences like those of the text", "a jumble of words"],  # after "the cat sat on the"
)

# %%
PROMPT = "the cat sat on the"
known_runs = {tuple(run) for run in text.unfold(0, 3, 1).tolist()}  # all three tokens in a row


def samples(model: GPT, attend: Callable) -> float:
    """Print three texts; returns the share of their runs of three tokens that the text has, too."""
    texts = [continued(model, attend, words.encode(PROMPT), seed=seed) for seed in range(5)]
    for ids in texts[:3]:
        print("…", words.decode(ids).replace("\n", " / "))
    runs = [tuple(ids[i : i + 3]) for ids in texts for i in range(len(ids) - 2)]
    return sum(run in known_runs for run in runs) / len(runs)


# %%
share = samples(open_model, open_attention)
reveal("what_it_writes", "a jumble of words" if share < 0.8 else "sentences like those of the text")
print(f"runs of three tokens that also occur in the text: {share:.0%}")

# %% [markdown]
# How can a nearly perfect model write nonsense? Look at the loss at each of the 16 places, on text that the
# model was not trained on. First with the whole piece in sight, as in training. Then as in use: the piece is cut
# after the place, since a model that writes has nothing beyond it.

# %%
open_whole = loss_by_place(open_model, open_attention, held_out, cut=False)  # (16,)
open_cut = loss_by_place(open_model, open_attention, held_out, cut=True)  # (16,)
show_curves(
    {"as in training": open_whole, "in use": open_cut},
    xlabel="place in the piece",
    ylabel="loss",
    title="One model without a mask, measured twice",
    caption="With the whole piece in sight the loss is near 0 except at the last place. Cut, it is high except there.",
)

# %% [markdown]
# The last place explains the rest. Only there the next token is not in the piece, and only there something had
# to be learned. At every other place the answer stands one place to the right, among the tokens that are read.
# Which weights fetch the answer?

# %%
LINE = "the cat sat on the mat because it was tired ."
cheats = open_weights(open_model, words.encode(LINE))  # (8, 11, 11): eight heads
ahead = cheats.diagonal(1, dim1=1, dim2=2).mean(dim=1)  # each head's mean weight on the next token
show_heatmap(
    cheats[ahead.argmax()],
    LINE.split(),
    title="The head that looks ahead",
    caption=f"One of eight heads: on average {ahead.max():.2f} of its weight is on the token just right of the diagonal, the answer.",
)

# %% [markdown]
# An exam with the answers printed under the questions teaches copying. So the exam gets a cardboard sleeve,
# which is pulled down line by line: at line i you see the lines up to i, and the sleeve covers all later lines.
# The answer to line i is line i + 1, and so the answer is covered.
#
# ## 1 · The mask
#
# The sleeve is a table of True and False: may the token of row i read the token of column j? A token may read
# itself and the tokens before it, $j \le i$. For three tokens:
#
# $$\begin{pmatrix} \text{True} & \text{False} & \text{False} \\ \text{True} & \text{True} & \text{False} \\ \text{True} & \text{True} & \text{True} \end{pmatrix}$$

# %% exercise="causal_mask" points=1 minutes=4 difficulty=1
def causal_mask(n: int) -> Tensor:
    """Which tokens each of n tokens may read: itself and those before it.

    n: the number of tokens → (n, n), dtype bool; True at (i, j) where token i may read token j
    """
    # TODO: return True on the diagonal and below it, False above.
    ### BEGIN SOLUTION
    return torch.ones(n, n, dtype=torch.bool).tril()
    ### END SOLUTION

# %% [markdown]
# <details><summary>Help, I'm getting <code>TypeError: ones(): argument 'size' failed to unpack …</code></summary>
#
# `torch.ones(n, n, torch.bool)` takes the third argument for a size. Say what it is:
# `torch.ones(n, n, dtype=torch.bool)`.
#
# </details>

# %%
show_heatmap(
    causal_mask(4).float(),
    TOKENS,
    title="Your causal mask",
    caption="1 is True: the row's token may read the column's; the last row hides nothing.",
    value_label="may read",
)

# %% [markdown]
# ## What should a hidden score do?
#
# The mask has to leave weights that still add up to 1, with no weight on what is hidden. Take the row of *sat*
# in "The cat sat on the mat". The scores are
#
# $$(2.1,\; 3.5,\; 1.8,\; 4.2,\; 0.9,\; 1.1)$$
#
# and without a mask the largest weight, 0.56, is on *on*, the very token that is to be predicted. With the mask
# only *The*, *cat* and *sat* are left. What are the weights of these three then?

# %% prediction="row_of_sat"
predict(
    "row_of_sat",
    "0.17, 0.70, 0.13",
    choices=["0.07, 0.28, 0.05", "0.17, 0.70, 0.13", "0.28, 0.47, 0.24"],
)

# %% [markdown]
# ## 2 · Mask the scores
#
# Softmax gives a score $s$ the weight $e^s / \sum e^s$. For a hidden token $e^s$ must be 0, above the line and in
# the sum. Only one score does both: $-\infty$, since $e^{-\infty} = 0$. So the scores are changed **before**
# softmax.
#
# `scores.masked_fill(where, value)` returns a copy with `value` wherever `where` is True. `~mask` turns
# True into False and back.

# %% exercise="masked_attention_weights" points=1 minutes=5 difficulty=1
def masked_attention_weights(scores: Tensor, mask: Tensor) -> Tensor:
    """Weights over the tokens that may be read; each row adds up to 1.

    scores: (..., n, m); mask: dtype bool, (n, m) or of a shape that is broadcast to the scores, True
    where row i may read column j, at least once in each row → (..., n, m), 0 where mask is False
    """
    # TODO: set the scores where mask is False to minus infinity, then apply softmax to every row.
    ### BEGIN SOLUTION
    return torch.softmax(scores.masked_fill(~mask, -torch.inf), dim=-1)
    ### END SOLUTION

# %% [markdown]
# <details><summary>Help, I'm getting <code>TypeError: ~ (operator.invert) is only implemented on integer and Boolean-type tensors</code></summary>
#
# The mask holds 1.0 and 0.0 instead of True and False: see what your `causal_mask` returns, or compare,
# `mask == 0`.
#
# </details>
#
# <details><summary>Help, I'm getting <code>RuntimeError: Boolean value of Tensor with more than one value is ambiguous</code></summary>
#
# `not mask` and `if mask` ask for a single True or False. For every entry by itself, write `~mask`.
#
# </details>

# %%
SENTENCE = ["The", "cat", "sat", "on", "the", "mat"]
row_of_sat = torch.tensor([[2.1, 3.5, 1.8, 4.2, 0.9, 1.1]])  # (1, 6)
masked_row = masked_attention_weights(row_of_sat, causal_mask(6)[2:3])[0]  # (6,)
reveal("row_of_sat", ", ".join(f"{weight:.2f}" for weight in masked_row[:3]))
show_bars(
    {"without a mask": torch.softmax(row_of_sat, dim=-1)[0], "with the mask": masked_row},
    SENTENCE,
    title="Where the weight of *sat* goes",
    caption="What was on *on*, *the* and *mat* is shared out among the rest, in the proportions that they had.",
)

# %% [markdown]
# Check the row by hand: $e^{2.1} = 8.2$, $e^{3.5} = 33.1$ and $e^{1.8} = 6.0$ add up to 47.3, and $33.1 / 47.3$
# is 0.70. The other two choices: 0.07, 0.28, 0.05 are the weights as they were, which add up to 0.40
# only, and 0.28, 0.47, 0.24 are shares of the scores without exponentials.
#
# Now the four tokens. First their scores, lesson 03's:

# %%
X, W_Q, W_K, W_V = embeddings(), query_weights(), key_weights(), value_weights()
scores = scaled_scores(project(X, W_Q), project(X, W_K))  # (4, 4)
print(scores)

# %% [markdown]
# A frequent slip is to set hidden scores to 0, so that they "count nothing". In the first row only *The* may be
# read, and the score of *The* happens to be 0, too. How much weight of the first row goes to later tokens?

# %% prediction="zero_instead"
predict("zero_instead", 0.75, between=(0.0, 1.0))

# %%
hidden_as_zero = torch.softmax(scores * causal_mask(4), dim=-1)  # False counts as 0, True as 1
reveal("zero_instead", hidden_as_zero[0, 1:].sum().item())
show_heatmaps(
    {"hidden scores 0": hidden_as_zero, "hidden scores −∞": masked_attention_weights(scores, causal_mask(4))},
    TOKENS,
    TOKENS,
    title="Two ways to hide a score",
    caption="A score of 0 is a score like any other, e⁰ = 1: on the left three quarters of the first row leak.",
)

# %% [markdown]
# A masked score is not 0. A masked score is −∞, which leaves a *weight* of 0.
#
# Now paint masks yourself, on the same four tokens. A click on a cell hides its score or shows it.
#
# - Hide the diagonal, too: why does the first row have no numbers left?
# - Hide one column in every row. Who can then not be read by anybody?
# - Hide one row but for one cell. What is the weight there, whatever the score?

# %%
show_mask_painter()

# %% [markdown]
# ## 3 · A mask that is added
#
# Papers and much code write the mask into the formula as one more term:
#
# $$\text{softmax}\!\left(\frac{QK^\top}{\sqrt{d_k}} + M\right)$$
#
# with $M$ of shape (n, n): 0 where a token may be read, and $-\infty$ where not. Both forms hide the same tokens,
# but code that wants one form goes wrong with the other. Turn your mask of True and False into numbers.

# %% exercise="additive_mask" points=1 minutes=4 difficulty=1
def additive_mask(mask: Tensor) -> Tensor:
    """The mask as numbers to be added to scores.

    mask: dtype bool, (n, m), True where row i may read column j
    → dtype float32, (n, m): 0 where it may, minus infinity where it may not
    """
    # TODO: return 0 where mask is True and minus infinity where it is False.
    ### BEGIN SOLUTION
    return torch.zeros(mask.shape).masked_fill(~mask, -torch.inf)
    ### END SOLUTION

# %% [markdown]
# <details><summary>Help, I'm getting <code>RuntimeError: Subtraction, the `-` operator, with a bool tensor is not supported.</code></summary>
#
# `1 - mask` needs numbers. Write `~mask` to turn True and False around.
#
# </details>

# %%
added = torch.softmax(scores + additive_mask(causal_mask(4)), dim=-1)
filled = masked_attention_weights(scores, causal_mask(4))
print("largest difference between the two forms:", (added - filled).abs().max().item())
show_heatmap(
    scores + additive_mask(causal_mask(4)),
    TOKENS,
    kind="scores",
    title="Scaled scores plus the mask",
    caption="Scores of the past are as they were; those of the future are −∞, whatever they had been.",
)

# %% [markdown]
# Now hand over the wrong form. An additive mask given to code that wants True and False is converted without an
# error: 0 counts as False, and $-\infty$ as True.

# %%
confused = masked_attention_weights(scores, additive_mask(causal_mask(4)).bool())
show_heatmap(
    confused,
    TOKENS,
    title="An additive mask, taken for True and False",
    caption="No error and the right shape, yet every token reads its future alone, and *here*, which has none, gets NaN.",
)

# %% [markdown]
# So a mask needs a docstring that says three things: its **dtype**, its **polarity** (does True mean *may
# read* or *hidden*?) and its **shape**. Libraries differ. In PyTorch, `scaled_dot_product_attention` takes
# True for *may read*, as we do; `nn.MultiheadAttention` takes True for *hidden*.
#
# ## 4 · Causal attention
#
# Put the pieces together, for many heads of many sentences at once. Each head of each sentence has a matrix of
# scores of its own, in the last two dimensions. `k.transpose(-2, -1)` swaps the last two dimensions, whatever
# stands in front of them:
#
# $$\text{softmax}\!\left(\frac{QK^\top}{\sqrt{d_k}} + M\right) V$$

# %% exercise="causal_attention" points=2 minutes=7 difficulty=2
def causal_attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """What each token gathers from itself and the tokens before it.

    q, k: (..., n, d_k), v: (..., n, d_v) → (..., n, d_v)
    """
    # TODO: scale the scores, mask them causally, and average the values with the weights.
    ### BEGIN SOLUTION
    scores = q @ k.transpose(-2, -1) / math.sqrt(k.shape[-1])  # (..., n, n)
    weights = masked_attention_weights(scores, causal_mask(k.shape[-2]))
    return weights @ v
    ### END SOLUTION

# %% [markdown]
# <details><summary>Help, I'm getting <code>RuntimeError: The size of tensor a (2) must match the size of tensor b (5) at non-singleton dimension 3</code></summary>
#
# A mask of 2 × 2 meets scores of 5 × 5: `len(q)` counts what stands in front, two sentences here. The
# tokens are `q.shape[-2]`.
#
# </details>
#
# <details><summary>Help, I'm getting <code>RuntimeError: The size of tensor a (3) must match the size of tensor b (5) at non-singleton dimension 1</code></summary>
#
# `k.T` turns all dimensions round, sentences and heads included. Only the last two should change places:
# `k.transpose(-2, -1)`.
#
# </details>

# %%
show_attention_steps(
    X,
    W_Q,
    W_K,
    W_V,
    TOKENS,
    causal=True,
    title="The four tokens, with the mask",
    caption="One step more than in lesson 04, between the scaled scores and the weights.",
)

# %%
output = causal_attention(project(X, W_Q), project(X, W_K), project(X, W_V))  # (4, 3)
show_heatmaps(
    {"lesson 04, no mask": single_head_attention(X, W_Q, W_K, W_V), "yours, causal": output},
    TOKENS,
    ["0", "1", "2"],
    kind="scores",
    row_label="token",
    column_label="number of the output",
    value_label="value",
    title="What each token gathers",
    caption="With the mask *The* gathers its own value alone; only *here* gathers what it did before.",
)

# %% [markdown]
# *here* is the last token. It has no future, and so the mask took nothing from it.
#
# Now train the model again: the same start, the same text, the same steps. Only the attention is yours.

# %%
causal_model, causal_losses = train(causal_attention, "with your mask")

# %%
show_curves(
    {"without a mask": open_losses, "with your mask": causal_losses},
    xlabel="step",
    ylabel="loss",
    title="Two trainings that differ in the mask alone",
    caption="Judged by the loss in training, the model that cheats looks far better.",
)

# %%
causal_share = samples(causal_model, causal_attention)
print(f"runs of three tokens also in the text: {causal_share:.0%}, without a mask {share:.0%}")

# %%
causal_whole = loss_by_place(causal_model, causal_attention, held_out, cut=False)
causal_cut = loss_by_place(causal_model, causal_attention, held_out, cut=True)
show_curves(
    {
        "no mask, as in training": open_whole,
        "no mask, in use": open_cut,
        "masked, as in training": causal_whole,
        "masked, in use": causal_cut,
    },
    xlabel="place in the piece",
    ylabel="loss",
    title="What the loss in training is worth",
    caption="With the mask both curves are one: what is measured in training is what one gets in use.",
)

# %% [markdown]
# The loss of about 1 is honest: which animal comes next cannot be known, only how likely each one is. A
# training loss that looks too good is a reason to look for a leak.
#
# ## One pass, sixteen tasks
#
# A model writes token by token: it reads, draws one token, and reads again. Such a model is called
# **autoregressive**. Does the model train token by token, too? One piece of 16 tokens holds 16 tasks. How often is
# the model called to learn from one piece?

# %% prediction="passes"
predict("passes", 1, choices=[1, 16])

# %%
read, following = windows(held_out, 1, seed=3)  # (1, 16) each
calls = []
counting = causal_model.register_forward_hook(lambda module, inputs, logits: calls.append(logits))
with with_attention(causal_model, causal_attention):
    one_pass = causal_model(read)  # (1, 16, 402): one row of logits for each task
    loss = cross_entropy(one_pass.flatten(0, 1), following.flatten())
counting.remove()
reveal("passes", len(calls))

# %% [markdown]
# That call returned 16 rows of **logits**, the scores whose softmax gives the probabilities. Now the same
# rows the slow way: cut the piece after 1, 2, 3 … tokens, call the model each time, and keep the last row.

# %%
@torch.no_grad()
def gap(model: GPT, attend: Callable) -> float:
    """The largest difference between the logits of one pass and those of 16 passes."""
    with with_attention(model, attend):
        return (model(read) - piecewise_logits(model, read)).abs().max().item()


print(f"tokens read in one pass: {CONTEXT}, in 16 passes: {sum(range(1, CONTEXT + 1))}")
print("largest difference between their logits, with the mask:", gap(causal_model, causal_attention))
print("and without it:                                        ", gap(open_model, open_attention))

# %% [markdown]
# Training does not run token by token. One pass does all tasks of a piece at once, and the mask is what
# makes that legitimate: up to rounding, row i comes out as if the text ended there.
#
# ## Is the mask a trick for training only?
#
# **Dropout** is such a trick. In training, dropout sets some numbers, picked at random, to 0 and enlarges the
# others, so that the model relies on none of them. In use, dropout is switched off.

# %%
torch.manual_seed(0)
dropout = torch.nn.Dropout(p=0.5)
for mode in ("training", "training", "use", "use"):
    dropout.train(mode == "training")
    print(f"{mode:8}", [round(number, 2) for number in dropout(masked_row).tolist()])

# %% [markdown]
# Two calls in training differ; in use the weights of *sat* pass unchanged. Can the mask be switched off like
# that? Take the mask from the causal model, on text that the model was not trained on. Now the future is in sight.
# Does the loss fall, stay or rise?

# %% prediction="mask_off"
predict("mask_off", "rises", choices=["falls", "stays", "rises"])

# %%
mask_on = causal_whole.mean().item()
mask_off = loss_by_place(causal_model, open_attention, held_out, cut=False).mean().item()
change = "stays" if abs(mask_off - mask_on) < 0.05 else "rises" if mask_off > mask_on else "falls"
reveal("mask_off", change)
print(f"loss with the mask {mask_on:.2f}, without it {mask_off:.2f}")

# %% [markdown]
# The answers are in sight, and the loss rises: in training, no token of this model ever gathered anything from its
# future. The mask is part of the model. From the newest token the mask hides nothing, in training as in use:

# %%
print("last row of the mask:", causal_mask(6)[-1].tolist())

# %% [markdown]
# While a model writes, the newest token has no future. The mask does not invent a rule for training; it
# makes training obey the rule that holds in use.
#
# ## 5 · A leak detector
#
# A wrong mask raises no error, and the model without a mask had the lower loss. So test your mask. **Change the
# future, watch the past**: change only tokens after t. If the outputs of tokens 0 to t move, something leaks.

# %% exercise="future_leak" points=1 minutes=6 difficulty=2
def future_leak(function: Callable, x: Tensor, t: int) -> Tensor:
    """How far the outputs of tokens 0 … t move when 1 is added to every number of all later tokens.

    function: (n, d) → (n, d_out); x: (n, d), left as it is; t: a token with others after it
    → a tensor with one number, the largest absolute change, 0 if the past is blind to the future
    """
    # TODO: change a copy of x after token t, and return how far the outputs up to t moved.
    ### BEGIN SOLUTION
    changed = x.clone()
    changed[t + 1 :] += 1
    moved = function(changed) - function(x)  # (n, d_out)
    return moved[: t + 1].abs().max()
    ### END SOLUTION

# %% [markdown]
# <details><summary>Help, I'm getting <code>RuntimeError: max(): Expected reduction dim to be specified for input.numel() == 0.</code></summary>
#
# For t = 0 the slice `[:t]` is empty, and an empty tensor has no largest number. Token t itself belongs to
# what is watched: `[: t + 1]`.
#
# </details>
#
# <details><summary>Help, I'm getting <code>RuntimeError: Boolean value of Tensor with more than one value is ambiguous</code></summary>
#
# Python's own `max(moved)` compares whole rows with each other. The largest of all entries is `moved.max()`.
#
# </details>

# %%
def head_with(mask: Tensor) -> Callable[[Tensor], Tensor]:
    """The head of the four tokens under a mask: (4, 3) → (4, 3)."""

    def head(x: Tensor) -> Tensor:
        scores = scaled_scores(project(x, W_Q), project(x, W_K))
        return masked_attention_weights(scores, mask) @ project(x, W_V)

    return head


heads = {
    "unmasked": lambda x: single_head_attention(x, W_Q, W_K, W_V),
    "off-by-one": head_with(causal_mask(5)[1:, :-1]),  # each row is the next one's
    "causal": head_with(causal_mask(4)),
}
show_heatmap(
    [[future_leak(head, X, t).item() for t in range(3)] for head in heads.values()],
    list(heads),
    TOKENS[:3],
    kind="scores",
    row_label="head",
    column_label="outputs watched up to",
    value_label="largest change",
    title="Change the future, watch the past",
    caption="Under the causal mask nothing moves. With one diagonal too many, every token leaks.",
)

# %% [markdown]
# That no leak was found does not make a head good. Here is a head whose mask is perfect, and which is useless
# all the same:

# %%
def plain_average(x: Tensor) -> Tensor:
    """Every token of the past counts alike: (n, d) → (n, d)."""
    return masked_attention_weights(torch.zeros(len(x), len(x)), causal_mask(len(x))) @ x


print("leak of the plain average:", future_leak(plain_average, X, 1).item())

# %% [markdown]
# No leak, and weights that do not depend on what the tokens are. A head needs two tests: the past must not move
# with the future, and the outputs must be right.
#
# Now point the detector at the two trained models. `from_embeddings` makes a function of all their layers. One of
# the two reads the future, as its loss and its heatmap have shown. What does the detector report for that one?

# %% prediction="detector_on_the_cheat"
predict("detector_on_the_cheat", "nothing moves", choices=["the past moves", "nothing moves"])

# %%
ids = torch.tensor(words.encode(LINE))  # (11,)
found = {}
for name, model, attend in (("no mask", open_model, open_attention), ("your mask", causal_model, causal_attention)):
    embedded = (model.tok_emb(ids) + model.pos_emb(torch.arange(len(ids)))).detach()  # (11, 64)
    found[name] = future_leak(from_embeddings(model, attend), embedded, 5).item()
    print(f"{name + ':':10} the largest change up to token 5 is {found[name]:.6f}")
reveal("detector_on_the_cheat", "nothing moves" if found["no mask"] < 1e-4 else "the past moves")

# %% [markdown]
# The model that cheats passes the test. The reason stands at the entrance of every layer: a **layer norm**
# (lesson 15) subtracts from the numbers of each token their mean, and divides by their spread. Adding 1 to every
# number of a token moves the mean by 1 too, and the heads read the same as before. **A test finds only what its
# change can reach.**
#
# ## 6 · Who reads whom
#
# So design a change that gets through, and ask for more than a yes or no: change one token at a time, and note
# which outputs move. The result is a table like the mask, measured from outside, with no look at the code.

# %% exercise="who_reads_whom" points=2 minutes=15 difficulty=3
def who_reads_whom(function: Callable, x: Tensor) -> Tensor:
    """Which outputs move when one token is changed.

    function takes a tensor like x and returns n rows, any number of columns. It may subtract the
    mean of a token's numbers and divide by their spread first, or read one of the numbers alone:
    what it reads is to be found all the same. Moves of up to 1e-5 are rounding.

    x: (n, d), d at least 3, left as it is; a token may be all zeros
    → (n, n), dtype bool; True at (i, j) where output i moves when token j is changed
    """
    # TODO: change each token in turn, in a way that no such function can miss, and note what moves.
    ### BEGIN SOLUTION
    before = function(x)
    reads = torch.zeros(len(x), len(x), dtype=torch.bool)
    for j in range(len(x)):
        changed = x.clone()
        changed[j] += torch.randn(x.shape[1])
        moved = (function(changed) - before).abs()  # (n, d_out)
        reads[:, j] = (moved > 1e-5).any(dim=-1)
    return reads
    ### END SOLUTION

# %%
show_heatmaps(
    {name: who_reads_whom(head, X).float() for name, head in heads.items()},
    TOKENS,
    TOKENS,
    row_label="output",
    column_label="token changed",
    title="Three masks, seen from outside",
    caption="1 is True: the output of the row's token moves with the column's token.",
    value_label="moves",
)

# %%
show_heatmaps(
    {
        "no mask": who_reads_whom(from_embeddings(open_model, open_attention), embedded).float(),
        "your mask": who_reads_whom(from_embeddings(causal_model, causal_attention), embedded).float(),
    },
    LINE.split(),
    row_label="output",
    column_label="token changed",
    title="Two trained models, seen from outside",
    caption="Without the mask every output moves with every token. With the mask, with itself and the past.",
    value_label="moves",
)

# %% [markdown]
# ## What you have built
#
# Attention is communication along a **directed graph**: tokens are its nodes, and an arrow runs to i from every
# j that i may read. The mask draws the arrows.
#
# - All arrows, both ways: an **encoder**, which reads a finished text, as BERT does.
# - Arrows from earlier to later tokens only: a **decoder**, which can write, as GPT does.
# - Arrows from another sequence, as in lesson 04's cross-attention: how the first transformer's decoder read
#   what its encoder had made of the sentence to be translated.
#
# Between the sentences of a batch no arrow runs, with a mask or without. Change one of two:

# %%
torch.manual_seed(0)
q, k, v = torch.randn(3, 2, 5, 4)  # two sentences of five tokens, width 4
other = torch.cat([torch.randn(1, 5, 4), torch.zeros(1, 5, 4)])  # changes the first sentence alone
moved = (causal_attention(q + other, k + other, v + other) - causal_attention(q, k, v)).abs().amax(dim=(1, 2))
print("largest change in the two sentences:", [round(change, 4) for change in moved.tolist()])

# %% [markdown]
# ## 7 · Padding
#
# Sentences of different lengths are filled up with **padding** to go through a model together. Padding is
# no part of a sentence, so it must not be read, either. Here lesson 04's head reads the four tokens, and
# the same four with padding behind them:

# %%
PAD = torch.tensor([1.0, 1.0, 1.0])  # the embedding of padding


def padded(x: Tensor, n: int) -> Tensor:
    """x with padding up to n tokens: (n, 3)."""
    return torch.cat([x, PAD.expand(n - len(x), 3)])


for n in (4, 6, 8):
    here = single_head_attention(padded(X, n), W_Q, W_K, W_V)[3]
    print(f"filled up to {n}: what 'here' gathers is", [round(number, 2) for number in here.tolist()])

# %% [markdown]
# The sentence has not changed, yet what *here* gathers has changed. A padding mask prevents this. The mask has one
# row for each of B sentences: True for the tokens of the sentence, False for the padding. Every query of a sentence
# uses the same row, so the dimension of queries has size 1 and is broadcast against scores (B, n, n).
#
# For sentences of 2 and 3 tokens, filled up to 4: [[T, T, F, F]] and [[T, T, T, F]], T for True, F for False.

# %% exercise="padding_mask" points=1 minutes=5 difficulty=2
def padding_mask(lengths: Tensor, n: int) -> Tensor:
    """Which tokens of each sentence are real, so that they may be read.

    lengths: (B,), whole numbers from 1 to n; n: tokens with the padding, which stands at the end
    → (B, 1, n), dtype bool; True at (b, 0, j) where token j of sentence b is real
    """
    # TODO: compare every place with every length, and put a dimension of size 1 in the middle.
    ### BEGIN SOLUTION
    real = torch.arange(n) < lengths[:, None]  # (B, n)
    return real[:, None, :]  # (B, 1, n)
    ### END SOLUTION

# %% [markdown]
# <details><summary>Help, I'm getting <code>RuntimeError: The size of tensor a (3) must match the size of tensor b (2) at non-singleton dimension 0</code></summary>
#
# 3 places and 2 lengths, (n,) and (B,), cannot be compared entry by entry. Make the lengths a column, (B, 1):
# `lengths[:, None]`.
#
# </details>

# %%
batch = torch.stack([padded(X, 6), padded(X[:2], 6)])  # (2, 6, 3): "The cat sat here" and "The cat"
batch_scores = attention.scaled_scores(batch @ W_Q, batch @ W_K)  # (2, 6, 6)
real_only = masked_attention_weights(batch_scores, padding_mask(torch.tensor([4, 2]), 6))
show_heatmaps(
    {"four tokens": real_only[0], "two tokens": real_only[1]},
    {"four tokens": [*TOKENS, "pad", "pad"], "two tokens": [*TOKENS[:2], "pad", "pad", "pad", "pad"]},
    title="Two sentences in one batch, padding hidden",
    caption="No column of padding gets weight. On the right, *cat* happens to score 1.15 above *The* in every row.",
)

# %%
for n in (4, 6, 8):
    x = padded(X, n)
    row_scores = scaled_scores(project(x, W_Q), project(x, W_K))
    weights = masked_attention_weights(row_scores, padding_mask(torch.tensor([4]), n))  # (1, n, n)
    here = (weights @ project(x, W_V))[0, 3]
    print(f"filled up to {n}: what 'here' gathers is", [round(number, 2) for number in here.tolist()])

# %% [markdown]
# Now the amount of padding makes no difference. (The rows of padding are computed too, and not used.) Two masks are
# combined by `&`: a token may be read if both masks say so. With padding *at the end*, though, the causal mask alone
# already hides the padding from the real tokens:

# %%
both = causal_mask(6) & padding_mask(torch.tensor([4]), 6)[0]  # (6, 6)
print("rows of the real tokens, causal and both, are alike:", torch.equal(both[:4], causal_mask(6)[:4]))

# %% [markdown]
# With padding in front, the causal mask alone is not enough; a later lesson meets that case.
# And whatever the mask, padding must not count in the loss.
#
# ## Half the work, not done
#
# Your function computes all n² scores and throws nearly half of them away. A **fused kernel**, such as PyTorch's
# `scaled_dot_product_attention`, does all the steps in one compiled function. The kernel goes through the matrix
# in blocks, and can leave out blocks that lie wholly in the future. Measure the times here:

# %%
torch.manual_seed(0)
q, k, v = torch.randn(3, 1, 1, 2048, 64)  # one sentence, one head, 2048 tokens each
no_mask = milliseconds(lambda: scaled_dot_product_attention(q, k, v))
skipping = milliseconds(lambda: scaled_dot_product_attention(q, k, v, is_causal=True))
own = milliseconds(lambda: causal_attention(q, k, v))
fused = scaled_dot_product_attention(q, k, v, is_causal=True)
difference = (causal_attention(q, k, v) - fused).abs().max().item()
print("largest difference between yours and fused:", difference)
show_bars(
    {"fused": [no_mask, skipping, 0], "yours": [0, 0, own]},
    ["unmasked", "causal", "causal"],
    xlabel="attention over 2048 tokens",
    ylabel="milliseconds",
    title="What the mask costs, and what it saves",
    caption="The shortest of 5 runs on this machine; other programs on it can blur the picture.",
)

# %% [markdown]
# Where the kernel leaves blocks out, nearly half of them, the causal bar stands well below the unmasked bar. How
# the times compare depends on the processor, the length and the version of PyTorch. The result is the same as
# yours, up to rounding.
#
# Where we are, with the shapes of the four tokens:

# %%
print(f"Q {tuple(project(X, W_Q).shape)}, K {tuple(project(X, W_K).shape)}  →  scaled scores {tuple(scores.shape)}")
print(f"   →  plus the mask {tuple(additive_mask(causal_mask(4)).shape)}  →  weights {tuple(filled.shape)}")
print(f"   →  times V {tuple(project(X, W_V).shape)}: output {tuple(output.shape)}")

# %% [markdown]
# ## What you have now
#
# - Without a mask a model learns to copy the next token, and cannot write.
# - −∞ before softmax takes a token out; the rest of the row still adds up to 1.
# - A mask is True and False, or 0 and −∞; its docstring says dtype, polarity and shape.
# - The mask lets one pass train all places at once, and it stays on in use.
# - Change the future and watch the past: a leak shows, if the change gets through.
#
# Not covered: the model around the attention, and how the loss is lowered (15).
#
# Each layer of these models had four heads. Why four, when one softmax can weigh all tokens? Lesson 06
# answers.

# %% tags=["authoring"]
# From here on: how each exercise is judged. Of this, students see the hints alone.
from spotlight.authoring import alternative, alternatives, case, entry, forbid, hint
from spotlight.authoring import mistake, mistakes, probe, why, without_loops
from spotlight.sandbox.kit import formatted, gradients, randint, randn, uniform, whole_numbers

forbid("model_utils", because="the course keeps its own version there, and yours is asked for.")

# %% judges="causal_mask"
case("three_tokens", "Three tokens.", lambda causal_mask: causal_mask(3))
case("some_tokens", "Five to nine tokens.", lambda causal_mask: causal_mask(int(randint(5, 10, ()))))
case("one_token", "A single token, which may read itself.", lambda causal_mask: causal_mask(1))
case("many_tokens", "A hundred and fifty tokens or more.", lambda causal_mask: causal_mask(int(randint(150, 201, ()))))


@entry
def causal_mask__entry(i, j, n):
    order = "comes after it" if j > i else "is itself" if j == i else "comes before it"
    return f"of {n} tokens, token {i} {'may' if j <= i else 'may not'} read token {j}, which {order}"


mistakes("""
past-hidden: .tril() → .triu()
    You hide the past and show the future: it is the lower triangle that may be read.
diagonal-hidden: .tril() → .tril(diagonal=-1)
    You hide each token from itself too. The first row then has nothing left, and its softmax will be NaN: keep the diagonal.
one-token-ahead: .tril() → .tril(diagonal=1)
    Each token may still read one token to its right, and that one is the answer: stop at the diagonal.
true-where-hidden: .tril() → .triu(diagonal=1)
    Your mask is True where a token must not be read; here True says that it may.
ones-and-zeros: torch.ones(n, n, dtype=torch.bool) → torch.ones(n, n)
    The triangle is right, but it holds 1 and 0; the docstring asks for True and False.
nothing-hidden: .tril() →
    Every token may read every token: nothing is hidden.
only-itself: torch.ones(n, n, dtype=torch.bool).tril() → torch.eye(n, dtype=torch.bool)
    Each token may read itself alone; it may read the tokens before it, too.
minus-infinity-already: torch.ones(n, n, dtype=torch.bool).tril() → torch.full((n, n), -torch.inf).triu(diagonal=1)
    That is what can be added to scores, which comes later; here True and False say who may read whom.
""")
alternatives("""
inverted: torch.ones(n, n, dtype=torch.bool).tril() → ~torch.ones(n, n, dtype=torch.bool).triu(1)
converted: torch.ones(n, n, dtype=torch.bool).tril() → torch.tril(torch.ones(n, n)).bool()
counted: torch.ones(n, n, dtype=torch.bool).tril() → torch.arange(n)[:, None] >= torch.arange(n)
""")


@alternative
def causal_mask__loop(n):
    mask = torch.zeros(n, n, dtype=torch.bool)
    for i in range(n):
        mask[i, : i + 1] = True
    return mask


forbid("model_utils", "attention", "Transformer", "generate_square_subsequent_mask", because="the triangle is what you are building.")
hint("Which entries of row 0 are True? Which of row 1? What shape do the True entries make?")
hint("`tril` of a matrix keeps the diagonal and what is below, and sets the rest to 0 or False; `triu` keeps the diagonal and what is above. Which part, and of which matrix?")
hint("```python\nreturn <n by n matrix of True>.<what keeps the diagonal and below>\n```")
why("`tril` keeps the lower triangle, diagonal included, so the rule j ≤ i needs no loop and no comparison. Starting from True instead of 1 gives the mask the kind that the next step needs.")

# %% judges="masked_attention_weights"
def _readable(n, m):
    """A mask that is no triangle: at least one token of each row may be read, at least one not."""
    mask = torch.zeros(n, m, dtype=torch.bool)
    for i in range(n):
        mask[i, [(2 * i + 1) % m, (i + 2) % m]] = True
    return mask


case("by_hand", "Two rows of three scores, the last hidden from the first row; whole numbers.", lambda masked_attention_weights: masked_attention_weights(whole_numbers(2, 3), torch.tensor([[True, True, False], [True, True, True]])))
case("three_by_five", "Three rows of five scores, two of each may be read.", lambda masked_attention_weights: masked_attention_weights(2 * randn(3, 5), _readable(3, 5)))
case("causal", "Four tokens, each reading itself and the past.", lambda masked_attention_weights: masked_attention_weights(randn(4, 4), torch.ones(4, 4, dtype=torch.bool).tril()))
case("all_visible", "Three rows of four scores, nothing hidden.", lambda masked_attention_weights: masked_attention_weights(randn(3, 4), torch.ones(3, 4, dtype=torch.bool)))
case("batch", "Three score matrices of four rows and six columns under one mask.", lambda masked_attention_weights: masked_attention_weights(randn(3, 4, 6), _readable(4, 6)))
case("a_mask_for_each_matrix", "Three score matrices of four rows and six columns, and a mask (3, 1, 6): a row of its own for each.", lambda masked_attention_weights: masked_attention_weights(randn(3, 4, 6), _readable(3, 6)[:, None, :]))
case("far_apart", "Three rows of five scores; what may be read scores 100 less than what may not.", lambda masked_attention_weights: masked_attention_weights(randn(3, 5) - 100.0 * _readable(3, 5), _readable(3, 5)))
case("one_alone", "Three rows of five scores; each may read one token alone, which scores 30 000 less than the others.", lambda masked_attention_weights: masked_attention_weights(randn(3, 5) - 30_000.0 * torch.eye(3, 5), torch.eye(3, 5) > 0))
case("what_flows_back", "The gradient that flows back to three rows of four scores.", lambda masked_attention_weights: gradients(lambda scores: masked_attention_weights(scores, _readable(3, 4)), scores=randn(3, 4)))


@entry
def masked_attention_weights__entry(i, j, scores, mask):
    if not mask[i, j]:
        return f"row {i} may not read column {j}: its score becomes −∞, and e^(−∞) = 0"
    seen = scores[i][mask[i]]
    raised = (seen - seen.max()).exp()
    own = (scores[i, j] - seen.max()).exp()
    return (
        f"row {i} may read the scores {formatted(seen)}; less their largest, their exponentials are {formatted(raised)}, "
        f"and the one of column {j} divided by their sum is {formatted(own)} / {formatted(raised.sum())} = {formatted(own / raised.sum())}"
    )


mistakes("""
mask-after-softmax: torch.softmax(scores.masked_fill(~mask, -torch.inf), dim=-1) → torch.softmax(scores, dim=-1).masked_fill(~mask, 0.0)
    You mask the weights after softmax, so the rows no longer add up to 1: mask the scores before it.
zero-for-minus-infinity: -torch.inf → 0.0
    Hidden scores become 0, but a score of 0 still gets weight, since e⁰ = 1: they must become −∞.
true-taken-for-hidden: ~mask → mask
    You hide what may be read: mask is True where it may, so −∞ belongs where it is False, ~mask.
plus-infinity: -torch.inf → torch.inf
    The sign is wrong: +∞ puts all weight on what should be hidden, and ∞ divided by ∞ is NaN.
finite-score: -torch.inf → -100.0
    −100 is far below most scores but not below all: when the visible ones are lower still, the hidden ones win. Take −∞.
just-below-the-lowest: scores.masked_fill(~mask, -torch.inf) → torch.where(mask, scores, scores.min() - 1)
    A hidden score just below the lowest still gets weight: softmax leaves nothing only at −∞.
renormalised-after: torch.softmax(scores.masked_fill(~mask, -torch.inf), dim=-1) → (weights := torch.softmax(scores, dim=-1) * mask) / weights.sum(dim=-1, keepdim=True)
    Right for gentle scores. Where the visible ones are far below the hidden ones, what you divide rounds to 0, and 0 / 0 is NaN: mask the scores, then take torch.softmax.
minus-infinity-after-softmax: torch.softmax(scores.masked_fill(~mask, -torch.inf), dim=-1) → torch.softmax(scores, dim=-1).masked_fill(~mask, -torch.inf)
    −∞ stands among the weights: it belongs among the scores, so that softmax can turn it into a weight of 0.
added-as-ones: scores.masked_fill(~mask, -torch.inf) → scores + mask
    You add True and False, which count as 1 and 0: that favours the visible scores a little and hides none. Hidden scores must become −∞.
zero-times-infinity: scores.masked_fill(~mask, -torch.inf) → scores - ~mask * torch.inf
    Where nothing is to be hidden you compute 0 · ∞, which is NaN: fill −∞ in instead of multiplying by it.
mask-ignored: scores.masked_fill(~mask, -torch.inf) → scores
    The mask makes no difference: hidden tokens still get weight.
softmax-over-columns: dim=-1 → dim=-2
    Your columns add up to 1; a row belongs to a query, so it is each row (dim=-1) that should.
softmax-over-dim-0: dim=-1 → dim=0
    Take dim=-1, since a row belongs to a query: the first dimension, dim=0, runs down the columns or across the batch.
dim-1: dim=-1 → dim=1
    Take dim=-1: it always runs along the rows, dim=1 only while no batch stands in front.
mask-along-the-other-axis: ~mask → ~mask.T
    You use the transpose of the mask: its rows belong to the rows of the scores as they are.
softmax-forgotten: torch.softmax(scores.masked_fill(~mask, -torch.inf), dim=-1) → scores.masked_fill(~mask, -torch.inf)
    These are the masked scores; softmax over each row turns them into weights.
uniform-over-the-visible: scores.masked_fill(~mask, -torch.inf) → torch.zeros_like(scores).masked_fill(~mask, -torch.inf)
    Every visible token gets the same weight, whatever its score: the scores must go into softmax.
softmax-twice: torch.softmax(scores.masked_fill(~mask, -torch.inf), dim=-1) → torch.softmax(torch.softmax(scores.masked_fill(~mask, -torch.inf), dim=-1), dim=-1)
    Softmax is applied twice: the second one gives the hidden tokens weight again.
""")


@mistake(
    "assigned-in-place",
    "You write −∞ into the caller's own scores, and the index [~mask] fits only while mask and scores have one shape: masked_fill returns a copy, and broadcasts the mask.",
)
def masked_attention_weights__assigned(scores, mask):
    scores[~mask] = -torch.inf
    return torch.softmax(scores, dim=-1)


@mistake(
    "indexed-by-the-mask",
    "The index [~mask] fits only while mask and scores have one shape; a mask for a whole batch has fewer dimensions. masked_fill broadcasts it.",
)
def masked_attention_weights__indexed(scores, mask):
    hidden = scores.clone()
    hidden[~mask] = -torch.inf
    return torch.softmax(hidden, dim=-1)


alternatives("""
where: scores.masked_fill(~mask, -torch.inf) → torch.where(mask, scores, -torch.inf)
very-low: -torch.inf → torch.finfo(scores.dtype).min
added: scores.masked_fill(~mask, -torch.inf) → scores + torch.where(mask, 0.0, -torch.inf)
""")


@alternative
def masked_attention_weights__from_scratch(scores, mask):
    highest = scores.masked_fill(~mask, -torch.inf).amax(dim=-1, keepdim=True)
    raised = torch.where(mask, (scores - highest).clamp(max=0.0).exp(), 0.0)
    return raised / raised.sum(dim=-1, keepdim=True)


forbid("model_utils", "attention", "scaled_dot_product_attention", "MultiheadAttention", because="the line that they hide is the one you are writing.")
hint("Two things happen to the scores. Which of them must come first, so that the rows add up to 1?")
hint("`masked_fill` fills where its first argument is True. Your mask is True where a token *may* be read. What goes in?")
hint("```python\nreturn torch.softmax(scores.masked_fill(<where hidden>, <minus infinity>), dim=<along each row>)\n```")
why("−∞ before softmax takes a token out of the numerator and out of the sum at once, so what is left adds up to 1 with no second division. `masked_fill` copies, so the caller's scores stay as they were.")

# %% judges="additive_mask"
def _two_of_each_row(n, m):
    mask = torch.zeros(n, m, dtype=torch.bool)
    for i in range(n):
        mask[i, [(2 * i + 1) % m, (i + 2) % m]] = True
    return mask


@probe
def by_hand(additive_mask):
    "Softmax of two rows of three scores plus the mask; the last is hidden from the first row."
    mask = torch.tensor([[True, True, False], [True, True, True]])
    return torch.softmax(whole_numbers(2, 3) + additive_mask(mask), dim=-1)


case("three_by_five", "Softmax of three rows of five scores plus the mask; two of each row may be read.", lambda additive_mask: torch.softmax(randn(3, 5) + additive_mask(_two_of_each_row(3, 5)), dim=-1))
case("causal", "Softmax of four rows of four scores plus a causal mask.", lambda additive_mask: torch.softmax(randn(4, 4) + additive_mask(torch.ones(4, 4, dtype=torch.bool).tril()), dim=-1))


@probe
def far_apart(additive_mask):
    "Softmax of three rows of five scores plus the mask; what may be read scores 900 less than what may not."
    scores = randn(3, 5) - 900.0 * _two_of_each_row(3, 5)
    return torch.softmax(scores + additive_mask(_two_of_each_row(3, 5)), dim=-1)


case("nothing_hidden", "Softmax of three rows of four scores plus a mask that hides nothing.", lambda additive_mask: torch.softmax(randn(3, 4) + additive_mask(torch.ones(3, 4, dtype=torch.bool)), dim=-1))


case("itself", "The mask itself, three rows of five, two of each row may be read.", lambda additive_mask: torch.zeros(3, 5) + additive_mask(_two_of_each_row(3, 5)))


@probe
def what_may_be_read(additive_mask):
    "The mask itself where a token may be read, three rows of five; elsewhere it is left out."
    mask = _two_of_each_row(3, 5)
    return (torch.zeros(3, 5) + additive_mask(mask)).masked_fill(~mask, 0.0)


entry(lambda i, j, mask: f"`mask[{i}, {j}]` is {bool(mask[i, j])}, so {'0' if mask[i, j] else '−∞'} is added to that score")
mistakes("""
wrong-sign: -torch.inf → torch.inf
    The sign is wrong: adding +∞ puts all weight on what should be hidden, and ∞ divided by ∞ is NaN.
true-taken-for-hidden: ~mask → mask
    You put −∞ where a token may be read: it belongs where mask is False, ~mask.
ones-and-zeros: torch.zeros(mask.shape).masked_fill(~mask, -torch.inf) → mask.float()
    What is hidden ends up only 1 below the rest, and e⁻¹ leaves it 0.37 of its weight: add 0 and −∞, not 1 and 0.
finite-number: -torch.inf → -100.0
    −100 sinks most hidden scores, but not one that is 900 above the others: add −∞.
very-low: -torch.inf → -1e9
    −10⁹ hides what most scores hold, but it is a number: the docstring asks for −∞, which no score outweighs.
lowest-float: -torch.inf → torch.finfo(torch.float32).min
    The lowest float is a number still: the docstring asks for −∞, which no score outweighs.
mask-not-read: torch.zeros(mask.shape).masked_fill(~mask, -torch.inf) → torch.full(mask.shape, -torch.inf).triu(diagonal=1)
    You make a causal mask of the right shape, whichever mask you are given: −∞ belongs where `mask` is False.
zero-times-infinity: torch.zeros(mask.shape).masked_fill(~mask, -torch.inf) → (1.0 - mask.float()) * -torch.inf
    0 · ∞ is NaN, so multiplying by −∞ spoils the entries that should be 0: fill them in instead.
nothing-hidden: .masked_fill(~mask, -torch.inf) →
    Nothing is hidden: entries where mask is False must be −∞, and only a tensor of floats can hold that.
filled-the-mask: torch.zeros(mask.shape) → mask
    You fill −∞ into True and False, which cannot hold it: it turns into True. Start from zeros of dtype float32.
ones-where-it-may: torch.zeros(mask.shape) → mask.float()
    Where a token may be read you add 1. Softmax does not show it, but those scores should stay as they are: start from zeros.
softmaxed: torch.zeros(mask.shape).masked_fill(~mask, -torch.inf) → torch.softmax(torch.zeros(mask.shape).masked_fill(~mask, -torch.inf), dim=-1)
    These are weights, all between 0 and 1: leave softmax to whoever adds the mask, and return 0 and −∞.
filled-in-place-of-the-mask: torch.zeros(mask.shape) → torch.zeros_like(mask)
    You add 1 to what should be hidden, which favours it: add −∞. True and False cannot hold −∞, so start from zeros of dtype float32.
transposed: torch.zeros(mask.shape).masked_fill(~mask, -torch.inf) → torch.zeros(mask.T.shape).masked_fill(~mask.T, -torch.inf)
    You transpose the mask: entry (i, j) belongs to entry (i, j) of the scores.
""")
alternatives("""
where: torch.zeros(mask.shape).masked_fill(~mask, -torch.inf) → torch.where(mask, 0.0, -torch.inf)
logarithm: torch.zeros(mask.shape).masked_fill(~mask, -torch.inf) → mask.float().log()
""")


@alternative
def additive_mask__assigned(mask):
    added = torch.zeros(mask.shape)
    added[mask.logical_not()] = float("-inf")
    return added


forbid("model_utils", "attention", "Transformer", "generate_square_subsequent_mask", because="the two forms of a mask are what this exercise is about.")
hint("What can be added to a score without changing it? And what must be added so that its weight is 0?")
hint("Start from a matrix of the first of the two numbers, in the shape of the mask, and fill in the second. Where?")
hint("```python\nreturn torch.zeros(<shape>).masked_fill(<where hidden>, <minus infinity>)\n```")
why("The zeros are floats, since True and False cannot hold −∞. Filling avoids the product 0 · ∞, which is NaN.")

# %% judges="causal_attention"
case("by_hand", "Three tokens with d_k = 2 and values of width 4; whole numbers.", lambda causal_attention: causal_attention(whole_numbers(3, 2), whole_numbers(3, 2), whole_numbers(3, 4)))
case("six_tokens", "Six tokens with d_k = 4 and values of width 3.", lambda causal_attention: causal_attention(randn(6, 4), randn(6, 4), randn(6, 3)))
case("square", "Four tokens, every width 4.", lambda causal_attention: causal_attention(2 * randn(4, 4), 2 * randn(4, 4), randn(4, 4)))
case("one_token", "A single token, which can only read itself.", lambda causal_attention: causal_attention(randn(1, 3), randn(1, 3), randn(1, 2)))
case("two_sentences", "Two sentences of three heads, five tokens each, with d_k = 4 and values of width 6.", lambda causal_attention: causal_attention(randn(2, 3, 5, 4), randn(2, 3, 5, 4), randn(2, 3, 5, 6)))


@probe
def another_future(causal_attention):
    "The first three of seven tokens, before and after the other four were changed."
    q, k, v = randn(7, 4), randn(7, 4), randn(7, 5)
    later = torch.cat([torch.zeros(3), torch.ones(4)])[:, None]
    before = causal_attention(q, k, v)
    return [before[:3], causal_attention(q + later, k + 2 * later, v - later)[:3]]


@probe
def scores_far_below_zero(causal_attention):
    "Five tokens whose scores are all far below 0, d_k = 4 and values of width 3."
    k = 1.5 * (randn(5, 4) + 6)
    return causal_attention(-k, k, randn(5, 3))


case("thirty_tokens", "Thirty tokens with d_k = 8 and values of width 5.", lambda causal_attention: causal_attention(randn(30, 8), randn(30, 8), randn(30, 5)))
case("what_flows_back", "The gradients that flow back to the queries, keys and values of four tokens.", lambda causal_attention: gradients(causal_attention, q=randn(4, 3), k=randn(4, 3), v=randn(4, 2)))


@entry
def causal_attention__entry(i, j, q, k, v):
    scores = q[i] @ k[: i + 1].T / math.sqrt(k.shape[-1])
    shares, values = torch.softmax(scores, dim=-1), v[: i + 1, j]
    return (
        f"token {i} reads tokens 0 to {i}, with the scaled scores {formatted(scores)} and so the weights {formatted(shares)}; "
        f"number {j} of their values is {formatted(values)}, and the weighted sum {formatted(shares @ values)}"
    )


mistakes("""
nothing-masked: masked_attention_weights(scores, causal_mask(k.shape[-2])) → torch.softmax(scores, dim=-1)
    The future is still read: the scores go into softmax without the mask.
past-masked: causal_mask(k.shape[-2]) → causal_mask(k.shape[-2]).T
    You hand the transpose of the mask over, which hides the past and shows the future.
true-taken-for-hidden: causal_mask(k.shape[-2]) → ~causal_mask(k.shape[-2])
    You invert the mask, but masked_attention_weights wants True where a token may be read.
one-token-ahead: causal_mask(k.shape[-2]) → causal_mask(k.shape[-2] + 1)[1:, :-1]
    Each token still reads one token of the future: use the mask as it is, without moving it.
mask-after-softmax: masked_attention_weights(scores, causal_mask(k.shape[-2])) → torch.softmax(scores, dim=-1) * causal_mask(k.shape[-2])
    You mask the weights after softmax, so the rows no longer add up to 1: mask the scores.
zero-for-minus-infinity: masked_attention_weights(scores, causal_mask(k.shape[-2])) → torch.softmax(scores.tril(), dim=-1)
    Hidden scores become 0, but a score of 0 still gets weight, since e⁰ = 1: let masked_attention_weights set them to −∞.
added-as-ones: masked_attention_weights(scores, causal_mask(k.shape[-2])) → torch.softmax(scores + causal_mask(k.shape[-2]), dim=-1)
    You add True and False, which count as 1 and 0 and hide nothing: add additive_mask of it, or use masked_attention_weights.
additive-form-handed-over: causal_mask(k.shape[-2]) → additive_mask(causal_mask(k.shape[-2]))
    You hand 0 and −∞ to masked_attention_weights, which wants True and False: leave additive_mask out.
width-for-length: causal_mask(k.shape[-2]) → causal_mask(k.shape[-1])
    The mask needs the number of tokens; the last dimension of the keys is d_k: take k.shape[-2].
masked-twice: masked_attention_weights(scores, causal_mask(k.shape[-2])) → torch.softmax(masked_attention_weights(scores, causal_mask(k.shape[-2])), dim=-1)
    The weights are right; a softmax over them once more gives hidden tokens weight again.
not-scaled: / math.sqrt(k.shape[-1]) →
    The scores go into softmax unscaled: divide them by √d_k.
scaled-by-length: math.sqrt(k.shape[-1]) → math.sqrt(k.shape[-2])
    You divide by the square root of the number of tokens; the scores grow with d_k, the last dimension of the keys.
scaled-by-d-k: math.sqrt(k.shape[-1]) → k.shape[-1]
    You divide by d_k; it is its square root that keeps the scores in range.
keys-against-queries: q @ k.transpose(-2, -1) → k @ q.transpose(-2, -1)
    You score keys against queries; row i of the scores belongs to query i.
all-dimensions-turned: k.transpose(-2, -1) → k.T
    Without a batch this is right, but `.T` turns round all dimensions: swap the last two, k.transpose(-2, -1).
length-of-the-batch: causal_mask(k.shape[-2]) → causal_mask(len(k))
    The first dimension counts the tokens only while nothing stands in front; with sentences and heads there it is k.shape[-2].
scaled-last:
    - scores = q @ k.transpose(-2, -1) / math.sqrt(k.shape[-1])  # (..., n, n)
    - weights = masked_attention_weights(scores, causal_mask(k.shape[-2]))
    - return weights @ v
    + scores = q @ k.transpose(-2, -1)
    + weights = masked_attention_weights(scores, causal_mask(k.shape[-2]))
    + return weights @ v / math.sqrt(k.shape[-1])
    √d_k divides the scores, before softmax; you divide what has been gathered, which only makes it smaller.
weights-transposed: weights @ v → weights.transpose(-2, -1) @ v
    You average with the columns of the weights; row i of the weights belongs to output i.
uniform: q @ k.transpose(-2, -1) → 0 * q @ k.transpose(-2, -1)
    Every token of the past counts alike, whatever it is: the weights must come from queries and keys.
weights-returned: return weights @ v → return weights
    These are the weights; the values have yet to be averaged with them.
""")
alternatives("""
einsum: q @ k.transpose(-2, -1) → torch.einsum("...nd,...md->...nm", q, k)
added-mask: masked_attention_weights(scores, causal_mask(k.shape[-2])) → torch.softmax(scores + torch.full(scores.shape[-2:], -torch.inf).triu(diagonal=1), dim=-1)
""")


@alternative
def causal_attention__from_scratch(q, k, v):
    n = q.size(-2)
    hidden = torch.arange(n)[None, :] > torch.arange(n)[:, None]
    scores = torch.matmul(q * q.size(-1) ** -0.5, k.mT).masked_fill(hidden, float("-inf"))
    raised = (scores - scores.max(dim=-1, keepdim=True).values).exp()
    return raised @ v / raised.sum(dim=-1, keepdim=True)


without_loops(because="one masked matrix does for all tokens at once, and that is what makes training fast.")
forbid("model_utils", "attention", "scaled_dot_product_attention", "MultiheadAttention", because="you are building it.")
hint("Which two of your functions do you need between the scores and the values?")
hint("`causal_mask` wants the number of tokens. Which entry of `k.shape` is that, when anything may stand in front?")
hint("```python\nscores = <queries> @ <keys, last two dimensions swapped> / math.sqrt(<d_k>)\nweights = masked_attention_weights(<scores>, causal_mask(<n>))\nreturn <weighted values>\n```")
why("Counting dimensions from the back, -1 and -2, makes one line serve a single head, a batch, and a batch of heads. One (n, n) mask serves them all: it is broadcast over whatever stands in front.")

# %% judges="future_leak"
def _averages(x):
    return x.cumsum(dim=0) / torch.arange(1, len(x) + 1)[:, None]


def _one_ahead(x):
    return torch.cat([x[1:], x[:1]]) * 0.5


def _from_the_last(x):
    return x - 3 * x[-1:]


def _the_earlier_the_more(x):
    return x + torch.arange(len(x), 0, -1)[:, None] * x[-1:]


def _some_up_one_down(x):
    return x + torch.tensor([1.0, -3.0, 2.0, 1.0, 0.0])[:, None] * x[-1:]


def _open_head(x):
    return torch.softmax(x @ x.T, dim=-1) @ x


@probe
def mixed_tokens(future_leak):
    "Five tokens of width 3, each output a random mixture of all tokens; t = 2."
    mixing = randn(5, 6)[:, :5]
    return future_leak(lambda x: mixing @ x, randn(5, 3), 2)


case("without_a_mask", "Attention without a mask on six tokens of width 4; t = 3.", lambda future_leak: future_leak(_open_head, randn(6, 4), 3))
case("averages_of_the_past", "Each output is the average of the tokens so far: nothing leaks; t = 1.", lambda future_leak: future_leak(_averages, randn(5, 2), 1))
case("one_token_ahead", "Each output is half the next token; t = 2 of six tokens of width 3.", lambda future_leak: future_leak(_one_ahead, randn(6, 3), 2))
case("only_the_last_token", "Each output takes the last token off three times; t = 1 of five tokens of width 4.", lambda future_leak: future_leak(_from_the_last, randn(5, 4), 1))
case("earlier_tokens_leak_more", "The earlier a token, the more of the last token its output holds; t = 2 of five tokens of width 3.", lambda future_leak: future_leak(_the_earlier_the_more, randn(5, 3), 2))
case("down_more_than_up", "Some outputs hold the last token, one takes it off three times; t = 2 of five tokens of width 4.", lambda future_leak: future_leak(_some_up_one_down, randn(5, 4), 2))
case("first_token", "Attention without a mask on four tokens of width 3; t = 0.", lambda future_leak: future_leak(_open_head, randn(4, 3), 0))


@entry
def future_leak__entry(function, x, t):
    changed = x.clone()
    changed[t + 1 :] += 1
    moved = (function(changed) - function(x))[: t + 1].abs().amax(dim=-1)
    return f"tokens {t + 1} to {len(x) - 1} are changed, tokens 0 to {t} watched; their outputs move by at most {formatted(moved)}, token by token"


mistakes("""
own-token-changed: changed[t + 1 :] → changed[t:]
    You change token t as well, and its own output may of course move: the change starts at t + 1.
past-changed: changed[t + 1 :] → changed[: t + 1]
    You change the tokens up to t, not those after it: what should be shaken is the future.
all-changed: changed[t + 1 :] += 1 → changed += 1
    You change all tokens, and the past may of course move with itself: change only those after t.
only-the-next-token: changed[t + 1 :] → changed[t + 1]
    You change the next token alone; a leak from further ahead goes unseen. Change all of them.
the-past-alone-instead: return moved[: t + 1].abs().max() → return (function(changed)[: t + 1] - function(x[: t + 1])).abs().max()
    You compare with what the function gives for the first tokens alone, which changes the number of tokens as well: compare with the same rows of function(x).
future-watched: moved[: t + 1] → moved
    You also watch the outputs of the changed tokens, and those may move: watch tokens 0 to t.
only-the-future-watched: moved[: t + 1] → moved[t + 1 :]
    You watch the tokens that were changed; it is the ones before, 0 to t, that must not move.
own-output-unwatched: moved[: t + 1] → moved[:t]
    You stop before token t, where a mask that is off by one leaks first: a slice up to and with t ends at t + 1.
only-own-output: moved[: t + 1] → moved[t]
    You watch token t alone; a leak may show at any token before it, so watch 0 to t.
columns-changed: changed[t + 1 :] → changed[:, t + 1 :]
    You change columns, which belong to every token; rows are tokens, so the slice comes first.
overwritten: += 1 → = 1
    You set the later tokens to 1; the docstring asks for 1 to be added to what stands there.
whether-not-how-far: .abs().max() → .ne(0).any()
    You say whether anything moved; the docstring asks how far, as a number.
sign-kept: .abs() →
    Outputs can move down as well as up: take absolute values before the largest.
absolute-value-too-late: .abs().max() → .max().abs()
    You take the largest change and then its absolute value, so a larger move downwards goes unseen: absolute values come first.
sum-of-changes: .max() → .sum()
    You add all changes up; the docstring asks for the largest alone.
average-change: .max() → .mean()
    You average the changes; the largest is asked for, so that one leaking entry is enough.
no-copy: x.clone() → x
    You change x itself, so both calls get the same numbers and nothing ever moves: work on a copy, x.clone().
same-input-twice: function(changed) - function(x) → function(x) - function(x)
    Both calls get the same numbers, so nothing can move: write the change into the copy, and give one call the copy, the other x.
""")


@mistake(
    "future-cut-off",
    "You cut the later tokens off; the docstring asks for them to be changed, by 1 in every number.",
)
def future_leak__cut_off(function, x, t):
    return (function(x[: t + 1]) - function(x)[: t + 1]).abs().max()


@mistake(
    "one-token-at-a-time",
    "You change the later tokens one at a time; the docstring asks for all of them to be changed at once.",
)
def future_leak__one_at_a_time(function, x, t):
    largest = torch.tensor(0.0)
    for later in range(t + 1, len(x)):
        changed = x.clone()
        changed[later] += 1
        largest = torch.maximum(largest, (function(changed) - function(x))[: t + 1].abs().max())
    return largest


alternatives("""
kept-apart: moved[: t + 1].abs().max() → torch.max(moved.abs()[: t + 1])
range: moved[: t + 1].abs().max() → max(moved[: t + 1].max(), -moved[: t + 1].min())
""")


@alternative
def future_leak__joined(function, x, t):
    changed = torch.cat([x[: t + 1], x[t + 1 :] + 1])
    before, after = function(x)[: t + 1], function(changed)[: t + 1]
    return (after - before).abs().amax()


@alternative
def future_leak__row_by_row(function, x, t):
    later = (torch.arange(len(x)) > t).to(x.dtype)
    before, after = function(x), function(x + later[:, None])
    return max((after[i] - before[i]).abs().max() for i in range(t + 1))


forbid("allclose", "equal", "jacobian", because="a number is asked for: how far, not whether.")
hint("Which rows of `x` are the future of token t? What must you do before you change them, so that `x` itself stays as it is?")
hint("The function is called twice, on what? And which rows of the two results are compared?")
hint("```python\nchanged = <copy of x>\nchanged[<after t>] += 1\nmoved = function(<...>) - function(<...>)\nreturn <largest absolute change in rows 0 to t>\n```")
why("Python's slices leave their end out, so `: t + 1` are the tokens up to and with t, and `t + 1 :` all later ones. The largest absolute change is 0 only if no entry of the past moved at all.")

# %% judges="who_reads_whom"
def _normed(x):
    centred = x.double() - x.double().mean(dim=-1, keepdim=True)
    normed = centred / (centred.square().mean(dim=-1, keepdim=True) + 1e-12).sqrt()
    return normed.float() * torch.arange(1.0, x.shape[1] + 1)  # so that a row does not add up to 0


def _pattern(n):
    """Which token reads which: no triangle, and no two rows or columns alike."""
    table = torch.zeros(n, n)
    for i in range(n):
        table[i, [(2 * i + 1) % n, (i * i) % n]] = 1.0
    table[0, n - 1] = 1.0
    return table


def _mixed(x):
    return _pattern(len(x)) @ torch.cat([x, x[:, :1]], dim=1)


def _rows_that_add_up_to_0(x):
    return _pattern(len(x)) @ (_normed(x) / torch.arange(1.0, x.shape[1] + 1))


def _mixed_and_normed(x):
    return _pattern(len(x)) @ _normed(x)


def _past_and_normed(x):
    return torch.ones(len(x), len(x)).tril() @ _normed(x) - 2 * _normed(x)


def _one_number_of_each(x):
    return _pattern(len(x)) @ x[:, 1:2]


def _another_number_of_each(x):
    return _pattern(len(x)) @ x[:, -1:]


def _first_number_of_each(x):
    return _pattern(len(x)) @ x[:, :1]


def _one_entry_moves(x):
    moving = x @ torch.arange(1.0, x.shape[1] + 1).square()
    return torch.cat([_pattern(len(x)) @ moving[:, None], torch.ones(len(x), 3)], dim=1)


def _last_entry_moves(x):
    return _one_entry_moves(x).flip(1)


def _no_mask(x):
    return torch.softmax(_normed(x) @ _normed(x).T / 99, dim=-1) @ x


def _with_rounding(x):
    total = x.sum(dim=0)
    return (torch.eye(len(x)) @ x + total / 3) - total / 3


case("a_pattern", "Five tokens of width 4, mixed by a table of 0 and 1.", lambda who_reads_whom: who_reads_whom(_mixed, randn(5, 4)))
case("no_mask", "Attention without a mask on four tokens of width 6.", lambda who_reads_whom: who_reads_whom(_no_mask, randn(4, 6)))
case("mean_and_spread_removed", "Six tokens of width 8, their mean and spread taken out before they are mixed by a table.", lambda who_reads_whom: who_reads_whom(_mixed_and_normed, randn(6, 8)))
case("the_past_alone", "Seven tokens of width 5, mean and spread taken out; each output is made of itself and the past.", lambda who_reads_whom: who_reads_whom(_past_and_normed, randn(7, 5)))
case("second_number", "Five tokens of width 3, of which the second number alone is read.", lambda who_reads_whom: who_reads_whom(_one_number_of_each, randn(5, 3)))
case("last_number", "Five tokens of width 4, of which the last number alone is read.", lambda who_reads_whom: who_reads_whom(_another_number_of_each, randn(5, 4)))
case("first_number", "Four tokens of width 5, of which the first number alone is read.", lambda who_reads_whom: who_reads_whom(_first_number_of_each, randn(4, 5)))
case("one_entry_moves", "Five tokens of width 3; of the four numbers of an output, one can move.", lambda who_reads_whom: who_reads_whom(_one_entry_moves, randn(5, 3)))
case("another_entry_moves", "Five tokens of width 3; of the four numbers of an output, only the last can move.", lambda who_reads_whom: who_reads_whom(_last_entry_moves, randn(5, 3)))
case("a_token_of_zeros", "Five tokens of width 4, two of which are all zeros.", lambda who_reads_whom: who_reads_whom(_mixed, randn(5, 4) * torch.tensor([1.0, 0.0, 1.0, 1.0, 0.0])[:, None]))
case("first_number_of_zeros", "Five tokens of width 4, two of which are all zeros; the first number alone is read.", lambda who_reads_whom: who_reads_whom(_first_number_of_each, randn(5, 4) * torch.tensor([1.0, 0.0, 1.0, 1.0, 0.0])[:, None]))
case("outputs_that_add_up_to_0", "Five tokens of width 7, mean and spread taken out and mixed by a table, so that the numbers of each output add up to 0.", lambda who_reads_whom: who_reads_whom(_rows_that_add_up_to_0, randn(5, 7)))
case("zeros_without_mean_and_spread", "Five tokens of width 6, two of which are all zeros; mean and spread are taken out before a table mixes them.", lambda who_reads_whom: who_reads_whom(_mixed_and_normed, randn(5, 6) * torch.tensor([1.0, 0.0, 1.0, 1.0, 0.0])[:, None]))
case("rounding", "Six tokens of width 3, each read by itself; the rest of the sum cancels, up to rounding.", lambda who_reads_whom: who_reads_whom(_with_rounding, randn(6, 3)))
case("one_token", "A single token of width 3.", lambda who_reads_whom: who_reads_whom(_no_mask, randn(1, 3)))


@entry
def who_reads_whom__entry(i, j, function, x):
    changed = x.clone()
    changed[j] += torch.arange(1.0, x.shape[1] + 1)
    move = (function(changed) - function(x))[i].abs().max()
    return f"with 1, 2, 3 and so on added to the numbers of token {j}, output {i} moves by at most {formatted(move)}"


mistakes("""
one-added: torch.randn(x.shape[1]) → 1.0
    You change all numbers of a token alike. A function that takes out their mean and spread reads the same as before: change each number by another amount, such as a random one.
multiplied: changed[j] += torch.randn(x.shape[1]) → changed[j] *= 2.0
    You multiply all numbers of a token by one number. A function that takes out their mean and spread reads the same as before, and a token of zeros stays zeros: change the numbers by different amounts.
set-to-zero: += torch.randn(x.shape[1]) → = 0.0
    A token that is all zeros is not changed by what you do: add different numbers to what stands there.
ramp-from-0: += torch.randn(x.shape[1]) → += torch.arange(x.shape[1])
    What you add begins with 0, so the first number of a token stays as it was, and a function that reads it alone does not see the change: add something other than 0 to every number.
one-number-changed: changed[j] += torch.randn(x.shape[1]) → changed[j, 0] += 1.0
    You change the first number of a token alone; a function that reads another number does not see the change: change all numbers.
last-number-changed: changed[j] += torch.randn(x.shape[1]) → changed[j, -1] += 1.0
    You change the last number of a token alone; a function that reads another number does not see the change: change all numbers.
set-to-one-number: += torch.randn(x.shape[1]) → = 1.0
    One number for all numbers of a token is not enough. To a function that takes out mean and spread, a token of zeros then stays as it was: change the numbers by different amounts.
rows-and-columns-swapped: reads[:, j] → reads[j]
    Row i says whom output i reads; you write what token j moves into row j. It belongs into column j.
one-change-upon-another:
    - for j in range(len(x)):
    -     changed = x.clone()
    + changed = x.clone()
    + for j in range(len(x)):
    You copy x once, so that the tokens changed before are still changed: copy x for every token.
all-later-changed: changed[j] += torch.randn(x.shape[1]) → changed[j:] += torch.randn(x.shape[1])
    You change token j and all tokens after it; then nobody knows which of them moved an output. Change token j alone.
no-copy: x.clone() → x
    You change x itself, so that the changes pile up and the caller's tokens are lost: work on a copy, x.clone().
any-move-counts: > 1e-5 → > 0
    Rounding counts as a move: ask for more than 1e-5.
sign-kept: .abs() →
    Outputs can move down as well as up: take absolute values before you compare.
all-must-move: .any(dim=-1) → .all(dim=-1)
    You ask that every number of an output moves; one is enough.
last-number-watched: (moved > 1e-5).any(dim=-1) → moved[:, -1] > 1e-5
    You watch the last number of each output alone; a move of any number counts.
moves-added-up:
    - moved = (function(changed) - before).abs()  # (n, d_out)
    - reads[:, j] = (moved > 1e-5).any(dim=-1)
    + moved = (function(changed) - before).sum(dim=-1)
    + reads[:, j] = moved.abs() > 1e-5
    You add up the numbers of an output before you look whether they move; what rises and what falls can cancel. Look at each number.
not-itself: return reads → return reads & ~torch.eye(len(x), dtype=torch.bool)
    You leave the diagonal out; an output that moves with its own token reads that token.
triangle-assumed: return reads → return reads.tril()
    You keep the lower triangle alone, as if the function had a causal mask. Whether it has is what is measured.
numbers-returned: torch.zeros(len(x), len(x), dtype=torch.bool) → torch.zeros(len(x), len(x))
    The entries are right, but they are 1 and 0; the docstring asks for True and False.
""")
alternatives("""
replaced: += torch.randn → = torch.randn
ramp: torch.randn(x.shape[1]) → torch.arange(1.0, x.shape[1] + 1) ** 2
largest: (moved > 1e-5).any(dim=-1) → moved.amax(dim=-1) > 1e-5
""")


@alternative
def who_reads_whom__jacobian(function, x):
    jacobian = torch.autograd.functional.jacobian(function, x)  # (n, d_out, n, d)
    return jacobian.abs().amax(dim=(1, 3)) > 1e-5


@alternative
def who_reads_whom__columns(function, x):
    columns = []
    for j in range(x.size(0)):
        noise = torch.zeros_like(x)
        noise[j] = torch.rand(x.size(1)) * 4 - 2
        columns.append(((function(x + noise) - function(x)).abs() > 1e-5).any(1))
    return torch.stack(columns, dim=1)


hint("Layer norm takes two things out of a token's numbers: their mean and their spread. Which changes of a token touch nothing but these two?")
hint("A change by amounts that differ from number to number gets through. Where do random numbers come from? And why must every token start from an unchanged x?")
hint("```python\nbefore = <what the function gives for x>\nreads = <n by n of False>\nfor j in range(len(x)):\n    changed = <copy>\n    <change token j>\n    moved = (function(<...>) - before).abs()\n    reads[<...>] = <whether any number of each output moved>\nreturn reads\n```")
why("Random amounts change the mean, the spread and every single number at once, so that no function of these kinds can miss them. Column j collects what token j moves, and each token starts from a fresh copy.")

# %% judges="padding_mask"
case("by_hand", "Three sentences of 1 to 4 tokens, filled up to 4.", lambda padding_mask: padding_mask(randint(1, 5, (3,)), 4))
case("five_sentences", "Five sentences of 2 to 6 tokens, filled up to 7.", lambda padding_mask: padding_mask(randint(2, 7, (5,)), 7))
case("as_many_as_tokens", "Four sentences of 1 to 3 tokens, filled up to 4.", lambda padding_mask: padding_mask(randint(1, 4, (4,)), 4))
case("whole_sentences", "Two sentences without any padding.", lambda padding_mask: padding_mask(torch.tensor([3, 3]), 3))


@entry
def padding_mask__entry(b, one, j, lengths, n):
    size = int(lengths[b])
    return f"sentence {b} has {size} of {n} tokens, numbered from 0 to {size - 1}, so token {j} is {'real' if j < size else 'padding'}"


mistakes("""
wrong-axis: real[:, None, :] → real[:, :, None]
    The True and False run down the queries: a padding mask hides columns, the tokens that are read, so the size 1 stands in the middle.
one-token-ahead: < → <=
    One token of padding may still be read: a sentence of 3 tokens has the places 0, 1 and 2.
counted-from-1: torch.arange(n) → torch.arange(1, n + 1)
    You number the places from 1, so the last real token is taken for padding: places start at 0.
lengths-not-a-column: lengths[:, None] → lengths
    Places and lengths are compared entry by entry. Each length is to meet every place: make the lengths a column, lengths[:, None].
spread-over-the-queries: real[:, None, :] → real[:, None, :].expand(-1, n, -1)
    The entries are right, but repeated for every query; keep size 1 in the middle and leave the copying to broadcasting.
true-where-padding: < → >=
    Your mask is True on the padding; True should say that a token is real.
padding-in-front: torch.arange(n) < lengths[:, None] → torch.arange(n) >= n - lengths[:, None]
    You take the padding to stand in front; here it stands at the end.
no-query-dimension: real[:, None, :] → real
    The entries are right, but (B, n) would be broadcast as if sentences were queries: put a dimension of size 1 in the middle.
queries-hidden-too: real[:, None, :] → real[:, None, :] & real[:, :, None]
    You hide the rows of the padding as well. Those rows then have nothing to read, and their softmax is NaN: hide columns only.
dimension-in-front: real[:, None, :] → real[None, :, :]
    The new dimension stands in front; sentences come first, then queries, then tokens that are read.
ones-and-zeros: real[:, None, :] → real[:, None, :].float()
    The entries are right, but they are 1 and 0; the docstring asks for True and False.
causal-as-well: real[:, None, :] → real[:, None, :] & torch.ones(n, n, dtype=torch.bool).tril()
    You hide the future as well; this mask is about padding alone, and the two can be combined by &.
""")
alternatives("""
unsqueezed: real[:, None, :] → real.unsqueeze(1)
in-one-go: lengths[:, None] → lengths.view(-1, 1)
counted-down: torch.arange(n) < lengths[:, None] → (lengths[:, None] - torch.arange(n)) > 0
""")


@alternative
def padding_mask__loop(lengths, n):
    mask = torch.zeros(len(lengths), 1, n, dtype=torch.bool)
    for sentence, length in enumerate(lengths):
        mask[sentence, 0, :length] = True
    return mask


forbid("model_utils", "attention", "pad_sequence", because="comparing places with lengths is all it takes.")
hint("Token j of a sentence is real if j is less than …? `torch.arange(n)` gives all j at once.")
hint("(n,) compared with (B, 1) is broadcast to (B, n). How do you make (B, 1) of `lengths`, and then (B, 1, n) of the result?")
hint("```python\nreal = torch.arange(n) < <lengths as a column>  # (B, n)\nreturn real[:, <new dimension>, :]\n```")
why("Comparing a row of places with a column of lengths gives all sentences at once. The 1 in the middle says that all queries of a sentence share one row, and broadcasting does the copying.")
