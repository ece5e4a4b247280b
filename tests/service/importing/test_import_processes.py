"""An import by several processes: what it comes to is what one process makes of the same file."""

import json
import os
import signal
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from service.demo.sample import generate, to_ndjson
from service.importing.entries import Share
from service.importing.importing import import_events
from service.importing.json_lines import JsonLines
from service.importing.processes import (
    SMALL_FILE,
    ImportFailed,
    Order,
    import_by_processes,
    processes_for,
)
from service.tenants.names import DEFAULT
from service.tenants.tenant import Tenant
from tests.databases import NewDatabase
from tests.office import Json, approval_event, contract_event, line_event
from tests.service.command_line import started
from tests.service.office import CONTEXT, assert_sound, levels, rows, write_ndjson
from tests.service.processes import until

PROCESSES = 3
NEEDS_PROC = pytest.mark.skipif(
    not Path("/proc/self/stat").is_file(), reason="finds its processes in /proc, as on Linux"
)


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """Contracts and approvals in a random order, so that some come before what they are on."""
    return sample_of(1_200, tmp_path)


def sample_of(approvals: int, folder: Path) -> Path:
    """A file of so many approvals over nine contracts."""
    lines = list(to_ndjson(generate(9, approvals, 3)))
    Random(1).shuffle(lines)
    path = folder / "sample.ndjson"
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


@pytest.fixture
def file(tmp_path: Path) -> str:
    """An SQLite database, for what is the same whichever database it is."""
    return f"sqlite:///{tmp_path}/backlog.db"


def order(database: str, path: Path) -> Order:
    return Order(database=database, tenant=DEFAULT, file=JsonLines(str(path)), context=CONTEXT)


@contextmanager
def opened(database: str) -> Generator[Tenant]:
    """A tenant whose views show everything."""
    tenant = Tenant(database)
    try:
        tenant.projector.wake(tenant.ledger.position())
        tenant.wait_for(tenant.ledger.position(), 60)
        yield tenant
    finally:
        tenant.close()


def backlog(tenant: Tenant) -> list[Json]:
    """The backlog by item, whatever its positions in the history."""
    found = [{**row, "position": 0, "sequence": 0} for row in rows(tenant, "time_and_material")]
    return sorted(found, key=lambda row: row["item_id"])


def children(parent: int | None = None) -> set[int]:
    """The processes that one (this one) has started and not waited for.

    But for the one that looks after what `multiprocessing` leaves, and ends with its parent. Each
    process is asked for its parent: what the parent tells of its children leaves some out while
    another of them ends.
    """
    mine = b"%d" % (parent or os.getpid())
    every = {int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()}
    own = {pid for pid in every if parent_of(pid) == mine}
    return {pid for pid in own if b"resource_tracker" not in content(Path(f"/proc/{pid}/cmdline"))}


def parent_of(pid: int) -> bytes:
    """The number of a process's parent, which comes after the name in brackets and the state."""
    said = content(Path(f"/proc/{pid}/stat")).rpartition(b")")[2].split()
    return said[1] if said else b""


