"""Details of a draft are edited, one or many in a call, and taken off it again (D-65 to D-69)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from aggregates.contract_line.events import MarkedNotReady
from aggregates.deal import Deal, chunks, moved
from aggregates.decision import NOTHING, Decision
from aggregates.events import Event
from aggregates.invoice.details import Detail, items_by_line
from aggregates.invoice.draft.details_on import changed, require_open, taken_off
from aggregates.invoice.draft.edits import DetailEdit, edited
from aggregates.invoice.events import DetailsEdited, DetailsRemoved, EditedDetail
from aggregates.invoice.state import Invoice
from aggregates.invoice.totals import Totals
from aggregates.refusals import Invalid, LeftAlone, NotFound, Refused
from aggregates.statuses import BillingStatus

# --- commands ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class EditDetails:
    """Edit details of a draft, all or none of them (D-65). `actor` is who does (D-73)."""

    actor: str
    edits: tuple[DetailEdit, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveDetails:
    """Take details off a draft; their items are ready again, or not ready if told so (D-69)."""

    actor: str
    details: tuple[str, ...]
    ready: bool = True


# --- decide ------------------------------------------------------------------------------------


def edit(command: EditDetails, invoice: Invoice) -> Decision:
    """Each detail as its edit leaves it, and the invoice's totals after that (D-65 to D-67, D-77).

    Done are the details that change; when none does, nothing happens. Raises NotFound for a deleted
    draft, Refused once it is confirmed, DetailsRefused when one edit or more can't be.
    """
    require_open(invoice)
    changes: dict[str, tuple[Detail, Detail]] = {}
    refused: list[LeftAlone] = []
    named: set[str] = set()
    for each in command.edits:
        try:
            before = _detail(invoice, each.detail_id)
            _name_once(each, named)
            after = edited(each, before, invoice.currency)
        except Refused as why:
            refused.append(LeftAlone(each.detail_id, why))
        else:
            if after != before.stands:
                changes[each.detail_id] = before, replace(before, stands=after)
    if refused:
        raise DetailsRefused(refused)
    if not changes:
        return NOTHING
    events = tuple(_edited(command, invoice, list(changes.values())))
    return Decision(events=events, done=tuple(changes))


def remove(command: RemoveDetails, invoice: Invoice, deal: Deal) -> Decision:
    """The details go, and what they bill comes off the draft (D-69). The draft may be empty then.

    An item that is not to be ready keeps its verdict. A removed corrective detail stays billed as
    it was. Raises NotFound for a deleted draft and for a detail that is not on this one, Refused
    once it is confirmed.
    """
    require_open(invoice)
    details = [_detail(invoice, detail_id) for detail_id in dict.fromkeys(command.details)]
    totals = Totals(invoice.currency, invoice.lines)
    events: list[Event] = []
    for some in chunks(details):
        for each in some:
            totals.remove(each)
        removed = tuple(each.stands.detail_id for each in some)
        events.append(DetailsRemoved(**changed(invoice, totals, command.actor), details=removed))
    events += taken_off(invoice, deal, details)
    if not command.ready:
        for line_id, items in items_by_line(details).items():
            line = deal.lines[line_id]
            events += moved(line, items, BillingStatus.NOT_READY, MarkedNotReady)
    return Decision(events=tuple(events), done=command.details)


class DetailsRefused(Refused):
    """What is asked of details is refused whole, because of those listed, each with why (D-65).

    Its code is theirs where they all have the same.
    """

    def __init__(self, details: Sequence[LeftAlone]) -> None:
        first, codes = details[0].why, {each.why.code for each in details}
        detail = f"{len(details)} of the details named can't be changed so: none was"
        super().__init__(
            first.code if len(codes) == 1 else "details_refused",
            first.detail if len(details) == 1 else detail,
            first.rule if len(codes) == 1 else "D-65",
        )
        self.details = tuple(details)


# --- helpers -----------------------------------------------------------------------------------


def _detail(invoice: Invoice, detail_id: str) -> Detail:
    detail = invoice.details.get(detail_id)
    if detail is None:
        raise NotFound("detail", detail_id)
    return detail


def _name_once(edit: DetailEdit, named: set[str]) -> None:
    """Raises Invalid for an edit of a detail that was named before in the call."""
    if edit.detail_id in named:
        raise Invalid("detail_id", "is named before in this call: name each detail once")
    named.add(edit.detail_id)


def _edited(
    command: EditDetails, invoice: Invoice, changes: Sequence[tuple[Detail, Detail]]
) -> Iterator[DetailsEdited]:
    totals = Totals(invoice.currency, invoice.lines)
    for some in chunks(changes):
        for before, after in some:
            totals.change(before, after)
        details = tuple(_as_edited(after) for _, after in some)
        yield DetailsEdited(**changed(invoice, totals, command.actor), details=details)


def _as_edited(detail: Detail) -> EditedDetail:
    stands = detail.stands
    return EditedDetail(
        detail_id=stands.detail_id,
        description=stands.description,
        external_description=stands.external_description,
        quantity=stands.quantity,
        unit_price=stands.unit_price,
        amount=stands.amount,
        tax=stands.tax,
        billing_type=stands.billing_type,
        edited=detail.edited,
    )
