"""Whatever a probe returns becomes plain data, or says of what type it was."""

from __future__ import annotations

import enum
from collections import OrderedDict, namedtuple
from types import MappingProxyType

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from spotlight.sandbox.portable import portable
from spotlight.sandbox.wire import MAX_TEXT, Array, Opaque, decode_frames, encode


def arrived(value):
    """`value` as it comes out of the wire, inside of what carries an outcome."""
    ((outcome,),) = decode_frames(encode([{"event": "probe", "value": portable(value)}]))
    return outcome["value"]


def is_array(value, expected, form, dtype):
    assert isinstance(value, Array)
    assert (value.form, value.dtype) == (form, dtype)
    np.testing.assert_array_equal(value.data, expected)
    return True


# Tensors

PLAIN = [
    *(torch.float16, torch.float32, torch.float64, torch.complex64, torch.complex128),
    *(torch.int8, torch.int16, torch.int32, torch.int64, torch.bool),
    *(torch.uint8, torch.uint16, torch.uint32, torch.uint64),
]
WIDENED = {
    torch.bfloat16: np.float32,
    torch.float8_e4m3fn: np.float32,
    torch.float8_e5m2: np.float32,
    torch.complex32: np.complex64,
}


@pytest.mark.parametrize("dtype", PLAIN, ids=str)
def test_a_tensor_travels_in_its_own_type(dtype):
    tensor = torch.tensor([[0, 1, 2], [3, 4, 5]]).to(dtype)
    name = str(dtype).removeprefix("torch.")
    value = arrived(tensor)
    assert is_array(value, tensor.numpy(), "tensor", name)
    assert str(value.data.dtype) == name


@pytest.mark.filterwarnings("ignore:ComplexHalf")
@pytest.mark.parametrize(("dtype", "wide"), WIDENED.items(), ids=str)
def test_a_type_that_numpy_lacks_travels_in_a_wider_one_under_its_own_name(dtype, wide):
    value = arrived(torch.tensor([1.5, -2.0]).to(dtype))
    assert is_array(value, [1.5, -2.0], "tensor", str(dtype).removeprefix("torch."))
    assert value.data.dtype == wide


@pytest.mark.parametrize(
    ("tensor", "expected"),
    [
        (torch.tensor(3.5), 3.5),
        (torch.empty(0, 3), np.zeros((0, 3))),
        (torch.arange(6).reshape(2, 3).T, [[0, 3], [1, 4], [2, 5]]),
        (torch.arange(6)[::2], [0, 2, 4]),
        (torch.ones(1).expand(3), [1, 1, 1]),
        (torch.tensor([1 + 2j]).conj(), [1 - 2j]),
        (torch.tensor([1 + 2j]).conj().imag, [-2]),
        (torch.tensor([float("nan"), float("inf")]), [np.nan, np.inf]),
    ],
)
def test_a_tensor_travels_however_it_lies_in_memory(tensor, expected):
    value = arrived(tensor)
    np.testing.assert_array_equal(value.data, expected)


@pytest.mark.parametrize("wants", [True, False])
def test_whether_a_tensor_hangs_in_a_graph_is_told(wants):
    leaf = torch.ones(2, requires_grad=wants)
    assert arrived(leaf).requires_grad is wants
    assert arrived(leaf * 2).requires_grad is wants
    assert arrived((leaf * 2).detach()).requires_grad is False


def test_a_parameter_is_a_tensor():
    assert is_array(arrived(nn.Parameter(torch.ones(2))), [1, 1], "tensor", "float32")


def test_a_tensor_of_a_class_of_its_own_is_a_tensor():
    class Named(torch.Tensor):
        pass

    value = torch.ones(2).as_subclass(Named)
    assert is_array(arrived(value), [1, 1], "tensor", "float32")


@pytest.mark.parametrize(
    "make",
    [
        lambda: torch.eye(2).to_sparse(),
        lambda: torch.eye(2).to_sparse_csr(),
        lambda: torch.ones(2, device="meta"),
        lambda: torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.quint8),
        lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]),
    ],
    ids=["sparse", "sparse rows", "meta", "quantized", "nested"],
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_tensor_without_plain_numbers_is_named_for_what_it_is(make):
    assert arrived(make()).type.startswith("tensor of a kind without plain numbers")


