"""What callers read of a contract, and what must add up in it whatever was done (D-46)."""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec

from aggregates import streams
from aggregates.contract_line.state import ContractLine
from aggregates.invoice.state import Invoice
from aggregates.streams import billed_actual
from service.ledger.ledger import Ledger
from service.wire import from_states
from tests.office import SOURCE, Json
from tests.service.office import loaded

SUMS = ("quantity", "amount", "tax")
OF_ITS_OWN = {*SUMS, "actual_id", "reversal_of", "replaces", "cause", "position"} | {
    *("invoice_id", "accounting_date", "billing_status", "adjustment_status")
}
"""What a reversal has of its own, beside what it reverses."""
OPEN = {"not_ready", "ready", "invoice_created"}
POSTED = "invoice_posted"
Sums = tuple[Decimal, Decimal, Decimal]


@dataclass(slots=True, kw_only=True)
class Books:
    """Every row of a contract, as answered."""

    contract_id: str
    actuals: list[Json]
    sales: list[Json]
    parts: list[Json]
    invoices: list[Json]
    obligations: list[Json]
    levels: list[Json]

    @property
    def reversed(self) -> dict[str, Json]:
        """The reversals by what they reverse."""
        return {row["reversal_of"]: row for row in self.actuals if row["reversal_of"]}

    def details(self, *statuses: str) -> list[tuple[Json, Json]]:
        """The details of invoices of these statuses, each with its invoice."""
        return [
            (invoice, detail)
            for invoice in self.invoices
            if invoice["status"] in statuses
            for line in invoice["lines"]
            for detail in line["details"]
        ]


async def read_books(
    rows: Callable[..., Awaitable[list[Json]]],
    ask: Callable[..., Awaitable[Json]],
    contract_id: str,
) -> Books:
    """Everything that can be read of a contract."""
    actuals = await rows("/actuals")
    assert len(actuals) < 1000, "there is a second page"
    return Books(
        contract_id=contract_id,
        actuals=actuals,
        sales=await rows("/backlog/time-and-material", billing_status=[*sorted(OPEN), POSTED]),
        parts=await rows("/backlog/fixed-price"),
        invoices=[
            await ask("GET", f"/invoices/{each['invoice_id']}") for each in await rows("/invoices")
        ],
        obligations=await rows("/intake/obligations", status="open"),
        levels=(await ask("GET", f"/contracts/{contract_id}/limits"))["levels"],
    )


def check_books(books: Books) -> None:
    """All that callers read agrees with itself."""
    _check_reversals(books)
    _check_backlog(books)
    _check_posted(books)
    _check_invoices(books)
    _check_limits(books)


def _of(row: Json, *, sign: int = 1) -> Sums:
    """What a row adds to the sums."""
    quantity, amount, tax = (sign * Decimal(row[name]) for name in SUMS)
    return quantity, amount, tax


def _check_reversals(books: Books) -> None:
    """What is posted, adjusted or canceled and its reversal sum to zero, once (D-46)."""
    by_id = {row["actual_id"]: row for row in books.actuals}
    assert len(by_id) == len(books.actuals), "an actual is listed twice"
    reversals = [row for row in books.actuals if row["reversal_of"]]
    assert len(books.reversed) == len(reversals), "reversed twice"
    for row in reversals:
        original = by_id[row["reversal_of"]]
        assert _of(row) == _of(original, sign=-1)
        assert row["adjustment_status"] == "unadjustable"
        same = original.keys() - OF_ITS_OWN
        assert {n: row[n] for n in same} == {n: original[n] for n in same}
    for row in books.actuals:
        if row["reversal_of"]:
            continue
        gone = row["actual_id"] in books.reversed
        if row["type"] == "unbilled_sales":
            over = row["billing_status"] not in OPEN or row["adjustment_status"] == "adjusted"
            assert over == gone, f"reversed: {gone}, {row}"
        else:
            assert (row["adjustment_status"] == "adjusted") == gone, f"reversed: {gone}, {row}"
        assert row["replaces"] is None or row["replaces"] in books.reversed


def _check_backlog(books: Books) -> None:
    """Unbilled rows sum, by approval, to what is in the view; what is on drafts, too (D-46)."""
    listed = [row for row in books.sales if row["billing_status"] in OPEN]
    unbilled = [row for row in books.actuals if row["type"] == "unbilled_sales"]
    assert _by_approval(unbilled) == _by_approval(listed)
    on_drafts = {
        row["item_id"]: (row["invoice_id"], Decimal(row["amount"]), Decimal(row["tax"]))
        for row in (*listed, *books.parts)
        if row["billing_status"] == "invoice_created"
    }
    held = [
        (detail["item_id"], invoice["invoice_id"], detail["source"] or detail)
        for invoice, detail in books.details("draft", "in_review")
        if detail["item_id"] and not invoice["corrects"]
    ]
    assert on_drafts == {
        item_id: (invoice_id, Decimal(of["amount"]), Decimal(of["tax"]))
        for item_id, invoice_id, of in held
    }
    assert len(held) == len(on_drafts), "on two drafts"


def _check_posted(books: Books) -> None:
    """Posted rows are what stays billed of their items; with what was billed by hand they sum, in
    each billing type, to all confirmed invoices (D-46)."""
    stays = [
        detail
        for invoice, detail in books.details("confirmed")
        if not detail["corrected_by"] and Decimal(detail["quantity"])
        if not invoice["corrects"] or detail["edited"]
    ]
    rows = [row for row in (*books.sales, *books.parts) if row["billing_status"] not in OPEN]
    names = ("item_id", "amount", "tax", "billing_type")
    assert sorted([row[name] for name in names] for row in rows) == sorted(
        [detail[name] for name in names] for detail in stays if detail["item_id"]
    )
    by_hand = [detail for detail in stays if not detail["item_id"]]
    groups = [
        group
        for invoice in books.invoices
        if invoice["number"]
        for line in invoice["lines"]
        for group in line["groups"]
    ]
    for name in ("amount", "tax"):
        assert _by_type([*rows, *by_hand], name) == _by_type(groups, name)


