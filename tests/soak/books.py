"""What the books have by the history: items, milestones and invoices."""

from dataclasses import dataclass, field
from decimal import Decimal

Level = tuple[str, str, str | None, str | None]
"""Which of the four levels; contract; line and customer, where it is one of theirs (D-30)."""
OPEN = {"not_ready", "ready"}
ZERO = Decimal(0)


@dataclass(slots=True)
class Item:
    """A backlog item."""

    contract_id: str
    line_id: str
    customer_id: str
    amount: Decimal
    tax: Decimal
    chargeable: bool = True
    nte_status: str | None = None
    milestone_id: str | None = None
    billing_status: str = "not_ready"
    invoice_id: str | None = None

    def levels(self) -> tuple[Level, ...]:
        """The four levels that it counts at."""
        contract, line, customer = self.contract_id, self.line_id, self.customer_id
        return (
            ("line_customer", contract, line, customer),
            ("line", contract, line, None),
            ("contract_customer", contract, None, customer),
            ("contract", contract, None, None),
        )

    def held(self) -> tuple[Decimal, Decimal]:
        """What it holds at its levels: committed, invoiced (D-37)."""
        if not self.chargeable:
            return ZERO, ZERO
        if self.billing_status == "invoice_posted":
            return ZERO, self.amount
        return (self.amount if self.nte_status == "committed" else ZERO), ZERO


@dataclass(slots=True)
class Milestone:
    """A milestone that exists."""

    contract_id: str
    line_id: str
    amount: Decimal
    tax: Decimal
    items: tuple[str, ...]


@dataclass(slots=True)
class Invoice:
    """An invoice; it has a number once it is confirmed."""

    contract_id: str
    amount: Decimal = ZERO
    tax: Decimal = ZERO
    number: str | None = None
    items: set[str] = field(default_factory=set[str])
