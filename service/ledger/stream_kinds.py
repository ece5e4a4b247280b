"""The kinds of streams: by which function each is folded, and what of it is worth keeping."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from sys import getsizeof
from typing import Any, Generic, TypeVar

from aggregates.access import state as access
from aggregates.contract import state as contract
from aggregates.contract_line import head
from aggregates.contract_line import state as contract_line
from aggregates.events import Event, RequestAnswered, RequestClaimed
from aggregates.intake import state as intake
from aggregates.intake.about_approvals import approvals
from aggregates.intake.events import EventReceived
from aggregates.invoice import state as invoice
from aggregates.invoice.booking import numbering
from aggregates.job import state as job
from service.ledger import snapshots
from service.ledger.snapshots import SnapshotForm

S = TypeVar("S")
_PART = 512
"""Bytes of a part of a small state, such as a customer with a limit and its usage."""
_OF_A_STORED_BYTE = 3
"""Bytes in memory for a byte of JSON: of an item some 1,000 against 360."""
_ITEM = 1_200
"""Bytes in memory of an open item of a line, but for its description."""
_SAMPLE = 4
"""Open items by which the length of the descriptions of all is told."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StreamKind(Generic[S]):
    """A way to fold a kind of stream, told by the first part of its name.

    `cached` states are kept in memory between commands; `memory` says about how many bytes one
    takes there, by the state and the bytes that it was read from. `snapshot` is their stored form,
    None for kinds whose streams stay short; `name` tells the snapshots of one stream folded in two
    ways apart.
    """

    prefix: str
    evolve: Callable[[S | None, Event], S | None]
    cached: bool = True
    memory: Callable[[S | None, int], int] = lambda state, stored: _PART
    snapshot: SnapshotForm[S] | None = None
    name: str = ""

    def snapshots_of(self, stream: str) -> str:
        """Where the snapshots of a stream folded in this way are kept."""
        return self.name + stream


def _last(kind: type[S]) -> Callable[[S | None, Event], S | None]:
    return lambda state, event: event if isinstance(event, kind) else state


def _request(
    state: RequestClaimed | RequestAnswered | None, event: Event
) -> RequestClaimed | RequestAnswered | None:
    return event if isinstance(event, RequestClaimed | RequestAnswered) else state


def _by_what_is_stored(state: object, stored: int) -> int:
    """For states that are mostly items, which take so many times their stored form in memory."""
    return _PART + _OF_A_STORED_BYTE * stored


def _by_open_items(line: contract_line.ContractLine | None, stored: int) -> int:
    """For lines: by what they hold now. Their events tell of marks and of what was posted, too."""
    if line is None:
        return _PART
    recalls = line.recalls
    kept = len(line.sales) + len(line.parts) + len(line.milestones) + len(line.completed)
    kept += len(recalls.awaited) + len(recalls.obligations) + len(recalls.settled)
    parts = 1 + _parts_of_head(line) + len(recalls.ended)
    sample = [getsizeof(sale.description) for sale in islice(line.sales.values(), _SAMPLE)]
    described = sum(sample) * len(line.sales) // len(sample) if sample else 0
    return _PART * parts + _ITEM * kept + described


def _parts_of_contract(known: contract.Contract) -> int:
    return len(known.customers) + len(known.lines) + len(known.usage)


def _parts_of_head(of: head.LineHead) -> int:
    """All that there may be many of."""
    customers = len(of.terms.customers) + len(of.sold_to) + len(of.milestones_of)
    return customers + len(of.usage) + len(of.payers_of)


CONTRACT = StreamKind(
    prefix="contract",
    evolve=contract.evolve,
    memory=lambda known, stored: _PART * (1 + (_parts_of_contract(known) if known else 0)),
    snapshot=snapshots.CONTRACT,
)
LINE = StreamKind(
    prefix="line",
    evolve=contract_line.evolve,
    memory=_by_open_items,
    snapshot=snapshots.LINE,
)
LINE_HEAD = StreamKind(
    prefix="line",
    evolve=head.evolve_head,
    memory=lambda head, stored: _PART * (1 + (_parts_of_head(head) // 2 if head else 0)),
    snapshot=snapshots.LINE_HEAD,
    name="head-of-",
)
INVOICE = StreamKind(prefix="invoice", evolve=invoice.evolve, memory=_by_what_is_stored)
SERIES = StreamKind(prefix="series", evolve=numbering.evolve_series, snapshot=snapshots.SERIES)
PARKING = StreamKind(
    prefix="parking",
    evolve=intake.evolve,
    memory=lambda parking, stored: _PART + (parking.memory if parking else 0),
)
RECEIPT = StreamKind(prefix="receipt", evolve=_last(EventReceived), cached=False)
APPROVAL = StreamKind(prefix="approval", evolve=approvals.evolve, cached=False)
REQUEST = StreamKind(prefix="request", evolve=_request, cached=False)
JOB = StreamKind(prefix="job", evolve=job.evolve, memory=_by_what_is_stored)
OPEN_JOBS = StreamKind(prefix="jobs", evolve=job.evolve_open, snapshot=snapshots.OPEN_JOBS)
KEYS = StreamKind(
    prefix="access",
    evolve=access.evolve,
    memory=lambda keys, stored: _PART * (1 + (len(keys.by_id) if keys else 0)),
)

_KINDS: dict[str, tuple[StreamKind[Any], ...]] = {
    **{
        kind.prefix: (kind,)
        for kind in (CONTRACT, INVOICE, SERIES, PARKING, RECEIPT, APPROVAL, REQUEST, JOB, OPEN_JOBS)
    },
    "line": (LINE, LINE_HEAD),
    KEYS.prefix: (KEYS,),
}


@lru_cache(maxsize=10_000)
def kinds_of(stream: str) -> tuple[StreamKind[Any], ...]:
    """The ways to fold a stream, by its name; the whole of it first, the least of it last."""
    return _KINDS[stream[: stream.index("/")]]


def kind_of(stream: str) -> StreamKind[Any]:
    """The way to fold the whole of a stream."""
    return kinds_of(stream)[0]
