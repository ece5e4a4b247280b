"""A tenant: one history, one set of views, and the projector that keeps them together."""

import asyncio
import re
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from projections.databases.connections import TRANSIENT_ERRORS, Glance, as_of_now, at_once
from projections.databases.migrating import MigrationFailed
from projections.databases.postgres import postgres_views, views_channel
from projections.databases.sqlite import are_no_good, sqlite_views
from projections.history import Unavailable
from projections.keeping.projector import Projector
from projections.keeping.rebuilding import rebuild
from projections.keeping.turns import ALONE, Turn
from projections.keeping.writer import Writer
from service.addresses import BadDatabase, is_postgres, shown, told
from service.background import Background
from service.checkpoints import Checkpoints
from service.database_files import COLUMNS, UnknownEvents, check_history, make_history, views_path
from service.ledger import Ledger
from service.recorders import PostgresSchema, SQLiteFile
from service.recorders.postgres import channel
from service.servers import Server
from service.threads import in_thread

SQLITE = "sqlite:///"
DEFAULT = "default"
"""The tenant of whoever names none."""
NAME = re.compile(r"^[a-z0-9][a-z0-9-]{0,39}$")
"""What a tenant may be called; schemas with other names are never a tenant's."""
VIEWS_SECONDS = 5.0
"""How long a command waits for the views, where it needs to look something up in them."""


class ViewsBehind(Exception):
    """The views do not show the wanted position in time; `reached` is where they are."""

    def __init__(self, wanted: int, reached: int) -> None:
        super().__init__(f"the views are at position {reached}, not yet at {wanted}")


class PositionAhead(Exception):
    """A read is to wait for a position that the history has not reached."""

    def __init__(self, wanted: int, reached: int) -> None:
        super().__init__(f"the history is at position {reached}, {wanted} is beyond it")


def sqlite_path(database: str) -> Path:
    """The file of a `sqlite:///` URL. Raises BadDatabase for any other."""
    if not database.startswith(SQLITE) or not database.removeprefix(SQLITE):
        raise BadDatabase(
            f"{shown(database)!r} is neither of the form sqlite:///path/to/file.db nor of "
            "postgresql://user:password@host/database"
        )
    return Path(database.removeprefix(SQLITE))


def schema_of(name: str) -> str:
    """The schema of a tenant. Raises ValueError for what is no tenant's name."""
    if not NAME.fullmatch(name):
        raise ValueError(f"{name!r}: a tenant is named in at most 40 of a-z, 0-9 and -")
    return f"tenant_{name}"


@dataclass(frozen=True, slots=True)
class _Opened:
    """What a tenant works on, and how its projector learns of other processes."""

    ledger: Ledger
    views: Engine
    turn: Turn = ALONE
    follow: Callable[[Projector], Callable[[], object]] = lambda projector: lambda: None
    close: Callable[[], object] = lambda: None
    commit_waits: Callable[[], float] = lambda: 0.0


