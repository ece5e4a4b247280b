"""docs/invoicing.md: what invoices book, case by case, each row as the service answered it.

`python -m tests.invoicing_page` (`just invoicing`) writes the page: every case is a contract of its
own, worked over HTTP, and each table shows the actuals that a step booked.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import httpx

from service.http.app import create_app
from service.http.server.serving import running
from service.settings import Settings
from service.tenants.tenant import Tenant
from tests.conftest import NOW
from tests.databases import Only
from tests.office import FIXED_PRICE, Json, approval_event, contract_body, event, line_body
from tests.service.processes import LONG

INTRODUCTION = """# What invoices book

Every actual that an approval or an invoice makes, case by case, as an accountant would write it
down. `just invoicing` writes this page from what the service answers; the rules are in
[rules.md](rules.md).

**U** is an unbilled sales actual, **B** a billed one. Rows are never changed: one is *reversed* by
a row of the opposite sign, and others take its place. A table shows what one step booked, in order;
`1 reversed` cancels row 1 of the same case. The cause of a row is why it was booked (D-110).
Amounts are in euro, tax is 19 %, one customer pays all and nothing is limited unless said.
"""
_HEADS = ("row", "", "quantity", "price", "amount", "tax", "billing type", "cause")
_STATUSES = ("not_ready", "ready", "invoice_created", "invoice_posted")


@dataclass(slots=True)
class Desk:
    """Somebody who works one case over HTTP, and writes down what it booked."""

    api: httpx.Client
    contract_id: str
    page: list[str]
    position: int = 0
    seen: dict[str, int] = field(default_factory=dict[str, int])
    """The actuals shown so far, by id: their number in the case."""

    # --- what is done --------------------------------------------------------------------------

    def call(self, method: str, path: str, body: object = None, **query: str) -> Json:
        """A command or a read, which sees all commands before it; it must not be refused."""
        params = {**query, "after": self.position} if method == "GET" else query
        answer = self.api.request(method, path, json=body, params=params)
        assert answer.is_success, (method, path, answer.text)
        self.position = max(self.position, answer.json().get("position") or 0)
        return answer.json()

    def deal(self, splits: dict[str, str] | None = None, **terms: Any) -> None:
        """A contract with one line of time and material, `T`, and one of a fixed price, `F`."""
        splits = splits or {"A": "100"}
        path = f"/contracts/{self.contract_id}"
        self.call("PUT", path, contract_body(splits, **terms))
        self.call("PUT", f"{path}/lines/T", line_body(splits))
        self.call("PUT", f"{path}/lines/F", line_body(splits, method=FIXED_PRICE))

    def approve(self, quantity: str, price: str, **said: Any) -> list[str]:
        """Work is approved, with tax of 19 %; its items."""
        tax = (Decimal(quantity) * Decimal(price) * Decimal("0.19")).quantize(Decimal("0.01"))
        approval_id = f"{self.contract_id}-A"
        posted = approval_event(
            approval_id,
            price,
            contract_id=self.contract_id,
            line_id="T",
            quantity=quantity,
            tax=f"{tax:f}",
            **said,
        )
        return self.post(posted)["items"]

    def recall(self) -> Json:
        """The approval is recalled; what intake answers."""
        data = {"approval_id": f"{self.contract_id}-A", "contract_id": self.contract_id}
        recalled = {**data, "line_id": "T", "reason": "entered twice"}
        kind = "projects.approval.canceled.v1"
        return self.post(event(kind, recalled, f"{self.contract_id} recalled"))

    def post(self, posted: Json) -> Json:
        headers = {"content-type": "application/cloudevents+json"}
        answer = self.api.post("/events", json=posted, headers=headers)
        assert answer.is_success, answer.text
        self.position = max(self.position, answer.json()["position"])
        return answer.json()

    def milestone(self, amount: str, tax: str) -> str:
        """A milestone of the fixed-price line; the item of its one part."""
        body = {"name": "Acceptance", "amount": amount, "tax": tax, "date": "2026-10-20"}
        path = f"/contracts/{self.contract_id}/lines/F/milestones"
        return self.call("POST", path, body)["parts"][0]["item_id"]

    def draft(self, *items: str) -> Json:
        """These items are marked ready and drafted: the draft."""
        self.call("POST", "/backlog/mark", {"items": list(items), "status": "ready"})
        body = {"contract_id": self.contract_id, "items": list(items)}
        return self.call("POST", "/invoices", body)["invoices"][0]

    def edit(self, invoice: Json, number: int = 0, **values: str) -> Json:
        """A detail is edited: the invoice then."""
        path = f"/invoices/{invoice['invoice_id']}/details/{details(invoice)[number]['detail_id']}"
        return self.call("PATCH", path, values)

    def by_hand(self, invoice: Json, line_id: str) -> Json:
        """A fee of 80.00 is added to a draft by hand: the invoice then."""
        fee = {
            "line_id": line_id,
            "class": "fee",
            "date": "2026-10-20",
            "quantity": "1",
            "unit_price": "80.00",
            "tax": "15.20",
            "description": "Courier",
        }
        return self.call("POST", f"/invoices/{invoice['invoice_id']}/details", fee)

    def correct(self, invoice: Json, **stays: str) -> Json:
        """An invoice is corrected whole; with `stays`, that much of its first detail stays."""
        path = f"/invoices/{invoice['invoice_id']}/corrections"
        draft = self.call("POST", path, {"details": None})
        return self.edit(draft, 0, **stays) if stays else draft

    def confirm(self, invoice: Json) -> Json:
        """An invoice is confirmed; what it comes to and what it booked are written down."""
        path = f"/invoices/{invoice['invoice_id']}/confirm"
        confirmed = self.call("POST", path, {"accounting_date": "2026-10-31"})
        amount, tax, total = (confirmed[name] for name in ("amount", "tax", "total"))
        text = f"{confirmed['number']}: amount {amount}, tax {tax}, total **{total}**."
        self.write(text)
        self.rows()
        return confirmed

    # --- what is written down ------------------------------------------------------------------

    def write(self, text: str) -> None:
        self.page.append(text)

    def rows(self) -> None:
        """The actuals of the case that were booked since this was asked last."""
        listed: list[Json] = self.call(
            "GET", "/actuals", contract_id=self.contract_id, limit="1000"
        )["items"]
        new = [row for row in listed if row["actual_id"] not in self.seen]
        assert new, "nothing was booked"
        lines = [_line(_HEADS), _line("---" for _ in _HEADS)]
        for row in new:
            self.seen[row["actual_id"]] = len(self.seen) + 1
            lines.append(_line(self._cells(row)))
        self.page.append("\n".join(lines))

    def backlog(self) -> None:
        """What of the case stands in the backlog now, by status."""
        view = "/backlog/time-and-material"
        open_items: list[Json] = []
        for status in _STATUSES[:-1]:
            query = {"contract_id": self.contract_id, "billing_status": status}
            open_items += self.call("GET", view, **query)["items"]
        total = sum((Decimal(item["amount"]) for item in open_items), Decimal("0.00"))
        self.write(f"In the backlog then: {total:f}." if open_items else "The backlog is empty.")

    def _cells(self, row: Json) -> Iterator[str]:
        kind = "U" if row["type"] == "unbilled_sales" else "B"
        reversed_, replaced = row["reversal_of"], row["replaces"]
        yield str(self.seen[row["actual_id"]])
        if reversed_:
            yield f"{kind}, {self.seen[reversed_]} reversed"
        elif replaced:
            yield f"{kind} in place of {self.seen[replaced]}"
        else:
            yield kind
        yield from (row[name] for name in ("quantity", "unit_price", "amount", "tax"))
        yield row["billing_type"].replace("_", "-")
        yield row["cause"].replace("_", " ")


def details(invoice: Json) -> list[Json]:
    """All details of an invoice."""
    return [detail for line in invoice["lines"] for detail in line["details"]]


def _line(cells: Any) -> str:
    return f"| {' | '.join(cells)} |"


# --- the cases ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Case:
    """One case: what its heading and its text say, and how it is worked."""

    title: str
    text: str
    work: Callable[[Desk], None]


def _ten_hours(desk: Desk) -> Json:
    desk.deal()
    items = desk.approve("10", "130.00")
    desk.rows()
    return desk.draft(*items)


def _unchanged(desk: Desk) -> None:
    desk.confirm(_ten_hours(desk))


def _cut(desk: Desk) -> None:
    desk.confirm(desk.edit(_ten_hours(desk), quantity="8"))


def _raised(desk: Desk) -> None:
    desk.confirm(desk.edit(_ten_hours(desk), quantity="12"))


def _price(desk: Desk) -> None:
    desk.confirm(desk.edit(_ten_hours(desk), unit_price="120.00"))


def _price_and_quantity(desk: Desk) -> None:
    desk.confirm(desk.edit(_ten_hours(desk), quantity="8", unit_price="120.00"))


def _complimentary(desk: Desk) -> None:
    desk.confirm(desk.edit(_ten_hours(desk), billing_type="complimentary"))


def _by_hand(desk: Desk) -> None:
    desk.confirm(desk.by_hand(_ten_hours(desk), "T"))


def _by_hand_fixed(desk: Desk) -> None:
    desk.deal()
    desk.confirm(desk.by_hand(desk.draft(desk.milestone("4000.00", "760.00")), "F"))


def _invoiced(desk: Desk) -> Json:
    return desk.confirm(_ten_hours(desk))


def _credited(desk: Desk) -> None:
    invoice = _invoiced(desk)
    desk.write("All of it is corrected, nothing stays billed:")
    desk.confirm(desk.correct(invoice))
    desk.backlog()


def _credited_in_part(desk: Desk) -> None:
    invoice = _invoiced(desk)
    desk.write("7 hours stay billed:")
    desk.confirm(desk.correct(invoice, quantity="7"))
    desk.backlog()


def _other_price(desk: Desk) -> None:
    invoice = _invoiced(desk)
    desk.write("All hours stay, at 120:")
    desk.confirm(desk.correct(invoice, quantity="10", unit_price="120.00"))
    desk.backlog()


def _hand_credited(desk: Desk) -> None:
    desk.deal()
    invoice = desk.by_hand(desk.draft(desk.milestone("4000.00", "760.00")), "F")
    confirmed = desk.confirm(invoice)
    (fee,) = (each["detail_id"] for each in details(confirmed) if each["item_id"] is None)
    desk.write("The fee is corrected to half its price:")
    path = f"/invoices/{confirmed['invoice_id']}/corrections"
    draft = desk.call("POST", path, {"details": [fee]})
    desk.confirm(desk.edit(draft, quantity="1", unit_price="40.00"))


def _chain(desk: Desk) -> None:
    invoice = _invoiced(desk)
    desk.write("First correction: 7 hours stay.")
    first = desk.confirm(desk.correct(invoice, quantity="7"))
    desk.write("Second, of the first: the 7 hours at 120.")
    second = desk.confirm(desk.correct(first, quantity="7", unit_price="120.00"))
    desk.write("Third, of the second: nothing stays.")
    desk.confirm(desk.correct(second))
    desk.backlog()


def _milestone(desk: Desk) -> Json:
    desk.deal()
    return desk.confirm(desk.draft(desk.milestone("4000.00", "760.00")))


def _milestone_credited(desk: Desk) -> None:
    invoice = _milestone(desk)
    desk.write("All of it is credited:")
    desk.confirm(desk.correct(invoice))
    _parts(desk)


def _milestone_credited_in_part(desk: Desk) -> None:
    invoice = _milestone(desk)
    desk.write("2,500.00 stay billed:")
    desk.confirm(desk.correct(invoice, amount="2500.00"))
    _parts(desk)


def _parts(desk: Desk) -> None:
    parts = desk.call("GET", "/backlog/fixed-price", contract_id=desk.contract_id)["items"]
    said = ", ".join(
        f"{part['amount']} / {part['tax']} {part['billing_status'].replace('_', ' ')}"
        for part in sorted(parts, key=lambda part: part["billing_status"], reverse=True)
    )
    desk.write(f"The parts of the milestone then: {said}; the milestone is in progress.")


def _recalled(desk: Desk) -> None:
    desk.deal({"A": "60", "B": "40"})
    desk.approve("6", "150.00")
    desk.rows()
    desk.write("The approval is recalled:")
    desk.recall()
    desk.rows()
    desk.backlog()


def _recalled_after_billing(desk: Desk) -> None:
    desk.deal({"A": "60", "B": "40"})
    items = desk.approve("6", "150.00")
    desk.rows()
    desk.call("POST", "/backlog/mark", {"items": items, "status": "ready"})
    body = {"contract_id": desk.contract_id, "customer_ids": ["A"]}
    invoice = desk.confirm(desk.call("POST", "/invoices", body)["invoices"][0])
    answer = desk.recall()
    desk.write(f"The approval is recalled: `{answer['problem']['code']}`. B's part is reversed:")
    desk.rows()
    _obligation(desk)
    desk.write("A's invoice is corrected, 1.6 hours stay:")
    first = desk.confirm(desk.correct(invoice, quantity="1.6"))
    _obligation(desk)
    desk.write("That is corrected, too, nothing stays:")
    desk.confirm(desk.correct(first))
    _obligation(desk)
    desk.backlog()


def _obligation(desk: Desk) -> None:
    listed = desk.call("GET", "/intake/obligations", status="open")["items"]
    own = [each for each in listed if each["contract_id"] == desk.contract_id]
    amounts = ", ".join(each["amount"] for each in own)
    desk.write(f"Open obligation: {amounts}." if own else "No obligation is open any more.")


PARTS: dict[str, tuple[str, tuple[Case, ...]]] = {
    "Confirming": (
        "What confirmation books for each detail of a draft (D-45).",
        (
            Case("As approved", "10 hours at 130, billed as they are.", _unchanged),
            Case("Quantity cut", "The draft bills 8 of the 10 hours; nobody pays the rest.", _cut),
            Case("Quantity raised", "The draft bills 12 hours instead of 10.", _raised),
            Case("Another price", "The draft bills 120 an hour instead of 130.", _price),
            Case(
                "Price and quantity",
                "8 hours at 120; the rest at the old price.",
                _price_and_quantity,
            ),
            Case("At no charge", "The work is made complimentary (D-66).", _complimentary),
            Case("By hand", "A fee stands on the draft without any approval (D-68).", _by_hand),
            Case("Milestone, and a fee by hand", "On a line of a fixed price.", _by_hand_fixed),
        ),
    ),
    "Correcting time and material": (
        "A correction says what stays billed; what does not comes back to the backlog (D-78).",
        (
            Case("Nothing stays", "10 hours at 130 were billed.", _credited),
            Case("A part stays", "10 hours at 130 were billed.", _credited_in_part),
            Case("Another price", "10 hours at 130 were billed.", _other_price),
            Case("By hand, fixed price", "A fee of 80.00 was billed by hand.", _hand_credited),
            Case("A chain", "A correction is corrected in turn (D-79).", _chain),
        ),
    ),
    "Correcting milestones": (
        "Whole or in part; what is credited is ready to be billed again (D-81).",
        (
            Case("All of it", "A milestone of 4,000.00 was billed.", _milestone_credited),
            Case("A part", "A milestone of 4,000.00 was billed.", _milestone_credited_in_part),
        ),
    ),
    "Recalls": (
        "An approval is recalled before and after it was billed (D-23, D-83).",
        (
            Case("Before billing", "6 hours at 150, A pays 60 %, B 40 %.", _recalled),
            Case("After billing", "6 hours at 150; A's part is billed.", _recalled_after_billing),
        ),
    ),
}


def written(api: httpx.Client) -> str:
    """The page, as a service without any contract yet works it."""
    page = [INTRODUCTION.rstrip()]
    number = 0
    for part, (text, cases) in PARTS.items():
        page += [f"## {part}", text]
        for case in cases:
            number += 1
            page += [f"### {case.title}", case.text]
            case.work(Desk(api, f"CASE-{number}", page))
    return "\n\n".join(page) + "\n"


def main() -> None:
    """Writes the page to standard output."""
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(Tenant(f"sqlite:///{folder}/backlog.db", clock=lambda: NOW)) as tenant,
        running(create_app(Only(tenant), Settings(read_wait=60.0))) as address,
        httpx.Client(base_url=f"{address}/v1", timeout=LONG) as api,
    ):
        sys.stdout.write(written(api))


if __name__ == "__main__":
    main()
