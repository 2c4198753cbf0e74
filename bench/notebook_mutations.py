"""What may happen to a notebook's cells, as small functions, each with what it may cost.

A mutation changes a `Draft` by the dice of a `Random`, and *touches* the exercises and predictions
whose verdict it may change. Whatever it does not touch must keep its verdict: a mutation that
touches nothing says that a student would rightly call any lost mark unfair.
"""

from __future__ import annotations

import ast
import builtins
import copy
import re
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache
from random import Random
from typing import Any

from bench.drafts import Draft, Piece
from bench.known_notebooks import RIGHT, without_header
from spotlight.course.lesson import Exercise
from spotlight.python_source.dataflow import names_of

HUGE = 5_000_000


Mutation = Callable[[Draft, Random], None]
MUTATIONS: dict[str, Mutation] = {}


def _listed(mutation: Mutation) -> Mutation:
    MUTATIONS[mutation.__name__] = mutation
    return mutation


# Cells dropped, doubled, moved


@_listed
def drop_a_cell(draft: Draft, rng: Random) -> None:
    """Given, check and text cells are the course's to bring: only answers are lost."""
    piece = _any_piece(draft, rng)
    draft.touch(piece.concerns)
    draft.pieces.remove(piece)


@_listed
def drop_the_course_cells(draft: Draft, rng: Random) -> None:
    """Costs nothing: all that grading needs from the student is the student's own."""
    keep = rng.choice([("exercise", "prediction", ""), ("exercise", "prediction", "", "given")])
    draft.pieces = [
        p for p in draft.pieces if p.concerns or (p.is_code and p.own.get("role", "") in keep)
    ]


@_listed
def double_a_cell(draft: Draft, rng: Random) -> None:
    """Costs nothing: whichever of two equal cells is taken."""
    piece = _any_piece(draft, rng)
    at = draft.pieces.index(piece) if rng.random() < 0.7 else rng.randint(0, len(draft.pieces))
    draft.pieces.insert(at, piece.copy())


@_listed
def double_all_cells(draft: Draft, rng: Random) -> None:
    """Costs nothing, whether the copies stand beside their originals or below all of them."""
    copies = [piece.copy() for piece in draft.pieces]
    if rng.random() < 0.5:
        draft.pieces += copies
    else:
        draft.pieces = [p for pair in zip(draft.pieces, copies, strict=True) for p in pair]


@_listed
def double_and_edit(draft: Draft, rng: Random) -> None:
    """Touches what stands in it: which of two different answers counts is a matter of rules."""
    piece = _any_dict(draft, rng)
    twin = piece.copy()
    twin.text = _damaged(twin.text, rng)
    draft.touch(piece.concerns)
    draft.pieces.insert(draft.pieces.index(piece) + rng.randint(0, 1), twin)


@_listed
def keep_a_blank_copy(draft: Draft, rng: Random) -> None:
    """Costs nothing: a stub beside an answer is not the answer."""
    exercise = rng.choice(draft.lesson.exercises)
    own = [p for p in draft.dicts() if exercise.id in p.holds]
    if not own:
        return
    blank = Piece(copy.deepcopy(own[0].cell), {exercise.id})
    header = own[0].text.splitlines()[0] if own[0].text else ""
    blank.text = f"{header}\n{exercise.stub}" if header.startswith("# Exercise") else exercise.stub
    blank.stub = blank.text
    draft.pieces.insert(draft.pieces.index(own[0]) + rng.randint(0, 1), blank)


@_listed
def move_a_cell(draft: Draft, rng: Random) -> None:
    """Costs nothing: exercises are judged in the lesson's order, and a helper may stand below."""
    piece = _any_piece(draft, rng)
    draft.pieces.remove(piece)
    draft.pieces.insert(rng.randint(0, len(draft.pieces)), piece)


@_listed
def reverse_the_cells(draft: Draft, rng: Random) -> None:
    """Costs nothing, for the same reason."""
    draft.pieces.reverse()


