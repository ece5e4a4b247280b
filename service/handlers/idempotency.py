"""What every command shares: who asks, and that a repetition is answered alike."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any, cast

import msgspec

from aggregates import streams
from aggregates.events import RequestAnswered, RequestClaimed
from aggregates.refusals import Refused
from projections.views.kept_to import UNRESTRICTED, KeptTo
from projections.views.resource import Listed, Positioned
from service.access.principals import Principal
from service.ledger.group_commit import Committed, Context, Submission
from service.ledger.stream_kinds import REQUEST
from service.ledger.unit_of_work import UnitOfWork
from service.tenants.tenant import Tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A caller's command beside its body: context, `If-Match`, `Idempotency-Key`.

    `if_match` is the version that the caller saw, None for any; what is changed `must_exist` if the
    caller gave an `If-Match` at all. `digest` tells what was asked (method, path, body),
    `request_id` seeds the ids that it makes. A `dry_run` is answered as the command would be, and
    records nothing. Without `details`, invoices are answered without theirs. `principal` is who
    asks, as their token says; None where nobody is asked who they are.
    """

    context: Context
    request_id: str
    digest: str = ""
    idempotency_key: str | None = None
    if_match: int | None = None
    must_exist: bool = False
    dry_run: bool = False
    details: bool = True
    principal: Principal | None = None

    @property
    def caller(self) -> str | None:
        """Whose keys the `idempotency_key` is one of; None where all are one caller."""
        return self.principal.caller if self.principal else None

    @property
    def kept_to(self) -> KeptTo:
        """What the caller may know of."""
        return self.principal.kept_to if self.principal else UNRESTRICTED

    @property
    def answer_stream(self) -> str:
        """The stream that remembers the answer under the key."""
        return streams.request(str(self.idempotency_key), self.caller)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A command's answer: its body, whether it made something new, the version it shows.

    The body is what the caller gets, or the JSON that was recorded of it. `location` is where to
    look for what has begun and is not done with this answer.
    """

    body: Any
    created: bool = False
    version: int | None = None
    location: str | None = None

    @property
    def position(self) -> int:
        """How far of the history the body shows."""
        shown: Any = self.body
        return shown.position if isinstance(self.body, Positioned | Listed) else shown["position"]

    def at(self, position: int) -> "Answer":
        """The answer, with how far of the history it shows."""
        if isinstance(self.body, Positioned | Listed):
            return replace(self, body=msgspec.structs.replace(self.body, position=position))
        return replace(self, body={**self.body, "position": position})


class KeyReused(Refused):
    """An Idempotency-Key came again with another request."""

    def __init__(self) -> None:
        super().__init__(
            "idempotency_key_reused", "this Idempotency-Key was used for another request before"
        )


def execute(
    tenant: Tenant,
    request: Request,
    work: Callable[[UnitOfWork], Answer],
    known: Sequence[str] = (),
) -> Answer:
    """Runs a command as `submit` does, and waits for it in this thread.

    `known` are short streams that it will look at, to be loaded in one query.
    """
    command = Submission(_once(request, work), request.context, known)
    tenant.ledger.submit_together([command])
    future = cast("Future[Committed[_Executed]]", command.future)
    return _answer(tenant, request, future.result())


async def submit(tenant: Tenant, request: Request, work: Callable[[UnitOfWork], Answer]) -> Answer:
    """Runs a command in one transaction; the answer's body gets the `position` reached.

    With an Idempotency-Key the answer is recorded in the same transaction, and a repetition gets
    it again. A refused command records nothing, so it may be tried again under its key.
    """
    future: asyncio.Future[Committed[_Executed]] = asyncio.get_running_loop().create_future()
    command = Submission(_once(request, work), request.context, future=future)
    tenant.ledger.submit_with_others(command)
    done = await future
    if done.result.recorded_at is not None:
        return await asyncio.to_thread(_answer, tenant, request, done)
    return _answer(tenant, request, done)


def execute_once(tenant: Tenant, request: Request, act: Callable[[], Answer]) -> Answer:
    """Runs what makes transactions of its own, under an Idempotency-Key if there is one.

    The key is claimed first, so that no other request acts under it. The same request may act again
    before its answer is recorded, at the same time or because it was stopped: so `act` must be safe
    to repeat by itself. The answer that was recorded first is everybody's.
    """
    if request.idempotency_key is None:
        return act()
    claimed = tenant.ledger.transact(lambda unit: _claim(unit, request), request.context)
    if claimed.result:
        return _answer(tenant, request, Committed(result=claimed.result, position=claimed.position))
    answer = act()
    return execute(tenant, request, lambda _: answer)


@dataclass(frozen=True, slots=True)
class _Executed:
    """What a command came to: this answer, given now or before (recorded at that version)."""

    answer: Answer
    recorded_at: int | None = None


def _once(
    request: Request, work: Callable[[UnitOfWork], Answer]
) -> Callable[[UnitOfWork], _Executed]:
    """The work, unless it was done under this Idempotency-Key before.

    A dry run neither takes a key nor asks for it.
    """

    def once(unit: UnitOfWork) -> _Executed:
        unit.keep_to(request.kept_to)
        if request.dry_run:
            answer = work(unit)
            unit.save_nothing()
            return _Executed(answer)
        known = _known(unit, request)
        if known:
            return known
        answer = work(unit)
        if request.idempotency_key is not None:
            unit.append([_answered(request, request.idempotency_key, answer)])
        return _Executed(answer)

    return once


def _known(unit: UnitOfWork, request: Request) -> _Executed | None:
    """The answer given under this key before. Raises KeyReused when it was to another request."""
    if request.idempotency_key is None:
        return None
    known = unit.load(REQUEST, request.answer_stream)
    if known is None:
        return None
    if known.digest != request.digest:
        raise KeyReused
    if isinstance(known, RequestClaimed):
        return None
    answer = msgspec.json.decode(known.body.encode(), type=Answer)
    return _Executed(answer, recorded_at=unit.version(request.answer_stream))


def _claim(unit: UnitOfWork, request: Request) -> _Executed | None:
    """Claims the key for this request, unless it has it already; the answer given before, if any.

    Raises KeyReused when another request has it.
    """
    known = _known(unit, request)
    key = str(request.idempotency_key)
    if known is None and unit.load(REQUEST, request.answer_stream) is None:
        unit.append([RequestClaimed(key=key, digest=request.digest, caller=request.caller)])
    return known


def _answered(request: Request, key: str, answer: Answer) -> RequestAnswered:
    body = msgspec.json.encode(answer).decode()
    return RequestAnswered(key=key, digest=request.digest, body=body, caller=request.caller)


def _answer(tenant: Tenant, request: Request, done: Committed[_Executed]) -> Answer:
    """The answer with its position: where it was recorded, if it was given before."""
    position, version = done.position, done.result.recorded_at
    if version is not None:
        position = tenant.ledger.position_of(request.answer_stream, version)
    return done.result.answer.at(position)
