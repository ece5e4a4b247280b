"""Why a command is turned down, in business words; nothing here knows of HTTP.

Refused                 the rules forbid it
├── Invalid             a field's value is not acceptable
├── NotFound            what the command names is not there
├── ItemRefused         one item of many can't be changed; the others may go ahead
├── NotNeeded           one item of many stands so already, or the rule does not apply to it
└── ItemsRefused        a command over many items, with a reason for each
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_REASON = re.compile(r"(.*) \((D-[0-9]+)\)", re.DOTALL)


class Refused(Exception):
    """The rules refuse a command; nothing was changed.

    `code` is stable, `detail` a sentence, `rule` the rule of docs/rules.md that says so (`D-26`),
    None where no single rule does.
    """

    def __init__(self, code: str, detail: str, rule: str | None = None, **facts: Any) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.rule = rule
        self.facts = facts

    @property
    def reason(self) -> str:
        """Sentence and rule in one text, as the history keeps them: `the item is posted (D-25)`."""
        return f"{self.detail} ({self.rule})" if self.rule else self.detail


def of_reason(code: str, reason: str) -> Refused:
    """The refusal again that the history keeps as this code and `reason`, without its facts."""
    parts = _REASON.fullmatch(reason)
    return Refused(code, *parts.groups()) if parts else Refused(code, reason)


class Invalid(Refused):
    """A value is not acceptable; `field` is its path in what the caller sent.

    Where a rule gives the reason a code of its own, that is `code`.
    """

    def __init__(
        self, field: str, detail: str, rule: str | None = None, code: str = "invalid_field"
    ) -> None:
        super().__init__(code, detail, rule)
        self.field = field


class NotFound(Refused):
    """The command names something that does not exist."""

    def __init__(self, kind: str, identity: str) -> None:
        super().__init__(f"{kind}_not_found", f"there is no {kind.replace('_', ' ')} {identity!r}")
        self.kind = kind


class ItemRefused(Refused):
    """One of the items that a command names can't be changed as it asks."""


class NotNeeded(Refused):
    """One of the items that a command names stands so already, or the rule does not apply to it.

    That refuses nothing (D-33).
    """


@dataclass(frozen=True, slots=True)
class LeftAlone:
    """One of the things that a command names and leaves as it is, by its id; and why."""

    id: str
    why: Refused


class ItemsRefused(Refused):
    """A command over many items is refused whole, because of the items listed (D-27)."""

    def __init__(
        self,
        items: Sequence[LeftAlone],
        code: str = "items_refused",
        detail: str | None = None,
        rule: str = "D-27",
    ) -> None:
        super().__init__(code, detail or f"{len(items)} of the items named can't be changed", rule)
        self.items = tuple(items)
