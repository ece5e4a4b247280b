"""Nothing that people wrote, and no secret, is in logs, figures or traces."""

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import httpx
import pytest

from tests.service.command_line import started
from tests.service.processes import LONG, until
from tests.service.sockets import free_port

MARK = "mark4711"
"""In every text that a caller writes for people, or to be let in by."""
HEADERS = {
    "Authorization": f"Bearer {MARK}",
    "Cookie": f"session={MARK}",
    "User-Agent": MARK,
    "Referer": f"https://{MARK}.example",
    "X-Api-Key": MARK,
    "X-Forwarded-For": MARK,
    "Idempotency-Key": f"{MARK}-key",
    "traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01",
}


@contextmanager
def collector() -> Generator[tuple[str, SimpleQueue[bytes]]]:
    """A collector of traces: its address, and the bodies that it is sent."""
    sent: SimpleQueue[bytes] = SimpleQueue()

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent.put(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Taking) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", sent
        server.shutdown()


def test_what_callers_write_is_in_no_log_no_figure_and_no_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    with collector() as (address, sent):
        monkeypatch.setenv("BILLING_BACKLOG_LOG_LEVEL", "debug")
        monkeypatch.setenv("BILLING_BACKLOG_TRACES", address)
        with (
            started(
                "serve", "--database", f"sqlite:///{tmp_path}/x.db", "--port", str(port)
            ) as server,
            httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=HEADERS, timeout=LONG) as api,
        ):
            until(lambda: server.poll() is not None or _is_up(api))
            statuses = _work(api)
            figures = api.get("/metrics").text
            server.terminate()
            out, log = server.communicate(timeout=LONG)
        spans = b"".join(sent.get_nowait() for _ in range(sent.qsize()))
    assert {200, 201, 400, 404, 405, 409, 415, 421, 422} <= set(statuses)
    lines = [json.loads(line) for line in log.splitlines()]
    requests = [line for line in lines if line["event"] == "request"]
    assert len(requests) >= len(statuses)
    assert {line.get("trace_id") for line in requests} == {"ab" * 16}
    for name in (b"decide", b"append", b"project", b"PUT /v1/contracts/{contract_id}"):
        assert name in spans
    for written in (out, log, figures, spans.decode("latin-1")):
        assert MARK not in written.lower()


def _is_up(api: httpx.Client) -> bool:
    try:
        return api.get("/health/live").is_success
    except httpx.TransportError:
        return False


def _work(api: httpx.Client) -> list[int]:
    """Calls that are answered and calls that are refused, with marks wherever one can be."""
    contract = {
        "name": MARK,
        "currency": "EUR",
        "customers": [{"customer_id": "C-1", "name": MARK}],
    }
    line = {
        "name": MARK,
        "project_id": "P-7",
        "billing_method": "time_and_material",
        "contract_amount": "5000.00",
        "customers": [{"customer_id": "C-1", "split_percent": "100", "rounding": True}],
    }
    event = {
        "specversion": "1.0",
        "id": "e-1",
        "source": "urn:timesheets",
        "type": "projects.time.approved.v1",
        "data": {
            "approval_id": "A-1",
            "contract_id": "PC-1",
            "line_id": "L-1",
            "date": "2026-10-05",
            "quantity": "8",
            "unit_price": "200.00",
            "currency": "EUR",
            "role": MARK,
            "resource": MARK,
            "description": MARK,
        },
    }
    batch = {"Content-Type": "application/cloudevents-batch+json"}
    posted = json.dumps([event, {**event, "id": "e-2", "type": MARK}])
    answers = [
        api.put("/v1/contracts/PC-1", json=contract),
        api.put("/v1/contracts/PC-1/lines/L-1", json=line),
        api.post("/v1/events", content=posted, headers={**batch, "Idempotency-Key": "k-1"}),
        api.get("/v1/backlog/time-and-material", params={"q": MARK, "after": 3}),
        api.get("/v1/suggest", params={"q": MARK}),
        api.get("/v1/contracts", params={MARK: MARK}),
        api.get(f"/v1/contracts/{MARK}"),
        api.get(f"/{MARK}"),
        api.get("/health/live", headers={"Host": f"{MARK}.example"}),
        api.request(MARK.upper(), "/v1/contracts"),
        api.get("/v1/contracts", headers={"X-Tenant": MARK}),
        api.put("/v1/contracts/PC-1", json=contract, headers={"If-Match": MARK}),
        api.put("/v1/contracts/PC-1", content=MARK, headers={"Content-Type": MARK}),
        api.put("/v1/contracts/PC-2", json={**contract, "currency": MARK}),
        api.post("/v1/backlog/mark", json={"items": [MARK], "status": "ready", "reason": MARK}),
        api.post("/v1/backlog/mark", json={"items": [MARK], "status": "not_ready"}),
    ]
    return [answer.status_code for answer in answers]
