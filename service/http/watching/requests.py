"""Each request as operators see it: a line in the log, counted, and known by an id."""

import logging
import os
import time
from random import Random
from uuid import UUID

from fastapi.telemetry import TelemetryConfig
from opentelemetry.trace import TracerProvider
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.http.watching.metrics import Metrics
from service.watching import asked as requests
from service.watching import spans
from service.watching.asked import Asked
from service.watching.traceparent import traceparent_of

log = logging.getLogger(__name__)
REQUEST_ID, TRACEPARENT = "X-Request-Id", "traceparent"
_IDS = Random()  # noqa: S311 - ids are no secrets
"""What ids of requests are made by, and by these ids of invoices and jobs.

It is seeded by the system, and nobody else's, so that no `random.seed` makes ids come again. To ask
the system each time costs 20 times as much: meanwhile another thread takes the interpreter.
"""
os.register_at_fork(after_in_child=_IDS.seed)
_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})


def telemetry(traces: TracerProvider | None) -> TelemetryConfig:
    """What the framework is to tell of requests: their spans, where traces are sent."""
    if traces is None:
        return {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
    return {"tracer_provider": traces, "metrics": False, "logs": False, "auto_configure": False}


def known_by(asked: Asked | None) -> dict[str, str]:
    """What the answer to a request says that operators find it by."""
    if asked is None:
        return {}
    known = {REQUEST_ID: asked.request_id}
    return known | {TRACEPARENT: asked.traceparent} if asked.traceparent else known


class Watched:
    """Counts requests, and tells of each in the log: after all else, whatever came of it.

    Time is counted until the answer begins: a stream has no end, and how fast a client takes its
    answer is its own affair.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked = _asked(scope)
        requests.begin(asked)
        headers = [(k.lower().encode(), v.encode()) for k, v in known_by(asked).items()]
        status: int | None = None
        began = time.perf_counter()
        seconds: float | None = None

        async def tell(message: Message) -> None:
            nonlocal status, seconds
            if message["type"] == "http.response.start":
                status, seconds = message["status"], time.perf_counter() - began
                message = {**message, "headers": [*message["headers"], *headers]}
            await send(message)

        self._metrics.in_progress.inc()
        try:
            await self._app(scope, receive, tell)
        except Exception:
            status = status or 500  # which is answered outside of this
            raise
        finally:
            self._metrics.in_progress.dec()
            seconds = time.perf_counter() - began if seconds is None else seconds
            self._metrics.answered(asked, status, seconds)
            if log.isEnabledFor(logging.INFO):
                log.info("request", extra=_line(asked, status, seconds))


def _asked(scope: Scope) -> Asked:
    method: str = scope["method"]
    values = [value.decode("latin-1") for name, value in scope["headers"] if name == b"traceparent"]
    return Asked(
        request_id=str(UUID(int=_IDS.getrandbits(128), version=4)),
        method=method if method in _METHODS else "OTHER",
        traceparent=spans.traceparent() or (traceparent_of(values) if values else None),
    )


def _line(asked: Asked, status: int | None, seconds: float) -> dict[str, object]:
    told: dict[str, object | None] = {
        "method": asked.method,
        "route": asked.route,
        "status": status,
        "duration_ms": round(1000 * seconds, 2),
        "request_id": asked.request_id,
        "correlation_id": asked.correlation_id,
        "tenant": asked.tenant,
        "caller": asked.caller,
        "position": asked.position,
        "trace_id": asked.trace_id,
    }
    return {name: value for name, value in told.items() if value is not None}
