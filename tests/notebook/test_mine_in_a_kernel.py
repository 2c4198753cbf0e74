"""The student's own code in a later lesson's notebook; its checks run on the reference."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cli.prepared_programs import verify
from spotlight.authoring.built_files import lesson_products
from spotlight.course.manifest import load_course
from spotlight.course.reading import read_master

ROOT = Path(__file__).resolve().parents[2]
EARLIER = "03_queries_and_keys"
LATER = "04_later"
ENTRY = f"""

[[parts.lessons]]
id = "later"
file = "{LATER}"
title = "Later"
minutes = 5
summary = "Uses what lesson 03 built."
"""
GIVEN = """\
from spotlight.mine import mine
from spotlight.model_utils import attention

project = mine("queries_and_keys", attention.project)
scaled_scores = mine("queries_and_keys", attention.scaled_scores)
"""
MASTER = f'''\
# %% [markdown]
# # 04 · Later

# %%
from spotlight.notebook import check, hint, predict, reveal, solution, start, verify

start("later")

# %% tags=["authoring"]
from spotlight.authoring import alternative, alternatives, forbid, hint, mistakes, probe, why
from spotlight.sandbox.kit import randn

# %%
{GIVEN}
# %% [markdown]
# ## 1 · Project twice

# %% exercise="projected_twice" points=1 minutes=1 difficulty=1
def projected_twice(x, weights):
    """x: (n, d), weights: (d, d) → (n, d)"""
    # TODO: project what was projected.
    ### BEGIN SOLUTION
    return project(project(x, weights), weights)
    ### END SOLUTION


# %% tags=["probes"]
@probe
def three_rows(projected_twice):
    "Three rows of four."
    return projected_twice(randn(3, 4), randn(4, 4))


@probe
def five_rows(projected_twice):
    "Five rows of two."
    return projected_twice(randn(5, 2), randn(2, 2))


mistakes("""
once: project(project(x, weights), weights) → project(x, weights)
    You project once.
thrice: project(x, weights) → project(project(x, weights), weights)
    Twice is enough.
negative: project(project → -project(project
    That is the negative.
""")
alternatives("""
product: project(project(x, weights), weights) → x @ weights @ weights
squared: project(project(x, weights), weights) → x @ (weights @ weights)
""")
forbid("Linear", because="you have a function for that.")
hint("How often?")
hint("Twice.")
why("The result has the shape that went in.")
'''
START = "from spotlight.notebook import check, start, verify\nstart({!r})"
OWN = "def project(x, weights):\n    return torch.matmul(x, weights)"
IS_OWN = "print(project is not attention.project)"


@pytest.fixture(scope="module")
def _later_lesson(tmp_path_factory):
    """Its files, as they are built in a course that has it."""
    course_copy = tmp_path_factory.mktemp("built") / "course"
    shutil.copytree(ROOT / "solutions", course_copy / "solutions")
    manifest = course_copy / "solutions" / "course.toml"
    manifest.write_text(manifest.read_text(encoding="utf-8") + ENTRY, encoding="utf-8")
    master = course_copy / "solutions" / f"{LATER}.py"
    master.write_text(MASTER, encoding="utf-8")
    course = load_course(course_copy)
    for product in lesson_products(course, course.lessons[-1], read_master(master)):
        product.write(course_copy / "progress" / "backups")
    return [manifest, *course_copy.glob(f"*/{LATER}.*")]


@pytest.fixture
def course_copy(course_copy, _later_lesson):
    """The course with a lesson more, which uses what lesson 03 built."""
    for file in _later_lesson:
        shutil.copy(file, course_copy / file.parent.name)
    return course_copy


@pytest.fixture
def own_module(course_copy):
    """Where the student's own module of lesson 03 is."""
    return course_copy / "progress" / "mine" / "queries_and_keys.py"


@pytest.fixture
def later(open_kernel):
    kernel = open_kernel(LATER)
    kernel.run(START.format("later"))
    return kernel


def test_a_check_collects_and_a_later_lesson_says_which_is_whose(open_kernel, own_module):
    earlier = open_kernel(EARLIER)
    earlier.run(START.format("queries_and_keys"))
    earlier.run(f"# Exercise project · 1 point\n{OWN}", "exercise-project")
    assert 'data-status="passed"' in earlier.run('check("project")').html
    assert OWN in own_module.read_text(encoding="utf-8")

    later = open_kernel(LATER)
    later.run(START.format("later"))
    given = later.run(GIVEN)
    assert not given.error
    assert given.printed.splitlines() == [
        "project: yours, from lesson 03",
        "scaled_scores: the reference stands in; yours from lesson 03 has not passed yet",
    ]
    assert later.run(IS_OWN).printed == "True\n"


def test_a_reset_takes_nothing_out_of_the_module(
    open_kernel, own_module, course_copy, starts, tmp_path
):
    kernel = open_kernel(EARLIER)
    kernel.run(START.format("queries_and_keys"))
    kernel.run(f"# Exercise project · 1 point\n{OWN}", "exercise-project")
    kernel.run('check("project")')
    printed = tmp_path / "printed"
    for command in (["reset", "03", "--yes"], ["grade", "03"]):
        printed.write_text("")
        program = starts(verify, *command, folder=course_copy, out=printed)
        program.join()
        assert "Traceback" not in printed.read_text(encoding="utf-8")
    assert "not done yet" in printed.read_text(encoding="utf-8")
    assert OWN in own_module.read_text(encoding="utf-8")


def test_a_later_lesson_is_graded_on_the_reference_whatever_ones_own_does(later, own_module):
    own_module.parent.mkdir()
    own_module.write_text(
        '__all__ = ["project"]\n\n\ndef project(x, weights):\n    return 0 * x @ weights\n'
    )
    assert "project: yours" in later.run(GIVEN).printed
    assert later.run(
        "import torch; print(project(torch.ones(1, 1), torch.ones(1, 1)))"
    ).printed == ("tensor([[0.]])\n")
    later.run(
        "# Exercise projected_twice · 1 point\n"
        "def projected_twice(x, weights):\n    return project(project(x, weights), weights)",
        "exercise-projected_twice",
    )
    assert 'data-status="passed"' in later.run('check("projected_twice")').html
    assert 'data-points="1"' in later.run("verify()").html


@pytest.mark.parametrize("text", ["raise SystemExit", "def project(:", "import nothing_of_this"])
def test_a_broken_module_costs_the_given_cell_a_sentence(later, own_module, text):
    own_module.parent.mkdir()
    own_module.write_text(text)
    given = later.run(GIVEN)
    assert not given.error
    assert (
        "project: the reference stands in; your progress/mine/queries_and_keys.py" in given.printed
    )
    assert later.run(IS_OWN).printed == "False\n"


def test_a_solution_runs_on_the_references_without_a_word(open_kernel, own_module):
    own_module.parent.mkdir()
    own_module.write_text('__all__ = ["project"]\n\n\ndef project(x, weights):\n    return 0\n')
    kernel = open_kernel(f"../solutions/{LATER}")
    kernel.run(START.format("later"))
    assert kernel.run(GIVEN).printed == ""
    assert kernel.run(IS_OWN).printed == "False\n"