def _by_type(rows: list[Json], name: str) -> dict[str, Decimal]:
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        sums[row["billing_type"]] += Decimal(row[name])
    return {billing_type: each for billing_type, each in sums.items() if each}


def _by_approval(rows: list[Json]) -> dict[str | None, list[Decimal]]:
    """What the rows of each approval sum to, those left out that sum to nothing."""
    sums: defaultdict[str | None, list[Decimal]] = defaultdict(lambda: [Decimal(0)] * len(SUMS))
    for row in rows:
        of = row["approval_id"]
        sums[of] = [so_far + more for so_far, more in zip(sums[of], _of(row), strict=True)]
    return {of: each for of, each in sums.items() if any(each)}


def _check_invoices(books: Books) -> None:
    """The chargeable billed rows of each invoice sum to its amount and its tax (D-46)."""
    for invoice in books.invoices:
        own = [row for row in books.actuals if row["invoice_id"] == invoice["invoice_id"]]
        booked = [row for row in own if row["type"] == "billed_sales"]
        charged = [row for row in booked if row["billing_type"] == "chargeable"]
        if invoice["number"] is None:
            assert not booked
            continue
        for name in ("amount", "tax"):
            assert sum(Decimal(row[name]) for row in charged) == Decimal(invoice[name])


def _check_limits(books: Books) -> None:
    """Each level holds what is committed of the backlog, and what is billed (D-37)."""
    for level in books.levels:
        own = [
            [
                row
                for row in rows
                if level["line_id"] in {None, row["line_id"]}
                and level["customer_id"] in {None, row["customer_id"]}
            ]
            for rows in (books.sales, books.actuals)
        ]
        committed = [r for r in own[0] if r["nte_status"] == "committed"]
        held = sum(Decimal(r["amount"]) for r in committed if r["billing_status"] in OPEN)
        assert Decimal(level["committed"]) == held, level
        charged = [
            row
            for row in own[1]
            if (row["type"], row["billing_type"]) == ("billed_sales", "chargeable")
        ]
        assert Decimal(level["invoiced"]) == sum(Decimal(row["amount"]) for row in charged), level


# --- what callers read, and the states that decide ----------------------------------------------


def check_states(books: Books, ledger: Ledger) -> None:
    """Views and states say the same of items, invoices, and what is owed (D-83)."""
    for invoice in books.invoices:
        state: Invoice = loaded(ledger, streams.invoice(invoice["invoice_id"]))
        told = msgspec.to_builtins(from_states.invoice(state))
        shown = {n: of for n, of in invoice.items() if n not in {"pending", "figures", "position"}}
        assert shown == told
    lines: list[ContractLine] = [
        loaded(ledger, streams.line(books.contract_id, line_id)) for line_id in "TUF"
    ]
    assert _listed(books.sales, "nte_status") == {
        (
            item_id,
            str(sale.customer_id),
            sale.actual.amount,
            sale.actual.tax,
            sale.billing_status.value,
            sale.nte_status.value,
        )
        for line in lines
        for item_id, sale in line.sales.items()
    }
    assert _listed(books.parts) == {
        (item_id, part.customer_id, part.amount, part.tax, part.billing_status.value)
        for line in lines
        for item_id, part in line.parts.items()
        if part.billing_status.value in OPEN
    }
    _check_obligations(books, ledger)


def _listed(rows: list[Json], *more: str) -> set[tuple[Any, ...]]:
    return {
        (
            row["item_id"],
            row["customer_id"],
            Decimal(row["amount"]),
            Decimal(row["tax"]),
            row["billing_status"],
            *(row[name] for name in more),
        )
        for row in rows
        if row["billing_status"] in OPEN
    }


def _check_obligations(books: Books, ledger: Ledger) -> None:
    """What is owed stays billed, and all that stays billed of what was recalled is owed (D-83)."""
    stands = {
        row["actual_id"]: row
        for row in books.actuals
        if row["type"] == "billed_sales" and not row["reversal_of"]
    }
    billed: dict[str, tuple[str, str, Decimal, Decimal]] = {}
    for invoice, detail in books.details("confirmed"):
        left_as_billed = invoice["corrects"] and not detail["edited"]
        if not (left_as_billed or detail["corrected_by"]) and Decimal(detail["quantity"]):
            row = stands[billed_actual(detail["detail_id"])]
            assert row["actual_id"] not in books.reversed
            assert _of(row) == _of(detail)
            if row["approval_id"]:
                sums = Decimal(row["quantity"]), Decimal(row["amount"])
                billed[detail["detail_id"]] = (invoice["invoice_id"], row["approval_id"], *sums)
    owed = {
        row["detail_id"]: (
            row["invoice_id"],
            row["approval_id"],
            Decimal(row["quantity"]),
            Decimal(row["amount"]),
        )
        for row in books.obligations
    }
    assert len(owed) == len(books.obligations)
    assert owed.items() <= billed.items()
    approvals = {row["approval_id"] for row in books.actuals if row["approval_id"]}
    for approval_id in sorted(approvals):
        known = loaded(ledger, streams.approval(SOURCE, approval_id))
        if known and known.recall:
            stays = {detail_id for detail_id, of in billed.items() if of[1] == approval_id}
            assert stays == {detail_id for detail_id, of in owed.items() if of[1] == approval_id}
            assert approval_id not in {
                row["approval_id"] for row in books.sales if row["billing_status"] in OPEN
            }
