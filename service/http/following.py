"""Who follows what changes: it is read once for all listeners of a tenant, and each is woken.

A listener keeps nothing but how far it is, and takes what it needs when its client takes more: a
client that is slow, or gone, costs nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager, suppress
from functools import lru_cache

import msgspec
from fastapi.sse import format_sse_event

from projections.history import Unavailable
from projections.views.history import Changed, changed_since, everything
from projections.views.kept_to import UNRESTRICTED, KeptTo
from service.http.responses import ProblemRaised
from service.tenants.tenant import Tenant
from service.threads import in_thread
from service.wire.outcomes import Change
from service.wire.problem.problems import Problem

log = logging.getLogger(__name__)

EVERY_SECONDS = 0.25
"""How long changes are put together, at least: so a listener is told four times a second."""
LEISURE = 60
"""How many times as long as telling all listeners took, changes are put together after it: so that
they take less than two hundredths of the process, however many they are and however busy it is."""
LONGEST_LEISURE = 5.0
"""Seconds that changes are put together at most."""
HEARTBEAT_SECONDS = 15.0
"""How long a listener hears nothing at most."""
KEPT = 16
"""Rounds that are kept for listeners who are not there in time; who misses more, reads again."""
READERS = 4
"""Listeners that read at once what changed before they came."""
RETRY_MILLISECONDS = 2_000
"""How long a client is to wait before it connects again."""
SHORTEST_PAUSE, LONGEST_PAUSE = 0.25, 5.0
"""Seconds until the views are asked again when they are unavailable; doubled each time."""


class Listeners:
    """All that listen in this process, at most so many; a following for each tenant of theirs."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.count = 0
        self._followings: dict[str, Following] = {}

    @contextmanager
    def one(self, tenant: Tenant, stopping: asyncio.Event | None) -> Generator[Following]:
        """One more, for as long as it listens. Raises ProblemRaised (503) when there are enough."""
        if self.count >= self._limit:
            raise ProblemRaised(_too_many(self._limit))
        following = self._followings.get(tenant.name)
        if following is None or following.has_ended:
            following = self._followings[tenant.name] = Following(tenant, stopping)
        self.count += 1
        following.listeners += 1
        try:
            yield following
        finally:
            self.count -= 1
            following.listeners -= 1
            if not following.listeners:
                following.end()
                if self._followings.get(tenant.name) is following:
                    del self._followings[tenant.name]


