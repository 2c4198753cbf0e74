"""What is said of an exception: every message is really raised, every claim really checked."""

from __future__ import annotations

import builtins
import math
import re
import traceback
import warnings
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from spotlight.course.lesson import not_done
from spotlight.diagnosis.error_messages import explain
from spotlight.diagnosis.error_messages.python import KNOWN
from spotlight.sandbox.job import Frame, Trouble

CELL = "<a student's cell>"


def trouble(error: BaseException, source: str) -> Trouble:
    """An exception as the worker hands it over."""
    if isinstance(error, SyntaxError):
        frame = Frame("cell", error.lineno or 0, (error.text or "").strip(), "")
        return Trouble(type(error).__name__, error.msg, (frame,))
    lines = source.splitlines()
    frames = tuple(
        Frame("cell", place.lineno, lines[place.lineno - 1].strip(), place.name)
        for place in traceback.extract_tb(error.__traceback__)
        if place.filename == CELL and place.lineno is not None
    )
    return Trouble(type(error).__name__, str(error), frames)


def raised(source: str, **names: Any) -> Trouble:
    """What running `source` ends in."""
    namespace = {"torch": torch, "np": np, "F": functional, "nn": nn, "math": math, **names}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(compile(source, CELL, "exec"), namespace)
    except Exception as error:
        return trouble(error, source)
    raise AssertionError(f"nothing is raised by: {source}")


def said(source: str, **names: Any) -> str:
    """What is said of the exception that `source` ends in."""
    words = explain(raised(source, **names))
    assert words is not None
    return words


q, k = torch.randn(4, 8), torch.randn(5, 8)  # as many columns
batch = torch.randn(2, 3, 8)
ids = torch.arange(3)
w = torch.ones(3, requires_grad=True)
NAMES = {"q": q, "k": k, "batch": batch, "ids": ids, "w": w, "wide": k.double(), "vec": q[0, :5]}

PRODUCTS = {
    "q @ k": ("`q @ k`", "(4, 8) times (5, 8)", "8 columns", "it has 5", "(8, 5)", "`k.T`"),
    "s = q @ q": ("(4, 8) times (4, 8)", "either side", "`q.T`"),
    "q.T @ k.T": ("(8, 4) times (8, 5)", "the first is (4, 8)", "is `q` meant?"),
    "torch.matmul(q, k)": ("`torch.matmul(q, k)`", "`k.T`"),
    "q.mm(k)": ("`q.mm(k)`", "`k.T`"),
    "torch.softmax(q @ k / math.sqrt(8), dim=-1)": ("`q @ k`", "`k.T`"),
    "(q + 1) @ (k * 2)": ("`(q + 1) @ (k * 2)`", "`(k * 2).T`"),
    "k[:, :4].T @ q.T": ("(4, 5) times (8, 4)", "In the other order, (8, 4) times (4, 5)"),
    "q @ k[:, :3]": ("(4, 8) times (5, 3)", "8 columns", "it has 5"),
    "batch @ k": ("(6, 8) times (5, 8)", "`k.T`"),
    "nn.Linear(6, 5)(q)": ("(4, 8) times (6, 5)", "`nn.Linear(6, 5)`", "rows of 6", "given 8"),
    "F.linear(q, k.T)": ("(4, 8) times (5, 8)", "a transpose"),
    "torch.addmm(q, q, k)": ("(4, 8) times (5, 8)", "a transpose"),
    "q @ vec": ("`q @ vec`", "(4, 8) matrix", "5 numbers", "holds 8"),
    "torch.mv(k, vec)": ("(5, 8) matrix", "the matrix is (8, 5)", "`k.T`"),
    "batch @ batch": ("each has 8 columns", "3 rows", "`.transpose(-2, -1)`"),
    "torch.bmm(batch, batch[:1].mT)": ("2 on the left", "1 on the right"),
    "batch @ torch.ones(3, 8, 4)": ("`batch` has 2", "3 in dimension 0"),
    "torch.bmm(q, batch)": ("`bmm`", "3-D"),
    "torch.mm(batch, q)": ("`mm` takes two matrices",),
    "torch.dot(q[0], vec)": ("one has 8", "the other 5"),
    "torch.dot(q, vec)": ("2-D", "1-D", "`@`"),
    "torch.tensor(2.0) @ vec": ("a single number", "`*`"),
    "np.ones((3, 4)) @ np.ones((3, 4))": ("4 and 3", "transpose"),
    "a = np.ones((3, 4))\nnp.dot(a, a)": ("(3, 4) times (3, 4)", "`a.T`"),
    "np.dot(np.ones((3, 4)), np.ones(3))": ("4 and 3",),
}

