"""What a worker sees of a program: values, errors, prints, and what was done to the inputs."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from worker_jobs import CALL_IT, job, returns, value

from spotlight.sandbox.job import Frame
from spotlight.sandbox.wire import encode

# Values


def test_a_probe_is_handed_targets_and_its_value_comes_back(worker):
    value_of = "def doubled(f):\n    return f(torch.tensor([1.0, 2.0]))"
    found = value(worker, job("def f(x):\n    return 2 * x", value_of))
    assert found.data.tolist() == [2, 4]
    assert (found.form, found.dtype) == ("tensor", "float32")


def test_outcomes_come_in_the_order_of_steps_and_probes(worker):
    seen = worker.observe(
        job(
            "a, b = 1, 2",
            "def first(a, b):\n    return a, b",
            "def second(b, a):\n    return b - a",
            before=["x = 1", "y = 2"],
            targets=("a", "b"),
        )
    )
    assert [step.name for step in seen.steps] == ["given 0", "earlier 0", "earlier 1", "mine"]
    assert [outcome.name for outcome in seen.probes] == ["first", "second"]
    assert seen.probe("second").value == 1
    assert seen.probe("third") is None
    assert (seen.ended, seen.trouble) == ("finished", None)
    assert 0 < seen.cpu_seconds < 5


def test_a_cell_has_what_earlier_cells_define_and_a_probe_what_came_before_the_exercise(worker):
    early = "def early(f):\n    return f(1), y"
    assert value(
        worker, job("def f(x):\n    return x + y", early, before=["y = 40"])
    ).data.tolist() == [41, 40]
    late = "def late(f):\n    return mine"
    (outcome,) = worker.observe(job("mine = 1\ndef f(): pass", late)).probes
    assert outcome.trouble.type == "NameError"


def test_a_probe_may_use_helpers_and_the_kit_without_importing_them(worker):
    uses = (
        "def uses(f):\n"
        "    drawn = f(double(randn(2, 3))), uniform(2), randint(0, 5, (4,))\n"
        "    return [str(tuple(x.shape)) for x in drawn]"
    )
    helpers = "import math\n\ndef double(x):\n    return math.sqrt(4) * x"
    asked = job("def f(x):\n    return x", uses, helpers=helpers)
    assert value(worker, asked) == ["(2, 3)", "(2,)", "(4,)"]


def test_the_words_of_a_notebook_do_nothing(worker):
    words = (
        "check('a'); hint('a'); verify(); reveal('a', 1); display(1)\n"
        "predict('a', 1, choices=[1, 2])\n"
        "get_ipython().run_line_magic('matplotlib', 'inline')\n"
        "get_ipython().system('touch made')\n"
        "def f():\n    return __name__, os.path.exists('made')"
    )
    assert value(worker, job(words)) == ("__main__", False)


def test_await_stands_at_the_top_of_a_cell(worker):
    cell = (
        "import asyncio\n"
        "async def g():\n"
        "    await asyncio.sleep(0)\n"
        "    return 3\n"
        "x = await g()\n"
        "def f(): return x"
    )
    assert value(worker, job(cell)) == 3


def test_a_picture_that_is_drawn_costs_nothing(worker):
    cell = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\ndef f(): return 1"
    assert value(worker, job(cell)) == 1


# Errors


def test_an_error_is_told_with_the_programs_own_lines_only(worker):
    cell = "def f():\n    return g(torch.ones(2))\n\n\ndef g(x):\n    return x @ torch.ones(3)"
    (outcome,) = worker.observe(job(cell)).probes
    assert outcome.value is None
    assert outcome.trouble.type == "RuntimeError"
    assert outcome.trouble.message.startswith("inconsistent tensor size")
    assert outcome.trouble.frames == (
        Frame("mine", 2, "return g(torch.ones(2))", "f"),
        Frame("mine", 6, "return x @ torch.ones(3)", "g"),
    )


def test_an_error_in_an_earlier_cell_is_told_with_that_cells_name(worker):
    seen = worker.observe(
        job("def f():\n    return g()", before=["def g():\n    return 1 / 0", "1 / 0"])
    )
    assert seen.steps[2].trouble.frames == (Frame("earlier 1", 1, "1 / 0", "<module>"),)
    assert seen.probes[0].trouble.frames[-1] == Frame("earlier 0", 2, "return 1 / 0", "g")
    assert seen.trouble == seen.steps[2].trouble


def test_an_error_in_the_probe_alone_has_no_lines_of_the_program(worker):
    (outcome,) = worker.observe(
        job("def f():\n    return None", "def p(f):\n    return f() + 1")
    ).probes
    assert outcome.trouble.type == "TypeError"
    assert outcome.trouble.frames == ()


def test_a_name_that_nothing_defines_is_a_name_error(worker):
    (outcome,) = worker.observe(job("def f():\n    return undefined_name")).probes
    assert outcome.trouble.type == "NameError"
    assert "'undefined_name'" in outcome.trouble.message


def test_a_cell_that_does_not_parse_is_told_with_its_line(worker):
    seen = worker.observe(job("x = 1\ndef f(:\n    pass"))
    trouble = seen.steps[-1].trouble
    assert (trouble.type, trouble.message) == ("SyntaxError", "invalid syntax")
    assert trouble.frames == (Frame("mine", 2, "def f(:", ""),)
    assert seen.steps[-1].missing == ("f",)
    assert seen.probes[0].trouble.type == "KeyError"
    assert seen.ended == "finished"


def test_targets_that_a_cell_does_not_define_are_missing(worker):
    seen = worker.observe(job("a = 1", "def p(a):\n    return a", targets=("a", "b", "c")))
    assert seen.steps[-1].missing == ("b", "c")
    assert seen.steps[-1].trouble is None
    assert seen.probes[0].value == 1


def test_an_error_in_one_probe_costs_no_other(worker):
    seen = worker.observe(
        job(
            "def f(x):\n    return 1 / x",
            *(f"def at_{n}(f):\n    return f({n})" for n in (0, 1, 2)),
        )
    )
    assert [outcome.value for outcome in seen.probes] == [None, 1, 0.5]
    assert seen.probes[0].trouble.type == "ZeroDivisionError"


@pytest.mark.parametrize(
    "leave", ["sys.exit(0)", "raise KeyboardInterrupt", "exit()", "raise GeneratorExit"]
)
def test_leaving_by_an_exception_is_an_error_like_others(worker, leave):
    seen = worker.observe(job(f"def f():\n    {leave}", CALL_IT, "def other(f):\n    return 3"))
    assert seen.ended == "finished"
    assert seen.probes[0].trouble is not None
    assert seen.probes[1].value == 3


def test_a_deep_recursion_is_an_error_whose_last_lines_are_kept(worker):
    (outcome,) = worker.observe(job("def f():\n    return f()")).probes
    assert outcome.trouble.type == "RecursionError"
    assert 1 <= len(outcome.trouble.frames) <= 8


def test_a_long_message_is_cut(worker):
    (outcome,) = worker.observe(job("def f():\n    raise ValueError('x' * 100_000)")).probes
    assert outcome.trouble.message == "x" * 2_000


HOSTILE = {
    "iteration": (
        "class L(list):\n        def __iter__(self): raise SystemExit('no')\n    return L([1])"
    ),
    "length": (
        "class L(list):\n"
        "        def __len__(self): raise ValueError('no')\n"
        "    return [L([1]), L([1])]"
    ),
    "keys": "class D(dict):\n        def items(self): raise ValueError('no')\n    return D(a=1)",
    "a key's text": (
        "class K:\n        def __str__(self): raise ValueError('no')\n    return {K(): 1}"
    ),
    "the class": "class C:\n        __class__ = property(lambda self: 1 / 0)\n    return C()",
    "an error's text": (
        "class E(Exception):\n        def __str__(self): raise SystemExit\n    raise E"
    ),
    "text in text": (
        "class S(str):\n"
        "        def __str__(self): return self\n"
        "        def __getitem__(self, i): return 3\n"
        "    return S('a')"
    ),
    "a tensor's type": (
        "class T(torch.Tensor):\n"
        "        @classmethod\n"
        "        def __torch_function__(cls, f, t, a=(), k=None): return 3\n"
        "    return torch.ones(2).as_subclass(T)"
    ),
    "an array": (
        "class A(np.ndarray):\n"
        "        def __array__(self, *a, **k): raise ValueError\n"
        "    return np.ones(2).view(A)"
    ),
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_value_is_trouble_of_its_own_probe_at_most(worker, body):
    other = "def other(f):\n    return 3"
    seen = worker.observe(job(f"def f():\n    {body}", CALL_IT, other))
    assert seen.ended == "finished"
    assert [outcome.name for outcome in seen.probes] == ["call_it", "other"]
    assert seen.probe("other").value == 3


def test_helpers_that_fail_are_trouble_of_every_probe(worker):
    seen = worker.observe(job("def f(): return 1", helpers="inputs = undone(1)"))
    assert seen.ended == "finished"
    assert seen.probes[0].trouble.type == "NameError"
    assert seen.probes[0].trouble.frames == ()


# What is printed, and warnings


def test_what_is_printed_is_kept_with_its_own_probe(worker):
    cell = "print('at the start')\ndef f(x):\n    print('at', x)\n    print('oh', file=sys.stderr)"
    seen = worker.observe(job(cell, *(f"def at_{n}(f):\n    return f({n})" for n in (1, 2))))
    assert [outcome.printed for outcome in seen.probes] == ["at 1\noh\n", "at 2\noh\n"]


def test_only_the_first_of_much_that_is_printed_is_kept(worker):
    (outcome,) = worker.observe(
        job("def f():\n    for i in range(100_000):\n        print('line', i)")
    ).probes
    assert outcome.printed.startswith("line 0\nline 1\n")
    assert len(outcome.printed) == 2_000


@pytest.mark.parametrize(
    "write", ["sys.stdout.write(b'bytes')", "sys.stdout.buffer", "sys.stdout.fileno()"]
)
def test_what_standard_output_does_not_take_is_an_error_in_the_program(worker, write):
    (outcome,) = worker.observe(job(f"def f():\n    {write}")).probes
    assert outcome.trouble.frames == (Frame("mine", 2, write, "f"),)


def test_writing_past_python_reaches_nobody(worker):
    cell = (
        "def f():\n"
        "    os.write(1, b'x' * 99)\n"
        "    os.system('echo y')\n"
        "    sys.__stdout__.write('z')\n"
        "    return 1"
    )
    assert value(worker, job(cell)) == 1


def test_warnings_are_not_errors(worker):
    cell = (
        "warnings.warn('careful')\n"
        "def f():\n"
        "    warnings.warn('careful', DeprecationWarning)\n"
        "    return 1"
    )
    assert value(worker, job(cell)) == 1


# Inputs


def test_the_sizes_of_what_was_drawn_come_back(worker):
    draws = "def p(f):\n    randn(2, 3)\n    return f(uniform(4), randint(0, 9, (5, 6)))"
    (outcome,) = worker.observe(job("def f(x, y): pass", draws)).probes
    assert outcome.drawn_shapes == ((2, 3), (4,), (5, 6))


@pytest.mark.parametrize(
    ("body", "changed"),
    [
        ("return x + y", ()),
        ("return y.add_(x)", (1,)),
        ("x[0] = 9\n    y *= 2", (0, 1)),
        ("x.resize_(1)", (0,)),
        ("y.requires_grad_()", ()),
        ("raise ValueError(x.zero_())", (0,)),
    ],
)
def test_inputs_that_are_changed_in_place_are_told(worker, body, changed):
    draws = "def p(f):\n    return f(randn(3), randn(3))"
    (outcome,) = worker.observe(job(f"def f(x, y):\n    {body}", draws)).probes
    assert outcome.changed_inputs == changed


# Randomness


RANDOM = (
    "def draws():\n    return torch.rand(2), np.random.rand(2), [random.random(), random.random()]"
)


def test_the_same_job_gives_the_same_bytes(worker):
    cell = f"{RANDOM}\nearly = draws()\ndef f():\n    return early, draws()"
    once, again = (encode(value(worker, job(cell))) for _ in range(2))
    assert once == again


def test_a_probe_sees_other_inputs_under_another_seed(worker):
    draws = "def p(f):\n    return f(randn(3))"
    seen = [value(worker, job("def f(x): return x", draws, seed=seed)).data for seed in (0, 1, 0)]
    assert np.array_equal(seen[0], seen[2])
    assert not np.array_equal(seen[0], seen[1])


def test_two_probes_draw_apart_and_one_draws_the_same_beside_any_other(worker):
    one, two = (f"def {name}(f):\n    return randn(3)" for name in ("one", "two"))
    both = worker.observe(job("def f(): pass", one, two))
    alone = worker.observe(job("def f(): pass", two))
    assert not np.array_equal(both.probe("one").value.data, both.probe("two").value.data)
    assert np.array_equal(both.probe("two").value.data, alone.probe("two").value.data)


def test_a_cell_draws_the_same_whatever_was_drawn_before_it(worker):
    cell = "early = torch.rand(2)\ndef f():\n    return early"
    first, second = (
        value(worker, job(cell, before=[before])).data for before in ("", "torch.rand(7)")
    )
    assert np.array_equal(first, second)


@pytest.mark.parametrize("slip", ["random.seed = 1", "torch.manual_seed = 2", "np.random.seed = 3"])
def test_assigning_to_a_seeding_function_breaks_nothing(worker, slip):
    assert value(worker, job(f"{slip}\ndef f(): return 1")) == 1


# Running a cell again


def test_a_variable_is_computed_again_with_other_given_values(worker):
    rerun = "def again(rerun):\n    return rerun(ids=torch.zeros(4, 6))"
    typed_in = job("count = 15", rerun, before=["ids = torch.zeros(3, 5)"], targets=("count",))
    assert value(worker, typed_in) == 15
    computed = job(
        "count = ids.numel()", rerun, before=["ids = torch.zeros(3, 5)"], targets=("count",)
    )
    assert value(worker, computed) == 24


def test_running_again_gives_a_dict_of_several_targets_and_leaves_the_first_run_as_it_was(worker):
    rerun = "def again(rerun, a):\n    return rerun(n=5), a, rerun(n=6)['b'], a"
    seen = worker.observe(job("a = n\nb = 2 * n", rerun, before=["n = 1"], targets=("a", "b")))
    assert seen.probes[0].value == ({"a": 5, "b": 10}, 1, 12, 1)


def test_a_second_run_sees_what_the_first_saw_and_nothing_of_the_probes(worker):
    rerun = "def again(rerun, a):\n    return a, rerun(n=2), rerun(m=3)"
    seen = worker.observe(
        job(
            "a = sorted(set(globals()) & {'randn', 'again', 'helper', 'n', 'm', 'a', 'torch'})",
            rerun,
            before=["n = 1"],
            helpers="def helper(): pass",
            targets=("a",),
        )
    )
    assert seen.probes[0].value == (["n", "torch"], ["n", "torch"], ["m", "n", "torch"])


def test_an_error_of_the_second_run_is_in_the_programs_line(worker):
    rerun = "def again(rerun):\n    return rerun(n=0)"
    seen = worker.observe(job("a = 1 / n", rerun, before=["n = 1"], targets=("a",)))
    assert seen.probes[0].trouble.frames == (Frame("mine", 1, "a = 1 / n", "<module>"),)


def test_a_second_run_that_does_not_define_the_target_is_trouble(worker):
    rerun = "def again(rerun):\n    return rerun(n=0)"
    seen = worker.observe(job("if n: a = 1", rerun, before=["n = 1"], targets=("a",)))
    assert seen.probes[0].trouble.type == "KeyError"


# What the program is not shown


def test_the_users_environment_is_not_visible(worker):
    environment = value(worker, returns("dict(os.environ)"))
    assert not [name for name in environment if "SECRET" in name or name == "PYTHONPATH"]
    assert not [text for text in environment.values() if "hidden" in str(text)]


def test_standard_input_is_empty(worker):
    assert value(worker, returns("sys.stdin.read()")) == ""
    (outcome,) = worker.observe(job("def f():\n    return input('name? ')")).probes
    assert outcome.trouble.type == "EOFError"


def test_importing_the_worker_imports_neither_torch_nor_numpy():
    code = (
        "import sys, spotlight.sandbox.worker\n"
        "print('torch' in sys.modules, 'numpy' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["False", "False"]
