"""What is done in another way on each database: rows written, and views made anew.

`sqlite` and `postgres` have a backend each; nothing else in here asks which database it is.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, Table

from projections.projecting.changes import Row


class OutOfStep(Exception):
    """The views are not where this projector left them; nothing was written."""

    def __init__(self, expected: int) -> None:
        super().__init__(f"the views are not at position {expected} any more")


class RebuildRunning(Exception):
    """Somebody else rebuilds these views at this moment."""

    def __init__(self) -> None:
        super().__init__("another rebuild of these views is running")


class Tables(Protocol):
    """The tables of the views while a page of changes is written to them.

    Few rows are written all at once in the end: nothing is found that belongs to the same page.
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


class Backend(Protocol):
    """Views in one of the databases."""

    def position(self) -> int:
        """How far of the history the views show."""
        ...

    def tables(
        self, after: int, position: int, *, rows: int, has_drops: bool
    ) -> AbstractContextManager[Tables]:
        """The tables, to write a page of about so many rows; all of it or nothing.

        Moves the views on from `after` to `position`. Raises OutOfStep when they are not there.
        """
        ...

    def beside(self) -> AbstractContextManager[Engine]:
        """A place for new views, for as long as they are built; nobody else can build any.

        Raises RebuildRunning.
        """
        ...

    def locked(self) -> AbstractContextManager[Connection]:
        """A transaction on the live views, in which the live projector can't move on."""
        ...

    def swap(self, live: Connection) -> None:
        """Puts the new tables in the place of the live ones, within that transaction."""
        ...

    def index_texts(self, new: Connection) -> None:
        """Makes the index of texts of new tables, if it can be moved with them."""
        ...

    def tell(self, live: Connection, position: int) -> None:
        """Has other processes hear how far the views are, once that transaction is committed."""
        ...
