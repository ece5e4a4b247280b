"""The books held against what clerks were told, and against all that the API shows."""

from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, Iterable, Mapping
from decimal import Decimal
from typing import Any

from tests.soak.auditor import Auditor
from tests.soak.bodies import FIXED_LINES
from tests.soak.books import ZERO, Level
from tests.soak.notes import Notes
from tests.soak.servers import Served

Json = dict[str, Any]
ANY_STATUS = ("not_ready", "ready", "invoice_created", "invoice_posted", "canceled")
MOST_INVOICES = 200
"""Invoices of a contract that are looked at with their details."""


class Reconciler:
    """Asks one server for everything once the clerks rest, and says what does not agree."""

    def __init__(self, notes: Notes, books: Auditor) -> None:
        self._notes, self._books, self._wrong = notes, books, notes.wrong
        self._server: Served | None = None
        self._read_to: str | None = None
        """Where the last whole page of the history ended."""

    async def follow(self, server: Served) -> None:
        """Has the auditor read on to the end of the history."""
        self._server = server
        path = "/audit/events?limit=1000"
        known = self._books.position  # the last page was read in part
        async for events, following in self._pages(path, self._read_to):
            self._books.follow(event for event in events if event["position"] > known)
            self._read_to = following or self._read_to
        self._books.close_command()
        told, reached = self._notes.position, self._books.position
        self._wrong.unless(reached >= told, f"position {told} was answered, {reached} is the last")

    def hold_what_was_told(self) -> None:
        """All that clerks were told is in the history, and no more often than they were told."""
        for event_id, items in self._notes.events.items():
            found = self._books.received.get(event_id)
            if found is None or (items and found != items):
                self._wrong.add(f"event {event_id} was answered {items}, recorded is {found}")
        for identity in self._notes.made:
            known = (self._books.milestones, self._books.invoices, self._books.gone)
            self._wrong.unless(any(identity in each for each in known), f"{identity} is lost")
        for identity, times in self._notes.deleted.items():
            gone = identity in self._books.gone
            self._wrong.unless(
                gone and times == 1,
                f"{times} clerks were told to have deleted "
                f"{identity}, which is {'gone' if gone else 'there'}",
            )
        for invoice_id, number in self._notes.numbers.items():
            invoice = self._books.invoices.get(invoice_id)
            recorded = invoice.number if invoice else None
            self._wrong.unless(recorded == number, f"{invoice_id}: {number}, recorded {recorded}")

    async def hold_the_views(self, server: Served, contracts: Iterable[str]) -> None:
        """What the API shows of these contracts is what the history says."""
        self._server = server
        for contract_id in contracts:
            if ("contract", contract_id, None, None) in self._books.limits:
                await self._limits(contract_id)
                await self._lines(contract_id)
                await self._backlog(contract_id)
                await self._invoices(contract_id)

    async def hold_the_numbers(self, server: Served) -> None:
        """The numbers of all invoices are a series without gaps (D-44)."""
        self._server = server
        rows = await self._rows("/invoices?limit=1000&status=confirmed")
        shown = sorted(row["number"] for row in rows)
        due = [f"INV-{n:06d}" for n in range(1, self._books.numbers + 1)]
        self._wrong.unless(shown == due, f"{len(shown)} numbers are shown, {len(due)} were given")

    # --- contract by contract ------------------------------------------------------------------

    async def _limits(self, contract_id: str) -> None:
        """Every level holds the sum of its items (D-37)."""
        found = await self._get(f"/contracts/{contract_id}/limits")
        for row in found["levels"]:
            level: Level = (row["level"], contract_id, row["line_id"], row["customer_id"])
            due = (
                self._books.limits.get(level),
                self._books.committed[level],
                self._books.invoiced[level],
            )
            shown = (
                None if row["limit"] is None else Decimal(row["limit"]),
                Decimal(row["committed"]),
                Decimal(row["invoiced"]),
            )
            self._wrong.unless(shown == due, f"{level} shows {shown}, by its items {due} (D-37)")

    async def _lines(self, contract_id: str) -> None:
        """A line's milestones total what exists of them (D-15)."""
        for line_id in FIXED_LINES:
            if ("line", contract_id, line_id, None) not in self._books.limits:
                continue
            line = await self._get(f"/contracts/{contract_id}/lines/{line_id}")
            shown, due = Decimal(line["milestones_total"]), self._books.totals[contract_id, line_id]
            self._wrong.unless(shown == due, f"{contract_id}/{line_id}: {shown}, not {due} (D-15)")

    async def _backlog(self, contract_id: str) -> None:
        """Both views show every item of the history, and none besides; parts sum to headers."""
        query = f"contract_id={contract_id}&limit=1000" + "".join(
            f"&billing_status={status}" for status in ANY_STATUS
        )
        rows = await self._rows(f"/backlog/fixed-price?{query}")
        parts: defaultdict[str, Decimal] = defaultdict(Decimal)
        for row in rows:
            parts[row["milestone_id"]] += Decimal(row["amount"])
        due = {
            identity: each.amount
            for identity, each in self._books.milestones.items()
            if each.contract_id == contract_id and each.items
        }
        self._same(f"milestones of {contract_id}", parts, due)
        rows += await self._rows(f"/backlog/time-and-material?{query}")
        shown = {
            row["item_id"]: (
                Decimal(row["amount"]),
                Decimal(row["tax"]),
                row["billing_status"],
                row.get("nte_status"),
                row["invoice_id"],
            )
            for row in rows
        }
        items = {
            item_id: (item.amount, item.tax, item.billing_status, item.nte_status, item.invoice_id)
            for item_id, item in self._books.items.items()
            if item.contract_id == contract_id
        }
        self._wrong.unless(len(rows) == len(shown), f"{contract_id} has items twice in the views")
        self._same(f"items of {contract_id}", shown, items)

    async def _invoices(self, contract_id: str) -> None:
        """Drafts share no item (D-41); what was billed is what was invoiced (D-43, D-46)."""
        rows = await self._rows(f"/invoices?contract_id={contract_id}&limit=1000")
        shown = {
            row["invoice_id"]: (row["number"], Decimal(row["amount"]), Decimal(row["tax"]))
            for row in rows
        }
        due = {
            invoice_id: (each.number, each.amount, each.tax)
            for invoice_id, each in self._books.invoices.items()
            if each.contract_id == contract_id
        }
        self._same(f"invoices of {contract_id}", shown, due)
        on = Counter[str]()
        for row in rows[-MOST_INVOICES:]:
            on.update(await self._details(row["invoice_id"]))
        twice = [item_id for item_id, times in on.items() if times > 1]
        self._wrong.unless(not twice, f"items are on two invoices: {twice[:5]} (D-41)")
        actuals = await self._rows(f"/actuals?contract_id={contract_id}&limit=1000")
        self._actuals(contract_id, actuals, due)

    async def _details(self, invoice_id: str) -> list[str]:
        """The items of an invoice, whose chargeable details sum to it (D-43)."""
        invoice = await self._get(f"/invoices/{invoice_id}")
        details = [detail for line in invoice["lines"] for detail in line["details"]]
        for name in ("amount", "tax"):
            charged = (d for d in details if d["billing_type"] == "chargeable")
            total = sum((Decimal(d[name]) for d in charged), ZERO)
            if total != Decimal(invoice[name]):
                self._wrong.add(f"{invoice_id} has {name} {invoice[name]}, not {total} (D-43)")
        return [detail["item_id"] for detail in details]

    def _actuals(self, contract_id: str, rows: list[Json], invoices: Mapping[str, Any]) -> None:
        nets: defaultdict[str, list[Decimal]] = defaultdict(lambda: [ZERO] * 3)
        billed: defaultdict[str, list[Decimal]] = defaultdict(lambda: [ZERO] * 2)
        posted: set[str] = set()
        for row in rows:
            figures = [Decimal(row[name]) for name in ("quantity", "amount", "tax")]
            if row["type"] == "billed_sales":
                posted.add(row["item_id"])
                if row["billing_type"] == "chargeable":
                    before = billed[row["invoice_id"]]
                    billed[row["invoice_id"]] = [
                        a + b for a, b in zip(before, figures[1:], strict=True)
                    ]
            else:
                before = nets[row["item_id"]]
                nets[row["item_id"]] = [a + b for a, b in zip(before, figures, strict=True)]
        for item_id, net in nets.items():
            item = self._books.items.get(item_id)
            due = ZERO if item_id in posted or item is None else item.amount
            self._wrong.unless(net[1] == due, f"{item_id} nets {net[1]}, not {due} (D-46)")
            if item_id in posted:
                self._wrong.unless(not any(net), f"{item_id} is posted and nets {net} (D-46)")
        sums = {
            invoice_id: [amount, tax]
            for invoice_id, (number, amount, tax) in invoices.items()
            if number
        }
        for invoice_id in sums:
            _ = billed[invoice_id]  # one without chargeable details bills nothing
        self._same(f"what is billed of {contract_id} (D-46)", billed, sums)

    # --- helpers -------------------------------------------------------------------------------

    def _same(self, what: str, shown: Mapping[str, Any], due: Mapping[str, Any]) -> None:
        for key in sorted(shown.keys() | due.keys()):
            if shown.get(key) != due.get(key):
                self._wrong.add(f"{what}: {key} shows {shown.get(key)}, due is {due.get(key)}")

    async def _get(self, path: str) -> Json:
        assert self._server
        response = await self._server.client.get(
            f"/v1{path}{'&' if '?' in path else '?'}after={self._books.position}", timeout=120
        )
        if response.status_code != 200:
            raise NotShown(f"{path} was answered {response.status_code}: {response.text[:500]}")
        return response.json()

    async def _rows(self, path: str) -> list[Json]:
        return [row async for rows, _ in self._pages(path) for row in rows]

    async def _pages(
        self, path: str, cursor: str | None = None
    ) -> AsyncGenerator[tuple[list[Json], str | None]]:
        """The pages of a list from this cursor on, each with the next one's."""
        while True:
            page = await self._get(f"{path}&cursor={cursor}" if cursor else path)
            cursor = page["next"]
            yield page["items"], cursor
            if not cursor:
                return


class NotShown(Exception):
    """The API did not show what it has to; nothing can be reconciled."""
