"""What travels arrives as it was; what is malformed is refused, and nothing is ever unpickled."""

from __future__ import annotations

import ast
import json
import math
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

import spotlight.sandbox
from spotlight.sandbox.wire import (
    DTYPES,
    MAX_HEADER,
    MAX_NODES,
    PREFIX_SIZE,
    Array,
    Opaque,
    TooLongError,
    WireError,
    decode_frames,
    encode,
    frame_lengths,
)

FORMS = st.sampled_from(["tensor", "ndarray", "list"])


def numpy_arrays():
    shapes = st_numpy.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)
    return st.sampled_from(sorted(DTYPES)).flatmap(lambda dtype: st_numpy.arrays(dtype, shapes))


def arrays():
    return st.builds(Array, numpy_arrays(), FORMS, st.sampled_from(["float32", "bfloat16", "list"]),
                     st.booleans())  # fmt: skip


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(2**600), 2**600),
    st.floats(),
    st.text(),
    st.builds(Opaque, st.text()),
)
KEYS = st.one_of(st.text(), st.integers(), st.booleans(), st.tuples(st.text(), st.integers()))
TREES = st.recursive(
    SCALARS | arrays(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(KEYS, inner, max_size=4)
    ),
    max_leaves=20,
)


def same(one, other):
    """Equality that knows arrays, NaN, and types."""
    if type(one) is not type(other):
        return False
    if isinstance(one, Array):
        return (
            (one.form, one.dtype, one.requires_grad)
            == (other.form, other.dtype, other.requires_grad)
            and one.data.dtype == other.data.dtype
            and one.data.shape == other.data.shape
            and one.data.tobytes() == other.data.tobytes()
        )
    if isinstance(one, float):
        return (math.isnan(one) and math.isnan(other)) or (
            one == other and math.copysign(1, one) == math.copysign(1, other)
        )
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    return one == other


def frame(header, buffers=b""):
    """A frame around any header, be it right or not."""
    if not isinstance(header, bytes):
        header = json.dumps(header).encode()
    return struct.pack(">IQ", len(header), len(buffers)) + header + buffers


def body(value, arrays=(), buffers=b""):
    return frame({"body": value, "arrays": list(arrays)}, buffers)


def decode(data):
    return list(decode_frames(data))


# There and back


@given(TREES)
@example({1: "a", "1": "b", ("1",): "c"})
@example([Array(np.zeros((0, 3), np.float16), "tensor", "float16"), float("-inf"), -0.0, 2**53])
@example(Array(np.array(3.5), "tensor", "float64"))
def test_what_is_sent_arrives(value):
    (arrived,) = decode(encode(value))
    assert same(arrived, value)


@given(st.lists(TREES, max_size=4))
def test_several_frames_arrive_in_order(values):
    arrived = decode(b"".join(map(encode, values)))
    assert len(arrived) == len(values)
    assert all(map(same, arrived, values))


@given(arrays())
def test_an_array_that_is_not_contiguous_arrives_in_its_own_order(array):
    turned = Array(array.data.T, array.form, array.dtype)
    (arrived,) = decode(encode(turned))
    assert same(arrived, turned)


@given(st.lists(TREES, min_size=1, max_size=3), st.data())
def test_a_cut_off_frame_is_left_out_and_those_before_it_are_whole(values, data):
    frames = [encode(value) for value in values]
    whole = b"".join(frames)
    cut = data.draw(st.integers(0, len(whole)))
    arrived = decode(whole[:cut])
    ends = [sum(map(len, frames[: n + 1])) for n in range(len(frames))]
    assert len(arrived) == sum(end <= cut for end in ends)
    assert all(map(same, arrived, values))


def test_the_first_bytes_tell_how_long_a_frame_is():
    data = encode([Array(np.zeros(3), "ndarray", "float64")])
    header, buffers = frame_lengths(data[:PREFIX_SIZE])
    assert buffers == 24
    assert PREFIX_SIZE + header + buffers == len(data)


# Limits


