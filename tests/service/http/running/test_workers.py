"""Several processes that serve behind one port."""

import os
import signal
import tempfile
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.office import contract_body
from tests.postgres import PostgresServer
from tests.service.command_line import assert_refused, run, started
from tests.service.processes import LONG, until
from tests.service.sockets import free_port


def serving_on(port: int) -> set[int]:
    """The processes that listen on a port, by the files that they have open."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    sockets = {f"socket:[{r[9]}]" for r in rows if r[1].endswith(f":{port:04X}") and r[3] == "0A"}
    return {int(each.name) for each in Path("/proc").glob("[0-9]*") if sockets & set(_open(each))}


def _open(process: Path) -> list[str]:
    try:
        return [str(file.readlink()) for file in (process / "fd").iterdir()]
    except OSError:
        return []


def answers(port: int, path: str = "/v1/contracts") -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}{path}", timeout=LONG).is_success
    except httpx.TransportError:
        return False


def test_workers_share_a_port_one_that_dies_is_replaced_and_all_stop_together(
    postgres_server: PostgresServer,
) -> None:
    port = free_port()
    where = ("--database", postgres_server.new_database(), "--port", str(port))
    with started("serve", "--workers", "2", *where) as server:
        until(lambda: server.poll() is not None or answers(port))
        until(lambda: len(serving_on(port)) == 3)
        killed = min(serving_on(port) - {server.pid})
        os.kill(killed, signal.SIGKILL)
        until(lambda: len(serving_on(port) - {killed}) == 3)
        url = f"http://127.0.0.1:{port}/v1/contracts/PC-1"

        def is_put() -> bool:
            # The connection that the dead one had taken may be lost with it.
            try:
                return httpx.put(url, json=contract_body(), timeout=LONG).is_success
            except httpx.TransportError:
                return False

        until(is_put)
        server.send_signal(signal.SIGTERM)
        assert server.wait(LONG) == 0
        assert serving_on(port) == set()


def counted(port: int) -> tuple[float, float]:
    """What /metrics tells of calls to the list of contracts: how many, and how many at work."""
    text = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=LONG).text
    samples = [
        sample for family in text_string_to_metric_families(text) for sample in family.samples
    ]
    calls = sum(
        sample.value
        for sample in samples
        if sample.name == "billing_backlog_http_requests_total"
        and sample.labels["route"] == "/v1/contracts"
    )
    (at_work,) = (s.value for s in samples if s.name == "billing_backlog_http_requests_in_progress")
    return calls, at_work


def test_each_worker_tells_the_figures_of_all_and_of_those_that_were_there_before(
    postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    port = free_port()
    where = ("--database", postgres_server.new_database(), "--port", str(port))
    with started("serve", "--workers", "2", *where) as server:
        until(lambda: server.poll() is not None or answers(port))
        until(lambda: len(serving_on(port)) == 3)
        before, _ = counted(port)
        done = sum(answers(port) for _ in range(20))  # each by a connection of its own
        assert done == 20
        # A call is counted when it has ended, its answer may be there a moment before.
        until(lambda: {counted(port) for _ in range(10)} == {(before + 20, 1.0)})
        killed = min(serving_on(port) - {server.pid})
        os.kill(killed, signal.SIGKILL)
        until(lambda: len(serving_on(port) - {killed}) == 3)
        until(lambda: {counted(port) for _ in range(10)} == {(before + 20, 1.0)})
        server.send_signal(signal.SIGTERM)
        assert server.wait(LONG) == 0
    assert list(tmp_path.glob("billing-backlog-*")) == []


def test_without_a_place_for_the_figures_of_several_it_says_so(
    postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "mkdtemp", no_place)
    where = ("--database", postgres_server.new_database(), "--port", str(free_port()))
    assert_refused(run("serve", "--workers", "2", *where), "no place for the figures", "TMPDIR")


def no_place(**_: str) -> str:
    raise FileNotFoundError("no usable temporary directory found")


def test_workers_end_with_the_process_that_started_them(
    postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))  # where it leaves the folder of the figures
    port = free_port()
    where = ("--database", postgres_server.new_database(), "--port", str(port))
    with started("serve", "--workers", "2", *where) as server:
        until(lambda: server.poll() is not None or answers(port))
        server.kill()
        server.wait()
        until(lambda: not serving_on(port))


def test_on_sqlite_more_than_one_worker_is_refused(tmp_path: Path) -> None:
    result = run("serve", "--workers", "2", "--database", f"sqlite:///{tmp_path}/x.db")
    assert_refused(result, "more than one worker needs PostgreSQL: on SQLite one process writes")
    assert not (tmp_path / "x.db").exists()


@pytest.mark.parametrize("workers", ["0", "many"])
def test_what_is_no_number_of_workers_is_refused(workers: str) -> None:
    assert_refused(run("serve", "--workers", workers), "workers (--workers)")
