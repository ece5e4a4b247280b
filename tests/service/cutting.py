"""A wire between the service and PostgreSQL that a test can cut or stop, at an exact moment."""

from __future__ import annotations

import selectors
import socket
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

Sent = Callable[[int, bytes], bool]
"""Whether what the service sends, on the connection of that number, is what is waited for."""


@dataclass
class _Link:
    """One connection through the wire."""

    service: socket.socket
    server: socket.socket
    is_silent: bool = False
    is_doomed: bool = False
    is_cut: bool = False

    def cut(self) -> None:
        self.is_cut = True
        for side in (self.service, self.server):
            with suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)


@dataclass
class Wire:
    """Forwards both ways until told otherwise. `port` is where the service connects to."""

    target: int
    port: int = 0
    hit: threading.Event = field(default_factory=threading.Event)
    """Something that was waited for has been forwarded, and is not answered."""
    delay: float = 0.0
    """Seconds that whatever is sent takes on its way, either way."""
    _links: list[_Link] = field(default_factory=list[_Link])
    _plan: tuple[Sent, str] | None = None
    _is_silent: bool = False

    def cut_after(self, sent: Sent) -> None:
        """Forwards what is waited for, and cuts its connection as soon as the server answers it."""
        self.hit.clear()
        self._plan = sent, "cut"

    def swallow_after(self, sent: Sent) -> None:
        """Forwards what is waited for, and lets nothing through on that connection after that."""
        self.hit.clear()
        self._plan = sent, "swallow"

    def cut_before(self, sent: Sent) -> None:
        """Cuts the connection instead of forwarding what is waited for."""
        self.hit.clear()
        self._plan = sent, "before"

    def silence(self) -> None:
        """Lets nothing through any more, on any connection; new ones are taken, and get nothing."""
        self._is_silent = True

    def mend(self) -> None:
        """Forwards again on new connections; those from before are cut."""
        self._plan, self._is_silent = None, False
        for link in list(self._links):
            if link.is_silent:
                link.cut()

    def service_port(self, server_port: int) -> int | None:
        """The service's own port of a connection, of which the server sees this one."""
        for link in list(self._links):
            with suppress(OSError):  # it ends just now
                if link.server.getsockname()[1] == server_port:
                    return int(link.service.getpeername()[1])
        return None

    def cut_all(self) -> None:
        """Cuts every connection."""
        for link in list(self._links):
            link.cut()

    def carry(self, service: socket.socket) -> None:
        """Carries one connection until either side ends it, or nobody is at the other end."""
        with (
            service,
            suppress(OSError),
            socket.create_connection(("127.0.0.1", self.target)) as server,
        ):
            link = _Link(service, server)
            self._links.append(link)
            try:
                self._carry(link)
            finally:
                self._links.remove(link)

    def _carry(self, link: _Link) -> None:
        with selectors.DefaultSelector() as ready:
            ready.register(link.service, selectors.EVENT_READ)
            ready.register(link.server, selectors.EVENT_READ)
            while not link.is_cut:
                for key, _ in ready.select(0.05):
                    self._forward(link, from_service=key.fileobj is link.service)

    def _forward(self, link: _Link, *, from_service: bool) -> None:
        """Forwards what has come from one side, or does what is planned instead."""
        received = (link.service if from_service else link.server).recv(65536)
        if self.delay:
            time.sleep(self.delay)
        if self._is_silent:
            link.is_silent = True
        if not received or (link.is_doomed and not from_service):
            link.cut()
        elif link.is_silent:
            return
        elif not from_service:
            link.service.sendall(received)
        else:
            how = self._applies(link, received)
            if how != "before":
                link.server.sendall(received)
            link.is_doomed = link.is_doomed or how == "cut"
            link.is_silent = how == "swallow"
            if how:
                self.hit.set()
            if how == "before":
                link.cut()

    def _applies(self, link: _Link, received: bytes) -> str | None:
        """What to do at this, once."""
        plan = self._plan
        if plan is None or not plan[0](id(link), received):
            return None
        self._plan = None
        return plan[1]


@contextmanager
def wire_to(target: int) -> Generator[Wire]:
    """A wire to that port of this machine, for as long as it is needed."""
    wire = Wire(target)
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listening:
        wire.port = listening.getsockname()[1]
        is_over = threading.Event()

        def accept() -> None:
            with suppress(OSError):
                while not is_over.is_set():
                    service, _ = listening.accept()
                    threading.Thread(target=wire.carry, args=(service,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield wire
        finally:
            is_over.set()
            wire.cut_all()
            listening.shutdown(socket.SHUT_RDWR)
