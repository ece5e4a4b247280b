"""Where events that match stand in the history, and what those after a position changed."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from projections.kinds import Kind, kinds_of
from projections.tables import event_index
from projections.views.kept_to import KeptTo
from projections.views.paging import Wanted, any_of

MOST_EVENTS = 10_000
"""Events that are looked at to tell what changed; of more, all may have."""
MOST_CONTRACTS = 1_000
"""Contracts that are named as changed; of more, any may have."""


def event_positions(connection: Connection, wanted: Wanted, after: int, limit: int) -> list[int]:
    """Positions after `after` of the events that match, in order, at most `limit`."""
    statement = (
        select(event_index.c.position)
        .where(event_index.c.position > after, *any_of(event_index.c, wanted))
        .order_by(event_index.c.position)
        .limit(limit)
    )
    return list(connection.execute(statement).scalars())


@dataclass(frozen=True, slots=True)
class Changed:
    """What may have changed up to a position: things of these kinds, of these contracts.

    Contracts are None where they are too many to name. After a `reset` everything may be
    different, whatever was known before.
    """

    position: int
    contracts: frozenset[str] | None
    kinds: frozenset[Kind]
    reset: bool = False

    def __or__(self, later: Changed) -> Changed:
        """This and what changed after it."""
        contracts = None
        if self.contracts is not None and later.contracts is not None:
            contracts = _named(self.contracts | later.contracts)
        reset = self.reset or later.reset
        return Changed(later.position, contracts, self.kinds | later.kinds, reset)


def everything(position: int) -> Changed:
    """Everything may have changed up to the position."""
    return Changed(position, None, frozenset(Kind), reset=True)


def changed_since(connection: Connection, kept_to: KeptTo, after: int, position: int) -> Changed:
    """What changed after a position, up to that which the views show.

    Everything may have where that is too far back, or beyond what they show: then it is of a
    history that was lost. Events do not say which customer they are of: who may know of some alone
    is told of contracts that are wholly theirs.
    """
    if after > position or position - after > MOST_EVENTS:
        return everything(position)
    columns = event_index.c
    between = (columns.position > after, columns.position <= position)
    known = kept_to.whole_contracts(columns.contract_id)
    statement = select(columns.type, columns.contract_id).where(*between, *known).distinct()
    found = connection.execute(statement).all()
    contracts = frozenset(contract_id for _, contract_id in found if contract_id is not None)
    return Changed(position, _named(contracts), kinds_of({name for name, _ in found}))


def _named(contracts: frozenset[str]) -> frozenset[str] | None:
    return contracts if len(contracts) <= MOST_CONTRACTS else None
