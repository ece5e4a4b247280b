"""The stored form of folded states: a shortcut past long streams, never a source of truth.

A snapshot is named after its shape (`ContractLine.v1`); one of another shape is passed over and the
stream is folded from its events, so a shape may change whenever it has to.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Generic, TypeVar

import msgspec
from rpds import HashTrieMap, HashTrieSet

from aggregates.contract.state import Contract
from aggregates.contract_line.head import LineHead
from aggregates.contract_line.items import (
    CompletedMilestone,
    OpenMilestone,
    OpenPart,
    OpenSale,
)
from aggregates.contract_line.recalled.events import Obligation, ObligationStatus
from aggregates.contract_line.recalled.state import Awaited, Recalls
from aggregates.contract_line.state import ContractLine
from aggregates.invoice.booking.numbering import NumberSeries
from aggregates.job.state import OpenJobs
from aggregates.limits import Usage
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
class _HeadForm:
    """The head of a contract line with its maps as plain ones, and its sets as lists."""

    contract_id: str
    line_id: str
    currency: str
    terms: LineTerms
    usage: dict[str, Usage]
    sold_to: list[str]
    milestones_of: dict[str, int]
    payers_of: dict[str, tuple[str, ...]]
    milestones_total: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class _LineForm(_HeadForm):
    """A contract line, likewise."""

    sales: list[OpenSale]
    parts: list[OpenPart]
    milestones: list[OpenMilestone]
    completed: list[CompletedMilestone]
    ready: list[str]
    awaited: dict[str, Awaited]
    obligations: list[Obligation]
    settled: list[Obligation]
    ended: dict[str, ObligationStatus]


_HEAD_FORM = msgspec.json.Decoder(_HeadForm)
_LINE_FORM = msgspec.json.Decoder(_LineForm)


def _encode_head(head: LineHead) -> bytes:
    return msgspec.json.encode(_HeadForm(**_of_head(head)))


def _decode_head(stored: bytes) -> LineHead:
    return LineHead(**_to_head(_HEAD_FORM.decode(stored)))


def _of_head(head: LineHead) -> dict[str, Any]:
    return {
        "contract_id": head.contract_id,
        "line_id": head.line_id,
        "currency": head.currency,
        "terms": head.terms,
        "usage": dict(head.usage),
        "sold_to": sorted(head.sold_to),
        "milestones_of": dict(sorted(head.milestones_of.items())),
        "payers_of": dict(sorted(head.payers_of.items())),
        "milestones_total": head.milestones_total,
    }


def _to_head(form: _HeadForm) -> dict[str, Any]:
    return {
        "contract_id": form.contract_id,
        "line_id": form.line_id,
        "currency": form.currency,
        "terms": form.terms,
        "usage": form.usage,
        "sold_to": frozenset(form.sold_to),
        "milestones_of": form.milestones_of,
        "payers_of": HashTrieMap(form.payers_of),
        "milestones_total": form.milestones_total,
    }


def _encode_line(line: ContractLine) -> bytes:
    return msgspec.json.encode(
        _LineForm(
            **_of_head(line),
            sales=sorted(line.sales.values(), key=lambda sale: sale.item_id),
            parts=sorted(line.parts.values(), key=lambda part: part.item_id),
            milestones=sorted(line.milestones.values(), key=lambda m: m.milestone_id),
            completed=sorted(line.completed.values(), key=lambda c: c.milestone.milestone_id),
            ready=sorted(line.ready),
            awaited=dict(sorted(line.recalls.awaited.items())),
            obligations=sorted(line.recalls.obligations.values(), key=lambda o: o.detail_id),
            settled=sorted(line.recalls.settled.values(), key=lambda o: o.detail_id),
            ended=dict(sorted(line.recalls.ended.items())),
        )
    )


def _decode_line(stored: bytes) -> ContractLine:
    form = _LINE_FORM.decode(stored)
    return ContractLine(
        **_to_head(form),
        sales=HashTrieMap({sale.item_id: sale for sale in form.sales}),
        parts=HashTrieMap({part.item_id: part for part in form.parts}),
        milestones=HashTrieMap({m.milestone_id: m for m in form.milestones}),
        completed=HashTrieMap({c.milestone.milestone_id: c for c in form.completed}),
        ready=HashTrieSet(form.ready),
        recalls=Recalls(
            awaited=HashTrieMap(form.awaited),
            obligations=HashTrieMap({each.detail_id: each for each in form.obligations}),
            settled=HashTrieMap({each.detail_id: each for each in form.settled}),
            ended=HashTrieMap(form.ended),
        ),
    )


CONTRACT = _plain("Contract.v2", Contract)
OPEN_JOBS = _plain("OpenJobs.v1", OpenJobs)
SERIES = _plain("NumberSeries.v1", NumberSeries)
LINE_HEAD = SnapshotForm(name="LineHead.v3", encode=_encode_head, decode=_decode_head)
LINE = SnapshotForm(name="ContractLine.v9", encode=_encode_line, decode=_decode_line)
