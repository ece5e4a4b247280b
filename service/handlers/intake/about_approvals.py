"""Events about approvals that were taken in before: what they do, or what they wait for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from aggregates import streams
from aggregates.contract_line.recalled.events import Obligation, ObligationsOpened
from aggregates.contract_line.recalled.state import Recalls
from aggregates.contract_line.state import ContractLine
from aggregates.deal import Deal
from aggregates.decision import Decision
from aggregates.intake.about_approvals import (
    approvals,
    entry_corrections,
    recalls,
    waiting,
    whereabouts,
)
from aggregates.intake.about_approvals.approvals import KnownApproval, Waiting
from aggregates.intake.about_approvals.recalls import AboutApproval, RecallApproval
from aggregates.intake.about_approvals.waiting import WAITS
from aggregates.intake.about_approvals.what_entries_say import CorrectApproval
from aggregates.intake.about_approvals.whereabouts import Owed, Whereabouts
from aggregates.intake.events import EventParked
from aggregates.invoice.state import Invoice
from aggregates.refusals import NotFound, Refused
from aggregates.statuses import Outcome
from aggregates.streams import LineKey
from service.handlers.invoicing.loading import deal_of
from service.ledger.stream_kinds import APPROVAL, INVOICE, LINE, PARKING
from service.ledger.unit_of_work import UnitOfWork
from service.wire.intake.cloudevents import ABOUT_APPROVALS
from service.wire.intake.results import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Acted:
    """What became of an event about an approval; `why` where it waits, or where it left some.

    `parked_on` is the contract and line that it waits for, where these are not its own.
    """

    outcome: Outcome
    items: tuple[str, ...] = ()
    why: Refused | None = None
    parked_on: LineKey | None = None


def act(
    unit: UnitOfWork,
    command: AboutApproval,
    parked_id: str,
    posted_on: Mapping[str, str | None],
) -> Acted:
    """Does what the event says, or leaves word of it where it has to wait (D-82).

    Raises Refused when it is refused, NotLookedUp when `posted_on` does not say on which invoice an
    item was posted.
    """
    names = streams.approvals_like(command.source, command.contract_id, command.approval_id)
    known = known_approval(unit, names)
    if known is None or known.recorded is None:
        unit.append(waiting.await_approval(known, parked_id, command))
        return Acted(outcome=Outcome.PARKED, why=NotFound("approval", command.approval_id))
    if _another_waits(unit, known, parked_id):
        detail = "an earlier event about the approval still waits"
        unit.append(waiting.await_approval(known, parked_id, command))
        return Acted(outcome=Outcome.PARKED, why=Refused("item_on_draft", detail, "D-82"))
    # An earlier event may have moved it.
    recalls.check_place(command, known)
    if isinstance(command, CorrectApproval):
        entry_corrections.check_not_recalled(known)
    elif known.recall:
        return Acted(outcome=Outcome.DUPLICATE, items=known.recall.items)
    deal = deal_of(unit, command.contract_id, _lines_of(command))
    found = _find(unit, known, deal, posted_on)
    try:
        acted = _act_on(unit, command, known, deal, found)
    except NotFound as unknown:
        # The stream of one without a source is named after the contract that it is on.
        if known.as_recorded.source is None or not isinstance(command, CorrectApproval):
            raise
        to = _goes_to(command, known)
        unit.append(waiting.await_approval(known, parked_id, command, to.contract_id))
        _show_waiting(unit, known, found, parked_id)
        return Acted(outcome=Outcome.PARKED, why=unknown, parked_on=to)
    return acted or _wait(unit, command, known, found, parked_id)


def known_approval(unit: UnitOfWork, names: Sequence[str]) -> KnownApproval | None:
    """What is remembered of an approval, by the names that its stream may have."""
    states = [state for name in names if (state := unit.load(APPROVAL, name))]
    return approvals.merged(states)


def known_by(unit: UnitOfWork, event: EventParked) -> KnownApproval | None:
    """What is remembered of the approval that a parked event says something of, None if of none."""
    if event.approval_id is None or event.type not in ABOUT_APPROVALS:
        return None
    names = streams.approvals_like(event.source, event.contract_id, event.approval_id)
    return known_approval(unit, names)


def waiting_like(unit: UnitOfWork, event: EventParked) -> Sequence[Waiting]:
    """What waits, or waited, about the approval that an event is about, in its order."""
    known = known_by(unit, event)
    return known.waiting if known else ()


def wait_no_longer(unit: UnitOfWork, event: EventParked) -> None:
    """Nothing waits any more for what an event waited for: it was dismissed, or refused."""
    known = known_by(unit, event)
    line = unit.load(LINE, streams.line(*known.place)) if known and known.recorded else None
    if line:
        unit.append(waiting.no_longer(line, _drafts_of(unit, line, event), event.parked_id))


def _drafts_of(unit: UnitOfWork, line: ContractLine, event: EventParked) -> list[Invoice]:
    """The drafts that have items which the event waits for."""
    awaited = (
        line.sales.get(item_id)
        for item_id, each in line.recalls.awaited.items()
        if each.parked_id == event.parked_id
    )
    drafts = sorted({sale.invoice_id for sale in awaited if sale and sale.invoice_id})
    found = (unit.load(INVOICE, streams.invoice(each)) for each in drafts)
    return [invoice for invoice in found if invoice]


def is_over(unit: UnitOfWork, known: KnownApproval) -> bool:
    """Whether an approval was recalled and nothing of it is billed any longer (D-84)."""
    return recalls.is_over(known, _owed(unit, known))


def _act_on(
    unit: UnitOfWork, command: AboutApproval, known: KnownApproval, deal: Deal, found: Whereabouts
) -> Acted | None:
    """Does what the event says; None where it has to wait for drafts."""
    today = unit.now.date()
    if isinstance(command, CorrectApproval):
        in_place = entry_corrections.described(command, known, found, deal)
        if in_place:
            return _done(unit, in_place)
        if found.drafted:
            return None
        deals = deal, _target(unit, command, known, deal)
        return _done(unit, entry_corrections.correct(command, known, found, deals, today))
    if found.drafted:
        return None
    if not isinstance(command, RecallApproval):
        raise TypeError(command)
    recalled = recalls.recall(command, known, found, deal, today)
    return _done(unit, recalled)


def _done(unit: UnitOfWork, decided: Decision) -> Acted:
    unit.append(decided.events)
    opened = (event for event in decided.events if isinstance(event, ObligationsOpened))
    owing = sum(len(event.obligations) for event in opened)
    if owing:
        why = recalls.correction_required(owing)
        return Acted(outcome=Outcome.RECORDED, items=decided.done, why=why)
    if decided.left:
        return Acted(outcome=Outcome.NOT_BILLABLE, why=decided.left[0].why)
    return Acted(outcome=Outcome.RECORDED, items=decided.done)


def _lines_of(command: AboutApproval) -> list[str]:
    """The lines of the event's contract that it may be about."""
    lines = [command.line_id]
    if isinstance(command, CorrectApproval):
        new = command.new
        if new.get("contract_id", command.contract_id) == command.contract_id:
            lines.append(new.get("line_id", command.line_id))
    return lines


