"""The bodies of requests about invoices, checked field by field."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from service.wire.fields import DateText, OwnId, Reason, UpstreamId, Wire
from service.wire.requests import AllThatMatch, unsaid
from service.wire.selections import check_selected


class DraftBody(Wire):
    """What to draft: ready items of the contract up to the cutoff, all or those named (D-40).

    Or of all that match. Without these, of all contracts or of `contract_ids`, by a job.
    """

    contract_id: UpstreamId | None = None
    contract_ids: Annotated[
        list[UpstreamId] | None,
        Field(
            min_length=1,
            max_length=10_000,
            description="The contracts that a job is to draft; without it and without "
            "`contract_id`, all that have something ready.",
        ),
    ] = None
    cutoff: DateText | None = None
    line_ids: Annotated[list[UpstreamId], Field(max_length=10_000)] | None = None
    customer_ids: Annotated[list[UpstreamId], Field(max_length=10_000)] | None = None
    items: Annotated[list[OwnId], Field(max_length=10_000)] | None = None
    matching: AllThatMatch | None = Field(default_factory=unsaid)

    @model_validator(mode="after")
    def _one_or_many(self) -> Self:
        if self.items is not None:
            check_selected(self.items, self.matching)
        if self.contract_ids is not None and (self.contract_id or self.matching):
            other = "contract_id" if self.contract_id else "matching"
            raise ValueError(f"give one of contract_ids, for a job, and {other}")
        if self.contract_id is None and (self.line_ids is not None or self.items is not None):
            raise ValueError("lines and items are those of a contract: name it as contract_id")
        if self.contract_id is None and self.matching and self.customer_ids is not None:
            raise ValueError("filter by customer in matching, or name a contract as contract_id")
        return self


class AddBody(Wire):
    """Which items go on a draft: ready ones, on no draft, whatever their date (D-71)."""

    items: Annotated[
        list[OwnId],
        Field(
            min_length=1,
            max_length=10_000,
            description="Ids of backlog items; one that can't go there refuses them all.",
        ),
    ]


class ReturnBody(Wire):
    """Why an invoice in review is given back (D-73)."""

    reason: Reason


class BulkConfirmBody(Wire):
    """Which invoices to confirm (D-97)."""

    invoice_ids: Annotated[
        list[OwnId],
        Field(
            min_length=1,
            max_length=1_000,
            description="Confirmed in this order, each by itself; one that is named again, once.",
        ),
    ]


class ConfirmBody(Wire):
    """How to confirm an invoice; without an accounting date it is today's (D-44)."""

    accounting_date: Annotated[
        DateText | None,
        Field(description="At most 366 days after the day of confirmation; any day before it."),
    ] = None
