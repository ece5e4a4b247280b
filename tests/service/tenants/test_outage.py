"""PostgreSQL gone amid commands: 503, nothing half done, and all is well once it is back."""

import random
import threading
from collections import Counter
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx
import psycopg
import pytest

from aggregates.contract_line.events import MarkedReady
from aggregates.invoice.events import DraftCreated
from service.databases.connection_pools import POOL_SIZE
from service.http.app import create_app
from service.http.server.serving import running
from service.settings import Settings
from service.tenants.tenants import Tenants
from tests.office import BATCH, Json, approval_event, contract_event, line_event
from tests.postgres import DURABLE, PostgresServer, running_postgres
from tests.service.http_caller import problem
from tests.service.ledger.test_kill import assert_history_whole
from tests.service.office import assert_no_holes, history, views_of

SEED = 20261102
BOUND = 15.0
"""Seconds within which every single call is answered, whatever happens to the database."""
LONG = 60.0
LARGE = 300
"""Approvals of a large batch: more events than those that are copied in."""


@dataclass
class Watch:
    """What callers are answered, by caller; they work until told to stop."""

    changed: threading.Condition = field(default_factory=threading.Condition)
    well: Counter[str] = field(default_factory=Counter[str])
    down: Counter[str] = field(default_factory=Counter[str])
    back: threading.Event = field(default_factory=threading.Event)
    stopping: bool = False
    failed: bool = False

    def note(self, caller: str, response: httpx.Response) -> None:
        with self.changed:
            (self.down if response.status_code == 503 else self.well)[caller] += 1
            self.changed.notify_all()

    def give_up(self) -> None:
        """Lets nobody go on that gets no answer."""
        with self.changed:
            self.failed = True
            self.back.set()
            self.changed.notify_all()

    def wait_for(self, answers: Counter[str], more: int) -> None:
        """Waits until every caller got so many more of these answers."""
        before = Counter(answers)

        def they_came() -> bool:
            return self.failed or all(answers[name] >= before[name] + more for name in CALLERS)

        with self.changed:
            assert self.changed.wait_for(they_came, LONG), f"{self.well=} {self.down=}"
        assert not self.failed, "a caller got another answer: see its error"


@dataclass
class Caller:
    """A caller who repeats what was answered with a 503, under the same key, until it is not."""

    name: str
    watch: Watch
    http: httpx.Client
    approvals: list[str] = field(default_factory=list[str])
    marked: list[str] = field(default_factory=list[str])
    drafts: int = 0
    confirmed: list[Json] = field(default_factory=list[Json])

    def ask(self, method: str, path: str, **asked: Any) -> Json:
        """The answer, that is no 503 any more. Raises httpx.TimeoutException behind the bound."""
        while True:
            response = self.http.request(method, path, **asked)
            self.watch.note(self.name, response)
            if response.status_code < 300:
                return response.json()
            code = problem(response, 503)["code"]
            assert code in {"unavailable", "outcome_unknown", "views_behind", "projector_stopped"}
            assert code == "projector_stopped" or response.headers["retry-after"]
            assert not self.watch.failed, "given up"
            if self.watch.down[self.name] > 1:
                self.watch.back.wait(LONG)

    def post(self, number: int, size: int) -> list[str]:
        """Approvals in a batch; the items that they made, now or at the first attempt."""
        names = [f"{self.name}-{number}-{n}" for n in range(size)]
        events = [approval_event(name, "0.10", line_id=f"L{number % 2}") for name in names]
        body = self.ask("POST", "/v1/events", json=events, headers={"content-type": BATCH})
        assert {result["outcome"] for result in body["results"]} <= {"recorded", "duplicate"}
        self.approvals += names
        return [item for result in body["results"] for item in result["items"]]

    def bill(self, number: int) -> None:
        """Approves, marks, drafts and confirms; every third draft stays one."""
        items = self.post(number, 2)
        key = {"idempotency-key": f"mark {self.name} {number}"}
        self.ask("POST", "/v1/backlog/mark", json={"items": items, "status": "ready"}, headers=key)
        self.marked += items
        key = {"idempotency-key": f"draft {self.name} {number}"}
        body = {"contract_id": "C1", "items": items}
        (draft,) = self.ask("POST", "/v1/invoices", json=body, headers=key)["invoices"]
        self.drafts += 1
        if number % 3:
            path = f"/v1/invoices/{draft['invoice_id']}/confirm"
            self.confirmed.append(self.ask("POST", path))

    def read(self, number: int) -> None:
        """Reads a page of the backlog, and every other time of the history."""
        path = "/v1/backlog/time-and-material" if number % 2 else "/v1/audit/events"
        self.ask("GET", path, params={"limit": 20})

    def look(self, _: int) -> None:
        """Looks whether the service is ready; it lives all the time."""
        assert self.http.get("/health/live").status_code == 200
        self.ask("GET", "/health/ready")

    def import_(self, number: int) -> None:
        """Posts a large batch."""
        self.post(number, LARGE)

    def work(self, deed: "Callable[[Caller, int], object]") -> None:
        """Does this again and again until told to stop."""
        try:
            for number in count():
                if self.watch.stopping:
                    return
                deed(self, number)
        except BaseException:
            self.watch.give_up()
            raise


