"""The items of a summary, made of what a database sums up and of the names that go with it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from aggregates.statuses import BillingStatus, LimitLevel
from projections.databases.connections import Glance
from projections.values.sums import HALF
from projections.values.units import texts_in
from projections.views.backlog.sums.names import (
    Key,
    Names,
    contract_names,
    customer_names,
    line_names,
)
from projections.views.backlog.sums.summed import Blocked, Part, SummaryItem
from projections.views.kept_to import KeptTo

_NAMES: Mapping[str, Callable[[Glance, KeptTo, Collection[Key]], Names]] = {
    "customer": customer_names,
    "contract": contract_names,
    "line": line_names,
}
STATUSES = (
    BillingStatus.NOT_READY.value,
    BillingStatus.READY.value,
    BillingStatus.INVOICE_CREATED.value,
    BillingStatus.INVOICE_POSTED.value,
)
"""The billing statuses that a summary counts, in the order of `Sums`."""
Sums = tuple[int, ...]
"""What the items of one kind come to: their tax, how many of them are blocked, and by billing
status how many there are and their amount. Tax and amounts are two numbers each, in halves."""
HAS_BLOCKED = 2
"""Where `Sums` tell how many are blocked."""
_FIELDS: Mapping[str, str] = {"class": "transaction_class"}
"""The fields of an item that are not named as the columns that they are by."""
AtLevels = tuple[Sequence[LimitLevel], int, int]
"""What is blocked at the same levels: how many, and their amount."""


NamesOf = Callable[[str, Collection[Key]], Names]
"""Looks up the names of one thing that a summary is by, by their ids."""


def names_in(views: Glance, kept_to: KeptTo) -> NamesOf:
    """What looks names up in views, of what a reader may know of."""
    return lambda one, keys: _NAMES[one](views, kept_to, keys)


def items_of(
    names_of: NamesOf,
    by: Mapping[str, Sequence[str]],
    columns: Key,
    named: Mapping[str, Names],
    page: Mapping[Key, tuple[Sums, Sequence[AtLevels]]],
) -> list[SummaryItem]:
    """The items of a page, whose keys are of these columns.

    `by` are the columns of all that the summary is by, `named` the names that are known by now;
    `names_of` looks the others up.
    """
    found: dict[str, tuple[Sequence[int], Names]] = {}
    for one in _NAMES:
        if one in by and page:
            of = [columns.index(name) for name in by[one]]
            names = named.get(one) or names_of(one, {_part_of(key, of) for key in page})
            found[one] = (of, names)
    fields = [_FIELDS.get(name, name) for name in columns]
    first = next((one for one in by if one in found), None)
    items: list[SummaryItem] = []
    for key, (sums, blocked) in page.items():
        told: dict[str, Any] = dict(zip(fields, key, strict=True))
        if "nte_status" in told:
            told["nte_status"] = told["nte_status"] or None
        for one, (of, names) in found.items():
            told[f"{one}_name"] = names.get(_part_of(key, of))
        told["name"] = told[f"{first}_name"] if first else None
        items.append(_item(told, sums, blocked))
    return items


def _part_of(key: Key, places: Sequence[int]) -> Key:
    return tuple([key[n] for n in places])


def _item(told: Mapping[str, Any], sums: Sums, blocked: Sequence[AtLevels]) -> SummaryItem:
    texts = texts_in(told["currency"])
    tax_high, tax_low, _, *parts = sums
    counts = parts[::3]
    amounts = [high * HALF + low for high, low in zip(parts[1::3], parts[2::3], strict=True)]
    not_ready, ready, on_draft, posted = [
        Part(count, texts[amount]) for count, amount in zip(counts, amounts, strict=True)
    ]
    of_blocked = Blocked(0, texts[0], {})
    if blocked:
        of_blocked = _all_of(blocked, texts)
        amount = amounts[0] - sum(of_some for _, _, of_some in blocked)
        not_ready = Part(counts[0] - of_blocked.count, texts[amount])
    return SummaryItem(
        **told,
        count=sum(counts),
        amount=texts[sum(amounts)],
        tax=texts[tax_high * HALF + tax_low],
        not_ready=not_ready,
        ready=ready,
        blocked=of_blocked,
        on_draft=on_draft,
        posted=posted,
    )


def _all_of(blocked: Sequence[AtLevels], texts: Mapping[int, str]) -> Blocked:
    """What is blocked, together and at each level."""

    def part(some: Sequence[AtLevels]) -> tuple[int, str]:
        return sum(count for _, count, _ in some), texts[sum(amount for _, _, amount in some)]

    failed = {level: [one for one in blocked if level in one[0]] for level in LimitLevel}
    levels = {level: Part(*part(some)) for level, some in failed.items() if some}
    return Blocked(*part(blocked), levels)
