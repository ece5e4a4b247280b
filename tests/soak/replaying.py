"""After a run: the views made anew are the live ones, and every state folds from the history."""

import hashlib
import subprocess
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from sqlalchemy import Engine, select

from projections.tables import metadata
from service.ledger.group_commit import Context
from service.ledger.ledger import Ledger
from service.ledger.stream_kinds import kind_of
from service.tenants.tenant import Tenant
from tests.soak.servers import COMMAND

PAGE = 5_000
FOLDED = ("contract/", "line/", "parking/", "invoice/", "series/")
"""Streams of which a command sees the folded state; of the others it sees one event."""
CONTEXT = Context(actor="soak", correlation_id="soak")


def differences(database: str) -> Iterator[str]:
    """What is not as it was once all is made anew from the history. Nobody serves meanwhile."""
    with closing(Tenant(database, project=False)) as tenant:
        before = digests(tenant.views)
        yield from _states(tenant.ledger)
    done = subprocess.run(
        [COMMAND, "rebuild", "--database", database], check=False, capture_output=True, text=True
    )
    if done.returncode:
        yield f"rebuild ended with {done.returncode}: {done.stderr[-500:]}"
    with closing(Tenant(database, project=False)) as tenant:
        for table, digest in digests(tenant.views).items():
            if digest != before[table]:
                yield f"{table} is another after a rebuild"


def digests(views: Engine) -> dict[str, str]:
    """A digest of every table of the views, its rows in the order of their keys."""
    found: dict[str, str] = {}
    with views.connect() as connection:
        for table in metadata.sorted_tables:
            digest = hashlib.sha256()
            rows = connection.execution_options(yield_per=PAGE).execute(
                select(table).order_by(*table.primary_key)
            )
            for row in rows:
                digest.update(repr(tuple(row)).encode())
            found[table.name] = digest.hexdigest()
    return found


def _states(ledger: Ledger) -> Iterator[str]:
    """States that don't fold, or that commands would see otherwise than they fold."""
    states: dict[str, Any] = {}
    position = 0
    while page := ledger.read(position, PAGE):
        position = page[-1].position
        for recorded in page:
            if not recorded.stream.startswith(FOLDED):
                continue
            evolve = kind_of(recorded.stream).evolve
            try:
                states[recorded.stream] = evolve(states.get(recorded.stream), recorded.event)
            except Exception as error:
                yield f"{recorded.stream} does not fold at {recorded.position}: {error!r}"
    for stream, state in states.items():
        try:
            if _loaded(ledger, stream) != state:
                yield f"{stream} is loaded otherwise than it folds"
        except Exception as error:
            yield f"{stream} can't be loaded: {error!r}"


def _loaded(ledger: Ledger, stream: str) -> Any:
    """The state of a stream as commands see it."""
    return ledger.transact(lambda unit: unit.load(kind_of(stream), stream), CONTEXT).result