class Following:
    """What changes in one tenant, read as its views move, for all who listen.

    It ends with its last listener, with the server (`stopping`), or by an error; then no listener
    is told any more.
    """

    def __init__(self, tenant: Tenant, stopping: asyncio.Event | None) -> None:
        self.listeners = 0
        self.has_ended = False
        self._tenant = tenant
        self._position = tenant.projector.position
        self._rounds: deque[Changed] = deque(maxlen=KEPT)
        self._count = 0
        """Rounds so far."""
        self._woken = asyncio.Event()
        """Set once: whenever listeners are woken, another one takes its place."""
        self._moved = asyncio.Event()
        self._reading = asyncio.Semaphore(READERS)
        self._loop = asyncio.get_running_loop()
        self._forget = tenant.projector.on_move(self._on_move)
        self._tasks = [self._loop.create_task(self._follow())]
        if stopping:
            self._tasks.append(self._loop.create_task(self._end_with(stopping)))

    @property
    def position(self) -> int:
        """How far the listeners have been told."""
        return self._position

    def end(self) -> None:
        """Ends every stream, and lets go of the tenant."""
        self.has_ended = True
        self._forget()
        for task in self._tasks:
            task.cancel()
        self._wake()

    # --- one listener --------------------------------------------------------------------------

    async def events(self, position: int | None, kept_to: KeptTo) -> AsyncGenerator[bytes]:
        """What a client is sent that knows everything up to a position, or nothing that holds.

        Each has the position that it brings the client to as its id, comments too. What is read for
        all is not for a client who may not know of all: for each of these it is read again.
        """
        seen, told = self._count, self._position
        start = told if position is None else position
        yield format_sse_event(comment="listening", id=str(start), retry=RETRY_MILLISECONDS)
        try:
            if position is None or position < told:
                changed = (
                    everything(told) if position is None else await self._since(position, kept_to)
                )
                start = changed.position
                yield _event(changed)
                await asyncio.sleep(EVERY_SECONDS)
            async for event in self._events_after(seen, start, kept_to):
                yield event
        except Unavailable:
            yield format_sse_event(comment="the database is unavailable: connect again")

    async def _events_after(
        self, seen: int, position: int, kept_to: KeptTo
    ) -> AsyncGenerator[bytes]:
        """What a client is sent after so many rounds, that is at this position."""
        while not self.has_ended:
            if seen == self._count:
                await self._woken.wait()
                if seen == self._count and not self.has_ended:
                    yield format_sse_event(comment="still here", id=str(position))
                continue
            is_late = self._count - seen > 1
            changed, seen = await self._missed(seen, position, kept_to), self._count
            if changed.position <= position and not changed.reset:
                continue  # the views get to where the client was already
            position = changed.position
            yield _event(changed)
            if is_late:
                await asyncio.sleep(EVERY_SECONDS)

    async def _missed(self, seen: int, position: int, kept_to: KeptTo) -> Changed:
        """What changed since a listener was told last, so many rounds ago."""
        missed = self._count - seen
        if kept_to != UNRESTRICTED:
            return await self._since(position, kept_to)
        if missed == 1:
            return self._rounds[-1]
        if missed <= len(self._rounds):
            first, *later = list(self._rounds)[-missed:]
            for changed in later:
                first |= changed
            return first
        return await self._since(position, kept_to)

    async def _since(self, position: int, kept_to: KeptTo) -> Changed:
        """What the views show that changed after a position. Raises Unavailable."""
        async with self._reading:
            return await in_thread(_read, self._tenant, kept_to, position)

    # --- all of them ---------------------------------------------------------------------------

    def _on_move(self) -> None:
        """The views have moved; called in any thread."""
        if not self._moved.is_set():
            with suppress(RuntimeError):  # a loop that is closed has no listeners any more
                self._loop.call_soon_threadsafe(self._moved.set)

    async def _follow(self) -> None:
        try:
            while True:
                if not await self._has_moved():
                    self._wake()  # they tell their clients that they are still here
                    continue
                changed = await self._patiently()
                began = self._loop.time()
                self._tell(changed)
                await asyncio.sleep(0)  # all listeners that are not slow are told meanwhile
                leisure = min(LEISURE * (self._loop.time() - began), LONGEST_LEISURE)
                await asyncio.sleep(max(EVERY_SECONDS, leisure))
        except Exception:
            log.exception("what changes can't be followed", extra={"tenant": self._tenant.name})
            self.end()

    async def _has_moved(self) -> bool:
        """Whether the views move within the time of a heartbeat."""
        with suppress(TimeoutError):
            async with asyncio.timeout(HEARTBEAT_SECONDS):
                await self._moved.wait()
        return self._moved.is_set()

    async def _patiently(self) -> Changed:
        """What changed since the last round, once the views can be asked."""
        pause = SHORTEST_PAUSE
        while True:
            self._moved.clear()
            try:
                return await in_thread(_read, self._tenant, UNRESTRICTED, self._position)
            except Unavailable as error:
                failed = {"tenant": self._tenant.name, "error": str(error)}
                log.warning("what changed can't be read; it is tried again", extra=failed)
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)

    def _tell(self, changed: Changed) -> None:
        if changed.position == self._position:
            return
        self._position = changed.position
        self._rounds.append(changed)
        self._count += 1
        self._wake()

    def _wake(self) -> None:
        woken, self._woken = self._woken, asyncio.Event()
        woken.set()

    async def _end_with(self, stopping: asyncio.Event) -> None:
        await stopping.wait()
        self.end()


def _read(tenant: Tenant, kept_to: KeptTo, position: int) -> Changed:
    with tenant.reading() as (views, shown):
        return changed_since(views, kept_to, position, shown)


@lru_cache(maxsize=KEPT)
def _event(changed: Changed) -> bytes:
    """What clients are sent of a change; the same for all who are told the same."""
    if not changed.kinds:
        return format_sse_event(comment="nothing to see", id=str(changed.position))
    contracts = None if changed.contracts is None else sorted(changed.contracts)
    data = Change(
        position=changed.position,
        contracts=contracts,
        kinds=sorted(changed.kinds),
        reset=changed.reset,
    )
    encoded = msgspec.json.encode(data).decode()
    return format_sse_event(data_str=encoded, id=str(changed.position))


def _too_many(limit: int) -> Problem:
    return Problem(
        status=503,
        code="too_many_listeners",
        detail=f"{limit} clients listen to this process already, and it takes no more: try again "
        "later, or have it take more (BILLING_BACKLOG_LISTENER_LIMIT)",
        headers={"Retry-After": "5"},
    )
