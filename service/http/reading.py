"""What every read takes: the tenant, and the position that its views are to show first."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, NoReturn

from fastapi import Depends, Query, Request
from starlette.requests import ClientDisconnect

from service.http.callers import LARGEST, TheSettings, TheTenant
from service.http.responses import ProblemRaised
from service.tenants.tenant import Tenant
from service.wire.problems import Problem

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


# Coroutines, as everything here that only reads the request: FastAPI would run each in a thread.
async def reading_of(
    request: Request, tenant: TheTenant, settings: TheSettings, after: After = None
) -> Reading:
    """What every read takes."""
    return Reading(tenant, settings.read_wait, request.app.state.waiting, after)


TheReading = Annotated[Reading, Depends(reading_of)]
