"""What every command shares: who asks, and that a repetition is answered alike."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import msgspec

from aggregates import streams
from aggregates.events import RequestAnswered
from aggregates.refusals import Refused
from service.ledger import Committed, Context
from service.stream_kinds import REQUEST
from service.tenant import Tenant
from service.unit_of_work import UnitOfWork

R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A caller's command beside its body: context, `If-Match`, `Idempotency-Key`.

    `digest` tells what was asked (method, path, body), `request_id` seeds the ids that it makes.
    """

    context: Context
    request_id: str
    digest: str = ""
    idempotency_key: str | None = None
    if_match: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A command's answer: its body, whether it made something new, the version it shows."""

    body: dict[str, Any]
    created: bool = False
    version: int | None = None


class KeyReused(Refused):
    """An Idempotency-Key came again with another request."""

    def __init__(self) -> None:
        super().__init__(
            "idempotency_key_reused", "this Idempotency-Key was used for another request before"
        )


def execute(tenant: Tenant, request: Request, work: Callable[[UnitOfWork], Answer]) -> Answer:
    """Runs a command in one transaction; the answer's body gets the `position` reached.

    With an Idempotency-Key the answer is recorded in the same transaction, and a repetition gets
    it again. A refused command records nothing, so it may be tried again under its key.
    """
    key = request.idempotency_key
    if key is None:
        done = tenant.ledger.transact(work, request.context)
        return _with_position(done, done.position)

    def once(unit: UnitOfWork) -> Answer:
        known = unit.load(REQUEST, streams.request(key))
        if known:
            return _repeated(known, request.digest)
        answer = work(unit)
        unit.append([_answered(key, request.digest, answer)])
        return answer

    done = tenant.ledger.transact(once, request.context)
    return _with_position(done, tenant.ledger.position_of(streams.request(key), 1))


def _repeated(known: RequestAnswered, digest: str) -> Answer:
    if known.digest != digest:
        raise KeyReused
    return msgspec.json.decode(known.body.encode(), type=Answer)


def _answered(key: str, digest: str, answer: Answer) -> RequestAnswered:
    body = msgspec.json.encode(answer).decode()
    return RequestAnswered(key=key, digest=digest, body=body)


def _with_position(done: Committed[Answer], position: int) -> Answer:
    return replace(done.result, body={**done.result.body, "position": position})
