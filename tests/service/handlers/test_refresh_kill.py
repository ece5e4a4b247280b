"""kill -9 while two desks refresh one draft: each item is on it once, and none is lost (D-70)."""

import random
import threading
from collections import Counter
from contextlib import closing, suppress
from decimal import Decimal

import httpx

from aggregates import streams
from aggregates.contract_line.events import ItemsDrafted
from aggregates.invoice.events import DetailsAdded
from service.tenants.tenant import Tenant
from tests.office import BATCH, approval_event, contract_event, line_event
from tests.service.handlers.test_jobs_kill import kill, running
from tests.service.office import (
    NOW,
    assert_sound,
    confirm,
    draft,
    history,
    loaded,
    mark_ready,
    record,
    views_of,
)

DESKS, KILLS, SEED = ("left", "right"), 3, 20261128
EACH, MOST_ANSWERS = 5, 10


def a_draft(database: str) -> str:
    with closing(Tenant(database, clock=lambda: NOW)) as tenant:
        events = contract_event(), line_event(), approval_event("first")
        mark_ready(tenant, record(tenant, *events))
        (invoice,) = draft(tenant)
        return invoice["invoice_id"]


class Desk:
    """Takes in work, marks it ready, and refreshes the draft: again and again until it is cut."""

    def __init__(self, name: str, invoice_id: str) -> None:
        self.name, self.invoice_id, self.turns = name, invoice_id, 0
        self.answered: list[str] = []
        self.changed = threading.Condition()

    def work(self, client: httpx.Client) -> None:
        with suppress(httpx.TransportError):
            while True:
                self.refresh(client)

    def refresh(self, client: httpx.Client) -> None:
        self.turns += 1
        work = [approval_event(f"{self.name}-{self.turns}-{n}") for n in range(EACH)]
        posted = client.post("/events/batch", json=work, headers={"Content-Type": BATCH})
        items = [item for result in posted.json()["results"] for item in result["items"]]
        marked = client.post("/backlog/mark", json={"items": items, "status": "ready"})
        path = f"/invoices/{self.invoice_id}/refresh"
        refreshed = client.post(path, params={"details": False})
        assert [a.status_code for a in (posted, marked, refreshed)] == [200] * 3, refreshed.text
        with self.changed:
            self.answered += items
            self.changed.notify_all()

    def wait_for(self, more: int) -> None:
        with self.changed:
            wanted = len(self.answered) + more * EACH
            assert self.changed.wait_for(lambda: len(self.answered) >= wanted, 60)


def test_refreshes_killed_at_any_moment_take_each_item_once_d70(database: str) -> None:
    invoice_id, dice = a_draft(database), random.Random(SEED)
    desks = [Desk(name, invoice_id) for name in DESKS]
    for _ in range(KILLS):
        with running(database) as (process, client):
            workers = [threading.Thread(target=desk.work, args=(client,)) for desk in desks]
            for worker in workers:
                worker.start()
            dice.choice(desks).wait_for(dice.randrange(1, MOST_ANSWERS))
            kill(process)
            for worker in workers:
                worker.join()
    with closing(Tenant(database, clock=lambda: NOW)) as tenant:
        assert_sound(tenant.ledger)
        events = [recorded.event for recorded in history(tenant.ledger)]
        added = [e for e in events if isinstance(e, DetailsAdded)]
        details = Counter(str(detail.item_id) for e in added for detail in e.details)
        drafted = Counter(i for e in events if isinstance(e, ItemsDrafted) for i in e.items)
        assert details == drafted
        assert set(details.values()) == {1}, "on the draft twice"
        answered = {item for desk in desks for item in desk.answered}
        assert answered <= details.keys(), "answered, and not on the draft"
        line = loaded(tenant.ledger, streams.line("C1", "L1"))
        assert details.keys().isdisjoint(line.ready)
        billed = confirm(tenant, invoice_id)
        amounts = (detail.amount for e in added for detail in e.details)
        assert Decimal(billed["amount"]) == sum(amounts, Decimal(0))
        live = views_of(tenant)
        tenant.rebuild()
        assert views_of(tenant) == live
