"""Any edits and corrections of what is billed: posted rows of both views are what stays billed."""

from hypothesis import HealthCheck, settings
from hypothesis import given as for_any
from hypothesis import strategies as st

from aggregates.statuses import AdjustmentStatus, BillingStatus
from projections.projecting import fixed_price, time_and_material
from projections.projecting.changes import Drop, Row
from projections.tables import fixed_price as parts
from projections.tables import time_and_material as sales
from projections.values.units import to_millionths, to_minor
from tests.aggregates.balance import billing
from tests.aggregates.test_any_correction import an_office, corrected
from tests.projections.story import recorded
from tests.spec import Story

OF_BOTH = ("amount", "tax", "billing_type")
OF_SALES = (*OF_BOTH, "quantity", "unit_price")


def rows_after(story: Story) -> tuple[dict[str, Row], dict[str, Row]]:
    """The rows of both views, by item."""
    rows: dict[str, dict[str, Row]] = {sales.name: {}, parts.name: {}}
    for each in recorded(story.history):
        for change in (*time_and_material.project(each), *fixed_price.project(each)):
            known = rows.get(change.table.name)
            if known is None:
                continue
            if isinstance(change, Drop):
                gone = [i for i, row in known.items() if change.where.items() <= row.items()]
                for item_id in gone:
                    del known[item_id]
                continue
            for row in change.rows:
                known[row["item_id"]] = {**known.get(row["item_id"], {}), **row}
    return rows[sales.name], rows[parts.name]


def posted(rows: dict[str, Row], names: tuple[str, ...]) -> dict[str, tuple[object, ...]]:
    """What the posted rows of a list show."""
    return {
        item_id: tuple(row[name] for name in names)
        for item_id, row in rows.items()
        if row["billing_status"] == BillingStatus.INVOICE_POSTED
        and row.get("adjustment_status") != AdjustmentStatus.ADJUSTED
    }


def check_posted(story: Story) -> None:
    """Each posted row is what bills its item now, and none is without (D-45, D-78, D-81)."""
    works: dict[str, tuple[object, ...]] = {}
    milestones: dict[str, tuple[object, ...]] = {}
    for invoice, detail in billing(story):
        stands, currency = detail.stands, invoice.currency
        if stands.item_id is None:
            continue
        money = to_minor(stands.amount, currency), to_minor(stands.tax, currency)
        of_both = (*money, stands.billing_type)
        if stands.milestone_id is None:
            prices = to_millionths(stands.quantity), to_millionths(stands.unit_price)
            works[stands.item_id] = (*of_both, *prices)
        else:
            milestones[stands.item_id] = of_both
    shown_sales, shown_parts = rows_after(story)
    assert posted(shown_sales, OF_SALES) == works
    assert posted(shown_parts, OF_BOTH) == milestones


@settings(
    derandomize=True,
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@for_any(st.data())
def test_whatever_is_edited_and_corrected_posted_rows_are_what_stays_billed_d45_d78_d81(
    data: st.DataObject,
) -> None:
    office = an_office(data)
    check_posted(office.story)
    for _ in corrected(office, data):
        check_posted(office.story)
