"""Faults at random moments under load: nothing acknowledged is lost, nothing is done twice, and the
service gets well by itself. The long form, with figures, is `just soak --faults`.
"""

import random

import pytest

from tests.databases import KINDS
from tests.faults.disks import NoSmallDisk
from tests.faults.running import Order, Outcome, run
from tests.faults.stages import database_of
from tests.faults.striking import FAULTS, FULL, WORKERS

SEED = 20261128
HOLD = 1.0
"""Seconds for which a fault is held that is held."""


@pytest.mark.parametrize("kind", KINDS)
def test_faults_at_random_moments_lose_nothing_repeat_nothing_and_pass_by_themselves(
    kind: str,
) -> None:
    faults = [each for each in FAULTS[kind].items() if each[0] != FULL]
    random.Random(SEED).shuffle(faults)
    with database_of(kind, on_small_disk=False) as database:
        order = Order(faults=faults, hold=HOLD, stopped=HOLD, seed=SEED, workers=WORKERS[kind])
        assert_well(run(order, database, say=print), moments=len(faults))


@pytest.mark.parametrize("kind", KINDS)
def test_a_full_disk_loses_nothing_and_all_goes_on_once_there_is_room(kind: str) -> None:
    try:
        with database_of(kind, on_small_disk=True) as database:
            full = (FULL, FAULTS[kind][FULL])
            order = Order(faults=[full], hold=HOLD, stopped=HOLD, seed=SEED)
            assert_well(run(order, database, say=print), moments=1)
    except NoSmallDisk as why:
        pytest.skip(str(why))


def assert_well(outcome: Outcome, *, moments: int) -> None:
    """All faults were tried, and nothing came of them that should not."""
    print(outcome.in_short())
    assert outcome.reckoning.all_wrong() == []
    assert len(outcome.recoveries) == moments
