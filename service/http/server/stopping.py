"""A server that stops in order: it says so first, then takes nothing more, and ends what runs."""

import asyncio
import socket
from types import FrameType

import uvicorn


class OrderlyServer(uvicorn.Server):
    """Uvicorn's server, which tells calls that it stops.

    Asked to stop, it serves for `drain_seconds` more while `request.state.draining` is set, so that
    whoever shares out calls (a proxy, Kubernetes) sends no more. Then it takes none, sets
    `request.state.stopping`, and waits for those at work. A second signal ends the first wait.
    """

    def __init__(self, config: uvicorn.Config, drain_seconds: float) -> None:
        super().__init__(config)
        self._drain_seconds = drain_seconds
        self._draining, self._stopping = asyncio.Event(), asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts to listen."""
        self._loop = asyncio.get_running_loop()
        self.lifespan.state.update(draining=self._draining, stopping=self._stopping)
        await super().startup(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """What a signal comes to: the first one a pause, if there is to be one, then the stop."""
        if self._drain_seconds and self._loop and not self._draining.is_set():
            self._loop.call_soon_threadsafe(self._drain, self._loop, sig)
        else:
            super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Waits for calls at work, of which those without an end are to end now."""
        self._draining.set()
        self._stopping.set()
        await super().shutdown(sockets)

    def _drain(self, loop: asyncio.AbstractEventLoop, sig: int) -> None:
        self._draining.set()
        loop.call_later(self._drain_seconds, super().handle_exit, sig, None)