SHAPES = {
    "q - q.sum(dim=1)": (
        "`q` has 8",
        "`q.sum(dim=1)` 4",
        "dimension 1",
        "or one of them 1",
        "`keepdim=True`",
        "`unsqueeze`",
    ),
    "torch.exp(q - q.max(dim=1).values)": ("`q.max(dim=1).values` 4", "`keepdim=True`"),
    "q / 2 - q.sum(dim=1)": ("`q / 2` has 8", "`q.sum(dim=1)` 4"),
    "q - torch.max(q, dim=1).values": ("`torch.max(q, dim=1).values` 4",),
    "q - torch.max(q, k)": ("A size of 4 meets one of 5",),
    "q.masked_fill(k > 0, 0.0)": ("dimension 0", "equal"),
    "np.ones((3, 4)) - np.ones(3)": ("(3, 4) and (3,)", "`keepdims=True`"),
    "q.expand(4, 9)": ("(4, 8)", "(4, 9)", "dimension 1", "a size of 1"),
    "q.expand(8)": ("2-D", "1-D"),
    "z = torch.zeros(3, 4)\nz[0] = torch.ones(5)": ("(5,)", "(4,)"),
    "vec += q[:, :5]": ("(4, 5)", "(5,)", "in place"),
    "a = np.zeros(3)\na += np.ones((2, 3))": ("(2, 3)", "(3,)"),
    "np.zeros((2, 3))[0] = np.ones(2)": ("(2,)", "(3,)"),
    "k[torch.tensor([True, False])]": ("(2,)", "(5, 8)", "dimension 0"),
    "q[[0, 1], [0, 1, 2]]": ("(2,)", "(3,)"),
    "torch.ones(7).view(2, 3)": ("2 × 3 = 6", "7"),
    "torch.ones(7).reshape(2, -1)": ("7 values", "groups of 2"),
    "q.T.view(32)": ("`.T`", "`.reshape(...)`", "order"),
    "q.view(-1, -1)": ("one size can be -1",),
    "np.ones(7).reshape(2, 3)": ("7 values",),
    "batch.permute(0, 1)": ("has 3", "2 are given", "`transpose`"),
    "batch.t()": ("3-D", "`.transpose(-2, -1)`"),
    "torch.tril(vec)": ("rows and columns",),
    "vec.mT": ("rows and columns",),
    "torch.stack([vec, q[0]])": ("entry 0 is (5,)", "entry 1 is (8,)", "`torch.cat`"),
    "torch.cat([q, batch[0], q[:, :5]])": ("dimension 0", "third", "5 where 8 is wanted"),
    "torch.cat([q] * 6 + [q[:, :5]])": ("number 7 tensor", "5 where 8"),
    "torch.cat([q, vec])": ("2-D", "1-D", "`unsqueeze`"),
    "torch.cat(q, k)": ("`[a, b]`",),
    "torch.stack([q, 1.0])": ("second entry", "float"),
    "torch.stack([])": ("empty",),
    "torch.cat([])": ("empty",),
    "np.stack([np.ones(3), np.ones(4)])": ("one shape",),
    "np.concatenate([np.ones((2, 3)), np.ones((2, 4))])": ("dimension 1", "4 ", "3"),
    "nn.LayerNorm(5)(q)": ("last dimension of 5", "(4, 8)"),
}

