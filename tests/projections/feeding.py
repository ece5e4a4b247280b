"""Feeding views with a history, and looking at all that is in them."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from typing import Any

import msgspec
from hypothesis import settings
from sqlalchemy import Engine, delete, select

from projections.history import Recorded
from projections.keeping.gathering import gather
from projections.keeping.writer import Writer
from projections.projecting.catalogue import project
from projections.projecting.changes import Change
from projections.tables import metadata

Dump = dict[str, list[tuple[Any, ...]]]


def examples(number: int) -> settings:
    """So many examples, the same in every run, however slow the machine is."""
    return settings(derandomize=True, deadline=None, max_examples=number)


def dump(views: Engine) -> Dump:
    """Every row of every table of the views, tracking included, by primary key."""
    with views.connect() as connection:
        return {
            table.name: [
                tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))
            ]
            for table in metadata.sorted_tables
        }


def empty(views: Engine) -> None:
    """Views that show nothing yet."""
    with views.begin() as connection:
        for table in metadata.sorted_tables:
            connection.execute(delete(table))


def feed(
    views: Engine, events: Sequence[Recorded], pages: Sequence[int] = (), *, times: int = 1
) -> None:
    """Projects the events into emptied views, in pages of these sizes, the rest in one.

    Each event is projected so many times in a row.
    """
    empty(views)
    writer = Writer(views)
    feed_more(writer, events, pages, times=times)


def feed_more(
    writer: Writer, events: Sequence[Recorded], pages: Sequence[int] = (), *, times: int = 1
) -> None:
    """Projects the events into the views as they stand."""
    for page in cut(events, pages):
        changes = (
            change for recorded in page for _ in range(times) for change in project(recorded)
        )
        apply(writer, changes, after=writer.position(), position=page[-1].position)


def apply(writer: Writer, changes: Iterable[Change], after: int, position: int) -> None:
    """Writes changes as one page."""
    writer.write(gather(changes), after, position)


def cut(events: Sequence[Recorded], pages: Sequence[int]) -> Iterator[Sequence[Recorded]]:
    """The events in pages of these sizes; what is left, in one more."""
    start = 0
    for index in count():
        size = pages[index] if index < len(pages) else len(events)
        page = events[start : start + size]
        if not page:
            return
        yield page
        start += size


def shown(found: Any) -> Any:
    """What queries found as callers get it: objects, lists and texts."""
    seen = msgspec.json.decode(msgspec.json.encode(found, enc_hook=dict))
    return tuple(seen) if isinstance(found, tuple) else seen
