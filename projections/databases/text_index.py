"""The index that finds texts by any part of them: trigrams, on each database in its own way.

PostgreSQL has it from an extension, which not every server has, or lets its users have: then texts
are looked through one by one. SQLite has it as a table, kept by triggers, which say no more
than that it follows the texts.
"""

import logging
from typing import LiteralString

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

log = logging.getLogger(__name__)

_SQLITE: tuple[LiteralString, ...] = (
    "DROP TABLE IF EXISTS search_terms",
    "DROP TABLE IF EXISTS search_index",
    """CREATE VIRTUAL TABLE search_index USING fts5(
        key, content='search_texts', content_rowid='text_id', columnsize=0, detail=none,
        tokenize='trigram case_sensitive 1')""",
    "INSERT INTO search_index (search_index) VALUES ('rebuild')",
    "CREATE VIRTUAL TABLE search_terms USING fts5vocab(search_index, 'row')",
    """CREATE TRIGGER search_texts_come AFTER INSERT ON search_texts BEGIN
        INSERT INTO search_index (rowid, key) VALUES (new.text_id, new.key);
    END""",
    """CREATE TRIGGER search_texts_change AFTER UPDATE ON search_texts BEGIN
        INSERT INTO search_index (search_index, rowid, key)
            VALUES ('delete', old.text_id, old.key);
        INSERT INTO search_index (rowid, key) VALUES (new.text_id, new.key);
    END""",
    """CREATE TRIGGER search_texts_go AFTER DELETE ON search_texts BEGIN
        INSERT INTO search_index (search_index, rowid, key)
            VALUES ('delete', old.text_id, old.key);
    END""",
)
_POSTGRES = 'CREATE INDEX search_index ON "{}".search_texts USING gin (key {}.gin_trgm_ops)'
_WHERE_TRIGRAMS_ARE = """SELECT quote_ident(nspname) FROM pg_extension
    JOIN pg_namespace ON pg_namespace.oid = extnamespace WHERE extname = 'pg_trgm'"""


def make(connection: Connection, schema: str | None) -> None:
    """Makes the index of the texts that are there, and of those that come; it is not there yet.

    `schema` is the one of PostgreSQL that the views are in, None for an SQLite file.
    """
    if schema is None:
        for statement in _SQLITE:
            connection.exec_driver_sql(statement)
        return
    try:
        with connection.begin_nested():
            trigrams = _extension(connection)
            connection.exec_driver_sql(_POSTGRES.format(schema, trigrams))
    except DBAPIError as error:
        log.warning(
            "text is searched without an index: have a superuser CREATE EXTENSION pg_trgm",
            extra={"schema": schema, "error": str(error.orig)},
        )


def drop(connection: Connection) -> None:
    """Takes the index away, where the connection finds it."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("DROP TRIGGER IF EXISTS search_texts_come")
        connection.exec_driver_sql("DROP TRIGGER IF EXISTS search_texts_change")
        connection.exec_driver_sql("DROP TRIGGER IF EXISTS search_texts_go")
        connection.exec_driver_sql("DROP TABLE IF EXISTS search_terms")
        connection.exec_driver_sql("DROP TABLE IF EXISTS search_index")
    else:
        connection.exec_driver_sql("DROP INDEX IF EXISTS search_index")


def _extension(connection: Connection) -> str:
    """The schema of the extension, which all tenants of a database share: in none of theirs.

    Raises DBAPIError when it is not there and can't be made.
    """
    lock = "SELECT pg_advisory_xact_lock(hashtextextended('billing-backlog.pg_trgm', 0))"
    connection.exec_driver_sql(lock)
    found = connection.exec_driver_sql(_WHERE_TRIGRAMS_ARE).scalar()
    if found is None:
        connection.exec_driver_sql("CREATE EXTENSION pg_trgm WITH SCHEMA public")
        found = "public"
    return found
