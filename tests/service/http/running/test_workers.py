"""Several processes that serve behind one port."""

import os
import signal
from pathlib import Path

import httpx
import pytest

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


def test_workers_end_with_the_process_that_started_them(postgres_server: PostgresServer) -> None:
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
