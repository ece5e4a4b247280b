"""A tenant's database opened: where its history and views are, and whether they are there."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine, QueuePool
from sqlalchemy.exc import DBAPIError

from projections.databases.migrating import MigrationFailed
from projections.databases.sqlite import MOST, are_unusable, sqlite_views
from projections.history import Unavailable
from projections.keeping.projector import Projector
from projections.keeping.turns import ALONE, Turn
from service.databases.addresses import BadDatabase, shown
from service.databases.file_turns import FileTurn
from service.databases.pool_use import PoolUse
from service.ledger.ledger import Ledger
from service.ledger.recorders import SQLiteFile
from service.tenants.checkpoints import Checkpoints
from service.tenants.sqlite_files import check_history, jobs_lock_path, make_history, views_path

SQLITE = "sqlite:///"
NAME = re.compile(r"^[a-z0-9][a-z0-9-]{0,39}$")
"""What a tenant may be called; schemas with other names are never a tenant's."""


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
class Opened:
    """What a tenant works on, and how its projector learns of other processes."""

    ledger: Ledger
    views: Engine
    turn: Turn = ALONE
    jobs_turn: Turn = ALONE
    follow: Callable[[Projector], Callable[[], object]] = lambda projector: lambda: None
    close: Callable[[], object] = lambda: None
    commit_waits: Callable[[], float] = lambda: 0.0
    pools: Callable[[], Sequence[PoolUse]] = tuple


def open_sqlite(database: str, clock: Callable[[], datetime]) -> Opened:
    """A history and its views in SQLite files, made if need be. Raises BadDatabase."""
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
        advice = "; `billing-backlog rebuild` makes new ones from the history"
        raise BadDatabase(
            f"the views in {str(own_views)!r} can't be opened: {why(error)}"
            f"{advice if are_unusable(error) else ''}"
        ) from error

    def follow(_: Projector) -> Callable[[], object]:
        return Checkpoints(path, own_views).close

    jobs_turn = FileTurn(jobs_lock_path(path))
    return Opened(ledger, views, jobs_turn=jobs_turn, follow=follow, pools=lambda: [_use_of(views)])


def _use_of(views: Engine) -> PoolUse:
    pool = views.pool
    assert isinstance(pool, QueuePool), "as it is opened"  # noqa: S101
    used = pool.checkedout()
    return PoolUse(
        server="sqlite",
        name="views",
        limit=MOST,
        opened=used + pool.checkedin(),
        idle=pool.checkedin(),
        waiting=0,
    )


def why(error: Exception) -> BaseException:
    """What the driver said, of an error that was wrapped."""
    return error.orig if isinstance(error, DBAPIError) and error.orig else error
