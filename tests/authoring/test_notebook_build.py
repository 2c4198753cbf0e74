"""Both notebooks of a lesson, as they are built from its master."""

from __future__ import annotations

import builtins
import hashlib
import json
import os
import re
import subprocess
import sys
from functools import partial
from unittest.mock import MagicMock

import jsonschema
import nbformat
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from notebook_schema import NBGRADER

from small_masters import (
    SMALL,
    exercise_text,
    markdown_text,
    master_of,
    read_text,
    sections,
    spoilt,
)
from spotlight.authoring.notebooks import build_notebook, version_of, waiting_for
from spotlight.course.lesson import MARKER, bare_exercise, bare_given, not_done, solution_blocks
from spotlight.course.reading import read_master
from spotlight.python_source.dataflow import names_of

EDITIONS = ("student", "solution")
KEEPS_THE_SCHEMA = jsonschema.Draft202012Validator(NBGRADER)
LEAST_TELLING = 12  # characters; shorter lines, such as `return x`, tell nothing


def built(lesson, edition="student"):
    return json.loads(build_notebook(lesson, edition))


def source(cell):
    return "".join(cell["source"])


def own(cell):
    return cell["metadata"].get("spotlight", {})


def by_role(notebook, role):
    return [cell for cell in notebook["cells"] if own(cell).get("role") == role]


def ids(notebook):
    return [cell["id"] for cell in notebook["cells"]]


def grade_ids(notebook):
    """The ids by which nbgrader knows cells."""
    marked = [cell["metadata"].get("nbgrader") for cell in notebook["cells"]]
    return [known["grade_id"] for known in marked if known]


def everything(notebook):
    return "\n".join(source(cell) for cell in notebook["cells"])


# Form


@pytest.mark.parametrize("edition", EDITIONS)
def test_a_built_notebook_is_valid_and_holds_no_outputs(any_lesson, edition):
    notebook = nbformat.reads(build_notebook(any_lesson, edition), as_version=4)
    nbformat.validate(notebook, relax_add_props=False)
    assert notebook.metadata.spotlight.lesson == any_lesson.id
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None


@pytest.mark.parametrize("edition", EDITIONS)
def test_building_twice_gives_the_same_bytes(any_lesson, edition):
    text = build_notebook(any_lesson, edition)
    assert build_notebook(any_lesson, edition) == text
    assert text.endswith("}\n")
    assert "\r" not in text


BUILD_ALL = """
import hashlib, sys
from pathlib import Path
from spotlight.authoring.notebooks import build_notebook
from spotlight.course.reading import read_master
for path in map(Path, sys.argv[1:]):
    for edition in ("student", "solution"):
        text = build_notebook(read_master(path), edition)
        print(hashlib.sha256(text.encode()).hexdigest())
"""


