"""PostgreSQL on three nodes under Patroni, with etcd: all of it from wheels, on loopback.

Every commit waits for a standby (`synchronous_mode_strict`), so no node that takes over lacks what
was acknowledged. Of three nodes one may die, and another one confirms.
"""

import getpass
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.postgres import reachable_binaries
from tests.service.processes import until
from tests.service.sockets import free_port

Json = dict[str, Any]
START_SECONDS = 240.0
"""Within which a cluster, or a node that comes back, is well: on a machine that is busy, too."""
SCOPE = "backlog"
ETCD = Path(sys.executable).with_name("etcd")
_PARAMETERS = {"unix_socket_directories": "", "max_connections": 200, "timezone": "UTC"}
_HBA = ["host all all 127.0.0.1/32 trust", "host replication all 127.0.0.1/32 trust"]
_SHARED: Json = {
    # The least that Patroni takes for `ttl`: after so long without a word a leader counts as gone.
    "ttl": 20,
    "loop_wait": 2,
    "retry_timeout": 4,
    # A primary that has crashed is not waited for: a standby takes over at once.
    "primary_start_timeout": 0,
    "synchronous_mode": True,
    "synchronous_mode_strict": True,
    "postgresql": {"use_pg_rewind": True, "parameters": _PARAMETERS},
}


@dataclass
class Node:
    """One of the nodes: its Patroni, and the PostgreSQL that it looks after."""

    name: str
    folder: Path
    port: int
    api: int
    user: str
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts its Patroni, which starts PostgreSQL."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*_as_user(self.user), sys.executable, "-m", "patroni", self.folder / "node.yaml"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
            )

    def kill(self) -> None:
        """kill -9 of Patroni and of every process of its PostgreSQL, as when a machine dies."""
        assert self.process
        self.process.kill()
        self.process.wait()
        until(lambda: not self._killed_now())

    def _killed_now(self) -> list[int]:
        """Kills what still runs of its PostgreSQL; which processes these were."""
        found = _processes_in(self.folder / "data")
        for process in found:
            _kill(process)
        time.sleep(0.05 if found else 0.0)  # they need a moment to be gone
        return found

    def role(self) -> str:
        """`leader`, `sync_standby`, … as the cluster says; nothing while it is not known."""
        return next((m["role"] for m in self.members() if m["name"] == self.name), "")

    def members(self) -> Sequence[Json]:
        """The nodes as this one sees them, none while it does not answer."""
        try:
            answer = httpx.get(f"http://127.0.0.1:{self.api}/cluster", timeout=5.0)
        except httpx.TransportError:
            return ()
        return answer.json()["members"] if answer.status_code == 200 else ()


@dataclass
class Cluster:
    """The nodes; `url` names all of them, those first that don't take writes now."""

    nodes: Sequence[Node]
    name: str = "postgres"
    _killed: list[Node] = field(default_factory=list[Node])

    @property
    def url(self) -> str:
        """The address of its database, which is that of whichever node takes writes."""
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in self._standbys_first())
        return f"postgresql://postgres@{hosts}/{self.name}"

    def leader(self) -> Node:
        """The node that takes writes."""
        return self.with_role("leader")

    def with_role(self, role: str) -> Node:
        """A node of this role, once there is one. Raises AssertionError."""

        def found() -> Node | None:
            return next((node for node in self.running() if node.role() == role), None)

        node = until(found, START_SECONDS)
        assert node
        return node

    def running(self) -> list[Node]:
        """The nodes that were not killed, or were started since."""
        return [node for node in self.nodes if node not in self._killed]

    def kill(self, node: Node) -> None:
        """kill -9 of a node."""
        node.kill()
        self._killed.append(node)

    def start_again(self) -> None:
        """Starts what was killed, and waits until all is well. Raises AssertionError."""
        for node in self._killed:
            node.start()
        self._killed.clear()
        self.until_well()

    def until_well(self) -> None:
        """Waits until there is a leader and every other node follows it. Raises AssertionError."""
        try:
            until(self._is_well, START_SECONDS)
        except AssertionError as never:
            logs = [(node.folder / "log").read_text("utf-8", "replace") for node in self.nodes]
            raise AssertionError("\n\n".join(log[-1500:] for log in logs)) from never

    def _is_well(self) -> bool:
        time.sleep(0.2)  # a look is a call to all of them, which have better things to do
        for node in self.running():
            members = node.members()
            if len(members) < len(self.running()):
                return False
            roles = [m["role"] for m in members if m["state"] in {"running", "streaming"}]
            if "leader" not in roles or "sync_standby" not in roles or len(roles) < len(members):
                return False
        return True

    def _standbys_first(self) -> list[Node]:
        leader = self.leader()
        return [*(node for node in self.nodes if node is not leader), leader]


