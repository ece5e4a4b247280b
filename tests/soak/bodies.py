"""What clerks send: contracts, lines, milestones and approvals, at random within the rules."""

import random
from datetime import date, timedelta
from decimal import Decimal

from tests.office import (
    CLASSES,
    FIXED_PRICE,
    TIME_AND_MATERIAL,
    Json,
    approval_event,
    contract_body,
    line_body,
)

CURRENCIES = {"EUR": 2, "JPY": 0, "KWD": 3, "TIGHT": 2}
"""The last part of a contract's id, and the decimals of its currency; `TIGHT` is in EUR."""
SALES_LINES, FIXED_LINES = ("T1", "T2"), ("F1", "F2")
CUSTOMERS = ("A", "B", "C")
FIRST_DAY = date(2026, 3, 2)
SPLITS = (
    {"A": "100", "B": "0"},
    {"A": "60", "B": "40"},
    {"A": "0", "B": "100"},
    {"A": "33.33", "B": "33.33", "C": "33.34"},
    {"A": "12.5", "B": "50", "C": "37.5"},
)


def contracts_of(part: int) -> list[str]:
    """The contracts that clerks share in one part of the run."""
    return [f"R{part}-{name}" for name in CURRENCIES]


def currency_of(contract_id: str) -> str:
    """The currency that a contract has for good."""
    name = contract_id.rpartition("-")[2]
    return "EUR" if name == "TIGHT" else name


def money(chance: random.Random, contract_id: str, largest: int) -> str:
    """An amount above zero in the contract's currency."""
    decimals = CURRENCIES[contract_id.rpartition("-")[2]]
    return f"{Decimal(chance.randint(1, largest * 10**decimals)).scaleb(-decimals):f}"


def limit(chance: random.Random, contract_id: str, largest: int) -> str | None:
    """A limit or none; tight contracts have more of them."""
    odds = 0.9 if contract_id.endswith("TIGHT") else 0.4
    return money(chance, contract_id, largest) if chance.random() < odds else None


def day(chance: random.Random) -> str:
    """A day of one month."""
    return (FIRST_DAY + timedelta(chance.randint(0, 27))).isoformat()


def contract(chance: random.Random, contract_id: str) -> Json:
    """The terms of a contract: the customers are always the same, the limits are not."""
    return contract_body(
        CUSTOMERS,
        name=f"Contract {chance.randint(1, 99)}",
        currency=currency_of(contract_id),
        limit=limit(chance, contract_id, 60_000),
        limits={customer: limit(chance, contract_id, 30_000) for customer in CUSTOMERS},
    )


def line(chance: random.Random, contract_id: str, line_id: str) -> Json:
    """The terms of a line, split in one of a few ways."""
    fixed = line_id in FIXED_LINES
    splits = chance.choice(SPLITS)
    return line_body(
        splits,
        name=f"Line {chance.randint(1, 99)}",
        method=FIXED_PRICE if fixed else TIME_AND_MATERIAL,
        rounding=max(splits, key=lambda customer: Decimal(splits[customer])),
        contract_amount="100000" if fixed else None,
        limit=None if fixed else limit(chance, contract_id, 40_000),
        limits={customer: limit(chance, contract_id, 20_000) for customer in splits},
        chargeable={"roles": {"free": False}},
    )


def milestone(chance: random.Random, contract_id: str) -> Json:
    """A milestone with some tax."""
    return {
        "name": f"Milestone {chance.randint(1, 99)}",
        "amount": money(chance, contract_id, 3_000),
        "tax": money(chance, contract_id, 300),
        "date": day(chance),
    }


def approval(chance: random.Random, contract_id: str, number: str) -> Json:
    """The event of an approval, mostly of work on a time-and-material line."""
    quantity = Decimal(chance.randint(-8, 80)) / 8
    data: Json = {
        "contract_id": contract_id,
        "line_id": chance.choice((*SALES_LINES * 6, FIXED_LINES[0])),
        "date": day(chance),
        "quantity": f"{quantity:f}",
        "unit_price": money(chance, contract_id, 200),
        "tax": money(chance, contract_id, 20),
        "currency": currency_of(contract_id),
        "role": chance.choice(["developer", "free", None]),
    }
    if quantity > 1 and chance.random() < 0.2:
        data["billable_quantity"] = "1"
    if chance.random() < 0.1:
        data["billing_type"] = chance.choice(["non_chargeable", "complimentary"])
    return approval_event(f"A{number}", kind=chance.choice(CLASSES), event_id=f"E{number}", **data)
