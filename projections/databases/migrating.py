"""The tables of the views brought to today's shape, or refused."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from projections.tables import metadata

if TYPE_CHECKING:
    pass
from projections.databases.connections import RESHAPE_SECONDS, allow, schema_of, unqualified

MIGRATIONS = Path(__file__).parent.parent / "migrations"


class MigrationFailed(Exception):
    """The tables could not be brought to today's shape; they are as they were."""


def migrate(engine: Engine, migrations: Path) -> None:
    """All steps in one transaction; of two processes that open new views, one waits."""
    config = Config()
    config.set_main_option("script_location", str(migrations))
    # On SQLite at once for writing: one that has read already can't wait for another's writing.
    with engine.execution_options(immediate=True).begin() as connection:
        allow(connection, RESHAPE_SECONDS)
        schema = schema_of(engine)
        if schema:
            lock = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
            connection.execute(lock, {"name": f"{schema}.migration"})
        within = unqualified(connection)
        config.attributes["connection"] = within
        try:
            current = MigrationContext.configure(within).get_current_revision()
            _check_revision(within, current, migrations)
            if current != _newest(migrations):
                command.upgrade(config, "head")
            if migrations == MIGRATIONS:
                _check_tables(within, schema)
        except MigrationFailed:
            raise
        except Exception as error:
            raise MigrationFailed(f"the views keep the shape they had: {error}") from error


def _check_revision(connection: Connection, current: str | None, migrations: Path) -> None:
    """Raises MigrationFailed for views that no step leads on from."""
    if current and current not in _revisions(migrations):
        raise MigrationFailed(f"they are of a newer version of the service (revision {current})")
    if current is None and connection.dialect.name == "sqlite":
        others = {table for table, _ in _columns(connection, None)} - {"alembic_version"}
        if others:
            raise MigrationFailed(f"it has tables of another program: {min(others)!r}")


def _check_tables(connection: Connection, schema: str | None) -> None:
    """Raises MigrationFailed when a table or column is missing, whatever the revision says."""
    found = _columns(connection, schema)
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
    """Every revision that there is a step from or to."""
    script = ScriptDirectory(str(migrations))
    return frozenset(step.revision for step in script.walk_revisions())


@cache
def _newest(migrations: Path) -> str | None:
    """The revision of today's tables; alembic reads all its scripts to tell."""
    return ScriptDirectory(str(migrations)).get_current_head()
