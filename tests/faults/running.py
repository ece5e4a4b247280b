"""A run: callers at work, faults at random moments, and a reckoning when all is well again."""

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import httpx

from tests.faults.callers import Caller, NeverDone
from tests.faults.notebook import Notebook, Told
from tests.faults.reckoning import Reckoning, reckon
from tests.faults.stages import Database, Stage, Struck, stage_on
from tests.faults.striking import Fault
from tests.soak import replaying
from tests.soak.reconciling import NotShown
from tests.soak.servers import Served, errors_logged

CALLERS = 5
PAUSES = (0.1, 1.5)
"""Seconds between a recovery and the next fault, at random."""
RECOVERY_SECONDS = 180.0
"""Within which the service has to be well after a fault: on a machine that is busy, too, where
importing what a server needs may take a minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Which faults, in this order.

    `hold` is for how many seconds those are held that are held, `stopped` for how many processes
    are stopped.
    """

    faults: Sequence[tuple[str, Fault]]
    hold: float
    stopped: float
    seed: int
    workers: int = 1
    recovery: float = RECOVERY_SECONDS


@dataclass(slots=True)
class Outcome:
    """What a run came to. `recoveries` are the seconds that each fault took to be over."""

    notes: Notebook
    reckoning: Reckoning = field(default_factory=Reckoning)
    recoveries: list[tuple[str, float]] = field(default_factory=list[tuple[str, float]])

    def in_short(self) -> str:
        """The figures that are shown of it."""
        told, found = self.notes.count, self.reckoning
        seconds = sorted(took for _, took in self.recoveries)
        return (
            f"{len(seconds)} moments, {told(Told.ACKNOWLEDGED)} answers acknowledged, "
            f"{told(Told.IN_DOUBT)} in doubt, {told(Told.DENIED)} denied; lost {len(found.lost)}, "
            f"doubled {len(found.doubled)}, denied yet done {len(found.denied_yet_done)}; "
            f"well again after {seconds[len(seconds) // 2]:.1f} s, at most {seconds[-1]:.1f} s"
        )


def run(order: Order, database: Database, say: Callable[[str], object]) -> Outcome:
    """Runs it, and makes the views anew in the end. Raises NotWell, NeverDone."""
    chance = random.Random(order.seed)

    async def on_stage() -> Outcome:
        async with stage_on(database, chance, workers=order.workers) as stage:
            return await try_faults(order, stage, say)

    outcome = asyncio.run(on_stage())
    outcome.reckoning.wrong += replaying.differences(database.url)
    return outcome


async def try_faults(order: Order, stage: Stage, say: Callable[[str], object]) -> Outcome:
    """Tries the faults one after the other, and reckons. Raises NotWell, NeverDone."""
    outcome, stopping = Outcome(Notebook()), asyncio.Event()
    callers = [
        Caller(
            f"c{number}",
            stage.servers,
            outcome.notes,
            random.Random(stage.chance.random()),
            stopping,
            large=number == 0,
        )
        for number in range(CALLERS)
    ]
    await callers[0].open()
    work = [asyncio.create_task(caller.work()) for caller in callers]
    try:
        for name, fault in order.faults:
            struck = Struck(
                stage=stage, notes=outcome.notes, hold=order.hold, stopped=order.stopped
            )
            await struck.until_told(Told.ACKNOWLEDGED)
            await asyncio.sleep(stage.chance.uniform(*PAUSES))  # the moment is a random one
            since = await fault(struck)
            took = await _well_again(stage, outcome.notes, since, order.recovery) - since
            outcome.recoveries.append((name, took))
            say(f"{name}: well again after {took:.1f} s")
        stopping.set()
        await asyncio.gather(*work)
    finally:
        for each in work:
            each.cancel()
        with suppress(asyncio.CancelledError, NeverDone):
            await asyncio.gather(*work)
    try:
        outcome.reckoning = await reckon(outcome.notes, stage.servers[1])
    except NotShown as refused:
        outcome.reckoning.wrong.append(str(refused))
    errors = errors_logged(stage.servers).most_common(10)
    outcome.reckoning.wrong += [f"logged {times} times: {error}" for error, times in errors]
    return outcome


class NotWell(Exception):
    """The service did not get well in time."""


async def _well_again(stage: Stage, notes: Notebook, since: float, seconds: float) -> float:
    """When all was well: a write was acknowledged that was asked for since, and every server ready,
    its views as far as was acknowledged before. Raises NotWell.
    """
    reached = notes.position
    clock = asyncio.get_running_loop().time
    until = since + seconds
    ready = dict.fromkeys(range(len(stage.servers)), "not asked yet")
    while ready and clock() < until:
        for number in [*ready]:
            ready[number] = await _in_the_way(stage.servers[number], reached)
            if not ready[number]:
                del ready[number]
        await asyncio.sleep(0.02)
    all_ready = clock()
    with suppress(TimeoutError):
        async with asyncio.timeout_at(until):
            while notes.first_acknowledged(since) is None:
                await notes.next_answer()
    written = notes.first_acknowledged(since)
    if ready or written is None:
        raise NotWell(f"after {seconds:.0f} s: {ready}, written: {written}")
    return max(all_ready, written)


async def _in_the_way(server: Served, reached: int) -> str:
    """What a server lacks to be well, nothing if it is."""
    try:
        answer = await server.client.get("/health/ready", timeout=5.0)
    except httpx.TransportError as error:
        return repr(error)
    if answer.status_code != 200:
        return answer.text
    shown: int = answer.json()["position"]
    return "" if shown >= reached else f"the views are at position {shown}, before {reached}"
