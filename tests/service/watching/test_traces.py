"""Traces: from a request through what it decides, appends and projects."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import httpx
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import SpanContext, format_span_id

from service.http.app import create_app
from service.settings import Settings
from service.tenants.tenant import Tenant
from service.watching.exporting import tracing_to
from tests.databases import Only
from tests.service.command_line import COMMAND

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
CONTRACT = {"name": "Harbour", "currency": "EUR", "customers": [{"customer_id": "P", "name": "P"}]}


class Kept(SpanExporter):
    """Keeps the spans that it is handed."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.spans += spans
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """Has nothing to let go of."""

    def named(self, name: str) -> ReadableSpan:
        """The first span of that name."""
        return next(span for span in self.spans if span.name == name)


def context_of(span: ReadableSpan) -> SpanContext:
    """Which span of which trace it is."""
    assert span.context
    return span.context


async def test_a_command_is_traced_from_its_request_to_the_views(tenant: Tenant) -> None:
    kept = Kept()
    with tracing_to(kept) as provider:
        app = create_app(Only(tenant), Settings(), traces=provider)
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as api:
            headers = {"traceparent": f"00-{TRACE}-{SPAN}-01"}
            answer = await api.put("/v1/contracts/PC-1?dry_run=no", json=CONTRACT, headers=headers)
            answer = await api.put("/v1/contracts/PC-1", json=CONTRACT, headers=headers)
            assert answer.status_code == 201
            assert (await api.get("/v1/contracts", params={"after": 1})).status_code == 200
        tenant.close()  # once the page that is written is told
    request, decide, append, project = map(
        kept.named, ("PUT /v1/contracts/{contract_id}", "decide", "append", "project")
    )
    within = {context_of(each).trace_id for each in (request, decide, append, project)}
    assert within == {int(TRACE, 16)}
    assert decide.attributes == {"kind": "put_contract"}
    assert append.attributes == {"commands": 1, "events": 1}
    assert project.attributes == {"events": 1}
    assert request.attributes
    said = {name: request.attributes[name] for name in ("url.path", "server.address")}
    assert said == {"url.path": "(not told)", "server.address": "(not told)"}
    assert request.attributes["url.query"] == "(not told)"
    last = [each for each in kept.spans if each.name == request.name][-1]
    told = f"00-{TRACE}-{format_span_id(context_of(last).span_id)}-01"
    assert answer.headers["traceparent"] == told


def test_a_server_that_sends_no_traces_loads_nothing_to_do_so(tmp_path: Path) -> None:
    code = """
import sys
from service.http.app import create_app
from service.settings import Settings
create_app(None, Settings())
import service.cli.serving
print(*(name for name in sys.modules if name.startswith("opentelemetry.")))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "opentelemetry.trace" in done.stdout
    assert "opentelemetry.sdk" not in done.stdout
    assert "opentelemetry.exporter" not in done.stdout


def test_traces_that_can_not_be_sent_end_the_start_with_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "opentelemetry_without_sdk.py").write_text(
        "import sys\n"
        "sys.modules['opentelemetry.sdk'] = None\n"
        "sys.argv[1:] = ['serve', '--database', 'sqlite:///nowhere/x.db']\n"
        "from service.cli import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, tmp_path / "opentelemetry_without_sdk.py"],
        check=False,
        env={"BILLING_BACKLOG_TRACES": "http://127.0.0.1:9", "PYTHONPATH": str(COMMAND.parents[2])},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2, done.stderr
    assert "install billing-backlog[telemetry]" in done.stderr
    assert "Traceback" not in done.stderr
