"""What all routers share: strict JSON in, plain JSON out, who asks, which part of a list."""

import asyncio
import hashlib
import re
import uuid
from collections.abc import Callable, Coroutine, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Annotated, Any, NoReturn
from urllib.parse import urlencode

import msgspec
from fastapi import Depends, Header, Query, Request, Response
from pydantic import Field, WithJsonSchema
from starlette.requests import ClientDisconnect

from projections.views.paging import BadQuery, Page, PageRequest
from service import strict_json
from service.handlers.requests import Answer
from service.handlers.requests import Request as Command
from service.ledger import Context
from service.problems import MEDIA_TYPE, Problem, malformed_json
from service.settings import Settings
from service.strict_json import NotJson
from service.tenant import DEFAULT, NAME, Tenant
from service.tenants import AnyTenants

LARGEST = 2**63 - 1
"""The largest position, version or number that a database can be asked for."""
_PLAIN_QUERY = re.compile(r"[A-Za-z0-9_.~=&-]*")
_HEADER_TEXT = r"^[\x21-\x7e]([\x20-\x7e]{0,253}[\x21-\x7e])?$"
NO_NUL: dict[str, Any] = {"pattern": r"^[^\x00]*$"}
QueryText = Annotated[str, Field(json_schema_extra=NO_NUL)]
"""Text of a query; that it must not have a NUL holds for every parameter (`StrictRoute`)."""


class ProblemRaised(Exception):
    """An answer that is a problem document."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


def problem_response(problem: Problem) -> Response:
    """The problem as an HTTP answer."""
    return Response(problem.encoded(), problem.status, dict(problem.headers), media_type=MEDIA_TYPE)


def json_response(
    body: object, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """A body that was put together here, encoded without a second look."""
    return Response(msgspec.json.encode(body), status, headers, media_type="application/json")


def command_response(answer: Answer) -> Response:
    """A command's answer: 201 for what it made, 200 otherwise, with the resource's ETag."""
    headers = {} if answer.version is None else {"ETag": f'"{answer.version}"'}
    return json_response(answer.body, 201 if answer.created else 200, headers)


def json_of(body: bytes, most: int = strict_json.MOST_VALUES) -> Any:
    """The JSON of a body of at most so many values.

    Raises ProblemRaised: 400 that says where it breaks, 413 when it has more.
    """
    try:
        return strict_json.parse(body, most)
    except NotJson as error:
        raise ProblemRaised(malformed_json(error)) from None


def media_type(headers: Mapping[str, str]) -> str:
    """The content type without its parameters, in lower case."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


# --- who asks ----------------------------------------------------------------------------------


async def settings_of(request: Request) -> Settings:
    """The server's settings."""
    return request.app.state.settings


Text = Annotated[str | None, Header(pattern=_HEADER_TEXT)]


async def tenant_of(
    request: Request,
    x_tenant: Annotated[
        str | None,
        Header(pattern=NAME.pattern, max_length=40, description="`default` unless told."),
    ] = None,
) -> Tenant:
    """The tenant of a call, by `X-Tenant`: whoever reaches the loopback address may name any."""
    tenants: AnyTenants = request.app.state.tenants
    name = x_tenant or DEFAULT
    try:
        return tenants[name]
    except KeyError:
        return await asyncio.to_thread(tenants.open, name)


async def command_of(
    x_actor: Text = None, x_correlation_id: Text = None, x_causation_id: Text = None
) -> Command:
    """What a command carries beside its body (D-64)."""
    request_id = str(uuid.uuid4())
    return Command(
        context=Context(
            actor=x_actor or "anonymous",
            correlation_id=x_correlation_id or request_id,
            causation_id=x_causation_id,
        ),
        request_id=request_id,
    )


async def post_of(
    request: Request,
    command: Annotated[Command, Depends(command_of)],
    idempotency_key: Annotated[
        str | None, Header(alias="Idempotency-Key", pattern=_HEADER_TEXT)
    ] = None,
) -> Command:
    """What a POST carries beside its body: the Idempotency-Key, and a digest of what is asked."""
    if idempotency_key is None:
        return command
    asked = f"{request.method} {request.url.path}?{request.url.query}\n"
    # In the binary mode of CloudEvents, half of what is asked stands in the headers.
    event = sorted(f"{name}:{v}\n" for name, v in request.headers.items() if name[:3] == "ce-")
    head = "".join([asked, *event]).encode()
    digest = hashlib.sha256(head + await request.body()).hexdigest()
    return replace(command, digest=digest, idempotency_key=idempotency_key)


IfMatch = Annotated[
    Annotated[str, Field(json_schema_extra={"pattern": r'^(\*|"[0-9]+")$'})] | None,
    Header(alias="If-Match", description="The ETag of what is to be changed, or `*` for any."),
]


async def change_of(
    command: Annotated[Command, Depends(command_of)], if_match: IfMatch = None
) -> Command:
    """What a change of a single resource carries: the version that the caller saw."""
    return replace(command, if_match=_version(if_match), must_exist=if_match is not None)


async def post_change_of(
    command: Annotated[Command, Depends(post_of)], if_match: IfMatch = None
) -> Command:
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


TheTenant = Annotated[Tenant, Depends(tenant_of)]
TheSettings = Annotated[Settings, Depends(settings_of)]
TheCommand = Annotated[Command, Depends(command_of)]
ThePost = Annotated[Command, Depends(post_of)]
TheChange = Annotated[Command, Depends(change_of)]
ThePostedChange = Annotated[Command, Depends(post_change_of)]

# --- which part of what --------------------------------------------------------------------------

