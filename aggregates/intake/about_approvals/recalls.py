"""Recalls of approvals: everything that an approval became goes, at once (D-23, D-82 to D-84)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date

from aggregates import streams
from aggregates.contract_line.backlog.verdicts import free
from aggregates.contract_line.recalled.events import CorrectedWork, Obligation, ObligationsOpened
from aggregates.contract_line.recalled.obligations import reversed_sales
from aggregates.contract_line.state import ContractLine
from aggregates.deal import Deal, chunks
from aggregates.decision import Decision
from aggregates.intake.about_approvals.approvals import KnownApproval
from aggregates.intake.about_approvals.whereabouts import BilledPart, Owed, Whereabouts
from aggregates.intake.events import ApprovalRecalled
from aggregates.refusals import Refused
from aggregates.statuses import BillingType, Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutApproval:
    """Says something of an approval of this source that was taken in before."""

    source: str
    approval_id: str
    contract_id: str
    line_id: str
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallApproval(AboutApproval):
    """Recall an approval (D-23)."""


def check_place(command: AboutApproval, known: KnownApproval) -> None:
    """Raises Refused when the approval is on another contract or line than the event says."""
    place = known.place
    if (command.contract_id, command.line_id) != place:
        raise Refused(
            "approval_changed",
            f"approval {command.approval_id!r} of this source is on line {place.line_id!r} of "
            f"contract {place.contract_id!r}",
            "D-20",
        )


def recall(
    command: RecallApproval, known: KnownApproval, found: Whereabouts, deal: Deal, today: date
) -> Decision:
    """Reverses what is unbilled of an approval, and frees what it committed (D-23).

    Each part that is billed opens an obligation (D-83); those of before are about the recall from
    now on. To be asked when none of it is on a draft. Done are the items that were reversed.
    """
    line, limits, recorded = deal.lines[known.place.line_id], deal.limits(), known.as_recorded
    for sale in found.unbilled:
        free(limits, sale)
    items = tuple(sale.item_id for sale in found.unbilled)
    about = Owing(known, Cause.RECALL, command.reason)
    opened = [*about.opened(line, found.billed), *about.taken_over(found.owed)]
    recalled = ApprovalRecalled(
        source=recorded.source,
        contract_id=recorded.contract_id,
        line_id=recorded.line_id,
        approval_id=recorded.approval_id,
        items=items,
        obligations=ids_of(opened),
        reason=command.reason,
    )
    return Decision(
        events=(
            *reversed_sales(line, found.unbilled, Cause.RECALL, today),
            *opened,
            *limits.changes(),
            recalled,
        ),
        done=items,
    )


def correction_required(count: int) -> Refused:
    """What an event was recorded with that opened obligations (D-83)."""
    of = "1 part of the approval stays" if count == 1 else f"{count} parts of the approval stay"
    return Refused("correction_required", f"{of} billed until invoices are corrected", "D-83")


BilledAlike = tuple[str, BillingType]
"""A customer, and as what it is billed."""


def billed_alike(part: BilledPart) -> BilledAlike:
    """Who is billed for it, and as what."""
    return part.customer_id, part.detail.stands.billing_type


def owed_alike(each: Owed) -> BilledAlike:
    """Who is billed for what is to be corrected, and as what."""
    return each.obligation.customer_id, each.obligation.billing_type


@dataclass(frozen=True, slots=True)
class Owing:
    """Obligations of an approval, why they are opened, and what comes when they are closed."""

    known: KnownApproval
    cause: Cause
    reason: str | None

    def opened(
        self,
        line: ContractLine,
        billed: Iterable[BilledPart],
        instead: dict[BilledAlike, CorrectedWork] | None = None,
    ) -> Iterator[ObligationsOpened]:
        """Each billed part must be corrected; `instead` is what comes then (D-85).

        It waits for the first of what a customer is billed alike, and then for the others.
        """
        later = instead if instead is not None else {}
        found = [self._of(line, part, later.pop(billed_alike(part), None)) for part in billed]
        return _opened(line, found)

    def taken_over(
        self, owed: Iterable[Owed], instead: dict[BilledAlike, CorrectedWork] | None = None
    ) -> Iterator[ObligationsOpened]:
        """What was to be corrected before still is, for another reason now."""
        later = instead if instead is not None else {}
        for each in owed:
            of = each.obligation
            now = replace(
                of,
                cause=self.cause,
                reason=self.reason,
                instead=later.pop(owed_alike(each), None),
            )
            yield from _opened(each.line, [now])

    def _of(
        self, line: ContractLine, part: BilledPart, instead: CorrectedWork | None
    ) -> Obligation:
        stands, recorded = part.detail.stands, self.known.as_recorded
        new_id = streams.item_id(line.contract_id, line.line_id, "obligation", stands.detail_id)
        return Obligation(
            obligation_id=new_id,
            source=recorded.source,
            approval_id=recorded.approval_id,
            cause=self.cause,
            item_id=part.item_id,
            customer_id=part.customer_id,
            invoice_id=part.invoice_id,
            detail_id=stands.detail_id,
            billing_type=stands.billing_type,
            quantity=stands.quantity,
            amount=stands.amount,
            reason=self.reason,
            instead=instead,
        )


def ids_of(opened: Iterable[ObligationsOpened]) -> tuple[str, ...]:
    """The ids of obligations that are opened."""
    return tuple(each.obligation_id for event in opened for each in event.obligations)


def is_over(known: KnownApproval, owed: Iterable[Owed]) -> bool:
    """Whether an approval was recalled and nothing of it is billed any longer (D-84)."""
    return known.recall is not None and not any(True for _ in owed)


def _opened(line: ContractLine, found: Iterable[Obligation]) -> Iterator[ObligationsOpened]:
    for some in chunks(found):
        yield ObligationsOpened(
            contract_id=line.contract_id,
            line_id=line.line_id,
            currency=line.currency,
            obligations=some,
        )
