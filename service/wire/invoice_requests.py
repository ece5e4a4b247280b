"""The bodies of requests about invoices, checked field by field."""

from decimal import Decimal
from typing import Annotated, Any, Literal, Self, cast

from pydantic import Field, ModelWrapValidatorHandler, PrivateAttr, model_validator

from aggregates.statuses import BillingType, TransactionClass
from service.wire.fields import (
    AnyDateText,
    DateText,
    DecimalText,
    LongText,
    OwnId,
    Reason,
    ShortId,
    ShortText,
    UpstreamId,
    Wire,
)
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
    accounting_date: Annotated[
        AnyDateText | None,
        Field(
            description="The day on which each is booked; without it, the day of its confirmation. "
            "A date that can't be (D-44) fails each, and the result says so."
        ),
    ] = None


class ConfirmBody(Wire):
    """How to confirm an invoice; without an accounting date it is today's (D-44)."""

    accounting_date: Annotated[
        AnyDateText | None,
        Field(
            description="At most 366 days after the day of confirmation; any day before it from "
            "1900 on. Where the invoice is confirmed already, any date."
        ),
    ] = None


class CorrectionBody(Wire):
    """Which details of a confirmed invoice to correct: null for all still billed (D-47)."""

    details: Annotated[
        list[OwnId] | None,
        Field(
            min_length=1,
            max_length=10_000,
            description="Details of the invoice, by `detail_id`; null, or left out, for all that "
            "are still billed by it.",
        ),
    ] = None


# --- details -----------------------------------------------------------------------------------

ChargedAs = Literal[BillingType.CHARGEABLE, BillingType.NON_CHARGEABLE, BillingType.COMPLIMENTARY]
"""How a detail is charged: what is not available is no detail (D-66)."""
_FIXED = (
    *("item_id", "kind", "class", "date", "line_id", "customer_id", "approval_id", "milestone_id"),
    *("role", "category", "task_id", "resource", "currency", "edited", "source", "recalled"),
    *("corrects_detail", "corrected_by", "original_quantity", "original_unit_price"),
    *("original_amount", "original_tax"),
)
"""Fields of a detail that no edit changes (D-42)."""


class DetailByHand(Wire):
    """A detail that no backlog item stands behind (D-68)."""

    line_id: UpstreamId
    transaction_class: Annotated[
        TransactionClass,
        Field(alias="class", description="One that the line includes; of a fixed price, any."),
    ]
    date: DateText
    quantity: Annotated[
        DecimalText,
        Field(description="Up to six decimals, and not 0; negative, as a discount, of a `fee`."),
    ]
    unit_price: Annotated[DecimalText, Field(description="Up to six decimals, not below 0.")]
    tax: Annotated[DecimalText, Field(description="Tax on the whole amount.")] = Field(
        default=Decimal(0)
    )
    billing_type: ChargedAs = BillingType.CHARGEABLE
    description: LongText = ""
    external_description: LongText | None = None
    role: ShortText | None = None
    category: ShortText | None = None
    task_id: ShortId | None = None
    resource: ShortText | None = None


class DetailChanges(Wire):
    """What is to change of a detail; what is left out stays (D-42, D-65).

    Work: all but `amount`. A milestone: billing type, tax and descriptions, and on a correction the
    `amount` that stays billed, but not the billing type. Other fields of a detail can't be edited.
    """

    quantity: Annotated[
        DecimalText | None,
        Field(description="Of the sign that it has; 0 on a correction alone (D-65, D-77)."),
    ] = None
    unit_price: Annotated[
        DecimalText | None, Field(description="Up to six decimals, not below 0.")
    ] = None
    amount: Annotated[
        DecimalText | None,
        Field(description="What stays billed of a milestone, on a correction alone (D-81)."),
    ] = None
    tax: Annotated[
        DecimalText | None,
        Field(
            description="Left out while quantity or price change, it follows from the source's "
            "tax in proportion to the amount (D-65)."
        ),
    ] = None
    billing_type: ChargedAs | None = None
    description: LongText | None = None
    external_description: Annotated[
        LongText | None, Field(description="What the customer reads; null clears it.")
    ] = None
    _fixed: tuple[str, ...] = PrivateAttr(default=())

    @property
    def fixed(self) -> tuple[str, ...]:
        """Names of fields that were given, and that no edit changes."""
        return self._fixed

    @model_validator(mode="wrap")
    @classmethod
    def _set_fixed_apart(cls, value: Any, read: ModelWrapValidatorHandler[Self]) -> Self:
        """They are no unknown fields: the rules refuse them, each detail by itself."""
        if not isinstance(value, dict):
            return read(value)
        given = cast("dict[str, object]", value)
        made = read({name: of for name, of in given.items() if name not in _FIXED})
        made._fixed = tuple(name for name in given if name in _FIXED)
        return made


class OneOfManyChanges(DetailChanges):
    """What is to change of one of several details."""

    detail_id: OwnId


class ManyChanges(Wire):
    """Edits of details, all or none of which are made (D-65)."""

    details: Annotated[
        list[OneOfManyChanges],
        Field(min_length=1, max_length=10_000, description="Each detail once."),
    ]