def test_every_process_builds_the_same_bytes_whatever_its_hash_seed(all_masters, deep):
    """In the fast tier another process builds two lessons; this one's own seed is drawn anew."""
    chosen = all_masters if deep else all_masters[:2]
    mine = [
        hashlib.sha256(build_notebook(read_master(path), edition).encode()).hexdigest()
        for path in chosen
        for edition in EDITIONS
    ]
    for seed in ("1", "2") if deep else ("1",):
        other = subprocess.run(
            [sys.executable, "-c", BUILD_ALL, *map(str, chosen)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (other.returncode, other.stderr) == (0, "")
        assert other.stdout.split() == mine


def test_the_version_changes_with_any_source_and_with_nothing_else(small_lesson, tmp_path):
    notebook = built(small_lesson)
    version = notebook["metadata"]["spotlight"]["version"]
    assert re.fullmatch(r"[0-9a-f]{12}", version)
    assert version_of(notebook["cells"]) == version
    assert version_of([{**cell, "outputs": [1], "metadata": {}} for cell in notebook["cells"]]) == (
        version
    )
    for number, cell in enumerate(notebook["cells"]):
        changed = [*notebook["cells"]]
        changed[number] = {**cell, "source": [*cell["source"], " "]}
        assert version_of(changed) != version
        assert (
            version_of([*notebook["cells"][:number], *notebook["cells"][number + 1 :]]) != version
        )


# Ids


@given(parts=sections())
def test_ids_are_valid_and_unique_under_any_headings(tmp_path_factory, parts):
    """Those of cells in both editions, and those by which nbgrader knows a cell."""
    lesson = read_text(tmp_path_factory.mktemp("made_up"), master_of(parts))
    student, solution = (built(lesson, edition) for edition in EDITIONS)
    for found in (ids(student), ids(solution), grade_ids(student)):
        assert len(set(found)) == len(found)
        assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", cell_id) for cell_id in found)


@given(data=st.data())
def test_what_is_added_to_a_section_moves_no_id_of_another(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("made_up")
    parts = data.draw(sections())
    grown = data.draw(st.integers(0, len(parts) - 1))
    heading, cells = parts[grown]
    place = data.draw(st.integers(0, len(cells)))
    more = data.draw(
        st.sampled_from([markdown_text("More."), exercise_text("more"), "# %%\nmore = 1\n"])
    )
    longer = [*parts]
    longer[grown] = (heading, [*cells[:place], more, *cells[place:]])

    def elsewhere(parts):
        """The ids of the cells outside the section that grows, by the section's number."""
        notebook = built(read_text(folder, master_of(parts)))
        number, found = -1, []
        for cell in notebook["cells"]:
            number += source(cell).startswith("## ")
            if number not in (grown, len(parts)):
                found.append((number, cell["id"]))
        return found

    assert elsewhere(longer) == elsewhere(parts)


def test_what_is_added_above_a_section_moves_no_id_of_its_exercises(small_lesson, tmp_path):
    grown = read_text(tmp_path, spoilt(("## 2 · Add", "## New\n#\n# Text.\n#\n# ## 3 · Add")))
    before, after = ids(built(small_lesson)), ids(built(grown))
    assert set(before) <= set(after)


def test_both_editions_give_a_cell_the_same_id(any_lesson):
    student, solution = (built(any_lesson, edition) for edition in EDITIONS)
    authors = {cell["id"] for role in ("probes", "authoring") for cell in by_role(solution, role)}
    assert [cell_id for cell_id in ids(solution) if cell_id not in authors] == ids(student)


# nbgrader


@pytest.mark.parametrize("edition", EDITIONS)
def test_nbgraders_metadata_keep_its_schema(any_lesson, edition):
    notebook = built(any_lesson, edition)
    marked = [cell for cell in notebook["cells"] if "nbgrader" in cell["metadata"]]
    for cell in marked:
        KEEPS_THE_SCHEMA.validate(cell["metadata"]["nbgrader"])
    found = grade_ids(notebook)
    assert len(set(found)) == len(found)
    assert all(cell["cell_type"] == "code" for cell in marked)


def test_nbgrader_sees_each_exercise_as_an_answer_and_each_check_as_its_test(any_lesson):
    notebook = built(any_lesson)
    for exercise in any_lesson.exercises:
        (answer,) = [c for c in by_role(notebook, "exercise") if own(c)["exercise"] == exercise.id]
        (check,) = [c for c in by_role(notebook, "check") if own(c)["check"] == exercise.id]
        assert answer["metadata"]["nbgrader"]["solution"]
        assert check["metadata"]["nbgrader"]["grade"]
        assert check["metadata"]["nbgrader"]["points"] == exercise.points
        assert ids(notebook).index(check["id"]) == ids(notebook).index(answer["id"]) + 1


# What a student gets


def test_a_student_is_given_blanks(any_lesson):
    notebook = built(any_lesson)
    cells = by_role(notebook, "exercise")
    for exercise, cell in zip(any_lesson.exercises, cells, strict=True):
        head = source(cell).partition("\n")[0]
        assert MARKER.match(head)["id"] == exercise.id
        assert f"about {exercise.minutes} min" in head
        assert f"difficulty {exercise.difficulty} of 3" in head
        assert bare_exercise(source(cell)) == exercise.stub
    cells = by_role(notebook, "prediction")
    for prediction, cell in zip(any_lesson.predictions, cells, strict=True):
        assert source(cell) == prediction.stub
        assert "..." in source(cell)


def test_every_rule_is_said_where_the_student_reads(any_lesson):
    """The lesson's own above its first exercise, the others' above theirs."""
    sources = map(source, by_role(built(any_lesson), "exercise"))
    heads = [text.removesuffix(bare_exercise(text)).replace("\n#   ", " ") for text in sources]
    first = heads[0]
    for exercise, head in zip(any_lesson.exercises, heads, strict=True):
        for rule in (*exercise.forbidden, *exercise.costs):
            assert f"# Rule: {rule}" in head or f"# Rule: in this whole lesson, {rule}" in first


@pytest.mark.parametrize(
    ("call", "said"),
    [("gradients(row_sums, x=randn(3, 5))", True), ("small_gradients(row_sums)", False)],
)
def test_that_gradients_are_to_flow_is_said_where_a_case_asks_for_them(call, said, tmp_path):
    master = SMALL.replace("return row_sums(randn(3, 5))", f"return {call}")
    assert master != SMALL
    first = source(by_role(built(read_text(tmp_path, master)), "exercise")[0])
    assert ("made of tensor operations from end to end" in first) is said


REAL = {"torch": torch, "nn": torch.nn, "Tensor": torch.Tensor}  # what a class is built on


def test_a_stub_runs_and_raises_only_when_called(any_lesson):
    for exercise in any_lesson.exercises:
        names = names_of(exercise.stub)
        namespace = {name: MagicMock() for name in names.needs - set(dir(builtins))} | REAL
        exec(compile(exercise.stub, exercise.id, "exec"), namespace)
        for target in exercise.targets:
            value = namespace[target]
            if value is ...:
                continue
            if isinstance(value, type):  # a module: its forward pass is what is not done
                value, count = partial(value.forward, MagicMock()), 1
            else:
                count = value.__code__.co_argcount
            # What stands above the blank may take its arguments apart, of so many axes.
            axes = next((a for a in (3, 4) if not_unpacked(value, count, a) is None), 3)
            with pytest.raises(NotImplementedError, match=re.escape(not_done(exercise.id))):
                value(*[torch.ones((2,) * axes)] * count)


def not_unpacked(value, count, axes):
    """The complaint about how many axes the arguments have, or None."""
    try:
        value(*[torch.ones((2,) * axes)] * count)
    except ValueError as error:
        return error
    except NotImplementedError:
        return None


def lines_of(exercise):
    """Lines of the solution that tell something: what only opens a block or a call does not."""
    blocks = "\n".join(solution_blocks(exercise.solution))
    lines = {line.strip() for line in blocks.splitlines() if not line.endswith((":", "("))}
    return {line for line in lines if len(line) > LEAST_TELLING}


def leaks(lesson):
    """Lines of solutions that the student's notebook holds, but no stub and no prose."""
    text = build_notebook(lesson, "student")
    readable = everything(json.loads(text)) + json.dumps(json.loads(text)["metadata"])
    innocent = "\n".join(
        [exercise.stub for exercise in lesson.exercises]
        + [cell.source for cell in lesson.cells if cell.role == "markdown"]
    )
    lines = set().union(*map(lines_of, lesson.exercises))
    return {line for line in lines if line not in innocent and line in readable}


def test_a_student_finds_no_line_of_a_solution(any_lesson):
    assert any(map(lines_of, any_lesson.exercises))
    assert leaks(any_lesson) == set()


@pytest.mark.parametrize(
    "change",
    [
        ("print(table)", "return_value = 1\ntotal_of_rows = x.sum(dim=-1)"),
        ("Which numbers go into entry i?", "Write total_of_rows = x.sum(dim=-1)"),
    ],
)
def test_a_solution_in_a_given_cell_or_a_hint_is_a_leak(tmp_path, change):
    assert leaks(read_text(tmp_path, spoilt(change))) == {"total_of_rows = x.sum(dim=-1)"}


def test_a_student_finds_nothing_of_what_authors_keep_to_themselves(any_lesson):
    readable = everything(built(any_lesson))
    for word in ("@probe", "@mistake", "@alternative", "mistakes(", "alternatives(", "case("):
        assert word not in readable
    assert "SOLUTION" not in readable
    for exercise in any_lesson.exercises:
        for variant in (*exercise.mistakes, *exercise.alternatives):
            assert not variant.message or variant.message not in readable
            assert not variant.function or variant.function not in readable
            assert variant.name not in readable or variant.name.isalpha()
        for probe in exercise.probes:
            assert f"def {probe.name}(" not in readable
            assert probe.source not in readable
    assert not by_role(built(any_lesson), "probes")
    assert not by_role(built(any_lesson), "authoring")


def test_hints_stand_closed_under_the_check(any_lesson):
    notebook = built(any_lesson)
    for exercise in any_lesson.exercises:
        place = ids(notebook).index(f"check-{exercise.id}")
        hints = notebook["cells"][place + 1]
        assert hints["cell_type"] == "markdown"
        assert source(hints).count("<details>") == len(exercise.hints)
        assert "<details open" not in source(hints)
        assert all(hint in source(hints) for hint in exercise.hints)


def test_the_last_cell_hands_the_lesson_in(any_lesson):
    for edition in EDITIONS:
        last = built(any_lesson, edition)["cells"][-1]
        assert (source(last), own(last)["role"]) == ("verify()", "verify")


# What an author gets


def test_the_solution_notebook_holds_all_with_probes_collapsed(any_lesson):
    notebook = built(any_lesson, "solution")
    cells = by_role(notebook, "exercise")
    for exercise, cell in zip(any_lesson.exercises, cells, strict=True):
        assert bare_exercise(source(cell)) == exercise.solution
    kept = [c.source for c in any_lesson.cells if c.role in ("probes", "authoring")]
    hidden = by_role(notebook, "probes") + by_role(notebook, "authoring")
    assert sorted(map(source, hidden)) == sorted(kept)
    assert all(cell["metadata"]["jupyter"] == {"source_hidden": True} for cell in hidden)


# Cells that wait


def waits_of(folder, *cells):
    """For each given cell of a lesson with the targets `one` and `two`, what it waits for."""
    parts = ['# %%\nstart("made_up")\n']
    for cell in cells:
        is_exercise = cell in ("one", "two")
        parts.append(exercise_text(cell) if is_exercise else f"# %%\n{cell}\n")
    lesson = read_text(folder, "\n".join(parts))
    waits = waiting_for(lesson)
    given_cells = [cell for cell in lesson.cells if cell.role == "given"][1:]
    return [" ".join(waits.get(cell.place, ())) for cell in given_cells]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["one", "print(one(1))"], ["one"]),
        (["one", "print(1)"], [""]),
        (["one", "two", "print(two(one(1)))"], ["one two"]),
        (["two", "one", "print(two(one(1)))"], ["two one"]),
        (["one", "a = one(1)", "b = a", "print(b)", "print(1)"], ["one", "one", "one", ""]),
        (["one", "a = one(1)", "a = 2", "print(a)"], ["one", "", ""]),
        (["one", "a = []", "a.append(one(1))", "print(a[0])"], ["", "one", "one"]),
        (
            ["a = {}", "one", "for i in range(2):\n    a[i] = one(i)", "print(a)"],
            ["", "one", "one"],
        ),
        (["one", "a = 0", "for i in range(2):\n    a += one(i)", "print(a)"], ["", "one", "one"]),
        (["one", "def f(x):\n    return one(x)", "print(f(1))"], ["one", "one"]),
        (["one", "print([one for one in range(3)])"], [""]),
        (["one", "def f(one):\n    return one"], [""]),
        (["one", "import torch", "torch.manual_seed(one(1))", "print(torch)"], ["", "one", ""]),
        (["one = 3", "print(one)", "one", "print(one(1))"], ["", "", "one"]),
        (["one", "if one(1):\n    a = 1\nelse:\n    a = 2", "print(a)"], ["one", "one"]),
    ],
)
def test_a_given_cell_waits_for_just_the_targets_that_it_depends_on(tmp_path, cells, expected):
    assert waits_of(tmp_path, *cells) == expected


