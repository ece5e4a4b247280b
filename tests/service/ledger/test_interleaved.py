"""Two services on one database, one of which acts in the midst of what the other does.

At every step of a command, that is before each thing that it asks of the database, the other
service does a whole command of its own. What comes of it must be what comes of the two commands one
after the other, in one of the two orders: the same answers, and the same backlog.
"""

import asyncio
import json
import re
import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any, cast

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from service.http.app import create_app
from service.ledger.recorders import EventStore
from service.settings import Settings
from service.tenants.tenant import Tenant
from tests.databases import NewDatabase, Only
from tests.office import (
    BATCH,
    FIXED_PRICE,
    Json,
    approval_event,
    contract_body,
    contract_event,
    line_body,
    line_event,
)
from tests.service.office import NOW, assert_sound

JSON = "application/json"
EVEN = {"A": "50", "B": "50"}
MOST_STEPS = 14
"""More than a command here takes."""
_IDS = re.compile(r"[0-9a-f]{32}|INV-\d+")
_OF_THE_RUN = {"position", "version"}
"""Fields that differ between two runs that come to the same; so do ids and invoice numbers."""


def tell_steps(recorder: object, step: Callable[[], None]) -> None:
    """Has a recorder tell before each thing that the writer asks of it, whoever holds it."""

    def telling(ask: Callable[..., Any]) -> Callable[..., Any]:
        def asked(*args: Any, **kwargs: Any) -> Any:
            if threading.current_thread().name == "writer":
                step()
            return ask(*args, **kwargs)

        return asked

    for name in vars(EventStore):
        if not name.startswith("_"):
            setattr(recorder, name, telling(getattr(recorder, name)))


@dataclass(slots=True)
class Interruption:
    """What is to happen before a step, and how many steps there were since it was set."""

    before: int = -1
    act: Callable[[], object] = lambda: None
    steps: int = 0

    def step(self) -> None:
        """The next step begins."""
        self.steps += 1
        if self.steps - 1 == self.before:
            self.act()


@dataclass(slots=True)
class Office:
    """Two services on one database, of which the first can be interrupted."""

    tenants: tuple[Tenant, Tenant]
    apps: tuple[FastAPI, FastAPI]
    interruption: Interruption
    numbers: Any = field(default_factory=count)
    serial: dict[Any, Any] = field(default_factory=dict[Any, Any])

    def ask(self, app: FastAPI, method: str, path: str, body: object, kind: str = JSON) -> Json:
        """The answer of a service."""

        async def answer() -> httpx.Response:
            transport = httpx.ASGITransport(app=app)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
                headers, content = {"content-type": kind}, json.dumps(body)
                return await http.request(method, f"/v1{path}", content=content, headers=headers)

        answered = asyncio.run(answer())
        return {"status": answered.status_code, **answered.json()}


@dataclass(slots=True)
class Deal:
    """A contract with a line of each method, items of both on drafts and not, and their ids."""

    office: Office
    contract_id: str
    items: list[str] = field(default_factory=list[str])
    milestone_id: str = ""
    invoice_id: str = ""

    def ask(self, app: FastAPI, method: str, path: str, body: object = None) -> Json:
        return self.office.ask(app, method, path.replace("{contract}", self.contract_id), body)

    def post(self, app: FastAPI, *events: Json) -> Json:
        return self.office.ask(app, "POST", "/events", list(events), BATCH)

    def picture(self) -> Json:
        """All that callers see of it, without what differs from run to run."""
        own = f"contract_id={self.contract_id}&limit=1000"
        after = self.office.tenants[1].ledger.position()
        paths = {
            "contract": "/contracts/{contract}?",
            "time": "/contracts/{contract}/lines/T?",
            "works": "/contracts/{contract}/lines/F?",
            "limits": "/contracts/{contract}/limits?",
            "sales": f"/backlog/time-and-material?{own}&",
            "parts": f"/backlog/fixed-price?{own}&",
            "invoices": f"/invoices?{own}&",
            "actuals": f"/actuals?{own}&",
            "parked": "/intake/parked?limit=1000&",
        }
        app = self.office.apps[0]
        seen = {name: self.ask(app, "GET", f"{path}after={after}") for name, path in paths.items()}
        seen["parked"] = {
            "items": [
                row for row in seen["parked"]["items"] if row["contract_id"] == self.contract_id
            ]
        }
        return _plain(seen, self.contract_id)


Command = Callable[[Deal, FastAPI], Json]
MILESTONE = {"name": "M", "tax": "1.00", "date": "2026-10-10"}
MILESTONES = "/contracts/{contract}/lines/F/milestones"


