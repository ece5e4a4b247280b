"""What upstream systems post: CloudEvents 1.0, checked and read as the commands they stand for.

The envelope is checked here and not by the CloudEvents SDK: that makes up a missing id, reads
numbers as floats, and takes as long for one event as we have for recording it (ADR 4).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

import msgspec
from pydantic import BaseModel, ValidationError

from aggregates.contract.defining import DefineContract
from aggregates.contract_line.entries import Approval
from aggregates.contract_line.terms import DefineLine
from aggregates.intake.about_approvals.recalls import AboutApproval, RecallApproval
from aggregates.intake.about_approvals.what_entries_say import CorrectApproval
from aggregates.intake.receiving import PostedEvent
from aggregates.refusals import Invalid
from aggregates.statuses import BillingType, TransactionClass
from service.wire import commands, strict_json
from service.wire.fields import IGNORING
from service.wire.intake.data import (
    ApprovalData,
    ContractData,
    CorrectionData,
    LineData,
    RecallData,
)
from service.wire.intake.envelopes import LONGEST, wrong_attributes
from service.wire.problem.problems import (
    Problem,
    invalid_fields,
    malformed_json,
    of_refusal,
    of_validation,
    shown,
)
from service.wire.strict_json import NotJson

CONTRACT_CONFIRMED = "projects.contract.confirmed.v1"
LINE_CONFIRMED = "projects.contract-line.confirmed.v1"
APPROVALS = {
    "projects.time.approved.v1": TransactionClass.TIME,
    "projects.expense.approved.v1": TransactionClass.EXPENSE,
    "projects.material.approved.v1": TransactionClass.MATERIAL,
    "projects.fee.posted.v1": TransactionClass.FEE,
}
APPROVAL_CANCELED = "projects.approval.canceled.v1"
APPROVAL_CORRECTED = "projects.approval.corrected.v1"
ABOUT_APPROVALS = (APPROVAL_CANCELED, APPROVAL_CORRECTED)
"""What is about an approval that was taken in before."""
Json = dict[str, Any]
TYPES = (*APPROVALS, *ABOUT_APPROVALS, CONTRACT_CONFIRMED, LINE_CONFIRMED)

_SHOWN = 64
"""Characters of a bad id or type that are repeated."""
_APPROVAL_FIELDS = ApprovalData.model_fields.keys()
_MOST_IGNORED, _LONGEST_IGNORED = 20, 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted(PostedEvent):
    """A posted event with the command it stands for.

    `ignored` names what of the data is not known, the first of it.
    """

    command: Approval | AboutApproval | DefineContract | DefineLine
    ignored: tuple[str, ...]


class BadEvent(Exception):
    """An event that can't be taken in, whatever else is known: the problem says why.

    `event` is what of it could be read, where nothing else has it.
    """

    def __init__(self, event_id: str | None, problem: Problem, event: object = None) -> None:
        super().__init__(problem.detail)
        # One that is longer than any id can be is none to find the event by.
        self.event_id = (
            shown(event_id, _SHOWN) if event_id and len(event_id) > LONGEST else event_id
        )
        self.problem = problem
        self.event = event


def read_json(text: bytes) -> object:
    """One event's JSON; a BadEvent in its place when it is none, for `receive` to refuse it."""
    try:
        return strict_json.parse(text)
    except NotJson as error:
        return BadEvent(None, malformed_json(error))


def read(event: object) -> Posted:
    """An event in the JSON format, as the command it stands for. Raises BadEvent."""
    if not isinstance(event, dict):
        raise BadEvent(None, invalid_fields([("event", "must be a JSON object")]))
    # An attribute that is null counts as left out, by CloudEvents' JSON format.
    given: dict[str, Any] = event  # pyright: ignore[reportUnknownVariableType] - JSON's keys are strings
    attributes = {name: value for name, value in given.items() if value is not None}
    event_id = attributes.get("id")
    known_id = event_id if isinstance(event_id, str) else None
    wrong = [*wrong_attributes(attributes)]
    if wrong:
        raise BadEvent(known_id, invalid_fields(wrong))
    data = attributes.get("data")
    if not isinstance(data, dict):
        raise BadEvent(known_id, invalid_fields([("data", "must be a JSON object")]))
    return read_data(attributes["source"], attributes["id"], attributes["type"], data)  # pyright: ignore[reportUnknownArgumentType]


