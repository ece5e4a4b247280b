"""Which drafts are open, by contract and customer, the newest first (D-41)."""

from sqlalchemy import Engine

from aggregates.invoice.events import DraftCreated, DraftDeleted, InvoiceConfirmed
from projections.views.invoice.open_drafts import open_drafts
from tests.projections.feeding import feed
from tests.projections.story import DAY, d, recorded


def drafted(invoice_id: str, customer_id: str = "A", contract_id: str = "C1") -> DraftCreated:
    return DraftCreated(
        invoice_id=invoice_id,
        contract_id=contract_id,
        customer_id=customer_id,
        currency="EUR",
        cutoff=None,
        line_ids=None,
    )


def test_open_drafts_are_told_by_contract_and_customer_the_newest_first_d41(views: Engine) -> None:
    confirmed = InvoiceConfirmed(
        invoice_id="I3",
        contract_id="C1",
        number="1",
        accounting_date=DAY,
        currency="EUR",
        amount=d("0"),
        tax=d("0"),
    )
    events = [
        drafted("I2"),
        drafted("I1"),
        drafted("I3"),
        drafted("I4", "B"),
        drafted("I5", contract_id="C2"),
        drafted("I6"),
        drafted("I7", contract_id="C3"),
        confirmed,
        DraftDeleted(invoice_id="I6", contract_id="C1"),
    ]
    feed(views, recorded(events))
    with views.connect() as connection:
        assert open_drafts(connection, ["C1", "C2", "NONE", "\x00"]) == {
            ("C1", "A"): ["I1", "I2"],
            ("C1", "B"): ["I4"],
            ("C2", "A"): ["I5"],
        }
        many = [f"N{n}" for n in range(600)]
        assert open_drafts(connection, [*many, "C3"]) == {("C3", "A"): ["I7"]}