CALLERS: dict[str, Callable[[Caller, int], object]] = {
    "billing-1": Caller.bill,
    "billing-2": Caller.bill,
    "importing": Caller.import_,
    "reading": Caller.read,
    "operating": Caller.look,
}


@pytest.fixture
def server() -> Generator[PostgresServer]:
    """A server of the test's own, for it is killed."""
    with running_postgres(DURABLE) as running_server:
        yield running_server


def cut_and_mend(server: PostgresServer, watch: Watch, answers: int) -> None:
    """Kills the server once every caller got so many answers, and starts it once all know."""
    watch.wait_for(watch.well, answers)
    assert not watch.down, "nobody is sent away while the server is there"
    server.kill()
    watch.wait_for(watch.down, 1)
    server.start()
    watch.back.set()
    watch.wait_for(watch.well, 3)


def test_postgresql_killed_amid_commands_answers_503_and_loses_and_repeats_nothing(
    server: PostgresServer,
) -> None:
    watch = Watch()
    with closing(Tenants(server.url())) as tenants, ThreadPoolExecutor() as pool:
        with (
            running(create_app(tenants, Settings())) as address,
            httpx.Client(base_url=address, timeout=BOUND) as http,
        ):
            callers = [Caller(name, watch, http) for name in CALLERS]
            terms = [contract_event(), line_event(line_id="L0"), line_event(line_id="L1")]
            set_up = http.post("/v1/events", json=terms, headers={"content-type": BATCH})
            assert set_up.status_code == 200
            works = [pool.submit(caller.work, CALLERS[caller.name]) for caller in callers]
            try:
                cut_and_mend(server, watch, random.Random(SEED).randrange(3, 12))
            except BaseException:
                watch.give_up()
                raise
            finally:
                watch.stopping = True
                for work in works:
                    work.result()
        assert_nothing_lost_or_repeated(tenants, callers)
        with psycopg.connect(server.url()) as connection:
            found = connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'billing%'"
            ).fetchone()
        assert found
        assert 2 <= found[0] <= POOL_SIZE + 1, "the pool is as it was, and a session"


def assert_nothing_lost_or_repeated(tenants: Tenants, callers: list[Caller]) -> None:
    """Every command that was answered in the end took effect once, whole, in history and views."""
    tenant = tenants.open()
    assert_no_holes(tenant.ledger)
    assert_history_whole(tenant)
    events = [recorded.event for recorded in history(tenant.ledger)]
    marked = Counter(i for event in events if isinstance(event, MarkedReady) for i in event.items)
    assert marked == Counter(item for caller in callers for item in caller.marked)
    drafts = sum(isinstance(event, DraftCreated) for event in events)
    assert drafts == sum(caller.drafts for caller in callers) > 0
    live = views_of(tenant)
    shown = {row[0] for row in live["invoices"]}
    numbers = sorted(i["number"] for caller in callers for i in caller.confirmed)
    assert numbers == [f"INV-{n:06d}" for n in range(1, len(numbers) + 1)]
    assert {i["invoice_id"] for caller in callers for i in caller.confirmed} < shown
    assert len(live["time_and_material"]) == sum(len(caller.approvals) for caller in callers)
    tenant.rebuild()
    assert views_of(tenant) == live