# Cells split and merged


@_listed
def split_a_cell(draft: Draft, rng: Random) -> None:
    """Costs nothing where the parts stand one below the other, even in the middle of a function.

    Helpers and predictions are not looked for, so that nobody knows that the parts were one: cut
    between two statements they still do what they did, cut in the middle of one they do not.
    """
    piece = _any_dict(draft, rng)
    lines = piece.text.split("\n")
    if len(lines) < 2 or not piece.is_code:
        return
    at = rng.randint(1, len(lines) - 1)
    upper, lower = piece.copy(), piece.copy()
    upper.text, lower.text = "\n".join(lines[:at]), "\n".join(lines[at:])
    unsought = piece.helps | {name for name in piece.holds if name.startswith("predict-")}
    if not (_parses(upper.text) and _parses(lower.text)):
        draft.touch(unsought)
    if len(piece.holds) > 1:
        draft.touch(piece.holds)  # where one answer ends and the next begins is known no more
    if not _parses(piece.text):
        draft.touch(piece.holds)  # what cannot be read may be all in one of the parts
    # Jupyter gives both parts the metadata; who pastes the lower half into a new cell does not.
    if rng.random() < 0.5:
        lower.cell["metadata"] = {}
    if rng.random() < 0.8:
        lower.cell["id"] = f"{rng.getrandbits(32):08x}"
    draft.split(piece, [upper, lower])


@_listed
def merge_with_the_next(draft: Draft, rng: Random) -> None:
    """Costs nothing where both cells are code of the course's or an answer that runs.

    It touches both where one of them cannot be read or does more than its work, where a magic in
    the first line skips the cell, and where the lower of two answers has no line that says where it
    begins. Prose below an answer touches it; prose above an answer that has its marker line does
    not.
    """
    at = rng.randrange(len(draft.pieces) or 1)
    if rng.random() < 0.6:
        held = [i for i, piece in enumerate(draft.pieces) if piece.concerns and i]
        at = rng.choice(held) - rng.randint(0, 1) if held else at
    if at + 1 >= len(draft.pieces):
        return
    upper, lower = draft.pieces[at : at + 2]
    if not (isinstance(upper.cell, dict) and isinstance(lower.cell, dict)):
        return
    if upper.takes or lower.takes:
        draft.touch(draft.everything)  # what is imported for all now does more than that
    exercises = set(draft.answers)
    is_marked = re.match(r"\s*# Exercise ", lower.text) is not None
    if draft.runs_through(upper) and draft.runs_through(lower):
        both = upper.concerns & exercises and lower.concerns & exercises
        if (both and not is_marked) or upper.text.startswith("%%"):
            draft.touch(upper.concerns | lower.concerns)
    elif upper.is_code or not (is_marked and draft.runs_through(lower)):
        draft.touch(upper.concerns | lower.concerns)
    else:
        draft.touch(upper.concerns | lower.helps)
    upper.text = f"{upper.text}\n\n{lower.text}"
    upper.holds |= lower.holds
    upper.helps |= lower.helps
    upper.takes |= lower.takes
    draft.pieces.remove(lower)


# Cells of another kind


@_listed
def retype_a_cell(draft: Draft, rng: Random) -> None:
    """An answer's text is read whatever its cell is set to; a helper in prose is prose."""
    piece = _any_dict(draft, rng)
    odd = [None, 5, "", "heading", "Code", ["code"], {"a": 1}, "co\u0301de", "co\nde", "\ud800"]
    piece.cell["cell_type"] = rng.choice(["code", "markdown", "raw", "markdown", "raw", *odd])
    if not piece.is_code:
        draft.touch(piece.helps)


@_listed
def empty_a_cell(draft: Draft, rng: Random) -> None:
    """Touches what stood in it."""
    piece = _any_dict(draft, rng)
    piece.text = rng.choice(["", " \n", "\n\n", "#", "pass"])
    draft.touch(piece.concerns)


# Marks gone


