"""A billing office at work below HTTP: commands as handled, and what came of them."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from math import inf
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import select

from aggregates.contract_line.backlog.readiness import MarkNotReady, MarkReady
from aggregates.invoice.correcting import CorrectInvoice
from aggregates.invoice.draft.drafting import CreateDrafts
from aggregates.invoice.events import InvoiceNumberAssigned
from projections.history import Recorded
from projections.tables import metadata
from projections.views.contract import limits as limit_views
from projections.views.kept_to import UNRESTRICTED
from service.handlers import backlog
from service.handlers.idempotency import Answer, Request
from service.handlers.intake import receiving
from service.handlers.invoicing import confirming, correcting, drafting
from service.ledger.group_commit import Context
from service.ledger.ledger import Ledger
from service.ledger.stream_kinds import kind_of
from service.tenants.tenant import Tenant
from service.wire.intake.results import Result
from tests.office import Json

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
CONTEXT = Context(actor="test", correlation_id="correlation 1")
WAIT_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One level of a contract's limits as callers get it."""

    limit: Decimal | None
    committed: Decimal
    invoiced: Decimal


def write_ndjson(path: Path, events: Iterable[Json | str]) -> Path:
    """A file of events, one a line; a string is a line as it is."""
    lines = (event if isinstance(event, str) else json.dumps(event) for event in events)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


# --- what the office does ----------------------------------------------------------------------


def request(request_id: str = "request", *, key: str | None = None, digest: str = "") -> Request:
    return Request(context=CONTEXT, request_id=request_id, idempotency_key=key, digest=digest)


def post(tenant: Tenant, *events: object) -> list[Result]:
    """Posts a batch, and waits for what waited for it, however long that takes."""
    return receiving.begin(tenant, CONTEXT, events, patience=inf).finish()


def record(tenant: Tenant, *events: Json) -> list[str]:
    """Posts events of which every one must be recorded; the items they made."""
    results = post(tenant, *events)
    assert [result.outcome.value for result in results] == ["recorded"] * len(events)
    return [item for result in results for item in result.items]


def mark_ready(
    tenant: Tenant, items: Iterable[str], kind: type[MarkReady | MarkNotReady] = MarkReady
) -> Answer:
    return asyncio.run(backlog.command(tenant, request(), kind, tuple(items), partly=False))


def draft(
    tenant: Tenant,
    *,
    contract_id: str = "C1",
    key: str = "draft",
    items: Iterable[str] | None = None,
) -> list[Json]:
    """The drafts made of what is ready."""
    command = CreateDrafts(
        draft_key=key,
        actor="jo",
        cutoff=None,
        line_ids=None,
        customer_ids=None,
        items=None if items is None else tuple(items),
    )
    drafts = drafting.create_drafts(tenant, request(key), contract_id, command)
    return msgspec.to_builtins(asyncio.run(drafts).body.invoices)


def confirm(tenant: Tenant, invoice_id: str) -> Json:
    done = asyncio.run(confirming.confirm(tenant, request(), invoice_id, None))
    return msgspec.to_builtins(done.body)


def correct(tenant: Tenant, invoice_id: str, correction_id: str) -> Json:
    """A corrective draft of the whole invoice."""
    command = CorrectInvoice(correction_id=correction_id, actor="jo", details=None)
    made = correcting.correct(tenant, request(), invoice_id, command)
    return msgspec.to_builtins(asyncio.run(made).body)


def delete_draft(tenant: Tenant, invoice_id: str) -> None:
    asyncio.run(drafting.delete_draft(tenant, request(), invoice_id))


# --- what is there -----------------------------------------------------------------------------


def caught_up(tenant: Tenant) -> None:
    tenant.wait_for(tenant.ledger.position(), WAIT_SECONDS)


def levels(tenant: Tenant, contract_id: str = "C1") -> dict[tuple[str, str, str], Level]:
    """The limits of a contract by level, line and customer, empty for none."""
    caught_up(tenant)
    with tenant.reading() as (views, _):
        found = limit_views.limits(views, UNRESTRICTED, contract_id)
    assert found is not None, contract_id
    return {
        (row.level, row.line_id or "", row.customer_id or ""): Level(
            limit=None if row.limit is None else Decimal(row.limit),
            committed=Decimal(row.committed),
            invoiced=Decimal(row.invoiced),
        )
        for row in found.levels
    }


def views_of(tenant: Tenant) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every view."""
    caught_up(tenant)
    with tenant.reading() as (views, _):
        return {
            table.name: sorted((tuple(row) for row in views.execute(select(table))), key=repr)
            for table in metadata.sorted_tables
        }


def rows(tenant: Tenant, table: str) -> list[Json]:
    """The rows of one view."""
    caught_up(tenant)
    with tenant.reading() as (views, _):
        return [dict(row) for row in views.execute(select(metadata.tables[table])).mappings()]


def history(ledger: Ledger) -> list[Recorded]:
    """All that was recorded."""
    return ledger.read(0, 1_000_000)


def loaded(ledger: Ledger, stream: str) -> Any:
    """The state of a stream as commands see it."""
    return ledger.transact(lambda unit: unit.load(kind_of(stream), stream), CONTEXT).result


def folded(ledger: Ledger) -> dict[str, Any]:
    """The state of every stream, folded from its very first event."""
    states: dict[str, Any] = {}
    for recorded in history(ledger):
        evolve = kind_of(recorded.stream).evolve
        states[recorded.stream] = evolve(states.get(recorded.stream), recorded.event)
    return states


def assert_sound(ledger: Ledger) -> None:
    """The history as an auditor wants it: no holes, no gap in any stream, states that fold."""
    assert_no_holes(ledger)
    for stream, state in folded(ledger).items():
        assert loaded(ledger, stream) == state, stream


def assert_no_holes(ledger: Ledger) -> None:
    """Positions are consecutive, and so are the versions of every stream."""
    recorded = history(ledger)
    assert [event.position for event in recorded] == list(range(1, len(recorded) + 1))
    versions: dict[str, int] = {}
    for event in recorded:
        versions[event.stream] = versions.get(event.stream, 0) + 1
        assert event.version == versions[event.stream], event.stream


def numbers_assigned(ledger: Ledger) -> list[int]:
    """The numbers given to invoices, in the order they were given (D-44)."""
    return [
        recorded.event.sequence
        for recorded in history(ledger)
        if isinstance(recorded.event, InvoiceNumberAssigned)
    ]
