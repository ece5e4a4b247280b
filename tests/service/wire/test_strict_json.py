"""JSON is read alike whichever way it is written: what is beyond doubt fast, the rest slowly."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.wire.strict_json import NotJson, parse

NASTY = st.text(alphabet=st.sampled_from('"\\\n/:{},[]u0022aé\U0001f600'), max_size=6)
ESCAPE = re.compile(r"\\.")
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | NASTY,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NASTY, inner, max_size=3),
    max_leaves=6,
)


def _spelt_out(escape: re.Match[str]) -> str:
    """A quotation mark as its number, any other escape as it is."""
    return "\\u0022" if escape[0] == '\\"' else escape[0]


def written(members: list[tuple[str, Any]], *, ascii_only: bool, escaped: bool) -> bytes:
    """An object with these members in this order, names repeated and all."""

    def plain(value: Any) -> str:
        text = json.dumps(value, ensure_ascii=ascii_only)
        return ESCAPE.sub(_spelt_out, text) if escaped else text

    fields = ", ".join(f"{plain(name)} : {plain(value)}" for name, value in members)
    return f" {{{fields}}}\n".encode()


@given(
    members=st.lists(st.tuples(NASTY, VALUES), max_size=5),
    ascii_only=st.booleans(),
    escaped=st.booleans(),
)
def test_an_object_is_read_as_it_is_unless_a_field_is_given_twice(
    members: list[tuple[str, Any]], ascii_only: bool, escaped: bool
) -> None:
    text = written(members, ascii_only=ascii_only, escaped=escaped)
    if len({name for name, _ in members}) == len(members):
        assert parse(text) == dict(members)
        return
    with pytest.raises(NotJson, match="is given twice"):
        parse(text)


@given(
    members=st.lists(st.tuples(NASTY, st.integers(0, 9)), min_size=2, max_size=4),
    rest=VALUES,
)
def test_a_field_given_twice_is_found_however_deep_and_whatever_stands_beside_it(
    members: list[tuple[str, Any]], rest: Any
) -> None:
    twice = written([*members, members[0]], ascii_only=False, escaped=False)
    with pytest.raises(NotJson, match="is given twice"):
        parse(b'{"deep": [%b, {"in": %b}]}' % (json.dumps(rest).encode(), twice))