@_listed
def lose_the_metadata_of_a_cell(draft: Draft, rng: Random) -> None:
    """Costs nothing while id, marker line or names remain, of which the names always do."""
    _change_metadata(_any_dict(draft, rng).cell, rng)


@_listed
def lose_all_metadata(draft: Draft, rng: Random) -> None:
    """Costs nothing: some editors drop them all."""
    draft.notebook["metadata"] = {}
    for piece in draft.dicts():
        piece.cell["metadata"] = {}


@_listed
def lose_the_notebook_metadata(draft: Draft, rng: Random) -> None:
    """Costs nothing: the first cell and the exercises tell the lesson."""
    draft.notebook["metadata"] = rng.choice(
        [{}, None, [], "metadata", 7, {"spotlight": None}, {"spotlight": {"lesson": 7}}]
    )
    if rng.random() < 0.3:
        del draft.notebook["metadata"]


@_listed
def lose_a_marker_line(draft: Draft, rng: Random) -> None:
    """Costs nothing: metadata, id or names remain."""
    piece = _any_answer(draft, rng)
    piece.text = rng.choice(
        [
            without_header(piece.text),
            piece.text.replace("# Exercise", "# my exercise"),
            piece.text.replace("# Exercise", "#Exercise"),
            piece.text.replace("# Exercise ", "# Exercise\u00a0"),
        ]
    )


@_listed
def lose_an_id(draft: Draft, rng: Random) -> None:
    """Costs nothing: notebooks before format 4.5 have none."""
    _any_dict(draft, rng).cell.pop("id", None)


@_listed
def lose_all_ids(draft: Draft, rng: Random) -> None:
    """Costs nothing, for the same reason."""
    for piece in draft.dicts():
        piece.cell.pop("id", None)


@_listed
def lose_all_marks(draft: Draft, rng: Random) -> None:
    """Costs nothing where an answer stands: the names that it defines remain."""
    lose_all_metadata(draft, rng)
    lose_all_ids(draft, rng)
    for piece in draft.dicts():
        piece.text = without_header(piece.text)


@_listed
def clash_ids(draft: Draft, rng: Random) -> None:
    """Costs nothing: an id that several cells have is no cell's."""
    pieces = draft.dicts()
    if rng.random() < 0.3:
        for piece in pieces:
            piece.cell["id"] = "exercise-the-same"
        return
    piece, other = _any_dict(draft, rng), _any_dict(draft, rng)
    name = other.cell.get("id")
    if piece is not other and name is not None:
        piece.cell["id"] = name


@_listed
def odd_ids(draft: Draft, rng: Random) -> None:
    """Costs nothing: what is no id is none."""
    odd = [None, 7, "", " ", ["a"], {"id": 1}, "exercise-", "exercise-none", "\u202e", "x" * 9000]
    for _ in range(rng.randint(1, 3)):
        _any_dict(draft, rng).cell["id"] = rng.choice(odd)


@_listed
def metadata_of_another(draft: Draft, rng: Random) -> None:
    """Touches both, as `Draft.settle` finds: a cell that says it is another's may be believed."""
    piece, other = _any_dict(draft, rng), _any_dict(draft, rng)
    piece.cell["metadata"] = copy.deepcopy(other.cell.get("metadata"))


@_listed
def swap_two_answers(draft: Draft, rng: Random) -> None:
    """Costs nothing where there are two: each defines its own names, in the cell of the other."""
    times = Counter(name for piece in draft.pieces for name in piece.holds)
    held = [p for p in draft.dicts() if [times[name] for name in p.holds] == [1]]
    held = [p for p in held if p.holds <= set(draft.answers)]
    if len(held) < 2:
        return
    one, other = rng.sample(held, 2)
    if rng.random() < 0.5:
        one.text, other.text = other.text, one.text
    else:  # the marker lines stay where they were
        upper, lower = without_header(one.text), without_header(other.text)
        one.text = one.text.removesuffix(upper) + lower
        other.text = other.text.removesuffix(lower) + upper
    names = one.holds | other.holds
    filled = (*RIGHT, "mistaken", "forbidden")
    if not all(draft.answers[name].kind in filled for name in names):
        draft.touch(names)
    draft.swapped |= names
    one.holds, other.holds = other.holds, one.holds


