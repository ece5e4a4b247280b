"""The kinds of streams: by which function each is folded, and what of it is worth keeping."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from aggregates import contract, contract_line, intake, invoice
from aggregates.events import ApprovalRecorded, Event, EventReceived, RequestAnswered
from service import snapshots
from service.snapshots import SnapshotForm

S = TypeVar("S")


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamKind(Generic[S]):
    """A kind of stream, told by the first part of its name.

    `cached` states are kept in memory between commands; `snapshot` is their stored form, None for
    kinds whose streams stay short.
    """

    prefix: str
    evolve: Callable[[S | None, Event], S | None]
    cached: bool = True
    snapshot: SnapshotForm[S] | None = None


def _last(kind: type[S]) -> Callable[[S | None, Event], S | None]:
    return lambda state, event: event if isinstance(event, kind) else state


CONTRACT = StreamKind(prefix="contract", evolve=contract.evolve, snapshot=snapshots.CONTRACT)
LINE = StreamKind(prefix="line", evolve=contract_line.evolve, snapshot=snapshots.LINE)
INVOICE = StreamKind(prefix="invoice", evolve=invoice.evolve)
SERIES = StreamKind(prefix="series", evolve=invoice.evolve_series, snapshot=snapshots.SERIES)
PARKING = StreamKind(prefix="parking", evolve=intake.evolve)
RECEIPT = StreamKind(prefix="receipt", evolve=_last(EventReceived), cached=False)
APPROVAL = StreamKind(prefix="approval", evolve=_last(ApprovalRecorded), cached=False)
REQUEST = StreamKind(prefix="request", evolve=_last(RequestAnswered), cached=False)

_KINDS: dict[str, StreamKind[Any]] = {
    kind.prefix: kind
    for kind in (CONTRACT, LINE, INVOICE, SERIES, PARKING, RECEIPT, APPROVAL, REQUEST)
}


def kind_of(stream: str) -> StreamKind[Any]:
    """The kind of a stream, by its name."""
    return _KINDS[stream.partition("/")[0]]
