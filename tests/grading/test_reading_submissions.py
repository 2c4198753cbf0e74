"""Files that are no notebooks are refused in a sentence; those that hold odd things are read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edited_notebooks import Notebook
from spotlight.course.lesson import Lesson
from spotlight.grading.locate import locate
from spotlight.grading.submission import (
    SubmissionError,
    parse_submission,
    plain_python,
    read_submission,
)


def refusal(read: Callable[[], Any]) -> str:
    with pytest.raises(SubmissionError) as raised:
        read()
    said = str(raised.value)
    assert "\n" not in said
    return said


def refusal_of(data: bytes) -> str | None:
    """Why these bytes are refused, if they are."""
    try:
        parse_submission(data, "n.ipynb")
    except SubmissionError as refused:
        return str(refused)
    return None


def test_no_such_file(tmp_path: Path) -> None:
    path = tmp_path / "03.ipynb"
    assert refusal(lambda: read_submission(path)) == f"{path} does not exist."


def test_a_folder(tmp_path: Path) -> None:
    said = refusal(lambda: read_submission(tmp_path))
    assert said == f"{tmp_path} is a folder; name the notebook inside it."


def test_a_file_too_large_to_be_a_notebook(tmp_path: Path) -> None:
    path = tmp_path / "huge.ipynb"
    with path.open("wb") as file:
        file.truncate(201 * 2**20)
    assert refusal(lambda: read_submission(path)) == (
        f"{path} is larger than 200 MB. "
        "Clear the outputs in Jupyter (Edit, Clear Outputs of All Cells) and save."
    )


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "n.ipynb is empty. Restore a backup from progress/backups, "
              "or bring the blank lesson back by `verify.py reset`."),
        (b" \n\n", "n.ipynb is empty. Restore a backup from progress/backups, "
                   "or bring the blank lesson back by `verify.py reset`."),
        (b"print('hello')", "n.ipynb is not a notebook. Give a file that ends in .ipynb."),
        (b"%PDF-1.7 and so on", "n.ipynb is not a notebook. Give a file that ends in .ipynb."),
        (b"\x89PNG\r\n\x1a\n\xff", "n.ipynb is not text, so it is no notebook."),
        ('{"cells": []}'.encode("utf-16"), "n.ipynb is not text, so it is no notebook."),
        (b'{\n<<<<<<< HEAD\n "cells": [],\n=======\n "cells": [1],\n>>>>>>> theirs\n}',
         "n.ipynb holds the marks of a Git merge conflict (<<<<<<<). Resolve it, for instance by "
         "`git checkout --ours` or `--theirs`, and save again."),
        (b"[1, 2, 3]", "n.ipynb is JSON but not a notebook."),
        (b"null", "n.ipynb is JSON but not a notebook."),
        (b'{"nbformat": 4}', "n.ipynb has no list of cells, so it is not a notebook."),
        (b'{"cells": {"a": 1}}', "n.ipynb has no list of cells, so it is not a notebook."),
        (b'{"nbformat": 3, "worksheets": [{"cells": []}]}',
         "n.ipynb is in notebook format 3, which is too old. "
         "Open it in Jupyter and save it, or run: jupyter nbconvert --to notebook --inplace FILE"),
    ],
)  # fmt: skip
def test_what_is_no_notebook(data: bytes, said: str) -> None:
    assert refusal(lambda: parse_submission(data, "n.ipynb")) == said


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_notebook_cut_short(share: float, mark: bytes, done: Notebook) -> None:
    data = mark + json.dumps(done, indent=1).encode()
    assert refusal(lambda: parse_submission(data[: int(share * len(data))], "n.ipynb")) == (
        "n.ipynb looks like a notebook that was cut short. Save it again from Jupyter, "
        "or restore a backup from progress/backups."
    )


def test_a_file_nested_too_deeply() -> None:
    said = refusal(lambda: parse_submission(b'{"cells": ' + b"[" * 100_000, "n.ipynb"))
    assert "cut short" in said


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
odd_sources = json_values | st.sampled_from(
    ["# Exercise doubled\n", "def doubled(x):", "predict(", "%%", "\x00", "\ud800", "? ?", "!"]
)
odd_cells = json_values | st.fixed_dictionaries(
    {},
    optional={
        "cell_type": json_values | st.sampled_from(["code", "markdown", "raw"]),
        "source": odd_sources | st.lists(odd_sources, max_size=3),
        "id": json_values | st.just("exercise-doubled"),
        "metadata": json_values
        | st.fixed_dictionaries(
            {"spotlight": json_values | st.fixed_dictionaries({"exercise": json_values})}
        ),
        "outputs": json_values | st.lists(st.fixed_dictionaries({"output_type": json_values})),
    },
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.fixed_dictionaries(
        {"cells": st.lists(odd_cells, max_size=5)},
        optional={"metadata": json_values, "nbformat": st.just(4) | json_values},
    )
)
def test_anything_in_the_place_of_anything_is_read_or_refused(
    lesson: Lesson, notebook: dict[str, Any]
) -> None:
    data = json.dumps(notebook).encode()
    said = refusal_of(data)
    if said is not None:
        assert said.startswith("n.ipynb ")
        return
    submission = parse_submission(data, "n.ipynb")
    located = locate(lesson, submission)
    assert set(located.exercises) <= {exercise.id for exercise in lesson.exercises}
    assert all(isinstance(cell.source, str) for cell in submission.cells)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for head in (b"", b"{", b'{"cells": ['):
        assert "\n" not in (refusal_of(head + data) or "")


@given(st.text())
def test_any_source_becomes_text_of_as_many_lines(source: str) -> None:
    plain_python(source)
    plain = "x = 1\n" * 3
    assert plain_python(f"%%time\n{plain}") == f"\n{plain}"


def test_magics_become_calls_that_python_reads() -> None:
    source = "%matplotlib inline\nfiles = !ls\nx = 5 % 3\nprint?\n"
    compile(plain_python(source), "<cell>", "exec")
    assert "x = 5 % 3" in plain_python(source)


def test_cells_are_numbered_as_jupyter_shows_them_and_line_ends_are_pythons() -> None:
    cells = [{"cell_type": "markdown", "source": "a\r\nb"}, {"cell_type": "code", "source": "c\rd"}]
    submission = parse_submission(json.dumps({"cells": cells}).encode(), "n.ipynb")
    assert [(c.number, c.source) for c in submission.cells] == [(1, "a\nb"), (2, "c\nd")]
