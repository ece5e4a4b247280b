"""JSON as the standard has it, read once and alike wherever it comes in.

Whatever the text is, reading it takes time and memory that grow with its bytes.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NoReturn, cast

import msgspec

MOST_VALUES = 1_000_000
"""Values in one text: what takes three bytes to write may take seventy in memory."""
DEEPEST = 100
"""Objects and arrays within each other: whatever goes through a value later goes as deep."""
_TOO_DEEP = f"it is nested deeper than {DEEPEST} levels"
_FIRST_MARKS = 1_000
"""Brackets and commas by which a text that is nested too deep is told from one with too much."""
_MARK = re.compile(r"[ \t\n\r]*([\[\],])[ \t\n\r]*")
_LENIENT = json.JSONDecoder(parse_int=str, parse_float=str)
_LONGEST_INTEGER = 20
"""Digits of an integer that is read as such; no field takes a longer one, whatever it is."""
_LONGEST_NAME = 64
"""Characters of a field's name that are repeated to who sent it."""
_BUT_MARKS = bytes(set(range(256)) - set(b'[]{},"'))
_CHUNK = 1 << 16
_NOT_PLAIN = object()


_VALUE = "a value: an object, an array, a string in double quotes, a number, true, false or null"
_SYNTAX: Sequence[tuple[str, str]] = (
    ("Expecting value", f"here must be {_VALUE}"),
    ("Expecting property name", "here must be the name of a field, in double quotes"),
    ("Expecting ':'", "here must be a colon, after the name of a field"),
    ("Expecting ','", "here must be a comma, or the end of the object or array"),
    ("Illegal trailing comma", "there is a comma, and nothing follows it"),
    ("Unterminated string", "the string that begins here has no end"),
    ("Invalid control character", "a line break, tab or the like in a string must be escaped: \\n"),
    ("Invalid \\u", "after \\u must be four hexadecimal digits"),
    ("Invalid \\escape", 'after a backslash must be one of " \\ / b f n r t u'),
    ("Extra data", "something follows, but the value has ended"),
    ("Unexpected UTF-8 BOM", "it begins with a byte order mark, which JSON has not"),
)
"""What is wrong at a place, by how the parser begins to say it."""


class NotJson(Exception):
    """A text is not JSON, or not what everybody would read alike; says where and why."""


class TooManyValues(NotJson):
    """A text has more values than are read at once."""

    def __init__(self, most: int) -> None:
        super().__init__(f"it has more than {most} values")


def parse(text: bytes, most: int = MOST_VALUES) -> Any:
    """The value of a JSON text.

    Refused are NaN, a field given twice in an object (of which anybody could take the other one),
    halves of surrogate pairs, and nesting deeper than 100. Raises NotJson; TooManyValues, before
    any is read, when there are more than `most`.
    """
    opened = text.count(b"{") + text.count(b"[")
    if opened + text.count(b",") >= most:
        _refuse_more(text, most)
    value = _plain(text)
    if value is _NOT_PLAIN:
        value = _judged(text)
    if opened > DEEPEST and _is_too_deep(value):
        raise NotJson(_TOO_DEEP)
    return value


def _refuse_more(text: bytes, most: int) -> None:
    """Raises TooManyValues when a text has more; an empty object or array counts twice."""
    marks = _marks(text)
    if 1 + marks.count(b",") + marks.count(b"[") + marks.count(b"{") <= most:
        return
    depth = 0
    for mark in marks[:_FIRST_MARKS]:
        depth += (mark in b"[{") - (mark in b"]}")
        if depth > DEEPEST:
            raise NotJson(_TOO_DEEP)
    raise TooManyValues(most)


def _marks(text: bytes) -> bytes:
    """The brackets and commas of a text, without those in strings."""
    kept = _unescaped(text).translate(None, _BUT_MARKS).replace(b'""', b"")
    found: list[bytes] = []
    inside = 0
    # In parts, for each piece of a part takes more memory than the part's bytes.
    for at in range(0, len(kept), _CHUNK):
        pieces = kept[at : at + _CHUNK].split(b'"')
        found.append(b"".join(pieces[inside::2]))
        inside ^= (len(pieces) - 1) % 2
    return b"".join(found)


