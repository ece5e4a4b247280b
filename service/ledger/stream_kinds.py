"""The kinds of streams: by which function each is folded, and what of it is worth keeping."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, TypeVar

from aggregates.contract import state as contract
from aggregates.contract_line import head
from aggregates.contract_line import state as contract_line
from aggregates.events import Event, RequestAnswered, RequestClaimed
from aggregates.intake import state as intake
from aggregates.intake.events import ApprovalRecorded, EventReceived
from aggregates.invoice import numbering
from aggregates.invoice import state as invoice
from service.ledger import snapshots
from service.ledger.snapshots import SnapshotForm

S = TypeVar("S")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StreamKind(Generic[S]):
    """A way to fold a kind of stream, told by the first part of its name.

    `cached` states are kept in memory between commands, and weigh what `weight` says: about one an
    item. `snapshot` is their stored form, None for kinds whose streams stay short; `name` tells the
    snapshots of one stream folded in two ways apart.
    """

    prefix: str
    evolve: Callable[[S | None, Event], S | None]
    cached: bool = True
    weight: Callable[[S | None], int] = lambda state: 1
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


CONTRACT = StreamKind(prefix="contract", evolve=contract.evolve, snapshot=snapshots.CONTRACT)
LINE = StreamKind(
    prefix="line",
    evolve=contract_line.evolve,
    weight=lambda line: 1 + (len(line.sales) + len(line.parts) if line else 0),
    snapshot=snapshots.LINE,
)
LINE_HEAD = StreamKind(
    prefix="line",
    evolve=head.evolve_head,
    weight=lambda head: 1 + (len(head.payers_of) if head else 0),
    snapshot=snapshots.LINE_HEAD,
    name="head-of-",
)
INVOICE = StreamKind(
    prefix="invoice",
    evolve=invoice.evolve,
    weight=lambda made: 1 + (len(made.details) if made else 0),
)
SERIES = StreamKind(prefix="series", evolve=numbering.evolve_series, snapshot=snapshots.SERIES)
PARKING = StreamKind(
    prefix="parking",
    evolve=intake.evolve,
    weight=lambda parking: 1 + (parking.weight if parking else 0),
)
RECEIPT = StreamKind(prefix="receipt", evolve=_last(EventReceived), cached=False)
APPROVAL = StreamKind(prefix="approval", evolve=_last(ApprovalRecorded), cached=False)
REQUEST = StreamKind(prefix="request", evolve=_request, cached=False)

_KINDS: dict[str, tuple[StreamKind[Any], ...]] = {
    **{
        kind.prefix: (kind,)
        for kind in (CONTRACT, INVOICE, SERIES, PARKING, RECEIPT, APPROVAL, REQUEST)
    },
    "line": (LINE, LINE_HEAD),
}


@lru_cache(maxsize=10_000)
def kinds_of(stream: str) -> tuple[StreamKind[Any], ...]:
    """The ways to fold a stream, by its name; the whole of it first, the least of it last."""
    return _KINDS[stream[: stream.index("/")]]


def kind_of(stream: str) -> StreamKind[Any]:
    """The way to fold the whole of a stream."""
    return kinds_of(stream)[0]
