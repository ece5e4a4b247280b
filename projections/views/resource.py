"""What all answers are made of. Each is a class beside the query that finds it, and stands once.

Queries and commands make it, its JSON is the answer, openapi.yaml shows its schema, tests decode
answers by it. Decimals are texts. A field that may be missing is UNSET; null says something else.
"""

import datetime
from typing import Annotated, Generic, TypeVar

from msgspec import UNSET, Meta, Struct, UnsetType

_DECIMAL = r"^-?[0-9]+(\.[0-9]+)?$"
Money = Annotated[str, Meta(pattern=_DECIMAL, examples=["1600.00"])]
Quantity = Annotated[str, Meta(pattern=_DECIMAL, examples=["7.5"])]
UnitPrice = Annotated[
    str,
    Meta(
        pattern=_DECIMAL,
        examples=["83.3333"],
        description="Up to six decimals, at least the currency's (D-1).",
    ),
]
Day = Annotated[
    datetime.date,
    Meta(
        examples=["2026-10-31"],
        extra_json_schema={
            "pattern": "^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
        },
    ),
]
Position = Annotated[int, Meta(ge=0, description="How far of the history this shows.")]
Reached = Position | UnsetType
"""The position that an answer shows: UNSET until that is known, and always within a list."""

R = TypeVar("R")


class Resource(Struct, forbid_unknown_fields=True):
    """What callers get, or a part of it: exactly these fields."""


class Positioned(Resource, kw_only=True):
    """A whole answer, which tells last how far of the history it shows."""

    position: Reached


class Listed(Resource, kw_only=True):
    """The same, where it is also an item of lists: these have one position for all."""

    position: Reached = UNSET


class Page(Positioned, Generic[R]):
    """A page of a list."""

    items: list[R]
    next: str | None