After = Annotated[
    int | None,
    Query(
        ge=0,
        le=LARGEST,
        description="Wait until the view shows this position of the history; "
        "a position that the history has not reached is refused (422).",
    ),
]


class Waiting:
    """How many reads wait for views in this process: so many and no more."""

    def __init__(self, limit: int) -> None:
        self._free = limit

    @contextmanager
    def one(self) -> Generator[None]:
        """One more, for as long as it waits. Raises ProblemRaised (503) when there are enough."""
        if self._free == 0:
            detail = "too many reads wait for the views already: try again"
            headers = {"Retry-After": "1"}
            raise ProblemRaised(
                Problem(status=503, code="too_many_waiting", detail=detail, headers=headers)
            )
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1


@dataclass(frozen=True, slots=True)
class Reading:
    """What every read takes: it waits for the views to show `after`, before it takes a thread."""

    tenant: Tenant
    seconds: float
    waiting: Waiting
    after: int | None

    async def wait(self, request: Request) -> None:
        """Returns once the views show `after`.

        Raises ViewsBehind when they don't in time, PositionAhead when they can't, ProblemRaised
        when too many wait already, ClientDisconnect when the caller hangs up.
        """
        if self.after is None or self.tenant.shows(self.after):
            return
        with self.waiting.one():
            await self.tenant.require_reached(self.after)
            gone = asyncio.ensure_future(_hung_up(request))
            shown = asyncio.ensure_future(self.tenant.until_shown(self.after, self.seconds))
            try:
                await asyncio.wait({gone, shown}, return_when=asyncio.FIRST_COMPLETED)
                await (shown if shown.done() else gone)
            finally:
                gone.cancel()
                shown.cancel()
                await asyncio.gather(gone, shown, return_exceptions=True)


async def _hung_up(request: Request) -> NoReturn:
    """Raises ClientDisconnect when the caller hangs up."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    raise ClientDisconnect


@dataclass(frozen=True, slots=True)
class Listing:
    """What every list takes beside its filters."""

    limit: int
    cursor: str | None
    sort: str | None

    def page(self) -> PageRequest:
        """The page wanted."""
        return PageRequest(limit=self.limit, cursor=self.cursor, sort=self.sort)


# Coroutines, as everything here that only reads the request: FastAPI would run each in a thread.
async def reading_of(
    request: Request, tenant: TheTenant, settings: TheSettings, after: After = None
) -> Reading:
    """What every read takes."""
    return Reading(tenant, settings.read_wait, request.app.state.waiting, after)


def listing_by(sortable: Iterable[str]) -> Callable[..., Coroutine[Any, Any, Listing]]:
    """What gives a list its part of the query; it can be sorted by these fields."""
    names = "|".join(sortable)
    # For the document alone: what is refused is refused by the list, which names its fields.
    text = {"type": "string", "maxLength": 500, "pattern": f"^(-?({names})(,-?({names}))*)?$"}

    async def listing_of(
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        cursor: Annotated[
            QueryText | None, Query(max_length=2000, description="`next` of the page before.")
        ] = None,
        sort: Annotated[
            Annotated[str, Field(max_length=500), WithJsonSchema(text)] | None,
            Query(description="Fields to sort by, as `field,-field`; any other is refused (422)."),
        ] = None,
    ) -> Listing:
        return Listing(limit, cursor, sort)

    return listing_of


TheReading = Annotated[Reading, Depends(reading_of)]
Ids = Annotated[list[QueryText] | None, Query(max_length=200)]
"""A filter that may be repeated: any of its values."""


def any_of(**filters: Sequence[str] | None) -> dict[str, list[str]]:
    """The filters that were given."""
    return {name: [str(v) for v in values] for name, values in filters.items() if values}


NumberCursor = Annotated[
    Annotated[str, Field(json_schema_extra={"pattern": "^[0-9]+$"})] | None,
    Query(max_length=18),
]
"""The cursor of a list that is paged by a number."""


def number_of(cursor: str | None, without: int) -> int:
    """The number that a cursor is, in lists that are paged by one. Raises BadQuery."""
    if cursor is None:
        return without
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
        raise BadQuery("cursor", "is not a cursor that this list gave")
    return int(cursor)


def list_response(request: Request, page: Page, position: int) -> Response:
    """A page of a list, with where the next one is as a cursor and as a Link (RFC 8288)."""
    body: dict[str, Any] = {"items": page.items, "next": page.next_cursor, "position": position}
    if page.totals is not None:
        body["totals"] = page.totals
    headers: dict[str, str] = {}
    if page.next_cursor:
        query = _without_cursor(request)
        path = request.scope["raw_path"].decode("ascii")
        headers["Link"] = f'<{path}?{query}cursor={page.next_cursor}>; rel="next"'
    return json_response(body, headers=headers)


def _without_cursor(request: Request) -> str:
    """The query but for a cursor, for one to be put behind."""
    asked = request.scope["query_string"].decode("latin-1")
    if "cursor" in asked or not _PLAIN_QUERY.fullmatch(asked):
        pairs = request.query_params.multi_items()
        asked = urlencode([pair for pair in pairs if pair[0] != "cursor"])
    return f"{asked}&" if asked else ""


def one_response(
    found: tuple[dict[str, Any], int | None] | None, kind: str, identity: str, position: int
) -> Response:
    """A single resource, with its ETag if it has a version of its own; or 404."""
    if found is None:
        detail = f"there is no {kind.replace('_', ' ')} {identity!r}"
        raise ProblemRaised(Problem(status=404, code=f"{kind}_not_found", detail=detail))
    body, version = found
    headers = {} if version is None else {"ETag": f'"{version}"'}
    return json_response({**body, "position": position}, headers=headers)
