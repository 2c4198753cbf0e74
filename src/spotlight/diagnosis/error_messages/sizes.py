"""Messages about sizes that do not fit: products, broadcasting, reshaping, joining, einsum."""

from __future__ import annotations

import math
import re

from spotlight.diagnosis.error_messages.operations import the_operation
from spotlight.diagnosis.error_messages.wording import Rules, count

# Products.


def _matrices(found: re.Match[str], line: str) -> str:
    a, b, c, d = map(int, found.groups())
    product = the_operation(line, "@")
    said = (
        f"{f'`{product.text}`' if product else 'A product'} comes down to {(a, b)} times {(c, d)}: "
        f"the {count(b, 'column')} of the first must meet as many rows in the second, "
        f"and it has {c}."
    )
    first, second = (product.left_turned, product.right_turned) if product else ("", "")
    if a == c and b == d:
        asked = f"is `{second}` meant, or `{first}`?" if product else "which one is meant?"
        said += f" Turned round, a {(a, b)} is {(b, a)} and fits on either side: {asked}"
    elif b == d or a == c:
        which, shape, name = ("second", (d, c), second) if b == d else ("first", (b, a), first)
        asked = f"is `{name}` meant?" if product else "is a transpose missing, or one too many?"
        said += f" Turned round, the {which} is {shape} and fits: {asked}"
    elif a == d:
        said += f" In the other order, {(c, d)} times {(a, b)}, they fit."
    if not re.search("@|mm|mul|dot", line):
        said += f" An `nn.Linear({c}, {d})`, if this is one, takes rows of {c} and is given {b}."
    return said


def _matrix_and_vector(found: re.Match[str], line: str) -> str:
    rows, columns, length = map(int, found.groups())
    product = the_operation(line, "@")
    said = (
        f"{f'`{product.text}`' if product else 'A product'} comes down to a {(rows, columns)} "
        f"matrix times a vector of {count(length, 'number')}: a row of the matrix holds {columns}, "
        f"and the vector must hold as many."
    )
    if rows == length:
        asked = f"is `{product.left_turned}` meant?" if product else "is a transpose missing?"
        said += f" Turned round, the matrix is {(columns, rows)} and fits: {asked}"
    return said


def _batches(found: re.Match[str], line: str) -> str:
    batch, columns, other_batch, rows = map(int, found.groups())
    if columns == rows:
        return (
            "The matrices of two batches are multiplied pair by pair, and here are "
            f"{batch} on the left and {other_batch} on the right: the first sizes must be equal."
        )
    product = the_operation(line, "@")
    return (
        f"{f'`{product.text}`' if product else 'A product'} multiplies matrix by matrix: on the "
        f"left each has {count(columns, 'column')}, on the right {count(rows, 'row')}, and the "
        "two must be equal. Should one side be turned round? `.transpose(-2, -1)` swaps the last "
        "two dimensions and leaves the batch alone."
    )


_PRODUCTS: Rules = [
    (r"mat1 and mat2 shapes cannot be multiplied \((\d+)x(\d+) and (\d+)x(\d+)\)", _matrices),
    (r"shapes \((\d+),(\d+)\) and \((\d+),(\d+)\) not aligned", _matrices),
    (r"size mismatch, got input \(\d+\), mat \((\d+)x(\d+)\), vec \((\d+)\)", _matrix_and_vector),
    (r"batch2 tensor to be: \[(\d+), (\d+)\] but got: \[(\d+), (\d+)\]", _batches),
    (r"expected tensor \[(?P<a>\d+)\] and src \[(?P<b>\d+)\] to have the same number",
     "A dot product pairs the numbers of two vectors: here one has {a} and the other {b}. Where "
     "should the two lengths have become equal?"),
    (r"1D tensors expected, but got (?P<a>\d+)D and (?P<b>\d+)D",
     "`dot` takes two vectors, and here are a {a}-D and a {b}-D tensor; `@` multiplies matrices."),
    (r"(self|mat2|batch[12]) must be a (matrix|3D tensor)|vector \+ matrix @ vector expected",
     "`mm` takes two matrices, `mv` a matrix and a vector, `bmm` two batches of matrices (3-D); "
     "`@` takes any of these."),
    (r"both arguments to matmul need to be at least 1D|matmul: Input operand \d does not have",
     "One side of the product is a single number; `*` multiplies by a number, `@` by a vector or "
     "a matrix."),
    (r"matmul: Input operand 1 has a mismatch .{1,80} \(size (?P<b>\d+) is different from "
     r"(?P<a>\d+)\)|not aligned: (?P<a2>\d+) \(dim \d+\) != (?P<b2>\d+) \(dim",
     "The sizes that meet in a product must be equal, the columns of the first and the rows of the "
     "second; here they are {a}{a2} and {b}{b2}. Is a transpose missing, or one too many?"),
]  # fmt: skip


