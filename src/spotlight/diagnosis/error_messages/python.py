"""Messages of the language itself: None, calls, attributes, names, syntax, arithmetic."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable

from spotlight.course.lesson import not_done
from spotlight.diagnosis.error_messages.operations import the_operation
from spotlight.diagnosis.error_messages.wording import Rules, quoted

# None, operators, calls.

_METHOD = (
    "A function is used as if it were its result: are round brackets missing, as in `x.size()` or "
    "`x.sum()`?"
)


def _operands(found: re.Match[str], line: str) -> str | None:
    """One operator between two types that it does not combine."""
    symbol, left, right = found.group("symbol", "left", "right")
    if "NoneType" in (left, right):
        side = "left" if left == "NoneType" else "right"
        operation = the_operation(line, symbol.removesuffix("="), symbol, hidden=False)
        text = getattr(operation, side, "")
        said = f"The {side} side of `{symbol}` is None."
        if text.endswith(".grad"):
            return f"{said} `{text}` is None until `backward()` has run and reached it."
        source = f"`{text}`" if text.endswith(")") else "the function that it comes from"
        return f"{said} Does {source} `return` what it computes?"
    if re.search("function|method", f"{left} {right}"):
        return _METHOD
    if {left, right} == {"numpy.ndarray", "Tensor"}:
        return "An array meets a tensor: `torch.from_numpy` makes a tensor of the array."
    return f"`{symbol}` does not combine {left} with {right}: is each the kind that you expect?"


def _none(found: re.Match[str], line: str) -> str:
    if ".grad" in line:
        return "Something here is None, as `.grad` is until `backward()` has run and reached it."
    return (
        "Something here is None: does the function that it comes from `return` what it computes? "
        "Methods that change a list, such as `append` and `sort`, give None as well."
    )


_KEYWORDS = {
    **dict.fromkeys(("dim", "dims", "dimension", "axis", "axes"), ("dim", "axis")),
    **dict.fromkeys(("keepdim", "keepdims"), ("keepdim", "keepdims")),
}


def _keyword(found: re.Match[str], line: str) -> str:
    name = quoted(found["name"] or found["name2"])
    both = _KEYWORDS.get(name.lower().replace("_", ""))
    if both is not None:
        return (
            f"PyTorch calls this argument `{both[0]}` and NumPy `{both[1]}`, where a function has "
            "it at all. Which of the two is called here?"
        )
    return f"The function has no parameter called `{name}`: is it spelt as in its definition?"


def _combination(found: re.Match[str], line: str) -> str:
    given = found["given"]
    said = f"`{quoted(found['f'])}` takes no such combination of arguments: ({quoted(given)})."
    if "NoneType" in given:
        return f"{said} Does the function that the None comes from `return` what it computes?"
    return f"{said} Is a name misspelt (`dim`, `keepdim`), one too many, or their order another?"


def _missing(found: re.Match[str], line: str) -> str:
    names = [f"`{name}`" for name in re.findall(r"\w{1,40}", found["names"]) if name != "and"]
    if names == ["`dim`"]:
        return "It must be told `dim`, a dimension: 0 is the first, -1 the last. Which one is it?"
    return f"The call leaves out {' and '.join(names[:4])}: what is given, and in which order?"


def _too_many(found: re.Match[str], line: str) -> str:
    *owner, function = quoted(found["f"]).split(".")
    said = f"`{function}` has room for {found['taken']} and is given {found['given']}."
    if owner and owner[-1] != "<locals>":
        said += " The object before the dot counts as the first: does the method begin with `self`?"
    return said


_CALLS: Rules = [
    (r"operand type\(s\) for (?P<symbol>[^\s:]{1,3})( or pow\(\))?: '(?P<left>[\w.]{1,40})' and "
     r"'(?P<right>[\w.]{1,40})'", _operands),
    (r"'(?P<symbol>[<>=!]{1,2})' not supported between instances of '(?P<left>[\w.]{1,40})' and "
     r"'(?P<right>[\w.]{1,40})'", _operands),
    (r"'NoneType' object|NoneType object|of type 'NoneType'|assign a NoneType", _none),
    (r"can only concatenate (?P<a>list|str|tuple) \(not \"(?P<b>[\w.]+)\"\)",
     "`+` after a {a} joins another {a} to it, and here comes something of type {b}: is each the "
     "kind that you expect?"),
    (r"can't multiply sequence by non-int",
     "`*` repeats a list a whole number of times; to multiply entry by entry, make a tensor of the "
     "list with `torch.tensor`."),
    (r"'(builtin_function_or_method|function|method)' object (is not (subscriptable|iterable)|has "
     r"no )|must be real number, not (builtin_function|function|method)", _METHOD),
    (r"must be real number, not torch\.Size",
     "A shape holds all sizes of a tensor, and one number is wanted: take one, as `x.shape[-1]`."),
    (r"'type' object does not support the (asynchronous )?context manager protocol",
     "`with` takes what a call makes: round brackets are missing, as in `torch.no_grad()`."),
    (r"'module' object is not callable",
     "A module is called like a function; the function has a name in it, as in `math.sqrt`."),
    (r"'(?P<t>[\w.]{1,40})' object is not callable",
     "Round brackets call a function, and here they follow a value of type {t}. Square brackets "
     "pick entries, `.T` and `.shape` stand without brackets, and `*` stands between factors."),
    (r"'(?P<t>\w{1,40})' object is not subscriptable",
     "Square brackets pick an entry, and a value of type {t} has none. Is it the one you expect?"),
    (r"'(?P<t>int|float)' object is not iterable|of type '(?P<t2>int|float)' has no len",
     "A single number ({t}{t2}) has no entries; `range(n)` counts from 0 to n - 1."),
    (r"'(?P<t>tuple|torch\.Size|str)' object does not support item assignment",
     "A {t} cannot be changed once it is made; a list or a tensor can."),
    (r"unexpected keyword argument '(?P<name>\w{1,60})'|'(?P<name2>\w{1,60})' is an invalid keyw",
     _keyword),
    (r"(?P<f>\w{1,60})\(\) received an invalid combination of arguments - got \("
     r"(?P<given>[^\n]{0,80})\), but expected", _combination),
    (r"\(\) missing \d+ required [a-z-]{1,20} arguments?: (?P<names>[^\n]{1,200})", _missing),
    (r": (?P<f>[\w.<>]{1,80})\(\) takes (?P<taken>(from \d+ to )?\d+ positional arguments?) but "
     r"(?P<given>\d+) w", _too_many),
]  # fmt: skip


# Names and attributes.

_OF_BOTH = (
    "abs all amax any argmax argsort bmm clone cumsum detach dot exp flatten gather log "
    "log_softmax masked_fill matmul max mean min numel permute pow reshape softmax sort split "
    "sqrt squeeze std sum tanh topk transpose tril triu unsqueeze var"
)
_OF_TENSORS = (
    "T bool device dim dtype expand fill_ float grad int item long mT norm numpy requires_grad "
    "shape size tolist view zero_"
)
_OF_TORCH = (
    "arange bool cat einsum eye float32 float64 from_numpy full int64 manual_seed multinomial "
    "no_grad ones ones_like outer rand randint randn stack tensor where zeros zeros_like"
)
_LAYERS = "Dropout Embedding GELU LayerNorm Linear Module ModuleList Parameter ReLU Sequential"
_FUNCTIONS = "cross_entropy gelu layer_norm log_softmax one_hot relu softmax"
_BUILTINS = (
    "True False None abs enumerate float int isinstance len list max min print range reversed "
    "sorted str sum super tuple zip"
)
KNOWN: dict[str, list[str]] = {
    "Tensor": f"{_OF_BOTH} {_OF_TENSORS}".split(),
    "torch": f"{_OF_BOTH} {_OF_TORCH}".split(),
    "torch.nn": _LAYERS.split(),
    "torch.nn.functional": _FUNCTIONS.split(),
    "builtins": _BUILTINS.split(),
    "math": dir(math),
    **{kind.__name__: dir(kind) for kind in (list, tuple, dict, str, int, float)},
}
"""The names of a type or a module that another name may be a slip for."""
_NUMPY_WORDS = {
    "astype": "`.float()`, `.long()` and `.to(dtype)` change the kind of its numbers",
    "copy": "`.clone()` copies it",
    "append": "`torch.cat` joins tensors and `torch.stack` piles them up",
    "array": "`torch.tensor` makes one",
    "length": "`len(x)` and `x.shape[0]` count its rows",
}
_IMPORTS = {
    "math": "import math", "np": "import numpy as np", "torch": "import torch",
    "nn": "from torch import nn", "F": "import torch.nn.functional as F",
}  # fmt: skip


def _nearest(name: str, names: Iterable[str]) -> str | None:
    names = list(names)
    alike = [known for known in names if known.lower() == name.lower()]
    return next(iter(alike or difflib.get_close_matches(name, names, 1, 0.75)), None)


def _attribute(found: re.Match[str], line: str) -> str | None:
    owner, name = found["module"] or found["type"], found["name"]
    if owner in ("Tensor", "torch") and name in _NUMPY_WORDS:
        return f"PyTorch has no `{name}` here: {_NUMPY_WORDS[name]}."
    if owner == "torch.nn" and name in KNOWN["torch.nn.functional"]:
        return f"`{name}` is a function, in `torch.nn.functional`; `torch.nn` holds the layers."
    if owner in ("list", "tuple", "numpy.ndarray") and name in KNOWN["Tensor"]:
        return (
            f"This is a {owner}, and `{name}` belongs to tensors: `torch.tensor` makes one of "
            "numbers, `torch.stack` one of tensors."
        )
    if owner in ("int", "float", "bool") and name in KNOWN["Tensor"]:
        return f"This is a single number, and `{name}` belongs to tensors. Where did it become one?"
    if owner in KNOWN["torch.nn"] and name in KNOWN["Tensor"]:
        return (
            f"This is the module {owner} itself, and `{name}` belongs to tensors: call the module "
            "on a tensor, in round brackets."
        )
    nearest = _nearest(name, KNOWN.get(owner, []))
    if nearest is not None:
        return f"Is `{nearest}` meant?"
    if found["type"] and owner not in KNOWN and "." not in owner:
        return (
            f"Is `{name}` spelt as where it is made, and made before it is used? A module makes "
            "its parts in `__init__`, as `self.name = ...`."
        )
    return None


def _name(found: re.Match[str], line: str) -> str:
    name = found["name"]
    if name in _IMPORTS:
        return f"`{_IMPORTS[name]}` brings it in."
    homes = [f"`{home}.{name}`" for home in ("math", "torch") if name in KNOWN[home]]
    if homes and len(name) > 2:
        return f"Is {' or '.join(homes)} meant?"
    nearest = _nearest(name, KNOWN["builtins"])
    if nearest is not None:
        return f"Is `{nearest}` meant?"
    return "Is it misspelt? A name that is made inside a function is not known outside of it."


_NAMES: Rules = [
    (r"(module '(?P<module>[\w.]{1,60})'|'(?P<type>[\w.]{1,60})' object) has no attribute "
     r"'(?P<name>\w{1,60})'", _attribute),
    (r"^NameError: name '(?P<name>\w{1,60})' is not defined", _name),
    (r"cannot access free variable '(?P<name>\w{1,60})'",
     "`{name}` belongs to the function around this one, which has not given it a value yet."),
    (r"local variable '(?P<name>\w{1,60})' (where it is not associated|referenced before)",
     "`{name}` is given a value somewhere in this function, which makes it the function's own, and "
     "it is read before that. Is the value given later, or in an `if` or a loop that did not run?"),
    (r"^ModuleNotFoundError: No module named '(?P<name>[\w.]{1,60})'",
     "`{name}` is misspelt, or missing from the Python that runs the course."),
    (r"cannot import name '(?P<name>\w{1,60})' from '(?P<module>[\w.]{1,60})'",
     "`{module}` has no `{name}`: is it spelt, capitals included, as in the documentation?"),
    (r"^KeyError: (?P<key>[^\n]{1,80})",
     "The dictionary has no entry {key} here. Is it spelt, and of the same kind, as its keys are?"),
    (not_done(r"^NotImplementedError: (?P<name>\w{1,80})"),
     "`{name}` is an exercise that is still marked as not done: fill it in, and leave no `raise` "
     "line behind."),
    (r"^NotImplementedError: $", "A placeholder still stands where the code belongs."),
]  # fmt: skip


# Syntax.

_TYPOGRAPHY = {
    **dict.fromkeys("“”„«»‘’‚", "straight quotes"), **dict.fromkeys("−–—", "`-`"), "×": "`*`",
    "·": "`*`", "÷": "`/`", "≤": "`<=`", "≥": "`>=`", "≠": "`!=`", "→": "`->`", "：": "`:`",
    "，": "`,`", "（": "`(`", "）": "`)`",
}  # fmt: skip


def _character(found: re.Match[str], line: str) -> str:
    wanted = _TYPOGRAPHY.get(found["sign"])
    cure = f"Python wants {wanted} there" if wanted else "it may have come with copied text"
    return f"The character {quoted(found['sign'])!r} is not one that Python reads: {cure}."


_SYNTAX: Rules = [
    (r"^SyntaxError: expected ':'",
     "A line that opens a block (`def`, `for`, `if`, `else`) ends with a colon."),
    (r"^SyntaxError: '(?P<sign>.)' was never closed",
     "A `{sign}` is opened here, and the bracket that closes it is missing."),
    (r"closing parenthesis '(?P<a>.)' does not match opening parenthesis '(?P<b>.)'",
     "`{b}` was opened last, and `{a}` closes another kind: which of the brackets is wrong?"),
    (r"^SyntaxError: unmatched '(?P<sign>.)'", "This `{sign}` closes what was not opened."),
    (r"Maybe you meant '==' (or ':=' )?instead of '='",
     "`=` gives a name a value, and only a name (or an entry) can stand left of it; `==` asks "
     "whether two values are equal."),
    (r"^SyntaxError: cannot assign to (?P<what>[\w ]{1,40})",
     "Left of `=` stands the name that is given a value, and here it is: {what}."),
    (r"Perhaps you forgot a comma",
     "Two values stand side by side with nothing between them: is a comma or an operator missing?"),
    (r"unterminated (?P<q>triple-quoted )?(f-)?string literal",
     "A text begins here with a quotation mark, and the one that ends it is missing."),
    (r"invalid (non-printable )?character '?(?P<sign>.)'? \(U\+", _character),
    (r"f-string: expecting '}'", "In an f-string, every opening brace needs its closing one."),
    (r"^IndentationError: expected an indented block",
     "After a colon comes a block, one step further in; here nothing follows, or it is not "
     "indented."),
    (r"^IndentationError: unexpected indent",
     "This line is indented further, and nothing before it opens a block for it. Should it begin "
     "where its neighbours do?"),
    (r"unindent does not match", "This line starts at a depth that no line above it has: give it "
     "the indentation of the block that it belongs to."),
    (r"^TabError", "Some lines are indented with tabs, others with spaces: use four spaces for "
     "each step."),
    (r"'(?P<word>return|yield|await)' outside function",
     "`{word}` stands outside of the function, perhaps because its line is not indented enough."),
    (r"'(?P<word>break|continue)' (outside|not properly in) loop",
     "`{word}` stands outside of a loop, perhaps because its line is not indented enough."),
    (r"non-default argument follows|parameter without a default follows",
     "Parameters that have a default value come after those that have none."),
    (r"positional argument follows keyword",
     "In a call, arguments with a name come after those without one."),
    (r"keyword argument repeated", "An argument is given twice."),
    (r"^SyntaxError: invalid (decimal|\w+) literal",
     "A name cannot start with a digit, and a number ends where letters begin: is a `*` missing?"),
    (r"Missing parentheses in call to '(?P<f>\w+)'", "`{f}` is a function: `{f}(...)`."),
    (r"^SyntaxError: invalid syntax$",
     "Python cannot read this line. Is an operator, a bracket or a quotation mark missing, or a "
     "word misspelt, here or at the end of the line above?"),
]  # fmt: skip


# Arithmetic and the rest.

_REST: Rules = [
    (r"^ZeroDivisionError",
     "Something is divided by 0 (or 0 raised to a negative power). Which value is 0, and should it "
     "be?"),
    (r"math domain error|expected a (positive|nonnegative) input",
     "`math.sqrt` takes no negative number and `math.log` none below or at 0. Which value has the "
     "wrong sign?"),
    (r"^OverflowError: (math range error|.{0,40}too large)",
     "The result is too large for a number of this kind; `math.exp` ends at about 709. Can the "
     "numbers be made smaller before it?"),
    (r"^RecursionError",
     "A function calls itself without end. Does it have the name of one that it means to call, or "
     "no case in which it stops?"),
    (r"arg is an empty sequence|iterable argument is empty|pop from empty list",
     "There is nothing in it: has the loop that fills it run?"),
    (r"invalid literal for int\(\)|could not convert string to float",
     "A text that is no number cannot be turned into one."),
    (r"unhashable type: '(?P<t>\w{1,40})'",
     "A {t} can change, so that it cannot be a key or stand in a set; a tuple can."),
]  # fmt: skip

RULES: Rules = [*_CALLS, *_NAMES, *_SYNTAX, *_REST]