def _target(unit: UnitOfWork, command: CorrectApproval, known: KnownApproval, deal: Deal) -> Deal:
    """The contract that a corrected entry is on from now on. Raises NotFound for an unknown one."""
    contract_id, line_id = _goes_to(command, known)
    target = deal
    if contract_id != command.contract_id:
        target = deal_of(unit, contract_id, [line_id])
    if line_id not in target.lines:
        raise NotFound("contract_line", line_id)
    return target


def _find(
    unit: UnitOfWork, known: KnownApproval, deal: Deal, posted_on: Mapping[str, str | None]
) -> Whereabouts:
    def invoice_of(invoice_id: str) -> Invoice | None:
        return unit.load(INVOICE, streams.invoice(invoice_id))

    line, owed, settled = deal.lines[known.place.line_id], _owed(unit, known), _settled(unit, known)
    listed = whereabouts.to_come([*owed, *settled]) | dict(posted_on)
    found = whereabouts.find(known.items, line, listed, invoice_of)
    whereabouts.owing(found, owed, invoice_of)
    whereabouts.settled(found, settled, line, listed, invoice_of)
    return found


def _owed(unit: UnitOfWork, known: KnownApproval) -> list[Owed]:
    """The open obligations of an approval."""
    return _obligations(unit, known, Recalls.obligation)


def _settled(unit: UnitOfWork, known: KnownApproval) -> list[Owed]:
    """Its obligations that are open no longer though something stays billed."""
    return _obligations(unit, known, Recalls.settled_one)


def _obligations(
    unit: UnitOfWork, known: KnownApproval, of: Callable[[Recalls, str], Obligation | None]
) -> list[Owed]:
    found: list[Owed] = []
    for obligation_id in dict.fromkeys(known.obligations):
        key = streams.line_of(obligation_id)
        line = unit.load(LINE, streams.line(*key)) if key else None
        obligation = of(line.recalls, obligation_id) if line else None
        if line and obligation:
            found.append(Owed(line=line, obligation=obligation))
    return found


def _wait(
    unit: UnitOfWork,
    command: AboutApproval,
    known: KnownApproval,
    found: Whereabouts,
    parked_id: str,
) -> Acted:
    """Leaves word on the approval, the line and the drafts that the event waits (D-23)."""
    unit.append(waiting.await_approval(known, parked_id, command))
    _show_waiting(unit, known, found, parked_id)
    return Acted(outcome=Outcome.PARKED, why=waiting.on_drafts(found))


def _show_waiting(
    unit: UnitOfWork, known: KnownApproval, found: Whereabouts, parked_id: str
) -> None:
    """Leaves word on the line and the drafts that an event waits."""
    line = unit.load(LINE, streams.line(*known.place))
    if line:
        unit.append(waiting.await_drafts(line, found, parked_id, _told(unit, found, parked_id)))


def _goes_to(command: CorrectApproval, known: KnownApproval) -> LineKey:
    """The contract and line that the work is on after the event."""
    new, place = command.new, known.place
    return LineKey(new.get("contract_id", place.contract_id), new.get("line_id", place.line_id))


def _told(unit: UnitOfWork, found: Whereabouts, parked_id: str) -> set[str]:
    """The details of drafts that say already that this event waits for them."""
    drafts = {sale.invoice_id for sale in found.drafted if sale.invoice_id}
    invoices = [unit.load(INVOICE, streams.invoice(each)) for each in sorted(drafts)]
    return {
        detail.stands.detail_id
        for invoice in invoices
        for detail in (invoice.details.values() if invoice else ())
        if detail.recalled_by == parked_id
    }


def _another_waits(unit: UnitOfWork, known: KnownApproval, parked_id: str) -> bool:
    """Whether an event about the approval that came before this one still waits (D-82)."""
    for each in known.waiting:
        if each.parked_id == parked_id:
            return False
        parking = unit.load(PARKING, streams.parking(each.contract_id))
        event = parking.find(each.parked_id) if parking else None
        if event and event.problem_code in WAITS:
            return True
    return False


def waits_on(result: Result) -> bool:
    """Whether an event about an approval waits on, and holds up those after it."""
    problem = result.problem
    return bool(problem) and result.outcome is Outcome.PARKED and problem.code in WAITS
