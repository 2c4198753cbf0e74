"""Messages about tensors other than sizes that clash: indices, dtypes, single numbers, gradients,
losses, and what PyTorch's own functions are given."""

from __future__ import annotations

import math
import re

from spotlight.diagnosis.error_messages.operations import the_operation
from spotlight.diagnosis.error_messages.wording import Rules, dtype, quoted

# Dimensions and indices.


def _dimension(found: re.Match[str], line: str) -> str:
    lowest, highest, got = map(int, found.groups())
    allowed = f"from 0 to {highest}, or from {lowest} to -1 (the last)" if highest else "0 or -1"
    return (
        f"Dimensions are counted from 0: here `dim` may be {allowed}, and {got} is outside. "
        "Has a dimension been lost before, by a sum or an index?"
    )


def _out_of_bounds(found: re.Match[str], line: str) -> str:
    index, dimension, size = map(int, found.groups())
    if size == 0:
        return f"Dimension {dimension} is empty, so that it has no entry to pick."
    return (
        f"Dimension {dimension} has size {size}, so its indices run from 0 to {size - 1}; {index} "
        "is outside. Is it off by one, or meant for another dimension?"
    )


_INDICES: Rules = [
    (r"Dimension out of range \(expected to be in range of \[(-?\d+), (-?\d+)\], but got (-?\d+)\)",
     _dimension),
    (r"axis (?P<d>-?\d+) is out of bounds for array of dimension (?P<n>\d+)",
     "With {n} dimensions, counted from 0, there is no axis {d}; -1 is the last one."),
    (r"index (-?\d+) is out of bounds for (?:dimension|axis) (\d+) with size (\d+)",
     _out_of_bounds),
    (r"(?P<kind>list|string) index out of range",
     "With n entries a {kind} has the indices 0 to n - 1, and this one is outside. Is it off by "
     "one, or the {kind} shorter than you expect?"),
    (r"tuple index out of range",
     "With n entries a tuple has the indices 0 to n - 1, and this one is outside. A shape is a "
     "tuple, with one entry for each dimension."),
    (r"index out of range in self",
     "An index is negative, or not smaller than the number of rows that it looks into. For an "
     "embedding: are all ids below the size of the vocabulary?"),
    (r"too many indices for (tensor of dimension (?P<n>\d+)|array: array is (?P<n2>\d+)-dim)",
     "The square brackets hold more indices than there are dimensions, {n}{n2}. Has a dimension "
     "been lost before, by a sum or an index?"),
    (r"invalid index of a 0-dim tensor|iteration over a 0-d tensor|invalid index to scalar",
     "It is a single number, without entries: has a sum or an index taken all dimensions away?"),
    (r"only integers, slices .{1,200} valid indices|tensors used as indices must be long|"
     r"indices must be integers or slices, not float|slice indices must be integers",
     "An index must be a whole number, or a mask of True and False. `//` divides without a "
     "fraction, and `.long()` makes whole numbers."),
    (r"selected index k out of range", "It is asked for more values than the dimension has."),
    (r"(too many|not enough) values to unpack \(expected (?P<n>\d+)",
     "The left side has {n} names, and the right side another number of parts; a tensor is "
     "unpacked along its first dimension. What is its shape?"),
]  # fmt: skip


# Kinds of numbers.


def _clash_of_dtypes(found: re.Match[str], line: str) -> str | None:
    names = re.split(" != |, and |, | and | but found ", found[1])
    kinds = list(dict.fromkeys(map(dtype, names)))
    if len(kinds) != 2:
        return None
    product = the_operation(line, "@")
    where = f"The two sides of `{product.text}`" if product else "Tensors that are multiplied"
    said = f"{where} must hold one kind of number, and here {kinds[0]} meets {kinds[1]}. "
    if any(kind.startswith(("int", "uint", "bool")) for kind in kinds):
        return said + "`.float()` turns whole numbers and truth values into float32."
    if "float64" in kinds:
        return said + "float64 often comes from NumPy; `.float()` makes float32 of it."
    return said + "`a.to(b.dtype)` gives `a` the kind of `b`."


def _more_than_one(found: re.Match[str], line: str) -> str:
    own = re.search(r"(?<![\w.])(max|min)\(", line)
    if own:
        return (
            f"Python's own `{own[1]}` compares whole tensors, such as rows. `.{own[1]}()` takes "
            f"one number of all entries, `torch.{own[1]}imum(a, b)` compares entry by entry."
        )
    return (
        "`if`, `while`, `and`, `or` and `not` want one True or False, and this holds many. For an "
        "answer per entry there are `&`, `|`, `~` and `torch.where`; for one answer, `.all()` or "
        "`.any()`."
    )


def _not_for_dtype(found: re.Match[str], line: str) -> str:
    kind = dtype(found["dtype"])
    if found["f"].startswith("bitwise"):
        return f"`&`, `|` and `~` combine masks of True and False; one side here holds {kind}."
    if kind.startswith(("int", "uint", "bool")):
        return f"It is computed with fractions, and this holds {kind}: is a `.float()` missing?"
    return f"PyTorch does not compute this for {kind} here; `.float()` makes float32."


