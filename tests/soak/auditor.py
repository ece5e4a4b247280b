"""An auditor who knows the rules and the recorded events, and nothing of the service's code.

He follows every item, milestone and invoice through the history, and says where it breaks a rule.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from tests.soak.books import OPEN, ZERO, Invoice, Item, Level, Milestone
from tests.soak.notes import Discrepancies

Json = dict[str, Any]
MOVES = {
    "MarkedReady": ("ready", {"not_ready"}),
    "MarkedNotReady": ("not_ready", {"ready"}),
    "ItemsDrafted": ("invoice_created", {"ready"}),
    "ItemsReleased": ("ready", {"invoice_created"}),
    "ItemsPosted": ("invoice_posted", {"invoice_created"}),
}
"""Events that move items: to which billing status, and from which (D-13, D-25, D-42, D-44)."""


class Auditor:
    """The state of the books by the history so far.

    `gone` are milestones and drafts that were deleted, `received` what each posted event became,
    `kinds` how many events of each type there are.
    """

    def __init__(self, wrong: Discrepancies) -> None:
        self.wrong = wrong
        self.position = 0
        self.items: dict[str, Item] = {}
        self.milestones: dict[str, Milestone] = {}
        self.totals: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
        self.invoices: dict[str, Invoice] = {}
        self.gone: set[str] = set()
        self.received: dict[str, tuple[str, ...]] = {}
        self.committed: defaultdict[Level, Decimal] = defaultdict(Decimal)
        self.invoiced: defaultdict[Level, Decimal] = defaultdict(Decimal)
        self.limits: dict[Level, Decimal | None] = {}
        self.numbers = 0
        self.kinds = Counter[str]()
        self._versions: dict[str, int] = {}
        self._approvals: set[str] = set()
        self._command: str | None = None
        self._evaluated: set[Level] = set()
        self._handlers: dict[str, Callable[[Json], None]] = {
            "ContractDefined": self._contract_defined,
            "ContractLineDefined": self._line_defined,
            "MilestoneSplit": self._milestone_split,
            "MilestoneChanged": self._milestone_changed,
            "MilestoneDeleted": self._milestone_deleted,
            "UnbilledSalesRecorded": self._sales_recorded,
            "NTEEvaluated": self._evaluated_anew,
            "NTEReset": self._reset,
            "DraftCreated": self._draft_created,
            "DetailsAdded": self._details_added,
            "DraftDeleted": self._draft_deleted,
            "InvoiceConfirmed": self._invoice_confirmed,
            "InvoiceNumberAssigned": self._number_assigned,
            "EventReceived": self._event_received,
        }

    def follow(self, events: Iterable[Json]) -> None:
        """Takes further events of the history into account."""
        for event in events:
            self._consecutive(event)
            if event["correlation_id"] != self._command:
                self.close_command()
                self._command = event["correlation_id"]
            kind, data = event["type"].partition(".")[0], event["data"]
            self.kinds[kind] += 1
            try:
                if kind in MOVES:
                    self._moved(kind, data)
                elif kind in self._handlers:
                    self._handlers[kind](data)
            except KeyError as unknown:
                self._say(f"{kind} is about {unknown}, which is not there")

    def close_command(self) -> None:
        """Where a command let an amount pass, the level is not above its limit after it (D-38)."""
        for level in self._evaluated:
            limit = self.limits.get(level)
            used = self.committed[level] + self.invoiced[level]
            if limit is not None and used > limit:
                self._say(f"{level} has {used} of {limit} (D-38)")
        self._evaluated.clear()

    def _consecutive(self, event: Json) -> None:
        stream, version, position = event["stream"], event["version"], event["position"]
        due = self._versions.get(stream, 0) + 1
        self.wrong.unless(version == due, f"{stream} has version {version} where {due} is due")
        self._versions[stream] = version
        follows = position == self.position + 1
        self.wrong.unless(follows, f"position {position} comes after {self.position}")
        self.position = position

    def _say(self, what: str) -> None:
        self.wrong.add(f"position {self.position}: {what}")

    # --- terms ---------------------------------------------------------------------------------

    def _contract_defined(self, data: Json) -> None:
        contract_id = data["contract_id"]
        self._limit(("contract", contract_id, None, None), data["nte_limit"])
        for each in data["customers"]:
            level = ("contract_customer", contract_id, None, each["customer_id"])
            self._limit(level, each["nte_limit"])

    def _line_defined(self, data: Json) -> None:
        contract_id, line_id, terms = data["contract_id"], data["line_id"], data["terms"]
        self._limit(("line", contract_id, line_id, None), terms["nte_limit"])
        for each in terms["customers"]:
            level = ("line_customer", contract_id, line_id, each["customer_id"])
            self._limit(level, each["nte_limit"])

    def _limit(self, level: Level, value: str | None) -> None:
        self.limits[level] = None if value is None else Decimal(value)

    # --- milestones ----------------------------------------------------------------------------

    def _milestone_split(self, data: Json) -> None:
        identity = data["milestone_id"]
        if identity in self.milestones or identity in self.gone:
            self._say(f"milestone {identity} is made a second time")
        self._put_milestone(data)

    def _milestone_changed(self, data: Json) -> None:
        self._untouched(data["milestone_id"])
        self._put_milestone(data)

    def _milestone_deleted(self, data: Json) -> None:
        self._untouched(data["milestone_id"])
        milestone = self.milestones.pop(data["milestone_id"])
        self.gone.add(data["milestone_id"])
        for item_id in milestone.items:
            del self.items[item_id]
        self._total(data, -milestone.amount)

    def _put_milestone(self, data: Json) -> None:
        identity, parts = data["milestone_id"], data["parts"]
        amount, tax = Decimal(data["amount"]), Decimal(data["tax"])
        for name, whole in (("amount", amount), ("tax", tax)):
            shared = sum(Decimal(part[name]) for part in parts)
            if shared != whole:
                self._say(f"the parts of {identity} have {name} {shared}, not {whole} (D-2)")
        before = self.milestones.get(identity)
        contract_id, line_id = data["contract_id"], data["line_id"]
        items = tuple(part["item_id"] for part in parts)
        self.milestones[identity] = Milestone(contract_id, line_id, amount, tax, items)
        for part in parts:
            known = self.items.get(part["item_id"])
            self.items[part["item_id"]] = Item(
                contract_id,
                line_id,
                part["customer_id"],
                Decimal(part["amount"]),
                Decimal(part["tax"]),
                milestone_id=identity,
                billing_status=known.billing_status if known else "not_ready",
            )
        self._total(data, amount - (before.amount if before else ZERO))

    def _untouched(self, milestone_id: str) -> None:
        for item_id in self.milestones[milestone_id].items:
            status = self.items[item_id].billing_status
            if status not in OPEN:
                self._say(f"a milestone changed although {item_id} is {status} (D-14)")

    def _total(self, data: Json, change: Decimal) -> None:
        """The line's total is the sum over the milestones that exist (D-15)."""
        line = (data["contract_id"], data["line_id"])
        self.totals[line] += change
        if self.totals[line] != Decimal(data["milestones_total"]):
            said = data["milestones_total"]
            self._say(f"the milestones of {line} total {said}, not {self.totals[line]} (D-15)")

    # --- sales ---------------------------------------------------------------------------------

    def _sales_recorded(self, data: Json) -> None:
        for approval in data["approvals"]:
            if approval["approval_id"] in self._approvals:
                self._say(f"approval {approval['approval_id']} is recorded a second time (D-20)")
            self._approvals.add(approval["approval_id"])
            for sale in approval["sales"]:
                item = Item(
                    data["contract_id"],
                    data["line_id"],
                    sale["customer_id"],
                    Decimal(sale["amount"]),
                    Decimal(sale["tax"]),
                    chargeable=sale["billing_type"] == "chargeable",
                )
                if sale["item_id"] in self.items:
                    self._say(f"item {sale['item_id']} is made a second time")
                self.items[sale["item_id"]] = item
                self._verdict(item, sale["nte_status"])

    def _evaluated_anew(self, data: Json) -> None:
        for result in data["results"]:
            self._verdict(self.items[result["item_id"]], result["nte_status"])

    def _verdict(self, item: Item, status: str) -> None:
        if item.billing_status not in OPEN:
            self._say(f"an item that is {item.billing_status} is evaluated (D-34)")
        self._hold(item, nte_status=status)
        if status == "committed" and item.amount > 0:
            self._evaluated.update(item.levels())

    def _reset(self, data: Json) -> None:
        for item_id in data["items"]:
            item = self.items[item_id]
            if item.billing_status not in OPEN:
                self._say(f"{item_id} is reset while {item.billing_status} (D-33)")
            self._hold(item, nte_status="not_evaluated")

    def _hold(self, item: Item, **changes: str) -> None:
        """Changes the item, and what every level holds with it."""
        before = item.held()
        for name, value in changes.items():
            setattr(item, name, value)
        after = item.held()
        for level in item.levels():
            self.committed[level] += after[0] - before[0]
            self.invoiced[level] += after[1] - before[1]

    # --- moves and invoices --------------------------------------------------------------------

    def _moved(self, kind: str, data: Json) -> None:
        status, from_ = MOVES[kind]
        invoice_id = data.get("invoice_id")
        for item_id in data["items"]:
            item = self.items[item_id]
            if item.billing_status not in from_:
                self._say(f"{kind} takes {item_id} that is {item.billing_status}")
            if kind in {"ItemsReleased", "ItemsPosted"} and item.invoice_id != invoice_id:
                self._say(f"{kind} of {invoice_id} takes {item_id} of {item.invoice_id}")
            if kind == "MarkedReady" and item.nte_status in {"failed", "not_evaluated"}:
                self._say(f"{item_id} is marked ready although {item.nte_status} (D-26)")
            self._hold(item, billing_status=status)
            item.invoice_id = invoice_id if status.startswith("invoice_") else None

    def _draft_created(self, data: Json) -> None:
        self.invoices[data["invoice_id"]] = Invoice(data["contract_id"])

    def _details_added(self, data: Json) -> None:
        invoice = self.invoices[data["invoice_id"]]
        invoice.items.update(detail["item_id"] for detail in data["details"])
        invoice.amount, invoice.tax = Decimal(data["amount"]), Decimal(data["tax"])

    def _draft_deleted(self, data: Json) -> None:
        if self.invoices.pop(data["invoice_id"]).number:
            self._say(f"invoice {data['invoice_id']} is deleted although confirmed (D-44)")
        self.gone.add(data["invoice_id"])

    def _invoice_confirmed(self, data: Json) -> None:
        invoice = self.invoices[data["invoice_id"]]
        if invoice.number:
            self._say(f"invoice {invoice.number} is confirmed a second time (D-44)")
        invoice.number = data["number"]

    def _number_assigned(self, data: Json) -> None:
        self.numbers += 1
        if data["sequence"] != self.numbers:
            self._say(f"number {data['sequence']} is given where {self.numbers} is due (D-44)")

    def _event_received(self, data: Json) -> None:
        self.received[data["event_id"]] = tuple(data["items"])
