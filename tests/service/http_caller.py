"""A caller of the HTTP service who knows api.md only, and takes nobody's word for an answer.

Every answer is decoded as what the OpenAPI document promises for its route, with every field and
no other; every refusal as a problem document.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from typing import Any

import httpx
import msgspec
from fastapi.routing import APIRoute
from starlette.routing import Match

from service.http.app import create_app
from service.http.responses import KINDS
from service.settings import Settings
from service.wire import outcomes
from service.wire.problem.problem_kinds import problem_kinds
from tests.office import BATCH, Json, approval_event, contract_body, line_body
from tests.service.processes import LONG

APP = create_app(None, Settings())
DOCUMENT = APP.openapi()
ROUTES = [route for route in APP.routes if isinstance(route, APIRoute) and route.include_in_schema]


def _route(request: httpx.Request) -> APIRoute | None:
    """The route that says what a request is answered; a batch has its own, wherever posted."""
    path = request.url.path
    is_batch = path == "/v1/events" and request.headers.get("content-type") == BATCH
    scope: Json = {
        "type": "http",
        "method": request.method,
        "path": "/v1/events/batch" if is_batch else path,
        "root_path": "",
        "headers": [],
    }
    return next((route for route in ROUTES if route.matches(scope)[0] is Match.FULL), None)


def hold_against_its_model(response: httpx.Response) -> None:
    """The answer is exactly what its route promises: every field, no other, each of its type."""
    route = _route(response.request)
    assert route, response.request.url
    assert response.headers["content-type"] == "application/json"
    schema = route.responses[response.status_code]["content"]["application/json"]["schema"]
    names = [each["$ref"].rpartition("/")[2] for each in schema.get("anyOf", [schema])]
    *others, last = (KINDS[name] for name in names)
    for kind in others:
        with suppress(msgspec.ValidationError):
            msgspec.json.decode(response.content, type=kind)
            return
    msgspec.json.decode(response.content, type=last)


@cache
def codes_of(operation_id: str) -> frozenset[str]:
    """The codes of problems that the document says an operation has."""
    schemas = DOCUMENT["components"]["schemas"]
    return frozenset(schemas[f"{operation_id[0].upper()}{operation_id[1:]}ProblemCode"]["enum"])


def problem(response: httpx.Response, status: int | None = None) -> Json:
    """The problem document that the answer is, of a code that the document says it can have."""
    assert response.headers["content-type"] == "application/problem+json", response.text
    body = response.json()
    msgspec.json.decode(response.content, type=outcomes.Problem)
    assert body["status"] == response.status_code
    kind = problem_kinds()[body["code"]]
    assert body["type"] == kind.type
    assert body["status"] in kind.status, f"{body['code']} is not said to come with this status"
    assert body["title"]
    assert body["detail"]
    with suppress(RuntimeError):  # an answer that was read byte by byte knows no request
        route = _route(response.request)
        assert route is None or body["code"] in codes_of(route.unique_id), body
    if status is not None:
        assert response.status_code == status, response.text
    return body


class Caller:
    """Calls the service, and reads on from how far its own commands got."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http
        self.position = 0
        self.last = httpx.Response(204)

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        expect: int = 200,
        headers: Mapping[str, str] | None = None,
        **params: Any,
    ) -> Json:
        """The body of the answer, which has the status expected and the shape promised."""
        wanted = {name: value for name, value in params.items() if value is not None}
        self.last = await self.http.request(
            method, path, json=body, headers=headers, params=wanted or None
        )
        assert self.last.status_code == expect, f"{method} {path}: {self.last.text}"
        if expect >= 400:
            return problem(self.last)
        hold_against_its_model(self.last)
        answer = self.last.json()
        if isinstance(answer.get("position"), int):
            self.position = max(self.position, answer["position"])
        return answer

    async def get(self, path: str, *, expect: int = 200, **params: Any) -> Json:
        """What a read answers that waits for everything this caller did."""
        return await self.call("GET", path, expect=expect, after=self.position, **params)

    async def rows(self, path: str, **params: Any) -> list[Json]:
        """Every row of a list, page by page to its end."""
        page = await self.get(path, **params)
        found: list[Json] = page["items"]
        while page["next"]:
            page = await self.get(path, cursor=page["next"], **params)
            found += page["items"]
        return found

    async def history(self, **params: Any) -> list[Json]:
        """The recorded events that match, in order."""
        return await self.rows("/audit/events", **params)

    async def happened(self, since: int, **params: Any) -> list[str]:
        """The names of the events recorded behind a position, without their versions."""
        events = await self.history(**params)
        return [e["type"].partition(".")[0] for e in events if e["position"] > since]

    async def nothing_happened(self, since: int) -> None:
        """The history ends where it ended."""
        newest = await self.call("GET", "/audit/events", limit=1)
        assert newest["position"] == since

    # --- set-up ------------------------------------------------------------------------------

    async def contract(
        self,
        contract_id: str = "PC-1",
        customers: Sequence[str] = ("A",),
        *,
        expect: int = 201,
        **terms: Any,
    ) -> Json:
        """Puts a contract on the books."""
        body = contract_body(customers, **terms)
        return await self.call("PUT", f"/contracts/{contract_id}", body, expect=expect)

    async def line(
        self,
        line_id: str = "L-1",
        *,
        contract_id: str = "PC-1",
        expect: int = 201,
        **terms: Any,
    ) -> Json:
        """Puts a line on the books: time and material for A alone, unless told otherwise."""
        path = f"/contracts/{contract_id}/lines/{line_id}"
        return await self.call("PUT", path, line_body(**terms), expect=expect)

    async def milestone(
        self, amount: str, tax: str = "0.00", *, line_id: str = "L-1", **more: Any
    ) -> Json:
        """Creates a milestone."""
        contract_id = more.pop("contract_id", "PC-1")
        body = {"name": "M", "amount": amount, "tax": tax, "date": "2026-10-15", **more}
        path = f"/contracts/{contract_id}/lines/{line_id}/milestones"
        return await self.call("POST", path, body, expect=201)

    async def post(self, *events: Any, expect: int = 200) -> list[Json]:
        """Posts a batch of events: one result each."""
        response = await self.http.post(
            "/events/batch", json=list(events), headers={"content-type": BATCH}
        )
        assert response.status_code == expect, response.text
        hold_against_its_model(response)
        self.position = max(self.position, response.json()["position"])
        return response.json()["results"]

    async def sales(self, approval_id: str, amount: str, **more: Any) -> list[str]:
        """The items of an approval of one hour at this amount."""
        (result,) = await self.post(approval(approval_id, unit_price=amount, **more))
        assert result["outcome"] == "recorded", result
        return result["items"]

    async def item(self, item_id: str) -> Json:
        """One item of either view."""
        return await self.get(f"/backlog/{item_id}")

    async def mark(
        self,
        items: Sequence[str],
        status: str = "ready",
        mode: str = "all_or_nothing",
        expect: int = 200,
        **more: Any,
    ) -> Json:
        """Marks items."""
        body = {"items": items, "status": status, "mode": mode, **more}
        return await self.call("POST", "/backlog/mark", body, expect=expect)

    async def nte(self, what: str, items: Sequence[str]) -> Json:
        """Resets or re-evaluates items."""
        return await self.call("POST", f"/backlog/nte/{what}", {"items": items})

    async def draft(self, contract_id: str = "PC-1", *, expect: int = 201, **more: Any) -> Json:
        """Drafts what is ready."""
        return await self.call(
            "POST", "/invoices", {"contract_id": contract_id, **more}, expect=expect
        )

    async def confirm(self, invoice_id: str, expect: int = 200, **body: Any) -> Json:
        """Confirms an invoice."""
        return await self.call("POST", f"/invoices/{invoice_id}/confirm", body, expect=expect)

    async def billed(self, *items: str) -> Json:
        """Marks the items, drafts them and confirms the one draft: the invoice."""
        await self.mark(items)
        drafted = await self.draft(items=items)
        (invoice,) = drafted["invoices"]
        return await self.confirm(invoice["invoice_id"])

    async def ask_for_drafts(self, *, expect: int = 202, **body: Any) -> Json:
        """Has all drafted that is ready, or that of some contracts: the job."""
        return await self.call("POST", "/invoices", body, expect=expect)

    async def over(self, job_id: str) -> Json:
        """A job once it is over, with its results."""
        deadline = time.monotonic() + LONG
        while not (job := await self.get(f"/jobs/{job_id}", limit=10_000))["ended_at"]:
            assert time.monotonic() < deadline, job
            await asyncio.sleep(0.005)
        self.position = job["position"]
        return job

    async def actuals_of(self, item_id: str) -> list[Json]:
        """The actuals of an item: the unbilled one, and what was booked for it."""
        found = await self.rows("/actuals", item_id=item_id)
        kinds = ("unbilled_sales", "billed_sales")
        return sorted(found, key=lambda r: (kinds.index(r["type"]), r["reversal_of"] is not None))

    async def limits(self, contract_id: str = "PC-1") -> dict[tuple[str, str | None], Json]:
        """The levels of a contract, by level and by customer or else line."""
        found = await self.get(f"/contracts/{contract_id}/limits")
        return {
            (level["level"], level["customer_id"] or level["line_id"]): level
            for level in found["levels"]
        }


def approval(approval_id: str, *, event_id: str | None = None, **data: Any) -> Json:
    """The event of an approved hour at 100.00, unless told otherwise."""
    known: Json = {
        "contract_id": "PC-1",
        "line_id": "L-1",
        "unit_price": "100.00",
        "date": "2026-10-10",
    }
    return approval_event(approval_id, event_id=event_id or f"e-{approval_id}", **{**known, **data})
