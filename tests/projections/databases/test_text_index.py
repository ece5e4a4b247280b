"""The index of texts on PostgreSQL: an extension that all tenants share, or none at all."""

import psycopg
import pytest

from projections.views.backlog.filters import BacklogFilter
from projections.views.backlog.lists import list_time_and_material
from projections.views.paging import PageRequest
from tests.databases import SCHEMA, opened_views
from tests.postgres import PostgresServer
from tests.projections.feeding import feed
from tests.projections.story import SALES_RECORDED, STORY


@pytest.mark.parametrize("is_there", [True, False], ids=["with pg_trgm", "without"])
def test_texts_are_found_with_the_extension_and_without_it(
    postgres_server: PostgresServer, *, is_there: bool
) -> None:
    database = postgres_server.new_database()
    with psycopg.connect(database, autocommit=True) as bare:
        if not is_there:
            bare.execute("DROP SCHEMA public")
        with opened_views(database) as views:
            until = next(n for n, event in enumerate(STORY) if event.event == SALES_RECORDED)
            feed(views, STORY[: until + 1])
            with views.begin() as connection:
                page = list_time_and_material(
                    connection, BacklogFilter(text="PILING"), PageRequest(), totals=True
                )
        indexes = "SELECT count(*) FROM pg_indexes WHERE indexname = 'search_index'"
        assert bare.execute(indexes).fetchone() == (int(is_there),)
        bare.execute(f'DROP SCHEMA "{SCHEMA}" CASCADE'.encode())
        extensions = "SELECT count(*) FROM pg_extension WHERE extname = 'pg_trgm'"
        assert bare.execute(extensions).fetchone() == (int(is_there),), "others may need it"
    assert len(page.items) == 4
    assert sum(total.count for total in page.totals or ()) == 4
