"""When two values are the same, and what is said where they are not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from spotlight.diagnosis.compare import describe, difference, wrong_type
from spotlight.sandbox.wire import Array, Opaque


def tensor(*values: Any, dtype: str = "float32", shape: tuple[int, ...] | None = None) -> Array:
    data = np.array(values, dtype=dtype)
    return Array(data if shape is None else data.reshape(shape), "tensor", dtype)


DTYPES = ("bool", "int64", "uint8", "float16", "float32", "float64", "complex64")


@st.composite
def any_array(draw: st.DrawFn, dtype: str | None = None, **bounds: Any) -> Array:
    name = dtype or draw(st.sampled_from(DTYPES))
    elements = {"elements": arrays.from_dtype(np.dtype(name), **bounds)} if bounds else {}
    data = draw(arrays.arrays(name, arrays.array_shapes(min_dims=0, max_side=4), **elements))
    return Array(data, draw(st.sampled_from(["tensor", "ndarray", "list"])), name)


plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | any_array()
trees = st.recursive(
    plain,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(trees)
def test_everything_equals_itself(value: Any) -> None:
    assert difference(value, value) is None
    assert wrong_type(value, value) is None


@given(trees, trees)
def test_any_two_values_can_be_compared_and_the_difference_said(one: Any, other: Any) -> None:
    found = difference(one, other)
    if found is not None:
        assert found.message
        assert "\n" not in found.message
        assert found.max_abs_diff is None or found.max_abs_diff >= 0
    assert describe(one)


@given(st.data(), st.sampled_from(["int64", "uint8", "bool"]))
def test_whole_numbers_and_truth_values_are_the_same_only_if_every_entry_is(
    data: st.DataObject, dtype: str
) -> None:
    one = data.draw(any_array(dtype))
    other = data.draw(arrays.arrays(dtype, one.data.shape))
    same = difference(one, Array(other, "tensor", dtype)) is None
    assert same == np.array_equal(one.data, other)


@given(any_array("float64", min_value=-1, max_value=1), st.data())
def test_order_does_not_matter_among_values_of_one_dtype_and_size(
    one: Array, data: st.DataObject
) -> None:
    gap = data.draw(st.sampled_from([0.0, 1e-12, 1e-10, 1e-7, 0.1]))
    other = Array(np.clip(one.data + gap, -1, 1), "tensor", "float64")
    assert (difference(one, other) is None) == (difference(other, one) is None)


@given(any_array(), any_array())
def test_a_shape_is_never_stretched_to_fit(one: Array, other: Array) -> None:
    if one.data.shape != other.data.shape:
        found = difference(one, other)
        assert found is not None
        assert found.kind == "shape"
        assert str(other.data.shape) in found.message
        assert str(one.data.shape) in found.message


@pytest.mark.parametrize(
    ("expected", "observed", "tolerance"),
    [
        ("float64", "float64", 1e-9),
        ("float32", "float32", 1e-5),
        ("float32", "float64", 1e-5),
        ("float64", "float32", 1e-5),
        ("float32", "float16", 1e-2),
        ("int64", "float32", 1e-5),
    ],
)
def test_the_tolerance_is_that_of_the_coarser_dtype(
    expected: str, observed: str, tolerance: float
) -> None:
    wanted = tensor(0.0, 0.0, dtype=expected)

    def got(gap: float) -> Array:
        data = np.array([0.0, gap])
        return Array(data, "tensor", observed)

    assert difference(wanted, got(0.99 * tolerance)) is None
    assert difference(wanted, got(1.01 * tolerance)) is not None


@given(st.floats(1, 1e6))
def test_the_tolerance_grows_with_the_largest_wanted_entry(size: float) -> None:
    wanted = tensor(size, 0.0, dtype="float64")
    assert difference(wanted, tensor(size, 0.9e-9 * size, dtype="float64")) is None
    assert difference(wanted, tensor(size, 1.1e-9 * size, dtype="float64")) is not None


def test_counts_are_right_or_wrong_however_large() -> None:
    assert difference(124_439_808, 124_439_809) is not None
    assert difference(tensor(10**6, dtype="int64"), tensor(10**6 + 1, dtype="int64")) is not None
    assert difference(2, 2.0) is None


@pytest.mark.parametrize("one", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("other", [np.inf, -np.inf, np.nan])
def test_what_is_not_finite_equals_what_is_not_finite(one: float, other: float) -> None:
    assert difference(tensor(1.0, one), tensor(1.0, other)) is None
    found = difference(tensor(1.0, one), tensor(1.0, 1e30))
    assert found is not None
    assert found.index == (1,)
    assert difference(tensor(1.0, 2.0), tensor(1.0, one)) is not None
    assert difference(one, other) is None


def test_truth_values_and_numbers_differ() -> None:
    mask, numbers = tensor(True, False, dtype="bool"), tensor(1.0, 0.0)
    for wanted, got in ((mask, numbers), (numbers, mask), (True, 1), (1, True)):
        found = difference(wanted, got)
        assert found is not None
        assert found.kind == "kind"
    said = difference(mask, numbers)
    assert said is not None
    assert said.message == "it holds numbers where True and False are wanted"


@pytest.mark.parametrize("form", ["ndarray", "list"])
def test_another_form_is_the_same_numbers_and_another_type(form: str) -> None:
    wanted = tensor(1.0, 2.0)
    got = Array(np.array([1.0, 2.0]), form, "list" if form == "list" else "float64")
    assert difference(wanted, got) is None
    assert "where a tensor is wanted" in (wrong_type(wanted, got) or "")
    assert wrong_type(got, wanted) is not None


def test_a_tensor_with_one_number_equals_the_number() -> None:
    wanted = tensor(3.0, shape=())
    assert difference(wanted, 3) is None
    assert wrong_type(wanted, 3) == (
        "it is the number 3 where a tensor is wanted (`.item()`, `.tolist()`, `float(...)` and "
        "`.numpy()` give no tensor)"
    )
    assert wrong_type(3, wanted) == (
        "it is a tensor where a plain number is wanted: take it out with `.item()`"
    )
    assert difference(3, wanted) is None
    assert difference(wanted, tensor(3.0)) is not None


@pytest.mark.parametrize(
    ("wanted", "got", "is_of_its_type"),
    [
        ("float32", "float64", False),
        ("float32", "float16", False),
        ("int64", "int32", False),
        ("float64", "float32", True),
    ],
)
def test_the_dtype_is_part_of_the_type_but_where_float64_goes_in(
    wanted: str, got: str, is_of_its_type: bool
) -> None:
    said = wrong_type(Array(np.array([1]), "tensor", wanted), Array(np.array([1]), "tensor", got))
    assert (said is None) == is_of_its_type
    assert is_of_its_type or said == f"its numbers are {got} where {wanted} is wanted"


def test_a_list_is_no_tuple_at_any_depth() -> None:
    assert wrong_type(("a", "b"), ["a", "b"]) == "it is a list where a tuple is wanted"
    assert wrong_type({"x": ["a"]}, {"x": ("a",)}) == "it is a tuple where a list is wanted"
    assert wrong_type({"x": ("a", 1)}, {"x": ("a", 1)}) is None
    assert wrong_type((tensor(1.0), tensor(2.0)), [tensor(1.0), tensor(2.0)]) is None


def test_a_tuple_of_rows_equals_the_rows_stacked() -> None:
    rows = (tensor(1.0, 2.0), tensor(3.0, 4.0))
    stacked = Array(np.array([[1.0, 2.0], [3.0, 4.0]]), "tensor", "float32")
    assert difference(rows, stacked) is None
    assert difference(list(rows), rows) is None


@pytest.mark.parametrize(
    ("expected", "observed", "where", "said"),
    [
        (tensor(1.0, 2.0), tensor(1.0, 2.5), "", "the value at [1] is 2.5 where 2 is wanted"),
        (tensor(1.0), tensor(1.00002), "", "the value at [0] is 1.00002 where 1 is wanted"),
        (100_000, 100_001, "", "the value is 100001 where 100000 is wanted"),
        ({"a": 1, "b": (1, 2)}, {"a": 1, "b": (1, 3)}, "['b'][1]",
         "the value is 3 where 2 is wanted"),
        ({"a": 1}, {"b": 1}, "", "it is a dict of b where a dict of a is wanted"),
        ({"a": 1}, {"b\n": 1}, "", "it is a dict of 'b\\n' where a dict of a is wanted"),
        ((1, 2), (1, 2, 3), "", "it is a tuple of 3 where 2 values are wanted"),
        ("yes", "no", "", "it is 'no' where 'yes' is wanted"),
        (None, 1, "", "it is the number 1 where None is wanted"),
        (tensor(1.0), None, "", "it is None where a tensor of shape (1,) is wanted"),
        (tensor(1.0, shape=()), Opaque("Model"), "",
         "it is a value of type Model where a tensor with one number is wanted"),
        (1, Opaque("ellipsis"), "", "it is still the dots where the number 1 is wanted"),
    ],
)  # fmt: skip
def test_how_a_difference_is_said(expected: Any, observed: Any, where: str, said: str) -> None:
    found = difference(expected, observed)
    assert found is not None
    assert (found.where, found.message) == (where, said)


def test_a_number_too_long_to_write_down_is_said_to_be_so() -> None:
    found = difference(1, 10**5000)
    assert found is not None
    assert found.message == "it is a number of very many digits where the number 1 is wanted"


def test_the_largest_gap_leaves_out_what_is_not_finite() -> None:
    found = difference(tensor(1.0, 2.0, 3.0), tensor(np.nan, 2.0, 7.5))
    assert found is not None
    assert found.max_abs_diff == 4.5
    other_shape = difference(tensor(1.0), tensor(1.0, 2.0))
    assert other_shape is not None
    assert other_shape.max_abs_diff is None