def read_data(source: str, event_id: str, event_type: str, data: Mapping[str, Any]) -> Posted:
    """The data of an event of a known envelope, as its command. Raises BadEvent."""
    model = _model(event_type)
    if model is None:
        known = ", ".join(TYPES)
        detail = f"type: {shown(event_type, _SHOWN)!r} is not one of {known}"
        raise BadEvent(event_id, Problem(status=422, code="unknown_event_type", detail=detail))
    try:
        body = model.model_validate(data, extra="ignore", context=IGNORING)
    except ValidationError as error:
        raise BadEvent(event_id, under_data(of_validation(error))) from None
    ignored: list[str] = []
    known = _known(body, data, "", ignored)
    canonical = msgspec.json.encode(known, order="deterministic").decode()
    digest = _digest(event_type, msgspec.json.encode(_said(body), order="deterministic"))
    match body:
        case ContractData():
            command = commands.define_contract(body.contract_id, body)
        case LineData():
            try:
                command = commands.define_line(body.line_id, body)
            except Invalid as error:
                raise BadEvent(event_id, under_data(of_refusal(error))) from None
        case ApprovalData():
            command = _approval(APPROVALS[event_type], source, body, digest)
        case RecallData() | CorrectionData():
            command = _about_approval(source, body)
        case _:
            raise TypeError(body)
    return Posted(
        source=source,
        event_id=event_id,
        type=event_type,
        contract_id=body.contract_id,
        line_id=None if isinstance(body, ContractData) else body.line_id,
        approval_id=None if isinstance(body, ContractData | LineData) else body.approval_id,
        command=command,
        data=canonical,
        digest=digest,
        digest_as_posted=_digest(event_type, canonical.encode()),
        ignored=tuple(ignored),
    )


def _digest(event_type: str, said: bytes) -> str:
    return hashlib.sha256(event_type.encode() + b"\n" + said).hexdigest()


def _said(body: BaseModel) -> Json:
    """What a body says, however it is written: 1.0 is 1, and a default is as good as left out.

    In what defines, null takes away what left out would let stay: there the two differ.
    """
    if isinstance(body, RecallData):
        return body.model_dump(exclude_none=True)
    if not isinstance(body, ApprovalData):
        return _evenly(body.model_dump(exclude_unset=True))
    said = {name: _evenly(value) for name, value in body.__dict__.items() if value is not None}
    if not body.tax:
        said.pop("tax", None)
    if body.billing_type is BillingType.CHARGEABLE:
        del said["billing_type"]
    return said


def _evenly(value: Any) -> Any:
    """The value with its decimals in one form each."""
    if isinstance(value, Decimal):
        return f"{(value + 0).normalize():f}"
    if isinstance(value, dict):
        return {name: _evenly(part) for name, part in cast("Json", value).items()}
    if isinstance(value, list):
        return [_evenly(part) for part in cast("list[Any]", value)]
    return value


def _known(body: BaseModel, data: Mapping[str, Any], path: str, ignored: list[str]) -> Json:
    """What of the data its model knows, and so took as `body`; names the rest in `ignored`."""
    if isinstance(body, ApprovalData) and data.keys() <= _APPROVAL_FIELDS:  # as nearly all are
        return dict(data)
    known: Json = {}
    for name, value in data.items():
        if name in type(body).model_fields:
            known[name] = _known_value(getattr(body, name), value, f"{path}{name}.", ignored)
        elif len(ignored) < _MOST_IGNORED:
            ignored.append(f"{path}{name}"[:_LONGEST_IGNORED])
    return known


def _known_value(taken: object, value: Any, path: str, ignored: list[str]) -> Any:
    if isinstance(taken, BaseModel):
        return _known(taken, value, path, ignored)
    if isinstance(taken, list):
        parts = enumerate(zip(cast("list[object]", taken), value, strict=True))
        return [_known_value(part, given, f"{path}{n}.", ignored) for n, (part, given) in parts]
    return value


def _model(event_type: str) -> type[BaseModel] | None:
    if event_type in APPROVALS:
        return ApprovalData
    others = {
        CONTRACT_CONFIRMED: ContractData,
        LINE_CONFIRMED: LineData,
        APPROVAL_CANCELED: RecallData,
        APPROVAL_CORRECTED: CorrectionData,
    }
    return others.get(event_type)


def _approval(
    transaction_class: TransactionClass, source: str, body: ApprovalData, digest: str
) -> Approval:
    return Approval(
        source=source,
        approval_id=body.approval_id,
        contract_id=body.contract_id,
        line_id=body.line_id,
        transaction_class=transaction_class,
        date=body.date,
        quantity=body.quantity,
        billable_quantity=body.billable_quantity,
        unit_price=body.unit_price,
        tax=Decimal(0) if body.tax is None else body.tax,
        currency=body.currency,
        role=body.role,
        category=body.category,
        task_id=body.task_id,
        resource=body.resource,
        description=body.description,
        billing_type=body.billing_type or BillingType.CHARGEABLE,
        digest=digest,
    )


def _about_approval(source: str, body: RecallData | CorrectionData) -> AboutApproval:
    about: Json = {
        "source": source,
        "approval_id": body.approval_id,
        "contract_id": body.contract_id,
        "line_id": body.line_id,
        "reason": body.reason,
    }
    if isinstance(body, RecallData):
        return RecallApproval(**about)
    new = {name: getattr(body.new, name) for name in body.new.model_fields_set}
    return CorrectApproval(**about, new=new)


def under_data(problem: Problem) -> Problem:
    """The problem with its fields named from the event down: `data.quantity`."""
    fields = [(f"data.{error['field']}", error["detail"]) for error in problem.extra["errors"]]
    return invalid_fields(fields, problem.rule)