EINSUM = {
    "torch.einsum('nd,dm->nm', q, k)": ("`d`", "5 in the second", "8 before"),
    "torch.einsum('bnd,md->nm', q, k)": ("first tensor 3 letters", "2 dimensions"),
    "torch.einsum('nd,md->nm', q)": ("fewer",),
    "torch.einsum('nd->nm', q, k)": ("more",),
    "torch.einsum('nd->nm', q)": ("`m`", "after the arrow"),
    "torch.einsum('nd->nn', q)": ("`n`", "once"),
    "torch.einsum('nd,md-nm', q, k)": ("`->`",),
    "np.einsum('nde->n', np.ones((3, 4)))": ("first array more letters",),
}

INDICES = {
    "q.sum(dim=2)": ("0 to 1", "-2 to -1", "2 is outside"),
    "vec.transpose(-2, -1)": ("0 or -1", "-2 is outside"),
    "np.ones((3, 4)).sum(axis=2)": ("2 dimensions", "no axis 2"),
    "q[9]": ("Dimension 0 has size 4", "0 to 3", "9 is outside"),
    "q[:, 8]": ("Dimension 1 has size 8", "8 is outside"),
    "q[:0][0]": ("Dimension 0 is empty",),
    "np.ones(3)[3]": ("0 to 2", "3 is outside"),
    "[1, 2][2]": ("list", "0 to n - 1"),
    "vec.shape[1]": ("A shape is a tuple", "dimension"),
    "q[0, 0, 0]": ("more indices than there are dimensions, 2",),
    "q.sum()[0]": ("a single number",),
    "for row in q.sum(): pass": ("a single number",),
    "q[8 / 2]": ("whole number", "`//`"),
    "[1, 2][1.0]": ("whole number", "`//`"),
    "q[vec]": ("whole number", "`.long()`"),
    "[1, 2][torch.tensor([0, 1])]": ("one whole number", "`.tolist()`"),
    "nn.Embedding(2, 4)(ids)": ("embedding", "size of the vocabulary"),
    "vec.topk(6)": ("more values",),
    "rows, columns = batch.shape": ("2 names",),
    "a, b, c = torch.ones(2)": ("3 names",),
}

VALUES = {
    "q @ wide.T": ("`q @ wide.T`", "float32 meets float64", "`.float()`"),
    "nn.Linear(8, 2)(wide)": ("float64 meets float32", "NumPy"),
    "nn.Linear(3, 2)(ids)": ("int64 meets float32", "`.float()`"),
    "torch.dot(ids, q[0, :3])": ("int64 meets float32",),
    "torch.mv(q[:, :3], ids)": ("int64", "float32"),
    "torch.bmm(batch, batch.mT.double())": ("float32 meets float64",),
    "q.half() @ k.T.bfloat16()": ("float16 meets bfloat16", "`a.to(b.dtype)`"),
    "nn.LayerNorm(8)(wide)": ("one kind of number",),
    "ids.softmax(dim=0)": ("int64", "`.float()`"),
    "ids.mean()": ("fractions", "`.float()`"),
    "ids.std()": ("fractions", "`.float()`"),
    "torch.multinomial(ids, 1)": ("fractions",),
    "vec & vec": ("masks", "float32"),
    "ids += 0.5": ("float32", "int64", "in place"),
    "a = np.arange(3)\na += 0.5": ("float64", "int64"),
    "vec.masked_fill(vec.int(), 0.0)": ("True and False", "int32", "`mask == 0`"),
    "torch.where(vec, vec, vec)": ("True and False", "float32"),
    "ids.masked_fill(ids > 0, float('-inf'))": ("no infinity", "`.float()`"),
    "nn.Embedding(9, 4)(vec)": ("whole numbers", "`.long()`"),
    "F.one_hot(vec)": ("whole numbers",),
    "1 - (vec > 0)": ("`~mask`",),
    "torch.tensor([None])": ("None", "`return`"),
    "torch.tensor([[1, 2], [3]])": ("equal length",),
    "np.array([[1, 2], [3]])": ("equal length",),
    "vec.item()": ("single number", "`.item()`"),
    "math.sqrt(vec)": ("`math`", "`torch.sqrt`"),
    "math.sqrt(q.shape)": ("all sizes", "`x.shape[-1]`"),
    "torch.tensor([vec, vec])": ("`torch.stack`",),
    "float(np.ones(3))": ("single number",),
    "if vec > 0: pass": ("one True or False", "`torch.where`", "`.any()`"),
    "(vec > 0) and (vec < 1)": ("`and`", "`&`"),
    "bool(np.ones(3))": ("one True or False",),
    "max(q)": ("whole tensors", "`.max()`", "`torch.maximum(a, b)`"),
    "y = 1 + min(q[0], k[0])": ("`.min()`", "`torch.minimum(a, b)`"),
    "q[~q] = 0": ("`~`", "fractions", "`mask.bool()`"),
    "torch.full((2,), math.inf, dtype=torch.int32)": ("no infinity",),
    "bool(torch.ones(0))": ("empty",),
    "torch.ones(0).max()": ("empty",),
    "f'{vec:.2f}'": ("`.item()`",),
}

