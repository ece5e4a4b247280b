"""How a tenant stands: can its history be read, are its views of today, do they follow."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from projections.databases.connections import as_of_now
from projections.databases.migrating import MigrationFailed, is_current
from projections.history import Unavailable
from service.doctor.findings import Finding, Status
from service.doctor.keys import of_keys
from service.ledger.ledger import Ledger
from service.ledger.stored_form import UnreadableEvent

LAG_SECONDS = 10.0
"""For how long an event may be recorded before the views should show it."""
AHEAD_SECONDS = 1.0
"""How far ahead of the clock an event may have been recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """A tenant's history and views, opened for looking; no views where none were made yet."""

    ledger: Ledger
    views: Engine | None


def of_tenant(name: str, opened: Looked) -> Iterator[Finding]:
    """What was found of a tenant whose history can be opened."""
    try:
        yield _history(name, opened.ledger)
        views = _views(name, opened.views)
        yield views
        if opened.views is not None and views.status is Status.OK:
            yield _lag(name, opened.ledger, opened.views)
        yield _newest(name, opened.ledger)
        yield of_keys(name, opened.ledger)
    except (Unavailable, UnreadableEvent, SQLAlchemyError) as error:
        yield Finding(
            check="database",
            tenant=name,
            status=Status.FAIL,
            found=f"it stopped answering: {str(error).partition(chr(10))[0]}",
            do="look at the database, then ask again",
        )


def _history(name: str, ledger: Ledger) -> Finding:
    finding = partial(Finding, check="history", tenant=name)
    if unknown := ledger.unknown_types():
        event, position = unknown[0]
        return finding(
            status=Status.FAIL,
            found=f"a newer version recorded events of the type {event}, first at {position}",
            do="install the version that recorded them",
        )
    found = f"{ledger.position()} events, of types that this version knows"
    return finding(status=Status.OK, found=found)


def _views(name: str, views: Engine | None) -> Finding:
    finding = partial(Finding, check="migrations", tenant=name)
    if views is None:
        return finding(
            status=Status.WARN,
            found="there are no views yet",
            do="start `serve`, which makes them",
        )
    try:
        if is_current(views):
            return finding(status=Status.OK, found="the views have today's shape")
    except MigrationFailed as error:
        why = str(error).partition("\n")[0]
        return finding(
            status=Status.FAIL, found=why, do="make them anew: `billing-backlog rebuild`"
        )
    return finding(
        status=Status.WARN,
        found="the views are of an older version",
        do="start `serve`, which migrates them; large ones take minutes",
    )


def _lag(name: str, ledger: Ledger, views: Engine) -> Finding:
    finding = partial(Finding, check="lag", tenant=name)
    with as_of_now(views) as (_, shown):
        pass
    recorded = ledger.position()
    if shown > recorded:
        return finding(
            status=Status.FAIL,
            found=f"the views show position {shown}, but the history ends at {recorded}",
            do="put the history back that they were made of, or `billing-backlog rebuild`",
        )
    waiting = ledger.unread(shown, 1)
    seconds = _age(waiting[0].metadata().recorded_at) if waiting else 0.0
    found = f"the views show {shown} of {recorded} events"
    if seconds <= LAG_SECONDS:
        return finding(status=Status.OK, found=found)
    return finding(
        status=Status.WARN,
        found=f"{found}, the next has waited for {seconds:.0f} s",
        do="see that `serve` or `project` runs, and what /health/ready of it says",
    )


def _newest(name: str, ledger: Ledger) -> Finding:
    """Whether the newest event is of the past: a clock that was put back makes it look newer."""
    finding = partial(Finding, check="clock", tenant=name)
    newest = ledger.unread_at([ledger.position()])
    ahead = -_age(newest[0].metadata().recorded_at) if newest else 0.0
    if ahead <= AHEAD_SECONDS:
        found = "no event is recorded ahead of it"
        return finding(status=Status.OK, found=found)
    return finding(
        status=Status.WARN,
        found=f"the newest event was recorded {ahead:.0f} s ahead of this machine's clock",
        do="have all machines keep their clocks by NTP",
    )


def _age(moment: datetime) -> float:
    return (datetime.now(UTC) - moment).total_seconds()
