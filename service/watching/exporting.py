"""Traces sent to a collector, by the OpenTelemetry SDK; loaded only where they are asked for."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from importlib import metadata

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter

from service.watching import spans
from service.watching.spans import Place

SEND_SECONDS = 5.0
"""How long a collector is waited for; by a thread that nobody waits for but at the end."""
_OF_CALLERS = ("url.path", "url.query", "server.address", "http.request.method_original")
"""Attributes of a request's span that quote what the caller wrote."""
_NOT_TOLD = "(not told)"


@contextmanager
def exporting(collector: str) -> Generator[TracerProvider]:
    """Sends spans to a collector, for as long as it is open; the last ones at the end."""
    endpoint = f"{collector.rstrip('/')}/v1/traces"
    with tracing_to(OTLPSpanExporter(endpoint=endpoint, timeout=SEND_SECONDS)) as provider:
        yield provider


@contextmanager
def tracing_to(exporter: SpanExporter) -> Generator[TracerProvider]:
    """Hands spans to an exporter, in batches; those that find no place in its queue are left out.

    How many requests are traced, and how large the queue is, follows from the variables of
    OpenTelemetry (`OTEL_TRACES_SAMPLER`, `OTEL_BSP_…`).
    """
    told = {
        "service.name": "billing-backlog",
        "service.version": metadata.version("billing-backlog"),
    }
    provider = TracerProvider(resource=Resource.create(told), shutdown_on_exit=False)
    provider.add_span_processor(_Discreet())
    provider.add_span_processor(BatchSpanProcessor(exporter))
    try:
        with spans.traced_by(_Tracer(provider.get_tracer("billing-backlog"))):
            yield provider
    finally:
        provider.shutdown()


class _Discreet(SpanProcessor):
    """Keeps out of spans what callers wrote, before anybody sees it."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        for name in _OF_CALLERS:
            if name in (span.attributes or ()):
                span.set_attribute(name, _NOT_TOLD)


class _Tracer:
    def __init__(self, tracer: trace.Tracer) -> None:
        self._tracer = tracer

    def here(self) -> Place | None:
        found = trace.get_current_span().get_span_context()
        return found if found.is_valid and found.trace_flags.sampled else None

    def traceparent(self) -> str | None:
        found = trace.get_current_span().get_span_context()
        if not found.is_valid:
            return None
        ids = f"{trace.format_trace_id(found.trace_id)}-{trace.format_span_id(found.span_id)}"
        return f"00-{ids}-{found.trace_flags:02x}"

    @contextmanager
    def span(
        self, name: str, places: Sequence[Place], attributes: dict[str, str | int]
    ) -> Generator[None]:
        known = [place for place in places if isinstance(place, trace.SpanContext)]
        parent = trace.set_span_in_context(trace.NonRecordingSpan(known[0]))
        with self._tracer.start_as_current_span(
            name,
            parent,
            attributes=attributes,
            links=[trace.Link(place) for place in known[1:]],
            record_exception=False,
            set_status_on_exception=False,
        ):
            yield
