"""The tables of the views brought to today's shape, or refused."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, Engine, text

from projections.databases.connections import RESHAPE_SECONDS, allow, schema_of, unqualified
from projections.tables import metadata

MIGRATIONS = Path(__file__).parent.parent / "migrations"


class MigrationFailed(Exception):
    """The tables could not be brought to today's shape; they are as they were."""


def migrate(engine: Engine, migrations: Path) -> None:
    """All steps in one transaction; of two processes that open older views, one waits.

    Views of today's shape are only looked at: that locks nothing.
    """
    if is_current(engine, migrations):
        return
    # On SQLite at once for writing: one that has read already can't wait for another's writing.
    with engine.execution_options(immediate=True).begin() as connection:
        allow(connection, RESHAPE_SECONDS)
        schema = schema_of(engine)
        if schema:
            lock = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
            connection.execute(lock, {"name": f"{schema}.migration"})
        within = unqualified(connection)
        with _failing():
            _upgrade(within, migrations)  # nothing, where another process was faster
            _is_current(within, migrations)


def is_current(engine: Engine, migrations: Path = MIGRATIONS) -> bool:
    """Whether the views have today's shape; nothing is changed.

    Raises MigrationFailed when no step leads to it, and when they can't be looked at.
    """
    with engine.begin() as connection, _failing():
        return _is_current(unqualified(connection), migrations)


@contextmanager
def _failing() -> Generator[None]:
    """Turns every error into MigrationFailed."""
    try:
        yield
    except MigrationFailed:
        raise
    except Exception as error:
        raise MigrationFailed(f"the views keep the shape they had: {error}") from error


def _is_current(connection: Connection, migrations: Path) -> bool:
    """Whether the tables have today's shape.

    Raises MigrationFailed when no step leads to it, and when a table or column is missing
    although the revision says that it is there.
    """
    found = _columns(connection, schema_of(connection.engine))
    if ("alembic_version", "version_num") not in found:
        current = None
    else:
        current = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    if current and current not in _revisions(migrations):
        raise MigrationFailed(f"they are of a newer version of the service (revision {current})")
    if current is None and connection.dialect.name == "sqlite":
        others = {table for table, _ in found} - {"alembic_version"}
        if others:
            raise MigrationFailed(f"it has tables of another program: {min(others)!r}")
    is_current = current == max(_revisions(migrations))
    if is_current and migrations == MIGRATIONS:
        _check_columns(found)
    return is_current


def _upgrade(connection: Connection, migrations: Path) -> None:
    # Not at the top: it takes a fifth of a start, and nearly all of them have nothing to change.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(migrations))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _check_columns(found: set[tuple[str, str]]) -> None:
    for table in metadata.sorted_tables:
        missing = {(table.name, column.name) for column in table.columns} - found
        if missing:
            name, column = min(missing)
            raise MigrationFailed(f"the table {name!r} or its column {column!r} is missing")


def _columns(connection: Connection, schema: str | None) -> set[tuple[str, str]]:
    """Every table there is, with each of its columns."""
    if schema is None:
        found = connection.exec_driver_sql(
            "SELECT tables.name, columns.name FROM sqlite_master AS tables "
            "JOIN pragma_table_info(tables.name) AS columns WHERE tables.type = 'table'"
        )
    else:
        wanted = (
            "SELECT relname::text, attname::text FROM pg_attribute "
            "JOIN pg_class ON pg_class.oid = attrelid "
            "JOIN pg_namespace ON pg_namespace.oid = relnamespace "
            "WHERE nspname = :schema AND relkind = 'r' AND attnum > 0 AND NOT attisdropped"
        )
        found = connection.execute(text(wanted), {"schema": schema})
    return {(table, column) for table, column in found}


@cache
def _revisions(migrations: Path) -> frozenset[str]:
    """Every revision that there is a step to; the steps' files are named by them, in order."""
    return frozenset(step.name.partition("_")[0] for step in migrations.glob("versions/*_*.py"))