# How a source is written down


@_listed
def source_as_a_list(draft: Draft, rng: Random) -> None:
    """Costs nothing: the format allows lists of lines, and anything else in them is no text."""
    piece = _any_dict(draft, rng)
    lines: list[Any] = rng.choice([list, lambda text: text.splitlines(keepends=True)])(piece.text)
    for _ in range(rng.randint(0, 2)):
        lines.insert(rng.randint(0, len(lines)), rng.choice([None, 3, [], {"a": 1}, True]))
    piece.cell["source"] = lines


@_listed
def source_that_is_no_text(draft: Draft, rng: Random) -> None:
    """Touches what stood in it."""
    piece = _any_dict(draft, rng)
    draft.touch(piece.concerns)
    piece.cell["source"] = rng.choice([None, 3, 1.5, True, {"a": "b"}, [1, 2], [["x"]], 10**30])
    if rng.random() < 0.2:
        del piece.cell["source"]


@_listed
def other_line_ends(draft: Draft, rng: Random) -> None:
    """Costs nothing: Windows and old Macs end lines otherwise."""
    end = rng.choice(["\r\n", "\r"])
    for piece in draft.dicts() if rng.random() < 0.5 else [_any_dict(draft, rng)]:
        piece.text = piece.text.replace("\n", end)


@_listed
def tabs(draft: Draft, rng: Random) -> None:
    """Costs nothing: every indentation of the cell is turned alike."""
    piece = _any_answer(draft, rng)
    piece.text = piece.text.replace("    ", "\t")


# What stands around the cells


@_listed
def outputs(draft: Draft, rng: Random) -> None:
    """Costs nothing: outputs are not graded, whatever is in them and however much."""
    text = "\u202e" + "x" * (HUGE if rng.random() < 0.03 else rng.choice([1, 1000]))
    error = {"output_type": "error", "ename": rng.choice(["ZeroDivisionError", 5, "a b", None])}
    odd: list[Any] = [
        [{"output_type": "stream", "name": "stdout", "text": text}],
        [error, {"output_type": "error"}],
        [{"output_type": "display_data", "data": {"text/html": [text] * 3}}],
        *(None, 7, "text", {"a": 1}, [None, 3, [[]]]),
    ]
    for _ in range(rng.randint(1, 4)):
        piece = _any_dict(draft, rng)
        piece.cell["outputs"] = rng.choice(odd)
        piece.cell["execution_count"] = rng.choice([None, 3, -1, 10**40, "7", [], 1.5])


@_listed
def unknown_keys(draft: Draft, rng: Random) -> None:
    """Costs nothing: other tools keep their own things in a notebook."""
    for place in (draft.notebook, _any_dict(draft, rng).cell):
        place[rng.choice(["colab", "widgets", "attachments", "\u202e", "", "cells ", "Source"])] = (
            rng.choice([None, 7, ["a"], {"state": {"a": [1, {"b": None}]}}, _nested(50)])
        )


@_listed
def odd_format_numbers(draft: Draft, rng: Random) -> None:
    """Costs nothing while the format is told to be 4 or later; earlier ones are refused."""
    key = rng.choice(["nbformat", "nbformat_minor"])
    draft.notebook[key] = rng.choice([3, 2, -1, 5, 99, 4.2, "4", None, True, [4], 10**40])
    if rng.random() < 0.2:
        del draft.notebook[key]


@_listed
def junk_among_the_cells(draft: Draft, rng: Random) -> None:
    """Costs nothing: what is no cell is passed over."""
    junk = [None, 3, "cell", [], {}, {"cell_type": "code"}, [{"source": "x"}], {"source": "x = 1"}]
    _put_somewhere(draft, rng.choice(junk), rng)


