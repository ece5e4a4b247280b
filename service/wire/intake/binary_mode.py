"""CloudEvents in the binary mode of HTTP: attributes in ce-* headers, the body is the data.

Header values are read as the HTTP binding of CloudEvents says (3.1.3.2): unquoted first, then
percent-decoded once. What can't be read so is refused: to guess would make one id of two.
"""

import re
from collections.abc import Iterable
from urllib.parse import unquote_to_bytes

from service.wire.intake.cloudevents import BadEvent
from service.wire.problem.problems import Problem, invalid_fields, malformed_json
from service.wire.strict_json import NotJson, parse

_PREFIX = "ce-"
_QUOTED = re.compile(rb'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_BROKEN_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")


def binary_event(headers: Iterable[tuple[bytes, bytes]], body: bytes) -> object:
    """The event in the JSON format; a BadEvent in its place when it can't be read as one."""
    event: dict[str, object] = {}
    wrong: list[tuple[str, str]] = []
    for raw_name, raw in headers:
        name = raw_name.decode("latin-1").lower()
        if name == "content-type":
            event["datacontenttype"] = raw.decode("latin-1")
        elif name.startswith(_PREFIX) and name != f"{_PREFIX}datacontenttype":
            attribute = name.removeprefix(_PREFIX)
            try:
                value = _value(raw)
            except ValueError as error:
                wrong.append((name, str(error)))
                continue
            if attribute in {"data", "data_base64"}:
                wrong.append((name, "is no CloudEvents attribute: the body is the data"))
            elif attribute in event:
                wrong.append((name, "is given twice"))
            else:
                event[attribute] = value
    if wrong:
        return _bad(event, invalid_fields(wrong))
    try:
        event["data"] = parse(body)
    except NotJson as error:
        return _bad(event, malformed_json(error))
    return event


def _value(raw: bytes) -> str:
    """A header's value as the attribute that it stands for. Raises ValueError."""
    value = raw.strip(b" \t")
    if value.startswith(b'"'):
        quoted = _QUOTED.fullmatch(value)
        if not quoted:
            raise ValueError("begins with a double quote, but is no quoted string")
        value = _ESCAPED.sub(rb"\1", quoted[1])
    if _BROKEN_ESCAPE.search(value):
        raise ValueError("has a % without two hexadecimal digits after it: write %25 for %")
    try:
        return unquote_to_bytes(value).decode()
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8 when it is percent-decoded") from None


def _bad(event: dict[str, object], problem: Problem) -> BadEvent:
    event_id = event.get("id")
    return BadEvent(event_id if isinstance(event_id, str) else None, problem, event)
