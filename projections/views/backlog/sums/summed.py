"""A summary of the backlog as callers get it."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from aggregates.statuses import BillingStatus, BillingType, LimitLevel, NTEStatus
from projections.views.resource import Money, Page, Resource


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
