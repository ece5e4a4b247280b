"""The writer: a page of rows and the position they reach in one transaction, or nothing."""

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from projections import tables
from projections.databases.connections import as_of_now, schema_of
from projections.databases.sqlite import sqlite_views
from projections.history import Recorded
from projections.keeping.backend import OutOfStep
from projections.keeping.catching_up import catch_up
from projections.keeping.rebuilding import rebuild
from projections.keeping.writer import Writer
from projections.projecting.catalogue import project
from projections.projecting.changes import Change, Drop, Patch, Put, Row
from projections.views.backlog import lists as backlog_lists
from projections.views.backlog.filters import BacklogFilter
from projections.views.paging import PageRequest
from tests.databases import opened_views
from tests.projections.feeding import apply, dump, empty, feed, feed_more
from tests.projections.story import STORY, Listed


@pytest.fixture
def second(views: Engine, database: str) -> Generator[Engine]:
    """Another process' hold of the same views."""
    with opened_views(database) as engine:
        yield engine


def contract(contract_id: str, name: str = "Harbour", version: int = 1) -> Row:
    return {
        "contract_id": contract_id,
        "name": name,
        "search_text": name.lower(),
        "currency": "EUR",
        "nte_limit": None,
        "approval": "none",
        "version": version,
    }


def names(views: Engine) -> dict[str, tuple[str, int]]:
    return {row[0]: (row[1], row[6]) for row in dump(views)["contracts"]}


# --- all or nothing ----------------------------------------------------------------------------


def failing_projection(events: list[Recorded]) -> Iterator[Change]:
    """Changes of every kind, and then an error."""
    for recorded in events:
        yield from project(recorded)
    yield Drop(tables.fixed_price, {"contract_id": "C1"})
    raise ValueError("the projection failed")


def test_an_error_within_a_page_leaves_nothing_of_it_and_the_position_where_it_was(
    views: Engine, writer: Writer
) -> None:
    feed(views, STORY[:10])
    before = dump(views)
    with pytest.raises(ValueError, match="the projection failed"):
        apply(writer, failing_projection(STORY[10:]), after=10, position=len(STORY))
    assert dump(views) == before
    assert writer.position() == 10


def test_a_row_that_the_database_refuses_leaves_nothing_of_its_page(
    views: Engine, writer: Writer
) -> None:
    feed(views, STORY[:10])
    before = dump(views)
    nameless = Put(tables.contracts, ({**contract("C2"), "name": None},))
    with pytest.raises(Exception, match=r"(?i)not.null"):
        apply(
            writer,
            [
                Drop(tables.fixed_price, {"contract_id": "C1"}),
                Put(tables.contracts, (contract("C3"),)),
                nameless,
            ],
            after=10,
            position=11,
        )
    assert dump(views) == before


def test_the_page_after_an_error_goes_on_where_the_views_stood(
    views: Engine, writer: Writer
) -> None:
    feed(views, STORY)
    whole = dump(views)
    empty(views)
    feed_more(writer, STORY[:10])
    with pytest.raises(ValueError, match="the projection failed"):
        apply(writer, failing_projection(STORY[10:20]), after=10, position=20)
    assert catch_up(Listed(STORY), writer) == len(STORY)
    assert dump(views) == whole


def test_the_position_starts_at_zero_and_emptying_takes_it_back_there(
    views: Engine, writer: Writer
) -> None:
    nothing = dump(views)
    assert writer.position() == 0
    feed_more(writer, STORY)
    assert writer.position() == len(STORY)
    empty(views)
    assert writer.position() == 0
    assert dump(views) == nothing


# --- within a page, the order of the changes decides -------------------------------------------


def test_the_last_put_of_a_row_stands(views: Engine, writer: Writer) -> None:
    rows = (contract("C1"), contract("C2"), contract("C1", "Port", 2))
    apply(writer, [Put(tables.contracts, rows)], after=0, position=1)
    assert names(views) == {"C1": ("Port", 2), "C2": ("Harbour", 1)}


def test_a_patch_changes_what_was_put_in_the_same_page_or_before(
    views: Engine, writer: Writer
) -> None:
    apply(writer, [Put(tables.contracts, (contract("C1"),))], after=0, position=1)
    apply(
        writer,
        [
            Put(tables.contracts, (contract("C2"),)),
            Patch(tables.contracts, ({"contract_id": "C1", "version": 2},)),
            Patch(tables.contracts, ({"contract_id": "C2", "version": 3},)),
            Patch(tables.contracts, ({"contract_id": "C1", "name": "Port"},)),
        ],
        after=1,
        position=2,
    )
    assert names(views) == {"C1": ("Port", 2), "C2": ("Harbour", 3)}


