"""Reads: they wait until the views show what is asked for, and ask the database in a thread."""

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Annotated, Concatenate, NoReturn, ParamSpec, TypeVar

from fastapi import Depends, Query, Request
from sqlalchemy import Connection
from starlette.requests import ClientDisconnect

from projections.views.kept_to import KeptTo
from service.http.callers import TheTenant
from service.http.guard import caller_of, kept_to, require_unrestricted
from service.http.responses import ProblemRaised
from service.tenants.tenant import Tenant
from service.threads import in_thread
from service.wire.fields import Position
from service.wire.problem.problems import Problem
from service.wire.queries import AFTER

P = ParamSpec("P")
R = TypeVar("R")

After = Annotated[Position | None, Query(description=AFTER)]


class Waiting:
    """How many reads wait for views in this process; at most so many."""

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

    request: Request
    tenant: Tenant
    after: int | None

    @property
    def kept_to(self) -> KeptTo:
        """What the caller may know of."""
        return kept_to(self.request)

    async def of(
        self,
        query: Callable[Concatenate[Connection, KeptTo, P], R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> tuple[R, int]:
        """What the query finds in the views of what the caller may know of, and their position.

        Raises as `until_shown`.
        """

        def read() -> tuple[R, int]:
            with self.tenant.reading() as (views, position):
                return query(views, self.kept_to, *args, **kwargs), position

        await self.until_shown()
        return await in_thread(read)

    async def of_all(
        self, query: Callable[Concatenate[Connection, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> tuple[R, int]:
        """As `of`, by a query that keeps to nothing. Raises ProblemRaised for who is restricted."""

        def of_everything(views: Connection, _: KeptTo, *args: P.args, **kwargs: P.kwargs) -> R:
            return query(views, *args, **kwargs)

        self.require_everything()
        return await self.of(of_everything, *args, **kwargs)

    async def surely_of_all(
        self, query: Callable[Concatenate[Connection, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> tuple[R, int]:
        """As `of_all`, for what callers are told of without a position that shows it.

        Where nothing is found, it is looked for again once the views show all that is recorded.
        """
        found, position = await self.of_all(query, *args, **kwargs)
        if found is not None:
            return found, position
        recorded = await in_thread(self.tenant.ledger.position)
        if recorded <= position:
            return found, position
        return await replace(self, after=recorded).of_all(query, *args, **kwargs)

    def require_everything(self) -> None:
        """Raises ProblemRaised (403) for who may not know of everything.

        The guard has refused them before, where the route does not say that it keeps to that.
        """
        require_unrestricted(caller_of(self.request))

    async def until_shown(self) -> None:
        """Returns once the views show `after`.

        Raises ViewsBehind when they don't in time, PositionAhead when they can't, ProblemRaised
        when too many wait already, ClientDisconnect when the caller hangs up.
        """
        if self.after is None or self.tenant.shows(self.after):
            return
        state = self.request.app.state
        with state.waiting.one():
            await self.tenant.require_reached(self.after)
            gone = asyncio.ensure_future(_hung_up(self.request))
            shown = asyncio.ensure_future(
                self.tenant.until_shown(self.after, state.settings.read_wait)
            )
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


async def reading_of(request: Request, tenant: TheTenant, after: After = None) -> Reading:
    """What every read takes."""
    return Reading(request, tenant, after)


TheReading = Annotated[Reading, Depends(reading_of)]
