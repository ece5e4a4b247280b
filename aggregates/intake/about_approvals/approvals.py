"""What is remembered of an approval: that it was recorded, as what, and whether it was recalled."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from aggregates.events import Event
from aggregates.intake.events import (
    ApprovalAwaited,
    ApprovalCorrected,
    ApprovalNotBillable,
    ApprovalRecalled,
    ApprovalRecorded,
    CorrectedEntry,
    RecallWaived,
    Said,
)
from aggregates.streams import LineKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A parked event about an approval, and the contract on which it is parked."""

    contract_id: str
    parked_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownApproval:
    """An approval, or what was posted about one that is not there yet.

    `recorded` is how it was taken in last, `rounds` how often (D-84). `waiting` are the events
    about it that were parked, in their order; some may have gone on, or were dismissed. `recall` is
    None for one that counts as not recalled (D-83). `corrected` is its last correction, and
    `corrections` how often it was corrected since it was recorded last (D-85).
    """

    recorded: ApprovalRecorded | ApprovalNotBillable | None = None
    rounds: int = 0
    waiting: tuple[Waiting, ...] = ()
    recall: ApprovalRecalled | None = None
    corrected: ApprovalCorrected | None = None
    corrections: int = 0
    obligations: tuple[str, ...] = ()
    """Those that recalls and corrections opened since then, open or not."""

    @property
    def place(self) -> LineKey:
        """The line that its work is on. Raises LookupError when it is not recorded."""
        if self.corrected:
            return LineKey(self.corrected.to_contract_id, self.corrected.to_line_id)
        return LineKey(self.as_recorded.contract_id, self.as_recorded.line_id)

    @property
    def items(self) -> tuple[str, ...]:
        """All that it comes to. Raises LookupError when it is not recorded."""
        if self.corrected:
            return self.corrected.items
        recorded = self.as_recorded
        return recorded.items if isinstance(recorded, ApprovalRecorded) else ()

    @property
    def counts(self) -> bool:
        """Whether it was taken in, and for good: else it is looked at anew when it comes again."""
        return self.corrected is not None or isinstance(self.recorded, ApprovalRecorded)

    @property
    def entry(self) -> CorrectedEntry | None:
        """What it says now, None where what it came to has to tell that."""
        if self.corrected:
            return self.corrected.entry
        recorded = self.recorded
        return recorded.entry if isinstance(recorded, ApprovalNotBillable) else None

    @property
    def said(self) -> Said | None:
        """What the entry said when it was recorded, None where its actuals tell it."""
        return self.recorded.said if isinstance(self.recorded, ApprovalRecorded) else None

    @property
    def as_recorded(self) -> ApprovalRecorded | ApprovalNotBillable:
        """How it was taken in. Raises LookupError when it was not."""
        if self.recorded is None:
            raise LookupError("the approval is not recorded")
        return self.recorded

    @property
    def generation(self) -> tuple[str, ...]:
        """What tells the ids of its items from those of its other rounds (D-84)."""
        again = self.rounds - 1
        return (f"again {again}",) if again else ()

    @property
    def next_generation(self) -> tuple[str, ...]:
        """The same of the round that begins when it is approved again."""
        return (f"again {self.rounds}",)


_UNKNOWN = KnownApproval()


def evolve(state: KnownApproval | None, event: Event) -> KnownApproval | None:
    """The approval after `event`."""
    known = state or _UNKNOWN
    match event:
        case ApprovalRecorded() | ApprovalNotBillable():
            return KnownApproval(recorded=event, rounds=known.rounds + 1, waiting=known.waiting)
        case ApprovalAwaited():
            waits = Waiting(contract_id=event.contract_id, parked_id=event.parked_id)
            return replace(known, waiting=(*known.waiting, waits))
        case ApprovalRecalled():
            owed = (*known.obligations, *event.obligations)
            return replace(known, recall=event, obligations=owed)
        case ApprovalCorrected():
            return replace(
                known,
                corrected=event,
                corrections=known.corrections + 1,
                obligations=(*known.obligations, *event.obligations),
            )
        case RecallWaived():
            return replace(known, recall=None)
        case _:
            return state


def merged(known: Sequence[KnownApproval]) -> KnownApproval | None:
    """One approval that is remembered in several places, the first of which counts; None for none.

    One from when approvals were known by their contract has a second place once it is approved
    again.
    """
    if len(known) < 2:
        return known[0] if known else None
    counts = next((each for each in known if each.recorded), known[0])
    return replace(
        counts,
        rounds=sum(each.rounds for each in known),
        waiting=tuple(waits for each in known for waits in each.waiting),
    )
