"""What a reader may know of: rows of one customer, and what is of several where all are known."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from msgspec import UNSET
from sqlalchemy import Engine

from aggregates.contract_line.events import NTEEvaluated, NTEResult
from aggregates.statuses import LimitLevel, NTEStatus
from projections.databases.connections import glance_of
from projections.views.actuals import list_actuals
from projections.views.backlog.filters import MOST_NARROWED, BacklogFilter
from projections.views.backlog.lists import find_items, list_time_and_material
from projections.views.backlog.sums.summary import summarize
from projections.views.contract.contracts import find_contract, find_line, find_milestone
from projections.views.contract.customers import list_customers
from projections.views.contract.listed_contracts import list_contracts
from projections.views.invoice.invoices import find_invoice, list_invoices
from projections.views.kept_to import UNRESTRICTED, KeptTo
from projections.views.paging import PageRequest
from projections.views.suggestions import suggest
from tests.projections import story
from tests.projections.feeding import feed, shown
from tests.projections.story import EVENTS, recorded
from tests.projections.views.test_invoices_in_full import until

ALL = PageRequest(limit=1000)
STATUSES = ("not_ready", "ready", "invoice_created", "invoice_posted")


def of(contracts: Iterable[str] | None = None, customers: Iterable[str] | None = None) -> KeptTo:
    return KeptTo(
        contracts=None if contracts is None else frozenset(contracts),
        customers=None if customers is None else frozenset(customers),
    )


MANY = [f"X{n}" for n in range(MOST_NARROWED)]
KEPT = {
    "everything": UNRESTRICTED,
    "contract": of(["C1"]),
    "another contract": of(["C8"]),
    "customer": of(None, ["A"]),
    "both": of(["C1"], ["B"]),
    "many": of(["C1", *MANY], ["A", *MANY]),
}


def sees(kept_to: KeptTo, contract_id: str, customer_id: str) -> bool:
    return (kept_to.contracts is None or contract_id in kept_to.contracts) and (
        kept_to.customers is None or customer_id in kept_to.customers
    )


@pytest.mark.parametrize("kept_to", KEPT.values(), ids=KEPT)
def test_rows_are_those_of_known_contracts_and_customers(
    shared_views: Engine, kept_to: KeptTo
) -> None:
    feed(shared_views, recorded(EVENTS))
    of_all = BacklogFilter(any_of={"billing_status": STATUSES})
    of_some = BacklogFilter(any_of={"billing_status": STATUSES}, kept_to=kept_to)
    facets = ("contract_id", "line_id", "customer_id")
    with shared_views.connect() as connection:
        every = list_time_and_material(connection, of_all, ALL, totals=False).items
        some = list_time_and_material(connection, of_some, ALL, totals=True, facets=facets)
        expected = [row for row in every if sees(kept_to, row.contract_id, row.customer_id)]
        assert len(every) > 1
        assert [row.item_id for row in some.items] == [row.item_id for row in expected]
        assert some.totals is not UNSET
        assert sum(total.count for total in some.totals) == len(expected)
        assert some.facets is not UNSET
        for facet in facets:
            counted = {value.value: value.count for value in some.facets[facet]}
            found = [getattr(row, facet) for row in expected]
            assert counted == {value: found.count(value) for value in found}
        ids = [row.item_id for row in every]
        assert {row.item_id for row in find_items(connection, kept_to, ids)} == {
            row.item_id for row in expected
        }
        for actual in list_actuals(connection, kept_to, {}, ALL).items:
            assert sees(kept_to, actual.contract_id, actual.customer_id)
        for invoice in list_invoices(connection, kept_to, {}, ALL).items:
            assert sees(kept_to, invoice.contract_id, invoice.customer_id)
        for customer in list_customers(connection, kept_to, {}, ALL).items:
            assert kept_to.customers is None or customer.customer_id in kept_to.customers
        assert suggest(connection, kept_to, "zz nothing").items == []


@pytest.mark.parametrize("kept_to", KEPT.values(), ids=KEPT)
def test_what_is_of_several_customers_is_known_where_all_of_them_are(
    shared_views: Engine, kept_to: KeptTo
) -> None:
    feed(shared_views, recorded(EVENTS))
    with shared_views.connect() as connection:
        for contract in list_contracts(connection, UNRESTRICTED, ALL).items:
            customers = [each.customer_id for each in contract.customers]
            is_known = all(sees(kept_to, contract.contract_id, each) for each in customers)
            found = find_contract(connection, kept_to, contract.contract_id)
            assert (found is not None) == is_known
            for line_id in contract.lines:
                whole = find_line(connection, UNRESTRICTED, contract.contract_id, line_id)
                assert whole
                payers = [each.customer_id for each in whole[0].customers]
                is_known = all(sees(kept_to, contract.contract_id, each) for each in payers)
                line = find_line(connection, kept_to, contract.contract_id, line_id)
                assert line == (whole if is_known else None)
        milestone = find_milestone(connection, UNRESTRICTED, "M1")
        assert milestone
        parts = [each.customer_id for each in milestone[0].parts]
        is_known = all(sees(kept_to, milestone[0].contract_id, each) for each in parts)
        found = find_milestone(connection, kept_to, "M1")
        assert found == (milestone if is_known else None)


def test_a_draft_does_not_tell_how_a_contract_of_others_is_billed(shared_views: Engine) -> None:
    with until(shared_views, story.CORRECTION_DRAFTED) as connection:
        whole = find_invoice(connection, UNRESTRICTED, "I4")
        assert whole
        assert whole[0].figures is not UNSET
        own = find_invoice(connection, of(None, [whole[0].customer_id]), "I4")
        assert own
        assert own[0].figures is UNSET
        assert own[0].pending == whole[0].pending
        assert find_invoice(connection, of(None, ["Z"]), "I4") is None


def test_what_failed_at_a_limit_of_all_tells_a_customer_nothing_of_others(
    shared_views: Engine,
) -> None:
    of_all = replace(story.B_FAILS, level=LimitLevel.LINE)
    failed = NTEResult(item_id="1-B", nte_status=NTEStatus.FAILED, failed=(story.B_FAILS, of_all))
    alone = replace(failed, failed=(of_all,))
    levels: list[list[LimitLevel] | None] = []
    for result in (failed, alone):
        each_level = {level.level for level in result.failed}
        evaluated = NTEEvaluated(contract_id="C1", line_id="T", results=(result,))
        feed(shared_views, recorded([*EVENTS[: EVENTS.index(story.SALES_RECORDED) + 1], evaluated]))
        with shared_views.connect() as connection:
            for kept_to in (UNRESTRICTED, of(["C1"]), of(None, ["B"])):
                wanted = BacklogFilter(any_of={"nte_status": ["failed"]}, kept_to=kept_to)
                (found,) = find_items(connection, kept_to, ["1-B"])
                (listed,) = list_time_and_material(connection, wanted, ALL, totals=False).items
                glanced = list_time_and_material.glance(glance_of(connection), wanted, ALL)
                assert glanced
                assert shown([found, listed]) == shown([listed, *glanced.items])
                by_item = summarize(connection, wanted, ("nte_status",), ALL).items
                at = {level for each in by_item for level in each.blocked.levels}
                assert at == {level for level in each_level if level in kept_to.levels}
                (told,) = shown([listed])
                detail = told["nte_detail"]
                levels.append(detail and [LimitLevel(each["level"]) for each in detail])
    both = [LimitLevel.LINE_CUSTOMER, LimitLevel.LINE]
    assert levels == [both, both, both[:1], both[1:], both[1:], None]