_VALUES: Rules = [
    (r"(?:same dtype, but (?:got:?|found)|expected scalar type) ([^\n]{1,80})", _clash_of_dtypes),
    (r"all inputs must share same datatype",
     "Its tensors must hold one kind of number; `x.dtype` tells which, and `.float()` makes "
     "float32."),
    (r'"(?P<f>\w{1,60})" not implemented for \'(?P<dtype>\w+)\'', _not_for_dtype),
    (r"floating point( or|and)? .{0,80}Got:? (?P<dtype>\w+)|only supports? floating.point",
     "This is computed with fractions, and the tensor holds whole numbers or truth values: is a "
     "`.float()` missing?"),
    (r"result type (?P<dtype>\w+) can't be cast to the desired output type (?P<dtype2>\w+)|Cannot "
     r"cast ufunc .{1,20} output from dtype\('(?P<dtype3>\w+)'\) to dtype\('(?P<dtype4>\w+)'\)",
     "The result holds {dtype}{dtype3}, and the tensor that is changed in place can only keep "
     "{dtype2}{dtype4}. Should it be made with `.float()`, or the result be a new tensor?"),
    (r"masked_fill_? only supports boolean masks.{0,40}dtype (?P<dtype>[\w ]+)|where expected "
     r"condition to be a boolean tensor, .{0,40}dtype (?P<dtype2>\w+)",
     "A mask is made of True and False, and this one holds {dtype}{dtype2}. A comparison makes "
     "one (`mask == 0`), or `mask.bool()`, where all but 0 becomes True."),
    (r"value cannot be converted to type u?int\w* without overflow",
     "A tensor of whole numbers has no infinity; `.float()` makes a tensor that has."),
    (r"ensor for argument #\d 'indices' .{1,120} got torch\.(?P<dtype>\w+?)Tensor|one_hot is only "
     r"applicable to index tensor|gather\(\): Expected dtype int",
     "Ids and indices are whole numbers, and these are not of an integer kind; `.long()` makes "
     "int64."),
    (r"(Negation|Subtraction), the `-` operator, (on|with) (a|two) bool",
     "True and False are not subtracted: `~mask` turns a mask round, `.float()` makes 1 and 0."),
    (r"Could not infer dtype of (?P<t>\w+)",
     "A tensor is made of numbers, and there is a {t} among these. If it is None: does the "
     "function that it comes from `return` it?"),
    (r"only integer tensors of a single element",
     "A place in a list or a count is one whole number: a tensor can stand for it only if it holds "
     "just one, of an integer kind. `.tolist()` gives plain numbers."),
    (r"only one element tensors can be converted|elements cannot be converted to Scalar|"
     r"array of size 1 to a Python scalar|only (0-dimensional|length-1) arrays can be",
     "`float()`, `.item()` and the `math` functions take a single number. `torch.sqrt`, "
     "`torch.exp` and the like take a whole tensor; `torch.stack` makes one of a list of tensors."),
    (r"~ \(operator\.invert\) is only implemented on",
     "`~` turns True and False round, and this tensor holds fractions. A comparison makes a mask "
     "(`mask == 0`), or `mask.bool()`, where all but 0 becomes True."),
    (r"Boolean value of Tensor with more than one|truth value of an array with more than one",
     _more_than_one),
    (r"Boolean value of Tensor with no values", "The tensor is empty, so it is neither true nor "
     "false; ask for its size instead: `x.numel() > 0`."),
    (r"unsupported format string passed to Tensor",
     "A format such as `:.2f` is made for a number: `.item()` takes it out of a tensor that holds "
     "one."),
    (r"expected sequence of length (?P<a>\d+) at dim (?P<d>\d+) \(got (?P<b>\d+)\)|inhomogeneous",
     "A tensor or array has rows of equal length, and these lists do not make such rows."),
    (r"Expected reduction dim .{0,60}numel\(\) == 0|Expected reduction dim \d+ to have non-zero",
     "The tensor is empty, so it has no largest or smallest entry. Has an index taken everything?"),
]  # fmt: skip


# What PyTorch's functions are given.


def _not_a_tensor(found: re.Match[str], line: str) -> str:
    name, given = f"`{quoted(found['f'])}`", found["given"]
    if given == "NoneType":
        return (
            f"{name} is given None where it takes a tensor. Does the function that this comes from "
            "end with `return`?"
        )
    cures = {
        "list": "`torch.tensor` makes one of numbers, `torch.stack` one of tensors.",
        "tuple": "is one part of the tuple meant?",
        "numpy.ndarray": "`torch.from_numpy` makes one of an array.",
    }
    if given in ("int", "float") and hasattr(math, found["f"]):
        return f"{name} takes a tensor; `math.{found['f']}` takes a plain number such as this."
    cure = f": {cures[given]}" if given in cures else "."
    return f"{name} takes a tensor here, and is given something of type {quoted(given)}{cure}"


