"""The demo's end state as tables: both backlog views, limits, invoices, and that they balance."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from aggregates.statuses import BillingType
from service.demo.balance import balances
from service.demo.desk import ALL_STATUSES, Json
from service.demo.two_months import EndState

SHOWN_ROWS = 30
_LABELS = {"invoice_created": "on draft", "invoice_posted": "posted", "not_applicable": "no limit"}
_TYPES = tuple(BillingType)
_NUMBERS = {
    "Still billed",
    "Of items",
    "Their tax",
    "Of invoices",
    "Difference",
    "Qty",
    "Items",
    "Amount",
    "Tax",
    "Total",
    "Limit",
    "Committed",
    "Invoiced",
    "Remaining",
}
# Texts share the room that the other columns leave, up to a readable width of the whole.
_TEXTS = {"Customer": 4, "What": 5, "Milestone": 4}
_WIDEST_TABLE = 120


def print_tables(end: EndState, console: Console) -> None:
    """Both views with their totals, the limits, the invoices, both held against each other, and
    what has to be corrected, for a screen of 100 columns.
    """
    width = min(console.width, _WIDEST_TABLE)
    numbers = {row["invoice_id"]: row["number"] or "draft" for row in end.invoices}
    heads = ("Line", "Milestone", "Customer", "Date", "Amount", "Part", "Header", "Invoice")
    cells = [_milestone_cells(row, numbers) for row in end.fixed_price]
    console.print(_table("Fixed-price backlog", heads, cells, width), "", _totals(end.fixed_price))
    newest = sorted(end.time_and_material, key=lambda row: row["date"], reverse=True)
    heads = ("Date", "Line", "Customer", "What", "Qty", "Amount", "Status", "Limit check")
    cells = [_sale_cells(row) for row in newest[:SHOWN_ROWS]]
    console.print("", _table("Time and material backlog, newest first", heads, cells, width))
    if len(newest) > SHOWN_ROWS:
        console.print(f"… and {len(newest) - SHOWN_ROWS} more rows; the totals are over all.")
    console.print("", _totals(end.time_and_material))
    rows = (*end.time_and_material, *end.fixed_price)
    names = {row["customer_id"]: str(row["customer_name"]) for row in rows}
    heads = ("Level", "Of", "Customer", "Limit", "Committed", "Invoiced", "Remaining", "Cur")
    cells = [_level_cells(level, names) for level in end.limits if level["limit"] is not None]
    console.print("", _table("Not-to-exceed limits", heads, cells, width))
    heads = ("Number", "Status", "Contract", "Customer", "Cutoff", "Amount", "Tax", "Total", "Cur")
    cells = [_invoice_cells(invoice, names) for invoice in end.invoices]
    console.print("", _table("Invoices", heads, cells, width))
    console.print("", _balance(end))
    heads = ("Approval", "Invoice", "Still billed", "Status", "Reason")
    cells = [_obligation_cells(each, numbers) for each in end.obligations]
    console.print("", _table("Obligations: recalled, and still billed", heads, cells, width))


def _table(
    title: str, heads: Sequence[str], rows: Iterable[Sequence[str]], width: int | None = None
) -> Table:
    """A table as wide as given, or as its cells need; only texts are cut short."""
    table = Table(title=title, title_justify="left", header_style="bold", box=None, width=width)
    table.padding = (0, 1, 0, 0)
    for head in heads:
        side = "right" if head in _NUMBERS else "left"
        share = _TEXTS.get(head)
        table.add_column(head, justify=side, no_wrap=True, overflow="ellipsis", ratio=share)
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    return table


def _totals(rows: Sequence[Json]) -> Table:
    """What `totals=true` would say of the same rows: per currency, billing status and type.

    Only what is chargeable comes to be on an invoice's amount (D-43).
    """
    sums: dict[tuple[str, str, str], tuple[int, Decimal, Decimal]] = {}
    for row in rows:
        key = row["currency"], row["billing_status"], row["billing_type"]
        count, amount, tax = sums.get(key, (0, Decimal(0), Decimal(0)))
        sums[key] = count + 1, amount + Decimal(row["amount"]), tax + Decimal(row["tax"])
    ordered = sorted(
        sums.items(),
        key=lambda item: (item[0][0], ALL_STATUSES.index(item[0][1]), _TYPES.index(item[0][2])),
    )
    return _table(
        "Totals",
        ("Cur", "Status", "Billing type", "Items", "Amount", "Tax"),
        (
            (currency, _label(status), _label(kind), str(count), f"{amount:,f}", f"{tax:,f}")
            for (currency, status, kind), (count, amount, tax) in ordered
        ),
    )


def _balance(end: EndState) -> Table:
    """What is on drafts and posted, by the rows of both views and by the invoices."""
    rows = [
        (
            balance.kind[0],
            *map(_label, balance.kind[1:]),
            *(f"{each:,f}" for each in (*balance.items, *balance.invoices, balance.difference)),
        )
        for balance in balances((*end.time_and_material, *end.fixed_price), end.invoices)
    ]
    heads = ("Cur", "Status", "Billing type", "Of items", "Their tax", "Of invoices", "Tax")
    return _table("Items and invoices balance", (*heads, "Difference"), rows)


def _milestone_cells(row: Json, numbers: Mapping[str, str]) -> tuple[str, ...]:
    return (
        str(row["line_id"]),
        str(row["milestone_name"]),
        str(row["customer_name"]),
        str(row["date"]),
        f"{_money(row['amount'])} {row['currency']}",
        _label(row["billing_status"]),
        _label(row["milestone_status"]),
        numbers.get(row["invoice_id"], "-"),
    )


def _sale_cells(row: Json) -> tuple[str, ...]:
    chargeable = row["billing_type"] == "chargeable"
    return (
        str(row["date"]),
        str(row["line_id"]),
        str(row["customer_name"]),
        f"{row['class']}: {row['description'] or ''}",
        str(row["quantity"]),
        f"{_money(row['amount'])} {row['currency']}",
        _label(row["billing_status"]),
        _label(row["nte_status"]) if chargeable else "no charge",
    )


def _level_cells(level: Json, names: Mapping[str, str]) -> tuple[str, ...]:
    sums = (level["limit"], level["committed"], level["invoiced"], level["remaining"])
    of, payer = level["line_id"] or level["contract_id"], level["customer_id"]
    payer = names.get(payer, payer) if payer else "all"
    return (_label(level["level"]), of, payer, *map(_money, sums), level["currency"])


def _invoice_cells(invoice: Json, names: Mapping[str, str]) -> tuple[str, ...]:
    payer = invoice["customer_id"]
    return (
        str(invoice["number"] or "-"),
        "correction" if invoice["corrects"] else _label(invoice["status"]),
        str(invoice["contract_id"]),
        names.get(payer, payer),
        str(invoice["cutoff"] or "-"),
        *(_money(invoice[head]) for head in ("amount", "tax", "total")),
        str(invoice["currency"]),
    )


def _obligation_cells(obligation: Json, numbers: Mapping[str, str]) -> tuple[str, ...]:
    return (
        str(obligation["approval_id"]),
        numbers[obligation["invoice_id"]],
        _money(obligation["amount"]),
        _label(obligation["status"]),
        str(obligation["reason"]),
    )


def _label(value: str) -> str:
    return _LABELS.get(value, value.replace("_", " "))


def _money(text: str | None) -> str:
    return "-" if text is None else f"{Decimal(text):,f}"