ARGUMENTS = {
    "q - q.max(dim=1)": ("two tensors", "`.values`"),
    "torch.exp(vec.max(dim=0))": ("`max`", "`.values`"),
    "torch.exp(2.0)": ("`math.exp`",),
    "torch.matmul(q, [1.0])": ("`matmul` takes a tensor", "list", "`torch.tensor`"),
    "torch.matmul(q, np.ones(8))": ("`torch.from_numpy`",),
    "torch.softmax(None, dim=0)": ("`softmax` is given None", "`return`"),
    "q.view(4, 2, 8 / 2)": ("whole numbers", "`//`"),
    "range(8 / 2)": ("whole numbers", "`//`"),
    "torch.tril(q, diagonal=0.0)": ("whole numbers",),
    "nn.Linear(2, 2).weight = q": ("`weight`", "`nn.Parameter`"),
    "class A(nn.Module):\n    def __init__(self):\n        self.w = nn.Linear(2, 2)\nA()": (
        "`super().__init__()`",),
    "class A(nn.Module): pass\nA()(q)": ("`A`", "`forward`"),
    "q.sum(dim=1, keep_dim=True)": ("`keepdim`", "`keepdims`"),
    "F.softmax(q, dims=1)": ("`dim`", "`axis`"),
    "np.ones(3).sum(dim=0)": ("`dim`", "`axis`"),
    "torch.sum(q, dimension=1)": ("`sum`", "(Tensor, dimension=int)"),
    "torch.softmax(q)": ("`dim`", "-1"),
    "nn.Linear(8)": ("`out_features`",),
}  # fmt: skip

GRADIENTS = {
    "w += 1": ("in place", "`with torch.no_grad():`"),
    "w[0] = 1": ("in place",),
    "y = w.exp()\ny += 1\ny.sum().backward()": ("(3,)", "overwritten", "`+=`"),
    "q.sum().backward()": ("`requires_grad=True`", "`.detach()`"),
    "w.exp().backward()": ("a single number", "`.mean()`"),
    "loss = w.exp().sum()\nloss.backward()\nloss.backward()": ("anew", "loop"),
    "torch.autograd.grad(w.sum(), nn.Parameter(vec))": ("does not depend",),
    "w.numpy()": ("NumPy", "`.detach()`"),
    "ids.requires_grad_()": ("fractions", "`.float()`"),
    "torch.tensor([1], requires_grad=True)": ("`1.0`",),
    "torch.optim.SGD([w * 2], lr=0.1)": ("`model.parameters()`",),
    "vec - torch.ones(5, requires_grad=True).grad": ("None", "`backward()`"),
    "w.grad.zero_()": ("`.grad`", "`backward()`"),
    "F.cross_entropy(q, ids)": ("4 rows", "3 targets"),
    "F.cross_entropy(q[:3, :2], ids)": ("2 is outside", "vocabulary"),
    "F.cross_entropy(batch, ids.expand(2, 3))": ("(2, 8)", "(2, 3)", "flattened"),
    "F.cross_entropy(q, vec[:4])": ("int64", "float32", "`.long()`"),
    "torch.multinomial(-torch.ones(3), 1)": ("probabilities", "softmax"),
}

