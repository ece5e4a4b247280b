"""The views' tables: alembic's revisions lead to the tables that the code defines."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, select, text

from aggregates.events import Event
from projections.databases.connections import schema_of, unqualified
from projections.databases.migrating import MIGRATIONS, MigrationFailed
from projections.databases.postgres import postgres_views
from projections.databases.sqlite import sqlite_views
from projections.keeping.writer import Writer
from projections.tables import TOTALS, metadata
from service.tenants.tenant import is_postgres
from tests.databases import SCHEMA, opened_server, opened_views, views_path
from tests.projections.feeding import dump, feed, feed_more
from tests.projections.story import (
    ACTUALS_BOOKED,
    EVENTS,
    I4_BOOKED,
    I5_BOOKED,
    IN_FULL,
    JOBS,
    M1_CREDITED,
    OF_RECALLS,
    STORY,
    billed_at_no_charge,
    recorded,
)

LATER = (*IN_FULL, *JOBS, *OF_RECALLS)

OLDER = recorded(
    replace(event, accounting_date=None) if event is ACTUALS_BOOKED else event
    for event in EVENTS
    if event not in LATER
)
"""A history that views from before there were jobs, invoices in full and recalls can have shown."""


@pytest.fixture
def database(empty_database: str) -> str:
    """Views are migrated here from nothing."""
    return empty_database


def config() -> Config:
    found = Config()
    found.set_main_option("script_location", str(MIGRATIONS))
    return found


def revisions() -> list[str]:
    """Every revision that a file may be at, oldest first; `base` is an empty file."""
    walked = ScriptDirectory.from_config(config()).walk_revisions()
    return ["base", *reversed([script.revision for script in walked])]


def migrate(engine: Engine, revision: str) -> None:
    """Brings the views to a revision, up or down, as alembic does."""
    alembic = config()
    with engine.begin() as connection:
        alembic.attributes["connection"] = unqualified(connection)
        if revision == "base":
            command.downgrade(alembic, revision)
        else:
            command.upgrade(alembic, revision)


def bring_down(connection: Connection, revision: str) -> None:
    """Brings the views back to an older revision, in the transaction at hand."""
    alembic = config()
    alembic.attributes["connection"] = unqualified(connection)
    command.downgrade(alembic, revision)


def differences(engine: Engine) -> list[object]:
    """How the views differ from the tables of the code."""
    with engine.begin() as connection:
        options = {"compare_server_default": True, "include_name": is_of_the_tables}
        context = MigrationContext.configure(unqualified(connection), opts=options)
        return list(compare_metadata(context, metadata))


def is_of_the_tables(name: str | None, kind: str, _: object) -> bool:
    """The index of texts is another on each database, and in none of the tables."""
    return not (
        kind in {"table", "index"} and str(name).startswith(("search_index", "search_terms"))
    )


def head(engine: Engine) -> str | None:
    with engine.begin() as connection:
        return MigrationContext.configure(unqualified(connection)).get_current_revision()


def tables_of(engine: Engine) -> set[str]:
    found = inspect(engine).get_table_names(schema=schema_of(engine))
    return {name for name in found if is_of_the_tables(name, "table", None)}


def test_the_migrated_schema_is_that_of_the_tables(views: Engine) -> None:
    assert differences(views) == []
    assert tables_of(views) == {*metadata.tables, "alembic_version"}


@pytest.mark.parametrize("revision", revisions())
def test_views_of_any_revision_are_migrated_when_they_are_opened(
    database: str, revision: str
) -> None:
    with opened_views(database) as older:
        migrate(older, "base")
        if revision != "base":
            migrate(older, revision)
        assert head(older) == (None if revision == "base" else revision)
    with opened_views(database) as opened:
        assert head(opened) == revisions()[-1]
        assert differences(opened) == []
        feed(opened, STORY)
        assert Writer(opened).position() == len(STORY)


def test_views_of_today_keep_their_rows_when_they_are_opened(database: str) -> None:
    with opened_views(database) as views:
        feed(views, STORY)
        written = dump(views)
    with opened_views(database) as again:
        assert dump(again) == written


def test_totals_and_texts_of_rows_that_are_there_already_are_made_when_views_are_opened(
    database: str,
) -> None:
    with opened_views(database) as older:
        feed(older, OLDER)
        written = dump(older)
        with older.begin() as connection:
            bring_down(connection, "0002")
        later = {*KEPT, "search_texts", "jobs", "job_steps", "booked_sales", "obligations"}
        assert tables_of(older) == {*metadata.tables, "alembic_version"} - later
    with opened_views(database) as opened:
        assert dump(opened) == written
        assert all(written[name] for name in KEPT)


CREDITED = replace(I4_BOOKED, actuals=I4_BOOKED.actuals[:1])
FREE_MILESTONE = billed_at_no_charge(ACTUALS_BOOKED, "M1-A")
FREE_WORK = billed_at_no_charge(ACTUALS_BOOKED, "1-A")


HISTORIES = {
    "corrected in part": EVENTS,
    "credited whole": [CREDITED if each is I4_BOOKED else each for each in EVENTS],
    "a milestone at no charge": [
        FREE_MILESTONE if each is ACTUALS_BOOKED else each
        for each in EVENTS
        if each not in (I5_BOOKED, M1_CREDITED)
    ],
}


@pytest.mark.parametrize("history", HISTORIES.values(), ids=HISTORIES.keys())
def test_posted_items_that_are_there_already_show_what_is_billed_of_them_d45_d78(
    database: str, history: Sequence[Event]
) -> None:
    with opened_views(database) as older:
        feed(older, recorded(history))
        written = dump(older)
        with older.begin() as connection:
            bring_down(connection, "0021")
            approved = connection.execute(text(AMOUNT_OF_3)).scalar()
        assert approved == 200_000
    with opened_views(database) as opened:
        assert dump(opened) == written


def test_posted_work_at_no_charge_that_is_there_already_has_no_verdict_d32(database: str) -> None:
    history = [FREE_WORK if each is ACTUALS_BOOKED else each for each in EVENTS]
    with opened_views(database) as older:
        feed(older, recorded(history))
        written = dump(older)
        with older.begin() as connection:
            bring_down(connection, "0023")
            changed = connection.execute(text(COMMITTED_AS_BEFORE)).rowcount
        assert changed == 1
    with opened_views(database) as opened:
        assert dump(opened) == written


COMMITTED_AS_BEFORE = """
    UPDATE time_and_material SET nte_status = 'committed'
    WHERE item_id = '1-A' AND nte_status = 'not_applicable'
