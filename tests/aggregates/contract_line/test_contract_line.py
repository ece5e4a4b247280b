"""The contract line as a state: it obeys its events, keeps what is open, and drops the rest."""

from aggregates.contract_line import state as contract_line
from aggregates.contract_line.backlog.readiness import MarkReady
from aggregates.statuses import BillingStatus, NTEStatus
from tests.aggregates.examples import (
    CONFIRM,
    a_contract,
    a_fixed_price_line,
    a_line,
    a_milestone,
    an_approval,
    draft,
    part,
    sale,
    worth,
)
from tests.spec import given


def test_a_line_begins_with_its_terms() -> None:
    outcome = given(a_contract(), a_line(limit="2000")).when(an_approval())
    for event in outcome.events:
        assert contract_line.evolve(None, event) is None


def test_events_of_other_streams_leave_the_line_as_it_is() -> None:
    line = given(a_contract(), a_line()).lines["L1"]
    assert contract_line.evolve(line, a_contract()) is line


def test_an_item_is_found_while_it_is_open() -> None:
    lines = (a_line("L1"), a_fixed_price_line("L2"))
    story = given(a_contract(), *lines).when(an_approval()).when(a_milestone(line_id="L2")).after
    of_sale, of_part = story.lines["L1"].item(sale()), story.lines["L2"].item(part(line_id="L2"))
    assert of_sale is story.lines["L1"].open_item(sale())
    assert of_part is story.lines["L2"].open_item(part(line_id="L2"))
    assert of_sale
    assert of_part
    assert (of_sale.customer_id, of_part.customer_id) == ("A", "A")
    assert story.lines["L1"].item(part(line_id="L2")) is None


def test_posted_sales_leave_the_state_so_that_it_holds_open_items_only_d20() -> None:
    story = given(a_contract(), a_line()).when(worth("1", "1"), worth("2", "2"))
    drafted = story.when(MarkReady(items=(sale("1"), sale("2")))).when(draft(sale("1")))
    line = drafted.when(CONFIRM).after.lines["L1"]
    assert set(line.sales) == {sale("2")}
    assert set(line.ready) == {sale("2")}
    assert line.recorded_for == {"A"}


def test_a_posted_part_stays_until_its_whole_milestone_is_completed_d12() -> None:
    line = a_fixed_price_line(splits={"A": "70", "B": "30"})
    story = given(a_contract(), line).when(a_milestone()).when(MarkReady(items=(part("M1", "A"),)))
    after = story.when(draft()).when(CONFIRM).after.lines["L1"]
    assert after.open_item(part("M1", "A")).billing_status is BillingStatus.INVOICE_POSTED
    assert after.open_item(part("M1", "B")).billing_status is BillingStatus.NOT_READY


def test_an_approval_without_a_description_has_an_empty_one() -> None:
    line = given(a_contract(), a_line()).when(an_approval()).after.lines["L1"]
    assert line.sales[sale()].description == ""


def test_a_verdict_is_kept_until_the_next_one_d31() -> None:
    story = given(a_contract(), a_line(limit="10")).when(worth("11"))
    changed = story.after.happened(*a_line(limit="20")).lines["L1"]
    assert changed.sales[sale()].nte_status is NTEStatus.FAILED
    assert changed.terms.nte_limit == 20
