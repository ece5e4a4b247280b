"""Which part of a list a caller asks for: filters, order, page."""

from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Query
from pydantic import Field

from projections.views.paging import BadQuery, PageRequest
from service.wire.fields import PageSize
from service.wire.queries import CURSOR, QueryText, Sort, in_one, sorted_by


@dataclass(frozen=True, slots=True)
class Listing:
    """What every list takes beside its filters."""

    limit: int
    cursor: str | None
    sort: str | None

    def page(self) -> PageRequest:
        """The page wanted."""
        return PageRequest(limit=self.limit, cursor=self.cursor, sort=self.sort)


def listing_by(sortable: Iterable[str]) -> Callable[..., Coroutine[Any, Any, Listing]]:
    """What gives a list its part of the query; it can be sorted by these fields."""
    schema = sorted_by(sortable)

    async def listing_of(
        limit: Annotated[PageSize, Query()] = 100,
        cursor: Annotated[QueryText | None, Query(max_length=2000, description=CURSOR)] = None,
        sort: Annotated[Sort | None, schema, Query()] = None,
    ) -> Listing:
        return Listing(limit, cursor, in_one(sort))

    return listing_of


Ids = Annotated[list[QueryText] | None, Query(max_length=200)]
"""A filter that may be repeated: any of its values."""


Text = Annotated[QueryText, Query(min_length=1, max_length=200)] | None
"""A text to look for, in any case."""


def any_of(**filters: Sequence[str] | None) -> dict[str, list[str]]:
    """The filters that were given."""
    return {name: [str(v) for v in values] for name, values in filters.items() if values}


NumberCursor = Annotated[
    Annotated[str, Field(json_schema_extra={"pattern": "^[0-9]+$"})] | None,
    Query(max_length=18),
]
"""The cursor of a list that is paged by a number."""


def number_of(cursor: str | None, without: int) -> int:
    """The number that a cursor is, in lists that are paged by one. Raises BadQuery."""
    if cursor is None:
        return without
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
        raise BadQuery("cursor", "is not a cursor that this list gave")
    return int(cursor)
