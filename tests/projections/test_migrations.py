"""The views' file: alembic's revisions lead to the tables that the code defines."""

from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, inspect

from projections.database import MIGRATIONS, sqlite_views
from projections.tables import metadata
from projections.writer import Writer
from tests.projections.feeding import dump, feed
from tests.projections.story import STORY


def config() -> Config:
    found = Config()
    found.set_main_option("script_location", str(MIGRATIONS))
    return found


def revisions() -> list[str]:
    """Every revision that a file may be at, oldest first; `base` is an empty file."""
    walked = ScriptDirectory.from_config(config()).walk_revisions()
    return ["base", *reversed([script.revision for script in walked])]


def migrate(engine: Engine, revision: str) -> None:
    """Brings the file to a revision, up or down, as alembic does."""
    alembic = config()
    with engine.begin() as connection:
        alembic.attributes["connection"] = connection
        if revision == "base":
            command.downgrade(alembic, revision)
        else:
            command.upgrade(alembic, revision)


def differences(engine: Engine) -> list[object]:
    """How the file differs from the tables of the code."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        return list(compare_metadata(context, metadata))


def head(engine: Engine) -> str | None:
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def test_the_migrated_schema_is_that_of_the_tables(views: Engine) -> None:
    assert differences(views) == []
    assert set(inspect(views).get_table_names()) == {*metadata.tables, "alembic_version"}


@pytest.mark.parametrize("revision", revisions())
def test_a_file_of_any_revision_is_migrated_when_it_is_opened(
    tmp_path: Path, revision: str
) -> None:
    path = tmp_path / "x.views.db"
    older = create_engine(f"sqlite:///{path}")
    migrate(older, revision)
    assert head(older) == (None if revision == "base" else revision)
    older.dispose()
    opened = sqlite_views(path)
    assert head(opened) == revisions()[-1]
    assert differences(opened) == []
    feed(opened, STORY)
    assert Writer(opened).position() == len(STORY)
    opened.dispose()


def test_a_file_of_today_keeps_its_rows_when_it_is_opened(views: Engine, tmp_path: Path) -> None:
    feed(views, STORY)
    again = sqlite_views(tmp_path / "x.views.db")
    assert dump(again) == dump(views)
    again.dispose()


def test_the_way_back_leaves_no_table_behind(views: Engine) -> None:
    migrate(views, "base")
    assert inspect(views).get_table_names() == ["alembic_version"]


def test_there_is_one_line_of_revisions_with_one_head() -> None:
    assert len(ScriptDirectory.from_config(config()).get_heads()) == 1