CALLS = {
    "def project(x): x @ x.T\nq @ project(q)": ("right side of `@`", "`project(q)` `return`"),
    "None + q": ("left side of `+`", "None"),
    "None < 1": ("left side of `<`",),
    "rows = None\nrows[0]": ("None", "`return`"),
    "len(None)": ("None", "`return`"),
    "a, b = None": ("None", "`return`"),
    "[1, 2].sort().sum()": ("None", "`sort`"),
    "q.size - 1": ("round brackets", "`x.size()`"),
    "q.size[0]": ("round brackets",),
    "q @ np.ones(8).tolist()": ("Tensor with list",),
    "np.ones(4) @ q": ("`torch.from_numpy`",),
    "[1.0] + q": ("list", "Tensor"),
    "[1, 2] * [3, 4]": ("entry by entry", "`torch.tensor`"),
    "q.T()": ("Round brackets", "Tensor", "`.T`"),
    "q.shape()": ("`.shape`",),
    "2(q)": ("`*`",),
    "math(2)": ("`math.sqrt`",),
    "with torch.no_grad: pass": ("round brackets", "`torch.no_grad()`"),
    "(3)[0]": ("Square brackets", "int"),
    "for i in 5: pass": ("`range(n)`",),
    "len(5)": ("`range(n)`",),
    "q.shape[0] = 3\nq.shape[0]": ("cannot be changed",),
    "(lambda x: x)(1, 2)": ("1 positional argument", "given 2"),
    "(lambda x, y: x)(1)": ("`y`",),
    "(lambda x: x)(1, scale=2)": ("`scale`",),
    "class A:\n    def f(x): pass\nA().f(1)": ("`f`", "`self`"),
}

LANGUAGE = {
    "q.astype(float)": ("`astype`", "`.float()`", "`.to(dtype)`"),
    "q.copy()": ("`.clone()`",),
    "torch.array([1])": ("`torch.tensor`",),
    "q.tranpose(0, 1)": ("Is `transpose` meant?",),
    "q.Softmax(0)": ("Is `softmax` meant?",),
    "q.t.shape": ("round brackets",),
    "torch.sofmax(q, 0)": ("Is `softmax` meant?",),
    "F.sofmax(q, 0)": ("Is `softmax` meant?",),
    "nn.softmax(q)": ("`torch.nn.functional`",),
    "[1.0].shape": ("list", "`torch.tensor`"),
    "q.sum().item().shape": ("a single number",),
    "nn.LayerNorm(8).shape": ("module LayerNorm", "`shape`", "call"),
    "class A: pass\nA().query": ("`query`", "`self.name = ...`"),
    "sqrt(2)": ("`math.sqrt`", "`torch.sqrt`"),
    "pd.array": ("misspelt", "inside a function"),
    "true": ("`True`",),
    "def f():\n    x = x + 1\nf()": ("`x`", "the function's own"),
    "def f():\n    def g(): return x\n    g()\n    x = 1\nf()": ("`x`", "function around"),
    "import numppy": ("`numppy`", "misspelt"),
    "from math import squareroot": ("`math` has no `squareroot`",),
    "{'a': 1}['b']": ("'b'",),
    "def f(): return f()\nf()": ("calls itself",),
    "1 / 0": ("divided by 0",),
    "math.log(0)": ("`math.log`",),
    "math.exp(1000)": ("too large", "709"),
    "max([])": ("nothing in it",),
    "int('three')": ("text",),
    "{[1]: 2}": ("list", "tuple"),
    "raise NotImplementedError": ("placeholder",),
    f"raise NotImplementedError('{not_done('scaled_scores')}')": ("`scaled_scores`", "not done"),
}

