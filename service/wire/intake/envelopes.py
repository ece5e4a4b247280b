"""The envelope of a CloudEvent: which attributes CloudEvents 1.0 demands, and what they may be."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from service.wire.problem.problems import MOST_ERRORS

_KNOWN = {"specversion", "id", "source", "type", "subject", "time", "datacontenttype", "dataschema"}
_EXTENSION = re.compile(r"[a-z0-9]+", re.ASCII)
_UNSPACED = re.compile(r"[^\x00-\x20\x7f-\x9f]+")
_PRINTABLE = re.compile(r"[^\x00-\x1f\x7f-\x9f]+")
_TIMESTAMP = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE
)
_JSON = re.compile(r"application/([a-z0-9.+-]+\+)?json(;.*)?", re.ASCII | re.IGNORECASE)
LONGEST = 1024
"""Characters of an attribute, at most."""
_LEAP_SECOND = re.compile(r"(?<=\d\d:\d\d:)60", re.ASCII)
_MINUTE = timedelta(minutes=1)
_LAST_MINUTE = 23 * 60 + 59


def wrong_attributes(attributes: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the CloudEvents specification does not allow in the envelope."""
    wrong: list[tuple[str, str]] = []
    for name in ("id", "source", "type", "specversion"):
        value = attributes.get(name)
        if not isinstance(value, str) or not value:
            wrong.append((name, "is required, a string that is not empty"))
        elif name == "id" and (len(value) > LONGEST or not _PRINTABLE.fullmatch(value)):
            wrong.append((name, f"must be at most {LONGEST} characters without controls"))
        elif name != "id" and (len(value) > LONGEST or not _UNSPACED.fullmatch(value)):
            wrong.append((name, f"must be at most {LONGEST} characters without spaces or controls"))
    if isinstance(attributes.get("specversion"), str) and attributes["specversion"] != "1.0":
        wrong.append(("specversion", 'must be "1.0"'))
    content_type = attributes.get("datacontenttype")
    if content_type is not None and not (
        isinstance(content_type, str) and _JSON.fullmatch(content_type)
    ):
        wrong.append(("datacontenttype", "must be application/json"))
    wrong.extend(
        (name, "must be a string")
        for name in ("subject", "dataschema")
        if name in attributes and not isinstance(attributes[name], str)
    )
    if "time" in attributes and not _is_timestamp(attributes["time"]):
        wrong.append(("time", "must be an RFC 3339 timestamp"))
    if "data_base64" in attributes:
        wrong.append(("data_base64", "is not taken: data must be JSON"))
    return [*wrong, *_wrong_extensions(attributes)]


def _wrong_extensions(attributes: Mapping[str, Any]) -> list[tuple[str, str]]:
    wrong: list[tuple[str, str]] = []
    for name, value in attributes.items():
        if name in _KNOWN or name in {"data", "data_base64"}:
            continue
        if len(wrong) > MOST_ERRORS:
            break
        if not _EXTENSION.fullmatch(name):
            wrong.append((name, "extension attributes are named in a-z and 0-9"))
        elif not isinstance(value, str | int | bool):
            wrong.append((name, "extension attributes are strings, integers or booleans"))
    return wrong


def _is_timestamp(value: object) -> bool:
    """Whether it is an RFC 3339 timestamp: a leap second, too, which only UTC's last minute has."""
    if not isinstance(value, str) or not _TIMESTAMP.fullmatch(value):
        return False
    text, leaps = _LEAP_SECOND.subn("59", value.upper(), count=1)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return False
    minute = moment.hour * 60 + moment.minute - (moment.utcoffset() or timedelta()) // _MINUTE
    return not leaps or minute % (24 * 60) == _LAST_MINUTE
