"""Recalls and corrected entries, decided on a story as intake does it."""

from collections.abc import Callable, Mapping
from typing import Any

from aggregates import streams
from aggregates.contract_line.events import SalesReversed, UnbilledSalesBooked
from aggregates.contract_line.recalled.events import Obligation
from aggregates.contract_line.recalled.state import Recalls
from aggregates.decision import Decision
from aggregates.intake.about_approvals import approvals, entry_corrections, recalls, whereabouts
from aggregates.intake.about_approvals.approvals import KnownApproval
from aggregates.intake.about_approvals.recalls import RecallApproval
from aggregates.intake.about_approvals.what_entries_say import CorrectApproval
from aggregates.intake.about_approvals.whereabouts import NotLookedUp, Owed, Whereabouts
from tests.aggregates.examples import (
    CONFIRM,
    CONTRACT,
    DAY,
    SOURCE,
    a_contract,
    a_fixed_price_line,
    a_line,
    an_approval,
    draft,
    ready,
    sale,
)
from tests.spec import Outcome, Story, given

EIGHT_HOURS = an_approval("1", quantity="8", price="95", tax="144.40", role="senior")
ITEM = sale("1", "A")


def approved(**terms: Any) -> Outcome:
    """8 h at 95 under a limit of 1,000, and two more lines to go to."""
    return given(
        a_contract(limit="1000"),
        a_line(**terms),
        a_line("L2", splits={"A": "25", "B": "75"}),
        a_fixed_price_line("FP"),
    ).when(EIGHT_HOURS)


def billed() -> Outcome:
    return approved().when(ready(ITEM)).when(draft(ITEM)).when(CONFIRM)


def known(story: Story, approval_id: str = "1") -> KnownApproval:
    """What is remembered of an approval."""
    state: KnownApproval | None = None
    for event in story.history:
        if event.stream == streams.approval(SOURCE, approval_id):
            state = approvals.evolve(state, event)
    assert state, approval_id
    return state


def open_obligations(story: Story) -> list[Obligation]:
    """The open obligations of all lines."""
    return [
        obligation
        for line in story.lines.values()
        for obligation in line.recalls.obligations.values()
    ]


def found(story: Story, approval_id: str = "1") -> Whereabouts:
    """Where the work of an approval is; what is posted is on the one invoice that bills it."""
    posted_on: dict[str, str | None] = {
        str(detail.stands.item_id): invoice.invoice_id
        for invoice in story.invoices.values()
        for detail in invoice.details.values()
        if not invoice.corrects
    }
    while True:
        try:
            return found_with(posted_on, story, approval_id)
        except NotLookedUp as missing:
            posted_on |= dict.fromkeys(missing.items)


def found_with(
    posted_on: Mapping[str, str | None], story: Story, approval_id: str = "1"
) -> Whereabouts:
    """Where the work of an approval is, with no more looked up than this."""
    of = known(story, approval_id)
    line = story.lines[of.place.line_id]
    owed = _obligations(story, of, Recalls.obligation)
    settled = _obligations(story, of, Recalls.settled_one)
    listed = whereabouts.to_come([*owed, *settled]) | dict(posted_on)
    there = whereabouts.find(of.items, line, listed, story.invoices.get)
    whereabouts.owing(there, owed, story.invoices.get)
    whereabouts.settled(there, settled, line, listed, story.invoices.get)
    return there


def _obligations(
    story: Story, of: KnownApproval, named: Callable[[Recalls, str], Obligation | None]
) -> list[Owed]:
    return [
        Owed(line=line, obligation=obligation)
        for line in story.lines.values()
        for obligation_id in dict.fromkeys(of.obligations)
        if (obligation := named(line.recalls, obligation_id))
    ]


def recall(story: Story, approval_id: str = "1", reason: str | None = "wrong") -> Outcome:
    """What a recall comes to."""
    of = known(story, approval_id)
    command = RecallApproval(
        source=SOURCE,
        approval_id=approval_id,
        contract_id=CONTRACT,
        line_id=of.place.line_id,
        reason=reason,
    )
    decided = recalls.recall(command, of, found(story, approval_id), story.deal, DAY)
    return Outcome(story, decided)


def corrected(story: Story, approval_id: str = "1", **new: Any) -> Outcome:
    """What a corrected entry comes to."""
    of, there = known(story, approval_id), found(story, approval_id)
    command = CorrectApproval(
        source=SOURCE,
        approval_id=approval_id,
        contract_id=CONTRACT,
        line_id=of.place.line_id,
        reason=None,
        new=new,
    )
    deal = story.deal
    in_place = entry_corrections.described(command, of, there, deal)
    decided: Decision = in_place or entry_corrections.correct(command, of, there, (deal, deal), DAY)
    return Outcome(story, decided)


def reversed_rows(outcome: Outcome) -> list[str]:
    """What was reversed for good, row by row."""
    return [
        f"U {actual.quantity.normalize():f} / {actual.amount} / {actual.tax}"
        for event in outcome.all(SalesReversed)
        for of_customer in event.reversals
        for actual in of_customer.actuals
    ]


def booked_rows(outcome: Outcome) -> list[str]:
    """What came instead, row by row."""
    return [
        f"{sale.customer_id} U +{sale.quantity.normalize():f} / {sale.amount} / {sale.tax}"
        for event in outcome.all(UnbilledSalesBooked)
        for work in event.approvals
        for sale in work.sales
    ]
