"""Copies of a history on SQLite: taken while others work on it, and put back.

A copy is one file that needs nothing beside it. Views are not copied: they come of the history.
"""

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager, nullcontext, suppress
from pathlib import Path

from projections.history import Unavailable
from service.ledger.ledger import Ledger
from service.ledger.recorders import SQLiteFile
from service.tenants.sqlite_files import (
    BadDatabase,
    InUse,
    UnknownEvents,
    alone_with,
    check_folder,
    check_history,
    is_of_database,
    opened,
    put_in_place,
    remove_with_its_log,
    views_path,
)

STEP_PAGES = 2_000
"""Pages that are copied between two looks at how far it is."""

Progress = Callable[[int, int], object]
"""Is told how many pages are copied, and of how many."""


class BadCopy(BadDatabase):
    """A copy could not be made, or can't be used; nothing was changed."""


def back_up(
    history: Path,
    copy: Path,
    *,
    replace: bool = False,
    progress: Progress = lambda done, total: None,
) -> int:
    """Copies a history as of one moment to a file of its own; the last position in it.

    Others go on writing meanwhile. The file gets its name when it is whole, checked and on disk.
    Raises BadDatabase, BadCopy: for a file that is there already, too, unless it is to `replace`.
    """
    check_history(history)
    _check_place(copy, history, replace=replace)
    if is_of_database(copy, history):
        raise BadCopy(f"{str(copy)!r} belongs to the database that is to be copied")
    with _new_file(copy) as new:
        position = _copied(history, new, progress)
        shutil.copymode(history, new)
        _put(new, copy, replace=replace)
    return position


def restore(
    copy: Path,
    history: Path,
    *,
    replace: bool = False,
    progress: Progress = lambda done, total: None,
) -> int:
    """Puts a copy in the place of a history; the last position in it. Its views go with it.

    Raises BadCopy when there is a history already, unless it is to `replace` it, or when the copy
    is damaged, UnknownEvents when it is of a newer version, InUse while another process has the
    history open. Then nothing was changed.
    """
    check_history(copy)
    log = Path(f"{history}-wal")
    there = history if history.exists() else log
    _check_place(there, copy, replace=replace)
    is_new = not history.exists()
    if not is_new:
        _take_in_its_log(history)
    with _new_file(history) as new:
        position = _copied(copy, new, progress)
        _check_types(new)
        shutil.copymode(copy if is_new else history, new)
        with nullcontext() if is_new else alone_with(history):
            # The views go first: those of another history are worse than none.
            remove_with_its_log(views_path(history))
            log.unlink(missing_ok=True)
            _put(new, history, replace=not is_new)
    return position


# --- helpers -----------------------------------------------------------------------------------


def _check_place(place: Path, source: Path, *, replace: bool) -> None:
    name = repr(str(place))
    check_folder(place)
    if place.is_dir():
        raise BadCopy(f"{name} is a folder, not a file")
    if place.exists() and place.samefile(source):
        raise BadCopy(f"{name} is the file that is to be copied")
    if place.exists() and not replace:
        raise BadCopy(f"{name} is there already; --force replaces it")


@contextmanager
def _new_file(place: Path) -> Generator[Path]:
    """A file beside, which nobody takes for a finished one; it is gone at the end."""
    try:
        with tempfile.TemporaryDirectory(prefix=f".{place.name}.", dir=place.parent) as folder:
            yield Path(folder) / "unfinished.db"
    except OSError as error:
        raise BadCopy(f"{str(place)!r} can't be written: {error.strerror or error}") from error


def _put(new: Path, place: Path, *, replace: bool) -> None:
    try:
        put_in_place(new, place, replace=replace)
    except FileExistsError:
        raise BadCopy(f"{str(place)!r} is there already; --force replaces it") from None


def _copied(source: Path, new: Path, progress: Progress) -> int:
    """Copies an SQLite file, checks the copy, and leaves it without a log; its last position."""

    def show(_: int, remaining: int, total: int) -> None:
        progress(total - remaining, total)

    try:
        with (
            closing(opened(source)) as reading,
            closing(sqlite3.connect(new, isolation_level=None)) as writing,
        ):
            # One transaction over all steps: they would begin again at every commit of others.
            reading.execute("BEGIN")
            reading.execute("SELECT count(*) FROM sqlite_master").fetchall()
            reading.backup(writing, pages=STEP_PAGES, progress=show)
            writing.execute("PRAGMA journal_mode=DELETE")
            return _checked(writing, source)
    except sqlite3.Error as error:
        raise BadCopy(f"{str(source)!r} can't be copied: {error}") from error


def _checked(copy: sqlite3.Connection, source: Path) -> int:
    """The last position of a copy. Raises BadCopy when it is not whole."""
    found = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if found != "ok":
        raise BadCopy(f"{str(source)!r} is damaged: {' '.join(found.split())}")
    events, last = copy.execute(
        "SELECT count(*), coalesce(max(rowid), 0) FROM stored_events"
    ).fetchone()
    if events != last:
        raise BadCopy(f"{str(source)!r} is not whole: {events} events up to position {last}")
    return last


def _check_types(history: Path) -> None:
    """Raises UnknownEvents when this version can't read all. Makes what an older copy lacks."""
    try:
        with closing(Ledger(SQLiteFile(history))) as ledger:
            unknown = ledger.unknown_types()
    except Unavailable as error:
        raise BadCopy(f"the copy can't be opened: {error}") from error
    if unknown:
        raise UnknownEvents(unknown)


def _take_in_its_log(history: Path) -> None:
    """Brings what SQLite has in its log into the file that is about to go; others are noticed."""
    with suppress(sqlite3.DatabaseError), closing(opened(history, timeout=0)) as connection:
        try:
            connection.execute("PRAGMA journal_mode=DELETE").fetchall()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                raise InUse(history) from error
            raise
