"""The backlog of a contract: items marked ready or not, evaluated against limits, reset.

Commands name any number of items, across lines; what can't be done is listed per item, with why.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import assert_never

from aggregates.contract_line.events import (
    MarkedNotReady,
    MarkedReady,
    NTEEvaluated,
    NTEReset,
    NTEResult,
)
from aggregates.contract_line.state import ContractLine, OpenPart, OpenSale
from aggregates.deal import Deal, moved, pages
from aggregates.events import Event
from aggregates.limits import LimitBook
from aggregates.refusals import ItemRefusal
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetNTE:
    """Withdraw the not-to-exceed verdict on items and free what they committed (D-33)."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReevaluateNTE:
    """Evaluate items anew, one by one in the order given (D-34)."""

    items: tuple[str, ...]


BacklogCommand = MarkReady | MarkNotReady | ResetNTE | ReevaluateNTE


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a command over many items comes to.

    `changed` items took what was asked for; `refused` ones the rules forbid, which refuses the
    whole command if it is to be all or nothing (D-27); `unchanged` ones needed nothing or are
    outside the selection rule (D-33), which refuses nothing.
    """

    events: tuple[Event, ...]
    changed: tuple[str, ...]
    refused: tuple[ItemRefusal, ...]
    unchanged: tuple[ItemRefusal, ...]


# --- decide ------------------------------------------------------------------------------------


def decide(command: BacklogCommand, deal: Deal) -> Decision:
    """Judges every item of the command in its order and gathers one event per line and kind."""
    work = _Work(deal, deal.book())
    for item_id in dict.fromkeys(command.items):
        found = deal.find(item_id)
        if found is None:
            work.refuse(item_id, NOT_OPEN, "there is no open item of this id")
            continue
        line, item = found
        match command:
            case MarkReady():
                work.mark_ready(line, item)
            case MarkNotReady():
                work.mark_not_ready(line, item)
            case ResetNTE():
                work.reset(line, item)
            case ReevaluateNTE():
                work.reevaluate(line, item)
            case _:
                assert_never(command)
    return work.decision()


NOT_OPEN = "item_not_open"
"""Code of an item that no open item has; the service tells whether it is posted or unknown."""


@dataclass(slots=True)
class _Moves:
    """What one command does to one line."""

    ready: list[str] = field(default_factory=list[str])
    not_ready: list[str] = field(default_factory=list[str])
    reset: list[str] = field(default_factory=list[str])
    results: list[NTEResult] = field(default_factory=list[NTEResult])


class _Work:
    """One decision in the making: what is judged so far, and the limit book it is judged by."""

    def __init__(self, deal: Deal, book: LimitBook) -> None:
        self._deal = deal
        self._book = book
        self._moves: dict[str, _Moves] = {}
        self._changed: list[str] = []
        self._refused: list[ItemRefusal] = []
        self._unchanged: list[ItemRefusal] = []

    def refuse(self, item_id: str, code: str, detail: str, **facts: object) -> None:
        self._refused.append(ItemRefusal(item_id, code, detail, facts))

    def leave(self, item_id: str, code: str, detail: str) -> None:
        self._unchanged.append(ItemRefusal(item_id, code, detail))

    def mark_ready(self, line: ContractLine, item: OpenSale | OpenPart) -> None:
        if item.billing_status is BillingStatus.READY:
            self.leave(item.item_id, "already_ready", "the item is ready already")
        elif item.billing_status not in UNBILLED:
            self._refuse_billed(item)
        elif isinstance(item, OpenSale) and (failed := self._verdict(line, item)):
            worst = failed[0]
            self.refuse(
                item.item_id,
                "nte_failed",
                f"exceeds the {worst.level.replace('_', ' ')} limit of {worst.limit:f} "
                f"by {worst.shortfall:f} (D-26)",
                level=worst.level,
                shortfall=worst.shortfall,
                levels=failed,
            )
        else:
            self._on(line).ready.append(item.item_id)
            self._changed.append(item.item_id)

    def mark_not_ready(self, line: ContractLine, item: OpenSale | OpenPart) -> None:
        if item.billing_status is BillingStatus.NOT_READY:
            self.leave(item.item_id, "already_not_ready", "the item is not ready already")
        elif item.billing_status not in UNBILLED:
            self._refuse_billed(item)
        else:
            self._on(line).not_ready.append(item.item_id)
            self._changed.append(item.item_id)

    def reset(self, line: ContractLine, item: OpenSale | OpenPart) -> None:
        if not isinstance(sale := self._selected(item), OpenSale):
            return
        if sale.nte_status is NTEStatus.NOT_EVALUATED:
            self.leave(item.item_id, "already_not_evaluated", "the item is not evaluated")
            return
        self._free(line, sale)
        self._on(line).reset.append(sale.item_id)
        self._fall_back(line, sale)
        self._changed.append(sale.item_id)

    def reevaluate(self, line: ContractLine, item: OpenSale | OpenPart) -> None:
        if not isinstance(sale := self._selected(item), OpenSale):
            return
        self._free(line, sale)
        if self._evaluate(line, sale):
            self._fall_back(line, sale)
        self._changed.append(sale.item_id)

    def decision(self) -> Decision:
        events = [event for line_id in self._moves for event in self._line_events(line_id)]
        return Decision(
            events=(*events, *self._book.changes()),
            changed=tuple(self._changed),
            refused=tuple(self._refused),
            unchanged=tuple(self._unchanged),
        )

    def _line_events(self, line_id: str) -> Iterator[Event]:
        line, moves = self._deal.lines[line_id], self._moves[line_id]
        of_line = {"contract_id": line.contract_id, "line_id": line_id}
        for results in pages(moves.results):
            yield NTEEvaluated(**of_line, results=results)
        for items in pages(moves.reset):
            yield NTEReset(**of_line, items=items)
        yield from moved(line, moves.not_ready, BillingStatus.NOT_READY, MarkedNotReady)
        yield from moved(line, moves.ready, BillingStatus.READY, MarkedReady)

    def _on(self, line: ContractLine) -> _Moves:
        return self._moves.setdefault(line.line_id, _Moves())

    def _refuse_billed(self, item: OpenSale | OpenPart) -> None:
        if item.billing_status is BillingStatus.INVOICE_POSTED:
            self.refuse(item.item_id, "item_posted", "the item is posted (D-25)")
        else:
            self.refuse(item.item_id, "item_on_draft", "the item is on a draft invoice (D-25)")

    def _selected(self, item: OpenSale | OpenPart) -> OpenSale | None:
        """The item if reset and re-evaluate apply to it, else it is left alone with why (D-33)."""
        if isinstance(item, OpenPart):
            self.leave(item.item_id, "milestone", "milestones have no NTE status (D-17)")
        elif item.billing_status not in UNBILLED:
            self.leave(item.item_id, "item_on_draft", "the item is on a draft invoice (D-33)")
        elif item.billing_type is not BillingType.CHARGEABLE:
            self.leave(item.item_id, "not_chargeable", "only chargeable items count (D-32)")
        else:
            return item
        return None

    def _verdict(self, line: ContractLine, sale: OpenSale) -> Sequence[FailedLevel]:
        """What keeps the sale from being ready; one without a verdict gets it first (D-26).

        So does a chargeable one that no limit stood against when it was recorded, if one does now.
        """
        if sale.nte_status is NTEStatus.NOT_EVALUATED or self._is_limited_now(line, sale):
            return self._evaluate(line, sale)
        return sale.failed

    def _is_limited_now(self, line: ContractLine, sale: OpenSale) -> bool:
        return (
            sale.nte_status is NTEStatus.NOT_APPLICABLE
            and sale.billing_type is BillingType.CHARGEABLE
            and self._book.is_limited(line.line_id, sale.customer_id)
        )

    def _evaluate(self, line: ContractLine, sale: OpenSale) -> Sequence[FailedLevel]:
        status, failed = self._book.evaluate(line.line_id, sale.customer_id, sale.amount)
        result = NTEResult(item_id=sale.item_id, nte_status=status, failed=failed)
        self._on(line).results.append(result)
        return failed

    def _free(self, line: ContractLine, sale: OpenSale) -> None:
        if sale.nte_status is NTEStatus.COMMITTED:
            self._book.release(line.line_id, sale.customer_id, sale.amount)

    def _fall_back(self, line: ContractLine, sale: OpenSale) -> None:
        """A ready item without a passing verdict falls back to not ready (D-33, D-26)."""
        if sale.billing_status is BillingStatus.READY:
            self._on(line).not_ready.append(sale.item_id)
