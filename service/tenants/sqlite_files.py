"""SQLite files: whether one holds a history of ours, a new one, and having one to oneself.

Nothing is made by looking: a path that is wrong is said to be wrong, for an empty history in the
place of the real one looks like a backlog with nothing in it.
"""

import fcntl
import os
import sqlite3
import tempfile
from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path

from service.databases.addresses import BadDatabase
from service.ledger.ledger import Ledger
from service.ledger.recorders import SQLiteFile

HISTORY_VERSION = 0
"""The `user_version` of a history file; one with a higher number is of a newer service."""
COLUMNS = frozenset({"originator_id", "originator_version", "topic", "state"})
"""What the events' table of a history has."""
BUSY_SECONDS = 10.0
_SHARED_FIRST, _SHARED_SIZE = 0x40000002, 510
"""The bytes that SQLite locks of a file for as long as it has it open (its file format says so)."""


class UnknownEvents(BadDatabase):
    """The history holds events of types that this version does not know."""

    def __init__(self, unknown: Sequence[tuple[str, int]]) -> None:
        (name, position), *others = sorted(unknown, key=lambda each: each[1])
        more = f", and {len(others)} other such types" if others else ""
        super().__init__(
            f"the history holds events that this version of the service does not know: {name!r}, "
            f"first at position {position}{more}; install the version that recorded them"
        )


class InUse(BadDatabase):
    """Another process has the file open."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{str(path)!r} is in use by another process: stop it first")


def views_path(path: Path) -> Path:
    """The file of the views that belong to a history."""
    return path.with_suffix(".views.db")


def jobs_lock_path(path: Path) -> Path:
    """The file that is locked by the process which works on the jobs of a history."""
    return path.with_suffix(".jobs.lock")


def is_of_database(path: Path, history: Path) -> bool:
    """Whether a path is a database's own: its history, its views, or what SQLite keeps beside."""
    own = (
        Path(f"{file}{ending}")
        for file in (history, views_path(history))
        for ending in ("", "-wal", "-shm", "-journal")
    )
    return path.resolve() in {file.resolve() for file in (*own, jobs_lock_path(history))}


def check_folder(path: Path) -> None:
    """Raises BadDatabase unless the folder of a file is there."""
    if not path.parent.is_dir():
        raise BadDatabase(f"the folder {str(path.parent)!r} does not exist")


def check_history(path: Path) -> None:
    """Raises BadDatabase unless the file holds a history that this version can open."""
    check_folder(path)
    name = repr(str(path))
    if not path.exists():
        if _log_of(path).exists() and not path.exists():  # else it was made this moment
            raise BadDatabase(
                f"{name} is not there, but its log {_log_of(path).name!r} is: put the file that "
                "belongs to the log back beside it, or move the log away"
            )
        raise BadDatabase(
            f"there is no database {name}: name the one that is meant with --database; "
            "`billing-backlog serve` makes a new one"
        )
    if path.is_dir():
        raise BadDatabase(f"{name} can't be opened: it is a folder, not a file")
    try:
        if path.stat().st_size == 0:
            raise BadDatabase(
                f"{name} is empty (0 bytes): there is no billing history in it. {_WHAT_TO_DO}"
            )
        with closing(opened(path)) as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            (page,) = connection.execute("PRAGMA page_size").fetchone()
            found = connection.execute("SELECT name FROM pragma_table_info('stored_events')")
            columns = frozenset(str(column) for (column,) in found)
    except (sqlite3.Error, OSError) as error:
        raise BadDatabase(f"{name} can't be opened: {error}") from error
    if path.stat().st_size % page:
        raise BadDatabase(f"{name} can't be opened: the file is cut off. {_WHAT_TO_DO}")
    if not columns >= COLUMNS:
        raise BadDatabase(f"{name} has no billing history in it. {_WHAT_TO_DO}")
    if version > HISTORY_VERSION or columns > COLUMNS:
        raise BadDatabase(
            f"{name} is of a newer version of the service, or of another program: "
            "install the version that made it"
        )


_WHAT_TO_DO = (
    "If it is a copy, it is not a whole one: copies are made with `billing-backlog backup`, not of "
    "the file without its -wal. If nothing of it is needed, move it away, and `billing-backlog "
    "serve` makes a new one"
)


def make_history(path: Path) -> None:
    """Makes a new, empty history, whole or not at all. Raises BadDatabase.

    Beside its place, so that a stop at any moment leaves no file there that is not a history yet.
    """
    check_folder(path)
    if _log_of(path).exists():
        check_history(path)
        return
    try:
        with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
            new = Path(folder) / "new.db"
            Ledger(SQLiteFile(new)).close()
            put_in_place(new, path)
    except FileExistsError:
        check_history(path)  # another process was faster
    except OSError as error:
        raise BadDatabase(f"{str(path)!r} can't be opened: {error}") from error


def put_in_place(new: Path, path: Path, *, replace: bool = False) -> None:
    """Gives a finished file its name, to stay over a power cut. Raises FileExistsError, OSError.

    Unless it may `replace` one, that is by a link: a file of that name is never overwritten.
    """
    with new.open("rb") as file:
        os.fsync(file.fileno())
    if replace:
        new.replace(path)
    else:
        path.hardlink_to(new)
        new.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def opened(path: Path, timeout: float = BUSY_SECONDS) -> sqlite3.Connection:
    """A connection to a file that is there already, for statements of their own."""
    uri = f"{path.absolute().as_uri()}?mode=rw"
    return sqlite3.connect(uri, timeout, isolation_level=None, uri=True, check_same_thread=False)


@contextmanager
def alone_with(path: Path) -> Generator[None]:
    """Keeps other processes out of an SQLite file, whatever is in it; this one must not open it.

    Raises InUse when one has it open.
    """
    with path.open("r+b") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, _SHARED_SIZE, _SHARED_FIRST)
        except OSError as error:
            raise InUse(path) from error
        yield


def set_aside(path: Path) -> Path:
    """Gives an SQLite file another name beside, and says which. Raises InUse, OSError."""
    aside = next(
        name
        for number in count(1)
        if not (name := path.with_name(f"{path.name}.aside-{number}")).exists()
    )
    with alone_with(path):
        if _log_of(path).exists():
            _log_of(path).rename(_log_of(aside))
        Path(f"{path}-shm").unlink(missing_ok=True)
        path.rename(aside)
    return aside


def remove_with_its_log(path: Path) -> None:
    """Removes an SQLite file, and what SQLite keeps beside it."""
    for suffix in ("-wal", "-shm", "-journal", ""):
        Path(f"{path}{suffix}").unlink(missing_ok=True)


def _log_of(path: Path) -> Path:
    return Path(f"{path}-wal")
