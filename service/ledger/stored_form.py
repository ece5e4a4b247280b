"""How an event is stored: JSON of its metadata and data, under the stable name `Name.vN`.

What was stored once can be read for ever: a changed shape gets a new version, and an upcaster that
turns the old data into the next version's.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, get_args

import msgspec
from eventsourcing.persistence import Mapper, StoredEvent

from aggregates import events
from aggregates.events import Event
from aggregates.statuses import ApprovalRule, BillingType, Cause
from projections.history import Metadata

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored(Generic[T]):
    metadata: Metadata
    data: T


@dataclass(frozen=True, slots=True, kw_only=True)
class _About:
    metadata: Metadata


_ABOUT = msgspec.json.Decoder(_About)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upcaster:
    """Turns the data of an old version into that of the version named by `into`."""

    into: str
    convert: Callable[[dict[str, Any]], dict[str, Any]]


def _with(**later: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Old data without fields that came later, with what these are where nothing was said."""
    return lambda data: {**data, **later}


def _booked_by_confirmation(data: dict[str, Any]) -> dict[str, Any]:
    """Actuals from when nothing but a confirmation without edits booked any."""
    caused = {"cause": Cause.CONFIRMATION, "replaces": None}
    actuals = [{**actual, **caused} for actual in data["actuals"]]
    return {**data, "accounting_date": None, "adjusted": [], "actuals": actuals}


def _within_limits(data: dict[str, Any]) -> dict[str, Any]:
    """What came of a step from when no job confirmed invoices."""
    return {**data, "outcome": {**data["outcome"], "exceeded": []}}


def _credited_as_charged(data: dict[str, Any]) -> dict[str, Any]:
    """Parts of milestones from when all that came back was charged."""
    charged = {"billing_type": BillingType.CHARGEABLE}
    return {**data, "parts": [{**part, **charged} for part in data["parts"]]}


UPCASTERS: Mapping[str, Upcaster] = {
    "EventReceived.v1": Upcaster(into="EventReceived.v2", convert=_with(digest=None)),
    "ApprovalRecorded.v1": Upcaster(into="ApprovalRecorded.v2", convert=_with(source=None)),
    "ApprovalRecorded.v2": Upcaster(into="ApprovalRecorded.v3", convert=_with(said=None)),
    "ContractDefined.v1": Upcaster(
        into="ContractDefined.v2", convert=_with(approval=ApprovalRule.NONE)
    ),
    "MilestonePartsCredited.v1": Upcaster(
        into="MilestonePartsCredited.v2", convert=_credited_as_charged
    ),
    "DraftCreated.v1": Upcaster(into="DraftCreated.v2", convert=_with(line_ids=None)),
    "DetailsAdded.v1": Upcaster(into="DetailsAdded.v2", convert=_with(actor=None)),
    "ActualsBooked.v1": Upcaster(into="ActualsBooked.v2", convert=_booked_by_confirmation),
    "JobStepDone.v1": Upcaster(into="JobStepDone.v2", convert=_within_limits),
    "RequestClaimed.v1": Upcaster(into="RequestClaimed.v2", convert=_with(caller=None)),
    "RequestAnswered.v1": Upcaster(into="RequestAnswered.v2", convert=_with(caller=None)),
}
"""By the old stored name."""


class UnreadableEvent(Exception):
    """The history holds an event that this version of the service can't read."""


class DamagedEvent(UnreadableEvent):
    """The history holds an event whose bytes are not what was stored once."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"the history is damaged: {why}; put a copy of it back (`billing-backlog restore`)"
        )


class UnknownEventType(UnreadableEvent):
    """The history holds an event that the catalogue does not know: the code is older than it."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"the history holds events of the type {name!r}, which this version of the service "
            "does not know: install the version that recorded them"
        )