SYNTAX = {
    "def f()\n    return 1": ("colon",),
    "x = (1, 2": ("`(`", "missing"),
    "x = [1, 2)": ("`[`", "`)`"),
    "x = 1)": ("`)`",),
    "if x = 1:\n    pass": ("`==`",),
    "f(x) = 1": ("`==`",),
    "None = 3": ("None",),
    "x = [1 2]": ("comma",),
    "x = 'abc": ("quotation mark",),
    "x = “abc”": ("“", "straight quotes"),
    "x = q − k": ("`-`",),
    "x = 5q": ("digit", "`*`"),
    "x = q k": ("operator",),
    "print 1": ("`print(...)`",),
    "def f(a=1, b): pass": ("default",),
    "f(a=1, 2)": ("with a name",),
    "f(a=1, a=2)": ("twice",),
    "return 1": ("`return`", "outside"),
    "break": ("outside of a loop",),
    "x = 1\n  y = 2": ("indented",),
    "def f():\nreturn 1": ("block", "indented"),
    "def f():\n    x = 1\n  y = 2": ("depth",),
    "def f():\n        x = 1\n\ty = 2": ("tabs", "spaces"),
}

EVERYTHING = {
    **PRODUCTS, **SHAPES, **EINSUM, **INDICES, **VALUES, **ARGUMENTS, **GRADIENTS, **CALLS,
    **LANGUAGE, **SYNTAX,
}  # fmt: skip


def fresh_names() -> dict[str, Any]:
    """The tensors of the snippets, some of which change in place."""
    return {
        name: value.detach().clone().requires_grad_(value.requires_grad)
        for name, value in NAMES.items()
    }


@pytest.mark.parametrize("source", EVERYTHING)
def test_an_exception_is_explained_with_its_sizes_and_names(source: str) -> None:
    words = said(source, **fresh_names())
    for word in EVERYTHING[source]:
        assert word in words


@pytest.mark.parametrize(
    ("kind", "message", "word"),
    [
        ("ValueError", "max() arg is an empty sequence", "nothing in it"),  # Python 3.11
        ("ValueError", "max() iterable argument is empty", "nothing in it"),  # 3.12
        ("SyntaxError", "non-default argument follows default argument", "default"),
        ("SyntaxError", "parameter without a default follows parameter with a default", "default"),
        ("SyntaxError", "f-string: expecting '}'", "brace"),
        ("UnboundLocalError", "local variable 'x' referenced before assignment", "`x`"),
        ("TypeError", "'base' is an invalid keyword argument for print()", "`base`"),
        ("TypeError", "only length-1 arrays can be converted to Python scalars", "single number"),
        ("RuntimeError", "\"softmax_lastdim_kernel_impl\" not implemented for 'Long'", "int64"),
        ("AssertionError", "Torch not compiled with CUDA enabled", "graphics card"),
    ],
)
def test_wordings_of_other_versions_are_understood(kind: str, message: str, word: str) -> None:
    assert word in (explain(Trouble(kind, message, ())) or "")


@pytest.mark.parametrize(
    "source",
    ["assert q is None", "assert 1 == 2, 'should be equal'", "raise ValueError('n is too small')"],
)
def test_nothing_is_added_to_what_the_student_says_himself(source: str) -> None:
    assert explain(raised(source, **NAMES)) is None


@pytest.mark.parametrize(
    "source",
    [
        "layer(q) @ q",  # fails inside of the layer
        "(q @ k) @ (k @ q)",
        "scores = (q @ k if q is not None else",
        "x = q @ k  # " + "x" * 400,
        "q @ kept['`']",
    ],
)
def test_operands_are_named_only_where_no_other_part_of_the_line_can_have_failed(
    source: str,
) -> None:
    line = Frame("cell", 1, source, "")
    message = "mat1 and mat2 shapes cannot be multiplied (4x8 and 5x8)"
    words = explain(Trouble("RuntimeError", message, (line,))) or ""
    assert words.startswith("A product comes down to (4, 8) times (5, 8)")
    assert "`q" not in words


@pytest.mark.parametrize(
    ("source", "word"),
    [
        ("q[:3] @ k", "batch"),  # 3 rows are no batch of matrices with rows in them
        ("q @ k", "nn.Linear"),
        ("def make():\n    def f(x): pass\n    f(1, 2)\nmake()", "self"),
        ("torch.ones(3) @ q", "`torch.ones(3).T`"),
    ],
)
def test_what_does_not_concern_the_exception_is_left_out(source: str, word: str) -> None:
    assert word not in said(source, **fresh_names())


