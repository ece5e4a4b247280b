"""JSON as the standard has it, read once and alike wherever it comes in."""

import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn

import msgspec

_MARK = re.compile(r"[ \t\n\r]*([\[\],])[ \t\n\r]*")
_LENIENT = json.JSONDecoder(parse_int=str, parse_float=str)
_LONGEST_INTEGER = 20
"""Digits of an integer that is read as such; no field takes a longer one, whatever it is."""
_ESCAPED = re.compile(rb"\\.", re.DOTALL)
_NOT_PLAIN = object()


class NotJson(Exception):
    """A text is not JSON, or not what everybody would read alike; says where and why."""


def parse(text: bytes) -> Any:
    """The value of a JSON text.

    Refused are NaN, a field given twice in an object (of which anybody could take the other one),
    halves of surrogate pairs, and nesting too deep to follow. Raises NotJson.
    """
    value = _plain(text)
    return _judged(text) if value is _NOT_PLAIN else value


def _plain(text: bytes) -> Any:
    """The value of a text that is beyond doubt, read by the fast parser; _NOT_PLAIN for others.

    That parser takes a field given twice without a word. Then the text has more quotation marks
    than its value when that is written again: two for every name, whatever comes behind it.
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
    return (_ESCAPED.sub(b"", text) if b"\\" in text else text).count(b'"')


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
    except (ValueError, RecursionError) as error:
        raise NotJson(str(error)) from None
    return value


def elements(text: bytes) -> list[bytes]:
    """The elements of a JSON array as they are written, each good or bad JSON by itself.

    Raises NotJson when the text can't be told apart into the elements of an array.
    """
    try:
        return [element.encode() for element in _elements(text.decode())]
    except (ValueError, RecursionError) as error:
        raise NotJson(str(error)) from None


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
    """Where it goes on behind the mark and the space around it, and whether the mark is there."""
    found = _MARK.match(text, at)
    return (found.end(), True) if found and found[1] == mark else (at, False)


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(members)
    if len(fields) < len(members):
        names = [name for name, _ in members]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the field {twice!r} is given twice")
    return fields


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) < _LONGEST_INTEGER else float(digits)


def _not_a_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")
