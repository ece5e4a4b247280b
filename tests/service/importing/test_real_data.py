"""Real approvals, where they lie beside the project: imported, and right to the cent."""

import json
from collections import Counter, defaultdict
from collections.abc import Generator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from projections.values.units import from_minor
from service.importing.importing import Imported, import_events
from service.tenants.tenant import Tenant
from tests.service.office import CONTEXT, NOW, Level, levels, rows, views_of

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
APPROVALS, FACTS = DATA / "approvals.ndjson", DATA / "approvals.facts.json"

pytestmark = pytest.mark.skipif(
    not (APPROVALS.is_file() and FACTS.is_file()),
    reason="the real approvals are not there: no ../shared/data beside this project",
)

Facts = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def facts() -> Facts:
    """What was computed independently, by contract."""
    return json.loads(FACTS.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[Tenant, Imported]]:
    """A tenant with the real approvals imported, and what the import came to."""
    folder = tmp_path_factory.mktemp("real")
    tenant = Tenant(f"sqlite:///{folder}/backlog.db", clock=lambda: NOW)
    yield tenant, import_events(tenant, APPROVALS, CONTEXT)
    tenant.close()


def money(row: dict[str, Any]) -> Decimal:
    return Decimal(from_minor(row["amount"], row["currency"]))


def of_contract(found: dict[tuple[str, str, str], Level]) -> Level:
    return found["contract", "", ""]


def test_every_real_event_is_recorded(books: tuple[Tenant, Imported], facts: Facts) -> None:
    _, imported = books
    with APPROVALS.open("rb") as lines:
        assert imported.outcomes == {"recorded": sum(1 for line in lines if line.strip())}
    assert sum(fact["approvals"] for fact in facts.values()) == 8538


def test_real_approvals_are_counted_and_summed_to_the_cent_over_all_customers_d2(
    books: tuple[Tenant, Imported], facts: Facts
) -> None:
    tenant, _ = books
    approvals: dict[str, set[str]] = defaultdict(set)
    customers: dict[str, set[str]] = defaultdict(set)
    chargeable: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows(tenant, "time_and_material"):
        approvals[row["contract_id"]].add(row["approval_id"])
        customers[row["contract_id"]].add(row["customer_id"])
        if row["billing_type"] == "chargeable":
            chargeable[row["contract_id"]] += money(row)
    assert {contract_id: len(some) for contract_id, some in approvals.items()} == {
        contract_id: fact["approvals"] for contract_id, fact in facts.items()
    }
    assert chargeable == {c: Decimal(fact["chargeable"]) for c, fact in facts.items()}
    assert {contract_id: len(some) for contract_id, some in customers.items()} == {
        contract_id: fact["customers"] for contract_id, fact in facts.items()
    }


def test_the_committed_items_add_up_to_what_every_level_holds_and_stay_under_its_limit_d31_d37(
    books: tuple[Tenant, Imported], facts: Facts
) -> None:
    tenant, _ = books
    committed: Counter[tuple[str, str, str, str]] = Counter()
    for row in rows(tenant, "time_and_material"):
        if row["nte_status"] == "committed":
            contract_id, line_id, customer_id = (
                row["contract_id"],
                row["line_id"],
                row["customer_id"],
            )
            for key in (
                ("line_customer", line_id, customer_id),
                ("line", line_id, ""),
                ("contract_customer", "", customer_id),
                ("contract", "", ""),
            ):
                committed[contract_id, *key] += row["amount"]
    for contract_id, fact in facts.items():
        found = levels(tenant, contract_id)
        limit = fact["limit"]
        assert of_contract(found).limit == (None if limit is None else Decimal(limit))
        for key, level in found.items():
            assert level.committed == Decimal(committed[contract_id, *key]) / 100, key
            assert level.invoiced == 0
            assert level.limit is None or level.committed <= level.limit


def test_a_limit_below_the_chargeable_total_lets_some_real_approvals_fail_d31(
    books: tuple[Tenant, Imported], facts: Facts
) -> None:
    tenant, _ = books
    verdicts: dict[str, set[str]] = defaultdict(set)
    for row in rows(tenant, "time_and_material"):
        verdicts[row["contract_id"]].add(row["nte_status"])
    for contract_id, fact in facts.items():
        if fact["limit"] is not None and Decimal(fact["limit"]) < Decimal(fact["chargeable"]):
            assert {"committed", "failed"} <= verdicts[contract_id], contract_id


def test_a_second_import_of_the_real_approvals_changes_nothing(
    books: tuple[Tenant, Imported],
) -> None:
    tenant, first = books
    position, views = tenant.ledger.position(), views_of(tenant)
    again = import_events(tenant, APPROVALS, CONTEXT)
    assert again.outcomes == {"duplicate": first.outcomes.total()}
    assert tenant.ledger.position() == position
    assert views_of(tenant) == views
