"""The data of posted events, and what is decided of those that wait; checked field by field."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from aggregates.statuses import BillingType
from service.wire.fields import (
    DateText,
    DecimalText,
    LongText,
    Reason,
    ShortId,
    ShortText,
    UpstreamId,
    Wire,
)
from service.wire.requests import ContractBody, LineBody, left_out

# Of these, intake ignores fields that it does not know: `upstream` reads them so, and names them in
# the result of the event. An upstream that adds a field loses nothing.


class ContractData(ContractBody):
    """The data of `projects.contract.confirmed.v1`."""

    contract_id: UpstreamId


class LineData(LineBody):
    """The data of `projects.contract-line.confirmed.v1`."""

    contract_id: UpstreamId
    line_id: UpstreamId


class ApprovalData(Wire):
    """The data of an approved time, expense or material entry, or a posted fee (D-20 to D-22)."""

    approval_id: UpstreamId
    contract_id: UpstreamId
    line_id: UpstreamId
    date: DateText
    quantity: DecimalText
    billable_quantity: DecimalText | None = None
    unit_price: Annotated[
        DecimalText, Field(description="Up to six decimals, in every currency (D-1).")
    ]
    tax: DecimalText | None = None
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    role: ShortText | None = None
    category: ShortText | None = None
    task_id: ShortId | None = None
    resource: ShortText | None = None
    description: LongText | None = None
    billing_type: Annotated[
        BillingType | None,
        Field(description="`chargeable` unless told; the line's terms can only take away (D-22)."),
    ] = None


class RecallData(Wire):
    """The data of a recalled or canceled approval (D-23)."""

    approval_id: UpstreamId
    contract_id: UpstreamId
    line_id: UpstreamId
    reason: LongText | None = None


class EntryChanges(Wire):
    """What changes of an approved entry; what is left out stays (D-85)."""

    contract_id: UpstreamId = Field(default_factory=left_out, description="Of the same currency.")
    line_id: UpstreamId = Field(default_factory=left_out)
    date: DateText = Field(default_factory=left_out)
    quantity: DecimalText = Field(default_factory=left_out)
    billable_quantity: DecimalText | None = None
    unit_price: DecimalText = Field(default_factory=left_out)
    tax: DecimalText = Field(default_factory=left_out)
    role: ShortText | None = None
    category: ShortText | None = None
    task_id: ShortId | None = None
    resource: ShortText | None = None
    description: LongText | None = None
    billing_type: BillingType = Field(default_factory=left_out)

    @model_validator(mode="after")
    def _check_any(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("must have a field that changes")
        return self


class CorrectionData(Wire):
    """The data of a corrected entry (D-85)."""

    approval_id: UpstreamId
    contract_id: UpstreamId
    line_id: UpstreamId
    new: EntryChanges
    reason: LongText | None = None


class WaiveBody(Wire):
    """Why what is billed of a recalled approval may stay (D-83)."""

    reason: Reason


class DismissBody(Wire):
    """Why a parked event is dismissed."""

    reason: Reason
