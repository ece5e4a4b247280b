"""A run: parts of about two minutes on contracts of their own, reconciled after each."""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.soak import bodies, replaying
from tests.soak.auditor import Auditor
from tests.soak.clerks import Clerk
from tests.soak.notes import Notes
from tests.soak.reconciling import NotShown, Reconciler
from tests.soak.servers import Pair, new_database, two_servers

PART_SECONDS = 120.0
MOST_COMMANDS = 20_000
"""What one clerk does at most in one part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to run: on which kind of database, how long, and with whom."""

    kind: str
    seconds: float
    clerks: int
    seed: int
    kills: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to."""

    notes: Notes
    books: Auditor
    kills: int


def run(order: Order, say: Callable[[str], object]) -> Outcome:
    """Runs it; `say` is told how far it is. Raises TimeoutError when a server does not start."""
    with new_database(order.kind) as (database, folder):
        notes = Notes()
        books = Auditor(notes.wrong)
        kills = asyncio.run(_run(order, database, folder, notes, books, say))
        say("the servers are stopped: the views are rebuilt, the history is folded")
        for wrong in replaying.differences(database):
            notes.wrong.add(wrong)
    return Outcome(notes, books, kills)


async def _run(
    order: Order,
    database: str,
    folder: Path,
    notes: Notes,
    books: Auditor,
    say: Callable[[str], object],
) -> int:
    chance = random.Random(order.seed)
    reconciler = Reconciler(notes, books)
    end = time.monotonic() + order.seconds
    part = 0
    async with two_servers(database, folder) as pair:
        while (left := end - time.monotonic()) > 0:
            # No part is much shorter than the others.
            parts = max(1, round(left / PART_SECONDS))
            await _part(order, pair, notes, chance, part, time.monotonic() + left / parts)
            touched = range(max(0, part - 1), part + 2)
            await _reconcile(reconciler, pair, touched, notes)
            part += 1
            say(f"{books.position} events, {notes.wrong.count} discrepancies")
        await _reconcile(reconciler, pair, range(part + 1), notes, finally_=True)
        for error, times in pair.errors_logged().most_common(10):
            notes.wrong.add(f"servers logged {times} times: {error}", first=True)
    return pair.kills


async def _part(
    order: Order, pair: Pair, notes: Notes, chance: random.Random, part: int, until: float
) -> None:
    """All clerks work until the clock says so; servers are killed meanwhile, if that was asked."""
    clerks = [Clerk(pair, notes, random.Random(chance.random()), part) for _ in range(order.clerks)]
    pair.killing = order.kills
    work = [clerk.work(until, MOST_COMMANDS) for clerk in clerks]
    if order.kills:
        work.append(pair.kill_now_and_then(random.Random(chance.random()), until))
    await asyncio.gather(*work)
    pair.killing = False


async def _reconcile(
    reconciler: Reconciler, pair: Pair, parts: range, notes: Notes, *, finally_: bool = False
) -> None:
    """Everybody rests; the one server is asked for the history, the other for the views."""
    one, other = pair.servers
    try:
        await reconciler.follow(one)
        reconciler.hold_what_was_told()
        contracts = [each for part in parts for each in bodies.contracts_of(part)]
        await reconciler.hold_the_views(other, contracts)
        if finally_:
            await reconciler.hold_the_numbers(one)
    except NotShown as refused:
        notes.wrong.add(str(refused))
