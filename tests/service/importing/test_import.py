"""Import: a file of events is taken in once, however often and in however many pieces."""

from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from service.demo.sample import generate, to_ndjson
from service.importing.importing import AHEAD, BATCH, Imported, import_events
from service.tenants.tenant import Tenant
from tests.office import Json, approval_event, contract_event, line_event
from tests.service.office import (
    CONTEXT,
    NOW,
    assert_sound,
    history,
    levels,
    rows,
    views_of,
    write_ndjson,
)

Opened = Callable[[str], Tenant]


@pytest.fixture
def opened(tmp_path: Path) -> Generator[Opened]:
    """Opens tenants of their own, by name."""
    tenants: list[Tenant] = []

    def open_one(name: str) -> Tenant:
        tenants.append(Tenant(f"sqlite:///{tmp_path}/{name}.db", clock=lambda: NOW))
        return tenants[-1]

    yield open_one
    for tenant in tenants:
        tenant.close()


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """A sample of more events than one batch."""
    return a_sample(tmp_path, BATCH + 200)


def a_sample(folder: Path, approvals: int) -> Path:
    path = folder / "sample.ndjson"
    path.write_text("".join(f"{line}\n" for line in to_ndjson(generate(3, approvals, 5))))
    return path


def take_in(tenant: Tenant, path: Path) -> Imported:
    return import_events(tenant, path, CONTEXT)


def deal(*more: Json | str) -> list[Json | str]:
    return [contract_event(limit="15.00"), line_event(), *more]


def test_a_second_import_finds_duplicates_alone_and_changes_nothing(
    tenant: Tenant, sample: Path
) -> None:
    first = take_in(tenant, sample)
    before, views = tenant.ledger.position(), views_of(tenant)
    second = take_in(tenant, sample)
    assert set(first.outcomes) == {"recorded", "not_billable"}
    assert second.outcomes == {"duplicate": first.outcomes.total()}
    assert tenant.ledger.position() == before
    assert views_of(tenant) == views


def test_an_import_stopped_half_way_and_repeated_ends_as_one_in_one_go(
    opened: Opened, tmp_path: Path
) -> None:
    sample = a_sample(tmp_path, (2 + AHEAD) * BATCH)

    class Stopped(Exception):
        pass

    def stop(_: int, __: int) -> None:
        raise Stopped

    at_once, in_pieces = opened("at-once"), opened("in-pieces")
    take_in(at_once, sample)
    with pytest.raises(Stopped):
        import_events(in_pieces, sample, CONTEXT, stop)
    half = in_pieces.ledger.position()
    assert 0 < half < at_once.ledger.position()
    again = take_in(in_pieces, sample)
    assert again.outcomes["duplicate"] == (1 + AHEAD) * BATCH
    assert [r.event for r in history(in_pieces.ledger)] == [
        r.event for r in history(at_once.ledger)
    ]
    assert views_of(in_pieces) == views_of(at_once)


def test_a_file_cut_at_any_line_and_repeated_whole_gives_the_same_backlog_d31(
    opened: Opened, tmp_path: Path
) -> None:
    events = deal(*(approval_event(f"A{n}", "4.00") for n in range(5)))
    whole = write_ndjson(tmp_path / "whole.ndjson", events)
    expected = opened("expected")
    take_in(expected, whole)
    for lines in (1, 2, 4):
        tenant = opened(f"cut-{lines}")
        take_in(tenant, write_ndjson(tmp_path / "cut.ndjson", events[:lines]))
        take_in(tenant, whole)
        assert backlog(tenant) == backlog(expected)
        assert levels(tenant) == levels(expected)


def backlog(tenant: Tenant) -> list[Json]:
    """The backlog whatever its positions in the history: they depend on the batches."""
    return [{**row, "position": 0, "sequence": 0} for row in rows(tenant, "time_and_material")]


def test_bad_lines_are_named_and_the_others_recorded(tenant: Tenant, tmp_path: Path) -> None:
    good = [approval_event("A1"), approval_event("A2")]
    no_decimal = approval_event("A3")
    no_decimal["data"]["quantity"] = 1
    bad = ["{not json", no_decimal, '{"a": NaN}', "[1, 2]", '"text"', '{"id": "\\ud800"}']
    imported = take_in(
        tenant,
        write_ndjson(tmp_path / "mixed.ndjson", deal("", good[0], *bad, "   ", good[1])),
    )
    assert imported.outcomes == {"recorded": 4, "refused": 6}
    assert [line for line, _ in imported.refused] == list(range(5, 11))
    assert "data.quantity" in imported.refused[1][1]
    assert {row["approval_id"] for row in rows(tenant, "time_and_material")} == {"A1", "A2"}


