"""The text of a node is what Python's own `get_source_segment` says, for any kind of line end."""

from __future__ import annotations

import ast

from hypothesis import given
from hypothesis import strategies as st

from spotlight.python_source.syntax import text_of

NAMES = st.sampled_from(["x", "größe", "π", "long_name"])
TEXTS = st.text(st.sampled_from("aä→\f \u2028𝔸"), max_size=4).map(repr)
ENDS = st.sampled_from(["\n", "\r\n", "\r"])


@given(st.lists(st.tuples(NAMES, TEXTS, NAMES), min_size=1, max_size=4), ENDS)
def test_it_is_the_text_that_python_finds(parts: list[tuple[str, str, str]], end: str) -> None:
    lines = (f"{one} = ({text},{end}    {other})  # ü\u2028\x0c" for one, text, other in parts)
    source = end.join([*lines, ""])
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.expr | ast.stmt):
            assert text_of(source, node) == ast.get_source_segment(source, node)
