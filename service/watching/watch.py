"""What a tenant tells of its work as it goes on, to whoever keeps figures of it."""

from collections.abc import Mapping
from enum import StrEnum


class Outcome(StrEnum):
    """What a command came to."""

    RECORDED = "recorded"
    UNCHANGED = "unchanged"
    """There was nothing to record: it was so already, or the answer was given before."""
    REFUSED = "refused"
    """By a rule, or because the caller saw an older version."""
    CONFLICT = "conflict"
    """Other writers were faster every time."""
    UNAVAILABLE = "unavailable"
    IN_DOUBT = "in_doubt"
    """The database has not said whether it saved it."""
    BROKEN_OFF = "broken_off"
    """It is given again once something was looked up; or an error that nobody foresaw ended it."""


class Watch:
    """Is told of a tenant's work; this one does nothing with it.

    All of it is told on the way of commands, in the ledger's thread or the caller's: it must not
    wait for anything.
    """

    def decided(self, kind: str, outcome: Outcome) -> None:
        """A command of this kind came to that."""

    def saved(self, commands: int, seconds: float) -> None:
        """So many commands were saved in one transaction, which took so long."""

    def overtaken(self, commands: int) -> None:
        """Another writer was faster: so many commands are decided again."""

    def taken_in(self, outcomes: Mapping[str, int]) -> None:
        """So many events that were posted had each of these outcomes."""

    def projected(self, seconds: float) -> None:
        """A page of events was written into the views, which took so long."""


NOBODY = Watch()
"""Who watches where nobody does."""
