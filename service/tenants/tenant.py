"""A tenant: one history, one set of views, and the projector that keeps them together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from projections.databases.connections import Glance, as_of_now, glancing, transient_errors
from projections.history import Unavailable
from projections.keeping.projector import Projector
from projections.keeping.rebuilding import rebuild
from service.databases.addresses import BadDatabase, is_postgres
from service.databases.pool_use import PoolUse
from service.tenants.background import Background
from service.tenants.names import DEFAULT
from service.tenants.opening import Opened, open_sqlite
from service.tenants.sqlite_files import UnknownEvents
from service.threads import in_thread
from service.watching.pages import WatchedWriter
from service.watching.watch import NOBODY, Watch

if TYPE_CHECKING:
    from service.databases.postgres_server import Server

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
        self._opened = _opened(database, name, server, clock)
        self.ledger, self.views = self._opened.ledger, self._opened.views
        self.watch = NOBODY
        """Who is told of its work."""
        self.writer = WatchedWriter(self.views, self.ledger.trail, lambda: self.watch)
        try:
            self._check()
        except BaseException:
            self._let_go()
            raise
        self.projector = Projector(self.ledger, self.writer, turn=self._opened.turn)
        self.background = Background()
        self.jobs_turn = self._opened.jobs_turn
        """Which of several processes works on the jobs."""
        self._committed = 0
        self.ledger.on_commit(self._has_committed)
        self.ledger.tell_nobody_while(self.projector.is_mine)
        self._projecting = project
        self._stop_following: Callable[[], object] = lambda: None
        if project:
            self._stop_following = self._opened.follow(self.projector)
            self.projector.start()

    def close(self) -> None:
        """Stops the projector and what goes on in the background, lets go of both databases."""
        self.background.close()
        self.jobs_turn.leave()
        if self._projecting:
            self.projector.stop()
        self._let_go()
        self._stop_following()

    def _let_go(self) -> None:
        self.ledger.close()
        self.views.dispose()
        self._opened.close()

    def watched_by(self, watch: Watch) -> None:
        """Tells `watch` of its work, from now on."""
        self.watch = watch
        self.ledger.watched_by(watch)

    def commit_waits(self) -> float:
        """For how many seconds a commit has waited for a standby, 0.0 when none does.

        Whoever asked for it: that of a caller who was answered long ago holds up all others, too.
        """
        try:
            return self._opened.commit_waits()
        except transient_errors(self.views) as error:
            raise Unavailable(str(error)) from error

    def pools(self) -> Sequence[PoolUse]:
        """How the connections to its database are used; tenants of a server share them."""
        return self._opened.pools()

    def lag_seconds(self) -> float:
        """For how long the oldest event that the views don't show has been recorded, 0.0 for none.

        Raises Unavailable, DamagedEvent.
        """
        waiting = self.ledger.unread(self.projector.position, 1)
        if not waiting:
            return 0.0
        return max(0.0, (self.clock() - waiting[0].metadata().recorded_at).total_seconds())

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
                "from this one with `billing-backlog rebuild`"
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
    def glancing(self) -> Generator[Glance]:
        """Views for single statements, each as of a moment of its own. Raises Unavailable."""
        try:
            with glancing(self.views, self.projector.position) as glance:
                yield glance
        except transient_errors(self.views) as error:
            raise Unavailable(str(error)) from error

    @contextmanager
    def reading(self) -> Generator[tuple[Connection, int]]:
        """A connection to the views that sees them as of one position, and that position.

        Raises Unavailable when the database can't be used.
        """
        try:
            with as_of_now(self.views) as seen:
                yield seen
        except transient_errors(self.views) as error:
            raise Unavailable(str(error)) from error

    def rebuild(self, progress: Callable[[int], object] = lambda position: None) -> int:
        """Makes the views anew beside the live ones; the position they show. Raises RebuildRunning.

        `progress` is called with the position after every page.
        """
        return rebuild(self.ledger, self.views, progress)


def _opened(
    database: str, name: str, server: Server | None, clock: Callable[[], datetime]
) -> Opened:
    if not is_postgres(database):
        return open_sqlite(database, clock)
    from service.tenants.opening_postgres import open_postgres

    return open_postgres(database, name, server, clock)
