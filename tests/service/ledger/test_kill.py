"""kill -9 at any moment: nothing that was answered is lost, and nothing is half done."""

import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from pathlib import Path

import httpx
import pytest

from aggregates.contract_line.events import ItemsDrafted, ItemsPosted, UnbilledSalesRecorded
from aggregates.intake.events import ApprovalRecorded, EventReceived
from aggregates.invoice.events import ActualsBooked, InvoiceConfirmed, InvoiceNumberAssigned
from service.tenants.tenant import Tenant
from tests.office import Json, approval_event, contract_event, line_event
from tests.service.office import NOW, assert_sound, history, numbers_assigned, views_of

ROUNDS = 3
SEED = 20261102
START_SECONDS = 60.0
LOAD_SECONDS = 30.0
COMMAND = Path(sys.executable).with_name("billing-backlog")
BATCH = "application/cloudevents-batch+json"


@dataclass(slots=True)
class Answered:
    """What callers sent, and what they were answered before the server died."""

    sent: list[Json] = field(default_factory=list[Json])
    items: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    ready: set[str] = field(default_factory=set[str])
    drafted: dict[str, Json] = field(default_factory=dict[str, Json])
    confirmed: dict[str, Json] = field(default_factory=dict[str, Json])
    position: int = 0
    changed: threading.Condition = field(default_factory=threading.Condition)
    answers: int = 0

    def note(self, body: Json) -> None:
        with self.changed:
            self.position = max(self.position, body["position"])
            self.answers += 1
            self.changed.notify_all()

    def wait_for(self, more: int) -> None:
        """Waits until so many more answers came."""
        with self.changed:
            wanted = self.answers + more
            assert self.changed.wait_for(lambda: self.answers >= wanted, LOAD_SECONDS)


