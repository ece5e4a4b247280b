"""How parked events go on: in steps of a few hundred, each a transaction, so that others get their
turns in between.
"""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

import msgspec

from aggregates import streams
from aggregates.contract.state import Contract
from aggregates.deal import chunks
from aggregates.intake.about_approvals.waiting import WAITS
from aggregates.intake.events import EventParked
from aggregates.intake.state import Parking
from projections.views import parked_events as parked_views
from service.ledger.group_commit import Context, Submission
from service.ledger.stream_kinds import CONTRACT, PARKING
from service.ledger.unit_of_work import UnitOfWork
from service.tenants.tenant import Tenant, ViewsBehind
from service.wire.intake.cloudevents import ABOUT_APPROVALS, Posted, read_data

STEP = 400
"""Waiting events that are tried in one transaction of their own."""
PIECE_SECONDS = 1.0
"""How long nobody else's background work waits for this one."""
LOOKS = 600
"""Pieces for which a restart waits for the views, before it leaves that to what comes next."""
Take = Callable[[UnitOfWork, str, Sequence[EventParked]], object]
"""Tries events of a contract, all of which wait."""


def next_to_try(
    unit: UnitOfWork, contract_id: str, most: int, *, but: Collection[str]
) -> list[EventParked]:
    """What waits on a contract and can be tried now, the first of it in order, at most so many;
    not what was refused before.
    """
    parking, contract = _states(unit, contract_id)
    return parking.to_try(contract.lines, most=most, but=but) if parking and contract else []


def _states(unit: UnitOfWork, contract_id: str) -> tuple[Parking | None, Contract | None]:
    parking = unit.load(PARKING, streams.parking(contract_id))
    return parking, parking and unit.load(CONTRACT, streams.contract(contract_id))


def may_go_on(event: EventParked) -> bool:
    """Whether an event may be tried again by itself: not if it had its turn, and was refused."""
    return event.type not in ABOUT_APPROVALS or event.problem_code in WAITS


def of_parked(event: EventParked) -> Posted:
    """The parked event as it was posted: its data was checked before it was parked."""
    data = msgspec.json.decode(event.data)
    return read_data(event.source, event.event_id, event.type, data)


@dataclass(slots=True, kw_only=True)
class Resumption:
    """What waits on one contract, on its way in: each event is tried once.

    What was refused before, too: a definition may have changed why. Not so what says something of
    an approval: it was refused at its turn (D-82). `position` is how far the history reached.
    """

    tenant: Tenant
    context: Context
    contract_id: str
    take: Take
    position: int = 0
    _tried: set[str] = field(default_factory=set[str])

    def run(self, until: float) -> bool:
        """Goes on until this instant of the monotonic clock; whether all that could went on.

        Raises Unavailable, OutcomeUnknown, Conflict.
        """
        while ready := self._ready():
            for some in chunks(ready, STEP):
                if time.monotonic() > until:
                    return False
                self._step(some)
        return True

    def piece(self) -> bool:
        """Goes on for a second, in the background."""
        return self.run(time.monotonic() + PIECE_SECONDS)

    def later(self) -> None:
        """Goes on in the background."""
        self.tenant.background.put(f"parked on {self.contract_id}", self.piece)

    def _ready(self) -> list[EventParked]:
        done = self.tenant.ledger.transact(
            lambda unit: _states(unit, self.contract_id), self.context
        )
        self.position = max(self.position, done.position)
        parking, contract = done.result
        if parking is None or contract is None:
            return []
        found = parking.to_try(contract.lines, refused=True, but=self._tried)
        return [event for event in found if may_go_on(event)]

    def _step(self, some: Sequence[EventParked]) -> None:
        def work(unit: UnitOfWork) -> None:
            parking, _ = _states(unit, self.contract_id)
            found = [parking.find(event.parked_id) for event in some] if parking else []
            self.take(unit, self.contract_id, [event for event in found if event])

        known = [streams.receipt(event.source, event.event_id) for event in some]
        for event in some:
            if event.approval_id:
                known += streams.approvals_like(event.source, event.contract_id, event.approval_id)
        command = Submission(work, self.context, known)
        self.tenant.ledger.submit_together([command])
        self.position = max(self.position, command.future.result().position)
        self._tried.update(event.parked_id for event in some)


def recover(tenant: Tenant, go_on: Callable[[str], None]) -> None:
    """Looks, in the background, for contracts whose events wait although the contract is there.

    Whoever was to go on with them may have been stopped; `go_on` is called with each.
    """
    wanted = tenant.ledger.position()
    looks = 0

    def look() -> bool:
        nonlocal looks
        looks += 1
        try:
            tenant.wait_for(wanted, PIECE_SECONDS)
        except ViewsBehind:
            return looks >= LOOKS
        with tenant.reading() as (views, _):
            found = parked_views.contracts_with_parked(views)
        for contract_id in found:
            go_on(contract_id)
        return True

    tenant.background.put("parked events", look)
