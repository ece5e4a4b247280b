"""The types of the fields that callers send: decimals, dates, ids, names and texts, each checked.

Decimals travel as strings: a JSON number has lost digits before anybody could look at it.
"""

import datetime
import re
from decimal import Decimal
from typing import Annotated, Any, cast

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

_DECIMAL = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,12})?", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)
_INTEGER = re.compile(r"-?[0-9]+", re.ASCII)
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


def _any_date(value: object) -> datetime.date:
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise ValueError('must be a date in a string, such as "2026-10-31"')
    return datetime.date.fromisoformat(value)


def _date(value: object) -> datetime.date:
    date = _any_date(value)
    if not _FIRST_YEAR <= date.year <= _LAST_YEAR:
        raise ValueError(f"must lie in the years {_FIRST_YEAR} to {_LAST_YEAR}")
    return date


def _instant(value: object) -> datetime.datetime:
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        raise ValueError('must be an instant with its zone, such as "2026-10-31T09:30:00Z"')
    instant = datetime.datetime.fromisoformat(value)
    if not _FIRST_YEAR <= instant.year <= _LAST_YEAR:
        raise ValueError(f"must lie in the years {_FIRST_YEAR} to {_LAST_YEAR}")
    return instant


def _integer(value: object) -> object:
    """Keeps out what Python would read as an integer beside plain digits: 1_0, +5, ` 5`."""
    if isinstance(value, str) and not _INTEGER.fullmatch(value):
        raise ValueError("must be a whole number in plain digits, such as 25")
    return value


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
PLAIN_DIGITS = BeforeValidator(_integer)
"""Of a whole number in a query or a header: ASCII digits, and nothing else. Goes last."""
LARGEST = 2**63 - 1
"""The largest position, version or number that a database can be asked for."""
PageSize = Annotated[int, Field(ge=1, le=1000), PLAIN_DIGITS]
"""How many rows a page has at most."""
Position = Annotated[int, Field(ge=0, le=LARGEST), PLAIN_DIGITS]
"""A position of the history that the caller names."""
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
"""An ISO 8601 date in the years 1900 to 2199: others are typing errors, such as 0202-10-31."""
AnyDateText = Annotated[
    datetime.date,
    BeforeValidator(_any_date),
    WithJsonSchema(
        {
            "type": "string",
            "format": "date",
            "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$",
            "examples": ["2026-10-31"],
        }
    ),
]
"""An ISO 8601 date in any year: whether it is sensible is decided where it is needed."""
InstantText = Annotated[
    datetime.datetime,
    BeforeValidator(_instant),
    WithJsonSchema(
        {
            "type": "string",
            "format": "date-time",
            "pattern": "^(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}T.+$",
            "examples": ["2026-10-31T09:30:00Z"],
        }
    ),
]
"""An ISO 8601 instant with its zone, in the years 1900 to 2199."""
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
Named = Annotated[
    dict[ShortText, StrictBool],
    Field(max_length=1000),
    WrapValidator(_each_its_own),
    _at_most(1000),
]
"""Names with yes or no: which roles are charged."""
_TaskId = Annotated[str, Field(max_length=200), AfterValidator(_no_controls)]
Tasks = Annotated[
    dict[_TaskId, StrictBool],
    Field(max_length=10_000, json_schema_extra={"propertyNames": _NO_CONTROLS}),
    _at_most(10_000),
]
"""The same of tasks."""


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