def test_the_reason_of_a_refused_line_ends_with_its_rule(tenant: Tenant, tmp_path: Path) -> None:
    events = deal(approval_event("A1", currency="USD"))
    imported = take_in(tenant, write_ndjson(tmp_path / "dollars.ndjson", events))
    (why,) = [why for _, why in imported.refused]
    assert why == "data.currency: must be EUR, the currency of the contract (D-1)"


def test_bytes_that_are_no_text_are_one_bad_line(tenant: Tenant, tmp_path: Path) -> None:
    path = write_ndjson(tmp_path / "events.ndjson", deal(approval_event("A1")))
    path.write_bytes(b"\xff\xfe\x00binary\n" + path.read_bytes())
    imported = take_in(tenant, path)
    assert imported.outcomes == {"recorded": 3, "refused": 1}
    assert imported.refused[0][0] == 1


def test_a_last_line_without_a_line_end_counts(tenant: Tenant, tmp_path: Path) -> None:
    path = write_ndjson(tmp_path / "events.ndjson", deal(approval_event("A1")))
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    assert take_in(tenant, path).outcomes == {"recorded": 3}


def test_an_empty_file_is_no_mistake(tenant: Tenant, tmp_path: Path) -> None:
    assert take_in(tenant, write_ndjson(tmp_path / "empty.ndjson", [])).outcomes == {}
    assert tenant.ledger.position() == 0


def test_a_file_that_is_not_there_is_told(tenant: Tenant, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        take_in(tenant, tmp_path / "nothing.ndjson")


def test_only_the_first_hundred_refusals_are_kept_and_all_are_counted(
    tenant: Tenant, tmp_path: Path
) -> None:
    imported = take_in(tenant, write_ndjson(tmp_path / "bad.ndjson", ["x"] * 130))
    assert imported.outcomes == {"refused": 130}
    assert len(imported.refused) == 100
    assert tenant.ledger.position() == 0


def test_approvals_ahead_of_their_contract_wait_and_go_on_when_it_comes(
    tenant: Tenant, tmp_path: Path
) -> None:
    approvals = [approval_event(f"A{n}", "5.00") for n in range(4)]
    contract, line = contract_event(limit="15.00"), line_event()
    path = write_ndjson(tmp_path / "reversed.ndjson", [*approvals, line, contract])
    imported = take_in(tenant, path)
    assert imported.outcomes == {"parked": 5, "recorded": 1}
    assert rows(tenant, "parked_events") == []
    verdicts = {row["approval_id"]: row["nte_status"] for row in rows(tenant, "time_and_material")}
    assert verdicts == {"A0": "committed", "A1": "committed", "A2": "committed", "A3": "failed"}
    position = tenant.ledger.position()
    assert take_in(tenant, path).outcomes == {"duplicate": 6}
    assert tenant.ledger.position() == position
    assert_sound(tenant.ledger)


def test_an_approval_that_waited_goes_before_those_behind_the_definition_in_the_same_batch(
    tenant: Tenant, tmp_path: Path
) -> None:
    first, second = approval_event("A1", "10.00"), approval_event("A2", "10.00")
    path = write_ndjson(tmp_path / "events.ndjson", [first, *deal(second)])
    assert take_in(tenant, path).outcomes == {"parked": 1, "recorded": 3}
    verdicts = {row["approval_id"]: row["nte_status"] for row in rows(tenant, "time_and_material")}
    assert verdicts == {"A1": "committed", "A2": "failed"}


def test_progress_tells_events_and_bytes_of_every_batch(tenant: Tenant, sample: Path) -> None:
    told: list[tuple[int, int]] = []
    import_events(tenant, sample, CONTEXT, lambda events, size: told.append((events, size)))
    lines = sample.read_bytes().splitlines(keepends=True)
    assert [events for events, _ in told] == [BATCH, len(lines) - BATCH]
    assert [size for _, size in told] == [
        sum(map(len, lines[:BATCH])),
        sum(map(len, lines[BATCH:])),
    ]


def test_views_made_anew_equal_those_made_along_the_way(
    opened: Opened, sample: Path, tmp_path: Path
) -> None:
    tenant = opened("live")
    take_in(tenant, sample)
    live = views_of(tenant)
    tenant.rebuild()
    assert views_of(tenant) == live
    assert (tmp_path / "live.views.db").is_file()
