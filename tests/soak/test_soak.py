"""The soak in short: two servers on one database, 16 clients at random, and all reconciles."""

import pytest

from tests.databases import KINDS
from tests.soak.running import Order, run

SECONDS = 15.0
TRIED = {
    "ContractLineDefined",
    "MilestoneSplit",
    "MilestoneChanged",
    "MilestoneDeleted",
    "UnbilledSalesRecorded",
    "NTEEvaluated",
    "NTEReset",
    "MarkedReady",
    "ItemsDrafted",
    "InvoiceConfirmed",
    "EventParked",
    "RequestAnswered",
}


@pytest.mark.parametrize("kind", KINDS)
def test_two_servers_on_one_database_under_random_load_reconcile_d37_d41_d44_d46(kind: str) -> None:
    tried = set[str]()
    for times in (1, 4, 16):  # the later ones only where the machine has not come to all of it
        order = Order(kind=kind, seconds=times * SECONDS, clerks=16, seed=11)
        outcome = run(order, say=print)
        assert outcome.notes.wrong.shown == []
        tried = set(outcome.books.kinds)
        if tried >= TRIED:
            break
    assert tried >= TRIED


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_told_is_lost_when_servers_are_killed_in_the_middle(kind: str) -> None:
    order = Order(kind=kind, seconds=SECONDS, clerks=8, seed=12, kills=True)
    outcome = run(order, say=print)
    assert outcome.notes.wrong.shown == []
    assert outcome.kills > 0
