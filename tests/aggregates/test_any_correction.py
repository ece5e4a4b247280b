"""Any corrections of what was billed, and corrections of these: the books balance after each."""

from collections import Counter
from collections.abc import Iterator

from hypothesis import HealthCheck, settings
from hypothesis import given as for_any
from hypothesis import strategies as st

from aggregates.invoice.events import DetailsCorrected
from aggregates.statuses import BillingType
from tests.aggregates.test_any_sequence import FIXED, TIME, AnySequence
from tests.spec import Story

TYPES = [BillingType.CHARGEABLE, BillingType.CHARGEABLE, BillingType.COMPLIMENTARY]


def an_office(data: st.DataObject) -> AnySequence:
    """Work of two or three customers, on drafts, some of it edited or by hand, and confirmed."""
    office = AnySequence()
    currency = data.draw(st.sampled_from(["EUR", "JPY", "KWD"]))
    office.deal(data=data, count=data.draw(st.integers(2, 3)), currency=currency)
    for price in data.draw(st.lists(st.integers(-20, 150), min_size=1, max_size=3)):
        office.record(
            lines=list(TIME),
            quantity=data.draw(st.sampled_from(["0.7", "3", "-1.3", "2.9"])),
            billable=None,
            price=price,
            billing_type=data.draw(st.sampled_from(TYPES)),
        )
    office.create_milestone(amount=data.draw(st.integers(1, 200)))
    office.mark_all_ready()
    office.create_drafts(data=data, lines=None)
    for _ in range(data.draw(st.integers(0, 3))):
        if any(draft.details for draft in office.drafts()):
            office.edit(data=data)
    if office.drafts() and data.draw(st.booleans()):
        line_id = data.draw(st.sampled_from([*TIME, FIXED]))
        office.add_by_hand(data=data, line_id=line_id, quantity="1.5", price=33)
    office.bill_everything()
    return office


def check(office: AnySequence) -> None:
    office.the_books_balance_d46_d79_d81()
    office.committed_and_invoiced_equal_the_sum_over_the_actuals_d37()
    office.the_header_says_what_the_parts_say_d12()
    office.an_item_is_on_at_most_one_open_draft_and_reads_invoice_created_d41()
    office.the_invoice_numbers_have_no_gaps_d44()


def longest_chain(story: Story) -> int:
    """How many corrections have followed each other."""
    depth: Counter[str] = Counter()
    for event in story.history:
        if isinstance(event, DetailsCorrected):
            depth[event.correction_id] = depth[event.invoice_id] + 1
    return max(depth.values(), default=0)


DEPTHS: list[int] = []
"""Of each example how long its longest chain became."""


@settings(
    derandomize=True,
    deadline=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@for_any(st.data())
def books_after_any_corrections(data: st.DataObject) -> None:
    office = an_office(data)
    check(office)
    for _ in corrected(office, data):
        check(office)
    office.teardown()
    DEPTHS.append(longest_chain(office.story))


def corrected(office: AnySequence, data: st.DataObject) -> Iterator[None]:
    """Some corrections, and what is done between them, one by one."""
    for _ in range(data.draw(st.integers(1, 8))):
        kind = data.draw(st.sampled_from(["correct"] * 5 + ["edit", "remove", "delete", "bill"]))
        if kind == "correct" and office.confirmed():
            whole = data.draw(st.sampled_from([True, True, False]))
            at_once = data.draw(st.sampled_from([True, True, True, False]))
            office.correct(data=data, whole=whole, at_once=at_once)
        elif kind == "bill" and office.open_items():
            office.bill_everything()
        elif kind == "delete" and office.drafts():
            office.delete_draft(data=data)
        elif any(draft.details for draft in office.drafts()):
            office.remove(data=data, ready=True) if kind == "remove" else office.edit(data=data)
        yield


def test_whatever_is_corrected_and_corrected_again_the_books_balance_d46_d79_d37() -> None:
    DEPTHS.clear()
    books_after_any_corrections()
    assert max(DEPTHS) >= 3, "no chain was long enough to tell anything"
