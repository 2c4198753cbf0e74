"""Mistakes that need no author: what a result, seen as numbers, gives away by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations

import numpy as np

from spotlight.course.lesson import Probe
from spotlight.diagnosis.compare import numeric
from spotlight.diagnosis.failing_case import Failing, case_of, gradient_of, is_of_gradient, sizes_of
from spotlight.diagnosis.finding import Finding
from spotlight.diagnosis.relations import Case, are_telling, find_relation
from spotlight.diagnosis.scaling import find_mixture, find_scaling, find_varying
from spotlight.python_source.signature import Signature
from spotlight.sandbox.job import ProbeOutcome

_ENDS_IN_INF = "`exp` of a large number, a number divided by 0, and the logarithm of 0"
_ENDS_IN_NAN = (
    "0 divided by 0, 0 times infinity, infinity less infinity, the logarithm or root of a negative "
    "number, and the variance of a single number"
)
_OVERFLOWS = "Besides, some numbers are inf or nan in one of the cases."


def generic_mistake(
    probes: Sequence[Probe],
    wanted: Sequence[ProbeOutcome],
    got: Sequence[ProbeOutcome],
    failing: Sequence[Failing],
    signature: Signature | None,
    typed: Mapping[int, int],
) -> Finding | None:
    """What the outcomes of all `probes` show, `failing` being those that were not passed.

    `typed` are the whole numbers in the function's source, with their lines.
    """
    found = _cases(probes, wanted, got, signature)
    return (
        _detached(failing)
        or _relation(found, find_scaling, find_relation, find_mixture)
        or _not_finite(failing)
        or _one_size_only(failing, wanted, signature, typed)
    )


def vague_mistake(
    probes: Sequence[Probe],
    wanted: Sequence[ProbeOutcome],
    got: Sequence[ProbeOutcome],
    signature: Signature | None,
) -> Finding | None:
    """What says little, and is better than nothing: a factor or a shift that has no name."""
    return _relation(_cases(probes, wanted, got, signature), find_varying)


def _relation(
    found: Sequence[Case], *finders: Callable[[Sequence[Case]], Finding | None]
) -> Finding | None:
    """What the first finder finds in the cases whose numbers are all finite."""
    finite = [case for case in found if np.isfinite(case.got).all()]
    if not are_telling(finite):
        return None
    relation = next(filter(None, (find(finite) for find in finders)), None)
    if relation is not None and len(finite) < len(found):
        return Finding(relation.name, f"{relation.message} {_OVERFLOWS}")
    return relation


def _detached(failing: Sequence[Failing]) -> Finding | None:
    if not all(is_of_gradient(case) and case.gap and case.gap.nothing for case in failing):
        return None
    assert failing[0].gap is not None
    name = gradient_of(failing[0].gap.where)
    return Finding(
        "detached-gradient",
        f"The values are right, but no gradient comes back to `{name}`: `.item()`, `.tolist()`, "
        "`.detach()`, `torch.tensor(...)`, `nn.Parameter(...)`, NumPy and `torch.no_grad()` each "
        "cut the graph.",
    )


def _not_finite(failing: Sequence[Failing]) -> Finding | None:
    """Numbers that are none, in every failing case and in no wanted result."""
    for case in failing:
        gap = case.gap
        if gap is None or gap.expected is None or gap.observed is None:
            return None
        if not np.isfinite(gap.expected).all() or np.isfinite(gap.observed).all():
            return None
    case, gap = failing[0], failing[0].gap
    assert gap is not None
    assert gap.observed is not None
    is_nan = bool(np.isnan(gap.observed).any())
    return Finding(
        "not-finite",
        f"In the case “{case_of(case.probe)}”, some of your numbers are "
        f"{f'nan: {_ENDS_IN_NAN}' if is_nan else f'inf: {_ENDS_IN_INF}'} all end there.",
    )


def _one_size_only(
    failing: Sequence[Failing],
    wanted: Sequence[ProbeOutcome],
    signature: Signature | None,
    typed: Mapping[int, int],
) -> Finding | None:
    """Right only where a size is one that is typed in, or where two sizes are equal."""
    failed = [case.sizes(signature) for case in failing]
    names = {case.probe.name for case in failing}
    passed = [sizes_of(outcome, signature) for outcome in wanted if outcome.name not in names]
    if not passed or len(failed) < 2 or not all((*passed, *failed)):
        return None
    fixed = {a: size for a, size in passed[0].items() if all(s[a] == size for s in passed)}
    for size in sorted(typed.keys() & set(fixed.values())):
        letters = [a for a in fixed if fixed[a] == size]
        if all(any(s[a] != size for a in letters) for s in failed):
            where = f"{letters[0]} = {size}" if len(letters) == 1 else f"sizes are {size}"
            return Finding(
                "typed-size",
                f"It is right only where {where}: the `{size}` in line {typed[size]} is typed in, "
                "and has to follow from the sizes of what goes in.",
            )
    mixed_up = [
        (a, b)
        for a, b in combinations(failed[0], 2)
        if all(s[a] == s[b] for s in passed) and all(s[a] != s[b] for s in failed)
    ]
    if not mixed_up:
        return None
    said = "It is right only where sizes are equal: somewhere one is taken for another."
    if len(mixed_up) == 1:
        a, b = mixed_up[0]
        said = f"It is right only where {a} = {b}: somewhere one is taken for the other."
    return Finding("square-only", f"{said} Look at every shape and axis.")


def _cases(
    probes: Sequence[Probe],
    wanted: Sequence[ProbeOutcome],
    got: Sequence[ProbeOutcome],
    signature: Signature | None,
) -> list[Case]:
    """Every probe whose two results are arrays; none at all if one of them is not.

    Probes that return several things are left out.
    """
    found: list[Case] = []
    for probe, want, have in zip(probes, wanted, got, strict=True):
        if probe.naming_only or isinstance(want.value, dict | list | tuple):
            continue
        expected, observed = numeric(want.value), numeric(have.value)
        if have.trouble or expected is None or observed is None:
            return []
        if "c" in (expected.dtype.kind, observed.dtype.kind):
            return []
        arguments = want.calls[0].arguments if len(want.calls) == 1 else {}
        arrays = {name: numeric(value) for name, value in arguments.items()}
        found.append(
            Case(
                expected.astype(np.float64),
                observed.astype(np.float64),
                sizes_of(want, signature),
                {k: v.astype(np.float64) for k, v in arrays.items() if v is not None},
                want.drawn_shapes,
            )
        )
    return found
