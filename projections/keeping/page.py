"""A page of changes as the keepers of both databases take it."""

from collections.abc import Sequence
from typing import Any, Protocol

from sqlalchemy import Table

from projections.changes import Row


class Page(Protocol):
    """The views while a page of changes is written: of few rows, all at once in the end.

    So nothing is found that was written for the same page.
    """

    def put(self, table: Table, rows: Sequence[Row]) -> None:
        """These whole rows stand from now on; no two have the same primary key."""
        ...

    def patch(self, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """The rows that have these primary keys take the values of these columns."""
        ...

    def drop(self, table: Table, where: Row) -> None:
        """Every row with these values goes; on a page of many rows alone."""
        ...

    def add(self, totals: Table, rows: Sequence[Row]) -> None:
        """Counts and sums are more by these; no two have the same primary key."""
        ...

    def remove(self, table: Table, rows: Sequence[Row]) -> None:
        """The rows that have the primary keys of these go."""
        ...

    def find(
        self, table: Table, columns: Sequence[str], by: Sequence[str], rows: Sequence[Row]
    ) -> list[dict[str, Any]]:
        """These columns of all rows that have the values of one of the given ones in `by`.

        No two of the given ones have the same there.
        """
        ...
