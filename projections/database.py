"""The database of the views: opened with the settings that readers and the projector rely on."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

MIGRATIONS = Path(__file__).parent / "migrations"


def open_views(path: Path) -> Engine:
    """The views in an SQLite file, migrated to today's tables.

    WAL, so readers never wait for the projector. `synchronous=NORMAL` may lose the last page in a
    power cut, never tear it; the projector takes it up again from the history.
    """
    engine = create_engine(
        f"sqlite:///{path}", pool_size=8, max_overflow=56, connect_args={"timeout": 30}
    )
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    _migrate(engine)
    return engine


def _configure(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    # The driver would open transactions for writes alone; ours span the reads of an answer too.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _migrate(engine: Engine) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    # At once for writing: of two processes that open a new file, one waits for the other's tables.
    immediate = engine.execution_options(immediate=True)
    with immediate.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
