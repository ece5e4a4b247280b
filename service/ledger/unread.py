"""Events as they are stored, read when they are wanted."""

from dataclasses import dataclass

from projections.history import Metadata, Recorded
from service.ledger.stored_form import DamagedEvent, EventMapper


@dataclass(frozen=True, slots=True)
class Unread:
    """An event of the history whose data nobody has read yet."""

    stream: str
    version: int
    name: str
    state: bytes
    position: int

    def metadata(self) -> Metadata:
        """Who recorded it and when, without a look at its data. Raises DamagedEvent."""
        try:
            return EventMapper.codec.metadata_of(self.state)
        except DamagedEvent as error:
            raise self._damaged() from error

    def read(self) -> Recorded:
        """All of it. Raises DamagedEvent, UnknownEventType."""
        try:
            event, metadata = EventMapper.codec.decode(self.name, self.state)
        except DamagedEvent as error:
            raise self._damaged() from error
        return Recorded(
            position=self.position,
            stream=self.stream,
            version=self.version,
            event=event,
            metadata=metadata,
        )

    def _damaged(self) -> DamagedEvent:
        return DamagedEvent(f"the event at position {self.position} can't be read")
