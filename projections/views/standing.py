"""How much waits in the views, for operators."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from aggregates.contract_line.recalled.events import ObligationStatus
from aggregates.statuses import JobStatus
from projections.tables import jobs, obligations, parked_events


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What waits for somebody or something: counts."""

    parked_events: int
    open_obligations: int
    jobs: Mapping[JobStatus, int]
    """Jobs by how they stand; each status is there."""


def standing(connection: Connection) -> Standing:
    """How much waits, as the views show it."""
    parked = select(func.count()).select_from(parked_events)
    opened = select(func.count()).where(obligations.c.status == ObligationStatus.OPEN)
    by_status = select(jobs.c.status, func.count()).group_by(jobs.c.status)
    counted = {row.status: row[1] for row in connection.execute(by_status)}
    return Standing(
        parked_events=connection.scalar(parked) or 0,
        open_obligations=connection.scalar(opened) or 0,
        jobs={status: counted.get(status, 0) for status in JobStatus},
    )