@pytest.mark.parametrize("key", ["a`b", "a\x00b", "a\ud800b", "a\u2028b", "{name}", "a" * 90])
def test_what_is_quoted_from_a_message_is_fit_to_be_shown(key: str) -> None:
    words = explain(Trouble("KeyError", key, ()))
    assert words is not None
    assert "`" not in words
    assert words.isprintable()
    assert len(words) < 200


# No claim about sizes is false.

sizes = st.integers(1, 6)
matrices = st.tuples(sizes, sizes)


def fits(one: torch.Tensor, other: torch.Tensor) -> bool:
    try:
        one @ other
    except RuntimeError:
        return False
    return True


@given(matrices, matrices, st.sampled_from(["a @ b", "a.T @ b", "torch.mm(a, b.T)", "a.matmul(b)"]))
def test_a_transpose_is_proposed_exactly_where_it_makes_the_product_fit(
    one: tuple[int, int], other: tuple[int, int], source: str
) -> None:
    a, b = torch.ones(one), torch.ones(other)
    left, right = (a.T if "a.T" in source else a), (b.T if "b.T" in source else b)
    if fits(left, right):
        return
    words = said(source, a=a, b=b)
    assert f"{tuple(left.shape)} times {tuple(right.shape)}" in words
    asked = words[words.find("Turned round") :] if "Turned round" in words else ""
    assert ("`a`" in asked or "`a.T`" in asked) == fits(left.T, right)
    assert ("`b`" in asked or "`b.T`" in asked) == fits(left, right.T)
    for name in re.findall(r"`([ab](?:\.T)?)`", asked):
        turned = {"a": a, "a.T": a.T, "b": b, "b.T": b.T}[name]
        assert fits(turned, right) if name[0] == "a" else fits(left, turned)
    if "In the other order" in words:
        assert fits(right, left)


@given(matrices, sizes)
def test_of_a_matrix_and_a_vector_too(shape: tuple[int, int], length: int) -> None:
    a, x = torch.ones(shape), torch.ones(length)
    if fits(a, x):
        return
    words = said("a @ x", a=a, x=x)
    assert f"a {shape} matrix times a vector of {length} number" in words
    assert ("`a.T`" in words) == fits(a.T, x)


@given(
    st.lists(sizes, min_size=2, max_size=4), st.lists(sizes, min_size=2, max_size=4), st.booleans()
)
def test_the_two_sizes_that_clash_in_a_batch_are_the_ones_that_are_named(
    one: list[int], other: list[int], tracked: bool
) -> None:
    a, b = torch.ones(one, requires_grad=tracked), torch.ones(other)
    if fits(a, b):
        return
    words = said("a @ b", a=a, b=b)
    if "in dimension" in words:
        check_broadcast(words, one, other)
    else:
        found = re.search(r"(\d+) columns?.*?(?:it has|right) (\d+)", words)
        assert found is not None
        assert {int(found[1]), int(found[2])} == {one[-1], other[-2]}
        assert one[-1] != other[-2]


def check_broadcast(words: str, one: list[int], other: list[int]) -> None:
    found = re.search(r"`a` has (\d+) and `b` (\d+) in dimension (\d+)", words)
    assert found is not None
    mine, theirs, dimension = map(int, found.groups())
    rank = max(len(one), len(other))
    assert [1] * (rank - len(one)) + one != [1] * (rank - len(other)) + other
    assert ([1] * (rank - len(one)) + one)[dimension] == mine
    assert ([1] * (rank - len(other)) + other)[dimension] == theirs
    assert 1 not in (mine, theirs)
    assert mine != theirs


@given(
    st.lists(sizes, min_size=1, max_size=4),
    st.lists(sizes, min_size=1, max_size=4),
    st.sampled_from(["a + b", "a - b", "a * b", "a / b", "a ** b", "a < b", "x = a == b"]),
)
def test_the_dimension_in_which_two_shapes_clash_is_counted_from_the_front(
    one: list[int], other: list[int], source: str
) -> None:
    try:
        torch.broadcast_shapes(one, other)
    except RuntimeError:
        check_broadcast(said(source, a=torch.ones(one), b=torch.ones(other)), one, other)


