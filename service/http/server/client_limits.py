"""Connections that no client can hold for ever: uvicorn's HTTP/1.1 with limits of time and number.

uvicorn closes connections that are idle after an answer, and no others. It takes a protocol of ours
as documented (`Config(http=…)`); how long a body may take is the application's to say.
"""

import asyncio
from typing import Any, ClassVar

import h11
from uvicorn.protocols.http.h11_impl import STATUS_PHRASES, H11Protocol

from service.http.responses import problem_response
from service.settings import Settings
from service.wire.problem.problems import MEDIA_TYPE, Problem

SPARE = 64
"""Connections over the limit that are told so; further ones are closed without a word."""


def bounded(settings: Settings) -> type[H11Protocol]:
    """The protocol of connections under these limits."""

    class Bounded(BoundedProtocol):
        limits = settings

    return Bounded


class BoundedProtocol(H11Protocol):
    """A connection that is closed when its client neither asks in time nor takes its answer."""

    limits: ClassVar[Settings]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._sending: asyncio.TimerHandle | None = None
        """Runs out when the client has not sent what it began, or not begun to send."""
        self._taking: asyncio.TimerHandle | None = None
        """Runs out when the client has not taken what was sent."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, asyncio.Transport):
            raise TypeError(transport)
        super().connection_made(transport)
        over = len(self.connections) - self.limits.connection_limit
        if over > SPARE:
            transport.abort()
        elif over > 0:
            self.app = _too_many
        # So that `pause_writing` tells of the first byte that the client does not take. With TLS it
        # is told when as many bytes wait, not when more do: 0 would never be let go on.
        transport.set_write_buffer_limits(high=1 if transport.get_extra_info("sslcontext") else 0)
        self._sending = self.loop.call_later(self.limits.head_seconds, self._not_sent)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._is_answering():
            self._sending = _ended(self._sending)
        elif self._sending is None:
            self._sending = self.loop.call_later(self.limits.head_seconds, self._not_sent)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._taking = self.loop.call_later(self.limits.answer_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._taking = _ended(self._taking)

    def connection_lost(self, exc: Exception | None) -> None:
        self._sending, self._taking = _ended(self._sending), _ended(self._taking)
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Answers what is no HTTP; nothing can follow on the connection."""
        self._close(Problem(status=400, code="malformed_http", detail="this is no HTTP request"))

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete  # pyright: ignore[reportUnnecessaryComparison]

    def _not_sent(self) -> None:
        self._sending = None
        if self.conn.trailing_data[0] and self.conn.their_state is h11.IDLE:
            seconds = f"{self.limits.head_seconds:g}"
            detail = f"the head of a request must come within {seconds} seconds"
            self._close(Problem(status=408, code="request_timeout", detail=detail))
        else:
            self.transport.close()

    def _close(self, problem: Problem) -> None:
        """Closes the connection with an answer, where one can still be given."""
        if self._is_answering():
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            body = problem.encoded()
            headers = [
                *self.server_state.default_headers,
                (b"content-type", MEDIA_TYPE.encode()),
                (b"content-length", str(len(body)).encode()),
                (b"connection", b"close"),
            ]
            reason = STATUS_PHRASES[problem.status]
            head = h11.Response(status_code=problem.status, headers=headers, reason=reason)
            for event in (head, h11.Data(data=body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


def _ended(timer: asyncio.TimerHandle | None) -> None:
    if timer:
        timer.cancel()


async def _too_many(scope: Any, receive: Any, send: Any) -> None:
    """What a connection over the limit is answered."""
    problem = Problem(
        status=503,
        code="too_many_connections",
        detail="too many connections are open: try again",
        headers={"Retry-After": "1", "Connection": "close"},
    )
    await problem_response(problem)(scope, receive, send)
