"""Connections to PostgreSQL on which every wait has an end."""

from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus

from projections.databases.connections import GRACE_SECONDS
from service.databases.addresses import STATEMENT_SECONDS, conninfo

R = TypeVar("R")

ANSWER_SECONDS = STATEMENT_SECONDS + GRACE_SECONDS
"""How long an answer of the server is waited for, unless `patience` says otherwise."""
SESSION_SECONDS = 5.0
"""How long an answer to who listens or takes a turn is waited for: what they ask for is small."""
_LOOK_SECONDS = 0.1
"""How often the driver looks after interrupts while it waits."""


class Bounded(psycopg.Connection[Any]):
    """A connection that waits so long for each answer of its server, and is closed after that.

    The driver has no such limit of its own: a server that is stopped, a network that swallows what
    is sent, or a commit that no standby confirms would be waited for without end.
    """

    patience: float = ANSWER_SECONDS

    def wait(
        self, gen: PQGen[R], interval: float = _LOOK_SECONDS, timeout: float | None = None
    ) -> R:
        """What the driver waits for. Raises OperationalError when it takes too long."""
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        patience = self.patience
        try:
            return super().wait(gen, interval, patience)
        except psycopg.OperationalError as error:
            if self.pgconn.transaction_status != TransactionStatus.ACTIVE:
                raise  # the server has answered, or is gone
            self.pgconn.finish()
            raise NoAnswer(f"the server has not answered for {patience:.0f} s") from error


class NoAnswer(psycopg.OperationalError):
    """The server has not answered in time; the connection is closed."""


def connect(address: str, application_name: str, patience: float) -> Bounded:
    """A connection of one's own. Raises BadDatabase, and the driver's errors."""
    made: Bounded = Bounded.connect(conninfo(address, application_name), autocommit=True)
    made.patience = patience
    return made
