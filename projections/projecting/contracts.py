"""Contracts and their lines, as they now stand, with what their limits hold."""

import json
from collections.abc import Iterator
from dataclasses import asdict

from aggregates.contract.events import ContractDefined, ContractEvent, ContractUsageChanged
from aggregates.contract_line.events import (
    ContractLineDefined,
    LineEvent,
    LineUsageChanged,
    MilestoneChanged,
    MilestoneDeleted,
    MilestoneSplit,
)
from aggregates.intake.events import EventParked, EventUnparked
from aggregates.terms import LevelUsage, rounding_customer
from projections.history import Recorded
from projections.projecting.changes import Change, Drop, Patch, Put, Row
from projections.tables import (
    contract_customers,
    contract_lines,
    contracts,
    limit_usage,
    line_customers,
)
from projections.values.search_texts import folded
from projections.values.units import to_minor, to_minor_or_none


def project(recorded: Recorded) -> Iterator[Change]:
    """The rows of contracts and lines; every event of their streams moves their version."""
    match recorded.event:
        case ContractDefined() as event:
            yield from _contract(event, recorded)
        case ContractLineDefined() as event:
            yield from _line(event, recorded.version)
        case EventParked() | EventUnparked():
            return
        case ContractEvent() as event:
            key = {"contract_id": event.contract_id, "version": recorded.version}
            yield Patch(contracts, (key,))
            if isinstance(event, ContractUsageChanged):
                yield _usage(event, "", event.usages)
        case LineEvent() as event:
            yield Patch(contract_lines, (_line_patch(event, recorded.version),))
            if isinstance(event, LineUsageChanged):
                yield _usage(event, event.line_id, event.usages)
        case _:
            return


def _contract(event: ContractDefined, recorded: Recorded) -> Iterator[Change]:
    key, currency = {"contract_id": event.contract_id}, event.currency
    row = {
        **key,
        "name": event.name,
        "search_text": folded(event.name),
        "currency": currency,
        "nte_limit": to_minor_or_none(event.nte_limit, currency),
        "approval": event.approval,
        "version": recorded.version,
    }
    yield Put(contracts, (row,))
    yield Drop(contract_customers, key)
    customers = (
        {
            **key,
            "customer_id": customer.customer_id,
            "ordinal": ordinal,
            "name": customer.name,
            "search_text": folded(customer.name),
            "nte_limit": to_minor_or_none(customer.nte_limit, currency),
            "position": recorded.position,
        }
        for ordinal, customer in enumerate(event.customers)
    )
    yield Put(contract_customers, tuple(customers))


def _line(event: ContractLineDefined, version: int) -> Iterator[Change]:
    key = {"contract_id": event.contract_id, "line_id": event.line_id}
    terms, currency = event.terms, event.currency
    row = {
        **key,
        "name": terms.name,
        "search_text": folded(terms.name),
        "project_id": terms.project_id,
        "billing_method": terms.billing_method,
        "currency": currency,
        "contract_amount": to_minor_or_none(terms.contract_amount, currency),
        "nte_limit": to_minor_or_none(terms.nte_limit, currency),
        "schedule": terms.schedule,
        "includes": json.dumps(terms.includes),
        "chargeable": json.dumps(asdict(terms.chargeable)),
        "milestones_total": to_minor(event.milestones_total, currency),
        "version": version,
    }
    yield Put(contract_lines, (row,))
    yield Drop(line_customers, key)
    customers = (
        {
            **key,
            "customer_id": customer.customer_id,
            "ordinal": ordinal,
            "split_percent": f"{customer.split_percent:f}",
            "rounding": customer.customer_id == rounding_customer(terms.customers),
            "nte_limit": to_minor_or_none(customer.nte_limit, currency),
        }
        for ordinal, customer in enumerate(terms.customers)
    )
    yield Put(line_customers, tuple(customers))


def _line_patch(event: LineEvent, version: int) -> Row:
    row = {"contract_id": event.contract_id, "line_id": event.line_id, "version": version}
    match event:
        case MilestoneSplit() | MilestoneChanged() | MilestoneDeleted():
            return {**row, "milestones_total": to_minor(event.milestones_total, event.currency)}
        case _:
            return row


def _usage(
    event: ContractUsageChanged | LineUsageChanged, line_id: str, usages: tuple[LevelUsage, ...]
) -> Put:
    rows = (
        {
            "contract_id": event.contract_id,
            "level": usage.level,
            "line_id": line_id,
            "customer_id": usage.customer_id or "",
            "committed": to_minor(usage.committed, event.currency),
            "invoiced": to_minor(usage.invoiced, event.currency),
        }
        for usage in usages
    )
    return Put(limit_usage, tuple(rows))