@contextmanager
def served(database: str) -> Generator[tuple[subprocess.Popen[bytes], str]]:
    """The real command on a port of its own, ready; killed in the end, if it still runs."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    arguments = [COMMAND, "serve", "--port", str(port), "--database", database]
    with subprocess.Popen(
        arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            address = f"http://127.0.0.1:{port}"
            await_ready(process, address)
            yield process, address
        finally:
            process.kill()


def await_ready(process: subprocess.Popen[bytes], address: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    with httpx.Client(timeout=5) as client:
        while time.monotonic() < deadline and process.poll() is None:
            with suppress(httpx.HTTPError):
                if client.get(f"{address}/health/ready").status_code == 200:
                    return
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.02)
    pytest.fail("the server did not get ready")


# --- the load ------------------------------------------------------------------------------------


def until_killed(work: Callable[[httpx.Client, int], None], address: str) -> None:
    """Works without a pause until the server is gone."""
    with (
        suppress(httpx.TransportError),
        httpx.Client(base_url=f"{address}/v1", timeout=10) as client,
    ):
        for number in count():
            work(client, number)


def approve(client: httpx.Client, name: str, number: int, answered: Answered) -> None:
    """Posts a batch; every event counts as sent from the moment before it is."""
    events = [
        approval_event(f"{name}-{number}-{n}", f"{n + 1}.01", line_id=f"L{n % 2 + 1}")
        for n in range(4)
    ]
    answered.sent.extend(events)
    body = client.post("/events", json=events, headers={"content-type": BATCH}).json()
    for event, result in zip(events, body["results"], strict=True):
        assert result["outcome"] == "recorded", result
        answered.items[event["id"]] = result["items"]
    answered.note(body)


def bill(client: httpx.Client, name: str, number: int, answered: Answered) -> None:
    """Approves, marks, drafts and confirms; every third draft stays one."""
    event = approval_event(f"{name}-{number}", "0.07", line_id="L1")
    answered.sent.append(event)
    posted = client.post(
        "/events", json=event, headers={"content-type": "application/cloudevents+json"}
    ).json()
    answered.items[event["id"]] = posted["items"]
    marked = client.post("/backlog/mark", json={"items": posted["items"], "status": "ready"})
    if marked.status_code == 409:  # the limit is reached
        answered.note(posted)
        return
    answered.ready.update(posted["items"])
    answered.note(marked.json())
    drafts = client.post("/invoices", json={"contract_id": "C1", "items": posted["items"]})
    assert drafts.status_code == 201, drafts.text
    answered.drafted.update({draft["invoice_id"]: draft for draft in drafts.json()["invoices"]})
    answered.note(drafts.json())
    if number % 3 == 0:
        return
    for draft in drafts.json()["invoices"]:
        confirmed = client.post(f"/invoices/{draft['invoice_id']}/confirm").json()
        answered.confirmed[draft["invoice_id"]] = confirmed
        answered.note(confirmed)


def load_and_kill(
    process: subprocess.Popen[bytes], address: str, answered: Answered, name: str, more: int
) -> None:
    """Kills the server in the midst of the load, once it has given so many more answers."""

    def approver(client: httpx.Client, number: int) -> None:
        approve(client, f"{name}-a", number, answered)

    def biller(client: httpx.Client, number: int) -> None:
        bill(client, f"{name}-{threading.get_ident()}", number, answered)

    threads = [
        threading.Thread(target=until_killed, args=(work, address))
        for work in (approver, biller, biller)
    ]
    for thread in threads:
        thread.start()
    try:
        answered.wait_for(more)
    finally:
        process.send_signal(signal.SIGKILL)
        for thread in threads:
            thread.join()
    assert process.wait() == -signal.SIGKILL


# --- the reconciliation --------------------------------------------------------------------------


def listed(client: httpx.Client, path: str, **params: str) -> Iterator[Json]:
    cursor = None
    while True:
        asked = {**params, "limit": "1000"} | ({"cursor": cursor} if cursor else {})
        answer = client.get(path, params=asked)
        assert answer.status_code == 200, answer.text
        yield from answer.json()["items"]
        cursor = answer.json()["next"]
        if not cursor:
            return


def reconcile(client: httpx.Client, answered: Answered) -> None:
    """Holds what the restarted server shows against all that was ever answered."""
    after = str(answered.position)
    statuses = ["not_ready", "ready", "invoice_created", "invoice_posted"]
    shown: dict[str, Json] = {}
    for status in statuses:
        for row in listed(client, "/backlog/time-and-material", billing_status=status, after=after):
            shown[row["item_id"]] = row
    assert {item for items in answered.items.values() for item in items} <= shown.keys()
    assert {shown[item]["billing_status"] for item in answered.ready} <= set(statuses[1:])

    invoices = {row["invoice_id"]: row for row in listed(client, "/invoices", after=after)}
    assert answered.drafted.keys() <= invoices.keys()
    for invoice_id, confirmed in answered.confirmed.items():
        kept = client.get(f"/invoices/{invoice_id}", params={"after": after}).json()
        assert kept == {**confirmed, "position": kept["position"]}
    numbers = sorted(row["number"] for row in invoices.values() if row["status"] == "confirmed")
    assert numbers == [f"INV-{n:06d}" for n in range(1, len(numbers) + 1)]
    assert_no_invoice_half_done(shown.values(), invoices)
    assert_limits_add_up(client, after, list(shown.values()))


def assert_no_invoice_half_done(rows: Iterable[Json], invoices: dict[str, Json]) -> None:
    """An item is posted when its invoice is confirmed and on a draft when that is one (D-44)."""
    on = {"draft": "invoice_created", "confirmed": "invoice_posted"}
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        if row["invoice_id"]:
            assert row["billing_status"] == on[invoices[row["invoice_id"]]["status"]]
            sums[row["invoice_id"]] += Decimal(row["amount"])
        else:
            assert row["billing_status"] in {"not_ready", "ready"}
    assert {i: Decimal(invoice["amount"]) for i, invoice in invoices.items()} == dict(sums)


def assert_limits_add_up(client: httpx.Client, after: str, rows: list[Json]) -> None:
    """Committed + invoiced at every level is the sum over its items (D-37)."""
    found = client.get("/contracts/C1/limits", params={"after": after}).json()["levels"]
    assert {level["level"] for level in found} == {
        "line_customer",
        "line",
        "contract_customer",
        "contract",
    }
    for level in found:
        of_level = [
            row
            for row in rows
            if level["line_id"] in {None, row["line_id"]}
            and level["customer_id"] in {None, row["customer_id"]}
        ]
        posted = [r for r in of_level if r["billing_status"] == "invoice_posted"]
        held = [r for r in of_level if r not in posted and r["nte_status"] == "committed"]
        assert Decimal(level["invoiced"]) == sum(Decimal(r["amount"]) for r in posted), level
        assert Decimal(level["committed"]) == sum(Decimal(r["amount"]) for r in held), level


def post_again(client: httpx.Client, answered: Answered) -> None:
    """Every event once more: what was answered is a duplicate with the very same items."""
    assert answered.sent
    response = client.post("/events", json=answered.sent, headers={"content-type": BATCH})
    for event, result in zip(answered.sent, response.json()["results"], strict=True):
        known = answered.items.get(event["id"])
        assert result["outcome"] in ({"duplicate"} if known else {"duplicate", "recorded"}), result
        assert len(result["items"]) == 2, "both customers of the line, or none of them"
        assert known in (None, result["items"])
        answered.items[event["id"]] = result["items"]
    answered.note(response.json())


def assert_history_whole(tenant: Tenant) -> None:
    """Every transaction is in the history with all its parts, or not at all."""
    kinds: dict[type, list[str]] = defaultdict(list)
    moved: dict[type, Counter[str]] = {ItemsDrafted: Counter(), ItemsPosted: Counter()}
    for recorded in history(tenant.ledger):
        match recorded.event:
            case UnbilledSalesRecorded(approvals=works):
                kinds[UnbilledSalesRecorded] += [str(work.approval_id) for work in works]
            case ApprovalRecorded(approval_id=approval_id):
                kinds[ApprovalRecorded].append(approval_id)
            case EventReceived(approval_id=str(approval_id)):
                kinds[EventReceived].append(approval_id)
            case ItemsDrafted(items=items) | ItemsPosted(items=items):
                moved[type(recorded.event)].update(items)
            case InvoiceConfirmed() | ActualsBooked() | InvoiceNumberAssigned():
                kinds[type(recorded.event)].append(recorded.event.invoice_id)
            case _:
                pass
    recorded_once = Counter(kinds[ApprovalRecorded])
    assert set(recorded_once.values()) == {1}
    assert Counter(kinds[UnbilledSalesRecorded]) == Counter(kinds[EventReceived]) == recorded_once
    confirmed = Counter(kinds[InvoiceConfirmed])
    assert set(confirmed.values()) == {1}
    assert Counter(kinds[ActualsBooked]) == Counter(kinds[InvoiceNumberAssigned]) == confirmed
    assert set(moved[ItemsPosted].values()) == set(moved[ItemsDrafted].values()) == {1}
    assert moved[ItemsPosted].keys() < moved[ItemsDrafted].keys()


def test_kill_9_amid_load_loses_nothing_answered_and_leaves_nothing_half_done(
    database: str,
) -> None:
    dice, answered = random.Random(SEED), Answered()
    splits = {"A": "66.67", "B": "33.33"}
    terms = [
        contract_event(limit="400.00"),
        line_event(splits=splits, limit="300.00"),
        line_event(line_id="L2", splits=splits, limits={"B": "20.00"}),
    ]
    for number in range(ROUNDS + 1):
        with served(database) as (process, address):
            with httpx.Client(base_url=f"{address}/v1", timeout=30) as client:
                if number == 0:
                    response = client.post("/events", json=terms, headers={"content-type": BATCH})
                    answered.note(response.json())
                else:
                    reconcile(client, answered)
                    post_again(client, answered)
                    reconcile(client, answered)
            if number < ROUNDS:
                load_and_kill(process, address, answered, f"{number}", dice.randrange(5, 60))
    assert answered.confirmed

    tenant = Tenant(database, clock=lambda: NOW)
    try:
        assert_sound(tenant.ledger)
        assert_history_whole(tenant)
        confirmed = {invoice["number"] for invoice in answered.confirmed.values()}
        given = numbers_assigned(tenant.ledger)
        assert given == list(range(1, len(given) + 1))
        assert confirmed <= {f"INV-{n:06d}" for n in given}
        live = views_of(tenant)
        tenant.rebuild()
        assert views_of(tenant) == live
    finally:
        tenant.close()