# Cells that the student added


EXTRA = (
    "1 / 0",
    "raise SystemExit",
    "while True:\n    pass",
    "import os\nos._exit(1)",
    "this is not Python",
    "def half(x:\n    return",
    "    return x",
    "    x = 1\n    return x",
    "'''an open string",
    ")",
    "%matplotlib inline\n%load_ext autoreload\n%autoreload 2",
    "print('\\d', 1 is 1)",
    "!rm -rf exercise\nfiles = !ls\n!pip install torch",
    "%%bash\nrm -rf exercise",
    "%%html\n<b>def</b>",
    "%%timeit\npass",
    "%%writefile own.py\nx = 1",
    "%%\n",
    "?print\nprint??",
    "await asyncio.sleep(0)",
    "x = 1\u2028y = 2",
    "x\x00 = 1",
    "x = '\ud800'",
    "\ufeffx = 1",
    "# \u202e reversed \u2066 isolated \u2069 e\u0301\u0301\u0301",
    "\u0430 = 1  # no Latin letter",
    "print('\U0001f600' * 1000)",
    "x = " + "(" * 300 + ")" * 300,
    "x = " + "-" * 5000 + "1",
    "x = 1\n" * 2000,
    "# " + "x" * 100_000,
    "input('?')",
    "import torch\ntorch.manual_seed(1)\ntorch.set_default_dtype(torch.float64)",
    "import torch\ntorch.softmax = torch.exp = torch.Tensor.sum = None",
    "import builtins\nbuiltins.len = builtins.sum = None",
    "globals().clear()",
    "del torch",
    "check('everything')\nverify()\nhint()",
    "# Exercise nothing · 1 point\nx = 1",
    "from a_module_that_is_not_there import something",
    "class Own:\n    def __init__(self):\n        self.x = 1\n\nOwn().x",
    "predict('no_such_prediction', 5)",
    "predict(*[1, 2])\npredict(",
)


@_listed
def add_a_cell(draft: Draft, rng: Random) -> None:
    """Costs nothing: it has nothing to do with any exercise, whatever it does."""
    for _ in range(rng.randint(1, 2)):
        cell = _new_cell(rng.choice(EXTRA), rng)
        _put_somewhere(draft, cell, rng)


@_listed
def notes_on_an_exercise(draft: Draft, rng: Random) -> None:
    """Costs nothing: prose that begins as an exercise's marker line does is prose all the same."""
    exercise = rng.choice(draft.lesson.exercises)
    prose = f"# Exercise {exercise.id}: my notes\n\nThis took me a *while*, didn't it?"
    cell = {"cell_type": "markdown", "metadata": {}, "source": prose, "id": f"notes-{rng.random()}"}
    _put_somewhere(draft, cell, rng).notes.add(exercise.id)


@_listed
def another_language(draft: Draft, rng: Random) -> None:
    """Costs nothing: what is not Python defines no names in Python."""
    names = rng.sample([*PYTHONS, *sorted(draft.course_names)], 3)
    magic = rng.choice(["%%bash", "%%writefile own.py", "%%html", "%%javascript", "%%script cat"])
    piece = _put_somewhere(draft, _new_cell(f"{magic}\n{_binding(names, rng)}", rng), rng)
    piece.notes |= {e.id for e in draft.lesson.exercises if set(e.targets) & set(names)}


PYTHONS = ("sum", "len", "max", "abs", "range", "zip", "list", "print", "str")


@_listed
def take_names_of_the_course(draft: Draft, rng: Random) -> None:
    """Costs nothing: names that the course defines are the course's to define.

    For an exercise that is not done it may be an answer; that is `Draft.settle`'s to see.
    """
    names = rng.sample(sorted(draft.course_names), 3)
    cell = _new_cell(_binding(names, rng), rng)
    _put_somewhere(draft, cell, rng)


