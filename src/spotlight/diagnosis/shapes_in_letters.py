"""A wrong shape in the letters of the docstring: which size was lost, and where it comes from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from spotlight.python_source.signature import Letters, Signature


def sizes_tell(sizes: Mapping[str, int]) -> bool:
    """Whether a size can be read as a letter: no two stand for one size, none for a size of 1."""
    return bool(sizes) and len(set(sizes.values())) == len(sizes) and 1 not in sizes.values()


def describe_shape(
    signature: Signature, sizes: Mapping[str, int], wanted: Sequence[int], got: Sequence[int]
) -> str:
    """What is wrong with shape `got` where `wanted` is asked for.

    Letters are used where `sizes` tell them apart, and plain numbers elsewhere.
    """
    numbers = f"you return shape {_numbers(got)} where {_numbers(wanted)} is wanted"
    if signature.result is None or not sizes_tell(sizes):
        return numbers
    if [sizes.get(letter) for letter in signature.result] != list(wanted):
        return numbers  # the probe returns something else, or a size that no parameter has
    by_size = {size: letter for letter, size in sizes.items()}
    letters = tuple(by_size.get(size, str(size)) for size in got)
    said = (
        f"you return {_lettered(letters)}, here {_numbers(got)}, "
        f"where {_lettered(signature.result)} = {_numbers(wanted)} is wanted"
    )
    what = _what_happened(signature, signature.result, letters)
    return f"{said}: {what}" if what else said


def _what_happened(signature: Signature, wanted: Letters, got: Letters) -> str:
    lost = list((Counter(wanted) - Counter(got)).elements())
    extra = list((Counter(got) - Counter(wanted)).elements())
    if not lost and not extra:
        if len(wanted) == 2:
            return "rows and columns have changed places"
        return "the right sizes stand in another order"
    if lost and not extra:
        return f"{_origins(signature, lost)} {_is(lost)} lost on the way"
    if extra and not lost:
        kept = [size for size in extra if size != "1"]
        if not kept:
            if len(extra) == 1:
                return "a dimension of size 1 is too many"
            return f"{len(extra)} dimensions of size 1 are too many"
        return f"{_origins(signature, kept)} should no longer be there"
    return (
        f"{_origins(signature, lost)} {_is(lost)} lost, and "
        f"{_origins(signature, extra)} {'stands' if len(extra) == 1 else 'stand'} in its place"
    )


def _is(letters: Sequence[str]) -> str:
    return "is" if len(letters) == 1 else "are"


def _origins(signature: Signature, letters: Sequence[str]) -> str:
    return " and ".join(_origin(signature, letter) for letter in letters)


def _origin(signature: Signature, letter: str) -> str:
    """A letter with the place where a student meets it first: "m (the rows of `k`)"."""
    for name, shape in signature.parameters.items():
        if shape and letter in shape:
            axis = shape.index(letter)
            match len(shape):
                case 1:
                    return f"{letter} (the length of `{name}`)"
                case 2:
                    return f"{letter} (the {('rows', 'columns')[axis]} of `{name}`)"
                case _:
                    return f"{letter} (dimension {axis} of `{name}`)"
    return letter


def _numbers(shape: Sequence[int]) -> str:
    return str(tuple(int(size) for size in shape))


def _lettered(letters: Letters) -> str:
    if len(letters) == 1:
        return f"({letters[0]},)"
    return f"({', '.join(letters)})"
