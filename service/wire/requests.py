"""The wire models of the HTTP contract: what callers may send, checked field by field.

Decimals travel as strings: a JSON number has lost digits before anybody could look at it.
"""

import datetime
import re
from decimal import Decimal
from typing import Annotated, Any, Literal, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
    model_validator,
)

from aggregates.statuses import BillingMethod, BillingType, Schedule, TransactionClass

_DECIMAL = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,12})?", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CONTROLS_IN_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_FIRST_YEAR, _LAST_YEAR = 1900, 2199
_MOST_UNKNOWN = 100
"""Unknown fields of one object that are named one by one."""
IGNORING = {"unknown": "ignored"}
"""The context of a validation that passes over fields that are not known, as intake's does."""


def _decimal(value: object) -> Decimal:
    if not isinstance(value, str):
        raise ValueError('must be a decimal in a string, such as "12.50"')
    if not _DECIMAL.fullmatch(value):
        raise ValueError("must be a plain decimal: at most 12 digits, and 12 decimals, no exponent")
    return Decimal(value)


def _not_negative(value: Decimal) -> Decimal:
    if value < 0:
        raise ValueError("can't be negative")
    return value


def _date(value: object) -> datetime.date:
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise ValueError('must be a date in a string, such as "2026-10-31"')
    date = datetime.date.fromisoformat(value)
    if not _FIRST_YEAR <= date.year <= _LAST_YEAR:
        raise ValueError(f"must lie in the years {_FIRST_YEAR} to {_LAST_YEAR}")
    return date


def _no_controls(value: str) -> str:
    if _CONTROLS.search(value):
        raise ValueError("must not have control characters")
    return value


def _without_controls(value: object) -> object:
    return _CONTROLS_IN_TEXT.sub("", value) if isinstance(value, str) else value


def _each_its_own(value: object, read: ValidatorFunctionWrapHandler) -> Any:
    named = read(value)
    if isinstance(value, dict) and len(named) < len(cast("dict[str, object]", value)):
        raise ValueError("two names are the same without their control characters")
    return named


def _size(value: object) -> int:
    """How many members an object has."""
    return len(cast("dict[str, object]", value)) if isinstance(value, dict) else 0


def _at_most(most: int) -> BeforeValidator:
    """Refuses a larger object as a whole, before each of its members is looked at."""

    def check(value: object) -> object:
        if _size(value) > most:
            raise ValueError(f"must have at most {most} members")
        return value

    return BeforeValidator(check)


_DECIMAL_SCHEMA: dict[str, Any] = {"type": "string", "pattern": r"^-?[0-9]{1,12}(\.[0-9]{1,12})?$"}

DecimalText = Annotated[
    Decimal,
    BeforeValidator(_decimal),
    WithJsonSchema({**_DECIMAL_SCHEMA, "examples": ["1600.00"]}),
]
"""A decimal in a string."""
LimitText = Annotated[
    Decimal,
    BeforeValidator(_decimal),
    AfterValidator(_not_negative),
    WithJsonSchema({"type": "string", "pattern": _DECIMAL_SCHEMA["pattern"].replace("-?", "")}),
]
"""A decimal in a string that is not negative."""
DateText = Annotated[
    datetime.date,
    BeforeValidator(_date),
    WithJsonSchema(
        {
            "type": "string",
            "format": "date",
            "pattern": "^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$",
            "examples": ["2026-10-31"],
        }
    ),
]
"""An ISO 8601 date in the years 1900 to 2199: others are slips of the pen, such as 0202-10-31."""
UpstreamId = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,64}$", examples=["PC-1001"])]
"""An id that an upstream system owns."""
_NO_CONTROLS: dict[str, Any] = {"pattern": r"^[^\u0000-\u001f\u007f-\u009f]*$"}
ShortId = Annotated[
    str, Field(max_length=200, json_schema_extra=_NO_CONTROLS), AfterValidator(_no_controls)
]
"""An id that an upstream system owns and writes as it likes, but without control characters."""
OwnId = Annotated[
    str,
    Field(min_length=1, max_length=200, json_schema_extra=_NO_CONTROLS),
    AfterValidator(_no_controls),
]
"""An id that the service made; opaque to callers."""

_DROPPED = "Control characters are dropped, but for tabs and line ends."
_SOMETHING: dict[str, Any] = {"pattern": r"[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]"}
Name = Annotated[
    str,
    Field(min_length=1, max_length=200, description=_DROPPED, json_schema_extra=_SOMETHING),
    BeforeValidator(_without_controls),
]
ShortText = Annotated[
    str, Field(max_length=200, description=_DROPPED), BeforeValidator(_without_controls)
]
LongText = Annotated[
    str, Field(max_length=4000, description=_DROPPED), BeforeValidator(_without_controls)
]
Reason = Annotated[
    str,
    Field(min_length=1, max_length=4000, description=_DROPPED, json_schema_extra=_SOMETHING),
    BeforeValidator(_without_controls),
]