def asking(method: str, path: str, body: object = None) -> Command:
    """A command on the deal."""

    def command(deal: Deal, app: FastAPI) -> Json:
        named = path.replace("{milestone}", deal.milestone_id).replace("{invoice}", deal.invoice_id)
        return deal.ask(app, method, named, body)

    return command


def on_items(path: str, **more: str) -> Command:
    return lambda deal, app: deal.ask(app, "POST", path, {"items": deal.items, **more})


def on_all_that_match(path: str, filters: Json, **more: str) -> Command:
    """A command on the sales of the deal that match."""

    def command(deal: Deal, app: FastAPI) -> Json:
        view = {"view": "time-and-material", "contract_id": [deal.contract_id]}
        return deal.ask(app, "POST", path, {"matching": {**view, **filters}, **more})

    return command


def approving(approval_id: str, line_id: str) -> Command:
    def command(deal: Deal, app: FastAPI) -> Json:
        approval = f"{approval_id} of {deal.contract_id}".replace(" ", "-")
        event = approval_event(approval, "60.00", contract_id=deal.contract_id, line_id=line_id)
        return deal.post(app, event)

    return command


COMMANDS: dict[str, Command] = {
    "limit the contract": asking(
        "PUT", "/contracts/{contract}", contract_body(("A", "B"), limit="150.00")
    ),
    "change the time": asking(
        "PUT", "/contracts/{contract}/lines/T", line_body(EVEN, limit="140.00")
    ),
    "change the works": asking(
        "PUT", "/contracts/{contract}/lines/F", line_body(EVEN, method=FIXED_PRICE)
    ),
    "add a line": asking("PUT", "/contracts/{contract}/lines/N", line_body({"B": "100"})),
    "approve": approving("A2", "T"),
    "approve on the added line": approving("A3", "N"),
    "create": asking("POST", MILESTONES, {**MILESTONE, "amount": "70.00"}),
    "change": asking("PATCH", "/milestones/{milestone}", {"amount": "90.00"}),
    "delete": asking("DELETE", "/milestones/{milestone}"),
    "mark ready": on_items("/backlog/mark", status="ready", mode="best_effort"),
    "mark not ready": on_items("/backlog/mark", status="not_ready", mode="best_effort"),
    "reset": on_items("/backlog/nte/reset"),
    "evaluate": on_items("/backlog/nte/reevaluate"),
    "mark all that match": on_all_that_match(
        "/backlog/mark",
        {"billing_status": ["not_ready"], "expect": {"count": 2}},
        status="ready",
        mode="best_effort",
    ),
    "evaluate all that match": on_all_that_match(
        "/backlog/nte/reevaluate", {"billing_status": ["not_ready", "ready"]}
    ),
    "draft all that match": on_all_that_match("/invoices", {"billing_status": ["ready"]}),
    "preview": on_items("/backlog/mark?dry_run=true", status="ready", mode="best_effort"),
    "draft": lambda deal, app: deal.ask(
        app, "POST", "/invoices", {"contract_id": deal.contract_id}
    ),
    "delete the draft": asking("DELETE", "/invoices/{invoice}"),
    "confirm": asking("POST", "/invoices/{invoice}/confirm", {}),
}


@pytest.fixture(scope="module")
def office(new_database: NewDatabase) -> Generator[Office]:
    database = new_database()
    one, other = Tenant(database, clock=lambda: NOW), Tenant(database, clock=lambda: NOW)
    interruption = Interruption()
    tell_steps(one.ledger.history, interruption.step)
    apps = [create_app(Only(each), Settings()) for each in (one, other)]
    yield Office((one, other), (apps[0], apps[1]), interruption)
    for each in (one, other):
        assert_sound(each.ledger)
        each.close()


def a_deal(office: Office) -> Deal:
    """A milestone and an approval of 50 on drafts; the same again that are not ready."""
    deal, (app, _) = Deal(office, f"C{next(office.numbers):04}"), office.apps
    work = [
        approval_event(
            f"{name}-{deal.contract_id}", "50.00", contract_id=deal.contract_id, line_id="T"
        )
        for name in ("A0", "A1")
    ]
    lines = (
        line_event(deal.contract_id, "T", splits={"A": "60", "B": "40"}, limit="200.00"),
        line_event(deal.contract_id, "F", splits={"A": "60", "B": "40"}, method=FIXED_PRICE),
    )
    posted = deal.post(app, contract_event(deal.contract_id, limit="180.00"), *lines, *work)
    drafted, open_sales = (result["items"] for result in posted["results"][-2:])
    first, second = (
        deal.ask(app, "POST", MILESTONES, {**MILESTONE, "amount": "50.00"}) for _ in range(2)
    )
    of_first, of_second = ([p["item_id"] for p in made["parts"]] for made in (first, second))
    deal.ask(app, "POST", "/backlog/mark", {"items": [*drafted, *of_first], "status": "ready"})
    invoices = deal.ask(app, "POST", "/invoices", {"contract_id": deal.contract_id})["invoices"]
    deal.items = [*open_sales, *of_second]
    deal.milestone_id, deal.invoice_id = second["milestone_id"], invoices[0]["invoice_id"]
    return deal


