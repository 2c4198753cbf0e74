"""The shapes that a docstring promises, read from the source of an exercise."""

from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spotlight.python_source.signature import Signature, signature_of

CAREFUL = settings(deadline=None, max_examples=60)


def read(docstring: str, parameters: str = "x", name: str = "f") -> Signature | None:
    return signature_of(f'def f({parameters}):\n    """{docstring}"""\n    return x\n', name)


def promised(docstring: str, parameters: str = "x") -> Signature:
    signature = read(docstring, parameters)
    assert signature is not None
    return signature


# What is read


def test_parameters_and_result_are_read_in_the_functions_own_order() -> None:
    signature = promised(
        "How relevant each key is to each query.\n\n    k: (m, d_k), q: (n, d_k) → (n, m)\n    ",
        "q: Tensor, k: Tensor",
    )
    assert list(signature.parameters.items()) == [("q", ("n", "d_k")), ("k", ("m", "d_k"))]
    assert signature.result == ("n", "m")
    assert signature.letters == ("n", "d_k", "m")


@pytest.mark.parametrize(
    ("docstring", "shape", "result"),
    [
        ("x: (n, d) → (n, d)", ("n", "d"), ("n", "d")),
        ("x: (n,d)→(n,d)", ("n", "d"), ("n", "d")),
        ("x: ( n , d ) → ( d , )", ("n", "d"), ("d",)),
        ("x : (n,) → (n,)", ("n",), ("n",)),
        ("x: (n) → (n)", ("n",), ("n",)),
        ("x: () → ()", (), ()),
        ("x: (n, 4) → (4, n)", ("n", "4"), ("4", "n")),
        ("x: (B, T, C) → (B, C, T)", ("B", "T", "C"), ("B", "C", "T")),
        ("x: (n, d), one row per token → (d,)", ("n", "d"), ("d",)),
        ("x: (n, d), every row adding up to 1 → (n,), the lengths", ("n", "d"), ("n",)),
        ("x: (n,) → one number", ("n",), ()),
        ("x: (n,) → a tensor with one number, 0 at least", ("n",), ()),
        ("x: any shape → the same shape", None, None),
        ("x: a list of words → (n, d)", None, ("n", "d")),
        ("x: (n, d) → a list of n words", ("n", "d"), None),
        ("x: (n, d)\n    → (n,)", ("n", "d"), ("n",)),
    ],
)
def test_the_ways_in_which_a_docstring_may_put_it(
    docstring: str, shape: tuple[str, ...] | None, result: tuple[str, ...] | None
) -> None:
    assert promised(docstring) == Signature({"x": shape}, result)


def test_a_parameter_of_which_nothing_is_said_has_no_shape() -> None:
    assert promised("x: (n, d) → (n, d)", "x, by").parameters == {"x": ("n", "d"), "by": None}


def test_only_the_paragraph_with_the_arrow_counts() -> None:
    docstring = "Beside an x: (a, b) of another kind.\n\n    x: (n, d) → (n,)\n    "
    assert promised(docstring).parameters == {"x": ("n", "d")}


def test_names_that_are_no_parameters_are_passed_over() -> None:
    signature = promised("x: (n, d), bias: (d,) → (n, d)")
    assert signature.parameters == {"x": ("n", "d")}


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("def f(x):\n    return x\n", "f"),
        ('def f(x):\n    """Twice x."""\n', "f"),
        ('def f(x):\n    """x: (n,) -> (n,)"""\n', "f"),
        ('def f(x):\n    """x: (n,) → (n,)"""\n', "g"),
        ('class f:\n    """x: (n,) → (n,)"""\n', "f"),
        ("f = 3\n", "f"),
        ("def f(x:\n", "f"),
        ("\0", "f"),
        ("", "f"),
    ],
)
def test_where_no_shapes_are_promised_there_is_no_signature(source: str, name: str) -> None:
    assert signature_of(source, name) is None


LETTERS = st.text(string.ascii_letters + "_", min_size=1, max_size=3).filter(
    lambda name: name.isidentifier()
)
SHAPES = st.lists(LETTERS | st.integers(0, 9).map(str), max_size=4).map(tuple)


def written(shape: tuple[str, ...]) -> str:
    return f"({shape[0]},)" if len(shape) == 1 else f"({', '.join(shape)})"


@CAREFUL
@given(shapes=st.lists(SHAPES, min_size=1, max_size=3), result=SHAPES)
def test_what_is_written_is_read_again(
    shapes: list[tuple[str, ...]], result: tuple[str, ...]
) -> None:
    names = [f"arg{i}" for i in range(len(shapes))]
    said = ", ".join(f"{name}: {written(shape)}" for name, shape in zip(names, shapes, strict=True))
    signature = promised(f"{said} → {written(result)}", ", ".join(names))
    assert signature == Signature(dict(zip(names, shapes, strict=True)), result)
    used = [part for shape in (*shapes, result) for part in shape if not part.isdigit()]
    assert list(signature.letters) == list(dict.fromkeys(used))


@CAREFUL
@given(docstring=st.text(st.sampled_from("xq(),:→ \n19dn_-²①"), max_size=40))
def test_any_docstring_can_be_read(docstring: str) -> None:
    signature = read(docstring.replace("\\", ""), "x, q")
    assert ("→" in docstring) or signature is None
    if signature is not None:
        assert list(signature.parameters) == ["x", "q"]
        signature.sizes({"x": (2, 3), "q": (1,)})


# What the letters stand for


@CAREFUL
@given(data=st.data(), shapes=st.lists(SHAPES, min_size=1, max_size=3), result=SHAPES)
def test_the_sizes_are_those_that_the_arguments_have(
    data: st.DataObject, shapes: list[tuple[str, ...]], result: tuple[str, ...]
) -> None:
    names = [f"arg{i}" for i in range(len(shapes))]
    signature = Signature(dict(zip(names, shapes, strict=True)), result)
    sizes = {letter: data.draw(st.integers(0, 9)) for shape in shapes for letter in shape}
    sizes |= {letter: int(letter) for letter in sizes if letter.isdigit()}
    given_shapes = {
        name: tuple(sizes[letter] for letter in shape)
        for name, shape in zip(names, shapes, strict=True)
    }
    letters = {letter: size for letter, size in sizes.items() if not letter.isdigit()}
    assert signature.sizes(given_shapes) == letters


@pytest.mark.parametrize(
    "shapes",
    [
        {"q": (3, 8), "k": (5, 7)},
        {"q": (3, 8, 1), "k": (5, 8)},
        {"q": (), "k": (5, 8)},
        {"q": (3, 8), "k": (5, 8), "mask": (3, 4)},
        {"q": (3, 8), "k": (5, 8), "mask": (3, 5), "pair": (3,)},
    ],
    ids=["d_k is two numbers", "a dimension more", "none", "m is two numbers", "not 2"],
)
def test_shapes_that_contradict_the_docstring_say_nothing_of_the_letters(
    shapes: dict[str, tuple[int, ...]],
) -> None:
    parameters = {"q": ("n", "d_k"), "k": ("m", "d_k"), "mask": ("n", "m"), "pair": ("2",)}
    assert Signature(parameters, None).sizes(shapes) is None


def test_arguments_that_are_no_tensors_or_were_left_out_are_passed_over() -> None:
    signature = promised("x: (n, d), y: (m, d) → (n, m)", "x, y, by")
    assert signature.sizes({"x": (3, 8)}) == {"n": 3, "d": 8}
    assert signature.sizes({}) == {}
    assert signature.sizes({"x": (3, 8), "z": (9,)}) == {"n": 3, "d": 8}