def test_arrays_beyond_the_limit_are_not_sent():
    value = [Array(np.zeros(100), "ndarray", "float64")] * 2
    assert encode(value, limit=1600)
    with pytest.raises(TooLongError):
        encode(value, limit=1599)


def test_a_header_that_no_one_would_read_is_not_sent():
    encode("x" * (MAX_HEADER - 100))
    with pytest.raises(TooLongError):
        encode("x" * MAX_HEADER)


def test_what_has_no_form_on_the_wire_is_the_senders_fault():
    with pytest.raises(TypeError, match="object does not travel"):
        encode([object()])


def test_a_header_length_beyond_the_limit_is_refused_at_once():
    prefix = struct.pack(">IQ", MAX_HEADER + 1, 0)
    with pytest.raises(WireError):
        decode(prefix)
    with pytest.raises(WireError):
        frame_lengths(prefix)


# Malformed frames


def tagged(tag, content):
    return body({tag: content})


ONE = {"dtype": "float32", "shape": [1]}
PLACE = {"index": 0, "form": "tensor", "dtype": "float32", "requires_grad": False}
NESTED = '{"body": ' + "[" * 5_000 + "]" * 5_000 + ', "arrays": []}'
MALFORMED = {
    "a header that is not JSON": frame(b"{"),
    "an empty header": frame(b""),
    "a header that is not text": frame(b"\xff\xfe\xfd"),
    "a header that is no object": frame([1]),
    "a header without a body": frame({"arrays": []}),
    "a header without arrays": frame({"body": 1}),
    "arrays that are no list": frame({"body": 1, "arrays": 3}),
    "an array that is no object": body(1, ["x"]),
    "an array without a shape": body(1, [{"dtype": "float32"}], b"1234"),
    "an unknown type": body(1, [{**ONE, "dtype": "float128"}], b"1234"),
    "objects as a type": body(1, [{**ONE, "dtype": "object"}], b"12345678"),
    "a structured type": body(1, [{**ONE, "dtype": "f4,f4"}], b"12345678"),
    "a type in a list": body(1, [{**ONE, "dtype": ["float32"]}], b"1234"),
    "a negative size": body(1, [{**ONE, "shape": [-1]}], b"1234"),
    "a size in text": body(1, [{**ONE, "shape": ["1"]}], b"1234"),
    "a true size": body(1, [{**ONE, "shape": [True]}], b"1234"),
    "a fraction of a size": body(1, [{**ONE, "shape": [1.0]}], b"1234"),
    "an enormous size": body(1, [{**ONE, "shape": [2**40]}], b"1234"),
    "sizes that multiply beyond all memory": body(1, [{**ONE, "shape": [2**39] * 6}], b"1234"),
    "no elements of enormous sizes": body(1, [{**ONE, "shape": [0, 2**39, 2**39]}]),
    "too many dimensions": body(1, [{**ONE, "shape": [1] * 100}], b"1234"),
    "an array longer than its buffer": body(1, [{**ONE, "shape": [2]}], b"1234"),
    "an array shorter than its buffer": body(1, [ONE], b"12345"),
    "a buffer of no array": body(1, [], b"1"),
    "an index beyond the arrays": body({"$array": {**PLACE, "index": 1}}, [ONE], b"1234"),
    "an index without arrays": body({"$array": PLACE}),
    "a negative index": body({"$array": {**PLACE, "index": -1}}, [ONE], b"1234"),
    "a true index": body({"$array": {**PLACE, "index": False}}, [ONE], b"1234"),
    "an index in text": body({"$array": {**PLACE, "index": "0"}}, [ONE], b"1234"),
    "an array without a form": body({"$array": {"index": 0}}, [ONE], b"1234"),
    "an array that is a number": body({"$array": 0}, [ONE], b"1234"),
    "an unknown tag": tagged("$pickle", "gASVAAAA"),
    "a tag without a mark": tagged("tensor", [1]),
    "two tags": body({"$int": "0x1", "$float": "1"}),
    "no tag": body({}),
    "an integer that is none": tagged("$int", "one"),
    "an integer of a number": tagged("$int", 3),
    "a float that is none": tagged("$float", "one"),
    "a float of a list": tagged("$float", [1]),
    "a float beyond all floats": tagged("$float", 10**400),
    "a tuple of a number": tagged("$tuple", 3),
    "a dict of a number": tagged("$dict", 3),
    "a dict of numbers": tagged("$dict", [3]),
    "a dict of triples": tagged("$dict", [[1, 2, 3]]),
    "a list as a key": tagged("$dict", [[[1], 2]]),
    "a dict as a key": tagged("$dict", [[{"$dict": []}, 2]]),
    "a list in a tuple as a key": tagged("$dict", [[{"$tuple": [[]]}, 2]]),
    "a body nested without end": frame(NESTED.encode()),
    "a body nested too deeply": body(json.loads("[" * 60 + "]" * 60)),
    "tuples nested too deeply": body(eval("{'$tuple': [" * 60 + "]}" * 60)),
    "a body of too many parts": body([0] * (MAX_NODES + 1)),
    "an integer of too many digits": frame(b'{"body": ' + b"9" * 10_000 + b', "arrays": []}'),
    "a pickle": frame(pickle.dumps({"body": 1, "arrays": []})),
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_frame_is_refused(data):
    with pytest.raises(WireError):
        decode(data)


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED)
def test_whole_frames_before_a_malformed_one_are_given_first(data):
    frames = decode_frames(encode("first") + data)
    assert next(frames) == "first"
    with pytest.raises(WireError):
        next(frames)


