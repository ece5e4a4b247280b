"""What a command on an invoice answers: the invoice as it stands after it."""

from dataclasses import replace

import msgspec

from aggregates import streams
from service.handlers.idempotency import Answer
from service.handlers.invoicing.loading import invoice_of
from service.ledger.unit_of_work import UnitOfWork
from service.wire import from_states


def invoice_answer(unit: UnitOfWork, invoice_id: str, *, details: bool) -> Answer:
    """The invoice with its version; without details where a large one is not to be told whole."""
    return Answer(
        body=from_states.invoice(invoice_of(unit, invoice_id), with_details=details),
        version=unit.version(streams.invoice(invoice_id)),
    )


def preview(unit: UnitOfWork, answer: Answer) -> Answer:
    """The answer of a dry run on an invoice: without a number, at the version that stands (D-75).

    So the call can be made with that version as its `If-Match`. What is not there yet has none.
    """
    version = unit.looked_at[streams.invoice(answer.body.invoice_id)] or None
    return replace(answer, body=msgspec.structs.replace(answer.body, number=None), version=version)
