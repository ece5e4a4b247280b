"""Who calls: the tenant, the actor, and what a command carries beside its body."""

import asyncio
import hashlib
import re
import uuid
from dataclasses import replace
from typing import Annotated, TypeVar

from fastapi import Depends, Header, Query, Request
from pydantic import BaseModel, Field, ValidationError

from service.handlers.idempotency import Request as CommandRequest
from service.http.guard import required_caller, told_by_token
from service.http.responses import ProblemRaised
from service.ledger.group_commit import Context
from service.tenants.names import DEFAULT
from service.tenants.opening import NAME
from service.tenants.tenant import Tenant
from service.tenants.tenants import AnyTenants
from service.watching.asked import at_hand
from service.wire.fields import LARGEST
from service.wire.problem.problems import Problem

_HEADER_TEXT = r"^[\x21-\x7e]([\x20-\x7e]{0,253}[\x21-\x7e])?$"
_HEADERS_OF_A_POST = ("x-actor", "x-correlation-id", "x-causation-id", "idempotency-key")
_TEXT, _NAME = re.compile(_HEADER_TEXT), re.compile(NAME.pattern)
Body = TypeVar("Body", bound=BaseModel)
Text = Annotated[str | None, Header(pattern=_HEADER_TEXT)]


TenantName = Annotated[str | None, Header(pattern=NAME.pattern, max_length=40)]


async def tenant_of(request: Request, x_tenant: TenantName = None) -> Tenant:
    """The tenant of a call: that of its token.

    Without authentication, by `X-Tenant`: whoever reaches the loopback address may name any.
    """
    caller = required_caller(request)
    if caller is None:
        return await _opened(request, x_tenant or DEFAULT)
    if x_tenant is not None:
        raise ProblemRaised(told_by_token("X-Tenant"))
    return await _opened(request, caller.tenant)


async def shown_tenant_of(request: Request, x_tenant: TenantName = None) -> Tenant:
    """The tenant that is shown to everybody: with authentication, the default one alone."""
    if x_tenant is not None and request.app.state.authority is not None:
        raise ProblemRaised(told_by_token("X-Tenant"))
    return await _opened(request, x_tenant or DEFAULT)


async def _opened(request: Request, name: str) -> Tenant:
    tenants: AnyTenants = request.app.state.tenants
    try:
        tenant = tenants[name]
    except KeyError:
        tenant = await asyncio.to_thread(tenants.open, name)
    if asked := at_hand():
        asked.tenant = tenant.name
    return tenant


async def command_of(
    request: Request,
    x_actor: Text = None,
    x_correlation_id: Text = None,
    x_causation_id: Text = None,
) -> CommandRequest:
    """What a command carries beside its body (D-64)."""
    caller = required_caller(request)
    if caller is not None and x_actor is not None:
        raise ProblemRaised(told_by_token("X-Actor"))
    asked = at_hand()
    request_id = asked.request_id if asked else str(uuid.uuid4())
    context = Context(
        actor=caller.name if caller else x_actor or "anonymous",
        correlation_id=x_correlation_id or request_id,
        causation_id=x_causation_id,
        kind=(asked and asked.operation) or "other",
    )
    if asked:
        asked.caller, asked.correlation_id = context.actor, context.correlation_id
    return CommandRequest(context=context, request_id=request_id, principal=caller)


async def post_of(
    request: Request,
    command: Annotated[CommandRequest, Depends(command_of)],
    idempotency_key: Annotated[
        str | None, Header(alias="Idempotency-Key", pattern=_HEADER_TEXT)
    ] = None,
) -> CommandRequest:
    """What a POST carries beside its body: the Idempotency-Key, and a digest of what is asked.

    What is made under a key gets its ids from the key: so a request that is written down, with what
    follows from it, comes to the same wherever it is sent.
    """
    if idempotency_key is None:
        return command
    asked = f"{request.method} {request.url.path}?{request.url.query}\n"
    # In the binary mode of CloudEvents, half of what is asked stands in the headers.
    event = sorted(f"{name}:{v}\n" for name, v in request.headers.items() if name[:3] == "ce-")
    head = "".join([asked, *event]).encode()
    digest = hashlib.sha256(head + await request.body()).hexdigest()
    whose = f"{command.caller}\n" if command.caller is not None else ""
    named = hashlib.sha256(f"{whose}{idempotency_key}".encode()).hexdigest()
    return replace(command, digest=digest, idempotency_key=idempotency_key, request_id=named)


IfMatch = Annotated[
    Annotated[str, Field(json_schema_extra={"pattern": r'^(\*|"[0-9]+")$'})] | None,
    Header(alias="If-Match", description="The ETag of what is to be changed, or `*` for any."),
]


async def change_of(
    command: Annotated[CommandRequest, Depends(command_of)], if_match: IfMatch = None
) -> CommandRequest:
    """What a change of a single resource carries: the version that the caller saw."""
    return replace(command, if_match=_version(if_match), must_exist=if_match is not None)


async def post_change_of(
    command: Annotated[CommandRequest, Depends(post_of)], if_match: IfMatch = None
) -> CommandRequest:
    """What a POST that changes a single resource carries: both."""
    return replace(command, if_match=_version(if_match), must_exist=if_match is not None)


def _version(if_match: str | None) -> int | None:
    """The version that If-Match names, None for any."""
    if if_match is None or if_match.strip() == "*":
        return None
    tag = if_match.strip()
    if len(tag) > 2 and tag[0] == tag[-1] == '"' and tag[1:-1].isascii() and tag[1:-1].isdigit():
        return int(tag[1:-1]) if len(tag) < 20 else LARGEST
    detail = f"If-Match: {if_match!r} is not an ETag that this service gave"
    raise ProblemRaised(Problem(status=400, code="malformed_if_match", detail=detail))


async def plain_call(
    request: Request, kind: type[Body]
) -> tuple[Body, Tenant, CommandRequest] | None:
    """What a POST without a query says, as `tenant_of` and `post_of` have it from FastAPI.

    None where anything is wrong with it. Raises ProblemRaised for a body that is not strict JSON.
    """
    said = [request.headers.get(name) for name in ("x-tenant", *_HEADERS_OF_A_POST)]
    name, *texts = said
    if request.scope["query_string"] or not (name is None or _NAME.fullmatch(name)):
        return None
    if not all(text is None or _TEXT.fullmatch(text) for text in texts):
        return None
    try:
        body = kind.model_validate(await request.json())
    except ValidationError:
        return None
    *of_command, key = texts
    command = await post_of(request, await command_of(request, *of_command), key)
    return body, await tenant_of(request, name), command


DryRun = Annotated[
    bool,
    Query(description="Answer what the call would come to now, and change nothing."),
]
TheTenant = Annotated[Tenant, Depends(tenant_of)]
TheShownTenant = Annotated[Tenant, Depends(shown_tenant_of)]
TheCommand = Annotated[CommandRequest, Depends(command_of)]
ThePost = Annotated[CommandRequest, Depends(post_of)]
TheChange = Annotated[CommandRequest, Depends(change_of)]
ThePostedChange = Annotated[CommandRequest, Depends(post_change_of)]
