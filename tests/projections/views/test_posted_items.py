"""Posted items in lists, totals, facets and summaries show what is billed of them (D-45, D-78)."""

from dataclasses import replace

from sqlalchemy import Connection, Engine

from aggregates.events import Event
from aggregates.statuses import BillingType
from projections.views.backlog.filters import BacklogFilter
from projections.views.backlog.lists import find_items, list_fixed_price, list_time_and_material
from projections.views.backlog.sums.summary import summarize
from projections.views.contract.performance import performance
from projections.views.invoice.invoices import find_invoice
from projections.views.kept_to import UNRESTRICTED
from projections.views.paging import PageRequest
from tests.projections import story
from tests.projections.feeding import feed, shown
from tests.projections.story import EVENTS, recorded

ALL = PageRequest(limit=1000)
POSTED = BacklogFilter(any_of={"billing_status": ["invoice_posted"]})
COMMITTED = BacklogFilter(any_of={"nte_status": ["committed"]})
FREE = BacklogFilter(any_of={"billing_type": ["complimentary"]})
CHARGED = BacklogFilter(any_of={"billing_type": ["chargeable"]})


def showing(views: Engine, known: Event, instead: Event | None = None) -> Connection:
    """A connection to views that show the story up to an event, or another one in its place."""
    end = EVENTS.index(known)
    feed(views, recorded([*EVENTS[:end], instead or known]))
    return views.connect()


def test_posted_items_and_their_sums_are_what_stays_billed_of_them_d45_d78_d81(
    shared_views: Engine,
) -> None:
    with showing(shared_views, story.M1_CREDITED) as connection:
        sales = list_time_and_material(connection, POSTED, ALL, totals=True)
        parts = list_fixed_price(connection, POSTED, ALL, totals=True)
        (summed,) = summarize(connection, POSTED, (), ALL).items
        (of_march,) = summarize(connection, POSTED, ["line"], PageRequest(limit=1)).items
    rows = {row["item_id"]: row for row in shown(sales.items)}
    assert rows.keys() == {"1-A", "3-A"}
    names = ("quantity", "unit_price", "amount", "tax", "billing_type", "invoice_id")
    corrected = ("5", "200.00", "1000.00", "0.00", "chargeable", "I3")
    assert tuple(rows["3-A"][name] for name in names) == corrected
    (part,) = shown(parts.items)
    assert (part["amount"], part["tax"], part["billing_type"]) == ("700.00", "140.00", "chargeable")
    totals = shown([*(sales.totals or ()), *(parts.totals or ())])
    told = [(total["count"], total["amount"], total["tax"]) for total in totals]
    assert told == [(2, "1800.00", "0.00"), (1, "700.00", "140.00")]
    # I1 has billed 2,000 and I5 has taken back 500 of it; I3 has billed 1,600, I4 taken back 600.
    assert (summed.posted.count, summed.posted.amount, summed.tax) == (3, "2500.00", "140.00")
    assert of_march.posted.amount == "700.00"


def test_an_item_credited_whole_is_in_no_list_and_can_still_be_looked_at_d78(
    shared_views: Engine,
) -> None:
    credited = replace(story.I4_BOOKED, actuals=story.I4_BOOKED.actuals[:1])
    with showing(shared_views, story.I4_BOOKED, credited) as connection:
        sales = list_time_and_material(connection, POSTED, ALL, totals=True)
        (item,) = shown(find_items(connection, UNRESTRICTED, ["3-A"]))
    assert [row.item_id for row in sales.items] == ["1-A"]
    assert [total.count for total in sales.totals or ()] == [1]
    nothing = ("0", "0.00", "invoice_posted")
    assert tuple(item[name] for name in ("quantity", "amount", "billing_status")) == nothing


def test_milestones_billed_at_no_charge_are_told_apart_in_all_sums_d66(
    shared_views: Engine,
) -> None:
    free = story.billed_at_no_charge(story.ACTUALS_BOOKED, "M1-A")
    with showing(shared_views, story.ACTUALS_BOOKED, free) as connection:
        page = list_fixed_price(connection, FREE, ALL, totals=True, facets=["billing_type"])
        charged = list_fixed_price(connection, CHARGED, ALL, totals=True)
        summed = summarize(connection, FREE, ["class"], ALL).items
    assert [(row.item_id, row.tax) for row in page.items] == [("M1-A", "240.00")]
    totals = [(total.billing_type, total.amount) for total in page.totals or ()]
    assert totals == [("complimentary", "1200.00")]
    assert page.facets
    facet = [(value.value, value.count) for value in page.facets["billing_type"]]
    assert facet == [("complimentary", 1)]
    assert (charged.items, charged.totals) == ([], [])
    assert [(item.transaction_class, item.count) for item in summed] == [("milestone", 1)]


def test_what_comes_back_free_of_a_milestone_is_charged_in_no_figure_d60_d72(
    shared_views: Engine,
) -> None:
    credited = replace(
        story.M1_CREDITED,
        parts=tuple(
            replace(part, billing_type=BillingType.COMPLIMENTARY)
            for part in story.M1_CREDITED.parts
        ),
    )
    end = EVENTS.index(story.M1_CREDITED)
    feed(shared_views, recorded([*EVENTS[:end], credited, story.draft("I7")]))
    with shared_views.connect() as connection:
        performed = performance(connection, UNRESTRICTED, "C1")
        found = find_invoice(connection, UNRESTRICTED, "I7")
    assert performed
    assert (performed.ready, performed.invoiced) == ("0.00", "2000.00")
    assert found
    pending = shown(found[0])["pending"]
    # The free rest of 500.00 and the free sale of approval 2 are counted, and worth nothing.
    assert pending["ready"] == {"count": 2, "amount": "0.00"}


def test_posted_work_at_no_charge_has_no_verdict_of_a_limit_d32_d66(shared_views: Engine) -> None:
    free = story.billed_at_no_charge(story.ACTUALS_BOOKED, "1-A")
    with showing(shared_views, story.ACTUALS_BOOKED, free) as connection:
        (item,) = shown(find_items(connection, UNRESTRICTED, ["1-A"]))
        page = list_time_and_material(connection, COMMITTED, ALL, totals=True)
    assert (item["billing_type"], item["nte_status"]) == ("complimentary", "not_applicable")
    assert "1-A" not in {row.item_id for row in page.items}
    assert sum(total.count for total in page.totals or ()) == len(page.items)
