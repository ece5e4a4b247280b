"""JSON is read alike whichever way it is written: what is beyond doubt fast, the rest slowly."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.wire.strict_json import NotJson, elements, parse

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


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "column 1: here must be a value: an object, an array, a string in double quotes, a "
             "number, true, false or null, but the text ends"),
        ("{'a': 1}", "column 2: here must be the name of a field, in double quotes"),
        ('{"a" 1}', "column 6: here must be a colon, after the name of a field"),
        ('{"a": 1 "b": 2}', "column 9: here must be a comma, or the end of the object or array"),
        ('[1 2]', "column 4: here must be a comma, or the end of the object or array"),
        ('{"a": [1, 2', "column 12: here must be a comma, or the end of the object or array, but "
                        "the text ends"),
        ('{"a": tru}', "column 7: here must be a value: an object, an array, a string in double "
                       "quotes, a number, true, false or null"),
        ('{"a": "x}', "column 7: the string that begins here has no end"),
        ('{"a": "x\ty"}', "column 9: a line break, tab or the like in a string must be escaped: "
                         "\\n"),
        (r'{"a": "\q"}', 'column 8: after a backslash must be one of " \\ / b f n r t u'),
        (r'{"a": "\u12"}', "column 9: after \\u must be four hexadecimal digits"),
        ('{"a": 1} x', "column 10: something follows, but the value has ended"),
        ("\ufeff{}", "column 1: it begins with a byte order mark, which JSON has not"),
        ('{\n  "a": 1\n  "b": 2\n}', "line 3, column 3: here must be a comma, or the end of the "
                                     "object or array"),
        ('{"a" 1}\n', "column 6: here must be a colon, after the name of a field"),
    ],
)  # fmt: skip
def test_a_text_that_breaks_is_told_where_and_what_would_be_right_there(
    text: str, told: str
) -> None:
    """In one text, its line is told only if it has several: of a file, the line is told beside."""
    with pytest.raises(NotJson) as refused:
        parse(text.encode())
    assert str(refused.value) == told


@given(st.text(alphabet=st.sampled_from('"\\\n/:{},[]u09 aétrue.-'), max_size=9))
def test_no_text_is_refused_in_the_words_of_python(text: str) -> None:
    assert not re.search(r"Expecting|delimiter|Extra|Invalid|Illegal|char \d", said_of(text))


def said_of(text: str) -> str:
    """What is wrong with a text, if anything is."""
    try:
        parse(text.encode())
    except NotJson as refused:
        return str(refused)
    return ""


def test_an_array_that_breaks_between_its_elements_is_told_where() -> None:
    with pytest.raises(NotJson, match=r"^column 5: here must be a value"):
        elements(b"[1, ?]")
