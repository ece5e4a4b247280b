"""A dry run answers what the call comes to, and changes nothing."""

import asyncio
from collections.abc import Generator, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from aggregates.contract_line.backlog.readiness import MarkNotReady, MarkReady
from aggregates.contract_line.backlog.verdicts import ReevaluateNTE, ResetNTE
from aggregates.refusals import ItemsRefused
from service.handlers import backlog
from service.handlers.backlog import ItemsCommand
from service.tenants.tenant import Tenant
from service.wire.problem.problems import of_refusal
from tests.databases import NewDatabase
from tests.office import approval_event, contract_event, line_event
from tests.service.office import NOW, draft, history, post, record, request

COMMANDS: dict[str, ItemsCommand] = {
    "ready": MarkReady,
    "not ready": MarkNotReady,
    "reset": ResetNTE,
    "reevaluate": ReevaluateNTE,
}
NUMBERS = count()


@pytest.fixture(scope="module")
def office(new_database: NewDatabase) -> Generator[Tenant]:
    opened = Tenant(new_database(), clock=lambda: NOW)
    yield opened
    opened.close()


@st.composite
def command(draw: st.DrawFn) -> tuple[str, list[int], bool]:
    """A command on some of eight items, one of which may be named twice or not exist."""
    items = st.lists(st.integers(0, 8), min_size=1, max_size=6)
    return draw(st.sampled_from(list(COMMANDS))), draw(items), draw(st.booleans())


def an_office_of_limits(office: Tenant, amounts: Sequence[int]) -> list[str]:
    """A contract and a line that have room for some of these amounts; the items of all, one of
    them on a draft, and one that does not exist."""
    contract_id = f"C{next(NUMBERS)}"
    on: Any = {"contract_id": contract_id}
    post(office, contract_event(limit="120.00", **on), line_event(limit="90.00", **on))
    work = [
        approval_event(f"A{n}-{contract_id}", f"{amount}.00", **on)
        for n, amount in enumerate(amounts)
    ]
    items = record(office, *work)
    first = asyncio.run(
        backlog.command(office, request(), COMMANDS["ready"], items[:1], partly=True)
    )
    if first.body.changed:
        draft(office, contract_id=contract_id, key=contract_id, items=items[:1])
    return [*items, f"{contract_id}~L1~none"]


def answered(office: Tenant, asked: Any, make: Any, items: Sequence[str], partly: bool) -> Any:
    """The answer or the refusal, without the position."""
    try:
        answer = asyncio.run(backlog.command(office, asked, make, items, partly=partly))
    except ItemsRefused as refusal:
        return msgspec.to_builtins(of_refusal(refusal).body())
    return msgspec.to_builtins(answer.body) | {"position": None}


@settings(
    derandomize=True,
    deadline=None,
    max_examples=25,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.lists(st.integers(-20, 60), min_size=8, max_size=8),
    st.lists(command(), min_size=1, max_size=4),
)
def test_a_preview_equals_the_real_result_right_after_and_records_nothing(
    office: Tenant, amounts: list[int], commands: list[tuple[str, list[int], bool]]
) -> None:
    items = an_office_of_limits(office, amounts)
    for name, numbers, partly in commands:
        some, before = [items[number] for number in numbers], office.ledger.position()
        dry = replace(request(), dry_run=True)
        preview = answered(office, dry, COMMANDS[name], some, partly)
        assert office.ledger.position() == before
        assert answered(office, request(), COMMANDS[name], some, partly) == preview


def test_a_preview_takes_no_idempotency_key_and_tells_the_position_that_it_read(
    office: Tenant,
) -> None:
    items = an_office_of_limits(office, [1, 2])
    before = len(history(office.ledger))
    keyed = replace(request(key="the key", digest="the body"), dry_run=True)
    for asked in (keyed, replace(keyed, digest="another body")):
        done = backlog.command(office, asked, COMMANDS["reset"], items, partly=True)
        assert asyncio.run(done).position == before
    assert len(history(office.ledger)) == before
    real = replace(keyed, dry_run=False)
    made = asyncio.run(backlog.command(office, real, COMMANDS["reset"], items, partly=True))
    assert made.position == len(history(office.ledger)) > before
