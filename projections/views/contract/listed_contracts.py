"""Contracts as a list: searched, with how they perform, and sorted by that."""

from collections.abc import Sequence
from typing import Any

from msgspec import UNSET, UnsetType
from sqlalchemy import (
    ColumnElement,
    Connection,
    Double,
    FromClause,
    Select,
    Subquery,
    case,
    cast,
    func,
    select,
    type_coerce,
    union_all,
)

from aggregates.money import MINOR_UNITS
from aggregates.statuses import BillingStatus, BillingType, LimitLevel
from projections.tables import (
    contract_customers,
    contract_lines,
    contracts,
    fixed_price_totals,
    limit_usage,
    of_contracts,
    time_and_material_totals,
)
from projections.values.sums import HALF, halves
from projections.views.contract.contracts import Contract, with_customers
from projections.views.contract.performance import Figures, figures_of
from projections.views.kept_to import KeptTo
from projections.views.paging import PageRequest, Paging, has_text, in_order
from projections.views.resource import Page


class ListedContract(Contract):
    """A contract in a list; with how it performs, if that was asked for."""

    performance: Figures | UnsetType = UNSET


_STATUSES = {
    "on_drafts": BillingStatus.INVOICE_CREATED,
    "ready": BillingStatus.READY,
    "not_ready": BillingStatus.NOT_READY,
}
"""Figures of which each is the sum of what has one status (D-60)."""


def _sums() -> Subquery:
    """What each contract comes to by status: from the totals that are kept by kinds of rows."""
    sales, parts = time_and_material_totals, fixed_price_totals
    charged = sales.c.billing_type == BillingType.CHARGEABLE.value
    of_sales, of_parts = (
        select(totals.c.contract_id, totals.c.billing_status, *_halves(totals)).where(
            of_contracts(totals)
        )
        for totals in (sales, parts)
    )
    kinds = union_all(of_sales.where(charged), of_parts).subquery()
    figures = (_sum_of(kinds, status).label(name) for name, status in _STATUSES.items())
    return select(kinds.c.contract_id, *figures).group_by(kinds.c.contract_id).subquery("sums")


def _halves(totals: FromClause) -> list[ColumnElement[int]]:
    return [totals.c.amount_high, totals.c.amount_low]


def _sum_of(kinds: Subquery, status: BillingStatus) -> ColumnElement[float]:
    of_status = kinds.c.billing_status == status.value
    high, low = (func.sum(case((of_status, half), else_=0)) for half in _halves(kinds))
    return cast(high, Double) * HALF + cast(low, Double)


def _values() -> Subquery:
    """What the lines of each contract are worth."""
    line = contract_lines.c
    high, low = halves(func.coalesce(line.contract_amount, 0), "value")
    value = cast(high.element, Double) * HALF + cast(low.element, Double)
    by_contract = select(line.contract_id, value.label("contract_value"))
    return by_contract.group_by(line.contract_id).subquery("worth")


def _invoiced() -> Subquery:
    """What each contract was billed so far (D-37)."""
    usage = limit_usage.c
    invoiced = cast(usage.invoiced, Double).label("invoiced")
    of_all = select(usage.contract_id, invoiced).where(usage.level == LimitLevel.CONTRACT.value)
    return of_all.subquery("billed")


_SUMS, _VALUES, _INVOICED = _sums(), _values(), _invoiced()
_FEWER = {
    decimals: [code for code, has in MINOR_UNITS.items() if has == decimals]
    for decimals in sorted(set(MINOR_UNITS.values()) - {2})
}


def _as_it_reads(minor: ColumnElement[float]) -> ColumnElement[float]:
    """A figure in minor units, as a number of the contract's currency."""
    known = ((contracts.c.currency.in_(codes), 10.0**each) for each, codes in _FEWER.items())
    return type_coerce(minor / case(*known, else_=100.0), Double())


def _figures() -> dict[str, ColumnElement[float]]:
    invoiced = func.coalesce(_INVOICED.c.invoiced, 0.0)
    own = {name: func.coalesce(_SUMS.c[name], 0.0) for name in _STATUSES}
    value = func.coalesce(_VALUES.c.contract_value, 0.0)
    known = {"invoiced": invoiced, **own, "contract_value": value, "remaining": value - invoiced}
    return {name: _as_it_reads(minor) for name, minor in known.items()}


_FIGURES = _figures()
_CONTRACTS = Paging(
    {"contract_id": contracts.c.contract_id, "name": contracts.c.name, **_FIGURES},
    key="contract_id",
    default="contract_id",
)
CONTRACTS_BY = _CONTRACTS.sortable


def list_contracts(  # noqa: PLR0913 - all but three have defaults
    connection: Connection,
    kept_to: KeptTo,
    request: PageRequest,
    *,
    text: str | None = None,
    customer_ids: Sequence[str] = (),
    performance: bool = False,
) -> Page[ListedContract]:
    """The contracts with their customers, and how they perform if asked for.

    A text is looked for in their ids, their names and those of their customers. A sort by a figure
    compares numbers, whatever their currencies, and adds up all that is kept.
    """
    part = _CONTRACTS.read(request)
    statement: Select[Any] = select(contracts).where(
        *_matching(text, customer_ids), *kept_to.whole_contracts(contracts.c.contract_id)
    )
    if any(order.name in _FIGURES for order in part.orders):
        own = contracts.c.contract_id
        joined = contracts.outerjoin(_SUMS, _SUMS.c.contract_id == own)
        joined = joined.outerjoin(_VALUES, _VALUES.c.contract_id == own)
        joined = joined.outerjoin(_INVOICED, _INVOICED.c.contract_id == own)
        statement = statement.select_from(joined)
    rows = _CONTRACTS.fetch(connection, statement, part)
    shown = rows[: request.limit]
    currencies = {row["contract_id"]: row["currency"] for row in shown}
    figures = figures_of(connection, currencies) if performance else {}
    return Page(
        items=[
            ListedContract(**contract, performance=figures.get(contract["contract_id"], UNSET))
            for contract in with_customers(connection, shown)
        ],
        next=_CONTRACTS.next_cursor(in_order(rows), part),
        position=UNSET,
    )


def _matching(text: str | None, customer_ids: Sequence[str]) -> list[ColumnElement[bool]]:
    own, customer = contracts.c, contract_customers.c
    conditions: list[ColumnElement[bool]] = []
    if customer_ids:
        of_them = select(customer.contract_id).where(customer.customer_id.in_(customer_ids))
        conditions.append(own.contract_id.in_(of_them))
    if text:
        named = select(customer.contract_id).where(*has_text(text, customer.search_text))
        (has,) = has_text(text, own.search_text, func.lower(own.contract_id))
        conditions.append(has | own.contract_id.in_(named))
    return conditions