def has_more_elements(text: bytes, most: int) -> bool:
    """Whether the text is an array with more elements than `most`, as far as is easily told.

    It looks no further than MOST_VALUES go.
    """
    depth = commas = 0
    for mark in _marks(text)[: 3 * MOST_VALUES]:
        if mark in b"[{":
            depth += 1
        elif mark in b"]}":
            depth -= 1
        elif depth == 1:
            commas += 1
            if commas == most:
                return True
    return False


def _is_too_deep(value: Any) -> bool:
    level: list[Any] = [value]
    for _ in range(DEEPEST):
        level = [inner for outer in level for inner in _inner(outer)]
    return any(isinstance(each, dict | list) for each in level)


def _inner(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return cast("dict[str, Any]", value).values()
    return cast("list[Any]", value) if isinstance(value, list) else ()


def _plain(text: bytes) -> Any:
    """The value of a text that is beyond doubt, read by the fast parser; _NOT_PLAIN for others.

    That parser takes a field given twice without a word. Then the text has more quotation marks
    than its value when that is written again: two for every name, whatever comes after it.
    """
    try:
        value = msgspec.json.decode(text)
        if _quotes(text) == _quotes(msgspec.json.encode(value)):
            return value
    except (ValueError, RecursionError):
        pass
    return _NOT_PLAIN


def _quotes(text: bytes) -> int:
    """How many quotation marks begin or end a string."""
    return _unescaped(text).count(b'"')


def _unescaped(text: bytes) -> bytes:
    """The text without escaped backslashes and quotation marks."""
    return text.replace(rb"\\", b"").replace(rb"\"", b"")


def _judged(text: bytes) -> Any:
    """The value of any JSON text, read slowly; or what is wrong with it. Raises NotJson."""
    try:
        value = json.loads(
            text.decode(),
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_constant=_not_a_number,
        )
        msgspec.json.encode(value)  # a text that can't be written again can't be stored
    except RecursionError:
        raise NotJson(_TOO_DEEP) from None
    except ValueError as error:
        raise NotJson(_told(error)) from None
    return value


def _told(error: ValueError) -> str:
    """What is wrong with a text, in words that are not those of Python."""
    if isinstance(error, json.JSONDecodeError):
        return _told_of_syntax(error)
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start + 1} is no UTF-8"
    if isinstance(error, UnicodeEncodeError):
        return "it has half of a surrogate pair, which is no character"
    return str(error)


def _told_of_syntax(error: json.JSONDecodeError) -> str:
    """Where a text breaks, and what would be right there; its line only if it has several."""
    column = f"column {error.colno}"
    where = f"line {error.lineno}, {column}" if "\n" in error.doc.strip() else column
    what = next(
        (ours for theirs, ours in _SYNTAX if error.msg.startswith(theirs)), "it breaks here"
    )
    ends = ", but the text ends" if error.pos >= len(error.doc) else ""
    return f"{where}: {what}{ends}"


def elements(text: bytes) -> list[bytes]:
    """The elements of a JSON array as they are written, each good or bad JSON by itself.

    Raises NotJson when the text can't be told apart into the elements of an array.
    """
    try:
        whole = text.decode(errors="surrogateescape")  # bytes that are no text are one's own fault
        return [element.encode(errors="surrogateescape") for element in _elements(whole)]
    except RecursionError:
        raise NotJson(_TOO_DEEP) from None
    except ValueError as error:
        raise NotJson(_told(error)) from None


def _elements(text: str) -> Iterator[str]:
    at, more = _past("[", text, 0)
    more = more and not text.startswith("]", at)
    while more:
        _, end = _LENIENT.raw_decode(text, at)
        yield text[at:end]
        at, more = _past(",", text, end)
    if _past("]", text, at) != (len(text), True):
        raise ValueError("not a JSON array")


def _past(mark: str, text: str, at: int) -> tuple[int, bool]:
    """Where it goes on after the mark and the space around it, and whether the mark is there."""
    found = _MARK.match(text, at)
    return (found.end(), True) if found and found[1] == mark else (at, False)


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(members)
    if len(fields) < len(members):
        seen = set[str]()
        # `add` tells nothing: what was not seen before goes on, seen from now on.
        twice = next(name for name, _ in members if name in seen or seen.add(name))
        raise ValueError(f"the field {twice[:_LONGEST_NAME]!r} is given twice")
    return fields


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) < _LONGEST_INTEGER else float(digits)


def _not_a_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")