@contextmanager
def running_cluster(size: int = 3) -> Generator[Cluster]:
    """A cluster, well; ended at the end, whatever state it is in."""
    with tempfile.TemporaryDirectory(prefix="billing-backlog-cluster-") as made:
        folder = Path(made)
        folder.chmod(0o755)
        binaries = reachable_binaries(folder)
        with _etcd(folder / "etcd") as etcd:
            nodes = [_node(folder / f"node{n}", etcd, binaries) for n in range(size)]
            cluster = Cluster(nodes)
            try:
                for node in nodes:
                    node.start()
                cluster.until_well()
                yield cluster
            finally:
                for node in cluster.running():
                    if node.process:
                        node.kill()


@contextmanager
def _etcd(folder: Path) -> Generator[int]:
    """The store that the nodes agree in; the port that it listens on."""
    port, peers = free_port(), free_port()
    own, others = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{peers}"
    options = {
        "data-dir": folder,
        "listen-client-urls": own,
        "advertise-client-urls": own,
        "listen-peer-urls": others,
        "initial-advertise-peer-urls": others,
        "initial-cluster": f"default={others}",
        "log-level": "error",
    }
    arguments = [f"--{name}={value}" for name, value in options.items()]
    with subprocess.Popen(
        [ETCD, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as etcd:
        try:
            yield port
        finally:
            etcd.kill()  # its wrapper has become the server itself


def _node(folder: Path, etcd: int, binaries: Path) -> Node:
    folder.mkdir()
    user = getpass.getuser()
    if os.geteuid() == 0:
        user = "nobody"
        shutil.chown(folder, user)
    node = Node(folder.name, folder, port=free_port(), api=free_port(), user=user)
    configured: Json = {
        "scope": SCOPE,
        "name": node.name,
        "restapi": {"listen": f"127.0.0.1:{node.api}", "connect_address": f"127.0.0.1:{node.api}"},
        "etcd3": {"host": f"127.0.0.1:{etcd}"},
        "bootstrap": {
            "dcs": _SHARED,
            "initdb": [{"encoding": "UTF8"}, "data-checksums", "no-sync"],
        },
        "postgresql": {
            "listen": f"127.0.0.1:{node.port}",
            "connect_address": f"127.0.0.1:{node.port}",
            "data_dir": str(folder / "data"),
            "bin_dir": str(binaries),
            "pgpass": str(folder / "pgpass"),
            "pg_hba": _HBA,
            "parameters": _PARAMETERS,
            "remove_data_directory_on_rewind_failure": True,
            "authentication": {
                "superuser": {"username": "postgres", "password": "none"},
                "replication": {"username": "replicator", "password": "none"},
            },
        },
    }
    (folder / "node.yaml").write_text(yaml.safe_dump(configured), encoding="utf-8")
    return node


def _as_user(user: str) -> list[str]:
    """What has a command run as that user, who may read what root has installed in its home.

    PostgreSQL refuses to run as root. The interpreter may be where nobody but root looks, and
    Patroni starts it anew: so its user may look everywhere, as root may.
    """
    if os.geteuid() != 0:
        return []
    return [
        "setpriv",
        f"--reuid={user}",
        f"--regid={pwd.getpwnam(user).pw_gid}",
        "--clear-groups",
        "--inh-caps=-all,+dac_override",
        "--ambient-caps=-all,+dac_override",
        "--",
    ]


def _processes_in(folder: Path) -> list[int]:
    """The processes that work in this folder or below, as those of PostgreSQL do in their data."""
    found: list[int] = []
    for each in Path("/proc").glob("[0-9]*"):
        try:
            if (each / "cwd").readlink().is_relative_to(folder):
                found.append(int(each.name))
        except OSError:  # gone meanwhile, or somebody else's
            continue
    return found


def _kill(process: int) -> None:
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        return
