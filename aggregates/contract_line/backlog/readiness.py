"""Ready to invoice or not: items of the backlog are marked, one or many in a call."""

from dataclasses import dataclass

from aggregates.contract_line.backlog.many_items import Work, judge_each
from aggregates.contract_line.backlog.verdicts import evaluate
from aggregates.contract_line.items import Item, OpenSale
from aggregates.contract_line.state import ContractLine
from aggregates.deal import Deal
from aggregates.decision import Decision
from aggregates.refusals import ItemRefused, NotNeeded
from aggregates.statuses import UNBILLED, BillingStatus, BillingType, NTEStatus
from aggregates.terms import FailedLevel

# --- commands ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkReady:
    """Mark items ready to invoice (D-11, D-25, D-26)."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkNotReady:
    """Take items back to not ready (D-11, D-25)."""

    items: tuple[str, ...]


# --- decide ------------------------------------------------------------------------------------


def mark_ready(command: MarkReady, deal: Deal) -> Decision:
    """Marks what can be marked; a sale that fails a limit can't be ready (D-26)."""
    return judge_each(command.items, deal, make_ready)


def mark_not_ready(command: MarkNotReady, deal: Deal) -> Decision:
    """Takes back what is not billed yet; verdicts stay (D-25)."""
    return judge_each(command.items, deal, make_not_ready)


def make_ready(work: Work, line: ContractLine, item: Item) -> None:
    """Marks one item. Raises NotNeeded when it is ready, ItemRefused when it can't be (D-26)."""
    if item.billing_status is BillingStatus.READY:
        raise NotNeeded("already_ready", "the item is ready already")
    check_unbilled(item)
    failed = _failed(work, line, item) if isinstance(item, OpenSale) else ()
    if failed:
        raise NTEFailed(failed)
    work.on(line).ready.append(item.item_id)


def make_not_ready(work: Work, line: ContractLine, item: Item) -> None:
    """Takes one back. Raises NotNeeded when it is not ready, ItemRefused when billed (D-25)."""
    if item.billing_status is BillingStatus.NOT_READY:
        raise NotNeeded("already_not_ready", "the item is not ready already")
    check_unbilled(item)
    work.on(line).not_ready.append(item.item_id)


class NTEFailed(ItemRefused):
    """A sale exceeds a not-to-exceed limit, so it can't be marked ready (D-26)."""

    def __init__(self, failed: tuple[FailedLevel, ...]) -> None:
        worst = failed[0]
        super().__init__(
            "nte_failed",
            f"exceeds the {worst.level.replace('_', ' ')} limit of {worst.limit:f} "
            f"by {worst.shortfall:f}",
            "D-26",
            level=worst.level,
            shortfall=worst.shortfall,
            levels=failed,
        )


# --- helpers -----------------------------------------------------------------------------------


def check_unbilled(item: Item) -> None:
    """Raises ItemRefused for an item that is on a draft or posted (D-25)."""
    if item.billing_status is BillingStatus.INVOICE_POSTED:
        raise ItemRefused("item_posted", "the item is posted", "D-25")
    if item.billing_status not in UNBILLED:
        raise ItemRefused("item_on_draft", "the item is on a draft invoice", "D-25")


def _failed(work: Work, line: ContractLine, sale: OpenSale) -> tuple[FailedLevel, ...]:
    """The levels that the sale fails; one without a verdict gets it first (D-26).

    So does a chargeable one that no limit stood against when it was recorded, if one does now.
    """
    is_limited_now = (
        sale.nte_status is NTEStatus.NOT_APPLICABLE
        and sale.actual.billing_type is BillingType.CHARGEABLE
        and work.limits.is_limited(line.line_id, sale.customer_id)
    )
    if sale.nte_status is NTEStatus.NOT_EVALUATED or is_limited_now:
        return evaluate(work, line, sale)
    return sale.failed
