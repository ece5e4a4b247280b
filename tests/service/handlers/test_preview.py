"""A preview of drafts and of a confirmation equals the real result right after it (D-75)."""

import asyncio
from collections.abc import Callable, Coroutine, Generator, Sequence
from dataclasses import replace
from itertools import count
from typing import Any, cast

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from aggregates.contract_line.backlog.readiness import MarkReady
from aggregates.invoice.draft.drafting import CreateDrafts
from aggregates.refusals import Refused
from service.handlers import backlog
from service.handlers.idempotency import Answer, Request
from service.handlers.invoicing import confirming, drafting
from service.tenants.tenant import Tenant
from service.wire.problem.problems import of_refusal
from tests.databases import NewDatabase
from tests.office import Json, approval_event, contract_event, line_event
from tests.service.office import NOW, caught_up, post, record, request

NUMBERS = count()
OWN = {"invoice_id", "detail_id", "number", "position"}
"""What a preview does not tell, or not to be relied on."""
Ask = Callable[[Request], Coroutine[Any, Any, Answer]]


@pytest.fixture(scope="module")
def office(new_database: NewDatabase) -> Generator[Tenant]:
    opened = Tenant(new_database(), clock=lambda: NOW)
    yield opened
    opened.close()


def told(value: Any) -> Any:
    """An answer without what a preview does not tell."""
    if isinstance(value, dict):
        members = cast("Json", value)
        return {name: told(of) for name, of in members.items() if name not in OWN}
    if isinstance(value, list):
        return [told(of) for of in cast("list[Any]", value)]
    return value


def answered(ask: Ask, asked: Request) -> Json:
    """The answer or the refusal."""
    try:
        return msgspec.to_builtins(asyncio.run(ask(asked)).body)
    except Refused as refusal:
        return msgspec.to_builtins(of_refusal(refusal).body())


def previewed(office: Tenant, ask: Ask) -> Json:
    """The real answer, once it is that of the preview, which records nothing."""
    before = office.ledger.position()
    preview = answered(ask, replace(request(), dry_run=True))
    assert office.ledger.position() == before
    assert preview.get("position", before) == before
    assert preview.get("number") is None or preview.get("already_confirmed")
    real = answered(ask, request(f"real {next(NUMBERS)}"))
    assert told(preview) == told(real)
    return real


def an_office(office: Tenant, amounts: Sequence[int], limit: int) -> tuple[str, list[str]]:
    """A contract that A and B share on one line, with this limit, and work of these amounts that is
    ready as far as it fits."""
    contract_id = f"C{next(NUMBERS)}"
    on: Any = {"contract_id": contract_id}
    post(office, contract_event(**on), line_event(splits={"A": "70", "B": "30"}, **on))
    items = record(
        office,
        *(
            approval_event(f"{n}-{contract_id}", f"{amount}.00", tax=f"{amount // 10}.00", **on)
            for n, amount in enumerate(amounts)
        ),
    )
    ready = [item for n, item in enumerate(items) if n % 5]
    asyncio.run(backlog.command(office, request(), MarkReady, ready, partly=True))
    post(office, contract_event(limit=f"{limit}.00", event_id=f"limit {contract_id}", **on))
    return contract_id, [*items, f"{contract_id}~L1~none"]


@settings(
    derandomize=True,
    deadline=None,
    max_examples=15,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.lists(st.integers(-20, 60), min_size=5, max_size=5),
    st.integers(0, 120),
    st.none() | st.lists(st.integers(0, 10), min_size=1, max_size=6),
    st.booleans(),
)
def test_a_preview_equals_the_real_result_right_after_and_records_nothing_d75(
    office: Tenant, amounts: list[int], limit: int, numbers: list[int] | None, again: bool
) -> None:
    contract_id, items = an_office(office, amounts, limit)
    command = CreateDrafts(
        draft_key=contract_id,
        actor="jo",
        cutoff=None,
        line_ids=None,
        customer_ids=None,
        items=None if numbers is None else tuple(items[number] for number in numbers),
    )
    drafted = previewed(
        office, lambda asked: drafting.create_drafts(office, asked, contract_id, command)
    )
    for invoice in drafted.get("invoices", []):
        for _ in range(1 + again):
            previewed(
                office,
                lambda asked, of=invoice: confirming.confirm(office, asked, of["invoice_id"], None),
            )
    caught_up(office)