# NumPy


@pytest.mark.parametrize("dtype", ["float32", "int8", "uint64", "complex128", "bool", "float16"])
def test_an_array_travels_in_its_own_type(dtype):
    array = np.arange(6).reshape(2, 3).astype(dtype)
    assert is_array(arrived(array), array, "ndarray", dtype)


@pytest.mark.parametrize("dtype", [">f4", ">i8", "longdouble", "clongdouble"])
def test_an_array_of_another_byte_order_or_width_travels_by_value(dtype):
    array = np.array([1.0, 2.0]).astype(dtype)
    np.testing.assert_array_equal(arrived(array).data, [1.0, 2.0])


@pytest.mark.parametrize(
    "array",
    [
        np.array([1, "a", None], dtype=object),
        np.array(["a", "b"]),
        np.array([b"a"]),
        np.array(["2026-01-31"], dtype="datetime64[D]"),
        np.zeros(2, dtype=[("a", "f4"), ("b", "i4")]),
    ],
    ids=["objects", "text", "bytes", "dates", "records"],
)
def test_an_array_of_anything_but_numbers_does_not_travel(array):
    assert arrived(array) == Opaque(f"ndarray of {array.dtype}")


@pytest.mark.parametrize(
    ("number", "expected"),
    [(np.float32(1.5), 1.5), (np.int8(-3), -3), (np.bool_(True), True), (np.float64(2.5), 2.5),
     (np.longdouble(0.5), 0.5), (np.uint64(2**64 - 1), 2**64 - 1), (np.str_("a"), "a")],
)  # fmt: skip
def test_a_number_of_numpys_is_a_number(number, expected):
    value = arrived(number)
    assert value == expected
    assert type(value) is type(expected)


# Lists, tuples, dicts


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([1, 2, 3], [1, 2, 3]),
        ((1.5, 2), [1.5, 2]),
        ([[1, 2], [3, 4]], [[1, 2], [3, 4]]),
        (((1, 2), [3, 4]), [[1, 2], [3, 4]]),
        ([[[1.0]]], [[[1.0]]]),
        ([True, False], [True, False]),
        ([torch.tensor(1.0), torch.tensor(2.0)], [1, 2]),
        ([torch.ones(2), torch.zeros(2)], [[1, 1], [0, 0]]),
        ([np.float32(1), 2], [1, 2]),
        ([float("nan"), 1], [np.nan, 1]),
        ([2**63, 1], [2**63, 1]),
    ],
)
def test_nested_lists_and_lists_of_equal_tensors_are_one_array(value, expected):
    found = arrived(value)
    assert found.form == "list"
    np.testing.assert_array_equal(found.data, expected)


def test_a_list_of_tensors_is_of_their_type():
    assert arrived([torch.ones(2).bfloat16()] * 2).dtype == "bfloat16"


@pytest.mark.parametrize(
    "value",
    [
        [1, "a"],
        [1, None],
        ["a", "b"],
        (),
        [],
        [[], []],
        [1, 2**70],
        [2**70, 0.5, 2**2000],
        ("a", (None, True)),
        [{"a": 1}, 2],
    ],
)
def test_what_is_mixed_or_too_large_stays_as_it_is(value):
    assert arrived(value) == value


def test_tensors_of_different_shapes_stay_apart():
    one, other = arrived((torch.ones(2), torch.ones(3)))
    assert (one.data.shape, other.data.shape) == ((2,), (3,))
    ragged = arrived([[1, 2], [3]])
    assert [part.data.tolist() for part in ragged] == [[1, 2], [3]]


@pytest.mark.parametrize("shape", [(2, 3), (4,), ()])
def test_a_shape_is_what_the_tuple_of_its_numbers_is(shape):
    assert repr(arrived(torch.zeros(shape).shape)) == repr(arrived(shape))


