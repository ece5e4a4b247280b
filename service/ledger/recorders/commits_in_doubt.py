"""Whether a transaction on PostgreSQL may be committed although no answer says so."""

from collections.abc import Generator
from contextlib import contextmanager

import psycopg
from psycopg.errors import Diagnostic

from service.databases.bounded_connections import Bounded

APPEND_SECONDS = 8.0
"""How long an append waits for each answer: for the lock, the commit, a standby's confirmation."""


class Commit:
    """What is known of a transaction: whether its commit was asked for, and what was said of it.

    An ERROR of the server says that the transaction is rolled back. Any other end leaves it open
    once the commit was asked for: a connection that is lost or silent, but also a server that is
    shut down, which ends its sessions at whatever point they are.
    """

    def __init__(self) -> None:
        self.is_asked_for = False
        self.warning: str | None = None

    @contextmanager
    def watched(self, connection: Bounded) -> Generator[None]:
        """Hears what the server says beside its answers, and gives it time for locks."""
        connection.add_notice_handler(self._heard)
        connection.patience = APPEND_SECONDS
        try:
            yield
        finally:
            connection.remove_notice_handler(self._heard)

    def is_in_doubt(self, error: BaseException | None) -> bool:
        """Whether the transaction may be committed although this error came of it."""
        if not self.is_asked_for or not isinstance(error, psycopg.DatabaseError):
            return False
        severity = error.diag.severity_nonlocalized
        if severity is None:  # the driver says it: an answer did not come, or a value was refused
            return isinstance(error, psycopg.OperationalError)
        return severity != "ERROR"

    def _heard(self, told: Diagnostic) -> None:
        # Whoever cancels a commit that waits for a standby makes it succeed, with a warning: it is
        # on this server alone. Nothing else in an append warns.
        if self.is_asked_for and told.severity_nonlocalized == "WARNING":
            self.warning = told.message_primary
