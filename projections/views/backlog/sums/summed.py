"""A summary of the backlog as callers get it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from aggregates.statuses import BillingStatus, BillingType, LimitLevel, NTEStatus
from projections.values.units import texts_in
from projections.views.resource import Money, Page, Resource

BLOCKED = "blocked"


class Part(Resource):
    """Some of the items: how many, and what they come to without tax."""

    count: int
    amount: Money


class Blocked(Part):
    """Items that are not ready and can't be: their verdict is `failed` (D-26).

    By level: those that failed there. An item that failed at several levels is counted at each.
    """

    levels: dict[LimitLevel, Part]


class SummaryItem(Resource, kw_only=True):
    """What items of one customer, contract, month and so on come to, in one currency.

    Only the fields that the summary is by are there. Each item is in one of the five parts, so
    these add up to `count` and `amount`.
    """

    customer_id: str | UnsetType = UNSET
    customer_name: str | UnsetType | None = UNSET
    contract_id: str | UnsetType = UNSET
    contract_name: str | UnsetType | None = UNSET
    line_id: str | UnsetType = UNSET
    line_name: str | UnsetType | None = UNSET
    project_id: str | UnsetType = UNSET
    transaction_class: Annotated[
        str | UnsetType, Meta(description="time, expense, material, fee; or milestone.")
    ] = msgspec.field(name="class", default=UNSET)
    month: Annotated[str, Meta(examples=["2026-10"])] | UnsetType = UNSET
    nte_status: Annotated[
        NTEStatus | UnsetType | None, Meta(description="null of milestones, which have none.")
    ] = UNSET
    billing_status: BillingStatus | UnsetType = UNSET
    name: Annotated[
        str | None,
        Meta(description="Of the first that the summary is by and that has a name."),
    ]
    currency: str
    billing_type: BillingType
    count: int
    amount: Money
    tax: Money
    not_ready: Part
    ready: Part
    blocked: Blocked
    on_draft: Part
    posted: Part


class Summary(Page[SummaryItem]):
    """A page of a summary, in the order of what it is by, then of currency and billing type."""


_PARTS = {
    "not_ready": BillingStatus.NOT_READY.value,
    "ready": BillingStatus.READY.value,
    "on_draft": BillingStatus.INVOICE_CREATED.value,
    "posted": BillingStatus.INVOICE_POSTED.value,
}
"""Parts of a summary, by the billing status of what is in them."""
STATUSES = tuple(_PARTS.values())
"""The billing statuses that a summary counts."""
LEVELS = tuple(LimitLevel)
_NONE = (0, 0)


class Sums:
    """What the items of one kind come to, in minor units: by state, of those blocked by level."""

    def __init__(self) -> None:
        self.count = self.amount = self.tax = 0
        self.parts: dict[str, tuple[int, int]] = {}
        """How many are in a state or failed at a level, and their amount."""

    def add(self, status: str, count: int, amount: int) -> None:
        """Counts some more with a billing status."""
        self.count += count
        self.amount += amount
        self._move(status, count, amount)

    def block(self, levels: Sequence[LimitLevel], count: int, amount: int) -> None:
        """Counts some that were added as not ready as blocked instead: all failed at these."""
        self._move(BillingStatus.NOT_READY.value, -count, -amount)
        for part in (BLOCKED, *levels):
            self._move(part, count, amount)

    def _move(self, part: str, count: int, amount: int) -> None:
        known, known_amount = self.parts.get(part, _NONE)
        self.parts[part] = (known + count, known_amount + amount)


def item_of(key: Mapping[str, str], sums: Sums, names: Mapping[str, str | None]) -> SummaryItem:
    """An item of the summary: what tells it apart, its sums, the names that go with it."""
    parts, texts = sums.parts, texts_in(key["currency"])

    def part(name: str) -> Part:
        count, amount = parts.get(name, _NONE)
        return Part(count, texts[amount])

    told: dict[str, Any] = {**key, **names}
    if "class" in told:
        told["transaction_class"] = told.pop("class")
    if "nte_status" in told:
        told["nte_status"] = told["nte_status"] or None
    told |= {name: part(status) for name, status in _PARTS.items()}
    levels = {level: part(level) for level in LEVELS if level in parts} if BLOCKED in parts else {}
    blocked, amount = parts.get(BLOCKED, _NONE)
    return SummaryItem(
        **told,
        name=next(iter(names.values()), None),
        count=sums.count,
        amount=texts[sums.amount],
        tax=texts[sums.tax],
        blocked=Blocked(blocked, texts[amount], levels),
    )