"""
AMOUNT_OF_3 = "SELECT amount FROM time_and_material WHERE item_id = '3-A'"


@pytest.mark.parametrize(("currency", "scale"), [("EUR", 10_000), ("JPY", 10**6), ("KWD", 1000)])
def test_unit_prices_that_are_there_already_keep_what_they_say_d1(
    database: str, currency: str, scale: int
) -> None:
    tables = {"time_and_material", "invoice_details", "booked_actuals"}
    story = [
        replace(each, event=replace(each.event, currency=currency))
        if hasattr(each.event, "currency")
        else each
        for each in OLDER
    ]
    with opened_views(database) as older:
        feed(older, story)
        written = dump(older)
        prices = {name: prices_in(older, name) for name in tables}
        assert all(prices.values())
        with older.begin() as connection:
            bring_down(connection, "0004")
        for name, of_today in prices.items():
            assert prices_in(older, name) == [price // scale for price in of_today]
    with opened_views(database) as opened:
        assert dump(opened) == written


def prices_in(views: Engine, name: str) -> list[int]:
    table = metadata.tables[name]
    with views.connect() as connection:
        statement = select(table.c.unit_price).order_by(*table.primary_key)
        return list(connection.execute(statement).scalars())


KEPT = {table.name for table in TOTALS.values()}

BROKEN = """
from alembic import op
import sqlalchemy as sa

revision, down_revision, branch_labels, depends_on = "9999", "{head}", None, None


def upgrade() -> None:
    op.drop_table("contracts")
    op.create_table("contracts", sa.Column("contract_id", sa.Text(), primary_key=True))
    op.execute("SELECT nothing FROM nowhere")
"""


def test_a_migration_that_fails_leaves_the_old_version_running(
    database: str, tmp_path: Path
) -> None:
    migrations = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS, migrations)
    newest = revisions()[-1]
    (migrations / "versions" / "9999_broken.py").write_text(BROKEN.replace("{head}", newest))
    with opened_views(database) as running:
        feed(running, STORY[:10])
        written = dump(running)
        with pytest.raises(MigrationFailed, match="keep the shape they had"):
            open_with(database, migrations)
        assert dump(running) == written
        feed_more(Writer(running), STORY[10:])
        assert head(running) == newest
        assert differences(running) == []


FURTHER = """
revision, down_revision, branch_labels, depends_on = "9999", "{head}", None, None


def upgrade() -> None:
    pass
"""


def test_views_that_a_newer_version_has_migrated_are_refused_by_an_older_one(
    database: str, tmp_path: Path
) -> None:
    migrations = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS, migrations)
    further = FURTHER.replace("{head}", revisions()[-1])
    (migrations / "versions" / "9999_further.py").write_text(further)
    with opened_views(database):
        open_with(database, migrations)
    with pytest.raises(MigrationFailed, match=r"newer version of the service \(revision 9999\)"):
        open_with(database, MIGRATIONS)


def open_with(database: str, migrations: Path) -> None:
    """Opens the views with other migrations than today's."""
    if not is_postgres(database):
        sqlite_views(views_path(database), migrations).dispose()
        return
    with opened_server(database) as server:
        postgres_views(server.pool, server.readers, SCHEMA, migrations)


def test_the_way_back_leaves_no_table_behind(views: Engine) -> None:
    migrate(views, "base")
    assert tables_of(views) == {"alembic_version"}


def test_there_is_one_line_of_revisions_with_one_head() -> None:
    assert len(ScriptDirectory.from_config(config()).get_heads()) == 1
