"""A contract with the lines that a command touches: what decisions across lines look at."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from aggregates import streams
from aggregates.contract.state import Contract
from aggregates.contract_line.events import ItemsMoved
from aggregates.contract_line.head import LineHead
from aggregates.contract_line.items import Item
from aggregates.contract_line.state import ContractLine
from aggregates.limits import Limits
from aggregates.refusals import LeftAlone, Refused
from aggregates.statuses import BillingStatus

T = TypeVar("T")
L_co = TypeVar("L_co", bound=LineHead, covariant=True)
M = TypeVar("M", bound=ItemsMoved)

EVENT_SIZE = 1000
"""Most items that one event lists; longer lists are cut into several events."""
NOT_OPEN = "item_not_open"
"""Code of an item that is not open in the deal: it is posted or unknown, which `closed` words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DealOf(Generic[L_co]):
    """A contract and those of its lines that a command concerns, as far as it asks for them."""

    contract: Contract
    lines: Mapping[str, L_co]

    def limits(self) -> Limits:
        """The contract's limits and their usage, to be worked with during one decision."""
        return Limits(self.contract, self.lines.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal(DealOf[ContractLine]):
    """A contract and those of its lines that a command concerns, with their open items."""

    def find(self, item_id: str) -> tuple[ContractLine, Item] | None:
        """The open item of that id and its line, None when nothing open has that id."""
        key = streams.line_of(item_id)
        if key is None or key.contract_id != self.contract.contract_id:
            return None
        line = self.lines.get(key.line_id)
        item = line.item(item_id) if line else None
        return (line, item) if line and item else None


def not_open(item_id: str) -> LeftAlone:
    """An item that can't be found open: whether it is posted or unknown, the deal does not say."""
    return LeftAlone(item_id, Refused(NOT_OPEN, "there is no open item of this id"))


def closed(item_id: str, *, is_known: bool) -> LeftAlone:
    """An item that is not open: posted, if there is one of this id, otherwise unknown."""
    if is_known:
        detail = "the item is posted with its invoice"
        return LeftAlone(item_id, Refused("item_posted", detail, "D-25"))
    return LeftAlone(item_id, Refused("item_not_found", "there is no item of this id"))


def chunks(values: Iterable[T], size: int = EVENT_SIZE) -> list[tuple[T, ...]]:
    """The values in tuples of at most `size`: what one event lists."""
    listed = tuple(values)
    return [listed[start : start + size] for start in range(0, len(listed), size)]


def moved(
    line: ContractLine,
    items: Iterable[str],
    status: BillingStatus,
    event: Callable[..., M],
) -> Iterator[M]:
    """Items of a line taking a new status, with the header statuses that follow (D-12).

    `event` makes one event of at most 1,000 items; the first one carries the headers.
    """
    listed = tuple(items)
    if not listed:
        return
    headers = line.headers_after(listed, status)
    for some in chunks(listed):
        yield event(
            contract_id=line.contract_id,
            line_id=line.line_id,
            billing_method=line.terms.billing_method,
            items=some,
            milestones=headers,
        )
        headers = ()
