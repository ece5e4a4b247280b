"""Somebody who works cases of docs/invoicing.md over HTTP, and writes down what they book."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import httpx

from tests.office import FIXED_PRICE, Json, approval_event, contract_body, event, line_body

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
