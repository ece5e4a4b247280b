"""The backup of a PostgreSQL server, restored as docs/operations.md says, as of a moment."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Generator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
import pytest

from service.http.app import create_app
from service.http.server.serving import running
from service.settings import Settings
from service.tenants.tenant import Tenant
from tests.databases import Only
from tests.office import approval_event, contract_event, line_event
from tests.postgres import FAST, PostgresServer, running_postgres
from tests.service.office import record

SCRIPT = Path(__file__).parents[2] / "deploy" / "rehearse-postgres-backup"
PATHS = ("/contracts", "/contracts/C1", "/backlog/time-and-material", "/audit/events")
BOUND = "60"
"""Seconds that a restore of so little may take on a busy machine."""


@dataclass(frozen=True)
class Copied:
    """A server whose log is archived, with where its copies are."""

    server: PostgresServer
    base: Path
    archive: Path

    def run(self, program: str | Path, *arguments: str | Path) -> subprocess.Popen[str]:
        """A program as the server's user."""
        environment = {**os.environ, "REHEARSAL_SECONDS": BOUND}
        environment["PATH"] = f"{self.server.programs}:{environment['PATH']}"
        return subprocess.Popen(
            [program, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd="/",
            env=environment,
            user=self.server.user,
        )

    def take_a_base(self) -> None:
        """Copies the server, while it works."""
        into = (f"--pgdata={self.base}", "--checkpoint=fast", f"--dbname={self.server.url()}")
        copying = self.run("pg_basebackup", *into)
        _, why = copying.communicate()
        assert copying.returncode == 0, why


@pytest.fixture
def copied() -> Generator[Copied]:
    with tempfile.TemporaryDirectory(prefix="billing-backlog-copies-") as folder:
        place = Path(folder)
        place.chmod(0o777)
        (place / "archive").mkdir()
        (place / "archive").chmod(0o777)
        shutil.copy(SCRIPT, place / "rehearse")
        command = f"test ! -f {place}/archive/%f && cp %p {place}/archive/%f"
        settings = {**FAST, "archive_mode": "on", "archive_command": command}
        with running_postgres(settings) as server:
            yield Copied(server, place / "base", place / "archive")


@contextmanager
def restored(copied: Copied, moment: str) -> Generator[str]:
    """The address of the server that a rehearsal restores."""
    script = copied.base.parent / "rehearse"
    with copied.run("bash", script, copied.base, copied.archive, moment) as rehearsal:
        assert rehearsal.stdout
        said = rehearsal.stdout.readline()
        if not said:
            raise AssertionError(rehearsal.communicate()[1])
        yield said.removeprefix("restored: ").strip().replace("://", "://postgres@")
        _, why = rehearsal.communicate()
        assert rehearsal.returncode == 0, why


def answers(database: str) -> Mapping[str, str]:
    """What a server on this database answers."""
    with closing(Tenant(database)) as tenant:
        settings = Settings(read_wait=60)
        after = {"after": tenant.ledger.position()}
        with (
            running(create_app(Only(tenant), settings), settings) as address,
            httpx.Client(base_url=f"{address}/v1", timeout=60) as http,
        ):
            return {path: http.get(path, params=after).text for path in PATHS}


def test_a_restored_server_answers_as_the_server_did_at_that_moment(copied: Copied) -> None:
    database = copied.server.new_database()
    with closing(Tenant(database)) as tenant:
        record(tenant, contract_event(), line_event())
    copied.take_a_base()
    with closing(Tenant(database)) as tenant:
        record(tenant, approval_event("A-1", "10.00"))
    then = answers(database)
    with psycopg.connect(database, autocommit=True) as connection:
        row = connection.execute("SELECT clock_timestamp()::text").fetchone()
        assert row
    with closing(Tenant(database)) as tenant:
        record(tenant, approval_event("A-2", "10.00"))  # which nobody wants any more
    now = answers(database)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("SELECT pg_switch_wal()")
    copied.server.stop()  # by which the last of its log is archived
    with restored(copied, row[0]) as address:
        assert answers(f"{address}/{database.rpartition('/')[2]}") == then != now
    assert not list(Path(tempfile.gettempdir()).glob("rehearsal.*"))


def test_a_copy_that_is_not_as_it_was_written_is_refused(copied: Copied) -> None:
    copied.take_a_base()
    (copied.base / "global" / "pg_filenode.map").write_bytes(b"x" * 512)
    script = copied.base.parent / "rehearse"
    rehearsal = copied.run("bash", script, copied.base, copied.archive)
    said, why = rehearsal.communicate()
    assert (rehearsal.returncode != 0, said) == (True, "")
    assert "pg_filenode.map" in why