@_listed
def take_names_of_the_probes(draft: Draft, rng: Random) -> None:
    """Costs nothing: what probes are written with is not the student's to know."""
    names = {name for e in draft.lesson.exercises for name in _words_of_probes(e)}
    cell = _new_cell(_binding(rng.sample(sorted(names), min(2, len(names))), rng), rng)
    _put_somewhere(draft, cell, rng)


@_listed
def take_names_of_python(draft: Draft, rng: Random) -> None:
    """Costs what stands above nothing, and below only the answers that use such a name.

    `sum = 0` in an experiment is a common accident: run from top to bottom, an answer above the
    cell has worked, and one that does not use the name works below it as well.
    """
    names = rng.sample(PYTHONS, 2)
    cell = _new_cell(_binding(names, rng), rng)
    _put_somewhere(draft, cell, rng).takes = set(names)


@_listed
def import_everything(draft: Draft, rng: Random) -> None:
    """Costs what stands above nothing, and below only the answers that use one of the names."""
    module = rng.choice(["math", "os", "random", "torch", "numpy", "a_module_that_is_not_there"])
    cell = _new_cell(f"from {module} import *", rng)
    _put_somewhere(draft, cell, rng).takes = set(_public_names(module))


# Given cells edited


@_listed
def edit_a_course_cell(draft: Draft, rng: Random) -> None:
    """Costs nothing: grading brings its own copies."""
    pieces = [p for p in draft.dicts() if not p.concerns and p.is_code]
    if not pieces:
        return
    piece = rng.choice(pieces)
    piece.text = rng.choice(
        [
            "",
            "numbers = 'my own'",
            "import os\nos._exit(1)",
            _damaged(piece.text, rng),
            piece.text.replace("torch", "tarch"),
            "\n".join(f"# {line}" for line in piece.text.split("\n")),
            f"{_binding(sorted(draft.course_names)[:4], rng)}\n{piece.text}",
        ]
    )


@_listed
def helper_in_a_course_cell(draft: Draft, rng: Random) -> None:
    """Costs nothing: code of the student's is the student's, in whichever cell it was typed."""
    helpers = [p for p in draft.dicts() if p.helps and not p.holds and p.is_code]
    hosts = [p for p in draft.dicts() if not p.concerns and draft.runs_through(p)]
    hosts = [p for p in hosts if not p.text.startswith("%%")]
    if helpers and hosts:
        helper, host = rng.choice(helpers), rng.choice(hosts)
        host.text = f"{helper.text}\n\n{host.text}"
        host.helps |= helper.helps
        draft.pieces.remove(helper)


# Answers edited


@_listed
def damage_an_answer(draft: Draft, rng: Random) -> None:
    """Touches it, and nothing else: what uses it is judged with the course's own in its place."""
    piece = _any_answer(draft, rng)
    piece.text = _damaged(piece.text, rng)
    draft.touch(piece.concerns)


@_listed
def rename_a_target(draft: Draft, rng: Random) -> None:
    """Touches it, and nothing else."""
    piece = _any_answer(draft, rng)
    for exercise in draft.lesson.exercises:
        if exercise.id in piece.holds:
            target = rng.choice(exercise.targets)
            other = rng.choice([f"{target}2", f"my_{target}", target.upper(), _homoglyphs(target)])
            piece.text = re.sub(rf"\b{target}\b(?! ·)", other, piece.text)
            draft.touch({exercise.id})


@_listed
def wide_letters(draft: Draft, rng: Random) -> None:
    """Costs nothing: to Python a name in wide letters is the same name."""
    piece = _any_answer(draft, rng)
    for exercise in draft.lesson.exercises:
        wide = "".join(chr(ord(c) + 0xFEE0) if c.isalpha() else c for c in exercise.targets[0])
        piece.text = re.sub(
            rf"^(def )?{exercise.targets[0]}\b", rf"\1{wide}", piece.text, flags=re.M
        )


