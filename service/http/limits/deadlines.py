"""A call is answered in time: with what it came to, or with what is known of it by then."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.http.responses import problem_response
from service.wire.problem.problems import Problem

_READS = frozenset({"GET", "HEAD", "OPTIONS"})


class Deadline:
    """Answers 504 for a call that has not begun to answer in time.

    A read is given up. A change goes on: broken off, nobody would know how far it came; so it is
    only said that its outcome is not known. What has begun to answer may take its time: the stream
    has no end.
    """

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(scope, receive, send, self._seconds)
        timer = asyncio.get_running_loop().call_later(self._seconds, answer.late)
        try:
            await self._app(scope, receive, answer.send)
        except asyncio.CancelledError:
            if not answer.is_given_up:
                raise
        finally:
            timer.cancel()
            await answer.told()


class _Answer:
    """The answer of a call: that of the service, or that it is late."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, seconds: float) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._seconds = seconds
        self._work = asyncio.current_task()
        self._has_begun = False
        self._telling: asyncio.Task[None] | None = None
        self.is_given_up = False
        """Whether the call was ended here."""

    async def send(self, message: Message) -> None:
        """Sends on what the service answers, unless it is too late."""
        if self._telling is None:
            self._has_begun = True
            await self._send(message)

    def late(self) -> None:
        """Answers that it is late, unless an answer has begun."""
        if self._has_begun:
            return
        is_read = self._scope["method"] in _READS
        problem = _late(self._seconds, is_read=is_read)
        answering = problem_response(problem)(self._scope, self._receive, self._send)
        self._telling = asyncio.ensure_future(answering)
        if is_read and self._work:
            self.is_given_up = True
            self._work.cancel()

    async def told(self) -> None:
        """Returns when it is told that it is late, if it is."""
        if self._telling:
            await self._telling


def _late(seconds: float, *, is_read: bool) -> Problem:
    detail = f"the answer was not ready within {seconds:g} seconds"
    if is_read:
        return Problem(
            status=504,
            code="deadline_passed",
            detail=f"{detail}; nothing was changed. Ask for less, or try again",
        )
    return Problem(
        status=504,
        code="outcome_unknown",
        detail=f"{detail}: the change may have been made, may still be made, or not. Ask again "
        "with the same Idempotency-Key, or look whether it is there",
    )