def read(data):
    """Decode, and say whether it was refused; any other end is an error of the test."""
    try:
        decode(data)
    except WireError:
        return "refused"
    return "read"


@given(TREES, st.data())
def test_whatever_bytes_are_changed_the_frame_is_read_or_refused(value, data):
    damaged = bytearray(encode(value))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(damaged) - 1))
        match data.draw(st.sampled_from(["change", "insert", "delete"])):
            case "change":
                damaged[place] = data.draw(st.integers(0, 255))
            case "insert":
                damaged.insert(place, data.draw(st.integers(0, 255)))
            case "delete" if len(damaged) > 1:
                del damaged[place]
    assert read(bytes(damaged)) in ("read", "refused")


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data):
    assert read(data) in ("read", "refused")
    assert read(frame(data)) in ("read", "refused")


TAGS = ["$int", "$float", "$tuple", "$dict", "$array", "$opaque", "index", "form", "$x", ""]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    | st.just(PLACE) | st.integers(-(10**400), 10**400),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(TAGS), inner, max_size=2)
    ),
    max_leaves=20,
)  # fmt: skip


@given(
    JSON, st.lists(st.just(ONE) | JSON, max_size=2), st.sampled_from([b"", b"1234", b"12345678"])
)
def test_any_json_is_read_or_refused(value, described, buffers):
    assert read(body(value, described, buffers)) in ("read", "refused")


# No pickles


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was loaded",))


def test_a_pickle_in_a_buffer_is_just_bytes():
    bomb = pickle.dumps(Bomb())
    (arrived,) = decode(encode(Array(np.frombuffer(bomb, np.uint8), "ndarray", "uint8")))
    assert arrived.data.tobytes() == bomb
    assert read(frame(bomb)) == "refused"
    assert read(bomb) in ("read", "refused")


UNPICKLERS = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "marshal", "shelve", "joblib"}


def test_nothing_in_the_sandbox_can_load_a_pickle():
    folder = Path(spotlight.sandbox.__file__).parent
    sources = sorted(folder.rglob("*.py"))
    assert len(sources) > 5
    for path in sources:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = []
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                modules = [node.module or ""]
            elif isinstance(node, ast.Attribute):
                assert node.attr not in ("load", "save", "multiprocessing"), path
            roots = {module.partition(".")[0] for module in modules}
            assert not roots & (UNPICKLERS | {"multiprocessing"}), path