class Tenant:
    """One tenant on SQLite (history in `x.db`, views in `x.views.db`) or in a PostgreSQL schema.

    What is not there yet is made, older views are migrated. With `project`, a thread keeps the
    views current until `close`. Raises BadDatabase when the database can't be opened, UnknownEvents
    when this version can't read all events of its history.
    """

    def __init__(
        self,
        database: str,
        *,
        name: str = DEFAULT,
        server: Server | None = None,
        project: bool = True,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.name = name
        self.clock = clock
        self._opened = (
            _open_postgres(database, name, server, clock)
            if is_postgres(database)
            else _open_sqlite(database, clock)
        )
        self.ledger, self.views = self._opened.ledger, self._opened.views
        self.writer = Writer(self.views)
        try:
            self._check()
        except BaseException:
            self._let_go()
            raise
        self.projector = Projector(self.ledger, self.writer, turn=self._opened.turn)
        self.background = Background()
        self._committed = 0
        self.ledger.on_commit(self._has_committed)
        self._projecting = project
        self._stop_following: Callable[[], object] = lambda: None
        if project:
            self._stop_following = self._opened.follow(self.projector)
            self.projector.start()

    def close(self) -> None:
        """Stops the projector and what goes on in the background, lets go of both databases."""
        self.background.close()
        if self._projecting:
            self.projector.stop()
        self._let_go()
        self._stop_following()

    def _let_go(self) -> None:
        self.ledger.close()
        self.views.dispose()
        self._opened.close()

    def commit_waits(self) -> float:
        """For how many seconds a commit has waited for a standby, 0.0 when none does.

        Whosever it is: that of a caller who was answered long ago still holds up all others.
        """
        try:
            return self._opened.commit_waits()
        except TRANSIENT_ERRORS as error:
            raise Unavailable(str(error)) from error

    def _check(self) -> None:
        """Raises BadDatabase when the views are of another history, UnknownEvents."""
        unknown = self.ledger.unknown_types()
        if unknown:
            raise UnknownEvents(unknown)
        shown_position = self.writer.position()
        reached = self.ledger.position()
        if shown_position > reached:
            raise BadDatabase(
                f"the views show position {shown_position}, but the history ends at {reached}: it "
                "is not the history that they were made of. Put that back, or make the views anew "
                "of this one with `billing-backlog rebuild`"
            )

    def wait_for(self, position: int, timeout: float) -> None:
        """Waits until the views show `position`. Raises ViewsBehind after `timeout` seconds."""
        if not self.projector.wait_for(position, timeout):
            raise ViewsBehind(position, self.projector.position)

    def shows(self, position: int | None) -> bool:
        """Whether the views are known to show `position` already."""
        return position is None or self.projector.position >= position

    async def until_shown(self, position: int, seconds: float) -> None:
        """As `wait_for`, in an event loop: it takes no thread."""
        loop = asyncio.get_running_loop()
        told: asyncio.Future[bool] = loop.create_future()

        def settle(is_shown: bool) -> None:
            if not told.done():
                told.set_result(is_shown)

        def tell(is_shown: bool) -> None:
            with suppress(RuntimeError):  # a loop that is closed has nobody waiting any more
                loop.call_soon_threadsafe(settle, is_shown)

        forget = self.projector.when_shown(position, tell)
        try:
            is_shown = await asyncio.wait_for(told, seconds)
        except TimeoutError:
            is_shown = False
        finally:
            forget()
        if not is_shown:
            raise ViewsBehind(position, self.projector.position)

    async def until_current(self) -> None:
        """Waits until the views show all that is recorded by now; no thread meanwhile.

        For commands that look something up in them. Raises ViewsBehind after VIEWS_SECONDS.
        """
        await self.until_shown(await in_thread(self.ledger.position), VIEWS_SECONDS)

    async def require_reached(self, position: int) -> None:
        """Asks the history whether it reaches to `position`, where that is not known already.

        Raises PositionAhead when it does not.
        """
        if position > max(self._committed, self.projector.position):
            reached = await in_thread(self.ledger.position)
            if position > reached:
                raise PositionAhead(position, reached)

    def _has_committed(self, position: int) -> None:
        self._committed = max(self._committed, position)
        self.projector.wake(position)

    @contextmanager
    def glancing_at_once(self) -> Generator[Glance | None]:
        """Views for a single statement, for an event loop: None instead of waiting for them.

        Raises Unavailable, as `reading`.
        """
        try:
            with at_once(self.views) as glance:
                yield glance
        except TRANSIENT_ERRORS as error:
            raise Unavailable(str(error)) from error

    @contextmanager
    def reading(self) -> Generator[tuple[Connection, int]]:
        """A connection to the views that sees them as of one position, and that position.

        Raises Unavailable when the database can't be used.
        """
        try:
            with as_of_now(self.views) as seen:
                yield seen
        except TRANSIENT_ERRORS as error:
            raise Unavailable(str(error)) from error

    def rebuild(self, progress: Callable[[int], object] = lambda position: None) -> int:
        """Makes the views anew beside the live ones; the position they show. Raises RebuildRunning.

        `progress` is called with the position after every page.
        """
        return rebuild(self.ledger, self.views, progress)


def must_be_there(database: str, name: str = DEFAULT, server: Server | None = None) -> None:
    """Raises BadDatabase when there is no history of this tenant yet; makes nothing."""
    if not is_postgres(database):
        check_history(sqlite_path(database))
        return
    assert server is not None, "the server of a PostgreSQL database"  # noqa: S101
    place = PostgresSchema(server.pool, schema_of(name))
    try:
        found = place.columns()
    except psycopg.Error as error:
        why = told(error, database)
        raise BadDatabase(f"{shown(database)!r} can't be opened: {why}") from error
    if not found:
        raise BadDatabase(
            f"there is no billing history in the schema {place.schema!r} of {shown(database)!r}: "
            "name the database that is meant with --database; `billing-backlog serve` makes one"
        )


def _open_sqlite(database: str, clock: Callable[[], datetime]) -> _Opened:
    path = sqlite_path(database)
    if not path.exists():
        make_history(path)
    check_history(path)
    try:
        ledger = Ledger(SQLiteFile(path), clock)
    except Unavailable as error:
        raise BadDatabase(f"{str(path)!r} can't be opened: {error}") from error
    own_views = views_path(path)
    try:
        views = sqlite_views(own_views)
    except (DBAPIError, MigrationFailed) as error:
        ledger.close()
        advice = "; `billing-backlog rebuild` makes them anew from the history"
        raise BadDatabase(
            f"the views in {str(own_views)!r} can't be opened: {_why(error)}"
            f"{advice if are_no_good(error) else ''}"
        ) from error

    def follow(_: Projector) -> Callable[[], object]:
        return Checkpoints(path, own_views).close

    return _Opened(ledger, views, follow=follow)


def _open_postgres(
    database: str, name: str, shared: Server | None, clock: Callable[[], datetime]
) -> _Opened:
    schema = schema_of(name)
    server = shared or Server(database)
    try:
        place = PostgresSchema(server.pool, schema)
        if place.columns() - COLUMNS - {"notification_id"}:
            raise MigrationFailed("the history is of a newer version of the service")
        ledger = Ledger(place, clock)
        views = postgres_views(server.pool, schema)
    except (Unavailable, psycopg.Error, DBAPIError, MigrationFailed) as error:
        if server is not shared:
            server.close()
        why = told(_why(error), database)
        raise BadDatabase(f"{shown(database)!r} can't be opened: {why}") from error
    history, own_views = channel(schema), views_channel(schema)

    def follow(projector: Projector) -> Callable[[], object]:
        server.listen(history, lambda heard: projector.wake(int(heard or projector.position + 1)))
        server.listen(own_views, lambda heard: projector.shown(int(heard or 0)))
        return lambda: None

    def close() -> None:
        server.unlisten(history)
        server.unlisten(own_views)
        if server is not shared:
            server.close()

    return _Opened(
        ledger, views, server.turn(f"{schema}.projector"), follow, close, server.commit_waits
    )


def _why(error: Exception) -> BaseException:
    return error.orig if isinstance(error, DBAPIError) and error.orig else error