ABOVE = ("%%time", "%%capture output", "# \u202e note \u2066", "import math, sys", "\n\n")
BELOW = (
    "%timeit 1 + 1",
    "!pip list",
    "files = !ls",
    "print?",
    "print('done')",
    "1 / 0",
    "None.nothing",
    "raise ValueError('mine')",
    "assert False, '\x1b[31m'",
    "check(1)",
    "display(None)",
    "x = 1",
    "if True:\n    y = 2",
    "torch.zeros(3)",
    "# why?",
    "# \u202e note \u2066",
    "\n\n\t",
)


@_listed
def harmless_lines(draft: Draft, rng: Random) -> None:
    """Costs nothing: experiments, magics and prints around an answer are not the answer."""
    piece = _any_answer(draft, rng)
    if rng.random() < 0.5:
        piece.text = f"{rng.choice(ABOVE)}\n{piece.text}"
    if rng.random() < 0.2 and piece.text.startswith("# Exercise"):
        header, _, rest = piece.text.partition("\n")
        other = rng.choice(draft.lesson.exercises).id
        piece.text = f"{header}\nimport math\n# Exercise {other} helps here\n{rest}"
        piece.notes.add(other)
    for _ in range(rng.randint(0, 2)):
        piece.text = f"{piece.text}\n{rng.choice(BELOW)}"


@_listed
def names_of_python_in_an_answer(draft: Draft, rng: Random) -> None:
    """Touches the answer and those that call it, where they use such a name; no other."""
    piece = _any_answer(draft, rng)
    names = rng.sample(PYTHONS, 2)
    piece.text = f"{piece.text}\n" + "\n".join(f"{name} = 3" for name in names)
    piece.takes |= set(names)


@_listed
def mangle_a_prediction(draft: Draft, rng: Random) -> None:
    """Touches it: an answer that is none of the choices is none."""
    held = [p for p in draft.dicts() if any(name.startswith("predict-") for name in p.holds)]
    if not held:
        return
    piece = rng.choice(held)
    piece.text = rng.choice(
        [
            _damaged(piece.text, rng),
            piece.text.replace("predict(", "predict(("),
            re.sub(r'"\s*,.*', '", 10**400)', piece.text),
            re.sub(r'"\s*,.*', '", float("nan"))', piece.text),
            re.sub(r'"\s*,.*', '", "\u202e")', piece.text),
            re.sub(r'"\s*,.*', '", ' + "[" * 200 + "]" * 200 + ")", piece.text),
        ]
    )
    draft.touch(piece.concerns)


# What mutations have in common


def _any_piece(draft: Draft, rng: Random) -> Piece:
    """Any cell; every other time one that holds something of the student's."""
    held = [piece for piece in draft.pieces if piece.concerns]
    if held and rng.random() < 0.6:
        return rng.choice(held)
    if not draft.pieces:
        draft.pieces.insert(0, Piece(_new_cell("x = 1", rng)))
    return rng.choice(draft.pieces)


def _any_dict(draft: Draft, rng: Random) -> Piece:
    """The same among cells that are cells indeed."""
    piece = _any_piece(draft, rng)
    if isinstance(piece.cell, dict):
        return piece
    if not draft.dicts():
        draft.pieces.insert(0, Piece(_new_cell("x = 1", rng)))
    return rng.choice(draft.dicts())


def _any_answer(draft: Draft, rng: Random) -> Piece:
    """A cell with an exercise's answer or helper, if there is one left."""
    held = [p for p in draft.dicts() if p.concerns & set(draft.answers)]
    return rng.choice(held) if held else _any_dict(draft, rng)


def _change_metadata(cell: dict[str, Any], rng: Random) -> None:
    odd: list[Any] = [{}, {}, None, [], "metadata", 7, {"spotlight": None}, {"spotlight": [1]}]
    odd += [{"spotlight": {"exercise": name}} for name in (5, None, ["a"], "", "nothing")]
    odd += [{"spotlight": {"role": 5}}, {"colab": {"id": "x"}, "tags": 5}, _nested(100)]
    cell["metadata"] = rng.choice(odd)
    if rng.random() < 0.2:
        del cell["metadata"]