def test_a_waiting_cell_says_so_in_its_first_line(any_lesson):
    waits = waiting_for(any_lesson)
    given_cells = [cell for cell in any_lesson.cells if cell.role == "given"]
    for edition in EDITIONS:
        built_cells = by_role(built(any_lesson, edition), "given")
        for cell, made in zip(given_cells, built_cells, strict=True):
            assert bare_given(source(made)) == cell.source
            if cell.place in waits:
                assert source(made).startswith(f"%%needs {' '.join(waits[cell.place])}\n")
            else:
                assert "%%needs" not in source(made)


def test_a_cell_that_waits_for_nothing_runs_while_all_is_undone(any_lesson):
    """No given cell without the magic names a target, or a name that only a waiting cell makes."""
    waits = waiting_for(any_lesson)
    made: set[str] = set()
    missing = {target for exercise in any_lesson.exercises for target in exercise.targets}
    for cell in any_lesson.cells:
        if cell.role != "given":
            continue
        names = names_of(cell.source)
        if cell.place in waits:
            missing |= names.defines - made
        else:
            assert not names.uses & (missing - made), cell.place
            made |= names.defines


# Scripts


@pytest.fixture(scope="session")
def scripts(all_masters):
    """Every master of the course, run as a script; all start at once."""
    environment = {**os.environ, "MPLBACKEND": "Agg", "OMP_NUM_THREADS": "1"}
    environment["SPOTLIGHT_SHORT"] = "1"  # a lesson that trains hardly does
    return {
        str(path): subprocess.Popen(
            [sys.executable, str(path)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for path in all_masters[1:]
    }


@pytest.mark.deep
def test_a_master_runs_as_a_script(scripts, real_lesson):
    process = scripts[real_lesson.where]
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
