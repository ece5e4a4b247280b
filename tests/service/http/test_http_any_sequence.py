"""Any sequence of what bookkeepers do, over HTTP: afterwards the views add up (D-46, D-37, D-83).

Commands are tried on whatever is there, and any may be refused. Then all that callers can read of
the contract is held against itself, against the states that decide, and against a rebuild.
"""

import asyncio
from collections import Counter
from collections.abc import Generator

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from service.http.app import create_app
from service.settings import Settings
from service.tenants.tenant import Tenant
from tests.databases import NewDatabase, Only
from tests.service.bookkeeper import COMMANDS, Office, Step
from tests.service.books import check_books, check_states, read_books
from tests.service.office import NOW, assert_sound, views_of

OFTEN = ("approve", "mark", "draft", "confirm", "correct", "edit", "recall")
NAMES = st.sampled_from([*OFTEN, *OFTEN, *COMMANDS])
PICKS = st.integers(0, 99)
STEPS = st.lists(st.tuples(NAMES, PICKS, PICKS), min_size=25, max_size=40)
START: list[Step] = [
    ("approve", 3, 1),
    ("approve", 40, 2),
    ("approve", 62, 0),
    ("recall", 2, 0),
    ("approve_again", 0, 0),
    ("add_milestone", 80, 0),
    ("mark", 0, 1),
    ("draft", 0, 0),
]


@pytest.fixture(scope="module")
def office(new_database: NewDatabase) -> Generator[Tenant]:
    opened = Tenant(new_database(), clock=lambda: NOW)
    yield opened
    opened.close()


async def books_after(tenant: Tenant, steps: list[Step], limit: int, review: bool) -> Counter[str]:
    """Does the steps on a contract of its own, and checks its books; what was answered."""
    tried: Counter[str] = Counter()
    transport = httpx.ASGITransport(app=create_app(Only(tenant), Settings()))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost/v1") as http:
        office = Office(http, tenant, tried)
        await office.open(limit, review)
        for step in (*START, *steps):
            await office.does(step)
        books = await read_books(office.rows, office.ask, office.contract_id)
        check_books(books)
        check_states(books, tenant.ledger)
    return tried


@settings(
    derandomize=True,
    deadline=None,
    max_examples=30,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(STEPS, st.sampled_from([0, 300, 900]), st.booleans())
def any_sequence(
    tenant: Tenant, tried: Counter[str], steps: list[Step], limit: int, review: bool
) -> None:
    note(f"{steps}, limit {limit}, review {review}")
    tried.update(asyncio.run(books_after(tenant, steps, limit, review)))


def test_whatever_is_done_the_views_add_up_and_a_rebuild_shows_the_same_d46_d37_d83(
    office: Tenant,
) -> None:
    tried: Counter[str] = Counter()
    any_sequence(office, tried)
    for name in COMMANDS:
        done = {f"{name}: done", f"{name}: recorded"}
        assert done & tried.keys(), f"{name} was never done: {tried}"
    before = views_of(office)
    office.rebuild()
    assert views_of(office) == before
    assert_sound(office.ledger)
