"""Names of streams and of what the service makes itself: derived, so that replay gives the same.

An item's id says where it lives (`contract~line~hash`), so a command finds its stream without a
lookup; to callers it is an opaque string. "~" and "/" can't stand in an upstream id.
"""

import hashlib
from functools import lru_cache
from typing import NamedTuple

from aggregates.statuses import ActualType

_OF_CONTRACTS = frozenset({"contract", "line", "parking"})
"""The kinds of streams that are named by a contract first."""


class LineKey(NamedTuple):
    """Which contract line something belongs to."""

    contract_id: str
    line_id: str


def contract(contract_id: str) -> str:
    """The stream of a contract: customers, limits, usage at the levels 3 and 4."""
    return f"contract/{contract_id}"


def line(contract_id: str, line_id: str) -> str:
    """The stream of a contract line: terms, milestones, unbilled sales, usage at levels 1 and 2."""
    return f"line/{contract_id}/{line_id}"


def invoice(invoice_id: str) -> str:
    """The stream of a proforma invoice."""
    return f"invoice/{invoice_id}"


def contract_of(stream: str) -> str | None:
    """The contract that a stream is of by its name; None where that does not tell one."""
    kind, _, rest = stream.partition("/")
    return rest.partition("/")[0] if kind in _OF_CONTRACTS else None


def number_series(series: str) -> str:
    """The stream of a series of invoice numbers."""
    return f"series/{series}"


@lru_cache(maxsize=10_000)
def receipt(source: str, event_id: str) -> str:
    """The stream that remembers one posted event, by CloudEvents' (source, id)."""
    return f"receipt/{digest(source, event_id)}"


@lru_cache(maxsize=10_000)
def approval(source: str, approval_id: str) -> str:
    """The stream that remembers one approval, known in the whole tenant by this pair (D-20)."""
    return f"approval/{digest(source, approval_id)}"


def approvals_like(source: str, contract_id: str, approval_id: str) -> tuple[str, str]:
    """Where an approval is remembered: by its source, or by its contract if it is an old one."""
    return approval(source, approval_id), approval_without_source(contract_id, approval_id)


def approval_without_source(contract_id: str, approval_id: str) -> str:
    """The stream that remembers an approval from when it was known by contract, not by source."""
    return f"approval/{contract_id}/{approval_id}"


def parking(contract_id: str) -> str:
    """The stream of the events that wait for something of this contract."""
    return f"parking/{contract_id}"


def request(key: str, caller: str | None = None) -> str:
    """The stream that remembers the answer given to an Idempotency-Key of a caller.

    Where nobody is asked who they are, all are one caller, None.
    """
    return f"request/{digest(key) if caller is None else digest(caller, key)}"


def job(job_id: str) -> str:
    """The stream of a job: who asked for what, and what came of each step."""
    return f"job/{job_id}"


KEYS = "access/keys"
"""The stream that says which keys open a tenant."""

OPEN_JOBS = "jobs/open"
"""The stream that says which jobs are open: asked for, and not over yet."""


def item_id(contract_id: str, line_id: str, *parts: str) -> str:
    """The id of a backlog item, a function of what it stands for."""
    return f"{contract_id}~{line_id}~{digest(*parts)}"


def returned_item(contract_id: str, line_id: str, detail_id: str) -> str:
    """The id of what a corrective detail gives back to the backlog (D-78)."""
    return item_id(contract_id, line_id, "returned", detail_id)


def billed_actual(detail_id: str) -> str:
    """The id of the billed actual of a detail, of which there is one at most."""
    return digest(detail_id, ActualType.BILLED_SALES)


def detail_of_item(invoice_id: str, item_id: str) -> str:
    """The id of the detail that bills an item on an invoice."""
    return digest(invoice_id, item_id)


def corrective_detail(correction_id: str, detail_id: str) -> str:
    """The id of the detail of a correction that corrects this one."""
    return digest(correction_id, detail_id)


@lru_cache(maxsize=10_000)
def line_of(item_or_milestone_id: str) -> LineKey | None:
    """The contract line that an item or milestone id names, None when it is no such id."""
    parts = item_or_milestone_id.split("~")
    return LineKey(parts[0], parts[1]) if len(parts) == 3 and all(parts) else None


def digest(*parts: str) -> str:
    """128 bits of SHA-256 over the parts, as 32 hexadecimal digits."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]
