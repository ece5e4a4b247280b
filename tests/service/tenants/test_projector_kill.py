"""A projector killed at any moment: the next one goes on, and every event is shown once."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from itertools import count

from aggregates.refusals import Refused
from service.tenants.tenant import Tenant
from tests.office import approval_event, contract_event, line_event
from tests.service.office import (
    NOW,
    assert_no_holes,
    confirm,
    delete_draft,
    draft,
    mark_ready,
    post,
    record,
    views_of,
)
from tests.service.processes import kill, process, until, until_the_parent_is_gone

KILLS = 16
SEED = 20261102
LINES = ("L1", "L2")


def keep_views_current(database: str) -> None:
    """What a process that projects does, until it is killed."""
    with closing(Tenant(database)):
        until_the_parent_is_gone()


def work(tenant: Tenant, dice: random.Random, stop: threading.Event) -> None:
    """Does all that puts, changes and drops rows, until told to stop; asks the views nothing."""
    for number in count():
        if stop.is_set():
            return
        if number % 10 == 0:
            limit = f"{dice.randint(number, 50 * number + 1)}.00"
            record(tenant, contract_event(limit=limit, event_id=f"terms {number}"))
        events = [
            approval_event(
                f"{number}-{n}",
                f"{dice.randint(1, 900) / 100:.2f}",
                contract_id=dice.choice(["C1"] * 9 + [f"C{number}"]),
                line_id=dice.choice(LINES),
            )
            for n in range(dice.randint(1, 8))
        ]
        items = [item for result in post(tenant, *events) for item in result.items]
        if dice.random() < 0.05:
            post(tenant, contract_event(f"C{number}"), line_event(f"C{number}"))
        with suppress(Refused):  # over the limit
            mark_ready(tenant, items)
            for invoice in draft(tenant, key=f"draft {number}", items=items):
                if dice.random() < 0.7:
                    confirm(tenant, invoice["invoice_id"])
                elif dice.random() < 0.7:
                    delete_draft(tenant, invoice["invoice_id"])


def test_a_projector_killed_at_any_moment_goes_on_without_skip_or_repeat(database: str) -> None:
    dice, stop, reached = random.Random(SEED), threading.Event(), [0]
    splits = {"A": "66.67", "B": "33.33"}
    with (
        closing(Tenant(database, project=False, clock=lambda: NOW)) as tenant,
        ThreadPoolExecutor() as pool,
    ):
        record(tenant, contract_event(), *(line_event(line_id=n, splits=splits) for n in LINES))
        working = pool.submit(work, tenant, random.Random(SEED), stop)
        try:
            for number in range(KILLS):
                with process(keep_views_current, database) as projector:
                    if number % 2:  # it is at work; else it may still be about to start
                        until(lambda: tenant.writer.position() > reached[-1])
                    projector.join(dice.uniform(0, 0.15))
                    kill(projector)
                reached.append(tenant.writer.position())
        finally:
            stop.set()
            working.result()
    assert reached == sorted(reached), f"seed {SEED}"
    assert len(set(reached)) > KILLS // 2, f"they projected between their deaths: {reached}"
    with closing(Tenant(database, clock=lambda: NOW)) as last:
        assert_no_holes(last.ledger)
        live = views_of(last)
        assert last.writer.position() == last.ledger.position() >= reached[-1]
        last.rebuild()
        assert views_of(last) == live, f"seed {SEED}"
