"""So many calls a second for each caller, and no more: 429, and when to ask again."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from service.http.limits.callers import caller_of
from service.http.responses import problem_response
from service.http.server.root_path import own_path
from service.wire.problem.problems import Problem

MOST_CALLERS = 10_000
"""Callers that are remembered; of more, those who have not called for longest are forgotten."""
BURST_SECONDS = 5.0
"""Seconds' worth of calls that a caller may make at once after a pause."""


class Rates:
    """How much each caller may still ask for: a bucket each, which fills evenly.

    Each process counts for itself. Whoever is forgotten may begin with a full bucket again.
    """

    def __init__(self, a_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._a_second = a_second
        self._most = max(1.0, a_second * BURST_SECONDS)
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """By caller: calls that were left, and when that was."""

    def take(self, caller: str) -> float:
        """Counts a call; the seconds to wait for the next one where none is left, else 0."""
        now = self._clock()
        left, at = self._left.pop(caller, (self._most, now))
        left = min(self._most, left + (now - at) * self._a_second)
        wait = 0.0 if left >= 1 else (1 - left) / self._a_second
        self._left[caller] = (left if wait else left - 1, now)
        if len(self._left) > MOST_CALLERS:
            self._left.popitem(last=False)
        return wait


class RateLimit:
    """Refuses calls beyond the rate, by their head alone. Health checks are not counted."""

    def __init__(self, app: ASGIApp, a_second: float) -> None:
        self._app = app
        self._rates = Rates(a_second)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        wait = 0.0
        if scope["type"] == "http" and not own_path(scope).startswith("/health/"):
            wait = self._rates.take(caller_of(scope))
        if wait:
            await problem_response(_too_many(wait))(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _too_many(wait: float) -> Problem:
    return Problem(
        status=429,
        code="too_many_requests",
        detail="you call faster than a caller may: nothing was done; try again later",
        headers={"Retry-After": str(math.ceil(wait))},
    )
