"""A lesson whose exercise is a class that uses what an earlier lesson built."""

TEXT = '''\
# %% [markdown]
# # 01 · Small classes

# %%
from spotlight.notebook import check, hint, predict, reveal, solution, start, verify

start("small_classes")

# %% tags=["authoring"]
from spotlight.authoring import alternative, alternatives, forbid, hint, mistakes, probe, why
from spotlight.sandbox.kit import randn

# %%
import torch
from torch import Tensor, nn

from spotlight.mine import mine
from spotlight.model_utils import attention

project = mine("queries_and_keys", attention.project)
pictured = torch.zeros(1000, 1000)

# %% [markdown]
# ## 1 · A projection with weights of its own

# %% exercise="projection" points=1 minutes=1 difficulty=1 targets=["Projection"]
class Projection(nn.Module):
    """Projects by weights that it holds."""

    def __init__(self, weights: Tensor) -> None:
        super().__init__()
        self.weights = weights

    def forward(self, x: Tensor) -> Tensor:
        """x: (n, d) → (n, e)"""
        # TODO: project x.
        ### BEGIN SOLUTION
        return project(x, self.weights)
        ### END SOLUTION


# %% tags=["probes"]
@probe
def narrow(Projection):
    "Three rows of four, to two."
    return Projection(randn(4, 2))(randn(3, 4))


@probe
def wide(Projection):
    "Two rows of three, to five."
    return Projection(randn(3, 5))(randn(2, 3))


mistakes("""
squared: project(x, → project(x * x,
    You project the squares.
negative: project(x → -project(x
    That is the negative.
doubled: project(x → 2 * project(x
    That is twice the projection.
""")
alternatives("""
product: project(x, self.weights) → x @ self.weights
matmul: project(x, self.weights) → torch.matmul(x, self.weights)
""")
forbid("Linear", because="you have a function for that.")
hint("What did you build for this?")
hint("Call project.")
why("The function is yours already.")
'''
