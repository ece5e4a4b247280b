"""Posted events are taken in once: known when they are repeated, refused when they have changed."""

from dataclasses import dataclass

from aggregates import streams
from aggregates.intake.events import ApprovalNotBillable, ApprovalRecorded, EventReceived
from aggregates.intake.state import Parking
from aggregates.refusals import Refused
from aggregates.statuses import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedEvent:
    """A well-formed event of an upstream system: its identity, what it is about, what it says.

    `data` is the posted data as canonical JSON, as far as it is known here; `digest` the SHA-256 of
    type and of what the data says, `digest_as_posted` of how it was written, which is what is kept
    of approvals from before.
    """

    source: str
    event_id: str
    type: str
    contract_id: str
    line_id: str | None
    approval_id: str | None
    data: str
    digest: str
    digest_as_posted: str

    @property
    def receipt(self) -> str:
        """The stream that remembers it."""
        return streams.receipt(self.source, self.event_id)

    @property
    def parked_id(self) -> str:
        """Its id as long as it is parked."""
        return streams.digest(self.source, self.event_id)


def is_dismissed(receipt: EventReceived, parking: Parking | None) -> bool:
    """Whether an event was parked and nothing came of it: it is as if it had not been posted."""
    if receipt.outcome is not Outcome.PARKED:
        return False
    return not (parking and parking.find(streams.digest(receipt.source, receipt.event_id)))


def check_unchanged(event: PostedEvent, receipt: EventReceived) -> None:
    """Raises Refused when the event was taken in before with other content (D-20)."""
    if receipt.digest not in {None, event.digest}:
        raise Refused(
            "event_changed",
            "an event of this source and id was posted before with other content: what differs "
            "needs an id of its own",
            "D-20",
        )


def check_same_approval(
    event: PostedEvent, recorded: ApprovalRecorded | ApprovalNotBillable
) -> None:
    """Raises Refused when the approval was recorded before with other content (D-20)."""
    if recorded.digest not in {event.digest, event.digest_as_posted}:
        raise Refused(
            "approval_changed",
            f"approval {recorded.approval_id!r} of this source was recorded before on line "
            f"{recorded.line_id!r} of contract {recorded.contract_id!r}, with other content",
            "D-20",
        )


def received(
    event: PostedEvent,
    outcome: Outcome,
    items: tuple[str, ...] = (),
    why: Refused | None = None,
) -> EventReceived:
    """What is remembered of an event: that it was taken in, as what, and why it made no items."""
    return EventReceived(
        source=event.source,
        event_id=event.event_id,
        type=event.type,
        contract_id=event.contract_id,
        line_id=event.line_id,
        approval_id=event.approval_id,
        outcome=outcome,
        items=items,
        problem_code=why.code if why else None,
        problem_detail=why.reason if why else None,
        data=event.data if outcome is Outcome.NOT_BILLABLE else None,
        digest=event.digest,
    )
