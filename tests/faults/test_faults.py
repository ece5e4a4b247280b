"""Faults at random moments under load: nothing acknowledged is lost, nothing is done twice, and the
service gets well by itself. The long form, with figures, is `just soak --faults`.
"""

import random

import pytest

from tests.databases import KINDS
from tests.faults.disks import NoSmallDisk
from tests.faults.running import Order, run
from tests.faults.stages import database_of
from tests.faults.striking import FAULTS, FULL, WORKERS

SEED = 20261128
HOLD = 1.0
"""Seconds for which a fault is held that is held."""


@pytest.mark.parametrize("kind", KINDS)
def test_faults_at_random_moments_lose_nothing_repeat_nothing_and_pass_by_themselves(
    kind: str,
) -> None:
    try:
        try_all(kind, on_small_disk=True)
    except NoSmallDisk as why:
        try_all(kind, on_small_disk=False)
        pytest.skip(f"all was tried but a full disk: {why}")


def try_all(kind: str, *, on_small_disk: bool) -> None:
    """Tries every fault once; one of them is a full disk, where a small one can be had."""
    faults = [each for each in FAULTS[kind].items() if on_small_disk or each[0] != FULL]
    random.Random(SEED).shuffle(faults)
    with database_of(kind, on_small_disk=on_small_disk) as database:
        order = Order(faults=faults, hold=HOLD, stopped=HOLD, seed=SEED, workers=WORKERS[kind])
        outcome = run(order, database, say=print)
    print(outcome.in_short())
    assert outcome.reckoning.all_wrong() == []
    assert len(outcome.recoveries) == len(faults)
