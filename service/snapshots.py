"""The stored form of folded states: a shortcut past long streams, never a source of truth.

A snapshot is named after its shape (`ContractLine.v1`); one of another shape is passed over and the
stream is folded from its events, so a shape may change whenever it has to.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, TypeVar

import msgspec
from rpds import HashTrieMap, HashTrieSet

from aggregates.contract import Contract
from aggregates.contract_line import ContractLine, LineHead, OpenMilestone, OpenPart, OpenSale
from aggregates.invoice import NumberSeries
from aggregates.nte import Usage
from aggregates.terms import LineTerms

S = TypeVar("S")


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotForm(Generic[S]):
    """How the states of one kind are stored; `name` changes whenever the shape does."""

    name: str
    encode: Callable[[S], bytes]
    decode: Callable[[bytes], S]


def _plain(name: str, kind: type[S]) -> SnapshotForm[S]:
    decoder = msgspec.json.Decoder(kind)
    return SnapshotForm(name=name, encode=msgspec.json.encode, decode=decoder.decode)


@dataclass(frozen=True, slots=True, kw_only=True)
class _LineForm:
    """A contract line with its maps as lists."""

    contract_id: str
    line_id: str
    currency: str
    terms: LineTerms
    sales: list[OpenSale]
    parts: list[OpenPart]
    milestones: list[OpenMilestone]
    ready: list[str]
    usage: dict[str, Usage]
    recorded_for: list[str]
    milestones_total: Decimal


_LINE_FORM = msgspec.json.Decoder(_LineForm)


def _encode_line(line: ContractLine) -> bytes:
    return msgspec.json.encode(
        _LineForm(
            contract_id=line.contract_id,
            line_id=line.line_id,
            currency=line.currency,
            terms=line.terms,
            sales=sorted(line.sales.values(), key=lambda sale: sale.item_id),
            parts=sorted(line.parts.values(), key=lambda part: part.item_id),
            milestones=sorted(line.milestones.values(), key=lambda m: m.milestone_id),
            ready=sorted(line.ready),
            usage=dict(line.usage),
            recorded_for=sorted(line.recorded_for),
            milestones_total=line.milestones_total,
        )
    )


def _decode_line(stored: bytes) -> ContractLine:
    form = _LINE_FORM.decode(stored)
    return ContractLine(
        contract_id=form.contract_id,
        line_id=form.line_id,
        currency=form.currency,
        terms=form.terms,
        sales=HashTrieMap({sale.item_id: sale for sale in form.sales}),
        parts=HashTrieMap({part.item_id: part for part in form.parts}),
        milestones=HashTrieMap({m.milestone_id: m for m in form.milestones}),
        ready=HashTrieSet(form.ready),
        usage=form.usage,
        recorded_for=frozenset(form.recorded_for),
        milestones_total=form.milestones_total,
    )


CONTRACT = _plain("Contract.v1", Contract)
SERIES = _plain("NumberSeries.v1", NumberSeries)
LINE_HEAD = _plain("LineHead.v1", LineHead)
LINE = SnapshotForm(name="ContractLine.v1", encode=_encode_line, decode=_decode_line)