def _put_somewhere(draft: Draft, cell: Any, rng: Random) -> Piece:
    """A cell that holds no answer, at any place."""
    piece = Piece(cell)
    draft.pieces.insert(rng.randint(0, len(draft.pieces)), piece)
    return piece


def _new_cell(source: str, rng: Random) -> dict[str, Any]:
    kind = rng.choice(["code", "code", "code", "code", "markdown", "raw"])
    bare: dict[str, Any] = {"cell_type": kind, "metadata": {}, "source": source}
    cell = {**bare, "id": f"{rng.getrandbits(32):08x}"}
    if kind == "code":
        failed = [{"output_type": "error", "ename": "ValueError", "evalue": "", "traceback": []}]
        cell |= {"execution_count": None, "outputs": rng.choice([[], failed])}
    return cell


def _binding(names: Iterable[str], rng: Random) -> str:
    """Code that binds `names` to what they should not be, and may not come back from it."""
    lines = [
        rng.choice(
            [
                f"{name} = None",
                f"{name} = 3",
                f"def {name}(*args):\n    return 'my {name}'",
                f"import os as {name}",
                f"for {name} in range(3):\n    pass",
                f"class {name}:\n    pass",
            ]
        )
        for name in names
    ]
    ends = ["", "", "", "raise SystemExit", "import os\nos._exit(3)", "1 / 0"]
    return "\n".join([*lines, rng.choice(ends)])


@cache
def _words_of_probes(exercise: Exercise) -> frozenset[str]:
    """The names that probes are written with: the kit's, and their own helpers'."""
    sources = [*(probe.source for probe in exercise.probes), exercise.helpers]
    found = [names_of(source) for source in sources]
    words = {word for names in found if names is not None for word in names.needs | names.defines}
    return frozenset(word for word in words if not hasattr(builtins, word))


@cache
def _public_names(module: str) -> frozenset[str]:
    try:
        scope: dict[str, Any] = {}
        exec(f"from {module} import *", scope)
    except ImportError:
        return frozenset()
    return frozenset(scope) - {"__builtins__"}


def _parses(text: str) -> bool:
    try:
        ast.parse(re.sub(r"(?m)^(\s*)([%!].*|.*\?)$", r"\1pass", text))
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return False
    return True


def _damaged(text: str, rng: Random) -> str:
    """The text with a line or some characters gone, doubled, exchanged or put in."""
    lines = text.split("\n")
    at = rng.randrange(len(lines))
    spot = rng.randint(0, len(text))
    noise = rng.choice(["(", ")", "'", '"""', "\\", "\t", "\u00a0", "\u200b", "\0", "\ud800", "#"])
    pairs = [
        ("+", "-"),
        ("-1", "0"),
        ("0", "1"),
        ("return ", ""),
        (".T", ""),
        ("@", "*"),
        (":", ""),
    ]
    old, new = rng.choice(pairs)
    return rng.choice(
        [
            "\n".join(lines[:at] + lines[at + 1 :]),
            "\n".join([*lines[:at], lines[at], *lines[at:]]),
            "\n".join(lines[:at]),
            "\n".join(lines[at:]),
            "\n".join(rng.sample(lines, len(lines))),
            "\n".join([*lines[:at], " " + lines[at], *lines[at + 1 :]]),
            text[:spot] + noise + text[spot:],
            text[:spot] + text[spot + 1 :],
            text.replace(old, new, 1),
            text.replace(old, new),
            f"{text}\nimport os\nos._exit(1)",
            f"raise ValueError('mine')\n{text}",
            f"from torch import sofmax\n{text}",
            f"{text}\ndef own(x=not_there):\n    return x",
        ]
    )


def _homoglyphs(name: str) -> str:
    return name.translate(str.maketrans("aeocpx", "\u0430\u0435\u043e\u0441\u0440\u0445"))


def _nested(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = {"a": value}
    return value
