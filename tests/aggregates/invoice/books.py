"""What a confirmation books, row by row, as the rules write it: `U +8 / 1,040.00 / 197.60 nc`."""

from decimal import Decimal

from aggregates.actuals import Actual
from aggregates.contract_line.entries import Approval
from aggregates.contract_line.events import UnbilledSalesBooked
from aggregates.contract_line.milestones import CreateMilestone
from aggregates.invoice.correcting import CorrectInvoice
from aggregates.invoice.events import ActualsBooked
from aggregates.statuses import ActualType, BillingType
from tests.aggregates.examples import CONFIRM, an_approval
from tests.aggregates.invoice.drafts import a_draft, detail, invoice
from tests.spec import Outcome, Story

FIRST = an_approval("1", quantity="4", price="90", tax="68.40")
SECOND = an_approval("2", quantity="3", price="110", tax="62.70")
TEN_HOURS = an_approval("1", quantity="10", price="130", tax="247.00")
KINDS = {ActualType.UNBILLED_SALES: "U", ActualType.BILLED_SALES: "B"}
TYPES = {BillingType.CHARGEABLE: "", BillingType.NON_CHARGEABLE: " nc"}


def booked(outcome: Outcome) -> list[Actual]:
    """What the confirmation booked, in its order."""
    return [actual for event in outcome.all(ActualsBooked) for actual in event.actuals]


def adjusted(outcome: Outcome) -> list[str]:
    """The actuals that are superseded by it."""
    return [actual_id for event in outcome.all(ActualsBooked) for actual_id in event.adjusted]


def row(actual: Actual) -> str:
    sign = "+" if actual.type is ActualType.UNBILLED_SALES and actual.quantity > 0 else ""
    figures = f"{sign}{_plain(actual.quantity)} / {actual.amount} / {actual.tax}"
    return f"{KINDS[actual.type]} {figures}{TYPES.get(actual.billing_type, ' complimentary')}"


def rows(outcome: Outcome) -> list[str]:
    return [row(actual) for actual in booked(outcome)]


def returned(outcome: Outcome) -> list[str]:
    """What a correction gave back to the backlog."""
    return [
        f"U +{_plain(sale.quantity)} / {sale.amount} / {sale.tax}"
        for event in outcome.all(UnbilledSalesBooked)
        for work in event.approvals
        for sale in work.sales
    ]


def correct(
    story: Outcome, *details: str, key: str = "K1", invoice_id: str | None = None
) -> Outcome:
    """A correction of the invoice drafted last, or of this one: whole, or of these details."""
    command = CorrectInvoice(correction_id=key, actor="jo", details=details or None)
    return story.when(command, invoice_id=invoice_id or invoice(story).invoice_id)


def confirmed(story: Outcome) -> Outcome:
    """The invoice drafted last, confirmed."""
    return story.when(CONFIRM)


def amounts(story: Story | Outcome) -> tuple[str, str]:
    """Amount and tax of the invoice drafted last."""
    made = invoice(story)
    return str(made.amount), str(made.tax)


def billed(*work: Approval | CreateMilestone, limit: str | None = None) -> Outcome:
    """This work on a confirmed invoice; two approvals if none is named."""
    return confirmed(a_draft(*(work or (FIRST, SECOND)), limit=limit))


def ids(story: Outcome, *named: str) -> tuple[str, ...]:
    """The ids of these details of the invoice drafted last."""
    return tuple(detail(story, each).stands.detail_id for each in named)


def _plain(quantity: Decimal) -> str:
    return f"{quantity.normalize():f}"
