"""Given what happened, when a command comes, then these events, or this refusal.

    given(a_contract(), a_line()).when(an_approval()).when(MarkReady(items=…)).then(MarkedReady(…))

A `Story` is a history, folded by the streams of its events into the states that decide looks at.
`when` runs the decide function of a command; its `Outcome` is judged with `then…`, read with `the`,
or continued with the next `when`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from aggregates import streams
from aggregates.contract import defining
from aggregates.contract import state as contract
from aggregates.contract.state import Contract
from aggregates.contract_line import approvals, milestones
from aggregates.contract_line import state as contract_line
from aggregates.contract_line import terms as line_terms
from aggregates.contract_line.backlog import readiness, undoing, verdicts
from aggregates.contract_line.entries import Approval
from aggregates.contract_line.state import ContractLine
from aggregates.deal import Deal
from aggregates.decision import NOTHING, Decision
from aggregates.events import Event
from aggregates.intake.events import ApprovalNotBillable
from aggregates.invoice import correcting
from aggregates.invoice import state as invoice
from aggregates.invoice.booking import confirming, numbering
from aggregates.invoice.booking.numbering import NumberSeries
from aggregates.invoice.draft import by_hand, drafting, editing, refreshing, reviewing
from aggregates.invoice.state import Invoice
from aggregates.refusals import ItemsRefused, LeftAlone, Refused

T = TypeVar("T")
Command = (
    Approval
    | readiness.MarkNotReady
    | readiness.MarkReady
    | verdicts.ReevaluateNTE
    | verdicts.ResetNTE
    | undoing.UndoMark
    | confirming.ConfirmInvoice
    | correcting.CorrectInvoice
    | defining.DefineContract
    | drafting.CreateDrafts
    | drafting.DeleteDraft
    | editing.EditDetails
    | editing.RemoveDetails
    | by_hand.AddByHand
    | refreshing.AddItems
    | refreshing.AddToNewest
    | refreshing.RefreshDraft
    | reviewing.ApproveInvoice
    | reviewing.ReturnInvoice
    | reviewing.SubmitInvoice
    | line_terms.DefineLine
    | milestones.ChangeMilestone
    | milestones.CreateMilestone
    | milestones.DeleteMilestone
)
State = Contract | ContractLine | Invoice | NumberSeries
EVOLVE: dict[str, Any] = {
    "contract": contract.evolve,
    "line": contract_line.evolve,
    "invoice": invoice.evolve,
    "series": numbering.evolve_series,
}


@dataclass(frozen=True)
class Story:
    """A history, and the state that each stream of it folds into."""

    history: tuple[Event, ...] = ()
    states: dict[str, State] = field(default_factory=dict[str, State])

    def happened(self, *events: Event) -> "Story":
        """The story with these events too."""
        states = dict(self.states)
        for event in events:
            evolve = EVOLVE.get(event.stream.split("/")[0])
            if evolve and (state := evolve(states.get(event.stream), event)):
                states[event.stream] = state
        return Story((*self.history, *events), states)

    def when(self, command: Command, *more: Approval, invoice_id: str | None = None) -> "Outcome":
        """What the command comes to. Approvals may come several in a call; a command on an invoice
        is about the one drafted last if it names none."""
        try:
            return Outcome(self, self._decide(command, more, invoice_id))
        except Refused as refusal:
            return Outcome(self, refusal=refusal)

    @property
    def contract(self) -> Contract:
        (found,) = self._all(Contract)
        return found

    @property
    def lines(self) -> dict[str, ContractLine]:
        return {line.line_id: line for line in self._all(ContractLine)}

    @property
    def invoices(self) -> dict[str, Invoice]:
        return {invoice.invoice_id: invoice for invoice in self._all(Invoice)}

    @property
    def series(self) -> NumberSeries | None:
        return next(iter(self._all(NumberSeries)), None)

    @property
    def deal(self) -> Deal:
        return Deal(contract=self.contract, lines=self.lines)

    def _decide(
        self, command: Command, more: Sequence[Approval], invoice_id: str | None
    ) -> Decision:
        match command:
            case defining.DefineContract():
                known = self._all(Contract)
                return defining.define(command, known[0] if known else None)
            case line_terms.DefineLine():
                return line_terms.define(command, self.contract, self.lines.get(command.line_id))
            case milestones.CreateMilestone():
                return milestones.create(command, self._line_of(command.milestone_id))
            case milestones.ChangeMilestone():
                return milestones.change(command, self._line_of(command.milestone_id))
            case milestones.DeleteMilestone():
                return milestones.delete(command, self._line_of(command.milestone_id))
            case Approval():
                return approvals.record((command, *more), self.deal)
            case readiness.MarkReady():
                return readiness.mark_ready(command, self.deal)
            case readiness.MarkNotReady():
                return readiness.mark_not_ready(command, self.deal)
            case verdicts.ResetNTE():
                return verdicts.reset(command, self.deal)
            case verdicts.ReevaluateNTE():
                return verdicts.reevaluate(command, self.deal)
            case undoing.UndoMark():
                return undoing.undo_mark(command, self.deal)
            case drafting.CreateDrafts():
                return drafting.create(command, self.deal)
            case drafting.DeleteDraft():
                return drafting.delete(self._invoice(invoice_id), self.deal)
            case editing.EditDetails():
                return editing.edit(command, self._invoice(invoice_id))
            case editing.RemoveDetails():
                return editing.remove(command, self._invoice(invoice_id), self.deal)
            case by_hand.AddByHand():
                return by_hand.add(command, self._invoice(invoice_id), self.deal)
            case refreshing.RefreshDraft():
                draft = self._invoice(invoice_id)
                wanted = draft.line_ids or tuple(self.lines)
                lines = {each: line for each, line in self.lines.items() if each in wanted}
                return refreshing.refresh(command, draft, Deal(contract=self.contract, lines=lines))
            case refreshing.AddItems():
                return refreshing.add(command, self._invoice(invoice_id), self.deal)
            case refreshing.AddToNewest():
                return refreshing.add_to_newest(command, self._newest_drafts, self.deal)
            case reviewing.SubmitInvoice():
                return reviewing.submit(self._invoice(invoice_id))
            case reviewing.ReturnInvoice():
                return reviewing.give_back(command, self._invoice(invoice_id))
            case reviewing.ApproveInvoice():
                return reviewing.approve(command, self._invoice(invoice_id), self.contract)
            case confirming.ConfirmInvoice():
                draft = self._invoice(invoice_id)
                return confirming.confirm(command, draft, self.deal, self.series)
            case correcting.CorrectInvoice():
                return correcting.correct(command, self._invoice(invoice_id), self.invoices)

    @property
    def _newest_drafts(self) -> dict[str, Invoice]:
        """The newest open draft of each customer that corrects nothing."""
        return {
            draft.customer_id: draft
            for draft in self.invoices.values()
            if draft.is_open and not draft.deleted and draft.corrects is None
        }

    def _all(self, kind: type[T]) -> list[T]:
        return [state for state in self.states.values() if isinstance(state, kind)]

    def _line_of(self, milestone_id: str) -> ContractLine:
        key = streams.line_of(milestone_id)
        assert key, f"{milestone_id!r} names no line"
        return self.lines[key.line_id]

    def _invoice(self, invoice_id: str | None) -> Invoice:
        return self.invoices[invoice_id or list(self.invoices)[-1]]


@dataclass(frozen=True)
class Outcome:
    """What one command came to: a decision, or a refusal of the whole."""

    before: Story
    decided: Decision = NOTHING
    refusal: Refused | None = None

    @property
    def after(self) -> Story:
        """The story with what happened. Raises the refusal if there was one."""
        return self.before.happened(*self.events)

    @property
    def events(self) -> tuple[Event, ...]:
        """What happened. Raises the refusal if there was one."""
        if self.refusal:
            raise self.refusal
        return self.decided.events

    def when(self, command: Command, *more: Approval, invoice_id: str | None = None) -> "Outcome":
        """The next command, on top of what this one did."""
        return self.after.when(command, *more, invoice_id=invoice_id)

    def then(self, *events: Event) -> "Outcome":
        """Exactly these events happened, in this order; none: nothing did."""
        assert self.events == events, _differ(self.events, events)
        return self

    def then_refused(self, kind: type[Refused] | str, /, **facts: Any) -> "Outcome":
        """The command, or an item or approval of it (`id`), was refused so, with these facts."""
        refused = [LeftAlone("", self.refusal)] if self.refusal else self.decided.refused
        assert any(_fits(it, kind, facts) for it in refused), _differ(refused, (kind, facts))
        return self

    def then_left(self, code: str, *ids: str) -> "Outcome":
        """Exactly these of the things named were left alone for this reason: no refusal."""
        left = self.decided.left
        if isinstance(self.refusal, ItemsRefused):
            left = self.refusal.items
        assert tuple(it.id for it in left if it.why.code == code) == ids, _differ(left, (code, ids))
        return self

    def then_not_billable(self, code: str) -> "Outcome":
        """The one approval made no actual for this reason, which is no refusal."""
        (left,) = self.decided.left
        events = (self.the(ApprovalNotBillable),)
        assert (left.why.code, self.decided) == (code, Decision(left=(left,), events=events))
        return self

    def the(self, kind: type[T]) -> T:
        """The one event of this type that happened."""
        (event,) = self.all(kind)
        return event

    def all(self, kind: type[T]) -> list[T]:
        """The events of this type that happened, in order."""
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def refusals(self) -> list[Refused]:
        """Every refusal: of the command itself, or of its items, or of its approvals."""
        return [self.refusal] if self.refusal else [it.why for it in self.decided.refused]


def given(*events: Event | Iterable[Event]) -> Story:
    """The story of these events, given one by one or several at a time."""
    listed = [one if isinstance(one, Iterable) else (one,) for one in events]
    return Story().happened(*(event for some in listed for event in some))


def _fits(left: LeftAlone, kind: type[Refused] | str, facts: Any) -> bool:
    why = left.why
    fits = why.code == kind if isinstance(kind, str) else isinstance(why, kind)
    known = {name: getattr(why, name, None) for name in facts} | why.facts | {"id": left.id}
    return fits and all(known[name] == value for name, value in facts.items())


def _differ(found: Iterable[object], expected: Iterable[object]) -> str:
    return "\n".join(["", "found:", *map(repr, found), "expected:", *map(repr, expected)])