def one_after_the_other(office: Office, first: str, second: str) -> Any:
    """What comes of two commands in this order: their answers, and what is to be seen then."""
    if (first, second) not in office.serial:
        deal = a_deal(office)
        answers = [
            _plain(COMMANDS[name](deal, office.apps[0]), deal.contract_id)
            for name in (first, second)
        ]
        office.serial[first, second] = *answers, deal.picture()
    return office.serial[first, second]


def interrupted(office: Office, command: str, rival: str, before: int) -> tuple[Any, int]:
    """The same when the rival acts before that step of the command; and how many steps it took."""
    deal, answers = a_deal(office), dict[str, Json]()

    def act() -> None:
        answers["rival"] = COMMANDS[rival](deal, office.apps[1])

    office.interruption.before, office.interruption.act, office.interruption.steps = before, act, 0
    own = COMMANDS[command](deal, office.apps[0])
    steps, office.interruption.before = office.interruption.steps, -1
    assert steps, "the writer's steps are not told any more"
    if not answers:
        act()
    both = (_plain(answer, deal.contract_id) for answer in (own, answers["rival"]))
    return (*both, deal.picture()), steps


def holds(office: Office, command: str, rival: str, before: int) -> int:
    """Checks one interruption; the number of steps that the command took."""
    came_of_it, steps = interrupted(office, command, rival, before)
    own, others, picture = one_after_the_other(office, rival, command)
    orders = [one_after_the_other(office, command, rival), (others, own, picture)]
    if came_of_it not in orders:
        raise AssertionError("\n".join(_differences(came_of_it, orders[0])))
    return steps


@settings(
    derandomize=True,
    deadline=None,
    max_examples=80,
    phases=[Phase.generate],  # what fails here is small as it is
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    command=st.sampled_from(list(COMMANDS)),
    rival=st.sampled_from(list(COMMANDS)),
    before=st.integers(0, MOST_STEPS),
)
def test_two_commands_at_once_come_to_what_they_come_to_in_one_of_the_two_orders(
    office: Office, command: str, rival: str, before: int
) -> None:
    assert holds(office, command, rival, before) <= 4 * MOST_STEPS


@pytest.mark.parametrize("rival", ["create", "change", "delete", "change the works", "draft"])
@pytest.mark.parametrize("command", ["change", "delete"])
def test_a_milestone_that_another_service_touches_at_any_step_is_touched_in_one_order_d14(
    office: Office, command: str, rival: str
) -> None:
    before = 0
    while holds(office, command, rival, before) > before:
        before += 1


@pytest.mark.parametrize("rival", ["approve", "mark ready", "reset", "change the time", "draft"])
@pytest.mark.parametrize("command", ["mark all that match", "draft all that match"])
def test_what_matches_when_another_service_acts_at_any_step_is_what_the_caller_saw_or_refused(
    office: Office, command: str, rival: str
) -> None:
    before = 0
    while holds(office, command, rival, before) > before:
        before += 1


def _differences(found: Any, expected: Any, path: str = "") -> Iterator[str]:
    """Where two of them differ, a line each."""
    one, other = _parts(found), _parts(expected)
    if one and one.keys() == other.keys():
        for name in one:
            yield from _differences(one[name], other[name], f"{path}.{name}")
    elif found != expected:
        yield f"{path}: {found!r}, one after the other {expected!r}"


def _parts(value: Any) -> dict[object, Any]:
    if isinstance(value, list | tuple):
        return dict(enumerate(cast("list[Any]", value)))
    return cast("dict[object, Any]", value) if isinstance(value, dict) else {}


def _plain(value: Any, contract_id: str) -> Any:
    """The value without what differs from run to run, lists in an order of their own."""
    if isinstance(value, str):
        return _IDS.sub("id", value.replace(contract_id, "C"))
    plain = {
        name: _plain(one, contract_id)
        for name, one in _parts(value).items()
        if name not in _OF_THE_RUN
    }
    if isinstance(value, list):
        return sorted(plain.values(), key=repr)
    return plain or value
