"""The invoice and the number series as states: they obey their events, and no others."""

from dataclasses import replace
from decimal import Decimal

from aggregates.contract_line.backlog.readiness import MarkReady
from aggregates.invoice import state as invoice
from aggregates.invoice.booking import numbering
from aggregates.invoice.booking.numbering import NumberSeries
from aggregates.invoice.events import (
    DetailsAdded,
    DraftDeleted,
    InvoiceConfirmed,
    InvoiceNumberAssigned,
)
from tests.aggregates.examples import (
    CONFIRM,
    CONTRACT,
    a_contract,
    a_line,
    an_approval,
    draft,
    sale,
)
from tests.spec import given

ADDED = DetailsAdded(
    invoice_id="I1",
    contract_id=CONTRACT,
    currency="EUR",
    actor="jo",
    details=(),
    lines=(),
    amount=Decimal(0),
    tax=Decimal(0),
)
CONFIRMED = InvoiceConfirmed(
    invoice_id="I1",
    contract_id=CONTRACT,
    number="INV-000001",
    accounting_date=CONFIRM.today,
    currency="EUR",
    amount=Decimal(0),
    tax=Decimal(0),
)
DELETED = DraftDeleted(invoice_id="I1", contract_id=CONTRACT)
ASSIGNED = InvoiceNumberAssigned(
    series="invoices", sequence=7, number="INV-000007", invoice_id="I1"
)


def test_an_invoice_begins_with_its_draft() -> None:
    for event in (ADDED, CONFIRMED, DELETED):
        assert invoice.evolve(None, event) is None


def test_events_of_other_streams_leave_the_invoice_as_it_is() -> None:
    assert invoice.evolve(None, a_contract()) is None
    assert invoice.evolve(None, ASSIGNED) is None


def test_a_series_knows_how_far_it_has_got_d44() -> None:
    assert numbering.evolve_series(None, ASSIGNED) == NumberSeries(series="invoices", sequence=7)


def test_events_of_other_streams_leave_the_series_as_it_is_d44() -> None:
    series = NumberSeries(series="invoices", sequence=7)
    assert numbering.evolve_series(series, CONFIRMED) is series


def test_details_are_known_by_their_own_id_and_need_no_item_d68() -> None:
    story = given(a_contract(), a_line()).when(an_approval()).when(MarkReady(items=(sale(),)))
    drafted = story.when(draft())
    added = drafted.the(DetailsAdded)
    by_hand = replace(added.details[0], detail_id="by hand", item_id=None)
    (made,) = drafted.after.happened(replace(added, details=(by_hand,))).invoices.values()
    assert [detail.stands for detail in made.listed()] == [by_hand, *added.details]
    assert made.items_by_line() == {"L1": [sale()]}