def test_a_put_after_a_patch_is_the_whole_row(views: Engine, writer: Writer) -> None:
    apply(writer, [Put(tables.contracts, (contract("C1"),))], after=0, position=1)
    patched = Patch(tables.contracts, ({"contract_id": "C1", "name": "Port"},))
    apply(writer, [patched, Put(tables.contracts, (contract("C1", "Bay", 5),))], 1, 2)
    assert names(views) == {"C1": ("Bay", 5)}


def test_a_drop_takes_what_stood_before_it_in_the_page_and_not_what_comes_after(
    views: Engine, writer: Writer
) -> None:
    apply(
        writer,
        [
            Put(tables.contracts, (contract("C1"), contract("C2"))),
            Patch(tables.contracts, ({"contract_id": "C1", "currency": "USD"},)),
            Drop(tables.contracts, {"currency": "USD"}),
            Put(tables.contracts, (contract("C3"),)),
            Drop(tables.contracts, {"contract_id": "C2", "name": "not this one"}),
        ],
        after=0,
        position=1,
    )
    assert set(names(views)) == {"C2", "C3"}


def test_a_patch_of_a_row_that_is_gone_brings_nothing_back(views: Engine, writer: Writer) -> None:
    patched = Patch(tables.contracts, ({"contract_id": "C1", "version": 2},))
    apply(writer, [patched, Patch(tables.contracts, ())], after=0, position=1)
    assert names(views) == {}
    assert writer.position() == 1


# --- two projectors on one file ----------------------------------------------------------------


def test_a_projector_out_of_step_writes_nothing(
    views: Engine, writer: Writer, second: Engine
) -> None:
    other = Writer(second)
    apply(other, [Put(tables.contracts, (contract("C1"),))], after=0, position=3)
    changes = [Drop(tables.contracts, {}), Put(tables.contracts, (contract("C2"),))]
    with pytest.raises(OutOfStep, match="not at position 0 any more"):
        apply(writer, changes, after=0, position=5)
    assert names(views) == {"C1": ("Harbour", 1)}
    assert writer.position() == 3


def test_a_page_looked_up_in_views_that_a_rebuild_has_replaced_is_looked_up_anew(
    views: Engine, writer: Writer, second: Engine
) -> None:
    """The new views may have other rows at the same position: so faults of old ones are mended."""
    feed_more(writer, STORY[:10])
    rebuild(Listed(STORY[:10]), second)
    changes = [Put(tables.contracts, (contract("C2"),))]
    if schema_of(views):
        with pytest.raises(OutOfStep, match="not at position 10 any more"):
            apply(writer, changes, after=10, position=11)
        assert "C2" not in names(views)
    assert writer.position() == 10
    apply(writer, changes, after=10, position=11)
    assert "C2" in names(views)


def test_two_projectors_at_once_write_every_event_once(
    views: Engine, writer: Writer, second: Engine
) -> None:
    feed(views, STORY)
    whole = dump(views)
    empty(views)

    def work(mine: Writer) -> int:
        return catch_up(Listed(STORY), mine, page=1)

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(work, (writer, Writer(second)))) == [len(STORY)] * 2
    assert dump(views) == whole


# --- the file ----------------------------------------------------------------------------------


def test_a_reader_neither_waits_for_the_projector_nor_sees_half_a_page(
    views: Engine, writer: Writer
) -> None:
    feed(views, STORY[:10])
    with as_of_now(views) as (reader, position):
        assert position == 10

        def seen() -> list[str]:
            page = backlog_lists.list_time_and_material(
                reader, BacklogFilter(), PageRequest(), totals=False
            )
            return [row.billing_status for row in page.items]

        before = seen()
        feed_more(writer, STORY[10:])
        assert seen() == before == ["not_ready"] * 4


def test_the_file_is_in_wal_mode_and_keeps_what_was_written(tmp_path: Path) -> None:
    file = tmp_path / "x.views.db"
    views = sqlite_views(file)
    feed(views, STORY)
    written = dump(views)
    views.dispose()
    again = sqlite_views(file)
    with again.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
    assert dump(again) == written
    again.dispose()