@given(st.integers(0, 40), st.lists(st.integers(-1, 6), min_size=1, max_size=3))
def test_what_is_said_of_a_new_shape_is_arithmetic(values: int, shape: list[int]) -> None:
    try:
        torch.ones(values).reshape(shape)
    except RuntimeError as error:
        words = explain(Trouble("RuntimeError", str(error), ()))
        if words is None or shape.count(-1) > 1:
            return
        if -1 in shape:
            group = math.prod(size for size in shape if size != -1)
            assert f"{values} values cannot be divided into groups of {group}" in words
            assert group == 0 or values % group
        else:
            assert f"{math.prod(shape)} values, and the tensor has {values}" in words
            assert math.prod(shape) != values


@given(st.lists(sizes, min_size=1, max_size=3), st.integers(-5, 5))
def test_the_dimensions_that_are_offered_exist(shape: list[int], dim: int) -> None:
    tensor = torch.ones(shape)
    if -tensor.dim() <= dim < tensor.dim():
        return
    words = said("tensor.sum(dim=dim)", tensor=tensor, dim=dim)
    assert f"{dim} is outside" in words
    for offered in map(int, re.findall(r"-?\d+", words.split("may be")[1].split(", and")[0])):
        tensor.sum(dim=offered)


@pytest.mark.parametrize(
    ("home", "names"),
    [
        (torch.Tensor, KNOWN["Tensor"]),
        (torch, KNOWN["torch"]),
        (nn, KNOWN["torch.nn"]),
        (functional, KNOWN["torch.nn.functional"]),
        (builtins, KNOWN["builtins"]),
    ],
    ids=["Tensor", "torch", "nn", "functional", "builtins"],
)
def test_every_name_that_may_be_proposed_exists(home: Any, names: list[str]) -> None:
    assert [name for name in names if not hasattr(home, name)] == []


# Whatever the strings hold.

MESSAGES = [raised(source, **fresh_names()) for source in EVERYTHING]
scraps = st.sampled_from(
    ["9" * 5_000, "`", "{", "}", "\n", "\ud800", "\x00", "'", "-", "٣", "", "("]
)


@st.composite
def damaged(draw: st.DrawFn, text: str) -> str:
    """A text in which digits or places are replaced by something else."""
    for _ in range(draw(st.integers(1, 3))):
        spots = [m.span() for m in re.finditer(r"\d+|\W|\b", text)] or [(0, 0)]
        start, end = draw(st.sampled_from(spots))
        text = text[:start] + draw(scraps | st.text(max_size=5)) + text[end:]
    return text


@st.composite
def any_trouble(draw: st.DrawFn) -> Trouble:
    """A real exception with damage, or any three texts."""
    real = draw(st.sampled_from(MESSAGES))
    kind = draw(st.just(real.type) | st.text())
    message = draw(damaged(real.message) | st.text())
    line = real.frames[-1].text if real.frames else ""
    text = draw(damaged(line) | st.text())
    return Trouble(kind, message, draw(st.just((Frame("c", 1, text, ""),)) | st.just(())))


@given(any_trouble())
def test_no_exception_breaks_the_explanation_or_the_card_that_shows_it(trouble: Trouble) -> None:
    words = explain(trouble)
    assert words is None or words.strip() == words != ""
    if words:
        assert words.count("`") % 2 == 0
        assert "\n" not in words
        assert words.endswith((".", "?"))
        assert len(words) < 1_000
        words.encode()


@pytest.mark.parametrize("filler", ["1", "a", "(", " ", "4x8 and ", "'a' ", "[1, ", "f(", "."])
def test_very_long_messages_and_lines_come_to_an_end(filler: str) -> None:
    for real in MESSAGES[::5]:
        text = filler * 20_000
        large = re.sub(r"\d+", lambda _: filler * 5_000, real.message)
        for message in (text, real.message[:20] + text, large):
            explain(Trouble(real.type, message, (Frame("c", 1, text, ""),)))
