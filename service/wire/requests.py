"""The bodies of requests: what callers may send, checked field by field."""

from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StrictBool, model_validator

from aggregates.statuses import (
    ApprovalRule,
    BillingMethod,
    Schedule,
    TransactionClass,
)
from service.wire.fields import (
    LARGEST,
    DateText,
    DecimalText,
    LimitText,
    LongText,
    Name,
    Named,
    OwnId,
    Tasks,
    UpstreamId,
    Wire,
)
from service.wire.selections import Matching, check_selected

# --- contracts and lines -----------------------------------------------------------------------


def _stays(otherwise: str) -> str:
    return f"Left out, it stays as it is; where it is new: {otherwise}."


# What may be left out so gets its default from a factory: such a default does not show in the
# document, where it would read as what leaving a field out of what exists comes to.
def unsaid() -> None:
    return None


def left_out() -> Any:
    """For fields that can't be null; whether one was given stands in `model_fields_set`."""
    return None


Limit = Annotated[
    LimitText | None, Field(description=f"{_stays('none')} Null takes it away (D-36).")
]
"""A not-to-exceed limit of something that may be there already."""


class ContractCustomerBody(Wire):
    """A customer on the contract."""

    customer_id: UpstreamId
    name: Name
    nte_limit: Limit = Field(default_factory=unsaid)


class ContractBody(Wire):
    """The terms of a contract: what is given is what stands then; customers are given whole.

    A limit that is left out stays as it is, null takes it away.
    """

    name: Name
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$", examples=["EUR"])]
    nte_limit: Limit = Field(default_factory=unsaid)
    approval: Annotated[
        ApprovalRule,
        Field(
            description="Whether an invoice must be approved before it is confirmed; `four_eyes`: "
            f"by who neither made nor changed it (D-73). {_stays('none')}"
        ),
    ] = Field(default_factory=lambda: ApprovalRule.NONE)
    customers: Annotated[list[ContractCustomerBody], Field(min_length=1, max_length=1000)]


class LineCustomerBody(Wire):
    """Who pays which share of a line; `split_percent` is left out to distribute evenly (D-4).

    What rounding leaves over goes to the customer with `rounding`; to the largest share, the first
    listed of equals, where none has it or that one pays 0 % (D-2, D-104). Left out of all of them,
    it stays with the customer that has it.
    """

    customer_id: UpstreamId
    split_percent: LimitText | None = None
    rounding: StrictBool = False
    nte_limit: Limit = Field(default_factory=unsaid)


class ChargeableBody(Wire):
    """Which roles, categories and tasks are charged; this only takes away (D-22).

    An approval that says `non_chargeable` or `complimentary` itself stays so.
    """

    roles: Annotated[Named, Field(description=_stays("none named"))] = Field(default_factory=dict)
    categories: Annotated[Named, Field(description=_stays("none named"))] = Field(
        default_factory=dict
    )
    tasks: Annotated[
        Tasks | None,
        Field(description=f"{_stays('null')} Null means all tasks, else those with true."),
    ] = Field(default_factory=unsaid)


class LineBody(Wire):
    """The terms of a contract line: what is given is what stands then, what is left out stays.

    The split is given whole: customers, percentages and rounding.
    """

    name: Name
    project_id: UpstreamId
    billing_method: BillingMethod
    contract_amount: Annotated[
        DecimalText | None, Field(description=f"{_stays('none')} Null takes it away.")
    ] = Field(default_factory=unsaid)
    nte_limit: Limit = Field(default_factory=unsaid)
    customers: Annotated[list[LineCustomerBody], Field(min_length=1, max_length=1000)]
    schedule: Annotated[
        Schedule,
        Field(
            description=f"{_stays('milestones')} `progress` is refused until it is built (D-16).",
        ),
    ] = Field(default_factory=lambda: Schedule.MILESTONES)
    includes: Annotated[
        list[TransactionClass], Field(max_length=100, description=_stays("all four classes"))
    ] = Field(default_factory=lambda: list(TransactionClass))
    chargeable: Annotated[ChargeableBody, Field(description=_stays("all is charged"))] = Field(
        default_factory=ChargeableBody
    )


class MilestoneBody(Wire):
    """An amount due on a fixed-price line."""

    name: Name
    amount: DecimalText
    tax: DecimalText = Decimal(0)
    date: DateText
    task_id: UpstreamId | None = None


class MilestoneChanges(Wire):
    """What is to change of a milestone; what is left out stays."""

    name: Name | None = None
    amount: DecimalText | None = None
    tax: DecimalText | None = None
    date: DateText | None = None
    task_id: UpstreamId | None = None


# --- backlog -----------------------------------------------------------------------------------

Items = Annotated[
    list[OwnId],
    Field(min_length=1, max_length=10_000, description="The items, or else `matching`."),
]
AllThatMatch = Annotated[
    Matching,
    Field(description="Instead of `items`: all that a view lists with these filters."),
]


class Selecting(Wire):
    """Which items a command is about: those named, or all that match."""

    items: Items | None = Field(default_factory=unsaid)
    matching: AllThatMatch | None = Field(default_factory=unsaid)

    @model_validator(mode="after")
    def _check_selected(self) -> Self:
        check_selected(self.items, self.matching)
        return self


class MarkBody(Selecting):
    """Which items to mark, and whether one refusal refuses all (D-25, D-27)."""

    status: Literal["ready", "not_ready"]
    mode: Literal["all_or_nothing", "best_effort"] = "all_or_nothing"
    reason: LongText | None = None


class ItemsBody(Selecting):
    """Which items a command is about."""

    reason: LongText | None = None


class UndoBody(Wire):
    """Which mark to take back."""

    position: Annotated[
        int,
        Field(
            strict=True,
            ge=1,
            le=LARGEST,
            description="The position that the mark answered, of one that changed something; "
            "of a mark that a job made, that of one of the job's results.",
        ),
    ]
    reason: LongText | None = None