class Wire(BaseModel):
    """A body that callers send: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _refuse_many_unknown(cls, value: object, about: ValidationInfo) -> object:
        """Thousands of unknown fields are one mistake, not thousands; unless they are ignored."""
        is_large = _size(value) > len(cls.model_fields) + _MOST_UNKNOWN
        if is_large and about.context is not IGNORING:
            raise ValueError(f"has more than {_MOST_UNKNOWN} fields that are not known")
        return value


# --- contracts and lines -----------------------------------------------------------------------


def _stays(otherwise: str) -> str:
    return f"Left out, it stays as it is; where it is new: {otherwise}."


# What may be left out so gets its default from a factory: such a default does not show in the
# document, where it would read as what leaving a field out of what exists comes to.
def _unsaid() -> None:
    return None


Limit = Annotated[
    LimitText | None, Field(description=f"{_stays('none')} Null takes it away (D-36).")
]
"""A not-to-exceed limit of something that may be there already."""


class ContractCustomerBody(Wire):
    """A customer on the contract."""

    customer_id: UpstreamId
    name: Name
    nte_limit: Limit = Field(default_factory=_unsaid)


class ContractBody(Wire):
    """The terms of a contract: what is given is what stands then; customers are given whole.

    A limit that is left out stays as it is, null takes it away.
    """

    name: Name
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$", examples=["EUR"])]
    nte_limit: Limit = Field(default_factory=_unsaid)
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
    nte_limit: Limit = Field(default_factory=_unsaid)


Named = Annotated[
    dict[ShortText, StrictBool],
    Field(max_length=1000, description=_stays("none named")),
    WrapValidator(_each_its_own),
    _at_most(1000),
]
_TaskId = Annotated[str, Field(max_length=200), AfterValidator(_no_controls)]
Tasks = Annotated[
    dict[_TaskId, StrictBool],
    Field(max_length=10_000, json_schema_extra={"propertyNames": _NO_CONTROLS}),
    _at_most(10_000),
]


class ChargeableBody(Wire):
    """Which roles, categories and tasks are charged; this only takes away (D-22).

    An approval that says `non_chargeable` or `complimentary` itself stays so.
    """

    roles: Named = Field(default_factory=dict)
    categories: Named = Field(default_factory=dict)
    tasks: Annotated[
        Tasks | None,
        Field(description=f"{_stays('null')} Null means all tasks, else those with true."),
    ] = Field(default_factory=_unsaid)


class LineBody(Wire):
    """The terms of a contract line: what is given is what stands then, what is left out stays.

    The split is given whole: customers, percentages and rounding.
    """

    name: Name
    project_id: UpstreamId
    billing_method: BillingMethod
    contract_amount: Annotated[
        DecimalText | None, Field(description=f"{_stays('none')} Null takes it away.")
    ] = Field(default_factory=_unsaid)
    nte_limit: Limit = Field(default_factory=_unsaid)
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

Items = Annotated[list[OwnId], Field(min_length=1, max_length=10_000)]


class MarkBody(Wire):
    """Which items to mark, and whether one refusal refuses all (D-25, D-27)."""

    items: Items
    status: Literal["ready", "not_ready"]
    mode: Literal["all_or_nothing", "best_effort"] = "all_or_nothing"
    reason: LongText | None = None


class ItemsBody(Wire):
    """Which items a command is about."""

    items: Items
    reason: LongText | None = None


# --- invoices ----------------------------------------------------------------------------------


class DraftBody(Wire):
    """What to draft: ready items of the contract up to the cutoff, all or those named (D-40)."""

    contract_id: UpstreamId
    cutoff: DateText | None = None
    line_ids: Annotated[list[UpstreamId], Field(max_length=10_000)] | None = None
    customer_ids: Annotated[list[UpstreamId], Field(max_length=10_000)] | None = None
    items: Annotated[list[OwnId], Field(max_length=10_000)] | None = None


class ConfirmBody(Wire):
    """How to confirm an invoice; without an accounting date it is today's (D-44)."""

    accounting_date: Annotated[
        DateText | None,
        Field(description="At most 366 days after the day of confirmation; any day before it."),
    ] = None


# --- intake ------------------------------------------------------------------------------------


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


class DismissBody(Wire):
    """Why a parked event is dismissed."""

    reason: Reason