# Shapes: broadcasting, reshaping, joining.

_KEEP = (
    "If one of them is a sum, mean or maximum over a dimension, does `keepdim=True` (or "
    "`unsqueeze`) keep a 1 in its place?"
)


def _broadcast(found: re.Match[str], line: str) -> str:
    a, b, dimension = found.groups()
    operation = the_operation(line)
    who = f"A size of {a} meets one of {b}"
    if operation:
        who = f"`{operation.left}` has {a} and `{operation.right}` {b}"
    rule = "two sizes must be equal, or one of them 1"
    if operation and operation.symbol == "@":
        return f"{who} in dimension {dimension}, one that counts matrices: {rule}."
    return (
        f"{who} in dimension {dimension}, counted from 0 at the front of the longer shape: {rule}. "
        f"Shapes are lined up at their last dimension. {_KEEP}"
    )


def _reshape(found: re.Match[str], line: str) -> str:
    sizes, values = [int(size) for size in found[1].split(", ")], int(found[2])
    known = math.prod(size for size in sizes if size >= 0)
    if -1 not in sizes:
        product = " × ".join(map(str, sizes))
        said = f"{product} = {known}" if len(sizes) > 1 else str(known)
        return (
            f"A shape of {tuple(sizes)} holds {said} values, and the tensor has {values}: not one "
            "may be left over or be missing. Which size is not what you expect?"
        )
    return (
        f"The -1 stands for what is left, but {values} values cannot be divided into groups of "
        f"{known}. Which size is not what you expect?"
    )


_SHAPES: Rules = [
    (r"size of tensor a \((\d+)\) must match the size of tensor b \((\d+)\) at non-singleton "
     r"dimension (\d+)", _broadcast),
    (r"could not be broadcast together with shapes \((?P<shape>[\d,]+)\) \((?P<shape2>[\d,]+)\)",
     "{shape} and {shape2} are lined up at their last dimension: two sizes must be equal, or one "
     "of them 1. If one is a sum or maximum over an axis, does `keepdims=True` keep a 1 there?"),
    (r"expanded size of the tensor \((?P<to>\d+)\) must match the existing size \((?P<size>\d+)\) "
     r"at non-singleton dimension (?P<d>\d+)\.  Target sizes: \[(?P<shape>[-\d, ]+)\]\.  Tensor "
     r"sizes: \[(?P<shape2>[\d, ]+)\]",
     "{shape2} does not stretch to {shape}: in dimension {d} of the latter {size} would have to "
     "become {to}, and only a size of 1 can be repeated. Is a dimension missing or misplaced?"),
    (r"number of sizes provided \((?P<to>\d+)\) must be greater or equal to the number of "
     r"dimensions in the tensor \((?P<n>\d+)\)",
     "A {n}-D tensor does not fit into {to}-D: no dimension is dropped by itself. Is a sum or an "
     "index over one of them missing?"),
    (r"output (operand )?with shape [\[(](?P<shape>[\d, ]*)[\])] doesn't match the broadcast shape "
     r"[\[(](?P<shape2>[\d, ]*)[\])]",
     "The result would be {shape2}, which has no room in the {shape} that is changed in place. Is "
     "a new tensor meant, as in `x = x + y` for `x += y`?"),
    (r"could not broadcast input array from shape \((?P<shape>[\d,]*)\) into shape "
     r"\((?P<shape2>[\d,]*)\)",
     "{shape} does not fit into the {shape2} that it is assigned to: sizes must be equal, or 1."),
    (r"shape of the mask \[(?P<shape>[\d, ]*)\] at index (?P<d>\d+) does not match the shape of "
     r"the indexed tensor \[(?P<shape2>[\d, ]*)\] at index (?P<e>\d+)",
     "A mask of {shape} is laid over a tensor of {shape2}: the mask's dimension {d} and the "
     "tensor's dimension {e} must be of one size."),
    (r"indexing tensors could not be broadcast together with shapes \[(?P<shape>[\d, ]*)\], "
     r"\[(?P<shape2>[\d, ]*)\]",
     "Two lists of indices are taken pair by pair, and theirs are {shape} and {shape2}: they must "
     "be equally long."),
    (r"shape '\[(-?\d+(?:, -?\d+)*)\]' is invalid for input of size (\d+)", _reshape),
    (r"cannot reshape array of size (?P<n>\d+) into shape",
     "The new shape must hold the array's {n} values, not one more or less. Which size is not what "
     "you expect?"),
    (r"only one dimension can be inferred", "Only one size can be -1, the one that follows from "
     "the others."),
    (r"view size is not compatible with input tensor's size and stride",
     "After `.T`, `transpose` or `permute` the values lie in memory in their old order, which "
     "`view` cannot regroup; `.reshape(...)` can, by copying. Are the dimensions in the right "
     "order before it?"),
    (r"input\.dim\(\) = (?P<n>\d+) is not equal to len\(dims\) = (?P<m>\d+)",
     "`permute` wants each dimension named once: the tensor has {n}, and {m} are given. "
     "`transpose` swaps two of them."),
    (r"t\(\) expects a tensor with <= 2 dimensions, but self is (?P<n>\d+)D",
     "`.t()` turns a matrix round, and this is {n}-D: `.transpose(-2, -1)` swaps its last two."),
    (r"tensor\.m?[TH] is only supported on matrices .{0,40}Got (?P<n>\d+)-D|(?P<f>tri[lu]): input "
     r"tensor must have at least 2 dimensions",
     "That is made for matrices, and needs rows and columns; has a dimension been lost before, by "
     "an index or a sum?"),
    (r"stack expects each tensor to be equal size, but got \[(?P<shape>[\d, ]*)\] at entry 0 and "
     r"\[(?P<shape2>[\d, ]*)\] at entry (?P<n>\d+)",
     "`stack` lays tensors of one shape side by side: entry 0 is {shape}, entry {n} is {shape2}. "
     "`torch.cat` joins tensors that differ along one dimension."),
    (r"must match except in dimension (?P<d>\d+)\. Expected size (?P<a>\d+) but got size (?P<b>\d+)"
     r" for tensor number (?P<nth>\d+)",
     "`cat` joins along dimension {d}, and in all others sizes must be equal: the {nth} tensor of "
     "the list has {b} where {a} is wanted. Is another `dim` meant?"),
    (r"Tensors must have same number of dimensions: got (?P<a>\d+) and (?P<b>\d+)",
     "`cat` joins along a dimension that all have: here a {a}-D meets a {b}-D tensor. `unsqueeze` "
     "adds a dimension; `torch.stack` makes a new one."),
    (r"all the input array dimensions except .{1,60} along dimension (?P<d>\d+), the array at "
     r"index \d+ has size (?P<a>\d+) and the array at index (?P<nth>\d+) has size (?P<b>\d+)",
     "Joined arrays may differ along the joining axis alone: in dimension {d} the {nth} has {b} "
     "where the one before has {a}. Is another `axis` meant?"),
    (r"all input arrays must have the same shape",
     "`stack` lays arrays of one shape side by side; print their shapes. `np.concatenate` joins "
     "arrays that differ along one axis."),
    (r"argument 'tensors' \(position 1\) must be tuple of Tensors, not Tensor",
     "It takes several tensors, in square brackets: `[a, b]`. One tensor that holds them all is "
     "taken apart by `.unbind(dim)`."),
    (r"expected Tensor as element (?P<nth>\d+) in argument 0, but got (?P<t>\w+)",
     "The list must hold tensors, and its {nth} entry is of type {t}."),
    (r"stack expects a non-empty TensorList|cat\(\): expected a non-empty list",
     "The list to be joined is empty: has the loop that fills it run, and does it append?"),
]  # fmt: skip


