"""So many calls a second for each caller, and no more: 429, and when to ask again."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from service.access.principals import Principal
from service.http.limits.callers import address_of, bearer_of
from service.http.responses import ProblemRaised, problem_response
from service.http.server.root_path import own_path
from service.wire.problem.problems import Problem

MOST_CALLERS = 10_000
"""Callers that are remembered; of more, those who have not called for longest are forgotten."""
_UNCOUNTED = ("/health/", "/ui/assets/")
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
        left = self._left_of(caller, now)
        wait = self._wait(left)
        self._left.pop(caller, None)
        self._left[caller] = (left if wait else left - 1, now)
        if len(self._left) > MOST_CALLERS:
            self._left.popitem(last=False)
        return wait

    def look(self, caller: str) -> float:
        """What `take` would give, without counting a call."""
        return self._wait(self._left_of(caller, self._clock()))

    def _left_of(self, caller: str, now: float) -> float:
        left, at = self._left.get(caller, (self._most, now))
        return min(self._most, left + (now - at) * self._a_second)

    def _wait(self, left: float) -> float:
        return 0.0 if left >= 1 else (1 - left) / self._a_second


class RateLimit:
    """Refuses calls beyond the rate, by their head alone.

    Health checks are not counted, nor are the files of the web interface: a page loads them all.

    Where tokens are asked for, a call is counted by its token, once that is checked (`count`), and
    by its address where it shows no good one. Whose address has used up its calls is refused before
    the token is looked at: so guesses are limited, too.
    """

    def __init__(self, app: ASGIApp, rates: Rates, *, by_token: bool) -> None:
        self._app, self._rates, self._by_token = app, rates, by_token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or own_path(scope).startswith(_UNCOUNTED):
            await self._app(scope, receive, send)
            return
        address = address_of(scope)
        if wait := self._rates.look(address) if self._by_token else self._rates.take(address):
            await problem_response(_too_many(wait))(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        try:
            await self._app(scope, receive, send)
        finally:
            if self._by_token and not state.get(_COUNTED):
                self._rates.take(address)


_COUNTED = "is_counted"


def count(request: Request, principal: Principal) -> None:
    """Counts a call for whoever its token is of, once. Raises ProblemRaised beyond the rate."""
    rates: Rates | None = request.app.state.rates
    if rates is None or getattr(request.state, _COUNTED, False):
        return
    setattr(request.state, _COUNTED, True)
    if wait := rates.take(bearer_of(principal)):
        raise ProblemRaised(_too_many(wait))


def _too_many(wait: float) -> Problem:
    return Problem(
        status=429,
        code="too_many_requests",
        detail="you call faster than a caller may: nothing was done; try again later",
        headers={"Retry-After": str(math.ceil(wait))},
    )
