"""Views on SQLite that can't be used make room for new ones: the history is the truth."""

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from projections.databases.migrating import MigrationFailed
from projections.databases.sqlite import are_unusable, sqlite_views
from projections.history import Unavailable
from projections.keeping.writer import Writer
from service.ledger.ledger import Ledger
from service.ledger.recorders import SQLiteFile
from service.tenants.sqlite_files import (
    BadDatabase,
    UnknownEvents,
    check_history,
    set_aside,
    views_path,
)


def mend_views(history: Path) -> str | None:
    """Sets a file of views aside that can't be used, and says so; None when there is no need.

    That is one that is damaged, of a newer version or another program, or further than the history.
    Raises BadDatabase when the history itself can't be used, UnknownEvents, or InUse.
    """
    check_history(history)
    path = views_path(history)
    if not path.exists():
        return None
    wrong = _fault(path, _position(history))
    if wrong is None:
        return None
    try:
        aside = set_aside(path)
    except OSError as error:
        raise BadDatabase(f"{wrong}; they can't be replaced either: {error}") from error
    return f"{wrong}; they are replaced, and that file is now {aside.name!r}"


def _position(history: Path) -> int:
    try:
        with closing(Ledger(SQLiteFile(history))) as ledger:
            unknown = ledger.unknown_types()
            if unknown:
                raise UnknownEvents(unknown)
            return ledger.position()
    except Unavailable as error:
        raise BadDatabase(f"{str(history)!r} can't be opened: {error}") from error


def _fault(path: Path, reached: int) -> str | None:
    """What is wrong with views, None when nothing is. Raises BadDatabase where it may pass."""
    name = repr(str(path))
    try:
        views = sqlite_views(path, thoroughly=True)
        try:
            shown = Writer(views).position()
        finally:
            views.dispose()
    except (DBAPIError, MigrationFailed, sqlite3.Error) as error:
        why = error.orig if isinstance(error, DBAPIError) else error
        wrong = f"the views in {name} can't be opened: {why}"
        if are_unusable(error):
            return wrong
        raise BadDatabase(wrong) from error
    if shown > reached:
        return f"the views in {name} show position {shown}, but the history ends at {reached}"
    return None
