"""A tenant: one history, one set of views, and the projector that keeps them together."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from projections.database import open_views
from projections.runner import Projector
from projections.writer import Writer, position_seen
from service.ledger import Ledger, Unavailable
from service.recorders import SQLiteFile

PREFIX = "sqlite:///"
VIEWS_SECONDS = 5.0
"""How long a command waits for the views, where it needs to look something up in them."""


class ViewsBehind(Exception):
    """The views do not show the wanted position in time; `reached` is where they are."""

    def __init__(self, wanted: int, reached: int) -> None:
        super().__init__(f"the views are at position {reached}, not yet at {wanted}")


class BadDatabase(Exception):
    """The database named is none that the service can open."""


def sqlite_path(database: str) -> Path:
    """The file of a `sqlite:///` URL. Raises BadDatabase for any other."""
    if not database.startswith(PREFIX) or not database.removeprefix(PREFIX):
        raise BadDatabase(f"{database!r} is not of the form sqlite:///path/to/file.db")
    return Path(database.removeprefix(PREFIX))


class Tenant:
    """One tenant on SQLite: the history in `x.db`, the views in `x.views.db` (migrated if need be).

    With `project`, a thread keeps the views current until `close`.
    """

    def __init__(
        self,
        database: str,
        *,
        project: bool = True,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        path = sqlite_path(database)
        if not path.parent.is_dir():
            raise BadDatabase(f"the folder {str(path.parent)!r} does not exist")
        self.clock = clock
        try:
            self.ledger = Ledger(SQLiteFile(path), clock)
        except Unavailable as error:
            raise BadDatabase(f"{str(path)!r} can't be opened: {error}") from error
        try:
            self.views = open_views(path.with_suffix(".views.db"))
        except DBAPIError as error:
            self.ledger.close()
            raise BadDatabase(
                f"the views of {str(path)!r} can't be opened: {error.orig}"
            ) from error
        self.writer = Writer(self.views)
        self.projector = Projector(self.ledger, self.writer)
        self.ledger.on_commit(self.projector.wake)
        self._projecting = project
        if project:
            self.projector.start()

    def close(self) -> None:
        """Stops the projector and lets go of both databases."""
        if self._projecting:
            self.projector.stop()
        self.ledger.close()
        self.views.dispose()

    def wait_for(self, position: int | None, timeout: float) -> None:
        """Waits until the views show `position`. Raises ViewsBehind after `timeout` seconds."""
        if position is not None and not self.projector.wait_for(position, timeout):
            raise ViewsBehind(position, self.projector.position)

    @contextmanager
    def reading(self) -> Generator[tuple[Connection, int]]:
        """A connection to the views that sees them as of one position, and that position."""
        with self.views.connect() as connection, connection.begin():
            yield connection, position_seen(connection)
