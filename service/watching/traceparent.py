"""`traceparent`, by which a caller says which trace a request is a part of (W3C Trace Context)."""

import re

_FIRST = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def traceparent_of(values: list[str]) -> str | None:
    """The one that a request has, None for none, for several, and for one that says nothing.

    As the standard has it, a malformed one is left alone, and of a later version what version 00
    knows is read.
    """
    if len(values) != 1:
        return None
    value = values[0].strip()
    found = _FIRST.match(value)
    if found is None:
        return None
    rest = value[found.end() :]
    if rest and (value.startswith("00") or not rest.startswith("-")):
        return None
    return found.group()
