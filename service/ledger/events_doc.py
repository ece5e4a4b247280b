"""docs/events.md, made from the catalogue: `python -m service.ledger.events_doc` prints it."""

import dataclasses
import inspect
import typing
from typing import Any

from aggregates import events
from service.ledger.stored_form import EventCodec

HEAD = """# Events

Every event that can stand in the history, made from the catalogue's docstrings by
`python -m service.ledger.events_doc`. An event is stored as `{"metadata": …, "data": …}` under the
name given here; decimals are strings. A changed shape takes a new version, and what is stored under
an old one is read for ever.
"""


def document() -> str:
    """The page as Markdown."""
    codec = EventCodec()
    sections = [_section(codec.name_of(kind), kind) for kind in typing.get_args(events.Event)]
    return "\n".join([HEAD, *sections])


def _section(name: str, kind: type) -> str:
    text = inspect.getdoc(kind) or ""
    rows = [
        f"| `{field.name}` | {_type(typing.get_type_hints(kind)[field.name])} |"
        for field in dataclasses.fields(kind)
    ]
    return "\n".join([f"## {name}\n", text, "\n| field | type |", "| --- | --- |", *rows, ""])


def _type(hint: Any) -> str:
    """A type as readers of the data see it, its own parts in words."""
    parts = typing.get_args(hint)
    if typing.get_origin(hint) is tuple:
        return f"list of {_type(parts[0])}"
    if parts:
        return " or ".join(_type(part) for part in parts)
    if dataclasses.is_dataclass(hint):
        fields = ", ".join(f"`{field.name}`" for field in dataclasses.fields(hint))
        return f"{_name(hint)} ({fields})"
    return {type(None): "null", str: "string", int: "integer"}.get(hint, _name(hint))


def _name(hint: Any) -> str:
    return getattr(hint, "__name__", str(hint))


if __name__ == "__main__":
    print(document(), end="")  # noqa: T201 - this program's product
