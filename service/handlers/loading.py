"""What commands decide on, loaded: contracts, lines, deals."""

from collections.abc import Iterable
from typing import TypeVar

from aggregates import streams
from aggregates.contract.state import Contract
from aggregates.contract_line.head import LineHead
from aggregates.contract_line.state import ContractLine
from aggregates.deal import Deal, DealOf
from aggregates.refusals import NotFound
from service.ledger.stream_kinds import CONTRACT, LINE, LINE_HEAD, StreamKind
from service.ledger.unit_of_work import UnitOfWork

L = TypeVar("L", bound=LineHead)


def by_contract(items: Iterable[str]) -> dict[str, list[str]]:
    """The items by contract, in their order; ids that name no line come under no contract, "".

    So contracts are in the order they are first named.
    """
    grouped: dict[str, list[str]] = {}
    for item_id in items:
        key = streams.line_of(item_id)
        grouped.setdefault(key.contract_id if key else "", []).append(item_id)
    return grouped


def load_deal(unit: UnitOfWork, contract_id: str, line_ids: Iterable[str]) -> Deal | None:
    """The contract with those of the lines that exist, None when there is no such contract."""
    contract = unit.load(CONTRACT, streams.contract(contract_id))
    if contract is None:
        return None
    return Deal(contract=contract, lines=_lines(unit, LINE, contract_id, line_ids))


def load_heads(
    unit: UnitOfWork, contract_id: str, line_ids: Iterable[str]
) -> DealOf[LineHead] | None:
    """As `load_deal`, without the items of the lines."""
    contract = unit.load(CONTRACT, streams.contract(contract_id))
    if contract is None:
        return None
    return DealOf(contract=contract, lines=_lines(unit, LINE_HEAD, contract_id, line_ids))


def _lines(
    unit: UnitOfWork, kind: StreamKind[L], contract_id: str, line_ids: Iterable[str]
) -> dict[str, L]:
    lines: dict[str, L] = {}
    for line_id in dict.fromkeys(line_ids):
        line = unit.load(kind, streams.line(contract_id, line_id))
        if line is not None:
            lines[line_id] = line
    return lines


def required_contract(unit: UnitOfWork, contract_id: str) -> Contract:
    """The contract. Raises NotFound when there is none."""
    state = unit.load(CONTRACT, streams.contract(contract_id))
    if state is None:
        raise NotFound("contract", contract_id)
    return state


def required_line(unit: UnitOfWork, contract_id: str, line_id: str) -> ContractLine:
    """The contract line. Raises NotFound when there is none."""
    state = unit.load(LINE, streams.line(contract_id, line_id))
    if state is None:
        raise NotFound("contract_line", line_id)
    return state
