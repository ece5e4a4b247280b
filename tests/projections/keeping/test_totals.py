"""Kept totals: whatever happens to rows, they are what the rows come to."""

import json
from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, Table, select

from projections.keeping.totals import kind_of
from projections.keeping.writer import Writer
from projections.projecting.changes import Change, Drop, Patch, Put
from projections.tables import TOTALS, fixed_price, time_and_material
from projections.values.sums import whole
from tests.projections.feeding import apply, dump, empty, examples, feed
from tests.projections.large_views import sales
from tests.projections.story import STORY

SALES = [{**sale, "position": 0} for sale in sales()[:40]]
"""Sales that may stand at any time."""
IDS = [sale["item_id"] for sale in SALES]
FAILED = '[{"level": "line_customer", "limit": "1.00"}, {"level": "contract", "limit": "2.00"}]'
Sums = dict[tuple[str, ...], tuple[int, int, int]]


def kept(views: Engine, view: Table) -> Sums:
    """Count, amount and tax that are kept, by kind."""
    kind = kind_of(view)
    with views.connect() as connection:
        found = connection.execute(select(TOTALS[view])).mappings().all()
    return {
        tuple(row[name] for name in kind): (
            row["count"],
            whole(row, "amount"),
            whole(row, "tax"),
        )
        for row in found
    }


def added_up(views: Engine, view: Table) -> Sums:
    """The same by looking at every row, which counts in its month as in its contract."""
    sums = defaultdict[tuple[str, ...], tuple[int, int, int]](lambda: (0, 0, 0))
    with views.connect() as connection:
        for row in connection.execute(select(view)).mappings():
            failed = json.loads(row.get("nte_detail") or "[]")
            own = {**row, "failed_levels": "".join(f"{each['level']}," for each in failed)}
            by_contract = {**own, "month": ""}
            by_month = {**own, "month": f"{row['date']:%Y-%m}"}
            by_month |= dict.fromkeys(("contract_id", "line_id", "customer_id"), "")
            for kind in (by_contract, by_month):
                key = tuple(kind[name] for name in kind_of(view))
                count, amount, tax = sums[key]
                sums[key] = (count + 1, amount + row["amount"], tax + row["tax"])
    return dict(sums)


@pytest.mark.parametrize("end", range(1, len(STORY) + 1), ids=str)
def test_after_every_event_totals_are_what_the_rows_come_to(shared_views: Engine, end: int) -> None:
    feed(shared_views, STORY[:end])
    for view in TOTALS:
        assert kept(shared_views, view) == added_up(shared_views, view)


def patch(**values: Any) -> st.SearchStrategy[Change]:
    """Some sales take these values, some of which may not be there."""
    some = st.lists(st.sampled_from([*IDS, "gone"]), max_size=6, unique=True)
    return some.map(
        lambda ids: Patch(time_and_material, tuple({"item_id": i, **values} for i in ids))
    )


CHANGES: st.SearchStrategy[Change] = st.one_of(
    st.lists(st.sampled_from(SALES), max_size=8).map(
        lambda rows: Put(time_and_material, tuple(rows))
    ),
    patch(billing_status="ready", invoice_id=None),
    patch(billing_status="invoice_posted", invoice_id="I"),
    patch(nte_status="failed", nte_detail=FAILED),
    patch(nte_status="failed", nte_detail='[{"level": "line"}]'),
    patch(date=date(2031, 2, 28)),
    patch(description="moved nowhere"),
    patch(amount=5, tax=-1),
    st.sampled_from(IDS).map(lambda item_id: Drop(time_and_material, {"item_id": item_id})),
    st.just(Drop(time_and_material, {"class": "expense", "contract_id": "C1"})),
)


@examples(100)
@given(st.lists(st.lists(CHANGES, max_size=6), max_size=5))
def test_whatever_pages_of_changes_come_totals_are_what_the_rows_come_to(
    shared_views: Engine, pages: list[list[Change]]
) -> None:
    empty(shared_views)
    writer = Writer(shared_views)
    for number, page in enumerate(pages):
        apply(writer, page, after=number, position=number + 1)
        assert kept(shared_views, time_and_material) == added_up(shared_views, time_and_material)


@examples(50)
@given(st.lists(CHANGES, max_size=12), st.data())
def test_totals_are_kept_the_same_however_changes_are_cut_into_pages(
    shared_views: Engine, changes: list[Change], data: st.DataObject
) -> None:
    """Else a rebuild, whose pages are larger, could be told from the views that it replaces."""
    writer = Writer(shared_views)

    def table(pages: list[list[Change]]) -> list[tuple[Any, ...]]:
        empty(shared_views)
        for number, page in enumerate(pages):
            apply(writer, page, after=number, position=number + 1)
        return dump(shared_views)["time_and_material_totals"]

    cut = data.draw(st.integers(0, len(changes)))
    assert table([changes[:cut], changes[cut:]]) == table([changes])


def test_a_page_that_fails_changes_no_total(views: Engine, writer: Writer) -> None:
    apply(writer, [Put(time_and_material, tuple(SALES))], after=0, position=1)
    before = kept(views, time_and_material)
    broken = {**SALES[0], "item_id": "X", "amount": None, "tax": 0}
    with pytest.raises(Exception, match=r"(?i)not.null|unsupported operand"):
        apply(writer, [Put(time_and_material, (broken,))], after=1, position=2)
    assert kept(views, time_and_material) == before


def test_sums_that_no_64_bits_hold_are_kept_exactly(views: Engine, writer: Writer) -> None:
    largest = 10**16 - 1

    def sale(n: int) -> Mapping[str, Any]:
        return {**SALES[0], "item_id": f"I{n:04}", "amount": largest, "tax": -n}

    apply(writer, [Put(time_and_material, tuple(map(sale, range(2_000))))], after=0, position=1)
    of_its_contract, of_its_month = kept(views, time_and_material).values()
    assert of_its_contract == of_its_month == (2_000, 2_000 * largest, -sum(range(2_000)))
    assert kept(views, fixed_price) == {}