def test_a_named_tuple_is_a_tuple():
    point = namedtuple("point", "name values")
    name, values = arrived(point("a", torch.ones(2)))
    assert name == "a"
    assert values.data.tolist() == [1, 1]
    assert arrived(torch.tensor([[1, 7], [5, 2]]).max(dim=1)).data.tolist() == [[7, 5], [1, 0]]


def test_true_and_false_are_not_mixed_with_numbers():
    weights, mask = arrived((torch.ones(2), torch.tensor([True, False])))
    assert (weights.dtype, mask.dtype) == ("float32", "bool")
    assert arrived([1, True]) == [1, True]
    assert arrived([1, True])[1] is True


@pytest.mark.parametrize("kind", [dict, OrderedDict, MappingProxyType])
def test_a_mapping_is_a_dict_by_the_text_of_its_keys(kind):
    value = arrived(kind({"a": 1, 2: torch.ones(1), (1, 2): None}))
    assert list(value) == ["a", "2", "(1, 2)"]
    assert value["2"].data.tolist() == [1]


# Everything else


def test_text_is_cut_where_it_grows_too_long():
    assert arrived("x" * (MAX_TEXT + 1)) == "x" * MAX_TEXT
    assert arrived("ü\ud800") == "ü\ud800"


def test_text_of_a_class_of_its_own_is_text():
    class Sly(str):
        __slots__ = ()

        def __getitem__(self, place):
            return object()

        def __str__(self):
            return self

    value = portable(Sly("abc"))
    assert value == "abc"
    assert type(value) is str


class Colour(enum.IntEnum):
    RED = 1


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (object(), "object"),
        ({1, 2}, "set"),
        (b"bytes", "bytes"),
        (1j, "complex"),
        ((n for n in range(3)), "generator"),
        (range(3), "range"),
        (nn.Linear(1, 1), "Linear"),
        (print, "builtin_function_or_method"),
        (..., "ellipsis"),
        (int, "type"),
        (Colour.RED, "Colour"),
    ],
)
def test_what_does_not_travel_is_named_by_its_type(value, name):
    assert arrived(value) == Opaque(name)


def test_a_list_that_holds_itself_comes_to_an_end():
    endless: list = []
    endless.append(endless)
    assert arrived(endless) == Opaque("a structure nested too deeply")
    endless.append(endless)
    assert arrived(endless) == Opaque("a structure nested too deeply")
    mapping: dict = {}
    mapping["self"] = mapping
    assert arrived(mapping) == Opaque("a structure nested too deeply")


@pytest.mark.parametrize(
    "wrap", [lambda inner: [inner], lambda inner: (inner,), lambda inner: {"a": inner}]
)
def test_a_structure_of_any_depth_arrives_or_is_named(wrap):
    value: object = "end"
    for depth in range(60):
        found = arrived(value)
        assert found == (value if depth <= 30 else found)
        assert depth < 50 or found == Opaque("a structure nested too deeply")
        value = wrap(value)


def test_a_structure_of_very_many_parts_is_named_and_not_sent():
    assert arrived(["a"] * 100_000) == Opaque("a structure of too many parts")
    assert arrived([["a"] * 1_000] * 1_000) == Opaque("a structure of too many parts")
    assert arrived(list(range(100_000))).data.shape == (100_000,)
    assert arrived([[0] * 500] * 500).data.shape == (500, 500)


class Hostile(list):
    def __iter__(self):
        raise RuntimeError("no")


class Grudging(dict):
    def items(self):
        raise RuntimeError("no")


class Mute:
    def __str__(self):
        raise RuntimeError("no")


@pytest.mark.parametrize("value", [Hostile([1]), Grudging(a=1), {Mute(): 1}, [Hostile([1])]])
def test_what_raises_while_it_is_looked_at_raises_to_the_caller(value):
    with pytest.raises(RuntimeError, match="no"):
        portable(value)


LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.binary(),
    st.sampled_from([torch.ones(2), torch.tensor(1), np.zeros((0, 2)), np.float16(1), object()]),
)  # fmt: skip
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.integers() | st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=30,
)


@settings(deadline=None)
@given(ANYTHING)
def test_whatever_becomes_portable_travels(value):
    arrived(value)
