"""Why a command is turned down, in business words; nothing here knows of HTTP.

Refused                 the rules forbid it
├── Invalid             a field's value is not acceptable
├── NotFound            what the command names is not there
└── ItemsRefused        a command over many items, with one ItemRefusal each
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class ItemRefusal:
    """One item of a command that was left out: a stable `code`, a sentence, and what helps."""

    item_id: str
    code: str
    detail: str
    facts: dict[str, Any] = field(default_factory=dict[str, Any])


class Refused(Exception):
    """The rules refuse a command; nothing was changed. `code` is stable, `detail` a sentence."""

    def __init__(self, code: str, detail: str, **facts: Any) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.facts = facts


class Invalid(Refused):
    """A value is not acceptable; `field` is its path in what the caller sent."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__("invalid_field", detail)
        self.field = field


class NotFound(Refused):
    """The command names something that does not exist."""

    def __init__(self, kind: str, identity: str) -> None:
        super().__init__(f"{kind}_not_found", f"there is no {kind.replace('_', ' ')} {identity!r}")
        self.kind = kind


class ItemsRefused(Refused):
    """A command over many items is refused whole, because of the items listed (D-27)."""

    def __init__(self, refusals: Sequence[ItemRefusal]) -> None:
        super().__init__("items_refused", f"{len(refusals)} of the items named can't be changed")
        self.refusals = tuple(refusals)