class EventCodec:
    """Encodes and decodes every event of the catalogue.

    >>> EventCodec().name_of(events.MarkedReady)
    'MarkedReady.v1'
    """

    def __init__(self, upcasters: Mapping[str, Upcaster] = UPCASTERS) -> None:
        self._upcasters = upcasters
        self._names = {kind: f"{kind.__name__}.v{kind.VERSION}" for kind in get_args(events.Event)}
        self._decoders = {
            name: msgspec.json.Decoder(_Stored[kind])  # pyright: ignore[reportInvalidTypeArguments]
            for kind, name in self._names.items()
        }
        self._types = {name: kind for kind, name in self._names.items()}
        self._encoder = msgspec.json.Encoder()
        self._head: tuple[Metadata | None, bytes] = None, b""

    def name_of(self, kind: type[Event]) -> str:
        """The stable name that events of this type are stored under."""
        return self._names[kind]

    def names(self) -> list[str]:
        """Every name that is stored today."""
        return list(self._names.values())

    def knows(self, name: str) -> bool:
        """Whether events stored under this name can be read."""
        return self._read_as(name) in self._types

    def _read_as(self, name: str) -> str:
        while name in self._upcasters:
            name = self._upcasters[name].into
        return name

    def encode(self, event: Event, metadata: Metadata) -> tuple[str, bytes]:
        """The stored name and bytes of an event; the same event gives the same bytes."""
        known, head = self._head
        if known is not metadata:  # the same for all events of a command
            head = b'{"metadata":%b,"data":' % self._encoder.encode(metadata)
            self._head = metadata, head
        return self._names[type(event)], b"%b%b}" % (head, self._encoder.encode(event))

    def decode(self, name: str, stored: bytes) -> tuple[Event, Metadata]:
        """The event as it was, typed; old versions are brought to today's shape.

        Raises UnknownEventType for a name that neither the catalogue nor an upcaster knows, and
        DamagedEvent for bytes that are no event of that name.
        """
        if not self.knows(name):  # before its data is looked at: that may have any form
            raise UnknownEventType(self._read_as(name))
        try:
            return self._decoded(name, stored)
        except msgspec.MsgspecError as error:
            raise DamagedEvent(f"an event of the type {name!r} can't be read ({error})") from error

    @staticmethod
    def metadata_of(stored: bytes) -> Metadata:
        """Who recorded an event and when, without a look at its data. Raises DamagedEvent."""
        try:
            return _ABOUT.decode(stored).metadata
        except msgspec.MsgspecError as error:
            raise DamagedEvent(f"an event can't be read ({error})") from error

    def _decoded(self, name: str, stored: bytes) -> tuple[Event, Metadata]:
        decoder = self._decoders.get(name)
        if decoder is not None:
            form = decoder.decode(stored)
            return form.data, form.metadata
        raw = msgspec.json.decode(stored, type=_Stored[dict[str, Any]])
        data = raw.data
        while name in self._upcasters:
            upcaster = self._upcasters[name]
            name, data = upcaster.into, upcaster.convert(data)
        return msgspec.convert(data, self._types[name]), raw.metadata


@dataclass(slots=True)
class PendingEvent:
    """An event on its way into the library's event store."""

    originator_id: str
    originator_version: int
    event: Event
    metadata: Metadata


class EventMapper(Mapper[str]):
    """Maps events to their stored form by the catalogue, never by module paths."""

    codec = EventCodec()

    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        """The stored form of an event."""
        topic, state = self.codec.encode(domain_event.event, domain_event.metadata)
        return StoredEvent(
            originator_id=domain_event.originator_id,
            originator_version=domain_event.originator_version,
            topic=topic,
            state=state,
        )

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        """The event of a stored form, typed and brought to today's shape."""
        event, metadata = self.codec.decode(stored_event.topic, stored_event.state)
        return PendingEvent(
            originator_id=str(stored_event.originator_id),
            originator_version=stored_event.originator_version,
            event=event,
            metadata=metadata,
        )
