"""What callers get beside the resources of the views: outcomes of commands, problems, the history.

As those (`projections/views/`), each is encoded, documented and tested as it stands here.
"""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType

from aggregates.statuses import BillingStatus, LimitLevel, NTEStatus, Outcome
from projections.kinds import Kind
from projections.views.backlog.rows import FailedLevel
from projections.views.invoice.invoices import Invoice
from projections.views.resource import Money, Position, Positioned, Resource

Rule = Annotated[
    str, Meta(pattern="^D-[0-9]+$", description="The rule that says so, as in docs/rules.md.")
]


class Done(Positioned):
    """A command that leaves nothing to show."""


class ChangedItem(Resource):
    """An item that a command changed, as it stands now."""

    item_id: str
    billing_status: BillingStatus
    nte_status: NTEStatus | None
    nte_detail: list[FailedLevel] | None


class SkippedItem(Resource):
    """An item that a command left alone, and why."""

    item_id: str
    code: str
    detail: str
    rule: Rule | UnsetType = UNSET
    level: LimitLevel | UnsetType = UNSET
    shortfall: Money | UnsetType = UNSET
    levels: list[FailedLevel] | UnsetType = UNSET


MOST_LISTED = 1_000
"""Items that an answer lists of those changed, and of those skipped; it counts them all."""
Changed = Annotated[
    list[ChangedItem],
    Meta(description=f"The first {MOST_LISTED:,} items that were changed, as they stand now."),
]
Skipped = Annotated[
    list[SkippedItem],
    Meta(description=f"The first {MOST_LISTED:,} items that were left alone, and why."),
]
Count = Annotated[int, Meta(ge=0, description="All of them, listed here or not.")]


class ItemsChanged(Positioned):
    """What a command over items did."""

    changed_count: Count
    skipped_count: Count
    changed: Changed
    skipped: Skipped


class Drafted(Positioned):
    """The drafts made, and the items of the selection that were not taken, with why."""

    changed_count: Annotated[int, Meta(ge=0, description="Items that went on the drafts.")]
    skipped_count: Count
    invoices: list[Invoice]
    skipped: Skipped


# --- problems ------------------------------------------------------------------------------------


class ProblemError(Resource, kw_only=True):
    """What is wrong with a field, an item, a detail or a line; which members there are, tells."""

    field: str | UnsetType = UNSET
    item_id: str | UnsetType = UNSET
    detail_id: str | UnsetType = UNSET
    line_id: str | UnsetType = UNSET
    invoice_id: Annotated[
        str | UnsetType, Meta(description="The invoice that has the detail now.")
    ] = UNSET
    code: str
    detail: str | UnsetType = UNSET
    rule: Rule | UnsetType = UNSET
    level: LimitLevel | UnsetType = UNSET
    limit: Money | UnsetType = UNSET
    used: Money | UnsetType = UNSET
    shortfall: Money | UnsetType = UNSET
    levels: list[FailedLevel] | UnsetType = UNSET


class Problem(Resource, forbid_unknown_fields=False):
    """A problem document (RFC 9457); calls over items and fields name each in `errors`."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    rule: Rule | UnsetType = UNSET
    errors: list[ProblemError] | UnsetType = UNSET
    correlation_id: str | UnsetType = UNSET
    find_out: str | UnsetType = UNSET
    expected: Annotated[int, Meta(description="Items that the caller expected.")] | UnsetType = (
        UNSET
    )
    found: Annotated[int, Meta(description="Items that match now.")] | UnsetType = UNSET


Ignored = Annotated[
    list[str],
    Meta(
        max_length=20,
        description="Fields of the data that are not known here, as paths; the first of them.",
    ),
]


class EventResult(Positioned):
    """What became of one posted event."""

    id: str | None
    outcome: Outcome
    items: list[str]
    problem: Problem | None
    ignored: Ignored


class RefusedEvent(Problem, kw_only=True, forbid_unknown_fields=False):
    """The problem that a single posted event was refused for."""

    id: str | None
    outcome: Literal["refused"]
    items: list[str]
    position: Position
    ignored: Ignored


class BatchResult(Positioned):
    """What became of a batch of posted events, in order."""

    results: list[EventResult]


class NotedRefusal(Resource):
    """An event that was refused, of which nothing but its ids is kept; texts may be cut."""

    refused_at: Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
    source: str | None
    id: str | None
    type: str | None
    contract_id: str | None
    line_id: str | None
    approval_id: str | None
    problem: Problem
    actor: str


class ParkedEvent(Resource):
    """An event that waits for something unknown yet; `id` is its own, `parked_id` unique here."""

    id: str
    parked_id: str
    source: str
    type: str
    contract_id: str
    line_id: str | None
    approval_id: str | None
    position: Position
    problem: Problem
    data: dict[str, Any]


# --- the history, and whether the service can be used --------------------------------------------


class Change(Resource):
    """What may have changed up to a position: things of these kinds, of these contracts."""

    position: Position
    contracts: Annotated[
        list[str] | None,
        Meta(description="Their contracts; null where they are more than 1,000, or not known."),
    ]
    kinds: list[Kind]
    reset: Annotated[
        bool,
        Meta(description="Everything may be different: what was read before must be read anew."),
    ]


class AuditEvent(Resource):
    """An event of the history: what, when, who, why, and what caused it (D-64)."""

    position: Position
    stream: str
    version: int
    type: str
    recorded_at: str
    actor: str
    reason: str | None
    correlation_id: str
    causation_id: str | None
    data: dict[str, Any]


class Live(Resource):
    """The process runs."""

    status: Literal["live"]


class Ready(Positioned):
    """The service can be used; the views lack the last `lag` events of the history."""

    status: Literal["ready"]
    lag: int