def content(path: Path) -> bytes:
    """What a file of `/proc` holds; nothing when its process or thread has just ended."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_processes_make_the_same_of_a_file_as_one_does_and_find_it_all_known_again(
    new_database: NewDatabase, sample: Path
) -> None:
    one, several = new_database(), new_database()
    with opened(one) as tenant:
        expected = import_events(tenant, sample, CONTEXT)
    imported = import_by_processes(order(several, sample), PROCESSES)
    assert imported.outcomes["parked"] > 0
    assert imported.outcomes == expected.outcomes
    with opened(one) as by_one, opened(several) as by_several:
        assert backlog(by_several) == backlog(by_one)
        for contract_id in {row["contract_id"] for row in backlog(by_one)}:
            assert levels(by_several, contract_id) == levels(by_one, contract_id)
        assert_sound(by_several.ledger)
        before = by_several.ledger.position()
        again = import_by_processes(order(several, sample), 2)
        assert again.outcomes == {"duplicate": imported.outcomes.total()}
        assert by_several.ledger.position() == before


def test_every_line_is_in_one_share_and_a_contracts_lines_in_the_same(sample: Path) -> None:
    shares = [Share(number=number, of=PROCESSES) for number in range(PROCESSES)]
    where: dict[str, set[int]] = {}
    lines: list[int] = []
    for share in shares:
        for entry in JsonLines(str(sample)).entries(share):
            lines.append(entry.number)
            where.setdefault(json.loads(entry.text)["data"]["contract_id"], set()).add(share.number)
    assert sorted(lines) == list(range(1, len(sample.read_bytes().splitlines()) + 1))
    assert all(len(numbers) == 1 for numbers in where.values())
    assert {number for numbers in where.values() for number in numbers} == set(range(PROCESSES))


def test_bad_lines_are_refused_once_and_named_in_the_order_of_the_file(
    file: str, tmp_path: Path
) -> None:
    bad = ["{not json", '{"a": NaN}', "[1]", '{"data": {"contract_id": 7}}', '"\\ud800"']
    wrong = [approval_event(f"A{n}", contract_id=f"C{n}") for n in range(6)]
    for event in wrong:
        event["data"]["quantity"] = "many"
    lines: list[Json | str] = [
        each for pair in zip(wrong, [*bad, ""], strict=True) for each in pair
    ]
    imported = import_by_processes(
        order(file, write_ndjson(tmp_path / "bad.ndjson", lines)), PROCESSES
    )
    assert imported.outcomes == {"refused": 11}
    assert [line for line, _ in imported.refused] == list(range(1, 12))


def test_one_id_on_two_contracts_is_taken_in_once(database: str, tmp_path: Path) -> None:
    """The others are refused, whichever process was faster: their content is another (D-20)."""
    names = [f"C{n}" for n in range(8)]
    deals = [event for name in names for event in (contract_event(name), line_event(name))]
    same = [{**approval_event("A1", contract_id=name), "id": "the-same"} for name in names]
    path = write_ndjson(tmp_path / "same.ndjson", [*deals, *same])
    imported = import_by_processes(order(database, path), PROCESSES)
    assert imported.outcomes == {"recorded": 17, "refused": 7}


def test_progress_tells_of_all_events_and_bytes(file: str, sample: Path) -> None:
    told: list[tuple[int, int]] = []
    import_by_processes(order(file, sample), 2, lambda events, size: told.append((events, size)))
    lines = sample.read_bytes().splitlines(keepends=True)
    assert sum(events for events, _ in told) == len(lines)
    assert sum(size for _, size in told) == sample.stat().st_size


@NEEDS_PROC
def test_a_process_that_is_killed_fails_the_import_which_can_be_repeated(
    new_database: NewDatabase, tmp_path: Path
) -> None:
    """Each of them has several batches to take in, so none is done when the first is heard of."""
    sample = sample_of(5_000, tmp_path)
    whole, killed = new_database(), new_database()
    import_by_processes(order(whole, sample), 2)
    before = children()

    def kill_one(events: int, size: int) -> None:
        for pid in sorted(children() - before)[:1]:
            os.kill(pid, signal.SIGKILL)

    with pytest.raises(ImportFailed, match="ended before its work was done"):
        import_by_processes(order(killed, sample), 2, kill_one)
    assert children() <= before
    import_by_processes(order(killed, sample), 2)
    with opened(whole) as expected, opened(killed) as tenant:
        assert backlog(tenant) == backlog(expected)
        assert_sound(tenant.ledger)


@NEEDS_PROC
def test_an_import_that_is_stopped_leaves_no_process_behind(file: str, sample: Path) -> None:
    before = children()

    class Stopped(Exception):
        pass

    def stop(events: int, size: int) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        import_by_processes(order(file, sample), 2, stop)
    assert children() <= before


@NEEDS_PROC
def test_an_import_that_is_killed_leaves_no_process_behind_and_can_be_repeated(
    new_database: NewDatabase, tmp_path: Path
) -> None:
    sample = sample_of(5_000, tmp_path)
    whole, killed = new_database(), new_database()
    import_by_processes(order(whole, sample), 2)
    with started("import", sample, "--database", killed, "--processes", "2") as running:
        until(lambda: len(children(running.pid)) == 2)
        workers = children(running.pid)
        with opened(killed) as tenant:
            until(tenant.ledger.position)
            running.kill()
            until(lambda: not any(content(Path(f"/proc/{pid}/cmdline")) for pid in workers))
            reached = tenant.ledger.position()
    import_by_processes(order(killed, sample), 2)
    with opened(whole) as expected, opened(killed) as tenant:
        assert reached < expected.ledger.position()
        assert backlog(tenant) == backlog(expected)
        assert_sound(tenant.ledger)


@pytest.mark.parametrize(
    ("database", "tenant", "path", "why"),
    [
        ("sqlite:////no/such/folder/x.db", DEFAULT, "sample.ndjson", "'/no/such/folder'"),
        ("sqlite:///{folder}/x.db", "other", "sample.ndjson", "'other'"),
        ("sqlite:///{folder}/x.db", DEFAULT, "nothing.ndjson", "nothing.ndjson"),
    ],
)
def test_why_it_can_not_be_done_is_told(
    database: str, tenant: str, path: str, why: str, sample: Path
) -> None:
    folder = sample.parent
    with pytest.raises(ImportFailed, match=why):
        import_by_processes(
            Order(
                database=database.format(folder=folder),
                tenant=tenant,
                file=JsonLines(str(folder / path)),
                context=CONTEXT,
            ),
            2,
        )


def test_a_small_file_is_for_one_process_and_a_large_one_for_every_core(tmp_path: Path) -> None:
    small, large = tmp_path / "small", tmp_path / "large"
    small.write_bytes(b"\n" * (SMALL_FILE - 1))
    large.write_bytes(b"\n" * SMALL_FILE)
    assert processes_for(small) == 1
    assert processes_for(large) == min(os.cpu_count() or 1, 4)