_ARGUMENTS: Rules = [
    (r"torch\.return_types\.(?P<f>\w{1,30})",
     "With a `dim`, `{f}` returns two tensors, the values and their indices: `.values` is the "
     "first."),
    (r"(?P<f>\w{1,60})\(\): argument '\w+' \(position \d+\) must be Tensor, not "
     r"(?P<given>[\w.]+)", _not_a_tensor),
    (r"must be (tuple of ints|int), ?(not|but got) float|'float' object cannot be interpreted as",
     "Sizes and counts are whole numbers, and `/` always makes a fraction: `//` divides without "
     "one."),
    (r"parameter '(?P<p>\w{1,60})' \(torch\.nn\.Parameter or None expected\)",
     "`{p}` is a parameter of the module, and only an `nn.Parameter` can take its place."),
    (r"cannot assign (module|parameters?|buffers?) before Module\.__init__\(\) call",
     "`super().__init__()` must be the first line of the module's `__init__`."),
    (r"Module \[(?P<m>\w{1,60})\] is missing the required \"forward\" function",
     "`{m}` is called, and what a module does when called stands in its method `forward`. Is it "
     "missing, misspelt, or indented as part of `__init__`?"),
    (r"normalized_shape=\[(?P<a>\d+)\], expected .{1,40} but got input of size\[(?P<shape>[\d, ]+)",
     "The layer norm is made for a last dimension of {a}, and is given {shape}."),
    (r"not compiled with CUDA enabled|No CUDA GPUs are available|Found no NVIDIA driver",
     "This PyTorch has no graphics card to compute on: leave the tensor on the processor."),
]  # fmt: skip


# Gradients and losses.

_GRADIENTS: Rules = [
    (r"leaf Variable that requires grad .{0,20}used in an in-place operation",
     "A parameter is changed in place while PyTorch records what is computed with it. An update "
     "step stands inside `with torch.no_grad():`; anything else makes a new tensor."),
    (r"modified by an inplace operation: \[torch\.\w+ \[(?P<shape>[\d, ]*)\]\](, which is output "
     r"\d+ of (?P<f>\w+))?",
     "A tensor of {shape} was overwritten after it was computed, and `backward` needs its old "
     "values. Where is a `+=`, an `x[...] = ` or a method that ends in `_`? Make a new one there."),
    (r"element 0 of tensors does not require grad",
     "Nothing that this was computed from is tracked: either no tensor has `requires_grad=True`, "
     "or `.detach()`, `.item()`, `torch.tensor(...)` or `no_grad()` has cut the thread."),
    (r"grad can be implicitly created only for scalar outputs",
     "`backward()` starts from a single number, the loss, and this tensor holds more. Is a "
     "`.mean()` or `.sum()` missing?"),
    (r"backward through the graph a second time",
     "`backward()` has already run through this computation and let it go. Compute the loss anew "
     "in every step: is something computed once, before the loop, that belongs inside it?"),
    (r"appears to not have been used in the graph",
     "The gradient is asked for a tensor that the result does not depend on. Was a copy of it "
     "used, or another tensor?"),
    (r"Can't call numpy\(\) on Tensor that requires grad",
     "NumPy knows no gradients: `.detach()` gives the same values without them, to look at or to "
     "draw."),
    (r"nly Tensors of floating point .{0,20}dtype can require gradients",
     "Only numbers with fractions have gradients: write `1.0` for `1`, or add `.float()`."),
    (r"can't optimize a non-leaf|optimizer got an empty parameter list|params argument given to",
     "An optimizer is given a list of parameters, such as `model.parameters()`; they are the "
     "tensors made by `nn.Parameter` or with `requires_grad=True`."),
    (r"input batch_size \((?P<a>\d+)\) to match target batch_size \((?P<b>\d+)\)",
     "There are {a} rows of scores and {b} targets, and each row needs one target. Are both "
     "flattened alike, or shifted alike?"),
    (r"Expected target size \[(?P<shape>[\d, ]+)\], got \[(?P<shape2>[\d, ]+)\]",
     "`cross_entropy` takes dimension 1 of the scores for the classes, and so wants targets of "
     "{shape}, not {shape2}. Should batch and time be flattened into one first?"),
    (r"Target (?P<n>-?\d+) is out of bounds",
     "A target is the number of a class, from 0 up to one less than the scores in a row, and "
     "{n} is outside. Are the scores as wide as the vocabulary?"),
    (r"expected target dtype to be Long or Byte, but got (?P<dtype>\w+)",
     "Targets of this shape are the numbers of classes, in int64, and these are {dtype}: `.long()` "
     "makes them so."),
    (r"probability tensor contains either `inf`, `nan` or element < 0",
     "What is drawn from must be probabilities, none negative, infinite or nan. Has the softmax "
     "been left out, or divided by 0, or been given a row of nothing but -inf?"),
]  # fmt: skip

RULES: Rules = [*_INDICES, *_VALUES, *_ARGUMENTS, *_GRADIENTS]
