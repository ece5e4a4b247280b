"""The long form: every fault so many times, on each kind of database, and what came of it."""

import random
import statistics
from collections import defaultdict
from collections.abc import Callable, Sequence

from tests.faults.disks import NoSmallDisk
from tests.faults.notebook import Told
from tests.faults.running import Order, Outcome, run
from tests.faults.stages import database_of, database_of_cluster
from tests.faults.striking import FAULTS, FULL, ON_CLUSTER, WORKERS, Fault

HOLD, STOPPED = 10.0, 60.0
"""Seconds for which a fault is held that is held; and for which processes are stopped."""
Say = Callable[[str], object]


def try_all(rounds: int, seed: int, say: Say) -> int:
    """Tries them all, and prints tables of it; how much was wrong."""
    outcomes: dict[str, Outcome] = {}
    for kind in FAULTS:
        faults = [each for each in FAULTS[kind].items() if each[0] != FULL]
        with database_of(kind, on_small_disk=False) as database:
            order = _order(faults, rounds, seed, workers=WORKERS[kind])
            outcomes[kind] = _told(kind, run(order, database, say), say)
        try:
            with database_of(kind, on_small_disk=True) as database:
                order = _order([(FULL, FAULTS[kind][FULL])], rounds, seed)
                name = f"{kind}, small disk"
                outcomes[name] = _told(name, run(order, database, say), say)
        except NoSmallDisk as why:
            say(f"{kind}: no full disk is tried, {why}")
    with database_of_cluster() as database:
        order = _order([*ON_CLUSTER.items()], rounds, seed)
        outcomes["three nodes"] = _told("three nodes", run(order, database, say), say)
    _print(outcomes)
    return sum(len(outcome.reckoning.all_wrong()) for outcome in outcomes.values())


def _order(faults: Sequence[tuple[str, Fault]], rounds: int, seed: int, workers: int = 1) -> Order:
    """All faults so many times, each time in another order."""
    chance = random.Random(seed)
    shuffled = [chance.sample(faults, len(faults)) for _ in range(rounds)]
    return Order(
        faults=[each for some in shuffled for each in some],
        hold=HOLD,
        stopped=STOPPED,
        seed=seed,
        workers=workers,
    )


def _told(name: str, outcome: Outcome, say: Say) -> Outcome:
    say(f"{name}: {outcome.in_short()}")
    for wrong in outcome.reckoning.all_wrong():
        say(f"WRONG {wrong[:2000]}")
    return outcome


def _print(outcomes: dict[str, Outcome]) -> None:
    """Two tables, as docs/reliability.md has them."""
    print(
        "\n| on | moments | acknowledged | in doubt | denied | lost | doubled | denied, yet done |"
    )
    print("| --- | --: | --: | --: | --: | --: | --: | --: |")
    for name, outcome in outcomes.items():
        told, found = outcome.notes.count, outcome.reckoning
        figures = (
            len(outcome.recoveries),
            told(Told.ACKNOWLEDGED),
            told(Told.IN_DOUBT),
            told(Told.DENIED),
            len(found.lost),
            len(found.doubled),
            len(found.denied_yet_done),
        )
        print(f"| {name} | " + " | ".join(f"{figure:,}" for figure in figures) + " |")
    print("\n| fault | on | moments | well again after, median | at most |")
    print("| --- | --- | --: | --: | --: |")
    for name, outcome in outcomes.items():
        by_fault: defaultdict[str, list[float]] = defaultdict(list)
        for fault, seconds in outcome.recoveries:
            by_fault[fault].append(seconds)
        for fault, took in by_fault.items():
            middle = statistics.median(took)
            print(f"| {fault} | {name} | {len(took)} | {middle:.1f} s | {max(took):.1f} s |")