_EINSUM: Rules = [
    (r"einsum\(\): subscript (?P<i>\w) has size (?P<b>\d+) for operand (?P<nth>\d+) which does not "
     r"broadcast with previously seen size (?P<a>\d+)",
     "One letter stands for one size, and `{i}` is {b} in the {nth} tensor and {a} before it. Are "
     "that tensor's letters in the order of its dimensions?"),
    (r"einsum\(\): the number of subscripts in the equation \((?P<n>\d+)\) .{1,40} number of "
     r"dimensions \((?P<m>\d+)\) for operand (?P<nth>\d+)",
     "The equation has a letter for each dimension: it gives the {nth} tensor {n} letters, and "
     "that tensor has {m} dimensions."),
    (r"einsum\(\): (?P<how>fewer|more) operands were provided",
     "The equation names its tensors between commas, and {how} tensors than that follow it."),
    (r"einsum\(\): output subscript (?P<i>\w) does not appear",
     "The letter `{i}` stands after the arrow and in no tensor before it, so its size is unknown."),
    (r"einsum\(\): output subscript (?P<i>\w) appears more than once",
     "Each letter after the arrow names one dimension of the result: `{i}` can stand there once."),
    (r"einsum\(\): (invalid subscript given at index (?P<at>\d+)|found '.' for operand)",
     "An equation is made of letters, commas and one `->`, as in `'ij->ji'`. Is one mistyped?"),
    (r"subscripts string contains too many subscripts for operand (?P<nth>\d+)",
     "The equation has a letter for each dimension: it gives the {nth} array more letters than "
     "dimensions."),
]  # fmt: skip

RULES: Rules = [*_PRODUCTS, *_SHAPES, *_EINSUM]
